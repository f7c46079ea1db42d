package command

import (
	"context"
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
	// dueEvery is how often the list is looked at. Tasks fall due on days or after
	// terms of at least minutes, so some seconds are early enough.
	dueEvery = 5 * time.Second
	// dueAtOnce bounds one look.
	dueAtOnce = 100
	// registryActor is the actor of the commands that the registry gives itself.
	registryActor = "registry"
)

// TaskList lists the tasks of the registry: what it does itself when an instant comes.
// It is a projection of the log.
type TaskList interface {
	// DueTasks returns the tasks whose instant has come at by, the oldest first, at most
	// limit of those behind the first skip.
	DueTasks(ctx context.Context, by time.Time, skip, limit int) ([]domain.Task, error)
}

// Timer is the process manager that carries out the tasks that are due. Several may
// run at once: the command of a task is derived from the event that the task follows
// from, so it is carried out once. The list may be behind the log: a task that the
// log does not know any more is passed over.
type Timer struct {
	handler *Handler
	list    TaskList
	log     *complaints
	failed  postponed[domain.Task]
}

// NewTimer returns a Timer that works through the list.
func NewTimer(h *Handler, list TaskList, log *slog.Logger) *Timer {
	return &Timer{handler: h, list: list, log: newComplaints(log)}
}

// Run works until ctx ends. What fails is tried again at the next look, and later at most
// once a minute.
func (t *Timer) Run(ctx context.Context) {
	every(ctx, dueEvery, func() { t.Once(ctx) })
}

// Once carries out what is due now: nothing while the clock of the process cannot be relied
// on.
func (t *Timer) Once(ctx context.Context) {
	if t.handler.clock.Check(ctx) != nil { // the clock itself says so in the log
		return
	}
	now := t.handler.now()
	due, err := t.failed.turn(now, dueAtOnce, func(skip, limit int) ([]domain.Task, error) {
		return t.list.DueTasks(ctx, now, skip, limit)
	})
	if err != nil {
		t.log.warn(ctx, "the tasks that are due cannot be read now", err)
		return
	}
	for _, d := range due {
		err := t.handler.Do(ctx, d)
		t.failed.tried(d, now, err)
		if err != nil {
			t.log.warn(ctx, "a task that is due could not be done yet", err, "kind", d.Kind, "stream", d.Stream)
		}
	}
}

// tasks says how each kind of task is carried out.
var tasks = map[domain.TaskKind]func(*Handler, context.Context, domain.Task) error{
	domain.TaskTerm:          (*Handler).expire,
	domain.TaskConfirmations: (*Handler).lapseConfirmations,
	domain.TaskProposal:      (*Handler).lapseProposal,
	domain.TaskConsent:       (*Handler).expireConsent,
	domain.TaskDeath:         (*Handler).followDeath,
	domain.TaskDeparture:     (*Handler).followDeparture,
	domain.TaskIIN:           (*Handler).completeIIN,
	domain.TaskMerge:         (*Handler).followMerge,
	domain.TaskWard:          (*Handler).noteWardWhenDue,
	domain.TaskDwelling:      (*Handler).followEndWhenDue,
	domain.TaskInventory:     (*Handler).takeInventoryWhenDue,
	domain.TaskHolder:        (*Handler).certifyHolderWhenDue,
	domain.TaskDecline:       (*Handler).followDeclineWhenDue,
	domain.TaskPriority:      (*Handler).followPriorityRule,
	domain.TaskWorse:         (*Handler).tellWorseWhenDue,
	domain.TaskDecision:      onCase("overdue", markOverdue),
	domain.TaskCorrection:    onCase("return", returnCase),
	domain.TaskObjection:     onCase("hearing lapsed", lapseHearing),
	domain.TaskDuty:          onCase("missed", markMissed),
}

// caseStep is a step of the procedure that the registry takes itself. item is that of
// the task.
type caseStep func(cmd domain.Command, c *procedure.Case, item string) ([]domain.Event, error)

func markOverdue(cmd domain.Command, c *procedure.Case, _ string) ([]domain.Event, error) {
	return c.MarkOverdue(cmd)
}

func returnCase(cmd domain.Command, c *procedure.Case, _ string) ([]domain.Event, error) {
	return c.Return(cmd)
}

func lapseHearing(cmd domain.Command, c *procedure.Case, _ string) ([]domain.Event, error) {
	return c.CloseHearing(cmd, procedure.HearingLapsed, "")
}

func markMissed(cmd domain.Command, c *procedure.Case, duty string) ([]domain.Event, error) {
	return c.MarkMissed(cmd, procedure.Duty(duty))
}

// listPrefix begins the name of a list's stream.
const listPrefix = "queue-"

func isList(stream string) bool { return strings.HasPrefix(stream, listPrefix) }

// onCase returns a task that is one step on a case. Where the task is on a list, the
// case is a review, whose id its item begins with.
func onCase(name string, step caseStep) func(*Handler, context.Context, domain.Task) error {
	return func(h *Handler, ctx context.Context, d domain.Task) error {
		if isList(d.Stream) {
			return h.onReviewWhenDue(ctx, d, name, step)
		}
		id, err := uuid.Parse(strings.TrimPrefix(d.Stream, "case-"))
		if err != nil {
			return fmt.Errorf("command: a task of the stream %s: %w", d.Stream, err)
		}
		// The same task can fall due again later, for example after an extension.
		c, err := look[procedure.Case](ctx, h, d.Stream)
		if err != nil {
			return err
		}
		cmd := h.ownCommand(id, fmt.Sprintf("%s %s at %d", name, d.Item, d.At.UnixMilli())+again(c.Annulments))
		decide := func(c *procedure.Case, _ procedure.Terms) ([]domain.Event, error) { return step(cmd, c, d.Item) }
		_, err = h.StepOnCase(ctx, cmd, domain.CaseID{UUID: id}, decide, Options{})
		return unlessConflict(err)
	}
}

