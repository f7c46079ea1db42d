package projections

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
	"tizilim/domain/residence"
)

// maxPage bounds every list that is read in pages.
const maxPage = 1000

// Reader answers from the serving generation. Every method is one round trip to
// Redis, and safe for concurrent use.
//
// Errors of every method, all [domain.Unavailable] with
// [domain.CodeModelNotReady]: no generation serves yet, Redis does not answer,
// or the record is held back by an event in quarantine. A thing that does not
// exist is [domain.NotFound], and only ever said from a generation that serves;
// that may be a moment behind the log: see [Watch.CatchUp].
type Reader struct {
	client redis.UniversalClient
	keys   keyspace
	opts   Options
	moves  moves
	look   time.Duration // firstLook; tests put the looking off
}

// NewReader returns a reader of the registry's models.
func NewReader(client redis.UniversalClient, opts Options) *Reader {
	opts = opts.withDefaults()
	r := &Reader{client: client, keys: opts.keyspace(), opts: opts, look: firstLook}
	r.moves.subscribe = func(ctx context.Context) *redis.PubSub { return client.Subscribe(ctx, r.keys.moved()) }
	return r
}

var positionQuery = query(`return {}`)

// Position is how far in the log the serving generation is.
func (r *Reader) Position(ctx context.Context) (domain.Position, error) {
	_, at, err := r.read(ctx, positionQuery, "")
	return at, err
}

func pageSize(limit int) int { return min(max(limit, 1), maxPage) }

var historyQuery = query(`
return {
  redis.call('HEXISTS', g .. ARGV[4], ARGV[5]),
  redis.call('ZRANGEBYLEX', g .. ARGV[6], '(' .. ARGV[7], '+', 'LIMIT', 0, ARGV[8]),
}`)

// PersonHistory returns up to limit pointers to the events that tell of the
// person, after the position, in the order of the log: those of the person's
// own stream, of the cases in which the person is applicant, named or family,
// and of the person's entries on lists. Error: [domain.CodePersonUnknown].
func (r *Reader) PersonHistory(ctx context.Context, id domain.PersonID, after domain.Position, limit int) (HistoryPage, error) {
	return r.history(ctx, id.Stream(), "class", personHistory(id), after, limit, unknownPerson())
}

// DwellingHistory is [Reader.PersonHistory] of a dwelling: the events of its own
// stream, the registrations there and their endings, and the S001 cases about
// it. Error: [domain.CodeDwellingUnknown].
func (r *Reader) DwellingHistory(ctx context.Context, id domain.DwellingID, after domain.Position, limit int) (HistoryPage, error) {
	return r.history(ctx, id.Stream(), "address", dwellingHistory(id), after, limit, residence.UnknownDwelling())
}

func (r *Reader) history(ctx context.Context, stream, knownBy, key string, after domain.Position, limit int, unknown error) (HistoryPage, error) {
	limit = pageSize(limit)
	data, at, err := r.read(ctx, historyQuery, stream, stream, knownBy, key, hexPosition(after)+"~", limit+1)
	if err != nil {
		return HistoryPage{}, err
	}
	if asInt(data[0]) == 0 {
		return HistoryPage{}, unknown
	}
	page := HistoryPage{AsOf: at}
	for i, member := range asTexts(data[1]) {
		if i == limit {
			page.Next = page.Pointers[i-1].Position
			break
		}
		position, ref, _ := strings.Cut(member, "|")
		at, err := strconv.ParseUint(position, 16, 64)
		if err != nil {
			return HistoryPage{}, corrupt("position", err)
		}
		p := Pointer{Position: domain.Position(at)}
		if p.Stream, p.Revision, err = parseEventRef(ref); err != nil {
			return HistoryPage{}, corrupt("pointer", err)
		}
		page.Pointers = append(page.Pointers, p)
	}
	return page, nil
}
