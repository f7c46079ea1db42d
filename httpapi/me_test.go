package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/httpapi"
	"tizilim/httpapi/problem"
)

func TestTheAccountShowsWhoYouAreAndWhereYouAreRegistered(t *testing.T) {
	r := start(t)
	s := r.at(t)
	iin := s.iin()
	person := s.command("/v1/persons", s.token(domain.RoleOperator), body{
		"iin": iin, "name": "Айгүл Серікқызы", "birth_date": "1990-05-17", "class": "citizen"}).is(201).id("person_id")
	home, away := s.dwelling(), s.dwelling()
	s.registered(person, away, "2026-02-01", "")
	s.registered(person, home, "2026-03-01", "")
	last := s.registered(person, away, "2026-03-01", "2026-06-01")

	me := s.seen("/v1/me", s.as(person), last)
	if me.at("person_id") != person || me.at("name") != "Айгүл Серікқызы" || me.at("class") != "citizen" ||
		me.at("iin") != "********"+iin[8:] || strings.Contains(me.text, iin) {
		t.Errorf("the account says %s", me.text)
	}
	if list := me.at("registrations").([]any); len(list) != 2 || me.at("registrations", 0, "dwelling_id") != home ||
		me.at("registrations", 1, "kind") != "temporary" {
		t.Errorf("registrations: %s", me.text)
	}
	for what, path := range me.at("links").(map[string]any) {
		t.Run("the link to "+what, func(t *testing.T) { r.at(t).seen(path.(string), s.as(person), last) })
	}
	refugee := s.recorded("refugee")
	if own := s.seen("/v1/me", s.as(refugee), s.command("/v1/persons", s.token(domain.RoleOperator), body{
		"name": "Н", "birth_date": "1990-05-17", "class": "refugee"}).is(201)); own.at("class") != "refugee" {
		t.Errorf("a refugee's account says %s", own.text)
	}
	s.get("/v1/me", s.token(domain.RoleCitizen)).refused(http.StatusNotFound, domain.CodePersonUnknown, "")
}

func TestTheAccountOfSomebodyWithoutAnIINShowsNone(t *testing.T) {
	s := start(t).at(t)
	made := s.command("/v1/persons", s.token(domain.RoleOperator), body{"name": "Н", "birth_date": "1990-05-17", "class": "refugee"}).
		is(201)
	if me := s.seen("/v1/me", s.as(made.id("person_id")), made); me.at("iin") != nil || me.at("name") != "Н" {
		t.Errorf("the account says %s", me.text)
	}
}

