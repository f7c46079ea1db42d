package notice

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/domain/body"
	"tizilim/domain/certificates"
	"tizilim/domain/feed"
	"tizilim/domain/housing"
	"tizilim/domain/keyring"
	"tizilim/domain/otp"
	"tizilim/domain/procedure"
	"tizilim/domain/release"
	"tizilim/domain/residence"
	"tizilim/domain/revocation"
)

// Beginning is the id of the stream that says since when notices are owed.
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
	StepAnnulled        Kind = "step_annulled"
	Withdrawn           Kind = "application_withdrawn"
	Terminated          Kind = "case_terminated"
	ApplicantDied       Kind = "application_ended_by_death"
	PartyDied           Kind = "party_of_case_died"
	PartyLives          Kind = "party_of_case_lives"
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
	PersonDataChanged   Kind = "person_data_changed"
	DeathAnnulled       Kind = "death_annulled"
	IINChanged          Kind = "iin_changed"
	OwnersAwaited       Kind = "new_owners_awaited"
	LeaseAwaits         Kind = "lease_awaits_decision"
	SuccessionVoided    Kind = "succession_not_awaited"
	RepresentativeDied  Kind = "representative_died"
	RepresentativeBack  Kind = "representative_restored"
	RecordsMerged       Kind = "records_merged"
	MergeUndone         Kind = "merge_of_records_undone"
	DocumentCorrected   Kind = "document_corrected"
	ComplaintReceived   Kind = "complaint_received"
	ComplaintForwarded  Kind = "complaint_forwarded"
	ComplaintSatisfied  Kind = "complaint_satisfied"
	ComplaintDismissed  Kind = "complaint_dismissed"
	DecisionFell        Kind = "decision_fell_by_complaint"
	ComplaintWithdrawn  Kind = "complaint_withdrawn"
	CourtSetAside       Kind = "decision_set_aside_by_court"
	Removed             Kind = "removed_from_list"
	Reinstated          Kind = "reinstated_on_list"
	Redated             Kind = "entry_redated"
	TransferredToYou    Kind = "entry_transferred_to_you"
	TransferredFromYou  Kind = "entry_transferred_from_you"
	Prioritised         Kind = "entry_prioritised"
	PriorityEnded       Kind = "entry_priority_ended"
	PriorityRuleEnded   Kind = "priority_rule_ended"
	RedatingUndone      Kind = "entry_redating_undone"
	ProtectionLifted    Kind = "entry_protection_lifted"
	InventoryAsked      Kind = "inventory_confirmation_asked"
	ConfirmationMissing Kind = "inventory_confirmation_missing"
	ReviewOpened        Kind = "entry_review_opened"
	FamilyReviewOpened  Kind = "family_review_opened"
	ServiceEnded        Kind = "service_ended"
	ServiceEndInReview  Kind = "service_ended_in_review"
	ServiceEndUndone    Kind = "service_end_undone"
	ReviewClosed        Kind = "entry_review_closed"
	Provided            Kind = "dwelling_provided"
	LeftList            Kind = "left_list"
	DwellingDeclined    Kind = "dwelling_declined"
	DeclineTakenBack    Kind = "decline_taken_back"
	LeaseEnded          Kind = "lease_ended"
	ContactsChanged     Kind = "contacts_changed"
	Moved               Kind = "moved_to_new_address"
	ConsentStated       Kind = "consent_to_registration_stated"
	CoOwnerStated       Kind = "co_owner_confirmation_stated"
	LookupConsentStated Kind = "lookup_consent_stated"
	Represents          Kind = "representation_changed"
	ChangeStated        Kind = "change_of_family_stated"
	MemberNamed         Kind = "named_in_family"
	MemberDeclined      Kind = "family_member_declined"
	OwnersProposed      Kind = "change_of_owners_proposed"
	OwnersChanged       Kind = "owners_changed"
	OwnersCorrected     Kind = "owners_corrected"
	OwnersStay          Kind = "change_of_owners_not_made"
	OwnersWaitAgain     Kind = "change_of_owners_waits_again"
	InventoryNotAsked   Kind = "inventory_request_annulled"
	ReviewAnnulled      Kind = "entry_review_annulled"
	ConsentStands       Kind = "lookup_consent_stands"
	OwnersAgent         Kind = "agent_of_owner_concerned"
	TakenIntoStock      Kind = "dwelling_taken_into_stock"
	WithdrawnFromStock  Kind = "dwelling_withdrawn_from_stock"
	DwellingOffered     Kind = "dwelling_offered"
	OfferTakenBack      Kind = "dwelling_offer_taken_back"
	DwellingChanged     Kind = "dwelling_record_changed"
	DwellingEnded       Kind = "dwelling_ended"
	CarriedOver         Kind = "registration_carried_over"
	BodyRenamed         Kind = "body_of_list_renamed"
	BodySucceeded       Kind = "body_of_list_succeeded"
	NumberWorse         Kind = "number_worse"
)

