package command_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
)

// tooLong is how long nothing here takes that is not stopped.
const tooLong = 10 * time.Second

// inTime returns what f returns, and fails where it does not return.
func inTime[T any](t *testing.T, what string, f func() (T, error)) T {
	t.Helper()
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		v, err := f()
		done <- result{v, err}
	}()
	select {
	case r := <-done:
		if r.err != nil {
			t.Fatalf("%s: %v", what, r.err)
		}
		return r.value
	case <-time.After(tooLong):
		t.Fatalf("%s waits", what)
		panic("unreachable")
	}
}

// stopAppends stops every append to the stream until the log goes on; stopped
// tells that one has come.
func stopAppends(l *memoryLog, stream string) (stopped chan struct{}, goOn func()) {
	stopped, released := make(chan struct{}, 1), make(chan struct{})
	l.faults(func(_ int, name string) error {
		if name == stream {
			stopped <- struct{}{}
			<-released
		}
		return nil
	}, nil)
	return stopped, sync.OnceFunc(func() { close(released) })
}

// TestAWriterThatIsStoppedInsideItsAppendDelaysNoRead: the writer holds the lock of
// its stream; what reads the stream does not wait for it, and sees all that others
// have appended meanwhile.
func TestAWriterThatIsStoppedInsideItsAppendDelaysNoRead(t *testing.T) {
	for name, cold := range map[string]bool{"a stream in memory": false, "a stream that was not read yet": true} {
		t.Run(name, func(t *testing.T) {
			l := world(t)
			h := newHandler(l)
			if !cold {
				must(t, "confirm", func(cmd domain.Command) (command.Receipt, error) {
					return h.ChangeConsent(
						ctx,
						cmd,
						list,
						housing.ChangeConsent{EntryID: entryOfDaur},
						command.Options{},
					)
				})
			}
			stopped, goOn := stopAppends(l, list.Stream())
			defer goOn()
			done := make(chan error, 1)
			go func() {
				_, err := review(h, entryOfDaur, command.Options{})(envelope("review"))
				done <- err
			}()
			<-stopped

			q := inTime(t, "the list", func() (*housing.List, error) { return h.List(ctx, list) })
			if e, ok := q.Entry(entryOfDaur); !ok || e.Review != "" {
				t.Errorf("the list shows %+v", e)
			}
			// Another process appends to the same stream.
			if _, err := l.append(list.Stream(), lastOf(l, list.Stream()), newEvents(housing.PriorityRuleSet{
				ListID: list, Categories: []housing.PriorityCategory{housing.PriorityOrphan}, Basis: "act 5",
			})); err != nil {
				t.Fatal(err)
			}
			newer := inTime(t, "the list", func() (*housing.List, error) { return h.List(ctx, list) })
			if len(newer.Priority) != 1 {
				t.Error("the read does not show what the log held when it began")
			}
			if len(q.Priority) != 0 {
				t.Error("a list that was read before has changed")
			}
			goOn()
			if err := <-done; err != nil {
				t.Error(err)
			}
			last := inTime(t, "the list", func() (*housing.List, error) { return h.List(ctx, list) })
			if e, _ := last.Entry(entryOfDaur); e.Review == "" {
				t.Error("the list does not show the review")
			}
		})
	}
}

// stoppedLog is a log whose reads can be stopped before they see anything.
type stoppedLog struct {
	*memoryLog
	stop  atomic.Pointer[func(ctx context.Context, stream string) error]
	reads atomic.Int64
}

func (l *stoppedLog) Read(ctx context.Context, stream string, from uint64) iter.Seq2[domain.Recorded, error] {
	return func(yield func(domain.Recorded, error) bool) {
		l.reads.Add(1)
		// What this read sees is what the log holds now; it is told later.
		recs, _ := l.ReadPage(ctx, stream, from, 1<<30)
		if stop := l.stop.Load(); stop != nil {
			if err := (*stop)(ctx, stream); err != nil {
				yield(domain.Recorded{}, err)
				return
			}
		}
		for _, rec := range recs {
			if !yield(rec, nil) {
				return
			}
		}
	}
}

// TestAReadSeesWhatTheLogHeldWhenItBegan, also where it comes while another read of
// the stream is under way, which began before the append. Those who come then share
// one look at the log.
func TestAReadSeesWhatTheLogHeldWhenItBegan(t *testing.T) {
	l := &stoppedLog{memoryLog: world(t)}
	h := newHandler(l)
	if _, err := h.Person(ctx, daur); err != nil {
		t.Fatal(err)
	}
	began, released := make(chan struct{}, 100), make(chan struct{})
	stop := func(context.Context, string) error {
		began <- struct{}{}
		<-released
		return nil
	}
	l.stop.Store(&stop)
	l.reads.Store(0)
	first := make(chan residence.Person, 1)
	go func() {
		p, _ := h.Person(ctx, daur)
		first <- p
	}()
	<-began // it has seen the log as it was
	confirm(t, l.memoryLog, daur, residence.StateContacts{Phone: "+77010000000"})
	const readers = 50
	phones := make(chan domain.Personal, readers)
	var asked sync.WaitGroup
	for range readers {
		asked.Add(1)
		go func() {
			asked.Done()
			p, _ := h.Person(ctx, daur)
			phones <- p.Contacts.Phone
		}()
	}
	asked.Wait()
	time.Sleep(20 * time.Millisecond) // most of them wait by now; the others only cost more looks
	close(released)
	if p := <-first; p.Contacts.Phone != "" {
		t.Error("the first read saw what came after it: it was not stopped")
	}
	for range readers {
		if got := <-phones; got == "" {
			t.Fatal("a read does not show what the log held when it began")
		}
	}
	if n := l.reads.Load(); n > 10 {
		t.Errorf("%d reads looked at the log %d times", readers+1, n)
	}
}

