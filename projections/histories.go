package projections

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/domain/residence"
)

// histories keeps, for every person, every dwelling and every case, the pointers to the
// events that concern them ([domain.Concern]), in the order of the log. The
// events themselves are read from the log.
//
// The parties of a case are named once, by the event that begins it: a set of
// keys of histories, from all of which every step of the case is pointed to
// (opPoint). An event that names an entry alone is pointed to from the history
// of whoever holds the entry at that place of the log (opPointHolder). Neither needs a
// read, and a page of a history is one range of one sorted set.
//
// The access log is kept apart from the histories.
func histories(rec domain.Recorded) (ops []op) {
	if accesslog.IsLog(rec.Stream) {
		return nil
	}
	c := rec.Event.Concerns()
	pointer := pointerTo(rec)
	subjects := subjectsOf(c)
	if c.Begins { // the subjects are parties from now on, and pointed to as such
		ops, subjects = append(ops, join(partiesKey(c.Case), subjects...)), nil
	}
	for _, history := range subjects {
		ops = append(ops, rank(history, pointer))
	}
	if !c.Case.IsZero() {
		ops = append(ops, point(partiesKey(c.Case), pointer), rank(caseHistory(c.Case), pointer))
	}
	for _, e := range c.Entries {
		ops = append(ops, pointHolder(entryKey(e.ListID, e.EntryID), pointer))
	}
	return ops
}

// subjectsOf returns the histories of the subjects.
func subjectsOf(c domain.Concern) []string {
	var subjects []string
	for _, id := range c.Persons {
		subjects = append(subjects, personHistory(id))
	}
	for _, id := range c.Dwellings {
		subjects = append(subjects, dwellingHistory(id))
	}
	return subjects
}

var partiesQuery = query(`
local all = {}
for i = 5, #ARGV do
  for _, history in ipairs(redis.call('SMEMBERS', g .. ARGV[i])) do all[#all + 1] = history end
end
return all`)

// Parties returns the persons who take part in the cases, in no order, each as
// often as they do: those whose histories hold the events of the cases.
func (r *Reader) Parties(ctx context.Context, cases []domain.CaseID) ([]domain.PersonID, error) {
	args := make([]any, len(cases))
	for i, id := range cases {
		args[i] = partiesKey(id)
	}
	data, _, err := r.read(ctx, partiesQuery, "", args...)
	if err != nil {
		return nil, err
	}
	var parties []domain.PersonID
	for _, history := range asTexts(data) {
		id, ok := strings.CutPrefix(strings.TrimSuffix(history, ":history"), "residence-")
		if !ok {
			continue // a dwelling
		}
		parsed, err := uuid.Parse(id)
		if err != nil {
			return nil, corrupt("party of a case", err)
		}
		parties = append(parties, domain.PersonID{UUID: parsed})
	}
	return parties, nil
}

// partiesKey is a set of the keys of histories.
func partiesKey(id domain.CaseID) string { return id.Stream() + ":parties" }

func caseHistory(id domain.CaseID) string { return id.Stream() + ":history" } // zset of pointers

func personHistory(id domain.PersonID) string { return id.Stream() + ":history" } // zset of pointers

func dwellingHistory(id domain.DwellingID) string {
	return id.Stream() + ":history"
}

// Pointer names an event of a history.
type Pointer struct {
	Position domain.Position
	domain.EventRef
}

// pointerTo is the member of a sorted set that points to the event.
func pointerTo(rec domain.Recorded) string {
	return hexPosition(rec.Position) + "|" + eventRef(rec.Stream, rec.Revision)
}

func parsePointer(member string) (p Pointer, err error) {
	position, ref, _ := strings.Cut(member, "|")
	at, err := strconv.ParseUint(position, 16, 64)
	if err != nil {
		return p, corrupt("position", err)
	}
	p.Position = domain.Position(at)
	if err = p.EventRef.UnmarshalText([]byte(ref)); err != nil {
		return p, corrupt("pointer", err)
	}
	return p, nil
}

// HistoryFrom says which part of a history is read.
type HistoryFrom struct {
	Cursor domain.Position // behind which it begins; 0: at the first pointer, or newest first at the last
	Newest bool            // the newest pointer first
	Limit  int
}

// HistoryPage is a part of a history, in the order of the log, or newest first against it.
type HistoryPage struct {
	Pointers []Pointer
	Next     domain.Position // behind which the next page begins; 0 where there is none
	AsOf     domain.Position
}

// pointersFrom is the part of a script that reads the pointers that [HistoryFrom.args] asks for, of which the
// first is the argument at that place.
func pointersFrom(first string) string {
	arg := func(n string) string { return "ARGV[" + first + " + " + n + "]" }
	return `redis.call(` + arg("1") + `, g .. ` + arg("0") + `, ` + arg("2") + `, ` + arg("3") + `, 'LIMIT', 0, ` + arg("4") + `)`
}

