package eventstore

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"tizilim/domain"
)

// headCache remembers the head of the log, so that the next read of it need not go
// further back.
type headCache struct {
	categories []string // whose events count; nil: those that the projector follows

	mu  sync.Mutex
	all domain.Position // position of the last event of any kind; 0: unknown
	own domain.Position // position of the last event of the registry's categories up to all
}

// Head returns the position of the last event of the registry's categories, read from
// the leader; 0 where there is none. It ignores other events: a subscription with a
// filter learns their positions late.
func (s *Store) Head(ctx context.Context) (domain.Position, error) { return s.headOf(ctx, &s.heads) }

// headOf is Head for the categories of h.
func (s *Store) headOf(ctx context.Context, h *headCache) (domain.Position, error) {
	h.mu.Lock()
	all, own := h.all, h.own
	h.mu.Unlock()
	nowAll, nowOwn, err := s.headSince(ctx, h, all, own)
	if err != nil {
		return 0, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.all == all || nowAll > h.all { // unless another call has stored a later one
		h.all, h.own = nowAll, nowOwn
	}
	return nowOwn, nil
}

// skipTo has the next read of the head go no further back than the position.
func (h *headCache) skipTo(position domain.Position) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = max(h.all, position)
}

// End returns the position of the last event of any kind, read from the leader; 0 where
// there is none. Every checkpoint of this log is at or before it.
func (s *Store) End(ctx context.Context) (domain.Position, error) {
	last, err := retry(ctx, func() (newestEvents, error) {
		return call(ctx, s, "$all", func(ctx context.Context, c *esdb.Client) (newestEvents, error) {
			return readNewest(ctx, c, &s.heads, esdb.End{}, 1, 0)
		})
	})
	return last.first, err
}

// headSince reads the log backwards from its end to the position known. own is the
// position of the registry's last event up to there.
func (s *Store) headSince(
	ctx context.Context, h *headCache, known, own domain.Position,
) (all, last domain.Position, err error) {
	from := esdb.AllPosition(esdb.End{})
	for count := uint64(1); ; count = pageSize { // the last event is usually the registry's
		back, err := retry(ctx, func() (newestEvents, error) {
			return call(ctx, s, "$all", func(ctx context.Context, c *esdb.Client) (newestEvents, error) {
				return readNewest(ctx, c, h, from, count, known)
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

// newestEvents is what a read from the end of the log has found.
type newestEvents struct {
	first, oldest domain.Position // positions of the newest and the oldest event that were read; 0: none
	own           domain.Position // position of the newest event of the registry; 0: none
	met           bool            // the event at the known position was read before that
	seen          uint64
}

// readNewest reads at most count events backwards. It stops at an event of the registry
// and at the known position.
func readNewest(
	ctx context.Context, c *esdb.Client, h *headCache, from esdb.AllPosition, count uint64, known domain.Position,
) (b newestEvents, err error) {
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
		if h.counts(event.StreamID) {
			b.own = b.oldest
		}
		b.met = b.oldest == known
	}
	return b, nil
}

// counts reports whether the stream is in one of the categories.
func (h *headCache) counts(stream string) bool {
	return slices.ContainsFunc(h.followed(), func(category string) bool { return strings.HasPrefix(stream, category) })
}

func (h *headCache) followed() []string {
	if h.categories == nil {
		return domain.Categories
	}
	return h.categories
}
