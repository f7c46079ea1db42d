package command_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/body"
	"tizilim/domain/certificates"
	"tizilim/domain/domaintest"
	"tizilim/domain/events"
	"tizilim/domain/housing"
	"tizilim/domain/housing/housingtest"
	"tizilim/domain/notice"
	"tizilim/domain/otp"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
)

// states are the folds that commands decide on, by the category of their streams.
var states = map[string][]func(*testing.T, []domain.Recorded){
	"residence": {goesItsOwnWay[residence.Person], goesItsOwnWay[certificates.Documents]},
	"dwelling":  {goesItsOwnWay[residence.Dwelling]},
	"case": {
		goesItsOwnWay[procedure.Case], goesItsOwnWay[certificates.Documents], goesItsOwnWay[housing.Application],
		goesItsOwnWay[housing.Provision], goesItsOwnWay[residence.Deregistration], goesItsOwnWay[residence.Renaming],
	},
	"body":    {goesItsOwnWay[body.Body]},
	"queue":   {goesItsOwnWay[housing.List]},
	"otp":     {goesItsOwnWay[otp.Challenges]},
	"contact": {goesItsOwnWay[otp.Sent]},
	"address": {goesItsOwnWay[residence.CodeClaim]},
	"notice":  {goesItsOwnWay[notice.Notice], goesItsOwnWay[notice.Circular]},
}

// TestAStateIsNotChangedByWhatGoesOnFromIt: every state of every stream is cloned
// at every revision, and two goroutines go on from two clones while a third looks
// at the state. This is also for the race detector.
func TestAStateIsNotChangedByWhatGoesOnFromIt(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range append(acts(t), remarried(t)) {
		if a.cmd.ID.IsZero() {
			a.cmd = envelope(a.name)
		}
		if _, err := a.on(a.log); domain.CodeOf(err) != a.refuse {
			t.Fatalf("%s: %v", a.name, err)
		}
		notifier(a.log, book{a.log}, &post{}, clock).Once(ctx)
		var names []string
		for _, rec := range a.log.since(0) {
			if !slices.Contains(names, rec.Stream) {
				names = append(names, rec.Stream)
			}
		}
		for _, name := range names {
			category, _, _ := strings.Cut(name, "-")
			recs := a.log.stream(name)
			key := fmt.Sprint(category, typesOf(recs))
			if seen[key] {
				continue
			}
			seen[key] = true
			t.Run(fmt.Sprintf("%s: %s of %d", a.name, category, len(recs)), func(t *testing.T) {
				for _, check := range states[category] {
					check(t, recs)
				}
			})
		}
	}
}

// TestAStateOfWhateverEventsIsNotChangedByWhatGoesOnFromIt: the samples of all events
// in random orders; each state picks out those that it folds. Of a list the first event
// opens it.
func TestAStateOfWhateverEventsIsNotChangedByWhatGoesOnFromIt(t *testing.T) {
	const orders, length = 6, 40
	samples := events.Samples()
	confirmed, revoked := sampleOf[residence.CoOwnerConfirmed](), sampleOf[residence.ConfirmationRevoked]()
	confirmed.Deadline = time.Time{}
	samples = append(samples, confirmed, revoked) // of one person, who confirms and revokes
	for seed := range uint64(orders) {
		random := rand.New(rand.NewPCG(seed, 0))
		recs := make([]domain.Recorded, length)
		for i := range recs {
			recs[i] = domain.Recorded{
				Stream: "case-1", Revision: uint64(i), Position: domain.Position(i + 1), Created: clock(),
				Event: samples[random.IntN(len(samples))],
			}
		}
		for category, checks := range states {
			if category == "queue" {
				recs = slices.Clone(recs)
				recs[0].Event = sampleOf[housing.ListOpened]()
			}
			for _, check := range checks {
				check(t, recs)
			}
		}
	}
}

func sampleOf[E domain.Event]() E {
	for _, e := range events.Samples() {
		if e, ok := e.(E); ok {
			return e
		}
	}
	panic("there is no such sample")
}

