package procedure

import (
	"log/slog"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
)

// Events are the types of event that this package declares.
var Events = []domain.EventType{
	domain.EventOf[CorrectionRequested](),
	domain.EventOf[CorrectionReceived](),
	domain.EventOf[CaseReturned](),
	domain.EventOf[CaseForwarded](),
	domain.EventOf[ReviewBegan](),
	domain.EventOf[DeciderRecused](),
	domain.EventOf[HearingAnnounced](),
	domain.EventOf[ObjectionFiled](),
	domain.EventOf[HearingClosed](),
	domain.EventOf[HearingDispensed](),
	domain.EventOf[TermExtended](),
	domain.EventOf[CaseWithdrawn](),
	domain.EventOf[CaseTerminated](),
	domain.EventOf[PartyDied](),
	domain.EventOf[PartyLives](),
	domain.EventOf[DecisionNotified](),
	domain.EventOf[DeadlinePassed](),
	domain.EventOf[ApplicantNotified](),
	domain.EventOf[DutyMissed](),
	domain.EventOf[RemedyRecorded](),
	domain.EventOf[StepAnnulled](),
	domain.EventOf[ComplaintFiled](),
	domain.EventOf[ComplaintForwarded](),
	domain.EventOf[ComplaintDecided](),
	domain.EventOf[ComplaintWithdrawn](),
	domain.EventOf[CourtActRecorded](),
	domain.EventOf[ActContested](),
	domain.EventOf[PaperFiled](),
}

// Moves is an event of a service that moves its case: an application received,
// a decision taken.
type Moves interface {
	domain.Event
	// MovesTo returns the state that the case is in after the event.
	MovesTo() State
}

// Runs is an event of a service from which the deadline runs.
type Runs interface {
	Moves
	// Term returns the deadline; zero where it does not run yet.
	Term() time.Time
}

// Begins is the event of a service that begins a case.
type Begins interface {
	Moves
	// Begun returns what the procedure needs of the application.
	Begun() Application
}

// Application is a case at its beginning.
type Application struct {
	CaseID       domain.CaseID
	ApplicantID  domain.PersonID
	Affected     []domain.PersonID // other persons whose rights the act touches: they may complain, too (R16)
	Parties      []domain.PersonID // others who have a part in it: the family, co-owners, who confirmed for them
	Subject      uuid.UUID         // what is asked for, the same for the same thing (C13)
	ReceivedAt   time.Time         // when it was filed: term and seniority run from here (Q4, Q6)
	RegisteredAt time.Time         // when the office received it (C4): the body's own steps are counted from here
	Deadline     time.Time
	Channel      domain.Channel
	Language     domain.Language
	OneSitting   bool // received and decided in one act, as S001 is (30 minutes): no other step can come between

	// OwnInitiative: begun by the body itself (APPC 62(2)), as the removal of
	// an entry is. No term runs, and an act that no longer stands after a
	// complaint is undone by a remedy; the case does not await a new decision.
	OwnInitiative bool
}

// CorrectionRequested tells the applicant what is missing and until when it can
// be brought (APPC 64; C3: never a refusal to accept).
type CorrectionRequested struct {
	CaseID  domain.CaseID `json:"case_id"`
	Missing []Missing     `json:"missing"`
	// the state systems did not answer, so that documents they hold are asked for (C14)
	SystemsSilent bool        `json:"systems_silent,omitempty"`
	Until         domain.Date `json:"until"`
	RequestedAt   time.Time   `json:"requested_at"`
}

// Missing is something that an application lacks.
type Missing struct {
	Document domain.DocumentType `json:"document_type,omitempty"` // where it is a document
	Text     domain.Personal     `json:"text"`                    // as the applicant reads it
}

// CorrectionReceived makes the application complete; its instant is the new
// seniority (Q6).
type CorrectionReceived struct {
	CaseID     domain.CaseID     `json:"case_id"`
	Documents  []domain.Document `json:"documents,omitempty"`
	ReceivedAt time.Time         `json:"received_at"`
	Deadline   time.Time         `json:"deadline"` // the term runs from the complete application (Q4)
}

// CaseReturned ends a case that was not corrected in time.
type CaseReturned struct {
	CaseID     domain.CaseID `json:"case_id"`
	ReturnedAt time.Time     `json:"returned_at"`
}

