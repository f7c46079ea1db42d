package main

import (
	"context"
	"fmt"
	"time"

	"tizilim/domain"
)

// residenceAct is the first act: the register of residence.
type residenceAct struct {
	*storyteller
	today domain.Date

	aigul, bolat                        person // the owners of home
	saule, dauren, ermek, zhanna, timur person // registered at home
	yusuf, mariam                       person // refugees
	home, flat, house                   domain.DwellingID
}

func (t *storyteller) residence(ctx context.Context) error {
	a := &residenceAct{storyteller: t, today: domain.DateOf(time.Now())}
	return inOrder(ctx, a.dwellings, a.registrations, a.applicationOfOwner, a.applicationOfRefugee,
		a.courtDecision, a.departure, a.histories)
}

func (a *residenceAct) dwellings(ctx context.Context) (err error) {
	a.title("1. A dwelling with two co-owners")
	for _, p := range []struct {
		into               *person
		name, birth, class string
		withIIN            bool
	}{
		{&a.aigul, "Айгүл Серікқызы", "1979-02-11", "citizen", true},
		{&a.bolat, "Болат Әбенов", "1975-10-30", "citizen", true},
		{&a.saule, "Сәуле Қанатқызы", "1998-04-02", "citizen", true},
		{&a.dauren, "Дәурен Оспанов", "1990-12-24", "citizen", true},
		{&a.ermek, "Ермек Тілеуов", "1986-07-19", "citizen", true},
		{&a.zhanna, "Жанна Ибраева", "1993-01-08", "citizen", true},
		{&a.timur, "Тимур Ахметов", "2001-09-15", "citizen", true},
		{&a.yusuf, "Юсуф Рахими", "1988-03-03", "refugee", false},
		{&a.mariam, "Мариам Рахими", "1991-06-21", "refugee", false},
	} {
		if *p.into, err = a.record(ctx, p.name, p.birth, p.class, p.withIIN); err != nil {
			return err
		}
	}
	a.home, err = a.dwelling(
		ctx, "Астана, Мәңгілік Ел даңғылы, 8-үй, 12-пәтер", owns(a.aigul, "1/2"), owns(a.bolat, "1/2"),
	)
	if err != nil {
		return err
	}
	a.flat, err = a.dwelling(ctx, "Алматы, Абай даңғылы, 150-үй, 3-пәтер", owns(a.dauren, "1/1"))
	if err != nil {
		return err
	}
	a.house, err = a.dwelling(ctx, "Шымкент, Тәуке хан даңғылы, 41-үй", owns(a.yusuf, "1/1"))
	if err != nil {
		return err
	}
	a.say("%s: %s and %s own a half each", a.names[a.home.String()], a.aigul.name, a.bolat.name)
	return nil
}

func (a *residenceAct) registrations(ctx context.Context) error {
	a.title("2. Four persons are registered, one moves, one is registered temporarily")
	for i, p := range []person{a.saule, a.dauren, a.ermek, a.zhanna} {
		if _, err := a.register(ctx, p, a.home, a.today.AddMonths(-24+i), domain.Date{}); err != nil {
			return err
		}
	}
	moved, err := a.register(ctx, a.dauren, a.flat, a.today.AddDays(-3), domain.Date{})
	if err != nil {
		return err
	}
	if len(moved.Ended) != 1 || len(moved.Events) != 2 {
		return fmt.Errorf("the move ended %d registrations in %d events, expected one in two",
			len(moved.Ended), len(moved.Events))
	}
	a.say("%s moved: one append ended the old registration and began the new one", a.dauren.name)
	if _, err := a.register(ctx, a.timur, a.home, a.today.AddDays(-30), a.today.AddMonths(6)); err != nil {
		return err
	}
	return a.residents(ctx, a.home, a.saule, a.ermek, a.zhanna, a.timur)
}

