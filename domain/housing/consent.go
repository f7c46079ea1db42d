package housing

import (
	"log/slog"
	"slices"
	"time"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// ConsentState is the state of a consent to look-ups in state information
// systems (personal-data law, art. 8).
type ConsentState string

const (
	ConsentRequested ConsentState = "requested" // every application asks for one; a new holder of an entry has not given it yet
	ConsentGiven     ConsentState = "given"
	ConsentRefused   ConsentState = "refused" // no error: the case can be refused on the ground no_consent (S000-6)
	ConsentWithdrawn ConsentState = "withdrawn"
	ConsentExpired   ConsentState = "expired"
)

// ConsentStates lists them all.
var ConsentStates = []ConsentState{ConsentRequested, ConsentGiven, ConsentRefused, ConsentWithdrawn, ConsentExpired}

// ConsentStep is what happens to a consent.
type ConsentStep string

const (
	GiveConsent     ConsentStep = "give"
	RefuseConsent   ConsentStep = "refuse"
	WithdrawConsent ConsentStep = "withdraw"
	ExpireConsent   ConsentStep = "expire"  // by itself, at the end of its last day
	RestoreConsent  ConsentStep = "restore" // a clock that was wrong let it expire before
)

// ConsentTransition is a line of the table.
type ConsentTransition struct {
	From ConsentState
	Step ConsentStep
	To   ConsentState
}

// ConsentTable is everything that can happen to a consent. One that was
// refused, withdrawn or has expired has ended; giving it again is a new
// consent.
var ConsentTable = []ConsentTransition{
	{ConsentRequested, GiveConsent, ConsentGiven},
	{ConsentRequested, RefuseConsent, ConsentRefused},
	{ConsentGiven, WithdrawConsent, ConsentWithdrawn},
	{ConsentGiven, ExpireConsent, ConsentExpired},
	{ConsentExpired, RestoreConsent, ConsentGiven},
}

// NextConsent returns the state after the step; ok is false where the table has
// no such line.
func NextConsent(from ConsentState, step ConsentStep) (to ConsentState, ok bool) {
	for _, t := range ConsentTable {
		if t.From == from && t.Step == step {
			return t.To, true
		}
	}
	return "", false
}

// ConsentPurpose is the purpose for which data may be looked up.
type ConsentPurpose string

const (
	ForExamination ConsentPurpose = "examination_of_need" // for this application only
	ForHousing     ConsentPurpose = "service_housing"     // for the application, and for checks while the entry is on the list
)

// ConsentPurposes lists them all; the first applies where none is named.
var ConsentPurposes = []ConsentPurpose{ForHousing, ForExamination}

// ConsentScope is a kind of data that may be looked up.
type ConsentScope string

const (
	ScopeRealEstate ConsentScope = "real_estate" // dwellings owned and alienated, and their condition
	ScopeBenefits   ConsentScope = "benefits"    // dwellings of the state, compensations, payments, privatisation
	ScopeHealth     ConsentScope = "health"
)

// ConsentScopes lists them all; all apply where none is named.
var ConsentScopes = []ConsentScope{ScopeRealEstate, ScopeBenefits, ScopeHealth}

// ConsentTerms are what a consent is given to.
type ConsentTerms struct {
	Purpose ConsentPurpose `json:"purpose,omitempty"`
	Scope   []ConsentScope `json:"scope,omitempty"`
	Until   domain.Date    `json:"until,omitzero"` // the last day; none: until it is withdrawn
}

// whole returns the terms with the defaults filled in. It refuses terms whose
// last day lies before the day on which they are given.
func (t ConsentTerms) whole(today domain.Date) (ConsentTerms, error) {
	if t.Purpose == "" {
		t.Purpose = ConsentPurposes[0]
	}
	if len(t.Scope) == 0 {
		t.Scope = ConsentScopes
	}
	if !slices.Contains(ConsentPurposes, t.Purpose) {
		return t, domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
			"the purpose of a consent is one of %v", ConsentPurposes).At("consent_terms.purpose")
	}
	if err := named(t.Scope, "consent_terms.scope"); err != nil {
		return t, err
	}
	if !t.Until.IsZero() && t.Until.Before(today) {
		return t, domain.Refuse(domain.Invalid, domain.CodeTooEarly,
			"the last day of a consent is today or later").At("consent_terms.until")
	}
	return t, nil
}

// Consent is the consent to look-ups, of an application and then of its entry.
// The zero Consent has been requested.
type Consent struct {
	State ConsentState `json:"state"`
	ConsentTerms
}

// Answer is the consent that the application comes with: given or refused.
func (e ApplicationReceived) Answer() Consent {
	step := RefuseConsent
	if e.Consent {
		step = GiveConsent
	}
	to, _ := NextConsent(ConsentRequested, step)
	return Consent{to, e.Terms}
}

