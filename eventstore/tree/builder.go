package tree

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"tizilim/domain/proof"
	"tizilim/eventstore"
)

const (
	// headEvents is how many events a head adds at most. An event of 500 leaves has
	// some 50 KiB.
	headEvents = 500
	// headAfter is how long an event waits for a head while there are fewer.
	headAfter = 2 * time.Second
	// lookEvery is how often the log is looked at.
	lookEvery = 500 * time.Millisecond
	// tellEvery is how often the same failure is logged.
	tellEvery = time.Minute
)

// Builder appends signed heads to the log. Any number of processes may run one.
type Builder struct {
	tree   *Tree
	store  *eventstore.Store
	signer *proof.Signer
	now    func() time.Time
	logger *slog.Logger

	at      *uint64   // position of the last event that was read; nil: not known
	waiting []leaf    // read, and in no head
	base    int64     // size of the tree that they follow
	since   time.Time // when the first of them was read
}

// NewBuilder returns a builder of the tree, whose store must write MACs by the tree's key.
func NewBuilder(t *Tree, signer *proof.Signer, now func() time.Time, logger *slog.Logger) *Builder {
	return &Builder{tree: t, store: t.store, signer: signer, now: now, logger: logger}
}

// Run builds until ctx ends. It waits out whatever goes wrong.
func (b *Builder) Run(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var told time.Time
	for {
		more, err := b.step(ctx)
		if err != nil && ctx.Err() == nil && time.Since(told) > tellEvery {
			told = time.Now()
			b.logger.Warn("the proof of the log stands still", "error", err)
		}
		if more && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Begin appends the first head, of no events, to a log that has none. Every event after
// it must have a MAC.
func (b *Builder) Begin(ctx context.Context) error {
	if err := b.sync(ctx); err != nil {
		return err
	}
	if _, note := b.tree.Head(); note != "" {
		return nil
	}
	return b.appendHead(ctx, nil)
}

// Flush appends a head that covers all that the log holds now.
func (b *Builder) Flush(ctx context.Context) error {
	for {
		if err := b.Begin(ctx); err != nil {
			return err
		}
		if err := b.read(ctx); err != nil {
			return err
		}
		if len(b.waiting) == 0 {
			return nil
		}
		if err := b.appendHead(ctx, b.waiting); err != nil {
			return err
		}
	}
}

// step reads on, and appends a head where one is due. more says that the log may hold
// more.
func (b *Builder) step(ctx context.Context) (more bool, err error) {
	if err := b.Begin(ctx); err != nil {
		return false, err
	}
	if err := b.read(ctx); err != nil {
		return false, err
	}
	full := len(b.waiting) >= headEvents
	if !full && (len(b.waiting) == 0 || b.now().Sub(b.since) < headAfter) {
		return false, nil
	}
	return full, b.appendHead(ctx, b.waiting)
}

// sync reads the heads, and forgets the events that they cover.
func (b *Builder) sync(ctx context.Context) error {
	if err := b.tree.Sync(ctx); err != nil {
		return err
	}
	b.tree.mu.RLock()
	size, last := b.tree.chain.head.Size, b.tree.chain.last
	b.tree.mu.RUnlock()
	switch covered := size - b.base; {
	case covered == 0:
		return nil
	case covered > 0 && covered <= int64(len(b.waiting)) && b.waiting[covered-1].ref == last:
		b.waiting = b.waiting[covered:]
	default: // another builder was ahead
		b.waiting, b.at = nil, nil
	}
	b.base, b.since = size, b.now()
	return nil
}

// read reads events of the log until a head is full.
func (b *Builder) read(ctx context.Context) error {
	if b.at == nil && b.base > 0 {
		b.tree.mu.RLock()
		last := b.tree.chain.last
		b.tree.mu.RUnlock()
		e, err := b.tree.event(ctx, last)
		if errors.Is(err, errNotInTree) {
			return b.tree.breaks(proof.Finding{Kind: proof.Removed, Event: last,
				Detail: "the tree has the event and the log does not"})
		}
		if err != nil {
			return err
		}
		b.at = (*uint64)(&e.Position)
	}
	for len(b.waiting) < headEvents {
		limit := uint64(headEvents - len(b.waiting) + 1)
		read := uint64(0)
		for e, err := range b.store.ReadRaw(ctx, eventstore.RawRead{Stream: eventstore.All, From: b.at, Limit: limit}) {
			if err != nil {
				return err
			}
			read++
			if b.at != nil && uint64(e.Position) <= *b.at {
				continue
			}
			if err := b.add(ctx, e); err != nil {
				return err
			}
			b.at = (*uint64)(&e.Position)
		}
		if read < limit {
			return nil
		}
	}
	return nil
}

// add takes the event up, unless it is forged: the tree has only what the registry has
// written.
func (b *Builder) add(ctx context.Context, e eventstore.RawEvent) error {
	if !proof.Covers(e.Stream) || e.Revision == math.MaxInt64 {
		return nil
	}
	err := b.store.CheckMAC(ctx, b.tree.chain.key, e)
	var forged *eventstore.TamperError
	if errors.As(err, &forged) {
		b.store.Report(forged.Finding)
		return nil
	}
	if err != nil {
		return err
	}
	if len(b.waiting) == 0 {
		b.since = b.now()
	}
	b.waiting = append(b.waiting, leaf{e.Record().Ref(), e.Record().Leaf()})
	return nil
}

// appendHead signs and appends the head that adds the leaves. Where another builder was
// first, it leaves it to that one.
func (b *Builder) appendHead(ctx context.Context, leaves []leaf) error {
	leaves = leaves[:min(len(leaves), headEvents)]
	b.tree.mu.RLock()
	next, size := b.tree.chain.next, b.tree.chain.head.Size
	_, root, err := b.tree.chain.hashes.grown(size, leaves)
	b.tree.mu.RUnlock()
	if err != nil {
		return err
	}
	head := proof.Head{Size: size + int64(len(leaves)), Root: root, At: b.now().UTC().Truncate(time.Second)}
	note, err := b.signer.Sign(head)
	if err != nil {
		return fmt.Errorf("sign a head: %w", err)
	}
	e, err := newHeadEvent(note, leaves)
	if err != nil {
		return err
	}
	expected := eventstore.Expected(next) - 1
	e = b.store.MarkRaw(proof.HeadStream, uint64(next), e)
	_, _, err = b.store.AppendRaw(ctx, proof.HeadStream, expected, []eventstore.RawEvent{e})
	var moved *eventstore.RevisionError
	if err != nil && !errors.As(err, &moved) {
		return fmt.Errorf("append a head: %w", err)
	}
	return b.sync(ctx)
}