// CaseForwarded ends a case that went to the wrong body, within three working
// days and with notice to the applicant (APPC 65).
type CaseForwarded struct {
	CaseID      domain.CaseID `json:"case_id"`
	To          string        `json:"to"`
	NotifyBy    domain.Date   `json:"notify_by"`
	ForwardedAt time.Time     `json:"forwarded_at"`
}

// ReviewBegan names who took the case up and prepares its decision. Another official of the body
// may record the decision (C26).
type ReviewBegan struct {
	CaseID  domain.CaseID  `json:"case_id"`
	Decider domain.Account `json:"decider"` // account
	BeganAt time.Time      `json:"began_at"`
}

// DeciderRecused says that an official may not take part (APPC 67), and who
// decides instead.
type DeciderRecused struct {
	CaseID    domain.CaseID  `json:"case_id"`
	Recused   domain.Account `json:"recused"` // account
	Ground    RecusalGround  `json:"ground"`
	Decider   domain.Account `json:"decider"`
	RecusedAt time.Time      `json:"recused_at"`
}

// RecusalGround of APPC 67.
type RecusalGround string

const (
	TookPart      RecusalGround = "took_part" // as a participant or a representative
	CloseRelative RecusalGround = "close_relative"
	Dependent     RecusalGround = "dependent"
	Interested    RecusalGround = "interested"
)

// RecusalGrounds lists them all.
var RecusalGrounds = []RecusalGround{TookPart, CloseRelative, Dependent, Interested}

// HearingAnnounced gives the applicant the preliminary decision before an
// adverse act (APPC 73, C8).
type HearingAnnounced struct {
	CaseID      domain.CaseID   `json:"case_id"`
	Preliminary domain.Personal `json:"preliminary"` // what is intended, and why
	NotBefore   domain.Date     `json:"not_before"`  // the first day on which the act may be adopted
	ObjectUntil domain.Date     `json:"object_until"`
	AnnouncedAt time.Time       `json:"announced_at"`
}

// ObjectionFiled is the applicant's answer to the preliminary decision.
type ObjectionFiled struct {
	CaseID    domain.CaseID   `json:"case_id"`
	Objection domain.Personal `json:"objection"`
	FiledAt   time.Time       `json:"filed_at"`
}

// HearingClosed ends a hearing without an objection in writing.
type HearingClosed struct {
	CaseID domain.CaseID `json:"case_id"`
	How    HearingEnd    `json:"how"`
	// of an oral hearing (APPC 74); of a waiver, the applicant's words
	Protocol domain.Personal `json:"protocol,omitempty"`
	ClosedAt time.Time       `json:"closed_at"`
}

// HearingEnd is how a hearing ended.
type HearingEnd string

const (
	HeardOrally   HearingEnd = "heard_orally" // with a protocol
	HearingWaived HearingEnd = "waived"       // the applicant wants none
	HearingLapsed HearingEnd = "lapsed"       // the window passed without an objection
)

// HearingEnds lists them all.
var HearingEnds = []HearingEnd{HeardOrally, HearingWaived, HearingLapsed}

// HearingDispensed records on which exemption of APPC 73(2) there was no
// hearing. An exemption may be used, it need not be.
type HearingDispensed struct {
	CaseID      domain.CaseID   `json:"case_id"`
	Exemption   Exemption       `json:"exemption"`
	Reasons     domain.Personal `json:"reasons"`
	DispensedAt time.Time       `json:"dispensed_at"`
}

// Exemption from the hearing (APPC 73(2)).
type Exemption string

const (
	FavourableAct    Exemption = "favourable_act" // that touches nobody else's rights
	Enforcement      Exemption = "enforcement"
	ShortTerm        Exemption = "term_under_three_days"
	Urgency          Exemption = "urgency"
	OwnRequest       Exemption = "applicants_request"
	Simplified       Exemption = "simplified_procedure"
	AutomatedProcess Exemption = "automated_without_discretion"
)

// Exemptions lists them all.
var Exemptions = []Exemption{FavourableAct, Enforcement, ShortTerm, Urgency, OwnRequest, Simplified, AutomatedProcess}

