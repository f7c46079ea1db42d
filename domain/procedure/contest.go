package procedure

import (
	"log/slog"
	"time"

	"tizilim/domain"
)

// Of an act that belongs to no case (an ended priority, a corrected record, other owners) somebody
// whom it touches can complain too (C28). The act then gets a case of its own. It names the act by
// its event, begins with the complaint, and takes the steps of every complaint: the body that acted
// satisfies or forwards it, the body above decides, a court may follow. What no longer stands is
// remedied by acts that exist already, and the case names them.

// ActContested begins the case of a contested act.
type ActContested struct {
	CaseID     domain.CaseID     `json:"case_id"`
	Act        domain.EventRef   `json:"act"`
	ActType    string            `json:"act_type"` // type of its event
	PersonID   domain.PersonID   `json:"person_id"`
	ListID     domain.ListID     `json:"list_id,omitzero"`     // of an act on a list: its commission answers
	DwellingID domain.DwellingID `json:"dwelling_id,omitzero"` // of an act in one place
	ActedBy    domain.Account    `json:"acted_by"`             // account: who has acted does not review it
	ActedBody  domain.BodyID     `json:"acted_body,omitzero"`
	ActedOn    domain.Date       `json:"acted_on"`
	ToldAt     time.Time         `json:"told_at"` // when the person was told: the term of the complaint runs from then
	Language   domain.Language   `json:"language"`
	Channel    domain.Channel    `json:"channel"`
	At         time.Time         `json:"contested_at"`
}

func (ActContested) EventType() string        { return "ActContested" }
func (e ActContested) EffectiveAt() time.Time { return e.At }
func (e ActContested) LogValue() slog.Value   { return domain.Masked(e) }
func (ActContested) MovesTo() State           { return Contested }

func (e ActContested) Concerns() domain.Concern {
	c := domain.Concern{Persons: []domain.PersonID{e.PersonID}, Case: e.CaseID, Begins: true}
	if !e.DwellingID.IsZero() {
		c.Dwellings = []domain.DwellingID{e.DwellingID}
	}
	return c
}

// Begun implements [Begins]. The act was the body's own (APPC 62(2)): no term runs, and what does
// not stand is remedied. The provider answers for acts that are of no list, as in a deregistration.
func (e ActContested) Begun() Application {
	return Application{
		CaseID: e.CaseID, ApplicantID: e.PersonID, ReceivedAt: e.At, RegisteredAt: e.At,
		Channel: e.Channel, Language: e.Language, OneSitting: e.ListID.IsZero(), OwnInitiative: true,
	}
}

// Contest decides that the act is contested by the complaint. Who contests it again, complains in
// the same case.
func (c *Case) Contest(cmd domain.Command, act ActContested, f Filing, t Terms) ([]domain.Event, error) {
	if c.Known() {
		return c.FileComplaint(cmd, f, t)
	}
	var begun Case
	begun.Apply(domain.Recorded{Event: act})
	filed, err := begun.FileComplaint(cmd, f, t)
	if err != nil {
		return nil, err
	}
	return append([]domain.Event{act}, filed...), nil
}
