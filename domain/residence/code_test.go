package residence_test

import (
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
)

func TestR30_CodesAreComparedInOneWrittenForm(t *testing.T) {
	want := residence.Identity{RKA: "0201300012345678", CadastralNumber: "21:318:027:А1", KATO: "711310000"}
	for _, typed := range []residence.Identity{
		want,
		{RKA: "0201 3000 1234 5678", CadastralNumber: " 21:318:027:а1", KATO: "711310000"},
		{RKA: " 0201300012345678 ", CadastralNumber: "21 : 318 : 027 : А1", KATO: "711310000"},
		{RKA: want.RKA, CadastralNumber: "21:318:027:A1", KATO: "711310000"}, // a Latin letter
		{RKA: want.RKA, CadastralNumber: "21:318:027:a1", KATO: "711310000"}, // a small one
		{RKA: want.RKA, CadastralNumber: "２１：318：027：А１", KATO: "711310000"}, // wide signs
	} {
		if got, err := typed.Written(); err != nil || got != want {
			t.Errorf("%+v is written as %+v, %v", typed, got, err)
		}
	}
	for _, dash := range []string{"‐", "‑", "–", "—", "−"} {
		if got, err := residence.ParseCadastralNumber("21" + dash + "318"); err != nil || got != "21-318" {
			t.Errorf("the dash %q is written as %q, %v", dash, got, err)
		}
	}
	same := residence.DwellingCode{Kind: residence.RKA, Value: "1"}
	other := residence.DwellingCode{Kind: residence.CadastralNumber, Value: "1"}
	if same.Stream() == other.Stream() {
		t.Error("an RKA and a cadastral number have the same stream")
	}
}

func TestR30_R31_TheFormOfACodeIsChecked(t *testing.T) {
	for _, c := range []struct {
		name string
		is   residence.Identity
		code domain.Code
		at   string
	}{
		{"an RKA with a digit too many", residence.Identity{RKA: "020130001234567890123"}, domain.CodeRKAFormat, "rka"},
		{"an RKA with a letter", residence.Identity{RKA: "020130001234567O"}, domain.CodeRKAFormat, "rka"},
		{"an RKA with digits of another script", residence.Identity{RKA: "٠٢٠١٣٠٠٠"}, domain.CodeRKAFormat, "rka"},
		{"an RKA of spaces", residence.Identity{RKA: "  "}, domain.CodeRKAFormat, "rka"},
		{"a cadastral number of spaces", residence.Identity{CadastralNumber: " "}, domain.CodeRequired, "cadastral_number"},
		{"a cadastral number with a hidden sign", residence.Identity{CadastralNumber: "21\u200b:1"}, domain.CodeMalformed, "cadastral_number"},
		{"a KATO of no region", residence.Identity{RKA: "0201300012345678", KATO: "001310000"}, domain.CodeKATOFormat, "kato"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := c.is.Written()
			domaintest.Refused(t, nil, err, c.code, c.at)
		})
	}
}

var (
	flatCode = residence.DwellingCode{Kind: residence.RKA, Value: "0201300012345678"}
	claimOf  = domaintest.ID[domain.CommandID]
)

func TestR30_OneClaimToACodeAtATime(t *testing.T) {
	claim := func(by, voided string) func(*residence.CodeClaim) ([]domain.Event, error) {
		c := residence.ClaimCode{Code: flatCode, DwellingID: house, ID: claimOf(by)}
		if voided != "" {
			c.Voided = claimOf(voided)
		}
		return func(s *residence.CodeClaim) ([]domain.Event, error) { return s.Claim(domaintest.Command(), c) }
	}
	first := residence.DwellingCodeClaimed{
		Kind: residence.RKA, Code: flatCode.Value, DwellingID: flat, ClaimID: claimOf("first"), ClaimedAt: domaintest.Noon(),
	}
	second := first
	second.DwellingID, second.ClaimID = house, claimOf("second")
	after := second
	after.Voided = claimOf("first")
	domaintest.Run(t, []domaintest.Spec[residence.CodeClaim]{
		{Name: "R30 nobody has claimed it", When: claim("second", ""), Then: []domain.Event{second}},
		{
			Name: "R30 another one has", Given: []domain.Event{first},
			When: claim("second", ""), Refused: domain.CodeLostRace,
		},
		{
			Name: "R30 the claim before is void", Given: []domain.Event{first},
			When: claim("second", "first"), Then: []domain.Event{after},
		},
		{
			Name: "R30 another one than that which was found void", Given: []domain.Event{first, after},
			When: claim("third", "first"), Refused: domain.CodeLostRace,
		},
	})
}

func TestR30_AClaimIsCarriedOutOrVoidAndNeverBoth(t *testing.T) {
	claim := residence.CodeClaim{Code: flatCode, DwellingID: flat, ID: domaintest.Command().ID}
	void := func(d *residence.Dwelling) ([]domain.Event, error) { return d.VoidClaim(domaintest.Command(), claim) }
	voided := residence.DwellingCodeClaimVoided{
		DwellingID: flat, Kind: residence.RKA, Code: flatCode.Value, ClaimID: claim.ID, VoidedAt: domaintest.Noon(),
	}
	record := func(d *residence.Dwelling) ([]domain.Event, error) {
		return d.Record(domaintest.Command(), residence.RecordDwelling{
			DwellingID: flat, Identity: residence.Identity{RKA: flatCode.Value}, Address: "a",
		})
	}
	domaintest.Run(t, []domaintest.Spec[residence.Dwelling]{
		{Name: "R30 of a dwelling that is not recorded", When: void, Then: []domain.Event{voided}},
		{
			Name: "R30 of a dwelling that has the code", Given: theFlat(), When: void,
			Refused: domain.CodeDwellingRecorded, Field: "rka",
		},
		{
			Name: "R30 by a void claim no dwelling is recorded", Given: []domain.Event{voided}, When: record,
			Refused: domain.CodeClaimVoid,
		},
		{
			Name: "R35 nor does one get another code by it", Given: append(theFlat(), voided),
			When: func(d *residence.Dwelling) ([]domain.Event, error) {
				return d.Recode(domaintest.Command(), residence.Recode{Identity: residence.Identity{RKA: "7"}, Basis: paper})
			},
			Refused: domain.CodeClaimVoid,
		},
	})
}
