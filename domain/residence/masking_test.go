package residence_test

import (
	"testing"

	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
)

func TestPersonalValuesOfResidenceNeverPrint(t *testing.T) {
	for _, c := range []struct {
		value any
		holds int // personal values
	}{
		{residence.Person{}, 11},
		{residence.Deregistration{}, 14},
		{residence.RecordPerson{}, 10},
		{residence.PersonData{}, 2},
		{residence.ChangePersonData{}, 37},
		{residence.GiveIIN{}, 4},
		{residence.RecordDeath{}, 36},
		{residence.AnnulDeath{}, 37},
		{residence.StateContacts{}, 5},
		{residence.ApplyForDeregistration{}, 14},
		{residence.AnswerApplication{}, 8},
		{residence.Facts{}, 45},
		{residence.Correction{}, 4},
		{residence.Correct{}, 37},
		{residence.Dwelling{}, 12},
		{residence.RecordDwelling{}, 3},
		{residence.ChangeOwners{}, 6},
		{residence.DescribeDwelling{}, 3},
		{residence.Recode{}, 3},
		{residence.EndDwelling{}, 15},
		{residence.Gone{}, 3},
		{residence.RenameStreet{}, 3},
		{residence.Renaming{}, 3},
		{residence.AnswerProposal{}, 1},
		{residence.Register{}, 51},
		{residence.EndFor{}, 33},
		{residence.Household{}, 33},
		{residence.RecordRepresentative{}, 14},
		{residence.EndRepresentation{}, 37},
	} {
		if got := domaintest.AssertMasked(t, c.value); got != c.holds {
			t.Errorf("%T holds %d personal values, want %d", c.value, got, c.holds)
		}
	}
}
