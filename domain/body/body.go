package body

import (
	"slices"
	"strings"
	"time"

	"tizilim/domain"
)

// maxAccount bounds the name of an account, in bytes.
const maxAccount = 100

// Body is the state of a body- stream. The zero Body is one that is not recorded.
type Body struct {
	ID   domain.BodyID
	Kind Kind
	Description
	Officials []Official // in the order of their appointment, past ones too
	Accounts  []Account  // in the order of their opening, closed ones too
	Ended     *Ended     // nil while the body is there
	Allowance *Allowance // of a consumer: what it may have; nil: nothing
	Webhook   *Webhook   // of a consumer: where it is called; nil: nowhere
	webhooks  int        // that it has had
	named     []named    // in the order of the log
}

// named is what the body is called from a day on.
type named struct {
	names Names
	from  domain.Date // zero: from the beginning
	known time.Time   // when the registry learned of it
}

// Official is a person who holds an office of the body in [From, Until).
type Official struct {
	PersonID    domain.PersonID
	Office      Office
	From, Until domain.Date // Until is zero where no end is known
}

// HoldsOn reports whether the office is held on the day.
func (o Official) HoldsOn(day domain.Date) bool {
	return !day.Before(o.From) && (o.Until.IsZero() || day.Before(o.Until))
}

// Account acts for the body.
type Account struct {
	Name     string
	PersonID domain.PersonID // the official who uses it; zero: the system of a consumer
	Closed   bool
}

// NamesAt returns what the body was called at the instant, as the registry knew then: what is
// learned later, an older document does not say.
func (b *Body) NamesAt(at time.Time) Names {
	day, last := domain.DateOf(at), named{names: b.Names}
	if len(b.named) > 0 {
		last = b.named[0]
	}
	for _, n := range b.named {
		if !n.known.After(at) && !day.Before(n.from) && !n.from.Before(last.from) {
			last = n
		}
	}
	return last.names
}

// Known reports whether the body is recorded.
func (b *Body) Known() bool { return !b.ID.IsZero() }

// Clone returns a copy that later events do not change: Apply replaces what it changes.
func (b *Body) Clone() Body { return *b }

// Apply folds the next event of the stream into b.
func (b *Body) Apply(rec domain.Recorded) {
	switch e := rec.Event.(type) {
	case Recorded:
		b.ID, b.Kind, b.Description = e.BodyID, e.Kind, e.Description
		b.name(named{names: e.Names, known: e.RecordedAt})
	case Described:
		if e.Names != b.Names {
			b.name(named{e.Names, domain.DateOf(e.DescribedAt), e.DescribedAt})
		}
		b.Description = e.Description
	case Renamed:
		b.Names = e.Names
		b.name(named{e.Names, e.From, e.RenamedAt})
	case Ended:
		b.Ended = &e
	case OfficialAppointed:
		b.Officials = append(slices.Clip(b.Officials), Official{e.PersonID, e.Office, e.From, e.Until})
	case OfficialEnded:
		b.Officials = slices.Clone(b.Officials)
		if i := b.official(e.PersonID, e.Office, e.On); i >= 0 {
			b.Officials[i].Until = e.On
		}
	case AccountOpened:
		b.Accounts = append(slices.Clip(b.Accounts), Account{Name: e.Account, PersonID: e.PersonID})
	case AccountClosed:
		b.Accounts = slices.Clone(b.Accounts)
		if i := b.account(e.Account); i >= 0 {
			b.Accounts[i].Closed = true
		}
	default:
		b.consumes(rec.Event)
	}
}

func (b *Body) name(n named) { b.named = append(slices.Clip(b.named), n) }

// OfficesOn returns the offices that the person holds on the day.
func (b *Body) OfficesOn(person domain.PersonID, day domain.Date) []Office {
	var offices []Office
	for _, o := range b.Officials {
		if o.PersonID == person && o.HoldsOn(day) {
			offices = append(offices, o.Office)
		}
	}
	return offices
}

