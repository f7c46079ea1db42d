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
	// inFunction finds ids in the name of a test function: TestR17_…, TestQ10_C7…,
	// TestS000_2_5_….
	inFunction = regexp.MustCompile(`(?:^Test|^Fuzz|_)(S00[01]_\d{1,2}(?:_\d)?|[CRQF]\d{1,2}a?)(?:_|$)`)
	// begins is what the name of a case begins with: "Q6 …", "R11-R13 …", "Q3 C7: …".
	begins = regexp.MustCompile(`^(?:(?:` + idForm + `)|[CRQ]\d{1,2}[-–][CRQ]\d{1,2})(?:,? |: |$)`)
	oneID  = regexp.MustCompile(`^([CRQ])(\d{1,2})$`)
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
			test = testName(name, f.Name.Name)
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
		found := name[at[2]:at[3]]
		if service, clause, ok := strings.Cut(found, "_"); ok { // S000_2_5
			found = service + "-" + strings.Replace(clause, "_", ".", 1)
		}
		ids = appendNew(ids, found)
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
		ids = appendNew(ids, idsOf(strings.TrimRight(head, " ,:"))...)
	}
}

// idsOf expands R11-R14; another id stands for itself.
func idsOf(head string) (ids []string) {
	from, to, _ := strings.Cut(strings.ReplaceAll(head, "–", "-"), "-")
	a, b := oneID.FindStringSubmatch(from), oneID.FindStringSubmatch(to)
	if a == nil || b == nil || a[1] != b[1] {
		return []string{head}
	}
	first, _ := strconv.Atoi(a[2]) // the form says that they are numbers
	last, _ := strconv.Atoi(b[2])
	for n := first; n <= last; n++ {
		ids = append(ids, a[1]+strconv.Itoa(n))
	}
	return ids
}

func appendNew(ids []string, more ...string) []string {
	for _, id := range more {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}
