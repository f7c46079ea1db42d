package residence_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
	"tizilim/domain/rules"
	"tizilim/domain/rules/rulestest"
)

// application is an S001 application with everything that it is judged by.
type application struct {
	cmd      domain.Command
	c        residence.ApplyForDeregistration
	owner    history // the applicant
	dwelling []domain.Event
	persons  []history
	rules    rules.Book
	stated   []domain.PersonID // whose confirmation the desk states
}

// applied is a right one: Aigul, a citizen and the owner, deregisters Daur from
// the flat at a desk of the State Corporation.
func applied(changes ...func(*application)) *application {
	a := &application{
		cmd:      domaintest.Command(),
		owner:    resident(),
		dwelling: append(theFlat(), owners("2020-01-01", residence.Owner{PersonID: aigul, Share: "1/1"})),
		c: residence.ApplyForDeregistration{
			CaseID: caseID, Language: domain.Kazakh, Ground: residence.GroundOwnerApplication, DwellingID: flat,
			ApplicantID: aigul, Signature: domain.SignatureHandwritten,
			Documents: []domain.Document{
				{Type: domain.DocumentIdentityCard, Number: "1", PersonID: aigul},
				{Type: domain.DocumentApplication},
			},
		},
	}
	living(recorded(daur, residence.Citizen, "1985-05-05").permanent(first, flat, "2020-01-01"))(a)
	for _, change := range changes {
		change(a)
	}
	return a
}

func living(persons ...history) func(*application) {
	return func(a *application) {
		a.persons, a.c.Persons = persons, nil
		for _, p := range persons {
			a.c.Persons = append(a.c.Persons, p.person())
		}
		for i, d := range a.c.Documents {
			if d.Type == domain.DocumentApplication {
				a.c.Documents[i].Persons = a.c.Persons
			}
		}
	}
}

func on(g residence.Ground, documents ...domain.Document) func(*application) {
	return func(a *application) {
		a.c.Ground, a.c.Documents = g, documents
		if g == residence.GroundDepartureAbroad {
			guarded(a)
		}
	}
}

// guarded makes the applicant the guardian of those who leave.
func guarded(a *application) {
	for i, p := range a.persons {
		a.persons[i] = p.guardedBy(a.c.ApplicantID)
	}
}

// papers are all the documents that any ground asks for.
func papers(a *application) {
	a.c.Documents = []domain.Document{
		{Type: domain.DocumentIdentityCard, PersonID: aigul},
		{Type: domain.DocumentApplication, Persons: a.c.Persons},
	}
	for _, p := range a.c.Persons {
		a.c.Documents = append(a.c.Documents,
			domain.Document{Type: domain.DocumentExitPermission, PersonID: p},
			domain.Document{Type: domain.DocumentIdentityCard, PersonID: p, Surrendered: true},
			domain.Document{Type: domain.DocumentCourtDecision, PersonID: p, DwellingID: flat, InForceOn: today})
	}
}

func class(c residence.Class) func(*application) {
	return func(a *application) { a.owner = recorded(aigul, c, "1990-01-01") }
}

func through(ch domain.Channel, m domain.SignatureMethod) func(*application) {
	return func(a *application) { a.cmd.Channel, a.c.Signature, a.c.Evidence = ch, m, domaintest.Signed(m, aigul) }
}

func evidence(e domain.Evidence) func(*application) {
	return func(a *application) { a.c.Evidence = e }
}

func (a *application) receive() ([]domain.Event, error) {
	facts := residence.Facts{
		Applicant: a.owner.fold(),
		Dwelling:  domaintest.Fold[residence.Dwelling](a.dwelling...),
		Rules:     a.rules,
	}
	for _, p := range a.persons {
		facts.Persons = append(facts.Persons, p.fold())
	}
	return new(residence.Deregistration).Receive(a.cmd, a.c, facts)
}

// received is the event of an application that is in order.
func (a *application) received() domain.Event {
	return residence.DeregistrationApplied{
		CaseID: caseID, Channel: a.cmd.Channel, Language: a.c.Language, Ground: a.c.Ground, DwellingID: flat,
		ApplicantID: aigul, ApplicantClass: a.owner[0].(residence.PersonRecorded).Class,
		Persons: a.c.Persons, Documents: a.c.Documents, DepartureSheet: a.c.DepartureSheet, Signature: a.c.Signature, Evidence: a.c.Evidence,
		StatedCoOwners: a.stated, ReceivedAt: a.cmd.Now, RegisteredAt: a.cmd.Now, Deadline: a.cmd.Now.Add(30 * time.Minute),
	}
}

