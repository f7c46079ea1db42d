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

func (s *Server) streetOperations() []operation.Operation {
	return []operation.Operation{
		s.renameStreet(),
		s.getRenaming(),
	}
}

type renameStreetBody struct {
	KATO        string      `json:"kato" pattern:"^[0-9]{9}$" patternDescription:"a KATO code of 9 digits" doc:"The unit with the street: all dwellings whose code is in it" example:"711310000"`
	From        string      `json:"from" minLength:"1" maxLength:"200" doc:"The name until now, as addresses write it: what stands between two commas, without the number of the house" example:"Мира көшесі"`
	To          string      `json:"to" minLength:"1" maxLength:"200" doc:"The new name" example:"Бейбітшілік көшесі"`
	EffectiveOn domain.Date `json:"effective_on,omitzero" format:"date" doc:"The first day of the new name. Default: today"`
	Basis       *basisBody  `json:"basis" doc:"The act by which the street has another name"`
}

type renameStreetInput struct {
	operation.Posted[renameStreetBody]
}

type renamedStreet struct {
	RenamingID domain.CaseID `json:"renaming_id" format:"uuid"`
	Dwellings  int           `json:"dwellings" doc:"How many dwellings the act concerns"`
	Done       bool          `json:"done" doc:"Every dwelling has its new address; otherwise the registry goes on by itself"`
	operation.Events
}

// Waits reports whether the registry goes on with the act.
func (r renamedStreet) Waits() bool { return !r.Done }

func (s *Server) renameStreet() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "rename-street", Path: "/v1/street-renamings", Tag: residenceTag, Status: http.StatusCreated,
		Of:      operation.OfRequest,
		Summary: "Give a street another name, in one act for all dwellings on it",
		Doc: "Each dwelling on the street gets its new address from the day on; its history, and documents that were " +
			"issued before, keep the former one. Nobody moves. With dry_run the answer says how many dwellings it " +
			"concerns. Many dwellings take a while: then the answer is 202, and get-street-renaming tells how far it is.",
		Pending: "The registry goes on with the act.",
		Roles:   []domain.Role{domain.RoleProvider},
		Problems: basisProblems.and(
			domain.CodeKATOFormat, domain.CodeStreetUnknown, domain.CodeNothingChanges, domain.CodeDateInFuture,
		),
		Example: `{
			"kato": "711310000", "from": "Мира көшесі", "to": "Бейбітшілік көшесі", "effective_on": "2026-03-15",
			"basis": {
				"type": "title_document", "number": "6-12", "issued_on": "2026-03-10", "issuer": "Астана қаласының мәслихаты",
				"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
			}
		}`,
	}, func(ctx context.Context, call operation.Call, in *renameStreetInput) (command.Receipt, renamedStreet, error) {
		id := domain.CaseID{UUID: domain.DeriveID(call.ID.UUID, "renaming")}
		out := renamedStreet{RenamingID: id}
		if err := s.inPlace(ctx, domain.KATO(in.Body.KATO)); err != nil {
			return command.Receipt{}, out, err
		}
		r, act, err := s.commands.RenameStreet(ctx, call.Command, residence.RenameStreet{
			ActID: id, KATO: domain.KATO(in.Body.KATO), From: in.Body.From, To: in.Body.To, On: in.Body.EffectiveOn,
			Basis: in.Body.Basis.basis(),
		}, call.Options)
		out.Dwellings, out.Done = act.Act.Dwellings, act.Done
		return r, out, err
	})
}

type renamingInput struct {
	ID uuid.UUID `path:"id" format:"uuid"`
}

type renaming struct {
	Body struct {
		RenamingID  domain.CaseID `json:"renaming_id" format:"uuid"`
		KATO        domain.KATO   `json:"kato"`
		From        string        `json:"from"`
		To          string        `json:"to"`
		EffectiveOn domain.Date   `json:"effective_on" format:"date"`
		Dwellings   int           `json:"dwellings" doc:"How many dwellings the act concerned when it was recorded"`
		Left        int           `json:"left" doc:"How many still have the former name; with done those that were recorded with it later"`
		Done        bool          `json:"done"`
	}
}

func (s *Server) getRenaming() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "get-street-renaming", Method: http.MethodGet, Path: "/v1/street-renamings/{id}", Tag: residenceTag,
		Of:       operation.OfAll,
		Summary:  "How far the renaming of a street has come",
		Roles:    []domain.Role{domain.RoleOperator, domain.RoleProvider, domain.RoleAuditor},
		Problems: []domain.Code{domain.CodeNotFound},
		Shows:    operation.ShowsNobody("names of a street, and how many dwellings are on it"),
		Class:    operation.ClassExpensive,
	}, func(ctx context.Context, in *renamingInput) (*renaming, error) {
		act, err := s.commands.Renaming(ctx, domain.CaseID{UUID: in.ID})
		if err != nil {
			return nil, err
		}
		if !act.Known() {
			return nil, domain.Refuse(domain.NotFound, domain.CodeNotFound, "no renaming of a street has this id")
		}
		out := &renaming{}
		b := &out.Body
		b.RenamingID, b.KATO, b.From, b.To, b.EffectiveOn = act.Act.ActID, act.Act.KATO, act.Act.From, act.Act.To, act.Act.On
		b.Dwellings, b.Done = act.Act.Dwellings, act.Done
		b.Left, err = s.commands.LeftOn(ctx, act.Act.KATO, act.Act.From)
		return out, err
	})
}
