package command_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/notice"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
	"tizilim/eventstore/command/adapters/gateway"
)

// book is what a projection of the log would list.
type book struct{ *memoryLog }

func (b book) OwedNotices(context.Context, notice.Debt, int) ([]notice.Debt, error) {
	var owed []notice.Debt
	for _, rec := range b.since(0) {
		switch e := rec.Event.(type) {
		case notice.Began:
			owed = nil
		case notice.NoticeQueued:
			owed = slices.DeleteFunc(owed, func(d notice.Debt) bool {
				return (d.Event == e.About || slices.ContainsFunc(e.Also, func(a notice.AlsoTold) bool { return a.Event == d.Event })) && d.Kind == e.Kind && (d.To == e.PersonID || d.To.IsZero())
			})
		}
		for _, o := range notice.Of(rec.Event) {
			owed = append(
				owed,
				notice.Debt{Event: domain.EventRef{Stream: rec.Stream, Revision: rec.Revision}, Kind: o.Kind, To: o.To},
			)
		}
	}
	return owed, nil
}

func (b book) in(s notice.State, by time.Time) ([]notice.Outgoing, error) {
	var out []notice.Outgoing
	for _, n := range b.notices() {
		for _, d := range n.Deliveries {
			if d.State == s && !by.Before(d.NextAt) && (s != notice.Sent || d.Reports) {
				out = append(out, notice.Outgoing{NoticeID: n.NoticeID, Way: d.Way})
			}
		}
	}
	return out, nil
}

func (b book) DueNotices(_ context.Context, by time.Time, skip, limit int) ([]notice.Outgoing, error) {
	due, err := b.in(notice.Queued, by)
	return cut(due, skip, limit), err
}

func (b book) SentNotices(_ context.Context, _, by time.Time, skip, limit int) ([]notice.Outgoing, error) {
	sent, err := b.in(notice.Sent, by)
	return cut(sent, skip, limit), err
}

// notices are those of the log, in its order.
func (l *memoryLog) notices() []notice.Notice {
	var order []string
	found := map[string]*notice.Notice{}
	for _, rec := range l.since(0) {
		if !strings.HasPrefix(rec.Stream, "notice-") || rec.Stream == notice.Beginning.Stream() {
			continue
		}
		if found[rec.Stream] == nil {
			order, found[rec.Stream] = append(order, rec.Stream), &notice.Notice{}
		}
		found[rec.Stream].Apply(rec)
	}
	var all []notice.Notice
	for _, stream := range order {
		all = append(all, *found[stream])
	}
	return all
}

// forgetful is a book that has been filled anew and lists whatever ever was, as
// owed, as due and as sent.
type forgetful struct{ *memoryLog }

func (b forgetful) OwedNotices(context.Context, notice.Debt, int) ([]notice.Debt, error) {
	var owed []notice.Debt
	for _, rec := range b.since(0) {
		if rec.Event.EventType() == "NoticesBegan" {
			owed = nil
		}
		for _, o := range notice.Of(rec.Event) {
			owed = append(
				owed,
				notice.Debt{Event: domain.EventRef{Stream: rec.Stream, Revision: rec.Revision}, Kind: o.Kind, To: o.To},
			)
		}
	}
	return owed, nil
}

func (b forgetful) all() (out []notice.Outgoing, _ error) {
	for _, n := range b.notices() {
		for _, w := range n.Ways {
			out = append(out, notice.Outgoing{NoticeID: n.NoticeID, Way: w})
		}
	}
	return out, nil
}

func (b forgetful) DueNotices(_ context.Context, _ time.Time, skip, limit int) ([]notice.Outgoing, error) {
	all, err := b.all()
	return cut(all, skip, limit), err
}

func (b forgetful) SentNotices(_ context.Context, _, _ time.Time, skip, limit int) ([]notice.Outgoing, error) {
	all, err := b.all()
	return cut(all, skip, limit), err
}

