package residence

import (
	"cmp"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/procedure"
	"tizilim/domain/rules"
)

// Ground of a deregistration: one of exactly three (S001-7).
type Ground string

const (
	GroundOwnerApplication Ground = "owner_application"
	GroundDepartureAbroad  Ground = "departure_abroad"
	GroundCourtDecision    Ground = "court_decision"
)

// Grounds lists them all.
var Grounds = []Ground{GroundOwnerApplication, GroundDepartureAbroad, GroundCourtDecision}

func (g Ground) reason() Reason {
	switch g {
	case GroundOwnerApplication:
		return OwnerApplication
	case GroundDepartureAbroad:
		return DepartureAbroad
	default:
		return CourtDecision
	}
}

// Admissible is the matrix channel × class × ground of S001-4 and S001-7 (E.4):
// it returns the channels on which an applicant of the class may ask for the
// ground. The class is that of the applicant, not of the person who is
// deregistered.
func Admissible(class Class, ground Ground) []domain.Channel {
	switch class {
	case Citizen:
		if ground == GroundOwnerApplication {
			return []domain.Channel{domain.ChannelStateCorp, domain.ChannelPortal}
		}
		return []domain.Channel{domain.ChannelStateCorp}
	case PermanentForeigner, PermanentStateless:
		return []domain.Channel{domain.ChannelProviderAtStateCorp}
	case Refugee:
		return []domain.Channel{domain.ChannelProvider}
	}
	return nil
}

// DeregistrationApplied begins an S001 case.
type DeregistrationApplied struct {
	CaseID         domain.CaseID          `json:"case_id"`
	Channel        domain.Channel         `json:"channel"`
	Language       domain.Language        `json:"language"`
	Ground         Ground                 `json:"ground"`
	DwellingID     domain.DwellingID      `json:"dwelling_id"`
	ApplicantID    domain.PersonID        `json:"applicant_id"`
	ApplicantClass Class                  `json:"applicant_class"`
	Persons        []domain.PersonID      `json:"persons"`
	Documents      []domain.Document      `json:"documents,omitempty"`
	DepartureSheet bool                   `json:"departure_sheet,omitempty"` // asked for (S001-11)
	Signature      domain.SignatureMethod `json:"signature"`
	Evidence       domain.Evidence        `json:"evidence,omitzero"`   // of the signature
	Basis          domain.Basis           `json:"basis,omitzero"`      // at a desk: the signed application
	CoOwners       []domain.PersonID      `json:"co_owners,omitempty"` // whose confirmation it waits for (R6)
	// StatedCoOwners are those whose confirmation the desk has stated by taking the
	// application in (R6). The paper is Basis.
	StatedCoOwners []domain.PersonID `json:"stated_co_owners,omitempty"`
	// Represented are those of them in whose place a legal representative confirmed (R32).
	Represented []Represented `json:"represented,omitempty"`
	// Named are those of the persons who were named by IIN and name (R55).
	Named []domain.Named `json:"named,omitempty"`
	// ReceivedAt is when it was handed in, on the portal when it was signed:
	// the 30 minutes run from here, also at night and on a day off (S001-5, R18).
	// RegisteredAt is the same instant: the registry decides this application itself,
	// without waiting for an office (C4).
	ReceivedAt   time.Time `json:"received_at"`
	RegisteredAt time.Time `json:"registered_at"`
	ConfirmBy    time.Time `json:"confirm_by,omitzero"` // from here on it waits for co-owners no more
	Deadline     time.Time `json:"deadline,omitzero"`   // zero where it waits for co-owners
}

// DeregistrationDecided ends an S001 case with a result for each person (R23).
// It is appended after every registration that it reports as ended (R15).
type DeregistrationDecided struct {
	CaseID    domain.CaseID   `json:"case_id"`
	Results   []Result        `json:"results"`
	Edition   rules.EditionID `json:"edition"` // of the rules it was judged by (Q10)
	DecidedAt time.Time       `json:"decided_at"`
	// ApplicantID is who applied; zero in events of releases that did not keep it.
	ApplicantID domain.PersonID `json:"applicant_id,omitzero"`
}

