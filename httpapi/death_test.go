package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"tizilim/domain"
	"tizilim/httpapi/operation"
)

// eventRef names an event of the answer to a command, as stream@revision.
func eventRef(a *answer, index int) string {
	e := a.at("events", index).(map[string]any)
	return domain.EventRef{Stream: e["stream"].(string), Revision: uint64(e["revision"].(float64))}.String()
}

func TestR27_ADeathEndsResidenceAndWhatThePersonCanDo(t *testing.T) {
	s := start(t).at(t)
	operator, provider, auditor := s.token(domain.RoleOperator), s.token(domain.RoleProvider), s.token(domain.RoleAuditor)
	mother, child := s.citizen(), s.child()
	home, other := s.dwelling(mother), s.dwelling(mother)
	s.command("/v1/persons/"+child+"/representatives", operator, body{"representative_id": mother, "kind": "parent"}).
		is(http.StatusCreated)
	s.registered(mother, home, "2025-01-01", "")
	s.registered(child, home, "2025-01-01", "")

	path := "/v1/persons/" + mother + "/death"
	died := s.command(path, operator, body{"died_on": "2026-03-01", "basis": paper}).is(http.StatusOK)
	if died.at("warnings", 0, "person_id") != child {
		t.Errorf("R20 the child who is left is not named: %s", died.text)
	}
	if got := s.seen("/v1/persons/"+mother+"/residence", auditor, died).homes(); len(got) != 0 {
		t.Errorf("still registered at %v", got)
	}
	s.command("/v1/me/contacts", s.as(mother), body{"language": "kk"}).refused(http.StatusConflict, domain.CodePersonDead, "")
	s.command("/v1/deregistrations", operator, removal(mother, home, child).with(body{
		"channel": "state_corporation", "signature": body{"method": "handwritten"},
	})).refused(http.StatusConflict, domain.CodePersonDead, "applicant_id")
	s.command("/v1/registrations", operator, registration(child, other, "2026-03-10", "")).
		refused(http.StatusConflict, domain.CodePersonDead, "consents[0].person_id")
	s.command("/v1/housing-applications", operator, application(mother, s.list())).
		refused(http.StatusConflict, domain.CodePersonDead, "applicant_id")

	s.command(path+"/annulment", provider, body{
		"death": eventRef(died, 1), "reasons": "a namesake", "basis": paper,
	}).refused(http.StatusConflict, domain.CodeFactNotInForce, "death")
	annulled := s.command(path+"/annulment", provider, body{
		"death": eventRef(died, 0), "reasons": "a namesake", "basis": paper,
	}).is(http.StatusOK)
	if got := s.seen("/v1/persons/"+mother+"/residence", auditor, annulled).homes(); len(got) != 1 {
		t.Errorf("registered at %v after the death was annulled", got)
	}
	s.command("/v1/registrations", operator, registration(child, other, "2026-03-10", "")).is(http.StatusCreated)
}

// TestR27_WhoHasDiedActsAndSeesNothing: neither by a token nor through an account of staff
// that names them. Each request is wrong in every other way, so that nothing else answers.
func TestR27_WhoHasDiedActsAndSeesNothing(t *testing.T) {
	r := start(t)
	s := r.at(t)
	operator, iin := s.token(domain.RoleOperator), s.iin()
	person := s.command("/v1/persons", operator, body{
		"iin": iin, "name": "Айгүл", "birth_date": "1990-05-17", "class": "citizen",
	}).is(http.StatusCreated).id("person_id")
	_, account, official := s.officeOf("astana-1", commissionOf(), iin)
	if official != person {
		t.Fatalf("the official is %s, the person %s", official, person)
	}
	callers := map[domain.Role]string{domain.RoleCitizen: s.as(person), domain.RoleCommission: account}
	requests := func(role domain.Role, expect func(op route, a *answer)) {
		t.Helper()
		called := 0
		for _, op := range s.operations() {
			if !slices.Contains(op.Roles, role) || slices.Contains(op.Roles, operation.Anyone) {
				continue
			}
			called++
			expect(op, matters{subtest: s}.wrong(op, callers[role]))
		}
		if called < 10 {
			t.Errorf("%s: only %d operations were called", role, called)
		}
	}
	dead := func(a *answer) bool {
		return a.status == http.StatusConflict && a.body["code"] == string(domain.CodePersonDead)
	}
	for role := range callers {
		requests(role, func(op route, a *answer) {
			if dead(a) {
				t.Errorf("%s as %s is refused while the person is alive: %s", op.ID, role, a.text)
			}
		})
	}
	s.command("/v1/persons/"+person+"/death", operator, body{"died_on": "2026-03-01", "basis": paper}).is(http.StatusOK)
	before := s.head()
	for role := range callers {
		requests(role, func(op route, a *answer) {
			if !dead(a) {
				t.Errorf("%s as %s: %d %s", op.ID, role, a.status, a.text)
			}
		})
	}
	if s.head() != before {
		t.Error("somebody who has died left something in the log")
	}
}

