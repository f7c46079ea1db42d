package tree_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"
	"go.uber.org/goleak"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/domain/housing"
	"tizilim/domain/proof"
	"tizilim/eventstore"
	"tizilim/eventstore/embedded"
	"tizilim/eventstore/tree"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	quiet  = slog.New(slog.NewTextHandler(io.Discard, nil))
	macKey = proof.Key("a key that no registry in use has")
	first  = domain.ListID{UUID: uuid.MustParse("11111111-1111-4111-8111-111111111111")}
	second = domain.ListID{UUID: uuid.MustParse("22222222-2222-4222-8222-222222222222")}
	person = domain.PersonID{UUID: uuid.MustParse("33333333-3333-4333-8333-333333333333")}
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newSigner(t testing.TB, seed byte) *proof.Signer {
	t.Helper()
	s, err := proof.NewSigner("tizilim", bytes.Repeat([]byte{seed}, 32))
	must(t, err)
	return s
}

// world is a store in a directory, served until the test ends or it is closed.
type world struct {
	t        testing.TB
	dir      string
	node     *embedded.Node
	registry *eventstore.Store // has the keys
	intruder *eventstore.Store // has none
	trees    []*tree.Tree
}

func open(t testing.TB, dir string) *world {
	t.Helper()
	w := &world{t: t, dir: dir}
	var err error
	w.node, err = embedded.Open(filepath.Join(dir, "eventstore"), embedded.WithLogger(quiet))
	must(t, err)
	must(t, w.node.Start("127.0.0.1:0"))
	w.registry, err = eventstore.Open(w.node.ConnectionString(), quiet, eventstore.WithIntegrity(macKey))
	must(t, err)
	w.intruder, err = eventstore.Open(w.node.ConnectionString(), quiet)
	must(t, err)
	t.Cleanup(w.close)
	return w
}

func (w *world) close() {
	for _, t := range w.trees {
		_ = t.Close()
	}
	_, _ = w.registry.Close(), w.intruder.Close()
	_ = w.node.Close()
	w.trees = nil
}

func (w *world) witness() *tree.Witness { return tree.NewWitness(filepath.Join(w.dir, "log.head")) }

// tree opens a tree of the log.
func (w *world) tree() *tree.Tree {
	w.t.Helper()
	t, err := tree.Open(tree.Config{
		Store: w.registry, Public: newSigner(w.t, 1).Public(), Key: macKey, Dir: w.dir, Witness: w.witness(),
	})
	must(w.t, err)
	w.trees = append(w.trees, t)
	return t
}

func (w *world) builder(t *tree.Tree) *tree.Builder {
	return tree.NewBuilder(t, newSigner(w.t, 1), time.Now, quiet)
}

// flush has a head cover all that the log holds.
func (w *world) flush() *tree.Tree {
	w.t.Helper()
	t := w.tree()
	must(w.t, w.builder(t).Flush(w.t.Context()))
	return t
}

func (w *world) append(stream string, expected int, title string) {
	w.t.Helper()
	id := uuid.NewSHA1(uuid.NameSpaceOID, []byte(stream+title))
	_, err := w.registry.Append(w.t.Context(), stream, eventstore.Expected(expected), []eventstore.NewEvent{{
		ID: id, Event: housing.ListOpened{ListID: first, Title: title, OpenedAt: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)},
		Meta: domain.Meta{Correlation: id, Causation: domain.CommandID{UUID: id}, Actor: "desk", Role: domain.RoleCommission},
	}})
	must(w.t, err)
}

func (w *world) look(reader string) {
	w.t.Helper()
	must(w.t, w.registry.RecordAccess(w.t.Context(), domain.DeriveID(person.UUID, reader), accesslog.PersonalDataRead{
		PersonID: person, Reader: reader, Role: domain.RoleOperator, Operation: "get-case", Purpose: accesslog.Service,
		ReadAt: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
	}, domain.Meta{Actor: reader, Role: domain.RoleOperator}))
}

// fill appends to two lists and an access log, with several heads between.
func (w *world) fill() {
	w.t.Helper()
	for i := range 4 {
		w.append(first.Stream(), i-1, fmt.Sprintf("first %d", i))
		w.append(second.Stream(), i-1, fmt.Sprintf("other %d", i))
		w.look(fmt.Sprintf("desk-%d", i))
		if i%2 == 0 {
			w.flush()
		}
	}
	w.flush()
}

// raw reads a stream as it is stored.
func (w *world) raw(stream string) (events []eventstore.RawEvent) {
	w.t.Helper()
	for e, err := range w.intruder.ReadRaw(w.t.Context(), eventstore.RawRead{Stream: stream}) {
		must(w.t, err)
		events = append(events, e)
	}
	return events
}

func (w *world) write(stream string, expected int, events ...eventstore.RawEvent) {
	w.t.Helper()
	_, _, err := w.intruder.AppendRaw(w.t.Context(), stream, eventstore.Expected(expected), events)
	must(w.t, err)
}

// delete deletes a stream softly, as any client of the store can.
func (w *world) delete(stream string) {
	w.t.Helper()
	w.asClient(func(client *esdb.Client) error {
		_, err := client.DeleteStream(w.t.Context(), stream, esdb.DeleteStreamOptions{ExpectedRevision: esdb.Any{}})
		return err
	})
}

