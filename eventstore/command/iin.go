package command

import (
	"context"
	"iter"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"tizilim/domain"
	"tizilim/domain/residence"
)

// meansMost bounds how many ids lead from one to the next until a person is found. An IIN
// leads to a record; each merge adds one.
const meansMost = 16

// WhoIs returns the id of the person whom an id means: that of the IIN of a person who was
// recorded with another id leads to them (R28), that of a record that was merged leads to the
// survivor (R33). Every look-up by IIN goes through it. An id that nobody is recorded with means
// itself.
func (h *Handler) WhoIs(ctx context.Context, id domain.PersonID) (domain.PersonID, error) {
	id, _, err := h.meant(ctx, id)
	return id, err
}

func (h *Handler) meant(ctx context.Context, id domain.PersonID) (domain.PersonID, bool, error) {
	return meant(id, func(stream string) (*residence.Person, error) { return look[residence.Person](ctx, h, stream) })
}

// WhoIs is [Handler.WhoIs] of a process that has no Handler.
func WhoIs(ctx context.Context, log interface {
	Read(ctx context.Context, stream string, from uint64) iter.Seq2[domain.Recorded, error]
}, id domain.PersonID,
) (domain.PersonID, error) {
	id, _, err := meant(id, func(stream string) (*residence.Person, error) {
		var p residence.Person
		for rec, err := range log.Read(ctx, stream, 0) {
			if err != nil {
				return nil, err
			}
			p.Apply(rec)
		}
		return &p, nil
	})
	return id, err
}

// meant returns whom the id means, and whether that rarely changes: who was recorded with the id
// is meant by it, unless a merge comes.
func meant(
	id domain.PersonID, read func(stream string) (*residence.Person, error),
) (who domain.PersonID, recorded bool, err error) {
	who = id
	for range meansMost {
		p, err := read(who.Stream())
		if err != nil {
			return who, false, err
		}
		next := p.Means()
		if next.IsZero() {
			return who, who == id && p.Known(), nil
		}
		who = next
	}
	return who, false, nil
}

// GiveIIN gives a person an IIN that comes later, or replaces the one that they have (R28).
// of is the id that follows from the IIN.
//
// Steps:
//  1. The stream of the IIN claims it for the person. It refuses where the IIN is that of
//     another person. Of two desks that give one IIN, the expected revision lets one through.
//  2. The person's stream records the IIN.
//
// Before the first step the second is decided once without effect, so that a command that is
// refused claims nothing. Where the person's stream refuses after all, the claim is voided by
// a further event in the stream of the IIN. After a crash the same command goes on, or [Timer]
// does. An IIN that means the person already needs no claim.
func (h *Handler) GiveIIN(
	ctx context.Context, cmd domain.Command, of domain.PersonID, c residence.GiveIIN, opt Options,
) (Receipt, error) {
	c.ID = cmd.ID
	plan, err := h.recordIIN(ctx, cmd, c, domain.EventRef{}, Options{IfMatch: opt.IfMatch, DryRun: true})
	if err != nil || !plan.Planned { // it was carried out before
		return plan, err
	}
	recorded := plan.Events[0].Event.(residence.IINRecorded)
	claim, claimed, err := h.claimIIN(ctx, cmd, of, c, recorded.Accepted, opt.DryRun)
	if err != nil {
		return Receipt{}, err
	}
	if !opt.DryRun {
		plan, err = h.recordClaimed(ctx, cmd, of, c, claim, opt)
		if err != nil {
			return Receipt{}, err
		}
	}
	plan.Events = append(claimed, plan.Events...)
	return plan, nil
}

// claimIIN returns the event by which the stream of the IIN means the person, and that event
// where this command has appended it. There is none where the person was recorded with the IIN.
func (h *Handler) claimIIN(
	ctx context.Context, cmd domain.Command, of domain.PersonID, c residence.GiveIIN, accepted []domain.Code, dryRun bool,
) (domain.EventRef, []domain.Recorded, error) {
	q, err := look[residence.Person](ctx, h, of.Stream())
	if err != nil {
		return domain.EventRef{}, nil, err
	}
	if q.Claim().ID != cmd.ID {
		if means, err := h.WhoIs(ctx, of); err != nil || means == c.PersonID {
			return q.Claim().Event, nil, err
		}
	}
	step := cmd.Step(cmd.ID.UUID, "claim iin")
	step.Digest = cmd.Digest // another request with this key is noticed here too
	r, err := execute(ctx, h, streamCommand[residence.Person]{
		cmd: step, stream: of.Stream(), correlation: cmd.ID.UUID, dryRun: dryRun, onMerged: true,
		decide: func(p *residence.Person) ([]domain.Event, error) { return p.ClaimIIN(step, c, accepted) },
	})
	return domain.EventRef{Stream: r.Stream, Revision: r.Revision}, r.Events, err
}

