package httpapi_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/rules"
)

// consents has members of the family of an application consent for themselves, and
// returns the id of the case.
func (s *subtest) consents(caseID string, members ...string) string {
	s.t.Helper()
	for _, m := range members {
		s.command("/v1/cases/"+caseID+"/member-consent", s.as(m), body{"given": true}).is(http.StatusOK)
	}
	return caseID
}

// family is an application with a spouse and a child of age, who consent to what the
// applicant consents to.
func (s *subtest) family(list string, more body) (person, spouse, child, id string) {
	s.t.Helper()
	person, spouse, child = s.citizen(), s.citizen(), s.citizen()
	id = s.command("/v1/housing-applications", s.token(domain.RoleOperator), application(person, list).with(body{
		"family": []body{{"person_id": spouse, "relation": "spouse"}, {"person_id": child, "relation": "disabled_child"}},
	}).with(more)).is(201).id("case_id")
	for _, m := range []string{spouse, child} {
		own := body{"given": true}
		if terms := more["consent_terms"]; terms != nil {
			own["consent_terms"] = terms
		}
		s.command("/v1/cases/"+id+"/member-consent", s.as(m), own).is(http.StatusOK)
	}
	return person, spouse, child, id
}

func findings(f ...body) body { return body{"findings": append([]body{}, f...)} }

func owned(person string) body {
	return body{"kind": "dwelling_owned", "person_id": person, "source": "documents", "share": "1/1"}
}

