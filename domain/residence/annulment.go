package residence

import (
	"errors"
	"log/slog"
	"time"

	"tizilim/domain"
	"tizilim/domain/procedure"
	"tizilim/domain/rules"
)

// The silence of co-owners, the lapse of a proposed change of owners and the end of a stay
// rest on a clock. They are annulled by their reference ([domain.Annul]).

// SilenceAnnulled annuls a [ConfirmationsLapsed], and the decision that followed from it in the
// same append: the case waits for the co-owners as before, until ConfirmBy.
type SilenceAnnulled struct {
	CaseID    domain.CaseID     `json:"case_id"`
	Silent    []domain.PersonID `json:"silent"`     // who can answer again
	ConfirmBy time.Time         `json:"confirm_by"` // from here on it waits for co-owners no more
	domain.Annulment
}

// LapseAnnulled annuls an [OwnersChangeLapsed]: the proposal waits for a second official as
// before, until ConfirmBy.
type LapseAnnulled struct {
	DwellingID domain.DwellingID `json:"dwelling_id"`
	ProposalID ProposalID        `json:"proposal_id"`
	Owners     []Owner           `json:"owners"`     // that are proposed
	Former     []Owner           `json:"former"`     // the owners until the change
	ConfirmBy  time.Time         `json:"confirm_by"` // from here on it has lapsed
	domain.Annulment
}

func (SilenceAnnulled) EventType() string { return "CoOwnersSilenceAnnulled" }
func (LapseAnnulled) EventType() string   { return "OwnersChangeLapseAnnulled" }

func (e SilenceAnnulled) EffectiveAt() time.Time { return e.AnnulledAt }
func (e LapseAnnulled) EffectiveAt() time.Time   { return e.AnnulledAt }

func (e SilenceAnnulled) Concerns() domain.Concern { return domain.ConcernsCase(e.CaseID) }
func (e LapseAnnulled) Concerns() domain.Concern {
	return withOwners(e.DwellingID, e.Owners, e.Former)
}

func (e SilenceAnnulled) LogValue() slog.Value { return domain.Masked(e) }
func (e LapseAnnulled) LogValue() slog.Value   { return domain.Masked(e) }

// MovesTo says that the case waits for the co-owners again.
func (SilenceAnnulled) MovesTo() procedure.State { return procedure.AwaitingCoOwners }

// ClockActs are the acts of a case that rest on a clock and stand.
type ClockActs struct {
	Silence    domain.ClockAct // of the co-owners
	silent     []domain.PersonID
	Annulled   int  // how many silences were annulled
	complained bool // about the refusal, and not dismissed
}

// takeClockActs folds them.
func (d *Deregistration) takeClockActs(rec domain.Recorded) {
	switch e := rec.Event.(type) {
	case ConfirmationsLapsed:
		d.Silence, d.silent = domain.ClockActOf(rec), e.Silent
	case procedure.ComplaintFiled:
		d.complained = true
	case procedure.ComplaintDecided:
		d.complained = e.Outcome.Favourable()
	case procedure.ComplaintWithdrawn:
		d.complained = false
	case procedure.CourtActRecorded:
		d.complained = true
	case SilenceAnnulled:
		d.ClockActs = ClockActs{Annulled: d.Annulled + 1}
		d.Decided, d.Results, d.Applied.ConfirmBy = false, nil, e.ConfirmBy
	}
}

// Annul decides [domain.Annul] of the silence of co-owners: only by the provider, who decides
// such cases, and only while nobody complains of the refusal.
func (d *Deregistration) Annul(cmd domain.Command, a domain.Annul, act domain.Event) ([]domain.Event, error) {
	if !d.Known() {
		return nil, domain.Refuse(domain.NotFound, domain.CodeCaseUnknown, "no application with this id")
	}
	if _, ok := act.(ConfirmationsLapsed); !ok || a.Event.Stream != d.Applied.CaseID.Stream() {
		return nil, domain.NotByClock()
	}
	if err := a.Check(cmd, domain.RoleProvider); err != nil {
		return nil, err
	}
	switch {
	case !d.Silence.Is(a.Event):
		return nil, domain.Overtaken("the silence was annulled already: there is nothing to put right")
	case d.complained:
		return nil, domain.Overtaken("the applicant has complained of the refusal: decide the complaint")
	}
	until, err := a.LastDay(cmd.Today(), domain.LastDayBefore(d.Applied.ConfirmBy))
	if err != nil {
		return nil, err
	}
	annulled := SilenceAnnulled{
		CaseID: d.Applied.CaseID, Silent: d.silent, ConfirmBy: until.Over(), Annulment: a.Of(d.Silence, cmd),
	}
	annulled.Until, annulled.Due = until, annulled.ConfirmBy
	return []domain.Event{annulled}, nil
}

