package projections

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
)

// maxPage bounds every list that is read in pages.
const maxPage = 1000

// Reader answers from the serving generation. Every method is one round trip to
// Redis, and safe for concurrent use.
//
// Errors of every method, all [domain.Unavailable] with
// [domain.CodeModelNotReady]: no generation serves yet, Redis does not answer,
// or the record is held back by an event in quarantine. A thing that does not
// exist is [domain.NotFound], and only ever said from a generation that serves;
// that may be a moment behind the log: see [Watch.CatchUp].
type Reader struct {
	client redis.UniversalClient
	keys   keyspace
	opts   Options
	moves  moves
	look   time.Duration // firstLook; tests put the looking off
}

// NewReader returns a reader of the registry's models.
func NewReader(client redis.UniversalClient, opts Options) *Reader {
	opts = opts.withDefaults()
	r := &Reader{client: client, keys: opts.keyspace(), opts: opts, look: firstLook}
	r.moves.subscribe = func(ctx context.Context) *redis.PubSub { return client.Subscribe(ctx, r.keys.moved()) }
	return r
}

var positionQuery = query(`return {}`)

// Position is how far in the log the serving generation is.
func (r *Reader) Position(ctx context.Context) (domain.Position, error) {
	_, at, err := r.read(ctx, positionQuery, "")
	return at, err
}

var listQuery = query(`
return {redis.call('HGETALL', g .. ARGV[4]), redis.call('ZCARD', g .. ARGV[5])}`)

// List returns the record of a list. Error: [domain.CodeListUnknown].
func (r *Reader) List(ctx context.Context, id domain.ListID) (List, error) {
	data, at, err := r.read(ctx, listQuery, id.Stream(), id.Stream(), orderKey(id))
	if err != nil {
		return List{}, err
	}
	rec := asRecord(data[0])
	if !rec.has("title") {
		return List{}, housing.UnknownList()
	}
	revision, err := rec.number("revision")
	if err != nil {
		return List{}, err
	}
	opened, err := strconv.ParseInt(rec["opened_at"], 10, 64)
	if err != nil {
		return List{}, corrupt("opening of a list", err)
	}
	return List{
		ID: id, Body: rec["body"], Settlement: rec["settlement"], Title: rec["title"], OpenedAt: time.Unix(0, opened).UTC(),
		Active: asInt(data[1]), Revision: revision, AsOf: at,
	}, nil
}

// A member of the changes begins with the seniority and a bar; the tilde sorts
// after the bar.
const numberOfEntry = `
local function number(list, entry, order, changes, id)
  local e = redis.call('HGETALL', entry)
  local seniority = redis.call('HGET', entry, 'seniority') or ''
  local change = redis.call('ZREVRANGEBYLEX', changes, '[' .. seniority .. '~', '-', 'LIMIT', 0, 1)
  local review = redis.call('HGET', entry, 'review')
  return {
    redis.call('HMGET', list, 'title', 'revision'), e,
    redis.call('ZRANK', order, seniority .. id), redis.call('ZCARD', order), change[1] or '',
    review and redis.call('HGETALL', g .. review) or {},
  }
end
`

var numberQuery = query(numberOfEntry + `
return number(g .. ARGV[4], g .. ARGV[5], g .. ARGV[6], g .. ARGV[7], ARGV[8])`)

var listsQuery = query(`return redis.call('ZRANGE', g .. ARGV[4], 0, -1)`)

// ListsOf returns the lists that a body keeps.
func (r *Reader) ListsOf(ctx context.Context, body string) ([]domain.ListID, error) {
	data, _, err := r.read(ctx, listsQuery, "", listsKey(body))
	if err != nil {
		return nil, err
	}
	lists := make([]domain.ListID, len(data))
	for i, id := range asTexts(data) {
		if lists[i].UUID, err = uuid.Parse(id); err != nil {
			return nil, corrupt("list of a body", err)
		}
	}
	return lists, nil
}

// Number returns the current number of an entry, why it is that, and what is
// certified. Errors: [domain.CodeListUnknown], [domain.CodeEntryUnknown].
func (r *Reader) Number(ctx context.Context, list domain.ListID, entry domain.EntryID) (QueueNumber, error) {
	data, at, err := r.read(ctx, numberQuery, list.Stream(),
		list.Stream(), entryKey(list, entry), orderKey(list), changesKey(list), entry.String())
	if err != nil {
		return QueueNumber{}, err
	}
	return queueNumber(list, entry, data, at)
}

