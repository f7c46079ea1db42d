package eventstore_test

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/eventstore"
)

// looked records that the readers 0 to n-1 have read the data of a new person.
func looked(t *testing.T, s *eventstore.Store, n int) domain.PersonID {
	t.Helper()
	person := domain.PersonID{UUID: uuid.New()}
	for i := range n {
		noted(t, s, person, i)
	}
	return person
}

func noted(t *testing.T, s *eventstore.Store, person domain.PersonID, reader int) {
	t.Helper()
	if err := note(t.Context(), s, person, reader); err != nil {
		t.Error(err)
	}
}

func note(ctx context.Context, s *eventstore.Store, person domain.PersonID, reader int) error {
	name := strconv.Itoa(reader)
	return s.RecordAccess(ctx, domain.DeriveID(person.UUID, name), accesslog.PersonalDataRead{
		PersonID: person, Reader: name, Role: domain.RoleOperator, Operation: "get-case", Purpose: accesslog.Service,
		ReadAt: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
	}, domain.Meta{Actor: name, Role: domain.RoleOperator})
}

func readers(recs []domain.Recorded) []string {
	var names []string
	for _, rec := range recs {
		names = append(names, rec.Event.(accesslog.PersonalDataRead).Reader)
	}
	return names
}

func TestC21_ConcurrentReadsOfOnePersonsDataAreAllRecorded(t *testing.T) {
	s := openStore(t, server(t))
	person := looked(t, s, 0)
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() { noted(t, s, person, i) })
	}
	all.Wait()
	for i := range 3 { // a retry is the same entry
		noted(t, s, person, i)
	}
	got := readers(read(t, s, accesslog.Stream(person), 0))
	slices.Sort(got)
	if len(got) != 40 || len(slices.Compact(got)) != 40 {
		t.Errorf("%d entries of 40 reads: %v", len(got), got)
	}
}

func TestReadBackReturnsTheNewestFirstAndContinues(t *testing.T) {
	s := openStore(t, server(t))
	stream := accesslog.Stream(looked(t, s, 5))
	at := func(r uint64) *uint64 { return &r }
	for _, row := range []struct {
		what   string
		stream string
		before *uint64
		limit  int
		want   []string
	}{
		{"the last ones", stream, nil, 2, []string{"4", "3"}},
		{"those before", stream, at(3), 2, []string{"2", "1"}},
		{"what is left", stream, at(1), 2, []string{"0"}},
		{"nothing before the first", stream, at(0), 2, nil},
		{"more than there are", stream, nil, 9, []string{"4", "3", "2", "1", "0"}},
		{"a stream that does not exist", accesslog.Stream(looked(t, s, 0)), nil, 2, nil},
	} {
		t.Run(row.what, func(t *testing.T) {
			recs, err := s.ReadBack(t.Context(), row.stream, row.before, row.limit)
			if err != nil {
				t.Fatal(err)
			}
			if got := readers(recs); !slices.Equal(got, row.want) {
				t.Errorf("got %v, want %v", got, row.want)
			}
		})
	}
}

// In an outage, the entries of callers who have given up would accumulate behind the one
// that is being appended.
func TestC21_AnEntryWhoseCallerHasGivenUpIsDropped(t *testing.T) {
	m := &mute{held: make(chan chan struct{})}
	s := openStore(t, startMute(t, m))
	person := domain.PersonID{UUID: uuid.New()}
	var all sync.WaitGroup
	all.Go(func() { noted(t, s, person, 1) })
	first := <-m.held
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := note(gone, s, person, 2); domain.CodeOf(err) != domain.CodeLogUnavailable {
		t.Errorf("%v", err)
	}
	all.Go(func() { noted(t, s, person, 3) })
	close(first)
	close(<-m.held)
	all.Wait()
	if got := readers(read(t, s, accesslog.Stream(person), 0)); !slices.Equal(got, []string{"1", "3"}) {
		t.Errorf("recorded %v", got)
	}
}

func TestC21_APageIsOneEventHoweverOftenItIsRecorded(t *testing.T) {
	s := openStore(t, server(t))
	id := uuid.New()
	page := accesslog.PageRead{
		Reader: "desk-7", Role: domain.RoleOperator, Operation: "list-entries", Page: "/v1/queues/1/entries",
		Purpose: accesslog.Service, ReadAt: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
	}
	for range accesslog.MostShown { // as many as one page has at most
		page.Shown = append(page.Shown, accesslog.Shown{
			PersonID: domain.PersonID{UUID: uuid.New()}, CaseID: domain.CaseID{UUID: uuid.New()},
		})
	}
	for range 2 {
		err := s.RecordPage(t.Context(), id, page, domain.Meta{Actor: "desk-7", Role: domain.RoleOperator})
		if err != nil {
			t.Fatal(err)
		}
	}
	recs := read(t, s, accesslog.PageStream(id), 0)
	if len(recs) != 1 {
		t.Fatalf("%d events, want 1", len(recs))
	}
	if got := recs[0].Event.(accesslog.PageRead); !slices.Equal(got.Shown, page.Shown) {
		t.Errorf("the log has %d persons, want those %d that were shown", len(got.Shown), len(page.Shown))
	}
}
