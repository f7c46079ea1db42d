package command_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/eventstore"
	"tizilim/eventstore/command"
)

// todo is a to-do list, the oldest first.
type todo []domain.CaseID

func (c todo) Unfinished(_ context.Context, _ time.Time, skip, limit int) ([]domain.CaseID, error) {
	return cut(c, skip, limit), nil
}

// errLost is the answer that does not arrive.
var errLost = fmt.Errorf(
	"no answer in time: %w",
	domain.Refuse(domain.Unavailable, domain.CodeLogUnavailable, "send it again"),
)

// TestEveryActSurvivesAStopAtEveryAppend stops every act before and after each
// of its appends and lets it be finished in every way: by a repetition at the
// same process or at another, or by a process manager. The log must end up as
// if nothing had been stopped, and the answer must be the same.
func TestEveryActSurvivesAStopAtEveryAppend(t *testing.T) {
	for _, a := range acts(t) {
		if a.cmd.ID.IsZero() {
			a.cmd = envelope(a.name)
		}
		undisturbed := a.log.copy()
		want, err := a.on(undisturbed)
		if domain.CodeOf(err) != a.refuse {
			t.Fatalf("%s: %v", a.name, err)
		}
		// Steps are named, so that one that is missing everywhere shows too.
		if !a.caseID.IsZero() {
			if diff := domaintest.Diff(a.steps, typesOf(undisturbed.since(a.log.len()))); diff != "" {
				t.Fatalf("%s (-its steps +what it did):\n%s", a.name, diff)
			}
		}
		appends := undisturbed.appends
		for n := 1; n <= appends; n++ {
			for _, where := range []string{"before", "after"} {
				for _, who := range []string{"the same process", "another process", "a process manager", "two processes and a manager"} {
					if (who == "a process manager" || who == "two processes and a manager") && a.caseID.IsZero() {
						continue
					}
					t.Run(
						fmt.Sprintf("%s, stopped %s append %d, finished by %s", a.name, where, n, who),
						func(t *testing.T) {
							l := a.log.copy()
							l.stops(where, n)
							h := newHandler(l)
							if _, err := a.do(h, a.cmd, command.Options{}); !errors.Is(err, errLost) {
								t.Fatalf("it was not stopped: %v", err)
							}
							l.heal()
							if who != "the same process" {
								h = newHandler(l)
							}
							switch who {
							case "a process manager":
								command.NewFinisher(newHandler(l), todo{a.caseID}, slog.New(slog.DiscardHandler)).
									Once(ctx, clock())
							case "two processes and a manager":
								done := make(chan struct{})
								for range 2 {
									go func() {
										defer func() { done <- struct{}{} }()
										_, _ = a.on(l) // its answer is checked below
									}()
								}
								command.NewFinisher(newHandler(l), todo{a.caseID}, slog.New(slog.DiscardHandler)).
									Once(ctx, clock())
								<-done
								<-done
							}
							for range 2 { // and once more: nothing comes on top
								got, err := a.do(h, a.cmd, command.Options{})
								if domain.CodeOf(err) != a.refuse || (err != nil) != (a.refuse != "") {
									t.Fatalf("finished with %v, want %q", err, a.refuse)
								}
								got.Repeated = want.Repeated
								if diff := domaintest.Diff(want, got); diff != "" {
									t.Fatalf("receipt (-undisturbed +stopped):\n%s", diff)
								}
								if diff := domaintest.Diff(undisturbed.contents(), l.contents()); diff != "" {
									t.Fatalf("log (-undisturbed +stopped):\n%s", diff)
								}
							}
						},
					)
				}
			}
		}
	}
}

func TestARepeatedCommandGetsTheSameReceiptAndAppendsNothing(t *testing.T) {
	for _, a := range acts(t) {
		if a.refuse != "" {
			continue
		}
		t.Run(a.name, func(t *testing.T) {
			a.cmd = envelope(a.name)
			h := newHandler(a.log)
			first, err := a.do(h, a.cmd, command.Options{})
			if err != nil || first.Repeated || len(first.Events) == 0 {
				t.Fatalf("%+v, %v", first, err)
			}
			last := first.Events[len(first.Events)-1]
			if first.Revision != last.Revision || first.Position != last.Position || first.Stream != last.Stream {
				t.Errorf(
					"the receipt is of %s@%d, its last event %s@%d",
					first.Stream,
					first.Revision,
					last.Stream,
					last.Revision,
				)
			}
			n := a.log.len()
			a.cmd.Now = a.cmd.Now.Add(48 * time.Hour) // the client is slow
			for name, h := range map[string]*command.Handler{"the same process": h, "another process": newHandler(a.log)} {
				again, err := a.do(h, a.cmd, command.Options{})
				if err != nil || !again.Repeated {
					t.Fatalf("%s: repeated %t, %v", name, again.Repeated, err)
				}
				again.Repeated = false
				if diff := domaintest.Diff(first, again); diff != "" {
					t.Errorf("%s (-first +again):\n%s", name, diff)
				}
			}
			if a.log.len() != n {
				t.Errorf("%d events were added", a.log.len()-n)
			}
		})
	}
}