// TestAReadThatIsGivenUpEndsItsLookUnlessOthersWaitForIt.
func TestAReadThatIsGivenUpEndsItsLookUnlessOthersWaitForIt(t *testing.T) {
	l := &stoppedLog{memoryLog: world(t)}
	h := newHandler(l)
	began, ended := make(chan struct{}, 1), make(chan error, 1)
	stop := func(ctx context.Context, _ string) error {
		began <- struct{}{}
		<-ctx.Done()
		ended <- ctx.Err()
		return ctx.Err()
	}
	l.stop.Store(&stop)
	patient, leave := context.WithCancel(ctx)
	failed := make(chan error, 1)
	go func() {
		_, err := h.Person(patient, daur)
		failed <- err
	}()
	<-began
	leave()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("the read that was given up: %v", err)
	}
	select {
	case <-ended:
	case <-time.After(tooLong):
		t.Fatal("nobody waits for the look, and it goes on")
	}
	l.stop.Store(nil)
	if p := inTime(t, "the next read", func() (residence.Person, error) { return h.Person(ctx, daur) }); !p.Known() {
		t.Error("the next read shows nothing")
	}
}

// brokenLog breaks off reads of a stream after so many events.
type brokenLog struct {
	*memoryLog
	after int               // 0: none is broken off
	from  map[string]uint64 // of the first read of each stream
}

func (l *brokenLog) Read(ctx context.Context, stream string, from uint64) iter.Seq2[domain.Recorded, error] {
	if _, read := l.from[stream]; !read && l.from != nil {
		l.from[stream] = from
	}
	return func(yield func(domain.Recorded, error) bool) {
		n := 0
		for rec, err := range l.memoryLog.Read(ctx, stream, from) {
			if l.after > 0 && n == l.after {
				yield(domain.Recorded{}, errLost)
				return
			}
			if n++; !yield(rec, err) {
				return
			}
		}
	}
}

// TestAReadThatBreaksOffIsGoneOnWith, and no command takes the part for the whole:
// one that appended several events of which a part was read is not answered by
// that part.
func TestAReadThatBreaksOffIsGoneOnWith(t *testing.T) {
	l := world(t)
	first := must(t, "daur moves", register(newHandler(l), daur, house, residence.Permanent, command.Options{}))
	if len(first.Events) != 2 {
		t.Fatalf("a move has %d events", len(first.Events))
	}
	broken := &brokenLog{memoryLog: l, after: int(first.Revision)} // before the last event
	h := newHandler(broken)
	if _, err := h.Person(ctx, daur); !errors.Is(err, errLost) {
		t.Fatalf("the read was not broken off: %v", err)
	}
	broken.after, broken.from = 0, map[string]uint64{}
	again := must(t, "daur moves", register(h, daur, house, residence.Permanent, command.Options{}))
	if !again.Repeated || len(again.Events) != 2 {
		t.Errorf("repeated: %t, with %d events", again.Repeated, len(again.Events))
	}
	if from := broken.from[daur.Stream()]; from != first.Revision {
		t.Errorf("the stream was read from %d on, want %d", from, first.Revision)
	}
}

// TestReadsAndCommandsAtOnce is for the race detector.
func TestReadsAndCommandsAtOnce(t *testing.T) {
	l := world(t)
	h := newHandler(l)
	over := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for n := 0; ; {
				select {
				case <-over:
					return
				default:
				}
				q, err := h.List(ctx, list)
				if err != nil {
					t.Error(err)
					return
				}
				if q.Len() < n {
					t.Errorf("the list has %d entries after it had %d", q.Len(), n)
				}
				n = q.Len()
				for i, line := range q.Public(0, 100) {
					if line.Number != i+1 {
						t.Errorf("number %d at %d", line.Number, i+1)
					}
				}
			}
		})
	}
	for i := range 30 {
		who := domain.PersonID{UUID: domain.DeriveID(list.UUID, fmt.Sprint(i))}
		id := domain.CaseID(who)
		for name, do := range map[string]func(domain.Command) (command.Receipt, error){"record": recordPerson(h, who)} {
			must(t, fmt.Sprint(name, i), do)
		}
		must(t, fmt.Sprint("apply ", i), apply(h, id, who))
		must(t, fmt.Sprint("place ", i), approve(h, id))
	}
	close(over)
	readers.Wait()
}
