package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"tizilim/domain"
)

// TestR40_R42_ACompanyOwnsADwelling: its agent consents; without one nobody registers
// there, unless a document takes the place of the consent.
func TestR40_R42_ACompanyOwnsADwelling(t *testing.T) {
	s := start(t).at(t)
	s.notify(nil)
	operator, agent, tenant, guest := s.token(domain.RoleOperator), s.citizen(), s.citizen(), s.citizen()
	firm := body{"kind": "company", "bin": "160440007161", "name": "Баспана ЖШС", "share": "1/1"}
	home := s.command("/v1/dwellings", operator, body{
		"rka": rka(), "kato": "711310000", "address": "Астана, 1-үй", "owners": []body{firm}, "owners_since": "2019-04-01",
	}).is(http.StatusCreated).id("dwelling_id")
	into := func(person string, more body) *answer {
		return s.command("/v1/registrations", operator, registration(person, home, "2026-03-10", "").with(more))
	}
	into(tenant, body{}).refused(http.StatusConflict, domain.CodeNobodyConsents, "dwelling_id")
	into(tenant, body{"consent_ground": paper}).is(http.StatusCreated)

	change := s.command("/v1/dwellings/"+home+"/owners", operator, body{
		"owners": []body{firm.with(body{"agent_id": agent, "authority": paper})}, "effective_on": "2026-03-10", "basis": paper,
	}).is(http.StatusAccepted)
	confirmed := s.command("/v1/dwellings/"+home+"/owners/confirmation", s.secondOfficial(), body{
		"proposal_id": change.at("pending", "proposal_id"), "outcome": "confirm",
	}).is(http.StatusOK)
	into(guest, body{"consent_ground": paper}).refused(http.StatusUnprocessableEntity, domain.CodeOwnersConsent, "consents")
	last := into(guest, body{"consents": []body{{"person_id": agent}}}).is(http.StatusCreated)

	auditor := s.token(domain.RoleAuditor)
	for day, speaks := range map[string]bool{"": true, "?as_of=2020-01-01": false} {
		shown := s.seen("/v1/dwellings/"+home+"/residents"+day, auditor, last)
		if shown.at("owners", 0, "bin") != "160440007161" || strings.Contains(shown.text, agent) != speaks ||
			strings.Contains(shown.text, paper["sha256"].(string)) {
			t.Errorf("owners%s are shown as %s", day, shown.text)
		}
	}
	if got := s.seen("/v1/dwellings/"+home+"/residents", auditor, last).residents(); got != 2 {
		t.Errorf("%d live there, want 2", got)
	}
	s.notify(confirmed)
	if told := s.seen("/v1/me/notices", s.as(agent), s.notify(last)); !strings.Contains(told.text, "agent_of_owner_concerned") {
		t.Errorf("the agent is told %s", told.text)
	}
}
