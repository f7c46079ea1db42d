package projections

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"tizilim/domain"
	"tizilim/domain/residence"
)

// dwellings keeps the address, the owners and the residents of each dwelling.
func dwellings(rec domain.Recorded) []op {
	switch e := rec.Event.(type) {
	case residence.DwellingRecorded:
		return []op{set(e.DwellingID.Stream(),
			"rka", e.RKA, "cadastral_number", e.CadastralNumber, "kato", e.KATO, "address", e.Address,
			beganField, pointerTo(rec))}
	case residence.OwnersChanged:
		return []op{set(e.DwellingID.Stream(), "owners", stored(withoutPapers(e.Owners)), "owners_since", e.On.String())}
	case residence.DwellingDescribed:
		area := strconv.FormatFloat(float64(e.UsefulArea), 'f', -1, 64)
		return []op{set(e.DwellingID.Stream(), "place", string(e.Place), "area", area)}
	case residence.RegistrationBegan:
		return []op{set(e.DwellingID.Stream(), registrationField(e.RegistrationID), stored(storedRegistration{
			Person: e.PersonID, Kind: e.Kind, From: e.From, Until: e.Until,
		}))}
	case residence.RegistrationEnded:
		return []op{unset(e.DwellingID.Stream(), registrationField(e.RegistrationID))}
	}
	if c, ok := residence.CorrectionIn(rec.Event); ok {
		if !c.Now.Open() {
			return []op{unset(c.DwellingID.Stream(), registrationField(c.RegistrationID))}
		}
		return []op{set(c.DwellingID.Stream(), registrationField(c.RegistrationID), stored(storedRegistration{
			Person: c.PersonID, Kind: c.Kind, From: c.Now.From, Until: c.Now.Until,
		}))}
	}
	return nil
}

// withoutPapers leaves out the documents by which agents speak: no read shows them.
func withoutPapers(owners []residence.Owner) []residence.Owner {
	owners = slices.Clone(owners)
	for i := range owners {
		owners[i].Authority = domain.Basis{}
	}
	return owners
}

// DwellingResidents is a dwelling, who owns it and who is registered there.
type DwellingResidents struct {
	DwellingID      domain.DwellingID
	RKA             string
	CadastralNumber string
	KATO            string
	Address         string
	Place           residence.Place // empty where it is not recorded
	UsefulArea      residence.Area  // zero where it is not recorded
	Owners          []residence.Owner
	OwnersSince     domain.Date
	Residents       []Resident // whose registrations hold on the day, the longest first
	Revision        uint64     // of the dwelling's stream; registrations are in those of the persons
	AsOf            domain.Position
}

// Resident is a registration at a known dwelling.
type Resident struct {
	PersonID       domain.PersonID
	RegistrationID domain.RegistrationID
	Kind           residence.Kind
	From           domain.Date
	Until          domain.Date // zero for a permanent one
}

// Residents returns the dwelling with those whose registration there holds on
// the day, which is today, as in [Reader.Residence].
// Error: [domain.CodeDwellingUnknown].
func (r *Reader) Residents(ctx context.Context, id domain.DwellingID, today domain.Date) (DwellingResidents, error) {
	data, at, err := r.read(ctx, residenceQuery, id.Stream(), id.Stream())
	if err != nil {
		return DwellingResidents{}, err
	}
	rec := asRecord(data)
	if !rec.has("address") {
		return DwellingResidents{}, absent(id.Stream(), "address", residence.UnknownDwelling())
	}
	result := DwellingResidents{
		DwellingID: id, RKA: rec["rka"], CadastralNumber: rec["cadastral_number"], KATO: rec["kato"],
		Address: rec["address"], AsOf: at,
	}
	if result.Revision, err = rec.number("revision"); err != nil {
		return DwellingResidents{}, err
	}
	if rec.has("place") {
		area, err := strconv.ParseFloat(rec["area"], 64)
		if err != nil {
			return DwellingResidents{}, corrupt("useful area", err)
		}
		result.Place, result.UsefulArea = residence.Place(rec["place"]), residence.Area(area)
	}
	if rec.has("owners") {
		if err := json.Unmarshal([]byte(rec["owners"]), &result.Owners); err != nil {
			return DwellingResidents{}, corrupt("list of owners", err)
		}
		if err := result.OwnersSince.UnmarshalText([]byte(rec["owners_since"])); err != nil {
			return DwellingResidents{}, corrupt("day of ownership", err)
		}
	}
	active, err := activeOn(rec, today)
	if err != nil {
		return DwellingResidents{}, err
	}
	for _, a := range active {
		result.Residents = append(result.Residents, Resident{
			PersonID: a.Person, RegistrationID: a.id, Kind: a.Kind, From: a.From, Until: a.Until,
		})
	}
	return result, nil
}

// Occupants returns whose registration at the dwelling holds on the day, as
// [Reader.Residents].
func (r *Reader) Occupants(ctx context.Context, id domain.DwellingID, today domain.Date) ([]domain.PersonID, error) {
	d, err := r.Residents(ctx, id, today)
	if err != nil {
		return nil, err
	}
	persons := make([]domain.PersonID, len(d.Residents))
	for i, resident := range d.Residents {
		persons[i] = resident.PersonID
	}
	return persons, nil
}
