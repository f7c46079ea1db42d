package problem

import (
	"embed"
	"encoding/json"

	"golang.org/x/text/language"

	"tizilim/domain"
)

// text is what a person reads of a code.
type text struct {
	Title string `json:"title"` // what is wrong, a sentence without its full stop
	Mend  string `json:"mend"`  // how to mend it, a sentence; an English refusal says it of the very request
}

//go:embed texts/*.json
var files embed.FS

// english has every code in English: the titles of problems, and what the pages of codes say.
var english = read("texts/en.json")

// texts has every code in the other languages.
var texts = map[domain.Language]map[domain.Code]text{
	domain.Kazakh:  read("texts/kk.json"),
	domain.Russian: read("texts/ru.json"),
}

func read(name string) map[domain.Code]text {
	data, err := files.ReadFile(name)
	if err != nil {
		panic(err) // the build has the file
	}
	of := map[domain.Code]text{}
	if err := json.Unmarshal(data, &of); err != nil {
		panic(err)
	}
	return of
}

// offered are the languages of problems, the default first.
var offered = []domain.Language{domain.English, domain.Kazakh, domain.Russian}

var matcher = language.NewMatcher([]language.Tag{language.English, language.Kazakh, language.Russian})

// LanguageOf chooses the language that an Accept-Language header asks for. Whose languages are all
// unknown here gets English, or Russian where Unicode says that its readers understand it (Kyrgyz).
func LanguageOf(accept string) domain.Language {
	_, i := language.MatchStrings(matcher, accept)
	return offered[i]
}

// In returns the problem in the language that an Accept-Language header asks for, and that language.
// An English problem stays as it is: its sentences are about this very request. In the other languages
// they are those of the codes.
func (p *Problem) In(accept string) (*Problem, domain.Language) {
	l := LanguageOf(accept)
	of, ok := texts[l]
	if !ok {
		return p, l
	}
	said := *p
	said.Title, said.Detail = of[p.Code].Title, of[p.Code].detail()
	said.Errors = nil
	for _, fault := range p.Errors {
		fault.Detail = of[fault.Code].detail()
		said.Errors = append(said.Errors, fault)
	}
	return &said, l
}

func (t text) detail() string { return t.Title + ". " + t.Mend }

// Answer returns the problem as a client reads it who sends the Accept-Language header, and adds to
// the headers of the answer what says so. Whatever writes a problem as an answer calls it once.
func (p *Problem) Answer(accept string, add func(name, value string)) *Problem {
	said, l := p.In(accept)
	add("Content-Language", string(l))
	add("Vary", "Accept-Language")
	return said
}
