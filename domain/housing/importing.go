package housing

import (
	"math"
	"time"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// ImportEntry is the command that takes over a standing entry from a list that another register kept.
type ImportEntry struct {
	EntryID        domain.EntryID
	PersonID       domain.PersonID
	Family         []FamilyMember
	SeniorityAt    time.Time // by which the list orders
	Place          int       // in the order of the old list: it parts those of one instant
	RegisteredOn   domain.Date
	Certified      int              // the number on its certificate; 0: its number here
	InventoryDueOn domain.Date      // zero: counted from the day of the import
	Category       PriorityCategory // for which it has priority; empty where it has none
	Consent        Consent

	Born      Births
	Elsewhere error // why another list of the body keeps the person off; nil where none does (Q5)
}

// Import decides [ImportEntry] for the entries in their order, and says of each why it is refused; nil
// where it is imported, or was before. The places of an old list stand for positions in the log: they
// are before those of every application that the registry receives itself. Whether the places of the whole
// old list agree with its days, the caller has looked at.
func (l *List) Import(cmd domain.Command, entries []ImportEntry, by rules.Book) ([]domain.Event, []error) {
	var events []domain.Event
	refused := make([]error, len(entries))
	next := l.Clone()
	for i, c := range entries {
		decided, err := next.importOne(cmd, c, by)
		refused[i] = err
		for _, e := range decided {
			next.Apply(domain.Recorded{Event: e, Position: math.MaxInt64, Created: cmd.Now})
		}
		events = append(events, decided...)
	}
	return events, refused
}

func (l *List) importOne(cmd domain.Command, c ImportEntry, by rules.Book) ([]domain.Event, error) {
	if l.Known() {
		if e, ok := l.Entry(c.EntryID); ok {
			return nil, c.sameAs(e)
		}
	}
	if err := c.check(cmd.Today()); err != nil {
		return nil, err
	}
	if err := l.canStand(c.PersonID, c.Family); err != nil {
		return nil, blame(err, "person")
	}
	if err := c.Born.possible(c.PersonID, c.Family, cmd.Today()); err != nil {
		return nil, err
	}
	if c.Elsewhere != nil {
		return nil, blame(c.Elsewhere, "person")
	}
	s := Seniority{At: c.SeniorityAt, Position: domain.Position(c.Place)}
	if _, taken := l.filings.Get(filing{position: s.Position}); taken {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNamedTwice,
			"another entry has this place on the old list: give each entry its own").At("number")
	}
	placed := EntryPlaced{
		ListID: l.Opened.ListID, EntryID: c.EntryID, PersonID: c.PersonID, CaseID: formerCase(c.EntryID), Seniority: s, Family: c.Family, Consent: c.Consent,
		RegisteredOn: c.RegisteredOn, Number: c.Certified, Overtakes: l.behind(s), InventoryDueOn: c.InventoryDueOn,
		PlacedAt: cmd.Now,
	}
	if placed.Number == 0 {
		placed.Number = l.before(s) + 1
	}
	if placed.InventoryDueOn.IsZero() {
		placed.InventoryDueOn = inventoryDue(cmd.Today(), by)
	}
	if c.Category == "" {
		return []domain.Event{placed}, nil
	}
	next := l.Clone()
	next.Apply(domain.Recorded{Event: placed, Position: math.MaxInt64, Created: cmd.Now})
	first, err := next.Prioritise(cmd, Prioritise{EntryID: c.EntryID, Category: c.Category})
	if err != nil {
		return nil, blame(err, "priority")
	}
	return append([]domain.Event{placed}, first...), nil
}

// formerCase names the case of an imported entry, which is in the other register and not in this one.
func formerCase(id domain.EntryID) domain.CaseID {
	return domain.CaseID{UUID: domain.DeriveID(id.UUID, "case of another register")}
}

// sameAs refuses an entry that was imported under the same key as another one.
func (c ImportEntry) sameAs(e Entry) error {
	if e.Seniority.Position == domain.Position(c.Place) && e.FiledAt.Equal(c.SeniorityAt) && e.RegisteredOn == c.RegisteredOn {
		return nil
	}
	return domain.Refuse(domain.Conflict, domain.CodeKeyReused,
		"a line with this key was imported before and said something else: give the line another key, or correct the "+
			"entry in the registry").At("key")
}

// check checks numbers and days, whatever list it is.
func (c ImportEntry) check(today domain.Date) error {
	switch {
	case c.Place < 1:
		return domain.Refuse(domain.Invalid, domain.CodeNumberFormat, "give the place on the old list, from 1 on").At("number")
	case c.Certified < 0:
		return domain.Refuse(domain.Invalid, domain.CodeNumberFormat,
			"the number on a certificate is 1 or more").At("certificate_number")
	case c.SeniorityAt.IsZero():
		return domain.Refuse(domain.Invalid, domain.CodeRequired,
			"give the day of the complete application, by which the list orders").At("seniority_at")
	case c.RegisteredOn.IsZero():
		return domain.Refuse(domain.Invalid, domain.CodeRequired,
			"give the day on which the person was put on the list").At("registered_on")
	case today.Before(c.RegisteredOn):
		return domain.Refuse(domain.Invalid, domain.CodeDateInFuture,
			"nobody was put on a list in the future: give today or an earlier day").At("registered_on")
	case c.RegisteredOn.Before(domain.DateOf(c.SeniorityAt)):
		return domain.Refuse(domain.Invalid, domain.CodeTooEarly,
			"nobody was put on a list before they applied: correct one of the two days").At("registered_on")
	}
	return nil
}

// blame returns the refusal at a field of a line; other errors as they are.
func blame(err error, field string) error {
	if refused, ok := err.(*domain.Error); ok {
		return refused.At(field)
	}
	return err
}
