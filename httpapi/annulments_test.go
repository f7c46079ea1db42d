package httpapi_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/projections"
)

// clockPaper is the document that shows that a clock was wrong.
var clockPaper = body{
	"type": "other", "number": "17", "issued_on": "2026-03-10", "issuer": "operators",
	"sha256": domain.TextDigest([]byte("a file")),
}

// task waits until the registry has a task of the kind on the stream and returns when it is due.
func (s *subtest) task(kind domain.TaskKind, stream string) (at time.Time) {
	s.t.Helper()
	s.until("a task "+string(kind)+" of "+stream, func() bool {
		must(s.t, s.watch.CatchUp(s.ctx())) // one that was due before may have been done
		due, err := s.model.DueTasks(s.ctx(), s.clock.Now().AddDate(5, 0, 0), 0, 500)
		must(s.t, err)
		i := slices.IndexFunc(due, func(d domain.Task) bool { return d.Kind == kind && d.Stream == stream })
		if i >= 0 {
			at = due[i].At
		}
		return i >= 0
	})
	return at
}

// newest is the newest event of the type in the stream, as a reference; "" where there is none.
func (s *subtest) newest(stream, event string) string {
	s.t.Helper()
	for _, rec := range slices.Backward(s.stream(stream)) {
		if rec.Event.EventType() == event {
			return stream + "@" + strconv.FormatUint(rec.Revision, 10)
		}
	}
	return ""
}

