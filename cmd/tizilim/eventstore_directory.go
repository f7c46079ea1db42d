package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tizilim/eventstore"
	"tizilim/eventstore/embedded"
)

// storeDir is the flag for the directory of an embedded store. tizilim serve keeps
// its store in the directory eventstore of its data directory.
type storeDir struct {
	Data string `help:"Directory of the store. tizilim serve has it in eventstore of its data directory." default:"./data/eventstore" type:"path"`
}

// exists returns an error where the directory holds no store. To open it would create one.
func (d storeDir) exists() error {
	if !holdsStore(d.Data) {
		return fmt.Errorf("there is no event store in %s: give its directory with --data", d.Data)
	}
	return nil
}

// holdsStore reports whether a store, or a backup of one, is in the directory. Its
// mark is the file by which the storage engine names its manifest.
func holdsStore(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		return strings.HasPrefix(e.Name(), "marker.manifest.")
	})
}

// offline runs do on the node of a store that exists and that nobody serves.
func (d storeDir) offline(do func(*embedded.Node) error) error { return d.with(embedded.Open, do) }

// lookOffline is offline for what changes no file of the store.
func (d storeDir) lookOffline(do func(*embedded.Node) error) error { return d.with(embedded.Look, do) }

func (d storeDir) with(
	open func(dir string, options ...embedded.Option) (*embedded.Node, error), do func(*embedded.Node) error,
) error {
	node, err := open(d.Data, embedded.WithLogger(slog.Default()))
	if err != nil {
		return err
	}
	return errors.Join(do(node), node.Close())
}

// storePlace is the flags that say which log to read: at an address, in the directory
// of a store, or of the server that runs on the data directory around it.
type storePlace struct {
	storeDir
	Eventstore string `help:"EventStoreDB. Default: the store in --data, or that of the server on the directory around it." placeholder:"URL" env:"TIZILIM_EVENTSTORE"`
	credentials
}

// open opens the store, to append to it. The caller calls end when it is done.
func (p storePlace) open(ctx context.Context) (store *eventstore.Store, end func() error, err error) {
	return p.openFor(ctx, writing)
}

// look opens the store for reading only: it changes no file. The caller calls end when it is done.
func (p storePlace) look(ctx context.Context) (store *eventstore.Store, end func() error, err error) {
	return p.openFor(ctx, looking)
}

func (p storePlace) openFor(ctx context.Context, purpose purpose) (store *eventstore.Store, end func() error, err error) {
	if p.Eventstore == "" {
		return p.storeDir.reach(ctx, purpose, p.credentials)
	}
	if store, err = p.connect(p.Eventstore); err != nil {
		return nil, nil, err
	}
	return store, store.Close, nil
}

// reach opens the store in the directory. Where another process has it open, or the
// directory holds no store, reach connects to the event store of the server that
// runs on the data directory around it. The caller calls end when it is done.
func (d storeDir) reach(ctx context.Context, purpose purpose, c credentials) (store *eventstore.Store, end func() error, err error) {
	missing, inUse := d.exists(), false
	if missing == nil {
		store, end, err = openOffline(d.Data, purpose)
		if inUse = errors.Is(err, embedded.ErrInUse); !inUse {
			return store, end, err
		}
	}
	e, err := readEndpoints(filepath.Dir(d.Data))
	switch {
	case err == nil && (!inUse || strings.HasPrefix(e.EventStore, eventstore.SocketScheme)) && e.alive(ctx):
		if store, err = e.openEventStore(c); err != nil {
			return nil, nil, err
		}
		return store, store.Close, nil
	case inUse:
		return nil, nil, fmt.Errorf(
			"another process serves the store in %s: give its address instead of its directory", d.Data,
		)
	default:
		return nil, nil, missing
	}
}

// purpose is what a command opens a store for that nobody serves.
type purpose bool

const (
	writing purpose = false
	looking purpose = true // no file is changed
)

// openOffline serves a store that nobody else serves, on a socket, until end is called.
func openOffline(dir string, purpose purpose) (store *eventstore.Store, end func() error, err error) {
	opening, socketDir, forget := embedded.Open, dir, func() error { return nil }
	if purpose == looking {
		if socketDir, err = os.MkdirTemp("", "tizilim-look-"); err != nil {
			return nil, nil, err
		}
		opening, forget = embedded.Look, func() error { return os.RemoveAll(socketDir) }
	}
	node, err := opening(dir, embedded.WithLogger(slog.Default()))
	if err != nil {
		return nil, nil, errors.Join(err, forget())
	}
	closeNode := func() error { return errors.Join(node.Close(), forget()) }
	listener, err := func() (net.Listener, error) {
		absolute, err := filepath.Abs(socketDir)
		if err != nil {
			return nil, err
		}
		return listenSocket(absolute, "offline.sock")
	}()
	if err != nil {
		return nil, nil, errors.Join(err, closeNode())
	}
	if err := node.StartOn(listener); err != nil {
		return nil, nil, errors.Join(err, closeNode())
	}
	if store, err = eventstore.Open(node.ConnectionString(), slog.Default()); err != nil {
		return nil, nil, errors.Join(err, closeNode())
	}
	return store, func() error { return errors.Join(store.Close(), closeNode()) }, nil
}
