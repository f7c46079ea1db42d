package httpapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/notice"
)

// positions are those of the events of a person's history, read in pages of the size.
func (s *subtest) positions(person string, page string) (all []float64) {
	s.t.Helper()
	for next := ""; ; {
		a := s.get("/v1/persons/"+person+"/history?limit="+page+next, s.token(domain.RoleAuditor)).is(http.StatusOK)
		for i := range a.at("events").([]any) {
			all = append(all, a.at("events", i, "position").(float64))
		}
		if a.body["next"] == nil {
			return all
		}
		next = "&cursor=" + a.body["next"].(string)
	}
}

// twin is a second record of a human, with a decided case and a registration that has ended.
func (s *subtest) twin(owner string) (id, caseID string) {
	s.t.Helper()
	id = s.recorded("refugee")
	home := s.dwelling(owner)
	s.registered(id, home, "2025-06-01", "")
	caseID = s.command("/v1/deregistrations", s.as(owner), removal(owner, home, id)).is(http.StatusCreated).id("case_id")
	return id, caseID
}

func TestR33_TwoRecordsOfOneHumanAreMergedAndR34TheMergeIsUndone(t *testing.T) {
	s := start(t).at(t)
	s.notify(nil)
	operator, provider, auditor := s.token(domain.RoleOperator), s.token(domain.RoleProvider), s.token(domain.RoleAuditor)
	owner, survivor := s.citizen(), s.citizen()
	s.registered(survivor, s.dwelling(owner), "2026-03-15", "")
	twin, caseID := s.twin(owner)
	s.get("/v1/cases/"+caseID, s.as(survivor)).refused(http.StatusNotFound, domain.CodeNotFound, "")
	for _, id := range []string{survivor, twin, survivor, twin, twin} {
		s.get("/v1/persons/"+id+"/residence", auditor).is(http.StatusOK)
	}
	looks := len(s.accessesOf(survivor, 100)) + len(s.accessesOf(twin, 100)) // at both records before the merge
	knownBefore := s.clock.Now().UTC().Format(time.RFC3339)
	s.clock.pass(time.Minute)
	alone := s.positions(twin, "1000")

	path := "/v1/persons/" + twin + "/merges"
	merge := body{"survivor_id": survivor, "replaced_iin": "of_absorbed", "basis": paper}
	s.command(path, operator, merge.with(body{"replaced_iin": nil})).refused(http.StatusConflict, domain.CodeIINsDiffer, "replaced_iin")
	s.command(path, s.as(twin), merge).refused(http.StatusForbidden, domain.CodeRoleNotAllowed, "")
	merged := s.command(path, operator, merge).is(http.StatusOK)
	told := s.notify(merged)

	both := s.positions(twin, "1000")
	if !slices.IsSorted(both) || len(slices.Compact(slices.Clone(both))) != len(both) || len(both) <= len(alone) {
		t.Errorf("the history of both is %v", both)
	}
	for _, id := range []string{twin, survivor} {
		for _, page := range []string{"1", "3", "1000"} {
			if got := s.positions(id, page); !slices.Equal(got, both) {
				t.Errorf("the history of %s in pages of %s is %v, want %v", id, page, got, both)
			}
		}
		now := s.get("/v1/persons/"+id+"/residence", auditor).is(http.StatusOK)
		then := s.get("/v1/persons/"+id+"/residence?as_of=2025-07-01", auditor).is(http.StatusOK)
		for _, a := range []*answer{now, then} {
			if a.at("person_id") != survivor || len(a.homes()) != 1 {
				t.Errorf("the residence of %s is %s", id, a.text)
			}
		}
		earlier := s.get("/v1/persons/"+id+"/residence?as_of=2025-07-01&known_at="+knownBefore, auditor).
			is(http.StatusOK)
		if want := map[bool]int{true: 1, false: 0}[id == twin]; earlier.at("person_id") != id || len(earlier.homes()) != want {
			t.Errorf("before the merge was known, %s had %s", id, earlier.text)
		}
	}
	for what, token := range map[string]string{"the survivor": s.as(survivor), "by the token of the other record": s.as(twin)} {
		if me := s.get("/v1/me", token).is(http.StatusOK); me.at("person_id") != survivor {
			t.Errorf("%s: %s", what, me.text)
		}
		if services := s.get("/v1/me/services", token).is(http.StatusOK).at("services").([]any); len(services) != 1 {
			t.Errorf("%s has the services %v", what, services)
		}
		s.get("/v1/cases/"+caseID, token).is(http.StatusOK)
		if !strings.Contains(s.seen("/v1/me/notices", token, told).text, "you_are_deregistered") {
			t.Errorf("%s does not see the notices to the other record", what)
		}
	}
	if !strings.Contains(s.get("/v1/me/notices", s.as(survivor)).text, "records_merged") {
		t.Error("the person was not told of the merge")
	}
	accesses := s.accessesOf(survivor, 100)
	if len(accesses) < looks || looks < 5 {
		t.Errorf("the person sees %d looks at both records, before the merge it were %d", len(accesses), looks)
	}
	for _, limit := range []int{1, 2, 3} {
		if got := s.accessesOf(twin, limit); !slices.Equal(got, accesses) {
			t.Errorf("in pages of %d the looks are %v, want %v", limit, got, accesses)
		}
	}
	s.get("/v1/persons/"+twin+"/residence", s.citizenToken()).refused(http.StatusNotFound, domain.CodeNotFound, "")
	refusal := s.command("/v1/registrations", operator, registration(twin, s.dwelling(owner), "2026-03-10", "")).
		refused(http.StatusConflict, domain.CodeRecordMerged, "")
	if !strings.Contains(refusal.text, survivor) {
		t.Errorf("the refusal does not name %s: %s", survivor, refusal.text)
	}
	s.command(path, operator, merge).refused(http.StatusConflict, domain.CodeRecordMerged, "")
	s.verified()

	undo := body{"merge": eventRef(merged, 0), "reasons": "a namesake", "basis": paper}
	s.command(path+"/undo", operator, undo).refused(http.StatusForbidden, domain.CodeRoleNotAllowed, "")
	s.command(path+"/undo", provider, undo.with(body{"merge": eventRef(merged, 1)})).
		refused(http.StatusConflict, domain.CodeFactNotInForce, "merge")
	undone := s.notify(s.command(path+"/undo", provider, undo).is(http.StatusOK))
	after := s.positions(twin, "1000")
	others := s.positions(survivor, "1000")
	for _, own := range alone {
		if !slices.Contains(after, own) || slices.Contains(others, own) {
			t.Errorf("event %v is not of the record alone any more: %v, %v", own, after, others)
		}
	}
	if me := s.seen("/v1/me", s.as(twin), undone); me.at("person_id") != twin {
		t.Errorf("the token of the record means %s", me.text)
	}
	if services := s.get("/v1/me/services", s.as(survivor)).is(http.StatusOK).at("services").([]any); len(services) != 0 {
		t.Errorf("the other record still has the services %v", services)
	}
	s.get("/v1/cases/"+caseID, s.as(survivor)).refused(http.StatusNotFound, domain.CodeNotFound, "")
	for _, id := range []string{twin, survivor} {
		if !strings.Contains(s.get("/v1/me/notices", s.as(id)).text, "merge_of_records_undone") {
			t.Errorf("%s was not told of the undoing", id)
		}
	}
	s.registered(twin, s.dwelling(owner), "2026-03-15", "")
	s.verified()
}

