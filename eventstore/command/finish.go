package command

import (
	"context"
	"log/slog"
	"time"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
)

const (
	// finishAfter is the age from which an act without its last step is finished by
	// the process manager. A request that is still at work on it loses nothing: every
	// step is idempotent.
	finishAfter = 5 * time.Second
	// finishEvery is how often the to-do list is looked at.
	finishEvery = 2 * time.Second
	// finishAtOnce bounds one look.
	finishAtOnce = 100
)

// Todo lists acts that have begun and not ended. It is a projection of the log.
type Todo interface {
	// Unfinished returns the cases whose act began before olderThan, the oldest first, at
	// most limit of those behind the first skip.
	Unfinished(ctx context.Context, olderThan time.Time, skip, limit int) ([]domain.CaseID, error)
}

// Finisher is the process manager: it completes what a crash left half done.
// Several may run at once.
type Finisher struct {
	handler *Handler
	todo    Todo
	log     *complaints
	failed  postponed[domain.CaseID]
}

// NewFinisher returns a Finisher that works through todo.
func NewFinisher(h *Handler, todo Todo, log *slog.Logger) *Finisher {
	return &Finisher{handler: h, todo: todo, log: newComplaints(log)}
}

// Run works until ctx ends. What fails is tried again at the next look, and later at most
// once a minute.
func (f *Finisher) Run(ctx context.Context) {
	every(ctx, finishEvery, func() { f.Once(ctx, f.handler.now().Add(-finishAfter)) })
}

// every looks at once and then again after each pause, until ctx ends.
func every(ctx context.Context, pause time.Duration, look func()) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		look()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Once completes the acts that began before olderThan. It does nothing while the clock of
// the process cannot be relied on.
func (f *Finisher) Once(ctx context.Context, olderThan time.Time) {
	if f.handler.clock.Check(ctx) != nil { // the clock itself says so in the log
		return
	}
	now := f.handler.now()
	cases, err := f.failed.turn(now, finishAtOnce, func(skip, limit int) ([]domain.CaseID, error) {
		return f.todo.Unfinished(ctx, olderThan, skip, limit)
	})
	if err != nil {
		f.log.warn(ctx, "unfinished acts cannot be read now", err)
		return
	}
	for _, id := range cases {
		err := f.handler.Finish(ctx, id)
		f.failed.tried(id, now, err)
		if err != nil {
			f.log.warn(ctx, "an act could not be finished yet", err, "case", id)
		}
	}
}

// Finish completes the act of a case where it is incomplete. A placement that its
// list refuses ends with the event that voids the approval, a provision that its
// dwelling or its list refuses with the event that voids the decision.
func (h *Handler) Finish(ctx context.Context, id domain.CaseID) error {
	var open *domain.Recorded
	for rec, err := range h.log.Read(ctx, id.Stream(), 0) {
		if err != nil {
			return err
		}
		switch rec.Event.(type) {
		case residence.DeregistrationApplied:
			_, err := h.finishDeregistration(ctx, id)
			return err
		case residence.StreetRenamed:
			return h.finishRenaming(ctx, id)
		case housing.PlacementApproved, housing.ProvisionDecided:
			open = &rec
		case housing.PlacementCertified, housing.ApprovalVoided, housing.ProvisionCompleted, housing.ProvisionVoided:
			open = nil
		}
	}
	if open == nil {
		return nil
	}
	var err error
	if _, provision := open.Event.(housing.ProvisionDecided); provision {
		_, err = h.finishProvision(ctx, id, *open)
	} else {
		_, err = h.finishPlacement(ctx, id, *open)
	}
	return unlessConflict(err) // the refusal is recorded: the act has ended
}
