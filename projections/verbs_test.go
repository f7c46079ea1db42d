package projections

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"tizilim/domain"
	"tizilim/domain/housing"
)

// some draws one of the values.
func some[T any](rt *rapid.T, values ...T) T { return rapid.SampledFrom(values).Draw(rt, "of these") }

// several draws one or more different members.
func several(rt *rapid.T) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c|1", "ә"}), 1, 3, rapid.ID[string]).Draw(rt,
		"members")
}

func place(n int) string {
	return seniorityKey(housing.Seniority{At: day.Start(), Position: domain.Position(n)})
}

// drawn is a random op of every verb. A key keeps its kind: scored has scores,
// ranked-… have none, parties holds keys of the latter.
var drawn = map[verb]func(rt *rapid.T) op{
	opSet: func(rt *rapid.T) op {
		var fields []string
		for _, field := range several(rt) {
			fields = append(fields, field, rapid.SampledFrom([]string{"", "1", "два", `{"a":"b"}`}).Draw(rt, "value"))
		}
		return some(rt, set(some(rt, "hash-1", "hash-2"), fields...), set("entry", "person", some(rt, "ann", "bob")),
			set("case-1:work", "state", some(rt, "registered", "in_review")),
			set("case-1:work", "service", "S000", "received", moment(day.Start()), some(rt, "due:a", "due:b"), moment(day.AddDays(rapid.IntRange(0, 3).Draw(rt, "days")).Start())),
			set("case-1:work", "list", "l"))
	},
	opUnset: func(rt *rapid.T) op {
		return some(rt, unset(some(rt, "hash-1", "hash-2"), several(rt)...), unset("entry", "person"),
			unset("case-1:work", "due:a", "due:b"), unset("case-1:work", "state"))
	},
	opJoin: func(rt *rapid.T) op {
		return some(rt, join("set", several(rt)...), join("parties", some(rt, "ranked-1", "ranked-2")))
	},
	opLeave: func(rt *rapid.T) op {
		return some(rt, leave("set", several(rt)...), leave("parties", some(rt, "ranked-1", "ranked-2")))
	},
	opRank: func(rt *rapid.T) op {
		ms := rapid.Int64Range(-1<<42, 1<<42).Draw(rt, "instant")
		return some(rt, rank(some(rt, "ranked-1", "ranked-2"), several(rt)[0]), rankAt("scored", ms, several(rt)[0]))
	},
	opUnrank: func(rt *rapid.T) op { return unrank(some(rt, "ranked-1", "ranked-2", "scored"), several(rt)[0]) },
	opCut: func(rt *rapid.T) op {
		return some(rt, cut(some(rt, "ranked-1", "ranked-2"), several(rt)[0]),
			cut("stairs", place(rapid.IntRange(1, 6).Draw(rt, "place"))))
	},
	opStair: func(rt *rapid.T) op {
		from := rapid.IntRange(1, 6).Draw(rt, "from")
		to := place(from+rapid.IntRange(0, 3).Draw(rt, "width")) + behind
		return stair("stairs", place(from), to, "change|"+strconv.Itoa(rapid.IntRange(0, 99).Draw(rt, "change")))
	},
	opPoint:       func(rt *rapid.T) op { return point("parties", several(rt)[0]) },
	opPointHolder: func(rt *rapid.T) op { return pointHolder("entry", several(rt)[0]) },
	opFile:        func(*rapid.T) op { return file("case-1:work") },
	opClaim:       func(rt *rapid.T) op { return op{opClaim, "claim:" + several(rt)[0], []string{"digest", "60000"}} },
}

// In Redis, in the in-process Redis and in memory: the same keys with the same
// members, in whatever batches the ops come.
func TestEveryVerbDoesTheSameInRedisAndInMemory(t *testing.T) {
	if len(drawn) != int(verbCount) {
		t.Fatalf("%d of %d verbs are tried", len(drawn), verbCount)
	}
	all := slices.Sorted(maps.Keys(drawn))
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		withWriter(t, client, newScript(), func(ctx context.Context, w *writer, _ *script) {
			tried := make(map[verb]int)
			rapid.Check(t, func(rt *rapid.T) {
				next := *w
				next.number++ // an empty generation
				*w = next
				client.HSet(ctx, w.keys.checkpoint(w.number), "position", "0", "event", "0")
				client.Set(ctx, w.keys.serving(), w.number, 0)
				f := newFold()
				for range rapid.IntRange(1, 4).Draw(rt, "batches") {
					var batch []op
					for range rapid.IntRange(0, 15).Draw(rt, "ops") {
						o := drawn[rapid.SampledFrom(all).Draw(rt, "verb")](rt)
						batch = append(batch, o)
						tried[o.verb]++
						f.execute(o)
					}
					if err := w.write(ctx, &next, batch); err != nil {
						rt.Fatal(err)
					}
				}
				v := verification{client: client, keys: w.keys, fold: f, compared: make(map[string]bool)}
				if err := v.run(ctx); err != nil {
					rt.Fatal(err)
				}
				if !v.report.Proven() {
					rt.Fatal(v.report.Differences)
				}
				for key, value := range f.values {
					if value.members.Len() == 0 {
						rt.Fatalf("%s is kept in memory without members", key)
					}
				}
			})
			for _, v := range all {
				if tried[v] == 0 {
					t.Errorf("%s was never tried", v)
				}
			}
			if held, err := client.Get(ctx, w.keys.root+"claim:a").Result(); err != nil || held != "digest" {
				t.Errorf("the claim is %q, %v", held, err)
			}
		})
	})
}

func TestAVerbWithoutItsLuaOrItsGoDoesNotStart(t *testing.T) {
	whole := verbs
	defer func() { verbs = whole }()
	for _, spoil := range []func(){
		func() { verbs[opStair].lua = "" },
		func() { verbs[opStair].fold = nil },
		func() { verbs[opStair].name = "" },
	} {
		verbs = whole
		spoil()
		func() {
			defer func() {
				if told := fmt.Sprint(recover()); !strings.Contains(told, "needs a name, its Lua and its Go") {
					t.Errorf("it starts: %s", told)
				}
			}()
			verbsInLua()
		}()
	}
}
