package httpapi

import (
	"context"
	"net/http"
	"time"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
)

type consentBody struct {
	PersonID domain.PersonID `json:"person_id" format:"uuid" doc:"Owner or tenant who consents"`
	GivenOn  domain.Date     `json:"given_on,omitzero" format:"date"`
}

type registerBody struct {
	PersonID      domain.PersonID   `json:"person_id" format:"uuid"`
	DwellingID    domain.DwellingID `json:"dwelling_id" format:"uuid"`
	Kind          residence.Kind    `json:"kind" enum:"permanent,temporary"`
	EffectiveFrom domain.Date       `json:"effective_from" format:"date" doc:"First day of the registration, at the latest today"`
	Until         domain.Date       `json:"until,omitzero" format:"date" doc:"Temporary only: the first day on which it no longer holds, one month to one year after effective_from"`
	Consents      []consentBody     `json:"consents,omitempty" maxItems:"100" doc:"Of every owner of the dwelling or, where it is let, of its tenant; who registers at their own needs none of their own"`
	Kinship       *kinshipBody      `json:"kinship,omitempty" doc:"To somebody who is registered there; a local norm of occupancy may exempt it"`
}

type kinshipBody struct {
	Kind     residence.KinshipKind `json:"kind" enum:"spouse,child,close_relative"`
	PersonID domain.PersonID       `json:"person_id" format:"uuid" doc:"Who is registered there"`
}

type registerInput struct{ Posted[registerBody] }

type registered struct {
	RegistrationID domain.RegistrationID   `json:"registration_id" format:"uuid"`
	PersonID       domain.PersonID         `json:"person_id" format:"uuid"`
	Ended          []domain.RegistrationID `json:"ended,omitempty" doc:"Registrations that this move ended"`
	Warnings       []warningBody           `json:"warnings,omitempty" doc:"What nothing forbids and a person should look at"`
	Events
}

type documentBody struct {
	Type        domain.DocumentType `json:"type" enum:"identity_card,passport,residence_permit,stateless_certificate,refugee_certificate,birth_certificate,application,exit_permission,court_decision,other"`
	Number      string              `json:"number,omitempty" maxLength:"64"`
	PersonID    domain.PersonID     `json:"person_id,omitzero" format:"uuid" doc:"Whom the document identifies or concerns"`
	DwellingID  domain.DwellingID   `json:"dwelling_id,omitzero" format:"uuid" doc:"Court decision: the dwelling it speaks of"`
	InForceOn   domain.Date         `json:"in_force_on,omitzero" format:"date" doc:"Court decision: the day it took legal force"`
	Surrendered bool                `json:"surrendered,omitempty" doc:"Handed over to the provider (departure abroad)"`
}

type deregisterBody struct {
	Channel        domain.Channel    `json:"channel" enum:"portal,state_corporation,provider_at_state_corporation,provider"`
	Language       domain.Language   `json:"language,omitempty" enum:"kk,ru,en" default:"kk"`
	Ground         residence.Ground  `json:"ground" enum:"owner_application,departure_abroad,court_decision"`
	DwellingID     domain.DwellingID `json:"dwelling_id" format:"uuid"`
	ApplicantID    domain.PersonID   `json:"applicant_id" format:"uuid"`
	Persons        []domain.PersonID `json:"persons" minItems:"1" maxItems:"100" doc:"Persons to deregister"`
	Documents      []documentBody    `json:"documents,omitempty" maxItems:"300"`
	DepartureSheet bool              `json:"departure_sheet,omitempty" doc:"Ask for a departure sheet"`
	Signature      signatureBody     `json:"signature"`
}

type deregisterInput struct{ Posted[deregisterBody] }

