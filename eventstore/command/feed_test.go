package command_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/body"
	"tizilim/domain/domaintest"
	"tizilim/domain/feed"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
	"tizilim/eventstore"
	"tizilim/eventstore/command"
)

// Scan is that of the store, of all events in this log.
func (l *memoryLog) Scan(
	_ context.Context, from domain.Position, mark func(uuid.UUID) bool, limit int, categories ...string,
) (page eventstore.Scanned, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	begin := slices.IndexFunc(l.all, func(rec domain.Recorded) bool { return rec.Position >= from })
	if from > 0 && (begin < 0 || mark != nil && (l.all[begin].Position != from || !mark(l.all[begin].ID))) {
		return page, eventstore.ErrNotHere
	}
	looked := l.all[max(begin, 0):]
	looked = looked[:min(limit, len(looked))]
	page.More = len(looked) == limit
	for _, rec := range looked {
		page.Last = eventstore.LogPlace{At: rec.Position, ID: rec.ID}
		if slices.ContainsFunc(categories, func(c string) bool { return strings.HasPrefix(rec.Stream, c) }) {
			page.Events = append(page.Events, rec)
		}
	}
	return page, nil
}

func (l *memoryLog) EndPlace(context.Context) (eventstore.LogPlace, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.all) == 0 {
		return eventstore.LogPlace{}, nil
	}
	last := l.all[len(l.all)-1]
	return eventstore.LogPlace{At: last.Position, ID: last.ID}, nil
}

// everything is the whole feed without a personal value.
var everything = body.Allowance{Facts: domain.FactKinds, WholeCountry: true}

// only changes what is allowed of everything.
func only(change func(*body.Allowance)) body.Allowance {
	a := everything
	change(&a)
	return a
}

// pull reads the feed from the place to the end of the log.
func pull(t *testing.T, l *memoryLog, a body.Allowance, after feed.Position, limit int) (told []command.FeedFact) {
	t.Helper()
	f := command.NewFeed(newHandler(l), l)
	for more := true; more; {
		page, err := f.Read(ctx, a, after, limit)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Facts) > limit {
			t.Fatalf("%d facts on a page of %d", len(page.Facts), limit)
		}
		if more = page.More; more && !after.Before(page.Next) {
			t.Fatalf("the feed stands still at %v", after)
		}
		told, after = append(told, page.Facts...), page.Next
	}
	return told
}

// said are the facts in short: kind, person, and the number of the earlier fact.
func said(told []command.FeedFact) (texts []string) {
	names := map[domain.PersonID]string{aigul: "aigul", daur: "daur", erlan: "erlan", gulnar: "gulnar", saule: "saule"}
	for _, f := range told {
		text := fmt.Sprintf("%s %s", f.Kind, names[f.PersonID])
		if !f.Former.IsZero() {
			text += fmt.Sprint(" #", slices.IndexFunc(told, func(o command.FeedFact) bool { return o.ID == f.FormerID }))
		}
		texts = append(texts, text)
	}
	return texts
}

func tells(t *testing.T, told []command.FeedFact, want ...string) {
	t.Helper()
	if got := said(told); !slices.Equal(got, want) {
		t.Errorf("told %q\nwant %q", got, want)
	}
}

// annulled annuls the fact of daur at the revision.
func annulled(t *testing.T, l *memoryLog, revision uint64) {
	t.Helper()
	h := newHandler(l)
	must(t, fmt.Sprint("annul ", revision), func(cmd domain.Command) (command.Receipt, error) {
		r, _, err := h.Correct(ctx, cmd, daur, residence.Correct{
			Ground: residence.ClericalError, Reasons: "because", Accept: []domain.Code{domain.CodeLeavesWithoutResidence},
			Changes: []residence.Change{{
				Fact:   residence.FactName{Event: domain.EventRef{Stream: daur.Stream(), Revision: revision}},
				Action: residence.Annul,
			}},
		}, command.Options{})
		return r, err
	})
}

