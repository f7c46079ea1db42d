package notice_test

import (
	"regexp"
	"slices"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/events"
	"tizilim/domain/housing"
	"tizilim/domain/notice"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
)

var languages = []domain.Language{domain.Kazakh, domain.Russian, domain.English}

// promise is what a text says that promises an appeal.
var promise = map[domain.Language]*regexp.Regexp{
	domain.Kazakh:  regexp.MustCompile(`шағым жаса|[Сс]отқа жүгін`),
	domain.Russian: regexp.MustCompile(`обжалов|подать жалобу|обратиться в суд`),
	domain.English: regexp.MustCompile(`appeal|complain( |\.|$)|go to court`),
}

// TestC28_EveryTextThatPromisesAnAppealHasItsRoute in each of the three languages alike. A new text
// that promises one needs a route, and the route an operation (TestC28_EveryRouteIsWalked in httpapi).
func TestC28_EveryTextThatPromisesAnAppealHasItsRoute(t *testing.T) {
	promising := 0
	for _, k := range notice.Kinds() {
		var says []domain.Language
		for _, l := range languages {
			if promise[l].MatchString(k.Text(l, domain.Date{})) {
				says = append(says, l)
			}
		}
		if len(says) > 0 && len(says) < len(languages) {
			t.Errorf("%s promises an appeal in %v alone", k, says)
		}
		if len(says) > 0 {
			promising++
			if notice.RouteOf(k) == notice.NoRoute {
				t.Errorf("%s promises an appeal and has no route", k)
			}
		}
		if r := notice.RouteOf(k); r != notice.NoRoute && !slices.Contains(notice.Routes, r) {
			t.Errorf("the route of %s is %q", k, r)
		}
	}
	if promising < 15 {
		t.Errorf("only %d texts promise an appeal", promising)
	}
}

// TestC28_EveryContestedActCanBeRemedied: for each type of event of which a notice says that the act
// can be contested, there are acts that undo or replace it.
func TestC28_EveryContestedActCanBeRemedied(t *testing.T) {
	var known []string
	for _, ty := range events.All() {
		known = append(known, ty.Name)
	}
	found := 0
	for _, l := range notice.Table {
		if slices.ContainsFunc(l.Kinds, func(k notice.Kind) bool { return notice.RouteOf(k) == notice.ToAct }) {
			found++
			if len(notice.Amendments(l.Event)) == 0 {
				t.Errorf("nothing remedies %s", l.Event)
			}
		}
		for _, act := range notice.Amendments(l.Event) {
			if !slices.Contains(known, act) {
				t.Errorf("%s is remedied by %s, which is no event", l.Event, act)
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d types of event can be contested", found)
	}
}

// TestC28_ARemedyIsOfTheSameThingAndLater.
func TestC28_ARemedyIsOfTheSameThingAndLater(t *testing.T) {
	entry, other := domaintest.ID[domain.EntryID]("entry"), domaintest.ID[domain.EntryID]("other")
	at := func(stream string, position domain.Position, e domain.Event) domain.Recorded {
		return domain.Recorded{Stream: stream, Position: position, Event: e}
	}
	ended := at("queue-1", 10, housing.PriorityEnded{EntryID: entry})
	gone := at("dwelling-1", 10, residence.DwellingGone{})
	for name, c := range map[string]struct {
		was, act domain.Recorded
		want     bool
	}{
		"a priority that is given again": {ended, at("queue-1", 11, housing.EntryPrioritised{EntryID: entry}), true},
		"one given before":               {ended, at("queue-1", 9, housing.EntryPrioritised{EntryID: entry}), false},
		"one of another entry":           {ended, at("queue-1", 11, housing.EntryPrioritised{EntryID: other}), false},
		"one on another list":            {ended, at("queue-2", 11, housing.EntryPrioritised{EntryID: entry}), false},
		"another act":                    {ended, at("queue-1", 11, housing.ProtectionRecorded{EntryID: entry}), false},
		"a dwelling recorded anew":       {gone, at("dwelling-2", 11, residence.DwellingRecorded{}), true},
		"no act":                         {ended, domain.Recorded{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			contested := procedure.ActContested{
				Act: domain.EventRef{Stream: c.was.Stream}, ActType: c.was.Event.EventType(),
			}
			if got := notice.Amends(contested, c.was, c.act); got != c.want {
				t.Errorf("it remedies: %v", got)
			}
		})
	}
}

// TestC28_TextsAreSentencesForPeople: no text of a notice has an address of the API, a method of HTTP,
// a member of JSON or a code in it.
func TestC28_TextsAreSentencesForPeople(t *testing.T) {
	technical := regexp.MustCompile(`/v1|https?:|\b(GET|POST|PUT|PATCH|DELETE)\b|[a-z]+_[a-z]+|[{}<>]|\b[0-9]{3}\b`)
	for _, k := range notice.Kinds() {
		for _, l := range languages {
			text := k.Text(l, domaintest.Today())
			if found := technical.FindString(text); found != "" {
				t.Errorf("%s in %s has %q: %s", k, l, found, text)
			}
		}
	}
}
