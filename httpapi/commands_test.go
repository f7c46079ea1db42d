package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"sync"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/domaintest"
)

// act is one command of each kind, ready to be sent.
type act struct {
	name, path, token string
	body              body
	status            int
}

// acts returns every kind of command, each possible as the registry stands.
func acts(s *subtest) []act {
	operator, commission := s.token(domain.RoleOperator), s.token(domain.RoleCommission)
	owner, mover, leaver, stayer := s.citizen(), s.citizen(), s.citizen(), s.citizen()
	home, away, free, service := s.dwelling(owner), s.dwelling(), s.dwelling(), s.service()
	for _, p := range []string{owner, mover, leaver, stayer} {
		s.registered(p, home, "2026-03-01", "")
	}
	list := s.list()
	resides, first, _ := s.entry(list)
	s.registered(resides, home, "2026-03-01", "")
	_, standing, _ := s.entry(list)
	_, removed, _ := s.entry(list)
	s.removed(list, removed)
	s.reviewed(list, standing)
	toPlace, refusing := s.applied(owner, list), s.applied(mover, list)
	return []act{
		{
			"record a person",
			"/v1/persons",
			operator,
			body{"iin": s.iin(), "name": "Айгүл", "birth_date": "1990-05-17", "class": "citizen"},
			201,
		},
		{
			"record a person without an IIN",
			"/v1/persons",
			operator,
			body{"name": "Нұргүл", "birth_date": "1990-05-17", "class": "refugee"},
			201,
		},
		{
			"record a dwelling",
			"/v1/dwellings",
			operator,
			body{"rka": rka(), "address": "A", "owners": []body{{"person_id": owner}}},
			201,
		},
		{
			"change owners",
			"/v1/dwellings/" + away + "/owners",
			operator,
			body{"owners": []body{{"person_id": mover, "share": "1/1"}}},
			200,
		},
		{"move", "/v1/registrations", operator, registration(mover, free, "2026-03-15", ""), 201},
		{
			"stay",
			"/v1/registrations",
			operator,
			registration(stayer, free, "2026-03-15", "2026-09-15").with(body{"consents": []body{{"person_id": mover}}}),
			201,
		},
		{"deregister", "/v1/deregistrations", s.as(owner), removal(owner, home, leaver, s.citizen()), 201},
		{"open a list", "/v1/queues", commission, body{"body": "b", "settlement": "s", "title": "t"}, 201},
		{"apply", "/v1/housing-applications", operator, application(stayer, list), 201},
		{"place", "/v1/cases/" + toPlace + "/decision", commission, placing, 200},
		{
			"refuse",
			"/v1/cases/" + refusing + "/decision",
			commission,
			body{
				"outcome":   "refuse",
				"ground":    "requirements_not_met",
				"reasons":   "r",
				"unmet":     "u",
				"exemption": body{"ground": "urgency", "reasons": "r"},
			},
			200,
		},
		{"remove", entryPath(list, standing) + "/removal", commission, removing, 200},
		{"provide and register", entryPath(list, first) + "/provision", commission, body{
			"dwelling_id": service, "useful_area": 30, "rooms": 1, "need_check": needed, "minutes": body{"number": "12"}, "register_residence": true,
		}, 200},
		{"reinstate", entryPath(list, removed) + "/reinstatement", commission, byCourt, 200},
	}
}

// same fails the test unless b is the repetition of a.
func same(t tester, a, b *answer) {
	t.Helper()
	if a.status != b.status || a.text != b.text || a.header.Get("ETag") != b.header.Get("ETag") ||
		a.header.Get("Tizilim-Position") != b.header.Get("Tizilim-Position") {
		t.Errorf("the answers differ:\n%d %v %s\n%d %v %s", a.status, a.header, a.text, b.status, b.header, b.text)
	}
}