// TestC31_NoFactIsSkippedOrRepeatedWhereverAPageEnds reads the same log by pages of all sizes, and from
// behind each fact.
func TestC31_NoFactIsSkippedOrRepeatedWhereverAPageEnds(t *testing.T) {
	l := world(t)
	must(t, "move", register(newHandler(l), daur, house, residence.Permanent, command.Options{}))
	whole := pull(t, l, everything, feed.Position{}, 1000)
	tells(t, whole, "registered daur", "registered erlan", "registered gulnar", "placed daur", "moved daur", "registered daur")
	ids := map[uuid.UUID]bool{}
	for i, fact := range whole {
		ids[fact.ID] = true
		if i > 0 && !whole[i-1].Position.Before(fact.Position) {
			t.Errorf("fact %d is not behind the one before", i)
		}
		for limit := 1; limit <= len(whole); limit++ {
			rest := pull(t, l, everything, fact.Position, limit)
			if len(rest) != len(whole)-i-1 {
				t.Fatalf("behind fact %d, by %d: %d facts", i, limit, len(rest))
			}
			for j, again := range rest {
				if again.ID != whole[i+1+j].ID || again.Position != whole[i+1+j].Position {
					t.Errorf("fact %d has another id or place by pages of %d", i+1+j, limit)
				}
			}
		}
	}
	if len(ids) != len(whole) {
		t.Errorf("%d ids of %d facts", len(ids), len(whole))
	}
	end, err := command.NewFeed(newHandler(l), l).End(ctx)
	if rest := pull(t, l, everything, end, 10); err != nil || len(rest) != 0 {
		t.Errorf("behind the end: %v, %v", said(rest), err)
	}
}

// TestC31_APageLooksAtABoundedPartOfTheLog: an event that tells nothing costs as one that does, and a
// page is given although nothing on it is for the consumer.
func TestC31_APageLooksAtABoundedPartOfTheLog(t *testing.T) {
	l := world(t)
	h := newHandler(l)
	for i := range 1500 {
		id := domaintest.ID[domain.PersonID](fmt.Sprint("somebody ", i))
		must(t, fmt.Sprint("record ", i), recordPerson(h, id))
	}
	must(t, "move", register(h, daur, house, residence.Permanent, command.Options{}))
	f := command.NewFeed(newHandler(l), l)
	died := only(func(a *body.Allowance) { a.Facts = []domain.FactKind{domain.FactDied} })
	before := l.reads
	page, err := f.Read(ctx, died, feed.Position{}, 100)
	if err != nil || len(page.Facts) != 0 || !page.More || page.Next.IsZero() {
		t.Fatalf("%+v, %v", page, err)
	}
	if l.reads != before {
		t.Errorf("a page without a fact reads %d records", l.reads-before)
	}
	last, err := f.Read(ctx, died, page.Next, 100)
	if err != nil || last.More || !page.Next.Before(last.Next) {
		t.Errorf("the second page %+v, %v", last, err)
	}
	tells(t, pull(t, l, everything, page.Next, 100), "moved daur", "registered daur")
}

func TestC31_AConsumerIsToldTheKindsTheTerritoryAndTheValuesOfItsAllowance(t *testing.T) {
	l := world(t)
	h := newHandler(l)
	home := domaintest.ID[domain.DwellingID]("home in Astana")
	must(t, "record the home", func(cmd domain.Command) (command.Receipt, error) {
		identity := rka(77)
		identity.KATO = "711010000"
		return h.RecordDwelling(ctx, cmd, residence.RecordDwelling{
			DwellingID: home, Identity: identity, Address: "Астана, 1", Owners: []residence.Owner{{PersonID: aigul, Share: "1/1"}},
		}, command.Options{})
	})
	must(t, "aigul resides at home", register(h, aigul, home, residence.Permanent, command.Options{}))
	must(t, "aigul is placed", approve(h, caseOfAigul))

	tells(t, pull(t, l, only(func(a *body.Allowance) { a.Facts = []domain.FactKind{domain.FactPlaced} }), feed.Position{}, 9),
		"placed daur", "placed aigul")
	astana := only(func(a *body.Allowance) { a.WholeCountry, a.Territory = false, domain.Territory{"710000000"} })
	told := pull(t, l, astana, feed.Position{}, 9)
	tells(t, told, "registered aigul", "placed aigul")
	for _, f := range told {
		if f.Values != (command.FeedValues{}) {
			t.Errorf("personal values that nobody allowed: %s", f.Kind)
		}
	}
	elsewhere := only(func(a *body.Allowance) { a.WholeCountry, a.Territory = false, domain.Territory{"750000000"} })
	tells(t, pull(t, l, elsewhere, feed.Position{}, 9))

	p, err := h.Person(ctx, aigul)
	if err != nil {
		t.Fatal(err)
	}
	for value, want := range map[domain.SharedValue]command.FeedValues{
		domain.ShareIIN:       {IIN: p.IIN},
		domain.ShareName:      {Name: p.Name},
		domain.ShareBirthDate: {BirthDate: p.BirthDate},
		domain.ShareAddress:   {Address: "Астана, 1", Identity: residence.Identity{RKA: rka(77).RKA, KATO: "711010000"}},
	} {
		a := astana
		a.Values = []domain.SharedValue{value}
		told := pull(t, l, a, feed.Position{}, 9)
		if got := told[0].Values; got != want || got == (command.FeedValues{}) {
			t.Errorf("with %s another value than it is given", value)
		}
		if value == domain.ShareAddress && told[1].Values != (command.FeedValues{}) {
			t.Error("a fact without a dwelling has an address")
		}
	}
}

