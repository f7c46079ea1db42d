package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/eventstore"
	"tizilim/eventstore/command/importer"
)

// exportCommand writes what a registry has now, to be imported by another one.
type exportCommand struct {
	File string `arg:"" help:"New file of NDJSON, with the personal values in clear." type:"path" placeholder:"FILE"`

	Rules    string `help:"Table of rules by date, as that of the server. Default: the built-in one." placeholder:"FILE" type:"path" env:"TIZILIM_RULES"`
	Calendar string `help:"Holidays by year, as that of the server. Default: the built-in calendar." placeholder:"FILE" type:"path" env:"TIZILIM_CALENDAR"`
	registryParts
}

func (c *exportCommand) Run(ctx context.Context) (err error) {
	tool, err := c.registryParts.openTool(ctx, c.Rules, c.Calendar)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tool.close()) }()
	file, err := os.OpenFile(c.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, file.Close()); err != nil {
			err = errors.Join(err, os.Remove(c.File)) // half a register is none
		}
	}()
	fmt.Fprintf(os.Stderr, "%s has names and IINs in clear: keep it apart, and delete it after the import\n", c.File)
	out := bufio.NewWriter(file)
	lines, err := c.write(ctx, tool, out)
	if err != nil {
		return err
	}
	if err := errors.Join(out.Flush(), file.Sync()); err != nil {
		return err
	}
	fmt.Printf("%s written\n", counted(lines, "line"))
	return nil
}

// write writes all lines and says what they do not have.
func (c *exportCommand) write(ctx context.Context, tool *tool, out io.Writer) (lines int, err error) {
	begun, err := streamsOf(ctx, tool.store)
	if err != nil {
		return 0, err
	}
	bar := newCount("exporting", "lines")
	all := len(begun.persons) + len(begun.dwellings) + len(begun.lists)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	x := importer.Exporter{Commands: tool.commands, Write: func(r importer.Row) error {
		lines++
		bar.count(min(lines, all), all)
		return encoder.Encode(r)
	}}
	err = x.Export(ctx, begun.persons, begun.dwellings, begun.lists)
	bar.finish()
	if err != nil {
		return 0, err
	}
	x.Left["cases"], x.Left["past events, which stay in this registry alone"] = begun.cases, begun.events
	for _, what := range slices.Sorted(maps.Keys(x.Left)) {
		if n := x.Left[what]; n > 0 {
			fmt.Printf("not exported: %d %s\n", n, what)
		}
	}
	return lines, nil
}

// begunStreams are the ids of the streams of a log.
type begunStreams struct {
	persons   []domain.PersonID
	dwellings []domain.DwellingID
	lists     []domain.ListID
	cases     int
	events    int
}

// streamsOf reads the log once, for the names of its streams.
func streamsOf(ctx context.Context, log *eventstore.Store) (b begunStreams, err error) {
	for e, err := range log.ReadRaw(ctx, eventstore.RawRead{Stream: eventstore.All}) {
		if err != nil {
			return b, err
		}
		b.events++
		category, text, _ := strings.Cut(e.Stream, "-")
		id, err := uuid.Parse(text)
		if e.Revision != 0 || err != nil {
			continue
		}
		switch category {
		case "residence":
			b.persons = append(b.persons, domain.PersonID{UUID: id})
		case "dwelling":
			b.dwellings = append(b.dwellings, domain.DwellingID{UUID: id})
		case "queue":
			b.lists = append(b.lists, domain.ListID{UUID: id})
		case "case":
			b.cases++
		}
	}
	return b, nil
}
