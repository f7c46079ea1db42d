package httpapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"tizilim/domain"
)

// todo is what the caller's body must do, read in pages of the limit.
func (s *subtest) todo(bearer string, limit string, after *answer) (all []body) {
	s.t.Helper()
	for more := ""; ; {
		page := s.seen("/v1/duties?limit="+limit+more, bearer, after)
		for _, d := range page.at("duties").([]any) {
			all = append(all, d.(map[string]any))
		}
		next, goesOn := page.body["next"].(string)
		if !goesOn {
			return all
		}
		more = "&cursor=" + url.QueryEscape(next)
	}
}

// kindsOf are the duties and their reasons.
func kindsOf(duties []body) (kinds []string) {
	for _, d := range duties {
		kinds = append(kinds, d["duty"].(string)+" "+d["reason"].(string))
	}
	return kinds
}

// TestR50_ADeskAndACommissionSeeWhatADeathLeavesThemUntilItIsDone: from the list alone, without an
// id that they knew before.
func TestR50_ADeskAndACommissionSeeWhatADeathLeavesThemUntilItIsDone(t *testing.T) {
	s := start(t).at(t)
	operator, commission := s.token(domain.RoleOperator), s.token(domain.RoleCommission)
	_, far := s.office("almaty-desk", body{"kind": "desk", "names": bodyNames, "territory": []string{almatyKATO}})
	_, other := s.commission("almaty-1")
	list := s.list()
	person, entry, _ := s.entry(list)
	co := s.citizen()
	child := s.ward(person)
	home := s.dwelling(person, co)
	empty := s.dwelling()
	before := s.head()
	done := s.followed(person, s.died(person))
	if got := kindsOf(s.todo(operator, "100", done)); !slices.Equal(got, []string{
		"new_representative representative_died", "new_owners owner_died", "first_owners no_owner_recorded",
	}) {
		t.Fatalf("a desk must do %v", got)
	}
	all := s.todo(operator, "1", done)
	if whole := s.todo(operator, "100", done); len(all) != 3 || !slices.Equal(kindsOf(all), kindsOf(whole)) {
		t.Errorf("in pages it is %v", kindsOf(all))
	}
	ward, title, unowned := all[0], all[1], all[2]
	if ward["person_id"] != child || ward["former_id"] != person || ward["by"] != "2026-04-14" ||
		title["dwelling_id"] != home || title["former_id"] != person || title["by"] != "2026-09-01" || title["overdue"] != nil ||
		unowned["dwelling_id"] != empty || unowned["by"] != "2026-09-15" {
		t.Errorf("the duties are %v", all)
	}
	known := map[string]bool{}
	for _, op := range s.operations() {
		known[op.ID] = true
	}
	for _, d := range append(s.todo(commission, "100", done), all...) {
		for _, id := range d["ended_by"].([]any) {
			if !known[id.(string)] {
				t.Errorf("%v is ended by %v, which is no operation", d["duty"], id)
			}
		}
	}
	if got := kindsOf(s.todo(far, "100", done)); !slices.Equal(got, []string{"new_representative representative_died"}) {
		t.Errorf("a desk of another place must do %v", got)
	}
	mine := s.todo(commission, "100", done)
	if len(mine) != 1 || mine[0]["duty"] != "entry_review" || mine[0]["reason"] != "holder_died" || mine[0]["entry_id"] != entry ||
		mine[0]["person_id"] != person || mine[0]["by"] != "2026-09-15" {
		t.Errorf("a commission must do %v", mine)
	}
	if got := s.todo(other, "100", done); len(got) != 0 {
		t.Errorf("another commission must do %v", got)
	}
	if !s.changed(before) {
		t.Error("nothing was recorded")
	}
	s.verified()

	s.resold(home, body{"owners": []body{{"kind": "estate", "deceased_id": person}, {"person_id": co}}})
	s.command("/v1/dwellings/"+empty+"/owners", operator, body{"owners": []body{{"person_id": co}}, "basis": paper}).is(http.StatusOK)
	s.represents(child, co, "guardian")
	closed := s.command(entryPath(list, entry)+"/review", commission, body{"close": true, "note": "the family was heard"}).is(http.StatusOK)
	if got := s.todo(operator, "100", closed); len(got) != 0 {
		t.Errorf("after everything was done a desk must do %v", got)
	}
	if got := s.todo(commission, "100", closed); len(got) != 0 {
		t.Errorf("after everything was done a commission must do %v", got)
	}
	s.verified()
}

