package housing

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"tizilim/domain"
	"tizilim/domain/procedure"
	"tizilim/domain/rules"
)

// RefusalGround is the ground of a refusal: one of exactly three (Q3).
type RefusalGround string

const (
	UntrueDocuments    RefusalGround = "untrue_documents"     // S000-5
	NoConsent          RefusalGround = "no_consent"           // S000-6, personal-data law art. 8
	RequirementsNotMet RefusalGround = "requirements_not_met" // S000-7, housing law art. 101-3
)

// RefusalGrounds lists them all. The edition in force says which of them a
// refusal may state ([rules.Placement]).
var RefusalGrounds = []RefusalGround{UntrueDocuments, NoConsent, RequirementsNotMet}

// AppealRoute is what every refusal tells the applicant (C7; APPC 80, 91, 92)
// while the term for a complaint is three months.
const AppealRoute = "within three months of learning of this decision, through the body that took it"

// Relation of a family member to the applicant (housing law, art. 101-10). The
// edition in force says which are counted ([rules.Placement]).
type Relation string

const (
	Spouse        Relation = "spouse"
	Child         Relation = "child"
	DisabledChild Relation = "disabled_child" // of any age
)

// Relations lists them all.
var Relations = []Relation{Spouse, Child, DisabledChild}

// FamilyMember is counted with the applicant.
type FamilyMember struct {
	PersonID domain.PersonID `json:"person_id"`
	Relation Relation        `json:"relation"`
}

// ApplicationReceived begins an S000 case. Its position in the log breaks ties
// of the list's order.
type ApplicationReceived struct {
	CaseID      domain.CaseID          `json:"case_id"`
	ListID      domain.ListID          `json:"list_id"`
	ApplicantID domain.PersonID        `json:"applicant_id"`
	Family      []FamilyMember         `json:"family,omitempty"`
	Consenting  []domain.PersonID      `json:"consenting,omitempty"` // of the family, who consent for themselves
	Consent     bool                   `json:"consent"`              // to the use of restricted personal data: given or refused
	Terms       ConsentTerms           `json:"consent_terms,omitzero"`
	Documents   []domain.Document      `json:"documents,omitempty"`
	Channel     domain.Channel         `json:"channel"`
	Language    domain.Language        `json:"language"`
	Signature   domain.SignatureMethod `json:"signature"`
	Evidence    domain.Evidence        `json:"evidence,omitzero"` // of the signature
	Basis       domain.Basis           `json:"basis,omitzero"`    // at a desk: the signed application
	Answered    Answer                 `json:"answered,omitzero"` // of the applicant, to what the records say (Q28)
	Service     ServiceStated          `json:"service,omitzero"`  // in the body whose list it is (Q41)
	Named       []domain.Named         `json:"named,omitempty"`   // of the family, who were named by IIN and name (R55)
	// ReceivedAt is when it was filed, from which its term and its place in the
	// order run: filing at night costs no day and no place (Q4, Q6).
	// RegisteredAt is when the office received it (C4).
	ReceivedAt   time.Time `json:"received_at"`
	RegisteredAt time.Time `json:"registered_at"`
	Deadline     time.Time `json:"deadline"`
}

// PlacementApproved is the commission's decision to place, with the family that
// is counted by the judgement it rests on. The entry follows in the stream of
// the list.
type PlacementApproved struct {
	CaseID       domain.CaseID   `json:"case_id"`
	ListID       domain.ListID   `json:"list_id"`
	EntryID      domain.EntryID  `json:"entry_id"`
	PersonID     domain.PersonID `json:"person_id"`
	Seniority    Seniority       `json:"seniority"`
	Family       []FamilyMember  `json:"family,omitempty"`
	RegisteredOn domain.Date     `json:"registered_on"`
	Consent      Consent         `json:"consent"` // that the entry is to have
	Judgement    Judgement       `json:"judgement"`
	Order        OrderStatement  `json:"order,omitzero"`    // where the instant contradicted the log
	Edition      rules.EditionID `json:"edition"`           // of the rules it was judged by (Q10)
	Answered     Answer          `json:"answered,omitzero"` // to what the records say beside the findings (Q28)
	ApprovedAt   time.Time       `json:"approved_at"`
}

