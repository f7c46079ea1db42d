package domain

import "slices"

// Minutes are those of the meeting at which a commission took a decision (C24). They are of
// the act, so every event of the act carries them ([Meta]).
type Minutes struct {
	Number  string // as the commission counts its minutes; without personal data
	Day     Date   // of the meeting
	Present []Attendance
}

// Attendance is one member at the meeting.
type Attendance struct {
	PersonID PersonID `json:"person_id"`
	Office   string   `json:"office"` // that the record of the body names on the day
	Vote     Vote     `json:"vote"`
}

// Vote of a member.
type Vote string

const (
	VotedFor     Vote = "for"
	VotedAgainst Vote = "against"
	Abstained    Vote = "abstained"
)

// Votes lists them all.
var Votes = []Vote{VotedFor, VotedAgainst, Abstained}

// Count returns how many members voted so.
func (m *Minutes) Count(v Vote) (n int) {
	for _, p := range m.Present {
		if p.Vote == v {
			n++
		}
	}
	return n
}

// CanDecide refuses minutes of a meeting that cannot have taken the decision: it was before the
// day since which the matter waits, or a member is one of the persons whom the decision is about.
// No minutes are refused nowhere: whether they are needed, the body says.
//
// Errors: [CodeEffectiveTooEarly], [CodeVoterIsParty].
func (m *Minutes) CanDecide(since Date, parties ...PersonID) error {
	if m == nil {
		return nil
	}
	if m.Day.Before(since) {
		return Refuse(Invalid, CodeEffectiveTooEarly,
			"the matter came to the body on %s: the meeting was on that day or later", since).At("minutes.day")
	}
	for i, p := range m.Present {
		if slices.Contains(parties, p.PersonID) {
			return Refuse(Forbidden, CodeVoterIsParty,
				"the decision is about this member or about somebody in their family: the members decide without them").
				At("minutes." + Path("present", i, "person_id"))
		}
	}
	return nil
}
