package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"tizilim/domain"
)

// TestR35_AStreetIsRenamedForAllItsDwellings: answers about the days before, and papers that
// were issued before, keep the former name; nobody moves.
func TestR35_AStreetIsRenamedForAllItsDwellings(t *testing.T) {
	s := start(t).at(t)
	operator, provider, auditor, guest := s.token(domain.RoleOperator), s.token(domain.RoleProvider), s.token(domain.RoleAuditor), s.citizen()
	street := "Мира көшесі " + rka()[6:] // no other test has this street
	street = strings.ReplaceAll(street, " 0", " к0")
	record := func(kato, address string) string {
		return s.command("/v1/dwellings", operator, body{"rka": rka(), "kato": kato, "address": address}).
			is(http.StatusCreated).id("dwelling_id")
	}
	first, second := record("711310000", "Астана, "+street+", 5"), record("711310000", "Астана, "+street+", 7, 12-пәтер")
	elsewhere, other := record("751110000", "Алматы, "+street+", 5"), record("711310000", "Астана, Абай, 5")
	into := func(dwelling, from string) *answer {
		return s.command("/v1/registrations", operator, registration(guest, dwelling, from, "").with(body{"consent_ground": paper})).
			is(http.StatusCreated)
	}
	into(first, "2026-03-01")
	left := into(second, "2026-03-05").at("ended", 0).(string)
	sheet := "/v1/certificates/" + s.sheetOf(guest, left, operator).is(http.StatusCreated).id("certificate_id")

	rename := func(token string, more body) *answer {
		return s.command("/v1/street-renamings", token, body{
			"kato": "711310000", "from": street, "to": "Бейбітшілік көшесі", "effective_on": "2026-03-04", "basis": paper,
		}.with(more))
	}
	rename(operator, body{}).is(http.StatusForbidden)
	rename(provider, body{"from": "Жоқ көше"}).refused(http.StatusConflict, domain.CodeStreetUnknown, "from")
	done := rename(provider, body{}).is(http.StatusCreated)
	if done.at("dwellings") != 2.0 || done.at("done") != true {
		t.Errorf("the act answers %s", done.text)
	}
	if got := s.get("/v1/street-renamings/"+done.id("renaming_id"), operator).is(http.StatusOK); got.at("left") != 0.0 || got.at("done") != true {
		t.Errorf("the act has come so far: %s", got.text)
	}
	s.get("/v1/street-renamings/"+first, operator).refused(http.StatusNotFound, domain.CodeNotFound, "")

	for _, c := range []struct{ dwelling, query, address string }{
		{first, "", "Астана, Бейбітшілік көшесі, 5"},
		{first, "?as_of=2026-03-04", "Астана, Бейбітшілік көшесі, 5"},
		{first, "?as_of=2026-03-03", "Астана, " + street + ", 5"},
		{second, "", "Астана, Бейбітшілік көшесі, 7, 12-пәтер"},
		{elsewhere, "", "Алматы, " + street + ", 5"},
		{other, "", "Астана, Абай, 5"},
	} {
		if got := s.seen("/v1/dwellings/"+c.dwelling+"/residents"+c.query, auditor, done); got.at("address") != c.address {
			t.Errorf("residents%s: %s", c.query, got.text)
		}
	}
	if got := s.seen("/v1/dwellings/"+second+"/residents", auditor, done).residents(); got != 1 {
		t.Errorf("%d live there after the renaming, want 1", got)
	}
	if got := s.get(sheet, operator).is(http.StatusOK); !strings.Contains(got.text, street) || strings.Contains(got.text, "Бейбітшілік") {
		t.Errorf("the sheet that was issued before says %s", got.text)
	}
	moved := into(elsewhere, "2026-03-06").at("ended", 0).(string)
	later := s.sheetOf(guest, moved, operator).is(http.StatusCreated).id("certificate_id")
	if got := s.get("/v1/certificates/"+later, operator).is(http.StatusOK); !strings.Contains(got.text, "Бейбітшілік") {
		t.Errorf("the sheet that was issued later says %s", got.text)
	}
	history := s.seen("/v1/dwellings/"+first+"/history", auditor, done)
	if !strings.Contains(history.text, "DwellingReaddressed") {
		t.Errorf("the history of the dwelling does not tell it: %s", history.text)
	}
}
