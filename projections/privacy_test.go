package projections

import (
	"encoding/base64"
	"reflect"
	"strings"
	"testing"

	"tizilim/domain"
)

// marker stands for every personal value.
const marker = "s1.PERSONAL"

// TestNoModelHasAPersonalValue: whoever reads Redis learns no name, no IIN, no
// telephone and no text of anybody.
func TestNoModelHasAPersonalValue(t *testing.T) {
	marked := 0
	for _, e := range examples() {
		if e.delivery.Poison != nil {
			continue
		}
		rec := e.delivery.Recorded
		v := reflect.New(reflect.TypeOf(rec.Event)).Elem()
		v.Set(reflect.ValueOf(rec.Event))
		marked += markAll(v)
		rec.Event = v.Interface().(domain.Event)
		e.writes(func(model string, o op) {
			for _, text := range append([]string{o.key}, o.args...) {
				for _, form := range []string{marker, base64.StdEncoding.EncodeToString([]byte(marker))} {
					if strings.Contains(text, form) {
						t.Errorf("the model %s writes a personal value of %s: %s", model, rec.Event.EventType(), text)
					}
				}
			}
		})
	}
	if marked < 60 {
		t.Errorf("only %d personal values were marked", marked)
	}
}

// markAll puts the marker in place of each personal value below v, and returns how
// many there were.
func markAll(v reflect.Value) (n int) {
	switch v.Type() {
	case reflect.TypeFor[domain.Personal](), reflect.TypeFor[domain.IIN]():
		v.SetString(marker)
		return 1
	case reflect.TypeFor[domain.PersonalBytes]():
		v.SetBytes([]byte(marker))
		return 1
	case reflect.TypeFor[domain.PersonalDate]():
		if err := v.Addr().Interface().(*domain.PersonalDate).UnmarshalText([]byte(marker)); err != nil {
			panic(err)
		}
		return 1
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				n += markAll(v.Field(i))
			}
		}
	case reflect.Pointer:
		if !v.IsNil() {
			n += markAll(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			n += markAll(v.Index(i))
		}
	}
	return n
}