// TermExtended gives a case more time, by a reasoned decision of the head or a
// deputy, before the term is over (APPC 76, C9).
type TermExtended struct {
	CaseID     domain.CaseID   `json:"case_id"`
	By         domain.Account  `json:"by"`                      // account
	Office     Office          `json:"office"`                  // in which the account decided
	Stated     bool            `json:"office_stated,omitempty"` // the account stated the office: no record names it
	Reasons    domain.Personal `json:"reasons"`
	Deadline   time.Time       `json:"deadline"`
	NotifyBy   domain.Date     `json:"notify_by"`
	ExtendedAt time.Time       `json:"extended_at"`
}

// Office of the official who may extend a term (APPC 76).
type Office string

const (
	Head       Office = "head"
	DeputyHead Office = "deputy_head"
)

// Offices lists them all.
var Offices = []Office{Head, DeputyHead}

// CaseWithdrawn ends a case at the applicant's request, before its decision
// (C6).
type CaseWithdrawn struct {
	CaseID      domain.CaseID `json:"case_id"`
	Basis       domain.Basis  `json:"basis,omitzero"` // of an official who states it
	WithdrawnAt time.Time     `json:"withdrawn_at"`
}

// TerminationGround of APPC 70.
type TerminationGround string

const (
	SameSubjectDecided TerminationGround = "same_subject_and_grounds_decided" // C13
	CourtActInForce    TerminationGround = "court_act_in_force"
	OtherByLaw         TerminationGround = "other_by_law"
	// ApplicantDied is stated by the registry alone, when it follows a death (R49).
	ApplicantDied TerminationGround = "applicant_died"
)

// TerminationGrounds lists them all.
var TerminationGrounds = []TerminationGround{SameSubjectDecided, CourtActInForce, OtherByLaw, ApplicantDied}

// statedGrounds are those that a body can state.
var statedGrounds = TerminationGrounds[:3:3]

// CaseTerminated ends a case without a decision on its subject. It does not bar
// a new application with new arguments or newly found facts (APPC 70(5)).
type CaseTerminated struct {
	CaseID       domain.CaseID     `json:"case_id"`
	Ground       TerminationGround `json:"ground"`
	DuplicateOf  domain.CaseID     `json:"duplicate_of,omitzero"` // in which the same subject was decided (C13)
	Reasons      domain.Personal   `json:"reasons"`
	NotifyBy     domain.Date       `json:"notify_by,omitzero"` // zero where the applicant has died
	Death        domain.EventRef   `json:"death,omitzero"`     // of the applicant (R49)
	Others       []domain.PersonID `json:"others,omitempty"`   // who learn that it ended with the applicant
	TerminatedAt time.Time         `json:"terminated_at"`
}

// DecisionNotified records that the addressee got the decision: it takes effect
// towards the addressee from here on (APPC 66, 83; C11).
type DecisionNotified struct {
	CaseID     domain.CaseID `json:"case_id"`
	By         NotifiedBy    `json:"by"`
	NotifiedAt time.Time     `json:"notified_at"`
}

// NotifiedBy is a way of notice that records its receipt (APPC 66).
type NotifiedBy string

const (
	ByAccount NotifiedBy = "personal_account"
	BySMS     NotifiedBy = "sms"
	ByEmail   NotifiedBy = "email"
	ByLetter  NotifiedBy = "registered_letter"
	ByHand    NotifiedBy = "by_hand"
)

// WaysOfNotice lists them all.
var WaysOfNotice = []NotifiedBy{ByAccount, BySMS, ByEmail, ByLetter, ByHand}

// DeadlinePassed records that the term ran out without a decision. It is no
// state: the case goes on, and silence can be complained of (C9, APPC 91(2)).
type DeadlinePassed struct {
	CaseID   domain.CaseID `json:"case_id"`
	Deadline time.Time     `json:"deadline"`
	MarkedAt time.Time     `json:"marked_at"`
}

// ApplicantNotified records that the applicant got notice of something other
// than the decision: that the case was forwarded, or its term extended.
type ApplicantNotified struct {
	CaseID     domain.CaseID `json:"case_id"`
	Of         Duty          `json:"of"`
	By         NotifiedBy    `json:"by"`
	NotifiedAt time.Time     `json:"notified_at"`
}