// TestC23_WhatAClockADayAheadDidInTenSecondsIsPutRight, one row for each act that rests on a
// clock: the clock is a day ahead for ten seconds, the registry acts, the act is annulled, and
// on its day the registry acts again. At the end the read model is the fold of the log.
func TestC23_WhatAClockADayAheadDidInTenSecondsIsPutRight(t *testing.T) {
	r := start(t)
	s := r.at(t)
	list := s.list()
	queue := "queue-" + list
	const commission, provider, desk = domain.RoleCommission, domain.RoleProvider, domain.RoleOperator
	day := func(days int) string { return domain.DateOf(r.clock.Now()).AddDays(days).String() }
	onCase := func(way ...caseStep) func(*subtest) string {
		return func(s *subtest) string {
			person := s.citizen()
			id := s.applied(person, list)
			for _, st := range way {
				s.step(id, person, st).is(200)
			}
			return "case-" + id
		}
	}
	correction := body{"missing": []body{{"document_type": "birth_certificate", "text": "of the child"}}}
	for _, row := range []struct {
		act  string // type of the event
		kind domain.TaskKind
		by   domain.Role
		set  func(*subtest) string // returns the stream
	}{
		{"DeadlinePassed", domain.TaskDecision, commission, onCase()},
		{"CaseReturned", domain.TaskCorrection, commission, onCase(caseStep{"correction-request", correction, commission})},
		{"HearingClosed", domain.TaskObjection, commission, onCase(caseStep{"review", nil, commission},
			caseStep{"hearing", body{"preliminary": "refusal"}, commission})},
		{"DutyMissed", domain.TaskDuty, commission, onCase(caseStep{"forwarding", body{"to": "b"}, commission})},
		{"LookupConsentExpired", domain.TaskConsent, commission, func(s *subtest) string {
			return "case-" + s.command("/v1/housing-applications", s.token(desk), application(s.citizen(), list).with(body{
				"basis": paper, "consent_terms": body{"until": day(3)},
			})).is(201).id("case_id")
		}},
		{"CoOwnerConfirmationsLapsed", domain.TaskConfirmations, provider, func(s *subtest) string {
			owner, guest := s.citizen(), s.citizen()
			home := s.dwelling(owner, s.citizen())
			s.registered(guest, home, day(-5), "")
			return "case-" + s.command("/v1/deregistrations", s.as(owner), removal(owner, home, guest)).is(201).id("case_id")
		}},
		{"OwnersChangeLapsed", domain.TaskProposal, desk, func(s *subtest) string {
			home := s.dwelling(s.citizen())
			s.command("/v1/dwellings/"+home+"/owners", s.token(desk), body{
				"owners": []body{{"person_id": s.citizen(), "share": "1/1"}}, "basis": paper,
			}).is(202)
			return "dwelling-" + home
		}},
		{"RegistrationEnded", domain.TaskTerm, provider, func(s *subtest) string {
			guest := s.citizen()
			s.registered(guest, s.dwelling(s.citizen()), day(0), day(60))
			return "residence-" + guest
		}},
		{"HearingClosed", domain.TaskObjection, commission, func(s *subtest) string {
			_, entry, _ := s.entry(list)
			s.reviewed(list, entry)
			s.command(entryPath(list, entry)+"/hearing", s.token(commission), body{"preliminary": "p"}).is(200)
			return queue
		}},
		{"DutyMissed", domain.TaskDuty, commission, func(s *subtest) string {
			person, entry, _ := s.entry(list)
			s.removed(list, entry)
			s.command(entryPath(list, entry)+"/complaint", s.as(person), body{"grounds": "g"}).is(200)
			return queue
		}},
		{"LookupConsentExpired", domain.TaskConsent, commission, func(s *subtest) string {
			person, entry, _ := s.entry(list)
			s.command(entryPath(list, entry)+"/consent", s.as(person), body{"given": false}).is(200)
			s.command(entryPath(list, entry)+"/consent", s.as(person), body{"given": true, "consent_terms": body{"until": day(3)}}).is(200)
			return queue
		}},
		{"InventoryRequested", domain.TaskInventory, commission, func(s *subtest) string { return queue }},
		{"ReviewOpened", domain.TaskInventory, commission, func(s *subtest) string { return queue }},
	} {
		t.Run(row.act+" by "+string(row.kind), func(t *testing.T) {
			s := r.at(t)
			stream := row.set(s)
			due := s.task(row.kind, stream)
			r.clock.pass(due.Add(-12 * time.Hour).Sub(r.clock.Now()))
			before := s.newest(stream, row.act)
			r.clock.pass(24 * time.Hour)
			for range 10 {
				s.timer()
				r.clock.pass(time.Second)
			}
			r.clock.pass(-24 * time.Hour)
			act := s.newest(stream, row.act)
			if act == before {
				t.Fatal("the clock that was ahead did nothing")
			}
			request := body{"event": act, "basis": clockPaper, "reasons": "a clock was a day ahead"}
			token, key := s.token(row.by), header{"Idempotency-Key", s.key()}
			n := len(s.stream(stream))
			s.command("/v1/annulments?dry_run=true", token, request).is(200)
			if len(s.stream(stream)) != n {
				t.Fatal("a dry run has recorded something")
			}
			first := s.send("POST", "/v1/annulments", token, request, key).is(200)
			if again := s.send("POST", "/v1/annulments", token, request, key).is(200); again.text != first.text {
				t.Errorf("repeated, it answers %s, and before %s", again.text, first.text)
			}
			if a := s.command("/v1/annulments", token, request); a.status < 400 {
				t.Errorf("annulled twice: %s", a.text)
			}
			s.until("the act is due on its day", func() bool { return s.task(row.kind, stream).Equal(due) })
			n = len(s.stream(stream))
			s.timer()
			if len(s.stream(stream)) != n {
				t.Error("the act was taken again before its day")
			}
			r.clock.pass(24 * time.Hour)
			s.until("the act is taken on its day", func() bool {
				s.timer()
				return s.newest(stream, row.act) != act
			})
		})
	}
	must(t, r.watch.CatchUp(s.ctx()))
	report, err := projections.Verify(s.ctx(), r.redis, r.store, projections.Options{}, nil)
	must(t, err)
	if !report.Proven() {
		t.Errorf("the read model differs from the fold: %v", report)
	}
}

func TestC23_WhoMayNotActOnARecordLearnsNothingOfItsActs(t *testing.T) {
	r := start(t)
	s := r.at(t)
	list, home := s.list(), s.dwelling(s.citizen())
	request := func(event string) body { return body{"event": event, "basis": clockPaper, "reasons": "r"} }
	s.command("/v1/annulments", s.token(domain.RoleCommission), request("queue-"+list+"@0")).
		refused(422, domain.CodeFactUnknown, "event")
	s.command("/v1/annulments", s.token(domain.RoleCommission), request("otp-"+home+"@0")).
		refused(422, domain.CodeFactUnknown, "event")
	s.command("/v1/annulments", s.token(domain.RoleOperator), request("dwelling-"+home+"@99")).
		refused(422, domain.CodeFactUnknown, "event")
	if a := s.command("/v1/annulments", s.as(s.citizen()), request("queue-"+list+"@0")); a.status != 403 ||
		!strings.Contains(a.text, string(domain.CodeRoleNotAllowed)) {
		t.Errorf("a citizen is answered %s", a.text)
	}
}
