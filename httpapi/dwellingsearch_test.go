package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"tizilim/domain"
)

// TestR51_ADwellingIsFoundByItsRKAItsCadastralNumberOrItsAddress goes on until the street has
// another name: both names find the dwelling then.
func TestR51_ADwellingIsFoundByItsRKAItsCadastralNumberOrItsAddress(t *testing.T) {
	s := start(t).at(t)
	operator, provider := s.token(domain.RoleOperator), s.token(domain.RoleProvider)
	search := func(token string, what body) *answer { return s.send("POST", "/v1/dwellings/search", token, what) }
	code, number := rka(), "21:318:"+rka()
	home := s.command("/v1/dwellings", operator, body{
		"rka": code, "cadastral_number": number, "kato": "711310000", "address": "Астана, Қобыланды батыр көшесі, 8А, 12-пәтер",
	}).is(http.StatusCreated).id("dwelling_id")
	elsewhere := s.command("/v1/dwellings", operator, body{
		"rka": rka(), "kato": "751110000", "address": "г. Алматы, ул. Кобыланды батыра, д. 8а, кв. 3",
	}).is(http.StatusCreated)
	after := elsewhere
	found := func(what body, ids ...string) *answer {
		t.Helper()
		got := s.send("POST", "/v1/dwellings/search", operator, what, header{"Tizilim-Position", after.header.Get("Tizilim-Position")}).
			is(http.StatusOK)
		list, _ := got.at("dwellings").([]any)
		if len(list) != len(ids) || got.header.Get("Tizilim-Position") == "" {
			t.Errorf("%v finds %s", what, got.text)
			return got
		}
		for _, id := range ids {
			if !strings.Contains(got.text, id) {
				t.Errorf("%v finds %s, and not %s", what, got.text, id)
			}
		}
		return got
	}

	for _, what := range []body{{"rka": code}, {"cadastral_number": number}} {
		if got := search(operator, what).is(http.StatusOK); got.at("dwelling_id") != home || strings.Contains(got.text, "dwellings") {
			t.Errorf("%v finds %s", what, got.text)
		}
	}
	for _, token := range []string{operator, provider, s.token(domain.RoleCommission), s.token(domain.RoleAuditor)} {
		search(token, body{"address": "Кобыланды"}).is(http.StatusOK)
	}
	search(s.as(s.citizen()), body{"address": "Кобыланды"}).is(http.StatusForbidden)

	found(body{"address": "ул. Кобыланды батыр, дом 8a"}, home, elsewhere.id("dwelling_id"))
	found(body{"address": "Qobylandy batyr", "kato": "750000000"}, elsewhere.id("dwelling_id"))
	got := found(body{"address": "ҚОБЫЛАНДЫ 8А 12"}, home)
	if got.at("dwellings", 0, "rka") != code || got.at("dwellings", 0, "kato") != "711310000" ||
		got.at("dwellings", 0, "address") != "Астана, Қобыланды батыр көшесі, 8А, 12-пәтер" {
		t.Errorf("the address finds %s", got.text)
	}
	found(body{"address": "Қобыланды 8А 13"})

	s.command("/v1/street-renamings", provider, body{
		"kato": "711310000", "from": "Қобыланды батыр көшесі", "to": "Ер Тарғын көшесі", "basis": paper,
	}).is(http.StatusCreated)
	// The position of a renaming is before those of the dwellings; that of a later command is behind them.
	after = s.command("/v1/dwellings", operator, body{"rka": rka(), "address": "Шымкент"}).is(http.StatusCreated)
	for _, address := range []string{"Қобыланды 8А 12", "Ер Таргын 8а 12"} {
		if got := found(body{"address": address}, home); !strings.Contains(got.text, "Ер Тарғын") {
			t.Errorf("%s finds %s", address, got.text)
		}
	}

	for _, c := range []struct {
		what  body
		code  domain.Code
		field string
	}{
		{body{"address": "Абай", "rka": code}, domain.CodeMemberNotAllowed, "rka"},
		{body{"address": "Абай", "cadastral_number": number}, domain.CodeMemberNotAllowed, "cadastral_number"},
		{body{"address": "Абай", "as_of": "2026-03-01"}, domain.CodeMemberNotAllowed, "as_of"},
		{body{"rka": code, "kato": "711310000"}, domain.CodeMemberNotAllowed, "kato"},
		{body{"address": "Абай", "kato": "000000000"}, domain.CodeKATOFormat, "kato"},
		{body{"address": "үй 5"}, domain.CodeRequired, "address"},
		{body{}, domain.CodeRequired, "rka"},
	} {
		search(operator, c.what).refused(http.StatusUnprocessableEntity, c.code, c.field)
	}
}