func TestAKeyIsNotReusedForAnotherRequest(t *testing.T) {
	for _, a := range acts(t) {
		if a.refuse != "" {
			continue
		}
		other := envelope(a.name)
		other.Digest = "digest of another request"
		check := func(t *testing.T, l *memoryLog, h *command.Handler) {
			t.Helper()
			n := l.len()
			if r, err := a.do(h, other, command.Options{}); domain.CodeOf(err) != domain.CodeKeyReused {
				t.Errorf("%+v, %v, want %s", r, err, domain.CodeKeyReused)
			}
			if l.len() != n {
				t.Errorf("%d events were added", l.len()-n)
			}
		}
		t.Run(a.name, func(t *testing.T) {
			l := a.log.copy()
			h := newHandler(l)
			if _, err := a.do(h, envelope(a.name), command.Options{}); err != nil {
				t.Fatal(err)
			}
			check(t, l, h)
			check(t, l, newHandler(l))
		})
		t.Run(a.name+", the first answer was lost", func(t *testing.T) {
			l := a.log.copy()
			h := newHandler(l)
			l.faults(nil, func(_ int, stream string) error {
				if strings.HasPrefix(stream, "access-") { // says nothing yet of what was asked
					return nil
				}
				return errLost
			})
			if _, err := a.do(h, envelope(a.name), command.Options{}); !errors.Is(err, errLost) {
				t.Fatal(err)
			}
			l.heal()
			check(t, l, h) // which does not know of the append
		})
	}
}

// TestQ1_AVoidApprovalStaysVoid: the list refuses, the case is open again, the
// other entry goes - and only then does the client repeat its command.
func TestQ1_AVoidApprovalStaysVoid(t *testing.T) {
	var overtaken act
	for _, a := range acts(t) {
		if a.name == "the list refuses to place" {
			overtaken = a
		}
	}
	l := overtaken.log
	if _, err := overtaken.on(l); domain.CodeOf(err) != domain.CodeAlreadyOnList {
		t.Fatal(err)
	}
	h := newHandler(l)
	second := domain.EntryID{UUID: domain.DeriveID(secondOfAigul.UUID, "entry")}
	removeReviewed(t, l, "aigul", second)
	n := l.len()
	for range 2 {
		if _, err := overtaken.on(l); domain.CodeOf(err) != domain.CodeAlreadyOnList {
			t.Errorf("repeated: %v, want %s as before", err, domain.CodeAlreadyOnList)
		}
	}
	if l.len() != n {
		t.Errorf("the repetition appended %v", typesOf(l.since(n)))
	}
	// The case is open: a new decision places.
	r := must(t, "decide anew", approve(h, caseOfAigul))
	if got := typesOf(r.Events); len(got) != 4 || got[3] != "case: PlacementCertified" {
		t.Errorf("decided anew: %v", got)
	}
}

func TestFinishLooksAtTheWholeCase(t *testing.T) {
	l := world(t)
	received := l.stream(caseOfAigul.Stream())[0]
	approved := housing.PlacementApproved{
		CaseID: caseOfAigul, ListID: list, EntryID: entryOfAigul, PersonID: aigul, RegisteredOn: domaintest.Today(),
		Seniority: housing.Seniority{At: domaintest.Noon(), Position: received.Position}, ApprovedAt: domaintest.Noon(),
	}
	voided := housing.ApprovalVoided{CaseID: caseOfAigul, Code: domain.CodeAlreadyOnList, VoidedAt: domaintest.Noon()}
	next := eventstore.Expected(0)
	record := func(e domain.Event) {
		cmd := envelope(fmt.Sprint("by hand ", next))
		if _, err := l.append(caseOfAigul.Stream(), next, []eventstore.NewEvent{{ID: cmd.ID.UUID, Event: e, Meta: domain.Meta{Causation: cmd.ID}}}); err != nil {
			t.Fatal(err)
		}
		next++
	}
	for range 80 { // decided and taken back, again and again
		record(approved)
		record(voided)
	}
	record(approved)
	standing := l.since(l.len() - 1)[0] // the one approval that was not taken back
	n := l.len()
	for range 2 {
		if err := newHandler(l).Finish(ctx, caseOfAigul); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := typesOf(l.since(n)), []string{"queue: EntryPlaced", "case: PlacementCertified"}; !slices.Equal(
		got,
		want,
	) {
		t.Fatalf("finished with %v, want %v", got, want)
	}
	if got := l.since(n)[1].Meta.Causation.UUID; got != domain.DeriveID(standing.ID, "certify") {
		t.Error("the certificate is not that of the approval that stands")
	}
}

func TestFinishLeavesAloneWhatIsNotHalfDone(t *testing.T) {
	l := world(t)
	n := l.len()
	for _, id := range []domain.CaseID{caseOfAigul, caseOfDaur, domaintest.ID[domain.CaseID]("none")} {
		if err := newHandler(l).Finish(ctx, id); err != nil {
			t.Error(err)
		}
	}
	if l.len() != n {
		t.Errorf("appended %v", typesOf(l.since(n)))
	}
}