// ApprovalVoided is the compensating event of an approval: the list refused the
// entry. The case is open again.
type ApprovalVoided struct {
	CaseID   domain.CaseID `json:"case_id"`
	Code     domain.Code   `json:"code"`
	Reason   string        `json:"reason"`
	VoidedAt time.Time     `json:"voided_at"`
}

// PlacementCertified issues the placement certificate: the day of placing and
// the ordinal number (S000-4, Q2).
type PlacementCertified struct {
	CaseID        domain.CaseID        `json:"case_id"`
	ListID        domain.ListID        `json:"list_id"`
	EntryID       domain.EntryID       `json:"entry_id"`
	CertificateID domain.CertificateID `json:"certificate_id"`
	RegisteredOn  domain.Date          `json:"registered_on"`
	Number        int                  `json:"number"`
	Edition       rules.EditionID      `json:"edition"` // of the rules the approval was judged by
	CertifiedAt   time.Time            `json:"certified_at"`
}

// ApplicationRefused issues the refusal certificate: ground, reasons, appeal
// route, and neither a date of placing nor a number (Q2, C7).
type ApplicationRefused struct {
	CaseID        domain.CaseID        `json:"case_id"`
	ListID        domain.ListID        `json:"list_id"`
	CertificateID domain.CertificateID `json:"certificate_id"`
	Ground        RefusalGround        `json:"ground"`
	Reasons       domain.Personal      `json:"reasons"`
	// requirements_not_met beside the judgement: what the commission found not met
	Unmet       domain.Personal `json:"unmet,omitempty"`
	Judgement   *Judgement      `json:"judgement,omitempty"` // where need was examined
	AppealRoute string          `json:"appeal_route"`
	Edition     rules.EditionID `json:"edition"` // of the rules it was judged by (Q10)
	RefusedAt   time.Time       `json:"refused_at"`
}

func (ApplicationReceived) EventType() string { return "HousingApplicationReceived" }
func (PlacementApproved) EventType() string   { return "PlacementApproved" }
func (ApprovalVoided) EventType() string      { return "PlacementApprovalVoided" }
func (PlacementCertified) EventType() string  { return "PlacementCertified" }
func (ApplicationRefused) EventType() string  { return "HousingApplicationRefused" }

// An S000 case is registered when the application is received, approved when
// the commission decides to place, granted with the certificate.

func (ApplicationReceived) MovesTo() procedure.State { return procedure.Registered }
func (PlacementApproved) MovesTo() procedure.State   { return procedure.Approved }
func (ApprovalVoided) MovesTo() procedure.State      { return procedure.InReview }
func (PlacementCertified) MovesTo() procedure.State  { return procedure.Granted }
func (ApplicationRefused) MovesTo() procedure.State  { return procedure.Refused }

// Begun is what the procedure needs of the application.
func (e ApplicationReceived) Begun() procedure.Application {
	return procedure.Application{
		CaseID: e.CaseID, ApplicantID: e.ApplicantID, Parties: idsOf(e.Family),
		Subject:    domain.DeriveID(e.ListID.UUID, "placement of "+e.ApplicantID.String()),
		ReceivedAt: e.ReceivedAt, RegisteredAt: e.RegisteredAt, Deadline: e.Deadline, Channel: e.Channel, Language: e.Language,
	}
}

func (e ApplicationReceived) EffectiveAt() time.Time { return e.ReceivedAt }
func (e PlacementApproved) EffectiveAt() time.Time   { return e.ApprovedAt }
func (e ApprovalVoided) EffectiveAt() time.Time      { return e.VoidedAt }
func (e PlacementCertified) EffectiveAt() time.Time  { return e.CertifiedAt }
func (e ApplicationRefused) EffectiveAt() time.Time  { return e.RefusedAt }

func (e PlacementApproved) Concerns() domain.Concern  { return domain.ConcernsCase(e.CaseID) }
func (e ApprovalVoided) Concerns() domain.Concern     { return domain.ConcernsCase(e.CaseID) }
func (e PlacementCertified) Concerns() domain.Concern { return domain.ConcernsCase(e.CaseID) }
func (e ApplicationRefused) Concerns() domain.Concern { return domain.ConcernsCase(e.CaseID) }

func (e ApplicationReceived) Concerns() domain.Concern {
	c := ofFamily(e.ApplicantID, e.Family)
	for _, p := range e.Consenting { // they are of the family
		if !slices.Contains(c.Persons, p) {
			c.Persons = append(c.Persons, p)
		}
	}
	c.Case, c.Begins = e.CaseID, true
	return c
}

