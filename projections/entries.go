package projections

import (
	"context"
	"strconv"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
)

// entries keeps the entries of every list and their order. The active entries are
// members of one sorted set whose scores are all equal, so that they sort by their
// text: the seniority in fixed width, then the entry's id. A number is the rank of
// a member plus one; no number is stored anywhere.
func entries(rec domain.Recorded) []op {
	switch e := rec.Event.(type) {
	case housing.EntryPlaced:
		change := entryEvent{rec, e.ListID, e.EntryID, Placed}.changeFrom(e.Seniority, housing.Active)
		return append([]op{
			set(entryKey(e.ListID, e.EntryID), "person", e.PersonID.String(), "case", e.CaseID.String(),
				"seniority", seniorityKey(e.Seniority), "registered_on", e.RegisteredOn.String(),
				"certified", strconv.Itoa(e.Number), "inventory_due_on", e.InventoryDueOn.String()),
			rank(orderKey(e.ListID), orderMember(e.Seniority, e.EntryID)),
			join(placedKey(e.ListID), e.EntryID.String()),
		}, change...)
	case housing.EntryRemoved:
		change := entryEvent{rec, e.ListID, e.EntryID, Removed}.changeFrom(e.Seniority, housing.Removed)
		return append([]op{
			unrank(orderKey(e.ListID), orderMember(e.Seniority, e.EntryID)),
			set(entryKey(e.ListID, e.EntryID), "removal_reason", string(e.Reason), "notice_due_on", e.NoticeDueOn.String()),
			unset(entryKey(e.ListID, e.EntryID), "review_reason"),
			gone(rec, e.ListID, e.EntryID),
		}, change...)
	case housing.EntryProvided:
		change := entryEvent{rec, e.ListID, e.EntryID, Provided}.changeFrom(e.Seniority, housing.Provided)
		return append([]op{
			unrank(orderKey(e.ListID), orderMember(e.Seniority, e.EntryID)), gone(rec, e.ListID, e.EntryID),
		}, change...)
	case housing.EntryLeft:
		change := entryEvent{rec, e.ListID, e.EntryID, Left}.changeFrom(e.Seniority, housing.Left)
		return append([]op{
			unrank(orderKey(e.ListID), orderMember(e.Seniority, e.EntryID)), gone(rec, e.ListID, e.EntryID),
		}, change...)
	case housing.EntryReinstated:
		change := entryEvent{rec, e.ListID, e.EntryID, Reinstated}.changeFrom(e.Seniority, housing.Active)
		return append([]op{
			rank(orderKey(e.ListID), orderMember(e.Seniority, e.EntryID)),
			set(entryKey(e.ListID, e.EntryID), "inventory_due_on", e.InventoryDueOn.String()),
			unset(entryKey(e.ListID, e.EntryID), "removal_reason", "notice_due_on", "review", "answer_by", goneOn),
		}, change...)
	case housing.EntryRedated:
		return entryEvent{rec, e.ListID, e.EntryID, Redated}.move(e.From, e.Seniority)
	case housing.RedatingUndone:
		return entryEvent{rec, e.ListID, e.EntryID, Undone}.move(e.From, e.Seniority)
	case housing.EntryPrioritised:
		return entryEvent{rec, e.ListID, e.EntryID, Prioritised}.move(e.From, e.Seniority)
	case housing.PriorityEnded:
		return entryEvent{rec, e.ListID, e.EntryID, PriorityEnded}.move(e.From, e.Seniority)
	case housing.EntryTransferred:
		ops := []op{set(entryKey(e.ListID, e.EntryID), "person", e.PersonID.String(),
			passedOn+hexRevision(rec.Revision), domain.DateOf(rec.Created).String())}
		if !e.ReviewID.IsZero() {
			ops = append(ops,
				set(entryKey(e.ListID, e.EntryID), "status", string(housing.Active), "inventory_due_on", e.InventoryDueOn.String()),
				unset(entryKey(e.ListID, e.EntryID), "review", "review_reason", "answer_by"))
		}
		return ops
	}
	return reviews(rec)
}

