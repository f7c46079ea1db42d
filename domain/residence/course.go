package residence

import (
	"slices"

	"tizilim/domain"
)

// course is what a dwelling was in the course of time: values with the day from which each
// holds, in the order of the days. The first value stands for all days before it too: nobody
// knows an earlier one. A course is never changed in place.
type course[T comparable] []since[T]

type since[T comparable] struct {
	from  domain.Date
	value T
}

// then returns the course with a value that holds from the day on. The day is not before that
// of the last value.
func (c course[T]) then(from domain.Date, value T) course[T] {
	return append(slices.Clip(c), since[T]{from, value})
}

// on returns the value on the day; the zero value where there is none.
func (c course[T]) on(day domain.Date) (value T) {
	for i, s := range c {
		if i == 0 || !day.Before(s.from) {
			value = s.value
		}
	}
	return value
}

// last is the day from which the last value holds; no day where there is none, or one whose
// beginning nobody has stated.
func (c course[T]) last() domain.Date {
	if len(c) == 0 {
		return domain.Date{}
	}
	return c[len(c)-1].from
}

// recordedFrom returns the first day of another value of the course: today where none is
// stated. It refuses a day in the future, and one before the last value, since what a dwelling
// is is recorded in its order in time.
func (c course[T]) recordedFrom(cmd domain.Command, on domain.Date) (domain.Date, error) {
	last := c.last()
	switch {
	case on.IsZero():
		on = cmd.Today()
	case cmd.Today().Before(on):
		return on, domain.Refuse(domain.Invalid, domain.CodeDateInFuture,
			"a dwelling cannot be other from a day in the future on: give today or an earlier day").At("effective_on")
	}
	if on.Before(last) {
		return on, domain.Refuse(domain.Conflict, domain.CodeEffectiveTooEarly,
			"what is recorded now holds from %s on; the change cannot be before that day", last).At("effective_on")
	}
	return on, nil
}
