package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/notice"
	"tizilim/domain/otp"
	"tizilim/eventstore/command"
)

var passwordKey = command.PasswordKey("a third key that no registry has")

// mobile is the mobile-citizens base and the SMS gateway of a test.
type mobile struct {
	mu     sync.Mutex
	phones map[domain.IIN]domain.Personal
	sent   []command.Message
	away   error // what either answers
}

func (m *mobile) Phone(_ context.Context, iin domain.IIN) (domain.Personal, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.phones[iin], m.away
}

func (m *mobile) Send(_ context.Context, message command.Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away == nil {
		m.sent = append(m.sent, message)
	}
	return m.away
}

func (m *mobile) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.away = err
}

func (m *mobile) messages() []command.Message {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]command.Message(nil), m.sent...)
}

// bind has the mobile-citizens base know the telephone as the person's.
func (s *subtest) bind(person string, phone domain.Personal) {
	s.mobile.mu.Lock()
	defer s.mobile.mu.Unlock()
	if s.mobile.phones == nil {
		s.mobile.phones = map[domain.IIN]domain.Personal{}
	}
	s.mobile.phones[s.iinOf(person)] = phone
}

// confirm has the person's account hold the telephone.
func (s *subtest) confirm(person string, phone domain.Personal) {
	s.t.Helper()
	s.contacts(person, body{"phone": string(phone), "language": "en"})
}

// phone draws a telephone that nobody has.
func (s *subtest) phone() domain.Personal {
	return domain.Personal(fmt.Sprintf("+7702%07d", s.phones.Add(1)))
}

// contacts has the person state contacts and confirm each with the code that was sent.
func (s *subtest) contacts(person string, c body) {
	s.t.Helper()
	before := len(s.mobile.messages())
	s.command("/v1/me/contacts", s.as(person), c).is(http.StatusOK)
	for _, m := range s.mobile.messages()[before:] {
		s.command("/v1/me/contacts/confirmation", s.as(person), codeOf(m)).is(http.StatusOK)
	}
}

// codeOf hands in the code that a message brought.
func codeOf(m command.Message) body {
	contact := "phone"
	if m.Way == notice.Email {
		contact = "email"
	}
	return body{"contact": contact, "code": sixDigits.FindString(string(m.Text))}
}

func (s *subtest) reachable(person string, phone domain.Personal) {
	s.t.Helper()
	s.bind(person, phone)
	s.confirm(person, phone)
}

var sixDigits = regexp.MustCompile(`\b[0-9]{6}\b`)

// password asks for a code for the request under the key, and returns the
// signature that it makes.
func (s *subtest) password(person string, form body, key header) body {
	s.t.Helper()
	text, err := signingText("POST "+applyPath, form, key)
	must(s.t, err)
	a := s.command("/v1/otp", s.as(person), body{"digest": domain.TextDigest(text)}).is(http.StatusCreated)
	sent := s.mobile.messages()
	code := sixDigits.FindString(string(sent[len(sent)-1].Text))
	if code == "" {
		s.t.Fatal("the SMS has no code")
	}
	if strings.Contains(a.text, code) {
		s.t.Error("the answer tells the code")
	}
	return body{"method": "otp", "challenge": a.id("challenge"), "code": code}
}

// wrong is another code than the right one.
func wrong(signature body) body {
	code := signature["code"].(string)
	return signature.with(body{"code": fmt.Sprintf("%06d", (atoi(code)+1)%1_000_000)})
}

func atoi(s string) (n int) {
	for _, d := range s {
		n = n*10 + int(d-'0')
	}
	return n
}

func TestC19_AnApplicationSignedByAOneTimePassword(t *testing.T) {
	r := start(t)
	s := r.at(t)
	person, list := s.citizen(), s.list()
	s.reachable(person, "+77010000042")
	form, key := application(
		person,
		list,
	).with(body{"channel": "portal", "signature": nil}),
		header{
			"Idempotency-Key",
			"key",
		}
	signature := s.password(person, form, key)
	got := s.mobile.messages()[1:] // after the code that confirmed the telephone
	if len(got) != 1 || got[0].To != "+77010000042" || got[0].Way != notice.SMS {
		t.Fatalf("sent %d messages", len(got))
	}
	s.command(applyPath+"?dry_run=true", s.as(person), form.with(body{"signature": signature}), key).is(200)
	a := s.command(applyPath, s.as(person), form.with(body{"signature": signature}), key).is(201)
	e := s.stream("case-" + a.id("case_id"))[0].Event.(housing.ApplicationReceived)
	if e.Signature != domain.SignatureOTP || e.Evidence.Challenge.String() != signature["challenge"] ||
		e.Evidence.Signer != parse[domain.PersonID](person) ||
		e.Evidence.Text == "" {
		t.Error("the log does not tell how the application was signed")
	}
	if got := s.passwordEvents(person); got != "OneTimePasswordIssued OneTimePasswordVerified" {
		t.Errorf("recorded %s", got)
	}
	// The same command again is the same answer; another one finds the code used.
	again := s.command(applyPath, s.as(person), form.with(body{"signature": signature}), key).is(201)
	if again.id("case_id") != a.id("case_id") {
		t.Error("the repetition is another case")
	}
	s.command(applyPath, s.as(person), form.with(body{"signature": signature}), header{"Idempotency-Key", "another"}).
		refused(422, domain.CodePasswordUsed, "signature.challenge")
	code := signature["code"].(string)
	for _, rec := range s.stream(otp.Stream(parse[domain.PersonID](person))) {
		if strings.Contains(fmt.Sprintf("%+v", rec), code) {
			t.Error("the log of the challenge tells the code")
		}
	}
	if strings.Contains(s.logged.String(), code) || strings.Contains(s.scrape(), code) {
		t.Error("a log line or a metric tells the code")
	}
}