// DutyMissed records that a duty was not done by its day. It is no state
// either, and the duty remains.
type DutyMissed struct {
	CaseID   domain.CaseID `json:"case_id"`
	Duty     Duty          `json:"duty"`
	By       domain.Date   `json:"by"` // the last day for it
	MarkedAt time.Time     `json:"marked_at"`
}

// ComplaintFiled is filed with the body whose act it is about (APPC 91). A late
// one is accepted too: lateness is examined (92(3)).
type ComplaintFiled struct {
	CaseID        domain.CaseID   `json:"case_id"`
	ComplaintID   string          `json:"complaint_id"`
	ComplainantID domain.PersonID `json:"complainant_id"` // the applicant, or a person whose rights the act touches
	Grounds       domain.Personal `json:"grounds"`
	Late          bool            `json:"late,omitempty"` // after three months
	WhyLate       domain.Personal `json:"why_late,omitempty"`
	// the last day to satisfy it, or to forward it with the documents of the case
	ForwardBy domain.Date `json:"forward_by"`
	FiledAt   time.Time   `json:"filed_at"`
}

// ComplaintForwarded hands the complaint, with the documents of the case, to
// the reviewing body.
type ComplaintForwarded struct {
	CaseID      domain.CaseID `json:"case_id"`
	To          string        `json:"to"`
	DecideBy    domain.Date   `json:"decide_by"`
	ForwardedAt time.Time     `json:"forwarded_at"`
}

// ComplaintOutcome (APPC 100, and 91: the body may satisfy it itself).
type ComplaintOutcome string

const (
	Satisfied ComplaintOutcome = "satisfied_by_body"
	Upheld    ComplaintOutcome = "act_upheld"
	Annulled  ComplaintOutcome = "act_annulled"
	Obliged   ComplaintOutcome = "body_obliged" // to take the act
	// ComplainantDied is stated by the registry alone, when it follows a death (R49).
	ComplainantDied ComplaintOutcome = "complainant_died"
)

// ComplaintOutcomes lists them all. None makes the complainant's position worse
// (APPC 99).
var ComplaintOutcomes = []ComplaintOutcome{Satisfied, Upheld, Annulled, Obliged, ComplainantDied}

// statedOutcomes are those that a body can state.
var statedOutcomes = ComplaintOutcomes[:4:4]

// Favourable reports whether the act complained of no longer stands.
func (o ComplaintOutcome) Favourable() bool { return o != Upheld && o != ComplainantDied }

// ComplaintDecided ends a complaint. A favourable outcome on a refusal or a
// termination puts the case under review again: then it has a deadline. Where
// that cannot be, because the case was decided in one sitting or granted, the
// body owes a remedy.
type ComplaintDecided struct {
	CaseID    domain.CaseID    `json:"case_id"`
	Outcome   ComplaintOutcome `json:"outcome"`
	By        domain.Account   `json:"by"` // account of the reviewer
	Reasons   domain.Personal  `json:"reasons"`
	Term      LateTerm         `json:"term,omitempty"`       // of a late complaint; older events do not say it
	Deadline  time.Time        `json:"deadline,omitzero"`    // of the review that begins again
	RemedyBy  domain.Date      `json:"remedy_by,omitzero"`   // where the body owes one
	Affected  domain.PersonID  `json:"affected_id,omitzero"` // who complained, where it was not the applicant (R16)
	DecidedAt time.Time        `json:"decided_at"`
}

// LateTerm is what a decision says of the term of a late complaint (APPC 92).
type LateTerm string

const (
	TermRestored LateTerm = "restored"     // the reasons for the lateness are good
	TermMissed   LateTerm = "not_restored" // they are not: the complaint is dismissed for that
)

// LateTerms lists them all.
var LateTerms = []LateTerm{TermRestored, TermMissed}

// ComplaintWithdrawn ends a complaint by the wish of whoever filed it. They can file another one.
type ComplaintWithdrawn struct {
	CaseID        domain.CaseID   `json:"case_id"`
	ComplaintID   string          `json:"complaint_id"`
	ComplainantID domain.PersonID `json:"complainant_id"`
	Basis         domain.Basis    `json:"basis,omitzero"` // their paper, where a desk has recorded it
	WithdrawnAt   time.Time       `json:"withdrawn_at"`
}

