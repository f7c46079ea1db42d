package projections

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"tizilim/domain"
)

// keysOf returns what the checkpoint of the generation says, and how many keys there are.
func keysOf(t *testing.T, client redis.UniversalClient, number uint64) (said countedKeys, found int) {
	t.Helper()
	keys := quick().withDefaults().keyspace()
	said, ok, err := countedKeysOf(t.Context(), client, keys.checkpoint(number))
	if err != nil || !ok {
		t.Fatalf("the checkpoint says nothing: %v", err)
	}
	if err := scan(t.Context(), client, keys.generation(number)+"*", func(some []string) error {
		found += len(some)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return said, found
}

// The story and every example of an event are applied, each by itself: so every verb adds keys and
// takes some away.
func TestTheCheckpointSaysHowManyKeysAGenerationHas(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		withWriter(t, client, story(), func(ctx context.Context, w *writer, s *script) {
			deliveries := s.log
			for _, e := range examples() {
				d, rec := e.delivery, *e.delivery.Recorded
				d.Position = deliveries[len(deliveries)-1].Position + 1
				rec.Position, rec.Created, rec.More = d.Position, time.Now(), 0
				rec.Meta.Digest, rec.Meta.Causation = "a digest", domain.CommandID{UUID: uuid.New()} // leaves a claim, which is no key of the generation
				d.Recorded = &rec
				deliveries = append(deliveries, d)
			}
			for i, d := range deliveries {
				if err := w.apply(ctx, deliveries[i:i+1]); err != nil {
					t.Fatal(err)
				}
				if said, found := keysOf(t, client, w.number); said.keys != found {
					t.Fatalf("after %s the checkpoint says %d keys, and there are %d", d.Recorded.Event, said.keys, found)
				}
			}
			if said, _ := keysOf(t, client, w.number); said.freed == 0 || said.keys < 100 {
				t.Errorf("%+v: too few keys, or none was taken away", said)
			}
			if lost, err := lostKeys(ctx, client, w.keys, w.number); lost != 0 || err != nil {
				t.Errorf("%d keys are said to be lost: %v", lost, err)
			}
			client.Del(ctx, w.keys.generation(w.number)+personID(1).Stream(), w.keys.generation(w.number)+personID(2).Stream())
			if lost, err := lostKeys(ctx, client, w.keys, w.number); lost != 2 || err != nil {
				t.Errorf("%d keys are said to be lost, and 2 are: %v", lost, err)
			}
		})
	})
}

// loseOne deletes a key of the generation that no read misses by itself: in the list of a person's
// cases an entry is simply not there.
func loseOne(t *testing.T, client redis.UniversalClient, number uint64) {
	t.Helper()
	if n := client.Del(t.Context(), quick().withDefaults().keyspace().generation(number)+personID(2).Stream()+":cases").Val(); n != 1 {
		t.Fatal("there is no such key")
	}
}

// lostUnseen fills a model with the story and deletes a key of it while no projector runs.
func lostUnseen(t *testing.T, client redis.UniversalClient, s *script, r *Reader) {
	t.Helper()
	_, stop := running(t, client, s, quick())
	reach(t, r, s.head())
	stop()
	loseOne(t, client, 1)
}

// A dump that was written after keys were lost, and before anybody noticed, says nothing of that.
func TestV5_AModelThatLostAKeyUnseenIsFilledAnewByWhoeverTakesTheLead(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		s, r := story(), NewReader(client, quick())
		lostUnseen(t, client, s, r)
		running(t, client, s, quick())
		until(t, "the model is filled anew", func() bool { return status(t, r).Serving == 2 })
		proven(t, client, s)
	})
}

// slowScan lets every reading of names of keys take a while.
type slowScan struct{ redis.Hook }

func (slowScan) DialHook(next redis.DialHook) redis.DialHook { return next }
func (slowScan) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}
func (slowScan) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "scan" {
			time.Sleep(countAlone / 4)
		}
		return next(ctx, cmd)
	}
}

// What whoever takes the lead finds to be written would hide what is lost.
func TestV5_AProjectorThatTakesTheLeadCountsBeforeItWrites(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		s, r := story(), NewReader(client, quick())
		lostUnseen(t, client, s, r)
		for n := range 20 {
			s.person(100 + n)
		}
		client.AddHook(slowScan{})
		running(t, client, s, quick())
		until(t, "the model is filled anew", func() bool { return status(t, r).Serving == 2 })
		proven(t, client, s)
	})
}

