package seal

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/events"
	"tizilim/domain/residence"
)

var update = flag.Bool("update", false, "write the golden file")

const ownersFile = "testdata/owners.txt"

// TestEveryPersonalValueHasTheReviewedOwner: whoever adds a personal value to an
// event sees in the diff whose key seals it, and so with whom it is erased.
func TestEveryPersonalValueHasTheReviewedOwner(t *testing.T) {
	var lines strings.Builder
	lines.WriteString("# Whose key seals each personal value of the events: of the names, the first that is set.\n" +
		"# Written by go test ./eventstore/seal -update.\n")
	for _, e := range events.Samples() {
		plan := planOf(reflect.TypeOf(e))
		if plan == nil {
			continue
		}
		var rest []string
		c := e.Concerns()
		if len(c.Persons) > 0 {
			rest = append(rest, "the first person it concerns")
		}
		if !c.Case.IsZero() {
			rest = append(rest, "the case")
		}
		eachLeaf(plan, reflect.TypeOf(e), "", rest, func(path string, owners []string) {
			if len(owners) == 0 {
				t.Errorf("%s of %s tells of no person and no case", path, e.EventType())
			}
			fmt.Fprintf(&lines, "%s %s: %s\n", e.EventType(), path, strings.Join(owners, ", else "))
		})
	}
	if *update {
		if err := os.WriteFile(ownersFile, []byte(lines.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(ownersFile)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != lines.String() {
		t.Errorf("%s is not what the types say: run go test ./eventstore/seal -update and review the diff", ownersFile)
	}
}

// eachLeaf calls f for each personal value of the plan, with the members that
// may name its owner, in the order in which they are looked at.
func eachLeaf(n *node, t reflect.Type, path string, owners []string, f func(string, []string)) {
	switch n.kind {
	case structure:
		var here []string
		for i, name := range n.names {
			here = append(here, strings.TrimPrefix(path+"."+name, "."))
			if !strings.Contains(t.Field(n.persons[i]).Tag.Get("json"), ",omit") { // it is always set
				owners = nil
				break
			}
		}
		owners = append(here, owners...)
		for _, m := range n.fields {
			inner := path
			if m.name != "" {
				inner = strings.TrimPrefix(path+"."+m.name, ".")
			}
			eachLeaf(m.node, t.Field(m.index).Type, inner, owners, f)
		}
	case slice:
		eachLeaf(n.elem, t.Elem(), path, owners, f)
	default:
		f(path, owners)
	}
}

func TestAPlanLeadsThroughStructuresAndLists(t *testing.T) {
	type inner struct {
		Who  domain.PersonID `json:"who,omitzero"`
		Name domain.Personal
	}
	type outer struct {
		inner  // not exported, so not stored
		Listed []inner
		IIN    domain.IIN
	}
	var found []string
	eachLeaf(compile(reflect.TypeFor[outer]()), reflect.TypeFor[outer](), "", nil, func(string, []string) {
		found = append(found, "")
	})
	if len(found) != 2 {
		t.Errorf("%d personal values were found, want 2", len(found))
	}
	for _, unsealable := range []reflect.Type{
		reflect.TypeFor[map[string]domain.Personal](), reflect.TypeFor[map[domain.IIN]bool](), reflect.TypeFor[[2]domain.Personal](),
		reflect.TypeFor[*domain.Personal](), reflect.TypeFor[[]*inner](),
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was planned, and its values would be stored in clear", unsealable)
				}
			}()
			compile(unsealable)
		}()
	}
}

func TestAValueOfAnEventAboutADwellingAloneIsSealedWithTheKeyOfTheDwelling(t *testing.T) {
	flat, agent := domaintest.ID[domain.DwellingID]("flat"), domaintest.ID[domain.PersonID]("agent")
	sold := residence.OwnersChanged{
		DwellingID: flat, Owners: []residence.Owner{{Kind: residence.Company, BIN: "160440007161"}}, Basis: domaintest.Basis(),
	}
	if got, err := Owners(sold); err != nil || !slices.Equal(got, []Owner{Owner(flat)}) {
		t.Errorf("without a person: %v, %v", got, err)
	}
	sold.Owners[0].AgentID = agent
	if got, err := Owners(sold); err != nil || !slices.Equal(got, []Owner{Owner(agent)}) {
		t.Errorf("with an agent: %v, %v", got, err)
	}
}
