package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"tizilim/domain"
	"tizilim/domain/accesslog"
)

// seeks is a search for persons, for a service.
func seeks(what body) body { return body{"purpose": "service"}.with(what) }

// found are the persons whom an answer shows, in its order.
func found(a *answer) (ids []string) {
	list, _ := a.body["persons"].([]any)
	for _, p := range list {
		ids = append(ids, p.(map[string]any)["person_id"].(string))
	}
	return ids
}

func TestR53_APersonIsFoundInAnyAlphabetByFormerNamesAndBirthDatesToo(t *testing.T) {
	s := start(t).at(t)
	operator := s.token(domain.RoleOperator)
	record := func(name, birth string, more body) string {
		return s.command("/v1/persons", operator, body{"name": name, "birth_date": birth, "class": "refugee"}.with(more)).
			is(http.StatusCreated).id("person_id")
	}
	iin := s.iin()
	one := record("Айгүл Серікқызы Өмірбекова", "1990-05-17", body{"iin": iin, "class": "citizen"})
	mahmud := record("Махмуд", "1958-01-01", body{"birth_known": "year"})
	home := s.dwelling()
	s.registered(one, home, "2026-03-01", "")
	search := func(what body) *answer { return s.send("POST", "/v1/persons/search", operator, seeks(what)) }
	finds := func(name, birth string, ids ...string) *answer {
		t.Helper()
		a := search(body{"name": name, "birth_date": birth})
		if got := found(a); !slices.Equal(got, ids) || (a.status == http.StatusOK) != (len(ids) > 0) {
			t.Errorf("%s of %s finds %v: %s", name, birth, got, a.text)
		}
		return a
	}
	for _, name := range []string{"Омирбекова", "Omirbekova Aigul", "ӨМІРБЕКОВА Серик кызы Айгуль", "айгүл"} {
		a := finds(name, "1990-05-17", one)
		p := a.at("persons", 0).(map[string]any)
		if p["name"] != "Айгүл Серікқызы Өмірбекова" || p["birth_date"] != "1990-05-17" || p["class"] != "citizen" ||
			p["iin"] != "********"+iin[8:] || p["address"] != "Астана, Мәңгілік Ел даңғылы, 8, 12-пәтер" || strings.Contains(a.text, iin) ||
			a.at("persons", 0, "found_by", "how") != "name" || strings.Contains(a.text, "former") {
			t.Errorf("%s finds %s", name, a.text)
		}
	}
	finds("Омирбекова", "1990-05-18")
	finds("Омирбекова Ким", "1990-05-17")
	finds("Mahmud", "1958-07-02", mahmud)
	if got := search(body{"name": "Махмуд", "birth_date": "1958-01-01", "birth_known": "year"}); !slices.Equal(found(got), []string{mahmud}) {
		t.Errorf("who knows the year finds %s", got.text)
	}
	search(body{"name": "Айгүл", "birth_date": "1990-01-01", "birth_known": "year"}).
		refused(http.StatusNotFound, domain.CodePersonUnknown, "name")

	s.command("/v1/persons/"+one+"/data", operator, body{
		"kind": "change", "effective_from": "2026-03-02", "name": "Айгүл Ким", "basis": paper,
	}).is(http.StatusOK)
	s.command("/v1/persons/"+one+"/data", operator, body{
		"kind": "correction", "birth_date": "1991-05-17", "basis": paper, "accept": []string{"iin_contradicts_birth_date"},
	}).is(http.StatusOK)
	finds("Ким", "1991-05-17", one)
	for name, birth := range map[string]string{"Омирбекова": "1990-05-17", "Өмірбекова": "1991-05-17", "Ким": "1990-05-17"} {
		a := finds(name, birth, one)
		by := a.at("persons", 0, "found_by").(map[string]any)
		if by["former"] != true || by["birth_date"] != birth || !strings.Contains(by["name"].(string), "Айгүл") ||
			a.at("persons", 0, "name") != "Айгүл Ким" {
			t.Errorf("%s of %s finds %s", name, birth, a.text)
		}
	}

	a := search(body{"iin": iin}).is(http.StatusOK)
	if !slices.Equal(found(a), []string{one}) || a.at("person_id") != one || a.at("persons", 0, "found_by", "how") != "iin" {
		t.Errorf("the IIN finds %s", a.text)
	}
	s.verified()
}

