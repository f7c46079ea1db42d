package residence

import (
	"log/slog"
	"math"
	"slices"
	"time"

	"tizilim/domain"
)

// TakenIntoStock says that a body keeps the dwelling as service housing: its accounts
// alone let it.
type TakenIntoStock struct {
	DwellingID domain.DwellingID `json:"dwelling_id"`
	BodyID     domain.BodyID     `json:"body_id"`
	// of a dwelling that is not the state's: who speaks for its owners, and by which
	// document they gave it
	Owners  []domain.PersonID `json:"owners,omitempty"`
	Basis   domain.Basis      `json:"basis,omitzero"`
	TakenAt time.Time         `json:"taken_at"`
}

func (TakenIntoStock) EventType() string { return "DwellingTakenIntoStock" }

func (e TakenIntoStock) EffectiveAt() time.Time   { return e.TakenAt }
func (e TakenIntoStock) Concerns() domain.Concern { return atDwelling(e.DwellingID, e.Owners...) }
func (e TakenIntoStock) LogValue() slog.Value     { return domain.Masked(e) }

// TakeIntoStock is the command by which a body takes a dwelling into its service housing.
type TakeIntoStock struct {
	Heirs domain.Heirs
	Basis domain.Basis // by which its owners gave it, such as a contract; required where it is not the state's
}

// TakeIntoStock decides [TakeIntoStock]. A body keeps also what it has let once. What
// belongs to others than the state it takes by their document only, and they are told.
func (d *Dwelling) TakeIntoStock(cmd domain.Command, c TakeIntoStock) ([]domain.Event, error) {
	if err := d.CheckStands(""); err != nil {
		return nil, err
	}
	switch {
	case !d.Known():
		return nil, UnknownDwelling()
	case !d.KeptBy(cmd.BodyID, c.Heirs):
		return nil, keptByAnother()
	case !d.Keeper.IsZero() && d.givenTo(cmd.BodyID, math.MaxUint64, c.Heirs):
		return nil, domain.Refuse(domain.Conflict, domain.CodeNothingChanges, "your body keeps this dwelling already")
	}
	others := d.othersThanState()
	if err := c.Basis.Demand(len(others) > 0, cmd.Role, cmd.Today(), "basis"); err != nil {
		return nil, err
	}
	return []domain.Event{TakenIntoStock{
		DwellingID: d.ID, BodyID: cmd.BodyID, Owners: speakers(others), Basis: c.Basis, TakenAt: cmd.Now,
	}}, nil
}

// othersThanState are the owners that are persons, companies and estates.
func (d *Dwelling) othersThanState() []Owner {
	return slices.DeleteFunc(slices.Clone(d.Owners), func(o Owner) bool { return o.Kind == State })
}

// speakers are the persons who speak for the owners, each once.
func speakers(owners []Owner) []domain.PersonID {
	var persons []domain.PersonID
	for _, o := range owners {
		if p := o.Speaker(); !p.IsZero() && !slices.Contains(persons, p) {
			persons = append(persons, p)
		}
	}
	return persons
}

// givenTo reports whether the body may let the dwelling by a decision at that position of
// the log: the state owns it, or nobody is recorded, or its owners had given it to the body
// by then.
func (d *Dwelling) givenTo(id domain.BodyID, by domain.Position, heirs domain.Heirs) bool {
	return len(d.othersThanState()) == 0 || heirs.Of(d.Keeper) == id && d.given != 0 && d.given <= by
}

func ownedByOthers() *domain.Error {
	return domain.Refuse(domain.Conflict, domain.CodeDwellingNotGiven,
		"this dwelling is not the state's: take it into your stock first, by the document with which its owners gave it").
		At("dwelling_id")
}

// KeptBy reports whether the body may let the dwelling: it keeps it, also as the heir of a body
// that did, or nobody does yet.
func (d *Dwelling) KeptBy(id domain.BodyID, heirs domain.Heirs) bool {
	return d.Keeper.IsZero() || heirs.Of(d.Keeper) == id
}

func keptByAnother() *domain.Error {
	return domain.Refuse(domain.Forbidden, domain.CodeNotYourBody,
		"another body keeps this dwelling in its stock: its accounts alone act on it").At("dwelling_id")
}
