package events_test

import (
	"reflect"
	"slices"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/events"
)

// TestEveryEventConcernsSomebodyOrSaysWhyNot: a history has every event of its
// person or dwelling.
func TestEveryEventConcernsSomebodyOrSaysWhyNot(t *testing.T) {
	samples(t)
	for _, e := range events.Samples() {
		c := e.Concerns()
		name := e.EventType()
		subjects := len(c.Persons) + len(c.Dwellings)
		somebody := subjects > 0 || !c.Case.IsZero() || len(c.Entries) > 0
		switch {
		case somebody && c.Nobody != "":
			t.Errorf("%s concerns somebody and says why it does not: %s", name, c.Nobody)
		case !somebody && c.Nobody == "":
			t.Errorf("%s concerns nobody and does not say why", name)
		case c.Begins && (c.Case.IsZero() || subjects == 0):
			t.Errorf("%s begins a case without its id or its parties", name)
		case slices.Contains(c.Persons, domain.PersonID{}) || slices.Contains(c.Dwellings, domain.DwellingID{}) ||
			slices.Contains(c.Entries, domain.ListEntry{}):
			t.Errorf("%s concerns somebody without an id", name)
		}
	}
}

// TestNoEventShowsAPersonalValueInALog: a type with personal values masks itself.
func TestNoEventShowsAPersonalValueInALog(t *testing.T) {
	for _, ty := range events.All() {
		if got, want := domaintest.AssertMasked(t, ty.Zero), len(personal(reflect.TypeOf(ty.Zero), "")); got != want {
			t.Errorf("%d personal values of %s were looked at, want %d", got, ty.Name, want)
		}
	}
}