// Result of one person: registrations ended, or a code and a sentence why not.
type Result struct {
	PersonID domain.PersonID         `json:"person_id"`
	Ended    []domain.RegistrationID `json:"ended,omitempty"`
	Warnings []Warning               `json:"warnings,omitempty"`
	Code     domain.Code             `json:"code,omitempty"`
	Reason   string                  `json:"reason,omitempty"`
}

// Granted reports whether the person was deregistered.
func (r Result) Granted() bool { return r.Code == "" }

func (DeregistrationApplied) EventType() string { return "DeregistrationApplied" }
func (DeregistrationDecided) EventType() string { return "DeregistrationDecided" }

// An S001 case is registered when the application is received, and decided in
// one sitting.

func (e DeregistrationApplied) MovesTo() procedure.State {
	if len(e.CoOwners) > 0 {
		return procedure.AwaitingCoOwners
	}
	return procedure.Registered
}

func (e DeregistrationDecided) MovesTo() procedure.State {
	if slices.ContainsFunc(e.Results, Result.Granted) {
		return procedure.Granted
	}
	return procedure.Refused
}

// Begun is what the procedure needs of the application.
func (e DeregistrationApplied) Begun() procedure.Application {
	parties := slices.Concat(e.CoOwners, e.StatedCoOwners)
	for _, r := range e.Represented {
		parties = append(parties, r.RepresentedBy)
	}
	return procedure.Application{
		CaseID: e.CaseID, ApplicantID: e.ApplicantID, Affected: e.Persons, Parties: parties, Subject: e.subject(),
		ReceivedAt: e.ReceivedAt, RegisteredAt: e.RegisteredAt, Deadline: e.Deadline, Channel: e.Channel, Language: e.Language, OneSitting: true,
	}
}

// subject is the same for applications that ask for the same: these persons, in
// whatever order, off this dwelling, on this ground (C13).
func (e DeregistrationApplied) subject() uuid.UUID {
	persons := make([]string, len(e.Persons))
	for i, p := range e.Persons {
		persons[i] = p.String()
	}
	slices.Sort(persons)
	return domain.DeriveID(e.DwellingID.UUID, string(e.Ground)+" of "+strings.Join(persons, " "))
}

func (e DeregistrationApplied) EffectiveAt() time.Time { return e.ReceivedAt }
func (e DeregistrationDecided) EffectiveAt() time.Time { return e.DecidedAt }

func (e DeregistrationDecided) Concerns() domain.Concern { return domain.ConcernsCase(e.CaseID) }

func (e DeregistrationApplied) Concerns() domain.Concern {
	persons := slices.Concat([]domain.PersonID{e.ApplicantID}, e.Persons, e.CoOwners, e.StatedCoOwners)
	for _, r := range e.Represented {
		persons = append(persons, r.PersonID, r.RepresentedBy)
	}
	return domain.Concern{
		Case: e.CaseID, Begins: true, Dwellings: []domain.DwellingID{e.DwellingID}, Persons: persons,
	}
}

func (e DeregistrationApplied) LogValue() slog.Value { return domain.Masked(e) }

// Deregistration is the state of an S001 case- stream. The zero value is a case
// that does not exist.
type Deregistration struct {
	Applied   DeregistrationApplied
	Received  domain.Position   // of the application in the log
	Order     domain.Command    // the command that applied, for finishing the act
	Confirmed []domain.PersonID // co-owners whose confirmation holds
	Complete  time.Time         // from which the 30 minutes run; zero while co-owners are waited for
	Decided   bool
	Withdrawn bool // or terminated, while co-owners were waited for
	Results   []Result
	ClockActs
}

// Known reports whether the stream holds an S001 application.
func (d *Deregistration) Known() bool { return !d.Applied.CaseID.IsZero() }

