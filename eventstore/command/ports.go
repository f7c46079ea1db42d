package command

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/domain/notice"
	"tizilim/eventstore"
)

// The ports: what this layer needs of the rest of the registry and of the
// outside. Those of [Finisher], [Timer] and [Notifier] stand beside them.

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
	// ReadSound is Read up to the first event that cannot be decoded or was not written by
	// the registry, without an error there.
	ReadSound(ctx context.Context, stream string, from uint64) iter.Seq2[domain.Recorded, error]
	// RecordAccess appends an entry to the access log of a person. Repeating it
	// adds nothing.
	RecordAccess(ctx context.Context, id uuid.UUID, e accesslog.PersonalDataRead, meta domain.Meta) error
	// Reconnect has the next call look for the leader again: the log contradicts what it
	// acknowledged.
	Reconnect()
}

// Clock says whether an instant of this process can be relied on; [*clock.Clock] is one.
type Clock interface {
	// Check returns a refusal while it cannot.
	Check(ctx context.Context) error
	// Known says that the log has an event of that time.
	Known(event time.Time)
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
	// Street returns dwellings on the street of that name in the unit, behind a place, and the
	// place from which to go on, "" where none is left.
	Street(ctx context.Context, unit domain.KATO, street, after string) (
		dwellings []domain.DwellingID, next string, err error)
	// ListsOf returns the lists that the body keeps.
	ListsOf(ctx context.Context, body string) ([]domain.ListID, error)
	// Keeps reports whether the body has opened a list or taken a dwelling into its stock.
	Keeps(ctx context.Context, id domain.BodyID) (bool, error)
}

// SignatureVerifier checks electronic digital signatures (EDS).
type SignatureVerifier interface {
	// Verify returns the evidence of the signature cms over the text, as it holds
	// at the instant; its signer is whom the certificate names by IIN. Its errors
	// are refusals that blame a member of "signature", or are Unavailable: a service
	// that it has to ask does not answer.
	Verify(ctx context.Context, text, cms []byte, at time.Time) (domain.Evidence, error)
	// Holder returns whom the certificate of the signature names. It checks nothing: what it returns
	// holds once Verify has taken the same signature.
	Holder(cms []byte) (domain.Holder, error)
}

// MobileCitizens is the mobile-citizens base (БМГ).
type MobileCitizens interface {
	// Phone returns the telephone that is bound to the IIN, in the form of E.164;
	// "" where none is.
	Phone(ctx context.Context, iin domain.IIN) (domain.Personal, error)
}

// Gateway carries SMS and e-mail.
type Gateway interface {
	// Send hands a message over. It returns nil once the gateway has taken the
	// message, which it then sends once however often it is handed over. A
	// [*Rejection] says that it will never take the message. After any other
	// error it is unknown whether the message was taken: hand it over again.
	Send(ctx context.Context, m Message) error
}

// Message to one person.
type Message struct {
	// ID is the same for every attempt to send this message: a gateway that has
	// taken it does not send it twice.
	ID      uuid.UUID       `json:"id"`
	Way     notice.Way      `json:"way"`               // SMS or Email
	To      domain.Personal `json:"to"`                // a telephone in the form of E.164, or an e-mail
	Subject domain.Personal `json:"subject,omitempty"` // of an e-mail
	Text    domain.Personal `json:"text"`
}

// LogValue masks whom the message is to and what it says.
func (m Message) LogValue() slog.Value { return domain.Masked(m) }

// Rejection is a gateway's final refusal of a message.
type Rejection struct{ Status int }

func (r *Rejection) Error() string {
	return fmt.Sprintf("the gateway rejects the message with status %d", r.Status)
}

// Reporter is a gateway that can tell whether a message has arrived.
type Reporter interface {
	// Report tells what became of a message that the gateway has taken.
	Report(ctx context.Context, id uuid.UUID) (Report, error)
}

// Report is what a gateway knows of a message that it has taken.
type Report string

const (
	ReportOnItsWay Report = "on_its_way" // or not known
	ReportArrived  Report = "delivered"
	ReportLost     Report = "failed"
)
