package projections

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"tizilim/domain"
	"tizilim/domain/certificates"
	"tizilim/domain/housing"
	"tizilim/domain/notice"
	"tizilim/domain/residence"
)

// story is a log with something of everything.
func story() *script {
	s := newScript()
	for n := range 4 {
		s.person(n)
	}
	s.dwelling(1, 1, 2)
	s.register(1, 2, 1, residence.Permanent, domain.Date{})
	s.register(2, 3, 1, residence.Temporary, day.AddMonths(3))
	s.add(caseID(1).Stream(), deregistration(s, 1, 1, 1, 2, 3))
	s.end(1, 2, 1, residence.Permanent)
	s.list(1)
	s.add(notice.Beginning.Stream(), notice.Began{NoticeID: notice.Beginning, BeganAt: s.now})
	for n := range 4 {
		s.add(caseID(10+n).Stream(), application(s, 10+n, 1, n))
		s.add(caseID(10+n).Stream(), housing.PlacementApproved{CaseID: caseID(10 + n), ListID: listID(1),
			EntryID: entryID(n), PersonID: personID(n), ApprovedAt: s.now})
		placeOn(s, n, 100-10*n, 1)
	}
	removeFrom(s, 1, 90)
	s.add(caseID(10).Stream(), housing.PlacementCertified{CaseID: caseID(10), ListID: listID(1), EntryID: entryID(0),
		Number: 1, CertifiedAt: s.now})
	decided := s.add(caseID(1).Stream(), residence.DeregistrationDecided{CaseID: caseID(1),
		Results: []residence.Result{{PersonID: personID(2)}}, DecidedAt: s.now})
	s.queue(1, 2, decided, notice.YouAreDeregistered)
	s.add(noticeID(1).Stream(), notice.NoticeDelivered{NoticeID: noticeID(1), Way: notice.Account, DeliveredAt: s.now})
	s.add(noticeID(1).Stream(), notice.NoticeFailed{NoticeID: noticeID(1), Way: notice.SMS, Attempt: 1,
		Failure: notice.Unreachable, RetryAt: s.now, FailedAt: s.now})
	s.decide(14, 2, 2, entryID(3))
	s.transfer(3, 3, 1)
	return s
}

// contents returns every key of a generation but its checkpoint, as text.
func contents(t *testing.T, client redis.UniversalClient, opts Options, generation uint64) map[string]string {
	t.Helper()
	ctx, all := context.Background(), make(map[string]string)
	prefix := opts.withDefaults().keyspace().generation(generation)
	keys, err := client.Keys(ctx, globEscape(prefix+"*")).Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		var value any
		switch kind := client.Type(ctx, key).Val(); kind {
		case "hash":
			value = client.HGetAll(ctx, key).Val()
		case "set":
			members := map[string]bool{}
			for _, member := range client.SMembers(ctx, key).Val() {
				members[member] = true
			}
			value = members
		case "zset":
			value = client.ZRangeWithScores(ctx, key, 0, -1).Val()
		default:
			t.Fatalf("key %s is a %s", key, kind)
		}
		if name := strings.TrimPrefix(key, prefix); name != checkpointKey {
			all[name] = fmt.Sprint(value)
		}
	}
	return all
}

