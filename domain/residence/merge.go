package residence

import (
	"log/slog"
	"slices"
	"strings"
	"time"

	"tizilim/domain"
)

// The same human may be recorded twice. A merge says so (R33): one record is absorbed, the
// other one survives and stands for both. It is an act over two streams. The absorbed record
// says into which one it was merged, and takes no other command from then on; the survivor
// then says whom it has absorbed. What was recorded before stays where it is. Only the stream
// of the absorbed record decides whether a merge is in force.

// RecordsMerged says in the stream of one record that the survivor is a record of the same
// human, on what document, and stands for both from now on.
type RecordsMerged struct {
	PersonID   domain.PersonID  `json:"person_id"` // whose record is absorbed
	SurvivorID domain.PersonID  `json:"survivor_id"`
	MergeID    domain.CommandID `json:"merge_id"` // of the command
	Replaced   ReplacedIIN      `json:"replaced_iin,omitempty"`
	Basis      domain.Basis     `json:"basis"`
	Accepted   []domain.Code    `json:"accepted,omitempty"` // contradictions that the official has seen
	MergedAt   time.Time        `json:"merged_at"`
}

// RecordAbsorbed says in the stream of the survivor whose record it stands for too.
type RecordAbsorbed struct {
	PersonID   domain.PersonID `json:"person_id"` // the survivor
	AbsorbedID domain.PersonID `json:"absorbed_id"`
	Merge      domain.EventRef `json:"merge"`
	IIN        domain.IIN      `json:"iin,omitempty"` // of the absorbed record, where the survivor has it from now on
	Was        domain.IIN      `json:"was,omitempty"` // the survivor's until then, where it has another one now
	AbsorbedAt time.Time       `json:"absorbed_at"`
}

// MergeUndone says in the stream of the absorbed record that the merge does not hold: by a
// document, or because the survivor's stream refused it with the code.
type MergeUndone struct {
	PersonID   domain.PersonID `json:"person_id"`
	SurvivorID domain.PersonID `json:"survivor_id"`
	Merge      domain.EventRef `json:"merge"`
	Code       domain.Code     `json:"code,omitempty"`
	Reasons    domain.Personal `json:"reasons,omitempty"`
	Basis      domain.Basis    `json:"basis,omitzero"`
	UndoneAt   time.Time       `json:"undone_at"`
}

// RecordSeparated says in the stream of the survivor that it stands for the other record no
// longer.
type RecordSeparated struct {
	PersonID    domain.PersonID `json:"person_id"`
	SeparatedID domain.PersonID `json:"separated_id"`
	Merge       domain.EventRef `json:"merge"`
	Loses       domain.IIN      `json:"loses,omitempty"` // the IIN, which is that of the other record
	IIN         domain.IIN      `json:"iin,omitempty"`   // that it has again
	SeparatedAt time.Time       `json:"separated_at"`
}

func (RecordsMerged) EventType() string   { return "RecordsMerged" }
func (RecordAbsorbed) EventType() string  { return "RecordAbsorbed" }
func (MergeUndone) EventType() string     { return "MergeUndone" }
func (RecordSeparated) EventType() string { return "RecordSeparated" }

func (e RecordsMerged) EffectiveAt() time.Time   { return e.MergedAt }
func (e RecordAbsorbed) EffectiveAt() time.Time  { return e.AbsorbedAt }
func (e MergeUndone) EffectiveAt() time.Time     { return e.UndoneAt }
func (e RecordSeparated) EffectiveAt() time.Time { return e.SeparatedAt }

func (e RecordsMerged) Concerns() domain.Concern {
	return domain.ConcernsPersons(e.PersonID, e.SurvivorID)
}

func (e RecordAbsorbed) Concerns() domain.Concern {
	return domain.ConcernsPersons(e.PersonID, e.AbsorbedID)
}

func (e MergeUndone) Concerns() domain.Concern {
	return domain.ConcernsPersons(e.PersonID, e.SurvivorID)
}

