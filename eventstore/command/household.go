package command

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/residence"
)

// RecordRepresentative records who legally represents a minor (R9, R20).
//
// Steps: the minor's stream records it, and alone may refuse; then the stream of
// the representative notes whom to look at before the representative leaves a
// dwelling. What a crash leaves without its note is noted by [Timer]. The
// receipt is that of the representative, which comes last; its events are both.
func (h *Handler) RecordRepresentative(ctx context.Context, cmd domain.Command, minor, representative domain.PersonID, kind residence.Representation, opt Options) (Receipt, error) {
	who, err := h.Person(ctx, representative)
	if err != nil {
		return Receipt{}, err
	}
	c := residence.RecordRepresentative{Representative: &who, Kind: kind, Rules: h.rules}
	recorded, err := execute(ctx, h, streamCommand[residence.Person]{
		cmd: cmd, stream: minor.Stream(), ifMatch: opt.IfMatch, dryRun: opt.DryRun,
		decide: func(p *residence.Person) ([]domain.Event, error) { return p.RecordRepresentative(cmd, c) },
	})
	if err != nil || opt.DryRun && !recorded.Planned {
		return recorded, err
	}
	if recorded.Planned {
		note := streamCommand[residence.Person]{cmd: cmd, stream: representative.Stream()}.planned(who.NoteWard(cmd, minor))
		recorded.Events = append(recorded.Events, note.Events...)
		return recorded, nil
	}
	note, err := h.noteWard(ctx, representative, minor)
	if err != nil || len(note.Events) == 0 {
		return recorded, err
	}
	note.Events = append(recorded.Events, note.Events...)
	note.Repeated = recorded.Repeated
	return note, nil
}

// EndRepresentation records that somebody represents the minor no more.
func (h *Handler) EndRepresentation(ctx context.Context, cmd domain.Command, minor domain.PersonID, c residence.EndRepresentation, opt Options) (Receipt, error) {
	return execute(ctx, h, streamCommand[residence.Person]{
		cmd: cmd, stream: minor.Stream(), ifMatch: opt.IfMatch, dryRun: opt.DryRun,
		decide: func(p *residence.Person) ([]domain.Event, error) { return p.EndRepresentation(cmd, c) },
	})
}

// noteWard has the representative's stream name the minor, once for each time
// that the representation was recorded.
func (h *Handler) noteWard(ctx context.Context, representative, minor domain.PersonID) (Receipt, error) {
	m, err := h.Person(ctx, minor)
	if err != nil {
		return Receipt{}, err
	}
	for _, r := range m.Representatives {
		if r.PersonID != representative {
			continue
		}
		cmd := h.own(minor.UUID, fmt.Sprintf("note %s as of %d", representative, r.Recorded))
		return execute(ctx, h, streamCommand[residence.Person]{
			cmd: cmd, stream: representative.Stream(),
			decide: func(p *residence.Person) ([]domain.Event, error) { return p.NoteWard(cmd, minor), nil },
		})
	}
	return Receipt{}, nil // ended meanwhile
}

// noteDue is the duty of [Handler.noteWard].
func (h *Handler) noteDue(ctx context.Context, d domain.Due) error {
	representative, err := uuid.Parse(strings.TrimPrefix(d.Stream, "residence-"))
	if err != nil {
		return fmt.Errorf("command: a ward of the stream %s: %w", d.Stream, err)
	}
	minor, err := uuid.Parse(d.Item)
	if err != nil {
		return fmt.Errorf("command: the ward %q: %w", d.Item, err)
	}
	_, err = h.noteWard(ctx, domain.PersonID{UUID: representative}, domain.PersonID{UUID: minor})
	return err
}

// errHousehold says that a decision was asked for with the household of an
// earlier state of the person.
var errHousehold = errors.New("command: the household has changed since it was read")

// together carries out an order on a person's stream whose decision looks at the
// person's household too. Households are read before the person's turn is taken:
// two members who act at the same time would otherwise wait for each other. The
// one that has changed meanwhile is read again. What the members' own streams
// say later, a decision cannot know: a warning may be given that a moment later
// is none, or the other way round.
func (h *Handler) together(ctx context.Context, o streamCommand[residence.Person], decide func(*residence.Person, residence.Household) ([]domain.Event, error)) (Receipt, error) {
	for {
		household, err := h.household(ctx, o.stream)
		if err != nil {
			return Receipt{}, err
		}
		o.decide = func(p *residence.Person) ([]domain.Event, error) {
			if !household.Covers(p) {
				return nil, errHousehold
			}
			return decide(p, household)
		}
		r, err := execute(ctx, h, o)
		if !errors.Is(err, errHousehold) {
			return r, err
		}
	}
}

// household reads the members of the household of a person's stream. It takes
// them from the state that is held, and asks the log only for members: for most
// persons there are none, and nothing is read.
func (h *Handler) household(ctx context.Context, stream string) (residence.Household, error) {
	v, err := streamOf[residence.Person](h, stream).loaded(ctx)
	if err != nil {
		return residence.Household{}, err
	}
	p := v.cloneState()

	representatives := func(p residence.Person) (list []*residence.Person, err error) {
		for _, r := range p.Representatives {
			q, err := h.Person(ctx, r.PersonID)
			if err != nil {
				return nil, err
			}
			list = append(list, &q)
		}
		return list, nil
	}
	var household residence.Household
	if household.Representatives, err = representatives(p); err != nil {
		return household, err
	}
	for _, id := range p.Wards {
		minor, err := h.Person(ctx, id)
		if err != nil {
			return household, err
		}
		w := residence.Ward{Minor: &minor}
		if w.Representatives, err = representatives(minor); err != nil {
			return household, err
		}
		household.Wards = append(household.Wards, w)
	}
	return household, nil
}
