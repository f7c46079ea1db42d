package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/residence"
)

// eraseEvery is how often an [Eraser] looks for erasures.
const eraseEvery = 2 * time.Second

// DataKeys are the keys that seal personal values; [*eventstore.Store] has them.
type DataKeys interface {
	// DestroyKeys destroys the keys of a person or a case up to the generation.
	// Repeating it changes nothing.
	DestroyKeys(ctx context.Context, owner uuid.UUID, through uint32) error
	// ForgetKeys takes the keys of a person or a case out of memory: another
	// process has destroyed them.
	ForgetKeys(owner uuid.UUID)
}

// Records is the part of the read model that erasures need.
type Records interface {
	// Matters returns what bars the erasure of a person, and which event is the
	// last one about them.
	Matters(ctx context.Context, id domain.PersonID) (residence.Matters, domain.EventRef, error)
	// Erasures returns who was erased after the position, up to which one, and
	// whose keys are still to be destroyed.
	Erasures(ctx context.Context, after domain.Position) (Erasures, error)
	// Alike returns who is, or was, recorded with a name and birth date of that likeness.
	Alike(ctx context.Context, l residence.Likeness) ([]domain.PersonID, error)
	// Naming returns what has ever named the person.
	Naming(ctx context.Context, id domain.PersonID) (residence.Naming, error)
}

// Erasures are the news about erasures.
type Erasures struct {
	Erased     []domain.PersonID
	UpTo       domain.Position // of the last of them
	Incomplete []domain.PersonID
}

var errNoKeys = errors.New("command: this registry was configured without data keys, so it erases nobody")

// PlaceHold records that the personal values of a person must be kept.
func (h *Handler) PlaceHold(
	ctx context.Context, cmd domain.Command, id domain.PersonID, c residence.PlaceHold, opt Options,
) (Receipt, error) {
	return onStream(ctx, h, cmd, id.Stream(), opt, func(p *residence.Person) ([]domain.Event, error) {
		return p.PlaceHold(cmd, c)
	})
}

// LiftHold ends a hold.
func (h *Handler) LiftHold(
	ctx context.Context, cmd domain.Command, id domain.PersonID, c residence.LiftHold, opt Options,
) (Receipt, error) {
	return onStream(ctx, h, cmd, id.Stream(), opt, func(p *residence.Person) ([]domain.Event, error) {
		return p.LiftHold(cmd, c)
	})
}

// ErasePerson erases the personal values of a person. The act is recorded first;
// only it can be refused. Then the keys are destroyed, which may be repeated, and
// last it is recorded that they are. Where a crash comes between, or the event
// store lets only an administrator destroy, an [Eraser] goes on.
func (h *Handler) ErasePerson(
	ctx context.Context, cmd domain.Command, id domain.PersonID, c residence.Erase, opt Options,
) (Receipt, error) {
	if h.keys == nil {
		return Receipt{}, errNoKeys
	}
	c.Rules = h.rules
	if err := h.model.CatchUp(ctx); err != nil {
		return Receipt{}, err
	}
	var last domain.EventRef
	var err error
	if c.Matters, last, err = h.records.Matters(ctx, id); err != nil {
		return Receipt{}, err
	}
	if !last.IsZero() {
		recs, err := h.log.ReadPage(ctx, last.Stream, last.Revision, 1)
		if err != nil {
			return Receipt{}, err
		}
		if len(recs) != 1 {
			return Receipt{}, fmt.Errorf("command: the log has no event %s", last)
		}
		c.Matters.LastEvent = domain.DateOf(recs[0].Created)
	}
	if err := h.survivorErased(ctx, id); err != nil {
		return Receipt{}, err
	}
	receipt, err := h.executeWithHousehold(ctx, streamCommand[residence.Person]{
		cmd: cmd, stream: id.Stream(), ifMatch: opt.IfMatch, dryRun: opt.DryRun, onMerged: true,
	}, func(p *residence.Person, of residence.Household) ([]domain.Event, error) {
		c.Household = of
		return p.Erase(cmd, c)
	})
	if err != nil || receipt.Planned {
		return receipt, err
	}
	if err := h.CompleteErasure(ctx, id); err != nil {
		h.logger.Warn("the keys of an erased person are not destroyed yet", "person", id, "error", err)
	}
	return receipt, nil
}

