// Package notice decides what the registry tells persons by itself: which
// events owe a notice, and to whom ([Table]), what it says ([Kind.Text]), and
// how it is delivered.
//
// A notice is always in the personal account of the person, because the account
// is a view of the log. If the person has confirmed a telephone or an e-mail,
// it goes there too (APPC 66(4)). Each notice has a stream of its own, named
// after the event, the person and the kind, so several attempts to queue it, by
// any process, make one notice.
package notice

import (
	"slices"
	"time"

	"tizilim/domain"
	"tizilim/domain/procedure"
)

// Way by which a notice goes.
type Way string

const (
	Account Way = "personal_account"
	SMS     Way = "sms"
	Email   Way = "email"
)

// Ways lists them all.
var Ways = []Way{Account, SMS, Email}

// State of a notice on one way.
type State string

const (
	None      State = ""       // the notice does not go this way
	Queued    State = "queued" // to be sent, at once or after a pause
	Sent      State = "sent"   // the gateway has taken it
	Delivered State = "delivered"
	GivenUp   State = "given_up"
)

// States lists those of a notice that goes a way.
var States = []State{Queued, Sent, Delivered, GivenUp}

// Step that a notice takes on one way.
type Step string

const (
	Send    Step = "send"    // the gateway took it
	Deliver Step = "deliver" // it has arrived
	Retry   Step = "retry"   // it failed and is queued again
	GiveUp  Step = "give_up" // it failed, and is not tried again
)

// Transition is a line of the table of states.
type Transition struct {
	From State
	Step Step
	To   State
}

// Transitions is everything that can happen to a notice that goes by SMS or
// e-mail. What is not in it is refused.
var Transitions = []Transition{
	{Queued, Send, Sent},
	{Queued, Retry, Queued},
	{Queued, GiveUp, GivenUp},
	{Sent, Deliver, Delivered},
	{Sent, Retry, Queued},
	{Sent, GiveUp, GivenUp},
}

// AccountTransitions is everything that can happen to the copy in the personal account: it is
// delivered with its record. It is given up only for somebody who has died: nobody reads it
// there (R27). It stays there, and is read after a death that was annulled.
var AccountTransitions = []Transition{
	{Queued, Deliver, Delivered},
	{Queued, GiveUp, GivenUp},
}

// Next returns the state after the step; false where the table has no such line.
func Next(w Way, from State, step Step) (State, bool) {
	table := Transitions
	if w == Account {
		table = AccountTransitions
	}
	for _, t := range table {
		if t.From == from && t.Step == step {
			return t.To, true
		}
	}
	return None, false
}

// Failure is why a message did not get through.
type Failure string

const (
	Unreachable  Failure = "gateway_unreachable" // no answer, or an unclear one: it is not known whether the message was taken
	Rejected     Failure = "gateway_rejected"    // the gateway will not take this message
	NotDelivered Failure = "not_delivered"       // it was taken, and did not arrive
	NoContact    Failure = "no_contact"          // the person has withdrawn the contact since
	Dead         Failure = "addressee_dead"      // the person has died
)

// Lasting reports whether a retry is useless.
func (f Failure) Lasting() bool { return f == Rejected || f == NoContact || f == Dead }

// Began says that the registry has begun to give notice. Events before it owe
// none, so that nobody is told of old acts when a release is installed.
type Began struct {
	NoticeID domain.NoticeID `json:"notice_id"` // [Beginning]
	BeganAt  time.Time       `json:"began_at"`
}

// NoticeQueued says that the notice is in the personal account, and that it is
// to go the other ways.
type NoticeQueued struct {
	NoticeID domain.NoticeID `json:"notice_id"`
	PersonID domain.PersonID `json:"person_id"`
	Kind     Kind            `json:"kind"`
	About    domain.EventRef `json:"about"`
	CaseID   domain.CaseID   `json:"case_id,omitzero"`
	FromCase bool            `json:"from_case,omitempty"` // the case says whom to tell, not the event
	Decision bool            `json:"decision,omitempty"`  // it tells the applicant the decision (C11),
	Duty     procedure.Duty  `json:"duty,omitempty"`      // or of what the body owes notice of (C5, C9)
	By       domain.Date     `json:"by,omitzero"`         // the day that the text names
	// Represented is whom the notice is about, where it goes to their legal representative (R32)
	Represented domain.PersonID `json:"represented,omitzero"`
	Also        []AlsoTold      `json:"also,omitempty"` // other events of the same act that owe the person this notice
	Language    domain.Language `json:"language"`
	Ways        []Way           `json:"ways"`
	RecordedAt  time.Time       `json:"recorded_at"` // when the log learned of the event
	QueuedAt    time.Time       `json:"queued_at"`
}

