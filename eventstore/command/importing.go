package command

import (
	"cmp"
	"context"
	"errors"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
)

// ImportRegistration takes over a registration of the person from another register, in one append to
// the person's stream.
func (h *Handler) ImportRegistration(
	ctx context.Context, cmd domain.Command, person domain.PersonID, c residence.ImportRegistration,
) (Receipt, error) {
	d, err := look[residence.Dwelling](ctx, h, c.DwellingID.Stream())
	if err != nil {
		return Receipt{}, err
	}
	c.Dwelling, c.Rules = d, h.rules
	return onStream(ctx, h, cmd, person.Stream(), Options{}, func(p *residence.Person) ([]domain.Event, error) {
		return p.Import(cmd, c)
	})
}

// ImportedEntry is an entry with the line that it comes from.
type ImportedEntry struct {
	housing.ImportEntry
	From *domain.Imported
}

// errNothingImported says that every entry was imported before, or is refused.
var errNothingImported = errors.New("command: nothing is left to be imported")

// ImportEntries takes over entries of an old list, in one append, and says of each why it is refused;
// nil where it is on the list now. The entries come in the order of the old list.
func (h *Handler) ImportEntries(
	ctx context.Context, cmd domain.Command, id domain.ListID, entries []ImportedEntry,
) (refused []error, err error) {
	q, err := h.List(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := h.model.CatchUp(ctx); err != nil {
		return nil, err
	}
	plain, lines := make([]housing.ImportEntry, len(entries)), map[domain.EntryID]*domain.Imported{}
	for i, e := range entries {
		born, err := h.births(ctx, e.PersonID, e.Family)
		if err != nil {
			return nil, err
		}
		e.Born = born.on
		if e.Elsewhere, err = h.unfitEntry(ctx, cmd, q, born, e.ImportEntry); err != nil {
			return nil, err
		}
		plain[i], lines[e.EntryID] = e.ImportEntry, e.From
	}
	// A repeated command is answered without a decision: what is refused is known before.
	events, refused := q.Import(cmd, plain, h.rules)
	if len(events) == 0 {
		return refused, nil
	}
	_, err = execute(ctx, h, streamCommand[housing.List]{
		cmd: cmd, stream: id.Stream(),
		decide: func(q *housing.List) (events []domain.Event, err error) {
			events, refused = q.Import(cmd, plain, h.rules)
			if len(events) == 0 {
				return nil, errNothingImported
			}
			return events, nil
		},
		origin: func(e domain.Event) *domain.Imported {
			switch e := e.(type) {
			case housing.EntryPlaced:
				return lines[e.EntryID]
			case housing.EntryPrioritised:
				return lines[e.EntryID]
			}
			return cmd.Imported
		},
	})
	if errors.Is(err, errNothingImported) {
		err = nil
	}
	return refused, err
}

// unfitEntry is why the records of persons and the other lists of the body bar the entry; nil where
// nothing does.
func (h *Handler) unfitEntry(
	ctx context.Context, cmd domain.Command, q *housing.List, born births, e housing.ImportEntry,
) (unfit, err error) {
	for _, m := range append([]housing.FamilyMember{{PersonID: e.PersonID}}, e.Family...) {
		if !born.knows(m.PersonID) {
			return domain.Refuse(domain.Invalid, domain.CodePersonUnknown, "no such person is recorded: record the person first"), nil
		}
	}
	p, err := h.Person(ctx, e.PersonID)
	if err != nil {
		return nil, err
	}
	if err := p.CheckAlive("person"); err != nil {
		return err, nil
	}
	err = cmp.Or(
		h.unmerged(ctx, cmd.Role, e.PersonID, "person", e.Family),
		h.KeptOff(ctx, q.Opened.ListID, q.Opened.Body, e.PersonID, e.Family),
	)
	if domain.CodeOf(err) != "" && !domain.IsKind(err, domain.Unavailable) {
		return err, nil
	}
	return nil, err
}

// KeptOff refuses a person with a family a place on a list of the body where another of its lists,
// which the log has, keeps them off (Q5). The read model has caught up.
func (h *Handler) KeptOff(
	ctx context.Context, own domain.ListID, body string, p domain.PersonID, family []housing.FamilyMember,
) error {
	return h.checkOtherLists(ctx, own, body, p, family)
}
