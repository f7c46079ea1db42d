package certificates

import (
	"cmp"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
)

// Kind of a document.
type Kind string

const (
	Placement      Kind = "placement_certificate"  // S000-4, Q2
	Refusal        Kind = "refusal_certificate"    // S000-4, C7
	DepartureSheet Kind = "departure_sheet"        // S001-11
	NotRemoved     Kind = "deregistration_refusal" // R46
	Talon          Kind = "talon"                  // APPC 64
)

// Kinds lists them all.
var Kinds = []Kind{Placement, Refusal, DepartureSheet, NotRemoved, Talon}

// Field of a document that a correction may change: how something is written,
// never what was decided.
type Field string

const (
	Name       Field = "name" // of the person whom the document names
	Body       Field = "body" // that keeps the list
	Settlement Field = "settlement"
	ListTitle  Field = "list_title"
	Reasons    Field = "reasons"
	Address    Field = "address"
)

// Fields lists them all.
var Fields = []Field{Name, Body, Settlement, ListTitle, Reasons, Address}

// correctable says which fields of a document of the kind a correction may
// change. Dates, numbers, grounds and kinds of registration are the decision
// itself (C10).
var correctable = map[Kind][]Field{
	Placement:      {Name, Body, Settlement, ListTitle},
	Refusal:        {Name, Body, Settlement, ListTitle, Reasons},
	DepartureSheet: {Name, Address},
	NotRemoved:     {Name, Address},
	Talon:          {Name},
}

// issuers are the roles of the body that issues documents of the kind: only
// that body corrects slips or issues a document again (APPC 82).
var issuers = map[Kind][]domain.Role{
	Placement:      {domain.RoleCommission},
	Refusal:        {domain.RoleCommission},
	DepartureSheet: {domain.RoleOperator, domain.RoleProvider},
	NotRemoved:     {domain.RoleOperator, domain.RoleProvider},
	Talon:          {domain.RoleOperator, domain.RoleProvider},
}

// Correction of one field.
type Correction struct {
	Field Field           `json:"field"`
	Value domain.Personal `json:"value"`
}

// Corrected corrects slips of a document. It makes a new version and does not
// change the decision (C10, APPC 82).
type Corrected struct {
	CaseID domain.CaseID `json:"case_id,omitzero"`
	// whose stream issued the document; zero where a case did
	PersonID      domain.PersonID      `json:"person_id,omitzero"`
	CertificateID domain.CertificateID `json:"certificate_id"`
	Version       int                  `json:"version"` // that this correction makes, 2 for the first
	Corrections   []Correction         `json:"corrections"`
	Slip          domain.Personal      `json:"slip"` // what was wrong, in words
	CorrectedAt   time.Time            `json:"corrected_at"`
}

// Duplicated issues a departure sheet again. The one that it replaces is no
// longer valid (R17).
type Duplicated struct {
	// that issued the original; zero in a person's own stream
	CaseID         domain.CaseID         `json:"case_id,omitzero"`
	CertificateID  domain.CertificateID  `json:"certificate_id"`
	Replaces       domain.CertificateID  `json:"replaces"`
	Copy           int                   `json:"copy"` // 1 for the first duplicate
	PersonID       domain.PersonID       `json:"person_id"`
	RegistrationID domain.RegistrationID `json:"registration_id"`
	Ending         domain.EventRef       `json:"ending"` // that it certifies, as its original does
	IssuedAt       time.Time             `json:"issued_at"`
}

func (Corrected) EventType() string  { return "CertificateCorrected" }
func (Duplicated) EventType() string { return "DepartureSheetDuplicated" }

func (e Corrected) EffectiveAt() time.Time  { return e.CorrectedAt }
func (e Duplicated) EffectiveAt() time.Time { return e.IssuedAt }

func (e Corrected) Concerns() domain.Concern  { return ofDocument(e.CaseID, e.PersonID) }
func (e Duplicated) Concerns() domain.Concern { return ofDocument(e.CaseID, e.PersonID) }

