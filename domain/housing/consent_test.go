package housing_test

import (
	"slices"
	"testing"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/rules"
)

// until is a consent that ends by itself.
func until(last string) func(*housing.ApplicationReceived) {
	return func(e *housing.ApplicationReceived) { e.Terms.Until = day(last) }
}

func to(purpose housing.ConsentPurpose, scope ...housing.ConsentScope) func(*housing.ApplicationReceived) {
	return func(e *housing.ApplicationReceived) {
		e.Terms.Purpose = purpose
		if len(scope) > 0 {
			e.Terms.Scope = scope
		}
	}
}

// Events of the consent of Aigul's application.
var (
	withdrawnInCase = housing.LookupConsentWithdrawn{CaseID: caseID, PersonID: aigul, ByStaff: true, WithdrawnAt: domaintest.Noon()}
	renewedInCase   = housing.LookupConsentRenewed{
		ByStaff:      true,
		CaseID:       caseID,
		PersonID:     aigul,
		ConsentTerms: wholeConsent,
		RenewedAt:    domaintest.Noon(),
	}
)

func expiredInCase(last string) housing.LookupConsentExpired {
	return housing.LookupConsentExpired{CaseID: caseID, PersonID: aigul, ExpiredAt: day(last).AddDays(1).Start()}
}

// TestC20_TheTableOfConsent is the line of E.5, written out a second time.
func TestC20_TheTableOfConsent(t *testing.T) {
	allowed := map[housing.ConsentState]map[housing.ConsentStep]housing.ConsentState{
		housing.ConsentRequested: {
			housing.GiveConsent:   housing.ConsentGiven,
			housing.RefuseConsent: housing.ConsentRefused,
		},
		housing.ConsentGiven: {
			housing.WithdrawConsent: housing.ConsentWithdrawn,
			housing.ExpireConsent:   housing.ConsentExpired,
		},
		housing.ConsentRefused: {}, housing.ConsentWithdrawn: {},
		housing.ConsentExpired: {housing.RestoreConsent: housing.ConsentGiven},
	}
	for from, open := range allowed {
		for _, step := range []housing.ConsentStep{housing.GiveConsent, housing.RefuseConsent, housing.WithdrawConsent, housing.ExpireConsent, housing.RestoreConsent, ""} {
			want, ok := open[step]
			if got, can := housing.NextConsent(from, step); got != want || can != ok {
				t.Errorf("C20 %s %s: %q %t, want %q %t", from, step, got, can, want, ok)
			}
		}
	}
	if len(housing.ConsentTable) != 5 {
		t.Errorf("the table has %d lines", len(housing.ConsentTable))
	}
}

