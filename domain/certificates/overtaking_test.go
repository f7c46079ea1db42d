package certificates_test

import (
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/certificates"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
)

// TestQ32_TheEarliestActOvertakesACertificate, and a reinstatement takes the removal away.
func TestQ32_TheEarliestActOvertakesACertificate(t *testing.T) {
	none, early, late := domain.Date{}, domaintest.Day("2026-03-01"), domaintest.Day("2026-03-02")
	for _, c := range []struct {
		name         string
		since        domain.Date
		by           certificates.Overtaking
		passed, gone domain.Date
		state        housing.EntryState
		wantSince    domain.Date
		want         certificates.Overtaking
	}{
		{"it stands", none, "", none, none, housing.Active, none, ""},
		{"its entry was removed", none, "", none, early, housing.Removed, early, certificates.EntryRemoved},
		{"and reinstated", none, "", none, early, housing.Active, none, ""},
		{"its entry left", none, "", none, early, housing.Left, early, certificates.EntryLeft},
		{"a dwelling was provided", none, "", none, early, housing.Provided, early, certificates.DwellingProvided},
		{"its entry passed", none, "", early, none, housing.Active, early, certificates.EntryTransferred},
		{"passed, then removed", none, "", early, late, housing.Removed, early, certificates.EntryTransferred},
		{"removed, then passed", none, "", late, early, housing.Removed, early, certificates.EntryRemoved},
		{"its decision fell first", early, certificates.DecisionFell, none, late, housing.Removed, early, certificates.DecisionFell},
		{"its decision fell later", late, certificates.DecisionFell, none, early, housing.Removed, early, certificates.EntryRemoved},
		{"both on one day", early, certificates.DecisionFell, early, early, housing.Removed, early, certificates.DecisionFell},
	} {
		t.Run("Q32 "+c.name, func(t *testing.T) {
			since, by := certificates.Overtake(c.since, c.by, c.passed, c.gone, c.state)
			if since != c.wantSince || by != c.want {
				t.Errorf("since %q by %q, want %q by %q", since, by, c.wantSince, c.want)
			}
		})
	}
}

func TestQ32_R17_WhatADocumentCertifiesFallsByItsOwnKindOfAct(t *testing.T) {
	for kind, want := range map[certificates.Kind]certificates.Overtaking{
		certificates.DepartureSheet: certificates.EndingCorrected,
		certificates.Placement:      certificates.DecisionFell,
		certificates.Refusal:        certificates.DecisionFell,
	} {
		if got := kind.Falls(); got != want {
			t.Errorf("a %s falls by %s, want %s", kind, got, want)
		}
	}
}

// TestQ32_Q33_EachHoldersCertificateStandsAsLongAsTheyHoldTheEntry: the entry passes twice, and
// then leaves the list.
func TestQ32_Q33_EachHoldersCertificateStandsAsLongAsTheyHoldTheEntry(t *testing.T) {
	list, entry := domaintest.ID[domain.ListID]("list"), domaintest.ID[domain.EntryID]("entry")
	holders := []domain.PersonID{
		domaintest.ID[domain.PersonID]("first"), domaintest.ID[domain.PersonID]("second"), domaintest.ID[domain.PersonID]("third"),
	}
	at := housing.Seniority{At: domaintest.Noon(), Position: 1}
	on := func(day string) time.Time { return domaintest.Day(day).Start() }
	log := []domain.Event{
		housing.ListOpened{ListID: list, OpenedAt: domaintest.Noon()},
		housing.EntryPlaced{ListID: list, EntryID: entry, PersonID: holders[0], Seniority: at, Number: 1, PlacedAt: domaintest.Noon()},
		housing.EntryTransferred{ListID: list, EntryID: entry, From: holders[0], PersonID: holders[1], TransferredAt: on("2026-04-01")},
		housing.EntryTransferred{ListID: list, EntryID: entry, From: holders[1], PersonID: holders[2], TransferredAt: on("2026-05-01")},
		housing.EntryLeft{ListID: list, EntryID: entry, PersonID: holders[2], Seniority: at, LeftAt: on("2026-06-01")},
	}
	certified := func(holder int, revision uint64) certificates.Document {
		return certificates.Document{Fact: housing.HolderCertified{
			ListID: list, EntryID: entry, PersonID: holders[holder],
			Transfer: domain.EventRef{Stream: list.Stream(), Revision: revision},
		}}
	}
	ds := certificates.Documents{Documents: []certificates.Document{
		{Fact: housing.PlacementCertified{ListID: list, EntryID: entry}}, certified(1, 2), certified(2, 3),
		{Fact: housing.PlacementCertified{ListID: list, EntryID: domaintest.ID[domain.EntryID]("another")}},
	}}
	var of housing.List
	for i, e := range log {
		of.Apply(domain.Recorded{
			Stream: list.Stream(), Revision: uint64(i), Position: domain.Position(i + 1), Event: e, Created: e.EffectiveAt(),
		})
	}
	e, ok := of.Entry(entry)
	if !ok {
		t.Fatal("the list has no entry")
	}
	ds.Stand(domain.ListEntry{ListID: list, EntryID: entry}, e)
	for i, want := range []struct {
		since domain.Date
		by    certificates.Overtaking
	}{
		{domaintest.Day("2026-04-01"), certificates.EntryTransferred},
		{domaintest.Day("2026-05-01"), certificates.EntryTransferred},
		{domaintest.Day("2026-06-01"), certificates.EntryLeft},
		{domain.Date{}, ""},
	} {
		if d := ds.Documents[i]; d.VoidSince != want.since || d.VoidBy != want.by {
			t.Errorf("document %d is void since %q by %q, want %q by %q", i, d.VoidSince, d.VoidBy, want.since, want.by)
		}
	}
}
