package eventstore

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"tizilim/domain"
)

// heads remembers the last look at the end of the log, so that the next one
// passes over nothing twice.
type heads struct {
	mu  sync.Mutex
	all domain.Position // of the last event of whatever kind; 0: none was seen
	own domain.Position // of the last event of the registry's categories up to there
}

// Head returns the position of the last event of the registry's categories, as
// the leader knows it; 0 where there is none. Events of others, and of the server
// itself, do not count: no follower of the log is told their positions at once.
func (s *Store) Head(ctx context.Context) (domain.Position, error) {
	s.heads.mu.Lock()
	all, own := s.heads.all, s.heads.own
	s.heads.mu.Unlock()
	nowAll, nowOwn, err := s.headSince(ctx, all, own)
	if err != nil {
		return 0, err
	}
	s.heads.mu.Lock()
	defer s.heads.mu.Unlock()
	if s.heads.all == all || nowAll > s.heads.all { // nobody was faster, or less far
		s.heads.all, s.heads.own = nowAll, nowOwn
	}
	return nowOwn, nil
}

// End returns the position of the last event of whatever kind, as the leader knows
// it; 0 where there is none. Nothing that was told of this log is beyond it.
func (s *Store) End(ctx context.Context) (domain.Position, error) {
	last, err := retry(ctx, func() (backwards, error) {
		return call(ctx, s, "$all", func(ctx context.Context, c *esdb.Client) (backwards, error) {
			return lookBack(ctx, c, esdb.End{}, 1, 0)
		})
	})
	return last.first, err
}

// headSince looks at the end of the log, back to the position known, up to which
// the last own event is at own.
func (s *Store) headSince(ctx context.Context, known, own domain.Position) (all, last domain.Position, err error) {
	from := esdb.AllPosition(esdb.End{})
	for count := uint64(1); ; count = page { // mostly the last event is ours
		back, err := retry(ctx, func() (backwards, error) {
			return call(ctx, s, "$all", func(ctx context.Context, c *esdb.Client) (backwards, error) {
				return lookBack(ctx, c, from, count, known)
			})
		})
		if err != nil {
			return 0, 0, err
		}
		all = max(all, back.first)
		switch {
		case back.own > 0:
			return all, back.own, nil
		case back.met:
			return all, own, nil
		case back.seen < count:
			return all, 0, nil
		}
		from = esdb.Position{Commit: uint64(back.oldest), Prepare: uint64(back.oldest)}
	}
}

// backwards is a look at the end of the log.
type backwards struct {
	first, oldest domain.Position // of the events that were read; 0: none
	own           domain.Position // of the first one that is the registry's; 0: none
	met           bool            // the event at the known position was met before that
	seen          uint64
}

// lookBack reads at most count events, the newest first, until one is the
// registry's or at the known position.
func lookBack(
	ctx context.Context, c *esdb.Client, from esdb.AllPosition, count uint64, known domain.Position,
) (b backwards, err error) {
	stream, err := c.ReadAll(ctx, esdb.ReadAllOptions{From: from, Direction: esdb.Backwards}, count)
	if err != nil {
		return b, err
	}
	defer stream.Close()
	for b.own == 0 && !b.met {
		resolved, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return b, nil
		}
		if err != nil {
			return b, err
		}
		event := resolved.OriginalEvent()
		b.oldest = domain.Position(event.Position.Commit)
		b.first = max(b.first, b.oldest)
		b.seen++
		if isOwn(event.StreamID) {
			b.own = b.oldest
		}
		b.met = b.oldest == known
	}
	return b, nil
}

func isOwn(stream string) bool {
	for _, category := range domain.Categories {
		if strings.HasPrefix(stream, category) {
			return true
		}
	}
	return false
}
