package domain_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// said is what the registry says to people, in its three languages.
type said struct {
	where      string
	kk, ru, en string
	noEnglish  bool // it stands with a refusal
}

// TestEverythingThatIsSaidToPeopleIsSaidInThreeLanguages walks every catalogue of texts: the sayings in the
// sources, and the files in folders that are called texts.
func TestEverythingThatIsSaidToPeopleIsSaidInThreeLanguages(t *testing.T) {
	all := slices.Concat(saidInSources(t), saidInFiles(t))
	packages := map[string]int{}
	for _, s := range all {
		for _, fault := range s.faults() {
			t.Errorf("%s: %s\n\t%s\n\t%s\n\t%s", s.where, fault, s.kk, s.ru, s.en)
		}
		packages[filepath.ToSlash(filepath.Dir(s.where))]++
	}
	for folder, least := range map[string]int{
		"../domain/notice": 90, "../domain/body": 5, "../eventstore/command": 2, "../httpapi": 20, "../httpapi/documents": 100,
		"../httpapi/problem/texts": 600, "../httpapi/table/texts": 100, "../httpapi/texts": 50,
		"../httpapi/words/texts": 350, "../httpapi/web/texts": 10,
	} {
		if packages[folder] < least {
			t.Errorf("%s says %d things, want %d at least: does the test still find its texts?", folder, packages[folder], least)
		}
	}
}

// faults are what is wrong with a text.
func (s said) faults() (faults []string) {
	for l, text := range map[string]string{"kk": s.kk, "ru": s.ru, "en": s.en} {
		if strings.TrimSpace(text) == "" && !(l == "en" && s.noEnglish) {
			faults = append(faults, "nothing is said in "+l)
		}
		if strings.Contains(text, "  ") || strings.TrimSpace(text) != text {
			faults = append(faults, "space in "+l)
		}
	}
	if kk, ru, en := placeholders(s.kk), placeholders(s.ru), placeholders(s.en); !slices.Equal(kk, ru) || !s.noEnglish && !slices.Equal(kk, en) {
		faults = append(faults, "the placeholders differ")
	}
	kkWords, ruWords := wordsOf(s.kk), wordsOf(s.ru)
	switch {
	case kazakhLetters.MatchString(s.ru):
		faults = append(faults, "the Russian has Kazakh letters")
	case russianLetters.MatchString(s.kk):
		faults = append(faults, "the Kazakh has Russian letters")
	case len(kkWords) > 4 && !kazakhLetters.MatchString(s.kk):
		faults = append(faults, "the Kazakh has no Kazakh letter")
	case len(kkWords) > 1 && strings.EqualFold(s.kk, s.ru):
		faults = append(faults, "the Kazakh is the Russian")
	case isCyrillic(s.en):
		faults = append(faults, "the English has Cyrillic letters")
	}
	for _, word := range kkWords {
		if onlyRussian[word] {
			faults = append(faults, "the Kazakh has the Russian word "+word)
		}
	}
	for _, word := range ruWords {
		if onlyKazakh[word] {
			faults = append(faults, "the Russian has the Kazakh word "+word)
		}
	}
	for _, word := range latinWords.FindAllString(verbs.ReplaceAllString(s.kk+" "+s.ru, " "), -1) {
		if !inAnyLanguage[word] {
			faults = append(faults, "the Kazakh or the Russian has the word "+word)
		}
	}
	return faults
}

var (
	kazakhLetters  = regexp.MustCompile(`[әғқңөұүһіӘҒҚҢӨҰҮҺІ]`)
	russianLetters = regexp.MustCompile(`[щёЩЁ]`)
	latinWords     = regexp.MustCompile(`[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*`)
	verbs          = regexp.MustCompile(`%[a-z]|\{[a-z]+\}`)

	// onlyRussian and onlyKazakh are frequent words of one language that the other does not have, and whose
	// letters do not tell it.
	onlyRussian = setOf("и", "в", "для", "или", "что", "это", "при", "как", "на", "по", "вы", "ваш", "ваша", "решение", "дело", "нет", "до", "со")
	onlyKazakh  = setOf("бойынша", "туралы", "болды", "керек", "емес", "мен", "пен", "бар", "дейін", "болмайды", "жасай", "алады", "бойы")
	// inAnyLanguage are words that have no other form.
	inAnyLanguage = setOf(
		"Tizilim", "QR", "PDF", "JPEG", "PNG", "CMS", "RSA", "ECDSA", "Ed25519", "SHA-256", "UTF-8", "UTC", "Idempotency-Key",
	)
)

func setOf(words ...string) map[string]bool {
	set := map[string]bool{}
	for _, w := range words {
		set[w] = true
	}
	return set
}

func isCyrillic(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) })
}

func wordsOf(text string) []string {
	return strings.FieldsFunc(strings.ToLower(verbs.ReplaceAllString(text, " ")), func(r rune) bool { return !unicode.IsLetter(r) && r != '-' })
}

// placeholders are those of a text in their order.
func placeholders(text string) []string { return verbs.FindAllString(text, -1) }

