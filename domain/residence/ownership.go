package residence

import (
	"log/slog"
	"slices"
	"strings"
	"time"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// Ownership is what a change of owners says, as it stands after corrections.
type Ownership struct {
	Owners []Owner     `json:"owners"`
	On     domain.Date `json:"effective_on"`
	Void   bool        `json:"annulled,omitempty"` // there was no such change
}

// OwnersCorrected says that a change of owners was recorded wrongly: whom it named, its day, or
// that there was one (R39). The corrected event stays in the log.
type OwnersCorrected struct {
	DwellingID  domain.DwellingID `json:"dwelling_id"`
	Corrects    domain.EventRef   `json:"corrects"` // the change, also where it was corrected before
	Ground      CorrectionGround  `json:"ground"`
	Reasons     domain.Personal   `json:"reasons"`
	Basis       domain.Basis      `json:"basis,omitzero"`
	Accepted    []domain.Code     `json:"accepted,omitempty"` // consequences
	Was         Ownership         `json:"was"`
	Now         Ownership         `json:"now"`
	Former      []Owner           `json:"former"`             // who were the present owners
	Owners      []Owner           `json:"owners"`             // who are the present owners
	Since       domain.Date       `json:"since,omitzero"`     // of the present owners; zero where there are none
	OwnersBy    domain.Date       `json:"owners_by,omitzero"` // until which owners are asked for, where there are none (R50)
	CorrectedAt time.Time         `json:"corrected_at"`
}

func (OwnersCorrected) EventType() string { return "OwnersCorrected" }

// EffectiveAt is the first day for which the owners are now different.
func (e OwnersCorrected) EffectiveAt() time.Time { return earlier(e.Was.On, e.Now.On).Start() }

func (e OwnersCorrected) Concerns() domain.Concern {
	return withOwners(e.DwellingID, e.Was.Owners, e.Now.Owners, e.Former, e.Owners)
}

func (e OwnersCorrected) LogValue() slog.Value { return domain.Masked(e) }

// Told are the persons who own, or speak for an owner, by what was recorded or by what is now.
func (e OwnersCorrected) Told() []domain.PersonID {
	var told []domain.PersonID
	for _, o := range slices.Concat(e.Was.Owners, e.Now.Owners, e.Former, e.Owners) {
		if p := o.Speaker(); !p.IsZero() && !slices.Contains(told, p) {
			told = append(told, p)
		}
	}
	return told
}

// title is an [Ownership] with the revision of its event.
type title struct {
	revision uint64
	Ownership
}

// OwnedSince is the first day of the present owners; zero where there are none.
func (d *Dwelling) OwnedSince() domain.Date { return d.since }

// OwnersOn returns who holds title on the day.
func (d *Dwelling) OwnersOn(day domain.Date) []Owner {
	var owners []Owner
	for _, t := range d.titlesInForce() {
		if !day.Before(t.On) {
			owners = t.Owners
		}
	}
	return owners
}

func (d *Dwelling) titlesInForce() []title {
	return slices.DeleteFunc(slices.Clone(d.titles), func(t title) bool { return t.Void })
}

// titled folds a change of owners and its corrections.
func (d *Dwelling) titled(rec domain.Recorded) {
	switch e := rec.Event.(type) {
	case OwnersChanged:
		d.titles = append(slices.Clip(d.titles), title{rec.Revision, Ownership{Owners: e.Owners, On: e.On}})
		d.Owners, d.since, d.given = e.Owners, e.On, 0
	case OwnersCorrected:
		d.titles = slices.Clone(d.titles)
		if i := d.titleAt(e.Corrects); i >= 0 {
			d.titles[i].Ownership = e.Now
		}
		if !slices.Equal(e.Owners, d.Owners) {
			d.given = 0
		}
		d.Owners, d.since = e.Owners, e.Since
	}
}

// titleAt returns the place of the change that ref names; -1 where it names none.
func (d *Dwelling) titleAt(ref domain.EventRef) int {
	return slices.IndexFunc(d.titles, func(t title) bool {
		return ref.Stream == d.ID.Stream() && ref.Revision == t.revision
	})
}

// CorrectOwners is the command that corrects a change of owners, the first one included.
type CorrectOwners struct {
	Corrects domain.EventRef
	Action   CorrectionAction // Annul or Amend
	Owners   []Owner          // only to amend: all owners from the day on; nil where they are right
	On       domain.Date      // only to amend; zero where the day is right
	Ground   CorrectionGround
	Reasons  domain.Personal
	Basis    domain.Basis
	Accept   []domain.Code   // consequences that the caller has seen and accepts
	Official domain.PersonID // who gives the command; zero where the account names no person

	Residents []domain.PersonID // registered at the dwelling
	Rules     rules.Book
}

// OwnershipConsequences are the codes of the consequences of a [CorrectOwners].
var OwnershipConsequences = []domain.Code{domain.CodeResidentsAdmitted, domain.CodeGivenByOwners}

// Amended are the owners and the day that the change would have by the command; no owners where
// the command annuls it, or names no change of this dwelling.
func (d *Dwelling) Amended(c CorrectOwners) (owners []Owner, on domain.Date) {
	i := d.titleAt(c.Corrects)
	if i < 0 || c.Action == Annul {
		return nil, domain.Date{}
	}
	if owners, on = d.titles[i].Owners, orElse(c.On, d.titles[i].On); c.Owners != nil {
		owners = c.Owners
	}
	return owners, on
}

// CorrectOwners decides [CorrectOwners]. An annulled change can be amended: then it is in force
// again.
func (d *Dwelling) CorrectOwners(cmd domain.Command, c CorrectOwners) ([]domain.Event, error) {
	if !d.Known() {
		return nil, UnknownDwelling()
	}
	i := d.titleAt(c.Corrects)
	if i < 0 {
		return nil, domain.Refuse(domain.Invalid, domain.CodeFactUnknown,
			"this is no change of owners of this dwelling: name one of its history, as stream@revision").At("event")
	}
	if err := c.check(cmd); err != nil {
		return nil, err
	}
	if d.pendingAt(cmd.Now) {
		return nil, domain.Refuse(domain.Conflict, domain.CodeProposalPending,
			"a change of owners waits for a second official: it is confirmed or declined first")
	}
	now, err := d.amended(cmd, i, c)
	if err != nil {
		return nil, err
	}
	e := OwnersCorrected{
		DwellingID: d.ID, Corrects: c.Corrects, Ground: c.Ground, Reasons: c.Reasons, Basis: c.Basis,
		Was: d.titles[i].Ownership, Now: now, Former: d.Owners, CorrectedAt: cmd.Now,
	}
	after := slices.Clone(d.titles)
	after[i].Ownership = now
	for _, t := range after {
		if !t.Void {
			e.Owners, e.Since = t.Owners, t.On
		}
	}
	if len(e.Owners) == 0 {
		e.OwnersBy = cmd.Today().AddMonths(c.Rules.On(cmd.Today()).AfterDeath().Months)
	}
	if !c.Official.IsZero() && slices.Contains(e.Told(), c.Official) {
		return nil, domain.Refuse(domain.Conflict, domain.CodeDeciderRecused,
			"you are, were or would be an owner of this dwelling, or speak for one: another official must correct it")
	}
	consequences := d.consequences(e, c.Residents)
	if err := unaccepted(consequences, c.Accept); err != nil {
		return nil, err
	}
	for _, q := range consequences {
		if !slices.Contains(e.Accepted, q.Code) {
			e.Accepted = append(e.Accepted, q.Code)
		}
	}
	return []domain.Event{e}, nil
}

// check refuses a command that is wrong by itself.
func (c CorrectOwners) check(cmd domain.Command) error {
	switch {
	case !slices.Contains(CorrectionGrounds, c.Ground) || c.Ground == ClockError: // a clock changes no owner
		return domain.Refuse(domain.Invalid, domain.CodeGroundUnknown,
			"owners are corrected on another ground: see the description of the member").At("ground")
	case strings.TrimSpace(string(c.Reasons)) == "":
		return domain.Refuse(domain.Invalid, domain.CodeReasonsRequired,
			"give the reasons: an auditor will read them").At("reasons")
	case c.Action != Annul && c.Action != Amend:
		return domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
			"a change of owners is annulled or corrected").At("action")
	case c.Action == Annul && c.Owners != nil:
		return domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
			"what is annulled names nobody: leave the owners out").At("owners")
	case c.Action == Annul && !c.On.IsZero():
		return domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
			"what is annulled has no day: leave it out").At("effective_on")
	}
	if c.Basis.IsZero() {
		return domain.Refuse(domain.Invalid, domain.CodeBasisRequired,
			"name the document that shows who owned the dwelling, and when").At("basis")
	}
	return c.Basis.Check(cmd.Today(), "basis")
}

