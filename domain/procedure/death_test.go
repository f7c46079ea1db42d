package procedure_test

import (
	"slices"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/procedure"
)

// TestR49_WhatACaseLearnsOfADeath: in every state, and of everybody who has a part in it.
func TestR49_WhatACaseLearnsOfADeath(t *testing.T) {
	death := domain.EventRef{Stream: "residence-1", Revision: 4}
	cousin := domain.PersonID{UUID: domain.DeriveID(caseID.UUID, "cousin")}
	began := begun()
	began.Parties = []domain.PersonID{cousin, daur, aigul}
	after := func(s procedure.State, more ...domain.Event) []domain.Event {
		return slices.Concat([]domain.Event{began}, reach[s], more)
	}
	dies := func(person, of domain.PersonID) func(*procedure.Case) ([]domain.Event, error) {
		return func(c *procedure.Case) ([]domain.Event, error) {
			return c.LearnOfDeath(domaintest.Command(), procedure.DeathIn{
				PersonID: person, For: of, On: domaintest.Day("2026-03-10"), Death: death,
			})
		}
	}
	ended := procedure.CaseTerminated{
		CaseID: caseID, Ground: procedure.ApplicantDied, Death: death, Others: []domain.PersonID{daur, cousin},
		TerminatedAt: domaintest.Noon(),
	}
	noted := func(person domain.PersonID, as procedure.Part) procedure.PartyDied {
		return procedure.PartyDied{
			CaseID: caseID, PersonID: person, As: as, DiedOn: domaintest.Day("2026-03-10"), Death: death,
			NotedAt: domaintest.Noon(),
		}
	}
	complains := func(by domain.PersonID) procedure.ComplaintFiled {
		return procedure.ComplaintFiled{CaseID: caseID, ComplaintID: "1", ComplainantID: by}
	}
	dropped := procedure.ComplaintDecided{
		CaseID: caseID, Outcome: procedure.ComplainantDied, By: domain.Account(domaintest.Command().Actor), DecidedAt: domaintest.Noon(),
	}
	affected := dropped
	affected.Affected = daur
	none := domain.PersonID{}
	lives := func(c *procedure.Case) ([]domain.Event, error) { return c.LearnOfLife(domaintest.Command(), death) }
	specs := []domaintest.Spec[procedure.Case]{
		{Name: "R49 once", Given: after(procedure.InReview, noted(cousin, procedure.NamedParty)),
			When: dies(cousin, none), Refused: domain.CodeNotDue},
		{Name: "R49 of nobody else", Given: after(procedure.InReview),
			When: dies(domain.PersonID(caseID), none), Refused: domain.CodeNotDue},
		{Name: "R49 of a representative of the applicant", Given: after(procedure.InReview),
			When: dies(cousin, aigul), Then: []domain.Event{noted(cousin, procedure.RepresentativeParty)}},
		{Name: "R49 not of one of another party", Given: after(procedure.InReview),
			When: dies(cousin, daur), Refused: domain.CodeNotDue},
		{Name: "R49 a complaint ends with its complainant", Given: after(procedure.Refused, complains(aigul)),
			When: dies(aigul, none), Then: []domain.Event{dropped}},
		{Name: "R49 also with another one than the applicant", Given: after(procedure.Granted, complains(daur)),
			When: dies(daur, none), Then: []domain.Event{affected}},
		{Name: "R49 a complaint of somebody else goes on", Given: after(procedure.Granted, complains(daur)),
			When: dies(cousin, none), Then: []domain.Event{noted(cousin, procedure.NamedParty)}},
		{Name: "R49 the complaint about silence, and then the case", Given: after(procedure.InReview, complains(aigul)),
			When: dies(aigul, none), Then: []domain.Event{dropped, ended}},
		{Name: "R49 an annulled death is taken back", Given: after(procedure.InReview, noted(cousin, procedure.NamedParty)),
			When: lives, Then: []domain.Event{procedure.PartyLives{CaseID: caseID, PersonID: cousin, Death: death, NotedAt: domaintest.Noon()}}},
		{Name: "R49 once too", Given: after(procedure.InReview, noted(cousin, procedure.NamedParty), procedure.PartyLives{Death: death}),
			When: lives, Refused: domain.CodeNotDue},
		{Name: "R49 a body does not state this ground", Given: after(procedure.InReview),
			When: on("2026-03-15", func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
				return c.Terminate(cmd, procedure.Termination{Ground: procedure.ApplicantDied, Reasons: "r"}, terms)
			}), Refused: domain.CodeGroundUnknown, Field: "ground"},
		{Name: "R49 nor this outcome", Given: after(procedure.Refused, complains(aigul)),
			When: on("2026-03-15", func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
				return c.DecideComplaint(cmd, procedure.ComplainantDied, "r", "", terms)
			}), Refused: domain.CodeValueUnknown, Field: "outcome"},
	}
	for state := range reach {
		spec := domaintest.Spec[procedure.Case]{
			Name: "R49 the applicant of a case that is " + string(state), Given: after(state), When: dies(aigul, none),
		}
		other := domaintest.Spec[procedure.Case]{
			Name: "R49 another one of a case that is " + string(state), Given: after(state), When: dies(daur, none),
		}
		switch {
		case state == procedure.Approved: // its placement is completed first
			spec.Refused = domain.CodeNotDue
			other.Then = []domain.Event{noted(daur, procedure.NamedParty)}
		case state.Open():
			spec.Then, other.Then = []domain.Event{ended}, []domain.Event{noted(daur, procedure.NamedParty)}
		default:
			spec.Refused, other.Refused = domain.CodeNotDue, domain.CodeNotDue
		}
		specs = append(specs, spec, other)
	}
	domaintest.Run(t, specs)

	left := domaintest.Fold[procedure.Case](after(procedure.InReview, complains(aigul), dropped, ended)...)
	if left.State != procedure.Terminated || left.Complaint != nil || len(left.Owing) > 0 {
		t.Errorf("after the death the case is %s, with the complaint %v, and owes %v", left.State, left.Complaint, left.Owing)
	}
}
