package procedure_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/procedure"
)

// constants returns the values of all constants of the type, as the source
// declares them: a test that walks them cannot forget one that is added.
func constants[T ~string](t *testing.T, typ string) []T {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var values []T
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			named, ok := spec.Type.(*ast.Ident)
			value, literal := spec.Values[0].(*ast.BasicLit)
			if !ok || named.Name != typ || !literal {
				return true
			}
			text, err := strconv.Unquote(value.Value)
			if err != nil {
				t.Fatal(err)
			}
			if text != "" {
				values = append(values, T(text))
			}
			return true
		})
	}
	if len(values) == 0 {
		t.Fatalf("no constants of the type %s", typ)
	}
	slices.Sort(values)
	return values
}

// walked fails the test unless what it walks is all that the source declares.
func walked[T ~string](t *testing.T, typ string, walks []T) {
	t.Helper()
	walks = slices.Sorted(slices.Values(walks))
	if declared := constants[T](t, typ); !slices.Equal(walks, declared) {
		t.Errorf(
			"of %s the tests walk %v, the source declares %v: decide what the new ones do in every state",
			typ,
			walks,
			declared,
		)
	}
}

func keysOf[K comparable, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	return keys
}

// TestC2_C10_NothingOfTheTablesIsLeftUndecided: a state, a step, a way to end a
// hearing or a complaint, or a duty that is added has to be decided here too.
func TestC2_C10_NothingOfTheTablesIsLeftUndecided(t *testing.T) {
	walked(t, "State", keysOf(allowed))
	walked(t, "State", keysOf(reach))
	walked(t, "Step", append(keysOf(steps), procedure.Reopen))
	walked(t, "HearingEnd", procedure.HearingEnds)
	walked(t, "ComplaintOutcome", procedure.ComplaintOutcomes)
	walked(t, "RemedyKind", procedure.RemedyKinds)
	walked(t, "Duty", procedure.Duties)
	walked(t, "Office", procedure.Offices)
	walked(t, "TerminationGround", procedure.TerminationGrounds)
	walked(t, "RecusalGround", procedure.RecusalGrounds)
	walked(t, "Exemption", procedure.Exemptions)
	walked(t, "NotifiedBy", procedure.WaysOfNotice)
	walked(t, "LateTerm", procedure.LateTerms)
}

// table is one of the tables of E.5 beside that of the case: in every state every
// event either leads to the state that is written there or is refused with the
// code that is.
type table struct {
	reach map[string][]domain.Event
	takes map[string]decider
	// lines are from → event → to. What is not there is refused with the code of
	// refusals, by state and event, or of otherwise.
	lines     map[string]map[string]string
	refusals  map[string]domain.Code
	otherwise domain.Code
	state     func(*procedure.Case) string
}

func (tab table) walk(t *testing.T, day string) {
	t.Helper()
	if len(tab.lines) != len(tab.reach) {
		t.Fatalf("%d states are specified, %d can be reached", len(tab.lines), len(tab.reach))
	}
	for from, given := range tab.reach {
		for event, take := range tab.takes {
			t.Run(from+" "+event, func(t *testing.T) {
				c := domaintest.Fold[procedure.Case](given...)
				if got := tab.state(c); got != from {
					t.Fatalf("it is %s, not %s", got, from)
				}
				cmd := domaintest.CommandOn(day)
				cmd.Actor = "reviewer"
				got, err := take(c, cmd)
				to, open := tab.lines[from][event]
				if !open {
					code, ok := tab.refusals[from+" "+event]
					if !ok {
						code = tab.otherwise
					}
					domaintest.Refused(t, got, err, code, "")
					return
				}
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				for i, e := range got {
					c.Apply(domaintest.Recorded(len(given)+i, e))
				}
				if got := tab.state(c); got != to {
					t.Errorf("leads to %s, want %s", got, to)
				}
			})
		}
	}
}

