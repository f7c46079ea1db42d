package proof

import "tizilim/domain"

// Kind is what is wrong with the log.
type Kind string

// Kinds of [Finding].
const (
	Forged    Kind = "forged"    // the registry has not written the event
	Changed   Kind = "changed"   // the event is not the one that the tree has
	Removed   Kind = "removed"   // the tree has the event and the log does not
	Reordered Kind = "reordered" // the log has the event at another place in its order
	Hidden    Kind = "hidden"    // the stream was deleted or truncated: its readers do not see the event
	BadHead   Kind = "bad_head"  // a head is not signed, or does not follow from the tree before it
	CutOff    Kind = "cut_off"   // the log ends before a head that was signed
)

// Finding is something that was done to the log without the registry.
type Finding struct {
	Kind   Kind            `json:"kind"`
	Event  domain.EventRef `json:"event"`  // of several events of a stream the last one; the head, where a head is wrong
	Detail string          `json:"detail"` // a sentence for operators, without personal values
}

func (f Finding) String() string { return string(f.Kind) + ": " + f.Event.String() + ": " + f.Detail }
