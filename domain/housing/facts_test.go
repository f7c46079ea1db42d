package housing_test

import (
	"slices"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/housing/housingtest"
	"tizilim/domain/rules"
)

var (
	ownFlat = domaintest.ID[domain.DwellingID]("own flat")
	others  = domaintest.ID[domain.DwellingID]("dwelling of others")
	onOther = domain.ListEntry{ListID: domaintest.ID[domain.ListID]("other list"), EntryID: entry("other entry")}
)

func fraction(s string) rules.Fraction {
	f, err := rules.ParseFraction(s)
	if err != nil {
		panic(err)
	}
	return f
}

func titled(d domain.DwellingID, share string) housing.Title {
	if share == "" {
		return housing.Title{DwellingID: d}
	}
	return housing.Title{DwellingID: d, Share: fraction(share)}
}

func gave(d domain.DwellingID, share string, until string) housing.Title {
	t := titled(d, share)
	t.Until = day(until)
	return t
}

// stated is a finding about a dwelling.
func stated(k housing.FindingKind, p domain.PersonID, d domain.DwellingID, share string) housing.Finding {
	f := housing.Finding{Kind: k, PersonID: p, DwellingID: d, Source: housing.FromDocuments}
	if share != "" {
		f.Share = fraction(share)
	}
	return f
}

