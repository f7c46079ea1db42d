package domain

import "time"

// Due is a task: something that the registry does by itself when an instant has
// come. A projection lists the tasks (the agenda); a process manager does them.
// No read depends on it: what ends by itself has ended, recorded or not.
type Due struct {
	Kind   DueKind
	Stream string // to which the event will be appended
	Item   string // within the stream, for kinds that need it
	At     time.Time
}

// DueKind names a kind of task.
type DueKind string

const (
	// DueTerm: the temporary registration Item ends with its term (R13).
	DueTerm DueKind = "term"
	// DueConfirmations: the time of the co-owners of an S001 case is over (R6).
	DueConfirmations DueKind = "confirmations"
	// DueWard: the stream of a representative does not name the minor Item yet
	// (R20).
	DueWard DueKind = "ward"
	// DueDecision: the term of a case runs out without a decision (C9).
	DueDecision DueKind = "decision"
	// DueCorrection: the date for the correction of an application has passed (C3).
	DueCorrection DueKind = "correction"
	// DueDuty: the day of the duty Item has passed (C5, C9, C12, C13); in the
	// stream of a list, Item is the review, a stroke and the duty.
	DueDuty DueKind = "duty"
	// DueObjection: the window for an objection has passed (C8); in the stream
	// of a list, Item is the review.
	DueObjection DueKind = "objection"
	// DueConsent: the consent to look-ups of a case, or of the entry Item of a
	// list, has expired (C20).
	DueConsent DueKind = "consent"
	// DueInventory: the entry Item must be confirmed, or its holder was asked
	// and the time to answer is over (Q23).
	DueInventory DueKind = "inventory"
)
