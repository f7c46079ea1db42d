package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"time"

	"tizilim/domain"
	"tizilim/eventstore"
	"tizilim/projections"
)

// quarantineCommand is about the events that the read model could not take.
type quarantineCommand struct {
	List    quarantineListCommand    `cmd:"" help:"Print the events in quarantine, and those of other streams that cannot be read, and why; and those released."`
	Show    quarantineShowCommand    `cmd:"" help:"Print one event of the log as it is stored, and what holds it back."`
	Retry   quarantineRetryCommand   `cmd:"" help:"Read the events again and apply those that can be applied."`
	Release quarantineReleaseCommand `cmd:"" help:"Give one event up, so that the later ones of its stream are applied."`
}

// modelPlace says where the Redis of a registry is: by address, or as the
// running server on the same data directory told. The event store is read by the
// server.
type modelPlace struct {
	Data  string `help:"Data of a running server, to find its Redis." default:"./data" type:"path" env:"TIZILIM_DATA"`
	Redis string `help:"Redis; without it the running server's." placeholder:"URL" env:"TIZILIM_REDIS"`
	redisCredentials
}

func (p modelPlace) open(ctx context.Context) (projections.Client, error) {
	if p.Redis != "" {
		return p.connect(p.Redis)
	}
	e, err := readEndpoints(p.Data)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil || !e.alive(ctx) { // a server that was killed leaves its file behind
		return nil, fmt.Errorf("no server runs on %s: start one there, or give --redis", p.Data)
	}
	return e.openRedis(p.redisCredentials)
}

func (p modelPlace) options() projections.Options { return projections.Options{Logger: slog.Default()} }

type quarantineListCommand struct{ registryParts }

// Run prints what the read model does without, and what of the streams that it does not have
// cannot be read. Where the event store is not known, it says that those were not looked at.
func (c *quarantineListCommand) Run(ctx context.Context) error {
	place := modelPlace{Data: c.Data, Redis: c.Redis, redisCredentials: c.redisCredentials}
	client, err := place.open(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	q, err := projections.NewReader(client, place.options()).Quarantine(ctx)
	if err != nil {
		return sentence(err)
	}
	rest, err := c.unprojected(ctx)
	if err != nil {
		return err
	}
	printQuarantine(os.Stdout, q, rest)
	return nil
}

// unprojected looks through the streams that no read model has, in the log as it is now.
func (c *quarantineListCommand) unprojected(ctx context.Context) (rest unprojected, err error) {
	e := endpoints{EventStore: c.Eventstore}
	if c.Eventstore == "" {
		if e, err = readEndpoints(c.Data); err != nil || !e.alive(ctx) {
			slog.Warn("the streams that no read model has were not looked at: start the server, or give --eventstore")
			return rest, nil
		}
	}
	known, err := knowLog(c.Data)
	if err != nil {
		return rest, err
	}
	log, err := e.openEventStore(c.credentials, known.options()...)
	if err != nil {
		return rest, err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	if _, err := log.Head(ctx); err != nil { // following would wait for the event store without end
		return rest, err
	}
	return readUnprojected(ctx, log.FollowUnprojected), nil
}

// unprojected is what folds go without of the streams that no read model has, such as
// token-revocations and those of bodies.
type unprojected struct {
	unread, released []projections.QuarantinedEvent
}

// readUnprojected reads these streams up to where the log ends now.
func readUnprojected(ctx context.Context, follow func(context.Context) <-chan domain.Delivery) (u unprojected) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for d := range follow(ctx) {
		if rec := d.Recorded; rec != nil {
			e := projections.QuarantinedEvent{
				EventRef: domain.EventRef{Stream: rec.Stream, Revision: rec.Revision}, Created: rec.Created,
			}
			if skipped, ok := rec.Event.(domain.Skipped); ok && d.Poison == nil {
				e.Why = skipped.Why
				e.Release = projections.Release{Basis: skipped.Basis, By: skipped.ReleasedBy, At: skipped.ReleasedAt}
				u.released = append(u.released, e)
			} else if d.Poison != nil {
				e.Why = d.Poison.Error()
				u.unread = append(u.unread, e)
			}
		}
		if d.CaughtUp {
			break
		}
	}
	return u
}

// printQuarantine prints one line for each event that could not be applied or read.
func printQuarantine(w io.Writer, q projections.Quarantine, rest unprojected) {
	events := 0
	for _, s := range q.Held {
		events += len(s.Failed) + s.Waiting
		held := fmt.Sprintf("held since %s, %s of the stream %s",
			s.Since.In(domain.Zone).Format(time.RFC3339), counted(s.Waiting, "other event"), waits(s.Waiting))
		if len(s.Failed) == 0 { // a retry was cut short
			fmt.Fprintf(w, "%s %s: tizilim quarantine retry goes on\n", s.Stream, held)
		}
		for i, e := range s.Failed {
			if i > 0 {
				held = "held as well"
			}
			fmt.Fprintf(w, "%s %s: %s\n", e.EventRef, held, e.Why)
		}
	}
	for _, e := range rest.unread {
		fmt.Fprintf(w, "%s of %s cannot be read, and nothing that needs it is answered: %s\n",
			e.EventRef, e.Created.In(domain.Zone).Format(time.RFC3339), e.Why)
	}
	all := slices.Concat(q.Released, rest.released)
	for _, e := range all {
		fmt.Fprintf(w, "%s released, %s\n", e.EventRef, released(e))
	}
	outside := ""
	if n := len(rest.unread); n > 0 {
		outside = fmt.Sprintf("; %s of other streams cannot be read", counted(n, "event"))
	}
	fmt.Fprintf(w, "%s in quarantine, of %s; %s released%s\n",
		counted(events, "event"), counted(len(q.Held), "stream"), counted(len(all), "event"), outside)
}

// released says who gave the event up, and what was wrong with it.
func released(e projections.QuarantinedEvent) string {
	why := e.Why
	if why == "" {
		why = "it can be read"
	}
	return fmt.Sprintf("on %s by %s (%s): %s",
		e.Release.At.In(domain.Zone).Format(time.RFC3339), e.Release.By, e.Release.Basis, why)
}

type quarantineShowCommand struct {
	registryParts
	Event string `arg:"" help:"The event, as the list names it: stream@revision."`
	JSON  bool   `name:"json" help:"Print JSON on a terminal too."`
}

// Run prints the stored event to stdout and what holds it back to stderr. Personal values
// are sealed there, and stay so.
func (c *quarantineShowCommand) Run(ctx context.Context) (err error) {
	ref, err := listedEvent(c.Event)
	if err != nil {
		return err
	}
	store, client, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close(), store.Close()) }()
	q, err := projections.NewReader(client, projections.Options{Logger: slog.Default()}).Quarantine(ctx)
	if err != nil {
		return sentence(err)
	}
	found := false
	for e, err := range store.ReadRaw(ctx, eventstore.RawRead{Stream: ref.Stream, From: &ref.Revision, Limit: 1}) {
		if err != nil {
			return err
		}
		if found = e.Revision == ref.Revision; found {
			if err := newPrinter(c.JSON).print(e); err != nil {
				return err
			}
		}
	}
	if !found {
		return fmt.Errorf("the log has no event %s", ref)
	}
	why := whyHeld(q, ref)
	if !followed(ref.Stream) {
		why = whyUnread(ctx, store, ref)
	}
	fmt.Fprintln(os.Stderr, why)
	return nil
}

