package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/procedure"
)

// late lists what GET /v1/cases?overdue=true has of the case.
func (s *subtest) late(id string) []string {
	s.t.Helper()
	var got []string
	for _, c := range s.get("/v1/cases?overdue=true&limit=200", s.token(domain.RoleAuditor)).is(http.StatusOK).at("cases").([]any) {
		m := c.(map[string]any)
		if m["case_id"] != id {
			continue
		}
		for _, d := range m["due"].([]any) {
			if due := d.(map[string]any); due["late"] == true {
				got = append(got, due["what"].(string))
			}
		}
	}
	return got
}

// TestC5_C9_C12_C13_TheBodysOwnLatenessIsListedUntilItIsDoneAndKept lets the day
// of every duty pass: the registry marks each by itself, once, lists it until it
// is done, and the case keeps that it was late.
func TestC5_C9_C12_C13_TheBodysOwnLatenessIsListedUntilItIsDoneAndKept(t *testing.T) {
	r := start(t)
	s := r.at(t)
	list := s.list()
	const commission, provider = domain.RoleCommission, domain.RoleProvider
	refused := append(objecting()[:1:1], caseStep{"decision", body{
		"outcome": "refuse", "ground": "requirements_not_met", "reasons": "r", "unmet": "u", "exemption": body{"ground": "urgency", "reasons": "u"}}, commission},
		caseStep{"complaint", body{"grounds": "g"}, domain.RoleCitizen})
	forwarding := caseStep{"complaint-forwarding", body{"to": "ministry"}, commission}
	for _, c := range []struct {
		duty  procedure.Duty
		house bool // an application for housing; else a deregistration
		way   []caseStep
		days  int
		done  caseStep
	}{
		{procedure.NoticeOfForwarding, true, []caseStep{{"forwarding", body{"to": "b"}, commission}}, 10, caseStep{"notice", body{"of": "notice_of_forwarding", "by": "sms"}, commission}},
		{procedure.NoticeOfExtension, true, []caseStep{{"review", nil, commission}, {"extension", body{"office": "deputy_head", "until": "2026-05-20", "reasons": "r"}, commission}}, 10,
			caseStep{"notice", body{"of": "notice_of_extension", "by": "sms"}, commission}},
		{procedure.NoticeOfTermination, true, []caseStep{{"termination", body{"ground": "other_by_law", "reasons": "r"}, commission}}, 10, caseStep{"notice", body{"by": "sms"}, commission}},
		{procedure.ForwardingOfComplaint, true, refused, 10, forwarding},
		{procedure.DecisionOnComplaint, true, append(refused[:3:3], forwarding), 40, caseStep{"complaint-decision", body{"outcome": "act_upheld", "reasons": "r"}, reviewer}},
		{procedure.RemedyAfterComplaint, false, madeGood()[:2], 14, madeGood()[2]},
	} {
		t.Run(string(c.duty), func(t *testing.T) {
			s := r.at(t)
			person := s.citizen()
			id := ""
			if c.house {
				id = s.applied(person, list)
			} else {
				home := s.dwelling(person)
				s.registered(person, home, domain.DateOf(r.clock.Now()).String(), "")
				id = s.command("/v1/deregistrations", s.as(person), removal(person, home, person)).is(201).id("case_id")
			}
			role := provider
			if c.house {
				role = commission
			}
			var last *answer
			for _, st := range c.way {
				last = s.step(id, person, st).is(200)
			}
			path := "/v1/cases/" + id
			if got := s.seen(path, s.token(role), last); got.at("owed", 0, "duty") != string(c.duty) ||
				got.at("late") != nil {
				t.Fatalf("owed %v, late %v", got.at("owed"), got.at("late"))
			}
			s.timer()
			s.seen(
				path,
				s.token(role),
				s.command("/v1/persons", s.token(domain.RoleOperator), body{"name": "А", "iin": s.iin(), "birth_date": "1990-05-17", "class": "citizen"}).
					is(201),
			)
			if got := s.late(id); len(got) != 0 {
				t.Fatalf("late at once: %v", got)
			}
			r.clock.pass(time.Duration(c.days) * 24 * time.Hour)
			for range 2 {
				s.timer()
			}
			tick := s.command("/v1/persons", s.token(domain.RoleOperator), body{"name": "А", "iin": s.iin(), "birth_date": "1990-05-17", "class": "citizen"}).
				is(201)
			marked := s.seen(path, s.token(role), tick)
			if got := s.late(id); !strings.Contains(fmt.Sprint(got), string(c.duty)) ||
				marked.at("late", 0, "duty") != string(c.duty) ||
				marked.at("owed", 0, "duty") != string(c.duty) {
				t.Fatalf("listed %v, the case says %s", got, marked.text)
			}
			done := s.seen(path, s.token(role), s.step(id, person, c.done).is(200))
			if got := s.late(id); strings.Contains(fmt.Sprint(got), string(c.duty)) {
				t.Errorf("it is done, and listed: %v", got)
			}
			if done.at("late", 0, "duty") != string(c.duty) ||
				strings.Contains(fmt.Sprint(done.at("owed")), string(c.duty)) {
				t.Errorf("it was late and is done; the case says %s", done.text)
			}
			marks := 0
			for _, rec := range s.stream("case-" + id) {
				if e, ok := rec.Event.(procedure.DutyMissed); ok && e.Duty == c.duty {
					marks++
				}
			}
			if marks != 1 {
				t.Errorf("its lateness is recorded %d times", marks)
			}
		})
	}
}

