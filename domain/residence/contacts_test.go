package residence_test

import (
	"strings"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
)

func TestConfirmContacts(t *testing.T) {
	person := residence.PersonRecorded{
		PersonID:  domaintest.ID[domain.PersonID]("aigul"),
		Name:      "Айгүл",
		BirthDate: domain.PersonalDate{Date: day("1990-05-17")},
		Class:     residence.Citizen,
	}
	both := residence.ConfirmContacts{Phone: "+77010000000", Email: "aigul@example.kz", Language: domain.Kazakh}
	confirmed := residence.ContactsConfirmed{
		PersonID:    person.PersonID,
		Phone:       both.Phone,
		Email:       both.Email,
		Language:    both.Language,
		ConfirmedAt: domaintest.Noon(),
	}
	spec := func(name string, given []domain.Event, when residence.ConfirmContacts, then domain.Event, refused domain.Code, field string) domaintest.Spec[residence.Person] {
		s := domaintest.Spec[residence.Person]{
			Name:    name,
			Given:   given,
			Refused: refused,
			Field:   field,
			When: func(p *residence.Person) ([]domain.Event, error) {
				return p.ConfirmContacts(domaintest.Command(), when)
			},
		}
		if then != nil {
			s.Then = []domain.Event{then}
		}
		return s
	}
	known := []domain.Event{person}
	phone := func(s domain.Personal) residence.ConfirmContacts { return residence.ConfirmContacts{Phone: s} }
	email := func(s domain.Personal) residence.ConfirmContacts { return residence.ConfirmContacts{Email: s} }
	domaintest.Run(t, []domaintest.Spec[residence.Person]{
		spec("C11 telephone and e-mail", known, both, confirmed, "", ""),
		spec("C11 of somebody who is not recorded", nil, both, nil, domain.CodePersonUnknown, ""),
		spec("C11 the same again", []domain.Event{person, confirmed}, both, nil, domain.CodeNothingChanges, ""),
		spec(
			"C11 none any more",
			[]domain.Event{person, confirmed},
			residence.ConfirmContacts{Language: domain.Russian},
			residence.ContactsConfirmed{
				PersonID:    person.PersonID,
				Language:    domain.Russian,
				ConfirmedAt: domaintest.Noon(),
			},
			"",
			"",
		),
		spec("a telephone without plus", known, phone("77010000000"), nil, domain.CodePhoneFormat, "phone"),
		spec("a telephone that is too short", known, phone("+7701000"), nil, domain.CodePhoneFormat, "phone"),
		spec("a telephone that is too long", known, phone("+7701000000012345"), nil, domain.CodePhoneFormat, "phone"),
		spec("digits of another script", known, phone("+٧٧٠١٠٠٠٠"), nil, domain.CodePhoneFormat, "phone"),
		spec("an e-mail without host", known, email("aigul@"), nil, domain.CodeEmailFormat, "email"),
		spec("two e-mails in one", known, email("a@example.kz,b@example.kz"), nil, domain.CodeEmailFormat, "email"),
		spec(
			"a line break in an e-mail",
			known,
			email("a@example.kz\nBcc:b@example.kz"),
			nil,
			domain.CodeEmailFormat,
			"email",
		),
		spec("a line separator in an e-mail", known, email("a\u2028@example.kz"), nil, domain.CodeEmailFormat, "email"),
		spec(
			"an e-mail that turns its letters round",
			known,
			email("a\u202e@example.kz"),
			nil,
			domain.CodeEmailFormat,
			"email",
		),
		spec(
			"a space of another kind in an e-mail",
			known,
			email("a\u00a0b@example.kz"),
			nil,
			domain.CodeEmailFormat,
			"email",
		),
		spec(
			"an endless e-mail",
			known,
			email(domain.Personal(strings.Repeat("a", 250)+"@example.kz")),
			nil,
			domain.CodeEmailFormat,
			"email",
		),
	})
}
