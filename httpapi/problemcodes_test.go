package httpapi_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tizilim/domain"
)

// inNoProblem are the codes that no problem has.
var inNoProblem = []domain.Code{
	// warnings that stand in an answer or in an event
	domain.CodeAreaUnknown, domain.CodeChildLeft, domain.CodeChildApart, domain.CodeChildNowhere, domain.CodeChildAlone,
	// why a person was not deregistered, in the result of a case
	domain.CodeAwaitsCoOwners, domain.CodeCoOwnerDeclined, domain.CodeCoOwnersSilent, domain.CodeOwnersChanged,
	domain.CodeNotDue, // what the registry itself finds done already
	// of the command line
	domain.CodeAccountFormat, domain.CodeTokenIDFormat,
}

// TestEveryCodeOfAProblemIsInTheOpenAPIDocument: the enumeration has each code of the domain that a
// problem can have, and no other; each tag of an operation is described, and the server is named.
func TestEveryCodeOfAProblemIsInTheOpenAPIDocument(t *testing.T) {
	s := start(t).at(t)
	document := s.get("/openapi.json", "").is(200)
	var listed []string
	for _, code := range document.at("components", "schemas", "Problem", "properties", "code", "enum").([]any) {
		listed = append(listed, code.(string))
	}
	file, err := parser.ParseFile(token.NewFileSet(), "../domain/error.go", nil, 0)
	must(t, err)
	known := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || spec.Type == nil {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); !ok || name.Name != "Code" {
			return true
		}
		text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		must(t, err)
		known++
		if in := slices.Contains(listed, text); in == slices.Contains(inNoProblem, domain.Code(text)) {
			t.Errorf("%s is in the enumeration: %t", text, in)
		}
		return true
	})
	if known < 300 || len(listed) != known-len(inNoProblem) {
		t.Errorf("%d codes are listed, and the domain has %d", len(listed), known)
	}
	if strings.Contains(document.text, "patternDescription") {
		t.Error("the document has a keyword that OpenAPI does not know")
	}
	if got := document.at("servers", 0, "url"); got != "/" {
		t.Errorf("the server is %v", got)
	}
	described := map[string]bool{}
	for _, tag := range document.at("tags").([]any) {
		tag := tag.(map[string]any)
		described[tag["name"].(string)] = tag["description"] != ""
	}
	for path, methods := range document.at("paths").(map[string]any) {
		for _, op := range methods.(map[string]any) {
			if op.(map[string]any)["security"] == nil {
				t.Errorf("%s does not say who may call it", path)
			}
			for _, tag := range op.(map[string]any)["tags"].([]any) {
				if !described[tag.(string)] {
					t.Errorf("%s has the tag %q, which nobody describes", path, tag)
				}
			}
		}
	}
}