func TestV5_AGenerationThatLosesAKeyWhileItIsFilledDoesNotServe(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		s, r := story(), NewReader(client, quick())
		all := s.recorded()
		s.holdAfter(all[len(all)-2].Position)
		running(t, client, s, quick())
		until(t, "all but the last event is there", func() bool { return status(t, r).Built == all[len(all)-2].Position })
		loseOne(t, client, 1)
		s.release()
		reach(t, r, s.head())
		if got := status(t, r).Serving; got != 2 {
			t.Errorf("generation %d serves", got)
		}
		proven(t, client, s)
		noneServedDamaged(t, client)
	})
}

// noneServedDamaged makes sure that no generation was withdrawn after it had served.
func noneServedDamaged(t *testing.T, client redis.UniversalClient) {
	t.Helper()
	if damage := client.HGetAll(t.Context(), quick().withDefaults().keyspace().damage()).Val(); len(damage) > 0 {
		t.Errorf("a generation served until it was found damaged: %v", damage)
	}
}

// The same for a generation that an operator has filled.
func TestV5_ARebuildThatLosesAKeyIsBegunAgain(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		s, r := story(), NewReader(client, quick())
		p, err := NewProjector(client, s, quick())
		if err != nil {
			t.Fatal(err)
		}
		lost := false
		if err := p.Rebuild(t.Context(), func(Progress) {
			if !lost && client.Exists(t.Context(), p.keys.generation(1)+personID(2).Stream()+":cases").Val() == 1 {
				lost = true
				loseOne(t, client, 1)
			}
		}); err != nil {
			t.Fatal(err)
		}
		if got := status(t, r).Serving; !lost || got != 2 {
			t.Errorf("generation %d serves; a key was lost: %v", got, lost)
		}
		proven(t, client, s)
	})
}

// Redis evicts first what nobody has asked for in a long time, such as the counter of generations.
func TestV5_AGenerationIsNotFilledOnTopOfAnotherWhoseNumberIsForgotten(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		s, r := story(), NewReader(client, quick())
		_, stop := running(t, client, s, quick())
		reach(t, r, s.head())
		stop()
		keys := quick().withDefaults().keyspace()
		client.Del(t.Context(), keys.counter(), keys.serving(), keys.checkpoint(1)) // what is left is found by no pointer
		client.SAdd(t.Context(), keys.generation(1)+"left", "of the generation before")
		running(t, client, s, quick())
		reach(t, r, s.head())
		if got := status(t, r).Serving; got != 2 {
			t.Errorf("generation %d serves", got)
		}
		proven(t, client, s)
		if left := client.Keys(t.Context(), keys.generation(1)+"*").Val(); len(left) > 0 {
			t.Errorf("%d keys are left for ever", len(left))
		}
	})
}

func TestVerifyProvesNoGenerationOfWhichNothingIsLeft(t *testing.T) {
	client, _ := inProcess(t)
	client.Set(t.Context(), quick().withDefaults().keyspace().serving(), 1, 0)
	if report, err := Verify(t.Context(), client, story(), quick(), nil); err == nil {
		t.Errorf("it says %+v", report)
	}
}

// The model goes up to a place at which the log has no event. What comes later is no part of it.
func TestVerifyFoldsTheLogUpToTheModelAndNoFurther(t *testing.T) {
	client, _ := inProcess(t)
	s, r := story(), NewReader(client, quick())
	_, stop := running(t, client, s, quick())
	reach(t, r, s.head())
	stop()
	client.HSet(t.Context(), r.keys.checkpoint(1), "event", formatPosition(s.head()+1))
	s.person(70)
	if report := proven(t, client, s); report.AsOf >= s.head() {
		t.Errorf("it was compared up to %d, and the model ends before %d", report.AsOf, s.head())
	}
}

// A rebuild whose end was not told, because Redis or the process went away, is not made once more.
func TestARebuildThatServesIsNotBuiltAgain(t *testing.T) {
	client, _ := inProcess(t)
	s := story()
	p, err := NewProjector(client, s, quick())
	if err != nil {
		t.Fatal(err)
	}
	var own uint64
	for range 2 {
		if err := p.build(t.Context(), &own, nil); err != nil {
			t.Fatal(err)
		}
	}
	if n := client.Exists(t.Context(), p.keys.previous()).Val(); own != 1 || n != 0 {
		t.Errorf("generation %d was built, and it is its own previous one: %v", own, n == 1)
	}
}
