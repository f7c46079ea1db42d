package httpapi_test

import (
	"fmt"
	"testing"
	"time"

	"tizilim/domain"
)

// TestQ15_ARemovalTheLongWay: reviewed, announced, objected to, removed on the
// third working day, notified, complained of, annulled, and back in its place.
func TestQ15_ARemovalTheLongWay(t *testing.T) {
	r := start(t)
	s := r.at(t)
	commission := s.token(domain.RoleCommission)
	other := s.staff(domain.RoleCommission, "commission-2")
	list := s.list()
	person, entry, _ := s.entry(list)
	_, behind, _ := s.entry(list)
	path, mine := entryPath(list, entry), s.as(person)
	expect := func(status string, number any, after *answer) *answer {
		t.Helper()
		a := s.seen(path, mine, after)
		if a.at("status") != status || a.at("number") != number {
			t.Errorf("the entry is %v with number %v, want %s with %v", a.at("status"), a.at("number"), status, number)
		}
		return a
	}

	remove := removing.with(body{"note": "n"})
	delete(remove, "exemption")
	s.command(path+"/removal", commission, remove).refused(409, domain.CodeEntryNotReviewed, "")
	a := expect("under_review", 1.0, s.reviewed(list, entry))
	if a.at("review", "reason") != "doubt" || a.at("review", "hearing") != nil || a.at("removal") != nil {
		t.Errorf("under review: %s", a.text)
	}
	s.command(path+"/removal", commission, remove).refused(409, domain.CodeHearingRequired, "")
	told := s.command(path+"/hearing", commission, body{"preliminary": "a dwelling was acquired"}).is(200)
	a = expect("hearing_pending", 1.0, told)
	if a.at("review", "hearing", "not_before") != "2026-03-18" ||
		a.at("review", "hearing", "object_until") != "2026-03-17" {
		t.Errorf("announced on Sunday, 15 March: %s", a.text)
	}
	if lines := s.seen("/v1/queues/"+list+"/entries", commission, told); lines.at(
		"entries",
		0,
		"status",
	) != "hearing_pending" ||
		lines.at("entries", 1, "status") != "active" {
		t.Errorf("the list: %s", lines.text)
	}
	s.command(path+"/objection", s.as(s.citizen()), body{"objection": "n"}).refused(404, domain.CodeNotFound, "")
	expect("under_review", 1.0, s.command(path+"/objection", mine, body{"objection": "it is my brother's"}).is(200))
	s.command(path+"/removal", commission, remove).refused(409, domain.CodeTooEarly, "")
	r.clock.pass(3 * 24 * time.Hour)
	s.command(path+"/complaint", mine, body{"grounds": "n"}).refused(409, domain.CodeStepNotOpen, "")
	a = expect("removed", nil, s.command(path+"/removal", commission, remove).is(200))
	if a.at("removal", "reason") != "dwelling_acquired" || a.at("removal", "notice_due_on") != "2026-03-28" {
		t.Errorf("removed: %s", a.text)
	}
	a = expect(
		"removed",
		nil,
		s.command(path+"/notice", commission, body{"grounds": "n", "given_on": "2026-03-18"}).is(200),
	)
	if a.at("removal", "notice_due_on") != nil {
		t.Errorf("notified, and a notice is owed: %s", a.text)
	}

	s.command(path+"/complaint", s.as(s.citizen()), body{"grounds": "n"}).refused(404, domain.CodeNotFound, "")
	complaint := s.command(path+"/complaint", mine, body{"grounds": "it is my brother's"}).is(200)
	a = expect("removed", nil, complaint)
	if a.at("review", "complaint", "forward_by") != "2026-03-26" {
		t.Errorf("complained: %s", a.text)
	}
	back := body{"ground": "complaint_satisfied", "complaint_id": complaint.id("complaint_id")}
	s.command(path+"/reinstatement", commission, back).refused(409, domain.CodeComplaintNotWon, "complaint_id")
	a = expect("removed", nil, s.command(path+"/complaint-forwarding", commission, body{"to": "ministry"}).is(200))
	if a.at("review", "complaint", "at") != "ministry" {
		t.Errorf("forwarded: %s", a.text)
	}
	annulled := body{"outcome": "act_annulled", "reasons": "it is"}
	s.command(path+"/complaint-decision", commission, annulled).refused(403, domain.CodeDeciderRecused, "")
	a = expect("removed", nil, s.command(path+"/complaint-decision", other, annulled).is(200))
	if a.at("review", "complaint") != nil || a.at("review", "owed", 0, "duty") != "remedy" {
		t.Errorf("decided: %s", a.text)
	}
	a = expect("active", 1.0, s.command(path+"/reinstatement", commission, back).is(200))
	if a.at("review") != nil || a.at("removal") != nil || a.at("inventory_due_on") != "2027-03-18" {
		t.Errorf("reinstated: %s", a.text)
	}
	if n := s.seen(entryPath(list, behind), commission, a); n.at("number") != 2.0 {
		t.Errorf("who stands behind has number %v", n.at("number"))
	}
	s.command(path+"/removal", commission, removing).
		refused(409, domain.CodeEntryNotReviewed, "")
	// anew, from the beginning
}

