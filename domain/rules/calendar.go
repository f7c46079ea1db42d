package rules

import (
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"tizilim/domain"
)

//go:embed calendar.json
var calendarFile []byte

// Calendar knows the working days of the years that it has data for. It refuses
// to answer for any other year, so that a year that nobody entered does not pass
// for one without holidays. It is never changed once loaded.
type Calendar struct {
	opens, closes time.Duration // office hours, from the start of a day; both 0: none are kept
	years         map[int]bool
	off           map[domain.Date]bool // days off beside Saturdays and Sundays
	worked        map[domain.Date]bool // Saturdays and Sundays made working days
}

// DefaultCalendar returns the calendar that is built in: Kazakhstan, the years
// whose holidays are known.
var DefaultCalendar = sync.OnceValue(func() *Calendar {
	c, err := LoadCalendar(bytes.NewReader(calendarFile))
	if err != nil {
		panic(err) // a constant of this package is wrong
	}
	return c
})

type calendarData struct {
	Notes []string `json:"notes,omitempty"`
	// A holiday on a Saturday or Sunday makes the next working day a day off
	// (labour code, art. 84; the days of rest of the same article do not move).
	HolidaysMove bool         `json:"holidays_on_weekends_move"`
	OfficeHours  *officeHours `json:"office_hours,omitempty"`
	Years        []yearData   `json:"years"`
}

type officeHours struct {
	Opens  string `json:"opens"` // HH:MM in domain.Zone
	Closes string `json:"closes"`
}

type yearData struct {
	Year        int        `json:"year"`
	Holidays    []namedDay `json:"holidays"`     // national and state holidays
	RestDays    []namedDay `json:"rest_days"`    // other days off: religious ones, those that the Government moved
	WorkingDays []namedDay `json:"working_days"` // Saturdays and Sundays that the Government made working days
}

type namedDay struct {
	On   domain.Date `json:"on"`
	Name string      `json:"name"` // the holiday, or the act that moved the day
}

// LoadCalendar reads a calendar in the form of calendar.json.
func LoadCalendar(r io.Reader) (*Calendar, error) {
	var file calendarData
	if err := decodeStrict(r, &file, nil); err != nil {
		return nil, fmt.Errorf("calendar: %w", err)
	}
	c := &Calendar{years: map[int]bool{}, off: map[domain.Date]bool{}, worked: map[domain.Date]bool{}}
	if err := c.setHours(file.OfficeHours); err != nil {
		return nil, fmt.Errorf("calendar: %w", err)
	}
	if len(file.Years) == 0 {
		return nil, fmt.Errorf("calendar: it has no years")
	}
	var moving []domain.Date
	named := map[domain.Date]bool{}
	for _, y := range file.Years {
		if c.years[y.Year] {
			return nil, fmt.Errorf("calendar: the year %d comes twice", y.Year)
		}
		c.years[y.Year] = true
		if len(y.Holidays) == 0 {
			return nil, fmt.Errorf("calendar: the year %d has no holidays", y.Year)
		}
		for _, list := range []struct {
			name string
			days []namedDay
		}{{"holidays", y.Holidays}, {"rest_days", y.RestDays}, {"working_days", y.WorkingDays}} {
			for i, d := range list.days {
				at := fmt.Sprintf("calendar: year %d, %s[%d]", y.Year, list.name, i)
				switch {
				case d.On.IsZero() || yearOf(d.On) != y.Year:
					return nil, fmt.Errorf("%s: on is %q, which is not a day of that year", at, d.On)
				case d.Name == "":
					return nil, fmt.Errorf("%s: name is empty: say which holiday it is, or which act moved the day", at)
				case named[d.On]:
					return nil, fmt.Errorf("%s: the day %s comes twice in this year", at, d.On)
				case list.name == "working_days" && !weekend(d.On):
					return nil, fmt.Errorf(
						"%s: %s is a working day anyway; only a Saturday or Sunday can become one",
						at,
						d.On,
					)
				}
				named[d.On] = true
			}
		}
		for _, d := range y.Holidays {
			c.off[d.On] = true
			if weekend(d.On) && file.HolidaysMove {
				moving = append(moving, d.On)
			}
		}
		for _, d := range y.RestDays {
			c.off[d.On] = true
		}
		for _, d := range y.WorkingDays {
			c.worked[d.On] = true
		}
	}
	slices.SortFunc(moving, domain.Date.Compare)
	for _, holiday := range moving {
		d := holiday.AddDays(1)
		for weekend(d) || c.off[d] || c.worked[d] {
			d = d.AddDays(1)
		}
		c.off[d] = true
	}
	return c, nil
}

