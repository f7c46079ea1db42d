package projections

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"tizilim/domain"
)

const (
	// requestLives is how long a request is kept whose operator has gone away.
	requestLives = 10 * time.Second
	// requestEvery is how often the operator looks for the answer, and the active
	// projector for a request.
	requestEvery = 250 * time.Millisecond
	// answerLives is how long an answer is kept for the operator.
	answerLives = time.Minute
)

// Quarantine is what the serving generation does without.
type Quarantine struct {
	Held     []HeldStream       // by name
	Released []QuarantinedEvent // skipped, by stream and revision
}

// HeldStream is a stream with events in quarantine. Its record is not shown to
// readers.
type HeldStream struct {
	Stream  string
	Since   time.Time          // when the log learned of the first event in quarantine
	Failed  []QuarantinedEvent // could not be applied, the earliest first
	Waiting int                // other events of the stream in quarantine: they wait for those
}

// QuarantinedEvent is an event that could not be applied.
type QuarantinedEvent struct {
	domain.EventRef
	Why     string    // it cannot be applied; of a released event empty where it can be read
	Created time.Time // when the log learned of it

	Release Release // zero where the event is not released
}

// Release says who gave an event up.
type Release struct {
	Basis string    `json:"basis"`
	By    string    `json:"by"`
	At    time.Time `json:"at"`
}

var quarantineQuery = query(`return {redis.call('HGETALL', g .. ARGV[5]), redis.call('HGETALL', g .. ARGV[6])}`)

// Quarantine returns what the serving generation does without.
func (r *Reader) Quarantine(ctx context.Context) (Quarantine, error) {
	data, _, err := r.read(ctx, quarantineQuery, "", quarantineKey, releasedKey)
	if err != nil {
		return Quarantine{}, err
	}
	held, err := quarantinedEvents(asRecord(data[0]))
	if err != nil {
		return Quarantine{}, err
	}
	released, err := quarantinedEvents(asRecord(data[1]))
	if err != nil {
		return Quarantine{}, err
	}
	q := Quarantine{Released: released}
	for _, e := range held {
		n := len(q.Held)
		if n == 0 || q.Held[n-1].Stream != e.Stream {
			q.Held = append(q.Held, HeldStream{Stream: e.Stream, Since: e.Created})
			n++
		}
		if e.Why == "" {
			q.Held[n-1].Waiting++
		} else {
			q.Held[n-1].Failed = append(q.Held[n-1].Failed, e)
		}
	}
	return q, nil
}

// quarantinedEvents reads a hash of them, by stream and revision.
func quarantinedEvents(rec record) ([]QuarantinedEvent, error) {
	var events []QuarantinedEvent
	for ref, text := range rec {
		q := parseQuarantined(text)
		e := QuarantinedEvent{Why: q.Why, Created: q.Created, Release: q.Release}
		if err := e.UnmarshalText([]byte(ref)); err != nil {
			return nil, corrupt("reference in the quarantine", err)
		}
		events = append(events, e)
	}
	slices.SortFunc(events, func(a, b QuarantinedEvent) int {
		return cmp.Or(strings.Compare(a.Stream, b.Stream), cmp.Compare(a.Revision, b.Revision))
	})
	return events, nil
}

// Mended is what became of a held stream.
type Mended struct {
	Stream  string `json:"stream"`
	Applied int    `json:"applied"` // events that were in quarantine and are in the model now
	Left    int    `json:"left"`    // events that are in quarantine still
	Why     string `json:"why"`     // why they are; empty where none is
}

// RetryQuarantine has the active projector, in whichever process, read the
// events of the held streams from the log again and apply those that it can
// apply now: those of one stream, or of all with "". It returns what became of
// each of these streams; none where nothing is in quarantine.
//
// It waits for the projector until ctx ends. Errors: a [*RefusedError] where the
// request cannot be carried out; [domain.CodeModelNotReady] where Redis does not
// answer.
func RetryQuarantine(
	ctx context.Context, client redis.UniversalClient, opts Options, stream string,
) ([]Mended, error) {
	return ask(ctx, client, opts, request{Verb: retryVerb, Event: domain.EventRef{Stream: stream}})
}

