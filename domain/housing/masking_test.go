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
		{housing.ApplicationReceived{}, 1},
		{housing.ApplicationRefused{}, 1},
		{housing.EntryRemoved{}, 1},
		{housing.EntryReinstated{}, 1},
		{housing.Application{}, 3},
		{housing.ReceiveApplication{}, 1},
		{housing.Refuse{}, 2},
		{housing.Remove{}, 1},
		{housing.Reinstate{}, 1},
		{housing.ListOpened{}, 0},
		{housing.EntryPlaced{}, 0},
		{housing.PlacementApproved{}, 0},
		{housing.ApprovalVoided{}, 0},
		{housing.PlacementCertified{}, 0},
		{housing.Entry{}, 0},
	} {
		if got := domaintest.AssertMasked(t, c.value); got != c.holds {
			t.Errorf("%T holds %d personal values, want %d", c.value, got, c.holds)
		}
	}
}
