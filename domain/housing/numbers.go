package housing

import (
	"time"

	"tizilim/domain"
)

// NumberChange is a change of the number of an entry.
type NumberChange struct {
	Number int        // from now on; 0 while the entry is not on the list
	Of     int        // entries on the list
	State  EntryState // of the entry
	Cause  domain.Recorded
}

// Numbers follows the number of one entry through the stream of its list. It is
// a fold of the whole list, so one answer costs a replay of its stream.
type Numbers struct {
	Changes []NumberChange // in the order of the log
	entry   domain.EntryID
	list    List
}

// NumbersOf returns the Numbers of the entry before the first event.
func NumbersOf(id domain.EntryID) *Numbers { return &Numbers{entry: id} }

// Apply folds the next event of the stream into n.
func (n *Numbers) Apply(rec domain.Recorded) {
	n.list.Apply(rec)
	e, placed := n.list.Entry(n.entry)
	if !placed {
		return
	}
	number, _ := n.list.Number(n.entry)
	if last := len(n.Changes) - 1; last >= 0 && n.Changes[last].Number == number {
		return
	}
	n.Changes = append(n.Changes, NumberChange{Number: number, Of: n.list.Len(), State: e.State(), Cause: rec})
}

// Entry returns the entry as it is now; false where the list has none.
func (n *Numbers) Entry() (Entry, bool) { return n.list.Entry(n.entry) }

// Now returns the number of the entry as far as n has followed it, 0 where it has
// none, and how many entries the list has.
func (n *Numbers) Now() (number, of int) {
	number, _ = n.list.Number(n.entry)
	return number, n.list.Len()
}

// PublicLine is what art. 78 publishes of a family that waits. It does not say
// who they are (Q21).
type PublicLine struct {
	Number   int
	Persons  int // of the family, with the applicant
	PlacedOn domain.Date
}

// PublicProvision is what art. 78 publishes of a family that was given a
// dwelling.
type PublicProvision struct {
	Persons    int
	PlacedOn   domain.Date
	Area       int // useful, in square metres
	ProvidedAt time.Time
}

// Public returns up to limit lines of those who wait, after that number.
func (l *List) Public(after, limit int) []PublicLine {
	var lines []PublicLine
	for i := max(after, 0); i < l.Len() && len(lines) < limit; i++ {
		e, _ := l.order.GetAt(i)
		lines = append(lines, PublicLine{Number: i + 1, Persons: e.persons(), PlacedOn: e.RegisteredOn})
	}
	return lines
}

// PublicProvisions returns the last provisions, the latest first, at most limit.
func (l *List) PublicProvisions(limit int) []PublicProvision {
	var last []PublicProvision
	for i := len(l.provided) - 1; i >= 0 && len(last) < limit; i-- {
		last = append(last, l.provided[i])
	}
	return last
}