// TestQ28_WhatTheRegistryKnowsStandsBesideWhatIsStated compares each kind of fact of an
// application by Aigul, who names Daur as her spouse and Erlan as her child.
func TestQ28_WhatTheRegistryKnowsStandsBesideWhatIsStated(t *testing.T) {
	a := domaintest.Fold[housing.Application](housing.ApplicationReceived{
		CaseID: caseID, ApplicantID: aigul, ReceivedAt: domaintest.Noon(), Service: housingtest.Service("body"),
		Family: []housing.FamilyMember{{PersonID: daur, Relation: housing.Spouse}, {PersonID: erlan, Relation: housing.Child}},
	})
	person := func(id domain.PersonID, change func(*housing.PersonFacts)) housing.Facts {
		p := housing.PersonFacts{PersonID: id}
		change(&p)
		return housing.Facts{Persons: []housing.PersonFacts{p}}
	}
	titles := func(id domain.PersonID, all ...housing.Title) housing.Facts {
		return person(id, func(p *housing.PersonFacts) { p.Titles = all })
	}
	found := func(facts housing.Facts, findings ...housing.Finding) []housing.Contradiction {
		b := a
		b.Examined = &housing.NeedExamined{Findings: findings}
		return b.Compare(facts, opened().fold(), domaintest.Today(), rules.Book{})
	}
	for _, c := range []struct {
		name     string
		facts    housing.Facts
		findings []housing.Finding
		want     domain.Code // "" for none
	}{
		{"Q28 a flat of the applicant", titles(aigul, titled(ownFlat, "1/1")), nil, domain.CodeTitleUnstated},
		{"Q28 a flat of the spouse", titles(daur, titled(ownFlat, "1/2")), nil, domain.CodeTitleUnstated},
		{"Q28 a flat of the child", titles(erlan, titled(ownFlat, "1/1")), nil, domain.CodeTitleUnstated},
		{"Q28 a share that is not recorded", titles(aigul, titled(ownFlat, "")), nil, domain.CodeTitleUnstated},
		{"Q11 Q28 less than half", titles(aigul, titled(ownFlat, "49/100")), nil, ""},
		{
			"Q28 stated, with the dwelling", titles(aigul, titled(ownFlat, "1/2")),
			[]housing.Finding{stated(housing.FoundDwelling, aigul, ownFlat, "2/4")}, "",
		},
		{
			"Q28 stated, without the dwelling", titles(aigul, titled(ownFlat, "1/1")),
			[]housing.Finding{stated(housing.FoundDwelling, aigul, domain.DwellingID{}, "1/1")}, "",
		},
		{
			"Q28 stated of somebody else", titles(aigul, titled(ownFlat, "1/1")),
			[]housing.Finding{stated(housing.FoundDwelling, daur, ownFlat, "1/1")}, domain.CodeTitleUnstated,
		},
		{
			"Q28 another share stated", titles(aigul, titled(ownFlat, "1/1")),
			[]housing.Finding{stated(housing.FoundDwelling, aigul, ownFlat, "1/3")}, domain.CodeTitleUnstated,
		},
		{
			"Q28 one finding states one dwelling", titles(aigul, titled(ownFlat, "1/1"), titled(others, "1/1")),
			[]housing.Finding{stated(housing.FoundDwelling, aigul, domain.DwellingID{}, "1/1")}, domain.CodeTitleUnstated,
		},
		{"Q12 Q28 given away within five years", titles(aigul, gave(ownFlat, "1/1", "2021-03-16")), nil, domain.CodeAlienationUnstated},
		{"Q12 Q28 given away by the spouse", titles(daur, gave(ownFlat, "1/2", "2025-03-16")), nil, domain.CodeAlienationUnstated},
		{"Q12 Q28 given away earlier", titles(aigul, gave(ownFlat, "1/1", "2021-03-14")), nil, ""},
		{"Q12 Q28 given away by the child", titles(erlan, gave(ownFlat, "1/1", "2025-03-16")), nil, ""},
		{"Q11 Q28 less than half given away", titles(aigul, gave(ownFlat, "1/3", "2025-03-16")), nil, ""},
		{
			"Q12 Q28 given away and stated", titles(aigul, gave(ownFlat, "1/1", "2025-03-16")),
			[]housing.Finding{stated(housing.FoundAlienation, aigul, ownFlat, "1/1")}, "",
		},
		{
			"Q28 shares that count together", housing.Facts{Persons: []housing.PersonFacts{
				{PersonID: aigul, Titles: []housing.Title{titled(ownFlat, "1/4")}},
				{PersonID: daur, Titles: []housing.Title{titled(ownFlat, "1/4")}},
			}}, nil, domain.CodeSharesTogether,
		},
		{
			"Q28 shares that do not count together", housing.Facts{Persons: []housing.PersonFacts{
				{PersonID: aigul, Titles: []housing.Title{titled(ownFlat, "1/4")}},
				{PersonID: daur, Titles: []housing.Title{titled(others, "1/4"), gave(ownFlat, "1/4", "2025-03-16")}},
			}}, nil, "",
		},
		{
			"Q28 a service lease", person(daur, func(p *housing.PersonFacts) { p.Leases = []domain.DwellingID{others} }), nil,
			domain.CodeServiceLeaseHeld,
		},
		{
			"Q28 a service lease that is stated",
			person(daur, func(p *housing.PersonFacts) { p.Leases = []domain.DwellingID{others} }),
			[]housing.Finding{stated(housing.FoundStateDwelling, daur, others, "")}, "",
		},
		{
			"Q28 a child counted for another holder",
			person(erlan, func(p *housing.PersonFacts) { p.Counted = []domain.ListEntry{onOther} }), nil,
			domain.CodeCountedElsewhere,
		},
		{
			"Q28 a child of age", person(erlan, func(p *housing.PersonFacts) { p.Born = day("2008-03-15") }), nil,
			domain.CodeChildOfAge,
		},
		{"Q28 a child who is a minor", person(erlan, func(p *housing.PersonFacts) { p.Born = day("2008-03-16") }), nil, ""},
		{"Q28 a spouse of age", person(daur, func(p *housing.PersonFacts) { p.Born = day("1990-03-15") }), nil, ""},
		{
			"Q28 who left the country", person(aigul, func(p *housing.PersonFacts) { p.LeftOn = day("2026-01-10") }), nil,
			domain.CodeLeftCountry,
		},
		{
			"Q28 a member who died", person(daur, func(p *housing.PersonFacts) { p.DiedOn = day("2026-01-10") }), nil,
			domain.CodePersonDead,
		},
		{
			"Q28 a member who is registered elsewhere", housing.Facts{Persons: []housing.PersonFacts{
				{PersonID: aigul, Home: ownFlat}, {PersonID: daur, Home: others}, {PersonID: erlan, Home: ownFlat},
			}}, nil, domain.CodeRegisteredElsewhere,
		},
		{
			"Q28 a member who is registered nowhere", housing.Facts{Persons: []housing.PersonFacts{
				{PersonID: aigul, Home: ownFlat}, {PersonID: daur},
			}}, nil, "",
		},
		{
			"Q28 more than is compared", person(aigul, func(p *housing.PersonFacts) { p.More = true }), nil,
			domain.CodeNotAllCompared,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := found(c.facts, c.findings...)
			switch {
			case c.want == "" && len(got) > 0:
				t.Errorf("found %+v", got)
			case c.want != "" && (len(got) != 1 || got[0].Code != c.want):
				t.Errorf("found %+v, want %s", got, c.want)
			}
		})
	}
}

