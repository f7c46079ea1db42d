package projections

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
)

// accounts keeps, for the personal account, in which cases a person takes part,
// in the order in which they were received, and which active entries are theirs.
// Both are indexes. What is shown is read from the record of the case and from that
// of the entry.
func accounts(rec domain.Recorded) []op {
	if begins, ok := rec.Event.(procedure.Begins); ok && !begins.Begun().OwnInitiative {
		c := rec.Event.Concerns()
		return takePart(rec, c.Case, c.Persons)
	}
	switch e := rec.Event.(type) {
	case housing.EntryPlaced:
		return []op{rank(entriesKey(e.PersonID), entryMember(e.ListID, e.EntryID))}
	case housing.EntryReinstated:
		return []op{rank(entriesKey(e.PersonID), entryMember(e.ListID, e.EntryID))}
	case housing.EntryRemoved:
		return []op{unrank(entriesKey(e.PersonID), entryMember(e.ListID, e.EntryID))}
	case housing.EntryProvided:
		return []op{unrank(entriesKey(e.PersonID), entryMember(e.ListID, e.EntryID))}
	case housing.EntryLeft:
		return []op{unrank(entriesKey(e.PersonID), entryMember(e.ListID, e.EntryID))}
	case housing.EntryTransferred:
		member := entryMember(e.ListID, e.EntryID)
		return []op{unrank(entriesKey(e.From), member), rank(entriesKey(e.PersonID), member)}
	}
	return nil
}

func takePart(rec domain.Recorded, id domain.CaseID, parties []domain.PersonID) []op {
	ops := make([]op, len(parties))
	for i, p := range parties {
		ops[i] = rank(casesKey(p), hexPosition(rec.Position)+"|"+id.String())
	}
	return ops
}

func casesKey(id domain.PersonID) string   { return id.Stream() + ":cases" }   // zset, position|case
func entriesKey(id domain.PersonID) string { return id.Stream() + ":entries" } // zset, list|entry

func entryMember(list domain.ListID, entry domain.EntryID) string {
	return list.String() + "|" + entry.String()
}

// CasesPage is a part of the cases of a person, the latest first.
type CasesPage struct {
	Cases []Case
	Next  domain.Position // before which the next page begins; 0 where there is none
	AsOf  domain.Position
}

var casesQuery = query(`
local all = {}
for i, member in ipairs(redis.call('ZREVRANGEBYLEX', g .. ARGV[5], ARGV[6], '-', 'LIMIT', 0, ARGV[7])) do
  local stream = 'case-' .. string.sub(member, 18)
  local documents = redis.call('ZRANGE', g .. stream .. ':documents', 0, -1)
  all[i] = {member, redis.call('SISMEMBER', g .. 'held', stream), redis.call('HGETALL', g .. stream), documents}
end
return all`)

// CasesOf returns up to limit cases in which the person takes part: as applicant,
// as one to be deregistered, as co-owner, or as family. They are those received
// before the position, the latest first; with 0 they are the latest of all. A survivor takes
// part in those of the records that were merged into it (R33).
func (r *Reader) CasesOf(
	ctx context.Context, id domain.PersonID, before domain.Position, limit int,
) (CasesPage, error) {
	selves, err := r.Selves(ctx, id)
	if err != nil {
		return CasesPage{}, err
	}
	var all []receivedCase
	page := CasesPage{AsOf: math.MaxUint64}
	for _, self := range selves {
		found, at, err := r.casesOf(ctx, self, before, pageSize(limit)+1)
		if err != nil {
			return CasesPage{}, err
		}
		all, page.AsOf = append(all, found...), min(page.AsOf, at)
	}
	slices.SortFunc(all, func(a, b receivedCase) int { return cmp.Compare(b.received, a.received) })
	all = slices.CompactFunc(all, func(a, b receivedCase) bool { return a.ID == b.ID })
	if len(all) > pageSize(limit) {
		all = all[:pageSize(limit)]
		page.Next = all[len(all)-1].received
	}
	for _, c := range all {
		page.Cases = append(page.Cases, c.Case)
	}
	return page, nil
}

// receivedCase is a case with the position of its application.
type receivedCase struct {
	Case
	received domain.Position
}

