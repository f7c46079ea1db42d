package main

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
)

// TestTheRegistryOutlivesFaults is the short form of make faults.
func TestTheRegistryOutlivesFaults(t *testing.T) {
	dir := t.TempDir()
	binary, err := build(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	found, err := run(t.Context(), options{
		For: 12 * time.Second, Round: 3 * time.Second, Clients: 4, Binary: binary, Verbose: true,
	}, &out)
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	last := regexp.MustCompile(`(?m)^faults=([1-9]\d*) operations=([1-9]\d*) violations=0 seed=\d+\n\z`)
	if found > 0 || !last.MatchString(out.String()) {
		t.Errorf("%d violations:\n%s", found, out.String())
	}
}

// TestASeedRepeatsItsSchedule of each hand, with all kinds that it makes.
func TestASeedRepeatsItsSchedule(t *testing.T) {
	schedule := func(seed uint64) (list []string) {
		r := &rig{}
		for n := range 3 {
			h := newHand(seed, uint64(n), r.of(&world{part: withNode, disk: "there"}, n))
			for range 200 {
				f := h.next()
				list = append(list, fmt.Sprint(n, f.kind.name, f.target, f.wait, f.lasts, f.draw))
			}
		}
		return list
	}
	if a, b := schedule(7), schedule(7); strings.Join(a, "\n") != strings.Join(b, "\n") {
		t.Error("one seed made two schedules")
	}
	if a, b := schedule(7), schedule(8); strings.Join(a, "\n") == strings.Join(b, "\n") {
		t.Error("two seeds made one schedule")
	}
}

// facts is a log under construction.
type facts struct {
	logged
	next map[string]uint64
}

// add appends an event, as the i-th of its command.
func (f *facts) add(stream string, command domain.CommandID, i int, e domain.Event) *facts {
	if f.next == nil {
		f.next = map[string]uint64{}
	}
	f.events = append(f.events, domain.Recorded{
		ID:     domain.DeriveID(command.UUID, strconv.Itoa(i)),
		Stream: stream, Revision: f.next[stream], Position: domain.Position(10 * (len(f.events) + 1)), Event: e,
		Meta: domain.Meta{Causation: command},
	})
	f.next[stream]++
	return f
}

func (f *facts) log() *logged {
	f.byID = map[uuid.UUID]*domain.Recorded{}
	for i := range f.events {
		f.byID[f.events[i].ID] = &f.events[i]
	}
	return &f.logged
}

func newCommand() domain.CommandID { return domain.CommandID{UUID: uuid.New()} }

var (
	someList   = domain.ListID{UUID: uuid.New()}
	somePerson = domain.PersonID{UUID: uuid.New()}
	someCase   = domain.CaseID{UUID: uuid.New()}
	someEntry  = domain.EntryID{UUID: uuid.New()}
	someDay    = domain.NewDate(2026, 3, 1)
	someNoon   = someDay.Start().Add(12 * time.Hour)
)

func opened(f *facts) *facts {
	return f.add(someList.Stream(), newCommand(), 0, housing.ListOpened{ListID: someList, OpenedAt: someNoon})
}

// entryPlaced places the person, with the number on the certificate.
func entryPlaced(number int) housing.EntryPlaced {
	return housing.EntryPlaced{
		ListID: someList, EntryID: someEntry, PersonID: somePerson, CaseID: someCase, Number: number,
		Seniority: housing.Seniority{At: someNoon, Position: 1}, RegisteredOn: someDay, PlacedAt: someNoon,
	}
}

func certified() housing.PlacementCertified {
	return housing.PlacementCertified{
		CaseID: someCase, ListID: someList, EntryID: someEntry, Number: 1, CertifiedAt: someNoon,
	}
}

// received is an application of the list, some time after noon.
func received(after time.Duration) housing.ApplicationReceived {
	return housing.ApplicationReceived{ListID: someList, ReceivedAt: someNoon.Add(after)}
}

// wholeLog is a list with one entry.
func wholeLog() *facts {
	f := opened(&facts{})
	approved := housing.PlacementApproved{CaseID: someCase, ListID: someList, EntryID: someEntry}
	f.add(someCase.Stream(), newCommand(), 0, approved)
	f.add(someList.Stream(), newCommand(), 0, entryPlaced(1))
	return f.add(someCase.Stream(), newCommand(), 0, certified())
}

// lineOf is the event as an answer shows it.
func lineOf(rec domain.Recorded) line {
	return line{
		Stream: rec.Stream, Revision: rec.Revision, Position: rec.Position, ID: rec.ID, Type: rec.Event.EventType(),
		EffectiveAt: rec.Event.EffectiveAt(), CreatedAt: rec.Created, Causation: rec.Meta.Causation.UUID,
	}
}

// told is what the clients saw of a log: the last event acknowledged, and reads of the entry.
func told(l *logged) []ack { return []ack{{events: []line{lineOf(l.events[len(l.events)-1])}}} }

// TestAWholeLogHasNoViolation, so that the cases below show their own fault.
func TestAWholeLogHasNoViolation(t *testing.T) {
	l := wholeLog().log()
	r := &rig{out: io.Discard}
	s := &session{rig: r, people: &population{today: someDay}}
	s.checkAcks(l, told(l))
	s.checkAppends(l)
	s.checkActs(l)
	s.checkOrder(l)
	s.checkReads(l, []reading{{
		asOf: 30, asked: 30, list: someList, entry: someEntry, number: 1, of: 1, status: "active",
	}})
	if r.found() != 0 {
		t.Errorf("%d violations", r.found())
	}
}

// TestEachFaultOfALogIsFound by the check that is for it.
func TestEachFaultOfALogIsFound(t *testing.T) {
	good := wholeLog().log()
	command, registration := newCommand(), domain.RegistrationID{UUID: uuid.New()}
	began := residence.RegistrationBegan{PersonID: somePerson, RegistrationID: registration, From: someDay}
	at := func(asOf domain.Position, number int) []reading {
		return []reading{{asOf: asOf, list: someList, entry: someEntry, number: number, of: 1, status: "active"}}
	}
	for name, c := range map[string]struct {
		log   *facts
		check func(*session, *logged)
		want  string
	}{
		"an acknowledged event is not there": {
			opened(&facts{}), func(s *session, l *logged) { s.checkAcks(l, told(good)) }, "lost:",
		},
		"an acknowledged event is another one": {
			wholeLog(), func(s *session, l *logged) {
				a := told(l)
				a[0].events[0].EffectiveAt = someNoon.Add(time.Second)
				s.checkAcks(l, a)
			}, "the log has another",
		},
		"a command appended twice": {
			opened(&facts{}).add(somePerson.Stream(), command, 0, began).
				add(somePerson.Stream(), newCommand(), 0, residence.RegistrationEnded{RegistrationID: registration}).
				add(somePerson.Stream(), command, 1, began),
			(*session).checkAppends, "doubled:",
		},
		"an id is not derived": {
			opened(&facts{}).add(somePerson.Stream(), command, 5, began), (*session).checkAppends, "is not derived",
		},
		"a placement is not certified": {
			opened(&facts{}).add(someList.Stream(), newCommand(), 0, entryPlaced(1)), (*session).checkActs, "half done:",
		},
		"a certificate without a placement": {
			opened(&facts{}).add(someCase.Stream(), newCommand(), 0, certified()), (*session).checkActs, "not placed",
		},
		"a number that the fold does not give": {
			opened(&facts{}).add(someList.Stream(), newCommand(), 0, entryPlaced(2)).
				add(someCase.Stream(), newCommand(), 0, certified()),
			(*session).checkActs, "wrong number:",
		},
		"a read number that the fold does not give": {
			wholeLog(), func(s *session, l *logged) { s.checkReads(l, at(40, 2)) }, "wrong:",
		},
		"a read number from before the placement": {
			wholeLog(), func(s *session, l *logged) { s.checkReads(l, at(20, 1)) }, "wrong:",
		},
		"an answer from before what was waited for": {
			wholeLog(), func(s *session, l *logged) {
				r := at(30, 1)
				r[0].asked = 40
				s.checkReads(l, r)
			}, "waited for position 40",
		},
		"an application dated before an earlier one": {
			opened(&facts{}).add("case-1", newCommand(), 0, received(0)).add("case-2", newCommand(), 0, received(-time.Hour)),
			(*session).checkOrder, "order:",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			r := &rig{out: &out}
			c.check(&session{rig: r, people: &population{today: someDay}}, c.log.log())
			if !strings.Contains(out.String(), c.want) {
				t.Errorf("found %q, want %q", out.String(), c.want)
			}
		})
	}
}

