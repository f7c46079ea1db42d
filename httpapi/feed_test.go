package httpapi_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/accesslog"
)

// fact is a fact as a client reads it.
type fact struct {
	ID, Fact, Position, PersonID, FormerID, IIN, Name string
	Dwelling                                          any
}

func factOf(t tester, v any) fact {
	t.Helper()
	m, ok := v.(map[string]any)
	if !ok {
		t.Fatalf("no fact: %v", v)
	}
	text := func(member string) string { s, _ := m[member].(string); return s }
	return fact{
		ID: text("id"), Fact: text("fact"), Position: text("position"), PersonID: text("person_id"),
		FormerID: text("former_id"), IIN: text("iin"), Name: text("name"), Dwelling: m["dwelling"],
	}
}

// pulled reads the feed from the place to its end.
func (s *subtest) pulled(bearer, after string, limit int) (all []fact, next string) {
	s.t.Helper()
	for next = after; ; {
		path := fmt.Sprint("/v1/feed?limit=", limit)
		if next != "" {
			path += "&after=" + next
		}
		a := s.get(path, bearer).is(http.StatusOK)
		for _, f := range a.at("facts").([]any) {
			all = append(all, factOf(s.t, f))
		}
		if next = a.at("next").(string); a.at("more") == false {
			return all, next
		}
	}
}

func TestC31_AConsumerPullsTheFactsOfItsAllowance(t *testing.T) {
	s := start(t).at(t)
	_, nothing := s.consumer("nothing-1", nil)
	s.get("/v1/feed", nothing).refused(http.StatusForbidden, domain.CodeNothingAllowed, "")
	id, bearer := s.consumer("tax-1", allowanceOf())
	_, since := s.pulled(bearer, "", 100)
	person := s.citizen()
	s.registered(person, s.dwelling(person), "2026-03-01", "")
	s.registered(person, s.dwelling(person), "2026-03-05", "")

	told, end := s.pulled(bearer, since, 100)
	kinds := make([]string, len(told))
	for i, f := range told {
		kinds[i] = f.Fact
		if f.PersonID != person || f.IIN != "" || f.Name != "" || f.Dwelling != nil {
			t.Errorf("with no personal value allowed, told %+v", f)
		}
	}
	if want := []string{"registered", "moved", "registered"}; !slices.Equal(kinds, want) {
		t.Fatalf("told %v, want %v", kinds, want)
	}
	if one, _ := s.pulled(bearer, since, 1); !slices.Equal(one, told) {
		t.Errorf("one at a time: %v, want %v", one, told)
	}
	if again, _ := s.pulled(bearer, told[0].Position, 100); !slices.Equal(again, told[1:]) {
		t.Errorf("from behind the first: %v", again)
	}
	if none, _ := s.pulled(bearer, end, 100); len(none) != 0 {
		t.Errorf("behind the end: %v", none)
	}

	s.command("/v1/bodies/"+id+"/allowance", s.token(domain.RoleAdministrator), allowanceOf("iin", "name", "address")).
		is(http.StatusOK)
	s.until("the allowance is known", func() bool {
		told, _ := s.pulled(bearer, since, 100)
		return told[0].Name != "" && told[0].IIN != "" && told[0].Dwelling != nil
	})
	s.command("/v1/bodies/"+id+"/allowance/end", s.token(domain.RoleAdministrator), body{"reasons": "r"}).is(http.StatusOK)
	s.until("the end of the allowance is known", func() bool { return s.get("/v1/feed", bearer).status == http.StatusForbidden })
}

func TestC31_WhatIsNoPlaceOfTheFeedIsRefused(t *testing.T) {
	s := start(t).at(t)
	_, bearer := s.consumer("tax-1", allowanceOf())
	s.get("/v1/feed?after=17", bearer).refused(http.StatusUnprocessableEntity, domain.CodeMalformed, "query.after")
	s.get("/v1/feed", bearer, header{"Last-Event-ID", "x"}).
		refused(http.StatusUnprocessableEntity, domain.CodeMalformed, "header.Last-Event-ID")
	_, end := s.pulled(bearer, "", 100)
	s.get("/v1/feed?after="+end[:20]+"ffffffff", bearer).refused(http.StatusConflict, domain.CodeFeedPosition, "")
	s.get("/v1/feed?after=7"+end[1:], bearer).refused(http.StatusConflict, domain.CodeFeedPosition, "")
	s.get("/v1/feed", bearer, header{"Accept", "text/html"}).refused(http.StatusNotAcceptable, domain.CodeNotAcceptable, "header.Accept")
}

