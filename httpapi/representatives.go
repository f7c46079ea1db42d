package httpapi

import (
	"context"
	"net/http"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
)

func (s *Server) representativeOperations() []operation.Operation {
	return []operation.Operation{
		s.recordRepresentative(),
		s.endRepresentation(),
		s.getRepresentatives(),
	}
}

// RecordRepresentativeBody is embedded: huma sees the members of exported types only.
type RecordRepresentativeBody struct {
	RepresentativeID domain.PersonID          `json:"representative_id" format:"uuid" doc:"The person who legally represents the minor"`
	Kind             residence.Representation `json:"kind"`
}

// unlikely is a code of a parent that an official can accept.
type unlikely domain.Code

var unlikelyOfParents = as[unlikely](residence.UnlikelyOfParents)

type representationBody struct {
	RecordRepresentativeBody
	Accept []unlikely `json:"accept,omitempty" maxItems:"5" doc:"The codes of what is unlikely of a parent and is so in the document; a refusal lists them"`
	Basis  *basisBody `json:"basis,omitempty" doc:"The paper that shows it, such as a birth certificate; the rules in force demand one"`
}

type recordRepresentativeInput struct {
	ID domain.PersonID `path:"id" format:"uuid" doc:"The minor"`
	operation.Posted[representationBody]
}

type representationChanged struct {
	PersonID domain.PersonID `json:"person_id" format:"uuid"`
	Warnings []warningBody   `json:"warnings,omitempty" doc:"What the end of the representation leaves a child without"`
	operation.Events
}

func (s *Server) recordRepresentative() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "record-representative", Path: "/v1/persons/{id}/representatives", Tag: residenceTag, Status: http.StatusCreated,
		Of:      operation.OfPerson,
		Summary: "Record a legal representative of a minor, or the guardian of an adult",
		Doc: "A parent who is not older than the child is refused, and so is a third one. An age of a parent that is " +
			"unlikely is refused until accept names its code. If a minor has recorded representatives, one of them must apply for the minor's departure abroad. " +
			"If a command leaves a child under 14 at a dwelling where no recorded representative is registered, " +
			"the answer has a warning.",
		Roles: []domain.Role{domain.RoleOperator, domain.RoleProvider},
		Problems: basisProblems.and(
			domain.CodePersonUnknown, domain.CodeNotAMinor, domain.CodeKinshipImpossible, domain.CodeRepresentativeRecorded, domain.CodeDateInFuture,
			domain.CodeRepresentative, domain.CodeWarningsOpen, domain.CodeParentAge, domain.CodeParentMinor,
		),
		Example: `{
			"representative_id": "1c825553-b624-8752-a2f1-3f9e5fd3a0ef", "kind": "parent",
			"basis": {
				"type": "birth_certificate", "number": "0318842", "issued_on": "2019-04-02", "issuer": "АХАЖ бөлімі",
				"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
			}
		}`,
	}, func(
		ctx context.Context, call operation.Call, in *recordRepresentativeInput,
	) (command.Receipt, representationChanged, error) {
		r, err := s.commands.RecordRepresentative(
			ctx, call.Command, in.ID, in.Body.RepresentativeID, residence.RecordRepresentative{
				Kind: in.Body.Kind, Basis: in.Body.Basis.basis(), Accept: as[domain.Code](in.Body.Accept),
			}, call.Options,
		)
		return r, representationChanged{PersonID: in.ID}, err
	})
}

type endRepresentationBody struct {
	RepresentativeID domain.PersonID `json:"representative_id" format:"uuid"`
	Reasons          string          `json:"reasons" minLength:"1" maxLength:"4000"`
	Basis            *basisBody      `json:"basis,omitempty" doc:"The paper that shows it; the rules in force demand one"`
}

type endRepresentationInput struct {
	ID domain.PersonID `path:"id" format:"uuid" doc:"The minor"`
	operation.Posted[endRepresentationBody]
}

