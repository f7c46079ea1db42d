package eventstore

import (
	"go/ast"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tizilim/domain"
	"tizilim/domain/certificates"
	"tizilim/domain/housing"
	"tizilim/domain/notice"
	"tizilim/domain/otp"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
)

// cloned folds the events and clones the state after each, then compares every
// clone, once all events are folded, with a fold of its own.
func cloned[S any, P interface {
	*S
	Apply(domain.Recorded)
	Clone() S
}](t *testing.T, events []domain.Event) {
	fold := func(n int) *S {
		s := new(S)
		for i, e := range events[:n] {
			P(s).Apply(recorded(i, e))
		}
		return s
	}
	var clones []S
	held := new(S)
	for i, e := range events {
		P(held).Apply(recorded(i, e))
		clones = append(clones, P(held).Clone())
	}
	for i, clone := range clones {
		want := P(fold(i + 1)).Clone()
		if diff := cmp.Diff(want, clone, cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
			t.Fatalf("%T: the clone taken after event %d (%s) has changed since (-then +now):\n%s",
				clone, i, events[i].EventType(), diff)
		}
	}
}

func recorded(i int, e domain.Event) domain.Recorded {
	return domain.Recorded{
		Stream: "case-1", Revision: uint64(i), Position: domain.Position(i + 1), Created: at, Event: e, Meta: exampleMeta,
	}
}

// clonedStates are all states that a command takes away from the turn of their
// stream.
var clonedStates = map[string]func(*testing.T, []domain.Event){
	"residence.Person":         cloned[residence.Person],
	"residence.Dwelling":       cloned[residence.Dwelling],
	"residence.Deregistration": cloned[residence.Deregistration],
	"housing.Application":      cloned[housing.Application],
	"procedure.Case":           cloned[procedure.Case],
	"notice.Notice":            cloned[notice.Notice],
	"otp.Challenges":           cloned[otp.Challenges],
	"certificates.File":        cloned[certificates.File],
}

// TestAClonedStateNeverChanges goes through every state that is cloned, with the
// examples of all events in random orders: each state picks out those that it
// folds.
func TestAClonedStateNeverChanges(t *testing.T) {
	const orders, length = 12, 60
	confirmed, revoked := example[residence.CoOwnerConfirmed](), example[residence.ConfirmationRevoked]()
	confirmed.Deadline = time.Time{}
	examples := append(slices.Clone(examples), confirmed, revoked) // of one person, who confirms and revokes
	for name, check := range clonedStates {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(orders) {
				random := rand.New(rand.NewPCG(seed, 0))
				events := make([]domain.Event, length)
				for i := range events {
					events[i] = examples[random.IntN(len(examples))]
				}
				check(t, events)
			}
		})
	}
}

// TestEveryStateThatIsClonedIsAmongThem looks for the states of which the
// commands take a snapshot.
func TestEveryStateThatIsClonedIsAmongThem(t *testing.T) {
	sources, err := filepath.Glob("command/*.go")
	if err != nil {
		t.Fatal(err)
	}
	files, found := token.NewFileSet(), 0
	for _, source := range sources {
		file, err := parser.ParseFile(files, source, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if name, ok := snapshotOf(n); ok {
				found++
				if clonedStates[name] == nil {
					t.Errorf("%s: a snapshot is taken of %s, which is not among clonedStates", files.Position(n.Pos()), name)
				}
			}
			return true
		})
	}
	if found == 0 {
		t.Error("no snapshot was found: what takes one has another name")
	}
}

// snapshotOf returns the state in snapshot[state].
func snapshotOf(n ast.Node) (name string, ok bool) {
	index, ok := n.(*ast.IndexExpr)
	if !ok {
		return "", false
	}
	f, isName := index.X.(*ast.Ident)
	of, isState := index.Index.(*ast.SelectorExpr)
	if !isName || !isState || f.Name != "snapshot" {
		return "", false
	}
	return of.X.(*ast.Ident).Name + "." + of.Sel.Name, true
}