func status(t *testing.T, r *Reader) Status {
	t.Helper()
	s, err := r.Status(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The log of these tests delivers every event twice; here the writes themselves
// are repeated too, one by one and as a whole, and compared with a single run.
func TestRepeatedWritesChangeNothing(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx := context.Background()
		s := story()
		run := func(registry string, repeat func(ops [][]op) [][]op) map[string]string {
			opts := quick()
			opts.Registry = registry
			p, err := NewProjector(client, s, opts)
			if err != nil {
				t.Fatal(err)
			}
			err = p.leases.hold(ctx, roleBuilder, func(ctx context.Context, l *lease) error {
				w, _, err := p.begin(ctx, l, new(uint64))
				if err != nil {
					return err
				}
				var each [][]op
				for _, rec := range s.recorded() {
					each = append(each, project(rec))
				}
				for _, ops := range repeat(each) {
					if err := w.write(ctx, w, ops); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return contents(t, client, opts, 1)
		}
		once := run("once", func(ops [][]op) [][]op { return ops })
		each := run("each", func(ops [][]op) [][]op {
			var twice [][]op
			for _, o := range ops {
				twice = append(twice, o, o)
			}
			return twice
		})
		// A batch whose script failed half way is applied again from its beginning.
		whole := run("whole", func(ops [][]op) [][]op { return append(ops[:len(ops)/2:len(ops)/2], ops...) })
		if len(once) < 20 {
			t.Fatalf("the story leaves only %d keys", len(once))
		}
		if diff := cmp.Diff(once, each); diff != "" {
			t.Errorf("each event twice (-once +twice)\n%s", diff)
		}
		if diff := cmp.Diff(once, whole); diff != "" {
			t.Errorf("the beginning twice (-once +twice)\n%s", diff)
		}
	})
}

func TestReadsSayNotReadyUntilEverythingInTheLogIsThere(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), story()
		r := NewReader(client, quick())
		notReady(t, r, "absent")
		half := s.recorded()[8].Position
		s.holdAfter(half)
		running(t, client, s, quick())
		until(t, "half of the log is there", func() bool { return status(t, r).Built == half })
		notReady(t, r, fmt.Sprintf("position %d of %d", half, s.head()))
		got := status(t, r)
		same(t, got, Status{Building: 1, Built: half, Target: s.head(), Projector: true})
		if got.Ready() {
			t.Error("ready without a serving generation")
		}
		s.release()
		reach(t, r, s.head())
		if _, err := r.Residence(ctx, personID(1), day); err != nil {
			t.Error(err)
		}
		all := s.recorded()
		if got = status(t, r); got.Origin == "" {
			t.Error("the generation has no origin")
		}
		got.Origin, got.Evictions = "", "" // random, and the run of Redis
		same(t, got, Status{Serving: 1, Position: s.head(), Event: s.head(), LastEvent: lastEvent(all[len(all)-1]),
			CaughtUp: true, Projector: true})
	})
}

// notReady checks that no read answers, and that the sentence tells something.
func notReady(t *testing.T, r *Reader, says string) {
	t.Helper()
	for name, err := range everyRead(r) {
		if err == nil {
			t.Errorf("%s answers", name)
			continue
		}
		refuses(t, err, domain.Unavailable, domain.CodeModelNotReady)
		if !strings.Contains(err.Error(), says) {
			t.Errorf("%s says %q, which does not tell %q", name, err, says)
		}
	}
}

func everyRead(r *Reader) map[string]error {
	ctx := context.Background()
	reads := make(map[string]error)
	note := func(name string, _ any, err error) { reads[name] = err }
	residence, err := r.Residence(ctx, personID(1), day)
	note("Residence", residence, err)
	residents, err := r.Residents(ctx, dwellingID(1), day)
	note("Residents", residents, err)
	c, err := r.Case(ctx, caseID(1))
	note("Case", c, err)
	certificate, err := r.Certificate(ctx, certificates.TalonOf(caseID(1)))
	note("Certificate", certificate, err)
	located, err := r.Located(ctx, certificates.Locator(certificates.TalonOf(caseID(1))))
	note("Located", located, err)
	list, err := r.List(ctx, listID(1))
	note("List", list, err)
	number, err := r.Number(ctx, listID(1), entryID(2))
	note("Number", number, err)
	entries, err := r.Entries(ctx, listID(1), "", 10)
	note("Entries", entries, err)
	history, err := r.PersonHistory(ctx, personID(1), HistoryFrom{Limit: 10})
	note("PersonHistory", history, err)
	history, err = r.DwellingHistory(ctx, dwellingID(1), HistoryFrom{Limit: 10})
	note("DwellingHistory", history, err)
	cases, err := r.Unfinished(ctx, time.Now(), 0, 10)
	note("Unfinished", cases, err)
	position, err := r.Position(ctx)
	note("Position", position, err)
	quarantine, err := r.Quarantine(ctx)
	note("Quarantine", quarantine, err)
	return reads
}