// Clone returns a copy that later events do not change: Apply replaces the lists
// that it changes.
func (d *Deregistration) Clone() Deregistration { return *d }

// Apply folds the next event of the stream into d.
func (d *Deregistration) Apply(rec domain.Recorded) {
	switch e := rec.Event.(type) {
	case DeregistrationApplied:
		d.Applied, d.Received, d.Order = e, rec.Position, domain.CommandOf(rec, e.ReceivedAt)
		if len(e.CoOwners) == 0 {
			d.Complete = e.ReceivedAt
		}
	case CoOwnerConfirmed:
		d.Confirmed = append(slices.Clip(d.Confirmed), e.PersonID)
		if !e.Deadline.IsZero() {
			d.Complete = e.ConfirmedAt
		}
	case ConfirmationRevoked:
		d.Confirmed = slices.DeleteFunc(slices.Clone(d.Confirmed), func(p domain.PersonID) bool { return p == e.PersonID })
	case DeregistrationDecided:
		d.Decided, d.Results = true, e.Results
	case procedure.CaseWithdrawn, procedure.CaseTerminated:
		d.Withdrawn = true
	default:
		d.takeClockActs(rec)
	}
}

// ApplyForDeregistration is the command that hands in an S001 application.
type ApplyForDeregistration struct {
	CaseID         domain.CaseID
	Language       domain.Language
	Ground         Ground
	DwellingID     domain.DwellingID
	ApplicantID    domain.PersonID
	Persons        []domain.PersonID
	Documents      []domain.Document
	DepartureSheet bool
	Signature      domain.SignatureMethod
	Evidence       domain.Evidence
	Basis          domain.Basis   // at a desk: the signed application
	Represented    []Represented  // at a desk: who confirmed in the place of co-owners
	Named          []domain.Named // of the persons, who were named by IIN and name
}

// Facts is what an application is judged by, read from other streams.
type Facts struct {
	Applicant *Person
	Dwelling  *Dwelling
	Persons   []*Person // in the order of the application
	Speakers  []*Person // for the owners of the dwelling; those who are not recorded are left out
	Rules     rules.Book
}

// edition is the one in force on the day of the command.
func (f Facts) edition(cmd domain.Command) rules.Edition { return f.Rules.On(cmd.Today()) }

// Receive decides [ApplyForDeregistration]: matrix, signature, title and documents. Each
// person gets a result (R23). Where nobody of them can be deregistered the application is
// received all the same: its refusal is recorded, with a document, and can be appealed
// against (R46, APPC 64). Then no co-owner is asked.
func (d *Deregistration) Receive(cmd domain.Command, c ApplyForDeregistration, f Facts) ([]domain.Event, error) {
	if d.Known() {
		return nil, domain.Refuse(domain.Conflict, domain.CodeKeyReused, "this application has already been received")
	}
	if !f.Applicant.Known() {
		return nil, domain.Refuse(domain.Invalid, domain.CodePersonUnknown,
			"the applicant is not recorded; record the person first").At("applicant_id")
	}
	if err := cmp.Or(f.Applicant.CheckAlive("applicant_id"), f.Applicant.CheckUnmerged(cmd.Role, "applicant_id")); err != nil {
		return nil, err
	}
	if !f.Dwelling.Known() {
		e := UnknownDwelling().At("dwelling_id")
		e.Kind = domain.Invalid
		return nil, e
	}
	for _, check := range []func(domain.Command, ApplyForDeregistration, Facts) error{
		checkAdmitted, checkSignature, checkPersons, checkTitle, checkCoOwners, checkDeparture, checkCourt,
		checkPapers,
	} {
		if err := check(cmd, c, f); err != nil {
			return nil, err
		}
	}
	e := DeregistrationApplied{
		CaseID: c.CaseID, Channel: cmd.Channel, Language: c.Language, Ground: c.Ground,
		DwellingID: c.DwellingID, ApplicantID: c.ApplicantID, ApplicantClass: f.Applicant.Class,
		Persons: c.Persons, Documents: c.Documents, DepartureSheet: c.DepartureSheet, Signature: c.Signature, Evidence: c.Evidence, Basis: c.Basis,
		ReceivedAt: cmd.Now, RegisteredAt: cmd.Now, Named: c.Named,
	}
	var err error
	switch {
	case !f.anybodyHere(cmd, c):
	case cmd.Channel == domain.ChannelPortal:
		e.CoOwners = coOwners(cmd, c, f)
	default:
		e.StatedCoOwners = coOwners(cmd, c, f)
		if e.Represented, err = c.confirmedFor(cmd, e.StatedCoOwners, f); err != nil {
			return nil, err
		}
	}
	if len(e.CoOwners) == 0 {
		e.Deadline = deregistrationDeadline(f.edition(cmd), cmd.Now)
		return []domain.Event{e}, nil
	}
	var last domain.Date
	last, err = f.Rules.LastDay(cmd.Today(), f.edition(cmd).Deregistration.CoOwnersAnswerDays)
	if err != nil {
		return nil, err
	}
	e.ConfirmBy = last.Over()
	return []domain.Event{e}, nil
}

