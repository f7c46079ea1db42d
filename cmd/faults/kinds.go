package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// kind is a kind of fault.
type kind struct {
	name     string
	what     string // for --list
	hand     int    // 0: processes and stores, 1: connections; noHand: made between two rounds
	targets  int
	weight   int           // how often it is drawn, compared with others
	shortest time.Duration // of its duration
	longest  time.Duration
	where    places
	make     func(ctx context.Context, w *world, f fault) error
}

const noHand = -1

// places are the parts of a run in which a kind is made.
type places int

const (
	withNode places = 1 << iota
	withCluster
	everywhere = withNode | withCluster
)

const (
	ms = time.Millisecond
	// leaseTTL is for how long a projector that is silent keeps its role in the runs of the
	// rig. Freezes are shorter and longer than this.
	leaseTTL = time.Second
)

// kinds are all kinds of faults.
var kinds = []kind{
	{"api-kill", "kill a process of the API and start it again", 0, 2, 4, 0, 300 * ms, everywhere, killAPI},
	{"api-freeze", "stop a process of the API for less than the lease of the projector", 0, 2, 3, 50 * ms, 800 * ms, everywhere, freezeAPI},
	{"projector-freeze", "stop the process that keeps the model for longer than its lease", 0, 1, 3, leaseTTL * 3 / 2, 3 * leaseTTL, everywhere, freezeProjector},
	{"projector-kill", "kill the process that keeps the model", 0, 1, 3, 0, 200 * ms, everywhere, killProjector},
	{"node-kill", "kill the event store and start it again", 0, 1, 4, 0, 300 * ms, withNode, killNode},
	{"node-freeze", "stop the event store", 0, 1, 2, 50 * ms, 2500 * ms, withNode, freezeNode},
	{"redis-lost", "kill Redis and start an empty one", 0, 1, 2, 0, 300 * ms, everywhere, loseRedis},
	{"redis-freeze", "stop Redis", 0, 1, 2, 50 * ms, 2500 * ms, everywhere, freezeRedis},
	{"redis-flush", "empty Redis while it serves", 0, 1, 2, 0, 0, everywhere, flushRedis},
	{"redis-back", "kill Redis and start it from an older dump", 0, 1, 2, 0, 300 * ms, everywhere, setRedisBack},
	{"redis-swap", "load an older dump into Redis while it serves, as a failover does", 0, 1, 2, 0, 0, everywhere, swapRedis},
	{"redis-evict", "let Redis evict keys of the model", 0, 1, 1, 100 * ms, 800 * ms, everywhere, evictRedis},
	{"redis-full", "let Redis refuse writes, since it is full", 0, 1, 1, 100 * ms, 1500 * ms, everywhere, fillRedis},
	{"disk-full", "fill the disk of the event store", 0, 1, 1, 300 * ms, 2 * time.Second, withNode, fillDisk},
	{"clock-ahead", "put the clock of a process of the API a day ahead", 0, 2, 1, 200 * ms, 3 * time.Second, everywhere, jumpClock(24 * time.Hour)},
	{"clock-back", "put the clock of a process of the API an hour back", 0, 2, 1, 200 * ms, 3 * time.Second, everywhere, jumpClock(-time.Hour)},
	{"leader-move", "kill, depose, cut off or freeze the leader of the cluster", 0, 4, 12, 0, 500 * ms, withCluster, moveLeader},

	{"store-cut", "close the connections of a process to the event store, and take no new ones", 1, 2, 4, 0, time.Second, withNode, cut(storeOf)},
	{"store-delay", "delay the connection of a process to the event store", 1, 2, 3, 100 * ms, 1500 * ms, withNode, delay(storeOf)},
	{"store-freeze", "let nothing through between a process and the event store", 1, 2, 3, 50 * ms, 2500 * ms, withNode, hold(storeOf)},
	{"redis-cut", "close the connections of a process to Redis, and take no new ones", 1, 2, 4, 0, time.Second, everywhere, cut(redisOf)},
	{"redis-delay", "delay the connection of a process to Redis", 1, 2, 3, 100 * ms, 1500 * ms, everywhere, delay(redisOf)},
	{"redis-hold", "let nothing through between a process and Redis", 1, 2, 3, 50 * ms, 2500 * ms, everywhere, hold(redisOf)},

	{"log-back", "restore the log from an earlier backup while everything runs", noHand, 1, 1, 0, 0, withNode, nil},
}

// lookUp returns the kind of the name, which must be one.
func lookUp(name string) kind {
	return kinds[slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })]
}