// queueNumber reads what the script number returns.
func queueNumber(list domain.ListID, entry domain.EntryID, data []any, at domain.Position) (QueueNumber, error) {
	revision, err := openedList(data[0])
	if err != nil {
		return QueueNumber{}, err
	}
	rec := asRecord(data[1])
	if !rec.has("seniority") {
		return QueueNumber{}, domain.Refuse(domain.NotFound, domain.CodeEntryUnknown, "the list has no such entry")
	}
	file := asRecord(data[5])
	line, err := entryLine(entry, rec, file["state"])
	if err != nil {
		return QueueNumber{}, err
	}
	n := QueueNumber{
		ListID: list, EntryID: entry, PersonID: line.PersonID, CaseID: line.CaseID, Status: line.Status, InventoryDueOn: line.InventoryDueOn,
		Of: asInt(data[3]), Seniority: line.Seniority, RegisteredOn: line.RegisteredOn, Certified: line.Certified,
		Revision: revision, AsOf: at,
	}
	if err := n.underReview(rec, file); err != nil {
		return QueueNumber{}, err
	}
	change := rec["change"]
	if ahead, active := data[2].(int64); active {
		n.Ahead, n.Number = int(ahead), int(ahead)+1
		_, change, _ = strings.Cut(text(data[4]), "|")
	}
	if n.LastChange, err = parseChange(change); err != nil {
		return QueueNumber{}, corrupt("change of a number", err)
	}
	return n, nil
}

// underReview adds what the entry's record and that of its review tell.
func (n *QueueNumber) underReview(rec, file record) error {
	n.Removed = housing.RemovalReason(rec["removal_reason"])
	for field, into := range map[string]*domain.Date{"answer_by": &n.AnswerBy, "notice_due_on": &n.NoticeDueOn} {
		if !rec.has(field) {
			continue
		}
		if err := into.UnmarshalText([]byte(rec[field])); err != nil {
			return corrupt(field, err)
		}
	}
	if !rec.has("review") {
		return nil
	}
	n.Review = &EntryReview{Reason: housing.ReviewReason(rec["review_reason"])}
	var err error
	if n.Review.Owed, err = file.duties(owesPrefix); err != nil {
		return err
	}
	if n.Review.Late, err = file.duties(latePrefix); err != nil {
		return err
	}
	for field, into := range map[string]any{"hearing": &n.Review.Hearing, "complaint": &n.Review.Complaint, "appeal": &n.Review.Appeal} {
		if !file.has(field) {
			continue
		}
		if err := json.Unmarshal([]byte(file[field]), into); err != nil {
			return corrupt(field, err)
		}
	}
	return nil
}

// openedList reads title and revision of a list; the title tells whether it was
// opened.
func openedList(reply any) (revision uint64, err error) {
	fields, _ := reply.([]any)
	if len(fields) != 2 || fields[0] == nil {
		return 0, housing.UnknownList()
	}
	if revision, err = strconv.ParseUint(text(fields[1]), 10, 64); err != nil {
		return 0, corrupt("revision", err)
	}
	return revision, nil
}

