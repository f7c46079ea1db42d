package residence

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"tizilim/domain"
)

// GoneHow is how a dwelling ceases to be.
type GoneHow string

const (
	Demolished GoneHow = "demolished" // R36
	Split      GoneHow = "split"      // R37: two or more dwellings are made of it
	Merged     GoneHow = "merged"     // R38: one is made of it and others
)

// GoneHows lists them all.
var GoneHows = []GoneHow{Demolished, Split, Merged}

// ResidentInto says in which of the new dwellings the registrations of a person go on.
type ResidentInto struct {
	PersonID   domain.PersonID   `json:"person_id"`
	DwellingID domain.DwellingID `json:"dwelling_id"`
}

// DwellingGone says that the dwelling is no more from the day On. From this event on it takes no
// registration, no lease and no act on its owners.
type DwellingGone struct {
	DwellingID domain.DwellingID   `json:"dwelling_id"`
	How        GoneHow             `json:"how"`
	Into       []domain.DwellingID `json:"into,omitempty"`      // what is made of it
	Residents  []ResidentInto      `json:"residents,omitempty"` // where those go on who are registered there
	On         domain.Date         `json:"effective_on"`
	Basis      domain.Basis        `json:"basis"`
	Told       []domain.PersonID   `json:"told,omitempty"` // who owns it, or speaks for an owner
	GoneAt     time.Time           `json:"gone_at"`
}

// DwellingGoneVoided is the compensating event: somebody was registered at the dwelling between
// the decision and its event, and is assigned nowhere. The dwelling stands.
type DwellingGoneVoided struct {
	DwellingID domain.DwellingID `json:"dwelling_id"`
	Residents  []domain.PersonID `json:"residents"` // who are assigned nowhere
	VoidedAt   time.Time         `json:"voided_at"`
}

// DwellingGoneFollowed says that nobody is registered at the dwelling any more: the registrations
// of all who were go on where they are assigned. Its codes are free for other dwellings.
type DwellingGoneFollowed struct {
	DwellingID domain.DwellingID `json:"dwelling_id"`
	FollowedAt time.Time         `json:"followed_at"`
}

func (DwellingGone) EventType() string         { return "DwellingGone" }
func (DwellingGoneVoided) EventType() string   { return "DwellingGoneVoided" }
func (DwellingGoneFollowed) EventType() string { return "DwellingGoneFollowed" }

func (e DwellingGone) EffectiveAt() time.Time         { return e.On.Start() }
func (e DwellingGoneVoided) EffectiveAt() time.Time   { return e.VoidedAt }
func (e DwellingGoneFollowed) EffectiveAt() time.Time { return e.FollowedAt }

func (e DwellingGone) Concerns() domain.Concern {
	c := atDwelling(e.DwellingID, e.Told...)
	for _, r := range e.Residents {
		if !slices.Contains(c.Persons, r.PersonID) {
			c.Persons = append(slices.Clip(c.Persons), r.PersonID)
		}
		if !slices.Contains(e.Into, r.DwellingID) { // the decider assigns nobody so
			c.Dwellings = append(c.Dwellings, r.DwellingID)
		}
	}
	c.Dwellings = append(c.Dwellings, e.Into...)
	return c
}

func (e DwellingGoneVoided) Concerns() domain.Concern {
	return atDwelling(e.DwellingID, e.Residents...)
}
func (e DwellingGoneFollowed) Concerns() domain.Concern { return atDwelling(e.DwellingID) }

func (e DwellingGone) LogValue() slog.Value { return domain.Masked(e) }

// Gone is what became of a dwelling; the zero Gone of one that stands.
type Gone struct {
	DwellingGone
	Event    domain.Recorded // by which it is gone
	Followed domain.Position // where the log says that nobody is registered there; zero until then
}

// Gone reports whether the dwelling is no more, and what became of it.
func (d *Dwelling) Gone() (Gone, bool) { return d.gone, d.gone.How != "" }

// CheckStands refuses an act on a dwelling that is no more.
func (d *Dwelling) CheckStands(field string) error {
	g, gone := d.Gone()
	if !gone {
		return nil
	}
	became := ""
	if len(g.Into) > 0 {
		var ids []string
		for _, id := range g.Into {
			ids = append(ids, id.String())
		}
		became = ": act on what was made of it, " + strings.Join(ids, ", ")
	}
	return domain.Refuse(domain.Conflict, domain.CodeDwellingGone,
		"the dwelling was %s on %s%s", g.How, g.On, became).At(field)
}

