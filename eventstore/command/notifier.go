package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/notice"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
)

const (
	// noticeEvery is how often the notifier looks at what is owed.
	noticeEvery = time.Second
	// noticesAtOnce bounds one look.
	noticesAtOnce = 100
	// sendsAtOnce is how many messages are handed over side by side: a gateway
	// that is slow delays few others.
	sendsAtOnce = 8
	// lookBack is how many events are read at once in a search back through a stream.
	lookBack = 64
	// reportEvery is how often a gateway is asked what became of messages.
	reportEvery = time.Minute
	// reportWithin is for how long after they were sent it is asked.
	reportWithin = 72 * time.Hour
)

// NoticeBook lists the notices that wait. It is a projection of the log and may be behind
// it: whether a notice is still to be queued or sent, its stream tells.
type NoticeBook interface {
	// OwedNotices returns notices that events of the log owe, at most limit of them, in an
	// order that does not change: those after the debt, or the first for the zero Debt.
	OwedNotices(ctx context.Context, after notice.Debt, limit int) ([]notice.Debt, error)
	// DueNotices returns notices that are to be sent at by, at most limit of those behind
	// the first skip.
	DueNotices(ctx context.Context, by time.Time, skip, limit int) ([]notice.Outgoing, error)
	// SentNotices returns notices that a [Reporter] took between the two instants and of
	// whose arrival nothing is recorded, at most limit of those behind the first skip.
	SentNotices(ctx context.Context, from, by time.Time, skip, limit int) ([]notice.Outgoing, error)
}

// Notifier is the process manager that tells people what the registry did. It works from
// recorded events only, so no notice comes before its act (R15). Several may run at once:
// a notice has one stream and a message one id, so neither exists twice, whatever a crash
// or another notifier does.
type Notifier struct {
	handler *Handler
	book    NoticeBook
	gateway Gateway
	log     *complaints
	began   bool
	after   notice.Debt // how far the last look came; zero where it saw the last debt
	failed  postponed[notice.Outgoing]
	asked   int // how many of the sent notices the last questions came to; 0 where to the last
}

// NewNotifier returns a Notifier that works through the book.
func NewNotifier(h *Handler, book NoticeBook, g Gateway, log *slog.Logger) *Notifier {
	return &Notifier{handler: h, book: book, gateway: g, log: newComplaints(log)}
}

// Run works until ctx ends. What fails is tried again at the next look.
func (n *Notifier) Run(ctx context.Context) {
	var work errgroup.Group
	work.Go(func() error {
		every(ctx, noticeEvery, func() {
			for more := true; more && ctx.Err() == nil; { // without a pause while more is owed
				more = n.Once(ctx)
			}
		})
		return nil
	})
	if reporter, ok := n.gateway.(Reporter); ok {
		work.Go(func() error {
			every(ctx, reportEvery, func() { n.AskOnce(ctx, reporter) })
			return nil
		})
	}
	_ = work.Wait() // neither fails
}

// Once queues the notices that are owed and sends those that are due. A notice that
// cannot be queued stays owed, and is tried again after all the others: however many of
// them there are, they delay nobody else's for long. Once reports whether more are owed
// than it looked at. It does nothing while the clock of the process cannot be relied on.
func (n *Notifier) Once(ctx context.Context) (more bool) {
	if n.handler.clock.Check(ctx) != nil { // the clock itself says so in the log
		return false
	}
	if !n.began {
		if err := n.handler.BeginNotices(ctx); err != nil {
			n.log.warn(ctx, "notices cannot be given yet", err)
			return false
		}
		n.began = true
	}
	owed, err := n.book.OwedNotices(ctx, n.after, noticesAtOnce)
	if err != nil {
		n.log.warn(ctx, "owed notices cannot be read now", err)
		return false
	}
	n.after = notice.Debt{}
	if more = len(owed) == noticesAtOnce; more {
		n.after = owed[noticesAtOnce-1]
	}
	for _, d := range owed {
		if err := n.handler.QueueNotice(ctx, d); err != nil {
			n.log.warn(ctx, "a notice could not be queued yet", err, "event", d.Event.String(), "kind", d.Kind)
		}
	}
	now := n.handler.now()
	due, err := n.failed.turn(now, noticesAtOnce, func(skip, limit int) ([]notice.Outgoing, error) {
		return n.book.DueNotices(ctx, now, skip, limit)
	})
	if err != nil {
		n.log.warn(ctx, "notices to be sent cannot be read now", err)
		return false
	}
	n.all(ctx, due, func(o notice.Outgoing) error {
		err := n.handler.SendNotice(ctx, n.gateway, o)
		n.failed.tried(o, now, err)
		return err
	})
	return more
}