// LedOn reports whether a head or a deputy is recorded in office on the day.
func (b *Body) LedOn(day domain.Date) bool {
	return slices.ContainsFunc(b.Officials, func(o Official) bool { return o.Office.Leads() && o.HoldsOn(day) })
}

// HighestOffice returns the highest office that the person holds on the day; "" where they hold none.
func (b *Body) HighestOffice(person domain.PersonID, day domain.Date) Office {
	held := b.OfficesOn(person, day)
	for _, o := range Offices {
		if slices.Contains(held, o) {
			return o
		}
	}
	return ""
}

// Account returns the account of the name; false where the body has none.
func (b *Body) Account(name string) (Account, bool) {
	if i := b.account(name); i >= 0 {
		return b.Accounts[i], true
	}
	return Account{}, false
}

func (b *Body) account(name string) int {
	return slices.IndexFunc(b.Accounts, func(a Account) bool { return a.Name == name })
}

// official returns the index of the term in which the person holds the office, or will
// hold it, on the day or later; -1 where there is none.
func (b *Body) official(person domain.PersonID, office Office, day domain.Date) int {
	return slices.IndexFunc(b.Officials, func(o Official) bool {
		return o.PersonID == person && o.Office == office && (o.Until.IsZero() || day.Before(o.Until))
	})
}

// Record is the command that records a body.
type Record struct {
	BodyID domain.BodyID
	Kind   Kind
	Description
	Above Kind // kind of the parent; "" where there is no parent, or it is not recorded
}

// Record decides [Record].
func (b *Body) Record(cmd domain.Command, c Record) ([]domain.Event, error) {
	if b.Known() {
		return nil, domain.Refuse(domain.Conflict, domain.CodeBodyRecorded,
			"this body is recorded; send a new Idempotency-Key to record another one")
	}
	if c.Kind.Role() == "" {
		return nil, domain.Refuse(domain.Invalid, domain.CodeValueUnknown, "a body is one of %v", Kinds).At("kind")
	}
	if err := c.check(c.BodyID, c.Above); err != nil {
		return nil, err
	}
	return []domain.Event{
		Recorded{BodyID: c.BodyID, Kind: c.Kind, Description: c.Description, RecordedAt: cmd.Now},
	}, nil
}

// Describe is the command that replaces the description of a body.
type Describe struct {
	Description
	Above Kind // as in [Record]
}

// Describe decides [Describe].
func (b *Body) Describe(cmd domain.Command, c Describe) ([]domain.Event, error) {
	if err := b.known(); err != nil {
		return nil, err
	}
	if err := c.check(b.ID, c.Above); err != nil {
		return nil, err
	}
	if b.Names == c.Names && b.BIN == c.BIN && b.Parent == c.Parent && slices.Equal(b.Territory, c.Territory) {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNothingChanges,
			"the body is described so already; nothing was recorded")
	}
	return []domain.Event{Described{BodyID: b.ID, Description: c.Description, DescribedAt: cmd.Now}}, nil
}

// known refuses a body that is not recorded, or is no more.
func (b *Body) known() error {
	if !b.Known() {
		return Unknown()
	}
	return b.CheckThere()
}

// CheckThere refuses a body that is no more, and names its successor. Error: [domain.CodeBodyEnded].
func (b *Body) CheckThere() error {
	if b.Ended == nil {
		return nil
	}
	return GoneInto(b.Ended.SuccessorID)
}

// GoneInto is the refusal of a body that has ended; the successor is zero where there is none.
func GoneInto(successor domain.BodyID) *domain.Error {
	if successor.IsZero() {
		return domain.Refuse(domain.Conflict, domain.CodeBodyEnded, "this body was wound up, and no body has its place")
	}
	return domain.Refuse(domain.Conflict, domain.CodeBodyEnded,
		"this body is no more: its matters are those of its successor %s", successor)
}

