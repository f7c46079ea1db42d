package httpapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"tizilim/domain"
	"tizilim/domain/housing"
)

// contradicted returns the codes that a refusal names beside its own.
func contradicted(a *answer) (codes []string) {
	for i := range a.at("errors").([]any) {
		codes = append(codes, a.at("errors", i, "code").(string))
	}
	return codes
}

// TestQ28_AFlatOfTheSpouseThatNobodyStated: the commission sees it beside the findings, and places
// the applicant with it stated or with reasons.
func TestQ28_AFlatOfTheSpouseThatNobodyStated(t *testing.T) {
	r := start(t)
	s := r.at(t)
	commission, list := s.token(domain.RoleCommission), s.list()
	person, spouse, _, id := s.family(list, nil)
	flat := s.command("/v1/dwellings", s.token(domain.RoleOperator), body{
		"rka": rka(), "kato": "711310000", "address": "Астана, Абай көшесі, 5", "owners": []body{{"person_id": spouse, "share": "1/1"}},
		"place": "apartment", "useful_area": 62.4, "rooms": 3,
	}).is(http.StatusCreated).id("dwelling_id")
	path := "/v1/cases/" + id
	silent := body{"outcome": "place", "examination": findings()}

	before := s.head()
	for _, query := range []string{"?dry_run=true", ""} {
		refused := s.command(path+"/decision"+query, commission, silent).
			refused(http.StatusConflict, domain.CodeWarningsOpen, "accept")
		if got := contradicted(refused); !slices.Contains(got, string(domain.CodeTitleUnstated)) || !strings.Contains(refused.text, flat) {
			t.Errorf("refused for %v", refused.text)
		}
	}
	if s.changed(before) {
		t.Error("the refusals have left something in the log")
	}
	shown := s.get(path+"/comparison", commission).is(http.StatusOK)
	if shown.at("persons", 1, "person_id") != spouse || shown.at("persons", 1, "name") == "" ||
		shown.at("persons", 1, "dwellings", 0, "dwelling_id") != flat || shown.at("persons", 1, "dwellings", 0, "share") != "1/1" ||
		shown.at("persons", 1, "dwellings", 0, "useful_area") != 62.4 || shown.at("contradictions", 0, "code") != string(domain.CodeTitleUnstated) {
		t.Errorf("beside the application stands %s", shown.text)
	}
	s.get(path+"/comparison", s.as(person)).is(http.StatusForbidden)

	found := body{"kind": "dwelling_owned", "person_id": spouse, "source": "documents", "share": "1/1", "dwelling_id": flat}
	s.command(path+"/decision", commission, body{"outcome": "place", "examination": findings(found)}).
		refused(http.StatusConflict, domain.CodeRequirementsNotMet, "outcome")
	s.command(path+"/decision", commission, silent.with(body{"accept": []string{"dwelling_not_stated"}})).
		refused(http.StatusUnprocessableEntity, domain.CodeReasonsRequired, "accept_reasons")
	placed := s.command(path+"/decision", commission, silent.with(body{
		"accept": []string{"dwelling_not_stated"}, "accept_reasons": "sold yesterday, contract 118",
	})).is(http.StatusOK)
	entry := entryPath(list, placed.at("placement", "entry_id").(string))
	again := s.get(entry+"/comparison", commission).is(http.StatusOK)
	if again.at("contradictions", 0, "dwelling_id") != flat {
		t.Errorf("beside the entry stands %s", again.text)
	}
	for _, rec := range s.stream("case-" + id) {
		if e, ok := rec.Event.(housing.PlacementApproved); ok && e.Answered.Reasons != "sold yesterday, contract 118" {
			t.Errorf("the decision keeps %+v", e.Answered)
		}
	}
}

// TestQ28_AChildIsCountedForTwoHolders: the second commission is told of the first entry.
func TestQ28_AChildIsCountedForTwoHolders(t *testing.T) {
	s := start(t).at(t)
	commission := s.token(domain.RoleCommission)
	list, other := s.list(), s.listOf("ҚР Ішкі істер министрлігі")
	_, _, child, id := s.family(list, nil)
	first := s.placed(id).at("placement", "entry_id").(string)
	second := s.citizen()
	again := s.command("/v1/housing-applications", s.token(domain.RoleOperator), application(second, other).with(body{
		"basis": paper, "family": []body{{"person_id": child, "relation": "disabled_child"}},
	})).is(http.StatusCreated).id("case_id")
	s.consents(again, child)
	refused := s.command("/v1/cases/"+again+"/decision", commission, body{"outcome": "place", "examination": findings()}).
		refused(http.StatusConflict, domain.CodeWarningsOpen, "accept")
	if got := contradicted(refused); !slices.Contains(got, string(domain.CodeCountedElsewhere)) || !strings.Contains(refused.text, first) {
		t.Errorf("refused with %s", refused.text)
	}
}

// TestQ29_AProvisionByWhatIsRecorded: the area, the kind of place and a service lease.
func TestQ29_AProvisionByWhatIsRecorded(t *testing.T) {
	s := start(t).at(t)
	commission, list := s.token(domain.RoleCommission), s.list()
	holder, entry, _ := s.entry(list)
	described := func(place string, area float64) string {
		home := s.service()
		s.command("/v1/dwellings/"+home+"/description", s.token(domain.RoleOperator), body{
			"place": place, "useful_area": area, "rooms": 1,
		}).is(http.StatusOK)
		return home
	}
	give := func(dwelling string, area int) body {
		b := body{
			"dwelling_id": dwelling, "minutes": body{"number": "12"}, "need_check": body{"on": "2026-03-15", "source": "documents", "in_need": true},
		}
		if area > 0 {
			b["useful_area"] = area
		}
		return b
	}
	path := entryPath(list, entry) + "/provision"
	s.command(path, commission, give(described("not_for_living", 30.5), 0)).
		refused(http.StatusConflict, domain.CodePlaceNotPermitted, "dwelling_id")
	room := described("apartment", 30.5)
	refused := s.command(path, commission, give(room, 48)).refused(http.StatusConflict, domain.CodeWarningsOpen, "accept")
	if got := contradicted(refused); !slices.Contains(got, string(domain.CodeAreaDiffers)) || !strings.Contains(refused.text, "30.5") {
		t.Errorf("refused with %s", refused.text)
	}
	s.command(path, commission, give(room, 0)).is(http.StatusOK)

	again := s.applied(holder, s.list()) // who lives in a service dwelling already
	refused = s.command("/v1/cases/"+again+"/decision", commission, body{"outcome": "place", "examination": findings()}).
		refused(http.StatusConflict, domain.CodeWarningsOpen, "accept")
	if got := contradicted(refused); !slices.Contains(got, string(domain.CodeServiceLeaseHeld)) {
		t.Errorf("refused with %s", refused.text)
	}
}