func (e RecordSeparated) Concerns() domain.Concern {
	return domain.ConcernsPersons(e.PersonID, e.SeparatedID)
}

func (e RecordsMerged) LogValue() slog.Value   { return domain.Masked(e) }
func (e RecordAbsorbed) LogValue() slog.Value  { return domain.Masked(e) }
func (e MergeUndone) LogValue() slog.Value     { return domain.Masked(e) }
func (e RecordSeparated) LogValue() slog.Value { return domain.Masked(e) }

// ReplacedIIN says which of two IINs the other one has replaced (R28).
type ReplacedIIN string

const (
	ReplacedOfAbsorbed ReplacedIIN = "of_absorbed"
	ReplacedOfSurvivor ReplacedIIN = "of_survivor"
)

// ReplacedIINs lists them all.
var ReplacedIINs = []ReplacedIIN{ReplacedOfAbsorbed, ReplacedOfSurvivor}

// AcceptableDifferences are the codes of the differences of two records that an official can
// accept.
var AcceptableDifferences = []domain.Code{domain.CodeNamesDiffer, domain.CodeBirthDatesDiffer}

// Merge is the merge of a record into another one.
type Merge struct {
	SurvivorID domain.PersonID
	Event      domain.EventRef
}

// Absorbed is a record that a survivor stands for.
type Absorbed struct {
	PersonID domain.PersonID
	Merge    domain.EventRef
	Was      domain.IIN // the IIN that the survivor had before, where it got that of the record
}

// merged folds the events of this file.
func (p *Person) merged(rec domain.Recorded) {
	switch e := rec.Event.(type) {
	case RecordsMerged:
		p.merge = Merge{e.SurvivorID, domain.EventRef{Stream: e.PersonID.Stream(), Revision: rec.Revision}}
		p.undone = Merge{}
	case MergeUndone:
		p.merge = Merge{}
		if e.Code == "" {
			p.undone = Merge{e.SurvivorID, e.Merge}
		}
	case RecordAbsorbed:
		p.absorbed = append(slices.Clip(p.absorbed), Absorbed{e.AbsorbedID, e.Merge, e.Was})
		if e.IIN != "" {
			p.IIN = e.IIN
		}
	case RecordSeparated:
		p.absorbed = slices.DeleteFunc(slices.Clone(p.absorbed), func(a Absorbed) bool { return a.Merge == e.Merge })
		if e.Loses != "" {
			p.IIN = e.IIN
		}
	}
}

// Merged reports whether the record was merged into another one, and which merge it was.
func (p *Person) Merged() (Merge, bool) { return p.merge, !p.merge.Event.IsZero() }

// Undone is the last merge that was undone, and whose survivor must learn of it; zero where
// there is none.
func (p *Person) Undone() Merge { return p.undone }

// Absorbed are the records that this one stands for. Only their own streams say whether they
// were merged into it.
func (p *Person) Absorbed() []domain.PersonID {
	var ids []domain.PersonID
	for _, a := range p.absorbed {
		ids = append(ids, a.PersonID)
	}
	return ids
}

// CheckUnmerged refuses a command that names a record which was merged into another one, at
// the field that names it. Only staff learn which one that is.
func (p *Person) CheckUnmerged(role domain.Role, field string) error {
	m, merged := p.Merged()
	switch {
	case !merged:
		return nil
	case role == domain.RoleCitizen:
		return domain.Refuse(domain.Conflict, domain.CodeRecordMerged,
			"this record was merged into another one of the same human: a desk tells who it is").At(field)
	}
	return domain.Refuse(domain.Conflict, domain.CodeRecordMerged,
		"this record was merged into that of the person %s, which stands for both: name that one", m.SurvivorID).At(field)
}

// Naming is what has ever named a person, outside of the person's own stream. Whether it still
// does, the streams say.
type Naming struct {
	Dwellings []domain.DwellingID // with their owners, with proposed ones, or with a service lease
	Entries   []domain.ListEntry  // with their holder or family
}

