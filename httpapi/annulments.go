package httpapi

import (
	"context"
	"strings"

	"tizilim/domain"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
)

func (s *Server) annulmentOperations() []operation.Operation {
	return []operation.Operation{
		s.annulAct(),
	}
}

type annulmentBody struct {
	Event   domain.EventRef `json:"event" maxLength:"80" doc:"The event of the act, as stream@revision; the history has it"`
	Until   domain.Date     `json:"until,omitzero" format:"date" doc:"The last day to do what the act cut short: to correct, to object, to answer or to confirm. Default: the day that was set before. If that day is over, set one"`
	Basis   basisBody       `json:"basis" doc:"The document that shows that the clock was wrong"`
	Reasons string          `json:"reasons" minLength:"1" maxLength:"4000"`
}

func (b annulmentBody) annul() domain.Annul {
	return domain.Annul{Event: b.Event, Until: b.Until, Basis: b.Basis.basis(), Reasons: domain.Personal(b.Reasons)}
}

type annulled struct {
	Event domain.EventRef `json:"event" doc:"The event that was annulled, as stream@revision"`
	operation.Events
}

func (s *Server) annulAct() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "annul-act", Path: "/v1/annulments", Tag: casesTag,
		Of:      operation.OfRequest,
		Summary: "Annul an act that was taken too early because a clock was wrong",
		Doc: "It names the act by its event. That is one of: lateness of a case or a duty, a return, the end of a " +
			"hearing, a request to confirm an entry, a review for a missed confirmation, the expiry of a consent, the " +
			"silence of co-owners, the lapse of a change of owners, the end of a stay. Its effect is undone, and the " +
			"registry takes it again when its instant has come. Nothing is deleted, and no entry loses its place. " +
			"An act on which others were built is not annulled: the problem annulment_overtaken says what to do.",
		Roles: []domain.Role{domain.RoleCommission, domain.RoleProvider, domain.RoleOperator},
		Problems: []domain.Code{
			domain.CodeFactUnknown, domain.CodeEventRefFormat, domain.CodeReasonsRequired, domain.CodeTooEarly,
			domain.CodeMemberNotAllowed, domain.CodeDeciderRecused, domain.CodeDateInFuture, domain.CodeHashFormat,
			domain.CodeAnnulmentOvertaken,
		},
		Example: `{"event": "queue-4c7f6e0e-8a37-5d2c-9d0b-0a1d7d1f5f10@3` + stepAnnulmentExample,
	}, func(
		ctx context.Context, call operation.Call, in *operation.Posted[annulmentBody],
	) (command.Receipt, annulled, error) {
		out := annulled{Event: in.Body.Event}
		act, err := s.actToAnnul(ctx, in.Body.Event)
		if err != nil {
			return command.Receipt{}, out, err
		}
		r, err := s.commands.Annul(ctx, call.Command, in.Body.annul(), act, call.Options)
		return r, out, err
	})
}

// recordsOfStreams are the records by the categories of their streams, with the parameters
// by which paths name them.
var recordsOfStreams = map[string]struct {
	of    operation.Subject
	param string
}{
	"case":      {operation.OfCase, "id"},
	"queue":     {operation.OfList, "list_id"},
	"dwelling":  {operation.OfDwelling, "id"},
	"residence": {operation.OfPerson, "id"},
}

// actToAnnul returns the act that the event names, if the caller may act on its record. So
// a refusal tells nobody what stands in another's record.
func (s *Server) actToAnnul(ctx context.Context, ref domain.EventRef) (domain.Recorded, error) {
	category, id, _ := strings.Cut(ref.Stream, "-")
	record, ok := recordsOfStreams[category]
	if !ok {
		return domain.Recorded{}, domain.NotByClock()
	}
	act, unknown := s.commands.RecordedAct(ctx, ref)
	if domain.IsKind(unknown, domain.Unavailable) {
		return domain.Recorded{}, unknown
	}
	acting := operation.Acting
	acting.Of = record.of
	if _, err := (rights{s}).Allow(ctx, operation.Attempt{
		Operation: acting, Caller: operation.Caller(ctx), Body: operation.Body(ctx),
		Param: func(name string) string {
			if name != record.param {
				return ""
			}
			return id
		},
	}); err != nil {
		return domain.Recorded{}, err
	}
	return act, unknown
}
