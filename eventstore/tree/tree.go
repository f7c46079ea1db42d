package tree

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sort"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"tizilim/domain"
	"tizilim/domain/proof"
	"tizilim/eventstore"
)

// Tree is the tree of one log, as far as this process has read its heads. It is safe for
// concurrent use.
type Tree struct {
	store   *eventstore.Store
	witness *Witness // nil: none is kept

	syncing sync.Mutex // held while heads are read
	loaded  bool       // the heads were read once; guarded by syncing

	mu     sync.RWMutex // guards the following
	chain  chain
	marks  []mark // of the heads
	broken error  // why no further head is taken; a [*headError]
	missed bool   // broken is only that the witness knows of a head that the log lacks
}

// mark is what is kept of a head in memory.
type mark struct {
	size int64           // of the tree
	last domain.Position // of the head's last leaf, in this log; 0: not looked up
}

// Config is what a tree is made of.
type Config struct {
	Store   *eventstore.Store
	Public  proof.Public
	Key     proof.Key // of MACs; nil: those of heads are not checked
	Dir     string    // of the file with the hashes; "": that of temporary files
	Witness *Witness  // may be nil
}

// Open returns a tree that has read no head yet; [Tree.Sync] reads them.
func Open(c Config) (*Tree, error) {
	h, err := openHashes(c.Dir)
	if err != nil {
		return nil, err
	}
	return &Tree{
		store: c.Store, witness: c.Witness, chain: chain{public: c.Public, key: c.Key, hashes: h},
	}, nil
}

// Close frees the file.
func (t *Tree) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.chain.hashes.close()
}

// Public is the key by which the heads are checked.
func (t *Tree) Public() proof.Public { return t.chain.public }

// Head returns the newest head that was read, and its signed note; "" where there is
// none.
func (t *Tree) Head() (proof.Head, string) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.chain.head, t.chain.note
}

// Sync reads the heads that the log has gained. A head that is wrong, missing, or older
// than the witness is reported to the store, and is an error of this call and all
// later ones: what was read before stays.
func (t *Tree) Sync(ctx context.Context) error {
	t.syncing.Lock()
	defer t.syncing.Unlock()
	t.mu.RLock()
	next, newest, broken, missed := t.chain.next, t.chain.note, t.broken, t.missed
	t.mu.RUnlock()
	if broken != nil && !missed { // a head that the witness misses may still come
		return broken
	}
	from := next
	if next > 0 {
		from-- // the newest one must still be there
	}
	met := next == 0
	for e, err := range t.store.ReadRaw(ctx, eventstore.RawRead{Stream: proof.HeadStream, From: &from}) {
		if err != nil {
			return err
		}
		if !met {
			if note, _, err := decodeHead(e); e.Revision != from || err != nil || note != newest {
				return t.breaks(badHead(from, "the newest head was removed or changed"))
			}
			met = true
			continue
		}
		if err := t.take(e); err != nil {
			return err
		}
	}
	if !met {
		return t.breaks(badHead(from, "the heads were removed"))
	}
	return t.bearWitness()
}

// badHead is the finding about the head of the revision.
func badHead(revision uint64, detail string) proof.Finding {
	return proof.Finding{
		Kind: proof.BadHead, Event: domain.EventRef{Stream: proof.HeadStream, Revision: revision}, Detail: detail,
	}
}

// take adds a head.
func (t *Tree) take(e eventstore.RawEvent) error {
	t.mu.Lock()
	_, err := t.chain.add(e)
	if err == nil {
		t.marks = append(t.marks, mark{size: t.chain.head.Size})
	}
	t.mu.Unlock()
	var wrong *headError
	if errors.As(err, &wrong) {
		return t.breaks(wrong.Finding)
	}
	if err == nil {
		t.store.RequireMACs()
	}
	return err
}

// breaks reports the finding and ends the tree there.
func (t *Tree) breaks(f proof.Finding) error {
	t.store.Report(f)
	t.store.RequireMACs()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.broken, t.missed = &headError{f}, false
	return t.broken
}

// goesOn takes back what was found by the witness: an operator has put it away, or the log has
// the head that it missed, as where another log stood in its place for a while.
func (t *Tree) goesOn() {
	t.mu.Lock()
	defer t.mu.Unlock()
	var lost *headError
	if errors.As(t.broken, &lost) {
		t.store.Retract(lost.Finding)
	}
	t.broken, t.missed = nil, false
}

