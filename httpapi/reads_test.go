package httpapi_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
	"tizilim/domain/rules"
	"tizilim/httpapi"
	answers "tizilim/httpapi/body"
)

// Two times: the person moved on 10 March, which the registry learned on the
// 15th at three; and began a stay on the 16th, which ends by itself.
func TestResidenceAtAnyDayAsKnownAtAnyTime(t *testing.T) {
	r := start(t)
	s := r.at(t)
	auditor := s.token(domain.RoleAuditor)
	person, old, home := s.citizen(), s.citizen(), s.citizen()
	first, second, third := s.dwelling(old), s.dwelling(), s.dwelling()
	r.clock.pass(time.Hour)                        // 15 March, 13:00
	s.registered(person, first, "2026-02-01", "")  // back-dated
	r.clock.pass(2 * time.Hour)                    // 15:00
	s.registered(person, second, "2026-03-10", "") // a move, back-dated
	s.resold(first, body{"owners": []body{{"person_id": home}}, "effective_on": "2026-03-15"})
	r.clock.pass(24 * time.Hour) // 16 March, 15:00
	last := s.registered(person, third, "2026-03-16", "2026-05-16")
	r.clock.pass(time.Hour)

	type cell struct{ asOf, knownAt string }
	f, m, both := "first", "second", "second third"
	names := map[string]string{first: "first", second: "second", third: "third"}
	days := []string{
		"2026-01-31",
		"2026-02-01",
		"2026-03-09",
		"2026-03-10",
		"2026-03-16",
		"2026-05-15",
		"2026-05-16",
		"2999-12-31",
	}
	knowns := []string{
		"2026-03-15T12:59:59+05:00",
		"2026-03-15T13:00:00+05:00",
		"2026-03-15T14:59:59.999+05:00",
		"2026-03-15T10:00:00Z",
		"2026-03-15",
		"2026-03-16T14:59:59+05:00",
		"2026-03-16",
		"",
	}
	want := map[string][]string{ // by known_at, in the order of the days
		knowns[0]: {"", "", "", "", "", "", "", ""},
		knowns[1]: {"", f, f, f, f, f, f, f},
		knowns[2]: {"", f, f, f, f, f, f, f},
		knowns[3]: {"", f, f, m, m, m, m, m},
		knowns[4]: {"", f, f, m, m, m, m, m},
		knowns[5]: {"", f, f, m, m, m, m, m},
		knowns[6]: {"", f, f, m, both, both, m, m},
		knowns[7]: {"", f, f, m, both, both, m, m},
	}
	query := func(c cell) string {
		q := url.Values{"as_of": {c.asOf}}
		if c.knownAt != "" {
			q.Set("known_at", c.knownAt)
		}
		return "?" + q.Encode()
	}
	position := header{"Tizilim-Position", last.header.Get("Tizilim-Position")}
	for _, known := range knowns {
		for i, day := range days {
			c := cell{day, known}
			t.Run(day+" as known "+known, func(t *testing.T) {
				s := r.at(t)
				a := s.get("/v1/persons/"+person+"/residence"+query(c), auditor).is(200)
				var got []string
				for j := range a.at("registrations").([]any) {
					got = append(got, names[a.at("registrations", j, "dwelling_id").(string)])
				}
				if strings.Join(got, " ") != want[known][i] || a.at("as_of") != day {
					t.Errorf("registered at %v, want %q: %s", got, want[known][i], a.text)
				}
				// The dwellings tell the same, from the other side.
				for dwelling, name := range names {
					a := s.get("/v1/dwellings/"+dwelling+"/residents"+query(c), auditor, position).is(200)
					if here, said := strings.Contains(want[known][i], name), len(a.at("residents").([]any)) == 1; here != said {
						t.Errorf("%s: registered there %v: %s", name, here, a.text)
					}
				}
			})
		}
	}

	t.Run("owners over time", func(t *testing.T) {
		s := r.at(t)
		for _, row := range []struct{ asOf, knownAt, owner string }{
			{"2026-03-14", "", ""},
			{"2026-03-15", "", home},
			{"2026-03-15", "2026-03-15T12:30:00+05:00", old},
			{"2026-03-16", "2026-03-15T14:00:00+05:00", old},
			{"2026-03-16", "", home},
		} {
			a := s.get("/v1/dwellings/"+first+"/residents"+query(cell{row.asOf, row.knownAt}), auditor, position).
				is(200)
			var got []string
			for i := range a.at("owners").([]any) {
				got = append(got, a.at("owners", i, "person_id").(string))
			}
			if strings.Join(got, " ") != row.owner {
				t.Errorf("%+v: owners %v", row, got)
			}
		}
	})
	t.Run("before the registry knew the person or the dwelling", func(t *testing.T) {
		s := r.at(t)
		before := "?known_at=2026-03-14"
		s.get("/v1/persons/"+person+"/residence"+before, auditor).refused(404, domain.CodePersonUnknown, "")
		s.get("/v1/dwellings/"+first+"/residents"+before, auditor, position).
			refused(404, domain.CodeDwellingUnknown, "")
		theirs := s.get("/v1/dwellings/"+first+"/residents"+before, s.as(home), position).
			refused(404, domain.CodeNotFound, "")
		nothing := s.get("/v1/dwellings/"+nobody+"/residents"+before, s.as(home), position)
		if theirs.text != nothing.text {
			t.Errorf("%s\n%s", theirs.text, nothing.text)
		}
	})
	t.Run("asking for today is asking for now", func(t *testing.T) {
		s := r.at(t)
		for _, path := range []string{"/v1/persons/" + person + "/residence", "/v1/dwellings/" + third + "/residents"} {
			now := s.seen(path, auditor, last)
			for _, q := range []string{"?as_of=2026-03-16", "?as_of=2026-03-15T19:00:00Z", "?known_at=2026-03-16T16:00:00%2B05:00"} {
				then := s.get(path+q, auditor, position).is(200)
				for _, member := range []string{"registrations", "residents", "owners", "address", "as_of"} {
					if fmt.Sprint(now.body[member]) != fmt.Sprint(then.body[member]) {
						t.Errorf("%s%s: %s is %v, and now %v", path, q, member, then.body[member], now.body[member])
					}
				}
			}
		}
	})
	t.Run("a stay is over on its last day without anybody recording it", func(t *testing.T) {
		s := r.at(t)
		shown := func() (registrations, residents int) {
			a := s.get("/v1/persons/"+person+"/residence", auditor, position).is(200)
			b := s.get("/v1/dwellings/"+third+"/residents", auditor, position).is(200)
			return len(a.at("registrations").([]any)), len(b.at("residents").([]any))
		}
		until := time.Date(2026, 5, 16, 0, 0, 0, 0, domain.Zone)
		r.clock.pass(until.Sub(r.clock.Now()) - time.Microsecond)
		if a, b := shown(); a != 2 || b != 1 {
			t.Errorf("a moment before: %d registrations, %d residents", a, b)
		}
		r.clock.pass(time.Microsecond)
		if a, b := shown(); a != 1 || b != 0 {
			t.Errorf("on the day: %d registrations, %d residents", a, b)
		}
	})
}

