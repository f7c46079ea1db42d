package tree_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/proof"
	"tizilim/eventstore"
)

func noteIn(t testing.TB, e eventstore.RawEvent) string {
	t.Helper()
	var stored struct{ Note string }
	must(t, json.Unmarshal(e.Data, &stored))
	return stored.Note
}

func jsonText(t testing.TB, s string) string {
	t.Helper()
	text, err := json.Marshal(s)
	must(t, err)
	return string(text)
}

func TestEveryEventIsProvenByTheNewestHead(t *testing.T) {
	w := open(t, t.TempDir())
	w.fill()
	own, public := w.tree(), newSigner(t, 1).Public()
	must(t, own.Sync(t.Context()))
	for _, stream := range []string{first.Stream(), second.Stream(), "access-" + person.String()} {
		for _, e := range w.raw(stream) {
			p, err := own.Inclusion(t.Context(), e.Record().Ref())
			must(t, err)
			head, err := p.Check(public)
			if err != nil || head.Size != 12 || p.Leaf != e.Record().Leaf() {
				t.Errorf("%s@%d: %v, %+v", stream, e.Revision, err, head)
			}
		}
	}
	for _, absent := range []domain.EventRef{
		{Stream: first.Stream(), Revision: 4}, {Stream: proof.HeadStream}, {Stream: "queue-unknown"},
	} {
		if _, err := own.Inclusion(t.Context(), absent); domain.CodeOf(err) != domain.CodeEventUnknown {
			t.Errorf("%s: %v", absent, err)
		}
	}
	w.append(first.Stream(), 3, "first 4")
	_, err := own.Inclusion(t.Context(), domain.EventRef{Stream: first.Stream(), Revision: 4})
	if domain.CodeOf(err) != domain.CodeProofPending {
		t.Errorf("an event without a head: %v", err)
	}
}

func TestEveryHeadGoesOnFromTheOnesBefore(t *testing.T) {
	w := open(t, t.TempDir())
	w.fill()
	own, public := w.tree(), newSigner(t, 1).Public()
	must(t, own.Sync(t.Context()))
	var heads []proof.Head
	for _, e := range w.raw(proof.HeadStream) {
		head, err := public.Open(noteIn(t, e))
		must(t, err)
		heads = append(heads, head)
	}
	if len(heads) != 4 || heads[0].Size != 0 || heads[3].Size != 12 {
		t.Fatalf("heads %+v", heads)
	}
	for _, head := range heads[1:] {
		c, err := own.Consistency(head.Size, 0)
		must(t, err)
		if err := c.Check(head, heads[3]); err != nil {
			t.Error(err)
		}
	}
	for _, sizes := range [][2]int64{{0, 12}, {3, 2}, {3, 13}, {-1, 0}} {
		if _, err := own.Consistency(sizes[0], sizes[1]); domain.CodeOf(err) != domain.CodeHeadUnknown {
			t.Errorf("%v: %v", sizes, err)
		}
	}
}

func TestBuildersAtTheSameTimeMakeOneTree(t *testing.T) {
	w := open(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	for range 3 {
		running.Go(func() { w.builder(w.tree()).Run(ctx) })
	}
	for i := range 30 {
		w.append(first.Stream(), i-1, fmt.Sprint(i))
	}
	reader := w.tree()
	deadline := time.Now().Add(30 * time.Second)
	for head := (proof.Head{}); head.Size < 30; head, _ = reader.Head() {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain for a head of 30 events")
		}
		must(t, reader.Sync(t.Context()))
		select {
		case <-time.After(20 * time.Millisecond):
		case <-t.Context().Done():
		}
	}
	cancel()
	running.Wait()
	if r := w.check(); !r.Sound() || r.Covered != 30 {
		t.Errorf("%+v", r)
	}
}

func TestAForgedEventIsNotInTheTree(t *testing.T) {
	w := open(t, t.TempDir())
	w.fill()
	e := w.copied(first.Stream(), 3)
	w.write(first.Stream(), 3, e)
	w.append(second.Stream(), 3, "other 4")
	own := w.flush()
	if head, _ := own.Head(); head.Size != 13 {
		t.Errorf("%d events in the tree", head.Size)
	}
	if len(w.registry.Findings()) != 1 {
		t.Errorf("found %v", w.registry.Findings())
	}
	_, err := own.Inclusion(t.Context(), domain.EventRef{Stream: first.Stream(), Revision: 4})
	if domain.CodeOf(err) != domain.CodeEventUnknown {
		t.Errorf("the forged event: %v", err)
	}
}

func TestEventsFromBeforeMACsAreCovered(t *testing.T) {
	w := open(t, t.TempDir())
	plain := *w
	plain.registry = w.intruder
	plain.append(first.Stream(), -1, "before 0")
	plain.append(first.Stream(), 0, "before 1")
	w.flush()
	w.append(first.Stream(), 1, "first 2")
	if own := w.flush(); true {
		if head, _ := own.Head(); head.Size != 3 {
			t.Errorf("%d events in the tree", head.Size)
		}
	}
	if r := w.check(); !r.Sound() {
		t.Errorf("%+v", r)
	}
}

