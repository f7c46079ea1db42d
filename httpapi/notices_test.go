package httpapi_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/eventstore/command"
	"tizilim/eventstore/command/adapters/gateway"
)

// taking is a gateway that takes everything.
type taking struct{}

func (taking) Send(context.Context, command.Message) error { return nil }

// notify gives the notices that are owed once the model has what a answered,
// nil for what it has now, through a gateway that takes everything. What it
// answers stands for a position that has them.
func (s *subtest) notify(a *answer, to ...command.Gateway) *answer {
	s.t.Helper()
	var through command.Gateway = taking{}
	if len(to) > 0 {
		through = to[0]
	}
	if a != nil {
		s.reached(a)
	}
	command.NewNotifier(s.another(), s.model, through, slog.New(slog.NewJSONHandler(s.logged, nil))).
		Once(context.Background())
	done := &answer{t: s.t, header: http.Header{"Tizilim-Position": {fmt.Sprint(s.head())}}}
	s.reached(done)
	return done
}

// reached waits until the model has what a answered.
func (s *subtest) reached(a *answer) {
	s.t.Helper()
	position, err := strconv.ParseUint(a.header.Get("Tizilim-Position"), 10, 64)
	must(s.t, err)
	must(s.t, s.model.Await(context.Background(), domain.Position(position)))
}

// TestR16_TheApplicantLearnsThatTheDecisionFell by the complaint of whom it
// touched, who is told of the complaint.
func TestR16_TheApplicantLearnsThatTheDecisionFell(t *testing.T) {
	r := start(t)
	s := r.at(t)
	s.notify(nil)
	owner, guest := s.citizen(), s.citizen()
	home := s.dwelling(owner)
	s.registered(guest, home, "2026-03-01", "")
	id := s.command("/v1/deregistrations", s.as(owner), removal(owner, home, guest)).
		is(http.StatusCreated).
		id("case_id")
	s.step(id, guest, caseStep{"complaint", body{"grounds": "I live here"}, domain.RoleCitizen}).is(http.StatusOK)
	told := s.notify(
		s.step(id, "", caseStep{"complaint-decision", body{"outcome": "satisfied_by_body", "reasons": "they do"}, domain.RoleProvider}).
			is(http.StatusOK),
	)
	for who, want := range map[string][]string{
		owner: {"application_received", "consent_to_registration_stated", "decision_fell_by_complaint", "persons_deregistered"},
		guest: {"complaint_received", "complaint_satisfied", "you_are_deregistered"},
	} {
		a := s.seen("/v1/me/notices", s.as(who), told)
		var got []string
		for i := range a.at("notices").([]any) {
			got = append(got, a.at("notices", i, "kind").(string))
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("told %v, want %v", got, want)
		}
	}
}

