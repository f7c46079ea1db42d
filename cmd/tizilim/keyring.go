package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"tizilim/domain"
	"tizilim/domain/keyring"
	"tizilim/eventstore"
	"tizilim/eventstore/seal"
)

// keyKind is one kind of key in data/keys.
type keyKind struct {
	keyring.Kind        // its name is also that of its file, without .key
	mayChange    bool   // by tizilim keys accept
	otherwise    string // what another key would do

	// read returns the key in the file of that path. Its error wraps [fs.ErrNotExist]
	// where there is none. Of a file with several keys it is one of them.
	read func(path string) ([]byte, error)
}

// keyKinds are the keys of a registry. A later kind is added at the end, not as one from
// the start.
var keyKinds = []keyKind{
	{keyring.Kind{Name: "person-id", FromTheStart: true}, false,
		"with another key the same IIN would be a second person", readKey},
	{keyring.Kind{Name: "document-check", FromTheStart: true}, true,
		"with another key every printed document fails its check", readKey},
	{keyring.Kind{Name: "one-time-password", FromTheStart: true}, false,
		"with another key a repeated request would send another password", readKey},
	{keyring.Kind{Name: "log", FromTheStart: true}, false,
		"with another key every event of the log would be taken for forged", readKey},
	{keyring.Kind{Name: "master", FromTheStart: true}, true,
		"without the keys that it wraps no personal value of the log can be read", newestMasterKey},
	{keyring.Kind{Name: "token", FromTheStart: true}, true,
		"with another key the tokens that were given out are refused", oldestTokenKey},
}

func keyKindOf(name string) (keyKind, bool) {
	i := slices.IndexFunc(keyKinds, func(k keyKind) bool { return k.Name == name })
	if i < 0 {
		return keyKind{}, false
	}
	return keyKinds[i], true
}

// kindsOfKeys are the kinds as the domain knows them.
func kindsOfKeys() []keyring.Kind {
	kinds := make([]keyring.Kind, len(keyKinds))
	for i, k := range keyKinds {
		kinds[i] = k.Kind
	}
	return kinds
}

func keyFile(dir, name string) string { return filepath.Join(dir, name+".key") }

// fingerprints returns those of the keys that are in the directory.
func fingerprints(dir string) (map[string]keyring.Fingerprint, error) {
	have := map[string]keyring.Fingerprint{}
	for _, kind := range keyKinds {
		switch key, err := kind.read(keyFile(dir, kind.Name)); {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, err
		default:
			have[kind.Name] = keyring.FingerprintOf(key)
		}
	}
	return have, nil
}

// proveKeys proves that the keys in the directory belong to the log, and has the store use
// them. Where no event can rest on a key yet, it makes a missing one, and it records in the
// log which keys belong to it. Its errors are sentences for the operator, or a [*domain.Error] of kind
// Unavailable.
func proveKeys(ctx context.Context, dir string, log *eventstore.Store) error {
	for {
		if err := log.UseKeys(nil, nil); err != nil { // with a wrong key the log would look forged
			return err
		}
		ring, next, err := readRing(ctx, log)
		if err != nil {
			return err
		}
		empty := false
		if !ring.Begun() {
			head, err := log.Head(ctx)
			if err != nil {
				return err
			}
			empty = head == 0
		}
		have, err := fingerprints(dir)
		if err != nil {
			return err
		}
		absent, err := ring.Compare(kindsOfKeys(), have, empty)
		if err != nil {
			return keySentence(dir, err)
		}
		for _, name := range absent {
			if err := makeKey(keyFile(dir, name)); err != nil {
				return fmt.Errorf("make key: %w", err)
			}
		}
		if have, err = fingerprints(dir); err != nil {
			return err
		}
		if err := useKeys(log, dir); err != nil {
			return err
		}
		err = appendToRing(ctx, log, next, ring.Record(have, time.Now().UTC()))
		var moved *eventstore.RevisionError
		switch {
		case err == nil:
			if err := log.MakeKeys(ctx); err != nil {
				return err
			}
			return masterKeySentence(log.ProveKeys(ctx))
		case !errors.As(err, &moved): // else another process has recorded its keys: compare with them
			return err
		}
	}
}

// useKeys has the store write and check MACs, and seal personal values, with the keys in
// the directory.
func useKeys(log *eventstore.Store, dir string) error {
	key, err := readKey(keyFile(dir, "log"))
	if err != nil {
		return err
	}
	masters, err := openMasterKeys(dir)
	if err != nil {
		return err
	}
	return log.UseKeys(logKey(key).mac(), masters)
}

// acceptKey records that the key in the directory replaces the one of its name. accepted is
// false where that key belongs to the log already. The store has no keys yet.
func acceptKey(ctx context.Context, log *eventstore.Store, dir, name, basis string) (accepted bool, err error) {
	have, err := fingerprints(dir)
	if err != nil {
		return false, err
	}
	print, exists := have[name]
	if !exists {
		return false, fmt.Errorf("there is no %s: put the new key there first", keyFile(dir, name))
	}
	ring, next, err := readRing(ctx, log)
	switch {
	case err != nil:
		return false, err
	case ring.Of(name) == "":
		return false, fmt.Errorf("no key %s belongs to the log yet: the next start of the server records it", name)
	}
	decided := ring.Accept(keyring.Key{Name: name, Fingerprint: print}, basis, time.Now().UTC())
	if len(decided) == 0 {
		return false, nil
	}
	if err := useKeys(log, dir); err != nil {
		return false, err
	}
	return true, appendToRing(ctx, log, next, decided)
}

