package projections

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
)

// The number of an entry was last changed by the latest change that reaches its
// place. A placement, a removal, a provision and a reinstatement reach the place
// of their entry and all later places. A re-dating, and a priority that begins or
// ends, moves one entry. It reaches the places from the old one to the new one,
// both included. It does not change the numbers behind them.
//
// The changes are kept as a staircase. A stair is a place and the change that
// holds from there up to the next stair. A change that reaches all later places
// removes the stairs at its own place and behind it, and adds its own (opCut). A
// change of a range removes the stairs in it and adds its own at the beginning of
// the range. Behind the end of the range it adds a stair with the change that held
// there before (opStair). The answer for an entry is the last stair that is not
// behind its place.
//
// A change adds two stairs at most, and each stair is removed once: a change costs
// O(log n), amortised.

// entryEvent is what an event on a list did to an entry.
type entryEvent struct {
	rec   domain.Recorded
	list  domain.ListID
	entry domain.EntryID
	kind  ChangeKind
}

// changeFrom gives the entry its status and changes the numbers from its place on.
func (e entryEvent) changeFrom(place housing.Seniority, status housing.EntryState) []op {
	from := seniorityKey(place)
	change := formatChange(e.kind, e.rec)
	return []op{
		set(entryKey(e.list, e.entry), "status", string(status), "change", change),
		cut(changesKey(e.list), from),
		rank(changesKey(e.list), from+"|"+change),
	}
}

// move gives the entry another place and changes the numbers between the two.
func (e entryEvent) move(from, to housing.Seniority) []op {
	first, last := from, to
	if last.Compare(first) < 0 {
		first, last = last, first
	}
	change := formatChange(e.kind, e.rec)
	return []op{
		set(entryKey(e.list, e.entry), "seniority", seniorityKey(to), "change", change),
		unrank(orderKey(e.list), orderMember(from, e.entry)),
		rank(orderKey(e.list), orderMember(to, e.entry)),
		stair(changesKey(e.list), seniorityKey(first), seniorityKey(last)+behind, change),
	}
}

// behind after a seniority is the place behind it and before every later one:
// it sorts after the bar that follows a stair's place.
const behind = "~"

// changesKey is a zset of stairs, place|change, and end.
func changesKey(id domain.ListID) string { return id.Stream() + ":changes" }

// seniorityKey sorts as [housing.Seniority.Compare] does, for the instants that
// have a Unix time in nanoseconds (years 1678 to 2262): the sign bit is turned
// so that instants before 1970 sort first. Before it stands 0 for an entry with
// priority and 1 for all others.
func seniorityKey(s housing.Seniority) string {
	class := 1
	if s.Priority {
		class = 0
	}
	return fmt.Sprintf("%d%016x%016x", class, uint64(s.At.UnixNano())^(1<<63), uint64(s.Position))
}

const seniorityKeyLen = 33

func parseSeniorityKey(key string) (housing.Seniority, error) {
	if len(key) != seniorityKeyLen || key[0] != '0' && key[0] != '1' {
		return housing.Seniority{}, fmt.Errorf("seniority key of %d characters", len(key))
	}
	hi, err := strconv.ParseUint(key[1:17], 16, 64)
	if err != nil {
		return housing.Seniority{}, err
	}
	lo, err := strconv.ParseUint(key[17:], 16, 64)
	if err != nil {
		return housing.Seniority{}, err
	}
	return housing.Seniority{
		At: time.Unix(0, int64(hi^(1<<63))).UTC(), Position: domain.Position(lo), Priority: key[0] == '0',
	}, nil
}

// ChangeKind is what happened to an entry of a list.
type ChangeKind string

const (
	Placed        ChangeKind = "placed"
	Removed       ChangeKind = "removed"
	Reinstated    ChangeKind = "reinstated"
	Provided      ChangeKind = "provided"
	Left          ChangeKind = "left"
	Redated       ChangeKind = "redated"
	Undone        ChangeKind = "redating_undone"
	Prioritised   ChangeKind = "prioritised"
	PriorityEnded ChangeKind = "priority_ended"
)

