package command

import (
	"context"
	"slices"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
)

// What decides who may act on a record, as the newest state in this process has it. Most
// of it never changes: which commission keeps a list, what a case is about. So a look at
// a record that this process knows costs no call of the log. Where the answer is no, the
// caller looks again with Now: the record may be newer.

// Matter is what a case is about, as its first event says.
type Matter struct {
	CaseID     domain.CaseID
	ListID     domain.ListID     // of an application for housing, or of a provision
	DwellingID domain.DwellingID // of a deregistration
	Applicant  domain.PersonID
	Others     []domain.PersonID // family, persons to be deregistered, co-owners
	ActedBody  domain.BodyID     // of a contested act: whose it is
}

// Known reports whether there is such a case.
func (m *Matter) Known() bool { return !m.CaseID.IsZero() }

// Names reports whether the case is about the person.
func (m *Matter) Names(p domain.PersonID) bool {
	return !p.IsZero() && (p == m.Applicant || slices.Contains(m.Others, p))
}

// Clone returns a copy that later events do not change.
func (m *Matter) Clone() Matter { return *m }

// Apply folds the next event of the stream into m.
func (m *Matter) Apply(rec domain.Recorded) {
	switch e := rec.Event.(type) {
	case housing.ApplicationReceived:
		*m = Matter{CaseID: e.CaseID, ListID: e.ListID, Applicant: e.ApplicantID, Others: membersOf(e.Family)}
	case housing.ProvisionDecided:
		*m = Matter{CaseID: e.CaseID, ListID: e.ListID, Applicant: e.PersonID, Others: membersOf(e.Family)}
	case procedure.ActContested:
		*m = Matter{
			CaseID: e.CaseID, ListID: e.ListID, DwellingID: e.DwellingID, Applicant: e.PersonID, ActedBody: e.ActedBody,
		}
	case residence.DeregistrationApplied:
		*m = Matter{
			CaseID: e.CaseID, DwellingID: e.DwellingID, Applicant: e.ApplicantID,
			Others: slices.Concat(e.Persons, e.CoOwners),
		}
	}
}

func membersOf(family []housing.FamilyMember) []domain.PersonID {
	ids := make([]domain.PersonID, len(family))
	for i, m := range family {
		ids[i] = m.PersonID
	}
	return ids
}

// remembered returns a state to be read only: the newest that this process knows, or with
// now, and where it knows none, the one that the log holds now.
func remembered[S any, P state[S]](ctx context.Context, h *Handler, name string, now bool) (*S, error) {
	st := streamOf[S, P](h, name)
	v := st.known()
	if now || !v.whole {
		var err error
		if v, err = st.read(ctx); err != nil {
			return nil, err
		}
	}
	return &v.state, nil
}

// MatterOf returns what a case is about, to be read only.
func (h *Handler) MatterOf(ctx context.Context, id domain.CaseID, now bool) (*Matter, error) {
	return remembered[Matter](ctx, h, id.Stream(), now)
}

// keepersCached bounds the lists whose keeper is remembered, of about 100 bytes each.
const keepersCached = 100_000

// KeeperOf returns the body that keeps a list now: the one that opened it, or its heir (C27); zero
// where there is no such list.
func (h *Handler) KeeperOf(ctx context.Context, id domain.ListID) (domain.BodyID, error) {
	opened, err := h.openerOf(ctx, id)
	if err != nil || opened.IsZero() {
		return opened, err
	}
	heirs, err := h.heirs(ctx)
	return heirs.Of(opened), err
}

// heirs says which body is in the place of one that has ended.
func (h *Handler) heirs(ctx context.Context) (domain.Heirs, error) {
	if h.bodies == nil {
		return nil, nil
	}
	return h.bodies.Heirs(ctx)
}

// former are the bodies in whose place the body is.
func (h *Handler) former(ctx context.Context, id domain.BodyID) ([]domain.BodyID, error) {
	if h.bodies == nil {
		return nil, nil
	}
	return h.bodies.Former(ctx, id)
}

// openerOf returns the body that opened a list. It never changes, so the first event of the stream
// is read once, and not the list.
func (h *Handler) openerOf(ctx context.Context, id domain.ListID) (domain.BodyID, error) {
	if keeper, ok := h.keepers.Get(id); ok {
		return keeper, nil
	}
	first, err := h.log.ReadPage(ctx, id.Stream(), 0, 1)
	if err != nil || len(first) == 0 {
		return domain.BodyID{}, err
	}
	opened, is := first[0].Event.(housing.ListOpened)
	if !is {
		return domain.BodyID{}, nil
	}
	h.keepers.Add(id, opened.Keeper())
	return opened.Keeper(), nil
}

// KnownList returns a list, to be read only. The first look in a process loads the whole
// list: where the keeper is enough, ask [Handler.KeeperOf].
func (h *Handler) KnownList(ctx context.Context, id domain.ListID, now bool) (*housing.List, error) {
	return remembered[housing.List](ctx, h, id.Stream(), now)
}

// KnownPerson returns a person, to be read only.
func (h *Handler) KnownPerson(ctx context.Context, id domain.PersonID, now bool) (*residence.Person, error) {
	return remembered[residence.Person](ctx, h, id.Stream(), now)
}

// KnownDwelling returns a dwelling, to be read only.
func (h *Handler) KnownDwelling(
	ctx context.Context, id domain.DwellingID, now bool,
) (*residence.Dwelling, error) {
	return remembered[residence.Dwelling](ctx, h, id.Stream(), now)
}
