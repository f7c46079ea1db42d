package housing

import (
	"log/slog"
	"strings"
	"time"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// ServiceStated is the employment or the office that an applicant states: service housing is for the
// personnel of the body whose list it is (art. 101-3, Q41). The zero ServiceStated: none is stated.
type ServiceStated struct {
	Employer domain.Personal `json:"employer"`
	Office   domain.Personal `json:"office"`
	Since    domain.Date     `json:"since"`
	Basis    domain.Basis    `json:"basis"` // the document that shows it
}

// ServiceEnded says that the holder of an entry serves no more in the body whose list it is (Q42). In
// the same append a review is opened, unless one goes on.
type ServiceEnded struct {
	ListID     domain.ListID   `json:"list_id"`
	EntryID    domain.EntryID  `json:"entry_id"`
	PersonID   domain.PersonID `json:"person_id"`
	On         domain.Date     `json:"on"`                 // the last day of the service
	ReviewID   domain.CaseID   `json:"review_id,omitzero"` // that it opens
	DecideBy   domain.Date     `json:"decide_by,omitzero"` // the last day of that review
	Basis      domain.Basis    `json:"basis"`
	Reasons    domain.Personal `json:"reasons"`
	RecordedAt time.Time       `json:"recorded_at"`
}

// ServiceEndUndone says that an end of service was recorded by mistake (Q42). It ends the review that
// was opened for it, where that goes on; every other review stays.
type ServiceEndUndone struct {
	ListID   domain.ListID   `json:"list_id"`
	EntryID  domain.EntryID  `json:"entry_id"`
	PersonID domain.PersonID `json:"person_id"`
	End      domain.EventRef `json:"service_end"`        // the event that is undone
	ReviewID domain.CaseID   `json:"review_id,omitzero"` // that it ends
	// of the inventory, where a review ends; zero where none does
	NextDueOn domain.Date     `json:"next_due_on,omitzero"`
	Basis     domain.Basis    `json:"basis"`
	Reasons   domain.Personal `json:"reasons"`
	UndoneAt  time.Time       `json:"undone_at"`
}

func (ServiceEnded) EventType() string     { return "ServiceEnded" }
func (ServiceEndUndone) EventType() string { return "ServiceEndUndone" }

func (e ServiceEnded) EffectiveAt() time.Time     { return e.On.Start() }
func (e ServiceEndUndone) EffectiveAt() time.Time { return e.UndoneAt }

func (e ServiceEnded) Concerns() domain.Concern     { return domain.ConcernsPersons(e.PersonID) }
func (e ServiceEndUndone) Concerns() domain.Concern { return personInCase(e.PersonID, e.ReviewID) }

func (e ServiceStated) LogValue() slog.Value    { return domain.Masked(e) }
func (e ServiceEnded) LogValue() slog.Value     { return domain.Masked(e) }
func (e ServiceEndUndone) LogValue() slog.Value { return domain.Masked(e) }
func (c EndService) LogValue() slog.Value       { return domain.Masked(c) }
func (c UndoServiceEnd) LogValue() slog.Value   { return domain.Masked(c) }

// IsZero reports whether no service is stated.
func (s ServiceStated) IsZero() bool { return s == ServiceStated{} }

// check refuses a service that is not stated whole, or that cannot be. born is zero where it is not
// known. The texts stay as they were signed.
func (s ServiceStated) check(born, today domain.Date) error {
	if s.IsZero() {
		return nil
	}
	for _, line := range []struct {
		text  domain.Personal
		field string
	}{{s.Employer, "service.employer"}, {s.Office, "service.office"}} {
		if _, err := domain.Line(string(line.text), line.field); err != nil {
			return err
		}
	}
	switch {
	case s.Since.IsZero():
		return domain.Refuse(domain.Invalid, domain.CodeRequired,
			"give the day on which the service began").At("service.since")
	case today.Before(s.Since):
		return domain.Refuse(domain.Invalid, domain.CodeDateInFuture,
			"the service has not begun yet: give today or an earlier day").At("service.since")
	case s.Since.Before(born):
		return domain.Refuse(domain.Invalid, domain.CodeBeforeBirth,
			"nobody serves before their birth: correct the day on which the service began").At("service.since")
	}
	return s.Basis.Check(today, "service.basis")
}

// contradictions returns what is to be answered before the applicant is placed on a list of the body
// (Q41). They say nothing of what the applicant stated: that is personal.
func (s ServiceStated) contradictions(applicant domain.PersonID, body string) []Contradiction {
	switch {
	case s.IsZero():
		return []Contradiction{{Code: domain.CodeServiceNotStated, PersonID: applicant, Recorded: body}}
	case !sameBody(string(s.Employer), body):
		return []Contradiction{{Code: domain.CodeServiceElsewhere, PersonID: applicant, Recorded: body}}
	}
	return nil
}

// sameBody reports whether two texts name one body, however they are spaced and capitalised.
func sameBody(a, b string) bool {
	one, err := domain.Line(a, "")
	other, errOther := domain.Line(b, "")
	return err == nil && errOther == nil && strings.EqualFold(one, other)
}

// serviceEnd is the end of the service of the present holder that stands; zero where none does.
type serviceEnd struct {
	revision uint64
	on       domain.Date
	review   domain.CaseID // that it opened
}

// EndService is the command that records the end of a holder's service.
type EndService struct {
	EntryID domain.EntryID
	On      domain.Date
	Basis   domain.Basis // that shows it; always demanded
	Reasons domain.Personal
}

// EndService decides [EndService]: the entry keeps its number, and is reviewed until a last day, as
// one whose family has changed (Q40). Where another review goes on, the end is judged in that one.
func (l *List) EndService(cmd domain.Command, c EndService, by rules.Book) ([]domain.Event, error) {
	e, err := l.onList(c.EntryID)
	if err != nil {
		return nil, err
	}
	switch ended := e.service.on; {
	case c.On.IsZero():
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired, "give the last day of the service").At("on")
	case cmd.Today().Before(c.On):
		return nil, domain.Refuse(domain.Invalid, domain.CodeDateInFuture,
			"the service has not ended yet: give today or an earlier day").At("on")
	case !ended.IsZero() && !ended.Before(c.On):
		return nil, domain.Refuse(domain.Conflict, domain.CodeNothingChanges,
			"the end of the service on %s is recorded: undo it first if the day was a mistake", ended).At("on")
	}
	if err := c.Basis.Demand(true, cmd.Role, cmd.Today(), "basis"); err != nil {
		return nil, err
	}
	if strings.TrimSpace(string(c.Reasons)) == "" {
		return nil, domain.Refuse(domain.Invalid, domain.CodeReasonsRequired,
			"say why the service has ended").At("reasons")
	}
	ended := ServiceEnded{
		ListID: l.Opened.ListID, EntryID: e.ID, PersonID: e.PersonID, On: c.On, Basis: c.Basis, Reasons: c.Reasons,
		RecordedAt: cmd.Now,
	}
	if e.Review != "" {
		return []domain.Event{ended}, nil
	}
	review, err := l.reviewWithin(cmd, *e, ServiceOver, by)
	if err != nil {
		return nil, err
	}
	ended.ReviewID, ended.DecideBy = review.CaseID, review.DecideBy
	return []domain.Event{ended, review}, nil
}

