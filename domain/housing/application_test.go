package housing_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/housing/housingtest"
	"tizilim/domain/procedure"
	"tizilim/domain/rules"
	"tizilim/domain/rules/rulestest"
)

// edition is the one in force on the day of the specifications.
var edition = rules.Default().On(domaintest.Today()).ID

// of is what has been recorded of one S000 case, ready for more.
type of []domain.Event

// received is Aigul's application; [domaintest.Fold] puts it at position 100.
func received(changes ...func(*housing.ApplicationReceived)) of {
	e := housing.ApplicationReceived{
		CaseID: caseID, ListID: list, ApplicantID: aigul, Consent: true, Terms: wholeConsent, Channel: domain.ChannelStateCorp,
		Language: domain.Kazakh, Signature: domain.SignatureHandwritten,
		ReceivedAt: domaintest.Noon(), RegisteredAt: day("2026-03-16").Start().Add(9 * time.Hour), Deadline: day("2026-04-14").End(), // a Sunday
		Service: housingtest.Service("body"),
	}
	for _, change := range changes {
		change(&e)
	}
	return of{e}
}

func withoutConsent(e *housing.ApplicationReceived) {
	e.Consent, e.Terms = false, housing.ConsentTerms{}
}

// wholeConsent is what a consent is to where nothing is said.
var wholeConsent = housing.ConsentTerms{Purpose: housing.ForHousing, Scope: housing.ConsentScopes}

// consented is the consent that an entry has of such an application.
var consented = housing.Consent{State: housing.ConsentGiven, ConsentTerms: wholeConsent}

// inNeed is the judgement of an application of which nothing was found.
var inNeed = housing.Judgement{
	Edition: edition, On: domaintest.Today(), InNeed: true, Grounds: []rules.NeedGround{rules.NoDwelling, rules.NoStateDwelling},
}

// found is an examination of Aigul's application.
func found(findings ...housing.Finding) *housing.Examine {
	return &housing.Examine{Findings: findings, Settlement: "Алматы"}
}

// examined is Aigul's application in review, and what was found of it.
func (h of) examined(findings ...housing.Finding) of {
	e := housing.NeedExamined{
		CaseID: caseID, ApplicantID: aigul, Family: h[0].(housing.ApplicationReceived).Family, Settlement: "Алматы",
		AppliedOn: domaintest.Today(), Findings: findings, ExaminedAt: domaintest.Noon(),
	}
	e.Judgement = e.Judge(rules.Default().On(domaintest.Today()), domaintest.Today())
	return append(slices.Clip(h), e)
}

func entryOfCase() domain.EntryID { return domain.EntryID{UUID: domain.DeriveID(caseID.UUID, "entry")} }

// certificateOfCase is that of the command which decides.
func certificateOfCase() domain.CertificateID {
	return domain.CertificateID{UUID: domain.DeriveID(domaintest.Command().ID.UUID, "certificate")}
}

func (h of) approved() of {
	return append(slices.Clip(h), housing.PlacementApproved{
		CaseID: caseID, ListID: list, EntryID: entryOfCase(), PersonID: aigul,
		Seniority: housing.Seniority{At: domaintest.Noon(), Position: 100}, RegisteredOn: domaintest.Today(),
		Consent: consented, Judgement: inNeed, Edition: edition, ApprovedAt: domaintest.Noon(),
	})
}

func (h of) voided() of {
	return append(slices.Clip(h), housing.ApprovalVoided{
		CaseID: caseID, Code: domain.CodeAlreadyOnList, Reason: "already there", VoidedAt: domaintest.Noon(),
	})
}

func (h of) certified(number int) of {
	return append(slices.Clip(h), housing.PlacementCertified{
		CaseID: caseID, ListID: list, EntryID: entryOfCase(), CertificateID: certificateOfCase(),
		RegisteredOn: domaintest.Today(), Number: number, Edition: edition, CertifiedAt: domaintest.Noon(),
	})
}

func (h of) refused(g housing.RefusalGround) of {
	return append(slices.Clip(h), housing.ApplicationRefused{
		CaseID: caseID, ListID: list, CertificateID: certificateOfCase(), Ground: g, Reasons: "because", Unmet: map[housing.RefusalGround]domain.Personal{housing.RequirementsNotMet: unmet}[g],
		AppealRoute: housing.AppealRoute, Edition: edition, RefusedAt: domaintest.Noon(),
	})
}

