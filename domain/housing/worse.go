package housing

import (
	"time"

	"tizilim/domain"
)

// An act can put an entry before others. Their numbers get worse, and the act does not name them:
// there may be a million. It says how many they are. Once a day their holders are told (Q43).

// Overtaking is an event that can put an entry before others.
type Overtaking interface {
	domain.Event
	// Overtook is how many entries have a worse number by the event. An event of before Q43 says 0.
	Overtook() int
}

func (e EntryPlaced) Overtook() int      { return e.Overtakes }
func (e EntryReinstated) Overtook() int  { return e.Overtakes }
func (e EntryRedated) Overtook() int     { return e.Overtakes }
func (e RedatingUndone) Overtook() int   { return e.Overtakes }
func (e EntryPrioritised) Overtook() int { return e.Overtakes }

// overtakes is how many active entries stand before an entry at from, and behind it at to.
func (l *List) overtakes(from, to Seniority) int { return max(0, l.before(from)-l.before(to)) }

// behind is how many active entries stand behind the place, where no active entry stands.
func (l *List) behind(s Seniority) int { return l.Len() - l.before(s) }

// ActedOn is the day to which an act on a list counts: that of [List.StepsUntil].
func ActedOn(rec domain.Recorded) domain.Date {
	return domain.DateOf(time.Unix(0, happened(rec.Event.EffectiveAt().UnixNano(), rec.Created.UnixNano())))
}

// WorseToldFrom is the instant from which on the holders are told whose numbers the acts of the day
// made worse. An act of the day may be in the log a little later than the day.
func WorseToldFrom(day domain.Date) time.Time { return day.AddDays(1).Start().Add(5 * time.Minute) }

// StepsOf returns how many events of the list had happened before the day, and by its end.
func (l *List) StepsOf(day domain.Date) (before, by int) {
	last := func(d domain.Date) int { return l.StepsUntil(d.Start().Add(-time.Nanosecond)) }
	return last(day), last(day.AddDays(1))
}

// Worse is by how many places the number of an entry was worse after the first events of the list,
// by of them, than it was after the first before of them; or since the last act in between that moved
// the entry itself, of which its holder is told. It is 0 where the number was not worse, and where the
// entry does not stand on the list now or did not at one of the two. It goes back through the steps
// since, and costs a few nanoseconds for each.
func (l *List) Worse(id domain.EntryID, before, by int) int {
	number, standing := l.Number(id)
	if !standing {
		return 0
	}
	last := 0
	for i := l.trail.len(); ; i-- {
		if i == by {
			last = number
		}
		if i == before {
			break
		}
		s := l.trail.at(i - 1)
		switch {
		case s.entry == id && i <= by:
			return max(0, last-int(s.to))
		case s.entry == id:
			number = int(s.from)
		case s.entry.IsZero() || number == 0:
		default:
			if s.to != 0 && int(s.to) < number {
				number--
			}
			if s.from != 0 && int(s.from) <= number {
				number++
			}
		}
	}
	if number == 0 {
		return 0
	}
	return max(0, last-number)
}