type deregistered struct {
	CaseID    domain.CaseID     `json:"case_id" format:"uuid"`
	Results   []resultBody      `json:"results,omitempty" doc:"One for each person, in the order of the application; none while the case waits for co-owners"`
	CoOwners  []domain.PersonID `json:"co_owners,omitempty" doc:"Who must confirm the application first, with POST /v1/cases/{id}/confirmation"`
	ConfirmBy time.Time         `json:"confirm_by,omitzero" doc:"Until when"`
	Events
}

type confirmationBody struct {
	Outcome   residence.Answer `json:"outcome" enum:"confirm,decline,revoke" doc:"revoke takes your confirmation back, as long as another co-owner is silent"`
	Signature signatureBody    `json:"signature"`
}

type confirmationInput struct {
	ID domain.CaseID `path:"id" format:"uuid"`
	Posted[confirmationBody]
}

type confirmed struct {
	CaseID  domain.CaseID `json:"case_id" format:"uuid"`
	Results []resultBody  `json:"results,omitempty" doc:"One for each person, where your answer was the one that decided"`
	Events
}

type coOwnerBody struct {
	PersonID domain.PersonID        `json:"person_id" format:"uuid"`
	State    residence.Confirmation `json:"state" enum:"requested,confirmed,declined,lapsed"`
}

func (s *Server) registrations() {
	post(s, operation{
		id: "register-residence", path: "/v1/registrations", tag: "Residence", status: http.StatusCreated,
		summary: "Register a residence or a temporary stay",
		doc:     "A permanent registration ends the permanent one before it, on the same day and in the same append. A temporary one leaves it alone.",
	}, func(ctx context.Context, cmd domain.Command, opt command.Options, in *registerInput) (command.Receipt, registered, error) {
		out := registered{
			RegistrationID: domain.RegistrationID{UUID: domain.DeriveID(cmd.ID.UUID, "registration")}, PersonID: in.Body.PersonID,
		}
		c := residence.Register{
			RegistrationID: out.RegistrationID, DwellingID: in.Body.DwellingID, Kind: in.Body.Kind,
			From: in.Body.EffectiveFrom, Until: in.Body.Until,
		}
		for _, consent := range in.Body.Consents {
			c.Consents = append(c.Consents, residence.Consent(consent))
		}
		if k := in.Body.Kinship; k != nil {
			c.Kinship = residence.Kinship(*k)
		}
		r, err := s.commands.Register(ctx, cmd, in.Body.PersonID, c, opt)
		for _, rec := range r.Events {
			switch e := rec.Event.(type) {
			case residence.RegistrationEnded:
				out.Ended = append(out.Ended, e.RegistrationID)
				out.Warnings = append(out.Warnings, warnings(e.Warnings)...)
			case residence.RegistrationBegan:
				out.Warnings = append(out.Warnings, warnings(e.Warnings)...)
			}
		}
		out.Events = eventsOf(r)
		return r, out, err
	})

	post(s, operation{
		id: "deregister", path: "/v1/deregistrations", tag: "Residence", status: http.StatusCreated,
		summary: "Deregister at the place of residence (S001)",
		doc: "One application for one or more persons; each gets a result of its own. " +
			"Which channel is open depends on the class of the applicant and the ground.",
	}, func(ctx context.Context, cmd domain.Command, opt command.Options, in *deregisterInput) (command.Receipt, deregistered, error) {
		out := deregistered{CaseID: domain.CaseID{UUID: domain.DeriveID(cmd.ID.UUID, "case")}}
		cmd, err := file(cmd, principal(ctx), in.Body.Channel, in.Body.ApplicantID)
		if err != nil {
			return command.Receipt{}, out, err
		}
		if opt.Signed, err = s.signed(in.Posted.signing(), in.Body.Signature); err != nil {
			return command.Receipt{}, out, err
		}
		r, err := s.commands.Deregister(ctx, cmd, residence.ApplyForDeregistration{
			CaseID: out.CaseID, Language: in.Body.Language, Ground: in.Body.Ground, DwellingID: in.Body.DwellingID,
			ApplicantID: in.Body.ApplicantID, Persons: in.Body.Persons, Documents: documents(in.Body.Documents),
			DepartureSheet: in.Body.DepartureSheet, Signature: in.Body.Signature.Method,
		}, opt)
		for _, rec := range r.Events {
			switch e := rec.Event.(type) {
			case residence.DeregistrationApplied:
				out.CoOwners, out.ConfirmBy = e.CoOwners, e.ConfirmBy
			case residence.DeregistrationDecided:
				out.Results = results(e.Results)
			}
		}
		out.Events = eventsOf(r)
		return r, out, err
	})

	post(s, operation{
		id: "confirm-deregistration", path: "/v1/cases/{id}/confirmation", tag: "Residence", status: http.StatusOK,
		summary: "Answer a co-owner's application to deregister",
		doc: "An application on the portal by one owner of several waits until all others have confirmed it. " +
			"With the last confirmation it is carried out; with the first decline it is refused.",
	}, func(ctx context.Context, cmd domain.Command, opt command.Options, in *confirmationInput) (command.Receipt, confirmed, error) {
		out := confirmed{CaseID: in.ID}
		cmd.Channel = domain.ChannelPortal
		var err error
		if opt.Signed, err = s.signed(in.Posted.signing(), in.Body.Signature); err != nil {
			return command.Receipt{}, out, err
		}
		r, err := s.commands.Answer(ctx, cmd, in.ID, residence.AnswerApplication{
			PersonID: principal(ctx).PersonID, Answer: in.Body.Outcome, Signature: in.Body.Signature.Method,
		}, opt)
		for _, rec := range r.Events {
			if e, ok := rec.Event.(residence.DeregistrationDecided); ok {
				out.Results = results(e.Results)
			}
		}
		out.Events = eventsOf(r)
		return r, out, hide(ctx, err)
	})
}

