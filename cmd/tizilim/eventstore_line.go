package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/mattn/go-isatty"

	"tizilim/eventstore"
)

// eventLine is an event as one line of JSON. Subcommands read and tail print it,
// append reads it. Data and metadata that are not JSON are in base64.
type eventLine struct {
	Stream         string          `json:"stream,omitempty"`
	Revision       *uint64         `json:"revision,omitempty"`
	Position       uint64          `json:"position,omitempty"` // commit position
	Created        *time.Time      `json:"created,omitempty"`  // the time that the store which was read gave it
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

// printer prints each event as one line: as JSON, or on a terminal as text.
type printer struct {
	out  io.Writer
	json *json.Encoder // nil: print text
}

func newPrinter(asJSON bool) *printer {
	fmt.Fprintln(os.Stderr, "tizilim: personal data are shown as the log has them, sealed or not, "+
		"and this reading leaves no entry in the access log")
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
