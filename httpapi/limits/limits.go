// Package limits bounds how often somebody calls operations of a class: each account,
// each citizen and each address, by the table of limits ([Table]).
//
// Every process counts by itself, in buckets that refill steadily. Where several
// processes share a [Shared], it also counts the classes whose work must not grow with
// the number of processes. If it does not answer, the process's own count holds: the door
// is never open, and never shut because of it.
package limits

import (
	"context"
	"log/slog"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"tizilim/domain"
	"tizilim/httpapi/operation"
)

const (
	// maxBuckets bounds the memory: some 300 bytes for each. The bucket that is unused for
	// longest is forgotten, which fills it; by then so many others have called that it has
	// mostly filled by itself.
	maxBuckets = 1 << 15
	// sharedPatience is how long a call waits for [Shared].
	sharedPatience = 250 * time.Millisecond
	// sharedPause is how long [Shared] is not asked after it did not answer.
	sharedPause = time.Second
)

// sharedClasses are counted by all processes together. The others cost what one process
// bounds well by itself, and are called too often for a round trip each.
var sharedClasses = []operation.Class{
	operation.ClassExpensive, operation.ClassSearch, operation.ClassCheck, operation.ClassPassword,
	operation.ClassContact, operation.ClassNaming, operation.ClassRefusedToken,
}

// Shared counts calls for all processes together.
type Shared interface {
	// Take counts one call under the key. Where retry is more than 0, the call is not
	// allowed before that time has passed. full is the time until the bucket is full.
	Take(ctx context.Context, key string, calls int, per time.Duration, burst int) (
		remaining int, retry, full time.Duration, err error,
	)
}

// Config is what a [Limiter] is made of.
type Config struct {
	Table   Table
	Shared  Shared // nil where there is one process
	Metrics prometheus.Registerer
	Logger  *slog.Logger
	Now     func() time.Time
}

// Limiter is an [operation.Limiter] by a table.
type Limiter struct {
	config   Config
	policies map[bound]policy
	buckets  *lru.Cache[bucketKey, *rate.Limiter]
	pausedTo atomic.Int64 // Unix nanoseconds: until when Shared is not asked
	refused  *prometheus.CounterVec
	alone    prometheus.Counter
}

// bound names a limit of the table.
type bound struct {
	class operation.Class
	kind  kind
}

// policy is a limit, ready for use.
type policy struct {
	Limit
	text   string // of RateLimit-Policy
	shared bool
}

type bucketKey struct {
	class operation.Class
	name  string // of the subject
}

// New makes a Limiter.
func New(c Config) *Limiter {
	buckets, err := lru.New[bucketKey, *rate.Limiter](maxBuckets)
	if err != nil {
		panic(err) // the size is not positive
	}
	l := &Limiter{
		config: c, buckets: buckets, policies: map[bound]policy{},
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tizilim_limited_requests_total", Help: "Requests that were refused with 429, by the limit.",
		}, []string{"class", "caller"}),
		alone: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tizilim_limits_alone_total",
			Help: "Requests that this process counted alone, because the shared counts did not answer.",
		}),
	}
	for class, row := range c.Table {
		for kind, limit := range row {
			if limit.Calls > 0 {
				l.policies[bound{class, kind}] = policy{
					Limit: limit, text: limit.policy(class), shared: c.Shared != nil && slices.Contains(sharedClasses, class),
				}
			}
		}
	}
	c.Metrics.MustRegister(l.refused, l.alone)
	return l
}

// kindOf says by which column of the table a subject is bounded.
func kindOf(who operation.Sender) kind {
	switch who.Role {
	case operation.Anyone:
		return address
	case domain.RoleCitizen:
		return citizen
	}
	return staff
}

// Take counts one call. It implements [operation.Limiter].
func (l *Limiter) Take(ctx context.Context, class operation.Class, who operation.Sender) operation.Allowance {
	kind := kindOf(who)
	p, bounded := l.policies[bound{class, kind}]
	if !bounded {
		return operation.Allowance{}
	}
	name := who.Name
	if kind == address {
		name = network(name)
	}
	got := l.takeAlone(class, name, p)
	if got.Retry == 0 && p.shared {
		got = l.takeShared(ctx, class, name, p, got)
	}
	if got.Retry > 0 {
		l.refused.WithLabelValues(string(class), string(kind)).Inc()
	}
	return got
}

// takeAlone counts the call in this process.
func (l *Limiter) takeAlone(class operation.Class, name string, p policy) operation.Allowance {
	key := bucketKey{class, name}
	bucket, ok := l.buckets.Get(key)
	if !ok {
		bucket = rate.NewLimiter(rate.Limit(p.perSecond()), p.Burst)
		if earlier, known, _ := l.buckets.PeekOrAdd(key, bucket); known {
			bucket = earlier
		}
	}
	now := l.config.Now()
	got := operation.Allowance{Policy: p.text, Class: class}
	if !bucket.AllowN(now, 1) {
		got.Retry = p.refill(1 - bucket.TokensAt(now))
	}
	tokens := bucket.TokensAt(now)
	got.Remaining = max(0, int(tokens))
	got.Full = p.refill(float64(p.Burst) - tokens)
	return got
}

// takeShared counts a call, which this process allows, for all processes. Where they
// cannot be asked, what this process says holds.
func (l *Limiter) takeShared(
	ctx context.Context, class operation.Class, name string, p policy, alone operation.Allowance,
) operation.Allowance {
	now := l.config.Now().UnixNano()
	if now < l.pausedTo.Load() {
		l.alone.Inc()
		return alone
	}
	ctx, cancel := context.WithTimeout(ctx, sharedPatience)
	defer cancel()
	got := operation.Allowance{Policy: p.text, Class: class}
	var err error
	got.Remaining, got.Retry, got.Full, err = l.config.Shared.Take(
		ctx, string(class)+":"+name, p.Calls, p.Per, p.Burst,
	)
	if err != nil {
		l.alone.Inc()
		if l.pausedTo.Swap(now+int64(sharedPause)) == 0 {
			l.config.Logger.Warn("the shared limits do not answer; each process bounds its callers alone", "error", err)
		}
		return alone
	}
	if l.pausedTo.Swap(0) != 0 {
		l.config.Logger.Info("the shared limits answer again")
	}
	return got
}

// network is whose requests count as those of one address: an IPv4 address, or the
// network of an IPv6 address, since a host has all addresses of its /64.
func network(address string) string {
	if !strings.ContainsRune(address, ':') {
		return address
	}
	if a, err := netip.ParseAddr(address); err == nil {
		if p, err := a.Unmap().Prefix(min(64, a.Unmap().BitLen())); err == nil {
			return p.String()
		}
	}
	return address
}

// perSecond is how many calls a second the limit allows in the long run.
func (l Limit) perSecond() float64 { return float64(l.Calls) / l.Per.Seconds() }

// refill is how long as many calls take to be allowed again.
func (l Limit) refill(calls float64) time.Duration {
	return time.Duration(math.Max(0, calls) / l.perSecond() * float64(time.Second))
}

// policy writes the limit as RateLimit-Policy has it: q calls at once, which are allowed
// again after w seconds.
func (l Limit) policy(class operation.Class) string {
	whole := int(math.Ceil(l.refill(float64(l.Burst)).Seconds()))
	return `"` + string(class) + `";q=` + strconv.Itoa(l.Burst) + `;w=` + strconv.Itoa(whole)
}
