package limits

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"tizilim/domain"
	"tizilim/httpapi/operation"
)

// counted is a [Shared] of one process: it allows as many calls as are left, or fails.
type counted struct {
	left  int
	fails error
	asked int
	keys  []string
}

func (c *counted) Take(_ context.Context, key string, _ int, _ time.Duration, _ int) (
	int, time.Duration, time.Duration, error,
) {
	c.asked++
	c.keys = append(c.keys, key)
	if c.fails != nil {
		return 0, 0, 0, c.fails
	}
	if c.left == 0 {
		return 0, 7 * time.Second, time.Minute, nil
	}
	c.left--
	return c.left, 0, time.Minute, nil
}

// world is a limiter whose clock is moved by hand.
type world struct {
	*Limiter
	now    time.Time
	logged strings.Builder
}

func limiter(table string, shared Shared) *world {
	t, err := read([]byte(table), nil)
	if err != nil {
		panic(err)
	}
	w := &world{now: time.Date(2026, 3, 16, 12, 0, 0, 0, time.UTC)}
	w.Limiter = New(Config{
		Table: t, Shared: shared, Metrics: prometheus.NewRegistry(),
		Logger: slog.New(slog.NewTextHandler(&w.logged, nil)), Now: func() time.Time { return w.now },
	})
	return w
}

// allowed takes until a call is refused, and returns how many were not.
func (w *world) allowed(class operation.Class, who operation.Sender) (n int, last operation.Allowance) {
	for {
		last = w.Take(context.Background(), class, who)
		if last.Retry > 0 || n > 1000 {
			return n, last
		}
		n++
	}
}

var (
	desk   = operation.Sender{Role: domain.RoleOperator, Name: "desk-1"}
	person = operation.Sender{Role: domain.RoleCitizen, Name: "11111111-1111-1111-1111-111111111111"}
)

func from(address string) operation.Sender {
	return operation.Sender{Role: operation.Anyone, Name: address}
}

const table = `{
	"read": {"citizen": {"calls": 2, "seconds": 1, "burst": 5}, "staff": {"calls": 20, "seconds": 1, "burst": 50}},
	"search": {"staff": {"calls": 6, "seconds": 60, "burst": 3}},
	"check": {"address": {"calls": 1, "seconds": 1, "burst": 4}}
}`

func TestACallerMayCallAsOftenAsTheTableSays(t *testing.T) {
	w := limiter(table, nil)
	for who, want := range map[operation.Sender]int{desk: 50, person: 5} {
		n, last := w.allowed(operation.ClassRead, who)
		if n != want {
			t.Errorf("%s is allowed %d reads, want %d", who.Role, n, want)
		}
		w.now = w.now.Add(last.Retry - time.Millisecond)
		if again := w.Take(t.Context(), operation.ClassRead, who); again.Retry == 0 {
			t.Errorf("%s is allowed before the time is over", who.Role)
		}
		w.now = w.now.Add(time.Millisecond)
		if again := w.Take(t.Context(), operation.ClassRead, who); again.Retry != 0 {
			t.Errorf("%s waited as long as it was told, and is told %v", who.Role, again.Retry)
		}
	}
}

func TestCallersAndClassesAreCountedApart(t *testing.T) {
	w := limiter(table, nil)
	w.allowed(operation.ClassRead, desk)
	if n, _ := w.allowed(operation.ClassSearch, desk); n != 3 {
		t.Errorf("after its reads a desk is allowed %d searches, want 3", n)
	}
	other := operation.Sender{Role: domain.RoleOperator, Name: "desk-2"}
	if n, _ := w.allowed(operation.ClassSearch, other); n != 3 {
		t.Errorf("another desk is allowed %d searches, want 3", n)
	}
	if got := w.Take(t.Context(), operation.ClassContact, desk); got.Policy != "" {
		t.Errorf("what the table does not name is bounded: %+v", got)
	}
}

