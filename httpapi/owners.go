package httpapi

import (
	"context"
	"net/http"
	"time"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
)

type ownerBody struct {
	PersonID   domain.PersonID     `json:"person_id,omitzero" format:"uuid" doc:"Of an owner who is a person"`
	Share      residence.Share     `json:"share,omitempty" maxLength:"13" doc:"The share in the title, as a fraction" example:"1/2"`
	Kind       residence.OwnerKind `json:"kind,omitempty" doc:"What an owner is that is no person: a company, the state, or the estate of somebody whose heirs are not known yet. Leave it out for a person"`
	BIN        domain.BIN          `json:"bin,omitempty" maxLength:"12" doc:"Of a company; for the state that of the body which manages the dwelling"`
	Name       string              `json:"name,omitempty" maxLength:"400" doc:"Of the company or the body"`
	AgentID    domain.PersonID     `json:"agent_id,omitzero" format:"uuid" doc:"The person who consents and confirms for an owner that is no person; for an estate the executor. Without one nobody can"`
	DeceasedID domain.PersonID     `json:"deceased_id,omitzero" format:"uuid" doc:"Of an estate: the person who has died"`
	Authority  *basisBody          `json:"authority,omitempty" doc:"The document by which the agent speaks. No answer shows it; the history of the dwelling does"`
}

// ownerProblems are those of owners that a request names.
var ownerProblems = codes{
	domain.CodeShareFormat, domain.CodeSharesExceedOne, domain.CodeNamedTwice, domain.CodePersonUnknown,
	domain.CodeBINFormat, domain.CodeBINControlDigit, domain.CodePersonNotDead,
	domain.CodeBeforeBirth, domain.CodeRepresentative, domain.CodeDateInFuture, domain.CodeHashFormat, domain.CodeMemberNotAllowed,
}

func owners(bodies []ownerBody) []residence.Owner {
	list := make([]residence.Owner, len(bodies))
	for i, b := range bodies {
		list[i] = residence.Owner{
			PersonID: b.PersonID, Share: b.Share, Kind: b.Kind, BIN: b.BIN, Name: b.Name, AgentID: b.AgentID,
			DeceasedID: b.DeceasedID, Authority: b.Authority.basis(),
		}
	}
	return list
}

func shownOwners(list []residence.Owner) []ownerBody {
	bodies := make([]ownerBody, len(list))
	for i, o := range list {
		bodies[i] = ownerBody{
			PersonID: o.PersonID, Share: o.Share, Kind: o.Kind, BIN: o.BIN, Name: o.Name, AgentID: o.AgentID,
			DeceasedID: o.DeceasedID,
		}
	}
	return bodies
}

// named are the persons whom the owners name.
func named(bodies []ownerBody) []domain.PersonID {
	var persons []domain.PersonID
	for _, b := range bodies {
		for _, id := range []domain.PersonID{b.PersonID, b.AgentID, b.DeceasedID} {
			if !id.IsZero() {
				persons = append(persons, id)
			}
		}
	}
	return persons
}

type changeOwnersBody struct {
	Owners      []ownerBody `json:"owners" maxItems:"100" doc:"All owners of the dwelling from that day on"`
	EffectiveOn domain.Date `json:"effective_on,omitzero" format:"date" doc:"The first day of the new owners. Default: today"`
	Basis       *basisBody  `json:"basis,omitempty" doc:"The document of the change; the rules in force demand one if the dwelling has owners"`
}

type changeOwnersInput struct {
	ID domain.DwellingID `path:"id" format:"uuid"`
	operation.Posted[changeOwnersBody]
}

type pendingBody struct {
	ProposalID residence.ProposalID `json:"proposal_id" format:"uuid" doc:"Send it with the confirmation"`
	ConfirmBy  time.Time            `json:"confirm_by" doc:"The proposal has lapsed from this instant on"`
}

type ownersChanged struct {
	DwellingID domain.DwellingID `json:"dwelling_id" format:"uuid"`
	Pending    *pendingBody      `json:"pending,omitempty" doc:"The change waits for a second official: nothing has changed yet"`
	operation.Events
}

// Waits reports whether the change waits for a second official.
func (c ownersChanged) Waits() bool { return c.Pending != nil }