// What is recorded by a clock ahead of the API's is not in its future.
func TestAReadOfADayKnowsWhatHasJustBeenRecorded(t *testing.T) {
	ahead := &clock{now: domaintest.Noon().Add(time.Minute)}
	r := start(t, func(set *settings) { set.storeClock = ahead.Now })
	s := r.at(t)
	person, dwelling := s.citizen(), s.dwelling()
	s.registered(person, dwelling, "2026-03-01", "")
	a := s.get("/v1/persons/"+person+"/residence?as_of=2026-03-15", s.token(domain.RoleAuditor)).is(200)
	if len(a.at("registrations").([]any)) != 1 {
		t.Errorf("the registration is missing: %s", a.text)
	}
}

// lines reads an NDJSON answer.
func (a *answer) lines() []map[string]any {
	a.t.Helper()
	if got := a.header.Get("Content-Type"); got != "application/x-ndjson" {
		a.t.Fatalf("content type %q: %s", got, a.text)
	}
	var list []map[string]any
	for line := range strings.Lines(a.text) {
		var v map[string]any
		must(a.t, json.Unmarshal([]byte(line), &v))
		list = append(list, v)
	}
	return list
}

var ndjson = header{"Accept", "application/x-ndjson"}

func TestAHistoryIsTheLog(t *testing.T) {
	r := start(t)
	s := r.at(t)
	auditor := s.token(domain.RoleAuditor)
	owner := s.citizen()
	home, away := s.dwelling(owner), s.dwelling()
	list := s.list()
	for range 3 {
		r.clock.pass(time.Hour)
		s.registered(owner, home, "2026-03-01", "")
		s.registered(owner, away, "2026-03-01", "")
		s.entry(list) // of somebody else: in no history of the owner
	}
	guest := s.citizen()
	s.registered(guest, home, "2026-03-01", "")
	s.command("/v1/deregistrations", s.as(owner), removal(owner, home, guest)).is(201)
	placed := s.placed(s.applied(owner, list))
	last := s.removed(list, placed.at("placement", "entry_id").(string))
	position := header{"Tizilim-Position", last.header.Get("Tizilim-Position")}

	tells := map[string]func(domain.Recorded) bool{
		"/v1/persons/" + owner + "/history": func(rec domain.Recorded) bool {
			text, err := json.Marshal(rec.Event)
			must(t, err)
			if strings.HasPrefix(rec.Stream, "access-") { // who read it is kept apart from what it is
				return false
			}
			return strings.Contains(string(text), owner) ||
				rec.Meta.Correlation.String() == placed.id(
					"case_id",
				) || rec.Event.EventType() == "HearingDispensed" || strings.HasPrefix(rec.Stream, "case-") && rec.Event.EventType() == "DeregistrationDecided"
		},
		"/v1/dwellings/" + home + "/history": func(rec domain.Recorded) bool {
			text, err := json.Marshal(rec.Event)
			must(t, err)
			if rec.Event.EventType() == "PlacementApproved" { // what it answers about a dwelling is about its applicant
				return false
			}
			return strings.Contains(string(text), home) || rec.Event.EventType() == "DeregistrationDecided"
		},
	}
	for path, of := range tells {
		t.Run(path, func(t *testing.T) {
			s := r.at(t)
			var want []domain.Recorded
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			for d := range s.store.Follow(ctx, 0) {
				if d.Recorded != nil && of(*d.Recorded) { // its personal values are sealed
					opened, err := s.store.ReadPage(ctx, d.Recorded.Stream, d.Recorded.Revision, 1)
					must(t, err)
					want = append(want, opened...)
				}
				if d.CaughtUp {
					break
				}
			}
			all := s.get(path, auditor, ndjson, position).is(200).lines()
			for _, limit := range []int{1, 2, 3, 7, len(want), 1000} {
				var paged []map[string]any
				for cursor, pages := "", 1; ; pages++ {
					a := s.get(fmt.Sprintf("%s?limit=%d%s", path, limit, cursor), auditor, position).is(200)
					for i := range a.at("events").([]any) {
						paged = append(paged, a.at("events", i).(map[string]any))
					}
					next, more := a.body["next"].(string)
					if !more {
						if wantPages := max(1, (len(want)+limit-1)/limit); pages != wantPages {
							t.Errorf("limit %d: %d pages, want %d", limit, pages, wantPages)
						}
						break
					}
					cursor = "&cursor=" + next
				}
				if fmt.Sprint(paged) != fmt.Sprint(all) {
					t.Errorf("limit %d: the pages differ from the stream", limit)
				}
			}
			if len(all) != len(want) {
				t.Fatalf("%d lines, the log has %d events", len(all), len(want))
			}
			for i, rec := range want {
				line := all[i]
				data, err := answers.Marshal(rec.Event)
				must(t, err)
				var facts any
				must(t, json.Unmarshal(data, &facts))
				created, err := time.Parse(time.RFC3339, line["created_at"].(string))
				must(t, err)
				effective, err := time.Parse(time.RFC3339, line["effective_at"].(string))
				must(t, err)
				if line["stream"] != rec.Stream || line["revision"] != float64(rec.Revision) || line["position"] != float64(rec.Position) ||
					line["type"] != rec.Event.EventType() || line["event_id"] != rec.ID.String() || fmt.Sprint(line["data"]) != fmt.Sprint(facts) ||
					!created.Equal(rec.Created) || !effective.Equal(rec.Event.EffectiveAt()) ||
					line["actor"] != rec.Meta.Actor ||
					line["role"] != string(rec.Meta.Role) ||
					line["correlation"] != rec.Meta.Correlation.String() {
					t.Errorf("line %d is %v, the log holds %+v", i, line, rec)
				}
			}
		})
	}
}