// Ties are what the registry has in force that names a record, outside of the record itself.
// It does not go over to another record, so it bars a merge.
type Ties struct {
	Entries   []domain.ListEntry  // of the person
	Counted   []domain.ListEntry  // of others, in whose family the person counts
	Cases     []domain.CaseID     // that are open
	Leases    []domain.DwellingID // of the person
	Dwellings []domain.DwellingID // with the person as owner, as agent of one, or as the deceased of an estate
	Wards     []domain.PersonID   // whom the person represents
}

// bar returns why what is in force bars a merge of p, each thing with what to do first.
func (t Ties) bar(p *Person, today domain.Date) []*domain.Error {
	var bars []*domain.Error
	bar := func(format string, args ...any) {
		bars = append(bars, domain.Refuse(domain.Conflict, domain.CodeMergeBarred, format, args...))
	}
	for _, r := range p.Registrations {
		if r.ActiveOn(today) {
			bar("the record is registered at the dwelling %s since %s: merge the other one into it instead, or end or "+
				"correct that registration first", r.DwellingID, r.From)
		}
	}
	for _, e := range t.Entries {
		bar("the record has the entry %s on the list %s: merge the other one into it instead", e.EntryID, e.ListID)
	}
	for _, e := range t.Counted {
		bar("the entry %s on the list %s counts the record in its family: report the change of the family first",
			e.EntryID, e.ListID)
	}
	for _, id := range t.Cases {
		bar("the record takes part in the case %s, which is open: it must be decided first", id)
	}
	for _, id := range t.Leases {
		bar("the record rents the dwelling %s: the lease must end first", id)
	}
	for _, id := range t.Dwellings {
		bar("the record is named with the owners of the dwelling %s: record there the other one first", id)
	}
	for _, id := range t.Wards {
		bar("the record represents the person %s: end that, and record there the other one first", id)
	}
	if len(p.Representatives) > 0 {
		bar("representatives of the record are recorded: end that, and record them at the other one first")
	}
	if len(p.erasures.holds) > 0 {
		bar("a hold stands, which keeps the record as it is: it must be lifted first, and be placed on the other one")
	}
	return bars
}

// MergeRecords is the command that merges a record into the survivor.
type MergeRecords struct {
	SurvivorID domain.PersonID
	Replaced   ReplacedIIN // which IIN the other one replaced, where both records have one
	Basis      domain.Basis
	Accept     []domain.Code // differences that the official has seen
	ID         domain.CommandID

	Survivor *Person // as it is now
	Ties     Ties    // of the record that is absorbed
}

// MergeInto decides [MergeRecords] in the stream of the record that is absorbed.
func (p *Person) MergeInto(cmd domain.Command, c MergeRecords) ([]domain.Event, error) {
	if !p.Known() {
		return nil, unknownPerson()
	}
	if err := p.CheckUnmerged(cmd.Role, ""); err != nil {
		return nil, err
	}
	accepted, err := c.check(cmd, p)
	if err != nil {
		return nil, err
	}
	return []domain.Event{RecordsMerged{
		PersonID: p.ID, SurvivorID: c.SurvivorID, MergeID: c.ID, Replaced: c.Replaced, Basis: c.Basis, Accepted: accepted,
		MergedAt: cmd.Now,
	}}, nil
}

// check refuses a merge of p that cannot be, and returns the differences that were accepted.
func (c MergeRecords) check(cmd domain.Command, p *Person) ([]domain.Code, error) {
	s := c.Survivor
	switch {
	case c.SurvivorID == p.ID:
		return nil, domain.Refuse(domain.Invalid, domain.CodeSameRecord,
			"a record is not merged into itself: name the other one").At("survivor_id")
	case !s.Known():
		return nil, domain.Refuse(domain.Invalid, domain.CodePersonUnknown,
			"no person with this id is recorded").At("survivor_id")
	case len(p.absorbed) > 0:
		return nil, domain.Refuse(domain.Conflict, domain.CodeMergeBarred,
			"the record of the person %s was merged into this one, and there are no chains: merge the other record into "+
				"this one instead, or undo that merge first", p.absorbed[0].PersonID)
	}
	if err := s.CheckUnmerged(cmd.Role, "survivor_id"); err != nil {
		return nil, err
	}
	if err := c.Basis.Demand(true, cmd.Role, cmd.Today(), "basis"); err != nil {
		return nil, err
	}
	if err := sameLife(p, s); err != nil {
		return nil, err
	}
	if bars := c.Ties.bar(p, cmd.Today()); len(bars) > 0 {
		refusal := *bars[0]
		if len(bars) > 1 {
			refusal.Also = bars[1:]
		}
		return nil, &refusal
	}
	if err := c.checkIINs(p); err != nil {
		return nil, err
	}
	return answered(differences(p, s), c.Accept)
}

