package residence

import (
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// HoldPlaced says that the personal values of the person must be kept, because a
// court or an investigation needs them. They are not erased while a hold stands.
type HoldPlaced struct {
	PersonID domain.PersonID `json:"person_id"`
	HoldID   uuid.UUID       `json:"hold_id"`
	Basis    domain.Personal `json:"basis"` // the act of the court or of the body, with its number
	PlacedAt time.Time       `json:"placed_at"`
}

// HoldLifted ends a hold.
type HoldLifted struct {
	PersonID domain.PersonID `json:"person_id"`
	HoldID   uuid.UUID       `json:"hold_id"`
	Basis    domain.Personal `json:"basis"`
	LiftedAt time.Time       `json:"lifted_at"`
}

// PersonErased is the act by which the personal values of a person are erased:
// all that the log holds of them up to it. Basis and Reference outlive it, so they
// name nobody.
type PersonErased struct {
	PersonID  domain.PersonID `json:"person_id"`
	Basis     ErasureBasis    `json:"basis"`
	Reference string          `json:"reference"` // number of the document that asks for it
	// Cases are those that the person applied for, or that were about their entry.
	// What was written in them is erased too.
	Cases    []domain.CaseID `json:"cases,omitempty"`
	Edition  rules.EditionID `json:"edition"` // whose term of retention has passed
	Warnings []Warning       `json:"warnings,omitempty"`
	ErasedAt time.Time       `json:"erased_at"`
}

// ErasureCompleted says that the keys are destroyed.
type ErasureCompleted struct {
	PersonID    domain.PersonID `json:"person_id"`
	CompletedAt time.Time       `json:"completed_at"`
}

func (HoldPlaced) EventType() string       { return "HoldPlaced" }
func (HoldLifted) EventType() string       { return "HoldLifted" }
func (PersonErased) EventType() string     { return "PersonErased" }
func (ErasureCompleted) EventType() string { return "ErasureCompleted" }

func (e HoldPlaced) EffectiveAt() time.Time       { return e.PlacedAt }
func (e HoldLifted) EffectiveAt() time.Time       { return e.LiftedAt }
func (e PersonErased) EffectiveAt() time.Time     { return e.ErasedAt }
func (e ErasureCompleted) EffectiveAt() time.Time { return e.CompletedAt }

func (e HoldPlaced) Concerns() domain.Concern       { return domain.ConcernsPersons(e.PersonID) }
func (e HoldLifted) Concerns() domain.Concern       { return domain.ConcernsPersons(e.PersonID) }
func (e PersonErased) Concerns() domain.Concern     { return domain.ConcernsPersons(e.PersonID) }
func (e ErasureCompleted) Concerns() domain.Concern { return domain.ConcernsPersons(e.PersonID) }

func (e HoldPlaced) LogValue() slog.Value { return domain.Masked(e) }
func (e HoldLifted) LogValue() slog.Value { return domain.Masked(e) }

// ErasureBasis is why personal values are erased (law on personal data, arts 18
// and 24).
type ErasureBasis string

const (
	RetentionOver  ErasureBasis = "retention_over"  // they are not needed any more, and the term has passed
	CourtOrder     ErasureBasis = "court_order"     // that has taken legal force
	OtherErasure   ErasureBasis = "other_by_law"    // another case of the law
	UnlawfulRecord ErasureBasis = "unlawful_record" // they were collected against the law
)

// ErasureBases lists them all.
var ErasureBases = []ErasureBasis{RetentionOver, CourtOrder, UnlawfulRecord, OtherErasure}

// erasures are what a person's stream says about holds and erasures.
type erasures struct {
	holds    []uuid.UUID   // that stand
	latest   *PersonErased // nil where nothing was erased
	complete bool          // the latest one
	before   uint32        // how many were before the latest one
}

// Holds returns the holds that stand.
func (p *Person) Holds() []uuid.UUID { return slices.Clone(p.erasures.holds) }

// Erasure returns the latest erasure and whether its keys are destroyed; nil
// where nothing was erased.
func (p *Person) Erasure() (act *PersonErased, complete bool) {
	return p.erasures.latest, p.erasures.complete
}

// ErasedBefore is how many erasures of the person were before the latest one.
func (p *Person) ErasedBefore() uint32 { return p.erasures.before }

// erased folds the event. After an erasure the person is unknown until somebody
// records them again. What is no personal value stays: the registrations.
func (p *Person) erased(rec domain.Recorded) {
	x := &p.erasures
	switch e := rec.Event.(type) {
	case HoldPlaced:
		x.holds = append(slices.Clip(x.holds), e.HoldID)
	case HoldLifted:
		x.holds = slices.DeleteFunc(slices.Clone(x.holds), func(id uuid.UUID) bool { return id == e.HoldID })
	case PersonErased:
		if x.latest != nil {
			x.before++
		}
		x.latest, x.complete = &e, false
		p.ID, p.IIN = domain.PersonID{}, ""
		p.setData(PersonData{})
		p.former = nil
		p.Contacts = ContactsConfirmed{}
	case ErasureCompleted:
		x.complete = true
	}
}

// PlaceHold is the command that places a hold.
type PlaceHold struct {
	HoldID uuid.UUID
	Basis  domain.Personal
}

func (c PlaceHold) LogValue() slog.Value { return domain.Masked(c) }

// PlaceHold decides [PlaceHold].
func (p *Person) PlaceHold(cmd domain.Command, c PlaceHold) ([]domain.Event, error) {
	if !p.Known() {
		return nil, domain.Refuse(domain.NotFound, domain.CodePersonUnknown, "no person with this id is recorded")
	}
	return []domain.Event{HoldPlaced{PersonID: p.ID, HoldID: c.HoldID, Basis: c.Basis, PlacedAt: cmd.Now}}, nil
}

// LiftHold is the command that ends a hold.
type LiftHold struct {
	HoldID uuid.UUID
	Basis  domain.Personal
}

func (c LiftHold) LogValue() slog.Value { return domain.Masked(c) }

// LiftHold decides [LiftHold].
func (p *Person) LiftHold(cmd domain.Command, c LiftHold) ([]domain.Event, error) {
	if !p.Known() || !slices.Contains(p.erasures.holds, c.HoldID) {
		return nil, domain.Refuse(domain.NotFound, domain.CodeHoldUnknown,
			"no hold with this id stands: the history of the person shows the holds").At("hold_id")
	}
	return []domain.Event{HoldLifted{PersonID: p.ID, HoldID: c.HoldID, Basis: c.Basis, LiftedAt: cmd.Now}}, nil
}

// Matters are what other streams say about a person who is to be erased.
type Matters struct {
	OwnCases  []domain.CaseID // that the person applied for, or about their entry
	OpenCases []domain.CaseID // in which the person takes part
	Entries   []domain.ListEntry
	Leases    []domain.DwellingID
	LastEvent domain.Date // on which the log learned of the last event about the person
}

// Erase is the command that erases a person.
type Erase struct {
	Basis     ErasureBasis
	Reference string
	Matters   Matters
	Household Household
	Rules     rules.Book
}

// Erase decides [Erase]. A person is erased only where nothing needs their
// personal values any more: no registration that holds, no entry, no open case, no
// lease, no hold, and where the edition in force names a term of retention that
// has passed since the last event about them.
func (p *Person) Erase(cmd domain.Command, c Erase) ([]domain.Event, error) {
	if !p.Known() {
		return nil, domain.Refuse(domain.NotFound, domain.CodePersonUnknown, "no person with this id is recorded")
	}
	if !slices.Contains(ErasureBases, c.Basis) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
			"an erasure is based on one of %v", ErasureBases).At("basis")
	}
	barred := func(format string, args ...any) ([]domain.Event, error) {
		return nil, domain.Refuse(domain.Conflict, domain.CodeErasureBarred, format, args...)
	}
	switch m, today := c.Matters, cmd.Today(); {
	case len(p.erasures.holds) > 0:
		return barred("a hold stands, %s: it must be lifted first", p.erasures.holds[0])
	case len(p.ActiveOn(today)) > 0:
		return barred("the person is registered at a dwelling: the registration must end first")
	case len(m.Entries) > 0:
		return barred("the person has an entry on a list: it must end first")
	case len(m.OpenCases) > 0:
		return barred("the person takes part in case %s, which is open: it must be decided first", m.OpenCases[0])
	case len(m.Leases) > 0:
		return barred("the person rents the dwelling %s: the lease must end first", m.Leases[0])
	}
	edition := c.Rules.On(cmd.Today())
	if edition.Retention == nil {
		return barred("edition %s of the rules names no term after which personal data may be erased", edition.ID)
	}
	until := c.Matters.LastEvent.AddMonths(12 * edition.Retention.Years)
	if cmd.Today().Before(until) {
		return barred("the record must be kept until %s (edition %s)", until, edition.ID)
	}
	erased := PersonErased{
		PersonID: p.ID, Basis: c.Basis, Reference: c.Reference, Cases: c.Matters.OwnCases, Edition: edition.ID,
		ErasedAt: cmd.Now,
	}
	erased.Warnings = c.Household.left(p, p.after(erased), edition, cmd.Today(), nobody)
	return []domain.Event{erased}, nil
}

// CompleteErasure records that the keys of the latest erasure are destroyed.
func (p *Person) CompleteErasure(cmd domain.Command) ([]domain.Event, error) {
	act, complete := p.Erasure()
	if act == nil || complete {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNothingChanges, "no erasure is incomplete")
	}
	return []domain.Event{ErasureCompleted{PersonID: act.PersonID, CompletedAt: cmd.Now}}, nil
}
