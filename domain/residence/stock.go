package residence

import (
	"log/slog"
	"math"
	"slices"
	"strings"
	"time"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// The stock of a body is the service dwellings that it keeps (Q36). The stream of the dwelling
// says in whose stock it is: of two bodies that record it at the same moment, the revision of that
// stream lets one through.

// StockState is where a dwelling of a stock stands.
type StockState string

const (
	StockRecorded  StockState = "recorded"  // neither offered nor let since the body has it
	StockOffered   StockState = "offered"   // to an entry of a list; the holder has not answered yet
	StockLet       StockState = "let"       // it has a lease
	StockFree      StockState = "free"      // again, after an offer or a lease
	StockWithdrawn StockState = "withdrawn" // the body keeps it no more
)

// StockStates lists them all.
var StockStates = []StockState{StockRecorded, StockOffered, StockLet, StockFree, StockWithdrawn}

// StockGround is why a dwelling leaves a stock.
type StockGround string

const (
	GivenBack     StockGround = "given_back"     // to its owner
	HandedOver    StockGround = "handed_over"    // to another body, which records it anew
	StatusEnded   StockGround = "status_ended"   // it is no service dwelling any more
	UnfitToLiveIn StockGround = "unfit"          // nobody can live there
	StoodNoMore   StockGround = "dwelling_ended" // it was demolished, split or merged (R36-R38): by the registry itself
)

// StockGrounds lists them all.
var StockGrounds = []StockGround{GivenBack, HandedOver, StatusEnded, UnfitToLiveIn, StoodNoMore}

// TakenIntoStock says that a body keeps the dwelling as service housing: its accounts
// alone let it.
type TakenIntoStock struct {
	DwellingID domain.DwellingID `json:"dwelling_id"`
	BodyID     domain.BodyID     `json:"body_id"`
	// of a dwelling that is not the state's: who speaks for its owners
	Owners []domain.PersonID `json:"owners,omitempty"`
	Basis  domain.Basis      `json:"basis,omitzero"` // by which it is of the stock, or its owners gave it
	// that was split or merged into this one and was of the stock; zero of a dwelling that a body recorded
	From    domain.DwellingID `json:"from,omitzero"`
	TakenAt time.Time         `json:"taken_at"`
}

// WithdrawnFromStock says that the body keeps the dwelling no more.
type WithdrawnFromStock struct {
	DwellingID  domain.DwellingID `json:"dwelling_id"`
	BodyID      domain.BodyID     `json:"body_id"`
	Ground      StockGround       `json:"ground"`
	Owners      []domain.PersonID `json:"owners,omitempty"` // of a dwelling that is not the state's: who speaks for them
	Basis       domain.Basis      `json:"basis,omitzero"`
	WithdrawnAt time.Time         `json:"withdrawn_at"`
}

func (TakenIntoStock) EventType() string     { return "DwellingTakenIntoStock" }
func (WithdrawnFromStock) EventType() string { return "DwellingWithdrawnFromStock" }

func (e TakenIntoStock) EffectiveAt() time.Time     { return e.TakenAt }
func (e WithdrawnFromStock) EffectiveAt() time.Time { return e.WithdrawnAt }

func (e TakenIntoStock) Concerns() domain.Concern {
	c := atDwelling(e.DwellingID, e.Owners...)
	if !e.From.IsZero() {
		c.Dwellings = append(c.Dwellings, e.From)
	}
	return c
}
func (e WithdrawnFromStock) Concerns() domain.Concern { return atDwelling(e.DwellingID, e.Owners...) }

func (e TakenIntoStock) LogValue() slog.Value     { return domain.Masked(e) }
func (e WithdrawnFromStock) LogValue() slog.Value { return domain.Masked(e) }

// Stock is where the dwelling stands in a stock; empty of one that never was in a stock.
func (d *Dwelling) Stock() StockState {
	_, gone := d.Gone()
	switch {
	case d.withdrawn, gone && !d.Keeper.IsZero():
		return StockWithdrawn
	case d.Keeper.IsZero():
		return ""
	case d.Lease != nil:
		return StockLet
	case d.Offered != nil:
		return StockOffered
	case d.used:
		return StockFree
	}
	return StockRecorded
}

// Stocked is in whose stock a dwelling is, and where it stands there. The body is zero where the
// dwelling was withdrawn; the zero Stocked is of one that never was in a stock.
type Stocked struct {
	BodyID domain.BodyID
	State  StockState
}

// StockOn is Stocked as it was on the day.
func (d *Dwelling) StockOn(day domain.Date) Stocked { return d.stocks.on(day) }

// stockSince notes where the dwelling stands in a stock from the day of the event on.
func (d *Dwelling) stockSince(rec domain.Recorded) {
	now := Stocked{d.Keeper, d.Stock()}
	if now.State == StockWithdrawn {
		now.BodyID = domain.BodyID{}
	}
	day, last := domain.DateOf(rec.Event.EffectiveAt()), d.stocks.last()
	switch {
	case d.stocks.on(last) == now:
		return
	case len(d.stocks) == 0:
		d.stocks = d.stocks.then(domain.Date{}, Stocked{})
	case day.Before(last):
		day = last
	}
	d.stocks = d.stocks.then(day, now)
}

// stocked folds the events of this file and those by which a stock is drawn on.
func (d *Dwelling) stocked(rec domain.Recorded) {
	switch e := rec.Event.(type) {
	case TakenIntoStock:
		if d.Keeper.IsZero() {
			d.kept, d.withdrawn = rec.Position, false
		}
		d.Keeper, d.given = e.BodyID, rec.Position
	case WithdrawnFromStock:
		d.Keeper, d.given, d.withdrawn, d.used = domain.BodyID{}, 0, true, false
	case Offered:
		d.Offered, d.used = &e, true
	case OfferEnded:
		if !e.Over {
			d.Offered, d.freed = nil, rec.Position
		}
	case LeaseBegan:
		d.Lease, d.before, d.used = &e, d.Keeper, true
		if d.Keeper.IsZero() {
			d.kept = rec.Position
		}
		if !e.BodyID.IsZero() { // the leases of earlier versions name none
			d.Keeper = e.BodyID
		}
	case LeaseVoided:
		d.Lease, d.Keeper, d.freed = nil, d.before, rec.Position
	case LeaseEnded:
		d.Lease, d.freed = nil, rec.Position
	}
}

// TakeIntoStock is the command by which a body takes a dwelling into its service housing.
type TakeIntoStock struct {
	Heirs domain.Heirs
	// by which the dwelling is of the stock: of one that is not the state's, by which its owners gave
	// it, such as a contract
	Basis domain.Basis
	Rules rules.Book
}

// TakeIntoStock decides [TakeIntoStock]. A body keeps also what it has let once. What
// belongs to others than the state it takes by their document only, and they are told.
func (d *Dwelling) TakeIntoStock(cmd domain.Command, c TakeIntoStock) ([]domain.Event, error) {
	if err := d.CheckStands(""); err != nil {
		return nil, err
	}
	switch {
	case !d.Known():
		return nil, UnknownDwelling()
	case !d.KeptBy(cmd.BodyID, c.Heirs):
		return nil, keptByAnother()
	case !d.Keeper.IsZero() && d.givenTo(cmd.BodyID, math.MaxUint64, c.Heirs):
		return nil, domain.Refuse(domain.Conflict, domain.CodeNothingChanges, "your body keeps this dwelling already")
	}
	if err := d.CheckPermitted(c.Rules.On(cmd.Today()), ""); err != nil {
		return nil, err
	}
	if err := c.Basis.Demand(true, cmd.Role, cmd.Today(), "basis"); err != nil {
		return nil, err
	}
	return []domain.Event{TakenIntoStock{
		DwellingID: d.ID, BodyID: cmd.BodyID, Owners: speakers(d.othersThanState()), Basis: c.Basis, TakenAt: cmd.Now,
	}}, nil
}

// WithdrawFromStock is the command by which a body keeps a dwelling no more.
type WithdrawFromStock struct {
	Heirs  domain.Heirs
	Ground StockGround
	Basis  domain.Basis
}

// WithdrawFromStock decides [WithdrawFromStock], while the dwelling is neither offered nor let.
func (d *Dwelling) WithdrawFromStock(cmd domain.Command, c WithdrawFromStock) ([]domain.Event, error) {
	if err := d.CheckStands(""); err != nil {
		return nil, err
	}
	switch {
	case !d.Known():
		return nil, UnknownDwelling()
	case !d.KeptBy(cmd.BodyID, c.Heirs):
		return nil, keptByAnother()
	case d.Keeper.IsZero():
		return nil, notInStock().At("")
	case !slices.Contains(StockGrounds, c.Ground) || c.Ground == StoodNoMore:
		return nil, domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
			"a dwelling leaves a stock for one of the grounds %v", statedGrounds()).At("ground")
	case d.Lease != nil:
		return nil, domain.Refuse(domain.Conflict, domain.CodeDwellingLeased, "the dwelling is let: end the lease first")
	case d.Offered != nil:
		return nil, offered().At("")
	}
	if err := c.Basis.Demand(true, cmd.Role, cmd.Today(), "basis"); err != nil {
		return nil, err
	}
	return d.withdraw(cmd, c.Ground, c.Basis), nil
}