// unmet is what the commission names beside an examination.
const unmet domain.Personal = "serves elsewhere"

// dispensed has been taken up, and goes without a hearing.
func (h of) dispensed() of {
	return append(h.takenUp(), procedure.HearingDispensed{
		CaseID: caseID, Exemption: urgent.Exemption, Reasons: urgent.Reasons, DispensedAt: domaintest.Noon(),
	})
}

func (h of) takenUp() of {
	return append(
		slices.Clip(h),
		procedure.ReviewBegan{CaseID: caseID, Decider: domain.Account(domaintest.Command().Actor), BeganAt: domaintest.Noon()},
	)
}

var urgent = procedure.Dispense{Exemption: procedure.Urgency, Reasons: "the dwelling is unsafe"}

func (h of) last() []domain.Event { return h[len(h)-1:] }

// since is what came after the events of was.
func (h of) since(was of) []domain.Event { return h[len(was):] }

func everybody(domain.PersonID) bool { return true }

func TestReceiveApplication(t *testing.T) {
	receive := func(q on, known func(domain.PersonID) bool, change func(*housing.ReceiveApplication)) func(*housing.Application) ([]domain.Event, error) {
		c := housing.ReceiveApplication{
			CaseID:      caseID,
			ListID:      list,
			ApplicantID: aigul,
			Consent:     true,
			Language:    domain.Kazakh,
			Signature:   domain.SignatureHandwritten,
			Service:     housingtest.Service("body"),
		}
		change(&c)
		return func(a *housing.Application) ([]domain.Event, error) {
			return a.Receive(domaintest.Command(), c, q.fold(), known)
		}
	}
	as := func(*housing.ReceiveApplication) {}
	family := func(members ...housing.FamilyMember) func(*housing.ReceiveApplication) {
		return func(c *housing.ReceiveApplication) { c.Family = members }
	}
	not := func(stranger domain.PersonID) func(domain.PersonID) bool {
		return func(p domain.PersonID) bool { return p != stranger }
	}
	standing := opened().placed(entry("aigul"), aigul, filed(1, 10), 1)
	domaintest.Run(t, []domaintest.Spec[housing.Application]{
		{Name: "C1 Q4 an application to an open list", When: receive(opened(), everybody, as), Then: received()},
		{
			Name: "Q3 S000-6 without consent it is received all the same",
			When: receive(opened(), everybody, func(c *housing.ReceiveApplication) { c.Consent = false }),
			Then: received(withoutConsent),
		},
		{
			Name: "Q13 with the family that is counted",
			When: receive(
				opened(),
				everybody,
				family(
					housing.FamilyMember{PersonID: daur, Relation: housing.Spouse},
					housing.FamilyMember{PersonID: erlan, Relation: housing.DisabledChild},
				),
			),
			Then: received(func(e *housing.ApplicationReceived) {
				e.Family = []housing.FamilyMember{
					{PersonID: daur, Relation: housing.Spouse},
					{PersonID: erlan, Relation: housing.DisabledChild},
				}
				e.Consenting = []domain.PersonID{daur}
			}),
		},
		{
			Name: "Q13 parents are not",
			When: receive(
				opened(),
				everybody,
				family(
					housing.FamilyMember{PersonID: daur, Relation: housing.Spouse},
					housing.FamilyMember{PersonID: erlan, Relation: "mother"},
				),
			),
			Refused: domain.CodeValueUnknown, Field: "family[1].relation",
		},
		{
			Name: "Q13 nobody counts twice",
			When: receive(
				opened(),
				everybody,
				family(
					housing.FamilyMember{PersonID: daur, Relation: housing.Child},
					housing.FamilyMember{PersonID: daur, Relation: housing.Child},
				),
			),
			Refused: domain.CodeNamedTwice, Field: "family[1].person_id",
		},
		{
			Name: "Q13 the applicant is counted already",
			When: receive(
				opened(),
				everybody,
				family(housing.FamilyMember{PersonID: aigul, Relation: housing.Spouse}),
			),
			Refused: domain.CodeNamedTwice, Field: "family[0].person_id",
		},
		{
			Name: "Q13 a family member who is not recorded",
			When: receive(
				opened(),
				not(daur),
				family(housing.FamilyMember{PersonID: daur, Relation: housing.Spouse}),
			),
			Refused: domain.CodePersonUnknown, Field: "family[0].person_id",
		},
		{
			Name:    "C1 an applicant who is not recorded",
			When:    receive(opened(), not(aigul), as),
			Refused: domain.CodePersonUnknown,
			Field:   "applicant_id",
		},
		{Name: "Q5 a list that was not opened", When: receive(nil, everybody, as), Refused: domain.CodeListUnknown},
		{
			Name:    "Q5 who stands on the list already",
			When:    receive(standing, everybody, as),
			Refused: domain.CodeAlreadyOnList,
			Field:   "applicant_id",
		},
		{
			Name: "Q5 who stood there once",
			When: receive(standing.removed(entry("aigul"), aigul, filed(1, 10)), everybody, as),
			Then: received(),
		},
		{
			Name:    "C1 an application is received once",
			Given:   received(),
			When:    receive(opened(), everybody, as),
			Refused: domain.CodeKeyReused,
		},
	})
}

