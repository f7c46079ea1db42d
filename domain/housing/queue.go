package housing

import (
	"cmp"
	"slices"
	"sort"
	"time"

	"github.com/tidwall/btree"

	"tizilim/domain"
)

// Seniority is the place of an entry in the total order of its list (Q6): the
// instant of the complete application, then the position of that application
// in the log, which no two applications share. It does not depend on who
// decides, when or how fast.
type Seniority struct {
	At       time.Time       `json:"at"`
	Position domain.Position `json:"position"`
}

// Compare is negative, zero or positive as s stands before, with or after o.
func (s Seniority) Compare(o Seniority) int {
	if c := s.At.Compare(o.At); c != 0 {
		return c
	}
	return cmp.Compare(s.Position, o.Position)
}

// RemovalReason is why an entry leaves the list (housing law, art. 73(1)).
type RemovalReason string

const (
	GroundsFellAway       RemovalReason = "grounds_fell_away"
	DepartureOrEndOfWork  RemovalReason = "departure_or_end_of_employment"
	UntrueInformation     RemovalReason = "untrue_information"
	DwellingAcquired      RemovalReason = "dwelling_acquired"
	StateDwellingReceived RemovalReason = "state_dwelling_received"
)

// RemovalReasons lists them all.
var RemovalReasons = []RemovalReason{GroundsFellAway, DepartureOrEndOfWork, UntrueInformation, DwellingAcquired, StateDwellingReceived}

// ReinstatementGround is why a removed entry comes back with its seniority: only
// by a complaint that was satisfied or by an act of court (E.5).
type ReinstatementGround string

const (
	ComplaintSatisfied ReinstatementGround = "complaint_satisfied"
	CourtAct           ReinstatementGround = "court_act"
)

// ReinstatementGrounds lists them all.
var ReinstatementGrounds = []ReinstatementGround{ComplaintSatisfied, CourtAct}

// ListOpened begins the stream of a list: those in need at one body in one
// settlement.
type ListOpened struct {
	ListID     domain.ListID `json:"list_id"`
	Body       string        `json:"body"`
	Settlement string        `json:"settlement"`
	Title      string        `json:"title"`
	OpenedAt   time.Time     `json:"opened_at"`
}

// EntryPlaced puts a person on the list. Number is what the certificate says;
// it is never rewritten (Q9).
type EntryPlaced struct {
	ListID       domain.ListID   `json:"list_id"`
	EntryID      domain.EntryID  `json:"entry_id"`
	PersonID     domain.PersonID `json:"person_id"`
	CaseID       domain.CaseID   `json:"case_id"`
	Seniority    Seniority       `json:"seniority"`
	RegisteredOn domain.Date     `json:"registered_on"`
	Number       int             `json:"number"`
	PlacedAt     time.Time       `json:"placed_at"`
}

// EntryRemoved takes an entry off the list.
type EntryRemoved struct {
	ListID    domain.ListID   `json:"list_id"`
	EntryID   domain.EntryID  `json:"entry_id"`
	PersonID  domain.PersonID `json:"person_id"`
	Seniority Seniority       `json:"seniority"`
	Reason    RemovalReason   `json:"reason"`
	Note      domain.Personal `json:"note,omitempty"`
	RemovedAt time.Time       `json:"removed_at"`
}

// EntryReinstated brings a removed entry back to the place that its seniority
// gives it.
type EntryReinstated struct {
	ListID       domain.ListID       `json:"list_id"`
	EntryID      domain.EntryID      `json:"entry_id"`
	PersonID     domain.PersonID     `json:"person_id"`
	Seniority    Seniority           `json:"seniority"`
	Ground       ReinstatementGround `json:"ground"`
	Note         domain.Personal     `json:"note,omitempty"`
	ReinstatedAt time.Time           `json:"reinstated_at"`
}

func (ListOpened) EventType() string      { return "ListOpened" }
func (EntryPlaced) EventType() string     { return "EntryPlaced" }
func (EntryRemoved) EventType() string    { return "EntryRemoved" }
func (EntryReinstated) EventType() string { return "EntryReinstated" }

func (e ListOpened) EffectiveAt() time.Time      { return e.OpenedAt }
func (e EntryPlaced) EffectiveAt() time.Time     { return e.PlacedAt }
func (e EntryRemoved) EffectiveAt() time.Time    { return e.RemovedAt }
func (e EntryReinstated) EffectiveAt() time.Time { return e.ReinstatedAt }

