package command

import (
	"context"

	"tizilim/domain"
	"tizilim/domain/body"
)

// RecordBody records a body.
func (h *Handler) RecordBody(ctx context.Context, cmd domain.Command, c body.Record, opt Options) (Receipt, error) {
	var err error
	if c.Above, err = h.kindOf(ctx, c.Parent); err != nil {
		return Receipt{}, err
	}
	return h.onBody(ctx, cmd, c.BodyID, opt, func(b *body.Body) ([]domain.Event, error) { return b.Record(cmd, c) })
}

// DescribeBody replaces the description of a body.
func (h *Handler) DescribeBody(
	ctx context.Context, cmd domain.Command, id domain.BodyID, c body.Describe, opt Options,
) (Receipt, error) {
	var err error
	if c.Above, err = h.kindOf(ctx, c.Parent); err != nil {
		return Receipt{}, err
	}
	return h.onBody(ctx, cmd, id, opt, func(b *body.Body) ([]domain.Event, error) { return b.Describe(cmd, c) })
}

// kindOf returns the kind of a body; "" where no body is recorded under the id.
func (h *Handler) kindOf(ctx context.Context, id domain.BodyID) (body.Kind, error) {
	if id.IsZero() {
		return "", nil
	}
	b, err := h.Body(ctx, id)
	if err != nil {
		return "", err
	}
	if b.Ended != nil {
		return "", body.GoneInto(b.Ended.SuccessorID).At("parent_id")
	}
	return b.Kind, nil
}

// AppointOfficial appoints an official of a body.
func (h *Handler) AppointOfficial(
	ctx context.Context, cmd domain.Command, id domain.BodyID, c body.Appoint, opt Options,
) (Receipt, error) {
	return h.onBody(ctx, cmd, id, opt, func(b *body.Body) ([]domain.Event, error) { return b.Appoint(cmd, c) })
}

// EndOffice ends a term of an official.
func (h *Handler) EndOffice(
	ctx context.Context, cmd domain.Command, id domain.BodyID, c body.EndOffice, opt Options,
) (Receipt, error) {
	return h.onBody(ctx, cmd, id, opt, func(b *body.Body) ([]domain.Event, error) { return b.EndOffice(cmd, c) })
}

// OpenAccount opens an account of a body. No other body has, or had, an account of the
// name, as far as the directory knows. Nothing protects the streams of two bodies
// together: of two accounts that are opened under one name at the same moment, the
// directory of every process knows the one that came first in the log, and the other
// acts for nobody.
func (h *Handler) OpenAccount(
	ctx context.Context, cmd domain.Command, id domain.BodyID, c body.OpenAccount, opt Options, known *Directory,
) (Receipt, error) {
	return h.onBody(ctx, cmd, id, opt, func(b *body.Body) ([]domain.Event, error) {
		events, err := b.OpenAccount(cmd, c)
		if err != nil {
			return nil, err
		}
		switch holder, taken, err := known.BodyOf(ctx, c.Account); {
		case err != nil:
			return nil, err
		case taken && holder != id:
			return nil, body.AccountTaken()
		}
		return events, nil
	})
}

// CloseAccount closes an account of a body.
func (h *Handler) CloseAccount(
	ctx context.Context, cmd domain.Command, id domain.BodyID, c body.CloseAccount, opt Options,
) (Receipt, error) {
	return h.onBody(ctx, cmd, id, opt, func(b *body.Body) ([]domain.Event, error) { return b.CloseAccount(cmd, c) })
}

// RenameBody gives a body other names from a day on.
func (h *Handler) RenameBody(
	ctx context.Context, cmd domain.Command, id domain.BodyID, c body.Rename, opt Options,
) (Receipt, error) {
	return h.onBody(ctx, cmd, id, opt, func(b *body.Body) ([]domain.Event, error) { return b.Rename(cmd, c) })
}