// file puts an application on its channel: it must be one that the caller
// serves, and a citizen applies for nobody else.
func file(cmd domain.Command, p Principal, channel domain.Channel, applicant domain.PersonID) (domain.Command, error) {
	if !channel.OpenTo(p.Role) {
		return cmd, domain.Refuse(domain.Forbidden, domain.CodeChannelNotOfRole,
			"the role %s does not file through the channel %s", p.Role, channel).At("channel")
	}
	if p.Role == domain.RoleCitizen && p.PersonID != applicant {
		return cmd, domain.Refuse(domain.Forbidden, domain.CodeApplicantNotYou,
			"through the portal you apply for yourself: applicant_id is your own person id").At("applicant_id")
	}
	cmd.Channel = channel
	return cmd, nil
}

func documents(bodies []documentBody) []domain.Document {
	list := make([]domain.Document, len(bodies))
	for i, b := range bodies {
		list[i] = domain.Document{
			Type: b.Type, Number: domain.Personal(b.Number), PersonID: b.PersonID,
			DwellingID: b.DwellingID, InForceOn: b.InForceOn, Surrendered: b.Surrendered,
		}
	}
	return list
}

// resultBody is the result of one person of an S001 case.
type resultBody struct {
	PersonID domain.PersonID         `json:"person_id" format:"uuid"`
	Outcome  string                  `json:"outcome" enum:"deregistered,refused"`
	Ended    []domain.RegistrationID `json:"ended,omitempty" doc:"Registrations that were ended"`
	Warnings []warningBody           `json:"warnings,omitempty" doc:"What nothing forbids and a person should look at"`
	Code     domain.Code             `json:"code,omitempty"`
	Reason   string                  `json:"reason,omitempty"`
}

func results(list []residence.Result) []resultBody {
	bodies := make([]resultBody, len(list))
	for i, r := range list {
		bodies[i] = resultBody{PersonID: r.PersonID, Outcome: "refused", Ended: r.Ended, Warnings: warnings(r.Warnings), Code: r.Code, Reason: r.Reason}
		if r.Granted() {
			bodies[i].Outcome = "deregistered"
		}
	}
	return bodies
}
