package eventstore

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/events"
)

// storedMeta is the stored form of [domain.Meta]. The names with $ are
// EventStoreDB's own for correlation and causation. Every value is a string: the
// successor of EventStoreDB takes no other metadata.
type storedMeta struct {
	Schema      number           `json:"schema"` // version of the event's form
	Correlation uuid.UUID        `json:"$correlationId"`
	Causation   domain.CommandID `json:"$causationId"`
	EffectiveAt time.Time        `json:"effective_at"`
	Actor       string           `json:"actor"`
	Role        domain.Role      `json:"role"`
	Channel     domain.Channel   `json:"channel,omitempty"`
	Digest      string           `json:"request_digest,omitempty"`
	More        number           `json:"more,omitempty"` // events of the same append that follow

	RepresentedBy domain.PersonID `json:"represented_by,omitzero"`
	Minutes       *storedMinutes  `json:"minutes,omitempty"`
	Imported      *storedImport   `json:"imported,omitempty"`

	// CopiedCreated is when the log took the event that it was carried from; see [Carry].
	CopiedCreated *time.Time `json:"$copied_created,omitempty"`
}

// storedMinutes is the stored form of [domain.Minutes]: one text.
type storedMinutes domain.Minutes

// minutesText is what the text says.
type minutesText struct {
	Number  string              `json:"number"`
	Day     domain.Date         `json:"day"`
	Present []domain.Attendance `json:"present,omitempty"`
}

func (m storedMinutes) MarshalJSON() ([]byte, error) {
	text, err := json.Marshal(minutesText(m))
	if err != nil {
		return nil, err
	}
	return json.Marshal(string(text))
}

func (m *storedMinutes) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	return json.Unmarshal([]byte(text), (*minutesText)(m))
}

// storedImport is the stored form of [domain.Imported]: one text.
type storedImport domain.Imported

func (i storedImport) MarshalJSON() ([]byte, error) {
	text, err := json.Marshal(domain.Imported(i))
	if err != nil {
		return nil, err
	}
	return json.Marshal(string(text))
}

func (i *storedImport) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	return json.Unmarshal([]byte(text), (*domain.Imported)(i))
}

// number is written as a string and read as a number too, as versions were written at first.
type number int

func (n number) MarshalJSON() ([]byte, error) {
	return strconv.AppendQuote(nil, strconv.Itoa(int(n))), nil
}

func (n *number) UnmarshalJSON(data []byte) error {
	read, err := strconv.Atoi(strings.Trim(string(data), `"`))
	*n = number(read)
	return err
}

// encode encodes an event that so many of the same append follow.
func encode(e NewEvent, more int) (esdb.EventData, error) {
	name := e.Event.EventType()
	if e.ID == uuid.Nil {
		return esdb.EventData{}, fmt.Errorf("event of type %s has no id: a repetition would be a second event", name)
	}
	version, data, err := events.Encode(e.Event)
	if err != nil {
		return esdb.EventData{}, err
	}
	meta, err := json.Marshal(storedMeta{
		Schema: number(version), Correlation: e.Meta.Correlation, Causation: e.Meta.Causation,
		EffectiveAt: e.Event.EffectiveAt(), Actor: e.Meta.Actor, Role: e.Meta.Role, Channel: e.Meta.Channel,
		Digest: e.Meta.Digest, More: number(more), RepresentedBy: e.Meta.RepresentedBy,
		Minutes: (*storedMinutes)(e.Meta.Minutes), Imported: (*storedImport)(e.Meta.Imported),
	})
	if err != nil {
		return esdb.EventData{}, fmt.Errorf("encode metadata of %s: %w", name, err)
	}
	return esdb.EventData{EventID: e.ID, EventType: name, ContentType: esdb.ContentTypeJson, Data: data, Metadata: meta}, nil
}

// UnreadableError says that an event cannot be decoded: a newer release wrote it, or a
// defect. It is a [*domain.Error] with [domain.CodeRecordUnread].
type UnreadableError struct {
	Event domain.EventRef
	Type  string
	Why   error
}

func (e *UnreadableError) Error() string {
	return fmt.Sprintf("event %s of type %q: %v", e.Event, e.Type, e.Why)
}

func (e *UnreadableError) Unwrap() []error {
	return []error{domain.Refuse(domain.Unavailable, domain.CodeRecordUnread,
		"an event of this record cannot be read by this release of the registry, so nothing is decided on it; "+
			"nothing was changed by this request; the operator finds the event with tizilim quarantine list"), e.Why}
}

// decode reads a stored event. On an error, an [*UnreadableError], the result still says
// where the event stands.
func decode(e *esdb.RecordedEvent) (domain.Recorded, error) {
	rec := domain.Recorded{
		ID: e.EventID, Stream: e.StreamID, Revision: e.EventNumber,
		Position: domain.Position(e.Position.Commit), Created: e.CreatedDate,
	}
	fail := func(err error) (domain.Recorded, error) {
		ref := domain.EventRef{Stream: e.StreamID, Revision: e.EventNumber}
		return rec, &UnreadableError{Event: ref, Type: e.EventType, Why: err}
	}
	var m storedMeta
	if err := json.Unmarshal(e.UserMetadata, &m); err != nil {
		return fail(fmt.Errorf("metadata: %w", err))
	}
	if m.CopiedCreated != nil {
		rec.Created = *m.CopiedCreated
	}
	rec.More = int(m.More)
	rec.Meta = domain.Meta{
		Correlation: m.Correlation, Causation: m.Causation, Digest: m.Digest,
		Actor: m.Actor, Role: m.Role, Channel: m.Channel, RepresentedBy: m.RepresentedBy,
		Minutes: (*domain.Minutes)(m.Minutes), Imported: (*domain.Imported)(m.Imported),
	}
	event, err := events.Decode(e.EventType, int(m.Schema), e.Data)
	if err != nil {
		return fail(err)
	}
	rec.Event = event
	return rec, nil
}