// S000-2.5: the section "History of obtaining services" of the personal account.
func TestS000_2_5_TheHistoryOfServicesIsOfAllCasesInWhichYouTakePart(t *testing.T) {
	r := start(t)
	s := r.at(t)
	owner, other, guest, stranger := s.citizen(), s.citizen(), s.citizen(), s.citizen()
	flat, half := s.dwelling(owner), s.dwelling(owner, other)
	s.registered(guest, flat, "2026-03-01", "")
	out := s.command("/v1/deregistrations", s.as(owner), removal(owner, flat, guest, stranger).with(body{"departure_sheet": true})).
		is(201)
	s.registered(guest, half, "2026-03-15", "")
	asked := s.command("/v1/deregistrations", s.as(owner), removal(owner, half, guest)).is(201)
	list := s.list()
	married := s.command("/v1/housing-applications", s.token(domain.RoleOperator), application(guest, list).with(body{
		"family": []body{{"person_id": other, "relation": "spouse"}}})).is(201).id("case_id")
	placed := s.placed(s.consents(married, other))
	wish := s.applied(owner, list)
	last := s.command("/v1/cases/"+wish+"/decision", s.token(domain.RoleCommission), body{"outcome": "refuse", "ground": "requirements_not_met", "reasons": "r", "unmet": "u",
		"exemption": body{"ground": "urgency", "reasons": "r"}}).
		is(200)
	first, second, third := out.id("case_id"), asked.id("case_id"), placed.id("case_id")

	line := func(a *answer, i int) string {
		return fmt.Sprint(
			a.at("services", i, "case_id"),
			" ",
			a.at("services", i, "part"),
			" ",
			a.at("services", i, "state"),
		)
	}
	for _, row := range []struct {
		who   string
		of    string
		lines []string
	}{
		{"the owner", owner, []string{wish + " applicant refused", second + " applicant awaiting_co_owners", first + " applicant granted"}},
		{"the co-owner", other, []string{third + " family granted", second + " co_owner awaiting_co_owners"}},
		{"the deregistered", guest, []string{third + " applicant granted", second + " person awaiting_co_owners", first + " person granted"}},
		{"who was named in vain", stranger, []string{first + " person granted"}},
		{"nobody", domaintest.ID[domain.PersonID]("nobody in particular").String(), nil},
	} {
		t.Run(row.who, func(t *testing.T) {
			s := r.at(t)
			a := s.seen("/v1/me/services", s.as(row.of), last)
			var got []string
			for i := range a.at("services").([]any) {
				got = append(got, line(a, i))
			}
			if !slices.Equal(got, row.lines) {
				t.Errorf("got %v, want %v", got, row.lines)
			}
			for _, p := range []string{owner, other, guest, stranger} {
				if strings.Contains(a.text, p) {
					t.Errorf("the account names %s: %s", p, a.text)
				}
			}
			var paged []string
			for cursor := ""; ; {
				page := s.seen("/v1/me/services?limit=1"+cursor, s.as(row.of), last)
				for i := range page.at("services").([]any) {
					paged = append(paged, line(page, i))
				}
				next, more := page.body["next"].(string)
				if !more {
					break
				}
				cursor = "&cursor=" + next
			}
			if !slices.Equal(paged, row.lines) {
				t.Errorf("in pages %v, want %v", paged, row.lines)
			}
		})
	}
	t.Run("what came of it", func(t *testing.T) {
		s := r.at(t)
		mine := s.seen("/v1/me/services", s.as(guest), last)
		if mine.at("services", 2, "result", "outcome") != "deregistered" ||
			mine.at("services", 2, "deregistered") != 1.0 ||
			len(mine.at("services", 2, "issued").([]any)) != 2 { // the talon and the sheet, not the refusal of the other
			t.Errorf("S001: %s", mine.text)
		}
		if mine.at("services", 1, "result") != nil || mine.at("services", 1, "deregistered") != nil {
			t.Errorf("S001, not decided: %s", mine.text)
		}
		if mine.at("services", 0, "placement", "number") != 1.0 ||
			mine.at("services", 0, "placement", "entry_id") != placed.at("placement", "entry_id") {
			t.Errorf("S000: %s", mine.text)
		}
		theirs := s.seen("/v1/me/services", s.as(owner), last)
		if theirs.at("services", 0, "refusal", "ground") != "requirements_not_met" ||
			theirs.at("services", 2, "result") != nil ||
			theirs.at("services", 2, "deregistered") != 1.0 {
			t.Errorf("the owner's: %s", theirs.text)
		}
		if vain := s.seen("/v1/me/services", s.as(stranger), last); vain.at(
			"services",
			0,
			"result",
			"code",
		) != string(
			domain.CodeNotRegisteredHere,
		) {
			t.Errorf("in vain: %s", vain.text)
		}
	})
}

// Personal data law, art. 24: whom you can ask who has seen what.
func TestC21_EverybodySeesWhoReadTheirDataAndWhy(t *testing.T) {
	r := start(t)
	s := r.at(t)
	owner, guest := s.citizen(), s.citizen()
	home := s.dwelling(owner)
	last := s.registered(guest, home, "2026-03-01", "")
	if none := s.get("/v1/me/accesses", s.as(guest)).is(200); len(none.at("accesses").([]any)) != 0 ||
		none.body["next"] != nil {
		t.Fatalf("nobody has looked yet: %s", none.text)
	}
	path := "/v1/persons/" + guest + "/residence"
	s.seen(path, s.token(domain.RoleOperator), last)
	r.clock.pass(time.Hour)
	s.get(path, s.token(domain.RoleProvider), header{"Tizilim-Purpose", "court_request"},
		header{"Tizilim-Reference", "2-17/26"}).is(200)
	s.get(path, s.as(guest)).is(200)
	r.clock.pass(time.Hour)
	s.get("/v1/dwellings/"+home+"/residents", s.as(owner)).is(200)
	caseID := s.applied(guest, s.list())
	s.seen("/v1/cases/"+caseID, s.token(domain.RoleAuditor), s.command("/v1/persons", s.token(domain.RoleOperator), body{
		"name": "Н", "birth_date": "1990-05-17", "class": "refugee"}).is(201))

	want := []string{
		"2026-03-15T14:00:00+05:00 auditor-1 auditor get-case audit " + caseID,
		"2026-03-15T14:00:00+05:00 " + owner + " citizen get-dwelling-residents owner <nil>",
		"2026-03-15T13:00:00+05:00 provider-1 provider get-person-residence court_request <nil>",
		"2026-03-15T12:00:00+05:00 operator-1 operator get-person-residence service <nil>",
	}
	for _, limit := range []int{1, 2, 3, 4, 100} {
		var got []string
		pages := 0
		for cursor := ""; ; pages++ {
			a := s.get(fmt.Sprintf("/v1/me/accesses?limit=%d%s", limit, cursor), s.as(guest)).is(200)
			for i := range a.at("accesses").([]any) {
				e := a.at("accesses", i).(map[string]any)
				got = append(
					got,
					fmt.Sprint(
						e["read_at"],
						" ",
						e["reader"],
						" ",
						e["role"],
						" ",
						e["operation"],
						" ",
						e["purpose"],
						" ",
						e["case_id"],
					),
				)
			}
			next, more := a.body["next"].(string)
			if !more {
				break
			}
			cursor = "&cursor=" + next
		}
		if !slices.Equal(got, want) || pages != (len(want)-1)/limit {
			t.Errorf(
				"limit %d, %d pages more:\n%s\nwant\n%s",
				limit,
				pages,
				strings.Join(got, "\n"),
				strings.Join(want, "\n"),
			)
		}
	}
	for _, cursor := range []string{"x", "-1", "99999999999999999999"} {
		if a := s.get("/v1/me/accesses?cursor="+cursor, s.as(guest)); a.status != 422 {
			t.Errorf("cursor %s: %d %s", cursor, a.status, a.text)
		}
	}
}

