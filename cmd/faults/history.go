package main

import (
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
)

// history is what the clients were told in one round. It is safe for concurrent use.
type history struct {
	began time.Time // from which instants are counted

	mu      sync.Mutex // guards the rest
	acks    []ack
	denials []denial
	reads   []reading
	lists   map[domain.ListID][]step
	persons map[domain.PersonID][]step
}

func newHistory() *history {
	return &history{
		began: time.Now(), lists: map[domain.ListID][]step{}, persons: map[domain.PersonID][]step{},
	}
}

// now is an instant of the round, by the monotonic clock.
func (h *history) now() int64 { return int64(time.Since(h.began)) }

// ack is an answered command.
type ack struct {
	command  domain.CommandID
	request  request
	answer   []byte // its body
	events   []line
	position domain.Position
}

// denial is a command that was refused for good.
type denial struct {
	command domain.CommandID
	refusal *refusal
	client  int
	call    int64
}

// line is an event as an answer shows it.
type line struct {
	Stream      string          `json:"stream"`
	Revision    uint64          `json:"revision"`
	Position    domain.Position `json:"position"`
	ID          uuid.UUID       `json:"event_id"`
	Type        string          `json:"type"`
	EffectiveAt time.Time       `json:"effective_at"`
	CreatedAt   time.Time       `json:"created_at"`
	Causation   uuid.UUID       `json:"causation"`
}

// act is what an operation on a list or on a person's residence did or asked.
type act string

const (
	placing     act = "place"
	removing    act = "remove"
	reinstating act = "reinstate"
	registering act = "register"
	leaving     act = "leave" // a deregistration
	asking      act = "read"
)

// step is one operation of a history that must be linearizable.
type step struct {
	act      act
	client   int
	call     int64
	answered int64

	entry  domain.EntryID // of a list
	number int            // certified or read; 0: not on the list
	of     int            // read

	caseID       domain.CaseID // of an unanswered placement, to find out whether it happened
	unknown      bool          // it was never answered
	registration domain.RegistrationID
	dwelling     domain.DwellingID
	ended        []domain.RegistrationID
	refused      domain.Code
}

func (o step) String() string {
	text := string(o.act)
	if !o.entry.IsZero() {
		text += fmt.Sprintf(" %.8s: number %d of %d", o.entry, o.number, o.of)
	}
	if !o.registration.IsZero() {
		text += fmt.Sprintf(" %.8s", o.registration)
	}
	if len(o.ended) > 0 {
		text += fmt.Sprintf(", ended %.8s", o.ended)
	}
	if o.refused != "" {
		text += ": " + string(o.refused)
	}
	return text
}

// reading is an answered read.
type reading struct {
	asOf   domain.Position
	asked  domain.Position // it waited for this one; 0: it waited for none
	path   string
	list   domain.ListID // of a number
	entry  domain.EntryID
	number int
	of     int
	status string
	person domain.PersonID // of a residence
	day    domain.Date     // on which the process says that it holds
	at     []domain.RegistrationID
}

func (h *history) acknowledge(a ack) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.acks = append(h.acks, a)
}

func (h *history) refuse(d denial) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.denials = append(h.denials, d)
}

func (h *history) read(r reading) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reads = append(h.reads, r)
}

func (h *history) onList(id domain.ListID, o step) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lists[id] = append(h.lists[id], o)
}

func (h *history) onPerson(id domain.PersonID, o step) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.persons[id] = append(h.persons[id], o)
}
