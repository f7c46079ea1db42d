package domain

import (
	"regexp"
	"strings"

	"github.com/google/uuid"
)

// Imported says from where a fact was taken over: the registry did not see it happen. Every event
// of an import has it, for ever.
type Imported struct {
	Source string    `json:"source"` // the register that the fact comes from
	Line   string    `json:"line"`   // the key of its line in the files of that register
	Batch  uuid.UUID `json:"batch"`  // of the files that were imported together
	By     string    `json:"by"`     // the account of the operator
}

// longestKey bounds the name of a source and the key of a line, in characters.
const longestKey = 100

// twelveDigits is what an IIN looks like, in a text of its own or within another one.
var twelveDigits = regexp.MustCompile(`(^|[^0-9])[0-9]{12}($|[^0-9])`)

// ImportKey returns a name of a source, or a key of a line, as it is kept. It is kept in clear for
// ever, so it refuses what looks like an IIN.
func ImportKey(s, field string) (string, error) {
	s, err := Line(s, field)
	switch {
	case err != nil:
		return "", err
	case len([]rune(s)) > longestKey:
		return "", Refuse(Invalid, CodeTooLong, "it has more than %d characters: give a shorter one", longestKey).At(field)
	case twelveDigits.MatchString(strings.ReplaceAll(uuidForm.ReplaceAllString(s, ""), " ", "")):
		return "", Refuse(Invalid, CodeMalformed,
			"it looks like an IIN, and it is kept in clear: give a key that tells nothing of a person").At(field)
	}
	return s, nil
}
