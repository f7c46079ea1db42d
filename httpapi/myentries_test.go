package httpapi_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/rules"
	"tizilim/httpapi"
	"tizilim/projections"
)

// TestACitizenReadsWhyTheirNumberChanged: whose act it was, and what it was, in the language that they
// ask for; live, of the entry, and for each change of the past.
func TestACitizenReadsWhyTheirNumberChanged(t *testing.T) {
	s := start(t).at(t)
	list := s.list()
	first, before, _ := s.entry(list)
	second, entry, placed := s.entry(list)
	change := func(a *answer, at ...any) string {
		last := a.at(at...).(map[string]any)
		return fmt.Sprint(last["kind"], " ", last["own"], ": ", last["text"])
	}
	own := "placed true: You were placed on the list."
	if got := change(s.seen("/v1/me/queue?language=en", s.as(second), placed), "entries", 0, "last_change"); got != own {
		t.Errorf("after the placement: %q", got)
	}
	removed := s.removed(list, before)
	others := map[string]string{
		"":             "removed false: Алдыңызда тұрған адам кезектен шығарылды.",
		"?language=kk": "removed false: Алдыңызда тұрған адам кезектен шығарылды.",
		"?language=ru": "removed false: Лицо, которое стояло перед Вами, снято с очереди.",
		"?language=en": "removed false: Somebody who stood before you was removed from the list.",
	}
	for language, want := range others {
		for path, at := range map[string][]any{
			"/v1/me/queue":                      {"entries", 0, "last_change"},
			"/v1/me/entries":                    {"entries", 0, "last_change"},
			entryPath(list, entry):              {"last_change"},
			entryPath(list, entry) + "/numbers": {"changes", 1},
		} {
			a := s.seen(path+language, s.as(second), removed)
			if got := change(a, at...); got != want {
				t.Errorf("%s%s: %q, want %q", path, language, got, want)
			}
			if strings.Contains(a.text, first) {
				t.Errorf("%s names who was removed: %s", path, a.text)
			}
		}
	}
	if got := change(s.get(entryPath(list, entry)+"/numbers?language=en", s.as(second)), "changes", 0); got != own {
		t.Errorf("the first change: %q", got)
	}
}

// TestAHolderReadsWhyTheirEntryEnded: a removal with its reason in words and what the commission wrote,
// until it is taken back; and nobody reads of the entries of others.
func TestAHolderReadsWhyTheirEntryEnded(t *testing.T) {
	s := start(t).at(t)
	list := s.list()
	holder, entry, _ := s.entry(list)
	other, _, _ := s.entry(list)
	s.reviewed(list, entry)
	removed := s.command(entryPath(list, entry)+"/removal", s.token(domain.RoleCommission),
		removing.with(body{"note": "the cadastre has a flat"})).is(http.StatusOK)
	a := s.seen("/v1/me/entries?language=en", s.as(holder), removed)
	got := a.at("entries", 0).(map[string]any)
	why, _ := got["removal"].(map[string]any)
	if len(a.at("entries").([]any)) != 1 || got["entry_id"] != entry || got["status"] != "removed" || got["number"] != nil ||
		why["reason"] != "dwelling_acquired" || why["text"] != "You have acquired a dwelling of your own." ||
		why["note"] != "the cadastre has a flat" || why["on"] != domain.DateOf(s.clock.Now()).String() ||
		got["last_change"].(map[string]any)["text"] != "You were removed from the list." {
		t.Errorf("the holder reads %s", a.text)
	}
	if a := s.seen("/v1/me/entries", s.as(other), removed); len(a.at("entries").([]any)) != 1 || strings.Contains(a.text, entry) {
		t.Errorf("another holder reads %s", a.text)
	}
	back := s.command(entryPath(list, entry)+"/reinstatement", s.token(domain.RoleCommission), byCourt).is(http.StatusOK)
	a = s.seen("/v1/me/entries?language=ru", s.as(holder), back)
	if strings.Contains(a.text, "removal") || a.at("entries", 0, "number") != 1.0 ||
		a.at("entries", 0, "last_change", "text") != "Вы восстановлены в очереди на прежнем месте." {
		t.Errorf("after the act of court the holder reads %s", a.text)
	}
	if a := s.get("/v1/me/entries", s.as(s.citizen())).is(http.StatusOK); len(a.at("entries").([]any)) != 0 {
		t.Errorf("who never stood on a list reads %s", a.text)
	}
}

