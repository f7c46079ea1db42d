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
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/rules"
	"tizilim/eventstore"
	"tizilim/eventstore/command"
	"tizilim/eventstore/command/importer"
	"tizilim/httpapi/table"
	"tizilim/projections"
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

// tool is the registry as a command of the operator uses it: the log, the read model and the commands.
type tool struct {
	store    *eventstore.Store
	model    *projections.Reader
	commands *command.Handler
	keys     keys
	book     rules.Book
	catchUp  func(context.Context) error
	closers  []func() error
}

func (t *tool) close() error {
	var errs []error
	for _, c := range slices.Backward(t.closers) {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}

// openTool opens the registry of a running server. Nothing that the commands of a tool do is signed, and
// nothing is sent.
func (p registryParts) openTool(ctx context.Context, rulesFile, calendarFile string) (t *tool, err error) {
	t = &tool{}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.close())
		}
	}()
	if t.book, err = openBook(rulesFile, calendarFile); err != nil {
		return t, err
	}
	if t.keys, err = existingKeys(ctx, p.Data); err != nil {
		return t, err
	}
	store, client, err := p.open(ctx)
	if err != nil {
		return t, err
	}
	t.closers = append(t.closers, store.Close, client.Close)
	if err := useKeys(store, keysDir(p.Data)); err != nil {
		return t, err
	}
	options := projections.Options{Logger: slog.Default()}
	t.store, t.model = store, projections.NewReader(client, options)
	watch, err := projections.NewWatch(t.model, store, options)
	if err != nil {
		return t, err
	}
	t.catchUp = func(ctx context.Context) error { return patiently(ctx, watch.CatchUp) }
	directory := command.NewDirectory(store, false)
	follow, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); directory.Run(follow, store) }()
	t.closers = append(t.closers, func() error { stop(); <-done; return nil })
	t.commands, err = command.New(command.Config{
		Log: store, Model: patientModel{t.model, t.catchUp}, Now: time.Now, Rules: t.book,
		Signatures: absent{}, MobileCitizens: absent{}, Gateway: absent{},
		PasswordKey: t.keys.password, CheckKey: t.keys.check, Logger: slog.Default(),
		Bodies: directory, Keys: store, Records: records{t.model},
	})
	return t, err
}

// patientModel is a read model that is waited for as long as it takes: an import may be ahead of it by
// minutes.
type patientModel struct {
	*projections.Reader
	catchUp func(context.Context) error
}

func (m patientModel) CatchUp(ctx context.Context) error { return m.catchUp(ctx) }

// modelPatience is how long a tool waits for the read model.
const modelPatience = 10 * time.Minute

// patiently repeats what waits for the read model while the model is behind.
func patiently(ctx context.Context, catchUp func(context.Context) error) error {
	for began := time.Now(); ; {
		err := catchUp(ctx)
		if !domain.IsKind(err, domain.Unavailable) || time.Since(began) > modelPatience {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond): // between two tries
		}
	}
}

// absent stands for the services that a tool does not use.
type absent struct{}

var errAbsent = errors.New("a tool of the operator does not use this service")

func (absent) Holder([]byte) (domain.Holder, error) { return domain.Holder{}, errAbsent }

func (absent) Verify(context.Context, []byte, []byte, time.Time) (domain.Evidence, error) {
	return domain.Evidence{}, errAbsent
}
func (absent) Phone(context.Context, domain.IIN) (domain.Personal, error) { return "", errAbsent }
func (absent) Send(context.Context, command.Message) error                { return errAbsent }