// readRing returns the keys that belong to the log, and the revision to append at.
func readRing(ctx context.Context, log *eventstore.Store) (*keyring.Ring, eventstore.Expected, error) {
	ring, next := &keyring.Ring{}, eventstore.NoStream
	for rec, err := range log.Read(ctx, keyring.Stream, 0) {
		if err != nil {
			return nil, 0, err
		}
		ring.Apply(rec.Event)
		next = eventstore.Expected(rec.Revision)
	}
	return ring, next, nil
}

// appendToRing appends what was decided on the ring at the revision. The id of an event
// follows from the revision and from all that it says: two processes that record different
// keys at once must not append under one id, which the log would take for a repetition.
func appendToRing(
	ctx context.Context, log *eventstore.Store, at eventstore.Expected, decided []domain.Event,
) error {
	if len(decided) == 0 {
		return nil
	}
	events := make([]eventstore.NewEvent, len(decided))
	for i, e := range decided {
		text, err := json.Marshal(e)
		if err != nil {
			return err
		}
		id := domain.DeriveID(keyring.ID, strconv.Itoa(int(at))+string(text))
		events[i] = eventstore.NewEvent{ID: id, Event: e, Meta: domain.Meta{
			Correlation: id, Causation: domain.CommandID{UUID: id}, Actor: "registry", Role: domain.RoleSystem,
		}}
	}
	_, err := log.Append(ctx, keyring.Stream, at, events)
	return err
}

// keySentence says what to do about a key that does not belong to the log.
func keySentence(dir string, err error) error {
	var mismatch *keyring.Mismatch
	if !errors.As(err, &mismatch) {
		return err
	}
	kind, _ := keyKindOf(mismatch.Name)
	what, mend := "is not the key that this log was written with", ""
	if mismatch.Missing {
		what = "is missing, and this log was written with such a key"
	}
	if kind.mayChange {
		mend = "; if it was changed on purpose, record that with tizilim keys accept " + mismatch.Name
	}
	return fmt.Errorf("the key %s %s (%s): restore the directory keys from the backup of this registry, "+
		"or copy it from the server that began the log%s", placeOfKey(dir, mismatch.Name), what, kind.otherwise, mend)
}

// masterKeySentence says what it may mean that the data keys of the log cannot be unwrapped.
func masterKeySentence(err error) error {
	if errors.Is(err, seal.ErrForged) {
		return fmt.Errorf("the master key is not the one of this log, or somebody changed the stored data keys (%w): restore the "+
			"directory keys from the backup of this registry; if that is right, restore the log from a backup", err)
	}
	return err
}

// placeOfKey is the file that has a key, or says where it is.
func placeOfKey(dir, name string) string {
	if name == "master" && fileExists(masterVaultFile(dir)) {
		return masterVaultFile(dir)
	}
	return keyFile(dir, name)
}

// keysOfTool reads the keys of a data directory for a tool. A tool makes keys only where
// nothing but the directory itself exists; it never decides that a log is empty. Where a
// server runs on the directory and its log can be read, the keys are compared with it.
func keysOfTool(ctx context.Context, data string) (keys, error) {
	dir := keysDir(data)
	have, err := fingerprints(dir)
	if err != nil {
		return keys{}, err
	}
	absent := slices.IndexFunc(keyKinds, func(k keyKind) bool { _, exists := have[k.Name]; return !exists })
	e, err := readEndpoints(data)
	switch {
	case err == nil && e.alive(ctx):
		if err := compareWithLog(ctx, e, dir, have); err != nil {
			return keys{}, err
		}
		if absent >= 0 {
			return keys{}, fmt.Errorf("the server on %s has not made its keys yet: wait until it is ready", data)
		}
	case absent >= 0 && holdsStore(storeDirOf(data)):
		return keys{}, keySentence(dir, &keyring.Mismatch{Name: keyKinds[absent].Name, Missing: true})
	}
	return openKeys(dir)
}

// compareTimeout bounds how long a tool waits for the log that it compares its keys with.
const compareTimeout = time.Second

// compareWithLog compares the keys with the log of a running server. It finds no fault
// where the log cannot be read: then nothing can be written with the keys either.
func compareWithLog(ctx context.Context, e endpoints, dir string, have map[string]keyring.Fingerprint) error {
	ctx, cancel := context.WithTimeout(ctx, compareTimeout)
	defer cancel()
	log, err := e.openEventStore(credentials{})
	if err != nil {
		slog.Debug("the keys are not compared with the log", "error", err)
		return nil
	}
	defer log.Close()
	ring, _, err := readRing(ctx, log)
	if err != nil || !ring.Begun() {
		slog.Debug("the keys are not compared with the log", "error", err)
		return nil
	}
	_, err = ring.Compare(kindsOfKeys(), have, false)
	return keySentence(dir, err)
}