// UndoServiceEnd is the command that undoes the end of a service.
type UndoServiceEnd struct {
	EntryID domain.EntryID
	End     domain.EventRef
	Basis   domain.Basis // that shows the mistake
	Reasons domain.Personal
}

// UndoServiceEnd decides [UndoServiceEnd]: by reference to the end of the present holder's service, by
// a document and with reasons. A review that was opened for it ends, which confirms the entry as every
// end of a review does.
func (l *List) UndoServiceEnd(cmd domain.Command, c UndoServiceEnd, by rules.Book) ([]domain.Event, error) {
	e, err := l.onList(c.EntryID)
	if err != nil {
		return nil, err
	}
	if e.service.on.IsZero() || c.End != (domain.EventRef{Stream: l.Opened.ListID.Stream(), Revision: e.service.revision}) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeFactUnknown,
			"this event is no end of service of this holder that stands; look it up in the history of the person").
			At("service_end")
	}
	if err := c.Basis.Demand(true, cmd.Role, cmd.Today(), "basis"); err != nil {
		return nil, err
	}
	if strings.TrimSpace(string(c.Reasons)) == "" {
		return nil, domain.Refuse(domain.Invalid, domain.CodeReasonsRequired,
			"say why the end of the service was a mistake").At("reasons")
	}
	undone := ServiceEndUndone{
		ListID: l.Opened.ListID, EntryID: e.ID, PersonID: e.PersonID, End: c.End, Basis: c.Basis, Reasons: c.Reasons,
		UndoneAt: cmd.Now,
	}
	if e.Review != "" && e.Proceeding == e.service.review {
		undone.ReviewID, undone.NextDueOn = e.Proceeding, inventoryDue(cmd.Today(), by)
	}
	return []domain.Event{undone}, nil
}

// applyService folds the end of a service, and its undoing, into the entry.
func (l *List) applyService(rec domain.Recorded) {
	switch e := rec.Event.(type) {
	case ServiceEnded:
		l.change(e.EntryID, func(entry *Entry) { entry.service = serviceEnd{rec.Revision, e.On, e.ReviewID} })
	case ServiceEndUndone:
		l.change(e.EntryID, func(entry *Entry) {
			if entry.service = (serviceEnd{}); !e.ReviewID.IsZero() {
				entry.InventoryDueOn, entry.AnswerBy = e.NextDueOn, domain.Date{}
				l.endReview(entry)
			}
		})
	}
}
