package httpapi

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
)

func (s *Server) erasureOperations() []operation.Operation {
	return []operation.Operation{
		s.placeHold(),
		s.liftHold(),
		s.erasePerson(),
	}
}

type placeHoldBody struct {
	Basis string `json:"basis" minLength:"1" maxLength:"1000" doc:"The act of the court or of the body that asks for it, with its number and day"`
}

type placeHoldInput struct {
	ID domain.PersonID `path:"id" format:"uuid"`
	operation.Posted[placeHoldBody]
}

type holdChanged struct {
	PersonID domain.PersonID `json:"person_id" format:"uuid"`
	HoldID   uuid.UUID       `json:"hold_id" format:"uuid" doc:"It names the hold when it is lifted"`
	operation.Events
}

func (s *Server) placeHold() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "place-hold", Path: "/v1/persons/{id}/holds", Tag: residenceTag, Status: http.StatusCreated,
		Of:       operation.OfPerson,
		Summary:  "Record that the personal data of a person must be kept",
		Doc:      "While a hold stands, the person is not erased.",
		Roles:    []domain.Role{domain.RoleProvider},
		Problems: []domain.Code{domain.CodePersonUnknown},
		Example:  `{"basis": "ruling 7 of the Almaty city court of 1 March 2026"}`,
	}, func(ctx context.Context, call operation.Call, in *placeHoldInput) (command.Receipt, holdChanged, error) {
		if err := notBlank("basis", in.Body.Basis); err != nil {
			return command.Receipt{}, holdChanged{}, err
		}
		id := domain.DeriveID(call.ID.UUID, "hold")
		r, err := s.commands.PlaceHold(ctx, call.Command, in.ID, residence.PlaceHold{
			HoldID: id, Basis: domain.Personal(in.Body.Basis),
		}, call.Options)
		return r, holdChanged{PersonID: in.ID, HoldID: id}, err
	})
}

type liftHoldBody struct {
	HoldID uuid.UUID `json:"hold_id" format:"uuid"`
	Basis  string    `json:"basis" minLength:"1" maxLength:"1000" doc:"Why it need not stand any more"`
}

type liftHoldInput struct {
	ID domain.PersonID `path:"id" format:"uuid"`
	operation.Posted[liftHoldBody]
}

func (s *Server) liftHold() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "lift-hold", Path: "/v1/persons/{id}/holds/lifting", Tag: residenceTag,
		Of:       operation.OfPerson,
		Summary:  "Record that a hold stands no longer",
		Roles:    []domain.Role{domain.RoleProvider},
		Problems: []domain.Code{domain.CodeHoldUnknown},
		Example: `{"hold_id": "1c825553-b624-8752-a2f1-3f9e5fd3a0ef", ` +
			`"basis": "decision 12 of the Almaty city court of 1 June 2026"}`,
	}, func(ctx context.Context, call operation.Call, in *liftHoldInput) (command.Receipt, holdChanged, error) {
		if err := notBlank("basis", in.Body.Basis); err != nil {
			return command.Receipt{}, holdChanged{}, err
		}
		r, err := s.commands.LiftHold(ctx, call.Command, in.ID, residence.LiftHold{
			HoldID: in.Body.HoldID, Basis: domain.Personal(in.Body.Basis),
		}, call.Options)
		return r, holdChanged{PersonID: in.ID, HoldID: in.Body.HoldID}, err
	})
}

type erasePersonBody struct {
	Basis     residence.ErasureBasis `json:"basis" doc:"The case of the law"`
	Reference string                 `json:"reference" minLength:"1" maxLength:"200" doc:"Number and day of the document that asks for it. It stays readable: name no person" example:"request 15 of 1 March 2026"`
}

type erasePersonInput struct {
	ID domain.PersonID `path:"id" format:"uuid"`
	operation.Posted[erasePersonBody]
}

type personErased struct {
	PersonID domain.PersonID `json:"person_id" format:"uuid"`
	Warnings []warningBody   `json:"warnings,omitempty" doc:"Children whom the erasure leaves without a representative"`
	operation.Events
}

func (s *Server) erasePerson() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "erase-person", Path: "/v1/persons/{id}/erasure", Tag: residenceTag,
		Of:      operation.OfPerson,
		Summary: "Erase the personal data of a person for ever",
		Doc: "Name, IIN, birth date, contacts, documents, signatures and free texts of the person, and what was written " +
			"in cases that the person applied for, can never be read again. The events stay, and show [erased] instead. " +
			"It is refused (erasure_barred) while a hold stands, while the person has a registration, an entry, an open " +
			"case or a lease, and before the term of retention in the rules is over.",
		Roles:    []domain.Role{domain.RoleProvider},
		Problems: []domain.Code{domain.CodePersonUnknown, domain.CodeErasureBarred},
		Example:  `{"basis": "retention_over", "reference": "order 15 of 1 March 2026"}`,
	}, func(ctx context.Context, call operation.Call, in *erasePersonInput) (command.Receipt, personErased, error) {
		if err := notBlank("reference", in.Body.Reference); err != nil {
			return command.Receipt{}, personErased{}, err
		}
		r, err := s.commands.ErasePerson(ctx, call.Command, in.ID, residence.Erase{
			Basis: in.Body.Basis, Reference: in.Body.Reference,
		}, call.Options)
		out := personErased{PersonID: in.ID}
		for _, rec := range r.Events {
			if e, ok := rec.Event.(residence.PersonErased); ok {
				out.Warnings = warnings(e.Warnings)
			}
		}
		return r, out, err
	})
}
