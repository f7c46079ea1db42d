package notice_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/notice"
)

var (
	told  = domaintest.ID[domain.NoticeID]("told")
	aigul = domaintest.ID[domain.PersonID]("aigul")
	terms = notice.Terms{Attempts: 4, FirstPause: time.Minute, LongestPause: 3 * time.Minute}

	queued = notice.NoticeQueued{
		NoticeID: told, PersonID: aigul, Kind: notice.Placed, About: domain.EventRef{Stream: "case-1", Revision: 3},
		Language: domain.Kazakh, Ways: []notice.Way{notice.Account, notice.SMS}, RecordedAt: domaintest.Noon(), QueuedAt: domaintest.Noon(),
	}
	sent      = notice.NoticeSent{NoticeID: told, Way: notice.SMS, Attempt: 1, SentAt: domaintest.Noon()}
	delivered = notice.NoticeDelivered{NoticeID: told, Way: notice.SMS, DeliveredAt: domaintest.Noon()}
	inAccount = notice.NoticeDelivered{NoticeID: told, Way: notice.Account, DeliveredAt: domaintest.Noon()}
)

func failed(attempt int, why notice.Failure, pause time.Duration) notice.NoticeFailed {
	e := notice.NoticeFailed{
		NoticeID: told,
		Way:      notice.SMS,
		Attempt:  attempt,
		Failure:  why,
		FailedAt: domaintest.Noon(),
	}
	if pause > 0 {
		e.RetryAt = domaintest.Noon().Add(pause)
	}
	return e
}

// TestC11_EveryTransitionOfANotice tries every step in every state on every way:
// what the tables have happens, and what they do not have is refused.
func TestC11_EveryTransitionOfANotice(t *testing.T) {
	states := map[notice.State][]domain.Event{
		notice.None:      {},
		notice.Queued:    {queued},
		notice.Sent:      {queued, sent},
		notice.Delivered: {queued, sent, delivered},
		notice.GivenUp:   {queued, failed(1, notice.Rejected, 0)},
	}
	account := map[notice.State][]domain.Event{
		notice.None:      {},
		notice.Queued:    {queued},
		notice.Delivered: {queued, inAccount},
	}
	steps := map[notice.Step]func(*notice.Notice, notice.Way) ([]domain.Event, error){
		notice.Send: func(n *notice.Notice, w notice.Way) ([]domain.Event, error) {
			return n.Send(domaintest.Command(), w, false)
		},
		notice.Deliver: func(n *notice.Notice, w notice.Way) ([]domain.Event, error) {
			return n.Deliver(domaintest.Command(), w)
		},
		notice.Retry: func(n *notice.Notice, w notice.Way) ([]domain.Event, error) {
			return n.Fail(domaintest.Command(), w, notice.Unreachable, terms)
		},
		notice.GiveUp: func(n *notice.Notice, w notice.Way) ([]domain.Event, error) {
			return n.Fail(domaintest.Command(), w, notice.Rejected, terms)
		},
	}
	lines := 0
	try := func(w notice.Way, given map[notice.State][]domain.Event, table []notice.Transition) {
		for from, events := range given {
			for step, take := range steps {
				t.Run(fmt.Sprintf("C11 %s %s %s", w, from, step), func(t *testing.T) {
					n := domaintest.Fold[notice.Notice](events...)
					if n.On(w).State != from {
						t.Fatalf("it is %q", n.On(w).State)
					}
					got, err := take(n, w)
					at := slices.IndexFunc(
						table,
						func(l notice.Transition) bool { return l.From == from && l.Step == step },
					)
					if at < 0 {
						domaintest.Refused(t, got, err, domain.CodeNotDue, "")
						return
					}
					lines++
					if err != nil || len(got) != 1 {
						t.Fatalf("%v, %v", got, err)
					}
					n.Apply(domaintest.Recorded(9, got[0]))
					if to := n.On(w).State; to != table[at].To {
						t.Errorf("it is %q then, want %q", to, table[at].To)
					}
				})
			}
		}
	}
	try(notice.SMS, states, notice.Transitions)
	try(notice.Account, account, notice.AccountTransitions)
	try(notice.Email, map[notice.State][]domain.Event{notice.None: {queued}}, nil) // a way that it does not go
	if want := len(notice.Transitions) + len(notice.AccountTransitions); lines != want {
		t.Errorf("%d lines of the tables were tried, want %d", lines, want)
	}
}