// AllowConsumer says what the system of another state body may have.
func (h *Handler) AllowConsumer(
	ctx context.Context, cmd domain.Command, id domain.BodyID, c body.Allow, opt Options,
) (Receipt, error) {
	return h.onBody(ctx, cmd, id, opt, func(b *body.Body) ([]domain.Event, error) { return b.Allow(cmd, c) })
}

// EndAllowance takes away what the system of another state body may have.
func (h *Handler) EndAllowance(
	ctx context.Context, cmd domain.Command, id domain.BodyID, c body.EndAllowance, opt Options,
) (Receipt, error) {
	return h.onBody(ctx, cmd, id, opt, func(b *body.Body) ([]domain.Event, error) { return b.EndAllowance(cmd, c) })
}

// EndBody merges a body into its successor, or winds it up: one append to its stream, from which
// every process knows its heir ([Directory.Heirs]). successor is zero where none is named. Whether
// the body keeps something the read model says, once it has all that the log held: a list that is
// opened at the same moment is not seen.
func (h *Handler) EndBody(
	ctx context.Context, cmd domain.Command, id, successor domain.BodyID, c body.End, opt Options,
) (Receipt, error) {
	if !successor.IsZero() {
		s, err := h.Body(ctx, successor)
		if err != nil {
			return Receipt{}, err
		}
		c.Successor = s
	} else {
		keeps, err := h.keepsSomething(ctx, id)
		if err != nil {
			return Receipt{}, err
		}
		c.Keeps = keeps
	}
	return h.onBody(ctx, cmd, id, opt, func(b *body.Body) ([]domain.Event, error) { return b.End(cmd, c) })
}

// keepsSomething reports whether the body, or one in whose place it is, has lists or stock, or it
// decides the complaints about another body. An open case is of a list.
func (h *Handler) keepsSomething(ctx context.Context, id domain.BodyID) (bool, error) {
	if h.bodies != nil {
		if reviews, err := h.bodies.Reviews(ctx, id); err != nil || reviews {
			return reviews, err
		}
	}
	former, err := h.former(ctx, id)
	if err != nil {
		return false, err
	}
	if err := h.model.CatchUp(ctx); err != nil {
		return false, err
	}
	for _, id := range append(former, id) {
		if keeps, err := h.model.Keeps(ctx, id); err != nil || keeps {
			return keeps, err
		}
	}
	return false, nil
}

// onBody carries out a command in one append to the stream of a body.
func (h *Handler) onBody(
	ctx context.Context, cmd domain.Command, id domain.BodyID, opt Options,
	decide func(*body.Body) ([]domain.Event, error),
) (Receipt, error) {
	return onStream(ctx, h, cmd, id.Stream(), opt, decide)
}

// Body returns the body as the log holds it now, to be read only.
func (h *Handler) Body(ctx context.Context, id domain.BodyID) (*body.Body, error) {
	return look[body.Body](ctx, h, id.Stream())
}

// BodyAt returns a body that the caller may change, and the revision of its stream.
// Error: [domain.CodeBodyUnknown].
func (h *Handler) BodyAt(ctx context.Context, id domain.BodyID) (body.Body, uint64, error) {
	v, err := streamOf[body.Body](h, id.Stream()).read(ctx)
	if err != nil {
		return body.Body{}, 0, err
	}
	if !v.state.Known() {
		return body.Body{}, 0, body.Unknown()
	}
	return v.cloneState(), uint64(v.revision), nil
}

// RecordDefaultBodies records the default body of each role, once in the life of a
// registry.
func (h *Handler) RecordDefaultBodies(ctx context.Context) error {
	for _, k := range body.Kinds {
		c := body.DefaultRecord(k)
		cmd := h.ownCommand(c.BodyID.UUID, "record")
		_, err := h.RecordBody(ctx, cmd, c, Options{})
		// Whoever recorded it before, under another command, has done what is asked.
		if err != nil && domain.CodeOf(err) != domain.CodeBodyRecorded {
			return err
		}
	}
	return nil
}
