package housing

import (
	"slices"
	"strings"
	"time"

	"tizilim/domain"
	"tizilim/domain/rules"
)

const (
	// inventoryEvery is the number of months within which every entry is
	// confirmed once (Q23, art. 71(5); for the lists of special bodies a policy).
	inventoryEvery = 12
	// reviewsAtOnce bounds the events of one append.
	reviewsAtOnce = 500
)

// ReviewReason is why an entry is looked at again.
type ReviewReason string

const (
	InventoryMissed ReviewReason = "inventory_missed" // no confirmation by its due date
	NeedReported    ReviewReason = "need_lost_reported"
	Doubt           ReviewReason = "doubt"
)

// InventoryConfirmed says that the person still stands in need.
type InventoryConfirmed struct {
	ListID      domain.ListID   `json:"list_id"`
	EntryID     domain.EntryID  `json:"entry_id"`
	PersonID    domain.PersonID `json:"person_id"`
	On          domain.Date     `json:"on"`
	NextDueOn   domain.Date     `json:"next_due_on"`
	ConfirmedAt time.Time       `json:"confirmed_at"`
}

// ReviewOpened says that the entry is under review. It keeps its place and its
// number.
type ReviewOpened struct {
	ListID   domain.ListID   `json:"list_id"`
	EntryID  domain.EntryID  `json:"entry_id"`
	PersonID domain.PersonID `json:"person_id"`
	Reason   ReviewReason    `json:"reason"`
	Note     domain.Personal `json:"note,omitempty"`
	OpenedAt time.Time       `json:"opened_at"`
}

// ReviewClosed says that the entry stays. The other end of a review is a
// removal.
type ReviewClosed struct {
	ListID   domain.ListID   `json:"list_id"`
	EntryID  domain.EntryID  `json:"entry_id"`
	PersonID domain.PersonID `json:"person_id"`
	Note     domain.Personal `json:"note,omitempty"`
	ClosedAt time.Time       `json:"closed_at"`
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
	Family     []FamilyMember  `json:"family,omitempty"` // all that is counted from now on
	Note       domain.Personal `json:"note,omitempty"`
	HappenedOn domain.Date     `json:"happened_on"`
	DueOn      domain.Date     `json:"due_on"` // of the report
	ReportedAt time.Time       `json:"reported_at"`
}

func (InventoryConfirmed) EventType() string { return "InventoryConfirmed" }
func (ReviewOpened) EventType() string       { return "ReviewOpened" }
func (ReviewClosed) EventType() string       { return "ReviewClosed" }
func (ChangeReported) EventType() string     { return "ChangeReported" }

func (e InventoryConfirmed) EffectiveAt() time.Time { return e.On.Start() }
func (e ReviewOpened) EffectiveAt() time.Time       { return e.OpenedAt }
func (e ReviewClosed) EffectiveAt() time.Time       { return e.ClosedAt }
func (e ChangeReported) EffectiveAt() time.Time     { return e.HappenedOn.Start() }

// InventoryDueOn is the last day on which the entry can be confirmed in time.
func (e Entry) InventoryDueOn() domain.Date { return e.Confirmed.AddMonths(inventoryEvery) }

// ConfirmInventory is the command that confirms an entry.
type ConfirmInventory struct {
	EntryID domain.EntryID
	On      domain.Date
}

// ConfirmInventory decides [ConfirmInventory]. A review that was opened because
// the confirmation was missing ends with it.
func (q *Queue) ConfirmInventory(cmd domain.Command, c ConfirmInventory) ([]domain.Event, error) {
	e, err := q.onList(c.EntryID)
	if err != nil {
		return nil, err
	}
	if cmd.Today().Before(c.On) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeDateInFuture, "an entry is confirmed when that has happened: the day is at the latest today").At("on")
	}
	if !e.Confirmed.Before(c.On) {
		return nil, domain.Refuse(domain.Conflict, domain.CodeEffectiveTooEarly, "the entry has been confirmed or placed on %s; confirm it on a later day", e.Confirmed).At("on")
	}
	events := []domain.Event{InventoryConfirmed{
		ListID: q.List.ListID, EntryID: e.ID, PersonID: e.PersonID, On: c.On, NextDueOn: c.On.AddMonths(inventoryEvery), ConfirmedAt: cmd.Now,
	}}
	if e.Review == InventoryMissed {
		events = append(events, ReviewClosed{ListID: q.List.ListID, EntryID: e.ID, PersonID: e.PersonID, ClosedAt: cmd.Now})
	}
	return events, nil
}

