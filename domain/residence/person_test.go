package residence_test

import (
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
	"tizilim/domain/rules/rulestest"
)

func TestRecordPerson(t *testing.T) {
	record := func(cmd domain.Command, change func(*residence.RecordPerson)) func(*residence.Person) ([]domain.Event, error) {
		c := residence.RecordPerson{
			PersonID:  aigul,
			IIN:       "900101300017",
			Name:      "Айгүл",
			BirthDate: day("1990-01-01"),
			Class:     residence.Citizen,
		}
		change(&c)
		return func(p *residence.Person) ([]domain.Event, error) { return p.Record(cmd, c) }
	}
	happened := func(iin domain.IIN, birth string, class residence.Class) []domain.Event {
		return history{
			residence.PersonRecorded{
				PersonID:   aigul,
				IIN:        iin,
				Name:       "Айгүл",
				BirthDate:  domain.PersonalDate{Date: day(birth)},
				Class:      class,
				RecordedAt: domaintest.Noon(),
			},
		}
	}
	now := domaintest.Command()
	domaintest.Run(t, []domaintest.Spec[residence.Person]{
		{
			Name: "R21 a citizen with an IIN",
			When: record(now, func(c *residence.RecordPerson) {}),
			Then: happened("900101300017", "1990-01-01", residence.Citizen),
		}, {
			Name: "R21 the digits of the IIN may be no day",
			When: record(now, func(c *residence.RecordPerson) { c.IIN, c.BirthDate = "999999000012", day("2001-07-20") }),
			Then: happened("999999000012", "2001-07-20", residence.Citizen),
		}, {
			Name: "R21 a refugee without an IIN",
			When: record(now, func(c *residence.RecordPerson) { c.IIN, c.Class = "", residence.Refugee }),
			Then: happened("", "1990-01-01", residence.Refugee),
		}, {
			Name: "R21 a permanent foreigner without an IIN",
			When: record(now, func(c *residence.RecordPerson) { c.IIN, c.Class = "", residence.PermanentForeigner }),
			Then: happened("", "1990-01-01", residence.PermanentForeigner),
		}, {
			Name: "R21 a permanent stateless person without an IIN",
			When: record(now, func(c *residence.RecordPerson) { c.IIN, c.Class = "", residence.PermanentStateless }),
			Then: happened("", "1990-01-01", residence.PermanentStateless),
		}, {
			Name:    "R21 a citizen has an IIN",
			When:    record(now, func(c *residence.RecordPerson) { c.IIN = "" }),
			Refused: domain.CodeIINRequired, Field: "iin",
		}, {
			Name:    "one IIN is one person",
			Given:   resident(),
			When:    record(now, func(c *residence.RecordPerson) {}),
			Refused: domain.CodePersonRecorded, Field: "iin",
		}, {
			Name: "born today",
			When: record(now, func(c *residence.RecordPerson) { c.IIN, c.BirthDate = "260315600010", today }),
			Then: happened("260315600010", "2026-03-15", residence.Citizen),
		}, {
			Name:    "born tomorrow",
			When:    record(now, func(c *residence.RecordPerson) { c.BirthDate = today.AddDays(1) }),
			Refused: domain.CodeDateInFuture, Field: "birth_date",
		}, {
			Name:    "R8 without a birth date nobody is under 16",
			When:    record(now, func(c *residence.RecordPerson) { c.BirthDate = domain.Date{} }),
			Refused: domain.CodeRequired, Field: "birth_date",
		}, {
			Name:    "R3 the class decides the channel, so it is one of four",
			When:    record(now, func(c *residence.RecordPerson) { c.Class = "tourist" }),
			Refused: domain.CodeValueUnknown, Field: "class",
		},
	})
}

