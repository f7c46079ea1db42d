package httpapi

import (
	"context"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
)

func (s *Server) deathOperations() []operation.Operation {
	return []operation.Operation{
		s.recordDeath(),
		s.annulDeath(),
	}
}

type deathBody struct {
	DiedOn domain.Date `json:"died_on" format:"date"`
	Basis  *basisBody  `json:"basis" doc:"The record of the death"`
}

type deathInput struct {
	ID domain.PersonID `path:"id" format:"uuid"`
	operation.Posted[deathBody]
}

type deathRecorded struct {
	PersonID domain.PersonID `json:"person_id" format:"uuid"`
	Warnings []warningBody   `json:"warnings,omitempty" doc:"Children whom the death leaves without a representative, or without one at their home"`
	operation.Events
}

func (s *Server) recordDeath() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "record-death", Path: "/v1/persons/{id}/death", Tag: residenceTag,
		Of:      operation.OfPerson,
		Summary: "Record that a person has died",
		Doc: "The registrations end with the day of the death. From now on nobody acts or reads as this person. Within " +
			"seconds each entry of the person on a list comes under review (holder_died).",
		Roles: []domain.Role{domain.RoleOperator, domain.RoleProvider},
		Problems: codes{
			domain.CodePersonUnknown, domain.CodeDateInFuture, domain.CodeBeforeBirth,
			domain.CodeEndsBeforeBegin, domain.CodeHashFormat,
		},
		Example: `{
			"died_on": "2026-03-01",
			"basis": {
				"type": "other", "number": "0041177", "issued_on": "2026-03-02", "issuer": "АХАЖ бөлімі",
				"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
			}
		}`,
	}, func(ctx context.Context, call operation.Call, in *deathInput) (command.Receipt, deathRecorded, error) {
		out := deathRecorded{PersonID: in.ID}
		r, err := s.commands.RecordDeath(ctx, call.Command, in.ID, residence.RecordDeath{
			On: in.Body.DiedOn, Basis: in.Body.Basis.basis(),
		}, call.Options)
		s.living.forget(in.ID)
		for _, rec := range r.Events {
			switch e := rec.Event.(type) {
			case residence.PersonDied:
				out.Warnings = append(out.Warnings, warnings(e.Warnings)...)
			case residence.RegistrationEnded:
				out.Warnings = append(out.Warnings, warnings(e.Warnings)...)
			}
		}
		return r, out, err
	})
}

type annulDeathBody struct {
	Death   domain.EventRef `json:"death" maxLength:"80" doc:"The event that recorded the death, as stream@revision"`
	Reasons string          `json:"reasons" minLength:"1" maxLength:"4000"`
	Basis   *basisBody      `json:"basis" doc:"The document that shows it"`
}

type annulDeathInput struct {
	ID domain.PersonID `path:"id" format:"uuid"`
	operation.Posted[annulDeathBody]
}

type deathAnnulled struct {
	PersonID domain.PersonID `json:"person_id" format:"uuid"`
	operation.Events
}

func (s *Server) annulDeath() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "annul-death", Path: "/v1/persons/{id}/death/annulment", Tag: residenceTag,
		Of:      operation.OfPerson,
		Summary: "Annul a death that was recorded by mistake",
		Doc: "The registrations that the death ended hold again. A review that it opened goes on until the body " +
			"closes it. The person gets a notice.",
		Roles: []domain.Role{domain.RoleProvider},
		Problems: codes{
			domain.CodePersonUnknown, domain.CodeFactNotInForce, domain.CodeReasonsRequired, domain.CodeEventRefFormat,
			domain.CodeDateInFuture, domain.CodeHashFormat,
		},
		Example: `{
			"death": "residence-1c825553-b624-8752-a2f1-3f9e5fd3a0ef@4", "reasons": "the record of a namesake was read",
			"basis": {
				"type": "court_decision", "number": "2-114/2026", "issued_on": "2026-03-12", "issuer": "Алматы аудандық соты",
				"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
			}
		}`,
	}, func(ctx context.Context, call operation.Call, in *annulDeathInput) (command.Receipt, deathAnnulled, error) {
		out := deathAnnulled{PersonID: in.ID}
		if err := notBlank("reasons", in.Body.Reasons); err != nil {
			return command.Receipt{}, out, err
		}
		r, err := s.commands.AnnulDeath(ctx, call.Command, in.ID, residence.AnnulDeath{
			Death: in.Body.Death, Reasons: domain.Personal(in.Body.Reasons), Basis: in.Body.Basis.basis(),
		}, call.Options)
		return r, out, err
	})
}
