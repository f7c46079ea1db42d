package command_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
	"tizilim/eventstore"
	"tizilim/eventstore/command"
	"tizilim/eventstore/embedded"
)

// between is a proxy between the registry and its event store that can be told
// to misbehave.
type between struct {
	t     *testing.T
	proxy *toxiproxy.Proxy
}

func putBetween(t *testing.T, upstream string) *between {
	t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	p := toxiproxy.NewProxy(server, "between", "127.0.0.1:0", upstream)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return &between{t, p}
}

// during puts a toxic into both directions while do runs.
func (b *between) during(toxic, attributes string, do func()) {
	for _, direction := range []string{"upstream", "downstream"} {
		body := fmt.Sprintf(
			`{"name":"%s","type":"%s","stream":"%s","attributes":%s}`,
			direction,
			toxic,
			direction,
			attributes,
		)
		if _, err := b.proxy.Toxics.AddToxicJson(strings.NewReader(body)); err != nil {
			b.t.Error(err)
			return
		}
	}
	do()
	for _, direction := range []string{"upstream", "downstream"} {
		if err := b.proxy.Toxics.RemoveToxic(context.Background(), direction); err != nil {
			b.t.Error(err)
		}
	}
}

// cut closes every connection and takes no new one while do runs.
func (b *between) cut(do func()) {
	address := b.proxy.Listen
	b.proxy.Stop()
	do()
	b.proxy.Listen = address
	if err := b.proxy.Start(); err != nil {
		b.t.Error(err)
	}
}

