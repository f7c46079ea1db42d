package tree

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"math"
	"slices"
	"strings"
	"time"

	"tizilim/domain"
	"tizilim/domain/proof"
	"tizilim/eventstore"
)

const (
	// maxReported is how many findings a report has; the others are counted.
	maxReported = 1000
	// searchAhead is how far the log and the tree are searched for where they agree again.
	searchAhead = 1024
	// paceEvery is after how many events a check with a rate looks at the clock.
	paceEvery = 64
)

// CheckConfig says how a log is checked.
type CheckConfig struct {
	Store   *eventstore.Store
	Public  proof.Public
	Key     proof.Key // of MACs; nil: only the tree is compared
	Witness *Witness  // may be nil
	Rate    int       // events a second; 0: as fast as possible

	Progress func(done, of int64) // may be nil
}

// Report is the result of a check.
type Report struct {
	Events   int64           `json:"events"`  // of the registry's streams, read
	Covered  int64           `json:"covered"` // of them, up to the newest head
	Head     string          `json:"head,omitempty"`
	SignedAt time.Time       `json:"head_signed_at,omitzero"`
	Found    int             `json:"found"`
	Findings []proof.Finding `json:"findings,omitempty"` // the first of them
}

// Sound reports whether nothing was found.
func (r *Report) Sound() bool { return r.Found == 0 }

func (r *Report) add(f proof.Finding) {
	if r.Found++; len(r.Findings) < maxReported {
		r.Findings = append(r.Findings, f)
	}
}

// Check compares the whole log with its tree, event by event, and checks the MAC of each
// event. Events that come meanwhile have their MAC checked only. An error means that it
// could not finish.
func Check(ctx context.Context, c CheckConfig) (r Report, err error) {
	h, err := openHashes("")
	if err != nil {
		return r, err
	}
	defer h.close()
	k := &checking{CheckConfig: c, report: &r, heads: chain{public: c.Public, key: c.Key, hashes: h}, began: time.Now(),
		metadata: map[string]eventstore.RawEvent{}}
	if err := k.run(ctx); err != nil {
		return r, err
	}
	r.Covered, r.Head, r.SignedAt = k.heads.head.Size, k.heads.note, k.heads.head.At
	return r, nil
}

// checking is one check.
type checking struct {
	CheckConfig
	report   *Report
	heads    chain
	of       int64 // events in the tree when the check began
	began    time.Time
	wrong    *proof.Finding                 // about a head; the heads end there
	metadata map[string]eventstore.RawEvent // newest of each stream of the registry
}

func (c *checking) run(ctx context.Context) error {
	var kept proof.Head
	if c.Witness != nil { // before the heads: one may be signed and kept while the check runs
		var err error
		if kept, err = c.Witness.Head(c.Public); err != nil {
			return err
		}
	}
	newest, err := c.newestHead(ctx)
	if err != nil {
		return err
	}
	next, stop := iter.Pull2(c.leaves(ctx, newest))
	defer stop()
	read, end := iter.Pull2(c.events(ctx))
	defer end()
	d := &difference{report: c.report, tree: source[leaf]{next: next}, log: source[stored]{next: read},
		missing: map[domain.EventRef]leaf{}, extra: map[domain.EventRef]stored{}}
	if err := d.run(); err != nil {
		return err
	}
	if c.wrong != nil {
		c.report.add(*c.wrong)
	} else if f := c.heads.contradicts(kept); f != nil {
		c.report.add(*f)
	}
	return c.hidden(ctx)
}

// newestHead returns the revision of the newest head; nil where there is none.
func (c *checking) newestHead(ctx context.Context) (*uint64, error) {
	newest := eventstore.RawRead{Stream: proof.HeadStream, Backwards: true, Limit: 1}
	for e, err := range c.Store.ReadRaw(ctx, newest) {
		if err != nil {
			return nil, err
		}
		if note, _, err := decodeHead(e); err == nil {
			if head, err := c.Public.Open(note); err == nil {
				c.of = head.Size
			}
		}
		return &e.Revision, nil
	}
	return nil, nil
}

