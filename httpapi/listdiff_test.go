package httpapi_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"tizilim/domain"
)

// TestTheDifferenceOfAListIsThatOfItsPages, between any two times, in pages of any size; and each change has its
// causes.
func TestTheDifferenceOfAListIsThatOfItsPages(t *testing.T) {
	seed := time.Now().UnixNano()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(uint64(seed), 0))
	s, list, states := randomList(t, random, 12)
	auditor := s.token(domain.RoleAuditor)
	s.clock.pass(time.Hour)
	then := func(at time.Time) (numbers map[string]int, order []string) {
		numbers = map[string]int{}
		page := s.get("/v1/queues/"+list+"/entries?limit=500&as_of="+queryOf(at), auditor).is(http.StatusOK)
		for i := range page.at("entries").([]any) {
			id := page.at("entries", i, "entry_id").(string)
			numbers[id], order = i+1, append(order, id)
		}
		return numbers, order
	}
	for range 12 {
		i, j := random.IntN(len(states)), random.IntN(len(states))
		from, to := states[min(i, j)], states[max(i, j)]
		before, left := then(from.decided)
		after, stand := then(to.decided)
		var want, got []string
		for _, id := range left {
			if after[id] == 0 {
				want = append(want, fmt.Sprint(id, " left ", before[id], " <nil>"))
			}
		}
		for _, id := range stand {
			switch {
			case before[id] == 0:
				want = append(want, fmt.Sprint(id, " came <nil> ", after[id]))
			case before[id] != after[id]:
				want = append(want, fmt.Sprint(id, " number_changed ", before[id], " ", after[id]))
			}
		}
		path := "/v1/queues/" + list + "/diff?from=" + queryOf(from.decided) + "&to=" + queryOf(to.decided) +
			fmt.Sprint("&limit=", 1+random.IntN(4))
		for cursor := ""; ; {
			a := s.get(path+cursor, auditor).is(http.StatusOK)
			if a.at("of_before") != float64(len(before)) || a.at("of_after") != float64(len(after)) {
				t.Errorf("%d and %d stood there, %s", len(before), len(after), a.text)
			}
			for _, change := range a.at("changes").([]any) {
				c := change.(map[string]any)
				got = append(got, fmt.Sprint(c["entry_id"], " ", c["change"], " ", c["number_before"], " ", c["number_after"]))
				if causes, _ := c["causes"].([]any); len(causes) == 0 || c["name"] == nil {
					t.Errorf("a change without causes or a name: %v", c)
				}
			}
			next, more := a.body["next"].(string)
			if !more {
				break
			}
			cursor = "&cursor=" + next
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("between %s and %s:\n%s\nwant\n%s", from.decided, to.decided, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// TestTheDifferenceOfAListNamesItsCauses: who left, and whose number got better because of that.
func TestTheDifferenceOfAListNamesItsCauses(t *testing.T) {
	r := start(t)
	s := r.at(t)
	list, auditor := s.list(), s.token(domain.RoleAuditor)
	_, first, _ := s.entry(list)
	_, second, _ := s.entry(list)
	from := r.clock.Now()
	r.clock.pass(24 * time.Hour)
	removed := s.removed(list, first)
	r.clock.pass(24 * time.Hour)
	_, third, _ := s.entry(list)
	cause := ""
	for i := range removed.at("events").([]any) {
		if removed.at("events", i, "type") == "EntryRemoved" {
			cause = fmt.Sprintf("queue-%s@%v", list, removed.at("events", i, "revision"))
		}
	}
	path := "/v1/queues/" + list + "/diff?from=" + queryOf(from) + "&to=" + queryOf(r.clock.Now())
	a := s.get(path, auditor).is(http.StatusOK)
	for i, want := range []string{
		first + " left " + cause + " true removed", second + " number_changed " + cause + " false removed",
		third + " came " + fmt.Sprintf("queue-%s@%d", list, len(s.stream("queue-"+list))-1) + " true placed",
	} {
		c := func(member string) any { return a.at("changes", i, "causes", 0, member) }
		got := fmt.Sprint(a.at("changes", i, "entry_id"), " ", a.at("changes", i, "change"), " ", c("event"), " ", c("own"), " ", c("kind"))
		if got != want {
			t.Errorf("change %d is %s, want %s", i, got, want)
		}
	}
	if _, rows := s.get(path, auditor, inCSV).is(http.StatusOK).rowsOf(); len(rows) != 3 || rows[1]["entry_id"] != second ||
		rows[1]["number_after"] != "1" || rows[1]["causes.event"] != cause {
		t.Errorf("as a table: %v", rows)
	}
	s.get(path+"&known_at="+queryOf(from), auditor).is(http.StatusOK)
	if a := s.get(path+"&known_at="+queryOf(from), auditor); len(a.at("changes").([]any)) != 0 {
		t.Errorf("what was not known yet has changed something: %s", a.text)
	}
	s.get("/v1/queues/"+list+"/diff?from=2026-03-10&to=2026-03-09", auditor).
		refused(http.StatusUnprocessableEntity, domain.CodeMalformed, "query.from")
	s.get("/v1/queues/"+list+"/diff?from=2020-01-01&to=2020-01-02", auditor).refused(http.StatusNotFound, domain.CodeListUnknown, "")
	for _, cursor := range []string{"x", "0-99-1", "1-1-0", "1-1-1x"} {
		s.get(path+"&cursor="+cursor, auditor).refused(http.StatusUnprocessableEntity, domain.CodeMalformed, "query.cursor")
	}
}
