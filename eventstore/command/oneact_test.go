package command_test

import (
	"slices"
	"testing"

	"tizilim/domain"
	"tizilim/domain/notice"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
)

// togetherTold are kinds that one act may send to one person beside each other: they tell of two
// different things.
var togetherTold = [][]notice.Kind{
	{notice.ApplicationReceived, notice.Placed},              // the receipt, and the decision
	{notice.ApplicationReceived, notice.PersonsDeregistered}, // decided when it is received
	{notice.ApplicationReceived, notice.SomeDeregistered},
	{notice.ApplicationReceived, notice.NobodyDeregistered},
	{notice.ApplicationReceived, notice.ConfirmationAsked},
	{notice.ChangeStated, notice.FamilyReviewOpened}, // what was said in their name, to be denied, and what follows from it
	{notice.Provided, notice.Moved},                  // the dwelling, and the residence that was asked for with it
}

// TestC28_OneActIsOneNoticeToAPerson, whatever a client orders.
func TestC28_OneActIsOneNoticeToAPerson(t *testing.T) {
	told := 0
	for _, a := range acts(t) {
		if a.cmd.ID.IsZero() {
			a.cmd = envelope(a.name)
		}
		if err := newHandler(a.log).BeginNotices(ctx); err != nil && domain.CodeOf(err) != domain.CodeNothingChanges {
			t.Fatal(err)
		}
		if _, err := a.on(a.log); domain.CodeOf(err) != a.refuse {
			t.Fatalf("%s: %v", a.name, err)
		}
		n := notifier(a.log, book{a.log}, &post{}, clock)
		for n.Once(ctx) {
		}
		sent := map[domain.PersonID][]notice.Kind{} // all of the act: what was before is not told
		for _, n := range a.log.notices() {
			sent[n.PersonID] = append(sent[n.PersonID], n.Kind)
			told++
		}
		for person, kinds := range sent {
			if len(kinds) > 1 && !slices.ContainsFunc(togetherTold, func(both []notice.Kind) bool {
				return len(kinds) == 2 && slices.Contains(kinds, both[0]) && slices.Contains(kinds, both[1])
			}) {
				t.Errorf("%s sends %s %v", a.name, person, kinds)
			}
		}
	}
	if told < 20 {
		t.Errorf("only %d notices were looked at", told)
	}
}

// TestC28_ACorrectionOfSeveralFactsIsOneNotice, and none of them stays owed.
func TestC28_ACorrectionOfSeveralFactsIsOneNotice(t *testing.T) {
	l := world(t)
	h := newHandler(l)
	if err := h.BeginNotices(ctx); err != nil {
		t.Fatal(err)
	}
	must(t, "daur moves", register(h, daur, house, residence.Permanent, command.Options{}))
	must(t, "correct both", func(cmd domain.Command) (command.Receipt, error) {
		cmd.Role = domain.RoleProvider
		p, err := h.Person(ctx, daur)
		if err != nil {
			t.Fatal(err)
		}
		r, _, err := h.Correct(ctx, cmd, daur, residence.Correct{
			Ground: residence.ClericalError, Reasons: "the day was wrong", Accept: residence.AcceptableConsequences,
			Changes: []residence.Change{
				{Fact: residence.FactName{RegistrationID: p.Registrations[1].ID}, Action: residence.Annul},
				{Fact: residence.FactName{RegistrationID: p.Registrations[0].ID, Ending: true}, Action: residence.Annul},
			},
		}, command.Options{})
		return r, err
	})
	b := book{l}
	n := notifier(l, b, &post{}, clock)
	n.Once(ctx)
	count := 0
	for _, sent := range l.notices() {
		if sent.PersonID == daur && sent.Kind == notice.RecordCorrected {
			count++
		}
	}
	if count != 1 {
		t.Errorf("%d notices of one correction", count)
	}
	if owed, _ := b.OwedNotices(ctx, notice.Debt{}, 100); len(owed) != 0 {
		t.Errorf("still owed: %v", owed)
	}
}
