package projections

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
)

// dumped is a redis-server that can be set back to how it was.
type dumped struct {
	t      *testing.T
	dir    string
	port   string
	server *exec.Cmd
	client redis.UniversalClient
}

func startDumped(t *testing.T) *dumped {
	t.Helper()
	d := &dumped{t: t, dir: t.TempDir(), port: freePort(t)}
	var err error
	if d.client, err = Connect("redis://127.0.0.1:" + d.port); err != nil {
		t.Fatal(err)
	}
	d.start()
	t.Cleanup(func() { d.client.Close(); d.kill() })
	return d
}

func (d *dumped) start() {
	d.t.Helper()
	d.server = exec.Command("redis-server",
		"--port", d.port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", d.dir)
	if err := d.server.Start(); err != nil {
		d.t.Fatal(err)
	}
	until(d.t, "redis-server answers", func() bool {
		conn, err := net.Dial("tcp", "127.0.0.1:"+d.port)
		if err != nil {
			return false
		}
		conn.Close()
		return d.client.Ping(context.Background()).Err() == nil
	})
}

func (d *dumped) kill() { d.server.Process.Kill(); d.server.Wait() }

// save keeps how Redis is now.
func (d *dumped) save() {
	d.t.Helper()
	if err := d.client.Save(context.Background()).Err(); err != nil {
		d.t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(d.dir, "dump.rdb"), filepath.Join(d.dir, "kept.rdb")); err != nil {
		d.t.Fatal(err)
	}
}

// setBack restarts Redis as it was when it was saved.
func (d *dumped) setBack() {
	d.t.Helper()
	d.kill()
	kept, err := os.ReadFile(filepath.Join(d.dir, "kept.rdb"))
	if err == nil {
		err = os.WriteFile(filepath.Join(d.dir, "dump.rdb"), kept, 0o600)
	}
	if err != nil {
		d.t.Fatal(err)
	}
	d.start()
}

func watchOf(t *testing.T, r *Reader, log LogHead) *Watch {
	t.Helper()
	opts := quick()
	w, err := NewWatch(r, log, opts)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// patient are quick options with a bound of waiting that a test can wait for.
func patient(bound time.Duration) Options {
	opts := quick()
	opts.AwaitTimeout = bound
	return opts
}

func TestV1_WhatWasWaitedForIsDemandedOfTheReadInTheSameStep(t *testing.T) {
	t.Parallel()
	ctx, s, d := context.Background(), story(), startDumped(t)
	_, stop := running(t, d.client, s, quick())
	r := NewReader(d.client, patient(300*time.Millisecond))
	reach(t, NewReader(d.client, quick()), s.head()) // which may take longer than r waits
	reach(t, r, s.head())
	d.save()
	s.person(70)
	reach(t, r, s.head()) // the wait of the request
	stop()
	d.setBack() // between the wait and the read
	_, err := r.Residence(ctx, personID(70), day)
	refuses(t, err, domain.Unavailable, domain.CodeModelBehind)

	running(t, d.client, s, quick()) // what the dump lacks is applied again
	until(t, "the read has what was waited for", func() bool {
		_, err := r.Residence(ctx, personID(70), day)
		if err != nil && domain.CodeOf(err) != domain.CodeModelNotReady { // Redis, started again, may not answer yet
			refuses(t, err, domain.Unavailable, domain.CodeModelBehind)
		}
		return err == nil
	})
}

func TestV1_AReadWaitsWithinItsBoundForWhatRedisHasLost(t *testing.T) {
	t.Parallel()
	ctx, s, d := context.Background(), story(), startDumped(t)
	_, stop := running(t, d.client, s, quick())
	r := NewReader(d.client, quick())
	reach(t, r, s.head())
	d.save()
	s.person(70)
	reach(t, r, s.head())
	stop()
	d.setBack()
	read := make(chan error, 1)
	go func() {
		_, err := r.Residence(ctx, personID(70), day)
		read <- err
	}()
	running(t, d.client, s, quick())
	if err := <-read; err != nil {
		t.Errorf("the read did not wait: %v", err)
	}
}

func TestV2_ARedisThatWentBackWhileTheLogIsAtRestIsMendedWithinTwoSeconds(t *testing.T) {
	t.Parallel()
	ctx, s, d := context.Background(), story(), startDumped(t)
	told := &lines{Handler: slog.DiscardHandler, seen: map[string]int{}}
	opts := quick()
	opts.Logger = slog.New(told)
	opts.LeaseTTL = time.Hour // its renewal must not be what notices
	running(t, d.client, s, opts)
	r, other := NewReader(d.client, quick()), NewReader(d.client, patient(100*time.Millisecond))
	reach(t, r, s.head())
	w := watchOf(t, other, s)
	d.save()
	s.person(70)
	reach(t, r, s.head())
	reach(t, other, s.head())
	d.setBack()
	back := time.Now()
	until(t, "it is mended", func() bool {
		// The lease of the dump is that of this projector: nobody waits for it.
		at, err := NewReader(d.client, quick()).Position(ctx)
		return err == nil && at == s.head()
	})
	if took := time.Since(back); took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
	if c := w.Look(ctx); c.WentBack || c.Ahead {
		t.Errorf("the watch says %+v", c)
	}
}

func TestV2_AWatchSaysThatTheModelWentBack(t *testing.T) {
	t.Parallel()
	ctx, s, d := context.Background(), story(), startDumped(t)
	_, stop := running(t, d.client, s, quick())
	r := NewReader(d.client, patient(100*time.Millisecond))
	w := watchOf(t, r, s)
	reach(t, NewReader(d.client, quick()), s.head()) // which may take longer than r waits
	reach(t, r, s.head())
	d.save()
	s.person(70)
	reach(t, r, s.head())
	stop()
	d.setBack()
	if c := w.Look(ctx); !c.WentBack || c.Ahead || c.CaughtUp() {
		t.Errorf("the watch says %+v", c)
	}
	_, err := r.List(ctx, listID(1))
	refuses(t, err, domain.Unavailable, domain.CodeModelBehind)
}

// A log that went back while the process runs, also at rest: no read is answered by the
// model of the longer one, and a new one is filled without an operator.
func TestV3_ALogThatWentBackIsNoticedAndTheModelIsFilledFromIt(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), story()
		running(t, client, s, quick())
		r := NewReader(client, patient(100*time.Millisecond))
		w := watchOf(t, r, s)
		before := s.head()
		s.person(80)
		reach(t, NewReader(client, quick()), s.head())
		if _, err := r.Residence(ctx, personID(80), day); err != nil {
			t.Fatal(err)
		}
		if c := w.Look(ctx); !c.CaughtUp() {
			t.Fatalf("the watch says %+v", c)
		}
		s.cutBack(before)
		c := w.Look(ctx)
		if !c.Ahead || c.Replaced || c.CaughtUp() || c.Lost.Stream != personID(80).Stream() {
			t.Errorf("the first look says %+v", c)
		}
		_, err := r.Residence(ctx, personID(80), day)
		refuses(t, err, domain.Unavailable, domain.CodeLogReplaced)
		if at := status(t, r).Serving; at != 1 {
			t.Errorf("after one look generation %d serves", at)
		}
		for range missesConfirmed - 1 {
			c = w.Look(ctx)
		}
		select {
		case <-w.Replaced():
		default:
			t.Errorf("it is not certain after %d looks: %+v", missesConfirmed, c)
		}
		_, err = r.Residence(ctx, personID(0), day) // this process has been told otherwise before
		refuses(t, err, domain.Unavailable, domain.CodeLogReplaced)

		s.person(81) // at the position of the lost event
		anew := NewReader(client, quick())
		fresh := watchOf(t, anew, s)
		until(t, "the model is that of the log", func() bool {
			_, err := anew.Residence(ctx, personID(81), day)
			return err == nil
		})
		if err := fresh.CatchUp(ctx); err != nil {
			t.Fatal(err)
		}
		_, err = anew.Residence(ctx, personID(80), day)
		refuses(t, fresh.Confirm(ctx, err), domain.NotFound, domain.CodePersonUnknown)
		if c := fresh.Look(ctx); c.Ahead || !c.CaughtUp() {
			t.Errorf("afterwards the watch says %+v", c)
		}
	})
}

