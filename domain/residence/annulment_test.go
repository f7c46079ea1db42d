package residence_test

import (
	"slices"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
	"tizilim/domain/rules"
)

// annulled is what an event says of the annulment of the act.
func annulled(cmd domain.Command, ref domain.EventRef, last string) domain.Annulment {
	a := domain.Annulment{
		Annuls: ref, RecordedAt: domaintest.Noon(), Basis: domaintest.Basis(), Reasons: "a clock was a day ahead",
		AnnulledAt: cmd.Now,
	}
	if last != "" {
		a.Until = day(last)
		a.Due = a.Until.Over()
	}
	return a
}

func annulOf(ref domain.EventRef, last string) domain.Annul {
	a := domain.Annul{Event: ref, Basis: domaintest.Basis(), Reasons: "a clock was a day ahead"}
	if last != "" {
		a.Until = day(last)
	}
	return a
}

func as(role domain.Role, day string) domain.Command {
	cmd := domaintest.CommandOn(day)
	cmd.Role = role
	return cmd
}

func TestC23_TheSilenceOfCoOwnersIsAnnulledAndTheyCanAnswer(t *testing.T) {
	received := residence.DeregistrationApplied{
		CaseID: caseID, Channel: domain.ChannelPortal, Ground: residence.GroundOwnerApplication, DwellingID: flat,
		ApplicantID: aigul, Persons: []domain.PersonID{daur}, CoOwners: []domain.PersonID{erlan},
		ReceivedAt: domaintest.Noon(), ConfirmBy: day("2026-03-20").Over(),
	}
	silence := residence.ConfirmationsLapsed{CaseID: caseID, Silent: []domain.PersonID{erlan}, LapsedAt: received.ConfirmBy}
	refused := residence.DeregistrationDecided{
		CaseID: caseID, Results: []residence.Result{{PersonID: daur, Code: domain.CodeCoOwnersSilent}},
	}
	given := []domain.Event{received, silence, refused}
	ref := domain.EventRef{Stream: caseID.Stream(), Revision: 1}
	annul := func(cmd domain.Command, last string) func(*residence.Deregistration) ([]domain.Event, error) {
		return func(d *residence.Deregistration) ([]domain.Event, error) {
			return d.Annul(cmd, annulOf(ref, last), silence)
		}
	}
	early, late := as(domain.RoleProvider, "2026-03-20"), as(domain.RoleProvider, "2026-03-23")
	back := func(cmd domain.Command, last string) residence.SilenceAnnulled {
		return residence.SilenceAnnulled{
			CaseID: caseID, Silent: silence.Silent, ConfirmBy: day(last).Over(), Annulment: annulled(cmd, ref, last),
		}
	}
	then := func(events ...domain.Event) []domain.Event { return append(slices.Clip(given), events...) }
	domaintest.Run(t, []domaintest.Spec[residence.Deregistration]{
		{Name: "C23 until the day that they had", Given: given, When: annul(early, ""), Then: []domain.Event{back(early, "2026-03-20")}},
		{
			Name: "C23 until a new day, where theirs is over", Given: given, When: annul(late, "2026-03-27"),
			Then: []domain.Event{back(late, "2026-03-27")},
		},
		{
			Name: "C23 not without a day, where theirs is over", Given: given, When: annul(late, ""),
			Refused: domain.CodeRequired, Field: "until",
		},
		{
			Name: "C23 not where the applicant has complained", Given: then(procedure.ComplaintFiled{CaseID: caseID}),
			When: annul(early, ""), Refused: domain.CodeAnnulmentOvertaken,
		},
		{
			Name: "C23 not twice", Given: then(back(early, "2026-03-20")), When: annul(early, ""),
			Refused: domain.CodeAnnulmentOvertaken,
		},
		{
			Name: "C23 not what a person did", Given: given,
			When: func(d *residence.Deregistration) ([]domain.Event, error) {
				return d.Annul(early, annulOf(ref, ""), residence.CoOwnerDeclined{CaseID: caseID})
			},
			Refused: domain.CodeFactUnknown, Field: "event",
		},
		{
			Name: "C23 not the silence in another case", Given: given,
			When: func(d *residence.Deregistration) ([]domain.Event, error) {
				return d.Annul(early, annulOf(domain.EventRef{Stream: "case-another", Revision: 1}, ""), silence)
			},
			Refused: domain.CodeFactUnknown, Field: "event",
		},
		{
			Name: "C23 not by a commission", Given: given, When: annul(as(domain.RoleCommission, "2026-03-20"), ""),
			Refused: domain.CodeRoleNotAllowed,
		},
		{
			Name: "C23 their time ends with the new day", Given: then(back(late, "2026-03-27")),
			When: func(d *residence.Deregistration) ([]domain.Event, error) {
				return d.Lapse(domaintest.CommandOn("2026-03-27"), rules.Book{})
			},
			Refused: domain.CodeNotDue,
		},
	})
	d := domaintest.Fold[residence.Deregistration](then(back(late, "2026-03-27"))...)
	if d.Stage() != residence.StageAwaitingCoOwners {
		t.Errorf("the case is %s", d.Stage())
	}
	if _, err := d.Lapse(domaintest.CommandOn("2026-03-28"), rules.Book{}); err != nil {
		t.Errorf("their time does not end: %v", err)
	}
	c := domaintest.Fold[procedure.Case](then(back(late, "2026-03-27"))...)
	if c.State != procedure.AwaitingCoOwners || !c.DecidedOn.IsZero() {
		t.Errorf("the procedure is %s, decided on %s", c.State, c.DecidedOn)
	}
}

