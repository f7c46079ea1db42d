package command

import (
	"context"
	"slices"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
)

// MergeRecords merges the record of a person into that of the survivor (R33).
//
// Steps:
//  1. The stream of the record that is absorbed says so, or refuses. From here on it takes no
//     other command, and its id means the survivor.
//  2. The survivor's stream says whom it stands for. It decides everything again, with its own
//     newest state and with what was handed in meanwhile. Where it refuses, the merge is
//     undone with the code of the refusal, which is the answer.
//
// After a crash the same command goes on, or [Timer] does. No stream covers the lists and cases
// that name the record: what names it in the same instant in which step 2 looks stays as it is
// recorded, and is moved by hand after the merge was undone.
func (h *Handler) MergeRecords(
	ctx context.Context, cmd domain.Command, id domain.PersonID, c residence.MergeRecords, opt Options,
) (Receipt, error) {
	c.ID = cmd.ID
	if !opt.DryRun {
		if err := h.followMerge(ctx, domain.Task{Stream: id.Stream()}); err != nil { // of an earlier merge
			return Receipt{}, err
		}
	}
	survivor, err := h.Person(ctx, c.SurvivorID)
	if err != nil {
		return Receipt{}, err
	}
	c.Survivor = &survivor
	if c.Ties, err = h.ties(ctx, id); err != nil {
		return Receipt{}, err
	}
	merged, err := execute(ctx, h, streamCommand[residence.Person]{
		cmd: cmd, stream: id.Stream(), ifMatch: opt.IfMatch, dryRun: opt.DryRun, onMerged: true,
		decide: func(p *residence.Person) ([]domain.Event, error) { return p.MergeInto(cmd, c) },
	})
	if err != nil || opt.DryRun {
		return merged, err
	}
	h.merges.Add(1)
	absorbed, err := h.absorb(ctx, cmd, merged.Events[0])
	if err != nil {
		return Receipt{}, err
	}
	absorbed.Events = append(merged.Events, absorbed.Events...)
	absorbed.Repeated = merged.Repeated
	return absorbed, nil
}

// absorb takes the step after the record of merge, and returns the refusal of a merge that was
// undone because of it. It is idempotent.
func (h *Handler) absorb(ctx context.Context, cmd domain.Command, merge domain.Recorded) (Receipt, error) {
	e, ok := merge.Event.(residence.RecordsMerged)
	if !ok {
		return Receipt{}, nil
	}
	p, err := h.Person(ctx, e.PersonID)
	if err != nil {
		return Receipt{}, err
	}
	c := residence.Absorb{
		Merge: e, Event: domain.EventRef{Stream: merge.Stream, Revision: merge.Revision}, Absorbed: &p,
	}
	if c.Ties, err = h.ties(ctx, e.PersonID); err != nil {
		return Receipt{}, err
	}
	step := cmd.Step(e.MergeID.UUID, "absorb")
	r, err := execute(ctx, h, streamCommand[residence.Person]{
		cmd: step, stream: e.SurvivorID.Stream(), correlation: e.MergeID.UUID, later: true, onMerged: true,
		decide: func(s *residence.Person) ([]domain.Event, error) { return s.Absorb(step, c) },
	})
	switch code := domain.CodeOf(err); {
	case code == domain.CodeNotDue:
		return Receipt{}, h.whyUndone(ctx, e.PersonID, c.Event)
	case err == nil, code == "", domain.IsKind(err, domain.Unavailable):
		return r, err
	default:
		return r, h.voidMerge(ctx, cmd, e, c.Event, err)
	}
}