// Entry is a person's place on a list.
type Entry struct {
	ID           domain.EntryID
	PersonID     domain.PersonID
	CaseID       domain.CaseID
	Seniority    Seniority
	RegisteredOn domain.Date
	Certified    int // the number on the certificate
	Active       bool
}

// Queue is the state of a queue- stream. The zero Queue is a list that was not
// opened. A Queue must not be copied.
type Queue struct {
	List    ListOpened
	entries map[domain.EntryID]*Entry
	active  map[domain.PersonID]*Entry
	left    map[domain.PersonID]domain.Position // where the log holds the last removal of the person
	order   *btree.BTreeG[*Entry]               // the active entries by seniority; ranks in O(log² n)
}

// Known reports whether the list has been opened.
func (q *Queue) Known() bool { return !q.List.ListID.IsZero() }

// Len is the number of active entries.
func (q *Queue) Len() int { return len(q.active) }

// Entry returns the entry with that id, active or not.
func (q *Queue) Entry(id domain.EntryID) (Entry, bool) {
	e, ok := q.entries[id]
	if !ok {
		return Entry{}, false
	}
	return *e, true
}

// Number returns the current ordinal of an active entry, 1 for the first (Q7).
func (q *Queue) Number(id domain.EntryID) (int, bool) {
	e, ok := q.entries[id]
	if !ok || !e.Active {
		return 0, false
	}
	return q.before(e.Seniority) + 1, true
}

// Ordered calls yield for the active entries in order, with their numbers.
func (q *Queue) Ordered(yield func(number int, e Entry) bool) {
	if !q.Known() {
		return
	}
	n := 0
	q.order.Scan(func(e *Entry) bool {
		n++
		return yield(n, *e)
	})
}

// before counts the active entries that stand before s.
func (q *Queue) before(s Seniority) int {
	if !q.Known() {
		return 0
	}
	return sort.Search(q.order.Len(), func(i int) bool {
		e, _ := q.order.GetAt(i)
		return e.Seniority.Compare(s) >= 0
	})
}

// Apply folds the next event of the stream into q.
func (q *Queue) Apply(rec domain.Recorded) {
	switch e := rec.Event.(type) {
	case ListOpened:
		q.List = e
		q.entries = make(map[domain.EntryID]*Entry)
		q.active = make(map[domain.PersonID]*Entry)
		q.left = make(map[domain.PersonID]domain.Position)
		q.order = btree.NewBTreeGOptions(
			func(a, b *Entry) bool { return a.Seniority.Compare(b.Seniority) < 0 },
			btree.Options{NoLocks: true}, // the owner of the state serialises access
		)
	case EntryPlaced:
		entry := &Entry{
			ID: e.EntryID, PersonID: e.PersonID, CaseID: e.CaseID, Seniority: e.Seniority,
			RegisteredOn: e.RegisteredOn, Certified: e.Number,
		}
		q.entries[e.EntryID] = entry
		q.activate(entry)
	case EntryRemoved:
		if entry, ok := q.entries[e.EntryID]; ok && entry.Active {
			entry.Active = false
			delete(q.active, entry.PersonID)
			q.left[entry.PersonID] = rec.Position
			q.order.Delete(entry)
		}
	case EntryReinstated:
		if entry, ok := q.entries[e.EntryID]; ok && !entry.Active {
			q.activate(entry)
		}
	}
}

func (q *Queue) activate(e *Entry) {
	e.Active = true
	q.active[e.PersonID] = e
	q.order.Set(e)
}

// OpenList is the command that opens a list.
type OpenList struct {
	ListID     domain.ListID
	Body       string // the state body whose service dwellings are meant
	Settlement string
	Title      string
}

// Open decides [OpenList].
func (q *Queue) Open(cmd domain.Command, c OpenList) ([]domain.Event, error) {
	if q.Known() {
		return nil, domain.Refuse(domain.Conflict, domain.CodeListOpened, "this list has been opened already")
	}
	return []domain.Event{ListOpened{
		ListID: c.ListID, Body: c.Body, Settlement: c.Settlement, Title: c.Title, OpenedAt: cmd.Now,
	}}, nil
}

// Place is the command that puts an approved applicant on the list.
type Place struct {
	EntryID      domain.EntryID
	PersonID     domain.PersonID
	CaseID       domain.CaseID
	Seniority    Seniority
	RegisteredOn domain.Date
	Approved     domain.Position // of the approval in the log
}

