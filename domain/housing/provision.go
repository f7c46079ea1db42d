package housing

import (
	"log/slog"
	"slices"
	"strings"
	"time"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// A provision is decided by the commission in a case- stream of its own and
// carried out in the streams of the dwelling and of the list; see
// command.Handler.Provide for the steps.

// Norm is how much useful area a person is given, in square metres (art. 75), by
// the edition in force on the day of the decision.
type Norm struct {
	Min int `json:"min_per_person"`
	Max int `json:"max_per_person"`
}

func normOf(e rules.Edition) Norm { return Norm{e.Register.AreaAtLeast, e.Register.AreaAtMost} }

// ServiceDwelling is what the norm needs to know of a dwelling.
type ServiceDwelling struct {
	ID    domain.DwellingID `json:"dwelling_id"`
	Area  int               `json:"useful_area"` // whole square metres
	Rooms int               `json:"rooms"`
}

// SkipReason is why an entry is passed over although it stands before the one
// that is given the dwelling. The law has no rule for it (Q19): this is a
// policy.
type SkipReason string

const (
	SkipTooSmall SkipReason = "dwelling_too_small" // below the lower norm for each person
	SkipTooLarge SkipReason = "dwelling_too_large" // above the upper norm even with one person more; never of a dwelling with one room
	SkipReview   SkipReason = "under_review"
	SkipDeclined SkipReason = "declined" // the holder declined this dwelling (Q25)
)

// SkipReasons lists them all.
var SkipReasons = []SkipReason{SkipTooSmall, SkipTooLarge, SkipReview, SkipDeclined}

// Skip is an entry that was passed over.
type Skip struct {
	EntryID domain.EntryID `json:"entry_id"`
	Reason  SkipReason     `json:"reason"`
}

// maxSkipped bounds the size of an event that names skipped entries.
const maxSkipped = 5000

// misfit is why a family of so many persons is not given the dwelling; empty
// where it fits.
func (n Norm) misfit(d ServiceDwelling, persons int) SkipReason {
	switch {
	case d.Area < n.Min*persons:
		return SkipTooSmall
	case d.Rooms > 1 && d.Area > n.Max*(persons+1):
		return SkipTooLarge
	}
	return ""
}

// ProvisionDecided is the commission's decision to give a dwelling to an entry.
type ProvisionDecided struct {
	CaseID   domain.CaseID    `json:"case_id"`
	ListID   domain.ListID    `json:"list_id"`
	EntryID  domain.EntryID   `json:"entry_id"`
	PersonID domain.PersonID  `json:"person_id"`
	Family   []FamilyMember   `json:"family,omitempty"` // counted, and named in the lease
	Dwelling ServiceDwelling  `json:"dwelling"`
	Norm     Norm             `json:"norm"`
	Edition  rules.EditionID  `json:"edition"` // of the rules it was judged by
	Need     NeedCheck        `json:"need_check"`
	Declined []domain.EntryID `json:"declined,omitempty"` // that the commission names
	// of them, those whose decline the commission states with its document
	StatedDeclines []StatedDecline `json:"stated_declines,omitempty"`
	Minutes        string          `json:"minutes"`           // number of the commission's minutes
	Answered       Answer          `json:"answered,omitzero"` // to what the records say (Q29)

	// the holder is registered in the dwelling from that day; zero: not by this act
	RegisteredFrom domain.Date `json:"registered_from,omitzero"`
	DecidedAt      time.Time   `json:"decided_at"`
}

// ProvisionCompleted says that the dwelling is let and the entry ended, and
// what came of the registration where one was asked for: the provision is valid
// without one, too.
type ProvisionCompleted struct {
	CaseID      domain.CaseID     `json:"case_id"`
	ListID      domain.ListID     `json:"list_id"`
	EntryID     domain.EntryID    `json:"entry_id"`
	DwellingID  domain.DwellingID `json:"dwelling_id"`
	Residence   Residence         `json:"residence,omitzero"`
	CompletedAt time.Time         `json:"completed_at"`
}

// Residence is what came of the registration in a dwelling that was provided:
// the registration, or why there is none; zero where none was asked for.
type Residence struct {
	RegistrationID domain.RegistrationID `json:"registration_id,omitzero"`
	Code           domain.Code           `json:"code,omitempty"`
	Reason         string                `json:"reason,omitempty"`
}

// ProvisionVoided is the compensating event of a decision: the dwelling or the
// list has refused it.
type ProvisionVoided struct {
	CaseID   domain.CaseID `json:"case_id"`
	Code     domain.Code   `json:"code"`
	Reason   string        `json:"reason"`
	VoidedAt time.Time     `json:"voided_at"`
}

// EntryProvided ends an entry with a dwelling (Q20).
type EntryProvided struct {
	ListID     domain.ListID   `json:"list_id"`
	EntryID    domain.EntryID  `json:"entry_id"`
	PersonID   domain.PersonID `json:"person_id"`
	CaseID     domain.CaseID   `json:"case_id"`
	Seniority  Seniority       `json:"seniority"`
	Number     int             `json:"number"` // that the entry had
	Persons    int             `json:"persons"`
	Dwelling   ServiceDwelling `json:"dwelling"`
	Skipped    []Skip          `json:"skipped,omitempty"` // that stood before, in order
	ProvidedAt time.Time       `json:"provided_at"`
}

// ProvisionDeclined says in the stream of the list that a decision no longer
// holds. It is recorded, so that a repetition of the step has the same outcome.
type ProvisionDeclined struct {
	ListID     domain.ListID  `json:"list_id"`
	EntryID    domain.EntryID `json:"entry_id"`
	CaseID     domain.CaseID  `json:"case_id"`
	Code       domain.Code    `json:"code"`
	Reason     string         `json:"reason"`
	DeclinedAt time.Time      `json:"declined_at"`
}

func (ProvisionDecided) EventType() string   { return "ProvisionDecided" }
func (ProvisionCompleted) EventType() string { return "ProvisionCompleted" }
func (ProvisionVoided) EventType() string    { return "ProvisionVoided" }
func (EntryProvided) EventType() string      { return "EntryProvided" }
func (ProvisionDeclined) EventType() string  { return "ProvisionDeclined" }

func (e ProvisionDecided) EffectiveAt() time.Time   { return e.DecidedAt }
func (e ProvisionCompleted) EffectiveAt() time.Time { return e.CompletedAt }
func (e ProvisionVoided) EffectiveAt() time.Time    { return e.VoidedAt }
func (e EntryProvided) EffectiveAt() time.Time      { return e.ProvidedAt }
func (e ProvisionDeclined) EffectiveAt() time.Time  { return e.DeclinedAt }

func (e ProvisionCompleted) Concerns() domain.Concern { return domain.ConcernsCase(e.CaseID) }
func (e ProvisionVoided) Concerns() domain.Concern    { return domain.ConcernsCase(e.CaseID) }

func (e ProvisionDecided) LogValue() slog.Value { return domain.Masked(e) }

func (e ProvisionDecided) Concerns() domain.Concern {
	c := ofFamily(e.PersonID, e.Family)
	c.Case, c.Begins, c.Dwellings = e.CaseID, true, []domain.DwellingID{e.Dwelling.ID}
	for _, id := range e.Declined {
		c.Entries = append(c.Entries, domain.ListEntry{ListID: e.ListID, EntryID: id})
	}
	return c
}

func (e EntryProvided) Concerns() domain.Concern {
	c := domain.ConcernsPersons(e.PersonID)
	c.Dwellings = []domain.DwellingID{e.Dwelling.ID}
	for _, s := range e.Skipped {
		c.Entries = append(c.Entries, domain.ListEntry{ListID: e.ListID, EntryID: s.EntryID})
	}
	return c
}

func (e ProvisionDeclined) Concerns() domain.Concern {
	return domain.Concern{Case: e.CaseID, Entries: []domain.ListEntry{{ListID: e.ListID, EntryID: e.EntryID}}}
}

// Provision is the state of the case- stream of a provision. The zero value is
// one that was not decided.
type Provision struct {
	Decided   ProvisionDecided
	At        domain.Position // of the decision in the log
	Completed bool
	Voided    *ProvisionVoided
}

// Known reports whether the stream holds a decision to provide.
func (p *Provision) Known() bool { return !p.Decided.CaseID.IsZero() }

// Clone returns a copy that later events do not change: Apply replaces what it
// changes.
func (p *Provision) Clone() Provision { return *p }

// Apply folds the next event of the stream into p.
func (p *Provision) Apply(rec domain.Recorded) {
	switch e := rec.Event.(type) {
	case ProvisionDecided:
		p.Decided, p.At = e, rec.Position
	case ProvisionCompleted:
		p.Completed = true
	case ProvisionVoided:
		p.Voided = &e
	}
}

// Provide is the command of the commission that gives a dwelling to an entry.
type Provide struct {
	CaseID   domain.CaseID
	ListID   domain.ListID
	EntryID  domain.EntryID
	Dwelling ServiceDwelling
	Need     NeedCheck
	Declined []domain.EntryID // that declined this dwelling
	// declines that are not recorded yet, with their documents; PersonID is left out
	Documents []StatedDecline
	Minutes   string

	Register       bool        // also the holder's residence in the dwelling
	RegisteredFrom domain.Date // today where it is zero

	Facts  Facts // of the holder, the family and the dwelling
	Accept Accept
}

// Decide decides [Provide], by the list as it is. The list checks again when
// the entry is ended.
func (p *Provision) Decide(cmd domain.Command, c Provide, l *List, by rules.Book) ([]domain.Event, error) {
	if p.Known() {
		return nil, domain.Refuse(domain.Conflict, domain.CodeCaseDecided, "this provision has been decided")
	}
	e, err := l.standing(c.EntryID)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(c.Minutes) == "" {
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired,
			"a dwelling is given by a decision of the commission: give the number of its minutes").At("minutes")
	}
	dwelling, differing := c.Facts.ofDwelling(c.Dwelling)
	c.Dwelling = dwelling
	if c.Dwelling.Area < 1 {
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired,
			"the useful area is not recorded: give it in whole square metres").At("useful_area")
	}
	if c.Dwelling.Rooms < 1 {
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired,
			"the number of rooms is not recorded: give it").At("rooms")
	}
	from := c.RegisteredFrom
	switch {
	case !c.Register && !from.IsZero():
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired,
			"only a provision with register_residence has a day of registration").At("register_residence")
	case c.Register && from.IsZero():
		from = cmd.Today()
	case cmd.Today().Before(from):
		return nil, domain.Refuse(domain.Invalid, domain.CodeDateInFuture,
			"a registration cannot begin in the future: give today or an earlier day").At("registered_from")
	}
	if err := c.Need.confirmed(cmd, *e, by); err != nil {
		return nil, err
	}
	stated, err := l.stated(cmd, c.Dwelling.ID, c.Declined, c.Documents)
	if err != nil {
		return nil, err
	}
	declined := slices.Clone(c.Declined)
	for _, s := range stated {
		if !slices.Contains(declined, s.EntryID) {
			declined = append(declined, s.EntryID)
		}
	}
	edition := by.On(cmd.Today())
	decided := ProvisionDecided{
		CaseID: c.CaseID, ListID: c.ListID, EntryID: e.ID, PersonID: e.PersonID, Family: e.Family, Dwelling: c.Dwelling,
		Norm: normOf(edition), Edition: edition.ID, Need: c.Need, Declined: declined, StatedDeclines: stated,
		Minutes: c.Minutes, RegisteredFrom: from, DecidedAt: cmd.Now,
	}
	if _, err := l.provide(cmd, decided); err != nil {
		return nil, err
	}
	if err := c.Facts.living(e.PersonID, e.Family); err != nil {
		return nil, err
	}
	decided.Answered, err = c.Accept.answer(append(differing, e.Compare(c.Facts, cmd.Today(), by)...))
	if err != nil {
		return nil, err
	}
	return []domain.Event{decided}, nil
}

