package httpapi_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/projections"
)

// retention is longer than the rules keep the record of a person.
const retention = 6 * 366 * 24 * time.Hour

func TestC22_WhatBarsAnErasureIsToldAndNothingIsErased(t *testing.T) {
	r := start(t)
	s := r.at(t)
	provider := s.token(domain.RoleProvider)
	erase := func(id, says string) {
		t.Helper()
		refused := s.command("/v1/persons/"+id+"/erasure", provider, body{"basis": "retention_over", "reference": "order 15"}).
			refused(http.StatusConflict, domain.CodeErasureBarred, "")
		if !strings.Contains(refused.text, says) {
			t.Errorf("it says %s, want %q", refused.text, says)
		}
	}
	resident, applicant, held := s.citizen(), s.citizen(), s.citizen()
	s.registered(resident, s.dwelling(), "2026-03-01", "")
	list := s.list()
	s.applied(applicant, list)
	s.command("/v1/persons/"+held+"/holds", provider, body{"basis": "ruling 7"}).is(http.StatusCreated)
	erase(held, "hold")
	erase(s.citizen(), "must be kept until")
	r.clock.pass(retention)
	provider = s.token(domain.RoleProvider)
	erase(resident, "registration")
	erase(applicant, "case")
	erase(held, "hold")
	s.command("/v1/persons/"+resident+"/erasure", s.token(domain.RoleOperator), body{"basis": "retention_over", "reference": "r"}).
		refused(http.StatusForbidden, domain.CodeRoleNotAllowed, "")
	if text := s.get("/v1/persons/"+resident+"/history", s.token(domain.RoleAuditor)).is(http.StatusOK).text; strings.Contains(text, domain.Erased) {
		t.Error("something was erased")
	}
}

func TestC22_AnErasedPersonIsReadableNowhereAndEverythingElseStays(t *testing.T) {
	r := start(t)
	s := r.at(t)
	operator := s.token(domain.RoleOperator)
	iin := s.iin()
	record := body{"iin": iin, "name": "Айгүл Ескіқызы", "birth_date": "1990-05-17", "class": "citizen"}
	person := s.command("/v1/persons", operator, record).is(http.StatusCreated).id("person_id")
	other := s.citizen()
	s.searched(iin, http.StatusOK)
	r.clock.pass(retention)
	operator, provider := s.token(domain.RoleOperator), s.token(domain.RoleProvider)
	key := header{"Idempotency-Key", "erase"}
	erasure := body{"basis": "retention_over", "reference": "order 15"}
	erased := s.command("/v1/persons/"+person+"/erasure", provider, erasure, key).is(http.StatusOK)
	again := s.command("/v1/persons/"+person+"/erasure", provider, erasure, key).is(http.StatusOK)
	if erased.text != again.text {
		t.Errorf("repeated, it answers\n%s\nand not\n%s", again.text, erased.text)
	}
	s.command("/v1/persons/"+person+"/erasure", provider, erasure).refused(http.StatusNotFound, domain.CodePersonUnknown, "")

	history := func() string {
		t.Helper()
		return s.get("/v1/persons/"+person+"/history", s.token(domain.RoleAuditor)).is(http.StatusOK).text
	}
	s.until("the history has the whole erasure", func() bool { return strings.Contains(history(), "ErasureCompleted") })
	text := history()
	for _, value := range []string{iin, "Айгүл", "1990-05-17"} {
		if strings.Contains(text, value) {
			t.Errorf("the history shows %s", value)
		}
	}
	for _, value := range []string{domain.Erased, "PersonErased", "ErasureCompleted", "order 15"} {
		if !strings.Contains(text, value) {
			t.Errorf("the history does not show %s: %s", value, text)
		}
	}
	s.searched(iin, http.StatusNotFound)
	s.command("/v1/registrations", operator, registration(person, s.dwelling(), "2032-03-01", "")).
		refused(http.StatusUnprocessableEntity, domain.CodePersonUnknown, "person_id")
	if text := s.get("/v1/persons/"+other+"/history", s.token(domain.RoleAuditor)).is(http.StatusOK).text; strings.Contains(text, domain.Erased) {
		t.Error("somebody else was erased too")
	}
	r.verified()

	// The same IIN is the same person, with a new key: what was erased stays so.
	s.command("/v1/persons", operator, record).is(http.StatusCreated)
	s.searched(iin, http.StatusOK)
	s.until("the history has the new record", func() bool { return strings.Contains(history(), "Айгүл") })
	if text := history(); !strings.Contains(text, domain.Erased) {
		t.Errorf("the history of a person who is recorded again: %s", text)
	}
}

// verified compares the read model with the log.
func (r *registry) verified() {
	r.t.Helper()
	report, err := projections.Verify(context.Background(), r.redis, r.store, projections.Options{Logger: r.log, Now: r.clock.Now}, nil)
	must(r.t, err)
	if report.Different > 0 || report.Quarantined > 0 {
		r.t.Errorf("the read model is not what the log says: %+v", report)
	}
}

// searched looks a person up by IIN.
func (s *subtest) searched(iin string, status int) {
	s.t.Helper()
	s.send(http.MethodPost, "/v1/persons/search", s.token(domain.RoleOperator), body{"iin": iin}).is(status)
}