// amended is what the change at the place i says from now on. The changes stay in their order in
// time.
func (d *Dwelling) amended(cmd domain.Command, i int, c CorrectOwners) (Ownership, error) {
	was, now := d.titles[i].Ownership, d.titles[i].Ownership
	if now.Void = c.Action == Annul; now.Void {
		if was.Void {
			return now, domain.Refuse(domain.Conflict, domain.CodeFactNotInForce, "this change is annulled already").At("event")
		}
		return now, nil
	}
	now.Owners, now.On = d.Amended(c)
	if c.Owners != nil {
		owners, err := writtenOwners(c.Owners, cmd.Today())
		if err != nil {
			return now, err
		}
		now.Owners = owners
	}
	if was.Void == now.Void && was.On == now.On && slices.Equal(was.Owners, now.Owners) {
		return now, domain.Refuse(domain.Conflict, domain.CodeNothingChanges,
			"the record says this already: give other owners or another day")
	}
	if cmd.Today().Before(now.On) {
		return now, domain.Refuse(domain.Invalid, domain.CodeDateInFuture,
			"a change of owners cannot be in the future: give today or an earlier day").At("effective_on")
	}
	for j, t := range d.titles {
		if !t.Void && (j < i && now.On.Before(t.On) || j > i && t.On.Before(now.On)) {
			return now, domain.Refuse(domain.Conflict, domain.CodeTitleOrder,
				"another change of owners is recorded from %s on, and the two would change places: correct that one first",
				t.On).At("effective_on")
		}
	}
	return now, nil
}

