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
// decides, when or how fast. An entry that was given priority ([Prioritise])
// stands before all that were not.
type Seniority struct {
	At       time.Time       `json:"at"`
	Position domain.Position `json:"position"`
	Priority bool            `json:"priority,omitempty"`
}

// Compare is negative, zero or positive as s stands before, with or after o.
func (s Seniority) Compare(o Seniority) int {
	if s.Priority != o.Priority {
		if s.Priority {
			return -1
		}
		return 1
	}
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
	Family       []FamilyMember  `json:"family,omitempty"` // counted with the person
	Consent      Consent         `json:"consent"`          // to look-ups, as the application came to it
	RegisteredOn domain.Date     `json:"registered_on"`
	Number       int             `json:"number"`
	PlacedAt     time.Time       `json:"placed_at"`
}

// EntryRemoved takes an entry off the list. The written notice with the grounds
// is due on NoticeDueOn ([NoticeGiven]).
type EntryRemoved struct {
	ListID      domain.ListID   `json:"list_id"`
	EntryID     domain.EntryID  `json:"entry_id"`
	PersonID    domain.PersonID `json:"person_id"`
	Seniority   Seniority       `json:"seniority"`
	Reason      RemovalReason   `json:"reason"`
	Note        domain.Personal `json:"note,omitempty"`
	NoticeDueOn domain.Date     `json:"notice_due_on"`
	RemovedAt   time.Time       `json:"removed_at"`
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
	FiledAt      time.Time      // of the complete application; the seniority may have been re-dated since
	Family       []FamilyMember // counted with the person
	RegisteredOn domain.Date
	Certified    int // the number on the certificate
	Active       bool

	Review      ReviewReason // why it is under review; empty where it is not
	Provided    bool         // with a dwelling, which ended it
	Protected   []ProtectedCategory
	Confirmed   domain.Date // of the last inventory; the day of placing before the first
	Consent     Consent     // to look-ups in other systems (C20, Q22)
	NoticeDueOn domain.Date // of the removal; zero where no notice is owed
}

// EntryState is where an entry stands in the table of its states.
type EntryState string

const (
	Active      EntryState = "active"
	UnderReview EntryState = "under_review" // keeps its number
	Provided    EntryState = "provided"     // terminal
	Removed     EntryState = "removed"      // until it is reinstated
)

// State returns the state of the entry.
func (e Entry) State() EntryState {
	switch {
	case e.Provided:
		return Provided
	case !e.Active:
		return Removed
	case e.Review != "":
		return UnderReview
	}
	return Active
}

// persons is how many people live in a dwelling that is given to the entry.
func (e Entry) persons() int { return 1 + len(e.Family) }