func TestEmptiedRedisHealsAndNeverSaysNotFound(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), story()
		r := projected(t, client, s)
		before := contents(t, client, quick(), 1)

		done := make(chan struct{})
		var asked sync.WaitGroup
		asked.Add(1)
		go func() { // somebody asks all the time
			defer asked.Done()
			for {
				select {
				case <-done:
					return
				default:
				}
				for name, err := range everyRead(r) {
					if e, ok := asError(err); err != nil && (!ok || e.Code != domain.CodeModelNotReady) {
						t.Errorf("while Redis heals, %s says: %v", name, err)
						return
					}
				}
				if got, err := r.Number(ctx, listID(1), entryID(0)); err == nil && (got.Number != 3 || got.Of != 3) {
					t.Errorf("while Redis heals, the number is %d of %d", got.Number, got.Of)
					return
				}
			}
		}()
		for round := range 3 {
			if err := client.FlushAll(ctx).Err(); err != nil {
				t.Fatal(err)
			}
			if round == 1 { // noticed with the next event too, not by the lease alone
				s.person(50)
			}
			until(t, "the models are back", func() bool { at, err := r.Position(ctx); return err == nil && at == s.head() })
		}
		close(done)
		asked.Wait()
		after := contents(t, client, quick(), status(t, r).Serving)
		delete(after, personID(50).Stream())
		delete(after, personHistory(personID(50)))
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("healed otherwise (-before +after)\n%s", diff)
		}
	})
}

func TestBatchIsRefusedWhereTheCheckpointWasLost(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		withWriter(t, client, story(), func(ctx context.Context, w *writer, s *script) {
			batch := []domain.Delivery{s.log[0]}
			if err := w.apply(ctx, batch); err != nil {
				t.Fatal(err)
			}
			checkpoint := w.keys.checkpoint(w.number)
			client.HSet(ctx, checkpoint, "position", "999999")
			if err := w.apply(ctx, []domain.Delivery{s.log[1]}); !errors.Is(err, errMoved) {
				t.Errorf("written past a checkpoint of somebody else: %v", err)
			}
			client.Del(ctx, checkpoint)
			if err := w.apply(ctx, []domain.Delivery{s.log[1]}); !errors.Is(err, errMoved) {
				t.Errorf("written without a checkpoint: %v", err)
			}
			if n := client.Exists(ctx, checkpoint, w.keys.generation(w.number)+personID(1).Stream()).Val(); n != 0 {
				t.Error("a refused batch left something behind")
			}
		})
	})
}

func TestSleepingWriterIsFencedOnlyOnceAnotherTookOver(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		withWriter(t, client, story(), func(ctx context.Context, w *writer, s *script) {
			client.Del(ctx, w.keys.lease(roleBuilder)) // expired, nobody else came
			if err := w.apply(ctx, []domain.Delivery{s.log[0]}); err != nil {
				t.Errorf("an expired lease that nobody took stops the writer: %v", err)
			}
			client.Del(ctx, w.keys.lease(roleBuilder))
			other := &lease{client: client, keys: w.keys, role: roleBuilder, ttl: time.Minute, token: "other"}
			if err := other.acquire(ctx); err != nil {
				t.Fatal(err)
			}
			if err := w.apply(ctx, []domain.Delivery{s.log[1]}); !errors.Is(err, errFenced) {
				t.Errorf("a writer whose role is taken goes on: %v", err)
			}
		})
	})
}

