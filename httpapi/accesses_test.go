package httpapi_test

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/domain/housing"
	"tizilim/eventstore"
	"tizilim/httpapi"
)

// crowd appends n entries to the list, of persons whom nobody has looked at.
func (s *subtest) crowd(list string, n int) (persons []string) {
	s.t.Helper()
	id := parse[domain.ListID](list)
	at := eventstore.Expected(len(s.stream(id.Stream())) - 1)
	var placed []eventstore.NewEvent
	for i := range n {
		e := housing.EntryPlaced{
			ListID: id, EntryID: domain.EntryID{UUID: uuid.New()}, PersonID: domain.PersonID{UUID: uuid.New()},
			CaseID: domain.CaseID{UUID: uuid.New()}, Number: i + 1, PlacedAt: s.clock.Now(),
			Seniority: housing.Seniority{At: s.clock.Now().Add(time.Duration(i) * time.Second), Position: domain.Position(i + 1)},
		}
		persons = append(persons, e.PersonID.String())
		placed = append(placed, eventstore.NewEvent{
			ID: uuid.New(), Event: e, Meta: domain.Meta{Actor: "commission-1", Role: domain.RoleCommission},
		})
	}
	_, err := s.store.Append(s.ctx(), id.Stream(), at, placed)
	must(s.t, err)
	must(s.t, s.watch.CatchUp(s.ctx()))
	return persons
}

// pagesSince returns the reads of pages that the log has taken since the position, and how
// many other events.
func (s *subtest) pagesSince(before domain.Position) (pages []accesslog.PageRead, others int) {
	for _, rec := range s.since(before) {
		if _, ok := rec.Event.(accesslog.PageRead); !ok {
			others++
			continue
		}
		for _, rec := range s.stream(rec.Stream) { // opened
			pages = append(pages, rec.Event.(accesslog.PageRead))
		}
	}
	return pages, others
}

func shownTo(page accesslog.PageRead) (persons []string) {
	for _, shown := range page.Shown {
		persons = append(persons, shown.PersonID.String())
	}
	return persons
}

// accessesOf lists what the person sees of who read their data, page by page.
func (s *subtest) accessesOf(person string, limit int) (all []string) {
	s.t.Helper()
	const most = 1000 // pages; a cursor that goes on nowhere must not hold the test
	for cursor, pages := "", 0; ; pages++ {
		if pages == most {
			s.t.Fatalf("there is still a next page after %d", most)
		}
		a := s.get(fmt.Sprintf("/v1/me/accesses?limit=%d%s", limit, cursor), s.as(person)).is(http.StatusOK)
		for i := range a.at("accesses").([]any) {
			e := a.at("accesses", i).(map[string]any)
			all = append(all, fmt.Sprint(e["reader"], " ", e["operation"], " ", e["purpose"], " ", e["case_id"]))
		}
		next, more := a.body["next"].(string)
		if !more {
			return all
		}
		cursor = "&cursor=" + next
	}
}

func TestC21_APageOf500EntriesIsOneEventThatEachOfThemFinds(t *testing.T) {
	s := start(t).at(t)
	list := s.list()
	persons := s.crowd(list, 500)
	path := "/v1/queues/" + list + "/entries?limit=500"
	before := s.head()
	a := s.get(path, s.token(domain.RoleCommission),
		header{"Tizilim-Purpose", "court_request"}, header{"Tizilim-Reference", "2-114/26"}).is(http.StatusOK)
	pages, others := s.pagesSince(before)
	if len(pages) != 1 || others != 0 {
		t.Fatalf("%d pages and %d other events, want one page", len(pages), others)
	}
	page := pages[0]
	if got := shownTo(page); !slices.Equal(got, slices.Sorted(slices.Values(persons))) {
		t.Errorf("the entry names %d persons, want the %d that were shown", len(got), len(persons))
	}
	page.Shown = nil
	want := accesslog.PageRead{
		Reader: "commission-1", Role: domain.RoleCommission, Operation: "list-entries", Page: path,
		Purpose: accesslog.CourtRequest, Reference: "2-114/26", ReadAt: page.ReadAt,
	}
	if !page.ReadAt.Equal(s.clock.Now()) || !reflect.DeepEqual(page, want) {
		t.Errorf("the entry is %+v, want %+v", page, want)
	}
	for i, person := range persons {
		caseID := a.at("entries", i, "case_id").(string)
		want := []string{"commission-1 list-entries court_request " + caseID}
		if got := s.accessesOf(person, 100); !slices.Equal(got, want) {
			t.Fatalf("the person of entry %d sees %q, want %q", i+1, got, want)
		}
	}
	if got := s.accessesOf(uuid.NewString(), 100); len(got) != 0 {
		t.Errorf("somebody who was not shown sees %q", got)
	}
}

