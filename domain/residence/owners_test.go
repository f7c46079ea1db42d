package residence_test

import (
	"slices"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
	"tizilim/domain/rules"
)

// proposed is the event of a proposal at noon by the desk of [domaintest.Command]: Aigul,
// who owns all, gives all to Daur.
func proposed() residence.OwnersChangeProposed {
	return residence.OwnersChangeProposed{
		DwellingID: flat, ProposalID: domaintest.ID[residence.ProposalID]("proposal"),
		Owners: []residence.Owner{{PersonID: daur, Share: "1/1"}}, On: today,
		Former: []residence.Owner{{PersonID: aigul, Share: "1/1"}}, Basis: paper, ProposerID: erlan,
		Edition: rules.Default().On(today).ID, ProposedAt: domaintest.Noon(),
		ConfirmBy: domaintest.Day("2026-03-20").Over(), // a Friday
	}
}

// bystander is a person whom the dwelling does not concern.
var bystander = domaintest.ID[domain.PersonID]("bystander")

// otherDesk is the envelope of another account at the instant.
func otherDesk(at time.Time) domain.Command {
	cmd := domaintest.Command()
	cmd.Actor, cmd.Now = "desk-8", at
	return cmd
}

func TestASecondOfficialConfirmsAChangeOfOwners(t *testing.T) {
	owned := append(theFlat(), owners("2026-03-01", residence.Owner{PersonID: aigul, Share: "1/1"}))
	pending := append(slices.Clone(owned), proposed())
	p := proposed()
	propose := func(cmd domain.Command, basis domain.Basis) func(*residence.Dwelling) ([]domain.Event, error) {
		return func(d *residence.Dwelling) ([]domain.Event, error) {
			return d.ChangeOwners(cmd, residence.ChangeOwners{
				Owners: p.Owners, On: p.On, Basis: basis, ProposalID: p.ProposalID, Official: erlan,
			})
		}
	}
	answer := func(cmd domain.Command, c residence.AnswerProposal) func(*residence.Dwelling) ([]domain.Event, error) {
		if c.ProposalID.IsZero() {
			c.ProposalID = p.ProposalID
		}
		return func(d *residence.Dwelling) ([]domain.Event, error) { return d.AnswerProposal(cmd, c) }
	}
	noon, last := domaintest.Noon(), p.ConfirmBy.Add(-time.Microsecond)
	changed := residence.OwnersChanged{
		DwellingID: flat, Owners: p.Owners, On: p.On, Former: p.Former, Basis: paper, ProposalID: p.ProposalID,
	}
	declined := residence.OwnersChangeDeclined{
		DwellingID: flat, ProposalID: p.ProposalID, Owners: p.Former, Reasons: "forged", DeclinedAt: noon,
	}
	lapsed := residence.OwnersChangeLapsed{
		DwellingID: flat, ProposalID: p.ProposalID, Owners: p.Former, LapsedAt: p.ConfirmBy,
	}
	again := p
	again.ProposedAt, again.ConfirmBy = p.ConfirmBy, domaintest.Day("2026-03-26").Over() // after Nauryz
	confirm := residence.AnswerProposal{Confirm: true}
	unnamed := proposed()
	unnamed.ProposerID = domain.PersonID{}
	decline := residence.AnswerProposal{Reasons: "forged"}

	domaintest.Run(t, []domaintest.Spec[residence.Dwelling]{
		{
			Name: "R5 a change is proposed", Given: owned, When: propose(domaintest.Command(), paper),
			Then: []domain.Event{p},
		},
		{
			Name: "R5 a change without its document", Given: owned, When: propose(domaintest.Command(), domain.Basis{}),
			Refused: domain.CodeBasisRequired, Field: "basis",
		},
		{
			Name: "R5 the first owners take nothing from anybody", Given: theFlat(),
			When: propose(domaintest.Command(), domain.Basis{}),
			Then: []domain.Event{residence.OwnersChanged{DwellingID: flat, Owners: p.Owners, On: p.On}},
		},
		{
			Name: "R5 another change while one waits", Given: pending, When: propose(domaintest.Command(), paper),
			Refused: domain.CodeProposalPending,
		},
		{
			Name: "R5 another change after one has lapsed unrecorded", Given: pending,
			When: propose(otherDesk(p.ConfirmBy), paper), Then: []domain.Event{lapsed, again},
		},
		{
			Name: "R5 another account confirms it at the last moment", Given: pending, When: answer(otherDesk(last), confirm),
			Then: []domain.Event{changed},
		},
		{
			Name: "R5 the account that proposed it", Given: pending, When: answer(domaintest.Command(), confirm),
			Refused: domain.CodeOwnProposal,
		},
		{
			Name: "R5 another account of who proposed it", Given: pending,
			When:    answer(otherDesk(noon), residence.AnswerProposal{Confirm: true, Official: erlan}),
			Refused: domain.CodeOwnProposal,
		},
		{
			Name: "R5 an official who has nothing to do with it", Given: pending,
			When: answer(otherDesk(noon), residence.AnswerProposal{Confirm: true, Official: bystander}),
			Then: []domain.Event{changed},
		},
		{
			Name: "R5 two accounts that name no person", Given: append(slices.Clone(owned), unnamed),
			When: answer(otherDesk(noon), confirm), Then: []domain.Event{changed},
		},
		{
			Name: "R5 of a dwelling that is not recorded", When: answer(otherDesk(noon), confirm),
			Refused: domain.CodeDwellingUnknown,
		},
		{
			Name: "R5 an official who would be an owner", Given: pending,
			When:    answer(otherDesk(noon), residence.AnswerProposal{Confirm: true, Official: daur}),
			Refused: domain.CodeDeciderRecused,
		},
		{
			Name: "R5 an official who is an owner", Given: pending,
			When:    answer(otherDesk(noon), residence.AnswerProposal{Confirm: true, Official: aigul}),
			Refused: domain.CodeDeciderRecused,
		},
		{
			Name: "R5 declined by another", Given: pending, When: answer(otherDesk(noon), decline),
			Then: []domain.Event{declined},
		},
		{
			Name: "R5 taken back by who proposed it", Given: pending, When: answer(domaintest.Command(), decline),
			Then: []domain.Event{declined},
		},
		{
			Name: "R5 declined without reasons", Given: pending, When: answer(otherDesk(noon), residence.AnswerProposal{}),
			Refused: domain.CodeReasonsRequired, Field: "reasons",
		},
		{
			Name: "R5 confirmed too late", Given: pending, When: answer(otherDesk(p.ConfirmBy), confirm),
			Refused: domain.CodeProposalNotPending, Field: "proposal_id",
		},
		{
			Name: "R5 confirmed after it was declined", Given: append(slices.Clone(pending), declined),
			When: answer(otherDesk(noon), confirm), Refused: domain.CodeProposalNotPending, Field: "proposal_id",
		},
		{
			Name: "R5 confirmed twice", Given: append(slices.Clone(pending), changed), When: answer(otherDesk(noon), confirm),
			Refused: domain.CodeProposalNotPending, Field: "proposal_id",
		},
		{
			Name: "R5 another proposal than the one that waits", Given: pending,
			When: answer(otherDesk(noon), residence.AnswerProposal{
				Confirm: true, ProposalID: domaintest.ID[residence.ProposalID]("another"),
			}),
			Refused: domain.CodeProposalNotPending, Field: "proposal_id",
		},
		{
			Name: "R5 it lapses", Given: pending,
			When: func(d *residence.Dwelling) ([]domain.Event, error) {
				return d.LapseProposal(otherDesk(p.ConfirmBy), p.ProposalID)
			},
			Then: []domain.Event{lapsed},
		},
		{
			Name: "R5 it does not lapse before its time", Given: pending,
			When: func(d *residence.Dwelling) ([]domain.Event, error) {
				return d.LapseProposal(otherDesk(last), p.ProposalID)
			},
			Refused: domain.CodeNotDue,
		},
		{
			Name: "R5 another one than the one that waited does not lapse", Given: pending,
			When: func(d *residence.Dwelling) ([]domain.Event, error) {
				return d.LapseProposal(otherDesk(p.ConfirmBy), domaintest.ID[residence.ProposalID]("another"))
			},
			Refused: domain.CodeNotDue,
		},
		{
			Name: "R5 where none waits none lapses", Given: owned,
			When: func(d *residence.Dwelling) ([]domain.Event, error) {
				return d.LapseProposal(otherDesk(p.ConfirmBy), residence.ProposalID{})
			},
			Refused: domain.CodeNotDue,
		},
	})
	if d := domaintest.Fold[residence.Dwelling](pending...); !d.OwnedBy(aigul) || d.OwnedBy(daur) {
		t.Error("a proposal changes the owners")
	}
}

