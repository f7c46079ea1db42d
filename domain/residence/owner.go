package residence

import (
	"bytes"
	"errors"
	"log/slog"
	"math/big"
	"regexp"
	"slices"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// OwnerKind is what an owner is that is no person.
type OwnerKind string

const (
	Company OwnerKind = "company" // a legal entity, by its BIN
	State   OwnerKind = "state"   // by the BIN of the body that manages the dwelling
	Estate  OwnerKind = "estate"  // the heirs of somebody who has died, while nobody knows who they are
)

// OwnerKinds lists them all.
var OwnerKinds = []OwnerKind{Company, State, Estate}

// Owner is a title-holder of a dwelling with the share that belongs to them: a person, or
// one of the [OwnerKinds], for which an agent speaks.
type Owner struct {
	PersonID   domain.PersonID `json:"person_id,omitzero"` // zero for an owner that is no person
	Share      Share           `json:"share,omitempty"`
	Kind       OwnerKind       `json:"kind,omitempty"`       // empty for a person
	BIN        domain.BIN      `json:"bin,omitempty"`        // of the company, or of the body
	Name       string          `json:"name,omitempty"`       // of the company, or of the body
	AgentID    domain.PersonID `json:"agent_id,omitzero"`    // who speaks for it: of an estate the executor
	DeceasedID domain.PersonID `json:"deceased_id,omitzero"` // whose estate it is
	Authority  domain.Basis    `json:"authority,omitzero"`   // the document by which the agent speaks
}

func (o Owner) LogValue() slog.Value { return domain.Masked(o) }

// Speaker is the person who consents and confirms for the owner: the owner in person, or
// the agent. Zero where nobody is recorded.
func (o Owner) Speaker() domain.PersonID {
	if o.Kind == "" {
		return o.PersonID
	}
	return o.AgentID
}

// who is the owner without the share and the agent: two owners are the same if it is equal.
func (o Owner) who() Owner {
	return Owner{PersonID: o.PersonID, Kind: o.Kind, BIN: o.BIN, DeceasedID: o.DeceasedID}
}

// concerns are the persons whom an event that names the owner concerns.
func (o Owner) concerns() []domain.PersonID {
	return slices.DeleteFunc([]domain.PersonID{o.PersonID, o.AgentID, o.DeceasedID}, domain.PersonID.IsZero)
}

// NamedOwner is a person whom an owner names, and as what.
type NamedOwner struct {
	ID     domain.PersonID
	Member string // of the owner that names the person
}

// The members of an owner that name a person.
const (
	ownerInPerson = "person_id"
	ownersAgent   = "agent_id"
	ofEstate      = "deceased_id"
)

// Named are the persons whom the owner names.
func (o Owner) Named() []NamedOwner {
	return slices.DeleteFunc([]NamedOwner{{o.PersonID, ownerInPerson}, {o.AgentID, ownersAgent}, {o.DeceasedID, ofEstate}},
		func(n NamedOwner) bool { return n.ID.IsZero() })
}

// Check refuses the person p, who is named as n says, for an owner from the day on (R52):
// nobody owns before they are born or after they have died, an estate is of somebody who has
// died by then, and an agent lives and acts alone. at is the path of the member.
func (n NamedOwner) Check(p *Person, on, today domain.Date, ages rules.Ages, at string) error {
	death, dead := p.Dead()
	switch {
	case !p.Known():
		return domain.Refuse(domain.Invalid, domain.CodePersonUnknown,
			"no person with this id is recorded; record the person first").At(at)
	case n.Member == ofEstate && !dead:
		return domain.Refuse(domain.Conflict, domain.CodePersonNotDead,
			"the death of this person is not recorded, and nobody inherits from the living: record the death first").At(at)
	case n.Member == ofEstate && on.Before(death.On):
		return domain.Refuse(domain.Conflict, domain.CodePersonNotDead,
			"this person lived until %s, and nobody inherits from the living: give that day or a later one", death.On).At(at)
	case n.Member == ownersAgent && dead:
		return p.CheckAlive(at)
	case n.Member == ownersAgent && !p.ActorsOn(today, ages).Self:
		return domain.Refuse(domain.Conflict, domain.CodeRepresentative,
			"who speaks for an owner is of full age and has no guardian: name another person").At(at)
	case n.Member == ownerInPerson && on.Before(p.BirthDate):
		return domain.Refuse(domain.Invalid, domain.CodeBeforeBirth,
			"this person was not born on %s, the first day of the owners: give a later day", on).At(at)
	case n.Member == ownerInPerson && dead && death.On.Before(on):
		return domain.Refuse(domain.Conflict, domain.CodePersonDead,
			"this person died on %s, before %s, the first day of the owners: name the heirs, or the estate", death.On, on).At(at)
	}
	return nil
}

// OwnedBy reports whether the person holds title at present.
func (d *Dwelling) OwnedBy(p domain.PersonID) bool {
	return slices.ContainsFunc(d.Owners, func(o Owner) bool { return o.Kind == "" && o.PersonID == p })
}

// SpokenForBy reports whether the person is an owner, or the agent of one.
func (d *Dwelling) SpokenForBy(p domain.PersonID) bool {
	return !p.IsZero() && slices.ContainsFunc(d.Owners, func(o Owner) bool { return o.Speaker() == p })
}

// Names reports whether the person is an owner, the agent of one, or the deceased of an estate,
// now or by a change that waits for a second official.
func (d *Dwelling) Names(p domain.PersonID) bool {
	return slices.ContainsFunc(slices.Concat(d.Owners, d.Pending.Owners), func(o Owner) bool {
		return slices.Contains(o.concerns(), p)
	})
}

// Speakers are the owners who are persons, and those who speak for the others; each once.
func (d *Dwelling) Speakers() []domain.PersonID {
	var persons []domain.PersonID
	for _, o := range d.Owners {
		if p := o.Speaker(); !p.IsZero() && !slices.Contains(persons, p) {
			persons = append(persons, p)
		}
	}
	return persons
}

// ownersFrom are the owners whom a registration from the day on concerns: those of that day,
// as far as they are recorded, and those of today. The first that are recorded stand for the
// owners before them, whom nobody knows.
func (d *Dwelling) ownersFrom(day domain.Date) []Owner {
	var then []Owner
	for i, t := range d.titlesInForce() {
		if i == 0 || !day.Before(t.On) {
			then = t.Owners
		}
	}
	owners := slices.Clone(d.Owners)
	for _, o := range then {
		if !slices.ContainsFunc(owners, func(now Owner) bool { return now.who() == o.who() }) {
			owners = append(owners, o)
		}
	}
	return owners
}

// Consenting are the persons who can consent at the dwelling: all who have spoken for its
// owners, and its tenant.
func (d *Dwelling) Consenting() []domain.PersonID {
	var persons []domain.PersonID
	for _, t := range d.titlesInForce() {
		for _, o := range t.Owners {
			persons = append(persons, o.Speaker())
		}
	}
	if d.Lease != nil {
		persons = append(persons, d.Lease.PersonID)
	}
	slices.SortFunc(persons, func(a, b domain.PersonID) int { return bytes.Compare(a.UUID[:], b.UUID[:]) })
	return slices.DeleteFunc(slices.Compact(persons), domain.PersonID.IsZero)
}

// firstOwners decides the owners with whom a dwelling is recorded, from a day on that may
// be past (R41).
func (c RecordDwelling) firstOwners(cmd domain.Command) ([]domain.Event, error) {
	since := c.OwnersSince
	switch {
	case len(c.Owners) == 0 && !since.IsZero():
		return nil, domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
			"this is the first day of the owners, and none is named: name them, or leave it out").At("owners_since")
	case len(c.Owners) == 0:
		return nil, nil
	case since.IsZero():
		since = cmd.Today()
	case cmd.Today().Before(since):
		return nil, domain.Refuse(domain.Invalid, domain.CodeDateInFuture,
			"nobody is an owner from a day in the future on: give today or an earlier day").At("owners_since")
	}
	owners, err := writtenOwners(c.Owners, cmd.Today())
	if err != nil {
		return nil, err
	}
	return []domain.Event{OwnersChanged{DwellingID: c.DwellingID, Owners: owners, On: since}}, nil
}

