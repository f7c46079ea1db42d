// Command rules prints the rules of the two services: for each one its source,
// the readings of its open questions, and the tests that prove it. Run it at the
// root of the repository, as make rules does.
//
// Rules and sources stand in domain/RULES.md, readings in domain/READINGS.md. A
// test proves the rules whose ids are in the name of its function (TestR17_…,
// TestS000_4_…) or begin the name of one of its cases ("Q6 Q7 …", "R11-R13 …").
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
	flag.Parse()
	shown := 3
	if *long {
		shown = 1 << 20
	}
	if _, err := run(os.Stdout, os.DirFS("."), shown); err != nil {
		fmt.Fprintln(os.Stderr, "rules:", err)
		os.Exit(1)
	}
}

// run prints the table of the tree and returns the ids of the rules without a
// test. It fails where a document or a test names a rule that is not listed.
func run(w io.Writer, tree fs.FS, shown int) (bare []string, err error) {
	c, err := readCatalogue(tree)
	if err != nil {
		return nil, err
	}
	proofs, err := scan(tree)
	if err != nil {
		return nil, err
	}
	for _, p := range proofs {
		for _, id := range p.rules {
			if !c.has(id) {
				return nil, fmt.Errorf("the test %s claims %s, which %s does not list", p.test, id, rulesFile)
			}
		}
	}
	return report(w, c, proofs, shown), nil
}

// proof is a test, or a case of one, with the rules that its name claims.
type proof struct {
	test  string // package directory and name: domain/housing.TestQ4_…
	rules []string
}

// ownDirectory is that of this program, whose tests invent names of tests.
const ownDirectory = "cmd/rules"

var skipped = []string{"testdata", "node_modules"}

// scan finds the proofs in every _test.go of the tree.
func scan(tree fs.FS) ([]proof, error) {
	var proofs []proof
	files := 0
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != "." && passedOver(name, d.Name()) {
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

// passedOver reports whether a directory holds no tests that prove rules.
func passedOver(path, name string) bool {
	return strings.HasPrefix(name, ".") || slices.Contains(skipped, name) || path == ownDirectory
}

// report writes the table and returns the ids of the rules without a test.
func report(w io.Writer, c catalogue, proofs []proof, shown int) (bare []string) {
	of := map[string][]string{}
	for _, p := range proofs {
		for _, id := range p.rules {
			if !slices.Contains(of[id], p.test) {
				of[id] = append(of[id], p.test)
			}
		}
	}
	proved := 0
	for _, r := range c.rules {
		tests := of[r.id]
		slices.Sort(tests)
		fmt.Fprintf(w, "%-9s %s\n", r.id, r.says)
		if r.proved() {
			proved++
			fmt.Fprintf(w, "          source: %s\n", r.source)
		} else {
			fmt.Fprintf(w, "          see %s\n", r.source)
		}
		for _, question := range c.readingsOf(r.id) {
			fmt.Fprintf(w, "          reading: %s\n", question)
		}
		for _, t := range tests[:min(shown, len(tests))] {
			fmt.Fprintf(w, "          %s\n", t)
		}
		switch {
		case len(tests) > shown:
			fmt.Fprintf(w, "          and %d more\n", len(tests)-shown)
		case len(tests) == 0 && r.proved():
			fmt.Fprintf(w, "          NO TEST\n")
			bare = append(bare, r.id)
		}
	}
	fmt.Fprintf(w, "\n%d of %d rules have a test; %d readings.\n", proved-len(bare), proved, len(c.readings))
	if len(bare) > 0 {
		fmt.Fprintf(w, "Without a test: %s\n", strings.Join(bare, ", "))
	}
	return bare
}

// testName is where a test stands, as it is shown.
func testName(file, function string) string {
	return filepath.ToSlash(filepath.Dir(file)) + "." + function
}