func TestR5_WhoLosesByAChangeOfOwners(t *testing.T) {
	whole, half, unknown := residence.Share("1/1"), residence.Share("1/2"), residence.Share("")
	own := func(p domain.PersonID, s residence.Share) residence.Owner {
		return residence.Owner{PersonID: p, Share: s}
	}
	for name, c := range map[string]struct {
		former, owners []residence.Owner
		lose           []domain.PersonID
	}{
		"sold":               {[]residence.Owner{own(aigul, whole)}, []residence.Owner{own(daur, whole)}, []domain.PersonID{aigul}},
		"half of it sold":    {[]residence.Owner{own(aigul, whole)}, []residence.Owner{own(aigul, half), own(daur, half)}, []domain.PersonID{aigul}},
		"one of two":         {[]residence.Owner{own(aigul, half), own(daur, half)}, []residence.Owner{own(aigul, half), own(erlan, half)}, []domain.PersonID{daur}},
		"unknown shares":     {[]residence.Owner{own(aigul, unknown)}, []residence.Owner{own(aigul, unknown), own(daur, unknown)}, []domain.PersonID{aigul}},
		"of nobody":          {nil, []residence.Owner{own(aigul, whole)}, nil},
		"the same as before": {[]residence.Owner{own(aigul, whole)}, []residence.Owner{own(aigul, whole)}, nil},
	} {
		if got := residence.Losers(c.former, c.owners); !slices.Equal(got, c.lose) {
			t.Errorf("%s: %v lose, want %v", name, got, c.lose)
		}
	}
}