// wentAway folds the events of this file.
func (d *Dwelling) wentAway(rec domain.Recorded) {
	switch e := rec.Event.(type) {
	case DwellingGone:
		d.gone = Gone{DwellingGone: e, Event: rec}
	case DwellingGoneVoided:
		d.gone = Gone{}
	case DwellingGoneFollowed:
		d.gone.Followed = rec.Position
		for _, h := range d.held {
			d.voided = append(slices.Clip(d.voided), h.claim)
		}
		d.held = nil
	}
}

// EndDwelling is the command by which a dwelling is demolished, split, or merged with others.
type EndDwelling struct {
	How       GoneHow
	Into      []domain.DwellingID
	Residents []ResidentInto
	On        domain.Date // zero for today
	Basis     domain.Basis

	Heirs      domain.Heirs
	Parts      []*Dwelling       // those of Into, in their order
	Registered []domain.PersonID // at the dwelling now
}

// End decides [EndDwelling]. A dwelling with a lease or a proposed change of owners is not ended,
// nor one that is offered, nor one that is demolished while somebody is registered there: the refusal names all that must
// end first. The new dwellings are recorded as made from this one, with owners where it has some.
func (d *Dwelling) End(cmd domain.Command, c EndDwelling) ([]domain.Event, error) {
	if !d.Known() {
		return nil, UnknownDwelling()
	}
	if err := d.CheckStands(""); err != nil {
		return nil, err
	}
	if err := c.checkParts(d); err != nil {
		return nil, err
	}
	on, err := d.addresses.recordedFrom(cmd, c.On)
	if err != nil {
		return nil, err
	}
	if err := c.Basis.Demand(true, cmd.Role, cmd.Today(), "basis"); err != nil {
		return nil, err
	}
	residents, err := c.assigned(d, cmd)
	if err != nil {
		return nil, err
	}
	return []domain.Event{DwellingGone{
		DwellingID: d.ID, How: c.How, Into: c.Into, Residents: residents, On: on, Basis: c.Basis, Told: d.Speakers(), GoneAt: cmd.Now,
	}}, nil
}

// checkParts refuses new dwellings that do not fit how the dwelling ends.
func (c EndDwelling) checkParts(d *Dwelling) error {
	refuse := func(code domain.Code, at, message string, args ...any) error {
		return domain.Refuse(domain.Invalid, code, message, args...).At(at)
	}
	switch n := len(c.Into); {
	case !slices.Contains(GoneHows, c.How):
		return refuse(domain.CodeValueUnknown, "how", "a dwelling is one of %v", GoneHows)
	case c.How == Demolished && n+len(c.Residents) > 0:
		return refuse(domain.CodeMemberNotAllowed, "into", "nothing is made of a dwelling that is demolished: leave into and residents out")
	case c.How == Split && n < 2, c.How == Merged && n != 1:
		return refuse(domain.CodeRequired, "into",
			"record the new dwellings first, with made_from; a dwelling is split into two or more, and merged into one")
	}
	for i, part := range c.Parts {
		at := domain.Path("into", i)
		switch {
		case slices.Contains(c.Into[:i], c.Into[i]):
			return refuse(domain.CodeNamedTwice, at, "this dwelling is named twice")
		case !part.Known():
			return refuse(domain.CodeDwellingUnknown, at, "no dwelling with this id is recorded: record it first, with made_from")
		case !slices.Contains(part.MadeFrom, d.ID):
			return refuse(domain.CodeNotMadeFrom, at, "this dwelling is not recorded as made from the one that ends")
		case len(d.Owners) > 0 && len(part.Owners) == 0:
			return refuse(domain.CodePartWithoutOwners, at, "the dwelling that ends has owners: record those of the new one first, by their document")
		case !d.Keeper.IsZero() && !part.KeptBy(c.Heirs.Of(d.Keeper), c.Heirs):
			return refuse(domain.CodePartInOtherStock, at, "another body has the new dwelling in its stock than the one that ends: withdraw one of them first")
		}
		if err := part.CheckStands(at); err != nil {
			return err
		}
	}
	return nil
}