func (e Corrected) LogValue() slog.Value { return domain.Masked(e) }

// Document is one document of a case.
type Document struct {
	ID         domain.CertificateID
	Kind       Kind
	Service    domain.Service
	IssuedAt   time.Time
	IssuedBy   domain.EventRef      // the event that issued it
	Act        domain.Meta          // who issued it, and by which minutes
	Fact       domain.Event         // that it certifies; a duplicate has that of its original
	Copy       int                  // 0 for an original
	Replaces   domain.CertificateID // of a duplicate
	ReplacedBy domain.CertificateID // zero while no duplicate takes its place
	// since which it is not in force, and by what: of a departure sheet see [Documents.Hold], of
	// the certificate of an entry [Documents.Stand]; zero while it is in force
	VoidSince   domain.Date
	VoidBy      Overtaking
	Corrections []Corrected // oldest first; version n has the first n-1
	inherited   int         // how many of Corrections a duplicate has from what it replaces
}

// Version is that of the document as it stands, 1 before any correction.
func (d Document) Version() int { return len(d.Corrections) - d.inherited + 1 }

// Status says whether a document stands.
type Status string

const (
	Valid      Status = "valid"
	Superseded Status = "superseded" // by a duplicate, or a newer version
	Void       Status = "void"       // issued, and no longer in force: see [Overtaking]
)

// Statuses lists them all.
var Statuses = []Status{Valid, Superseded, Void}

// StatusOf returns the status of a document: void comes before superseded.
func StatusOf(superseded bool, voidSince domain.Date) Status {
	switch {
	case !voidSince.IsZero():
		return Void
	case superseded:
		return Superseded
	}
	return Valid
}

// Status of the document in its newest version.
func (d Document) Status() Status { return StatusOf(!d.ReplacedBy.IsZero(), d.VoidSince) }

// At returns the document in the version; false where there is no such version.
func (d Document) At(version int) (Document, bool) {
	if version < 1 || version > d.Version() {
		return Document{}, false
	}
	d.Corrections = d.Corrections[:d.inherited+version-1]
	return d, true
}

// Last returns the correction that made the document's version; nil for the
// version as it was issued.
func (d Document) Last() *Corrected {
	if d.Version() == 1 {
		return nil
	}
	return &d.Corrections[len(d.Corrections)-1]
}

// Value returns the field as the corrections have it, else as it was written.
func (d Document) Value(field Field, written string) string {
	for _, c := range slices.Backward(d.Corrections) {
		for _, correction := range c.Corrections {
			if correction.Field == field {
				return string(correction.Value)
			}
		}
	}
	return written
}

// Documents is the state of a case- stream of either service, or of a residence-
// stream, as far as documents go. The zero value is a stream that does not exist;
// one of a person has no application.
type Documents struct {
	Application domain.Event // [housing.ApplicationReceived] or [residence.DeregistrationApplied]
	Accepted    domain.Meta  // who accepted it, and on which channel
	Revision    uint64
	Documents   []Document // in the order of issue
}

// Case is the id of the file's case.
func (ds *Documents) Case() domain.CaseID {
	switch e := ds.Application.(type) {
	case housing.ApplicationReceived:
		return e.CaseID
	case residence.DeregistrationApplied:
		return e.CaseID
	}
	return domain.CaseID{}
}

// Service is that of the file's case.
func (ds *Documents) Service() domain.Service {
	if _, ok := ds.Application.(housing.ApplicationReceived); ok {
		return domain.S000
	}
	return domain.S001
}

// Applicant is the applicant of the case; zero in the file of a person.
func (ds *Documents) Applicant() domain.PersonID {
	switch e := ds.Application.(type) {
	case housing.ApplicationReceived:
		return e.ApplicantID
	case residence.DeregistrationApplied:
		return e.ApplicantID
	}
	return domain.PersonID{}
}