// brokenLog fails after some reads.
type brokenLog struct {
	httpapi.Log
	left *atomic.Int64 // reads that still work; negative: all
	err  error
}

func (b brokenLog) ReadPage(ctx context.Context, stream string, from uint64, limit int) ([]domain.Recorded, error) {
	if left := b.left.Load(); left >= 0 && b.left.Add(-1) < 0 {
		b.left.Store(0)
		return nil, b.err
	}
	return b.Log.ReadPage(ctx, stream, from, limit)
}

func (b brokenLog) Read(ctx context.Context, stream string, from uint64) iter.Seq2[domain.Recorded, error] {
	if b.left.Load() >= 0 {
		return func(yield func(domain.Recorded, error) bool) { yield(domain.Recorded{}, b.err) }
	}
	return b.Log.Read(ctx, stream, from)
}

func TestAHistoryThatBreaksSaysSo(t *testing.T) {
	var left atomic.Int64
	left.Store(-1)
	broken := domain.Refuse(
		domain.Unavailable,
		domain.CodeLogUnavailable,
		"the event store does not answer now; ask again",
	)
	r := start(t, func(set *settings) {
		set.log = func(l httpapi.Log) httpapi.Log { return brokenLog{l, &left, broken} }
	})
	s := r.at(t)
	auditor := s.token(domain.RoleAuditor)
	person := s.citizen()
	dwellings := []string{s.dwelling(), s.dwelling()}
	var last *answer
	for i := range 150 { // two events each: more than one step of a replay
		last = s.registered(person, dwellings[i%2], "2026-03-01", "")
	}
	position := header{"Tizilim-Position", last.header.Get("Tizilim-Position")}
	path := "/v1/persons/" + person + "/history"
	whole := s.get(path, auditor, ndjson, position).is(200).lines()

	left.Store(1)
	cut := s.get(path, auditor, ndjson, position).is(200).lines()
	end := cut[len(cut)-1]
	if end["code"] != string(domain.CodeLogUnavailable) || end["status"] != float64(503) {
		t.Errorf("the last line of a history that broke is %v", end)
	}
	if n := len(cut) - 1; n == 0 || n >= len(whole) || fmt.Sprint(cut[:n]) != fmt.Sprint(whole[:n]) {
		t.Errorf("%d lines of %d, or others", n, len(whole))
	}

	left.Store(0)
	s.get(path, auditor, ndjson, position).refused(503, domain.CodeLogUnavailable, "")
	s.get(path, auditor, position).refused(503, domain.CodeLogUnavailable, "")
	s.get("/v1/persons/"+person+"/residence?as_of=2026-03-01", auditor).refused(503, domain.CodeLogUnavailable, "")
	s.get("/v1/persons/"+person+"/residence", auditor, position).is(200) // from the model
}

