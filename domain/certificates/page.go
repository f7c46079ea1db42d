package certificates

import (
	"log/slog"
	"time"

	"tizilim/domain"
	"tizilim/domain/body"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
)

// Page is what a version of a document says on paper. What its kind does not
// have is left zero.
type Page struct {
	Kind        Kind
	Service     domain.Service
	Language    domain.Language
	Number      string
	IssuedOn    domain.Date
	Version     int
	CorrectedOn domain.Date // of the version, from the second on
	Superseded  bool
	VoidSince   domain.Date // since which it is not in force; zero while it is
	VoidBy      Overtaking
	Replaces    string // number of the document that a duplicate replaces
	Trial       bool   // made by a clock that somebody moves: it proves nothing

	Name      domain.Personal
	BirthDate domain.Date
	IIN       domain.IIN // the page shows its last four digits

	Signer  Signer          // who signed it (C25)
	Minutes *domain.Minutes // of a decision that a meeting took (C24)

	// Placement and refusal.
	Body         string
	Keeper       body.Names // what Body is called in each language, where it is a recorded body; zero where it is none
	Settlement   string
	ListTitle    string
	RegisteredOn domain.Date
	Ordinal      int
	Ground       housing.RefusalGround
	Reasons      domain.Personal

	// Refused deregistration.
	Refused domain.Code // why

	// Departure sheet and, the address alone, refused deregistration.
	Address  string
	Stay     residence.Kind
	EndedOn  domain.Date
	EndedFor residence.Reason

	// Talon.
	ReceivedAt   time.Time
	RegisteredAt time.Time // said where it is another instant: filed outside working time (C4)
	Deadline     time.Time
	Channel      domain.Channel
	Acceptor     string // account; empty where the registry accepted by itself
	AcceptedAs   domain.Role
	Papers       []HandedIn // up to when the page is shown, in that order (C30)

	CheckCode CheckCode
	CheckURL  string // where anybody checks the document by the code; filled in by whoever serves it

	Proven *Proven // filled in by whoever serves it; nil where nobody proves the log
}

// HandedIn is a scan that was handed in.
type HandedIn struct {
	Document domain.DocumentType
	SHA256   domain.Personal // of the file, in small hex
}

// Signer is the official who signed a document, by the record of their body at the instant of
// the issue (C25). The zero Signer is nobody: the registry issued it by itself.
type Signer struct {
	Account string
	Name    domain.Personal // zero where the record names no official, or the person is not recorded
	Office  body.Office     // the highest that they held; "" where the record names none
	Body    body.Names
}

// Proven is where the log has the event that issued a document, by the first signed head
// that covers it: a later head says no more, and a document stays the same bytes.
type Proven struct {
	Log      string    // its name
	Number   int64     // of the event in the log, 1 for the first
	Size     int64     // of the head, in events; 0: no head covers the event yet
	Root     string    // of the head, in base64
	SignedAt time.Time // when the head was signed
}

// LogValue masks the personal values.
func (p Page) LogValue() slog.Value { return domain.Masked(p) }

// PageFacts are what a page says beside what the file holds.
type PageFacts struct {
	Person   *residence.Person   // whom the document names
	List     housing.ListOpened  // of an application for one, or of an entry; else zero
	Dwelling *residence.Dwelling // of a departure sheet and a refused deregistration, as known at the issue; else nil
	Check    CheckCode
	Signer   Signer
	Keeper   body.Names // of the list's body at the issue, where it is recorded; zero where it is not
}

// DwellingOf returns the dwelling that a departure sheet or a refused deregistration is
// about; zero for another document.
func DwellingOf(d Document) domain.DwellingID {
	switch e := d.Fact.(type) {
	case residence.DepartureSheetIssued:
		return e.DwellingID
	case residence.RefusalIssued:
		return e.DwellingID
	}
	return domain.DwellingID{}
}

// List is that for which the file's case applies, or about whose entry the document is; zero
// where there is none.
func (ds *Documents) List(d Document) domain.ListID {
	if e, ok := ds.Application.(housing.ApplicationReceived); ok {
		return e.ListID
	}
	return EntryOf(d).ListID
}

// Page returns what d says, which is a version of a document of the file. It says
// nothing of later versions.
func (ds *Documents) Page(d Document, facts PageFacts) Page {
	p := Page{
		Kind: d.Kind, Service: d.Service, Language: ds.Language(d), Number: d.Number(), IssuedOn: domain.DateOf(d.IssuedAt),
		Version: d.Version(), VoidSince: d.VoidSince, VoidBy: d.VoidBy, CheckCode: facts.Check,
		Name:      domain.Personal(d.Value(Name, string(facts.Person.Name))),
		BirthDate: facts.Person.BirthDate, IIN: facts.Person.IIN,
		Signer: facts.Signer,
	}
	if d.Kind == Placement || d.Kind == Refusal {
		p.Minutes = d.Act.Minutes
	}
	if c := d.Last(); c != nil {
		p.CorrectedOn = domain.DateOf(c.CorrectedAt)
	}
	if replaced, ok := ds.Find(d.Replaces); ok {
		p.Replaces = replaced.Number()
	}
	switch e := ds.Application.(type) {
	case housing.ApplicationReceived:
		p.ReceivedAt, p.RegisteredAt, p.Deadline, p.Channel = e.ReceivedAt, e.RegisteredAt, e.Deadline, e.Channel
	case residence.DeregistrationApplied:
		p.ReceivedAt, p.RegisteredAt, p.Deadline, p.Channel = e.ReceivedAt, e.RegisteredAt, e.Deadline, e.Channel
	}
	if !ds.List(d).IsZero() {
		if p.Body = d.Value(Body, facts.List.Body); p.Body == facts.List.Body { // it was not corrected
			p.Keeper = facts.Keeper
		}
		p.Settlement = d.Value(Settlement, facts.List.Settlement)
		p.ListTitle = d.Value(ListTitle, facts.List.Title)
	}
	switch e := d.Fact.(type) {
	case housing.PlacementCertified:
		p.RegisteredOn, p.Ordinal = e.RegisteredOn, e.Number
	case housing.HolderCertified:
		p.RegisteredOn, p.Ordinal = e.RegisteredOn, e.Number
	case housing.ApplicationRefused:
		p.Ground, p.Reasons = e.Ground, domain.Personal(d.Value(Reasons, string(e.Reasons)))
	case residence.DepartureSheetIssued:
		p.Address, p.Stay = d.Value(Address, facts.Dwelling.AddressOn(e.On)), e.Kind
		p.EndedOn, p.EndedFor = e.On, e.Reason
	case residence.RefusalIssued:
		p.Address, p.Refused = d.Value(Address, facts.Dwelling.Address), e.Code
	default:
		if p.AcceptedAs = ds.Accepted.Role; p.AcceptedAs != domain.RoleCitizen {
			p.Acceptor = ds.Accepted.Actor
		}
	}
	return p
}