// passwordEvents names what happened to the person's one-time passwords.
func (s *subtest) passwordEvents(person string) string {
	s.t.Helper()
	var names []string
	for _, rec := range s.stream(otp.Stream(parse[domain.PersonID](person))) {
		names = append(names, rec.Event.EventType())
	}
	return strings.Join(names, " ")
}

func TestC19_WhatAOneTimePasswordDoesNotSign(t *testing.T) {
	r := start(t)
	s := r.at(t)
	list := s.list()
	// applicant is a fresh citizen with a code for an application.
	applicant := func(s *subtest) (person string, form body, key header, signature body) {
		person, key = s.citizen(), header{"Idempotency-Key", s.key()}
		s.reachable(person, s.phone())
		form = application(person, list).with(body{"channel": "portal", "signature": nil})
		return person, form, key, s.password(person, form, key)
	}
	for name, c := range map[string]struct {
		change func(s *subtest, person string, form, signature body) (body, body)
		code   domain.Code
		field  string
	}{
		"C19 a wrong code": {func(_ *subtest, _ string, f, sig body) (body, body) { return f, wrong(sig) }, domain.CodePasswordWrong, "signature.code"},
		"C19 no code":      {func(_ *subtest, _ string, f, sig body) (body, body) { return f, sig.with(body{"code": nil}) }, domain.CodeRequired, "signature.code"},
		"C19 no challenge": {func(_ *subtest, _ string, f, sig body) (body, body) { return f, body{"method": "otp"} }, domain.CodeRequired, "signature.challenge"},
		"C16 another form": {func(_ *subtest, _ string, f, sig body) (body, body) { return f.with(body{"consent": false}), sig }, domain.CodeChallengeOther, "signature.challenge"},
		"C19 too late": {func(s *subtest, _ string, f, sig body) (body, body) {
			s.clock.pass(5 * time.Minute)
			return f, sig
		}, domain.CodePasswordExpired, "signature.challenge"},
		"C19 superseded": {func(s *subtest, person string, f, sig body) (body, body) {
			s.password(person, f, header{"Idempotency-Key", "another"})
			return f, sig
		}, domain.CodePasswordSuperseded, "signature.challenge"},
		"C19 of another person": {func(s *subtest, _ string, f, _ body) (body, body) {
			_, _, _, others := applicant(s)
			return f, others
		}, domain.CodeChallengeUnknown, "signature.challenge"},
		"C19 the telephone has changed": {func(s *subtest, person string, f, sig body) (body, body) {
			s.reachable(person, "+77019999999")
			return f, sig
		}, domain.CodePhoneChanged, "signature.challenge"},
	} {
		t.Run(name, func(t *testing.T) {
			s := r.at(t)
			person, form, key, signature := applicant(s)
			form, signature = c.change(s, person, form, signature)
			s.command(applyPath, s.as(person), form.with(body{"signature": signature}), key).
				refused(422, c.code, c.field)
		})
	}
	t.Run("C19 locked after five wrong codes", func(t *testing.T) {
		s := r.at(t)
		person, form, key, signature := applicant(s)
		bad := signature
		for range 4 {
			bad = wrong(bad)
			s.command(applyPath, s.as(person), form.with(body{"signature": bad}), key).
				refused(422, domain.CodePasswordWrong, "signature.code")
			// The very same request again is no further try.
			s.command(applyPath, s.as(person), form.with(body{"signature": bad}), key).
				refused(422, domain.CodePasswordWrong, "signature.code")
		}
		s.command(applyPath, s.as(person), form.with(body{"signature": wrong(bad)}), key).
			refused(422, domain.CodePasswordLocked, "signature.challenge")
		s.command(applyPath, s.as(person), form.with(body{"signature": signature}), key).
			refused(422, domain.CodePasswordLocked, "signature.challenge")
		if got := s.passwordEvents(person); got != "OneTimePasswordIssued"+strings.Repeat(
			" OneTimePasswordRejected",
			5,
		)+" OneTimePasswordLocked" {
			t.Errorf("recorded %s", got)
		}
	})
	t.Run("C19 by an EDS, with a code", func(t *testing.T) {
		s := r.at(t)
		person, form, key, signature := applicant(s)
		s.command(applyPath, s.as(person), form.with(body{"signature": map[string]any(signature.with(body{"method": "eds"}))}), key).
			refused(422, domain.CodeMalformed, "signature.challenge")
	})
	t.Run("C17 a deregistration takes none", func(t *testing.T) {
		s := r.at(t)
		person, _, _, signature := applicant(s)
		dwelling := s.dwelling(person)
		s.registered(person, dwelling, "2026-03-01", "")
		s.command("/v1/deregistrations", s.as(person), removal(person, dwelling, person).with(body{"signature": signature})).
			refused(422, domain.CodeSignatureMethod, "signature.method")
	})
	t.Run("C19 a refusal for another reason costs nothing", func(t *testing.T) {
		s := r.at(t)
		person, form, key, signature := applicant(s)
		s.command(applyPath, s.as(person), form.with(body{"list_id": domaintest.ID[domain.ListID]("none"), "signature": signature}), key).
			is(404)
		s.command(applyPath, s.as(person), form.with(body{"signature": signature}), key).is(201)
	})
}

