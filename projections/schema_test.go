package projections

import (
	"testing"
	"time"

	"tizilim/domain"
)

// changed is the schema with other models.
func changed(change func()) string {
	whole, wholeVerbs := models, verbs
	defer func() { models, verbs = whole, wholeVerbs }()
	models = append(models[:0:0], models...)
	change()
	return schemaOf(examples())
}

func TestTheSchemaChangesWithEveryModelAndVerb(t *testing.T) {
	seen := map[string]string{schema(): "nothing"}
	expectNew := func(what, schema string) {
		t.Helper()
		if before, ok := seen[schema]; ok {
			t.Errorf("the schema is the same after a change of %s and of %s", what, before)
		}
		seen[schema] = what
	}
	for i, m := range models {
		expectNew(m.name, changed(func() { models = append(models[:i], models[i+1:]...) }))
		expectNew("one value of "+m.name, changed(func() {
			last := false
			models[i].project = func(rec domain.Recorded) []op {
				ops := m.project(rec)
				if len(ops) > 0 && !last {
					last = true
					ops[0].args = append(ops[0].args[:0:0], ops[0].args...)
					ops[0].args[len(ops[0].args)-1] += "x"
				}
				return ops
			}
		}))
	}
	for v := range verbs {
		expectNew(verbs[v].name, changed(func() { verbs[v].lua += " " }))
	}
}

// Whoever starts a second process, on another machine, must not fill the models
// anew.
func TestTheSchemaIsTheSameEverywhere(t *testing.T) {
	here := time.Local
	defer func() { time.Local = here }()
	for _, zone := range []*time.Location{time.UTC, domain.Zone, time.FixedZone("", -7*60*60)} {
		time.Local = zone
		for range 20 {
			if again := schemaOf(examples()); again != schema() {
				t.Fatalf("in %v it is %s, not %s", zone, again, schema())
			}
		}
	}
}

func BenchmarkSchema(b *testing.B) {
	for b.Loop() {
		schemaOf(examples())
	}
}
