package certificates_test

import (
	"testing"

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
