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
	"tizilim/domain/otp"
	"tizilim/eventstore"
)

type storeAppendCommand struct {
	Stream string `arg:"" help:"Stream. The events are lines of JSON on the standard input: type, data, and where wanted id and metadata."`
	storePlace
	Expect string `help:"Revision of the last event of the stream, or no-stream; at another one nothing is appended." required:"" placeholder:"N"`
	Force  bool   `help:"Also to a stream of the registry, past every rule of it."`
}

func (c *storeAppendCommand) Run(ctx context.Context) (err error) {
	expected, err := parseExpected(c.Expect)
	if err != nil {
		return err
	}
	if c.Stream == "" || c.Stream == eventstore.All {
		return errors.New("events are appended to a stream: name one, which $all is not")
	}
	if ofRegistry(c.Stream) {
		if !c.Force {
			return fmt.Errorf("%s is a stream of the registry, whose events only the registry decides: "+
				"--force appends past its rules", c.Stream)
		}
		slog.Warn("appending to a stream of the registry past all its rules: what is appended cannot be taken back, "+
			"and an event that the registry does not understand stops it", "stream", c.Stream)
	}
	events, err := readEventLines(os.Stdin)
	if err != nil {
		return err
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

// ofRegistry reports whether the registry alone appends to the stream, or to
// that whose metadata it is.
func ofRegistry(stream string) bool {
	var nobody domain.PersonID
	unprojected := strings.TrimSuffix(otp.Stream(nobody), nobody.String()) // so not among the categories
	return slices.ContainsFunc(append(slices.Clone(domain.Categories), unprojected), func(category string) bool {
		return strings.HasPrefix(strings.TrimPrefix(stream, "$$"), category)
	})
}

func parseExpected(text string) (eventstore.Expected, error) {
	if text == "no-stream" {
		return eventstore.NoStream, nil
	}
	revision, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return 0, errors.New("--expect is no revision: give that of the last event of the stream, or no-stream")
	}
	return eventstore.Expected(revision), nil
}

// maxEventLine bounds a line, in bytes: an event of 16 MiB, in base64.
const maxEventLine = 32 << 20

// readEventLines reads what print writes; where an event is in its log is not
// looked at, and an event without id gets one.
func readEventLines(from io.Reader) (events []eventstore.RawEvent, err error) {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, maxEventLine)
	for n := 1; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		line, err := parseEventLine(lines.Bytes())
		if err != nil {
			return nil, fmt.Errorf("line %d is no event: %w", n, err)
		}
		e, err := line.event()
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		events = append(events, e)
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, fmt.Errorf("a line is longer than %d MiB, which no event is", maxEventLine>>20)
	case err != nil:
		return nil, fmt.Errorf("read the events: %w", err)
	}
	if len(events) == 0 {
		return nil, errors.New("there is no event on the standard input")
	}
	return events, nil
}

// parseEventLine takes one event and nothing beside it: what followed it in the
// line would be lost without a word.
func parseEventLine(text []byte) (line eventLine, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&line); err != nil {
		return line, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return line, errors.New("something follows the event: give each a line of its own")
	}
	return line, nil
}
