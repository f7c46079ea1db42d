package housing_test

import (
	"slices"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/domain/rules"
)

// What a clock decided on the entry of Aigul, which must be confirmed by 15 March
// 2027. The registry asked her two days before by a clock that was ahead.
var (
	standing = opened().placed(entry("a"), aigul, filed(0, 1), 1).placed(entry("b"), daur, filed(1, 2), 2)
	wanted   = housing.InventoryRequested{
		ListID: list, EntryID: entry("a"), PersonID: aigul, DueOn: nextYear, AnswerBy: day("2027-04-02"),
	}
	missed  = reviewed(entry("a"), aigul, housing.InventoryMissed)
	expired = housing.LookupConsentExpired{ListID: list, EntryID: entry("a"), PersonID: aigul}
	ending  = housing.LookupConsentRenewed{
		ListID: list, EntryID: entry("a"), PersonID: aigul, ConsentTerms: termsUntil("2027-03-31"),
	}
)

func termsUntil(last string) housing.ConsentTerms {
	terms := wholeConsent
	terms.Until = day(last)
	return terms
}

func commissionOn(day string) domain.Command {
	cmd := domaintest.CommandOn(day)
	cmd.Role = domain.RoleCommission
	return cmd
}

// annulling annuls the last event of the history, or the one that ref names.
func annulling(cmd domain.Command, h on, revision int, last domain.Date) func(*housing.List) ([]domain.Event, error) {
	return func(q *housing.List) ([]domain.Event, error) {
		return q.Annul(cmd, domain.Annul{
			Event: domain.EventRef{Stream: list.Stream(), Revision: uint64(revision)}, Until: last,
			Basis: domaintest.Basis(), Reasons: "a clock was a day ahead",
		}, h[revision])
	}
}

// annulment is what an event says of the annulment of the act at the revision.
func annulment(cmd domain.Command, revision int, last, due string) domain.Annulment {
	a := domain.Annulment{
		Annuls:     domain.EventRef{Stream: list.Stream(), Revision: uint64(revision)},
		RecordedAt: domaintest.Noon(), Basis: domaintest.Basis(), Reasons: "a clock was a day ahead", AnnulledAt: cmd.Now,
	}
	if last != "" {
		a.Until = day(last)
	}
	a.Due = day(due).Start()
	return a
}