func TestC31_TheFeedIsAlsoNDJSONWhoseLastLineSaysThatItIsWhole(t *testing.T) {
	s := start(t).at(t)
	_, bearer := s.consumer("tax-1", allowanceOf())
	for range 3 {
		person := s.citizen()
		s.registered(person, s.dwelling(person), "2026-03-01", "")
	}
	want, end := s.pulled(bearer, "", 100)
	lines := strings.Split(strings.TrimSpace(s.get("/v1/feed", bearer, ndjson).is(http.StatusOK).text), "\n")
	if len(lines) != len(want)+1 {
		t.Fatalf("%d lines of %d facts", len(lines), len(want))
	}
	for i, line := range lines {
		var v any
		must(t, json.Unmarshal([]byte(line), &v))
		if i == len(want) {
			if next := v.(map[string]any)["next"].(string); next < end {
				t.Errorf("the last line goes on from %s, before %s", next, end)
			}
			continue
		}
		if got := factOf(t, v); got != want[i] {
			t.Errorf("line %d is %+v, want %+v", i, got, want[i])
		}
	}
}

// TestC31_TheStreamOfTheFeedGoesOnWithWhatComes, and a stream that is opened again with the id of the
// last event goes on behind it.
func TestC31_TheStreamOfTheFeedGoesOnWithWhatComes(t *testing.T) {
	s := start(t).at(t)
	_, bearer := s.consumer("tax-1", allowanceOf())
	_, since := s.pulled(bearer, "", 100)
	for round := range 2 {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.http.URL+"/v1/feed", nil)
		must(t, err)
		request.Header.Set("Authorization", "Bearer "+bearer)
		request.Header.Set("Accept", "text/event-stream")
		request.Header.Set("Last-Event-ID", since)
		response, err := http.DefaultClient.Do(request)
		must(t, err)
		if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/event-stream" {
			t.Fatalf("%d %s", response.StatusCode, response.Header.Get("Content-Type"))
		}
		person := s.citizen()
		s.registered(person, s.dwelling(person), "2026-03-01", "")
		lines := bufio.NewScanner(response.Body)
		for lines.Scan() {
			if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
				since = id
			}
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				var v any
				must(t, json.Unmarshal([]byte(data), &v))
				if f := factOf(t, v); f.PersonID != person || f.Position != since {
					t.Errorf("stream %d tells %+v at %s, want one of %s", round, f, since, person)
				}
				break
			}
		}
		must(t, response.Body.Close())
	}
}

// TestC31_WhoIsToldOfIsInTheAccessLog: on a page of many, and in each part of a stream.
func TestC31_WhoIsToldOfIsInTheAccessLog(t *testing.T) {
	s := start(t).at(t)
	_, bearer := s.consumer("tax-1", allowanceOf())
	_, since := s.pulled(bearer, "", 100)
	var persons []string
	for range accesslog.FewShown + 1 {
		person := s.citizen()
		s.registered(person, s.dwelling(person), "2026-03-01", "")
		persons = append(persons, person)
	}
	for looks := 1; looks <= 2; looks++ {
		s.pulled(bearer, since, 100)
		for _, person := range persons {
			s.until("the look is in the access log", func() bool {
				return len(s.get("/v1/me/accesses", s.as(person)).is(http.StatusOK).at("accesses").([]any)) == looks
			})
		}
	}
	a := s.get("/v1/me/accesses", s.as(persons[0])).is(http.StatusOK)
	for member, want := range map[string]string{
		"operation": "get-feed", "role": "consumer", "purpose": "state_body", "reader": "tax-1",
	} {
		if got := a.at("accesses", 0, member); got != want {
			t.Errorf("the access log says %s %v, want %s", member, got, want)
		}
	}
}

// TestC31_NothingIsToldWithoutItsEntry: the log does not take the entry, so the page is not given.
func TestC31_NothingIsToldWithoutItsEntry(t *testing.T) {
	r, deaf := deafened(t)
	s := r.at(t)
	_, bearer := s.consumer("tax-1", allowanceOf())
	person := s.citizen()
	s.registered(person, s.dwelling(person), "2026-03-01", "")
	for _, accept := range []string{"application/json", "application/x-ndjson", "text/event-stream"} {
		deaf.deaf.Store(true)
		s.get("/v1/feed", bearer, header{"Accept", accept}).refused(http.StatusServiceUnavailable, domain.CodeLogUnavailable, "")
		deaf.deaf.Store(false)
	}
	if told, _ := s.pulled(bearer, "", 100); len(told) != 1 {
		t.Errorf("afterwards %d facts, want 1", len(told))
	}
}

