package residence

import (
	"time"

	"tizilim/domain"
)

// TakenIntoStock says that a body keeps the dwelling as service housing: its accounts
// alone let it.
type TakenIntoStock struct {
	DwellingID domain.DwellingID `json:"dwelling_id"`
	BodyID     domain.BodyID     `json:"body_id"`
	TakenAt    time.Time         `json:"taken_at"`
}

func (TakenIntoStock) EventType() string { return "DwellingTakenIntoStock" }

func (e TakenIntoStock) EffectiveAt() time.Time   { return e.TakenAt }
func (e TakenIntoStock) Concerns() domain.Concern { return atDwelling(e.DwellingID) }

// TakeIntoStock decides that the body of the command keeps the dwelling. A body keeps
// also what it has let once.
func (d *Dwelling) TakeIntoStock(cmd domain.Command) ([]domain.Event, error) {
	switch {
	case !d.Known():
		return nil, UnknownDwelling()
	case !d.KeptBy(cmd.BodyID):
		return nil, keptByAnother()
	case !d.Keeper.IsZero():
		return nil, domain.Refuse(domain.Conflict, domain.CodeNothingChanges, "your body keeps this dwelling already")
	}
	return []domain.Event{TakenIntoStock{DwellingID: d.ID, BodyID: cmd.BodyID, TakenAt: cmd.Now}}, nil
}

// KeptBy reports whether the body may let the dwelling: it keeps it, or nobody does yet.
func (d *Dwelling) KeptBy(id domain.BodyID) bool { return d.Keeper.IsZero() || d.Keeper == id }

func keptByAnother() *domain.Error {
	return domain.Refuse(domain.Forbidden, domain.CodeNotYourBody,
		"another body keeps this dwelling in its stock: its accounts alone act on it").At("dwelling_id")
}
