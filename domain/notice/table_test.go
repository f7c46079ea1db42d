package notice_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"tizilim/domain"
	"tizilim/domain/body"
	"tizilim/domain/certificates"
	"tizilim/domain/domaintest"
	"tizilim/domain/events"
	"tizilim/domain/housing"
	"tizilim/domain/notice"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
)

var (
	daur   = domaintest.ID[domain.PersonID]("daur")
	gulnar = domaintest.ID[domain.PersonID]("gulnar")
	today  = domaintest.Today()
	noon   = domaintest.Noon()
	caseID = domaintest.ID[domain.CaseID]("case")
)

func TestWhomAnEventOwesANotice(t *testing.T) {
	deregistered := residence.Result{PersonID: daur, Ended: []domain.RegistrationID{{}}}
	refused := residence.Result{PersonID: gulnar, Code: domain.CodeNotRegisteredHere}
	decided := func(r ...residence.Result) domain.Event { return residence.DeregistrationDecided{Results: r} }
	applicant := func(k notice.Kind) []notice.Owed { return []notice.Owed{{Kind: k}} }
	decision := notice.Owed{Decision: true}
	with := func(o notice.Owed, k notice.Kind) notice.Owed { o.Kind = k; return o }
	to := func(p domain.PersonID, k notice.Kind) notice.Owed { return notice.Owed{Kind: k, To: p} }

	for _, c := range []struct {
		name  string
		event domain.Event
		owed  []notice.Owed
	}{
		{"APPC 64 the talon", housing.ApplicationReceived{ApplicantID: aigul}, []notice.Owed{to(aigul, notice.ApplicationReceived)}},
		{"R6 the co-owners are asked", residence.DeregistrationApplied{ApplicantID: aigul, CoOwners: []domain.PersonID{daur, gulnar}, ConfirmBy: noon}, []notice.Owed{
			to(aigul, notice.ApplicationReceived),
			{Kind: notice.ConfirmationAsked, To: daur, By: today}, {Kind: notice.ConfirmationAsked, To: gulnar, By: today},
		}},
		{"R6 the co-owners whose confirmation a desk has stated", residence.DeregistrationApplied{ApplicantID: aigul, StatedCoOwners: []domain.PersonID{daur, gulnar}}, []notice.Owed{
			to(aigul, notice.ApplicationReceived), to(daur, notice.CoOwnerStated), to(gulnar, notice.CoOwnerStated),
		}},
		{"R6 declined", residence.CoOwnerDeclined{PersonID: daur}, nil},
		{"R6 lapsed", residence.ConfirmationsLapsed{Silent: []domain.PersonID{daur}}, nil},
		{"R6 the refusal says so", residence.DeregistrationDecided{Results: []residence.Result{{Code: domain.CodeCoOwnersSilent}}},
			[]notice.Owed{{Kind: notice.CoOwnersSilent, Decision: true}}},
		{"R6 as it does of a co-owner who declined", residence.DeregistrationDecided{Results: []residence.Result{{Code: domain.CodeCoOwnerDeclined}}},
			[]notice.Owed{{Kind: notice.CoOwnerDeclined, Decision: true}}},
		{"C3 correction", procedure.CorrectionRequested{Until: today}, []notice.Owed{{Kind: notice.CorrectionRequested, By: today}}},
		{"C3 corrected", procedure.CorrectionReceived{Deadline: noon}, []notice.Owed{{Kind: notice.CorrectionReceived, By: today}}},
		{"C3 returned", procedure.CaseReturned{}, applicant(notice.ApplicationReturned)},
		{"C5 forwarded", procedure.CaseForwarded{}, []notice.Owed{{Kind: notice.Forwarded, Duty: procedure.NoticeOfForwarding}}},
		{"C6 withdrawn", procedure.CaseWithdrawn{}, applicant(notice.Withdrawn)},
		{"C8 hearing", procedure.HearingAnnounced{ObjectUntil: today}, []notice.Owed{{Kind: notice.HearingAnnounced, By: today}}},
		{"C9 extended", procedure.TermExtended{Deadline: noon}, []notice.Owed{{Kind: notice.TermExtended, By: today, Duty: procedure.NoticeOfExtension}}},
		{"C9 overdue", procedure.DeadlinePassed{}, applicant(notice.TermPassed)},
		{"V7 a step is annulled", procedure.StepAnnulled{}, applicant(notice.StepAnnulled)},
		{
			"C23 the silence of co-owners is annulled",
			residence.SilenceAnnulled{Silent: []domain.PersonID{daur}, Annulment: domain.Annulment{Until: today}},
			[]notice.Owed{{Kind: notice.StepAnnulled}, {Kind: notice.ConfirmationAsked, To: daur, By: today}},
		},
		{
			"C23 a review is annulled",
			housing.ReviewAnnulled{PersonID: daur, Annulment: domain.Annulment{Until: today}},
			[]notice.Owed{{Kind: notice.ReviewAnnulled, To: daur, By: today}},
		},
		{"C11 placed", housing.PlacementCertified{}, []notice.Owed{with(decision, notice.Placed)}},
		{"C11 refused", housing.ApplicationRefused{}, []notice.Owed{with(decision, notice.PlacementRefused)}},
		{"C13 terminated", procedure.CaseTerminated{}, []notice.Owed{with(decision, notice.Terminated)}},
		{"C12 complaint", procedure.ComplaintFiled{ComplainantID: daur}, []notice.Owed{to(daur, notice.ComplaintReceived)}},
		{"C12 forwarded", procedure.ComplaintForwarded{DecideBy: today}, []notice.Owed{{Kind: notice.ComplaintForwarded, Complainant: true, By: today}}},
		{"C12 annulled", procedure.ComplaintDecided{Outcome: procedure.Annulled}, []notice.Owed{{Kind: notice.ComplaintSatisfied, Complainant: true}}},
		{"R16 annulled for whom the act touches", procedure.ComplaintDecided{Outcome: procedure.Annulled, Affected: daur}, []notice.Owed{{Kind: notice.DecisionFell}, {Kind: notice.ComplaintSatisfied, Complainant: true}}},
		{"R16 upheld against whom the act touches", procedure.ComplaintDecided{Outcome: procedure.Upheld, Affected: daur}, []notice.Owed{{Kind: notice.ComplaintDismissed, Complainant: true}}},
		{"C12 upheld", procedure.ComplaintDecided{Outcome: procedure.Upheld}, []notice.Owed{{Kind: notice.ComplaintDismissed, Complainant: true}}},
		{"S001-10 R16 all deregistered", decided(deregistered), []notice.Owed{with(decision, notice.PersonsDeregistered), to(daur, notice.YouAreDeregistered)}},
		{"S001-10 R16 R23 some deregistered", decided(refused, deregistered), []notice.Owed{with(decision, notice.SomeDeregistered), to(daur, notice.YouAreDeregistered)}},
		{
			"R22 C28 who removes themselves is told once",
			residence.DeregistrationDecided{ApplicantID: daur, Results: []residence.Result{deregistered}},
			[]notice.Owed{with(decision, notice.PersonsDeregistered)},
		},
		{
			"R22 C28 and the others beside them",
			residence.DeregistrationDecided{ApplicantID: daur, Results: []residence.Result{deregistered, {PersonID: gulnar}}},
			[]notice.Owed{with(decision, notice.PersonsDeregistered), to(gulnar, notice.YouAreDeregistered)},
		},
		{"C11 R23 nobody deregistered", decided(refused), []notice.Owed{with(decision, notice.NobodyDeregistered)}},
		{"R13 a stay ended by its term", residence.RegistrationEnded{PersonID: daur, Reason: residence.TermExpired}, []notice.Owed{to(daur, notice.StayEnded)}},
		{"R12 a move that a desk has recorded", residence.RegistrationEnded{PersonID: daur, Reason: residence.MovedToNewAddress}, []notice.Owed{to(daur, notice.Moved)}},
		{"R19 owners whose consent a desk has stated, each once", residence.RegistrationBegan{PersonID: daur, Consents: []residence.Consent{{PersonID: gulnar}, {PersonID: daur}, {PersonID: gulnar}}}, []notice.Owed{to(gulnar, notice.ConsentStated)}},
		{"R20 both of a representation", residence.RepresentativeRecorded{PersonID: daur, RepresentativeID: gulnar}, []notice.Owed{to(daur, notice.Represents), to(gulnar, notice.Represents)}},
		{"R20 and of its end", residence.RepresentationEnded{PersonID: daur, RepresentativeID: gulnar}, []notice.Owed{to(daur, notice.Represents), to(gulnar, notice.Represents)}},
		{"R27 a death that was a mistake", residence.DeathAnnulled{PersonID: daur}, []notice.Owed{to(daur, notice.DeathAnnulled)}},
		{"R28 another IIN", residence.IINRecorded{PersonID: daur}, []notice.Owed{to(daur, notice.IINChanged)}},
		{"R27 a title of somebody who died", residence.SuccessionAwaited{PersonID: daur, Duty: residence.NewOwners, Others: []domain.PersonID{gulnar}, By: domain.DateOf(noon)}, []notice.Owed{{Kind: notice.OwnersAwaited, To: gulnar, By: domain.DateOf(noon)}}},
		{"R27 a lease of somebody who died", residence.SuccessionAwaited{PersonID: daur, Duty: residence.LeaseAfterDeath, Others: []domain.PersonID{gulnar}}, []notice.Owed{to(gulnar, notice.LeaseAwaits)}},
		{"R27 nothing is awaited of who lives", residence.SuccessionVoided{PersonID: daur}, []notice.Owed{to(daur, notice.SuccessionVoided)}},
		{"R27 a representative who died", residence.RepresentativeDied{PersonID: daur, RepresentativeID: aigul, Others: []domain.PersonID{gulnar}}, []notice.Owed{to(daur, notice.RepresentativeDied), to(gulnar, notice.RepresentativeDied)}},
		{"R27 a representative who lives", residence.RepresentativeLives{PersonID: daur, RepresentativeID: gulnar}, []notice.Owed{to(daur, notice.RepresentativeBack), to(gulnar, notice.RepresentativeBack)}},
		{"R33 two records that were merged", residence.RecordAbsorbed{PersonID: daur, AbsorbedID: gulnar}, []notice.Owed{to(daur, notice.RecordsMerged)}},
		{"R34 a merge that was undone", residence.MergeUndone{PersonID: gulnar, SurvivorID: daur}, []notice.Owed{to(gulnar, notice.MergeUndone), to(daur, notice.MergeUndone)}},
		{"R33 not one that the survivor refused", residence.MergeUndone{PersonID: gulnar, SurvivorID: daur, Code: "x"}, nil},
		{"R49 an application that ended with its applicant", procedure.CaseTerminated{Ground: procedure.ApplicantDied, Others: []domain.PersonID{gulnar}}, []notice.Owed{to(gulnar, notice.ApplicantDied)}},
		{"R49 a complaint that ended with its complainant", procedure.ComplaintDecided{Outcome: procedure.ComplainantDied}, nil},
		{"R49 somebody of the case who died", procedure.PartyDied{PersonID: daur}, []notice.Owed{{Kind: notice.PartyDied}}},
		{"C28 who loses a share and speaks for another owner", residence.OwnersChanged{Former: []residence.Owner{
			{PersonID: gulnar}, {Kind: residence.Company, BIN: "160440007161", AgentID: gulnar},
		}}, []notice.Owed{to(gulnar, notice.OwnersChanged)}},
		{"R36 an owner of a dwelling that ended", residence.DwellingGone{Told: []domain.PersonID{daur}}, []notice.Owed{to(daur, notice.DwellingEnded)}},
		{"C28 an owner who resides there is told of the registration alone", residence.DwellingGone{
			Told: []domain.PersonID{daur, gulnar}, Residents: []residence.ResidentInto{{PersonID: gulnar}},
		}, []notice.Owed{to(daur, notice.DwellingEnded)}},
		{"R27 no notice to the dead", housing.ReviewOpened{PersonID: daur, Reason: housing.HolderDead}, nil},
		{"R24 another name, birth date or class", residence.PersonDataChanged{PersonID: daur}, []notice.Owed{to(daur, notice.PersonDataChanged)}},
		{"C20 a consent that an official states", housing.LookupConsentRenewed{PersonID: daur, ByStaff: true}, []notice.Owed{to(daur, notice.LookupConsentStated)}},
		{"C20 or takes back", housing.LookupConsentWithdrawn{PersonID: daur, ByStaff: true}, []notice.Owed{to(daur, notice.LookupConsentStated)}},
		{"C20 not one of the person's own", housing.LookupConsentWithdrawn{PersonID: daur}, nil},
		{"Q18 a change that an official reports", housing.ChangeReported{PersonID: daur, ByStaff: true}, []notice.Owed{to(daur, notice.ChangeStated)}},
		{"Q18 not one that the holder reports", housing.ChangeReported{PersonID: daur}, nil},
		{"R15 what a case ends, its decision tells", residence.RegistrationEnded{PersonID: daur, Reason: residence.OwnerApplication}, nil},
		{"R14 the past corrected", residence.EndingAnnulled{PersonID: daur}, []notice.Owed{to(daur, notice.RecordCorrected)}},
		{"Q15 removed", housing.EntryRemoved{PersonID: daur}, []notice.Owed{to(daur, notice.Removed)}},
		{"E.5 reinstated", housing.EntryReinstated{PersonID: daur}, []notice.Owed{to(daur, notice.Reinstated)}},
		{"Q17 re-dated", housing.EntryRedated{PersonID: daur}, []notice.Owed{to(daur, notice.Redated)}},
		{"Q16 after a death the new holder", housing.EntryTransferred{From: daur, PersonID: gulnar, Cause: housing.HolderDied}, []notice.Owed{to(gulnar, notice.TransferredToYou)}},
		{"Q16 after a departure both", housing.EntryTransferred{From: daur, PersonID: gulnar, Cause: housing.HolderLeft}, []notice.Owed{
			to(gulnar, notice.TransferredToYou), to(daur, notice.TransferredFromYou),
		}},
		{"Q19 provided", housing.EntryProvided{PersonID: daur}, []notice.Owed{to(daur, notice.Provided)}},
		{"Q34 whose re-dating was undone", housing.RedatingUndone{PersonID: daur}, []notice.Owed{to(daur, notice.RedatingUndone)}},
		{"Q8 whose priority was ended", housing.PriorityEnded{PersonID: daur}, []notice.Owed{to(daur, notice.PriorityEnded)}},
		{"Q35 who had priority by a rule that ended", housing.PriorityEnded{PersonID: daur, ByRule: housing.PriorityOrphan},
			[]notice.Owed{to(daur, notice.PriorityRuleEnded)}},
		{"Q26 who left the list", housing.EntryLeft{PersonID: daur}, []notice.Owed{to(daur, notice.LeftList)}},
		{"Q25 who declined a dwelling", housing.DwellingDeclined{PersonID: daur}, []notice.Owed{to(daur, notice.DwellingDeclined)}},
		{"Q25 or wants it after all", housing.DeclineTakenBack{PersonID: daur}, []notice.Owed{to(daur, notice.DeclineTakenBack)}},
		{"Q37 to whom a dwelling is offered, with the last day", residence.Offered{PersonID: daur, AnswerBy: domaintest.Day("2026-03-30")},
			[]notice.Owed{{Kind: notice.DwellingOffered, To: daur, By: domaintest.Day("2026-03-30")}}},
		{"Q37 and is offered no more", residence.OfferEnded{PersonID: daur, How: residence.OfferTakenBack}, []notice.Owed{to(daur, notice.OfferTakenBack)}},
		{"Q37 who declined it is told of the decline alone", residence.OfferEnded{PersonID: daur, How: residence.OfferDeclined}, nil},
		{"Q37 and who is given it of the provision alone", residence.OfferEnded{PersonID: daur, How: residence.OfferAccepted}, nil},
		{"Q36 whose dwelling leaves the stock", residence.WithdrawnFromStock{Owners: []domain.PersonID{daur}}, []notice.Owed{to(daur, notice.WithdrawnFromStock)}},
		{"Q23 the inventory asks", housing.InventoryRequested{PersonID: daur, AnswerBy: domaintest.Day("2026-03-30")}, []notice.Owed{{Kind: notice.InventoryAsked, To: daur, By: domaintest.Day("2026-03-30")}}},
		{"Q23 the inventory is missing", housing.ReviewOpened{PersonID: daur, Reason: housing.InventoryMissed}, []notice.Owed{to(daur, notice.ConfirmationMissing)}},
		{"Q39 a review after a departure", housing.ReviewOpened{PersonID: daur, Reason: housing.HolderDeparted, DecideBy: domaintest.Day("2026-04-06")},
			[]notice.Owed{to(daur, notice.ReviewOpened)}},
		{"Q40 a review of a changed family, with its last day", housing.ReviewOpened{PersonID: daur, Reason: housing.FamilyReported, DecideBy: domaintest.Day("2026-04-06")},
			[]notice.Owed{{Kind: notice.FamilyReviewOpened, To: daur, By: domaintest.Day("2026-04-06")}}},
		{"Q42 the end of a service, with the last day of the review", housing.ServiceEnded{PersonID: daur, DecideBy: domaintest.Day("2026-04-06")},
			[]notice.Owed{{Kind: notice.ServiceEnded, To: daur, By: domaintest.Day("2026-04-06")}}},
		{"Q42 the end of a service while another review goes on", housing.ServiceEnded{PersonID: daur}, []notice.Owed{to(daur, notice.ServiceEndInReview)}},
		{"Q42 whose review tells nothing more", housing.ReviewOpened{PersonID: daur, Reason: housing.ServiceOver, DecideBy: domaintest.Day("2026-04-06")}, nil},
		{"Q42 the end of a service undone", housing.ServiceEndUndone{PersonID: daur}, []notice.Owed{to(daur, notice.ServiceEndUndone)}},
		{"Q39 a review after a departure is of no changed family", housing.ReviewOpened{PersonID: daur, Reason: housing.HolderDeparted, DecideBy: domaintest.Day("2026-09-15")},
			[]notice.Owed{to(daur, notice.ReviewOpened)}},
		{"Q23 a review", housing.ReviewOpened{PersonID: daur, Reason: housing.Doubt}, []notice.Owed{to(daur, notice.ReviewOpened)}},
		{"a step inside the body", procedure.ReviewBegan{}, nil},
		{"an event that cannot be read", nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := domaintest.Diff(c.owed, notice.Of(c.event)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestQ43_WhatPutsAnEntryBeforeOthersOwesTheCircularOfTheDay, and what puts it before nobody does not.
func TestQ43_WhatPutsAnEntryBeforeOthersOwesTheCircularOfTheDay(t *testing.T) {
	for _, e := range []domain.Event{
		housing.EntryPlaced{Overtakes: 1}, housing.EntryReinstated{Overtakes: 1}, housing.EntryRedated{Overtakes: 1},
		housing.RedatingUndone{Overtakes: 1}, housing.EntryPrioritised{Overtakes: 1},
	} {
		if k, owed := notice.CircularOf(e); !owed || k != notice.NumberWorse {
			t.Errorf("%s owes %q", e.EventType(), k)
		}
	}
	for _, e := range []domain.Event{
		housing.EntryPlaced{}, housing.EntryReinstated{}, housing.EntryRedated{}, housing.RedatingUndone{},
		housing.EntryPrioritised{}, housing.PriorityEnded{}, housing.EntryRemoved{},
	} {
		if k, owed := notice.CircularOf(e); owed {
			t.Errorf("%s owes %q", e.EventType(), k)
		}
	}
}

func TestANoticeHasOneIDForEveryAttempt(t *testing.T) {
	event, another := domaintest.ID[domain.CommandID]("event").UUID, domaintest.ID[domain.CommandID]("another").UUID
	o := notice.Owed{Kind: notice.Placed}
	if got := o.ID(event, aigul).String(); got != "6af4e2c2-8f42-59c7-bb2c-a52a267d2d05" {
		t.Errorf("the id %s is another than that of the notices sent before this release", got)
	}
	ids := map[domain.NoticeID]bool{
		o.ID(event, aigul): true, o.ID(another, aigul): true, o.ID(event, daur): true, notice.Owed{Kind: notice.Removed}.ID(event, aigul): true,
	}
	if len(ids) != 4 {
		t.Errorf("%d ids for four notices", len(ids))
	}
}

// TestC11_EveryEventOwesANoticeOrSaysWhyNone: a new type of event is not taken
// before somebody has decided whom it is to be told to.
func TestC11_EveryEventOwesANoticeOrSaysWhyNone(t *testing.T) {
	lines := map[string]notice.Line{}
	for _, l := range notice.Table {
		lines[l.Event] = l
		if (len(l.Kinds) == 0) != (l.None != "") {
			t.Errorf("%s can owe %v and says why it owes none: %q", l.Event, l.Kinds, l.None)
		}
	}
	for _, ty := range events.All() {
		if _, decided := lines[ty.Name]; !decided {
			t.Errorf("%s has no line in notice.Table", ty.Name)
		}
		delete(lines, ty.Name)
	}
	for name := range lines {
		t.Errorf("%s has a line in notice.Table and is no type of event", name)
	}
}

// TestC11_WhomAnEventOwesANoticeItConcerns: whom an event names as the addressee
// is a subject of it or a party of its case, and so has it in their history.
func TestC11_WhomAnEventOwesANoticeItConcerns(t *testing.T) {
	lines := map[string]notice.Line{}
	for _, l := range notice.Table {
		lines[l.Event] = l
	}
	owed := map[notice.Kind]bool{}
	for _, e := range append(events.Samples(), owing...) {
		c := e.Concerns()
		for _, o := range notice.Of(e) {
			owed[o.Kind] = true
			if !slices.Contains(lines[e.EventType()].Kinds, o.Kind) {
				t.Errorf("%s owes %s, which its line does not list", e.EventType(), o.Kind)
			}
			if !o.FromCase() && !slices.Contains(c.Persons, o.To) && c.Case.IsZero() {
				t.Errorf("%s owes %s to somebody whom it does not concern", e.EventType(), o.Kind)
			}
			if c.Begins && !o.FromCase() && !slices.Contains(c.Persons, o.To) {
				t.Errorf("%s owes %s to somebody who is no party of the case that it begins", e.EventType(), o.Kind)
			}
		}
	}
	for _, e := range append(events.Samples(), owing...) {
		if k, circulates := notice.CircularOf(e); circulates {
			owed[k] = true
		}
	}
	for _, l := range notice.Table {
		for _, k := range l.Kinds {
			if !owed[k] {
				t.Errorf("no event of this test owes %s, which %s lists", k, l.Event)
			}
		}
	}
}

// ownersOfTwoKinds are an owner in person and one for whom an agent speaks.
var ownersOfTwoKinds = []residence.Owner{{PersonID: daur}, {Kind: residence.Company, BIN: "160440007161", AgentID: gulnar}}

// owing are events that owe every kind of notice.
var owing = []domain.Event{
	residence.DeregistrationApplied{
		CaseID:      caseID,
		ApplicantID: aigul,
		CoOwners:    []domain.PersonID{daur},
		ConfirmBy:   noon,
	},
	residence.DeregistrationApplied{CaseID: caseID, ApplicantID: aigul, StatedCoOwners: []domain.PersonID{daur}},
	procedure.CaseTerminated{CaseID: caseID, Ground: procedure.ApplicantDied, Others: []domain.PersonID{daur}},
	procedure.PartyDied{CaseID: caseID}, procedure.PartyLives{CaseID: caseID},
	residence.DeregistrationDecided{CaseID: caseID, Results: []residence.Result{{Code: domain.CodeCoOwnerDeclined}}},
	residence.DeregistrationDecided{CaseID: caseID, Results: []residence.Result{{Code: domain.CodeCoOwnersSilent}}},
	residence.DeregistrationDecided{CaseID: caseID, Results: []residence.Result{{PersonID: daur}}},
	residence.DeregistrationDecided{CaseID: caseID, Results: []residence.Result{{PersonID: daur}, {Code: "x"}}},
	residence.DeregistrationDecided{CaseID: caseID, Results: []residence.Result{{Code: "x"}}},
	residence.RegistrationEnded{PersonID: daur, Reason: residence.MovedToNewAddress},
	residence.RegistrationBegan{PersonID: aigul, Consents: []residence.Consent{{PersonID: daur}}},
	residence.RepresentativeRecorded{PersonID: aigul, RepresentativeID: daur},
	residence.RepresentationEnded{PersonID: aigul, RepresentativeID: daur},
	residence.PersonDataChanged{PersonID: aigul}, residence.DeathAnnulled{PersonID: aigul}, residence.IINRecorded{PersonID: aigul},
	residence.SuccessionAwaited{PersonID: daur, Duty: residence.NewOwners, Others: []domain.PersonID{aigul}, By: domain.DateOf(noon)},
	residence.SuccessionAwaited{PersonID: daur, Duty: residence.LeaseAfterDeath, Others: []domain.PersonID{aigul}, By: domain.DateOf(noon)},
	residence.SuccessionVoided{PersonID: aigul}, residence.RepresentativeDied{PersonID: aigul}, residence.RepresentativeLives{PersonID: aigul, RepresentativeID: daur},
	residence.RecordAbsorbed{PersonID: aigul}, residence.MergeUndone{PersonID: daur, SurvivorID: aigul},
	housing.LookupConsentWithdrawn{PersonID: daur, ByStaff: true},
	housing.LookupConsentRenewed{PersonID: daur, ByStaff: true}, housing.ChangeReported{PersonID: daur, ByStaff: true},
	residence.RegistrationEnded{
		PersonID: daur,
		Reason:   residence.TermExpired,
	}, residence.EndingCorrected{PersonID: daur}, residence.LeaseEnded{PersonID: daur},
	procedure.CorrectionRequested{
		Until: today,
	}, procedure.CorrectionReceived{Deadline: noon}, procedure.CaseReturned{}, procedure.CaseForwarded{},
	procedure.HearingAnnounced{
		ObjectUntil: today,
	}, procedure.TermExtended{Deadline: noon}, procedure.StepAnnulled{}, housing.RequestAnnulled{PersonID: daur},
	housing.ReviewAnnulled{PersonID: daur, Annulment: domain.Annulment{Until: today}}, housing.ConsentExpiryAnnulled{PersonID: daur},
	residence.LapseAnnulled{Former: []residence.Owner{{PersonID: daur}}},
	procedure.DeadlinePassed{}, procedure.CaseWithdrawn{}, procedure.CaseTerminated{}, certificates.Corrected{},
	procedure.ComplaintFiled{
		CaseID:        caseID,
		ComplainantID: daur,
	}, procedure.ComplaintWithdrawn{CaseID: caseID, ComplainantID: daur}, procedure.CourtActRecorded{}, procedure.ComplaintForwarded{DecideBy: today}, procedure.ComplaintDecided{Outcome: procedure.Upheld}, procedure.ComplaintDecided{Outcome: procedure.Satisfied},
	procedure.ComplaintDecided{Outcome: procedure.Satisfied, Affected: daur},
	housing.PlacementCertified{}, housing.ApplicationRefused{}, housing.EntryRemoved{PersonID: daur}, housing.EntryReinstated{PersonID: daur}, housing.EntryRedated{PersonID: daur},
	housing.EntryTransferred{
		From:     daur,
		PersonID: gulnar,
		Cause:    housing.HolderLeft,
	}, housing.EntryPrioritised{PersonID: daur}, housing.PriorityEnded{PersonID: daur}, housing.RedatingUndone{PersonID: daur},
	housing.PriorityEnded{PersonID: daur, ByRule: housing.PriorityOrphan},
	housing.EntryLeft{PersonID: daur}, housing.DwellingDeclined{PersonID: daur}, housing.DeclineTakenBack{PersonID: daur},
	housing.ProtectionLifted{
		PersonID: daur,
	}, housing.ReviewOpened{PersonID: daur, Reason: housing.InventoryMissed}, housing.ReviewOpened{PersonID: daur},
	housing.ReviewOpened{PersonID: daur, Reason: housing.FamilyReported, DecideBy: today},
	housing.ServiceEnded{PersonID: daur, DecideBy: today}, housing.ServiceEnded{PersonID: daur},
	housing.ServiceEndUndone{PersonID: daur},
	housing.ReviewClosed{
		PersonID: daur,
	}, housing.EntryProvided{PersonID: daur}, housing.InventoryRequested{PersonID: daur, AnswerBy: today},
	residence.ContactsStated{PersonID: daur, FormerPhone: "+77010000000"},
	housing.ApplicationReceived{ApplicantID: daur, Consenting: []domain.PersonID{aigul}}, housing.MemberDeclined{},
	residence.OwnersChangeProposed{Former: ownersOfTwoKinds},
	residence.DwellingGone{Told: []domain.PersonID{aigul}},
	residence.RegistrationEnded{PersonID: aigul, Reason: residence.DwellingReplaced},
	residence.DwellingDescribed{Told: []domain.PersonID{aigul}},
	residence.DwellingRecoded{Told: []domain.PersonID{aigul}},
	residence.OwnersChanged{Former: ownersOfTwoKinds},
	residence.OwnersCorrected{Former: ownersOfTwoKinds},
	residence.OwnersChangeDeclined{Owners: ownersOfTwoKinds},
	residence.TakenIntoStock{Owners: []domain.PersonID{daur}},
	residence.WithdrawnFromStock{Owners: []domain.PersonID{daur}},
	residence.Offered{PersonID: daur, AnswerBy: today}, residence.OfferEnded{PersonID: daur, How: residence.OfferTakenBack},
	housing.EntryPlaced{Overtakes: 1}, housing.EntryReinstated{PersonID: daur, Overtakes: 1}, housing.EntryRedated{PersonID: daur, Overtakes: 1},
	housing.RedatingUndone{PersonID: daur, Overtakes: 1}, housing.EntryPrioritised{PersonID: daur, Overtakes: 1},
	body.Renamed{}, body.Ended{SuccessorID: domaintest.ID[domain.BodyID]("heir")},
}

// kinds are all that the events owe.
func kinds(t *testing.T) map[notice.Kind]notice.Owed {
	t.Helper()
	found := map[notice.Kind]notice.Owed{}
	for _, e := range owing {
		owed := notice.Of(e)
		if k, circulates := notice.CircularOf(e); circulates {
			o := notice.Owed{Kind: k}
			if k == notice.NumberWorse { // the circular of a day
				o.By = today
			}
			owed = append(owed, o)
		}
		if len(owed) == 0 {
			t.Fatalf("%T owes nothing", e)
		}
		for _, o := range owed {
			found[o.Kind] = o
		}
	}
	return found
}

func TestEveryKindHasATextInThreeLanguages(t *testing.T) {
	kazakh := regexp.MustCompile(`[әғқңөұүһіӘҒҚҢӨҰҮҺІ]`)
	onlyRussian := regexp.MustCompile(`[әғқңөұүһі]|[A-Za-z]`)
	seen := map[string]notice.Kind{}
	for k, o := range kinds(t) {
		for _, l := range []domain.Language{domain.Kazakh, domain.Russian, domain.English} {
			text := k.Text(l, o.By)
			said, _, _ := strings.Cut(text, ". ")
			switch {
			case utf8.RuneCountInString(said) < 15:
				t.Errorf("%s in %s says %q", k, l, text)
			case strings.Count(text, "олығырақ")+strings.Count(text, "одробн")+strings.Count(text, "More ") != 1:
				t.Errorf("%s in %s does not say once where more is: %s", k, l, text)
			case strings.Contains(text, "{"):
				t.Errorf("%s in %s leaves a gap: %s", k, l, text)
			case !o.By.IsZero() && !strings.Contains(text, "15.03.2026"):
				t.Errorf("%s in %s does not name the day: %s", k, l, text)
			case l == domain.Kazakh && !kazakh.MatchString(said), l == domain.Russian && onlyRussian.MatchString(text),
				l == domain.English && regexp.MustCompile(`[А-я]`).MatchString(text):
				t.Errorf("%s in %s is not of that language: %s", k, l, text)
			}
			if before, twice := seen[text]; twice {
				t.Errorf("%s and %s read the same in %s", before, k, l)
			}
			seen[text] = k
		}
	}
	if all := len(notice.Kinds()); len(seen) != 3*all {
		t.Errorf("%d texts were looked at, of %d kinds", len(seen), all)
	}
	if got := notice.Placed.Text("", domain.Date{}); got != notice.Placed.Text(domain.Kazakh, domain.Date{}) {
		t.Errorf("without a language it is %q", got)
	}
}

func TestC11_AnImportedFactOwesNoNotice(t *testing.T) {
	rec := domain.Recorded{Event: procedure.TermExtended{Deadline: time.Date(2026, 4, 14, 19, 0, 0, 0, time.UTC)}}
	if len(notice.OwedBy(rec)) == 0 {
		t.Fatal("the event owes nothing, so the test shows nothing")
	}
	rec.Meta.Imported = &domain.Imported{Source: "register"}
	if owed := notice.OwedBy(rec); len(owed) != 0 {
		t.Errorf("owed are %v", owed)
	}
}

func TestC11_TheDayIsThatOfTheZone(t *testing.T) {
	o := notice.Of(procedure.TermExtended{Deadline: time.Date(2026, 4, 14, 19, 0, 0, 0, time.UTC)})[0] // 00:00 of the 15th in UTC+5
	if got := o.Kind.Text(domain.English, o.By); !strings.Contains(got, "to 15.04.2026.") {
		t.Error(got)
	}
}
