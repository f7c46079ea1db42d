package command_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/domain/body"
	"tizilim/domain/domaintest"
	"tizilim/domain/feed"
	"tizilim/domain/residence"
	"tizilim/eventstore"
	"tizilim/eventstore/command"
)

// ReadBack returns the last events of the stream, the newest first.
func (l *memoryLog) ReadBack(_ context.Context, stream string, _ *uint64, limit int) ([]domain.Recorded, error) {
	held := slices.Clone(l.stream(stream))
	slices.Reverse(held)
	return held[:min(limit, len(held))], nil
}

func (l *memoryLog) RecordPage(ctx context.Context, id uuid.UUID, e accesslog.PageRead, meta domain.Meta) error {
	_, err := l.Append(ctx, accesslog.PageStream(id), eventstore.NoStream, []eventstore.NewEvent{{ID: id, Event: e, Meta: meta}})
	return err
}

// receiver is a consumer as its webhooks reach it.
type receiver struct {
	mu       sync.Mutex
	got      []string // ids, in the order in which they were acknowledged
	persons  []string
	attempts int
	secrets  map[string]bool
	fails    func(attempt int, m command.WebhookMessage) error // nil: it acknowledges
}

// receivers are consumers by their addresses.
type receivers map[string]*receiver

func (r receivers) Send(ctx context.Context, m command.WebhookMessage) error {
	to := r[m.URL]
	to.mu.Lock()
	to.attempts++
	n, fails := to.attempts, to.fails
	to.mu.Unlock()
	if fails != nil {
		if err := fails(n, m); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	to.mu.Lock()
	defer to.mu.Unlock()
	var fact struct{ Person string }
	if err := json.Unmarshal(m.Body, &fact); err != nil {
		return err
	}
	to.got, to.persons = append(to.got, m.ID.String()), append(to.persons, fact.Person)
	if to.secrets == nil {
		to.secrets = map[string]bool{}
	}
	to.secrets[string(m.Secret)] = true
	return nil
}

func (r *receiver) ids() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

type noMeter struct {
	mu     sync.Mutex
	failed map[domain.BodyID]int
}

func (*noMeter) Delivered(domain.BodyID, int)      {}
func (*noMeter) Lags(domain.BodyID, time.Duration) {}
func (m *noMeter) Failed(id domain.BodyID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failed == nil {
		m.failed = map[domain.BodyID]int{}
	}
	m.failed[id]++
}

// called is a registry that calls consumers.
type called struct {
	t    *testing.T
	l    *memoryLog
	h    *command.Handler
	d    *command.Directory
	from delivered
	to   receivers
	m    noMeter
}

func newCalled(t *testing.T, l *memoryLog) *called {
	d, from := directory(t, l)
	return &called{t: t, l: l, h: newHandler(l), d: d, from: from, to: receivers{}}
}

// consumer records a consumer that is called from the beginning of the feed.
func (c *called) consumer(name string, change func(*body.Allowance)) domain.BodyID {
	c.t.Helper()
	id := domaintest.ID[domain.BodyID](name)
	must(c.t, "record "+name, func(cmd domain.Command) (command.Receipt, error) {
		return c.h.RecordBody(ctx, cmd, body.Record{BodyID: id, Kind: body.Consumer, Description: body.Description{
			Names: body.Names{Kazakh: "Орган", Russian: "Орган", English: "Body"},
		}}, command.Options{})
	})
	a := everything
	a.Basis = "agreement 14"
	if change != nil {
		change(&a)
	}
	must(c.t, "allow "+name, func(cmd domain.Command) (command.Receipt, error) {
		return c.h.AllowConsumer(ctx, cmd, id, body.Allow{Allowance: a}, command.Options{})
	})
	c.set(id, name, "first")
	c.to["https://"+name] = &receiver{}
	return id
}

// set gives the consumer a webhook that begins at the beginning of the feed, or goes on.
func (c *called) set(id domain.BodyID, name, key string) {
	c.t.Helper()
	must(c.t, key+" webhook of "+name, func(cmd domain.Command) (command.Receipt, error) {
		return c.h.SetWebhook(ctx, cmd, id, body.SetWebhook{URL: "https://" + name}, command.Options{})
	})
	c.from.deliver()
}

// run calls consumers until what is awaited is so, and stops as a process does that is killed.
func (c *called) run(awaited func() bool) {
	c.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w := command.NewWebhooks(command.WebhookConfig{
		Handler: c.h, Feed: command.NewFeed(c.h, c.l), Directory: c.d, Log: c.l, Sender: c.to, Meter: &c.m,
		Logger: slog.New(slog.DiscardHandler),
		Body: func(_ body.Allowance, f command.FeedFact) ([]byte, error) {
			return json.Marshal(map[string]string{"person": f.PersonID.String()})
		},
		Lead: func(ctx context.Context, do func(context.Context)) error { do(ctx); return nil },
	})
	done := make(chan struct{})
	go func() { defer close(done); w.Run(ctx) }()
	for end := time.Now().Add(30 * time.Second); !awaited(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			c.t.Error("what is awaited did not come")
			break
		}
	}
	cancel()
	<-done
}