func TestADryRunTellsWhatTheRealRunDoes(t *testing.T) {
	r := start(t)
	for _, act := range acts(r.at(t)) {
		t.Run(act.name, func(t *testing.T) {
			s := r.at(t)
			key := header{"Idempotency-Key", s.key()}
			before := s.head()
			dry := s.command(act.path+"?dry_run=true", act.token, act.body, key).is(http.StatusOK)
			if s.changed(before) {
				t.Fatal("the dry run appended something")
			}
			if dry.at("dry_run") != true || dry.header.Get("ETag") != "" || dry.header.Get("Tizilim-Position") != "" {
				t.Errorf("the dry run looks like a real one: %v %s", dry.header, dry.text)
			}
			explicit := s.command(act.path+"?dry_run=false", act.token, act.body, key).is(act.status)
			if explicit.at("dry_run") != nil || explicit.header.Get("Idempotent-Replayed") != "false" {
				t.Errorf("the real run looks like a dry one or a repetition: %s", explicit.text)
			}
			type fact struct{ Stream, Type, EffectiveAt, Data string }
			facts := func(a *answer) (list []fact) {
				for i := range a.at("events").([]any) {
					data, err := json.Marshal(a.at("events", i, "data"))
					must(t, err)
					list = append(
						list,
						fact{
							fmt.Sprint(a.at("events", i, "stream")),
							fmt.Sprint(a.at("events", i, "type")),
							fmt.Sprint(a.at("events", i, "effective_at")),
							string(data),
						},
					)
				}
				return list
			}
			if told, done := facts(dry), facts(explicit); !reflect.DeepEqual(told, done) {
				t.Errorf("the dry run told\n%v\nand this was done\n%v", told, done)
			}
			// What is told is what the log holds, all of it, in its order.
			var last domain.Position
			for i := range explicit.at("events").([]any) {
				stream, revision := explicit.at("events", i, "stream").(string), uint64(
					explicit.at("events", i, "revision").(float64),
				)
				rec, err := s.store.ReadEvent(context.Background(), stream, revision)
				must(t, err)
				if rec.ID.String() != explicit.at("events", i, "event_id") || rec.Position <= last {
					t.Errorf("event %d is not that of the log, or out of order: %s", i, explicit.text)
				}
				last = rec.Position
			}
			if got := explicit.header.Get("Tizilim-Position"); got != fmt.Sprint(uint64(last)) {
				t.Errorf("Tizilim-Position %s, and the last event is at %d", got, last)
			}
			if after := s.head(); after != last {
				t.Errorf("the last event told is at %d, and the log ends at %d", last, after)
			}
			if again := s.command(act.path+"?dry_run=true", act.token, act.body, key); s.changed(last) {
				t.Errorf("a dry run after the real one appended something: %s", again.text)
			}
		})
	}
}

func TestARepeatedCommandGetsItsFirstAnswer(t *testing.T) {
	r := start(t)
	for _, act := range acts(r.at(t)) {
		t.Run(act.name, func(t *testing.T) {
			s := r.at(t)
			key := header{"Idempotency-Key", s.key()}
			first := s.command(act.path, act.token, act.body, key).is(act.status)
			head := s.head()
			r.clock.pass(time.Hour)
			for range 3 {
				again := s.command(act.path, act.token, act.body, key)
				same(t, first, again)
				if again.header.Get("Idempotent-Replayed") != "true" {
					t.Error("the repetition does not say that it is one")
				}
			}
			if s.head() != head {
				t.Error("the repetition appended something")
			}
		})
	}
}

