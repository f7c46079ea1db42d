package eventstore

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/domain/certificates"
	"tizilim/domain/housing"
	"tizilim/domain/notice"
	"tizilim/domain/otp"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
)

// types are all events of the registry under their explicit names. Adding a
// version to a type means: raise current, and give an upcast for each older
// version. One JSON sample of every version lives in testdata for ever.
var types = map[string]eventType{}

func init() {
	register[residence.PersonRecorded](1)
	register[residence.ContactsConfirmed](1)
	register[residence.RegistrationBegan](1)
	register[residence.RegistrationEnded](1)
	register[residence.RegistrationInserted](1)
	register[residence.RegistrationAnnulled](1)
	register[residence.RegistrationCorrected](1)
	register[residence.EndingAnnulled](1)
	register[residence.EndingCorrected](1)
	register[residence.CorrectionAnnulled](1)
	register[residence.RepresentativeRecorded](1)
	register[residence.RepresentationEnded](1)
	register[residence.WardNoted](1)
	register[residence.DwellingRecorded](1)
	register[residence.OwnersChanged](1)
	register[residence.DwellingDescribed](1)
	register[residence.LeaseBegan](1)
	register[residence.RegistrationDeclined](1)
	register[residence.LeaseVoided](1)
	register[residence.LeaseEnded](1)
	register[residence.DeregistrationApplied](1)
	register[residence.CoOwnerConfirmed](1)
	register[residence.CoOwnerDeclined](1)
	register[residence.ConfirmationRevoked](1)
	register[residence.ConfirmationsLapsed](1)
	register[residence.DeregistrationDecided](1)
	register[residence.DepartureSheetIssued](1)
	register[housing.ListOpened](1)
	register[housing.EntryPlaced](1)
	register[housing.EntryRemoved](1)
	register[housing.EntryReinstated](1)
	register[housing.NoticeGiven](1)
	register[housing.EntryRedated](1)
	register[housing.EntryTransferred](1)
	register[housing.PriorityRuleSet](1)
	register[housing.EntryPrioritised](1)
	register[housing.PriorityEnded](1)
	register[housing.ProtectionRecorded](1)
	register[housing.ProtectionLifted](1)
	register[housing.InventoryConfirmed](1)
	register[housing.ReviewOpened](1)
	register[housing.ReviewClosed](1)
	register[housing.InventoryRequested](1)
	register[housing.ChangeReported](1)
	register[housing.LookupConsentWithdrawn](1)
	register[housing.LookupConsentRenewed](1)
	register[housing.LookupConsentExpired](1)
	register[housing.ProvisionDecided](1)
	register[housing.ProvisionCompleted](1)
	register[housing.ProvisionVoided](1)
	register[housing.ProvisionDeclined](1)
	register[housing.EntryProvided](1)
	register[otp.Issued](1)
	register[otp.Verified](1)
	register[otp.CodeRejected](1)
	register[otp.Locked](1)
	register[otp.Expired](1)
	register[otp.Superseded](1)
	register[housing.ApplicationReceived](1)
	register[housing.NeedExamined](1)
	register[housing.PlacementApproved](1)
	register[housing.ApprovalVoided](1)
	register[housing.PlacementCertified](1)
	register[housing.ApplicationRefused](1)
	register[procedure.CorrectionRequested](1)
	register[procedure.CorrectionReceived](1)
	register[procedure.CaseReturned](1)
	register[procedure.CaseForwarded](1)
	register[procedure.ReviewBegan](1)
	register[procedure.DeciderRecused](1)
	register[procedure.HearingAnnounced](1)
	register[procedure.ObjectionFiled](1)
	register[procedure.HearingClosed](1)
	register[procedure.HearingDispensed](1)
	register[procedure.TermExtended](1)
	register[procedure.CaseWithdrawn](1)
	register[procedure.CaseTerminated](1)
	register[procedure.DecisionNotified](1)
	register[procedure.DeadlinePassed](1)
	register[procedure.ApplicantNotified](1)
	register[procedure.DutyMissed](1)
	register[procedure.RemedyRecorded](1)
	register[procedure.ComplaintFiled](1)
	register[procedure.ComplaintForwarded](1)
	register[procedure.ComplaintDecided](1)
	register[certificates.Duplicated](1)
	register[certificates.Corrected](1)
	register[accesslog.PersonalDataRead](1)
	register[notice.Began](1)
	register[notice.NoticeQueued](1)
	register[notice.NoticeSent](1)
	register[notice.NoticeDelivered](1)
	register[notice.NoticeFailed](1)
}

type eventType struct {
	current int
	upcasts []upcast // upcasts[v-1] lifts version v to v+1
	decode  func([]byte) (domain.Event, error)
}

// upcast rewrites the JSON of one version of an event as the next.
type upcast func([]byte) ([]byte, error)

