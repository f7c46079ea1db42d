package projections

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/notice"
	"tizilim/domain/residence"
)

// failed is an event as the quarantine lists it.
func failed(rec domain.Recorded, why string) QuarantinedEvent {
	return QuarantinedEvent{
		EventRef: domain.EventRef{Stream: rec.Stream, Revision: rec.Revision}, Why: why, Created: rec.Created.UTC(),
	}
}

// meetingStreams is a log in which streams write to the same members of the same keys: a
// duty that one begins and another settles, a notice that one owes and another
// queues, several entries of one person, corrections of one dwelling.
func meetingStreams() *script {
	s := story()
	represents := func(minor, by int) {
		s.add(personID(minor).Stream(), residence.RepresentativeRecorded{
			PersonID: personID(minor), RepresentativeID: personID(by), RecordedAt: s.now,
		})
	}
	noted := func(by, minor int) {
		s.add(personID(by).Stream(), residence.WardNoted{
			PersonID: personID(by), WardID: personID(minor), NotedAt: s.now,
		})
	}
	represents(3, 1)
	noted(1, 3)
	s.add(personID(3).Stream(), residence.RepresentationEnded{
		PersonID: personID(3), RepresentativeID: personID(1), Reasons: "SECRET", EndedAt: s.now,
	})
	represents(3, 1) // and nothing is noted yet
	represents(0, 2)
	noted(2, 0)
	refused := s.add(caseID(12).Stream(), housing.ApplicationRefused{
		CaseID: caseID(12), Reasons: "SECRET", RefusedAt: s.now,
	})
	s.queue(2, 2, refused, notice.Of(refused.Event)[0].Kind)
	removed := removeFrom(s, 0, 120)
	s.queue(3, 0, removed, notice.Of(removed.Event)[0].Kind)
	reinstateOn(s, 0, 120)
	s.end(2, 3, 1, residence.Temporary)
	s.register(7, 3, 1, residence.Temporary, day.AddMonths(2))
	return s
}

// folded is the fold of the deliveries.
func folded(all []domain.Delivery) *fold {
	f := newFold()
	for _, d := range all {
		f.apply(d)
	}
	return f
}

func (f *fold) text() map[string]string {
	all := make(map[string]string)
	for key, v := range f.values {
		v.members.Scan(func(member, value string) bool {
			all[key+" "+member] = v.kind + " " + value
			return true
		})
	}
	return all
}

// record is a key of the fold as Redis gives it.
func (f *fold) record(key string) record {
	rec := make(record)
	if v, ok := f.values[key]; ok {
		v.members.Scan(func(field, value string) bool {
			rec[field] = value
			return true
		})
	}
	return rec
}

// TestWhatIsAppliedLateIsAsAppliedInTime holds every event of a log back in
// turn, with what follows in its stream, and then applies them late. The model
// is the same as without the quarantine, unless a rebuild is asked for, which is
// rare.
func TestWhatIsAppliedLateIsAsAppliedInTime(t *testing.T) {
	s := meetingStreams()
	all := s.log
	want := folded(all).text()
	overtaken, inexact := 0, []string{}
	for at := range all {
		poisoned := append([]domain.Delivery{}, all...)
		poisoned[at].Poison = errors.New("not yet")
		f := folded(poisoned)
		kept := newKeptBack(f.record(quarantineKey))
		stream := all[at].Recorded.Stream
		if got := kept.streams(); len(got) != 1 || got[0] != stream {
			t.Fatalf("held: %v", got)
		}
		var late []domain.Delivery
		for _, d := range all {
			if !kept.applied(d.Recorded) {
				late = append(late, d)
			}
		}
		again, met := retried(stream, late), make(meetings)
		met.expect(again)
		for _, d := range all {
			if kept.applied(d.Recorded) {
				met.note(d.Position, project(*d.Recorded))
			}
		}
		events, exact := met.late(again)
		if !exact {
			inexact = append(inexact, all[at].Recorded.Event.EventType())
			continue
		}
		for i, e := range events {
			overtaken += len(again.events[i].ops) - len(e.ops)
			f.execute(unset(quarantineKey, e.ref))
			for range 2 {
				for _, o := range e.ops {
					f.execute(o)
				}
			}
		}
		f.execute(leave(heldKey, stream))
		if diff := cmp.Diff(want, f.text()); diff != "" {
			t.Errorf("%s applied late (-in time +late)\n%s", failed(*all[at].Recorded, ""), diff)
		}
	}
	if overtaken == 0 {
		t.Error("the log has no write that another stream has overtaken: it proves little")
	}
	// That notices are owed from a moment on settles a range of debts. The decision of
	// a provision reads who holds the entry: the list must not be late then, and the
	// decision not later than the transfer of the entry.
	placed := housing.EntryPlaced{}.EventType()
	same(t, inexact, []string{
		housing.ListOpened{}.EventType(), notice.Began{}.EventType(), placed, placed, placed, placed,
		housing.ProvisionDecided{}.EventType(),
	})
}