// statedGrounds are the grounds that a body states.
func statedGrounds() []StockGround {
	return slices.DeleteFunc(slices.Clone(StockGrounds), func(g StockGround) bool { return g == StoodNoMore })
}

// withdraw takes the dwelling out of the stock in which it is; it returns nothing where it is in
// none.
func (d *Dwelling) withdraw(cmd domain.Command, why StockGround, by domain.Basis) []domain.Event {
	if d.Keeper.IsZero() {
		return nil
	}
	return []domain.Event{WithdrawnFromStock{
		DwellingID: d.ID, BodyID: d.Keeper, Ground: why, Owners: speakers(d.othersThanState()), Basis: by, WithdrawnAt: cmd.Now,
	}}
}

// TakeOver is the command by which a dwelling that was made of another one goes on in its stock
// (Q38).
type TakeOver struct {
	From  Dwelling
	Heirs domain.Heirs
}

// TakeOver decides [TakeOver]. It refuses where there is nothing to take over: the former is in no
// stock, the new one is in a stock already, or has an owner who never gave the former.
func (d *Dwelling) TakeOver(cmd domain.Command, c TakeOver) ([]domain.Event, error) {
	former := c.From.othersThanState()
	_, gone := d.Gone()
	if gone || c.From.Keeper.IsZero() || !d.Keeper.IsZero() ||
		slices.ContainsFunc(d.othersThanState(), func(o Owner) bool {
			return !slices.ContainsFunc(former, func(f Owner) bool { return f.who() == o.who() })
		}) {
		return nil, goneNotDue()
	}
	return []domain.Event{TakenIntoStock{
		DwellingID: d.ID, BodyID: c.Heirs.Of(c.From.Keeper), Owners: speakers(d.othersThanState()), Basis: c.From.gone.Basis,
		From: c.From.ID, TakenAt: cmd.Now,
	}}, nil
}

