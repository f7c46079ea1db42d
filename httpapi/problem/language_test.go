package problem

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"tizilim/domain"
)

// codes are all codes of the domain, as its source has them.
func codes(t *testing.T) map[domain.Code]bool {
	file, err := parser.ParseFile(token.NewFileSet(), "../../domain/error.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	all := map[domain.Code]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			if name, ok := spec.Type.(*ast.Ident); ok && name.Name == "Code" {
				code, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				all[domain.Code(code)] = true
			}
		}
		return true
	})
	if len(all) < 300 {
		t.Fatalf("the domain has %d codes", len(all))
	}
	return all
}

func TestEveryCodeHasATitleInEnglish(t *testing.T) {
	all, codeOf := codes(t), map[string]domain.Code{}
	for code := range all {
		title := english[code].Title
		if len(strings.Fields(title)) < 2 || strings.HasSuffix(title, ".") {
			t.Errorf("%s is called %q", code, title)
		}
		if other, taken := codeOf[title]; taken {
			t.Errorf("%s and %s are both called %q", code, other, title)
		}
		codeOf[title] = code
	}
	if p := New(http.StatusConflict, domain.CodePersonDead, "the person died", ""); p.Title != english[domain.CodePersonDead].Title {
		t.Errorf("a problem is called %q", p.Title)
	}
}

func TestEveryCodeHasItsTextsAndNoTextIsOfAnotherCode(t *testing.T) {
	all := codes(t)
	for _, l := range domain.Languages {
		data, err := files.ReadFile("texts/" + string(l) + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if stand := strings.Count(string(data), `"title": `); stand != len(all) {
			t.Errorf("%s: %d texts stand in the file for %d codes", l, stand, len(all))
		}
		for code := range all {
			title, mend := About(code, l)
			if title == "" {
				t.Errorf("%s: %s has no text", l, code)
				continue
			}
			for _, sentence := range []string{title + ".", mend} {
				if fault := sentenceFault(sentence); fault != "" {
					t.Errorf("%s: %s %s: %q", l, code, fault, sentence)
				}
			}
		}
	}
	if title, mend := About("no_such_code", domain.English); title != "" || mend != "" {
		t.Errorf("no code: %q, %q", title, mend)
	}
}

// sentenceFault says what is wrong with the form of a sentence.
func sentenceFault(sentence string) string {
	if len(sentence) < 10 || strings.TrimSpace(sentence) != sentence || strings.Contains(sentence, "  ") {
		return "is short, or has needless spaces"
	}
	if first := []rune(sentence)[0]; !unicode.IsUpper(first) && !unicode.IsDigit(first) {
		return "begins with a small letter"
	}
	if !strings.HasSuffix(sentence, ".") || strings.Contains(sentence, "..") {
		return "does not end with one full stop"
	}
	if strings.ContainsAny(sentence, "%|{}/\\_") && !strings.Contains(sentence, "1/2") {
		return "has a placeholder or an address"
	}
	return ""
}

var (
	latin   = regexp.MustCompile(`[A-Za-z][A-Za-z0-9-]*`)
	kazakh  = regexp.MustCompile(`[әғқңөұүһіӘҒҚҢӨҰҮҺІ]`)
	foreign = map[string]bool{ // words that have no other form
		"PDF": true, "JPEG": true, "PNG": true, "CMS": true, "RSA": true, "ECDSA": true, "Ed25519": true,
		"SHA-256": true, "UTF-8": true, "Idempotency-Key": true, "Accept": true,
	}
)

func TestEveryTextIsInItsLanguage(t *testing.T) {
	for l, of := range texts {
		for code, said := range of {
			text := said.detail()
			for _, word := range latin.FindAllString(text, -1) {
				if !foreign[word] {
					t.Errorf("%s: %s has the word %q: %s", l, code, word, text)
				}
			}
			for _, sentence := range []string{said.Title, said.Mend} {
				if !cyrillic(sentence) {
					t.Errorf("%s: %s has no Cyrillic letter: %s", l, code, sentence)
				}
			}
			if kazakh.MatchString(text) != (l == domain.Kazakh) || l == domain.Kazakh && strings.ContainsAny(text, "щёЩЁ") {
				t.Errorf("%s: %s is in the other language: %s", l, code, text)
			}
		}
		for code := range of {
			if said := english[code]; cyrillic(said.detail()) {
				t.Errorf("en: %s has Cyrillic letters: %s", code, said.detail())
			}
			if texts[domain.Kazakh][code].Title == texts[domain.Russian][code].Title {
				t.Errorf("%s has one title in both languages", code)
			}
		}
	}
}

func TestTheLanguageOfAnAcceptLanguageHeader(t *testing.T) {
	for header, want := range map[string]domain.Language{
		"":                                  domain.English,
		"kk":                                domain.Kazakh,
		"KK-kz":                             domain.Kazakh,
		"kk-Cyrl-KZ":                        domain.Kazakh,
		"ru":                                domain.Russian,
		"ru-KZ, ru;q=0.9, en;q=0.8":         domain.Russian,
		"en":                                domain.English,
		"en-GB, kk;q=0.9":                   domain.English,
		"ru;q=0.5, kk;q=0.9, en;q=0.1":      domain.Kazakh,
		"kk;q=0.2,ru;q=0.7":                 domain.Russian,
		"kk;q=0, ru;q=0.1":                  domain.Russian,
		"de":                                domain.English,
		"de, ru;q=0.3":                      domain.Russian,
		"uk":                                domain.English,
		"ky":                                domain.Russian,
		"ky, kk;q=0.4":                      domain.Kazakh,
		"uk, kk;q=0.4":                      domain.Kazakh,
		"*":                                 domain.English,
		"*, kk;q=0.5":                       domain.Kazakh,
		"nonsense nonsense":                 domain.English,
		"kk;q=x":                            domain.English,
		strings.Repeat("a-", 5000) + ", kk": domain.English,
	} {
		if got := LanguageOf(header); got != want {
			t.Errorf("%.60q: %s, want %s", header, got, want)
		}
	}
}

func TestAProblemInAnotherLanguageKeepsWhatProgramsRead(t *testing.T) {
	p := New(http.StatusConflict, domain.CodePersonDead, "the person died", "persons[1]")
	p.Errors = []FieldProblem{{domain.CodePersonDead, "persons[1]", "the person died"}, {domain.CodeTooLong, "name", "long"}}
	said, l := p.In("kk")
	if l != domain.Kazakh || said.Type != p.Type || said.Status != p.Status || said.Code != p.Code || said.Field != p.Field {
		t.Errorf("in Kazakh: %+v", said)
	}
	want := texts[domain.Kazakh]
	if said.Title != want[p.Code].Title || said.Detail != want[p.Code].detail() ||
		said.Errors[1] != (FieldProblem{domain.CodeTooLong, "name", want[domain.CodeTooLong].detail()}) {
		t.Errorf("in Kazakh: %+v", said)
	}
	if p.Detail != "the person died" || p.Errors[1].Detail != "long" {
		t.Errorf("the problem itself has changed: %+v", p)
	}
}

func cyrillic(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) })
}