// TestR33_C28_WhatTheAbsorbedRecordWasToldIsContestedByTheSurvivor, in the case that decided, or in
// the one that the act gets, and in the name of the record that the act touched: after the merge was
// undone, the complaint is that of this record alone.
func TestR33_C28_WhatTheAbsorbedRecordWasToldIsContestedByTheSurvivor(t *testing.T) {
	s := start(t).at(t)
	s.notify(nil)
	operator, provider := s.token(domain.RoleOperator), s.token(domain.RoleProvider)
	owner, survivor := s.citizen(), s.citizen()
	twin, caseID := s.twin(owner)
	registered := s.registered(twin, s.dwelling(owner), "2026-03-15", "").id("registration_id")
	annulled := s.command("/v1/persons/"+twin+"/corrections", provider, correction(body{
		"registration_id": registered, "action": "annul",
	}).with(body{"accept": []string{"leaves_without_residence"}})).is(http.StatusCreated)
	removed := s.told(twin, notice.YouAreDeregistered, annulled)
	corrected := s.told(twin, notice.RecordCorrected, annulled)
	s.command("/v1/complaints", s.as(survivor), body{"notice_id": removed["notice_id"], "grounds": "g"}).
		refused(http.StatusNotFound, domain.CodeNotFound, "")

	merged := s.command("/v1/persons/"+twin+"/merges", operator, body{
		"survivor_id": survivor, "replaced_iin": "of_absorbed", "basis": paper,
	}).is(http.StatusOK)
	s.notify(merged)
	if got := s.told(survivor, notice.YouAreDeregistered, merged); got["notice_id"] != removed["notice_id"] {
		t.Errorf("the survivor was told %v", got)
	}
	if id := s.contests(survivor, removed).id("case_id"); id != caseID {
		t.Errorf("contested in the case %s, want %s", id, caseID)
	}
	act := s.contests(survivor, corrected)
	for _, id := range []string{caseID, act.id("case_id")} {
		if c := s.seen("/v1/cases/"+id, s.as(survivor), act).is(http.StatusOK); c.at("complaint", "complainant_id") != twin {
			t.Errorf("the complaint in %s is that of %v, not of the record that was told", id, c.at("complaint", "complainant_id"))
		}
	}
	s.command("/v1/complaints", s.citizenToken(), body{"notice_id": removed["notice_id"], "grounds": "g"}).
		refused(http.StatusNotFound, domain.CodeNotFound, "")

	undone := s.command("/v1/persons/"+twin+"/merges/undo", provider, body{
		"merge": eventRef(merged, 0), "reasons": "a namesake", "basis": paper,
	}).is(http.StatusOK)
	for _, id := range []string{caseID, act.id("case_id")} {
		s.seen("/v1/cases/"+id, s.as(twin), undone).is(http.StatusOK)
		s.get("/v1/cases/"+id, s.as(survivor)).refused(http.StatusNotFound, domain.CodeNotFound, "")
	}
	s.command("/v1/complaints", s.as(survivor), body{"notice_id": removed["notice_id"], "grounds": "g"}).
		refused(http.StatusNotFound, domain.CodeNotFound, "")
	s.verified()
}