// listening is an open stream of somebody's numbers.
type listening struct {
	t     *testing.T
	res   *http.Response
	lines *bufio.Scanner
}

// listen opens a stream; it ends with the test.
func (s *subtest) listen(t *testing.T, person string) *listening {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second) // so that what never comes is a failure
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, "GET", s.http.URL+"/v1/me/queue", nil)
	must(t, err)
	req.Header.Set("Authorization", "Bearer "+s.as(person))
	req.Header.Set("Accept", "text/event-stream")
	res, err := client.Do(req)
	must(t, err)
	t.Cleanup(func() { _ = res.Body.Close() })
	return &listening{t, res, bufio.NewScanner(res.Body)}
}

// next returns the next message that is no heartbeat; nil where the stream ends.
func (l *listening) next() map[string]any {
	l.t.Helper()
	for l.lines.Scan() {
		if data, ok := strings.CutPrefix(l.lines.Text(), "data: "); ok {
			var v map[string]any
			must(l.t, json.Unmarshal([]byte(data), &v))
			return v
		}
	}
	return nil
}

// refused fails the test unless the stream was not opened.
func (l *listening) refused(code domain.Code) {
	l.t.Helper()
	var p problem.Problem
	if l.res.StatusCode != http.StatusServiceUnavailable || l.res.Header.Get("Retry-After") == "" ||
		json.NewDecoder(l.res.Body).Decode(&p) != nil || p.Code != code {
		l.t.Errorf("status %d, %+v, want 503 %s", l.res.StatusCode, p, code)
	}
}

// told are the numbers of a message.
func told(message map[string]any) string {
	var numbers []string
	entries, _ := message["entries"].([]any)
	for _, e := range entries {
		e := e.(map[string]any)
		numbers = append(
			numbers,
			fmt.Sprint(e["number"], " of ", e["of"], " ", e["last_change"].(map[string]any)["kind"]),
		)
	}
	return strings.Join(numbers, ", ")
}

func TestMyQueueShowsTheCurrentNumbersAndTheStreamEveryChange(t *testing.T) {
	r := start(t)
	s := r.at(t)
	commission := s.token(domain.RoleCommission)
	list, elsewhere := s.list(), s.listOf("another body")
	_, ahead, _ := s.entry(list)
	person, entry, last := s.entry(list)

	once := s.seen("/v1/me/queue", s.as(person), last)
	own := s.seen(entryPath(list, entry), s.as(person), last)
	if got := once.at("entries", 0).(map[string]any); !sameNumbers(got, own.body) ||
		told(once.body) != "2 of 2 placed" {
		t.Errorf("the account says %s, the entry %s", once.text, own.text)
	}
	stream := s.listen(t, person)
	if kind := stream.res.Header.Get("Content-Type"); kind != "text/event-stream" || stream.res.StatusCode != 200 {
		t.Fatalf("%d %s", stream.res.StatusCode, kind)
	}
	expect := func(want string) {
		t.Helper()
		if got := told(stream.next()); got != want {
			t.Fatalf("the stream tells %q, want %q", got, want)
		}
	}
	expect("2 of 2 placed")
	s.entry(elsewhere) // of another list, and told to nobody here
	s.removed(list, ahead)
	expect("1 of 1 removed")
	s.command(entryPath(list, ahead)+"/reinstatement", commission, byCourt).is(200)
	expect("2 of 2 reinstated")
	s.placed(s.applied(person, elsewhere)) // an entry that was not there before
	if got := told(stream.next()); !strings.Contains(got, "2 of 2 reinstated") ||
		!strings.Contains(got, "2 of 2 placed") {
		t.Fatalf("after a second placement the stream tells %q", got)
	}
	gone := s.removed(list, entry)
	for { // that it comes under review may be told, or be over before it is
		got := told(stream.next())
		if got == "2 of 2 placed" {
			break
		}
		if !strings.Contains(got, "2 of 2 reinstated") {
			t.Fatalf("after the removal the stream tells %q", got)
		}
	}
	if after := s.seen("/v1/me/queue", s.as(person), gone); told(after.body) != "2 of 2 placed" {
		t.Errorf("after the removal the account says %s", after.text)
	}
	none := s.seen("/v1/me/queue", s.token(domain.RoleCitizen), gone)
	if len(none.at("entries").([]any)) != 0 {
		t.Errorf("a stranger sees %s", none.text)
	}
}