func (e ApplicationReceived) LogValue() slog.Value { return domain.Masked(e) }
func (e PlacementApproved) LogValue() slog.Value   { return domain.Masked(e) }
func (e ApplicationRefused) LogValue() slog.Value  { return domain.Masked(e) }

// Application is the state of an S000 case- stream. The zero value is a case
// that does not exist.
type Application struct {
	procedure.Case
	Received  ApplicationReceived
	Approved  *PlacementApproved // set while an approval stands
	Approval  domain.Command     // the command that approved last
	Certified *PlacementCertified
	Consent   Consent // to look-ups in other systems (C20)
	Members   []MemberConsent
	Examined  *NeedExamined // the last examination; nil before there was one

	Expired  domain.ClockAct // of the consent, where it stands
	Restored int             // how often the consent was, after a clock let it expire too early
}

// Known reports whether the stream holds an S000 application.
func (a *Application) Known() bool { return !a.Received.CaseID.IsZero() }

// Clone returns a copy that later events do not change: Apply replaces what it
// changes.
func (a *Application) Clone() Application { return *a }

// Apply folds the next event of the stream into a.
func (a *Application) Apply(rec domain.Recorded) {
	a.Case.Apply(rec)
	switch e := rec.Event.(type) {
	case ApplicationReceived:
		a.Received, a.Consent = e, e.Answer()
		for _, p := range e.Consenting {
			a.Members = append(a.Members, MemberConsent{p, Consent{State: ConsentRequested}})
		}
	case PlacementApproved:
		a.Approved = &e
		a.Approval = domain.CommandOf(rec, e.ApprovedAt)
	case ApprovalVoided:
		a.Approved = nil
	case PlacementCertified:
		a.Certified = &e
	case NeedExamined:
		a.Examined = &e
	case LookupConsentWithdrawn, LookupConsentRenewed:
		a.Consent, a.Expired = a.Consent.after(e), domain.ClockAct{}
	case LookupConsentExpired:
		a.Consent, a.Expired = a.Consent.after(e), domain.ClockActOf(rec)
	case ConsentExpiryAnnulled:
		a.Consent, a.Expired, a.Restored = a.Consent.after(e), domain.ClockAct{}, a.Restored+1
	default:
		a.applyMembers(e)
	}
}

// ReceiveApplication is the command that hands in an S000 application.
type ReceiveApplication struct {
	CaseID      domain.CaseID
	ListID      domain.ListID
	ApplicantID domain.PersonID
	Family      []FamilyMember
	Consent     bool
	Terms       ConsentTerms // of the consent, where it is given
	Documents   []domain.Document
	Language    domain.Language
	Signature   domain.SignatureMethod
	Evidence    domain.Evidence
	Basis       domain.Basis               // at a desk: the signed application
	Adult       func(domain.PersonID) bool // who of the family has legal capacity; nil: nobody
	Born        Births                     // nil: nothing is known
	Facts       Facts                      // of the family: births and deaths
	Accept      Accept                     // by the applicant
	Service     ServiceStated              // by the applicant; zero where none is stated
	Named       []domain.Named             // of the family, who were named by IIN and name
	Rules       rules.Book                 // by which it is judged
}

