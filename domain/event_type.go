package domain

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/google/uuid"
)

// EventType is a type of event as the log stores it: its name, the version of
// its form that is written now, and how older versions are read. Each package
// with events lists its types in a variable Events; the package events joins
// these lists.
type EventType struct {
	Name    string
	Version int   // that is written; the versions from 1 on can be read
	Zero    Event // the type with no field set

	upcasts []Upcast // upcasts[v-1] lifts version v to v+1
	decode  func([]byte) (Event, error)
}

// Upcast rewrites the JSON of one version of an event as that of the next.
type Upcast func([]byte) ([]byte, error)

// EventOf declares the type of event E. To change the stored form of E, add an
// upcast that lifts the form before; its number of upcasts is the version.
func EventOf[E Event](upcasts ...Upcast) EventType {
	var zero E
	required := requiredMembers(reflect.TypeFor[E]())
	return EventType{
		Name: zero.EventType(), Version: 1 + len(upcasts), Zero: zero, upcasts: upcasts,
		decode: func(data []byte) (Event, error) {
			if bytes.Equal(bytes.TrimSpace(data), []byte("null")) { // encoding/json takes it for an event of zeros
				return nil, errors.New("the event is null")
			}
			var e E
			if err := json.Unmarshal(data, &e); err != nil {
				return nil, err
			}
			if err := required.check(reflect.ValueOf(&e).Elem()); err != nil {
				return nil, err
			}
			return e, nil
		},
	}
}

// members are fields of an event that are never left out.
type members []member

type member struct {
	name  string // in the stored form
	index []int
}

// requiredMembers returns the ids that the stored form of an event always has: those of the
// event itself that it does not omit.
func requiredMembers(t reflect.Type) (required members) {
	if t.Kind() != reflect.Struct {
		return nil
	}
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.IsExported() && !f.Anonymous && isID(f.Type) && !strings.Contains(options, "omit") {
			required = append(required, member{name, f.Index})
		}
	}
	return required
}

// isID reports whether the type is an id, such as [PersonID].
func isID(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t.NumField() == 1 && t.Field(0).Type == reflect.TypeFor[uuid.UUID]()
}

// check returns an error where the event lacks one of the members: such an event was not
// written by this registry, and a state that took it would count what does not exist.
func (m members) check(event reflect.Value) error {
	for _, member := range m {
		if event.FieldByIndex(member.index).IsZero() {
			return fmt.Errorf("the member %s is missing", member.name)
		}
	}
	return nil
}

// Decode reads an event that was written in the version.
func (t EventType) Decode(version int, data []byte) (Event, error) {
	if version < 1 || version > t.Version {
		return nil, fmt.Errorf("version %d is not known to this release, which knows up to %d", version, t.Version)
	}
	for v := version; v < t.Version; v++ {
		var err error
		if data, err = t.upcasts[v-1](data); err != nil {
			return nil, fmt.Errorf("upcast from version %d: %w", v, err)
		}
	}
	return t.decode(data)
}