func TestAHostHasOneCountForAllItsAddresses(t *testing.T) {
	for _, test := range []struct {
		one, other string
		together   bool
	}{
		{"10.0.0.1", "10.0.0.1", true},
		{"10.0.0.1", "10.0.0.2", false},
		{"2001:db8::1", "2001:db8::ffff:1", true}, // one /64
		{"2001:db8::1", "2001:db8:0:1::1", false},
		{"::ffff:10.0.0.1", "::ffff:10.0.0.2", false}, // IPv4 in IPv6
		{"", "", true}, // a Unix socket
	} {
		w := limiter(table, nil)
		w.allowed(operation.ClassCheck, from(test.one))
		n, _ := w.allowed(operation.ClassCheck, from(test.other))
		if together := n == 0; together != test.together {
			t.Errorf("%q and %q are counted together: %v", test.one, test.other, together)
		}
	}
}

func TestAnAllowanceSaysWhatRemains(t *testing.T) {
	w := limiter(table, nil)
	got := w.Take(t.Context(), operation.ClassSearch, desk)
	want := operation.Allowance{
		Policy: `"search";q=3;w=30`, Class: operation.ClassSearch, Remaining: 2, Full: 10 * time.Second,
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	_, last := w.allowed(operation.ClassSearch, desk)
	if last.Remaining != 0 || last.Retry != 10*time.Second || last.Full != 30*time.Second {
		t.Errorf("a refused call: %+v", last)
	}
}

func TestTheSharedCountDecidesForTheClassesThatAreShared(t *testing.T) {
	all := &counted{left: 2}
	w := limiter(table, all)
	if n, last := w.allowed(operation.ClassSearch, desk); n != 2 || last.Retry != 7*time.Second {
		t.Errorf("%d searches are allowed and then %+v, want what the shared count says", n, last)
	}
	asked := all.asked
	w.allowed(operation.ClassRead, desk)
	if all.asked != asked {
		t.Error("a read asks the shared count")
	}
}

func TestWhatCostsMuchOrFindsSomebodyIsCountedByAllProcesses(t *testing.T) {
	all := &counted{left: 1000}
	w := New(Config{
		Table: Default(), Shared: all, Metrics: prometheus.NewRegistry(), Logger: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	take := func(class operation.Class, who operation.Sender) { w.Take(t.Context(), class, who) }
	for _, class := range []operation.Class{
		operation.ClassExpensive, operation.ClassSearch, operation.ClassPassword, operation.ClassContact,
	} {
		take(class, desk)
	}
	take(operation.ClassPassword, person)
	take(operation.ClassCheck, from("10.0.0.1"))
	take(operation.ClassRefusedToken, from("10.0.0.1"))
	take(operation.ClassRead, desk)
	take(operation.ClassCommand, desk)
	take(operation.ClassAddress, from("10.0.0.1"))
	want := []string{ // one for each class and caller
		"expensive_read:desk-1", "search:desk-1", "one_time_password:desk-1", "contact:desk-1",
		"one_time_password:" + person.Name, "check:10.0.0.1", "refused_token:10.0.0.1",
	}
	if !slices.Equal(all.keys, want) {
		t.Errorf("counted together are %v, want %v", all.keys, want)
	}
}

// silent is a [Shared] that answers nobody.
type silent struct{}

func (silent) Take(ctx context.Context, _ string, _ int, _ time.Duration, _ int) (int, time.Duration, time.Duration, error) {
	<-ctx.Done()
	return 0, 0, 0, ctx.Err()
}

func TestASharedCountThatIsSilentHoldsACallShortly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := limiter(table, silent{})
		began := time.Now()
		got := w.Take(context.Background(), operation.ClassSearch, desk)
		if waited := time.Since(began); waited != sharedPatience {
			t.Errorf("the call waited %v", waited)
		}
		if got.Retry > 0 || got.Remaining != 2 {
			t.Errorf("it is answered %+v", got)
		}
		w.Take(context.Background(), operation.ClassSearch, desk)
		if waited := time.Since(began); waited != sharedPatience {
			t.Errorf("the next call waited %v too", waited-sharedPatience)
		}
	})
}

func TestWhatOneProcessRefusesNeedsNoRoundTrip(t *testing.T) {
	all := &counted{left: 100}
	w := limiter(table, all)
	if n, _ := w.allowed(operation.ClassSearch, desk); n != 3 || all.asked != 3 {
		t.Errorf("%d are allowed after %d round trips, want 3 after 3", n, all.asked)
	}
}

