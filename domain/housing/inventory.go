package housing

import (
	"log/slog"
	"slices"
	"strings"
	"time"

	"tizilim/domain"
	"tizilim/domain/procedure"
	"tizilim/domain/rules"
)

// inventoryAtOnce is the greatest number of events in one append.
const inventoryAtOnce = 500

// ReviewReason is why an entry comes under review.
type ReviewReason string

const (
	InventoryMissed ReviewReason = "inventory_missed" // no confirmation by its due date
	NeedReported    ReviewReason = "need_lost_reported"
	Doubt           ReviewReason = "doubt"
	HolderDead      ReviewReason = "holder_died"                // it may end with a transfer to the family (Q16)
	HolderDeparted  ReviewReason = "holder_left_country"        // so may this one
	MemberDeparted  ReviewReason = "family_member_left_country" // somebody who is counted for the holder
	FamilyReported  ReviewReason = "family_changed"
	ServiceOver     ReviewReason = "service_ended" // of the holder, in the body whose list it is (Q42)
)

// ReviewReasons lists them all.
var ReviewReasons = []ReviewReason{InventoryMissed, NeedReported, Doubt, HolderDead, HolderDeparted, MemberDeparted, FamilyReported, ServiceOver}

// InventoryConfirmed says that the person is still in need.
type InventoryConfirmed struct {
	ListID      domain.ListID   `json:"list_id"`
	EntryID     domain.EntryID  `json:"entry_id"`
	PersonID    domain.PersonID `json:"person_id"`
	On          domain.Date     `json:"on"`
	NextDueOn   domain.Date     `json:"next_due_on"`
	Review      ReviewReason    `json:"review,omitempty"` // that goes on
	ConfirmedAt time.Time       `json:"confirmed_at"`
}

// InventoryRequested says that the confirmation is due, and that its holder was
// asked for it. What is not confirmed until AnswerBy comes under review.
type InventoryRequested struct {
	ListID      domain.ListID   `json:"list_id"`
	EntryID     domain.EntryID  `json:"entry_id"`
	PersonID    domain.PersonID `json:"person_id"`
	DueOn       domain.Date     `json:"due_on"`
	AnswerBy    domain.Date     `json:"answer_by"`
	RequestedAt time.Time       `json:"requested_at"`
}

// ReviewOpened says that the entry is under review. It keeps its place and its
// number. The review is a case of its own, CaseID, which the body begins on its
// own initiative.
type ReviewOpened struct {
	ListID   domain.ListID   `json:"list_id"`
	EntryID  domain.EntryID  `json:"entry_id"`
	PersonID domain.PersonID `json:"person_id"`
	CaseID   domain.CaseID   `json:"case_id"`
	Reason   ReviewReason    `json:"reason"`
	Note     domain.Personal `json:"note,omitempty"`
	DecideBy domain.Date     `json:"decide_by,omitzero"` // the last day to end it (Q40, Q42, R50); zero where it has no term
	OpenedAt time.Time       `json:"opened_at"`
}

// ReviewClosed says that the entry stays and counts as confirmed. The other end
// of a review is a removal.
type ReviewClosed struct {
	ListID    domain.ListID   `json:"list_id"`
	EntryID   domain.EntryID  `json:"entry_id"`
	PersonID  domain.PersonID `json:"person_id"`
	CaseID    domain.CaseID   `json:"case_id"`
	Note      domain.Personal `json:"note,omitempty"`
	NextDueOn domain.Date     `json:"next_due_on"`       // of the inventory
	Answered  Answer          `json:"answered,omitzero"` // to what the records say of a changed family (Q40)
	ClosedAt  time.Time       `json:"closed_at"`
}

// ChangeKind is what a holder reports (art. 101-7).
type ChangeKind string

const (
	FamilyChanged ChangeKind = "family"
	NeedLost      ChangeKind = "need_lost"
)

// ChangeKinds lists them all.
var ChangeKinds = []ChangeKind{FamilyChanged, NeedLost}

