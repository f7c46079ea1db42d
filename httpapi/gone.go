package httpapi

import (
	"context"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
)

type residentIntoBody struct {
	PersonID   domain.PersonID   `json:"person_id" format:"uuid"`
	DwellingID domain.DwellingID `json:"dwelling_id" format:"uuid" doc:"One of into"`
}

type endDwellingBody struct {
	How         residence.GoneHow   `json:"how" doc:"A dwelling is split into two or more, and merged into one"`
	Into        []domain.DwellingID `json:"into,omitempty" maxItems:"100" format:"uuid" doc:"The dwellings that are made of it, recorded before with made_from; none if it is demolished"`
	Residents   []residentIntoBody  `json:"residents,omitempty" maxItems:"500" doc:"In which of into the registrations of each person go on who is registered there. If the dwelling is merged, it can be left out"`
	EffectiveOn domain.Date         `json:"effective_on,omitzero" format:"date" doc:"The first day on which the dwelling is no more. Default: today"`
	Basis       *basisBody          `json:"basis"`
}

type endDwellingInput struct {
	ID domain.DwellingID `path:"id" format:"uuid"`
	operation.Posted[endDwellingBody]
}

func (s *Server) endDwelling() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "end-dwelling", Path: "/v1/dwellings/{id}/end", Tag: residenceTag,
		Of:      operation.OfDwelling,
		Summary: "Record that a dwelling was demolished, split, or merged with others",
		Doc: "From then on the dwelling takes no registration, no lease and no act on its owners (dwelling_gone). It is " +
			"refused while the dwelling is let or offered, while a change of its owners waits, and, if it is demolished, while somebody is " +
			"registered there; the refusal names all of it. If it is split or merged, record the new dwellings first, with " +
			"made_from and their owners. The registrations go on in them without a gap, by no consent and no " +
			"application, and each resident and owner is told. To merge two dwellings, end each of them into the same one.",
		Roles: []domain.Role{domain.RoleProvider},
		Problems: basisProblems.and(
			domain.CodeDwellingUnknown, domain.CodeDwellingGone, domain.CodeDwellingInhabited, domain.CodeDwellingLeased,
			domain.CodeProposalPending, domain.CodeResidentNotAssigned, domain.CodeNotMadeFrom, domain.CodePartWithoutOwners,
			domain.CodePartInOtherStock, domain.CodeDwellingOffered,
			domain.CodeNotRegisteredHere, domain.CodeNamedTwice, domain.CodeMemberNotAllowed, domain.CodeDateInFuture,
			domain.CodeEffectiveTooEarly,
		),
		Example: `{
			"how": "demolished", "effective_on": "2026-03-10",
			"basis": {
				"type": "title_document", "number": "6-12", "issued_on": "2026-03-10", "issuer": "Астана қаласының әкімдігі",
				"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
			}
		}`,
	}, func(ctx context.Context, call operation.Call, in *endDwellingInput) (command.Receipt, recordedDwelling, error) {
		c := residence.EndDwelling{
			How: in.Body.How, Into: in.Body.Into, On: in.Body.EffectiveOn, Basis: in.Body.Basis.basis(),
		}
		out := recordedDwelling{DwellingID: in.ID}
		for _, r := range in.Body.Residents {
			c.Residents = append(c.Residents, residence.ResidentInto(r))
			if err := s.inRequest(ctx, domain.DwellingID{}, r.PersonID); err != nil {
				return command.Receipt{}, out, err
			}
		}
		r, err := s.commands.EndDwelling(ctx, call.Command, in.ID, c, call.Options)
		return r, out, err
	})
}

// goneBody is what became of a dwelling that is no more.
type goneBody struct {
	How  residence.GoneHow   `json:"how" values:"open"`
	On   domain.Date         `json:"on" format:"date" doc:"The first day on which it is no more"`
	Into []domain.DwellingID `json:"into,omitempty" format:"uuid" doc:"What was made of it"`
}

// goneOn returns what became of the dwelling by the day; nil where it stood then.
func goneOn(how residence.GoneHow, on domain.Date, into []domain.DwellingID, day domain.Date) *goneBody {
	if how == "" || day.Before(on) {
		return nil
	}
	return &goneBody{how, on, into}
}
