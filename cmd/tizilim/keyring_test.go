package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tizilim/domain/keyring"
	"tizilim/eventstore"
	"tizilim/eventstore/embedded"
)

// emptyLog is a store on a log without an event.
func emptyLog(t *testing.T) *eventstore.Store {
	t.Helper()
	return emptyNode(t)()
}

// emptyNode returns a function that opens an event store without events as one more
// process does.
func emptyNode(t *testing.T) func() *eventstore.Store {
	t.Helper()
	node, err := embedded.Open("", embedded.InMemory())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = node.Close() })
	if err := node.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	return func() *eventstore.Store {
		store, err := eventstore.Open(node.ConnectionString(), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		return store
	}
}

func TestOfSeveralFirstStartsOneDecidesWhichKeysBelongToTheLog(t *testing.T) {
	t.Parallel()
	const starts = 8
	open := emptyNode(t)
	var results [starts]error
	dirs := [starts]string{}
	var all sync.WaitGroup
	for i := range starts {
		dirs[i] = filepath.Join(t.TempDir(), "keys")
		log := open()
		all.Go(func() { results[i] = proveKeys(context.Background(), dirs[i], log) })
	}
	all.Wait()
	proven := 0
	for i, err := range results {
		if err == nil {
			proven++
			if err := proveKeys(t.Context(), dirs[i], open()); err != nil {
				t.Errorf("the keys that belong to the log are refused later: %v", err)
			}
		} else if !strings.Contains(err.Error(), "person-id.key is") {
			t.Errorf("a later start is refused with %v", err)
		}
	}
	if proven != 1 {
		t.Errorf("%d starts decided", proven)
	}
}

func TestProcessesThatShareTheirKeysMayStartFirstTogether(t *testing.T) {
	t.Parallel()
	open, dir := emptyNode(t), filepath.Join(t.TempDir(), "keys")
	log := open()
	var all sync.WaitGroup
	var results [8]error
	for i := range results {
		log := open()
		all.Go(func() { results[i] = proveKeys(context.Background(), dir, log) })
	}
	all.Wait()
	if err := errors.Join(results[:]...); err != nil {
		t.Error(err)
	}
	events := 0
	for _, err := range log.Read(t.Context(), keyring.Stream, 0) {
		if events++; err != nil {
			t.Fatal(err)
		}
	}
	if events != 1 {
		t.Errorf("%d events record the keys", events)
	}
}

// The log has the fingerprint of one kind only, as after an upgrade that brings more.
func TestANewKindOfKeyIsRecordedOnALogThatIsNotEmpty(t *testing.T) {
	t.Parallel()
	log, dir := emptyLog(t), filepath.Join(t.TempDir(), "keys")
	if err := makeKey(keyFile(dir, "person-id")); err != nil {
		t.Fatal(err)
	}
	have, err := fingerprints(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := appendToRing(t.Context(), log, eventstore.NoStream, (&keyring.Ring{}).Record(have, time.Now())); err != nil {
		t.Fatal(err)
	}
	if err := proveKeys(t.Context(), dir, log); err != nil {
		t.Fatal(err)
	}
	ring, _, err := readRing(t.Context(), log)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range keyKinds {
		if ring.Of(kind.Name) == "" {
			t.Errorf("the key %s does not belong to the log", kind.Name)
		}
	}
	if err := os.Remove(keyFile(dir, "document-check")); err != nil {
		t.Fatal(err)
	}
	if err := proveKeys(t.Context(), dir, log); err == nil {
		t.Error("a key that belongs to the log is made again")
	}
}