func TestC23_AChangeOfOwnersThatLapsedTooEarlyWaitsForItsSecondOfficialAgain(t *testing.T) {
	p := proposed()
	lapsed := residence.OwnersChangeLapsed{DwellingID: flat, ProposalID: p.ProposalID, Owners: p.Former, LapsedAt: p.ConfirmBy}
	given := append(theFlat(), owners("2026-03-01", p.Former...), p, lapsed)
	ref := domain.EventRef{Stream: flat.Stream(), Revision: uint64(len(given) - 1)}
	annul := func(cmd domain.Command, last string) func(*residence.Dwelling) ([]domain.Event, error) {
		return func(d *residence.Dwelling) ([]domain.Event, error) { return d.Annul(cmd, annulOf(ref, last), lapsed) }
	}
	cmd := domaintest.CommandOn("2026-03-19")
	back := residence.LapseAnnulled{
		DwellingID: flat, ProposalID: p.ProposalID, Owners: p.Owners, Former: p.Former, ConfirmBy: p.ConfirmBy,
		Annulment: annulled(cmd, ref, "2026-03-20"),
	}
	then := func(events ...domain.Event) []domain.Event { return append(slices.Clip(given), events...) }
	confirm := func(by domain.Command) func(*residence.Dwelling) ([]domain.Event, error) {
		return func(d *residence.Dwelling) ([]domain.Event, error) {
			return d.AnswerProposal(by, residence.AnswerProposal{ProposalID: p.ProposalID, Confirm: true})
		}
	}
	domaintest.Run(t, []domaintest.Spec[residence.Dwelling]{
		{Name: "C23 until the day that was set", Given: given, When: annul(cmd, ""), Then: []domain.Event{back}},
		{
			Name: "C23 another official can confirm it", Given: then(back), When: confirm(otherDesk(domaintest.Noon())),
			Then: []domain.Event{residence.OwnersChanged{
				DwellingID: flat, Owners: p.Owners, On: p.On, Former: p.Former, Basis: p.Basis, ProposalID: p.ProposalID,
			}},
		},
		{Name: "C23 the same one cannot", Given: then(back), When: confirm(domaintest.Command()), Refused: domain.CodeOwnProposal},
		{
			Name: "C23 not where another change was proposed", Given: then(proposed()), When: annul(cmd, ""),
			Refused: domain.CodeAnnulmentOvertaken,
		},
		{Name: "C23 not twice", Given: then(back), When: annul(cmd, ""), Refused: domain.CodeAnnulmentOvertaken},
		{
			Name: "C23 not what a person did", Given: given,
			When: func(d *residence.Dwelling) ([]domain.Event, error) {
				return d.Annul(cmd, annulOf(ref, ""), residence.OwnersChangeDeclined{DwellingID: flat})
			},
			Refused: domain.CodeFactUnknown, Field: "event",
		},
		{
			Name: "C23 not by the registry itself", Given: given, When: annul(as(domain.RoleSystem, "2026-03-19"), ""),
			Refused: domain.CodeRoleNotAllowed,
		},
	})
}

