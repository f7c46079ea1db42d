package residence

import (
	"cmp"
	"log/slog"
	"slices"
	"time"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// Representation is the capacity in which somebody represents a minor, or an adult who does
// not act alone.
type Representation string

const (
	Parent   Representation = "parent"
	Guardian Representation = "guardian"
)

// Representations lists them all.
var Representations = []Representation{Parent, Guardian}

// RepresentativeRecorded says who legally represents a minor, or is the guardian of an adult
// (R9, R20, R32). It is a fact of the stream of who is represented.
type RepresentativeRecorded struct {
	PersonID         domain.PersonID `json:"person_id"` // who is represented
	RepresentativeID domain.PersonID `json:"representative_id"`
	Kind             Representation  `json:"kind"`
	Basis            domain.Basis    `json:"basis,omitzero"`     // on which the official records it
	Accepted         []domain.Code   `json:"accepted,omitempty"` // what is unlikely, and so in the document (Q24)
	RecordedAt       time.Time       `json:"recorded_at"`
}

// RepresentationEnded says that somebody no longer represents the minor, or
// never did.
type RepresentationEnded struct {
	PersonID         domain.PersonID `json:"person_id"`
	RepresentativeID domain.PersonID `json:"representative_id"`
	Reasons          domain.Personal `json:"reasons"`
	Basis            domain.Basis    `json:"basis,omitzero"` // on which the official ends it
	Warnings         []Warning       `json:"warnings,omitempty"`
	By               domain.Date     `json:"by,omitzero"` // until which another one of a minor is asked for, where there is none (R50)
	EndedAt          time.Time       `json:"ended_at"`
}

// WardNoted names a minor in the stream of a representative, so that the
// minor's stream can be found. Only the minor's stream says whether the
// representation holds.
type WardNoted struct {
	PersonID domain.PersonID `json:"person_id"` // the representative
	WardID   domain.PersonID `json:"ward_id"`
	NotedAt  time.Time       `json:"noted_at"`
}

func (RepresentativeRecorded) EventType() string { return "RepresentativeRecorded" }
func (RepresentationEnded) EventType() string    { return "RepresentationEnded" }
func (WardNoted) EventType() string              { return "WardNoted" }

func (e RepresentativeRecorded) EffectiveAt() time.Time { return e.RecordedAt }
func (e RepresentationEnded) EffectiveAt() time.Time    { return e.EndedAt }
func (e WardNoted) EffectiveAt() time.Time              { return e.NotedAt }

func (e RepresentativeRecorded) Concerns() domain.Concern {
	return domain.ConcernsPersons(e.PersonID, e.RepresentativeID)
}

func (e RepresentationEnded) Concerns() domain.Concern {
	return domain.ConcernsPersons(e.PersonID, e.RepresentativeID)
}

func (e WardNoted) Concerns() domain.Concern { return domain.ConcernsPersons(e.PersonID, e.WardID) }

func (e RepresentativeRecorded) LogValue() slog.Value { return domain.Masked(e) }
func (e RepresentationEnded) LogValue() slog.Value    { return domain.Masked(e) }

// Representative of a minor or of an adult.
type Representative struct {
	PersonID   domain.PersonID
	Kind       Representation
	RecordedOn domain.Date
	Recorded   uint64 // revision of the event that says so
}

// RecordRepresentative is the command by which a desk records who represents a minor or an
// adult, and EndRepresentation the one that ends it.
type (
	RecordRepresentative struct {
		Representative *Person
		Kind           Representation
		Basis          domain.Basis
		Accept         []domain.Code // what is unlikely, and the official has seen
		Rules          rules.Book
	}
	EndRepresentation struct {
		RepresentativeID domain.PersonID
		Reasons          domain.Personal
		Basis            domain.Basis
		Household        Household
		Rules            rules.Book
	}
)

// RecordRepresentative decides [RecordRepresentative]. A parent is born before the child, and
// nobody has more than two; a parent may be a minor, which is a warning (Q24). An adult has no parent who
// acts for them, but may have a guardian (R32), and a guardian acts alone for themselves.
func (p *Person) RecordRepresentative(cmd domain.Command, c RecordRepresentative) ([]domain.Event, error) {
	ages := c.Rules.On(cmd.Today()).Ages
	adult := p.BirthDate.YearsOn(cmd.Today()) >= ages.Capacity
	switch {
	case !p.Known():
		return nil, domain.Refuse(domain.NotFound, domain.CodePersonUnknown, "no person with this id is recorded")
	case !c.Representative.Known():
		return nil, domain.Refuse(domain.Invalid, domain.CodePersonUnknown,
			"no person with this id is recorded; record the representative first").At("representative_id")
	case c.Representative.ID == p.ID:
		return nil, domain.Refuse(domain.Invalid, domain.CodeNotAMinor,
			"a person cannot be their own legal representative: name another person").At("representative_id")
	case !slices.Contains(Representations, c.Kind):
		return nil, domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
			"a person is represented by one of %v", Representations).At("kind")
	case adult && c.Kind == Parent:
		return nil, domain.Refuse(domain.Conflict, domain.CodeNotAMinor,
			"the person is %d or older, so no parent acts for them: a court appoints the guardian of an adult, who is "+
				"recorded as %s", ages.Capacity, Guardian)
	case c.Kind == Guardian && !c.Representative.ActorsOn(cmd.Today(), ages).Self:
		return nil, domain.Refuse(domain.Invalid, domain.CodeRepresentative,
			"a guardian is of full age and has no guardian: name another person").At("representative_id")
	case c.Kind == Parent && !c.Representative.BirthDate.Before(p.BirthDate):
		return nil, domain.Refuse(domain.Invalid, domain.CodeKinshipImpossible,
			"a parent is born before the child: compare the birth dates with the documents").At("representative_id")
	case c.Kind == Parent && p.parents() >= 2:
		return nil, domain.Refuse(domain.Conflict, domain.CodeKinshipImpossible,
			"two parents are recorded already: end one of them first, or record a guardian").At("kind")
	case adult && slices.Contains(p.ActorsOn(cmd.Today(), ages).Representatives, c.Representative.ID),
		!adult && p.RepresentedBy(c.Representative.ID):
		return nil, domain.Refuse(domain.Conflict, domain.CodeRepresentativeRecorded,
			"this representative is recorded already; end the representation first to record "+
				"another kind").At("representative_id")
	}
	if err := cmp.Or(
		p.CheckAlive(""), c.Representative.CheckAlive("representative_id"),
		c.Representative.CheckUnmerged(cmd.Role, "representative_id"),
	); err != nil {
		return nil, err
	}
	edition := c.Rules.On(cmd.Today())
	if err := edition.CheckBasis(rules.Representation, cmd.Role, c.Basis, cmd.Today(), "basis"); err != nil {
		return nil, err
	}
	accepted, err := answered(c.unlikely(cmd, p, ages), c.Accept)
	if err != nil {
		return nil, err
	}
	return []domain.Event{RepresentativeRecorded{
		PersonID: p.ID, RepresentativeID: c.Representative.ID, Kind: c.Kind, Basis: c.Basis, Accepted: accepted,
		RecordedAt: cmd.Now,
	}}, nil
}