// entryLine reads an entry's record, all but its number. review is the state of
// its review, "" where there is none.
func entryLine(id domain.EntryID, rec record, review string) (QueueEntry, error) {
	line := QueueEntry{EntryID: id, Status: EntryStatus(rec["status"])}
	if line.Status == EntryUnderReview && procedure.State(review) == procedure.HearingPending {
		line.Status = EntryHearingPending
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

var entriesQuery = query(`
local order = g .. ARGV[5]
local from = '-'
if ARGV[7] ~= '' then from = '(' .. ARGV[7] end
local members = redis.call('ZRANGEBYLEX', order, from, '+', 'LIMIT', 0, ARGV[8])
local first, entries, reviews = 0, {}, {}
if #members > 0 then first = redis.call('ZRANK', order, members[1]) + 1 end
for i, member in ipairs(members) do
  local entry = g .. ARGV[6] .. string.sub(member, 34)
  entries[i] = redis.call('HGETALL', entry)
  local review = redis.call('HGET', entry, 'review')
  reviews[i] = review and redis.call('HGET', g .. review, 'state') or ''
end
return {redis.call('HMGET', g .. ARGV[4], 'title', 'revision'), redis.call('ZCARD', order), first, members, entries, reviews}`)

// Entries returns up to limit active entries of a list, in order with their
// numbers, after the cursor of the page before ("" for the first). The cost
// does not grow with the place in the list. A cursor stays good when the list
// changes: the page goes on after the same place in the order.
//
// Errors: [domain.CodeListUnknown], [domain.CodeMalformed] for a cursor that
// was not given out.
func (r *Reader) Entries(ctx context.Context, list domain.ListID, cursor string, limit int) (EntriesPage, error) {
	if cursor != "" && !wellFormedCursor(cursor) {
		return EntriesPage{}, domain.Refuse(domain.Invalid, domain.CodeMalformed,
			"the cursor is none that a page of this list gave; send it back unchanged, or leave it out to begin anew").At("cursor")
	}
	limit = pageSize(limit)
	data, at, err := r.read(ctx, entriesQuery, list.Stream(),
		list.Stream(), orderKey(list), list.Stream()+":entry:", cursor, limit+1)
	if err != nil {
		return EntriesPage{}, err
	}
	revision, err := openedList(data[0])
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

func wellFormedCursor(cursor string) bool {
	if len(cursor) != seniorityKeyLen+36 {
		return false
	}
	_, err := parseSeniorityKey(cursor[:seniorityKeyLen])
	return err == nil && uuid.Validate(cursor[seniorityKeyLen:]) == nil
}

func pageSize(limit int) int { return min(max(limit, 1), maxPage) }

var historyQuery = query(`
return {
  redis.call('HEXISTS', g .. ARGV[4], ARGV[5]),
  redis.call('ZRANGEBYLEX', g .. ARGV[6], '(' .. ARGV[7], '+', 'LIMIT', 0, ARGV[8]),
}`)

// PersonHistory returns up to limit pointers to the events that tell of the
// person, after the position, in the order of the log: those of the person's
// own stream, of the cases in which the person is applicant, named or family,
// and of the person's entries on lists. Error: [domain.CodePersonUnknown].
func (r *Reader) PersonHistory(ctx context.Context, id domain.PersonID, after domain.Position, limit int) (HistoryPage, error) {
	return r.history(ctx, id.Stream(), "class", personHistory(id), after, limit, unknownPerson())
}

// DwellingHistory is [Reader.PersonHistory] of a dwelling: the events of its own
// stream, the registrations there and their endings, and the S001 cases about
// it. Error: [domain.CodeDwellingUnknown].
func (r *Reader) DwellingHistory(ctx context.Context, id domain.DwellingID, after domain.Position, limit int) (HistoryPage, error) {
	return r.history(ctx, id.Stream(), "address", dwellingHistory(id), after, limit, residence.UnknownDwelling())
}

func (r *Reader) history(ctx context.Context, stream, knownBy, key string, after domain.Position, limit int, unknown error) (HistoryPage, error) {
	limit = pageSize(limit)
	data, at, err := r.read(ctx, historyQuery, stream, stream, knownBy, key, hexPosition(after)+"~", limit+1)
	if err != nil {
		return HistoryPage{}, err
	}
	if asInt(data[0]) == 0 {
		return HistoryPage{}, unknown
	}
	page := HistoryPage{AsOf: at}
	for i, member := range asTexts(data[1]) {
		if i == limit {
			page.Next = page.Pointers[i-1].Position
			break
		}
		position, ref, _ := strings.Cut(member, "|")
		at, err := strconv.ParseUint(position, 16, 64)
		if err != nil {
			return HistoryPage{}, corrupt("position", err)
		}
		p := Pointer{Position: domain.Position(at)}
		if p.Stream, p.Revision, err = parseEventRef(ref); err != nil {
			return HistoryPage{}, corrupt("pointer", err)
		}
		page.Pointers = append(page.Pointers, p)
	}
	return page, nil
}

var unfinishedQuery = query(`
return redis.call('ZRANGEBYSCORE', g .. ARGV[4], '-inf', '(' .. ARGV[5], 'WITHSCORES', 'LIMIT', 0, ARGV[6])`)

// Unfinished returns up to limit cases whose act began before olderThan, in any
// process, and has not been finished, the oldest first.
func (r *Reader) Unfinished(ctx context.Context, olderThan time.Time, limit int) ([]UnfinishedCase, error) {
	data, _, err := r.read(ctx, unfinishedQuery, "", unfinishedKey, olderThan.UnixMilli(), pageSize(limit))
	if err != nil {
		return nil, err
	}
	var cases []UnfinishedCase
	flat := asTexts(data)
	for i := 0; i+1 < len(flat); i += 2 {
		id, err := uuid.Parse(flat[i])
		if err != nil {
			return nil, corrupt("case id", err)
		}
		ms, err := strconv.ParseFloat(flat[i+1], 64)
		if err != nil {
			return nil, corrupt("time of an act", err)
		}
		cases = append(cases, UnfinishedCase{CaseID: domain.CaseID{UUID: id}, Since: time.UnixMilli(int64(ms)).UTC()})
	}
	return cases, nil
}
