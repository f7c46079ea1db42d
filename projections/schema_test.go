package projections

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
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
	const inZone, times = "TIZILIM_TEST_SCHEMA_IN_ZONE", 20
	if hours, err := strconv.Atoi(os.Getenv(inZone)); err == nil { // a process of its own: its zone is nobody else's
		time.Local = time.FixedZone("", hours*60*60)
		for range times {
			fmt.Println("schema", schemaOf(examples()))
		}
		return
	}
	for _, hours := range []string{"0", "5", "-7"} {
		there := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
		there.Env = append(os.Environ(), inZone+"="+hours)
		out, err := there.Output()
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(out), "schema "+schema()+"\n"); n != times {
			t.Errorf("%s hours from UTC it is %s in %d of %d times: %s", hours, schema(), n, times, out)
		}
	}
}

func BenchmarkSchema(b *testing.B) {
	for b.Loop() {
		schemaOf(examples())
	}
}