// Named is whom the document names: of a departure sheet who left, of a refused
// deregistration who stays, of all others the applicant.
func (ds *Documents) Named(d Document) domain.PersonID {
	switch e := d.Fact.(type) {
	case residence.DepartureSheetIssued:
		return e.PersonID
	case residence.RefusalIssued:
		return e.PersonID
	case housing.HolderCertified:
		return e.PersonID
	}
	return ds.Applicant()
}

// Language is that of the application, or of the request of a sheet, in which the
// document is issued unless another is asked for; Kazakh where it names none.
func (ds *Documents) Language(d Document) domain.Language {
	language := domain.Language("")
	if e, ok := d.Fact.(residence.DepartureSheetIssued); ok {
		language = e.Language
	}
	switch e := ds.Application.(type) {
	case housing.ApplicationReceived:
		language = e.Language
	case residence.DeregistrationApplied:
		language = e.Language
	}
	return cmp.Or(language, domain.Kazakh)
}

// Hold compares the file's departure sheets with what the registry now holds of
// the person: a sheet whose ending was corrected is void (R17).
func (ds *Documents) Hold(p *residence.Person) {
	for i, d := range ds.Documents {
		if e, ok := d.Fact.(residence.DepartureSheetIssued); ok && e.PersonID == p.ID {
			if since := p.SheetVoidSince(e); !since.IsZero() {
				ds.Documents[i].VoidSince, ds.Documents[i].VoidBy = since, EndingCorrected
			}
		}
	}
}

// OpenTo reports whether a citizen is a party to the document: the applicant;
// of a departure sheet and a refused deregistration whom it is about, and nobody else
// whom the case names; of the others, whom the application names too.
func (ds *Documents) OpenTo(d Document, person domain.PersonID) bool {
	if person == ds.Named(d) || person == ds.Applicant() && !person.IsZero() {
		return true
	}
	if d.Kind == DepartureSheet || d.Kind == NotRemoved {
		return false
	}
	switch e := ds.Application.(type) {
	case housing.ApplicationReceived:
		return slices.ContainsFunc(e.Family, func(m housing.FamilyMember) bool { return m.PersonID == person })
	case residence.DeregistrationApplied:
		return slices.Contains(e.Persons, person)
	}
	return false
}

// CertifyHolder decides to issue, in the stream of the new holder, the certificate of an entry
// that passed to them (Q33), once.
func (ds *Documents) CertifyHolder(e housing.HolderCertified) ([]domain.Event, error) {
	if ds.document(e.CertificateID) != nil {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNotDue, "the new holder has the certificate already")
	}
	return []domain.Event{e}, nil
}

// Find returns the document, and whether the case has issued it.
func (ds *Documents) Find(id domain.CertificateID) (Document, bool) {
	if d := ds.document(id); d != nil {
		return *d, true
	}
	return Document{}, false
}

func (ds *Documents) document(id domain.CertificateID) *Document {
	for i := range ds.Documents {
		if ds.Documents[i].ID == id {
			return &ds.Documents[i]
		}
	}
	return nil
}

// Clone returns a copy that later events do not change.
func (ds *Documents) Clone() Documents {
	c := *ds
	c.Documents = slices.Clone(ds.Documents)
	for i := range c.Documents {
		c.Documents[i].Corrections = slices.Clone(c.Documents[i].Corrections)
	}
	return c
}

