package eventstore

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/events"
	"tizilim/domain/residence"
)

var (
	at       = time.Date(2026, 3, 15, 12, 0, 0, 123456789, domain.Zone)
	examples = events.Samples()
)

// example is the sample of the type E.
func example[E domain.Event]() E {
	i := slices.IndexFunc(examples, func(e domain.Event) bool { _, ok := e.(E); return ok })
	return examples[i].(E)
}

// exampleMeta is the metadata of all samples.
var exampleMeta = domain.Meta{
	Correlation: domaintest.ID[domain.CaseID]("case").UUID, Causation: domaintest.ID[domain.CommandID]("command"), Digest: "sha256:3b47",
	Actor: "desk-7", Role: domain.RoleOperator, Channel: domain.ChannelStateCorp,
}

func encoded(t testing.TB, e domain.Event, m domain.Meta) esdb.EventData {
	t.Helper()
	data, err := encode(NewEvent{ID: uuid.New(), Event: e, Meta: m}, 0)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// stored is the event as the server would give it back.
func stored(data esdb.EventData) *esdb.RecordedEvent {
	return &esdb.RecordedEvent{
		EventID: data.EventID, EventType: data.EventType, StreamID: "case-1", EventNumber: 7,
		Position: esdb.Position{Commit: 42, Prepare: 41}, CreatedDate: at, Data: data.Data, UserMetadata: data.Metadata,
	}
}

func TestTheMetadataOfEverySampleDecodesAndEncodesAsItWas(t *testing.T) {
	samples, err := events.StoredSamples()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range samples {
		rec, err := decode(stored(esdb.EventData{EventType: s.Type, Data: s.Data, Metadata: s.Metadata}))
		if err != nil {
			t.Fatal(err)
		}
		if rec.Event.EventType() != s.Type || rec.Meta != exampleMeta {
			t.Errorf("%s decodes as %s with metadata %+v, want %+v", s.File(), rec.Event.EventType(), rec.Meta, exampleMeta)
		}
		sameJSON(t, s.File(), s.Metadata, encoded(t, rec.Event, rec.Meta).Metadata)
	}
}

func TestMinutesAreMetadataOfEveryEventOfTheAct(t *testing.T) {
	meta := exampleMeta
	meta.Minutes = &domain.Minutes{Number: "12", Day: domaintest.Today(), Present: []domain.Attendance{
		{PersonID: domaintest.ID[domain.PersonID]("head"), Office: "head", Vote: domain.VotedFor},
		{PersonID: domaintest.ID[domain.PersonID]("member"), Office: "member", Vote: domain.Abstained},
	}}
	data := encoded(t, examples[0], meta)
	rec, err := decode(stored(data))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(rec.Meta, meta) {
		t.Errorf("%+v comes back as %+v", meta.Minutes, rec.Meta.Minutes)
	}
	var values map[string]string // the successor of EventStoreDB takes texts only
	if err := json.Unmarshal(data.Metadata, &values); err != nil || values["minutes"] == "" {
		t.Errorf("%s: %v", data.Metadata, err)
	}
}

func TestTheOriginOfAnImportedFactIsMetadataOfItsEvent(t *testing.T) {
	meta := exampleMeta
	meta.Imported = &domain.Imported{
		Source: "register of Almaty", Line: "p-17", Batch: domaintest.ID[domain.CommandID]("batch").UUID, By: "operator",
	}
	data := encoded(t, examples[0], meta)
	rec, err := decode(stored(data))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(rec.Meta, meta) {
		t.Errorf("%+v comes back as %+v", meta.Imported, rec.Meta.Imported)
	}
	var values map[string]string // the successor of EventStoreDB takes texts only
	if err := json.Unmarshal(data.Metadata, &values); err != nil || values["imported"] == "" {
		t.Errorf("%s: %v", data.Metadata, err)
	}
}

func sameJSON(t *testing.T, what string, want, got []byte) {
	t.Helper()
	var a, b bytes.Buffer
	if json.Compact(&a, want) != nil || json.Compact(&b, got) != nil || a.String() != b.String() {
		t.Errorf("%s is encoded as\n%s\nwant\n%s", what, b.String(), a.String())
	}
}

func TestDecodedEventSaysWhereItStands(t *testing.T) {
	data := encoded(t, examples[0], exampleMeta)
	rec, err := decode(stored(data))
	if err != nil {
		t.Fatal(err)
	}
	if rec.ID != data.EventID || rec.Stream != "case-1" || rec.Revision != 7 || rec.Position != 42 || !rec.Created.Equal(at) {
		t.Errorf("%+v", rec)
	}
}

func TestMetadataCarriesTheEffectiveTimeAndTheNamesOfTheServer(t *testing.T) {
	data := encoded(t, example[residence.RegistrationEnded](), exampleMeta) // effective on a day
	var m map[string]any
	if err := json.Unmarshal(data.Metadata, &m); err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string]any{
		"$correlationId": exampleMeta.Correlation.String(), "$causationId": exampleMeta.Causation.String(),
		"effective_at": "2026-03-15T00:00:00+05:00", "schema": "1",
	} {
		if m[field] != want {
			t.Errorf("%s is %v, want %v", field, m[field], want)
		}
	}
}

