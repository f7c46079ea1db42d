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

// acquireLease takes the lease if nobody has it, or if this process has it from
// before and could not release it. In the same step it writes the token into the
// fence. The lease expires, the fence does not: a writer that was asleep while its
// lease expired is stopped by the fence once another process has taken over, and
// not before.
//
//	KEYS 1 lease · 2 fence    ARGV 1 token · 2 milliseconds · 3 unreleased token, or ""
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

// leases are those of one process, by role. It is safe for concurrent use.
type leases struct {
	client redis.UniversalClient
	keys   keyspace
	ttl    time.Duration

	mu         sync.Mutex        // guards unreleased
	unreleased map[string]string // by role, the token of a lease that could not be released
}

func newLeases(client redis.UniversalClient, keys keyspace, ttl time.Duration) *leases {
	return &leases{client: client, keys: keys, ttl: ttl, unreleased: map[string]string{}}
}

// lease gives its holder a role. Its token is random and not a counter: a counter
// would begin again in an emptied Redis.
type lease struct {
	client redis.UniversalClient
	keys   keyspace
	role   string
	ttl    time.Duration
	token  string
	before string // token of an unreleased lease of this process, which this one replaces
}

// hold waits until the role is free, and then runs do while it renews the lease.
// The ctx of do ends with [errLeaseLost] as its cause where the lease is lost. A
// lease that could not be released, because Redis did not answer, is replaced by
// the next one of this process: that one need not wait until the former expires.
func (ls *leases) hold(ctx context.Context, role string, do func(context.Context, *lease) error) error {
	l := &lease{client: ls.client, keys: ls.keys, role: role, ttl: ls.ttl, token: uuid.NewString()}
	l.before = ls.takeUnreleased(role)
	if err := l.acquire(ctx); err != nil {
		ls.keepUnreleased(role, l.before)
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
		err = errLeaseLost // the error of do only follows from it
	}
	lost(nil)
	<-renewed
	if l.release(ctx) != nil {
		ls.keepUnreleased(role, l.token)
	}
	return err
}

// takeUnreleased returns the token of the role's unreleased lease, to one caller
// only.
func (ls *leases) takeUnreleased(role string) string {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	token := ls.unreleased[role]
	delete(ls.unreleased, role)
	return token
}

func (ls *leases) keepUnreleased(role, token string) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.unreleased[role] = token
}

func (l *lease) names() []string { return []string{l.keys.lease(l.role), l.keys.fence(l.role)} }

func (l *lease) acquire(ctx context.Context) error {
	for {
		got, err := acquireLease.Run(ctx, l.client, l.names(), l.token, l.ttl.Milliseconds(), l.before).Int()
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

// renew renews the lease until ctx ends. Where Redis does not answer, the lease is
// lost only when its time is over.
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

// release frees the role at once, also when ctx has ended. Where that fails, the
// lease expires by itself.
func (l *lease) release(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	return releaseLease.Run(ctx, l.client, l.names()[:1], l.token).Err()
}
