package housing

import (
	"log/slog"
	"slices"
	"time"

	"tizilim/domain"
	"tizilim/domain/procedure"
)

// Requests to confirm an entry, reviews for a missed confirmation and the expiry of consents
// rest on a clock. Whoever keeps the list annuls them by their reference ([domain.Annul]).
// None of them moves an entry: its seniority and its number are what they were.

// RequestAnnulled annuls an [InventoryRequested]: the holder need not answer it. The holder is
// asked anew when the day of the inventory has come, and then has the whole time to answer.
type RequestAnnulled struct {
	ListID   domain.ListID   `json:"list_id"`
	EntryID  domain.EntryID  `json:"entry_id"`
	PersonID domain.PersonID `json:"person_id"`
	domain.Annulment
}

// ReviewAnnulled annuls a [ReviewOpened] for a missed confirmation: the entry stands as before,
// and its holder may confirm it until the last day of the annulment. It is no confirmation.
type ReviewAnnulled struct {
	ListID   domain.ListID   `json:"list_id"`
	EntryID  domain.EntryID  `json:"entry_id"`
	PersonID domain.PersonID `json:"person_id"`
	CaseID   domain.CaseID   `json:"case_id"` // of the review
	domain.Annulment
}

// ConsentExpiryAnnulled annuls a [LookupConsentExpired]: the consent is given on the terms
// on which the person gave it, and expires with its own last day.
type ConsentExpiryAnnulled struct {
	CaseID   domain.CaseID   `json:"case_id,omitzero"`
	ListID   domain.ListID   `json:"list_id,omitzero"`
	EntryID  domain.EntryID  `json:"entry_id,omitzero"`
	PersonID domain.PersonID `json:"person_id"`
	domain.Annulment
}

func (RequestAnnulled) EventType() string       { return "InventoryRequestAnnulled" }
func (ReviewAnnulled) EventType() string        { return "ReviewAnnulled" }
func (ConsentExpiryAnnulled) EventType() string { return "LookupConsentExpiryAnnulled" }

func (e RequestAnnulled) EffectiveAt() time.Time       { return e.AnnulledAt }
func (e ReviewAnnulled) EffectiveAt() time.Time        { return e.AnnulledAt }
func (e ConsentExpiryAnnulled) EffectiveAt() time.Time { return e.AnnulledAt }

func (e RequestAnnulled) Concerns() domain.Concern       { return domain.ConcernsPersons(e.PersonID) }
func (e ReviewAnnulled) Concerns() domain.Concern        { return personInCase(e.PersonID, e.CaseID) }
func (e ConsentExpiryAnnulled) Concerns() domain.Concern { return personInCase(e.PersonID, e.CaseID) }

func (e RequestAnnulled) LogValue() slog.Value       { return domain.Masked(e) }
func (e ReviewAnnulled) LogValue() slog.Value        { return domain.Masked(e) }
func (e ConsentExpiryAnnulled) LogValue() slog.Value { return domain.Masked(e) }

// ClockActs are the acts on an entry that rest on a clock and stand.
type ClockActs struct {
	Asked   domain.ClockAct // the holder to confirm the entry
	Missed  domain.ClockAct // the confirmation, so that the entry is under review
	Expired domain.ClockAct // the consent
	// Annulled is how many such acts were annulled. It tells the task of an act from that of
	// the same act before.
	Annulled int
}

// takeClockActs folds which acts on the entries stand that rest on a clock.
func (l *List) takeClockActs(rec domain.Recorded) {
	none := domain.ClockAct{}
	change := func(id domain.EntryID, how func(*ClockActs)) {
		l.change(id, func(e *Entry) { how(&e.ClockActs) })
	}
	switch e := rec.Event.(type) {
	case InventoryRequested:
		change(e.EntryID, func(a *ClockActs) { a.Asked = domain.ClockActOf(rec) })
	case InventoryConfirmed:
		change(e.EntryID, func(a *ClockActs) { a.Asked = none })
	case ReviewOpened:
		change(e.EntryID, func(a *ClockActs) {
			if a.Missed = none; e.Reason == InventoryMissed {
				a.Missed = domain.ClockActOf(rec)
			}
		})
	case ReviewClosed:
		change(e.EntryID, func(a *ClockActs) { a.Asked, a.Missed = none, none })
	case ServiceEndUndone:
		if !e.ReviewID.IsZero() {
			change(e.EntryID, func(a *ClockActs) { a.Asked, a.Missed = none, none })
		}
	case EntryReinstated:
		change(e.EntryID, func(a *ClockActs) { a.Asked, a.Missed = none, none })
	case EntryTransferred:
		change(e.EntryID, func(a *ClockActs) { a.Expired = none })
	case LookupConsentExpired:
		change(e.EntryID, func(a *ClockActs) { a.Expired = domain.ClockActOf(rec) })
	case LookupConsentRenewed:
		change(e.EntryID, func(a *ClockActs) { a.Expired = none })
	case RequestAnnulled:
		change(e.EntryID, func(a *ClockActs) { a.Asked, a.Annulled = none, a.Annulled+1 })
	case ReviewAnnulled:
		change(e.EntryID, func(a *ClockActs) { a.Missed, a.Annulled = none, a.Annulled+1 })
	case ConsentExpiryAnnulled:
		change(e.EntryID, func(a *ClockActs) { a.Expired, a.Annulled = none, a.Annulled+1 })
	}
}

