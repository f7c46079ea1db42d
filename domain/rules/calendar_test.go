package rules_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tizilim/domain"
	"tizilim/domain/rules"
	"tizilim/domain/rules/rulestest"
)

// works answers for a day of the built-in calendar.
func works(t interface{ Fatal(...any) }, d domain.Date) bool {
	yes, err := rules.DefaultCalendar().IsWorkingDay(d)
	if err != nil {
		t.Fatal(err)
	}
	return yes
}

// TestDaysOffOfTheBuiltInCalendar lists every weekday of two years that is not
// worked: holidays, and the days to which they move from a weekend.
func TestDaysOffOfTheBuiltInCalendar(t *testing.T) {
	for year, want := range map[int][]string{
		2024: {
			"01-01", "01-02", "03-08", "03-21", "03-22", "03-25", // Nauryz ends on a Saturday
			"05-01", "05-07", "05-09", "07-08", "08-30", "10-25", "12-16",
			// Orthodox Christmas and Kurban Ait fall on Sundays and do not move.
		},
		2026: {
			"01-01", "01-02", "01-07", "03-09", "03-23", "03-24", "03-25", // Nauryz begins on a Saturday
			"05-01", "05-07", "05-11", "05-27", "07-06", "08-31", "10-26", "12-16",
		},
	} {
		var got []string
		for d := domain.NewDate(year, 1, 1); d.Before(domain.NewDate(year+1, 1, 1)); d = d.AddDays(1) {
			wd := d.Start().Weekday()
			if weekend := wd == time.Saturday || wd == time.Sunday; weekend {
				if works(t, d) {
					t.Errorf("%s, a %s, is worked", d, wd)
				}
			} else if !works(t, d) {
				got = append(got, d.String()[5:])
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d: days off %v\nwant %v", year, got, want)
		}
	}
	if got := rules.DefaultCalendar().Years(); !slices.Equal(got, []int{2024, 2025, 2026, 2027}) {
		t.Errorf("years %v", got)
	}
}

// ownCalendar is one year of an operator's file.
func ownCalendar(t testing.TB, year int, members string) *rules.Calendar {
	t.Helper()
	c, err := rules.LoadCalendar(strings.NewReader(ownFile(year, members)))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func ownFile(year int, members string) string {
	return fmt.Sprintf(`{"holidays_on_weekends_move":true,"years":[{"year":%d,%s}]}`, year, members)
}

func TestMovedDaysAreData(t *testing.T) {
	// The Government swaps Friday 2 January for Sunday 4 January 2026.
	c := ownCalendar(
		t,
		2026,
		`"holidays":[{"on":"2026-01-01","name":"New Year"},{"on":"2026-05-09","name":"Victory Day"}],
		"rest_days":[{"on":"2026-01-02","name":"moved"}],"working_days":[{"on":"2026-01-04","name":"moved"}]`,
	)
	for on, want := range map[string]bool{
		"2026-01-01": false, "2026-01-02": false, "2026-01-03": false, "2026-01-04": true, "2026-01-05": true,
		"2026-05-08": true, "2026-05-09": false, "2026-05-10": false, "2026-05-11": false, "2026-05-12": true,
	} {
		if got, err := c.IsWorkingDay(day(on)); err != nil || got != want {
			t.Errorf("%s is worked: %t, %v, want %t", on, got, err, want)
		}
	}
	still, err := rules.LoadCalendar(strings.NewReader(strings.Replace(
		ownFile(
			2026,
			`"holidays":[{"on":"2026-05-09","name":"Victory Day"}],"rest_days":[],"working_days":[]`,
		),
		"true",
		"false",
		1,
	)))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := still.IsWorkingDay(day("2026-05-11")); err != nil || !got {
		t.Errorf("where holidays do not move, the Monday after one is worked: %t, %v", got, err)
	}
}

func TestAYearWithoutDataIsAnErrorNeverAYearWithoutHolidays(t *testing.T) {
	c := rules.DefaultCalendar()
	for name, ask := range map[string]func() error{
		"IsWorkingDay before":   func() error { _, err := c.IsWorkingDay(day("2023-12-29")); return err },
		"IsWorkingDay after":    func() error { _, err := c.IsWorkingDay(day("2028-01-03")); return err },
		"NextWorkingDay":        func() error { _, err := c.NextWorkingDay(day("2028-01-03")); return err },
		"AddWorkingDays across": func() error { _, err := c.AddWorkingDays(day("2027-12-30"), 2); return err },
		"RegisteredAt":          func() error { _, err := c.RegisteredAt(day("2028-01-03").Start()); return err },
		"RegisteredAt across":   func() error { _, err := c.RegisteredAt(day("2027-12-31").End()); return err },
		"PlacementDeadline":     func() error { _, err := rules.Book{}.PlacementDeadline(day("2027-12-10")); return err },
	} {
		err := ask()
		if domain.CodeOf(err) != domain.CodeCalendarYear || !strings.Contains(err.Error(), "calendar") {
			t.Errorf("%s: %v, want %s with a sentence", name, err, domain.CodeCalendarYear)
		}
	}
}

func TestWorkingDaysOfTheProcedure(t *testing.T) {
	c := rules.DefaultCalendar()
	for _, s := range []struct {
		name string
		from string
		n    int
		want string
	}{
		{"preliminary decision on a Monday, act on Thursday (C8)", "2026-03-16", 3, "2026-03-19"},
		{"over a weekend (C8)", "2026-04-16", 3, "2026-04-21"},
		{"over Nauryz: 21 to 25 March (C8)", "2026-03-19", 3, "2026-03-27"},
		{"objection window over Nauryz (C8)", "2026-03-20", 2, "2026-03-27"},
		{"forwarding from a Sunday (C5)", "2026-03-15", 3, "2026-03-18"},
		{"twenty working days (C12)", "2026-04-13", 20, "2026-05-14"},
		{"the day itself does not count (C9)", "2026-04-13", 0, "2026-04-13"},
		{"over the turn of the year (C9)", "2026-12-31", 1, "2027-01-05"},
	} {
		if got, err := c.AddWorkingDays(day(s.from), s.n); err != nil || got != day(s.want) {
			t.Errorf("%s: %s, %v, want %s", s.name, got, err, s.want)
		}
	}
	if _, err := c.AddWorkingDays(day("2026-03-16"), -1); err == nil {
		t.Error("working days are not counted back")
	}
}

func TestQ4_ADeadlineOnADayOffMovesToTheNextWorkingDay(t *testing.T) {
	for complete, want := range map[string]string{
		"2026-03-15": "2026-04-14",
		"2026-01-29": "2026-03-02", // 28 February is a Saturday
		"2026-02-19": "2026-03-26", // 21 March, Nauryz
		"2026-04-07": "2026-05-08", // 7 May
		"2026-04-09": "2026-05-12", // 9 May, Victory Day on a Saturday: Monday is off
	} {
		if got, err := (rules.Book{}).PlacementDeadline(day(complete)); err != nil || got != day(want) {
			t.Errorf("complete on %s: %s, %v, want %s", complete, got, err, want)
		}
	}
	staying := rulestest.Book(t, "2026-01-01", `"deadline_on_working_day": true`, `"deadline_on_working_day": false`)
	if got, err := staying.PlacementDeadline(day("2026-01-29")); err != nil || got != day("2026-02-28") {
		t.Errorf("by an edition in which deadlines stay: %s, %v", got, err)
	}
}

func TestC4_WhatComesOutsideWorkingTimeIsRegisteredWhenTheOfficeOpens(t *testing.T) {
	for received, want := range map[string]string{
		"2026-03-16T09:00:00+05:00": "2026-03-16T09:00:00+05:00", // in working time: at once
		"2026-03-16T12:34:56+05:00": "2026-03-16T12:34:56+05:00",
		"2026-03-16T17:59:59+05:00": "2026-03-16T17:59:59+05:00",
		"2026-03-16T18:00:00+05:00": "2026-03-17T09:00:00+05:00", // closed
		"2026-03-16T08:59:59+05:00": "2026-03-16T09:00:00+05:00", // not yet open
		"2026-03-13T18:00:00+05:00": "2026-03-16T09:00:00+05:00", // Friday evening
		"2026-03-15T12:00:00+05:00": "2026-03-16T09:00:00+05:00", // Sunday
		"2026-03-20T18:30:00+05:00": "2026-03-26T09:00:00+05:00", // Nauryz
		"2026-03-16T12:59:59Z":      "2026-03-16T12:59:59Z",      // one second before closing in UTC+5
		"2026-03-16T13:00:00Z":      "2026-03-17T04:00:00Z",
	} {
		at, err := time.Parse(time.RFC3339, received)
		if err != nil {
			t.Fatal(err)
		}
		wanted, err := time.Parse(time.RFC3339, want)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := rules.DefaultCalendar().RegisteredAt(at); err != nil || !got.Equal(wanted) {
			t.Errorf("received %s: registered %s, %v, want %s", received, got.In(domain.Zone), err, want)
		}
	}
	whole := ownCalendar(t, 2026, `"holidays":[{"on":"2026-01-01","name":"New Year"}],"rest_days":[],"working_days":[]`)
	night := day("2026-03-16").End()
	if got, err := whole.RegisteredAt(night); err != nil || !got.Equal(night) {
		t.Errorf("without office hours a working day lasts until midnight: %s, %v", got, err)
	}
	if got, err := whole.RegisteredAt(day("2026-03-15").Start()); err != nil || !got.Equal(day("2026-03-16").Start()) {
		t.Errorf("without office hours Sunday's post is of Monday: %s, %v", got, err)
	}
}

// aDay draws a day from which 60 working days can be counted.
func aDay(t *rapid.T, label string) domain.Date {
	return day("2024-01-01").AddDays(rapid.IntRange(0, 3*365).Draw(t, label))
}

func TestWorkingDaysAddUp(t *testing.T) {
	c := rules.DefaultCalendar()
	add := func(t *rapid.T, d domain.Date, n int) domain.Date {
		got, err := c.AddWorkingDays(d, n)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	between := func(t *rapid.T, a, b domain.Date) (n int) { // working days after a and not after b
		for d := a.AddDays(1); !b.Before(d); d = d.AddDays(1) {
			if works(t, d) {
				n++
			}
		}
		return n
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b, n, m := aDay(t, "a"), aDay(t, "b"), rapid.IntRange(0, 60).Draw(t, "n"), rapid.IntRange(0, 60).Draw(t, "m")
		if b.Before(a) {
			a, b = b, a
		}
		end := add(t, a, n)
		if got := between(t, a, end); got != n {
			t.Fatalf("%s + %d working days = %s, which is %d working days later", a, n, end, got)
		}
		if n > 0 && !works(t, end) {
			t.Fatalf("%s + %d working days = %s, which is a day off", a, n, end)
		}
		if a.Before(b) && works(t, b) && add(t, a, between(t, a, b)) != b {
			t.Fatalf("from %s to %s are %d working days, but counting them leads elsewhere", a, b, between(t, a, b))
		}
		next, err := c.NextWorkingDay(b)
		if err != nil || !works(t, next) || next.Before(b) || works(t, b) && next != b ||
			!works(t, b) && between(t, b, next) != 1 {
			t.Fatalf("next working day of %s is %s, %v", b, next, err)
		}
		if add(t, add(t, a, n), m) != add(t, a, n+m) {
			t.Fatalf("%s: %d and then %d working days are not %d", a, n, m, n+m)
		}
		if add(t, b, n).Before(end) {
			t.Fatalf("%d working days after %s come before those after %s", n, b, a)
		}
		if n < m && !end.Before(add(t, a, m)) {
			t.Fatalf("%d working days after %s are not before %d", n, a, m)
		}
		if between(t, b, a) != 0 {
			t.Fatalf("from %s back to %s are %d working days", b, a, between(t, b, a))
		}
	})
}

func TestC4_RegistrationNeverGoesBackAndKeepsTheOrder(t *testing.T) {
	c := rules.DefaultCalendar()
	rapid.Check(t, func(t *rapid.T) {
		a := aDay(t, "day").Start().Add(time.Duration(rapid.IntRange(0, 24*60*60-1).Draw(t, "second")) * time.Second)
		b := a.Add(time.Duration(rapid.IntRange(0, 10*24*60*60).Draw(t, "later")) * time.Second)
		ra, err := c.RegisteredAt(a)
		if err != nil {
			t.Fatal(err)
		}
		rb, err := c.RegisteredAt(b)
		if err != nil {
			t.Fatal(err)
		}
		again, err := c.RegisteredAt(ra)
		if err != nil {
			t.Fatal(err)
		}
		if ra.Before(a) || rb.Before(ra) || !again.Equal(ra) || !works(t, domain.DateOf(ra)) {
			t.Fatalf("received %s, registered %s (again: %s); received %s, registered %s", a, ra, again, b, rb)
		}
	})
}

func TestLoadCalendarRefusesWithASentence(t *testing.T) {
	none := `"rest_days":[],"working_days":[]`
	newYear := `"holidays":[{"on":"2026-01-01","name":"New Year"}],`
	for _, c := range []struct{ name, file, says string }{
		{"nothing", ``, "not a JSON document"},
		{"nested deeply", strings.Repeat("[", 400_000), "not a JSON document"},
		{"no years", `{"holidays_on_weekends_move":true,"years":[]}`, "has no years"},
		{"the flag missing", `{"years":[]}`, "holidays_on_weekends_move is missing"},
		{"no holidays at all", ownFile(2026, `"holidays":[],`+none), "the year 2026 has no holidays"},
		{"holidays forgotten", ownFile(2026, none), "years[0].holidays is missing"},
		{"unknown member", ownFile(2026, newYear+`"holidys":[],`+none), `"holidys" is not known`},
		{"a day of another year", ownFile(2025, newYear+none), "not a day of that year"},
		{"no day", ownFile(2026, `"holidays":[{"on":"","name":"New Year"}],`+none), "not a day of that year"},
		{"no such day", ownFile(2026, `"holidays":[{"on":"2026-02-30","name":"New Year"}],`+none), "YYYY-MM-DD"},
		{"no name", ownFile(2026, `"holidays":[{"on":"2026-01-01","name":""}],`+none), "say which holiday it is"},
		{"a day twice", ownFile(2026, newYear+`"rest_days":[{"on":"2026-01-01","name":"again"}],"working_days":[]`), "comes twice"},
		{"worked and off", ownFile(2026, newYear+`"rest_days":[],"working_days":[{"on":"2026-01-01","name":"no"}]`), "comes twice"},
		{"worked anyway", ownFile(2026, newYear+`"rest_days":[],"working_days":[{"on":"2026-01-05","name":"moved"}]`), "a working day anyway"},
		{"a year twice", `{"holidays_on_weekends_move":true,"years":[{"year":2026,` + newYear + none + `},{"year":2026,` + newYear + none + `}]}`, "the year 2026 comes twice"},
		{"hours that are none", `{"holidays_on_weekends_move":true,"office_hours":{"opens":"9","closes":"18:00"},"years":[]}`, "as HH:MM"},
		{"hours the wrong way round", `{"holidays_on_weekends_move":true,"office_hours":{"opens":"18:00","closes":"09:00"},"years":[]}`, "lies before"},
		{"hours of no length", `{"holidays_on_weekends_move":true,"office_hours":{"opens":"09:00","closes":"09:00"},"years":[]}`, "lies before"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := rules.LoadCalendar(strings.NewReader(c.file))
			if err == nil || got != nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want a sentence with %q", err, c.says)
			}
		})
	}
}

