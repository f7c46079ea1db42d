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
// Steps: the minor's stream records it, and is the only one that may refuse; then the
// representative's stream notes the minor, who must be looked at before the
// representative leaves a dwelling. Where a crash comes between, [Timer] takes the
// second step. The receipt is that of the representative's stream; its events are
// those of both.
func (h *Handler) RecordRepresentative(
	ctx context.Context, cmd domain.Command, minor, representative domain.PersonID, c residence.RecordRepresentative,
	opt Options,
) (Receipt, error) {
	who, err := h.Person(ctx, representative)
	if err != nil {
		return Receipt{}, err
	}
	c.Representative, c.Rules = &who, h.rules
	recorded, err := onStream(ctx, h, cmd, minor.Stream(), opt, func(p *residence.Person) ([]domain.Event, error) {
		return p.RecordRepresentative(cmd, c)
	})
	if err != nil || opt.DryRun && !recorded.Planned {
		return recorded, err
	}
	if recorded.Planned {
		note := planned(cmd, representative.Stream(), uuid.Nil, who.NoteWard(cmd, minor))
		recorded.Events = append(recorded.Events, note...)
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

// EndRepresentation records that somebody no longer represents the minor.
func (h *Handler) EndRepresentation(
	ctx context.Context, cmd domain.Command, minor domain.PersonID, c residence.EndRepresentation, opt Options,
) (Receipt, error) {
	c.Rules = h.rules
	return h.onPersonWithHousehold(ctx, cmd, minor, opt, func(p *residence.Person, of residence.Household) ([]domain.Event, error) {
		c.Household = of
		return p.EndRepresentation(cmd, c)
	})
}

// noteWard notes the minor in the representative's stream, once for each recording of
// the representation.
func (h *Handler) noteWard(ctx context.Context, representative, minor domain.PersonID) (Receipt, error) {
	m, err := h.Person(ctx, minor)
	if err != nil {
		return Receipt{}, err
	}
	for _, r := range m.Representatives {
		if r.PersonID != representative {
			continue
		}
		cmd := h.ownCommand(minor.UUID, fmt.Sprintf("note %s as of %d", representative, r.Recorded))
		return execute(ctx, h, streamCommand[residence.Person]{
			cmd: cmd, stream: representative.Stream(),
			decide: func(p *residence.Person) ([]domain.Event, error) { return p.NoteWard(cmd, minor), nil },
		})
	}
	return Receipt{}, nil // ended meanwhile
}

// noteWardWhenDue carries out the task of [Handler.noteWard].
func (h *Handler) noteWardWhenDue(ctx context.Context, d domain.Task) error {
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

// errHouseholdChanged says that the state of the person names other members of the
// household than those that were read.
var errHouseholdChanged = errors.New("command: the household has changed since it was read")

// executeWithHousehold carries out a command on a person's stream whose decision
// looks at the person's household too. The household is read before the lock of the
// person's stream is taken, and again where its members have changed by then. What is
// appended to the members' own streams after that read does not count: the decision
// may give a warning that no longer applies, or omit one.
func (h *Handler) executeWithHousehold(
	ctx context.Context, c streamCommand[residence.Person],
	decide func(*residence.Person, residence.Household) ([]domain.Event, error),
) (Receipt, error) {
	for {
		household, err := h.household(ctx, c.stream)
		if err != nil {
			return Receipt{}, err
		}
		c.decide = func(p *residence.Person) ([]domain.Event, error) {
			if !household.Covers(p) {
				return nil, errHouseholdChanged
			}
			return decide(p, household)
		}
		r, err := execute(ctx, h, c)
		if !errors.Is(err, errHouseholdChanged) {
			return r, err
		}
	}
}

// household reads the members of the household of a person's stream. Who they are it
// takes from the state in memory, and asks the log for each of them only: most persons
// have none, and then nothing is read.
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
