package residence_test

import (
	"strings"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
	"tizilim/domain/rules"
)

var (
	contactsOf = residence.PersonRecorded{
		PersonID:  domaintest.ID[domain.PersonID]("aigul"),
		Name:      "Айгүл",
		BirthDate: domain.PersonalDate{Date: day("1990-05-17")},
		Class:     residence.Citizen,
	}
	codesAt  = domaintest.ID[domain.ChallengeID]("contacts")
	paper    = domaintest.Basis()
	byPhone  = domain.Personal("+77010000000")
	byEmail  = domain.Personal("aigul@example.kz")
	newPhone = domain.Personal("+77019999999")
)

// statedBy is the event of a statement at noon, which waits for codes to the contacts.
func statedBy(role domain.Role, phone, email domain.Personal, codes ...residence.Contact) residence.ContactsStated {
	e := residence.ContactsStated{
		PersonID: contactsOf.PersonID, Phone: phone, Email: email, Language: domain.Kazakh, Codes: codes,
		ChallengeID: codesAt, Digits: 6, Tries: 5, ConfirmBy: domaintest.Noon().Add(30 * time.Minute),
		Edition: rules.Default().On(domaintest.Today()).ID, StatedAt: domaintest.Noon(),
	}
	if role != domain.RoleCitizen {
		e.ByStaff, e.Basis = true, paper
	}
	return e
}

func confirmedContacts(phone, email domain.Personal) residence.ContactsConfirmed {
	return residence.ContactsConfirmed{
		PersonID: contactsOf.PersonID, Phone: phone, Email: email, Language: domain.Kazakh,
		ConfirmedAt: domaintest.Noon(),
	}
}

// byCitizen is the envelope of the person's own command at noon.
func byCitizen() domain.Command {
	cmd := domaintest.CommandThrough(domain.ChannelPortal)
	cmd.Role, cmd.Actor = domain.RoleCitizen, contactsOf.PersonID.String()
	return cmd
}