func TestC11_R16_TheInboxOfAPerson(t *testing.T) {
	r := start(t)
	s := r.at(t)
	owner, guest, stranger := s.citizen(), s.citizen(), s.citizen()
	home := s.dwelling(owner)
	s.notify(nil) // everybody is told from here on
	s.notify(s.registered(guest, home, "2026-03-01", ""))
	s.contacts(owner, body{"phone": "+77010000001", "language": "ru"})
	out := s.command("/v1/deregistrations", s.as(owner), removal(owner, home, guest)).is(http.StatusCreated)
	path := filepath.Join(t.TempDir(), "outbox.ndjson")
	outbox, err := gateway.OpenOutbox(path)
	must(t, err)
	defer outbox.Close()
	s.notify(out, outbox)
	told := s.notify(out, outbox)
	told = s.notify(told, outbox)

	inbox := s.seen("/v1/me/notices", s.as(owner), told)
	line := func(a *answer, i int, member string) string { return fmt.Sprint(a.at("notices", i, member)) }
	if inbox.at("all") != 3.0 || line(inbox, 0, "kind") != "persons_deregistered" ||
		line(inbox, 1, "kind") != "application_received" ||
		line(inbox, 2, "kind") != "consent_to_registration_stated" {
		t.Fatalf("the owner's inbox: %s", inbox.text)
	}
	if text := line(inbox, 0, "text"); !strings.HasPrefix(text, "По Вашему заявлению") ||
		line(inbox, 0, "language") != "ru" ||
		line(inbox, 0, "case_id") != out.id("case_id") ||
		!strings.HasPrefix(line(inbox, 0, "about"), "case-"+out.id("case_id")+"@") {
		t.Errorf("it reads %s", inbox.text)
	}
	for i, want := range []string{"personal_account delivered", "sms sent"} {
		if got := fmt.Sprint(inbox.at("notices", 0, "deliveries", i, "way"), " ", inbox.at("notices", 0, "deliveries", i, "state")); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if a := s.seen("/v1/me/notices?language=en&limit=1", s.as(owner), told); !strings.HasPrefix(
		line(a, 0, "text"),
		"On your application",
	) {
		t.Errorf("in English: %s", a.text)
	} else if second := s.seen("/v1/me/notices?limit=1&cursor="+a.id("next"), s.as(owner), told); line(second, 0, "kind") != "application_received" || second.at("next") == nil {
		t.Errorf("the second page: %s", second.text)
	}
	if a := s.seen("/v1/me/notices", s.as(guest), told); a.at("all") != 1.0 ||
		line(a, 0, "kind") != "you_are_deregistered" ||
		!strings.HasPrefix(line(a, 0, "text"), "Сіз") {
		t.Errorf("R16 the deregistered person's inbox: %s", a.text)
	}
	if a := s.seen("/v1/me/notices", s.as(stranger), told); a.at("all") != 0.0 || len(a.at("notices").([]any)) != 0 {
		t.Errorf("a stranger's inbox: %s", a.text)
	}
	caseID := s.seen("/v1/cases/"+out.id("case_id"), s.as(owner), told)
	if caseID.at("notified_at") == nil {
		t.Errorf("C11 the decision is not notified: %s", caseID.text)
	}
	s.get("/v1/me/notices?cursor=x", s.as(owner)).
		refused(http.StatusUnprocessableEntity, domain.CodeMalformed, "query.cursor")
	metrics := s.scrape()
	for _, want := range []string{`tizilim_notices{state="owed"} 0`, `tizilim_notices{state="queued"} 0`, `tizilim_notices{state="given_up"} 0`, "tizilim_notices_oldest_seconds 0"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
}

func TestAContactWhoseCodeHasExpiredIsNotShownAsAwaited(t *testing.T) {
	r := start(t)
	s := r.at(t)
	person := s.citizen()
	s.command("/v1/me/contacts", s.as(person), body{"phone": "+77012345678", "language": "kk"}).is(http.StatusOK)
	if a := s.get("/v1/me/contacts", s.as(person)).is(http.StatusOK); a.at("unconfirmed", "phone") != "+7********78" {
		t.Fatalf("it is not awaited: %s", a.text)
	}
	r.clock.pass(24 * time.Hour)
	a := s.get("/v1/me/contacts", s.as(person)).is(http.StatusOK)
	if a.at("unconfirmed") != nil || a.at("phone") != nil {
		t.Errorf("after a day: %s", a.text)
	}
}

func TestContactsAreMaskedAndNeverLogged(t *testing.T) {
	r := start(t)
	s := r.at(t)
	s.notify(nil)
	person, operator := s.citizen(), s.token(domain.RoleOperator)
	const phone, email = "+77012345678", "aigul.secret@example.kz"
	secret := func(text string) bool {
		return strings.Contains(text, phone[3:10]) || strings.Contains(text, "igul.secret")
	}
	if got := s.get("/v1/me/contacts", s.as(person)).is(http.StatusOK); got.at("phone") != nil ||
		got.at("email") != nil {
		t.Errorf("before any: %s", got.text)
	}
	state := body{"phone": phone, "email": email, "language": "kk"}
	for _, a := range []*answer{
		s.command("/v1/me/contacts?dry_run=true", s.as(person), state).is(http.StatusOK),
		s.command("/v1/me/contacts", s.as(person), state).is(http.StatusOK),
		s.get("/v1/me/contacts", s.as(person)).is(http.StatusOK),
	} {
		if a.at("phone") != nil || a.at("unconfirmed", "phone") != "+7********78" || a.at("language") != "kk" ||
			a.at("unconfirmed", "email") != "a***@example.kz" || secret(a.text) {
			t.Errorf("answered %s", a.text)
		}
	}
	for _, m := range s.mobile.messages() {
		if a := s.command("/v1/me/contacts/confirmation", s.as(person), codeOf(m)).is(http.StatusOK); secret(a.text) {
			t.Errorf("answered %s", a.text)
		}
	}
	if a := s.get("/v1/me/contacts", s.as(person)).is(http.StatusOK); a.at("phone") != "+7********78" ||
		a.at("email") != "a***@example.kz" || a.at("unconfirmed") != nil || secret(a.text) {
		t.Errorf("confirmed: %s", a.text)
	}
	s.command("/v1/me/contacts", s.as(person), body{"phone": phone, "email": email, "language": "kk"}).
		refused(http.StatusConflict, domain.CodeNothingChanges, "")
	s.command("/v1/me/contacts", s.as(person), body{"phone": phone[1:], "language": "kk"}).
		refused(http.StatusUnprocessableEntity, domain.CodePhoneFormat, "phone")
	s.command("/v1/persons/"+person+"/contacts", operator, body{"email": "nobody", "language": "kk"}).
		refused(http.StatusUnprocessableEntity, domain.CodeEmailFormat, "email")
	s.command("/v1/persons/"+nobody+"/contacts", operator, body{"language": "kk"}).
		refused(http.StatusNotFound, domain.CodePersonUnknown, "")
	s.command("/v1/me/contacts", s.token(domain.RoleCitizen), body{"language": "kk"}).
		refused(http.StatusNotFound, domain.CodeNotFound, "")
	s.get("/v1/me/contacts", s.token(domain.RoleCitizen)).refused(http.StatusNotFound, domain.CodeNotFound, "")
	s.command("/v1/persons/"+person+"/contacts", operator, body{"phone": phone, "language": "en"}).
		refused(http.StatusUnprocessableEntity, domain.CodeBasisRequired, "basis")
	a := s.command(
		"/v1/persons/"+person+"/contacts", operator, body{"phone": phone, "language": "en", "basis": paper},
	).is(http.StatusOK)
	if a.at("email") != nil || secret(a.text) {
		t.Errorf("answered %s", a.text)
	}
	// A gateway that fails, and its error, are logged without whom they are about.
	failing := &refusing{}
	s.notify(
		s.command("/v1/deregistrations", s.as(person), removal(person, s.home(person), person)).is(http.StatusCreated),
		failing,
	)
	s.notify(nil, failing)
	if failing.asked.Load() == 0 {
		t.Error("control: nothing was sent")
	}
	if secret(r.logged.String()) {
		t.Error("the log shows contacts")
	}
}

// refusing is a gateway that refuses everything; several messages may come at once.
type refusing struct{ asked atomic.Int64 }

func (g *refusing) Send(_ context.Context, m command.Message) error {
	g.asked.Add(1)
	return fmt.Errorf("no: %v", m)
}

// home is a dwelling of the person, who resides there.
func (s *subtest) home(person string) string {
	s.t.Helper()
	home := s.dwelling(person)
	s.registered(person, home, "2026-03-01", "")
	return home
}