// saidInSources finds what the sources say: literals of a type text with three texts in the order kk, ru,
// en, and literals whose keys are the three languages.
func saidInSources(t *testing.T) (all []said) {
	t.Helper()
	files := token.NewFileSet()
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch base := filepath.Base(name); {
		case err != nil:
			return err
		case d.IsDir() && (base == "testdata" || base != ".." && strings.HasPrefix(base, ".") || name == filepath.Join(root, "cmd")):
			return filepath.SkipDir // what the demonstration says is made up
		case d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			lit, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			add := func(lit *ast.CompositeLit, read func(*ast.CompositeLit) (said, bool)) {
				if s, ok := read(lit); ok {
					at := files.Position(lit.Pos())
					s.where = at.Filename + ":" + strconv.Itoa(at.Line)
					all = append(all, s)
				}
			}
			add(lit, byLanguage)
			if named(lit.Type) == "text" {
				add(lit, inOrder)
			}
			if named(elementOf(lit.Type)) == "text" { // its elements leave their type out
				for _, e := range lit.Elts {
					if pair, ok := e.(*ast.KeyValueExpr); ok {
						e = pair.Value
					}
					if inner, ok := e.(*ast.CompositeLit); ok && inner.Type == nil {
						add(inner, inOrder)
					}
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func named(e ast.Expr) string {
	if name, ok := e.(*ast.Ident); ok {
		return name.Name
	}
	return ""
}

func elementOf(e ast.Expr) ast.Expr {
	switch of := e.(type) {
	case *ast.MapType:
		return of.Value
	case *ast.ArrayType:
		return of.Elt
	}
	return nil
}

// inOrder reads text{kk, ru, en}.
func inOrder(lit *ast.CompositeLit) (s said, ok bool) {
	into := []*string{&s.kk, &s.ru, &s.en}
	for i, e := range lit.Elts {
		if i < len(into) {
			*into[i], _ = constant(e)
		}
	}
	return s, true // what is no constant is missing
}

// byLanguage reads what has the three languages as its keys, such as body.Names.
func byLanguage(lit *ast.CompositeLit) (s said, ok bool) {
	into := map[string]*string{"Kazakh": &s.kk, "Russian": &s.ru, "English": &s.en}
	for _, e := range lit.Elts {
		pair, keyed := e.(*ast.KeyValueExpr)
		if !keyed {
			return s, false
		}
		key := pair.Key
		if selector, of := key.(*ast.SelectorExpr); of {
			key = selector.Sel
		}
		text, isConstant := constant(pair.Value)
		if into[named(key)] == nil || !isConstant {
			return s, false
		}
		*into[named(key)], ok = text, true
	}
	return s, ok
}

// constant is the value of a constant text.
func constant(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.BinaryExpr:
		x, isX := constant(e.X)
		y, isY := constant(e.Y)
		return x + y, isX && isY && e.Op == token.ADD
	}
	return "", false
}

// saidInFiles reads the folders texts: a file for each language, of the same members.
func saidInFiles(t *testing.T) (all []said) {
	t.Helper()
	var folders []string
	for _, pattern := range []string{"*/texts", "*/*/texts"} {
		some, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		folders = append(folders, some...)
	}
	for _, folder := range folders {
		of := map[string]map[string]string{}
		members := map[string]bool{}
		for _, l := range []string{"kk", "ru", "en"} {
			content, err := os.ReadFile(filepath.Join(folder, l+".json"))
			if err != nil {
				t.Fatal(err)
			}
			var value any
			if err := json.Unmarshal(content, &value); err != nil {
				t.Fatal(err)
			}
			of[l] = map[string]string{}
			leaves(value, "", of[l])
			for member := range of[l] {
				members[member] = true
			}
		}
		for _, member := range slices.Sorted(maps.Keys(members)) {
			all = append(all, said{
				where: folder + "/" + member, kk: of["kk"][member], ru: of["ru"][member], en: of["en"][member],
				noEnglish: strings.HasSuffix(member, ".mend"),
			})
		}
	}
	return all
}

// leaves puts the texts of a value of JSON into a map, by their path.
func leaves(value any, path string, into map[string]string) {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			leaves(inner, path+"."+name, into)
		}
	case string:
		into[path] = v
	}
}

func TestAFaultOfATextIsFound(t *testing.T) {
	right := said{kk: "Сізге %d күн қалды", ru: "Вам осталось %d дней", en: "You have %d days"}
	if faults := right.faults(); faults != nil {
		t.Errorf("a right text has the faults %v", faults)
	}
	for name, spoil := range map[string]func(*said){
		"no Kazakh":              func(s *said) { s.kk = "" },
		"no Russian":             func(s *said) { s.ru = " " },
		"no English":             func(s *said) { s.en = "" },
		"Russian in Kazakh":      func(s *said) { s.kk = s.ru },
		"a Russian word":         func(s *said) { s.kk = "Сізге и %d күн қалды" },
		"Kazakh in Russian":      func(s *said) { s.ru = s.kk },
		"a Kazakh word":          func(s *said) { s.ru = "Вам бойынша осталось %d дней" },
		"English in Kazakh":      func(s *said) { s.kk = "Сізге %d days қалды" },
		"Russian in English":     func(s *said) { s.en = s.ru },
		"another placeholder":    func(s *said) { s.ru = "Вам осталось %s дней" },
		"no placeholder":         func(s *said) { s.en = "You have days" },
		"space":                  func(s *said) { s.en = "You  have %d days" },
		"a letter of Russian":    func(s *said) { s.kk = "Сізге ещё %d күн қалды" },
		"no letter of Kazakh":    func(s *said) { s.kk = "Адам санын %d жаз олар да болады" },
		"named another way":      func(s *said) { s.kk = "Сізге {by} күн қалды" },
		"a word of the protocol": func(s *said) { s.ru = "Вам осталось %d дней до token" },
	} {
		wrong := right
		spoil(&wrong)
		if wrong.faults() == nil {
			t.Errorf("%s is not found", name)
		}
	}
}
