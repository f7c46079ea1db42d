package body

import (
	"time"

	"tizilim/domain"
)

// Events are the types of event that this package declares.
var Events = []domain.EventType{
	domain.EventOf[Recorded](),
	domain.EventOf[Described](),
	domain.EventOf[OfficialAppointed](),
	domain.EventOf[OfficialEnded](),
	domain.EventOf[AccountOpened](),
	domain.EventOf[AccountClosed](),
	domain.EventOf[Renamed](),
	domain.EventOf[Ended](),
	domain.EventOf[ConsumerAllowed](),
	domain.EventOf[AllowanceEnded](),
	domain.EventOf[WebhookSet](),
	domain.EventOf[WebhookEnded](),
}

// Kind of a body. The role of its accounts follows from it.
type Kind string

const (
	Commission     Kind = "commission"     // a housing commission, which keeps lists
	Desk           Kind = "desk"           // of the State Corporation
	Provider       Kind = "provider"       // a department of the service provider
	Audit          Kind = "audit"          // supervises the staff who keep the register
	Administration Kind = "administration" // records bodies, officials and accounts
	Consumer       Kind = "consumer"       // the system of another state body, which is told facts (C31)
)

// Kinds lists them all.
var Kinds = []Kind{Commission, Desk, Provider, Audit, Administration, Consumer}

// Role returns the role of the accounts of a body of the kind; "" for an unknown kind.
func (k Kind) Role() domain.Role {
	switch k {
	case Commission:
		return domain.RoleCommission
	case Desk:
		return domain.RoleOperator
	case Provider:
		return domain.RoleProvider
	case Audit:
		return domain.RoleAuditor
	case Administration:
		return domain.RoleAdministrator
	case Consumer:
		return domain.RoleConsumer
	}
	return ""
}

// KindOf returns the kind of the bodies whose accounts have the role; "" where staff do
// not have it.
func KindOf(role domain.Role) Kind {
	for _, k := range Kinds {
		if k.Role() == role {
			return k
		}
	}
	return ""
}

// Names of a body in the three languages of the registry.
type Names struct {
	Kazakh  string `json:"kk"`
	Russian string `json:"ru"`
	English string `json:"en"`
}

// In returns the name in the language; the Kazakh name where the language is unknown.
func (n Names) In(l domain.Language) string {
	switch l {
	case domain.Russian:
		return n.Russian
	case domain.English:
		return n.English
	}
	return n.Kazakh
}

// All returns them, Kazakh first.
func (n Names) All() []string { return []string{n.Kazakh, n.Russian, n.English} }

// Description is what can change of a body.
type Description struct {
	Names     Names            `json:"names"`
	BIN       domain.BIN       `json:"bin,omitempty"`
	Territory domain.Territory `json:"territory,omitempty"` // where it acts; empty: the whole country
	Parent    domain.BodyID    `json:"parent,omitzero"`     // decides the complaints about it; zero: none is recorded
}

// Office that an official holds.
type Office string

const (
	Head       Office = "head"
	Deputy     Office = "deputy_head"
	Member     Office = "member"
	Specialist Office = "specialist"
)

// Offices lists them all.
var Offices = []Office{Head, Deputy, Member, Specialist}

// Leads reports whether the office is that of the head or of a deputy, who alone may
// extend a term (APPC 76).
func (o Office) Leads() bool { return o == Head || o == Deputy }

// Recorded begins the stream of a body.
type Recorded struct {
	BodyID domain.BodyID `json:"body_id"`
	Kind   Kind          `json:"kind"`
	Description
	RecordedAt time.Time `json:"recorded_at"`
}

// Described replaces the description of a body.
type Described struct {
	BodyID domain.BodyID `json:"body_id"`
	Description
	DescribedAt time.Time `json:"described_at"`
}

// OfficialAppointed says that a person holds an office of the body in [From, Until).
type OfficialAppointed struct {
	BodyID      domain.BodyID   `json:"body_id"`
	PersonID    domain.PersonID `json:"person_id"`
	Office      Office          `json:"office"`
	From        domain.Date     `json:"from"`
	Until       domain.Date     `json:"until,omitzero"` // the first day without the office; zero: no end is known
	Basis       string          `json:"basis"`          // the order of appointment
	AppointedAt time.Time       `json:"appointed_at"`
}

