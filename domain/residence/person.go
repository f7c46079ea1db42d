package residence

import (
	"log/slog"
	"slices"
	"time"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// Class is the legal class of a person, on which the channel depends (R1, R3).
type Class string

const (
	Citizen            Class = "citizen"
	PermanentForeigner Class = "permanent_foreigner"
	PermanentStateless Class = "permanent_stateless"
	Refugee            Class = "refugee" // a foreigner or stateless person with refugee status
)

// Classes lists them all.
var Classes = []Class{Citizen, PermanentForeigner, PermanentStateless, Refugee}

// Kind of a registration.
type Kind string

const (
	Permanent Kind = "permanent"
	Temporary Kind = "temporary"
)

// Kinds lists them all.
var Kinds = []Kind{Permanent, Temporary}

// Reason why a registration ended (R14: only a listed one).
type Reason string

const (
	MovedToNewAddress Reason = "moved_to_new_address"
	OwnerApplication  Reason = "owner_application"
	DepartureAbroad   Reason = "departure_abroad"
	CourtDecision     Reason = "court_decision"
	TermExpired       Reason = "term_expired" // temporary only: it ended by itself (R13)
	Died              Reason = "death"        // the person died (R27)
	// its dwelling was split or merged, and it goes on in what was made of it (R37, R38)
	DwellingReplaced Reason = "dwelling_replaced"
)

// Reasons lists them all.
var Reasons = []Reason{MovedToNewAddress, OwnerApplication, DepartureAbroad, CourtDecision, TermExpired, Died, DwellingReplaced}

// Consent of an owner or tenant to a registration.
type Consent struct {
	PersonID domain.PersonID `json:"person_id"`
	GivenOn  domain.Date     `json:"given_on,omitzero"`
	Basis    domain.Basis    `json:"basis,omitzero"` // the signed consent, where an official states it
	// RepresentedBy is the legal representative who consented in the person's place (R32).
	RepresentedBy domain.PersonID `json:"represented_by,omitzero"`
}

// PersonRecorded begins the stream of a person.
type PersonRecorded struct {
	PersonID   domain.PersonID     `json:"person_id"`
	IIN        domain.IIN          `json:"iin,omitempty"`
	Name       domain.Personal     `json:"name"`
	BirthDate  domain.PersonalDate `json:"birth_date"`
	Class      Class               `json:"class"`
	RecordedAt time.Time           `json:"recorded_at"`
	BirthKnown BirthKnown          `json:"birth_known,omitempty"`
	Accepted   []domain.Code       `json:"accepted,omitempty"` // contradictions that the official has seen (R25)
	Likeness   Likeness            `json:"likeness,omitzero"`
	Alike      []domain.PersonID   `json:"alike,omitempty"` // who is recorded with this name and birth date too (R29)
	NameKeys   []NameKey           `json:"name_keys,omitempty"`
	Evidence   domain.Evidence     `json:"evidence,omitzero"` // of whoever recorded themselves (R56)
}

// RegistrationBegan says that the person resides (permanent) or stays
// (temporary, [From, Until)) at the dwelling.
type RegistrationBegan struct {
	PersonID       domain.PersonID       `json:"person_id"`
	RegistrationID domain.RegistrationID `json:"registration_id"`
	DwellingID     domain.DwellingID     `json:"dwelling_id"`
	Kind           Kind                  `json:"kind"`
	From           domain.Date           `json:"effective_from"`
	// temporary only: the first day on which it no longer holds
	Until    domain.Date `json:"until,omitzero"`
	Consents []Consent   `json:"consents,omitempty"`
	// the provision that gave the dwelling, where it asked for the registration
	CaseID   domain.CaseID `json:"case_id,omitzero"`
	Kinship  Kinship       `json:"kinship,omitzero"` // as stated
	Warnings []Warning     `json:"warnings,omitempty"`
	// the document that takes the place of a consent which nobody can give (R42)
	ConsentGround domain.Basis `json:"consent_ground,omitzero"`
}

// Consenting are the owners and tenants whose consent was stated, each once.
func (e RegistrationBegan) Consenting() []domain.PersonID {
	var others []domain.PersonID
	for _, c := range e.Consents {
		if c.PersonID != e.PersonID && !slices.Contains(others, c.PersonID) {
			others = append(others, c.PersonID)
		}
	}
	return others
}

// RegistrationEnded says that the registration holds until On and no longer on
// it. An ending is never undone by deletion (R14).
type RegistrationEnded struct {
	PersonID       domain.PersonID       `json:"person_id"`
	RegistrationID domain.RegistrationID `json:"registration_id"`
	DwellingID     domain.DwellingID     `json:"dwelling_id"`
	Kind           Kind                  `json:"kind"`
	Reason         Reason                `json:"reason"`
	On             domain.Date           `json:"ended_on"`
	CaseID         domain.CaseID         `json:"case_id,omitzero"` // the S001 case, where one caused it
	Warnings       []Warning             `json:"warnings,omitempty"`
}

func (PersonRecorded) EventType() string    { return "PersonRecorded" }
func (RegistrationBegan) EventType() string { return "RegistrationBegan" }
func (RegistrationEnded) EventType() string { return "RegistrationEnded" }

func (e PersonRecorded) EffectiveAt() time.Time    { return e.RecordedAt }
func (e RegistrationBegan) EffectiveAt() time.Time { return e.From.Start() }
func (e RegistrationEnded) EffectiveAt() time.Time { return e.On.Start() }

func (e PersonRecorded) Concerns() domain.Concern { return domain.ConcernsPersons(e.PersonID) }
func (e RegistrationBegan) Concerns() domain.Concern {
	persons := append([]domain.PersonID{e.PersonID}, e.Consenting()...)
	for _, c := range e.Consents {
		if !c.RepresentedBy.IsZero() {
			persons = append(persons, c.RepresentedBy)
		}
	}
	return atDwelling(e.DwellingID, persons...)
}
func (e RegistrationEnded) Concerns() domain.Concern { return atDwelling(e.DwellingID, e.PersonID) }

func (e PersonRecorded) LogValue() slog.Value    { return domain.Masked(e) }
func (e RegistrationBegan) LogValue() slog.Value { return domain.Masked(e) }
func (c Consent) LogValue() slog.Value           { return domain.Masked(c) }

// Registration is one stay of a person at a dwelling.
type Registration struct {
	ID         domain.RegistrationID
	DwellingID domain.DwellingID
	Kind       Kind
	From       domain.Date
	Until      domain.Date // zero for a permanent one
	Ended      bool
	EndedOn    domain.Date
	Reason     Reason
	CaseID     domain.CaseID
	Void       bool            // annulled: it never was
	Position   domain.Position // where the log holds its beginning
}

// ActiveOn reports whether the registration holds on the day. A temporary one
// stops by itself on Until, whether or not anybody recorded it.
func (r Registration) ActiveOn(day domain.Date) bool {
	if r.Void || day.Before(r.From) {
		return false
	}
	until := r.heldUntil()
	return until.IsZero() || day.Before(until)
}

// openOn reports whether the registration can still be ended on the day: it has
// not ended, neither by a fact nor by its own term.
func (r Registration) openOn(day domain.Date) bool {
	return !r.Void && !r.Ended && (r.Until.IsZero() || day.Before(r.Until))
}

// heldUntil is the first day on which the registration no longer holds; zero
// where it has no end.
func (r Registration) heldUntil() domain.Date { return r.Standing().heldUntil() }

// Person is the state of a residence- stream. The zero Person is unknown to the
// registry.
type Person struct {
	ID            domain.PersonID
	IIN           domain.IIN
	Name          domain.Personal
	BirthDate     domain.Date
	BirthKnown    BirthKnown
	Class         Class
	Contacts      ContactsConfirmed // that are in force
	Stated        ContactsStated    // the last that were stated
	Registrations []Registration    // in the order in which they were recorded

	Representatives []Representative  // who are recorded; [Person.ActorsOn] says who of them acts
	Wards           []domain.PersonID // whose streams may name this person as a representative

	statements statements
	erasures   erasures
	death      Death // zero where none is recorded
	claim      IINClaim
	merge      Merge      // into another record; zero where there is none
	undone     Merge      // the last one that was undone
	absorbed   []Absorbed // records that this one stands for
	lost       []lostRepresentative
	awaits     awaitedRepresentative
	departure  domain.EventRef // that is not followed up yet
	annulled   domain.EventRef // death that was annulled, and whose consequences are not yet taken away

	former      []PersonData // who the record said before, the oldest first
	recordedOn  domain.Date
	changedFrom domain.Date // from which the last change of who the person is holds

	facts   facts                  // what the registrations are made of
	endings []endingChange         // in the order of the stream
	sheets  []DepartureSheetIssued // in this stream; those of cases are in theirs
	next    uint64                 // revision of the next event of the stream
}

// Known reports whether the person has been recorded.
func (p *Person) Known() bool { return !p.ID.IsZero() }

// Clone returns a copy that later events do not change: Apply replaces the lists
// that it changes.
func (p *Person) Clone() Person { return *p }

// Apply folds the next event of the stream into p.
func (p *Person) Apply(rec domain.Recorded) {
	p.next = rec.Revision + 1
	if f, ok := factIn(rec); ok {
		p.facts = append(slices.Clip(p.facts), f)
	}
	p.testified(rec)
	p.erased(rec)
	p.died(rec)
	p.identified(rec)
	p.merged(rec)
	p.bereaved(rec)
	p.departed(rec)
	switch e := rec.Event.(type) {
	case PersonRecorded:
		p.ID, p.IIN, p.recordedOn, p.changedFrom = e.PersonID, e.IIN, domain.DateOf(e.RecordedAt), domain.Date{}
		p.setData(PersonData{e.Name, e.BirthDate, e.BirthKnown, e.Class})
	case PersonDataChanged:
		p.former = append(slices.Clip(p.former), e.Was)
		p.setData(e.Now)
		if e.Kind == DataChanged {
			p.changedFrom = e.From
		}
	case ContactsStated, ContactsConfirmed, ContactCodeRejected:
		p.stateContacts(e)
	case RegistrationBegan:
		p.Registrations = append(slices.Clip(p.Registrations), Registration{
			ID: e.RegistrationID, DwellingID: e.DwellingID, Kind: e.Kind, From: e.From, Until: e.Until, Position: rec.Position,
		})
	case RegistrationEnded:
		if r := p.registration(e.RegistrationID); r != nil {
			r.Ended, r.EndedOn, r.Reason, r.CaseID = true, e.On, e.Reason, e.CaseID
		}
	case RegistrationInserted:
		p.Registrations = append(slices.Clip(p.Registrations), e.registration(rec.Position))
	default:
		p.represented(rec)
		if c, ok := CorrectionIn(e); ok {
			if r := p.registration(c.RegistrationID); r != nil {
				r.stand(c.Now)
			}
		}
	}
}

// Revision is that of the last event of a known person's stream.
func (p *Person) Revision() uint64 { return p.next - 1 }

// registration returns the registration to be changed, in a list of p's own;
// nil where p has none with the id.
func (p *Person) registration(id domain.RegistrationID) *Registration {
	i := slices.IndexFunc(p.Registrations, func(r Registration) bool { return r.ID == id })
	if i < 0 {
		return nil
	}
	p.Registrations = slices.Clone(p.Registrations)
	return &p.Registrations[i]
}

// ActiveOn returns the registrations that hold on the day, the permanent one
// first.
func (p *Person) ActiveOn(day domain.Date) []Registration {
	var active []Registration
	for _, r := range p.Registrations {
		if !r.ActiveOn(day) {
			continue
		}
		if r.Kind == Permanent {
			active = slices.Insert(active, 0, r)
		} else {
			active = append(active, r)
		}
	}
	return active
}

// RecordPerson is the command that records a person.
type RecordPerson struct {
	PersonID  domain.PersonID
	IIN       domain.IIN // zero only for a person who has none (R21)
	Name      domain.Personal
	BirthDate domain.Date
	Class     Class

	BirthKnown BirthKnown
	Accept     []domain.Code // contradictions that the official has seen

	Likeness Likeness          // of the name as [domain.Name] writes it, and the birth date
	NameKeys []NameKey         // of the same
	Alike    []domain.PersonID // who is recorded with them; asked for only where there is no IIN

	Evidence domain.Evidence // of the signature of who records themselves; zero where an official records them
}

// Record decides [RecordPerson].
//
// A citizen always has an IIN; a refugee may have none, and so may others whose
// documents carry none (R21: that is never a reason to refuse them).
func (p *Person) Record(cmd domain.Command, c RecordPerson) ([]domain.Event, error) {
	if p.Known() || !p.claim.PersonID.IsZero() {
		return nil, domain.Refuse(domain.Conflict, domain.CodePersonRecorded,
			"a person with this IIN is already recorded; search for the person by the IIN").At("iin")
	}
	if err := checkClass(c.Class, c.IIN); err != nil {
		return nil, err
	}
	name, err := domain.Name(c.Name, "name")
	if err != nil {
		return nil, err
	}
	if err := checkBirth(cmd.Today(), c.BirthDate, c.BirthKnown); err != nil {
		return nil, err
	}
	birth := domain.PersonalDate{Date: c.BirthDate}
	accepted, err := answered(contradictions(c.IIN, PersonData{name, birth, c.BirthKnown, c.Class}), c.Accept)
	if err != nil {
		return nil, err
	}
	if err := c.alikeAnswered(); err != nil {
		return nil, err
	}
	return []domain.Event{PersonRecorded{
		PersonID: c.PersonID, IIN: c.IIN, Name: name, BirthDate: birth, Class: c.Class, RecordedAt: cmd.Now,
		BirthKnown: c.BirthKnown, Accepted: accepted, Likeness: c.Likeness, Alike: c.Alike,
		NameKeys: c.NameKeys, Evidence: c.Evidence,
	}}, nil
}

// Register is the command that registers a residence or a temporary stay.
type Register struct {
	RegistrationID domain.RegistrationID
	DwellingID     domain.DwellingID
	Kind           Kind
	From           domain.Date
	Until          domain.Date // zero for a permanent registration
	Consents       []Consent
	// the case that provided the dwelling to the person, which replaces the owner's consent; zero where none did
	Provision domain.CaseID
	Kinship   Kinship           // to somebody who is registered there; zero where none is stated
	Dwelling  *Dwelling         // as it is now; nil where nothing is known of it: then no consent is asked for
	Dead      []domain.PersonID // of its owners, their agents and its tenant, whose death is recorded
	Occupants []domain.PersonID // who is registered there; asked for only where a norm is in force
	Household Household
	Rules     rules.Book // by which it is judged

	// the document on which the person registers where nobody can consent; zero where there is none
	ConsentGround domain.Basis
}

// Register decides the command [Register].
//
// A permanent registration ends the permanent one before it on the same day and
// in the same append (R11, R12); a temporary one lasts as long as the edition
// in force allows (one month to one year) and does not touch the permanent one
// (R13). At most one temporary registration is active at a time (policy: the
// acts say nothing).
func (p *Person) Register(cmd domain.Command, c Register) ([]domain.Event, error) {
	if !p.Known() {
		return nil, domain.Refuse(domain.Invalid, domain.CodePersonUnknown,
			"no person with this id is recorded; record the person first").At("person_id")
	}
	if err := p.CheckAlive("person_id"); err != nil {
		return nil, err
	}
	if err := c.checkPeriod(cmd.Today()); err != nil {
		return nil, err
	}
	if err := c.checkConsents(cmd, p.ID); err != nil {
		return nil, err
	}
	if c.From.Before(p.BirthDate) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeBeforeBirth,
			"the registration would begin before the person was born").At("effective_from")
	}
	warnings, err := c.checkPlace(cmd, p.ID)
	if err != nil {
		return nil, err
	}
	began := RegistrationBegan{
		PersonID: p.ID, RegistrationID: c.RegistrationID, DwellingID: c.DwellingID,
		Kind: c.Kind, From: c.From, Until: c.Until, Consents: c.Consents, CaseID: c.Provision, Kinship: c.Kinship, Warnings: warnings,
		ConsentGround: c.ConsentGround,
	}
	if c.Kind == Permanent {
		began.Warnings = append(
			began.Warnings,
			c.Household.apart(p, c.DwellingID, c.Rules.On(cmd.Today()), cmd.Today())...)
	}
	var ended []domain.Event
	for _, r := range p.Registrations {
		open := r.openOn(cmd.Today())
		if open && r.DwellingID == c.DwellingID && (r.Kind == c.Kind || r.Kind == Permanent) {
			return nil, domain.Refuse(domain.Conflict, domain.CodeRegisteredHere,
				"the person is already registered at this dwelling since %s (%s)", r.From, r.Kind).At("dwelling_id")
		}
		if r.Kind != c.Kind || r.Void {
			continue
		}
		if open && c.Kind == Temporary {
			return nil, domain.Refuse(domain.Conflict, domain.CodeTemporaryActive,
				"the person has a temporary registration until %s; it must end before another begins",
				r.Until).At("person_id")
		}
		if open { // a move: the new registration begins where the old one ends
			if c.From.Before(r.From) {
				return nil, domain.Refuse(domain.Conflict, domain.CodePeriodOverlaps,
					"the present registration began on %s; a move cannot take effect before it",
					r.From).At("effective_from")
			}
			move := r.end(p.ID, MovedToNewAddress, c.From, domain.CaseID{})
			ended = append(ended, move)
			continue
		}
		if c.From.Before(r.heldUntil()) {
			return nil, domain.Refuse(domain.Conflict, domain.CodePeriodOverlaps,
				"an earlier registration of this kind held until %s; the new one cannot begin before that day",
				r.heldUntil()).At("effective_from")
		}
	}
	events := append(ended, began)
	warning(events, c.Household.left(p, p.after(events...), c.Rules.On(cmd.Today()), cmd.Today(), nobody))
	return events, nil
}

