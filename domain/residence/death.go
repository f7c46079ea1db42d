package residence

import (
	"bytes"
	"log/slog"
	"slices"
	"time"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// PersonDied says that the person has died, by the record of the death (R27). The
// registrations that held end in the same append.
type PersonDied struct {
	PersonID   domain.PersonID `json:"person_id"`
	On         domain.Date     `json:"died_on"`
	Basis      domain.Basis    `json:"basis"`
	Warnings   []Warning       `json:"warnings,omitempty"` // where no permanent registration ends with it
	RecordedAt time.Time       `json:"recorded_at"`
}

// DeathAnnulled says that the person had not died. The registrations that the death had
// ended hold again, by corrections in the same append.
type DeathAnnulled struct {
	PersonID   domain.PersonID `json:"person_id"`
	Annuls     domain.EventRef `json:"annuls"` // the death
	Reasons    domain.Personal `json:"reasons"`
	Basis      domain.Basis    `json:"basis"`
	AnnulledAt time.Time       `json:"annulled_at"`
}

// DeathFollowed says what the registry did after a death: it opened a review of each
// entry on a list. Cases and leases of the person are named for the bodies that decide on
// them.
type DeathFollowed struct {
	PersonID   domain.PersonID     `json:"person_id"`
	Death      domain.EventRef     `json:"death"`
	Entries    []EntryLeft         `json:"entries,omitempty"` // now under review
	Cases      []domain.CaseID     `json:"cases,omitempty"`   // that are open
	Leases     []domain.DwellingID `json:"leases,omitempty"`
	Dwellings  []domain.DwellingID `json:"dwellings,omitempty"` // that they owned, or for whose owner they spoke
	Wards      []domain.PersonID   `json:"wards,omitempty"`     // whom they represented
	FollowedAt time.Time           `json:"followed_at"`
}

// DeathUnfollowed says that what was awaited after a death is awaited no longer, because the
// death was annulled.
type DeathUnfollowed struct {
	PersonID     domain.PersonID `json:"person_id"`
	Death        domain.EventRef `json:"death"`
	UnfollowedAt time.Time       `json:"unfollowed_at"`
}

// EntryLeft is an entry on a list whose holder has died.
type EntryLeft struct {
	ListID  domain.ListID  `json:"list_id"`
	EntryID domain.EntryID `json:"entry_id"`
}

func (PersonDied) EventType() string      { return "PersonDied" }
func (DeathAnnulled) EventType() string   { return "DeathAnnulled" }
func (DeathFollowed) EventType() string   { return "DeathFollowed" }
func (DeathUnfollowed) EventType() string { return "DeathUnfollowed" }

func (e PersonDied) EffectiveAt() time.Time      { return e.On.Start() }
func (e DeathAnnulled) EffectiveAt() time.Time   { return e.AnnulledAt }
func (e DeathFollowed) EffectiveAt() time.Time   { return e.FollowedAt }
func (e DeathUnfollowed) EffectiveAt() time.Time { return e.UnfollowedAt }

func (e PersonDied) Concerns() domain.Concern    { return domain.ConcernsPersons(e.PersonID) }
func (e DeathAnnulled) Concerns() domain.Concern { return domain.ConcernsPersons(e.PersonID) }
func (e DeathFollowed) Concerns() domain.Concern {
	c := domain.ConcernsPersons(append([]domain.PersonID{e.PersonID}, e.Wards...)...)
	c.Dwellings = slices.Concat(e.Leases, e.Dwellings)
	slices.SortFunc(c.Dwellings, func(a, b domain.DwellingID) int { return bytes.Compare(a.UUID[:], b.UUID[:]) })
	c.Dwellings = slices.Compact(c.Dwellings)
	return c
}
func (e DeathUnfollowed) Concerns() domain.Concern { return domain.ConcernsPersons(e.PersonID) }

func (e PersonDied) LogValue() slog.Value    { return domain.Masked(e) }
func (e DeathAnnulled) LogValue() slog.Value { return domain.Masked(e) }

// Death of a person, as recorded.
type Death struct {
	On       domain.Date
	Event    domain.EventRef
	Followed bool
}

// Dead reports whether a death of the person is recorded, and which.
func (p *Person) Dead() (Death, bool) { return p.death, !p.death.Event.IsZero() }

// CheckAlive refuses an act of a person who has died, at the field that names them.
func (p *Person) CheckAlive(field string) error {
	if d, dead := p.Dead(); dead {
		return domain.Refuse(domain.Conflict, domain.CodePersonDead,
			"the death of this person on %s is recorded: nobody acts for them by this; a death that was recorded by "+
				"mistake is annulled first", d.On).At(field)
	}
	return nil
}

// died folds the events of this file.
func (p *Person) died(rec domain.Recorded) {
	switch e := rec.Event.(type) {
	case PersonDied:
		p.death = Death{On: e.On, Event: domain.EventRef{Stream: e.PersonID.Stream(), Revision: rec.Revision}}
	case DeathAnnulled:
		p.death, p.annulled = Death{}, e.Annuls
	case DeathUnfollowed:
		p.annulled = domain.EventRef{}
	case DeathFollowed:
		p.death.Followed = true
	}
}

// RecordDeath is the command that records a death.
type RecordDeath struct {
	On        domain.Date
	Basis     domain.Basis // the record of the death
	Household Household
	Rules     rules.Book
}

// RecordDeath decides [RecordDeath]. Every registration that holds ends on the day of the
// death. Where one begins after that day, it must be corrected first (R14).
func (p *Person) RecordDeath(cmd domain.Command, c RecordDeath) ([]domain.Event, error) {
	if !p.Known() {
		return nil, unknownPerson()
	}
	if err := p.CheckAlive(""); err != nil {
		return nil, err
	}
	switch {
	case c.On.IsZero():
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired, "give the day of the death").At("died_on")
	case cmd.Today().Before(c.On):
		return nil, domain.Refuse(domain.Invalid, domain.CodeDateInFuture,
			"a death cannot be in the future: give today or an earlier day").At("died_on")
	case c.On.Before(p.BirthDate):
		return nil, domain.Refuse(domain.Invalid, domain.CodeBeforeBirth,
			"the death would be before the person was born").At("died_on")
	}
	if err := c.Basis.Demand(true, cmd.Role, cmd.Today(), "basis"); err != nil {
		return nil, err
	}
	died := PersonDied{PersonID: p.ID, On: c.On, Basis: c.Basis, RecordedAt: cmd.Now}
	events := []domain.Event{died}
	for _, r := range p.Registrations {
		if !r.openOn(c.On) {
			continue
		}
		if c.On.Before(r.From) {
			return nil, domain.Refuse(domain.Conflict, domain.CodeEndsBeforeBegin,
				"a registration of the person begins on %s, after the day of the death: correct it first", r.From).At("died_on")
		}
		events = append(events, r.end(p.ID, Died, c.On, domain.CaseID{}))
	}
	if left := c.Household.left(p, p.after(events...), c.Rules.On(c.On), c.On, nobody); !warning(events, left) {
		died.Warnings = left
		events[0] = died
	}
	return events, nil
}