// leaves returns the leaves of the heads up to that of the revision.
func (c *checking) leaves(ctx context.Context, newest *uint64) iter.Seq2[leaf, error] {
	return func(yield func(leaf, error) bool) {
		if newest == nil {
			return
		}
		for e, err := range c.Store.ReadRaw(ctx, eventstore.RawRead{Stream: proof.HeadStream}) {
			if err != nil {
				yield(leaf{}, err)
				return
			}
			if e.Revision > *newest {
				return
			}
			leaves, err := c.heads.add(e)
			var wrong *headError
			if errors.As(err, &wrong) {
				c.wrong = &wrong.Finding
				return
			}
			if err != nil {
				yield(leaf{}, err)
				return
			}
			for _, l := range leaves {
				if !yield(l, nil) {
					return
				}
			}
		}
	}
}

// stored is an event of the log.
type stored struct {
	leaf
	forged *proof.Finding // its MAC is wrong
}

// events returns the events that the tree should have, in the order of the log.
func (c *checking) events(ctx context.Context) iter.Seq2[stored, error] {
	return func(yield func(stored, error) bool) {
		for e, err := range c.Store.ReadRaw(ctx, eventstore.RawRead{Stream: eventstore.All}) {
			if err != nil {
				yield(stored{}, err)
				return
			}
			if of, ok := strings.CutPrefix(e.Stream, "$$"); ok && (proof.Covers(of) || of == proof.HeadStream) {
				c.metadata[of] = e
			}
			if e.Revision == math.MaxInt64 && (proof.Covers(e.Stream) || e.Stream == proof.HeadStream) {
				c.metadata[e.Stream] = e
				continue
			}
			if !proof.Covers(e.Stream) {
				continue
			}
			s, err := c.stored(ctx, e)
			if err == nil {
				err = c.pace(ctx)
			}
			if !yield(s, err) || err != nil {
				return
			}
		}
	}
}

func (c *checking) stored(ctx context.Context, e eventstore.RawEvent) (stored, error) {
	s := stored{leaf: leaf{e.Record().Ref(), e.Record().Leaf()}}
	if c.Key == nil {
		return s, nil
	}
	err := c.Store.CheckMAC(ctx, c.Key, e)
	var forged *eventstore.TamperError
	if errors.As(err, &forged) {
		s.forged, err = &forged.Finding, nil
	}
	return s, err
}

// pace counts an event, and waits where the check is faster than its rate.
func (c *checking) pace(ctx context.Context) error {
	c.report.Events++
	if c.report.Events%paceEvery != 0 {
		return nil
	}
	if c.Progress != nil {
		c.Progress(c.report.Events, max(c.of, c.report.Events))
	}
	if c.Rate <= 0 {
		return ctx.Err()
	}
	due := c.began.Add(time.Duration(float64(c.report.Events) / float64(c.Rate) * float64(time.Second)))
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Until(due)):
		return nil
	}
}

// hidden reports the streams whose readers do not see all events.
func (c *checking) hidden(ctx context.Context) error {
	for _, stream := range slices.Sorted(func(yield func(string) bool) {
		for stream := range c.metadata {
			if !yield(stream) {
				return
			}
		}
	}) {
		e := c.metadata[stream]
		f := proof.Finding{Kind: proof.Hidden, Event: domain.EventRef{Stream: stream}}
		switch {
		case e.Revision == math.MaxInt64:
			f.Detail = "the stream was deleted for ever"
		case hides(e.Data):
			first, some, err := c.first(ctx, stream)
			if err != nil {
				return err
			}
			if f.Detail = "the stream was deleted: its readers see no event"; some && first == 0 {
				f.Detail = "the metadata of the stream lets its events vanish"
			} else if some {
				f.Event.Revision, f.Detail = first-1, "the metadata of the stream hides its events up to this one"
			}
		default:
			continue
		}
		c.report.add(f)
	}
	return nil
}

// hides reports whether the metadata of a stream hides events of it, now or later.
func hides(metadata []byte) bool {
	var m map[string]json.RawMessage
	if json.Unmarshal(metadata, &m) != nil {
		return false
	}
	for _, name := range []string{"$tb", "$maxCount", "$maxAge"} {
		if _, ok := m[name]; ok {
			return true
		}
	}
	return false
}

// first returns the revision of the first event that readers of the stream see.
func (c *checking) first(ctx context.Context, stream string) (revision uint64, some bool, err error) {
	for e, err := range c.Store.ReadRaw(ctx, eventstore.RawRead{Stream: stream, Limit: 1}) {
		return e.Revision, err == nil, err
	}
	return 0, false, nil
}

// source is a sequence of which the next elements can be looked at.
type source[T any] struct {
	next  func() (T, error, bool)
	ahead []T
	ended bool
}

