package projections

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
)

// A generation that must not answer any more is withdrawn: one step takes the pointer
// away from it. Then no process reads it or writes to it, and the active projector,
// finding that none serves, fills a new one from the log.

// reason says why a generation was withdrawn.
type reason string

const (
	reasonLogReplaced reason = "log_replaced" // it has an event that the log does not have
	reasonDamaged     reason = "damaged"      // Redis lost a key of it
)

const (
	// reasonLives is how long it is told why a generation was withdrawn, if none serves
	// by then. It bounds the key, and not the filling.
	reasonLives = 24 * time.Hour
	// damageLives is how long damage is remembered, and damageTimes how often the same damage
	// withdraws a generation in that time: damage that comes back again and again is a defect,
	// and must not keep all other records away.
	damageLives = time.Hour
	damageTimes = 3
	// withdrawTimeout bounds the step.
	withdrawTimeout = time.Second
)

// withdrawGeneration takes the pointer away from the generation, if it still serves and
// its last event is the one that was found wrong.
//
//	KEYS 1 serving · 2 checkpoint · 3 withdrawn · 4 damage
//	ARGV 1 number · 2 last event, or "" for whichever it is · 3 reason · 4 milliseconds ·
//	     5 what is damaged, or "" · 6 milliseconds · 7 how often it withdraws one in that time
var withdrawGeneration = redis.NewScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'replaced' end
if ARGV[2] ~= '' and redis.call('HGET', KEYS[2], 'last') ~= ARGV[2] then return 'moved' end
if ARGV[5] ~= '' then
  if tonumber(redis.call('HGET', KEYS[4], ARGV[5]) or '0') >= tonumber(ARGV[7]) then return 'again' end
  redis.call('HINCRBY', KEYS[4], ARGV[5], 1)
  if redis.call('PTTL', KEYS[4]) < 0 then redis.call('PEXPIRE', KEYS[4], ARGV[6]) end
end
redis.call('SET', KEYS[3], ARGV[3], 'PX', ARGV[4])
redis.call('DEL', KEYS[1])
return 'withdrawn'
`)

// withdraw takes the generation out of service; done is false where it is there no more,
// has moved, or has the same damage as several before it.
func withdraw(
	ctx context.Context, client redis.UniversalClient, keys keyspace, number uint64, last string, why reason, damage string,
) (done bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, withdrawTimeout)
	defer cancel()
	outcome, err := withdrawGeneration.Run(ctx, client,
		[]string{keys.serving(), keys.checkpoint(number), keys.withdrawn(), keys.damage()},
		formatGeneration(number), last, string(why), reasonLives.Milliseconds(), damage, damageLives.Milliseconds(),
		damageTimes,
	).Text()
	if err != nil {
		return false, fmt.Errorf("withdraw generation %d: %w", number, err)
	}
	return outcome == "withdrawn", nil
}

func formatGeneration(n uint64) string { return strconv.FormatUint(n, 10) }

// damaged withdraws the generation that lost a key, so that it is filled anew, and
// returns what the caller is told.
func (r *Reader) damaged(ctx context.Context, number, what string) error {
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return corrupt("number of a generation", err)
	}
	done, err := withdraw(ctx, r.client, r.keys, n, "", reasonDamaged, what)
	switch {
	case err != nil:
		r.opts.Logger.Warn("the read model lost a key and could not be withdrawn", "generation", n, "key", what, "error", err)
	case done:
		r.opts.Logger.Error("the read model lost a key, and is filled anew from the log", "generation", n, "key", what)
	default:
		r.opts.Logger.Debug("a key is missing in the read model", "generation", n, "key", what)
	}
	return domain.Refuse(domain.Unavailable, domain.CodeModelNotReady,
		"the read model has lost a part of this record and is built from the log anew; ask again in a moment")
}

// lastEvent identifies the newest event of a generation. An event of another log, or of
// one that was restored and went on, differs in it.
func lastEvent(rec domain.Recorded) string {
	return eventRef(rec.Stream, rec.Revision) + "|" + rec.ID.String() + "|" + strconv.FormatInt(rec.Created.UnixNano(), 10)
}

// evidence is an event that this process knows to have been in the log.
type evidence struct {
	at   domain.Position
	last string // as lastEvent writes it; empty: none is known
}

// ref is the place of the event.
func (e evidence) ref() (ref domain.EventRef, ok bool) {
	for i := range e.last {
		if e.last[i] == '|' {
			return ref, ref.UnmarshalText([]byte(e.last[:i])) == nil
		}
	}
	return ref, false
}

// LogEvents tells which event stands at a place of the log. A [LogHead], and the [Log]
// of a [Projector], may implement it; then a model of another log is noticed.
type LogEvents interface {
	// EventOf returns the event at that place as it is stored: all but what its data and
	// metadata say. found is false where the log has none there.
	EventOf(ctx context.Context, ref domain.EventRef) (rec domain.Recorded, found bool, err error)
}

// holds reports whether the log has the event, at that position and no other.
func holds(ctx context.Context, log LogEvents, e evidence) (bool, error) {
	ref, ok := e.ref()
	if !ok {
		return true, nil // nothing is known that the log could lack
	}
	rec, found, err := log.EventOf(ctx, ref)
	if err != nil {
		return false, fmt.Errorf("look for the last event of the read model in the log: %w", err)
	}
	rec.Stream, rec.Revision = ref.Stream, ref.Revision
	return found && rec.Position == e.at && lastEvent(rec) == e.last, nil
}
