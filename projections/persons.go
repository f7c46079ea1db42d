package projections

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/google/uuid"

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
		return append(alikeOps(e.PersonID, e.Likeness),
			set(e.PersonID.Stream(), "class", string(e.Class), beganField, pointerTo(rec)))
	case residence.PersonDataChanged:
		return append(alikeOps(e.PersonID, e.Likeness), set(e.PersonID.Stream(), "class", string(e.Now.Class)))
	case residence.RecordsMerged:
		return []op{
			set(e.PersonID.Stream(), mergedField, e.SurvivorID.String()),
			set(e.SurvivorID.Stream(), absorbedPrefix+e.PersonID.String(), pointerTo(rec)),
		}
	case residence.MergeUndone:
		return []op{
			unset(e.PersonID.Stream(), mergedField),
			unset(e.SurvivorID.Stream(), absorbedPrefix+e.PersonID.String()),
		}
	case residence.RegistrationBegan:
		return []op{set(e.PersonID.Stream(), registrationField(e.RegistrationID), stored(storedRegistration{
			Dwelling: e.DwellingID, Kind: e.Kind, From: e.From, Until: e.Until,
		}))}
	case residence.RegistrationEnded:
		return []op{unset(e.PersonID.Stream(), registrationField(e.RegistrationID))}
	}
	if c, ok := residence.CorrectionIn(rec.Event); ok {
		if !c.Now.Open() {
			return []op{unset(c.PersonID.Stream(), registrationField(c.RegistrationID))}
		}
		return []op{set(c.PersonID.Stream(), registrationField(c.RegistrationID), stored(storedRegistration{
			Dwelling: c.DwellingID, Kind: c.Kind, From: c.Now.From, Until: c.Now.Until,
		}))}
	}
	return nil
}

// alikeOps add the person to those who have the same name and birth date, or had them: who reads
// the set looks at each in the log.
func alikeOps(id domain.PersonID, l residence.Likeness) []op {
	if l.IsZero() {
		return nil
	}
	return []op{join(alikeKey(l), id.String())}
}

func alikeKey(l residence.Likeness) string { return "alike:" + l.String() } // set: person

var alikeQuery = query(`return redis.call('SMEMBERS', g .. ARGV[5])`)

// Alike returns who is, or was, recorded with a name and birth date of that likeness.
func (r *Reader) Alike(ctx context.Context, l residence.Likeness) ([]domain.PersonID, error) {
	data, _, err := r.read(ctx, alikeQuery, "", alikeKey(l))
	if err != nil {
		return nil, err
	}
	var persons []domain.PersonID
	for _, text := range asTexts(data) {
		id, err := uuid.Parse(text)
		if err != nil {
			return nil, corrupt("person who is alike", err)
		}
		persons = append(persons, domain.PersonID{UUID: id})
	}
	return persons, nil
}

// A record holds the registrations of its person, or of its dwelling, in a field for each.
// In a key of their own they could be lost while the record says that the person exists.
const registrationPrefix = "registration:"

func registrationField(id domain.RegistrationID) string { return registrationPrefix + id.String() }

// PersonResidence is where a person is registered.
type PersonResidence struct {
	PersonID      domain.PersonID
	Class         residence.Class
	Registrations []Residence // that hold on the day, the permanent one first
	Revision      uint64
	AsOf          domain.Position
}

// Residence is a registration of a known person.
type Residence struct {
	RegistrationID domain.RegistrationID
	DwellingID     domain.DwellingID
	Address        string // of the dwelling now
	Kind           residence.Kind
	From           domain.Date
	Until          domain.Date // zero for a permanent one
}

var residenceQuery = query(`
return redis.call('HGETALL', g .. ARGV[5])`)

// personQuery returns the record of a person, and the addresses of the dwellings in it by their ids.
var personQuery = query(`
local rec, addresses = redis.call('HGETALL', g .. ARGV[5]), {}
for i = 2, #rec, 2 do
  local dwelling = string.find(rec[i - 1], '` + registrationPrefix + `', 1, true) == 1 and string.match(rec[i], '"dwelling":"([^"]+)"')
  if dwelling then
    local address = redis.call('HGET', g .. 'dwelling-' .. dwelling, 'address')
    if not address then damage = 'dwelling-' .. dwelling end
    addresses[#addresses + 1] = dwelling
    addresses[#addresses + 1] = address or ''
  end
end
return {rec, addresses}`)

// Residence returns where the person is registered on the day, which is today, and for a record
// that was merged that of the survivor: ended registrations are not kept here, past days are answered by a replay of
// the log. Error: [domain.CodePersonUnknown].
func (r *Reader) Residence(ctx context.Context, id domain.PersonID, today domain.Date) (PersonResidence, error) {
	data, at, err := r.read(ctx, personQuery, id.Stream(), id.Stream())
	if err != nil {
		return PersonResidence{}, err
	}
	rec, addresses := asRecord(data[0]), asRecord(data[1])
	if survivor, err := uuid.Parse(rec[mergedField]); err == nil { // no record of a survivor has the field
		return r.Residence(ctx, domain.PersonID{UUID: survivor}, today)
	}
	if !rec.has("class") {
		return PersonResidence{}, absent(id.Stream(), "class", unknownPerson())
	}
	revision, err := rec.number("revision")
	if err != nil {
		return PersonResidence{}, err
	}
	active, err := activeOn(rec, today)
	if err != nil {
		return PersonResidence{}, err
	}
	result := PersonResidence{PersonID: id, Class: residence.Class(rec["class"]), Revision: revision, AsOf: at}
	for _, a := range active {
		result.Registrations = append(result.Registrations, Residence{
			RegistrationID: a.id, DwellingID: a.Dwelling, Address: addresses[a.Dwelling.String()], Kind: a.Kind, From: a.From, Until: a.Until,
		})
	}
	return result, nil
}

func unknownPerson() error {
	return domain.Refuse(domain.NotFound, domain.CodePersonUnknown,
		"no person with this id is recorded; record the person first")
}

type activeRegistration struct {
	id domain.RegistrationID
	storedRegistration
}

// activeOn returns the registrations of the record that hold on the day, permanent ones
// first, then the longest. A temporary one stops by itself, without an event.
func activeOn(rec record, day domain.Date) ([]activeRegistration, error) {
	var active []activeRegistration
	for field, value := range rec {
		id, ok := strings.CutPrefix(field, registrationPrefix)
		if !ok {
			continue
		}
		var a activeRegistration
		var err error
		if a.id.UUID, err = uuid.Parse(id); err != nil {
			return nil, corrupt("registration id", err)
		}
		if err := json.Unmarshal([]byte(value), &a.storedRegistration); err != nil {
			return nil, corrupt("registration", err)
		}
		if (residence.Registration{From: a.From, Until: a.Until}).ActiveOn(day) {
			active = append(active, a)
		}
	}
	slices.SortFunc(active, func(a, b activeRegistration) int {
		if a.Kind != b.Kind {
			if a.Kind == residence.Permanent {
				return -1
			}
			return 1
		}
		if c := a.From.Compare(b.From); c != 0 {
			return c
		}
		return strings.Compare(a.id.String(), b.id.String())
	})
	return active, nil
}