// TestC4_R18_FiledOutsideWorkingTime: the registry decides by itself, at any hour, so the
// registration, the 30 minutes and the decision do not contradict each other.
func TestC4_R18_FiledOutsideWorkingTime(t *testing.T) {
	for _, filed := range []string{
		"2026-03-17T08:59:59", // before the office opens
		"2026-03-17T09:00:00",
		"2026-03-17T18:00:00", // when it has closed
		"2026-03-15T12:00:00", // a Sunday
		"2026-03-20T23:00:00", // before Nauryz
	} {
		a := applied(through(domain.ChannelPortal, domain.SignatureEDS))
		a.cmd.Now = instant(filed)
		got, err := a.receive()
		if err != nil {
			t.Fatal(err)
		}
		e := got[0].(residence.DeregistrationApplied)
		if !e.ReceivedAt.Equal(instant(filed)) || !e.RegisteredAt.Equal(instant(filed)) ||
			!e.Deadline.Equal(instant(filed).Add(30*time.Minute)) {
			t.Errorf("filed %s: received %s, registered %s, due %s", filed, e.ReceivedAt, e.RegisteredAt, e.Deadline)
		}
	}
}

func instant(s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02T15:04:05", s, domain.Zone)
	if err != nil {
		panic(err)
	}
	return t
}

// TestR1_Matrix is E.4, whole: who may ask for what through which channel, and
// how such an application is signed (C17).
func TestR1_Matrix(t *testing.T) {
	const eds, hand = domain.SignatureEDS, domain.SignatureHandwritten
	owner, abroad, court := residence.GroundOwnerApplication, residence.GroundDepartureAbroad, residence.GroundCourtDecision
	type place struct {
		class   residence.Class
		channel domain.Channel
	}
	admitted := map[place]map[residence.Ground]domain.SignatureMethod{
		{residence.Citizen, domain.ChannelStateCorp}:                      {owner: hand, abroad: hand, court: hand},
		{residence.Citizen, domain.ChannelPortal}:                         {owner: eds}, // R2
		{residence.PermanentForeigner, domain.ChannelProviderAtStateCorp}: {owner: hand, abroad: hand, court: hand},
		{residence.PermanentStateless, domain.ChannelProviderAtStateCorp}: {
			owner:  hand,
			abroad: hand,
			court:  hand,
		}, // R3
		{residence.Refugee, domain.ChannelProvider}: {
			owner:  hand,
			abroad: hand,
			court:  hand,
		}, // R3
	}
	methods := []domain.SignatureMethod{eds, domain.SignatureOTP, hand, ""}
	for _, cl := range residence.Classes {
		for _, ch := range append(slices.Clone(domain.Channels), domain.ChannelNone) {
			for _, g := range residence.Grounds {
				for _, m := range methods {
					t.Run(fmt.Sprintf("R1 R2 R3 C17 %s %s %s %s", cl, ch, g, m), func(t *testing.T) {
						a := applied(class(cl), papers, through(ch, m), guarded)
						a.c.Ground = g
						got, err := a.receive()
						grounds, open := admitted[place{cl, ch}]
						method, admissible := grounds[g]
						switch {
						case !open:
							domaintest.Refused(t, got, err, domain.CodeChannelNotOpen, "channel")
						case !admissible:
							domaintest.Refused(t, got, err, domain.CodeGroundNotOpen, "ground")
						case m != method:
							domaintest.Refused(t, got, err, domain.CodeSignatureMethod, "signature.method")
						default:
							domaintest.Happened(t, got, err, a.received())
						}
						if slices.Contains(residence.Admissible(cl, g), ch) != admissible {
							t.Errorf("Admissible(%s, %s) = %v", cl, g, residence.Admissible(cl, g))
						}
					})
				}
			}
		}
	}
}

