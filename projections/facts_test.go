package projections

import (
	"context"
	"testing"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
	"tizilim/domain/feed"
	"tizilim/domain/residence"
)

// TestC31_TheLastFactOfEachKindIsOneLook: whatever is told of a person moves on the place of its kind.
func TestC31_TheLastFactOfEachKindIsOneLook(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		s.person(1)
		s.person(2)
		s.dwelling(1)
		s.register(1, 1, 1, residence.Permanent, domain.Date{})
		again := s.register(2, 1, 1, residence.Temporary, domain.Date{})
		died := s.add(personID(1).Stream(), residence.PersonDied{PersonID: personID(1), On: domain.DateOf(s.now)})
		r := projected(t, client, s)
		facts, at, err := r.LastFacts(ctx, []domain.PersonID{personID(2), personID(1), personID(3)})
		if err != nil || at != died.Position || len(facts) != 3 {
			t.Fatalf("%v at %d, %v", facts, at, err)
		}
		if len(facts[0]) != 0 || len(facts[2]) != 0 {
			t.Errorf("of others: %v, %v", facts[0], facts[2])
		}
		got := map[domain.FactKind]LastFact{}
		for _, f := range facts[1] {
			got[f.Kind] = f
		}
		same(t, got, map[domain.FactKind]LastFact{
			domain.FactRegistered: {
				domain.FactRegistered, feed.After(again.Position, again.ID, 1), dwellingID(1), domain.DateOf(again.Event.EffectiveAt()),
			},
			domain.FactDied: {
				Kind: domain.FactDied, Position: feed.After(died.Position, died.ID, 1), On: domain.DateOf(died.Event.EffectiveAt()),
			},
		})
		if report, err := Verify(ctx, client, s, quick(), nil); err != nil || !report.Proven() {
			t.Errorf("verify: %+v %v", report, err)
		}
		if none, at, err := r.LastFacts(ctx, nil); err != nil || none != nil || at != died.Position {
			t.Errorf("of nobody: %v at %d, %v", none, at, err)
		}
	})
}

// TestC31_APersonWhoseRecordIsHeldBackHasNoFacts: a fact may be missing.
func TestC31_APersonWhoseRecordIsHeldBackHasNoFacts(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		s.person(1)
		s.person(2)
		s.addPoison(personID(1).Stream())
		r := projected(t, client, s)
		if _, _, err := r.LastFacts(ctx, []domain.PersonID{personID(2), personID(1)}); domain.CodeOf(err) != domain.CodeModelNotReady {
			t.Errorf("with a record that is held back: %v", err)
		}
		if _, _, err := r.LastFacts(ctx, []domain.PersonID{personID(2)}); err != nil {
			t.Errorf("without it: %v", err)
		}
	})
}
