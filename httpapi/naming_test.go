package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
	"tizilim/httpapi"
)

// bearing records a citizen of the name, and returns the IIN too.
func (s *subtest) bearing(name string) (person, iin string) {
	s.t.Helper()
	iin = s.iin()
	return s.command("/v1/persons", s.token(domain.RoleOperator), body{
		"iin": iin, "name": name, "birth_date": "1990-05-17", "class": "citizen",
	}).is(http.StatusCreated).id("person_id"), iin
}

// onPortal is an application of a citizen with the members of the family.
func onPortal(person, list string, family ...body) body {
	return body{
		"channel": "portal", "list_id": list, "applicant_id": person, "consent": true, "service": serves,
		"family": append([]body{}, family...), "signature": body{"method": "eds"},
	}
}

func byName(iin, name string) body { return body{"iin": iin, "name": name} }

func spouse(of body) body { return of.with(body{"relation": "spouse"}) }

// namedReads are the entries of the person's access log that say who named them.
func (s *subtest) namedReads(person string) (all []accesslog.PersonalDataRead) {
	s.t.Helper()
	for _, rec := range s.stream(accesslog.Stream(parse[domain.PersonID](person))) {
		if e, ok := rec.Event.(accesslog.PersonalDataRead); ok && e.Purpose == accesslog.Named {
			all = append(all, e)
		}
	}
	return all
}

func TestR55_TheFamilyOfAnApplicationIsNamedByIINAndName(t *testing.T) {
	s := start(t).at(t)
	list, person := s.list(), s.citizen()
	wife, iin := s.bearing("Қасымова Әсел Ұланқызы")
	form := onPortal(person, list, spouse(byName(iin, "asel KASYMOVA"))).with(body{
		"documents": []body{{"type": "marriage_certificate", "number": "AA-1", "iin": iin}},
	})
	key := header{"Idempotency-Key", "by name"}
	dry := s.command(applyPath+"?dry_run=true", s.as(person), form, key).is(http.StatusOK)
	applied := s.command(applyPath, s.as(person), form, key).is(http.StatusCreated)
	if !jsonEqual(dry.at("events", 0, "data", "family"), applied.at("events", 0, "data", "family")) {
		t.Errorf("a dry run says %s", dry.text)
	}
	rec := s.stream("case-" + applied.id("case_id"))[0]
	e := rec.Event.(housing.ApplicationReceived)
	who := parse[domain.PersonID](wife)
	if len(e.Family) != 1 || e.Family[0].PersonID != who || e.Documents[0].PersonID != who {
		t.Fatalf("the family is %v, the documents are %+v", e.Family, e.Documents)
	}
	sameAsSigned(t, "R55 C16 an application by name", rec)
	for what, change := range map[string]func(*domain.Named){
		"another person": func(n *domain.Named) { n.PersonID = parse[domain.PersonID](person) },
		"another IIN":    func(n *domain.Named) { n.IIN = "999999000012" },
		"another name":   func(n *domain.Named) { n.Name = "Қасымова Әсем" },
	} {
		altered, named := e, append([]domain.Named(nil), e.Named...)
		change(&named[0])
		altered.Named = named
		if differs := httpapi.DiffersFromSigned(domain.Recorded{Event: altered, Meta: rec.Meta}); len(differs) == 0 {
			t.Errorf("R55 C16 %s in the event is not seen", what)
		}
	}
	if reads := s.namedReads(wife); len(reads) != 1 || reads[0].Reader != person || reads[0].Operation != "apply-for-housing" {
		t.Errorf("who was named reads %+v", reads)
	}

	// The same request again is answered from the log, whatever the name is now.
	s.command("/v1/persons/"+wife+"/data", s.token(domain.RoleOperator), body{
		"kind": "correction", "name": "Сейтова Айжан", "basis": paper,
	}).is(http.StatusOK)
	if again := s.command(applyPath, s.as(person), form, key).is(http.StatusCreated); again.id("case_id") != applied.id("case_id") {
		t.Errorf("the repetition answers %s", again.text)
	}
}