// AskOnce asks the gateway what became of messages that it took: of those after the ones
// that it was asked about the last time, so that answers that do not come hold up no others.
func (n *Notifier) AskOnce(ctx context.Context, reporter Reporter) {
	if n.handler.clock.Check(ctx) != nil {
		return
	}
	now := n.handler.now()
	sent, err := n.book.SentNotices(ctx, now.Add(-reportWithin), now, n.asked, noticesAtOnce)
	if err != nil {
		n.log.warn(ctx, "sent notices cannot be read now", err)
		return
	}
	if n.asked += len(sent); len(sent) < noticesAtOnce {
		n.asked = 0
	}
	n.all(ctx, sent, func(o notice.Outgoing) error { return n.handler.ReportNotice(ctx, reporter, o) })
}

func (n *Notifier) all(ctx context.Context, notices []notice.Outgoing, do func(notice.Outgoing) error) {
	var work errgroup.Group
	work.SetLimit(sendsAtOnce)
	for _, o := range notices {
		work.Go(func() error {
			if err := do(o); err != nil {
				n.log.warn(ctx, "a notice could not be taken further yet", err, "notice", o.NoticeID, "way", o.Way)
			}
			return nil
		})
	}
	_ = work.Wait() // what failed is logged, and tried again at the next look
}

// BeginNotices records, once in the life of a registry, that notices are owed from now on.
func (h *Handler) BeginNotices(ctx context.Context) error {
	cmd := h.ownCommand(notice.Beginning.UUID, "begin")
	_, err := execute(ctx, h, streamCommand[notice.Notice]{
		cmd: cmd, stream: notice.Beginning.Stream(),
		decide: func(n *notice.Notice) ([]domain.Event, error) { return n.Begin(cmd) },
	})
	return err
}

// QueueNotice puts a notice that an event owes into the personal account and on its other
// ways. It is idempotent.
func (h *Handler) QueueNotice(ctx context.Context, d notice.Debt) error {
	recs, err := h.log.ReadPage(ctx, d.Event.Stream, d.Event.Revision, 1)
	if err != nil {
		return err
	}
	for _, rec := range recs {
		for _, owed := range notice.OwedBy(rec) {
			if owed.Kind != d.Kind || owed.To != d.To {
				continue
			}
			first, also, err := h.sameAct(ctx, rec, owed)
			if err != nil {
				return err
			}
			return h.queueNotice(ctx, first, owed, also)
		}
	}
	return fmt.Errorf("command: the event %s owes no notice of the kind %q", d.Event, d.Kind)
}

// sameAct returns the first event of the act of rec that owes the person the same notice, and the
// others of them: one act is told once, however many events it has in the stream. A notice that is
// queued already and does not tell of rec leaves rec a notice of its own.
func (h *Handler) sameAct(
	ctx context.Context, rec domain.Recorded, owed notice.Owed,
) (first domain.Recorded, also []notice.AlsoTold, err error) {
	if owed.FromCase() || rec.Meta.Causation.IsZero() {
		return rec, nil, nil
	}
	from := rec.Revision - min(rec.Revision, lookBack)
	recs, err := h.log.ReadPage(ctx, rec.Stream, from, 2*lookBack)
	if err != nil {
		return rec, nil, err
	}
	first = rec
	for _, r := range recs {
		if r.Meta.Causation != rec.Meta.Causation || !slices.Contains(notice.OwedBy(r), owed) {
			continue
		}
		if r.Revision < first.Revision {
			first = r
		}
		if r.Revision > first.Revision {
			also = append(also, notice.AlsoTold{
				Event: domain.EventRef{Stream: r.Stream, Revision: r.Revision}, RecordedAt: r.Created.UTC(),
			})
		}
	}
	if first.Revision == rec.Revision {
		return first, also, nil
	}
	n, err := h.Notice(ctx, owed.ID(first.ID, owed.To))
	if err == nil && n.Known() && !n.Tells(domain.EventRef{Stream: rec.Stream, Revision: rec.Revision}) {
		return rec, nil, nil
	}
	return first, also, err
}

