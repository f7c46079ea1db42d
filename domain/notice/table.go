package notice

import (
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/domain/certificates"
	"tizilim/domain/housing"
	"tizilim/domain/otp"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
)

// Beginning is whose stream says from when on notices are owed.
var Beginning = domain.NoticeID{UUID: domain.DeriveID(uuid.Nil, "notices")}

// Kind of a notice: what it tells.
type Kind string

const (
	ApplicationReceived Kind = "application_received"
	CorrectionRequested Kind = "correction_requested"
	CorrectionReceived  Kind = "correction_received"
	ApplicationReturned Kind = "application_returned"
	Forwarded           Kind = "application_forwarded"
	HearingAnnounced    Kind = "hearing_announced"
	TermExtended        Kind = "term_extended"
	TermPassed          Kind = "term_passed"
	Withdrawn           Kind = "application_withdrawn"
	Terminated          Kind = "case_terminated"
	Placed              Kind = "placed_on_list"
	PlacementRefused    Kind = "placement_refused"
	PersonsDeregistered Kind = "persons_deregistered"
	SomeDeregistered    Kind = "some_persons_deregistered"
	NobodyDeregistered  Kind = "deregistration_refused"
	YouAreDeregistered  Kind = "you_are_deregistered"
	ConfirmationAsked   Kind = "co_owner_confirmation_asked"
	CoOwnerDeclined     Kind = "co_owner_declined"
	CoOwnersSilent      Kind = "co_owners_silent"
	StayEnded           Kind = "temporary_stay_ended"
	RecordCorrected     Kind = "residence_record_corrected"
	DocumentCorrected   Kind = "document_corrected"
	ComplaintReceived   Kind = "complaint_received"
	ComplaintForwarded  Kind = "complaint_forwarded"
	ComplaintSatisfied  Kind = "complaint_satisfied"
	ComplaintDismissed  Kind = "complaint_dismissed"
	DecisionFell        Kind = "decision_fell_by_complaint"
	Removed             Kind = "removed_from_list"
	Reinstated          Kind = "reinstated_on_list"
	Redated             Kind = "entry_redated"
	TransferredToYou    Kind = "entry_transferred_to_you"
	TransferredFromYou  Kind = "entry_transferred_from_you"
	Prioritised         Kind = "entry_prioritised"
	PriorityEnded       Kind = "entry_priority_ended"
	ProtectionLifted    Kind = "entry_protection_lifted"
	InventoryAsked      Kind = "inventory_confirmation_asked"
	ConfirmationMissing Kind = "inventory_confirmation_missing"
	ReviewOpened        Kind = "entry_review_opened"
	ReviewClosed        Kind = "entry_review_closed"
	Provided            Kind = "dwelling_provided"
	LeaseEnded          Kind = "lease_ended"
)

// Owed is one notice that an event owes.
type Owed struct {
	Kind        Kind
	To          domain.PersonID // zero: the applicant of the case,
	Complainant bool            // or who filed its last complaint
	By          domain.Date     // a day that the text names
	Decision    bool            // it tells the applicant the decision: its effect towards him begins with it (C11)
	Duty        procedure.Duty  // that the notice settles in the case (C5, C9)
}

// FromCase reports whether the case says to whom it is owed, and the event does
// not.
func (o Owed) FromCase() bool { return o.To.IsZero() }

// ID of the notice of the event to the person.
func (o Owed) ID(event uuid.UUID, to domain.PersonID) domain.NoticeID {
	return domain.NoticeID{UUID: domain.DeriveID(event, string(o.Kind)+" to "+to.String())}
}

// Debt is a notice that an event of the log owes and that nobody has queued yet.
type Debt struct {
	Event domain.EventRef
	Kind  Kind
	To    domain.PersonID // zero: whom the case says
	Since time.Time       // when the log learned of the event
}

// Outgoing is a notice on one of its ways.
type Outgoing struct {
	NoticeID domain.NoticeID
	Way      Way
}

// Line of the table: an event and the notices that it owes.
type Line struct {
	Event string // its type
	owed  func(domain.Event) []Owed
}

