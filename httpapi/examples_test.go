package httpapi_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const examplesFile = "examples.json"

// examples are the examples of answers, by operation and status.
type examples map[string]map[int]any

func readExamples(t *testing.T) examples {
	text, err := os.ReadFile(examplesFile)
	must(t, err)
	e := examples{}
	must(t, json.Unmarshal(text, &e))
	return e
}

// see fails the test where the operation has no example of such an answer, or one that its schema does not
// allow, or that lacks a member of the answer. With -update the answer becomes the example.
func (e examples) see(t *testing.T, id string, a *answer, shown any, schema *jsonschema.Schema) {
	t.Helper()
	fits := shown != nil && schema.Validate(shown) == nil
	if members, ok := shown.(map[string]any); ok && fits {
		for name := range a.body {
			if _, ok := members[name]; !ok {
				fits = false
			}
		}
	}
	switch {
	case fits:
	case *update:
		var answered any
		must(t, json.Unmarshal([]byte(a.text), &answered))
		e[id] = map[int]any{a.status: shortened(answered)}
	default:
		t.Errorf("%s: the example of its answer is missing, or is not such an answer: run with -update", id)
	}
}

// shortened returns the value with two items of each list.
func shortened(v any) any {
	switch v := v.(type) {
	case []any:
		v = v[:min(len(v), 2)]
		for i := range v {
			v[i] = shortened(v[i])
		}
		return v
	case map[string]any:
		for name := range v {
			v[name] = shortened(v[name])
		}
	}
	return v
}

// written writes the examples, where they are asked for.
func (e examples) written(t *testing.T) {
	if !*update {
		return
	}
	out := new(bytes.Buffer)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	must(t, encoder.Encode(e))
	must(t, os.WriteFile(examplesFile, out.Bytes(), 0o644))
}
