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
		{residence.PersonRecorded{}, 2},
		{residence.DeregistrationApplied{}, 5},
		{residence.Person{}, 4},
		{residence.Deregistration{}, 5},
		{residence.RecordPerson{}, 2},
		{residence.ContactsConfirmed{}, 2},
		{residence.ConfirmContacts{}, 2},
		{residence.ApplyForDeregistration{}, 5},
		{residence.CoOwnerConfirmed{}, 4},
		{residence.CoOwnerDeclined{}, 4},
		{residence.ConfirmationRevoked{}, 4},
		{residence.AnswerApplication{}, 4},
		{residence.Facts{}, 8},
		{residence.Correction{}, 1},
		{residence.RegistrationInserted{}, 1},
		{residence.RegistrationAnnulled{}, 1},
		{residence.RegistrationCorrected{}, 1},
		{residence.EndingAnnulled{}, 1},
		{residence.EndingCorrected{}, 1},
		{residence.CorrectionAnnulled{}, 1},
		{residence.Correct{}, 13},
		{residence.RegistrationBegan{}, 0},
		{residence.RegistrationEnded{}, 0},
		{residence.DwellingRecorded{}, 0},
		{residence.OwnersChanged{}, 0},
		{residence.DeregistrationDecided{}, 0},
		{residence.Register{}, 12},
		{residence.EndFor{}, 12},
		{residence.Household{}, 12},
		{residence.RecordRepresentative{}, 4},
		{residence.EndRepresentation{}, 1},
		{residence.RepresentationEnded{}, 1},
		{residence.RepresentativeRecorded{}, 0},
		{residence.WardNoted{}, 0},
	} {
		if got := domaintest.AssertMasked(t, c.value); got != c.holds {
			t.Errorf("%T holds %d personal values, want %d", c.value, got, c.holds)
		}
	}
}
