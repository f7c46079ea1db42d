package projections

import (
	"context"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/residence"
)

// erasures keeps who was erased, whose keys are still to be destroyed, and what
// bars an erasure: the cases that a person applied for and the dwellings that they
// rent.
func erasures(rec domain.Recorded) []op {
	switch e := rec.Event.(type) {
	case residence.PersonErased:
		member := hexPosition(rec.Position) + "|" + e.PersonID.String()
		return []op{rank(erasedKey, member), join(erasingKey, e.PersonID.String())}
	case residence.ErasureCompleted:
		return []op{leave(erasingKey, e.PersonID.String())}
	case residence.LeaseBegan:
		return []op{join(leasesKey(e.PersonID), e.DwellingID.String())}
	case residence.LeaseVoided:
		return []op{leave(leasesKey(e.PersonID), e.DwellingID.String())}
	case residence.LeaseEnded:
		return []op{leave(leasesKey(e.PersonID), e.DwellingID.String())}
	}
	if c := rec.Event.Concerns(); c.Begins && len(c.Persons) > 0 {
		return []op{join(ownCasesKey(c.Persons[0]), c.Case.String())}
	}
	return nil
}

const (
	erasedKey  = "erased"  // zset: position|person
	erasingKey = "erasing" // set: person whose keys are to be destroyed
)

func ownCasesKey(id domain.PersonID) string { return id.Stream() + ":own_cases" } // set: case
func leasesKey(id domain.PersonID) string   { return id.Stream() + ":leases" }    // set: dwelling

// Erased says that a person was erased.
type Erased struct {
	PersonID domain.PersonID
	Position domain.Position
}

var erasedQuery = query(`
return {redis.call('ZRANGEBYLEX', g .. ARGV[5], ARGV[6], '+'), redis.call('SMEMBERS', g .. ARGV[7])}`)

// Erasures returns who was erased after the position, and whose keys are still to
// be destroyed.
func (r *Reader) Erasures(
	ctx context.Context, after domain.Position,
) (erased []Erased, incomplete []domain.PersonID, err error) {
	data, _, err := r.read(ctx, erasedQuery, "", erasedKey, "["+hexPosition(after+1), erasingKey)
	if err != nil {
		return nil, nil, err
	}
	for _, member := range asTexts(data[0]) {
		position, person, _ := strings.Cut(member, "|")
		at, err := strconv.ParseUint(position, 16, 64)
		if err != nil {
			return nil, nil, corrupt("position of an erasure", err)
		}
		id, err := uuid.Parse(person)
		if err != nil {
			return nil, nil, corrupt("erased person", err)
		}
		erased = append(erased, Erased{domain.PersonID{UUID: id}, domain.Position(at)})
	}
	for _, member := range asTexts(data[1]) {
		id, err := uuid.Parse(member)
		if err != nil {
			return nil, nil, corrupt("person to be erased", err)
		}
		incomplete = append(incomplete, domain.PersonID{UUID: id})
	}
	return erased, incomplete, nil
}

var mattersQuery = query(`
return {redis.call('SMEMBERS', g .. ARGV[5]), redis.call('SMEMBERS', g .. ARGV[6]), redis.call('ZRANGE', g .. ARGV[7], 0, -1),
  redis.call('ZREVRANGE', g .. ARGV[8], 0, 0)}`)

// Matters returns what bars the erasure of a person, but for the day of the last
// event about them, which it names instead.
func (r *Reader) Matters(
	ctx context.Context, id domain.PersonID,
) (m residence.Matters, last domain.EventRef, err error) {
	data, _, err := r.read(ctx, mattersQuery, id.Stream(), ownCasesKey(id), leasesKey(id), entriesKey(id), personHistory(id))
	if err != nil {
		return m, last, err
	}
	for _, text := range asTexts(data[0]) {
		own, err := uuid.Parse(text)
		if err != nil {
			return m, last, corrupt("case of a person", err)
		}
		m.OwnCases = append(m.OwnCases, domain.CaseID{UUID: own})
	}
	for _, text := range asTexts(data[1]) {
		dwelling, err := uuid.Parse(text)
		if err != nil {
			return m, last, corrupt("dwelling of a tenant", err)
		}
		m.Leases = append(m.Leases, domain.DwellingID{UUID: dwelling})
	}
	for _, text := range asTexts(data[2]) {
		list, entry, err := parseEntryMember(text)
		if err != nil {
			return m, last, corrupt("entry of a person", err)
		}
		m.Entries = append(m.Entries, domain.ListEntry{ListID: list, EntryID: entry})
	}
	for _, text := range asTexts(data[3]) {
		_, pointer, _ := strings.Cut(text, "|")
		if err := last.UnmarshalText([]byte(pointer)); err != nil {
			return m, last, corrupt("pointer of a history", err)
		}
	}
	m.OpenCases, err = r.openCases(ctx, id)
	return m, last, err
}

// openCases returns the cases in which the person takes part and something is
// still to be decided or done.
func (r *Reader) openCases(ctx context.Context, id domain.PersonID) (open []domain.CaseID, err error) {
	for before := domain.Position(0); ; {
		page, err := r.CasesOf(ctx, id, before, maxPage)
		if err != nil {
			return nil, err
		}
		for _, c := range page.Cases {
			if c.State.Open() || c.Complaint != nil || len(c.Owed) > 0 {
				open = append(open, c.ID)
			}
		}
		if before = page.Next; before == 0 {
			return open, nil
		}
	}
}
