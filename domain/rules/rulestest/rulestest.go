// Package rulestest makes tables of rules for tests: the built-in edition
// until a day, and from then on the same with a few changes.
package rulestest

import (
	"encoding/json"
	"strings"
	"testing"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// The editions of a [Table].
const (
	Old = "old"
	New = "new"
)

// Table returns a table in which the built-in rules of the day (YYYY-MM-DD) hold
// as the edition [Old] until the day, and from it on as [New] with the changes: pairs
// of a piece of their JSON and what stands there instead.
func Table(t testing.TB, from string, changes ...string) *rules.Table {
	t.Helper()
	table, err := rules.Load(strings.NewReader(JSON(t, from, changes...)))
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// Book is [Table] with the built-in calendar.
func Book(t testing.TB, from string, changes ...string) rules.Book {
	t.Helper()
	return rules.NewBook(Table(t, from, changes...), nil)
}

// JSON is [Table] as a ministry's file.
func JSON(t testing.TB, from string, changes ...string) string {
	t.Helper()
	day, err := domain.ParseDate(from)
	if err != nil {
		t.Fatal(err)
	}
	builtIn := rules.Default().On(day)
	builtIn.From, builtIn.Until = domain.Date{}, domain.Date{}
	before, err := json.Marshal(builtIn)
	if err != nil {
		t.Fatal(err)
	}
	first := replace(t, string(before), `"id":"`+string(builtIn.ID)+`"`, `"id":"`+Old+`","until":"`+from+`"`)
	second := replace(t, string(before), `"id":"`+string(builtIn.ID)+`"`, `"id":"`+New+`","from":"`+from+`"`)
	for i := 0; i < len(changes); i += 2 {
		second = replace(t, second, compact(changes[i]), compact(changes[i+1]))
	}
	return `{"editions":[` + first + `,` + second + `]}`
}

// Newest is a book in which the newest built-in edition holds on every day.
func Newest(t testing.TB) rules.Book {
	t.Helper()
	all := rules.Default().Editions()
	newest := all[len(all)-1]
	newest.From = domain.Date{}
	text, err := json.Marshal(newest)
	if err != nil {
		t.Fatal(err)
	}
	table, err := rules.Load(strings.NewReader(`{"editions":[` + string(text) + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	return rules.NewBook(table, nil)
}

// compact takes the spaces out, which json.Marshal does not write.
func compact(s string) string { return strings.ReplaceAll(s, " ", "") }

func replace(t testing.TB, s, old, new string) string {
	t.Helper()
	if !strings.Contains(s, old) {
		t.Fatalf("the built-in edition has no %s", old)
	}
	return strings.ReplaceAll(s, old, new)
}
