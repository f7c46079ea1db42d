package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/accesslog"
)

const draftPath = "/v1/me/drafts/s000"

func TestADraftIsKeptForItsPersonAlone(t *testing.T) {
	r := start(t)
	s := r.at(t)
	person, other := s.citizen(), s.citizen()
	form := body{"family": []body{{"iin": "999999000020", "name": "Ерекшеат Сирекұлы"}}, "consent": true}
	before := s.head()
	for _, f := range []body{{"consent": false}, form} { // the later one takes the place of the first
		s.send("PUT", draftPath, s.as(person), body{"form": f}).is(http.StatusOK)
	}
	kept := s.get(draftPath, s.as(person)).is(http.StatusOK)
	if !jsonEqual(kept.at("form"), form) || kept.at("until") != "2026-04-14" {
		t.Errorf("the draft is %s", kept.text)
	}
	if s.head() != before {
		t.Error("a draft is in the log")
	}
	s.get(draftPath, s.as(other)).refused(http.StatusNotFound, domain.CodeNotFound, "")
	s.get("/v1/me/drafts/s001", s.as(person)).refused(http.StatusNotFound, domain.CodeNotFound, "")
	s.get(draftPath, s.token(domain.RoleAuditor)).refused(http.StatusForbidden, domain.CodeRoleNotAllowed, "")

	sealed := 0
	keys, err := r.redis.Keys(r.ctx(), "*draft*").Result()
	must(t, err)
	for _, key := range keys {
		value, err := r.redis.Get(r.ctx(), key).Result()
		must(t, err)
		sealed++
		if strings.Contains(value, "Ерекшеат") || strings.Contains(value, "999999000020") {
			t.Errorf("Redis has the draft in clear: %s", value)
		}
		if ttl, err := r.redis.TTL(r.ctx(), key).Result(); err != nil || ttl <= 0 || ttl > 31*24*time.Hour {
			t.Errorf("Redis keeps it for %v: %v", ttl, err)
		}
		// What is sealed for one person opens for nobody else.
		must(t, r.redis.Set(r.ctx(), strings.Replace(key, person, other, 1), value, time.Hour).Err())
	}
	if sealed != 1 {
		t.Errorf("Redis has %d drafts", sealed)
	}
	if a := s.get(draftPath, s.as(other)); a.status == http.StatusOK {
		t.Errorf("another's draft was opened: %s", a.text)
	}

	s.send("DELETE", draftPath, s.as(person), nil).is(http.StatusOK)
	s.get(draftPath, s.as(person)).refused(http.StatusNotFound, domain.CodeNotFound, "")
	s.send("DELETE", draftPath, s.as(person), nil).refused(http.StatusNotFound, domain.CodeNotFound, "")
	s.send("PUT", draftPath, s.as(person), body{"form": body{"note": strings.Repeat("x", 16<<10)}}).
		refused(http.StatusUnprocessableEntity, domain.CodeTooLong, "form")
	s.send("PUT", draftPath, s.token(domain.RoleCitizen), body{"form": form}).
		refused(http.StatusNotFound, domain.CodePersonUnknown, "")
}

func TestADraftEndsWithItsLastDayAndWithTheDataOfItsPerson(t *testing.T) {
	s := start(t).at(t)
	s.clock.pass(-retention)
	gone := s.citizen()
	s.clock.pass(retention)
	person := s.citizen()
	keep := func(of string) {
		s.send("PUT", draftPath, s.as(of), body{"form": body{"consent": true}}).is(http.StatusOK)
	}
	keep(gone)
	keep(person)
	s.command("/v1/persons/"+gone+"/erasure", s.token(domain.RoleProvider), body{
		"basis": "retention_over", "reference": "order 15",
	}).is(http.StatusOK)
	s.until("the key is destroyed", func() bool { return s.get(draftPath, s.as(gone)).status == http.StatusNotFound })
	s.clock.pass(30 * 24 * time.Hour)
	s.get(draftPath, s.as(person)).is(http.StatusOK) // the last day
	s.clock.pass(24 * time.Hour)
	s.get(draftPath, s.as(person)).refused(http.StatusNotFound, domain.CodeNotFound, "")
}

// TestAnApplicationIsSentAsItWasPrefilled: the form of the registry, with consent and signature, is taken.
func TestAnApplicationIsSentAsItWasPrefilled(t *testing.T) {
	s := start(t).at(t)
	person, wife, list := s.citizen(), s.citizen(), s.list()
	home := s.dwelling(person)
	s.registered(person, home, "2026-03-01", "")
	child := s.ward(person)
	first := s.command(applyPath, s.as(person), onPortal(person, list, body{"person_id": wife, "relation": "spouse"})).
		is(http.StatusCreated)
	withdrawn := s.command("/v1/cases/"+first.id("case_id")+"/withdrawal", s.as(person), body{}).is(http.StatusOK)

	filled := s.seen(draftPath+"/prefilled", s.as(person), withdrawn)
	if filled.at("applicant", "name") != "Айгүл Серікқызы" || !strings.Contains(filled.at("address").(string), "Мәңгілік Ел") ||
		filled.at("family", 0, "person_id") != wife || filled.at("family", 1, "person_id") != child ||
		filled.at("dwellings", 0, "owned") != true || filled.at("requirements", "service") != "S000" {
		t.Fatalf("prefilled: %s", filled.text)
	}
	if strings.Contains(filled.text, string(s.iinOf(wife))) {
		t.Errorf("it shows a whole IIN: %s", filled.text)
	}
	entries := 0
	for _, rec := range s.stream(accesslog.Stream(parse[domain.PersonID](wife))) {
		if e := rec.Event.(accesslog.PersonalDataRead); e.Operation == "get-prefilled" && e.Purpose == accesslog.Party {
			entries++
		}
	}
	if entries != 1 {
		t.Errorf("the wife has %d entries in her access log", entries)
	}
	form := body(filled.at("housing_application").(map[string]any)).with(body{
		"consent": true, "signature": body{"method": "eds"},
	})
	again := s.command(applyPath, s.as(person), form).is(http.StatusCreated)
	rec := s.stream("case-" + again.id("case_id"))[0]
	sameAsSigned(t, "an application as it was prefilled", rec)

	// The owner removes a guest at the one dwelling that they own.
	guest, iin := s.bearing("Әбенов Ерлан")
	came := s.registered(guest, home, "2026-03-02", "")
	filled = s.seen("/v1/me/drafts/s001/prefilled", s.as(person), came)
	form = body(filled.at("deregistration").(map[string]any)).with(body{
		"named": []body{byName(iin, "Әбенов Ерлан")}, "signature": body{"method": "eds"},
	})
	if out := s.command("/v1/deregistrations", s.as(person), form).is(http.StatusCreated); out.at("results", 0, "outcome") != "deregistered" {
		t.Errorf("the guest is %s", out.text)
	}
	s.get("/v1/me/drafts/s001/prefilled?list_id="+list, s.as(person)).
		refused(http.StatusUnprocessableEntity, domain.CodeMemberNotAllowed, "query.list_id")
	s.get(draftPath+"/prefilled?ground=owner_application", s.as(person)).
		refused(http.StatusUnprocessableEntity, domain.CodeMemberNotAllowed, "query.ground")
	s.get(draftPath+"/prefilled", s.token(domain.RoleCitizen)).refused(http.StatusNotFound, domain.CodePersonUnknown, "")
}