// citizenToken is that of somebody else.
func (s *subtest) citizenToken() string { s.t.Helper(); return s.as(s.citizen()) }

// TestR33_WhatNamesTheRecordBarsAMerge: everything is found by the read model and said at once.
func TestR33_WhatNamesTheRecordBarsAMerge(t *testing.T) {
	s := start(t).at(t)
	operator, list := s.token(domain.RoleOperator), s.list()
	survivor := s.citizen()
	barred := func(person, by string) {
		t.Helper()
		a := s.command("/v1/persons/"+person+"/merges", operator, body{
			"survivor_id": survivor, "replaced_iin": "of_absorbed", "basis": paper,
		}).refused(http.StatusConflict, domain.CodeMergeBarred, "")
		if !strings.Contains(a.text, by) {
			t.Errorf("the refusal does not name %s: %s", by, a.text)
		}
	}
	tenant := s.citizen()
	home := s.dwelling(tenant)
	barred(tenant, "owners of the dwelling "+home)
	s.registered(tenant, home, "2026-01-10", "")
	barred(tenant, "registered at the dwelling "+home)
	holder, entry, _ := s.entry(list)
	barred(holder, "the entry "+entry)
	applicant, spouse, _, id := s.family(s.listOf("another body"), nil)
	barred(applicant, "the case "+id)
	barred(spouse, "the case "+id)
	s.placed(id)
	barred(spouse, "in its family")
	represented := s.child()
	s.command("/v1/persons/"+represented+"/representatives", operator, body{"representative_id": spouse, "kind": "guardian"}).
		is(http.StatusCreated)
	barred(spouse, "represents the person "+represented)
	barred(represented, "representatives of the record")
}

// TestR33_AnOfficialActsInNoMatterOfARecordThatWasMergedIntoTheirs: it is a matter of their own.
func TestR33_AnOfficialActsInNoMatterOfARecordThatWasMergedIntoTheirs(t *testing.T) {
	s := start(t).at(t)
	owner, official := s.citizen(), s.citizen()
	_, account, _ := s.officeOf("astana-2", body{"kind": "desk", "names": bodyNames}, string(s.iinOf(official)))
	twin, caseID := s.twin(owner)
	complain := func() *answer {
		return s.command("/v1/cases/"+caseID+"/complaint?dry_run=true", account, body{"grounds": "x", "complainant_id": twin})
	}
	if a := complain(); a.body["code"] == string(domain.CodeOwnMatter) {
		t.Fatalf("it is no matter of theirs before: %s", a.text)
	}
	s.command("/v1/persons/"+twin+"/merges", s.token(domain.RoleOperator), body{
		"survivor_id": official, "replaced_iin": "of_absorbed", "basis": paper,
	}).is(http.StatusOK)
	complain().refused(http.StatusForbidden, domain.CodeOwnMatter, "")
}
