package command_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
)

func TestADryRunPlansWhatTheRealRunAppends(t *testing.T) {
	for _, a := range acts(t) {
		if a.refuse != "" {
			continue
		}
		t.Run(a.name, func(t *testing.T) {
			h := newHandler(a.log)
			n := a.log.len()
			plan, err := a.do(h, envelope(a.name), command.Options{DryRun: true})
			if err != nil || !plan.Planned {
				t.Fatalf("%+v, %v", plan, err)
			}
			if a.log.len() != n {
				t.Fatalf("the dry run appended %v", typesOf(a.log.since(n)))
			}
			real, err := a.do(h, envelope(a.name), command.Options{})
			if err != nil || real.Planned {
				t.Fatalf("%+v, %v", real, err)
			}
			// A dry run does not try a code: it would be a try that costs nothing. Nor
			// is what was looked up recorded by it.
			appended := slices.DeleteFunc(a.log.since(n), func(rec domain.Recorded) bool {
				return strings.HasPrefix(rec.Stream, "otp-") || strings.HasPrefix(rec.Stream, "access-")
			})
			if got, want := typesOf(plan.Events), typesOf(appended); !slices.Equal(got, want) {
				t.Fatalf("planned  %v\nappended %v", got, want)
			}
			for i, rec := range appended {
				if plan.Events[i].Stream != rec.Stream {
					t.Errorf("event %d was planned for %s, appended to %s", i, plan.Events[i].Stream, rec.Stream)
				}
			}
		})
	}
}

func TestADryRunOfWhatWasDoneAnswersWhatWasDone(t *testing.T) {
	for _, a := range acts(t) {
		if a.refuse != "" || a.caseID.IsZero() {
			continue
		}
		h := newHandler(a.log)
		if _, err := a.do(h, envelope(a.name), command.Options{}); err != nil {
			t.Fatal(err)
		}
		n := a.log.len()
		r, err := a.do(h, envelope(a.name), command.Options{DryRun: true})
		if err != nil || !r.Repeated || r.Planned || a.log.len() != n {
			t.Errorf(
				"%s: repeated %t, planned %t, %d events added, %v",
				a.name,
				r.Repeated,
				r.Planned,
				a.log.len()-n,
				err,
			)
		}
		for _, rec := range r.Events {
			if rec.ID == (domain.Recorded{}).ID {
				t.Errorf("%s: %s was planned, not done", a.name, rec.Event.EventType())
			}
		}
	}
}

func TestADryRunRefusesWhatTheRealRunRefuses(t *testing.T) {
	l := world(t)
	h := newHandler(l)
	n := l.len()
	for _, opt := range []command.Options{{DryRun: true}, {}} {
		if _, err := register(h, daur, flat, residence.Permanent, opt)(envelope("again")); domain.CodeOf(
			err,
		) != domain.CodeRegisteredHere {
			t.Errorf("dry run %t: %v", opt.DryRun, err)
		}
	}
	if l.len() != n {
		t.Errorf("appended %v", typesOf(l.since(n)))
	}
}

func TestIfMatch(t *testing.T) {
	at := func(r uint64) *uint64 { return &r }
	for _, c := range []struct {
		name    string
		ifMatch *uint64
		stale   bool
	}{
		{"the present revision", at(1), false},
		{"an older one", at(0), true},
		{"one that is not there yet", at(2), true},
		{"none", nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := world(t)
			n := l.len()
			_, err := register(
				newHandler(l),
				daur,
				house,
				residence.Permanent,
				command.Options{IfMatch: c.ifMatch},
			)(
				envelope("move"),
			)
			if !c.stale {
				if err != nil || l.len() == n {
					t.Errorf("appended %v, %v", typesOf(l.since(n)), err)
				}
				return
			}
			var refusal *domain.Error
			if !errors.As(err, &refusal) || refusal.Kind != domain.Stale || refusal.Code != domain.CodeStaleRevision {
				t.Errorf("%v, want %s", err, domain.CodeStaleRevision)
			}
			if l.len() != n {
				t.Errorf("appended %v", typesOf(l.since(n)))
			}
		})
	}
}

