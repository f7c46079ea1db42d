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

// edition in force on the day of the specifications.
var edition = rules.Book{}.On(today).ID

// ownedBy says who owns the flat; Aigul applies.
func ownedBy(others ...domain.PersonID) func(*application) {
	return func(a *application) {
		all := []residence.Owner{{PersonID: aigul}}
		for _, o := range others {
			all = append(all, residence.Owner{PersonID: o})
		}
		a.dwelling = append(theFlat(), owners("2020-01-01", all...))
	}
}

func (a *application) receiveUnder(by rules.Book) ([]domain.Event, error) {
	facts := residence.Facts{
		Applicant: a.owner.fold(),
		Dwelling:  domaintest.Fold[residence.Dwelling](a.dwelling...),
		Rules:     by,
	}
	for _, p := range a.persons {
		facts.Persons = append(facts.Persons, p.fold())
	}
	return new(residence.Deregistration).Receive(a.cmd, a.c, facts)
}

// TestR6_WhoMustConfirm: on the portal the other owners are waited for; at a desk, which has
// seen their confirmations on paper, they are named.
func TestR6_WhoMustConfirm(t *testing.T) {
	portal := through(domain.ChannelPortal, domain.SignatureEDS)
	court := on(
		residence.GroundCourtDecision,
		domain.Document{Type: domain.DocumentCourtDecision, PersonID: daur, DwellingID: flat, InForceOn: today},
	)
	off := rulestest.Book(t, "2025-11-30", `"co_owners_confirm":true`, `"co_owners_confirm":false`)
	others := []domain.PersonID{daur, erlan}
	for _, c := range []struct {
		name           string
		a              *application
		rules          rules.Book
		awaits, states []domain.PersonID
	}{
		{"R6 the other owners, on the portal", applied(portal, ownedBy(daur, erlan)), rules.Book{}, others, nil},
		{"R6 the other owners, at a desk", applied(ownedBy(daur, erlan)), rules.Book{}, nil, others},
		{"R6 nobody where the applicant is the only owner, on the portal", applied(portal, ownedBy()), rules.Book{}, nil, nil},
		{"R6 nobody where the applicant is the only owner, at a desk", applied(ownedBy()), rules.Book{}, nil, nil},
		{"R6 nobody where a court has decided", applied(ownedBy(erlan), court), rules.Book{}, nil, nil},
		{"R6 nobody where the policy is off, on the portal", applied(portal, ownedBy(erlan)), off, nil, nil},
		{"R6 nobody where the policy is off, at a desk", applied(ownedBy(erlan)), off, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			events, err := c.a.receiveUnder(c.rules)
			if err != nil {
				t.Fatal(err)
			}
			e := events[0].(residence.DeregistrationApplied)
			if !slices.Equal(e.CoOwners, c.awaits) || !slices.Equal(e.StatedCoOwners, c.states) {
				t.Fatalf("waits for %v, want %v; states the confirmation of %v, want %v",
					e.CoOwners, c.awaits, e.StatedCoOwners, c.states)
			}
			for _, p := range slices.Concat(c.awaits, c.states) {
				if !slices.Contains(e.Concerns().Persons, p) {
					t.Errorf("the history of %s does not have the application", p)
				}
			}
			noon := domaintest.Noon()
			if waits := len(c.awaits) > 0; waits != e.Deadline.IsZero() ||
				waits != e.ConfirmBy.Equal(domaintest.Day("2026-03-19").Start()) ||
				!waits && !e.Deadline.Equal(noon.Add(30*time.Minute)) {
				t.Errorf("R18 decided by %s, confirmed by %s", e.Deadline, e.ConfirmBy)
			}
		})
	}
}

// The time for an answer to what was filed on Sunday, 15 March, at noon: three days, the last
// one whole.
var (
	confirmBy = domaintest.Day("2026-03-18").Over()
	untilOver = confirmBy.Sub(domaintest.Noon())
)

// waiting is the case of an application that waits for Daur and Erlan; then
// more has happened.
func waiting(t testing.TB, then ...domain.Event) []domain.Event {
	t.Helper()
	events, err := applied(
		through(domain.ChannelPortal, domain.SignatureEDS),
		ownedBy(daur, erlan),
	).receiveUnder(rules.Book{})
	if err != nil {
		t.Fatal(err)
	}
	return append(events, then...)
}

