package domain_test

import (
	"testing"

	"tizilim/domain"
)

func TestALineIsOneTextHoweverItWasTyped(t *testing.T) {
	for typed, want := range map[string]string{
		"Әйгерім":                 "Әйгерім",
		"И\u0306ван  Петров ":     "Йван Петров", // и and its breve apart
		" Jose\u0301\u00a0Ñ":      "José Ñ",      // a space that does not break
		"ул. Абая, д. 5 «а» №3–4": "ул. Абая, д. 5 «а» №3–4",
	} {
		if got, err := domain.Line(typed, "f"); err != nil || got != want {
			t.Errorf("%q is %q, %v, want %q", typed, got, err, want)
		}
	}
	for typed, code := range map[string]domain.Code{
		"": domain.CodeRequired, "  ": domain.CodeRequired,
		"a\nb": domain.CodeMalformed, "a\tb": domain.CodeMalformed, "a\x00": domain.CodeMalformed,
		"a\u200bb": domain.CodeMalformed, // zero width space
		"a\u202eb": domain.CodeMalformed, // right to left
		"a\u2066b": domain.CodeMalformed, "\ufeffa": domain.CodeMalformed, "a\u00adb": domain.CodeMalformed,
		"a\u2028b": domain.CodeMalformed,                                  // separator of lines
		"a\ue000b": domain.CodeMalformed,                                  // private use
		"a\u3164b": domain.CodeMalformed,                                  // a letter of Hangul without a picture, as is the next one
		"\u115fa":  domain.CodeMalformed, "a\u17b4": domain.CodeMalformed, // and a vowel of Khmer
		"a\u034fb": domain.CodeMalformed,                                                                         // a mark without a picture
		"a\ufe0fb": domain.CodeMalformed, "a\u180bb": domain.CodeMalformed, "a\U000e0100b": domain.CodeMalformed, // variants
		"a\u2800b": domain.CodeMalformed, // a sign of Braille without dots
	} {
		if _, err := domain.Line(typed, "f"); domain.CodeOf(err) != code {
			t.Errorf("%+q: %v, want %s", typed, err, code)
		}
	}
}

func TestANameHasALetter(t *testing.T) {
	for name, ok := range map[domain.Personal]bool{
		"Aigul": true, "Ұлы": true, "O'Brien-Smith": true, "李": true, "-": false, "12": false, "": false,
		"\u3164": false,
	} {
		if _, err := domain.Name(name, "name"); (err == nil) != ok {
			t.Errorf("%q: %v", string(name), err)
		}
	}
}