func TestRegister(t *testing.T) {
	register := func(c residence.Register) func(*residence.Person) ([]domain.Event, error) {
		return func(p *residence.Person) ([]domain.Event, error) { return p.Register(domaintest.Command(), c) }
	}
	permanent := func(id domain.RegistrationID, at domain.DwellingID, from string) residence.Register {
		return residence.Register{RegistrationID: id, DwellingID: at, Kind: residence.Permanent, From: day(from)}
	}
	temporary := func(id domain.RegistrationID, at domain.DwellingID, from, until string) residence.Register {
		return residence.Register{
			RegistrationID: id,
			DwellingID:     at,
			Kind:           residence.Temporary,
			From:           day(from),
			Until:          day(until),
		}
	}
	// began and moved give only what a history adds to the one before it.
	began := func(h history) []domain.Event { return h[1:] }
	none := resident()
	domaintest.Run(t, []domaintest.Spec[residence.Person]{
		{
			Name:    "an unknown person",
			When:    register(permanent(first, flat, "2026-03-15")),
			Refused: domain.CodePersonUnknown, Field: "person_id",
		}, {
			Name:  "R11 the first permanent registration",
			Given: none,
			When:  register(permanent(first, flat, "2026-03-15")),
			Then:  began(none.permanent(first, flat, "2026-03-15")),
		}, {
			Name:  "R11 recorded late, from a day in the past",
			Given: none,
			When:  register(permanent(first, flat, "2019-06-01")),
			Then:  began(none.permanent(first, flat, "2019-06-01")),
		}, {
			Name:    "R11 not from tomorrow",
			Given:   none,
			When:    register(permanent(first, flat, "2026-03-16")),
			Refused: domain.CodeDateInFuture, Field: "effective_from",
		}, {
			Name:    "R11 not without a day",
			Given:   none,
			When:    register(residence.Register{RegistrationID: first, DwellingID: flat, Kind: residence.Permanent}),
			Refused: domain.CodeRequired, Field: "effective_from",
		}, {
			Name:  "R11 permanent or temporary, nothing else",
			Given: none,
			When: register(
				residence.Register{
					RegistrationID: first,
					DwellingID:     flat,
					Kind:           "seasonal",
					From:           today,
					Until:          today.AddMonths(3),
				},
			),
			Refused: domain.CodeValueUnknown, Field: "kind",
		}, {
			Name:  "R14 from the day of birth",
			Given: none,
			When:  register(permanent(first, flat, "1990-01-01")),
			Then:  began(none.permanent(first, flat, "1990-01-01")),
		}, {
			Name:    "R14 not from the day before the birth",
			Given:   none,
			When:    register(permanent(first, flat, "1989-12-31")),
			Refused: domain.CodeBeforeBirth, Field: "effective_from",
		}, {
			Name:  "R11 a permanent registration has no end",
			Given: none,
			When: register(
				residence.Register{
					RegistrationID: first,
					DwellingID:     flat,
					Kind:           residence.Permanent,
					From:           today,
					Until:          today.AddMonths(2),
				},
			),
			Refused: domain.CodeUntilNotAllowed, Field: "until",
		}, {
			Name:  "R12 a move ends the old registration on the day on which the new one begins, in one append",
			Given: none.permanent(first, flat, "2020-01-01"),
			When:  register(permanent(again, house, "2026-03-10")),
			Then: began(none.ended(first, flat, residence.Permanent, residence.MovedToNewAddress, "2026-03-10").
				permanent(again, house, "2026-03-10")),
		}, {
			Name:  "R12 a move on the very day of the last one leaves no day between",
			Given: none.permanent(first, flat, "2026-03-15"),
			When:  register(permanent(again, house, "2026-03-15")),
			Then: began(none.ended(first, flat, residence.Permanent, residence.MovedToNewAddress, "2026-03-15").
				permanent(again, house, "2026-03-15")),
		}, {
			Name:    "R14 a move cannot end a registration before it began",
			Given:   none.permanent(first, flat, "2020-01-01"),
			When:    register(permanent(again, house, "2019-12-31")),
			Refused: domain.CodePeriodOverlaps, Field: "effective_from",
		}, {
			Name:    "R11 not twice at one dwelling",
			Given:   none.permanent(first, flat, "2020-01-01"),
			When:    register(permanent(again, flat, "2026-03-15")),
			Refused: domain.CodeRegisteredHere, Field: "dwelling_id",
		}, {
			Name: "R11 at the same dwelling again after an ending",
			Given: none.permanent(first, flat, "2020-01-01").
				ended(first, flat, residence.Permanent, residence.OwnerApplication, "2026-02-01"),
			When: register(permanent(again, flat, "2026-02-01")),
			Then: began(none.permanent(again, flat, "2026-02-01")),
		}, {
			Name: "R11 never over a registration that has ended",
			Given: none.permanent(first, flat, "2020-01-01").
				ended(first, flat, residence.Permanent, residence.OwnerApplication, "2026-02-01"),
			When:    register(permanent(again, house, "2026-01-31")),
			Refused: domain.CodePeriodOverlaps, Field: "effective_from",
		}, {
			Name: "R11 never over the first of several",
			Given: none.permanent(first, flat, "2020-01-01").
				ended(first, flat, residence.Permanent, residence.MovedToNewAddress, "2024-01-01").
				permanent(again, house, "2024-01-01"),
			When:    register(permanent(third, dacha, "2023-12-31")),
			Refused: domain.CodePeriodOverlaps, Field: "effective_from",
		}, {
			Name:  "R13 temporary of exactly one month",
			Given: none,
			When:  register(temporary(first, flat, "2026-03-15", "2026-04-15")),
			Then:  began(none.temporary(first, flat, "2026-03-15", "2026-04-15")),
		}, {
			Name:    "R13 temporary of one day less than a month",
			Given:   none,
			When:    register(temporary(first, flat, "2026-03-15", "2026-04-14")),
			Refused: domain.CodeTemporaryTooShort, Field: "until",
		}, {
			Name:    "R13 a month from 31 January ends with February",
			Given:   none,
			When:    register(temporary(first, flat, "2026-01-31", "2026-02-28")),
			Refused: domain.CodePeriodOverlaps, Field: "until", // long enough, but over by now
		}, {
			Name:  "R13 temporary of exactly one year",
			Given: none,
			When:  register(temporary(first, flat, "2026-03-15", "2027-03-15")),
			Then:  began(none.temporary(first, flat, "2026-03-15", "2027-03-15")),
		}, {
			Name:    "R13 temporary of one year and a day",
			Given:   none,
			When:    register(temporary(first, flat, "2026-03-15", "2027-03-16")),
			Refused: domain.CodeTemporaryTooLong, Field: "until",
		}, {
			Name:    "R13 until is the day from",
			Given:   none,
			When:    register(temporary(first, flat, "2026-03-15", "2026-03-15")),
			Refused: domain.CodeUntilBeforeFrom, Field: "until",
		}, {
			Name:    "R13 until is before from",
			Given:   none,
			When:    register(temporary(first, flat, "2026-03-15", "2026-03-14")),
			Refused: domain.CodeUntilBeforeFrom, Field: "until",
		}, {
			Name:  "R13 until is left out",
			Given: none,
			When: register(
				residence.Register{RegistrationID: first, DwellingID: flat, Kind: residence.Temporary, From: today},
			),
			Refused: domain.CodeUntilRequired, Field: "until",
		}, {
			Name:    "R13 reported on the day on which it no longer holds",
			Given:   none,
			When:    register(temporary(first, flat, "2026-01-15", "2026-03-15")),
			Refused: domain.CodePeriodOverlaps, Field: "until",
		}, {
			Name:  "R13 reported on its last day",
			Given: none,
			When:  register(temporary(first, flat, "2026-01-15", "2026-03-16")),
			Then:  began(none.temporary(first, flat, "2026-01-15", "2026-03-16")),
		}, {
			Name:  "R13 a temporary stay leaves the permanent registration alone",
			Given: none.permanent(first, flat, "2020-01-01"),
			When:  register(temporary(again, house, "2026-03-15", "2026-09-15")),
			Then:  began(none.temporary(again, house, "2026-03-15", "2026-09-15")),
		}, {
			Name:  "R13 a move leaves the temporary stay alone",
			Given: none.permanent(first, flat, "2020-01-01").temporary(again, house, "2026-03-01", "2026-09-01"),
			When:  register(permanent(third, dacha, "2026-03-15")),
			Then: began(none.ended(first, flat, residence.Permanent, residence.MovedToNewAddress, "2026-03-15").
				permanent(third, dacha, "2026-03-15")),
		}, {
			Name:    "R13 nobody stays temporarily where they reside",
			Given:   none.permanent(first, flat, "2020-01-01"),
			When:    register(temporary(again, flat, "2026-03-15", "2026-09-15")),
			Refused: domain.CodeRegisteredHere, Field: "dwelling_id",
		}, {
			Name:  "R13 but may come to reside where they stay",
			Given: none.temporary(first, flat, "2026-03-01", "2026-09-01"),
			When:  register(permanent(again, flat, "2026-03-15")),
			Then:  began(none.permanent(again, flat, "2026-03-15")),
		}, {
			Name:    "R13 one temporary stay at a time",
			Given:   none.temporary(first, flat, "2026-03-01", "2026-09-01"),
			When:    register(temporary(again, house, "2026-03-15", "2026-09-15")),
			Refused: domain.CodeTemporaryActive, Field: "person_id",
		}, {
			Name:  "R13 a stay ends by itself, so another may begin on that day",
			Given: none.temporary(first, flat, "2026-01-15", "2026-03-15"),
			When:  register(temporary(again, flat, "2026-03-15", "2026-09-15")),
			Then:  began(none.temporary(again, flat, "2026-03-15", "2026-09-15")),
		}, {
			Name:    "R13 but not before it",
			Given:   none.temporary(first, flat, "2026-01-15", "2026-03-15"),
			When:    register(temporary(again, house, "2026-03-14", "2026-09-15")),
			Refused: domain.CodePeriodOverlaps, Field: "effective_from",
		},
	})
}