// TestC31_AStreamOfTheFeedEndsWithItsAllowance: an account has few, and none when nothing is allowed.
func TestC31_AStreamOfTheFeedEndsWithItsAllowance(t *testing.T) {
	s := start(t).at(t)
	id, bearer := s.consumer("tax-1", allowanceOf())
	open := func() *http.Response {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.http.URL+"/v1/feed?after=latest", nil)
		must(t, err)
		request.Header.Set("Authorization", "Bearer "+bearer)
		request.Header.Set("Accept", "text/event-stream")
		response, err := http.DefaultClient.Do(request)
		must(t, err)
		t.Cleanup(func() { response.Body.Close() })
		return response
	}
	var first *http.Response
	for i := range 5 {
		response := open()
		if i == 0 {
			first = response
		}
		if want := []int{200, 200, 200, 200, 503}[i]; response.StatusCode != want {
			t.Errorf("stream %d: %d, want %d", i, response.StatusCode, want)
		}
	}
	s.command("/v1/bodies/"+id+"/allowance/end", s.token(domain.RoleAdministrator), body{"reasons": "r"}).is(http.StatusOK)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(first.Body); lines.Scan(); {
		}
	}()
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Error("the stream goes on after the end of the allowance")
	}
}

// TestC31_WhichOfThesePersonsChangedIsOneQuestion, with the bounds of the feed.
func TestC31_WhichOfThesePersonsChangedIsOneQuestion(t *testing.T) {
	s := start(t).at(t)
	_, bearer := s.consumer("tax-1", allowanceOf("iin"))
	iin := s.iin()
	moved := s.command("/v1/persons", s.token(domain.RoleOperator),
		body{"iin": iin, "name": "Айгүл", "birth_date": "1990-05-17", "class": "citizen"}).is(http.StatusCreated).id("person_id")
	still, unknown := s.citizen(), "00000000-0000-4000-8000-000000000000"
	s.registered(moved, s.dwelling(moved), "2026-03-01", "")
	s.registered(still, s.dwelling(still), "2026-03-01", "")
	_, since := s.pulled(bearer, "", 100)
	last := s.registered(moved, s.dwelling(moved), "2026-03-05", "")
	ask := func(bearer string, change body) *answer {
		return s.send("POST", "/v1/feed/changes", bearer, body{
			"purpose": "service", "since": since, "persons": []string{still, moved, unknown}}.with(change),
			header{"Tizilim-Position", last.header.Get("Tizilim-Position")})
	}
	a := ask(bearer, nil).is(http.StatusOK)
	if n := len(a.at("changed").([]any)); n != 1 || a.at("changed", 0, "person_id") != moved {
		t.Fatalf("changed: %s", a.text)
	}
	told, _ := s.pulled(bearer, since, 100)
	for i, want := range told {
		if got := factOf(t, a.at("changed", 0, "facts", i)); got.Fact != want.Fact || got.Position != want.Position {
			t.Errorf("fact %d is %s at %s, want %s at %s", i, got.Fact, got.Position, want.Fact, want.Position)
		}
	}
	byIIN := ask(bearer, body{"persons": []string{}, "iins": []string{iin}}).is(http.StatusOK)
	if byIIN.at("changed", 0, "iin") != iin || byIIN.at("changed", 0, "person_id") != moved {
		t.Errorf("by IIN: %s", byIIN.text)
	}
	after := ask(bearer, body{"since": a.at("up_to")}).is(http.StatusOK)
	if n := len(after.at("changed").([]any)); n != 0 {
		t.Errorf("since up_to: %s", after.text)
	}
	if next, _ := s.pulled(bearer, a.at("up_to").(string), 100); len(next) != 0 {
		t.Errorf("the feed behind up_to tells %v", next)
	}
	for _, person := range []string{moved, still} {
		s.until("the question is in the access log", func() bool {
			return strings.Contains(s.get("/v1/me/accesses", s.as(person)).is(http.StatusOK).text, "get-feed-changes")
		})
	}

	_, noIIN := s.consumer("tax-2", allowanceOf())
	ask(noIIN, body{"iins": []string{iin}}).refused(http.StatusUnprocessableEntity, domain.CodeMemberNotAllowed, "iins")
	ask(bearer, body{"persons": []string{}}).refused(http.StatusUnprocessableEntity, domain.CodeRequired, "persons")
	ask(bearer, body{"since": "x"}).refused(http.StatusUnprocessableEntity, domain.CodeMalformed, "since")
	ask(bearer, body{"purpose": ""}).refused(http.StatusUnprocessableEntity, domain.CodeValueUnknown, "purpose")
	narrow := allowanceOf().with(body{"facts": []string{"died"}})
	_, deaths := s.consumer("tax-3", narrow)
	far := allowanceOf().with(body{"whole_country": false, "territory": []string{"750000000"}})
	_, elsewhere := s.consumer("tax-4", far)
	for _, bearer := range []string{deaths, elsewhere} {
		if n := len(ask(bearer, nil).is(http.StatusOK).at("changed").([]any)); n != 0 {
			t.Errorf("beyond the allowance %d changed", n)
		}
	}
	_, nothing := s.consumer("tax-5", nil)
	ask(nothing, nil).refused(http.StatusForbidden, domain.CodeNothingAllowed, "")
}
