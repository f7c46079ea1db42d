package domain_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// TestMessagesNameNoAddressOfTheAPI: the domain says what is to be done. Where
// that is done, the API says.
func TestMessagesNameNoAddressOfTheAPI(t *testing.T) {
	texts := 0
	for _, pattern := range []string{"*.go", "*/*.go"} {
		sources, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, source := range sources {
			if strings.HasSuffix(source, "_test.go") {
				continue
			}
			files := token.NewFileSet()
			file, err := parser.ParseFile(files, source, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				text, ok := n.(*ast.BasicLit)
				if !ok || text.Kind != token.STRING {
					return true
				}
				texts++
				if strings.Contains(text.Value, "/v1") {
					t.Errorf("%s: %s", files.Position(text.Pos()), text.Value)
				}
				return true
			})
		}
	}
	if texts < 500 {
		t.Errorf("only %d texts were looked at", texts)
	}
}
