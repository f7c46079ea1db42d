package projections

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/notice"
)

// storedNotice is what the inbox of a person shows of a notice. Its text is
// made when it is read.
type storedNotice struct {
	Kind     notice.Kind     `json:"kind"`
	About    domain.EventRef `json:"about"`
	Case     domain.CaseID   `json:"case,omitzero"`
	By       domain.Date     `json:"by,omitzero"`
	Language domain.Language `json:"language"`
	QueuedAt time.Time       `json:"queued_at"`

	Represented domain.PersonID `json:"represented,omitzero"`
}

// storedDelivery is how far a notice is on one way.
type storedDelivery struct {
	State notice.State `json:"state"`
	At    time.Time    `json:"at"`
}

// notices keeps what events owe that is not queued, what is queued that is not
// sent, what is sent and may be asked about, what was given up, and who has which
// notices. The streams of the notices decide what is sent, not this model. So
// nothing is sent twice while the model is behind or is filled anew.
func notices(rec domain.Recorded) []op {
	var ops []op
	for _, o := range notice.OwedBy(rec) {
		ops = append(ops, rank(owedKey, debtMember(notice.Debt{
			Event: domain.EventRef{Stream: rec.Stream, Revision: rec.Revision}, Kind: o.Kind, To: o.To, Since: rec.Created,
		})))
	}
	switch e := rec.Event.(type) {
	case notice.Began: // what happened before owes none
		return []op{cut(owedKey, "0")}
	case notice.NoticeQueued:
		d := notice.Debt{Event: e.About, Kind: e.Kind, Since: e.RecordedAt}
		if !e.FromCase {
			d.To = e.PersonID
		}
		if e.Represented.IsZero() { // a copy to a representative comes before that which settles the debt
			ops = append(ops, unrank(owedKey, debtMember(d)))
			for _, other := range e.Also {
				d.Event, d.Since = other.Event, other.RecordedAt
				ops = append(ops, unrank(owedKey, debtMember(d)))
			}
		}
		ops = append(ops, rank(inboxKey(e.PersonID), hexPosition(rec.Position)+"|"+e.NoticeID.String()),
			set(rec.Stream, "notice", stored(storedNotice{e.Kind, e.About, e.CaseID, e.By, e.Language, e.QueuedAt.UTC(), e.Represented})))
		for _, w := range e.Ways {
			member := outgoingMember(e.NoticeID, w)
			ops = append(ops, rankAt(outgoingKey, e.QueuedAt.UnixMilli(), member), delivery(rec, w, notice.Queued))
		}
	case notice.NoticeSent:
		ops = append(ops, unrank(outgoingKey, outgoingMember(e.NoticeID, e.Way)), delivery(rec, e.Way, notice.Sent))
		if e.Reports {
			ops = append(ops, rankAt(sentKey, e.SentAt.UnixMilli(), outgoingMember(e.NoticeID, e.Way)))
		}
	case notice.NoticeDelivered:
		member := outgoingMember(e.NoticeID, e.Way)
		ops = append(ops, unrank(outgoingKey, member), unrank(sentKey, member), delivery(rec, e.Way, notice.Delivered))
	case notice.NoticeFailed:
		member := outgoingMember(e.NoticeID, e.Way)
		ops = append(ops, unrank(sentKey, member))
		if e.RetryAt.IsZero() {
			ops = append(ops, unrank(outgoingKey, member),
				rankAt(givenUpKey, e.FailedAt.UnixMilli(), member), delivery(rec, e.Way, notice.GivenUp))
		} else {
			ops = append(ops, rankAt(outgoingKey, e.RetryAt.UnixMilli(), member), delivery(rec, e.Way, notice.Queued))
		}
	}
	return ops
}

func delivery(rec domain.Recorded, w notice.Way, s notice.State) op {
	return set(rec.Stream, string(w), stored(storedDelivery{s, rec.Event.EffectiveAt().UTC()}))
}

const (
	owedKey     = "notices:owed"     // zset: notice that an event owes
	outgoingKey = "notices:outgoing" // zset: notice|way by when it is to be sent
	sentKey     = "notices:sent"     // zset: notice|way by when it was sent
	givenUpKey  = "notices:given_up" // zset: notice|way by when it was given up
)

// debtMember sorts by when the log learned of the event.
func debtMember(d notice.Debt) string {
	to := ""
	if !d.To.IsZero() {
		to = d.To.String()
	}
	return fmt.Sprintf("%016x|%s|%s|%s", uint64(d.Since.UnixMilli()), d.Event, d.Kind, to)
}

