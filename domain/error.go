package domain

import (
	"errors"
	"fmt"
	"strings"
)

// Kind says what the caller can do after an [Error]. HTTP turns it into a
// status in one place (httpapi).
type Kind uint8

const (
	Invalid     Kind = iota // the command itself is wrong: correct it and send it again
	Conflict                // the command is well formed, but the present state of the registry does not allow it
	NotFound                // what the command or query names does not exist, or the caller may not see it
	Forbidden               // the caller may not do this
	Stale                   // the caller decided on an older revision than the present one (If-Match)
	Unavailable             // nothing was decided; the same request may be sent again
)

// Error is a refusal that a client can act upon.
type Error struct {
	Kind    Kind
	Code    Code
	Field   string   // path of the member at fault as the client wrote it ("persons[1]"); empty where none is
	Message string   // a sentence: what is wrong and how to correct it; never holds a personal value
	Also    []*Error // further faults of the same command, one level deep
}

func (e *Error) Error() string {
	if e.Field == "" {
		return string(e.Code) + ": " + e.Message
	}
	return string(e.Code) + " (" + e.Field + "): " + e.Message
}

// At returns a copy of e that blames field.
func (e *Error) At(field string) *Error {
	c := *e
	c.Field = field
	return &c
}

// Refuse builds an Error without a field; chain [Error.At] to name one.
func Refuse(kind Kind, code Code, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Message: fmt.Sprintf(format, args...)}
}

// CodeOf returns the code of the [Error] in err's chain, or "" where there is none.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// IsKind reports whether there is an [Error] of the kind in err's chain.
func IsKind(err error, kind Kind) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == kind
}

// Code names a refusal for programs. Codes are part of the API: they are
// added to, never renamed.
type Code string