func (h *Handler) queueNotice(
	ctx context.Context, rec domain.Recorded, owed notice.Owed, also []notice.AlsoTold,
) error {
	q := notice.NoticeQueued{
		PersonID: owed.To, Kind: owed.Kind, About: domain.EventRef{Stream: rec.Stream, Revision: rec.Revision},
		FromCase: owed.FromCase(), Decision: owed.Decision, Duty: owed.Duty, By: owed.By, Language: domain.Kazakh,
		Ways: []notice.Way{notice.Account}, RecordedAt: rec.Created.UTC(), Also: also,
	}
	if err := h.addressNotice(ctx, &q, rec, owed); err != nil {
		return err
	}
	actors, err := h.ActorsOf(ctx, q.PersonID)
	if err != nil {
		return err
	}
	about := q.PersonID
	for _, representative := range actors.Representatives {
		if slices.ContainsFunc(notice.OwedBy(rec), func(o notice.Owed) bool { return o.Kind == owed.Kind && o.To == representative }) {
			continue // the event owes them the same in their own name
		}
		// Their copies come first: that of the person settles what is owed.
		q := q
		q.PersonID, q.Represented = representative, about
		if err := h.queueCopy(ctx, q, rec, domain.NoticeID{
			UUID: domain.DeriveID(owed.ID(rec.ID, about).UUID, "copy to "+representative.String()),
		}); err != nil {
			return err
		}
	}
	return h.queueCopy(ctx, q, rec, owed.ID(rec.ID, about))
}

// queueCopy queues one copy of a notice, to the person or to a legal representative (R32).
func (h *Handler) queueCopy(
	ctx context.Context, q notice.NoticeQueued, rec domain.Recorded, id domain.NoticeID,
) error {
	person, err := h.present(ctx, q.PersonID)
	if err != nil {
		return err
	}
	if person.Contacts.Language != "" {
		q.Language = person.Contacts.Language
	}
	if _, dead := person.Dead(); dead && !q.Represented.IsZero() {
		return nil
	}
	contacts := person.Contacts
	if q.Represented.IsZero() {
		contacts = contactsFor(rec.Event, &person)
	}
	for _, w := range []notice.Way{notice.SMS, notice.Email} {
		if addressOf(contacts, w) != "" {
			q.Ways = append(q.Ways, w)
		}
	}
	q.NoticeID = id
	cmd := h.ownCommand(q.NoticeID.UUID, "queue")
	q.QueuedAt = cmd.Now
	if _, err := execute(ctx, h, streamCommand[notice.Notice]{
		cmd: cmd, stream: q.NoticeID.Stream(), correlation: rec.Meta.Correlation,
		decide: func(n *notice.Notice) ([]domain.Event, error) { return n.Queue(q) },
	}); err != nil {
		return err
	}
	// The copy in the account is there now. After a crash before this is recorded, the
	// notice is still among those that are due.
	n, err := load[notice.Notice](ctx, h, q.NoticeID.Stream())
	if err != nil {
		return err
	}
	return h.intoAccount(ctx, n)
}

// intoAccount delivers the copy in the personal account.
func (h *Handler) intoAccount(ctx context.Context, n notice.Notice) error {
	if given, err := h.giveUpForDead(ctx, n, notice.Account); given || err != nil {
		return err
	}
	return h.deliverNotice(ctx, n.NoticeID, notice.Account)
}

