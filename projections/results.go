package projections

import (
	"time"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
	"tizilim/domain/rules"
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

// Service is one of the two public services.
type Service string

const (
	S000 Service = "S000" // placement on the list for service housing
	S001 Service = "S001" // deregistration at the place of residence
)

// CaseState is where an application stands.
type CaseState = procedure.State

// CaseHearing is the latest hearing of a case (C8).
type CaseHearing struct {
	NotBefore   domain.Date `json:"not_before"` // a refusal comes on this day or later
	ObjectUntil domain.Date `json:"object_until"`
}

// CaseCorrection is what an application lacks (C3).
type CaseCorrection struct {
	Missing       []procedure.Missing `json:"missing"`
	SystemsSilent bool                `json:"systems_silent,omitempty"`
	Until         domain.Date         `json:"until"`
}

// CaseComplaint is a complaint that is not decided yet (C12).
type CaseComplaint struct {
	ComplainantID domain.PersonID `json:"complainant_id"`
	FiledAt       time.Time       `json:"filed_at"`
	Late          bool            `json:"late,omitempty"`
	ForwardBy     domain.Date     `json:"forward_by"`
}

// CaseRemedy says what was done about an act that fell after a complaint.
type CaseRemedy struct {
	How        procedure.RemedyKind `json:"how"`
	Acts       []domain.EventRef    `json:"acts,omitempty"`
	NewCase    domain.CaseID        `json:"new_case,omitzero"`
	RecordedAt time.Time            `json:"recorded_at"`
}

// CaseAppeal says which body reviews the complaint, and until when.
type CaseAppeal struct {
	To       string      `json:"to"`
	DecideBy domain.Date `json:"decide_by"`
}

// Case is the present state of an application.
type Case struct {
	ID             domain.CaseID
	Service        Service
	State          CaseState
	ApplicantID    domain.PersonID
	Channel        domain.Channel
	Language       domain.Language
	ReceivedAt     time.Time        // filed: the term and the seniority run from here
	RegisteredAt   time.Time        // when the office had it (C4)
	Deadline       time.Time        // as it was extended, or begins anew
	Owed           []procedure.Owed // what the body owes beside the decision, and by when
	Late           []procedure.Owed // what of that was ever late, done since or not
	SameSubject    []domain.CaseID  // other cases in which the same is asked for (C13)
	DuplicateOf    domain.CaseID    // of a case that was terminated as a duplicate
	Remedy         *CaseRemedy      // of an act that fell
	Overdue        bool             // was marked after the deadline, without a decision (C9)
	Decider        string           // account; empty before the review
	Correction     *CaseCorrection  // while it is awaited
	Hearing        *CaseHearing
	NotifiedAt     time.Time // zero before the notice of the decision
	Complaint      *CaseComplaint
	Appeal         *CaseAppeal       // of the complaint, once it is forwarded
	Persons        []domain.PersonID // S001: to be deregistered; S000: the family counted with the applicant
	DwellingID     domain.DwellingID // S001
	Ground         residence.Ground  // S001
	DepartureSheet bool              // S001: asked for
	CoOwners       []CoOwner         // S001: whose confirmation was asked for
	ConfirmBy      time.Time         // S001: until when
	Results        []residence.Result
	ListID         domain.ListID         // S000
	Consent        housing.Consent       // S000: to look-ups, as it was recorded last
	Judgement      *housing.Judgement    // S000: of the last examination of need, then of the decision
	Certificate    *PlacementCertificate // S000, once granted
	Refusal        *RefusalCertificate   // S000, once refused
	Edition        rules.EditionID       // of the rules that it was judged by, once decided
	Documents      []CertificateRef      // issued, in that order
	Revision       uint64
	AsOf           domain.Position
}

// CoOwner of a dwelling, and where they stand towards an application.
type CoOwner struct {
	PersonID domain.PersonID
	State    residence.Confirmation
}

// PlacementCertificate is what an S000 case ends with when it is granted.
type PlacementCertificate struct {
	ID           domain.CertificateID `json:"id"`
	EntryID      domain.EntryID       `json:"entry_id"`
	Number       int                  `json:"number"` // on the day; the current one is [Reader.Number]
	RegisteredOn domain.Date          `json:"registered_on"`
	CertifiedAt  time.Time            `json:"certified_at"`
}

// RefusalCertificate is what an S000 case ends with when it is refused.
type RefusalCertificate struct {
	ID          domain.CertificateID  `json:"id"`
	Ground      housing.RefusalGround `json:"ground"`
	Reasons     domain.Personal       `json:"reasons"`
	Unmet       domain.Personal       `json:"unmet,omitempty"`
	AppealRoute string                `json:"appeal_route"`
	RefusedAt   time.Time             `json:"refused_at"`
}

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