// sameLife refuses two records whose deaths or registrations cannot be those of one human.
func sameLife(p, s *Person) error {
	of, dead := p.Dead()
	other, otherDead := s.Dead()
	switch {
	case dead != otherDead || of.On != other.On:
		return domain.Refuse(domain.Conflict, domain.CodeDeathsDiffer,
			"the records say different things about a death: record the same day of death at both, or annul the death that "+
				"was recorded by mistake").At("survivor_id")
	case dead && !of.Followed:
		return domain.Refuse(domain.Conflict, domain.CodeMergeBarred,
			"the registry still follows up the death that this record says: try again in a moment")
	}
	for _, r := range p.Registrations {
		for _, q := range s.Registrations {
			if r.Kind == q.Kind && r.overlaps(q) {
				return domain.Refuse(domain.Conflict, domain.CodePeriodOverlaps,
					"both records have a %s registration at the same time, from %s and from %s: correct or end one of them "+
						"first, so that one human has one", r.Kind, r.From, q.From).At("survivor_id")
			}
		}
	}
	return nil
}

// overlaps reports whether there is a day on which both hold.
func (r Registration) overlaps(q Registration) bool {
	begins := func(a, b Registration) bool { // a holds on the day on which b begins
		until := a.heldUntil()
		return !b.From.Before(a.From) && (until.IsZero() || b.From.Before(until))
	}
	empty := func(a Registration) bool { return a.Void || a.heldUntil() == a.From }
	return !empty(r) && !empty(q) && (begins(r, q) || begins(q, r))
}

// checkIINs refuses two records with different IINs, unless one IIN has replaced the other.
func (c MergeRecords) checkIINs(p *Person) error {
	two := p.IIN != "" && c.Survivor.IIN != "" && p.IIN != c.Survivor.IIN
	switch {
	case two && c.Replaced == "":
		return domain.Refuse(domain.Conflict, domain.CodeIINsDiffer,
			"the records have different IINs: they are of two humans, unless the document says that one IIN replaced the "+
				"other; then say which one was replaced").At("replaced_iin")
	case two && !slices.Contains(ReplacedIINs, c.Replaced):
		return domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
			"the IIN that was replaced is one of %v", ReplacedIINs).At("replaced_iin")
	case !two && c.Replaced != "":
		return domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
			"the records do not have two IINs: leave it out").At("replaced_iin")
	}
	return nil
}

// differences says in what the two records contradict each other. Of a birth date only what
// both know is compared.
func differences(p, s *Person) []domain.Code {
	var found []domain.Code
	if !strings.EqualFold(string(p.Name), string(s.Name)) {
		found = append(found, domain.CodeNamesDiffer)
	}
	if !sameBirth(p.Data(), s.Data()) {
		found = append(found, domain.CodeBirthDatesDiffer)
	}
	return found
}

func sameBirth(a, b PersonData) bool {
	ay, am, ad := a.BirthDate.Start().Date()
	by, bm, bd := b.BirthDate.Start().Date()
	known := func(k BirthKnown) bool { return a.BirthKnown == k || b.BirthKnown == k }
	switch {
	case ay != by:
		return false
	case known(BirthYear):
		return true
	case am != bm:
		return false
	}
	return known(BirthMonth) || ad == bd
}