// mixedUpLog gives other events than those asked for.
type mixedUpLog struct{ httpapi.Log }

func (m mixedUpLog) ReadPage(ctx context.Context, stream string, from uint64, limit int) ([]domain.Recorded, error) {
	return m.Log.ReadPage(ctx, stream, from+1, limit)
}

func TestAHistoryNeverHoldsOtherEventsThanItsPointersName(t *testing.T) {
	r := start(t, func(set *settings) { set.log = func(l httpapi.Log) httpapi.Log { return mixedUpLog{l} } })
	s := r.at(t)
	person := s.citizen()
	last := s.registered(person, s.dwelling(), "2026-03-01", "")
	position := header{"Tizilim-Position", last.header.Get("Tizilim-Position")}
	s.get("/v1/persons/"+person+"/history", s.token(domain.RoleAuditor), position).refused(500, domain.CodeInternal, "")
	s.get("/v1/persons/"+person+"/history", s.token(domain.RoleAuditor), ndjson, position).
		refused(500, domain.CodeInternal, "")
}

// fold of a list, written down without the domain's own order: for comparison.
func foldList(recs []domain.Recorded) (order []housing.EntryPlaced) {
	placed := map[domain.EntryID]housing.EntryPlaced{}
	for _, rec := range recs {
		switch e := rec.Event.(type) {
		case housing.EntryPlaced:
			placed[e.EntryID] = e
			order = append(order, e)
		case housing.EntryRemoved:
			order = slices.DeleteFunc(order, func(p housing.EntryPlaced) bool { return p.EntryID == e.EntryID })
		case housing.EntryReinstated:
			order = append(order, placed[e.EntryID])
		}
	}
	slices.SortFunc(order, func(a, b housing.EntryPlaced) int {
		return cmp.Or(a.Seniority.At.Compare(b.Seniority.At), cmp.Compare(a.Seniority.Position, b.Seniority.Position))
	})
	return order
}