func withWriter(t *testing.T, client redis.UniversalClient, s *script, test func(context.Context, *writer, *script)) {
	t.Helper()
	opts := quick()
	opts.LeaseTTL = time.Minute
	p, err := NewProjector(client, s, opts)
	if err != nil {
		t.Fatal(err)
	}
	err = p.leases.hold(context.Background(), roleBuilder, func(ctx context.Context, l *lease) error {
		w, _, err := p.begin(ctx, l, new(uint64))
		if err == nil {
			test(ctx, w, s)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// counting counts how often the log has been followed.
type counting struct {
	*script
	follows atomic.Int64
}

func (c *counting) Follow(ctx context.Context, after domain.Position) <-chan domain.Delivery {
	c.follows.Add(1)
	return c.script.Follow(ctx, after)
}

func TestOfTwoProjectorsOneWorksAndTheOtherTakesOver(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		log, opts := &counting{script: story()}, quick()
		opts.LeaseTTL = 3 * time.Second
		r := NewReader(client, opts)
		people := 20
		expect := func(follows int64) {
			t.Helper()
			people++
			log.person(people)
			reach(t, r, log.head())
			if got := log.follows.Load(); got != follows {
				t.Errorf("the log was followed %d times, want %d", got, follows)
			}
		}
		_, stopFirst := running(t, client, log, opts)
		reach(t, r, log.head())
		expect(2) // to fill the generation, then to keep it
		_, stopSecond := running(t, client, log, opts)
		_, stopThird := running(t, client, log, opts)
		expect(2)
		stopFirst()
		expect(3)
		stopSecond()
		stopThird()
		_, stopFourth := running(t, client, log, opts)
		people++
		log.person(people)
		reach(t, r, log.head())
		stopFourth()
		if s := status(t, r); s.Serving != 1 || s.Projector {
			t.Errorf("after all have stopped: %+v", s)
		}
	})
}

func TestCrashBetweenBatchesResumesAtTheCheckpoint(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		s, opts := story(), quick()
		opts.BatchSize = 1
		r := NewReader(client, opts)
		for _, at := range []int{3, 9, 15} { // while the generation is being built
			s.holdAfter(s.recorded()[at].Position)
			_, stop := running(t, client, s, opts)
			until(t, "the projector is where it shall crash",
				func() bool { return status(t, r).Built == s.recorded()[at].Position })
			stop()
		}
		s.release()
		_, stop := running(t, client, s, opts)
		reach(t, r, s.head())
		stop()
		s.person(30) // while nobody looks
		s.person(31)
		log := &followed{script: s}
		_, stop = running(t, client, log, opts)
		reach(t, r, s.head())
		stop()
		if want := s.recorded()[len(s.recorded())-3].Position; log.after != want {
			t.Errorf("resumed after %d, want %d", log.after, want)
		}
		if got := status(t, r).Serving; got != 1 {
			t.Errorf("generation %d serves: it was begun again instead of continued", got)
		}
		whole := quick()
		whole.Registry = "uninterrupted"
		_, stop = running(t, client, s, whole)
		reach(t, NewReader(client, whole), s.head())
		stop()
		if diff := cmp.Diff(contents(t, client, whole, 1), contents(t, client, opts, 1)); diff != "" {
			t.Errorf("crashes left a trace (-without +with)\n%s", diff)
		}
	})
}

// followed remembers from where it was last followed.
type followed struct {
	*script
	after domain.Position
}

func (f *followed) Follow(ctx context.Context, after domain.Position) <-chan domain.Delivery {
	f.after = after
	return f.script.Follow(ctx, after)
}

