package httpapi

import (
	"context"
	"slices"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
)

func (s *Server) provisionOperations() []operation.Operation {
	return []operation.Operation{
		s.provideDwelling(),
	}
}

type provisionBody struct {
	DwellingID domain.DwellingID `json:"dwelling_id" format:"uuid"`
	UsefulArea int               `json:"useful_area" minimum:"1" maximum:"10000" doc:"Whole square metres"`
	Rooms      int               `json:"rooms" minimum:"1" maximum:"100"`
	Need       needCheckBody     `json:"need_check"`
	Declined   []domain.EntryID  `json:"declined,omitempty" maxItems:"1000" doc:"Entries that stand before and declined this dwelling in writing"`
	Minutes    string            `json:"minutes" minLength:"1" maxLength:"100" doc:"Number of the commission's minutes"`

	RegisterResidence bool        `json:"register_residence,omitempty" doc:"Register the holder in the dwelling too, moving the residence there; the provision is the consent of its owner"`
	RegisteredFrom    domain.Date `json:"registered_from,omitzero" format:"date" doc:"With register_residence: the first day, at the latest today; today where it is left out"`
}

type provisionInput struct {
	EntryPath
	operation.Posted[provisionBody]
}

type skipBody struct {
	EntryID domain.EntryID     `json:"entry_id" format:"uuid"`
	Reason  housing.SkipReason `json:"reason"`
}

type providedResidence struct {
	RegistrationID domain.RegistrationID `json:"registration_id,omitzero" format:"uuid"`
	Code           domain.Code           `json:"code,omitempty" doc:"Why there is none"`
	Reason         string                `json:"reason,omitempty"`
}

type provided struct {
	CaseID  domain.CaseID  `json:"case_id" format:"uuid" doc:"Of the decision to provide"`
	EntryID domain.EntryID `json:"entry_id" format:"uuid"`
	Skipped []skipBody     `json:"skipped" doc:"Entries that stood before, in order, and why each was skipped"`

	Residence *providedResidence `json:"residence,omitempty" doc:"The result of the registration, if one was asked for; the provision stands without it too"`
	operation.Events
}

func (s *Server) provideDwelling() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "provide-dwelling", Path: entryAddress + "/provision", Tag: housingTag,
		Summary: "Give a service dwelling to an entry",
		Doc: "The dwelling goes to the first entry in order that is eligible. An entry before it is skipped if the " +
			"dwelling does not fit the family " +
			"(less than 15 m² for each, or in more than one room above 18 m² for one person more), if it is under review, " +
			"or if the holder " +
			"declined this dwelling; the event names all that were skipped. The entry ends, " +
			"and the dwelling gets its one lease. " +
			"With register_residence the holder's residence is registered there too; if that is refused, " +
			"the provision stands and the answer says why.",
		Roles: []domain.Role{domain.RoleCommission},
		Problems: slices.Concat(entryProblems, needCheckProblems, []domain.Code{
			domain.CodeDwellingUnknown, domain.CodeEntryUnderReview, domain.CodeDwellingNotFit,
			domain.CodeNotFirstEligible, domain.CodeTooManySkipped, domain.CodeHolderChanged,
			domain.CodeDwellingLeased,
		}),
		Example: `{
			"dwelling_id": "208fa9b6-2196-5a43-b37e-82748063fe59", "useful_area": 54, "rooms": 2, "minutes": "12",
			"need_check": {"on": "2026-03-15", "source": "documents", "in_need": true},
			"register_residence": true
		}`,
	}, func(ctx context.Context, call operation.Call, in *provisionInput) (command.Receipt, provided, error) {
		out := provided{
			CaseID: domain.CaseID{UUID: domain.DeriveID(call.ID.UUID, "case")}, EntryID: in.EntryID, Skipped: []skipBody{},
		}
		r, err := s.commands.Provide(ctx, call.Command, housing.Provide{
			CaseID: out.CaseID, ListID: in.ListID, EntryID: in.EntryID,
			Dwelling: housing.ServiceDwelling{ID: in.Body.DwellingID, Area: in.Body.UsefulArea, Rooms: in.Body.Rooms},
			Need:     housing.NeedCheck(in.Body.Need), Declined: in.Body.Declined, Minutes: in.Body.Minutes,
			Register: in.Body.RegisterResidence, RegisteredFrom: in.Body.RegisteredFrom,
		}, call.Options)
		for _, rec := range r.Events {
			switch e := rec.Event.(type) {
			case housing.EntryProvided:
				for _, skip := range e.Skipped {
					out.Skipped = append(out.Skipped, skipBody(skip))
				}
			case housing.ProvisionCompleted:
				if e.Residence != (housing.Residence{}) {
					out.Residence = (*providedResidence)(&e.Residence)
				}
			}
		}
		return r, out, err
	})
}