// ReleaseQuarantined has the active projector do without an event that is released in the
// log, and apply the later events of its stream. The projector does so by itself within a
// second; it returns what became of the stream. The errors are those of [RetryQuarantine].
func ReleaseQuarantined(
	ctx context.Context, client redis.UniversalClient, opts Options, event domain.EventRef,
) ([]Mended, error) {
	return ask(ctx, client, opts, request{Verb: releaseVerb, Event: event})
}

// RefusedError says in a sentence why an operator's request was not carried out.
type RefusedError struct{ Why string }

func (e *RefusedError) Error() string { return e.Why }

func refuseRequest(format string, args ...any) error {
	return &RefusedError{fmt.Sprintf(format, args...)}
}

// The verbs of a request.
const (
	retryVerb   = "retry"
	releaseVerb = "release"
)

// request is what an operator asks of the active projector. One at a time is in
// Redis; it lives as long as the operator renews it.
type request struct {
	ID    string          `json:"id"`
	Verb  string          `json:"verb"`
	Event domain.EventRef `json:"event"` // retry: of revision 0, the stream alone, or zero
}

// answer is what the projector says to a request.
type answer struct {
	Mended  []Mended `json:"mended,omitempty"`
	Refused string   `json:"refused,omitempty"` // why the request was not carried out
}

// renewRequest keeps the request for the projector. KEYS 1 request · 2 answer
// ARGV 1 request · 2 milliseconds. It returns the answer where there is one,
// else "" where the request waits, else nil: another operator's request waits.
var renewRequest = redis.NewScript(`
local answer = redis.call('GET', KEYS[2])
if answer then return answer end
local waiting = redis.call('GET', KEYS[1])
if waiting and waiting ~= ARGV[1] then return false end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ''
`)

// dropRequest takes a request back. KEYS 1 request    ARGV 1 request
var dropRequest = redis.NewScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`)

// ask hands the request to the active projector and waits for its answer.
func ask(ctx context.Context, client redis.UniversalClient, opts Options, req request) ([]Mended, error) {
	opts = opts.withDefaults()
	reader := NewReader(client, opts)
	keys := opts.keyspace()
	req.ID = uuid.NewString()
	text := stored(req)
	defer func() { // whoever gives up, or is answered, wants nothing more
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = dropRequest.Run(ctx, client, []string{keys.request()}, text).Err() // it expires where this fails
	}()
	began := time.Now()
	led := began // when some process was last seen to be the active projector
	told := false
	tick := time.NewTicker(requestEvery)
	defer tick.Stop()
	for {
		status, err := reader.Status(ctx)
		switch {
		case err != nil:
			return nil, err
		case status.Projector:
			led = time.Now()
		case time.Since(led) > opts.LeaseTTL/2: // who waits for the role takes it sooner
			return nil, refuseRequest("no process keeps the read model up, so nobody can do this: " +
				"start a server, then ask again")
		}
		if !status.Ready() {
			return nil, refuseRequest("the read model is being filled and tries every event anew: " +
				"look at the quarantine when it is filled")
		}
		reply, err := renewRequest.Run(ctx, client, []string{keys.request(), keys.answer(req.ID)},
			text, requestLives.Milliseconds()).Text()
		if err != nil && !errors.Is(err, redis.Nil) {
			return nil, unreachable(ctx, err)
		}
		if reply != "" {
			return req.read(reply)
		}
		if !told && time.Since(began) > requestLives {
			told = true
			opts.Logger.Warn("the server that keeps the read model up has not answered yet: its log says what it does")
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-tick.C:
		}
	}
}

func (req request) read(reply string) ([]Mended, error) {
	var a answer
	if err := json.Unmarshal([]byte(reply), &a); err != nil {
		return nil, corrupt("answer to an operator", err)
	}
	if a.Refused != "" {
		return nil, &RefusedError{a.Refused}
	}
	return a.Mended, nil
}