// On returns the state of the consent on the day. It holds on its last day and
// has expired after it, recorded or not.
func (c Consent) On(day domain.Date) ConsentState {
	switch {
	case c.State == "":
		return ConsentRequested
	case c.State != ConsentGiven && c.State != ConsentExpired:
		return c.State
	case !c.Until.IsZero() && c.Until.Before(day):
		return ConsentExpired
	}
	return ConsentGiven
}

// allows refuses a look-up on the day without a live consent to it (C20, Q22).
func (c Consent) allows(day domain.Date, purpose ConsentPurpose, scopes ...ConsentScope) *domain.Error {
	switch state := c.On(day); state {
	case ConsentGiven:
	case ConsentWithdrawn:
		return domain.Refuse(domain.Conflict, domain.CodeConsentWithdrawn,
			"the consent to look-ups is withdrawn: ask the family for documents")
	case ConsentExpired:
		return domain.Refuse(domain.Conflict, domain.CodeConsentExpired,
			"the consent to look-ups has expired: ask for a new consent, or ask the family for documents")
	default:
		return domain.Refuse(domain.Conflict, domain.CodeConsentMissing,
			"there is no consent to look-ups (it is %s): ask the family for documents", state)
	}
	if c.Purpose != purpose && c.Purpose != ForHousing {
		return domain.Refuse(domain.Conflict, domain.CodeConsentTerms,
			"the consent was given for %s and not for %s: ask for a new consent, or ask the family for documents",
			c.Purpose, purpose)
	}
	for _, s := range scopes {
		if !slices.Contains(c.Scope, s) {
			return domain.Refuse(domain.Conflict, domain.CodeConsentTerms,
				"the consent covers %v and not %s: ask for a new consent, or ask the family for documents", c.Scope, s)
		}
	}
	return nil
}

// passesOn is the consent that an entry takes over from its application.
func (c Consent) passesOn() Consent {
	if c.Purpose == ForExamination {
		return Consent{State: ConsentRequested}
	}
	return c
}

// LookupConsentWithdrawn blocks new look-ups of the person in other systems,
// for a case or for its entry. The case and the entry stay as they are (Q22).
type LookupConsentWithdrawn struct {
	CaseID      domain.CaseID   `json:"case_id,omitzero"`
	ListID      domain.ListID   `json:"list_id,omitzero"`
	EntryID     domain.EntryID  `json:"entry_id,omitzero"`
	PersonID    domain.PersonID `json:"person_id"`
	ByStaff     bool            `json:"by_staff,omitempty"` // an official states it
	Basis       domain.Basis    `json:"basis,omitzero"`     // of the official
	WithdrawnAt time.Time       `json:"withdrawn_at"`
}

// LookupConsentRenewed is a new consent, which allows them again.
type LookupConsentRenewed struct {
	CaseID   domain.CaseID   `json:"case_id,omitzero"`
	ListID   domain.ListID   `json:"list_id,omitzero"`
	EntryID  domain.EntryID  `json:"entry_id,omitzero"`
	PersonID domain.PersonID `json:"person_id"`
	ConsentTerms
	ByStaff   bool         `json:"by_staff,omitempty"` // an official states it
	Basis     domain.Basis `json:"basis,omitzero"`     // of the official
	RenewedAt time.Time    `json:"renewed_at"`
}

// LookupConsentExpired records that the last day of a consent is over.
type LookupConsentExpired struct {
	CaseID    domain.CaseID   `json:"case_id,omitzero"`
	ListID    domain.ListID   `json:"list_id,omitzero"`
	EntryID   domain.EntryID  `json:"entry_id,omitzero"`
	PersonID  domain.PersonID `json:"person_id"`
	ExpiredAt time.Time       `json:"expired_at"`
}

func (LookupConsentWithdrawn) EventType() string { return "LookupConsentWithdrawn" }
func (LookupConsentRenewed) EventType() string   { return "LookupConsentRenewed" }
func (LookupConsentExpired) EventType() string   { return "LookupConsentExpired" }

func (e LookupConsentWithdrawn) EffectiveAt() time.Time { return e.WithdrawnAt }
func (e LookupConsentRenewed) EffectiveAt() time.Time   { return e.RenewedAt }
func (e LookupConsentExpired) EffectiveAt() time.Time   { return e.ExpiredAt }

func (e LookupConsentWithdrawn) Concerns() domain.Concern { return personInCase(e.PersonID, e.CaseID) }
func (e LookupConsentRenewed) Concerns() domain.Concern   { return personInCase(e.PersonID, e.CaseID) }
func (e LookupConsentExpired) Concerns() domain.Concern   { return personInCase(e.PersonID, e.CaseID) }