func TestC23_WhatAClockDecidedOnAnEntryIsAnnulledByItsReference(t *testing.T) {
	a, none := entry("a"), domain.Date{}
	early, late := commissionOn("2027-03-14"), commissionOn("2027-04-10")
	requested := standing.then(wanted)
	open := requested.then(missed)
	lapsed := standing.then(ending, expired)
	last := func(h on) int { return len(h) - 1 }
	annulled := func(cmd domain.Command, h on, answer, due string) housing.ReviewAnnulled {
		return housing.ReviewAnnulled{
			ListID: list, EntryID: a, PersonID: aigul, CaseID: missed.CaseID, Annulment: annulment(cmd, last(h), answer, due),
		}
	}
	hearing := procedure.HearingAnnounced{
		CaseID: missed.CaseID, NotBefore: day("2027-04-20"), ObjectUntil: day("2027-04-12"),
	}
	own := early
	own.Person = aigul
	desk, registry := domaintest.CommandOn("2027-03-14"), early
	registry.Role = domain.RoleSystem
	domaintest.Run(t, []domaintest.Spec[housing.List]{
		{
			Name: "C23 a request to confirm", Given: requested, When: annulling(early, requested, last(requested), none),
			Then: []domain.Event{housing.RequestAnnulled{
				ListID: list, EntryID: a, PersonID: aigul, Annulment: annulment(early, last(requested), "", "2027-03-16"),
			}},
		},
		{
			Name: "C23 a review for a missed confirmation, whose last day is still to come", Given: open,
			When: annulling(early, open, last(open), none),
			Then: []domain.Event{annulled(early, open, "2027-04-02", "2027-04-03")},
		},
		{
			Name: "C23 a review, whose last day is over: the commission sets one", Given: open,
			When: annulling(late, open, last(open), day("2027-04-24")),
			Then: []domain.Event{annulled(late, open, "2027-04-24", "2027-04-25")},
		},
		{
			Name: "C23 a review, whose last day is over, and no other one", Given: open,
			When: annulling(late, open, last(open), none), Refused: domain.CodeRequired, Field: "until",
		},
		{
			Name: "C23 a consent", Given: lapsed, When: annulling(early, lapsed, last(lapsed), none),
			Then: []domain.Event{housing.ConsentExpiryAnnulled{
				ListID: list, EntryID: a, PersonID: aigul, Annulment: annulment(early, last(lapsed), "", "2027-04-01"),
			}},
		},
		{
			Name: "C23 the end of a hearing in a review", Given: open.then(hearing, lapsedHearing()),
			When: annulling(commissionOn("2027-04-12"), open.then(hearing, lapsedHearing()), last(open)+2, none),
			Then: []domain.Event{procedure.StepAnnulled{
				CaseID: missed.CaseID, Annuls: domain.EventRef{Stream: list.Stream(), Revision: uint64(last(open) + 2)},
				Step: procedure.HearingClosed{}.EventType(), RecordedAt: domaintest.Noon(), Until: day("2027-04-12"),
				NotBefore: day("2027-04-20"), Due: day("2027-04-13").Start(), Basis: domaintest.Basis(),
				Reasons: "a clock was a day ahead", AnnulledAt: commissionOn("2027-04-12").Now,
			}},
		},

		{
			Name: "C23 not a consent whose last day has come", Given: lapsed,
			When: annulling(late, lapsed, last(lapsed), none), Refused: domain.CodeAnnulmentOvertaken,
		},
		{
			Name: "C23 not a consent that was given anew", Given: lapsed.then(ending),
			When: annulling(early, lapsed, last(lapsed), none), Refused: domain.CodeAnnulmentOvertaken,
		},
		{
			Name: "C23 not a request before the review that followed from it", Given: open,
			When: annulling(early, open, last(requested), none), Refused: domain.CodeAnnulmentOvertaken,
		},
		{
			Name: "C23 not a request that was answered", Given: requested.then(housing.InventoryConfirmed{
				ListID: list, EntryID: a, PersonID: aigul, On: day("2027-03-13"), NextDueOn: day("2028-03-13"),
			}),
			When: annulling(early, requested, last(requested), none), Refused: domain.CodeAnnulmentOvertaken,
		},
		{
			Name: "C23 not a review in which a removal is intended", Given: open.then(hearing),
			When: annulling(early, open, last(open), none), Refused: domain.CodeAnnulmentOvertaken,
		},
		{
			Name:  "C23 not a review that was closed",
			Given: open.then(housing.ReviewClosed{ListID: list, EntryID: a, PersonID: aigul, CaseID: missed.CaseID}),
			When:  annulling(early, open, last(open), none), Refused: domain.CodeAnnulmentOvertaken,
		},
		{
			Name:  "C23 not a review that ended with a removal",
			Given: open.then(housing.EntryRemoved{ListID: list, EntryID: a, PersonID: aigul, CaseID: missed.CaseID}),
			When:  annulling(early, open, last(open), none), Refused: domain.CodeAnnulmentOvertaken,
		},
		{
			Name: "C23 not a review that somebody opened", Given: standing.then(reviewed(a, aigul, housing.Doubt)),
			When:    annulling(early, standing.then(reviewed(a, aigul, housing.Doubt)), len(standing), none),
			Refused: domain.CodeFactUnknown, Field: "event",
		},
		{
			Name: "C23 not twice", Given: open.then(annulled(early, open, "2027-04-02", "2027-04-03")),
			When: annulling(early, open, last(open), none), Refused: domain.CodeAnnulmentOvertaken,
		},
		{
			Name: "C23 not with a last day that nobody sets", Given: requested,
			When:    annulling(early, requested, last(requested), day("2027-05-01")),
			Refused: domain.CodeMemberNotAllowed, Field: "until",
		},
		{
			Name: "C23 not by a desk", Given: open, When: annulling(desk, open, last(open), none),
			Refused: domain.CodeRoleNotAllowed,
		},
		{
			Name: "C23 not by the registry itself", Given: open, When: annulling(registry, open, last(open), none),
			Refused: domain.CodeRoleNotAllowed,
		},
		{
			Name: "C23 not by the holder, who is an official", Given: open, When: annulling(own, open, last(open), none),
			Refused: domain.CodeDeciderRecused,
		},
	})
}

func lapsedHearing() procedure.HearingClosed {
	return procedure.HearingClosed{CaseID: missed.CaseID, How: procedure.HearingLapsed}
}

