package projections

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func TestABucketIsSharedByAllProcesses(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		one, other := NewLimits(client, Options{}), NewLimits(client, Options{})
		const burst = 4
		for i := range burst {
			process := one
			if i%2 == 1 {
				process = other
			}
			remaining, retry, full, err := process.Take(t.Context(), "search:desk-1", burst, time.Hour, burst)
			if err != nil || retry != 0 || remaining != burst-1-i || full <= 0 {
				t.Fatalf("call %d: %d remain, retry in %v, full in %v, %v", i, remaining, retry, full, err)
			}
		}
		_, retry, _, err := other.Take(t.Context(), "search:desk-1", burst, time.Hour, burst)
		if err != nil || retry <= 14*time.Minute || retry > 15*time.Minute {
			t.Errorf("one call too many is to come again in %v, want a quarter of an hour: %v", retry, err)
		}
		if _, retry, _, err := other.Take(t.Context(), "search:desk-2", burst, time.Hour, burst); err != nil || retry != 0 {
			t.Errorf("somebody else is to come again in %v: %v", retry, err)
		}
		keys, err := client.Keys(t.Context(), "*").Result()
		if err != nil || len(keys) != 2 {
			t.Fatalf("the keys are %v: %v", keys, err)
		}
		for _, key := range keys { // so that callers who never come again take no room
			if left, err := client.TTL(t.Context(), key).Result(); err != nil || left <= 0 || left > time.Hour {
				t.Errorf("%s expires in %v: %v", key, left, err)
			}
		}
	})
}

func TestABucketRefills(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		limits := NewLimits(client, Options{})
		if _, retry, _, err := limits.Take(t.Context(), "search:desk-1", 20, time.Second, 1); err != nil || retry != 0 {
			t.Fatal(retry, err)
		}
		deadline := time.Now().Add(10 * time.Second)
		for {
			_, retry, _, err := limits.Take(t.Context(), "search:desk-1", 20, time.Second, 1)
			if err != nil || time.Now().After(deadline) {
				t.Fatal("it does not refill: ", err)
			}
			if retry == 0 {
				return
			}
			time.Sleep(retry) // as the answer says
		}
	})
}

func TestTheBucketsLieInTheSlotOfTheRegistry(t *testing.T) {
	client := startCluster(t)
	if _, retry, _, err := NewLimits(client, Options{}).Take(t.Context(), "search:desk-1", 1, time.Hour, 1); err != nil ||
		retry != 0 {
		t.Fatal(retry, err)
	}
	slot := func(key string) int64 {
		n, err := client.ClusterKeySlot(t.Context(), key).Result()
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	keys, err := client.Keys(t.Context(), "*").Result()
	if err != nil || len(keys) != 1 {
		t.Fatalf("the keys are %v: %v", keys, err)
	}
	if a, b := slot(keys[0]), slot(Options{}.withDefaults().keyspace().serving()); a != b {
		t.Errorf("%s lies in slot %d, the rest in %d", keys[0], a, b)
	}
}
