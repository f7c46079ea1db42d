package domain_test

import (
	"encoding/json"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/domaintest"
)

var day = domaintest.Day

func TestParseDateTakesOneFormOnly(t *testing.T) {
	for _, s := range []string{"1800-01-01", "2024-02-29", "2026-03-01", "2999-12-31"} {
		if d, err := domain.ParseDate(s); err != nil || d.String() != s {
			t.Errorf("ParseDate(%q) = %v, %v", s, d, err)
		}
	}
	for _, s := range []string{
		"", " ", "2026-3-1", "01.03.2026", "2026/03/01", "20260301", "2026-03-01T00:00:00Z", " 2026-03-01", "2026-03-01\n",
		"2025-02-29", "2026-02-30", "2026-13-01", "2026-00-10", "2026-01-00", "1799-12-31", "3000-01-01", "0000-00-00",
		"-026-01-01", "٢٠٢٦-٠٣-٠١", "２０２６-03-01",
	} {
		if d, err := domain.ParseDate(s); domain.CodeOf(err) != domain.CodeDateFormat || !d.IsZero() {
			t.Errorf("ParseDate(%q) = %v, %v, want %s", s, d, err, domain.CodeDateFormat)
		}
	}
}

func TestDateIsTheDayInTheZoneOfKazakhstan(t *testing.T) {
	for _, c := range []struct{ instant, day string }{
		{"2026-03-14T18:59:59.999999999Z", "2026-03-14"},
		{"2026-03-14T19:00:00Z", "2026-03-15"}, // midnight UTC+5
		{"2026-03-14T23:59:59Z", "2026-03-15"},
		{"2026-03-15T00:00:00Z", "2026-03-15"},
		{"2026-03-15T18:59:59Z", "2026-03-15"},
		{"2026-03-15T23:30:00+05:00", "2026-03-15"},
		{"2025-12-31T19:00:00Z", "2026-01-01"},
		{"2024-02-28T19:00:00Z", "2024-02-29"},
	} {
		at, err := time.Parse(time.RFC3339Nano, c.instant)
		if err != nil {
			t.Fatal(err)
		}
		if got := domain.DateOf(at).String(); got != c.day {
			t.Errorf("at %s it is %s, want %s", c.instant, got, c.day)
		}
		if got := (domain.Command{Now: at}).Today().String(); got != c.day {
			t.Errorf("today of a command at %s is %s, want %s", c.instant, got, c.day)
		}
	}
}

// TestC9_TheDayInAlmatyBefore1March2024 is that of UTC+5, as everywhere and ever since, also where
// the clocks of that time showed UTC+6.
func TestC9_TheDayInAlmatyBefore1March2024(t *testing.T) {
	almaty := time.FixedZone("UTC+6", 6*60*60)
	for _, c := range []struct {
		at  time.Time
		day string
	}{
		{time.Date(2024, 2, 29, 0, 30, 0, 0, almaty), "2024-02-28"},
		{time.Date(2024, 2, 29, 1, 0, 0, 0, almaty), "2024-02-29"},
		{time.Date(2024, 3, 1, 0, 30, 0, 0, almaty), "2024-02-29"},
		{time.Date(2024, 3, 1, 0, 0, 0, 0, domain.Zone), "2024-03-01"},
		{time.Date(1995, 7, 2, 0, 30, 0, 0, almaty), "1995-07-01"},
	} {
		if got := domain.DateOf(c.at).String(); got != c.day {
			t.Errorf("at %s it is %s, want %s", c.at, got, c.day)
		}
	}
	if d := day("2024-02-29"); domain.DateOf(d.Start()) != d || domain.DateOf(d.End()) != d {
		t.Error("a day that a paper names does not stay that day")
	}
}

func TestDateStartsAndEndsInTheZone(t *testing.T) {
	d := day("2026-03-15")
	if got := d.Start().UTC().Format(time.RFC3339Nano); got != "2026-03-14T19:00:00Z" {
		t.Errorf("start %s", got)
	}
	if got := d.End().UTC().Format(time.RFC3339Nano); got != "2026-03-15T18:59:59Z" {
		t.Errorf("end %s", got)
	}
	if domain.DateOf(d.Start()) != d || domain.DateOf(d.End()) != d {
		t.Error("the day holds neither its start nor its end")
	}
}

func TestTheZeroDateIsNoDay(t *testing.T) {
	var none domain.Date
	if !none.IsZero() || none.String() != "" {
		t.Errorf("zero date prints %q", none)
	}
	// An event without its day must still be storable: JSON has no year -1.
	if !none.Start().IsZero() {
		t.Errorf("zero date starts at %v, want the zero time", none.Start())
	}
}

