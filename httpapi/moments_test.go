package httpapi_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"
)

// TestQ7_TheNumberAtTheInstantOfItsPlacement is that of the placement; a moment before there is
// none.
func TestQ7_TheNumberAtTheInstantOfItsPlacement(t *testing.T) {
	s := start(t).at(t)
	list := s.list()
	s.entry(list)
	person, entry, placed := s.entry(list)
	path := entryPath(list, entry) + "/numbers"
	now := s.seen(path, s.as(person), placed)
	at, err := time.Parse(time.RFC3339Nano, now.at("changes", 0, "at").(string))
	if err != nil {
		t.Fatal(err)
	}
	on := func(instant time.Time) *answer {
		return s.get(path+"?as_of="+url.QueryEscape(instant.Format(time.RFC3339Nano)), s.as(person)).is(http.StatusOK)
	}
	if a := on(at); a.at("number") != 2.0 || a.at("status") != "active" {
		t.Errorf("at the placement: %s", a.text)
	}
	if a := on(at.Add(-time.Nanosecond)); a.at("number") != nil || a.at("status") != "not_placed" {
		t.Errorf("before the placement: %s", a.text)
	}
}

// TestC9_AnAnswerAboutTheFutureSaysSo: what holds then is foreseen, and nothing is known of later
// than the question.
func TestC9_AnAnswerAboutTheFutureSaysSo(t *testing.T) {
	r := start(t)
	s := r.at(t)
	list := s.list()
	person, entry, placed := s.entry(list)
	home := s.dwelling(person)
	s.registered(person, home, "2026-03-01", "")
	residence, residents := "/v1/persons/"+person+"/residence", "/v1/dwellings/"+home+"/residents"
	for _, path := range []string{residence, residents} {
		if a := s.seen(path+"?as_of=2031-01-01", s.as(person), placed); a.at("foreseen") != true {
			t.Errorf("as of a day to come: %s", a.text)
		}
		if a := s.seen(path+"?as_of=2026-03-15", s.as(person), placed); a.at("foreseen") != nil {
			t.Errorf("as of today: %s", a.text)
		}
	}
	for path, field := range map[string]string{
		entryPath(list, entry) + "/numbers?as_of=2031-01-01": "as_of",
		residence + "?as_of=2026-03-10&known_at=2031-01-01":  "known_at",
		residents + "?as_of=2026-03-10&known_at=2031-01-01":  "known_at",
	} {
		a := s.seen(path, s.as(person), placed)
		said, _ := a.at(field).(string)
		if at, err := time.Parse(time.RFC3339Nano, said); err != nil || at.After(r.clock.Now()) {
			t.Errorf("%s: %s is %q", path, field, said)
		}
	}
}