func TestIfMatchOfAStreamThatIsNotThere(t *testing.T) {
	revision := uint64(0)
	_, err := register(newHandler(world(t)), domaintest.ID[domain.PersonID]("nobody"), flat, residence.Permanent,
		command.Options{IfMatch: &revision})(envelope("register"))
	if domain.CodeOf(err) != domain.CodeStaleRevision {
		t.Errorf("%v, want %s", err, domain.CodeStaleRevision)
	}
}

// TestIfMatchIsComparedWithTheLog: neither does a held state that is behind
// refuse what is right, nor let pass what is not.
func TestIfMatchIsComparedWithTheLog(t *testing.T) {
	l := world(t)
	here, there := newHandler(l), newHandler(l)
	if _, err := here.Person(ctx, daur); err != nil { // at revision 1
		t.Fatal(err)
	}
	moved := must(t, "elsewhere", register(there, daur, house, residence.Permanent, command.Options{}))
	old, present := uint64(1), moved.Revision
	if _, err := register(here, daur, flat, residence.Permanent, command.Options{IfMatch: &old})(envelope("old")); domain.CodeOf(
		err,
	) != domain.CodeStaleRevision {
		t.Errorf("revision %d: %v, want %s", old, err, domain.CodeStaleRevision)
	}
	here = newHandler(l)
	must(t, "present", register(here, daur, flat, residence.Permanent, command.Options{IfMatch: &present}))
	// Its repetition is no new decision: the old revision is no fault.
	r := must(t, "present", register(here, daur, flat, residence.Permanent, command.Options{IfMatch: &present}))
	if !r.Repeated {
		t.Error("the repetition was not recognised")
	}
}

func TestWhatIsNotRecordedIsRefusedWithItsField(t *testing.T) {
	nobody := domaintest.ID[domain.PersonID]("nobody")
	nowhere := domaintest.ID[domain.DwellingID]("nowhere")
	for _, c := range []struct {
		name  string
		do    func(*command.Handler) error
		code  domain.Code
		field string
	}{
		{"register at an unknown dwelling", func(h *command.Handler) error {
			_, err := register(h, daur, nowhere, residence.Permanent, command.Options{})(envelope("x"))
			return err
		}, domain.CodeDwellingUnknown, "dwelling_id"},
		{"register an unknown person", func(h *command.Handler) error {
			_, err := register(h, nobody, flat, residence.Permanent, command.Options{})(envelope("x"))
			return err
		}, domain.CodePersonUnknown, "person_id"},
		{"R5 an unknown owner", func(h *command.Handler) error {
			_, err := h.ChangeOwners(ctx, envelope("x"), flat, residence.ChangeOwners{
				Owners: []residence.Owner{{PersonID: aigul}, {PersonID: nobody}}, On: domaintest.Today(),
			}, command.Options{})
			return err
		}, domain.CodePersonUnknown, "owners[1].person_id"},
		{"R5 an unknown owner of a new dwelling", func(h *command.Handler) error {
			_, err := h.RecordDwelling(ctx, envelope("x"), residence.RecordDwelling{DwellingID: nowhere, Identity: rka(9), Address: "a", Owners: []residence.Owner{{PersonID: nobody}}}, command.Options{})
			return err
		}, domain.CodePersonUnknown, "owners[0].person_id"},
		{"an unknown applicant", func(h *command.Handler) error {
			_, err := apply(h, domaintest.ID[domain.CaseID]("x"), nobody)(envelope("x"))
			return err
		}, domain.CodePersonUnknown, "applicant_id"},
		{"Q1 an unknown case", func(h *command.Handler) error {
			_, err := approve(h, domaintest.ID[domain.CaseID]("x"))(envelope("x"))
			return err
		}, domain.CodeCaseUnknown, ""},
		{"Q7 an unknown entry", func(h *command.Handler) error {
			_, err := remove(h, entryOfAigul, command.Options{})(envelope("x"))
			return err
		}, domain.CodeEntryUnknown, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := world(t)
			n := l.len()
			domaintest.Refused(t, nil, c.do(newHandler(l)), c.code, c.field)
			if l.len() != n {
				t.Errorf("appended %v", typesOf(l.since(n)))
			}
		})
	}
}

// decisionIn returns the decision of a deregistration; documents of refusals may follow it.
func decisionIn(t *testing.T, recs []domain.Recorded) residence.DeregistrationDecided {
	t.Helper()
	for _, rec := range slices.Backward(recs) {
		if e, ok := rec.Event.(residence.DeregistrationDecided); ok {
			return e
		}
	}
	t.Fatalf("nothing was decided: %v", typesOf(recs))
	return residence.DeregistrationDecided{}
}