// casesOf is a page of CasesOf for one record, of up to n cases.
func (r *Reader) casesOf(
	ctx context.Context, id domain.PersonID, before domain.Position, n int,
) ([]receivedCase, domain.Position, error) {
	from := "+"
	if before > 0 {
		from = "(" + hexPosition(before)
	}
	data, at, err := r.read(ctx, casesQuery, "", casesKey(id), from, n)
	if err != nil {
		return nil, 0, err
	}
	found := make([]receivedCase, len(data))
	for i, reply := range data {
		line, _ := reply.([]any)
		position, id, _ := strings.Cut(text(line[0]), "|")
		received, err := strconv.ParseUint(position, 16, 64)
		if err != nil {
			return nil, 0, corrupt("position of a case", err)
		}
		caseID, err := uuid.Parse(id)
		if err != nil {
			return nil, 0, corrupt("case id", err)
		}
		if asInt(line[1]) == 1 {
			return nil, 0, heldBack()
		}
		c, err := caseOf(domain.CaseID{UUID: caseID}, asRecord(line[2]), asTexts(line[3]), nil)
		if err != nil {
			return nil, 0, err
		}
		c.AsOf = at
		found[i] = receivedCase{c, domain.Position(received)}
	}
	return found, at, nil
}

var personEntriesQuery = query(numberOfEntry + `
local all = {}
for i, member in ipairs(redis.call('ZRANGE', g .. ARGV[5], 0, -1)) do
  local list, entry = 'queue-' .. string.sub(member, 1, 36), string.sub(member, 38)
  all[i] = {member, redis.call('SISMEMBER', g .. 'held', list),
    number(g .. list, g .. list .. ':entry:' .. entry, g .. list .. ':order', g .. list .. ':changes',
      g .. list .. ':placed', entry)}
end
return all`)

// EntriesOf returns the numbers of the person's active entries, of all lists; a
// list has at most one of them.
func (r *Reader) EntriesOf(ctx context.Context, id domain.PersonID) ([]QueueNumber, domain.Position, error) {
	data, at, err := r.read(ctx, personEntriesQuery, "", entriesKey(id))
	if err != nil {
		return nil, 0, err
	}
	numbers := make([]QueueNumber, len(data))
	for i, reply := range data {
		line, _ := reply.([]any)
		list, entry, err := parseEntryMember(text(line[0]))
		if err != nil {
			return nil, 0, corrupt("entry of a person", err)
		}
		if asInt(line[1]) == 1 {
			return nil, 0, heldBack()
		}
		fields, _ := line[2].([]any)
		if numbers[i], err = queueNumber(list, entry, fields, at); err != nil {
			return nil, 0, err
		}
	}
	return numbers, at, nil
}

func parseEntryMember(member string) (list domain.ListID, entry domain.EntryID, err error) {
	first, second, ok := strings.Cut(member, "|")
	if !ok {
		return list, entry, fmt.Errorf("no bar")
	}
	if list.UUID, err = uuid.Parse(first); err != nil {
		return list, entry, err
	}
	entry.UUID, err = uuid.Parse(second)
	return list, entry, err
}

var queueMarksQuery = query(`
local marks = {}
for i = 5, #ARGV do
  local mark = {}
  for _, member in ipairs(redis.call('ZRANGE', g .. ARGV[i], 0, -1)) do
    local list = g .. 'queue-' .. string.sub(member, 1, 36)
    mark[#mark + 1] = member .. '@' .. (redis.call('HGET', list, 'revision') or '')
  end
  marks[i - 4] = table.concat(mark, ' ')
end
return marks`)

// QueueMarks returns a text for each person. It changes whenever the answer of
// [Reader.EntriesOf] may change. It is cheap: many persons are asked about at once,
// and no rank is computed.
func (r *Reader) QueueMarks(ctx context.Context, persons []domain.PersonID) ([]string, error) {
	keys := make([]any, len(persons))
	for i, id := range persons {
		keys[i] = entriesKey(id)
	}
	data, _, err := r.read(ctx, queueMarksQuery, "", keys...)
	if err != nil {
		return nil, err
	}
	return asTexts(data), nil
}
