package residence

import (
	"log/slog"
	"time"

	"tizilim/domain"
)

// An IIN names the stream that begins with it: residence- and the id that follows from the
// IIN. That is the stream of the person who was recorded with it. An IIN that comes later, or
// that replaces another one, is given to a person in two streams (R28): the stream of the
// IIN takes a claim, which from then on says whom it means, and the person's own stream
// records the IIN. So one IIN never means two persons, and every IIN that a person had goes
// on to mean them.

// IINClaimed says in the stream of an IIN that the IIN is that of a person with another id.
// It has all that the person's own stream then records.
type IINClaimed struct {
	PersonID  domain.PersonID  `json:"person_id"`
	IIN       domain.IIN       `json:"iin"`
	ClaimID   domain.CommandID `json:"claim_id"` // of the command that gives the IIN, and of the claim
	Basis     domain.Basis     `json:"basis"`
	Accepted  []domain.Code    `json:"accepted,omitempty"` // contradictions that the official has seen (R25)
	ClaimedAt time.Time        `json:"claimed_at"`
}

// IINClaimVoided says in the stream of an IIN that the claim does not hold, because the
// person's own stream refused the IIN: another person may have it.
type IINClaimVoided struct {
	PersonID domain.PersonID  `json:"person_id"`
	ClaimID  domain.CommandID `json:"claim_id"`
	Code     domain.Code      `json:"code"` // of the refusal
	VoidedAt time.Time        `json:"voided_at"`
}

// IINRecorded says in the stream of the person that from now on they have this IIN, by what
// document, and which one they had before.
type IINRecorded struct {
	PersonID   domain.PersonID `json:"person_id"`
	IIN        domain.IIN      `json:"iin"`
	Was        domain.IIN      `json:"was,omitempty"`
	Claim      domain.EventRef `json:"claim,omitzero"` // none where the person has the stream of the IIN
	Basis      domain.Basis    `json:"basis"`
	Accepted   []domain.Code   `json:"accepted,omitempty"`
	RecordedAt time.Time       `json:"recorded_at"`
}

func (IINClaimed) EventType() string     { return "IINClaimed" }
func (IINClaimVoided) EventType() string { return "IINClaimVoided" }
func (IINRecorded) EventType() string    { return "IINRecorded" }

func (e IINClaimed) EffectiveAt() time.Time     { return e.ClaimedAt }
func (e IINClaimVoided) EffectiveAt() time.Time { return e.VoidedAt }
func (e IINRecorded) EffectiveAt() time.Time    { return e.RecordedAt }

func (e IINClaimed) Concerns() domain.Concern     { return domain.ConcernsPersons(e.PersonID) }
func (e IINClaimVoided) Concerns() domain.Concern { return domain.ConcernsPersons(e.PersonID) }
func (e IINRecorded) Concerns() domain.Concern    { return domain.ConcernsPersons(e.PersonID) }

func (e IINClaimed) LogValue() slog.Value  { return domain.Masked(e) }
func (e IINRecorded) LogValue() slog.Value { return domain.Masked(e) }

// IINClaim is the claim in the stream of an IIN: whom the IIN means. The zero IINClaim means
// nobody else than who may be recorded in that stream.
type IINClaim struct {
	PersonID domain.PersonID
	ID       domain.CommandID
	Event    domain.EventRef
}

// Claim is the claim that holds in the stream.
func (p *Person) Claim() IINClaim { return p.claim }

// identified folds the events of this file.
func (p *Person) identified(rec domain.Recorded) {
	switch e := rec.Event.(type) {
	case IINClaimed:
		p.claim = IINClaim{e.PersonID, e.ClaimID, domain.EventRef{Stream: rec.Stream, Revision: rec.Revision}}
	case IINClaimVoided:
		p.claim = IINClaim{}
	case IINRecorded:
		p.IIN = e.IIN
	}
}

// GiveIIN is the command that gives an IIN to a person who has none or another one.
type GiveIIN struct {
	PersonID domain.PersonID
	IIN      domain.IIN
	Basis    domain.Basis
	Accept   []domain.Code    // contradictions that the official has seen
	ID       domain.CommandID // of the command, and of the claim
}

// ClaimIIN decides, in the stream of an IIN, that it is that of the person. It refuses where
// the IIN is that of another person.
func (p *Person) ClaimIIN(cmd domain.Command, c GiveIIN, accepted []domain.Code) ([]domain.Event, error) {
	switch {
	case p.Known() || p.erasures.latest != nil:
		return nil, iinTaken("another person is recorded with this IIN")
	case p.claim.PersonID == c.PersonID: // another desk was faster
		return nil, domain.Refuse(domain.Conflict, domain.CodeNothingChanges, "this IIN means the person already").At("iin")
	case !p.claim.PersonID.IsZero():
		return nil, iinTaken("this IIN was given to another person")
	}
	return []domain.Event{IINClaimed{
		PersonID: c.PersonID, IIN: c.IIN, ClaimID: c.ID, Basis: c.Basis, Accepted: accepted, ClaimedAt: cmd.Now,
	}}, nil
}

func iinTaken(why string) error {
	return domain.Refuse(domain.Conflict, domain.CodeIINTaken,
		"%s: compare the documents, and if both records are of one human, go on with that one", why).At("iin")
}

// RecordIIN decides [GiveIIN] in the stream of the person. claim is the event by which the
// stream of the IIN means the person.
func (p *Person) RecordIIN(cmd domain.Command, c GiveIIN, claim domain.EventRef) ([]domain.Event, error) {
	switch {
	case !p.Known():
		return nil, unknownPerson()
	case p.IIN == c.IIN:
		return nil, domain.Refuse(domain.Conflict, domain.CodeNothingChanges, "the person has this IIN already").At("iin")
	}
	if err := c.Basis.Demand(true, cmd.Role, cmd.Today(), "basis"); err != nil {
		return nil, err
	}
	accepted, err := answered(contradictions(c.IIN, p.Data()), c.Accept)
	if err != nil {
		return nil, err
	}
	return []domain.Event{IINRecorded{
		PersonID: p.ID, IIN: c.IIN, Was: p.IIN, Claim: claim, Basis: c.Basis, Accepted: accepted, RecordedAt: cmd.Now,
	}}, nil
}

// VoidIINClaim decides, in the stream of an IIN, that the claim does not hold, because the
// person's stream refused it with the code.
func (p *Person) VoidIINClaim(cmd domain.Command, id domain.CommandID, code domain.Code) ([]domain.Event, error) {
	if p.claim.ID != id {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNotDue, "this claim does not hold in the stream of the IIN")
	}
	return []domain.Event{IINClaimVoided{PersonID: p.claim.PersonID, ClaimID: id, Code: code, VoidedAt: cmd.Now}}, nil
}

// Means is the person whom the id of the stream means, if it is not that of the person who is
// recorded there; zero where it is.
func (p *Person) Means() domain.PersonID {
	if m, merged := p.Merged(); merged {
		return m.SurvivorID
	}
	return p.claim.PersonID
}