func TestWithoutTheSharedCountEachProcessBoundsItsCallers(t *testing.T) {
	all := &counted{fails: errors.New("away")}
	w, alone := limiter(table, all), limiter(table, nil)
	for range 2 {
		got, want := w.Take(t.Context(), operation.ClassSearch, desk), alone.Take(t.Context(), operation.ClassSearch, desk)
		if got != want {
			t.Errorf("it is told %+v, want what this process counts: %+v", got, want)
		}
	}
	if n, _ := w.allowed(operation.ClassSearch, desk); n != 1 {
		t.Errorf("%d further searches are allowed, want 1: neither none nor all", n)
	}
	if all.asked != 1 {
		t.Errorf("the count that is away was asked %d times in one instant, want once", all.asked)
	}
	if n := testutil.ToFloat64(w.alone); n != 3 {
		t.Errorf("%v calls were counted alone, want 3", n)
	}
	all.fails, all.left = nil, 1
	w.now = w.now.Add(time.Minute)
	if n, _ := w.allowed(operation.ClassSearch, desk); n != 1 {
		t.Errorf("when it is back, %d searches are allowed, want 1", n)
	}
	logged := w.logged.String()
	if strings.Count(logged, "do not answer") != 1 || strings.Count(logged, "answer again") != 1 {
		t.Errorf("the log says:\n%s", logged)
	}
}

func TestRefusalsAreCountedWithoutNamingAnybody(t *testing.T) {
	w := limiter(table, nil)
	w.allowed(operation.ClassSearch, desk)
	if n := testutil.ToFloat64(w.refused.WithLabelValues("search", "staff")); n != 1 {
		t.Errorf("%v refusals are counted, want 1", n)
	}
}

func TestTheBuiltInTableBoundsEveryClass(t *testing.T) {
	table := Default()
	for class, kinds := range classes() {
		for _, who := range kinds {
			if table[class][who].Calls == 0 {
				t.Errorf("%s is not bounded for %s", class, who)
			}
		}
	}
	// What finds people, sends messages or costs much is tighter than a plain read.
	for _, class := range []operation.Class{
		operation.ClassSearch, operation.ClassExpensive, operation.ClassPassword, operation.ClassContact,
	} {
		for _, who := range []kind{citizen, staff} {
			if table[class][who].perSecond() >= table[operation.ClassRead][who].perSecond() {
				t.Errorf("%s of %s is not tighter than a read", class, who)
			}
		}
	}
}

func TestATableReplacesOnlyWhatItNames(t *testing.T) {
	got, err := Read([]byte(`{"search": {"staff": {"calls": 1, "seconds": 60, "burst": 2}, "citizen": null}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want[operation.ClassSearch] = map[kind]Limit{staff: {Calls: 1, Per: time.Minute, Burst: 2}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestNullTakesAllLimitsOfAClassAway(t *testing.T) {
	got, err := Read([]byte(`{"search": null}`))
	if _, bounded := got[operation.ClassSearch]; err != nil || bounded || len(got) != len(Default())-1 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestATableWithAMistakeIsRefused(t *testing.T) {
	for text, says := range map[string]string{
		`{`:              "unexpected EOF",
		`[]`:             "cannot unmarshal",
		`{"serach": {}}`: `"serach" is no class`,
		`{"search": {"address": {"calls": 1, "seconds": 1, "burst": 1}}}`:         "search.address: a limit of this class is for [citizen staff]",
		`{"search": {"staff": {"calls": 0, "seconds": 1, "burst": 1}}}`:           "at least 1",
		`{"search": {"staff": {"calls": 1, "seconds": 1}}}`:                       "at least 1",
		`{"search": {"staff": {"calls": 1, "seconds": 1, "burst": 1, "per": 2}}}`: `unknown field "per"`,
		`{"search": {"staff": {"calls": 1, "seconds": 1, "burst": 1}}} {}`:        "more than one",
	} {
		if _, err := Read([]byte(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", text, err, says)
		}
	}
}

func BenchmarkTake(b *testing.B) {
	w := New(Config{Table: Default(), Metrics: prometheus.NewRegistry(), Logger: slog.New(slog.DiscardHandler), Now: time.Now})
	for b.Loop() {
		w.Take(b.Context(), operation.ClassRead, desk)
	}
}