// AlsoTold is an event of an act whose notice tells of several: one act is one notice to a person.
type AlsoTold struct {
	Event      domain.EventRef `json:"event"`
	RecordedAt time.Time       `json:"recorded_at"`
}

// NoticeSent says that the gateway has taken the message.
type NoticeSent struct {
	NoticeID domain.NoticeID `json:"notice_id"`
	Way      Way             `json:"way"`
	Attempt  int             `json:"attempt"` // 1 for the first
	Reports  bool            `json:"reports"` // the gateway will tell whether it has arrived
	SentAt   time.Time       `json:"sent_at"`
}

// NoticeDelivered says that it has arrived.
type NoticeDelivered struct {
	NoticeID    domain.NoticeID `json:"notice_id"`
	Way         Way             `json:"way"`
	DeliveredAt time.Time       `json:"delivered_at"`
}

// NoticeFailed says that an attempt failed. RetryAt is when it is tried again;
// zero where it is given up.
type NoticeFailed struct {
	NoticeID domain.NoticeID `json:"notice_id"`
	Way      Way             `json:"way"`
	Attempt  int             `json:"attempt"`
	Failure  Failure         `json:"failure"`
	RetryAt  time.Time       `json:"retry_at,omitzero"`
	FailedAt time.Time       `json:"failed_at"`
}

func (Began) EventType() string           { return "NoticesBegan" }
func (NoticeQueued) EventType() string    { return "NoticeQueued" }
func (NoticeSent) EventType() string      { return "NoticeSent" }
func (NoticeDelivered) EventType() string { return "NoticeDelivered" }
func (NoticeFailed) EventType() string    { return "NoticeFailed" }

func (e Began) EffectiveAt() time.Time           { return e.BeganAt }
func (e NoticeQueued) EffectiveAt() time.Time    { return e.QueuedAt }
func (e NoticeSent) EffectiveAt() time.Time      { return e.SentAt }
func (e NoticeDelivered) EffectiveAt() time.Time { return e.DeliveredAt }
func (e NoticeFailed) EffectiveAt() time.Time    { return e.FailedAt }

func (Began) Concerns() domain.Concern           { return domain.ConcernsNobody(itsOwnStream) }
func (NoticeQueued) Concerns() domain.Concern    { return domain.ConcernsNobody(itsOwnStream) }
func (NoticeSent) Concerns() domain.Concern      { return domain.ConcernsNobody(itsOwnStream) }
func (NoticeDelivered) Concerns() domain.Concern { return domain.ConcernsNobody(itsOwnStream) }
func (NoticeFailed) Concerns() domain.Concern    { return domain.ConcernsNobody(itsOwnStream) }

// Terms are the numbers of the edition in force.
type Terms struct {
	Attempts     int // at most, of one message
	FirstPause   time.Duration
	LongestPause time.Duration
}

// pause before the attempt after the n-th.
func (t Terms) pause(n int) time.Duration {
	pause := t.FirstPause
	for ; n > 1 && pause < t.LongestPause; n-- {
		pause *= 2
	}
	return min(pause, t.LongestPause)
}

// Delivery is how far a notice is on one way.
type Delivery struct {
	Way      Way
	State    State
	Attempts int       // that were made
	Taken    int       // times that the gateway took it
	Reports  bool      // the gateway will tell whether it has arrived
	NextAt   time.Time // where it is queued: not before
	At       time.Time // of the last step
}

// Notice is the fold of a notice- stream. The zero Notice is not queued yet.
type Notice struct {
	NoticeQueued
	Deliveries []Delivery // in the order of its ways
	Began      bool       // of [Beginning]: notices are owed
	Since      time.Time  // of [Beginning]: of what the log learned from then on
}

// Text is what the notice says in the language.
func (n *Notice) Text(l domain.Language) string { return TextOf(n.Kind, l, n.By, n.Represented) }

// Tells reports whether the notice is about the event.
func (n *Notice) Tells(event domain.EventRef) bool {
	return n.About == event || slices.ContainsFunc(n.Also, func(a AlsoTold) bool { return a.Event == event })
}

// Known reports whether the notice is queued.
func (n *Notice) Known() bool { return !n.NoticeID.IsZero() }