// Share of a title, a fraction such as "1/2"; empty where it is not known.
type Share string

var shareForm = regexp.MustCompile(`^[1-9][0-9]{0,5}/[1-9][0-9]{0,5}$`)

// rat returns the share as a number in (0, 1].
func (s Share) rat() (*big.Rat, bool) {
	if !shareForm.MatchString(string(s)) {
		return nil, false
	}
	r, ok := new(big.Rat).SetString(string(s))
	return r, ok && r.Cmp(big.NewRat(1, 1)) <= 0
}

// writtenOwners returns the owners with their names in the written form, and refuses owners
// who are not named whole, are named twice, or have more than the whole.
func writtenOwners(owners []Owner, today domain.Date) ([]Owner, error) {
	owners = slices.Clone(owners)
	seen := make(map[Owner]bool, len(owners))
	total := new(big.Rat)
	for i := range owners {
		o := &owners[i]
		if err := o.check(today, domain.Path("owners", i)); err != nil {
			return nil, err
		}
		if seen[o.who()] {
			return nil, domain.Refuse(domain.Invalid, domain.CodeNamedTwice,
				"this owner is named twice; name each owner once, with the whole "+
					"share").At(domain.Path("owners", i, o.idMember()))
		}
		seen[o.who()] = true
		if o.Share == "" {
			continue
		}
		r, ok := o.Share.rat()
		if !ok {
			return nil, domain.Refuse(
				domain.Invalid,
				domain.CodeShareFormat,
				`write a share as a fraction of the whole, for example "1/2", at most "1/1"`,
			).At(domain.Path("owners", i, "share"))
		}
		total.Add(total, r)
	}
	if total.Cmp(big.NewRat(1, 1)) > 0 {
		return nil, domain.Refuse(domain.Invalid, domain.CodeSharesExceedOne,
			"the shares of the owners add up to more than the whole dwelling").At("owners")
	}
	return owners, nil
}