// TestEveryCauseIsSaidInThreeLanguages: none is missing, none is in another language.
func TestEveryCauseIsSaidInThreeLanguages(t *testing.T) {
	kazakh, cyrillic, latin := regexp.MustCompile(`[әғқңөұүһі]`), regexp.MustCompile(`\p{Cyrillic}`), regexp.MustCompile(`[A-Za-z]`)
	check := func(what string, said func(domain.Language) string) {
		kk, ru, en := said(domain.Kazakh), said(domain.Russian), said(domain.English)
		if !kazakh.MatchString(kk) || latin.MatchString(kk) {
			t.Errorf("%s in Kazakh: %q", what, kk)
		}
		if ru == kk || kazakh.MatchString(ru) || latin.MatchString(ru) || !cyrillic.MatchString(ru) {
			t.Errorf("%s in Russian: %q", what, ru)
		}
		if cyrillic.MatchString(en) || !latin.MatchString(en) {
			t.Errorf("%s in English: %q", what, en)
		}
	}
	for _, kind := range projections.ChangeKinds {
		for _, own := range []bool{true, false} {
			check(fmt.Sprint(kind, own), func(l domain.Language) string { return httpapi.CauseText(kind, own, l) })
		}
	}
	for _, reason := range (rules.Book{}).On(domain.DateOf(time.Now())).Register.RemovalReasons {
		check(reason, func(l domain.Language) string { return httpapi.RemovalText(reason, l) })
	}
}

// TestWhoeverMaySeeAPersonReadsWhoTheyAre: names beside ids, the last digits of the IIN for staff
// alone, and addresses beside dwellings, now and on another day.
func TestWhoeverMaySeeAPersonReadsWhoTheyAre(t *testing.T) {
	s := start(t).at(t)
	operator, iin := s.token(domain.RoleOperator), s.iin()
	owner := s.command("/v1/persons", operator, body{
		"iin": iin, "name": "Айгүл Сейітова", "birth_date": "1990-05-17", "class": "citizen",
	}).is(http.StatusCreated).id("person_id")
	lodger := s.citizen()
	home := s.dwelling(owner)
	s.registered(owner, home, "2026-03-01", "")
	last := s.registered(lodger, home, "2026-03-02", "")
	path := "/v1/dwellings/" + home + "/residents"
	address := s.seen(path, operator, last).at("address").(string)
	if address == "" {
		t.Fatal("the dwelling has no address")
	}
	masked := "********" + iin[8:]
	for _, at := range []string{"", "?as_of=2026-03-02"} {
		named := func(token string) map[string]any {
			lines := map[string]any{}
			for _, one := range s.seen(path+at, token, last).at("persons").([]any) {
				line := one.(map[string]any)
				lines[line["person_id"].(string)] = fmt.Sprint(line["name"], " ", line["iin"])
			}
			return lines
		}
		staff, own := named(operator), named(s.as(owner))
		if len(staff) != 2 || staff[owner] != "Айгүл Сейітова "+masked || strings.Contains(fmt.Sprint(staff[lodger]), "nil") {
			t.Errorf("%s the desk reads %v", at, staff)
		}
		if len(own) != 2 || own[owner] != "Айгүл Сейітова <nil>" || own[lodger] == "<nil> <nil>" ||
			!strings.HasSuffix(own[lodger].(string), " <nil>") {
			t.Errorf("%s the owner reads %v", at, own)
		}
		if got := s.seen("/v1/persons/"+lodger+"/residence"+at, operator, last).at("registrations", 0, "address"); got != address {
			t.Errorf("%s the desk reads that the lodger lives at %v, want %s", at, got, address)
		}
	}
	if got := s.seen("/v1/me", s.as(lodger), last).at("registrations", 0, "address"); got != address {
		t.Errorf("the lodger reads that they live at %v, want %s", got, address)
	}
}