func (e LookupConsentWithdrawn) LogValue() slog.Value { return domain.Masked(e) }
func (e LookupConsentRenewed) LogValue() slog.Value   { return domain.Masked(e) }

// after folds an event that is about the consent into it.
func (c Consent) after(event domain.Event) Consent {
	switch e := event.(type) {
	case LookupConsentWithdrawn:
		c.State = ConsentWithdrawn
	case LookupConsentRenewed:
		return Consent{ConsentGiven, e.ConsentTerms}
	case LookupConsentExpired:
		c.State = ConsentExpired
	case ConsentExpiryAnnulled:
		c.State = ConsentGiven
	}
	return c
}

// EndsAt is the instant at which the consent has expired; zero where it does not
// by itself.
func (t ConsentTerms) EndsAt() time.Time {
	if t.Until.IsZero() {
		return time.Time{}
	}
	return t.Until.AddDays(1).Start()
}

// ChangeConsent is the command that withdraws the consent to look-ups, or gives
// it again, of an entry or of an application that is not decided.
type ChangeConsent struct {
	EntryID domain.EntryID  // of an entry
	Holder  domain.PersonID // who asks, where it is the citizen; zero for staff
	Given   bool
	Terms   ConsentTerms // of a consent that is given
	Basis   domain.Basis // of an official who states it
	Rules   rules.Book
}

// checkBasis keeps that an official states a consent, or its end, on a paper.
func (c ChangeConsent) checkBasis(cmd domain.Command) error {
	return c.Rules.On(cmd.Today()).CheckBasis(rules.LookupConsent, cmd.Role, c.Basis, cmd.Today(), "basis")
}

// change decides what [ChangeConsent] says of the consent and returns the terms
// of a new one.
func (c Consent) change(today domain.Date, to ChangeConsent) (ConsentTerms, error) {
	state, step := c.On(today), WithdrawConsent
	if to.Given {
		if step = GiveConsent; state != ConsentGiven {
			state = ConsentRequested // a consent that has ended is not resumed
		}
	}
	if _, ok := NextConsent(state, step); !ok {
		return ConsentTerms{}, domain.Refuse(domain.Conflict, domain.CodeNothingChanges,
			"the consent is %s already; to give it on other terms, withdraw it first", state)
	}
	if to.Given {
		return to.Terms.whole(today)
	}
	return ConsentTerms{}, nil
}

// expired refuses to record an expiry that is not due.
func (c Consent) expired(cmd domain.Command) error {
	if c.State != ConsentGiven || c.On(cmd.Today()) != ConsentExpired {
		return domain.Refuse(domain.Conflict, domain.CodeNotDue,
			"this consent has not expired, or that is recorded already")
	}
	return nil
}

// ChangeConsent decides [ChangeConsent] of an entry.
func (l *List) ChangeConsent(cmd domain.Command, c ChangeConsent) ([]domain.Event, error) {
	e, err := l.onListOf(c.EntryID, c.Holder)
	if err != nil {
		return nil, err
	}
	terms, err := e.Consent.change(cmd.Today(), c)
	if err != nil {
		return nil, err
	}
	if err := c.checkBasis(cmd); err != nil {
		return nil, err
	}
	staff := cmd.Role != domain.RoleCitizen
	if c.Given {
		return []domain.Event{LookupConsentRenewed{
			ListID: l.Opened.ListID, EntryID: e.ID, PersonID: e.PersonID, ConsentTerms: terms,
			ByStaff: staff, Basis: c.Basis, RenewedAt: cmd.Now,
		}}, nil
	}
	return []domain.Event{LookupConsentWithdrawn{
		ListID: l.Opened.ListID, EntryID: e.ID, PersonID: e.PersonID, ByStaff: staff, Basis: c.Basis, WithdrawnAt: cmd.Now,
	}}, nil
}

// ExpireConsent records that the consent of an entry has expired. The registry
// does so by itself.
func (l *List) ExpireConsent(cmd domain.Command, id domain.EntryID) ([]domain.Event, error) {
	e, err := l.entry(id)
	if err != nil {
		return nil, err
	}
	if err := e.Consent.expired(cmd); err != nil {
		return nil, err
	}
	return []domain.Event{
		LookupConsentExpired{
			ListID:    l.Opened.ListID,
			EntryID:   e.ID,
			PersonID:  e.PersonID,
			ExpiredAt: e.Consent.EndsAt(),
		},
	}, nil
}