// TestQ23_C8_TheRegistryAsksReviewsAndEndsHearingsByItself.
func TestQ23_C8_TheRegistryAsksReviewsAndEndsHearingsByItself(t *testing.T) {
	r := start(t)
	s := r.at(t)
	list := s.list()
	_, entry, placed := s.entry(list)
	path := entryPath(list, entry)
	now := func() *answer {
		t.Helper()
		placed.header.Set("Tizilim-Position", fmt.Sprint(uint64(s.head())))
		return s.seen(path, s.token(domain.RoleCommission), placed)
	}
	after := func(days int, status string) *answer {
		t.Helper()
		now() // the list of tasks has all that the log has
		r.clock.pass(time.Duration(days) * 24 * time.Hour)
		s.timer()
		a := now()
		if a.at("status") != status {
			t.Errorf("after %d more days: %s, want %s", days, a.text, status)
		}
		return a
	}
	if a := after(364, "active"); a.at("inventory_due_on") != "2027-03-15" || a.at("answer_by") != nil {
		t.Errorf("within the year: %s", a.text)
	}
	if a := after(2, "active"); a.at("answer_by") != "2027-04-02" || a.at("number") != 1.0 {
		t.Errorf("after the year: %s", a.text)
	}
	after(17, "active") // the last day to answer
	if a := after(1, "under_review"); a.at("review", "reason") != "inventory_missed" || a.at("number") != 1.0 {
		t.Errorf("without an answer: %s", a.text)
	}
	s.command(path+"/hearing", s.token(domain.RoleCommission), body{"preliminary": "n"}).is(200)
	after(3, "hearing_pending") // announced on Saturday: open until Tuesday
	after(1, "under_review")
}

// TestC12_WhatIsLateAfterAComplaintAboutARemovalIsMarked: forwarded and decided
// in time, or shown as late; nothing is owed once the entry is back.
func TestC12_WhatIsLateAfterAComplaintAboutARemovalIsMarked(t *testing.T) {
	r := start(t)
	s := r.at(t)
	commission := s.token(domain.RoleCommission)
	list := s.list()
	person, entry, _ := s.entry(list)
	path := entryPath(list, entry)
	s.removed(list, entry)
	a := s.seen(path, commission, s.command(path+"/complaint", s.as(person), body{"grounds": "n"}).is(200))
	if a.at("review", "owed", 0, "duty") != "complaint_forwarding" || a.at("review", "late") != nil {
		t.Errorf("filed: %s", a.text)
	}
	s.command(path+"/complaint-forwarding", s.as(person), body{"to": "ministry"}).is(403)
	r.clock.pass(10 * 24 * time.Hour)
	s.timer()
	recs := s.stream("queue-" + list)
	if got := recs[len(recs)-1]; got.Event.EventType() != "DutyMissed" || got.Meta.Role != domain.RoleSystem {
		t.Fatalf("ten days later the list ends with %s", got.Event.EventType())
	}
	late := s.command(path+"/complaint-forwarding", s.token(domain.RoleCommission), body{"to": "ministry"}).is(200)
	if a := s.seen(path, s.token(domain.RoleCommission), late); a.at(
		"review",
		"late",
		0,
		"duty",
	) != "complaint_forwarding" ||
		a.at("review", "owed", 0, "duty") != "complaint_decision" {
		t.Errorf("forwarded late: %s", a.text)
	}
	back := s.command(path+"/reinstatement", s.token(domain.RoleCommission), byCourt).is(200)
	s.seen(path, s.token(domain.RoleCommission), back)
	r.clock.pass(100 * 24 * time.Hour)
	before := s.head()
	s.timer()
	if s.head() != before {
		t.Error("something is owed after a reinstatement")
	}
}