// TestC17_SignaturesOfAHousingApplication is the whole matrix: the portal takes
// an EDS or a one-time password (S000-2, S000-3), paper a signature by hand.
func TestC17_SignaturesOfAHousingApplication(t *testing.T) {
	methods := []domain.SignatureMethod{
		domain.SignatureEDS,
		domain.SignatureOTP,
		domain.SignatureHandwritten,
		"",
		"wax_seal",
	}
	for _, ch := range append(slices.Clone(domain.Channels), domain.ChannelNone, "fax") {
		for _, m := range methods {
			t.Run(fmt.Sprintf("C1 C17 %s %s", ch, m), func(t *testing.T) {
				got, err := new(housing.Application).Receive(domaintest.CommandThrough(ch), housing.ReceiveApplication{
					CaseID: caseID, ListID: list, ApplicantID: aigul, Consent: true, Language: domain.Kazakh, Signature: m, Evidence: domaintest.Signed(m, aigul),
					Service: housingtest.Service("body"),
				}, opened().fold(), everybody)
				switch {
				case !slices.Contains(domain.Channels, ch):
					domaintest.Refused(t, got, err, domain.CodeChannelNotOpen, "channel")
				case ch == domain.ChannelPortal && (m == domain.SignatureEDS || m == domain.SignatureOTP),
					ch != domain.ChannelPortal && m == domain.SignatureHandwritten:
					domaintest.Happened(t, got, err, received(func(e *housing.ApplicationReceived) {
						e.Channel, e.Signature, e.Evidence = ch, m, domaintest.Signed(m, aigul)
					})...)
				default:
					domaintest.Refused(t, got, err, domain.CodeSignatureMethod, "signature.method")
				}
			})
		}
	}
}

func TestC18_C19_AnApplicationIsSignedByTheApplicant(t *testing.T) {
	for _, m := range []domain.SignatureMethod{domain.SignatureEDS, domain.SignatureOTP} {
		forged := domaintest.Signed(m, aigul)
		forged.Text += " "
		for name, c := range map[string]struct {
			evidence domain.Evidence
			code     domain.Code
		}{
			"C18 C19 not unsigned":                 {domain.Evidence{}, domain.CodeRequired},
			"C18 C19 not by somebody else":         {domaintest.Signed(m, daur), domain.CodeSignatureNotApplicants},
			"C16 not with the digest of something": {forged, domain.CodeSignatureMismatch},
		} {
			t.Run(fmt.Sprint(name, " ", m), func(t *testing.T) {
				got, err := new(
					housing.Application,
				).Receive(domaintest.CommandThrough(domain.ChannelPortal), housing.ReceiveApplication{
					CaseID: caseID, ListID: list, ApplicantID: aigul, Consent: true, Signature: m, Evidence: c.evidence,
				}, opened().fold(), everybody)
				domaintest.Refused(t, got, err, c.code, "signature")
			})
		}
	}
}