// TestC20_LookUpsNeedALiveConsentOnTheDay; what comes from documents does not.
func TestC20_LookUpsNeedALiveConsentOnTheDay(t *testing.T) {
	seen := owns(aigul, "1/3", bySystems)
	ill := fact(housing.FoundIllness, aigul, bySystems)
	for _, c := range []struct {
		name  string
		given of
		on    string
		look  housing.Examine
		code  domain.Code
		field string
	}{
		{"given", received(), "2026-04-01", housing.Examine{Findings: []housing.Finding{seen, ill}}, "", ""},
		{"refused", received(withoutConsent), "2026-03-15", housing.Examine{Findings: []housing.Finding{owns(aigul, "1/3"), seen}}, domain.CodeConsentMissing, "findings[1].source"},
		{"refused: documents will do", received(withoutConsent), "2026-03-15", housing.Examine{Findings: []housing.Finding{owns(aigul, "1/3")}}, "", ""},
		{"refused: an exception of art. 9", received(withoutConsent), "2026-03-15", housing.Examine{Findings: []housing.Finding{seen}, Exception: "art. 9(1)"}, "", ""},
		{"refused: a blank exception is none", received(withoutConsent), "2026-03-15", housing.Examine{Findings: []housing.Finding{seen}, Exception: " "}, domain.CodeConsentMissing, "findings[0].source"},
		{"withdrawn", append(received(), withdrawnInCase), "2026-03-15", housing.Examine{Findings: []housing.Finding{seen}}, domain.CodeConsentWithdrawn, "findings[0].source"},
		{"withdrawn: documents will do", append(received(), withdrawnInCase), "2026-03-15", housing.Examine{Findings: []housing.Finding{owns(aigul, "1/3")}}, "", ""},
		{"given again", append(received(), withdrawnInCase, renewedInCase), "2026-03-15", housing.Examine{Findings: []housing.Finding{seen}}, "", ""},
		{"on its last day", received(until("2026-03-20")), "2026-03-20", housing.Examine{Findings: []housing.Finding{seen}}, "", ""},
		{"the day after, though nobody has recorded it", received(until("2026-03-20")), "2026-03-21", housing.Examine{Findings: []housing.Finding{seen}}, domain.CodeConsentExpired, "findings[0].source"},
		{"the day after, recorded", append(received(until("2026-03-20")), expiredInCase("2026-03-20")), "2026-03-21", housing.Examine{Findings: []housing.Finding{seen}}, domain.CodeConsentExpired, "findings[0].source"},
		{"for this examination", received(to(housing.ForExamination)), "2026-03-15", housing.Examine{Findings: []housing.Finding{seen}}, "", ""},
		{"to other data", received(to(housing.ForHousing, housing.ScopeRealEstate)), "2026-03-15", housing.Examine{Findings: []housing.Finding{seen, ill}}, domain.CodeConsentTerms, "findings[1].source"},
		{"benefits are data of their own", received(to(housing.ForHousing, housing.ScopeRealEstate, housing.ScopeHealth)), "2026-03-15",
			housing.Examine{Findings: []housing.Finding{fact(housing.FoundStateDwelling, aigul, bySystems)}}, domain.CodeConsentTerms, "findings[0].source"},
		{"refused, and nothing was found", received(withoutConsent), "2026-03-15", housing.Examine{Lookups: []housing.Lookup{{PersonID: aigul, Scope: housing.ScopeHealth}}}, domain.CodeConsentMissing, "lookups[0]"},
		{"a look-up of a stranger", received(), "2026-03-15", housing.Examine{Lookups: []housing.Lookup{{PersonID: daur, Scope: housing.ScopeHealth}}}, domain.CodeNotInFamily, "lookups[0].person_id"},
		{"a look-up of something else", received(), "2026-03-15", housing.Examine{Lookups: []housing.Lookup{{PersonID: aigul, Scope: "debts"}}}, domain.CodeValueUnknown, "lookups[0].scope"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := domaintest.Fold[housing.Application](c.given.takenUp()...)
			got, err := a.Examine(domaintest.CommandOn(c.on), c.look)
			if c.code != "" {
				domaintest.Refused(t, got, err, c.code, c.field)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// TestC20_EveryLookUpIsRecordedOnce: those that the findings come from, and
// those that found nothing.
func TestC20_EveryLookUpIsRecordedOnce(t *testing.T) {
	a := domaintest.Fold[housing.Application](received(household).takenUp()...)
	events, err := a.Examine(domaintest.Command(), housing.Examine{
		Findings: []housing.Finding{
			owns(aigul, "1/3", bySystems),
			alienated(aigul, "1/3", "2025-01-01", bySystems),
			owns(erlan, "1/3"),
			benefit(daur, "housing_payments", bySystems),
		},
		Lookups: []housing.Lookup{{aigul, housing.ScopeRealEstate}, {erlan, housing.ScopeHealth}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []housing.Lookup{
		{aigul, housing.ScopeRealEstate},
		{daur, housing.ScopeBenefits},
		{erlan, housing.ScopeHealth},
	}
	if got := events[0].(housing.NeedExamined).Lookups; !slices.Equal(got, want) {
		t.Errorf("recorded %v, want %v", got, want)
	}
}

// TestC21_EveryLookUpIsAnAccess of the person who was looked up: one entry each,
// with all that was looked up of them.
func TestC21_EveryLookUpIsAnAccess(t *testing.T) {
	entry := func(p domain.PersonID, why accesslog.Purpose, in domain.CaseID, scope ...string) accesslog.PersonalDataRead {
		return accesslog.PersonalDataRead{
			PersonID:  p,
			Operation: accesslog.LookUp,
			Scope:     scope,
			Purpose:   why,
			CaseID:    in,
		}
	}
	check := housing.NeedCheck{
		Source: housing.FromSystems,
		Scope:  []housing.ConsentScope{housing.ScopeHealth, housing.ScopeBenefits},
		InNeed: true,
	}
	child := []housing.FamilyMember{{PersonID: erlan, Relation: housing.Child}}
	for name, c := range map[string]struct {
		event domain.Event
		want  []accesslog.PersonalDataRead
	}{
		"an examination": {
			housing.NeedExamined{CaseID: caseID, ApplicantID: aigul, Lookups: []housing.Lookup{{daur, housing.ScopeBenefits}, {aigul, housing.ScopeHealth}, {daur, housing.ScopeHealth}}},
			[]accesslog.PersonalDataRead{entry(daur, accesslog.NeedExamined, caseID, "benefits", "health"), entry(aigul, accesslog.NeedExamined, caseID, "health")},
		},
		"an examination by documents": {housing.NeedExamined{CaseID: caseID, ApplicantID: aigul}, nil},
		"a provision": {
			housing.ProvisionDecided{CaseID: caseID, PersonID: aigul, Family: child, Need: check},
			[]accesslog.PersonalDataRead{entry(aigul, accesslog.NeedChecked, caseID, "health", "benefits"), entry(erlan, accesslog.NeedChecked, caseID, "health", "benefits")},
		},
		"a provision by documents": {housing.ProvisionDecided{CaseID: caseID, PersonID: aigul, Family: child, Need: need}, nil},
		"a transfer: the new holder and who is left": {
			housing.EntryTransferred{From: aigul, PersonID: daur, Family: child, Need: check},
			[]accesslog.PersonalDataRead{entry(daur, accesslog.NeedChecked, domain.CaseID{}, "health", "benefits"), entry(erlan, accesslog.NeedChecked, domain.CaseID{}, "health", "benefits")},
		},
		"what follows of a provision": {housing.EntryProvided{PersonID: aigul, CaseID: caseID}, nil},
	} {
		if diff := domaintest.Diff(c.want, housing.Accesses(c.event)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestC20_TheConsentOfAnApplication is given or refused with it, and changed
// while it is open.
func TestC20_TheConsentOfAnApplication(t *testing.T) {
	change := func(given bool, holder domain.PersonID, terms housing.ConsentTerms) func(*housing.Application) ([]domain.Event, error) {
		return func(a *housing.Application) ([]domain.Event, error) {
			return a.ChangeConsent(
				domaintest.Command(),
				housing.ChangeConsent{Holder: holder, Given: given, Terms: terms},
			)
		}
	}
	expire := func(on string) func(*housing.Application) ([]domain.Event, error) {
		return func(a *housing.Application) ([]domain.Event, error) { return a.ExpireConsent(domaintest.CommandOn(on)) }
	}
	whole, ended := housing.ConsentTerms{}, until("2026-03-14")
	short := housing.ConsentTerms{
		Purpose: housing.ForExamination,
		Scope:   []housing.ConsentScope{housing.ScopeHealth},
		Until:   domaintest.Today(),
	}
	renewedShort := renewedInCase
	renewedShort.ConsentTerms = short
	domaintest.Run(t, []domaintest.Spec[housing.Application]{
		{
			Name:  "C20 withdrawn",
			Given: received(),
			When:  change(false, aigul, whole),
			Then:  []domain.Event{withdrawnInCase},
		},
		{
			Name:  "C20 at a desk",
			Given: received(),
			When:  change(false, domain.PersonID{}, whole),
			Then:  []domain.Event{withdrawnInCase},
		},
		{Name: "C20 not by another", Given: received(), When: change(false, daur, whole), Refused: domain.CodeNotFound},
		{
			Name:    "C20 once",
			Given:   append(received(), withdrawnInCase),
			When:    change(false, aigul, whole),
			Refused: domain.CodeNothingChanges,
		},
		{
			Name:    "C20 what was refused is not withdrawn",
			Given:   received(withoutConsent),
			When:    change(false, aigul, whole),
			Refused: domain.CodeNothingChanges,
		},
		{
			Name:    "C20 what has expired is not either",
			Given:   received(ended),
			When:    change(false, aigul, whole),
			Refused: domain.CodeNothingChanges,
		},
		{
			Name:  "C20 given after all",
			Given: received(withoutConsent),
			When:  change(true, aigul, whole),
			Then:  []domain.Event{renewedInCase},
		},
		{
			Name:  "C20 given again",
			Given: append(received(), withdrawnInCase),
			When:  change(true, aigul, whole),
			Then:  []domain.Event{renewedInCase},
		},
		{
			Name:  "C20 given anew after it expired",
			Given: received(ended),
			When:  change(true, aigul, whole),
			Then:  []domain.Event{renewedInCase},
		},
		{
			Name:  "C20 on its own terms, until today",
			Given: received(withoutConsent),
			When:  change(true, aigul, short),
			Then:  []domain.Event{renewedShort},
		},
		{
			Name:    "C20 not where it stands",
			Given:   received(),
			When:    change(true, aigul, short),
			Refused: domain.CodeNothingChanges,
		},
		{
			Name:    "C20 not until yesterday",
			Given:   received(withoutConsent),
			When:    change(true, aigul, housing.ConsentTerms{Until: day("2026-03-14")}),
			Refused: domain.CodeTooEarly,
			Field:   "consent_terms.until",
		},
		{
			Name:    "C20 for no other purpose",
			Given:   received(withoutConsent),
			When:    change(true, aigul, housing.ConsentTerms{Purpose: "marketing"}),
			Refused: domain.CodeValueUnknown,
			Field:   "consent_terms.purpose",
		},
		{
			Name:  "C20 to no other data",
			Given: received(withoutConsent),
			When: change(
				true,
				aigul,
				housing.ConsentTerms{Scope: []housing.ConsentScope{housing.ScopeHealth, "debts"}},
			),
			Refused: domain.CodeValueUnknown,
			Field:   "consent_terms.scope[1]",
		},
		{
			Name:  "C20 each once",
			Given: received(withoutConsent),
			When: change(
				true,
				aigul,
				housing.ConsentTerms{Scope: []housing.ConsentScope{housing.ScopeHealth, housing.ScopeHealth}},
			),
			Refused: domain.CodeValueUnknown,
			Field:   "consent_terms.scope[1]",
		},
		{
			Name:  "C20 while a hearing is pending too",
			Given: received().takenUp(),
			When:  change(false, aigul, whole),
			Then:  []domain.Event{withdrawnInCase},
		},
		{
			Name:    "C20 not once it is approved",
			Given:   received().approved(),
			When:    change(false, aigul, whole),
			Refused: domain.CodeCaseDecided,
		},
		{
			Name:    "C20 nor once it is refused",
			Given:   received().refused(housing.UntrueDocuments),
			When:    change(false, aigul, whole),
			Refused: domain.CodeCaseDecided,
		},
		{Name: "C20 of no case", When: change(false, aigul, whole), Refused: domain.CodeCaseUnknown},

		{
			Name:  "C20 expired, at the end of its last day",
			Given: received(until("2026-03-20")),
			When:  expire("2026-03-21"),
			Then:  []domain.Event{expiredInCase("2026-03-20")},
		},
		{
			Name:    "C20 not on it",
			Given:   received(until("2026-03-20")),
			When:    expire("2026-03-20"),
			Refused: domain.CodeNotDue,
		},
		{
			Name:    "C20 once",
			Given:   append(received(until("2026-03-20")), expiredInCase("2026-03-20")),
			When:    expire("2026-03-21"),
			Refused: domain.CodeNotDue,
		},
		{
			Name:    "C20 not what was withdrawn before",
			Given:   append(received(until("2026-03-20")), withdrawnInCase),
			When:    expire("2026-03-21"),
			Refused: domain.CodeNotDue,
		},
		{
			Name:    "C20 not what has no last day",
			Given:   received(),
			When:    expire("2030-01-01"),
			Refused: domain.CodeNotDue,
		},
		{Name: "C20 of no case", When: expire("2026-03-21"), Refused: domain.CodeCaseUnknown},
	})
	t.Run("C20 S000-6 what is refused has no terms", func(t *testing.T) {
		got, err := new(housing.Application).Receive(domaintest.Command(), housing.ReceiveApplication{
			CaseID: caseID, ListID: list, ApplicantID: aigul, Signature: domain.SignatureHandwritten, Terms: housing.ConsentTerms{Until: day("2026-04-01")},
		}, opened().fold(), everybody)
		domaintest.Refused(t, got, err, domain.CodeMemberNotAllowed, "consent_terms")
	})
	t.Run("C20 the terms of one that is given are checked with it", func(t *testing.T) {
		got, err := new(housing.Application).Receive(domaintest.Command(), housing.ReceiveApplication{
			CaseID: caseID, ListID: list, ApplicantID: aigul, Signature: domain.SignatureHandwritten, Consent: true, Terms: housing.ConsentTerms{Until: day("2026-03-14")},
		}, opened().fold(), everybody)
		domaintest.Refused(t, got, err, domain.CodeTooEarly, "consent_terms.until")
	})
}

// TestC20_S000_6_NonConsentIsAGroundWhereThereIsNoConsent, and nobody is placed
// who refused it.
func TestC20_S000_6_NonConsentIsAGroundWhereThereIsNoConsent(t *testing.T) {
	for name, c := range map[string]struct {
		given   of
		refusal domain.Code // of the refusal on S000-6
		placing domain.Code
	}{
		"given":             {received(), domain.CodeConsentLive, ""},
		"refused":           {received(withoutConsent), "", domain.CodeConsentMissing},
		"given after all":   {append(received(withoutConsent), renewedInCase), domain.CodeConsentLive, ""},
		"withdrawn":         {append(received(), withdrawnInCase), "", ""}, // by documents (Q22)
		"expired":           {received(until("2026-03-14")), "", ""},
		"on its last day":   {received(until("2026-03-15")), domain.CodeConsentLive, ""},
		"refused, examined": {received(withoutConsent).takenUp().examined(), "", domain.CodeConsentMissing},
	} {
		t.Run(name, func(t *testing.T) {
			a := domaintest.Fold[housing.Application](c.given...)
			if _, err := a.Refuse(domaintest.Command(), housing.Refuse{Ground: housing.NoConsent, Reasons: "because", Exemption: urgent}); domain.CodeOf(
				err,
			) != c.refusal {
				t.Errorf("refused on S000-6: %v, want %q", err, c.refusal)
			}
			if _, err := a.Approve(domaintest.Command(), opened().fold(), housing.Approve{Examine: found()}); domain.CodeOf(
				err,
			) != c.placing {
				t.Errorf("placed: %v, want %q", err, c.placing)
			}
		})
	}
}

// TestC20_Q22_TheEntryHasTheConsentOfItsApplication: there is one notion of
// consent, and the checks of need while the entry stands ask for it.
func TestC20_Q22_TheEntryHasTheConsentOfItsApplication(t *testing.T) {
	check := housing.NeedCheck{
		On:     domaintest.Today(),
		Source: housing.FromSystems,
		Scope:  []housing.ConsentScope{housing.ScopeRealEstate},
		InNeed: true,
	}
	for name, c := range map[string]struct {
		given of
		then  []domain.Event // on the list
		on    string
		want  domain.Code
	}{
		"given":                           {given: received()},
		"for the application alone":       {given: received(to(housing.ForExamination)), want: domain.CodeConsentMissing},
		"withdrawn in the case":           {given: append(received(), withdrawnInCase), want: domain.CodeConsentWithdrawn},
		"withdrawn on the list":           {given: received(), then: []domain.Event{housing.LookupConsentWithdrawn{EntryID: entryOfCase()}}, want: domain.CodeConsentWithdrawn},
		"and given again":                 {given: append(received(), withdrawnInCase), then: []domain.Event{housing.LookupConsentRenewed{EntryID: entryOfCase(), ConsentTerms: wholeConsent}}},
		"given again for the examination": {given: received(), then: []domain.Event{housing.LookupConsentRenewed{EntryID: entryOfCase(), ConsentTerms: housing.ConsentTerms{Purpose: housing.ForExamination, Scope: housing.ConsentScopes}}}, want: domain.CodeConsentTerms},
		"for other data":                  {given: received(to(housing.ForHousing, housing.ScopeHealth)), want: domain.CodeConsentTerms},
		"on its last day":                 {given: received(until("2026-03-20")), on: "2026-03-20"},
		"expired":                         {given: received(until("2026-03-20")), on: "2026-03-21", want: domain.CodeConsentExpired},
		"looked up while it held":         {given: received(until("2026-03-20")), on: "2026-03-20", then: []domain.Event{housing.LookupConsentExpired{EntryID: entryOfCase()}}},
		"of another application's holder": {given: received(), then: []domain.Event{housing.EntryTransferred{ListID: list, EntryID: entryOfCase(), From: aigul, PersonID: daur}}, want: domain.CodeConsentMissing},
	} {
		t.Run(name, func(t *testing.T) {
			events, err := domaintest.Fold[housing.Application](
				c.given...).Approve(domaintest.Command(), opened().fold(), housing.Approve{Examine: found()})
			if err != nil {
				t.Fatal(err)
			}
			e := events[len(events)-1].(housing.PlacementApproved)
			placed, err := opened().fold().Place(domaintest.Command(), housing.Place{
				EntryID: e.EntryID, PersonID: e.PersonID, CaseID: caseID, Seniority: e.Seniority, Consent: e.Consent, RegisteredOn: e.RegisteredOn, Approved: 1000,
			}, rules.Book{})
			if err != nil {
				t.Fatal(err)
			}
			q := opened().then(placed...).then(c.then...).fold()
			need, cmd := check, domaintest.Command()
			if c.on != "" {
				need.On, cmd = day(c.on), domaintest.CommandOn("2026-04-01")
			}
			_, err = new(
				housing.Provision,
			).Decide(cmd, housing.Provide{CaseID: caseID, ListID: list, EntryID: e.EntryID, Dwelling: housing.ServiceDwelling{Area: 16, Rooms: 1}, Need: need, Minutes: "1"}, q, rules.Book{})
			if domain.CodeOf(err) != c.want {
				t.Errorf("looked up: %v, want %q", err, c.want)
			}
			need.Source, need.Scope = housing.FromDocuments, nil
			if _, err := new(housing.Provision).Decide(cmd, housing.Provide{CaseID: caseID, ListID: list, EntryID: e.EntryID, Dwelling: housing.ServiceDwelling{Area: 16, Rooms: 1}, Need: need, Minutes: "1"}, q, rules.Book{}); err != nil {
				t.Errorf("by documents: %v", err)
			}
		})
	}
}

func TestC20_TheConsentOfAnEntryExpires(t *testing.T) {
	placed := opened().placed(a, aigul, longAg, 1)
	e := placed[1].(housing.EntryPlaced)
	e.Consent.Until = day("2026-03-20")
	placed[1] = e
	expire := func(on string) decision {
		return func(q *housing.List) ([]domain.Event, error) { return q.ExpireConsent(domaintest.CommandOn(on), a) }
	}
	expired := housing.LookupConsentExpired{
		ListID:    list,
		EntryID:   a,
		PersonID:  aigul,
		ExpiredAt: day("2026-03-21").Start(),
	}
	domaintest.Run(t, []domaintest.Spec[housing.List]{
		{Name: "C20 expired", Given: placed, When: expire("2026-03-21"), Then: []domain.Event{expired}},
		{Name: "C20 not on its last day", Given: placed, When: expire("2026-03-20"), Refused: domain.CodeNotDue},
		{Name: "C20 once", Given: placed.then(expired), When: expire("2026-03-21"), Refused: domain.CodeNotDue},
		{
			Name:  "C20 of an entry that has left the list too",
			Given: placed.removed(a, aigul, longAg),
			When:  expire("2026-03-21"),
			Then:  []domain.Event{expired},
		},
		{Name: "C20 of no entry", Given: opened(), When: expire("2026-03-21"), Refused: domain.CodeEntryUnknown},
	})
}
