package command_test

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
)

// dataKeys notes whose keys were destroyed and forgotten.
type dataKeys struct {
	mu                   sync.Mutex
	destroyed, forgotten []uuid.UUID
	through              uint32 // the generation, of the last one
	fails                error  // of DestroyKeys
	meet                 func() // called when a key was destroyed; nil: nothing
}

func (k *dataKeys) DestroyKeys(_ context.Context, owner uuid.UUID, through uint32) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fails != nil {
		return k.fails
	}
	k.destroyed, k.through = append(k.destroyed, owner), through
	if k.meet != nil {
		k.meet()
	}
	return nil
}

func (k *dataKeys) ForgetKeys(owner uuid.UUID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.forgotten = append(k.forgotten, owner)
}

// erasureRecords is what the read model says of the log about erasures.
type erasureRecords struct {
	alike   []domain.PersonID
	log     *memoryLog
	matters residence.Matters
	naming  residence.Naming
	stale   bool  // it has not learned yet of what was completed
	fails   error // of Matters and Erasures
}

func (r *erasureRecords) Alike(context.Context, residence.Likeness) ([]domain.PersonID, error) {
	return r.alike, nil
}

func (r *erasureRecords) Naming(context.Context, domain.PersonID) (residence.Naming, error) {
	return r.naming, nil
}

func (r *erasureRecords) Matters(_ context.Context, id domain.PersonID) (residence.Matters, domain.EventRef, error) {
	return r.matters, domain.EventRef{Stream: id.Stream()}, r.fails
}

func (r *erasureRecords) Erasures(_ context.Context, after domain.Position) (news command.Erasures, err error) {
	for _, rec := range r.log.since(0) {
		switch e := rec.Event.(type) {
		case residence.PersonErased:
			news.Incomplete = append(news.Incomplete, e.PersonID)
			if rec.Position > after {
				news.Erased, news.UpTo = append(news.Erased, e.PersonID), rec.Position
			}
		case residence.ErasureCompleted:
			if !r.stale {
				news.Incomplete = slices.DeleteFunc(news.Incomplete, func(id domain.PersonID) bool { return id == e.PersonID })
			}
		}
	}
	return news, r.fails
}

// erasing is a process of a registry that erases.
type erasing struct {
	*command.Handler
	*command.Eraser
	keys    *dataKeys
	records *erasureRecords
}

func newErasing(l *memoryLog, with ...func(*command.Config)) *erasing {
	e := &erasing{keys: &dataKeys{}, records: &erasureRecords{log: l}}
	e.Handler = newHandler(l, append(with, func(c *command.Config) { c.Keys, c.Records = e.keys, e.records })...)
	e.Eraser = command.NewEraser(e.Handler, slog.New(slog.DiscardHandler))
	return e
}

// erase erases Saule so many years after the last event about her.
func (e *erasing) erase(years int) (command.Receipt, error) {
	cmd := envelope("erase saule")
	cmd.Now = cmd.Now.AddDate(years, 0, 0)
	return e.ErasePerson(ctx, cmd, saule, residence.Erase{Basis: residence.RetentionOver, Reference: "order 15"},
		command.Options{})
}

var (
	caseOfSaule = domaintest.ID[domain.CaseID]("application of saule")
	keysOfSaule = []uuid.UUID{saule.UUID, caseOfSaule.UUID} // keys with which values of hers are sealed
)

// withSaule is a log that knows Saule, who applied once.
func withSaule(t testing.TB) *memoryLog {
	t.Helper()
	l := newLog()
	must(t, "record saule", recordPerson(newHandler(l), saule))
	return l
}

// completions is how often the log says that the keys of Saule are destroyed.
func completions(l *memoryLog) (n int) {
	for _, rec := range l.stream(saule.Stream()) {
		if _, ok := rec.Event.(residence.ErasureCompleted); ok {
			n++
		}
	}
	return n
}

// abandoned is a log in which a process recorded the erasure of Saule, and died before it
// destroyed a key.
func abandoned(t testing.TB) *memoryLog {
	t.Helper()
	l := withSaule(t)
	dies := newErasing(l)
	dies.keys.fails, dies.records.matters.OwnCases = errCrash, []domain.CaseID{caseOfSaule}
	if _, err := dies.erase(6); err != nil {
		t.Fatalf("an erasure that is recorded: %v", err)
	}
	if completions(l) > 0 {
		t.Fatal("the log says that keys are destroyed which are not")
	}
	return l
}

func TestC22_AnErasureDestroysTheKeysOfThePersonAndOfTheirCases(t *testing.T) {
	l := withSaule(t)
	p := newErasing(l)
	p.records.matters.OwnCases = []domain.CaseID{caseOfSaule}
	if _, err := p.erase(6); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(p.keys.destroyed, keysOfSaule) || !slices.Equal(p.keys.forgotten, keysOfSaule) || completions(l) != 1 {
		t.Errorf("destroyed are %v, forgotten %v, and the log says so %d times",
			p.keys.destroyed, p.keys.forgotten, completions(l))
	}
}

