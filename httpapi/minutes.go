package httpapi

import (
	"context"

	"tizilim/domain"
	"tizilim/httpapi/operation"
)

// A decision of a commission carries its minutes (C24). The request states who was present and
// how each voted; the office of each the registry takes from the record of the body.

type attendanceBody struct {
	PersonID domain.PersonID `json:"person_id" format:"uuid" doc:"The head, a deputy or a member of the body, in office on the day of the meeting"`
	Vote     domain.Vote     `json:"vote"`
}

type minutesBody struct {
	Number  string           `json:"number" minLength:"1" maxLength:"100" doc:"The number of the minutes, without personal data" example:"12"`
	Day     domain.Date      `json:"day,omitzero" format:"date" doc:"The day of the meeting. Default: today"`
	Present []attendanceBody `json:"present,omitempty" maxItems:"100" doc:"The members who were present, each with their vote. Leave it out if no members of your body are recorded"`
}

// Minuted is in the request of each decision of a commission. It is embedded.
type Minuted struct {
	Minutes *minutesBody `json:"minutes,omitempty" doc:"The minutes of the meeting that took the decision. Required if members of your body are recorded. More than half of those in office are present, and more vote for the decision than against it"`
}

// decidesByMinutes is a request with minutes.
type decidesByMinutes interface{ stated() *domain.Minutes }

func (m Minuted) stated() *domain.Minutes {
	if m.Minutes == nil {
		return nil
	}
	stated := &domain.Minutes{Number: m.Minutes.Number, Day: m.Minutes.Day}
	for _, p := range m.Minutes.Present {
		stated.Present = append(stated.Present, domain.Attendance{PersonID: p.PersonID, Vote: p.Vote})
	}
	return stated
}

// minuted completes a step of the procedure that is a decision by the minutes which its request
// states. Other steps have none.
func (s *Server) minuted(ctx context.Context, call *operation.Call, request any) (err error) {
	if decision, ok := request.(decidesByMinutes); ok {
		call.Minutes = decision.stated()
		call.Command, err = s.commands.Minuted(ctx, call.Command)
	}
	return err
}

// meetingProblems are those of the minutes of a decision but for a day in the future, which a
// check of need has too.
var meetingProblems = codes{
	domain.CodeMinutesRequired, domain.CodeMemberUnknown, domain.CodeMemberNotInOffice, domain.CodeVoterIsParty,
	domain.CodeNoQuorum, domain.CodeNotCarried, domain.CodeNamedTwice, domain.CodeEffectiveTooEarly,
}

// minutesProblems are those of the minutes of a decision.
var minutesProblems = meetingProblems.and(domain.CodeDateInFuture)