// Table says which events owe whom a notice of what kind. A type of event that
// owes none is in [OwesNone]; a test lets none be in neither.
var Table = []Line{
	// An application and its course go to the applicant.
	of(func(e residence.DeregistrationApplied) []Owed {
		return append(to(e.ApplicantID, ApplicationReceived), askCoOwners(e)...)
	}),
	of(func(e housing.ApplicationReceived) []Owed { return to(e.ApplicantID, ApplicationReceived) }),
	of(func(e procedure.CorrectionRequested) []Owed { return applicantBy(CorrectionRequested, e.Until) }), // C3
	of(func(e procedure.CorrectionReceived) []Owed {
		return applicantBy(CorrectionReceived, domain.DateOf(e.Deadline))
	}),
	of(func(procedure.CaseReturned) []Owed { return applicant(ApplicationReturned) }), // C3
	of(func(procedure.CaseForwarded) []Owed {
		return []Owed{{Kind: Forwarded, Duty: procedure.NoticeOfForwarding}}
	}), // C5
	of(func(e procedure.HearingAnnounced) []Owed { return applicantBy(HearingAnnounced, e.ObjectUntil) }), // C8
	of(func(e procedure.TermExtended) []Owed {
		return []Owed{{Kind: TermExtended, By: domain.DateOf(e.Deadline), Duty: procedure.NoticeOfExtension}}
	}), // C9
	of(func(procedure.DeadlinePassed) []Owed { return applicant(TermPassed) }),             // C9: silence is appealable
	of(func(procedure.CaseWithdrawn) []Owed { return applicant(Withdrawn) }),               // C6
	of(func(residence.CoOwnerDeclined) []Owed { return applicant(CoOwnerDeclined) }),       // R6
	of(func(residence.ConfirmationsLapsed) []Owed { return applicant(CoOwnersSilent) }),    // R6
	of(func(e certificates.Corrected) []Owed { return to(e.PersonID, DocumentCorrected) }), // C10; of a case's document the applicant

	// Decisions (C11).
	of(func(procedure.CaseTerminated) []Owed { return decision(Terminated) }), // C13
	of(func(housing.PlacementCertified) []Owed { return decision(Placed) }),
	of(func(housing.ApplicationRefused) []Owed { return decision(PlacementRefused) }),
	of(func(e residence.DeregistrationDecided) []Owed { // S001-10, and those deregistered (R16)
		return append(decision(outcome(e)), deregistered(e)...)
	}),

	// Complaints go to whoever filed them (C12); the applicant is told where
	// somebody else's has brought the decision down (R16).
	of(func(e procedure.ComplaintFiled) []Owed { return to(e.ComplainantID, ComplaintReceived) }),
	of(func(e procedure.ComplaintForwarded) []Owed {
		return []Owed{{Kind: ComplaintForwarded, Complainant: true, By: e.DecideBy}}
	}),
	of(func(e procedure.ComplaintDecided) []Owed {
		satisfied := Owed{Kind: ComplaintSatisfied, Complainant: true}
		switch {
		case e.Outcome.Favourable() && !e.Affected.IsZero():
			return append(applicant(DecisionFell), satisfied)
		case e.Outcome.Favourable():
			return []Owed{satisfied}
		}
		return []Owed{{Kind: ComplaintDismissed, Complainant: true}}
	}),

	// The record of residence.
	of(func(e residence.RegistrationEnded) []Owed {
		if e.Reason != residence.TermExpired {
			return nil // a move is the person's own; what a case ends, its decision tells
		}
		return to(e.PersonID, StayEnded) // R13
	}),
	of(func(e residence.RegistrationInserted) []Owed { return to(e.PersonID, RecordCorrected) }),
	of(func(e residence.RegistrationAnnulled) []Owed { return to(e.PersonID, RecordCorrected) }),
	of(func(e residence.RegistrationCorrected) []Owed { return to(e.PersonID, RecordCorrected) }),
	of(func(e residence.EndingAnnulled) []Owed { return to(e.PersonID, RecordCorrected) }),
	of(func(e residence.EndingCorrected) []Owed { return to(e.PersonID, RecordCorrected) }),
	of(func(e residence.CorrectionAnnulled) []Owed { return to(e.PersonID, RecordCorrected) }),
	of(func(e residence.LeaseEnded) []Owed { return to(e.PersonID, LeaseEnded) }),

	// The list: whoever's entry it is.
	of(func(e housing.EntryRemoved) []Owed { return to(e.PersonID, Removed) }), // Q15
	of(func(e housing.EntryReinstated) []Owed { return to(e.PersonID, Reinstated) }),
	of(func(e housing.EntryRedated) []Owed { return to(e.PersonID, Redated) }), // Q17
	of(func(e housing.EntryTransferred) []Owed { // Q16
		if e.Cause == housing.HolderLeft {
			return append(to(e.PersonID, TransferredToYou), to(e.From, TransferredFromYou)...)
		}
		return to(e.PersonID, TransferredToYou)
	}),
	of(func(e housing.EntryPrioritised) []Owed { return to(e.PersonID, Prioritised) }),
	of(func(e housing.PriorityEnded) []Owed { return to(e.PersonID, PriorityEnded) }),
	of(func(e housing.ProtectionLifted) []Owed { return to(e.PersonID, ProtectionLifted) }), // Q15a
	of(func(e housing.InventoryRequested) []Owed {
		return []Owed{{Kind: InventoryAsked, To: e.PersonID, By: e.AnswerBy}}
	}), // Q23
	of(func(e housing.ReviewOpened) []Owed { // Q23
		if e.Reason == housing.InventoryMissed {
			return to(e.PersonID, ConfirmationMissing)
		}
		return to(e.PersonID, ReviewOpened)
	}),
	of(func(e housing.ReviewClosed) []Owed { return to(e.PersonID, ReviewClosed) }),
	of(func(e housing.EntryProvided) []Owed { return to(e.PersonID, Provided) }), // Q19, Q20
}

