package residence

import (
	"slices"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// ImportRegistration is the command that takes over a registration, present or past, from another
// register. Its consents and its length were judged there.
type ImportRegistration struct {
	RegistrationID domain.RegistrationID
	DwellingID     domain.DwellingID
	Kind           Kind
	From           domain.Date
	Until          domain.Date // of a temporary registration
	EndedOn        domain.Date // zero where it holds
	Reason         Reason      // why it ended
	Dwelling       *Dwelling   // as it is recorded here
	Rules          rules.Book
}

// Import decides [ImportRegistration]. It keeps what makes the record of a person one record: no two
// registrations of a kind at once (R11, R13), none before birth or after death, and an ending with a
// listed reason (R14). A temporary registration whose term has run out ends with it.
func (p *Person) Import(cmd domain.Command, c ImportRegistration) ([]domain.Event, error) {
	if !p.Known() {
		return nil, unknownPerson().At("person")
	}
	if c.Dwelling == nil || !c.Dwelling.Known() {
		return nil, UnknownDwelling().At("dwelling")
	}
	if err := c.checkDays(cmd.Today()); err != nil {
		return nil, err
	}
	if c.From.Before(p.BirthDate) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeBeforeBirth,
			"the registration would begin before the person was born: correct the day").At("from")
	}
	if c.Kind == Temporary && c.EndedOn.IsZero() && !cmd.Today().Before(c.Until) {
		c.EndedOn, c.Reason = c.Until, TermExpired
	}
	r := Registration{
		ID: c.RegistrationID, DwellingID: c.DwellingID, Kind: c.Kind, From: c.From, Until: c.Until,
		Ended: !c.EndedOn.IsZero(), EndedOn: c.EndedOn, Reason: c.Reason,
	}
	if death, dead := p.Dead(); dead && (!r.Ended || death.On.Before(r.EndedOn)) {
		return nil, domain.Refuse(domain.Conflict, domain.CodePersonDead,
			"the person died on %s, and nobody is registered after their death: give the day of the ending", death.On).
			At("ended_on")
	}
	if err := c.checkDwelling(cmd.Today(), r.Ended); err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(p.Registrations, func(o Registration) bool {
		return !o.Void && o.Kind == r.Kind && meets(r, o)
	}); i >= 0 {
		o := p.Registrations[i]
		return nil, domain.Refuse(domain.Conflict, domain.CodePeriodOverlaps,
			"the person has another registration of this kind, since %s, at the same time: correct the days of one of "+
				"the two", o.From).At("from")
	}
	events := []domain.Event{RegistrationBegan{
		PersonID: p.ID, RegistrationID: r.ID, DwellingID: r.DwellingID, Kind: r.Kind, From: r.From, Until: r.Until,
	}}
	if r.Ended {
		events = append(events, r.end(p.ID, r.Reason, r.EndedOn, domain.CaseID{}))
	}
	return events, nil
}

// meets reports whether there is a day on which both hold.
func meets(a, b Registration) bool {
	begins := func(x, y Registration) bool { // before the other is over
		until := y.heldUntil()
		return until.IsZero() || x.From.Before(until)
	}
	empty := func(x Registration) bool { return x.heldUntil() == x.From }
	return !empty(a) && !empty(b) && begins(a, b) && begins(b, a)
}

// checkDays checks kind, days and reason, whoever the person is.
func (c ImportRegistration) checkDays(today domain.Date) error {
	refuse := func(code domain.Code, field, format string, args ...any) error {
		return domain.Refuse(domain.Invalid, code, format, args...).At(field)
	}
	switch temporary := c.Kind == Temporary; {
	case !slices.Contains(Kinds, c.Kind):
		return refuse(domain.CodeValueUnknown, "kind", "a registration is one of %v", Kinds)
	case c.From.IsZero():
		return refuse(domain.CodeRequired, "from", "give the day on which the registration begins")
	case today.Before(c.From):
		return refuse(domain.CodeDateInFuture, "from", "a registration begins at the latest today, %s", today)
	case temporary && c.Until.IsZero():
		return refuse(domain.CodeUntilRequired, "until",
			"a temporary registration needs until, the first day on which it no longer holds")
	case temporary && !c.From.Before(c.Until):
		return refuse(domain.CodeUntilBeforeFrom, "until", "until must lie after from")
	case !temporary && !c.Until.IsZero():
		return refuse(domain.CodeUntilNotAllowed, "until", "a permanent registration has no end date: leave until out, "+
			"or give ended_on and reason")
	case c.EndedOn.IsZero() && c.Reason != "":
		return refuse(domain.CodeRequired, "ended_on", "give the day of the ending, or leave the reason out")
	case c.EndedOn.IsZero():
		return nil
	case !slices.Contains(Reasons, c.Reason):
		return refuse(domain.CodeValueUnknown, "reason", "a registration ended for one of %v", Reasons)
	case today.Before(c.EndedOn):
		return refuse(domain.CodeDateInFuture, "ended_on", "the ending is at the latest today, %s", today)
	case c.EndedOn.Before(c.From):
		return refuse(domain.CodeEndsBeforeBegin, "ended_on", "a registration does not end before it begins")
	case temporary && c.Until.Before(c.EndedOn):
		return refuse(domain.CodeEndsAfterTerm, "ended_on", "a temporary registration ends at the latest with its term")
	case c.Reason == TermExpired && c.EndedOn != c.Until:
		return refuse(domain.CodeValueUnknown, "reason", "%s is the reason where a temporary registration ends with its term",
			TermExpired)
	}
	return nil
}

// checkDwelling refuses a present registration at a place where nobody can live, or that is no more.
// What was is not judged by what the place is now.
func (c ImportRegistration) checkDwelling(today domain.Date, past bool) error {
	if past {
		return nil
	}
	if err := c.Dwelling.CheckStands("dwelling"); err != nil {
		return err
	}
	return c.Dwelling.CheckPermitted(c.Rules.On(today), "dwelling")
}