func TestStateContacts(t *testing.T) {
	stating := func(cmd domain.Command, phone, email domain.Personal, basis domain.Basis) func(*residence.Person) ([]domain.Event, error) {
		return func(p *residence.Person) ([]domain.Event, error) {
			return p.StateContacts(cmd, residence.StateContacts{
				Phone: phone, Email: email, Language: domain.Kazakh, ChallengeID: codesAt, Basis: basis,
			})
		}
	}
	own := func(phone, email domain.Personal) func(*residence.Person) ([]domain.Event, error) {
		return stating(byCitizen(), phone, email, domain.Basis{})
	}
	known := []domain.Event{contactsOf}
	both := []domain.Event{contactsOf, confirmedContacts(byPhone, byEmail)}
	replaced := statedBy(domain.RoleCitizen, newPhone, byEmail, residence.Phone)
	replaced.FormerPhone = byPhone
	dropped := statedBy(domain.RoleCitizen, "", "")
	dropped.FormerPhone, dropped.FormerEmail = byPhone, byEmail
	atDesk := statedBy(domain.RoleOperator, newPhone, byEmail, residence.Phone)
	atDesk.FormerPhone = byPhone
	forged := paper
	forged.SHA256 = "9F86"
	fifth := known
	for range 5 {
		fifth = append(fifth, statedBy(domain.RoleCitizen, newPhone, "", residence.Phone))
	}
	later := byCitizen()
	later.Now = later.Now.Add(time.Hour)
	afterAnHour := statedBy(domain.RoleCitizen, newPhone, "", residence.Phone)
	afterAnHour.StatedAt, afterAnHour.ConfirmBy = later.Now, later.Now.Add(30*time.Minute)

	type spec = domaintest.Spec[residence.Person]
	specs := []spec{
		{
			Name: "C11 each new contact waits for a code", Given: known, When: own(byPhone, byEmail),
			Then: []domain.Event{statedBy(domain.RoleCitizen, byPhone, byEmail, residence.Phone, residence.Email)},
		},
		{
			Name: "C11 what is confirmed stays, and what is replaced is named", Given: both,
			When: own(newPhone, byEmail), Then: []domain.Event{replaced},
		},
		{Name: "C11 none any more needs no code", Given: both, When: own("", ""), Then: []domain.Event{dropped}},
		{
			Name: "C11 a desk names the paper on which it states them", Given: both,
			When: stating(domaintest.Command(), newPhone, byEmail, paper), Then: []domain.Event{atDesk},
		},
		{
			Name: "C11 a desk without a paper", Given: both,
			When:    stating(domaintest.Command(), newPhone, byEmail, domain.Basis{}),
			Refused: domain.CodeBasisRequired, Field: "basis",
		},
		{
			Name: "C11 a paper without the hash of its file", Given: both,
			When:    stating(domaintest.Command(), newPhone, byEmail, forged),
			Refused: domain.CodeHashFormat, Field: "basis.sha256",
		},
		{
			Name: "C11 of somebody who is not recorded", When: own(byPhone, byEmail),
			Refused: domain.CodePersonUnknown,
		},
		{
			Name: "C11 the same again", Given: both, When: own(byPhone, byEmail),
			Refused: domain.CodeNothingChanges,
		},
		{
			Name: "C11 one that waits can be stated again, for another code", Given: append(known[:1:1], afterAnHour),
			When: own(newPhone, ""), Then: []domain.Event{statedBy(domain.RoleCitizen, newPhone, "", residence.Phone)},
		},
		{
			Name: "C11 one that waits can be taken back", Given: append(both[:2:2], replaced), When: own(byPhone, byEmail),
			Then: []domain.Event{statedBy(domain.RoleCitizen, byPhone, byEmail)},
		},
		{
			Name: "C11 the sixth time within an hour", Given: fifth, When: own(byPhone, ""),
			Refused: domain.CodeTooManyCodes,
		},
		{
			Name: "C11 the sixth time after an hour", Given: fifth,
			When: stating(later, newPhone, "", domain.Basis{}), Then: []domain.Event{afterAnHour},
		},
	}
	for _, c := range []struct {
		name         string
		phone, email domain.Personal
	}{
		{"a telephone without plus", "77010000000", ""},
		{"a telephone that is too short", "+7701000", ""},
		{"a telephone that is too long", "+7701000000012345", ""},
		{"a telephone that begins with zero", "+07010000000", ""},
		{"a telephone with a letter", "+7701000000a", ""},
		{"an e-mail without name", "", "@example.kz"},
		{"an e-mail without an at", "", "aigul.example.kz"},
		{"two hosts in an e-mail", "", "a@b@example.kz"},
		{"a space in an e-mail", "", "a b@example.kz"},
		{"brackets in an e-mail", "", "<a@example.kz"},
		{"a bracket in an e-mail", "", "a>@example.kz"},
		{"a comma in an e-mail", "", "b,a@example.kz"},
		{"digits of another script", "+٧٧٠١٠٠٠٠", ""},
		{"an e-mail without host", "", "aigul@"},
		{"two e-mails in one", "", "a@example.kz,b@example.kz"},
		{"a line break in an e-mail", "", "a@example.kz\nBcc:b@example.kz"},
		{"a line separator in an e-mail", "", "a\u2028@example.kz"},
		{"an e-mail that turns its letters round", "", "a\u202e@example.kz"},
		{"a space of another kind in an e-mail", "", "a\u00a0b@example.kz"},
		{"an endless e-mail", "", domain.Personal(strings.Repeat("a", 250) + "@example.kz")},
	} {
		bad := spec{
			Name: c.name, Given: known, When: own(c.phone, c.email), Refused: domain.CodePhoneFormat, Field: "phone",
		}
		if c.email != "" {
			bad.Refused, bad.Field = domain.CodeEmailFormat, "email"
		}
		specs = append(specs, bad)
	}
	domaintest.Run(t, specs)
}

// The contacts before and after a statement follow from the event alone: those who were
// reached by what is replaced are told of it.
func TestC11_AStatementSaysWhichContactsAreInForceBeforeAndAfterIt(t *testing.T) {
	of := func(phone, email domain.Personal) residence.ContactsConfirmed {
		return residence.ContactsConfirmed{PersonID: contactsOf.PersonID, Phone: phone, Email: email}
	}
	phone := statedBy(domain.RoleCitizen, newPhone, byEmail, residence.Phone)
	phone.FormerPhone = byPhone
	email := statedBy(domain.RoleCitizen, byPhone, "new@example.kz", residence.Email)
	email.FormerEmail = byEmail
	none := statedBy(domain.RoleCitizen, "", "")
	none.FormerPhone, none.FormerEmail = byPhone, byEmail
	for what, c := range map[string]struct {
		stated        residence.ContactsStated
		before, after residence.ContactsConfirmed
	}{
		"a new telephone": {phone, of(byPhone, byEmail), of(byPhone, byEmail)},
		"a new e-mail":    {email, of(byPhone, byEmail), of(byPhone, byEmail)},
		"both for the first time": {
			statedBy(domain.RoleCitizen, byPhone, byEmail, residence.Phone, residence.Email), of("", ""), of("", ""),
		},
		"none any more": {none, of(byPhone, byEmail), of("", "")},
	} {
		t.Run(what, func(t *testing.T) {
			c.after.Language = domain.Kazakh
			if got := c.stated.Before(); got != c.before {
				t.Errorf("before it: %+v", got)
			}
			if got := c.stated.InForce(); got != c.after {
				t.Errorf("after it: %+v", got)
			}
		})
	}
}

