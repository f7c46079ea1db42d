package httpapi_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"tizilim/domain"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
)

var jointNames = body{"kk": "Бірыңғай комиссия", "ru": "Единая комиссия", "en": "Joint commission"}

// ends merges a body into another one and waits until the registry knows it.
func (s *subtest) ends(id, successor, account string) {
	s.t.Helper()
	s.command("/v1/bodies/"+id+"/end", s.token(domain.RoleAdministrator), body{
		"how": "merged", "successor_id": successor, "basis": "resolution 119",
	}).is(http.StatusOK)
	s.until("the end is known", func() bool { return s.get("/v1/bodies", account).status == http.StatusUnauthorized })
}

// TestC27_TheSuccessorHasTheRightsOfTheBodyThatEndedAndItsAccountsHaveNone walks every operation
// with the accounts of a body that was merged into another one, and with one of the other.
func TestC27_TheSuccessorHasTheRightsOfTheBodyThatEndedAndItsAccountsHaveNone(t *testing.T) {
	r := start(t)
	w := newMatters(r.at(t))
	ended := w.address[operation.OfBody][0]
	parent := w.get("/v1/bodies/"+ended, w.token(domain.RoleAdministrator)).is(http.StatusOK).id("parent_id")
	heirID, heir := w.office("heir-1", commissionOf().with(body{"parent_id": parent}))
	var former []string
	for _, who := range w.actors {
		if who.role == domain.RoleCommission && slices.Contains([]relation{own, sameBody, official, family}, who.relation) {
			former = append(former, who.token)
		}
	}
	w.wrongAs(actor{domain.RoleCommission, otherBody, heir}) // it has no right before
	w.ends(ended, heirID, former[0])
	tried := w.wrongAs(actor{domain.RoleCommission, sameBody, heir})
	for _, who := range w.actors {
		if who.role == domain.RoleCommission && who.relation == above {
			w.wrongAs(who) // the body above it goes on to decide the complaints
		}
	}
	for _, op := range w.operations() {
		if !slices.Contains(op.Roles, domain.RoleCommission) {
			continue
		}
		for _, bearer := range former {
			w.wrong(op, bearer).refused(http.StatusUnauthorized, domain.CodeUnauthenticated, "")
		}
	}
	if tried < 40 || len(former) != 4 {
		t.Errorf("%d calls of the heir and %d accounts of the body that ended", tried, len(former))
	}
}

// wrongAs calls every operation of the role of the actor, and compares with what they may.
func (w matters) wrongAs(who actor) (calls int) {
	w.t.Helper()
	for _, op := range w.operations() {
		if slices.Contains(op.Roles, operation.Anyone) || !slices.Contains(op.Roles, who.role) {
			continue
		}
		calls++
		status, code := may(op, who)
		if a := w.wrong(op, who.token); a.status != status || a.body["code"] != string(code) {
			w.t.Errorf("%s, %s: %d %v, want %d %s", op.ID, who.relation, a.status, a.body["code"], status, code)
		}
	}
	return calls
}

// TestC27_ABodyThatEndsHandsItsMattersOver: a case that is open, a list with its numbers, the
// stock, a certificate and a complaint go on under the successor, also the second one.
func TestC27_ABodyThatEndsHandsItsMattersOver(t *testing.T) {
	s := start(t).at(t)
	administrator := s.token(domain.RoleAdministrator)
	id, first := s.commission("astana-1")
	middleID, middle := s.commission("middle-1")
	heirID, heir := s.commission("heir-1")
	named := body{"settlement": "Астана", "title": "t", "body": "ҚР Қорғаныс министрлігі"}
	list := s.command("/v1/queues", first, named).is(http.StatusCreated).id("list_id")
	placed := func(bearer string) (person, entry string, a *answer) {
		person = s.citizen()
		a = s.command("/v1/cases/"+s.applied(person, list)+"/decision", bearer, placing).is(http.StatusOK)
		return person, a.at("placement", "entry_id").(string), a
	}
	one, entry, certified := placed(first)
	waiting := s.citizen()
	open := s.applied(waiting, list)
	flat := s.stocked(s.dwelling(), first)

	end := func(of string) func(body) *answer {
		return func(how body) *answer {
			return s.command("/v1/bodies/"+of+"/end", administrator, body{"basis": "resolution 119"}.with(how))
		}
	}
	s.until("the list is in the model", func() bool {
		return s.get("/v1/queues/"+list+"/entries", first).status == http.StatusOK
	})
	deskID, _ := s.office("desk-9", body{"kind": "desk", "names": bodyNames})
	for name, c := range map[string]struct {
		how    body
		status int
		code   domain.Code
		field  string
	}{
		"without a successor":         {body{"how": "wound_up"}, http.StatusConflict, domain.CodeSuccessorRequired, "successor_id"},
		"merged into nothing":         {body{"how": "merged"}, http.StatusUnprocessableEntity, domain.CodeRequired, "successor_id"},
		"into itself":                 {body{"how": "merged", "successor_id": id}, http.StatusUnprocessableEntity, domain.CodeSuccessorInvalid, "successor_id"},
		"into a body of another kind": {body{"how": "merged", "successor_id": deskID}, http.StatusUnprocessableEntity, domain.CodeSuccessorInvalid, "successor_id"},
		"into an unknown body": {body{"how": "merged", "successor_id": "00000000-0000-4000-8000-000000000000"},
			http.StatusNotFound, domain.CodeBodyUnknown, "successor_id"},
	} {
		t.Run(name, func(t *testing.T) { end(id)(c.how).refused(c.status, c.code, c.field) })
	}
	s.ends(id, middleID, first)
	s.ends(middleID, heirID, middle)

	gone := s.command("/v1/bodies/"+id+"/officials", administrator, body{"iin": s.iin(), "office": "head", "basis": "order 1"}).
		refused(http.StatusConflict, domain.CodeBodyEnded, "")
	if !strings.Contains(gone.text, middleID) {
		t.Errorf("the refusal does not name the successor: %s", gone.text)
	}
	end(heirID)(body{"how": "merged", "successor_id": id}).refused(http.StatusConflict, domain.CodeBodyEnded, "successor_id")
	if a := s.get("/v1/bodies/"+id, administrator).is(http.StatusOK); a.at("ended", "successor_id") != middleID {
		t.Errorf("shown as %s", a.text)
	}

	s.command("/v1/queues", heir, named).refused(http.StatusConflict, domain.CodeListOpened, "")
	s.command("/v1/cases/"+open+"/decision", heir, placing).is(http.StatusOK)
	_, third, last := placed(heir)
	if a := s.seen(entryPath(list, entry), heir, last); a.body["number"] != 1.0 {
		t.Errorf("a number has changed: %s", a.text)
	}
	if a := s.seen(entryPath(list, third), heir, last); a.body["number"] != 3.0 {
		t.Errorf("the numbers do not go on: %s", a.text)
	}
	s.command("/v1/certificates/"+s.issued(certified, "placement_certificate")+"/correction", heir, body{
		"corrections": []body{{"field": "settlement", "value": "Астана қ."}}, "slip": "s",
	}).is(http.StatusOK)
	s.command(entryPath(list, third)+"/review", heir, body{"note": "n"}).is(http.StatusOK)
	s.command(entryPath(list, third)+"/removal", heir, removing).is(http.StatusOK)
	s.command("/v1/dwellings/"+flat+"/stock", heir, body{}).refused(http.StatusConflict, domain.CodeNothingChanges, "")
	s.command(entryPath(list, entry)+"/provision", heir, body{
		"dwelling_id": flat, "useful_area": 30, "rooms": 1, "minutes": body{"number": "12"}, "need_check": needed,
	}).is(http.StatusOK)
	s.get(entryPath(list, entry), s.as(one)).is(http.StatusOK)

	emptyID, empty := s.commission("empty-1")
	end(emptyID)(body{"how": "wound_up"}).is(http.StatusOK)
	s.until("the end is known", func() bool { return s.get("/v1/bodies", empty).status == http.StatusUnauthorized })
	s.command("/v1/bodies/"+emptyID+"/name", administrator, body{"names": jointNames, "basis": "r"}).
		refused(http.StatusConflict, domain.CodeBodyEnded, "")
}

