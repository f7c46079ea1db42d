package httpapi_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
	"tizilim/domain/rules"
	"tizilim/eventstore"
	"tizilim/eventstore/command"
	"tizilim/projections"
)

// retention is longer than the rules keep the record of a person.
const retention = 6 * 366 * 24 * time.Hour

func TestC22_WhatBarsAnErasureIsToldAndNothingIsErased(t *testing.T) {
	r := start(t)
	s := r.at(t)
	provider := s.token(domain.RoleProvider)
	erase := func(id, says string) {
		t.Helper()
		refused := s.command("/v1/persons/"+id+"/erasure", provider, body{"basis": "retention_over", "reference": "order 15"}).
			refused(http.StatusConflict, domain.CodeErasureBarred, "")
		if !strings.Contains(refused.text, says) {
			t.Errorf("it says %s, want %q", refused.text, says)
		}
	}
	resident, applicant, held := s.citizen(), s.citizen(), s.citizen()
	s.registered(resident, s.dwelling(), "2026-03-01", "")
	list := s.list()
	s.applied(applicant, list)
	listed, _, _ := s.entry(s.list())
	another := s.list()
	tenant, entry, _ := s.entry(another)
	s.command(entryPath(another, entry)+"/provision", s.token(domain.RoleCommission), body{
		"dwelling_id": s.service(), "useful_area": 30, "rooms": 1, "need_check": needed, "minutes": body{"number": "12"},
	}).is(http.StatusOK)
	s.command("/v1/persons/"+held+"/holds", provider, body{"basis": "ruling 7"}).is(http.StatusCreated)
	erase(held, "hold")
	erase(s.citizen(), "must be kept until")
	r.clock.pass(retention)
	provider = s.token(domain.RoleProvider)
	erase(resident, "registration")
	erase(applicant, "case")
	erase(held, "hold")
	erase(listed, "entry on a list")
	erase(tenant, "rents")
	s.command("/v1/persons/"+resident+"/erasure", s.token(domain.RoleOperator), body{"basis": "retention_over", "reference": "r"}).
		refused(http.StatusForbidden, domain.CodeRoleNotAllowed, "")
	if text := s.get("/v1/persons/"+resident+"/history", s.token(domain.RoleAuditor)).is(http.StatusOK).text; strings.Contains(text, domain.Erased) {
		t.Error("something was erased")
	}
}

func TestC22_AnErasedPersonIsReadableNowhereAndEverythingElseStays(t *testing.T) {
	r := start(t)
	s := r.at(t)
	operator := s.token(domain.RoleOperator)
	iin := s.iin()
	record := body{"iin": iin, "name": "Айгүл Ескіқызы", "birth_date": "1990-05-17", "class": "citizen"}
	person := s.command("/v1/persons", operator, record).is(http.StatusCreated).id("person_id")
	other := s.citizen()
	s.searched(iin, http.StatusOK)
	r.clock.pass(retention)
	operator, provider := s.token(domain.RoleOperator), s.token(domain.RoleProvider)
	key := header{"Idempotency-Key", "erase"}
	erasure := body{"basis": "retention_over", "reference": "order 15"}
	erased := s.command("/v1/persons/"+person+"/erasure", provider, erasure, key).is(http.StatusOK)
	again := s.command("/v1/persons/"+person+"/erasure", provider, erasure, key).is(http.StatusOK)
	if erased.text != again.text {
		t.Errorf("repeated, it answers\n%s\nand not\n%s", again.text, erased.text)
	}
	s.command("/v1/persons/"+person+"/erasure", provider, erasure).refused(http.StatusNotFound, domain.CodePersonUnknown, "")

	history := func() string {
		t.Helper()
		return s.get("/v1/persons/"+person+"/history", s.token(domain.RoleAuditor)).is(http.StatusOK).text
	}
	s.until("the history has the whole erasure", func() bool { return strings.Contains(history(), "ErasureCompleted") })
	text := history()
	for _, value := range []string{iin, "Айгүл", "1990-05-17"} {
		if strings.Contains(text, value) {
			t.Errorf("the history shows %s", value)
		}
	}
	for _, value := range []string{domain.Erased, "PersonErased", "ErasureCompleted", "order 15"} {
		if !strings.Contains(text, value) {
			t.Errorf("the history does not show %s: %s", value, text)
		}
	}
	s.searched(iin, http.StatusNotFound)
	s.command("/v1/registrations", operator, registration(person, s.dwelling(), "2032-03-01", "")).
		refused(http.StatusUnprocessableEntity, domain.CodePersonUnknown, "person_id")
	if text := s.get("/v1/persons/"+other+"/history", s.token(domain.RoleAuditor)).is(http.StatusOK).text; strings.Contains(text, domain.Erased) {
		t.Error("somebody else was erased too")
	}
	r.verified()

	// The same IIN is the same person, with a new key: what was erased stays so.
	s.command("/v1/persons", operator, record).is(http.StatusCreated)
	s.searched(iin, http.StatusOK)
	s.until("the history has the new record", func() bool { return strings.Contains(history(), "Айгүл") })
	if text := history(); !strings.Contains(text, domain.Erased) {
		t.Errorf("the history of a person who is recorded again: %s", text)
	}
}