// TestHistoriesAreJudged by the models of a list and of a person.
func TestHistoriesAreJudged(t *testing.T) {
	f := opened(&facts{})
	second := domain.EntryID{UUID: uuid.New()}
	for i, id := range []domain.EntryID{someEntry, second} {
		e := entryPlaced(i + 1)
		e.EntryID, e.CaseID, e.Seniority.Position = id, domain.CaseID{UUID: uuid.New()}, domain.Position(i+1)
		f.add(someList.Stream(), newCommand(), 0, e)
	}
	l := f.log()
	one, two := domain.RegistrationID{UUID: uuid.New()}, domain.RegistrationID{UUID: uuid.New()}
	read := func(call, answered int64, entry domain.EntryID, number, of int) step {
		return step{act: asking, entry: entry, number: number, of: of, call: call, answered: answered}
	}
	placed := []step{
		{act: placing, entry: someEntry, number: 1, call: 0, answered: 10},
		{act: placing, entry: second, number: 2, call: 20, answered: 30},
	}
	for name, c := range map[string]struct {
		list, person []step
		found        int
	}{
		"a read during a placement may show either state": {
			list: append(placed[:2:2], read(21, 29, someEntry, 1, 1), read(40, 50, someEntry, 1, 2)),
		},
		"a read after a placement must show it": {list: append(placed[:2:2], read(40, 50, someEntry, 1, 1)), found: 1},
		"a read may not go back behind another": {
			list: append(placed[:2:2], read(21, 22, someEntry, 1, 2), read(23, 24, someEntry, 1, 1)), found: 1,
		},
		"a move ends the registration before": {person: []step{
			{act: registering, registration: one, call: 0, answered: 10},
			{act: registering, registration: two, ended: []domain.RegistrationID{one}, call: 5, answered: 20},
			{act: asking, registration: two, call: 30, answered: 40},
		}},
		"a move that ended nothing came first": {person: []step{
			{act: registering, registration: one, call: 0, answered: 10},
			{act: registering, registration: two, call: 20, answered: 30},
		}, found: 1},
		"who left is registered nowhere": {person: []step{
			{act: registering, registration: one, call: 0, answered: 10},
			{act: leaving, ended: []domain.RegistrationID{one}, call: 20, answered: 30},
			{act: asking, registration: one, call: 40, answered: 50},
		}, found: 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := &rig{out: io.Discard}
			h := newHistory()
			if c.list != nil {
				h.lists[someList] = c.list
			}
			if c.person != nil {
				h.persons[somePerson] = c.person
			}
			(&session{rig: r}).checkHistories(l, h)
			if r.found() != c.found {
				t.Errorf("%d violations, want %d", r.found(), c.found)
			}
		})
	}
}