// On returns how far the notice is on the way.
func (n *Notice) On(w Way) Delivery {
	for _, d := range n.Deliveries {
		if d.Way == w {
			return d
		}
	}
	return Delivery{Way: w}
}

// Clone returns a copy that later events do not change: Apply replaces the list
// that it changes.
func (n *Notice) Clone() Notice { return *n }

// Apply folds the next event of the stream into n.
func (n *Notice) Apply(rec domain.Recorded) {
	switch e := rec.Event.(type) {
	case Began:
		n.Began, n.Since = true, e.BeganAt
	case NoticeQueued:
		n.NoticeQueued = e
		for _, w := range e.Ways {
			n.Deliveries = append(n.Deliveries, Delivery{Way: w, State: Queued, NextAt: e.QueuedAt, At: e.QueuedAt})
		}
	case NoticeSent:
		n.change(e.Way, func(d *Delivery) {
			d.State, d.Attempts, d.Taken, d.Reports, d.At = Sent, e.Attempt, d.Taken+1, e.Reports, e.SentAt
		})
	case NoticeDelivered:
		n.change(e.Way, func(d *Delivery) { d.State, d.At = Delivered, e.DeliveredAt })
	case NoticeFailed:
		n.change(e.Way, func(d *Delivery) {
			d.State, d.Attempts, d.NextAt, d.At = Queued, e.Attempt, e.RetryAt, e.FailedAt
			if e.RetryAt.IsZero() {
				d.State = GivenUp
			}
		})
	}
}

func (n *Notice) change(w Way, f func(*Delivery)) {
	changed := make([]Delivery, len(n.Deliveries))
	copy(changed, n.Deliveries)
	for i := range changed {
		if changed[i].Way == w {
			f(&changed[i])
		}
	}
	n.Deliveries = changed
}

// Begin decides that notices are owed from now on.
func (n *Notice) Begin(cmd domain.Command) ([]domain.Event, error) {
	if n.Began {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNothingChanges,
			"the registry has begun to give notice already")
	}
	return []domain.Event{Began{NoticeID: Beginning, BeganAt: cmd.Now}}, nil
}

// Queue decides that the notice q is given, once.
func (n *Notice) Queue(q NoticeQueued) ([]domain.Event, error) {
	if n.Known() {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNothingChanges, "this notice is queued already")
	}
	return []domain.Event{q}, nil
}

// may refuses a step that the table does not have.
func (n *Notice) may(w Way, step Step) (Delivery, error) {
	d := n.On(w)
	if _, ok := Next(w, d.State, step); !ok {
		return d, domain.Refuse(domain.Conflict, domain.CodeNotDue,
			"a notice that is %q by %s does not take the step %s", d.State, w, step)
	}
	return d, nil
}

// Send records that the gateway took the message; reports says that it will
// tell whether it has arrived.
func (n *Notice) Send(cmd domain.Command, w Way, reports bool) ([]domain.Event, error) {
	d, err := n.may(w, Send)
	if err != nil {
		return nil, err
	}
	return []domain.Event{NoticeSent{NoticeID: n.NoticeID, Way: w, Attempt: d.Attempts + 1, Reports: reports, SentAt: cmd.Now}}, nil
}

// Deliver records that the notice has arrived.
func (n *Notice) Deliver(cmd domain.Command, w Way) ([]domain.Event, error) {
	if _, err := n.may(w, Deliver); err != nil {
		return nil, err
	}
	return []domain.Event{NoticeDelivered{NoticeID: n.NoticeID, Way: w, DeliveredAt: cmd.Now}}, nil
}

// Fail records that the notice did not get through. It is tried again after a
// pause, until the attempts of the terms are used up; after a lasting failure
// it is given up at once.
func (n *Notice) Fail(cmd domain.Command, w Way, why Failure, t Terms) ([]domain.Event, error) {
	d := n.On(w)
	attempt := d.Attempts
	if d.State == Queued { // one more was made; where it had been taken, that one failed
		attempt++
	}
	step := Retry
	if why.Lasting() || attempt >= t.Attempts {
		step = GiveUp
	}
	if _, err := n.may(w, step); err != nil {
		return nil, err
	}
	e := NoticeFailed{NoticeID: n.NoticeID, Way: w, Attempt: attempt, Failure: why, FailedAt: cmd.Now}
	if step == Retry {
		e.RetryAt = cmd.Now.Add(t.pause(attempt))
	}
	return []domain.Event{e}, nil
}
