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
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/mattn/go-isatty"

	"tizilim/domain"
	"tizilim/domain/otp"
	"tizilim/eventstore"
	"tizilim/eventstore/embedded"
)

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

// eventLine is an event in one line of JSON: what read and tail print, and
// append takes. Data and metadata that are no JSON are in base64.
type eventLine struct {
	Stream         string          `json:"stream,omitempty"`
	Revision       *uint64         `json:"revision,omitempty"`
	Position       uint64          `json:"position,omitempty"` // commit position
	Created        *time.Time      `json:"created,omitempty"`  // by the store that was read
	ID             uuid.UUID       `json:"id"`
	Type           string          `json:"type"`
	ContentType    string          `json:"content_type,omitempty"`
	Data           json.RawMessage `json:"data,omitempty"`
	DataBase64     []byte          `json:"data_base64,omitempty"`
	Metadata       json.RawMessage `json:"metadata,omitempty"`
	MetadataBase64 []byte          `json:"metadata_base64,omitempty"`
}

const (
	contentJSON   = "application/json"
	contentBinary = "application/octet-stream"
)

func lineOf(e eventstore.RawEvent) eventLine {
	created := e.Created.UTC()
	line := eventLine{
		Stream: e.Stream, Revision: &e.Revision, Position: uint64(e.Position), Created: &created,
		ID: e.ID, Type: e.Type, ContentType: contentBinary,
	}
	if e.JSON {
		line.ContentType = contentJSON
	}
	if line.Data, line.DataBase64 = jsonOrBytes(e.Data); !e.JSON && line.Data != nil {
		line.Data, line.DataBase64 = nil, e.Data
	}
	line.Metadata, line.MetadataBase64 = jsonOrBytes(e.Metadata)
	return line
}

func jsonOrBytes(text []byte) (json.RawMessage, []byte) {
	if json.Valid(text) && utf8.Valid(text) {
		return text, nil
	}
	return nil, text
}

// printer prints events: for a program a line of JSON, for a person at a
// terminal a line to read.
type printer struct {
	out  io.Writer
	json *json.Encoder // nil: for a person
}

func newPrinter(asJSON bool) *printer {
	fmt.Fprintln(os.Stderr, "tizilim: what the log holds of persons is shown as it is, "+
		"and reading the log itself leaves no entry in the access log")
	p := &printer{out: os.Stdout}
	if asJSON || !isatty.IsTerminal(os.Stdout.Fd()) {
		p.json = json.NewEncoder(os.Stdout)
		p.json.SetEscapeHTML(false)
	}
	return p
}

func (p *printer) print(e eventstore.RawEvent) error {
	line := lineOf(e)
	if p.json != nil {
		return p.json.Encode(line)
	}
	var data bytes.Buffer
	if json.Compact(&data, line.Data) != nil {
		fmt.Fprintf(&data, "%d bytes", len(e.Data))
	}
	created := line.Created.Format("2006-01-02 15:04:05.000")
	_, err := fmt.Fprintf(p.out, "%12d  %s  %s@%d  %s  %s\n",
		e.Position, created, e.Stream, e.Revision, e.Type, data.Bytes())
	return err
}

type storeReadCommand struct {
	Stream string `arg:"" help:"Stream, or $all for the whole log."`
	storePlace
	From      *uint64 `help:"Revision to begin with, in $all the position of an event; backwards in $all the one after." placeholder:"N"`
	Backwards bool    `help:"The newest first."`
	Limit     uint64  `help:"At most so many events; 0: all." default:"0" placeholder:"N"`
	JSON      bool    `name:"json" help:"One line of JSON an event, as without a terminal."`
}

func (c *storeReadCommand) Run(ctx context.Context) (err error) {
	store, end, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	out := newPrinter(c.JSON)
	read := eventstore.RawRead{Stream: c.Stream, From: c.From, Backwards: c.Backwards, Limit: c.Limit}
	for e, err := range store.ReadRaw(ctx, read) {
		if err != nil {
			return err
		}
		if err := out.print(e); err != nil {
			return err
		}
	}
	return nil
}

type storeTailCommand struct {
	Stream string `arg:"" optional:"" help:"Stream; without it the whole log." default:"$all"`
	storePlace
	Prefixes []string `name:"filter-prefix" help:"Only of streams that begin so; may be repeated." placeholder:"PREFIX" sep:"none"`
	JSON     bool     `name:"json" help:"One line of JSON an event, as without a terminal."`
}

func (c *storeTailCommand) Run(ctx context.Context) (err error) {
	store, end, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	out := newPrinter(c.JSON)
	for e, err := range store.TailRaw(ctx, c.Stream) {
		switch {
		case ctx.Err() != nil: // a tail goes on until it is stopped
			return nil
		case err != nil:
			return err
		}
		asked := func(prefix string) bool { return strings.HasPrefix(e.Stream, prefix) }
		if len(c.Prefixes) > 0 && !slices.ContainsFunc(c.Prefixes, asked) {
			continue
		}
		if err := out.print(e); err != nil {
			return err
		}
	}
	return nil
}

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

func (l eventLine) event() (eventstore.RawEvent, error) {
	e := eventstore.RawEvent{
		ID: l.ID, Type: l.Type, Data: l.DataBase64, Metadata: l.MetadataBase64,
		JSON: l.ContentType == contentJSON || l.ContentType == "" && l.DataBase64 == nil,
	}
	switch {
	case l.Type == "":
		return e, errors.New("an event needs a type")
	case l.Data != nil && l.DataBase64 != nil || l.Metadata != nil && l.MetadataBase64 != nil:
		return e, errors.New("an event has data or data_base64, and metadata or metadata_base64, not both")
	case l.ContentType != "" && l.ContentType != contentJSON && l.ContentType != contentBinary:
		return e, fmt.Errorf("the content type is %s or %s", contentJSON, contentBinary)
	}
	if l.Data != nil {
		e.Data = l.Data
	}
	if l.Metadata != nil {
		e.Metadata = l.Metadata
	}
	if e.ID == uuid.Nil {
		e.ID = uuid.New()
	}
	return e, nil
}
