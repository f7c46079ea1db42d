package domaintest

import (
	"bytes"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"tizilim/domain"
)

// Secret is what [AssertMasked] fills into personal values.
const Secret = "900101300017"

// AssertMasked fills every personal value that v can hold and fails the test if
// any verb of fmt or any handler of slog shows it. v is passed as a value, not
// as a pointer. It returns how many personal values v can hold.
func AssertMasked(t testing.TB, v any) int {
	t.Helper()
	filled := reflect.New(reflect.TypeOf(v)).Elem()
	n := fill(filled)
	v = filled.Interface()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		assertNot(t, v, verb, fmt.Sprintf(verb, v))
	}
	pointer := reflect.New(filled.Type())
	pointer.Elem().Set(filled)
	for _, value := range []any{v, pointer.Interface()} {
		var text, json bytes.Buffer
		slog.New(slog.NewTextHandler(&text, nil)).Info("", "value", value)
		slog.New(slog.NewJSONHandler(&json, nil)).Info("", "value", value)
		assertNot(t, value, "slog's text handler", text.String())
		assertNot(t, value, "slog's JSON handler", json.String())
	}
	return n
}

func assertNot(t testing.TB, v any, how, text string) {
	t.Helper()
	if strings.Contains(text, Secret) || strings.Contains(strings.ToLower(text), fmt.Sprintf("%x", Secret)) {
		t.Errorf("%T with %s shows a personal value: %s", v, how, text)
	}
}

// fill sets the personal values in v and counts them, with one element in
// every slice and behind every pointer.
func fill(v reflect.Value) (n int) {
	if !v.CanSet() {
		return 0
	}
	switch v.Type() {
	case reflect.TypeFor[domain.IIN](), reflect.TypeFor[domain.Personal]():
		v.SetString(Secret)
		return 1
	case reflect.TypeFor[domain.PersonalBytes]():
		v.SetBytes([]byte(Secret))
		return 1
	case reflect.TypeFor[domain.PersonalDate]():
		// Of what it holds, only a text can have the secret in it.
		if err := v.Addr().Interface().(*domain.PersonalDate).UnmarshalText([]byte(domain.SealedPrefix + Secret)); err != nil {
			panic(err)
		}
		return 1
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			n += fill(v.Field(i))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		n = fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		n = fill(v.Index(0))
	}
	return n
}