// sleep waits for the time, or until ctx ends: then the fault is mended at once.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func killAPI(ctx context.Context, w *world, f fault) error {
	p := w.apis[f.target].process
	p.kill()
	sleep(ctx, f.lasts)
	return p.start()
}

func freezeAPI(ctx context.Context, w *world, f fault) error {
	p := w.apis[f.target].process
	p.freeze()
	defer p.thaw()
	sleep(ctx, f.lasts)
	return nil
}

func freezeProjector(ctx context.Context, w *world, f fault) error {
	f.target = w.projector(ctx)
	return freezeAPI(ctx, w, f)
}

func killProjector(ctx context.Context, w *world, f fault) error {
	f.target = w.projector(ctx)
	return killAPI(ctx, w, f)
}

func killNode(ctx context.Context, w *world, f fault) error {
	w.node.kill()
	sleep(ctx, f.lasts)
	return w.node.start()
}

func freezeNode(ctx context.Context, w *world, f fault) error {
	w.node.freeze()
	defer w.node.thaw()
	sleep(ctx, f.lasts)
	return nil
}

func loseRedis(ctx context.Context, w *world, f fault) error {
	w.redis.kill()
	if err := os.Remove(w.dump()); err != nil && !os.IsNotExist(err) {
		return err
	}
	sleep(ctx, f.lasts)
	return w.startRedis(ctx)
}

func freezeRedis(ctx context.Context, w *world, f fault) error {
	w.redis.freeze()
	defer w.redis.thaw()
	sleep(ctx, f.lasts)
	return nil
}

func flushRedis(ctx context.Context, w *world, _ fault) error { return w.direct.FlushAll(ctx).Err() }

// setRedisBack starts Redis from one of the dumps that were kept. Each time another dump is
// kept, so that the next one goes back to about now.
func setRedisBack(ctx context.Context, w *world, f fault) error {
	older, err := w.olderDump(ctx, f.draw)
	if err != nil || older == "" {
		return err
	}
	w.redis.kill()
	if err := copyFile(older, w.dump()); err != nil {
		return err
	}
	sleep(ctx, f.lasts)
	return w.startRedis(ctx)
}

// swapRedis replaces the data without ending a connection: a failover to a replica that was
// late, behind an address that stays.
func swapRedis(ctx context.Context, w *world, f fault) error {
	older, err := w.olderDump(ctx, f.draw)
	if err != nil || older == "" {
		return err
	}
	if err := copyFile(older, w.dump()); err != nil {
		return err
	}
	return w.direct.Do(ctx, "DEBUG", "RELOAD", "NOSAVE").Err()
}

func evictRedis(ctx context.Context, w *world, f fault) error {
	return w.withoutMemory(ctx, "allkeys-lru", f.lasts)
}

func fillRedis(ctx context.Context, w *world, f fault) error {
	return w.withoutMemory(ctx, "noeviction", f.lasts)
}

// fillDisk fills the small disk on which the event store writes.
func fillDisk(ctx context.Context, w *world, f fault) error {
	file := filepath.Join(w.disk, "full")
	if err := fill(file); err != nil {
		return err
	}
	defer os.Remove(file)
	sleep(ctx, f.lasts)
	return nil
}

func jumpClock(by time.Duration) func(context.Context, *world, fault) error {
	return func(ctx context.Context, w *world, f fault) error {
		clock := w.apis[f.target].clock
		if err := os.WriteFile(clock, []byte(strconv.FormatInt(int64(by), 10)), 0o600); err != nil {
			return err
		}
		sleep(ctx, f.lasts)
		return os.WriteFile(clock, []byte("0"), 0o600)
	}
}

// moveLeader takes the leadership away in one of four ways, and gives the node back.
func moveLeader(ctx context.Context, w *world, f fault) error {
	c := w.cluster
	leader := c.AwaitLeader(ctx)
	if leader < 0 {
		return nil // the round is over
	}
	restore := func() {}
	switch f.target {
	case 0:
		c.Kill(leader)
		restore = func() { c.Start(leader) }
	case 1:
		c.Resign()
	case 2:
		c.Isolate(leader)
		restore = func() { c.Heal(leader) }
	default:
		c.Freeze(leader)
		restore = func() { c.Thaw(leader) }
	}
	c.AwaitOther(ctx, leader)
	sleep(ctx, f.lasts)
	restore()
	whole, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if !c.AwaitWhole(whole) {
		return fmt.Errorf("the cluster is not whole after change %d", f.target)
	}
	return nil
}