func TestR13_AMonthIsAMonthOfTheCalendar(t *testing.T) {
	for _, c := range []struct{ from, tooShort, month, year, tooLong string }{
		{"2026-01-31", "2026-02-27", "2026-02-28", "2027-01-31", "2027-02-01"},
		{"2024-01-31", "2024-02-28", "2024-02-29", "2025-01-31", "2025-02-01"},
		{"2024-02-29", "2024-03-28", "2024-03-29", "2025-02-28", "2025-03-01"},
		{"2026-12-15", "2027-01-14", "2027-01-15", "2027-12-15", "2027-12-16"},
	} {
		for until, want := range map[string]domain.Code{
			c.tooShort: domain.CodeTemporaryTooShort, c.month: "", c.year: "", c.tooLong: domain.CodeTemporaryTooLong,
		} {
			_, err := resident().fold().Register(domaintest.CommandOn(c.from), residence.Register{
				RegistrationID: first, DwellingID: flat, Kind: residence.Temporary, From: day(c.from), Until: day(until),
			})
			if got := domain.CodeOf(err); got != want {
				t.Errorf("from %s until %s: %q, want %q", c.from, until, got, want)
			}
		}
	}
}

func TestR13_TheEditionOfTheDaySaysHowLongAStayMayBe(t *testing.T) {
	book := rulestest.Book(t, "2026-03-15", `"temporary_at_least_months": 1`, `"temporary_at_least_months": 2`,
		`"temporary_at_most_months": 12`, `"temporary_at_most_months": 6`)
	for _, c := range []struct {
		on, until string
		want      domain.Code
	}{
		{"2026-03-14", "2026-04-14", ""},
		{"2026-03-14", "2027-03-14", ""},
		{"2026-03-15", "2026-05-14", domain.CodeTemporaryTooShort},
		{"2026-03-15", "2026-05-15", ""},
		{"2026-03-15", "2026-09-15", ""},
		{"2026-03-15", "2026-09-16", domain.CodeTemporaryTooLong},
	} {
		_, err := resident().fold().Register(domaintest.CommandOn(c.on), residence.Register{
			RegistrationID: first, DwellingID: flat, Kind: residence.Temporary, From: day(c.on), Until: day(c.until), Rules: book,
		})
		if got := domain.CodeOf(err); got != c.want {
			t.Errorf("from %s until %s: %q, want %q", c.on, c.until, got, c.want)
		}
	}
}