func TestConfirmContact(t *testing.T) {
	hand := func(cmd domain.Command, c residence.Contact, right bool) func(*residence.Person) ([]domain.Event, error) {
		return func(p *residence.Person) ([]domain.Event, error) {
			return p.ConfirmContact(cmd, residence.ConfirmContact{Contact: c, Right: right})
		}
	}
	replaced := statedBy(domain.RoleCitizen, newPhone, byEmail, residence.Phone)
	replaced.FormerPhone = byPhone
	waiting := []domain.Event{contactsOf, confirmedContacts(byPhone, byEmail), replaced}
	rejected := func(left int) residence.ContactCodeRejected {
		return residence.ContactCodeRejected{
			PersonID: contactsOf.PersonID, Contact: residence.Phone, TriesLeft: left, RejectedAt: domaintest.Noon(),
		}
	}
	late := byCitizen()
	late.Now = late.Now.Add(30 * time.Minute)
	locked := append(waiting[:3:3], rejected(0))
	anew := append(locked[:4:4], replaced)

	domaintest.Run(t, []domaintest.Spec[residence.Person]{
		{
			Name: "C11 the right code puts the contact in force", Given: waiting,
			When: hand(byCitizen(), residence.Phone, true),
			Then: []domain.Event{confirmedContacts(newPhone, byEmail)},
		},
		{
			Name: "C11 a wrong code costs a try", Given: waiting, When: hand(byCitizen(), residence.Phone, false),
			Then: []domain.Event{rejected(4)},
		},
		{
			Name: "C11 the right code after too many wrong ones", Given: locked,
			When: hand(byCitizen(), residence.Phone, true), Refused: domain.CodeContactCodeLocked, Field: "code",
		},
		{
			Name: "C11 stated again after it was locked", Given: anew, When: hand(byCitizen(), residence.Phone, true),
			Then: []domain.Event{confirmedContacts(newPhone, byEmail)},
		},
		{
			Name: "C11 the right code too late", Given: waiting, When: hand(late, residence.Phone, true),
			Refused: domain.CodeContactCodeExpired, Field: "code",
		},
		{
			Name: "C11 a contact that waits for none", Given: waiting, When: hand(byCitizen(), residence.Email, true),
			Refused: domain.CodeNoCodeAwaited, Field: "contact",
		},
		{
			Name: "C11 the code a second time", Given: append(waiting[:3:3], confirmedContacts(newPhone, byEmail)),
			When: hand(byCitizen(), residence.Phone, true), Refused: domain.CodeNoCodeAwaited, Field: "contact",
		},
		{
			Name: "C11 of somebody who is not recorded", When: hand(byCitizen(), residence.Phone, true),
			Refused: domain.CodePersonUnknown,
		},
	})
}

func TestC11_TheContactBeforeStaysInForceUntilTheNewOneIsConfirmed(t *testing.T) {
	replaced := statedBy(domain.RoleCitizen, newPhone, "", residence.Phone)
	replaced.FormerPhone, replaced.FormerEmail = byPhone, byEmail
	p := domaintest.Fold[residence.Person](contactsOf, confirmedContacts(byPhone, byEmail), replaced)
	if p.Contacts.Phone != byPhone || p.Contacts.Email != "" || !p.Awaits(residence.Phone) {
		t.Errorf("in force are %q and %q", string(p.Contacts.Phone), string(p.Contacts.Email))
	}
	if b := replaced.Before(); b.Phone != byPhone || b.Email != byEmail {
		t.Errorf("before, %q and %q were", string(b.Phone), string(b.Email))
	}
}
