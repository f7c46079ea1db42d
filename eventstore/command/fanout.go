package command

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/notice"
)

const (
	// fanOutEvery is how often circulars are looked for.
	fanOutEvery = time.Second
	// circularsAtOnce bounds one look, and circularPart what one part of a circular reads.
	circularsAtOnce = 10
	circularPart    = 100
)

// CircularBook lists the circulars that are not complete, and whom they go to. It is a
// projection of the log.
type CircularBook interface {
	// Circulars returns circulars that have begun and not ended, the oldest first, at most
	// limit of those behind the first skip.
	Circulars(ctx context.Context, skip, limit int) ([]domain.NoticeID, error)
	// ListsOpened returns the lists that these bodies have opened, in the order of their ids.
	ListsOpened(ctx context.Context, by ...domain.BodyID) ([]domain.ListID, error)
	// Holders returns who holds those of the entries that stand on the list.
	Holders(ctx context.Context, list domain.ListID, entries []domain.EntryID) ([]domain.PersonID, error)
	// OpenApplicants looks at no more than limit applications to the list, behind a place. It
	// returns the applicants of those that are open and were received by an instant, and the
	// place from which to go on, "" where none is left.
	OpenApplicants(
		ctx context.Context, list domain.ListID, after string, by time.Time, limit int,
	) (applicants []domain.PersonID, next string, err error)
}

// FanOut is the process manager of circulars: it tells everybody who waits on some lists of an
// event that names none of them. It goes through the lists in parts and records how far it has
// come, so no command and no part of it grows with a list, and a crash repeats at most one part.
// Several may run at once: a repeated part tells nobody twice.
type FanOut struct {
	handler   *Handler
	directory *Directory
	book      CircularBook
	log       *complaints
	begun     int // of the changes of bodies
	failed    postponed[domain.NoticeID]
}

// NewFanOut returns a FanOut that works through the book.
func NewFanOut(h *Handler, d *Directory, book CircularBook, log *slog.Logger) *FanOut {
	return &FanOut{handler: h, directory: d, book: book, log: newComplaints(log)}
}

// Run works until ctx ends. What fails is tried again at the next look, and later at most once a
// minute.
func (f *FanOut) Run(ctx context.Context) {
	every(ctx, fanOutEvery, func() {
		for more := true; more && ctx.Err() == nil; {
			more = f.Once(ctx)
		}
	})
}

// Once begins the circulars that are owed and carries out the next part of each. It reports
// whether a circular goes on. It does nothing while the clock of the process cannot be relied on.
func (f *FanOut) Once(ctx context.Context) (more bool) {
	if f.handler.clock.Check(ctx) != nil { // the clock itself says so in the log
		return false
	}
	for _, c := range f.directory.changesFrom(f.begun) {
		if err := f.begin(ctx, c); err != nil {
			f.log.warn(ctx, "a circular cannot begin yet", err, "event", c.event.Stream)
			break
		}
		f.begun++
	}
	now := f.handler.now()
	circulars, err := f.failed.turn(now, circularsAtOnce, func(skip, limit int) ([]domain.NoticeID, error) {
		return f.book.Circulars(ctx, skip, limit)
	})
	if err != nil {
		f.log.warn(ctx, "circulars cannot be read now", err)
		return false
	}
	for _, id := range circulars {
		went, err := f.handler.circulate(ctx, f.book, id)
		f.failed.tried(id, now, err)
		if err != nil {
			f.log.warn(ctx, "a circular could not go on yet", err, "circular", id)
		}
		more = more || went
	}
	return more
}

// begin begins the circular of a change of a body, to all who wait on its lists.
func (f *FanOut) begin(ctx context.Context, c bodyChange) error {
	if err := f.handler.model.CatchUp(ctx); err != nil {
		return err
	}
	lists, err := f.book.ListsOpened(ctx, c.bodies...)
	if err != nil {
		return err
	}
	return f.handler.BeginCircular(ctx, c.event, c.kind, lists)
}

// BeginCircular records that everybody who waits on the lists is owed a notice of the event. It
// is idempotent. Nobody is told of what was before [notice.Began].
func (h *Handler) BeginCircular(
	ctx context.Context, about domain.Recorded, kind notice.Kind, lists []domain.ListID,
) error {
	owed, err := h.noticeOwed(ctx, about)
	if err != nil || !owed || len(lists) == 0 {
		return err
	}
	slices.SortFunc(lists, func(a, b domain.ListID) int { return slices.Compare(a.UUID[:], b.UUID[:]) })
	return h.beginCircular(ctx, about, notice.CircularBegan{
		CircularID: notice.CircularID(about, kind), Kind: kind, Lists: slices.Compact(lists),
	})
}