func register[E domain.Event](current int, upcasts ...upcast) {
	var zero E
	if len(upcasts) != current-1 || types[zero.EventType()].current != 0 {
		panic("event type " + zero.EventType() + ": one name, and one upcast for each older version")
	}
	types[zero.EventType()] = eventType{current: current, upcasts: upcasts, decode: func(data []byte) (domain.Event, error) {
		if bytes.Equal(bytes.TrimSpace(data), []byte("null")) { // to encoding/json, an event of zeros
			return nil, errors.New("the event is null")
		}
		var e E
		err := json.Unmarshal(data, &e)
		return e, err
	}}
}

// storedMeta is the stored form of [domain.Meta]. The names with $ are
// EventStoreDB's own for correlation and causation. Every value is a string: the
// successor of EventStoreDB takes no other metadata.
type storedMeta struct {
	Schema      schemaVersion    `json:"schema"`
	Correlation uuid.UUID        `json:"$correlationId"`
	Causation   domain.CommandID `json:"$causationId"`
	EffectiveAt time.Time        `json:"effective_at"`
	Actor       string           `json:"actor"`
	Role        domain.Role      `json:"role"`
	Channel     domain.Channel   `json:"channel,omitempty"`
	Digest      string           `json:"request_digest,omitempty"`

	// CopiedCreated is when the log took the event that it was carried from; see [Carry].
	CopiedCreated *time.Time `json:"$copied_created,omitempty"`
}

// schemaVersion is the version of an event's form. It is written as a string and
// read as a number too, as it was written at first.
type schemaVersion int

func (v schemaVersion) MarshalJSON() ([]byte, error) {
	return strconv.AppendQuote(nil, strconv.Itoa(int(v))), nil
}

func (v *schemaVersion) UnmarshalJSON(data []byte) error {
	n, err := strconv.Atoi(strings.Trim(string(data), `"`))
	*v = schemaVersion(n)
	return err
}

func encode(e NewEvent) (esdb.EventData, error) {
	name := e.Event.EventType()
	t, ok := types[name]
	if !ok {
		return esdb.EventData{}, fmt.Errorf("event type %s is not registered", name)
	}
	if e.ID == uuid.Nil {
		return esdb.EventData{}, fmt.Errorf("event of type %s has no id: a repetition would be a second event", name)
	}
	data, err := json.Marshal(e.Event)
	if err != nil {
		return esdb.EventData{}, fmt.Errorf("encode %s: %w", name, err)
	}
	meta, err := json.Marshal(storedMeta{
		Schema: schemaVersion(t.current), Correlation: e.Meta.Correlation, Causation: e.Meta.Causation,
		EffectiveAt: e.Event.EffectiveAt(), Actor: e.Meta.Actor, Role: e.Meta.Role, Channel: e.Meta.Channel, Digest: e.Meta.Digest,
	})
	if err != nil {
		return esdb.EventData{}, fmt.Errorf("encode metadata of %s: %w", name, err)
	}
	return esdb.EventData{EventID: e.ID, EventType: name, ContentType: esdb.ContentTypeJson, Data: data, Metadata: meta}, nil
}

// decode reads a stored event. On an error the result still says where the
// event stands.
func decode(e *esdb.RecordedEvent) (domain.Recorded, error) {
	rec := domain.Recorded{
		ID: e.EventID, Stream: e.StreamID, Revision: e.EventNumber,
		Position: domain.Position(e.Position.Commit), Created: e.CreatedDate,
	}
	fail := func(err error) (domain.Recorded, error) {
		return rec, fmt.Errorf("event %s@%d of type %q: %w", e.StreamID, e.EventNumber, e.EventType, err)
	}
	var m storedMeta
	if err := json.Unmarshal(e.UserMetadata, &m); err != nil {
		return fail(fmt.Errorf("metadata: %w", err))
	}
	if m.CopiedCreated != nil {
		rec.Created = *m.CopiedCreated
	}
	rec.Meta = domain.Meta{
		Correlation: m.Correlation, Causation: m.Causation, Digest: m.Digest,
		Actor: m.Actor, Role: m.Role, Channel: m.Channel,
	}
	event, err := decodeEvent(e.EventType, int(m.Schema), e.Data)
	if err != nil {
		return fail(err)
	}
	rec.Event = event
	return rec, nil
}

func decodeEvent(name string, version int, data []byte) (domain.Event, error) {
	t, ok := types[name]
	if !ok {
		return nil, fmt.Errorf("this type is not known to this release")
	}
	if version < 1 || version > t.current {
		return nil, fmt.Errorf("version %d is not known to this release, which knows up to %d", version, t.current)
	}
	for v := version; v < t.current; v++ {
		var err error
		if data, err = t.upcasts[v-1](data); err != nil {
			return nil, fmt.Errorf("upcast from version %d: %w", v, err)
		}
	}
	return t.decode(data)
}