// Receive decides [ReceiveApplication]. known reports whether a person is
// recorded. A missing consent is no error: the commission can refuse on that
// ground (S000-6).
func (a *Application) Receive(
	cmd domain.Command,
	c ReceiveApplication,
	l *List,
	known func(domain.PersonID) bool,
) ([]domain.Event, error) {
	if a.Known() {
		return nil, domain.Refuse(domain.Conflict, domain.CodeKeyReused, "this application has already been received")
	}
	if !slices.Contains(domain.Channels, cmd.Channel) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeChannelNotOpen,
			"an application is filed through one of the channels %v", domain.Channels).At("channel")
	}
	if err := checkSignature(cmd.Channel, c.Signature, c.Rules.On(cmd.Today())); err != nil {
		return nil, err
	}
	if err := c.Signature.SignedBy(cmd.Signer(c.ApplicantID), c.Evidence); err != nil {
		return nil, err
	}
	if !known(c.ApplicantID) {
		return nil, domain.Refuse(domain.Invalid, domain.CodePersonUnknown,
			"the applicant is not recorded; record the person first").At("applicant_id")
	}
	if err := l.CanJoin(c.ApplicantID); err != nil {
		return nil, err
	}
	if err := c.checkBasis(cmd); err != nil {
		return nil, err
	}
	if c.Consent {
		terms, err := c.Terms.whole(cmd.Today())
		if err != nil {
			return nil, err
		}
		c.Terms = terms
	} else if c.Terms.Purpose != "" || len(c.Terms.Scope) > 0 || !c.Terms.Until.IsZero() {
		return nil, domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
			"a consent that is refused has no terms; leave them out").At("consent_terms")
	}
	if err := checkFamily(c.ApplicantID, c.Family, c.Rules.On(cmd.Today())); err != nil {
		return nil, err
	}
	if err := c.Born.possible(c.ApplicantID, c.Family, cmd.Today()); err != nil {
		return nil, err
	}
	if err := c.Service.check(c.Born.of(c.ApplicantID), cmd.Today()); err != nil {
		return nil, err
	}
	for i, m := range c.Family {
		if !known(m.PersonID) {
			return nil, domain.Refuse(domain.Invalid, domain.CodePersonUnknown,
				"no person with this id is recorded").At(domain.Path("family", i, "person_id"))
		}
	}
	if err := c.Facts.alive(c.Family); err != nil {
		return nil, err
	}
	answer, err := c.Accept.answer(c.Facts.unlikely(c.ApplicantID, c.Family, c.Rules.On(cmd.Today()), cmd.Today()))
	if err != nil {
		return nil, err
	}
	if len(answer.Contradictions) == 0 && !c.Accept.isZero() { // the event keeps all that was signed
		return nil, domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
			"the records contradict nothing in this application; leave the answer out").At("accept")
	}
	lastDay, err := c.Rules.PlacementDeadline(cmd.Today())
	if err != nil {
		return nil, err
	}
	registered, err := c.Rules.Calendar().RegisteredAt(cmd.Now)
	if err != nil {
		return nil, err
	}
	return []domain.Event{ApplicationReceived{
		CaseID: c.CaseID, ListID: c.ListID, ApplicantID: c.ApplicantID, Family: c.Family,
		Consenting: c.consenting(c.Rules.On(cmd.Today())), Consent: c.Consent, Terms: c.Terms,
		Documents: c.Documents, Channel: cmd.Channel, Language: c.Language, Signature: c.Signature, Evidence: c.Evidence,
		Basis: c.Basis, Answered: answer, Service: c.Service, Named: c.Named,
		ReceivedAt: cmd.Now, RegisteredAt: registered, Deadline: lastDay.End(),
	}}, nil
}

// Requirements returns the papers of an S000 application that consents to look-ups, by the
// edition. It refuses a channel that takes none. Through the portal the application is signed
// electronically (S000-2, S000-3).
func Requirements(channel domain.Channel, by rules.Edition) ([]domain.Requirement, error) {
	if _, err := signaturesOn(channel, by); err != nil {
		return nil, err
	}
	list := []domain.Requirement{{
		Paper: domain.PaperService, Field: "service.basis", Types: domain.DocumentTypes, For: domain.ForApplicant,
		Code: domain.CodeServiceNotStated, Advised: true,
	}}
	if channel != domain.ChannelPortal && by.NeedsBasis(rules.LookupConsent) {
		list = append(list, domain.Requirement{
			Paper: domain.PaperSignedApplication, Field: "basis", Types: domain.DocumentTypes,
			For: domain.ForApplication, Code: domain.CodeBasisRequired,
		})
	}
	return list, nil
}

// checkBasis keeps that a desk states the applicant's consent on a paper.
func (c ReceiveApplication) checkBasis(cmd domain.Command) error {
	if !c.Consent && c.Basis.IsZero() {
		return nil
	}
	return c.Rules.On(cmd.Today()).CheckBasis(rules.LookupConsent, cmd.Role, c.Basis, cmd.Today(), "basis")
}

// checkSignature keeps C17 for S000: through the portal an EDS or a one-time
// password (S000-2, S000-3), on paper by hand.
func checkSignature(ch domain.Channel, m domain.SignatureMethod, e rules.Edition) error {
	allowed, err := signaturesOn(ch, e)
	if err != nil {
		return err
	}
	if !slices.Contains(allowed, m) {
		return domain.Refuse(domain.Invalid, domain.CodeSignatureMethod,
			"an application through %s is signed by one of %v", ch, allowed).At("signature.method")
	}
	return nil
}

