package httpapi_test

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/eventstore"
	"tizilim/eventstore/command"
)

var needed = body{"on": "2026-03-15", "source": "documents", "in_need": true}

// expect compares an entry's number as the model gives it; 0 for none.
func (s *subtest) expect(path string, number int, changed string, after *answer) {
	s.t.Helper()
	a := s.seen(path, s.token(domain.RoleCommission), after)
	got := 0
	if n, ok := a.body["number"].(float64); ok {
		got = int(n)
	}
	if kind := a.at("last_change", "kind"); got != number || kind != changed {
		s.t.Errorf("%s: number %d, changed by %v, want %d by %s", path, got, kind, number, changed)
	}
}

// TestQ5_OneEntryOnAllListsOfABodyOverHTTP: the moment the first placement is
// answered, the second is refused, however far the model was.
func TestQ5_OneEntryOnAllListsOfABodyOverHTTP(t *testing.T) {
	s := start(t).at(t)
	commission := s.token(domain.RoleCommission)
	first, second, foreign := s.list(), s.list(), s.listOf("another body")
	person, spouse := s.citizen(), s.citizen()
	married := application(spouse, second).with(body{"family": []body{{"person_id": person, "relation": "spouse"}}})
	here, there := s.applied(person, first), s.applied(person, second)
	beside := s.command("/v1/housing-applications", s.token(domain.RoleOperator), married).
		is(http.StatusCreated).
		id("case_id")
	s.consents(beside, person)
	s.placed(here)
	for caseID, code := range map[string]domain.Code{there: domain.CodeAlreadyOnList, beside: domain.CodeSpouseOnList} {
		a := s.command("/v1/cases/"+caseID+"/decision", commission, placing)
		a.refused(http.StatusConflict, code, "")
		if !strings.Contains(a.text, first) {
			t.Errorf("the refusal does not name the list: %s", a.text)
		}
	}
	s.placed(s.applied(person, foreign))
}

func TestQ17_Q19_TheLifeOfAListOverHTTP(t *testing.T) {
	r := start(t)
	s := r.at(t)
	commission := s.token(domain.RoleCommission)
	list := s.list()
	first, a, _ := s.entry(list)
	r.clock.pass(24 * time.Hour)
	_, b, _ := s.entry(list)
	r.clock.pass(24 * time.Hour)
	_, c, last := s.entry(list)
	pa, pb, pc := entryPath(list, a), entryPath(list, b), entryPath(list, c)
	s.expect(pb, 2, "placed", last)

	moved := s.command(pa+"/redating", commission, body{"ground_arose_on": "2026-03-17", "reasons": "n"}).
		is(http.StatusOK)
	s.expect(pb, 1, "redated", moved)
	s.expect(pa, 2, "redated", moved)
	s.expect(pc, 3, "placed", moved) // behind both places: nothing has changed

	flat := s.service()
	give := body{"dwelling_id": flat, "useful_area": 30, "rooms": 1, "need_check": needed, "minutes": body{"number": "12"}}
	s.command(pa+"/provision", commission, give).refused(http.StatusConflict, domain.CodeNotFirstEligible, "")
	s.command(pa+"/provision", commission, give.with(body{"declined": []string{b}})).
		refused(http.StatusConflict, domain.CodeDeclineNotRecorded, "declined[0]")
	s.command(pb+"/decline", commission, declining(flat)).is(http.StatusOK)
	s.command(pa+"/provision", commission, give.with(body{"declined": []string{b}, "dwelling_id": nobody})).
		refused(http.StatusUnprocessableEntity, domain.CodeDwellingUnknown, "dwelling_id")
	given := s.command(pa+"/provision", commission, give.with(body{"declined": []string{b}})).is(http.StatusOK)
	if skipped := fmt.Sprint(given.at("skipped")); !strings.Contains(skipped, b) ||
		!strings.Contains(skipped, "declined") {
		t.Errorf("Q19: skipped %s", skipped)
	}
	s.expect(pa, 0, "provided", given)
	s.expect(pb, 1, "redated", given)
	s.expect(pc, 2, "provided", given)
	s.command(pb+"/provision", commission, give).
		refused(http.StatusConflict, domain.CodeDwellingLeased, "dwelling_id")
		// Q20

	// The number at every past instant, from the log.
	for asOf, want := range map[string]struct {
		number any
		status string
	}{
		"2026-03-15T00:00:00Z": {nil, "not_placed"},
		"2026-03-15":           {1.0, "active"},
		"2026-03-17":           {nil, "provided"},
	} {
		got := s.get(pa+"/numbers?as_of="+asOf, s.as(first)).is(http.StatusOK)
		if got.body["number"] != want.number || got.body["status"] != want.status {
			t.Errorf("as of %s: %v, %v, want %v", asOf, got.body["number"], got.body["status"], want)
		}
	}
	changes := s.get(pa+"/numbers", s.as(first)).is(http.StatusOK).body["changes"].([]any)
	var told []string
	for _, c := range changes {
		c := c.(map[string]any)
		if c["kind"] == "placed" {
			at := s.get(pa+"/numbers?as_of="+url.QueryEscape(c["at"].(string)), s.as(first)).is(http.StatusOK)
			if at.body["number"] != c["number"] {
				t.Errorf("at the instant of the placement: number %v, want %v", at.body["number"], c["number"])
			}
		}
		told = append(told, fmt.Sprint(c["number"], " ", c["kind"]))
	}
	if got := strings.Join(told, ", "); got != "1 placed, 2 redated, <nil> provided" {
		t.Errorf("changes: %s", got)
	}
	s.get(pa+"/numbers?as_of=yesterday", s.as(first)).
		refused(http.StatusUnprocessableEntity, domain.CodeDateFormat, "query.as_of")
	s.get(pa+"/numbers", s.as(s.citizen())).refused(http.StatusNotFound, domain.CodeNotFound, "")
	s.get(entryPath(list, nobody)+"/numbers", s.as(first)).refused(http.StatusNotFound, domain.CodeNotFound, "")
	s.get(entryPath(list, nobody)+"/numbers", commission).refused(http.StatusNotFound, domain.CodeEntryUnknown, "")
	s.get(entryPath(nobody, a)+"/numbers", commission).refused(http.StatusNotFound, domain.CodeListUnknown, "")
}

