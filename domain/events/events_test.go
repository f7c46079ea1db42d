package events_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/events"
	"tizilim/domain/housing"
)

var update = flag.Bool("update", false, "write a sample for each type of event that has none")

// samples returns the stored samples, and with -update writes those that are
// missing first.
func samples(t *testing.T) []events.Sample {
	t.Helper()
	if *update {
		writeMissing(t)
	}
	all, err := events.StoredSamples()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestEverySampleIsOfAVersionOfAType(t *testing.T) {
	known := map[string]bool{}
	for _, s := range samples(t) {
		known[s.File()] = true
	}
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !known[filepath.Base(file)] {
			t.Errorf("%s is a sample of no declared type: what was stored once must be read forever", file)
		}
	}
}

// writeMissing writes a sample for each type that has none of its current
// version. Its values are made by [filled]: the author edits them.
func writeMissing(t *testing.T) {
	for _, ty := range events.All() {
		s := events.Sample{Type: ty.Name, Version: ty.Version}
		path := filepath.Join("testdata", s.File())
		if _, err := os.Stat(path); err == nil {
			continue
		}
		e := filled(reflect.TypeOf(ty.Zero)).(domain.Event)
		var err error
		if s.Version, s.Data, err = events.Encode(e); err != nil {
			t.Fatal(err)
		}
		s.Metadata = metadata(t, e, s.Version)
		text, err := json.MarshalIndent(s, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s is written: review it, give it values that tell something", path)
	}
}

// metadata is that of every sample, for the event.
func metadata(t *testing.T, e domain.Event, version int) json.RawMessage {
	t.Helper()
	m := struct {
		Schema      int              `json:"schema,string"`
		Correlation uuid.UUID        `json:"$correlationId"`
		Causation   domain.CommandID `json:"$causationId"`
		EffectiveAt time.Time        `json:"effective_at"`
		Actor       string           `json:"actor"`
		Role        domain.Role      `json:"role"`
		Channel     domain.Channel   `json:"channel"`
		Digest      string           `json:"request_digest"`
	}{
		version, domaintest.ID[domain.CaseID]("case").UUID, domaintest.ID[domain.CommandID]("command"), e.EffectiveAt(),
		"desk-7", domain.RoleOperator, domain.ChannelStateCorp, "sha256:3b47",
	}
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestEverySampleDecodesAndEncodesAsItWas(t *testing.T) {
	current := map[string]int{}
	for _, ty := range events.All() {
		current[ty.Name] = ty.Version
	}
	for _, s := range samples(t) {
		t.Run(s.File(), func(t *testing.T) {
			e, err := events.Decode(s.Type, s.Version, s.Data)
			if err != nil {
				t.Fatal(err)
			}
			if e.EventType() != s.Type {
				t.Errorf("decodes as %s", e.EventType())
			}
			if s.Version != current[s.Type] {
				return // an older version is lifted, it does not come back the same
			}
			version, data, err := events.Encode(e)
			if err != nil || version != s.Version {
				t.Fatalf("encoded in version %d, %v", version, err)
			}
			sameJSON(t, "data", s.Data, data)
			sameJSON(t, "metadata", s.Metadata, metadata(t, e, version))
		})
	}
}

func sameJSON(t *testing.T, what string, want, got []byte) {
	t.Helper()
	var a, b bytes.Buffer
	if json.Compact(&a, want) != nil || json.Compact(&b, got) != nil || a.String() != b.String() {
		t.Errorf("%s is encoded as\n%s\nwant\n%s", what, b.String(), a.String())
	}
}

// TestEverySampleSetsEveryField: a field that no sample sets could be renamed
// without anybody noticing.
func TestEverySampleSetsEveryField(t *testing.T) {
	samples(t)
	for _, e := range events.Samples() {
		unset := map[string]bool{} // by type and field; a type may occur twice in an event
		eachField(reflect.ValueOf(e), func(field string, v reflect.Value) {
			was, seen := unset[field]
			unset[field] = v.IsZero() && (was || !seen)
		})
		for field, missing := range unset {
			if missing {
				t.Errorf("the sample of %s does not set %s", e.EventType(), field)
			}
		}
	}
}

// eachField calls f for the exported fields of the structs in v.
func eachField(v reflect.Value, f func(field string, v reflect.Value)) {
	switch v.Kind() {
	case reflect.Pointer:
		eachField(v.Elem(), f)
	case reflect.Slice:
		for i := range v.Len() {
			eachField(v.Index(i), f)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() && !field.Anonymous {
				f(v.Type().Name()+"."+field.Name, v.Field(i))
				eachField(v.Field(i), f)
			}
		}
	}
}

// TestEveryEventOfTheDomainIsDeclared looks for the types of event in the
// sources: one that is not declared could not be stored.
func TestEveryEventOfTheDomainIsDeclared(t *testing.T) {
	declared := map[string]bool{}
	for _, ty := range events.All() {
		declared[reflect.TypeOf(ty.Zero).String()] = true
	}
	sources, err := filepath.Glob("../*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, source := range sources {
		if strings.HasSuffix(source, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), source, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv == nil || f.Name.Name != "EventType" {
				continue
			}
			found++
			name := file.Name.Name + "." + f.Recv.List[0].Type.(*ast.Ident).Name
			if !declared[name] {
				t.Errorf("%s is missing in the list Events of its package", name)
			}
		}
	}
	if found != len(declared) {
		t.Errorf("%d types of event in the sources, %d declared", found, len(declared))
	}
}

type undeclared struct{}

func (undeclared) EventType() string        { return "Undeclared" }
func (undeclared) EffectiveAt() time.Time   { return domaintest.Noon() }
func (undeclared) Concerns() domain.Concern { return domain.ConcernsNobody("it is invented") }

// TestAnEventWithoutWhatItIsAboutIsRefused: a list that took an EntryPlaced of nobody would
// count one entry too many.
func TestAnEventWithoutWhatItIsAboutIsRefused(t *testing.T) {
	withoutIDs := []string{"PageRead", "TokenRevoked", "AccountTokensRevoked", "KeysFingerprinted", "KeyAccepted", "LossAccepted",
		"EventReleased"}
	for _, ty := range events.All() {
		if e, err := ty.Decode(ty.Version, []byte(`{}`)); err == nil && !slices.Contains(withoutIDs, ty.Name) {
			t.Errorf("{} was taken for %s %+v", ty.Name, e)
		}
	}
	var placed map[string]any
	for _, e := range events.Samples() {
		if e.EventType() == (housing.EntryPlaced{}).EventType() {
			_, data, err := events.Encode(e)
			if err == nil {
				err = json.Unmarshal(data, &placed)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, member := range []string{"entry_id", "list_id", "person_id", "case_id"} {
		without := maps.Clone(placed)
		delete(without, member)
		data, err := json.Marshal(without)
		if err != nil {
			t.Fatal(err)
		}
		_, err = events.Decode("EntryPlaced", 1, data)
		if err == nil || !strings.Contains(err.Error(), member) {
			t.Errorf("without %s: %v, want an error that names it", member, err)
		}
	}
}

func TestWhatThisReleaseDoesNotKnowIsRefused(t *testing.T) {
	if _, _, err := events.Encode(undeclared{}); err == nil {
		t.Error("an event of an undeclared type was encoded")
	}
	if _, err := events.Decode("Undeclared", 1, []byte(`{}`)); err == nil {
		t.Error("an event of an undeclared type was decoded")
	}
	if _, err := events.Decode("PersonRecorded", 2, []byte(`{}`)); err == nil {
		t.Error("an event of a later version was decoded")
	}
}

// FuzzDecode: whatever the log stores is an event or an error, and an event is
// the same when it is written and read once more.
func FuzzDecode(f *testing.F) {
	all, err := events.StoredSamples()
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range all {
		f.Add(s.Type, s.Version, []byte(s.Data))
		f.Add(s.Type, s.Version, []byte(`{}`))
		f.Add(s.Type, 0, []byte(s.Data))
	}
	f.Add("Unknown", 1, []byte(`{}`))
	f.Add("PersonRecorded", 1, []byte(`{"birth_date":"0000-00-00","recorded_at":"0000-01-01T00:00:00+23:59"}`))
	f.Fuzz(func(t *testing.T, name string, version int, data []byte) {
		e, err := events.Decode(name, version, data)
		if err != nil {
			return
		}
		version, data, err = events.Encode(e)
		if err != nil {
			t.Fatalf("what was decoded does not encode: %v", err)
		}
		again, err := events.Decode(name, version, data)
		if err != nil {
			t.Fatalf("what was decoded does not decode again: %v", err)
		}
		if diff := domaintest.Diff(e, again); diff != "" {
			t.Fatalf("(-first +second):\n%s", diff)
		}
	})
}