func confirmedBy(p domain.PersonID, deadline ...time.Time) domain.Event {
	e := residence.CoOwnerConfirmed{
		CaseID:      caseID,
		PersonID:    p,
		Signature:   domain.SignatureEDS,
		Evidence:    domaintest.Signed(domain.SignatureEDS, p),
		ConfirmedAt: domaintest.Noon(),
	}
	if len(deadline) > 0 {
		e.Deadline = deadline[0]
	}
	return e
}

func declinedBy(p domain.PersonID) domain.Event {
	return residence.CoOwnerDeclined{
		CaseID:     caseID,
		PersonID:   p,
		Signature:  domain.SignatureEDS,
		Evidence:   domaintest.Signed(domain.SignatureEDS, p),
		DeclinedAt: domaintest.Noon(),
	}
}

func revokedBy(p domain.PersonID) domain.Event {
	return residence.ConfirmationRevoked{
		CaseID:    caseID,
		PersonID:  p,
		Signature: domain.SignatureEDS,
		Evidence:  domaintest.Signed(domain.SignatureEDS, p),
		RevokedAt: domaintest.Noon(),
	}
}

func allRefused(code domain.Code, reason string, at time.Time) []domain.Event {
	return []domain.Event{
		residence.DeregistrationDecided{
			CaseID:    caseID,
			Results:   []residence.Result{{PersonID: daur, Code: code, Reason: reason}},
			Edition:   edition,
			DecidedAt: at, ApplicantID: aigul,
		},
		refusalOf(daur, code, at),
	}
}

// refusalOf is the document of a refusal.
func refusalOf(p domain.PersonID, code domain.Code, at time.Time) domain.Event {
	id := domain.CertificateID{UUID: domain.DeriveID(caseID.UUID, "refusal 0 of "+p.String())}
	return residence.RefusalIssued{
		CaseID: caseID, CertificateID: id, PersonID: p, DwellingID: flat, Code: code, IssuedAt: at,
	}
}

