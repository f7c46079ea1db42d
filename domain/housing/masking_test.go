package housing_test

import (
	"testing"

	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
)

func TestPersonalValuesOfHousingNeverPrint(t *testing.T) {
	for _, c := range []struct {
		value any
		holds int // personal values
	}{
		{housing.Examine{}, 2},
		{housing.Application{}, 31},
		{housing.OrderStatement{}, 1},
		{housing.ReceiveApplication{}, 20},
		{housing.AnswerAsMember{}, 3},
		{housing.ChangeConsent{}, 3},
		{housing.Refuse{}, 5},
		{housing.Approve{}, 4},
		{housing.Provide{}, 4},
		{housing.Transfer{}, 7},
		{housing.Accept{}, 1},
		{housing.Remove{}, 2},
		{housing.Reinstate{}, 2},
		{housing.Act{}, 1},
		{housing.Redate{}, 1},
		{housing.Protect{}, 1},
		{housing.GiveNotice{}, 1},
		{housing.Review{}, 2},
		{housing.ReportChange{}, 8},
		{housing.ServiceStated{}, 5},
		{housing.EndService{}, 4},
		{housing.UndoServiceEnd{}, 4},
		{housing.Entry{}, 0},
	} {
		if got := domaintest.AssertMasked(t, c.value); got != c.holds {
			t.Errorf("%T holds %d personal values, want %d", c.value, got, c.holds)
		}
	}
}