// othersThanState are the owners that are persons, companies and estates.
func (d *Dwelling) othersThanState() []Owner {
	return slices.DeleteFunc(slices.Clone(d.Owners), func(o Owner) bool { return o.Kind == State })
}

// speakers are the persons who speak for the owners, each once.
func speakers(owners []Owner) []domain.PersonID {
	var persons []domain.PersonID
	for _, o := range owners {
		if p := o.Speaker(); !p.IsZero() && !slices.Contains(persons, p) {
			persons = append(persons, p)
		}
	}
	return persons
}

// givenTo reports whether the body may let the dwelling by a decision at that position of
// the log: the state owns it, or nobody is recorded, or its owners had given it to the body
// by then.
func (d *Dwelling) givenTo(id domain.BodyID, by domain.Position, heirs domain.Heirs) bool {
	return len(d.othersThanState()) == 0 || heirs.Of(d.Keeper) == id && d.given != 0 && d.given <= by
}

func ownedByOthers() *domain.Error {
	return domain.Refuse(domain.Conflict, domain.CodeDwellingNotGiven,
		"this dwelling is not the state's: take it into your stock first, by the document with which its owners gave it").
		At("dwelling_id")
}

func notInStock() *domain.Error {
	return domain.Refuse(domain.Conflict, domain.CodeDwellingNotInStock,
		"this dwelling is not in the stock of your body, or was not when this was decided: record it there first, by its document").
		At("dwelling_id")
}