// nameRecorded is the name that a process reads in the first event of the person.
func (s *subtest) nameRecorded(store *eventstore.Store, person string) string {
	s.t.Helper()
	rec, err := store.ReadEvent(s.ctx(), parse[domain.PersonID](person).Stream(), 0)
	must(s.t, err)
	return string(rec.Event.(residence.PersonRecorded).Name)
}

// crashing are data keys of a process that dies before it destroys one.
type crashing struct{ command.DataKeys }

func (crashing) DestroyKeys(context.Context, uuid.UUID, uint32) error {
	return errors.New("the process died")
}

// TestC22_EveryProcessForgetsAndTheNextOneCompletes follows an erasure whose process dies
// before it destroys a key, through two others: each holds the key in memory.
func TestC22_EveryProcessForgetsAndTheNextOneCompletes(t *testing.T) {
	r := start(t)
	s := r.at(t)
	person := s.citizen()
	r.clock.pass(retention)
	model := readModel{r.model, r.watch}
	dies := r.handlerWith(r.store, crashing{r.store}, model, rules.Book{})
	cmd := domaintest.Command()
	cmd.Now = r.clock.Now()
	_, err := dies.ErasePerson(s.ctx(), cmd, parse[domain.PersonID](person),
		residence.Erase{Basis: residence.RetentionOver, Reference: "order 15"}, command.Options{})
	must(t, err)
	stores := []*eventstore.Store{r.store, r.open(), r.open()}
	for _, store := range stores {
		if got := s.nameRecorded(store, person); got != "Айгүл Серікқызы" {
			t.Fatalf("the key is gone already, so this test says nothing: the name is %q", got)
		}
	}
	must(t, r.watch.CatchUp(s.ctx()))
	var work sync.WaitGroup
	for _, store := range stores {
		eraser := command.NewEraser(r.handlerWith(store, store, model, rules.Book{}), r.log)
		work.Go(func() {
			if err := eraser.Once(s.ctx()); err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	for i, store := range append(stores, r.open()) {
		if got := s.nameRecorded(store, person); got != domain.Erased {
			t.Errorf("process %d reads the name %q", i, got)
		}
	}
	completed := 0
	for rec, err := range r.store.Read(s.ctx(), parse[domain.PersonID](person).Stream(), 0) {
		must(t, err)
		if _, ok := rec.Event.(residence.ErasureCompleted); ok {
			completed++
		}
	}
	if completed != 1 {
		t.Errorf("the log says %d times that the keys are destroyed", completed)
	}
	r.verified()
}

// TestC22_AnErasedPersonIsNamedInNoDocument, also not in one that was drawn before.
func TestC22_AnErasedPersonIsNamedInNoDocument(t *testing.T) {
	p := issuePapers(t)
	address, pdf := p.path("refusal_certificate"), header{"Accept", "application/pdf"}
	const reasons = "Өтініш беруші келісім бермеді."
	page, shown := p.shown(address, pdf).is(http.StatusOK), p.shown(address).is(http.StatusOK)
	if !strings.Contains(shown.text, "Айгүл") || !strings.Contains(shown.text, reasons) {
		t.Fatalf("it names nobody, so this test says nothing: %s", shown.text)
	}
	p.clock.pass(retention)
	p.command("/v1/persons/"+p.unfit+"/erasure", p.token(domain.RoleProvider), body{
		"basis": "retention_over", "reference": "order 15",
	}).is(http.StatusOK)
	after := p.shown(address).is(http.StatusOK)
	if strings.Contains(after.text, "Айгүл") || strings.Contains(after.text, reasons) ||
		!strings.Contains(after.text, domain.Erased) {
		t.Errorf("the document says %s", after.text)
	}
	drawn := p.shown(address, pdf, header{"If-None-Match", page.header.Get("ETag")}).is(http.StatusOK)
	if drawn.text == page.text {
		t.Error("the page that was drawn before is still given out")
	}
}

// verified compares the read model with the log.
func (r *registry) verified() {
	r.t.Helper()
	report, err := projections.Verify(context.Background(), r.redis, r.store, projections.Options{Logger: r.log, Now: r.clock.Now}, nil)
	must(r.t, err)
	if report.Different > 0 || report.Quarantined > 0 {
		r.t.Errorf("the read model is not what the log says: %+v", report)
	}
}

// searched looks a person up by IIN.
func (s *subtest) searched(iin string, status int) {
	s.t.Helper()
	s.send(http.MethodPost, "/v1/persons/search", s.token(domain.RoleOperator), body{"purpose": "service", "iin": iin}).is(status)
}
