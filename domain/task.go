package domain

import "time"

// Task is something that the registry does by itself when an instant has
// come. A projection lists the tasks; a process manager does them.
// No read depends on it: what ends by itself has ended, recorded or not.
type Task struct {
	Kind   TaskKind
	Stream string // to which the event will be appended
	Item   string // within the stream, for kinds that need it
	At     time.Time
}

// TaskKind names a kind of task.
type TaskKind string

const (
	// TaskTerm: the temporary registration Item ends with its term (R13).
	TaskTerm TaskKind = "term"
	// TaskConfirmations: the time of the co-owners of an S001 case is over (R6).
	TaskConfirmations TaskKind = "confirmations"
	// TaskProposal: nobody confirmed the proposal Item in time.
	TaskProposal TaskKind = "proposal"
	// TaskWard: the stream of a representative does not name the minor Item yet
	// (R20).
	TaskWard TaskKind = "ward"
	// TaskDeath: the entries of a person who died are to be reviewed (R27).
	TaskDeath TaskKind = "death"
	// TaskDeparture: the entries that are of a person who left the country, or count them, are to be
	// reviewed (Q39).
	TaskDeparture TaskKind = "departure"
	// TaskDwelling: a dwelling has ended, and its residents are to be carried over (R36-R38).
	TaskDwelling TaskKind = "dwelling"
	// TaskIIN: the person whom the IIN of the stream means has not recorded it yet (R28).
	TaskIIN TaskKind = "iin"
	// TaskMerge: the survivor's stream does not say yet that the record of the stream was
	// merged into it, or was separated (R33, R34).
	TaskMerge TaskKind = "merge"
	// TaskDecision: the term of a case runs out without a decision (C9).
	TaskDecision TaskKind = "decision"
	// TaskCorrection: the date for the correction of an application has passed (C3).
	TaskCorrection TaskKind = "correction"
	// TaskDuty: the day of the duty Item has passed (C5, C9, C12, C13); in the
	// stream of a list, Item is the review, a stroke and the duty.
	TaskDuty TaskKind = "duty"
	// TaskObjection: the window for an objection has passed (C8); in the stream
	// of a list, Item is the review.
	TaskObjection TaskKind = "objection"
	// TaskConsent: the consent to look-ups of a case, or of the entry Item of a
	// list, has expired (C20).
	TaskConsent TaskKind = "consent"
	// TaskHolder: the new holder of an entry has no certificate yet (Q33). The stream is that of
	// the list, Item the revision of the transfer.
	TaskHolder TaskKind = "holder"
	// TaskDecline: the offer of a dwelling that was declined has not ended yet (Q37). The stream is
	// that of the list, Item the revision of the decline.
	TaskDecline TaskKind = "decline"
	// TaskPriority: entries of a list have priority yet which its rule does not give (Q35).
	TaskPriority TaskKind = "priority"
	// TaskWorse: acts of the day Item put entries of the list before others (Q43).
	TaskWorse TaskKind = "worse"
	// TaskInventory: the entry Item must be confirmed, or its holder was asked
	// and the time to answer is over (Q23).
	TaskInventory TaskKind = "inventory"
)
