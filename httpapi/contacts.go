package httpapi

import (
	"context"
	"net/http"
	"strings"
	"unicode/utf8"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
)

type contactsBody struct {
	Phone    string          `json:"phone,omitempty" maxLength:"32" doc:"With the country's code; leave it out for no SMS" example:"+77010000000"`
	Email    string          `json:"email,omitempty" maxLength:"254" doc:"Leave it out for no e-mail" example:"aigul@example.kz"`
	Language domain.Language `json:"language" enum:"kk,ru,en" doc:"In which the person wants to be written to"`
}

func (b contactsBody) command() residence.ConfirmContacts {
	return residence.ConfirmContacts{Phone: domain.Personal(b.Phone), Email: domain.Personal(b.Email), Language: b.Language}
}

type ownContactsInput struct{ Posted[contactsBody] }

type contactsInput struct {
	ID domain.PersonID `path:"id" format:"uuid"`
	Posted[contactsBody]
}

// maskedContacts show whose they are enough to know them again, and nobody else
// anything to write to.
type maskedContacts struct {
	PersonID domain.PersonID `json:"person_id" format:"uuid"`
	Phone    string          `json:"phone,omitempty" doc:"Masked" example:"+7*******00"`
	Email    string          `json:"email,omitempty" doc:"Masked" example:"a***@example.kz"`
	Language domain.Language `json:"language,omitempty"`
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

type contactsFound struct {
	ETag string `header:"ETag" doc:"Revision of the person's stream, for If-Match"`
	Body maskedContacts
}

func (s *Server) contacts() {
	const said = "SMS and e-mail of the registry go there from now on, beside the copy in the personal account. " +
		"What is confirmed replaces what was before; neither telephone nor e-mail: only the account. The answer is masked."
	post(s, operation{
		id: "confirm-own-contacts", path: "/v1/me/contacts", tag: "Personal account",
		summary: "Confirm how I can be reached", doc: "The person confirms that notice given there is proper and sufficient (APPC 66(4)). " + said,
	}, func(ctx context.Context, cmd domain.Command, opt command.Options, in *ownContactsInput) (command.Receipt, maskedContacts, error) {
		return s.confirmContacts(ctx, cmd, principal(ctx).PersonID, in.Body, opt)
	})
	post(s, operation{
		id: "confirm-contacts", path: "/v1/persons/{id}/contacts", tag: "Residence",
		summary: "Record how a person can be reached, as the person has confirmed by signature", doc: said,
	}, func(ctx context.Context, cmd domain.Command, opt command.Options, in *contactsInput) (command.Receipt, maskedContacts, error) {
		return s.confirmContacts(ctx, cmd, in.ID, in.Body, opt)
	})
	read(s, operation{
		id: "get-own-contacts", method: http.MethodGet, path: "/v1/me/contacts", tag: "Personal account", fromLog: true,
		summary: "How I can be reached, masked",
	}, func(ctx context.Context, _ *struct{}) (*contactsFound, error) {
		id := principal(ctx).PersonID
		p, err := s.commands.Person(ctx, id)
		if err != nil {
			return nil, err
		}
		if !p.Known() {
			return nil, notYours()
		}
		return &contactsFound{ETag: etag(p.Revision()), Body: masked(id, p.Contacts)}, nil
	})
}

// confirmContacts answers without the events: they hold the contacts in full.
func (s *Server) confirmContacts(ctx context.Context, cmd domain.Command, id domain.PersonID, c contactsBody, opt command.Options) (command.Receipt, maskedContacts, error) {
	r, err := s.commands.ConfirmContacts(ctx, cmd, id, c.command(), opt)
	if err != nil {
		return r, maskedContacts{}, hide(ctx, err)
	}
	confirmed, _ := r.Events[0].Event.(residence.ContactsConfirmed)
	return r, masked(id, confirmed), nil
}
