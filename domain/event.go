package domain

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// Event is a fact of the registry: a plain value that is never changed.
type Event interface {
	// EventType is the explicit name under which the fact is stored. It never
	// changes.
	EventType() string
	// EffectiveAt is when the fact is true in the world, which may be long
	// before the registry learned of it ([Recorded.Created]).
	EffectiveAt() time.Time
	// Concerns says whom the fact concerns, or why nobody. It depends on the
	// event alone.
	Concerns() Concern
}

// Position is a place in the log of all events, rising with every event. The
// zero Position is before the first.
type Position uint64

// Meta is what every event carries beside its facts.
type Meta struct {
	Correlation uuid.UUID // the case that the event belongs to; the command where there is no case
	Causation   CommandID // the command that caused the event
	// of the request behind the command, to tell a repetition from a reused key; empty for steps that the registry itself takes
	Digest  string
	Actor   string // who gave the command: an opaque account name or a PersonID
	Role    Role
	Channel Channel
	// RepresentedBy is the legal representative who acted in the place of the person whom the act
	// is about, on the portal or on paper (R32); zero where the person acted.
	RepresentedBy PersonID
	// Minutes of the meeting that took the decision (C24); nil where the act is no decision of a
	// commission, or its official decided alone.
	Minutes *Minutes
	// Imported is from where the fact was taken over; nil for what the registry saw happen.
	Imported *Imported
}

// Recorded is an event as the log holds it.
type Recorded struct {
	ID       uuid.UUID
	Stream   string
	Revision uint64 // 0 for the first event of the stream
	Position Position
	Created  time.Time // when the log learned of it
	Event    Event
	Meta     Meta
	More     int // how many events of the same append follow it
}

// Delivery is one message of a subscription to the log, in log order.
type Delivery struct {
	Position Position  // everything up to here has been delivered
	Recorded *Recorded // the event at Position; nil for a checkpoint
	Poison   error     // the event at Position cannot be decoded; Recorded then holds all but Event
	CaughtUp bool      // a checkpoint: everything that the log held at that time has been delivered
}

// Command is the envelope of every command: who gives it, when, and under which
// id it may be repeated.
type Command struct {
	ID      CommandID
	Digest  string
	Actor   string
	Person  PersonID // who gives it: a citizen, or the official whose account it is; zero where nobody is known
	BodyID  BodyID   // that the actor acts for; zero for citizens and the registry itself
	Role    Role
	Channel Channel
	Now     time.Time
	// RepresentedBy is the legal representative who acts in the place of the person whom the act
	// is about (R32); zero where the person acts.
	RepresentedBy PersonID
	// Minutes of the meeting that took the decision (C24), to be read only; nil without a meeting.
	Minutes *Minutes
	// Imported is from where the facts are taken over, to be read only; nil where they happen now.
	Imported *Imported
	// Barred is why whoever gives the command may not give it any more. What the log has of the
	// command already is answered again; otherwise this is the refusal. nil where they may.
	Barred error
}

// Signer is who signs an act of the person: the representative who acts in their place, or
// the person.
func (c Command) Signer(p PersonID) PersonID {
	if !c.RepresentedBy.IsZero() {
		return c.RepresentedBy
	}
	return p
}

// Today is the day of the command in [Zone].
func (c Command) Today() Date { return DateOf(c.Now) }

// Step returns the envelope for a further step of the same act, which a process
// manager may repeat: its id depends on the act and the step's name alone.
func (c Command) Step(act uuid.UUID, name string) Command {
	c.ID = CommandID{DeriveID(act, name)}
	c.Digest = ""
	return c
}

// CommandOf returns the envelope of the command that caused the event, given at
// the instant now.
func CommandOf(rec Recorded, now time.Time) Command {
	return Command{
		ID: rec.Meta.Causation, Actor: rec.Meta.Actor, Role: rec.Meta.Role, Channel: rec.Meta.Channel, Now: now,
		RepresentedBy: rec.Meta.RepresentedBy, Minutes: rec.Meta.Minutes,
	}
}

// Role is what the caller is to the registry.
type Role string

const (
	RoleCitizen    Role = "citizen"
	RoleOperator   Role = "operator"   // a desk of the State Corporation
	RoleProvider   Role = "provider"   // the Ministry's service provider
	RoleCommission Role = "commission" // a housing commission
	RoleAuditor    Role = "auditor"
	RoleSystem     Role = "system" // the registry itself, as when it finishes an act
	// RoleAdministrator records bodies, officials and accounts. It sees no data of the
	// persons whom the registers are about.
	RoleAdministrator Role = "administrator"
	// RoleConsumer is the system of another state body. It is told the facts that it may have (C31),
	// and has no other right.
	RoleConsumer Role = "consumer"
)

