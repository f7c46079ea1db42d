package httpapi_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/eventstore/command"
)

func answered(outcome string) body {
	return body{"outcome": outcome, "signature": body{"method": "eds"}}
}

// timer does what is due in the registry.
func (s *subtest) timer() {
	command.NewTimer(s.another(), s.model, slog.New(slog.DiscardHandler)).Once(context.Background())
}

func TestR6_TheCaseWaitsForTheOtherOwners(t *testing.T) {
	r := start(t)
	s := r.at(t)
	auditor := s.token(domain.RoleAuditor)
	owner, second, third, guest, stranger := s.citizen(), s.citizen(), s.citizen(), s.citizen(), s.citizen()
	home := s.dwelling(owner, second, third)
	s.registered(guest, home, "2026-03-01", "")
	received := r.clock.Now()
	asked := s.command("/v1/deregistrations", s.as(owner), removal(owner, home, guest)).is(http.StatusCreated)
	if asked.at("results") != nil || len(asked.at("co_owners").([]any)) != 2 {
		t.Fatalf("it did not wait: %s", asked.text)
	}
	path := "/v1/cases/" + asked.id("case_id")
	waits := s.seen(path, s.as(third), asked) // it is theirs to see
	if waits.at("state") != "awaiting_co_owners" || waits.at("co_owners", 0, "state") != "requested" ||
		waits.at("deadline") != nil {
		t.Errorf("the case: %s", waits.text)
	}
	s.get(path, s.as(stranger)).refused(http.StatusNotFound, domain.CodeNotFound, "")
	s.command(path+"/confirmation", s.as(stranger), answered("confirm")).
		refused(http.StatusNotFound, domain.CodeNotFound, "")
	s.command(path+"/confirmation", s.as(owner), answered("confirm")).
		refused(http.StatusNotFound, domain.CodeNotFound, "")
	s.command(path+"/confirmation", s.token(domain.RoleOperator), answered("confirm")).
		refused(http.StatusForbidden, domain.CodeRoleNotAllowed, "")

	r.clock.pass(time.Hour)
	one := s.command(path+"/confirmation", s.as(second), answered("confirm"), header{"Idempotency-Key", "second"}).
		is(http.StatusOK)
	if got := s.seen("/v1/dwellings/"+home+"/residents", auditor, one).residents(); got != 1 ||
		one.at("results") != nil {
		t.Errorf("one confirmation of two ended it: %s", one.text)
	}
	s.command(path+"/confirmation", s.as(second), answered("revoke")).is(http.StatusOK)
	s.command(path+"/confirmation", s.as(second), answered("revoke")).
		refused(http.StatusConflict, domain.CodeNotConfirmed, "")
	s.command(path+"/confirmation", s.as(second), answered("confirm")).is(http.StatusOK)
	r.clock.pass(time.Hour)
	plan := s.send("POST", path+"/confirmation?dry_run=true", s.as(third), answered("confirm"), header{"Idempotency-Key", "plan"}).
		is(http.StatusOK)
	last := s.command(path+"/confirmation", s.as(third), answered("confirm")).is(http.StatusOK)
	if len(plan.at("events").([]any)) != 3 || len(last.at("events").([]any)) != 3 ||
		last.at("results", 0, "outcome") != "deregistered" {
		t.Errorf("planned %s\nthen %s", plan.text, last.text)
	}
	done := s.seen(path, s.as(owner), last)
	if done.at("state") != "granted" || done.at("co_owners", 1, "state") != "confirmed" ||
		done.at("received_at") != received.In(domain.Zone).Format(time.RFC3339) ||
		done.at("deadline") != r.clock.Now().In(domain.Zone).Add(30*time.Minute).Format(time.RFC3339) {
		t.Errorf("F13 the case tells both instants: %s", done.text)
	}
	if got := s.seen("/v1/dwellings/"+home+"/residents", auditor, last).residents(); got != 0 {
		t.Errorf("%d residents are left", got)
	}
	s.command(path+"/confirmation", s.as(second), answered("revoke")).
		refused(http.StatusConflict, domain.CodeCaseDecided, "")
	again := s.command(path+"/confirmation", s.as(second), answered("confirm"), header{"Idempotency-Key", "second"}).
		is(http.StatusOK)
	if again.text != one.text {
		t.Errorf("first %s, then %s", one.text, again.text)
	}
}