// ChangeReported is a change that the holder has reported.
type ChangeReported struct {
	ListID     domain.ListID   `json:"list_id"`
	EntryID    domain.EntryID  `json:"entry_id"`
	PersonID   domain.PersonID `json:"person_id"`
	Kind       ChangeKind      `json:"kind"`
	Family     []FamilyMember  `json:"family,omitempty"`  // all that is counted from now on
	Papers     []FamilyPaper   `json:"papers,omitempty"`  // that show who joined and who left it (Q40)
	Answered   Answer          `json:"answered,omitzero"` // of the holder, to what the records say
	Note       domain.Personal `json:"note,omitempty"`
	HappenedOn domain.Date     `json:"happened_on"`
	DueOn      domain.Date     `json:"due_on"`             // of the report
	ByStaff    bool            `json:"by_staff,omitempty"` // an official states it
	Basis      domain.Basis    `json:"basis,omitzero"`     // of the official
	ReportedAt time.Time       `json:"reported_at"`
}

func (InventoryConfirmed) EventType() string { return "InventoryConfirmed" }
func (InventoryRequested) EventType() string { return "InventoryRequested" }
func (ReviewOpened) EventType() string       { return "ReviewOpened" }
func (ReviewClosed) EventType() string       { return "ReviewClosed" }
func (ChangeReported) EventType() string     { return "ChangeReported" }

func (e InventoryConfirmed) EffectiveAt() time.Time { return e.On.Start() }
func (e InventoryRequested) EffectiveAt() time.Time { return e.RequestedAt }
func (e ReviewOpened) EffectiveAt() time.Time       { return e.OpenedAt }
func (e ReviewClosed) EffectiveAt() time.Time       { return e.ClosedAt }
func (e ChangeReported) EffectiveAt() time.Time     { return e.HappenedOn.Start() }

func (e InventoryConfirmed) Concerns() domain.Concern { return domain.ConcernsPersons(e.PersonID) }
func (e InventoryRequested) Concerns() domain.Concern { return domain.ConcernsPersons(e.PersonID) }
func (e ReviewClosed) Concerns() domain.Concern       { return personInCase(e.PersonID, e.CaseID) }
func (e ChangeReported) Concerns() domain.Concern {
	c := ofFamily(e.PersonID, e.Family)
	for _, p := range e.Papers { // also of those who have left
		if !slices.Contains(c.Persons, p.PersonID) {
			c.Persons = append(c.Persons, p.PersonID)
		}
	}
	return c
}

func (e ReviewOpened) Concerns() domain.Concern {
	c := personInCase(e.PersonID, e.CaseID)
	c.Begins = true
	return c
}

func (e ReviewOpened) LogValue() slog.Value   { return domain.Masked(e) }
func (e ReviewClosed) LogValue() slog.Value   { return domain.Masked(e) }
func (e ChangeReported) LogValue() slog.Value { return domain.Masked(e) }

func (ReviewOpened) MovesTo() procedure.State { return procedure.InReview }

// Begun is what the procedure needs of the review.
func (e ReviewOpened) Begun() procedure.Application {
	return procedure.Application{CaseID: e.CaseID, ApplicantID: e.PersonID, ReceivedAt: e.OpenedAt, OwnInitiative: true}
}

// inventoryDue is the last day on which an entry that was confirmed on the day
// is confirmed in time (Q23, art. 71(5); for the lists of special bodies a
// policy).
func inventoryDue(confirmed domain.Date, by rules.Book) domain.Date {
	return confirmed.AddMonths(by.On(confirmed).Register.InventoryEveryMonths)
}

// review opens a review of the entry.
func (l *List) review(cmd domain.Command, e Entry, why ReviewReason, note domain.Personal) ReviewOpened {
	return ReviewOpened{
		ListID: l.Opened.ListID, EntryID: e.ID, PersonID: e.PersonID, CaseID: domain.CaseID{UUID: domain.DeriveID(cmd.ID.UUID, "review of "+e.ID.String())},
		Reason: why, Note: note, OpenedAt: cmd.Now,
	}
}

