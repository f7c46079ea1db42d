package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	// inFunction finds ids in the name of a test function: TestR17_…, TestQ10_C7….
	inFunction = regexp.MustCompile(`(?:^Test|^Fuzz|_)([CRQ]\d{1,2}a?)(?:_|$)`)
	// begins is what the name of a case begins with: "Q6 …", "R11-R13 …", "Q3 C7: …".
	begins = regexp.MustCompile(`^[CRQ]\d{1,2}a?(?:[-–][CRQ]\d{1,2}a?)?(?:,? |: |$)`)
	oneID  = regexp.MustCompile(`^([CRQ])(\d{1,2})(a?)$`)
)

// proofsOf finds the tests of one file, and the cases that they name by text.
func proofsOf(name string, source []byte) ([]proof, error) {
	file, err := parser.ParseFile(token.NewFileSet(), name, source, 0)
	if err != nil {
		return nil, err
	}
	var proofs []proof
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		test := name // cases outside of functions belong to the file
		if ok {
			test = place(name, f.Name.Name)
			if strings.HasPrefix(f.Name.Name, "Test") || strings.HasPrefix(f.Name.Name, "Fuzz") {
				if ids := idsOfFunction(f.Name.Name); len(ids) > 0 {
					proofs = append(proofs, proof{test, ids})
				}
			}
		}
		ast.Inspect(decl, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && complains(call) {
				return false
			}
			text, ok := n.(*ast.BasicLit)
			if !ok || text.Kind != token.STRING {
				return true
			}
			if s, err := strconv.Unquote(text.Value); err == nil {
				if ids := idsOfCase(s); len(ids) > 0 {
					proofs = append(proofs, proof{test + " / " + s, ids})
				}
			}
			return true
		})
	}
	return proofs, nil
}

// complains reports whether the call tells of a failure: its text names no case.
func complains(call *ast.CallExpr) bool {
	f, ok := call.Fun.(*ast.SelectorExpr)
	return ok && slices.Contains([]string{"Error", "Errorf", "Fatal", "Fatalf", "Log", "Logf"}, f.Sel.Name)
}

func idsOfFunction(name string) (ids []string) {
	for {
		at := inFunction.FindStringSubmatchIndex(name)
		if at == nil {
			return ids
		}
		ids = append(ids, known(name[at[2]:at[3]])...)
		name = name[at[3]:] // the underscore may begin the next one
	}
}

// idsOfCase returns the ids that the name of a case begins with; none where it
// is another text.
func idsOfCase(name string) (ids []string) {
	if !strings.Contains(name, " ") {
		return nil // a value, such as a test's own "C1"
	}
	for {
		head := begins.FindString(name)
		if head == "" {
			return ids
		}
		name = name[len(head):]
		from, to, isRange := strings.Cut(strings.ReplaceAll(strings.TrimRight(head, " ,:"), "–", "-"), "-")
		if !isRange {
			to = from
		}
		ids = append(ids, between(from, to)...)
	}
}

// between expands R11-R14.
func between(from, to string) (ids []string) {
	a, b := oneID.FindStringSubmatch(from), oneID.FindStringSubmatch(to)
	if from == to || a[1] != b[1] {
		return known(from, to)
	}
	first, _ := strconv.Atoi(a[2]) // the form says that they are numbers
	last, _ := strconv.Atoi(b[2])
	for n := first; n <= last; n++ {
		ids = append(ids, known(a[1]+strconv.Itoa(n))...)
	}
	return ids
}

// known keeps the ids of rules that there are, each once.
func known(ids ...string) (rules []string) {
	for _, id := range ids {
		if slices.ContainsFunc(all, func(r rule) bool { return r.id == id }) && !slices.Contains(rules, id) {
			rules = append(rules, id)
		}
	}
	return rules
}
