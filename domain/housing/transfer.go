package housing

import (
	"log/slog"
	"slices"
	"time"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// TransferCause is why an entry passes to another member of the family (art.
// 73(2)). After a divorce it passes to the other spouse, if the divorce certificate with the
// holder's agreement, or a court, says so (policy); where the holder keeps it, nothing passes.
type TransferCause string

const (
	HolderDied TransferCause = "death"
	HolderLeft TransferCause = "departure"
	Divorced   TransferCause = "divorce"
)

// TransferCauses lists them all.
var TransferCauses = []TransferCause{HolderDied, HolderLeft, Divorced}

// reviewOf is the review that a transfer for the cause ends.
var reviewOf = map[TransferCause]ReviewReason{HolderDied: HolderDead, HolderLeft: HolderDeparted}

// EntryTransferred passes an entry to a member of the family that was
// registered together with its holder. Its place does not change (Q16).
type EntryTransferred struct {
	ListID    domain.ListID   `json:"list_id"`
	EntryID   domain.EntryID  `json:"entry_id"`
	From      domain.PersonID `json:"from_person_id"`
	PersonID  domain.PersonID `json:"person_id"`
	Family    []FamilyMember  `json:"family,omitempty"` // counted with the new holder
	Cause     TransferCause   `json:"cause"`
	On        domain.Date     `json:"on"`                 // of the death, the departure or the divorce
	Basis     domain.Basis    `json:"basis,omitzero"`     // of a divorce: its certificate, or the decision of a court
	Agreement domain.Basis    `json:"agreement,omitzero"` // of the holder, beside the certificate
	Need      NeedCheck       `json:"need_check"`
	// the review of a holder who died or left the country, which the transfer ends, and the new last day to confirm
	// the entry; zero where there was none
	ReviewID       domain.CaseID `json:"review_id,omitzero"`
	InventoryDueOn domain.Date   `json:"inventory_due_on,omitzero"`
	// what the certificate of the new holder says ([HolderCertified]); zero in events of before Q33
	CertificateID domain.CertificateID `json:"certificate_id,omitzero"`
	RegisteredOn  domain.Date          `json:"registered_on,omitzero"` // the day of placing
	Number        int                  `json:"number,omitempty"`       // at the transfer
	Answered      Answer               `json:"answered,omitzero"`      // to what the records say (Q29)
	TransferredAt time.Time            `json:"transferred_at"`
}

// HolderCertified issues to the holder to whom an entry passed a certificate of their own, in
// the stream of the holder (Q33).
type HolderCertified struct {
	PersonID      domain.PersonID      `json:"person_id"`
	ListID        domain.ListID        `json:"list_id"`
	EntryID       domain.EntryID       `json:"entry_id"`
	CertificateID domain.CertificateID `json:"certificate_id"`
	Transfer      domain.EventRef      `json:"transfer"` // the event by which the entry passed
	RegisteredOn  domain.Date          `json:"registered_on"`
	Number        int                  `json:"number"`
	CertifiedAt   time.Time            `json:"certified_at"`
}

func (HolderCertified) EventType() string          { return "HolderCertified" }
func (e HolderCertified) EffectiveAt() time.Time   { return e.CertifiedAt }
func (e HolderCertified) Concerns() domain.Concern { return domain.ConcernsPersons(e.PersonID) }

func (EntryTransferred) EventType() string        { return "EntryTransferred" }
func (e EntryTransferred) EffectiveAt() time.Time { return e.TransferredAt }
func (e EntryTransferred) LogValue() slog.Value   { return domain.Masked(e) }

// Certificate is the certificate that the new holder gets for a transfer; false for one of
// before Q33.
func (e EntryTransferred) Certificate(by domain.EventRef, now time.Time) (HolderCertified, bool) {
	return HolderCertified{
		PersonID: e.PersonID, ListID: e.ListID, EntryID: e.EntryID, CertificateID: e.CertificateID, Transfer: by,
		RegisteredOn: e.RegisteredOn, Number: e.Number, CertifiedAt: now,
	}, !e.CertificateID.IsZero()
}

func (e EntryTransferred) Concerns() domain.Concern {
	c := ofFamily(e.PersonID, e.Family)
	c.Persons = append(c.Persons, e.From)
	return c
}

// Transfer is the command that transfers an entry.
type Transfer struct {
	EntryID   domain.EntryID
	PersonID  domain.PersonID // the new holder
	Family    []FamilyMember  // the remaining members, with their relations to the new holder
	Cause     TransferCause
	On        domain.Date
	Basis     domain.Basis // of a divorce alone
	Agreement domain.Basis // of a divorce by its certificate alone
	Need      NeedCheck
	Born      Births // nil: nothing is known
	Facts     Facts
	Accept    Accept
}

// endsReview reports whether the transfer ends a review that was begun for the reason.
func (c Transfer) endsReview(of ReviewReason) bool {
	return of != "" && of == reviewOf[c.Cause] || of == FamilyReported && c.Cause == HolderDied
}

// Transfer decides [Transfer]: to a remaining member of the family who is still
// in need, with the seniority, so that no number changes (Q16). It ends the review that the
// death or the departure of the holder began, or after a death one of a family that had changed before.
func (l *List) Transfer(cmd domain.Command, c Transfer, by rules.Book) ([]domain.Event, error) {
	e, err := l.onList(c.EntryID)
	if err != nil {
		return nil, err
	}
	if !c.endsReview(e.Review) {
		if e, err = l.standing(c.EntryID); err != nil {
			return nil, err
		}
	}
	if !slices.Contains(TransferCauses, c.Cause) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
			"the cause of a transfer is one of %v", TransferCauses).At("cause")
	}
	if c.On.IsZero() {
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired,
			"give the day of the death, the departure or the divorce").At("on")
	}
	if cmd.Today().Before(c.On) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeDateInFuture,
			"the death, departure or divorce cannot be in the future: give today or an earlier day").At("on")
	}
	if err := c.divorced(cmd, *e); err != nil {
		return nil, err
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
	if d := c.Facts.of(c.PersonID).DiedOn; !d.IsZero() {
		return nil, domain.Refuse(domain.Conflict, domain.CodePersonDead,
			"the death of this person on %s is recorded: name another member of the family", d).At("person_id")
	}
	if err := c.Facts.alive(c.Family); err != nil {
		return nil, err
	}
	answer, err := c.Accept.answer(append(c.Facts.ofCause(c.Cause, c.On), c.Facts.contradictions(comparison{
		holder: c.PersonID, family: c.Family, since: domain.DateOf(e.FiledAt), today: cmd.Today(), by: by.On(cmd.Today()),
	})...))
	if err != nil {
		return nil, err
	}
	number, _ := l.Number(e.ID)
	transferred := EntryTransferred{
		ListID: l.Opened.ListID, EntryID: e.ID, From: e.PersonID, PersonID: c.PersonID, Family: c.Family,
		Cause: c.Cause, On: c.On, Basis: c.Basis, Agreement: c.Agreement, Need: c.Need,
		CertificateID: certificate(cmd), RegisteredOn: e.RegisteredOn, Number: number, Answered: answer,
		TransferredAt: cmd.Now,
	}
	if e.Review != "" {
		transferred.ReviewID, transferred.InventoryDueOn = e.Proceeding, inventoryDue(cmd.Today(), by)
	}
	return []domain.Event{transferred}, nil
}

