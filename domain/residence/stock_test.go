package residence_test

import (
	"slices"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
	"tizilim/domain/rules"
)

var (
	entryOfAigul = domain.ListEntry{ListID: domaintest.ID[domain.ListID]("list"), EntryID: domaintest.ID[domain.EntryID]("aigul's")}
	entryOfDaur  = domain.ListEntry{ListID: entryOfAigul.ListID, EntryID: domaintest.ID[domain.EntryID]("daur's")}

	inStock   = residence.TakenIntoStock{DwellingID: flat, BodyID: keeping, Basis: paper, TakenAt: domaintest.Noon()}
	offered   = residence.Offered{DwellingID: flat, BodyID: keeping, ListID: entryOfAigul.ListID, EntryID: entryOfAigul.EntryID, PersonID: aigul, AnswerBy: day("2026-03-25"), OfferedAt: domaintest.Noon()}
	takenBack = offerEnded(residence.OfferTakenBack)
	let       = residence.LeaseBegan{DwellingID: flat, PersonID: aigul, BodyID: keeping, On: today, BeganAt: domaintest.Noon()}
	letEnded  = residence.LeaseEnded{DwellingID: flat, PersonID: aigul, On: today, EndedAt: domaintest.Noon()}
)

func offerEnded(how residence.OfferEnd) residence.OfferEnded {
	return residence.OfferEnded{
		DwellingID: flat, ListID: entryOfAigul.ListID, EntryID: entryOfAigul.EntryID, PersonID: aigul, How: how, EndedAt: domaintest.Noon(),
	}
}

func withdrawn(why residence.StockGround, basis domain.Basis) residence.WithdrawnFromStock {
	return residence.WithdrawnFromStock{DwellingID: flat, BodyID: keeping, Ground: why, Basis: basis, WithdrawnAt: domaintest.Noon()}
}

func ofKeeper(body domain.BodyID) domain.Command {
	cmd := domaintest.Command()
	cmd.BodyID, cmd.Role = body, domain.RoleCommission
	return cmd
}

func letTo(e domain.ListEntry, decided domain.Position) residence.Let {
	return residence.Let{PersonID: aigul, Entry: e, BodyID: keeping, On: today, Decided: decided}
}

// TestQ36_ADwellingOfAStockIsInOneState: each event leads to the one that the law of the stock names.
func TestQ36_ADwellingOfAStockIsInOneState(t *testing.T) {
	gone := residence.DwellingGone{DwellingID: flat, How: residence.Demolished, On: today, GoneAt: domaintest.Noon()}
	declined := offerEnded(residence.OfferDeclined)
	over := declined
	over.Over = true
	for _, c := range []struct {
		name  string
		given []domain.Event
		want  residence.StockState
	}{
		{"Q36 in none", nil, ""},
		{"Q36 recorded", []domain.Event{inStock}, residence.StockRecorded},
		{"Q37 offered", []domain.Event{inStock, offered}, residence.StockOffered},
		{"Q37 declined", []domain.Event{inStock, offered, declined}, residence.StockFree},
		{"Q37 the decline of an offer that was over", []domain.Event{inStock, offered, over}, residence.StockOffered},
		{"Q37 taken back", []domain.Event{inStock, offered, takenBack}, residence.StockFree},
		{"Q36 let", []domain.Event{inStock, let}, residence.StockLet},
		{"Q36 let after an offer", []domain.Event{inStock, offered, offerEnded(residence.OfferAccepted), let}, residence.StockLet},
		{"Q36 after the lease", []domain.Event{inStock, let, letEnded}, residence.StockFree},
		{"Q36 after a lease that was voided", []domain.Event{inStock, let, residence.LeaseVoided{DwellingID: flat}}, residence.StockFree},
		{"Q36 withdrawn", []domain.Event{inStock, let, letEnded, withdrawn(residence.GivenBack, paper)}, residence.StockWithdrawn},
		{"Q36 recorded anew", []domain.Event{inStock, let, letEnded, withdrawn(residence.GivenBack, paper), inStock}, residence.StockRecorded},
		{"Q38 no more", []domain.Event{inStock, gone}, residence.StockWithdrawn},
		{"Q38 after all", []domain.Event{inStock, gone, residence.DwellingGoneVoided{DwellingID: flat}}, residence.StockRecorded},
		{"Q36 let before there were stocks", []domain.Event{let, letEnded}, residence.StockFree},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := domaintest.Fold[residence.Dwelling](append(theFlat(), c.given...)...)
			if got := d.Stock(); got != c.want || !slices.Contains(append(residence.StockStates, ""), got) {
				t.Errorf("it is %q, want %q", got, c.want)
			}
		})
	}
}