// remarried is a report of a new spouse, after another one.
func remarried(t *testing.T) act {
	marry := func(spouse domain.PersonID, was ...housing.FamilyMember) func(*command.Handler, domain.Command, command.Options) (command.Receipt, error) {
		family := []housing.FamilyMember{{PersonID: spouse, Relation: housing.Spouse}}
		return func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
			return h.ReportChange(ctx, cmd, list, housing.ReportChange{
				EntryID: entryOfDaur, Kind: housing.FamilyChanged, HappenedOn: domaintest.Today(),
				Family: family, Papers: housingtest.Papers(was, family),
			}, opt)
		}
	}
	l := world(t)
	must(t, "daur is married", func(cmd domain.Command) (command.Receipt, error) {
		return marry(gulnar)(newHandler(l), cmd, command.Options{})
	})
	return act{name: "marry again", log: l, do: marry(erlan, housing.FamilyMember{PersonID: gulnar, Relation: housing.Spouse})}
}

// goesItsOwnWay checks the state S at every revision of the stream.
func goesItsOwnWay[S any, P interface {
	*S
	Apply(domain.Recorded)
	Clone() S
}](t *testing.T, recs []domain.Recorded) {
	var whole S
	for _, rec := range recs {
		P(&whole).Apply(rec)
	}
	want := inside(&whole)
	for at := range recs {
		var base S
		for _, rec := range recs[:at] {
			P(&base).Apply(rec)
		}
		before := inside(&base)
		clones := [2]S{P(&base).Clone(), P(&base).Clone()}
		var all sync.WaitGroup
		for i := range clones {
			all.Go(func() {
				for _, rec := range recs[at:] {
					P(&clones[i]).Apply(rec)
				}
			})
		}
		all.Go(func() {
			if now := inside(&base); now != before {
				t.Errorf("%T at %d changes while others go on from it: was\n%s\nis\n%s", base, at, before, now)
			}
		})
		all.Wait()
		if now := inside(&base); now != before {
			t.Errorf("%T at %d was changed by what went on from it: was\n%s\nis\n%s", base, at, before, now)
		}
		// Where two clones append to one list in place, the second writes over the first.
		other := P(&base).Clone()
		for _, rec := range recs[at:] {
			rec.Position++
			P(&other).Apply(rec)
		}
		for i := range clones {
			if got := inside(&clones[i]); got != want {
				t.Errorf("%T went on from %d to\n%s\nwant\n%s", base, at, got, want)
			}
		}
	}
}

// TestEveryStateIsAmongTheStates: a state that commands decide on, and that the
// test above does not know, would go untested.
func TestEveryStateIsAmongTheStates(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	used := regexp.MustCompile(`\b(?:streamCommand|load|look|streamOf)\[(\w+\.\w+)\]`)
	test, err := os.ReadFile("states_test.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range used.FindAllSubmatch(text, -1) {
			found++
			if !strings.Contains(string(test), "goesItsOwnWay["+string(m[1])+"]") {
				t.Errorf("%s decides on %s: add it to the states", name, m[1])
			}
		}
	}
	if found < 20 {
		t.Errorf("%d uses of states were found: is the pattern old?", found)
	}
}

// inside tells all that can be reached from the state, private or not.
func inside(state any) string {
	var b strings.Builder
	write(&b, reflect.ValueOf(state))
	return b.String()
}

func write(b *strings.Builder, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			b.WriteString("nil")
			return
		}
		write(b, v.Elem())
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			fmt.Fprint(b, v.Field(0).Uint(), " ", v.Field(1).Int())
			return
		}
		b.WriteString("{")
		for i := range v.NumField() {
			// A tree of btree notes here which of its nodes it shares; that is no content.
			if f := v.Type().Field(i); f.Name != "isoid" && f.Type.Kind() != reflect.Func {
				b.WriteString(f.Name + ":")
				write(b, v.Field(i))
				b.WriteString(" ")
			}
		}
		b.WriteString("}")
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice && v.IsNil() {
			b.WriteString("nil")
			return
		}
		b.WriteString("[")
		for i := range v.Len() {
			write(b, v.Index(i))
			b.WriteString(" ")
		}
		b.WriteString("]")
	case reflect.Map:
		var lines []string
		for entries := v.MapRange(); entries.Next(); {
			var line strings.Builder
			write(&line, entries.Key())
			line.WriteString(":")
			write(&line, entries.Value())
			lines = append(lines, line.String())
		}
		slices.Sort(lines)
		b.WriteString("map[" + strings.Join(lines, " ") + "]")
	case reflect.Func:
	default:
		fmt.Fprint(b, v)
	}
}
