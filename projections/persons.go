package projections

import (
	"tizilim/domain"
	"tizilim/domain/residence"
)

// storedRegistration is a registration that no fact has ended, under its
// person (without Person) and under its dwelling (without Dwelling).
type storedRegistration struct {
	Person   domain.PersonID   `json:"person,omitzero"`
	Dwelling domain.DwellingID `json:"dwelling,omitzero"`
	Kind     residence.Kind    `json:"kind"`
	From     domain.Date       `json:"from"`
	Until    domain.Date       `json:"until,omitzero"`
}

// persons keeps who is recorded and where each person is registered: neither
// names nor an IIN.
func persons(rec domain.Recorded) []op {
	switch e := rec.Event.(type) {
	case residence.PersonRecorded:
		return []op{set(e.PersonID.Stream(), "class", string(e.Class))}
	case residence.RegistrationBegan:
		return []op{set(registrationsKey(e.PersonID), e.RegistrationID.String(), stored(storedRegistration{
			Dwelling: e.DwellingID, Kind: e.Kind, From: e.From, Until: e.Until,
		}))}
	case residence.RegistrationEnded:
		return []op{unset(registrationsKey(e.PersonID), e.RegistrationID.String())}
	}
	if c, ok := residence.CorrectionIn(rec.Event); ok {
		if !c.Now.Open() {
			return []op{unset(registrationsKey(c.PersonID), c.RegistrationID.String())}
		}
		return []op{set(registrationsKey(c.PersonID), c.RegistrationID.String(), stored(storedRegistration{
			Dwelling: c.DwellingID, Kind: c.Kind, From: c.Now.From, Until: c.Now.Until,
		}))}
	}
	return nil
}
