package command_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
)

var (
	ofNewIIN = domaintest.ID[domain.PersonID]("the id of the new IIN")
	newIIN   = domain.IIN("900101300017")
	cardOf   = domain.Basis{
		Type: domain.DocumentIdentityCard, Number: "41", IssuedOn: domain.NewDate(2026, 3, 2), Issuer: "ІІМ",
		SHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
	}
)

// giveIIN has a desk give the person the new IIN.
func giveIIN(h *command.Handler, name string, p domain.PersonID) (command.Receipt, error) {
	return h.GiveIIN(ctx, envelope(name), ofNewIIN, residence.GiveIIN{
		PersonID: p, IIN: newIIN, Basis: cardOf, Accept: residence.AcceptableContradictions,
	}, command.Options{})
}

// completed has the timer complete what the stream of the new IIN claims.
func completed(t *testing.T, l *memoryLog) {
	t.Helper()
	if err := newHandler(l).Do(ctx, domain.Task{Kind: domain.TaskIIN, Stream: ofNewIIN.Stream()}); err != nil {
		t.Fatal(err)
	}
}

// meansAndHas fails unless the new IIN means the person, who alone of all has it.
func meansAndHas(t *testing.T, l *memoryLog, who domain.PersonID) {
	t.Helper()
	h := newHandler(l)
	if got, err := h.WhoIs(ctx, ofNewIIN); err != nil || got != who {
		t.Errorf("the IIN means %s, want %s (%v)", got, who, err)
	}
	for _, id := range []domain.PersonID{aigul, daur} {
		p, err := h.Person(ctx, id)
		if err != nil || (p.IIN == newIIN) != (id == who) {
			t.Errorf("%s has the IIN: %t (%v)", id, p.IIN == newIIN, err)
		}
	}
}

func TestR28_AnIINThatComesLaterMeansThePersonAndTheCommandCanBeRepeated(t *testing.T) {
	l := world(t)
	first, err := giveIIN(newHandler(l), "give", daur)
	if err != nil {
		t.Fatal(err)
	}
	meansAndHas(t, l, daur)
	n := l.len()
	again, err := giveIIN(newHandler(l), "give", daur)
	if err != nil || !again.Repeated || again.Revision != first.Revision || l.len() != n {
		t.Errorf("repeated: %+v, %v", again, err)
	}
	completed(t, l)
	if l.len() != n {
		t.Errorf("the timer appended %v", typesOf(l.since(n)))
	}
	_, err = giveIIN(newHandler(l), "to another", aigul)
	domaintest.Refused(t, nil, err, domain.CodeIINTaken, "iin")
	_, err = newHandler(l).RecordPerson(ctx, envelope("record"), residence.RecordPerson{
		PersonID: ofNewIIN, IIN: newIIN, Name: "Name", BirthDate: domaintest.Day("1990-01-01"), Class: residence.Citizen,
	}, command.Options{})
	domaintest.Refused(t, nil, err, domain.CodePersonRecorded, "iin")
}

// TestR28_WhomATokenMeansIsAskedOnceForARecordedPerson: a read of the portal costs no look at
// the log. An id that nobody was recorded with may come to mean somebody.
func TestR28_WhomATokenMeansIsAskedOnceForARecordedPerson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := world(t)
		identities := command.NewIdentities(newHandler(l))
		means := func(id, want domain.PersonID) {
			t.Helper()
			if got := identities.WhoIs(ctx, id); got != want {
				t.Errorf("%s means %s, want %s", id, got, want)
			}
		}
		means(aigul, aigul)
		means(ofNewIIN, ofNewIIN)
		if _, err := giveIIN(newHandler(l), "give", daur); err != nil { // another process
			t.Fatal(err)
		}
		time.Sleep(50 * time.Second) // of the bubble: no test waits for it
		reads := l.reads
		means(aigul, aigul)
		if l.reads != reads {
			t.Errorf("a recorded person costs %d reads of the log", l.reads-reads)
		}
		means(ofNewIIN, daur)

		l.silent = true
		time.Sleep(time.Minute) // what was asked is to be asked again
		for _, longest := range []time.Duration{50 * time.Millisecond, 0} {
			began := time.Now()
			means(aigul, aigul)
			if took := time.Since(began); took > longest {
				t.Errorf("while the log is silent a recorded person waits %s, want at most %s", took, longest)
			}
			time.Sleep(50 * time.Second)
		}
	})
}

