package command_test

import (
	"errors"
	"slices"
	"testing"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
	"tizilim/eventstore"
	"tizilim/eventstore/command"
)

// died records the death of daur, who has an entry on the list.
func died(t *testing.T, e *erasing, name string) domain.EventRef {
	t.Helper()
	e.records.matters.Entries = []domain.ListEntry{{ListID: list, EntryID: entryOfDaur}}
	r, err := e.Handler.RecordDeath(ctx, envelope(name), daur, residence.RecordDeath{
		On: domain.DateOf(envelope(name).Now), Basis: deathRecord,
	}, command.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return domain.EventRef{Stream: daur.Stream(), Revision: r.Events[0].Revision}
}

var deathRecord = domain.Basis{
	Type: domain.DocumentOther, Number: "41", IssuedOn: domain.NewDate(2026, 3, 2), Issuer: "АХАЖ",
	SHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}

// followed has the timer carry out the death of daur.
func followed(e *erasing) error {
	return e.Handler.Do(ctx, domain.Task{Kind: domain.TaskDeath, Stream: daur.Stream()})
}

// reviews is how many reviews a death has opened.
func reviews(l *memoryLog) (n int) {
	for _, rec := range l.stream(list.Stream()) {
		if r, ok := rec.Event.(housing.ReviewOpened); ok && r.Reason == housing.HolderDead {
			n++
		}
	}
	return n
}

func TestR27_AfterADeathTheTimerOpensOneReviewOfEachEntry(t *testing.T) {
	l := world(t)
	e := newErasing(l)
	died(t, e, "death")
	for range 2 {
		if err := followed(e); err != nil {
			t.Fatal(err)
		}
	}
	p, err := e.Handler.Person(ctx, daur)
	if d, _ := p.Dead(); err != nil || reviews(l) != 1 || !d.Followed {
		t.Errorf("%d reviews, followed: %v, %v", reviews(l), d.Followed, err)
	}
}

// TestR27_AReviewThatTheBodyClosedIsNotOpenedAgainForOneDeath: the process dies before it
// records that the death is followed, and the body closes the review before another one goes
// on. Another death of the same person, after the first was annulled, opens another review.
func TestR27_AReviewThatTheBodyClosedIsNotOpenedAgainForOneDeath(t *testing.T) {
	l := world(t)
	e := newErasing(l)
	death := died(t, e, "death")
	l.before = func(_ int, stream string) error {
		if stream == daur.Stream() {
			return errCrash
		}
		return nil
	}
	if err := followed(e); !errors.Is(err, errCrash) {
		t.Fatalf("%v, want the crash", err)
	}
	l.before = nil
	closed := func(name string) {
		t.Helper()
		must(t, name, func(cmd domain.Command) (command.Receipt, error) {
			return e.Handler.ReviewEntry(ctx, cmd, list, housing.Review{
				EntryID: entryOfDaur, Close: true, Note: "the heirs were heard",
			}, command.Options{})
		})
	}
	closed("close")
	if err := followed(e); err != nil || reviews(l) != 1 {
		t.Fatalf("%d reviews of one death, %v", reviews(l), err)
	}

	must(t, "annul", func(cmd domain.Command) (command.Receipt, error) {
		return e.Handler.AnnulDeath(ctx, cmd, daur, residence.AnnulDeath{
			Death: death, Reasons: "a namesake", Basis: deathRecord,
		}, command.Options{})
	})
	died(t, e, "another death")
	if err := followed(e); err != nil || reviews(l) != 2 {
		t.Errorf("%d reviews of two deaths, %v", reviews(l), err)
	}
}

// awaitedAt is what is awaited at a dwelling.
func awaitedAt(t *testing.T, l *memoryLog, id domain.DwellingID) (duties []residence.Duty) {
	t.Helper()
	d, err := newHandler(l).Dwelling(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range d.Awaited() {
		duties = append(duties, a.Duty)
	}
	return duties
}

// TestR27_AfterADeathSuccessorsAreAwaitedUntilTheDeathIsAnnulled stops the timer around each of
// its appends: what is to be done is recorded once, and taken away once.
func TestR27_AfterADeathSuccessorsAreAwaitedUntilTheDeathIsAnnulled(t *testing.T) {
	for n := 0; n <= 4; n++ {
		l := world(t)
		e := newErasing(l)
		e.records.naming.Dwellings, e.records.matters.Leases = []domain.DwellingID{flat, house}, []domain.DwellingID{flat}
		changed := newEvents(residence.OwnersChanged{
			DwellingID: flat, Owners: []residence.Owner{{PersonID: daur}, {PersonID: aigul}}, On: domain.DateOf(clock()),
		}, residence.LeaseBegan{DwellingID: flat, PersonID: daur})
		ward := newEvents(residence.RepresentativeRecorded{PersonID: erlan, RepresentativeID: daur, Kind: residence.Guardian})
		note := newEvents(residence.WardNoted{PersonID: daur, WardID: erlan})
		for stream, events := range map[string][]eventstore.NewEvent{flat.Stream(): changed, erlan.Stream(): ward, daur.Stream(): note} {
			if _, err := l.append(stream, lastOf(l, stream), events); err != nil {
				t.Fatal(err)
			}
		}
		stopped := func(do func() error) {
			t.Helper()
			if n > 0 {
				l.stops("before", n)
				_ = do()
				l.heal()
			}
			for range 2 {
				if err := do(); err != nil {
					t.Fatal(err)
				}
			}
		}
		death := died(t, e, "death")
		stopped(func() error { return followed(e) })
		if got := awaitedAt(t, l, flat); !slices.Equal(got, []residence.Duty{residence.NewOwners, residence.LeaseAfterDeath}) {
			t.Errorf("stopped at %d: %v is awaited in the flat", n, got)
		}
		if got := awaitedAt(t, l, house); len(got) != 0 {
			t.Errorf("stopped at %d: %v is awaited in the house of somebody else", n, got)
		}
		minor := personOf(t, l, erlan)
		if minor.RepresentedBy(daur) || newHandler(l).RepresentativeAwaited(&minor).IsZero() {
			t.Errorf("stopped at %d: the dead goes on to represent, or nobody else is awaited", n)
		}

		must(t, "annul", func(cmd domain.Command) (command.Receipt, error) {
			return e.Handler.AnnulDeath(ctx, cmd, daur, residence.AnnulDeath{
				Death: death, Reasons: "a namesake", Basis: deathRecord,
			}, command.Options{})
		})
		stopped(func() error { return followed(e) })
		if got := awaitedAt(t, l, flat); len(got) != 0 {
			t.Errorf("stopped at %d: %v is still awaited", n, got)
		}
		minor = personOf(t, l, erlan)
		if !minor.RepresentedBy(daur) || !newHandler(l).RepresentativeAwaited(&minor).IsZero() {
			t.Errorf("stopped at %d: the representation does not go on", n)
		}
		if p := personOf(t, l, daur); !p.AnnulledDeath().IsZero() {
			t.Errorf("stopped at %d: the annulment is not followed up", n)
		}
	}
}