// agree compares every page of a list, and every entry's own number, with the
// fold of its stream.
func (s *subtest) agree(list string, limit int, after *answer) {
	s.t.Helper()
	want := foldList(s.stream("queue-" + list))
	commission := s.token(domain.RoleCommission)
	position := header{"Tizilim-Position", after.header.Get("Tizilim-Position")}
	n := 0
	for cursor := ""; ; {
		a := s.get(fmt.Sprintf("/v1/queues/%s/entries?limit=%d%s", list, limit, cursor), commission, position).is(200)
		for i := range a.at("entries").([]any) {
			if n >= len(want) {
				s.t.Fatalf("more entries than %d", len(want))
			}
			e, line := want[n], a.at("entries", i).(map[string]any)
			n++
			if line["entry_id"] != e.EntryID.String() || line["person_id"] != e.PersonID.String() || line["case_id"] != e.CaseID.String() ||
				line["number"] != float64(n) ||
				line["certified_number"] != float64(e.Number) ||
				line["registered_on"] != e.RegisteredOn.String() {
				s.t.Errorf("line %d is %v, want %+v", n, line, e)
			}
			own := s.get(entryPath(list, e.EntryID.String()), s.as(e.PersonID.String()), position).is(200)
			if own.at("number") != float64(n) || own.at("ahead") != float64(n-1) ||
				own.at("of") != float64(len(want)) ||
				own.at("status") != "active" ||
				own.at("certified_number") != float64(e.Number) {
				s.t.Errorf("the entry itself says %s, want number %d", own.text, n)
			}
			s.caused(own)
		}
		if a.at("of") != float64(len(want)) {
			s.t.Errorf("of %v, want %d", a.at("of"), len(want))
		}
		next, more := a.body["next"].(string)
		if !more {
			break
		}
		cursor = "&cursor=" + next
	}
	if n != len(want) {
		s.t.Errorf("%d entries in all, want %d", n, len(want))
	}
}

// caused proves that the last change of a number names an event of the log that
// did change it.
func (s *subtest) caused(number *answer) {
	s.t.Helper()
	ref := number.at("last_change", "event").(string)
	stream, revision, _ := strings.Cut(ref, "@")
	var at uint64
	if _, err := fmt.Sscan(revision, &at); err != nil {
		s.t.Fatalf("reference %q: %v", ref, err)
	}
	rec, err := s.store.ReadEvent(context.Background(), stream, at)
	must(s.t, err)
	kinds := map[string]string{"EntryPlaced": "placed", "EntryRemoved": "removed", "EntryReinstated": "reinstated"}
	created, err := time.Parse(time.RFC3339, number.at("last_change", "created_at").(string))
	must(s.t, err)
	effective, err := time.Parse(time.RFC3339, number.at("last_change", "at").(string))
	must(s.t, err)
	if kinds[rec.Event.EventType()] != number.at("last_change", "kind") || stream != "queue-"+number.id("list_id") ||
		!created.Equal(rec.Created) || !effective.Equal(rec.Event.EffectiveAt()) {
		s.t.Errorf("last_change of %s, the log holds %+v", number.text, rec)
	}
	// The number before that event was another one, or none.
	recs := s.stream(stream)
	place := func(recs []domain.Recorded) int {
		return 1 + slices.IndexFunc(
			foldList(recs),
			func(e housing.EntryPlaced) bool { return e.EntryID.String() == number.id("entry_id") },
		)
	}
	now, after, before := place(recs), place(recs[:at+1]), place(recs[:at])
	if now != after || before == after {
		s.t.Errorf("the number is %d, was %d after %s and %d before it", now, after, ref, before)
	}
}

