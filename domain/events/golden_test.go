package events_test

import (
	"fmt"
	"os"
	"path"
	"reflect"
	"strings"
	"testing"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/events"
	"tizilim/domain/notice"
)

// golden is the table of all types of event, for auditors.
const golden = "testdata/events.md"

const preface = `# Events

All types of event that the log stores. Written by go test ./domain/events -update; a change is reviewed as a diff.

- **Histories**: the members by which the histories that have the event are found. "parties of" is the history of
  every party of that case; "begins" says that the event makes its persons and dwellings the parties; "holder of" is
  the history of whoever holds that entry when the event happens.
- **Personal values**: the members that are masked in every log.
- **Notices**: what the registry tells by itself, or why nothing.
`

func TestTheTableOfEventsIsTheReviewedOne(t *testing.T) {
	var text strings.Builder
	text.WriteString(preface)
	lines := map[string]notice.Line{}
	for _, l := range notice.Table {
		lines[l.Event] = l
	}
	section := ""
	for _, ty := range events.All() {
		of := reflect.TypeOf(ty.Zero)
		if p := path.Base(of.PkgPath()); p != section {
			section = p
			fmt.Fprintf(&text, "\n## %s\n\n| type | version | histories | personal values | notices |\n|---|---|---|---|---|\n", p)
		}
		fmt.Fprintf(&text, "| %s | %d | %s | %s | %s |\n",
			ty.Name, ty.Version, histories(of), strings.Join(personal(of, ""), ", "), owed(lines[ty.Name]))
	}
	if *update {
		if err := os.WriteFile(golden, []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != text.String() {
		t.Errorf("%s is not what the types say: run go test ./domain/events -update and review the diff", golden)
	}
}

// histories says by which members of the event its histories are found.
func histories(t reflect.Type) string {
	e := filled(t).(domain.Event)
	c := e.Concerns()
	if c.Nobody != "" {
		return "none: " + c.Nobody
	}
	members := map[uuid.UUID]string{}
	idsIn(reflect.ValueOf(e), "", members)
	var found []string
	for _, id := range c.Persons {
		found = append(found, members[id.UUID])
	}
	for _, id := range c.Dwellings {
		found = append(found, members[id.UUID])
	}
	if !c.Case.IsZero() {
		word := "parties of "
		if c.Begins {
			word = "begins "
		}
		found = append(found, word+members[c.Case.UUID])
	}
	for _, e := range c.Entries {
		found = append(found, "holder of "+members[e.EntryID.UUID])
	}
	return strings.Join(found, ", ")
}

// idsIn collects the ids in v by the paths of their members.
func idsIn(v reflect.Value, path string, members map[uuid.UUID]string) {
	if id, ok := v.Interface().(uuid.UUID); ok {
		members[id] = path
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		idsIn(v.Elem(), path, members)
	case reflect.Slice:
		for i := range v.Len() {
			idsIn(v.Index(i), path, members)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() {
				idsIn(v.Field(i), memberOf(path, field), members)
			}
		}
	}
}

var personalTypes = map[reflect.Type]bool{
	reflect.TypeFor[domain.Personal](): true, reflect.TypeFor[domain.PersonalBytes](): true, reflect.TypeFor[domain.IIN](): true,
	reflect.TypeFor[domain.PersonalDate](): true,
}

// personal returns the paths of the members that hold personal values.
func personal(t reflect.Type, path string) (found []string) {
	switch {
	case personalTypes[t]:
		return []string{path}
	case t.Kind() == reflect.Pointer, t.Kind() == reflect.Slice:
		return personal(t.Elem(), path)
	case t.Kind() == reflect.Struct:
		for i := range t.NumField() {
			if field := t.Field(i); field.IsExported() {
				found = append(found, personal(field.Type, memberOf(path, field))...)
			}
		}
	}
	return found
}

func owed(l notice.Line) string {
	if l.None != "" {
		return "none: " + l.None
	}
	kinds := make([]string, len(l.Kinds))
	for i, k := range l.Kinds {
		kinds[i] = string(k)
	}
	return strings.Join(kinds, ", ")
}
