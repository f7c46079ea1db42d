package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"time"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// calendarAhead is how far the calendar should reach: beyond the longest term
// that an application received today can have, extensions included.
const calendarAhead = 120 // days

// openBook reads the operator's table of rules and calendar; an empty name
// stands for the built-in one.
func openBook(rulesFile, calendarFile string) (rules.Book, error) {
	table, err := readFile(rulesFile, rules.Load)
	if err != nil {
		return rules.Book{}, err
	}
	calendar, err := readFile(calendarFile, rules.LoadCalendar)
	if err != nil {
		return rules.Book{}, err
	}
	return rules.NewBook(table, calendar), nil
}

func readFile[T any](name string, load func(io.Reader) (*T, error)) (*T, error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() // only read
	v, err := load(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return v, nil
}

// tellRules logs at the start which edition is in force, and warns if the calendar
// ends soon.
func tellRules(book rules.Book, now time.Time, log *slog.Logger) {
	today := domain.DateOf(now)
	log.Info("rules", "edition", book.On(today).ID)
	years := book.Calendar().Years()
	for _, day := range []domain.Date{today, today.AddDays(calendarAhead)} {
		if y := day.Start().Year(); !slices.Contains(years, y) {
			log.Warn("the calendar does not know the holidays of a year that terms reach: applications for service "+
				"housing whose term ends there are answered with 503; give a calendar with --calendar",
				"year", y, "known", years)
			return
		}
	}
}
