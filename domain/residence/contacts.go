package residence

import (
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// Contact is a way to reach a person outside of the personal account.
type Contact string

const (
	Phone Contact = "phone"
	Email Contact = "email"
)

// Contacts lists them all.
var Contacts = []Contact{Phone, Email}

// ContactsStated says which contacts are to be used for the person. One that is
// confirmed already stays. A new one counts once it is confirmed with the code that
// was sent to it ([ContactsConfirmed]); until then the one before it stays in force.
// One that is left out falls away at once.
type ContactsStated struct {
	PersonID domain.PersonID `json:"person_id"`
	Phone    domain.Personal `json:"phone,omitempty"` // E.164, such as +77010000000
	Email    domain.Personal `json:"email,omitempty"`
	Language domain.Language `json:"language"` // in which the person wants to be written to, from now on

	// Codes are the contacts that wait for a code, with its challenge
	// ([ContactsStated.Challenge]), its form and its end.
	Codes       []Contact          `json:"codes,omitempty"`
	ChallengeID domain.ChallengeID `json:"challenge_id"`
	Digits      int                `json:"digits"`
	Tries       int                `json:"tries"` // wrong codes that lock one of the contacts
	ConfirmBy   time.Time          `json:"confirm_by"`
	Edition     rules.EditionID    `json:"edition"`

	// What was confirmed before and is to be used no more. There the person is told.
	FormerPhone domain.Personal `json:"former_phone,omitempty"`
	FormerEmail domain.Personal `json:"former_email,omitempty"`

	ByStaff  bool         `json:"by_staff,omitempty"` // an official stated them for the person
	Basis    domain.Basis `json:"basis,omitzero"`     // on which the official did so
	StatedAt time.Time    `json:"stated_at"`
}

// Address is the stated telephone or e-mail.
func (e ContactsStated) Address(c Contact) domain.Personal {
	if c == Phone {
		return e.Phone
	}
	return e.Email
}

// Challenge is the challenge of the code that goes to one of the contacts.
func (e ContactsStated) Challenge(c Contact) domain.ChallengeID {
	return domain.ChallengeID{UUID: domain.DeriveID(e.ChallengeID.UUID, string(c))}
}

// InForce are the contacts that are in force once e is recorded.
func (e ContactsStated) InForce() ContactsConfirmed {
	in := ContactsConfirmed{PersonID: e.PersonID, Phone: e.Phone, Email: e.Email, Language: e.Language}
	if slices.Contains(e.Codes, Phone) {
		in.Phone = e.FormerPhone
	}
	if slices.Contains(e.Codes, Email) {
		in.Email = e.FormerEmail
	}
	return in
}

// Before are the contacts that were in force before e.
func (e ContactsStated) Before() ContactsConfirmed {
	before := ContactsConfirmed{PersonID: e.PersonID, Phone: e.FormerPhone, Email: e.FormerEmail}
	if before.Phone == "" && !slices.Contains(e.Codes, Phone) {
		before.Phone = e.Phone
	}
	if before.Email == "" && !slices.Contains(e.Codes, Email) {
		before.Email = e.Email
	}
	return before
}

// ContactsConfirmed says how the person can be reached: whoever read the code that
// was sent there has handed it in. Notice given there is proper and sufficient
// (APPC 66(4)). It replaces what was confirmed before.
type ContactsConfirmed struct {
	PersonID    domain.PersonID `json:"person_id"`
	Phone       domain.Personal `json:"phone,omitempty"` // E.164, such as +77010000000
	Email       domain.Personal `json:"email,omitempty"`
	Language    domain.Language `json:"language"` // in which the person wants to be written to
	ConfirmedAt time.Time       `json:"confirmed_at"`
}

// ContactCodeRejected says that a wrong code was handed in for a contact.
type ContactCodeRejected struct {
	PersonID   domain.PersonID `json:"person_id"`
	Contact    Contact         `json:"contact"`
	TriesLeft  int             `json:"tries_left"` // none: the code is locked
	RejectedAt time.Time       `json:"rejected_at"`
}

func (ContactsStated) EventType() string      { return "ContactsStated" }
func (ContactsConfirmed) EventType() string   { return "ContactsConfirmed" }
func (ContactCodeRejected) EventType() string { return "ContactCodeRejected" }

func (e ContactsStated) EffectiveAt() time.Time      { return e.StatedAt }
func (e ContactsConfirmed) EffectiveAt() time.Time   { return e.ConfirmedAt }
func (e ContactCodeRejected) EffectiveAt() time.Time { return e.RejectedAt }

func (e ContactsStated) Concerns() domain.Concern      { return domain.ConcernsPersons(e.PersonID) }
func (e ContactsConfirmed) Concerns() domain.Concern   { return domain.ConcernsPersons(e.PersonID) }
func (e ContactCodeRejected) Concerns() domain.Concern { return domain.ConcernsPersons(e.PersonID) }

func (e ContactsStated) LogValue() slog.Value    { return domain.Masked(e) }
func (e ContactsConfirmed) LogValue() slog.Value { return domain.Masked(e) }

// statements is what a person's state keeps of the contacts that were stated.
type statements struct {
	at    []time.Time // of those that sent codes, in the hour before the last one
	phone int         // tries left of the last one's codes
	email int
}

// stateContacts folds the events of this file.
func (p *Person) stateContacts(event domain.Event) {
	switch e := event.(type) {
	case ContactsStated:
		in := e.InForce()
		in.ConfirmedAt = p.Contacts.ConfirmedAt
		p.Contacts, p.Stated = in, e
		p.statements.phone, p.statements.email = e.Tries, e.Tries
		if len(e.Codes) > 0 {
			p.statements.at = append(p.codesSince(e.StatedAt.Add(-codesWindow)), e.StatedAt)
		}
	case ContactsConfirmed:
		p.Contacts = e
	case ContactCodeRejected:
		*p.triesLeft(e.Contact) = e.TriesLeft
	}
}

// codesWindow is the time in which codes are counted.
const codesWindow = time.Hour

// codesSince are the instants after since at which contacts were stated that had
// codes sent, in a new list.
func (p *Person) codesSince(since time.Time) []time.Time {
	var recent []time.Time
	for _, at := range p.statements.at {
		if at.After(since) {
			recent = append(recent, at)
		}
	}
	return recent
}

func (p *Person) triesLeft(c Contact) *int {
	if c == Phone {
		return &p.statements.phone
	}
	return &p.statements.email
}

// Awaits reports whether the contact was stated and waits for its code.
func (p *Person) Awaits(c Contact) bool {
	confirmed := p.Contacts.Email
	if c == Phone {
		confirmed = p.Contacts.Phone
	}
	return slices.Contains(p.Stated.Codes, c) && p.Stated.Address(c) != confirmed
}

// StateContacts is the command that states how the person can be reached; where both
// contacts are empty, in the personal account only.
type StateContacts struct {
	Phone       domain.Personal
	Email       domain.Personal
	Language    domain.Language
	ChallengeID domain.ChallengeID
	Basis       domain.Basis // of an official
	Rules       rules.Book
}

// StateContacts decides [StateContacts]. To state again a contact that waits sends a
// new code, and the one before is void.
func (p *Person) StateContacts(cmd domain.Command, c StateContacts) ([]domain.Event, error) {
	if !p.Known() {
		return nil, unknownPerson()
	}
	if err := p.CheckAlive(""); err != nil {
		return nil, err
	}
	if c.Phone != "" && !isPhone(string(c.Phone)) {
		return nil, domain.Refuse(domain.Invalid, domain.CodePhoneFormat,
			"write the telephone with the country's code and digits only, for example +77010000000").At("phone")
	}
	if c.Email != "" && !isEmail(string(c.Email)) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeEmailFormat, "write the e-mail as name@host").At("email")
	}
	edition := c.Rules.On(cmd.Today())
	if err := edition.CheckBasis(rules.SetContacts, cmd.Role, c.Basis, cmd.Today(), "basis"); err != nil {
		return nil, err
	}
	e := ContactsStated{
		PersonID: p.ID, Phone: c.Phone, Email: c.Email, Language: c.Language,
		ChallengeID: c.ChallengeID, Digits: edition.OTP.Digits, Tries: edition.OTP.Tries,
		ConfirmBy: cmd.Now.Add(time.Duration(edition.OTP.ContactValidMinutes) * time.Minute), Edition: edition.ID,
		ByStaff: cmd.Role != domain.RoleCitizen, Basis: c.Basis, StatedAt: cmd.Now,
	}
	if c.Phone != p.Contacts.Phone {
		e.FormerPhone = p.Contacts.Phone
		if c.Phone != "" {
			e.Codes = append(e.Codes, Phone)
		}
	}
	if c.Email != p.Contacts.Email {
		e.FormerEmail = p.Contacts.Email
		if c.Email != "" {
			e.Codes = append(e.Codes, Email)
		}
	}
	same := len(e.Codes) == 0 && e.FormerPhone == "" && e.FormerEmail == "" && c.Language == p.Contacts.Language
	if same && !p.Awaits(Phone) && !p.Awaits(Email) {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNothingChanges, "these contacts are confirmed already")
	}
	if most := edition.OTP.PerHour; len(e.Codes) > 0 && len(p.codesSince(cmd.Now.Add(-codesWindow))) >= most {
		return nil, domain.Refuse(domain.Conflict, domain.CodeTooManyCodes,
			"codes were sent %d times within an hour to contacts of this person: wait, then ask again", most)
	}
	return []domain.Event{e}, nil
}

