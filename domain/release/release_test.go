package release_test

import (
	"testing"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/release"
)

func TestAnEventIsReleasedOnceByItsPlaceAndItsID(t *testing.T) {
	noon := domaintest.Noon()
	bad := domain.Recorded{ID: uuid.NameSpaceDNS, Stream: "queue-1", Revision: 4}
	again, elsewhere := bad, bad
	again.ID, elsewhere.Revision = uuid.NameSpaceURL, 5
	released := func(rec domain.Recorded) release.EventReleased {
		return release.EventReleased{
			Released: domain.EventRef{Stream: rec.Stream, Revision: rec.Revision}, EventID: rec.ID, Type: "Unknown",
			Basis: "order 7", ReleasedBy: "gulnar", ReleasedAt: noon,
		}
	}
	of := func(rec domain.Recorded, basis, by string) func(*release.List) ([]domain.Event, error) {
		return func(l *release.List) ([]domain.Event, error) {
			return l.Release(domain.Command{Now: noon}, rec, "Unknown", basis, by)
		}
	}
	given := []domain.Event{released(bad)}
	domaintest.Run(t, []domaintest.Spec[release.List]{
		{Name: "an event", When: of(bad, "order 7", "gulnar"), Then: given},
		{Name: "the same event again", Given: given, When: of(bad, "order 8", "erlan")},
		{
			Name: "another event at its place, in a log that was restored", Given: given,
			When: of(again, "order 7", "gulnar"), Then: []domain.Event{released(again)},
		},
		{
			Name: "an event at another place", Given: given,
			When: of(elsewhere, "order 7", "gulnar"), Then: []domain.Event{released(elsewhere)},
		},
		{Name: "without a basis", When: of(bad, " ", "gulnar"), Refused: domain.CodeRequired},
		{Name: "by nobody", When: of(bad, "order 7", ""), Refused: domain.CodeRequired},
	})

	l := domaintest.Fold[release.List](released(bad), released(elsewhere))
	if _, ok := l.Of(domain.EventRef{Stream: bad.Stream, Revision: bad.Revision}, again.ID); ok {
		t.Error("an event with another id counts as released")
	}
	if got := l.After(1); len(got) != 1 || got[0].Revision != elsewhere.Revision {
		t.Errorf("released after the first: %v", got)
	}
	if got := l.After(9); len(got) != 0 {
		t.Errorf("released after more than there are: %v", got)
	}
}

// Each process counts what it knows of the list, and asks for what lies behind.
func TestWhatIsNoReleaseIsNotCounted(t *testing.T) {
	var l release.List
	l.Apply(domain.Recorded{Stream: release.Stream})
	if after := l.After(0); len(after) != 0 {
		t.Errorf("%v is released", after)
	}
}