func TestR6_ADeclineAndASilenceRefuseWithAResult(t *testing.T) {
	r := start(t)
	s := r.at(t)
	owner, second, guest := s.citizen(), s.citizen(), s.citizen()
	home := s.dwelling(owner, second)
	s.registered(guest, home, "2026-03-01", "")
	ask := func() (string, *answer) {
		a := s.command("/v1/deregistrations", s.as(owner), removal(owner, home, guest)).is(http.StatusCreated)
		return "/v1/cases/" + a.id("case_id"), a
	}
	path, _ := ask()
	no := s.command(path+"/confirmation", s.as(second), answered("decline")).is(http.StatusOK)
	c := s.seen(path, s.as(owner), no)
	if c.at("state") != "refused" || c.at("results", 0, "code") != "co_owner_declined" ||
		c.at("co_owners", 0, "state") != "declined" {
		t.Errorf("declined: %s", c.text)
	}

	path, asked := ask()
	s.seen(path, s.as(owner), asked)
	over, err := time.Parse(time.RFC3339, asked.at("confirm_by").(string))
	if err != nil || over != domain.LastDayBefore(over).Over().In(over.Location()) {
		t.Fatalf("they can answer until %s, want the end of a day: %v", over, err)
	}
	r.clock.pass(over.Sub(r.clock.Now()) - time.Second)
	s.timer()
	if c := s.seen(path, s.as(owner), asked); c.at("state") != "awaiting_co_owners" {
		t.Errorf("refused too early: %s", c.text)
	}
	r.clock.pass(time.Second)
	s.timer()
	r.until("the silence has its result", func() bool {
		return s.get(path, s.as(owner)).is(http.StatusOK).at("state") == "refused"
	})
	if c := s.get(path, s.as(owner)); c.at("results", 0, "code") != "co_owners_did_not_answer" ||
		c.at("co_owners", 0, "state") != "lapsed" {
		t.Errorf("lapsed: %s", c.text)
	}
	if got := s.get("/v1/dwellings/"+home+"/residents", s.token(domain.RoleAuditor)).is(http.StatusOK).residents(); got != 1 {
		t.Errorf("%d residents, want the one who stays", got)
	}
}

// TestR22_AnOwnerLeavesByTheirOwnApplication, alone and with others, and asks
// the owner beside them; who has left owns the dwelling as before.
func TestR22_AnOwnerLeavesByTheirOwnApplication(t *testing.T) {
	r := start(t)
	s := r.at(t)
	auditor := s.token(domain.RoleAuditor)
	owner, second, guest, late := s.citizen(), s.citizen(), s.citizen(), s.citizen()
	flat, house := s.dwelling(owner), s.dwelling(owner, second)
	left := func(a *answer, persons ...string) {
		t.Helper()
		if len(a.at("results").([]any)) != len(persons) {
			t.Fatalf("results: %s", a.text)
		}
		for i, p := range persons {
			if a.at("results", i, "person_id") != p || a.at("results", i, "outcome") != "deregistered" {
				t.Errorf("result %d: %v, want %s deregistered", i, a.at("results", i), p)
			}
			if now := s.seen("/v1/persons/"+p+"/residence", auditor, a); len(now.at("registrations").([]any)) != 0 {
				t.Errorf("%s is registered still: %s", p, now.text)
			}
		}
	}

	s.registered(owner, flat, "2026-03-01", "")
	s.registered(guest, flat, "2026-03-01", "")
	left(
		s.command("/v1/deregistrations", s.as(owner), removal(owner, flat, owner, guest)).is(http.StatusCreated),
		owner,
		guest,
	)
	again := s.command("/v1/deregistrations", s.as(owner), removal(owner, flat, owner)).is(http.StatusCreated)
	if again.at("results", 0, "code") != string(domain.CodeNotRegisteredHere) {
		t.Errorf("R46 removed a second time: %s", again.text)
	}
	s.registered(late, flat, "2026-03-01", "")
	left(s.command("/v1/deregistrations", s.as(owner), removal(owner, flat, late)).is(http.StatusCreated), late)

	s.registered(owner, house, "2026-03-15", "")
	waits := s.command("/v1/deregistrations", s.as(owner), removal(owner, house, owner)).is(http.StatusCreated)
	if asked := waits.at("co_owners").([]any); len(asked) != 1 || asked[0] != second || waits.at("results") != nil {
		t.Fatalf("R6 it waits for the owner beside: %s", waits.text)
	}
	if now := s.seen("/v1/persons/"+owner+"/residence", auditor, waits); len(now.at("registrations").([]any)) != 1 {
		t.Errorf("deregistered before the other has confirmed: %s", now.text)
	}
	left(
		s.command("/v1/cases/"+waits.id("case_id")+"/confirmation", s.as(second), answered("confirm")).
			is(http.StatusOK),
		owner,
	)
}

