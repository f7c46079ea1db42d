package httpapi

import (
	"context"
	"net/http"
	"slices"
	"time"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/domain/rules"
	"tizilim/eventstore/command"
	printed "tizilim/httpapi/documents"
	"tizilim/httpapi/operation"
)

func (s *Server) applicationOperations() []operation.Operation {
	return []operation.Operation{
		s.decideCase(),
		s.examineNeed(),
		s.changeCaseConsent(),
		s.answerAsMember(),
		s.dropMembers(),
		s.applyForHousing(),
	}
}

type findingBody struct {
	Kind           housing.FindingKind `json:"kind"`
	PersonID       domain.PersonID     `json:"person_id" format:"uuid" doc:"The applicant or a member of the family"`
	Source         housing.CheckSource `json:"source" doc:"How it was found; a look-up in state systems needs a consent in force"`
	DwellingID     domain.DwellingID   `json:"dwelling_id,omitzero" format:"uuid" doc:"The recorded dwelling that the finding is about; it tells the registry which of its own records you have seen"`
	Settlement     string              `json:"settlement,omitempty" maxLength:"200" doc:"Where the dwelling or the benefit is. Default: the settlement of the list"`
	Share          string              `json:"share,omitempty" maxLength:"13" doc:"The share in a dwelling that is owned or was alienated" example:"1/2"`
	BeforeMarriage bool                `json:"before_marriage,omitempty" doc:"true for a dwelling that the spouse had before the marriage"`
	Unfulfilled    bool                `json:"purchase_unfulfilled,omitempty" doc:"true for a dwelling that was bought with housing payments, if its contract is not fulfilled"`
	AlienatedOn    domain.Date         `json:"alienated_on,omitzero" format:"date"`
	Benefit        string              `json:"benefit,omitempty" maxLength:"64" doc:"A benefit that the table of rules names" example:"privatisation_used"`
	Note           string              `json:"note,omitempty" maxLength:"1000" doc:"The document or the extract that shows it"`
}

type lookupBody struct {
	PersonID domain.PersonID      `json:"person_id" format:"uuid"`
	Scope    housing.ConsentScope `json:"scope"`
}

type examinationBody struct {
	Findings  []findingBody `json:"findings" maxItems:"200" doc:"Each fact that was found; an empty list if nothing was found"`
	Lookups   []lookupBody  `json:"lookups,omitempty" maxItems:"200" doc:"Look-ups in state systems that found nothing"`
	Exception string        `json:"exception,omitempty" maxLength:"1000" doc:"The exception of art. 9 of the personal-data law that allowed a look-up without a consent in force"`
}

type exemptionBody struct {
	Ground  procedure.Exemption `json:"ground"`
	Reasons string              `json:"reasons" maxLength:"4000"`
}

type decisionBody struct {
	Outcome string                `json:"outcome" enum:"place,refuse"`
	Ground  housing.RefusalGround `json:"ground,omitempty" doc:"The ground; only for a refusal"`
	Reasons string                `json:"reasons,omitempty" maxLength:"4000" doc:"The reasons; only for a refusal"`
	Unmet   string                `json:"unmet,omitempty" maxLength:"1000" doc:"Which requirement of art. 101-3 is not met; only for a refusal on requirements_not_met, if the examination does not say it"`

	Examination *examinationBody `json:"examination,omitempty" doc:"An examination to record together with the decision. Without it the decision rests on the examination that was recorded last"`
	Order       *orderBody       `json:"order,omitempty" doc:"Which order holds, and why; only for a placement that was refused with order_contradicted"`
	Exemption   *exemptionBody   `json:"exemption,omitempty" doc:"The exemption from the hearing (APPC 73(2)); only for a refusal without a hearing"`
	Minuted
	Accepting
}

type orderBody struct {
	Holds   housing.OrderBasis `json:"holds" doc:"log: the order in which the registry received the applications. instants: that of the times that its clocks showed"`
	Reasons string             `json:"reasons" minLength:"1" maxLength:"4000"`
}

type decisionInput struct {
	ID domain.CaseID `path:"id" format:"uuid"`
	operation.Posted[decisionBody]
}

