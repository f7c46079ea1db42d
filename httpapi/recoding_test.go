package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"tizilim/domain"
)

// TestR35_ADwellingIsDescribedAnewAndGetsOtherCodes: every answer about a day before shows what
// was, every answer about what was known shows what was known, and nobody moves.
func TestR35_ADwellingIsDescribedAnewAndGetsOtherCodes(t *testing.T) {
	s := start(t).at(t)
	s.notify(nil)
	operator, auditor, owner, guest := s.token(domain.RoleOperator), s.token(domain.RoleAuditor), s.citizen(), s.citizen()
	old, now := rka(), rka()
	home := s.command("/v1/dwellings", operator, body{
		"rka": old, "address": "Астана, Мира көшесі, 5", "place": "apartment", "useful_area": 48, "rooms": 2,
		"owners": []body{{"person_id": owner}}, "owners_since": "2019-04-01",
	}).is(http.StatusCreated).id("dwelling_id")
	path := "/v1/dwellings/" + home
	s.command("/v1/registrations", operator, registration(guest, home, "2026-03-01", "").with(body{
		"consents": []body{{"person_id": owner}},
	})).is(http.StatusCreated)
	describe := func(more body) *answer {
		return s.command(path+"/description", operator, body{
			"place": "apartment", "useful_area": 30.5, "rooms": 1, "address": "Астана, Бейбітшілік көшесі, 5", "effective_on": "2026-03-10",
		}.with(more))
	}
	describe(body{"effective_on": "2026-12-31"}).refused(http.StatusUnprocessableEntity, domain.CodeDateInFuture, "effective_on")
	first := describe(body{"basis": paper}).is(http.StatusOK)
	describe(body{"basis": paper}).refused(http.StatusConflict, domain.CodeNothingChanges, "")

	recode := func(to string, basis any) *answer {
		return s.command(path+"/codes", operator, body{"rka": to, "effective_on": "2026-03-12", "basis": basis})
	}
	recode(now, body{}).is(http.StatusUnprocessableEntity)
	last := recode(now, paper).is(http.StatusOK)

	for _, c := range []struct {
		query, rka, address string
		area                float64
		residents           int
	}{
		{"", now, "Астана, Бейбітшілік көшесі, 5", 30.5, 1},
		{"?as_of=2026-03-11", old, "Астана, Бейбітшілік көшесі, 5", 30.5, 1},
		{"?as_of=2026-03-09", old, "Астана, Мира көшесі, 5", 48, 1},
		{"?as_of=2020-01-01", old, "Астана, Мира көшесі, 5", 48, 0},
	} {
		got := s.seen(path+"/residents"+c.query, auditor, last)
		if got.at("rka") != c.rka || got.at("address") != c.address || got.at("useful_area") != c.area || got.residents() != c.residents {
			t.Errorf("residents%s: %s", c.query, got.text)
		}
	}
	find := func(what body) *answer { return s.send("POST", "/v1/dwellings/search", operator, what) }
	if got := find(body{"rka": now}).is(http.StatusOK); got.at("dwelling_id") != home || strings.Contains(got.text, "recoded") {
		t.Errorf("the present code finds %s", got.text)
	}
	for _, was := range []body{{"rka": old}, {"rka": old, "as_of": "2026-03-01"}} {
		got := find(was).is(http.StatusOK)
		if got.at("dwelling_id") != home || got.at("recoded", "rka") != now || got.at("recoded", "from") != "2026-03-12" {
			t.Errorf("%v finds %s", was, got.text)
		}
	}
	find(body{"rka": "1" + rka()}).refused(http.StatusNotFound, domain.CodeDwellingUnknown, "rka")
	find(body{"rka": now, "cadastral_number": "1"}).refused(http.StatusUnprocessableEntity, domain.CodeMemberNotAllowed, "cadastral_number")
	find(body{}).refused(http.StatusUnprocessableEntity, domain.CodeRequired, "rka")
	find(body{"rka": now, "as_of": "2099-01-01"}).refused(http.StatusUnprocessableEntity, domain.CodeDateInFuture, "as_of")

	s.command("/v1/dwellings", operator, body{"rka": old, "address": "Астана, 7"}).is(http.StatusCreated)
	recode(old, paper).refused(http.StatusConflict, domain.CodeDwellingRecorded, "rka")

	s.notify(first)
	if told := s.seen("/v1/me/notices", s.as(owner), s.notify(last)); strings.Count(told.text, "dwelling_record_changed") != 2 {
		t.Errorf("the owner is told %s", told.text)
	}
	if told := s.get("/v1/me/notices", s.as(guest)); strings.Contains(told.text, "dwelling_record_changed") {
		t.Errorf("who only lives there is told %s", told.text)
	}
}
