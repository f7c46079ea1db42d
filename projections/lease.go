package projections

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
)

// Roles of which at most one process at a time is the active one.
const (
	roleProjector = "projector" // keeps the serving generation
	roleBuilder   = "builder"   // fills a new one
)

// acquireLease takes the lease if nobody has it, or a holding of this process
// that has ended without giving it back, and, in the same step, writes the
// token into the fence. The lease expires, the fence does not: a writer that
// was asleep while its lease expired is stopped by the fence as soon as, and
// only if, somebody else has taken over.
//
//	KEYS 1 lease · 2 fence    ARGV 1 token · 2 milliseconds · 3 token of the ended holding, or ""
var acquireLease = redis.NewScript(`
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[3] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('SET', KEYS[2], ARGV[1])
return 1
`)

var renewLease = redis.NewScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`)

var releaseLease = redis.NewScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`)

var errLeaseLost = errors.New("the lease was lost")

// leases are the roles as one process takes them. It is safe for concurrent use.
type leases struct {
	client redis.UniversalClient
	keys   keyspace
	ttl    time.Duration

	mu   sync.Mutex        // guards left
	left map[string]string // by role, the token of a holding that could not be given back
}

func newLeases(client redis.UniversalClient, keys keyspace, ttl time.Duration) *leases {
	return &leases{client: client, keys: keys, ttl: ttl, left: map[string]string{}}
}

// lease is one holding of a role. Its token is drawn anew for each, not counted
// up: a counter would begin again in an emptied Redis.
type lease struct {
	client redis.UniversalClient
	keys   keyspace
	role   string
	ttl    time.Duration
	token  string
	left   string // token of an ended holding, which this one may follow at once
}

// hold waits until the role is free, then runs do while renewing the lease; do's
// ctx ends with [errLeaseLost] as its cause where the lease is lost. A Redis that
// was away when a holding ended has its lease still: the next one of this process
// need not wait until it expires.
func (ls *leases) hold(ctx context.Context, role string, do func(context.Context, *lease) error) error {
	l := &lease{client: ls.client, keys: ls.keys, role: role, ttl: ls.ttl, token: uuid.NewString(), left: ls.leftBy(role)}
	if err := l.acquire(ctx); err != nil {
		ls.leave(role, l.left)
		return err
	}
	ctx, lost := context.WithCancelCause(ctx)
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		l.renew(ctx, lost)
	}()
	err := do(ctx, l)
	if err != nil && errors.Is(context.Cause(ctx), errLeaseLost) {
		err = errLeaseLost // whatever it led to
	}
	lost(nil)
	<-renewed
	if l.release(ctx) != nil {
		ls.leave(role, l.token)
	}
	return err
}

// leftBy returns, to one caller, the token of the role's ended holding.
func (ls *leases) leftBy(role string) string {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	token := ls.left[role]
	delete(ls.left, role)
	return token
}

func (ls *leases) leave(role, token string) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.left[role] = token
}

func (l *lease) names() []string { return []string{l.keys.lease(l.role), l.keys.fence(l.role)} }

func (l *lease) acquire(ctx context.Context) error {
	for {
		got, err := acquireLease.Run(ctx, l.client, l.names(), l.token, l.ttl.Milliseconds(), l.left).Int()
		if err != nil {
			return fmt.Errorf("acquire the %s lease: %w", l.role, err)
		}
		if got == 1 {
			return nil
		}
		wait := l.ttl/6 + rand.N(l.ttl/6)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

// renew keeps the lease until ctx ends. A Redis that does not answer is no
// reason to stop before the lease has run out.
func (l *lease) renew(ctx context.Context, lost context.CancelCauseFunc) {
	tick := time.NewTicker(l.ttl / 3)
	defer tick.Stop()
	until := time.Now().Add(l.ttl)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		kept, err := renewLease.Run(ctx, l.client, l.names()[:1], l.token, l.ttl.Milliseconds()).Int()
		switch {
		case err == nil && kept == 1:
			until = time.Now().Add(l.ttl)
		case err == nil, time.Now().After(until):
			lost(errLeaseLost)
			return
		}
	}
}

// release gives the role back at once, even when ctx has ended; where that fails
// the lease expires by itself.
func (l *lease) release(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	return releaseLease.Run(ctx, l.client, l.names()[:1], l.token).Err()
}
