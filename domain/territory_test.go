package domain_test

import (
	"testing"

	"tizilim/domain"
)

func TestATerritoryCoversItsUnitsAndWhatTheyContain(t *testing.T) {
	for _, test := range []struct {
		name  string
		of    domain.Territory
		place domain.KATO
		want  bool
	}{
		{"no units are the whole country", nil, "711310000", true},
		{"a region covers its districts", domain.Territory{"710000000"}, "711310000", true},
		{"a region covers itself", domain.Territory{"710000000"}, "710000000", true},
		{"a region covers no other region", domain.Territory{"710000000"}, "751110000", false},
		{"a region that ends in a zero is cut at its group", domain.Territory{"100000000"}, "111310000", false},
		{"a district covers its settlements", domain.Territory{"113240000"}, "113240100", true},
		{"a district covers no other district", domain.Territory{"113200000"}, "113400000", false},
		{"a district does not cover its region", domain.Territory{"113200000"}, "110000000", false},
		{"a settlement covers itself alone", domain.Territory{"113240101"}, "113240100", false},
		{"one of several units is enough", domain.Territory{"750000000", "710000000"}, "711310000", true},
		{"an unknown place is in every territory", domain.Territory{"750000000"}, "", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.of.Covers(test.place); got != test.want {
				t.Errorf("%v covers %q: %v, want %v", test.of, test.place, got, test.want)
			}
		})
	}
}

func TestACodeOfATerritoryHasNineDigits(t *testing.T) {
	for code, want := range map[string]domain.Code{
		"711310000": "", "71131000": domain.CodeKATOFormat, "7113100000": domain.CodeKATOFormat,
		"71131000x": domain.CodeKATOFormat, "000000000": domain.CodeKATOFormat, "": domain.CodeKATOFormat,
	} {
		if _, err := domain.ParseKATO(code); domain.CodeOf(err) != want {
			t.Errorf("%q: %v, want the code %q", code, err, want)
		}
	}
}

func TestABINHasTwelveDigitsAndAControlDigit(t *testing.T) {
	for bin, want := range map[string]domain.Code{
		"160440007161":  "", // the State Corporation "Government for Citizens"
		"160440007162":  domain.CodeBINControlDigit,
		"16044000716":   domain.CodeBINFormat,
		"1604400071611": domain.CodeBINFormat,
		"16044000716x":  domain.CodeBINFormat,
		"":              domain.CodeBINFormat,
		"999999000012":  domain.CodeBINFormat, // an IIN
	} {
		if _, err := domain.ParseBIN(bin); domain.CodeOf(err) != want {
			t.Errorf("%q: %v, want the code %q", bin, err, want)
		}
	}
}

func TestTerritoriesMeetWhereOneCoversAPartOfTheOther(t *testing.T) {
	of := func(codes ...domain.KATO) domain.Territory { return codes }
	for _, c := range []struct {
		one, other domain.Territory
		want       bool
	}{
		{of("710000000"), of("711310000"), true},
		{of("750000000"), of("710000000"), false},
		{of("750000000", "711310000"), of("710000000"), true},
		{of("711310000"), of("711210000"), false},
		{of("710000000"), nil, true},
		{nil, nil, true},
	} {
		if got := c.one.Meets(c.other); got != c.want || c.other.Meets(c.one) != c.want {
			t.Errorf("%v and %v: %v, want %v", c.one, c.other, got, c.want)
		}
	}
}