// The ages of a parent at the birth of the child, in years, beyond which the papers are
// looked at twice (policy).
const (
	ParentAtLeast = 16
	ParentAtMost  = 60
)

// UnlikelyOfParents are the codes of what an official can accept of a parent.
var UnlikelyOfParents = []domain.Code{domain.CodeParentAge, domain.CodeParentMinor}

// unlikely says what is unlikely of a parent, and may be so.
func (c RecordRepresentative) unlikely(cmd domain.Command, child *Person, ages rules.Ages) []domain.Code {
	if c.Kind != Parent {
		return nil
	}
	var found []domain.Code
	born := c.Representative.BirthDate
	if then := born.YearsOn(child.BirthDate); then < ParentAtLeast || then > ParentAtMost {
		found = append(found, domain.CodeParentAge)
	}
	if born.YearsOn(cmd.Today()) < ages.Capacity {
		found = append(found, domain.CodeParentMinor)
	}
	return found
}

// EndRepresentation decides [EndRepresentation].
func (p *Person) EndRepresentation(cmd domain.Command, c EndRepresentation) ([]domain.Event, error) {
	switch {
	case !p.Known():
		return nil, domain.Refuse(domain.NotFound, domain.CodePersonUnknown, "no person with this id is recorded")
	case !p.RepresentedBy(c.RepresentativeID):
		return nil, domain.Refuse(domain.Conflict, domain.CodeNotRepresentative,
			"this person is not recorded as a representative").At("representative_id")
	case c.Reasons == "":
		return nil, domain.Refuse(domain.Invalid, domain.CodeReasonsRequired,
			"give the reasons: an auditor will read them").At("reasons")
	}
	edition := c.Rules.On(cmd.Today())
	if err := edition.CheckBasis(rules.Representation, cmd.Role, c.Basis, cmd.Today(), "basis"); err != nil {
		return nil, err
	}
	ended := RepresentationEnded{
		PersonID: p.ID, RepresentativeID: c.RepresentativeID, Reasons: c.Reasons, Basis: c.Basis, EndedAt: cmd.Now,
	}
	if len(p.Representatives) == 1 && p.BirthDate.YearsOn(cmd.Today()) < edition.Ages.Capacity {
		last, err := c.Rules.LastDay(cmd.Today(), edition.AfterDeath().RepresentativeDays)
		if err != nil {
			return nil, err
		}
		ended.By = last
	}
	ended.Warnings = c.Household.left(p, p.after(ended), edition, cmd.Today(), nobody)
	return []domain.Event{ended}, nil
}

