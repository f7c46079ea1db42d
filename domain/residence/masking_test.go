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
		{residence.Person{}, 4},
		{residence.Deregistration{}, 5},
		{residence.RecordPerson{}, 2},
		{residence.ConfirmContacts{}, 2},
		{residence.ApplyForDeregistration{}, 5},
		{residence.AnswerApplication{}, 4},
		{residence.Facts{}, 8},
		{residence.Correction{}, 1},
		{residence.Correct{}, 13},
		{residence.Register{}, 12},
		{residence.EndFor{}, 12},
		{residence.Household{}, 12},
		{residence.RecordRepresentative{}, 4},
		{residence.EndRepresentation{}, 1},
	} {
		if got := domaintest.AssertMasked(t, c.value); got != c.holds {
			t.Errorf("%T holds %d personal values, want %d", c.value, got, c.holds)
		}
	}
}
