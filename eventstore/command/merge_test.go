package command_test

import (
	"fmt"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
)

// withTwin is the world with Saule, a second record of the human who is Daur.
func withTwin(t *testing.T) *memoryLog {
	t.Helper()
	l := world(t)
	must(t, "record saule", recordPerson(newHandler(l), saule))
	return l
}

func merge(h *command.Handler, name string, absorbed, survivor domain.PersonID) (command.Receipt, error) {
	return h.MergeRecords(ctx, envelope(name), absorbed, residence.MergeRecords{
		SurvivorID: survivor, Basis: cardOf,
	}, command.Options{})
}

func undoMerge(h *command.Handler, name string, of domain.EventRef) (command.Receipt, error) {
	return h.UndoMerge(ctx, envelope(name), saule, residence.UndoMerge{
		Merge: of, Reasons: "a namesake", Basis: cardOf,
	}, command.Options{})
}

// mergeOfSaule is the event that merges her record.
func mergeOfSaule(t *testing.T, l *memoryLog) (ref domain.EventRef) {
	t.Helper()
	for _, rec := range l.stream(saule.Stream()) {
		if _, ok := rec.Event.(residence.RecordsMerged); ok {
			ref = domain.EventRef{Stream: rec.Stream, Revision: rec.Revision}
		}
	}
	return ref
}

// means fails unless the id of Saule means the person, who stands for her if it is another one.
func means(t *testing.T, l *memoryLog, who domain.PersonID) {
	t.Helper()
	h := newHandler(l)
	if got, err := h.WhoIs(ctx, saule); err != nil || got != who {
		t.Errorf("saule means %s, want %s (%v)", got, who, err)
	}
	absorbed, err := h.AbsorbedBy(ctx, daur, true)
	survivor := personOf(t, l, daur)
	if want := who == daur; err != nil || (len(absorbed) == 1) != want || len(survivor.Absorbed()) != len(absorbed) {
		t.Errorf("daur stands for %v, and for saule: %t (%v)", absorbed, want, err)
	}
}

func TestR33_AMergedRecordMeansTheSurvivorAndTakesNoOtherCommand(t *testing.T) {
	l := withTwin(t)
	h := newHandler(l)
	r, err := merge(h, "merge", saule, daur)
	if err != nil || len(r.Events) != 2 || r.Stream != daur.Stream() {
		t.Fatalf("%+v, %v", r, err)
	}
	means(t, l, daur)
	n := l.len()
	again, err := merge(newHandler(l), "merge", saule, daur)
	if err != nil || !again.Repeated || again.Revision != r.Revision || l.len() != n {
		t.Errorf("repeated: %+v, %v", again, err)
	}
	plain := func(do func() (command.Receipt, error)) error { _, err := do(); return err }
	for what, refused := range map[string]struct {
		err   error
		field string
	}{
		"a registration": {plain(func() (command.Receipt, error) {
			return register(h, saule, house, residence.Permanent, command.Options{})(envelope("register"))
		}), ""},
		"a consent": {plain(func() (command.Receipt, error) {
			return h.Register(ctx, envelope("consent"), gulnar, residence.Register{
				DwellingID: flat, Kind: residence.Permanent, From: domaintest.Today(),
				Consents: []residence.Consent{{PersonID: aigul}, {PersonID: saule}},
			}, command.Options{})
		}), "consents[1].person_id"},
		"an application": {plain(func() (command.Receipt, error) {
			return apply(h, caseOfSaule, saule)(envelope("apply"))
		}), "applicant_id"},
		"a deregistration": {plain(func() (command.Receipt, error) {
			return h.Deregister(ctx, envelope("deregister"), residence.ApplyForDeregistration{
				CaseID: eviction, Language: domain.Kazakh, Ground: residence.GroundOwnerApplication, DwellingID: flat,
				ApplicantID: saule, Persons: []domain.PersonID{daur}, Signature: domain.SignatureHandwritten,
			}, command.Options{})
		}), "applicant_id"},
		"ownership": {plain(func() (command.Receipt, error) {
			return h.ChangeOwners(ctx, envelope("owners"), flat, residence.ChangeOwners{
				Owners: []residence.Owner{{PersonID: saule, Share: "1/1"}}, On: domaintest.Today(), Basis: cardOf,
			}, command.Options{})
		}), "owners[0].person_id"},
		"a representation": {plain(func() (command.Receipt, error) {
			return h.RecordRepresentative(ctx, envelope("represent"), gulnar, saule, residence.RecordRepresentative{
				Kind: residence.Guardian, Basis: cardOf,
			}, command.Options{})
		}), "?"}, // gulnar is no minor: which of the two is told first does not matter
		"a transfer": {plain(func() (command.Receipt, error) {
			return h.TransferEntry(ctx, envelope("transfer"), list, housing.Transfer{
				EntryID: entryOfDaur, PersonID: saule,
			}, command.Options{})
		}), "?"},
		"another merge": {plain(func() (command.Receipt, error) { return merge(h, "merge again", saule, gulnar) }), ""},
		"a merge into it": {plain(func() (command.Receipt, error) {
			return merge(h, "merge into it", erlan, saule)
		}), "survivor_id"},
	} {
		if refused.field == "?" {
			if refused.err == nil {
				t.Errorf("%s was granted", what)
			}
			continue
		}
		t.Run(what, func(t *testing.T) { domaintest.Refused(t, nil, refused.err, domain.CodeRecordMerged, refused.field) })
	}
	_, err = giveIIN(h, "give", saule)
	domaintest.Refused(t, nil, err, domain.CodeRecordMerged, "")

	if _, err := undoMerge(h, "undo", mergeOfSaule(t, l)); err != nil {
		t.Fatal(err)
	}
	means(t, l, saule)
	must(t, "registered again", register(h, saule, house, residence.Permanent, command.Options{}))
}

