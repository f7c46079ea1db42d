package domain

import (
	"fmt"
	"time"
)

// Zone is the one time zone of Kazakhstan since 1 March 2024, UTC+5. It is a
// fixed offset, so that deadlines do not depend on the machine's zone tables.
// It also gives the day of an earlier instant, where Almaty and the east had
// UTC+6: the registry takes over no instants from before then, and a day that
// a paper names stays that day.
var Zone = time.FixedZone("UTC+5", 5*60*60)

// Date is a day of the calendar in [Zone]. The zero Date is no day.
//
// Periods of residence are half open: a registration from A until B holds on
// A and no longer on B, so that a move leaves neither gap nor overlap.
type Date struct {
	year  int16
	month int8
	day   int8
}

// NewDate returns the day, normalised as [time.Date] does.
func NewDate(year int, month time.Month, day int) Date {
	return DateOf(time.Date(year, month, day, 0, 0, 0, 0, Zone))
}

// DateOf returns the day in [Zone] at the instant t.
func DateOf(t time.Time) Date {
	y, m, d := t.In(Zone).Date()
	return Date{int16(y), int8(m), int8(d)}
}

// ParseDate reads YYYY-MM-DD, years 1800 to 2999. Error: [CodeDateFormat].
func ParseDate(s string) (Date, error) {
	t, err := time.ParseInLocation(time.DateOnly, s, Zone)
	if err != nil || t.Year() < 1800 || t.Year() > 2999 {
		return Date{}, Refuse(Invalid, CodeDateFormat, "write the day as YYYY-MM-DD, for example 2026-03-01")
	}
	return DateOf(t), nil
}

func (d Date) IsZero() bool { return d == Date{} }

// Start is the first instant of the day in [Zone]; the zero time for no day.
func (d Date) Start() time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	return time.Date(int(d.year), time.Month(d.month), int(d.day), 0, 0, 0, 0, Zone)
}

// End is the last second of the day in [Zone]; a term that ends on the day can
// be met until then.
func (d Date) End() time.Time { return d.Over().Add(-time.Second) }

// Over is the first instant after the day in [Zone].
func (d Date) Over() time.Time { return d.AddDays(1).Start() }

// LastDayBefore is the last day on which something that is over at t can be done.
func LastDayBefore(t time.Time) Date { return DateOf(t.Add(-1)) }

func (d Date) AddDays(n int) Date {
	return NewDate(int(d.year), time.Month(d.month), int(d.day)+n)
}

// AddMonths returns the same day n months later, or the last day of that month
// where it has no such day (31 January + 1 month = 28 or 29 February).
func (d Date) AddMonths(n int) Date {
	first := NewDate(int(d.year), time.Month(d.month)+time.Month(n), 1)
	last := NewDate(int(first.year), time.Month(first.month)+1, 0)
	return Date{first.year, first.month, min(d.day, last.day)}
}

func (d Date) Before(o Date) bool { return d.Compare(o) < 0 }

// Compare is negative, zero or positive as d is before, on or after o.
func (d Date) Compare(o Date) int { return d.ordinal() - o.ordinal() }

func (d Date) ordinal() int { return int(d.year)*512 + int(d.month)*32 + int(d.day) }

// YearsOn returns how many full years have passed from d (a birth) to on.
func (d Date) YearsOn(on Date) int {
	years := int(on.year) - int(d.year)
	if on.month < d.month || on.month == d.month && on.day < d.day {
		years--
	}
	return years
}

func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.year, d.month, d.day)
}

// MarshalText writes YYYY-MM-DD; the zero Date is the empty text.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText writes. Error: [CodeDateFormat].
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	parsed, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}