func TestR53_AMergedRecordLeadsToTheOneThatStandsForItAndAnErasedOneNowhere(t *testing.T) {
	s := start(t).at(t)
	operator := s.token(domain.RoleOperator)
	human := body{"name": "Ерлан Қали", "birth_date": "1990-05-17", "class": "refugee"}
	survivor := s.command("/v1/persons", operator, human.with(body{"name": "Ерлан Болат"})).is(http.StatusCreated).id("person_id")
	absorbed := s.command("/v1/persons", operator, human).is(http.StatusCreated).id("person_id")
	s.command("/v1/persons/"+absorbed+"/merges", operator, body{
		"survivor_id": survivor, "basis": paper, "accept": []string{"names_differ"},
	}).is(http.StatusOK)
	a := s.send("POST", "/v1/persons/search", operator, seeks(body{"name": "Кали", "birth_date": "1990-05-17"})).is(http.StatusOK)
	if !slices.Equal(found(a), []string{survivor}) || a.at("persons", 0, "found_by", "record_id") != absorbed ||
		a.at("persons", 0, "found_by", "former") != true || a.at("persons", 0, "name") != "Ерлан Болат" {
		t.Errorf("the merged record leads to %s", a.text)
	}
	a = s.send("POST", "/v1/persons/search", operator, seeks(body{"name": "Ерлан", "birth_date": "1990-05-17"})).is(http.StatusOK)
	if !slices.Equal(found(a), []string{survivor}) || strings.Contains(a.text, "record_id") {
		t.Errorf("who has two records is found as %s", a.text)
	}

	gone := s.command("/v1/persons", operator, human.with(body{"name": "Жомарт"})).is(http.StatusCreated).id("person_id")
	search := func(status int) {
		t.Helper()
		s.send("POST", "/v1/persons/search", s.token(domain.RoleOperator), seeks(body{"name": "Жомарт", "birth_date": "1990-05-17"})).is(status)
	}
	search(http.StatusOK)
	s.clock.pass(retention)
	s.command("/v1/persons/"+gone+"/erasure", s.token(domain.RoleProvider), body{"basis": "retention_over", "reference": "order 15"}).
		is(http.StatusOK)
	search(http.StatusNotFound)
}

