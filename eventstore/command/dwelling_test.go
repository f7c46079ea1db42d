package command_test

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"sync"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
	"tizilim/eventstore"
	"tizilim/eventstore/command"
)

// rka is an identity with the n-th RKA.
func rka(n int) residence.Identity { return residence.Identity{RKA: fmt.Sprintf("%016d", n)} }

// both has an RKA and a cadastral number.
func both(n, cadastral int) residence.Identity {
	return residence.Identity{RKA: rka(n).RKA, CadastralNumber: fmt.Sprint("21:318:", cadastral)}
}

// dwellingOf is the dwelling that the command of that name records, as over HTTP.
func dwellingOf(name string) domain.DwellingID {
	return domain.DwellingID{UUID: domain.DeriveID(envelope(name).ID.UUID, "dwelling")}
}

// recordDwelling has a desk record a dwelling.
func recordDwelling(h *command.Handler, name string, is residence.Identity) (command.Receipt, error) {
	return h.RecordDwelling(ctx, envelope(name), residence.RecordDwelling{
		DwellingID: dwellingOf(name), Identity: is, Address: "Астана",
	}, command.Options{})
}

// later is a process that meets claims when nobody waits for them any more.
func later(l command.Log) *command.Handler {
	return newHandler(l, withClock(func() time.Time { return clock().Add(time.Minute) }))
}

// having returns which of the dwellings have the code.
func having(t *testing.T, l *memoryLog, code residence.DwellingCode, names ...string) []string {
	t.Helper()
	var have []string
	for _, name := range names {
		d, err := newHandler(l).Dwelling(ctx, dwellingOf(name))
		if err != nil {
			t.Fatal(err)
		}
		if d.Has(code) {
			have = append(have, name)
		}
	}
	return have
}

// taken fails unless err says that the dwelling of that name has the code.
func taken(t *testing.T, err error, name, field string) {
	t.Helper()
	domaintest.Refused(t, nil, err, domain.CodeDwellingRecorded, field)
	if err != nil && !strings.Contains(err.Error(), dwellingOf(name).String()) {
		t.Errorf("%v does not name the dwelling %s", err, dwellingOf(name))
	}
}

func TestR30_TheSecondRecordingNamesTheDwellingThatHasTheCode(t *testing.T) {
	l := newLog()
	if _, err := recordDwelling(newHandler(l), "first", both(1, 1)); err != nil {
		t.Fatal(err)
	}
	n := l.len()
	_, err := recordDwelling(newHandler(l), "second", rka(1))
	taken(t, err, "first", "rka")
	_, err = recordDwelling(newHandler(l), "third", residence.Identity{CadastralNumber: "21 : 318 : 1"})
	taken(t, err, "first", "cadastral_number")
	if l.len() != n {
		t.Errorf("the refusals left %v", typesOf(l.since(n)))
	}
	again, err := recordDwelling(newHandler(l), "first", both(1, 1))
	if err != nil || !again.Repeated {
		t.Errorf("the first one, repeated: %v, repeated %t", err, again.Repeated)
	}
	if _, err = recordDwelling(newHandler(l), "fourth", both(2, 2)); err != nil {
		t.Errorf("with other codes: %v", err)
	}
}

func TestR30_OfManyDesksAtOnceOneRecordsTheDwelling(t *testing.T) {
	for round := range 10 {
		l := newLog()
		var names []string
		for i := range 12 {
			names = append(names, fmt.Sprint("desk ", i))
		}
		errs := atOnce(len(names), processes(l, 3), func(i int, h *command.Handler) error {
			is := both(1, 1)
			if i%3 == 0 { // not all know both codes
				is.CadastralNumber = ""
			}
			_, err := recordDwelling(h, names[i], is)
			return err
		})
		have := having(t, l, rka(1).Codes()[0], names...)
		if len(have) != 1 {
			t.Fatalf("round %d: the dwellings of %v have the code", round, have)
		}
		for i, err := range errs {
			if names[i] == have[0] {
				if err != nil {
					t.Errorf("round %d: who recorded it was told %v", round, err)
				}
				continue
			}
			taken(t, err, have[0], "rka")
		}
	}
}

