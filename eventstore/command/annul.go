package command

import (
	"context"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
)

// RecordedAct returns the event that the reference names. It is refused where the log has no
// such event, or one that this process cannot read.
func (h *Handler) RecordedAct(ctx context.Context, ref domain.EventRef) (domain.Recorded, error) {
	recs, err := h.log.ReadPage(ctx, ref.Stream, ref.Revision, 1)
	if err != nil {
		return domain.Recorded{}, err
	}
	if len(recs) == 0 || recs[0].Revision != ref.Revision || recs[0].Event == nil {
		return domain.Recorded{}, domain.NotByClock()
	}
	return recs[0], nil
}

// Annul annuls an act that was taken because of a clock that was wrong: one append to the
// stream of the act. The timer takes the act again when its instant has come.
func (h *Handler) Annul(
	ctx context.Context, cmd domain.Command, a domain.Annul, act domain.Recorded, opt Options,
) (Receipt, error) {
	if isList(act.Stream) {
		return annulOn[housing.List](ctx, h, cmd, a, act, opt)
	}
	switch e := act.Event.(type) {
	case procedure.DeadlinePassed, procedure.DutyMissed, procedure.CaseReturned, procedure.HearingClosed:
		id := e.Concerns().Case
		return h.StepOnCase(ctx, cmd, id, func(c *procedure.Case, _ procedure.Terms) ([]domain.Event, error) {
			return c.AnnulStep(cmd, procedure.AnnulStep{Annul: a, Stream: id.Stream()})
		}, opt)
	case housing.LookupConsentExpired:
		return onCaseStream(ctx, h, cmd, e.CaseID, opt, func(c *housing.Application) ([]domain.Event, error) {
			return c.Annul(cmd, a, e)
		})
	case residence.ConfirmationsLapsed:
		return onCaseStream(ctx, h, cmd, e.CaseID, opt, func(d *residence.Deregistration) ([]domain.Event, error) {
			return d.Annul(cmd, a, e)
		})
	case residence.OwnersChangeLapsed:
		return annulOn[residence.Dwelling](ctx, h, cmd, a, act, opt)
	case residence.RegistrationEnded:
		return h.onPersonWithHousehold(ctx, cmd, e.PersonID, opt, func(
			p *residence.Person, of residence.Household,
		) ([]domain.Event, error) {
			return p.AnnulEnd(cmd, residence.AnnulEnd{Annul: a, Rules: h.rules, Household: of}, e)
		})
	}
	return Receipt{}, domain.NotByClock()
}

// annuls is the state of a stream whose acts are annulled on it.
type annuls[S any] interface {
	state[S]
	Annul(domain.Command, domain.Annul, domain.Event) ([]domain.Event, error)
}

func annulOn[S any, P annuls[S]](
	ctx context.Context, h *Handler, cmd domain.Command, a domain.Annul, act domain.Recorded, opt Options,
) (Receipt, error) {
	return onStream[S, P](ctx, h, cmd, act.Stream, opt, func(s *S) ([]domain.Event, error) {
		return P(s).Annul(cmd, a, act.Event)
	})
}
