package residence

import (
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// ProposalID names a change of owners that waits for a second official.
type ProposalID struct{ uuid.UUID }

// IsZero reports whether the id was left out.
func (id ProposalID) IsZero() bool { return id.UUID == uuid.Nil }

// OwnersChangeProposed says that an official proposes other owners from the day On.
// Nothing changes until a second official confirms it.
type OwnersChangeProposed struct {
	DwellingID domain.DwellingID `json:"dwelling_id"`
	ProposalID ProposalID        `json:"proposal_id"`
	Owners     []Owner           `json:"owners"`
	On         domain.Date       `json:"effective_on"`
	Former     []Owner           `json:"former"` // the owners until that day
	Basis      domain.Basis      `json:"basis,omitzero"`
	ProposerID domain.PersonID   `json:"proposer_id,omitzero"` // the official, where the account names a person
	Edition    rules.EditionID   `json:"edition"`
	ProposedAt time.Time         `json:"proposed_at"`
	ConfirmBy  time.Time         `json:"confirm_by"` // from here on it has lapsed
}

// OwnersChangeDeclined ends a proposal: the owners stay.
type OwnersChangeDeclined struct {
	DwellingID domain.DwellingID `json:"dwelling_id"`
	ProposalID ProposalID        `json:"proposal_id"`
	Owners     []Owner           `json:"owners"` // who stay
	Reasons    domain.Personal   `json:"reasons"`
	DeclinedAt time.Time         `json:"declined_at"`
}

// OwnersChangeLapsed ends a proposal that nobody confirmed in time: the owners stay.
type OwnersChangeLapsed struct {
	DwellingID domain.DwellingID `json:"dwelling_id"`
	ProposalID ProposalID        `json:"proposal_id"`
	Owners     []Owner           `json:"owners"` // who stay
	LapsedAt   time.Time         `json:"lapsed_at"`
}

func (OwnersChangeProposed) EventType() string { return "OwnersChangeProposed" }
func (OwnersChangeDeclined) EventType() string { return "OwnersChangeDeclined" }
func (OwnersChangeLapsed) EventType() string   { return "OwnersChangeLapsed" }

func (e OwnersChangeProposed) EffectiveAt() time.Time { return e.ProposedAt }
func (e OwnersChangeDeclined) EffectiveAt() time.Time { return e.DeclinedAt }
func (e OwnersChangeLapsed) EffectiveAt() time.Time   { return e.LapsedAt }

func (e OwnersChangeProposed) Concerns() domain.Concern {
	return withOwners(e.DwellingID, e.Owners, e.Former)
}

func (e OwnersChangeDeclined) Concerns() domain.Concern { return withOwners(e.DwellingID, e.Owners) }
func (e OwnersChangeLapsed) Concerns() domain.Concern   { return withOwners(e.DwellingID, e.Owners) }

func (e OwnersChanged) LogValue() slog.Value        { return domain.Masked(e) }
func (e OwnersChangeProposed) LogValue() slog.Value { return domain.Masked(e) }
func (e OwnersChangeDeclined) LogValue() slog.Value { return domain.Masked(e) }
func (e OwnersChangeLapsed) LogValue() slog.Value   { return domain.Masked(e) }

// withOwners is the concern of an event about a dwelling and those who own it, owned it
// or are to own it; each once.
func withOwners(id domain.DwellingID, lists ...[]Owner) domain.Concern {
	c := atDwelling(id)
	for _, o := range slices.Concat(lists...) {
		for _, p := range o.concerns() {
			if !slices.Contains(c.Persons, p) {
				c.Persons = append(c.Persons, p)
			}
		}
	}
	return c
}

// Losers are those of the former owners who have another share from now on, or none.
// Where a share is not recorded nobody can say that it stays; a change of who owns the
// rest is told to them too.
func Losers(former, owners []Owner) []domain.PersonID {
	var lose []domain.PersonID
	for _, f := range former {
		if f.Kind != "" { // see [Agents]
			continue
		}
		i := slices.IndexFunc(owners, func(o Owner) bool { return o.who() == f.who() })
		if i < 0 || owners[i].Share != f.Share || f.Share == "" {
			lose = append(lose, f.PersonID)
		}
	}
	return lose
}

// ChangeOwners is the command that replaces the owners from a day on.
type ChangeOwners struct {
	Owners     []Owner
	On         domain.Date
	Basis      domain.Basis    // of the change
	ProposalID ProposalID      // of the proposal, where it becomes one
	Official   domain.PersonID // who gives the command; zero where the account names no person
	Rules      rules.Book
}

// ChangeOwners decides [ChangeOwners]. Ownership changes are recorded in their order in
// time. Where the dwelling has owners, the edition says whether an official names the
// document, and whether a second official confirms the change ([Dwelling.AnswerProposal]).
func (d *Dwelling) ChangeOwners(cmd domain.Command, c ChangeOwners) ([]domain.Event, error) {
	if !d.Known() {
		return nil, UnknownDwelling()
	}
	if err := d.CheckStands(""); err != nil {
		return nil, err
	}
	owners, err := writtenOwners(c.Owners, cmd.Today())
	if err != nil {
		return nil, err
	}
	if c.On.IsZero() {
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired,
			"give the day on which the owners changed").At("effective_on")
	}
	if cmd.Today().Before(c.On) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeDateInFuture,
			"a change of owners cannot be in the future: give today or an earlier day").At("effective_on")
	}
	if c.On.Before(d.since) {
		return nil, domain.Refuse(
			domain.Conflict,
			domain.CodeEffectiveTooEarly,
			"the present owners are recorded from %s on; the change cannot be before that day",
			d.since,
		).At("effective_on")
	}
	changed := OwnersChanged{DwellingID: d.ID, Owners: owners, On: c.On, Former: d.Owners, Basis: c.Basis}
	edition := c.Rules.On(cmd.Today())
	if len(d.Owners) == 0 {
		if !c.Basis.IsZero() {
			if err := c.Basis.Check(cmd.Today(), "basis"); err != nil {
				return nil, err
			}
		}
		return []domain.Event{changed}, nil
	}
	if err := edition.CheckBasis(rules.ChangeOwners, cmd.Role, c.Basis, cmd.Today(), "basis"); err != nil {
		return nil, err
	}
	if d.pendingAt(cmd.Now) {
		return nil, domain.Refuse(domain.Conflict, domain.CodeProposalPending,
			"another change of owners waits for a second official until the end of %s: confirm or decline that one first",
			domain.LastDayBefore(d.Pending.ConfirmBy))
	}
	if !edition.NeedsSecondOfficial(rules.ChangeOwners) {
		return []domain.Event{changed}, nil
	}
	var events []domain.Event
	if !d.Pending.ProposalID.IsZero() { // its time is over, and nobody has recorded that
		events = append(events, d.lapsed())
	}
	last, err := c.Rules.LastDay(cmd.Today(), edition.Evidence.SecondOfficialDays)
	if err != nil {
		return nil, err
	}
	return append(events, OwnersChangeProposed{
		DwellingID: d.ID, ProposalID: c.ProposalID, Owners: owners, On: c.On, Former: d.Owners, Basis: c.Basis,
		ProposerID: c.Official, Edition: edition.ID, ProposedAt: cmd.Now, ConfirmBy: last.Over(),
	}), nil
}