// tombstone deletes a stream for ever.
func (w *world) tombstone(stream string) {
	w.t.Helper()
	w.asClient(func(client *esdb.Client) error {
		_, err := client.TombstoneStream(w.t.Context(), stream, esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Any{}})
		return err
	})
}

func (w *world) asClient(do func(*esdb.Client) error) {
	w.t.Helper()
	config, err := esdb.ParseConnectionString(w.node.ConnectionString())
	must(w.t, err)
	config.Logger = func(esdb.LogLevel, string, ...any) {}
	client, err := esdb.NewClient(config)
	must(w.t, err)
	defer client.Close()
	must(w.t, do(client))
}

func (w *world) check() tree.Report {
	w.t.Helper()
	r, err := tree.Check(w.t.Context(), tree.CheckConfig{
		Store: w.registry, Public: newSigner(w.t, 1).Public(), Key: macKey, Witness: w.witness(),
	})
	must(w.t, err)
	return r
}

// files is the database of a store that nobody serves.
type files struct {
	t  testing.TB
	db *pebble.DB
}

// rewrite changes the files of the store while it is closed, and serves it again.
func (w *world) rewrite(change func(files)) *world {
	w.t.Helper()
	w.close()
	db, err := pebble.Open(filepath.Join(w.dir, "eventstore"), &pebble.Options{FormatMajorVersion: pebble.FormatNewest})
	must(w.t, err)
	change(files{w.t, db})
	must(w.t, db.Close())
	return open(w.t, w.dir)
}

func (f files) get(key []byte) []byte {
	f.t.Helper()
	value, closer, err := f.db.Get(key)
	must(f.t, err)
	defer closer.Close()
	return bytes.Clone(value)
}

func (f files) set(key, value []byte) {
	f.t.Helper()
	must(f.t, f.db.Set(key, value, pebble.Sync))
}

func recordKey(e eventstore.RawEvent) []byte {
	return binary.BigEndian.AppendUint64([]byte{'e'}, uint64(e.Position))
}

// indexKeys returns the keys of the index of streams that lead to the event.
func (f files) indexKeys(e eventstore.RawEvent) (keys [][]byte) {
	f.t.Helper()
	all, err := f.db.NewIter(&pebble.IterOptions{LowerBound: []byte{'r'}, UpperBound: []byte{'s'}})
	must(f.t, err)
	defer all.Close()
	for ok := all.First(); ok; ok = all.Next() {
		if binary.BigEndian.Uint64(all.Value()) == uint64(e.Position) {
			keys = append(keys, bytes.Clone(all.Key()))
		}
	}
	return keys
}

// remove removes an event.
func (f files) remove(e eventstore.RawEvent) {
	f.t.Helper()
	for _, key := range append(f.indexKeys(e), recordKey(e)) {
		must(f.t, f.db.Delete(key, pebble.Sync))
	}
}

// replace changes bytes of an event into as many others.
func (f files) replace(e eventstore.RawEvent, old, new string) {
	f.t.Helper()
	record := f.get(recordKey(e))
	if !bytes.Contains(record, []byte(old)) || len(old) != len(new) {
		f.t.Fatalf("the record does not have %q", old)
	}
	f.set(recordKey(e), bytes.Replace(record, []byte(old), []byte(new), 1))
}

// swapPositions swaps two events of different streams in the order of the log.
func (f files) swapPositions(a, b eventstore.RawEvent) {
	f.t.Helper()
	ofA, ofB := f.indexKeys(a), f.indexKeys(b)
	recordA, recordB := f.get(recordKey(a)), f.get(recordKey(b))
	f.set(recordKey(a), recordB)
	f.set(recordKey(b), recordA)
	for _, move := range []struct {
		keys [][]byte
		to   eventstore.RawEvent
	}{{ofA, b}, {ofB, a}} {
		for _, key := range move.keys {
			entry := f.get(key)
			binary.BigEndian.PutUint64(entry, uint64(move.to.Position))
			f.set(key, entry)
		}
	}
}

// copyOf copies the files of a closed world.
func copyOf(t testing.TB, dir string) string {
	t.Helper()
	to := t.TempDir()
	must(t, os.CopyFS(to, os.DirFS(dir)))
	return to
}

// copyLog copies the events of the log into a new store, as long as keep says so, with
// the times of the first log.
func (w *world) copyLog(keep func(*eventstore.RawEvent) bool) *world {
	w.t.Helper()
	to := open(w.t, w.t.TempDir())
	for e, err := range w.intruder.ReadRaw(context.Background(), eventstore.RawRead{Stream: eventstore.All}) {
		must(w.t, err)
		if !keep(&e) {
			break
		}
		metadata := bytes.TrimSuffix(e.Metadata, []byte("}"))
		e.Metadata = fmt.Appendf(metadata, `,"$copied_created":%q,"$copied_position":"%d"}`,
			e.Created.UTC().Format(time.RFC3339Nano), e.Position)
		to.write(e.Stream, int(e.Revision)-1, e)
	}
	return to
}