// signaturesOn returns how an application on the channel is signed.
func signaturesOn(ch domain.Channel, e rules.Edition) ([]domain.SignatureMethod, error) {
	allowed, open := e.Placement.Signatures[ch]
	if !open {
		return nil, domain.Refuse(domain.Invalid, domain.CodeChannelNotOpen,
			"applications are not accepted through %s at present", ch).At("channel")
	}
	return allowed, nil
}

// Approve is the command that places an applicant.
type Approve struct {
	Examine *Examine       // that comes with the decision
	Order   OrderStatement // which order holds where the instant of the application contradicts the log
	Facts   Facts
	Accept  Accept
	Rules   rules.Book // by which it is judged
}

// Approve decides [Approve]. The applicant must be in need by the last
// examination, or by the one that comes with the decision, judged on the day of
// the decision by the edition in force on it (Q10). What the registry's own
// records say beside that examination must be answered (Q28), and so must a service that is
// not stated, or is another than that of the list (Q41). The list must still be open to the person; that is checked again when the entry is appended.
func (a *Application) Approve(cmd domain.Command, l *List, c Approve) ([]domain.Event, error) {
	if err := a.ofThisService(); err != nil {
		return nil, err
	}
	before, err := a.Granting(cmd)
	if err != nil {
		return nil, err
	}
	if a.Consent.State == ConsentRefused {
		return nil, domain.Refuse(domain.Conflict, domain.CodeConsentMissing,
			"the applicant did not consent to the use of restricted personal data: the decision can only be a "+
				"refusal on the ground no_consent").At("outcome")
	}
	if err := a.membersConsent(cmd.Today()); err != nil {
		return nil, err
	}
	if err := l.canStand(a.Received.ApplicantID, a.Received.Family); err != nil {
		return nil, err
	}
	judgement, findings, examined, err := a.judged(cmd, c.Examine, c.Rules)
	if err != nil {
		return nil, err
	}
	if judgement == nil {
		return nil, domain.Refuse(domain.Conflict, domain.CodeExaminationRequired,
			"need is examined before a placement: record the examination, or give it with "+
				"the decision").At("examination")
	}
	if !judgement.InNeed {
		return nil, judgement.notMet()
	}
	filed, order, err := l.settleOrder(Seniority{At: a.Completed.At, Position: a.Completed.Position}, c.Order)
	if err != nil {
		return nil, err
	}
	if err := c.Facts.living(a.ApplicantID, nil); err != nil {
		return nil, err
	}
	answer, err := c.Accept.answer(a.contradicted(c.Facts, findings, l, cmd.Today(), c.Rules))
	if err != nil {
		return nil, err
	}
	judgement.Family = c.Facts.withoutDead(judgement.Family)
	return append(append(before, examined...), PlacementApproved{
		CaseID: a.CaseID, ListID: a.Received.ListID, PersonID: a.ApplicantID,
		EntryID:   EntryOf(a.CaseID),
		Seniority: filed, Family: judgement.Family, RegisteredOn: cmd.Today(),
		Consent: a.entryConsent(), Judgement: *judgement, Order: order, Edition: judgement.Edition, Answered: answer,
		ApprovedAt: cmd.Now,
	}), nil
}

// EntryOf is the id of the entry that a case leads to.
func EntryOf(id domain.CaseID) domain.EntryID {
	return domain.EntryID{UUID: domain.DeriveID(id.UUID, "entry")}
}

// Certify records the certificate of the entry that the list has placed.
func (a *Application) Certify(cmd domain.Command, placed EntryPlaced) ([]domain.Event, error) {
	if a.Certified != nil || a.Approved == nil {
		return nil, domain.Refuse(domain.Conflict, domain.CodeCaseDecided, "this case awaits no certificate")
	}
	return []domain.Event{PlacementCertified{
		CaseID: placed.CaseID, ListID: placed.ListID, EntryID: placed.EntryID,
		CertificateID: certificate(a.Approval), RegisteredOn: placed.RegisteredOn, Number: placed.Number,
		Edition: a.Approved.Edition, CertifiedAt: cmd.Now,
	}}, nil
}