func TestC21_PagesAndEntriesOfOnesOwnLogComeInOneOrder(t *testing.T) {
	s := start(t).at(t)
	list, commission, auditor := s.list(), s.token(domain.RoleCommission), s.token(domain.RoleAuditor)
	person := s.crowd(list, accesslog.FewShown+1)[0]
	all := "/v1/queues/" + list + "/entries"
	var want []string
	for _, read := range []struct{ path, token, sees string }{
		{all, commission, "commission-1"},
		{all + "?limit=1", auditor, "auditor-1"},
		{all + "?limit=1", commission, "commission-1"},
		{all, auditor, "auditor-1"},
		{all, commission, "commission-1"},
		{all + "?limit=1", auditor, "auditor-1"},
	} {
		s.get(read.path, read.token).is(http.StatusOK)
		want = append([]string{read.sees}, want...)
	}
	for _, limit := range []int{1, 2, 3, 6, 100} {
		var got []string
		for _, a := range s.accessesOf(person, limit) {
			got = append(got, strings.Fields(a)[0])
		}
		if !slices.Equal(got, want) {
			t.Errorf("limit %d: %q, want %q", limit, got, want)
		}
	}
}

func TestC21_WhereTenOrFewerAreShownEachHasAnEntryOfTheirOwn(t *testing.T) {
	s := start(t).at(t)
	list := s.list()
	s.crowd(list, accesslog.FewShown+1)
	for limit, whole := range map[int]bool{accesslog.FewShown: false, accesslog.FewShown + 1: true} {
		before := s.head()
		s.get(fmt.Sprintf("/v1/queues/%s/entries?limit=%d", list, limit), s.token(domain.RoleCommission)).is(http.StatusOK)
		pages, others := s.pagesSince(before)
		if whole && (len(pages) != 1 || others != 0) || !whole && (len(pages) != 0 || others != limit) {
			t.Errorf("%d shown: %d pages and %d other events", limit, len(pages), others)
		}
	}
}

func TestC21_WithoutItsEntryThereIsNoPage(t *testing.T) {
	r, log := deafened(t)
	s := r.at(t)
	list := s.list()
	persons := s.crowd(list, 50)
	log.deaf.Store(true)
	before := s.head()
	a := s.get("/v1/queues/"+list+"/entries", s.token(domain.RoleCommission)).
		refused(http.StatusServiceUnavailable, domain.CodeLogUnavailable, "")
	for _, person := range persons {
		if strings.Contains(a.text, person) {
			t.Fatalf("the refusal tells of %s", person)
		}
	}
	if s.head() != before {
		t.Error("a refused read has left something")
	}
}

// pageReads counts the reads of pages in the access log.
type pageReads struct {
	httpapi.Log
	reads *atomic.Int64
}

func (l pageReads) ReadPage(ctx context.Context, stream string, from uint64, limit int) ([]domain.Recorded, error) {
	if accesslog.IsLog(stream) {
		l.reads.Add(int64(limit))
	}
	return l.Log.ReadPage(ctx, stream, from, limit)
}

// A page is read whole for the one who asks, so an answer reads few of them, however many
// showed the person; the next one goes on.
func TestC21_AnAnswerReadsFewPagesHoweverManyShowedThePerson(t *testing.T) {
	const most, shown = 50, 120
	var reads atomic.Int64
	s := start(t, func(set *settings) {
		set.log = func(l httpapi.Log) httpapi.Log { return pageReads{l, &reads} }
	}).at(t)
	list, commission := s.list(), s.token(domain.RoleCommission)
	person := s.crowd(list, accesslog.FewShown+1)[0]
	all := "/v1/queues/" + list + "/entries"
	for i := range shown {
		path := all
		if i%10 == 0 {
			path += "?limit=1" // which is in the person's own log
		}
		s.get(path, commission).is(http.StatusOK)
	}
	answers, cursor, found := 0, "", 0
	for ; ; answers++ {
		before := reads.Load()
		a := s.get("/v1/me/accesses?limit=500"+cursor, s.as(person)).is(http.StatusOK)
		if n := reads.Load() - before; n > most {
			t.Errorf("answer %d reads %d pages, want %d at most", answers+1, n, most)
		}
		found += len(a.at("accesses").([]any))
		next, more := a.body["next"].(string)
		if !more {
			break
		}
		cursor = "&cursor=" + next
	}
	if found != shown {
		t.Errorf("%d accesses are found in %d answers, want %d", found, answers+1, shown)
	}
}