func (h *Handler) recordIIN(
	ctx context.Context, cmd domain.Command, c residence.GiveIIN, claim domain.EventRef, opt Options,
) (Receipt, error) {
	return execute(ctx, h, streamCommand[residence.Person]{
		cmd: cmd, stream: c.PersonID.Stream(), ifMatch: opt.IfMatch, dryRun: opt.DryRun, later: !opt.DryRun,
		decide: func(p *residence.Person) ([]domain.Event, error) { return p.RecordIIN(cmd, c, claim) },
	})
}

// recordClaimed is the step after the claim. A refusal voids the claim that this command has
// made, unless it says that the person has the IIN by now.
func (h *Handler) recordClaimed(
	ctx context.Context, cmd domain.Command, of domain.PersonID, c residence.GiveIIN, claim domain.EventRef, opt Options,
) (Receipt, error) {
	r, err := h.recordIIN(ctx, cmd, c, claim, opt)
	code := domain.CodeOf(err)
	if err == nil || code == "" || code == domain.CodeNothingChanges || domain.IsKind(err, domain.Unavailable) {
		return r, err
	}
	step := cmd.Step(cmd.ID.UUID, "void iin")
	_, failed := execute(ctx, h, streamCommand[residence.Person]{
		cmd: step, stream: of.Stream(), correlation: cmd.ID.UUID, later: true, onMerged: true,
		decide: func(p *residence.Person) ([]domain.Event, error) { return p.VoidIINClaim(step, cmd.ID, code) },
	})
	if failed != nil && domain.CodeOf(failed) != domain.CodeNotDue {
		return r, failed
	}
	return r, err
}

// completeIIN carries out the task of [Handler.GiveIIN]: the person records the IIN that was
// claimed for them. It is the command of the desk, taken up again.
func (h *Handler) completeIIN(ctx context.Context, due domain.Task) error {
	q, err := look[residence.Person](ctx, h, due.Stream)
	claim := q.Claim()
	if err != nil || claim.ID.IsZero() {
		return err
	}
	recs, err := h.log.ReadPage(ctx, due.Stream, claim.Event.Revision, 1)
	if err != nil || len(recs) == 0 {
		return err
	}
	e, ok := recs[0].Event.(residence.IINClaimed)
	if !ok {
		return nil
	}
	of, err := personOf(due.Stream)
	if err != nil {
		return err
	}
	cmd := domain.CommandOf(recs[0], h.now())
	cmd.ID, cmd.Digest = e.ClaimID, recs[0].Meta.Digest
	_, err = h.recordClaimed(ctx, cmd, of, residence.GiveIIN{
		PersonID: e.PersonID, IIN: e.IIN, Basis: e.Basis, Accept: e.Accepted, ID: e.ClaimID,
	}, claim.Event, Options{})
	if kind := domain.CodeOf(err); kind != "" && !domain.IsKind(err, domain.Unavailable) {
		return nil // the claim is void, or the person has the IIN
	}
	return err
}

const (
	// identityFor is how long a process goes on to believe whom an id means that nobody was
	// recorded with, or that was merged, after another process has recorded otherwise.
	identityFor = 2 * time.Second
	// recordedFor is that time for the id of a recorded person. After a merge in another
	// process the person sees the absorbed record for so long.
	recordedFor = time.Minute
	// identityPatience is how long a request waits for the log for this, and knownPatience where
	// it is remembered what the id meant: then the log is asked only whether that still holds.
	identityPatience = time.Second
	knownPatience    = 50 * time.Millisecond
	// identitiesCached bounds the ids that are remembered, of about 100 bytes each.
	identitiesCached = 100_000
)

// Identities answers whom the ids in tokens mean: from memory where it was asked within
// [recordedFor] and the id is that of a recorded person, or within [identityFor]. So a citizen's
// read costs a look at the log once a minute at most, also while the log does not answer. It is
// safe for concurrent use.
type Identities struct {
	handler *Handler
	known   *lru.Cache[domain.PersonID, identity]
}

type identity struct {
	means    domain.PersonID
	recorded bool
	till     time.Time // with the monotonic clock, which nobody sets
	merges   uint64    // that this process had carried out
}

// NewIdentities returns Identities that ask the handler.
func NewIdentities(h *Handler) *Identities {
	known, err := lru.New[domain.PersonID, identity](identitiesCached)
	if err != nil {
		panic(err) // only for a size that is not positive
	}
	return &Identities{h, known}
}

// WhoIs is [Handler.WhoIs]. While the log does not answer, what was known last is said, and of
// an id that was not asked for yet, itself: nothing of another person is shown by that.
func (i *Identities) WhoIs(ctx context.Context, id domain.PersonID) domain.PersonID {
	last, known := i.known.Get(id)
	merges := i.handler.merges.Load()
	if known && last.merges == merges && time.Now().Before(last.till) {
		return last.means
	}
	holds := known && last.merges == merges
	patience := identityPatience
	if holds {
		patience = knownPatience
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	means, recorded, err := i.handler.meant(ctx, id)
	switch {
	case err != nil && known:
		means, recorded = last.means, last.recorded && holds
	case err != nil:
		means = id
	}
	believed := identityFor
	if recorded {
		believed = recordedFor
	}
	i.known.Add(id, identity{means, recorded, time.Now().Add(believed), merges})
	return means
}
