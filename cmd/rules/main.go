// Command rules prints which test proves which rule of the two services, and
// which rule has none. Run it at the root of the repository, as make rules does.
//
// A test proves the rules whose ids are in the name of its function
// (TestR17_…) or begin the name of one of its cases ("Q6 Q7 …", "R11-R13 …").
package main

import (
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	long := flag.Bool("v", false, "name every test, not only the first few")
	complete := flag.Bool("complete", false, "fail where a rule has no test")
	flag.Parse()
	proofs, err := scan(os.DirFS("."))
	if err != nil {
		fmt.Fprintln(os.Stderr, "rules:", err)
		os.Exit(1)
	}
	shown := 3
	if *long {
		shown = len(proofs) + 1<<20
	}
	if bare := report(os.Stdout, proofs, shown); *complete && len(bare) > 0 {
		os.Exit(1)
	}
}

// proof is a test, or a case of one, with the rules that its name claims.
type proof struct {
	test  string // package directory and name: domain/housing.TestQ4_…
	rules []string
}

// own is the directory of this program, whose tests invent names of tests.
const own = "cmd/rules"

var skipped = []string{"testdata", "node_modules"}

// scan finds the proofs in every _test.go of the tree.
func scan(tree fs.FS) ([]proof, error) {
	var proofs []proof
	files := 0
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || slices.Contains(skipped, d.Name()) || name == own) {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, "_test.go") {
			return nil
		}
		files++
		source, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		found, err := proofsOf(name, source)
		proofs = append(proofs, found...)
		return err
	})
	if err == nil && files == 0 {
		err = fmt.Errorf("there is no test below this directory: run it at the root of the repository")
	}
	return proofs, err
}

// report writes the table and returns the ids of the rules without a test.
func report(w io.Writer, proofs []proof, shown int) (bare []string) {
	of := map[string][]string{}
	for _, p := range proofs {
		for _, id := range p.rules {
			if !slices.Contains(of[id], p.test) {
				of[id] = append(of[id], p.test)
			}
		}
	}
	for _, r := range all {
		tests := of[r.id]
		slices.Sort(tests)
		fmt.Fprintf(w, "%-5s %s\n", r.id, r.says)
		for _, t := range tests[:min(shown, len(tests))] {
			fmt.Fprintf(w, "      %s\n", t)
		}
		switch {
		case len(tests) > shown:
			fmt.Fprintf(w, "      and %d more\n", len(tests)-shown)
		case len(tests) == 0:
			fmt.Fprintf(w, "      NO TEST\n")
			bare = append(bare, r.id)
		}
	}
	fmt.Fprintf(w, "\n%d of %d rules have a test.\n", len(all)-len(bare), len(all))
	if len(bare) > 0 {
		fmt.Fprintf(w, "Without one: %s\n", strings.Join(bare, ", "))
	}
	return bare
}

// place is where a test stands, as it is shown.
func place(file, function string) string {
	return filepath.ToSlash(filepath.Dir(file)) + "." + function
}
