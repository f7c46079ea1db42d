package httpapi_test

import (
	"slices"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/procedure"
	"tizilim/httpapi"
)

// caseStep is a step on a case: its address, its body and who takes it.
type caseStep struct {
	name string
	body body
	role domain.Role
}

// reviewer is a role of these tests: another official than who decided.
const reviewer domain.Role = "reviewer"

// step takes a step on the case; the citizen is the person.
func (s *subtest) step(id, person string, st caseStep) *answer {
	s.t.Helper()
	token := ""
	switch st.role {
	case domain.RoleCitizen:
		token = s.as(person)
	case reviewer:
		token = s.staff(domain.RoleCommission, "commission-2")
	default:
		token = s.token(st.role)
	}
	if st.body == nil {
		st.body = body{}
	}
	return s.command("/v1/cases/"+id+"/"+st.name, token, st.body)
}

// longWay leads from the application to an annulled refusal, within a day.
func longWay() []caseStep {
	commission, citizen := domain.RoleCommission, domain.RoleCitizen
	return []caseStep{
		{
			"correction-request",
			body{"missing": []body{{"document_type": "birth_certificate", "text": "of the child"}}},
			commission,
		},
		{"correction", body{"documents": []body{{"type": "birth_certificate", "number": "7"}}}, citizen},
		{"review", nil, commission},
		{"hearing", body{"preliminary": "refusal: a dwelling"}, commission},
		{"hearing-end", body{"how": "waived", "protocol": "wants no hearing"}, commission},
		{
			"decision",
			body{"outcome": "refuse", "ground": "requirements_not_met", "reasons": "a dwelling", "unmet": "u"},
			commission,
		},
		{"notice", body{"by": "by_hand"}, commission},
		{"complaint", body{"grounds": "it is not mine"}, citizen},
		{"complaint-forwarding", body{"to": "ministry"}, commission},
		{"complaint-decision", body{"outcome": "act_annulled", "reasons": "it is not"}, reviewer},
	}
}

// madeGood leads a deregistration to a satisfied complaint, and what follows it.
func madeGood() []caseStep {
	return []caseStep{
		{"complaint", body{"grounds": "I live here"}, domain.RoleCitizen},
		{"complaint-decision", body{"outcome": "satisfied_by_body", "reasons": "they do"}, domain.RoleProvider},
		{"remedy", body{"how": "not_wanted", "words": "I have moved anyway"}, domain.RoleProvider},
	}
}

func objecting() []caseStep {
	return []caseStep{
		{"review", nil, domain.RoleCommission},
		{"hearing", body{"preliminary": "refusal: a dwelling"}, domain.RoleCommission},
		{"objection", body{"objection": "it was sold"}, domain.RoleCitizen},
	}
}

// TestC12_Q6_TheLongWayEndsWithTheOriginalSeniority: incomplete, corrected,
// heard, refused, annulled after a complaint, and placed ahead of those who
// applied later and were placed meanwhile.
func TestC12_Q6_TheLongWayEndsWithTheOriginalSeniority(t *testing.T) {
	r := start(t)
	s := r.at(t)
	list, person := s.list(), s.citizen()
	id := s.applied(person, list)
	for i, st := range longWay() {
		s.step(id, person, st).is(200)
		if i == 1 { // complete now; the next one applies a minute later
			r.clock.pass(time.Minute)
			if _, _, placed := s.entry(list); placed.at("placement", "number") != 1.0 {
				t.Fatalf("placed: %s", placed.text)
			}
		}
	}
	placed := s.placed(id)
	if placed.at("placement", "number") != 1.0 {
		t.Errorf("after the complaint: %s", placed.text)
	}
	var refusal string
	for _, rec := range s.stream("case-" + id) {
		if rec.Event.EventType() == "HousingApplicationRefused" {
			refusal = rec.ID.String()
		}
	}
	if refusal == "" {
		t.Error("the refusal that was annulled is no longer in the log")
	}
}

// TestTheCaseSaysWhatTheLogHolds compares, after every step, the read model with
// a fold of the case's stream.
func TestTheCaseSaysWhatTheLogHolds(t *testing.T) {
	r := start(t)
	s := r.at(t)
	list, commission := s.list(), domain.RoleCommission
	for name, way := range map[string][]caseStep{
		"the long way": append(longWay(), caseStep{"decision", placing, commission}),
		"objected":     objecting(),
		"withdrawn":    {{"withdrawal", nil, domain.RoleCitizen}},
		"forwarded":    {{"forwarding", body{"to": "b"}, commission}},
		"terminated": {{"review", nil, commission}, {"extension", body{"office": "head", "until": "2026-05-01", "reasons": "r"}, commission},
			{"recusal", body{"ground": "interested", "decider": "commission-2"}, commission}, {"termination", body{"ground": "other_by_law", "reasons": "r"}, reviewer}},
	} {
		t.Run(name, func(t *testing.T) {
			s := r.at(t)
			person := s.citizen()
			id := s.applied(person, list)
			for _, st := range way {
				done := s.step(id, person, st).is(200)
				var c procedure.Case
				for _, rec := range s.stream("case-" + id) {
					c.Apply(rec)
				}
				got := s.seen("/v1/cases/"+id, s.token(commission), done)
				for member, want := range map[string]any{
					"state": string(c.State), "decider": orNil(c.Decider),
					"deadline": c.Deadline.In(domain.Zone).Format(time.RFC3339), "overdue": nil,
				} {
					if got.at(member) != want {
						t.Errorf("after %s: %s is %v, want %v", st.name, member, got.at(member), want)
					}
				}
				for member, want := range map[string]bool{
					"correction": c.State == procedure.AwaitingCorrection,
					"complaint":  c.Complaint != nil, "notified_at": !c.NotifiedAt.IsZero(), "refusal": c.State == procedure.Refused, "placement": c.State == procedure.Granted,
				} {
					if (got.at(member) != nil) != want {
						t.Errorf("after %s: %s is %v, want it shown: %t", st.name, member, got.at(member), want)
					}
				}
				if h := c.Hearing; h != nil &&
					(got.at("hearing", "not_before") != h.NotBefore.String() || got.at("hearing", "object_until") != h.ObjectUntil.String()) {
					t.Errorf("after %s: the hearing is %v, want %v", st.name, got.at("hearing"), h)
				}
				if own := s.get("/v1/cases/"+id, s.as(person)).is(200); own.at("decider") != nil {
					t.Errorf("after %s the applicant sees the decider: %s", st.name, own.text)
				}
			}
		})
	}
}

