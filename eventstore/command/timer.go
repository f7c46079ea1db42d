package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
)

const (
	// dueEvery is how often the agenda is looked at. Duties fall due on days or
	// with a term of at least minutes, so some seconds are early enough.
	dueEvery = 5 * time.Second
	// dueAtOnce bounds one look.
	dueAtOnce = 100
	// registryActor stands for who gave the command where nobody did.
	registryActor = "registry"
)

// Agenda lists what the registry has to do by itself, as a projection of the
// log.
type Agenda interface {
	// Due returns at most limit duties whose time has come at by, the oldest
	// first.
	Due(ctx context.Context, by time.Time, limit int) ([]domain.Due, error)
}

// Timer is the process manager that does what is due. Several may run at once:
// every duty's command is derived from the fact that it follows from, so it is
// done once. A duty that is no longer one, because the agenda is behind the
// log, is passed over.
type Timer struct {
	handler *Handler
	agenda  Agenda
	log     *slog.Logger
}

// NewTimer returns a Timer that works through the agenda.
func NewTimer(h *Handler, agenda Agenda, log *slog.Logger) *Timer {
	return &Timer{handler: h, agenda: agenda, log: log}
}

// Run works until ctx ends. What fails is tried again at the next look.
func (t *Timer) Run(ctx context.Context) {
	every(ctx, dueEvery, func() { t.Once(ctx) })
}

// Once does what is due now.
func (t *Timer) Once(ctx context.Context) {
	duties, err := t.agenda.Due(ctx, t.handler.now(), dueAtOnce)
	if err != nil {
		if ctx.Err() == nil && domain.CodeOf(err) != domain.CodeModelNotReady {
			t.log.Warn("what is due cannot be read now", "error", err)
		}
		return
	}
	for _, d := range duties {
		if err := t.handler.Do(ctx, d); err != nil && ctx.Err() == nil {
			t.log.Warn("something due could not be done yet", "kind", d.Kind, "stream", d.Stream, "error", err)
		}
	}
}

// duties says how each kind of duty is done.
var duties = map[domain.DueKind]func(*Handler, context.Context, domain.Due) error{
	domain.DueTerm:          (*Handler).expire,
	domain.DueConfirmations: (*Handler).lapse,
	domain.DueConsent:       (*Handler).expireConsent,
	domain.DueWard:          (*Handler).noteDue,
	domain.DueDecision: onCase("overdue", func(cmd domain.Command, c *procedure.Case, _ string) ([]domain.Event, error) {
		return c.MarkOverdue(cmd)
	}),
	domain.DueCorrection: onCase("return", func(cmd domain.Command, c *procedure.Case, _ string) ([]domain.Event, error) {
		return c.Return(cmd)
	}),
	domain.DueObjection: onCase("hearing lapsed", func(cmd domain.Command, c *procedure.Case, _ string) ([]domain.Event, error) {
		return c.CloseHearing(cmd, procedure.HearingLapsed, "")
	}),
	domain.DueDuty: onCase("missed", func(cmd domain.Command, c *procedure.Case, duty string) ([]domain.Event, error) {
		return c.MarkMissed(cmd, procedure.Duty(duty))
	}),
	domain.DueInventory: func(h *Handler, ctx context.Context, d domain.Due) error {
		return h.onListDue(ctx, d, "inventory", d.Item, func(cmd domain.Command, q *housing.Queue, entry uuid.UUID) ([]domain.Event, error) {
			return q.TakeInventoryOf(cmd, domain.EntryID{UUID: entry}, h.rules)
		})
	},
}

// listPrefix begins the name of a list's stream.
const listPrefix = "queue-"

// onListDue does what is due of a thing of a list, an entry or a review: one
// append to the list. What the list refuses is no duty any more: the agenda was
// behind the log.
func (h *Handler) onListDue(ctx context.Context, d domain.Due, name, thing string, decide func(domain.Command, *housing.Queue, uuid.UUID) ([]domain.Event, error)) error {
	id, err := uuid.Parse(thing)
	if err != nil {
		return fmt.Errorf("command: a duty of the list %s of %q: %w", d.Stream, d.Item, err)
	}
	cmd := h.own(id, fmt.Sprintf("%s %s at %d", name, d.Item, d.At.UnixMilli()))
	_, err = execute(ctx, h, streamCommand[housing.Queue]{
		cmd: cmd, stream: d.Stream,
		decide: func(q *housing.Queue) ([]domain.Event, error) { return decide(cmd, q, id) },
	})
	return unlessRefused(err)
}

// unlessRefused is nil for the conflict of a duty that is none any more.
func unlessRefused(err error) error {
	var refused *domain.Error
	if errors.As(err, &refused) && refused.Kind == domain.Conflict && refused.Code != domain.CodeLostRace {
		return nil
	}
	return err
}

