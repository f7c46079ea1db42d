package projections

import (
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"tizilim/domain"
)

var update = flag.Bool("update", false, "write what the models do to testdata/models")

// What the models write is the read side of the registry: a change of it is to be
// seen in review. go test ./projections -run Models -update writes it anew.
func TestModelsWriteWhatTheirGoldenFilesShow(t *testing.T) {
	texts := make(map[string]string)
	var sample map[string]string
	for _, e := range examples() {
		if e.how == "" {
			sample = opsByModel(e)
		}
		texts[goldenFile(e)] += golden(e, sample)
	}
	files, err := filepath.Glob(filepath.Join("testdata", "models", "*"))
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		for _, file := range files {
			os.Remove(file)
		}
		for file, text := range texts {
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	for file, text := range texts {
		want, err := os.ReadFile(file)
		if err != nil {
			t.Errorf("%v: write it with -update, and read it", err)
		} else if string(want) != text {
			t.Errorf("%s is not what the models write: write it with -update, and read what has changed\n%s",
				file, firstDifference(string(want), text))
		}
	}
	for _, file := range files {
		if _, ok := texts[file]; !ok {
			t.Errorf("%s is of no event", file)
		}
	}
}

func goldenFile(e example) string {
	return filepath.Join("testdata", "models", strings.ReplaceAll(e.of, " ", "_")+".txt")
}

// golden is the text of an example: how it differs from the sample, its stream,
// and the ops of each model. A model that does the same as for the sample is left
// out. Ids are shown as the fields of the event that have them.
func golden(e example, sample map[string]string) string {
	var text strings.Builder
	if e.how != "" {
		fmt.Fprintf(&text, "\n%s\n", e.how)
	}
	fmt.Fprintf(&text, "in %s\n", e.delivery.Recorded.Stream)
	ops := opsByModel(e)
	for _, m := range append([]string{"quarantine"}, modelNames()...) {
		switch {
		case e.how != "" && ops[m] == sample[m]:
		case ops[m] != "":
			fmt.Fprintf(&text, "%s\n%s", m, ops[m])
		case sample[m] != "" && e.how != "":
			fmt.Fprintf(&text, "%s\n  nothing\n", m)
		}
	}
	return named(e.delivery.Recorded.Event).Replace(text.String())
}

func modelNames() (names []string) {
	for _, m := range models {
		names = append(names, m.name)
	}
	return names
}

func opsByModel(e example) map[string]string {
	ops := make(map[string]string)
	e.writes(func(model string, o op) {
		text := fmt.Sprintf("  %s %s", o.verb, o.key)
		if o.verb == opSet {
			for i := 0; i < len(o.args); i += 2 {
				text += fmt.Sprintf("\n    %s = %s", o.args[i], o.args[i+1])
			}
		} else {
			text += "  " + strings.Join(o.args, "  ")
		}
		ops[model] += text + "\n"
	})
	return ops
}

// named replaces the ids in the event by the names of their fields.
func named(e domain.Event) *strings.Replacer {
	names := []string{uuid.NameSpaceURL.String(), "<elsewhere>"}
	if e == nil {
		return strings.NewReplacer(names...)
	}
	data, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	type place struct {
		path string
		v    any
	}
	next := []place{{"", nil}}
	if err := json.Unmarshal(data, &next[0].v); err != nil {
		panic(err)
	}
	for len(next) > 0 { // the fields of the event itself come first
		at := next[0]
		next = next[1:]
		switch v := at.v.(type) {
		case map[string]any:
			for _, field := range slices.Sorted(maps.Keys(v)) {
				next = append(next, place{strings.TrimPrefix(at.path+"."+field, "."), v[field]})
			}
		case []any:
			for i, item := range v {
				next = append(next, place{at.path + "." + strconv.Itoa(i), item})
			}
		case string:
			if _, err := uuid.Parse(v); err == nil && !slices.Contains(names, v) {
				names = append(names, v, "<"+at.path+">")
			}
		}
	}
	return strings.NewReplacer(names...)
}

func firstDifference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			return fmt.Sprintf("line %d: %s\n    now: %s", i+1, a[i], strings.Join(b[min(i, len(b)):min(i+1, len(b))], ""))
		}
	}
	return fmt.Sprintf("%d more lines", len(b)-len(a))
}

// A statement that no example reaches could be changed without anybody seeing it.
func TestExamplesReachEveryStatementOfTheModels(t *testing.T) {
	profile := filepath.Join(t.TempDir(), "cover")
	run := exec.Command("go", "test", "-count=1", "-vet=off", "-run", "^TestModelsWriteWhatTheirGoldenFilesShow$",
		"-coverprofile", profile, ".")
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(profile)
	if err != nil {
		t.Fatal(err)
	}
	functions := modelFunctions(t)
	missed, seen := []string{}, make(map[string]bool)
	for line := range strings.Lines(string(text)) {
		var fromLine, fromColumn, toLine, toColumn, statements, times int
		file, place, ok := strings.Cut(strings.TrimSpace(line), ".go:")
		if !ok {
			continue
		}
		if _, err := fmt.Sscanf(place, "%d.%d,%d.%d %d %d", &fromLine, &fromColumn, &toLine, &toColumn, &statements,
			&times); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		file = filepath.Base(file) + ".go"
		for _, f := range functions[file] {
			if fromLine < f.from || fromLine > f.to {
				continue
			}
			seen[f.name] = true
			if times == 0 {
				missed = append(missed, fmt.Sprintf("%s:%d: %s", file, fromLine, f.name))
			}
		}
	}
	sort.Strings(missed)
	for _, place := range missed {
		t.Errorf("%s: no example reaches this; add a variant in examples.go", place)
	}
	if len(seen) < len(models) {
		t.Errorf("the profile has %d functions of models only", len(seen))
	}
}

type span struct {
	name     string
	from, to int
}

// modelFunctions finds, by file, the functions that return ops.
func modelFunctions(t *testing.T) map[string][]span {
	t.Helper()
	found := make(map[string][]span)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || slices.Contains([]string{"op.go", "intake.go", "retry.go"}, name) {
			continue // these serve all models
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Type.Results == nil || len(f.Type.Results.List) != 1 {
				continue
			}
			of := f.Type.Results.List[0].Type
			if list, ok := of.(*ast.ArrayType); ok {
				of = list.Elt
			}
			if id, ok := of.(*ast.Ident); ok && id.Name == "op" {
				found[name] = append(found[name], span{f.Name.Name, set.Position(f.Pos()).Line, set.Position(f.End()).Line})
			}
		}
	}
	return found
}
