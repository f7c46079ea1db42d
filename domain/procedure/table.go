package procedure

// State of a case.
type State string

const (
	Registered         State = "registered"          // received, with a number and an instant
	AwaitingCorrection State = "awaiting_correction" // incomplete: defects are listed, a date is set (APPC 64)
	AwaitingCoOwners   State = "awaiting_co_owners"  // S001: the other owners have not all answered
	InReview           State = "in_review"
	HearingPending     State = "hearing_pending" // an adverse act is intended, and the applicant knows why (APPC 73)
	Approved           State = "approved"        // S000: granted; the entry and its certificate follow
	Granted            State = "granted"
	Refused            State = "refused"
	Forwarded          State = "forwarded"  // to the body that it should have gone to (APPC 65)
	Returned           State = "returned"   // not corrected in time; the applicant can apply again (APPC 64)
	Withdrawn          State = "withdrawn"  // by the applicant, before the decision (APPC 64)
	Terminated         State = "terminated" // on a ground of APPC 70
	Contested          State = "contested"  // an act that belongs to no case, of which somebody complains (C28)
)

// States lists them all.
var States = []State{
	Registered, AwaitingCorrection, AwaitingCoOwners, InReview, HearingPending, Approved, Granted, Refused, Forwarded, Returned,
	Withdrawn, Terminated, Contested,
}

// Step is what somebody does to a case.
type Step string

const (
	RequestCorrection Step = "request_correction"
	Correct           Step = "correct"
	Return            Step = "return"
	Forward           Step = "forward"
	TakeUp            Step = "take_up"
	Recuse            Step = "recuse"
	AnnounceHearing   Step = "announce_hearing"
	Object            Step = "object"
	CloseHearing      Step = "close_hearing"
	Extend            Step = "extend"
	Withdraw          Step = "withdraw"
	Terminate         Step = "terminate"
	Examine           Step = "examine" // what the service demands (S000: need)
	Grant             Step = "grant"
	Refuse            Step = "refuse"
	Notify            Step = "notify" // of the decision
	NotifyForwarding  Step = "notify_forwarding"
	NotifyExtension   Step = "notify_extension"
	Complain          Step = "complain"
	Reopen            Step = "reopen"    // a complaint or a court has annulled the decision
	FollowCourt       Step = "court_act" // a court has set the decision aside
	RecordRemedy      Step = "remedy"    // a decision that no longer stands is remedied elsewhere
)

// Transition is a line of the table.
type Transition struct {
	From State
	Step Step
	To   State
}

// Table is everything that can happen to a case. What is not in it is refused,
// whatever else is true.
var Table = []Transition{
	{Registered, Forward, Forwarded},
	{Registered, RequestCorrection, AwaitingCorrection},
	{AwaitingCorrection, Correct, Registered},
	{AwaitingCorrection, Return, Returned},
	{Registered, TakeUp, InReview},
	{InReview, Recuse, InReview},
	{InReview, AnnounceHearing, HearingPending},
	{HearingPending, Object, InReview},
	{HearingPending, CloseHearing, InReview},
	{InReview, Extend, InReview},
	{InReview, Examine, InReview},
	{InReview, Grant, Granted},
	{InReview, Refuse, Refused},

	{Registered, Withdraw, Withdrawn},
	{AwaitingCorrection, Withdraw, Withdrawn},
	{AwaitingCoOwners, Withdraw, Withdrawn},
	{InReview, Withdraw, Withdrawn},
	{HearingPending, Withdraw, Withdrawn},

	{Registered, Terminate, Terminated},
	{AwaitingCorrection, Terminate, Terminated},
	{AwaitingCoOwners, Terminate, Terminated},
	{InReview, Terminate, Terminated},
	{HearingPending, Terminate, Terminated},

	{Forwarded, NotifyForwarding, Forwarded},
	{InReview, NotifyExtension, InReview},
	{HearingPending, NotifyExtension, HearingPending},
	{Granted, Notify, Granted},
	{Refused, Notify, Refused},
	{Terminated, Notify, Terminated}, // a termination can be appealed against too (APPC 70)

	{Granted, Complain, Granted},
	{Refused, Complain, Refused},
	{Terminated, Complain, Terminated},
	{Refused, Reopen, InReview},
	{Terminated, Reopen, InReview},
	{Granted, RecordRemedy, Granted},
	{Refused, RecordRemedy, Refused},
	{Terminated, RecordRemedy, Terminated},

	{Contested, Complain, Contested},
	{Contested, RecordRemedy, Contested},
	{Granted, FollowCourt, Granted},
	{Refused, FollowCourt, InReview}, // as Reopen: where the case does not open again, a remedy is owed
	{Terminated, FollowCourt, InReview},
	{Contested, FollowCourt, Contested},
}

// Next returns the state after the step; ok is false where the table has no
// such line.
func Next(from State, step Step) (to State, ok bool) {
	for _, t := range Table {
		if t.From == from && t.Step == step {
			return t.To, true
		}
	}
	return "", false
}

// Open reports whether the case still awaits its decision.
func (s State) Open() bool {
	switch s {
	case Registered, AwaitingCorrection, AwaitingCoOwners, InReview, HearingPending, Approved:
		return true
	}
	return false
}