// A leader that lags for a moment costs answers and no refill.
func TestV3_ALogThatLagsForAMomentIsNoOtherLog(t *testing.T) {
	t.Parallel()
	client := startRedis(t)
	ctx, s := context.Background(), story()
	running(t, client, s, quick())
	r := NewReader(client, patient(100*time.Millisecond))
	w := watchOf(t, r, s)
	reach(t, NewReader(client, quick()), s.head()) // which may take longer than r waits
	reach(t, r, s.head())
	w.Look(ctx)
	s.mu.Lock()
	all := s.log
	s.log = all[:len(all)-2]
	s.mu.Unlock()
	for range missesConfirmed - 1 {
		w.Look(ctx)
	}
	_, err := r.List(ctx, listID(1))
	refuses(t, err, domain.Unavailable, domain.CodeLogReplaced)
	s.mu.Lock()
	s.log = all
	s.mu.Unlock()
	if c := w.Look(ctx); c.Ahead || c.Replaced || !c.CaughtUp() {
		t.Errorf("the watch says %+v", c)
	}
	if _, err := r.List(ctx, listID(1)); err != nil {
		t.Error(err)
	}
	if n := status(t, r).Serving; n != 1 {
		t.Errorf("generation %d serves", n)
	}
}

// Another log of the same length is told by its events, and not by its positions.
func TestV3_AnotherLogIsNoticedAtTheStart(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), story()
		_, stop := running(t, client, s, quick())
		reach(t, NewReader(client, quick()), s.head())
		stop()
		other := newScript()
		for n := range len(s.recorded()) + 3 {
			other.person(n)
		}
		r := NewReader(client, patient(100*time.Millisecond))
		watchOf(t, r, other)
		_, err := r.Number(ctx, listID(1), entryID(0))
		refuses(t, err, domain.Unavailable, domain.CodeLogReplaced)
		running(t, client, other, quick())
		fresh := NewReader(client, quick())
		until(t, "the model is that of the other log", func() bool {
			_, err := fresh.Residence(ctx, personID(len(s.recorded())+2), day)
			return err == nil
		})
		_, err = fresh.Number(ctx, listID(1), entryID(0))
		refuses(t, err, domain.NotFound, domain.CodeListUnknown)
	})
}