// giveUpForDead gives up a notice that waits on the way for somebody who has died. So no decision
// counts as told to them: the body still owes the notice.
func (h *Handler) giveUpForDead(ctx context.Context, n notice.Notice, w notice.Way) (given bool, err error) {
	if n.On(w).State != notice.Queued {
		return false, nil
	}
	person, err := h.present(ctx, n.PersonID)
	if err != nil {
		return false, err
	}
	if _, dead := person.Dead(); !dead {
		return false, nil
	}
	return true, h.stepOnNotice(ctx, n, string(w)+" to nobody", func(cmd domain.Command, n *notice.Notice) ([]domain.Event, error) {
		return n.Fail(cmd, w, notice.Dead, h.noticeTerms(cmd.Today()))
	})
}

// addressNotice fills in whom the notice is for, in whose case, and in which language,
// where the event does not say so itself.
func (h *Handler) addressNotice(
	ctx context.Context, q *notice.NoticeQueued, rec domain.Recorded, owed notice.Owed,
) error {
	id, isCase := strings.CutPrefix(rec.Stream, "case-")
	if !isCase {
		if owed.FromCase() {
			var err error
			if q.PersonID, err = h.reviewedHolder(ctx, rec); err != nil {
				return err
			}
		}
		return addressed(q, rec)
	}
	caseID, err := uuid.Parse(id)
	if err != nil {
		return fmt.Errorf("command: a notice of the stream %s: %w", rec.Stream, err)
	}
	q.CaseID = domain.CaseID{UUID: caseID}
	c, err := h.Case(ctx, q.CaseID)
	if err != nil {
		return err
	}
	switch {
	case owed.Complainant:
		if q.PersonID, err = h.lastComplainant(ctx, rec); err != nil {
			return err
		}
	case owed.FromCase():
		q.PersonID = c.ApplicantID
	}
	if q.PersonID == c.ApplicantID && c.Language != "" {
		q.Language = c.Language // of the application (C1)
	}
	return addressed(q, rec)
}

func addressed(q *notice.NoticeQueued, rec domain.Recorded) error {
	if q.PersonID.IsZero() {
		return fmt.Errorf("command: the stream %s does not say whom the notice is for", rec.Stream)
	}
	return nil
}

// lastComplainant returns who filed the last complaint of the case before the event.
func (h *Handler) lastComplainant(ctx context.Context, rec domain.Recorded) (who domain.PersonID, err error) {
	err = h.searchBack(ctx, rec, func(event domain.Event) bool {
		e, ok := event.(procedure.ComplaintFiled)
		if ok {
			who = e.ComplainantID
		}
		return ok
	})
	return who, err
}

// reviewedHolder returns the holder of the entry whose review an event of a list belongs
// to. Nobody else can complain there.
func (h *Handler) reviewedHolder(ctx context.Context, rec domain.Recorded) (who domain.PersonID, err error) {
	review := rec.Event.Concerns().Case
	if review.IsZero() {
		return who, nil
	}
	err = h.searchBack(ctx, rec, func(event domain.Event) bool {
		e, ok := event.(housing.ReviewOpened)
		ok = ok && e.CaseID == review
		if ok {
			who = e.PersonID
		}
		return ok
	})
	return who, err
}

// searchBack calls found with the events of the stream before rec, the latest first, until
// it returns true. It reads a few at once: the event is near, and the stream of a list is
// long.
func (h *Handler) searchBack(ctx context.Context, rec domain.Recorded, found func(domain.Event) bool) error {
	for end := rec.Revision; end > 0; {
		from := end - min(end, lookBack)
		recs, err := h.log.ReadPage(ctx, rec.Stream, from, int(end-from))
		if err != nil {
			return err
		}
		for _, r := range slices.Backward(recs) {
			if found(r.Event) {
				return nil
			}
		}
		end = from
	}
	return nil
}

// contactsFor are the contacts to which a notice about the event goes. That of a change
// of contacts goes to those before the change: whoever took over an account must not be
// the only one who learns of it.
func contactsFor(about domain.Event, person *residence.Person) residence.ContactsConfirmed {
	if e, ok := about.(residence.ContactsStated); ok {
		return e.Before()
	}
	return person.Contacts
}

