package httpapi

import (
	"context"
	"fmt"
	"net/http"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
)

func (s *Server) correctionOperations() []operation.Operation {
	return []operation.Operation{
		s.correctResidence(),
	}
}

type amendmentBody struct {
	Event          domain.EventRef            `json:"event,omitzero" maxLength:"80" doc:"The fact to correct, as stream@revision. The other way to name it is registration_id and fact"`
	RegistrationID domain.RegistrationID      `json:"registration_id,omitzero" format:"uuid"`
	Fact           string                     `json:"fact,omitempty" enum:"beginning,ending" doc:"Which fact of the registration: its beginning (the default), or the ending in force"`
	Action         residence.CorrectionAction `json:"action" doc:"insert adds a registration. To add a registration that was forgotten, name no fact. To replace a registration, name its beginning: it is annulled, and the new one takes its place"`
	EffectiveFrom  domain.Date                `json:"effective_from,omitzero" format:"date" doc:"The right first day, for a beginning or with insert"`
	Until          domain.Date                `json:"until,omitzero" format:"date" doc:"The right term of a temporary registration, for its beginning or with insert"`
	EndedOn        domain.Date                `json:"ended_on,omitzero" format:"date" doc:"The right day of the ending: the first day on which the registration no longer holds. For an ending, or with insert if that registration has ended"`
	DwellingID     domain.DwellingID          `json:"dwelling_id,omitzero" format:"uuid" doc:"Only with insert. Default: the dwelling of the registration that is replaced"`
	Kind           residence.Kind             `json:"kind,omitempty" doc:"Only with insert. Default: the kind of the registration that is replaced"`
	Reason         residence.Reason           `json:"reason,omitempty" doc:"The reason of the ending; only with insert. Default: the reason of the registration that is replaced"`
}

// consequence is a code that a correction can accept.
type consequence domain.Code

var consequences = as[consequence](residence.AcceptableConsequences)

type correctBody struct {
	Ground  residence.CorrectionGround `json:"ground"`
	Reasons string                     `json:"reasons" minLength:"1" maxLength:"4000"`
	Changes []amendmentBody            `json:"changes" minItems:"1" maxItems:"50" doc:"The changes are made together, in this order; only the final result is checked"`
	Accept  []consequence              `json:"accept,omitempty" maxItems:"10" doc:"The codes of the consequences that you accept; a dry run lists them"`
}

type correctInput struct {
	ID domain.PersonID `path:"id" format:"uuid"`
	operation.Posted[correctBody]
}

// StandingBody is a registration as it stands. It is embedded: huma sees the members of
// exported types only.
type StandingBody struct {
	EffectiveFrom domain.Date      `json:"effective_from" format:"date"`
	Until         domain.Date      `json:"until,omitzero" format:"date"`
	EndedOn       domain.Date      `json:"ended_on,omitzero" format:"date"`
	Reason        residence.Reason `json:"reason,omitempty" values:"open"`
	CaseID        domain.CaseID    `json:"case_id,omitzero" format:"uuid"`
	Annulled      bool             `json:"annulled,omitempty" doc:"true if the registration was annulled: it counts as one that never existed"`
}

type correctedBody struct {
	RegistrationID domain.RegistrationID `json:"registration_id" format:"uuid"`
	Corrects       domain.EventRef       `json:"corrects,omitzero" doc:"The fact that was corrected, as stream@revision; left out for a forgotten registration that was added"`
	Was            StandingBody          `json:"was"`
	Now            StandingBody          `json:"now"`
}

// lineBody is a registration of a timeline, annulled ones included.
type lineBody struct {
	RegistrationID domain.RegistrationID `json:"registration_id" format:"uuid"`
	DwellingID     domain.DwellingID     `json:"dwelling_id" format:"uuid"`
	Kind           residence.Kind        `json:"kind"`
	StandingBody
	BeganBy domain.EventRef `json:"began_by" doc:"The event with which the registration began, as stream@revision"`
	EndedBy domain.EventRef `json:"ended_by,omitzero"`
}

type consequenceBody struct {
	Code           domain.Code           `json:"code"`
	RegistrationID domain.RegistrationID `json:"registration_id,omitzero" format:"uuid"`
	CaseID         domain.CaseID         `json:"case_id,omitzero" format:"uuid"`
	From           domain.Date           `json:"from,omitzero" format:"date"`
	Until          domain.Date           `json:"until,omitzero" format:"date"`
	Text           string                `json:"text"`
}

type corrected struct {
	PersonID     domain.PersonID   `json:"person_id" format:"uuid"`
	Changes      []correctedBody   `json:"changes"`
	Before       []lineBody        `json:"before,omitempty" doc:"Only with dry_run: the timeline before the correction"`
	After        []lineBody        `json:"after,omitempty" doc:"Only with dry_run: the timeline after the correction"`
	Consequences []consequenceBody `json:"consequences,omitempty" doc:"Only with dry_run: the consequences that you must accept"`
	Warnings     []warningBody     `json:"warnings,omitempty" doc:"What a person should look at; it need not be accepted"`
	operation.Events
}

