package httpapi_test

import (
	"net/http"
	"testing"

	"tizilim/domain"
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