// Owed is one notice that an event owes.
type Owed struct {
	Kind        Kind
	To          domain.PersonID // zero: the applicant of the case,
	Complainant bool            // or who filed its last complaint
	By          domain.Date     // a day that the text names
	// it tells the applicant the decision, which takes effect towards the applicant with it (C11)
	Decision bool
	Duty     procedure.Duty // that the notice settles in the case (C5, C9)
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

// Line of the table: a type of event, and which notices it owes or why none.
type Line struct {
	Event string // its type
	Kinds []Kind // that an event of the type can owe
	None  string // the reason, where it owes none

	owed     func(domain.Event) []Owed
	circular func(domain.Event) Kind // "" where the event owes none
}

// Table says of every type of event whom it owes a notice of what kind, or why
// nobody. A test checks that no type is missing.
var Table = slices.Concat(owing, // nobody is owed a notice of the others
	none("the person did it or asked for it",
		residence.PersonRecorded{}, residence.ContactsConfirmed{}, residence.ContactCodeRejected{},
		residence.WardNoted{}, residence.CoOwnerConfirmed{}, residence.ConfirmationRevoked{}, residence.DepartureSheetIssued{},
		procedure.ObjectionFiled{}, housing.InventoryConfirmed{}, housing.ProtectionRecorded{},
		housing.MemberConsented{}, housing.MembersDropped{},
		certificates.Duplicated{}),
	none("the decision that it belongs to is told", residence.RefusalIssued{}, residence.CoOwnerDeclined{},
		residence.ConfirmationsLapsed{}),
	none("the transfer that it belongs to is told", housing.HolderCertified{}),
	none("it follows from the term that the person gave to their consent", housing.LookupConsentExpired{}),
	none("it is about the keeping of the record, and the history shows it",
		residence.HoldPlaced{}, residence.HoldLifted{}, residence.PersonErased{}, residence.ErasureCompleted{}),
	none("the person has died; what follows is told to whom it touches",
		residence.PersonDied{}, residence.DeathFollowed{}, residence.DeathUnfollowed{}),
	none("the review that it names is told", residence.DepartureFollowed{}),
	none("it is shown with the case", procedure.DutyMissed{}, procedure.RemedyRecorded{}),
	none("the complaint that begins with it is told", procedure.ActContested{}),
	none("whoever handed it in is answered, and the case shows it", procedure.PaperFiled{}),
	none("it records that notice was given",
		procedure.ApplicantNotified{}, procedure.DecisionNotified{}, housing.NoticeGiven{}),
	none("it is a notice itself", Began{}, NoticeQueued{}, NoticeSent{}, NoticeDelivered{}, NoticeFailed{},
		CircularBegan{}, CircularProgressed{}, CircularCompleted{}),
	none("the code goes to the person by itself, and the request is answered",
		otp.Issued{}, otp.Verified{}, otp.CodeRejected{}, otp.Locked{}, otp.Expired{}, otp.Superseded{},
		otp.CodeSent{}),
	none("it is a step inside the body, whose outcome is told",
		procedure.ReviewBegan{}, procedure.DeciderRecused{}, procedure.HearingClosed{}, procedure.HearingDispensed{},
		housing.NeedExamined{}, housing.PlacementApproved{}, housing.ApprovalVoided{}, housing.ProvisionDecided{},
		housing.ProvisionCompleted{}, housing.ProvisionVoided{}, housing.ProvisionDeclined{},
		residence.LeaseBegan{}, residence.LeaseVoided{}, residence.RegistrationDeclined{}),
	none("it keeps an IIN for a person, whose own stream says whether they have it",
		residence.IINClaimed{}, residence.IINClaimVoided{}),
	none("it is a step of a merge, whose outcome the other record tells",
		residence.RecordsMerged{}, residence.RecordSeparated{}),
	none("nobody loses anything by the new name of a street, and every answer shows it",
		residence.StreetRenamed{}, residence.StreetRenamingProgressed{}, residence.StreetRenamingCompleted{},
		residence.DwellingReaddressed{}),
	none("the desk is answered, and nothing has changed", residence.DwellingGoneVoided{}),
	none("it is about a dwelling or a list", residence.DwellingGoneFollowed{},
		residence.DwellingRecorded{},
		residence.DwellingCodeClaimed{}, residence.DwellingCodeClaimVoided{},
		housing.ListOpened{}, housing.PriorityRuleSet{}, housing.PriorityRuleFollowed{}),
	none("it says who acts for a state body, which tells its officials itself",
		body.Recorded{}, body.Described{}, body.OfficialAppointed{}, body.OfficialEnded{},
		body.AccountOpened{}, body.AccountClosed{}, body.ConsumerAllowed{}, body.AllowanceEnded{},
		body.WebhookSet{}, body.WebhookEnded{}),
	none("it is about the registry itself", keyring.KeysFingerprinted{}, keyring.KeyAccepted{},
		keyring.LossAccepted{}, release.EventReleased{}),
	none("it is where a consumer has come to in the feed", feed.Delivered{}),
	none("nothing changed; the personal account lists who read", accesslog.PersonalDataRead{}, accesslog.PageRead{}),
	none("no service was given; whoever used the token signs in again",
		revocation.TokenRevoked{}, revocation.AccountRevoked{}),
)

var owing = []Line{
	// An application and its course go to the applicant.
	owes(func(e residence.DeregistrationApplied) []Owed {
		return slices.Concat(
			to(e.ApplicantID, ApplicationReceived), askCoOwners(e), toEach(e.StatedCoOwners, CoOwnerStated))
	}, ApplicationReceived, ConfirmationAsked, CoOwnerStated),
	owes(func(e housing.ApplicationReceived) []Owed {
		return append(to(e.ApplicantID, ApplicationReceived), toEach(e.Consenting, MemberNamed)...)
	}, ApplicationReceived, MemberNamed),
	toApplicant[housing.MemberDeclined](MemberDeclined),
	toApplicantBy(CorrectionRequested, func(e procedure.CorrectionRequested) domain.Date { return e.Until }), // C3
	toApplicantBy(CorrectionReceived, func(e procedure.CorrectionReceived) domain.Date {
		return domain.DateOf(e.Deadline)
	}),
	toApplicant[procedure.CaseReturned](ApplicationReturned), // C3
	owes(func(procedure.CaseForwarded) []Owed { // C5
		return []Owed{{Kind: Forwarded, Duty: procedure.NoticeOfForwarding}}
	}, Forwarded),
	toApplicantBy(HearingAnnounced, func(e procedure.HearingAnnounced) domain.Date { return e.ObjectUntil }), // C8
	owes(func(e procedure.TermExtended) []Owed { // C9
		return []Owed{{Kind: TermExtended, By: domain.DateOf(e.Deadline), Duty: procedure.NoticeOfExtension}}
	}, TermExtended),
	toApplicant[procedure.DeadlinePassed](TermPassed), // C9: the applicant can complain of the silence
	toApplicant[procedure.StepAnnulled](StepAnnulled), // who was told of the step learns that it does not hold
	toApplicant[procedure.CaseWithdrawn](Withdrawn),   // C6
	owes(func(e residence.SilenceAnnulled) []Owed { // C23: the applicant, and those who can answer again
		owed := []Owed{{Kind: StepAnnulled}}
		for _, p := range e.Silent {
			owed = append(owed, Owed{Kind: ConfirmationAsked, To: p, By: e.Until})
		}
		return owed
	}, StepAnnulled, ConfirmationAsked),
	toPerson(DocumentCorrected, func(e certificates.Corrected) domain.PersonID { // C10
		return e.PersonID // zero where a case issued the document: its applicant
	}),

	// Decisions (C11).
	owes(func(e procedure.CaseTerminated) []Owed { // C13; R49: the others learn that the applicant has died
		if e.Ground == procedure.ApplicantDied {
			return toEach(e.Others, ApplicantDied)
		}
		return []Owed{{Kind: Terminated, Decision: true}}
	}, Terminated, ApplicantDied),
	toApplicant[procedure.PartyDied](PartyDied),   // R49
	toApplicant[procedure.PartyLives](PartyLives), // R49
	decides[housing.PlacementCertified](Placed),
	decides[housing.ApplicationRefused](PlacementRefused),
	owes(func(e residence.DeregistrationDecided) []Owed { // S001-10, and those deregistered (R16)
		others := slices.DeleteFunc(deregistered(e), func(o Owed) bool { return o.To == e.ApplicantID }) // R22
		return append([]Owed{{Kind: outcome(e), Decision: true}}, others...)
	}, PersonsDeregistered, SomeDeregistered, NobodyDeregistered, CoOwnerDeclined, CoOwnersSilent, YouAreDeregistered),

	// Complaints go to whoever filed them (C12); the applicant is told when the
	// decision no longer stands because of somebody else's complaint (R16).
	toPerson(ComplaintReceived, func(e procedure.ComplaintFiled) domain.PersonID { return e.ComplainantID }),
	owes(func(e procedure.ComplaintForwarded) []Owed {
		return []Owed{{Kind: ComplaintForwarded, Complainant: true, By: e.DecideBy}}
	}, ComplaintForwarded),
	toPerson(ComplaintWithdrawn, func(e procedure.ComplaintWithdrawn) domain.PersonID { return e.ComplainantID }),
	toApplicant[procedure.CourtActRecorded](CourtSetAside), // C29
	owes(func(e procedure.ComplaintDecided) []Owed {
		satisfied := Owed{Kind: ComplaintSatisfied, Complainant: true}
		switch {
		case e.Outcome.Favourable() && !e.Affected.IsZero():
			return []Owed{{Kind: DecisionFell}, satisfied}
		case e.Outcome.Favourable():
			return []Owed{satisfied}
		case e.Outcome == procedure.ComplainantDied: // R49: nobody else was told of the complaint
			return nil
		}
		return []Owed{{Kind: ComplaintDismissed, Complainant: true}}
	}, DecisionFell, ComplaintSatisfied, ComplaintDismissed),

	// The record of residence.
	toPerson(DeathAnnulled, func(e residence.DeathAnnulled) domain.PersonID { return e.PersonID }),         // R27
	toPerson(PersonDataChanged, func(e residence.PersonDataChanged) domain.PersonID { return e.PersonID }), // R24
	toPerson(IINChanged, func(e residence.IINRecorded) domain.PersonID { return e.PersonID }),              // R28
	owes(func(e residence.SuccessionAwaited) []Owed { // R27
		kind := OwnersAwaited
		if e.Duty == residence.LeaseAfterDeath {
			kind = LeaseAwaits
		}
		var owed []Owed
		for _, p := range e.Others {
			owed = append(owed, Owed{Kind: kind, To: p, By: e.By})
		}
		return owed
	}, OwnersAwaited, LeaseAwaits),
	toPerson(SuccessionVoided, func(e residence.SuccessionVoided) domain.PersonID { return e.PersonID }), // who lives
	owes(func(e residence.RepresentativeDied) []Owed {
		return append(to(e.PersonID, RepresentativeDied), toEach(e.Others, RepresentativeDied)...)
	}, RepresentativeDied),
	owes(func(e residence.RepresentativeLives) []Owed {
		return append(to(e.PersonID, RepresentativeBack), to(e.RepresentativeID, RepresentativeBack)...)
	}, RepresentativeBack),
	toPerson(RecordsMerged, func(e residence.RecordAbsorbed) domain.PersonID { return e.PersonID }), // R33
	owes(func(e residence.MergeUndone) []Owed { // R34: both, since they may be two humans; a merge that was refused is told to nobody
		if e.Code != "" {
			return nil
		}
		return append(to(e.PersonID, MergeUndone), to(e.SurvivorID, MergeUndone)...)
	}, MergeUndone),
	owes(func(e residence.RegistrationBegan) []Owed { // R19: a desk has stated their consent
		return toEach(e.Consenting(), ConsentStated)
	}, ConsentStated),
	owes(func(e residence.RegistrationEnded) []Owed {
		switch e.Reason {
		case residence.TermExpired:
			return to(e.PersonID, StayEnded) // R13
		case residence.MovedToNewAddress:
			return to(e.PersonID, Moved) // R12: a desk has recorded it
		case residence.DwellingReplaced:
			return to(e.PersonID, CarriedOver) // R37, R38
		}
		return nil // what a case ends, its decision tells
	}, StayEnded, Moved, CarriedOver),
	owes(func(e residence.RepresentativeRecorded) []Owed {
		return toEach([]domain.PersonID{e.PersonID, e.RepresentativeID}, Represents)
	}, Represents),
	owes(func(e residence.RepresentationEnded) []Owed {
		return toEach([]domain.PersonID{e.PersonID, e.RepresentativeID}, Represents)
	}, Represents),
	toPerson(RecordCorrected, func(e residence.RegistrationInserted) domain.PersonID { return e.PersonID }),
	toPerson(RecordCorrected, func(e residence.RegistrationAnnulled) domain.PersonID { return e.PersonID }),
	toPerson(RecordCorrected, func(e residence.RegistrationCorrected) domain.PersonID { return e.PersonID }),
	toPerson(RecordCorrected, func(e residence.EndingAnnulled) domain.PersonID { return e.PersonID }),
	toPerson(RecordCorrected, func(e residence.EndingCorrected) domain.PersonID { return e.PersonID }),
	toPerson(RecordCorrected, func(e residence.CorrectionAnnulled) domain.PersonID { return e.PersonID }),
	owes(func(e residence.OwnersChangeProposed) []Owed {
		return append(toEach(residence.Losers(e.Former, e.Owners), OwnersProposed),
			toEach(residence.Agents(e.Former, e.Owners), OwnersAgent)...)
	}, OwnersProposed, OwnersAgent),
	owes(func(e residence.OwnersChanged) []Owed {
		return append(toEach(residence.Losers(e.Former, e.Owners), OwnersChanged),
			toEach(residence.Agents(e.Former, e.Owners), OwnersAgent)...)
	}, OwnersChanged, OwnersAgent),
	owes(func(e residence.OwnersCorrected) []Owed { return toEach(e.Told(), OwnersCorrected) }, OwnersCorrected),
	// R36-R38: who owns the dwelling, and that it stands after all.
	owes(func(e residence.DwellingGone) []Owed {
		// An owner who resides there is told where their registration goes on.
		carried := func(p domain.PersonID) bool {
			return slices.ContainsFunc(e.Residents, func(r residence.ResidentInto) bool { return r.PersonID == p })
		}
		return toEach(slices.DeleteFunc(slices.Clone(e.Told), carried), DwellingEnded)
	}, DwellingEnded),
	// R35: who owns the dwelling.
	owes(func(e residence.DwellingDescribed) []Owed { return toEach(e.Told, DwellingChanged) }, DwellingChanged),
	owes(func(e residence.DwellingRecoded) []Owed { return toEach(e.Told, DwellingChanged) }, DwellingChanged),
	owes(func(e residence.OwnersChangeDeclined) []Owed { return toOwners(e.Owners, OwnersStay) }, OwnersStay, OwnersAgent),
	owes(func(e residence.OwnersChangeLapsed) []Owed { return toOwners(e.Owners, OwnersStay) }, OwnersStay, OwnersAgent),
	// C23: those who were told that the owners stay.
	owes(func(e residence.LapseAnnulled) []Owed { return toOwners(e.Former, OwnersWaitAgain) },
		OwnersWaitAgain, OwnersAgent),
	owes(func(e residence.TakenIntoStock) []Owed { return toEach(e.Owners, TakenIntoStock) }, TakenIntoStock),
	owes(func(e residence.WithdrawnFromStock) []Owed { return toEach(e.Owners, WithdrawnFromStock) }, WithdrawnFromStock),
	owes(func(e residence.Offered) []Owed { // Q37
		return []Owed{{Kind: DwellingOffered, To: e.PersonID, By: e.AnswerBy}}
	}, DwellingOffered),
	owes(func(e residence.OfferEnded) []Owed { // Q37; of a decline and a provision the holder is told by these
		if e.How == residence.OfferTakenBack {
			return to(e.PersonID, OfferTakenBack)
		}
		return nil
	}, OfferTakenBack),
	owes(func(e residence.ContactsStated) []Owed {
		if e.ByStaff || e.FormerPhone != "" || e.FormerEmail != "" {
			return to(e.PersonID, ContactsChanged)
		}
		return nil // the person states the first ones, and is answered
	}, ContactsChanged),
	toPerson(LeaseEnded, func(e residence.LeaseEnded) domain.PersonID { return e.PersonID }),

	// What an official states for an applicant or a holder.
	owes(func(e housing.LookupConsentWithdrawn) []Owed {
		return stated(e.ByStaff, e.PersonID, LookupConsentStated)
	}, LookupConsentStated),
	owes(func(e housing.LookupConsentRenewed) []Owed {
		return stated(e.ByStaff, e.PersonID, LookupConsentStated)
	}, LookupConsentStated),
	owes(func(e housing.ChangeReported) []Owed {
		return stated(e.ByStaff, e.PersonID, ChangeStated)
	}, ChangeStated),

	// The list: the holder of the entry.
	toPerson(Removed, func(e housing.EntryRemoved) domain.PersonID { return e.PersonID }), // Q15
	overtakes[housing.EntryReinstated](toPerson(Reinstated, func(e housing.EntryReinstated) domain.PersonID { return e.PersonID })),
	overtakes[housing.EntryRedated](toPerson(Redated, func(e housing.EntryRedated) domain.PersonID { return e.PersonID })),            // Q17
	overtakes[housing.RedatingUndone](toPerson(RedatingUndone, func(e housing.RedatingUndone) domain.PersonID { return e.PersonID })), // Q34
	overtakes[housing.EntryPlaced](Line{}), // the holder is told with the decision of the case
	owes(func(e housing.EntryTransferred) []Owed { // Q16
		if e.Cause != housing.HolderDied {
			return append(to(e.PersonID, TransferredToYou), to(e.From, TransferredFromYou)...)
		}
		return to(e.PersonID, TransferredToYou)
	}, TransferredToYou, TransferredFromYou),
	overtakes[housing.EntryPrioritised](toPerson(Prioritised, func(e housing.EntryPrioritised) domain.PersonID { return e.PersonID })),
	owes(func(e housing.PriorityEnded) []Owed {
		if e.ByRule != "" { // Q35
			return to(e.PersonID, PriorityRuleEnded)
		}
		return to(e.PersonID, PriorityEnded)
	}, PriorityEnded, PriorityRuleEnded),
	toPerson(ProtectionLifted, func(e housing.ProtectionLifted) domain.PersonID { return e.PersonID }), // Q15a
	owes(func(e housing.InventoryRequested) []Owed { // Q23
		return []Owed{{Kind: InventoryAsked, To: e.PersonID, By: e.AnswerBy}}
	}, InventoryAsked),
	owes(func(e housing.ReviewOpened) []Owed { // Q23
		if e.Reason == housing.HolderDead {
			return nil // nobody would read it; the body finds the review on its list
		}
		if e.Reason == housing.ServiceOver {
			return nil // the end of the service tells it (Q42)
		}
		if e.Reason == housing.InventoryMissed {
			return to(e.PersonID, ConfirmationMissing)
		}
		if e.Reason == housing.FamilyReported { // Q40
			return []Owed{{Kind: FamilyReviewOpened, To: e.PersonID, By: e.DecideBy}}
		}
		return to(e.PersonID, ReviewOpened)
	}, ReviewOpened, ConfirmationMissing, FamilyReviewOpened),
	toPerson(ReviewClosed, func(e housing.ReviewClosed) domain.PersonID { return e.PersonID }),
	owes(func(e housing.ServiceEnded) []Owed { // Q42
		if e.DecideBy.IsZero() { // a review went on
			return to(e.PersonID, ServiceEndInReview)
		}
		return []Owed{{Kind: ServiceEnded, To: e.PersonID, By: e.DecideBy}}
	}, ServiceEnded, ServiceEndInReview),
	toPerson(ServiceEndUndone, func(e housing.ServiceEndUndone) domain.PersonID { return e.PersonID }), // Q42
	toPerson(InventoryNotAsked, func(e housing.RequestAnnulled) domain.PersonID { return e.PersonID }), // C23
	owes(func(e housing.ReviewAnnulled) []Owed { // C23
		return []Owed{{Kind: ReviewAnnulled, To: e.PersonID, By: e.Until}}
	}, ReviewAnnulled),
	toPerson(ConsentStands, func(e housing.ConsentExpiryAnnulled) domain.PersonID { return e.PersonID }), // C23
	toPerson(Provided, func(e housing.EntryProvided) domain.PersonID { return e.PersonID }),              // Q19, Q20
	toPerson(LeftList, func(e housing.EntryLeft) domain.PersonID { return e.PersonID }),                  // Q26
	toPerson(DwellingDeclined, func(e housing.DwellingDeclined) domain.PersonID { return e.PersonID }),   // Q25
	toPerson(DeclineTakenBack, func(e housing.DeclineTakenBack) domain.PersonID { return e.PersonID }),   // Q25

	// C27: everybody who waits on a list of the body.
	circulates(func(body.Renamed) Kind { return BodyRenamed }, BodyRenamed),
	circulates(func(e body.Ended) Kind {
		if e.SuccessorID.IsZero() {
			return "" // it kept nothing
		}
		return BodySucceeded
	}, BodySucceeded),
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

// OwedBy is [Of] of a recorded event. An imported fact owes none: it was told when it happened, by the
// register that it comes from.
func OwedBy(rec domain.Recorded) []Owed {
	if rec.Meta.Imported != nil {
		return nil
	}
	return Of(rec.Event)
}

// Of returns the notices that the event owes, at most one to each person whom it names (C28). It
// depends on the event alone.
func Of(e domain.Event) []Owed {
	if e == nil {
		return nil
	}
	l, ok := lines[e.EventType()]
	if !ok || l.owed == nil {
		return nil
	}
	var owed []Owed
	for _, o := range l.owed(e) {
		if o.FromCase() || !slices.ContainsFunc(owed, func(other Owed) bool { return other.To == o.To }) {
			owed = append(owed, o)
		}
	}
	return owed
}

// CircularOf returns the kind of the circular that the event owes; false where it owes none.
func CircularOf(e domain.Event) (Kind, bool) {
	if e == nil {
		return "", false
	}
	l, ok := lines[e.EventType()]
	if !ok || l.circular == nil {
		return "", false
	}
	k := l.circular(e)
	return k, k != ""
}

// circulates is the line of the type E, which owes a circular.
func circulates[E domain.Event](kind func(E) Kind, kinds ...Kind) Line {
	var e E
	return Line{Event: e.EventType(), Kinds: kinds, circular: func(event domain.Event) Kind { return kind(event.(E)) }}
}

// overtakes is the line, and where an event of the type E puts an entry before others the circular
// of its day (Q43).
func overtakes[E housing.Overtaking](l Line) Line {
	circular := circulates(func(e E) Kind {
		if e.Overtook() > 0 {
			return NumberWorse
		}
		return ""
	}, NumberWorse)
	circular.Kinds, circular.owed = append(circular.Kinds, l.Kinds...), l.owed
	return circular
}

// owes is the line of the type E, which can owe notices of the kinds.
func owes[E domain.Event](owed func(E) []Owed, kinds ...Kind) Line {
	var e E
	return Line{Event: e.EventType(), Kinds: kinds, owed: func(event domain.Event) []Owed { return owed(event.(E)) }}
}

// toPerson is the line of a type that names to whom it owes its one notice.
func toPerson[E domain.Event](k Kind, whom func(E) domain.PersonID) Line {
	return owes(func(e E) []Owed { return to(whom(e), k) }, k)
}

// toApplicant is the line of a type that owes the applicant of the case a notice.
func toApplicant[E domain.Event](k Kind) Line {
	return owes(func(E) []Owed { return []Owed{{Kind: k}} }, k)
}

// toApplicantBy is toApplicant of a notice that names a day.
func toApplicantBy[E domain.Event](k Kind, by func(E) domain.Date) Line {
	return owes(func(e E) []Owed { return []Owed{{Kind: k, By: by(e)}} }, k)
}

// decides is the line of a type that is the decision of a case.
func decides[E domain.Event](k Kind) Line {
	return owes(func(E) []Owed { return []Owed{{Kind: k, Decision: true}} }, k)
}

// none are the lines of types that owe no notice.
func none(why string, types ...domain.Event) []Line {
	lines := make([]Line, len(types))
	for i, e := range types {
		lines[i] = Line{Event: e.EventType(), None: why}
	}
	return lines
}

func to(p domain.PersonID, k Kind) []Owed { return []Owed{{Kind: k, To: p}} }

// toEach owes each of the persons a notice of the kind.
func toEach(persons []domain.PersonID, k Kind) []Owed {
	var owed []Owed
	for _, p := range persons {
		owed = append(owed, to(p, k)...)
	}
	return owed
}

// stated tells the person what an official has stated for them; of what they said
// themselves nobody is told.
func stated(byStaff bool, p domain.PersonID, k Kind) []Owed {
	if !byStaff {
		return nil
	}
	return to(p, k)
}

// toOwners tells everybody who stays an owner, or speaks for one, that a proposed change was
// not made.
func toOwners(owners []residence.Owner, kind Kind) []Owed {
	var owed []Owed
	for _, o := range owners {
		if o.Kind == "" {
			owed = append(owed, to(o.PersonID, kind)...)
		}
	}
	return append(owed, toEach(residence.Agents(owners, nil), OwnersAgent)...)
}

// askCoOwners asks the persons who must confirm the application (R6).
func askCoOwners(e residence.DeregistrationApplied) []Owed {
	var owed []Owed
	for _, p := range e.CoOwners {
		owed = append(owed, Owed{Kind: ConfirmationAsked, To: p, By: domain.LastDayBefore(e.ConfirmBy)})
	}
	return owed
}

// outcome is what the owner is told: that persons not living at the address have
// been deregistered (S001-10), all of them, some, or none.
func outcome(e residence.DeregistrationDecided) Kind {
	switch len(deregistered(e)) {
	case 0:
		for _, r := range e.Results { // of all alike
			switch r.Code {
			case domain.CodeCoOwnerDeclined:
				return CoOwnerDeclined // R6
			case domain.CodeCoOwnersSilent:
				return CoOwnersSilent // R6
			}
		}
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