// contactsOf is [contactsFor] of a notice that is queued.
func (h *Handler) contactsOf(ctx context.Context, n notice.Notice) (residence.ContactsConfirmed, error) {
	person, err := h.present(ctx, n.PersonID)
	if err != nil || n.Kind != notice.ContactsChanged || !n.Represented.IsZero() {
		return person.Contacts, err
	}
	recs, err := h.log.ReadPage(ctx, n.About.Stream, n.About.Revision, 1)
	if err != nil {
		return residence.ContactsConfirmed{}, err
	}
	if len(recs) == 0 {
		return residence.ContactsConfirmed{}, fmt.Errorf("command: the log does not show the event %s of a notice", n.About)
	}
	return contactsFor(recs[0].Event, &person), nil
}

// addressOf returns the address of the person on the way; empty where there is none.
func addressOf(c residence.ContactsConfirmed, w notice.Way) domain.Personal {
	switch w {
	case notice.SMS:
		return c.Phone
	case notice.Email:
		return c.Email
	}
	return ""
}

// SendNotice sends a notice that is due on its way and records the outcome. The message
// has the same id at every attempt, so a gateway that has taken it does not send it
// twice, wherever the last attempt ended. Once a gateway has taken and lost it, the next
// attempt has another id.
func (h *Handler) SendNotice(ctx context.Context, g Gateway, o notice.Outgoing) error {
	n, err := load[notice.Notice](ctx, h, o.NoticeID.Stream())
	if err != nil {
		return err
	}
	d := n.On(o.Way)
	if d.State != notice.Queued || h.now().Before(d.NextAt) {
		return nil // the book was behind the log
	}
	if o.Way == notice.Account {
		return h.intoAccount(ctx, n)
	}
	if given, err := h.giveUpForDead(ctx, n, o.Way); given || err != nil {
		return err
	}
	contacts, err := h.contactsOf(ctx, n)
	if err != nil {
		return err
	}
	m := Message{
		ID: messageID(o, d.Taken+1), Way: o.Way, To: addressOf(contacts, o.Way),
		Text: domain.Personal(n.Text(n.Language)),
	}
	if o.Way == notice.Email {
		m.Subject = domain.Personal(notice.Subject(n.Language))
	}
	failure, err := handOver(ctx, g, m)
	if err != nil {
		return err
	}
	_, reports := g.(Reporter)
	// The command is named after the attempt: where another notifier made it too, one
	// outcome is recorded.
	attempt := fmt.Sprintf("%s %d", o.Way, d.Attempts+1)
	return h.stepOnNotice(ctx, n, attempt, func(cmd domain.Command, n *notice.Notice) ([]domain.Event, error) {
		if failure == "" {
			return n.Send(cmd, o.Way, reports)
		}
		return n.Fail(cmd, o.Way, failure, h.noticeTerms(cmd.Today()))
	})
}

// handOver gives the message to the gateway, and returns why it was not taken; empty
// where it was. Its error says that ctx has ended and the outcome is unknown: the message
// is handed over again later.
func handOver(ctx context.Context, g Gateway, m Message) (notice.Failure, error) {
	if m.To == "" {
		return notice.NoContact, nil
	}
	err := g.Send(ctx, m)
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	var rejected *Rejection
	switch {
	case err == nil:
		return "", nil
	case errors.As(err, &rejected):
		return notice.Rejected, nil
	}
	return notice.Unreachable, nil
}

// messageID of a notice on its way, the n-th time that a gateway takes it.
func messageID(o notice.Outgoing, n int) uuid.UUID {
	if n == 1 {
		return domain.DeriveID(o.NoticeID.UUID, string(o.Way))
	}
	return domain.DeriveID(o.NoticeID.UUID, fmt.Sprintf("%s %d", o.Way, n))
}

