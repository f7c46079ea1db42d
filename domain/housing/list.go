package housing

import (
	"cmp"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/tidwall/btree"

	"tizilim/domain"
	"tizilim/domain/body"
	"tizilim/domain/cow"
	"tizilim/domain/rules"
)

// Seniority is the place of an entry in the total order of its list (Q6): the
// instant of the complete application, then the position of that application in
// the log, which no two applications share. It does not depend on who decides
// or when. An entry that was given priority ([Prioritise]) stands before all
// that were not.
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

// ListOpened begins the stream of a list: those in need at one body in one
// settlement.
type ListOpened struct {
	ListID     domain.ListID `json:"list_id"`
	BodyID     domain.BodyID `json:"body_id,omitzero"` // the commission that keeps it; zero: the default commission
	Body       string        `json:"body"`
	Settlement string        `json:"settlement"`
	Title      string        `json:"title"`
	OpenedAt   time.Time     `json:"opened_at"`
}

// EntryPlaced puts a person on the list. Number is what the certificate says;
// it is never rewritten (Q9).
type EntryPlaced struct {
	ListID         domain.ListID   `json:"list_id"`
	EntryID        domain.EntryID  `json:"entry_id"`
	PersonID       domain.PersonID `json:"person_id"`
	CaseID         domain.CaseID   `json:"case_id"`
	Seniority      Seniority       `json:"seniority"`
	Family         []FamilyMember  `json:"family,omitempty"` // counted with the person
	Consent        Consent         `json:"consent"`          // to look-ups, as the application came to it
	RegisteredOn   domain.Date     `json:"registered_on"`
	Number         int             `json:"number"`
	Overtakes      int             `json:"overtakes,omitempty"` // entries whose number it makes worse (Q43)
	InventoryDueOn domain.Date     `json:"inventory_due_on"`    // the last day to confirm it (Q23)
	PlacedAt       time.Time       `json:"placed_at"`
}

func (ListOpened) EventType() string  { return "ListOpened" }
func (EntryPlaced) EventType() string { return "EntryPlaced" }

func (e ListOpened) EffectiveAt() time.Time  { return e.OpenedAt }
func (e EntryPlaced) EffectiveAt() time.Time { return e.PlacedAt }

func (ListOpened) Concerns() domain.Concern    { return domain.ConcernsNobody(aboutAList) }
func (e EntryPlaced) Concerns() domain.Concern { return ofFamily(e.PersonID, e.Family) }

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

	Review         ReviewReason  // why it is under review; empty where it is not
	Proceeding     domain.CaseID // of the review, or the one that ended with the removal; zero where there is none
	Hearing        bool          // announced in the review, and not over
	Provided       bool          // with a dwelling, which ended it
	Left           bool          // the list by the own wish of the holder
	Protected      []ProtectedCategory
	Confirmed      domain.Date // of the last inventory; the day of placing before the first
	InventoryDueOn domain.Date // the last day to confirm it (Q23)
	// until when the holder who was asked may confirm before a review; zero where nobody was asked
	AnswerBy    domain.Date
	Consent     Consent             // to look-ups in other systems (C20, Q22)
	Declined    []domain.DwellingID // by the present holder, who has not taken it back
	RemovedOn   domain.Date         // zero before a removal
	NoticeDueOn domain.Date         // of the removal; zero where no notice is owed
	removal     uint64              // revision of the event that removed it
	GoneOn      domain.Date         // on which the log learned that it left the list; zero while it stands there
	passed      []passing           // from one holder to the next, in the order of the log
	redatings   []redating          // that stand, in the order of the log
	service     serviceEnd          // of the present holder
	Category    PriorityCategory    // for which it has priority; empty where it has none
	ClockActs
}

// passing is a transfer of an entry.
type passing struct {
	revision uint64
	on       domain.Date // on which the log learned of it
}