// pendingAt reports whether a proposal waits at the instant.
func (d *Dwelling) pendingAt(now time.Time) bool {
	return !d.Pending.ProposalID.IsZero() && now.Before(d.Pending.ConfirmBy)
}

func (d *Dwelling) lapsed() OwnersChangeLapsed {
	return OwnersChangeLapsed{
		DwellingID: d.ID, ProposalID: d.Pending.ProposalID, Owners: d.Owners, LapsedAt: d.Pending.ConfirmBy,
	}
}

// AnswerProposal is the command by which an official confirms or declines a proposal.
type AnswerProposal struct {
	ProposalID ProposalID
	Confirm    bool
	Reasons    domain.Personal // of a decline
	Official   domain.PersonID // who gives the command; zero where the account names no person
}

// AnswerProposal decides [AnswerProposal]. Nobody confirms what they have proposed, by
// whatever account, nor what makes or unmakes them an owner. Who has proposed may
// decline, which takes the proposal back.
func (d *Dwelling) AnswerProposal(cmd domain.Command, c AnswerProposal) ([]domain.Event, error) {
	switch {
	case !d.Known():
		return nil, UnknownDwelling()
	case !d.pendingAt(cmd.Now) || d.Pending.ProposalID != c.ProposalID:
		return nil, domain.Refuse(domain.Conflict, domain.CodeProposalNotPending,
			"no change of owners with this id waits: it was confirmed, declined, or has lapsed").At("proposal_id")
	case !c.Confirm && strings.TrimSpace(string(c.Reasons)) == "":
		return nil, domain.Refuse(domain.Invalid, domain.CodeReasonsRequired,
			"give the reasons for which the change is declined").At("reasons")
	case !c.Confirm:
		return []domain.Event{OwnersChangeDeclined{
			DwellingID: d.ID, ProposalID: c.ProposalID, Owners: d.Owners, Reasons: c.Reasons, DeclinedAt: cmd.Now,
		}}, nil
	case cmd.Actor == d.proposer || !c.Official.IsZero() && c.Official == d.Pending.ProposerID:
		return nil, domain.Refuse(domain.Forbidden, domain.CodeOwnProposal,
			"you have proposed this change: another official must confirm it")
	}
	p := d.Pending
	involved := func(o Owner) bool { return o.Speaker() == c.Official }
	if !c.Official.IsZero() && slices.ContainsFunc(slices.Concat(p.Owners, d.Owners), involved) {
		return nil, domain.Refuse(domain.Conflict, domain.CodeDeciderRecused,
			"you are or would be an owner of this dwelling, or speak for one: another official must confirm the change")
	}
	return []domain.Event{OwnersChanged{
		DwellingID: d.ID, Owners: p.Owners, On: p.On, Former: d.Owners, Basis: p.Basis, ProposalID: p.ProposalID,
	}}, nil
}

// LapseProposal records that nobody confirmed the proposal in time. The registry does so
// by itself.
func (d *Dwelling) LapseProposal(cmd domain.Command, id ProposalID) ([]domain.Event, error) {
	if id.IsZero() || d.Pending.ProposalID != id || d.pendingAt(cmd.Now) {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNotDue,
			"no proposal with this id has lapsed, or that is recorded already")
	}
	return []domain.Event{d.lapsed()}, nil
}