func TestATreeStopsAtAHeadThatIsGone(t *testing.T) {
	w := open(t, t.TempDir())
	w.fill()
	own := w.tree()
	must(t, own.Sync(t.Context()))
	w.delete(proof.HeadStream)
	if err := own.Sync(t.Context()); err == nil {
		t.Error("the tree does not notice that its heads are gone")
	}
	if err := w.builder(own).Flush(t.Context()); err == nil {
		t.Error("a builder begins anew")
	}
	fresh := w.tree() // another process, which has only the witness
	if err := fresh.Sync(t.Context()); err == nil {
		t.Error("a process that starts does not notice that the heads are gone")
	}
	if found := w.registry.Findings(); len(found) == 0 {
		t.Error("nothing was reported")
	}
	if head, _ := own.Head(); head.Size != 12 {
		t.Errorf("the tree has forgotten its %d events", head.Size)
	}
}

// emptied returns a log of 12 events, and an empty one whose witness knows that log.
func emptied(t *testing.T) (own, w *world) {
	t.Helper()
	own, w = open(t, t.TempDir()), open(t, t.TempDir())
	own.fill()
	kept, err := os.ReadFile(filepath.Join(own.dir, "log.head"))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(w.dir, "log.head"), kept, 0o600))
	return own, w
}

func (w *world) copyTo(other *world) {
	w.t.Helper()
	silent := func(eventstore.CopyPhase, domain.Position, domain.Position) {}
	_, err := eventstore.CopyLog(w.t.Context(), w.intruder, other.intruder, silent)
	must(w.t, err)
}

// TestATreeGoesOnWhenTheLogHasTheMissingHeadAgain: an empty log stood in place of the true one
// for a while. What was found is taken back, and a builder appends nothing meanwhile.
func TestATreeGoesOnWhenTheLogHasTheMissingHeadAgain(t *testing.T) {
	own, w := emptied(t)
	tr := w.tree()
	for range 2 {
		if err := w.builder(tr).Flush(t.Context()); err == nil || len(w.registry.Findings()) != 1 {
			t.Fatalf("the head that is missing: %v, %v", err, w.registry.Findings())
		}
	}
	own.copyTo(w)
	must(t, w.builder(tr).Flush(t.Context()))
	if found := w.registry.Findings(); len(found) > 0 {
		t.Errorf("the log has the head again, and there is still %v", found)
	}
	if head, _ := tr.Head(); head.Size != 12 {
		t.Errorf("the tree has %d events", head.Size)
	}
}

// TestATreeThatGrowsIntoAnotherOneIsStillWrong: a log that was cut off and goes on differently.
func TestATreeThatGrowsIntoAnotherOneIsStillWrong(t *testing.T) {
	_, w := emptied(t)
	tr := w.tree()
	if err := tr.Sync(t.Context()); err == nil {
		t.Fatal("the missing head is not noticed")
	}
	other := open(t, t.TempDir())
	for i := range 20 {
		other.append(first.Stream(), i-1, fmt.Sprintf("forged %d", i))
	}
	other.flush()
	other.copyTo(w)
	if err := tr.Sync(t.Context()); err == nil || len(w.registry.Findings()) == 0 {
		t.Errorf("the log goes on from another head: %v, %v", err, w.registry.Findings())
	}
}

func TestABuilderThatBeginsNamesTheEventThatTheLogLost(t *testing.T) {
	w := open(t, t.TempDir())
	w.fill()
	entries := w.raw("access-" + person.String())
	last := entries[len(entries)-1] // of the whole log
	w = w.rewrite(func(f files) { f.remove(last) })
	if err := w.builder(w.tree()).Flush(t.Context()); err == nil {
		t.Error("it goes on")
	}
	want := proof.Removed
	if found := w.registry.Findings(); len(found) != 1 || found[0].Kind != want || found[0].Event != last.Record().Ref() {
		t.Errorf("it finds %v, want %s %s", found, want, last.Record().Ref())
	}
}

// TestAHeadAddsAtMost500Events, so that it fits into one event, also where more wait.
func TestAHeadAddsAtMost500Events(t *testing.T) {
	w := open(t, t.TempDir())
	const events = 501
	for i := range events {
		w.append(first.Stream(), i-1, fmt.Sprint(i))
	}
	head, _ := w.flush().Head()
	var sizes []int64
	for _, e := range w.raw(proof.HeadStream) {
		h, err := newSigner(t, 1).Public().Open(noteIn(t, e))
		must(t, err)
		sizes = append(sizes, h.Size)
	}
	if head.Size != events || !slices.Equal(sizes, []int64{0, 500, events}) {
		t.Errorf("heads of %v events", sizes)
	}
}

// TestAnEventWithoutAMACIsRefusedWhateverBecomesOfTheHeads: who removes the heads cannot make
// a log of it that is older than its MACs.
func TestAnEventWithoutAMACIsRefusedWhateverBecomesOfTheHeads(t *testing.T) {
	w := open(t, t.TempDir())
	w.append(first.Stream(), -1, "first 0")
	w.flush()
	bare := w.raw(first.Stream())[0]
	bare.ID, bare.Metadata = uuid.New(), []byte(strings.Split(string(bare.Metadata), `,"mac"`)[0]+"}")
	w.delete(proof.HeadStream)
	w.write(first.Stream(), 0, bare)
	for rec, err := range w.registry.Read(t.Context(), first.Stream(), 1) {
		var forged *eventstore.TamperError
		if !errors.As(err, &forged) {
			t.Errorf("it is read as %+v, %v", rec, err)
		}
	}
}
