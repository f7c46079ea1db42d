package projections

import (
	"bytes"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/housing"
)

// end is a member of each key of a list that grows and shrinks, from the opening of the
// list on. It sorts after all others. Redis can lose a whole key (evicted, deleted) and
// never a part of it: so a key without its end was lost, and perhaps begun anew.
const end = "~"

// lists keeps the lists, by the body that keeps them.
func lists(rec domain.Recorded) []op {
	e, ok := rec.Event.(housing.ListOpened)
	if !ok {
		return nil
	}
	return []op{
		set(e.ListID.Stream(), "body", e.Body, "settlement", e.Settlement, "title", e.Title,
			"keeper", e.Keeper().String(), "opened_at", strconv.FormatInt(e.OpenedAt.UnixNano(), 10)),
		join(openedKey(e.Keeper()), e.ListID.String()),
		rank(directoryKey, directoryMember(e)),
		rank(orderKey(e.ListID), end), rank(changesKey(e.ListID), end), join(placedKey(e.ListID), end),
	}
}

// keptKey names the dwellings in the stock of a body.
func keptKey(id domain.BodyID) string { return "kept:" + id.String() } // set

// openedKey names the lists that a body has opened.
func openedKey(id domain.BodyID) string { return "opened:" + id.String() } // set

var openedQuery = query(`
local keys = {}
for i = 5, #ARGV do keys[i - 4] = g .. ARGV[i] end
return redis.call('SUNION', unpack(keys))`)

// ListsOpened returns the lists that these bodies have opened, in the order of their ids.
func (r *Reader) ListsOpened(ctx context.Context, by ...domain.BodyID) ([]domain.ListID, error) {
	lists := []domain.ListID{}
	for bodies := range slices.Chunk(by, maxPage) {
		keys := make([]any, len(bodies))
		for i, id := range bodies {
			keys[i] = openedKey(id)
		}
		data, _, err := r.read(ctx, openedQuery, "", keys...)
		if err != nil {
			return nil, err
		}
		for _, text := range asTexts(data) {
			id, err := uuid.Parse(text)
			if err != nil {
				return nil, corrupt("list of a body", err)
			}
			lists = append(lists, domain.ListID{UUID: id})
		}
	}
	slices.SortFunc(lists, func(a, b domain.ListID) int { return bytes.Compare(a.UUID[:], b.UUID[:]) })
	return lists, nil
}

var keepsQuery = query(`return {redis.call('EXISTS', g .. ARGV[5], g .. ARGV[6])}`)

// Keeps reports whether the body has opened a list or taken a dwelling into its stock.
func (r *Reader) Keeps(ctx context.Context, id domain.BodyID) (bool, error) {
	data, _, err := r.read(ctx, keepsQuery, "", openedKey(id), keptKey(id))
	if err != nil {
		return false, err
	}
	return asInt(data[0]) > 0, nil
}

// directoryKey is a zset of all lists, by body, settlement and title.
const directoryKey = "lists"

// directoryMember sorts by what people look for. No text of a list has a control character.
func directoryMember(e housing.ListOpened) string {
	return strings.Join([]string{e.Body, e.Settlement, e.Title, e.ListID.String()}, "\x1f")
}

// List is the record of a list.
type List struct {
	ID         domain.ListID
	Keeper     domain.BodyID // that opened it; whoever succeeded that body keeps it now
	Body       string
	Settlement string
	Title      string
	OpenedAt   time.Time
	Active     int // entries
	Revision   uint64
	AsOf       domain.Position
}

var listQuery = query(`
local list = redis.call('HGETALL', g .. ARGV[5])
if #list > 0 and not redis.call('ZSCORE', g .. ARGV[6], '` + end + `') then damage = ARGV[6] end
return {list, redis.call('ZCARD', g .. ARGV[6]) - 1}`)

// List returns the record of a list. Error: [domain.CodeListUnknown].
func (r *Reader) List(ctx context.Context, id domain.ListID) (List, error) {
	data, at, err := r.read(ctx, listQuery, id.Stream(), id.Stream(), orderKey(id))
	if err != nil {
		return List{}, err
	}
	l, err := listOf(id, asRecord(data[0]), asInt(data[1]))
	l.AsOf = at
	return l, err
}

// listOf reads the record of a list with this many active entries.
func listOf(id domain.ListID, rec record, active int) (List, error) {
	if !rec.has("title") {
		return List{}, absent(id.Stream(), "title", housing.UnknownList())
	}
	revision, err := rec.number("revision")
	if err != nil {
		return List{}, err
	}
	opened, err := strconv.ParseInt(rec["opened_at"], 10, 64)
	if err != nil {
		return List{}, corrupt("opening of a list", err)
	}
	keeper, err := uuid.Parse(rec["keeper"])
	if err != nil {
		return List{}, corrupt("keeper of a list", err)
	}
	return List{
		ID: id, Keeper: domain.BodyID{UUID: keeper}, Body: rec["body"], Settlement: rec["settlement"], Title: rec["title"],
		OpenedAt: time.Unix(0, opened).UTC(), Active: active, Revision: revision,
	}, nil
}