// ReportNotice records whether a message that the gateway took has arrived.
func (h *Handler) ReportNotice(ctx context.Context, reporter Reporter, o notice.Outgoing) error {
	n, err := load[notice.Notice](ctx, h, o.NoticeID.Stream())
	if err != nil {
		return err
	}
	d := n.On(o.Way)
	if d.State != notice.Sent {
		return nil
	}
	report, err := reporter.Report(ctx, messageID(o, d.Taken))
	if err != nil {
		return err
	}
	switch report {
	case ReportArrived:
		return h.deliverNotice(ctx, o.NoticeID, o.Way)
	case ReportLost:
		lost := fmt.Sprintf("%s taken %d lost", o.Way, d.Taken)
		return h.stepOnNotice(ctx, n, lost, func(cmd domain.Command, n *notice.Notice) ([]domain.Event, error) {
			return n.Fail(cmd, o.Way, notice.NotDelivered, h.noticeTerms(cmd.Today()))
		})
	}
	return nil
}

// deliverNotice records that the notice has arrived on the way. Where the notice tells the
// applicant a decision, or is one that the body owes, the case learns of it first, because
// the effect of the decision begins with it (C11). After a crash between the two the notice
// is not delivered yet, and so is tried again.
func (h *Handler) deliverNotice(ctx context.Context, id domain.NoticeID, w notice.Way) error {
	n, err := load[notice.Notice](ctx, h, id.Stream())
	if err != nil {
		return err
	}
	if _, ok := notice.Next(w, n.On(w).State, notice.Deliver); !ok {
		return nil
	}
	if !n.CaseID.IsZero() && (n.Decision || n.Duty != "") {
		if err := h.notified(ctx, n, w); err != nil {
			return err
		}
	}
	delivered := fmt.Sprintf("%s delivered", w)
	return h.stepOnNotice(ctx, n, delivered, func(cmd domain.Command, n *notice.Notice) ([]domain.Event, error) {
		return n.Deliver(cmd, w)
	})
}

// notified records in the case that its applicant got the notice. The copy in the personal
// account counts only for an applicant who applied through the portal and is told to look
// there (S000-2.5, S001-10). An applicant who came with paper may never open an account,
// and is notified by an SMS or e-mail that has arrived, by letter or by hand.
func (h *Handler) notified(ctx context.Context, n notice.Notice, w notice.Way) error {
	cmd := h.ownCommand(n.NoticeID.UUID, "notified by "+string(w))
	_, err := h.StepOnCase(ctx, cmd, n.CaseID, func(c *procedure.Case, _ procedure.Terms) ([]domain.Event, error) {
		if w == notice.Account && c.Channel != domain.ChannelPortal {
			return nil, domain.Refuse(domain.Conflict, domain.CodeNotDue, "the applicant came with paper")
		}
		if n.Decision {
			return c.NotifyOf(cmd, n.About.Revision, procedure.NotifiedBy(w))
		}
		if n.Duty == procedure.NoticeOfExtension && domain.DateOf(c.Deadline) != n.By {
			return nil, domain.Refuse(domain.Conflict, domain.CodeNotDue, "the term has been extended again since")
		}
		return c.Notify(cmd, n.Duty, procedure.NotifiedBy(w))
	}, Options{})
	return unlessConflict(err) // notified already, or another decision has replaced this one
}

// stepOnNotice takes a step on a notice. Where its state refuses the step as not due,
// another process has taken it meanwhile.
func (h *Handler) stepOnNotice(
	ctx context.Context, n notice.Notice, name string,
	step func(domain.Command, *notice.Notice) ([]domain.Event, error),
) error {
	cmd := h.ownCommand(n.NoticeID.UUID, name)
	correlation := n.CaseID.UUID
	if n.CaseID.IsZero() {
		correlation = n.NoticeID.UUID
	}
	_, err := execute(ctx, h, streamCommand[notice.Notice]{
		cmd: cmd, stream: n.NoticeID.Stream(), correlation: correlation,
		decide: func(n *notice.Notice) ([]domain.Event, error) { return step(cmd, n) },
	})
	if domain.CodeOf(err) == domain.CodeNotDue {
		return nil
	}
	return err
}

// noticeTerms are the numbers of a notice by the edition in force on the day.
func (h *Handler) noticeTerms(day domain.Date) notice.Terms {
	e := h.rules.On(day).Notice
	return notice.Terms{
		Attempts:     e.Attempts,
		FirstPause:   time.Duration(e.FirstPauseMinutes) * time.Minute,
		LongestPause: time.Duration(e.LongestPauseMinutes) * time.Minute,
	}
}