// Absorb is the command by which the survivor takes in a record that was merged into it.
type Absorb struct {
	Merge    RecordsMerged
	Event    domain.EventRef // of the merge
	Absorbed *Person
	Ties     Ties
}

// Absorb decides [Absorb] in the stream of the survivor. The absorbed record takes no other
// command any more, so what is checked here holds for both.
func (p *Person) Absorb(cmd domain.Command, c Absorb) ([]domain.Event, error) {
	a := c.Absorbed
	if a.merge.Event != c.Event || slices.ContainsFunc(p.absorbed, func(a Absorbed) bool { return a.Merge == c.Event }) {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNotDue, "the merge is undone, or recorded here already")
	}
	merge := MergeRecords{
		SurvivorID: c.Merge.SurvivorID, Replaced: c.Merge.Replaced, Basis: c.Merge.Basis, Accept: c.Merge.Accepted,
		Survivor: p, Ties: c.Ties,
	}
	if _, err := merge.check(cmd, a); err != nil {
		return nil, err
	}
	absorbed := RecordAbsorbed{PersonID: p.ID, AbsorbedID: a.ID, Merge: c.Event, AbsorbedAt: cmd.Now}
	if a.IIN != "" && (p.IIN == "" || c.Merge.Replaced == ReplacedOfSurvivor) {
		absorbed.IIN, absorbed.Was = a.IIN, p.IIN
	}
	return []domain.Event{absorbed}, nil
}

// VoidMerge decides, in the stream of the absorbed record, that the merge does not hold because
// the survivor refused it with the code.
func (p *Person) VoidMerge(cmd domain.Command, merge domain.EventRef, code domain.Code) ([]domain.Event, error) {
	if p.merge.Event != merge {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNotDue, "this merge does not hold")
	}
	return []domain.Event{MergeUndone{
		PersonID: p.ID, SurvivorID: p.merge.SurvivorID, Merge: merge, Code: code, UndoneAt: cmd.Now,
	}}, nil
}

// UndoMerge is the command that undoes a merge, by its reference.
type UndoMerge struct {
	Merge   domain.EventRef
	Reasons domain.Personal
	Basis   domain.Basis
}

// UndoMerge decides [UndoMerge] in the stream of the absorbed record (R34). What was recorded
// of the survivor since the merge stays there.
func (p *Person) UndoMerge(cmd domain.Command, c UndoMerge) ([]domain.Event, error) {
	switch {
	case !p.Known():
		return nil, unknownPerson()
	case p.merge.Event.IsZero() || p.merge.Event != c.Merge:
		return nil, domain.Refuse(domain.Conflict, domain.CodeFactNotInForce,
			"no merge of this record is in force by this event; the history shows the events").At("merge")
	case strings.TrimSpace(string(c.Reasons)) == "":
		return nil, domain.Refuse(domain.Invalid, domain.CodeReasonsRequired,
			"give the reasons: an auditor will read them").At("reasons")
	}
	if err := c.Basis.Demand(true, cmd.Role, cmd.Today(), "basis"); err != nil {
		return nil, err
	}
	return []domain.Event{MergeUndone{
		PersonID: p.ID, SurvivorID: p.merge.SurvivorID, Merge: c.Merge, Reasons: c.Reasons, Basis: c.Basis, UndoneAt: cmd.Now,
	}}, nil
}

// Separate decides, in the stream of the survivor, that it stands for the other record no
// longer. The IIN of that record goes with it.
func (p *Person) Separate(cmd domain.Command, other *Person) ([]domain.Event, error) {
	merge := other.undone.Event
	i := slices.IndexFunc(p.absorbed, func(a Absorbed) bool { return a.Merge == merge })
	if merge.IsZero() || i < 0 {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNotDue, "this record does not stand for the other one")
	}
	separated := RecordSeparated{PersonID: p.ID, SeparatedID: other.ID, Merge: merge, SeparatedAt: cmd.Now}
	if p.IIN != "" && p.IIN == other.IIN {
		separated.Loses, separated.IIN = p.IIN, p.absorbed[i].Was
	}
	return []domain.Event{separated}, nil
}