func TestR11_TodayIsTheDayInKazakhstan(t *testing.T) {
	// 19:30 UTC on 15 March is half past midnight on the 16th in UTC+5.
	cmd := domaintest.Command()
	cmd.Now = time.Date(2026, 3, 15, 19, 30, 0, 0, time.UTC)
	c := residence.Register{RegistrationID: first, DwellingID: flat, Kind: residence.Permanent, From: day("2026-03-16")}
	if _, err := resident().fold().Register(cmd, c); err != nil {
		t.Errorf("after midnight: %v", err)
	}
	cmd.Now = time.Date(2026, 3, 15, 18, 59, 59, 0, time.UTC)
	if _, err := resident().fold().Register(cmd, c); domain.CodeOf(err) != domain.CodeDateInFuture {
		t.Errorf("before midnight: %v, want %s", err, domain.CodeDateInFuture)
	}
}

func TestActiveOn(t *testing.T) {
	p := resident().permanent(first, flat, "2020-01-01").temporary(again, house, "2026-01-15", "2026-04-15").
		ended(first, flat, residence.Permanent, residence.MovedToNewAddress, "2026-03-15").
		permanent(third, dacha, "2026-03-15").fold()
	for on, want := range map[string][]domain.RegistrationID{
		"2019-12-31": nil,
		"2020-01-01": {first},
		"2026-01-14": {first},
		"2026-01-15": {first, again},
		"2026-03-14": {first, again},
		"2026-03-15": {third, again}, // R12: the old one no longer, the new one already; the permanent first
		"2026-04-14": {third, again},
		"2026-04-15": {third}, // R13: by itself
	} {
		var got []domain.RegistrationID
		for _, r := range p.ActiveOn(day(on)) {
			got = append(got, r.ID)
		}
		if diff := domaintest.Diff(want, got); diff != "" {
			t.Errorf("on %s (-want +got):\n%s", on, diff)
		}
	}
}

