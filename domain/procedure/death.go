package procedure

import (
	"slices"
	"time"

	"tizilim/domain"
)

// Part is what somebody who has died was in a case.
type Part string

const (
	NamedParty          Part = "named"          // in the application: to be deregistered, of the family, or asked to confirm
	RepresentativeParty Part = "representative" // of the applicant
)

// Parts lists them all.
var Parts = []Part{NamedParty, RepresentativeParty}

// PartyDied says that somebody who has a part in a case, and is not its applicant, has died (R49).
// The case goes on, and whoever decides it takes that into account.
type PartyDied struct {
	CaseID   domain.CaseID   `json:"case_id"`
	PersonID domain.PersonID `json:"person_id"`
	As       Part            `json:"as"`
	DiedOn   domain.Date     `json:"died_on"`
	Death    domain.EventRef `json:"death"`
	NotedAt  time.Time       `json:"noted_at"`
}

// PartyLives says that such a death was annulled.
type PartyLives struct {
	CaseID   domain.CaseID   `json:"case_id"`
	PersonID domain.PersonID `json:"person_id"`
	Death    domain.EventRef `json:"death"`
	NotedAt  time.Time       `json:"noted_at"`
}

func (PartyDied) EventType() string  { return "PartyDied" }
func (PartyLives) EventType() string { return "PartyLives" }

func (e PartyDied) EffectiveAt() time.Time  { return e.DiedOn.Start() }
func (e PartyLives) EffectiveAt() time.Time { return e.NotedAt }

func (e PartyDied) Concerns() domain.Concern  { return domain.ConcernsCase(e.CaseID) }
func (e PartyLives) Concerns() domain.Concern { return domain.ConcernsCase(e.CaseID) }

// DeathIn is the command by which a case learns of a death. For is whom the dead represented, zero
// where the dead has a part of their own.
type DeathIn struct {
	PersonID domain.PersonID
	For      domain.PersonID
	On       domain.Date
	Death    domain.EventRef
}

// LearnOfDeath decides [DeathIn]. An application ends with its applicant, and a complaint with its
// complainant (Civil Code 13, APPC 70(1)(5)). Of any other death an open case says so.
func (c *Case) LearnOfDeath(cmd domain.Command, d DeathIn) ([]domain.Event, error) {
	var events []domain.Event
	own, open := d.For.IsZero(), c.State.Open() || c.Complaint != nil
	if own && c.Complaint != nil && c.Complaint.ComplainantID == d.PersonID {
		ended := ComplaintDecided{CaseID: c.CaseID, Outcome: ComplainantDied, By: domain.Account(cmd.Actor), DecidedAt: cmd.Now}
		if d.PersonID != c.ApplicantID {
			ended.Affected = d.PersonID
		}
		events, open = append(events, ended), c.State.Open()
	}
	noted := slices.ContainsFunc(c.Deaths, func(e PartyDied) bool { return e.Death == d.Death })
	died := PartyDied{CaseID: c.CaseID, PersonID: d.PersonID, DiedOn: d.On, Death: d.Death, NotedAt: cmd.Now}
	switch {
	case own && d.PersonID == c.ApplicantID:
		if c.may(Terminate) == nil {
			events = append(events, CaseTerminated{
				CaseID: c.CaseID, Ground: ApplicantDied, Death: d.Death, Others: c.others(), TerminatedAt: cmd.Now,
			})
		}
	case noted || !open:
	case !own && d.For == c.ApplicantID:
		died.As = RepresentativeParty
		events = append(events, died)
	case own && slices.Contains(c.others(), d.PersonID):
		died.As = NamedParty
		events = append(events, died)
	}
	if len(events) == 0 {
		return nil, nothingToLearn()
	}
	return events, nil
}

// LearnOfLife decides that a death of which the case says that it touches it was annulled.
func (c *Case) LearnOfLife(cmd domain.Command, death domain.EventRef) ([]domain.Event, error) {
	i := slices.IndexFunc(c.Deaths, func(e PartyDied) bool { return e.Death == death })
	if i < 0 {
		return nil, nothingToLearn()
	}
	return []domain.Event{PartyLives{
		CaseID: c.CaseID, PersonID: c.Deaths[i].PersonID, Death: death, NotedAt: cmd.Now,
	}}, nil
}

func nothingToLearn() *domain.Error {
	return domain.Refuse(domain.Conflict, domain.CodeNotDue, "this case has nothing to learn of this death")
}

// others are who has a part in the case beside the applicant, each once.
func (c *Case) others() []domain.PersonID {
	var once []domain.PersonID
	for _, p := range slices.Concat(c.Affected, c.Parties) {
		if p != c.ApplicantID && !p.IsZero() && !slices.Contains(once, p) {
			once = append(once, p)
		}
	}
	return once
}

// learn folds the events of this file.
func (c *Case) learn(event domain.Event) {
	switch e := event.(type) {
	case PartyDied:
		c.Deaths = append(slices.Clip(c.Deaths), e)
	case PartyLives:
		c.Deaths = slices.DeleteFunc(slices.Clone(c.Deaths), func(d PartyDied) bool { return d.Death == e.Death })
	}
}
