package httpapi

import (
	"context"
	"net/http"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
)

// ownershipConsequence is a code that a correction of owners can accept.
type ownershipConsequence domain.Code

var ownershipConsequences = as[ownershipConsequence](residence.OwnershipConsequences)

// ownershipAction is what a correction does to a change of owners.
type ownershipAction residence.CorrectionAction

var ownershipActions = []ownershipAction{ownershipAction(residence.Annul), ownershipAction(residence.Amend)}

type correctOwnersBody struct {
	Event       domain.EventRef            `json:"event" maxLength:"80" doc:"The change of owners to correct, also if it was corrected before: its event in the history of the dwelling, as stream@revision"`
	Action      ownershipAction            `json:"action" doc:"annul: there was no such change. correct: it named others or had another day; an annulled change is then in force again"`
	Owners      []ownerBody                `json:"owners,omitempty" maxItems:"100" doc:"Only to correct: all owners from the day on. Default: as recorded"`
	EffectiveOn domain.Date                `json:"effective_on,omitzero" format:"date" doc:"Only to correct: the right first day. Default: as recorded"`
	Ground      residence.CorrectionGround `json:"ground" doc:"Any but clock_error"`
	Reasons     string                     `json:"reasons" minLength:"1" maxLength:"4000"`
	Basis       *basisBody                 `json:"basis" doc:"The document that shows who owned the dwelling, and when"`
	Accept      []ownershipConsequence     `json:"accept,omitempty" maxItems:"10" doc:"The codes of the consequences that you accept; a refusal lists them"`
}

type correctOwnersInput struct {
	ID domain.DwellingID `path:"id" format:"uuid"`
	operation.Posted[correctOwnersBody]
}

type titleBody struct {
	Owners      []ownerBody `json:"owners"`
	EffectiveOn domain.Date `json:"effective_on" format:"date"`
	Annulled    bool        `json:"annulled,omitempty"`
}

type ownersCorrected struct {
	DwellingID domain.DwellingID `json:"dwelling_id" format:"uuid"`
	Was        titleBody         `json:"was"`
	Now        titleBody         `json:"now"`
	Owners     []ownerBody       `json:"owners" doc:"The present owners after the correction"`
	operation.Events
}

func shownTitle(t residence.Ownership) titleBody {
	return titleBody{shownOwners(t.Owners), t.On, t.Void}
}

func (s *Server) correctOwners() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "correct-owners", Path: "/v1/dwellings/{id}/owners/corrections", Tag: residenceTag, Status: http.StatusCreated,
		Of:      operation.OfDwelling,
		Summary: "Correct or annul a change of owners that was recorded wrongly",
		Doc: "The change stays in the history; the correction is another event. Everybody whom either names is told. " +
			"If somebody may have been registered, or the dwelling given for service housing, by who was no owner, " +
			"the refusal lists these consequences: accept them by their codes. They undo nothing else.",
		Roles: []domain.Role{domain.RoleProvider},
		Problems: ownerProblems.and(
			domain.CodeDwellingUnknown, domain.CodeFactUnknown, domain.CodeFactNotInForce, domain.CodeEventRefFormat,
			domain.CodeGroundUnknown, domain.CodeReasonsRequired, domain.CodeBasisRequired, domain.CodeProposalPending,
			domain.CodeNothingChanges, domain.CodeTitleOrder, domain.CodeDeciderRecused, domain.CodeConsequences,
			domain.CodeResidentsAdmitted, domain.CodeGivenByOwners,
		),
		Example: `{
			"event": "dwelling-8f4b7c2e-5d1a-5e3b-9c7d-2a6f1e0b4c35@1", "action": "correct", "effective_on": "2026-03-02",
			"ground": "clerical_error", "reasons": "the desk mistook the day",
			"basis": {
				"type": "title_document", "number": "17-304/2026", "issued_on": "2026-03-02",
				"issuer": "нотариус Б. Сейітова",
				"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
			}
		}`,
	}, func(ctx context.Context, call operation.Call, in *correctOwnersInput) (command.Receipt, ownersCorrected, error) {
		out := ownersCorrected{DwellingID: in.ID}
		c := residence.CorrectOwners{
			Corrects: in.Body.Event, Action: residence.CorrectionAction(in.Body.Action), On: in.Body.EffectiveOn,
			Ground: in.Body.Ground, Reasons: domain.Personal(in.Body.Reasons), Basis: in.Body.Basis.basis(),
			Accept: as[domain.Code](in.Body.Accept), Official: operation.Caller(ctx).PersonID,
		}
		if in.Body.Owners != nil {
			c.Owners = owners(in.Body.Owners)
		}
		r, err := s.commands.CorrectOwners(ctx, call.Command, in.ID, c, call.Options)
		for _, rec := range r.Events {
			if e, ok := rec.Event.(residence.OwnersCorrected); ok {
				out.Was, out.Now, out.Owners = shownTitle(e.Was), shownTitle(e.Now), shownOwners(e.Owners)
			}
		}
		return r, out, err
	})
}