// undo folds an annulment into the entry.
func (l *List) undo(event domain.Event) {
	switch e := event.(type) {
	case RequestAnnulled:
		l.change(e.EntryID, func(entry *Entry) { entry.AnswerBy = domain.Date{} })
	case ReviewAnnulled:
		l.change(e.EntryID, func(entry *Entry) {
			entry.AnswerBy = e.Until
			l.endReview(entry)
		})
	case ConsentExpiryAnnulled:
		l.change(e.EntryID, func(entry *Entry) { entry.Consent = entry.Consent.after(e) })
	}
}

// Annul decides [domain.Annul] of the act that the event recorded on this list: only by the
// commission, and only while nothing was built on it.
func (l *List) Annul(cmd domain.Command, a domain.Annul, act domain.Event) ([]domain.Event, error) {
	if !l.Known() {
		return nil, UnknownList()
	}
	if a.Event.Stream != l.Opened.ListID.Stream() {
		return nil, domain.NotByClock()
	}
	switch e := act.(type) {
	case InventoryRequested:
		return l.annulRequest(cmd, a, e.EntryID)
	case ReviewOpened:
		if e.Reason == InventoryMissed {
			return l.annulReview(cmd, a, e.EntryID)
		}
	case LookupConsentExpired:
		return l.annulExpiry(cmd, a, e.EntryID)
	case procedure.HearingClosed, procedure.DutyMissed:
		return l.annulStep(cmd, a, e.Concerns().Case)
	}
	return nil, domain.NotByClock()
}

// mayAnnul checks that the caller may annul an act on the entry: an official of the commission
// in whose own matter it is not.
func (e *Entry) mayAnnul(cmd domain.Command, a domain.Annul) error {
	named := func(m FamilyMember) bool { return m.PersonID == cmd.Person }
	if !cmd.Person.IsZero() && (e.PersonID == cmd.Person || slices.ContainsFunc(e.Family, named)) {
		return domain.Refuse(domain.Forbidden, domain.CodeDeciderRecused,
			"this entry is about you or your family: another official must act")
	}
	return a.Check(cmd, domain.RoleCommission)
}

// annulStep annuls a step of a review.
func (l *List) annulStep(cmd domain.Command, a domain.Annul, review domain.CaseID) ([]domain.Event, error) {
	p, ok := l.reviews.Get(review.UUID)
	if !ok {
		return nil, domain.Overtaken("the review has ended since: there is nothing to put right")
	}
	e, err := l.entry(p.entry)
	if err != nil {
		return nil, err
	}
	if err := e.mayAnnul(cmd, a); err != nil {
		return nil, err
	}
	return p.AnnulStep(cmd, procedure.AnnulStep{Annul: a, Stream: a.Event.Stream})
}

// standingFor returns an active entry whose act the caller may annul.
func (l *List) standingFor(cmd domain.Command, a domain.Annul, id domain.EntryID) (*Entry, error) {
	e, err := l.entry(id)
	if err != nil {
		return nil, err
	}
	if err := e.mayAnnul(cmd, a); err != nil {
		return nil, err
	}
	switch e.State() {
	case Removed:
		return nil, domain.Overtaken("the entry has been removed since: a removal is undone by a complaint or an act of " +
			"court, and then the entry is reinstated")
	case Provided:
		return nil, domain.Overtaken("the entry has ended with a dwelling since: there is nothing to put right")
	}
	return e, nil
}