func TestReceiveDeregistration(t *testing.T) {
	const owner, abroad, court = residence.GroundOwnerApplication, residence.GroundDepartureAbroad, residence.GroundCourtDecision
	doc := func(ty domain.DocumentType, p domain.PersonID) domain.Document {
		return domain.Document{Type: ty, PersonID: p}
	}
	surrendered := func(ty domain.DocumentType, p domain.PersonID) domain.Document {
		return domain.Document{Type: ty, PersonID: p, Surrendered: true}
	}
	verdict := func(p domain.PersonID, at domain.DwellingID, force string) domain.Document {
		d := domain.Document{Type: domain.DocumentCourtDecision, PersonID: p, DwellingID: at}
		if force != "" {
			d.InForceOn = day(force)
		}
		return d
	}
	won := func(by domain.PersonID, d domain.Document) domain.Document {
		d.ClaimantID = by
		return d
	}
	exit := doc(domain.DocumentExitPermission, daur)
	forged := domaintest.Signed(domain.SignatureEDS, aigul)
	forged.Text += " "
	born := func(birth string) func(*application) {
		return living(recorded(daur, residence.Citizen, birth).permanent(first, flat, "2020-01-01"))
	}
	of := func(c residence.Class) func(*application) {
		return living(recorded(daur, c, "1985-05-05").permanent(first, flat, "2020-01-01"))
	}
	for _, c := range []struct {
		name    string
		apply   *application
		refused domain.Code
		field   string
	}{
		{"C1 the applicant is a recorded person", applied(func(a *application) { a.owner = history{} }), domain.CodePersonUnknown, "applicant_id"},
		{"R5 the dwelling is recorded", applied(func(a *application) { a.dwelling = nil }), domain.CodeDwellingUnknown, "dwelling_id"},

		{"R1 no ground", applied(on("", applied().c.Documents...)), domain.CodeGroundRequired, "ground"},
		{"R1 a fourth ground", applied(on("fictitious", applied().c.Documents...)), domain.CodeGroundUnknown, "ground"},
		{"R1 a fourth ground, for a refugee", applied(class(residence.Refugee), through(domain.ChannelProvider, domain.SignatureHandwritten), on("fictitious")), domain.CodeGroundUnknown, "ground"},

		{"R4 names nobody", applied(living()), domain.CodeRequired, "persons"},
		{"R4 the owner's identity document", applied(on(owner, doc(domain.DocumentApplication, domain.PersonID{}))), domain.CodeIdentityDocument, "documents"},
		{"R4 not that of somebody else", applied(on(owner, doc(domain.DocumentIdentityCard, daur), doc(domain.DocumentApplication, aigul))), domain.CodeIdentityDocument, "documents"},
		{"R4 not a birth certificate", applied(on(owner, doc(domain.DocumentBirthCertificate, aigul), doc(domain.DocumentApplication, aigul))), domain.CodeIdentityDocument, "documents"},
		{"R4 a passport will do", applied(on(owner, doc(domain.DocumentPassport, aigul), doc(domain.DocumentApplication, daur))), "", ""},
		{"R4 the application itself", applied(on(owner, doc(domain.DocumentIdentityCard, aigul))), domain.CodeApplicationDocument, "documents"},
		{"R4 on the portal the signed request stands for both", applied(through(domain.ChannelPortal, domain.SignatureEDS), on(owner)), "", ""},

		{"R5 not the owner", applied(func(a *application) { a.dwelling = theFlat() }), domain.CodeApplicantNotOwner, "applicant_id"},
		{"R5 no more the owner", applied(func(a *application) {
			a.dwelling = append(a.dwelling, owners("2026-03-14", residence.Owner{PersonID: erlan}))
		}), domain.CodeApplicantNotOwner, "applicant_id"},
		{"R5 one of several owners", applied(func(a *application) {
			a.dwelling = append(a.dwelling, owners("2026-03-14", residence.Owner{PersonID: erlan}, residence.Owner{PersonID: aigul}))
			a.stated = []domain.PersonID{erlan}
		}), "", ""},
		{"C18 on the portal unsigned", applied(through(domain.ChannelPortal, domain.SignatureEDS), on(owner), evidence(domain.Evidence{})), domain.CodeRequired, "signature"},
		{"C18 with the signature of another", applied(through(domain.ChannelPortal, domain.SignatureEDS), on(owner), evidence(domaintest.Signed(domain.SignatureEDS, daur))), domain.CodeSignatureNotApplicants, "signature"},
		{"C16 with the digest of something else", applied(through(domain.ChannelPortal, domain.SignatureEDS), on(owner), evidence(forged)), domain.CodeSignatureMismatch, "signature"},
		{"R5 on the portal too", applied(through(domain.ChannelPortal, domain.SignatureEDS), func(a *application) { a.dwelling = theFlat() }), domain.CodeApplicantNotOwner, "applicant_id"},
		{"R5 R45 the claimant of a court's decision needs no title", applied(func(a *application) { a.dwelling = theFlat() }, on(court, won(aigul, verdict(daur, flat, "2026-03-15")))), "", ""},
		{"R5 a departure needs no title", applied(func(a *application) { a.dwelling = theFlat() }, on(abroad, exit, surrendered(domain.DocumentIdentityCard, daur))), "", ""},
		{"R22 the owner himself", applied(func(a *application) { a.owner = resident().permanent(first, flat, "2020-01-01"); living(a.owner)(a) }), "", ""},

		{"R46 registered elsewhere", applied(living(recorded(daur, residence.Citizen, "1985-05-05").permanent(first, house, "2020-01-01"))), "", ""},
		{"R46 registered nowhere", applied(living(recorded(daur, residence.Citizen, "1985-05-05"))), "", ""},
		{"R46 a stay that is over", applied(living(recorded(daur, residence.Citizen, "1985-05-05").temporary(first, flat, "2025-09-15", "2026-03-15"))), "", ""},
		{"R7 not recorded", applied(func(a *application) {
			a.c.Persons, a.persons = append(a.c.Persons, erlan), append(a.persons, history{})
		}), domain.CodePersonUnknown, "persons[1]"},
		{"R7 named twice", applied(func(a *application) {
			a.c.Persons, a.persons = append(a.c.Persons, daur), append(a.persons, a.persons[0])
		}), domain.CodeNamedTwice, "persons[1]"},

		{"R8 without exit permission", applied(on(abroad, surrendered(domain.DocumentIdentityCard, daur))), domain.CodeExitPermission, "documents"},
		{"R8 exit permission of somebody else", applied(on(abroad, doc(domain.DocumentExitPermission, erlan), surrendered(domain.DocumentIdentityCard, daur))), domain.CodeExitPermission, "documents"},
		{"R8 16 today: the identity card, surrendered", applied(born("2010-03-15"), on(abroad, exit, surrendered(domain.DocumentIdentityCard, daur))), "", ""},
		{"R8 16 today: a passport will not do", applied(born("2010-03-15"), on(abroad, exit, surrendered(domain.DocumentPassport, daur))), domain.CodeIdentityCardSurrender, "documents"},
		{"R8 16 today: shown is not surrendered", applied(born("2010-03-15"), on(abroad, exit, doc(domain.DocumentIdentityCard, daur))), domain.CodeIdentityCardSurrender, "documents"},
		{"R8 16 today: that of somebody else", applied(born("2010-03-15"), on(abroad, exit, surrendered(domain.DocumentIdentityCard, aigul))), domain.CodeIdentityCardSurrender, "documents"},
		{"R8 16 tomorrow: the passport", applied(born("2010-03-16"), on(abroad, exit, doc(domain.DocumentPassport, daur))), "", ""},
		{"R8 16 tomorrow: an identity card will not do", applied(born("2010-03-16"), on(abroad, exit, surrendered(domain.DocumentIdentityCard, daur))), domain.CodePassportOfChild, "documents"},
		{"R8 16 tomorrow: the passport of somebody else", applied(born("2010-03-16"), on(abroad, exit, doc(domain.DocumentPassport, aigul))), domain.CodePassportOfChild, "documents"},
		{"R8 a foreigner surrenders what identifies them", applied(of(residence.PermanentForeigner), on(abroad, exit, surrendered(domain.DocumentResidencePermit, daur))), "", ""},
		{"R8 but surrenders it", applied(of(residence.PermanentForeigner), on(abroad, exit, doc(domain.DocumentResidencePermit, daur))), domain.CodeIdentityCardSurrender, "documents"},

		{"R10 without a decision", applied(on(court)), domain.CodeCourtDecision, "documents"},
		{"R10 about somebody else", applied(on(court, verdict(erlan, flat, "2026-03-15"))), domain.CodeCourtDecision, "documents"},
		{"R10 about another dwelling", applied(on(court, verdict(daur, house, "2026-03-15"))), domain.CodeCourtDecision, "documents"},
		{"R10 another paper of the same content", applied(on(court, domain.Document{Type: domain.DocumentOther, PersonID: daur, DwellingID: flat, InForceOn: today})), domain.CodeCourtDecision, "documents"},
		{"R10 in force today", applied(on(court, verdict(daur, flat, "2026-03-15"))), "", ""},
		{"R10 in force tomorrow", applied(on(court, doc(domain.DocumentOther, daur), verdict(daur, flat, "2026-03-16"))), domain.CodeCourtDecisionNotYet, "documents[1].in_force_on"},
		{"R10 in force nobody knows when", applied(on(court, verdict(daur, flat, ""))), domain.CodeCourtDecisionNotYet, "documents[0].in_force_on"},
		{"R10 the appeal's decision is in force, the first one's never was", applied(on(court, verdict(daur, flat, ""), verdict(daur, flat, "2026-03-01"))), "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.apply.receive()
			if c.refused == "" {
				domaintest.Happened(t, got, err, c.apply.received())
			} else {
				domaintest.Refused(t, got, err, c.refused, c.field)
			}
		})
	}
}