func TestEndFor(t *testing.T) {
	end := func(g residence.Ground, on string) func(*residence.Person) ([]domain.Event, error) {
		return func(p *residence.Person) ([]domain.Event, error) {
			return p.EndFor(residence.EndFor{CaseID: caseID, DwellingID: flat, Ground: g, On: day(on)})
		}
	}
	ended := func(id domain.RegistrationID, at domain.DwellingID, kind residence.Kind, why residence.Reason, on string) domain.Event {
		return residence.RegistrationEnded{
			PersonID:       aigul,
			RegistrationID: id,
			DwellingID:     at,
			Kind:           kind,
			Reason:         why,
			On:             day(on),
			CaseID:         caseID,
		}
	}
	both := resident().permanent(first, flat, "2020-01-01").temporary(again, house, "2026-01-15", "2026-09-15")
	domaintest.Run(t, []domaintest.Spec[residence.Person]{
		{
			Name:  "R7 the owner's application ends what is at that dwelling only",
			Given: both,
			When:  end(residence.GroundOwnerApplication, "2026-03-15"),
			Then:  []domain.Event{ended(first, flat, residence.Permanent, residence.OwnerApplication, "2026-03-15")},
		}, {
			Name:  "R7 the court's decision likewise",
			Given: both,
			When:  end(residence.GroundCourtDecision, "2026-03-15"),
			Then:  []domain.Event{ended(first, flat, residence.Permanent, residence.CourtDecision, "2026-03-15")},
		}, {
			Name:  "R7 a departure abroad ends every registration",
			Given: both,
			When:  end(residence.GroundDepartureAbroad, "2026-03-15"),
			Then: []domain.Event{
				ended(first, flat, residence.Permanent, residence.DepartureAbroad, "2026-03-15"),
				ended(again, house, residence.Temporary, residence.DepartureAbroad, "2026-03-15"),
			},
		}, {
			Name:  "R7 a temporary stay at the dwelling ends too",
			Given: resident().temporary(first, flat, "2026-01-15", "2026-09-15"),
			When:  end(residence.GroundOwnerApplication, "2026-03-15"),
			Then:  []domain.Event{ended(first, flat, residence.Temporary, residence.OwnerApplication, "2026-03-15")},
		}, {
			Name:  "R7 both kinds at one dwelling end together",
			Given: resident().temporary(first, flat, "2026-01-15", "2026-09-15").permanent(again, flat, "2026-02-01"),
			When:  end(residence.GroundOwnerApplication, "2026-03-15"),
			Then: []domain.Event{
				ended(first, flat, residence.Temporary, residence.OwnerApplication, "2026-03-15"),
				ended(again, flat, residence.Permanent, residence.OwnerApplication, "2026-03-15"),
			},
		}, {
			Name:    "R7 nobody is deregistered from where they are not registered",
			Given:   resident().permanent(first, house, "2020-01-01"),
			When:    end(residence.GroundOwnerApplication, "2026-03-15"),
			Refused: domain.CodeNotRegisteredHere,
		}, {
			Name:    "R7 not even on departure",
			Given:   resident().permanent(first, house, "2020-01-01"),
			When:    end(residence.GroundDepartureAbroad, "2026-03-15"),
			Refused: domain.CodeNotRegisteredHere,
		}, {
			Name:    "R7 a stay whose term is over is not active",
			Given:   resident().temporary(first, flat, "2026-01-15", "2026-03-15"),
			When:    end(residence.GroundOwnerApplication, "2026-03-15"),
			Refused: domain.CodeNotRegisteredHere,
		}, {
			Name:  "R7 on its last day it is",
			Given: resident().temporary(first, flat, "2026-01-15", "2026-03-16"),
			When:  end(residence.GroundOwnerApplication, "2026-03-15"),
			Then:  []domain.Event{ended(first, flat, residence.Temporary, residence.OwnerApplication, "2026-03-15")},
		}, {
			Name: "R14 an ending is not repeated",
			Given: resident().permanent(first, flat, "2020-01-01").
				ended(first, flat, residence.Permanent, residence.CourtDecision, "2026-03-01"),
			When:    end(residence.GroundOwnerApplication, "2026-03-15"),
			Refused: domain.CodeNotRegisteredHere,
		}, {
			Name:  "R14 an ending on the day of the beginning",
			Given: resident().permanent(first, flat, "2026-03-15"),
			When:  end(residence.GroundOwnerApplication, "2026-03-15"),
			Then:  []domain.Event{ended(first, flat, residence.Permanent, residence.OwnerApplication, "2026-03-15")},
		}, {
			Name:    "R14 not on the day before",
			Given:   resident().permanent(first, flat, "2026-03-15"),
			When:    end(residence.GroundOwnerApplication, "2026-03-14"),
			Refused: domain.CodeEndsBeforeBegin,
		},
	})
}

