package httpapi_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tizilim/domain"
	"tizilim/domain/notice"
)

// lives are people and dwellings whose fates a test draws.
type lives struct {
	*subtest
	owner     string   // of all dwellings; lives for ever
	people    []string // of whom some are dead or merged
	dead      map[string]bool
	merged    map[string]string // by who was absorbed
	merges    map[string]string // the reference of each
	wards     map[string]string // who was last recorded to act for each
	dwellings map[string]string // those that stand, by their RKA
	gone      []string
	told      domain.Position // up to where the notices are checked
}

// TestRandomLives draws births, moves, deaths, changes of class, guardians, merges of records, splits, mergers and
// demolitions of dwellings, in any order. Whatever of them is granted, nobody has two permanent residences, who is
// dead neither acts nor resides, no dwelling is known twice, nobody resides in what is gone, and each notice is
// there for somebody who can read it.
func TestRandomLives(t *testing.T) {
	fewWalks(t)
	r := start(t)
	granted, refused := map[string]int{}, 0
	rapid.Check(t, func(t *rapid.T) {
		l := newLives(r.at(t))
		acts := l.acts(t)
		names := slices.Sorted(maps.Keys(acts))
		for range rapid.IntRange(10, 25).Draw(t, "acts") {
			name := rapid.SampledFrom(names).Draw(t, "act")
			a := acts[name]()
			switch {
			case a == nil: // there was nobody or nothing for it
			case a.status < 300:
				granted[name]++
				l.hold(a)
			case a.status >= 500 || a.body["code"] == nil:
				t.Fatalf("%s: %s", name, a.text)
			default:
				refused++
			}
			r.clock.pass(time.Duration(rapid.IntRange(0, 36).Draw(t, "hours")) * time.Hour)
		}
		l.verified()
	})
	sum := 0
	for _, n := range granted {
		sum += n
	}
	t.Logf("granted %v, refused %d", granted, refused)
	if sum < refused {
		t.Errorf("of %d acts %d were refused: the lives are too dull to show anything", sum+refused, refused)
	}
}

func newLives(s *subtest) *lives {
	s.notify(nil)
	l := &lives{
		subtest: s, owner: s.citizen(), dead: map[string]bool{}, merged: map[string]string{},
		merges: map[string]string{}, wards: map[string]string{}, dwellings: map[string]string{},
	}
	for range 3 {
		l.bear("1990-05-17")
		l.build()
	}
	l.told = s.head()
	return l
}

func (l *lives) bear(day string) string {
	id := l.bornOn(day)
	l.people = append(l.people, id)
	return id
}

// build records a dwelling made from others.
func (l *lives) build(from ...string) string {
	code := rka()
	b := body{"rka": code, "address": "Астана, 5", "owners": []body{{"person_id": l.owner}}, "owners_since": "2019-04-01"}
	if len(from) > 0 {
		b["made_from"] = from
	}
	id := l.command("/v1/dwellings", l.token(domain.RoleOperator), b).is(http.StatusCreated).id("dwelling_id")
	consenting.Store(id, []body{{"person_id": l.owner}})
	l.dwellings[code] = id
	return id
}

