package httpapi_test

import (
	"context"
	"iter"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/eventstore/command"
)

// looksAt counts the looks at a stream, which does not answer while it is away.
type looksAt struct {
	command.Log
	stream string
	looks  atomic.Int64
	away   atomic.Bool
	silent bool // while it is away it does not say so
}

func (l *looksAt) Read(ctx context.Context, stream string, from uint64) iter.Seq2[domain.Recorded, error] {
	if stream != l.stream {
		return l.Log.Read(ctx, stream, from)
	}
	l.looks.Add(1)
	if !l.away.Load() {
		return l.Log.Read(ctx, stream, from)
	}
	return func(yield func(domain.Recorded, error) bool) {
		if l.silent {
			<-ctx.Done()
		}
		yield(domain.Recorded{}, domain.Refuse(domain.Unavailable, domain.CodeLogUnavailable, "away"))
	}
}

// died records the death of the person.
func (s *subtest) died(person string) *answer {
	s.t.Helper()
	return s.command("/v1/persons/"+person+"/death", s.token(domain.RoleOperator), body{
		"died_on": "2026-03-01", "basis": paper,
	}).is(http.StatusOK)
}

// A read of a number costs a look at the log once in ten minutes, and not each time.
func TestR27_ADeathThatAnotherProcessRecordedClosesReadsWithinTenMinutes(t *testing.T) {
	r := start(t)
	s := r.at(t)
	list := s.list()
	person, entry, placed := s.entry(list)
	path, own := entryPath(list, entry), s.as(person)
	s.seen(path, own, placed)
	first, log := r.server, &looksAt{stream: parse[domain.PersonID](person).Stream()}
	r.restarted(func(l command.Log) command.Log { log.Log = l; return log })
	second := r.server

	for range 5 {
		s.get(path, own).is(http.StatusOK)
	}
	if n := log.looks.Load(); n != 1 {
		t.Errorf("five reads looked %d times at the log for a death", n)
	}
	r.http.Config.Handler = first
	s.died(person)
	s.get(path, own).refused(http.StatusConflict, domain.CodePersonDead, "")
	r.http.Config.Handler = second
	s.command("/v1/me/contacts", own, body{"nonsense": 1}).refused(http.StatusConflict, domain.CodePersonDead, "")
	r.clock.pass(10 * time.Minute)
	for range 2 { // that it was refused is no look that found the person alive
		s.get(path, own).refused(http.StatusConflict, domain.CodePersonDead, "")
	}
}

// While the log is away, the numbers are read all the same.
func TestR27_AReadDoesNotWaitLongForALogThatIsAway(t *testing.T) {
	for what, silent := range map[string]bool{"it refuses": false, "it is silent": true} {
		t.Run(what, func(t *testing.T) { readsWhileTheLogIsAway(t, silent) })
	}
}

func readsWhileTheLogIsAway(t *testing.T, silent bool) {
	t.Helper()
	r := start(t)
	s := r.at(t)
	list := s.list()
	person, entry, placed := s.entry(list)
	s.seen(entryPath(list, entry), s.as(person), placed)
	log := &looksAt{stream: parse[domain.PersonID](person).Stream(), silent: silent}
	r.restarted(func(l command.Log) command.Log { log.Log = l; return log })
	log.away.Store(true)
	began := time.Now()
	s.get(entryPath(list, entry), s.as(person)).is(http.StatusOK)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("answered after %v", took)
	}
	s.died(s.citizen())
	log.away.Store(false)
	s.get(entryPath(list, entry), s.as(person)).is(http.StatusOK)
	if n := log.looks.Load(); n < 2 {
		t.Error("the first read after the outage did not look at the log")
	}
}

func TestR27_AStreamOfNumbersEndsWithItsPerson(t *testing.T) {
	s := start(t).at(t)
	list := s.list()
	_, ahead, _ := s.entry(list)
	person, entry, placed := s.entry(list)
	s.seen(entryPath(list, entry), s.as(person), placed)
	stream := s.listen(t, person)
	if got := told(stream.next()); got != "2 of 2 placed" {
		t.Fatalf("the stream tells %q", got)
	}
	s.died(person)
	s.removed(list, ahead)
	if got := stream.next(); got != nil {
		t.Errorf("after the death the stream tells %v", got)
	}
}