// voidMerge undoes a merge that the survivor refused, and returns the refusal.
func (h *Handler) voidMerge(
	ctx context.Context, cmd domain.Command, e residence.RecordsMerged, merge domain.EventRef, refusal error,
) error {
	step := cmd.Step(e.MergeID.UUID, "void merge")
	_, err := execute(ctx, h, streamCommand[residence.Person]{
		cmd: step, stream: e.PersonID.Stream(), correlation: e.MergeID.UUID, later: true, onMerged: true,
		decide: func(p *residence.Person) ([]domain.Event, error) {
			return p.VoidMerge(step, merge, domain.CodeOf(refusal))
		},
	})
	if err != nil && domain.CodeOf(err) != domain.CodeNotDue {
		return err
	}
	return refusal
}

// whyUndone is the answer to a repeated merge that was undone meanwhile; nil where it was
// carried out.
func (h *Handler) whyUndone(ctx context.Context, id domain.PersonID, merge domain.EventRef) error {
	for rec, err := range h.log.Read(ctx, id.Stream(), merge.Revision) {
		if err != nil {
			return err
		}
		if e, ok := rec.Event.(residence.MergeUndone); ok && e.Merge == merge && e.Code != "" {
			return domain.Refuse(domain.Conflict, e.Code,
				"the other record could not take this one in: send the merge with a new Idempotency-Key, and it tells why")
		}
	}
	return nil
}

// UndoMerge undoes a merge by reference (R34). The stream of the absorbed record says so first,
// and is the only one that may refuse; then the survivor's stream does. [Timer] takes the second
// step after a crash. A merge whose steps are not complete is completed before.
func (h *Handler) UndoMerge(
	ctx context.Context, cmd domain.Command, id domain.PersonID, c residence.UndoMerge, opt Options,
) (Receipt, error) {
	if !opt.DryRun {
		if err := h.followMerge(ctx, domain.Task{Stream: id.Stream()}); unlessConflict(err) != nil {
			return Receipt{}, err
		}
	}
	undone, err := execute(ctx, h, streamCommand[residence.Person]{
		cmd: cmd, stream: id.Stream(), ifMatch: opt.IfMatch, dryRun: opt.DryRun, onMerged: true,
		decide: func(p *residence.Person) ([]domain.Event, error) { return p.UndoMerge(cmd, c) },
	})
	if err != nil || opt.DryRun {
		return undone, err
	}
	h.merges.Add(1)
	separated, err := h.separate(ctx, id, undone.Events[0].Event.(residence.MergeUndone))
	if err != nil || len(separated.Events) == 0 {
		return undone, err
	}
	separated.Events = append(undone.Events, separated.Events...)
	separated.Repeated = undone.Repeated
	return separated, nil
}

func (h *Handler) separate(ctx context.Context, id domain.PersonID, e residence.MergeUndone) (Receipt, error) {
	p, err := h.Person(ctx, id)
	if err != nil {
		return Receipt{}, err
	}
	cmd := h.ownCommand(e.PersonID.UUID, "separate "+e.Merge.String())
	r, err := execute(ctx, h, streamCommand[residence.Person]{
		cmd: cmd, stream: e.SurvivorID.Stream(), correlation: e.PersonID.UUID, later: true,
		decide: func(s *residence.Person) ([]domain.Event, error) { return s.Separate(cmd, &p) },
	})
	if domain.CodeOf(err) == domain.CodeNotDue {
		return Receipt{}, nil
	}
	return r, err
}

// followMerge takes the second step of the last merge of the stream, or of its undoing. It is
// idempotent.
func (h *Handler) followMerge(ctx context.Context, due domain.Task) error {
	p, err := look[residence.Person](ctx, h, due.Stream)
	if err != nil {
		return err
	}
	if m, merged := p.Merged(); merged {
		recs, err := h.log.ReadPage(ctx, m.Event.Stream, m.Event.Revision, 1)
		if err != nil || len(recs) == 0 {
			return err
		}
		_, err = h.absorb(ctx, domain.CommandOf(recs[0], h.now()), recs[0])
		return unlessConflict(err) // the merge is undone
	}
	if m := p.Undone(); !m.Event.IsZero() {
		id, err := personOf(due.Stream)
		if err != nil {
			return err
		}
		_, err = h.separate(ctx, id, residence.MergeUndone{PersonID: id, SurvivorID: m.SurvivorID, Merge: m.Event})
		return err
	}
	return nil
}