const (
	// Identifiers, dates, text.
	CodeIINFormat       Code = "iin_format"
	CodeIINControlDigit Code = "iin_control_digit"
	CodeIINZero         Code = "iin_zero"
	CodeIINRequired     Code = "iin_required"
	CodeIDFormat        Code = "id_format"
	CodeAccountFormat   Code = "account_format"
	CodeTokenIDFormat   Code = "token_id_format"
	CodeDateFormat      Code = "date_format"
	CodeEventRefFormat  Code = "event_reference_format"
	CodeDateInFuture    Code = "date_in_future"
	CodeRequired        Code = "required"
	CodeTooLong         Code = "too_long"
	CodeValueUnknown    Code = "value_unknown"
	CodeShareFormat     Code = "share_format"
	CodeSharesExceedOne Code = "shares_exceed_one"
	CodeNamedTwice      Code = "named_twice"
	CodeHashFormat      Code = "hash_format"
	CodeBasisRequired   Code = "basis_required"

	// What a second official confirms.
	CodeProposalPending    Code = "proposal_pending"
	CodeProposalNotPending Code = "proposal_not_pending"
	CodeOwnProposal        Code = "own_proposal"

	// Persons and dwellings.
	CodePersonUnknown    Code = "person_unknown"
	CodePersonRecorded   Code = "person_already_recorded"
	CodeNotIdentified    Code = "person_not_identified"
	CodeSelfRecord       Code = "self_record_not_open"
	CodeDwellingUnknown  Code = "dwelling_unknown"
	CodeDwellingRecorded Code = "dwelling_already_recorded"
	CodeClaimVoid        Code = "dwelling_code_claim_void"
	CodeRKAFormat        Code = "rka_format"
	CodeStreetUnknown    Code = "street_unknown"

	// The end of a dwelling (R36-R38).
	CodeDwellingGone        Code = "dwelling_gone"
	CodeDwellingInhabited   Code = "dwelling_inhabited"
	CodeResidentNotAssigned Code = "resident_not_assigned"
	CodeNotMadeFrom         Code = "dwelling_not_made_from"
	CodePartInOtherStock    Code = "dwelling_in_other_stock"
	CodePartWithoutOwners   Code = "part_without_owners"

	// The correction of owners (R39). The first two are consequences that must be accepted.
	CodeResidentsAdmitted Code = "residents_admitted_by_owners"
	CodeGivenByOwners     Code = "dwelling_given_by_owners"
	CodeTitleOrder        Code = "owners_out_of_order"

	CodeEffectiveTooEarly Code = "effective_too_early"
	CodeErasureBarred     Code = "erasure_barred"
	CodeHoldUnknown       Code = "hold_unknown"

	// Who a person is (R24, R25). The first two are warnings that must be answered.
	CodeIINBirthDate     Code = "iin_contradicts_birth_date"
	CodeIINClass         Code = "iin_contradicts_class"
	CodeWarningsOpen     Code = "warnings_not_answered"
	CodeBirthPartUnknown Code = "birth_part_unknown"

	// Two records of one human (R33). The first two are warnings that must be answered.
	CodeNamesDiffer      Code = "names_differ"
	CodeBirthDatesDiffer Code = "birth_dates_differ"
	CodeIINsDiffer       Code = "iins_differ"
	CodeDeathsDiffer     Code = "deaths_differ"
	CodeSameRecord       Code = "same_record"
	CodeMergeBarred      Code = "merge_barred"
	CodeRecordMerged     Code = "record_merged"
	CodePersonDead       Code = "person_dead"           // R27
	CodeIINTaken         Code = "iin_of_another_person" // R28
	CodePersonNotDead    Code = "person_not_dead"
	CodePersonAlike      Code = "same_name_and_birth_date" // R29: a warning that must be answered
	CodeNameTooWide      Code = "name_too_wide"            // R53

	// What an act leaves a child without (R20).
	CodeChildNowhere Code = "child_registered_nowhere"
	CodeChildAlone   Code = "child_without_representative"

	// What is unlikely of a representative: warnings that must be answered (Q24).
	CodeParentAge   Code = "parent_age_unlikely"
	CodeParentMinor Code = "parent_is_minor"

	// Registration of residence (R11-R14).
	CodeUntilRequired     Code = "until_required"
	CodeUntilNotAllowed   Code = "until_not_allowed"
	CodeUntilBeforeFrom   Code = "until_before_effective_from"
	CodeTemporaryTooShort Code = "temporary_too_short"
	CodeTemporaryTooLong  Code = "temporary_too_long"
	CodeRegisteredHere    Code = "already_registered_here"
	CodeTemporaryActive   Code = "temporary_already_active"
	CodePeriodOverlaps    Code = "period_overlaps"
	CodeNotRegisteredHere Code = "not_registered_at_dwelling"
	CodeEndsBeforeBegin   Code = "ends_before_begin"
	CodeBeforeBirth       Code = "before_birth"
	CodeOwnersConsent     Code = "owners_consent_required"
	CodeConsentTooEarly   Code = "consent_too_early"  // R54
	CodeNobodyConsents    Code = "nobody_can_consent" // R42
	CodePhoneFormat       Code = "phone_format"
	CodeEmailFormat       Code = "email_format"

	CodePlaceNotPermitted Code = "place_not_permitted"
	CodeNotInLease        Code = "not_named_in_lease"
	CodeOccupancyNorm     Code = "occupancy_norm_exceeded"
	CodeAreaUnknown       Code = "useful_area_not_recorded" // a warning (R19)
	CodeAreaFormat        Code = "area_format"

	CodeNotAMinor              Code = "not_a_minor"
	CodeRepresentativeRecorded Code = "representative_already_recorded"
	CodeNotRepresentative      Code = "not_a_representative"
	CodeChildLeft              Code = "child_left_without_representative" // a warning (R20)
	CodeChildApart             Code = "child_apart_from_representatives"  // a warning (R20)

	// Correction of the past (R14), and its consequences.
	CodeFactUnknown            Code = "fact_unknown"
	CodeFactNotInForce         Code = "fact_not_in_force"
	CodeNotAmendable           Code = "fact_has_no_such_day"
	CodeNothingChanges         Code = "nothing_changes"
	CodeEndsAfterTerm          Code = "ends_after_term"
	CodeNotDue                 Code = "not_due"
	CodeConsequences           Code = "consequences_not_accepted"
	CodeLeavesHole             Code = "leaves_hole"
	CodeLeavesWithoutResidence Code = "leaves_without_residence"
	CodeCutsOverlap            Code = "cuts_overlap"
	CodeEndingWithoutMove      Code = "ending_without_move"
	CodeCaseContradicted       Code = "case_result_contradicted"

	// Deregistration, S001 (R1-R10, C1, C17).
	CodeChannelNotOpen        Code = "channel_not_open_to_class"
	CodeChannelNotOfRole      Code = "channel_not_of_role"
	CodeGroundNotOpen         Code = "ground_not_open_on_channel"
	CodeSignatureMethod       Code = "signature_method_not_allowed"
	CodeApplicantNotOwner     Code = "applicant_not_owner"
	CodeApplicantNotYou       Code = "applicant_not_you"
	CodeIdentityDocument      Code = "identity_document_required"
	CodeApplicationDocument   Code = "application_document_required"
	CodeExitPermission        Code = "exit_permission_required"
	CodePassportOfChild       Code = "passport_required_under_16"
	CodeIdentityCardSurrender Code = "identity_card_must_be_surrendered"
	CodeCourtDecision         Code = "court_decision_required"
	CodeCourtDecisionNotYet   Code = "court_decision_not_in_force"
	CodeRepresentative        Code = "legal_representative_required"
	CodeNotNamed              Code = "person_not_named"
	CodeNotEntitled           Code = "applicant_not_entitled"
	CodeAwaitsCoOwners        Code = "awaits_co_owners"
	CodeConfirmationLate      Code = "confirmation_too_late"
	CodeAnswered              Code = "already_answered"
	CodeNotConfirmed          Code = "not_confirmed"
	CodeCoOwnerDeclined       Code = "co_owner_declined"
	CodeCoOwnersSilent        Code = "co_owners_did_not_answer"
	CodeOwnersChanged         Code = "owners_changed"

	// Service housing, S000 (Q1-Q9, C7).
	CodeListUnknown      Code = "list_unknown"
	CodeListOpened       Code = "list_already_opened"
	CodeAlreadyOnList    Code = "already_on_list"
	CodeEntryUnknown     Code = "entry_unknown"
	CodeEntryNotActive   Code = "entry_not_active"
	CodeEntryNotRemoved  Code = "entry_not_removed"
	CodeCaseUnknown      Code = "case_unknown"
	CodeCaseDecided      Code = "case_already_decided"
	CodeGroundUnknown    Code = "ground_unknown"
	CodeGroundNotAllowed Code = "ground_not_allowed"
	CodeGroundRequired   Code = "ground_required"
	CodeReasonsRequired  Code = "reasons_required"
	CodeConsentMissing   Code = "consent_missing"
	CodeConsentLive      Code = "consent_given"
	// A member of the family, who consents for themselves.
	CodeMemberConsentMissing Code = "member_consent_missing"
	CodeMemberConsented      Code = "member_has_consented"

	// The examination of need (Q10-Q14).
	CodeExaminationRequired Code = "examination_required"
	CodeRequirementsNotMet  Code = "requirements_not_met"
	CodeRequirementNotNamed Code = "requirement_not_named"
	CodeFindingPerson       Code = "finding_not_of_this_person"
	CodeMemberNotAllowed    Code = "member_not_allowed"
	CodeAddressTooWide      Code = "address_too_wide"
	CodeNumberFormat        Code = "number_format"

	// What bars somebody from being in need (art. 101-3).
	CodeNoGroundOfNeed    Code = "no_ground_of_need"
	CodeDwellingOwned     Code = "dwelling_owned"
	CodeStateDwelling     Code = "state_dwelling_received"
	CodePastBenefit       Code = "past_benefit"
	CodeDwellingAlienated Code = "dwelling_alienated"

	// What the registry's own records say against what is stated: warnings that must be answered
	// (Q28, Q29).
	CodeTitleUnstated       Code = "dwelling_not_stated"
	CodeSharesTogether      Code = "shares_together_count"
	CodeAlienationUnstated  Code = "alienation_not_stated"
	CodeServiceLeaseHeld    Code = "service_dwelling_held"
	CodeCountedElsewhere    Code = "counted_in_another_entry"
	CodeChildOfAge          Code = "child_of_age"
	CodeSpouseMinor         Code = "spouse_is_minor"
	CodeLeftCountry         Code = "left_the_country"
	CodeRegisteredElsewhere Code = "registered_elsewhere"
	CodeAreaDiffers         Code = "area_differs"
	CodeRoomsDiffer         Code = "rooms_differ"
	CodeCauseNotRecorded    Code = "cause_not_recorded"
	CodeNotAllCompared      Code = "not_all_compared"
	CodeServiceNotStated    Code = "service_not_stated"
	CodeServiceElsewhere    Code = "service_of_another_body"
	CodeServiceEnded        Code = "service_has_ended"

	// The procedure of a case (C2-C13, C15).
	CodeStepNotOpen      Code = "step_not_open"
	CodeTooEarly         Code = "too_early"
	CodeTooLate          Code = "too_late"
	CodePeriodTooLong    Code = "period_too_long"
	CodeDeciderRecused   Code = "decider_recused"
	CodeHearingRequired  Code = "hearing_required"
	CodeComplaintPending Code = "complaint_pending"
	CodeNoDuplicate      Code = "no_duplicate"
	CodeNoRemedy         Code = "no_remedy"
	CodeNoAppeal         Code = "no_appeal"
	CodeHeldByState      Code = "document_held_by_state"

	// What a wrong clock decided (C23).
	CodeAnnulmentOvertaken Code = "annulment_overtaken"

	// Terms (C4, C9).
	CodeCalendarYear Code = "calendar_year_missing"
	// Documents issued (R17, C10).
	CodeCertificateUnknown    Code = "certificate_unknown"
	CodeCertificateSuperseded Code = "certificate_superseded"
	CodeDuplicateNotIssued    Code = "duplicate_not_issued"
	CodeNotASlip              Code = "not_a_slip"
	CodeVersionUnknown        Code = "version_unknown"
	CodeCheckCodeFormat       Code = "check_code_format"
	CodeCertificateVoid       Code = "certificate_void"
	CodeNotEnded              Code = "registration_not_ended"
	CodeSheetIssued           Code = "departure_sheet_already_issued"
	// The list, once an entry stands on it (Q5, Q8, Q15-Q23).
	CodeSpouseOnList       Code = "spouse_already_on_list"
	CodeEntryProtected     Code = "entry_protected"
	CodeEntryUnderReview   Code = "entry_under_review"
	CodeEntryNotReviewed   Code = "entry_not_under_review"
	CodeNoticeNotOwed      Code = "notice_not_owed"
	CodeComplaintNotWon    Code = "complaint_not_satisfied"
	CodeRedatingTooEarly   Code = "redating_too_early"
	CodeNotInFamily        Code = "not_in_family"
	CodeKinshipImpossible  Code = "kinship_not_possible"
	CodeNeedCheckTooOld    Code = "need_check_too_old"
	CodeNeedNotConfirmed   Code = "need_not_confirmed"
	CodeConsentWithdrawn   Code = "consent_withdrawn"
	CodeConsentExpired     Code = "consent_expired"
	CodeConsentTerms       Code = "consent_does_not_cover"
	CodePriorityNotRuled   Code = "priority_not_in_rule"
	CodeDwellingNotFit     Code = "dwelling_does_not_fit"
	CodeNotFirstEligible   Code = "not_first_eligible"
	CodeTooManySkipped     Code = "too_many_skipped"
	CodeDeclineNotRecorded Code = "decline_not_recorded"
	CodeTooManyDeclined    Code = "too_many_declined"
	CodeHolderChanged      Code = "holder_changed"
	CodeOrderContradicted  Code = "order_contradicted"
	CodeDwellingLeased     Code = "dwelling_leased"
	CodeDwellingNotLeased  Code = "dwelling_not_leased"
	CodeDwellingNotGiven   Code = "dwelling_not_given"
	CodeDwellingNotInStock Code = "dwelling_not_in_stock"
	CodeDwellingOffered    Code = "dwelling_offered"
	CodePaperRequired      Code = "paper_required"

	// Files of papers (C30).
	CodePaperType            Code = "paper_type"
	CodePaperTooLarge        Code = "paper_too_large"
	CodePaperInfected        Code = "paper_infected"
	CodePaperUnknown         Code = "paper_unknown"
	CodePaperErased          Code = "paper_erased"
	CodePapersFull           Code = "papers_full"
	CodePapersAway           Code = "papers_unavailable"
	CodeScannerAway          Code = "virus_scanner_unavailable"
	CodeDwellingNotOffered   Code = "dwelling_not_offered"
	CodeDwellingNotDescribed Code = "dwelling_not_described"
	CodeDwellingDeclined     Code = "dwelling_declined"

	// Signatures (C16, C18).
	CodeSignatureMismatch      Code = "signature_does_not_match"
	CodeSignatureNotApplicants Code = "signature_not_applicants"
	CodeSignatureMalformed     Code = "signature_malformed"
	CodeSignatureAlgorithm     Code = "signature_algorithm_unsupported"
	CodeSignatureWeak          Code = "signature_algorithm_weak"
	CodeCertificatePurpose     Code = "certificate_not_for_signing"
	CodeCertificateNotValid    Code = "certificate_not_valid_now"
	CodeCertificateUntrusted   Code = "certificate_untrusted"
	CodeCertificateRevoked     Code = "certificate_revoked"
	CodeRevocationUnknown      Code = "certificate_revocation_unknown"
	CodeTimestampAway          Code = "timestamp_unavailable"
	CodeVerifierAway           Code = "signature_verifier_unavailable"

	// One-time passwords (C19).
	CodePhoneNotConfirmed  Code = "phone_not_confirmed"
	CodeNotMobileCitizen   Code = "not_in_mobile_citizens_base"
	CodePhoneNotRegistered Code = "phone_not_in_mobile_citizens_base"
	CodeMobileCitizensAway Code = "mobile_citizens_base_unavailable"
	CodeSMSAway            Code = "sms_not_sent"
	CodeTooManyPasswords   Code = "too_many_one_time_passwords"
	CodeChallengeUnknown   Code = "one_time_password_unknown"
	CodeChallengeOther     Code = "one_time_password_for_another_request"
	CodePhoneChanged       Code = "phone_changed"
	CodePasswordWrong      Code = "one_time_password_wrong"
	CodePasswordUsed       Code = "one_time_password_used"
	CodePasswordExpired    Code = "one_time_password_expired"
	CodePasswordLocked     Code = "one_time_password_locked"
	CodePasswordSuperseded Code = "one_time_password_superseded"

	// Bodies, officials and accounts, and who may act for them.
	CodeBodyUnknown       Code = "body_unknown"
	CodeBodyRecorded      Code = "body_already_recorded"
	CodeBINFormat         Code = "bin_format"
	CodeBINControlDigit   Code = "bin_control_digit"
	CodeKATOFormat        Code = "kato_format"
	CodeParentNotAllowed  Code = "parent_not_allowed"
	CodeOfficialUnknown   Code = "official_unknown"
	CodeOfficialAppointed Code = "official_already_appointed"
	CodeOfficeTaken       Code = "office_taken"
	CodeAccountUnknown    Code = "account_unknown"
	CodeAccountTaken      Code = "account_taken"
	CodeAccountClosed     Code = "account_closed"
	CodeAccountNoBody     Code = "account_without_body"
	CodeNotYourBody       Code = "not_your_body"
	CodeNotYourTerritory  Code = "not_your_territory"
	CodeOwnMatter         Code = "own_matter"
	CodeOfficeRequired    Code = "office_required"
	CodeReferenceRequired Code = "reference_required"
	CodeBodyEnded         Code = "body_ended"
	CodeNoConsumer        Code = "not_a_consumer"
	CodeNothingAllowed    Code = "nothing_allowed"
	CodeFeedPosition      Code = "feed_position_unknown"
	CodeSuccessorRequired Code = "successor_required"
	CodeSuccessorInvalid  Code = "successor_not_allowed"

	// Minutes of a commission.
	CodeMinutesRequired   Code = "minutes_required"
	CodeMemberUnknown     Code = "member_unknown"
	CodeMemberNotInOffice Code = "member_not_in_office"
	CodeVoterIsParty      Code = "voter_is_party"
	CodeNoQuorum          Code = "no_quorum"
	CodeNotCarried        Code = "not_carried"

	// Contacts, and the codes that confirm them.
	CodeTooManyCodes       Code = "too_many_codes_to_contact"
	CodeNoCodeAwaited      Code = "no_code_awaited"
	CodeContactCodeWrong   Code = "contact_code_wrong"
	CodeContactCodeExpired Code = "contact_code_expired"
	CodeContactCodeLocked  Code = "contact_code_locked"
	CodeContactCodeNotSent Code = "contact_code_not_sent"

	// Commands as such.
	CodeKeyReused       Code = "idempotency_key_reused"
	CodeKeyRequired     Code = "idempotency_key_required"
	CodeStaleRevision   Code = "stale_revision"
	CodeLostRace        Code = "lost_race"
	CodeLogUnavailable  Code = "event_store_unavailable"
	CodeDiskFull        Code = "disk_full"
	CodeMasterKeysAway  Code = "master_keys_unavailable"
	CodeLogTampered     Code = "log_tampered"
	CodeRecordUnread    Code = "record_unreadable"
	CodeLogReplaced     Code = "log_replaced"
	CodeClockDisagrees  Code = "clock_disagrees"
	CodeProofPending    Code = "proof_pending"
	CodeEventUnknown    Code = "event_unknown"
	CodeHeadUnknown     Code = "head_unknown"
	CodeModelNotReady   Code = "read_model_not_ready"
	CodeModelBehind     Code = "read_model_behind"
	CodeTooManyStreams  Code = "too_many_streams"
	CodeTooManyRequests Code = "too_many_requests"
	CodeNotFound        Code = "not_found"
	CodeUnauthenticated Code = "unauthenticated"
	CodeSignInStronger  Code = "stronger_sign_in_required"
	CodeIssuerAway      Code = "identity_provider_unavailable"
	CodeRoleNotAllowed  Code = "role_not_allowed"
	CodeMalformed       Code = "malformed"
	CodeMethod          Code = "method_not_allowed"
	CodeNotAcceptable   Code = "not_acceptable"
	CodeUnknownField    Code = "unknown_field"
	CodeWrongType       Code = "wrong_type"
	CodeInvalidUTF8     Code = "invalid_utf8"
	CodeBodyTooLarge    Code = "body_too_large"
	CodeMediaType       Code = "unsupported_media_type"
	CodeInternal        Code = "internal"
)

// Path writes the path of a member of a list in a request: Path("persons", 1)
// is "persons[1]", Path("owners", 0, "share") is "owners[0].share".
func Path(list string, index int, member ...string) string {
	return strings.Join(append([]string{fmt.Sprintf("%s[%d]", list, index)}, member...), ".")
}