func TestQ4_ThirtyCalendarDaysInTheZone(t *testing.T) {
	for received, deadline := range map[string]string{
		"2026-03-15T00:00:00+05:00": "2026-04-14T23:59:59+05:00",
		"2026-03-15T23:59:59+05:00": "2026-04-14T23:59:59+05:00",
		"2026-03-15T18:59:59Z":      "2026-04-14T18:59:59Z",
		"2026-03-15T19:00:00Z":      "2026-04-15T18:59:59Z", // already the 16th in Kazakhstan
		"2024-01-30T12:00:00+05:00": "2024-02-29T23:59:59+05:00",
		"2026-12-15T12:00:00+05:00": "2027-01-14T23:59:59+05:00",
		// The thirtieth day is a day off: the next working day.
		"2026-01-29T12:00:00+05:00": "2026-03-02T23:59:59+05:00", // Saturday, then Sunday
		"2026-01-30T12:00:00+05:00": "2026-03-02T23:59:59+05:00", // Sunday
		"2026-02-20T12:00:00+05:00": "2026-03-26T23:59:59+05:00", // Nauryz from Saturday to Monday: two more days
	} {
		at, err := time.Parse(time.RFC3339, received)
		if err != nil {
			t.Fatal(err)
		}
		want, err := time.Parse(time.RFC3339, deadline)
		if err != nil {
			t.Fatal(err)
		}
		cmd := domaintest.Command()
		cmd.Now = at
		events, err := new(housing.Application).Receive(cmd, housing.ReceiveApplication{
			CaseID: caseID, ListID: list, ApplicantID: aigul, Signature: domain.SignatureHandwritten,
		}, opened().fold(), everybody)
		if err != nil {
			t.Fatal(err)
		}
		if got := events[0].(housing.ApplicationReceived); !got.Deadline.Equal(want) || !got.ReceivedAt.Equal(at) {
			t.Errorf("received %s: deadline %s, want %s", received, got.Deadline.In(domain.Zone), want.In(domain.Zone))
		}
	}
}

func TestQ4_NoTermIsCountedIntoAYearWithoutHolidays(t *testing.T) {
	got, err := new(housing.Application).Receive(domaintest.CommandOn("2027-12-10"), housing.ReceiveApplication{
		CaseID: caseID, ListID: list, ApplicantID: aigul, Signature: domain.SignatureHandwritten,
	}, opened().fold(), everybody)
	domaintest.Refused(t, got, err, domain.CodeCalendarYear, "")
}

func TestQ10_TheEditionOfTheDecisionDayJudgesAndIsStored(t *testing.T) {
	book := rulestest.Book(t, "2026-04-01", `"term_days": 30`, `"term_days": 7`,
		`["untrue_documents", "no_consent", "requirements_not_met"]`, `["untrue_documents", "no_consent"]`,
		`["eds", "otp"]`, `["eds"]`, `"file_within_months": 3`, `"file_within_months": 1`)
	for _, c := range []struct {
		on, edition, deadline string
		otp, requirements     domain.Code
		appeal                string
	}{
		{on: "2026-03-31", edition: rulestest.Old, deadline: "2026-04-30", appeal: housing.AppealRoute},
		{on: "2026-04-01", edition: rulestest.New, deadline: "2026-04-08", otp: domain.CodeSignatureMethod, requirements: domain.CodeGroundUnknown,
			appeal: "within 1 month(s) of learning of this decision, through the body that took it"},
	} {
		cmd := domaintest.CommandOn(c.on)
		receive := func(cmd domain.Command, m domain.SignatureMethod) ([]domain.Event, error) {
			return new(housing.Application).Receive(cmd, housing.ReceiveApplication{
				CaseID: caseID, ListID: list, ApplicantID: aigul, Consent: true, Signature: m, Evidence: domaintest.Signed(m, aigul), Rules: book,
			}, opened().fold(), everybody)
		}
		events, err := receive(cmd, domain.SignatureHandwritten)
		if err != nil {
			t.Fatal(err)
		}
		if got := events[0].(housing.ApplicationReceived).Deadline; !got.Equal(day(c.deadline).End()) {
			t.Errorf("received on %s: deadline %s, want %s", c.on, domain.DateOf(got), c.deadline)
		}
		portal := cmd
		portal.Channel = domain.ChannelPortal
		if _, err := receive(portal, domain.SignatureOTP); domain.CodeOf(err) != c.otp {
			t.Errorf("C17 with a one-time password on %s: %v, want %q", c.on, err, c.otp)
		}
		a := domaintest.Fold[housing.Application](received()...)
		events, err = a.Approve(cmd, opened().fold(), housing.Approve{Examine: found(), Rules: book})
		if err != nil {
			t.Fatal(err)
		}
		approved := events[2].(housing.PlacementApproved) // the review begins with it, and the examination comes with it
		if string(approved.Edition) != c.edition {
			t.Errorf("approved on %s by edition %s, want %s", c.on, approved.Edition, c.edition)
		}
		events, err = a.Refuse(
			cmd,
			housing.Refuse{Ground: housing.UntrueDocuments, Reasons: "because", Exemption: urgent, Rules: book},
		)
		if err != nil {
			t.Fatal(err)
		}
		if got := events[2].(housing.ApplicationRefused); string(got.Edition) != c.edition ||
			got.AppealRoute != c.appeal {
			t.Errorf(
				"refused on %s by edition %s, to appeal %s, want %s and %s",
				c.on,
				got.Edition,
				got.AppealRoute,
				c.edition,
				c.appeal,
			)
		}
		if _, err = a.Refuse(cmd, housing.Refuse{Ground: housing.RequirementsNotMet, Reasons: "because", Unmet: "b", Exemption: urgent, Rules: book}); domain.CodeOf(
			err,
		) != c.requirements {
			t.Errorf("C7 on the third ground on %s: %v, want %q", c.on, err, c.requirements)
		}
		// The certificate follows later and still names what the approval was judged by.
		certifying := domaintest.Fold[housing.Application](append(received(), approved)...)
		events, err = certifying.Certify(domaintest.CommandOn("2026-05-01"), housing.EntryPlaced{Number: 1})
		if err != nil {
			t.Fatal(err)
		}
		if got := events[0].(housing.PlacementCertified).Edition; string(got) != c.edition {
			t.Errorf("certificate of an approval on %s: edition %s, want %s", c.on, got, c.edition)
		}
	}
}