func TestR13_TheLogTellsThatAStayEndedByItself(t *testing.T) {
	r := start(t)
	s := r.at(t)
	auditor, guest, home := s.token(domain.RoleAuditor), s.citizen(), s.dwelling()
	stay := s.registered(guest, home, "2026-03-01", "2026-04-15")
	s.seen("/v1/dwellings/"+home+"/residents", auditor, stay)
	r.clock.pass(31 * 24 * time.Hour) // to noon of 15 April
	if got := s.get("/v1/dwellings/"+home+"/residents", auditor).is(http.StatusOK).residents(); got != 0 {
		t.Errorf("%d residents before the timer came", got)
	}
	s.timer()
	s.timer()
	recs := s.stream("residence-" + guest)
	if got := recs[len(recs)-1]; len(recs) != 3 || got.Event.EventType() != "RegistrationEnded" ||
		!got.Event.EffectiveAt().Equal(time.Date(2026, 4, 15, 0, 0, 0, 0, domain.Zone)) {
		t.Errorf("%d events, the last %+v", len(recs), got)
	}
	r.until("the model has it", func() bool {
		at, err := r.model.Position(context.Background())
		return err == nil && at >= recs[len(recs)-1].Position
	})
	if due, err := r.model.DueTasks(context.Background(), r.clock.Now(), 0, 10); err != nil || len(due) != 0 {
		t.Errorf("still due: %v, %v", due, err)
	}
}

// APPC 64: whoever applies gets a decision, and a refusal has its document.
func TestR46_WhoIsNotDeregisteredHasADocumentThatSaysWhy(t *testing.T) {
	s := start(t).at(t)
	auditor := s.token(domain.RoleAuditor)
	owner, stays, neighbour, second := s.citizen(), s.citizen(), s.citizen(), s.citizen()
	home := s.dwelling(owner, second) // a co-owner is not asked for what cannot be
	request := removal(owner, home, stays)
	plan := s.send("POST", "/v1/deregistrations?dry_run=true", s.as(owner), request, header{"Idempotency-Key", "plan"}).is(200)
	out := s.command("/v1/deregistrations", s.as(owner), request).is(http.StatusCreated)
	if out.at("results", 0, "outcome") != "refused" || out.at("co_owners") != nil ||
		plan.at("results", 0, "code") != out.at("results", 0, "code") {
		t.Fatalf("planned %s, then %s", plan.text, out.text)
	}
	if c := s.seen("/v1/cases/"+out.id("case_id"), s.as(owner), out); c.at("state") != "refused" {
		t.Errorf("the case: %s", c.text)
	}
	path := "/v1/certificates/" + s.issued(out, "deregistration_refusal")
	for _, party := range []string{owner, stays} {
		d := s.seen(path, s.as(party), out)
		if d.at("not_deregistered", "code") != string(domain.CodeNotRegisteredHere) || d.at("person_id") != stays ||
			d.at("status") != "valid" {
			t.Errorf("the document: %s", d.text)
		}
	}
	s.get(path, s.as(neighbour)).refused(http.StatusNotFound, domain.CodeNotFound, "")
	russian := s.seen(path+"?language=ru", auditor, out)
	if lines := fmt.Sprint(russian.at("lines")); !strings.Contains(lines, "не зарегистрировано в этом жилище") {
		t.Errorf("the page does not say why: %s", lines)
	}

	s.registered(stays, home, "2026-03-01", "")
	next := s.command("/v1/deregistrations", s.as(owner), request).is(http.StatusCreated)
	if next.at("co_owners", 0) != second {
		t.Errorf("the refusal bars the next application: %s", next.text)
	}
}