func FuzzLoadCalendar(f *testing.F) {
	f.Add(
		ownFile(
			2026,
			`"holidays":[{"on":"2026-01-01","name":"New Year"}],"rest_days":[],"working_days":[{"on":"2026-01-03","name":"moved"}]`,
		),
	)
	f.Add(
		ownFile(
			2027,
			`"holidays":[{"on":"2027-12-26","name":"x"},{"on":"2027-12-31","name":"y"}],"rest_days":[{"on":"2027-12-27","name":"z"}],"working_days":[]`,
		),
	)
	f.Add(`{"holidays_on_weekends_move":true,"office_hours":{"opens":"00:00","closes":"00:01"},"years":[]}`)
	f.Add(``)
	f.Fuzz(func(t *testing.T, file string) {
		c, err := rules.LoadCalendar(strings.NewReader(file))
		if err != nil {
			if c != nil {
				t.Fatal("a calendar and an error")
			}
			return
		}
		for _, y := range c.Years() { // what loads answers for every day of its years and for no other
			first, last := domain.NewDate(y, 1, 1), domain.NewDate(y, 12, 31)
			for d := first; !last.Before(d); d = d.AddDays(1) {
				if _, err := c.IsWorkingDay(d); err != nil {
					t.Fatal(err)
				}
			}
			if !slices.Contains(c.Years(), y+1) {
				if _, err := c.IsWorkingDay(last.AddDays(1)); domain.CodeOf(err) != domain.CodeCalendarYear {
					t.Fatalf("the year %d is not in the calendar, and yet: %v", y+1, err)
				}
			}
		}
	})
}

// TestTheNotesOfTheCalendarSayWhatMustBeConfirmed: an operator reads them there.
func TestTheNotesOfTheCalendarSayWhatMustBeConfirmed(t *testing.T) {
	var file struct{ Notes []string }
	if err := json.Unmarshal(rules.CalendarFile, &file); err != nil {
		t.Fatal(err)
	}
	notes := strings.Join(file.Notes, "\n")
	for _, what := range []string{"lunar calendar", "confirm", "decision of the Government", "holidays_on_weekends_move"} {
		if !strings.Contains(notes, what) {
			t.Errorf("the notes do not speak of %q", what)
		}
	}
}