// ties are what is in force and names the person outside of their own stream.
func (h *Handler) ties(ctx context.Context, id domain.PersonID) (residence.Ties, error) {
	var t residence.Ties
	p, err := look[residence.Person](ctx, h, id.Stream())
	if err != nil {
		return t, err
	}
	for _, ward := range p.Wards {
		w, err := look[residence.Person](ctx, h, ward.Stream())
		if err != nil {
			return t, err
		}
		if w.RepresentedBy(id) {
			t.Wards = append(t.Wards, ward)
		}
	}
	if h.records == nil {
		return t, nil
	}
	if err := h.model.CatchUp(ctx); err != nil {
		return t, err
	}
	matters, _, err := h.records.Matters(ctx, id)
	if err != nil {
		return t, err
	}
	t.Entries, t.Cases, t.Leases = matters.Entries, matters.OpenCases, matters.Leases
	naming, err := h.records.Naming(ctx, id)
	if err != nil {
		return t, err
	}
	for _, dwelling := range naming.Dwellings {
		d, err := look[residence.Dwelling](ctx, h, dwelling.Stream())
		if err != nil {
			return t, err
		}
		if d.Names(id) {
			t.Dwellings = append(t.Dwellings, dwelling)
		}
	}
	for _, e := range naming.Entries {
		q, err := look[housing.List](ctx, h, e.ListID.Stream())
		if err != nil {
			return t, err
		}
		counts := func(m housing.FamilyMember) bool { return m.PersonID == id }
		if entry, ok := q.Entry(e.EntryID); ok && entry.Active && slices.ContainsFunc(entry.Family, counts) {
			t.Counted = append(t.Counted, e)
		}
	}
	return t, nil
}

// present returns the record that stands for a human now: that of the person, or the one into
// which it was merged.
func (h *Handler) present(ctx context.Context, id domain.PersonID) (residence.Person, error) {
	p, err := h.Person(ctx, id)
	if m, merged := p.Merged(); err == nil && merged {
		return h.Person(ctx, m.SurvivorID)
	}
	return p, err
}

// CheckUnmerged refuses where the record was merged into another one.
func (h *Handler) CheckUnmerged(ctx context.Context, role domain.Role, id domain.PersonID, field string) error {
	p, err := look[residence.Person](ctx, h, id.Stream())
	if err != nil {
		return err
	}
	return p.CheckUnmerged(role, field)
}

// unmerged refuses a holder, at the field that names them, or a member of a family whose record
// was merged into another one: one human would stand or count twice.
func (h *Handler) unmerged(
	ctx context.Context, role domain.Role, holder domain.PersonID, field string, family []housing.FamilyMember,
) error {
	if err := h.CheckUnmerged(ctx, role, holder, field); err != nil {
		return err
	}
	for i, m := range family {
		if err := h.CheckUnmerged(ctx, role, m.PersonID, domain.Path("family", i, "person_id")); err != nil {
			return err
		}
	}
	return nil
}

// AbsorbedBy returns whose records the one of the person stands for, as the newest state in this
// process has it, or with now, as the log has it.
func (h *Handler) AbsorbedBy(ctx context.Context, id domain.PersonID, now bool) ([]domain.PersonID, error) {
	p, err := remembered[residence.Person](ctx, h, id.Stream(), now)
	if err != nil {
		return nil, err
	}
	var absorbed []domain.PersonID
	for _, other := range p.Absorbed() {
		q, err := remembered[residence.Person](ctx, h, other.Stream(), now)
		if err != nil {
			return nil, err
		}
		if m, merged := q.Merged(); merged && m.SurvivorID == id {
			absorbed = append(absorbed, other)
		}
	}
	return absorbed, nil
}
