package httpapi_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tizilim/httpapi"
)

// sources parses the files of a folder and of the folders in it, without tests.
func sources(t *testing.T, folder string) map[string]*ast.File {
	files := map[string]*ast.File{}
	must(t, filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files[filepath.ToSlash(path)], err = parser.ParseFile(token.NewFileSet(), path, nil, 0)
		return err
	}))
	return files
}

// A value that a list of the domain lacks would be refused by the API.
func TestTheListOfATypeHasAllItsConstants(t *testing.T) {
	lists := map[string][]any{}
	for _, e := range httpapi.Enumerations() {
		lists[e.Type.String()] = e.Values
	}
	seen := map[string]int{}
	for _, folder := range []string{"../domain", "../projections"} {
		for path, file := range sources(t, folder) {
			ast.Inspect(file, func(n ast.Node) bool {
				spec, ok := n.(*ast.ValueSpec)
				if !ok || len(spec.Values) != 1 {
					return true
				}
				name, ok := spec.Type.(*ast.Ident)
				literal, text := spec.Values[0].(*ast.BasicLit)
				if !ok || !text || literal.Kind != token.STRING {
					return true
				}
				list, listed := lists[file.Name.Name+"."+name.Name]
				value, err := strconv.Unquote(literal.Value)
				must(t, err)
				if !listed || value == "" { // the zero value says that there is none
					return true
				}
				seen[file.Name.Name+"."+name.Name]++
				if !slices.Contains(list, any(value)) {
					t.Errorf("%s: the list of %s.%s lacks %q", path, file.Name.Name, name.Name, value)
				}
				return true
			})
		}
	}
	for _, e := range httpapi.Enumerations() {
		own := strings.HasPrefix(e.Type.String(), "httpapi.") || strings.HasPrefix(e.Type.String(), "operation.")
		if !own && seen[e.Type.String()] < 2 {
			t.Errorf("the test found %d constants of %s", seen[e.Type.String()], e.Type)
		}
	}
}

func TestNoTagRepeatsAListOfTheDomain(t *testing.T) {
	listed := map[string]bool{}
	for _, e := range httpapi.Enumerations() {
		listed[e.Type.String()] = true
	}
	for path, file := range sources(t, ".") {
		ast.Inspect(file, func(n ast.Node) bool {
			field, ok := n.(*ast.Field)
			if !ok || field.Tag == nil {
				return true
			}
			tag, err := strconv.Unquote(field.Tag.Value)
			must(t, err)
			if reflect.StructTag(tag).Get("enum") == "" {
				return true
			}
			if name := typeName(file.Name.Name, field.Type); listed[name] || strings.Contains(name, ".") {
				t.Errorf("%s: %s has its values in the tag of a field; take them from the list of the type", path, name)
			}
			return true
		})
	}
}

// typeName names the type of a field, or of its items.
func typeName(of string, e ast.Expr) string {
	switch e := e.(type) {
	case *ast.ArrayType:
		return typeName(of, e.Elt)
	case *ast.StarExpr:
		return typeName(of, e.X)
	case *ast.SelectorExpr:
		return e.X.(*ast.Ident).Name + "." + e.Sel.Name
	case *ast.Ident:
		if ast.IsExported(e.Name) || e.Obj != nil {
			return of + "." + e.Name
		}
		return e.Name
	}
	return ""
}
