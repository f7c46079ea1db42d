package housing

import (
	"time"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// LookupConsentWithdrawn blocks new look-ups of the person in other systems. It
// does not touch the entry (Q22).
type LookupConsentWithdrawn struct {
	ListID      domain.ListID   `json:"list_id"`
	EntryID     domain.EntryID  `json:"entry_id"`
	PersonID    domain.PersonID `json:"person_id"`
	WithdrawnAt time.Time       `json:"withdrawn_at"`
}

// LookupConsentRenewed allows them again.
type LookupConsentRenewed struct {
	ListID    domain.ListID   `json:"list_id"`
	EntryID   domain.EntryID  `json:"entry_id"`
	PersonID  domain.PersonID `json:"person_id"`
	RenewedAt time.Time       `json:"renewed_at"`
}

func (LookupConsentWithdrawn) EventType() string { return "LookupConsentWithdrawn" }
func (LookupConsentRenewed) EventType() string   { return "LookupConsentRenewed" }

func (e LookupConsentWithdrawn) EffectiveAt() time.Time { return e.WithdrawnAt }
func (e LookupConsentRenewed) EffectiveAt() time.Time   { return e.RenewedAt }

// ChangeConsent is the command that withdraws the consent to look-ups, or gives
// it again.
type ChangeConsent struct {
	EntryID domain.EntryID
	Holder  domain.PersonID // who asks, where it is the citizen; zero for staff
	Given   bool
}

// ChangeConsent decides [ChangeConsent].
func (q *Queue) ChangeConsent(cmd domain.Command, c ChangeConsent) ([]domain.Event, error) {
	e, err := q.onListOf(c.EntryID, c.Holder)
	if err != nil {
		return nil, err
	}
	if e.ConsentWithdrawn != c.Given {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNothingChanges, "the consent is as you want it already")
	}
	if c.Given {
		return []domain.Event{LookupConsentRenewed{ListID: q.List.ListID, EntryID: e.ID, PersonID: e.PersonID, RenewedAt: cmd.Now}}, nil
	}
	return []domain.Event{LookupConsentWithdrawn{ListID: q.List.ListID, EntryID: e.ID, PersonID: e.PersonID, WithdrawnAt: cmd.Now}}, nil
}

// CheckSource is where the result of a check comes from.
type CheckSource string

const (
	FromDocuments CheckSource = "documents" // that the family handed in
	FromSystems   CheckSource = "systems"   // looked up in state information systems
)

// CheckSources lists them all.
var CheckSources = []CheckSource{FromDocuments, FromSystems}

// NeedCheck is the result of looking again whether a family is in need, at a
// provision or a transfer (Q16, Q19; art. 69).
type NeedCheck struct {
	On     domain.Date `json:"on"`
	Source CheckSource `json:"source"`
	InNeed bool        `json:"in_need"`
}

// confirmed refuses a result that does not carry the act, and one that was
// looked up although the consent to it is withdrawn (Q22). For how many days a
// check holds is the edition's (policy).
func (n NeedCheck) confirmed(cmd domain.Command, e Entry, by rules.Book) error {
	holds := by.On(cmd.Today()).Register.NeedCheckDays
	switch {
	case n.On.IsZero():
		return domain.Refuse(domain.Invalid, domain.CodeRequired, "need is checked again: give the day and the result").At("need_check.on")
	case cmd.Today().Before(n.On):
		return domain.Refuse(domain.Invalid, domain.CodeDateInFuture, "a check is stated when it has been made: the day is at the latest today").At("need_check.on")
	case n.On.AddDays(holds).Before(cmd.Today()):
		return domain.Refuse(domain.Conflict, domain.CodeNeedCheckTooOld, "a check holds for %d days; check again", holds).At("need_check.on")
	case n.Source != FromDocuments && n.Source != FromSystems:
		return domain.Refuse(domain.Invalid, domain.CodeValueUnknown, "the result comes from one of %v", CheckSources).At("need_check.source")
	case n.Source == FromSystems && e.ConsentWithdrawn:
		return domain.Refuse(domain.Conflict, domain.CodeConsentWithdrawn,
			"the consent to look-ups is withdrawn: ask the family for documents").At("need_check.source")
	case !n.InNeed:
		return domain.Refuse(domain.Conflict, domain.CodeNeedNotConfirmed, "the family is not in need any more: open a review of the entry").At("need_check.in_need")
	}
	return nil
}