// TestQ20_R12_AProvisionRegistersTheResidenceToo, or says why it did not.
func TestQ20_R12_AProvisionRegistersTheResidenceToo(t *testing.T) {
	r := start(t)
	s := r.at(t)
	commission := s.token(domain.RoleCommission)
	list := s.list()
	person, entry, _ := s.entry(list)
	other, second, _ := s.entry(list)
	old, flat, home := s.dwelling(), s.given(s.dwelling(s.citizen())), s.service()
	s.registered(person, old, "2026-03-01", "")
	s.registered(other, home, "2026-03-01", "")
	give := body{
		"dwelling_id":        flat,
		"useful_area":        30,
		"rooms":              1,
		"need_check":         needed,
		"minutes":            body{"number": "12"},
		"register_residence": true,
	}
	s.command(entryPath(list, entry)+"/provision", commission, give.with(body{"registered_from": "2026-03-16"})).
		refused(http.StatusUnprocessableEntity, domain.CodeDateInFuture, "registered_from")
	given := s.command(entryPath(list, entry)+"/provision", commission, give.with(body{"registered_from": "2026-03-10"})).
		is(http.StatusOK)
	lives := s.seen("/v1/persons/"+person+"/residence", s.as(person), given)
	if lives.at("registrations", 0, "dwelling_id") != flat ||
		lives.at("registrations", 0, "effective_from") != "2026-03-10" ||
		lives.at("registrations", 0, "registration_id") != given.at("residence", "registration_id") ||
		len(lives.at("registrations").([]any)) != 1 {
		t.Errorf("registered: %s", lives.text)
	}

	stands := s.command(entryPath(list, second)+"/provision", commission, give.with(body{"dwelling_id": home})).
		is(http.StatusOK)
	if stands.at("residence", "code") != string(domain.CodeRegisteredHere) ||
		stands.at("residence", "registration_id") != nil {
		t.Errorf("not registered: %s", stands.text)
	}
	s.expect(entryPath(list, second), 0, "provided", stands)
}

