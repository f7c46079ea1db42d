package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"tizilim/domain"
)

// followed has the registry follow the death of the person, and tell whom it touches.
func (s *subtest) followed(person string, after *answer) *answer {
	s.t.Helper()
	s.reached(after)
	must(s.t, s.another().Do(s.ctx(), domain.Task{Kind: domain.TaskDeath, Stream: "residence-" + person}))
	return s.notify(&answer{t: s.t, header: http.Header{"Tizilim-Position": {fmt.Sprint(s.head())}}})
}

// tells fails the test unless the person was told so.
func (s *subtest) tells(person, kind string, after *answer) {
	s.t.Helper()
	if a := s.seen("/v1/me/notices", s.as(person), after); !strings.Contains(a.text, `"`+kind+`"`) {
		s.t.Errorf("%s was not told %s: %s", person, kind, a.text)
	}
}

// TestR49_AnApplicationEndsWithItsApplicant: of either service, and the others in it are told.
func TestR49_AnApplicationEndsWithItsApplicant(t *testing.T) {
	s := start(t).at(t)
	s.notify(nil)
	auditor := s.token(domain.RoleAuditor)
	t.Run("an application for housing", func(t *testing.T) {
		s := s.registry.at(t)
		person, spouse, _, id := s.family(s.list(), nil)
		done := s.followed(person, s.died(person))
		path := "/v1/cases/" + id
		if c := s.seen(path, auditor, done); c.at("state") != "terminated" || c.at("termination") != "applicant_died" || c.at("owed") != nil {
			t.Errorf("the case: %s", c.text)
		}
		s.tells(spouse, "application_ended_by_death", done)
		s.command(path+"/review", s.token(domain.RoleCommission), body{}).refused(http.StatusConflict, domain.CodeCaseDecided, "")
	})
	t.Run("one for a deregistration that waits for co-owners", func(t *testing.T) {
		s := s.registry.at(t)
		owner, second, guest := s.citizen(), s.citizen(), s.citizen()
		home := s.dwelling(owner, second)
		s.registered(guest, home, "2026-03-01", "")
		id := s.command("/v1/deregistrations", s.as(owner), removal(owner, home, guest)).is(http.StatusCreated).id("case_id")
		done := s.followed(owner, s.died(owner))
		path := "/v1/cases/" + id
		if c := s.seen(path, auditor, done); c.at("state") != "terminated" || c.at("termination") != "applicant_died" {
			t.Errorf("the case: %s", c.text)
		}
		s.tells(second, "application_ended_by_death", done)
		s.command(path+"/confirmation", s.as(second), answered("confirm")).refused(http.StatusConflict, domain.CodeCaseDecided, "")
		if got := s.seen("/v1/persons/"+guest+"/residence", auditor, done).homes(); len(got) != 1 {
			t.Errorf("the guest is registered at %v", got)
		}
	})
	s.verified()
}

// TestR49_ACaseSaysWhoOfItsPartiesHasDied until the death is annulled: a co-owner who was asked, and
// the representative of a minor who applies.
func TestR49_ACaseSaysWhoOfItsPartiesHasDied(t *testing.T) {
	s := start(t).at(t)
	s.notify(nil)
	auditor, provider := s.token(domain.RoleAuditor), s.token(domain.RoleProvider)
	owner, second, guest := s.citizen(), s.citizen(), s.citizen()
	home := s.dwelling(owner, second)
	s.registered(guest, home, "2026-03-01", "")
	id := s.command("/v1/deregistrations", s.as(owner), removal(owner, home, guest)).is(http.StatusCreated).id("case_id")
	died := s.died(second)
	done := s.followed(second, died)
	path := "/v1/cases/" + id
	c := s.seen(path, s.as(owner), done)
	if c.at("state") != "awaiting_co_owners" || c.at("deaths", 0, "person_id") != second ||
		c.at("deaths", 0, "as") != "named" || c.at("deaths", 0, "died_on") != "2026-03-01" {
		t.Errorf("the case: %s", c.text)
	}
	s.tells(owner, "party_of_case_died", done)
	s.verified()

	annulled := s.command("/v1/persons/"+second+"/death/annulment", provider, body{
		"death": eventRef(died, 0), "reasons": "a namesake", "basis": paper,
	}).is(http.StatusOK)
	done = s.followed(second, annulled)
	if c := s.seen(path, auditor, done); c.at("state") != "awaiting_co_owners" || c.at("deaths") != nil {
		t.Errorf("after the death was annulled the case is %s", c.text)
	}
	s.tells(owner, "party_of_case_lives", done)
	s.command(path+"/confirmation", s.as(second), answered("confirm")).is(http.StatusOK)
	s.verified()
}

// TestR49_TheCaseOfAChildSaysThatTheParentWhoRepresentedItHasDied.
func TestR49_TheCaseOfAChildSaysThatTheParentWhoRepresentedItHasDied(t *testing.T) {
	s := start(t).at(t)
	s.notify(nil)
	parent, other, second, guest := s.citizen(), s.citizen(), s.citizen(), s.citizen()
	child := s.ward(parent)
	s.command("/v1/persons/"+child+"/representatives", s.token(domain.RoleOperator), body{
		"representative_id": other, "kind": "parent",
	}).is(http.StatusCreated)
	flat := s.dwelling(child, second)
	s.command("/v1/registrations", s.token(domain.RoleOperator), registration(guest, flat, "2026-03-01", "").with(body{
		"consents": []body{{"person_id": child, "represented_by": parent}, {"person_id": second}},
	})).is(http.StatusCreated)
	id := s.command("/v1/deregistrations", s.as(parent), removal(child, flat, guest)).is(http.StatusCreated).id("case_id")
	done := s.followed(parent, s.died(parent))
	c := s.seen("/v1/cases/"+id, s.as(other), done)
	if c.at("state") != "awaiting_co_owners" || c.at("deaths", 0, "person_id") != parent || c.at("deaths", 0, "as") != "representative" {
		t.Errorf("the case: %s", c.text)
	}
	s.verified()
}

// TestR49_AComplaintEndsWithItsComplainant: nothing is owed any more, and nothing falls due.
func TestR49_AComplaintEndsWithItsComplainant(t *testing.T) {
	r := start(t)
	s := r.at(t)
	s.notify(nil)
	owner, tenant := s.citizen(), s.citizen()
	home := s.dwelling(owner)
	s.registered(tenant, home, "2026-03-01", "")
	id := s.command("/v1/deregistrations", s.as(owner), removal(owner, home, tenant)).is(201).id("case_id")
	path := "/v1/cases/" + id
	complained := s.command(path+"/complaint", s.as(tenant), body{"grounds": "I live there"}).is(http.StatusOK)
	if c := s.seen(path, s.as(owner), complained); c.at("complaint") == nil || c.at("owed") == nil {
		t.Fatalf("nobody complains: %s", c.text)
	}
	done := s.followed(tenant, s.died(tenant))
	if c := s.seen(path, s.as(owner), done); c.at("complaint") != nil || c.at("owed") != nil || c.at("state") != "granted" {
		t.Errorf("the case: %s", c.text)
	}
	s.command(path+"/complaint-forwarding", s.token(domain.RoleProvider), body{"to": "ministry"}).
		refused(http.StatusConflict, domain.CodeStepNotOpen, "")
	r.clock.pass(60 * 24 * time.Hour)
	s.timer()
	if late := s.late(id); len(late) != 0 {
		t.Errorf("late is %v", late)
	}
	s.verified()
}