// checkPeriod checks the days of the command, whoever the person is.
func (c Register) checkPeriod(today domain.Date) error {
	if c.Kind != Permanent && c.Kind != Temporary {
		return domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
			"a registration is %s or %s", Permanent, Temporary).At("kind")
	}
	if c.From.IsZero() {
		return domain.Refuse(domain.Invalid, domain.CodeRequired,
			"give the day on which the registration begins").At("effective_from")
	}
	if err := c.checkLength(today); err != nil {
		return err
	}
	if c.Kind == Temporary && !today.Before(c.Until) {
		return domain.Refuse(domain.Invalid, domain.CodePeriodOverlaps,
			"the stay is over already: until must lie after today, %s", today).At("until")
	}
	return nil
}

// checkLength keeps R13, and that nothing begins in the future.
func (c Register) checkLength(today domain.Date) *domain.Error {
	if today.Before(c.From) {
		return domain.Refuse(domain.Invalid, domain.CodeDateInFuture,
			"a registration is recorded when it begins: effective_from is at the latest today, %s",
			today).At("effective_from")
	}
	if c.Kind == Permanent {
		if !c.Until.IsZero() {
			return domain.Refuse(domain.Invalid, domain.CodeUntilNotAllowed,
				"a permanent registration has no end date; leave until out, or register a temporary stay").At("until")
		}
		return nil
	}
	atLeast, atMost := c.lengths(today)
	switch {
	case c.Until.IsZero():
		return domain.Refuse(domain.Invalid, domain.CodeUntilRequired,
			"a temporary registration needs until, the first day on which it no longer holds").At("until")
	case !c.From.Before(c.Until):
		return domain.Refuse(domain.Invalid, domain.CodeUntilBeforeFrom,
			"until must lie after effective_from").At("until")
	case c.Until.Before(c.From.AddMonths(atLeast)):
		return domain.Refuse(domain.Invalid, domain.CodeTemporaryTooShort,
			"a temporary registration lasts at least %d month(s): until is %s or later",
			atLeast, c.From.AddMonths(atLeast)).At("until")
	case c.From.AddMonths(atMost).Before(c.Until):
		return domain.Refuse(domain.Invalid, domain.CodeTemporaryTooLong,
			"a temporary registration lasts at most %d months: until is %s or earlier",
			atMost, c.From.AddMonths(atMost)).At("until")
	}
	return nil
}