// Void voids the approval because the list refused the entry.
func (a *Application) Void(cmd domain.Command, why *domain.Error) ([]domain.Event, error) {
	if a.Certified != nil || a.Approved == nil {
		return nil, domain.Refuse(domain.Conflict, domain.CodeCaseDecided, "this case has no approval to void")
	}
	return []domain.Event{
		ApprovalVoided{CaseID: a.Received.CaseID, Code: why.Code, Reason: why.Message, VoidedAt: cmd.Now},
	}, nil
}

// Refuse is the command that refuses an application.
type Refuse struct {
	Ground    RefusalGround
	Reasons   domain.Personal
	Exemption procedure.Dispense // from the hearing, where there was none
	// requirements_not_met: what else of art. 101-3 is not met, where the judgement does not bar
	Unmet   domain.Personal
	Examine *Examine   // that comes with the decision
	Rules   rules.Book // by which it is judged
}

// Refuse decides [Refuse]: on one of exactly three grounds, of those that the
// edition in force on the day allows, with reasons and the appeal route (Q3,
// Q10, C7). The ground requirements_not_met rests on the judgement of the
// examination, or on a requirement that the commission names. The ground
// no_consent rests on the state of the consent.
func (a *Application) Refuse(cmd domain.Command, c Refuse) ([]domain.Event, error) {
	if err := a.ofThisService(); err != nil {
		return nil, err
	}
	edition := c.Rules.On(cmd.Today())
	if c.Ground == "" {
		return nil, domain.Refuse(domain.Invalid, domain.CodeGroundRequired,
			"a refusal states one of the grounds %v", edition.Placement.RefusalGrounds).At("ground")
	}
	if !slices.Contains(edition.Placement.RefusalGrounds, string(c.Ground)) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeGroundUnknown,
			"a refusal has exactly one of the grounds %v", edition.Placement.RefusalGrounds).At("ground")
	}
	if strings.TrimSpace(string(c.Reasons)) == "" {
		return nil, domain.Refuse(domain.Invalid, domain.CodeReasonsRequired,
			"a refusal states its reasons").At("reasons")
	}
	named := strings.TrimSpace(string(c.Unmet)) != ""
	if named && c.Ground != RequirementsNotMet {
		return nil, domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
			"only a refusal on the ground requirements_not_met names a requirement; leave it out").At("unmet")
	}
	before, err := a.Refusing(cmd, c.Exemption)
	if err != nil {
		return nil, err
	}
	judgement, _, examined, err := a.judged(cmd, c.Examine, c.Rules)
	if err != nil {
		return nil, err
	}
	switch {
	case c.Ground == RequirementsNotMet && !named && (judgement == nil || judgement.InNeed):
		return nil, domain.Refuse(domain.Conflict, domain.CodeRequirementNotNamed,
			"no examination says that the applicant is not in need: examine, or name in unmet which requirement "+
				"of art. 101-3 is not met").At("unmet")
	case c.Ground == NoConsent && a.Consent.On(cmd.Today()) == ConsentGiven:
		return nil, domain.Refuse(domain.Conflict, domain.CodeConsentLive,
			"the applicant has consented to the use of restricted personal data: choose another ground").At("ground")
	}
	return append(append(before, examined...), ApplicationRefused{
		CaseID: a.CaseID, ListID: a.Received.ListID, CertificateID: certificate(cmd),
		Ground: c.Ground, Reasons: c.Reasons, Unmet: c.Unmet, Judgement: judgement, AppealRoute: appealRoute(edition), Edition: edition.ID, RefusedAt: cmd.Now,
	}), nil
}

// appealRoute is [AppealRoute] with the edition's term.
func appealRoute(e rules.Edition) string {
	if n := e.Complaint.FileWithinMonths; n != 3 {
		return fmt.Sprintf("within %d month(s) of learning of this decision, through the body that took it", n)
	}
	return AppealRoute
}

// ofThisService refuses a case that is no application for service housing. The
// procedure keeps that a case has one result at a time (Q1): a decided case
// takes no decision.
func (a *Application) ofThisService() error {
	if !a.Known() {
		return domain.Refuse(domain.NotFound, domain.CodeCaseUnknown, "no application for service housing has this id")
	}
	return nil
}

// certificate names the certificate of what the command decides: a case that was
// reopened gets a new one.
func certificate(cmd domain.Command) domain.CertificateID {
	return domain.CertificateID{UUID: domain.DeriveID(cmd.ID.UUID, "certificate")}
}
