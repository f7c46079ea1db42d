package command_test

import (
	"testing"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
)

func TestR27_AfterADeathTheTimerOpensOneReviewOfEachEntry(t *testing.T) {
	l := world(t)
	e := newErasing(l)
	e.records.matters.Entries = []domain.ListEntry{{ListID: list, EntryID: entryOfDaur}}
	if _, err := e.Handler.RecordDeath(ctx, envelope("death"), daur, residence.RecordDeath{
		On: domain.DateOf(envelope("death").Now), Basis: domain.Basis{
			Type: domain.DocumentOther, Number: "41", IssuedOn: domain.NewDate(2026, 3, 2), Issuer: "АХАЖ",
			SHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
		},
	}, command.Options{}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := e.Handler.Do(ctx, domain.Task{Kind: domain.TaskDeath, Stream: daur.Stream()}); err != nil {
			t.Fatal(err)
		}
	}
	reviews := 0
	for _, rec := range l.stream(list.Stream()) {
		if r, ok := rec.Event.(housing.ReviewOpened); ok && r.Reason == housing.HolderDead {
			reviews++
		}
	}
	p, err := e.Handler.Person(ctx, daur)
	if d, _ := p.Dead(); err != nil || reviews != 1 || !d.Followed {
		t.Errorf("%d reviews, followed: %v, %v", reviews, d.Followed, err)
	}
}
