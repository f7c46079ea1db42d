package residence

import (
	"slices"
	"time"

	"tizilim/domain"
)

// LeaseBegan lets a service dwelling to somebody (Q20; housing law, arts. 77,
// 109).
type LeaseBegan struct {
	DwellingID domain.DwellingID `json:"dwelling_id"`
	PersonID   domain.PersonID   `json:"person_id"`
	Family     []domain.PersonID `json:"family,omitempty"` // whom the lease names beside the tenant
	CaseID     domain.CaseID     `json:"case_id"`          // of the decision to provide it
	BodyID     domain.BodyID     `json:"body_id,omitzero"` // that lets it, and keeps it from now on
	On         domain.Date       `json:"on"`
	BeganAt    time.Time         `json:"began_at"`
}

// LeaseVoided is the compensating event of a lease: the list did not end the
// entry.
type LeaseVoided struct {
	DwellingID domain.DwellingID `json:"dwelling_id"`
	PersonID   domain.PersonID   `json:"person_id"`
	CaseID     domain.CaseID     `json:"case_id"`
	Code       domain.Code       `json:"code"`
	VoidedAt   time.Time         `json:"voided_at"`
}

// LeaseEndReason is why a lease ends.
type LeaseEndReason string

const (
	DwellingReturned LeaseEndReason = "returned"
	EmploymentEnded  LeaseEndReason = "end_of_employment" // art. 111
	LeaseCourtAct    LeaseEndReason = "court_act"
)

// LeaseEndReasons lists them all.
var LeaseEndReasons = []LeaseEndReason{DwellingReturned, EmploymentEnded, LeaseCourtAct}

// LeaseEnded frees the dwelling.
type LeaseEnded struct {
	DwellingID domain.DwellingID `json:"dwelling_id"`
	PersonID   domain.PersonID   `json:"person_id"`
	CaseID     domain.CaseID     `json:"case_id"`
	Reason     LeaseEndReason    `json:"reason"`
	On         domain.Date       `json:"on"`
	EndedAt    time.Time         `json:"ended_at"`
}

func (LeaseBegan) EventType() string  { return "LeaseBegan" }
func (LeaseVoided) EventType() string { return "LeaseVoided" }
func (LeaseEnded) EventType() string  { return "LeaseEnded" }

func (e LeaseBegan) EffectiveAt() time.Time  { return e.On.Start() }
func (e LeaseVoided) EffectiveAt() time.Time { return e.VoidedAt }
func (e LeaseEnded) EffectiveAt() time.Time  { return e.On.Start() }

func (e LeaseBegan) Concerns() domain.Concern {
	return atDwelling(e.DwellingID, append([]domain.PersonID{e.PersonID}, e.Family...)...)
}

func (e LeaseVoided) Concerns() domain.Concern { return atDwelling(e.DwellingID, e.PersonID) }
func (e LeaseEnded) Concerns() domain.Concern  { return atDwelling(e.DwellingID, e.PersonID) }

// Let is the command that lets a dwelling.
type Let struct {
	PersonID domain.PersonID
	Entry    domain.ListEntry // to which it is let
	Family   []domain.PersonID
	CaseID   domain.CaseID
	BodyID   domain.BodyID // that lets it
	Heirs    domain.Heirs
	On       domain.Date
	Decided  domain.Position // of the decision in the log
}

// Let decides [Let]: a dwelling has at most one lease (Q20), only the body in whose stock it is
// lets it, and what belongs to others than the state is let only after they gave it. What is
// offered to an entry is let to nobody else (Q37). A decision that was refused because of a lease or
// an offer stays refused when that has ended, and one that was refused because of the stock or the
// owners when the dwelling has come into the stock: the refusal voids the decision, and a later
// repetition of the step must not carry it out.
func (d *Dwelling) Let(cmd domain.Command, c Let) ([]domain.Event, error) {
	if err := d.canLet(c); err != nil {
		return nil, err
	}
	var events []domain.Event
	if d.Offered != nil {
		events = append(events, d.endOffer(cmd, OfferAccepted, ""))
	}
	return append(events, LeaseBegan{
		DwellingID: d.ID,
		PersonID:   c.PersonID,
		Family:     c.Family,
		CaseID:     c.CaseID,
		BodyID:     c.BodyID,
		On:         c.On,
		BeganAt:    cmd.Now,
	}), nil
}

func (d *Dwelling) canLet(c Let) error {
	if !d.Known() {
		return UnknownDwelling()
	}
	if err := d.CheckStands("dwelling_id"); err != nil {
		return err
	}
	switch {
	case !d.KeptBy(c.BodyID, c.Heirs):
		return keptByAnother()
	case !d.givenTo(c.BodyID, c.Decided, c.Heirs):
		return ownedByOthers()
	case d.Keeper.IsZero(), c.Decided < d.kept:
		return notInStock()
	case d.Offered != nil && !d.offeredTo(c.Entry):
		return offered()
	case d.Lease != nil || d.freed > c.Decided:
		return domain.Refuse(domain.Conflict, domain.CodeDwellingLeased,
			"the dwelling is let or offered, or was when this was decided; a dwelling has one lease "+
				"at a time").At("dwelling_id")
	}
	return nil
}

// VoidLease voids the lease of a decision that the list refused.
func (d *Dwelling) VoidLease(cmd domain.Command, id domain.CaseID, code domain.Code) ([]domain.Event, error) {
	if d.Lease == nil || d.Lease.CaseID != id {
		return nil, notLeased()
	}
	return []domain.Event{
		LeaseVoided{DwellingID: d.ID, PersonID: d.Lease.PersonID, CaseID: id, Code: code, VoidedAt: cmd.Now},
	}, nil
}

// EndLease is the command that ends the lease of a dwelling.
type EndLease struct {
	Reason LeaseEndReason
	On     domain.Date
}

// EndLease decides [EndLease].
func (d *Dwelling) EndLease(cmd domain.Command, c EndLease) ([]domain.Event, error) {
	if !d.Known() {
		return nil, UnknownDwelling()
	}
	if d.Lease == nil {
		return nil, notLeased()
	}
	if !slices.Contains(LeaseEndReasons, c.Reason) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
			"a lease ends for one of the reasons %v", LeaseEndReasons).At("reason")
	}
	if cmd.Today().Before(c.On) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeDateInFuture,
			"the end of a lease cannot be in the future: give today or an earlier day").At("on")
	}
	if c.On.Before(d.Lease.On) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeEndsBeforeBegin,
			"the lease began on %s; it cannot end before that day", d.Lease.On).At("on")
	}
	return []domain.Event{LeaseEnded{
		DwellingID: d.ID, PersonID: d.Lease.PersonID, CaseID: d.Lease.CaseID, Reason: c.Reason, On: c.On, EndedAt: cmd.Now,
	}}, nil
}

func notLeased() *domain.Error {
	return domain.Refuse(domain.Conflict, domain.CodeDwellingNotLeased,
		"this dwelling is not let, or not by this decision")
}
