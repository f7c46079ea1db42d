package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"tizilim/domain"
	"tizilim/domain/keyring"
	"tizilim/eventstore/tree"
)

// logCommand is about the log as a whole.
type logCommand struct {
	Accept logAcceptCommand `cmd:"" help:"Record that a part of the log is lost, after a restore, and that the registry goes on."`
}

type logAcceptCommand struct {
	keysPlace
	Basis string `help:"Document that orders to go on, without personal data." required:"" placeholder:"TEXT"`
}

// Run records what the log lacks, by the head in log.head, and puts that head away. A running
// server goes on within seconds.
func (c *logAcceptCommand) Run(ctx context.Context) (err error) {
	if strings.TrimSpace(c.Basis) == "" {
		return errors.New("--basis is empty: name the document that orders to go on")
	}
	known, err := knowLog(c.Data)
	if err != nil {
		return err
	}
	if known.public == nil {
		return fmt.Errorf("the public key of the log is not in %s: give the data directory of the server with --data", c.Data)
	}
	have, log, end, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	ring, next, err := readRing(ctx, log)
	if err != nil {
		return err
	}
	if !ring.Begun() {
		return errors.New("this log is not that of the registry: it says of no key that it belongs to it")
	}
	if _, err := ring.Compare(kindsOfKeys(), have, false); err != nil {
		return keySentence(keysDir(c.Data), err)
	}
	if err := useKeys(log, keysDir(c.Data)); err != nil {
		return err
	}
	heads, err := tree.Open(tree.Config{Store: log, Public: *known.public, Key: known.mac})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, heads.Close()) }()
	if err := heads.Sync(ctx); err != nil {
		return fmt.Errorf("the heads of the log are wrong beside what is lost: examine the log with tizilim verify (%w)", err)
	}
	kept, note, err := heads.Lacks(known.witness)
	if err != nil {
		return err
	}
	if note == "" {
		fmt.Println("the log goes on from the head in log.head: there is nothing to accept")
		return nil
	}
	head, _ := heads.Head()
	loss := keyring.LossAccepted{
		Events: kept.Size, SignedAt: kept.At, Head: note, Has: head.Size, Basis: c.Basis, AcceptedAt: time.Now().UTC(),
	}
	if err := appendToRing(ctx, log, next, []domain.Event{loss}); err != nil {
		return err
	}
	to, err := known.witness.PutAway(kept)
	if err != nil {
		return err
	}
	fmt.Printf("recorded that the log lacks a head of %d events, signed at %s, and has %d; that head is in %s from now on\n",
		kept.Size, kept.At.In(domain.Zone).Format(time.RFC3339), head.Size, to)
	return nil
}