// acts are what may happen. Each draws to whom; its answer is nil where there is nobody.
func (l *lives) acts(t *rapid.T) map[string]func() *answer {
	operator, provider := l.token(domain.RoleOperator), l.token(domain.RoleProvider)
	now := func() string { return domain.DateOf(l.clock.Now()).String() }
	somebody := func(what string) string { // in one of five draws perhaps dead or merged
		living := slices.DeleteFunc(slices.Clone(l.people), func(who string) bool { return l.dead[who] || l.merged[who] != "" })
		if len(living) == 0 || rapid.IntRange(0, 4).Draw(t, "anybody") == 0 {
			living = l.people
		}
		return rapid.SampledFrom(living).Draw(t, what)
	}
	somewhere := func(what string) string {
		return l.dwellings[rapid.SampledFrom(slices.Sorted(maps.Keys(l.dwellings))).Draw(t, what)]
	}
	end := func(dwelling, how string, more body) *answer {
		a := l.command("/v1/dwellings/"+dwelling+"/end", provider, body{
			"how": how, "effective_on": now(), "basis": paper,
		}.with(more))
		if a.status == http.StatusOK {
			l.gone = append(l.gone, dwelling)
			maps.DeleteFunc(l.dwellings, func(_, id string) bool { return id == dwelling })
		}
		return a
	}
	return map[string]func() *answer{
		"birth": func() *answer {
			parent := somebody("parent")
			return l.stands(parent, l.bear("2020-01-01"), "parent")
		},
		"move": func() *answer {
			return l.command("/v1/registrations", operator, registration(somebody("person"), somewhere("to"), now(), ""))
		},
		"stay": func() *answer {
			until := domain.DateOf(l.clock.Now()).AddMonths(rapid.IntRange(1, 12).Draw(t, "months")).String()
			return l.command("/v1/registrations", operator, registration(somebody("person"), somewhere("at"), now(), until))
		},
		"departure": func() *answer {
			who, from := somebody("person"), somewhere("from")
			return l.command("/v1/deregistrations", operator, atDesk(l.owner, from, who))
		},
		"death": func() *answer {
			who := somebody("person")
			a := l.command("/v1/persons/"+who+"/death", operator, body{"died_on": now(), "basis": paper})
			if a.status == http.StatusOK {
				l.dead[who] = true
			}
			return a
		},
		"class": func() *answer {
			return l.command("/v1/persons/"+somebody("person")+"/data", operator, body{
				"kind": "change", "effective_from": now(), "class": rapid.SampledFrom([]string{"refugee", "citizen"}).Draw(t, "class"),
				"basis": paper,
			})
		},
		"guardian": func() *answer {
			return l.stands(somebody("guardian"), somebody("ward"), "guardian")
		},
		"majority": func() *answer {
			if len(l.wards) == 0 {
				return nil
			}
			ward := rapid.SampledFrom(slices.Sorted(maps.Keys(l.wards))).Draw(t, "ward")
			return l.command("/v1/persons/"+ward+"/representatives/removal", operator, body{
				"representative_id": l.wards[ward], "reasons": "the court said so", "basis": paper,
			})
		},
		"merge": func() *answer {
			who, into := somebody("absorbed"), somebody("survivor")
			a := l.command("/v1/persons/"+who+"/merges", operator, body{
				"survivor_id": into, "replaced_iin": "of_absorbed", "basis": paper,
				"accept": []string{"names_differ", "birth_dates_differ"},
			})
			if a.status == http.StatusOK {
				l.merged[who], l.merges[who] = into, eventRef(a, 0)
			}
			return a
		},
		"separation": func() *answer {
			if len(l.merged) == 0 {
				return nil
			}
			who := rapid.SampledFrom(slices.Sorted(maps.Keys(l.merged))).Draw(t, "absorbed")
			a := l.command("/v1/persons/"+who+"/merges/undo", provider, body{
				"merge": l.merges[who], "reasons": "a namesake", "basis": paper,
			})
			if a.status == http.StatusOK {
				delete(l.merged, who)
			}
			return a
		},
		"split": func() *answer {
			of := somewhere("dwelling")
			into := []string{l.build(of), l.build(of)}
			residents := []body{}
			for _, who := range l.residentsOf(of) {
				residents = append(residents, body{"person_id": who, "dwelling_id": rapid.SampledFrom(into).Draw(t, "part")})
			}
			return end(of, "split", body{"into": into, "residents": residents})
		},
		"merger": func() *answer {
			one, other := somewhere("one"), somewhere("other")
			if one == other {
				return nil
			}
			into := l.build(one, other)
			if a := end(one, "merged", body{"into": []string{into}}); a.status != http.StatusOK {
				return a
			}
			return end(other, "merged", body{"into": []string{into}})
		},
		"demolition": func() *answer {
			if len(l.dwellings) == 1 {
				return nil
			}
			return end(somewhere("dwelling"), "demolished", nil)
		},
	}
}