// TestQ28_AContradictionIsAnsweredWithReasons: the answer is kept with what it answers.
func TestQ28_AContradictionIsAnsweredWithReasons(t *testing.T) {
	facts := housing.Facts{Persons: []housing.PersonFacts{
		{PersonID: aigul, Titles: []housing.Title{titled(ownFlat, "1/1")}, Born: day("1990-01-01")},
	}}
	approve := func(a housing.Accept, f housing.Facts) ([]domain.Event, error) {
		return domaintest.Fold[housing.Application](received()...).Approve(domaintest.Command(), opened().fold(), housing.Approve{Examine: found(), Facts: f, Accept: a})
	}
	code := []domain.Code{domain.CodeTitleUnstated}
	for _, c := range []struct {
		name   string
		accept housing.Accept
		want   domain.Code
		field  string
	}{
		{"Q28 not answered", housing.Accept{Reasons: "sold"}, domain.CodeWarningsOpen, "accept"},
		{"Q28 another one answered", housing.Accept{Codes: []domain.Code{domain.CodeChildOfAge}, Reasons: "sold"}, domain.CodeWarningsOpen, "accept"},
		{"Q28 without reasons", housing.Accept{Codes: code, Reasons: " "}, domain.CodeReasonsRequired, "accept_reasons"},
	} {
		t.Run(c.name, func(t *testing.T) {
			events, err := approve(c.accept, facts)
			domaintest.Refused(t, events, err, c.want, c.field)
		})
	}
	t.Run("Q28 answered", func(t *testing.T) {
		events, err := approve(housing.Accept{Codes: code, Reasons: "it is in another town"}, facts)
		if err != nil {
			t.Fatal(err)
		}
		got := events[len(events)-1].(housing.PlacementApproved).Answered
		if got.Reasons != "it is in another town" || len(got.Contradictions) != 1 ||
			got.Contradictions[0] != (housing.Contradiction{
				Code: domain.CodeTitleUnstated, PersonID: aigul, DwellingID: ownFlat, Recorded: "1/1",
			}) {
			t.Errorf("kept %+v", got)
		}
	})
	t.Run("R27 Q28 an applicant who died is not placed", func(t *testing.T) {
		events, err := approve(housing.Accept{Codes: housing.Contradictions, Reasons: "x"}, housing.Facts{
			Persons: []housing.PersonFacts{{PersonID: aigul, DiedOn: day("2026-03-10")}},
		})
		domaintest.Refused(t, events, err, domain.CodePersonDead, "")
	})
	t.Run("Q28 a member who died is not counted", func(t *testing.T) {
		events, err := domaintest.Fold[housing.Application](received(func(e *housing.ApplicationReceived) {
			e.Family = []housing.FamilyMember{{PersonID: daur, Relation: housing.Spouse}, {PersonID: erlan, Relation: housing.Child}}
		})...).Approve(domaintest.Command(), opened().fold(), housing.Approve{
			Examine: found(), Facts: housing.Facts{Persons: []housing.PersonFacts{{PersonID: daur, DiedOn: day("2026-03-10")}}},
			Accept: housing.Accept{Codes: []domain.Code{domain.CodePersonDead}, Reasons: "the widow applied with him"},
		})
		if err != nil {
			t.Fatal(err)
		}
		family := events[len(events)-1].(housing.PlacementApproved).Family
		if len(family) != 1 || family[0].PersonID != erlan {
			t.Errorf("counted %v", family)
		}
	})
}