func TestQ36_WhatIsTakenAndWithdrawn(t *testing.T) {
	described := func(p residence.Place) domain.Event {
		return residence.DwellingDescribed{DwellingID: flat, Place: p, DescribedAt: domaintest.Noon()}
	}
	take := func(by domain.BodyID, basis domain.Basis) func(*residence.Dwelling) ([]domain.Event, error) {
		return func(d *residence.Dwelling) ([]domain.Event, error) {
			return d.TakeIntoStock(ofKeeper(by), residence.TakeIntoStock{Basis: basis, Rules: rules.Book{}})
		}
	}
	withdraw := func(by domain.BodyID, why residence.StockGround, basis domain.Basis) func(*residence.Dwelling) ([]domain.Event, error) {
		return func(d *residence.Dwelling) ([]domain.Event, error) {
			return d.WithdrawFromStock(ofKeeper(by), residence.WithdrawFromStock{Ground: why, Basis: basis})
		}
	}
	with := func(events ...domain.Event) []domain.Event { return append(theFlat(), events...) }
	asIs := withdraw(keeping, residence.GivenBack, paper)
	domaintest.Run(t, []domaintest.Spec[residence.Dwelling]{
		{Name: "Q36 recorded", Given: with(described(residence.Apartment)), When: take(keeping, paper), Then: []domain.Event{inStock}},
		{Name: "Q36 by a document", Given: with(), When: take(keeping, domain.Basis{}), Refused: domain.CodeBasisRequired, Field: "basis"},
		{Name: "Q36 not where nobody can live", Given: with(described(residence.NotForLiving)), When: take(keeping, paper), Refused: domain.CodePlaceNotPermitted},
		{Name: "Q36 not what is in another stock", Given: with(inStock), When: take(another, paper), Refused: domain.CodeNotYourBody, Field: "dwelling_id"},
		{Name: "Q36 after that body has withdrawn it", Given: with(inStock, withdrawn(residence.HandedOver, paper)), When: take(keeping, paper), Then: []domain.Event{inStock}},
		{Name: "Q36 withdrawn", Given: with(inStock), When: asIs, Then: []domain.Event{withdrawn(residence.GivenBack, paper)}},
		{Name: "Q36 withdrawn after a lease", Given: with(inStock, let, letEnded), When: asIs, Then: []domain.Event{withdrawn(residence.GivenBack, paper)}},
		{Name: "Q36 not while let", Given: with(inStock, let), When: asIs, Refused: domain.CodeDwellingLeased},
		{Name: "Q36 nor while offered", Given: with(inStock, offered), When: asIs, Refused: domain.CodeDwellingOffered},
		{Name: "Q36 nor by another body", Given: with(inStock), When: withdraw(another, residence.GivenBack, paper), Refused: domain.CodeNotYourBody, Field: "dwelling_id"},
		{Name: "Q36 nor twice", Given: with(inStock, withdrawn(residence.GivenBack, paper)), When: asIs, Refused: domain.CodeDwellingNotInStock},
		{Name: "Q36 for a listed ground", Given: with(inStock), When: withdraw(keeping, residence.StoodNoMore, paper), Refused: domain.CodeValueUnknown, Field: "ground"},
		{Name: "Q36 withdrawn by a document", Given: with(inStock), When: withdraw(keeping, residence.GivenBack, domain.Basis{}), Refused: domain.CodeBasisRequired, Field: "basis"},
		{Name: "Q36 only a known dwelling", When: asIs, Refused: domain.CodeDwellingUnknown},
	})
}