// Lacks compares the newest head that was read with the witness. It returns the head that the
// log lacks, as its note; "" where it lacks none.
func (t *Tree) Lacks(w *Witness) (kept proof.Head, note string, err error) {
	if kept, err = w.Head(t.chain.public); err != nil || t.contradicts(kept) == nil {
		return kept, "", err
	}
	text, err := os.ReadFile(w.path)
	return kept, string(text), err
}

// bearWitness compares the tree with the witness, the first time, and shows it the newest
// head.
func (t *Tree) bearWitness() error {
	if t.witness == nil {
		t.loaded = true
		return nil
	}
	if !t.loaded {
		kept, err := t.witness.Head(t.chain.public)
		if err != nil {
			return err
		}
		f := t.contradicts(kept)
		t.mu.RLock()
		missed, broken := t.missed, t.broken
		t.mu.RUnlock()
		switch {
		case f != nil && missed:
			return broken
		case f != nil:
			err := t.breaks(*f)
			t.mu.Lock()
			t.missed = true
			t.mu.Unlock()
			return err
		case missed:
			t.goesOn()
		}
		t.loaded = true
	}
	head, note := t.Head()
	return t.witness.keep(head, note)
}

// contradicts returns what is wrong where the tree does not go on from the head.
func (t *Tree) contradicts(kept proof.Head) *proof.Finding {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.chain.contradicts(kept)
}

func (c *chain) contradicts(kept proof.Head) *proof.Finding {
	if kept.At.IsZero() {
		return nil
	}
	f := proof.Finding{Kind: proof.CutOff, Event: domain.EventRef{Stream: proof.HeadStream, Revision: max(c.next, 1) - 1}}
	if c.note == "" || c.head.Size < kept.Size {
		f.Detail = fmt.Sprintf("the tree of the log has %d events, and a head of %d events was signed at %s",
			c.head.Size, kept.Size, kept.At.Format("2006-01-02 15:04:05Z"))
		return &f
	}
	if root, err := tlog.TreeHash(kept.Size, c.hashes); err != nil || root != kept.Root {
		f.Kind = proof.BadHead
		f.Detail = fmt.Sprintf("the tree of the log does not go on from the head of %d events that was signed at %s",
			kept.Size, kept.At.Format("2006-01-02 15:04:05Z"))
		return &f
	}
	return nil
}

// Inclusion proves that the event is in the log. The proof leads to the newest head.
//
// Errors: [domain.CodeEventUnknown] where the log or the tree does not have the event;
// [domain.CodeProofPending] where no head covers it yet.
func (t *Tree) Inclusion(ctx context.Context, ref domain.EventRef) (p proof.Inclusion, err error) {
	e, err := t.event(ctx, ref)
	if err != nil {
		return p, err
	}
	return t.prove(ctx, e)
}

