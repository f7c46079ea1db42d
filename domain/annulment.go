package domain

import (
	"log/slog"
	"slices"
	"strings"
	"time"
)

// The registry takes some acts itself, because an instant has come. Where its clock was
// wrong, such an act was taken too early. It is annulled by its reference: nothing is
// deleted, its effect is undone, and the registry takes it again when its instant has come.

// Annul is the command that annuls such an act.
type Annul struct {
	Event   EventRef // of the act
	Until   Date     // the last day to do what the act cut short; zero: as it was
	Basis   Basis    // that shows that the clock was wrong
	Reasons Personal
}

func (a Annul) LogValue() slog.Value { return Masked(a) }

// Annulment is what the event of every annulment says of the act.
type Annulment struct {
	Annuls     EventRef  `json:"annuls"`
	RecordedAt time.Time `json:"recorded_at"`    // when the log took the act
	Until      Date      `json:"until,omitzero"` // the last day to do what the act cut short, from now on
	Due        time.Time `json:"due,omitzero"`   // when the act is due; zero where it is not due again
	Basis      Basis     `json:"basis"`
	Reasons    Personal  `json:"reasons"`
	AnnulledAt time.Time `json:"annulled_at"`
}

func (a Annulment) LogValue() slog.Value { return Masked(a) }

// ClockAct is an act whose effect stands and that rests on a clock. The zero value is none.
type ClockAct struct {
	Revision   uint64 // of its event
	RecordedAt time.Time
}

// ClockActOf is the act of the event.
func ClockActOf(rec Recorded) ClockAct { return ClockAct{rec.Revision, rec.Created} }

// Is reports whether the act stands and the reference names it.
func (a ClockAct) Is(ref EventRef) bool { return !a.RecordedAt.IsZero() && a.Revision == ref.Revision }

// Check refuses an annulment by somebody who may not make it, or without document and
// reasons. The registry itself annuls nothing: it has no clock by which it could know that
// the other one was wrong.
func (a Annul) Check(cmd Command, roles ...Role) error {
	if !slices.Contains(roles, cmd.Role) {
		return Refuse(Forbidden, CodeRoleNotAllowed,
			"the role %s may not annul this act; it takes one of %v", cmd.Role, roles)
	}
	if err := a.Basis.Check(cmd.Today(), "basis"); err != nil {
		return err
	}
	if strings.TrimSpace(string(a.Reasons)) == "" {
		return Refuse(Invalid, CodeReasonsRequired, "state the reasons").At("reasons")
	}
	return nil
}

// Of is the annulment of the act, at the instant of the command.
func (a Annul) Of(act ClockAct, cmd Command) Annulment {
	return Annulment{
		Annuls: a.Event, RecordedAt: act.RecordedAt, Basis: a.Basis, Reasons: a.Reasons, AnnulledAt: cmd.Now,
	}
}

// LastDay is the last day from now on, where it was that day: that day, as long as it is not
// over. A day that is over gives nobody their time back: then the official sets one.
func (a Annul) LastDay(today, was Date) (Date, error) {
	switch {
	case a.Until.IsZero() && was.Before(today):
		return was, Refuse(Invalid, CodeRequired,
			"the last day was %s and is over: set until to a day that leaves a reasonable time", was).At("until")
	case a.Until.IsZero():
		return was, nil
	case a.Until.Before(was) || a.Until.Before(today):
		return was, Refuse(Invalid, CodeTooEarly,
			"set until to %s or later, and not to a day that is over", was).At("until")
	}
	return a.Until, nil
}

// NoLastDay refuses a last day where the act gave nobody one, or one that is not the
// official's to set.
func (a Annul) NoLastDay() error {
	if a.Until.IsZero() {
		return nil
	}
	return Refuse(Invalid, CodeMemberNotAllowed,
		"this act gave nobody a last day that an annulment could set; leave until out").At("until")
}

// Overtaken is the refusal of the annulment of an act on which others were built, or that no
// longer has an effect. The message says what to do instead.
func Overtaken(message string, args ...any) *Error {
	return Refuse(Conflict, CodeAnnulmentOvertaken, message, args...)
}

// NotByClock is the refusal to annul what no clock decided.
func NotByClock() *Error {
	return Refuse(Invalid, CodeFactUnknown,
		"this event is no act that was taken because an instant had come; look it up in the history. What a person "+
			"decided is corrected, or undone by a complaint").At("event")
}