type decided struct {
	CaseID    domain.CaseID  `json:"case_id" format:"uuid"`
	Placement *placementBody `json:"placement,omitempty" doc:"The certificate of placing"`
	Refusal   *refusalBody   `json:"refusal,omitempty" doc:"The certificate of refusal"`
	operation.Events
}

func (s *Server) decideCase() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "decide-case", Path: "/v1/cases/{id}/decision", Tag: housingTag,
		Of:      operation.OfCase,
		Summary: "Decide an application for service housing",
		Doc: "A placement issues the certificate, which has the day and the ordinal number. A refusal names one " +
			"of three grounds. It follows a hearing, or names the exemption from the hearing. A placement is refused " +
			"with warnings_not_answered where the registry's own records say what no finding says, such as a dwelling " +
			"that the spouse owns: state it in a finding, or answer it with accept and accept_reasons.",
		Roles: []domain.Role{domain.RoleCommission},
		Problems: slices.Concat(caseProblems, minutesProblems, []domain.Code{
			domain.CodeShareFormat, domain.CodeListUnknown,
			domain.CodeAlreadyOnList, domain.CodeGroundUnknown, domain.CodeGroundNotAllowed,
			domain.CodeGroundRequired, domain.CodeReasonsRequired, domain.CodeConsentMissing,
			domain.CodeConsentLive, domain.CodeExaminationRequired, domain.CodeRequirementsNotMet,
			domain.CodeRequirementNotNamed, domain.CodeFindingPerson, domain.CodeMemberNotAllowed,
			domain.CodeNoGroundOfNeed, domain.CodeDwellingOwned, domain.CodeStateDwelling,
			domain.CodePastBenefit, domain.CodeDwellingAlienated, domain.CodeTooEarly,
			domain.CodeDeciderRecused, domain.CodeHearingRequired, domain.CodeSpouseOnList,
			domain.CodeNotInFamily, domain.CodeConsentWithdrawn, domain.CodeConsentExpired,
			domain.CodeConsentTerms, domain.CodeMemberConsentMissing,
			domain.CodeOrderContradicted,
		}, contradictedByRecords),
		Example: `{
			"outcome": "place",
			"examination": {"findings": [{
				"kind": "below_norms", "person_id": "1c825553-b624-8752-a2f1-3f9e5fd3a0ef",
				"source": "documents", "note": "act of the commission 5 of 2026-03-10"
			}]}
		}`,
	}, func(ctx context.Context, call operation.Call, in *decisionInput) (command.Receipt, decided, error) {
		out := decided{CaseID: in.ID}
		call.Minutes = in.Body.stated()
		r, err := s.decide(ctx, call.Command, in, call.Options)
		for _, rec := range r.Events {
			switch e := rec.Event.(type) {
			case housing.PlacementCertified:
				out.Placement = &placementBody{e.CertificateID, e.ListID, e.EntryID, e.RegisteredOn, e.Number}
			case housing.ApplicationRefused:
				c, err := s.commands.Case(ctx, in.ID)
				if err != nil {
					return r, out, err
				}
				out.Refusal = &refusalBody{e.CertificateID, e.Ground, string(e.Reasons), string(e.Unmet), printed.AppealRoute(c.Language)}
			}
		}
		return r, out, err
	})
}