func parseDebt(member string) (d notice.Debt, err error) {
	parts := strings.Split(member, "|")
	if len(parts) != 4 {
		return d, corrupt("debt", fmt.Errorf("%d parts", len(parts)))
	}
	ms, err := strconv.ParseUint(parts[0], 16, 63)
	if err != nil {
		return d, corrupt("debt", err)
	}
	if err := d.Event.UnmarshalText([]byte(parts[1])); err != nil {
		return d, corrupt("debt", err)
	}
	d.Kind, d.Since = notice.Kind(parts[2]), time.UnixMilli(int64(ms)).UTC()
	if parts[3] != "" {
		if d.To.UUID, err = uuid.Parse(parts[3]); err != nil {
			return d, corrupt("debt", err)
		}
	}
	return d, nil
}

func outgoingMember(id domain.NoticeID, w notice.Way) string { return id.String() + "|" + string(w) }

var owedQuery = query(`return redis.call('ZRANGEBYLEX', g .. ARGV[5], ARGV[6], '+', 'LIMIT', 0, ARGV[7])`)

// OwedNotices returns up to limit notices that are owed and not queued, those of
// the oldest events first: those behind the debt after, which may be settled, or
// with the zero Debt the first.
func (r *Reader) OwedNotices(ctx context.Context, after notice.Debt, limit int) ([]notice.Debt, error) {
	from := "-"
	if after != (notice.Debt{}) {
		from = "(" + debtMember(after)
	}
	data, _, err := r.read(ctx, owedQuery, "", owedKey, from, pageSize(limit))
	if err != nil {
		return nil, err
	}
	debts := make([]notice.Debt, len(data))
	for i, member := range asTexts(data) {
		if debts[i], err = parseDebt(member); err != nil {
			return nil, err
		}
	}
	return debts, nil
}

var outgoingQuery = query(`
return redis.call('ZRANGEBYSCORE', g .. ARGV[5], ARGV[6], ARGV[7], 'LIMIT', ARGV[8], ARGV[9])`)

// DueNotices returns notices that are to be sent at by, the oldest first: up to limit of
// those behind the first skip.
func (r *Reader) DueNotices(ctx context.Context, by time.Time, skip, limit int) ([]notice.Outgoing, error) {
	return r.outgoing(ctx, outgoingKey, time.Time{}, by, skip, limit)
}

// SentNotices returns notices that a gateway took between the two instants and will tell
// more about, the oldest first: up to limit of those behind the first skip.
func (r *Reader) SentNotices(ctx context.Context, from, by time.Time, skip, limit int) ([]notice.Outgoing, error) {
	return r.outgoing(ctx, sentKey, from, by, skip, limit)
}

func (r *Reader) outgoing(
	ctx context.Context, key string, from, by time.Time, skip, limit int,
) ([]notice.Outgoing, error) {
	least := "-inf"
	if !from.IsZero() {
		least = strconv.FormatInt(from.UnixMilli(), 10)
	}
	data, _, err := r.read(ctx, outgoingQuery, "", key, least, by.UnixMilli(), skip, pageSize(limit))
	if err != nil {
		return nil, err
	}
	out := make([]notice.Outgoing, len(data))
	for i, member := range asTexts(data) {
		id, way, _ := strings.Cut(member, "|")
		if out[i].NoticeID.UUID, err = uuid.Parse(id); err != nil {
			return nil, corrupt("notice", err)
		}
		out[i].Way = notice.Way(way)
	}
	return out, nil
}

// NoticeCounts are the notices that wait, for the metrics.
type NoticeCounts struct {
	Owed    int       // by an event, and not queued
	Queued  int       // to be sent, at once or after a pause: one for each way
	Sent    int       // taken by a gateway that will tell whether they arrived
	GivenUp int       // for each way; the copy in the personal account stays readable
	Oldest  time.Time // since when the oldest that is owed or queued waits; zero where none does
}

var noticeCounts = query(`
local owed = redis.call('ZRANGE', g .. ARGV[5], 0, 0)
local out = redis.call('ZRANGE', g .. ARGV[6], 0, 0, 'WITHSCORES')
local counts = {}
for i = 5, 8 do counts[i - 4] = redis.call('ZCARD', g .. ARGV[i]) end
return {counts[1], counts[2], counts[3], counts[4], owed[1] or '', out[2] or ''}`)