func TestC31_ACorrectedOrAnnulledFactIsAFactThatNamesTheEarlierOne(t *testing.T) {
	l := world(t)
	annulled(t, l, 1) // the registration
	annulled(t, l, 2) // the annulment
	removeReviewed(t, l, "daur", entryOfDaur)
	h := newHandler(l)
	must(t, "reinstate", func(cmd domain.Command) (command.Receipt, error) {
		return h.ReinstateEntry(ctx, cmd, list, housing.Reinstate{
			EntryID: entryOfDaur, Ground: housing.CourtAct, Act: courtAct, Note: "act 12",
		}, command.Options{})
	})
	e := newErasing(l)
	death := died(t, e, "death")
	must(t, "annul the death", func(cmd domain.Command) (command.Receipt, error) {
		return h.AnnulDeath(ctx, cmd, daur, residence.AnnulDeath{Death: death, Reasons: "alive", Basis: deathRecord}, command.Options{})
	})
	tells(t, pull(t, l, everything, feed.Position{}, 100),
		"registered daur", "registered erlan", "registered gulnar", "placed daur",
		"annulled daur #0", "annulled daur #4", "removed daur", "annulled daur #6",
		"died daur", "deregistered daur", "annulled daur #9", "annulled daur #8")

	// Whoever may have the earlier fact is told, and nobody else: an annulled annulment is one of a registration.
	tells(t, pull(t, l, only(func(a *body.Allowance) { a.Facts = []domain.FactKind{domain.FactRegistered} }), feed.Position{}, 100),
		"registered daur", "registered erlan", "registered gulnar", "annulled daur #0", "annulled daur #3")
	tells(t, pull(t, l, only(func(a *body.Allowance) { a.Facts = []domain.FactKind{domain.FactMoved} }), feed.Position{}, 100))
	tells(t, pull(t, l, only(func(a *body.Allowance) { a.Facts = []domain.FactKind{domain.FactDied} }), feed.Position{}, 100),
		"died daur", "annulled daur #0")
}

// TestC31_AnErasedPersonIsToldToEverybodyAndHasNoValues: also in what was before, for whoever reads it later.
func TestC31_AnErasedPersonIsToldToEverybodyAndHasNoValues(t *testing.T) {
	l := world(t)
	e := newErasing(l)
	must(t, "record saule", recordPerson(e.Handler, saule))
	must(t, "saule stays in the flat", register(e.Handler, saule, flat, residence.Temporary, command.Options{}))
	named := only(func(a *body.Allowance) { a.Values = domain.SharedValues })
	before := pull(t, l, named, feed.Position{}, 100)
	if last := before[len(before)-1]; last.PersonID != saule || last.Values.Name == "" {
		t.Fatalf("the fact before the erasure: %s", last.Kind)
	}
	if _, err := e.erase(60); err != nil {
		t.Fatal(err)
	}
	after := pull(t, l, named, feed.Position{}, 100)
	tells(t, after[len(before)-1:], "registered saule", "erased saule")
	for _, f := range after[len(before)-1:] {
		if f.Values.Name != "" || f.Values.IIN != "" || !f.Values.BirthDate.IsZero() {
			t.Errorf("%s shows a value of an erased person", f.Kind)
		}
	}
	far := body.Allowance{Facts: []domain.FactKind{domain.FactProvided}, Territory: domain.Territory{"750000000"}}
	tells(t, pull(t, l, far, feed.Position{}, 100), "erased saule")
}

func TestC31_APlaceOfAnotherLogIsRefused(t *testing.T) {
	l := world(t)
	f := command.NewFeed(newHandler(l), l)
	end, err := f.End(ctx)
	if err != nil {
		t.Fatal(err)
	}
	other := end
	other.Mark[0]++
	behind := end
	behind.At += 1000
	for name, at := range map[string]feed.Position{"another event": other, "behind the end": behind} {
		if _, err := f.Read(ctx, everything, at, 10); domain.CodeOf(err) != domain.CodeFeedPosition {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := f.Read(ctx, everything, end, 10); err != nil {
		t.Errorf("the end itself: %v", err)
	}
}