func TestDecideApplication(t *testing.T) {
	type decide = func(*housing.Application) ([]domain.Event, error)
	approve := func(q on) decide {
		return func(a *housing.Application) ([]domain.Event, error) {
			return a.Approve(domaintest.Command(), q.fold(), housing.Approve{})
		}
	}
	refuse := func(g housing.RefusalGround, reasons domain.Personal) decide {
		return func(a *housing.Application) ([]domain.Event, error) {
			c := housing.Refuse{Ground: g, Reasons: reasons, Exemption: urgent}
			if g == housing.RequirementsNotMet {
				c.Unmet = unmet
			}
			return a.Refuse(domaintest.Command(), c)
		}
	}
	unheard := func(a *housing.Application) ([]domain.Event, error) {
		return a.Refuse(domaintest.Command(), housing.Refuse{Ground: housing.UntrueDocuments, Reasons: "because"})
	}
	certify := func(a *housing.Application) ([]domain.Event, error) {
		return a.Certify(domaintest.Command(), housing.EntryPlaced{
			ListID: list, EntryID: entryOfCase(), PersonID: aigul, CaseID: caseID, RegisteredOn: domaintest.Today(), Number: 7,
		})
	}
	void := func(a *housing.Application) ([]domain.Event, error) {
		return a.Void(domaintest.Command(), &domain.Error{Code: domain.CodeAlreadyOnList, Message: "already there"})
	}
	standing := opened().placed(entry("other"), aigul, filed(1, 10), 1)
	domaintest.Run(t, []domaintest.Spec[housing.Application]{
		{
			Name:  "Q1 Q6 approved, with the seniority of the application",
			Given: received().takenUp().examined(),
			When:  approve(opened()),
			Then:  received().approved().last(),
		},
		{
			Name:  "Q1 Q2 certified, with the day and the number",
			Given: received().approved(),
			When:  certify,
			Then:  received().approved().certified(7).last(),
		},
		{Name: "Q1 voided", Given: received().approved(), When: void, Then: received().approved().voided().last()},
		{
			Name:  "Q1 open again after that: approved",
			Given: received().examined().approved().voided(),
			When:  approve(opened()),
			Then:  received().approved().last(),
		},
		{
			Name:  "Q1 open again after that: refused",
			Given: received().approved().voided(),
			When:  refuse(housing.RequirementsNotMet, "because"),
			Then:  received().dispensed().refused(housing.RequirementsNotMet)[2:],
		},

		{Name: "Q1 an unknown case is not approved", When: approve(opened()), Refused: domain.CodeCaseUnknown},
		{
			Name:    "Q1 an unknown case is not refused",
			When:    refuse(housing.NoConsent, "because"),
			Refused: domain.CodeCaseUnknown,
		},
		{
			Name:    "Q1 not approved twice",
			Given:   received().approved(),
			When:    approve(opened()),
			Refused: domain.CodeCaseDecided,
		},
		{
			Name:    "Q1 not refused while an approval stands",
			Given:   received().approved(),
			When:    refuse(housing.NoConsent, "because"),
			Refused: domain.CodeCaseDecided,
		},
		{
			Name:    "Q1 not approved after the certificate",
			Given:   received().approved().certified(7),
			When:    approve(opened()),
			Refused: domain.CodeCaseDecided,
		},
		{
			Name:    "Q1 not refused after the certificate",
			Given:   received().approved().certified(7),
			When:    refuse(housing.NoConsent, "because"),
			Refused: domain.CodeCaseDecided,
		},
		{
			Name:    "Q1 not approved after a refusal",
			Given:   received().refused(housing.NoConsent),
			When:    approve(opened()),
			Refused: domain.CodeCaseDecided,
		},
		{
			Name:    "Q1 not refused twice",
			Given:   received().refused(housing.NoConsent),
			When:    refuse(housing.UntrueDocuments, "because"),
			Refused: domain.CodeCaseDecided,
		},
		{
			Name:    "Q1 no certificate without an approval",
			Given:   received(),
			When:    certify,
			Refused: domain.CodeCaseDecided,
		},
		{
			Name:    "Q1 no second certificate",
			Given:   received().approved().certified(7),
			When:    certify,
			Refused: domain.CodeCaseDecided,
		},
		{
			Name:    "Q1 no certificate after a refusal",
			Given:   received().refused(housing.NoConsent),
			When:    certify,
			Refused: domain.CodeCaseDecided,
		},
		{
			Name:    "Q1 no certificate on a void approval",
			Given:   received().approved().voided(),
			When:    certify,
			Refused: domain.CodeCaseDecided,
		},
		{Name: "Q1 nothing to void", Given: received(), When: void, Refused: domain.CodeCaseDecided},
		{Name: "Q1 not void twice", Given: received().approved().voided(), When: void, Refused: domain.CodeCaseDecided},
		{
			Name:    "Q1 a certificate is not void",
			Given:   received().approved().certified(7),
			When:    void,
			Refused: domain.CodeCaseDecided,
		},

		{
			Name:    "Q3 S000-6 without consent nobody is placed",
			Given:   received(withoutConsent),
			When:    approve(opened()),
			Refused: domain.CodeConsentMissing,
			Field:   "outcome",
		},
		{
			Name:  "Q3 S000-6 it is refused for that",
			Given: received(withoutConsent),
			When:  refuse(housing.NoConsent, "because"),
			Then:  received().dispensed().refused(housing.NoConsent).since(received()),
		},
		{
			Name:  "Q3 S000-5",
			Given: received(),
			When:  refuse(housing.UntrueDocuments, "because"),
			Then:  received().dispensed().refused(housing.UntrueDocuments).since(received()),
		},
		{
			Name:  "Q3 S000-7",
			Given: received(),
			When:  refuse(housing.RequirementsNotMet, "because"),
			Then:  received().dispensed().refused(housing.RequirementsNotMet).since(received()),
		},
		{
			Name:    "Q3 C7 no fourth ground",
			Given:   received(),
			When:    refuse("no_vacancy", "because"),
			Refused: domain.CodeGroundUnknown,
			Field:   "ground",
		},
		{
			Name:    "Q3 C7 no refusal without a ground",
			Given:   received(),
			When:    refuse("", "because"),
			Refused: domain.CodeGroundRequired,
			Field:   "ground",
		},
		{
			Name:    "C7 nor without reasons",
			Given:   received(),
			When:    refuse(housing.NoConsent, ""),
			Refused: domain.CodeReasonsRequired,
			Field:   "reasons",
		},
		{
			Name:    "C7 blank ones are none",
			Given:   received(),
			When:    refuse(housing.NoConsent, " \t\n\u00a0"),
			Refused: domain.CodeReasonsRequired,
			Field:   "reasons",
		},

		{
			Name:    "C8 no refusal without a hearing or an exemption",
			Given:   received(),
			When:    unheard,
			Refused: domain.CodeHearingRequired,
		},
		{
			Name:    "C8 nor after a review that heard nobody",
			Given:   received().takenUp(),
			When:    unheard,
			Refused: domain.CodeHearingRequired,
		},
		{
			Name:  "C7 what is wrong with the form is said first",
			Given: received(),
			When: func(a *housing.Application) ([]domain.Event, error) {
				return a.Refuse(domaintest.Command(), housing.Refuse{Ground: "no_vacancy"})
			},
			Refused: domain.CodeGroundUnknown,
			Field:   "ground",
		},

		{
			Name:    "Q5 who stands on the list is not approved again",
			Given:   received(),
			When:    approve(standing),
			Refused: domain.CodeAlreadyOnList,
			Field:   "applicant_id",
		},
		{
			Name:    "Q5 on a list that was not opened",
			Given:   received(),
			When:    approve(nil),
			Refused: domain.CodeListUnknown,
		},
	})
}