func TestC22_TheTermBeginsOnTheDayOfTheLastEventAboutThePerson(t *testing.T) {
	l := withSaule(t)
	p := newErasing(l)
	before := l.len()
	if _, err := p.erase(4); domain.CodeOf(err) != domain.CodeErasureBarred {
		t.Errorf("four years after it: %v", err)
	}
	if l.len() != before || len(p.keys.destroyed) > 0 {
		t.Error("something was erased")
	}
	if _, err := p.erase(5); err != nil {
		t.Errorf("five years after it: %v", err)
	}
}

func TestC22_NobodyIsErasedByAModelThatIsBehindTheLog(t *testing.T) {
	l := withSaule(t)
	behind := domain.Refuse(domain.Unavailable, domain.CodeModelNotReady, "later")
	p := newErasing(l, withModel(model{behind: behind}))
	before := l.len()
	if _, err := p.erase(6); !errors.Is(err, behind) {
		t.Errorf("got %v", err)
	}
	if l.len() != before || len(p.keys.destroyed) > 0 {
		t.Error("something was erased")
	}
}

func TestC22_AnErasureThatACrashInterruptedIsCompletedByTheNextProcess(t *testing.T) {
	for what, interrupted := range map[string]func() *memoryLog{
		"before a key was destroyed": func() *memoryLog { return abandoned(t) },
		"before it was recorded that they are": func() *memoryLog {
			l := withSaule(t)
			dies := newErasing(l)
			dies.records.matters.OwnCases = []domain.CaseID{caseOfSaule}
			l.faults(func(n int, _ string) error {
				if n > 1 {
					return errCrash
				}
				return nil
			}, nil)
			if _, err := dies.erase(6); err != nil {
				t.Fatalf("an erasure that is recorded: %v", err)
			}
			l.heal()
			return l
		},
	} {
		t.Run(what, func(t *testing.T) {
			l := interrupted()
			next := newErasing(l)
			for range 2 {
				if err := next.Once(ctx); err != nil {
					t.Fatal(err)
				}
			}
			if !slices.Equal(next.keys.destroyed, keysOfSaule) || completions(l) != 1 {
				t.Errorf("destroyed are %v, and the log says so %d times", next.keys.destroyed, completions(l))
			}
		})
	}
}

func TestC22_AnErasureIsTriedUntilTheKeysAreDestroyed(t *testing.T) {
	l := abandoned(t)
	p := newErasing(l)
	p.keys.fails = errCrash
	if err := p.Once(ctx); !errors.Is(err, errCrash) {
		t.Errorf("got %v", err)
	}
	if completions(l) > 0 {
		t.Error("the log says that keys are destroyed which are not")
	}
	p.keys.fails = nil
	if err := p.Once(ctx); err != nil || completions(l) != 1 {
		t.Errorf("completed %d times: %v", completions(l), err)
	}
}

