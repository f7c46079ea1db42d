package httpapi

import (
	"context"
	"net/http"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
)

func (s *Server) registrationOperations() []operation.Operation {
	return []operation.Operation{
		s.registerResidence(),
	}
}

type consentBody struct {
	PersonID domain.PersonID `json:"person_id" format:"uuid" doc:"The owner or tenant who consents"`
	GivenOn  domain.Date     `json:"given_on,omitzero" format:"date"`
	Basis    *basisBody      `json:"basis,omitempty" doc:"The signed consent; the rules can demand it"`
	Representing
}

// warningBody is something that the rules allow and a person should look at.
type warningBody struct {
	Code     domain.Code     `json:"code"`
	PersonID domain.PersonID `json:"person_id,omitzero" format:"uuid" doc:"The person whom the warning concerns"`
	Text     string          `json:"text"`
}

type registered struct {
	RegistrationID domain.RegistrationID   `json:"registration_id" format:"uuid"`
	PersonID       domain.PersonID         `json:"person_id" format:"uuid"`
	Ended          []domain.RegistrationID `json:"ended,omitempty" doc:"The registrations that this move ended"`
	Warnings       []warningBody           `json:"warnings,omitempty" doc:"What the rules allow, but a person should look at"`
	operation.Events
}

type kinshipBody struct {
	Kind     residence.KinshipKind `json:"kind"`
	PersonID domain.PersonID       `json:"person_id" format:"uuid" doc:"The relative who is registered there"`
}

type registerBody struct {
	PersonID      domain.PersonID   `json:"person_id" format:"uuid"`
	DwellingID    domain.DwellingID `json:"dwelling_id" format:"uuid"`
	Kind          residence.Kind    `json:"kind"`
	EffectiveFrom domain.Date       `json:"effective_from" format:"date" doc:"First day of the registration, at the latest today"`
	Until         domain.Date       `json:"until,omitzero" format:"date" doc:"Only for a temporary registration: the first day on which it no longer holds, one month to one year after effective_from"`
	Consents      []consentBody     `json:"consents,omitempty" maxItems:"100" doc:"The consents of all owners of the dwelling or, if it is let, of its tenant. For an owner that is no person its agent consents; for a day in the past the owners of that day consent too. A person who registers in their own dwelling does not need their own consent"`
	ConsentGround *basisBody        `json:"consent_ground,omitempty" doc:"Only where nobody can consent, as no owner and no tenant is recorded or nobody speaks for an owner: the document on which the person registers, such as a decision of a court"`
	Kinship       *kinshipBody      `json:"kinship,omitempty" doc:"The kinship to a person who is registered there; a local norm of occupancy may exempt relatives"`
}

type registerInput struct{ operation.Posted[registerBody] }

func (s *Server) registerResidence() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "register-residence", Path: "/v1/registrations", Tag: residenceTag, Status: http.StatusCreated,
		Of:      operation.OfRequest,
		Summary: "Register a residence or a temporary stay",
		Doc: "A permanent registration ends the earlier permanent one, on the same day and in the same append. A " +
			"temporary registration ends no other.",
		Roles: []domain.Role{domain.RoleOperator, domain.RoleProvider},
		Problems: basisProblems.and(
			domain.CodeDateInFuture, domain.CodePersonUnknown, domain.CodeDwellingUnknown,
			domain.CodeUntilRequired, domain.CodeUntilNotAllowed, domain.CodeUntilBeforeFrom,
			domain.CodeTemporaryTooShort, domain.CodeTemporaryTooLong, domain.CodeRegisteredHere,
			domain.CodeTemporaryActive, domain.CodePeriodOverlaps, domain.CodeBeforeBirth, domain.CodeConsentTooEarly,
			domain.CodeOwnersConsent, domain.CodePlaceNotPermitted, domain.CodeNotInLease,
			domain.CodeOccupancyNorm, domain.CodeNobodyConsents, domain.CodeDwellingGone, domain.CodeMemberNotAllowed,
			domain.CodeRepresentative,
		),
		Example: `{
			"person_id": "1c825553-b624-8752-a2f1-3f9e5fd3a0ef", "dwelling_id": "208fa9b6-2196-5a43-b37e-82748063fe59",
			"kind": "permanent", "effective_from": "2026-03-01",
			"consents": [{"person_id": "47c0d5bc-cd31-8c35-a3de-ee3c2a772f0e"}]
		}`,
	}, func(ctx context.Context, call operation.Call, in *registerInput) (command.Receipt, registered, error) {
		out := registered{
			RegistrationID: domain.RegistrationID{UUID: domain.DeriveID(call.ID.UUID, "registration")},
			PersonID:       in.Body.PersonID,
		}
		if err := s.inRequest(ctx, in.Body.DwellingID, in.Body.PersonID); err != nil {
			return command.Receipt{}, out, err
		}
		c := residence.Register{
			RegistrationID: out.RegistrationID, DwellingID: in.Body.DwellingID, Kind: in.Body.Kind,
			From: in.Body.EffectiveFrom, Until: in.Body.Until, ConsentGround: in.Body.ConsentGround.basis(),
		}
		for i, consent := range in.Body.Consents {
			if consent.PersonID != in.Body.PersonID { // who registers consents by applying
				given, err := s.acting(ctx, call.Command, consent.PersonID, consent.Representing)
				if err != nil {
					return command.Receipt{}, out, err
				}
				if call.Barred == nil {
					call.Barred = atField(given.Barred, domain.Path("consents", i, "represented_by"))
				}
			}
			c.Consents = append(c.Consents, residence.Consent{
				PersonID: consent.PersonID, GivenOn: consent.GivenOn, Basis: consent.Basis.basis(),
				RepresentedBy: consent.RepresentedBy,
			})
		}
		if k := in.Body.Kinship; k != nil {
			c.Kinship = residence.Kinship(*k)
		}
		r, err := s.commands.Register(ctx, call.Command, in.Body.PersonID, c, call.Options)
		for _, rec := range r.Events {
			switch e := rec.Event.(type) {
			case residence.RegistrationEnded:
				out.Ended = append(out.Ended, e.RegistrationID)
				out.Warnings = append(out.Warnings, warnings(e.Warnings)...)
			case residence.RegistrationBegan:
				out.Warnings = append(out.Warnings, warnings(e.Warnings)...)
			}
		}
		return r, out, err
	})
}

// warningTexts explain each warning.
var warningTexts = map[domain.Code]string{
	domain.CodeAreaUnknown: "a norm of occupancy is in force in this territory, and the useful area of the dwelling " +
		"is not recorded: record it with POST /v1/dwellings/{id}/description",
	domain.CodeChildLeft: "a child under the age of registering in their own right stays at the dwelling, " +
		"and none of the representatives who are recorded resides there any more",
	domain.CodeChildNowhere: "this leaves a child registered nowhere",
	domain.CodeChildAlone: "this leaves a child without a legal representative who is recorded and alive: the body of " +
		"guardianship must learn of it",
	domain.CodeChildApart: "the residence of a child under the age of registering in their own right is that of a " +
		"legal representative, and none who is recorded resides at this dwelling",
}

func warnings(list []residence.Warning) []warningBody {
	var bodies []warningBody
	for _, w := range list {
		bodies = append(bodies, warningBody{w.Code, w.PersonID, warningTexts[w.Code]})
	}
	return bodies
}
