package domain

import (
	"log/slog"
	"regexp"
	"slices"
	"strings"
)

// Basis is the document on which an official records something that takes something from
// somebody, such as a change of owners, or that states what somebody wants, such as a
// consent: what it is, and the hash of its file, so that anybody can check later that the
// file which is shown is the one that the official had. The zero Basis is none.
type Basis struct {
	Type     DocumentType `json:"type"`
	Number   Personal     `json:"number"`
	IssuedOn Date         `json:"issued_on"`
	Issuer   Personal     `json:"issuer"`
	SHA256   Personal     `json:"sha256"` // of the file, in small hex
}

// IsZero reports whether no document is named.
func (b Basis) IsZero() bool { return b == Basis{} }

func (b Basis) LogValue() slog.Value { return Masked(b) }

var sha256Form = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Demand refuses an act of the role whose document is missing where it is required, and a
// document that is not named whole. Only an official has one: a citizen speaks for
// themselves.
func (b Basis) Demand(required bool, role Role, today Date, field string) error {
	switch {
	case !b.IsZero() && role == RoleCitizen:
		return Refuse(Invalid, CodeMemberNotAllowed, "you speak for yourself: leave the document out").At(field)
	case !b.IsZero():
		return b.Check(today, field)
	case required && role != RoleCitizen && role != RoleSystem:
		return Refuse(Invalid, CodeBasisRequired,
			"this rests on a document: give its type, number, day and issuer, and the SHA-256 of its file").At(field)
	}
	return nil
}

// Check refuses a document that is not named whole. The field of the refusal is
// that of the basis, with the member at fault.
func (b Basis) Check(today Date, field string) error {
	switch {
	case !slices.Contains(DocumentTypes, b.Type):
		return Refuse(Invalid, CodeValueUnknown, "a document is of one of the types %v", DocumentTypes).At(field + ".type")
	case strings.TrimSpace(string(b.Number)) == "":
		return Refuse(Invalid, CodeRequired, "give the number of the document").At(field + ".number")
	case strings.TrimSpace(string(b.Issuer)) == "":
		return Refuse(Invalid, CodeRequired, "say who issued the document").At(field + ".issuer")
	case strings.ContainsFunc(string(b.Number), offLine):
		return Refuse(Invalid, CodeMalformed, "write the number of the document in one line").At(field + ".number")
	case strings.ContainsFunc(string(b.Issuer), offLine):
		return Refuse(Invalid, CodeMalformed, "write who issued the document in one line").At(field + ".issuer")
	case b.IssuedOn.IsZero():
		return Refuse(Invalid, CodeRequired, "give the day on which the document was issued").At(field + ".issued_on")
	case today.Before(b.IssuedOn):
		return Refuse(Invalid, CodeDateInFuture,
			"a document cannot be issued in the future: give today or an earlier day").At(field + ".issued_on")
	case !sha256Form.MatchString(string(b.SHA256)):
		return Refuse(Invalid, CodeHashFormat,
			"give the SHA-256 of the file of the document: 64 digits of small hex").At(field + ".sha256")
	}
	return nil
}
