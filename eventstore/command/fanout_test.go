package command_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/body"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/housing/housingtest"
	"tizilim/domain/notice"
	"tizilim/eventstore/command"
)

// circularBook is what a projection of the log would list.
type circularBook struct {
	*memoryLog
	lists map[domain.BodyID][]domain.ListID
	cases []domain.CaseID // of each list, in the order of their ids
}

func (b circularBook) Circulars(_ context.Context, skip, limit int) ([]domain.NoticeID, error) {
	var open []domain.NoticeID
	for _, rec := range b.since(0) {
		switch e := rec.Event.(type) {
		case notice.CircularBegan:
			open = append(open, e.CircularID)
		case notice.CircularCompleted:
			open = slices.DeleteFunc(open, func(id domain.NoticeID) bool { return id == e.CircularID })
		}
	}
	return open[min(skip, len(open)):min(skip+limit, len(open))], nil
}

func (b circularBook) ListsOpened(_ context.Context, by ...domain.BodyID) (lists []domain.ListID, err error) {
	for _, id := range by {
		lists = append(lists, b.lists[id]...)
	}
	return lists, nil
}

func (b circularBook) Holders(
	ctx context.Context, list domain.ListID, entries []domain.EntryID,
) (holders []domain.PersonID, err error) {
	q, err := newHandler(b.memoryLog).List(ctx, list)
	if err != nil {
		return nil, err
	}
	for _, id := range entries {
		if e, ok := q.Entry(id); ok && e.Active {
			holders = append(holders, e.PersonID)
		}
	}
	return holders, nil
}

func (b circularBook) OpenApplicants(
	_ context.Context, list domain.ListID, after string, _ time.Time, _ int,
) (applicants []domain.PersonID, next string, err error) {
	for _, id := range b.cases {
		if id.String() <= after {
			continue
		}
		c, err := newHandler(b.memoryLog).Case(ctx, id)
		if err == nil && c.State.Open() && b.stream(id.Stream())[0].Event.(housing.ApplicationReceived).ListID == list {
			return []domain.PersonID{c.ApplicantID}, id.String(), nil
		}
	}
	return nil, "", err
}

func fanOut(l *memoryLog, d *command.Directory, b command.CircularBook) *command.FanOut {
	return command.NewFanOut(newHandler(l), d, b, slog.New(slog.DiscardHandler))
}

// waiting is a world in which Daur waits on two lists of the body, Aigul has two open cases, and
// notices are given. Further entries make the list longer than a part of a circular.
func waiting(t *testing.T, further int) (*memoryLog, circularBook, domain.BodyID) {
	t.Helper()
	l := world(t)
	h := newHandler(l)
	if err := h.RecordDefaultBodies(ctx); err != nil {
		t.Fatal(err)
	}
	if err := h.BeginNotices(ctx); err != nil {
		t.Fatal(err)
	}
	second := domaintest.ID[domain.ListID]("second list")
	of := body.Default(domain.RoleCommission)
	must(t, "open the second list", func(cmd domain.Command) (command.Receipt, error) {
		cmd.BodyID = of
		return h.OpenList(ctx, cmd, housing.OpenList{ListID: second, Body: "body", Settlement: "Алматы", Title: "2"}, command.Options{})
	})
	must(t, "daur applies to the second list", func(cmd domain.Command) (command.Receipt, error) {
		return h.ReceiveApplication(ctx, cmd, housing.ReceiveApplication{
			CaseID: domaintest.ID[domain.CaseID]("second of daur"), ListID: second, ApplicantID: daur, Consent: true,
			Language: domain.Kazakh, Signature: domain.SignatureHandwritten, Service: housingtest.Service("body"),
		}, command.Options{})
	})
	for i := range further {
		person := domaintest.ID[domain.PersonID](fmt.Sprint("waits ", i))
		e := housing.EntryPlaced{
			ListID: list, EntryID: domaintest.ID[domain.EntryID](fmt.Sprint("entry ", i)), PersonID: person,
			Seniority: housing.Seniority{At: clock().Add(time.Duration(i) * time.Second), Position: domain.Position(1000 + i)},
			Number:    i + 2, PlacedAt: clock(),
		}
		if _, err := l.Append(ctx, list.Stream(), lastOf(l, list.Stream()), newEvents(e)); err != nil {
			t.Fatal(err)
		}
	}
	cases := []domain.CaseID{caseOfAigul, secondOfAigul, caseOfDaur, domaintest.ID[domain.CaseID]("second of daur")}
	slices.SortFunc(cases, func(a, b domain.CaseID) int { return slices.Compare(a.UUID[:], b.UUID[:]) })
	return l, circularBook{l, map[domain.BodyID][]domain.ListID{of: {list, second}}, cases}, of
}

func rename(t *testing.T, l *memoryLog, of domain.BodyID, name string) {
	t.Helper()
	must(t, "rename to "+name, func(cmd domain.Command) (command.Receipt, error) {
		return newHandler(l).RenameBody(ctx, cmd, of, body.Rename{
			Names: body.Names{Kazakh: name, Russian: name, English: name}, Basis: "resolution 1",
		}, command.Options{})
	})
}

// told are whom notices of the kind went to, and how many each of them got.
func (l *memoryLog) told(k notice.Kind) map[domain.PersonID]int {
	told := map[domain.PersonID]int{}
	for _, n := range l.notices() {
		if n.Kind == k {
			told[n.PersonID]++
		}
	}
	return told
}

