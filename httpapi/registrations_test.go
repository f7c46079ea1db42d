package httpapi_test

import (
	"net/http"
	"testing"

	"tizilim/domain"
	"tizilim/domain/rules/rulestest"
)

func TestR19_ANormIsKeptAtRegistrationByWhoIsRegisteredThere(t *testing.T) {
	book := rulestest.Book(t, "2026-01-01", `"occupancy_norms":[]`,
		`"occupancy_norms":[{"kato":"71","area_per_person":15,"from":"2026-03-10","exempt_kinships":["spouse"]}]`)
	s := start(t, func(set *settings) { set.rules = book }).at(t)
	operator := s.token(domain.RoleOperator)
	home := s.dwelling() // in 711310000
	description := "/v1/dwellings/" + home + "/description"
	come := func(person string, more body) *answer {
		t.Helper()
		return s.command("/v1/registrations", operator, registration(person, home, "2026-03-15", "").with(more))
	}
	first, second, third := s.citizen(), s.citizen(), s.citizen()
	if unmeasured := come(first, nil).is(http.StatusCreated); unmeasured.at(
		"warnings",
		0,
		"code",
	) != string(
		domain.CodeAreaUnknown,
	) ||
		unmeasured.at("warnings", 0, "text") == "" {
		t.Errorf("nothing is said of the area: %s", unmeasured.text)
	}
	s.command(description, operator, body{"place": "apartment", "useful_area": 25}).is(http.StatusOK)
	come(second, nil).refused(http.StatusConflict, domain.CodeOccupancyNorm, "dwelling_id")
	s.command("/v1/registrations?dry_run=true", operator, registration(second, home, "2026-03-15", "")).
		refused(http.StatusConflict, domain.CodeOccupancyNorm, "dwelling_id")
	corrected := s.command(description, operator, body{"place": "apartment", "useful_area": 30}).is(http.StatusOK)
	if shown := s.seen("/v1/dwellings/"+home+"/residents", operator, corrected); shown.at("place") != "apartment" ||
		shown.at("useful_area") != 30.0 {
		t.Errorf("described as %s", shown.text)
	}
	// The command sees who has just come, however far behind the model is.
	come(second, nil).is(http.StatusCreated)
	come(third, nil).refused(http.StatusConflict, domain.CodeOccupancyNorm, "dwelling_id")
	come(
		third,
		body{"kinship": body{"kind": "child", "person_id": first}},
	).refused(http.StatusConflict, domain.CodeOccupancyNorm, "dwelling_id")
	spouse := come(third, body{"kinship": body{"kind": "spouse", "person_id": first}}).is(http.StatusCreated)
	if spouse.at("events", 0, "data", "kinship", "person_id") != first {
		t.Errorf("the kinship is not recorded: %s", spouse.text)
	}
	s.registered(second, s.dwelling(), "2026-03-15", "") // to a place whose area nobody has recorded
	s.command(description, operator, body{"place": "not_for_living", "useful_area": 300}).is(http.StatusOK)
	come(s.citizen(), nil).refused(http.StatusConflict, domain.CodePlaceNotPermitted, "dwelling_id")
}