func TestR15_WhatWasRegisteredAfterTheApplicationStays(t *testing.T) {
	// The registration is at position 101 of the log.
	p := resident().permanent(first, flat, "2026-03-15").fold()
	c := residence.EndFor{
		CaseID:     caseID,
		DwellingID: flat,
		Ground:     residence.GroundOwnerApplication,
		On:         today,
		Received:   100,
	}
	got, err := p.EndFor(c)
	domaintest.Refused(t, got, err, domain.CodeNotRegisteredHere, "")
	c.Received = 102
	if got, err = p.EndFor(c); err != nil || len(got) != 1 {
		t.Errorf("registered before the application: %v, %v", domaintest.Types(got), err)
	}
}

func TestACopyOfAPersonStaysAsItWas(t *testing.T) {
	p := resident().permanent(first, flat, "2020-01-01").fold()
	before := *p
	p.Apply(
		domaintest.Recorded(
			2,
			residence.RegistrationEnded{PersonID: aigul, RegistrationID: first, DwellingID: flat, On: today},
		),
	)
	p.Apply(
		domaintest.Recorded(
			3,
			residence.RegistrationBegan{
				PersonID:       aigul,
				RegistrationID: again,
				DwellingID:     house,
				Kind:           residence.Permanent,
				From:           today,
			},
		),
	)
	if len(before.Registrations) != 1 || before.Registrations[0].Ended {
		t.Errorf("the copy became %v", before.Registrations)
	}
	if len(p.Registrations) != 2 || !p.Registrations[0].Ended {
		t.Errorf("the original became %v", p.Registrations)
	}
}