func TestV3_VerifyAndRebuildEndOnAnEmptyLog(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		s := story()
		_, stop := running(t, client, s, quick())
		reach(t, NewReader(client, quick()), s.head())
		stop()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		empty := newScript()
		if _, err := Verify(ctx, client, empty, quick(), nil); !errors.Is(err, errOtherLog) {
			t.Errorf("verify says %v", err)
		}
		p, err := NewProjector(client, empty, quick())
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Rebuild(ctx, nil); err != nil {
			t.Errorf("rebuild says %v", err)
		}
		report, err := Verify(ctx, client, empty, quick(), nil)
		if err != nil || !report.Proven() || report.Events != 0 {
			t.Errorf("afterwards verify says %+v, %v", report, err)
		}
	})
}

func TestV5_APolicyThatEvictsStopsTheAnswersOfEveryProcess(t *testing.T) {
	t.Parallel()
	client := startRedis(t)
	ctx, s := context.Background(), story()
	running(t, client, s, quick())
	r := NewReader(client, patient(100*time.Millisecond))
	w := watchOf(t, r, s)
	reach(t, NewReader(client, quick()), s.head()) // which may take longer than r waits
	reach(t, r, s.head())
	if _, err := r.List(ctx, listID(1)); err != nil {
		t.Fatal(err)
	}
	setPolicy := func(policy string) {
		t.Helper()
		if err := client.ConfigSet(ctx, "maxmemory-policy", policy).Err(); err != nil {
			t.Fatal(err)
		}
	}
	setPolicy("allkeys-lru")
	if c := w.Look(ctx); c.Evicts != "allkeys-lru" {
		t.Errorf("the watch says %+v", c)
	}
	_, err := r.List(ctx, listID(1))
	refuses(t, err, domain.Unavailable, domain.CodeModelNotReady)

	// A reader that is only started now must not answer once.
	started := NewReader(client, patient(100*time.Millisecond))
	watchOf(t, started, s)
	_, err = started.List(ctx, listID(1))
	refuses(t, err, domain.Unavailable, domain.CodeModelNotReady)

	setPolicy("noeviction")
	if c := w.Look(ctx); c.Evicts != "" || !c.CaughtUp() {
		t.Errorf("the watch says %+v", c)
	}
	if _, err := r.List(ctx, listID(1)); err != nil {
		t.Error(err)
	}
	if n := status(t, r).Serving; n != 1 {
		t.Errorf("nothing was evicted, and generation %d serves", n)
	}
}