// assigned returns in which new dwelling each person goes on, or refuses and names all that must
// end, or be assigned, first.
func (c EndDwelling) assigned(d *Dwelling, cmd domain.Command) ([]ResidentInto, error) {
	var first []*domain.Error
	must := func(code domain.Code, at, message string, args ...any) {
		first = append(first, domain.Refuse(domain.Conflict, code, message, args...).At(at))
	}
	if d.Lease != nil {
		must(domain.CodeDwellingLeased, "", "the dwelling is let to the person %s: end the lease first", d.Lease.PersonID)
	}
	if d.Offered != nil {
		must(domain.CodeDwellingOffered, "", "the dwelling is offered to the person %s: take the offer back first", d.Offered.PersonID)
	}
	if d.pendingAt(cmd.Now) {
		must(domain.CodeProposalPending, "", "a change of owners waits for a second official: confirm or decline it first")
	}
	residents := slices.Clone(c.Residents)
	of := func(p domain.PersonID) int {
		return slices.IndexFunc(residents, func(r ResidentInto) bool { return r.PersonID == p })
	}
	for i, r := range residents {
		switch {
		case of(r.PersonID) < i:
			must(domain.CodeNamedTwice, domain.Path("residents", i), "this person is named twice")
		case !slices.Contains(c.Into, r.DwellingID):
			must(domain.CodeResidentNotAssigned, domain.Path("residents", i), "name one of the dwellings of into")
		case !slices.Contains(c.Registered, r.PersonID):
			must(domain.CodeNotRegisteredHere, domain.Path("residents", i), "this person is not registered at the dwelling")
		}
	}
	for _, p := range c.Registered {
		switch {
		case c.How == Demolished:
			must(domain.CodeDwellingInhabited, "", "the person %s is registered here: the registration must end first", p)
		case of(p) >= 0:
		case c.How == Merged:
			residents = append(residents, ResidentInto{p, c.Into[0]})
		default:
			must(domain.CodeResidentNotAssigned, "residents", "say in which dwelling the registration of the person %s goes on", p)
		}
	}
	if len(first) == 0 {
		return residents, nil
	}
	refusal := first[0]
	if len(first) > 1 {
		refusal = domain.Refuse(domain.Conflict, first[0].Code, "%d things must be settled first: %s",
			len(first), first[0].Message).At(first[0].Field)
		refusal.Also = first
	}
	return nil, refusal
}

// Unassigned are those of the persons who are registered at the gone dwelling and go on nowhere.
func (g Gone) Unassigned(registered []domain.PersonID) []domain.PersonID {
	return slices.DeleteFunc(slices.Clone(registered), func(p domain.PersonID) bool {
		return slices.ContainsFunc(g.Residents, func(r ResidentInto) bool { return r.PersonID == p })
	})
}

// Begun reports whether a registration goes on elsewhere already.
func (g Gone) Begun(registered []domain.PersonID) bool {
	return slices.ContainsFunc(g.Residents, func(r ResidentInto) bool { return !slices.Contains(registered, r.PersonID) })
}

// VoidGone decides that the dwelling stands after all, since those persons are registered there.
func (d *Dwelling) VoidGone(cmd domain.Command, residents []domain.PersonID) ([]domain.Event, error) {
	if g, gone := d.Gone(); !gone || g.Followed > 0 {
		return nil, goneNotDue()
	}
	return []domain.Event{DwellingGoneVoided{DwellingID: d.ID, Residents: residents, VoidedAt: cmd.Now}}, nil
}

// FollowGone decides that nobody is registered at the dwelling any more, and that it is in no stock.
func (d *Dwelling) FollowGone(cmd domain.Command) ([]domain.Event, error) {
	if g, gone := d.Gone(); !gone || g.Followed > 0 {
		return nil, goneNotDue()
	}
	left := d.withdraw(cmd, StoodNoMore, domain.Basis{})
	return append(left, DwellingGoneFollowed{DwellingID: d.ID, FollowedAt: cmd.Now}), nil
}

func goneNotDue() *domain.Error {
	return domain.Refuse(domain.Conflict, domain.CodeNotDue, "no end of this dwelling waits to be followed up")
}

// CarryOver is the command by which the registrations of a person at a gone dwelling go on in
// one that was made of it.
type CarryOver struct {
	From, To domain.DwellingID
	On       domain.Date
}

// CarryOver decides [CarryOver]: each registration at the gone dwelling ends, and one of the same
// kind and term begins on the same day. It is no move, so it needs no consent and no application.
func (p *Person) CarryOver(cmd domain.Command, c CarryOver) ([]domain.Event, error) {
	var events []domain.Event
	for _, r := range p.Registrations {
		if !r.openOn(cmd.Today()) || r.DwellingID != c.From {
			continue
		}
		on := c.On
		if on.Before(r.From) {
			on = r.From
		}
		events = append(events, r.end(p.ID, DwellingReplaced, on, domain.CaseID{}), RegistrationBegan{
			PersonID: p.ID, RegistrationID: domain.RegistrationID{UUID: domain.DeriveID(cmd.ID.UUID, fmt.Sprint("instead of ", r.ID))},
			DwellingID: c.To, Kind: r.Kind, From: on, Until: r.Until,
		})
	}
	if len(events) == 0 {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNotDue, "the person is not registered at this dwelling")
	}
	return events, nil
}