func sameNumbers(a, b map[string]any) bool {
	for member, v := range a {
		if member != "as_of_position" && fmt.Sprint(v) != fmt.Sprint(b[member]) {
			return false
		}
	}
	return len(a) == len(b)
}

func TestAStreamBeatsAndEndsWithTheServer(t *testing.T) {
	r := start(t)
	s := r.at(t)
	httpapi.SetHeartbeat(r.server, 10*time.Millisecond)
	person, _, _ := s.entry(s.list())
	r.until("the read model has the entry", func() bool { return told(s.get("/v1/me/queue", s.as(person)).body) != "" })
	stream := s.listen(t, person)
	if told(stream.next()) != "1 of 1 placed" {
		t.Fatal("the stream does not begin with the number")
	}
	for beats := 0; beats < 3; {
		if !stream.lines.Scan() {
			t.Fatalf("the stream ends after %d beats: %v", beats, stream.lines.Err())
		}
		if strings.HasPrefix(stream.lines.Text(), ":") {
			beats++
		}
	}
	r.server.EndStreams()
	if again := stream.next(); again != nil || stream.lines.Err() != nil {
		t.Errorf("after the end: %v %v", again, stream.lines.Err())
	}
	s.listen(t, person).refused(domain.CodeTooManyStreams)
	s.get("/v1/me/queue", s.as(person)).is(200)
	r.until(
		"nobody looks for streams any more",
		func() bool { n, watched := httpapi.OpenStreams(r.server); return n == 0 && !watched },
	)
}

func TestTheStreamsOfOnePersonAreBounded(t *testing.T) {
	r := start(t)
	s := r.at(t)
	person, _, _ := s.entry(s.list())
	var open []*listening
	for range httpapi.StreamsEach {
		l := s.listen(t, person)
		l.next()
		open = append(open, l)
	}
	s.listen(t, person).refused(domain.CodeTooManyStreams)
	s.listen(t, s.citizen()).next() // somebody else's
	must(t, open[0].res.Body.Close())
	r.until(
		"one that left makes room",
		func() bool { n, _ := httpapi.OpenStreams(r.server); return n == httpapi.StreamsEach },
	)
	if l := s.listen(t, person); l.res.StatusCode != http.StatusOK {
		t.Errorf("status %d", l.res.StatusCode)
	}
}

func TestAllStreamsTogetherAreBoundedAndLeaveNothingBehind(t *testing.T) {
	r := start(t)
	enter := func(i int) (func(), error) {
		return httpapi.EnterStream(r.server, domain.PersonID{UUID: uuid.New()}, fmt.Sprint("address ", i))
	}
	var leave []func()
	for i := range httpapi.MaxStreams {
		left, err := enter(i)
		must(t, err)
		leave = append(leave, left)
	}
	if _, err := enter(httpapi.MaxStreams); domain.CodeOf(err) != domain.CodeTooManyStreams {
		t.Errorf("one more: %v", err)
	}
	for _, left := range leave {
		left()
	}
	r.until("nothing is kept of them", func() bool { n, watched := httpapi.OpenStreams(r.server); return n == 0 && !watched })
}

func TestTheStreamsOfOneAddressAreBounded(t *testing.T) {
	r := start(t)
	s := r.at(t)
	httpapi.SetStreamsFrom(r.server, 2)
	first := s.listen(t, s.citizen())
	first.next()
	s.listen(t, s.citizen()).next()
	s.listen(t, s.citizen()).refused(domain.CodeTooManyStreams)
	must(t, first.res.Body.Close())
	r.until("one that left makes room", func() bool { n, _ := httpapi.OpenStreams(r.server); return n == 1 })
	s.listen(t, s.citizen()).next()
}