// PassedOn is the day of the first transfer after the revision of the list's stream; zero where
// there was none. The holder since the placement held the entry until PassedOn(0).
func (e Entry) PassedOn(revision uint64) domain.Date {
	for _, p := range e.passed {
		if p.revision > revision {
			return p.on
		}
	}
	return domain.Date{}
}

// Passings are the revisions of the list's stream at which the entry passed from one holder to the next, from
// that revision on.
func (e Entry) Passings(from uint64) (revisions []uint64) {
	for _, p := range e.passed {
		if p.revision >= from {
			revisions = append(revisions, p.revision)
		}
	}
	return revisions
}

// EntryState is the state of an entry.
type EntryState string

const (
	Active         EntryState = "active"
	UnderReview    EntryState = "under_review"    // keeps its number
	HearingPending EntryState = "hearing_pending" // keeps it too: a removal is intended, and the holder knows why
	Provided       EntryState = "provided"        // terminal
	Removed        EntryState = "removed"         // until it is reinstated
	Left           EntryState = "left"            // by the holder's own wish; terminal
)

// EntryStates lists them all.
var EntryStates = []EntryState{Active, UnderReview, HearingPending, Provided, Removed, Left}

// State returns the state of the entry.
func (e Entry) State() EntryState {
	switch {
	case e.Provided:
		return Provided
	case e.Left:
		return Left
	case !e.Active:
		return Removed
	case e.Hearing:
		return HearingPending
	case e.Review != "":
		return UnderReview
	}
	return Active
}

// persons is how many people live in a dwelling that is given to the entry.
func (e Entry) persons() int { return 1 + len(e.Family) }

// List is the state of a queue- stream. The zero List is a list that was not
// opened. A List is copied with Clone only.
//
// What it holds is shared with its clones: Apply puts another Entry or proceeding
// in the place of the one that it changes.
type List struct {
	Opened   ListOpened
	Priority []PriorityCategory      // that the list's rule names; none where it has no rule
	ending   bool                    // entries have priority yet which the rule gives no more
	entries  cow.Map[*Entry]         // by the entry's id
	reviews  cow.Map[*proceeding]    // by the case's id; those that go on, and those that ended with a removal
	active   cow.Map[domain.EntryID] // by the person who stands there
	spouses  cow.Map[int]            // active entries that count the person as a spouse
	// by person: the last event after which they no longer stood, or no longer counted as a spouse
	left     cow.Map[domain.Position]
	order    *btree.BTreeG[*Entry] // the active entries by seniority; ranks in O(log² n)
	filings  *btree.BTreeG[filing] // of all entries, by their position in the log
	provided []PublicProvision     // in the order of the log

	trail     trail               // of all events, for the numbers of the past
	standings cow.Map[[]standing] // by entry: its states after the first one
}

// Clone returns a copy that later events do not change. It costs the same however
// long the list is.
func (l *List) Clone() List {
	c := *l
	c.entries, c.reviews, c.active = l.entries.Clone(), l.reviews.Clone(), l.active.Clone()
	c.spouses, c.left = l.spouses.Clone(), l.left.Clone()
	c.provided = slices.Clip(l.provided)
	c.trail, c.standings = l.trail.clone(), l.standings.Clone()
	if l.order != nil {
		c.order, c.filings = l.order.Copy(), l.filings.Copy()
	}
	return c
}

// Known reports whether the list has been opened.
func (l *List) Known() bool { return !l.Opened.ListID.IsZero() }

// Len is the number of active entries.
func (l *List) Len() int { return l.active.Len() }

// Entry returns the entry with that id, active or not.
func (l *List) Entry(id domain.EntryID) (Entry, bool) {
	e, ok := l.entries.Get(id.UUID)
	if !ok {
		return Entry{}, false
	}
	return *e, true
}

// Number returns the current ordinal of an active entry, 1 for the first (Q7).
func (l *List) Number(id domain.EntryID) (int, bool) {
	e, ok := l.entries.Get(id.UUID)
	if !ok || !e.Active {
		return 0, false
	}
	return l.before(e.Seniority) + 1, true
}