func TestV5_AGenerationOfWhichKeysWereEvictedIsFilledAnew(t *testing.T) {
	t.Parallel()
	client := startRedis(t)
	ctx, s := context.Background(), story()
	running(t, client, s, quick())
	r := NewReader(client, quick())
	w := watchOf(t, r, s)
	reach(t, r, s.head())
	w.Look(ctx)
	set := func(name, value string) {
		t.Helper()
		if err := client.ConfigSet(ctx, name, value).Err(); err != nil {
			t.Fatal(err)
		}
	}
	set("maxmemory-policy", "allkeys-random")
	w.Look(ctx)
	set("maxmemory", "1")
	client.Set(ctx, "anything", "x", 0)
	set("maxmemory", "0")
	set("maxmemory-policy", "noeviction")
	w.Look(ctx)
	until(t, "all of it is there again", func() bool {
		report, err := Verify(ctx, client, s, quick(), nil)
		return err == nil && report.Proven()
	})
}

// A policy that evicts only between two looks leaves its count.
func TestV5_KeysThatWereEvictedBetweenTwoLooksAreNoticed(t *testing.T) {
	t.Parallel()
	client := startRedis(t)
	ctx, s := context.Background(), story()
	running(t, client, s, quick())
	r := NewReader(client, quick())
	w := watchOf(t, r, s)
	reach(t, r, s.head())
	w.Look(ctx)
	evict(t, client)
	w.Look(ctx)
	untilProven(t, client, s)

	serving := status(t, r).Serving
	w.Look(ctx)
	if now := status(t, r).Serving; now != serving {
		t.Errorf("generation %d was withdrawn for what Redis had evicted before it was begun", serving)
	}
}

