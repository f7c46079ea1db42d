package residence

import (
	"log/slog"
	"slices"
	"time"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// After a death somebody must take the place of the dead: as owner or agent of a dwelling, as
// its tenant, as the representative of a minor (R27). Until then the stream where it is missing
// says what is awaited, and by which day. A desk of the place asks for owners and
// representatives, and the body that keeps the dwelling decides on the lease. A death that is
// annulled takes this away.

// Duty is what is awaited after a death.
type Duty string

const (
	NewOwners         Duty = "new_owners"         // of the title of the dead
	NewAgent          Duty = "new_agent"          // of an owner for whom the dead has spoken
	LeaseAfterDeath   Duty = "lease_after_death"  // the lease ends, or goes over to the family
	NewRepresentative Duty = "new_representative" // of a minor
)

// Duties lists them all.
var Duties = []Duty{NewOwners, NewAgent, LeaseAfterDeath, NewRepresentative}

// SuccessionAwaited says in the stream of a dwelling what is awaited after a death.
type SuccessionAwaited struct {
	DwellingID domain.DwellingID `json:"dwelling_id"`
	Duty       Duty              `json:"duty"`
	PersonID   domain.PersonID   `json:"person_id"` // who has died
	Death      domain.EventRef   `json:"death"`
	// who are told: the other owners or their agents, the family of the lease, who is registered there
	Others    []domain.PersonID `json:"others,omitempty"`
	By        domain.Date       `json:"by"` // the last day
	Edition   rules.EditionID   `json:"edition"`
	AwaitedAt time.Time         `json:"awaited_at"`
}

// SuccessionVoided says that nothing is awaited, because the death was annulled.
type SuccessionVoided struct {
	DwellingID domain.DwellingID `json:"dwelling_id"`
	Duty       Duty              `json:"duty"`
	PersonID   domain.PersonID   `json:"person_id"`
	Death      domain.EventRef   `json:"death"`
	VoidedAt   time.Time         `json:"voided_at"`
}

// RepresentativeDied ends in the stream of a minor the representation by somebody who has died.
type RepresentativeDied struct {
	PersonID         domain.PersonID   `json:"person_id"` // the minor
	RepresentativeID domain.PersonID   `json:"representative_id"`
	Kind             Representation    `json:"kind"`
	Death            domain.EventRef   `json:"death"`
	Others           []domain.PersonID `json:"others,omitempty"` // who still represent the minor
	By               domain.Date       `json:"by,omitzero"`      // until which another one is asked for, where there is none
	Edition          rules.EditionID   `json:"edition"`
	EndedAt          time.Time         `json:"ended_at"`
}

// RepresentativeLives says that the representation goes on, because the death was annulled.
type RepresentativeLives struct {
	PersonID         domain.PersonID `json:"person_id"`
	RepresentativeID domain.PersonID `json:"representative_id"`
	Kind             Representation  `json:"kind"`
	Death            domain.EventRef `json:"death"`
	RestoredAt       time.Time       `json:"restored_at"`
}

func (SuccessionAwaited) EventType() string   { return "SuccessionAwaited" }
func (SuccessionVoided) EventType() string    { return "SuccessionVoided" }
func (RepresentativeDied) EventType() string  { return "RepresentativeDied" }
func (RepresentativeLives) EventType() string { return "RepresentativeLives" }

func (e SuccessionAwaited) EffectiveAt() time.Time   { return e.AwaitedAt }
func (e SuccessionVoided) EffectiveAt() time.Time    { return e.VoidedAt }
func (e RepresentativeDied) EffectiveAt() time.Time  { return e.EndedAt }
func (e RepresentativeLives) EffectiveAt() time.Time { return e.RestoredAt }

func (e SuccessionAwaited) Concerns() domain.Concern {
	return atDwelling(e.DwellingID, append([]domain.PersonID{e.PersonID}, e.Others...)...)
}

func (e SuccessionVoided) Concerns() domain.Concern { return atDwelling(e.DwellingID, e.PersonID) }

func (e RepresentativeDied) Concerns() domain.Concern {
	return domain.ConcernsPersons(append([]domain.PersonID{e.PersonID, e.RepresentativeID}, e.Others...)...)
}

func (e RepresentativeLives) Concerns() domain.Concern {
	return domain.ConcernsPersons(e.PersonID, e.RepresentativeID)
}

func (e RepresentativeDied) LogValue() slog.Value { return domain.Masked(e) }

// Awaited is what is awaited at the dwelling.
func (d *Dwelling) Awaited() []SuccessionAwaited { return d.awaited }

// succeeded folds what is awaited. It runs after the owners and the lease were folded: who is
// not named any more is awaited no longer.
func (d *Dwelling) succeeded(rec domain.Recorded) {
	keep := func(SuccessionAwaited) bool { return true }
	switch e := rec.Event.(type) {
	case SuccessionAwaited:
		d.awaited = append(slices.Clip(d.awaited), e)
		return
	case SuccessionVoided:
		keep = func(a SuccessionAwaited) bool { return a.Death != e.Death || a.Duty != e.Duty }
	case OwnersChanged, OwnersCorrected:
		keep = func(a SuccessionAwaited) bool {
			return a.Duty == LeaseAfterDeath || slices.Contains(d.dutiesOf(a.PersonID), a.Duty)
		}
	case LeaseEnded, LeaseVoided:
		keep = func(a SuccessionAwaited) bool { return a.Duty != LeaseAfterDeath }
	default:
		return
	}
	d.awaited = slices.DeleteFunc(slices.Clone(d.awaited), func(a SuccessionAwaited) bool { return !keep(a) })
}

// dutiesOf are what the death of the person leaves to be done at the dwelling.
func (d *Dwelling) dutiesOf(p domain.PersonID) []Duty {
	var duties []Duty
	if d.OwnedBy(p) {
		duties = append(duties, NewOwners)
	}
	if slices.ContainsFunc(d.Owners, func(o Owner) bool { return o.Kind != "" && o.AgentID == p }) {
		duties = append(duties, NewAgent)
	}
	if d.Lease != nil && d.Lease.PersonID == p {
		duties = append(duties, LeaseAfterDeath)
	}
	return duties
}

// DeathAt is the command by which a dwelling learns of the death of somebody.
type DeathAt struct {
	PersonID  domain.PersonID
	Death     domain.EventRef
	On        domain.Date
	Residents []domain.PersonID // registered at the dwelling
	Rules     rules.Book
}

// AwaitSuccession decides [DeathAt].
func (d *Dwelling) AwaitSuccession(cmd domain.Command, c DeathAt) ([]domain.Event, error) {
	edition := c.Rules.On(cmd.Today())
	var events []domain.Event
	for _, duty := range d.dutiesOf(c.PersonID) {
		if slices.ContainsFunc(d.awaited, func(a SuccessionAwaited) bool { return a.Death == c.Death && a.Duty == duty }) {
			continue
		}
		events = append(events, SuccessionAwaited{
			DwellingID: d.ID, Duty: duty, PersonID: c.PersonID, Death: c.Death, Others: d.told(c, duty),
			By: c.On.AddMonths(edition.AfterDeath().Months), Edition: edition.ID, AwaitedAt: cmd.Now,
		})
	}
	if len(events) == 0 {
		return nil, notAwaited()
	}
	return events, nil
}

// told are who learn of what is awaited.
func (d *Dwelling) told(c DeathAt, duty Duty) []domain.PersonID {
	var others []domain.PersonID
	if duty == LeaseAfterDeath {
		others = slices.Clone(d.Lease.Family)
	} else {
		for _, o := range d.Owners {
			others = append(others, o.Speaker())
		}
	}
	var once []domain.PersonID
	for _, p := range slices.Concat(others, c.Residents) {
		if p != c.PersonID && !p.IsZero() && !slices.Contains(once, p) {
			once = append(once, p)
		}
	}
	return once
}

// VoidSuccession decides that nothing is awaited after a death that was annulled.
func (d *Dwelling) VoidSuccession(cmd domain.Command, death domain.EventRef) ([]domain.Event, error) {
	var events []domain.Event
	for _, a := range d.awaited {
		if a.Death == death {
			events = append(events, SuccessionVoided{
				DwellingID: d.ID, Duty: a.Duty, PersonID: a.PersonID, Death: death, VoidedAt: cmd.Now,
			})
		}
	}
	if len(events) == 0 {
		return nil, notAwaited()
	}
	return events, nil
}

func notAwaited() *domain.Error {
	return domain.Refuse(domain.Conflict, domain.CodeNotDue, "nothing waits here for this death, or it is recorded already")
}

// lostRepresentative is one who has died.
type lostRepresentative struct {
	Representative
	death domain.EventRef
}

// awaitedRepresentative is that another representative is asked for.
type awaitedRepresentative struct {
	by    domain.Date // the last day; zero where none is asked for
	since domain.Date
}

// bereaved folds the events about representatives who have died.
func (p *Person) bereaved(rec domain.Recorded) {
	switch e := rec.Event.(type) {
	case RepresentativeDied:
		was := Representative{e.RepresentativeID, e.Kind, domain.DateOf(e.EffectiveAt()), rec.Revision}
		if i := slices.IndexFunc(p.Representatives, func(r Representative) bool { return r.PersonID == e.RepresentativeID }); i >= 0 {
			was.RecordedOn = p.Representatives[i].RecordedOn
		}
		p.Representatives = p.without(e.RepresentativeID)
		p.lost = append(slices.Clip(p.lost), lostRepresentative{was, e.Death})
		p.awaits = awaitedRepresentative{e.By, domain.DateOf(e.EndedAt)}
	case RepresentativeLives:
		of := func(r lostRepresentative) bool { return r.death == e.Death }
		since := domain.DateOf(e.EffectiveAt())
		if i := slices.IndexFunc(p.lost, of); i >= 0 {
			since = p.lost[i].RecordedOn
		}
		p.lost = slices.DeleteFunc(slices.Clone(p.lost), of)
		if !p.RepresentedBy(e.RepresentativeID) {
			p.Representatives = append(slices.Clip(p.Representatives), Representative{e.RepresentativeID, e.Kind, since, rec.Revision})
		}
	}
}

// RepresentativeAwaited is the day until which another representative is asked for, because the
// last one has died or represents the person no more; zero where the person has one, has lost none,
// has died, or came of age since.
func (p *Person) RepresentativeAwaited(today domain.Date, ages rules.Ages) domain.Date {
	cameOfAge := p.BirthDate.YearsOn(p.awaits.since) < ages.Capacity && p.BirthDate.YearsOn(today) >= ages.Capacity
	if len(p.Representatives) > 0 || !p.present() || cameOfAge {
		return domain.Date{}
	}
	return p.awaits.by
}

// LoseRepresentative decides, in the stream of a minor, that a representative has died.
func (p *Person) LoseRepresentative(cmd domain.Command, c DeathAt) ([]domain.Event, error) {
	i := slices.IndexFunc(p.Representatives, func(r Representative) bool { return r.PersonID == c.PersonID })
	if i < 0 {
		return nil, notAwaited()
	}
	edition := c.Rules.On(cmd.Today())
	e := RepresentativeDied{
		PersonID: p.ID, RepresentativeID: c.PersonID, Kind: p.Representatives[i].Kind, Death: c.Death, Edition: edition.ID,
		EndedAt: cmd.Now,
	}
	for _, r := range p.Representatives {
		if r.PersonID != c.PersonID {
			e.Others = append(e.Others, r.PersonID)
		}
	}
	if len(e.Others) == 0 {
		last, err := c.Rules.LastDay(cmd.Today(), edition.AfterDeath().RepresentativeDays)
		if err != nil {
			return nil, err
		}
		e.By = last
	}
	return []domain.Event{e}, nil
}

// RestoreRepresentative decides, in the stream of a minor, that a representation goes on after the
// death was annulled.
func (p *Person) RestoreRepresentative(cmd domain.Command, death domain.EventRef) ([]domain.Event, error) {
	i := slices.IndexFunc(p.lost, func(r lostRepresentative) bool { return r.death == death })
	if i < 0 {
		return nil, notAwaited()
	}
	return []domain.Event{RepresentativeLives{
		PersonID: p.ID, RepresentativeID: p.lost[i].PersonID, Kind: p.lost[i].Kind, Death: death, RestoredAt: cmd.Now,
	}}, nil
}