// Roles are the roles that a token can carry.
var Roles = []Role{RoleCitizen, RoleOperator, RoleProvider, RoleCommission, RoleAuditor, RoleAdministrator, RoleConsumer}

// Channel is the way by which an application came in (S000-1, S001-4).
type Channel string

const (
	ChannelPortal              Channel = "portal"
	ChannelStateCorp           Channel = "state_corporation"
	ChannelProviderAtStateCorp Channel = "provider_at_state_corporation"
	ChannelProvider            Channel = "provider"
	ChannelNone                Channel = "" // acts that are no public service, such as a commission's
)

// Channels are the channels that an application can name.
var Channels = []Channel{ChannelPortal, ChannelStateCorp, ChannelProviderAtStateCorp, ChannelProvider}

// OpenTo reports whether a caller of that role can file through the channel.
func (c Channel) OpenTo(role Role) bool {
	switch role {
	case RoleCitizen:
		return c == ChannelPortal
	case RoleOperator:
		return c == ChannelStateCorp
	case RoleProvider:
		return c == ChannelProviderAtStateCorp || c == ChannelProvider
	}
	return false
}

// SignatureMethod is how an application was signed (C17).
type SignatureMethod string

const (
	SignatureEDS         SignatureMethod = "eds"
	SignatureOTP         SignatureMethod = "otp"
	SignatureHandwritten SignatureMethod = "handwritten"
)

// SignatureMethods lists them all.
var SignatureMethods = []SignatureMethod{SignatureEDS, SignatureOTP, SignatureHandwritten}

// Language of an application and of what is issued on it (C1: exactly one).
type Language string

const (
	Kazakh  Language = "kk"
	Russian Language = "ru"
	English Language = "en"
)

// Languages lists them all.
var Languages = []Language{Kazakh, Russian, English}

// Document is a document handed in with an application.
type Document struct {
	Type        DocumentType `json:"type"`
	Number      Personal     `json:"number,omitempty"`
	PersonID    PersonID     `json:"person_id,omitzero"`   // whom it identifies or concerns
	Persons     []PersonID   `json:"persons,omitempty"`    // whom it names, where those are several
	ClaimantID  PersonID     `json:"claimant_id,omitzero"` // court decision: who asked the court for it
	DwellingID  DwellingID   `json:"dwelling_id,omitzero"` // court decision: the dwelling it is about
	InForceOn   Date         `json:"in_force_on,omitzero"` // court decision: the day on which it took legal force
	Surrendered bool         `json:"surrendered,omitempty"`
}

// Names reports whether the document is about the person, alone or among others.
func (d Document) Names(p PersonID) bool { return d.PersonID == p || slices.Contains(d.Persons, p) }

// DocumentType names a kind of document (law "On identity documents", art. 6;
// S001-7).
type DocumentType string

const (
	DocumentIdentityCard       DocumentType = "identity_card"
	DocumentPassport           DocumentType = "passport"
	DocumentResidencePermit    DocumentType = "residence_permit"
	DocumentStatelessCard      DocumentType = "stateless_certificate"
	DocumentRefugeeCertificate DocumentType = "refugee_certificate"
	DocumentBirthCertificate   DocumentType = "birth_certificate"
	DocumentApplication        DocumentType = "application"
	DocumentExitPermission     DocumentType = "exit_permission"
	DocumentCourtDecision      DocumentType = "court_decision"
	DocumentTitle              DocumentType = "title_document"   // of a dwelling: a contract, a certificate of inheritance
	DocumentRegisterExtract    DocumentType = "register_extract" // of the real-estate register
	DocumentWrittenConsent     DocumentType = "written_consent"
	DocumentGuardianship       DocumentType = "guardianship_decision"
	DocumentDivorce            DocumentType = "divorce_certificate"
	DocumentMarriage           DocumentType = "marriage_certificate"
	DocumentDeath              DocumentType = "death_certificate"
	DocumentOther              DocumentType = "other"
)

// DocumentTypes lists them all.
var DocumentTypes = []DocumentType{
	DocumentIdentityCard, DocumentPassport, DocumentResidencePermit, DocumentStatelessCard, DocumentRefugeeCertificate,
	DocumentBirthCertificate, DocumentApplication, DocumentExitPermission, DocumentCourtDecision, DocumentTitle,
	DocumentRegisterExtract, DocumentWrittenConsent, DocumentGuardianship, DocumentDivorce, DocumentMarriage,
	DocumentDeath, DocumentOther,
}

// Identifies reports whether the document proves who somebody is.
func (t DocumentType) Identifies() bool {
	switch t {
	case DocumentIdentityCard,
		DocumentPassport,
		DocumentResidencePermit,
		DocumentStatelessCard,
		DocumentRefugeeCertificate:
		return true
	}
	return false
}
