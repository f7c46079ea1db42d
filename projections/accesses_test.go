package projections

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"tizilim/domain"
	"tizilim/domain/accesslog"
)

// showPage is a page that shows the persons.
func (s *script) showPage(n int, persons ...int) domain.Recorded {
	page := accesslog.PageRead{Reader: "desk-7", Operation: "list-entries", ReadAt: s.now}
	for _, p := range persons {
		page.Shown = append(page.Shown, accesslog.Shown{PersonID: personID(p)})
	}
	return s.add(accesslog.PageStream(domain.DeriveID(uuid.NameSpaceOID, string(rune('a'+n)))), page)
}

func TestC21_EachPersonHasThePagesThatShowedThemTheLatestFirst(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		recorded := s.person(1)
		first, second, third := s.showPage(1, 1, 2), s.showPage(2, 2), s.showPage(3, 1, 2)
		r := projected(t, client, s)
		shows := func(person int, before domain.Position, limit int, want ...domain.Recorded) {
			t.Helper()
			page, err := r.PagesShowing(ctx, personID(person), HistoryFrom{Cursor: before, Newest: true, Limit: limit})
			found := page.Pointers
			if err != nil {
				t.Fatal(err)
			}
			same(t, pointers(HistoryPage{Pointers: found}), refs(want...))
			for i, p := range found {
				same(t, p.Position, want[i].Position)
			}
		}
		shows(1, 0, 10, third, first)
		shows(2, 0, 10, third, second, first)
		shows(2, 0, 2, third, second)
		shows(2, second.Position, 10, first)
		shows(2, first.Position, 10)
		shows(3, 0, 10)

		// Who reads a history does not learn who else has read.
		history, err := r.PersonHistory(ctx, personID(1), HistoryFrom{Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		same(t, pointers(history), refs(recorded))
		if report, err := Verify(ctx, client, s, quick(), nil); err != nil || !report.Proven() {
			t.Errorf("verify: %+v %v", report, err)
		}
	})
}
