package command_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
)

// preparing notes whose keys are prepared, before the log is read.
type preparing struct {
	command.DataKeys
	command.Records
	t        *testing.T
	log      *memoryLog
	prepared []uuid.UUID
}

func (p *preparing) PrepareKey(_ context.Context, owner uuid.UUID) {
	if p.log.reads > 0 {
		p.t.Error("the key is prepared only after the state was read")
	}
	p.prepared = append(p.prepared, owner)
}

func TestTheKeyOfANewPersonIsPreparedBeforeTheStateIsRead(t *testing.T) {
	for _, dry := range []bool{true, false} {
		l, person := newLog(), domain.PersonID{UUID: uuid.New()}
		keys := &preparing{t: t, log: l}
		h := newHandler(l, func(c *command.Config) { c.Keys, c.Records = keys, keys })
		if _, err := h.RecordPerson(ctx, envelope("record"), residence.RecordPerson{
			PersonID: person, Name: "Name", BirthDate: domaintest.Day("1990-01-01"), Class: residence.Refugee,
		}, command.Options{DryRun: dry}); err != nil {
			t.Fatal(err)
		}
		if want := !dry; slices.Contains(keys.prepared, person.UUID) != want || len(keys.prepared) > 1 {
			t.Errorf("dry run %t: prepared %v", dry, keys.prepared)
		}
	}
}