// began and ended are the registration n of person 1 at dwelling 1.
func began(n int) domain.Event {
	return residence.RegistrationBegan{
		PersonID: personID(1), RegistrationID: registrationID(n), DwellingID: dwellingID(1),
		Kind: residence.Permanent, From: day,
	}
}

func ended(n int) domain.Event {
	return residence.RegistrationEnded{
		PersonID: personID(1), RegistrationID: registrationID(n), DwellingID: dwellingID(1),
		Kind: residence.Permanent, On: day,
	}
}

// TestWhateverIsWrittenLateIsAsWrittenInTime holds back one of three streams
// that write to the same keys, whatever they write.
func TestWhateverIsWrittenLateIsAsWrittenInTime(t *testing.T) {
	all := slices.Sorted(maps.Keys(drawn))
	applied := 0
	rapid.Check(t, func(rt *rapid.T) {
		var late stretch
		var inTime, before, early []lateEvent
		from := rapid.IntRange(0, 8).Draw(rt, "held from")
		for n := range rapid.IntRange(2, 12).Draw(rt, "events") {
			e := lateEvent{position: domain.Position(n + 1)}
			for range rapid.IntRange(1, 3).Draw(rt, "ops") {
				o := drawn[rapid.SampledFrom(all).Draw(rt, "verb")](rt)
				switch o.verb {
				case opPoint, opPointHolder: // to an event, which nothing else writes
					o.args = []string{fmt.Sprintf("pointer to %d", n)}
				case opCut: // histories are not cut
					if strings.HasPrefix(o.key, "ranked") {
						o.key = "scored"
					}
				}
				e.ops = append(e.ops, o)
			}
			inTime = append(inTime, e)
			switch held := rapid.IntRange(0, 2).Draw(rt, "stream") == 0; {
			case held && n >= from:
				late.events = append(late.events, e)
			case n < from:
				before = append(before, e)
			default:
				early = append(early, e)
			}
		}
		met := make(meetings)
		met.expect(late)
		for _, e := range early {
			met.note(e.position, e.ops)
		}
		events, exact := met.late(late)
		if !exact {
			return
		}
		applied += len(events)
		write := func(parts ...[]lateEvent) map[string]string {
			f := newFold()
			for _, e := range slices.Concat(parts...) {
				for _, o := range e.ops {
					f.execute(o)
				}
			}
			return f.text()
		}
		if diff := cmp.Diff(write(inTime), write(before, early, events)); diff != "" {
			rt.Fatalf("(-in time +late)\n%s", diff)
		}
	})
	if applied < 10 {
		t.Errorf("%d events were applied late: it proves little", applied)
	}
}

// retry asks for what an operator would type.
func retry(t *testing.T, client redis.UniversalClient, stream string) []Mended {
	t.Helper()
	mended, err := RetryQuarantine(context.Background(), client, quick(), stream)
	if err != nil {
		t.Fatalf("retry %q: %v", stream, err)
	}
	return mended
}