// TestR6_F13_EveryTransitionOfTheCase is the table of [residence.Stage], and
// everything that it forbids.
func TestR6_F13_EveryTransitionOfTheCase(t *testing.T) {
	noon := domaintest.Noon()
	inTime := noon.Add(30 * time.Minute)
	states := map[string][]domain.Event{
		"none": nil,
		"alone": {
			residence.DeregistrationApplied{
				CaseID:      caseID,
				ApplicantID: aigul,
				Persons:     []domain.PersonID{daur},
				ReceivedAt:  noon,
				Deadline:    inTime,
			},
		},
		"silent":   waiting(t),
		"one":      waiting(t, confirmedBy(daur)),
		"revoked":  waiting(t, confirmedBy(daur), revokedBy(daur)),
		"complete": waiting(t, confirmedBy(daur), confirmedBy(erlan, inTime)),
		"declined": append(waiting(t, confirmedBy(daur), declinedBy(erlan)),
			allRefused(domain.CodeCoOwnerDeclined, "a co-owner of the dwelling declined the application", noon)...),
	}
	stages := map[string]residence.Stage{
		"none": residence.StageNone, "alone": residence.StageCarriedOut, "silent": residence.StageAwaitingCoOwners, "one": residence.StageAwaitingCoOwners,
		"revoked": residence.StageAwaitingCoOwners, "complete": residence.StageCarriedOut, "declined": residence.StageDecided,
	}
	dwelling := domaintest.Fold[residence.Dwelling](
		append(
			theFlat(),
			owners(
				"2020-01-01",
				residence.Owner{PersonID: aigul},
				residence.Owner{PersonID: daur},
				residence.Owner{PersonID: erlan},
			),
		)...)
	answer := func(p domain.PersonID, what residence.Answer) func(*residence.Deregistration) ([]domain.Event, error) {
		return func(d *residence.Deregistration) ([]domain.Event, error) {
			return d.Answer(
				domaintest.Command(),
				residence.AnswerApplication{
					PersonID:  p,
					Answer:    what,
					Signature: domain.SignatureEDS,
					Evidence:  domaintest.Signed(domain.SignatureEDS, p),
				},
				dwelling,
			)
		}
	}
	late := domaintest.Command()
	late.Now = confirmBy
	orders := map[string]func(*residence.Deregistration) ([]domain.Event, error){
		"daur confirms":  answer(daur, residence.AnswerConfirm),
		"erlan confirms": answer(erlan, residence.AnswerConfirm),
		"daur declines":  answer(daur, residence.AnswerDecline),
		"erlan declines": answer(erlan, residence.AnswerDecline),
		"daur revokes":   answer(daur, residence.AnswerRevoke),
		"erlan revokes":  answer(erlan, residence.AnswerRevoke),
		"lapse":          func(d *residence.Deregistration) ([]domain.Event, error) { return d.Lapse(late, rules.Book{}) },
		"decide": func(d *residence.Deregistration) ([]domain.Event, error) {
			return d.Decide(domaintest.Command(), []residence.Result{{PersonID: daur}}, rules.Book{})
		},
	}
	declines := func(p domain.PersonID) []domain.Event {
		return append([]domain.Event{declinedBy(p)},
			allRefused(domain.CodeCoOwnerDeclined, "a co-owner of the dwelling declined the application", noon)...)
	}
	lapsed := func(silent ...domain.PersonID) []domain.Event {
		return append([]domain.Event{residence.ConfirmationsLapsed{CaseID: caseID, Silent: silent, LapsedAt: confirmBy}},
			allRefused(domain.CodeCoOwnersSilent,
				"not all co-owners of the dwelling confirmed the application in time; apply again", late.Now)...)
	}
	decided := []domain.Event{
		residence.DeregistrationDecided{
			CaseID:    caseID,
			Results:   []residence.Result{{PersonID: daur}},
			Edition:   edition,
			DecidedAt: noon, ApplicantID: aigul,
		},
	}
	happens := map[string]map[string][]domain.Event{
		"alone": {"decide": decided},
		"silent": {
			"daur confirms": {confirmedBy(daur)}, "erlan confirms": {confirmedBy(erlan)},
			"daur declines": declines(daur), "erlan declines": declines(erlan), "lapse": lapsed(daur, erlan),
		},
		"one": {
			"erlan confirms": {confirmedBy(erlan, inTime)}, "erlan declines": declines(erlan),
			"daur revokes": {revokedBy(daur)}, "lapse": lapsed(erlan),
		},
		"revoked": {
			"daur confirms": {confirmedBy(daur)}, "erlan confirms": {confirmedBy(erlan)},
			"daur declines": declines(daur), "erlan declines": declines(erlan), "lapse": lapsed(daur, erlan),
		},
		"complete": {"decide": decided},
	}
	forbidden := map[string]domain.Code{ // of those that wait, by what is wrong
		"one daur confirms": domain.CodeAnswered, "one daur declines": domain.CodeAnswered, "one erlan revokes": domain.CodeNotConfirmed,
		"silent daur revokes": domain.CodeNotConfirmed, "silent erlan revokes": domain.CodeNotConfirmed,
		"revoked daur revokes": domain.CodeNotConfirmed, "revoked erlan revokes": domain.CodeNotConfirmed,
		"silent decide": domain.CodeAwaitsCoOwners, "one decide": domain.CodeAwaitsCoOwners, "revoked decide": domain.CodeAwaitsCoOwners,
		"none decide": domain.CodeAwaitsCoOwners,
	}
	for state, given := range states {
		if got := domaintest.Fold[residence.Deregistration](given...).Stage(); got != stages[state] {
			t.Errorf("%s is the stage %q", state, got)
		}
		for name, order := range orders {
			t.Run(fmt.Sprintf("R6 %s: %s", state, name), func(t *testing.T) {
				d := domaintest.Fold[residence.Deregistration](given...)
				got, err := order(d)
				if want, ok := happens[state][name]; ok {
					domaintest.Happened(t, got, err, want...)
					return
				}
				code, ok := forbidden[state+" "+name]
				switch {
				case ok:
				case name == "lapse":
					code = domain.CodeNotDue
				case name != "decide" && (state == "none" || state == "alone"):
					code = domain.CodeCaseUnknown
				default:
					code = domain.CodeCaseDecided
				}
				domaintest.Refused(t, got, err, code, "")
			})
		}
	}
}