// at is how far the consumer has come, by its stream.
func (c *called) at(id domain.BodyID) string {
	held := c.l.stream(feed.DeliveryStream(id))
	if len(held) == 0 {
		return ""
	}
	return held[len(held)-1].Event.(feed.Delivered).Position
}

func idsOf(facts []command.FeedFact) (ids []string) {
	for _, f := range facts {
		ids = append(ids, f.ID.String())
	}
	slices.Sort(ids)
	return ids
}

func distinct(ids []string) []string {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return slices.Compact(ids)
}

// moves lets daur move so many times between the flat and the house.
func moves(t *testing.T, l *memoryLog, n int) {
	t.Helper()
	h := newHandler(l)
	for i := range n {
		cmd := envelope(fmt.Sprint("move ", i))
		cmd.Now = cmd.Now.AddDate(0, 0, i+1)
		at := []domain.DwellingID{house, flat}[i%2]
		if _, err := h.Register(ctx, cmd, daur, residence.Register{
			RegistrationID: domaintest.ID[domain.RegistrationID](fmt.Sprint("move ", i)), DwellingID: at,
			Kind: residence.Permanent, From: domain.DateOf(cmd.Now), Consents: []residence.Consent{{PersonID: aigul}},
		}, command.Options{}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestC31_AKilledProcessLosesNoFactAndSendsNoneUnderASecondId: the next one goes on from the last place
// that was recorded, wherever the one before was killed.
func TestC31_AKilledProcessLosesNoFactAndSendsNoneUnderASecondId(t *testing.T) {
	l := world(t)
	moves(t, l, 6)
	want := idsOf(pull(t, l, everything, feed.Position{}, 1000))
	c := newCalled(t, l)
	id := c.consumer("tax", nil)
	r := c.to["https://tax"]
	for kill := 1; kill <= len(want)+1; kill += 3 { // while so many were sent since the process began
		begun := len(r.ids())
		c.run(func() bool { return len(r.ids())-begun >= kill || c.at(id) != "" })
	}
	c.run(func() bool { return c.at(id) != "" })
	if got := distinct(r.ids()); !slices.Equal(got, want) {
		t.Errorf("%d different facts were sent, want %d", len(got), len(want))
	}
	before := len(r.ids())
	must(t, "another fact", register(newHandler(l), aigul, flat, residence.Permanent, command.Options{}))
	c.run(func() bool { return len(r.ids()) > before })
	if got := len(r.ids()) - before; got != 1 {
		t.Errorf("behind the recorded place %d facts were sent, want the new one", got)
	}
}

// TestC31_TheFactsOfOnePersonComeInTheirOrder: also where calls fail in between.
func TestC31_TheFactsOfOnePersonComeInTheirOrder(t *testing.T) {
	l := world(t)
	moves(t, l, 10)
	c := newCalled(t, l)
	id := c.consumer("tax", nil)
	r := c.to["https://tax"]
	r.fails = func(attempt int, _ command.WebhookMessage) error {
		if attempt == 5 {
			return errors.New("away")
		}
		return nil
	}
	c.run(func() bool { return c.at(id) != "" })
	var want []string
	for _, f := range pull(t, l, everything, feed.Position{}, 1000) {
		if f.PersonID == daur {
			want = append(want, f.ID.String())
		}
	}
	var got []string
	for i, person := range r.persons {
		if person == daur.String() {
			got = append(got, r.got[i])
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("of one person\n%v\nwant\n%v", got, want)
	}
}

// TestC31_AConsumerThatHangsOrFailsSlowsNobodyAndLosesNothing.
func TestC31_AConsumerThatHangsOrFailsSlowsNobodyAndLosesNothing(t *testing.T) {
	l := world(t)
	want := idsOf(pull(t, l, everything, feed.Position{}, 1000))
	c := newCalled(t, l)
	hangs, fails, well := c.consumer("hangs", nil), c.consumer("fails", nil), c.consumer("well", nil)
	back := make(chan struct{})
	c.to["https://hangs"].fails = func(int, command.WebhookMessage) error { <-back; return nil }
	var mu sync.Mutex
	down := true
	c.to["https://fails"].fails = func(int, command.WebhookMessage) error {
		mu.Lock()
		defer mu.Unlock()
		if down {
			return errors.New("away")
		}
		return nil
	}
	c.run(func() bool {
		if c.at(well) == "" {
			return false
		}
		select {
		case <-back:
		default: // they come back once the well one has everything
			if c.at(hangs) != "" || c.at(fails) != "" {
				t.Error("a consumer that acknowledged nothing has come on")
			}
			mu.Lock()
			down = false
			mu.Unlock()
			close(back)
		}
		return c.at(hangs) != "" && c.at(fails) != ""
	})
	for name, r := range c.to {
		if got := distinct(r.ids()); !slices.Equal(got, want) {
			t.Errorf("%s got %d different facts, want %d", name, len(got), len(want))
		}
	}
	if c.m.failed[fails] == 0 || c.m.failed[well] != 0 {
		t.Errorf("failures: %v", c.m.failed)
	}
}

// TestC31_AWebhookThatIsSetAgainGoesOnWithAnotherSecret, and one that has ended is not called.
func TestC31_AWebhookThatIsSetAgainGoesOnWithAnotherSecret(t *testing.T) {
	l := world(t)
	c := newCalled(t, l)
	id := c.consumer("tax", nil)
	r := c.to["https://tax"]
	c.run(func() bool { return c.at(id) != "" })
	before := len(r.ids())
	c.set(id, "tax", "second")
	must(t, "another fact", register(newHandler(l), aigul, flat, residence.Permanent, command.Options{}))
	c.run(func() bool { return len(r.ids()) > before })
	if len(r.secrets) != 2 || len(r.ids()) != before+1 {
		t.Errorf("%d secrets; %d facts after the change, want 1", len(r.secrets), len(r.ids())-before)
	}
	must(t, "end", func(cmd domain.Command) (command.Receipt, error) {
		return c.h.EndWebhook(ctx, cmd, id, command.Options{})
	})
	other := c.consumer("other", nil)
	must(t, "a fact that nobody is told", register(newHandler(l), gulnar, flat, residence.Permanent, command.Options{}))
	c.run(func() bool { return c.at(other) != "" })
	if got := len(r.ids()); got != before+1 {
		t.Errorf("after its end %d facts were sent", got-before-1)
	}
}

// TestC31_WhoAWebhookTellsOfIsInTheAccessLogFirst, once however often it is tried.
func TestC31_WhoAWebhookTellsOfIsInTheAccessLogFirst(t *testing.T) {
	l := world(t)
	c := newCalled(t, l)
	id := c.consumer("tax", nil)
	pages := func() (shown []accesslog.PageRead) {
		for _, rec := range l.since(0) {
			if e, ok := rec.Event.(accesslog.PageRead); ok {
				shown = append(shown, e)
			}
		}
		return shown
	}
	c.to["https://tax"].fails = func(attempt int, _ command.WebhookMessage) error {
		if len(pages()) == 0 {
			t.Error("a fact is sent before its entry")
		}
		if attempt < 3 {
			return errors.New("away")
		}
		return nil
	}
	c.run(func() bool { return c.at(id) != "" })
	got := pages()
	if len(got) != 1 || len(got[0].Shown) != 3 || got[0].Reader != id.String() || got[0].Purpose != accesslog.StateBody {
		t.Errorf("the access log has %+v", got)
	}
}