// proven checks the model against the log.
func proven(t *testing.T, client redis.UniversalClient, s *script) Report {
	t.Helper()
	report, err := Verify(context.Background(), client, s, quick(), nil)
	if err != nil || !report.Proven() {
		t.Fatalf("verify: %v, %d differences: %v", err, report.Different, report.Differences)
	}
	return report
}

func TestRetryAppliesWhatCanBeAppliedNow(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		s.person(1)
		s.person(2)
		s.dwelling(1)
		bad := s.addPoison(personID(1).Stream())
		s.register(1, 1, 1, residence.Permanent, domain.Date{})
		worse := s.addPoison(personID(1).Stream())
		s.register(2, 1, 1, residence.Temporary, day.AddMonths(2))
		other := s.addPoison(personID(2).Stream())
		s.register(3, 2, 1, residence.Permanent, domain.Date{})
		opts := quick()
		opts.BatchSize = 2 // so that a stream takes several steps
		running(t, client, s, opts)
		r := NewReader(client, quick())
		reach(t, r, s.head())

		still := func(rec domain.Recorded) string {
			return failed(rec, "").String() + " cannot be decoded: unknown type Gibberish"
		}
		same(t, retry(t, client, ""), []Mended{{bad.Stream, 0, 4, still(bad)}, {other.Stream, 0, 2, still(other)}})
		same(t, status(t, r).Quarantined, 6)

		mark := func() string { return client.HGet(ctx, r.keys.checkpoint(1), mendedField).Val() }
		before := mark()

		// The one that blocks can be read now, a later one still cannot.
		s.mend(bad.Position, began(9))
		same(t, retry(t, client, bad.Stream), []Mended{{bad.Stream, 2, 2, still(worse)}})
		if mark() == before {
			t.Error("verify cannot see that the quarantine has changed")
		}
		_, err := r.Residence(ctx, personID(1), day)
		refuses(t, err, domain.Unavailable, domain.CodeModelNotReady)
		proven(t, client, s)
		q, err := r.Quarantine(ctx)
		if err != nil || len(q.Held) != 2 || q.Held[0].Waiting != 1 || !q.Held[0].Since.Equal(worse.Created) {
			t.Errorf("quarantine %+v, %v", q, err)
		}

		s.mend(worse.Position, ended(9))
		same(t, retry(t, client, bad.Stream), []Mended{{bad.Stream, 2, 0, ""}})
		same(t, status(t, r).Held, 1)
		got, err := r.Residence(ctx, personID(1), day)
		if err != nil || len(got.Registrations) != 2 {
			t.Errorf("after the retry: %+v, %v", got, err)
		}

		// The stream goes on, and so does the quarantine of the other one.
		s.end(1, 1, 1, residence.Permanent)
		s.end(3, 2, 1, residence.Permanent)
		reach(t, r, s.head())
		same(t, status(t, r).Quarantined, 3)
		proven(t, client, s)
		s.mend(other.Position, residence.ContactsConfirmed{PersonID: personID(2), ConfirmedAt: s.now})
		same(t, retry(t, client, ""), []Mended{{other.Stream, 3, 0, ""}})
		same(t, retry(t, client, ""), []Mended(nil))
		same(t, status(t, r).Quarantined+status(t, r).Held, 0)
		proven(t, client, s)
		if _, err := client.HGet(ctx, r.keys.checkpoint(1), heldFromField).Result(); !errors.Is(err, redis.Nil) {
			t.Errorf("the checkpoint speaks of a quarantine still: %v", err)
		}
	})
}

