package body

import (
	"slices"

	"tizilim/domain"
)

// votes reports whether who holds the office has a vote in the meetings of the body.
func (o Office) votes() bool { return o == Head || o == Deputy || o == Member }

// Collegial reports whether the body decides in meetings: a commission of which a member was ever
// recorded. Of another body the official whose account is used decides alone.
func (b *Body) Collegial() bool {
	return b.Kind == Commission &&
		slices.ContainsFunc(b.Officials, func(o Official) bool { return o.Office == Member })
}

// MembersOn counts the persons who have a vote on the day.
func (b *Body) MembersOn(day domain.Date) int {
	members := map[domain.PersonID]bool{}
	for _, o := range b.Officials {
		if o.Office.votes() && o.HoldsOn(day) {
			members[o.PersonID] = true
		}
	}
	return len(members)
}

// seat returns the office by which the person votes on the day, the highest first, and whether
// the person ever had a vote.
func (b *Body) seat(p domain.PersonID, day domain.Date) (office Office, ever bool) {
	for _, o := range b.Officials {
		if o.PersonID != p || !o.Office.votes() {
			continue
		}
		ever = true
		if o.HoldsOn(day) && (office == "" || slices.Index(Offices, o.Office) < slices.Index(Offices, office)) {
			office = o.Office
		}
	}
	return office, ever
}

// Deliberated returns the minutes of a decision of the body with the office of each member who
// was present, as it is recorded (C24). Where the body decides in meetings, the minutes are
// required, and the decision was carried by more votes for it than against it, with a quorum of
// the members in office on that day. m is nil where none are stated; quorum is that of the edition.
//
// Errors name the member below minutes: [domain.CodeMinutesRequired], [domain.CodeDateInFuture],
// [domain.CodeMemberUnknown], [domain.CodeMemberNotInOffice], [domain.CodeNamedTwice],
// [domain.CodeNoQuorum], [domain.CodeNotCarried].
func (b *Body) Deliberated(
	m *domain.Minutes, today domain.Date, quorum func(present, inOffice int) bool,
) (*domain.Minutes, error) {
	if m == nil && !b.Collegial() {
		return nil, nil
	}
	if m == nil {
		return nil, domain.Refuse(domain.Invalid, domain.CodeMinutesRequired,
			"this body has members, who decide in a meeting: give its minutes, with their number, the day and the "+
				"vote of each member who was present").At("minutes")
	}
	number, err := domain.Line(m.Number, "minutes.number")
	if err != nil {
		return nil, err
	}
	whole := domain.Minutes{Number: number, Day: m.Day}
	if whole.Day.IsZero() {
		whole.Day = today
	}
	if today.Before(whole.Day) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeDateInFuture,
			"the meeting was today or earlier").At("minutes.day")
	}
	if whole.Present, err = b.attendance(m.Present, whole.Day); err != nil {
		return nil, err
	}
	if !b.Collegial() {
		return &whole, nil
	}
	if inOffice := b.MembersOn(whole.Day); !quorum(len(whole.Present), inOffice) {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNoQuorum,
			"%d of %d members in office were present: too few to decide", len(whole.Present), inOffice).
			At("minutes.present")
	}
	if yes, no := whole.Count(domain.VotedFor), whole.Count(domain.VotedAgainst); yes <= no {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNotCarried,
			"%d voted for the decision and %d against it: it was not carried", yes, no).At("minutes.present")
	}
	return &whole, nil
}

// attendance fills in the office of each member who was present.
func (b *Body) attendance(stated []domain.Attendance, day domain.Date) ([]domain.Attendance, error) {
	present := slices.Clone(stated)
	for i, p := range stated {
		field := func(member string) string { return "minutes." + domain.Path("present", i, member) }
		if !slices.Contains(domain.Votes, p.Vote) {
			return nil, domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
				"a vote is one of %v", domain.Votes).At(field("vote"))
		}
		if slices.ContainsFunc(stated[:i], func(o domain.Attendance) bool { return o.PersonID == p.PersonID }) {
			return nil, domain.Refuse(domain.Invalid, domain.CodeNamedTwice,
				"name each member once").At(field("person_id"))
		}
		office, ever := b.seat(p.PersonID, day)
		switch {
		case !ever:
			return nil, domain.Refuse(domain.Conflict, domain.CodeMemberUnknown,
				"the record of the body names this person neither as its head nor as a deputy or a member").
				At(field("person_id"))
		case office == "":
			return nil, domain.Refuse(domain.Conflict, domain.CodeMemberNotInOffice,
				"this member was not in office on %s", day).At(field("person_id"))
		}
		present[i].Office = string(office)
	}
	return present, nil
}
