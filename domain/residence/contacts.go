package residence

import (
	"log/slog"
	"strings"
	"time"
	"unicode"

	"tizilim/domain"
)

// ContactsConfirmed says how the person can be reached. The person has
// confirmed, by signature, that notice given there is proper and sufficient
// (APPC 66(4)). It replaces what was confirmed before.
type ContactsConfirmed struct {
	PersonID    domain.PersonID `json:"person_id"`
	Phone       domain.Personal `json:"phone,omitempty"` // E.164, such as +77010000000
	Email       domain.Personal `json:"email,omitempty"`
	Language    domain.Language `json:"language"` // in which the person wants to be written to
	ConfirmedAt time.Time       `json:"confirmed_at"`
}

func (ContactsConfirmed) EventType() string        { return "ContactsConfirmed" }
func (e ContactsConfirmed) EffectiveAt() time.Time { return e.ConfirmedAt }

func (e ContactsConfirmed) Concerns() domain.Concern { return domain.ConcernsPersons(e.PersonID) }

func (e ContactsConfirmed) LogValue() slog.Value { return domain.Masked(e) }

// ConfirmContacts is the command that states how the person can be reached;
// where both are empty, in the personal account only.
type ConfirmContacts struct {
	Phone    domain.Personal
	Email    domain.Personal
	Language domain.Language
}

// ConfirmContacts decides [ConfirmContacts].
func (p *Person) ConfirmContacts(cmd domain.Command, c ConfirmContacts) ([]domain.Event, error) {
	if !p.Known() {
		return nil, domain.Refuse(domain.NotFound, domain.CodePersonUnknown, "no person with this id is recorded")
	}
	if c.Phone != "" && !isPhone(string(c.Phone)) {
		return nil, domain.Refuse(domain.Invalid, domain.CodePhoneFormat,
			"write the telephone with the country's code and digits only, for example +77010000000").At("phone")
	}
	if c.Email != "" && !isEmail(string(c.Email)) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeEmailFormat, "write the e-mail as name@host").At("email")
	}
	if p.Contacts.Phone == c.Phone && p.Contacts.Email == c.Email && p.Contacts.Language == c.Language {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNothingChanges, "these contacts are confirmed already")
	}
	return []domain.Event{
		ContactsConfirmed{PersonID: p.ID, Phone: c.Phone, Email: c.Email, Language: c.Language, ConfirmedAt: cmd.Now},
	}, nil
}

// isPhone reports whether s is a number in the form of E.164: a plus sign and 8
// to 15 digits, the first not zero.
func isPhone(s string) bool {
	digits, plus := strings.CutPrefix(s, "+")
	return plus && len(digits) >= 8 && len(digits) <= 15 && digits[0] != '0' && strings.Trim(digits, "0123456789") == ""
}

// isEmail reports whether s has the form of an address. Whether mail arrives
// there is not checked.
func isEmail(s string) bool {
	name, host, at := strings.Cut(s, "@")
	return at && name != "" && len(s) <= 254 && strings.Contains(strings.Trim(host, "."), ".") &&
		!strings.ContainsAny(
			host,
			"@/",
		) && !strings.ContainsFunc(s, func(r rune) bool { return r == ' ' || !unicode.IsPrint(r) || r == '<' || r == '>' || r == ',' })
}