// CheckOffer refuses to offer the dwelling to an entry that would not be given it today (Q37): the
// first in order who is eligible is offered it. It returns the entry.
func (l *List) CheckOffer(cmd domain.Command, id domain.EntryID, d ServiceDwelling, by rules.Book) (Entry, error) {
	e, err := l.standing(id)
	switch {
	case err != nil:
		return Entry{}, err
	case d.Area < 1 || d.Rooms < 1:
		return Entry{}, domain.Refuse(domain.Conflict, domain.CodeDwellingNotDescribed,
			"the useful area or the number of rooms is not recorded: have the dwelling described first").At("dwelling_id")
	case e.declined(d.ID):
		return Entry{}, domain.Refuse(domain.Conflict, domain.CodeDwellingDeclined,
			"the holder has declined this dwelling: offer it again when they take the decline back").At("dwelling_id")
	}
	_, refused := l.provide(cmd, ProvisionDecided{
		ListID: l.Opened.ListID, EntryID: e.ID, PersonID: e.PersonID, Dwelling: d, Norm: normOf(by.On(cmd.Today())),
	})
	if refused != nil {
		if refused.Code == domain.CodeDwellingNotFit {
			refused.Field = "dwelling_id"
		}
		return Entry{}, refused
	}
	return *e, nil
}