func TestRebuildFlipsAtOnceAndKeepsThePreviousUntilProven(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), story()
		r := projected(t, client, s)
		rebuilder, err := NewProjector(client, s, quick())
		if err != nil {
			t.Fatal(err)
		}
		var last Progress
		answers := 0
		err = rebuilder.Rebuild(ctx, func(p Progress) {
			last = p
			got, err := r.Number(ctx, listID(1), entryID(0)) // in the middle of the rebuild
			if err != nil || got.Number != 3 {
				t.Errorf("during the rebuild the number is %d, %v", got.Number, err)
			}
			answers++
		})
		if err != nil {
			t.Fatal(err)
		}
		if last.Generation != 2 || last.Position != s.head() || last.Target != s.head() ||
			int(last.Events) != len(s.recorded()) || answers == 0 {
			t.Errorf("progress ended with %+v", last)
		}
		if got := status(t, r); got.Serving != 2 || got.Previous != 1 || got.Building != 0 {
			t.Errorf("after the rebuild: %+v", got)
		}
		if diff := cmp.Diff(contents(t, client, quick(), 1), contents(t, client, quick(), 2)); diff != "" {
			t.Errorf("rebuilt otherwise (-previous +serving)\n%s", diff)
		}
		s.person(40) // the running projector goes on with the new generation
		reach(t, r, s.head())

		report, err := Verify(ctx, client, s, quick(), nil)
		if err != nil || !report.Proven() || report.Generation != 2 {
			t.Fatalf("verify: %+v, %v", report, err)
		}
		if got := status(t, r); got.Previous != 0 {
			t.Errorf("a proven generation keeps the previous one: %+v", got)
		}
		if left := contents(t, client, quick(), 1); len(left) != 0 {
			t.Errorf("%d keys of the previous generation are left", len(left))
		}
		for range 2 { // the next rebuild frees the one before the last
			if err := rebuilder.Rebuild(ctx, nil); err != nil {
				t.Fatal(err)
			}
		}
		if left := contents(t, client, quick(), 2); len(left) != 0 {
			t.Errorf("%d keys of generation 2 are left", len(left))
		}
		if kept := contents(t, client, quick(), 3); len(kept) == 0 {
			t.Error("generation 3, the previous one, is gone")
		}
	})
}

func TestRebuildContinuesAfterAnInterruption(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), story()
		p, stop := running(t, client, s, quick())
		r := NewReader(client, quick())
		reach(t, r, s.head())
		stop()
		half := s.recorded()[9].Position
		s.holdAfter(half)
		done := make(chan error, 1)
		var most atomic.Uint64
		go func() {
			done <- p.Rebuild(ctx, func(p Progress) { most.Store(max(most.Load(), p.Events)) })
		}()
		until(t, "half is there", func() bool { return status(t, r).Built == half })
		client.Set(ctx, r.keys.fence(roleBuilder), "somebody else", 0)
		s.release()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if got := status(t, r); got.Serving != 2 || got.Previous != 1 || got.Position != s.head() {
			t.Errorf("after the rebuild: %+v", got)
		}
		if n := int(most.Load()); n >= len(s.recorded()) {
			t.Errorf("%d of %d events were read in one go: it began again instead of going on", n, len(s.recorded()))
		}
		if diff := cmp.Diff(contents(t, client, quick(), 1), contents(t, client, quick(), 2)); diff != "" {
			t.Errorf("rebuilt otherwise (-previous +serving)\n%s", diff)
		}
	})
}

func TestRedisThatIsAwayIsWaitedFor(t *testing.T) {
	server := miniredis.RunT(t)
	client, err := Connect("redis://" + server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	s := story()
	r := projected(t, client, s)
	server.Close()
	_, err = r.Position(context.Background())
	refuses(t, err, domain.Unavailable, domain.CodeModelNotReady)
	s.person(60)
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	reach(t, r, s.head())
}

func TestFlipNeverGoesBackInTime(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), story()
		r := projected(t, client, s)
		behind := newScript()
		behind.log = append(behind.log, s.log[:5]...)
		rebuilder, err := NewProjector(client, struct{ Log }{behind}, quick()) // which does not know where the log ends
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(ctx)
		done := make(chan error, 1)
		reached := make(chan struct{}, 100)
		go func() { done <- rebuilder.Rebuild(ctx, func(Progress) { reached <- struct{}{} }) }()
		<-reached
		until(t, "the rebuild has all that its log has", func() bool { return status(t, r).Built == s.log[4].Position })
		behind.mu.Lock()
		behind.log = append(behind.log, s.log[5]) // one more, still behind
		behind.wake()
		behind.mu.Unlock()
		until(t, "it has one more", func() bool { return status(t, r).Built == s.log[5].Position })
		if got := status(t, r); got.Serving != 1 || got.Position != s.head() {
			t.Errorf("a generation that lacks events serves: %+v", got)
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Rebuild: %v", err)
		}
	})
}