// TestC12_R14_R16_ADeregisteredPersonComplainsAndIsRegisteredAgain: whom the
// owner had removed complains; the body satisfies it, mends the register by a
// correction that names the ending, and records that as the remedy.
func TestC12_R14_R16_ADeregisteredPersonComplainsAndIsRegisteredAgain(t *testing.T) {
	r := start(t)
	s := r.at(t)
	provider := s.token(domain.RoleProvider)
	owner, tenant, stranger := s.citizen(), s.citizen(), s.citizen()
	home := s.dwelling(owner)
	registered := s.registered(tenant, home, "2026-03-01", "").id("registration_id")
	id := s.command("/v1/deregistrations", s.as(owner), removal(owner, home, tenant)).is(201).id("case_id")
	complaint := caseStep{"complaint", body{"grounds": "I live here"}, domain.RoleCitizen}

	s.step(id, stranger, complaint).refused(404, domain.CodeNotFound, "")
	s.step(id, tenant, caseStep{"withdrawal", nil, domain.RoleCitizen}).refused(404, domain.CodeNotFound, "")
	s.step(id, tenant, caseStep{"complaint", body{"grounds": "g", "complainant_id": owner}, domain.RoleCitizen}).
		refused(422, domain.CodePersonUnknown, "complainant_id")
	s.step(id, "", caseStep{"complaint", body{"grounds": "g", "complainant_id": stranger}, domain.RoleOperator}).
		refused(422, domain.CodePersonUnknown, "complainant_id")
	filed := s.step(id, tenant, complaint).is(200)
	if got := s.seen("/v1/cases/"+id, s.as(tenant), filed).at("complaint", "complainant_id"); got != tenant {
		t.Errorf("the complaint is that of %v, want %s", got, tenant)
	}
	satisfied := s.step(id, "", caseStep{"complaint-decision", body{"outcome": "satisfied_by_body", "reasons": "they do"}, domain.RoleProvider}).
		is(200)
	if got := s.seen("/v1/cases/"+id, provider, satisfied); got.at("owed", 0, "duty") != "remedy" ||
		got.at("state") != "granted" {
		t.Errorf("after the complaint: %s", got.text)
	}

	elsewhere := s.registered(stranger, home, "2026-03-02", "")
	unrelated := s.command("/v1/persons/"+stranger+"/corrections", provider, correction(body{"registration_id": elsewhere.id("registration_id"), "action": "annul"}).
		with(body{"accept": []string{"leaves_without_residence"}})).
		is(201)
	mended := s.command("/v1/persons/"+tenant+"/corrections", provider, correction(body{"registration_id": registered, "fact": "ending", "action": "annul"}).
		with(body{"ground": "complaint_upheld", "reasons": "they live there", "accept": []string{"case_result_contradicted"}}),
	).
		is(201)
	remedy := func(acts ...string) caseStep {
		return caseStep{"remedy", body{"how": "corrected", "acts": acts}, domain.RoleProvider}
	}
	ref := func(a *answer) string {
		return fmt.Sprintf("%s@%v", a.at("events", 0, "stream"), a.at("events", 0, "revision"))
	}
	s.step(id, "", remedy(ref(mended), ref(unrelated))).refused(422, domain.CodeNoRemedy, "acts[1]")
	s.step(id, "", remedy("residence-"+tenant+"@99")).refused(422, domain.CodeNoRemedy, "acts[0]")
	s.step(id, "", remedy("residence-"+nobody+"@0")).refused(422, domain.CodeNoRemedy, "acts[0]")
	s.step(id, "", remedy("case-"+id+"@0")).refused(422, domain.CodeNoRemedy, "acts[0]")
	done := s.seen("/v1/cases/"+id, provider, s.step(id, "", remedy(ref(mended))).is(200))
	if done.at("remedy", "how") != "corrected" || done.at("remedy", "acts", 0) != ref(mended) ||
		done.at("owed") != nil {
		t.Errorf("after the remedy: %s", done.text)
	}
	if got := s.get("/v1/persons/"+tenant+"/residence", provider).homes(); len(got) != 1 ||
		got[0] != home+" 2026-03-01" {
		t.Errorf("the tenant resides at %v", got)
	}
	if got := s.stream("case-" + id)[1].Event.EventType(); got != "DeregistrationDecided" {
		t.Errorf("the decision that fell is no longer in the log: %s", got)
	}
}

