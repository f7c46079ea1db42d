package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"tizilim/domain"
	"tizilim/domain/certificates"
	"tizilim/domain/notice"
)

// numberOf is the number of a case that was received this year.
func (s *subtest) numberOf(caseID string, of domain.Service) string {
	return certificates.NumberOf(of, parse[domain.CaseID](caseID), s.clock.Now())
}

func TestR53_ACaseIsFoundByItsNumber(t *testing.T) {
	s := start(t).at(t)
	s.notify(nil)
	operator, commission := s.token(domain.RoleOperator), s.token(domain.RoleCommission)
	search := func(token, number string, with body) *answer {
		return s.send("POST", "/v1/cases/search", token, seeks(body{"number": number}.with(with)))
	}
	owner, person := s.citizen(), s.citizen()
	home := s.dwelling(owner) // in Astana
	s.registered(person, home, "2026-01-01", "")
	wish := s.applied(person, s.list())
	out := s.command("/v1/deregistrations", s.as(owner), removal(owner, home, person)).is(http.StatusCreated).id("case_id")
	changed := s.command("/v1/persons/"+person+"/data", operator, body{
		"kind": "change", "effective_from": "2026-03-02", "name": "Айгүл Ким", "basis": paper,
	}).is(http.StatusOK)
	contested := s.contests(person, s.told(person, notice.PersonDataChanged, changed)).id("case_id")
	for id, of := range map[string]domain.Service{wish: domain.S000, out: domain.S001, contested: domain.Complaint} {
		number := s.numberOf(id, of)
		for _, typed := range []string{number, strings.ToLower(strings.ReplaceAll(number, "-", " "))} {
			got := search(operator, typed, nil).is(http.StatusOK)
			applicant := person
			if id == out {
				applicant = owner
			}
			if got.at("case_id") != id || got.at("number") != number || got.at("applicant", "person_id") != applicant ||
				got.at("applicant", "name") == nil {
				t.Errorf("%s finds %s", typed, got.text)
			}
		}
	}
	none := s.numberOf(nobody, domain.S000)
	absent := search(operator, none, nil).refused(http.StatusNotFound, domain.CodeCaseUnknown, "number")
	search(operator, strings.Replace(s.numberOf(wish, domain.S000), "S000", "S001", 1), nil).
		refused(http.StatusNotFound, domain.CodeCaseUnknown, "number")
	search(operator, "S000-2026", nil).refused(http.StatusUnprocessableEntity, domain.CodeNumberFormat, "number")

	search(commission, s.numberOf(wish, domain.S000), nil).is(http.StatusOK)
	_, other := s.commission("another-commission")
	_, far := s.office("desk-of-almaty", body{"kind": "desk", "names": bodyNames, "territory": []string{almatyKATO}})
	for _, c := range []struct{ token, number string }{
		{other, s.numberOf(wish, domain.S000)}, {far, s.numberOf(out, domain.S001)},
	} {
		if got := search(c.token, c.number, nil); got.status != http.StatusNotFound || got.text != absent.text {
			t.Errorf("of a case that it may not see it learns %s, of none %s", got.text, absent.text)
		}
	}
	search(far, s.numberOf(out, domain.S001), body{"reference": "17-304"}).is(http.StatusOK)
	search(other, s.numberOf(wish, domain.S000), body{"reference": "17-304"}).is(http.StatusNotFound)
	search(s.as(person), s.numberOf(wish, domain.S000), nil).is(http.StatusForbidden)
}

func TestR53_ADocumentIsFoundByItsNumber(t *testing.T) {
	s := start(t).at(t)
	operator, commission, auditor := s.token(domain.RoleOperator), s.token(domain.RoleCommission), s.token(domain.RoleAuditor)
	search := func(token string, number any, with body) *answer {
		return s.send("POST", "/v1/certificates/search", token, seeks(body{"number": number}.with(with)))
	}
	list := s.list()
	person, entry, placed := s.entry(list)
	certificate := s.issued(placed, "placement_certificate")
	mover, ended := s.moved()
	issued := s.sheetOf(mover, ended, operator).is(http.StatusCreated)
	sheet := issued.id("certificate_id")
	numberOn := func(id string) any { return s.seen("/v1/certificates/"+id, auditor, issued).at("number") }
	for id, of := range map[string]string{certificate: person, sheet: mover} {
		got := search(operator, numberOn(id), nil).is(http.StatusOK)
		if got.at("certificate_id") != id || got.at("number") != numberOn(id) || got.at("status") != "valid" ||
			got.at("person", "person_id") != of || got.at("person", "name") == nil {
			t.Errorf("%v finds %s", numberOn(id), got.text)
		}
	}
	if got := search(commission, numberOn(certificate), nil).is(http.StatusOK); got.at("case_id") == nil || got.at("kind") != "placement_certificate" {
		t.Errorf("the commission finds %s", got.text)
	}
	absent := search(operator, s.numberOf(nobody, domain.S000), nil).
		refused(http.StatusNotFound, domain.CodeCertificateUnknown, "number")
	_, other := s.commission("another-commission")
	_, far := s.office("desk-of-almaty", body{"kind": "desk", "names": bodyNames, "territory": []string{almatyKATO}})
	for token, id := range map[string]string{other: certificate, far: sheet} {
		if got := search(token, numberOn(id), nil); got.status != http.StatusNotFound || got.text != absent.text {
			t.Errorf("of a document that it may not read it learns %s, of none %s", got.text, absent.text)
		}
	}
	search(far, numberOn(sheet), body{"reference": "17-304"}).is(http.StatusOK)
	search(operator, "7", nil).refused(http.StatusUnprocessableEntity, domain.CodeNumberFormat, "number")

	s.reached(s.removed(list, entry))
	got := search(commission, numberOn(certificate), nil).is(http.StatusOK)
	if got.at("status") != "void" || got.at("void_since") == nil || got.at("void_by") == nil {
		t.Errorf("after the removal it finds %s", got.text)
	}
}