// TestQ36_AProvisionDrawsOnTheStock: a decision that met the dwelling outside of the stock, or
// offered to another entry, is not carried out later.
func TestQ36_AProvisionDrawsOnTheStock(t *testing.T) {
	give := func(e domain.ListEntry, decided domain.Position) func(*residence.Dwelling) ([]domain.Event, error) {
		return func(d *residence.Dwelling) ([]domain.Event, error) {
			return d.Let(domaintest.Command(), letTo(e, decided))
		}
	}
	with := func(events ...domain.Event) []domain.Event { return append(theFlat(), events...) } // from position 101 on
	refused := func(name string, given []domain.Event, e domain.ListEntry, decided domain.Position, code domain.Code) domaintest.Spec[residence.Dwelling] {
		return domaintest.Spec[residence.Dwelling]{Name: name, Given: given, When: give(e, decided), Refused: code, Field: "dwelling_id"}
	}
	domaintest.Run(t, []domaintest.Spec[residence.Dwelling]{
		refused("Q36 in no stock", with(), entryOfAigul, 200, domain.CodeDwellingNotInStock),
		refused("Q36 withdrawn", with(inStock, withdrawn(residence.GivenBack, paper)), entryOfAigul, 200, domain.CodeDwellingNotInStock),
		refused("Q36 recorded after the decision", with(inStock), entryOfAigul, 100, domain.CodeDwellingNotInStock),
		{Name: "Q36 recorded before it", Given: with(inStock), When: give(entryOfAigul, 101), Then: []domain.Event{let}},
		refused("Q37 offered to another", with(inStock, offered), entryOfDaur, 200, domain.CodeDwellingOffered),
		{Name: "Q37 offered to the entry", Given: with(inStock, offered), When: give(entryOfAigul, 200), Then: []domain.Event{offerEnded(residence.OfferAccepted), let}},
		refused("Q37 by a decision that met an offer to another", with(inStock, offered, takenBack), entryOfDaur, 102, domain.CodeDwellingLeased),
		{Name: "Q37 after it was taken back", Given: with(inStock, offered, takenBack), When: give(entryOfAigul, 103), Then: []domain.Event{let}},
	})
}

func TestQ37_AnOfferStandsUntilItIsAnswered(t *testing.T) {
	offer := func(e domain.ListEntry, by domain.Date) func(*residence.Dwelling) ([]domain.Event, error) {
		return func(d *residence.Dwelling) ([]domain.Event, error) {
			return d.Offer(domaintest.Command(), residence.Offer{Let: letTo(e, 1000), AnswerBy: by})
		}
	}
	back := func(e domain.ListEntry, why domain.Personal) func(*residence.Dwelling) ([]domain.Event, error) {
		return func(d *residence.Dwelling) ([]domain.Event, error) {
			return d.TakeOfferBack(domaintest.Command(), residence.TakeOfferBack{Entry: e, Reasons: why})
		}
	}
	said := takenBack
	said.Reasons = "repairs"
	decline := domain.EventRef{Stream: entryOfAigul.ListID.Stream(), Revision: 7}
	declined := offerEnded(residence.OfferDeclined)
	declined.Decline = decline
	over := declined
	over.Over = true
	answer := func(d *residence.Dwelling) ([]domain.Event, error) {
		return d.Declined(domaintest.Command(), entryOfAigul, aigul, decline)
	}
	with := func(events ...domain.Event) []domain.Event { return append(theFlat(), events...) }
	until := day("2026-03-25")
	domaintest.Run(t, []domaintest.Spec[residence.Dwelling]{
		{Name: "Q37 offered", Given: with(inStock), When: offer(entryOfAigul, until), Then: []domain.Event{offered}},
		{Name: "Q37 once", Given: with(inStock, offered), When: offer(entryOfAigul, until), Refused: domain.CodeNothingChanges, Field: "dwelling_id"},
		{Name: "Q37 to one entry", Given: with(inStock, offered), When: offer(entryOfDaur, until), Refused: domain.CodeDwellingOffered, Field: "dwelling_id"},
		{Name: "Q37 of the stock alone", Given: with(), When: offer(entryOfAigul, until), Refused: domain.CodeDwellingNotInStock, Field: "dwelling_id"},
		{Name: "Q37 not what is let", Given: with(inStock, let), When: offer(entryOfAigul, until), Refused: domain.CodeDwellingLeased, Field: "dwelling_id"},
		{Name: "Q37 until a day", Given: with(inStock), When: offer(entryOfAigul, domain.Date{}), Refused: domain.CodeRequired, Field: "answer_by"},
		{Name: "Q37 that is not past", Given: with(inStock), When: offer(entryOfAigul, day("2026-03-14")), Refused: domain.CodeEffectiveTooEarly, Field: "answer_by"},
		{Name: "Q37 taken back", Given: with(inStock, offered), When: back(entryOfAigul, "repairs"), Then: []domain.Event{said}},
		{Name: "Q37 with reasons", Given: with(inStock, offered), When: back(entryOfAigul, " "), Refused: domain.CodeReasonsRequired, Field: "reasons"},
		{Name: "Q37 from whom it was offered to", Given: with(inStock, offered), When: back(entryOfDaur, "repairs"), Refused: domain.CodeDwellingNotOffered, Field: "dwelling_id"},
		{Name: "Q37 not twice", Given: with(inStock, offered, takenBack), When: back(entryOfAigul, "repairs"), Refused: domain.CodeDwellingNotOffered, Field: "dwelling_id"},
		{Name: "Q37 declined", Given: with(inStock, offered), When: answer, Then: []domain.Event{declined}},
		{Name: "Q37 declined after it was taken back", Given: with(inStock, offered, takenBack), When: answer, Then: []domain.Event{over}},
	})
}