func TestC23_TheEndOfAStayIsAnnulledWhileNothingFollowsFromIt(t *testing.T) {
	stays := resident().temporary(first, flat, "2026-01-10", "2026-03-20")
	ended := stays.ended(first, flat, residence.Temporary, residence.TermExpired, "2026-03-20")
	ref := domain.EventRef{Stream: aigul.Stream(), Revision: uint64(len(ended) - 1)}
	annul := func(cmd domain.Command, act domain.Event) func(*residence.Person) ([]domain.Event, error) {
		return func(p *residence.Person) ([]domain.Event, error) {
			return p.AnnulEnd(cmd, residence.AnnulEnd{Annul: annulOf(ref, "")}, act)
		}
	}
	end := ended[len(ended)-1]
	provider := as(domain.RoleProvider, "2026-03-19")
	was := residence.Standing{From: day("2026-01-10"), Until: day("2026-03-20"), EndedOn: day("2026-03-20"), Reason: residence.TermExpired}
	now := residence.Standing{From: was.From, Until: was.Until}
	left := ended[:len(ended)-1].ended(first, flat, residence.Temporary, residence.OwnerApplication, "2026-03-18")
	domaintest.Run(t, []domaintest.Spec[residence.Person]{
		{
			Name: "C23 before the term is over", Given: ended, When: annul(provider, end),
			Then: []domain.Event{residence.EndingAnnulled{
				PersonID: aigul, RegistrationID: first, DwellingID: flat, Kind: residence.Temporary, Corrects: ref,
				Ground: residence.ClockError, Reasons: "a clock was a day ahead", Basis: domaintest.Basis(), Was: was, Now: now,
			}},
		},
		{
			Name: "C23 not when the term is over", Given: ended, When: annul(as(domain.RoleProvider, "2026-03-20"), end),
			Refused: domain.CodeAnnulmentOvertaken,
		},
		{
			Name:    "C23 not where the person has registered there again",
			Given:   ended.temporary(again, flat, "2026-03-19", "2026-09-19"),
			When:    annul(provider, end),
			Refused: domain.CodeAnnulmentOvertaken,
		},
		{
			Name: "C23 not an end that somebody recorded", Given: left, When: annul(provider, left[len(left)-1]),
			Refused: domain.CodeFactUnknown, Field: "event",
		},
		{
			Name: "C23 not by a desk", Given: ended, When: annul(domaintest.CommandOn("2026-03-19"), end),
			Refused: domain.CodeRoleNotAllowed,
		},
	})
}

func TestC23_OfWhatIsNotRecordedNothingIsAnnulled(t *testing.T) {
	if _, err := new(residence.Deregistration).Annul(
		domaintest.Command(), domain.Annul{}, residence.ConfirmationsLapsed{},
	); domain.CodeOf(err) != domain.CodeCaseUnknown {
		t.Errorf("of an application: %v", err)
	}
	if _, err := new(residence.Dwelling).Annul(
		domaintest.Command(), domain.Annul{}, residence.OwnersChangeLapsed{},
	); domain.CodeOf(err) != domain.CodeDwellingUnknown {
		t.Errorf("of a dwelling: %v", err)
	}
}