func TestC23_AnEntryStandsAsBeforeAndTheActIsTakenAgainOnItsDay(t *testing.T) {
	a := entry("a")
	take := func(q *housing.List, day string) []string {
		events, _ := q.TakeInventoryOf(domaintest.CommandOn(day), a, rules.Book{})
		return domaintest.Types(events)
	}
	annul := func(h on, act int) on {
		events, err := annulling(commissionOn("2027-03-14"), h, act, domain.Date{})(h.fold())
		if err != nil {
			t.Fatal(err)
		}
		return h.then(events...)
	}
	requested := standing.then(wanted)
	reviewed := annul(requested.then(missed), len(requested))
	q := reviewed.fold()
	e, _ := q.Entry(a)
	if n, _ := q.Number(a); n != 1 || e.State() != housing.Active || !e.Proceeding.IsZero() || e.AnswerBy != wanted.AnswerBy {
		t.Errorf("number %d, %+v", n, e)
	}
	if got := take(q, "2027-04-02"); len(got) != 0 {
		t.Errorf("on the last day: %v", got)
	}
	if got := take(q, "2027-04-03"); !slices.Equal(got, []string{"ReviewOpened"}) {
		t.Errorf("after the last day: %v", got)
	}
	q = annul(reviewed, len(requested)-1).fold()
	if got := take(q, "2027-03-15"); len(got) != 0 {
		t.Errorf("on the day of the inventory: %v", got)
	}
	if got := take(q, "2027-03-16"); !slices.Equal(got, []string{"InventoryRequested"}) {
		t.Errorf("after the day of the inventory: %v", got)
	}

	lapsed := standing.then(ending, expired)
	q = annul(lapsed, len(lapsed)-1).fold()
	if e, _ := q.Entry(a); e.Consent.On(day("2027-03-31")) != housing.ConsentGiven {
		t.Errorf("the consent is %+v", e.Consent)
	}
	if _, err := q.ExpireConsent(domaintest.CommandOn("2027-03-31"), a); domain.CodeOf(err) != domain.CodeNotDue {
		t.Errorf("it expires on its last day: %v", err)
	}
	if _, err := q.ExpireConsent(domaintest.CommandOn("2027-04-01"), a); err != nil {
		t.Errorf("it does not expire after its last day: %v", err)
	}
}

func TestC23_TheExpiryOfTheConsentOfAnApplicationIsAnnulledUntilTheDecision(t *testing.T) {
	given := received(func(e *housing.ApplicationReceived) { e.Terms = termsUntil("2026-03-20") })
	ended := append(slices.Clip(given), expiredInCase("2026-03-20"))
	ref := domain.EventRef{Stream: caseID.Stream(), Revision: uint64(len(ended) - 1)}
	annul := func(cmd domain.Command) func(*housing.Application) ([]domain.Event, error) {
		return func(a *housing.Application) ([]domain.Event, error) {
			return a.Annul(cmd, domain.Annul{Event: ref, Basis: domaintest.Basis(), Reasons: "r"}, ended[len(ended)-1])
		}
	}
	cmd := commissionOn("2026-03-19")
	back := housing.ConsentExpiryAnnulled{CaseID: caseID, PersonID: aigul, Annulment: domain.Annulment{
		Annuls: ref, RecordedAt: domaintest.Noon(), Due: day("2026-03-21").Start(), Basis: domaintest.Basis(), Reasons: "r",
		AnnulledAt: cmd.Now,
	}}
	refused := housing.ApplicationRefused{CaseID: caseID, Ground: housing.NoConsent}
	domaintest.Run(t, []domaintest.Spec[housing.Application]{
		{Name: "C23 the consent is given as before", Given: ended, When: annul(cmd), Then: []domain.Event{back}},
		{
			Name: "C23 not twice", Given: append(slices.Clip(ended), back), When: annul(cmd),
			Refused: domain.CodeAnnulmentOvertaken,
		},
		{
			Name: "C23 not after a refusal", Given: append(slices.Clip(ended), refused), When: annul(cmd),
			Refused: domain.CodeAnnulmentOvertaken,
		},
		{
			Name: "C23 not after its last day", Given: ended, When: annul(commissionOn("2026-03-21")),
			Refused: domain.CodeAnnulmentOvertaken,
		},
		{
			Name: "C23 not by a desk", Given: ended, When: annul(domaintest.CommandOn("2026-03-19")),
			Refused: domain.CodeRoleNotAllowed,
		},
		{
			Name: "C23 it expires again after its last day", Given: append(slices.Clip(ended), back),
			When: func(a *housing.Application) ([]domain.Event, error) {
				return a.ExpireConsent(domaintest.CommandOn("2026-03-21"))
			},
			Then: []domain.Event{expiredInCase("2026-03-20")},
		},
	})
}