// ChangeConsent decides [ChangeConsent] of an application. Once it is decided,
// the consent is that of the entry.
func (a *Application) ChangeConsent(cmd domain.Command, c ChangeConsent) ([]domain.Event, error) {
	if err := a.ofThisService(); err != nil {
		return nil, err
	}
	if !c.Holder.IsZero() && c.Holder != a.ApplicantID {
		return nil, domain.Refuse(domain.NotFound, domain.CodeNotFound,
			"there is no such record, or you may not see it")
	}
	if !a.State.Open() || a.Approved != nil {
		return nil, domain.Refuse(domain.Conflict, domain.CodeCaseDecided,
			"the case is decided (%s); the consent is changed on its entry, where there is one", a.State)
	}
	terms, err := a.Consent.change(cmd.Today(), c)
	if err != nil {
		return nil, err
	}
	if err := c.checkBasis(cmd); err != nil {
		return nil, err
	}
	staff := cmd.Role != domain.RoleCitizen
	if c.Given {
		return []domain.Event{LookupConsentRenewed{
			CaseID: a.CaseID, PersonID: a.ApplicantID, ConsentTerms: terms, ByStaff: staff, Basis: c.Basis, RenewedAt: cmd.Now,
		}}, nil
	}
	return []domain.Event{LookupConsentWithdrawn{
		CaseID: a.CaseID, PersonID: a.ApplicantID, ByStaff: staff, Basis: c.Basis, WithdrawnAt: cmd.Now,
	}}, nil
}

// ExpireConsent records that the consent of an application has expired. The
// registry does so by itself.
func (a *Application) ExpireConsent(cmd domain.Command) ([]domain.Event, error) {
	if err := a.ofThisService(); err != nil {
		return nil, err
	}
	if err := a.Consent.expired(cmd); err != nil {
		return nil, err
	}
	return []domain.Event{
		LookupConsentExpired{CaseID: a.CaseID, PersonID: a.ApplicantID, ExpiredAt: a.Consent.EndsAt()},
	}, nil
}

// CheckSource is where the result of a check comes from.
type CheckSource string

const (
	FromDocuments CheckSource = "documents" // that the family handed in
	FromSystems   CheckSource = "systems"   // looked up in state information systems
)

// CheckSources lists them all.
var CheckSources = []CheckSource{FromDocuments, FromSystems}

// NeedCheck is the result of checking again whether a family is in need, at a
// provision or a transfer (Q16, Q19; art. 69). Where it comes from systems,
// each of its scopes was looked up for the holder and everybody in the family.
type NeedCheck struct {
	On     domain.Date    `json:"on"`
	Source CheckSource    `json:"source"`
	Scope  []ConsentScope `json:"scope,omitempty"` // that was looked up; none by documents
	InNeed bool           `json:"in_need"`
}

// confirmed refuses a check on which the act cannot rest, and one that was
// looked up without a valid consent (C20, Q22). The edition says for how many
// days a check holds (policy).
func (n NeedCheck) confirmed(cmd domain.Command, e Entry, by rules.Book) error {
	holds := by.On(cmd.Today()).Register.NeedCheckDays
	switch {
	case n.On.IsZero():
		return domain.Refuse(domain.Invalid, domain.CodeRequired,
			"the need must be checked again: give the day and the result of the check").At("need_check.on")
	case cmd.Today().Before(n.On):
		return domain.Refuse(domain.Invalid, domain.CodeDateInFuture,
			"a check of need cannot be in the future: give today or an earlier day").At("need_check.on")
	case n.On.AddDays(holds).Before(cmd.Today()):
		return domain.Refuse(domain.Conflict, domain.CodeNeedCheckTooOld,
			"a check of need is valid for %d days, and this one is older: check again", holds).At("need_check.on")
	case n.Source != FromDocuments && n.Source != FromSystems:
		return domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
			"the result comes from one of %v", CheckSources).At("need_check.source")
	case !n.InNeed:
		return domain.Refuse(domain.Conflict, domain.CodeNeedNotConfirmed,
			"the family is no longer in need: open a review of the entry").At("need_check.in_need")
	}
	switch {
	case n.Source == FromDocuments && len(n.Scope) != 0:
		return domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
			"a check by documents has no scope; leave it out").At("need_check.scope")
	case n.Source == FromDocuments:
		return nil
	case len(n.Scope) == 0:
		return domain.Refuse(domain.Invalid, domain.CodeRequired,
			"say which of %v was looked up", ConsentScopes).At("need_check.scope")
	}
	if err := named(n.Scope, "need_check.scope"); err != nil {
		return err
	}
	if err := e.Consent.allows(n.On, ForHousing, n.Scope...); err != nil {
		return err.At("need_check.source")
	}
	return nil
}

// named refuses scopes that are unknown or named twice.
func named(scopes []ConsentScope, member string) error {
	for i, s := range scopes {
		if !slices.Contains(ConsentScopes, s) || slices.Contains(scopes[:i], s) {
			return domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
				"name each of %v at most once", ConsentScopes).At(domain.Path(member, i))
		}
	}
	return nil
}
