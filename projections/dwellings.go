package projections

import (
	"strconv"

	"tizilim/domain"
	"tizilim/domain/residence"
)

// dwellings keeps the address, the owners and the residents of each dwelling.
func dwellings(rec domain.Recorded) []op {
	switch e := rec.Event.(type) {
	case residence.DwellingRecorded:
		return []op{set(e.DwellingID.Stream(),
			"rka", e.RKA, "cadastral_number", e.CadastralNumber, "kato", e.KATO, "address", e.Address)}
	case residence.OwnersChanged:
		return []op{set(e.DwellingID.Stream(), "owners", stored(e.Owners), "owners_since", e.On.String())}
	case residence.DwellingDescribed:
		return []op{set(e.DwellingID.Stream(), "place", string(e.Place), "area", strconv.FormatFloat(float64(e.UsefulArea), 'f', -1, 64))}
	case residence.RegistrationBegan:
		return []op{set(residentsKey(e.DwellingID), e.RegistrationID.String(), stored(storedRegistration{
			Person: e.PersonID, Kind: e.Kind, From: e.From, Until: e.Until,
		}))}
	case residence.RegistrationEnded:
		return []op{unset(residentsKey(e.DwellingID), e.RegistrationID.String())}
	}
	if c, ok := residence.CorrectionIn(rec.Event); ok {
		if !c.Now.Open() {
			return []op{unset(residentsKey(c.DwellingID), c.RegistrationID.String())}
		}
		return []op{set(residentsKey(c.DwellingID), c.RegistrationID.String(), stored(storedRegistration{
			Person: c.PersonID, Kind: c.Kind, From: c.Now.From, Until: c.Now.Until,
		}))}
	}
	return nil
}