func (s *Server) decide(
	ctx context.Context, cmd domain.Command, in *decisionInput, opt command.Options,
) (command.Receipt, error) {
	var examine *housing.Examine
	if x := in.Body.Examination; x != nil {
		c, err := x.examine("examination.")
		if err != nil {
			return command.Receipt{}, err
		}
		examine = &c
	}
	if in.Body.Outcome == "refuse" {
		if len(in.Body.Accept) > 0 || in.Body.AcceptReasons != "" {
			return command.Receipt{}, domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
				"a refusal answers no contradiction of the records; leave it out").At("accept")
		}
		if in.Body.Order != nil {
			return command.Receipt{}, domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
				"a refusal gives no place on a list; leave the order out").At("order")
		}
		refuse := housing.Refuse{
			Ground: in.Body.Ground, Reasons: domain.Personal(in.Body.Reasons), Unmet: domain.Personal(in.Body.Unmet),
			Examine: examine,
		}
		if x := in.Body.Exemption; x != nil {
			refuse.Exemption = procedure.Dispense{Exemption: x.Ground, Reasons: domain.Personal(x.Reasons)}
		}
		return s.commands.RefuseApplication(ctx, cmd, in.ID, refuse, opt)
	}
	if in.Body.Exemption != nil {
		return command.Receipt{}, domain.Refuse(domain.Invalid, domain.CodeGroundNotAllowed,
			"a placement needs no exemption from the hearing; leave it out, or refuse").At("exemption")
	}
	if in.Body.Ground != "" {
		return command.Receipt{}, domain.Refuse(domain.Invalid, domain.CodeGroundNotAllowed,
			"a placement has no ground of refusal; leave it out, or refuse").At("ground")
	}
	if in.Body.Reasons != "" {
		return command.Receipt{}, domain.Refuse(domain.Invalid, domain.CodeGroundNotAllowed,
			"a placement has no reasons of refusal; leave them out, or refuse").At("reasons")
	}
	if in.Body.Unmet != "" {
		return command.Receipt{}, domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
			"a placement names no requirement that is not met; leave it out, or refuse").At("unmet")
	}
	var order housing.OrderStatement
	if x := in.Body.Order; x != nil {
		order = housing.OrderStatement{Holds: x.Holds, Reasons: domain.Personal(x.Reasons)}
	}
	return s.commands.DecidePlacement(ctx, cmd, in.ID, housing.Approve{
		Examine: examine, Order: order, Accept: in.Body.accept(),
	}, opt)
}

// examine reads an examination. member is the path of the body that has it.
func (b examinationBody) examine(member string) (housing.Examine, error) {
	c := housing.Examine{Exception: domain.Personal(b.Exception)}
	for i, f := range b.Findings {
		found := housing.Finding{
			Kind: f.Kind, PersonID: f.PersonID, Source: f.Source, DwellingID: f.DwellingID, Settlement: f.Settlement,
			BeforeMarriage: f.BeforeMarriage,
			Unfulfilled:    f.Unfulfilled, AlienatedOn: f.AlienatedOn, Benefit: f.Benefit, Note: domain.Personal(f.Note),
		}
		if f.Share != "" {
			share, err := rules.ParseFraction(f.Share)
			if err != nil {
				return c, atField(err, member+domain.Path("findings", i, "share"))
			}
			found.Share = share
		}
		c.Findings = append(c.Findings, found)
	}
	for _, l := range b.Lookups {
		c.Lookups = append(c.Lookups, housing.Lookup(l))
	}
	return c, nil
}

type barBody struct {
	Code     domain.Code     `json:"code"`
	PersonID domain.PersonID `json:"person_id,omitzero" format:"uuid"`
	Benefit  string          `json:"benefit,omitempty"`
}

type familyBody struct {
	PersonID domain.PersonID  `json:"person_id" format:"uuid"`
	Relation housing.Relation `json:"relation"`
}

type judgementBody struct {
	Edition rules.EditionID    `json:"edition"`
	On      domain.Date        `json:"judged_on" format:"date"`
	InNeed  bool               `json:"in_need"`
	Grounds []rules.NeedGround `json:"grounds" doc:"Grounds of need that are met (art. 101-3(1))"`
	Bars    []barBody          `json:"bars" doc:"Every reason why the family is not in need; empty where it is in need"`
	Family  []familyBody       `json:"family" doc:"The family that is counted with the applicant"`
}

type examined struct {
	CaseID      domain.CaseID     `json:"case_id" format:"uuid"`
	Judgement   *judgementBody    `json:"judgement,omitempty"`
	Unconsented []domain.PersonID `json:"unconsented,omitempty" doc:"Members of the family who have not consented for themselves: their data may not be looked up, and a placement is refused"`
	operation.Events
}