// ReviewAfterDeath decides that the entry of a holder who has died comes under review
// (R27). It keeps its place. An entry that passed to another holder meanwhile is refused.
func (l *List) ReviewAfterDeath(cmd domain.Command, id domain.EntryID, dead domain.PersonID, by rules.Book) ([]domain.Event, error) {
	e, err := l.standing(id)
	if err != nil {
		return nil, err
	}
	if e.PersonID != dead {
		return nil, domain.Refuse(domain.Conflict, domain.CodeHolderChanged, "the entry has another holder now")
	}
	return []domain.Event{l.reviewBy(cmd, *e, HolderDead, by)}, nil
}

// ReviewAfterDeparture decides that the entry comes under review because its holder, or somebody who
// is counted for the holder, has left the country for good (Q39). It keeps its place.
func (l *List) ReviewAfterDeparture(cmd domain.Command, id domain.EntryID, left domain.PersonID, by rules.Book) ([]domain.Event, error) {
	e, err := l.standing(id)
	if err != nil {
		return nil, err
	}
	switch {
	case e.PersonID == left:
		return []domain.Event{l.reviewBy(cmd, *e, HolderDeparted, by)}, nil
	case slices.ContainsFunc(e.Family, func(m FamilyMember) bool { return m.PersonID == left }):
		return []domain.Event{l.reviewBy(cmd, *e, MemberDeparted, by)}, nil
	}
	return nil, domain.Refuse(domain.Conflict, domain.CodeNotDue, "this entry does not count the person")
}

// reviewBy opens a review that is decided until a day.
func (l *List) reviewBy(cmd domain.Command, e Entry, why ReviewReason, by rules.Book) ReviewOpened {
	opened := l.review(cmd, e, why, "")
	opened.DecideBy = cmd.Today().AddMonths(by.On(cmd.Today()).AfterDeath().Months)
	return opened
}

// reviewWithin opens a review that ends within the working days of the edition (Q40, Q42).
func (l *List) reviewWithin(cmd domain.Command, e Entry, why ReviewReason, by rules.Book) (ReviewOpened, error) {
	opened := l.review(cmd, e, why, "")
	var err error
	opened.DecideBy, err = by.Calendar().AddWorkingDays(cmd.Today(), by.On(cmd.Today()).ReviewOfFamily().DecideWithin)
	return opened, err
}

// ConfirmInventory is the command that confirms an entry.
type ConfirmInventory struct {
	EntryID domain.EntryID
	On      domain.Date
}

// ConfirmInventory decides [ConfirmInventory]. A review that was opened because
// the confirmation was missing ends with it.
func (l *List) ConfirmInventory(cmd domain.Command, c ConfirmInventory, by rules.Book) ([]domain.Event, error) {
	e, err := l.onList(c.EntryID)
	if err != nil {
		return nil, err
	}
	if cmd.Today().Before(c.On) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeDateInFuture,
			"a confirmation cannot be in the future: give today or an earlier day").At("on")
	}
	if !e.Confirmed.Before(c.On) {
		return nil, domain.Refuse(domain.Conflict, domain.CodeEffectiveTooEarly,
			"the entry has been confirmed or placed on %s; confirm it on a later day", e.Confirmed).At("on")
	}
	confirmed := InventoryConfirmed{
		ListID: l.Opened.ListID, EntryID: e.ID, PersonID: e.PersonID, On: c.On, NextDueOn: inventoryDue(c.On, by), Review: e.Review, ConfirmedAt: cmd.Now,
	}
	if e.Review != InventoryMissed {
		return []domain.Event{confirmed}, nil
	}
	confirmed.Review = ""
	return []domain.Event{confirmed, ReviewClosed{
		ListID: l.Opened.ListID, EntryID: e.ID, PersonID: e.PersonID, CaseID: e.Proceeding, NextDueOn: confirmed.NextDueOn, ClosedAt: cmd.Now,
	}}, nil
}