// Apply folds the next event of the stream into ds.
func (ds *Documents) Apply(rec domain.Recorded) {
	ds.Revision = rec.Revision
	switch e := rec.Event.(type) {
	case housing.ApplicationReceived, residence.DeregistrationApplied:
		ds.Application, ds.Accepted = e, rec.Meta
	case Corrected:
		if d := ds.document(e.CertificateID); d != nil {
			d.Corrections = append(d.Corrections, e)
		}
	case Duplicated:
		if old := ds.document(e.Replaces); old != nil {
			d := *old
			d.ID, d.IssuedAt, d.Copy, d.Replaces = e.CertificateID, e.IssuedAt, e.Copy, e.Replaces
			d.IssuedBy, d.Act = domain.EventRef{Stream: rec.Stream, Revision: rec.Revision}, rec.Meta
			d.Corrections, d.inherited = slices.Clone(old.Corrections), len(old.Corrections)
			old.ReplacedBy = e.CertificateID
			ds.Documents = append(ds.Documents, d)
		}
	}
	if Fell(rec.Event) {
		for i, d := range ds.Documents {
			if d.Kind.Decision() && d.VoidSince.IsZero() {
				ds.Documents[i].VoidSince, ds.Documents[i].VoidBy = domain.DateOf(rec.Created), DecisionFell
			}
		}
	}
	if issued, ok := IssuedBy(rec.Event); ok {
		issued.IssuedBy, issued.Act = domain.EventRef{Stream: rec.Stream, Revision: rec.Revision}, rec.Meta
		ds.Documents = append(ds.Documents, issued)
	}
}

// Decision reports whether a document of the kind certifies the decision of a case.
func (k Kind) Decision() bool { return k == Placement || k == Refusal || k == NotRemoved }

// Fell reports whether the decision of a case holds no more since the event: a complaint was
// satisfied (APPC 100), or a court has set it aside, or the silence that it followed from was annulled (C23).
func Fell(event domain.Event) bool {
	switch e := event.(type) {
	case procedure.ComplaintDecided:
		return e.Outcome.Favourable()
	case procedure.CourtActRecorded, residence.SilenceAnnulled:
		return true
	}
	return false
}

// IssuedBy returns the document that an event issues. It is false for a
// duplicate: [Duplicated] names the sheet that it repeats and has no facts of
// its own.
func IssuedBy(event domain.Event) (Document, bool) {
	switch e := event.(type) {
	case housing.ApplicationReceived:
		return Document{ID: TalonOf(e.CaseID), Kind: Talon, Service: domain.S000, IssuedAt: e.ReceivedAt, Fact: e}, true
	case residence.DeregistrationApplied:
		return Document{ID: TalonOf(e.CaseID), Kind: Talon, Service: domain.S001, IssuedAt: e.ReceivedAt, Fact: e}, true
	case housing.PlacementCertified:
		return Document{ID: e.CertificateID, Kind: Placement, Service: domain.S000, IssuedAt: e.CertifiedAt, Fact: e}, true
	case housing.HolderCertified:
		return Document{ID: e.CertificateID, Kind: Placement, Service: domain.S000, IssuedAt: e.CertifiedAt, Fact: e}, true
	case housing.ApplicationRefused:
		return Document{ID: e.CertificateID, Kind: Refusal, Service: domain.S000, IssuedAt: e.RefusedAt, Fact: e}, true
	case residence.DepartureSheetIssued:
		return Document{ID: e.CertificateID, Kind: DepartureSheet, Service: domain.S001, IssuedAt: e.IssuedAt, Fact: e}, true
	case residence.RefusalIssued:
		return Document{ID: e.CertificateID, Kind: NotRemoved, Service: domain.S001, IssuedAt: e.IssuedAt, Fact: e}, true
	}
	return Document{}, false
}

// TalonOf is the id of the talon of a case: every application has one.
func TalonOf(id domain.CaseID) domain.CertificateID {
	return domain.CertificateID{UUID: domain.DeriveID(id.UUID, "talon")}
}

// Unknown is the refusal of a document that was not issued.
func Unknown() *domain.Error {
	return domain.Refuse(domain.NotFound, domain.CodeCertificateUnknown, "no document with this id was issued")
}

