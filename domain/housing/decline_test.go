package housing_test

import (
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/rules"
)

// declines is a recorded decline of a holder.
func declines(id domain.EntryID, p domain.PersonID, d domain.DwellingID) housing.DwellingDeclined {
	return housing.DwellingDeclined{ListID: list, EntryID: id, PersonID: p, DwellingID: d, DeclinedAt: domaintest.Noon()}
}

func takenBack(id domain.EntryID, p domain.PersonID, d domain.DwellingID) housing.DeclineTakenBack {
	return housing.DeclineTakenBack{ListID: list, EntryID: id, PersonID: p, DwellingID: d, TakenBackAt: domaintest.Noon()}
}

func onPaper(e housing.DwellingDeclined) housing.DwellingDeclined {
	e.Basis = domaintest.Basis()
	return e
}

func TestQ25_AHolderDeclinesADwelling(t *testing.T) {
	citizen := domaintest.Command()
	citizen.Role = domain.RoleCitizen
	with := func(cmd domain.Command, change func(*housing.DeclineDwelling)) decision {
		c := housing.DeclineDwelling{EntryID: a, DwellingID: flat.ID}
		change(&c)
		return func(q *housing.List) ([]domain.Event, error) { return q.DeclineDwelling(cmd, c) }
	}
	himself := func(c *housing.DeclineDwelling) { c.Holder = aigul }
	back := func(c *housing.DeclineDwelling) { c.Holder, c.TakeBack = aigul, true }
	one := opened().placed(a, aigul, longAg, 1)
	declined := one.then(declines(a, aigul, flat.ID))
	full := one
	for i := range 100 {
		full = full.then(declines(a, aigul, domaintest.ID[domain.DwellingID](string(rune('0'+i)))))
	}
	domaintest.Run(t, []domaintest.Spec[housing.List]{
		{Name: "Q25 by their own token", Given: one, When: with(citizen, himself),
			Then: []domain.Event{declines(a, aigul, flat.ID)}},
		{Name: "Q25 at a desk by a paper", Given: one,
			When: with(domaintest.Command(), func(c *housing.DeclineDwelling) { c.Basis = domaintest.Basis() }),
			Then: []domain.Event{onPaper(declines(a, aigul, flat.ID))}},
		{Name: "Q25 at a desk without a paper", Given: one, When: with(domaintest.Command(), func(*housing.DeclineDwelling) {}),
			Refused: domain.CodeBasisRequired, Field: "basis"},
		{Name: "Q25 a citizen needs no paper", Given: one,
			When:    with(citizen, func(c *housing.DeclineDwelling) { c.Holder, c.Basis = aigul, domaintest.Basis() }),
			Refused: domain.CodeMemberNotAllowed, Field: "basis"},
		{Name: "Q25 a stranger learns nothing", Given: one,
			When: with(citizen, func(c *housing.DeclineDwelling) { c.Holder = daur }), Refused: domain.CodeNotFound},
		{Name: "Q25 in a review too", Given: one.then(reviewed(a, aigul, housing.Doubt)), When: with(citizen, himself),
			Then: []domain.Event{declines(a, aigul, flat.ID)}},
		{Name: "Q25 twice", Given: declined, When: with(citizen, himself),
			Refused: domain.CodeNothingChanges, Field: "dwelling_id"},
		{Name: "Q25 takes it back", Given: declined, When: with(citizen, back),
			Then: []domain.Event{takenBack(a, aigul, flat.ID)}},
		{Name: "Q25 takes nothing back", Given: one, When: with(citizen, back),
			Refused: domain.CodeNothingChanges, Field: "dwelling_id"},
		{Name: "Q25 takes another one back", Given: declined,
			When:    with(citizen, func(c *housing.DeclineDwelling) { c.DwellingID, c.TakeBack = domain.DwellingID{}, true }),
			Refused: domain.CodeNothingChanges, Field: "dwelling_id"},
		{Name: "Q25 again after it was taken back", Given: declined.then(takenBack(a, aigul, flat.ID)),
			When: with(citizen, himself), Then: []domain.Event{declines(a, aigul, flat.ID)}},
		{Name: "Q25 no more than an entry remembers", Given: full, When: with(citizen, himself),
			Refused: domain.CodeTooManyDeclined},
	})
}