// TestR27_ADeathLeavesDutiesWhichAreShownToldAndTakenAway: at dwellings of the dead, and for
// children whom they represented.
func TestR27_ADeathLeavesDutiesWhichAreShownToldAndTakenAway(t *testing.T) {
	s := start(t).at(t)
	s.notify(nil)
	operator, provider := s.token(domain.RoleOperator), s.token(domain.RoleProvider)
	mother, other, child := s.citizen(), s.citizen(), s.child()
	home := s.dwelling(mother, other)
	s.command("/v1/persons/"+child+"/representatives", operator, body{"representative_id": mother, "kind": "parent"}).
		is(http.StatusCreated)
	duties := func(after *answer) (all []any) {
		t.Helper()
		shown := s.seen("/v1/dwellings/"+home+"/residents", s.as(other), after).body["awaited"]
		all, _ = shown.([]any)
		return all
	}
	follow := func() *answer {
		t.Helper()
		must(t, s.another().Do(s.ctx(), domain.Task{Kind: domain.TaskDeath, Stream: "residence-" + mother}))
		return s.notify(&answer{t: t, header: http.Header{"Tizilim-Position": {fmt.Sprint(s.head())}}})
	}
	told := func(person, kind string, after *answer) {
		t.Helper()
		if a := s.seen("/v1/me/notices", s.as(person), after); !strings.Contains(a.text, kind) {
			t.Errorf("%s was not told %s: %s", person, kind, a.text)
		}
	}
	path := "/v1/persons/" + mother + "/death"
	died := s.command(path, operator, body{"died_on": "2026-03-01", "basis": paper}).is(http.StatusOK)
	s.reached(died)
	done := follow()
	if got := duties(done); len(got) != 1 || got[0].(map[string]any)["duty"] != "new_owners" ||
		got[0].(map[string]any)["by"] != "2026-09-01" || got[0].(map[string]any)["person_id"] != mother {
		t.Errorf("awaited is %v", got)
	}
	told(other, "new_owners_awaited", done)
	represented := "/v1/persons/" + child + "/representatives"
	if a := s.get(represented, operator).is(http.StatusOK); a.body["awaited_by"] != "2026-04-14" || len(a.at("representatives").([]any)) != 0 {
		t.Errorf("the child has %s", a.text)
	}
	s.verified()

	s.command(path+"/annulment", provider, body{
		"death": eventRef(died, 0), "reasons": "a namesake", "basis": paper,
	}).is(http.StatusOK)
	s.reached(&answer{t: t, header: http.Header{"Tizilim-Position": {fmt.Sprint(s.head())}}})
	done = follow()
	if got := duties(done); len(got) != 0 {
		t.Errorf("still awaited is %v", got)
	}
	told(mother, "succession_not_awaited", done)
	told(mother, "representative_restored", done)
	if a := s.get(represented, operator).is(http.StatusOK); a.body["awaited_by"] != nil || len(a.at("representatives").([]any)) != 1 {
		t.Errorf("the child has %s", a.text)
	}

	died = s.command(path, operator, body{"died_on": "2026-03-02", "basis": paper}).is(http.StatusOK)
	s.reached(died)
	if got := duties(follow()); len(got) != 1 {
		t.Errorf("awaited after the second death is %v", got)
	}
	confirmed := s.resold(home, body{"owners": []body{{"kind": "estate", "deceased_id": mother}, {"person_id": other}}})
	if got := duties(confirmed); len(got) != 0 {
		t.Errorf("still awaited when the estate owns it is %v", got)
	}
	s.verified()
}
