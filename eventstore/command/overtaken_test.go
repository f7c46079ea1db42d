package command_test

import (
	"context"
	"testing"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
)

// overtaking are records that are looked at while another application of the person is granted.
type overtaking struct {
	command.Records
	grant func()
}

func (r *overtaking) Naming(context.Context, domain.PersonID) (residence.Naming, error) {
	if r.grant != nil {
		grant := r.grant
		r.grant = nil
		grant()
	}
	return residence.Naming{Entries: []domain.ListEntry{{ListID: list, EntryID: housing.EntryOf(caseOfAigul)}}}, nil
}

// TestQ28_WhoStandsOnTheListIsToldSo, also where the records show the entry before the list does:
// two applications of one person are granted at the same moment.
func TestQ28_WhoStandsOnTheListIsToldSo(t *testing.T) {
	l := world(t)
	must(t, "aigul applies again", apply(newHandler(l), secondOfAigul, aigul))
	records := &overtaking{grant: func() { must(t, "the first is granted", approve(newHandler(l), caseOfAigul)) }}
	h := newHandler(l, func(c *command.Config) { c.Records = records })
	_, err := approve(h, secondOfAigul)(envelope("the second is granted"))
	if domain.CodeOf(err) != domain.CodeAlreadyOnList {
		t.Errorf("the second is answered with %v", err)
	}
	if records.grant != nil {
		t.Error("the records were not looked at")
	}
}