// NoteWard decides that the stream of the representative names the minor.
func (p *Person) NoteWard(cmd domain.Command, ward domain.PersonID) []domain.Event {
	return []domain.Event{WardNoted{PersonID: p.ID, WardID: ward, NotedAt: cmd.Now}}
}

// parents is how many parents are recorded.
func (p *Person) parents() (n int) {
	for _, r := range p.Representatives {
		if r.Kind == Parent {
			n++
		}
	}
	return n
}

// parentIs reports whether the other person is recorded as a parent of p.
func (p *Person) parentIs(other domain.PersonID) bool {
	return slices.ContainsFunc(p.Representatives, func(r Representative) bool { return r.Kind == Parent && r.PersonID == other })
}

// without is a list of its own of the representatives without the person. Who was the guardian
// of a minor may be recorded again as that of the adult.
func (p *Person) without(id domain.PersonID) []Representative {
	return slices.DeleteFunc(slices.Clone(p.Representatives), func(r Representative) bool { return r.PersonID == id })
}

// RepresentedBy reports whether the other is a legal representative of p.
func (p *Person) RepresentedBy(other domain.PersonID) bool {
	return slices.ContainsFunc(p.Representatives, func(r Representative) bool { return r.PersonID == other })
}

// represented folds the events of this file.
func (p *Person) represented(rec domain.Recorded) {
	switch e := rec.Event.(type) {
	case RepresentativeRecorded:
		p.Representatives = append(p.without(e.RepresentativeID), Representative{
			e.RepresentativeID, e.Kind, domain.DateOf(e.RecordedAt), rec.Revision,
		})
	case RepresentationEnded:
		p.Representatives = p.without(e.RepresentativeID)
		p.awaits = awaitedRepresentative{e.By, domain.DateOf(e.EndedAt)}
	case WardNoted:
		if !slices.Contains(p.Wards, e.WardID) {
			p.Wards = append(slices.Clip(p.Wards), e.WardID)
		}
	}
}

// Warning is something that the law does not forbid and that an official should
// look at. It is recorded with its act.
type Warning struct {
	Code     domain.Code     `json:"code"`
	PersonID domain.PersonID `json:"person_id,omitzero"` // whom it concerns
}

// Household are the persons whose residence depends on that of a person, or the
// reverse: the minors whom the person represents, and the person's
// representatives.
type Household struct {
	Wards           []Ward
	Representatives []*Person
}

// Ward is a minor with all who represent the minor.
type Ward struct {
	Minor           *Person
	Representatives []*Person
}

// Covers reports whether the household was read for the person as it is now.
func (h Household) Covers(p *Person) bool {
	has := func(list []*Person, id domain.PersonID) bool {
		return slices.ContainsFunc(list, func(q *Person) bool { return q.ID == id })
	}
	for _, id := range p.Wards {
		if !slices.ContainsFunc(h.Wards, func(w Ward) bool { return w.Minor.ID == id }) {
			return false
		}
	}
	for _, r := range p.Representatives {
		if !has(h.Representatives, r.PersonID) {
			return false
		}
	}
	return true
}

// home is where the person resides on the day: the dwelling of the permanent
// registration (Civil Code, art. 16), zero where there is none.
func (p *Person) home(on domain.Date) domain.DwellingID {
	for _, r := range p.Registrations {
		if r.Kind == Permanent && r.ActiveOn(on) {
			return r.DwellingID
		}
	}
	return domain.DwellingID{}
}

// apart warns of a minor who comes to reside at a dwelling where none of the
// representatives who are recorded resides (R20). Where none is recorded there
// is no warning.
func (h Household) apart(p *Person, home domain.DwellingID, by rules.Edition, on domain.Date) []Warning {
	if p.BirthDate.YearsOn(on) >= by.Ages.OwnRegistration || len(p.Representatives) == 0 {
		return nil
	}
	if slices.ContainsFunc(
		h.Representatives,
		func(q *Person) bool { return p.RepresentedBy(q.ID) && q.home(on) == home },
	) {
		return nil
	}
	return []Warning{{domain.CodeChildApart, p.ID}}
}

// nobody says that no other person leaves by the same act.
func nobody(*Person) bool { return false }
