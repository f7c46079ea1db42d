package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tizilim/eventstore"
	"tizilim/eventstore/embedded"
)

// storeDir is the directory of the store: of tizilim serve it is eventstore in
// the data directory.
type storeDir struct {
	Data string `help:"Directory of the store; that of tizilim serve is eventstore in its data directory." default:"./data/eventstore" type:"path"`
}

// exists refuses a directory that holds no store: opening it would make one.
func (d storeDir) exists() error {
	if !holdsStore(d.Data) {
		return fmt.Errorf("there is no event store in %s: give its directory with --data", d.Data)
	}
	return nil
}

// holdsStore reports whether a store, or a backup of one, is in the directory:
// its engine keeps a file there that names its manifest.
func holdsStore(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		return strings.HasPrefix(e.Name(), "marker.manifest.")
	})
}

// offline opens a store that nobody serves, and which is known to be there.
func (d storeDir) offline(do func(*embedded.Node) error) error {
	node, err := embedded.Open(d.Data, embedded.WithLogger(slog.Default()))
	if err != nil {
		return err
	}
	return errors.Join(do(node), node.Close())
}

// storePlace is where a log is looked into: at an address, in the directory of a
// store, or at the server that runs on the data directory around it.
type storePlace struct {
	storeDir
	Eventstore string `help:"EventStoreDB; without it the store in --data, or that of the server that runs on the directory around it." placeholder:"URL" env:"TIZILIM_EVENTSTORE"`
	credentials
}

// open opens the store; close ends what was opened for it.
func (p storePlace) open(ctx context.Context) (store *eventstore.Store, end func() error, err error) {
	if p.Eventstore == "" {
		return p.storeDir.reach(ctx, p.credentials)
	}
	if store, err = p.connect(p.Eventstore); err != nil {
		return nil, nil, err
	}
	return store, store.Close, nil
}

// reach opens the store in the directory, or where a server has it open or there
// is none, that of the server which runs on the data directory around it.
func (d storeDir) reach(ctx context.Context, c credentials) (store *eventstore.Store, end func() error, err error) {
	missing, inUse := d.exists(), false
	if missing == nil {
		store, end, err = openOffline(d.Data)
		if inUse = errors.Is(err, embedded.ErrInUse); !inUse {
			return store, end, err
		}
	}
	e, err := readEndpoints(filepath.Dir(d.Data))
	switch {
	case err == nil && (!inUse || strings.HasPrefix(e.EventStore, loopback)) && e.answer(ctx):
		if store, err = e.openEventStore(c); err != nil {
			return nil, nil, err
		}
		return store, store.Close, nil
	case inUse:
		return nil, nil, fmt.Errorf("the store in %s is served by another process: give its address", d.Data)
	default:
		return nil, nil, missing
	}
}

// loopback begins the address of an embedded store; another one cannot be what
// has the directory open.
const loopback = "esdb://127.0.0.1:"

// openOffline serves a store that nobody else serves, on loopback and for as
// long as the command runs.
func openOffline(dir string) (store *eventstore.Store, end func() error, err error) {
	node, err := embedded.Open(dir, embedded.WithLogger(slog.Default()))
	if err != nil {
		return nil, nil, err
	}
	if err := node.Start("127.0.0.1:0"); err != nil {
		return nil, nil, errors.Join(err, node.Close())
	}
	if store, err = eventstore.Open(node.ConnectionString(), slog.Default()); err != nil {
		return nil, nil, errors.Join(err, node.Close())
	}
	return store, func() error { return errors.Join(store.Close(), node.Close()) }, nil
}