// TestQ28_AnApplicantAnswersForAChildOfAge: nobody is refused for it, and a family that counts
// somebody who has died is.
func TestQ28_AnApplicantAnswersForAChildOfAge(t *testing.T) {
	receive := func(p housing.PersonFacts, a housing.Accept) ([]domain.Event, error) {
		return new(housing.Application).Receive(domaintest.Command(), housing.ReceiveApplication{
			CaseID: caseID, ListID: list, ApplicantID: aigul, Language: domain.Kazakh,
			Family:    []housing.FamilyMember{{PersonID: erlan, Relation: housing.Child}},
			Signature: domain.SignatureHandwritten, Facts: housing.Facts{Persons: []housing.PersonFacts{p}}, Accept: a,
		}, opened().fold(), func(domain.PersonID) bool { return true })
	}
	grown := housing.PersonFacts{PersonID: erlan, Born: day("2005-03-15")}
	studies := housing.Accept{Codes: []domain.Code{domain.CodeChildOfAge}, Reasons: "studies full time"}
	events, err := receive(grown, housing.Accept{})
	domaintest.Refused(t, events, err, domain.CodeWarningsOpen, "accept")
	events, err = receive(housing.PersonFacts{PersonID: erlan, Born: day("2020-03-15")}, studies)
	domaintest.Refused(t, events, err, domain.CodeMemberNotAllowed, "accept")
	events, err = receive(housing.PersonFacts{PersonID: erlan, DiedOn: day("2026-01-01")}, housing.Accept{})
	domaintest.Refused(t, events, err, domain.CodePersonDead, "family[0].person_id")
	if events, err = receive(grown, studies); err != nil {
		t.Fatal(err)
	}
	if got := events[0].(housing.ApplicationReceived).Answered; got.Reasons != studies.Reasons || len(got.Contradictions) != 1 {
		t.Errorf("kept %+v", got)
	}
}

// TestQ24_ASpouseWhoIsAMinorIsAnsweredFor: at 16 and 17, whichever of both it is; at 15 nothing helps,
// and at 18 nothing is asked.
func TestQ24_ASpouseWhoIsAMinorIsAnsweredFor(t *testing.T) {
	receive := func(holder, spouse string, a housing.Accept) ([]domain.Event, error) {
		born := map[domain.PersonID]domain.Date{aigul: day(holder), erlan: day(spouse)}
		return new(housing.Application).Receive(domaintest.Command(), housing.ReceiveApplication{
			CaseID: caseID, ListID: list, ApplicantID: aigul, Language: domain.Kazakh,
			Family:    []housing.FamilyMember{{PersonID: erlan, Relation: housing.Spouse}},
			Signature: domain.SignatureHandwritten, Accept: a, Born: func(p domain.PersonID) domain.Date { return born[p] },
			Facts: housing.Facts{Persons: []housing.PersonFacts{
				{PersonID: aigul, Born: born[aigul]}, {PersonID: erlan, Born: born[erlan]},
			}},
		}, opened().fold(), func(domain.PersonID) bool { return true })
	}
	lowered := housing.Accept{Codes: []domain.Code{domain.CodeSpouseMinor}, Reasons: "the age of marriage was lowered"}
	const of16, of18, grown = "2010-03-15", "2008-03-15", "1990-01-01"
	for _, c := range [][2]string{{grown, of16}, {of16, grown}, {grown, "2008-03-16"}} {
		events, err := receive(c[0], c[1], housing.Accept{})
		domaintest.Refused(t, events, err, domain.CodeWarningsOpen, "accept")
		if events, err = receive(c[0], c[1], lowered); err != nil {
			t.Fatal(err)
		}
		if got := events[0].(housing.ApplicationReceived).Answered; got.Reasons != lowered.Reasons {
			t.Errorf("kept %+v", got)
		}
	}
	if _, err := receive(grown, of18, housing.Accept{}); err != nil {
		t.Errorf("a spouse of 18: %v", err)
	}
	events, err := receive(grown, "2010-03-16", lowered)
	domaintest.Refused(t, events, err, domain.CodeKinshipImpossible, "family[0].relation")
	facts := housing.Facts{Persons: []housing.PersonFacts{{PersonID: erlan, Born: day(of16)}}}
	e := housing.Entry{PersonID: aigul, Family: []housing.FamilyMember{{PersonID: erlan, Relation: housing.Spouse}}}
	found := e.Compare(facts, domaintest.Today(), rules.Book{})
	if !slices.ContainsFunc(found, func(c housing.Contradiction) bool { return c.Code == domain.CodeSpouseMinor }) {
		t.Errorf("an entry is compared with %v", found)
	}
}