// TestR33_AStopBetweenTheStepsIsCompleted stops a merge and its undoing around each of their
// appends. The timer completes what has begun, and whoever sends the command again gets its
// answer.
func TestR33_AStopBetweenTheStepsIsCompleted(t *testing.T) {
	follow := func(t *testing.T, l *memoryLog) {
		t.Helper()
		if err := newHandler(l).Do(ctx, domain.Task{Kind: domain.TaskMerge, Stream: saule.Stream()}); err != nil {
			t.Fatal(err)
		}
	}
	for _, how := range []string{"timer", "repeated"} {
		for n := 1; n <= 2; n++ {
			for _, where := range []string{"before", "after"} {
				t.Run(fmt.Sprintf("%s, stopped %s append %d", how, where, n), func(t *testing.T) {
					l := withTwin(t)
					l.stops(where, n)
					if _, err := merge(newHandler(l), "merge", saule, daur); err == nil {
						t.Fatal("it was not stopped")
					}
					l.heal()
					if how == "timer" && !mergeOfSaule(t, l).IsZero() {
						follow(t, l)
						means(t, l, daur)
					}
					if _, err := merge(newHandler(l), "merge", saule, daur); err != nil {
						t.Fatal(err)
					}
					means(t, l, daur)

					of := mergeOfSaule(t, l)
					l.stops(where, n)
					if _, err := undoMerge(newHandler(l), "undo", of); err == nil {
						t.Fatal("the undoing was not stopped")
					}
					l.heal()
					if p := personOf(t, l, saule); how == "timer" && !p.Undone().Event.IsZero() {
						follow(t, l)
						means(t, l, saule)
					}
					if _, err := undoMerge(newHandler(l), "undo", of); err != nil {
						t.Fatal(err)
					}
					means(t, l, saule)
					length := l.len()
					follow(t, l)
					if l.len() != length {
						t.Errorf("the timer appended %v", typesOf(l.since(length)))
					}
				})
			}
		}
	}
}

// TestR33_ASurvivorThatRefusesUndoesTheMerge: between the steps the survivor moves to where the
// record was registered at that time. Whoever repeats the command gets the same answer, and the
// record is free again.
func TestR33_ASurvivorThatRefusesUndoesTheMerge(t *testing.T) {
	l := withTwin(t)
	past := newEvents(residence.RegistrationBegan{
		PersonID: saule, DwellingID: house, Kind: residence.Temporary, From: domaintest.Day("2026-01-01"),
		Until: domaintest.Day("2026-02-01"),
	})
	if _, err := l.append(saule.Stream(), lastOf(l, saule.Stream()), past); err != nil {
		t.Fatal(err)
	}
	l.stops("after", 1)
	if _, err := merge(newHandler(l), "merge", saule, daur); err == nil {
		t.Fatal("it was not stopped")
	}
	l.heal()
	meanwhile := newEvents(residence.RegistrationBegan{
		PersonID: daur, DwellingID: flat, Kind: residence.Temporary, From: domaintest.Day("2026-01-15"),
		Until: domaintest.Day("2026-06-01"),
	})
	if _, err := l.append(daur.Stream(), lastOf(l, daur.Stream()), meanwhile); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err := merge(newHandler(l), "merge", saule, daur)
		if domain.CodeOf(err) != domain.CodePeriodOverlaps {
			t.Fatalf("the merge was answered with %v", err)
		}
	}
	means(t, l, saule)
	if p := personOf(t, l, saule); !p.Undone().Event.IsZero() {
		t.Error("the survivor is to be told of a merge that it never took in")
	}
}

// TestR33_OfManyMergesAtOnceNoneMakesAChain: each record is merged into the next one.
func TestR33_OfManyMergesAtOnceNoneMakesAChain(t *testing.T) {
	ring := []domain.PersonID{saule, timur, domaintest.ID[domain.PersonID]("third")}
	for range 10 {
		l := newLog()
		for i, id := range ring {
			must(t, fmt.Sprint("record ", i), recordPerson(newHandler(l), id))
		}
		atOnce(6, processes(l, 3), func(i int, h *command.Handler) error {
			_, err := merge(h, fmt.Sprint("desk ", i), ring[i%3], ring[(i+1)%3])
			return err
		})
		for _, id := range ring {
			p := personOf(t, l, id)
			m, merged := p.Merged()
			if !merged {
				continue
			}
			survivor := personOf(t, l, m.SurvivorID)
			if _, chain := survivor.Merged(); chain || len(p.Absorbed()) > 0 {
				t.Errorf("a chain of merges through %s", id)
			}
			if len(survivor.Absorbed()) == 0 {
				t.Errorf("%s does not know that %s was merged into it", m.SurvivorID, id)
			}
		}
	}
}