// TestFaultsBetweenRegistryAndEventStore registers and moves people from
// several desks, each repeating a command under its id until it is answered,
// while the connection is cut, delayed, frozen and reset. What was answered is
// in the log, once, and a follower behind the same faults has seen the log as it
// is.
func TestFaultsBetweenRegistryAndEventStore(t *testing.T) {
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	node, err := embedded.Open(t.TempDir(), embedded.WithLogger(quiet))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = node.Close() })
	if err := node.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	faulty := putBetween(t, node.Addr().String())
	open := func(address string) *eventstore.Store {
		s, err := eventstore.Open(
			"esdb://"+address+"?tls=false&defaultDeadline=1000&maxDiscoverAttempts=3&gossipTimeout=1",
			quiet,
		)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	store, direct := open(faulty.proxy.Listen), open(node.Addr().String())
	following, stopFollowing := context.WithCancel(t.Context())
	defer stopFollowing()
	deliveries := store.Follow(following, 0)

	handler := newHandler(store, withClock(time.Now))
	dwellings := make([]domain.DwellingID, 4)
	envelope := func() domain.Command {
		return domain.Command{
			ID:     domain.CommandID{UUID: uuid.New()},
			Digest: "d",
			Actor:  "desk",
			Role:   domain.RoleOperator,
			Now:    time.Now().UTC(),
		}
	}
	ground := domaintest.Basis() // no owner is recorded
	ground.IssuedOn = domain.NewDate(2020, 1, 1)
	for i := range dwellings {
		dwellings[i] = domain.DwellingID{UUID: uuid.New()}
		if _, err := handler.RecordDwelling(t.Context(), envelope(), residence.RecordDwelling{DwellingID: dwellings[i], Identity: rka(i), Address: "a"}, command.Options{}); err != nil {
			t.Fatal(err)
		}
	}

	// Desks work until the faults are over.
	over := make(chan struct{})
	var acknowledged sync.Map // event id
	var answered, repeated atomic.Int64
	untilAnswered := func(do func() (command.Receipt, error)) error {
		for {
			receipt, err := do()
			if err == nil {
				answered.Add(1)
				if receipt.Repeated {
					repeated.Add(1)
				}
				for _, e := range receipt.Events {
					acknowledged.Store(e.ID, e.Stream)
				}
				return nil
			}
			var refusal *domain.Error
			if !errors.As(err, &refusal) || refusal.Kind != domain.Unavailable {
				return err
			}
		}
	}
	var desks sync.WaitGroup
	for range 4 {
		desks.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				person := domain.PersonID{UUID: uuid.New()}
				cmd := envelope()
				err := untilAnswered(func() (command.Receipt, error) {
					return handler.RecordPerson(
						t.Context(),
						cmd,
						residence.RecordPerson{
							PersonID:  person,
							Name:      "n",
							Class:     residence.Refugee,
							BirthDate: domain.NewDate(1990, 1, 1),
						},
						command.Options{},
					)
				})
				for move := 0; err == nil && move < 3; move++ {
					cmd := envelope()
					err = untilAnswered(func() (command.Receipt, error) {
						return handler.Register(t.Context(), cmd, person, residence.Register{
							RegistrationID: domain.RegistrationID{
								UUID: domain.DeriveID(cmd.ID.UUID, "registration"),
							}, DwellingID: dwellings[move],
							Kind: residence.Permanent, From: cmd.Today().AddDays(move - 3), ConsentGround: ground,
						}, command.Options{})
					})
				}
				if err != nil {
					t.Errorf("a desk was refused: %v", err)
					return
				}
			}
		})
	}
	// Between two faults the desks get an answer, so that each hits live work.
	work := func() {
		for target := answered.Load() + 20; answered.Load() < target && !t.Failed(); {
			time.Sleep(time.Millisecond)
		}
	}
	pause := func(d time.Duration) func() { return func() { time.Sleep(d) } } // how long a fault lasts
	for range 3 {
		work()
		faulty.cut(pause(100 * time.Millisecond))
		work()
		faulty.during("latency", `{"latency":40,"jitter":20}`, pause(300*time.Millisecond))
		work()
		faulty.during("reset_peer", `{"timeout":5}`, pause(100*time.Millisecond))
		work()
		faulty.during("timeout", `{"timeout":0}`, pause(300*time.Millisecond)) // frozen: bytes are swallowed
		work()
		faulty.during("limit_data", `{"bytes":3000}`, pause(100*time.Millisecond)) // cut in the middle of a message
	}
	work()
	close(over)
	desks.Wait()

	// The log, read past the faults.
	head, err := direct.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var log []domain.Recorded
	seen := map[uuid.UUID]int{}
	reading, stopReading := context.WithTimeout(t.Context(), time.Minute)
	defer stopReading()
	for d := range direct.Follow(reading, 0) {
		if d.Recorded != nil {
			log = append(log, *d.Recorded)
			seen[d.Recorded.ID]++
		}
		if d.Position >= head {
			break
		}
	}
	stopReading()
	acknowledged.Range(func(id, stream any) bool {
		if n := seen[id.(uuid.UUID)]; n != 1 {
			t.Errorf("an acknowledged event of %s is %d times in the log", stream, n)
		}
		return true
	})
	perStream := map[string]int{}
	for _, rec := range log {
		if rec.Revision != uint64(perStream[rec.Stream]) {
			t.Errorf("%s has revision %d after %d events", rec.Stream, rec.Revision, perStream[rec.Stream])
		}
		perStream[rec.Stream]++
	}
	for stream, n := range perStream {
		// A person is recorded, registered, and moves twice: 1 + 1 + 2 + 2.
		if stream[:len("residence-")] == "residence-" && n != 6 {
			t.Errorf("%s has %d events, want 6", stream, n)
		}
	}
	for i := 0; i < len(log); {
		select {
		case d := <-deliveries:
			if d.Recorded == nil {
				continue
			}
			if d.Recorded.ID != log[i].ID {
				t.Fatalf(
					"the follower's event %d is %s@%d, the log's %s@%d",
					i,
					d.Recorded.Stream,
					d.Recorded.Revision,
					log[i].Stream,
					log[i].Revision,
				)
			}
			i++
		case <-time.After(30 * time.Second):
			t.Fatalf("the follower has seen %d of %d events", i, len(log))
		}
	}
	t.Logf("%d commands answered, %d of them found done, %d events", answered.Load(), repeated.Load(), len(log))
}