func TestQ21_ThePublicListNamesNobody(t *testing.T) {
	r := start(t)
	s := r.at(t)
	list := s.list()
	person, entry, _ := s.entry(list)
	other, second, _ := s.entry(list)
	caseID := s.applied(s.citizen(), list)
	s.command(entryPath(list, entry)+"/provision", s.token(domain.RoleCommission), body{
		"dwelling_id": s.service(), "useful_area": 30, "rooms": 1, "need_check": needed, "minutes": body{"number": "12"},
	}).is(http.StatusOK)
	a := s.get("/v1/queues/"+list+"/public", s.as(other)).is(http.StatusOK)
	for _, id := range []string{person, entry, other, second, caseID, list} {
		if strings.Contains(a.text, id) {
			t.Errorf("it names %s: %s", id, a.text)
		}
	}
	if got := fmt.Sprint(a.at("waiting")); got != "[map[number:1 persons:1 placed_on:2026-03-15]]" {
		t.Errorf("waiting: %s", got)
	}
	if got := fmt.Sprint(a.at("provided")); got != "[map[persons:1 placed_on:2026-03-15 provided_on:2026-03-15 useful_area:30]]" {
		t.Errorf("provided: %s", got)
	}
	if got := s.get("/v1/queues/"+list+"/public?cursor=1", s.as(other)).is(http.StatusOK).at("waiting"); len(
		got.([]any),
	) != 0 {
		t.Errorf("behind the last: %v", got)
	}
	s.get("/v1/queues/"+nobody+"/public", s.as(other)).refused(http.StatusNotFound, domain.CodeListUnknown, "")
}

func TestQ18_Q22_ACitizenSpeaksForTheirOwnEntryOnly(t *testing.T) {
	r := start(t)
	s := r.at(t)
	list := s.list()
	person, entry, _ := s.entry(list)
	other := s.citizen()
	lost := body{"kind": "need_lost", "happened_on": "2026-03-10"}
	for step, b := range map[string]body{"change": lost, "consent": {"given": false}} {
		theirs := s.command(entryPath(list, entry)+"/"+step, s.as(other), b).
			refused(http.StatusNotFound, domain.CodeNotFound, "")
		for _, nothing := range []string{entryPath(list, nobody), entryPath(nobody, nobody)} {
			if got := s.command(nothing+"/"+step, s.as(other), b).refused(http.StatusNotFound, domain.CodeNotFound, ""); got.text != theirs.text {
				t.Errorf(
					"%s: what is another's can be told from what does not exist:\n%s\n%s",
					step,
					theirs.text,
					got.text,
				)
			}
		}
	}
	s.command(entryPath(list, entry)+"/consent", s.as(person), body{"given": false}).is(http.StatusOK)
	looked := body{"on": "2026-03-15", "source": "systems", "scope": []string{"health"}, "in_need": true}
	s.command(entryPath(list, entry)+"/provision", s.token(domain.RoleCommission), body{
		"dwelling_id": s.service(), "useful_area": 30, "rooms": 1, "need_check": looked, "minutes": body{"number": "12"},
	}).refused(http.StatusConflict, domain.CodeConsentWithdrawn, "need_check.source")
	reported := s.command(entryPath(list, entry)+"/change", s.as(person), lost).is(http.StatusOK)
	a := s.seen(entryPath(list, entry), s.as(person), reported)
	if a.body["status"] != "under_review" || a.body["number"] != 1.0 {
		t.Errorf("Q18 Q23: %s", a.text)
	}
}

// stoppedWriter is a log whose appends to lists stop until it is let go on.
type stoppedWriter struct {
	command.Log
	stopped, goOn chan struct{}
	on            atomic.Bool
}

func (w *stoppedWriter) Append(
	ctx context.Context, stream string, expected eventstore.Expected, events []eventstore.NewEvent,
) (domain.Position, error) {
	if w.on.Load() && strings.HasPrefix(stream, "queue-") {
		close(w.stopped)
		<-w.goOn
	}
	return w.Log.Append(ctx, stream, expected, events)
}

// listReads counts the reads of lists.
type listReads struct {
	command.Log
	events *atomic.Int64
}

func (l listReads) Read(ctx context.Context, stream string, from uint64) iter.Seq2[domain.Recorded, error] {
	return func(yield func(domain.Recorded, error) bool) {
		for rec, err := range l.Log.Read(ctx, stream, from) {
			if strings.HasPrefix(stream, "queue-") {
				l.events.Add(1)
			}
			if !yield(rec, err) {
				return
			}
		}
	}
}

func (l listReads) ReadPage(ctx context.Context, stream string, from uint64, limit int) ([]domain.Recorded, error) {
	recs, err := l.Log.ReadPage(ctx, stream, from, limit)
	if strings.HasPrefix(stream, "queue-") {
		l.events.Add(int64(len(recs)))
	}
	return recs, err
}