func TestR8_EveryPersonWhoLeavesBringsTheirPapers(t *testing.T) {
	a := applied(living(
		recorded(daur, residence.Citizen, "1985-05-05").permanent(first, flat, "2020-01-01"),
		recorded(erlan, residence.Citizen, "2015-05-05").permanent(again, flat, "2020-01-01"),
	), on(residence.GroundDepartureAbroad,
		domain.Document{Type: domain.DocumentExitPermission, PersonID: daur},
		domain.Document{Type: domain.DocumentIdentityCard, PersonID: daur, Surrendered: true}))
	got, err := a.receive()
	domaintest.Refused(t, got, err, domain.CodeExitPermission, "documents")
	a.c.Documents = append(a.c.Documents, domain.Document{Type: domain.DocumentExitPermission, PersonID: erlan})
	got, err = a.receive()
	domaintest.Refused(t, got, err, domain.CodePassportOfChild, "documents")
	a.c.Documents = append(a.c.Documents, domain.Document{Type: domain.DocumentPassport, PersonID: erlan})
	got, err = a.receive()
	domaintest.Happened(t, got, err, a.received())
}

func TestR23_R46_AnApplicationIsReceivedWhoeverCanBeDeregistered(t *testing.T) {
	here := recorded(daur, residence.Citizen, "1985-05-05").permanent(first, flat, "2020-01-01")
	elsewhere := recorded(erlan, residence.Citizen, "1986-05-05").permanent(again, house, "2020-01-01")
	nowhere := recorded(domaintest.ID[domain.PersonID]("gulnar"), residence.Citizen, "1987-05-05")
	for _, persons := range [][]history{{elsewhere, nowhere, here}, {elsewhere, nowhere}} {
		a := applied(living(persons...))
		got, err := a.receive()
		domaintest.Happened(t, got, err, a.received())
	}
}

