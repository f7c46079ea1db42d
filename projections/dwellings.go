package projections

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/residence"
)

// dwellings keeps the address, the owners and the residents of each dwelling.
func dwellings(rec domain.Recorded) []op {
	switch e := rec.Event.(type) {
	case residence.DwellingRecorded:
		return append(placed(e.DwellingID, e.KATO), set(e.DwellingID.Stream(),
			"rka", e.RKA, "cadastral_number", e.CadastralNumber, "kato", e.KATO, "address", e.Address,
			beganField, pointerTo(rec)))
	case residence.OwnersChanged:
		return ownersOps(e.DwellingID, e.Former, e.Owners, e.On)
	case residence.OwnersCorrected:
		return ownersOps(e.DwellingID, e.Former, e.Owners, e.Since)
	case residence.SuccessionAwaited:
		return []op{set(e.DwellingID.Stream(), awaitedField(e.Duty, e.PersonID), e.By.String())}
	case residence.SuccessionVoided:
		return []op{unset(e.DwellingID.Stream(), awaitedField(e.Duty, e.PersonID))}
	case residence.LeaseEnded:
		return []op{unset(e.DwellingID.Stream(), awaitedField(residence.LeaseAfterDeath, e.PersonID))}
	case residence.LeaseVoided:
		return []op{unset(e.DwellingID.Stream(), awaitedField(residence.LeaseAfterDeath, e.PersonID))}
	case residence.DwellingDescribed:
		area := strconv.FormatFloat(float64(e.UsefulArea), 'f', -1, 64)
		fields := []string{"place", string(e.Place), "area", area, "rooms", strconv.Itoa(e.Rooms)}
		if e.Address != "" {
			fields = append(fields, "address", e.Address)
		}
		return []op{set(e.DwellingID.Stream(), fields...)}
	case residence.DwellingRecoded:
		ops := []op{set(e.DwellingID.Stream(),
			"rka", e.Now.RKA, "cadastral_number", e.Now.CadastralNumber, "kato", e.Now.KATO)}
		if e.Was.KATO == e.Now.KATO {
			return ops
		}
		ops = append(ops, unrank(placesKey, placeMember(e.Was.KATO, e.DwellingID)))
		return append(ops, placed(e.DwellingID, e.Now.KATO)...)
	case residence.DwellingGone:
		return []op{set(e.DwellingID.Stream(), "gone", stored(storedEnd{e.How, e.On, e.Into}))}
	case residence.DwellingGoneVoided:
		return []op{unset(e.DwellingID.Stream(), "gone")}
	case residence.DwellingReaddressed:
		return []op{set(e.DwellingID.Stream(), "address", e.Address)}
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

// A record has a field for what is awaited at its dwelling after the death of a person, with the
// last day.
const awaitedPrefix = "awaited:"

func awaitedField(d residence.Duty, dead domain.PersonID) string {
	return awaitedPrefix + string(d) + ":" + dead.String()
}

// ownersOps keep the present owners, and end what was awaited from former owners and agents who are
// not named any more.
func ownersOps(dwelling domain.DwellingID, former, owners []residence.Owner, since domain.Date) []op {
	var ops []op
	for _, gone := range noLongerNamed(former, owners) {
		ops = append(ops, unset(dwelling.Stream(), awaitedField(gone.duty, gone.person)))
	}
	return append(ops, set(dwelling.Stream(), "owners", stored(withoutPapers(owners)), "owners_since", since.String()))
}

// formerParty is an owner or agent who is not named any more, and what might have been awaited of them.
type formerParty struct {
	duty   residence.Duty
	person domain.PersonID
}

// noLongerNamed are the owners and agents whom a change has replaced.
func noLongerNamed(former, owners []residence.Owner) []formerParty {
	var gone []formerParty
	owns := func(id domain.PersonID) bool {
		return slices.ContainsFunc(owners, func(o residence.Owner) bool { return o.Kind == "" && o.PersonID == id })
	}
	speaks := func(id domain.PersonID) bool {
		return slices.ContainsFunc(owners, func(o residence.Owner) bool { return o.Kind != "" && o.AgentID == id })
	}
	for _, o := range former {
		switch {
		case o.Kind == "" && !owns(o.PersonID):
			gone = append(gone, formerParty{residence.NewOwners, o.PersonID})
		case o.Kind != "" && !o.AgentID.IsZero() && !speaks(o.AgentID):
			gone = append(gone, formerParty{residence.NewAgent, o.AgentID})
		}
	}
	return gone
}

// Awaited is what is awaited at a dwelling after a death.
type Awaited struct {
	Duty     residence.Duty
	PersonID domain.PersonID // who has died
	By       domain.Date     // the last day
}

// awaitedIn reads what is awaited, the earliest day first.
func awaitedIn(rec record) ([]Awaited, error) {
	var all []Awaited
	for field, value := range rec {
		rest, ok := strings.CutPrefix(field, awaitedPrefix)
		if !ok {
			continue
		}
		duty, person, _ := strings.Cut(rest, ":")
		a := Awaited{Duty: residence.Duty(duty)}
		var err error
		if a.PersonID.UUID, err = uuid.Parse(person); err != nil {
			return nil, corrupt("person who has died", err)
		}
		if err := a.By.UnmarshalText([]byte(value)); err != nil {
			return nil, corrupt("day of a duty", err)
		}
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b Awaited) int {
		return cmp.Or(a.By.Compare(b.By), cmp.Compare(a.Duty, b.Duty), cmp.Compare(a.PersonID.String(), b.PersonID.String()))
	})
	return all, nil
}

// storedEnd is what became of a dwelling.
type storedEnd struct {
	How  residence.GoneHow   `json:"how"`
	On   domain.Date         `json:"on"`
	Into []domain.DwellingID `json:"into,omitempty"`
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
	DwellingID domain.DwellingID
	residence.Identity
	Address string
	residence.Description
	How         residence.GoneHow // empty where the dwelling stands
	GoneOn      domain.Date
	Into        []domain.DwellingID
	Owners      []residence.Owner
	OwnersSince domain.Date
	Awaited     []Awaited
	Stocked     residence.Stocked
	Residents   []Resident // whose registrations hold on the day, the longest first
	Revision    uint64     // of the dwelling's stream; registrations are in those of the persons
	AsOf        domain.Position
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
		DwellingID: id, Address: rec["address"], AsOf: at,
		Identity: residence.Identity{RKA: rec["rka"], CadastralNumber: rec["cadastral_number"], KATO: rec["kato"]},
	}
	if result.Revision, err = rec.number("revision"); err != nil {
		return DwellingResidents{}, err
	}
	if result.Description, err = descriptionIn(rec); err != nil {
		return DwellingResidents{}, err
	}
	if result.Stocked, err = stockedIn(rec); err != nil {
		return DwellingResidents{}, err
	}
	if rec.has("owners") {
		if err := json.Unmarshal([]byte(rec["owners"]), &result.Owners); err != nil {
			return DwellingResidents{}, corrupt("list of owners", err)
		}
		if err := result.OwnersSince.UnmarshalText([]byte(rec["owners_since"])); err != nil {
			return DwellingResidents{}, corrupt("day of ownership", err)
		}
	}
	if result.Awaited, err = awaitedIn(rec); err != nil {
		return DwellingResidents{}, err
	}
	if rec.has("gone") {
		var end storedEnd
		if err := json.Unmarshal([]byte(rec["gone"]), &end); err != nil {
			return DwellingResidents{}, corrupt("end of a dwelling", err)
		}
		result.How, result.GoneOn, result.Into = end.How, end.On, end.Into
		result.Awaited = nil // it takes no act any more
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

// descriptionIn reads what the dwelling is.
func descriptionIn(rec record) (residence.Description, error) {
	if !rec.has("area") {
		return residence.Description{}, nil
	}
	area, err := strconv.ParseFloat(rec["area"], 64)
	if err != nil {
		return residence.Description{}, corrupt("useful area", err)
	}
	rooms, err := strconv.Atoi(rec["rooms"])
	if err != nil {
		return residence.Description{}, corrupt("number of rooms", err)
	}
	return residence.Description{Place: residence.Place(rec["place"]), Area: residence.Area(area), Rooms: rooms}, nil
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