// Unknown is the refusal of a body that is not recorded.
func Unknown() *domain.Error {
	return domain.Refuse(domain.NotFound, domain.CodeBodyUnknown, "no body with this id is recorded")
}

// check refuses names of which one is missing.
func (n Names) check() error {
	for _, one := range []struct{ member, name string }{{"kk", n.Kazakh}, {"ru", n.Russian}, {"en", n.English}} {
		if _, err := domain.Line(one.name, "names."+one.member); err != nil {
			return err
		}
	}
	return nil
}

// check refuses a description of the body that is not whole.
func (d Description) check(id domain.BodyID, above Kind) error {
	if err := d.Names.check(); err != nil {
		return err
	}
	if d.BIN != "" {
		if _, err := domain.ParseBIN(string(d.BIN)); err != nil {
			return at(err, "bin")
		}
	}
	if err := checkTerritory(d.Territory); err != nil {
		return err
	}
	switch {
	case d.Parent.IsZero():
		return nil
	case d.Parent == id:
		return domain.Refuse(domain.Invalid, domain.CodeParentNotAllowed,
			"a body does not decide the complaints about itself: name the body above it").At("parent_id")
	case above == "":
		return Unknown().At("parent_id")
	case above == Audit || above == Administration || above == Consumer:
		return domain.Refuse(domain.Invalid, domain.CodeParentNotAllowed,
			"a body of the kind %s decides no complaints: name a commission, a desk or a provider", above).At("parent_id")
	}
	return nil
}

// checkTerritory refuses units that do not exist or are named twice.
func checkTerritory(t domain.Territory) error {
	for i, unit := range t {
		if _, err := domain.ParseKATO(string(unit)); err != nil {
			return at(err, domain.Path("territory", i))
		}
		if slices.Contains(t[:i], unit) {
			return domain.Refuse(domain.Invalid, domain.CodeNamedTwice,
				"name each unit once").At(domain.Path("territory", i))
		}
	}
	return nil
}

func at(err error, field string) error {
	if e, ok := err.(*domain.Error); ok {
		return e.At(field)
	}
	return err
}

// Appoint is the command that appoints an official.
type Appoint struct {
	PersonID    domain.PersonID
	Office      Office
	From, Until domain.Date // Until is zero where no end is known
	Basis       string
}

// Appoint decides [Appoint]. A body has one head at a time; a person holds an office once
// at a time.
func (b *Body) Appoint(cmd domain.Command, c Appoint) ([]domain.Event, error) {
	if err := b.known(); err != nil {
		return nil, err
	}
	if !slices.Contains(Offices, c.Office) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeValueUnknown, "an office is one of %v", Offices).At("office")
	}
	if strings.TrimSpace(c.Basis) == "" {
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired,
			"name the order by which the official is appointed").At("basis")
	}
	if !c.Until.IsZero() && !c.From.Before(c.Until) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeUntilBeforeFrom,
			"until is the first day without the office: it must be later than from").At("until")
	}
	for _, o := range b.Officials {
		overlap := (c.Until.IsZero() || o.From.Before(c.Until)) && (o.Until.IsZero() || c.From.Before(o.Until))
		if !overlap || o.Office != c.Office {
			continue
		}
		if o.PersonID == c.PersonID {
			return nil, domain.Refuse(domain.Conflict, domain.CodeOfficialAppointed,
				"this person holds the office in that time already")
		}
		if c.Office == Head {
			return nil, domain.Refuse(domain.Conflict, domain.CodeOfficeTaken,
				"the body has another head in that time: end that term first, or appoint a deputy").At("office")
		}
	}
	return []domain.Event{OfficialAppointed{
		BodyID: b.ID, PersonID: c.PersonID, Office: c.Office, From: c.From, Until: c.Until, Basis: c.Basis,
		AppointedAt: cmd.Now,
	}}, nil
}

// EndOffice is the command that ends a term of an official.
type EndOffice struct {
	PersonID domain.PersonID
	Office   Office
	On       domain.Date // the first day without the office
	Basis    string
}