// CountNotices returns how many notices wait.
func (r *Reader) CountNotices(ctx context.Context) (c NoticeCounts, err error) {
	data, _, err := r.read(ctx, noticeCounts, "", owedKey, outgoingKey, sentKey, givenUpKey)
	if err != nil {
		return c, err
	}
	c.Owed, c.Queued, c.Sent, c.GivenUp = asInt(data[0]), asInt(data[1]), asInt(data[2]), asInt(data[3])
	if member := text(data[4]); member != "" {
		d, err := parseDebt(member)
		if err != nil {
			return c, err
		}
		c.Oldest = d.Since
	}
	if score := text(data[5]); score != "" {
		ms, err := strconv.ParseFloat(score, 64)
		if err != nil {
			return c, corrupt("notice", err)
		}
		if at := time.UnixMilli(int64(ms)).UTC(); c.Oldest.IsZero() || at.Before(c.Oldest) {
			c.Oldest = at
		}
	}
	return c, nil
}

// InboxNotice is a notice in a personal account.
type InboxNotice struct {
	ID       domain.NoticeID
	Kind     notice.Kind
	About    domain.EventRef
	CaseID   domain.CaseID
	By       domain.Date
	Language domain.Language
	QueuedAt time.Time

	Represented domain.PersonID   // whom it is about, where it went to their representative
	Deliveries  []notice.Delivery // its ways, with state and instant
}

// InboxPage is a page of a personal account.
type InboxPage struct {
	Notices []InboxNotice // the newest first
	All     int           // in the account
	Next    string        // cursor; empty on the last page
	AsOf    domain.Position
}

var inboxQuery = query(`
local members = redis.call('ZREVRANGEBYLEX', g .. ARGV[5], ARGV[6], '-', 'LIMIT', 0, ARGV[7])
local found = {}
for i, member in ipairs(members) do
  local id = string.sub(member, 18)
  found[i] = {member, redis.call('HGETALL', g .. 'notice-' .. id)}
end
return {redis.call('ZCARD', g .. ARGV[5]), found}`)

// Inbox returns a page of the notices to the person. cursor is the Next of the
// page before, or empty.
func (r *Reader) Inbox(ctx context.Context, person domain.PersonID, cursor string, limit int) (InboxPage, error) {
	from := "+"
	if cursor != "" {
		if _, err := strconv.ParseUint(cursor, 16, 64); err != nil || len(cursor) != 16 {
			return InboxPage{}, domain.Refuse(domain.Invalid, domain.CodeMalformed,
				"this cursor did not come from a page of these notices; "+
					"send the cursor of the previous page unchanged, or leave it out to begin anew").At("query.cursor")
		}
		from = "(" + cursor
	}
	size := pageSize(limit)
	selves, err := r.Selves(ctx, person)
	if err != nil {
		return InboxPage{}, err
	}
	var page InboxPage
	var found []any
	for i, self := range selves { // a survivor has the notices to the records that were merged into it
		data, at, err := r.read(ctx, inboxQuery, "", inboxKey(self), from, size+1)
		if err != nil {
			return InboxPage{}, err
		}
		if page.All += asInt(data[0]); i == 0 || at < page.AsOf {
			page.AsOf = at
		}
		of, _ := data[1].([]any)
		found = append(found, of...)
	}
	member := func(reply any) string {
		pair, _ := reply.([]any)
		return text(pair[0])
	}
	slices.SortFunc(found, func(a, b any) int { return cmp.Compare(member(b), member(a)) })
	if len(found) > size {
		found = found[:size]
		page.Next, _, _ = strings.Cut(member(found[size-1]), "|")
	}
	for _, reply := range found {
		pair, _ := reply.([]any)
		n, err := inboxNotice(text(pair[0]), asRecord(pair[1]))
		if err != nil {
			return InboxPage{}, err
		}
		page.Notices = append(page.Notices, n)
	}
	return page, nil
}

func inboxNotice(member string, rec record) (n InboxNotice, err error) {
	_, id, _ := strings.Cut(member, "|")
	if n.ID.UUID, err = uuid.Parse(id); err != nil {
		return n, corrupt("notice", err)
	}
	var s storedNotice
	if err := json.Unmarshal([]byte(rec["notice"]), &s); err != nil {
		return n, corrupt("notice", err)
	}
	n.Kind, n.About, n.CaseID, n.By, n.Language, n.QueuedAt = s.Kind, s.About, s.Case, s.By, s.Language, s.QueuedAt
	n.Represented = s.Represented
	for _, w := range notice.Ways {
		if !rec.has(string(w)) {
			continue
		}
		var d storedDelivery
		if err := json.Unmarshal([]byte(rec[string(w)]), &d); err != nil {
			return n, corrupt("delivery", err)
		}
		n.Deliveries = append(n.Deliveries, notice.Delivery{Way: w, State: d.State, At: d.At})
	}
	return n, nil
}

func inboxKey(id domain.PersonID) string { return id.Stream() + ":notices" } // zset, position|notice
