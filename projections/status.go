package projections

import (
	"context"
	"strconv"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
)

// Status is how the models stand. It is readable also when no generation
// serves.
type Status struct {
	Serving     uint64          // generation that answers; 0: none does
	Position    domain.Position // of the serving generation
	Event       domain.Position // of the last event in the serving generation
	LastEvent   string          // that event, identified: in another log it is not, or is another one
	Origin      string          // of the serving generation, which no other one has
	CaughtUp    bool            // the serving generation has had everything since the active projector took over
	Building    uint64          // generation that is being filled; 0: none is
	Built       domain.Position // of the generation being filled
	Target      domain.Position // at which it aims; 0 where it is not known
	Previous    uint64          // generation that is kept until the serving one is proven; 0: none is
	Projector   bool            // some process is the active projector
	Quarantined int             // events of the serving generation in quarantine
	Held        int             // streams of the serving generation with an event in quarantine

	// Withdrawn says why no generation serves: "log_replaced", or "damaged" where Redis
	// lost a key; empty where one does or none did yet.
	Withdrawn string

	Evictions string // what Redis had evicted when the serving generation was begun, in a form of its own
}

// Ready reports whether reads are answered.
func (s Status) Ready() bool { return s.Serving != 0 }

var statusScript = redis.NewScript(`
local function at(n)
  if not n then return {false, false, false, false, false, false, false, false} end
  return redis.call('HMGET', ARGV[1] .. n .. ':checkpoint',
    'position', 'caught_up', 'schema', 'target', 'event', 'last', 'origin', '` + evictionsField + `')
end
local serving, building = redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2])
local quarantined, held = 0, 0
if serving then
  quarantined = redis.call('HLEN', ARGV[1] .. serving .. ':quarantine')
  held = redis.call('SCARD', ARGV[1] .. serving .. ':held')
end
return {serving, at(serving), building, at(building), redis.call('GET', KEYS[3]), redis.call('EXISTS', KEYS[4]),
  quarantined, held, redis.call('GET', KEYS[5])}
`)

// Status returns how the models stand. Its only error is
// [domain.CodeModelNotReady], when Redis does not answer.
func (r *Reader) Status(ctx context.Context) (Status, error) {
	keys := []string{r.keys.serving(), r.keys.building(), r.keys.previous(), r.keys.lease(roleProjector), r.keys.withdrawn()}
	reply, err := statusScript.Run(ctx, r.client, keys, r.keys.generations()).Slice()
	if err != nil {
		return Status{}, unreachable(ctx, err)
	}
	var s Status
	if at := asTexts(reply[1]); at[0] != "" && at[2] == schema() {
		s.Serving, _ = strconv.ParseUint(text(reply[0]), 10, 64)
		s.Position, _ = parsePosition(at[0])
		s.Event, _ = parsePosition(at[4])
		s.LastEvent, s.Origin, s.Evictions = at[5], at[6], at[7]
		s.CaughtUp = at[1] == "1"
		s.Quarantined, s.Held = asInt(reply[6]), asInt(reply[7])
	}
	if at := asTexts(reply[3]); at[0] != "" {
		s.Building, _ = strconv.ParseUint(text(reply[2]), 10, 64)
		s.Built, _ = parsePosition(at[0])
		s.Target, _ = parsePosition(at[3])
	}
	s.Previous, _ = strconv.ParseUint(text(reply[4]), 10, 64)
	s.Projector = asInt(reply[5]) == 1
	s.Withdrawn = text(reply[8])
	return s, nil
}
