package httpapi_test

import (
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tizilim/domain"
)

// walks is how many walks, or lives, a test run takes, unless -rapid.checks says otherwise.
const walks = "8"

// fewWalks has the test take as many walks.
func fewWalks(t *testing.T) {
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue {
		must(t, checks.Value.Set(walks))
		t.Cleanup(func() { must(t, checks.Value.Set(checks.DefValue)) })
	}
}

// Whatever valid commands come in whatever order, the reads after each agree
// with plain folds of the log.
func TestRandomWalk(t *testing.T) {
	fewWalks(t)
	r := start(t)
	rapid.Check(t, func(t *rapid.T) {
		s := r.at(t)
		commission := s.token(domain.RoleCommission)
		w := walk{
			subtest: s, list: s.list(), persons: []string{s.citizen(), s.citizen(), s.citizen()},
		}
		w.dwellings = []string{s.dwelling(w.persons[0]), s.dwelling(w.persons[0], w.persons[1]), s.dwelling()}
		var waiting, active, removed []string
		changed := func(a *answer) { s.agree(w.list, rapid.IntRange(1, 4).Draw(t, "limit"), a) }
		// with does the rest of a step with one that it takes from the list; where
		// there is none, the step does nothing.
		with := func(from *[]string, what string, do func(string)) {
			if len(*from) == 0 {
				return
			}
			i := rapid.IntRange(0, len(*from)-1).Draw(t, what)
			x := (*from)[i]
			*from = slices.Delete(*from, i, i+1)
			do(x)
		}
		t.Repeat(map[string]func(*rapid.T){
			"time passes": func(t *rapid.T) {
				r.clock.pass(time.Duration(rapid.IntRange(1, 60*24).Draw(t, "minutes")) * time.Minute)
			},
			"move": func(t *rapid.T) {
				person, to := rapid.SampledFrom(w.persons).
					Draw(t, "person"),
					rapid.SampledFrom(w.dwellings).
						Draw(t, "to")
				today := domain.DateOf(r.clock.Now()).String()
				a := s.command("/v1/registrations", s.token(domain.RoleOperator), registration(person, to, today, ""))
				if a.status != 201 { // what is in the way is said, and nothing else is
					if code := a.body["code"]; code != string(domain.CodeRegisteredHere) {
						t.Fatalf("move: %s", a.text)
					}
					return
				}
				w.residenceAgrees(person, a)
			},
			"stay": func(t *rapid.T) {
				person, at := rapid.SampledFrom(w.persons).
					Draw(t, "person"),
					rapid.SampledFrom(w.dwellings).
						Draw(t, "at")
				today := domain.DateOf(r.clock.Now())
				until := today.AddMonths(rapid.IntRange(1, 12).Draw(t, "months"))
				a := s.command(
					"/v1/registrations",
					s.token(domain.RoleOperator),
					registration(person, at, today.String(), until.String()),
				)
				if a.status != 201 {
					if code := a.body["code"]; code != string(domain.CodeRegisteredHere) &&
						code != string(domain.CodeTemporaryActive) &&
						code != string(domain.CodePeriodOverlaps) {
						t.Fatalf("stay: %s", a.text)
					}
					return
				}
				w.residenceAgrees(person, a)
			},
			"deregister": func(t *rapid.T) {
				person, from := rapid.SampledFrom(w.persons).Draw(t, "person"), rapid.IntRange(0, 1).Draw(t, "from")
				a := s.command(
					"/v1/deregistrations",
					s.as(w.persons[0]),
					removal(w.persons[0], w.dwellings[from], person),
				)
				if a.status != 201 {
					t.Fatalf("deregister: %s", a.text)
				}
				w.residenceAgrees(person, a)
				if got := s.seen("/v1/cases/"+a.id("case_id"), s.as(person), a); !jsonEqual(
					got.at("results"),
					a.at("results"),
				) {
					t.Fatalf("the case says %s, the command %s", got.text, a.text)
				}
			},
			"apply": func(t *rapid.T) { waiting = append(waiting, s.applied(s.citizen(), w.list)) },
			"place": func(t *rapid.T) {
				with(&waiting, "case", func(id string) {
					a := s.placed(id)
					active = append(active, a.at("placement", "entry_id").(string))
					changed(a)
				})
			},
			"refuse": func(t *rapid.T) {
				with(&waiting, "case", func(id string) {
					a := s.command(
						"/v1/cases/"+id+"/decision",
						commission,
						body{
							"outcome":   "refuse",
							"ground":    "untrue_documents",
							"reasons":   "r",
							"exemption": body{"ground": "urgency", "reasons": "r"},
						},
					).is(200)
					if got := s.seen("/v1/cases/"+id, commission, a); got.at("state") != "refused" {
						t.Fatalf("refused, and the case says %s", got.text)
					}
				})
			},
			"remove": func(t *rapid.T) {
				with(&active, "entry", func(entry string) {
					removed = append(removed, entry)
					changed(s.removed(w.list, entry))
				})
			},
			"reinstate": func(t *rapid.T) {
				with(&removed, "entry", func(entry string) {
					active = append(active, entry)
					changed(s.command(entryPath(w.list, entry)+"/reinstatement", commission, byCourt).is(200))
				})
			},
		})
	})
}

type walk struct {
	*subtest
	list      string
	persons   []string
	dwellings []string
}

// residenceAgrees compares the person with the fold of the person's stream, and
// the dwellings with the persons.
func (w walk) residenceAgrees(person string, after *answer) {
	w.t.Helper()
	w.foldAgrees(person, after)
	auditor := w.token(domain.RoleAuditor)
	at := map[string][]string{}
	for _, p := range w.persons {
		a := w.seen("/v1/persons/"+p+"/residence", auditor, after)
		for i := range a.at("registrations").([]any) {
			d := a.at("registrations", i, "dwelling_id").(string)
			at[d] = append(
				at[d],
				fmt.Sprintln(p, a.at("registrations", i, "registration_id"), a.at("registrations", i, "kind")),
			)
		}
	}
	for _, d := range w.dwellings {
		for _, query := range []string{"", "?as_of=" + domain.DateOf(w.clock.Now()).String()} {
			a := w.seen("/v1/dwellings/"+d+"/residents"+query, auditor, after)
			var got []string
			for i := range a.at("residents").([]any) {
				got = append(
					got,
					fmt.Sprintln(
						a.at("residents", i, "person_id"),
						a.at("residents", i, "registration_id"),
						a.at("residents", i, "kind"),
					),
				)
			}
			slices.Sort(got)
			slices.Sort(at[d])
			if !slices.Equal(got, at[d]) {
				w.t.Errorf("the dwelling%s says %v, the persons %v", query, got, at[d])
			}
		}
	}
}