func (s *Server) examineNeed() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "examine-need", Path: "/v1/cases/{id}/examination", Tag: housingTag,
		Of:      operation.OfCase,
		Summary: "Record what was found about the need of an applicant and the family",
		Doc: "The case must be under review. If it is examined several times, the last examination counts. The " +
			"facts are judged by the rules in force now, and again on the day of the decision. An examination can " +
			"also be sent together with the decision.",
		Roles: []domain.Role{domain.RoleCommission},
		Problems: caseProblems.and(
			domain.CodeDateInFuture, domain.CodeShareFormat, domain.CodeConsentMissing,
			domain.CodeFindingPerson, domain.CodeMemberNotAllowed, domain.CodeDeciderRecused,
			domain.CodeNotInFamily, domain.CodeConsentWithdrawn, domain.CodeConsentExpired,
			domain.CodeConsentTerms, domain.CodeMemberConsentMissing,
		),
		Example: `{
			"findings": [{
				"kind": "dwelling_owned", "person_id": "1c825553-b624-8752-a2f1-3f9e5fd3a0ef",
				"source": "systems", "share": "1/2"
			}],
			"lookups": [{"person_id": "47c0d5bc-cd31-8c35-a3de-ee3c2a772f0e", "scope": "benefits"}]
		}`,
	}, func(ctx context.Context, call operation.Call, in *stepInput[examinationBody]) (command.Receipt, examined, error) {
		out := examined{CaseID: in.ID}
		c, err := in.Body.examine("")
		if err != nil {
			return command.Receipt{}, out, err
		}
		r, err := s.commands.Examine(ctx, call.Command, in.ID, c, call.Options)
		for _, rec := range r.Events {
			if e, ok := rec.Event.(housing.NeedExamined); ok {
				out.Judgement, out.Unconsented = judgement(e.Judgement), e.Unconsented
			}
		}
		return r, out, err
	})
}

func family(bodies []familyBody) []housing.FamilyMember {
	var members []housing.FamilyMember
	for _, m := range bodies {
		members = append(members, housing.FamilyMember(m))
	}
	return members
}

func judgement(j housing.Judgement) *judgementBody {
	b := &judgementBody{
		Edition: j.Edition, On: j.On, InNeed: j.InNeed, Grounds: []rules.NeedGround{}, Bars: []barBody{},
		Family: []familyBody{},
	}
	b.Grounds = append(b.Grounds, j.Grounds...)
	for _, bar := range j.Bars {
		b.Bars = append(b.Bars, barBody(bar))
	}
	for _, m := range j.Family {
		b.Family = append(b.Family, familyBody(m))
	}
	return b
}

type termsBody struct {
	Purpose housing.ConsentPurpose `json:"purpose,omitempty" doc:"The purpose of the consent. Default: service_housing"`
	Scope   []housing.ConsentScope `json:"scope,omitempty" maxItems:"3" doc:"The kinds of data that the consent covers. Default: all"`
	Until   domain.Date            `json:"until,omitzero" format:"date" doc:"The last day of the consent. Default: it holds until it is withdrawn"`
}

type lookupConsentBody struct {
	Given bool       `json:"given" doc:"false withdraws the consent, true gives it again"`
	Terms *termsBody `json:"consent_terms,omitempty" doc:"The terms of the consent; only if it is given"`
	Basis *basisBody `json:"basis,omitempty" doc:"Only at a desk: the paper on which the person says so; the rules in force demand one"`
	Representing
}

func (s *Server) changeCaseConsent() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "change-case-consent", Path: "/v1/cases/{id}/consent", Tag: housingTag,
		Of:      operation.OfCase,
		Summary: "Withdraw the consent to look-ups in other systems, or give it again, before the decision",
		Doc: "Earlier look-ups stay valid; a new look-up needs a consent in force. After the decision the consent " +
			"belongs to the entry, and is changed there.",
		Roles: []domain.Role{domain.RoleCitizen, domain.RoleOperator},
		Problems: basisProblems.and(
			domain.CodeNothingChanges, domain.CodeCaseUnknown, domain.CodeCaseDecided,
			domain.CodeMemberNotAllowed, domain.CodeTooEarly, domain.CodeNotFound, domain.CodeDateInFuture,
			domain.CodeRepresentative,
		),
		Example: `{"given": false}`,
	}, func(ctx context.Context, call operation.Call, in *stepInput[lookupConsentBody]) (command.Receipt, stepped, error) {
		if err := s.actingInCase(ctx, &call, in.ID, in.Body); err != nil {
			return command.Receipt{}, stepped{}, operation.Hide(ctx, err)
		}
		c, err := in.Body.change()
		if err != nil {
			return command.Receipt{}, stepped{}, err
		}
		c.Holder = operation.Citizen(ctx)
		r, err := s.commands.ChangeApplicationConsent(ctx, call.Command, in.ID, c, call.Options)
		return r, stepped{CaseID: in.ID}, operation.Hide(ctx, err)
	})
}