// circulate has the circulars that are owed go to everybody.
func (s *subtest) circulate() {
	s.t.Helper()
	f := command.NewFanOut(s.another(), s.directory, s.model, slog.New(slog.NewJSONHandler(s.logged, nil)))
	for looks := 0; looks < 2; looks++ { // the first may only begin it
		for more := true; more; {
			more = f.Once(context.Background())
			s.reached(&answer{t: s.t, header: http.Header{"Tizilim-Position": {fmt.Sprint(s.head())}}})
		}
	}
}

// TestC27_WhoWaitsIsToldOnceOfANewBody: the holder of an entry and the applicant of an open case,
// when the body is renamed and when another one takes its place, and again when that one is renamed.
func TestC27_WhoWaitsIsToldOnceOfANewBody(t *testing.T) {
	s := start(t).at(t)
	s.notify(nil)
	administrator := s.token(domain.RoleAdministrator)
	id, account := s.commission("astana-1")
	heirID, heir := s.commission("heir-1")
	_, stranger := s.commission("other-1")
	var lists []string
	for _, title := range []string{"1", "2"} {
		lists = append(lists, s.command("/v1/queues", account, body{"settlement": "Астана", "title": title}).
			is(http.StatusCreated).id("list_id"))
	}
	elsewhere := s.command("/v1/queues", stranger, body{"settlement": "Астана", "title": "3"}).is(http.StatusCreated).id("list_id")
	holder, applicant, other := s.citizen(), s.citizen(), s.citizen()
	s.command("/v1/cases/"+s.applied(holder, lists[0])+"/decision", account, placing).is(http.StatusOK)
	s.applied(applicant, lists[0])
	s.applied(applicant, lists[1])
	s.applied(other, elsewhere)
	told := func(person, kind string) (n int) {
		for _, one := range s.get("/v1/me/notices", s.as(person)).is(http.StatusOK).body["notices"].([]any) {
			if one.(map[string]any)["kind"] == kind {
				n++
			}
		}
		return n
	}
	known := func(name string) {
		s.until("the name is known", func() bool { return strings.Contains(s.get("/v1/bodies", administrator).text, name) })
	}
	s.command("/v1/bodies/"+id+"/name", administrator, body{"names": jointNames, "basis": "resolution 7"}).is(http.StatusOK)
	known("Joint commission")
	s.circulate()
	s.circulate()
	s.ends(id, heirID, account)
	s.circulate()
	third := body{"kk": "Үшінші", "ru": "Третья", "en": "The third name"}
	s.command("/v1/bodies/"+heirID+"/name", administrator, body{"names": third, "basis": "resolution 8"}).is(http.StatusOK)
	known("The third name")
	s.circulate()
	for person, want := range map[string][2]int{holder: {2, 1}, applicant: {2, 1}, other: {0, 0}} {
		if got := [2]int{told(person, "body_of_list_renamed"), told(person, "body_of_list_succeeded")}; got != want {
			t.Errorf("%s is told %v, want %v", person, got, want)
		}
	}
	s.get("/v1/queues/"+lists[0]+"/entries", heir).is(http.StatusOK)
}