func TestAReleasedEventIsSkippedAndItsStreamGoesOn(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		s.person(1)
		s.dwelling(1)
		bad := s.addPoison(personID(1).Stream())
		s.register(1, 1, 1, residence.Permanent, domain.Date{})
		last := s.addPoison(personID(1).Stream())
		_, stop := running(t, client, s, quick())
		r := NewReader(client, quick())
		reach(t, r, s.head())
		release := func(rec domain.Recorded) []Mended {
			t.Helper()
			s.giveUp(rec)
			mended, err := ReleaseQuarantined(ctx, client, quick(), failed(rec, "").EventRef)
			if err != nil {
				t.Fatal(err)
			}
			return mended
		}

		// The later one first: the earlier one holds the stream still.
		why := failed(bad, "").String() + " cannot be decoded: unknown type Gibberish"
		same(t, release(last), []Mended{{bad.Stream, 0, 3, why}})
		if m := release(bad); len(m) != 1 || m[0].Left != 0 || m[0].Why != "" {
			t.Errorf("the stream is not let go: %+v", m)
		}
		same(t, release(bad), []Mended{{Stream: bad.Stream}})
		shown := func(registrations int) {
			t.Helper()
			got, err := r.Residence(ctx, personID(1), day)
			if err != nil || len(got.Registrations) != registrations || got.Revision != s.revisions[bad.Stream]-1 {
				t.Errorf("residence %+v, %v", got, err)
			}
		}
		shown(1)
		at := s.now.UTC()
		skipped := func(rec domain.Recorded) QuarantinedEvent {
			e := failed(rec, "unknown type Gibberish")
			e.Release = Release{"order 7", "operator-3", at}
			return e
		}
		check := func(want ...QuarantinedEvent) {
			t.Helper()
			q, err := r.Quarantine(ctx)
			if err != nil {
				t.Fatal(err)
			}
			same(t, q, Quarantine{Released: want})
			same(t, proven(t, client, s).Released, want)
		}
		check(skipped(bad), skipped(last))
		page, err := r.PersonHistory(ctx, personID(1), HistoryFrom{Limit: 10})
		if err != nil || len(page.Pointers) != 4 {
			t.Errorf("the history has %d events, %v; want those that are skipped too", len(page.Pointers), err)
		}

		// It outlives a restart, an emptied Redis and a rebuild: the log knows it.
		stop()
		client.FlushAll(ctx)
		p, _ := running(t, client, s, quick())
		s.register(2, 1, 1, residence.Temporary, day.AddMonths(2))
		reach(t, r, s.head())
		check(skipped(bad), skipped(last))
		if err := p.Rebuild(ctx, nil); err != nil {
			t.Fatal(err)
		}
		shown(2)
		check(skipped(bad), skipped(last))
	})
}

// The operator may not have asked the projector, or it was away.
func TestWhatIsReleasedInTheLogIsSettledByTheProjectorItself(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		s := newScript()
		s.person(1)
		s.dwelling(1)
		bad := s.addPoison(personID(1).Stream())
		s.register(1, 1, 1, residence.Permanent, domain.Date{})
		other := s.addPoison(personID(2).Stream())
		_, stop := running(t, client, s, quick())
		r := NewReader(client, quick())
		reach(t, r, s.head())
		s.giveUp(bad)
		until(t, "the stream is let go", func() bool { return status(t, r).Held == 1 })
		proven(t, client, s)
		stop()
		s.giveUp(other)
		running(t, client, s, quick())
		until(t, "the stream is let go by the next projector", func() bool { return status(t, r).Held == 0 })
		proven(t, client, s)
	})
}

func TestEventsThatCannotBeAppliedLateWaitForARebuild(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		beginning := s.addPoison(notice.Beginning.Stream()) // settles every debt before it
		s.add(listID(1).Stream(), housing.EntryRemoved{
			ListID: listID(1), EntryID: entryID(1), PersonID: personID(1), RemovedAt: s.now,
		})
		p, _ := running(t, client, s, quick())
		r := NewReader(client, quick())
		reach(t, r, s.head())
		s.mend(beginning.Position, notice.Began{NoticeID: notice.Beginning, BeganAt: beginning.Created})
		mended := retry(t, client, "")
		if len(mended) != 1 || mended[0].Left != 1 || !strings.Contains(mended[0].Why, "tizilim rebuild") {
			t.Errorf("outcome %+v", mended)
		}
		same(t, status(t, r).Held, 1)
		if err := p.Rebuild(ctx, nil); err != nil {
			t.Fatal(err)
		}
		same(t, status(t, r).Held, 0)
		proven(t, client, s)
	})
}