// EndOffice decides [EndOffice].
func (b *Body) EndOffice(cmd domain.Command, c EndOffice) ([]domain.Event, error) {
	if err := b.known(); err != nil {
		return nil, err
	}
	if strings.TrimSpace(c.Basis) == "" {
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired,
			"name the order by which the term ends").At("basis")
	}
	i := b.official(c.PersonID, c.Office, c.On)
	if i < 0 {
		return nil, domain.Refuse(domain.Conflict, domain.CodeOfficialUnknown,
			"this person does not hold this office of the body then").At("person_id")
	}
	if c.On.Before(b.Officials[i].From) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeEndsBeforeBegin,
			"the term begins on %s: it cannot end before that day", b.Officials[i].From).At("on")
	}
	return []domain.Event{OfficialEnded{
		BodyID: b.ID, PersonID: c.PersonID, Office: c.Office, On: c.On, Basis: c.Basis, EndedAt: cmd.Now,
	}}, nil
}

// OpenAccount is the command that opens an account of the body.
type OpenAccount struct {
	Account  string
	PersonID domain.PersonID
}

// OpenAccount decides [OpenAccount]. Who uses an account is an official of the body; that of a
// consumer is its system, and names nobody. The caller has checked that no other body has an account of the name.
func (b *Body) OpenAccount(cmd domain.Command, c OpenAccount) ([]domain.Event, error) {
	if err := b.known(); err != nil {
		return nil, err
	}
	if err := checkAccount(c.Account); err != nil {
		return nil, err
	}
	if b.account(c.Account) >= 0 {
		return nil, AccountTaken()
	}
	switch {
	case c.PersonID.IsZero() && b.Kind == Consumer:
	case c.PersonID.IsZero():
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired,
			"name the official who uses the account").At("person_id")
	case len(b.OfficesOn(c.PersonID, cmd.Today())) == 0:
		return nil, domain.Refuse(domain.Conflict, domain.CodeOfficialUnknown,
			"this person is no official of the body today: appoint the person first").At("person_id")
	}
	return []domain.Event{
		AccountOpened{BodyID: b.ID, Account: c.Account, PersonID: c.PersonID, OpenedAt: cmd.Now},
	}, nil
}

// AccountTaken is the refusal of a name that an account has or had.
func AccountTaken() *domain.Error {
	return domain.Refuse(domain.Conflict, domain.CodeAccountTaken,
		"an account has or had this name, and old events name it: choose another name").At("account")
}

// checkAccount refuses a name that cannot stand in a token, a log and an URL.
func checkAccount(name string) error {
	plain := strings.IndexFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
	if name == "" || len(name) > maxAccount || !plain {
		return domain.Refuse(domain.Invalid, domain.CodeMalformed,
			"the name of an account is 1 to %d printable ASCII characters without space", maxAccount).At("account")
	}
	return nil
}

// CloseAccount is the command that closes an account of the body.
type CloseAccount struct {
	Account string
	Reasons string
}

// CloseAccount decides [CloseAccount].
func (b *Body) CloseAccount(cmd domain.Command, c CloseAccount) ([]domain.Event, error) {
	if err := b.known(); err != nil {
		return nil, err
	}
	a, ok := b.Account(c.Account)
	if !ok {
		return nil, domain.Refuse(domain.Conflict, domain.CodeAccountUnknown,
			"the body has no account of this name").At("account")
	}
	if a.Closed {
		return nil, domain.Refuse(domain.Conflict, domain.CodeAccountClosed, "the account is closed already").At("account")
	}
	if strings.TrimSpace(c.Reasons) == "" {
		return nil, domain.Refuse(domain.Invalid, domain.CodeReasonsRequired, "state the reasons").At("reasons")
	}
	return []domain.Event{
		AccountClosed{BodyID: b.ID, Account: c.Account, Reasons: c.Reasons, ClosedAt: cmd.Now},
	}, nil
}
