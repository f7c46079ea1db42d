package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/user"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/eventstore"
	"tizilim/eventstore/command"
	"tizilim/projections"
)

type quarantineReleaseCommand struct {
	keysPlace
	Redis string `help:"Redis; without it the running server's." placeholder:"URL" env:"TIZILIM_REDIS"`
	redisCredentials
	Event string `arg:"" help:"The event to give up: stream@revision."`
	Basis string `help:"Document that orders the release, without personal data." required:"" placeholder:"TEXT"`
	By    string `help:"Who releases it. Default: the user of this machine." placeholder:"NAME"`
}

// Run records the release in the log, and has the read model go on without the event. It needs
// no server for the first, and no token.
func (c *quarantineReleaseCommand) Run(ctx context.Context) (err error) {
	event, err := listedEvent(c.Event)
	if err != nil {
		return err
	}
	if strings.TrimSpace(c.Basis) == "" {
		return errors.New("--basis is empty: name the document that orders the release")
	}
	by, err := c.who()
	if err != nil {
		return err
	}
	_, log, end, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	if err := useKeys(log, keysDir(c.Data)); err != nil {
		return err
	}
	place := modelPlace{Data: c.Data, Redis: c.Redis, redisCredentials: c.redisCredentials}
	rec, name, err := releasable(ctx, log, place, event)
	if err != nil {
		return sentence(err)
	}
	cmd := domain.Command{
		ID: domain.CommandID{UUID: uuid.New()}, Actor: commandLineActor, Role: domain.RoleSystem,
		Now: time.Now().UTC().Truncate(time.Microsecond),
	}
	anew, err := command.Release(ctx, log, cmd, rec, name, c.Basis, by)
	switch {
	case err != nil:
		return sentence(err)
	case anew:
		fmt.Printf("%s is released: every server goes on without it within a second\n", event)
	default:
		fmt.Printf("%s was released before\n", event)
	}
	if !followed(event.Stream) {
		return nil
	}
	return settle(ctx, place, event)
}

func (c *quarantineReleaseCommand) who() (string, error) {
	if strings.TrimSpace(c.By) != "" {
		return c.By, nil
	}
	u, err := user.Current()
	if err != nil {
		return "", errors.New("who releases the event is not known: say it with --by")
	}
	return u.Username, nil
}

// followed reports whether the read model has the events of the stream.
func followed(stream string) bool {
	return slices.ContainsFunc(domain.Categories, func(category string) bool { return strings.HasPrefix(stream, category) })
}

// releasable returns the event, as far as it can be read, and the type that it is stored
// with. It refuses an event with which nothing is known to be wrong.
func releasable(
	ctx context.Context, log *eventstore.Store, place modelPlace, event domain.EventRef,
) (rec domain.Recorded, name string, err error) {
	if !eventstore.Releasable(event.Stream) {
		return rec, "", fmt.Errorf("the events of %s cannot be released: it is none of the streams of records; see OPERATION.md, "+
			"what to do where the log was tampered with", event.Stream)
	}
	for e, err := range log.ReadRaw(ctx, eventstore.RawRead{Stream: event.Stream, From: &event.Revision, Limit: 1}) {
		if err != nil {
			return rec, "", err
		}
		if e.Revision == event.Revision {
			rec, name = domain.Recorded{ID: e.ID, Stream: e.Stream, Revision: e.Revision}, e.Type
		}
	}
	if name == "" {
		return rec, "", fmt.Errorf("the log has no event %s", event)
	}
	read, err := log.ReadPage(ctx, event.Stream, event.Revision, 1)
	switch {
	case domain.CodeOf(err) == domain.CodeRecordUnread:
		return rec, name, nil
	case domain.CodeOf(err) == domain.CodeLogTampered:
		return rec, "", fmt.Errorf("%s was not written by the registry, and cannot be released: see OPERATION.md, "+
			"what to do where the log was tampered with", event)
	case domain.CodeOf(err) == domain.CodeLogUnavailable:
		return rec, "", err
	}
	opened := err == nil // else its personal values are not what was sealed
	if opened {
		if _, already := read[0].Event.(domain.Skipped); already {
			return rec, name, nil
		}
	}
	if !followed(event.Stream) && !opened {
		return rec, name, nil
	}
	if !followed(event.Stream) {
		return rec, "", fmt.Errorf("%s can be read, so nothing is released", event)
	}
	client, err := place.open(ctx)
	if err != nil {
		return rec, "", err
	}
	defer client.Close()
	q, err := projections.NewReader(client, place.options()).Quarantine(ctx)
	if err != nil {
		return rec, "", err
	}
	for _, s := range q.Held {
		if s.Stream != event.Stream {
			continue
		}
		if slices.ContainsFunc(s.Failed, func(e projections.QuarantinedEvent) bool { return e.EventRef == event }) {
			return rec, name, nil
		}
		if len(s.Failed) > 0 && s.Failed[0].Revision < event.Revision {
			return rec, "", fmt.Errorf("%s waits for an earlier event of its stream, and nothing is known to be wrong with it: "+
				"release the event that it waits for", event)
		}
	}
	if !opened {
		return rec, name, nil
	}
	return rec, "", fmt.Errorf("%s is not in quarantine", event)
}

// settle waits until the read model does without the event, and prints what became of its
// stream.
func settle(ctx context.Context, place modelPlace, event domain.EventRef) error {
	client, err := place.open(ctx)
	if err != nil {
		slog.Warn("the read model goes on without the event once a server keeps it up", "why", err)
		return nil
	}
	defer client.Close()
	mended, err := projections.ReleaseQuarantined(ctx, client, place.options(), event)
	var refused *projections.RefusedError
	if errors.As(err, &refused) {
		slog.Warn("the read model goes on without the event once a server keeps it up", "why", err)
		return nil
	}
	if err != nil {
		return sentence(err)
	}
	for _, m := range mended {
		if m.Why != "" {
			return fmt.Errorf("%s of %s left in quarantine: %s", counted(m.Left, "event"), m.Stream, m.Why)
		}
		fmt.Printf("%s: nothing is left in quarantine\n", m.Stream)
	}
	return nil
}
