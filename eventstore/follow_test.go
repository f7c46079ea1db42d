package eventstore_test

import (
	"bytes"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"tizilim/eventstore"
)

// The log does not answer which events are released. One that may be is delivered neither as it is stored nor as one
// that cannot be read: the first would be applied, and the second would be put in quarantine.
func TestNothingIsDeliveredBeforeItIsKnownWhatIsReleased(t *testing.T) {
	for name, write := range map[string]func(*testing.T, *eventstore.Store){
		"an event": func(t *testing.T, s *eventstore.Store) { appended(t, s, "a") },
		"an event that cannot be read": func(t *testing.T, s *eventstore.Store) {
			appendRaw(t, s, "case-"+uuid.NewString(), eventstore.NoStream, strange())
		},
	} {
		t.Run(name, func(t *testing.T) {
			address := startNode(t, t.TempDir(), "127.0.0.1:0").ConnectionString()
			write(t, openStore(t, address))
			s := openStore(t, address)
			if _, err := s.Head(t.Context()); err != nil {
				t.Fatal(err)
			}
			s.AnswerWithin(time.Nanosecond)
			deliveries := s.Follow(t.Context(), 0)
			for enough := time.After(300 * time.Millisecond); ; {
				select {
				case d := <-deliveries:
					if d.Recorded != nil {
						t.Fatalf("%s is delivered, with the error %v", d.Recorded.Stream, d.Poison)
					}
					continue
				case <-enough:
				}
				break
			}
		})
	}
}

// printed is a log that is written by several goroutines.
type printed struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (p *printed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

func (p *printed) has(text string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return bytes.Contains(p.text.Bytes(), []byte(text))
}

// A subscription that nobody reads is behind the log, and has not stalled.
func TestAReaderThatIsSlowKeepsItsSubscription(t *testing.T) {
	address := startNode(t, t.TempDir(), "127.0.0.1:0").ConnectionString()
	log := &printed{}
	s, err := eventstore.Open(address, slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	const events = 3000 // more than wait for a reader
	for range events / 1000 {
		list, many := newList(), make([]eventstore.NewEvent, 1000)
		for i := range many {
			many[i] = opening(list, strconv.Itoa(i))
		}
		if _, err := s.Append(t.Context(), list.Stream(), eventstore.NoStream, many); err != nil {
			t.Fatal(err)
		}
	}
	deliveries := s.Follow(t.Context(), 0)
	time.Sleep(3500 * time.Millisecond) // some comparisons with the head of the log
	for read := 0; read < events; {
		if d := <-deliveries; d.Recorded != nil {
			read++
		}
	}
	if log.has("subscription dropped") {
		t.Error("the subscription was replaced")
	}
}