func TestR55_WhoIsRemovedIsNamedByIINAndName(t *testing.T) {
	s := start(t).at(t)
	owner := s.citizen()
	home := s.dwelling(owner)
	byID, _ := s.bearing("Ким Олег")
	guest, iin := s.bearing("Әбенов Ерлан")
	for _, p := range []string{byID, guest} {
		s.registered(p, home, "2026-01-01", "")
	}
	form := removal(owner, home, byID).with(body{"named": []body{byName(iin, "ЕРЛАН Абенов")}})
	out := s.command("/v1/deregistrations", s.as(owner), form).is(http.StatusCreated)
	if out.at("results", 0, "person_id") != byID || out.at("results", 1, "person_id") != guest ||
		out.at("results", 1, "outcome") != "deregistered" {
		t.Errorf("the results are %s", out.text)
	}
	rec := s.stream("case-" + out.id("case_id"))[0]
	sameAsSigned(t, "R55 C16 a deregistration by name", rec)
	e := rec.Event.(residence.DeregistrationApplied)
	e.Persons = e.Persons[:1]
	if differs := httpapi.DiffersFromSigned(domain.Recorded{Event: e, Meta: rec.Meta}); len(differs) == 0 {
		t.Error("R55 C16 a person who is left out is not seen")
	}
	s.command("/v1/deregistrations", s.as(owner), removal(owner, home).with(body{"persons": []string{}})).
		refused(http.StatusUnprocessableEntity, domain.CodeRequired, "persons")
}

func TestR55_AChangedFamilyIsNamedByIINAndName(t *testing.T) {
	s := start(t).at(t)
	list := s.list()
	holder, entry, _ := s.entry(list)
	child, iin := s.bearing("Серікұлы Ерлан")
	named := byName(iin, "Серікұлы Ерлан")
	s.command(entryPath(list, entry)+"/change", s.as(holder), body{
		"kind": "family", "happened_on": "2026-03-10", "family": []body{named.with(body{"relation": "disabled_child"})},
		"papers": []body{named.with(body{"document": shownBy("birth_certificate")})},
	}).is(http.StatusOK)
	if len(s.namedReads(child)) != 1 {
		t.Error("who was named does not read of it")
	}
}

// unidentified are the ways in which an IIN and a name name nobody.
func (s *subtest) unidentified() map[string]body {
	_, other := s.bearing("Әбенов Ерлан Болатұлы")
	s.clock.pass(-retention)
	gone, erased := s.bearing("Әбенов Ерлан")
	s.clock.pass(retention)
	s.command("/v1/persons/"+gone+"/erasure", s.token(domain.RoleProvider), body{
		"basis": "retention_over", "reference": "order 15",
	}).is(http.StatusOK)
	return map[string]body{
		"nobody has the IIN":      byName(s.iin(), "Әбенов Ерлан"),
		"another surname":         byName(other, "Иманов Ерлан"),
		"another first name":      byName(other, "Әбенов Асхат"),
		"a word too many":         byName(other, "Әбенов Ерлан Серікұлы"),
		"a word alone":            byName(other, "Әбенов"),
		"signs alone":             byName(other, "---"),
		"the data was erased":     byName(erased, "Әбенов Ерлан"),
		"the mask of the erasure": byName(erased, domain.Erased),
	}
}

// TestR55_OneRefusalSaysNothingOfWhoIsRecorded: status, body, the work behind it, and no sooner than
// the refusal of a record.
func TestR55_OneRefusalSaysNothingOfWhoIsRecorded(t *testing.T) {
	log := &askedLog{}
	r := start(t, func(set *settings) {
		set.commands = func(l command.Log) command.Log { log.Log = l; return log }
	})
	s := r.at(t)
	ways := s.unidentified()
	list, owner := s.list(), s.citizen()
	home := s.dwelling(owner)
	own := s.applied(owner, list)
	entry := s.placed(own).at("placement", "entry_id").(string)
	for op, send := range map[string]func(body, ...header) *answer{
		"apply": func(who body, h ...header) *answer {
			return s.command(applyPath, s.as(owner), onPortal(owner, s.list(), spouse(who)), h...)
		},
		"deregister": func(who body, h ...header) *answer {
			return s.command("/v1/deregistrations", s.as(owner), removal(owner, home).with(body{"persons": []string{}, "named": []body{who}}), h...)
		},
		"report": func(who body, h ...header) *answer {
			return s.command(entryPath(list, entry)+"/change", s.as(owner), body{
				"kind": "family", "happened_on": "2026-03-10", "family": []body{spouse(who)},
			}, h...)
		},
	} {
		at := map[string]string{"apply": "family[0]", "deregister": "named[0]", "report": "family[0]"}[op]
		texts, asks := map[string][]string{}, map[int64][]string{}
		for what, who := range ways {
			send(who) // what is loaded once
			before, asked, began := s.head(), log.times.Load(), time.Now()
			refused := send(who).refused(http.StatusNotFound, domain.CodeNotIdentified, at)
			if took := time.Since(began); took < refusalStep {
				t.Errorf("R55 %s, %s: refused after %v", op, what, took)
			}
			texts[refused.text] = append(texts[refused.text], what)
			if op != "apply" { // there each try opens a list
				asks[log.times.Load()-asked] = append(asks[log.times.Load()-asked], what)
				if s.head() != before {
					t.Errorf("R55 %s, %s: the refusal has left something in the log", op, what)
				}
			}
			if ru := send(who, header{"Accept-Language", "ru"}); !strings.Contains(ru.text, "Сверьте ИИН") {
				t.Errorf("R55 in Russian: %s", ru.text)
			}
		}
		if len(texts) != 1 || len(asks) > 1 {
			t.Errorf("R55 %s: texts %v, looks at the log %v", op, texts, asks)
		}
	}
}