func TestR6_AnAnswerIsGivenByACoOwnerByEDSAndInTime(t *testing.T) {
	dwelling := domaintest.Fold[residence.Dwelling](
		append(
			theFlat(),
			owners(
				"2020-01-01",
				residence.Owner{PersonID: aigul},
				residence.Owner{PersonID: daur},
				residence.Owner{PersonID: erlan},
			),
		)...)
	answer := func(p domain.PersonID, how domain.SignatureMethod, after time.Duration) func(*residence.Deregistration) ([]domain.Event, error) {
		return func(d *residence.Deregistration) ([]domain.Event, error) {
			cmd := domaintest.Command()
			cmd.Now = cmd.Now.Add(after)
			return d.Answer(
				cmd,
				residence.AnswerApplication{
					PersonID:  p,
					Answer:    residence.AnswerConfirm,
					Signature: how,
					Evidence:  domaintest.Signed(how, p),
				},
				dwelling,
			)
		}
	}
	eds := domain.SignatureEDS
	answerWith := func(p domain.PersonID, e domain.Evidence) func(*residence.Deregistration) ([]domain.Event, error) {
		return func(d *residence.Deregistration) ([]domain.Event, error) {
			return d.Answer(
				domaintest.Command(),
				residence.AnswerApplication{PersonID: p, Answer: residence.AnswerConfirm, Signature: eds, Evidence: e},
				dwelling,
			)
		}
	}
	domaintest.Run(t, []domaintest.Spec[residence.Deregistration]{
		{
			Name:    "R6 not by the applicant",
			Given:   waiting(t),
			When:    answer(aigul, eds, 0),
			Refused: domain.CodeCaseUnknown,
		},
		{
			Name:    "R6 C17 not by a one-time password",
			Given:   waiting(t),
			When:    answer(daur, domain.SignatureOTP, 0),
			Refused: domain.CodeSignatureMethod,
			Field:   "signature.method",
		},
		{
			Name:    "R6 C18 not unsigned",
			Given:   waiting(t),
			When:    answerWith(daur, domain.Evidence{}),
			Refused: domain.CodeRequired,
			Field:   "signature",
		},
		{
			Name:    "R6 C18 not by the signature of another owner",
			Given:   waiting(t),
			When:    answerWith(daur, domaintest.Signed(eds, erlan)),
			Refused: domain.CodeSignatureNotApplicants,
			Field:   "signature",
		},
		{
			Name:    "R6 not when the time is over, noticed or not",
			Given:   waiting(t),
			When:    answer(daur, eds, untilOver),
			Refused: domain.CodeConfirmationLate,
		},
		{
			Name:  "R6 in the last second",
			Given: waiting(t),
			When:  answer(daur, eds, untilOver-time.Second),
			Then: []domain.Event{
				residence.CoOwnerConfirmed{
					CaseID:      caseID,
					PersonID:    daur,
					Signature:   eds,
					Evidence:    domaintest.Signed(eds, daur),
					ConfirmedAt: domaintest.Noon().Add(untilOver - time.Second),
				},
			},
		},
		{
			Name:  "R6 F13 the 30 minutes run from the last confirmation",
			Given: waiting(t, confirmedBy(daur)),
			When:  answer(erlan, eds, 48*time.Hour),
			Then: []domain.Event{
				residence.CoOwnerConfirmed{
					CaseID: caseID, PersonID: erlan, Signature: eds, Evidence: domaintest.Signed(eds, erlan), ConfirmedAt: domaintest.Noon().Add(48 * time.Hour), Deadline: domaintest.Noon().Add(48*time.Hour + 30*time.Minute),
				},
			},
		},
		{
			Name:    "R6 not too early for the timer",
			Given:   waiting(t),
			Refused: domain.CodeNotDue,
			When: func(d *residence.Deregistration) ([]domain.Event, error) {
				cmd := domaintest.Command()
				cmd.Now = cmd.Now.Add(untilOver - time.Second)
				return d.Lapse(cmd, rules.Book{})
			},
		},
	})
}