// TestR53_WhoSearchesSaysWhy: in the body, and each who is found is told.
func TestR53_WhoSearchesSaysWhy(t *testing.T) {
	s := start(t).at(t)
	operator, iin := s.token(domain.RoleOperator), s.iin()
	person := s.command("/v1/persons", operator, body{"iin": iin, "name": "Айгүл Омарова", "birth_date": "1990-05-17", "class": "citizen"}).
		is(http.StatusCreated).id("person_id")
	name := body{"name": "Омарова", "birth_date": "1990-05-17"}
	for _, c := range []struct {
		what   body
		with   []header
		status int
		code   domain.Code
		field  string
	}{
		{body{"iin": iin}, nil, 422, domain.CodeRequired, "purpose"},
		{name.with(body{"purpose": "owner"}), nil, 422, domain.CodeValueUnknown, "purpose"},
		{name.with(body{"purpose": "court_request"}), nil, 422, domain.CodeReferenceRequired, "reference"},
		{name.with(body{"purpose": "court_request", "reference": "a\nb"}), nil, 422, domain.CodeMalformed, "reference"},
		{name.with(body{"purpose": "service"}), []header{{"Tizilim-Purpose", "audit"}}, 422, domain.CodeMemberNotAllowed, "header.Tizilim-Purpose"},
		{name.with(body{"purpose": "service"}), []header{{"Tizilim-Reference", "1"}}, 422, domain.CodeMemberNotAllowed, "header.Tizilim-Reference"},
		{seeks(body{}), nil, 422, domain.CodeRequired, "iin"},
		{seeks(body{"birth_date": "1990-05-17"}), nil, 422, domain.CodeRequired, "name"},
		{seeks(body{"name": "Омарова"}), nil, 422, domain.CodeRequired, "birth_date"},
		{seeks(body{"name": "…", "birth_date": "1990-05-17"}), nil, 422, domain.CodeMalformed, "name"},
		{seeks(body{"name": "Омарова", "birth_date": "2190-05-17"}), nil, 422, domain.CodeDateInFuture, "birth_date"},
		{seeks(body{"name": "Омарова", "birth_date": "1990-05-17", "birth_known": "year"}), nil, 422, domain.CodeBirthPartUnknown, "birth_date"},
		{seeks(name.with(body{"iin": iin})), nil, 422, domain.CodeMemberNotAllowed, "name"},
		{seeks(body{"iin": iin, "birth_date": "1990-05-17"}), nil, 422, domain.CodeMemberNotAllowed, "birth_date"},
		{seeks(body{"iin": iin, "birth_known": "year"}), nil, 422, domain.CodeMemberNotAllowed, "birth_known"},
	} {
		before := s.head()
		s.send("POST", "/v1/persons/search", operator, c.what, c.with...).refused(c.status, c.code, c.field)
		if s.head() != before {
			t.Errorf("%v has left something in the log", c.what)
		}
	}
	before := s.head()
	s.send("POST", "/v1/persons/search", operator, name.with(body{"purpose": "court_request", "reference": " 2-114/26 "})).is(http.StatusOK)
	entries := s.stream(accesslog.Stream(parse[domain.PersonID](person)))
	note := entries[len(entries)-1].Event.(accesslog.PersonalDataRead)
	if len(s.left(before)) != 1 || note.Purpose != accesslog.CourtRequest || note.Reference != "2-114/26" ||
		note.Operation != "search-person" {
		t.Errorf("the entries are %+v", entries)
	}
	s.send("POST", "/v1/persons/search", s.as(person), seeks(name)).is(http.StatusForbidden)
}

func TestR53_ACommissionFindsThePersonsOfItsListsAndLearnsNothingOfOthers(t *testing.T) {
	s := start(t).at(t)
	operator := s.token(domain.RoleOperator)
	iin := s.iin()
	applicant := s.command("/v1/persons", operator, body{"iin": iin, "name": "Самал Досқызы", "birth_date": "1990-05-17", "class": "citizen"}).
		is(http.StatusCreated).id("person_id")
	spouse := s.command("/v1/persons", operator, body{
		"iin": s.iin(), "name": "Самат Досұлы", "birth_date": "1990-05-17", "class": "citizen"}).is(http.StatusCreated).id("person_id")
	_, ours := s.commission("commission-ours")
	_, theirs := s.commission("commission-theirs")
	search := func(token string, what body) *answer { return s.send("POST", "/v1/persons/search", token, seeks(what)) }
	name, byIIN := body{"name": "Самал", "birth_date": "1990-05-17"}, body{"iin": iin}
	nobodyIs := func(token string) {
		t.Helper()
		for _, what := range []body{name, byIIN} {
			got := search(token, what)
			none := search(token, map[bool]body{true: {"name": "Ешкім", "birth_date": "1990-05-17"}, false: {"iin": s.iin()}}[what["iin"] == nil])
			if got.status != http.StatusNotFound || got.text != none.text {
				t.Errorf("of somebody else it learns %s, of nobody %s", got.text, none.text)
			}
		}
	}
	nobodyIs(ours)
	list := s.command("/v1/queues", ours, body{"body": "Б", "settlement": "Астана", "title": "Тізім"}).is(http.StatusCreated).id("list_id")
	s.command("/v1/housing-applications", operator, application(applicant, list).with(body{
		"family": []body{{"person_id": spouse, "relation": "spouse"}}})).is(http.StatusCreated)
	for _, what := range []body{name, byIIN, {"name": "Самат", "birth_date": "1990-05-17"}} {
		if got := search(ours, what).is(http.StatusOK); len(found(got)) != 1 {
			t.Errorf("the commission finds %s", got.text)
		}
	}
	nobodyIs(theirs)
	for _, role := range []domain.Role{domain.RoleAuditor, domain.RoleProvider} {
		search(s.token(role), name).is(http.StatusOK)
	}
}

