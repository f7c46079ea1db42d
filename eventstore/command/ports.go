package command

import (
	"context"
	"iter"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/eventstore"
)

// The ports: what commands need of the rest of the registry and of the outside.

// Log is the event store; [*eventstore.Store] is one.
type Log interface {
	// Append appends all events or none, at the expected revision, or returns
	// *eventstore.RevisionError. Repeating it adds nothing.
	Append(
		ctx context.Context, stream string, expected eventstore.Expected, events []eventstore.NewEvent,
	) (domain.Position, error)
	// Read returns the events from the revision on; none for a missing stream.
	Read(ctx context.Context, stream string, from uint64) iter.Seq2[domain.Recorded, error]
	// ReadPage is Read of at most limit events.
	ReadPage(ctx context.Context, stream string, from uint64, limit int) ([]domain.Recorded, error)
	// AppendRead appends an entry to the access log of a person. Repeating it
	// adds nothing.
	AppendRead(ctx context.Context, id uuid.UUID, e accesslog.PersonalDataRead, meta domain.Meta) error
	// Suspect tells the log that it contradicts what it acknowledged.
	Suspect()
}

// Model is the read model: it answers what no single stream can tell. Its
// answers may be behind the log; CatchUp is called before a decision rests on
// them.
type Model interface {
	// CatchUp waits until the model has all that the log held when it was called.
	CatchUp(ctx context.Context) error
	// Occupants returns who is registered at the dwelling on the day, which is
	// today.
	Occupants(ctx context.Context, id domain.DwellingID, today domain.Date) ([]domain.PersonID, error)
	// ListsOf returns the lists that the body keeps.
	ListsOf(ctx context.Context, body string) ([]domain.ListID, error)
}