// idMember is the member that says who an owner of the kind is.
func (o Owner) idMember() string {
	switch o.Kind {
	case Company, State:
		return "bin"
	case Estate:
		return "deceased_id"
	}
	return "person_id"
}

// check refuses an owner who is not named whole, or with members of another kind (R40), and
// brings the name into the written form. at is the path of the owner.
func (o *Owner) check(today domain.Date, at string) error {
	if o.Kind != "" && !slices.Contains(OwnerKinds, o.Kind) {
		return domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
			"an owner that is no person is one of %v", OwnerKinds).At(at + ".kind")
	}
	entity := o.Kind == Company || o.Kind == State
	for _, m := range []struct {
		name           string
		given, allowed bool
		required       bool
	}{
		{"person_id", !o.PersonID.IsZero(), o.Kind == "", true},
		{"bin", o.BIN != "", entity, true},
		{"name", o.Name != "", entity, true},
		{"deceased_id", !o.DeceasedID.IsZero(), o.Kind == Estate, true},
		{"agent_id", !o.AgentID.IsZero(), o.Kind != "", false},
		{"authority", !o.Authority.IsZero(), !o.AgentID.IsZero(), false},
	} {
		switch {
		case m.given && !m.allowed:
			return domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
				"an owner of this kind has no such member, or not without agent_id: leave it out").At(at + "." + m.name)
		case !m.given && m.allowed && m.required:
			return domain.Refuse(domain.Invalid, domain.CodeRequired,
				"say who the owner is: a person by person_id, a company and the state by bin and name, an estate by "+
					"deceased_id").At(at + "." + m.name)
		}
	}
	if entity {
		if err := o.checkEntity(at); err != nil {
			return err
		}
	}
	if o.AgentID.IsZero() {
		return nil
	}
	return o.Authority.Check(today, at+".authority")
}

func (o *Owner) checkEntity(at string) error {
	var refused *domain.Error
	if _, err := domain.ParseBIN(string(o.BIN)); errors.As(err, &refused) {
		return refused.At(at + ".bin")
	}
	name, err := domain.Line(o.Name, at+".name")
	o.Name = name
	return err
}

// Agents are the persons who speak for an owner that is no person, or did so, and of whom
// the change of owners takes or makes that, or whose owner has another share from now on.
func Agents(former, owners []Owner) []domain.PersonID {
	var agents []domain.PersonID
	add := func(from, to []Owner) {
		for _, f := range from {
			i := slices.IndexFunc(to, func(o Owner) bool { return o.who() == f.who() })
			changed := i < 0 || to[i].AgentID != f.AgentID || to[i].Share != f.Share
			if changed && !f.AgentID.IsZero() && !slices.Contains(agents, f.AgentID) {
				agents = append(agents, f.AgentID)
			}
		}
	}
	add(former, owners)
	add(owners, former)
	return agents
}