// lapse is the last proposal that has lapsed, while nothing has come after it.
type lapse struct {
	domain.ClockAct
	proposal OwnersChangeProposed
}

// takeLapse folds it. It sees the state before the event.
func (d *Dwelling) takeLapse(rec domain.Recorded) {
	switch e := rec.Event.(type) {
	case OwnersChangeLapsed:
		d.lapse = lapse{domain.ClockActOf(rec), d.Pending}
	case OwnersChanged, OwnersCorrected, OwnersChangeProposed: // it was overtaken
		d.lapse = lapse{}
	case LapseAnnulled:
		d.Pending = d.lapse.proposal
		d.Pending.ConfirmBy = e.ConfirmBy
		d.lapse = lapse{}
		d.LapsesAnnulled++
	}
}

// Annul decides [domain.Annul] of the lapse of a proposed change of owners: by a desk, which
// proposes and confirms such changes. The change still needs its second official.
func (d *Dwelling) Annul(cmd domain.Command, a domain.Annul, act domain.Event) ([]domain.Event, error) {
	if !d.Known() {
		return nil, UnknownDwelling()
	}
	if _, ok := act.(OwnersChangeLapsed); !ok || a.Event.Stream != d.ID.Stream() {
		return nil, domain.NotByClock()
	}
	if err := a.Check(cmd, domain.RoleOperator); err != nil {
		return nil, err
	}
	p := d.lapse.proposal
	if !d.lapse.Is(a.Event) {
		return nil, domain.Overtaken("other owners were recorded or proposed since, or the lapse was annulled: where the " +
			"change is still right, propose it again")
	}
	until, err := a.LastDay(cmd.Today(), domain.LastDayBefore(p.ConfirmBy))
	if err != nil {
		return nil, err
	}
	annulled := LapseAnnulled{
		DwellingID: d.ID, ProposalID: p.ProposalID, Owners: p.Owners, Former: p.Former, ConfirmBy: until.Over(),
		Annulment: a.Of(d.lapse.ClockAct, cmd),
	}
	annulled.Until, annulled.Due = until, annulled.ConfirmBy
	return []domain.Event{annulled}, nil
}

// AnnulEnd is the command that annuls the end of a stay by its term.
type AnnulEnd struct {
	domain.Annul
	Rules     rules.Book
	Household Household
}

func (a AnnulEnd) LogValue() slog.Value { return domain.Masked(a) }

// AnnulEnd decides [AnnulEnd]: by the provider, who corrects the record, and only where
// nothing else follows from it. The stay ends again with its term.
func (p *Person) AnnulEnd(cmd domain.Command, a AnnulEnd, act domain.Event) ([]domain.Event, error) {
	e, ok := act.(RegistrationEnded)
	if !ok || e.Reason != TermExpired || a.Event.Stream != p.ID.Stream() {
		return nil, domain.NotByClock()
	}
	if err := a.Check(cmd, domain.RoleProvider); err != nil {
		return nil, err
	}
	if err := a.NoLastDay(); err != nil {
		return nil, err
	}
	if !cmd.Today().Before(e.On) {
		return nil, domain.Overtaken("the term was over on %s, which has come: the end is right now", e.On)
	}
	plan, err := p.PlanCorrection(cmd, Correct{
		Ground: ClockError, Reasons: a.Reasons, Basis: a.Basis, Rules: a.Rules, Household: a.Household,
		Changes: []Change{{Fact: FactName{Event: a.Event}, Action: Annul}},
	})
	var refusal *domain.Error
	switch {
	case errors.As(err, &refusal):
		return nil, domain.Overtaken("it cannot be annulled alone (%s): correct the record of the person, with a dry run "+
			"first", refusal.Code)
	case err != nil:
		return nil, err
	case len(plan.Consequences) > 0:
		return nil, domain.Overtaken("something was recorded since that its annulment would change (%s): correct the record "+
			"of the person, with a dry run first", plan.Consequences[0].Code)
	}
	return plan.Events, nil
}