func TestR23_EveryPersonOfACaseGetsAResult(t *testing.T) {
	l := world(t)
	r, err := deregister(newHandler(l), envelope("deregister"), command.Options{})
	if err != nil {
		t.Fatal(err)
	}
	decided := decisionIn(t, r.Events)
	if len(decided.Results) != 3 {
		t.Fatalf("decided %+v", decided)
	}
	for i, want := range []domain.Code{"", domain.CodeNotRegisteredHere, ""} {
		result := decided.Results[i]
		if result.Code != want || result.Granted() != (len(result.Ended) == 1) {
			t.Errorf("result %d: %+v, want %q", i, result, want)
		}
	}
	// R15: the register first, then the result that speaks of it.
	got := typesOf(l.since(l.len() - 5))
	want := []string{
		"case: DeregistrationApplied",
		"residence: RegistrationEnded",
		"residence: RegistrationEnded",
		"case: DeregistrationDecided",
		"case: DeregistrationRefusalIssued",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the log got %v, want %v", got, want)
	}
	for _, rec := range l.since(l.len() - 5) {
		if rec.Meta.Correlation != eviction.UUID || rec.Meta.Actor != "desk-7" ||
			rec.Meta.Channel != domain.ChannelStateCorp {
			t.Errorf("%s carries %+v", rec.Event.EventType(), rec.Meta)
		}
	}
}

func TestQ2_Q6_TheCertificateHoldsTheNumberOfTheSeniority(t *testing.T) {
	l := world(t) // Aigul applied first, Daur was placed first
	r := must(t, "place aigul", approve(newHandler(l), caseOfAigul))
	placed := r.Events[3].Event.(housing.EntryPlaced)
	certified := r.Events[4].Event.(housing.PlacementCertified)
	if placed.Number != 1 || certified.Number != 1 || certified.RegisteredOn != domaintest.Today() ||
		certified.EntryID != placed.EntryID {
		t.Errorf("placed %+v, certified %+v", placed, certified)
	}
	if placed.Seniority.Position != r.Events[2].Event.(housing.PlacementApproved).Seniority.Position ||
		placed.Seniority.Position != l.stream(caseOfAigul.Stream())[0].Position {
		t.Errorf("seniority %+v is not that of the application", placed.Seniority)
	}
}

// TestACommandOnAHeldStreamCostsTwoCalls: the append and the reading back, on
// a stream of ten events as on one of a thousand.
func TestACommandOnAHeldStreamCostsTwoCalls(t *testing.T) {
	l := world(t)
	h := newHandler(l)
	toggle := func(i int) {
		t.Helper()
		must(t, fmt.Sprint("toggle ", i), func(cmd domain.Command) (command.Receipt, error) {
			return h.ReviewEntry(
				ctx,
				cmd,
				list,
				housing.Review{EntryID: entryOfDaur, Close: i%2 == 1, Note: "n"},
				command.Options{},
			)
		})
	}
	toggle(0) // loads the stream
	for i := 1; i < 1000; i++ {
		if calls := l.counted(func() { toggle(i) }); calls != 2 {
			t.Fatalf("a command on a stream of %d events cost %d calls", len(l.stream(list.Stream()))-1, calls)
		}
	}
	other := newHandler(l)
	if calls := l.counted(func() {
		must(t, "elsewhere", func(cmd domain.Command) (command.Receipt, error) {
			return review(other, entryOfDaur, command.Options{})(cmd)
		})
	}); calls != 3 {
		t.Errorf("a stream that is not held cost %d calls, want 3: read once, append, read back", calls)
	}
}

// What was carried out before is answered from the log alone.
func TestARepeatedCommandNeedsNoReadModel(t *testing.T) {
	for _, a := range acts(t) {
		if a.refuse != "" {
			continue
		}
		if _, err := a.do(newHandler(a.log), envelope(a.name), command.Options{}); err != nil {
			t.Errorf("%s: %v", a.name, err)
			continue
		}
		h := newHandler(a.log, withModel(model{behind: errors.New("away")}))
		if r, err := a.do(h, envelope(a.name), command.Options{}); err != nil || !r.Repeated {
			t.Errorf("%s, repeated while the model is away: %v", a.name, err)
		}
	}
}