// Ordered calls yield for the active entries in order, with their numbers.
func (l *List) Ordered(yield func(number int, e Entry) bool) {
	if !l.Known() {
		return
	}
	n := 0
	l.order.Scan(func(e *Entry) bool {
		n++
		return yield(n, *e)
	})
}

// From calls yield for the active entries in order, from that number on.
func (l *List) From(number int, yield func(number int, e Entry) bool) {
	for n := max(number, 1); n <= l.Len(); n++ {
		e, _ := l.order.GetAt(n - 1)
		if !yield(n, *e) {
			return
		}
	}
}

// before counts the active entries that stand before s.
func (l *List) before(s Seniority) int {
	if !l.Known() {
		return 0
	}
	return sort.Search(l.order.Len(), func(i int) bool {
		e, _ := l.order.GetAt(i)
		return e.Seniority.Compare(s) >= 0
	})
}

// Apply folds the next event of the stream into q.
func (l *List) Apply(rec domain.Recorded) {
	moved := movedBy(rec.Event)
	before, _ := l.Number(moved)
	l.apply(rec)
	l.takeClockActs(rec)
	l.remember(rec, moved, before)
}

// movedBy is the entry that the event may give another number; zero for an event that
// moves none.
func movedBy(e domain.Event) domain.EntryID {
	switch e := e.(type) {
	case EntryPlaced:
		return e.EntryID
	case EntryRemoved:
		return e.EntryID
	case EntryReinstated:
		return e.EntryID
	case EntryRedated:
		return e.EntryID
	case RedatingUndone:
		return e.EntryID
	case EntryProvided:
		return e.EntryID
	case EntryLeft:
		return e.EntryID
	case EntryPrioritised:
		return e.EntryID
	case PriorityEnded:
		return e.EntryID
	}
	return domain.EntryID{}
}

