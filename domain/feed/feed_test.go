package feed_test

import (
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/events"
	"tizilim/domain/feed"
	"tizilim/domain/residence"
)

// TestC31_WhichEventsTellWhichFacts is the whole catalogue: an event that is not listed tells nobody
// outside anything.
func TestC31_WhichEventsTellWhichFacts(t *testing.T) {
	want := map[string]string{
		"RegistrationBegan":           "registered",
		"RegistrationEnded":           "deregistered",
		"RegistrationInserted":        "registered",
		"RegistrationAnnulled":        "annulled of registered",
		"RegistrationCorrected":       "corrected of registered",
		"EndingAnnulled":              "annulled of deregistered, moved",
		"EndingCorrected":             "corrected of deregistered, moved",
		"ResidenceCorrectionAnnulled": "annulled of deregistered, moved, registered",
		"PersonDataChanged":           "person_data_changed",
		"IINRecorded":                 "person_data_changed",
		"RecordsMerged":               "merged",
		"MergeUndone":                 "annulled of merged",
		"PersonDied":                  "died",
		"DeathAnnulled":               "annulled of died",
		"PersonErased":                "erased of ",
		"EntryPlaced":                 "placed",
		"EntryRemoved":                "removed",
		"EntryReinstated":             "annulled of removed",
		"EntryTransferred":            "removed; placed",
		"EntryLeft":                   "removed",
		"EntryProvided":               "provided",
	}
	var kinds []domain.FactKind
	for _, e := range events.Samples() {
		var says []string
		for _, f := range feed.FactsOf(domain.Recorded{ID: uuid.NameSpaceOID, Event: e}) {
			of := make([]string, len(f.Of))
			for i, k := range f.Of {
				of[i] = string(k)
			}
			text := string(f.Kind)
			if !slices.Equal(f.Of, []domain.FactKind{f.Kind}) {
				text += " of " + strings.Join(of, ", ")
			}
			if f.PersonID.IsZero() || f.ID == uuid.Nil || f.On.IsZero() {
				t.Errorf("%s: a fact without person, id or day: %+v", e.EventType(), f)
			}
			follows := f.Kind == domain.FactCorrected || f.Kind == domain.FactAnnulled
			if follows == f.Former.IsZero() {
				t.Errorf("%s: the fact %s names the earlier event %q", e.EventType(), f.Kind, f.Former)
			}
			says, kinds = append(says, text), append(kinds, f.Kind)
		}
		if got := strings.Join(says, "; "); got != want[e.EventType()] {
			t.Errorf("%s tells %q, want %q", e.EventType(), got, want[e.EventType()])
		}
	}
	for _, k := range domain.ToldFacts {
		if !slices.Contains(kinds, k) && k != domain.FactMoved {
			t.Errorf("no event tells %s", k)
		}
	}
	for reason, want := range map[residence.Reason]domain.FactKind{
		residence.MovedToNewAddress: domain.FactMoved, residence.DwellingReplaced: domain.FactMoved,
		residence.OwnerApplication: domain.FactDeregistered, residence.Died: domain.FactDeregistered,
	} {
		facts := feed.FactsOf(domain.Recorded{Event: residence.RegistrationEnded{Reason: reason}})
		if len(facts) != 1 || facts[0].Kind != want {
			t.Errorf("an end for the reason %s tells %v", reason, facts)
		}
	}
	if facts := feed.FactsOf(domain.Recorded{Event: domain.Skipped{}}); len(facts) != 0 {
		t.Errorf("a released event tells %v", facts)
	}
}

func TestC31_TheFactsOfAnEventHaveTheirOwnIds(t *testing.T) {
	a, b := domaintest.ID[domain.PersonID]("a"), domaintest.ID[domain.PersonID]("b")
	event, other := uuid.NameSpaceOID, uuid.NameSpaceDNS
	ids := map[uuid.UUID]bool{}
	for _, id := range []uuid.UUID{
		feed.IDOf(event, domain.FactPlaced, a), feed.IDOf(event, domain.FactRemoved, a),
		feed.IDOf(event, domain.FactPlaced, b), feed.IDOf(other, domain.FactPlaced, a),
	} {
		ids[id] = true
	}
	if len(ids) != 4 || !ids[feed.IDOf(event, domain.FactPlaced, a)] {
		t.Errorf("%d ids of 4 facts", len(ids))
	}
}

func TestC31_PositionsAreOrderedAsTheirTextsAre(t *testing.T) {
	id := uuid.MustParse("00000000-0000-4000-8000-000000000000")
	places := []feed.Position{
		{}, feed.After(1, id, 1), feed.After(1, id, 2), feed.After(1, id, feed.AllFacts), feed.After(2, id, 0),
		feed.After(256, id, 0), feed.After(1<<40, id, 1),
	}
	texts := make([]string, len(places))
	for i, p := range places {
		texts[i] = p.String()
		back, err := feed.ParsePosition(texts[i])
		if err != nil || back != p {
			t.Errorf("%q is read as %+v, %v", texts[i], back, err)
		}
		for j, o := range places {
			if p.Before(o) != (i < j) {
				t.Errorf("%v before %v: %t", p, o, p.Before(o))
			}
		}
	}
	if !sort.StringsAreSorted(texts) {
		t.Errorf("not in order: %q", texts)
	}
	for _, bad := range []string{"1", "zz", texts[1] + "00", strings.Repeat("g", 28)} {
		if _, err := feed.ParsePosition(bad); domain.CodeOf(err) != domain.CodeMalformed {
			t.Errorf("%q: %v", bad, err)
		}
	}
	var p feed.Position
	if err := p.UnmarshalText([]byte(texts[2])); err != nil || p != places[2] {
		t.Errorf("%+v, %v", p, err)
	}
}