// Queue is the state of a queue- stream. The zero Queue is a list that was not
// opened. A Queue must not be copied.
type Queue struct {
	List     ListOpened
	Priority []PriorityCategory // that the list's rule names; none where it has no rule
	entries  map[domain.EntryID]*Entry
	active   map[domain.PersonID]*Entry
	spouses  map[domain.PersonID]int             // active entries that count the person as a spouse
	left     map[domain.PersonID]domain.Position // where the log holds the last event after which the person no longer stood, or no longer counted as a spouse
	order    *btree.BTreeG[*Entry]               // the active entries by seniority; ranks in O(log² n)
	provided []PublicProvision                   // in the order of the log
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
		q.spouses = make(map[domain.PersonID]int)
		q.left = make(map[domain.PersonID]domain.Position)
		q.order = btree.NewBTreeGOptions(
			func(a, b *Entry) bool { return a.Seniority.Compare(b.Seniority) < 0 },
			btree.Options{NoLocks: true}, // the owner of the state serialises access
		)
	case EntryPlaced:
		entry := &Entry{
			ID: e.EntryID, PersonID: e.PersonID, CaseID: e.CaseID, Seniority: e.Seniority, FiledAt: e.Seniority.At,
			Family: e.Family, RegisteredOn: e.RegisteredOn, Certified: e.Number, Confirmed: e.RegisteredOn,
			Consent: e.Consent,
		}
		q.entries[e.EntryID] = entry
		q.activate(entry)
	case EntryRemoved:
		if entry, ok := q.entries[e.EntryID]; ok && entry.Active {
			q.deactivate(entry, rec.Position)
			entry.Review, entry.NoticeDueOn = "", e.NoticeDueOn
		}
	case EntryReinstated:
		if entry, ok := q.entries[e.EntryID]; ok && !entry.Active {
			entry.NoticeDueOn = domain.Date{}
			q.activate(entry)
		}
	case NoticeGiven:
		q.change(e.EntryID, func(entry *Entry) { entry.NoticeDueOn = domain.Date{} })
	case EntryRedated:
		q.move(e.EntryID, e.Seniority)
	case EntryTransferred:
		if entry, ok := q.entries[e.EntryID]; ok && entry.Active {
			q.deactivate(entry, rec.Position)
			entry.PersonID, entry.Family = e.PersonID, e.Family
			entry.Consent = Consent{} // it was the former holder's to give
			q.activate(entry)
		}
	case EntryProvided:
		if entry, ok := q.entries[e.EntryID]; ok && entry.Active {
			q.deactivate(entry, rec.Position)
			entry.Provided = true
			q.provided = append(q.provided, PublicProvision{
				Persons: e.Persons, PlacedOn: entry.RegisteredOn, Area: e.Dwelling.Area, ProvidedAt: e.ProvidedAt,
			})
		}
	case PriorityRuleSet:
		q.Priority = e.Categories
	case EntryPrioritised:
		q.move(e.EntryID, e.Seniority)
	case PriorityEnded:
		q.move(e.EntryID, e.Seniority)
	case ProtectionRecorded:
		q.change(e.EntryID, func(entry *Entry) { entry.Protected = append(slices.Clip(entry.Protected), e.Category) })
	case ProtectionLifted:
		q.change(e.EntryID, func(entry *Entry) {
			entry.Protected = slices.DeleteFunc(slices.Clone(entry.Protected), func(c ProtectedCategory) bool { return c == e.Category })
		})
	case InventoryConfirmed:
		q.change(e.EntryID, func(entry *Entry) { entry.Confirmed = e.On })
	case ReviewOpened:
		q.change(e.EntryID, func(entry *Entry) { entry.Review = e.Reason })
	case ReviewClosed:
		q.change(e.EntryID, func(entry *Entry) { entry.Review = "" })
	case ChangeReported:
		if entry, ok := q.entries[e.EntryID]; ok && entry.Active && e.Kind == FamilyChanged {
			q.deactivate(entry, rec.Position)
			entry.Family = e.Family
			q.activate(entry)
		}
	case LookupConsentWithdrawn:
		q.change(e.EntryID, func(entry *Entry) { entry.Consent = entry.Consent.after(e) })
	case LookupConsentRenewed:
		q.change(e.EntryID, func(entry *Entry) { entry.Consent = entry.Consent.after(e) })
	case LookupConsentExpired:
		q.change(e.EntryID, func(entry *Entry) { entry.Consent = entry.Consent.after(e) })
	}
}

func (q *Queue) activate(e *Entry) {
	e.Active = true
	q.active[e.PersonID] = e
	for _, s := range spousesIn(e.Family) {
		q.spouses[s]++
	}
	q.order.Set(e)
}

// deactivate takes the entry off the list at that position of the log.
func (q *Queue) deactivate(e *Entry, at domain.Position) {
	e.Active = false
	delete(q.active, e.PersonID)
	q.left[e.PersonID] = at
	for _, s := range spousesIn(e.Family) {
		if q.spouses[s]--; q.spouses[s] == 0 {
			delete(q.spouses, s)
		}
		q.left[s] = at
	}
	q.order.Delete(e)
}

// move gives a standing entry another place in the order.
func (q *Queue) move(id domain.EntryID, to Seniority) {
	if e, ok := q.entries[id]; ok && e.Active {
		q.order.Delete(e)
		e.Seniority = to
		q.order.Set(e)
	}
}

func (q *Queue) change(id domain.EntryID, how func(*Entry)) {
	if e, ok := q.entries[id]; ok {
		how(e)
	}
}

func spousesIn(family []FamilyMember) []domain.PersonID {
	var spouses []domain.PersonID
	for _, m := range family {
		if m.Relation == Spouse {
			spouses = append(spouses, m.PersonID)
		}
	}
	return spouses
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
	Family       []FamilyMember
	Consent      Consent
	RegisteredOn domain.Date
	Approved     domain.Position // of the approval in the log
}

