package operation

import (
	"regexp"

	"tizilim/domain"
)

var keyForm = regexp.MustCompile(`^[!-~]([ -~]*[!-~])?$`)

// CheckKey refuses an Idempotency-Key that is not printable ASCII, with spaces only
// inside. The key is part of what is signed, and JSON has no bytes that are not
// UTF-8: several such keys would be written as one, and one signature would carry
// several commands.
func CheckKey(key, field string) error {
	if keyForm.MatchString(key) {
		return nil
	}
	return domain.Refuse(domain.Invalid, domain.CodeMalformed,
		"an Idempotency-Key is written in printable ASCII (letters, digits, signs, and spaces inside): "+
			"send such a key, for example a random UUID").At(field)
}