// onCase is a duty that is one step on a case, or on a review of a list, whose
// item begins with the review. What the case refuses is no duty any more: the
// agenda was behind the log.
func onCase(name string, step func(cmd domain.Command, c *procedure.Case, item string) ([]domain.Event, error)) func(*Handler, context.Context, domain.Due) error {
	return func(h *Handler, ctx context.Context, d domain.Due) error {
		if strings.HasPrefix(d.Stream, listPrefix) {
			review, item, _ := strings.Cut(d.Item, "/")
			return h.onListDue(ctx, d, name, review, func(cmd domain.Command, q *housing.Queue, id uuid.UUID) ([]domain.Event, error) {
				return q.ProceedIn(domain.CaseID{UUID: id}, func(c *procedure.Case) ([]domain.Event, error) { return step(cmd, c, item) })
			})
		}
		id, err := uuid.Parse(strings.TrimPrefix(d.Stream, "case-"))
		if err != nil {
			return fmt.Errorf("command: a duty of the stream %s: %w", d.Stream, err)
		}
		// The same duty can fall due again later, after an extension for one.
		cmd := h.own(id, fmt.Sprintf("%s %s at %d", name, d.Item, d.At.UnixMilli()))
		_, err = h.StepOnCase(ctx, cmd, domain.CaseID{UUID: id}, func(c *procedure.Case, _ procedure.Terms) ([]domain.Event, error) { return step(cmd, c, d.Item) }, Options{})
		return unlessRefused(err)
	}
}

// Do does what is due, once; it does nothing where that has been done or is not
// due any more.
func (h *Handler) Do(ctx context.Context, d domain.Due) error {
	do, ok := duties[d.Kind]
	if !ok {
		return fmt.Errorf("command: no duty is of the kind %q", d.Kind)
	}
	err := do(h, ctx, d)
	if domain.CodeOf(err) == domain.CodeNotDue {
		return nil
	}
	return err
}

// expire records that a temporary registration has ended with its term (R13).
func (h *Handler) expire(ctx context.Context, d domain.Due) error {
	person, err := uuid.Parse(strings.TrimPrefix(d.Stream, "residence-"))
	if err != nil {
		return fmt.Errorf("command: a term of the stream %s: %w", d.Stream, err)
	}
	item, err := uuid.Parse(d.Item)
	if err != nil {
		return fmt.Errorf("command: a term of the registration %q: %w", d.Item, err)
	}
	id := domain.RegistrationID{UUID: item}
	p, err := h.Person(ctx, domain.PersonID{UUID: person})
	if err != nil {
		return err
	}
	// A term that was corrected after it had expired can expire again, and that
	// is another command.
	cmd := h.own(id.UUID, fmt.Sprintf("expire after %d", p.LastFact(id)))
	_, err = execute(ctx, h, streamCommand[residence.Person]{
		cmd: cmd, stream: d.Stream,
		decide: func(p *residence.Person) ([]domain.Event, error) { return p.Expire(cmd, id) },
	})
	return err
}

// expireConsent records that a consent to look-ups has expired, in the case of
// an application or on an entry (C20).
func (h *Handler) expireConsent(ctx context.Context, d domain.Due) error {
	of, name, list := strings.Cut(d.Stream, "queue-")
	if !list {
		name = strings.TrimPrefix(of, "case-")
	}
	id, err := uuid.Parse(name)
	if err != nil {
		return fmt.Errorf("command: a consent of the stream %s: %w", d.Stream, err)
	}
	what := fmt.Sprintf("consent expires at %d", d.At.UnixMilli())
	if !list {
		cmd := h.own(id, what)
		_, err = execute(ctx, h, streamCommand[housing.Application]{
			cmd: cmd, stream: d.Stream, correlation: id,
			decide: func(a *housing.Application) ([]domain.Event, error) { return a.ExpireConsent(cmd) },
		})
		return err
	}
	item, err := uuid.Parse(d.Item)
	if err != nil {
		return fmt.Errorf("command: a consent of the entry %q: %w", d.Item, err)
	}
	cmd := h.own(item, what)
	_, err = h.onList(ctx, cmd, domain.ListID{UUID: id}, Options{}, func(q *housing.Queue) ([]domain.Event, error) {
		return q.ExpireConsent(cmd, domain.EntryID{UUID: item})
	})
	return err
}

// own is the envelope of a command that the registry gives itself.
func (h *Handler) own(thing uuid.UUID, name string) domain.Command {
	return domain.Command{ID: domain.CommandID{UUID: domain.DeriveID(thing, name)}, Actor: registryActor, Role: domain.RoleSystem, Now: h.now()}
}