func (s *Server) changeOwners() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "change-owners", Path: "/v1/dwellings/{id}/owners", Tag: residenceTag,
		Of:      operation.OfDwelling,
		Summary: "Change the owners of a dwelling",
		Doc: "Name all owners from a day on. That day must not be earlier than the first day of the present " +
			"owners. If the dwelling has owners, the rules in force ask for the document and for a second official: " +
			"then the answer is 202 with pending, the owners stay until another account confirms the change, and " +
			"they are told of it. An owner that is no person has a kind, and an agent who consents for it.",
		Pending: "The change waits for a second official.",
		Roles:   []domain.Role{domain.RoleOperator},
		Problems: ownerProblems.and(
			domain.CodeBasisRequired, domain.CodeDwellingUnknown, domain.CodeEffectiveTooEarly, domain.CodeProposalPending,
			domain.CodeDwellingGone,
		),
		Example: `{
			"owners": [{"person_id": "1c825553-b624-8752-a2f1-3f9e5fd3a0ef", "share": "1/1"}],
			"effective_on": "2026-03-15",
			"basis": {
				"type": "title_document", "number": "17-304/2026", "issued_on": "2026-03-10",
				"issuer": "нотариус Б. Сейітова",
				"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
			}
		}`,
	}, func(ctx context.Context, call operation.Call, in *changeOwnersInput) (command.Receipt, ownersChanged, error) {
		on := in.Body.EffectiveOn
		if on.IsZero() {
			on = call.Today()
		}
		out := ownersChanged{DwellingID: in.ID}
		r, err := s.commands.ChangeOwners(ctx, call.Command, in.ID, residence.ChangeOwners{
			Owners: owners(in.Body.Owners), On: on, Basis: in.Body.Basis.basis(), Official: operation.Caller(ctx).PersonID,
		}, call.Options)
		for _, rec := range r.Events {
			if e, ok := rec.Event.(residence.OwnersChangeProposed); ok {
				out.Pending = &pendingBody{e.ProposalID, e.ConfirmBy}
			}
		}
		return r, out, err
	})
}

// proposalOutcome is an answer to a proposal.
type proposalOutcome string

const (
	confirmProposal proposalOutcome = "confirm"
	declineProposal proposalOutcome = "decline"
)

var proposalOutcomes = []proposalOutcome{confirmProposal, declineProposal}

type answerProposalBody struct {
	ProposalID residence.ProposalID `json:"proposal_id" format:"uuid"`
	Outcome    proposalOutcome      `json:"outcome"`
	Reasons    string               `json:"reasons,omitempty" maxLength:"4000" doc:"Only to decline: why"`
}

type answerProposalInput struct {
	ID domain.DwellingID `path:"id" format:"uuid"`
	operation.Posted[answerProposalBody]
}

func (s *Server) answerProposal() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "answer-owners-change", Path: "/v1/dwellings/{id}/owners/confirmation", Tag: residenceTag, Status: http.StatusOK,
		Of:      operation.OfDwelling,
		Summary: "Confirm or decline a change of owners that another official has proposed",
		Doc: "The account that proposed it cannot confirm it, nor can another account of the same person. It can " +
			"decline, which takes the proposal back.",
		Roles: []domain.Role{domain.RoleOperator},
		Problems: []domain.Code{
			domain.CodeDwellingUnknown, domain.CodeProposalNotPending, domain.CodeOwnProposal,
			domain.CodeReasonsRequired, domain.CodeDeciderRecused, domain.CodeMemberNotAllowed,
		},
		Example: `{"proposal_id": "4a5818a4-ed82-54ae-ba8a-6c7e6be721ff", "outcome": "confirm"}`,
	}, func(ctx context.Context, call operation.Call, in *answerProposalInput) (command.Receipt, recordedDwelling, error) {
		out := recordedDwelling{DwellingID: in.ID}
		confirm := in.Body.Outcome == confirmProposal
		if confirm && in.Body.Reasons != "" {
			return command.Receipt{}, out, domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
				"a confirmation has no reasons; leave them out, or decline").At("reasons")
		}
		r, err := s.commands.AnswerProposal(ctx, call.Command, in.ID, residence.AnswerProposal{
			ProposalID: in.Body.ProposalID, Confirm: confirm, Reasons: domain.Personal(in.Body.Reasons),
			Official: operation.Caller(ctx).PersonID,
		}, call.Options)
		return r, out, err
	})
}