// consequences are what rests on owners whom the correction takes away.
func (d *Dwelling) consequences(e OwnersCorrected, residents []domain.PersonID) []Consequence {
	if len(Losers(e.Was.Owners, e.Now.Owners)) == 0 && len(Agents(e.Was.Owners, e.Now.Owners)) == 0 &&
		e.Was.On == e.Now.On && e.Was.Void == e.Now.Void {
		return nil // somebody was forgotten: nothing rests on them
	}
	var all []Consequence
	for _, p := range residents {
		all = append(all, Consequence{
			Code: domain.CodeResidentsAdmitted,
			Text: "the person " + p.String() + " is registered here, perhaps with the consent of who was no owner: the " +
				"registration stays until it is ended or corrected",
		})
	}
	if (d.Lease != nil || d.given > 0) && !slices.Equal(e.Former, e.Owners) {
		all = append(all, Consequence{
			Code: domain.CodeGivenByOwners,
			Text: "the owners until now gave the dwelling for service housing: a lease goes on, and for another one the owners " +
				"must give it again",
		})
	}
	return all
}

// unaccepted refuses where a consequence is not accepted, and names each.
func unaccepted(consequences []Consequence, accept []domain.Code) error {
	var all []*domain.Error
	for _, q := range consequences {
		all = append(all, domain.Refuse(domain.Conflict, q.Code, "%s", q.Text))
	}
	return domain.CheckAnswered(domain.CodeConsequences, all, accept,
		"the correction has consequences that you have not accepted: correct what they name in the same request, "+
			"or accept them by their codes")
}
