package words

import (
	"regexp"
	"strings"
	"testing"
	"unicode"

	"tizilim/domain"
	"tizilim/domain/procedure"
)

var (
	latin    = regexp.MustCompile(`[A-Za-z]`)
	kazakh   = regexp.MustCompile(`[әғқңөұүһіӘҒҚҢӨҰҮҺІ]`)
	sameWord = map[string]bool{"аудит": true, "аудитор": true, "профилакторий": true, "СМС": true, "телефон": true}
)

func TestEveryWordIsInItsLanguageAndOfOneForm(t *testing.T) {
	for l, catalogue := range catalogues {
		for name, of := range catalogue {
			said := map[string]string{}
			for value, word := range of {
				if strings.TrimSpace(word) != word || len(word) < 2 || strings.HasSuffix(word, ".") || strings.Contains(word, "_") {
					t.Errorf("%s: %s %s has the form %q", l, name, value, word)
				}
				if cyrillic := strings.ContainsFunc(word, func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) }); cyrillic == (l == domain.English) ||
					latin.MatchString(word) != (l == domain.English) || l == domain.Russian && kazakh.MatchString(word) {
					t.Errorf("%s: %s %s is in another language: %q", l, name, value, word)
				}
				if other, taken := said[word]; taken {
					t.Errorf("%s: %s says %q for %s and for %s", l, name, word, value, other)
				}
				said[word] = value
			}
		}
	}
}

func TestKazakhIsNotRussian(t *testing.T) {
	same := map[string]bool{}
	for name, of := range catalogues[domain.Kazakh] {
		for value, word := range of {
			if catalogues[domain.Russian][name][value] != word {
				continue
			}
			same[word] = true
			if !sameWord[word] {
				t.Errorf("%s %s is %q in both languages", name, value, word)
			}
		}
	}
	for word := range sameWord {
		if !same[word] {
			t.Errorf("%q differs now", word)
		}
	}
}

// terms are words of the glossary: where a Russian text has the one, the Kazakh one has the other. The
// stems stand without their endings.
var terms = map[string]string{
	"заявител":       "өтініш иесі",
	"услугодател":    "көрсетілетін қызметті беруші",
	"жилищная комис": "тұрғын үй комиссиясы",
	"заслушивани":    "тыңда",
	"сособственник":  "тең меншік иелері",
	"нанимател":      "жалдаушы",
	"договор":        "жалдау шарты",
	"инвентаризаци":  "түгендеу",
	"талон":          "талон",
	"жалоб":          "шағым",
	"отказ":          "бас тарт",
	"законн":         "заң",
	"вид на житель":  "тұруға ықтиярхат",
	"нуждаемост":     "мұқтажды",
	"жилищ":          "тұрғын үй",
}

func TestWordsAreThoseOfTheGlossary(t *testing.T) {
	seen := map[string]bool{}
	for name, of := range catalogues[domain.Russian] {
		for value, russian := range of {
			kk := strings.ToLower(catalogues[domain.Kazakh][name][value])
			for ru, want := range terms {
				if !strings.Contains(strings.ToLower(russian), ru) {
					continue
				}
				seen[ru] = true
				if !strings.Contains(kk, want) {
					t.Errorf("%s %s: %q is %q in Kazakh, without %q", name, value, russian, kk, want)
				}
			}
		}
	}
	for ru := range terms {
		if !seen[ru] {
			t.Errorf("no text has %q", ru)
		}
	}
}

func TestAValueInWords(t *testing.T) {
	for l, want := range map[domain.Language]string{
		domain.Kazakh: "тыңдау күтілуде", domain.Russian: "ожидается заслушивание", domain.English: "a hearing is awaited",
	} {
		if got := Of(procedure.HearingPending, l); got != want {
			t.Errorf("%s: %q", l, got)
		}
	}
	if got := Of(procedure.State("no_such_state"), domain.English); got != "" {
		t.Errorf("no state is called %q", got)
	}
	if got := Of(procedure.Head, domain.English); got != "head" {
		t.Errorf("an office is called %q", got)
	}
}
