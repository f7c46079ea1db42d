package projections

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
	"tizilim/domain/housing"
)

func TestQ5_TheListsOfABody(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		s := newScript()
		s.list(1)
		s.list(2)
		s.add(listID(3).Stream(), housing.ListOpened{ListID: listID(3), Body: "Akimat of another town",
			Settlement: "Almaty", Title: "List 3", OpenedAt: s.now})
		r := projected(t, client, s)
		reach(t, r, s.head())
		for body, want := range map[string][]domain.ListID{
			"Akimat": {listID(1), listID(2)}, "Akimat of another town": {listID(3)}, "Akim": {},
		} {
			lists, err := r.ListsOf(context.Background(), body)
			if err != nil {
				t.Fatal(err)
			}
			slices.SortFunc(lists, func(a, b domain.ListID) int { return strings.Compare(a.String(), b.String()) })
			slices.SortFunc(want, func(a, b domain.ListID) int { return strings.Compare(a.String(), b.String()) })
			same(t, lists, want)
		}
	})
}