// TestQ38_WhatIsMadeOfADwellingGoesOnInItsStock: not where an owner never gave it, and not into two
// stocks.
func TestQ38_WhatIsMadeOfADwellingGoesOnInItsStock(t *testing.T) {
	company := residence.Owner{Kind: residence.Company, BIN: "990240000017", Name: "ЖШС", AgentID: daur}
	gone := residence.DwellingGone{DwellingID: flat, How: residence.Split, Into: []domain.DwellingID{house, dacha}, On: today, Basis: paper, GoneAt: domaintest.Noon()}
	former := func(events ...domain.Event) residence.Dwelling {
		return *domaintest.Fold[residence.Dwelling](append(append(theFlat(), events...), gone)...)
	}
	part := func(events ...domain.Event) []domain.Event {
		return append([]domain.Event{residence.DwellingRecorded{DwellingID: house, RKA: "1", MadeFrom: []domain.DwellingID{flat}}}, events...)
	}
	owned := func(id domain.DwellingID, o ...residence.Owner) domain.Event {
		return residence.OwnersChanged{DwellingID: id, Owners: o, On: day("2026-02-01")}
	}
	over := func(from residence.Dwelling) func(*residence.Dwelling) ([]domain.Event, error) {
		return func(d *residence.Dwelling) ([]domain.Event, error) {
			return d.TakeOver(domaintest.Command(), residence.TakeOver{From: from})
		}
	}
	taken := residence.TakenIntoStock{DwellingID: house, BodyID: keeping, Basis: paper, From: flat, TakenAt: domaintest.Noon()}
	given := taken
	given.Owners = []domain.PersonID{daur}
	domaintest.Run(t, []domaintest.Spec[residence.Dwelling]{
		{Name: "Q38 goes on", Given: part(), When: over(former(inStock)), Then: []domain.Event{taken}},
		{Name: "Q38 with the owners who gave it", Given: part(owned(house, company)), When: over(former(owned(flat, company), inStock)), Then: []domain.Event{given}},
		{Name: "Q38 not with others", Given: part(owned(house, company)), When: over(former(inStock)), Refused: domain.CodeNotDue},
		{Name: "Q38 once", Given: part(taken), When: over(former(inStock)), Refused: domain.CodeNotDue},
		{Name: "Q38 of a stock alone", Given: part(), When: over(former()), Refused: domain.CodeNotDue},
	})

	follow := func(d *residence.Dwelling) ([]domain.Event, error) { return d.FollowGone(domaintest.Command()) }
	followed := residence.DwellingGoneFollowed{DwellingID: flat, FollowedAt: domaintest.Noon()}
	end := func(in domain.BodyID) func(*residence.Dwelling) ([]domain.Event, error) {
		other := domaintest.Fold[residence.Dwelling](part(residence.TakenIntoStock{DwellingID: house, BodyID: in})...)
		return func(d *residence.Dwelling) ([]domain.Event, error) {
			return d.End(domaintest.Command(), residence.EndDwelling{
				How: residence.Merged, Into: []domain.DwellingID{house}, Parts: []*residence.Dwelling{other}, Basis: paper,
			})
		}
	}
	merged := gone
	merged.How, merged.Into = residence.Merged, []domain.DwellingID{house}
	domaintest.Run(t, []domaintest.Spec[residence.Dwelling]{
		{Name: "Q38 what is no more is in no stock", Given: append(theFlat(), inStock, gone), When: follow, Then: []domain.Event{withdrawn(residence.StoodNoMore, domain.Basis{}), followed}},
		{Name: "R37 of none before", Given: append(theFlat(), gone), When: follow, Then: []domain.Event{followed}},
		{Name: "Q38 not into another stock", Given: append(theFlat(), inStock), When: end(another), Refused: domain.CodePartInOtherStock, Field: "into[0]"},
		{Name: "Q38 into the same", Given: append(theFlat(), inStock), When: end(keeping), Then: []domain.Event{merged}},
		{Name: "Q38 not while it is offered", Given: append(theFlat(), inStock, offered), When: end(keeping), Refused: domain.CodeDwellingOffered},
	})
}
