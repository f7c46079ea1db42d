package events_test

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
)

// filled returns a value of the type with every field set, the same in every
// run. An id is derived from the path of its member in the JSON, so that no two
// are equal.
func filled(t reflect.Type) any {
	v := reflect.New(t).Elem()
	fill(v, "")
	return v.Interface()
}

// texts are tried in this order for types with a form of their own, such as a
// day or a fraction.
var texts = []string{"2026-03-15", "1/2", "case-1@7", "1"}

func fill(v reflect.Value, path string) {
	switch v.Type() {
	case reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(domaintest.Noon()))
		return
	case reflect.TypeFor[uuid.UUID]():
		v.Set(reflect.ValueOf(domain.DeriveID(uuid.NameSpaceOID, path)))
		return
	case reflect.TypeFor[domain.IIN]():
		v.SetString("999999000012")
		return
	}
	if form, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok && !holdsUUID(v.Type()) {
		for _, text := range texts {
			if form.UnmarshalText([]byte(text)) == nil {
				return
			}
		}
		panic(fmt.Sprintf("%s is none of %v: add a text of its form", v.Type(), texts))
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() {
				fill(v.Field(i), memberOf(path, field))
			}
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), path)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), path)
	case reflect.String:
		v.SetString(path[strings.LastIndex(path, ".")+1:])
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(1)
	case reflect.Uint8:
		v.SetUint('x')
	default: // whole numbers
		v.Set(reflect.ValueOf(1).Convert(v.Type()))
	}
}

// memberOf returns the path of the field's member in the JSON.
func memberOf(path string, field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	switch {
	case field.Anonymous:
		return path
	case path == "":
		return name
	}
	return path + "." + name
}

func holdsUUID(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t.NumField() == 1 && t.Field(0).Type == reflect.TypeFor[uuid.UUID]()
}

// TestASampleForANewTypeSetsEveryField asks for samples of the types that there
// are: each has every field set and comes back from its JSON.
func TestASampleForANewTypeSetsEveryField(t *testing.T) {
	for _, e := range []any{housing.NeedExamined{}, housing.ApplicationRefused{}, housing.EntryReinstated{}} {
		made := filled(reflect.TypeOf(e))
		eachField(reflect.ValueOf(made), func(field string, v reflect.Value) {
			if v.IsZero() {
				t.Errorf("%T: %s is not set", e, field)
			}
		})
		text, err := json.Marshal(made)
		if err != nil {
			t.Fatal(err)
		}
		again := reflect.New(reflect.TypeOf(e))
		if err := json.Unmarshal(text, again.Interface()); err != nil {
			t.Fatalf("%T: %v", e, err)
		}
		if diff := domaintest.Diff(made, again.Elem().Interface()); diff != "" {
			t.Errorf("%T (-made +read)\n%s", e, diff)
		}
	}
}
