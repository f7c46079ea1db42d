package projections

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/notice"
	"tizilim/domain/residence"
)

func noticeID(n int) domain.NoticeID { return domain.NoticeID{UUID: id(8000 + n)} }

// queue queues the notice n of the event to the person, by account and SMS.
func (s *script) queue(n, person int, about domain.Recorded, kind notice.Kind) {
	s.add(noticeID(n).Stream(), notice.NoticeQueued{
		NoticeID: noticeID(n), PersonID: personID(person), Kind: kind, About: domain.EventRef{Stream: about.Stream,
			Revision: about.Revision},
		Language: domain.Kazakh, Ways: []notice.Way{notice.Account, notice.SMS}, RecordedAt: about.Created, QueuedAt: s.now,
	})
}

func TestC11_TheBookOfNoticesThatWait(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		removed := func(n int) domain.Recorded {
			return s.add(listID(1).Stream(), housing.EntryRemoved{ListID: listID(1), EntryID: entryID(n),
				PersonID: personID(n), RemovedAt: s.now})
		}
		removed(1)
		r := projected(t, client, s)
		sms := func(n int) notice.Outgoing { return notice.Outgoing{NoticeID: noticeID(n), Way: notice.SMS} }
		account := func(n int) notice.Outgoing {
			return notice.Outgoing{NoticeID: noticeID(n), Way: notice.Account}
		}
		expect := func(what string, owed []domain.Recorded, due, sent []notice.Outgoing, counts NoticeCounts) {
			t.Helper()
			reach(t, r, s.head())
			debts, err := r.OwedNotices(ctx, notice.Debt{}, 10)
			if err != nil {
				t.Fatal(err)
			}
			want := []notice.Debt{}
			for _, rec := range owed {
				o := notice.Of(rec.Event)[0]
				want = append(want, notice.Debt{
					Event: domain.EventRef{Stream: rec.Stream,
						Revision: rec.Revision}, Kind: o.Kind, To: o.To, Since: rec.Created.UTC().Truncate(time.Millisecond),
				})
			}
			same(t, debts, want)
			one := []notice.Debt{} // and one at a time
			for after := (notice.Debt{}); ; after = one[len(one)-1] {
				next, err := r.OwedNotices(ctx, after, 1)
				if err != nil {
					t.Fatal(err)
				}
				if one = append(one, next...); len(next) == 0 || len(one) > len(want) {
					break
				}
			}
			same(t, one, want)
			queued, err := r.DueNotices(ctx, s.now, 0, 10)
			if err != nil {
				t.Fatal(err)
			}
			asked, err := r.SentNotices(ctx, s.now.Add(-time.Hour), s.now, 0, 10)
			if err != nil {
				t.Fatal(err)
			}
			same(t, append([]notice.Outgoing{}, queued...), append([]notice.Outgoing{}, due...))
			same(t, append([]notice.Outgoing{}, asked...), append([]notice.Outgoing{}, sent...))
			got, err := r.CountNotices(ctx)
			if err != nil {
				t.Fatal(err)
			}
			oldest := got.Oldest
			got.Oldest = time.Time{}
			same(t, got, counts)
			if waits := counts.Owed+counts.Queued > 0; waits == oldest.IsZero() {
				t.Errorf("%s: the oldest waits since %s", what, oldest)
			}
		}
		s.add(notice.Beginning.Stream(), notice.Began{NoticeID: notice.Beginning, BeganAt: s.now})
		expect("what happened before owes none", nil, nil, nil, NoticeCounts{})
		first, second := removed(2), removed(3)
		// Owed to the applicant, whom the event does not name.
		decided := s.add(caseID(1).Stream(), residence.DeregistrationDecided{CaseID: caseID(1), DecidedAt: s.now})
		expect("owed", []domain.Recorded{first, second, decided}, nil, nil, NoticeCounts{Owed: 3})
		s.queue(2, 2, first, notice.Removed)
		expect("queued", []domain.Recorded{second, decided}, []notice.Outgoing{account(2), sms(2)}, nil,
			NoticeCounts{Owed: 2, Queued: 2})
		s.queue(3, 3, second, notice.Removed)
		s.add(noticeID(4).Stream(), notice.NoticeQueued{
			NoticeID: noticeID(4), PersonID: personID(4), Kind: notice.NobodyDeregistered,
			About:    domain.EventRef{Stream: decided.Stream, Revision: decided.Revision},
			FromCase: true, Decision: true, Ways: []notice.Way{notice.Account}, RecordedAt: decided.Created, QueuedAt: s.now,
		})
		for n := 2; n <= 4; n++ {
			s.add(noticeID(n).Stream(), notice.NoticeDelivered{NoticeID: noticeID(n), Way: notice.Account, DeliveredAt: s.now})
		}
		expect("in the accounts", nil, []notice.Outgoing{sms(2), sms(3)}, nil, NoticeCounts{Queued: 2})
		s.add(noticeID(2).Stream(), notice.NoticeSent{NoticeID: noticeID(2), Way: notice.SMS, Attempt: 1, Reports: true,
			SentAt: s.now})
		s.add(noticeID(3).Stream(), notice.NoticeFailed{NoticeID: noticeID(3), Way: notice.SMS, Attempt: 1,
			Failure: notice.Unreachable, RetryAt: s.now.Add(time.Hour), FailedAt: s.now})
		expect("one sent, one waits", nil, nil, []notice.Outgoing{sms(2)}, NoticeCounts{Queued: 1, Sent: 1})
		s.add(noticeID(2).Stream(), notice.NoticeFailed{NoticeID: noticeID(2), Way: notice.SMS, Attempt: 1,
			Failure: notice.NotDelivered, RetryAt: s.now, FailedAt: s.now})
		s.add(noticeID(3).Stream(), notice.NoticeFailed{NoticeID: noticeID(3), Way: notice.SMS, Attempt: 2,
			Failure: notice.Unreachable, FailedAt: s.now})
		expect("one again, one given up", nil, []notice.Outgoing{sms(2)}, nil, NoticeCounts{Queued: 1, GivenUp: 1})
		s.add(noticeID(2).Stream(), notice.NoticeSent{NoticeID: noticeID(2), Way: notice.SMS, Attempt: 2, Reports: true,
			SentAt: s.now})
		s.add(noticeID(2).Stream(), notice.NoticeDelivered{NoticeID: noticeID(2), Way: notice.SMS, DeliveredAt: s.now})
		expect("delivered", nil, nil, nil, NoticeCounts{GivenUp: 1})
	})
}

