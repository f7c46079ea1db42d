package httpapi

import (
	"context"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
)

func (s *Server) contactOperations() []operation.Operation {
	return []operation.Operation{
		s.stateOwnContacts(),
		s.confirmOwnContact(),
		s.stateContacts(),
		s.confirmContact(),
		s.getOwnContacts(),
	}
}

// aboutContacts is said of both commands that state contacts.
const aboutContacts = "A code of six digits goes to each telephone and e-mail that is new. It counts once it is " +
	"confirmed with the code; until then the one before it stays in force, and is told of the change. What you leave " +
	"out falls away at once: if neither a telephone nor an e-mail is given, only the account is left. The answer is " +
	"masked."

// contactProblems are those of a statement of contacts.
var contactProblems = codes{
	domain.CodePersonUnknown, domain.CodePhoneFormat, domain.CodeEmailFormat, domain.CodeNothingChanges,
	domain.CodeTooManyCodes, domain.CodeContactCodeNotSent,
}

type contactsBody struct {
	Phone    string          `json:"phone,omitempty" maxLength:"32" doc:"With the country code. Leave it out if no telephone is to be used" example:"+77010000000"`
	Email    string          `json:"email,omitempty" maxLength:"254" doc:"Leave it out if no e-mail is to be used" example:"aigul@example.kz"`
	Language domain.Language `json:"language" doc:"The language for messages to the person"`
}

type ownContactsInput struct{ operation.Posted[contactsBody] }

// maskedContacts are enough for a person to recognise their own contacts, and too
// little for others to write to.
type maskedContacts struct {
	PersonID    domain.PersonID     `json:"person_id" format:"uuid"`
	Phone       string              `json:"phone,omitempty" doc:"The telephone in force, masked" example:"+7*******00"`
	Email       string              `json:"email,omitempty" doc:"The e-mail in force, masked" example:"a***@example.kz"`
	Language    domain.Language     `json:"language,omitempty" values:"open"`
	Unconfirmed *unconfirmedContact `json:"unconfirmed,omitempty" doc:"The contacts that wait for their code"`
}

type unconfirmedContact struct {
	Phone     string    `json:"phone,omitempty" doc:"The telephone that the code was sent to, masked" example:"+7*******00"`
	Email     string    `json:"email,omitempty" doc:"The e-mail that the code was sent to, masked" example:"a***@example.kz"`
	ConfirmBy time.Time `json:"confirm_by" doc:"The codes are refused from this instant on"`
}

func (s *Server) stateOwnContacts() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "confirm-own-contacts", Path: "/v1/me/contacts", Tag: accountTag,
		Of:      operation.OfCaller,
		Summary: "State my telephone and my e-mail",
		Doc: "A notice sent to a contact that is confirmed is proper and sufficient (APPC 66(4)). " +
			aboutContacts,
		Roles:    []domain.Role{domain.RoleCitizen},
		Problems: contactProblems.and(domain.CodeNotFound),
		Class:    operation.ClassContact,
		Example:  `{"phone": "+77010000000", "email": "aigul@example.kz", "language": "kk"}`,
	}, func(ctx context.Context, call operation.Call, in *ownContactsInput) (command.Receipt, maskedContacts, error) {
		return s.saveContacts(ctx, call, operation.Citizen(ctx), in.Body, nil)
	})
}

// saveContacts answers without the events, since they hold the contacts in full.
func (s *Server) saveContacts(ctx context.Context, call operation.Call, id domain.PersonID,
	b contactsBody, basis *basisBody) (command.Receipt, maskedContacts, error) {
	r, err := s.commands.StateContacts(ctx, call.Command, id, residence.StateContacts{
		Phone: domain.Personal(b.Phone), Email: domain.Personal(b.Email), Language: b.Language, Basis: basis.basis(),
	}, call.Options)
	if err != nil {
		return r, maskedContacts{}, operation.Hide(ctx, err)
	}
	stated, _ := r.Events[0].Event.(residence.ContactsStated)
	out := masked(id, stated.InForce())
	out.Unconfirmed = unconfirmed(stated, stated.Codes)
	return r, out, nil
}

func masked(id domain.PersonID, c residence.ContactsConfirmed) maskedContacts {
	return maskedContacts{
		PersonID: id, Language: c.Language, Phone: maskedPhone(c.Phone), Email: maskedEmail(c.Email),
	}
}

// unconfirmed are those of the stated contacts that wait; nil where none does.
func unconfirmed(e residence.ContactsStated, waiting []residence.Contact) *unconfirmedContact {
	if len(waiting) == 0 {
		return nil
	}
	out := &unconfirmedContact{ConfirmBy: e.ConfirmBy}
	for _, c := range waiting {
		if c == residence.Phone {
			out.Phone = maskedPhone(e.Phone)
		} else {
			out.Email = maskedEmail(e.Email)
		}
	}
	return out
}

func maskedPhone(p domain.Personal) string {
	phone := string(p)
	if len(phone) <= 4 {
		return ""
	}
	return phone[:2] + strings.Repeat("*", len(phone)-4) + phone[len(phone)-2:]
}

func maskedEmail(e domain.Personal) string {
	name, host, ok := strings.Cut(string(e), "@")
	if !ok {
		return ""
	}
	_, first := utf8.DecodeRuneInString(name)
	return name[:first] + "***@" + host
}

type contactCodeBody struct {
	Contact residence.Contact `json:"contact" doc:"The contact that the code was sent to"`
	Code    string            `json:"code" pattern:"^[0-9]{4,10}$" patternDescription:"the digits of the code" doc:"The code that was sent there" example:"042195"`
}