func (l *List) annulRequest(cmd domain.Command, a domain.Annul, id domain.EntryID) ([]domain.Event, error) {
	e, err := l.standingFor(cmd, a, id)
	if err != nil {
		return nil, err
	}
	switch {
	case !e.Asked.Is(a.Event):
		return nil, domain.Overtaken("the request was answered or annulled since: there is nothing to put right")
	case e.Review == InventoryMissed:
		return nil, domain.Overtaken("a review was opened because of this request: annul the review first, event %s",
			domain.EventRef{Stream: a.Event.Stream, Revision: e.Missed.Revision})
	case e.Review != "":
		return nil, domain.Overtaken("the entry is under review since (%s), and no answer is due while it is: close the "+
			"review, which counts as a confirmation", e.Review)
	}
	if err := a.NoLastDay(); err != nil {
		return nil, err
	}
	annulled := RequestAnnulled{l.Opened.ListID, e.ID, e.PersonID, a.Of(e.Asked, cmd)}
	annulled.Due = e.InventoryDueOn.Over()
	return []domain.Event{annulled}, nil
}

func (l *List) annulReview(cmd domain.Command, a domain.Annul, id domain.EntryID) ([]domain.Event, error) {
	e, err := l.standingFor(cmd, a, id)
	if err != nil {
		return nil, err
	}
	if !e.Missed.Is(a.Event) {
		return nil, domain.Overtaken("the review was closed or annulled since: there is nothing to put right")
	}
	if c := l.ReviewCase(e.Proceeding); c.Hearing != nil || c.Heard {
		return nil, domain.Overtaken("the holder has been told since that a removal is intended: close the review, which " +
			"counts as a confirmation")
	}
	annulled := ReviewAnnulled{l.Opened.ListID, e.ID, e.PersonID, e.Proceeding, a.Of(e.Missed, cmd)}
	if annulled.Until, err = a.LastDay(cmd.Today(), e.AnswerBy); err != nil {
		return nil, err
	}
	annulled.Due = annulled.Until.Over()
	return []domain.Event{annulled}, nil
}

func (l *List) annulExpiry(cmd domain.Command, a domain.Annul, id domain.EntryID) ([]domain.Event, error) {
	e, err := l.standingFor(cmd, a, id)
	if err != nil {
		return nil, err
	}
	annulled, err := e.Consent.annulExpiry(cmd, a, e.Expired)
	if err != nil {
		return nil, err
	}
	annulled.ListID, annulled.EntryID, annulled.PersonID = l.Opened.ListID, e.ID, e.PersonID
	return []domain.Event{annulled}, nil
}

// annulExpiry decides what an annulment says of the consent that has expired.
func (c Consent) annulExpiry(cmd domain.Command, a domain.Annul, expired domain.ClockAct) (ConsentExpiryAnnulled, error) {
	none := ConsentExpiryAnnulled{}
	switch {
	case !expired.Is(a.Event):
		return none, domain.Overtaken("the person has given another consent since, or the expiry was annulled: there is " +
			"nothing to put right")
	case c.Until.Before(cmd.Today()):
		return none, domain.Overtaken("the last day of the consent was %s and is over now: ask the person for a new one",
			c.Until)
	}
	if err := a.NoLastDay(); err != nil { // the person has set it
		return none, err
	}
	annulled := ConsentExpiryAnnulled{Annulment: a.Of(expired, cmd)}
	annulled.Due = c.EndsAt()
	return annulled, nil
}

// Annul decides [domain.Annul] of the expiry of the consent of an application that is not
// decided. Once it is, the consent is that of the entry.
func (a *Application) Annul(cmd domain.Command, c domain.Annul, act domain.Event) ([]domain.Event, error) {
	if err := a.ofThisService(); err != nil {
		return nil, err
	}
	if _, ok := act.(LookupConsentExpired); !ok || c.Event.Stream != a.CaseID.Stream() {
		return nil, domain.NotByClock()
	}
	if err := a.Annulling(cmd); err != nil {
		return nil, err
	}
	if err := c.Check(cmd, domain.RoleCommission); err != nil {
		return nil, err
	}
	if !a.State.Open() || a.Approved != nil {
		return nil, domain.Overtaken("the case is decided (%s): a refusal is undone by a complaint; on an entry the person "+
			"gives the consent anew", a.State)
	}
	annulled, err := a.Consent.annulExpiry(cmd, c, a.Expired)
	if err != nil {
		return nil, err
	}
	annulled.CaseID, annulled.PersonID = a.CaseID, a.ApplicantID
	return []domain.Event{annulled}, nil
}
