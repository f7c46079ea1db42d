package events_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

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

// mentions are the members that name a person or a dwelling whom the event does
// not concern, and why.
var mentions = map[string]string{
	"kinship.person_id":     "a relative who already lives there: nothing of theirs changes",
	"warnings.person_id":    "whom a desk should look after: nothing of theirs changes",
	"documents.person_id":   "what a paper is about; who takes part is named by the application",
	"documents.persons":     "what a paper is about; who takes part is named by the application",
	"documents.claimant_id": "who asked a court; who takes part is named by the application",
	"documents.dwelling_id": "what a paper is about",
	"alike":                 "others with the name and birth date: nothing of theirs changes",
	"evidence.signer":       "the applicant",
	"evidence.certified_as": "the applicant, by another IIN",
	"named.person_id":       "of the family or the persons of the application, whom the event concerns",
	"proposer_id":           "the official who acts",

	"answered.contradictions.person_id":   "of the family, or the holder until a transfer, whom the event concerns",
	"answered.contradictions.dwelling_id": "that somebody of the family has: nothing of it changes",

	"stated_declines.person_id": "the holder of an entry in declined, whose history has the event by that",
}

// TestWhoeverIsNamedIsASubjectOrAParty: a person finds every event that names
// them, and so does whoever looks at a dwelling.
func TestWhoeverIsNamedIsASubjectOrAParty(t *testing.T) {
	for _, ty := range events.All() {
		e := filled(reflect.TypeOf(ty.Zero)).(domain.Event)
		c := e.Concerns()
		if c.Nobody != "" || !c.Case.IsZero() && !c.Begins { // in no history, or in those of the parties
			continue
		}
		members := map[uuid.UUID]string{}
		idsIn(reflect.ValueOf(e), "", members)
		for id, path := range members {
			subject := slices.Contains(c.Persons, domain.PersonID{UUID: id}) ||
				slices.Contains(c.Dwellings, domain.DwellingID{UUID: id})
			if !namesSomebody(reflect.TypeOf(e), path) {
				continue
			}
			if _, mentioned := mentions[path]; subject == mentioned {
				t.Errorf("%s names %s: a subject %t, listed as a mere mention %t", ty.Name, path, subject, mentioned)
			}
		}
	}
}

// namesSomebody reports whether the member at the path is the id of a person or
// of a dwelling.
func namesSomebody(t reflect.Type, path string) bool {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if path == "" {
		return t == reflect.TypeFor[domain.PersonID]() || t == reflect.TypeFor[domain.DwellingID]()
	}
	if t.Kind() != reflect.Struct {
		return false
	}
	for i := range t.NumField() {
		field := t.Field(i)
		if rest, ok := strings.CutPrefix(path, memberOf("", field)); ok && (rest == "" || rest[0] == '.') {
			if namesSomebody(field.Type, strings.TrimPrefix(rest, ".")) {
				return true
			}
		}
	}
	return false
}

// TestNoEventShowsAPersonalValueInALog: a type with personal values masks itself.
func TestNoEventShowsAPersonalValueInALog(t *testing.T) {
	for _, ty := range events.All() {
		if got, want := domaintest.AssertMasked(t, ty.Zero), len(personal(reflect.TypeOf(ty.Zero), "")); got != want {
			t.Errorf("%d personal values of %s were looked at, want %d", got, ty.Name, want)
		}
	}
}
