package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// kind is a kind of fault.
type kind struct {
	name     string
	what     string // for --list
	hand     int    // that makes it
	targets  int
	weight   int           // how often it is drawn, compared with others
	shortest time.Duration // of its duration
	longest  time.Duration
	where    places
	make     maker
	rest     func(ctx context.Context, s *session, f fault) error // instead of make, where the hand is atRest
}

// maker makes a fault and mends it again. Where ctx ends before, the fault is mended at once.
type maker func(ctx context.Context, w *world, f fault) error

// The hands.
const (
	processes   = iota // and what they stand on
	connections        // between them
	atRest             // between two rounds: what it makes is not mended, or nothing else may fail meanwhile
)

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
	{
		name: "api-kill", what: "kill a process of the API and start it again",
		targets: 2, weight: 4, longest: 300 * ms, where: everywhere, make: killed(anAPI),
	},
	{
		name: "api-stop", what: "ask a process of the API to end, and start it again",
		targets: 2, weight: 2, longest: 300 * ms, where: everywhere, make: stopped(anAPI),
	},
	{
		name: "api-freeze", what: "stop a process of the API for less than the lease of the projector",
		targets: 2, weight: 3, shortest: 50 * ms, longest: 800 * ms, where: everywhere, make: frozen(anAPI),
	},
	{
		name: "projector-freeze", what: "stop the process that keeps the model for longer than its lease",
		targets: 1, weight: 3, shortest: leaseTTL * 3 / 2, longest: 3 * leaseTTL, where: everywhere,
		make: frozen(theProjector),
	},
	{
		name: "writer-freeze", what: "stop that process between its reading of the log and its writing, for longer than its lease",
		targets: 1, weight: 3, shortest: leaseTTL * 3 / 2, longest: 3 * leaseTTL, where: everywhere, make: freezeWriter,
	},
	{
		name: "projector-kill", what: "kill the process that keeps the model",
		targets: 1, weight: 3, longest: 200 * ms, where: everywhere, make: killed(theProjector),
	},
	{
		name: "node-kill", what: "kill the event store and start it again",
		targets: 1, weight: 4, longest: 300 * ms, where: withNode, make: killed(theNode),
	},
	{
		name: "node-stop", what: "ask the event store to end, and start it again",
		targets: 1, weight: 2, longest: 300 * ms, where: withNode, make: stopped(theNode),
	},
	{
		name: "node-freeze", what: "stop the event store",
		targets: 1, weight: 2, shortest: 50 * ms, longest: 2500 * ms, where: withNode, make: frozen(theNode),
	},
	{
		name: "redis-lost", what: "kill Redis and start an empty one",
		targets: 1, weight: 2, longest: 300 * ms, where: everywhere, make: loseRedis,
	},
	{
		name: "redis-freeze", what: "stop Redis",
		targets: 1, weight: 2, shortest: 50 * ms, longest: 2500 * ms, where: everywhere, make: frozen(theRedis),
	},
	{
		name: "redis-flush", what: "empty Redis while it serves",
		targets: 1, weight: 2, where: everywhere, make: flushRedis,
	},
	{
		name: "redis-back", what: "kill Redis and start it from an older dump",
		targets: 1, weight: 2, longest: 300 * ms, where: everywhere, make: setRedisBack,
	},
	{
		name: "redis-swap", what: "load an older dump into Redis while it serves, as a failover does",
		targets: 1, weight: 2, where: everywhere, make: swapRedis,
	},
	{
		name: "redis-other-log", what: "kill Redis and start it from a dump of a log that was set back since",
		targets: 1, weight: 1, longest: 300 * ms, where: withNode, make: setRedisToLostLog,
	},
	{
		name: "redis-evict", what: "let Redis evict keys of the model",
		targets: 1, weight: 1, shortest: 100 * ms, longest: 800 * ms, where: everywhere, make: evictRedis,
	},
	{
		name: "redis-full", what: "let Redis refuse writes, since it is full",
		targets: 1, weight: 1, shortest: 100 * ms, longest: 1500 * ms, where: everywhere, make: fillRedis,
	},
	{
		name: "disk-full", what: "fill the disk of the event store, and perhaps kill or end it meanwhile",
		targets: 3, weight: 1, shortest: 300 * ms, longest: 2 * time.Second, where: withNode, make: fillDisk,
	},
	{
		name: "clock-ahead", what: "put the clock of a process of the API 22 hours ahead",
		targets: 2, weight: 1, shortest: 200 * ms, longest: 3 * time.Second, where: everywhere,
		make: jumpClock(22 * time.Hour),
	},
	{
		name: "clock-back", what: "put the clock of a process of the API an hour back",
		targets: 2, weight: 1, shortest: 200 * ms, longest: 3 * time.Second, where: everywhere,
		make: jumpClock(-time.Hour),
	},
	{
		name: "leader-move", what: "kill, depose, cut off or freeze the leader of the cluster",
		targets: 4, weight: 12, longest: 500 * ms, where: withCluster, make: moveLeader,
	},

	{
		name: "store-cut", what: "close the connections of a process to the event store, and take no new ones",
		hand: connections, targets: 2, weight: 4, longest: time.Second, where: withNode, make: cut(storeOf),
	},
	{
		name: "store-delay", what: "delay the connection of a process to the event store",
		hand: connections, targets: 2, weight: 3, shortest: 100 * ms, longest: 1500 * ms, where: withNode,
		make: delay(storeOf),
	},
	{
		name: "store-freeze", what: "let nothing through between a process and the event store",
		hand: connections, targets: 2, weight: 3, shortest: 50 * ms, longest: 2500 * ms, where: withNode,
		make: hold(storeOf),
	},
	{
		name: "redis-cut", what: "close the connections of a process to Redis, and take no new ones",
		hand: connections, targets: 2, weight: 4, longest: time.Second, where: everywhere, make: cut(redisOf),
	},
	{
		name: "redis-delay", what: "delay the connection of a process to Redis",
		hand: connections, targets: 2, weight: 3, shortest: 100 * ms, longest: 1500 * ms, where: everywhere,
		make: delay(redisOf),
	},
	{
		name: "redis-hold", what: "let nothing through between a process and Redis",
		hand: connections, targets: 2, weight: 3, shortest: 50 * ms, longest: 2500 * ms, where: everywhere,
		make: hold(redisOf),
	},

	{
		name: "log-back", what: "restore the log from an earlier backup while everything runs",
		hand: atRest, targets: 1, weight: 3, where: withNode, rest: setLogBack,
	},
	{
		name: "log-other", what: "put the log of another registry, or an empty one, in the place of the log for a while",
		hand: atRest, targets: 2, weight: 2, shortest: time.Second, longest: 3 * time.Second, where: withNode,
		rest: swapLog,
	},
	{
		name: "poison", what: "append an event to a list that this release cannot read",
		hand: atRest, targets: len(unreadable), weight: 2, where: everywhere, rest: poisonList,
	},
}