// lengths are the least and the greatest length of a temporary registration in
// months, both included (R13).
func (c Register) lengths(today domain.Date) (atLeast, atMost int) {
	r := c.Rules.On(today).Residence
	return r.TemporaryAtLeastMonths, r.TemporaryAtMostMonths
}

func (r Registration) end(person domain.PersonID, why Reason, on domain.Date, by domain.CaseID) RegistrationEnded {
	return RegistrationEnded{
		PersonID: person, RegistrationID: r.ID, DwellingID: r.DwellingID, Kind: r.Kind, Reason: why, On: on, CaseID: by,
	}
}

// EndFor is the command by which a deregistration case ends the registrations
// of one of its persons.
type EndFor struct {
	CaseID     domain.CaseID
	DwellingID domain.DwellingID
	Ground     Ground
	On         domain.Date
	Received   domain.Position   // of the application in the log; zero before it is received
	Named      []domain.PersonID // all whom the case deregisters
	Household  Household
	Rules      rules.Book
}

// EndFor decides [EndFor]: the owner's application and the court's decision end
// what the person has at that dwelling, permanent or temporary; a departure
// abroad ends every registration of the person (policy). It refuses a person
// who is not registered at the dwelling (R7).
//
// It leaves alone what was registered after the application was received. So
// the result for the person is the same, whoever finishes the case and however
// late (R15).
func (p *Person) EndFor(c EndFor) ([]domain.Event, error) {
	var ended []domain.Event
	here := false
	for _, r := range p.Registrations {
		if !r.openOn(c.On) || c.Received != 0 && r.Position > c.Received {
			continue
		}
		at := r.DwellingID == c.DwellingID
		if !at && c.Ground != GroundDepartureAbroad {
			continue
		}
		if c.On.Before(r.From) { // R14: an ending is not before its beginning
			return nil, domain.Refuse(domain.Invalid, domain.CodeEndsBeforeBegin,
				"the registration begins on %s, after the day of the ending", r.From)
		}
		here = here || at
		ended = append(ended, r.end(p.ID, c.Ground.reason(), c.On, c.CaseID))
	}
	if !here {
		return nil, domain.Refuse(domain.Invalid, domain.CodeNotRegisteredHere,
			"the person has no active registration at this dwelling; look up its residents")
	}
	warning(ended, c.Household.left(p, p.after(ended...), c.Rules.On(c.On), c.On, c.leaves))
	return ended, nil
}

// leaves reports whether the case also deregisters the other person at the
// dwelling.
func (c EndFor) leaves(other *Person) bool {
	return slices.Contains(c.Named, other.ID) && slices.ContainsFunc(other.Registrations, func(r Registration) bool {
		return r.DwellingID == c.DwellingID && r.openOn(c.On)
	})
}

// Expire decides that a temporary registration has ended by itself (R13): on
// the day until which it was given, however late that is recorded.
func (p *Person) Expire(cmd domain.Command, id domain.RegistrationID) ([]domain.Event, error) {
	for _, r := range p.Registrations {
		if r.ID == id && r.Kind == Temporary && r.Standing().Open() && !cmd.Today().Before(r.Until) {
			return []domain.Event{r.end(p.ID, TermExpired, r.Until, domain.CaseID{})}, nil
		}
	}
	return nil, domain.Refuse(domain.Conflict, domain.CodeNotDue,
		"there is no temporary registration with this id whose term has run out and whose ending is not recorded")
}

// LastFact returns the revision of the last event about the registration, 0
// where there is none.
func (p *Person) LastFact(id domain.RegistrationID) (revision uint64) {
	for _, f := range p.facts {
		if f.of == id {
			revision = f.revision
		}
	}
	return revision
}