// TestC8_ARefusalComesThreeWorkingDaysAfterTheHearing, by the clock: announced
// on Sunday, 15 March.
func TestC8_ARefusalComesThreeWorkingDaysAfterTheHearing(t *testing.T) {
	r := start(t)
	s := r.at(t)
	person := s.citizen()
	id := s.applied(person, s.list())
	for _, st := range objecting() {
		s.step(id, person, st).is(200)
	}
	refuse := caseStep{
		"decision",
		body{"outcome": "refuse", "ground": "requirements_not_met", "reasons": "r", "unmet": "u"},
		domain.RoleCommission,
	}
	r.clock.pass(2 * 24 * time.Hour)
	s.step(id, person, refuse).refused(409, domain.CodeTooEarly, "")
	r.clock.pass(24 * time.Hour)
	s.step(id, person, refuse).is(200)
}

// TestWhoActsOnWhoseCase: who may take a step at all is the access table's;
// this is whose case it may be.
func TestWhoActsOnWhoseCase(t *testing.T) {
	r := start(t)
	s := r.at(t)
	person, stranger := s.citizen(), s.citizen()
	housing := s.applied(person, s.list())
	home := s.dwelling(person)
	s.registered(person, home, "2026-03-01", "")
	removal := s.command("/v1/deregistrations", s.as(person), removal(person, home, person)).is(201).id("case_id")
	unknown := "00000000-0000-4000-8000-000000000000"
	bodies := map[string]body{
		"recusal":   {"ground": "interested", "decider": "commission-2"},
		"extension": {"office": "head", "until": "2026-05-01", "reasons": "r"},
		"termination": {
			"ground":  "other_by_law",
			"reasons": "r",
		},
		"court-act":      courtsAct,
		"step-annulment": {"event": "case-" + unknown + "@1", "basis": paper, "reasons": "r"},
		"forwarding":     {"to": "b"},
		"remedy":         {"how": "not_wanted", "words": "w"},
		"objection":      {"objection": "no"},
	}
	for _, st := range longWay() {
		if st.body != nil {
			bodies[st.name] = st.body
		}
	}
	before := s.head()
	for _, op := range httpapi.Operations(s.server) {
		name := op.ID
		if !slices.Contains(s.steps(), name) {
			continue
		}
		for _, role := range op.Roles {
			st := caseStep{name, bodies[name], role}
			switch role {
			case domain.RoleCitizen: // the same answer for another's case as for none
				s.step(housing, stranger, st).refused(404, domain.CodeNotFound, "")
				s.step(removal, stranger, st).refused(404, domain.CodeNotFound, "")
				s.step(unknown, stranger, st).refused(404, domain.CodeNotFound, "")
			case domain.RoleCommission:
				s.step(removal, "", st).refused(403, domain.CodeRoleNotAllowed, "")
				s.step(unknown, "", st).refused(404, domain.CodeCaseUnknown, "")
			case domain.RoleProvider:
				s.step(housing, "", st).refused(403, domain.CodeRoleNotAllowed, "")
				s.step(unknown, "", st).refused(404, domain.CodeCaseUnknown, "")
			default:
				s.step(unknown, "", st).refused(404, domain.CodeCaseUnknown, "")
			}
		}
	}
	if after := s.head(); after != before {
		t.Errorf("refused steps moved the log from %d to %d", before, after)
	}
	// The other service's staff take the same steps where they may.
	s.step(removal, "", caseStep{"notice", bodies["notice"], domain.RoleProvider}).is(200)
	s.step(removal, person, caseStep{"complaint", bodies["complaint"], domain.RoleCitizen}).is(200)
}

// steps are the operations on a case that are no decision of a service.
func (s *subtest) steps() []string {
	var names []string
	for _, o := range s.operations() {
		if o.Method == "POST" && o.Path == "/v1/cases/{id}/"+o.ID {
			names = append(names, o.ID)
		}
	}
	return names
}

// TestC14_ADocumentThatTheStateHoldsIsNotDemanded by the edition in force, and
// the applicant reads what is.
func TestC14_ADocumentThatTheStateHoldsIsNotDemanded(t *testing.T) {
	s := start(t).at(t)
	person := s.citizen()
	id := s.applied(person, s.list())
	ask := body{"missing": []body{{"document_type": "identity_card", "text": "of the spouse"}}}
	s.step(id, person, caseStep{"correction-request", ask, domain.RoleCommission}).
		refused(422, domain.CodeHeldByState, "missing[0].document_type")
	asked := s.step(id, person, caseStep{"correction-request", ask.with(body{"systems_silent": true}), domain.RoleCommission}).
		is(200)
	got := s.seen("/v1/cases/"+id, s.as(person), asked)
	if got.at("correction", "missing", 0, "document_type") != "identity_card" ||
		got.at("correction", "missing", 0, "text") != "of the spouse" ||
		got.at("correction", "systems_silent") != true {
		t.Errorf("the applicant reads %v", got.at("correction"))
	}
}