func (l *List) apply(rec domain.Recorded) {
	switch e := rec.Event.(type) {
	case ListOpened:
		l.Opened = e
		l.order = btree.NewBTreeGOptions(
			func(a, b *Entry) bool { return a.Seniority.Compare(b.Seniority) < 0 },
			btree.Options{Degree: 16, NoLocks: true}, // small nodes: a change after a Clone copies some
		)
		l.filings = newFilings()
	case EntryPlaced:
		// A log that was copied to another store keeps the positions of the first one in its
		// events. Those that lie behind the placement say nothing about the order in this log.
		if l.filings != nil && e.Seniority.Position < rec.Position {
			l.filings.Set(filing{e.Seniority.At, e.Seniority.Position})
		}
		l.activate(Entry{
			ID: e.EntryID, PersonID: e.PersonID, CaseID: e.CaseID, Seniority: e.Seniority, FiledAt: e.Seniority.At,
			Family: e.Family, RegisteredOn: e.RegisteredOn, Certified: e.Number, Confirmed: e.RegisteredOn,
			InventoryDueOn: e.InventoryDueOn, Consent: e.Consent,
		})
	case EntryRemoved:
		if entry, ok := l.deactivate(e.EntryID, rec.Position); ok {
			entry.Review, entry.RemovedOn, entry.NoticeDueOn = "", domain.DateOf(e.RemovedAt), e.NoticeDueOn
			entry.GoneOn, entry.removal = domain.DateOf(rec.Created), rec.Revision
			l.put(entry)
			l.proceed(e.CaseID, rec)
		}
	case EntryReinstated:
		if entry, ok := l.Entry(e.EntryID); ok && !entry.Active {
			entry.RemovedOn, entry.NoticeDueOn, entry.GoneOn = domain.Date{}, domain.Date{}, domain.Date{}
			entry.InventoryDueOn, entry.AnswerBy = e.InventoryDueOn, domain.Date{}
			l.endReview(&entry)
			l.activate(entry)
		}
	case EntryRedated:
		l.move(e.EntryID, e.Seniority)
		l.change(e.EntryID, func(entry *Entry) {
			entry.redatings = append(slices.Clip(entry.redatings), redating{rec.Revision, e.From})
		})
	case RedatingUndone:
		l.move(e.EntryID, e.Seniority)
		l.change(e.EntryID, func(entry *Entry) {
			entry.redatings = entry.redatings[:max(len(entry.redatings)-1, 0)]
		})
	case EntryTransferred:
		if entry, ok := l.deactivate(e.EntryID, rec.Position); ok {
			entry.PersonID, entry.Family = e.PersonID, e.Family
			entry.Consent, entry.Declined, entry.service = Consent{}, nil, serviceEnd{} // they were the former holder's
			entry.passed = append(slices.Clip(entry.passed), passing{rec.Revision, domain.DateOf(rec.Created)})
			if !e.ReviewID.IsZero() {
				entry.InventoryDueOn, entry.AnswerBy = e.InventoryDueOn, domain.Date{}
				l.endReview(&entry)
			}
			l.activate(entry)
		}
	case EntryProvided:
		if entry, ok := l.deactivate(e.EntryID, rec.Position); ok {
			entry.Provided, entry.GoneOn = true, domain.DateOf(rec.Created)
			l.put(entry)
			l.provided = append(l.provided, PublicProvision{
				Persons: e.Persons, PlacedOn: entry.RegisteredOn, Area: e.Dwelling.Area, ProvidedAt: e.ProvidedAt,
			})
		}
	case EntryLeft:
		if entry, ok := l.deactivate(e.EntryID, rec.Position); ok {
			entry.Left, entry.GoneOn = true, domain.DateOf(rec.Created)
			l.put(entry)
		}
	case PriorityRuleSet:
		l.Priority, l.ending = e.Categories, e.More
	case PriorityRuleFollowed:
		l.ending = false
	case EntryPrioritised:
		l.move(e.EntryID, e.Seniority)
		l.change(e.EntryID, func(entry *Entry) { entry.Category = e.Category })
	case PriorityEnded:
		l.move(e.EntryID, e.Seniority)
		l.change(e.EntryID, func(entry *Entry) { entry.Category = "" })
	case ChangeReported:
		if e.Kind != FamilyChanged {
			break
		}
		if entry, ok := l.deactivate(e.EntryID, rec.Position); ok {
			entry.Family = e.Family
			l.activate(entry)
		}
	default:
		l.applyInPlace(rec)
	}
}