// KeptBy reports whether the body may let the dwelling: it keeps it, also as the heir of a body
// that did, or nobody does yet.
func (d *Dwelling) KeptBy(id domain.BodyID, heirs domain.Heirs) bool {
	return d.Keeper.IsZero() || heirs.Of(d.Keeper) == id
}

func keptByAnother() *domain.Error {
	return domain.Refuse(domain.Forbidden, domain.CodeNotYourBody,
		"another body keeps this dwelling in its stock: its accounts alone act on it").At("dwelling_id")
}

// Offered says that a dwelling of the stock is offered to an entry of a list (Q37). Until the
// offer has ended, nobody else is given it.
type Offered struct {
	DwellingID domain.DwellingID `json:"dwelling_id"`
	BodyID     domain.BodyID     `json:"body_id"`
	ListID     domain.ListID     `json:"list_id"`
	EntryID    domain.EntryID    `json:"entry_id"`
	PersonID   domain.PersonID   `json:"person_id"` // who holds the entry
	AnswerBy   domain.Date       `json:"answer_by"` // the last day, as the holder is told
	OfferedAt  time.Time         `json:"offered_at"`
}

// OfferEnd is how an offer ends.
type OfferEnd string

const (
	OfferDeclined  OfferEnd = "declined"   // by the holder (Q25)
	OfferTakenBack OfferEnd = "taken_back" // by the body
	OfferAccepted  OfferEnd = "let"        // the dwelling is let to the entry
)

// OfferEnds lists them all.
var OfferEnds = []OfferEnd{OfferDeclined, OfferTakenBack, OfferAccepted}

// OfferEnded says that the dwelling is not offered to the entry any more.
type OfferEnded struct {
	DwellingID domain.DwellingID `json:"dwelling_id"`
	ListID     domain.ListID     `json:"list_id"`
	EntryID    domain.EntryID    `json:"entry_id"`
	PersonID   domain.PersonID   `json:"person_id"` // to whom it was offered
	How        OfferEnd          `json:"how"`
	Reasons    domain.Personal   `json:"reasons,omitempty"` // of the body that takes it back
	Decline    domain.EventRef   `json:"decline,omitzero"`  // by which the holder declined
	Over       bool              `json:"over,omitempty"`    // the offer had ended before: nothing changes
	EndedAt    time.Time         `json:"ended_at"`
}

func (Offered) EventType() string    { return "DwellingOffered" }
func (OfferEnded) EventType() string { return "DwellingOfferEnded" }

func (e Offered) EffectiveAt() time.Time    { return e.OfferedAt }
func (e OfferEnded) EffectiveAt() time.Time { return e.EndedAt }

func (e Offered) Concerns() domain.Concern    { return atDwelling(e.DwellingID, e.PersonID) }
func (e OfferEnded) Concerns() domain.Concern { return atDwelling(e.DwellingID, e.PersonID) }

func (e OfferEnded) LogValue() slog.Value { return domain.Masked(e) }

// Entry is the entry of the offer.
func (e Offered) Entry() domain.ListEntry {
	return domain.ListEntry{ListID: e.ListID, EntryID: e.EntryID}
}