func TestAbandonedGenerationsAreFreedAndNewerOnesLeftAlone(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, keys := context.Background(), quick().withDefaults().keyspace()
		client.Set(ctx, keys.counter(), 5, 0)
		abandoned, newer := keys.generation(3)+"x", keys.generation(99)+"x"
		client.MSet(ctx, abandoned, "1", newer, "1") // newer: begun by another process while this one sweeps
		r := projected(t, client, story())
		if got := status(t, r).Serving; got != 6 {
			t.Errorf("generation %d serves", got)
		}
		if client.Exists(ctx, abandoned).Val() != 0 {
			t.Error("an abandoned generation is left")
		}
		if client.Exists(ctx, newer).Val() != 1 {
			t.Error("a generation that another process has begun is gone")
		}
	})
}

func TestFlipKeepsTheCheckpointOfAQuietLog(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), story()
		p, stop := running(t, client, s, quick())
		r := NewReader(client, quick())
		reach(t, r, s.head())
		stop()
		quiet := s.head() + 1000 // the log went on without events
		client.HSet(ctx, r.keys.checkpoint(1), "position", formatPosition(quiet))
		if err := p.Rebuild(ctx, nil); err != nil {
			t.Fatal(err)
		}
		if got := status(t, r); got.Serving != 2 || got.Position != quiet {
			t.Errorf("after the rebuild: %+v, want position %d", got, quiet)
		}
	})
}

func TestEmptyLogMakesAModelThatKnowsNobody(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		r := projected(t, client, newScript())
		_, err := r.Residence(context.Background(), personID(1), day)
		refuses(t, err, domain.NotFound, domain.CodePersonUnknown)
		report, err := Verify(context.Background(), client, newScript(), quick(), nil)
		if err != nil || !report.Proven() {
			t.Errorf("verify: %+v, %v", report, err)
		}
	})
}

func TestGenerationOfAnotherSchemaDoesNotServe(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), story()
		_, stop := running(t, client, s, quick())
		r := NewReader(client, quick())
		reach(t, r, s.head())
		stop()
		client.HSet(ctx, r.keys.checkpoint(1), "schema", "of an older release")
		notReady(t, r, "")
		if got := status(t, r); got.Ready() {
			t.Errorf("it is said to be ready: %+v", got)
		}
		running(t, client, s, quick())
		reach(t, r, s.head())
		if got := status(t, r).Serving; got != 2 {
			t.Errorf("generation %d serves", got)
		}
	})
}

func TestPoisonIsHeldBackAloneAndTriedAgainByARebuild(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		s.person(1)
		s.person(2)
		s.dwelling(1)
		poison := s.addPoison(personID(1).Stream())
		s.register(1, 1, 1, residence.Permanent, domain.Date{})
		s.register(2, 2, 1, residence.Permanent, domain.Date{})
		p, stop := running(t, client, s, quick())
		r := NewReader(client, quick())
		reach(t, r, s.head())

		if _, err := r.Residence(ctx, personID(2), day); err != nil {
			t.Errorf("another person is held back too: %v", err)
		}
		_, err := r.Residence(ctx, personID(1), day)
		refuses(t, err, domain.Unavailable, domain.CodeModelNotReady)
		list, err := r.Quarantine(ctx)
		if err != nil {
			t.Fatal(err)
		}
		same(t, list, Quarantine{Held: []HeldStream{{
			Stream: poison.Stream, Since: poison.Created.UTC(), Waiting: 1,
			Failed: []QuarantinedEvent{failed(poison, "cannot be decoded: unknown type Gibberish")},
		}}})
		same(t, status(t, r).Quarantined, 2)
		same(t, status(t, r).Held, 1)

		// The stream stays held back after a restart.
		stop()
		_, stop = running(t, client, s, quick())
		s.end(1, 1, 1, residence.Permanent)
		reach(t, r, s.head())
		same(t, status(t, r).Quarantined, 3)
		stop()

		// What could not be read can be read now.
		s.mend(poison.Position, residence.RegistrationBegan{
			PersonID: personID(1), RegistrationID: registrationID(9), DwellingID: dwellingID(1), Kind: residence.Permanent,
			From: day,
		})
		if err := p.Rebuild(ctx, nil); err != nil {
			t.Fatal(err)
		}
		same(t, status(t, r).Quarantined, 0)
		got, err := r.Residence(ctx, personID(1), day)
		if err != nil || len(got.Registrations) != 1 || got.Registrations[0].RegistrationID != registrationID(9) {
			t.Errorf("after the rebuild: %+v, %v", got, err)
		}
	})
}