// change reads what is asked of a consent.
func (b lookupConsentBody) change() (housing.ChangeConsent, error) {
	if !b.Given && b.Terms != nil {
		return housing.ChangeConsent{}, domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
			"a consent that is withdrawn has no terms; leave them out").At("consent_terms")
	}
	return housing.ChangeConsent{Given: b.Given, Terms: b.Terms.terms(), Basis: b.Basis.basis()}, nil
}

func (t *termsBody) terms() housing.ConsentTerms {
	if t == nil {
		return housing.ConsentTerms{}
	}
	return housing.ConsentTerms(*t)
}

// applicationChannel is a channel through which one applies for housing.
type applicationChannel domain.Channel

var applicationChannels = []applicationChannel{
	applicationChannel(domain.ChannelPortal), applicationChannel(domain.ChannelStateCorp),
}

type applyBody struct {
	Channel     applicationChannel `json:"channel"`
	Language    domain.Language    `json:"language,omitempty" default:"kk"`
	ListID      domain.ListID      `json:"list_id" format:"uuid"`
	ApplicantID domain.PersonID    `json:"applicant_id" format:"uuid"`
	Family      []memberBody       `json:"family,omitempty" maxItems:"50" doc:"On the portal, each by IIN and name"`
	Consent     bool               `json:"consent" doc:"Whether the applicant consents to the use of restricted personal data; with false the application can only be refused"`
	Terms       *termsBody         `json:"consent_terms,omitempty" doc:"The terms of the consent, if it is given"`
	Documents   []documentBody     `json:"documents,omitempty" maxItems:"100"`
	Signature   signatureBody      `json:"signature"`
	Basis       *basisBody         `json:"basis,omitempty" doc:"Only at a desk: the signed application with the consent; the rules in force demand one if the consent is given"`
	Service     *employmentBody    `json:"service,omitempty" doc:"Where the applicant serves: service housing is for the personnel of the body whose list it is. If it is left out, or names another body, a placement is a warning that must be answered"`
	Accepting
	Representing
}

// memberBody is a member of the family of an application.
type memberBody struct {
	NamedPerson
	Relation housing.Relation `json:"relation"`
}

// members are those of a family, whom the request names.
func (n *naming) members(ctx context.Context, bodies []memberBody) ([]housing.FamilyMember, error) {
	var all []housing.FamilyMember
	for i, m := range bodies {
		id, err := n.who(ctx, m.NamedPerson, domain.Path("family", i))
		if err != nil {
			return nil, err
		}
		all = append(all, housing.FamilyMember{PersonID: id, Relation: m.Relation})
	}
	return all, nil
}

type applyInput struct{ operation.Posted[applyBody] }

type applied struct {
	CaseID     domain.CaseID `json:"case_id" format:"uuid"`
	ReceivedAt time.Time     `json:"received_at" doc:"The instant that decides the place on the list"`
	Deadline   time.Time     `json:"deadline" doc:"The last instant for the decision"`
	operation.Events
}

