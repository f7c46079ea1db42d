package domain

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Line returns a text of one line, such as a name or an address, in the form in which the
// registry keeps it: NFC, so that one name is one text however it was typed, and without
// needless space. Errors, which name the field: [CodeRequired] for an empty text,
// [CodeMalformed] for a character that nobody sees or that changes how others are shown.
func Line(s, field string) (string, error) {
	for _, r := range s {
		if offLine(r) {
			return "", Refuse(Invalid, CodeMalformed,
				"the text has the character U+%04X, which nobody can see: write it in one line of letters, "+
					"digits, signs and spaces", r).At(field)
		}
	}
	s = strings.Join(strings.Fields(norm.NFC.String(s)), " ")
	if s == "" {
		return "", Refuse(Invalid, CodeRequired, "the text is empty: fill it in").At(field)
	}
	return s, nil
}

// offLine reports whether r has no place in a text of one line.
func offLine(r rune) bool { return Hidden(r) || r == '\n' || r == '\r' || r == '\t' }

// Name returns the name of a person as [Line] does. One word is enough, in any alphabet; a
// text without a letter is no name.
func Name(s Personal, field string) (Personal, error) {
	line, err := Line(string(s), field)
	if err != nil {
		return "", err
	}
	if !strings.ContainsFunc(line, unicode.IsLetter) {
		return "", Refuse(Invalid, CodeMalformed, "a name has at least one letter: write it as the document does").At(field)
	}
	return Personal(line), nil
}

// Hidden reports whether r is a character that nobody sees or that changes how others are
// shown: of control or of direction, a separator of lines, a letter, mark or sign without a
// picture, or of no use in texts. Line breaks and tabs are none of them: texts of several lines
// have them.
func Hidden(r rune) bool {
	switch {
	case r == '\n' || r == '\r' || r == '\t' || unicode.Is(unicode.Zs, r):
		return false
	case unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector), r == brailleBlank:
		return true
	}
	return !unicode.IsPrint(r)
}

// brailleBlank is a sign of Braille without a dot: it prints as a space, and is none.
const brailleBlank = '\u2800'
