package domain

import "time"

// Due is something that the registry does by itself when its time has come. A
// projection lists what is due (the agenda); a process manager does it. Nothing
// that is read depends on it: what ends by itself has ended, whether or not the
// registry has got round to recording it.
type Due struct {
	Kind   DueKind
	Stream string // to which the event will be appended
	Item   string // within the stream, for kinds that need it
	At     time.Time
}

// DueKind names a kind of duty.
type DueKind string

const (
	// DueTerm: the temporary registration Item ends with its term (R13).
	DueTerm DueKind = "term"
	// DueConfirmations: the time of the co-owners of an S001 case is over (R6).
	DueConfirmations DueKind = "confirmations"
	// DueWard: the stream of a representative is to name the minor Item (R20).
	DueWard DueKind = "ward"
	// DueDecision: the term of a case runs out without a decision (C9).
	DueDecision DueKind = "decision"
	// DueCorrection: the date for the correction of an application has passed (C3).
	DueCorrection DueKind = "correction"
	// DueDuty: the day of the duty Item has passed (C5, C9, C12, C13).
	DueDuty DueKind = "duty"
	// DueObjection: the window for an objection has passed (C8); in the
	// review Item, where the stream is that of a list.
	DueObjection DueKind = "objection"
	// DueInventory: the entry Item is to be confirmed, or its holder was asked to
	// and the time to answer is over (Q23).
	DueInventory DueKind = "inventory"
)