// TestC12_C13_WhoWasRefusedADeregistrationAppliesAnew: the co-owner declined; the
// complaint is satisfied, and the new case is the remedy.
func TestC12_C13_WhoWasRefusedADeregistrationAppliesAnew(t *testing.T) {
	r := start(t)
	s := r.at(t)
	owner, other := s.citizen(), s.citizen()
	home := s.dwelling(owner, other)
	s.registered(owner, home, "2026-03-01", "")
	id := s.command("/v1/deregistrations", s.as(owner), removal(owner, home, owner)).is(201).id("case_id")
	s.command("/v1/cases/"+id+"/confirmation", s.as(other), body{"outcome": "decline", "signature": body{"method": "eds"}}).
		is(200)
	for _, st := range madeGood()[:2] {
		s.step(id, owner, st).is(200)
	}
	anew := removal(owner, home, owner)
	next := s.command("/v1/deregistrations", s.as(owner), anew).is(201).id("case_id")
	remedy := caseStep{"remedy", body{"how": "applied_anew", "new_case": nobody}, domain.RoleProvider}
	s.step(id, "", remedy).refused(422, domain.CodeCaseUnknown, "new_case")
	remedy.body["new_case"] = next
	done := s.seen("/v1/cases/"+id, s.token(domain.RoleProvider), s.step(id, "", remedy).is(200))
	if done.at("remedy", "new_case") != next || done.at("same_subject", 0) != next || done.at("state") != "refused" {
		t.Errorf("after the remedy: %s", done.text)
	}
}

// TestC13_ASecondApplicationIsSeenAndIsADuplicateOnceTheFirstIsDecided: it is
// received as any other; staff see that there are two.
func TestC13_ASecondApplicationIsSeenAndIsADuplicateOnceTheFirstIsDecided(t *testing.T) {
	r := start(t)
	s := r.at(t)
	commission := s.token(domain.RoleCommission)
	person, list, elsewhere := s.citizen(), s.list(), s.list()
	first, second, unrelated := s.applied(person, list), s.applied(person, list), s.applied(person, elsewhere)
	end := func(of string) caseStep {
		return caseStep{
			"termination",
			body{"ground": "same_subject_and_grounds_decided", "reasons": "nothing new", "duplicate_of": of},
			domain.RoleCommission,
		}
	}
	s.step(second, "", end(first)).
		refused(422, domain.CodeNoDuplicate, "duplicate_of")
		// it is open: nothing is decided yet
	placed := s.placed(first)
	if got := s.seen("/v1/cases/"+second, commission, placed).at("same_subject").([]any); len(got) != 1 ||
		got[0] != first {
		t.Errorf("staff see %v beside it, want %s", got, first)
	}
	if got := s.get("/v1/cases/"+second, s.as(person)).is(200).at("same_subject"); got != nil {
		t.Errorf("the applicant sees %v", got)
	}
	if got := s.seen("/v1/cases/"+unrelated, commission, placed).at("same_subject"); got != nil {
		t.Errorf("an application for another list: %v", got)
	}
	s.step(second, "", end(unrelated)).refused(422, domain.CodeNoDuplicate, "duplicate_of")
	s.step(second, "", end(nobody)).refused(422, domain.CodeNoDuplicate, "duplicate_of")
	ended := s.seen("/v1/cases/"+second, commission, s.step(second, "", end(first)).is(200))
	if ended.at("state") != "terminated" || ended.at("duplicate_of") != first {
		t.Errorf("after the termination: %s", ended.text)
	}
	s.applied(s.citizen(), list)
}

// TestC13_ARefusalBarsNoApplicationWithNewArguments (APPC 70(5), law on state
// services 19-1(3)).
func TestC13_ARefusalBarsNoApplicationWithNewArguments(t *testing.T) {
	s := start(t).at(t)
	person, list := s.citizen(), s.list()
	first := s.applied(person, list)
	s.step(first, "", caseStep{"decision", body{
		"outcome": "refuse", "ground": "requirements_not_met", "reasons": "r", "unmet": "u", "exemption": body{"ground": "urgency", "reasons": "u"}}, domain.RoleCommission}).is(200)
	again := s.applied(person, list)
	s.step(again, "", caseStep{"termination", body{"ground": "same_subject_and_grounds_decided", "reasons": "r", "duplicate_of": first}, domain.RoleCommission}).
		is(200)
	if placed := s.placed(s.applied(person, list)); placed.at("placement", "number") != 1.0 {
		t.Errorf("with new arguments: %s", placed.text)
	}
}

// TestC4_FiledOnASunday: registered on Monday when the office opens, with the
// number of the talon.
func TestC4_FiledOnASunday(t *testing.T) {
	s := start(t).at(t)
	person := s.citizen()
	applied := s.command("/v1/housing-applications", s.token(domain.RoleOperator), application(person, s.list())).
		is(201)
	got := s.seen("/v1/cases/"+applied.id("case_id"), s.as(person), applied)
	if got.at("received_at") != "2026-03-15T12:00:00+05:00" || got.at("registered_at") != "2026-03-16T09:00:00+05:00" {
		t.Errorf("received %v, registered %v", got.at("received_at"), got.at("registered_at"))
	}
	talon := s.get("/v1/certificates/"+s.issued(applied, "talon"), s.as(person)).is(200)
	if talon.at("number") != got.at("number") || talon.at("talon", "registered_at") != got.at("registered_at") {
		t.Errorf("the talon %s is not that of the case %s", talon.text, got.text)
	}
}