// TakeInventory decides to look at every entry whose confirmation is overdue:
// each comes under review, none is removed (Q23). It opens at most 500 reviews;
// where more are due, the command is given again.
func (q *Queue) TakeInventory(cmd domain.Command) ([]domain.Event, error) {
	if !q.Known() {
		return nil, UnknownList()
	}
	var events []domain.Event
	q.Ordered(func(_ int, e Entry) bool {
		if e.Review == "" && e.InventoryDueOn().Before(cmd.Today()) {
			events = append(events, ReviewOpened{
				ListID: q.List.ListID, EntryID: e.ID, PersonID: e.PersonID, Reason: InventoryMissed, OpenedAt: cmd.Now,
			})
		}
		return len(events) < reviewsAtOnce
	})
	if len(events) == 0 {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNothingChanges, "no confirmation is overdue on this list")
	}
	return events, nil
}

// Review is the command that opens a review of doubts, or with Close closes the
// one that is open.
type Review struct {
	EntryID domain.EntryID
	Close   bool
	Note    domain.Personal
}

// Review decides [Review].
func (q *Queue) Review(cmd domain.Command, c Review) ([]domain.Event, error) {
	e, err := q.onList(c.EntryID)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(string(c.Note)) == "" {
		return nil, domain.Refuse(domain.Invalid, domain.CodeReasonsRequired, "say what is in doubt, or what the review has found").At("note")
	}
	if c.Close {
		if e.Review == "" {
			return nil, domain.Refuse(domain.Conflict, domain.CodeEntryNotReviewed, "this entry is not under review")
		}
		return []domain.Event{ReviewClosed{ListID: q.List.ListID, EntryID: e.ID, PersonID: e.PersonID, Note: c.Note, ClosedAt: cmd.Now}}, nil
	}
	if e, err = q.standing(c.EntryID); err != nil {
		return nil, err
	}
	return []domain.Event{ReviewOpened{
		ListID: q.List.ListID, EntryID: e.ID, PersonID: e.PersonID, Reason: Doubt, Note: c.Note, OpenedAt: cmd.Now,
	}}, nil
}

// ReportChange is the command that records what a holder reports.
type ReportChange struct {
	EntryID    domain.EntryID
	Holder     domain.PersonID // who reports, where it is the citizen; zero for staff
	Kind       ChangeKind
	Family     []FamilyMember // all that is counted from now on
	HappenedOn domain.Date
	Note       domain.Personal
}

// ReportChange decides [ReportChange]. A changed family is counted from now on;
// a lost need opens a review (Q18). The term of the report is that of the
// edition in force on the day of the change (art. 101-7).
func (q *Queue) ReportChange(cmd domain.Command, c ReportChange, by rules.Book) ([]domain.Event, error) {
	e, err := q.onListOf(c.EntryID, c.Holder)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(ChangeKinds, c.Kind) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeValueUnknown, "the changes to report are %v", ChangeKinds).At("kind")
	}
	if c.HappenedOn.IsZero() {
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired, "give the day of the change").At("happened_on")
	}
	if cmd.Today().Before(c.HappenedOn) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeDateInFuture, "a change is reported when it has happened: the day is at the latest today").At("happened_on")
	}
	due, err := by.Calendar().AddWorkingDays(c.HappenedOn, by.On(c.HappenedOn).Register.ReportChangesWithin)
	if err != nil {
		return nil, err
	}
	reported := ChangeReported{
		ListID: q.List.ListID, EntryID: e.ID, PersonID: e.PersonID, Kind: c.Kind, Note: c.Note,
		HappenedOn: c.HappenedOn, DueOn: due, ReportedAt: cmd.Now,
	}
	if c.Kind == NeedLost {
		events := []domain.Event{reported}
		if e.Review == "" {
			events = append(events, ReviewOpened{ListID: q.List.ListID, EntryID: e.ID, PersonID: e.PersonID, Reason: NeedReported, OpenedAt: cmd.Now})
		}
		return events, nil
	}
	if err := checkFamily(e.PersonID, c.Family); err != nil {
		return nil, err
	}
	if err := q.canPassOn(e, e.PersonID, c.Family); err != nil {
		return nil, err
	}
	reported.Family = c.Family
	return []domain.Event{reported}, nil
}