func TestQ3_ThereAreExactlyThreeGrounds(t *testing.T) {
	want := []housing.RefusalGround{housing.UntrueDocuments, housing.NoConsent, housing.RequirementsNotMet}
	inForce := rules.Default().On(domaintest.Today()).Placement.RefusalGrounds
	for _, g := range want {
		if len(inForce) != len(want) || !slices.Contains(inForce, string(g)) {
			t.Errorf("the edition in force has the grounds %v, want %v", inForce, want)
		}
	}
	if !slices.Equal(housing.RefusalGrounds, want) {
		t.Errorf("grounds %v, want %v", housing.RefusalGrounds, want)
	}
}

func TestQ6_SeniorityIsThatOfTheApplicationWheneverItIsDecided(t *testing.T) {
	a := domaintest.Fold[housing.Application](received()...)
	events, err := a.Approve(domaintest.CommandOn("2026-04-10"), opened().fold(), housing.Approve{Examine: found()})
	if err != nil {
		t.Fatal(err)
	}
	e := events[2].(housing.PlacementApproved)
	if want := (housing.Seniority{At: domaintest.Noon(), Position: 100}); e.Seniority.Compare(want) != 0 {
		t.Errorf("seniority %v, want %v", e.Seniority, want)
	}
	if e.RegisteredOn != day("2026-04-10") {
		t.Errorf("registered on %s, the day of the decision is 2026-04-10", e.RegisteredOn)
	}
}