// anybodyHere reports whether one of the persons could be deregistered now (R7).
func (f Facts) anybodyHere(cmd domain.Command, c ApplyForDeregistration) bool {
	return slices.ContainsFunc(f.Persons, func(p *Person) bool {
		_, err := p.EndFor(EndFor{CaseID: c.CaseID, DwellingID: c.DwellingID, Ground: c.Ground, On: cmd.Today()})
		return err == nil
	})
}

// deregistrationDeadline is when a case that was complete at the instant has to
// be decided (S001-5, R18).
func deregistrationDeadline(e rules.Edition, complete time.Time) time.Time {
	return complete.Add(time.Duration(e.Deregistration.TermMinutes) * time.Minute)
}

// decision is the end of the case, by the edition under which it was received, and the
// documents of those whom it refuses.
func (d *Deregistration) decision(cmd domain.Command, results []Result, by rules.Book) []domain.Event {
	edition := by.On(domain.DateOf(d.Applied.ReceivedAt)).ID
	e := DeregistrationDecided{
		CaseID: d.Applied.CaseID, Results: results, Edition: edition, DecidedAt: cmd.Now, ApplicantID: d.Applied.ApplicantID,
	}
	return append([]domain.Event{e}, d.refusals(e)...)
}

// Decide closes the case with the results of its persons.
//
// It names the edition of the day on which the application was handed in: it is
// judged on that day and takes effect on it, however late the case is finished
// after a crash.
func (d *Deregistration) Decide(cmd domain.Command, results []Result, by rules.Book) ([]domain.Event, error) {
	if d.Decided {
		return nil, domain.Refuse(domain.Conflict, domain.CodeCaseDecided, "this case has been decided")
	}
	if d.Stage() != StageCarriedOut {
		return nil, domain.Refuse(domain.Conflict, domain.CodeAwaitsCoOwners,
			"this case waits for the confirmation of co-owners")
	}
	return d.decision(cmd, results, by), nil
}

// checkAdmitted keeps S001-7 and the matrix (R1, R2, R3).
func checkAdmitted(cmd domain.Command, c ApplyForDeregistration, f Facts) error {
	return admits(f.Applicant.Class, c.Ground, cmd.Channel)
}

