package httpapi

import (
	"context"
	"net/http"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/rules"
	"tizilim/eventstore/command"
)

type examinationBody struct {
	Findings  []findingBody `json:"findings" maxItems:"200" doc:"What was found, fact by fact; an empty list where nothing was"`
	Lookups   []lookupBody  `json:"lookups,omitempty" maxItems:"200" doc:"What was looked up in state systems beside what the findings come from: where nothing was found"`
	Exception string        `json:"exception,omitempty" maxLength:"1000" doc:"The exception of art. 9 of the personal-data law on which was looked up without a live consent"`
}

type findingBody struct {
	Kind           housing.FindingKind `json:"kind" enum:"dwelling_owned,state_dwelling_received,below_norms,chronic_illness,past_benefit,dwelling_alienated"`
	PersonID       domain.PersonID     `json:"person_id" format:"uuid" doc:"The applicant or a member of the family"`
	Source         housing.CheckSource `json:"source" enum:"documents,systems" doc:"Look-ups in systems need a live consent"`
	Settlement     string              `json:"settlement,omitempty" maxLength:"200" doc:"Of a dwelling or a benefit: where; that of the list where it is left out"`
	Share          string              `json:"share,omitempty" maxLength:"13" doc:"In a dwelling owned or alienated" example:"1/2"`
	BeforeMarriage bool                `json:"before_marriage,omitempty" doc:"A dwelling that the spouse had before the marriage"`
	Unfulfilled    bool                `json:"purchase_unfulfilled,omitempty" doc:"A dwelling bought with housing payments whose contract is not fulfilled"`
	AlienatedOn    domain.Date         `json:"alienated_on,omitzero" format:"date"`
	Benefit        string              `json:"benefit,omitempty" maxLength:"64" doc:"One that the table of rules names" example:"privatisation_used"`
	Note           string              `json:"note,omitempty" maxLength:"1000" doc:"The document or the extract"`
}

type lookupBody struct {
	PersonID domain.PersonID      `json:"person_id" format:"uuid"`
	Scope    housing.ConsentScope `json:"scope" enum:"real_estate,benefits,health"`
}

type judgementBody struct {
	Edition rules.EditionID    `json:"edition"`
	On      domain.Date        `json:"judged_on" format:"date"`
	InNeed  bool               `json:"in_need"`
	Grounds []rules.NeedGround `json:"grounds" doc:"Grounds of need that are met (art. 101-3(1))"`
	Bars    []barBody          `json:"bars" doc:"Every reason for which the family is not in need; none where it is"`
	Family  []familyBody       `json:"family" doc:"Counted with the applicant"`
}

type barBody struct {
	Code     domain.Code     `json:"code"`
	PersonID domain.PersonID `json:"person_id,omitzero" format:"uuid"`
	Benefit  string          `json:"benefit,omitempty"`
}

type termsBody struct {
	Purpose housing.ConsentPurpose `json:"purpose,omitempty" enum:"service_housing,examination_of_need" doc:"service_housing where it is left out"`
	Scope   []housing.ConsentScope `json:"scope,omitempty" enum:"real_estate,benefits,health" maxItems:"3" doc:"All where it is left out"`
	Until   domain.Date            `json:"until,omitzero" format:"date" doc:"Last day; until it is withdrawn where it is left out"`
}

type lookupConsentBody struct {
	Given bool       `json:"given" doc:"false withdraws the consent, true gives it again"`
	Terms *termsBody `json:"consent_terms,omitempty" doc:"Of a consent that is given"`
}

type consentState struct {
	State   housing.ConsentState   `json:"state" enum:"requested,given,refused,withdrawn,expired"`
	Purpose housing.ConsentPurpose `json:"purpose,omitempty"`
	Scope   []housing.ConsentScope `json:"scope,omitempty"`
	Until   domain.Date            `json:"until,omitzero" format:"date"`
}

type examined struct {
	CaseID    domain.CaseID  `json:"case_id" format:"uuid"`
	Judgement *judgementBody `json:"judgement,omitempty"`
	Events
}

func (t *termsBody) terms() housing.ConsentTerms {
	if t == nil {
		return housing.ConsentTerms{}
	}
	return housing.ConsentTerms(*t)
}

// change reads what is asked of a consent.
func (b lookupConsentBody) change() (housing.ChangeConsent, error) {
	if !b.Given && b.Terms != nil {
		return housing.ChangeConsent{}, domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed, "a consent that is withdrawn has no terms; leave them out").At("consent_terms")
	}
	return housing.ChangeConsent{Given: b.Given, Terms: b.Terms.terms()}, nil
}

// examine reads an examination that stands in the member of the body.
func (b examinationBody) examine(member string) (housing.Examine, error) {
	c := housing.Examine{Exception: domain.Personal(b.Exception)}
	for i, f := range b.Findings {
		found := housing.Finding{
			Kind: f.Kind, PersonID: f.PersonID, Source: f.Source, Settlement: f.Settlement, BeforeMarriage: f.BeforeMarriage,
			Unfulfilled: f.Unfulfilled, AlienatedOn: f.AlienatedOn, Benefit: f.Benefit, Note: domain.Personal(f.Note),
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

func judgement(j housing.Judgement) *judgementBody {
	b := &judgementBody{Edition: j.Edition, On: j.On, InNeed: j.InNeed, Grounds: []rules.NeedGround{}, Bars: []barBody{}, Family: []familyBody{}}
	b.Grounds = append(b.Grounds, j.Grounds...)
	for _, bar := range j.Bars {
		b.Bars = append(b.Bars, barBody(bar))
	}
	for _, m := range j.Family {
		b.Family = append(b.Family, familyBody(m))
	}
	return b
}

func (s *Server) examinations() {
	post(s, operation{
		id: "examine-need", path: "/v1/cases/{id}/examination", tag: "Service housing", status: http.StatusOK,
		summary: "Record what was found about the need of an applicant and the family",
		doc: "While the case is in review; the last examination counts. It is judged by the edition of the rules in force, again on the day of the decision. " +
			"A decision can bring its examination with it.",
	}, func(ctx context.Context, cmd domain.Command, opt command.Options, in *stepInput[examinationBody]) (command.Receipt, examined, error) {
		out := examined{CaseID: in.ID}
		c, err := in.Body.examine("")
		if err != nil {
			return command.Receipt{}, out, err
		}
		r, err := s.commands.Examine(ctx, cmd, in.ID, c, opt)
		for _, rec := range r.Events {
			if e, ok := rec.Event.(housing.NeedExamined); ok {
				out.Judgement = judgement(e.Judgement)
			}
		}
		out.Events = eventsOf(r)
		return r, out, err
	})

	post(s, operation{
		id: "change-case-consent", path: "/v1/cases/{id}/consent", tag: "Service housing", status: http.StatusOK,
		summary: "Withdraw the consent to look-ups in other systems, or give it again, before the decision",
		doc:     "What was looked up stands; new look-ups need a live consent. After the decision it is the consent of the entry.",
	}, func(ctx context.Context, cmd domain.Command, opt command.Options, in *stepInput[lookupConsentBody]) (command.Receipt, stepped, error) {
		c, err := in.Body.change()
		if err != nil {
			return command.Receipt{}, stepped{}, err
		}
		c.Holder = holder(ctx)
		r, err := s.commands.ChangeApplicationConsent(ctx, cmd, in.ID, c, opt)
		return r, stepped{in.ID, eventsOf(r)}, hide(ctx, err)
	})
}
