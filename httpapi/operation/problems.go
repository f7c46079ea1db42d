package operation

import (
	"slices"

	"tizilim/domain"
)

// Problems that every operation of a kind can answer.
var (
	formProblems = []domain.Code{
		domain.CodeMalformed, domain.CodeUnknownField, domain.CodeWrongType, domain.CodeRequired, domain.CodeTooLong,
		domain.CodeValueUnknown, domain.CodeIDFormat, domain.CodeDateFormat, domain.CodeNotAcceptable,
	}
	callerProblems = []domain.Code{
		domain.CodeUnauthenticated, domain.CodeSignInStronger, domain.CodeIssuerAway, domain.CodeAccountNoBody,
		domain.CodeRoleNotAllowed,
		domain.CodePersonDead, // whoever the token or its account names
	}
	rightsProblems = []domain.Code{domain.CodeNotYourBody, domain.CodeNotYourTerritory, domain.CodeOwnMatter}
	bodyProblems   = []domain.Code{domain.CodeInvalidUTF8, domain.CodeBodyTooLarge, domain.CodeMediaType}
	outageProblems = []domain.Code{
		domain.CodeLogUnavailable, domain.CodeDiskFull, domain.CodeLogTampered, domain.CodeLogReplaced,
		domain.CodeMasterKeysAway, domain.CodeRecordUnread, domain.CodeModelNotReady, domain.CodeModelBehind, domain.CodeTooManyRequests,
		domain.CodeInternal,
	}
	commandProblems = []domain.Code{
		domain.CodeKeyRequired, domain.CodeKeyReused, domain.CodeStaleRevision, domain.CodeLostRace, domain.CodeCalendarYear,
		domain.CodeClockDisagrees,
		domain.CodeRecordMerged, // a person whom the request names
	}
)

// otherProblems are those of addresses and methods that no operation has.
var otherProblems = []domain.Code{domain.CodeNotFound, domain.CodeMethod}

// commonProblems are those that every operation of the kind can answer.
func (op Operation) commonProblems() []domain.Code {
	common := slices.Concat(formProblems, outageProblems)
	if !slices.Contains(op.Roles, Anyone) {
		common = append(common, callerProblems...)
	}
	if op.Of.Recorded() && op.Of != OfBody || op.Of == OfRequest {
		common = append(common, rightsProblems...)
	}
	if op.statesPurpose() {
		common = append(common, domain.CodeReferenceRequired)
	}
	if op.searches {
		common = append(common, domain.CodeMemberNotAllowed)
	}
	if op.hasBody() {
		common = append(common, bodyProblems...)
	}
	if op.Changes() {
		common = append(common, commandProblems...)
	}
	return common
}

// Answers reports whether a problem of the operation can have the code: it is
// declared, or every operation of the kind can answer it.
func (op Operation) Answers(code domain.Code) bool {
	return slices.Contains(op.Problems, code) || slices.Contains(op.commonProblems(), code)
}