// AnnulDeath is the command that annuls a death which was recorded by mistake.
type AnnulDeath struct {
	Death     domain.EventRef
	Reasons   domain.Personal
	Basis     domain.Basis
	Household Household
	Rules     rules.Book
}

// AnnulDeath decides [AnnulDeath]: what the death ended holds again, as if it had not
// been ended.
func (p *Person) AnnulDeath(cmd domain.Command, c AnnulDeath) ([]domain.Event, error) {
	d, dead := p.Dead()
	switch {
	case !p.Known():
		return nil, unknownPerson()
	case !dead || d.Event != c.Death:
		return nil, domain.Refuse(domain.Conflict, domain.CodeFactNotInForce,
			"no death is recorded by this event; the history of the person shows the events").At("death")
	case c.Reasons == "":
		return nil, domain.Refuse(domain.Invalid, domain.CodeReasonsRequired,
			"give the reasons: an auditor will read them").At("reasons")
	}
	if err := c.Basis.Demand(true, cmd.Role, cmd.Today(), "basis"); err != nil {
		return nil, err
	}
	var changes []Change
	for _, r := range p.Registrations {
		if !r.Void && r.Reason == Died {
			changes = append(changes, Change{Fact: FactName{RegistrationID: r.ID, Ending: true}, Action: Annul})
		}
	}
	var events []domain.Event
	if len(changes) > 0 {
		alive := p.Clone() // as whom the correction leaves the person
		alive.death = Death{}
		var err error
		events, err = alive.Correct(cmd, Correct{
			Ground: ClericalError, Reasons: c.Reasons, Changes: changes, Accept: AcceptableConsequences,
			Household: c.Household, Rules: c.Rules,
		})
		if err != nil {
			return nil, err
		}
	}
	return append(events, DeathAnnulled{
		PersonID: p.ID, Annuls: c.Death, Reasons: c.Reasons, Basis: c.Basis, AnnulledAt: cmd.Now,
	}), nil
}

// FollowDeath is the command by which the registry records what it did after a death.
type FollowDeath struct {
	Matters   Matters
	Dwellings []domain.DwellingID // where a successor is awaited, beside the leases
	Wards     []domain.PersonID   // who have lost a representative
}

// FollowDeath decides [FollowDeath].
func (p *Person) FollowDeath(cmd domain.Command, c FollowDeath) ([]domain.Event, error) {
	d, dead := p.Dead()
	if !dead || d.Followed {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNotDue, "no death of the person waits to be followed up")
	}
	var entries []EntryLeft
	for _, e := range c.Matters.Entries {
		entries = append(entries, EntryLeft{e.ListID, e.EntryID})
	}
	return []domain.Event{DeathFollowed{
		PersonID: p.ID, Death: d.Event, Entries: entries, Cases: c.Matters.OpenCases,
		Leases: c.Matters.Leases, Dwellings: c.Dwellings, Wards: c.Wards, FollowedAt: cmd.Now,
	}}, nil
}

// AnnulledDeath is a death that was annulled, and whose consequences are not taken away yet;
// zero where there is none.
func (p *Person) AnnulledDeath() domain.EventRef { return p.annulled }

// UnfollowDeath decides that the consequences of the death that was annulled are taken away.
func (p *Person) UnfollowDeath(cmd domain.Command, death domain.EventRef) ([]domain.Event, error) {
	if death.IsZero() || p.annulled != death {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNotDue, "no annulled death of the person waits to be followed up")
	}
	return []domain.Event{DeathUnfollowed{PersonID: p.ID, Death: death, UnfollowedAt: cmd.Now}}, nil
}