// applyInPlace folds an event that moves no entry: what became known of one, and
// the steps of its review.
func (l *List) applyInPlace(rec domain.Recorded) {
	switch e := rec.Event.(type) {
	case NoticeGiven:
		l.change(e.EntryID, func(entry *Entry) {
			entry.NoticeDueOn = domain.Date{}
			if p, ok := l.reviews.Get(entry.Proceeding.UUID); ok {
				next := *p
				next.NotifiedAt = e.On.Start() // the time for a complaint runs from it
				l.reviews.Set(entry.Proceeding.UUID, &next)
			}
		})
	case ProtectionRecorded:
		l.change(e.EntryID, func(entry *Entry) { entry.Protected = append(slices.Clip(entry.Protected), e.Category) })
	case ProtectionLifted:
		l.change(e.EntryID, func(entry *Entry) {
			entry.Protected = slices.DeleteFunc(slices.Clone(entry.Protected), func(c ProtectedCategory) bool { return c == e.Category })
		})
	case InventoryConfirmed:
		l.change(e.EntryID, func(entry *Entry) {
			entry.Confirmed, entry.InventoryDueOn, entry.AnswerBy = e.On, e.NextDueOn, domain.Date{}
		})
	case InventoryRequested:
		l.change(e.EntryID, func(entry *Entry) { entry.AnswerBy = e.AnswerBy })
	case ReviewOpened:
		l.change(e.EntryID, func(entry *Entry) {
			entry.Review, entry.Proceeding = e.Reason, e.CaseID
		})
		if l.entries.Has(e.EntryID.UUID) {
			l.reviews.Set(e.CaseID.UUID, &proceeding{entry: e.EntryID})
			l.proceed(e.CaseID, rec)
		}
	case ReviewClosed:
		l.change(e.EntryID, func(entry *Entry) {
			entry.InventoryDueOn, entry.AnswerBy = e.NextDueOn, domain.Date{}
			l.endReview(entry)
		})
	case LookupConsentWithdrawn:
		l.change(e.EntryID, func(entry *Entry) { entry.Consent = entry.Consent.after(e) })
	case LookupConsentRenewed:
		l.change(e.EntryID, func(entry *Entry) { entry.Consent = entry.Consent.after(e) })
	case LookupConsentExpired:
		l.change(e.EntryID, func(entry *Entry) { entry.Consent = entry.Consent.after(e) })
	case RequestAnnulled, ReviewAnnulled, ConsentExpiryAnnulled:
		l.undo(e)
	case ServiceEnded, ServiceEndUndone:
		l.applyService(rec)
	case DwellingDeclined:
		l.change(e.EntryID, func(entry *Entry) { entry.Declined = append(slices.Clip(entry.Declined), e.DwellingID) })
	case DeclineTakenBack:
		l.change(e.EntryID, func(entry *Entry) {
			entry.Declined = slices.DeleteFunc(slices.Clone(entry.Declined), func(d domain.DwellingID) bool {
				return d == e.DwellingID
			})
		})
	default: // a step of a review
		l.proceed(rec.Event.Concerns().Case, rec)
	}
}

// put puts the entry in the place of the one with its id.
func (l *List) put(e Entry) {
	if earlier, known := l.entries.Get(e.ID.UUID); known && earlier.State() != e.State() {
		l.rememberState(e.ID, e.State())
	}
	l.entries.Set(e.ID.UUID, &e)
	if e.Active {
		l.order.Set(&e) // the seniority is the same, or not in the order
	}
}

// activate puts the entry on the list.
func (l *List) activate(e Entry) {
	e.Active = true
	l.active.Set(e.PersonID.UUID, e.ID)
	for _, s := range spousesIn(e.Family) {
		n, _ := l.spouses.Get(s.UUID)
		l.spouses.Set(s.UUID, n+1)
	}
	l.put(e)
}

// deactivate takes the entry off the list at that position of the log, and
// returns it for put; false where it does not stand there.
func (l *List) deactivate(id domain.EntryID, at domain.Position) (Entry, bool) {
	e, ok := l.Entry(id)
	if !ok || !e.Active {
		return Entry{}, false
	}
	l.order.Delete(&e)
	e.Active = false
	l.active.Delete(e.PersonID.UUID)
	l.left.Set(e.PersonID.UUID, at)
	for _, s := range spousesIn(e.Family) {
		if n, _ := l.spouses.Get(s.UUID); n > 1 {
			l.spouses.Set(s.UUID, n-1)
		} else {
			l.spouses.Delete(s.UUID)
		}
		l.left.Set(s.UUID, at)
	}
	return e, true
}

// move gives a standing entry another place in the order.
func (l *List) move(id domain.EntryID, to Seniority) {
	if e, ok := l.Entry(id); ok && e.Active {
		l.order.Delete(&e)
		e.Seniority = to
		l.put(e)
	}
}