// ConfirmContact is the command that hands in the code of a contact.
type ConfirmContact struct {
	Contact Contact
	Right   bool // the code is the one that was sent there
}

// ConfirmContact decides [ConfirmContact]. A wrong code is a fact: it costs a try.
// [ContactOutcome] says what the caller is told of it.
func (p *Person) ConfirmContact(cmd domain.Command, c ConfirmContact) ([]domain.Event, error) {
	switch {
	case !p.Known():
		return nil, unknownPerson()
	case !p.Awaits(c.Contact):
		return nil, domain.Refuse(domain.Conflict, domain.CodeNoCodeAwaited,
			"no new %s waits for a code: state it first", c.Contact).At("contact")
	case *p.triesLeft(c.Contact) == 0:
		return nil, contactCodeLocked()
	case !cmd.Now.Before(p.Stated.ConfirmBy):
		return nil, domain.Refuse(domain.Conflict, domain.CodeContactCodeExpired,
			"the time of this code is over: state the %s again, and a new code is sent", c.Contact).At("code")
	case !c.Right:
		return []domain.Event{ContactCodeRejected{
			PersonID: p.ID, Contact: c.Contact, TriesLeft: *p.triesLeft(c.Contact) - 1, RejectedAt: cmd.Now,
		}}, nil
	}
	e := p.Contacts
	e.PersonID, e.ConfirmedAt = p.ID, cmd.Now
	if c.Contact == Phone {
		e.Phone = p.Stated.Phone
	} else {
		e.Email = p.Stated.Email
	}
	return []domain.Event{e}, nil
}

func contactCodeLocked() *domain.Error {
	return domain.Refuse(domain.Conflict, domain.CodeContactCodeLocked,
		"too many wrong codes came for this contact: state it again, and a new code is sent").At("code")
}

// ContactOutcome is what the caller is told about the code: nil where it was right.
func ContactOutcome(event domain.Event) error {
	e, ok := event.(ContactCodeRejected)
	switch {
	case !ok:
		return nil
	case e.TriesLeft == 0:
		return contactCodeLocked()
	}
	return domain.Refuse(domain.Invalid, domain.CodeContactCodeWrong,
		"the code is wrong; %d tries are left", e.TriesLeft).At("code")
}

func unknownPerson() *domain.Error {
	return domain.Refuse(domain.NotFound, domain.CodePersonUnknown, "no person with this id is recorded")
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