func TestC19_WhoGetsAOneTimePassword(t *testing.T) {
	r := start(t)
	s := r.at(t)
	digest := body{"digest": strings.Repeat("0", 64)}
	person := s.citizen()
	s.command("/v1/otp", s.as(person), digest).refused(409, domain.CodePhoneNotConfirmed, "")
	s.confirm(person, "+77010000000")
	s.command("/v1/otp", s.as(person), digest).refused(409, domain.CodeNotMobileCitizen, "")
	s.bind(person, "+77020000000")
	s.command("/v1/otp", s.as(person), digest).refused(409, domain.CodePhoneNotRegistered, "")
	s.bind(person, "+77010000000")
	s.command("/v1/otp", s.as(person), digest.with(body{"phone": "+77030000000"})).
		refused(422, domain.CodeUnknownField, "phone")
	s.command("/v1/otp", s.as(person), body{"digest": "12"}).refused(422, domain.CodeMalformed, "digest")
	if n := len(s.mobile.messages()); n != 1 { // the one that confirmed the telephone
		t.Fatalf("%d codes were sent to who gets none", n-1)
	}

	s.mobile.fail(errors.New("away"))
	s.command("/v1/otp", s.as(person), digest).refused(503, domain.CodeMobileCitizensAway, "")
	s.mobile.fail(nil)

	key := header{"Idempotency-Key", "one"}
	a := s.command("/v1/otp", s.as(person), digest, key).is(201)
	if a.id("sent_to") != "…00" || strings.Contains(a.text, "+7701") {
		t.Errorf("answered %s", a.text)
	}
	// The same request sends the same code under the same id.
	s.command("/v1/otp", s.as(person), digest, key).is(201)
	if sent := s.mobile.messages()[1:]; len(sent) != 2 || sent[0] != sent[1] {
		t.Errorf("sent %d messages, or another one", len(sent))
	}
	s.command("/v1/otp?dry_run=true", s.as(person), digest).is(200)
	for range 4 {
		s.command("/v1/otp", s.as(person), digest).is(201)
	}
	s.command("/v1/otp", s.as(person), digest).refused(409, domain.CodeTooManyPasswords, "")
	if n := len(s.mobile.messages()) - 1; n != 6 {
		t.Errorf("%d messages were sent, want 6", n)
	}
	// One that is superseded is not sent again.
	s.command("/v1/otp", s.as(person), digest, key).is(201)
	if n := len(s.mobile.messages()) - 1; n != 6 {
		t.Error("a code that is worth nothing was sent")
	}
}

func TestC19_TwiceAtOnceIsOnce(t *testing.T) {
	r := start(t)
	s := r.at(t)
	person, list := s.citizen(), s.list()
	s.reachable(person, "+77010000000")
	form, key := application(
		person,
		list,
	).with(body{"channel": "portal", "signature": nil}),
		header{
			"Idempotency-Key",
			"key",
		}
	signed := form.with(body{"signature": s.password(person, form, key)})
	before := s.head()
	answers := make([]*answer, 16)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			with := key
			if i%2 == 1 {
				with = header{"Idempotency-Key", fmt.Sprint("other ", i)}
			}
			a, err := s.try("POST", applyPath, s.as(person), signed, with)
			if err != nil {
				t.Error(err)
			}
			answers[i] = a
		})
	}
	all.Wait()
	cases := map[string]bool{}
	for _, a := range answers {
		if a.status == 201 {
			cases[a.id("case_id")] = true
		}
	}
	if len(cases) != 1 || s.head() == before {
		t.Errorf("C19 one code signed %d applications", len(cases))
	}
}