// TestR50_Q39_Q40_AReviewWhoseTermHasPassedIsOverdue, for its commission and for an auditor: what is
// due first at the beginning, and what has more time is not late with it.
func TestR50_Q39_Q40_AReviewWhoseTermHasPassedIsOverdue(t *testing.T) {
	r := start(t)
	s := r.at(t)
	commission, auditor := s.token(domain.RoleCommission), s.token(domain.RoleAuditor)
	_, other := s.commission("almaty-1")
	list := s.list()
	dead, _, _ := s.entry(list)
	holder, entry, _ := s.entry(list)
	unowned := s.dwelling()
	s.followed(dead, s.died(dead))
	spouse := s.citizen()
	reported := s.command(entryPath(list, entry)+"/change", s.as(holder), body{
		"kind": "family", "family": []body{{"person_id": spouse, "relation": "spouse"}}, "happened_on": "2026-03-14",
		"papers": []body{{"person_id": spouse, "document": shownBy("marriage_certificate")}},
	}).is(http.StatusOK)
	late := func(duties []body) (kinds []string) {
		for _, d := range duties {
			if d["overdue"] == true {
				kinds = append(kinds, d["reason"].(string))
			}
		}
		return kinds
	}
	want := []string{"entry_review family_changed", "entry_review holder_died"}
	mine := s.todo(commission, "1", reported)
	if got := kindsOf(mine); !slices.Equal(got, want) || len(late(mine)) != 0 || mine[0]["entry_id"] != entry {
		t.Fatalf("the commission must do %v, want %v, none of them late", mine, want)
	}
	last, err := domain.ParseDate(mine[0]["by"].(string))
	if err != nil {
		t.Fatal(err)
	}
	r.clock.pass(last.Over().Sub(r.clock.Now()) - time.Second)
	if got := late(s.todo(commission, "100", reported)); len(got) != 0 {
		t.Errorf("on the last day %v are late", got)
	}
	r.clock.pass(time.Second)
	if got := late(s.todo(commission, "100", reported)); !slices.Equal(got, []string{"family_changed"}) {
		t.Errorf("after the last day %v are late", got)
	}
	seen := s.todo(auditor, "1", reported)
	if got := kindsOf(seen); len(got) != 3 || got[0] != want[0] || !slices.Contains(got, want[1]) ||
		!slices.Contains(got, "first_owners no_owner_recorded") || !slices.Equal(late(seen), []string{"family_changed"}) {
		t.Errorf("an auditor sees %v, of which %v are late; %s has no owner", got, late(seen), unowned)
	}
	if got := s.todo(other, "100", reported); len(got) != 0 {
		t.Errorf("another commission must do %v", got)
	}
	r.clock.pass(180 * 24 * time.Hour)
	if got := late(s.todo(auditor, "100", reported)); len(got) != 3 {
		t.Errorf("after all days %v are late", got)
	}
	s.verified()
}

// TestR50_TheEndOfAGuardianshipLeavesADutyForAMinorOnly, which goes with the coming of age.
func TestR50_TheEndOfAGuardianshipLeavesADutyForAMinorOnly(t *testing.T) {
	r := start(t)
	s := r.at(t)
	operator := s.token(domain.RoleOperator)
	guardian, adult := s.citizen(), s.citizen()
	minor := s.bornOn("2008-06-01")
	for _, p := range []string{minor, adult} {
		s.represents(p, guardian, "guardian")
	}
	s.releases(adult, guardian)
	ended := s.releases(minor, guardian)
	got := s.todo(operator, "100", ended)
	if len(got) != 1 || got[0]["person_id"] != minor || got[0]["reason"] != "representation_ended" || got[0]["by"] != "2026-04-14" {
		t.Fatalf("a desk must do %v", got)
	}
	if a := s.get("/v1/persons/"+minor+"/representatives", operator).is(http.StatusOK); a.body["awaited_by"] != "2026-04-14" {
		t.Errorf("the minor has %s", a.text)
	}
	r.clock.pass(45 * 24 * time.Hour)
	if got := s.todo(operator, "100", ended); len(got) != 1 || got[0]["overdue"] != true {
		t.Errorf("after the day a desk must do %v", got)
	}
	r.clock.pass(60 * 24 * time.Hour) // the minor is 18
	if got := s.todo(operator, "100", ended); len(got) != 0 {
		t.Errorf("after the coming of age a desk must do %v", got)
	}
	s.verified()
}