// whyUnread says in a sentence what is wrong with an event of a stream that no read model has.
func whyUnread(ctx context.Context, store *eventstore.Store, ref domain.EventRef) string {
	read, err := store.ReadPage(ctx, ref.Stream, ref.Revision, 1)
	if err != nil {
		return fmt.Sprintf("%s cannot be read: %v", ref, err)
	}
	if e, ok := read[0].Event.(domain.Skipped); ok {
		return fmt.Sprintf("%s is released, %s", ref, released(projections.QuarantinedEvent{
			Why: e.Why, Release: projections.Release{Basis: e.Basis, By: e.ReleasedBy, At: e.ReleasedAt},
		}))
	}
	return fmt.Sprintf("%s can be read", ref)
}

// whyHeld says in a sentence what holds the event back.
func whyHeld(q projections.Quarantine, ref domain.EventRef) string {
	named := func(e projections.QuarantinedEvent) bool { return e.EventRef == ref }
	for _, s := range q.Held {
		if s.Stream != ref.Stream {
			continue
		}
		if i := slices.IndexFunc(s.Failed, named); i >= 0 {
			return fmt.Sprintf("%s is in quarantine: %s", ref, s.Failed[i].Why)
		}
		if len(s.Failed) > 0 && s.Failed[0].Revision < ref.Revision {
			return fmt.Sprintf("%s waits behind %s", ref, s.Failed[0].EventRef)
		}
	}
	if i := slices.IndexFunc(q.Released, named); i >= 0 {
		return fmt.Sprintf("%s is released, %s", ref, released(q.Released[i]))
	}
	return fmt.Sprintf("%s is not in quarantine", ref)
}

// listedEvent reads the name of an event as the list prints it.
func listedEvent(text string) (ref domain.EventRef, err error) {
	if err = ref.UnmarshalText([]byte(text)); err != nil || ref.IsZero() {
		return ref, fmt.Errorf("%q names no event: write it as tizilim quarantine list does, stream@revision", text)
	}
	return ref, nil
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func waits(n int) string {
	if n == 1 {
		return "waits"
	}
	return "wait"
}

type quarantineRetryCommand struct {
	modelPlace
	Stream string `arg:"" optional:"" help:"The stream to try again; without it all that are held."`
}

func (c *quarantineRetryCommand) Run(ctx context.Context) error {
	client, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	mended, err := projections.RetryQuarantine(ctx, client, c.options(), c.Stream)
	if err != nil {
		return sentence(err)
	}
	if len(mended) == 0 {
		fmt.Println("nothing is in quarantine")
	}
	return printMended(os.Stdout, mended)
}

// printMended prints what became of each stream; its error says that some are
// still held.
func printMended(w io.Writer, mended []projections.Mended) error {
	left := 0
	for _, m := range mended {
		fmt.Fprintf(w, "%s: %s applied, %d left in quarantine", m.Stream, counted(m.Applied, "event"), m.Left)
		if m.Why != "" {
			left++
			fmt.Fprintf(w, ": %s", m.Why)
		}
		fmt.Fprintln(w)
	}
	if left > 0 {
		return fmt.Errorf("%s still in quarantine", counted(left, "stream"))
	}
	return nil
}

// sentence is the message of a refusal without its code, which is for programs.
func sentence(err error) error {
	var refused *domain.Error
	if errors.As(err, &refused) {
		return errors.New(refused.Message)
	}
	return err
}
