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
		{housing.ApplicationReceived{}, 5},
		{housing.ApplicationRefused{}, 1},
		{housing.EntryRemoved{}, 1},
		{housing.EntryReinstated{}, 2},
		{housing.Application{}, 7},
		{housing.ReceiveApplication{}, 5},
		{housing.Refuse{}, 2},
		{housing.Remove{}, 2},
		{housing.Reinstate{}, 2},
		{housing.Act{}, 1},
		{housing.InventoryRequested{}, 0},
		{housing.EntryRedated{}, 1},
		{housing.ProtectionRecorded{}, 1},
		{housing.ProtectionLifted{}, 1},
		{housing.NoticeGiven{}, 1},
		{housing.ReviewOpened{}, 1},
		{housing.ReviewClosed{}, 1},
		{housing.ChangeReported{}, 1},
		{housing.Redate{}, 1},
		{housing.Protect{}, 1},
		{housing.GiveNotice{}, 1},
		{housing.Review{}, 1},
		{housing.ReportChange{}, 1},
		{housing.EntryTransferred{}, 0},
		{housing.EntryProvided{}, 0},
		{housing.ProvisionDecided{}, 0},
		{housing.PriorityRuleSet{}, 0},
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
