package domain

import (
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// Ids are UUIDs of distinct types, so that a person cannot be passed where a
// dwelling is meant. All but a PersonID that comes from an IIN are derived from
// the command that creates the thing ([DeriveID]), so that a repeated command
// names the same thing.
type (
	PersonID       struct{ uuid.UUID }
	DwellingID     struct{ uuid.UUID }
	RegistrationID struct{ uuid.UUID }
	CaseID         struct{ uuid.UUID }
	ListID         struct{ uuid.UUID }
	EntryID        struct{ uuid.UUID }
	CertificateID  struct{ uuid.UUID }
	CommandID      struct{ uuid.UUID }
	ChallengeID    struct{ uuid.UUID }
	NoticeID       struct{ uuid.UUID }
	PaperID        struct{ uuid.UUID } // of the file of a paper
	BodyID         struct{ uuid.UUID } // of a commission, a desk, a department of the provider, an audit office
)

// IsZero reports whether the id was left out.
func (id PersonID) IsZero() bool       { return id.UUID == uuid.Nil }
func (id DwellingID) IsZero() bool     { return id.UUID == uuid.Nil }
func (id RegistrationID) IsZero() bool { return id.UUID == uuid.Nil }
func (id CaseID) IsZero() bool         { return id.UUID == uuid.Nil }
func (id ListID) IsZero() bool         { return id.UUID == uuid.Nil }
func (id EntryID) IsZero() bool        { return id.UUID == uuid.Nil }
func (id CertificateID) IsZero() bool  { return id.UUID == uuid.Nil }
func (id CommandID) IsZero() bool      { return id.UUID == uuid.Nil }
func (id ChallengeID) IsZero() bool    { return id.UUID == uuid.Nil }
func (id NoticeID) IsZero() bool       { return id.UUID == uuid.Nil }
func (id PaperID) IsZero() bool        { return id.UUID == uuid.Nil }
func (id BodyID) IsZero() bool         { return id.UUID == uuid.Nil }

// DeriveID returns the UUIDv5 of name in the namespace of the command (or other
// id) from: the same for every repetition.
func DeriveID(from uuid.UUID, name string) uuid.UUID {
	return uuid.NewSHA1(from, []byte(name))
}

// Streams: one per invariant. A stream name is a category, a dash and an id; it
// never holds personal data.

func (id PersonID) Stream() string   { return "residence-" + id.String() }
func (id DwellingID) Stream() string { return "dwelling-" + id.String() }
func (id CaseID) Stream() string     { return "case-" + id.String() }
func (id ListID) Stream() string     { return "queue-" + id.String() }
func (id NoticeID) Stream() string   { return "notice-" + id.String() }
func (id BodyID) Stream() string     { return "body-" + id.String() }

// Categories are the categories of the streams that the projector follows, as
// prefixes for a filter on $all. The categories otp-, body- and address- are not among
// them: no read model shows their events.
var Categories = []string{"residence-", "dwelling-", "case-", "queue-", "access-", "notice-"}

// BodyCategory is the category of the streams of bodies, as a prefix. Each process follows
// them by itself, to know who acts for whom; no read model shows them.
const BodyCategory = "body-"

// EventRef names an event of the log, as stream@revision. The zero EventRef
// names none.
type EventRef struct {
	Stream   string
	Revision uint64
}

func (r EventRef) IsZero() bool { return r.Stream == "" }

func (r EventRef) String() string {
	if r.IsZero() {
		return ""
	}
	return r.Stream + "@" + strconv.FormatUint(r.Revision, 10)
}

// MarshalText writes stream@revision; the zero EventRef is the empty text.
func (r EventRef) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText writes. Error: [CodeEventRefFormat].
func (r *EventRef) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*r = EventRef{}
		return nil
	}
	stream, after, _ := strings.Cut(string(text), "@")
	revision, err := strconv.ParseUint(after, 10, 63)
	if err != nil || stream == "" {
		return Refuse(Invalid, CodeEventRefFormat, "write the event as stream@revision, as the history shows it")
	}
	*r = EventRef{stream, revision}
	return nil
}