// again tells the command of a step from that of the same step before it was annulled.
func again(annulments int) string {
	if annulments == 0 {
		return ""
	}
	return fmt.Sprintf(", after %d annulments", annulments)
}

func (h *Handler) onReviewWhenDue(ctx context.Context, d domain.Task, name string, step caseStep) error {
	review, item, _ := strings.Cut(d.Item, "/")
	if id, err := uuid.Parse(review); err == nil {
		q, err := look[housing.List](ctx, h, d.Stream)
		if err != nil {
			return err
		}
		name += again(q.ReviewCase(domain.CaseID{UUID: id}).Annulments)
	}
	decide := func(cmd domain.Command, q *housing.List, id uuid.UUID) ([]domain.Event, error) {
		return q.ProceedIn(domain.CaseID{UUID: id}, func(c *procedure.Case) ([]domain.Event, error) {
			return step(cmd, c, item)
		})
	}
	return h.onListWhenDue(ctx, d, name, review, decide)
}

// takeInventoryWhenDue carries out what is due in the inventory of an entry.
func (h *Handler) takeInventoryWhenDue(ctx context.Context, d domain.Task) error {
	decide := func(cmd domain.Command, q *housing.List, entry uuid.UUID) ([]domain.Event, error) {
		return q.TakeInventoryOf(cmd, domain.EntryID{UUID: entry}, h.rules)
	}
	name := "inventory"
	if id, err := uuid.Parse(d.Item); err == nil {
		if name, err = h.againOnEntry(ctx, d.Stream, domain.EntryID{UUID: id}, name); err != nil {
			return err
		}
	}
	return h.onListWhenDue(ctx, d, name, d.Item, decide)
}

// againOnEntry is [again] for an act on an entry, after its name.
func (h *Handler) againOnEntry(ctx context.Context, list string, id domain.EntryID, name string) (string, error) {
	q, err := look[housing.List](ctx, h, list)
	if err != nil {
		return "", err
	}
	e, _ := q.Entry(id)
	return name + again(e.ClockActs.Annulled), nil
}

// onListWhenDue carries out a task on a thing of a list, an entry or a review, in one
// append to the list.
func (h *Handler) onListWhenDue(
	ctx context.Context, d domain.Task, name, thing string,
	decide func(domain.Command, *housing.List, uuid.UUID) ([]domain.Event, error),
) error {
	id, err := uuid.Parse(thing)
	if err != nil {
		return fmt.Errorf("command: a task of the list %s on %q: %w", d.Stream, d.Item, err)
	}
	cmd := h.ownCommand(id, fmt.Sprintf("%s %s at %d", name, d.Item, d.At.UnixMilli()))
	_, err = execute(ctx, h, streamCommand[housing.List]{
		cmd: cmd, stream: d.Stream,
		decide: func(q *housing.List) ([]domain.Event, error) { return decide(cmd, q, id) },
	})
	return unlessConflict(err)
}

// unlessConflict returns nil for a conflict: what was to be done does not exist any more, or
// its refusal is recorded. A lost race is no conflict in this sense.
func unlessConflict(err error) error {
	if domain.IsKind(err, domain.Conflict) && domain.CodeOf(err) != domain.CodeLostRace {
		return nil
	}
	return err
}

// Do carries out a task. It does nothing where the task has been carried out or does not
// exist any more.
func (h *Handler) Do(ctx context.Context, d domain.Task) error {
	do, ok := tasks[d.Kind]
	if !ok {
		return fmt.Errorf("command: no task is of the kind %q", d.Kind)
	}
	err := do(h, ctx, d)
	if domain.CodeOf(err) == domain.CodeNotDue {
		return nil
	}
	return err
}

// expire records that a temporary registration has ended with its term (R13).
func (h *Handler) expire(ctx context.Context, d domain.Task) error {
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
	// A term that was corrected after it had expired can expire again; that is another
	// command.
	cmd := h.ownCommand(id.UUID, fmt.Sprintf("expire after %d", p.LastFact(id)))
	_, err = execute(ctx, h, streamCommand[residence.Person]{
		cmd: cmd, stream: d.Stream,
		decide: func(p *residence.Person) ([]domain.Event, error) { return p.Expire(cmd, id) },
	})
	return err
}

// expireConsent records that a consent to look-ups has expired, in the case of
// an application or on an entry (C20).
func (h *Handler) expireConsent(ctx context.Context, d domain.Task) error {
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
		a, err := look[housing.Application](ctx, h, d.Stream)
		if err != nil {
			return err
		}
		cmd := h.ownCommand(id, what+again(a.Restored))
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
	if what, err = h.againOnEntry(ctx, d.Stream, domain.EntryID{UUID: item}, what); err != nil {
		return err
	}
	cmd := h.ownCommand(item, what)
	_, err = h.onList(ctx, cmd, domain.ListID{UUID: id}, Options{}, func(q *housing.List) ([]domain.Event, error) {
		return q.ExpireConsent(cmd, domain.EntryID{UUID: item})
	})
	return err
}

// ownCommand is the envelope of a command that the registry gives itself. The same
// thing and name are the same command.
func (h *Handler) ownCommand(thing uuid.UUID, name string) domain.Command {
	return domain.Command{
		ID:    domain.CommandID{UUID: domain.DeriveID(thing, name)},
		Actor: registryActor, Role: domain.RoleSystem, Now: h.now(),
	}
}
