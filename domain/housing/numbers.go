package housing

import (
	"slices"
	"time"

	"tizilim/domain"
)

// NumberChange is a change of the number of an entry.
type NumberChange struct {
	Number int        // from now on; 0 while the entry is not on the list
	Of     int        // entries on the list
	State  EntryState // of the entry
	Own    bool       // the cause moved the entry itself; else another entry
	Cause  Step
}

// Step is what a list remembers of each event of its stream.
type Step struct {
	Revision uint64
	Position domain.Position
	Event    string    // its type
	At       time.Time // from when it holds
	Created  time.Time
}

// compact is a [Step] as it is kept, with what it moved: a list of 100,000 entries has
// hundreds of thousands.
type compact struct {
	entry       domain.EntryID // that it moves; zero where it moves none
	event       string
	at, created int64 // Unix nanoseconds
	position    domain.Position
	from, to    int32 // the number of the entry before and after; 0 while it is not on the list
	of          int32 // entries on the list after it
}

// trail is all steps of a list, in the order of its stream. A copy of it shares all
// chunks but the last.
type trail struct {
	full [][]compact // of trailChunk each
	last []compact
}

// trailChunk is a compromise: a command copies at most one chunk, and one pointer for
// each chunk before.
const trailChunk = 128

func (t *trail) add(s compact) {
	if len(t.last) == trailChunk {
		t.full, t.last = append(slices.Clip(t.full), t.last), make([]compact, 0, trailChunk)
	}
	t.last = append(t.last, s)
}

// clone returns a copy that is added to apart from t.
func (t *trail) clone() trail { return trail{t.full, slices.Clip(t.last)} }

func (t *trail) len() int { return len(t.full)*trailChunk + len(t.last) }

func (t *trail) at(i int) *compact {
	if chunk := i / trailChunk; chunk < len(t.full) {
		return &t.full[chunk][i%trailChunk]
	}
	return &t.last[i%trailChunk]
}

// standing is the state of an entry from a revision on.
type standing struct {
	revision uint64
	state    EntryState
}

// remember notes an event that was folded. before is the number that the entry had, which
// the event may have moved.
func (l *List) remember(rec domain.Recorded, moved domain.EntryID, before int) {
	after, _ := l.Number(moved)
	if before == after {
		moved = domain.EntryID{}
	}
	l.trail.add(compact{
		entry: moved, event: rec.Event.EventType(), at: rec.Event.EffectiveAt().UnixNano(),
		created: rec.Created.UnixNano(), position: rec.Position,
		from: int32(before), to: int32(after), of: int32(l.Len()),
	})
}

// rememberState notes that the event at the end of the trail changes the state of an entry
// that was there before.
func (l *List) rememberState(id domain.EntryID, state EntryState) {
	earlier, _ := l.standings.Get(id.UUID)
	l.standings.Set(id.UUID, append(slices.Clip(earlier), standing{uint64(l.trail.len()), state}))
}

// Steps is how many events the list has folded.
func (l *List) Steps() int { return l.trail.len() }

// StepsUntil is how many events of the list had happened at the instant: all up to the last
// that was decided by then. An event is in the log a moment after it was decided; where the
// two are more than [appendedWithin] apart, its instant is that of the log.
func (l *List) StepsUntil(instant time.Time) int {
	until := instant.UnixNano()
	i := l.trail.len()
	for ; i > 0; i-- {
		s := l.trail.at(i - 1)
		if happened(s.at, s.created) <= until {
			break
		}
	}
	return i
}

// StepsKnown is how many events of the list the log had at the instant.
func (l *List) StepsKnown(instant time.Time) int {
	until := instant.UnixNano()
	i := l.trail.len()
	for i > 0 && l.trail.at(i-1).created > until {
		i--
	}
	return i
}

// happened is the instant at which an event counts as decided, in Unix nanoseconds, by the instant
// from when it holds and that at which it was in the log.
func happened(at, created int64) int64 {
	if at < created && created-at < int64(appendedWithin) {
		return at
	}
	return created
}

// appendedWithin is how long a decision takes to be in the log, at most.
const appendedWithin = time.Minute

// Step returns an event that the list has folded, by its revision.
func (l *List) Step(revision int) Step {
	s := l.trail.at(revision)
	return Step{
		Revision: uint64(revision), Position: s.position, Event: s.event,
		At: time.Unix(0, s.at).UTC(), Created: time.Unix(0, s.created).UTC(),
	}
}

// Numbers is the number of an entry after the first events of its list, and how it came
// to be.
type Numbers struct {
	Placed  bool       // the entry was there
	State   EntryState // of the entry, where it was placed
	Number  int        // 0 where the entry was not on the list
	Of      int        // entries on the list
	Changes []NumberChange
	Omitted int // earlier changes, which Changes leaves out
}

// Numbers follows the number of an entry through the first events of the stream, and
// returns its last changes, at most that many (at least 1), in the order of the log. It goes through
// the steps once, and costs a few nanoseconds for each: entries that moved past this one
// change its number by one.
func (l *List) Numbers(id domain.EntryID, events, changes int) Numbers {
	var n Numbers
	var at []int // revisions of the last changes, a ring
	var numbers []int
	total := 0
	for i := range events {
		s := l.trail.at(i)
		number := n.Number
		switch {
		case s.entry.IsZero():
			continue
		case s.entry == id:
			n.Placed, number = true, int(s.to)
		case number == 0:
			continue
		default:
			if s.from != 0 && int(s.from) < number {
				number--
			}
			if s.to != 0 && int(s.to) <= number {
				number++
			}
		}
		if number == n.Number {
			continue
		}
		n.Number = number
		if len(at) < changes {
			at, numbers = append(at, i), append(numbers, number)
		} else {
			at[total%changes], numbers[total%changes] = i, number
		}
		total++
	}
	n.Omitted = total - len(at)
	for i := range at {
		k := (n.Omitted + i) % len(at)
		n.Changes = append(n.Changes, NumberChange{
			Number: numbers[k], Of: int(l.trail.at(at[k]).of), State: l.stateAfter(id, at[k]+1),
			Own: l.trail.at(at[k]).entry == id, Cause: l.Step(at[k]),
		})
	}
	if n.Placed {
		n.State = l.stateAfter(id, events)
	}
	if events > 0 {
		n.Of = int(l.trail.at(events - 1).of)
	}
	return n
}

// stateAfter is the state of an entry after the first events, among which is its
// placement.
func (l *List) stateAfter(id domain.EntryID, events int) EntryState {
	state := Active
	all, _ := l.standings.Get(id.UUID)
	for _, s := range all {
		if s.revision >= uint64(events) {
			break
		}
		state = s.state
	}
	return state
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