// Complete records that the act is done, and what came of the registration.
func (p *Provision) Complete(cmd domain.Command, r Residence) ([]domain.Event, error) {
	if err := p.open(); err != nil {
		return nil, err
	}
	d := p.Decided
	return []domain.Event{ProvisionCompleted{
		CaseID: d.CaseID, ListID: d.ListID, EntryID: d.EntryID, DwellingID: d.Dwelling.ID, Residence: r, CompletedAt: cmd.Now,
	}}, nil
}

// Void voids the decision because the dwelling or the list has refused it.
func (p *Provision) Void(cmd domain.Command, why *domain.Error) ([]domain.Event, error) {
	if err := p.open(); err != nil {
		return nil, err
	}
	return []domain.Event{
		ProvisionVoided{CaseID: p.Decided.CaseID, Code: why.Code, Reason: why.Message, VoidedAt: cmd.Now},
	}, nil
}

func (p *Provision) open() error {
	if !p.Known() || p.Completed || p.Voided != nil {
		return domain.Refuse(domain.Conflict, domain.CodeCaseDecided, "this provision is not under way")
	}
	return nil
}

// Provide ends the entry as decided and records the declines that the decision states, or
// records why the decision no longer holds. It returns no error: the step can be repeated and must have the same
// outcome.
func (l *List) Provide(cmd domain.Command, d ProvisionDecided) ([]domain.Event, error) {
	provided, err := l.provide(cmd, d)
	if err != nil {
		return []domain.Event{ProvisionDeclined{
			ListID: d.ListID, EntryID: d.EntryID, CaseID: d.CaseID, Code: err.Code, Reason: err.Message, DeclinedAt: cmd.Now,
		}}, nil
	}
	return append(l.recordStated(cmd, d), provided), nil
}

