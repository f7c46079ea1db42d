package housing_test

import (
	"slices"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/rules"
	"tizilim/domain/rules/rulestest"
)

// asked is Aigul's application with a spouse, who consents for himself, and a child.
func asked(e *housing.ApplicationReceived) {
	household(e)
	e.Consenting = []domain.PersonID{daur}
}

func consents(terms housing.ConsentTerms, basis domain.Basis) housing.MemberConsented {
	return housing.MemberConsented{
		CaseID: caseID, PersonID: daur, ConsentTerms: terms, Basis: basis, ConsentedAt: domaintest.Noon(),
	}
}

// daurHimself is the envelope of Daur's own command.
func daurHimself() domain.Command {
	cmd := domaintest.CommandThrough(domain.ChannelPortal)
	cmd.Role, cmd.Actor = domain.RoleCitizen, daur.String()
	return cmd
}

func TestWhoOfTheFamilyConsentsForThemselves(t *testing.T) {
	saule := domaintest.ID[domain.PersonID]("saule")
	family := []housing.FamilyMember{
		{PersonID: daur, Relation: housing.Spouse}, {PersonID: erlan, Relation: housing.Child},
		{PersonID: saule, Relation: housing.DisabledChild},
	}
	off := rulestest.Book(t, "2025-11-30", `"members_consent":true`, `"members_consent":false`)
	for name, c := range map[string]struct {
		adult domain.PersonID
		rules rules.Book
		want  []domain.PersonID
	}{
		"C20 a spouse":                        {want: []domain.PersonID{daur}},
		"C20 a spouse and a child of age":     {adult: saule, want: []domain.PersonID{daur, saule}},
		"C20 nobody, where the policy is off": {adult: saule, rules: off},
	} {
		var a housing.Application
		got, err := a.Receive(domaintest.Command(), housing.ReceiveApplication{
			CaseID: caseID, ListID: list, ApplicantID: aigul, Family: family, Consent: true, Language: domain.Kazakh,
			Signature: domain.SignatureHandwritten, Rules: c.rules,
			Adult: func(p domain.PersonID) bool { return p == c.adult },
		}, opened().fold(), func(domain.PersonID) bool { return true })
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if e := got[0].(housing.ApplicationReceived); !slices.Equal(e.Consenting, c.want) {
			t.Errorf("%s: %v, want %v", name, e.Consenting, c.want)
		}
	}
}

func TestAnswerAsMember(t *testing.T) {
	paper := domaintest.Basis()
	answer := func(cmd domain.Command, c housing.AnswerAsMember) func(*housing.Application) ([]domain.Event, error) {
		if c.PersonID.IsZero() {
			c.PersonID = daur
		}
		return func(a *housing.Application) ([]domain.Event, error) { return a.AnswerAsMember(cmd, c) }
	}
	given := housing.AnswerAsMember{Given: true}
	waiting := []domain.Event(received(asked).takenUp())
	consented := append(slices.Clone(waiting), consents(wholeConsent, domain.Basis{}))
	declined := housing.MemberDeclined{CaseID: caseID, PersonID: daur, DeclinedAt: domaintest.Noon()}
	domaintest.Run(t, []domaintest.Spec[housing.Application]{
		{
			Name: "C20 the spouse consents", Given: waiting, When: answer(daurHimself(), given),
			Then: []domain.Event{consents(wholeConsent, domain.Basis{})},
		},
		{
			Name: "C20 a desk states it on a paper", Given: waiting,
			When: answer(domaintest.Command(), housing.AnswerAsMember{Given: true, Basis: paper}),
			Then: []domain.Event{consents(wholeConsent, paper)},
		},
		{
			Name: "C20 a desk without a paper", Given: waiting, When: answer(domaintest.Command(), given),
			Refused: domain.CodeBasisRequired, Field: "basis",
		},
		{
			Name: "C20 the spouse declines", Given: waiting, When: answer(daurHimself(), housing.AnswerAsMember{}),
			Then: []domain.Event{declined},
		},
		{
			Name: "C20 the spouse takes the consent back", Given: consented,
			When: answer(daurHimself(), housing.AnswerAsMember{}), Then: []domain.Event{declined},
		},
		{
			Name: "C20 and gives it again", Given: append(slices.Clone(consented), declined), When: answer(daurHimself(), given),
			Then: []domain.Event{consents(wholeConsent, domain.Basis{})},
		},
		{
			Name: "C20 twice", Given: consented, When: answer(daurHimself(), given), Refused: domain.CodeNothingChanges,
		},
		{
			Name: "C20 declines twice", Given: append(slices.Clone(waiting), declined),
			When: answer(daurHimself(), housing.AnswerAsMember{}), Refused: domain.CodeNothingChanges,
		},
		{
			Name: "C21 a stranger learns nothing", Given: waiting,
			When:    answer(daurHimself(), housing.AnswerAsMember{PersonID: aigul, Given: true}),
			Refused: domain.CodeNotFound,
		},
		{
			Name: "C20 a child does not consent", Given: waiting,
			When:    answer(domaintest.Command(), housing.AnswerAsMember{PersonID: erlan, Given: true, Basis: paper}),
			Refused: domain.CodeNotInFamily, Field: "person_id",
		},
		{
			Name: "C20 after the decision", Given: received(asked).takenUp().examined().approved(), When: answer(daurHimself(), given),
			Refused: domain.CodeCaseDecided,
		},
	})
}

