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
		s.declineDwelling(),
		s.leaveList(),
	}
}

type provisionBody struct {
	DwellingID domain.DwellingID `json:"dwelling_id" format:"uuid"`
	UsefulArea int               `json:"useful_area,omitempty" minimum:"1" maximum:"10000" doc:"The useful area in whole square metres. Where it is recorded, the recorded one counts, and this may be left out"`
	Rooms      int               `json:"rooms,omitempty" minimum:"1" maximum:"100" doc:"As useful_area: the recorded number counts"`
	Need       needCheckBody     `json:"need_check"`
	Declined   []domain.EntryID  `json:"declined,omitempty" maxItems:"1000" doc:"Entries whose holders declined this dwelling. Each has a recorded decline, or its document in decline_documents. An entry with a recorded decline is skipped whether or not it is named here"`
	Documents  []declineDocument `json:"decline_documents,omitempty" maxItems:"100" doc:"Declines that are not recorded yet. Each is recorded as an act of its holder, with this paper, when the dwelling is given"`

	RegisterResidence bool        `json:"register_residence,omitempty" doc:"true also registers the permanent residence of the holder at the dwelling; the provision counts as the consent of the owner"`
	RegisteredFrom    domain.Date `json:"registered_from,omitzero" format:"date" doc:"Only with register_residence: the first day of the registration, at the latest today. Default: today"`
	Minuted
	Accepting
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
	Code           domain.Code           `json:"code,omitempty" doc:"Why the residence was not registered"`
	Reason         string                `json:"reason,omitempty"`
}

type provided struct {
	CaseID  domain.CaseID  `json:"case_id" format:"uuid" doc:"The case of the decision to provide the dwelling"`
	EntryID domain.EntryID `json:"entry_id" format:"uuid"`
	Skipped []skipBody     `json:"skipped" doc:"The entries before this one that were skipped, in order, and why"`

	Residence *providedResidence `json:"residence,omitempty" doc:"The result of the registration, if one was asked for. If it was refused, the provision stands all the same"`
	operation.Events
}

func (s *Server) provideDwelling() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "provide-dwelling", Path: entryAddress + "/provision", Tag: housingTag,
		Of:      operation.OfEntry,
		Summary: "Give a service dwelling to an entry",
		Doc: "The dwelling is one of your stock that is let to nobody and offered to no other entry. It goes to the first entry in order that is eligible. An earlier entry is skipped if it " +
			"is under review, if its holder declined this dwelling by a recorded act, or if the dwelling does not fit the family: " +
			"it has less than 15 m² for each person, or it has several rooms and more than 18 m² for each person " +
			"even with one person more. The event names every entry that was skipped. The entry ends, and the " +
			"dwelling gets its one lease. With register_residence the holder's residence is registered there too; " +
			"if that is refused, the provision stands and the answer says why. A place that is recorded as not for " +
			"living is refused. What the registry's own records say against the need or the dwelling is a warning: " +
			"answer it with accept and accept_reasons.",
		Roles: []domain.Role{domain.RoleCommission},
		Problems: slices.Concat(entryProblems, needCheckProblems, meetingProblems, []domain.Code{
			domain.CodeDwellingUnknown, domain.CodeEntryUnderReview, domain.CodeDwellingNotFit,
			domain.CodeNotFirstEligible, domain.CodeTooManySkipped, domain.CodeHolderChanged,
			domain.CodeDwellingNotGiven, domain.CodeDwellingLeased, domain.CodeDwellingGone,
			domain.CodeDwellingNotInStock, domain.CodeDwellingOffered,
			domain.CodeDeclineNotRecorded, domain.CodeTooManyDeclined,
			domain.CodeNothingChanges, domain.CodeBasisRequired, domain.CodeHashFormat,
			domain.CodePlaceNotPermitted, domain.CodeReasonsRequired,
		}, contradictedByRecords),
		Example: `{
			"dwelling_id": "208fa9b6-2196-5a43-b37e-82748063fe59", "useful_area": 54, "rooms": 2,
			"minutes": {"number": "12"},
			"need_check": {"on": "2026-03-15", "source": "documents", "in_need": true},
			"register_residence": true
		}`,
	}, func(ctx context.Context, call operation.Call, in *provisionInput) (command.Receipt, provided, error) {
		out := provided{
			CaseID: domain.CaseID{
				UUID: domain.DeriveID(call.ID.UUID, "case"),
			}, EntryID: in.EntryID, Skipped: []skipBody{},
		}
		if call.Minutes = in.Body.stated(); call.Minutes == nil {
			return command.Receipt{}, out, domain.Refuse(domain.Invalid, domain.CodeMinutesRequired,
				"a dwelling is given by a decision of the commission: give its minutes, at least their number").At("minutes")
		}
		r, err := s.commands.Provide(ctx, call.Command, housing.Provide{
			CaseID: out.CaseID, ListID: in.ListID, EntryID: in.EntryID,
			Dwelling: housing.ServiceDwelling{ID: in.Body.DwellingID, Area: in.Body.UsefulArea, Rooms: in.Body.Rooms},
			Need:     housing.NeedCheck(in.Body.Need), Declined: in.Body.Declined,
			Documents: statedDeclines(in.Body.Documents), Minutes: call.Minutes.Number,
			Register: in.Body.RegisterResidence, RegisteredFrom: in.Body.RegisteredFrom,
			Accept: in.Body.accept(),
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