func TestAListIsTheFoldOfItsStream(t *testing.T) {
	r := start(t)
	s := r.at(t)
	commission := s.token(domain.RoleCommission)
	list := s.list()
	var cases, entries []string
	for range 11 {
		cases = append(cases, s.applied(s.citizen(), list))
		r.clock.pass(time.Second)
	}
	var last *answer
	for _, i := range []int{4, 10, 0, 7, 1, 2, 9, 3, 8, 5, 6} { // decided in another order than applied
		last = s.placed(cases[i])
		entries = append(entries, last.at("placement", "entry_id").(string))
	}
	s.agree(list, 3, last)
	s.agree(list, 500, last)
	gone := entries[0]
	last = s.removed(list, gone)
	s.agree(list, 3, last)
	removed := s.seen(entryPath(list, gone), commission, last)
	if removed.at("number") != nil || removed.at("ahead") != nil || removed.at("status") != "removed" ||
		removed.at("of") != float64(10) {
		t.Errorf("a removed entry has a number: %s", removed.text)
	}
	if number, sent := removed.body["number"]; !sent || number != nil {
		t.Errorf("the number of a removed entry is not null: %s", removed.text)
	}
	if want := fmt.Sprintf("queue-%s@%v", list, last.at("events", 1, "revision")); removed.at(
		"last_change",
		"event",
	) != want {
		t.Errorf("a removed entry names %v, want %s", removed.at("last_change", "event"), want)
	}
	last = s.command(entryPath(list, gone)+"/reinstatement", commission, byCourt).is(200)
	s.agree(list, 3, last)
	if got := s.seen(entryPath(list, gone), commission, last); got.at("number") != float64(5) {
		t.Errorf("reinstated at %v, want 5: seniority is that of the application", got.at("number"))
	}
	empty := s.list()
	a := s.seen(
		"/v1/queues/"+empty+"/entries",
		commission,
		s.command("/v1/queues", commission, body{"body": "b", "settlement": "s", "title": "t"}).is(201),
	)
	if got := fmt.Sprint(a.body["entries"], a.body["of"], a.body["next"]); got != "[] 0 <nil>" {
		t.Errorf("an empty list is %s", a.text)
	}
}