// fill reads ahead.
func (s *source[T]) fill() error {
	for !s.ended && len(s.ahead) < searchAhead {
		v, err, ok := s.next()
		if err != nil {
			return err
		}
		if s.ended = !ok; ok {
			s.ahead = append(s.ahead, v)
		}
	}
	return nil
}

func (s *source[T]) pop() T {
	v := s.ahead[0]
	s.ahead = s.ahead[1:]
	return v
}

// difference goes through the tree and the log side by side.
type difference struct {
	report  *Report
	tree    source[leaf]
	log     source[stored]
	missing map[domain.EventRef]leaf   // passed in the tree, not seen in the log
	extra   map[domain.EventRef]stored // passed in the log, not seen in the tree
}

func (d *difference) run() error {
	for {
		if len(d.tree.ahead) == 0 {
			if err := d.tree.fill(); err != nil {
				return err
			}
		}
		if len(d.log.ahead) == 0 {
			if err := d.log.fill(); err != nil {
				return err
			}
		}
		switch {
		case len(d.tree.ahead) == 0 && len(d.log.ahead) == 0:
			d.rest()
			return nil
		case len(d.tree.ahead) == 0:
			d.uncovered(d.log.pop())
		case len(d.log.ahead) == 0:
			l := d.tree.pop()
			if e, ok := d.extra[l.ref]; ok {
				d.moved(l, e)
			} else {
				d.missing[l.ref] = l
			}
		case d.tree.ahead[0].ref == d.log.ahead[0].ref:
			d.same(d.tree.pop(), d.log.pop())
		default:
			if err := d.apart(); err != nil {
				return err
			}
		}
	}
}

// same compares one event in both.
func (d *difference) same(want leaf, got stored) {
	switch {
	case want.hash != got.hash:
		d.report.add(proof.Finding{Kind: proof.Changed, Event: got.ref, Detail: "the event is not the one that the tree has"})
	case got.forged != nil:
		d.report.add(*got.forged)
	}
}

// apart handles the next events where they are not the same.
func (d *difference) apart() error {
	want, got := d.tree.ahead[0], d.log.ahead[0]
	if l, ok := d.missing[got.ref]; ok {
		d.moved(l, d.log.pop())
		return nil
	}
	if e, ok := d.extra[want.ref]; ok {
		d.moved(d.tree.pop(), e)
		return nil
	}
	if err := errors.Join(d.tree.fill(), d.log.fill()); err != nil {
		return err
	}
	inTree := slices.IndexFunc(d.tree.ahead, func(l leaf) bool { return l.ref == got.ref })
	inLog := slices.IndexFunc(d.log.ahead, func(s stored) bool { return s.ref == want.ref })
	if inTree >= 0 && (inLog < 0 || inTree <= inLog) || inTree < 0 && inLog < 0 {
		d.missing[want.ref] = d.tree.pop()
	}
	if inTree < 0 || inLog >= 0 && inLog < inTree {
		d.extra[got.ref] = d.log.pop()
	}
	return nil
}

// moved reports an event that the log has at another place than the tree.
func (d *difference) moved(want leaf, got stored) {
	delete(d.missing, got.ref)
	delete(d.extra, got.ref)
	if want.hash != got.hash {
		d.same(want, got)
	}
	d.report.add(proof.Finding{Kind: proof.Reordered, Event: got.ref,
		Detail: "the log has the event at another place in its order than the tree"})
}

// uncovered handles an event behind the tree.
func (d *difference) uncovered(got stored) {
	if want, ok := d.missing[got.ref]; ok {
		d.moved(want, got)
	} else if got.forged != nil {
		d.report.add(*got.forged)
	}
}

// rest reports what is in one of both only.
func (d *difference) rest() {
	refs := make([]domain.EventRef, 0, len(d.missing)+len(d.extra))
	for ref := range d.missing {
		refs = append(refs, ref)
	}
	for ref := range d.extra {
		refs = append(refs, ref)
	}
	slices.SortFunc(refs, func(a, b domain.EventRef) int { return strings.Compare(a.String(), b.String()) })
	for _, ref := range refs {
		if _, ok := d.missing[ref]; ok {
			d.report.add(proof.Finding{Kind: proof.Removed, Event: ref, Detail: "the tree has the event and the log does not"})
			continue
		}
		f := proof.Finding{Kind: proof.Forged, Event: ref, Detail: "the log has the event and the tree does not"}
		if e := d.extra[ref]; e.forged != nil {
			f = *e.forged
		}
		d.report.add(f)
	}
}
