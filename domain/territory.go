package domain

import (
	"slices"
	"strings"
)

// KATO is a code of the classifier of administrative-territorial units: 9 digits in
// four groups, the region (2), the district or city (2), the rural district (2) and the
// settlement (3). Zeros at the end stand for "all of it": 710000000 is all of a region.
// The zero KATO is "not known".
type KATO string

// katoGroups are where the groups of a code end.
var katoGroups = [...]int{2, 4, 6, 9}

// ParseKATO checks the form. Error: [CodeKATOFormat].
func ParseKATO(s string) (KATO, error) {
	if len(s) != 9 || strings.Trim(s, "0123456789") != "" || strings.HasPrefix(s, "00") {
		return "", Refuse(Invalid, CodeKATOFormat,
			"a KATO code has exactly 9 digits 0-9, and the first two of them name a region")
	}
	return KATO(s), nil
}

// Covers reports whether the unit is other or contains it.
func (k KATO) Covers(other KATO) bool { return k != "" && strings.HasPrefix(string(other), k.Prefix()) }

// Prefix is what all codes begin with that are in the unit.
func (k KATO) Prefix() string {
	end := len(k)
	for i := len(katoGroups) - 1; i > 0 && len(k) == katoGroups[len(katoGroups)-1]; i-- {
		if strings.Trim(string(k[katoGroups[i-1]:end]), "0") != "" {
			break
		}
		end = katoGroups[i-1]
	}
	return string(k[:end])
}

// Territory is where a body acts: in these units. An empty Territory is the whole
// country.
type Territory []KATO

// Meets reports whether there is a place in both territories.
func (t Territory) Meets(other Territory) bool {
	if len(t) == 0 || len(other) == 0 {
		return true
	}
	return slices.ContainsFunc(other, t.Covers) || slices.ContainsFunc(t, other.Covers)
}

// Covers reports whether the place is in the territory. A place whose code is not known
// is in every territory: nobody else could act on it either.
func (t Territory) Covers(place KATO) bool {
	if len(t) == 0 || place == "" {
		return true
	}
	for _, unit := range t {
		if unit.Covers(place) {
			return true
		}
	}
	return false
}
