package projections

import (
	"context"
	"strconv"
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
			"opened_at", strconv.FormatInt(e.OpenedAt.UnixNano(), 10)),
		rank(listsKey(e.Body), e.ListID.String()), join(keptKey(e.Keeper()), e.ListID.String()),
		rank(orderKey(e.ListID), end), rank(changesKey(e.ListID), end), join(placedKey(e.ListID), end),
	}
}

// keptKey names what a body has opened or taken: lists, and dwellings in its stock. It only grows.
func keptKey(id domain.BodyID) string { return "kept:" + id.String() } // set

var keepsQuery = query(`return {redis.call('EXISTS', g .. ARGV[5])}`)

// Keeps reports whether the body has opened a list or taken a dwelling into its stock.
func (r *Reader) Keeps(ctx context.Context, id domain.BodyID) (bool, error) {
	data, _, err := r.read(ctx, keepsQuery, "", keptKey(id))
	if err != nil {
		return false, err
	}
	return asInt(data[0]) > 0, nil
}

func listsKey(body string) string { return "body:" + body } // zset of lists

// List is the record of a list.
type List struct {
	ID         domain.ListID
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
	rec := asRecord(data[0])
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
	return List{
		ID: id, Body: rec["body"], Settlement: rec["settlement"], Title: rec["title"], OpenedAt: time.Unix(0, opened).UTC(),
		Active: asInt(data[1]), Revision: revision, AsOf: at,
	}, nil
}

var listsQuery = query(`return redis.call('ZRANGE', g .. ARGV[5], 0, -1)`)

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