// TestQ25_OnlyWhoDeclinedThisDwellingIsPassedOver goes through what a decision to give a
// dwelling to the second says of the first.
func TestQ25_OnlyWhoDeclinedThisDwellingIsPassedOver(t *testing.T) {
	two := opened().with(a, aigul, longAg, 1, spouse(gulnar)).placed(d, daur, filed(0, 30), 2)
	another := domaintest.ID[domain.DwellingID]("another flat")
	passed := housing.EntryTransferred{
		ListID: list, EntryID: a, From: aigul, PersonID: gulnar, Cause: housing.HolderDied, On: domaintest.Today(),
		TransferredAt: domaintest.Noon(),
	}
	document := func(id domain.EntryID) housing.StatedDecline {
		return housing.StatedDecline{EntryID: id, Basis: domaintest.Basis()}
	}
	ids := func(ids ...domain.EntryID) []domain.EntryID { return ids }
	documents := func(d ...housing.StatedDecline) []housing.StatedDecline { return d }
	full := two
	for i := range 100 {
		full = full.then(declines(a, aigul, domaintest.ID[domain.DwellingID](string(rune('0'+i)))))
	}
	room := housing.ServiceDwelling{ID: flat.ID, Area: 32, Rooms: 1}
	for _, c := range []struct {
		name      string
		given     on
		named     []domain.EntryID
		documents []housing.StatedDecline
		code      domain.Code
		field     string
	}{
		{"who declined", two.then(declines(a, aigul, flat.ID)), nil, nil, "", ""},
		{"and is named", two.then(declines(a, aigul, flat.ID)), ids(a), nil, "", ""},
		{"who is said to have declined", two, ids(a), nil, domain.CodeDeclineNotRecorded, "declined[0]"},
		{"who is not said to", two, nil, nil, domain.CodeNotFirstEligible, ""},
		{"who declined another dwelling", two.then(declines(a, aigul, another)), ids(a), nil, domain.CodeDeclineNotRecorded, "declined[0]"},
		{"who declined and is not named, and another dwelling", two.then(declines(a, aigul, another)), nil, nil, domain.CodeNotFirstEligible, ""},
		{"who took it back", two.then(declines(a, aigul, flat.ID), takenBack(a, aigul, flat.ID)), nil, nil, domain.CodeNotFirstEligible, ""},
		{"whose former holder declined", two.then(declines(a, aigul, flat.ID), passed), nil, nil, domain.CodeNotFirstEligible, ""},
		{"an entry that is none", two, ids(entry("x")), nil, domain.CodeEntryUnknown, "declined[0]"},
		{"whose paper is named", two, ids(a), documents(document(a)), "", ""},
		{"whose paper alone is named", two, nil, documents(document(a)), "", ""},
		{"a paper of an entry that is none", two, nil, documents(document(entry("x"))), domain.CodeEntryUnknown, "decline_documents[0].entry_id"},
		{"a paper of one who has left", two.removed(a, aigul, longAg), nil, documents(document(a)), domain.CodeEntryNotActive, "decline_documents[0].entry_id"},
		{"two papers of one", two, nil, documents(document(a), document(a)), domain.CodeNamedTwice, "decline_documents[1].entry_id"},
		{"a paper of what is recorded", two.then(declines(a, aigul, flat.ID)), nil, documents(document(a)), domain.CodeNothingChanges, "decline_documents[0]"},
		{"a paper that is none", two, nil, documents(housing.StatedDecline{EntryID: a}), domain.CodeBasisRequired, "decline_documents[0].basis"},
		{"a paper of one who declined too much", full, nil, documents(document(a)), domain.CodeTooManyDeclined, "decline_documents[0]"},
	} {
		t.Run("Q25 "+c.name, func(t *testing.T) {
			q := c.given.fold()
			events, err := new(housing.Provision).Decide(domaintest.Command(), housing.Provide{
				CaseID: caseID, ListID: list, EntryID: d, Dwelling: room, Need: need, Declined: c.named, Documents: c.documents,
				Minutes: "12",
			}, q, rules.Book{})
			if c.code != "" {
				domaintest.Refused(t, events, err, c.code, c.field)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			carried, err := q.Provide(domaintest.Command(), events[0].(housing.ProvisionDecided))
			want := []domain.Event{
				provided(d, daur, filed(0, 30), 2, 1, room, housing.Skip{EntryID: a, Reason: housing.SkipDeclined}),
			}
			if c.documents != nil {
				want = append([]domain.Event{onPaper(declines(a, aigul, flat.ID))}, want...)
			}
			domaintest.Happened(t, carried, err, want...)
		})
	}
}

// TestQ25_ADecisionStatesNothingOfAnotherHolder: between the decision and the step of the
// list the entry has passed on, or its holder has declined by themselves.
func TestQ25_ADecisionStatesNothingOfAnotherHolder(t *testing.T) {
	two := opened().with(a, aigul, longAg, 1, spouse(gulnar)).placed(d, daur, filed(0, 30), 2)
	decision := decided(d, daur, flat, a)
	decision.StatedDeclines = []housing.StatedDecline{{EntryID: a, PersonID: aigul, Basis: domaintest.Basis()}}
	passed := two.then(housing.EntryTransferred{ListID: list, EntryID: a, From: aigul, PersonID: gulnar}).fold()
	events, _ := passed.Provide(domaintest.Command(), decision)
	if e, ok := events[0].(housing.ProvisionDeclined); !ok || len(events) > 1 || e.Code != domain.CodeNotFirstEligible {
		t.Errorf("the new holder is passed over: %v", domaintest.Types(events))
	}
	declined := two.then(declines(a, aigul, flat.ID)).fold()
	events, err := declined.Provide(domaintest.Command(), decision)
	domaintest.Happened(t, events, err,
		provided(d, daur, filed(0, 30), 2, 1, flat, housing.Skip{EntryID: a, Reason: housing.SkipDeclined}))
}