func (s *Server) correctResidence() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "correct-residence", Path: "/v1/persons/{id}/corrections", Tag: residenceTag, Status: http.StatusCreated,
		Of:      operation.OfPerson,
		Summary: "Correct, annul or insert earlier registrations, endings and corrections",
		Doc: "It can correct any fact of a person's residence, also an old one, and also if later facts were " +
			"recorded. The corrected fact stays in the log; the correction is another event. Send the command " +
			"with dry_run first: the answer shows the timeline before and after, and every consequence. List the " +
			"codes of the consequences in accept.",
		Roles: []domain.Role{domain.RoleProvider},
		Problems: []domain.Code{
			domain.CodeEventRefFormat, domain.CodeDateInFuture, domain.CodePersonUnknown,
			domain.CodeDwellingUnknown, domain.CodeUntilRequired, domain.CodeUntilNotAllowed,
			domain.CodeUntilBeforeFrom, domain.CodeTemporaryTooShort, domain.CodeTemporaryTooLong,
			domain.CodeRegisteredHere, domain.CodePeriodOverlaps, domain.CodeEndsBeforeBegin,
			domain.CodeBeforeBirth, domain.CodeFactUnknown, domain.CodeFactNotInForce,
			domain.CodeNotAmendable, domain.CodeNothingChanges, domain.CodeEndsAfterTerm,
			domain.CodeConsequences, domain.CodeLeavesHole, domain.CodeLeavesWithoutResidence,
			domain.CodeCutsOverlap, domain.CodeEndingWithoutMove, domain.CodeCaseContradicted,
			domain.CodeGroundUnknown, domain.CodeReasonsRequired, domain.CodeDwellingGone,
		},
		Example: `{
			"ground": "clerical_error", "reasons": "the desk mistook the day", "accept": ["leaves_hole"],
			"changes": [{
				"registration_id": "1dff55d9-aad9-56f1-9741-f1f1b2d2e58a",
				"fact": "beginning", "action": "correct", "effective_from": "2026-03-02"
			}]
		}`,
	}, func(ctx context.Context, call operation.Call, in *correctInput) (command.Receipt, corrected, error) {
		out := corrected{PersonID: in.ID, Changes: []correctedBody{}}
		c, err := in.Body.command(call.ID)
		if err != nil {
			return command.Receipt{}, out, err
		}
		r, plan, err := s.commands.Correct(ctx, call.Command, in.ID, c, call.Options)
		for _, rec := range r.Events {
			if c, ok := residence.CorrectionIn(rec.Event); ok {
				out.Warnings = warnings(c.Warnings) // those of the whole act
				out.Changes = append(
					out.Changes,
					correctedBody{c.RegistrationID, c.Corrects, standingOf(c.Was), standingOf(c.Now)},
				)
			}
		}
		out.Before, out.After = lines(plan.Before), lines(plan.After)
		for _, q := range plan.Consequences {
			out.Consequences = append(out.Consequences, consequenceBody(q))
		}
		return r, out, err
	})
}

// command reads the correction. The registrations that it inserts get their ids from
// the id of the command.
func (b correctBody) command(id domain.CommandID) (residence.Correct, error) {
	c := residence.Correct{Ground: b.Ground, Reasons: domain.Personal(b.Reasons), Accept: as[domain.Code](b.Accept)}
	for i, a := range b.Changes {
		forgotten := a.Action == residence.Insert && a.Event.IsZero() && a.RegistrationID.IsZero()
		if !forgotten && a.Event.IsZero() == a.RegistrationID.IsZero() || !a.Event.IsZero() && a.Fact != "" {
			return c, domain.Refuse(
				domain.Invalid,
				domain.CodeRequired,
				"name the fact in one way: by event, or by registration_id and fact",
			).At(domain.Path("changes", i, "event"))
		}
		change := residence.Change{
			Fact:   residence.FactName{Event: a.Event, RegistrationID: a.RegistrationID, Ending: a.Fact == "ending"},
			Action: a.Action, From: a.EffectiveFrom, Until: a.Until, EndedOn: a.EndedOn,
		}
		if a.Action == residence.Insert {
			change.RegistrationID = domain.RegistrationID{UUID: domain.DeriveID(id.UUID, fmt.Sprintf("inserted %d", i))}
			change.DwellingID, change.Kind, change.Reason = a.DwellingID, a.Kind, a.Reason
		}
		c.Changes = append(c.Changes, change)
	}
	return c, nil
}

func standingOf(s residence.Standing) StandingBody {
	return StandingBody{s.From, s.Until, s.EndedOn, s.Reason, s.CaseID, s.Void}
}

func lines(timeline []residence.Line) []lineBody {
	var bodies []lineBody
	for _, l := range timeline {
		bodies = append(bodies, lineBody{l.ID, l.DwellingID, l.Kind, standingOf(l.Standing()), l.BeganBy, l.EndedBy})
	}
	return bodies
}