// TestR50_WhatADwellingThatIsNoMoreWouldHaveNeededIsNotShown.
func TestR50_WhatADwellingThatIsNoMoreWouldHaveNeededIsNotShown(t *testing.T) {
	s := start(t).at(t)
	operator := s.token(domain.RoleOperator)
	owner, co := s.citizen(), s.citizen()
	home := s.dwelling(owner, co)
	done := s.followed(owner, s.died(owner))
	if got := s.todo(operator, "100", done); len(got) != 1 {
		t.Fatalf("a desk must do %v", got)
	}
	gone := s.command("/v1/dwellings/"+home+"/end", s.token(domain.RoleProvider), body{
		"how": "demolished", "effective_on": "2026-03-10", "basis": paper,
	}).is(http.StatusOK)
	if got := s.todo(operator, "100", gone); len(got) != 0 {
		t.Errorf("after it was demolished a desk must do %v", got)
	}
	if a := s.seen("/v1/dwellings/"+home+"/residents", operator, gone); a.body["awaited"] != nil {
		t.Errorf("awaited there is %v", a.body["awaited"])
	}
}

// TestR50_ALeaseOfSomebodyWhoDiedIsADutyOfTheBodyThatKeepsTheDwelling.
func TestR50_ALeaseOfSomebodyWhoDiedIsADutyOfTheBodyThatKeepsTheDwelling(t *testing.T) {
	s := start(t).at(t)
	commission := s.token(domain.RoleCommission)
	_, other := s.commission("almaty-1")
	list := s.list()
	person, entry, _ := s.entry(list)
	service := s.given(s.dwelling())
	s.command(entryPath(list, entry)+"/provision", commission, body{
		"dwelling_id": service, "useful_area": 30, "rooms": 1, "minutes": body{"number": "12"},
		"need_check": body{"on": "2026-03-15", "source": "documents", "in_need": true},
	}).is(http.StatusOK)
	done := s.followed(person, s.died(person))
	got := s.todo(commission, "100", done)
	if len(got) != 1 || got[0]["duty"] != "lease_after_death" || got[0]["dwelling_id"] != service || got[0]["former_id"] != person {
		t.Fatalf("the commission must do %v", got)
	}
	if got := s.todo(other, "100", done); len(got) != 0 {
		t.Errorf("another commission must do %v", got)
	}
	ended := s.command("/v1/dwellings/"+service+"/lease-end", commission, body{"reason": "returned", "on": "2026-03-15"}).is(http.StatusOK)
	if got := s.todo(commission, "100", ended); len(got) != 0 {
		t.Errorf("after the lease the commission must do %v", got)
	}
}

// TestQ39_ADepartureAbroadOpensAReviewOfWhatTheyHold, and of what counts them.
func TestQ39_ADepartureAbroadOpensAReviewOfWhatTheyHold(t *testing.T) {
	s := start(t).at(t)
	s.notify(nil)
	operator, commission := s.token(domain.RoleOperator), s.token(domain.RoleCommission)
	list := s.list()
	person, spouse, _, id := s.family(list, nil)
	entry := s.placed(id).at("placement", "entry_id").(string)
	owner := s.citizen()
	home := s.dwelling(owner)
	for _, p := range []string{spouse, person} {
		s.registered(p, home, "2026-01-10", "")
	}
	leaves := func(p string) *answer {
		t.Helper()
		a := s.command("/v1/deregistrations", operator, body{
			"channel": "state_corporation", "ground": "departure_abroad", "dwelling_id": home, "applicant_id": p,
			"persons": []string{p}, "signature": body{"method": "handwritten"}, "basis": paper,
			"documents": []body{
				{"type": "exit_permission", "number": "1", "person_id": p},
				{"type": "identity_card", "number": "2", "person_id": p, "surrendered": true},
			},
		}).is(http.StatusCreated)
		if a.at("results", 0, "outcome") != "deregistered" {
			t.Fatalf("%s", a.text)
		}
		s.reached(a)
		must(t, s.another().Do(s.ctx(), domain.Task{Kind: domain.TaskDeparture, Stream: "residence-" + p}))
		return s.notify(&answer{t: t, header: http.Header{"Tizilim-Position": {fmt.Sprint(s.head())}}})
	}
	status := func(after *answer) any {
		return s.seen(entryPath(list, entry), commission, after).at("status")
	}
	done := leaves(spouse)
	if got := s.todo(commission, "10", done); len(got) != 1 || got[0]["reason"] != "family_member_left_country" || got[0]["entry_id"] != entry {
		t.Errorf("the commission must do %v", got)
	}
	if got := status(done); got != "under_review" {
		t.Errorf("the entry is %v", got)
	}
	s.tells(person, "entry_review_opened", done)
	s.command(entryPath(list, entry)+"/review", commission, body{"close": true, "note": "the family changes"}).is(http.StatusOK)

	done = leaves(person)
	got := s.todo(commission, "10", done)
	if len(got) != 1 || got[0]["reason"] != "holder_left_country" || status(done) != "under_review" {
		t.Errorf("the commission must do %v, the entry is %v", got, status(done))
	}
	head := s.head()
	s.timer()
	if s.changed(head) {
		t.Error("a departure that was followed is followed again")
	}
	s.verified()
}
