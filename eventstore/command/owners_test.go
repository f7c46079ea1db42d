package command_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/notice"
	"tizilim/domain/residence"
	"tizilim/domain/rules"
	"tizilim/domain/rules/rulestest"
	"tizilim/eventstore/command"
)

// oneOfficial are rules by which a change of owners needs no second official.
func oneOfficial(t testing.TB) rules.Book {
	return rulestest.Book(
		t, "2025-11-30", `"second_official_for":["change_of_owners"]`, `"second_official_for":[]`,
	)
}

// proposeSale proposes other owners of the flat.
func proposeSale(t testing.TB, h *command.Handler, owners ...domain.PersonID) residence.ProposalID {
	t.Helper()
	c := residence.ChangeOwners{On: domaintest.Today(), Basis: domaintest.Basis()}
	for _, o := range owners {
		c.Owners = append(c.Owners, residence.Owner{PersonID: o})
	}
	r := must(t, fmt.Sprint("propose ", owners), func(cmd domain.Command) (command.Receipt, error) {
		return h.ChangeOwners(ctx, cmd, flat, c, command.Options{})
	})
	return r.Events[0].Event.(residence.OwnersChangeProposed).ProposalID
}

// resell gives the flat other owners: one desk proposes it, and another confirms.
func resell(t testing.TB, h *command.Handler, owners ...domain.PersonID) {
	t.Helper()
	id := proposeSale(t, h, owners...)
	must(t, fmt.Sprint("confirm ", owners), func(cmd domain.Command) (command.Receipt, error) {
		cmd.Actor = "desk-8"
		return h.AnswerProposal(ctx, cmd, flat, residence.AnswerProposal{ProposalID: id, Confirm: true}, command.Options{})
	})
}

func TestR5_TheTimerEndsAProposalThatNobodyConfirmed(t *testing.T) {
	l := world(t)
	id := proposeSale(t, newHandler(l), daur)
	n := l.len()
	due := domain.Task{Kind: domain.TaskProposal, Stream: flat.Stream(), Item: id.String()}
	term := 5 * 24 * time.Hour
	for _, now := range []time.Time{clock().Add(term - time.Second), clock().Add(term), clock().Add(2 * term)} {
		timer(l, func() time.Time { return now }, due).Once(ctx)
	}
	if got := typesOf(l.since(n)); !slices.Equal(got, []string{"dwelling: OwnersChangeLapsed"}) {
		t.Errorf("recorded %v", got)
	}
}

func TestR5_WhoLosesADwellingIsToldOfTheProposalAndOfTheChange(t *testing.T) {
	l := telling(t)
	for range 2 {
		notifier(l, book{l}, &post{}, clock).Once(ctx)
	}
	before := len(kindsOf(l.notices(), aigul))
	resell(t, newHandler(l), gulnar)
	for range 2 {
		notifier(l, book{l}, &post{}, clock).Once(ctx)
	}
	if got := kindsOf(l.notices(), aigul)[before:]; len(got) != 2 ||
		!slices.Contains(got, notice.OwnersProposed) || !slices.Contains(got, notice.OwnersChanged) {
		t.Errorf("the former owner is told %v", got)
	}
	if got := kindsOf(l.notices(), gulnar); len(got) != 0 {
		t.Errorf("the new owner is told %v", got)
	}
}

func TestR40_AnOwnerThatIsNoPersonIsNamedByWhoIsRecorded(t *testing.T) {
	l := world(t)
	firm := residence.Owner{Kind: residence.Company, BIN: "160440007161", Name: "Баспана ЖШС"}
	with := func(agent domain.PersonID) residence.Owner {
		o := firm
		o.AgentID, o.Authority = agent, domaintest.Basis()
		return o
	}
	estate := func(of domain.PersonID) residence.Owner {
		return residence.Owner{Kind: residence.Estate, DeceasedID: of}
	}
	must(t, "gulnar dies", func(cmd domain.Command) (command.Receipt, error) {
		return newHandler(l).RecordDeath(ctx, cmd, gulnar, residence.RecordDeath{
			On: domaintest.Today(), Basis: domaintest.Basis(),
		}, command.Options{})
	})
	for _, c := range []struct {
		name  string
		owner residence.Owner
		code  domain.Code
		field string
	}{
		{"R40 a company", firm, "", ""},
		{"R40 an agent who is recorded", with(daur), "", ""},
		{"R40 an agent who is not", with(saule), domain.CodePersonUnknown, "owners[0].agent_id"},
		{"R40 an agent who has died", with(gulnar), domain.CodePersonDead, "owners[0].agent_id"},
		{"R40 the estate of who has died", estate(gulnar), "", ""},
		{"R40 the estate of who lives", estate(daur), domain.CodePersonNotDead, "owners[0].deceased_id"},
		{"R40 the estate of nobody who is recorded", estate(saule), domain.CodePersonUnknown, "owners[0].deceased_id"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := newHandler(l.copy()).RecordDwelling(ctx, envelope("record"), residence.RecordDwelling{
				DwellingID: domaintest.ID[domain.DwellingID]("hut"), Identity: rka(99), Address: "a",
				Owners: []residence.Owner{c.owner},
			}, command.Options{})
			if c.code != "" {
				domaintest.Refused(t, nil, err, c.code, c.field)
			} else if err != nil || len(r.Events) != 3 {
				t.Errorf("%d events, %v", len(r.Events), err)
			}
		})
	}
}

func TestR42_NobodyRegistersByTheConsentOfTheDead(t *testing.T) {
	l := world(t)
	h := newHandler(l)
	resell(t, h, gulnar)
	must(t, "gulnar dies", func(cmd domain.Command) (command.Receipt, error) {
		return h.RecordDeath(ctx, cmd, gulnar, residence.RecordDeath{
			On: domaintest.Today(), Basis: domaintest.Basis(),
		}, command.Options{})
	})
	c := residence.Register{
		RegistrationID: domaintest.ID[domain.RegistrationID]("new"), DwellingID: flat, Kind: residence.Permanent,
		From: domaintest.Today(),
	}
	_, err := h.Register(ctx, envelope("register aigul"), aigul, c, command.Options{})
	domaintest.Refused(t, nil, err, domain.CodeNobodyConsents, "dwelling_id")
	c.ConsentGround = domaintest.Basis()
	if _, err := h.Register(ctx, envelope("register aigul on a paper"), aigul, c, command.Options{}); err != nil {
		t.Error(err)
	}
}