// Fields of an entry's record that say since when its certificates are overtaken: the day on
// which the log learned that it left the list, and for each transfer, by its revision, the day.
const (
	goneOn   = "gone_on"
	passedOn = "passed:"
)

func gone(rec domain.Recorded, list domain.ListID, entry domain.EntryID) op {
	return set(entryKey(list, entry), goneOn, domain.DateOf(rec.Created).String())
}

// reviews keeps what is asked of an entry that stands on its list, or has left:
// its inventory, its review and the written notice of its removal.
func reviews(rec domain.Recorded) []op {
	switch e := rec.Event.(type) {
	case housing.NoticeGiven:
		return []op{unset(entryKey(e.ListID, e.EntryID), "notice_due_on")}
	case housing.InventoryConfirmed:
		return []op{
			set(entryKey(e.ListID, e.EntryID), "inventory_due_on", e.NextDueOn.String()),
			unset(entryKey(e.ListID, e.EntryID), "answer_by"),
		}
	case housing.InventoryRequested:
		return []op{set(entryKey(e.ListID, e.EntryID), "answer_by", e.AnswerBy.String())}
	case housing.RequestAnnulled:
		return []op{unset(entryKey(e.ListID, e.EntryID), "answer_by")}
	case housing.ReviewAnnulled:
		return []op{
			set(entryKey(e.ListID, e.EntryID), "status", string(housing.Active), "answer_by", e.Until.String()),
			unset(entryKey(e.ListID, e.EntryID), "review", "review_reason"),
		}
	case housing.ReviewOpened:
		return []op{set(entryKey(e.ListID, e.EntryID), "status", string(housing.UnderReview),
			"review", e.CaseID.Stream(), "review_reason", string(e.Reason))}
	case housing.ServiceEndUndone:
		if e.ReviewID.IsZero() {
			return nil
		}
		return []op{
			set(entryKey(e.ListID, e.EntryID), "status", string(housing.Active), "inventory_due_on", e.NextDueOn.String()),
			unset(entryKey(e.ListID, e.EntryID), "review", "review_reason", "answer_by"),
		}
	case housing.ReviewClosed:
		return []op{
			set(entryKey(e.ListID, e.EntryID), "status", string(housing.Active), "inventory_due_on", e.NextDueOn.String()),
			unset(entryKey(e.ListID, e.EntryID), "review", "review_reason", "answer_by"),
		}
	}
	return nil
}

func orderKey(id domain.ListID) string { return id.Stream() + ":order" } // zset of active entries, and end

// placedKey is a set of all entries that were ever on the list, and end: by it an entry
// that does not exist is told from one whose record was lost.
func placedKey(id domain.ListID) string { return id.Stream() + ":placed" }

func orderMember(s housing.Seniority, id domain.EntryID) string { return seniorityKey(s) + id.String() }

func entryKey(list domain.ListID, id domain.EntryID) string {
	return list.Stream() + ":entry:" + id.String()
}

// QueueEntry is a line of a list.
type QueueEntry struct {
	Number       int
	EntryID      domain.EntryID
	PersonID     domain.PersonID
	CaseID       domain.CaseID
	Seniority    housing.Seniority
	RegisteredOn domain.Date
	Certified    int

	Status         housing.EntryState
	InventoryDueOn domain.Date
}

// entryLine reads an entry's record, all but its number. review is the state of
// its review, "" where there is none.
func entryLine(id domain.EntryID, rec record, review string) (QueueEntry, error) {
	line := QueueEntry{EntryID: id, Status: housing.EntryState(rec["status"])}
	if line.Status == housing.UnderReview && procedure.State(review) == procedure.HearingPending {
		line.Status = housing.HearingPending
	}
	var err error
	if line.Seniority, err = parseSeniorityKey(rec["seniority"]); err != nil {
		return QueueEntry{}, corrupt("seniority", err)
	}
	if line.PersonID.UUID, err = uuid.Parse(rec["person"]); err != nil {
		return QueueEntry{}, corrupt("person id", err)
	}
	if line.CaseID.UUID, err = uuid.Parse(rec["case"]); err != nil {
		return QueueEntry{}, corrupt("case id", err)
	}
	if err := line.RegisteredOn.UnmarshalText([]byte(rec["registered_on"])); err != nil {
		return QueueEntry{}, corrupt("day of registration", err)
	}
	if err := line.InventoryDueOn.UnmarshalText([]byte(rec["inventory_due_on"])); err != nil {
		return QueueEntry{}, corrupt("due day of the inventory", err)
	}
	if line.Certified, err = strconv.Atoi(rec["certified"]); err != nil {
		return QueueEntry{}, corrupt("certified number", err)
	}
	return line, nil
}