func TestTwentyAtOnceAreOne(t *testing.T) {
	r := start(t)
	for _, act := range acts(r.at(t)) {
		t.Run(act.name, func(t *testing.T) {
			s := r.at(t)
			key := header{"Idempotency-Key", s.key()}
			answers := make([]*answer, 20)
			var all sync.WaitGroup
			for i := range answers {
				all.Go(func() {
					a, err := s.try("POST", act.path, act.token, act.body, key)
					if err != nil {
						t.Error(err)
						return
					}
					answers[i] = a
				})
			}
			all.Wait()
			if t.Failed() {
				return
			}
			answers[0].is(act.status)
			originals := 0
			for _, a := range answers {
				same(t, answers[0], a)
				if a.header.Get("Idempotent-Replayed") == "false" {
					originals++
				}
			}
			if originals != 1 {
				t.Errorf("%d of 20 say that they are no repetition", originals)
			}
			// Streams are as long as the answer says: nothing was appended twice.
			ends := map[string]uint64{}
			for i := range answers[0].at("events").([]any) {
				ends[answers[0].at("events", i, "stream").(string)] = uint64(
					answers[0].at("events", i, "revision").(float64),
				)
			}
			for stream, end := range ends {
				if got := uint64(len(s.stream(stream))); got != end+1 {
					t.Errorf("%s has %d events, the answer ends at revision %d", stream, got, end)
				}
			}
		})
	}
}

func TestAKeyIsOneRequestOfOneAccount(t *testing.T) {
	r := start(t)
	s := r.at(t)
	operator := s.token(domain.RoleOperator)
	key := header{"Idempotency-Key", s.key()}
	person := body{"iin": s.iin(), "name": "Айгүл", "birth_date": "1990-05-17", "class": "citizen"}
	first := s.command("/v1/persons", operator, person, key).is(201)
	home, away := s.dwelling(), s.dwelling()
	owners := body{"owners": []body{}}
	otherKey := header{"Idempotency-Key", s.key()}
	s.command("/v1/dwellings/"+home+"/owners", operator, owners, otherKey).is(200)
	before := s.head()

	s.command("/v1/persons", operator, person.with(body{"name": "Сәуле"}), key).refused(422, domain.CodeKeyReused, "")
	s.command("/v1/persons", operator, person.with(body{"iin": s.iin()}), key).refused(422, domain.CodeKeyReused, "")
	s.command("/v1/registrations", operator, registration(first.id("person_id"), home, "2026-03-01", ""), key).
		refused(422, domain.CodeKeyReused, "")
	s.command("/v1/dwellings/"+away+"/owners", operator, owners, otherKey).refused(422, domain.CodeKeyReused, "")
	if s.head() != before {
		t.Error("a reused key appended something")
	}
	same(t, first, s.command("/v1/persons", operator, person, key))
	// The same request in other clothes: spaces, order, a default said.
	same(t, first, s.command(
		"/v1/persons",
		operator,
		fmt.Sprintf(
			`{"class": "citizen", "birth_date":"1990-05-17", "iin":%q, "name":"\u0410йгүл"}`,
			person["iin"],
		),
		key,
	))

	colleague := s.staff(domain.RoleOperator, "operator-2")
	theirs := s.command("/v1/persons", colleague, person.with(body{"iin": s.iin()}), key).is(201)
	if theirs.header.Get("Idempotent-Replayed") != "false" || theirs.text == first.text {
		t.Error("another account's key is taken for the same")
	}
	// A key survives a lost Redis: the projector writes the keys of what is recorded.
	must(t, r.redis.FlushAll(context.Background()).Err())
	r.until("the read model is healed", func() bool {
		status, err := r.model.Status(context.Background())
		return err == nil && status.Ready() && uint64(status.Position) >= uint64(s.head())
	})
	s.command("/v1/registrations", operator, registration(first.id("person_id"), home, "2026-03-01", ""), key).
		refused(422, domain.CodeKeyReused, "")
	same(t, first, s.command("/v1/persons", operator, person, key))
}

func TestARefusedCommandFreesItsKey(t *testing.T) {
	s := start(t).at(t)
	operator := s.token(domain.RoleOperator)
	person, dwelling := s.citizen(), s.dwelling()
	key := header{"Idempotency-Key", s.key()}
	s.command("/v1/registrations", operator, registration(person, dwelling, "2026-03-16", ""), key).
		refused(422, domain.CodeDateInFuture, "effective_from")
	s.command("/v1/registrations", operator, registration(person, nobody, "2026-03-15", ""), key).
		refused(422, domain.CodeDwellingUnknown, "dwelling_id")
	s.command("/v1/registrations", operator, registration(person, dwelling, "2026-03-15", ""), key, header{"If-Match", `"9"`}).
		refused(412, domain.CodeStaleRevision, "")
	done := s.command("/v1/registrations", operator, registration(person, dwelling, "2026-03-15", ""), key).is(201)
	if done.header.Get("Idempotent-Replayed") != "false" {
		t.Error("the mended request is taken for a repetition")
	}
	s.command("/v1/registrations", operator, registration(person, dwelling, "2026-03-14", ""), key).
		refused(422, domain.CodeKeyReused, "")
}