// R6, C23: the documents of a decision that fell are void, and whoever checks one is told.
func TestR46_ARefusalThatFellIsVoidInItsPublicCheck(t *testing.T) {
	r := start(t)
	s := r.at(t)
	owner, second, guest := s.citizen(), s.citizen(), s.citizen()
	home := s.dwelling(owner, second)
	s.registered(guest, home, "2026-03-01", "")
	asked := s.command("/v1/deregistrations", s.as(owner), removal(owner, home, guest)).is(http.StatusCreated)
	path := "/v1/cases/" + asked.id("case_id")
	no := s.command(path+"/confirmation", s.as(second), answered("decline")).is(http.StatusOK)
	document := s.seen("/v1/certificates/"+s.issued(no, "deregistration_refusal"), s.as(owner), no)
	check := "/v1/certificates/check/" + strings.ReplaceAll(document.body["check_code"].(string), " ", "%20")
	if c := s.get(check, "").is(http.StatusOK); c.at("status") != "valid" {
		t.Fatalf("it is checked as %s", c.text)
	}
	s.command(path+"/complaint", s.as(owner), body{"grounds": "Второй собственник согласен."}).is(http.StatusOK)
	fell := s.command(path+"/complaint-decision", s.staff(domain.RoleProvider, "provider-2"), body{
		"outcome": "satisfied_by_body", "reasons": "Отказ дан по ошибке.",
	}).is(http.StatusOK)
	s.seen(path, s.as(owner), fell)
	if c := s.get(check+"?language=en", "").is(http.StatusOK); c.at("status") != "void" ||
		!strings.Contains(fmt.Sprint(c.at("reason")), "no longer in force since 15 March 2026: the decision") {
		t.Errorf("it is checked as %s", c.text)
	}
}

// TestR46_OfThePersonsOfACaseNobodySeesTheRefusalsOfTheOthers: each of them their own, the applicant and
// staff all.
func TestR46_OfThePersonsOfACaseNobodySeesTheRefusalsOfTheOthers(t *testing.T) {
	s := start(t).at(t)
	owner, stays, goes, never := s.citizen(), s.citizen(), s.citizen(), s.citizen()
	home, elsewhere := s.dwelling(owner), s.dwelling(owner)
	s.registered(goes, home, "2026-03-01", "")
	s.registered(stays, elsewhere, "2026-03-01", "")
	out := s.command("/v1/deregistrations", s.as(owner), removal(owner, home, stays, goes, never)).is(http.StatusCreated)
	path := "/v1/cases/" + out.id("case_id")
	refusals := func(a *answer, at ...any) (n int) {
		t.Helper()
		for _, d := range a.at(at...).([]any) {
			if d.(map[string]any)["kind"] == "deregistration_refusal" {
				n++
			}
		}
		return n
	}
	for token, want := range map[string]int{
		s.as(owner): 2, s.token(domain.RoleAuditor): 2, s.as(stays): 1, s.as(never): 1, s.as(goes): 0,
	} {
		if got := s.seen(path, token, out); refusals(got, "issued") != want {
			t.Errorf("of %d refusals the case shows %s", want, got.text)
		}
	}
	for person, want := range map[string]int{owner: 2, stays: 1, never: 1, goes: 0} {
		if got := s.seen("/v1/me/services", s.as(person), out); refusals(got, "services", 0, "issued") != want {
			t.Errorf("of %d refusals the account shows %s", want, got.text)
		}
	}
	s.verified()
}