// TestC4_Q4_Q6_WhoFilesAtNightLosesNothing: registered when the office opens,
// with the term and the place of the instant of filing.
func TestC4_Q4_Q6_WhoFilesAtNightLosesNothing(t *testing.T) {
	for _, c := range []struct{ filed, registered, due string }{
		{"2026-03-17T17:59:59", "2026-03-17T17:59:59", "2026-04-16"},
		{"2026-03-17T18:00:00", "2026-03-18T09:00:00", "2026-04-16"},
		{"2026-03-17T23:59:59", "2026-03-18T09:00:00", "2026-04-16"},
		{"2026-03-18T00:00:00", "2026-03-18T09:00:00", "2026-04-17"},
	} {
		at := func(s string) time.Time {
			i, err := time.ParseInLocation("2006-01-02T15:04:05", s, domain.Zone)
			if err != nil {
				t.Fatal(err)
			}
			return i
		}
		cmd := domaintest.Command()
		cmd.Now = at(c.filed)
		got, err := new(housing.Application).Receive(cmd, housing.ReceiveApplication{
			CaseID: caseID, ListID: list, ApplicantID: aigul, Consent: true, Language: domain.Kazakh, Signature: domain.SignatureHandwritten,
		}, domaintest.Fold[housing.List](opened()...), func(domain.PersonID) bool { return true })
		if err != nil {
			t.Fatal(err)
		}
		e := got[0].(housing.ApplicationReceived)
		if !e.ReceivedAt.Equal(at(c.filed)) || !e.RegisteredAt.Equal(at(c.registered)) ||
			domain.DateOf(e.Deadline) != day(c.due) {
			t.Errorf("filed %s: received %s, registered %s, due %s", c.filed, e.ReceivedAt, e.RegisteredAt, e.Deadline)
		}
		if seniority := domaintest.Fold[housing.Application](got...).Completed.At; !seniority.Equal(at(c.filed)) {
			t.Errorf("filed %s: the place is that of %s", c.filed, seniority)
		}
	}
}
