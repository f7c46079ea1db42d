package projections

import (
	"time"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
)

// Every result carries AsOf, the position of the log up to which the answer
// holds, and, where it comes from one stream, Revision, that stream's last
// event, which is its ETag.

// EventRef names an event of the log.
type EventRef struct {
	Stream   string
	Revision uint64
}

func (r EventRef) String() string { return eventRef(r.Stream, r.Revision) }

// EntryStatus says whether an entry stands on its list.
type EntryStatus string

const (
	EntryActive         EntryStatus = "active"
	EntryUnderReview    EntryStatus = "under_review"    // stands on its list
	EntryHearingPending EntryStatus = "hearing_pending" // so does this
	EntryProvided       EntryStatus = "provided"
	EntryRemoved        EntryStatus = "removed"
)

// ChangeKind is what happened to an entry of a list.
type ChangeKind string

const (
	Placed        ChangeKind = "placed"
	Removed       ChangeKind = "removed"
	Reinstated    ChangeKind = "reinstated"
	Provided      ChangeKind = "provided"
	Redated       ChangeKind = "redated"
	Prioritised   ChangeKind = "prioritised"
	PriorityEnded ChangeKind = "priority_ended"
)

// Change is what changed a number. It does not tell whose entry changed.
type Change struct {
	Kind        ChangeKind
	EffectiveAt time.Time
	Created     time.Time // when the log learned of it
	Event       EventRef
}

// QueueNumber is the place of an entry on its list.
type QueueNumber struct {
	ListID       domain.ListID
	EntryID      domain.EntryID
	PersonID     domain.PersonID
	CaseID       domain.CaseID
	Status       EntryStatus
	Number       int // 1 for the first; 0 for an entry that has left the list
	Of           int // entries that stand on the list
	Ahead        int // those before this one; 0 for an entry that has left
	Seniority    housing.Seniority
	RegisteredOn domain.Date
	Certified    int    // the number on the certificate, which never changes
	LastChange   Change // of the number; for an entry that has left, its leaving

	InventoryDueOn domain.Date           // until when it must be confirmed
	AnswerBy       domain.Date           // until when the holder who was asked can; zero where nobody was
	Review         *EntryReview          // that goes on, or ended with the removal
	Removed        housing.RemovalReason // why it was; empty for an entry that was not
	NoticeDueOn    domain.Date           // of the removal; zero where no notice is owed
	Revision       uint64                // of the list's stream
	AsOf           domain.Position
}

// EntryReview is the procedure on an entry that is or was under review.
type EntryReview struct {
	Owed      []procedure.Owed     // what the body owes after a complaint
	Late      []procedure.Owed     // what of that was late
	Reason    housing.ReviewReason // empty once the entry is removed
	Hearing   *CaseHearing
	Complaint *CaseComplaint // about the removal
	Appeal    *CaseAppeal    // of the complaint, once it is forwarded
}

// QueueEntry is a line of a list.
type QueueEntry struct {
	Number       int
	EntryID      domain.EntryID
	PersonID     domain.PersonID
	CaseID       domain.CaseID
	Seniority    housing.Seniority
	RegisteredOn domain.Date
	Certified    int

	Status         EntryStatus
	InventoryDueOn domain.Date
}

// EntriesPage is a part of a list, in order.
type EntriesPage struct {
	Entries  []QueueEntry
	Next     string // cursor of the next page; empty where there is none
	Of       int
	Revision uint64
	AsOf     domain.Position
}

// List is the record of a list.
type List struct {
	ID         domain.ListID
	Body       string
	Settlement string
	Title      string
	OpenedAt   time.Time
	Active     int // entries
	Revision   uint64
	AsOf       domain.Position
}

// Pointer names an event of a history.
type Pointer struct {
	Position domain.Position
	EventRef
}

// HistoryPage is a part of a history, in the order of the log.
type HistoryPage struct {
	Pointers []Pointer
	Next     domain.Position // after which the next page begins; 0 where there is none
	AsOf     domain.Position
}

// UnfinishedCase is a case whose act was begun and must be finished.
type UnfinishedCase struct {
	CaseID domain.CaseID
	Since  time.Time
}
