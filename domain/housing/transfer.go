package housing

import (
	"slices"
	"time"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// TransferCause is why an entry passes to another member of the family (art.
// 73(2)).
type TransferCause string

const (
	HolderDied TransferCause = "death"
	HolderLeft TransferCause = "departure"
)

// TransferCauses lists them all.
var TransferCauses = []TransferCause{HolderDied, HolderLeft}

// EntryTransferred passes an entry to a member of the family that was
// registered together with its holder. Its place does not change (Q16).
type EntryTransferred struct {
	ListID        domain.ListID   `json:"list_id"`
	EntryID       domain.EntryID  `json:"entry_id"`
	From          domain.PersonID `json:"from_person_id"`
	PersonID      domain.PersonID `json:"person_id"`
	Family        []FamilyMember  `json:"family,omitempty"` // counted with the new holder
	Cause         TransferCause   `json:"cause"`
	On            domain.Date     `json:"on"` // of the death or the departure
	Need          NeedCheck       `json:"need_check"`
	TransferredAt time.Time       `json:"transferred_at"`
}

func (EntryTransferred) EventType() string        { return "EntryTransferred" }
func (e EntryTransferred) EffectiveAt() time.Time { return e.TransferredAt }

func (e EntryTransferred) Concerns() domain.Concern {
	c := ofFamily(e.PersonID, e.Family)
	c.Persons = append(c.Persons, e.From)
	return c
}

// Transfer is the command that transfers an entry.
type Transfer struct {
	EntryID  domain.EntryID
	PersonID domain.PersonID // the new holder
	Family   []FamilyMember  // the remaining members, with their relations to the new holder
	Cause    TransferCause
	On       domain.Date
	Need     NeedCheck
	Born     Births // nil: nothing is known
}

// Transfer decides [Transfer]: to a remaining member of the family who is still
// in need, with the seniority, so that no number changes (Q16).
func (l *List) Transfer(cmd domain.Command, c Transfer, by rules.Book) ([]domain.Event, error) {
	e, err := l.standing(c.EntryID)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(TransferCauses, c.Cause) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
			"the cause of a transfer is one of %v", TransferCauses).At("cause")
	}
	if c.On.IsZero() {
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired,
			"give the day of the death or departure").At("on")
	}
	if cmd.Today().Before(c.On) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeDateInFuture,
			"the death or departure cannot be in the future: give today or an earlier day").At("on")
	}
	counted := func(p domain.PersonID) bool {
		return slices.ContainsFunc(e.Family, func(m FamilyMember) bool { return m.PersonID == p })
	}
	if !counted(c.PersonID) {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNotInFamily,
			"only a member of the family who is registered together with the holder can take over the entry; "+
				"this person is not one").At("person_id")
	}
	if err := checkFamily(c.PersonID, c.Family, by.On(cmd.Today())); err != nil {
		return nil, err
	}
	if err := c.Born.possible(c.PersonID, c.Family, cmd.Today()); err != nil {
		return nil, err
	}
	for i, m := range c.Family {
		if !counted(m.PersonID) {
			return nil, domain.Refuse(domain.Conflict, domain.CodeNotInFamily,
				"this person was not registered together with the holder; report a change of the "+
					"family afterwards").At(domain.Path("family", i, "person_id"))
		}
	}
	if err := c.Need.confirmed(cmd, *e, by); err != nil {
		return nil, err
	}
	if err := l.canPassOn(e, c.PersonID, c.Family); err != nil {
		return nil, err
	}
	return []domain.Event{EntryTransferred{
		ListID: l.Opened.ListID, EntryID: e.ID, From: e.PersonID, PersonID: c.PersonID, Family: c.Family,
		Cause: c.Cause, On: c.On, Need: c.Need, TransferredAt: cmd.Now,
	}}, nil
}

// canPassOn is canStand for the holder and family who take over e; the present
// holder and family of e do not count (Q5).
func (l *List) canPassOn(e *Entry, holder domain.PersonID, family []FamilyMember) error {
	other := func(p domain.PersonID) bool {
		stands, ok := l.active.Get(p.UUID)
		return ok && stands != e.ID
	}
	if other(holder) {
		return l.CanJoin(holder)
	}
	named, _ := l.spouses.Get(holder.UUID)
	if slices.Contains(spousesIn(e.Family), holder) {
		named--
	}
	if named > 0 || slices.ContainsFunc(spousesIn(family), other) {
		return domain.Refuse(domain.Conflict, domain.CodeSpouseOnList,
			"the spouse has an active entry on this list; of two spouses one has the "+
				"benefit, by their choice").At("family")
	}
	return nil
}

// checkFamily refuses relations that the edition does not count (Q13), and
// persons who are named twice.
func checkFamily(holder domain.PersonID, family []FamilyMember, edition rules.Edition) error {
	relations := edition.Placement.Family
	seen := map[domain.PersonID]bool{holder: true}
	for i, m := range family {
		if seen[m.PersonID] {
			return domain.Refuse(domain.Invalid, domain.CodeNamedTwice,
				"this person is already counted in the family; name each member once, and do not name the applicant "+
					"or holder").At(domain.Path("family", i, "person_id"))
		}
		seen[m.PersonID] = true
		if !slices.Contains(relations, string(m.Relation)) {
			return domain.Refuse(
				domain.Invalid,
				domain.CodeValueUnknown,
				"a member of the family has one of the relations %v",
				relations,
			).At(domain.Path("family", i, "relation"))
		}
	}
	return nil
}