// OfficialEnded says that the person no longer holds the office from the day On.
type OfficialEnded struct {
	BodyID   domain.BodyID   `json:"body_id"`
	PersonID domain.PersonID `json:"person_id"`
	Office   Office          `json:"office"`
	On       domain.Date     `json:"on"`
	Basis    string          `json:"basis"`
	EndedAt  time.Time       `json:"ended_at"`
}

// AccountOpened says that an account acts for the body.
type AccountOpened struct {
	BodyID   domain.BodyID   `json:"body_id"`
	Account  string          `json:"account"`
	PersonID domain.PersonID `json:"person_id,omitzero"` // the official who uses it; zero: the system of a consumer
	OpenedAt time.Time       `json:"opened_at"`
}

// AccountClosed says that an account acts for nobody from now on.
type AccountClosed struct {
	BodyID   domain.BodyID `json:"body_id"`
	Account  string        `json:"account"`
	Reasons  string        `json:"reasons"`
	ClosedAt time.Time     `json:"closed_at"`
}

// Renamed says that the body is called otherwise from a day on. Documents of the days before keep
// the name of their day.
type Renamed struct {
	BodyID    domain.BodyID `json:"body_id"`
	Names     Names         `json:"names"`
	From      domain.Date   `json:"from"`
	Basis     string        `json:"basis"` // the act by which it is renamed
	RenamedAt time.Time     `json:"renamed_at"`
}

// EndKind is how a body ends.
type EndKind string

const (
	Merged  EndKind = "merged" // into the successor
	WoundUp EndKind = "wound_up"
)

// EndKinds lists them all.
var EndKinds = []EndKind{Merged, WoundUp}

// Ended says that the body is no more, and which body has its place from now on (C27): its lists
// with their numbers, cases, stock, certificates and complaints. Nothing of these changes by it.
type Ended struct {
	BodyID      domain.BodyID `json:"body_id"`
	How         EndKind       `json:"how"`
	SuccessorID domain.BodyID `json:"successor_id,omitzero"` // zero: it kept nothing
	Basis       string        `json:"basis"`                 // the act by which it ends
	EndedAt     time.Time     `json:"ended_at"`
}

func (Recorded) EventType() string          { return "BodyRecorded" }
func (Described) EventType() string         { return "BodyDescribed" }
func (OfficialAppointed) EventType() string { return "OfficialAppointed" }
func (OfficialEnded) EventType() string     { return "OfficialEnded" }
func (AccountOpened) EventType() string     { return "AccountOpened" }
func (AccountClosed) EventType() string     { return "AccountClosed" }
func (Renamed) EventType() string           { return "BodyRenamed" }
func (Ended) EventType() string             { return "BodyEnded" }

func (e Recorded) EffectiveAt() time.Time          { return e.RecordedAt }
func (e Described) EffectiveAt() time.Time         { return e.DescribedAt }
func (e OfficialAppointed) EffectiveAt() time.Time { return e.From.Start() }
func (e OfficialEnded) EffectiveAt() time.Time     { return e.On.Start() }
func (e AccountOpened) EffectiveAt() time.Time     { return e.OpenedAt }
func (e AccountClosed) EffectiveAt() time.Time     { return e.ClosedAt }
func (e Renamed) EffectiveAt() time.Time           { return e.From.Start() }
func (e Ended) EffectiveAt() time.Time             { return e.EndedAt }

func (Recorded) Concerns() domain.Concern          { return domain.ConcernsNobody(ofTheBody) }
func (Described) Concerns() domain.Concern         { return domain.ConcernsNobody(ofTheBody) }
func (OfficialAppointed) Concerns() domain.Concern { return domain.ConcernsNobody(ofTheBody) }
func (OfficialEnded) Concerns() domain.Concern     { return domain.ConcernsNobody(ofTheBody) }
func (AccountOpened) Concerns() domain.Concern     { return domain.ConcernsNobody(ofTheBody) }
func (AccountClosed) Concerns() domain.Concern     { return domain.ConcernsNobody(ofTheBody) }
func (Renamed) Concerns() domain.Concern           { return domain.ConcernsNobody(ofTheBody) }
func (Ended) Concerns() domain.Concern             { return domain.ConcernsNobody(ofTheBody) }

// ofTheBody is why an event is in no history.
const ofTheBody = "it says who acts for a state body, which is no fact of a register of persons or dwellings"
