package procedure

import (
	"slices"
	"strings"
	"time"

	"tizilim/domain"
)

// AnnounceHearing gives the applicant the preliminary decision. The act follows
// at the earliest after the working days of the terms; the time for an
// objection is shorter (C8, APPC 73).
func (c *Case) AnnounceHearing(cmd domain.Command, preliminary domain.Personal, t Terms) ([]domain.Event, error) {
	if err := c.may(AnnounceHearing); err != nil {
		return nil, err
	}
	if err := c.by(cmd); err != nil {
		return nil, err
	}
	if strings.TrimSpace(string(preliminary)) == "" {
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired,
			"tell the applicant what is intended, and why").At("preliminary")
	}
	notBefore, err := t.Calendar.AddWorkingDays(cmd.Today(), t.HearingDays)
	if err != nil {
		return nil, err
	}
	objectUntil, err := t.Calendar.AddWorkingDays(cmd.Today(), t.ObjectionDays)
	if err != nil {
		return nil, err
	}
	return []domain.Event{HearingAnnounced{
		CaseID: c.CaseID, Preliminary: preliminary, NotBefore: notBefore, ObjectUntil: objectUntil, AnnouncedAt: cmd.Now,
	}}, nil
}

// Object is the applicant's answer, within the window (APPC 73).
func (c *Case) Object(cmd domain.Command, objection domain.Personal) ([]domain.Event, error) {
	if err := c.may(Object); err != nil {
		return nil, err
	}
	if strings.TrimSpace(string(objection)) == "" {
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired, "state the objection").At("objection")
	}
	if c.Hearing.ObjectUntil.Before(cmd.Today()) {
		return nil, domain.Refuse(domain.Conflict, domain.CodeTooLate,
			"the time for objections ended on %s; you can still complain about the decision", c.Hearing.ObjectUntil)
	}
	return []domain.Event{ObjectionFiled{CaseID: c.CaseID, Objection: objection, FiledAt: cmd.Now}}, nil
}

// CloseHearing ends the hearing without an objection in writing: heard orally
// with a protocol, waived, or after the window.
func (c *Case) CloseHearing(cmd domain.Command, how HearingEnd, protocol domain.Personal) ([]domain.Event, error) {
	if err := c.may(CloseHearing); err != nil {
		return nil, err
	}
	switch {
	case !slices.Contains(HearingEnds, how):
		return nil, domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
			"a hearing ends in one of the ways %v", HearingEnds).At("how")
	case how != HearingLapsed && strings.TrimSpace(string(protocol)) == "":
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired,
			"give the protocol of the oral hearing, or the words in which the applicant waived it").At("protocol")
	case how == HearingLapsed && !c.Hearing.ObjectUntil.Before(cmd.Today()):
		return nil, domain.Refuse(domain.Conflict, domain.CodeTooEarly,
			"the applicant may object until the end of %s", c.Hearing.ObjectUntil)
	}
	return []domain.Event{HearingClosed{CaseID: c.CaseID, How: how, Protocol: protocol, ClosedAt: cmd.Now}}, nil
}

// shortTerm is the term below which APPC 73(2) needs no hearing.
const shortTerm = 3 * 24 * time.Hour

// Dispense is the use of an exemption from the hearing, which is recorded; the
// zero value uses none.
type Dispense struct {
	Exemption Exemption
	Reasons   domain.Personal
}

// Refusing checks that the case may be refused now by the actor: it is in
// review, its applicant (of a removal, the holder of the entry) was heard and
// the day of the act has come, or an exemption is used, which is recorded with
// the refusal. It returns the events that go before the refusal (C8). A
// registered case is taken up by deciding it.
func (c *Case) Refusing(cmd domain.Command, exemption Dispense) ([]domain.Event, error) {
	events, err := c.deciding(cmd, Refuse)
	if err != nil {
		return nil, err
	}
	if exemption.Exemption != "" {
		if !slices.Contains(Exemptions, exemption.Exemption) {
			return nil, domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
				"an exemption from the hearing is one of %v", Exemptions).At("exemption.ground")
		}
		if exemption.Exemption == FavourableAct ||
			exemption.Exemption == ShortTerm &&
				(c.Original.IsZero() || !c.Original.Before(c.Completed.At.Add(shortTerm))) {
			return nil, domain.Refuse(domain.Conflict, domain.CodeHearingRequired,
				"the exemption %s does not fit this act: announce the hearing, or use another",
				exemption.Exemption).At("exemption.ground")
		}
		if strings.TrimSpace(string(exemption.Reasons)) == "" {
			return nil, domain.Refuse(domain.Invalid, domain.CodeReasonsRequired,
				"say why there is no hearing").At("exemption.reasons")
		}
		return append(
			events,
			HearingDispensed{
				CaseID:      c.CaseID,
				Exemption:   exemption.Exemption,
				Reasons:     exemption.Reasons,
				DispensedAt: cmd.Now,
			},
		), nil
	}
	if !c.Heard {
		return nil, domain.Refuse(domain.Conflict, domain.CodeHearingRequired,
			"the person must be heard before a decision against them: announce the hearing, or name the "+
				"exemption from it")
	}
	if c.Hearing != nil && cmd.Today().Before(c.Hearing.NotBefore) {
		return nil, domain.Refuse(domain.Conflict, domain.CodeTooEarly,
			"the hearing was announced too short a time ago: the decision can be made on %s or later",
			c.Hearing.NotBefore)
	}
	return events, nil
}

// Examining checks that the actor may record now what the decision rests on.
func (c *Case) Examining(cmd domain.Command) error {
	if err := c.may(Examine); err != nil {
		return err
	}
	return c.by(cmd)
}

// Granting checks that the case may be granted now by the actor.
func (c *Case) Granting(cmd domain.Command) ([]domain.Event, error) { return c.deciding(cmd, Grant) }

func (c *Case) deciding(cmd domain.Command, step Step) ([]domain.Event, error) {
	if err := c.by(cmd); c.Known() && err != nil {
		return nil, err
	}
	if c.State == Registered {
		return c.TakeUp(cmd)
	}
	return nil, c.may(step)
}