// ChangeKinds lists them all.
var ChangeKinds = []ChangeKind{Placed, Removed, Reinstated, Redated, Undone, Provided, Left, Prioritised, PriorityEnded}

// Change is what changed a number. It does not tell whose entry changed.
type Change struct {
	Kind        ChangeKind
	EffectiveAt time.Time
	Created     time.Time // when the log learned of it
	Event       domain.EventRef
	Own         bool // it is of the entry that was asked for, and not of another one
}

// formatChange writes a change so that it names the event and nobody.
func formatChange(kind ChangeKind, rec domain.Recorded) string {
	ref := domain.EventRef{Stream: rec.Stream, Revision: rec.Revision}
	return fmt.Sprintf("%s|%d|%d|%s", kind, rec.Event.EffectiveAt().UnixNano(), rec.Created.UnixNano(), ref)
}

func parseChange(text string) (Change, error) {
	parts := strings.Split(text, "|")
	if len(parts) != 4 {
		return Change{}, fmt.Errorf("change of %d parts", len(parts))
	}
	effective, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return Change{}, err
	}
	created, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil {
		return Change{}, err
	}
	c := Change{
		Kind: ChangeKind(parts[0]), EffectiveAt: time.Unix(0, effective).UTC(), Created: time.Unix(0, created).UTC(),
	}
	return c, c.Event.UnmarshalText([]byte(parts[3]))
}

// QueueNumber is the place of an entry on its list.
type QueueNumber struct {
	ListID       domain.ListID
	EntryID      domain.EntryID
	PersonID     domain.PersonID
	CaseID       domain.CaseID
	Status       housing.EntryState
	Number       int // 1 for the first; 0 for an entry that has left the list
	Of           int // entries that stand on the list
	Ahead        int // those before this one; 0 for an entry that has left
	Seniority    housing.Seniority
	RegisteredOn domain.Date
	Certified    int    // the number on the certificate, which never changes
	LastChange   Change // of the number; for an entry that has left, its leaving

	InventoryDueOn domain.Date           // until when it must be confirmed
	AnswerBy       domain.Date           // until when the holder who was asked can; zero where nobody was
	Review         *EntryReview          // that goes on, or ended with the removal
	Removed        housing.RemovalReason // why it was; empty for an entry that was not
	NoticeDueOn    domain.Date           // of the removal; zero where no notice is owed
	Revision       uint64                // of the list's stream
	AsOf           domain.Position
}

// EntryReview is the procedure on an entry that is or was under review.
type EntryReview struct {
	Owed      []procedure.Owed     // what the body owes after a complaint
	Late      []procedure.Owed     // what of that was late
	Reason    housing.ReviewReason // empty once the entry is removed
	Hearing   *CaseHearing
	Complaint *CaseComplaint // about the removal
	Appeal    *CaseAppeal    // of the complaint, once it is forwarded
}

// A member of the changes begins with the seniority and a bar; the tilde sorts
// after the bar. Of what one key says, another must agree: an entry that stands on its list
// has a rank and a change, and no other has a rank. Where they do not, one of them was lost.
const numberOfEntry = `
local function number(list, entry, order, changes, placed, id)
  local known = redis.call('HMGET', list, 'title', 'revision')
  local e, has = redis.call('HGETALL', entry), redis.call('HMGET', entry, 'seniority', 'status', 'review')
  local ranked = has[1] and redis.call('ZRANK', order, has[1] .. id)
  local change = has[1] and redis.call('ZREVRANGEBYLEX', changes, '[' .. has[1] .. '~', '-', 'LIMIT', 0, 1)[1]
  local review = has[3] and redis.call('HGETALL', g .. has[3]) or {}
  if known[1] then
    local stands = has[2] == '` + string(housing.Active) + `' or has[2] == '` + string(housing.UnderReview) + `'
    if not redis.call('ZSCORE', order, '` + end + `') or stands and not ranked then damage = order
    elseif not redis.call('ZSCORE', changes, '` + end + `') or stands and not change then damage = changes
    elseif ranked and not stands or has[3] and #review == 0 then damage = entry
    elseif not has[1] and
      (redis.call('SISMEMBER', placed, '` + end + `') == 0 or redis.call('SISMEMBER', placed, id) == 1) then
      damage = entry
    end
  end
  return {known, e, ranked, redis.call('ZCARD', order) - 1, change or '', review}
end
`

