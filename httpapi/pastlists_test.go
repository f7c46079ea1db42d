package httpapi_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/domaintest"
)

// listState is a list as it was after an act.
type listState struct {
	decided, appended time.Time // when the act was taken, and when the log had it
	entries           string    // the page of then
}

// randomList takes random acts on a list, and returns the list after each. The log learns of each a
// random while after it was decided.
func randomList(t *testing.T, random *rand.Rand, acts int) (s *subtest, list string, states []listState) {
	var r *registry
	var behind atomic.Int64
	r = start(t, func(set *settings) {
		set.storeClock = func() time.Time {
			if r == nil {
				return domaintest.Noon()
			}
			return r.clock.Now().Add(time.Duration(behind.Load()))
		}
	})
	s = r.at(t)
	list = s.list()
	commission := s.token(domain.RoleCommission)
	var standing, gone []string
	for range acts {
		r.clock.pass(time.Minute + time.Duration(random.IntN(36))*time.Hour)
		var entry string
		act := random.IntN(6)
		if act > 2 && len(standing) > 0 {
			entry = standing[random.IntN(len(standing))]
		}
		note := func(done *answer) {
			page := s.seen("/v1/queues/"+list+"/entries", commission, done)
			states = append(states, listState{
				r.clock.Now(), r.clock.Now().Add(time.Duration(behind.Load())), fmt.Sprint(page.at("entries")),
			})
		}
		behind.Store(int64(random.IntN(40)) * int64(time.Second))
		switch {
		case act == 5 && len(gone) > 0:
			note(s.command(entryPath(list, gone[0])+"/reinstatement", commission, byCourt).is(http.StatusOK))
			standing, gone = append(standing, gone[0]), gone[1:]
		case act == 4 && entry != "":
			note(s.reviewed(list, entry))
			r.clock.pass(time.Minute)
			note(s.command(entryPath(list, entry)+"/removal", commission, removing).is(http.StatusOK))
			gone = append(gone, entry)
			standing = without(standing, entry)
		case act == 3 && entry != "":
			today := domain.DateOf(r.clock.Now()).String()
			moved := s.command(entryPath(list, entry)+"/redating", commission, body{"ground_arose_on": today, "reasons": "n"})
			if moved.status == http.StatusOK { // not on the day of the application
				note(moved)
			}
		default:
			_, entry, done := s.entry(list)
			standing = append(standing, entry)
			note(done)
		}
	}
	return s, list, states
}

func without(all []string, one string) (rest []string) {
	for _, s := range all {
		if s != one {
			rest = append(rest, s)
		}
	}
	return rest
}

func queryOf(instant time.Time) string { return url.QueryEscape(instant.Format(time.RFC3339Nano)) }

// TestAListAsOfADayAndAsKnownAtAnInstant is the list that everybody saw then, whatever came later.
func TestAListAsOfADayAndAsKnownAtAnInstant(t *testing.T) {
	seed := time.Now().UnixNano()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(uint64(seed), 0))
	s, list, states := randomList(t, random, 14)
	auditor := s.token(domain.RoleAuditor)
	path := "/v1/queues/" + list + "/entries?limit=500"
	for range 40 {
		i, j := random.IntN(len(states)), random.IntN(len(states))
		asOf := states[i].decided.Add(time.Duration(random.IntN(2)) * time.Second)
		knownAt := states[j].appended.Add(time.Duration(random.IntN(3)-1) * time.Second)
		want := "[]" // only opened
		for _, state := range states {
			known := !knownAt.Before(s.clock.Now()) || !state.appended.After(knownAt)
			if !state.decided.After(asOf) && known {
				want = state.entries
			}
		}
		a := s.get(path+"&as_of="+queryOf(asOf)+"&known_at="+queryOf(knownAt), auditor).is(http.StatusOK)
		if got := fmt.Sprint(a.at("entries")); got != want {
			t.Fatalf("as of %s, known at %s:\n%s\nwant\n%s", asOf, knownAt, got, want)
		}
	}
	today := domain.DateOf(s.clock.Now()).String()
	if got := fmt.Sprint(s.get(path+"&as_of="+today, auditor).is(http.StatusOK).at("entries")); got != states[len(states)-1].entries {
		t.Errorf("as of today: %s\nwant %s", got, states[len(states)-1].entries)
	}
	for _, parameter := range []string{"as_of", "known_at"} {
		s.get(path+"&"+parameter+"=2020-01-01", auditor).refused(http.StatusNotFound, domain.CodeListUnknown, "")
		s.get(path+"&"+parameter+"=yesterday", auditor).
			refused(http.StatusUnprocessableEntity, domain.CodeDateFormat, "query."+parameter)
	}
}

// TestAWalkThroughAPastListIsOfOneState, also while the list changes.
func TestAWalkThroughAPastListIsOfOneState(t *testing.T) {
	r := start(t)
	s := r.at(t)
	list, auditor := s.list(), s.token(domain.RoleAuditor)
	var want []string
	var first string
	for i := range 5 {
		_, entry, _ := s.entry(list)
		if want = append(want, entry); i == 0 {
			first = entry
		}
	}
	path := "/v1/queues/" + list + "/entries?limit=2&as_of=" + domain.DateOf(r.clock.Now()).String()
	var got []string
	for cursor := ""; ; {
		page := s.get(path+cursor, auditor).is(http.StatusOK)
		for i := range page.at("entries").([]any) {
			got = append(got, page.at("entries", i, "entry_id").(string))
		}
		if page.at("of") != 5.0 {
			t.Errorf("a page says that %v stand on the list", page.at("of"))
		}
		next, more := page.body["next"].(string)
		if !more {
			break
		}
		if cursor == "" {
			s.removed(list, first)
			s.entry(list)
		}
		cursor = "&cursor=" + next
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the pages have %v, want %v", got, want)
	}
	for _, cursor := range []string{"9999-0", "0-0", "1-", "x", "1-1x", strings.Repeat("0", 69)} {
		s.get(path+"&cursor="+cursor, auditor).refused(http.StatusUnprocessableEntity, domain.CodeMalformed, "query.cursor")
	}
	now := "&as_of=" + queryOf(r.clock.Now()) + "&limit=500"
	rows := s.get(strings.Split(path, "?")[0]+"?person_id="+s.get(path, auditor).at("entries", 0, "person_id").(string)+now, auditor)
	if rows.is(http.StatusOK); len(rows.at("entries").([]any)) != 1 || rows.at("entries", 0, "number") != 1.0 {
		t.Errorf("one person on a past list: %s", rows.text)
	}
}