func (s *Server) applyForHousing() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "apply-for-housing", Path: "/v1/housing-applications", Tag: housingTag, Status: http.StatusCreated,
		Of:      operation.OfRequest,
		Summary: "Apply for placing on a list (S000)",
		Doc: "The decision is due within 30 calendar days. The order of a list is the order of the complete " +
			"applications; the order of the decisions does not matter. A child who is of age by the registry's own " +
			"records is a warning: answer it with accept and accept_reasons, or name the family otherwise.",
		Roles: []domain.Role{domain.RoleCitizen, domain.RoleOperator},
		Problems: slices.Concat(signatureProblems, passwordProblems, []domain.Code{
			domain.CodeNamedTwice, domain.CodeKinshipImpossible, domain.CodePersonUnknown, domain.CodeChannelNotOpen,
			domain.CodeChannelNotOfRole, domain.CodeApplicantNotYou, domain.CodeListUnknown,
			domain.CodeAlreadyOnList, domain.CodeMemberNotAllowed, domain.CodeTooEarly, domain.CodeDateInFuture,
			domain.CodeRepresentative, domain.CodeNotFound, domain.CodeWarningsOpen, domain.CodeChildOfAge, domain.CodeSpouseMinor,
			domain.CodeReasonsRequired, domain.CodeBeforeBirth,
		}, namingProblems, basisProblems),
		Example: `{
			"channel": "state_corporation", "list_id": "4a5818a4-ed82-54ae-ba8a-6c7e6be721ff",
			"applicant_id": "1c825553-b624-8752-a2f1-3f9e5fd3a0ef",
			"family": [{"person_id": "47c0d5bc-cd31-8c35-a3de-ee3c2a772f0e", "relation": "spouse"}],
			"consent": true, "signature": {"method": "handwritten"},
			"basis": {
				"type": "application", "number": "115", "issued_on": "2026-03-02", "issuer": "өтініш иесі",
				"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
			},
			"service": {
				"employer": "ҚР Қорғаныс министрлігі", "office": "бас маман", "since": "2021-09-01",
				"basis": {
					"type": "other", "number": "217-к", "issued_on": "2026-02-27", "issuer": "ҚР Қорғаныс министрлігі",
					"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
				}
			}
		}`,
	}, func(ctx context.Context, call operation.Call, in *applyInput) (command.Receipt, applied, error) {
		out := applied{CaseID: domain.CaseID{UUID: domain.DeriveID(call.ID.UUID, "case")}}
		var err error
		call.Command, err = s.onChannel(
			ctx, call.Command, domain.Channel(in.Body.Channel), in.Body.ApplicantID, in.Body.Representing,
		)
		if err != nil {
			return command.Receipt{}, out, err
		}
		if call.Options.Signed, err = signed(in.Request(), in.Body.Signature); err != nil {
			return command.Receipt{}, out, err
		}
		named := s.naming(call, "apply-for-housing", out.CaseID.Stream())
		members, err := named.members(ctx, in.Body.Family)
		if err != nil {
			return command.Receipt{}, out, err
		}
		papers, err := named.documents(in.Body.Documents)
		if err != nil {
			return command.Receipt{}, out, err
		}
		about := []domain.PersonID{in.Body.ApplicantID}
		for _, m := range members {
			about = append(about, m.PersonID)
		}
		if err := s.inRequest(ctx, domain.DwellingID{}, about...); err != nil {
			return command.Receipt{}, out, err
		}
		c := housing.ReceiveApplication{
			CaseID: out.CaseID, ListID: in.Body.ListID, ApplicantID: in.Body.ApplicantID, Consent: in.Body.Consent,
			Terms:     in.Body.Terms.terms(),
			Documents: papers, Language: in.Body.Language, Signature: in.Body.Signature.Method,
			Basis: in.Body.Basis.basis(), Accept: in.Body.accept(), Service: in.Body.Service.stated(),
			Family: members, Named: named.named,
		}
		r, err := s.commands.ReceiveApplication(ctx, call.Command, c, call.Options)
		if err == nil {
			e := r.Events[0].Event.(housing.ApplicationReceived)
			out.ReceivedAt, out.Deadline = e.ReceivedAt, e.Deadline
		}
		return r, out, err
	})
}

type consentState struct {
	State   housing.ConsentState   `json:"state"`
	Purpose housing.ConsentPurpose `json:"purpose,omitempty" values:"open"`
	Scope   []housing.ConsentScope `json:"scope,omitempty" values:"open"`
	Until   domain.Date            `json:"until,omitzero" format:"date"`
}