// TestR30_AStopBetweenTheStepsBlocksNoCode stops a recording around each of its appends.
// Another desk then records the same dwelling, or is told that it is recorded; and whoever
// sends the first command again is told what became of it.
func TestR30_AStopBetweenTheStepsBlocksNoCode(t *testing.T) {
	const appends = 3 // two claims, one record
	for n := 1; n <= appends; n++ {
		for _, where := range []string{"before", "after"} {
			t.Run(fmt.Sprintf("stopped %s append %d", where, n), func(t *testing.T) {
				l := newLog()
				l.stops(where, n)
				if _, err := recordDwelling(newHandler(l), "first", both(1, 1)); err == nil {
					t.Fatal("it was not stopped")
				}
				l.heal()
				_, second := recordDwelling(later(l), "second", both(1, 1))
				_, first := recordDwelling(later(l), "first", both(1, 1))
				if n == appends && where == "after" {
					taken(t, second, "first", "rka")
					if first != nil {
						t.Errorf("the first one, repeated: %v", first)
					}
				} else {
					if second != nil {
						t.Errorf("the code is blocked: %v", second)
					}
					taken(t, first, "second", "rka")
				}
				for _, code := range both(1, 1).Codes() {
					if have := having(t, l, code, "first", "second"); len(have) != 1 {
						t.Errorf("the dwellings of %v have the code %v", have, code)
					}
				}
			})
		}
	}
}

// TestR30_WhoWasOvertakenBeforeTheLastStepRecordsNothing: a process that stood still between
// its claim and its record goes on after another has taken the code over.
func TestR30_WhoWasOvertakenBeforeTheLastStepRecordsNothing(t *testing.T) {
	l := newLog()
	slow := newHandler(stalling{l, func(stream string) {
		if stream == dwellingOf("slow").Stream() {
			if _, err := recordDwelling(later(l), "quick", rka(1)); err != nil {
				t.Errorf("the code is blocked: %v", err)
			}
		}
	}})
	_, err := recordDwelling(slow, "slow", rka(1))
	taken(t, err, "quick", "rka")
	if have := having(t, l, rka(1).Codes()[0], "slow", "quick"); len(have) != 1 || have[0] != "quick" {
		t.Errorf("the dwellings of %v have the code", have)
	}
}

// TestR30_AClaimIsNotTakenFromOneWhoIsAtWork: the first of two desks is the one that
// records the dwelling, although its claim is all that the second one finds.
func TestR30_AClaimIsNotTakenFromOneWhoIsAtWork(t *testing.T) {
	l := newLog()
	answered := make(chan error, 1)
	first := newHandler(stalling{l, func(stream string) {
		if stream != dwellingOf("first").Stream() {
			return
		}
		met := make(chan struct{})
		go func() {
			_, err := recordDwelling(newHandler(meeting{l, dwellingOf("first").Stream(), sync.OnceFunc(func() { close(met) })}),
				"second", rka(1))
			answered <- err
		}()
		<-met
	}})
	if _, err := recordDwelling(first, "first", rka(1)); err != nil {
		t.Fatalf("who was at work lost the code: %v", err)
	}
	taken(t, <-answered, "first", "rka")
}

func TestR30_ARefusedRecordingKeepsNoCode(t *testing.T) {
	l := newLog()
	for name, is := range map[string]residence.Identity{"a": rka(1), "b": {CadastralNumber: "21:318:2"}} {
		if _, err := recordDwelling(newHandler(l), name, is); err != nil {
			t.Fatal(err)
		}
	}
	_, err := recordDwelling(newHandler(l), "wrong", both(3, 2)) // the RKA is free, the number is not
	taken(t, err, "b", "cadastral_number")
	if _, err := recordDwelling(later(l), "corrected", both(3, 3)); err != nil {
		t.Errorf("the RKA of a refused recording is blocked: %v", err)
	}
}

func TestR30_ADryRunClaimsNothingAndSaysWhoHasTheCode(t *testing.T) {
	l := newLog()
	plan := func(name string) error {
		_, err := newHandler(l).RecordDwelling(ctx, envelope(name), residence.RecordDwelling{
			DwellingID: dwellingOf(name), Identity: rka(1), Address: "Астана",
		}, command.Options{DryRun: true})
		return err
	}
	if err := plan("first"); err != nil || l.len() != 0 {
		t.Errorf("planned with %v, the log has %d events", err, l.len())
	}
	if _, err := recordDwelling(newHandler(l), "first", rka(1)); err != nil {
		t.Fatal(err)
	}
	taken(t, plan("second"), "first", "rka")
}

// stalling is a log of a process that stands still before each append.
type stalling struct {
	*memoryLog
	before func(stream string)
}

func (l stalling) Append(
	ctx context.Context, stream string, expected eventstore.Expected, events []eventstore.NewEvent,
) (domain.Position, error) {
	l.before(stream)
	return l.memoryLog.Append(ctx, stream, expected, events)
}

// meeting is a log of a process that says when it reads the stream.
type meeting struct {
	*memoryLog
	stream string
	met    func()
}

func (l meeting) Read(ctx context.Context, stream string, from uint64) iter.Seq2[domain.Recorded, error] {
	if stream == l.stream {
		defer l.met()
	}
	return l.memoryLog.Read(ctx, stream, from)
}
