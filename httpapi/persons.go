package httpapi

import (
	"context"
	"net/http"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
)

func (s *Server) personOperations() []operation.Operation {
	return []operation.Operation{
		s.recordPerson(),
		s.searchPerson(),
		s.recordSelf(),
	}
}

type recordPersonBody struct {
	IIN       string          `json:"iin,omitempty" maxLength:"48" doc:"12 digits; leave it out for a person who has no IIN" example:"999999000012"`
	Name      string          `json:"name" minLength:"1" maxLength:"200" doc:"The name as in the identity document" example:"Айгүл Серікқызы"`
	BirthDate domain.Date     `json:"birth_date" format:"date" example:"1990-05-17"`
	Class     residence.Class `json:"class" doc:"The legal class of the person; it decides the channels of a deregistration"`

	BirthKnown birthKnown        `json:"birth_known,omitempty" doc:"How much of the birth date is known, which then has 01 for the rest; left out if all is known"`
	Accept     []warningToAnswer `json:"accept,omitempty" maxItems:"5" doc:"The codes of the warnings that the official has looked at; a refusal lists them"`
}

type recordPersonInput struct {
	operation.Posted[recordPersonBody]
}

type recordedPerson struct {
	PersonID domain.PersonID `json:"person_id" format:"uuid"`
	operation.Events
}

func (s *Server) recordPerson() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "record-person", Path: "/v1/persons", Tag: residenceTag, Status: http.StatusCreated,
		Of:      operation.OfNew,
		Summary: "Record a person",
		Doc: "One IIN is one person: a second record is refused (person_already_recorded). " +
			"A person without an IIN is recorded without it. An IIN that contradicts the birth date or the class is " +
			"refused until accept names the code of the contradiction. So is a person without an IIN whose name and " +
			"birth date are those of another record, which the refusal names (same_name_and_birth_date).",
		Roles: []domain.Role{domain.RoleOperator, domain.RoleProvider},
		Problems: contradicted.and(
			domain.CodeIINFormat, domain.CodeIINControlDigit, domain.CodeIINZero, domain.CodePersonRecorded, domain.CodePersonAlike,
		),
		Example: `{"iin": "999999000012", "name": "Айгүл Серікқызы", "birth_date": "1990-05-17", "class": "citizen"}`,
	}, func(ctx context.Context, call operation.Call, in *recordPersonInput) (command.Receipt, recordedPerson, error) {
		if err := notBlank("name", in.Body.Name); err != nil {
			return command.Receipt{}, recordedPerson{}, err
		}
		c := residence.RecordPerson{
			PersonID: domain.PersonID{UUID: domain.DeriveID(call.ID.UUID, "person")},
			Name:     domain.Personal(in.Body.Name), BirthDate: in.Body.BirthDate, Class: in.Body.Class,
			BirthKnown: residence.BirthKnown(in.Body.BirthKnown), Accept: as[domain.Code](in.Body.Accept),
		}
		c.Likeness, c.NameKeys = s.likeness(c.Data()), s.nameKeys(c.Data())
		if in.Body.IIN != "" {
			iin, err := parseIIN(in.Body.IIN)
			if err != nil {
				return command.Receipt{}, recordedPerson{}, err
			}
			if c.PersonID, err = s.personOf(ctx, iin); err != nil {
				return command.Receipt{}, recordedPerson{}, err
			}
			c.IIN = iin
		}
		r, err := s.commands.RecordPerson(ctx, call.Command, c, call.Options)
		return r, recordedPerson{PersonID: c.PersonID}, err
	})
}

// likeness returns what two persons with the same name and birth date have in common.
func (s *Server) likeness(d residence.PersonData) residence.Likeness {
	return residence.LikenessOf(s.personKey, d)
}

// nameKeys returns the keys by which a record with the name and the birth date is found.
func (s *Server) nameKeys(d residence.PersonData) []residence.NameKey {
	return residence.NameKeysOf(s.personKey, d)
}

// personOf returns the id of the person whom the IIN means. Every look-up by IIN goes through it.
func (s *Server) personOf(ctx context.Context, iin domain.IIN) (domain.PersonID, error) {
	return s.commands.WhoIs(ctx, s.personKey.PersonID(iin))
}

func parseIIN(s string) (domain.IIN, error) {
	iin, err := domain.ParseIIN(s)
	if err != nil {
		return "", atField(err, "iin")
	}
	return iin, nil
}
