package domain

import "regexp"

// accountForm is the form of the name of an account, and uuidForm that of a UUID in it.
// Account names are in the log and in access logs, so no IIN may get into one. The last
// group of a UUID can have twelve digits by chance.
var (
	accountForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
	uuidForm    = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	twelve      = regexp.MustCompile(`[0-9]{12}`)
)

// Account names an official in an event. Whom a case is about does not see it.
type Account string

// CheckAccount refuses a text that cannot name an account. It never repeats the text.
//
// Errors: [CodeAccountFormat].
func CheckAccount(name string) error {
	switch {
	case !accountForm.MatchString(name):
		return Refuse(Invalid, CodeAccountFormat,
			"the name of an account has 1 to 64 ASCII letters, digits, dots, hyphens and underscores")
	case twelve.MatchString(uuidForm.ReplaceAllString(name, "")):
		return Refuse(Invalid, CodeAccountFormat,
			"the name of an account has 12 digits in a row, as an IIN has: name the desk or the office instead")
	}
	return nil
}