// post is a gateway that can be told to misbehave. What it has taken it does
// not take again.
type post struct {
	mu     sync.Mutex
	taken  map[uuid.UUID]command.Message
	handed int                         // over, repetitions included
	answer func(command.Message) error // nil: it takes everything
	loses  bool                        // what it takes, the answer to taking it does not arrive
}

func (p *post) Send(_ context.Context, m command.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.handed++
	if p.answer != nil {
		if err := p.answer(m); err != nil {
			return err
		}
	}
	if p.taken == nil {
		p.taken = map[uuid.UUID]command.Message{}
	}
	p.taken[m.ID] = m
	if p.loses {
		return errLost
	}
	return nil
}

func (p *post) messages() map[uuid.UUID]command.Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.taken
}

// reporter is a post that tells what became of messages.
type reporter struct {
	post
	says command.Report
}

func (r *reporter) Report(context.Context, uuid.UUID) (command.Report, error) { return r.says, nil }

func notifier(l *memoryLog, b command.NoticeBook, g command.Gateway, now func() time.Time) *command.Notifier {
	return command.NewNotifier(newHandler(l, withClock(now)), b, g, slog.New(slog.DiscardHandler))
}

// telling is a world that gives notice, in which Aigul can be reached by SMS and
// Daur by e-mail, and Aigul has deregistered three persons on the portal.
func telling(t testing.TB) *memoryLog {
	t.Helper()
	l := world(t)
	confirm(t, l, aigul, residence.StateContacts{Phone: "+77010000001", Language: domain.Russian})
	confirm(t, l, daur, residence.StateContacts{Email: "daur@example.kz", Language: domain.English})
	notifier(l, book{l}, &post{}, clock).Once(ctx)
	must(t, "aigul applies on the portal", func(cmd domain.Command) (command.Receipt, error) {
		return deregisterOnPortal(newHandler(l), cmd, command.Options{})
	})
	return l
}

func kindsOf(all []notice.Notice, who domain.PersonID) (kinds []notice.Kind) {
	for _, n := range all {
		if n.PersonID == who {
			kinds = append(kinds, n.Kind)
		}
	}
	return kinds
}

