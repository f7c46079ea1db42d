package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"tizilim/domain/keyring"
	"tizilim/eventstore"
)

// keysCommand is about the keys that belong to the log.
type keysCommand struct {
	Check        keysCheckCommand    `cmd:"" help:"Print each key with its fingerprint, and whether it belongs to the log."`
	RotateMaster rotateMasterCommand `cmd:"" help:"Make a new master key and wrap all data keys by it."`
	Accept       keysAcceptCommand   `cmd:"" help:"Record in the log that a key was changed on purpose."`
}

// keysPlace is the flags that say where the keys are and which log they belong to.
type keysPlace struct {
	Data       string `help:"Data directory of the server." default:"./data" type:"path" env:"TIZILIM_DATA"`
	Eventstore string `help:"EventStoreDB. Default: that of the running server, or the store in --data." placeholder:"URL" env:"TIZILIM_EVENTSTORE"`
	credentials
}

// open opens the log, to append to it, and reads the fingerprints of the keys.
func (p keysPlace) open(ctx context.Context) (
	have map[string]keyring.Fingerprint, log *eventstore.Store, end func() error, err error,
) {
	return p.openFor(ctx, writing)
}

func (p keysPlace) openFor(ctx context.Context, purpose purpose) (
	have map[string]keyring.Fingerprint, log *eventstore.Store, end func() error, err error,
) {
	if have, err = fingerprints(keysDir(p.Data)); err != nil {
		return nil, nil, nil, err
	}
	log, end, err = storePlace{storeDir{storeDirOf(p.Data)}, p.Eventstore, p.credentials}.openFor(ctx, purpose)
	return have, log, end, err
}

type keysCheckCommand struct{ keysPlace }

func (c *keysCheckCommand) Run(ctx context.Context) (err error) {
	have, log, end, err := c.openFor(ctx, looking)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	ring, _, err := readRing(ctx, log)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, kind := range keyKinds {
		state := "belongs to the log"
		switch print, exists := have[kind.Name]; {
		case !exists:
			state = "missing"
		case ring.Of(kind.Name) == "":
			state = "not recorded yet: the next start records it"
		case ring.Of(kind.Name) != print:
			state = "another key than that of the log, " + string(ring.Of(kind.Name))
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", kind.Name, have[kind.Name], state)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err = ring.Compare(kindsOfKeys(), have, false)
	return keySentence(keysDir(c.Data), err)
}

type keysAcceptCommand struct {
	Name string `arg:"" help:"Name of the key: document-check, master or token."`
	keysPlace
	Basis string `help:"Document that orders the change, without personal data." required:"" placeholder:"TEXT"`
}

func (c *keysAcceptCommand) Run(ctx context.Context) (err error) {
	kind, known := keyKindOf(c.Name)
	switch {
	case !known || !kind.mayChange:
		return fmt.Errorf("the key %s cannot be changed: those that can are %s", c.Name, strings.Join(changeable(), ", "))
	case strings.TrimSpace(c.Basis) == "":
		return errors.New("--basis is empty: name the document that orders the change")
	}
	have, log, end, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	accepted, err := acceptKey(ctx, log, keysDir(c.Data), c.Name, c.Basis)
	switch {
	case err != nil:
		return err
	case accepted:
		fmt.Printf("the key %s with the fingerprint %s belongs to the log from now on: start every server with it\n",
			c.Name, have[c.Name])
	default:
		fmt.Printf("the key %s belongs to the log already\n", c.Name)
	}
	return nil
}

// changeable are the names of the keys that may change.
func changeable() (names []string) {
	for _, kind := range keyKinds {
		if kind.mayChange {
			names = append(names, kind.Name)
		}
	}
	slices.Sort(names)
	return names
}