// TakeInventory looks at every entry whose confirmation is due. Its holder is
// asked for it; where the holder was asked and did not answer in time, the
// entry comes under review. None is removed (Q23). It records at most 500
// events; where more is due, the command is given again.
func (l *List) TakeInventory(cmd domain.Command, by rules.Book) ([]domain.Event, error) {
	if !l.Known() {
		return nil, UnknownList()
	}
	var events []domain.Event
	var failed error
	l.Ordered(func(_ int, e Entry) bool {
		event, err := l.inventory(cmd, e, by)
		if event != nil {
			events = append(events, event)
		}
		failed = err
		return err == nil && len(events) < inventoryAtOnce
	})
	if failed != nil {
		return nil, failed
	}
	if len(events) == 0 {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNothingChanges,
			"no confirmation is due on this list, and nobody who was asked is late")
	}
	return events, nil
}

// TakeInventoryOf is [List.TakeInventory] of one entry. The registry does so by
// itself when the day has come.
func (l *List) TakeInventoryOf(cmd domain.Command, id domain.EntryID, by rules.Book) ([]domain.Event, error) {
	e, err := l.onList(id)
	if err != nil {
		return nil, err
	}
	event, err := l.inventory(cmd, *e, by)
	if err != nil {
		return nil, err
	}
	if event == nil {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNotDue,
			"the entry need not be confirmed yet, or is under review")
	}
	return []domain.Event{event}, nil
}

// inventory returns what is recorded of the entry on this day; nil where
// nothing is.
func (l *List) inventory(cmd domain.Command, e Entry, by rules.Book) (domain.Event, error) {
	switch today := cmd.Today(); {
	case e.Review != "" || !e.InventoryDueOn.Before(today):
		return nil, nil
	case e.AnswerBy.IsZero():
		until, err := by.Calendar().AddWorkingDays(today, by.On(today).Register.InventoryAnswerWithin)
		if err != nil {
			return nil, err
		}
		return InventoryRequested{
			ListID: l.Opened.ListID, EntryID: e.ID, PersonID: e.PersonID, DueOn: e.InventoryDueOn, AnswerBy: until, RequestedAt: cmd.Now,
		}, nil
	case e.AnswerBy.Before(today):
		return l.review(cmd, e, InventoryMissed, ""), nil
	}
	return nil, nil
}

// Review is the command that opens a review because of doubts or, with Close,
// closes the open one.
type Review struct {
	EntryID domain.EntryID
	Close   bool
	Note    domain.Personal
	Facts   Facts // where a review of a changed family is closed
	Accept  Accept
}

// Review decides [Review]. A review can be closed while a hearing is pending:
// nobody need be heard on a decision to keep the entry. A review of a changed family is closed with
// an answer to what the registry's own records say of it (Q40).
func (l *List) Review(cmd domain.Command, c Review, by rules.Book) ([]domain.Event, error) {
	e, err := l.onList(c.EntryID)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(string(c.Note)) == "" {
		return nil, domain.Refuse(domain.Invalid, domain.CodeReasonsRequired,
			"say what is in doubt, or what the review has found").At("note")
	}
	if !c.Accept.isZero() && (!c.Close || e.Review != FamilyReported) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
			"only the end of a review of a changed family answers the records: leave the answer out").At("accept")
	}
	if c.Close {
		if e.Review == "" {
			return nil, notReviewed()
		}
		closed := ReviewClosed{
			ListID: l.Opened.ListID, EntryID: e.ID, PersonID: e.PersonID, CaseID: e.Proceeding, Note: c.Note,
			NextDueOn: inventoryDue(cmd.Today(), by), ClosedAt: cmd.Now,
		}
		if e.Review == FamilyReported {
			if err := c.Facts.living(e.PersonID, e.Family); err != nil {
				return nil, err
			}
			answered, err := c.Accept.answer(e.Compare(c.Facts, cmd.Today(), by))
			if err != nil {
				return nil, err
			}
			closed.Answered = answered
		}
		return []domain.Event{closed}, nil
	}
	if e, err = l.standing(c.EntryID); err != nil {
		return nil, err
	}
	return []domain.Event{l.review(cmd, *e, Doubt, c.Note)}, nil
}