// survivorErased refuses to erase a record that was merged into one which is needed.
func (h *Handler) survivorErased(ctx context.Context, id domain.PersonID) error {
	p, err := look[residence.Person](ctx, h, id.Stream())
	if err != nil {
		return err
	}
	m, merged := p.Merged()
	if !merged {
		return nil
	}
	s, err := look[residence.Person](ctx, h, m.SurvivorID.Stream())
	if err != nil || !s.Known() {
		return err
	}
	return domain.Refuse(domain.Conflict, domain.CodeErasureBarred,
		"the record was merged into that of the person %s, which stands for it: erase that one first", m.SurvivorID)
}

// CompleteErasure destroys the keys of a person who was erased, and records that
// they are destroyed. Where another process has done so, it only takes what was erased
// out of the memory of this one, which may have read the keys until then.
func (h *Handler) CompleteErasure(ctx context.Context, id domain.PersonID) error {
	p, err := look[residence.Person](ctx, h, id.Stream())
	if err != nil {
		return err
	}
	act, complete := p.Erasure()
	if act == nil {
		return nil
	}
	if h.keys == nil {
		return errNoKeys
	}
	if complete {
		h.forget(act)
		return nil
	}
	for _, owner := range ownersErased(act) {
		if err := h.keys.DestroyKeys(ctx, owner, p.ErasedBefore()); err != nil {
			return err
		}
	}
	h.forget(act)
	// One command for each erasure: where another process was faster, this repeats what it did.
	cmd := h.ownCommand(id.UUID, "keys destroyed after "+act.ErasedAt.UTC().Format(time.RFC3339Nano))
	_, err = execute(ctx, h, streamCommand[residence.Person]{
		cmd: cmd, stream: id.Stream(),
		decide: func(p *residence.Person) ([]domain.Event, error) { return p.CompleteErasure(cmd) },
	})
	return err
}

// ownersErased returns whose keys an erasure destroys.
func ownersErased(act *residence.PersonErased) []uuid.UUID {
	owners := []uuid.UUID{act.PersonID.UUID}
	for _, id := range act.Cases {
		owners = append(owners, id.UUID)
	}
	return owners
}

// forget takes what was erased out of the memory of this process: the states that
// were folded from events with values in clear, and the keys.
func (h *Handler) forget(act *residence.PersonErased) {
	names := map[string]bool{act.PersonID.Stream(): true, "otp-" + act.PersonID.String(): true}
	for _, id := range act.Cases {
		names[id.Stream()] = true
	}
	for _, key := range h.streams.Keys() {
		if names[key.name] {
			h.streams.Remove(key)
		}
	}
	for _, owner := range ownersErased(act) {
		h.keys.ForgetKeys(owner)
	}
}

// Eraser completes erasures that were not, and takes what other processes have
// erased out of the memory of this one. Each process runs one.
type Eraser struct {
	handler *Handler
	log     *complaints
	seen    domain.Position
}

// NewEraser returns an Eraser for the process of the handler.
func NewEraser(h *Handler, log *slog.Logger) *Eraser {
	return &Eraser{handler: h, log: newComplaints(log)}
}

// Run works until ctx ends. What fails is tried again at the next look.
func (e *Eraser) Run(ctx context.Context) {
	every(ctx, eraseEvery, func() {
		if err := e.Once(ctx); err != nil {
			e.log.warn(ctx, "erasures are not complete yet", err)
		}
	})
}

// Once looks once.
func (e *Eraser) Once(ctx context.Context) error {
	news, err := e.handler.records.Erasures(ctx, e.seen)
	if err != nil {
		return err
	}
	var failed []error
	for _, id := range news.Erased {
		p, err := look[residence.Person](ctx, e.handler, id.Stream())
		if err != nil {
			failed = append(failed, err)
		} else if act, _ := p.Erasure(); act != nil {
			e.handler.forget(act)
		}
	}
	if len(failed) == 0 {
		e.seen = max(e.seen, news.UpTo)
	}
	if e.handler.clock.Check(ctx) != nil { // what completes an erasure could not be recorded
		return errors.Join(failed...)
	}
	for _, id := range news.Incomplete {
		failed = append(failed, e.handler.CompleteErasure(ctx, id))
	}
	return errors.Join(failed...)
}
