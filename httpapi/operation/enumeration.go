package operation

import (
	"reflect"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
)

// Enumeration is a type of strings with all its values. Wherever a field of an input
// or an answer has the type, its schema lists the values. A field of an answer with
// the tag values:"open" does not list them.
type Enumeration struct {
	Type   reflect.Type
	Values []any
	alias  reflect.Type
}

// Values makes the Enumeration of T.
func Values[T ~string](values []T) Enumeration {
	e := Enumeration{Type: reflect.TypeFor[T](), alias: reflect.TypeFor[enumerated[T]]()}
	for _, v := range values {
		e.Values = append(e.Values, string(v))
	}
	valuesOf.Store(e.alias, e.Values)
	return e
}

// valuesOf are the values by type of [enumerated]: huma asks a type for its schema
// and passes nothing that could hold them.
var valuesOf sync.Map

// enumerated stands for T where huma makes a schema.
type enumerated[T ~string] struct{}

// Schema implements [huma.SchemaProvider].
func (e enumerated[T]) Schema(huma.Registry) *huma.Schema {
	values, _ := valuesOf.Load(reflect.TypeOf(e))
	return &huma.Schema{Type: huma.TypeString, Enum: values.([]any)}
}

// leaveOpen removes the values from the fields that say so, in all components.
func leaveOpen(schemas huma.Registry) {
	for name, schema := range schemas.Map() {
		openFields(schema, schemas.TypeFromRef("#/components/schemas/"+name))
	}
}

// openFields removes the values from the fields of t that say so.
func openFields(schema *huma.Schema, t reflect.Type) {
	if t == nil || t.Kind() != reflect.Struct {
		return
	}
	for _, f := range reflect.VisibleFields(t) {
		member, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		p := schema.Properties[member]
		if f.Tag.Get("values") != "open" || p == nil {
			continue
		}
		if p.Items != nil {
			p = p.Items
		}
		p.Enum = nil
	}
}