// TestQ10_Q13_Q14_ADecisionRestsOnTheExamination as a commission takes it: step
// by step, and with the decision.
func TestQ10_Q13_Q14_ADecisionRestsOnTheExamination(t *testing.T) {
	r := start(t)
	s := r.at(t)
	list, commission := s.list(), s.token(domain.RoleCommission)
	person, spouse, child, id := s.family(list, nil)
	path := "/v1/cases/" + id
	edition := string(rules.Default().On(domain.DateOf(r.clock.Now())).ID)
	examine := func(b body) *answer { return s.command(path+"/examination", commission, b) }

	examine(findings()).refused(409, domain.CodeStepNotOpen, "")
	s.command(path+"/decision", commission, body{"outcome": "place"}).
		refused(409, domain.CodeExaminationRequired, "examination")
	s.command(path+"/review", commission, body{}).is(200)
	barred := examine(
		findings(
			owned(person),
			body{"kind": "past_benefit", "person_id": spouse, "source": "documents", "benefit": "privatisation_used"},
		),
	).is(200)
	if barred.at("judgement", "in_need") != false || fmt.Sprint(barred.at("judgement", "bars")) !=
		fmt.Sprintf(
			"[map[code:no_ground_of_need] map[code:dwelling_owned person_id:%s] map[benefit:privatisation_used code:past_benefit person_id:%s]]",
			person,
			spouse,
		) {
		t.Errorf("barred: %s", barred.text)
	}
	refused := s.command(path+"/decision", commission, body{"outcome": "place"}).
		refused(409, domain.CodeRequirementsNotMet, "outcome")
	for i, code := range []string{"requirements_not_met", "no_ground_of_need", "dwelling_owned", "past_benefit"} {
		if refused.at("errors", i, "code") != code {
			t.Errorf("bar %d: %v, want %s", i, refused.at("errors", i), code)
		}
	}
	wed := owned(spouse)
	wed["before_marriage"] = true
	again := examine(findings(wed)).is(200)
	for who, token := range map[string]string{"the applicant": s.as(person), "an auditor": s.token(domain.RoleAuditor)} {
		got := s.seen(path, token, again)
		if got.at("judgement", "in_need") != true || got.at("judgement", "edition") != edition ||
			len(got.at("judgement", "family").([]any)) != 1 ||
			got.at("judgement", "family", 0, "person_id") != child ||
			fmt.Sprint(got.at("judgement", "grounds")) != "[no_dwelling no_state_dwelling]" {
			t.Errorf("%s reads %s", who, got.text)
		}
	}
	if got := s.get(path, s.as(spouse)).is(200); got.at("judgement") != nil || got.at("consent") != nil {
		t.Errorf("a member of the family reads the judgement: %s", got.text)
	}
	placed := s.command(path+"/decision", commission, body{"outcome": "place"}).is(200)
	for _, rec := range s.stream("case-" + id) {
		if e, ok := rec.Event.(housing.PlacementApproved); ok &&
			(string(e.Judgement.Edition) != edition || len(e.Family) != 1) {
			t.Errorf("Q10: the decision keeps %+v of a family of %d", e.Judgement.Edition, len(e.Family))
		}
	}
	if placed.at("placement", "number") != 1.0 {
		t.Errorf("placed: %s", placed.text)
	}

	// A refusal on S000-7 says what is not met, one way or the other.
	unfit, _, _, id := s.family(list, nil)
	no := body{
		"outcome":   "refuse",
		"ground":    "requirements_not_met",
		"reasons":   "r",
		"exemption": body{"ground": "urgency", "reasons": "r"},
	}
	decision := "/v1/cases/" + id + "/decision"
	s.command(decision, commission, no).refused(409, domain.CodeRequirementNotNamed, "unmet")
	s.command(decision, commission, no.with(body{"examination": findings()})).
		refused(409, domain.CodeRequirementNotNamed, "unmet")
	s.command(decision, commission, no.with(body{"examination": findings(owned(person))})).
		refused(422, domain.CodeNotInFamily, "examination.findings[0].person_id")
	s.command(decision, commission, no.with(body{"examination": findings(owned(unfit).with(body{"share": "2/1"}))})).
		refused(422, domain.CodeShareFormat, "examination.findings[0].share")
	s.command(decision, commission, placing.with(body{"unmet": "u"})).refused(422, domain.CodeMemberNotAllowed, "unmet")
	done := s.command(decision, commission, no.with(body{"examination": findings(owned(unfit))})).is(200)
	if got := s.seen("/v1/cases/"+id, s.as(unfit), done); got.at("judgement", "in_need") != false ||
		got.at("refusal", "unmet") != nil {
		t.Errorf("refused by the judgement: %s", got.text)
	}
	other, _, _, id := s.family(list, nil)
	done = s.command("/v1/cases/"+id+"/decision", commission, no.with(body{"unmet": "serves elsewhere"})).is(200)
	if got := s.seen("/v1/cases/"+id, s.as(other), done); got.at("judgement") != nil ||
		got.at("refusal", "unmet") != "serves elsewhere" {
		t.Errorf("refused for another reason: %s", got.text)
	}
}