func TestACaseTellsItsWholeStory(t *testing.T) {
	r := start(t)
	s := r.at(t)
	operator, commission := s.token(domain.RoleOperator), s.token(domain.RoleCommission)
	list, person, spouse := s.list(), s.citizen(), s.citizen()
	applied := s.command("/v1/housing-applications", operator, application(person, list).with(body{
		"language": "ru", "family": []body{{"person_id": spouse, "relation": "spouse"}}})).is(201)
	path := "/v1/cases/" + applied.id("case_id")
	edition := string(rules.Default().On(domain.DateOf(r.clock.Now())).ID) // Q10
	a := s.seen(path, s.as(person), applied)
	if got := fmt.Sprint(a.body["service"], a.body["state"], a.body["applicant_id"], a.body["language"], a.body["fee"], a.body["persons"], a.body["list_id"], a.body["deadline"]); got !=
		fmt.Sprint(
			"S000",
			"registered",
			person,
			"ru",
			0,
			[]string{spouse},
			list,
			"2026-04-14T23:59:59+05:00",
		) {
		t.Errorf("received: %s", a.text)
	}
	if _, told := a.body["edition"]; told {
		t.Errorf("Q10 an edition before anything was decided: %s", a.text)
	}
	s.seen(path, s.as(spouse), applied)
	r.clock.pass(time.Hour)
	refused := s.command(path+"/decision", commission, body{"outcome": "refuse", "ground": "requirements_not_met", "reasons": "бар", "unmet": "u", "exemption": body{"ground": "urgency", "reasons": "r"}}).
		is(200)
	a = s.seen(path, s.as(person), refused)
	if a.at("state") != "refused" || a.at("refusal", "ground") != "requirements_not_met" || a.at("refusal", "reasons") != "бар" ||
		!strings.HasPrefix(a.at("refusal", "appeal_route").(string), "Решение может быть обжаловано") ||
		a.body["placement"] != nil ||
		a.at("edition") != edition {
		t.Errorf("refused: %s", a.text)
	}
	if !jsonEqual(a.at("refusal"), refused.at("refusal")) {
		t.Errorf("the case and the decision tell different certificates: %s %s", a.text, refused.text)
	}
	placed := s.placed(s.applied(person, list))
	a = s.seen("/v1/cases/"+placed.id("case_id"), s.as(person), placed)
	if a.at("state") != "granted" || !jsonEqual(a.at("placement"), placed.at("placement")) ||
		a.at("edition") != edition {
		t.Errorf("placed: %s", a.text)
	}

	home := s.dwelling(person)
	s.registered(spouse, home, "2026-03-01", "")
	out := s.command("/v1/deregistrations", s.as(person), removal(person, home, person, spouse)).is(201)
	a = s.seen("/v1/cases/"+out.id("case_id"), s.as(spouse), out)
	if a.at("service") != "S001" || a.at("state") != "granted" || a.at("edition") != edition || !jsonEqual(a.at("results"), out.at("results")) ||
		a.at("results", 0, "outcome") != "refused" ||
		a.at("results", 0, "code") != "not_registered_at_dwelling" ||
		a.at("results", 1, "outcome") != "deregistered" {
		t.Errorf("deregistered: %s", a.text)
	}
	received, err := time.Parse(time.RFC3339, a.id("received_at"))
	must(t, err)
	deadline, err := time.Parse(time.RFC3339, a.id("deadline"))
	must(t, err)
	if deadline.Sub(received) != 30*time.Minute {
		t.Errorf("due after %v", deadline.Sub(received))
	}
}

func jsonEqual(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

func TestReadsFromTheFoldOfAPerson(t *testing.T) {
	s := start(t).at(t)
	person, home, away := s.citizen(), s.dwelling(), s.dwelling()
	s.registered(person, home, "2026-02-01", "")
	s.registered(person, away, "2026-03-01", "2026-06-01")
	last := s.registered(person, s.dwelling(), "2026-03-10", "")
	s.foldAgrees(person, last)
}

// foldAgrees compares where a person is registered, now and on days past, with
// the domain's fold of the stream.
func (s *subtest) foldAgrees(person string, after *answer) {
	s.t.Helper()
	var p residence.Person
	for _, rec := range s.stream("residence-" + person) {
		p.Apply(rec)
	}
	today := domain.DateOf(s.clock.Now())
	for _, day := range []domain.Date{today, today.AddDays(-3), today.AddDays(-30), today.AddDays(40), {}} {
		query, on := "", today
		if !day.IsZero() {
			query, on = "?as_of="+day.String(), day
		}
		a := s.seen("/v1/persons/"+person+"/residence"+query, s.as(person), after)
		var got, want []string
		for i := range a.at("registrations").([]any) {
			r := a.at("registrations", i).(map[string]any)
			got = append(
				got,
				fmt.Sprintln(r["registration_id"], r["dwelling_id"], r["kind"], r["effective_from"], r["until"]),
			)
		}
		for _, r := range p.ActiveOn(on) {
			want = append(want, fmt.Sprintln(r.ID, r.DwellingID, r.Kind, r.From, orNil(r.Until.String())))
		}
		if foreseen := a.at("foreseen") == true; foreseen != today.Before(on) {
			s.t.Errorf("%s says that it is foreseen: %t", query, foreseen)
		}
		if !slices.Equal(got, want) {
			s.t.Errorf("on %s: %v, the fold says %v", on, got, want)
		}
	}
}