// admits refuses what is not exactly one of three grounds, and a channel that the matrix closes.
func admits(class Class, ground Ground, channel domain.Channel) error {
	if ground == "" {
		return domain.Refuse(domain.Invalid, domain.CodeGroundRequired,
			"state one of the grounds %v", Grounds).At("ground")
	}
	if !slices.Contains(Grounds, ground) {
		return domain.Refuse(domain.Invalid, domain.CodeGroundUnknown,
			"a deregistration has exactly one of the grounds %v", Grounds).At("ground")
	}
	if slices.Contains(Admissible(class, ground), channel) {
		return nil
	}
	for _, g := range Grounds {
		if slices.Contains(Admissible(class, g), channel) {
			return domain.Refuse(domain.Invalid, domain.CodeGroundNotOpen,
				"the channel %s takes no application on the ground %s: a %s files it through %v",
				channel, ground, class, Admissible(class, ground)).At("ground")
		}
	}
	return domain.Refuse(domain.Invalid, domain.CodeChannelNotOpen,
		"the channel %s is not open to an applicant of class %s: use %v",
		channel, class, Admissible(class, ground)).At("channel")
}

// checkSignature keeps C17: the portal takes an EDS only (R2; S001-8 names no
// OTP), paper channels a signature by hand. An EDS is the applicant's (C18).
func checkSignature(cmd domain.Command, c ApplyForDeregistration, f Facts) error {
	allowed, open := f.edition(cmd).Deregistration.Signatures[cmd.Channel]
	if !open {
		return domain.Refuse(domain.Invalid, domain.CodeChannelNotOpen,
			"applications are not accepted through %s at present", cmd.Channel).At("channel")
	}
	if !slices.Contains(allowed, c.Signature) {
		return domain.Refuse(domain.Invalid, domain.CodeSignatureMethod,
			"an application through %s is signed by one of %v", cmd.Channel, allowed).At("signature.method")
	}
	return c.Signature.SignedBy(cmd.Signer(c.ApplicantID), c.Evidence)
}

// checkPersons: at least one person, each recorded and named once (R4, R7).
func checkPersons(cmd domain.Command, c ApplyForDeregistration, f Facts) error {
	if len(c.Persons) == 0 {
		return domain.Refuse(domain.Invalid, domain.CodeRequired,
			"name at least one person to deregister").At("persons")
	}
	for i, id := range c.Persons {
		if slices.Contains(c.Persons[:i], id) {
			return domain.Refuse(domain.Invalid, domain.CodeNamedTwice,
				"this person is named twice; name each person once").At(domain.Path("persons", i))
		}
		if !f.Persons[i].Known() {
			return domain.Refuse(domain.Invalid, domain.CodePersonUnknown,
				"no person with this id is recorded").At(domain.Path("persons", i))
		}
		if err := f.Persons[i].CheckUnmerged(cmd.Role, domain.Path("persons", i)); err != nil {
			return err
		}
	}
	return nil
}

// checkTitle: an applicant who applies as the owner holds title to the dwelling
// (R5). Owners may deregister themselves (R22). At a desk the agent of an owner that is
// no person applies for it (R40); on the portal only an owner applies (R2).
func checkTitle(cmd domain.Command, c ApplyForDeregistration, f Facts) error {
	entitled := f.Dwelling.OwnedBy
	if cmd.Channel != domain.ChannelPortal {
		entitled = f.Dwelling.SpokenForBy
	}
	if c.Ground == GroundOwnerApplication && !entitled(c.ApplicantID) {
		return domain.Refuse(domain.Invalid, domain.CodeApplicantNotOwner,
			"the applicant is not an owner of this dwelling; only an owner can apply on this ground, or at a desk who "+
				"speaks for one").At("applicant_id")
	}
	return nil
}

// checkCoOwners: somebody speaks for every co-owner who must confirm (R6, R40).
func checkCoOwners(cmd domain.Command, c ApplyForDeregistration, f Facts) error {
	if slices.ContainsFunc(coOwners(cmd, c, f), domain.PersonID.IsZero) {
		return nobodySpeaks().At("dwelling_id")
	}
	return nil
}

// checkBasis keeps that a desk applies for somebody on a paper.
func checkBasis(cmd domain.Command, c ApplyForDeregistration, f Facts) error {
	return f.edition(cmd).CheckBasis(rules.Deregister, cmd.Role, c.Basis, cmd.Today(), "basis")
}