// TestC8_EveryEventInEveryStateOfAHearing: Announced → ObjectionFiled | Lapsed |
// Waived | heard, and a new intention is heard anew.
func TestC8_EveryEventInEveryStateOfAHearing(t *testing.T) {
	end := func(how procedure.HearingEnd) decider {
		return func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
			return c.CloseHearing(cmd, how, "said")
		}
	}
	tab := table{
		reach: map[string][]domain.Event{
			"none": given(procedure.InReview), "announced": given(procedure.HearingPending),
			"heard": given(procedure.HearingPending, procedure.ObjectionFiled{CaseID: caseID}),
		},
		takes: map[string]decider{
			"announce": steps[procedure.AnnounceHearing].take,
			"object":   steps[procedure.Object].take,
		},
		lines: map[string]map[string]string{
			"none":      {"announce": "announced"},
			"announced": {"object": "heard"},
			"heard":     {"announce": "announced"},
		},
		otherwise: domain.CodeStepNotOpen,
		state: func(c *procedure.Case) string {
			switch {
			case c.State == procedure.HearingPending:
				return "announced"
			case c.Heard:
				return "heard"
			}
			return "none"
		},
	}
	for _, how := range procedure.HearingEnds {
		tab.takes[string(how)] = end(how)
		tab.lines["announced"][string(how)] = "heard"
		t.Run("after "+string(how), func(t *testing.T) {
			other := tab
			other.reach = map[string][]domain.Event{
				"heard": given(procedure.HearingPending, procedure.HearingClosed{CaseID: caseID, How: how}),
			}
			other.lines = map[string]map[string]string{"heard": tab.lines["heard"]}
			other.walk(t, "2026-03-18")
		})
	}
	// On the 18th the window has passed: it lapses, and no objection is taken.
	late := tab
	late.lines = map[string]map[string]string{"none": tab.lines["none"], "heard": tab.lines["heard"], "announced": {}}
	late.refusals = map[string]domain.Code{"announced object": domain.CodeTooLate}
	for _, how := range procedure.HearingEnds {
		late.lines["announced"][string(how)] = "heard"
	}
	t.Run("after the window", func(t *testing.T) { late.walk(t, "2026-03-18") })
	// On the 17th it is open: an objection is taken, and it has not lapsed.
	delete(tab.lines["announced"], string(procedure.HearingLapsed))
	tab.refusals = map[string]domain.Code{"announced lapsed": domain.CodeTooEarly}
	t.Run("within the window", func(t *testing.T) { tab.walk(t, "2026-03-17") })
}

// TestC12_EveryEventInEveryStateOfAComplaint: Filed → SatisfiedByBody |
// Forwarded → Decided; one that was turned down bars no other.
func TestC12_EveryEventInEveryStateOfAComplaint(t *testing.T) {
	filed := procedure.ComplaintFiled{CaseID: caseID, ComplainantID: aigul, ForwardBy: domaintest.Day("2026-03-18")}
	forwarded := procedure.ComplaintForwarded{CaseID: caseID, To: "ministry", DecideBy: domaintest.Day("2026-04-13")}
	tab := table{
		reach: map[string][]domain.Event{
			"none": given(
				procedure.Refused,
			), "filed": given(procedure.Refused, filed), "forwarded": given(procedure.Refused, filed, forwarded),
			"reopened": given(procedure.Refused, filed, forwarded, annulled("2026-04-15")),
		},
		takes: map[string]decider{
			"file": complain,
			"forward": func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
				return c.ForwardComplaint(cmd, "ministry", terms)
			},
			"withdraw": func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
				return c.WithdrawComplaint(cmd, aigul, domaintest.Basis())
			},
			"court": followCourt,
		},
		lines: map[string]map[string]string{
			"none":  {"file": "filed", "court": "reopened"},
			"filed": {"forward": "forwarded", "withdraw": "none", "court": "reopened", string(procedure.Satisfied): "reopened"},
			"forwarded": {
				"withdraw": "none", "court": "reopened",
				string(procedure.Upheld):   "none",
				string(procedure.Annulled): "reopened",
				string(procedure.Obliged):  "reopened",
			},
			"reopened": {},
		},
		refusals: map[string]domain.Code{
			"filed file":     domain.CodeComplaintPending,
			"forwarded file": domain.CodeComplaintPending,
		},
		otherwise: domain.CodeStepNotOpen,
		state: func(c *procedure.Case) string {
			switch {
			case c.State == procedure.InReview:
				return "reopened"
			case c.Complaint == nil:
				return "none"
			case c.ComplaintAt == "":
				return "filed"
			}
			return "forwarded"
		},
	}
	for _, o := range procedure.ComplaintOutcomes {
		if o == procedure.ComplainantDied { // R49: a body does not state it
			continue
		}
		tab.takes[string(o)] = func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
			return c.DecideComplaint(cmd, o, "because", "", terms)
		}
	}
	tab.walk(t, "2026-03-16")
	// After the three working days the body can only forward it.
	late := tab
	late.lines = map[string]map[string]string{"filed": {"forward": "forwarded", "withdraw": "none", "court": "reopened"}}
	late.reach = map[string][]domain.Event{"filed": tab.reach["filed"]}
	late.refusals = map[string]domain.Code{
		"filed file": domain.CodeComplaintPending,
		fmt.Sprint("filed ", procedure.Satisfied): domain.CodeTooLate,
	}
	t.Run("after three working days", func(t *testing.T) { late.walk(t, "2026-03-19") })
}