// aboutContactCodes is said of both commands that take a code.
const aboutContactCodes = "The contact is in force from now on. A wrong code costs a try. With dry_run the code is " +
	"not compared."

// contactCodeProblems are those of a code that confirms a contact.
var contactCodeProblems = codes{
	domain.CodePersonUnknown, domain.CodeNoCodeAwaited, domain.CodeContactCodeWrong, domain.CodeContactCodeExpired,
	domain.CodeContactCodeLocked,
}

type ownContactCodeInput struct {
	operation.Posted[contactCodeBody]
}

func (s *Server) confirmOwnContact() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "confirm-own-contact", Path: "/v1/me/contacts/confirmation", Tag: accountTag,
		Of:      operation.OfCaller,
		Summary: "Confirm my telephone or my e-mail with the code that was sent there",
		Doc:     aboutContactCodes, Roles: []domain.Role{domain.RoleCitizen},
		Problems: contactCodeProblems.and(domain.CodeNotFound),
		Example:  `{"contact": "phone", "code": "042195"}`,
	}, func(ctx context.Context, call operation.Call, in *ownContactCodeInput) (command.Receipt, maskedContacts, error) {
		return s.takeContactCode(ctx, call, operation.Citizen(ctx), in.Body)
	})
}

func (s *Server) takeContactCode(ctx context.Context, call operation.Call, id domain.PersonID,
	b contactCodeBody) (command.Receipt, maskedContacts, error) {
	r, err := s.commands.ConfirmContact(ctx, call.Command, id, b.Contact, domain.Personal(b.Code), call.Options)
	if err != nil {
		return r, maskedContacts{}, operation.Hide(ctx, err)
	}
	confirmed, _ := r.Events[0].Event.(residence.ContactsConfirmed)
	return r, masked(id, confirmed), nil
}

// deskContactsBody is a statement of contacts for a person who is at a desk.
type deskContactsBody struct {
	Phone    string          `json:"phone,omitempty" maxLength:"32" doc:"With the country code. Leave it out if no telephone is to be used" example:"+77010000000"`
	Email    string          `json:"email,omitempty" maxLength:"254" doc:"Leave it out if no e-mail is to be used" example:"aigul@example.kz"`
	Language domain.Language `json:"language" doc:"The language for messages to the person"`
	Basis    *basisBody      `json:"basis,omitempty" doc:"The paper by which the person asks for it; the rules in force demand one"`
}

type contactsInput struct {
	ID domain.PersonID `path:"id" format:"uuid"`
	operation.Posted[deskContactsBody]
}

func (s *Server) stateContacts() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "confirm-contacts", Path: "/v1/persons/{id}/contacts", Tag: residenceTag,
		Of:       operation.OfPerson,
		Summary:  "State the telephone and the e-mail of a person",
		Doc:      aboutContacts,
		Roles:    []domain.Role{domain.RoleOperator, domain.RoleProvider},
		Problems: basisProblems.and(contactProblems.and(domain.CodeDateInFuture)...),
		Class:    operation.ClassContact,
		Example: `{
			"phone": "+77010000000", "email": "aigul@example.kz", "language": "kk",
			"basis": {
				"type": "application", "number": "114", "issued_on": "2026-03-10", "issuer": "Айгүл Серікқызы",
				"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
			}
		}`,
	}, func(ctx context.Context, call operation.Call, in *contactsInput) (command.Receipt, maskedContacts, error) {
		b := in.Body
		return s.saveContacts(ctx, call, in.ID, contactsBody{b.Phone, b.Email, b.Language}, b.Basis)
	})
}

type contactCodeInput struct {
	ID domain.PersonID `path:"id" format:"uuid"`
	operation.Posted[contactCodeBody]
}

func (s *Server) confirmContact() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "confirm-contact", Path: "/v1/persons/{id}/contacts/confirmation", Tag: residenceTag,
		Of:       operation.OfPerson,
		Summary:  "Confirm the telephone or the e-mail of a person who is present, with the code that was sent there",
		Doc:      aboutContactCodes,
		Roles:    []domain.Role{domain.RoleOperator, domain.RoleProvider},
		Problems: contactCodeProblems,
		Example:  `{"contact": "phone", "code": "042195"}`,
	}, func(ctx context.Context, call operation.Call, in *contactCodeInput) (command.Receipt, maskedContacts, error) {
		return s.takeContactCode(ctx, call, in.ID, in.Body)
	})
}

type contactsFound struct {
	ETag string `header:"ETag" doc:"Revision of the person's stream, for If-Match"`
	Body maskedContacts
}

func (s *Server) getOwnContacts() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "get-own-contacts", Method: http.MethodGet, Path: "/v1/me/contacts", Tag: accountTag,
		Of:       operation.OfCaller,
		Summary:  "My telephone and my e-mail, in force and unconfirmed, masked",
		Roles:    []domain.Role{domain.RoleCitizen},
		Problems: []domain.Code{domain.CodeNotFound},
		Shows:    operation.ShowsPersons(),
		Class:    operation.ClassRead,
		FromLog:  true,
	}, func(ctx context.Context, _ *struct{}) (*contactsFound, error) {
		id := operation.Citizen(ctx)
		p, err := s.commands.Person(ctx, id)
		if err != nil {
			return nil, err
		}
		if !p.Known() {
			return nil, operation.NotYours()
		}
		out := &contactsFound{ETag: operation.ETag(p.Revision()), Body: masked(id, p.Contacts)}
		var waiting []residence.Contact
		for _, c := range residence.Contacts {
			if p.Awaits(c) && s.now().Before(p.Stated.ConfirmBy) {
				waiting = append(waiting, c)
			}
		}
		out.Body.Unconfirmed = unconfirmed(p.Stated, waiting)
		return out, nil
	})
}