// sleep waits for the time, or until ctx ends: then the fault is mended at once.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func anAPI(_ context.Context, w *world, f fault) *process    { return w.apis[f.target].process }
func theNode(_ context.Context, w *world, _ fault) *process  { return w.node }
func theRedis(_ context.Context, w *world, _ fault) *process { return w.redis }

func theProjector(ctx context.Context, w *world, _ fault) *process {
	return w.apis[w.projector(ctx)].process
}

// killed kills the process and starts it again.
func killed(of func(context.Context, *world, fault) *process) maker {
	return func(ctx context.Context, w *world, f fault) error {
		p := of(ctx, w, f)
		p.kill()
		sleep(ctx, f.lasts)
		return p.start()
	}
}

// stopped asks the process to end and starts it again.
func stopped(of func(context.Context, *world, fault) *process) maker {
	return func(ctx context.Context, w *world, f fault) error {
		p := of(ctx, w, f)
		w.end(p)
		sleep(ctx, f.lasts)
		return p.start()
	}
}

// frozen stops the process as a machine that hangs.
func frozen(of func(context.Context, *world, fault) *process) maker {
	return func(ctx context.Context, w *world, f fault) error {
		p := of(ctx, w, f)
		p.freeze()
		defer p.thaw()
		sleep(ctx, f.lasts)
		return nil
	}
}

// patienceToFreeze is how long a writer may find nothing to write until the fault is given up.
const patienceToFreeze = 2 * time.Second

// freezeWriter lets the process that keeps the model stop itself when it has a batch in hand, and
// wakes it when another process has had the time to take its role and to move the model on.
func freezeWriter(ctx context.Context, w *world, f fault) error {
	a := w.apis[w.projector(ctx)]
	if err := os.WriteFile(a.stopWriter, nil, 0o600); err != nil {
		return err
	}
	taken := func(context.Context) error {
		if _, err := os.Stat(a.stopWriter); err == nil {
			return errors.New("the writer writes nothing")
		}
		return nil
	}
	// What the process does not remove in time is removed here, and only one of both can.
	if await(ctx, patienceToFreeze, taken) != nil && os.Remove(a.stopWriter) == nil {
		return nil
	}
	defer a.thaw()
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

func flushRedis(ctx context.Context, w *world, _ fault) error { return w.direct.FlushAll(ctx).Err() }

// setRedisBack starts Redis from one of the dumps that were kept. Each time another dump is
// kept, so that the next one goes back to about now.
func setRedisBack(ctx context.Context, w *world, f fault) error {
	older, err := w.olderDump(ctx, f.draw)
	if err != nil || older == "" {
		return err
	}
	return w.startRedisFrom(ctx, older, f.lasts)
}

// setRedisToLostLog is a second fault on top of log-back.
func setRedisToLostLog(ctx context.Context, w *world, f fault) error {
	if len(w.lost) == 0 {
		return nil
	}
	return w.startRedisFrom(ctx, w.lost[f.draw%uint64(len(w.lost))], f.lasts)
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
func fillDisk(ctx context.Context, w *world, f fault) (err error) {
	file := filepath.Join(w.disk, "full")
	defer func() { err = errors.Join(err, os.Remove(file)) }()
	if err := fill(file); err != nil {
		return err
	}
	sleep(ctx, f.lasts/2)
	switch f.target {
	case 1:
		w.node.kill()
	case 2:
		w.end(w.node)
	}
	err = w.node.start()
	sleep(ctx, f.lasts/2)
	return err
}

func jumpClock(by time.Duration) maker {
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