// EntriesPage is a part of a list, in order.
type EntriesPage struct {
	Entries  []QueueEntry
	Next     string // cursor of the next page; empty where there is none
	Of       int
	Revision uint64
	AsOf     domain.Position
}

var entriesQuery = query(`
local order = g .. ARGV[6]
local from = '-'
if ARGV[8] ~= '' then from = '(' .. ARGV[8] end
local members = redis.call('ZRANGEBYLEX', order, from, '(` + end + `', 'LIMIT', 0, ARGV[9])
local first, entries, reviews = 0, {}, {}
if #members > 0 then first = redis.call('ZRANK', order, members[1]) + 1 end
for i, member in ipairs(members) do
  local entry = g .. ARGV[7] .. string.sub(member, 34)
  entries[i] = redis.call('HGETALL', entry)
  if redis.call('HEXISTS', entry, 'seniority') == 0 then damage = ARGV[7] .. string.sub(member, 34) end
  local review = redis.call('HGET', entry, 'review')
  reviews[i] = review and redis.call('HGET', g .. review, 'state') or ''
end
local list = redis.call('HMGET', g .. ARGV[5], 'title', 'revision')
if list[1] and not redis.call('ZSCORE', order, '` + end + `') then damage = ARGV[6] end
return {list, redis.call('ZCARD', order) - 1, first, members, entries, reviews}`)

// Entries returns up to limit active entries of a list, in order with their
// numbers, after the cursor of the page before ("" for the first). The cost
// does not grow with the place in the list. A cursor stays good when the list
// changes: the page goes on after the same place in the order.
//
// Errors: [domain.CodeListUnknown], [domain.CodeMalformed] for a cursor that
// was not given out.
func (r *Reader) Entries(ctx context.Context, list domain.ListID, cursor string, limit int) (EntriesPage, error) {
	if cursor != "" && !wellFormedCursor(cursor) {
		return EntriesPage{}, UnknownCursor()
	}
	limit = pageSize(limit)
	data, at, err := r.read(ctx, entriesQuery, list.Stream(),
		list.Stream(), orderKey(list), list.Stream()+":entry:", cursor, limit+1)
	if err != nil {
		return EntriesPage{}, err
	}
	revision, err := openedList(list, data[0])
	if err != nil {
		return EntriesPage{}, err
	}
	page := EntriesPage{Of: asInt(data[1]), Revision: revision, AsOf: at}
	members, entries, reviews := asTexts(data[3]), data[4].([]any), asTexts(data[5])
	for i, member := range members {
		if i == limit {
			page.Next = members[i-1]
			break
		}
		id, err := uuid.Parse(member[seniorityKeyLen:])
		if err != nil {
			return EntriesPage{}, corrupt("entry id", err)
		}
		line, err := entryLine(domain.EntryID{UUID: id}, asRecord(entries[i]), reviews[i])
		if err != nil {
			return EntriesPage{}, err
		}
		line.Number = asInt(data[2]) + i
		page.Entries = append(page.Entries, line)
	}
	return page, nil
}

// EntriesAfter is the cursor of the page behind the entry.
func EntriesAfter(e QueueEntry) string { return orderMember(e.Seniority, e.EntryID) }

func wellFormedCursor(cursor string) bool {
	if len(cursor) != seniorityKeyLen+36 {
		return false
	}
	_, err := parseSeniorityKey(cursor[:seniorityKeyLen])
	return err == nil && uuid.Validate(cursor[seniorityKeyLen:]) == nil
}