func (ComplaintWithdrawn) EventType() string          { return "ComplaintWithdrawn" }
func (e ComplaintWithdrawn) EffectiveAt() time.Time   { return e.WithdrawnAt }
func (e ComplaintWithdrawn) Concerns() domain.Concern { return domain.ConcernsCase(e.CaseID) }
func (e ComplaintWithdrawn) LogValue() slog.Value     { return domain.Masked(e) }

// RemedyKind is how an act that no longer stands is remedied where the case
// does not open again. What was done is never undone by deletion (R14): a new
// act refers to it.
type RemedyKind string

const (
	RemedyCorrected RemedyKind = "corrected"    // by acts that correct what the case did
	RemedyNewCase   RemedyKind = "applied_anew" // in another case on the same subject; nothing bars that (C13)
	RemedyNotWanted RemedyKind = "not_wanted"   // the complainant wants none, in their own words
)

// RemedyKinds lists them all.
var RemedyKinds = []RemedyKind{RemedyCorrected, RemedyNewCase, RemedyNotWanted}

// RemedyRecorded names what was done about an act that no longer stands.
type RemedyRecorded struct {
	CaseID     domain.CaseID     `json:"case_id"`
	How        RemedyKind        `json:"how"`
	Acts       []domain.EventRef `json:"acts,omitempty"`
	NewCase    domain.CaseID     `json:"new_case,omitzero"`
	Words      domain.Personal   `json:"words,omitempty"`
	RecordedAt time.Time         `json:"recorded_at"`
}

func (CorrectionRequested) EventType() string { return "CorrectionRequested" }
func (CorrectionReceived) EventType() string  { return "CorrectionReceived" }
func (CaseReturned) EventType() string        { return "CaseReturned" }
func (CaseForwarded) EventType() string       { return "CaseForwarded" }
func (ReviewBegan) EventType() string         { return "ReviewBegan" }
func (DeciderRecused) EventType() string      { return "DeciderRecused" }
func (HearingAnnounced) EventType() string    { return "HearingAnnounced" }
func (ObjectionFiled) EventType() string      { return "ObjectionFiled" }
func (HearingClosed) EventType() string       { return "HearingClosed" }
func (HearingDispensed) EventType() string    { return "HearingDispensed" }
func (TermExtended) EventType() string        { return "TermExtended" }
func (CaseWithdrawn) EventType() string       { return "CaseWithdrawn" }
func (CaseTerminated) EventType() string      { return "CaseTerminated" }
func (DecisionNotified) EventType() string    { return "DecisionNotified" }
func (DeadlinePassed) EventType() string      { return "DeadlinePassed" }
func (ApplicantNotified) EventType() string   { return "ApplicantNotified" }
func (DutyMissed) EventType() string          { return "DutyMissed" }
func (RemedyRecorded) EventType() string      { return "RemedyRecorded" }
func (ComplaintFiled) EventType() string      { return "ComplaintFiled" }
func (ComplaintForwarded) EventType() string  { return "ComplaintForwarded" }
func (ComplaintDecided) EventType() string    { return "ComplaintDecided" }

func (e CorrectionRequested) EffectiveAt() time.Time { return e.RequestedAt }
func (e CorrectionReceived) EffectiveAt() time.Time  { return e.ReceivedAt }
func (e CaseReturned) EffectiveAt() time.Time        { return e.ReturnedAt }
func (e CaseForwarded) EffectiveAt() time.Time       { return e.ForwardedAt }
func (e ReviewBegan) EffectiveAt() time.Time         { return e.BeganAt }
func (e DeciderRecused) EffectiveAt() time.Time      { return e.RecusedAt }
func (e HearingAnnounced) EffectiveAt() time.Time    { return e.AnnouncedAt }
func (e ObjectionFiled) EffectiveAt() time.Time      { return e.FiledAt }
func (e HearingClosed) EffectiveAt() time.Time       { return e.ClosedAt }
func (e HearingDispensed) EffectiveAt() time.Time    { return e.DispensedAt }
func (e TermExtended) EffectiveAt() time.Time        { return e.ExtendedAt }
func (e CaseWithdrawn) EffectiveAt() time.Time       { return e.WithdrawnAt }
func (e CaseTerminated) EffectiveAt() time.Time      { return e.TerminatedAt }
func (e DecisionNotified) EffectiveAt() time.Time    { return e.NotifiedAt }
func (e DeadlinePassed) EffectiveAt() time.Time      { return e.Deadline }
func (e ApplicantNotified) EffectiveAt() time.Time   { return e.NotifiedAt }
func (e DutyMissed) EffectiveAt() time.Time          { return e.By.Start() }
func (e RemedyRecorded) EffectiveAt() time.Time      { return e.RecordedAt }
func (e ComplaintFiled) EffectiveAt() time.Time      { return e.FiledAt }
func (e ComplaintForwarded) EffectiveAt() time.Time  { return e.ForwardedAt }
func (e ComplaintDecided) EffectiveAt() time.Time    { return e.DecidedAt }

