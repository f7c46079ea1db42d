package body_test

import (
	"slices"
	"testing"

	"tizilim/domain"
	"tizilim/domain/body"
	"tizilim/domain/domaintest"
	"tizilim/domain/rules"
)

var (
	head   = domaintest.ID[domain.PersonID]("head")
	deputy = domaintest.ID[domain.PersonID]("deputy")
	third  = domaintest.ID[domain.PersonID]("third member")
	left   = domaintest.ID[domain.PersonID]("member who has left")
	clerk  = domaintest.ID[domain.PersonID]("specialist")
)

// collegial is a commission with five members in office on the day of the commands, one who has
// left, and a specialist.
func collegial() *body.Body {
	return given(recorded(),
		appointed(head, body.Head, "2026-01-01", ""), appointed(deputy, body.Deputy, "2026-01-01", ""),
		appointed(person, body.Member, "2026-01-01", ""), appointed(other, body.Member, "2026-01-01", ""),
		appointed(third, body.Member, "2026-01-01", ""),
		appointed(left, body.Member, "2025-01-01", "2026-02-01"), appointed(clerk, body.Specialist, "2026-01-01", ""))
}

func present(vote domain.Vote, persons ...domain.PersonID) []domain.Attendance {
	var all []domain.Attendance
	for _, p := range persons {
		all = append(all, domain.Attendance{PersonID: p, Vote: vote, Office: "head"}) // what is stated does not count
	}
	return all
}

func quorum(present, inOffice int) bool { return rules.Edition{}.Quorum(present, inOffice) }

func TestC24_OnlyMembersInOfficeVoteAndTheMajorityDecides(t *testing.T) {
	today := command().Today()
	three := slices.Concat(present(domain.VotedFor, head, person), present(domain.VotedAgainst, other))
	for _, c := range []struct {
		name    string
		minutes *domain.Minutes
		code    domain.Code
		field   string
	}{
		{"carried", &domain.Minutes{Number: " 12 ", Present: three}, "", ""},
		{"without minutes", nil, domain.CodeMinutesRequired, "minutes"},
		{"without a number", &domain.Minutes{Present: three}, domain.CodeRequired, "minutes.number"},
		{"tomorrow", &domain.Minutes{Number: "12", Day: today.AddDays(1), Present: three},
			domain.CodeDateInFuture, "minutes.day"},
		{"of another vote", &domain.Minutes{Number: "12", Present: append(present("yes", head), three[1:]...)},
			domain.CodeValueUnknown, "minutes.present[0].vote"},
		{"with a stranger", &domain.Minutes{Number: "12", Present: slices.Concat(three, present(domain.VotedFor, strangerID))},
			domain.CodeMemberUnknown, "minutes.present[3].person_id"},
		{"with a specialist", &domain.Minutes{Number: "12", Present: slices.Concat(three, present(domain.VotedFor, clerk))},
			domain.CodeMemberUnknown, "minutes.present[3].person_id"},
		{"with a member who has left", &domain.Minutes{Number: "12", Present: slices.Concat(three, present(domain.VotedFor, left))},
			domain.CodeMemberNotInOffice, "minutes.present[3].person_id"},
		{"with a member twice", &domain.Minutes{Number: "12", Present: slices.Concat(three, present(domain.Abstained, head))},
			domain.CodeNamedTwice, "minutes.present[3].person_id"},
		{"of two of five", &domain.Minutes{Number: "12", Present: three[:2]}, domain.CodeNoQuorum, "minutes.present"},
		{"with a tie", &domain.Minutes{Number: "12", Present: slices.Concat(three, present(domain.VotedAgainst, third))},
			domain.CodeNotCarried, "minutes.present"},
		{"against", &domain.Minutes{Number: "12", Present: present(domain.VotedAgainst, head, person, other)},
			domain.CodeNotCarried, "minutes.present"},
		{"of those who abstained", &domain.Minutes{Number: "12", Present: present(domain.Abstained, head, person, other)},
			domain.CodeNotCarried, "minutes.present"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := collegial().Deliberated(c.minutes, today, quorum)
			if c.code != "" {
				refused(t, err, c.code, c.field)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if m.Number != "12" || m.Day != today || m.Present[0].Office != "head" || m.Present[1].Office != "member" {
				t.Errorf("the minutes are %+v", m)
			}
		})
	}
	t.Run("on a day when another was in office", func(t *testing.T) {
		then := &domain.Minutes{Number: "2", Day: day("2026-01-20"),
			Present: append(present(domain.VotedFor, left, head, deputy), present(domain.Abstained, other)...)}
		if m, err := collegial().Deliberated(then, today, quorum); err != nil || m.Present[0].Office != "member" {
			t.Errorf("%+v, %v", m, err)
		}
	})
	t.Run("of a person with two offices, who counts once", func(t *testing.T) {
		b := given(recorded(), appointed(head, body.Member, "2026-01-01", ""), appointed(head, body.Head, "2026-01-01", ""),
			appointed(other, body.Member, "2026-01-01", ""))
		m, err := b.Deliberated(&domain.Minutes{Number: "2", Present: present(domain.VotedFor, head, other)}, today, quorum)
		if err != nil || b.MembersOn(today) != 2 || m.Present[0].Office != "head" {
			t.Errorf("%d members, %+v, %v", b.MembersOn(today), m, err)
		}
	})
}

var strangerID = domaintest.ID[domain.PersonID]("stranger")

// A body decides by its official alone until a member is recorded, and not again once none is left.
func TestC24_ABodyWithoutRecordedMembersDecidesAlone(t *testing.T) {
	today := command().Today()
	alone := given(recorded(), appointed(head, body.Head, "2026-01-01", ""))
	if m, err := alone.Deliberated(nil, today, quorum); m != nil || err != nil {
		t.Errorf("%+v, %v", m, err)
	}
	if m, err := alone.Deliberated(&domain.Minutes{Number: "12"}, today, quorum); err != nil || m.Day != today {
		t.Errorf("%+v, %v", m, err)
	}
	_, err := alone.Deliberated(&domain.Minutes{Number: "12", Present: present(domain.VotedFor, other)}, today, quorum)
	refused(t, err, domain.CodeMemberUnknown, "minutes.present[0].person_id")

	deserted := given(recorded(), appointed(left, body.Member, "2025-01-01", "2026-02-01"))
	_, err = deserted.Deliberated(nil, today, quorum)
	refused(t, err, domain.CodeMinutesRequired, "minutes")
	_, err = deserted.Deliberated(&domain.Minutes{Number: "12"}, today, quorum)
	refused(t, err, domain.CodeNoQuorum, "minutes.present")
}

func TestC24_NobodyVotesInAMatterOfTheirFamily(t *testing.T) {
	m := &domain.Minutes{Number: "12", Day: day("2026-03-10"), Present: present(domain.VotedFor, head, person)}
	refused(t, m.CanDecide(day("2026-03-01"), other, person), domain.CodeVoterIsParty, "minutes.present[1].person_id")
	refused(t, m.CanDecide(day("2026-03-11"), other), domain.CodeEffectiveTooEarly, "minutes.day")
	if err := m.CanDecide(day("2026-03-10"), other); err != nil {
		t.Error(err)
	}
	if err := (*domain.Minutes)(nil).CanDecide(day("2026-03-11"), person); err != nil {
		t.Error(err)
	}
}