// OwesNone lists the events that owe nobody a notice.
var OwesNone = []domain.Event{
	// The person is there, or asked for it themselves.
	residence.PersonRecorded{}, residence.ContactsConfirmed{}, residence.RegistrationBegan{},
	residence.RepresentativeRecorded{}, residence.WardNoted{}, residence.RepresentationEnded{},
	residence.CoOwnerConfirmed{}, residence.ConfirmationRevoked{},
	procedure.ObjectionFiled{}, procedure.HearingClosed{},
	housing.InventoryConfirmed{}, housing.ChangeReported{}, housing.LookupConsentWithdrawn{}, housing.LookupConsentRenewed{}, housing.LookupConsentExpired{},
	housing.ProtectionRecorded{}, residence.DepartureSheetIssued{}, certificates.Duplicated{},
	// Notice given, and what the case shows: what was late, and what was done of it.
	procedure.ApplicantNotified{}, procedure.DutyMissed{}, procedure.RemedyRecorded{},
	// A code goes to its person by itself, and what becomes of it is answered.
	otp.Issued{}, otp.Verified{}, otp.CodeRejected{}, otp.Locked{}, otp.Expired{}, otp.Superseded{},
	// Steps inside the body: what comes of them is told.
	procedure.ReviewBegan{}, procedure.DeciderRecused{}, procedure.HearingDispensed{}, housing.NeedExamined{},
	housing.PlacementApproved{}, housing.ApprovalVoided{}, housing.EntryPlaced{},
	housing.ProvisionDecided{}, housing.ProvisionCompleted{}, housing.ProvisionVoided{}, housing.ProvisionDeclined{},
	residence.LeaseBegan{}, residence.LeaseVoided{}, residence.RegistrationDeclined{},
	// About no person.
	residence.DwellingRecorded{}, residence.OwnersChanged{}, residence.DwellingDescribed{}, housing.ListOpened{}, housing.PriorityRuleSet{},
	// Read and not changed: the personal account lists it.
	accesslog.PersonalDataRead{},
	// Notices themselves.
	housing.NoticeGiven{}, procedure.DecisionNotified{},
	Began{}, NoticeQueued{}, NoticeSent{}, NoticeDelivered{}, NoticeFailed{},
}

var lines = func() map[string]Line {
	m := make(map[string]Line, len(Table))
	for _, l := range Table {
		if _, twice := m[l.Event]; twice {
			panic("two lines for the event " + l.Event)
		}
		m[l.Event] = l
	}
	return m
}()

// Of returns the notices that the event owes. It is a function of the event
// alone: whoever asks, and whenever, gets the same.
func Of(e domain.Event) []Owed {
	if e == nil {
		return nil
	}
	l, ok := lines[e.EventType()]
	if !ok {
		return nil
	}
	return l.owed(e)
}

func of[E domain.Event](owed func(E) []Owed) Line {
	var e E
	return Line{e.EventType(), func(event domain.Event) []Owed { return owed(event.(E)) }}
}

func to(p domain.PersonID, k Kind) []Owed { return []Owed{{Kind: k, To: p}} }

func applicant(k Kind) []Owed { return []Owed{{Kind: k}} }

func applicantBy(k Kind, by domain.Date) []Owed { return []Owed{{Kind: k, By: by}} }

func decision(k Kind) []Owed { return []Owed{{Kind: k, Decision: true}} }

// askCoOwners asks whom the application must be confirmed by (R6).
func askCoOwners(e residence.DeregistrationApplied) []Owed {
	var owed []Owed
	for _, p := range e.CoOwners {
		owed = append(owed, Owed{Kind: ConfirmationAsked, To: p, By: domain.DateOf(e.ConfirmBy)})
	}
	return owed
}

// outcome is what the owner is told: that persons not living at the address have
// been deregistered (S001-10), all of them, some, or none.
func outcome(e residence.DeregistrationDecided) Kind {
	switch len(deregistered(e)) {
	case 0:
		return NobodyDeregistered
	case len(e.Results):
		return PersonsDeregistered
	}
	return SomeDeregistered
}

// deregistered tells each person whose registration has ended, whoever applied.
func deregistered(e residence.DeregistrationDecided) []Owed {
	var owed []Owed
	for _, r := range e.Results {
		if r.Granted() {
			owed = append(owed, to(r.PersonID, YouAreDeregistered)...)
		}
	}
	return owed
}