// evict lets Redis throw some keys away, and mends it.
func evict(t *testing.T, client redis.UniversalClient) {
	t.Helper()
	ctx := context.Background()
	for _, set := range [][2]string{
		{"maxmemory-policy", "allkeys-random"}, {"maxmemory", "1"}, {}, {"maxmemory", "0"}, {"maxmemory-policy", "noeviction"},
	} {
		if set[0] == "" {
			client.Set(ctx, "anything", "x", 0) // which makes room for itself
		} else if err := client.ConfigSet(ctx, set[0], set[1]).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func untilProven(t *testing.T, client redis.UniversalClient, s *script) {
	t.Helper()
	until(t, "all of it is there again", func() bool {
		report, err := Verify(context.Background(), client, s, quick(), nil)
		return err == nil && report.Proven()
	})
}

// No process sees the keys go: the count that the generation has noted tells.
func TestV5_KeysThatWereEvictedWhileNoProcessRanAreNoticed(t *testing.T) {
	t.Parallel()
	client := startRedis(t)
	ctx, s := context.Background(), story()
	_, stop := running(t, client, s, quick())
	r := NewReader(client, quick())
	reach(t, r, s.head())
	stop()
	evictOthers(t, client, r.keys)
	w := watchOf(t, r, s)
	if c := w.Look(ctx); c.Status.Serving != 1 {
		t.Fatalf("the look began with %+v", c.Status)
	}
	running(t, client, s, quick()) // after the look: it notices the lost keys too
	untilProven(t, client, s)
}

// A generation that lost keys while it was filled never serves, whoever fills it. One that Redis kept
// whole over a restart is continued.
func TestV5_AHalfFilledGenerationThatLostKeysIsFilledAnew(t *testing.T) {
	restart := func(_ *testing.T, client redis.UniversalClient, k keyspace) {
		client.HSet(context.Background(), k.checkpoint(1), evictionsField, memory{run: "before"}.note())
	}
	lossy := func(t *testing.T, client redis.UniversalClient, k keyspace) {
		restart(t, client, k)
		loseOne(t, client, 1)
	}
	for name, c := range map[string]struct {
		interrupt bool
		lose      func(*testing.T, redis.UniversalClient, keyspace)
		whole     bool
	}{
		"by who fills it": {false, evictOthers, false},
		"by who goes on":  {true, evictOthers, false},
		"by who goes on after Redis has lost keys":                          {true, lossy, false},
		"but not by who goes on after a restart of Redis that lost nothing": {true, restart, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := startRedis(t)
			s, r := story(), NewReader(client, quick())
			half := s.recorded()[len(s.recorded())-4].Position
			s.holdAfter(half)
			_, stop := running(t, client, s, quick())
			until(t, "half is there", func() bool { return status(t, r).Built == half })
			if c.interrupt {
				stop()
			}
			c.lose(t, client, r.keys)
			s.release()
			if c.interrupt {
				running(t, client, s, quick())
			}
			reach(t, r, s.head())
			untilProven(t, client, s)
			if n := status(t, r).Serving; (n == 1) != c.whole {
				t.Errorf("generation %d serves", n)
			}
			noneServedDamaged(t, client)
		})
	}
}

// evictOthers lets Redis throw keys away, but for those that name the first generation: their
// loss is noticed without a count.
func evictOthers(t *testing.T, client redis.UniversalClient, k keyspace) {
	t.Helper()
	ctx := context.Background()
	values := map[string]string{}
	for _, key := range []string{k.serving(), k.building(), k.counter(), k.fence(roleBuilder), k.fence(roleProjector)} {
		values[key] = client.Get(ctx, key).Val()
	}
	checkpoint := client.HGetAll(ctx, k.checkpoint(1)).Val()
	evict(t, client)
	for key, value := range values {
		if value != "" {
			client.Set(ctx, key, value, 0)
		}
	}
	client.HSet(ctx, k.checkpoint(1), checkpoint)
}

// trailing is a log that ends behind its last event of the registry, and says so to nobody
// who follows.
type trailing struct{ *script }

func (l trailing) End(context.Context) (domain.Position, error) { return l.head() + 5, nil }

// A position that was told once is reached again, also where nothing of the registry is there:
// by a Redis that went back, and by one that was emptied.
func TestV2_ARefilledModelReachesThePositionsThatWereTold(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), story()
		running(t, client, trailing{s}, quick())
		r := NewReader(client, quick())
		reach(t, r, s.head()+5)
		if err := client.FlushAll(ctx).Err(); err != nil {
			t.Fatal(err)
		}
		s.person(91)
		reach(t, r, s.head()+5)
		if at, err := r.Position(ctx); err != nil || at < s.head()+5 {
			t.Errorf("it is at %d, %v", at, err)
		}
	})
}

