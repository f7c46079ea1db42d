package seal

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"

	"tizilim/domain"
)

// Owner is whose key seals a value: a person, a case or, where an event names neither, a
// dwelling.
type Owner struct{ uuid.UUID }

// kind says what a node of a plan stands for.
type kind int

const (
	text kind = iota // domain.Personal or domain.IIN
	binary
	day
	structure
	slice
)

// node is the part of a plan for one type. A plan leads to the personal values
// of a type of event, and to nothing else.
type node struct {
	kind    kind
	elem    *node    // of a slice
	fields  []member // of a structure: those that lead to personal values
	persons []int    // of a structure: its members of type PersonID, in their order
	names   []string // of persons, in JSON
}

type member struct {
	index int
	name  string // in JSON; empty for an embedded structure
	node  *node
}

// plans has a *node for each type of event that was asked for; nil where the
// type has no personal value.
var plans sync.Map

func planOf(t reflect.Type) *node {
	if p, ok := plans.Load(t); ok {
		return p.(*node)
	}
	p := compile(t)
	plans.Store(t, p)
	return p
}

var leaves = map[reflect.Type]kind{
	reflect.TypeFor[domain.Personal]():      text,
	reflect.TypeFor[domain.IIN]():           text,
	reflect.TypeFor[domain.PersonalBytes](): binary,
	reflect.TypeFor[domain.PersonalDate]():  day,
}

// compile makes the plan of the type; nil where it holds no personal value. It
// panics where such a value stands in a form that events do not use.
func compile(t reflect.Type) *node {
	if leaf, ok := leaves[t]; ok {
		return &node{kind: leaf}
	}
	switch t.Kind() {
	case reflect.Slice:
		elem := compile(t.Elem())
		if elem == nil {
			return nil
		}
		return &node{kind: slice, elem: elem}
	case reflect.Array, reflect.Map, reflect.Pointer:
		if compile(t.Elem()) != nil || t.Kind() == reflect.Map && compile(t.Key()) != nil {
			panic(fmt.Sprintf("seal: personal values in a %s cannot be sealed", t))
		}
	case reflect.Struct:
		n := &node{kind: structure}
		for i := range t.NumField() {
			f := t.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if !f.IsExported() || name == "-" {
				continue
			}
			if f.Type == reflect.TypeFor[domain.PersonID]() {
				n.persons, n.names = append(n.persons, i), append(n.names, name)
			}
			if inner := compile(f.Type); inner != nil {
				n.fields = append(n.fields, member{i, name, inner})
			}
		}
		if n.fields != nil {
			return n
		}
	}
	return nil
}

// visit calls f for each personal value below v that is not empty, with its
// owner. owner is that of the structure around v. Where copying, slices are
// copied on the way, so that f may change values of v that shares them with
// others.
func (n *node) visit(v reflect.Value, owner Owner, copying bool, f func(v reflect.Value, k kind, owner Owner) error) error {
	switch n.kind {
	case structure:
		for _, i := range n.persons {
			if id := v.Field(i).Interface().(domain.PersonID); !id.IsZero() {
				owner = Owner(id)
				break
			}
		}
		for _, m := range n.fields {
			if err := m.node.visit(v.Field(m.index), owner, copying, f); err != nil {
				return err
			}
		}
	case slice:
		if copying && v.Len() > 0 {
			copied := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
			reflect.Copy(copied, v)
			v.Set(copied)
		}
		for i := range v.Len() {
			if err := n.elem.visit(v.Index(i), owner, copying, f); err != nil {
				return err
			}
		}
	default:
		if !v.IsZero() && (n.kind != binary || v.Len() > 0) {
			return f(v, n.kind, owner)
		}
	}
	return nil
}

// ownerOf returns the owner of the values of the event that stand in no
// structure which names a person; zero where there is none.
func ownerOf(e domain.Event) Owner {
	c := e.Concerns()
	switch {
	case len(c.Persons) > 0:
		return Owner(c.Persons[0])
	case c.Case.IsZero() && len(c.Dwellings) > 0:
		return Owner(c.Dwellings[0])
	}
	return Owner(c.Case)
}

// Owners returns the owners of the personal values of the event, each once.
func Owners(e domain.Event) (owners []Owner, err error) {
	plan := planOf(reflect.TypeOf(e))
	if plan == nil {
		return nil, nil
	}
	err = plan.visit(reflect.ValueOf(e), ownerOf(e), false, func(_ reflect.Value, _ kind, owner Owner) error {
		if owner.UUID == uuid.Nil {
			return fmt.Errorf("seal: %s has a personal value that tells of no person, case and dwelling", e.EventType())
		}
		if !slices.Contains(owners, owner) {
			owners = append(owners, owner)
		}
		return nil
	})
	return owners, err
}
