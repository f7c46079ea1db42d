package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/eventstore/command/importer"
	"tizilim/httpapi/table"
)

// importCommand takes over another register.
type importCommand struct {
	Files  []string `arg:"" help:"CSV (name ends with .csv) or NDJSON; lines may refer to lines of the other files." type:"existingfile" placeholder:"FILE"`
	Source string   `help:"Name of the register that the files come from. The same name with the same keys is the same fact." required:"" placeholder:"NAME"`
	By     string   `help:"Account of the operator. Every imported fact names it." required:"" placeholder:"ACCOUNT"`

	Type         string `help:"Type of the lines that name none: person, dwelling, owner, registration, list, entry, member, death." placeholder:"TYPE"`
	DryRun       bool   `help:"Check everything, say what would happen, and append nothing."`
	AllOrNothing bool   `help:"Import nothing where a line is bad."`
	Report       string `help:"File for the bad lines: CSV where its name ends with .csv, else NDJSON. Default: the first of them are printed." type:"path" placeholder:"FILE"`

	Rules    string `help:"Table of rules by date, as that of the server. Default: the built-in one." placeholder:"FILE" type:"path" env:"TIZILIM_RULES"`
	Calendar string `help:"Holidays by year, as that of the server. Default: the built-in calendar." placeholder:"FILE" type:"path" env:"TIZILIM_CALENDAR"`
	registryParts
}

// errLinesLeft says that lines were not imported.
var errLinesLeft = errors.New("lines were not imported")

// badLinesPrinted is how many bad lines are printed where no report is asked for.
const badLinesPrinted = 20

func (c *importCommand) Run(ctx context.Context) (err error) {
	if c.Source, err = domain.ImportKey(c.Source, "--source"); err != nil {
		return sentence(err)
	}
	if err := domain.CheckAccount(c.By); err != nil {
		return sentence(err)
	}
	rows, batch, err := c.read()
	if err != nil {
		return err
	}
	tool, err := c.registryParts.openTool(ctx, c.Rules, c.Calendar)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tool.close()) }()
	im := &importer.Importer{
		Commands: tool.commands, CatchUp: tool.catchUp, PersonKey: tool.keys.person, Rules: tool.book, Now: time.Now,
		Source: c.Source, Batch: batch, By: c.By,
	}
	bar := newCount("checking", "lines")
	plan, err := im.Check(ctx, rows, bar.count)
	bar.finish()
	if err != nil {
		return err
	}
	if err := c.report(plan.Bad); err != nil {
		return err
	}
	c.say(os.Stdout, plan)
	switch bad := len(plan.Bad); {
	case bad > 0 && (c.DryRun || c.AllOrNothing):
		return fmt.Errorf("%s bad, and nothing was imported: %w", counted(bad, "line"), errLinesLeft)
	case c.DryRun || plan.Lines() == 0:
		return leftOut(bad)
	}
	bar = newCount("importing", "lines")
	began := time.Now()
	outcome, err := plan.Run(ctx, bar.count)
	bar.finish()
	took := time.Since(began)
	fmt.Printf("%s imported in %s (%.0f in a second)\n", counted(outcome.Imported, "line"), took.Round(time.Millisecond),
		float64(outcome.Imported)/max(took.Seconds(), 1e-3))
	if err != nil {
		return fmt.Errorf("%w: start the same command again, and it goes on", err)
	}
	if len(outcome.Refused) > 0 {
		if err := c.report(slices.Concat(plan.Bad, outcome.Refused)); err != nil {
			return err
		}
	}
	return leftOut(len(plan.Bad) + len(outcome.Refused))
}

// leftOut is how a command ends that did not import so many lines.
func leftOut(bad int) error {
	if bad == 0 {
		return nil
	}
	return fmt.Errorf("%s bad: mend them and import the same files again: %w", counted(bad, "line"), errLinesLeft)
}

// read reads all files. The batch follows from what they say, so that an import which goes on is the same.
func (c *importCommand) read() (rows []importer.Row, batch uuid.UUID, err error) {
	sum := sha256.New()
	for _, name := range c.Files {
		file, err := os.Open(name)
		if err != nil {
			return nil, batch, err
		}
		err = importer.Read(name, io.TeeReader(file, sum), importer.Type(c.Type), func(r importer.Row) { rows = append(rows, r) })
		if err = errors.Join(err, file.Close()); err != nil {
			return nil, batch, err
		}
	}
	return rows, domain.DeriveID(uuid.NameSpaceOID, "batch "+c.Source+string(sum.Sum(nil))), nil
}

// say prints what the import would do, by the type of the lines.
func (c *importCommand) say(out io.Writer, plan *importer.Plan) {
	for _, kind := range importer.Types {
		bad := 0
		for _, b := range plan.Bad {
			if b.Type == kind {
				bad++
			}
		}
		if n, known := plan.New[kind], plan.Known[kind]; n+known+bad > 0 {
			fmt.Fprintf(out, "%-12s  %7d new  %7d known  %7d bad\n", kind, n, known, bad)
		}
	}
}

// report writes the bad lines to the file of the report, or prints the first of them.
func (c *importCommand) report(bad []importer.Refusal) error {
	if c.Report == "" {
		for _, b := range bad[:min(len(bad), badLinesPrinted)] {
			fmt.Printf("%s:%d: %s %s: %s (%s): %s\n", b.File, b.Line, b.Type, b.Key, b.Code, b.Field, b.Message)
		}
		if more := len(bad) - badLinesPrinted; more > 0 {
			fmt.Printf("%d more: --report FILE writes all\n", more)
		}
		return nil
	}
	out := new(bytes.Buffer)
	if strings.HasSuffix(strings.ToLower(c.Report), ".csv") {
		lines := csv.NewWriter(out)
		_ = lines.Write([]string{"file", "line", "type", "key", "code", "field", "message"}) // to memory
		for _, b := range bad {
			_ = lines.Write([]string{
				b.File, strconv.Itoa(b.Line), string(b.Type), table.Safe(b.Key), string(b.Code), table.Safe(b.Field), b.Message,
			})
		}
		lines.Flush()
	} else {
		lines := json.NewEncoder(out)
		for _, b := range bad {
			if err := lines.Encode(b); err != nil {
				return err
			}
		}
	}
	return os.WriteFile(c.Report, out.Bytes(), 0o600)
}