func (e CorrectionRequested) Concerns() domain.Concern { return domain.ConcernsCase(e.CaseID) }
func (e CorrectionReceived) Concerns() domain.Concern  { return domain.ConcernsCase(e.CaseID) }
func (e CaseReturned) Concerns() domain.Concern        { return domain.ConcernsCase(e.CaseID) }
func (e CaseForwarded) Concerns() domain.Concern       { return domain.ConcernsCase(e.CaseID) }
func (e ReviewBegan) Concerns() domain.Concern         { return domain.ConcernsCase(e.CaseID) }
func (e DeciderRecused) Concerns() domain.Concern      { return domain.ConcernsCase(e.CaseID) }
func (e HearingAnnounced) Concerns() domain.Concern    { return domain.ConcernsCase(e.CaseID) }
func (e ObjectionFiled) Concerns() domain.Concern      { return domain.ConcernsCase(e.CaseID) }
func (e HearingClosed) Concerns() domain.Concern       { return domain.ConcernsCase(e.CaseID) }
func (e HearingDispensed) Concerns() domain.Concern    { return domain.ConcernsCase(e.CaseID) }
func (e TermExtended) Concerns() domain.Concern        { return domain.ConcernsCase(e.CaseID) }
func (e CaseWithdrawn) Concerns() domain.Concern       { return domain.ConcernsCase(e.CaseID) }
func (e CaseTerminated) Concerns() domain.Concern      { return domain.ConcernsCase(e.CaseID) }
func (e DecisionNotified) Concerns() domain.Concern    { return domain.ConcernsCase(e.CaseID) }
func (e DeadlinePassed) Concerns() domain.Concern      { return domain.ConcernsCase(e.CaseID) }
func (e ApplicantNotified) Concerns() domain.Concern   { return domain.ConcernsCase(e.CaseID) }
func (e DutyMissed) Concerns() domain.Concern          { return domain.ConcernsCase(e.CaseID) }
func (e RemedyRecorded) Concerns() domain.Concern      { return domain.ConcernsCase(e.CaseID) }
func (e ComplaintFiled) Concerns() domain.Concern      { return domain.ConcernsCase(e.CaseID) }
func (e ComplaintForwarded) Concerns() domain.Concern  { return domain.ConcernsCase(e.CaseID) }
func (e ComplaintDecided) Concerns() domain.Concern    { return domain.ConcernsCase(e.CaseID) }

func (e CorrectionRequested) LogValue() slog.Value { return domain.Masked(e) }
func (e CorrectionReceived) LogValue() slog.Value  { return domain.Masked(e) }
func (e HearingAnnounced) LogValue() slog.Value    { return domain.Masked(e) }
func (e ObjectionFiled) LogValue() slog.Value      { return domain.Masked(e) }
func (e CaseWithdrawn) LogValue() slog.Value       { return domain.Masked(e) }
func (e HearingClosed) LogValue() slog.Value       { return domain.Masked(e) }
func (e HearingDispensed) LogValue() slog.Value    { return domain.Masked(e) }
func (e TermExtended) LogValue() slog.Value        { return domain.Masked(e) }
func (e CaseTerminated) LogValue() slog.Value      { return domain.Masked(e) }
func (e RemedyRecorded) LogValue() slog.Value      { return domain.Masked(e) }
func (e ComplaintFiled) LogValue() slog.Value      { return domain.Masked(e) }
func (e ComplaintDecided) LogValue() slog.Value    { return domain.Masked(e) }
