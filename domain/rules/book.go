package rules

import "tizilim/domain"

// Book is what a decider judges by: the table of rules and the calendar. The
// zero Book holds the built-in ones.
type Book struct {
	table    *Table
	calendar *Calendar
}

// NewBook returns the book of a table and a calendar; nil stands for the one
// that is built in.
func NewBook(t *Table, c *Calendar) Book { return Book{t, c} }

// On returns the edition in force on the day.
func (b Book) On(day domain.Date) Edition { return b.Table().On(day) }

// Table of the book.
func (b Book) Table() *Table {
	if b.table == nil {
		return Default()
	}
	return b.table
}

// Calendar of the book.
func (b Book) Calendar() *Calendar {
	if b.calendar == nil {
		return DefaultCalendar()
	}
	return b.calendar
}

// PlacementDeadline is the last day on which an application for service housing
// that was complete on the day is decided in time (Q4): the term of calendar
// days, and where that ends on a day off, the next working day. Error: that of
// the calendar, where it lacks the year.
func (b Book) PlacementDeadline(complete domain.Date) (domain.Date, error) {
	e := b.On(complete).Placement
	if !e.DeadlineOnWorkingDay {
		return complete.AddDays(e.TermDays), nil
	}
	return b.LastDay(complete, e.TermDays)
}

// LastDay is the last day, until its midnight, of a term of calendar days that begins on
// the day: where it is a day off, the next working day. Error: as [Book.PlacementDeadline].
func (b Book) LastDay(from domain.Date, days int) (domain.Date, error) {
	return b.Calendar().NextWorkingDay(from.AddDays(days))
}