func TestDropMembers(t *testing.T) {
	drop := func(members ...domain.PersonID) func(*housing.Application) ([]domain.Event, error) {
		return func(a *housing.Application) ([]domain.Event, error) {
			return a.DropMembers(domaintest.Command(), housing.DropMembers{Members: members, Holder: aigul})
		}
	}
	waiting := []domain.Event(received(asked).takenUp())
	child := []housing.FamilyMember{{PersonID: erlan, Relation: housing.Child}}
	dropped := housing.MembersDropped{
		CaseID: caseID, ApplicantID: aigul, Dropped: []domain.PersonID{daur}, Family: child, DroppedAt: domaintest.Noon(),
	}
	domaintest.Run(t, []domaintest.Spec[housing.Application]{
		{Name: "C20 one who has not answered", Given: waiting, When: drop(daur), Then: []domain.Event{dropped}},
		{
			Name: "C20 one who consented", Given: append(slices.Clone(waiting), consents(wholeConsent, domain.Basis{})),
			When: drop(daur), Refused: domain.CodeMemberConsented, Field: "drop[0]",
		},
		{
			Name: "C20 a child, who is not asked", Given: waiting, When: drop(daur, erlan),
			Refused: domain.CodeMemberConsented, Field: "drop[1]",
		},
		{Name: "C20 a stranger", Given: waiting, When: drop(aigul), Refused: domain.CodeNotInFamily, Field: "drop[0]"},
		{
			Name: "C20 twice in one request", Given: waiting, When: drop(daur, daur), Refused: domain.CodeNamedTwice,
			Field: "drop[1]",
		},
		{
			Name: "C21 somebody else's application", Given: waiting,
			When: func(a *housing.Application) ([]domain.Event, error) {
				return a.DropMembers(domaintest.Command(), housing.DropMembers{
					Members: []domain.PersonID{daur}, Holder: daur,
				})
			},
			Refused: domain.CodeNotFound,
		},
	})
	a := domaintest.Fold[housing.Application](append(waiting, dropped)...)
	if !slices.Equal(a.Received.Family, child) || len(a.Unconsented(domaintest.Today())) != 0 {
		t.Errorf("the family is %v, and waits for %v", a.Received.Family, a.Unconsented(domaintest.Today()))
	}
}

// TestC20_NobodyIsPlacedOrLookedUpWithoutTheSpousesOwnConsent: also where the applicant
// has consented.
func TestC20_NobodyIsPlacedOrLookedUpWithoutTheSpousesOwnConsent(t *testing.T) {
	place := func(a *housing.Application) ([]domain.Event, error) {
		return a.Approve(domaintest.Command(), opened().fold(), housing.Approve{Examine: found()})
	}
	look := func(a *housing.Application) ([]domain.Event, error) {
		return a.Examine(domaintest.Command(), housing.Examine{
			Settlement: "Алматы", Lookups: []housing.Lookup{{PersonID: daur, Scope: housing.ScopeBenefits}},
		})
	}
	waiting := []domain.Event(received(asked).takenUp())
	consented := append(slices.Clone(waiting), consents(wholeConsent, domain.Basis{}))
	narrow := append(slices.Clone(waiting), consents(housing.ConsentTerms{
		Purpose: housing.ForExamination, Scope: []housing.ConsentScope{housing.ScopeHealth},
	}, domain.Basis{}))
	declined := append(slices.Clone(consented), housing.MemberDeclined{
		CaseID: caseID, PersonID: daur, DeclinedAt: domaintest.Noon(),
	})
	domaintest.Run(t, []domaintest.Spec[housing.Application]{
		{
			Name: "C20 a placement before the answer", Given: waiting, When: place,
			Refused: domain.CodeMemberConsentMissing, Field: "outcome",
		},
		{
			Name: "C20 a placement after it was taken back", Given: declined, When: place,
			Refused: domain.CodeMemberConsentMissing, Field: "outcome",
		},
		{
			Name: "C20 a look-up before the answer", Given: waiting, When: look,
			Refused: domain.CodeMemberConsentMissing, Field: "lookups[0]",
		},
		{
			Name: "C20 a look-up of what the consent does not cover", Given: narrow, When: look,
			Refused: domain.CodeConsentTerms, Field: "lookups[0]",
		},
	})
	got, err := domaintest.Fold[housing.Application](waiting...).Examine(domaintest.Command(), *found())
	if err != nil || !slices.Equal(got[0].(housing.NeedExamined).Unconsented, []domain.PersonID{daur}) {
		t.Errorf("the examination says that %v is missing, %v", got, err)
	}
	for name, c := range map[string]struct {
		given []domain.Event
		want  housing.ConsentState
	}{
		"of all": {consented, housing.ConsentGiven}, "for the examination": {narrow, housing.ConsentRequested},
	} {
		got, err := place(domaintest.Fold[housing.Application](c.given...))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if e := got[len(got)-1].(housing.PlacementApproved); e.Consent.State != c.want {
			t.Errorf("%s: the entry's consent is %s, want %s", name, e.Consent.State, c.want)
		}
	}
	if _, err := look(domaintest.Fold[housing.Application](consented...)); err != nil {
		t.Errorf("a look-up with consent: %v", err)
	}
}