// divorced checks on what a transfer after a divorce rests: the entry passes to the spouse, by
// the decision of a court, or by the certificate of the divorce and the holder's agreement.
func (c Transfer) divorced(cmd domain.Command, e Entry) error {
	if c.Cause != Divorced {
		if !c.Basis.IsZero() || !c.Agreement.IsZero() {
			return domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
				"only a transfer after a divorce names its documents: leave them out").At("basis")
		}
		return nil
	}
	if !slices.Contains(spousesIn(e.Family), c.PersonID) {
		return domain.Refuse(domain.Conflict, domain.CodeNotInFamily,
			"after a divorce the entry passes to the other spouse; this person is not counted as one").At("person_id")
	}
	if err := c.Basis.Demand(true, cmd.Role, cmd.Today(), "basis"); err != nil {
		return err
	}
	switch c.Basis.Type {
	case domain.DocumentCourtDecision:
		if !c.Agreement.IsZero() {
			return domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
				"the court has decided who keeps the entry: leave the agreement out").At("agreement")
		}
		return nil
	case domain.DocumentDivorce:
		return c.Agreement.Demand(true, cmd.Role, cmd.Today(), "agreement")
	}
	return domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
		"a divorce is shown by a %s or a %s", domain.DocumentDivorce, domain.DocumentCourtDecision).At("basis.type")
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
