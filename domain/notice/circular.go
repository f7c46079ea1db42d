package notice

import (
	"slices"
	"time"

	"tizilim/domain"
)

// A circular is a notice to everybody who waits on some lists: the holders of their entries, and
// the applicants of their open cases. One about a day goes to the holders alone whose number the acts
// of that day on the list made worse (Q43). The event that owes it names none of them, because a list
// may have a million entries. The circular goes through the lists in parts and keeps its place.
// The notice to each person has its own stream, and its id follows from the event and the person.
// So a part that is repeated tells nobody twice, and who is on two lists is told once.

// CircularBegan begins the stream of a circular.
type CircularBegan struct {
	CircularID domain.NoticeID `json:"circular_id"` // [CircularID]
	Kind       Kind            `json:"kind"`
	About      domain.EventRef `json:"about"`
	Lists      []domain.ListID `json:"lists"`        // in the order in which it goes through them; none: nobody is told
	Day        domain.Date     `json:"day,omitzero"` // it goes to those alone whose number got worse on that day (Q43)
	BeganAt    time.Time       `json:"began_at"`
}

// CircularProgressed says how far the circular has come.
type CircularProgressed struct {
	CircularID domain.NoticeID `json:"circular_id"`
	Place      CircularPlace   `json:"place"`
	RecordedAt time.Time       `json:"recorded_at"`
}

// CircularCompleted says that everybody has been told.
type CircularCompleted struct {
	CircularID  domain.NoticeID `json:"circular_id"`
	CompletedAt time.Time       `json:"completed_at"`
}

// CircularPlace is where a circular goes on. The zero place is the beginning.
type CircularPlace struct {
	List    int    `json:"list,omitempty"`    // how many lists it has gone through
	Entries uint64 `json:"entries,omitempty"` // revision of the list from which on it looks for entries
	Cases   string `json:"cases,omitempty"`   // the case behind which it goes on; "" while it is at the entries
}

func (CircularBegan) EventType() string      { return "CircularBegan" }
func (CircularProgressed) EventType() string { return "CircularProgressed" }
func (CircularCompleted) EventType() string  { return "CircularCompleted" }

func (e CircularBegan) EffectiveAt() time.Time      { return e.BeganAt }
func (e CircularProgressed) EffectiveAt() time.Time { return e.RecordedAt }
func (e CircularCompleted) EffectiveAt() time.Time  { return e.CompletedAt }

func (CircularBegan) Concerns() domain.Concern      { return domain.ConcernsNobody(itsOwnStream) }
func (CircularProgressed) Concerns() domain.Concern { return domain.ConcernsNobody(itsOwnStream) }
func (CircularCompleted) Concerns() domain.Concern  { return domain.ConcernsNobody(itsOwnStream) }

// CircularID is the id of the circular of the kind about the event.
func CircularID(event domain.Recorded, k Kind) domain.NoticeID {
	return domain.NoticeID{UUID: domain.DeriveID(event.ID, "circular "+string(k))}
}

// DayCircularID is the id of the circular of the kind to those on the list, about the day.
func DayCircularID(list domain.ListID, k Kind, day domain.Date) domain.NoticeID {
	return domain.NoticeID{UUID: domain.DeriveID(list.UUID, "circular "+string(k)+" of "+day.String())}
}

// Circular is the state of the stream of a circular. The zero Circular has not begun.
type Circular struct {
	CircularBegan
	Place CircularPlace
	Done  bool
}

// Known reports whether the circular has begun.
func (c *Circular) Known() bool { return !c.CircularID.IsZero() }

// Clone returns a copy that later events do not change.
func (c *Circular) Clone() Circular { return *c }

// Apply folds the next event of the stream into c.
func (c *Circular) Apply(rec domain.Recorded) {
	switch e := rec.Event.(type) {
	case CircularBegan:
		c.CircularBegan = e
	case CircularProgressed:
		c.Place = e.Place
	case CircularCompleted:
		c.Done = true
	}
}

// Begin decides that the circular begins, once. Without a list it is complete at once.
func (c *Circular) Begin(b CircularBegan) ([]domain.Event, error) {
	if c.Known() {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNotDue, "this circular has begun already")
	}
	b.Lists = slices.Clone(b.Lists)
	if len(b.Lists) == 0 {
		return []domain.Event{b, CircularCompleted{CircularID: b.CircularID, CompletedAt: b.BeganAt}}, nil
	}
	return []domain.Event{b}, nil
}

// Progress decides that everybody before the place has been told.
func (c *Circular) Progress(cmd domain.Command, to CircularPlace) ([]domain.Event, error) {
	switch {
	case c.Done || !to.behind(c.Place):
		return nil, domain.Refuse(domain.Conflict, domain.CodeNotDue, "this part of the circular is recorded already")
	case to.List >= len(c.Lists):
		return []domain.Event{CircularCompleted{CircularID: c.CircularID, CompletedAt: cmd.Now}}, nil
	}
	return []domain.Event{CircularProgressed{CircularID: c.CircularID, Place: to, RecordedAt: cmd.Now}}, nil
}

func (p CircularPlace) behind(other CircularPlace) bool {
	switch {
	case p.List != other.List:
		return p.List > other.List
	case p.Cases != other.Cases:
		return p.Cases > other.Cases
	}
	return p.Entries > other.Entries
}