// ReportChange is the command that records what a holder reports.
type ReportChange struct {
	EntryID    domain.EntryID
	Holder     domain.PersonID // who reports, where it is the citizen; zero for staff
	Kind       ChangeKind
	Family     []FamilyMember // all that is counted from now on
	HappenedOn domain.Date
	Note       domain.Personal
	Basis      domain.Basis // of an official who states it
	Papers     []FamilyPaper
	Born       Births // nil: nothing is known
	Facts      Facts  // of the family, and of those who were in it: births and deaths
	Accept     Accept // by the holder
}

// ReportChange decides [ReportChange]. A changed family is counted from now on, and opens a review
// with a term (Q40); a lost need opens one too (Q18). The term of the report is that of the
// edition in force on the day of the change (art. 101-7).
func (l *List) ReportChange(cmd domain.Command, c ReportChange, by rules.Book) ([]domain.Event, error) {
	e, err := l.onListOf(c.EntryID, c.Holder)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(ChangeKinds, c.Kind) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
			"the changes to report are %v", ChangeKinds).At("kind")
	}
	if c.HappenedOn.IsZero() {
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired, "give the day of the change").At("happened_on")
	}
	if cmd.Today().Before(c.HappenedOn) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeDateInFuture,
			"a change cannot be in the future: give today or an earlier day").At("happened_on")
	}
	err = by.On(cmd.Today()).CheckBasis(rules.ReportChange, cmd.Role, c.Basis, cmd.Today(), "basis")
	if err != nil {
		return nil, err
	}
	due, err := by.Calendar().AddWorkingDays(c.HappenedOn, by.On(c.HappenedOn).Register.ReportChangesWithin)
	if err != nil {
		return nil, err
	}
	reported := ChangeReported{
		ListID: l.Opened.ListID, EntryID: e.ID, PersonID: e.PersonID, Kind: c.Kind, Note: c.Note,
		HappenedOn: c.HappenedOn, DueOn: due, ByStaff: cmd.Role != domain.RoleCitizen, Basis: c.Basis, ReportedAt: cmd.Now,
	}
	if c.Kind == NeedLost {
		if len(c.Papers) > 0 || !c.Accept.isZero() {
			return nil, domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
				"only a change of the family has papers and an answer: leave them out").At("papers")
		}
		events := []domain.Event{reported}
		if e.Review == "" {
			events = append(events, l.review(cmd, *e, NeedReported, ""))
		}
		return events, nil
	}
	if err := checkFamily(e.PersonID, c.Family, by.On(cmd.Today())); err != nil {
		return nil, err
	}
	if err := c.Born.possible(e.PersonID, c.Family, cmd.Today()); err != nil {
		return nil, err
	}
	if err := l.canPassOn(e, e.PersonID, c.Family); err != nil {
		return nil, err
	}
	if err := c.Facts.alive(c.Family); err != nil {
		return nil, err
	}
	changed, err := c.shown(*e, by.On(cmd.Today()), cmd.Today())
	if err != nil {
		return nil, err
	}
	reported.Answered, err = c.Accept.answer(c.Facts.unlikely(e.PersonID, c.Family, by.On(cmd.Today()), cmd.Today()))
	if err != nil {
		return nil, err
	}
	if len(reported.Answered.Contradictions) == 0 && !c.Accept.isZero() {
		return nil, domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
			"the records contradict nothing in this family; leave the answer out").At("accept")
	}
	reported.Family, reported.Papers = c.Family, c.Papers
	if !changed || e.Review != "" {
		return []domain.Event{reported}, nil
	}
	review, err := l.reviewWithin(cmd, *e, FamilyReported, by)
	if err != nil {
		return nil, err
	}
	return []domain.Event{reported, review}, nil
}
