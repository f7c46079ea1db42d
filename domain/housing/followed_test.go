package housing_test

import (
	"reflect"
	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
)

// followed follows the number of one entry by a fold of the whole list, one event after
// the other: what [housing.List.Numbers] must say, found the slow way.
type followed struct {
	Changes []housing.NumberChange
	entry   domain.EntryID
	list    housing.List
}

func numbersOf(id domain.EntryID) *followed { return &followed{entry: id} }

func (f *followed) Apply(rec domain.Recorded) {
	f.list.Apply(rec)
	e, placed := f.list.Entry(f.entry)
	if !placed {
		return
	}
	number, _ := f.list.Number(f.entry)
	if last := len(f.Changes) - 1; last >= 0 && f.Changes[last].Number == number {
		return
	}
	f.Changes = append(f.Changes, housing.NumberChange{
		Number: number, Of: f.list.Len(), State: e.State(), Cause: f.list.Step(f.list.Steps() - 1),
		Own: reflect.ValueOf(rec.Event).FieldByName("EntryID").Interface() == f.entry,
	})
}

// agreesWith fails the test unless the list says the same after its first events, with at
// most the last so many changes.
func (f *followed) agreesWith(t interface{ Fatalf(string, ...any) }, q *housing.List, events, changes int) {
	got := q.Numbers(f.entry, events, changes)
	e, placed := f.list.Entry(f.entry)
	number, _ := f.list.Number(f.entry)
	if got.Placed != placed || got.Number != number || got.Of != f.list.Len() || placed && got.State != e.State() {
		t.Fatalf("after %d events the list says %+v, by a fold %d of %d, %s", events, got, number, f.list.Len(), e.State())
	}
	want := f.Changes[max(0, len(f.Changes)-changes):]
	if diff := domaintest.Diff(want, got.Changes); len(want)+len(got.Changes) > 0 && diff != "" {
		t.Fatalf("the last %d changes (-fold +list):\n%s", changes, diff)
	}
	if got.Omitted != len(f.Changes)-len(want) {
		t.Fatalf("%d changes are left out, want %d", got.Omitted, len(f.Changes)-len(want))
	}
}