func TestR5_R6_TitleIsJudgedAtTheLastConfirmation(t *testing.T) {
	for name, c := range map[string]struct {
		owners []domain.PersonID
		code   domain.Code
	}{
		"the applicant has sold":            {[]domain.PersonID{daur, erlan}, domain.CodeApplicantNotOwner},
		"somebody has bought a share":       {[]domain.PersonID{aigul, daur, domaintest.ID[domain.PersonID]("buyer")}, domain.CodeOwnersChanged},
		"a co-owner has sold, who said yes": {[]domain.PersonID{aigul, erlan}, ""},
	} {
		t.Run("R5 R6 "+name, func(t *testing.T) {
			var now []residence.Owner
			for _, o := range c.owners {
				now = append(now, residence.Owner{PersonID: o})
			}
			dwelling := domaintest.Fold[residence.Dwelling](append(theFlat(), owners("2026-03-15", now...))...)
			d := domaintest.Fold[residence.Deregistration](waiting(t, confirmedBy(daur))...)
			events, err := d.Answer(
				domaintest.Command(),
				residence.AnswerApplication{
					PersonID:  erlan,
					Answer:    residence.AnswerConfirm,
					Signature: domain.SignatureEDS,
					Evidence:  domaintest.Signed(domain.SignatureEDS, erlan),
				},
				dwelling,
			)
			if err != nil {
				t.Fatal(err)
			}
			document, refused := events[len(events)-1].(residence.RefusalIssued)
			if refused != (c.code != "") || document.Code != c.code {
				t.Errorf("decided %+v, want the result %q", events, c.code)
			}
		})
	}
}

// TestR22_AnOwnerRemovesThemselves: the application is that of an owner like any
// other, of one person or of several; only title counts, and it is not lost.
func TestR22_AnOwnerRemovesThemselves(t *testing.T) {
	portal := through(domain.ChannelPortal, domain.SignatureEDS)
	home := resident().permanent(first, flat, "2020-01-01")
	stays := recorded(daur, residence.Citizen, "1985-05-05").permanent(first, flat, "2020-01-01")
	at := func(dwelling domain.DwellingID, persons ...history) func(*application) {
		return func(a *application) {
			a.owner = resident().permanent(first, dwelling, "2020-01-01")
			living(persons...)(a)
		}
	}
	for _, c := range []struct {
		name    string
		a       *application
		asked   []domain.PersonID
		refused domain.Code
		field   string
	}{
		{"R22 at a desk", applied(at(flat, home)), nil, "", ""},
		{"R22 on the portal", applied(portal, at(flat, home)), nil, "", ""},
		{"R22 and others", applied(portal, at(flat, home, stays)), nil, "", ""},
		{"R22 others first", applied(portal, at(flat, stays, home)), nil, "", ""},
		{"R22 a stay of the owner", applied(portal, at(flat, resident().temporary(first, flat, "2026-01-01", "2026-06-01"))), nil, "", ""},
		{"R22 R6 the other owner is asked, the one who leaves is not", applied(portal, at(flat, home), ownedBy(erlan)), []domain.PersonID{erlan}, "", ""},
		{"R22 R6 so is an owner who is removed", applied(portal, at(flat, home, stays), ownedBy(daur, erlan)), []domain.PersonID{daur, erlan}, "", ""},
		{"R22 not who was the owner", applied(portal, at(flat, home), func(a *application) {
			a.dwelling = append(a.dwelling, owners("2026-03-14", residence.Owner{PersonID: erlan}))
		}), nil, domain.CodeApplicantNotOwner, "applicant_id"},
		{"R22 R46 who resides elsewhere is refused in the decision", applied(portal, at(house, resident().permanent(first, house, "2020-01-01"))), nil, "", ""},
		{"R46 R6 nor is a co-owner asked for what cannot be", applied(portal, ownedBy(erlan), at(house, resident().permanent(first, house, "2020-01-01"))), nil, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			events, err := c.a.receive()
			if c.refused != "" {
				domaintest.Refused(t, events, err, c.refused, c.field)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			e := events[0].(residence.DeregistrationApplied)
			if e.Ground != residence.GroundOwnerApplication || !slices.Equal(e.Persons, c.a.c.Persons) ||
				!slices.Equal(e.CoOwners, c.asked) {
				t.Errorf("received for %v on the ground %s, asks %v, want %v", e.Persons, e.Ground, e.CoOwners, c.asked)
			}
		})
	}
}