func TestARequestThatCannotBeCarriedOutSaysWhy(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		s.person(1)
		s.addPoison(personID(1).Stream())
		s.register(1, 1, 1, residence.Permanent, domain.Date{})
		says := func(err error, want string) {
			t.Helper()
			var refused *RefusedError
			if !errors.As(err, &refused) || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want a sentence with %q", err, want)
			}
		}
		_, err := RetryQuarantine(ctx, client, quick(), "")
		says(err, "is being filled")
		_, stop := running(t, client, s, quick())
		reach(t, NewReader(client, quick()), s.head())
		_, err = RetryQuarantine(ctx, client, quick(), personID(2).Stream())
		says(err, "nothing of "+personID(2).Stream()+" is in quarantine")
		stop()
		_, err = RetryQuarantine(ctx, client, quick(), "")
		says(err, "start a server")
		if n := client.Exists(ctx, quick().withDefaults().keyspace().request()).Val(); n != 0 {
			t.Error("a request is left behind")
		}
	})
}

// What an operator changes while the two are compared would look like a difference.
func TestVerifyGivesUpWhereTheQuarantineChanges(t *testing.T) {
	client, s := startRedis(t), story()
	r := projected(t, client, s)
	ctx := context.Background()
	_, err := Verify(ctx, client, s, quick(), func(Progress) {
		client.HSet(ctx, r.keys.checkpoint(1), mendedField, "once more")
	})
	if !errors.Is(err, errMended) {
		t.Errorf("verify: %v", err)
	}
}

// Whoever has lost the role changes nothing, and the log is not needed to notice.
func TestARetryIsFenced(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		s := newScript()
		s.person(1)
		bad := s.addPoison(personID(1).Stream())
		withWriter(t, client, s, func(ctx context.Context, w *writer, s *script) {
			p := &Projector{client: client, log: s, opts: w.opts, keys: w.keys}
			if err := w.apply(ctx, append([]domain.Delivery{}, s.log...)); err != nil {
				t.Fatal(err)
			}
			s.mend(bad.Position, residence.ContactsConfirmed{PersonID: personID(1), ConfirmedAt: s.now})
			client.Del(ctx, w.keys.lease(roleBuilder))
			other := &lease{client: client, keys: w.keys, role: roleBuilder, ttl: w.opts.LeaseTTL, token: "other"}
			if err := other.acquire(ctx); err != nil {
				t.Fatal(err)
			}
			_, err := p.carryOut(ctx, w, request{Verb: retryVerb})
			if n := client.HLen(ctx, w.keys.generation(w.number)+quarantineKey).Val(); !errors.Is(err, errFenced) || n != 1 {
				t.Errorf("%v, and %d events in quarantine", err, n)
			}
			if !w.intake.held[bad.Stream] {
				t.Error("the writer takes the stream for free")
			}
		})
	})
}

func TestTheQuarantineIsMeasuredRightAfterARestart(t *testing.T) {
	client, s := startRedis(t), newScript()
	s.person(1)
	s.addPoison(personID(1).Stream())
	s.register(1, 1, 1, residence.Permanent, domain.Date{})
	projected(t, client, s)
	registry := prometheus.NewRegistry() // of a process that has put nothing in quarantine itself
	opts := quick()
	opts.Registerer = registry
	w, err := NewWatch(NewReader(client, quick()), s, opts)
	if err != nil {
		t.Fatal(err)
	}
	w.Look(context.Background())
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		got[f.GetName()] = f.GetMetric()[0].GetGauge().GetValue()
	}
	if got["tizilim_projection_quarantined_events"] != 2 || got["tizilim_projection_held_streams"] != 1 {
		t.Errorf("metrics %v", got)
	}
}