func TestC11_HowOftenAndWhenANoticeIsTriedAgain(t *testing.T) {
	fail := func(why notice.Failure) func(*notice.Notice) ([]domain.Event, error) {
		return func(n *notice.Notice) ([]domain.Event, error) {
			return n.Fail(domaintest.Command(), notice.SMS, why, terms)
		}
	}
	once := []domain.Event{queued, failed(1, notice.Unreachable, time.Minute)}
	twice := append(slices.Clip(once), failed(2, notice.Unreachable, 2*time.Minute))
	thrice := append(slices.Clip(twice), failed(3, notice.Unreachable, 3*time.Minute))
	domaintest.Run(t, []domaintest.Spec[notice.Notice]{
		{
			Name:  "C11 after a minute",
			Given: []domain.Event{queued},
			When:  fail(notice.Unreachable),
			Then:  []domain.Event{failed(1, notice.Unreachable, time.Minute)},
		},
		{
			Name:  "C11 the next pause is twice as long",
			Given: once,
			When:  fail(notice.Unreachable),
			Then:  []domain.Event{failed(2, notice.Unreachable, 2*time.Minute)},
		},
		{
			Name:  "C11 and no longer than the longest",
			Given: twice,
			When:  fail(notice.Unreachable),
			Then:  []domain.Event{failed(3, notice.Unreachable, 3*time.Minute)},
		},
		{
			Name:  "C11 the last attempt is given up",
			Given: thrice,
			When:  fail(notice.Unreachable),
			Then:  []domain.Event{failed(4, notice.Unreachable, 0)},
		},
		{
			Name:  "C11 what the gateway rejects is given up at once",
			Given: []domain.Event{queued},
			When:  fail(notice.Rejected),
			Then:  []domain.Event{failed(1, notice.Rejected, 0)},
		},
		{
			Name:  "C11 so is what has nowhere to go",
			Given: []domain.Event{queued},
			When:  fail(notice.NoContact),
			Then:  []domain.Event{failed(1, notice.NoContact, 0)},
		},
		{
			Name:  "C11 what was taken and did not arrive goes again, as the same attempt",
			Given: []domain.Event{queued, sent},
			When:  fail(notice.NotDelivered),
			Then:  []domain.Event{failed(1, notice.NotDelivered, time.Minute)},
		},
	})
}

func TestR15_ANoticeIsQueuedOnce(t *testing.T) {
	queue := func(n *notice.Notice) ([]domain.Event, error) { return n.Queue(queued) }
	begin := func(n *notice.Notice) ([]domain.Event, error) { return n.Begin(domaintest.Command()) }
	began := notice.Began{NoticeID: notice.Beginning, BeganAt: domaintest.Noon()}
	domaintest.Run(t, []domaintest.Spec[notice.Notice]{
		{Name: "R15 queued", When: queue, Then: []domain.Event{queued}},
		{Name: "R15 not twice", Given: []domain.Event{queued}, When: queue, Refused: domain.CodeNothingChanges},
		{Name: "R15 the registry begins to give notice", When: begin, Then: []domain.Event{began}},
		{Name: "R15 it begins once", Given: []domain.Event{began}, When: begin, Refused: domain.CodeNothingChanges},
	})
}

func TestAStateThatWasCopiedStaysAsItWas(t *testing.T) {
	n := domaintest.Fold[notice.Notice](queued)
	before := *n
	n.Apply(domaintest.Recorded(1, sent))
	if before.On(notice.SMS).State != notice.Queued {
		t.Errorf("the copy is %q", before.On(notice.SMS).State)
	}
}