func TestR28_AnIINOfARecordedPersonIsRefused(t *testing.T) {
	l := world(t)
	n := l.len()
	_, err := newHandler(l).GiveIIN(ctx, envelope("give"), aigul, residence.GiveIIN{
		PersonID: daur, IIN: newIIN, Basis: cardOf, Accept: residence.AcceptableContradictions,
	}, command.Options{})
	domaintest.Refused(t, nil, err, domain.CodeIINTaken, "iin")
	if l.len() != n {
		t.Errorf("the refusal left %v", typesOf(l.since(n)))
	}
}

// TestR28_TheIINWithWhichAPersonWasRecordedNeedsNoClaim: a replaced IIN may come back.
func TestR28_TheIINWithWhichAPersonWasRecordedNeedsNoClaim(t *testing.T) {
	l := world(t)
	h := newHandler(l)
	if _, err := giveIIN(h, "give", daur); err != nil {
		t.Fatal(err)
	}
	n := l.len()
	if _, err := h.GiveIIN(ctx, envelope("back"), daur, residence.GiveIIN{
		PersonID: daur, IIN: "999999000012", Basis: cardOf,
	}, command.Options{}); err != nil || l.len() != n+1 {
		t.Fatalf("%v appended, %v", typesOf(l.since(n)), err)
	}
	if got, err := h.WhoIs(ctx, ofNewIIN); err != nil || got != daur {
		t.Errorf("the IIN that was replaced means %s, %v", got, err)
	}
}

func TestR28_OfManyDesksAtOnceOnePersonGetsTheIIN(t *testing.T) {
	for range 10 {
		l := world(t)
		persons := []domain.PersonID{aigul, daur}
		errs := atOnce(8, processes(l, 3), func(i int, h *command.Handler) error {
			_, err := giveIIN(h, fmt.Sprint("desk ", i), persons[i%2])
			return err
		})
		who, err := newHandler(l).WhoIs(ctx, ofNewIIN)
		if err != nil {
			t.Fatal(err)
		}
		meansAndHas(t, l, who)
		granted := 0
		for i, err := range errs {
			switch code := domain.CodeOf(err); {
			case err == nil:
				granted++
			case persons[i%2] == who && code != domain.CodeNothingChanges, persons[i%2] != who && code != domain.CodeIINTaken:
				t.Errorf("desk %d was told %v", i, err)
			}
		}
		if granted != 1 {
			t.Errorf("%d desks were told that they gave it", granted)
		}
	}
}

// TestR28_AStopBetweenTheStepsIsCompleted stops the command around each of its appends. The
// timer completes what has begun, and whoever sends the command again gets its answer.
func TestR28_AStopBetweenTheStepsIsCompleted(t *testing.T) {
	for _, how := range []string{"timer", "repeated"} {
		for n := 1; n <= 2; n++ {
			for _, where := range []string{"before", "after"} {
				t.Run(fmt.Sprintf("%s, stopped %s append %d", how, where, n), func(t *testing.T) {
					l := world(t)
					l.stops(where, n)
					if _, err := giveIIN(newHandler(l), "give", daur); err == nil {
						t.Fatal("it was not stopped")
					}
					l.heal()
					begun := len(l.stream(ofNewIIN.Stream())) > 0
					if how == "timer" {
						completed(t, l)
						if !begun {
							return
						}
						meansAndHas(t, l, daur)
					}
					if _, err := giveIIN(newHandler(l), "give", daur); err != nil {
						t.Fatal(err)
					}
					meansAndHas(t, l, daur)
					if claims := len(l.stream(ofNewIIN.Stream())); claims != 1 {
						t.Errorf("%d events in the stream of the IIN", claims)
					}
				})
			}
		}
	}
}

// TestR28_AClaimOfARefusedIINIsVoid: the person is erased between the steps, so the IIN is
// free for another one.
func TestR28_AClaimOfARefusedIINIsVoid(t *testing.T) {
	l := world(t)
	l.before = func(_ int, stream string) error {
		if stream == daur.Stream() {
			return errCrash
		}
		return nil
	}
	if _, err := giveIIN(newHandler(l), "give", daur); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	l.before = nil
	erased := newEvents(residence.PersonErased{PersonID: daur, ErasedAt: clock()})
	if _, err := l.append(daur.Stream(), lastOf(l, daur.Stream()), erased); err != nil {
		t.Fatal(err)
	}
	completed(t, l)
	if _, err := giveIIN(newHandler(l), "to another", aigul); err != nil {
		t.Fatal(err)
	}
	meansAndHas(t, l, aigul)
}