func TestR15_ACaseIsReceivedOnceAndDecidedOnce(t *testing.T) {
	a := applied()
	results := []residence.Result{
		{PersonID: daur, Ended: []domain.RegistrationID{first}},
		{PersonID: erlan, Code: domain.CodeNotRegisteredHere, Reason: "not here"},
	}
	decided := residence.DeregistrationDecided{
		CaseID:    caseID,
		Results:   results,
		Edition:   rules.Default().On(today).ID,
		DecidedAt: domaintest.Noon(), ApplicantID: aigul,
	}
	domaintest.Run(t, []domaintest.Spec[residence.Deregistration]{
		{
			Name:  "R15 R23 decided with a result for each person",
			Given: []domain.Event{a.received()},
			When: func(d *residence.Deregistration) ([]domain.Event, error) {
				return d.Decide(domaintest.Command(), results, rules.Book{})
			},
			Then: []domain.Event{decided, refusalOf(erlan, domain.CodeNotRegisteredHere, domaintest.Noon())},
		}, {
			Name:  "R15 not twice",
			Given: []domain.Event{a.received(), decided},
			When: func(d *residence.Deregistration) ([]domain.Event, error) {
				return d.Decide(domaintest.Command(), results, rules.Book{})
			},
			Refused: domain.CodeCaseDecided,
		}, {
			Name:  "C1 received once",
			Given: []domain.Event{a.received()},
			When: func(d *residence.Deregistration) ([]domain.Event, error) {
				return d.Receive(a.cmd, a.c, residence.Facts{})
			},
			Refused: domain.CodeKeyReused,
		},
	})
	if !results[0].Granted() || results[1].Granted() {
		t.Error("the results do not tell who was deregistered")
	}
}