func TestIfMatchProtectsADecisionFromWhatCameBetween(t *testing.T) {
	s := start(t).at(t)
	operator, commission := s.token(domain.RoleOperator), s.token(domain.RoleCommission)
	person, home, away := s.citizen(), s.dwelling(), s.dwelling()
	first := s.registered(person, home, "2026-03-01", "")
	tag := s.seen("/v1/persons/"+person+"/residence", operator, first).header.Get("ETag")
	if tag != first.header.Get("ETag") || tag != `"1"` {
		t.Fatalf("the read gives ETag %s, the command gave %s", tag, first.header.Get("ETag"))
	}
	moved := s.command("/v1/registrations", operator, registration(person, away, "2026-03-10", ""), header{"If-Match", tag}).
		is(201)
	if got := moved.header.Get("ETag"); got != `"3"` {
		t.Errorf("a move appends two events; ETag %s", got)
	}
	s.command("/v1/registrations", operator, registration(person, home, "2026-03-11", ""), header{"If-Match", tag}).
		refused(412, domain.CodeStaleRevision, "")

	list := s.list()
	_, entry, _ := s.entry(list)
	tag = s.seen(entryPath(list, entry), commission, s.reviewed(list, entry)).header.Get("ETag")
	_, _, other := s.entry(list)
	s.command(entryPath(list, entry)+"/removal", commission, removing, header{"If-Match", tag}).
		refused(412, domain.CodeStaleRevision, "")
	tag = s.seen("/v1/queues/"+list+"/entries", commission, other).header.Get("ETag")
	s.command(entryPath(list, entry)+"/removal", commission, removing, header{"If-Match", tag}).is(200)

	caseID := s.applied(s.citizen(), list)
	read := s.seen(
		"/v1/cases/"+caseID,
		commission,
		s.command("/v1/queues", commission, body{"body": "b", "settlement": "s", "title": "t"}).is(201),
	)
	s.command("/v1/cases/"+caseID+"/decision", commission, placing, header{"If-Match", read.header.Get("ETag")}).is(200)
}

func TestACommandIsSeenByTheNextRead(t *testing.T) {
	s := start(t).at(t)
	operator := s.token(domain.RoleOperator)
	person := s.citizen()
	dwellings := []string{s.dwelling(), s.dwelling()}
	for i := range 200 {
		to := dwellings[i%2]
		a := s.registered(person, to, "2026-03-01", "")
		position := a.header.Get("Tizilim-Position")
		read := s.get("/v1/persons/"+person+"/residence", operator, header{"Tizilim-Position", position}).
			is(http.StatusOK)
		if got := read.at("registrations", 0, "dwelling_id"); got != to {
			t.Fatalf("round %d: the read does not know of the command: %s", i, read.text)
		}
		seen, err := strconv.ParseUint(read.header.Get("Tizilim-Position"), 10, 64)
		must(t, err)
		sent, err := strconv.ParseUint(position, 10, 64)
		must(t, err)
		if seen < sent || read.at("as_of_position") != float64(seen) {
			t.Fatalf("round %d: asked for %d, answered as of %d: %s", i, sent, seen, read.text)
		}
		if stale := s.get("/v1/dwellings/"+dwellings[(i+1)%2]+"/residents", operator, header{"Tizilim-Position", position}).is(200); len(
			stale.at("residents").([]any),
		) != 0 {
			t.Fatalf("round %d: registered at both: %s", i, stale.text)
		}
	}
}