func TestAddMonthsStopsAtTheEndOfAShorterMonth(t *testing.T) {
	for _, c := range []struct {
		from string
		n    int
		want string
	}{
		{"2026-01-31", 1, "2026-02-28"},
		{"2024-01-31", 1, "2024-02-29"},
		{"2026-01-30", 1, "2026-02-28"},
		{"2026-01-28", 1, "2026-02-28"},
		{"2026-03-31", 1, "2026-04-30"},
		{"2026-02-28", 1, "2026-03-28"}, // not the 31st: clamping does not come back
		{"2026-12-15", 1, "2027-01-15"},
		{"2024-02-29", 12, "2025-02-28"},
		{"2026-02-28", 12, "2027-02-28"},
		{"2026-05-31", 12, "2027-05-31"},
		{"2026-03-31", -1, "2026-02-28"},
		{"2026-01-15", -1, "2025-12-15"},
		{"2026-01-15", 0, "2026-01-15"},
	} {
		if got := day(c.from).AddMonths(c.n); got != day(c.want) {
			t.Errorf("%s + %d months = %s, want %s", c.from, c.n, got, c.want)
		}
	}
}

func TestAddDaysCountsCalendarDays(t *testing.T) {
	for _, c := range []struct {
		from string
		n    int
		want string
	}{
		{"2026-03-15", 30, "2026-04-14"},
		{"2024-02-28", 1, "2024-02-29"},
		{"2026-02-28", 1, "2026-03-01"},
		{"2026-12-31", 1, "2027-01-01"},
		{"2026-01-01", -1, "2025-12-31"},
	} {
		if got := day(c.from).AddDays(c.n); got != day(c.want) {
			t.Errorf("%s + %d days = %s, want %s", c.from, c.n, got, c.want)
		}
	}
}

func TestDatesAreOrderedAsDaysAre(t *testing.T) {
	ordered := []domain.Date{
		{},
		day("1800-01-01"),
		day("2025-12-31"),
		day("2026-01-01"),
		day("2026-01-31"),
		day("2026-02-01"),
		day("2999-12-31"),
	}
	for i, a := range ordered {
		for j, b := range ordered {
			if got := a.Compare(b); (got < 0) != (i < j) || (got > 0) != (i > j) || a.Before(b) != (i < j) {
				t.Errorf("%q against %q: Compare %d, Before %t", a, b, got, a.Before(b))
			}
		}
	}
}

func TestYearsOnTurnOnTheBirthday(t *testing.T) {
	for _, c := range []struct {
		birth, on string
		want      int
	}{
		{"2010-03-15", "2026-03-14", 15},
		{"2010-03-15", "2026-03-15", 16},
		{"2010-03-15", "2026-04-01", 16},
		{"2010-03-15", "2026-02-28", 15},
		{"2008-02-29", "2024-02-28", 15},
		{"2008-02-29", "2024-02-29", 16},
		{"2008-02-29", "2025-02-28", 16}, // 17 on 1 March of a common year
		{"2008-02-29", "2025-03-01", 17},
		{"2026-03-15", "2026-03-15", 0},
	} {
		if got := day(c.birth).YearsOn(day(c.on)); got != c.want {
			t.Errorf("born %s, on %s: %d years, want %d", c.birth, c.on, got, c.want)
		}
	}
}

func TestDateIsTextInJSON(t *testing.T) {
	type letter struct {
		On   domain.Date `json:"on"`
		Left domain.Date `json:"left,omitzero"`
	}
	data, err := json.Marshal(letter{On: day("2026-03-15")})
	if err != nil || string(data) != `{"on":"2026-03-15"}` {
		t.Errorf("%s, %v", data, err)
	}
	var back letter
	if err := json.Unmarshal([]byte(`{"on":"2026-03-15","left":""}`), &back); err != nil ||
		back != (letter{On: day("2026-03-15")}) {
		t.Errorf("%v, %v", back, err)
	}
	if err := json.Unmarshal([]byte(`{"on":"15.03.2026"}`), &back); domain.CodeOf(err) != domain.CodeDateFormat {
		t.Errorf("error %v, want %s", err, domain.CodeDateFormat)
	}
}

func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"2026-03-15", "2024-02-29", "2025-02-29", "1799-12-31", "2999-12-31", "", "2026-3-1", "٢٠٢٦-٠٣-٠١"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := domain.ParseDate(s)
		if err != nil {
			if domain.CodeOf(err) != domain.CodeDateFormat || !d.IsZero() {
				t.Fatalf("ParseDate(%q) = %v, %v", s, d, err)
			}
			return
		}
		if d.String() != s {
			t.Fatalf("ParseDate(%q) prints %q", s, d)
		}
		if domain.DateOf(d.Start()) != d || domain.DateOf(d.End()) != d || !d.Before(d.AddDays(1)) ||
			!d.Before(d.AddMonths(1)) {
			t.Fatalf("%s is not a day like others", d)
		}
	})
}