// provide gives the dwelling to the first eligible entry in order: each entry
// before it is skipped for a reason (Q19).
func (l *List) provide(cmd domain.Command, d ProvisionDecided) (EntryProvided, *domain.Error) {
	none := EntryProvided{}
	if !l.Known() {
		return none, UnknownList()
	}
	e, ok := l.entries.Get(d.EntryID.UUID)
	switch {
	case !ok || !e.Active:
		return none, notActive()
	case e.Review != "":
		return none, domain.Refuse(domain.Conflict, domain.CodeEntryUnderReview,
			"this entry is under review (%s); close the review first", e.Review)
	case e.PersonID != d.PersonID:
		return none, domain.Refuse(domain.Conflict, domain.CodeHolderChanged,
			"the entry has passed to another member of the family; decide again")
	}
	if why := d.Norm.misfit(d.Dwelling, e.persons()); why != "" {
		return none, domain.Refuse(domain.Conflict, domain.CodeDwellingNotFit,
			"%d m² in %d rooms do not fit %d persons (%s): the norm is %d to %d m² for each",
			d.Dwelling.Area, d.Dwelling.Rooms, e.persons(), why, d.Norm.Min, d.Norm.Max).At("useful_area")
	}
	provided := EntryProvided{
		ListID: d.ListID, EntryID: e.ID, PersonID: e.PersonID, CaseID: d.CaseID, Seniority: e.Seniority,
		Persons: e.persons(), Dwelling: d.Dwelling, ProvidedAt: cmd.Now,
	}
	var refused *domain.Error
	l.Ordered(func(number int, before Entry) bool {
		if before.ID == e.ID {
			provided.Number = number
			return false
		}
		reason := d.Norm.misfit(d.Dwelling, before.persons())
		switch {
		case before.Review != "":
			reason = SkipReview
		case reason == "" && d.declinedBy(before):
			reason = SkipDeclined
		case reason == "":
			refused = domain.Refuse(domain.Conflict, domain.CodeNotFirstEligible,
				"the entry %s with number %d stands before and fits this dwelling: it is given to the first who "+
					"is eligible", before.ID, number)
			return false
		}
		if len(provided.Skipped) == maxSkipped {
			refused = domain.Refuse(domain.Conflict, domain.CodeTooManySkipped,
				"more than %d entries stand before; a provision names everybody who is skipped, and so many do "+
					"not fit one record", maxSkipped)
			return false
		}
		provided.Skipped = append(provided.Skipped, Skip{before.ID, reason})
		return true
	})
	if refused != nil {
		return none, refused
	}
	return provided, nil
}