// TestQ29_AProvisionIsJudgedByWhatIsRecorded of the dwelling and the family.
func TestQ29_AProvisionIsJudgedByWhatIsRecorded(t *testing.T) {
	id := entry("first")
	provide := func(area, rooms int, f housing.Facts, codes ...domain.Code) (housing.ProvisionDecided, []domain.Event, error) {
		family := []housing.FamilyMember{{PersonID: erlan, Relation: housing.Child}}
		events, err := new(housing.Provision).Decide(domaintest.Command(), housing.Provide{
			CaseID: caseID, ListID: list, EntryID: id, Dwelling: housing.ServiceDwelling{ID: ownFlat, Area: area, Rooms: rooms},
			Need: need, Minutes: "12", Facts: f, Accept: housing.Accept{Codes: codes, Reasons: "a slip in the minutes"},
		}, opened().with(id, aigul, filed(0, 1), 1, family...).fold(), rules.Book{})
		if err != nil {
			return housing.ProvisionDecided{}, events, err
		}
		return events[0].(housing.ProvisionDecided), events, nil
	}
	recorded := housing.Facts{Area: 30.5, Rooms: 1}
	t.Run("Q29 the recorded area and rooms stand in for what is not stated", func(t *testing.T) {
		if d, _, err := provide(0, 0, recorded); err != nil || d.Dwelling.Area != 30 || d.Dwelling.Rooms != 1 {
			t.Errorf("%v, %+v", err, d.Dwelling)
		}
	})
	t.Run("Q29 another area", func(t *testing.T) {
		_, events, err := provide(48, 1, recorded)
		domaintest.Refused(t, events, err, domain.CodeWarningsOpen, "accept")
		d, _, err := provide(48, 1, recorded, domain.CodeAreaDiffers)
		if err != nil || d.Dwelling.Area != 30 || d.Answered.Contradictions[0].Stated != "48" || d.Answered.Contradictions[0].Recorded != "30.5" {
			t.Errorf("%v, %+v, answered %+v", err, d.Dwelling, d.Answered)
		}
	})
	t.Run("Q29 the norm is that of the recorded area", func(t *testing.T) {
		_, events, err := provide(48, 2, housing.Facts{Area: 29.9, Rooms: 1}, housing.Contradictions...)
		domaintest.Refused(t, events, err, domain.CodeDwellingNotFit, "useful_area")
	})
	t.Run("Q29 another number of rooms", func(t *testing.T) {
		_, events, err := provide(30, 2, recorded)
		domaintest.Refused(t, events, err, domain.CodeWarningsOpen, "accept")
	})
	t.Run("Q29 a part of a square metre is no difference", func(t *testing.T) {
		for _, area := range []int{30, 31} {
			if _, _, err := provide(area, 1, recorded); err != nil {
				t.Errorf("%d m²: %v", area, err)
			}
		}
	})
	t.Run("Q29 neither recorded nor stated", func(t *testing.T) {
		_, events, err := provide(0, 1, housing.Facts{})
		domaintest.Refused(t, events, err, domain.CodeRequired, "useful_area")
	})
	for _, p := range []domain.PersonID{aigul, erlan} {
		_, events, err := provide(30, 1, housing.Facts{Persons: []housing.PersonFacts{{PersonID: p, DiedOn: day("2026-03-01")}}})
		domaintest.Refused(t, events, err, domain.CodePersonDead, "")
	}
	t.Run("Q29 a child who has come of age", func(t *testing.T) {
		f := housing.Facts{Persons: []housing.PersonFacts{{PersonID: erlan, Born: day("2005-03-15")}}}
		_, events, err := provide(30, 1, f)
		domaintest.Refused(t, events, err, domain.CodeWarningsOpen, "accept")
		if d, _, err := provide(30, 1, f, domain.CodeChildOfAge); err != nil || d.Answered.Reasons == "" {
			t.Errorf("%v, answered %+v", err, d.Answered)
		}
	})
}

