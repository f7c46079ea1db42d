package domain_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const root = ".." // of the repository

// folders are all that the top level has, dot folders and what .gitignore
// names apart. A package that fits under none of them is not understood yet.
var folders = []string{"domain", "eventstore", "projections", "httpapi", "cmd"}

// directions say what a folder of the project must not import: imports run
// domain ← eventstore, projections ← httpapi ← cmd.
var directions = []struct {
	folder    string
	forbidden []string // prefixes of import paths
	why       string
}{
	{
		"domain",
		[]string{"tizilim/eventstore", "tizilim/projections", "tizilim/httpapi", "tizilim/cmd"},
		"the domain knows nothing of what is built on it",
	},
	{
		"domain",
		[]string{"net", "os", "database/sql", "math/rand", "crypto/rand", "io/ioutil"},
		"the domain is pure: no I/O, no randomness",
	},
	{
		"eventstore",
		[]string{"tizilim/projections", "tizilim/httpapi", "tizilim/cmd"},
		"the event store and the projections do not know each other",
	},
	{
		"projections",
		[]string{"tizilim/eventstore", "tizilim/httpapi", "tizilim/cmd"},
		"the event store and the projections do not know each other",
	},
	{"httpapi", []string{"tizilim/cmd"}, "only cmd wires"},
}

// drivers may be imported under one folder only; and by bench, which measures
// the registry against what they take by themselves.
var drivers = map[string]string{
	"github.com/EventStore/":    "eventstore",
	"github.com/redis/go-redis": "projections",
	"github.com/gin-gonic/gin":  "httpapi",
}

func TestImportsRunOneWay(t *testing.T) {
	files := 0
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if base := d.Name(); base == "testdata" || rel != "." && strings.HasPrefix(base, ".") {
				return filepath.SkipDir
			}
			return nil
		}
		top, _, nested := strings.Cut(rel, "/")
		if !nested || path.Ext(rel) != ".go" || strings.HasSuffix(rel, "_test.go") || !slices.Contains(folders, top) {
			return nil
		}
		files++
		for _, imported := range imports(t, name) {
			for _, d := range directions {
				if d.folder == top &&
					slices.ContainsFunc(d.forbidden, func(p string) bool { return under(imported, p) }) {
					t.Errorf("%s imports %s: %s", rel, imported, d.why)
				}
			}
			for driver, home := range drivers {
				if strings.HasPrefix(imported, driver) && top != home && !strings.HasPrefix(rel, "cmd/bench/") {
					t.Errorf("%s imports %s: only %s knows that driver", rel, imported, home)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 10 {
		t.Fatalf("only %d files were looked at: is %s the root of the repository?", files, root)
	}
}

// TestDomainTestsNeedNothingAbove: even the tests of the domain stay below.
func TestDomainTestsNeedNothingAbove(t *testing.T) {
	for _, pattern := range []string{"*_test.go", "*/*_test.go"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			for _, imported := range imports(t, name) {
				if under(imported, "tizilim") && !under(imported, "tizilim/domain") {
					t.Errorf("%s imports %s", name, imported)
				}
			}
		}
	}
}

func TestTopLevelHasNoOtherFolder(t *testing.T) {
	ignored, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	if err != nil {
		t.Fatal(err)
	}
	rules := strings.Fields(string(ignored))
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := e.Name()
		if !e.IsDir() || strings.HasPrefix(name, ".") || slices.Contains(rules, "/"+name+"/") {
			continue
		}
		if !slices.Contains(folders, name) {
			t.Errorf("folder %s: the top level has %v only", name, folders)
		}
	}
}

func imports(t *testing.T, name string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, spec := range file.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, p)
	}
	return paths
}

// under reports whether the import path is p or lies below it.
func under(imported, p string) bool { return imported == p || strings.HasPrefix(imported, p+"/") }
