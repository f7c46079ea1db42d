package httpapi

import (
	"context"
	"net/http"
	"strings"
	"unicode/utf8"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
)

func (s *Server) contactOperations() []operation.Operation {
	return []operation.Operation{
		s.confirmOwnContacts(),
		s.confirmContacts(),
		s.getOwnContacts(),
	}
}

// aboutContacts is said of both commands that confirm contacts.
const aboutContacts = "From now on the registry sends SMS and e-mail there; the copy in the personal account " +
	"stays. The new contacts replace the earlier ones. If neither a telephone nor an e-mail is given, only the " +
	"account is left. The answer is masked."

type contactsBody struct {
	Phone    string          `json:"phone,omitempty" maxLength:"32" doc:"With the country code. Leave it out if no telephone is confirmed" example:"+77010000000"`
	Email    string          `json:"email,omitempty" maxLength:"254" doc:"Leave it out if no e-mail is confirmed" example:"aigul@example.kz"`
	Language domain.Language `json:"language" doc:"The language for messages to the person"`
}

type ownContactsInput struct{ operation.Posted[contactsBody] }

// maskedContacts are enough for a person to recognise their own contacts, and too
// little for others to write to.
type maskedContacts struct {
	PersonID domain.PersonID `json:"person_id" format:"uuid"`
	Phone    string          `json:"phone,omitempty" doc:"The telephone, masked" example:"+7*******00"`
	Email    string          `json:"email,omitempty" doc:"The e-mail, masked" example:"a***@example.kz"`
	Language domain.Language `json:"language,omitempty" values:"open"`
}

func (s *Server) confirmOwnContacts() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "confirm-own-contacts", Path: "/v1/me/contacts", Tag: accountTag,
		Summary: "Confirm my telephone and my e-mail",
		Doc: "With this command the person agrees that a notice sent there is proper and sufficient (APPC 66(4)). " +
			aboutContacts,
		Roles: []domain.Role{domain.RoleCitizen},
		Problems: []domain.Code{
			domain.CodePersonUnknown, domain.CodePhoneFormat, domain.CodeEmailFormat,
			domain.CodeNothingChanges, domain.CodeNotFound,
		},
		Class:   operation.ClassContact,
		Example: `{"phone": "+77010000000", "email": "aigul@example.kz", "language": "kk"}`,
	}, func(ctx context.Context, call operation.Call, in *ownContactsInput) (command.Receipt, maskedContacts, error) {
		return s.saveContacts(ctx, call, operation.Citizen(ctx), in.Body)
	})
}

func (b contactsBody) command() residence.ConfirmContacts {
	return residence.ConfirmContacts{
		Phone: domain.Personal(b.Phone), Email: domain.Personal(b.Email), Language: b.Language,
	}
}

// saveContacts answers without the events, since they hold the contacts in full.
func (s *Server) saveContacts(ctx context.Context, call operation.Call, id domain.PersonID,
	c contactsBody) (command.Receipt, maskedContacts, error) {
	r, err := s.commands.ConfirmContacts(ctx, call.Command, id, c.command(), call.Options)
	if err != nil {
		return r, maskedContacts{}, operation.Hide(ctx, err)
	}
	confirmed, _ := r.Events[0].Event.(residence.ContactsConfirmed)
	return r, masked(id, confirmed), nil
}

func masked(id domain.PersonID, c residence.ContactsConfirmed) maskedContacts {
	m := maskedContacts{PersonID: id, Language: c.Language}
	if phone := string(c.Phone); len(phone) > 4 {
		m.Phone = phone[:2] + strings.Repeat("*", len(phone)-4) + phone[len(phone)-2:]
	}
	if name, host, ok := strings.Cut(string(c.Email), "@"); ok {
		_, first := utf8.DecodeRuneInString(name)
		m.Email = name[:first] + "***@" + host
	}
	return m
}

type contactsInput struct {
	ID domain.PersonID `path:"id" format:"uuid"`
	operation.Posted[contactsBody]
}

func (s *Server) confirmContacts() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "confirm-contacts", Path: "/v1/persons/{id}/contacts", Tag: residenceTag,
		Summary: "Record the telephone and the e-mail that a person has confirmed with their signature",
		Doc:     aboutContacts,
		Roles:   []domain.Role{domain.RoleOperator, domain.RoleProvider},
		Problems: []domain.Code{
			domain.CodePersonUnknown, domain.CodePhoneFormat, domain.CodeEmailFormat,
			domain.CodeNothingChanges,
		},
		Class:   operation.ClassContact,
		Example: `{"phone": "+77010000000", "email": "aigul@example.kz", "language": "kk"}`,
	}, func(ctx context.Context, call operation.Call, in *contactsInput) (command.Receipt, maskedContacts, error) {
		return s.saveContacts(ctx, call, in.ID, in.Body)
	})
}

type contactsFound struct {
	ETag string `header:"ETag" doc:"Revision of the person's stream, for If-Match"`
	Body maskedContacts
}

func (s *Server) getOwnContacts() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "get-own-contacts", Method: http.MethodGet, Path: "/v1/me/contacts", Tag: accountTag,
		Summary:  "The telephone and the e-mail that I have confirmed, masked",
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
		return &contactsFound{ETag: operation.ETag(p.Revision()), Body: masked(id, p.Contacts)}, nil
	})
}