// TestC27_ACircularGoesOnAfterACrashAnywhere: everybody who waits is told once of the new name of
// the body, whichever append a crash comes before or after, and another process repeats what was
// done.
func TestC27_ACircularGoesOnAfterACrashAnywhere(t *testing.T) {
	for _, where := range []string{"before", "after"} {
		for n := 1; ; n++ {
			l, b, of := waiting(t, 0)
			rename(t, l, of, "Жаңа")
			d, _ := directory(t, l)
			l.stops(where, n)
			first := fanOut(l, d, b)
			for range 20 {
				first.Once(ctx)
			}
			left, _ := b.Circulars(ctx, 0, 10)
			stopped := len(left) > 0 || len(l.told(notice.BodyRenamed)) == 0
			l.heal()
			for _, f := range []*command.FanOut{fanOut(l, d, b), fanOut(l, d, forgetfulCirculars{b})} {
				for f.Once(ctx) {
				}
			}
			if got := l.told(notice.BodyRenamed); len(got) != 2 || got[daur] != 1 || got[aigul] != 1 {
				t.Fatalf("stopped %s append %d: told %v", where, n, got)
			}
			if left, _ := b.Circulars(ctx, 0, 10); len(left) != 0 {
				t.Fatalf("stopped %s append %d: the circular has not ended", where, n)
			}
			if !stopped {
				if n < 8 {
					t.Errorf("%d appends tell two persons", n)
				}
				break
			}
		}
	}
}

// forgetfulCirculars lists every circular that ever began.
type forgetfulCirculars struct{ circularBook }

func (b forgetfulCirculars) Circulars(_ context.Context, skip, _ int) (all []domain.NoticeID, _ error) {
	for _, rec := range b.since(0) {
		if e, ok := rec.Event.(notice.CircularBegan); ok && skip == 0 {
			all = append(all, e.CircularID)
		}
	}
	return all, nil
}

// TestC27_ACircularTellsWhoMovesOnTheListMeanwhile: the parts go by the order in which entries were
// placed, which no change of a place touches; and no part reads more than a bounded number of events.
func TestC27_ACircularTellsWhoMovesOnTheListMeanwhile(t *testing.T) {
	l, b, of := waiting(t, 250)
	rename(t, l, of, "Жаңа")
	d, _ := directory(t, l)
	f := fanOut(l, d, b)
	f.Once(ctx)
	told := len(l.told(notice.BodyRenamed))
	if told == 0 || told > 100 {
		t.Fatalf("the first part told %d", told)
	}
	last := domaintest.ID[domain.EntryID]("entry 249")
	for i, e := range []domain.Event{
		housing.EntryPrioritised{
			ListID: list, EntryID: last, PersonID: domaintest.ID[domain.PersonID]("waits 249"), From: housing.Seniority{
				At: clock().Add(249 * time.Second), Position: 1249,
			}, Seniority: housing.Seniority{Priority: true, At: clock().Add(249 * time.Second), Position: 1249}, PrioritisedAt: clock(),
		},
		housing.EntryPlaced{
			ListID: list, EntryID: domaintest.ID[domain.EntryID]("late"), PersonID: gulnar, Number: 252, PlacedAt: clock(),
			Seniority: housing.Seniority{At: clock().Add(time.Hour), Position: 5000},
		},
	} {
		if _, err := l.Append(ctx, list.Stream(), lastOf(l, list.Stream()), newEvents(e)); err != nil {
			t.Fatalf("event %d: %v", i, err)
		}
	}
	for f.Once(ctx) {
	}
	got := l.told(notice.BodyRenamed)
	if len(got) != 252 || got[domaintest.ID[domain.PersonID]("waits 249")] != 1 {
		t.Errorf("%d are told, and of the last %d", len(got), got[domaintest.ID[domain.PersonID]("waits 249")])
	}
	if got[gulnar] != 0 {
		t.Error("who came after the event is told")
	}
}

// TestC27_OnlyASuccessorIsToldAndNothingFromBeforeNoticesBegan: a body that kept nothing ends
// without a word, and an act from before notices began stays untold.
func TestC27_OnlyASuccessorIsToldAndNothingFromBeforeNoticesBegan(t *testing.T) {
	if k, owed := notice.CircularOf(body.Ended{How: body.WoundUp}); owed {
		t.Errorf("an end without a successor owes %q", k)
	}
	if k, _ := notice.CircularOf(body.Ended{SuccessorID: astana}); k != notice.BodySucceeded {
		t.Errorf("a successor owes %q", k)
	}
	l, b, of := waiting(t, 0)
	rename(t, l, of, "Жаңа")
	d, _ := directory(t, l)
	before := l.stream(of.Stream())
	early := before[len(before)-1]
	early.Created = clock().AddDate(0, 0, -1)
	if err := newHandler(l).BeginCircular(ctx, early, notice.BodyRenamed, b.lists[of]); err != nil {
		t.Fatal(err)
	}
	if left, _ := b.Circulars(ctx, 0, 10); len(left) != 0 {
		t.Error("an act from before notices began is told")
	}
	for f := fanOut(l, d, b); f.Once(ctx); {
	}
	if got := l.told(notice.BodyRenamed); len(got) != 2 {
		t.Errorf("told %v", got)
	}
}
