// Package events is the registry of all types of event: it writes an event as
// the JSON that the log stores and reads it back. It needs no event store.
//
// A new type of event is declared in its own package, in the list Events. Then
//
//	go test ./domain/events -update
//
// writes a sample of it to testdata, to be reviewed and edited. The sample of
// every version stays there, because every stored event must stay readable.
package events

import (
	"encoding/json"
	"fmt"
	"slices"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/domain/body"
	"tizilim/domain/certificates"
	"tizilim/domain/feed"
	"tizilim/domain/housing"
	"tizilim/domain/keyring"
	"tizilim/domain/notice"
	"tizilim/domain/otp"
	"tizilim/domain/procedure"
	"tizilim/domain/release"
	"tizilim/domain/residence"
	"tizilim/domain/revocation"
)

var all = slices.Concat(
	residence.Events, housing.Events, procedure.Events, certificates.Events, otp.Events, accesslog.Events, notice.Events,
	body.Events, feed.Events,
	revocation.Events,
	keyring.Events,
	release.Events,
)

var byName = func() map[string]domain.EventType {
	m := make(map[string]domain.EventType, len(all))
	for _, t := range all {
		if _, twice := m[t.Name]; twice {
			panic("two types of event are named " + t.Name)
		}
		m[t.Name] = t
	}
	return m
}()

// All returns all types of event, by package, in the order of their lists.
func All() []domain.EventType { return slices.Clone(all) }

// Encode writes the event in the current version of its type. It refuses an
// event whose type is not declared.
func Encode(e domain.Event) (version int, data []byte, err error) {
	t, ok := byName[e.EventType()]
	if !ok {
		return 0, nil, fmt.Errorf("event type %s is not declared in the list Events of its package", e.EventType())
	}
	if data, err = json.Marshal(e); err != nil {
		return 0, nil, fmt.Errorf("encode %s: %w", t.Name, err)
	}
	return t.Version, data, nil
}

// Decode reads an event that was written in the version of the type. It refuses
// types and versions that this release does not know.
func Decode(name string, version int, data []byte) (domain.Event, error) {
	t, ok := byName[name]
	if !ok {
		return nil, fmt.Errorf("this type is not known to this release")
	}
	return t.Decode(version, data)
}
