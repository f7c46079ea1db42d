package httpapi

import (
	"context"
	"slices"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
)

// employmentBody is the employment or the office that an applicant states.
type employmentBody struct {
	Employer string      `json:"employer" minLength:"1" maxLength:"300" doc:"The body, as its list names it" example:"ҚР Қорғаныс министрлігі"`
	Office   string      `json:"office" minLength:"1" maxLength:"300" doc:"The office or the work"`
	Since    domain.Date `json:"since" format:"date" doc:"The first day of the service: at the latest today"`
	Basis    *basisBody  `json:"basis" doc:"The document that shows it, such as a certificate of the employer"`
}

// stated is the service; none for nil.
func (b *employmentBody) stated() housing.ServiceStated {
	if b == nil {
		return housing.ServiceStated{}
	}
	return housing.ServiceStated{
		Employer: domain.Personal(b.Employer), Office: domain.Personal(b.Office), Since: b.Since, Basis: b.Basis.basis(),
	}
}

// serviceOf is the body of a service; nil where none is stated.
func serviceOf(s housing.ServiceStated) *employmentBody {
	if s.IsZero() {
		return nil
	}
	return &employmentBody{string(s.Employer), string(s.Office), s.Since, &basisBody{
		s.Basis.Type, string(s.Basis.Number), s.Basis.IssuedOn, string(s.Basis.Issuer), string(s.Basis.SHA256),
	}}
}

type serviceEndBody struct {
	On      domain.Date `json:"on" format:"date" doc:"The last day of the service: at the latest today"`
	Basis   *basisBody  `json:"basis" doc:"The document that shows it, such as the order of the dismissal"`
	Reasons string      `json:"reasons" minLength:"1" maxLength:"4000"`
}

type serviceEndInput struct {
	EntryPath
	operation.Posted[serviceEndBody]
}

func (s *Server) endService() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "end-service", Path: entryAddress + "/service-end", Tag: housingTag,
		Of:      operation.OfEntry,
		Summary: "Record that the holder serves no more in the body whose list it is",
		Doc: "The entry keeps its number and comes under review, with a last day that the holder is told. If another review " +
			"goes on, the end of the service is judged in that one. The review ends with a removal, or is closed.",
		Roles: []domain.Role{domain.RoleOperator, domain.RoleCommission},
		Problems: slices.Concat(entryProblems, basisProblems, []domain.Code{
			domain.CodeDateInFuture, domain.CodeNothingChanges, domain.CodeReasonsRequired,
		}),
		Example: `{
			"on": "2026-03-10", "reasons": "dismissed at his own wish",
			"basis": {"type": "other", "number": "31-к", "issued_on": "2026-03-10", "issuer": "ҚР Қорғаныс министрлігі",
				"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}
		}`,
	}, func(ctx context.Context, call operation.Call, in *serviceEndInput) (command.Receipt, entryChanged, error) {
		r, err := s.commands.EndService(ctx, call.Command, in.ListID, housing.EndService{
			EntryID: in.EntryID, On: in.Body.On, Basis: in.Body.Basis.basis(), Reasons: domain.Personal(in.Body.Reasons),
		}, call.Options)
		return r, entryChanged{EntryID: in.EntryID}, err
	})
}

type serviceEndUndoBody struct {
	End     domain.EventRef `json:"service_end" maxLength:"80" doc:"The event that recorded the end of the service, as stream@revision; the history of the person names it"`
	Basis   *basisBody      `json:"basis" doc:"The document that shows the mistake"`
	Reasons string          `json:"reasons" minLength:"1" maxLength:"4000"`
}

type serviceEndUndoInput struct {
	EntryPath
	operation.Posted[serviceEndUndoBody]
}

func (s *Server) undoServiceEnd() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "undo-service-end", Path: entryAddress + "/service-end/undo", Tag: housingTag,
		Of:      operation.OfEntry,
		Summary: "Undo an end of service that was recorded by mistake",
		Doc: "A review that was opened for it ends, and the year until the next confirmation of the entry begins anew. " +
			"Every other review goes on. The holder gets a notice.",
		Roles: []domain.Role{domain.RoleCommission},
		Problems: slices.Concat(entryProblems, basisProblems, []domain.Code{
			domain.CodeFactUnknown, domain.CodeReasonsRequired, domain.CodeDateInFuture,
		}),
		Example: `{
			"service_end": "queue-1dff55d9-aad9-56f1-9741-f1f1b2d2e58a@7", "reasons": "the order was of a namesake",
			"basis": {"type": "other", "number": "32-к", "issued_on": "2026-03-14", "issuer": "ҚР Қорғаныс министрлігі",
				"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}
		}`,
	}, func(ctx context.Context, call operation.Call, in *serviceEndUndoInput) (command.Receipt, entryChanged, error) {
		r, err := s.commands.UndoServiceEnd(ctx, call.Command, in.ListID, housing.UndoServiceEnd{
			EntryID: in.EntryID, End: in.Body.End, Basis: in.Body.Basis.basis(), Reasons: domain.Personal(in.Body.Reasons),
		}, call.Options)
		return r, entryChanged{EntryID: in.EntryID}, err
	})
}