func TestR55_AFormThatNamesNobodyIsToldWhatItLacks(t *testing.T) {
	s := start(t).at(t)
	person, iin := s.bearing("Әбенов Ерлан")
	owner, list := s.citizen(), s.list()
	for _, c := range []struct {
		who   body
		code  domain.Code
		field string
	}{
		{body{}, domain.CodeRequired, "family[0].person_id"},
		{body{"iin": iin}, domain.CodeRequired, "family[0].name"},
		{body{"name": "Әбенов Ерлан"}, domain.CodeRequired, "family[0].iin"},
		{byName("12", "Әбенов Ерлан"), domain.CodeIINFormat, "family[0].iin"},
		{byName(iin, "Әбенов Ерлан").with(body{"person_id": person}), domain.CodeMemberNotAllowed, "family[0].person_id"},
	} {
		s.command(applyPath, s.as(owner), onPortal(owner, list, spouse(c.who))).
			refused(http.StatusUnprocessableEntity, c.code, c.field)
	}
	s.command(applyPath, s.token(domain.RoleOperator), application(owner, list).with(body{
		"basis": paper, "family": []body{spouse(byName(iin, "Әбенов Ерлан"))},
	})).refused(http.StatusUnprocessableEntity, domain.CodeMemberNotAllowed, "family[0].iin")
	s.command(applyPath, s.as(owner), onPortal(owner, list).with(body{
		"documents": []body{{"type": "other", "iin": iin}},
	})).refused(http.StatusUnprocessableEntity, domain.CodeMemberNotAllowed, "documents[0].iin")
	s.command(applyPath, s.as(owner), onPortal(owner, list, spouse(byName(iin, "Әбенов Ерлан"))).with(body{
		"documents": []body{{"type": "other", "iin": iin, "person_id": person}},
	})).refused(http.StatusUnprocessableEntity, domain.CodeMemberNotAllowed, "documents[0].iin")
}

// TestR55_TriesAreCounted: each person who is named is a try, also in a dry run and also where they
// are found; otherwise a bound on failures would tell both apart.
func TestR55_TriesAreCounted(t *testing.T) {
	s := bounded(t, `{"naming": {"citizen": {"calls": 1, "seconds": 3600, "burst": 3}}}`).at(t)
	owner, list := s.citizen(), s.list()
	_, iin := s.bearing("Әбенов Ерлан")
	_, second := s.bearing("Әбенова Айгүл")
	known, wrong := spouse(byName(iin, "Әбенов Ерлан")), spouse(byName(iin, "Иманов Ерлан"))
	s.command(applyPath+"?dry_run=true", s.as(owner), onPortal(owner, list, wrong)).
		refused(http.StatusNotFound, domain.CodeNotIdentified, "family[0]")
	key := header{"Idempotency-Key", "twice"}
	form := onPortal(owner, list, known, byName(second, "Әбенова Айгүл").with(body{"relation": "disabled_child"}))
	s.command(applyPath, s.as(owner), form, key).is(http.StatusCreated)
	for _, who := range []body{known, wrong} {
		s.command(applyPath, s.as(owner), onPortal(owner, s.list(), who)).is(http.StatusTooManyRequests)
	}
	s.command(applyPath, s.as(owner), form, key).is(http.StatusCreated) // the log has it
	mended := header{"Idempotency-Key", "mended"}
	s.command(applyPath, s.as(owner), onPortal(owner, s.list(), known), mended).is(http.StatusTooManyRequests)
	s.command(applyPath, s.as(owner), onPortal(owner, s.list()), mended).is(http.StatusCreated) // under the same key
}