func TestR53_AnAddressBeyondTheTerritoryIsShownForAReference(t *testing.T) {
	s := start(t).at(t)
	iin := s.iin()
	person := s.command("/v1/persons", s.token(domain.RoleOperator), body{
		"iin": iin, "name": "Ақбота", "birth_date": "1990-05-17", "class": "citizen"}).is(http.StatusCreated).id("person_id")
	home := s.command("/v1/dwellings", s.token(domain.RoleOperator), body{
		"rka": rka(), "kato": "751110000", "address": "Алматы, Ұзын көше, 7", "owners": []body{{"person_id": person}}}).is(http.StatusCreated).id("dwelling_id")
	s.registered(person, home, "2026-03-01", "")
	_, desk := s.office("desk-of-astana", body{"kind": "desk", "names": bodyNames, "territory": []string{astanaKATO}})
	for _, what := range []body{{"iin": iin}, {"name": "Акбота", "birth_date": "1990-05-17"}} {
		hidden := s.send("POST", "/v1/persons/search", desk, seeks(what)).is(http.StatusOK)
		shown := s.send("POST", "/v1/persons/search", desk, seeks(what.with(body{"reference": "17-304"}))).is(http.StatusOK)
		if strings.Contains(hidden.text, "Ұзын") || shown.at("persons", 0, "address") != "Алматы, Ұзын көше, 7" {
			t.Errorf("without a reference %s, with one %s", hidden.text, shown.text)
		}
	}
}

func TestR53_AtMostTwentyPersonsAreShown(t *testing.T) {
	s := start(t).at(t)
	operator := s.token(domain.RoleOperator)
	for n := range 22 {
		s.command("/v1/persons", operator, body{
			"name": fmt.Sprintf("Дастан %c", 'а'+n), "birth_date": "1990-05-17", "class": "refugee"}).is(http.StatusCreated)
	}
	got := s.send("POST", "/v1/persons/search", operator, seeks(body{"name": "Дастан", "birth_date": "1990-05-17"})).is(http.StatusOK)
	if n := len(found(got)); n != 20 || got.at("more") != true {
		t.Errorf("%d are shown, more: %v", n, got.body["more"])
	}
}

func TestR53_ASearchByNameWaitsUntilTheModelHasAllThatTheLogHolds(t *testing.T) {
	r, model, head := late(t)
	s := r.at(t)
	model.close()
	operator := s.token(domain.RoleOperator)
	person := s.command("/v1/persons", operator, body{"name": "Жұлдыз", "birth_date": "1990-05-17", "class": "refugee"}).
		is(http.StatusCreated).id("person_id")
	search := func() *answer {
		return s.send("POST", "/v1/persons/search", operator, seeks(body{"name": "Жулдыз", "birth_date": "1990-05-17"}))
	}
	search().refused(http.StatusServiceUnavailable, domain.CodeModelBehind, "")
	before := head.looks.Load()
	var opened sync.WaitGroup
	opened.Go(func() { // while the search waits
		r.until("the search looks where the log ends", func() bool { return head.looks.Load() > before })
		model.open()
	})
	if got := search().is(http.StatusOK); !slices.Equal(found(got), []string{person}) {
		t.Errorf("it finds %s", got.text)
	}
	opened.Wait()
}