func (a *residenceAct) applicationOfOwner(ctx context.Context) error {
	a.title("3. An owner deregisters two persons by one application on the portal, and the co-owner confirms")
	if err := a.deregister(ctx, citizen(a.aigul.id), map[string]any{
		"channel": "portal", "ground": "owner_application", "dwelling_id": a.home, "applicant_id": a.aigul.id,
		"signature": map[string]any{"method": "eds"},
	}, a.saule, a.timur); err != nil {
		return err
	}
	if err := a.notified(ctx, a.aigul, a.lastCase); err != nil {
		return err
	}
	a.say("%s is notified in her personal account, and so are they", a.aigul.name)
	return nil
}

func (a *residenceAct) applicationOfRefugee(ctx context.Context) error {
	a.title("4. A refugee, through the provider")
	for _, p := range []person{a.yusuf, a.mariam} {
		if _, err := a.register(ctx, p, a.house, a.today.AddMonths(-5), domain.Date{}); err != nil {
			return err
		}
	}
	return a.deregister(ctx, as(domain.RoleProvider), map[string]any{
		"channel": "provider", "ground": "owner_application", "dwelling_id": a.house, "applicant_id": a.yusuf.id,
		"documents": []map[string]any{
			{"type": "refugee_certificate", "number": "БК 000001", "person_id": a.yusuf.id},
			{"type": "application", "number": "1", "person_id": a.mariam.id},
		},
		"signature": map[string]any{"method": "handwritten"},
	}, a.mariam)
}

func (a *residenceAct) courtDecision(ctx context.Context) error {
	a.title("5. A court decision")
	return a.deregister(ctx, as(domain.RoleOperator), map[string]any{
		"channel": "state_corporation", "ground": "court_decision", "dwelling_id": a.home, "applicant_id": a.bolat.id,
		"documents": []map[string]any{{
			"type": "court_decision", "number": "7119-26-00-2/1", "person_id": a.ermek.id, "dwelling_id": a.home,
			"in_force_on": a.today.AddDays(-10),
		}},
		"signature": map[string]any{"method": "handwritten"},
	}, a.ermek)
}

func (a *residenceAct) departure(ctx context.Context) error {
	a.title("6. A departure abroad, with a departure sheet")
	if err := a.deregister(ctx, as(domain.RoleOperator), map[string]any{
		"channel": "state_corporation", "ground": "departure_abroad", "dwelling_id": a.home, "applicant_id": a.zhanna.id,
		"documents": []map[string]any{
			{"type": "exit_permission", "number": "71-0042", "person_id": a.zhanna.id},
			{"type": "identity_card", "number": "040000001", "person_id": a.zhanna.id, "surrendered": true},
		},
		"departure_sheet": true, "signature": map[string]any{"method": "handwritten"},
	}, a.zhanna); err != nil {
		return err
	}
	if err := a.issued(ctx, citizen(a.zhanna.id), a.lastCase, "talon", "departure_sheet"); err != nil {
		return err
	}
	if err := a.residents(ctx, a.home); err != nil {
		return err
	}
	return a.residents(ctx, a.house, a.yusuf)
}

func (a *residenceAct) histories(ctx context.Context) error {
	a.title("7. The history of %s, from the log", a.dauren.name)
	if err := a.showHistory(ctx, "/v1/persons/"+a.dauren.id.String()+"/history",
		"PersonRecorded", "OwnersChanged", "RegistrationBegan", "RegistrationEnded", "RegistrationBegan"); err != nil {
		return err
	}
	a.title("8. The history of %s, from the log", a.names[a.home.String()])
	return a.showHistory(
		ctx,
		"/v1/dwellings/"+a.home.String()+"/history",
		"DwellingRecorded",
		"OwnersChanged",
		"RegistrationBegan",
		"RegistrationBegan",
		"RegistrationBegan",
		"RegistrationBegan", // four are registered
		"RegistrationEnded",
		"RegistrationBegan", // one moves, one is registered temporarily
		"DeregistrationApplied",
		"CoOwnerConfirmed",
		"RegistrationEnded",
		"RegistrationEnded", // the owner's application
		"DeregistrationDecided",
		"DecisionNotified",
		"DeregistrationApplied",
		"RegistrationEnded",
		"DeregistrationDecided", // the court's decision
		"DeregistrationApplied",
		"RegistrationEnded",
		"DeregistrationDecided",
		"DepartureSheetIssued",
	) // the departure
}