// The successor of EventStoreDB takes metadata as a map of strings only.
func TestMetadataHoldsStringsOnly(t *testing.T) {
	for _, e := range examples {
		var m map[string]string
		if err := json.Unmarshal(encoded(t, e, exampleMeta).Metadata, &m); err != nil {
			t.Errorf("%s: %v", e.EventType(), err)
		}
	}
}

func TestAVersionIsReadAsANumberTooAsItWasWrittenAtFirst(t *testing.T) {
	for _, version := range []string{`1`, `"1"`} {
		e := stored(encoded(t, examples[0], exampleMeta))
		e.UserMetadata = bytes.Replace(e.UserMetadata, []byte(`"schema":"1"`), []byte(`"schema":`+version), 1)
		if rec, err := decode(e); err != nil || rec.Event == nil {
			t.Errorf("schema %s: %v", version, err)
		}
	}
	for _, version := range []string{`"one"`, `""`, `1.5`, `null`, `true`} {
		e := stored(encoded(t, examples[0], exampleMeta))
		e.UserMetadata = bytes.Replace(e.UserMetadata, []byte(`"schema":"1"`), []byte(`"schema":`+version), 1)
		if _, err := decode(e); err == nil {
			t.Errorf("schema %s was accepted", version)
		}
	}
}

func TestEncodeRefusesWhatCouldNotBeReadOrRepeated(t *testing.T) {
	if _, err := encode(NewEvent{ID: uuid.New(), Event: unregistered{}}, 0); err == nil {
		t.Error("an unregistered type was encoded")
	}
	if _, err := encode(NewEvent{Event: examples[0]}, 0); err == nil {
		t.Error("an event without an id was encoded: the client would draw a random one, and a repetition be a second event")
	}
}

type unregistered struct{}

func (unregistered) EventType() string        { return "Unregistered" }
func (unregistered) EffectiveAt() time.Time   { return at }
func (unregistered) Concerns() domain.Concern { return domain.ConcernsNobody("it is invented") }

func TestDecodeRefusesWhatThisReleaseDoesNotKnow(t *testing.T) {
	good := encoded(t, examples[0], exampleMeta)
	for name, change := range map[string]func(*esdb.RecordedEvent){
		"a type of a later release":    func(e *esdb.RecordedEvent) { e.EventType = "PersonForgotten" },
		"a version of a later release": func(e *esdb.RecordedEvent) { e.UserMetadata = []byte(`{"schema":2}`) },
		"no version":                   func(e *esdb.RecordedEvent) { e.UserMetadata = []byte(`{}`) },
		"a version before the first":   func(e *esdb.RecordedEvent) { e.UserMetadata = []byte(`{"schema":-1}`) },
		"no metadata":                  func(e *esdb.RecordedEvent) { e.UserMetadata = nil },
		"broken data":                  func(e *esdb.RecordedEvent) { e.Data = []byte(`{"person_id":`) },
		"no data":                      func(e *esdb.RecordedEvent) { e.Data = nil },
		"data that is no object":       func(e *esdb.RecordedEvent) { e.Data = []byte(`null`) },
		"a day that does not exist":    func(e *esdb.RecordedEvent) { e.Data = []byte(`{"birth_date":"2025-02-29"}`) },
	} {
		t.Run(name, func(t *testing.T) {
			e := stored(good)
			change(e)
			rec, err := decode(e)
			if err == nil {
				t.Fatal("decoded")
			}
			if rec.Event != nil || rec.Stream != "case-1" || rec.Revision != 7 || rec.Position != 42 {
				t.Errorf("the poison does not say where it stands: %+v", rec)
			}
			if !strings.Contains(err.Error(), "case-1@7") {
				t.Errorf("nor does the error: %v", err)
			}
		})
	}
}

// FuzzDecodeMetadata: whatever was written as metadata is metadata or an error.
func FuzzDecodeMetadata(f *testing.F) {
	good := encoded(f, examples[0], exampleMeta)
	f.Add(good.Metadata)
	for _, s := range []string{"", "{}", "null", "[]", `{"schema":1}`, `{"schema":1e3}`, `{"schema":1,"$causationId":"x"}`, "\xff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, meta []byte) {
		e := stored(good)
		e.UserMetadata = meta
		rec, err := decode(e)
		if err != nil {
			return
		}
		again, err := decode(stored(encoded(t, rec.Event, rec.Meta)))
		if err != nil || again.Meta != rec.Meta {
			t.Fatalf("%+v became %+v, %v", rec.Meta, again.Meta, err)
		}
	})
}