// A process that has just started must not load a list of a million entries to tell
// somebody their number.
func TestANumberOfAListThatTheProcessDoesNotKnowReadsNothingOfTheList(t *testing.T) {
	r := start(t)
	s := r.at(t)
	list := s.list()
	person, entry, placed := s.entry(list)
	for range 3 {
		_, _, placed = s.entry(list)
	}
	position := header{"Tizilim-Position", placed.header.Get("Tizilim-Position")}
	var events atomic.Int64
	r.restarted(func(l command.Log) command.Log { return listReads{l, &events} })
	a := s.get(entryPath(list, entry), s.as(person), position).is(http.StatusOK)
	if n := a.body["number"]; n != 1.0 {
		t.Errorf("the number is %v", n)
	}
	s.get(entryPath(list, entry), s.as(s.citizen())).refused(http.StatusNotFound, domain.CodeNotFound, "")
	if n := events.Load(); n > 0 {
		t.Errorf("%d events of the list were read", n)
	}
	s.get(entryPath(list, entry), s.token(domain.RoleCommission)).is(http.StatusOK)
	if n := events.Load(); n != 1 {
		t.Errorf("%d events of the list were read to learn who keeps it, want the first", n)
	}
}

// TestReadsOfAListDoNotWaitForAWriter: a command that is stopped inside its append
// holds the lock of the list.
func TestReadsOfAListDoNotWaitForAWriter(t *testing.T) {
	w := &stoppedWriter{stopped: make(chan struct{}), goOn: make(chan struct{})}
	s := start(t, func(set *settings) {
		set.commands = func(l command.Log) command.Log { w.Log = l; return w }
	}).at(t)
	list := s.list()
	person, entry, _ := s.entry(list)
	w.on.Store(true)
	done := make(chan *answer, 1)
	go func() {
		a, err := s.try("POST", entryPath(list, entry)+"/review", s.token(domain.RoleCommission), body{"note": "n"},
			header{"Idempotency-Key", "review"})
		if err != nil {
			t.Error(err)
		}
		done <- a
	}()
	<-w.stopped
	began := time.Now()
	s.get("/v1/queues/"+list+"/public", s.as(person)).is(http.StatusOK)
	s.get(entryPath(list, entry)+"/numbers", s.as(person)).is(http.StatusOK)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the reads took %s", took)
	}
	close(w.goOn)
	(<-done).is(http.StatusOK)
}

func TestQ27_ACommissionKeepsOneListOfAName(t *testing.T) {
	s := start(t).at(t)
	commission := s.token(domain.RoleCommission)
	list := body{"body": "Ministry", "settlement": "Астана", "title": "Қызметтік тұрғын үй"}
	first := s.command("/v1/queues", commission, list).is(http.StatusCreated).id("list_id")
	again := s.command("/v1/queues", commission, list.with(body{"title": " қызметтік  ТҰРҒЫН үй"})).
		refused(http.StatusConflict, domain.CodeListOpened, "")
	if detail, _ := again.at("detail").(string); !strings.Contains(detail, first) {
		t.Errorf("the refusal does not name the list %s: %s", first, detail)
	}
	for what, other := range map[string]body{
		"body": {"body": "Another"}, "settlement": {"settlement": "Алматы"}, "title": {"title": "Екінші"},
		"borders": {"settlement": "Астана Қызметтік", "title": "тұрғын үй"},
	} {
		if id := s.command("/v1/queues", commission, list.with(other)).is(http.StatusCreated).id("list_id"); id == first {
			t.Errorf("another %s: the same list", what)
		}
	}
	_, other := s.commission("astana-1")
	s.command("/v1/queues", other, list).is(http.StatusCreated)
}