func TestAReadOfTheFarFutureWaitsItsTermAndSaysSo(t *testing.T) {
	s := start(t).at(t)
	list := s.list()
	person, entry, placed := s.entry(list)
	auditor, commission := s.token(domain.RoleAuditor), s.token(domain.RoleCommission)
	future := header{"Tizilim-Position", "9000000000000000000"}
	var all sync.WaitGroup
	for path, token := range map[string]string{
		"/v1/persons/" + person + "/residence": auditor, "/v1/persons/" + person + "/history": auditor,
		"/v1/cases/" + placed.id("case_id"): auditor, "/v1/queues/" + list + "/entries": auditor, entryPath(list, entry): commission,
	} {
		all.Go(func() {
			began := time.Now()
			a, err := s.try("GET", path, token, nil, future)
			if err != nil {
				t.Error(err)
				return
			}
			if a.status != 503 || a.body["code"] != string(domain.CodeModelBehind) ||
				a.header.Get("Retry-After") == "" {
				t.Errorf("%s: %d %s", path, a.status, a.text)
			}
			if took := time.Since(began); took < awaitTimeout/2 || took > 10*awaitTimeout {
				t.Errorf("%s: answered after %v; the term is %v", path, took, awaitTimeout)
			}
		})
	}
	all.Wait()
}

// position is the Tizilim-Position of an answer that has one.
func (a *answer) position() uint64 {
	a.t.Helper()
	p, err := strconv.ParseUint(a.header.Get("Tizilim-Position"), 10, 64)
	must(a.t, err)
	return p
}

// Many decide at once: the list stays without gap or repeat, everybody gets an
// answer, and none of them is a lost race that was not told.
func TestTwentyPlacementsAtOnce(t *testing.T) {
	s := start(t).at(t)
	list := s.list()
	cases := make([]string, 20)
	for i := range cases {
		cases[i] = s.applied(s.citizen(), list)
	}
	answers := make([]*answer, len(cases))
	var all sync.WaitGroup
	for i, c := range cases {
		all.Go(func() {
			a, err := s.try(
				"POST",
				"/v1/cases/"+c+"/decision",
				s.token(domain.RoleCommission),
				placing,
				header{"Idempotency-Key", s.key()},
			)
			if err != nil {
				t.Error(err)
				return
			}
			answers[i] = a
		})
	}
	all.Wait()
	if t.Failed() {
		return
	}
	last := answers[0]
	for _, a := range answers {
		a.is(200)
		if a.position() > last.position() {
			last = a
		}
	}
	page := s.seen("/v1/queues/"+list+"/entries", s.token(domain.RoleCommission), last)
	if page.at("of") != float64(len(cases)) {
		t.Fatalf("placed %d: %s", len(cases), page.text)
	}
	for i, c := range cases { // in the order of the applications, whoever was decided first
		if page.at("entries", i, "case_id") != c || page.at("entries", i, "number") != float64(i+1) {
			t.Errorf(
				"at %d stands %v with number %v, want %s",
				i,
				page.at("entries", i, "case_id"),
				page.at("entries", i, "number"),
				c,
			)
		}
	}
}

func TestACitizenIsTheirOwnAccount(t *testing.T) {
	s := start(t).at(t)
	list := s.list()
	one, two := s.citizen(), s.citizen()
	portal := func(person string) body {
		return application(person, list).with(body{"channel": "portal", "signature": body{"method": "eds"}})
	}
	key := header{"Idempotency-Key", "the same for both"}
	a := s.command("/v1/housing-applications", s.as(one), portal(one), key).is(201)
	b := s.command("/v1/housing-applications", s.as(two), portal(two), key).is(201)
	if a.id("case_id") == b.id("case_id") {
		t.Error("two citizens share a key")
	}
	if got := a.at("events", 0, "actor"); got != one {
		t.Errorf("the actor is %v, want the citizen %s", got, one)
	}
	received, err := time.Parse(time.RFC3339, a.id("received_at"))
	must(t, err)
	if !received.Equal(domaintest.Noon()) {
		t.Errorf("received at %v", received)
	}
}
