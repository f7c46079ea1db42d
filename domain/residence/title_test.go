package residence_test

import (
	"slices"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
)

// TestQ28_TitlesOfAPerson are what they have in a dwelling and what they gave away of it.
func TestQ28_TitlesOfAPerson(t *testing.T) {
	one, other := domaintest.ID[domain.PersonID]("one"), domaintest.ID[domain.PersonID]("other")
	dwelling := domaintest.ID[domain.DwellingID]("titled")
	owned := func(on string, owners ...residence.Owner) domain.Event {
		return residence.OwnersChanged{DwellingID: dwelling, Owners: owners, On: domaintest.Day(on)}
	}
	has := func(p domain.PersonID, share residence.Share) residence.Owner {
		return residence.Owner{PersonID: p, Share: share}
	}
	until := func(share residence.Share, on string) residence.Title {
		return residence.Title{Share: share, Until: domaintest.Day(on)}
	}
	for _, c := range []struct {
		name   string
		events []domain.Event
		want   []residence.Title
	}{
		{"Q28 nothing", []domain.Event{owned("2020-01-01", has(other, "1/1"))}, nil},
		{"Q28 the whole", []domain.Event{owned("2020-01-01", has(one, "1/1"))}, []residence.Title{{Share: "1/1"}}},
		{"Q28 the only owner, without a share", []domain.Event{owned("2020-01-01", has(one, ""))}, []residence.Title{{Share: "1/1"}}},
		{"Q28 one of several, without a share", []domain.Event{owned("2020-01-01", has(one, ""), has(other, ""))}, []residence.Title{{}}},
		{
			"Q28 sold", []domain.Event{owned("2020-01-01", has(one, "1/2"), has(other, "1/2")), owned("2024-05-01", has(other, "1/1"))},
			[]residence.Title{until("1/2", "2024-05-01")},
		},
		{
			"Q28 a part given away", []domain.Event{owned("2020-01-01", has(one, "1/1")), owned("2024-05-01", has(one, "1/4"), has(other, "3/4"))},
			[]residence.Title{until("3/4", "2024-05-01"), {Share: "1/4"}},
		},
		{
			"Q28 a part added", []domain.Event{owned("2020-01-01", has(one, "1/4"), has(other, "3/4")), owned("2024-05-01", has(one, "1/1"))},
			[]residence.Title{{Share: "1/1"}},
		},
		{
			"Q28 an estate", []domain.Event{
				owned("2020-01-01", has(one, "1/1")),
				owned("2024-05-01", residence.Owner{Kind: residence.Estate, DeceasedID: one, AgentID: other, Share: "1/1"}),
			}, []residence.Title{{Share: "1/1"}},
		},
		{
			"Q28 demolished", []domain.Event{
				owned("2020-01-01", has(one, "1/1")),
				residence.DwellingGone{DwellingID: dwelling, How: residence.Demolished, On: domaintest.Day("2024-05-01")},
			}, nil,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := domaintest.Fold[residence.Dwelling](append([]domain.Event{residence.DwellingRecorded{DwellingID: dwelling, Address: "x"}}, c.events...)...)
			if got := d.TitlesOf(one); !slices.Equal(got, c.want) {
				t.Errorf("titles %+v, want %+v", got, c.want)
			}
		})
	}
	t.Run("Q28 an executor has no title", func(t *testing.T) {
		d := domaintest.Fold[residence.Dwelling](residence.DwellingRecorded{DwellingID: dwelling, Address: "x"},
			owned("2024-05-01", residence.Owner{Kind: residence.Estate, DeceasedID: one, AgentID: other}))
		if got := d.TitlesOf(other); len(got) > 0 {
			t.Errorf("titles %+v", got)
		}
	})
}

// TestQ28_WhoLeftTheCountry is registered nowhere since.
func TestQ28_WhoLeftTheCountry(t *testing.T) {
	id, home := domaintest.ID[domain.PersonID]("left"), domaintest.ID[domain.DwellingID]("home")
	began := func(name, from string) domain.Event {
		return residence.RegistrationBegan{
			PersonID: id, RegistrationID: domaintest.ID[domain.RegistrationID](name), DwellingID: home,
			Kind: residence.Permanent, From: domaintest.Day(from),
		}
	}
	ended := func(why residence.Reason) domain.Event {
		return residence.RegistrationEnded{
			PersonID: id, RegistrationID: domaintest.ID[domain.RegistrationID]("first"), DwellingID: home,
			Kind: residence.Permanent, Reason: why, On: domaintest.Day("2025-06-01"),
		}
	}
	today := domaintest.Today()
	for _, c := range []struct {
		name   string
		events []domain.Event
		left   bool
		home   bool
	}{
		{"Q28 registered", []domain.Event{began("first", "2020-01-01")}, false, true},
		{"Q28 left", []domain.Event{began("first", "2020-01-01"), ended(residence.DepartureAbroad)}, true, true},
		{"Q28 came back", []domain.Event{began("first", "2020-01-01"), ended(residence.DepartureAbroad), began("second", "2026-01-01")}, false, true},
		{"Q28 removed by the owner", []domain.Event{began("first", "2020-01-01"), ended(residence.OwnerApplication)}, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := domaintest.Fold[residence.Person](append([]domain.Event{residence.PersonRecorded{PersonID: id}}, c.events...)...)
			if got := p.LeftOn(today); got.IsZero() == c.left {
				t.Errorf("left on %s", got)
			}
			if got := p.Home(today); got.IsZero() == c.home {
				t.Errorf("home %s", got)
			}
		})
	}
}