func TestAListIsFound(t *testing.T) {
	s := start(t).at(t)
	open := func(body, settlement, title string) string {
		return s.command("/v1/queues", s.token(domain.RoleCommission), map[string]any{
			"body": body, "settlement": settlement, "title": title,
		}).is(http.StatusCreated).id("list_id")
	}
	first, second := open("Б", "Алматы", "1"), open("Б", "Астана", "1")
	third, fourth := open("А", "Астана", "2"), open("А", "Астана", "1")
	longer := open("Бө", "Астана", "1") // begins with the name of another body
	_, _, placed := s.entry(first)
	anybody := s.as(s.citizen())
	ids := func(query string) (ids []string) {
		t.Helper()
		for cursor, last := "", false; !last; {
			a := s.seen("/v1/queues?"+query+cursor, anybody, placed).is(http.StatusOK)
			for _, l := range a.at("lists").([]any) {
				ids = append(ids, l.(map[string]any)["list_id"].(string))
			}
			next, more := a.body["next"].(string)
			cursor, last = "&cursor="+next, !more
		}
		return ids
	}
	for query, want := range map[string][]string{
		"":                          {fourth, third, first, second, longer},
		"limit=1":                   {fourth, third, first, second, longer},
		"limit=2":                   {fourth, third, first, second, longer},
		"limit=5":                   {fourth, third, first, second, longer},
		"body=Б":                    {first, second},
		"body=Б&limit=1":            {first, second},
		"settlement=Астана":         {fourth, third, second, longer},
		"settlement=Астана&limit=2": {fourth, third, second, longer},
		"settlement=Алматы&limit=1": {first},
		"body=А&settlement=Алматы":  nil,
		"body=В":                    nil,
	} {
		if got := ids(query); strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
	a := s.seen("/v1/queues/"+first, anybody, placed).is(http.StatusOK)
	if a.at("of") != 1.0 || a.at("settlement") != "Алматы" || a.at("body") != "Б" || a.at("kept_by") == nobody ||
		a.at("keeper", "ru") != "Демонстрационная жилищная комиссия" {
		t.Error(a.text)
	}
	s.get("/v1/queues/"+nobody, anybody).refused(http.StatusNotFound, domain.CodeListUnknown, "")
	s.get("/v1/queues?cursor="+nobody, anybody).refused(http.StatusUnprocessableEntity, domain.CodeMalformed, "query.cursor")
	s.get("/v1/queues?cursor=1", anybody).is(http.StatusUnprocessableEntity)
}

// TestACommissionFindsEntries: with the names of their holders, by state, by the day of their
// confirmation and by person; the pages of a part are the whole part, in order.
func TestACommissionFindsEntries(t *testing.T) {
	s := start(t).at(t)
	commission, list := s.token(domain.RoleCommission), s.list()
	var persons, ids []string
	var last *answer
	for i := range 7 {
		person, entry, _ := s.entry(list)
		persons, ids = append(persons, person), append(ids, entry)
		if i%3 == 0 {
			last = s.reviewed(list, entry)
		}
	}
	path := "/v1/queues/" + list + "/entries"
	walk := func(filter string, limit int) (found []string) {
		for cursor := ""; ; {
			a := s.seen(fmt.Sprintf("%s?limit=%d%s%s", path, limit, filter, cursor), commission, last)
			for _, e := range a.at("entries").([]any) {
				e := e.(map[string]any)
				i := slices.Index(ids, e["entry_id"].(string))
				if e["person_id"] != persons[i] || e["number"] != float64(i+1) || e["name"] == "" ||
					!strings.HasPrefix(e["iin"].(string), "********") {
					t.Errorf("entry %d is shown as %v", i, e)
				}
				found = append(found, ids[i])
			}
			if a.at("of") != 7.0 {
				t.Errorf("%s: of %v", filter, a.at("of"))
			}
			next, more := a.body["next"].(string)
			if !more {
				return found
			}
			cursor = "&cursor=" + next
		}
	}
	due := s.seen(path, commission, last).at("entries", 0, "inventory_due_on").(string)
	day, err := domain.ParseDate(due)
	if err != nil {
		t.Fatal(err)
	}
	before := day.AddDays(-1).String()
	for filter, want := range map[string][]string{
		"":                                       ids,
		"&status=under_review":                   {ids[0], ids[3], ids[6]},
		"&status=active":                         {ids[1], ids[2], ids[4], ids[5]},
		"&inventory_due_by=" + due:               ids,
		"&inventory_due_by=" + before:            nil,
		"&person_id=" + persons[4]:               {ids[4]},
		"&status=active&person_id=" + persons[3]: nil,
		"&person_id=" + nobody:                   nil,
	} {
		for _, limit := range []int{1, 2, 3, 100} {
			if got := walk(filter, limit); !slices.Equal(got, want) {
				t.Errorf("%s by %d: %v, want %v", filter, limit, got, want)
			}
		}
	}
	s.get(path+"?status=removed", commission).refused(http.StatusUnprocessableEntity, domain.CodeValueUnknown, "query.status")
}
