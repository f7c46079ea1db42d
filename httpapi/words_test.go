package httpapi_test

import (
	"reflect"
	"testing"

	"tizilim/domain"
	"tizilim/httpapi"
	"tizilim/httpapi/operation"
	"tizilim/httpapi/words"
)

// Every value of every enumeration has words in each language, and no words are of a value that is not there.
func TestEveryValueOfAnEnumerationHasWords(t *testing.T) {
	types := map[string]reflect.Type{}
	values := map[string]map[string]bool{}
	for _, e := range append([]operation.Enumeration{operation.Values(domain.Roles)}, httpapi.Enumerations()...) {
		name := e.Type.String()
		types[name], values[name] = e.Type, map[string]bool{}
		for _, v := range e.Values {
			values[name][v.(string)] = true
		}
	}
	if len(types) < 80 {
		t.Fatalf("%d enumerations", len(types))
	}
	for _, l := range domain.Languages {
		for name, of := range values {
			said := map[string]string{}
			for value := range of {
				word := words.OfType(types[name], value, l)
				if word == "" {
					t.Errorf("%s: %s %s has no words", l, name, value)
				} else if other, taken := said[word]; taken {
					t.Errorf("%s: %s says %q for %s and for %s", l, name, word, value, other)
				}
				said[word] = value
			}
		}
		for name, of := range words.In(l) {
			for value := range of {
				if !values[name][value] {
					t.Errorf("%s: %s has no value %s", l, name, value)
				}
			}
		}
	}
}