// Place decides [Place]: the number is the entry's ordinal at this moment (Q2),
// its order that of its seniority (Q6). A person has one active entry (Q5).
//
// An approval that has met an active entry of the person stays refused when
// that entry is gone. Whoever saw the refusal voids the approval; whoever
// repeats or finishes the act later must not place what was voided.
func (q *Queue) Place(cmd domain.Command, c Place) ([]domain.Event, error) {
	if err := q.CanJoin(c.PersonID); err != nil {
		return nil, err
	}
	if q.left[c.PersonID] > c.Approved {
		return nil, domain.Refuse(domain.Conflict, domain.CodeAlreadyOnList,
			"the applicant had an active entry on this list when the placement was approved; it has been removed since: decide again").At("applicant_id")
	}
	return []domain.Event{EntryPlaced{
		ListID: q.List.ListID, EntryID: c.EntryID, PersonID: c.PersonID, CaseID: c.CaseID, Seniority: c.Seniority,
		RegisteredOn: c.RegisteredOn, Number: q.before(c.Seniority) + 1, PlacedAt: cmd.Now,
	}}, nil
}

// CanJoin refuses a list that was not opened and a person who already stands on
// it (Q5).
func (q *Queue) CanJoin(p domain.PersonID) error {
	if !q.Known() {
		return UnknownList()
	}
	if _, stands := q.active[p]; stands {
		return domain.Refuse(domain.Conflict, domain.CodeAlreadyOnList,
			"the applicant already has an active entry on this list; one person has one entry").At("applicant_id")
	}
	return nil
}

// Remove is the command that takes an entry off the list.
type Remove struct {
	EntryID domain.EntryID
	Reason  RemovalReason
	Note    domain.Personal
}

// Remove decides [Remove]. The numbers behind fall by one, those before stay
// (Q8).
func (q *Queue) Remove(cmd domain.Command, c Remove) ([]domain.Event, error) {
	e, err := q.entry(c.EntryID)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(RemovalReasons, c.Reason) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeValueUnknown, "an entry is removed for one of the reasons %v", RemovalReasons).At("reason")
	}
	if !e.Active {
		return nil, domain.Refuse(domain.Conflict, domain.CodeEntryNotActive, "this entry is not on the list any more")
	}
	return []domain.Event{EntryRemoved{
		ListID: q.List.ListID, EntryID: e.ID, PersonID: e.PersonID, Seniority: e.Seniority,
		Reason: c.Reason, Note: c.Note, RemovedAt: cmd.Now,
	}}, nil
}

// Reinstate is the command that brings a removed entry back.
type Reinstate struct {
	EntryID domain.EntryID
	Ground  ReinstatementGround
	Note    domain.Personal
}

// Reinstate decides [Reinstate]: with the original seniority, unless the person
// has meanwhile got another active entry on the list (Q5).
func (q *Queue) Reinstate(cmd domain.Command, c Reinstate) ([]domain.Event, error) {
	e, err := q.entry(c.EntryID)
	if err != nil {
		return nil, err
	}
	if c.Ground == "" {
		return nil, domain.Refuse(domain.Invalid, domain.CodeGroundRequired, "a reinstatement states one of the grounds %v", ReinstatementGrounds).At("ground")
	}
	if !slices.Contains(ReinstatementGrounds, c.Ground) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeGroundUnknown, "a reinstatement has exactly one of the grounds %v", ReinstatementGrounds).At("ground")
	}
	if e.Active {
		return nil, domain.Refuse(domain.Conflict, domain.CodeEntryNotRemoved, "this entry stands on the list; only a removed one can be reinstated")
	}
	if err := q.CanJoin(e.PersonID); err != nil {
		return nil, err
	}
	return []domain.Event{EntryReinstated{
		ListID: q.List.ListID, EntryID: e.ID, PersonID: e.PersonID, Seniority: e.Seniority,
		Ground: c.Ground, Note: c.Note, ReinstatedAt: cmd.Now,
	}}, nil
}

func (q *Queue) entry(id domain.EntryID) (*Entry, error) {
	if !q.Known() {
		return nil, UnknownList()
	}
	e, ok := q.entries[id]
	if !ok {
		return nil, domain.Refuse(domain.NotFound, domain.CodeEntryUnknown, "the list has no such entry")
	}
	return e, nil
}

// UnknownList is the refusal of an id that names no list.
func UnknownList() *domain.Error {
	return domain.Refuse(domain.NotFound, domain.CodeListUnknown, "no list with this id was opened; open one with POST /v1/queues")
}