// First proves that the event is in the log, as [Tree.Inclusion] does, but by the first
// head that covers it. So the proof of an event stays the same.
func (t *Tree) First(ctx context.Context, ref domain.EventRef) (p proof.Inclusion, err error) {
	e, err := t.event(ctx, ref)
	if err != nil {
		return p, err
	}
	at, err := t.find(ctx, e)
	if err != nil {
		return p, err
	}
	note, _, err := t.headAt(ctx, at.head)
	if err != nil {
		return p, err
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.inclusion(ref, at, t.marks[at.head].size, note)
}

// Evidence returns the stored event with its proof; without one while no head covers
// it. Error: [domain.CodeEventUnknown].
func (t *Tree) Evidence(ctx context.Context, ref domain.EventRef) (proof.Evidence, error) {
	e, err := t.event(ctx, ref)
	if err != nil {
		return proof.Evidence{}, err
	}
	p, err := t.prove(ctx, e)
	if domain.CodeOf(err) == domain.CodeProofPending {
		return proof.EvidenceOf(e.Record(), nil), nil
	}
	return proof.EvidenceOf(e.Record(), &p), err
}

// prove proves that the stored event is in the tree.
func (t *Tree) prove(ctx context.Context, e eventstore.RawEvent) (p proof.Inclusion, err error) {
	at, err := t.find(ctx, e)
	if err != nil {
		return p, err
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.inclusion(e.Record().Ref(), at, t.chain.head.Size, t.chain.note)
}

// inclusion proves that the leaf is in the tree of the size, whose head is the note. The
// caller holds t.mu.
func (t *Tree) inclusion(ref domain.EventRef, at placed, size int64, note string) (p proof.Inclusion, err error) {
	p = proof.Inclusion{Event: ref, Leaf: at.hash, Index: at.index, Head: note}
	hashes, err := tlog.ProveRecord(size, at.index, t.chain.hashes)
	p.Hashes = append([]tlog.Hash{}, hashes...) // an empty list is written as one
	return p, err
}

// placed is a leaf and its number.
type placed struct {
	leaf
	index int64
	head  int // number of the head that added it
}

// find returns the leaf of the event. Leaves stand in the order of the log, so the head
// that has it is found by halving.
func (t *Tree) find(ctx context.Context, e eventstore.RawEvent) (at placed, err error) {
	t.mu.RLock()
	heads := len(t.marks)
	t.mu.RUnlock()
	n := sort.Search(heads, func(i int) bool {
		if err != nil {
			return true
		}
		var last domain.Position
		last, err = t.lastOf(ctx, i)
		return last >= e.Position
	})
	if err != nil {
		return at, err
	}
	if n == heads {
		return at, domain.Refuse(domain.Unavailable, domain.CodeProofPending,
			"no signed head covers this event yet; a head follows within seconds, so ask again")
	}
	_, leaves, err := t.headAt(ctx, n)
	if err != nil {
		return at, err
	}
	for i, l := range leaves {
		if l.ref == e.Record().Ref() {
			t.mu.RLock()
			defer t.mu.RUnlock()
			return placed{l, t.marks[n].size - int64(len(leaves)) + int64(i), n}, nil
		}
	}
	return at, errNotInTree
}

var errNotInTree = domain.Refuse(domain.NotFound, domain.CodeEventUnknown,
	"the proven log has no such event; write it as stream@revision, as the history shows it")

// event reads the stored event.
func (t *Tree) event(ctx context.Context, ref domain.EventRef) (e eventstore.RawEvent, err error) {
	if !proof.Covers(ref.Stream) {
		return e, errNotInTree
	}
	for e, err := range t.store.ReadRaw(ctx, eventstore.RawRead{Stream: ref.Stream, From: &ref.Revision, Limit: 1}) {
		if err != nil {
			return e, err
		}
		if e.Revision == ref.Revision {
			return e, nil
		}
	}
	return e, errNotInTree
}

// lastOf returns the position of the last leaf of the tree at the head with the number,
// in this log; 0 of a tree without leaves.
func (t *Tree) lastOf(ctx context.Context, head int) (domain.Position, error) {
	t.mu.RLock()
	m := t.marks[head]
	t.mu.RUnlock()
	if m.last > 0 || m.size == 0 {
		return m.last, nil
	}
	_, leaves, err := t.headAt(ctx, head)
	if err != nil || len(leaves) == 0 {
		return 0, err
	}
	e, err := t.event(ctx, leaves[len(leaves)-1].ref)
	if err != nil {
		return 0, err
	}
	t.mu.Lock()
	t.marks[head].last = e.Position
	t.mu.Unlock()
	return e.Position, nil
}

// headAt reads the note of the head with the number, and the leaves that it has added.
func (t *Tree) headAt(ctx context.Context, head int) (note string, leaves []leaf, err error) {
	from := uint64(head)
	for e, err := range t.store.ReadRaw(ctx, eventstore.RawRead{Stream: proof.HeadStream, From: &from, Limit: 1}) {
		if err != nil {
			return "", nil, err
		}
		return decodeHead(e)
	}
	return "", nil, fmt.Errorf("the head %d is not in the log", head)
}

// Consistency proves that the tree of the size to goes on from that of the size from;
// to 0 stands for the newest head. Error: [domain.CodeHeadUnknown] for sizes of no tree.
func (t *Tree) Consistency(from, to int64) (c proof.Consistency, err error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	size := t.chain.head.Size
	if to == 0 {
		to = size
	}
	if from < 1 || from > to || to > size {
		return c, domain.Refuse(domain.NotFound, domain.CodeHeadUnknown,
			"there is no proof between these sizes: from is at least 1, to at least from, and the newest head has %d", size)
	}
	c = proof.Consistency{From: from, To: to}
	hashes, err := tlog.ProveTree(to, from, t.chain.hashes)
	c.Hashes = append([]tlog.Hash{}, hashes...)
	return c, err
}