func TestR16_S001_10_TheOwnerAndEveryDeregisteredPersonAreTold(t *testing.T) {
	l := telling(t)
	p := &post{}
	for range 2 {
		notifier(l, book{l}, p, clock).Once(ctx)
	}
	all := l.notices()
	for who, want := range map[domain.PersonID][]notice.Kind{
		aigul:  {notice.ApplicationReceived, notice.SomeDeregistered},
		daur:   {notice.YouAreDeregistered},
		erlan:  {notice.YouAreDeregistered},
		gulnar: nil, // resides elsewhere, and was not deregistered
	} {
		if got := kindsOf(all, who); !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
	for _, n := range all {
		if n.On(notice.Account).State != notice.Delivered {
			t.Errorf("the copy of %s in the account is %q", n.Kind, n.On(notice.Account).State)
		}
	}
	if len(p.messages()) != 3 {
		t.Fatalf("%d messages were sent, want two SMS and an e-mail", len(p.messages()))
	}
	for _, m := range p.messages() {
		sms := m.Way == notice.SMS && m.To == "+77010000001" && m.Subject == "" &&
			strings.Contains(string(m.Text), "личный кабинет")
		email := m.Way == notice.Email && m.To == "daur@example.kz" && m.Subject == "Notification" &&
			strings.Contains(string(m.Text), "personal account")
		if !sms && !email {
			t.Errorf("sent %s to %q: %q, %q", m.Way, string(m.To), string(m.Subject), string(m.Text))
		}
		if strings.Contains(string(m.Text), "Name") || strings.Contains(string(m.Text), "999999000012") {
			t.Errorf("the text names a person: %s", string(m.Text))
		}
	}
}

func TestR15_ANoticeFollowsItsActAndNeverPrecedesIt(t *testing.T) {
	l := telling(t)
	notifier(l, book{l}, &post{}, clock).Once(ctx)
	at := map[domain.EventRef]domain.Position{}
	queued := 0
	for _, rec := range l.since(0) {
		at[domain.EventRef{Stream: rec.Stream, Revision: rec.Revision}] = rec.Position
		e, ok := rec.Event.(notice.NoticeQueued)
		if !ok {
			continue
		}
		queued++
		if at[e.About] == 0 {
			t.Errorf("%s is told before %s is recorded", e.Kind, e.About)
		}
	}
	if queued != 4 {
		t.Errorf("%d notices were queued", queued)
	}
	// An event that the log does not hold is told to nobody.
	n := l.len()
	if err := newHandler(l).QueueNotice(ctx, notice.Debt{
		Event: domain.EventRef{Stream: caseOfAigul.Stream(), Revision: 7}, Kind: notice.Placed,
	}); err == nil || l.len() != n {
		t.Errorf("%v, and recorded %v", err, typesOf(l.since(n)))
	}
}

func TestC11_TheAccountNotifiesWhoAppliedThroughThePortalAlone(t *testing.T) {
	l := telling(t)
	must(t, "aigul is placed, on paper", approve(newHandler(l), caseOfAigul))
	for range 2 {
		notifier(l, book{l}, &post{}, clock).Once(ctx)
	}
	notified := map[domain.CaseID]procedure.DecisionNotified{}
	for _, rec := range l.since(0) {
		if e, ok := rec.Event.(procedure.DecisionNotified); ok {
			if _, twice := notified[e.CaseID]; twice {
				t.Error("a decision was notified twice")
			}
			notified[e.CaseID] = e
		}
	}
	if len(notified) != 1 || notified[eviction].By != procedure.ByAccount {
		t.Errorf("notified %v, want the portal's case by the personal account", notified)
	}
	if got := kindsOf(l.notices(), aigul); got[len(got)-1] != notice.Placed {
		t.Errorf("in the account: %v", got)
	}
}

func TestC11_AnSMSThatArrivesNotifiesWhoCameWithPaper(t *testing.T) {
	l := telling(t)
	must(t, "aigul is placed, on paper", approve(newHandler(l), caseOfAigul))
	g := &reporter{says: command.ReportOnItsWay}
	n := notifier(l, book{l}, g, clock)
	n.Once(ctx)
	n.AskOnce(ctx, g)
	before := l.len()
	g.says = command.ReportArrived
	for range 2 {
		n.AskOnce(ctx, g)
	}
	var by []procedure.NotifiedBy
	delivered := 0
	for _, rec := range l.since(before) {
		switch e := rec.Event.(type) {
		case procedure.DecisionNotified:
			by = append(by, e.By)
		case notice.NoticeDelivered:
			delivered++
		}
	}
	if !slices.Equal(by, []procedure.NotifiedBy{procedure.BySMS}) || delivered != len(g.messages()) {
		t.Errorf("notified by %v, %d of %d messages delivered", by, delivered, len(g.messages()))
	}
}

func TestC11_ANoticeOfADecisionThatFellNotifiesNothing(t *testing.T) {
	l := telling(t)
	h := newHandler(l)
	step := func(name string, do func(domain.Command, *procedure.Case, procedure.Terms) ([]domain.Event, error)) {
		must(t, name, func(cmd domain.Command) (command.Receipt, error) {
			return h.StepOnCase(
				ctx,
				cmd,
				caseOfAigul,
				func(c *procedure.Case, terms procedure.Terms) ([]domain.Event, error) {
					return do(cmd, c, terms)
				},
				command.Options{},
			)
		})
	}
	terminate := func(cmd domain.Command, c *procedure.Case, terms procedure.Terms) ([]domain.Event, error) {
		return c.Terminate(cmd, procedure.Termination{Ground: procedure.OtherByLaw, Reasons: "because"}, terms)
	}
	g := &reporter{says: command.ReportOnItsWay}
	n := notifier(l, book{l}, g, clock)
	step("terminate", terminate)
	n.Once(ctx)
	step("complain", func(cmd domain.Command, c *procedure.Case, terms procedure.Terms) ([]domain.Event, error) {
		return c.FileComplaint(cmd, procedure.Filing{ID: "complaint", By: aigul, Grounds: "because"}, terms)
	})
	step("satisfy", func(cmd domain.Command, c *procedure.Case, terms procedure.Terms) ([]domain.Event, error) {
		cmd.Actor = "head-1"
		return c.DecideComplaint(cmd, procedure.Satisfied, "because", "", terms)
	})
	step("terminate again", terminate)
	before := l.len()
	g.says = command.ReportArrived
	n.AskOnce(ctx, g) // the SMS of the first decision arrives
	for _, rec := range l.since(before) {
		if _, ok := rec.Event.(procedure.DecisionNotified); ok {
			t.Error("the second decision counts as notified by the notice of the first")
		}
	}
	n.Once(ctx)
	n.AskOnce(ctx, g)
	if c, err := h.Case(ctx, caseOfAigul); err != nil || c.NotifiedAt.IsZero() {
		t.Errorf("its own notice does not notify it: %v", err)
	}
}

// TestC11_R15_NoticesSurviveAStopAtEveryAppend stops the notifier before and
// after each of its appends, which is after each message too, and lets others
// go on. The log ends up as if nothing had been stopped, and the outbox holds
// each message once.
func TestC11_R15_NoticesSurviveAStopAtEveryAppend(t *testing.T) {
	start := telling(t)
	run := func(l *memoryLog, g command.Gateway, b command.NoticeBook) {
		for range 3 {
			notifier(l, b, g, clock).Once(ctx)
		}
	}
	undisturbed, sent := start.copy(), &post{}
	undisturbed.faults(nil, nil)
	run(undisturbed, sent, book{undisturbed})
	appends := undisturbed.appends
	if appends < 10 || len(sent.messages()) != 3 {
		t.Fatalf("%d appends, %d messages: too little to stop at", appends, len(sent.messages()))
	}
	for n := 1; n <= appends; n++ {
		for _, where := range []string{"before", "after"} {
			for _, who := range []string{"another", "two at once", "one whose book was filled anew"} {
				t.Run(fmt.Sprintf("stopped %s append %d, taken up by %s", where, n, who), func(t *testing.T) {
					l := start.copy()
					path := filepath.Join(t.TempDir(), "outbox.ndjson")
					outbox, err := gateway.OpenOutbox(path)
					if err != nil {
						t.Fatal(err)
					}
					defer outbox.Close()
					stop := func(at int, _ string) error {
						if at >= n {
							return errCrash
						}
						return nil
					}
					if where == "before" {
						l.faults(stop, nil)
					} else {
						l.faults(nil, stop)
					}
					notifier(l, book{l}, outbox, clock).Once(ctx)
					l.heal()
					switch who {
					case "another":
						run(l, outbox, book{l})
					case "two at once":
						var both sync.WaitGroup
						for range 2 {
							both.Go(func() { run(l, outbox, book{l}) })
						}
						both.Wait()
					default:
						run(l, outbox, forgetful{l})
					}
					if diff := domaintest.Diff(inAnyOrder(undisturbed.contents()), inAnyOrder(l.contents())); diff != "" {
						t.Errorf("log (-undisturbed +stopped):\n%s", diff)
					}
					text, err := os.ReadFile(path)
					if err != nil {
						t.Fatal(err)
					}
					if lines := strings.Count(string(text), "\n"); lines != len(sent.messages()) {
						t.Errorf("the outbox holds %d messages, want %d", lines, len(sent.messages()))
					}
					for id := range sent.messages() {
						if strings.Count(string(text), id.String()) != 1 {
							t.Errorf("the message %s is not there once", id)
						}
					}
				})
			}
		}
	}
}

// inAnyOrder sorts what streams hold: the ways of a notice do not wait for one
// another.
func inAnyOrder(contents map[string][]string) map[string][]string {
	for _, events := range contents {
		slices.Sort(events)
	}
	return contents
}

func TestC11_ABookFilledAnewSendsNothingAgain(t *testing.T) {
	l := telling(t)
	p := &post{}
	notifier(l, book{l}, p, clock).Once(ctx)
	before, handed := l.len(), p.handed
	for range 2 {
		notifier(l, forgetful{l}, p, clock).Once(ctx)
	}
	if l.len() != before || p.handed != handed {
		t.Errorf("recorded %v, and handed over %d messages", typesOf(l.since(before)), p.handed-handed)
	}
}

func TestC11_WhatHappenedBeforeNoticesBeganIsToldToNobody(t *testing.T) {
	l := world(t) // of a release that gave no notice
	before := l.len()
	for range 2 {
		notifier(l, book{l}, &post{}, clock).Once(ctx)
	}
	if got := typesOf(l.since(before)); !slices.Equal(got, []string{"notice: NoticesBegan"}) {
		t.Errorf("recorded %v", got)
	}
}

func TestC11_ASMSIsTriedAgainUnderTheSameIDUntilItIsTaken(t *testing.T) {
	l := telling(t)
	now := clock()
	tick := func() time.Time { return now }
	var ids []uuid.UUID
	p := &post{answer: func(m command.Message) error {
		if m.Way == notice.Email {
			return nil
		}
		ids = append(ids, m.ID)
		return errors.New("503")
	}}
	once := func(after time.Duration) {
		now = now.Add(after)
		notifier(l, book{l}, p, tick).Once(ctx)
	}
	once(0)
	first := slices.Clone(ids)
	once(59 * time.Second)
	if len(ids) != 2 {
		t.Fatalf("handed over %d times, want each of two SMS once before the pause is over", len(ids))
	}
	once(time.Second)
	once(2 * time.Minute)
	p.answer = nil
	once(4 * time.Minute)
	for _, id := range ids {
		if !slices.Contains(first, id) {
			t.Errorf("a repetition came under another id")
		}
	}
	if len(ids) != 6 || len(p.messages()) != 3 {
		t.Errorf("%d failed attempts, %d messages taken", len(ids), len(p.messages()))
	}
	for _, n := range l.notices() {
		if d := n.On(notice.SMS); d.State != notice.None && (d.State != notice.Sent || d.Attempts != 4) {
			t.Errorf("%s is %q after %d attempts", n.Kind, d.State, d.Attempts)
		}
	}
}

func TestC11_AGatewayThatIsNeverReachedIsGivenUpAndTheAccountKeepsItsCopy(t *testing.T) {
	l := telling(t)
	now := clock()
	p := &post{answer: func(command.Message) error { return context.DeadlineExceeded }}
	for range 20 {
		notifier(l, book{l}, p, func() time.Time { return now }).Once(ctx)
		now = now.Add(4 * time.Hour)
	}
	for _, n := range l.notices() {
		if n.On(notice.Account).State != notice.Delivered {
			t.Errorf("the account has no copy of %s", n.Kind)
		}
		for _, w := range n.Ways[1:] {
			if d := n.On(w); d.State != notice.GivenUp || d.Attempts != 12 {
				t.Errorf("%s by %s is %q after %d attempts", n.Kind, w, d.State, d.Attempts)
			}
		}
	}
	if p.handed != 3*12 {
		t.Errorf("handed over %d times", p.handed)
	}
}

func TestC11_WhatTheGatewayRejectsIsNotHandedOverAgain(t *testing.T) {
	l := telling(t)
	now := clock()
	p := &post{answer: func(command.Message) error { return &command.Rejection{Status: 422} }}
	for range 3 {
		notifier(l, book{l}, p, func() time.Time { return now }).Once(ctx)
		now = now.Add(24 * time.Hour)
	}
	if p.handed != 3 {
		t.Errorf("handed over %d times, want each of three messages once", p.handed)
	}
}

func TestC11_AnAnswerThatIsLostDoesNotSendTwice(t *testing.T) {
	l := telling(t)
	now := clock()
	p := &post{loses: true}
	tick := func() time.Time { return now }
	notifier(l, book{l}, p, tick).Once(ctx)
	p.loses = false
	now = now.Add(time.Hour)
	notifier(l, book{l}, p, tick).Once(ctx)
	if len(p.messages()) != 3 || p.handed != 6 {
		t.Errorf("%d messages, handed over %d times", len(p.messages()), p.handed)
	}
}

func TestC11_WhatWasTakenAndLostGoesAgainAsAnotherMessage(t *testing.T) {
	l := telling(t)
	now := clock()
	g := &reporter{says: command.ReportLost}
	n := notifier(l, book{l}, g, func() time.Time { return now })
	n.Once(ctx)
	n.AskOnce(ctx, g)
	now = now.Add(time.Minute)
	n.Once(ctx)
	if len(g.messages()) != 6 {
		t.Errorf("%d messages, want each of three twice", len(g.messages()))
	}
	for _, told := range l.notices() {
		for _, w := range told.Ways[1:] {
			if d := told.On(w); d.State != notice.Sent || d.Taken != 2 {
				t.Errorf("%s by %s is %q, taken %d times", told.Kind, w, d.State, d.Taken)
			}
		}
	}
}

func TestC11_AContactThatWasTakenBackGetsNothing(t *testing.T) {
	l := telling(t)
	p := &post{answer: func(command.Message) error { return errors.New("503") }}
	now := clock()
	tick := func() time.Time { return now }
	notifier(l, book{l}, p, tick).Once(ctx)
	confirm(t, l, aigul, residence.StateContacts{Language: domain.Russian})
	confirm(t, l, daur, residence.StateContacts{Email: "new@example.kz", Language: domain.English})
	p.answer, now = nil, now.Add(time.Hour)
	notifier(l, book{l}, p, tick).Once(ctx)
	// The one before is told that it was replaced, and nothing else.
	told := regexp.MustCompile("другие контактные данные|Other contacts have been stated")
	if len(p.messages()) != 3 {
		t.Errorf("%d messages", len(p.messages()))
	}
	for _, m := range p.messages() {
		if told.MatchString(string(m.Text)) == (m.To == "new@example.kz") {
			t.Errorf("sent to %q: %q", string(m.To), string(m.Text))
		}
	}
}

// What waits for somebody who dies is not sent any more, and what is owed later does not count as
// told. A representative is told in any case.
func TestR27_NobodyIsToldInThePlaceOfTheDead(t *testing.T) {
	l := telling(t)
	p := &post{answer: func(command.Message) error { return errors.New("503") }}
	now := clock()
	tick := func() time.Time { return now }
	notifier(l, book{l}, p, tick).Once(ctx) // Aigul's SMS waits
	n := l.len()
	must(t, "aigul dies", func(cmd domain.Command) (command.Receipt, error) {
		return newHandler(l).RecordDeath(ctx, cmd, aigul, residence.RecordDeath{On: domaintest.Today(), Basis: domaintest.Basis()}, command.Options{})
	})
	must(t, "her name is corrected", func(cmd domain.Command) (command.Receipt, error) {
		return newHandler(l).ChangePersonData(ctx, cmd, aigul, residence.ChangePersonData{
			Kind: residence.DataCorrected, Name: "Another", Basis: domaintest.Basis(),
		}, command.Options{})
	})
	p.answer, now = nil, now.Add(time.Hour)
	for range 2 {
		notifier(l, book{l}, p, tick).Once(ctx)
	}
	for _, m := range p.messages() {
		if m.Way == notice.SMS {
			t.Errorf("sent to the dead: %q", string(m.Text))
		}
	}
	queued := 0
	for _, rec := range l.since(n) {
		if e, ok := rec.Event.(notice.NoticeQueued); ok && e.PersonID == aigul {
			queued++
		}
	}
	given := 0
	for _, told := range l.notices() {
		if told.PersonID != aigul {
			continue
		}
		if told.On(notice.SMS).State == notice.Queued || told.On(notice.Account).State == notice.Queued {
			t.Errorf("%s to the dead is queued", told.Kind)
		}
		if told.On(notice.Account).State == notice.GivenUp {
			given++
		}
	}
	if queued == 0 || given != queued {
		t.Errorf("of %d notices to the dead %d are given up", queued, given)
	}
}

func TestC11_AProcessThatEndsWhileItSendsLeavesTheMessageToTheNext(t *testing.T) {
	l := telling(t)
	ending, end := context.WithCancel(ctx)
	p := &post{answer: func(command.Message) error { end(); return context.Canceled }}
	notifier(l, book{l}, p, clock).Once(ending)
	p.answer = nil
	notifier(l, book{l}, p, clock).Once(ctx)
	if len(p.messages()) != 3 {
		t.Errorf("%d messages", len(p.messages()))
	}
	for _, rec := range l.since(0) {
		if e, ok := rec.Event.(notice.NoticeFailed); ok {
			t.Errorf("the end of a process is recorded as a failure of the gateway: %+v", e)
		}
	}
}

// crowded is a book in which debts that nobody can ever queue stand before all
// others, more of them than one look is long.
type crowded struct{ book }

func (b crowded) OwedNotices(ctx context.Context, after notice.Debt, limit int) ([]notice.Debt, error) {
	var all []notice.Debt
	for i := range 250 {
		all = append(
			all,
			notice.Debt{Event: domain.EventRef{Stream: "case-of-nobody", Revision: uint64(i)}, Kind: notice.Placed},
		)
	}
	owed, err := b.book.OwedNotices(ctx, notice.Debt{}, 0)
	all = append(all, owed...)
	all = all[slices.Index(all, after)+1:] // the zero Debt is not among them
	return all[:min(limit, len(all))], err
}

func TestC11_WhatCanNeverBeToldCrowdsOutNobody(t *testing.T) {
	l := telling(t)
	n := notifier(l, crowded{book{l}}, &post{}, clock)
	for _, want := range []struct {
		queued int
		more   bool
	}{{0, true}, {0, true}, {4, false}} {
		if more := n.Once(ctx); len(l.notices()) != want.queued || more != want.more {
			t.Fatalf("%d notices are queued, and more are owed: %t; want %+v", len(l.notices()), more, want)
		}
	}
	// What is owed later is told too, when the looks come round.
	must(t, "aigul is placed", approve(newHandler(l), caseOfAigul))
	for range 3 {
		n.Once(ctx)
	}
	if got := kindsOf(l.notices(), aigul); got[len(got)-1] != notice.Placed {
		t.Errorf("Aigul was told %v", got)
	}
}

func TestC8_C12_TheHolderOfAnEntryIsToldOfItsReview(t *testing.T) {
	l := telling(t)
	h := newHandler(l)
	step := func(name string, do func(domain.Command, *procedure.Case, procedure.Terms) ([]domain.Event, error)) {
		must(t, name, func(cmd domain.Command) (command.Receipt, error) {
			return h.StepOnEntry(
				ctx,
				cmd,
				list,
				entryOfDaur,
				domain.PersonID{},
				func(c *procedure.Case, terms procedure.Terms) ([]domain.Event, error) {
					return do(cmd, c, terms)
				},
				command.Options{},
			)
		})
	}
	must(t, "review", func(cmd domain.Command) (command.Receipt, error) {
		return h.ReviewEntry(ctx, cmd, list, housing.Review{EntryID: entryOfDaur, Note: "n"}, command.Options{})
	})
	step("hearing", func(cmd domain.Command, c *procedure.Case, terms procedure.Terms) ([]domain.Event, error) {
		return c.AnnounceHearing(cmd, "removal", terms)
	})
	for range 2 {
		notifier(l, book{l}, &post{}, clock).Once(ctx)
	}
	if got := kindsOf(l.notices(), daur); !slices.Contains(got, notice.ReviewOpened) ||
		!slices.Contains(got, notice.HearingAnnounced) {
		t.Errorf("Daur was told %v", got)
	}
	if owed, _ := (book{l}).OwedNotices(ctx, notice.Debt{}, 10); len(owed) != 0 {
		t.Errorf("still owed: %v", owed)
	}
}