// stands records who acts for the ward.
func (l *lives) stands(who, ward, kind string) *answer {
	a := l.command("/v1/persons/"+ward+"/representatives", l.token(domain.RoleOperator), body{
		"representative_id": who, "kind": kind, "basis": paper,
	})
	if a.status == http.StatusCreated {
		l.wards[ward] = who
	}
	return a
}

// residentsOf are who is registered in the dwelling today.
func (l *lives) residentsOf(dwelling string) (who []string) {
	a := l.seen("/v1/dwellings/"+dwelling+"/residents", l.token(domain.RoleAuditor), l.now())
	for i := range a.at("residents").([]any) {
		who = append(who, a.at("residents", i, "person_id").(string))
	}
	return slices.Compact(slices.Sorted(slices.Values(who)))
}

// now stands for an answer of the newest position.
func (l *lives) now() *answer {
	return &answer{t: l.t, header: http.Header{"Tizilim-Position": {fmt.Sprint(l.head())}}}
}

// hold fails the test unless all that must always hold does.
func (l *lives) hold(after *answer) {
	l.t.Helper()
	l.timer()
	l.notify(after)
	auditor, operator := l.token(domain.RoleAuditor), l.token(domain.RoleOperator)
	at := l.now()
	for _, who := range l.people {
		human := l.human(who)
		a := l.seen("/v1/persons/"+who+"/residence", auditor, at)
		if a.at("person_id") != human {
			l.t.Errorf("%s is answered as %v, want %s", who, a.at("person_id"), human)
		}
		permanent := 0
		for i := range a.homes() {
			home := a.at("registrations", i).(map[string]any)
			if home["kind"] == "permanent" {
				permanent++
			}
			if slices.Contains(l.gone, home["dwelling_id"].(string)) {
				l.t.Errorf("%s resides in a dwelling that is gone: %s", who, a.text)
			}
		}
		if permanent > 1 {
			l.t.Errorf("%s has two permanent residences: %s", who, a.text)
		}
		if l.dead[human] {
			if len(a.homes()) > 0 {
				l.t.Errorf("%s is dead and resides: %s", who, a.text)
			}
			l.get("/v1/me", l.as(who)).refused(http.StatusConflict, domain.CodePersonDead, "")
		}
	}
	for code, id := range l.dwellings {
		if got := l.send("POST", "/v1/dwellings/search", operator, body{"rka": code}).is(http.StatusOK); got.id("dwelling_id") != id {
			l.t.Errorf("the code of %s means %s", id, got.text)
		}
		l.command("/v1/dwellings", operator, body{"rka": code, "address": "Астана, 5"}).
			refused(http.StatusConflict, domain.CodeDwellingRecorded, "rka")
	}
	for _, id := range l.gone {
		if who := l.residentsOf(id); len(who) > 0 {
			l.t.Errorf("%v reside in %s, which is gone", who, id)
		}
	}
	l.noticesReach(at)
}

// noticesReach fails the test unless each new notice is in the account of somebody who can read it, and is given up
// where the person has died.
func (l *lives) noticesReach(at *answer) {
	l.t.Helper()
	var queued []notice.NoticeQueued
	dead := map[domain.NoticeID]bool{}
	for _, rec := range l.since(l.told) {
		l.told = rec.Position
		switch e := rec.Event.(type) {
		case notice.NoticeQueued:
			queued = append(queued, e)
		case notice.NoticeFailed:
			dead[e.NoticeID] = e.Failure == notice.Dead
		}
	}
	for _, q := range queued {
		who := q.PersonID.String()
		if died := l.dead[l.human(who)]; died != dead[q.NoticeID] {
			l.t.Errorf("the notice %s to %s, dead %t, is given up %t", q.Kind, who, died, dead[q.NoticeID])
		} else if !died && !strings.Contains(l.seen("/v1/me/notices", l.as(who), at).text, q.NoticeID.String()) {
			l.t.Errorf("%s does not find the notice %s", who, q.Kind)
		}
	}
}

// human is the record that stands for who.
func (l *lives) human(who string) string {
	for l.merged[who] != "" {
		who = l.merged[who]
	}
	return who
}
