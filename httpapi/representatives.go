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

type recordRepresentativeBody struct {
	RepresentativeID domain.PersonID          `json:"representative_id" format:"uuid" doc:"The person who legally represents the minor"`
	Kind             residence.Representation `json:"kind"`
}

type recordRepresentativeInput struct {
	ID domain.PersonID `path:"id" format:"uuid" doc:"The minor"`
	operation.Posted[recordRepresentativeBody]
}

type representationChanged struct {
	PersonID domain.PersonID `json:"person_id" format:"uuid"`
	operation.Events
}

func (s *Server) recordRepresentative() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "record-representative", Path: "/v1/persons/{id}/representatives", Tag: residenceTag, Status: http.StatusCreated,
		Of:      operation.OfPerson,
		Summary: "Record a legal representative of a minor",
		Doc: "If a minor has recorded representatives, one of them must apply for the minor's departure abroad. " +
			"If a command leaves a child under 14 at a dwelling where no recorded representative is registered, " +
			"the answer has a warning.",
		Roles: []domain.Role{domain.RoleOperator, domain.RoleProvider},
		Problems: []domain.Code{
			domain.CodePersonUnknown, domain.CodeNotAMinor, domain.CodeRepresentativeRecorded,
		},
		Example: `{"representative_id": "1c825553-b624-8752-a2f1-3f9e5fd3a0ef", "kind": "parent"}`,
	}, func(
		ctx context.Context, call operation.Call, in *recordRepresentativeInput,
	) (command.Receipt, representationChanged, error) {
		r, err := s.commands.RecordRepresentative(
			ctx, call.Command, in.ID, in.Body.RepresentativeID, in.Body.Kind, call.Options,
		)
		return r, representationChanged{PersonID: in.ID}, err
	})
}

type endRepresentationBody struct {
	RepresentativeID domain.PersonID `json:"representative_id" format:"uuid"`
	Reasons          string          `json:"reasons" minLength:"1" maxLength:"4000"`
}

type endRepresentationInput struct {
	ID domain.PersonID `path:"id" format:"uuid" doc:"The minor"`
	operation.Posted[endRepresentationBody]
}

func (s *Server) endRepresentation() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "end-representation", Path: "/v1/persons/{id}/representatives/removal", Tag: residenceTag,
		Of:      operation.OfPerson,
		Summary: "Record that a person no longer represents a minor, or never did",
		Roles:   []domain.Role{domain.RoleOperator, domain.RoleProvider},
		Problems: []domain.Code{
			domain.CodePersonUnknown, domain.CodeNotRepresentative, domain.CodeReasonsRequired,
		},
		Example: `{
			"representative_id": "1c825553-b624-8752-a2f1-3f9e5fd3a0ef", "reasons": "the guardianship has ended"
		}`,
	}, func(
		ctx context.Context, call operation.Call, in *endRepresentationInput,
	) (command.Receipt, representationChanged, error) {
		if err := notBlank("reasons", in.Body.Reasons); err != nil {
			return command.Receipt{}, representationChanged{}, err
		}
		r, err := s.commands.EndRepresentation(ctx, call.Command, in.ID, residence.EndRepresentation{
			RepresentativeID: in.Body.RepresentativeID, Reasons: domain.Personal(in.Body.Reasons),
		}, call.Options)
		return r, representationChanged{PersonID: in.ID}, err
	})
}

type representativesInput struct {
	ID domain.PersonID `path:"id" format:"uuid"`
}

type representativesFound struct {
	ETag string `header:"ETag" doc:"Revision of the person's stream, for If-Match"`
	Body struct {
		PersonID        domain.PersonID            `json:"person_id" format:"uuid"`
		Representatives []recordRepresentativeBody `json:"representatives"`
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
		p, err := s.commands.Person(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		if !p.Known() {
			return nil, domain.Refuse(domain.NotFound, domain.CodePersonUnknown, "no person with this id is recorded")
		}
		out := &representativesFound{ETag: operation.ETag(p.Revision())}
		out.Body.PersonID, out.Body.Representatives = in.ID, []recordRepresentativeBody{}
		for _, r := range p.Representatives {
			out.Body.Representatives = append(out.Body.Representatives, recordRepresentativeBody{r.PersonID, r.Kind})
		}
		return out, nil
	})
}