// TestC20_LookUpsAndTheConsentOfAnApplication as it is given, ends by itself,
// is withdrawn, and is the entry's in the end.
func TestC20_LookUpsAndTheConsentOfAnApplication(t *testing.T) {
	r := start(t)
	s := r.at(t)
	list, commission := s.list(), s.token(domain.RoleCommission)
	person, spouse, _, id := s.family(
		list,
		body{"consent_terms": body{"scope": []string{"real_estate"}, "until": "2026-03-20"}},
	)
	path := "/v1/cases/" + id
	s.command(path+"/review", commission, body{}).is(200)
	looked := findings(owned(person).with(body{"source": "systems", "share": "1/3"}))
	ill := findings(body{"kind": "chronic_illness", "person_id": spouse, "source": "systems"})
	examine := func(b body) *answer { return s.command(path+"/examination", commission, b) }
	state := func(after *answer) any { return s.seen(path, s.as(person), after).at("consent", "state") }

	given := examine(looked).is(200)
	if got := s.seen(path, s.as(person), given); got.at("consent", "state") != "given" ||
		got.at("consent", "purpose") != "service_housing" ||
		fmt.Sprint(got.at("consent", "scope")) != "[real_estate]" ||
		got.at("consent", "until") != "2026-03-20" {
		t.Errorf("the consent reads %v", got.at("consent"))
	}
	examine(ill).refused(409, domain.CodeConsentTerms, "findings[0].source")
	examine(ill.with(body{"exception": "art. 9(1)"})).is(200)
	r.clock.pass(6 * 24 * time.Hour) // the 21st; no timer runs here
	if got := s.get(path, s.as(person)).is(200).at("consent", "state"); got != "expired" {
		t.Errorf("after its last day it is %v", got)
	}
	examine(looked).refused(409, domain.CodeConsentExpired, "findings[0].source")
	change := func(token string, b body) *answer { return s.command(path+"/consent", token, b) }
	change(s.as(spouse), body{"given": true}).refused(404, domain.CodeNotFound, "")
	change(
		s.as(person),
		body{"given": false, "consent_terms": body{}},
	).refused(422, domain.CodeMemberNotAllowed, "consent_terms")
	renewed := change(s.as(person), body{"given": true}).is(200)
	if got := state(renewed); got != "given" {
		t.Errorf("given again it is %v", got)
	}
	examine(looked).is(200)
	if got := state(change(s.token(domain.RoleOperator), body{"given": false}).is(200)); got != "withdrawn" {
		t.Errorf("withdrawn at a desk it is %v", got)
	}
	examine(looked).refused(409, domain.CodeConsentWithdrawn, "findings[0].source")
	s.command(path+"/decision", commission, body{"outcome": "refuse", "ground": "untrue_documents", "reasons": "r", "examination": looked,
		"exemption": body{
			"ground":  "urgency",
			"reasons": "r",
		}}).
		refused(409, domain.CodeConsentWithdrawn, "examination.findings[0].source")
	placed := s.placed(id) // by documents
	change(s.as(person), body{"given": true}).refused(409, domain.CodeCaseDecided, "")
	provision := body{
		"dwelling_id": s.service(),
		"useful_area": 30,
		"rooms":       1,
		"minutes":     body{"number": "12"},
		"need_check":  body{"on": "2026-03-21", "source": "systems", "scope": []string{"real_estate"}, "in_need": true},
	}
	entry := entryPath(list, placed.at("placement", "entry_id").(string))
	s.command(entry+"/provision", commission, provision).refused(409, domain.CodeConsentWithdrawn, "need_check.source")

	// Refused: no error, and no look-up (S000-6).
	unwilling, _, _, id := s.family(list, body{"consent": false})
	path = "/v1/cases/" + id
	s.command(path+"/decision", commission, placing).refused(409, domain.CodeConsentMissing, "outcome")
	s.command(path+"/decision", commission, body{"outcome": "refuse", "ground": "untrue_documents", "reasons": "r", "examination": findings(owned(unwilling).with(body{"source": "systems"})),
		"exemption": body{
			"ground":  "urgency",
			"reasons": "r",
		}}).
		refused(409, domain.CodeConsentMissing, "examination.findings[0].source")
	s.command("/v1/housing-applications", s.token(domain.RoleOperator), application(s.citizen(), list).with(body{"consent": false, "consent_terms": body{"until": "2026-04-01"}})).
		refused(422, domain.CodeMemberNotAllowed, "consent_terms")
	refused := s.command(path+"/decision", commission, body{"outcome": "refuse", "ground": "no_consent", "reasons": "r", "exemption": body{"ground": "urgency", "reasons": "r"}}).
		is(200)
	if got := s.seen(path, s.as(unwilling), refused); got.at("consent", "state") != "refused" {
		t.Errorf("refused: %s", got.text)
	}
	_, _, _, id = s.family(list, nil)
	s.command("/v1/cases/"+id+"/decision", commission, body{"outcome": "refuse", "ground": "no_consent", "reasons": "r", "exemption": body{"ground": "urgency", "reasons": "r"}}).
		refused(409, domain.CodeConsentLive, "ground")
}