func TestProjectionThatPanicsIsAnErrorOfItsEvent(t *testing.T) {
	ops, err := safely(func(domain.Recorded) []op { panic("no such thing") }, domain.Recorded{})
	if ops != nil || err == nil || err.Error() != "cannot be projected: no such thing" {
		t.Errorf("got %v, %v", ops, err)
	}
}

func TestIdleLogIsNotWrittenDownAllTheTime(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		withWriter(t, client, newScript(), func(ctx context.Context, w *writer, _ *script) {
			now := time.Now()
			w.opts.Now = func() time.Time { return now }
			stored := func() string { return client.HGet(ctx, w.keys.checkpoint(w.number), "position").Val() }
			step := func(d domain.Delivery, want string) {
				t.Helper()
				if err := w.apply(ctx, []domain.Delivery{d}); err != nil {
					t.Fatal(err)
				}
				if got := stored(); got != want {
					t.Errorf("the checkpoint is %s, want %s", got, want)
				}
			}
			step(domain.Delivery{Position: 10}, "10")
			step(domain.Delivery{Position: 20}, "10")
			now = now.Add(w.opts.CheckpointEvery)
			step(domain.Delivery{Position: 30}, "30")
			step(domain.Delivery{Position: 40, CaughtUp: true}, "40") // news
			step(domain.Delivery{Position: 50, CaughtUp: true}, "40")
			s := newScript()
			rec := s.person(1)
			rec.Position = 60
			step(domain.Delivery{Position: 60, Recorded: &rec}, "60") // an event never waits
		})
	})
}

func TestProjectorRefusesARedisThatEvictsKeys(t *testing.T) {
	client := startRedis(t)
	if err := client.ConfigSet(context.Background(), "maxmemory-policy", "allkeys-lru").Err(); err != nil {
		t.Fatal(err)
	}
	p, err := NewProjector(client, story(), quick())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Rebuild(context.Background(), nil); err == nil || !strings.Contains(err.Error(), "noeviction") {
		t.Errorf("Rebuild: %v", err)
	}
	if err := p.lead(context.Background(), nil); err == nil || !strings.Contains(err.Error(), "noeviction") {
		t.Errorf("who takes the lead: %v", err)
	}
}

func TestMetricsTellWhatWasDone(t *testing.T) {
	client, s := startRedis(t), story()
	registry := prometheus.NewRegistry()
	opts := quick()
	opts.Registerer = registry
	_, stop := running(t, client, s, opts)
	r := NewReader(client, opts)
	reach(t, r, s.head())
	stop()
	if _, err := NewProjector(client, s, opts); err == nil {
		t.Error("two projectors share their metrics")
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]float64)
	for _, f := range families {
		m := f.GetMetric()[0]
		got[f.GetName()] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
	}
	if want := float64(len(s.recorded())); got["tizilim_projection_events_total"] != want {
		t.Errorf("events: %v, want %v", got["tizilim_projection_events_total"], want)
	}
	if got["tizilim_projection_position"] != float64(s.head()) || got["tizilim_projection_generation"] != 1 ||
		got["tizilim_projection_active"] != 0 {
		t.Errorf("metrics: %v", got)
	}
}
