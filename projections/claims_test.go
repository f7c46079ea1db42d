package projections

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
)

func TestClaimTellsRepetitionFromReuse(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, c := context.Background(), NewClaims(client, quick())
		command := domain.CommandID{UUID: id(1)}
		for range 2 {
			if err := c.Claim(ctx, command, "a"); err != nil {
				t.Fatal(err)
			}
		}
		refuses(t, c.Claim(ctx, command, "b"), domain.Invalid, domain.CodeKeyReused)
		if err := c.Release(ctx, command, "b"); err != nil {
			t.Fatal(err)
		}
		refuses(t, c.Claim(ctx, command, "b"), domain.Invalid, domain.CodeKeyReused) // not b's to release
		if err := c.Release(ctx, command, "a"); err != nil {
			t.Fatal(err)
		}
		if err := c.Claim(ctx, command, "b"); err != nil {
			t.Errorf("a released key is not free: %v", err)
		}
		ttl := client.PTTL(ctx, c.keys.claim(command)).Val()
		if ttl <= 23*time.Hour || ttl > 24*time.Hour {
			t.Errorf("the claim is remembered for %s", ttl)
		}
	})
}

func TestClaimsOfRecordedCommandsSurviveALostRedis(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		s.now = time.Now().Add(-30 * time.Hour)
		old, young, own := domain.CommandID{UUID: id(1)}, domain.CommandID{UUID: id(2)}, domain.CommandID{UUID: id(3)}
		s.add(personID(1).Stream(), s.person(1).Event, domain.Meta{Causation: old, Digest: "a"})
		s.now = time.Now().Add(-20 * time.Hour)
		for range 2 { // a command with two events
			s.add(personID(1).Stream(), s.recorded()[0].Event, domain.Meta{Causation: young, Digest: "a"})
		}
		s.add(personID(1).Stream(), s.recorded()[0].Event, domain.Meta{Causation: own}) // a step of the registry itself
		r := projected(t, client, s)
		client.FlushAll(ctx)
		until(t, "the models are back", func() bool { at, err := r.Position(ctx); return err == nil && at == s.head() })

		c := NewClaims(client, quick())
		refuses(t, c.Claim(ctx, young, "b"), domain.Invalid, domain.CodeKeyReused)
		if err := c.Claim(ctx, young, "a"); err != nil {
			t.Errorf("a repetition is refused: %v", err)
		}
		if ttl := client.PTTL(ctx, c.keys.claim(young)).Val(); ttl <= 3*time.Hour || ttl > 4*time.Hour {
			t.Errorf("a claim of 20 hours ago is remembered for another %s", ttl)
		}
		if n := client.Exists(ctx, c.keys.claim(old), c.keys.claim(own)).Val(); n != 0 {
			t.Error("an expired claim, or one without a digest, came back")
		}
	})
}
