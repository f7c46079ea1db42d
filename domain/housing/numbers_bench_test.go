package housing_test

import (
	"fmt"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
)

// BenchmarkNumbersOfALongList asks for the number over time of the last of 100,000
// entries, when half of those before it have left: 50,000 changes.
func BenchmarkNumbersOfALongList(b *testing.B) {
	const entries = 100_000
	q := opened().fold()
	id := func(i int) domain.EntryID { return entry(fmt.Sprint(i)) }
	for i := range entries {
		q.Apply(domaintest.Recorded(q.Steps(), housing.EntryPlaced{
			ListID: list, EntryID: id(i), PersonID: domaintest.ID[domain.PersonID](fmt.Sprint(i)),
			Seniority: filed(0, domain.Position(i)), Number: i + 1,
		}))
	}
	for i := range entries / 2 {
		q.Apply(domaintest.Recorded(q.Steps(), housing.EntryRemoved{EntryID: id(i)}))
	}
	last := id(entries - 1)
	for b.Loop() {
		if n := q.Numbers(last, q.Steps(), 1000); n.Number != entries/2 || n.Omitted != entries/2+1-1000 {
			b.Fatalf("number %d, %d omitted", n.Number, n.Omitted)
		}
	}
}
