package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"

	"tizilim/domain"
	"tizilim/domain/keyring"
	"tizilim/domain/otp"
	"tizilim/domain/revocation"
	"tizilim/eventstore"
)

type storeAppendCommand struct {
	Stream string `arg:"" help:"Stream. Standard input has one event per line of JSON: type, data and, optionally, id and metadata."`
	storePlace
	Expect string `help:"Expected revision: that of the last event of the stream, or no-stream. Otherwise nothing is appended." required:"" placeholder:"N"`
	Force  bool   `help:"Append to a stream of the registry too. No rule of the registry is checked."`
	LogKey string `help:"Secret of the log, keys/log.key of the data directory. Without it the registry takes a forced event for forged." placeholder:"FILE" type:"path"`
}

func (c *storeAppendCommand) Run(ctx context.Context) (err error) {
	expected, err := parseExpected(c.Expect)
	if err != nil {
		return err
	}
	if c.Stream == "" || c.Stream == eventstore.All {
		return errors.New("name one stream to append to: $all is not one")
	}
	if ofRegistry(c.Stream) {
		if !c.Force {
			return fmt.Errorf("%s is a stream of the registry, and only the registry appends to it: "+
				"--force appends without checking its rules", c.Stream)
		}
		slog.Warn(
			"appending to a stream of the registry without checking its rules: an appended event cannot be removed, "+
				"and an event that the registry cannot read stops it",
			"stream",
			c.Stream,
		)
	}
	events, err := readEventLines(os.Stdin)
	if err != nil {
		return err
	}
	if c.LogKey != "" {
		if err := c.mark(expected, events); err != nil {
			return err
		}
	}
	store, end, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	revision, position, err := store.AppendRaw(ctx, c.Stream, expected, events)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(struct {
		Stream   string          `json:"stream"`
		Revision uint64          `json:"revision"`
		Position domain.Position `json:"position"`
	}{c.Stream, revision, position})
}

// mark writes the MACs of the registry into the events.
func (c *storeAppendCommand) mark(expected eventstore.Expected, events []eventstore.RawEvent) error {
	if _, err := os.Stat(c.LogKey); err != nil { // openKey would make one
		return fmt.Errorf("the secret of the log: %w", err)
	}
	secret, err := openKey(c.LogKey)
	if err != nil {
		return err
	}
	for i, e := range events {
		e.Stream, e.Revision = c.Stream, uint64(expected+1)+uint64(i)
		if len(e.Metadata) <= len("{}") {
			e.Metadata = []byte(`{"schema":"1"}`)
		}
		events[i].Metadata = logKey(secret).mac().Mark(e.Record())
	}
	return nil
}

// ofRegistry reports whether the stream is one of the registry's, or the metadata of
// one.
func ofRegistry(stream string) bool {
	var nobody domain.PersonID
	// domain.Categories lacks what has no projection.
	unprojected := []string{strings.TrimSuffix(otp.Stream(nobody), nobody.String()), revocation.Stream, domain.BodyCategory, keyring.Category}
	return slices.ContainsFunc(slices.Concat(domain.Categories, unprojected), func(category string) bool {
		return strings.HasPrefix(strings.TrimPrefix(stream, "$$"), category)
	})
}

func parseExpected(text string) (eventstore.Expected, error) {
	if text == "no-stream" {
		return eventstore.NoStream, nil
	}
	revision, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return 0, errors.New(
			"--expect is not a revision: give the revision of the last event of the stream, or no-stream",
		)
	}
	return eventstore.Expected(revision), nil
}

// maxEventLine bounds a line, in bytes. An event of 16 MiB in base64 fits.
const maxEventLine = 32 << 20

// readEventLines reads the lines that printer writes as JSON. It ignores stream,
// revision, position and time, and gives an event without id a random one.
func readEventLines(from io.Reader) (events []eventstore.RawEvent, err error) {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, maxEventLine)
	for n := 1; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		line, err := parseEventLine(lines.Bytes())
		if err != nil {
			return nil, fmt.Errorf("line %d is not an event: %w", n, err)
		}
		e, err := line.event()
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		events = append(events, e)
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, fmt.Errorf("a line is longer than %d MiB, the limit of an event", maxEventLine>>20)
	case err != nil:
		return nil, fmt.Errorf("read the events: %w", err)
	}
	if len(events) == 0 {
		return nil, errors.New("standard input has no event")
	}
	return events, nil
}

// parseEventLine decodes a line with exactly one event. Anything after the event is
// an error, since it would be lost silently.
func parseEventLine(text []byte) (line eventLine, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&line); err != nil {
		return line, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return line, errors.New("something follows the event: put each event on its own line")
	}
	return line, nil
}
