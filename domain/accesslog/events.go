// Package accesslog records every read of personal data (C21): who read whose
// data, when and why. A read is either a read of this registry, or a look-up by
// its staff in other state information systems (C20). The entries of a person
// are in a stream of their own, access-<person>, apart from the history of the
// record. A page that shows many persons is one entry in a stream of its own,
// access-<page>. The entries are shown to the persons, apart from the
// reference of a purpose, which may name somebody else.
package accesslog

import (
	"log/slog"
	"slices"
	"time"

	"tizilim/domain"
)

// Events are the types of event that this package declares.
var Events = []domain.EventType{
	domain.EventOf[PersonalDataRead](),
	domain.EventOf[PageRead](),
}

// apart is why an event is in no history.
const apart = "it is in the access log of the person, which is kept apart from the history of the record"

// Stream is where the reads of the person's data are recorded.
func Stream(id domain.PersonID) string { return category + id.String() }

// PersonalDataRead says that somebody was about to be shown data of a person,
// or had looked them up elsewhere. It is recorded before the answer is given,
// and before the result of the look-up is recorded. So no answer is without its
// entry; an entry can be of an answer that was then lost.
type PersonalDataRead struct {
	PersonID  domain.PersonID `json:"person_id"`
	Reader    string          `json:"reader"` // account, or the person id of a citizen
	Role      domain.Role     `json:"role"`
	Operation string          `json:"operation"`       // what was read, as the API names it; or [LookUp]
	Scope     []string        `json:"scope,omitempty"` // of a look-up: the kinds of data, as a consent names them
	Purpose   Purpose         `json:"purpose"`
	Reference domain.Personal `json:"reference,omitempty"` // what the purpose rests on: the number of a request or a letter
	CaseID    domain.CaseID   `json:"case_id,omitzero"`    // that the read belongs to
	ReadAt    time.Time       `json:"read_at"`             // of a look-up: when its result was recorded
}

// LookUp is the operation of a look-up in other state information systems.
const LookUp = "state-systems-lookup"

func (e PersonalDataRead) LogValue() slog.Value { return domain.Masked(e) }

func (PersonalDataRead) EventType() string        { return "PersonalDataRead" }
func (e PersonalDataRead) EffectiveAt() time.Time { return e.ReadAt }

func (PersonalDataRead) Concerns() domain.Concern { return domain.ConcernsNobody(apart) }

// Purpose is why data were read: one of a closed list.
type Purpose string

const (
	Service         Purpose = "service"          // rendering one of the two services
	Decision        Purpose = "decision"         // preparing or taking a decision
	Complaint       Purpose = "complaint"        // reviewing a complaint (C12)
	RegisterKeeping Purpose = "register_keeping" // keeping the register and correcting it
	SubjectRequest  Purpose = "subject_request"  // the person asked for it (personal data law, art. 24)
	CourtRequest    Purpose = "court_request"    // a court, or a body that the law entitles, asked for it
	Audit           Purpose = "audit"            // supervision of the staff who keep the register

	Owner Purpose = "owner" // an owner looks up who is registered in the dwelling
	Party Purpose = "party" // a party to a case reads it (APPC 75)

	Named Purpose = "named" // a citizen names the person in an application, by IIN and name (R55)

	Representative Purpose = "representative" // a legal representative reads in the person's place (R32)

	// StateBody is that the system of another state body is told what it may have (C31).
	StateBody Purpose = "state_body"

	NeedExamined Purpose = "examination_of_need" // a look-up for an application (art. 101-3)
	NeedChecked  Purpose = "check_of_need"       // a look-up while an entry stands (Q16, Q19)
)

// Stated are the purposes that staff can state. The others follow from the part
// that a citizen has in the record, and from the reason of a look-up.
var Stated = []Purpose{Service, Decision, Complaint, RegisterKeeping, SubjectRequest, CourtRequest, Audit}

// Purposes lists them all.
var Purposes = slices.Concat(Stated, []Purpose{Owner, Party, Named, Representative, StateBody, NeedExamined, NeedChecked})

// DefaultOf is the purpose of staff who state none: that of their role. A
// citizen has none.
func DefaultOf(role domain.Role) Purpose {
	switch role {
	case domain.RoleOperator, domain.RoleProvider:
		return Service
	case domain.RoleCommission:
		return Decision
	case domain.RoleAuditor:
		return Audit
	case domain.RoleAdministrator:
		return RegisterKeeping
	case domain.RoleConsumer:
		return StateBody
	}
	return ""
}