func TestQ10_TheEditionOfTheDayOfTheApplicationJudgesAndIsStored(t *testing.T) {
	book := rulestest.Book(
		t,
		"2026-03-16",
		`"term_minutes": 30`,
		`"term_minutes": 45`,
		`"identity_card": 16`,
		`"identity_card": 14`,
		`"state_corporation": ["handwritten"]`,
		`"state_corporation": ["eds"]`,
	)
	for _, c := range []struct {
		on, edition string
		term        time.Duration
		handwritten domain.Code
	}{
		{on: "2026-03-15", edition: rulestest.Old, term: 30 * time.Minute},
		{on: "2026-03-16", edition: rulestest.New, term: 45 * time.Minute, handwritten: domain.CodeSignatureMethod},
	} {
		a := applied()
		a.cmd = domaintest.CommandOn(c.on)
		a.rules = book
		if _, err := a.receive(); domain.CodeOf(err) != c.handwritten {
			t.Errorf("C17 signed by hand on %s: %v, want %q", c.on, err, c.handwritten)
		}
		if c.handwritten != "" {
			a.c.Signature, a.c.Evidence = domain.SignatureEDS, domaintest.Signed(domain.SignatureEDS, aigul)
		}
		got, err := a.receive()
		if err != nil {
			t.Fatal(err)
		}
		e := got[0].(residence.DeregistrationApplied)
		if term := e.Deadline.Sub(e.ReceivedAt); term != c.term {
			t.Errorf("R18 received on %s: %s, want %s", c.on, term, c.term)
		}
		// A crash lets it be finished a month later: it was judged on the first day.
		later := domaintest.CommandOn("2026-04-20")
		events, err := domaintest.Fold[residence.Deregistration](e).Decide(later, nil, book)
		if err != nil {
			t.Fatal(err)
		}
		if got := events[0].(residence.DeregistrationDecided).Edition; string(got) != c.edition {
			t.Errorf("received on %s, judged by %s, want %s", c.on, got, c.edition)
		}
	}
}

func TestR8_TheAgeOfTheIdentityCardIsThatOfTheEdition(t *testing.T) {
	book := rulestest.Book(t, "2026-03-15", `"identity_card": 16`, `"identity_card": 14`)
	abroad := func(paper domain.Document) *application {
		return applied(
			living(recorded(daur, residence.Citizen, "2012-03-15").permanent(first, flat, "2020-01-01")),
			on(
				residence.GroundDepartureAbroad,
				domain.Document{Type: domain.DocumentExitPermission, PersonID: daur},
				paper,
			),
		)
	}
	passport := domain.Document{Type: domain.DocumentPassport, PersonID: daur}
	card := domain.Document{Type: domain.DocumentIdentityCard, PersonID: daur, Surrendered: true}
	for _, c := range []struct {
		name  string
		paper domain.Document
		rules rules.Book
		want  domain.Code
	}{
		{"R8 at 14 a passport", passport, rules.Book{}, ""},
		{"R8 at 14 no identity card yet", card, rules.Book{}, domain.CodePassportOfChild},
		{"R8 at 14 where cards begin at 14", card, book, ""},
		{"R8 at 14 where cards begin at 14, no passport", passport, book, domain.CodeIdentityCardSurrender},
	} {
		a := abroad(c.paper)
		a.rules = c.rules
		if _, err := a.receive(); domain.CodeOf(err) != c.want {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

func TestR18_ThirtyMinutesFromHandingIn(t *testing.T) {
	a := applied()
	a.cmd.Now = time.Date(2026, 3, 15, 23, 45, 0, 0, domain.Zone)
	got, err := a.receive()
	if err != nil {
		t.Fatal(err)
	}
	e := got[0].(residence.DeregistrationApplied)
	if want := time.Date(2026, 3, 16, 0, 15, 0, 0, domain.Zone); !e.Deadline.Equal(want) ||
		!e.EffectiveAt().Equal(a.cmd.Now) {
		t.Errorf("received %v, deadline %v, want %v", e.EffectiveAt(), e.Deadline, want)
	}
}
