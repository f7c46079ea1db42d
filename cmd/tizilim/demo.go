package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"tizilim/domain"
)

// answerTimeout is how long the demonstration repeats one unanswered request.
const answerTimeout = 10 * time.Second

type demoCommand struct {
	URL    string        `name:"url" help:"Address of the running server." default:"http://127.0.0.1:8080"`
	Data   string        `help:"Data directory of the server, for its keys." default:"./data" type:"path" env:"TIZILIM_DATA"`
	Loop   bool          `help:"Issue commands all the time, also over restarts of the server. At the end check that nothing acknowledged is lost."`
	For    time.Duration `help:"With --loop: how long. Default: until interrupted."`
	Rounds int           `help:"With --loop: stop after this many rounds." placeholder:"N"`

	Clients int `help:"With --loop: number of clients that issue commands at once." default:"2"`
}

func (c *demoCommand) Run(ctx context.Context) error {
	if c.Loop {
		if c.Clients < 1 {
			return errors.New("--clients must be at least 1")
		}
		return c.loop(ctx, os.Stdout)
	}
	api, err := newClient(ctx, c.URL, c.Data, answerTimeout)
	if err != nil {
		return err
	}
	t := newStoryteller(api, os.Stdout)
	return t.tell(ctx)
}

// storyteller shows both services as a story of made-up people: it issues commands,
// prints what they changed, and stops at the first answer that is not as expected.
type storyteller struct {
	*client
	out   io.Writer
	names map[string]string // by id, for the tables

	consents map[domain.DwellingID][]map[string]any // of the owners, by dwelling
	lastCase domain.CaseID                          // the last case of a deregistration

	applicant person // of the whole procedure
}

func newStoryteller(api *client, out io.Writer) *storyteller {
	return &storyteller{
		client: api, out: out,
		names: map[string]string{}, consents: map[domain.DwellingID][]map[string]any{},
	}
}

// person is somebody in the story.
type person struct {
	id   domain.PersonID
	name string
}

// tell tells the whole story.
func (t *storyteller) tell(ctx context.Context) error {
	if err := inOrder(ctx, t.residence, t.housing, t.procedure, t.citizens, t.family); err != nil {
		return err
	}
	fmt.Fprintln(t.out, "\nEvery step answered as expected.")
	return nil
}

// inOrder takes the steps until one fails.
func inOrder(ctx context.Context, steps ...func(context.Context) error) error {
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (t *storyteller) title(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	fmt.Fprintf(t.out, "\n%s\n%s\n", text, strings.Repeat("─", len([]rune(text))))
}

func (t *storyteller) say(format string, args ...any) { fmt.Fprintf(t.out, "  "+format+"\n", args...) }

func (t *storyteller) table(header table.Row, rows []table.Row) {
	w := table.NewWriter()
	w.SetOutputMirror(t.out)
	w.SetStyle(table.StyleLight)
	w.AppendHeader(header)
	w.AppendRows(rows)
	w.Render()
}