// args are the arguments of pointersFrom, for the pointers under a key, with one more than the page has.
func (f HistoryFrom) args(key string) []any {
	limit := pageSize(f.Limit) + 1
	switch {
	case !f.Newest:
		return []any{key, "ZRANGEBYLEX", "(" + hexPosition(f.Cursor) + "~", "+", limit}
	case f.Cursor == 0:
		return []any{key, "ZREVRANGEBYLEX", "+", "-", limit}
	default:
		return []any{key, "ZREVRANGEBYLEX", "(" + hexPosition(f.Cursor), "-", limit}
	}
}

// page makes a page of the members that a script has read.
func (f HistoryFrom) page(members []string, asOf domain.Position) (HistoryPage, error) {
	page := HistoryPage{AsOf: asOf}
	for i, member := range members {
		if i == pageSize(f.Limit) {
			page.Next = page.Pointers[i-1].Position
			break
		}
		p, err := parsePointer(member)
		if err != nil {
			return HistoryPage{}, err
		}
		page.Pointers = append(page.Pointers, p)
	}
	return page, nil
}

// beganField of a record is the pointer to the event that it began with, which the history
// must have: a history that was lost, and perhaps begun anew, lacks it.
const beganField = "began"

var historyQuery = query(`
local known = redis.call('HMGET', g .. ARGV[5], ARGV[6], '` + beganField + `')
if known[2] and not redis.call('ZSCORE', g .. ARGV[7], known[2]) then damage = ARGV[7] end
return {known[1] and 1 or 0, ` + pointersFrom("7") + `}`)

// PersonHistory returns a page of pointers to the events that tell of the
// person: those of the person's own stream, of the cases in which the person is applicant, named or family,
// and of the person's entries on lists. While the records of one human are merged, the
// history of each is that of all (R33). Error: [domain.CodePersonUnknown].
func (r *Reader) PersonHistory(ctx context.Context, id domain.PersonID, from HistoryFrom) (HistoryPage, error) {
	selves, err := r.Selves(ctx, id)
	if err != nil {
		return HistoryPage{}, err
	}
	var all HistoryPage
	for i, self := range selves {
		page, err := r.history(ctx, self.Stream(), "class", personHistory(self), from, unknownPerson())
		switch {
		case err != nil && i > 0 && domain.CodeOf(err) == domain.CodePersonUnknown:
			continue
		case err != nil:
			return HistoryPage{}, err
		case i == 0:
			all = page
		default:
			all = all.with(page, from)
		}
	}
	return all, nil
}

// with returns the page of two histories. What is in both is there once.
func (p HistoryPage) with(other HistoryPage, from HistoryFrom) HistoryPage {
	order := func(a, b domain.Position) int {
		if from.Newest {
			a, b = b, a
		}
		return cmp.Compare(a, b)
	}
	all := slices.Concat(p.Pointers, other.Pointers)
	slices.SortFunc(all, func(a, b Pointer) int { return order(a.Position, b.Position) })
	all = slices.Compact(all)
	for _, next := range []domain.Position{p.Next, other.Next} { // up to which both pages have everything
		if next > 0 {
			all = slices.DeleteFunc(all, func(a Pointer) bool { return order(a.Position, next) > 0 })
		}
	}
	more := p.Next > 0 || other.Next > 0
	if limit := pageSize(from.Limit); len(all) > limit {
		all, more = all[:limit], true
	}
	page := HistoryPage{Pointers: all, AsOf: min(p.AsOf, other.AsOf)}
	if more && len(all) > 0 {
		page.Next = all[len(all)-1].Position
	}
	return page
}

// DwellingHistory is [Reader.PersonHistory] of a dwelling: the events of its own
// stream, the registrations there and their endings, and the S001 cases about
// it. Error: [domain.CodeDwellingUnknown].
func (r *Reader) DwellingHistory(ctx context.Context, id domain.DwellingID, from HistoryFrom) (HistoryPage, error) {
	return r.history(ctx, id.Stream(), "address", dwellingHistory(id), from, residence.UnknownDwelling())
}

// CaseHistory is [Reader.PersonHistory] of a case: its steps, also those of a review in the stream of a list.
// Error: [domain.CodeCaseUnknown].
func (r *Reader) CaseHistory(ctx context.Context, id domain.CaseID, from HistoryFrom) (HistoryPage, error) {
	page, err := r.pointers(ctx, caseHistory(id), from)
	if err == nil && len(page.Pointers) == 0 && from.Cursor == 0 {
		err = absent(id.Stream(), "state", domain.Refuse(domain.NotFound, domain.CodeCaseUnknown, "there is no case with this id"))
	}
	return page, err
}

// history reads a page of the history under the key. unknown is the error where the
// record of the stream lacks the field knownBy.
func (r *Reader) history(
	ctx context.Context, stream, knownBy, key string, from HistoryFrom, unknown error,
) (HistoryPage, error) {
	data, at, err := r.read(ctx, historyQuery, stream, append([]any{stream, knownBy}, from.args(key)...)...)
	if err != nil {
		return HistoryPage{}, err
	}
	if asInt(data[0]) == 0 {
		return HistoryPage{}, absent(stream, knownBy, unknown)
	}
	return from.page(asTexts(data[1]), at)
}