func TestR16_TheInboxOfAPerson(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		about := s.add(listID(1).Stream(), housing.EntryRemoved{ListID: listID(1), EntryID: entryID(1),
			PersonID: personID(1), RemovedAt: s.now})
		for n := 1; n <= 3; n++ {
			s.queue(n, 1, about, notice.Removed)
		}
		s.queue(9, 2, about, notice.Redated)
		arrived, sent := s.now.UTC(), s.now.UTC().Add(time.Second)
		s.add(noticeID(2).Stream(), notice.NoticeDelivered{NoticeID: noticeID(2), Way: notice.Account, DeliveredAt: arrived})
		s.add(noticeID(2).Stream(), notice.NoticeSent{NoticeID: noticeID(2), Way: notice.SMS, Attempt: 1, SentAt: sent})
		r := projected(t, client, s)
		page := func(person int, cursor string, limit int) (InboxPage, []domain.NoticeID) {
			t.Helper()
			p, err := r.Inbox(ctx, personID(person), cursor, limit)
			if err != nil {
				t.Fatal(err)
			}
			var ids []domain.NoticeID
			for _, n := range p.Notices {
				ids = append(ids, n.ID)
			}
			return p, ids
		}
		first, ids := page(1, "", 2)
		same(t, ids, []domain.NoticeID{noticeID(3), noticeID(2)})
		same(t, first.All, 3)
		n := first.Notices[1]
		same(t, n.Kind, notice.Removed)
		same(t, n.About, domain.EventRef{Stream: about.Stream, Revision: about.Revision})
		same(t, n.Language, domain.Kazakh)
		same(t, n.Deliveries, []notice.Delivery{{Way: notice.Account, State: notice.Delivered, At: arrived},
			{Way: notice.SMS, State: notice.Sent, At: sent}})
		s.queue(5, 1, about, notice.Removed) // a newer one does not shift the pages
		reach(t, r, s.head())
		second, ids := page(1, first.Next, 2)
		same(t, ids, []domain.NoticeID{noticeID(1)})
		same(t, second.Next, "")
		if _, ids := page(2, "", 10); len(ids) != 1 || ids[0] != noticeID(9) {
			t.Errorf("another's inbox: %v", ids)
		}
		if p, ids := page(7, "", 10); len(ids) != 0 || p.All != 0 || p.Next != "" {
			t.Errorf("nobody's inbox: %v", ids)
		}
		_, err := r.Inbox(ctx, personID(1), "x", 2)
		refuses(t, err, domain.Invalid, domain.CodeMalformed)
	})
}