// A Redis that is full, or a replica, refuses writes: it is named, what is there is read, and
// claims do not hold commands up.
func TestV4_ARedisThatRefusesWritesIsNamedAndRead(t *testing.T) {
	for name, refuse := range map[string]func(client redis.UniversalClient) (mend func() error, err error){
		"OOM": func(client redis.UniversalClient) (func() error, error) {
			ctx := context.Background()
			mend := func() error { return client.ConfigSet(ctx, "maxmemory", "0").Err() }
			return mend, client.ConfigSet(ctx, "maxmemory", "1").Err()
		},
		"READONLY": func(client redis.UniversalClient) (func() error, error) {
			ctx := context.Background()
			mend := func() error { return client.SlaveOf(ctx, "no", "one").Err() }
			return mend, client.SlaveOf(ctx, "127.0.0.1", "1").Err()
		},
		"NOREPLICAS": func(client redis.UniversalClient) (func() error, error) {
			ctx := context.Background()
			mend := func() error { return client.ConfigSet(ctx, "min-replicas-to-write", "0").Err() }
			return mend, client.ConfigSet(ctx, "min-replicas-to-write", "1").Err()
		},
		"MISCONF": func(client redis.UniversalClient) (func() error, error) {
			ctx := context.Background()
			got := client.ConfigGet(ctx, "dir").Val()
			file := filepath.Join(got["dir"], "dump.rdb") // a directory of that name keeps Redis from saving itself
			mend := func() error { return errors.Join(os.Remove(file), saved(ctx, client, "ok")) }
			return mend, errors.Join(
				client.ConfigSet(ctx, "save", "3600 1000000").Err(), os.Mkdir(file, 0o700), saved(ctx, client, "err"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := startRedis(t)
			ctx, s := context.Background(), story()
			running(t, client, s, quick())
			r := NewReader(client, quick())
			w := watchOf(t, r, s)
			claims := NewClaims(client, quick())
			reach(t, r, s.head())
			mend, err := refuse(client)
			if err != nil {
				t.Fatal(err)
			}
			if c := w.Look(ctx); c.Refuses != name || c.ModelErr != nil {
				t.Errorf("the watch says %+v", c)
			}
			if n, err := r.Number(ctx, listID(1), entryID(0)); err != nil || n.Number != 3 {
				t.Errorf("the number is %d, %v", n.Number, err)
			}
			began := time.Now()
			for n := range 20 {
				err := claims.Claim(ctx, domain.CommandID{UUID: id(n)}, "digest")
				refuses(t, err, domain.Unavailable, domain.CodeModelNotReady)
			}
			if took := time.Since(began); took > claimTimeout {
				t.Errorf("20 claims took %v", took)
			}
			s.person(90)
			if err := mend(); err != nil {
				t.Fatal(err)
			}
			reach(t, NewReader(client, quick()), s.head())
			if c := w.Look(ctx); c.Refuses != "" {
				t.Errorf("afterwards the watch says %+v", c)
			}
			until(t, "keys are claimed again", func() bool {
				return claims.Claim(ctx, domain.CommandID{UUID: id(1)}, "digest") == nil
			})
		})
	}
}

// saved has Redis save itself, and waits until that has ended with the status.
func saved(ctx context.Context, client redis.UniversalClient, status string) error {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		info, err := client.Info(ctx, "persistence").Result()
		switch {
		case err != nil:
			return err
		case strings.Contains(info, "rdb_last_bgsave_status:"+status):
			return nil
		case strings.Contains(info, "rdb_bgsave_in_progress:0"):
			if err := client.BgSave(ctx).Err(); err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("no save of Redis ended with %q", status)
}

// Whatever key of a list is lost: no wrong number and no false "not found", and the model
// is filled anew.
func TestV5_AListThatLostAKeyGivesNoWrongNumberAndIsFilledAnew(t *testing.T) {
	lost := map[string]string{
		"the record":         listID(1).Stream(),
		"the order":          orderKey(listID(1)),
		"the changes":        changesKey(listID(1)),
		"an entry":           entryKey(listID(1), entryID(2)),
		"what was placed":    placedKey(listID(1)),
		"the pointer":        "serving",
		"the checkpoint":     checkpointKey,
		"a person":           personID(2).Stream(),
		"a person's history": personHistory(personID(2)),
		"a dwelling":         dwellingID(1).Stream(),
		"a case":             caseID(10).Stream(),
	}
	for what, key := range lost {
		for _, grows := range []bool{false, true} { // another entry is placed before the read
			name := what
			if grows {
				name += ", and the list grows"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				client := startRedis(t)
				ctx, s := context.Background(), story()
				running(t, client, s, quick())
				r := NewReader(client, quick())
				w := watchOf(t, r, s)
				reach(t, r, s.head())
				want := answersOf(ctx, w, r)
				gone := r.keys.generation(1) + key
				if key == "serving" {
					gone = r.keys.serving()
				}
				if n := client.Del(ctx, gone).Val(); n != 1 {
					t.Fatalf("%d keys were deleted", n)
				}
				if grows {
					s.add(caseID(19).Stream(), application(s, 19, 1, 2))
					placeOn(s, 9, 200, 4)
					want["number"], want["placed"] = "3 of 4 <nil>", "4 of 4 <nil>"
				}
				until(t, "the answers are true again", func() bool {
					got := answersOf(ctx, w, r)
					for name, answer := range got {
						if code := domain.Code(answer); code == domain.CodeModelNotReady || answer == want[name] {
							continue
						}
						if grows && name == "number" && answer == "3 of 3 <nil>" { // not applied yet
							continue
						}
						t.Fatalf("%s: %s, want %s", name, answer, want[name])
					}
					return got["number"] == want["number"] && got["person"] == want["person"] && got["case"] == want["case"] &&
						got["history"] == want["history"] && got["dwelling"] == want["dwelling"] && got["list"] == want["list"]
				})
			})
		}
	}
}

// answersOf reads what is lost in the test above, as the API does: what is not found is
// looked for again when the model has all, and then confirmed.
func answersOf(ctx context.Context, w *Watch, r *Reader) map[string]string {
	answers := make(map[string]string)
	ask := func(name string, read func() (string, error)) {
		text, err := read()
		if e, ok := asError(err); ok && e.Kind == domain.NotFound {
			if err = w.CatchUp(ctx); err == nil {
				text, err = read()
			}
		}
		if err = w.Confirm(ctx, err); err != nil {
			if text = string(domain.CodeOf(err)); text == "" {
				text = err.Error()
			}
		}
		answers[name] = text
	}
	// It alone agrees with an order that was lost and begun anew.
	ask("placed", func() (string, error) {
		n, err := r.Number(ctx, listID(1), entryID(9))
		return fmt.Sprintf("%d of %d %v", n.Number, n.Of, err), err
	})
	ask("number", func() (string, error) {
		n, err := r.Number(ctx, listID(1), entryID(0))
		return fmt.Sprintf("%d of %d %v", n.Number, n.Of, err), err
	})
	ask("removed", func() (string, error) {
		n, err := r.Number(ctx, listID(1), entryID(1))
		return fmt.Sprintf("%d %v %v", n.Number, n.Status, err), err
	})
	ask("other", func() (string, error) {
		n, err := r.Number(ctx, listID(1), entryID(2))
		return fmt.Sprintf("%d %v %v", n.Number, n.Certified, err), err
	})
	ask("unknown", func() (string, error) {
		_, err := r.Number(ctx, listID(1), entryID(500))
		return fmt.Sprint(err), err
	})
	ask("list", func() (string, error) {
		l, err := r.List(ctx, listID(1))
		return fmt.Sprint(l.Title, err), err
	})
	ask("person", func() (string, error) {
		p, err := r.Residence(ctx, personID(2), day)
		return fmt.Sprint(p.Registrations, err), err
	})
	ask("history", func() (string, error) {
		h, err := r.PersonHistory(ctx, personID(2), HistoryFrom{Limit: 2})
		return fmt.Sprint(h.Pointers, err), err
	})
	ask("dwelling", func() (string, error) {
		d, err := r.Residents(ctx, dwellingID(1), day)
		return fmt.Sprint(d.Residents, err), err
	})
	ask("case", func() (string, error) {
		c, err := r.Case(ctx, caseID(10))
		return fmt.Sprint(c.State, err), err
	})
	return answers
}

// awayLog is a log that can be cut off.
type awayLog struct {
	*script
	away atomic.Bool
}

var errAway = domain.Refuse(domain.Unavailable, domain.CodeLogUnavailable, "away")

func (l *awayLog) Head(ctx context.Context) (domain.Position, error) {
	if l.away.Load() {
		return 0, errAway
	}
	return l.script.Head(ctx)
}

// Redis restarts from a dump that was made of a log which was set back since, and no projector runs
// that would notice. The floor is no help: that model is as far as the true one.
func TestV3_AModelOfALogThatIsGoneIsNotReadBeforeTheNextLook(t *testing.T) {
	for name, away := range map[string]bool{"the log answers": false, "the log is away": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, ctx, log := startDumped(t), context.Background(), &awayLog{script: story()}
			before := log.head()
			log.person(80)
			_, stop := running(t, d.client, log.script, quick())
			reach(t, NewReader(d.client, quick()), log.head())
			stop()
			d.save()
			log.cutBack(before)
			log.person(81)
			_, stop = running(t, d.client, log.script, quick())
			until(t, "the model is that of the log", func() bool {
				_, err := NewReader(d.client, quick()).Residence(ctx, personID(81), day)
				return err == nil
			})
			stop()
			r := NewReader(d.client, patient(100*time.Millisecond))
			watchOf(t, r, log)
			if _, err := r.Residence(ctx, personID(81), day); err != nil {
				t.Fatal(err)
			}
			d.setBack()
			log.away.Store(away)
			code := domain.CodeLogReplaced
			if away {
				code = domain.CodeLogUnavailable
			}
			_, err := r.Residence(ctx, personID(80), day)
			refuses(t, err, domain.Unavailable, code)
			_, err = r.Residence(ctx, personID(81), day)
			refuses(t, err, domain.Unavailable, code)
		})
	}
}