func (c *Calendar) setHours(h *officeHours) error {
	if h == nil {
		return nil
	}
	for _, end := range []struct {
		text string
		into *time.Duration
	}{{h.Opens, &c.opens}, {h.Closes, &c.closes}} {
		t, err := time.Parse("15:04", end.text)
		if err != nil {
			return fmt.Errorf("office_hours: write the time %q as HH:MM", end.text)
		}
		*end.into = time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
	}
	if c.opens >= c.closes {
		return fmt.Errorf("office_hours: opens (%s) lies before closes (%s)", h.Opens, h.Closes)
	}
	return nil
}

// Years returns the years that the calendar knows, in order.
func (c *Calendar) Years() []int { return slices.Sorted(maps.Keys(c.years)) }

// IsWorkingDay reports whether d is a working day. Error, as of all methods below:
// [domain.CodeCalendarYear] for a year without data.
func (c *Calendar) IsWorkingDay(d domain.Date) (bool, error) {
	if y := yearOf(d); !c.years[y] {
		return false, domain.Refuse(domain.Unavailable, domain.CodeCalendarYear,
			"the calendar does not know the holidays of %d, so no term can be counted into that year: "+
				"the operator adds the year to the calendar and starts the server with --calendar", y)
	}
	return c.worked[d] || !weekend(d) && !c.off[d], nil
}

// NextWorkingDay returns d if it is a working day, else the first working day
// after it: a deadline on a day off moves there.
func (c *Calendar) NextWorkingDay(d domain.Date) (domain.Date, error) {
	for ; ; d = d.AddDays(1) {
		if works, err := c.IsWorkingDay(d); err != nil || works {
			return only(d, err)
		}
	}
}

// AddWorkingDays returns the n-th working day after d; d itself is not counted.
// For n = 0 it returns d. A term of n working days that begins with something on
// d ends with the returned day.
func (c *Calendar) AddWorkingDays(d domain.Date, n int) (domain.Date, error) {
	if n < 0 {
		return domain.Date{}, domain.Refuse(domain.Invalid, domain.CodeMalformed,
			"working days are counted forward: %d is less than 0", n)
	}
	for n > 0 {
		d = d.AddDays(1)
		works, err := c.IsWorkingDay(d)
		if err != nil {
			return domain.Date{}, err
		}
		if works {
			n--
		}
	}
	return d, nil
}

// RegisteredAt returns the instant at which something received at t is registered
// (C4; APPC art. 64): t itself in working time, else the next opening of the
// office. Without office hours all of a working day is working time.
func (c *Calendar) RegisteredAt(t time.Time) (time.Time, error) {
	day := domain.DateOf(t)
	works, err := c.IsWorkingDay(day)
	if err != nil {
		return time.Time{}, err
	}
	opens := day.Start().Add(c.opens)
	hours := c.closes > 0
	switch {
	case works && (!hours || !t.Before(opens) && t.Before(day.Start().Add(c.closes))):
		return t, nil
	case works && t.Before(opens):
		return opens, nil
	}
	next, err := c.NextWorkingDay(day.AddDays(1))
	if err != nil {
		return time.Time{}, err
	}
	return next.Start().Add(c.opens), nil
}

// only returns no day where there is an error.
func only(d domain.Date, err error) (domain.Date, error) {
	if err != nil {
		return domain.Date{}, err
	}
	return d, nil
}

func yearOf(d domain.Date) int { return d.Start().Year() }

func weekend(d domain.Date) bool {
	w := d.Start().Weekday()
	return w == time.Saturday || w == time.Sunday
}
