package rules_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"tizilim/domain/rules"
)

const rulesPath = "tizilim/domain/rules"

// exempt are members of an edition that no code outside of this package needs to
// read, and why.
var exempt = map[string]string{
	"Edition.Title":        "for people: from which acts the edition was made",
	"Edition.From":         "the days of an edition are those that Table.On selects it by",
	"Edition.Until":        "as From",
	"OccupancyNorm.Source": "for people: the local act",
}

// TestEveryRuleHasAnEffect: a member of an edition that no code outside of this
// package reads is a rule that an operator can change to no effect. What a
// function of this package reads counts where code outside calls the function.
func TestEveryRuleHasAnEffect(t *testing.T) {
	read := readFields(t)
	seen := 0
	var walk func(reflect.Type)
	walk = func(of reflect.Type) {
		for of.Kind() == reflect.Slice {
			of = of.Elem()
		}
		if of.Kind() != reflect.Struct || of.PkgPath() != rulesPath {
			return
		}
		for i := range of.NumField() {
			f := of.Field(i)
			name := of.Name() + "." + f.Name
			if _, ok := exempt[name]; !f.IsExported() || ok {
				continue
			}
			if seen++; !read[name] {
				t.Errorf(
					"no code reads %s (%s): give it an effect, or take it out of the edition",
					name,
					f.Tag.Get("json"),
				)
			}
			walk(f.Type)
		}
	}
	walk(reflect.TypeFor[rules.Edition]())
	if seen < 50 {
		t.Errorf("only %d members were looked at", seen)
	}
}

// readFields returns the fields of this package's structs that are read, as
// Struct.Field.
func readFields(t *testing.T) map[string]bool {
	t.Helper()
	read, called := map[string]bool{}, map[string]bool{}
	within := map[string][]string{} // by function of this package, the fields that it reads
	for _, p := range packages(t) {
		if p.ImportPath != rulesPath && !slices.Contains(p.Imports, rulesPath) {
			continue
		}
		for _, file := range p.files {
			for _, decl := range file.Decls {
				fn := ""
				if f, ok := decl.(*ast.FuncDecl); ok && p.ImportPath == rulesPath {
					fn = p.info.Defs[f.Name].(*types.Func).FullName()
				}
				ast.Inspect(decl, func(n ast.Node) bool {
					s, ok := n.(*ast.SelectorExpr)
					if !ok {
						return true
					}
					if f, ok := p.info.Uses[s.Sel].(*types.Func); ok && p.ImportPath != rulesPath {
						called[f.FullName()] = true
					}
					field := fieldOf(p.info.Selections[s])
					switch {
					case field == "":
					case p.ImportPath == rulesPath:
						within[fn] = append(within[fn], field)
					default:
						read[field] = true
					}
					return true
				})
			}
		}
	}
	for fn, fields := range within {
		for _, field := range fields {
			read[field] = read[field] || called[fn] && !strings.HasSuffix(fn, ".Load")
		}
	}
	return read
}

// fieldOf names the field of this package that is selected, "" for anything else.
func fieldOf(s *types.Selection) string {
	if s == nil || s.Kind() != types.FieldVal {
		return ""
	}
	recv := s.Recv()
	if p, ok := recv.(*types.Pointer); ok {
		recv = p.Elem()
	}
	named, ok := recv.(*types.Named)
	if !ok || named.Obj().Pkg() == nil || named.Obj().Pkg().Path() != rulesPath {
		return ""
	}
	return named.Obj().Name() + "." + s.Obj().Name()
}

// checked is a package of the repository with what its names mean.
type checked struct {
	ImportPath, Dir, Export string
	GoFiles, Imports        []string

	files []*ast.File
	info  *types.Info
}

// packages returns those of the repository without their tests.
func packages(t *testing.T) []checked {
	t.Helper()
	list := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles,Imports", "./...")
	list.Dir, list.Stderr = filepath.Join("..", ".."), os.Stderr
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	var own []checked
	exports := map[string]string{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p checked
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		exports[p.ImportPath] = p.Export
		if p.ImportPath == rulesPath || slices.Contains(p.Imports, rulesPath) {
			own = append(own, p)
		}
	}
	fset := token.NewFileSet()
	config := types.Config{Importer: importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})}
	for i := range own {
		p := &own[i]
		p.info = &types.Info{
			Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
			Selections: map[*ast.SelectorExpr]*types.Selection{},
		}
		for _, name := range p.GoFiles {
			file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			p.files = append(p.files, file)
		}
		if _, err := config.Check(p.ImportPath, fset, p.files, p.info); err != nil {
			t.Fatal(err)
		}
	}
	return own
}