// change puts in the place of the entry what how makes of it.
func (l *List) change(id domain.EntryID, how func(*Entry)) {
	if e, ok := l.Entry(id); ok {
		how(&e)
		l.put(e)
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
	ListID     domain.ListID // see [NewList]
	BodyID     domain.BodyID // the commission that keeps the list
	Body       string        // the state body whose service dwellings are meant
	Settlement string
	Title      string
}

// NewList returns the command that opens a list, with the id that commission, body,
// settlement and title give it, however they are written in capital and small letters: a
// commission keeps one list of a name (Q27). Errors: see [domain.Line].
func NewList(c OpenList) (OpenList, error) {
	for _, line := range []struct {
		field string
		text  *string
	}{{"body", &c.Body}, {"settlement", &c.Settlement}, {"title", &c.Title}} {
		var err error
		if *line.text, err = domain.Line(*line.text, line.field); err != nil {
			return c, err
		}
	}
	name := strings.ToLower(strings.Join([]string{"list", c.Body, c.Settlement, c.Title}, "\n")) // no line has one
	c.ListID.UUID = domain.DeriveID(c.BodyID.UUID, name)
	return c, nil
}

// Open decides [OpenList].
func (l *List) Open(cmd domain.Command, c OpenList) ([]domain.Event, error) {
	if l.Known() {
		return nil, ListTaken(c.ListID)
	}
	return []domain.Event{ListOpened{
		ListID: c.ListID, BodyID: c.BodyID, Body: c.Body, Settlement: c.Settlement, Title: c.Title, OpenedAt: cmd.Now,
	}}, nil
}

// ListTaken is the refusal of a list that the commission has already.
func ListTaken(id domain.ListID) *domain.Error {
	return domain.Refuse(domain.Conflict, domain.CodeListOpened,
		"your commission has this list of the body, the settlement and the title already: it is %s", id)
}

// Keeper returns the commission that opened the list; zero where the list is not known.
func (l *List) Keeper() domain.BodyID {
	if !l.Known() {
		return domain.BodyID{}
	}
	return l.Opened.Keeper()
}

// Keeper returns the commission that opened the list; events of earlier versions name none.
func (e ListOpened) Keeper() domain.BodyID {
	if e.BodyID.IsZero() {
		return body.Default(domain.RoleCommission)
	}
	return e.BodyID
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
	Order        OrderBasis      // that the approval states; "" where it states none
}

// Place decides [Place]: the number is the entry's ordinal at this moment (Q2),
// its order that of its seniority (Q6). A person has one active entry, and of
// two spouses one has it (Q5).
//
// An instant that contradicts the log is moved to the nearest one that does not, unless the
// approval states that instants hold. Where it would be moved by more than a minute and the
// approval says nothing, because other entries were placed since, the placement is refused.
//
// An approval that was refused because of an active entry of the person or of a
// spouse stays refused when that entry is gone: the refusal voids the approval,
// and a later repetition must not place it.
func (l *List) Place(cmd domain.Command, c Place, by rules.Book) ([]domain.Event, error) {
	if err := l.canStand(c.PersonID, c.Family); err != nil {
		return nil, err
	}
	for _, p := range append(spousesIn(c.Family), c.PersonID) {
		if left, _ := l.left.Get(p.UUID); left > c.Approved {
			return nil, domain.Refuse(domain.Conflict, domain.CodeAlreadyOnList,
				"the applicant or the spouse had an active entry on this list when the placement was approved; "+
					"it has been removed since: decide again").At("applicant_id")
		}
	}
	if c.Order == "" && l.contradicted(c.Seniority) {
		return nil, l.contradiction(c.Seniority)
	}
	if c.Order != OrderOfInstants {
		c.Seniority = l.inOrder(c.Seniority)
	}
	return []domain.Event{EntryPlaced{
		ListID: l.Opened.ListID, EntryID: c.EntryID, PersonID: c.PersonID, CaseID: c.CaseID, Seniority: c.Seniority, Family: c.Family,
		Consent: c.Consent, RegisteredOn: c.RegisteredOn, Number: l.before(c.Seniority) + 1, Overtakes: l.behind(c.Seniority),
		InventoryDueOn: inventoryDue(c.RegisteredOn, by), PlacedAt: cmd.Now,
	}}, nil
}

// CanJoin refuses a list that was not opened and a person who already stands on
// it (Q5).
func (l *List) CanJoin(p domain.PersonID) error {
	if !l.Known() {
		return UnknownList()
	}
	if l.active.Has(p.UUID) {
		return domain.Refuse(domain.Conflict, domain.CodeAlreadyOnList,
			"the applicant already has an active entry on this list; one person has one entry").At("applicant_id")
	}
	return nil
}

// canStand is [List.CanJoin] of a person with a family: of two spouses in the
// same body one has the benefit, by their choice (Q5, art. 101-3(2)). They
// choose by leaving one application or entry.
func (l *List) canStand(p domain.PersonID, family []FamilyMember) error {
	if err := l.CanJoin(p); err != nil {
		return err
	}
	taken := l.spouses.Has(p.UUID)
	for _, s := range spousesIn(family) {
		taken = taken || l.active.Has(s.UUID)
	}
	if taken {
		return domain.Refuse(domain.Conflict, domain.CodeSpouseOnList,
			"the spouse already has an active entry on this list; of two spouses one has the benefit, by their "+
				"choice").At("applicant_id")
	}
	return nil
}

// KeepsOff refuses a person with a family a place on another list of the same
// body where this list has an active entry of the person or of the spouse: the
// body gives one benefit, however many lists it keeps (Q5).
func (l *List) KeepsOff(p domain.PersonID, family []FamilyMember) error {
	switch err := l.canStand(p, family); domain.CodeOf(err) {
	case domain.CodeAlreadyOnList:
		return domain.Refuse(domain.Conflict, domain.CodeAlreadyOnList,
			"the person already has an active entry on the list %s of the same body; one person has one entry",
			l.Opened.ListID)
	case domain.CodeSpouseOnList:
		return domain.Refuse(domain.Conflict, domain.CodeSpouseOnList,
			"the spouse already has an active entry on the list %s of the same body; of two spouses one has the "+
				"benefit, by their choice", l.Opened.ListID)
	default:
		return err
	}
}

func (l *List) entry(id domain.EntryID) (*Entry, error) {
	if !l.Known() {
		return nil, UnknownList()
	}
	e, ok := l.entries.Get(id.UUID)
	if !ok {
		return nil, domain.Refuse(domain.NotFound, domain.CodeEntryUnknown, "the list has no such entry")
	}
	return e, nil
}

// standing returns an entry that is active and not under review: the state from
// which all changes of an entry begin, except those that end a review.
func (l *List) standing(id domain.EntryID) (*Entry, error) {
	e, err := l.onList(id)
	if err != nil {
		return nil, err
	}
	if e.Review != "" {
		return nil, domain.Refuse(domain.Conflict, domain.CodeEntryUnderReview,
			"this entry is under review (%s); close the review first", e.Review)
	}
	return e, nil
}

// onList returns an entry that has a number: active or under review.
func (l *List) onList(id domain.EntryID) (*Entry, error) {
	e, err := l.entry(id)
	if err != nil {
		return nil, err
	}
	if !e.Active {
		return nil, notActive()
	}
	return e, nil
}

// onListOf is onList for a holder who asks; holder is zero for staff. An entry
// of another person is answered like one that does not exist.
func (l *List) onListOf(id domain.EntryID, holder domain.PersonID) (*Entry, error) {
	if _, err := l.entryOf(id, holder); err != nil {
		return nil, err
	}
	return l.onList(id)
}

// entryOf is [List.onListOf] of an entry that may have left the list.
func (l *List) entryOf(id domain.EntryID, holder domain.PersonID) (*Entry, error) {
	e, err := l.entry(id)
	if !holder.IsZero() && (err != nil || e.PersonID != holder) {
		return nil, domain.Refuse(domain.NotFound, domain.CodeNotFound,
			"there is no such record, or you may not see it")
	}
	return e, err
}

func notActive() *domain.Error {
	return domain.Refuse(domain.Conflict, domain.CodeEntryNotActive, "this entry is no longer on the list")
}

// UnknownList is the refusal of an id that names no list.
func UnknownList() *domain.Error {
	return domain.Refuse(domain.NotFound, domain.CodeListUnknown,
		"no list with this id was opened; open the list first, or correct the id")
}
