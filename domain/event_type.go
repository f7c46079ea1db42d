package domain

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
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
	return EventType{
		Name: zero.EventType(), Version: 1 + len(upcasts), Zero: zero, upcasts: upcasts,
		decode: func(data []byte) (Event, error) {
			if bytes.Equal(bytes.TrimSpace(data), []byte("null")) { // encoding/json takes it for an event of zeros
				return nil, errors.New("the event is null")
			}
			var e E
			err := json.Unmarshal(data, &e)
			return e, err
		},
	}
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
