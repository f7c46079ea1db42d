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

// TestR52_NobodyOwnsBeforeTheyAreBornOrAfterTheyHaveDied: neither by the record of a dwelling, nor
// by a change of owners or its correction.
func TestR52_NobodyOwnsBeforeTheyAreBornOrAfterTheyHaveDied(t *testing.T) {
	s := start(t).at(t)
	operator, provider := s.token(domain.RoleOperator), s.token(domain.RoleProvider)
	owner, young, dead, minor := s.citizen(), s.bornOn("2020-01-01"), s.citizen(), s.bornOn("2015-01-01")
	s.died(dead)
	record := func(since string, o body) *answer {
		return s.command("/v1/dwellings", operator, body{
			"rka": rka(), "kato": "711310000", "address": "Астана, 1", "owners": []body{o}, "owners_since": since,
		})
	}
	estate := body{"kind": "estate", "deceased_id": dead}
	firm := body{"kind": "company", "bin": "160440007161", "name": "Баспана ЖШС", "agent_id": minor, "authority": paper}

	sold := record("2010-01-01", body{"person_id": owner}).is(http.StatusCreated)
	home := "/v1/dwellings/" + sold.id("dwelling_id")
	first := eventRef(sold, 2) // after the claim and the record
	for _, c := range []struct {
		name   string
		since  string
		owner  body
		status int
		code   domain.Code
		member string
	}{
		{"before birth", "2019-12-31", body{"person_id": young}, http.StatusUnprocessableEntity, domain.CodeBeforeBirth, "person_id"},
		{"after death", "2026-03-02", body{"person_id": dead}, http.StatusConflict, domain.CodePersonDead, "person_id"},
		{"an estate of the living", "2026-02-28", estate, http.StatusConflict, domain.CodePersonNotDead, "deceased_id"},
		{"an agent who is a minor", "2026-03-02", firm, http.StatusConflict, domain.CodeRepresentative, "agent_id"},
	} {
		at := "owners[0]." + c.member
		record(c.since, c.owner).refused(c.status, c.code, at)
		change := body{"owners": []body{c.owner}, "effective_on": c.since, "basis": paper}
		s.command(home+"/owners", operator, change).refused(c.status, c.code, at)
		s.command(home+"/owners/corrections", provider, change.with(body{
			"event": first, "action": "correct", "ground": "clerical_error", "reasons": "a slip",
		})).refused(c.status, c.code, at)
	}

	bought := record("2020-01-01", body{"person_id": young}).is(http.StatusCreated)
	s.command("/v1/dwellings/"+bought.id("dwelling_id")+"/owners/corrections", provider, body{ // the day alone
		"event": eventRef(bought, 2), "action": "correct", "effective_on": "2019-12-31", "ground": "clerical_error",
		"reasons": "a slip", "basis": paper,
	}).refused(http.StatusUnprocessableEntity, domain.CodeBeforeBirth, "owners[0].person_id")
}

// TestR52_ARepeatedCommandIsAnsweredAlsoAfterADeath: what has happened since does not make another
// answer of it.
func TestR52_ARepeatedCommandIsAnsweredAlsoAfterADeath(t *testing.T) {
	s := start(t).at(t)
	operator, agent := s.token(domain.RoleOperator), s.citizen()
	firm := body{"kind": "company", "bin": "160440007161", "name": "Баспана ЖШС", "agent_id": agent, "authority": paper}
	whole := s.command("/v1/dwellings", operator, body{"rka": rka(), "address": "Астана, 1"}).is(http.StatusCreated)
	part, key := body{
		"rka": rka(), "address": "Астана, 1а", "owners": []body{firm}, "made_from": []string{whole.id("dwelling_id")},
	}, header{"Idempotency-Key", s.key()}
	recorded := s.command("/v1/dwellings", operator, part, key).is(http.StatusCreated)
	other := s.command("/v1/dwellings", operator, body{
		"rka": rka(), "address": "Астана, 1ә", "made_from": []string{whole.id("dwelling_id")},
	}).is(http.StatusCreated)
	s.command("/v1/dwellings/"+whole.id("dwelling_id")+"/end", s.token(domain.RoleProvider), body{
		"how": "split", "into": []string{recorded.id("dwelling_id"), other.id("dwelling_id")}, "basis": paper,
	}).is(http.StatusOK)
	s.died(agent)
	if again := s.command("/v1/dwellings", operator, part, key).is(http.StatusCreated); again.text != recorded.text {
		t.Errorf("the repetition is answered %s, first was %s", again.text, recorded.text)
	}
}