var numberQuery = query(numberOfEntry + `
return number(g .. ARGV[5], g .. ARGV[6], g .. ARGV[7], g .. ARGV[8], g .. ARGV[9], ARGV[10])`)

// Number returns the current number of an entry, why it is that, and what is
// certified. Errors: [domain.CodeListUnknown], [domain.CodeEntryUnknown].
func (r *Reader) Number(ctx context.Context, list domain.ListID, entry domain.EntryID) (QueueNumber, error) {
	data, at, err := r.read(ctx, numberQuery, list.Stream(),
		list.Stream(), entryKey(list, entry), orderKey(list), changesKey(list), placedKey(list), entry.String())
	if err != nil {
		return QueueNumber{}, err
	}
	return queueNumber(list, entry, data, at)
}

// queueNumber reads what the script number returns.
func queueNumber(list domain.ListID, entry domain.EntryID, data []any, at domain.Position) (QueueNumber, error) {
	revision, err := openedList(list, data[0])
	if err != nil {
		return QueueNumber{}, err
	}
	rec := asRecord(data[1])
	if !rec.has("seniority") {
		return QueueNumber{}, UnknownEntry(list)
	}
	review := asRecord(data[5])
	line, err := entryLine(entry, rec, review["state"])
	if err != nil {
		return QueueNumber{}, err
	}
	n := QueueNumber{
		ListID: list, EntryID: entry, PersonID: line.PersonID, CaseID: line.CaseID,
		Status: line.Status, InventoryDueOn: line.InventoryDueOn, Of: asInt(data[3]),
		Seniority: line.Seniority, RegisteredOn: line.RegisteredOn, Certified: line.Certified,
		Revision: revision, AsOf: at,
	}
	if err := n.readReview(rec, review); err != nil {
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
	n.LastChange.Own = change == rec["change"]
	return n, nil
}

// Line is the same place as a line of its list.
func (n QueueNumber) Line() QueueEntry {
	return QueueEntry{
		Number: n.Number, EntryID: n.EntryID, PersonID: n.PersonID, CaseID: n.CaseID, Seniority: n.Seniority,
		RegisteredOn: n.RegisteredOn, Certified: n.Certified, Status: n.Status, InventoryDueOn: n.InventoryDueOn,
	}
}

// UnknownEntry says that the list has no such entry, or none of whoever asks.
func UnknownEntry(list domain.ListID) error {
	return absent(list.Stream(), "title",
		domain.Refuse(domain.NotFound, domain.CodeEntryUnknown, "the list has no such entry"))
}

// readReview adds what the entry's record and the record of its review tell of the
// review and of a removal.
func (n *QueueNumber) readReview(rec, review record) error {
	n.Removed = housing.RemovalReason(rec["removal_reason"])
	for field, day := range map[string]*domain.Date{"answer_by": &n.AnswerBy, "notice_due_on": &n.NoticeDueOn} {
		if !rec.has(field) {
			continue
		}
		if err := day.UnmarshalText([]byte(rec[field])); err != nil {
			return corrupt(field, err)
		}
	}
	if !rec.has("review") {
		return nil
	}
	n.Review = &EntryReview{Reason: housing.ReviewReason(rec["review_reason"])}
	var err error
	if n.Review.Owed, err = review.duties(owedPrefix); err != nil {
		return err
	}
	if n.Review.Late, err = review.duties(latePrefix); err != nil {
		return err
	}
	return review.decode(map[string]any{
		"hearing": &n.Review.Hearing, "complaint": &n.Review.Complaint, "appeal": &n.Review.Appeal,
	})
}