// noticeOwed reports whether the event happened after notices began. It fails while they have not.
func (h *Handler) noticeOwed(ctx context.Context, about domain.Recorded) (bool, error) {
	began, err := load[notice.Notice](ctx, h, notice.Beginning.Stream())
	if err != nil {
		return false, err
	}
	if !began.Began {
		return false, fmt.Errorf("command: the registry has not begun to give notice")
	}
	return !about.Created.Before(began.Since), nil
}

func (h *Handler) beginCircular(ctx context.Context, about domain.Recorded, b notice.CircularBegan) error {
	cmd := h.ownCommand(b.CircularID.UUID, "begin")
	b.About, b.BeganAt = domain.EventRef{Stream: about.Stream, Revision: about.Revision}, cmd.Now
	_, err := execute(ctx, h, streamCommand[notice.Circular]{
		cmd: cmd, stream: b.CircularID.Stream(),
		decide: func(c *notice.Circular) ([]domain.Event, error) { return c.Begin(b) },
	})
	return unlessConflict(err)
}

// circulate carries out the next part of a circular, and reports whether another one follows.
func (h *Handler) circulate(ctx context.Context, book CircularBook, id domain.NoticeID) (more bool, err error) {
	c, err := load[notice.Circular](ctx, h, id.Stream())
	if err != nil || !c.Known() || c.Done {
		return false, err // the book was behind the log
	}
	about, err := h.log.ReadPage(ctx, c.About.Stream, c.About.Revision, 1)
	if err != nil || len(about) == 0 {
		return false, err
	}
	if err := h.model.CatchUp(ctx); err != nil {
		return false, err
	}
	told, next, err := h.circularPart(ctx, book, c, about[0])
	if err != nil {
		return false, err
	}
	for _, person := range told {
		if err := h.queueNotice(ctx, about[0], notice.Owed{Kind: c.Kind, To: person, By: c.Day}, nil); err != nil {
			return false, err
		}
	}
	cmd := h.ownCommand(id.UUID, fmt.Sprintf("behind %d, %d, %s", c.Place.List, c.Place.Entries, c.Place.Cases))
	_, err = execute(ctx, h, streamCommand[notice.Circular]{
		cmd: cmd, stream: id.Stream(),
		decide: func(c *notice.Circular) ([]domain.Event, error) { return c.Progress(cmd, next) },
	})
	return next.List < len(c.Lists), unlessConflict(err) // another process was as far
}

// circularPart returns whom the next part of the circular goes to, and where the one after it
// begins. Entries are found by their placements in the stream of the list, whose order never
// changes: so nobody is missed who moves on the list meanwhile. Who came after the event is not told.
func (h *Handler) circularPart(
	ctx context.Context, book CircularBook, c notice.Circular, event domain.Recorded,
) ([]domain.PersonID, notice.CircularPlace, error) {
	list, next := c.Lists[c.Place.List], c.Place
	if c.Place.Cases == "" {
		recs, err := h.log.ReadPage(ctx, list.Stream(), c.Place.Entries, circularPart)
		if err != nil {
			return nil, next, err
		}
		var placed []domain.EntryID
		for _, rec := range recs {
			if e, ok := rec.Event.(housing.EntryPlaced); ok && rec.Position < event.Position {
				placed = append(placed, e.EntryID)
			}
		}
		if !c.Day.IsZero() {
			if placed, err = h.overtaken(ctx, list, c.Day, placed); err != nil {
				return nil, next, err
			}
		}
		next.Entries += uint64(len(recs))
		if len(recs) < circularPart || recs[len(recs)-1].Position > event.Position {
			if next.Cases = firstCase; !c.Day.IsZero() { // an applicant has no number
				next = notice.CircularPlace{List: c.Place.List + 1}
			}
		}
		holders, err := book.Holders(ctx, list, placed)
		return holders, next, err
	}
	applicants, after, err := book.OpenApplicants(ctx, list, c.Place.Cases, event.Created, circularPart)
	if next.Cases = after; after == "" {
		next = notice.CircularPlace{List: c.Place.List + 1}
	}
	return applicants, next, err
}

// firstCase is the place before the first case of a list: no place is before it.
var firstCase = strconv.Itoa(0)
