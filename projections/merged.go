package projections

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
)

// A record that was merged into another one names it, and that one names the record, in
// fields of their records (R33).
const (
	mergedField    = "merged"
	absorbedPrefix = "absorbed:"
)

// naming keeps which dwellings and entries have ever named a person: as one of the owners or in
// a service lease, as the holder or in a family. Whether they still do, the streams say.
func naming(rec domain.Recorded) []op {
	switch e := rec.Event.(type) {
	case residence.OwnersChanged:
		return namedBy(e.DwellingID.String(), ownersOf(e.Owners))
	case residence.OwnersCorrected:
		return namedBy(e.DwellingID.String(), ownersOf(e.Now.Owners))
	case residence.OwnersChangeProposed:
		return namedBy(e.DwellingID.String(), ownersOf(e.Owners))
	case residence.LeaseBegan:
		return namedBy(e.DwellingID.String(), append([]domain.PersonID{e.PersonID}, e.Family...))
	case housing.EntryPlaced:
		return namedBy(entryMember(e.ListID, e.EntryID), append(membersOf(e.Family), e.PersonID))
	case housing.EntryTransferred:
		return namedBy(entryMember(e.ListID, e.EntryID), append(membersOf(e.Family), e.PersonID))
	case housing.ChangeReported:
		return namedBy(entryMember(e.ListID, e.EntryID), membersOf(e.Family))
	}
	return nil
}

func namedBy(thing string, persons []domain.PersonID) []op {
	var ops []op
	for _, id := range persons {
		ops = append(ops, join(namingKey(id), thing))
	}
	return ops
}

func ownersOf(owners []residence.Owner) []domain.PersonID {
	var persons []domain.PersonID
	for _, o := range owners {
		for _, id := range []domain.PersonID{o.PersonID, o.AgentID, o.DeceasedID} {
			if !id.IsZero() {
				persons = append(persons, id)
			}
		}
	}
	return persons
}

func membersOf(family []housing.FamilyMember) []domain.PersonID {
	persons := make([]domain.PersonID, len(family))
	for i, m := range family {
		persons[i] = m.PersonID
	}
	return persons
}

func namingKey(id domain.PersonID) string { return id.Stream() + ":naming" } // set: dwelling, or list|entry

var namingQuery = query(`return redis.call('SMEMBERS', g .. ARGV[5])`)

// Naming returns what has ever named the person, in no order.
func (r *Reader) Naming(ctx context.Context, id domain.PersonID) (n residence.Naming, err error) {
	data, _, err := r.read(ctx, namingQuery, "", namingKey(id))
	if err != nil {
		return n, err
	}
	for _, member := range asTexts(data) {
		if strings.Contains(member, "|") {
			list, entry, err := parseEntryMember(member)
			if err != nil {
				return n, corrupt("entry that names a person", err)
			}
			n.Entries = append(n.Entries, domain.ListEntry{ListID: list, EntryID: entry})
			continue
		}
		dwelling, err := uuid.Parse(member)
		if err != nil {
			return n, corrupt("dwelling that names a person", err)
		}
		n.Dwellings = append(n.Dwellings, domain.DwellingID{UUID: dwelling})
	}
	return n, nil
}

// Selves returns the ids under which the log tells of the human whom an id means: first that
// of the record that stands for them, then those of the records that were merged into it, in the
// order of their ids.
func (r *Reader) Selves(ctx context.Context, id domain.PersonID) ([]domain.PersonID, error) {
	for range 2 { // a survivor is not merged itself
		data, _, err := r.read(ctx, residenceQuery, id.Stream(), id.Stream())
		if err != nil {
			return nil, err
		}
		rec := asRecord(data)
		if !rec.has(mergedField) {
			return selvesOf(id, rec)
		}
		if id.UUID, err = uuid.Parse(rec[mergedField]); err != nil {
			return nil, corrupt("survivor of a merge", err)
		}
	}
	return []domain.PersonID{id}, nil
}

func selvesOf(id domain.PersonID, rec record) ([]domain.PersonID, error) {
	selves := []domain.PersonID{id}
	for field := range rec {
		text, ok := strings.CutPrefix(field, absorbedPrefix)
		if !ok {
			continue
		}
		other, err := uuid.Parse(text)
		if err != nil {
			return nil, corrupt("record that was merged", err)
		}
		selves = append(selves, domain.PersonID{UUID: other})
	}
	slices.SortFunc(selves[1:], func(a, b domain.PersonID) int { return bytes.Compare(a.UUID[:], b.UUID[:]) })
	return selves, nil
}