// current returns the document if cmd may act on it: it stands, and the role is
// of the body that issued it.
func (ds *Documents) current(cmd domain.Command, id domain.CertificateID) (*Document, error) {
	d := ds.document(id)
	if d == nil {
		return nil, Unknown()
	}
	if !slices.Contains(issuers[d.Kind], cmd.Role) {
		return nil, domain.Refuse(domain.Forbidden, domain.CodeRoleNotAllowed,
			"only the body that issued a %s corrects it or issues it again: one of the roles %v",
			d.Kind, issuers[d.Kind])
	}
	switch d.Status() {
	case Void:
		return nil, domain.Refuse(domain.Conflict, domain.CodeCertificateVoid,
			"this document is not in force since %s (%s); ask for a document of what holds now", d.VoidSince, d.VoidBy)
	case Superseded:
		return nil, domain.Refuse(domain.Conflict, domain.CodeCertificateSuperseded,
			"this document has been replaced by its duplicate %s: name that one", d.ReplacedBy)
	}
	return d, nil
}

// Duplicate decides to issue a departure sheet again, marked as a duplicate
// (R17). Of the sheets of one ending only the last is valid.
func (ds *Documents) Duplicate(cmd domain.Command, id domain.CertificateID) ([]domain.Event, error) {
	if d := ds.document(id); d != nil && d.Kind != DepartureSheet {
		return nil, domain.Refuse(domain.Conflict, domain.CodeDuplicateNotIssued,
			"duplicates are issued of departure sheets only; print any other document again")
	}
	d, err := ds.current(cmd, id)
	if err != nil {
		return nil, err
	}
	e, _ := d.Fact.(residence.DepartureSheetIssued)
	return []domain.Event{Duplicated{
		CaseID: ds.Case(), Replaces: id, Copy: d.Copy + 1, IssuedAt: cmd.Now,
		PersonID: e.PersonID, RegistrationID: e.RegistrationID, Ending: e.Ending,
		CertificateID: domain.CertificateID{UUID: domain.DeriveID(id.UUID, fmt.Sprintf("duplicate %d", d.Copy+1))},
	}}, nil
}

// Correct is the command that corrects slips of a document.
type Correct struct {
	CertificateID domain.CertificateID
	Corrections   []Correction
	Slip          domain.Personal
}

// Correct decides [Correct]. What was decided cannot be changed this way (C10).
func (ds *Documents) Correct(cmd domain.Command, c Correct) ([]domain.Event, error) {
	d, err := ds.current(cmd, c.CertificateID)
	if err != nil {
		return nil, err
	}
	if len(c.Corrections) == 0 {
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired,
			"name at least one field to correct: one of %v", correctable[d.Kind]).At("corrections")
	}
	c.Corrections = slices.Clone(c.Corrections)
	seen := map[Field]bool{}
	for i, correction := range c.Corrections {
		switch {
		case !slices.Contains(correctable[d.Kind], correction.Field):
			return nil, domain.Refuse(domain.Invalid, domain.CodeNotASlip,
				"a correction changes how a %s is written, in one of %v; only a complaint or a new decision "+
					"changes what was decided", d.Kind, correctable[d.Kind]).
				At(domain.Path("corrections", i, "field"))
		case seen[correction.Field]:
			return nil, domain.Refuse(domain.Invalid, domain.CodeNamedTwice,
				"this field is corrected twice; name it once").At(domain.Path("corrections", i, "field"))
		case strings.TrimSpace(string(correction.Value)) == "":
			return nil, domain.Refuse(domain.Invalid, domain.CodeRequired,
				"give the right value").At(domain.Path("corrections", i, "value"))
		}
		seen[correction.Field] = true
		if correction.Field == Reasons {
			continue
		}
		line, err := domain.Line(string(correction.Value), domain.Path("corrections", i, "value"))
		if err != nil {
			return nil, err
		}
		c.Corrections[i].Value = domain.Personal(line)
	}
	if strings.TrimSpace(string(c.Slip)) == "" {
		return nil, domain.Refuse(domain.Invalid, domain.CodeReasonsRequired, "say in words what was wrong").At("slip")
	}
	e := Corrected{
		CaseID: ds.Case(), CertificateID: c.CertificateID, Version: d.Version() + 1,
		Corrections: c.Corrections, Slip: c.Slip, CorrectedAt: cmd.Now,
	}
	if ds.Application == nil {
		e.PersonID = ds.Named(*d)
	}
	return []domain.Event{e}, nil
}