func (s *Server) endRepresentation() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "end-representation", Path: "/v1/persons/{id}/representatives/removal", Tag: residenceTag,
		Of:      operation.OfPerson,
		Summary: "Record that a person no longer represents a minor or an adult, or never did",
		Doc: "If it leaves a minor without a representative, or a child under 14 at a dwelling where none of them " +
			"is registered, the answer has a warning.",
		Roles: []domain.Role{domain.RoleOperator, domain.RoleProvider},
		Problems: basisProblems.and(
			domain.CodePersonUnknown, domain.CodeNotRepresentative, domain.CodeReasonsRequired, domain.CodeDateInFuture,
		),
		Example: `{
			"representative_id": "1c825553-b624-8752-a2f1-3f9e5fd3a0ef", "reasons": "the guardianship has ended",
			"basis": {
				"type": "guardianship_decision", "number": "57", "issued_on": "2026-03-02", "issuer": "Алматы қаласының әкімдігі",
				"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
			}
		}`,
	}, func(
		ctx context.Context, call operation.Call, in *endRepresentationInput,
	) (command.Receipt, representationChanged, error) {
		if err := notBlank("reasons", in.Body.Reasons); err != nil {
			return command.Receipt{}, representationChanged{}, err
		}
		r, err := s.commands.EndRepresentation(ctx, call.Command, in.ID, residence.EndRepresentation{
			RepresentativeID: in.Body.RepresentativeID, Reasons: domain.Personal(in.Body.Reasons),
			Basis: in.Body.Basis.basis(),
		}, call.Options)
		out := representationChanged{PersonID: in.ID}
		for _, rec := range r.Events {
			if e, ok := rec.Event.(residence.RepresentationEnded); ok {
				out.Warnings = warnings(e.Warnings)
			}
		}
		return r, out, err
	})
}

type representativesInput struct {
	ID domain.PersonID `path:"id" format:"uuid"`
}

type representativesFound struct {
	ETag string `header:"ETag" doc:"Revision of the person's stream, for If-Match"`
	Body struct {
		PersonID        domain.PersonID            `json:"person_id" format:"uuid"`
		Representatives []RecordRepresentativeBody `json:"representatives"`
		AwaitedBy       domain.Date                `json:"awaited_by,omitzero" format:"date" doc:"The last representative has died: the last day on which another one is asked for"`
	}
}

func (s *Server) getRepresentatives() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "get-representatives", Method: http.MethodGet, Path: "/v1/persons/{id}/representatives", Tag: residenceTag,
		Of:       operation.OfPerson,
		Summary:  "The recorded legal representatives of a person",
		Doc:      "The answer is read from the log, not from the read model.",
		Roles:    []domain.Role{domain.RoleOperator, domain.RoleProvider, domain.RoleAuditor},
		Problems: []domain.Code{domain.CodePersonUnknown},
		Shows:    operation.ShowsPersons(),
		FromLog:  true,
	}, func(ctx context.Context, in *representativesInput) (*representativesFound, error) {
		id, err := s.commands.WhoIs(ctx, in.ID) // a record that was merged is answered for by the other one
		if err != nil {
			return nil, err
		}
		p, err := s.commands.Person(ctx, id)
		if err != nil {
			return nil, err
		}
		if !p.Known() {
			return nil, domain.Refuse(domain.NotFound, domain.CodePersonUnknown, "no person with this id is recorded")
		}
		out := &representativesFound{ETag: operation.ETag(p.Revision())}
		out.Body.PersonID, out.Body.Representatives = id, []RecordRepresentativeBody{}
		out.Body.AwaitedBy = s.commands.RepresentativeAwaited(&p)
		for _, r := range p.Representatives {
			out.Body.Representatives = append(out.Body.Representatives, RecordRepresentativeBody{r.PersonID, r.Kind})
		}
		return out, nil
	})
}