// Place decides [Place]: the number is the entry's ordinal at this moment (Q2),
// its order that of its seniority (Q6). A person has one active entry, and of
// two spouses one has it (Q5).
//
// An approval that has met an active entry of the person or of a spouse stays
// refused when that entry is gone. Whoever saw the refusal voids the approval;
// whoever repeats or finishes the act later must not place what was voided.
func (q *Queue) Place(cmd domain.Command, c Place) ([]domain.Event, error) {
	if err := q.canStand(c.PersonID, c.Family); err != nil {
		return nil, err
	}
	for _, p := range append(spousesIn(c.Family), c.PersonID) {
		if q.left[p] > c.Approved {
			return nil, domain.Refuse(domain.Conflict, domain.CodeAlreadyOnList,
				"the applicant or the spouse had an active entry on this list when the placement was approved; it has been removed since: decide again").At("applicant_id")
		}
	}
	return []domain.Event{EntryPlaced{
		ListID: q.List.ListID, EntryID: c.EntryID, PersonID: c.PersonID, CaseID: c.CaseID, Seniority: c.Seniority, Family: c.Family,
		Consent: c.Consent, RegisteredOn: c.RegisteredOn, Number: q.before(c.Seniority) + 1, PlacedAt: cmd.Now,
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

// canStand is [Queue.CanJoin] of a person with a family: of two spouses in the
// same body one has the benefit, by their choice (Q5, art. 101-3(2)). They
// choose by leaving one application or entry.
func (q *Queue) canStand(p domain.PersonID, family []FamilyMember) error {
	if err := q.CanJoin(p); err != nil {
		return err
	}
	taken := q.spouses[p] > 0
	for _, s := range spousesIn(family) {
		_, stands := q.active[s]
		taken = taken || stands
	}
	if taken {
		return domain.Refuse(domain.Conflict, domain.CodeSpouseOnList,
			"the spouse already has an active entry on this list; of two spouses one has the benefit, by their choice").At("applicant_id")
	}
	return nil
}

// Remove is the command that takes an entry off the list.
type Remove struct {
	EntryID domain.EntryID
	Reason  RemovalReason
	Note    domain.Personal
}

// noticeTerm is how many days after a removal its written notice is due (Q15,
// art. 73(3)).
const noticeTerm = 10

// Remove decides [Remove]: for a listed reason, and of nobody who is protected
// until provided (Q15, Q15a). The numbers behind fall by one, those before stay
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
		return nil, notActive()
	}
	if len(e.Protected) > 0 {
		return nil, domain.Refuse(domain.Conflict, domain.CodeEntryProtected,
			"this entry is protected (%v): it cannot be removed before a dwelling is provided; where the protection does not hold, lift it first", e.Protected)
	}
	return []domain.Event{EntryRemoved{
		ListID: q.List.ListID, EntryID: e.ID, PersonID: e.PersonID, Seniority: e.Seniority,
		Reason: c.Reason, Note: c.Note, NoticeDueOn: cmd.Today().AddDays(noticeTerm), RemovedAt: cmd.Now,
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
	if e.State() != Removed {
		return nil, domain.Refuse(domain.Conflict, domain.CodeEntryNotRemoved, "this entry is %s; only a removed one can be reinstated", e.State())
	}
	if err := q.canStand(e.PersonID, e.Family); err != nil {
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

// standing returns an entry that is active and not under review: the state from
// which all changes of an entry begin, save those that a review is for.
func (q *Queue) standing(id domain.EntryID) (*Entry, error) {
	e, err := q.onList(id)
	if err != nil {
		return nil, err
	}
	if e.Review != "" {
		return nil, domain.Refuse(domain.Conflict, domain.CodeEntryUnderReview, "this entry is under review (%s); close the review first", e.Review)
	}
	return e, nil
}

// onList returns an entry that has a number: active or under review.
func (q *Queue) onList(id domain.EntryID) (*Entry, error) {
	e, err := q.entry(id)
	if err != nil {
		return nil, err
	}
	if !e.Active {
		return nil, notActive()
	}
	return e, nil
}

// onListOf is onList for a holder who asks; the zero PersonID for staff. Who asks
// for what is another's learns the same as for what does not exist.
func (q *Queue) onListOf(id domain.EntryID, holder domain.PersonID) (*Entry, error) {
	if e, err := q.entry(id); !holder.IsZero() && (err != nil || e.PersonID != holder) {
		return nil, domain.Refuse(domain.NotFound, domain.CodeNotFound, "there is no such record, or it is not yours to see")
	}
	return q.onList(id)
}

func notActive() *domain.Error {
	return domain.Refuse(domain.Conflict, domain.CodeEntryNotActive, "this entry is not on the list any more")
}

// UnknownList is the refusal of an id that names no list.
func UnknownList() *domain.Error {
	return domain.Refuse(domain.NotFound, domain.CodeListUnknown, "no list with this id was opened; open one with POST /v1/queues")
}