// Entry is the entry of the offer.
func (e OfferEnded) Entry() domain.ListEntry {
	return domain.ListEntry{ListID: e.ListID, EntryID: e.EntryID}
}

// offeredTo reports whether an offer to the entry stands.
func (d *Dwelling) offeredTo(e domain.ListEntry) bool {
	return d.Offered != nil && d.Offered.Entry() == e
}

func offered() *domain.Error {
	return domain.Refuse(domain.Conflict, domain.CodeDwellingOffered,
		"the dwelling is offered to another entry, or was when this was decided: wait for the answer of its holder, or take "+
			"the offer back").At("dwelling_id")
}

// Offer is the command that offers a dwelling to an entry. Whether the entry is the first that is
// eligible, its list says.
type Offer struct {
	Let      // to whom, and by whom
	AnswerBy domain.Date
}

// Offer decides [Offer]: of a dwelling that could be let to the entry now.
func (d *Dwelling) Offer(cmd domain.Command, c Offer) ([]domain.Event, error) {
	if err := d.canLet(c.Let); err != nil {
		return nil, err
	}
	switch {
	case d.Offered != nil:
		return nil, domain.Refuse(domain.Conflict, domain.CodeNothingChanges,
			"the dwelling is offered to this entry already").At("dwelling_id")
	case c.AnswerBy.IsZero():
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired, "say until which day the holder may answer").At("answer_by")
	case c.AnswerBy.Before(cmd.Today()):
		return nil, domain.Refuse(domain.Invalid, domain.CodeEffectiveTooEarly,
			"the holder answers today at the earliest: give a later day").At("answer_by")
	}
	return []domain.Event{Offered{
		DwellingID: d.ID, BodyID: c.BodyID, ListID: c.Entry.ListID, EntryID: c.Entry.EntryID, PersonID: c.PersonID,
		AnswerBy: c.AnswerBy, OfferedAt: cmd.Now,
	}}, nil
}

// TakeOfferBack is the command by which the body takes an offer back.
type TakeOfferBack struct {
	Entry   domain.ListEntry
	Reasons domain.Personal // that the holder is told of
}

// TakeOfferBack decides [TakeOfferBack].
func (d *Dwelling) TakeOfferBack(cmd domain.Command, c TakeOfferBack) ([]domain.Event, error) {
	switch {
	case !d.Known():
		return nil, UnknownDwelling()
	case !d.offeredTo(c.Entry):
		return nil, notOffered()
	case strings.TrimSpace(string(c.Reasons)) == "":
		return nil, domain.Refuse(domain.Invalid, domain.CodeReasonsRequired, "say why the offer is taken back").At("reasons")
	}
	return []domain.Event{d.endOffer(cmd, OfferTakenBack, c.Reasons)}, nil
}

// Declined decides that the offer to the entry ends, since its holder, by, has declined the
// dwelling. Where the offer has ended meanwhile, it says so all the same: the decline is then
// followed.
func (d *Dwelling) Declined(
	cmd domain.Command, e domain.ListEntry, by domain.PersonID, decline domain.EventRef,
) ([]domain.Event, error) {
	return []domain.Event{OfferEnded{
		DwellingID: d.ID, ListID: e.ListID, EntryID: e.EntryID, PersonID: by, How: OfferDeclined, Decline: decline,
		Over: !d.offeredTo(e), EndedAt: cmd.Now,
	}}, nil
}

func (d *Dwelling) endOffer(cmd domain.Command, how OfferEnd, reasons domain.Personal) OfferEnded {
	o := d.Offered
	return OfferEnded{
		DwellingID: d.ID, ListID: o.ListID, EntryID: o.EntryID, PersonID: o.PersonID, How: how, Reasons: reasons, EndedAt: cmd.Now,
	}
}

func notOffered() *domain.Error {
	return domain.Refuse(domain.Conflict, domain.CodeDwellingNotOffered, "this dwelling is not offered to this entry").
		At("dwelling_id")
}
