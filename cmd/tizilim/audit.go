package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"tizilim/eventstore"
)

// auditCommand checks what the log proves. It trusts what the auditor brings, not the
// server.
type auditCommand struct {
	Verify    auditVerifyCommand    `cmd:"" help:"Check a bundle of a history offline, with the public key of the log alone."`
	Signature auditSignatureCommand `cmd:"" help:"Check the signature that an event keeps, and that the event says what was signed."`

	Person   auditPersonCommand   `cmd:"" help:"Print the history of a person, or who read their data, from the log."`
	Dwelling auditDwellingCommand `cmd:"" help:"Print the history of a dwelling from the log."`
	List     auditListCommand     `cmd:"" help:"Print the history of a list from the log."`
	Case     auditCaseCommand     `cmd:"" help:"Print the steps of a case from the log."`
	Body     auditBodyCommand     `cmd:"" help:"Print the history of a body from the log."`
	Account  auditAccountCommand  `cmd:"" help:"Print what an account of staff did, or was shown, from the log."`
}

// errLeftOpen says that an audit found nothing wrong, and could not decide everything.
var errLeftOpen = errors.New("nothing is wrong, but not everything could be decided with what is at hand")

// logPlace is the flags that say which log to read: at an address, or that of the server
// that runs on the data directory.
type logPlace struct {
	Data       string `help:"Data directory of a running server, whose event store is used. Its key of person ids is read too." default:"./data" type:"path" env:"TIZILIM_DATA"`
	Eventstore string `help:"EventStoreDB. Default: that of the running server." placeholder:"URL" env:"TIZILIM_EVENTSTORE"`
	credentials
}

// open opens the log. It fails at once where the event store does not answer.
func (p logPlace) open(ctx context.Context) (store *eventstore.Store, err error) {
	options, err := optionsOf(p.Data)
	if err != nil {
		return nil, err
	}
	if p.Eventstore != "" {
		store, err = p.connect(p.Eventstore, options...)
	} else {
		e, readErr := readEndpoints(p.Data)
		if readErr != nil && !errors.Is(readErr, fs.ErrNotExist) {
			return nil, readErr
		}
		if readErr != nil || !e.alive(ctx) {
			return nil, fmt.Errorf("no server runs on %s: start one there, or give --eventstore or --file", p.Data)
		}
		store, err = e.openEventStore(p.credentials, options...)
	}
	if err != nil {
		return nil, err
	}
	if _, err := store.Head(ctx); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return store, nil
}