// TestQ29_ATransferIsComparedWithTheFormerHolder: with the death, with where they lived together,
// and with what they left.
func TestQ29_ATransferIsComparedWithTheFormerHolder(t *testing.T) {
	id := entry("first")
	transfer := func(f housing.Facts, codes ...domain.Code) ([]domain.Event, error) {
		return opened().with(id, aigul, filed(0, 1), 1, housing.FamilyMember{PersonID: daur, Relation: housing.Spouse}).fold().
			Transfer(domaintest.Command(), housing.Transfer{
				EntryID: id, PersonID: daur, Cause: housing.HolderDied, On: day("2026-03-10"), Need: need, Facts: f,
				Accept: housing.Accept{Codes: codes, Reasons: "looked at"},
			}, rules.Book{})
	}
	died := housing.PersonFacts{PersonID: aigul, DiedOn: day("2026-03-10"), Home: ownFlat}
	for _, c := range []struct {
		name   string
		former housing.PersonFacts
		heir   housing.PersonFacts
		want   domain.Code
	}{
		{"Q29 the death is recorded", died, housing.PersonFacts{PersonID: daur, Home: ownFlat}, ""},
		{"Q29 no death is recorded", housing.PersonFacts{PersonID: aigul}, housing.PersonFacts{}, domain.CodeCauseNotRecorded},
		{"Q29 of another day", housing.PersonFacts{PersonID: aigul, DiedOn: day("2026-03-11")}, housing.PersonFacts{}, domain.CodeCauseNotRecorded},
		{"Q29 the heir lived elsewhere", died, housing.PersonFacts{PersonID: daur, Home: others}, domain.CodeRegisteredElsewhere},
		{
			"Q29 an estate", housing.PersonFacts{PersonID: aigul, DiedOn: died.DiedOn, Titles: []housing.Title{titled(ownFlat, "1/1")}},
			housing.PersonFacts{}, domain.CodeTitleUnstated,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := housing.Facts{Persons: []housing.PersonFacts{c.heir}, Former: c.former}
			events, err := transfer(f)
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			domaintest.Refused(t, events, err, domain.CodeWarningsOpen, "accept")
			if events, err = transfer(f, c.want); err != nil || events[0].(housing.EntryTransferred).Answered.Contradictions[0].Code != c.want {
				t.Errorf("%v, %+v", err, events)
			}
		})
	}
	events, err := transfer(housing.Facts{Persons: []housing.PersonFacts{{PersonID: daur, DiedOn: day("2026-03-11")}}, Former: died})
	domaintest.Refused(t, events, err, domain.CodePersonDead, "person_id")

	child := housing.FamilyMember{PersonID: gulnar, Relation: housing.Child}
	events, err = opened().with(id, aigul, filed(0, 1), 1, housing.FamilyMember{PersonID: daur, Relation: housing.Spouse}, child).fold().
		Transfer(domaintest.Command(), housing.Transfer{
			EntryID: id, PersonID: daur, Family: []housing.FamilyMember{child}, Cause: housing.HolderDied, On: day("2026-03-10"), Need: need,
			Facts: housing.Facts{Persons: []housing.PersonFacts{{PersonID: gulnar, DiedOn: day("2026-03-11")}}, Former: died},
		}, rules.Book{})
	domaintest.Refused(t, events, err, domain.CodePersonDead, "family[0].person_id")
}