// ListsPage is a part of all lists, by body, settlement and title.
type ListsPage struct {
	Lists []List
	Next  string // the cursor of the next page; "" where there is none
	AsOf  domain.Position
}

// directoryScan bounds the lists that one page of one settlement looks at.
const directoryScan = maxPage

var directoryQuery = query(`
local from, to, unit = '-', '+', string.char(31)
if ARGV[6] ~= '' then from, to = '[' .. ARGV[6] .. unit, '(' .. ARGV[6] .. string.char(32) end
if ARGV[8] ~= '' then
  local last = redis.call('HMGET', g .. 'queue-' .. ARGV[8], 'body', 'settlement', 'title')
  if not last[1] then return {'unknown'} end
  from = '(' .. table.concat(last, unit) .. unit .. ARGV[8]
end
local found, last = {}, ''
local members = redis.call('ZRANGEBYLEX', g .. ARGV[5], from, to, 'LIMIT', 0, ARGV[10])
for i, member in ipairs(members) do
  local id = string.sub(member, -36)
  local list, order = 'queue-' .. id, 'queue-' .. id .. ':order'
  if ARGV[7] == '' or redis.call('HGET', g .. list, 'settlement') == ARGV[7] then
    if #found == tonumber(ARGV[9]) then return {'page', found, last} end
    if not redis.call('ZSCORE', g .. order, '` + end + `') then damage = order end
    found[#found + 1] = {id, redis.call('HGETALL', g .. list), redis.call('ZCARD', g .. order) - 1}
  end
  last = id
end
if #members < tonumber(ARGV[10]) then last = '' end
return {'page', found, last}`)

// Lists returns up to limit lists after the cursor ("" for the first page): those of the
// body and of the settlement, as their opening named them; "" for any. A page of a
// settlement looks at [directoryScan] lists at most, so it can have fewer while there is a
// next one. Error: [domain.CodeMalformed] for a cursor that was not given out.
func (r *Reader) Lists(ctx context.Context, body, settlement, cursor string, limit int) (ListsPage, error) {
	if cursor != "" && uuid.Validate(cursor) != nil {
		return ListsPage{}, UnknownCursor()
	}
	limit = pageSize(limit)
	scan := limit + 1
	if settlement != "" {
		scan = directoryScan
	}
	data, at, err := r.read(ctx, directoryQuery, "", directoryKey, body, settlement, cursor, limit, scan)
	if err != nil {
		return ListsPage{}, err
	}
	if text(data[0]) == "unknown" {
		return ListsPage{}, UnknownCursor()
	}
	page := ListsPage{Next: text(data[2]), AsOf: at}
	for _, line := range data[1].([]any) {
		fields := line.([]any)
		var id domain.ListID
		if id.UUID, err = uuid.Parse(text(fields[0])); err != nil {
			return ListsPage{}, corrupt("list id", err)
		}
		l, err := listOf(id, asRecord(fields[1]), asInt(fields[2]))
		if err != nil {
			return ListsPage{}, err
		}
		page.Lists = append(page.Lists, l)
	}
	return page, nil
}

var listsQuery = query(`
return redis.call('ZRANGEBYLEX', g .. ARGV[5], '[' .. ARGV[6] .. string.char(31), '(' .. ARGV[6] .. string.char(32))`)

// ListsOf returns the lists of a body, by settlement and title.
func (r *Reader) ListsOf(ctx context.Context, body string) ([]domain.ListID, error) {
	data, _, err := r.read(ctx, listsQuery, "", directoryKey, body)
	if err != nil {
		return nil, err
	}
	lists := make([]domain.ListID, len(data))
	for i, member := range asTexts(data) {
		if lists[i].UUID, err = uuid.Parse(member[strings.LastIndexByte(member, 0x1f)+1:]); err != nil {
			return nil, corrupt("list of a body", err)
		}
	}
	return lists, nil
}

// openedList reads title and revision of a list; the title tells whether it was
// opened.
func openedList(id domain.ListID, reply any) (revision uint64, err error) {
	fields, _ := reply.([]any)
	if len(fields) != 2 || fields[0] == nil {
		return 0, absent(id.Stream(), "title", housing.UnknownList())
	}
	if revision, err = strconv.ParseUint(text(fields[1]), 10, 64); err != nil {
		return 0, corrupt("revision", err)
	}
	return revision, nil
}
