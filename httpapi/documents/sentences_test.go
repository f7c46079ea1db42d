package documents

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"testing"
)

// TestC28_TextsOfDocumentsAreSentencesForPeople: nothing that a page says has an address of the API,
// a method of HTTP, a member of JSON or a code in it.
func TestC28_TextsOfDocumentsAreSentencesForPeople(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "texts.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	technical := regexp.MustCompile(`/v1|https?:|\b(GET|POST|PUT|PATCH|DELETE)\b|[a-z]+_[a-z]+|[{}<>]`)
	texts := 0
	ast.Inspect(file, func(n ast.Node) bool {
		lit, ok := n.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return true
		}
		text, err := strconv.Unquote(lit.Value)
		if err != nil {
			t.Fatal(err)
		}
		texts++
		if found := technical.FindString(text); found != "" {
			t.Errorf("%q is in: %s", found, text)
		}
		return true
	})
	if texts < 200 {
		t.Errorf("only %d texts were looked at", texts)
	}
}