// TestR33_WhatNamesARecordIsLookedUpWhereItIsDecided: the read model says where to look, and the
// streams whether it is so now.
func TestR33_WhatNamesARecordIsLookedUpWhereItIsDecided(t *testing.T) {
	l := withTwin(t)
	h := newErasing(l)
	owners := func(name string, owner domain.PersonID) {
		t.Helper()
		changed := newEvents(residence.OwnersChanged{
			DwellingID: house, Owners: []residence.Owner{{PersonID: owner, Share: "1/1"}}, On: domaintest.Today(),
		})
		if _, err := l.append(house.Stream(), lastOf(l, house.Stream()), changed); err != nil {
			t.Fatal(err)
		}
	}
	h.records.naming = residence.Naming{
		Dwellings: []domain.DwellingID{flat, house}, Entries: []domain.ListEntry{{ListID: list, EntryID: entryOfDaur}},
	}
	owners("saule owns the house", saule)
	_, err := merge(h.Handler, "merge", saule, daur)
	domaintest.Refused(t, nil, err, domain.CodeMergeBarred, "")
	owners("aigul owns it again", aigul)
	family := newEvents(housing.ChangeReported{
		ListID: list, EntryID: entryOfDaur, PersonID: daur, Kind: housing.FamilyChanged,
		Family: []housing.FamilyMember{{PersonID: saule}},
	})
	if _, err := l.append(list.Stream(), lastOf(l, list.Stream()), family); err != nil {
		t.Fatal(err)
	}
	_, err = merge(h.Handler, "merge", saule, gulnar)
	domaintest.Refused(t, nil, err, domain.CodeMergeBarred, "")
	h.records.naming.Entries = nil
	if _, err := merge(h.Handler, "merge", saule, gulnar); err != nil {
		t.Fatal(err)
	}
}

// TestR33_AWarningNamesTheRecordThatStandsForBoth: a desk that records the human a third time.
func TestR33_AWarningNamesTheRecordThatStandsForBoth(t *testing.T) {
	l := withTwin(t)
	h := newErasing(l)
	h.records.alike = []domain.PersonID{saule}
	if _, err := merge(h.Handler, "merge", saule, daur); err != nil {
		t.Fatal(err)
	}
	c := residence.RecordPerson{
		PersonID: timur, Name: "Name", BirthDate: domaintest.Day("1990-01-01"), Class: residence.Refugee,
		Accept: []domain.Code{domain.CodePersonAlike},
	}
	c.Likeness = residence.LikenessOf(domain.PersonIDKey("key"), c.Data())
	r, err := h.RecordPerson(ctx, envelope("a third time"), c, command.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if alike := r.Events[0].Event.(residence.PersonRecorded).Alike; len(alike) != 1 || alike[0] != daur {
		t.Errorf("the desk was shown %v, want %s", alike, daur)
	}
}

func TestR33_ATokenMeansTheSurvivorFromTheMergeOn(t *testing.T) {
	l := withTwin(t)
	h := newHandler(l)
	identities := command.NewIdentities(h)
	want := func(who domain.PersonID) {
		t.Helper()
		if got := identities.WhoIs(ctx, saule); got != who {
			t.Errorf("the token means %s, want %s", got, who)
		}
	}
	want(saule)
	if _, err := merge(h, "merge", saule, daur); err != nil {
		t.Fatal(err)
	}
	want(daur)
	if _, err := undoMerge(h, "undo", mergeOfSaule(t, l)); err != nil {
		t.Fatal(err)
	}
	want(saule)
}

// TestC22_AMergedRecordIsErasedAfterTheSurvivor: until then it is needed.
func TestC22_AMergedRecordIsErasedAfterTheSurvivor(t *testing.T) {
	l := withSaule(t)
	must(t, "record timur", recordPerson(newHandler(l), timur))
	e := newErasing(l)
	if _, err := merge(e.Handler, "merge", saule, timur); err != nil {
		t.Fatal(err)
	}
	_, err := e.erase(10)
	domaintest.Refused(t, nil, err, domain.CodeErasureBarred, "")
	cmd := envelope("erase timur")
	cmd.Now = cmd.Now.AddDate(10, 0, 0)
	if _, err := e.ErasePerson(ctx, cmd, timur, residence.Erase{
		Basis: residence.RetentionOver, Reference: "order 15",
	}, command.Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := e.erase(11); err != nil {
		t.Fatal(err)
	}
	if completions(l) != 1 {
		t.Errorf("the keys of the merged record were destroyed %d times", completions(l))
	}
}
