package httpapi

import (
	"slices"

	"tizilim/domain"
	"tizilim/domain/housing"
)

// contradictionOfRecords is the code of something that the registry's own records say against
// an act.
type contradictionOfRecords domain.Code

var contradictionsOfRecords = as[contradictionOfRecords](housing.Contradictions)

// Accepting are the members of a request that answer what the registry's own records say
// against it.
type Accepting struct {
	Accept        []contradictionOfRecords `json:"accept,omitempty" maxItems:"20" doc:"The codes of the contradictions of the registry's own records that you have looked at; a refusal (warnings_not_answered) lists them"`
	AcceptReasons string                   `json:"accept_reasons,omitempty" maxLength:"4000" doc:"Why the act is right although the records contradict it; required with accept, and kept in the event"`
}

func (a Accepting) accept() housing.Accept {
	return housing.Accept{Codes: as[domain.Code](a.Accept), Reasons: domain.Personal(a.AcceptReasons)}
}

// contradictedByRecords are the problems of an act that the registry's own records can
// contradict, beside reasons_required. Every operation has person_dead.
var contradictedByRecords = append(codes{domain.CodeWarningsOpen}, slices.DeleteFunc(
	slices.Clone(housing.Contradictions), func(c domain.Code) bool { return c == domain.CodePersonDead },
)...)