func TestC22_TwoProcessesThatCompleteAnErasureAtOnceRecordItOnce(t *testing.T) {
	l := abandoned(t)
	var destroyed sync.WaitGroup
	destroyed.Add(2)
	var work sync.WaitGroup
	for range 2 {
		p := newErasing(l)
		met := sync.OnceFunc(func() { destroyed.Done(); destroyed.Wait() })
		p.keys.meet = met // neither goes on before both have seen that it is incomplete
		work.Go(func() {
			if err := p.Once(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	if n := completions(l); n != 1 {
		t.Errorf("the log says %d times that the keys are destroyed", n)
	}
}

// fromTheBeginning counts how often a stream is read from its first event on.
type fromTheBeginning struct {
	*memoryLog
	times map[string]int
}

func (l fromTheBeginning) Read(ctx context.Context, stream string, from uint64) iter.Seq2[domain.Recorded, error] {
	if from == 0 {
		l.times[stream]++
	}
	return l.memoryLog.Read(ctx, stream, from)
}

func (l fromTheBeginning) ReadPage(ctx context.Context, stream string, from uint64, n int) ([]domain.Recorded, error) {
	if from == 0 {
		l.times[stream]++
	}
	return l.memoryLog.ReadPage(ctx, stream, from, n)
}

func TestC22_AProcessForgetsWhatAnotherHasErased(t *testing.T) {
	l := withSaule(t)
	read := fromTheBeginning{l, map[string]int{}}
	other := newErasing(l, func(c *command.Config) { c.Log = read })
	look := func() (again bool) {
		t.Helper()
		before := read.times[saule.Stream()]
		_, err := other.PlaceHold(ctx, envelope("hold "+uuid.NewString()), saule, residence.PlaceHold{}, command.Options{DryRun: true})
		if err != nil && domain.CodeOf(err) != domain.CodePersonUnknown {
			t.Fatal(err)
		}
		return read.times[saule.Stream()] > before
	}
	if first, again := look(), look(); !first || again {
		t.Fatal("the state of a person is not kept in memory, so this test says nothing")
	}
	one := newErasing(l)
	one.records.matters.OwnCases = []domain.CaseID{caseOfSaule}
	if _, err := one.erase(6); err != nil {
		t.Fatal(err)
	}
	for range 3 { // after the first time there is no news
		if err := other.Once(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(other.keys.forgotten, keysOfSaule) || len(other.keys.destroyed) > 0 {
		t.Errorf("forgotten are %v and destroyed %v", other.keys.forgotten, other.keys.destroyed)
	}
	if !look() {
		t.Error("the state with the personal values is still in memory")
	}
}

// TestC22_KeysThatWereReadBeforeAnotherProcessDestroyedThemAreForgotten: a process learns
// of an erasure while its keys are still in the log, and may read them once more.
func TestC22_KeysThatWereReadBeforeAnotherProcessDestroyedThemAreForgotten(t *testing.T) {
	l := abandoned(t)
	other := newErasing(l)
	other.keys.fails = errCrash // so that it cannot complete it
	if err := other.Once(ctx); err == nil {
		t.Fatal("it was completed")
	}
	other.keys.forgotten = nil // and now it reads them again
	if err := newErasing(l).Once(ctx); err != nil {
		t.Fatal(err)
	}
	other.records.stale = true
	if err := other.Once(ctx); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(other.keys.forgotten, keysOfSaule) {
		t.Errorf("forgotten are %v", other.keys.forgotten)
	}
}

func TestWithoutDataKeysNobodyIsErased(t *testing.T) {
	l := withSaule(t)
	before := l.len()
	_, err := newHandler(l).ErasePerson(ctx, envelope("erase saule"), saule, residence.Erase{}, command.Options{})
	if err == nil || l.len() != before {
		t.Errorf("got %v", err)
	}
}

// TestC22_WhatCasesOfAnErasedPersonSayLeavesMemoryToo: the state of a case was folded from
// events with values in clear.
func TestC22_WhatCasesOfAnErasedPersonSayLeavesMemoryToo(t *testing.T) {
	l := world(t)
	must(t, "record saule", recordPerson(newHandler(l), saule))
	must(t, "saule applies", apply(newHandler(l), caseOfSaule, saule))
	read := fromTheBeginning{l, map[string]int{}}
	p := newErasing(l, func(c *command.Config) { c.Log = read })
	look := func() int {
		t.Helper()
		if _, err := p.Case(ctx, caseOfSaule); err != nil {
			t.Fatal(err)
		}
		return read.times[caseOfSaule.Stream()]
	}
	if first := look(); look() != first {
		t.Fatal("the state of a case is not kept in memory, so this test says nothing")
	}
	p.records.matters.OwnCases = []domain.CaseID{caseOfSaule}
	before := look()
	if _, err := p.erase(6); err != nil {
		t.Fatal(err)
	}
	if look() == before {
		t.Error("the state of the case is still in memory")
	}
}

func TestC22_NothingIsDestroyedOfWhoWasNotErased(t *testing.T) {
	l := withSaule(t)
	p := newErasing(l)
	before := l.len()
	if err := p.CompleteErasure(ctx, saule); err != nil {
		t.Error(err)
	}
	cmd := envelope("erase saule")
	cmd.Now = cmd.Now.AddDate(6, 0, 0)
	r, err := p.ErasePerson(ctx, cmd, saule, residence.Erase{Basis: residence.RetentionOver, Reference: "order 15"},
		command.Options{DryRun: true})
	if err != nil || !r.Planned {
		t.Errorf("a dry run: %+v, %v", r, err)
	}
	if len(p.keys.destroyed)+len(p.keys.forgotten) > 0 || l.len() != before {
		t.Errorf("destroyed are %v, forgotten %v, recorded %v", p.keys.destroyed, p.keys.forgotten, typesOf(l.since(before)))
	}
}

// failsOnce is a log of which one read fails.
type failsOnce struct {
	*memoryLog
	reads, at int // counted from 1; at 0 none fails
}

func (l *failsOnce) ReadPage(ctx context.Context, stream string, from uint64, n int) ([]domain.Recorded, error) {
	if l.reads++; l.reads == l.at {
		return nil, errCrash
	}
	return l.memoryLog.ReadPage(ctx, stream, from, n)
}

func (l *failsOnce) Read(ctx context.Context, stream string, from uint64) iter.Seq2[domain.Recorded, error] {
	if l.reads++; l.reads == l.at {
		return func(yield func(domain.Recorded, error) bool) { yield(domain.Recorded{}, errCrash) }
	}
	return l.memoryLog.Read(ctx, stream, from)
}

// TestC22_NobodyIsErasedWhereSomethingCannotBeRead: each read before the act fails once, of a
// record that was merged into another one.
func TestC22_NobodyIsErasedWhereSomethingCannotBeRead(t *testing.T) {
	for at := 1; ; at++ {
		l := withSaule(t)
		must(t, "record timur", recordPerson(newHandler(l), timur))
		one := newErasing(l)
		if _, err := merge(one.Handler, "merge", saule, timur); err != nil {
			t.Fatal(err)
		}
		cmd := envelope("erase timur")
		cmd.Now = cmd.Now.AddDate(10, 0, 0)
		if _, err := one.ErasePerson(ctx, cmd, timur, residence.Erase{
			Basis: residence.RetentionOver, Reference: "order 15",
		}, command.Options{}); err != nil {
			t.Fatal(err)
		}
		broken := &failsOnce{memoryLog: l, at: at}
		p := newErasing(l, func(c *command.Config) { c.Log = broken })
		before := l.len()
		_, err := p.erase(11)
		if l.len() > before { // what failed is read after the act
			if at < 4 {
				t.Errorf("erased although read %d failed", at)
			}
			return
		}
		if !errors.Is(err, errCrash) || len(p.keys.destroyed) > 0 {
			t.Errorf("read %d fails: %v, destroyed %v", at, err, p.keys.destroyed)
		}
	}
}

func TestC22_NobodyIsErasedWhereTheModelDoesNotSayWhatBarsIt(t *testing.T) {
	l := withSaule(t)
	p := newErasing(l)
	before := l.len()
	p.records.fails = errCrash
	if _, err := p.erase(6); !errors.Is(err, errCrash) || l.len() != before {
		t.Errorf("got %v", err)
	}
	if err := p.Once(ctx); !errors.Is(err, errCrash) {
		t.Errorf("an eraser that is told nothing: %v", err)
	}
}

// TestC22_AnEraserLooksAgainForWhatItCouldNotRead, and so forgets it after all.
func TestC22_AnEraserLooksAgainForWhatItCouldNotRead(t *testing.T) {
	l := abandoned(t)
	if err := newErasing(l).Once(ctx); err != nil {
		t.Fatal(err)
	}
	other := newErasing(l, func(c *command.Config) { c.Log = &failsOnce{memoryLog: l, at: 1} })
	if err := other.Once(ctx); !errors.Is(err, errCrash) {
		t.Fatalf("got %v", err)
	}
	if err := other.Once(ctx); err != nil || !slices.Equal(other.keys.forgotten, keysOfSaule) {
		t.Errorf("forgotten are %v: %v", other.keys.forgotten, err)
	}
	if err := newErasing(l, func(c *command.Config) { c.Log = &failsOnce{memoryLog: l, at: 1} }).
		CompleteErasure(ctx, saule); !errors.Is(err, errCrash) {
		t.Errorf("completed by what could not be read: %v", err)
	}
}

// TestC22_AnEraserRestsWhileTheClockIsWrong: it destroys no key, because it could not record it.
func TestC22_AnEraserRestsWhileTheClockIsWrong(t *testing.T) {
	l := abandoned(t)
	c := newSetClock("2026-03-15")
	p := newErasing(l, withSetClock(c))
	c.set = time.Hour
	if err := p.Once(ctx); err != nil || len(p.keys.destroyed) > 0 {
		t.Errorf("destroyed are %v: %v", p.keys.destroyed, err)
	}
	c.set = 0
	if err := p.Once(ctx); err != nil || completions(l) != 1 {
		t.Errorf("with the right clock completed %d times: %v", completions(l), err)
	}
}

// TestC22_ADryRunDestroysNoKey, not even of an erasure before that is not complete.
func TestC22_ADryRunDestroysNoKey(t *testing.T) {
	l := abandoned(t)
	must(t, "record saule again", recordPerson(newHandler(l), saule))
	p := newErasing(l)
	before := l.len()
	cmd := envelope("erase saule once more")
	cmd.Now = cmd.Now.AddDate(12, 0, 0)
	r, err := p.ErasePerson(ctx, cmd, saule, residence.Erase{Basis: residence.RetentionOver, Reference: "order 16"},
		command.Options{DryRun: true})
	if err != nil || !r.Planned || len(p.keys.destroyed) > 0 || l.len() != before {
		t.Errorf("%+v, %v: destroyed are %v, recorded %v", r, err, p.keys.destroyed, typesOf(l.since(before)))
	}
}
