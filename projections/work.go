package projections

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
)

// work keeps the application on the work lists: those of a service, and those of a list. There
// it is by what is due in it first, and by its state. A case in which nothing is due is kept by
// its state alone. A review of an entry is shown with its entry. did is what the event writes
// to the record of the case.
//
// The hash <case>:work has all that opFile keeps the sorted sets by: the service, the list, the
// state, when the application was received, and each thing that is due with its last instant.
func work(rec domain.Recorded, did []op) []op {
	key := caseKey(rec)
	if key != rec.Stream {
		return nil
	}
	w := workKey(key)
	ops := dueIn(rec.Event, w)
	switch e := rec.Event.(type) {
	case housing.ApplicationReceived:
		ops = append(ops, set(w, "service", string(domain.S000), "list", e.ListID.String(), "received", moment(e.ReceivedAt)))
	case residence.DeregistrationApplied:
		ops = append(ops, set(w, "service", string(domain.S001), "received", moment(e.ReceivedAt)))
	case procedure.ActContested:
		ops = append(ops, set(w, "service", string(domain.Complaint), "received", moment(e.At)))
		if !e.ListID.IsZero() {
			ops = append(ops, set(w, "list", e.ListID.String()))
		}
	}
	for _, o := range did {
		if o.verb == opSet && o.key == key && o.args[0] == "state" {
			ops = append(ops, set(w, "state", o.args[1]))
		}
	}
	if len(ops) == 0 {
		return nil
	}
	return append(ops, file(w))
}

// foldFile is opFile in memory.
func foldFile(f *fold, key string, _ []string) {
	work := f.values[key]
	if work == nil {
		return
	}
	state, hasState := work.members.Get("state")
	service, hasService := work.members.Get("service")
	if !hasState || !hasService {
		return
	}
	id := caseOfWork(key)
	member, due := "", false
	for _, field := range work.between(duePrefix, duePrefix+"~") {
		at, _ := work.members.Get(field)
		if !due || at+id < member {
			member, due = at+id, true
		}
	}
	if !due {
		received, _ := work.members.Get("received")
		member = received + id
	}
	scopes := []string{service}
	if list, ok := work.members.Get("list"); ok {
		scopes = append(scopes, "list:"+list)
	}
	sets := func(at string) (sets []string, member string) {
		i := strings.IndexAny(at, "!-")
		sets = []string{statesSet(scopes[len(scopes)-1], CaseState(at[:i]))}
		if at[i] == '!' {
			for _, scope := range scopes {
				sets = append(sets, workSet(scope))
			}
		}
		return sets, at[i+1:]
	}
	at := state + "-" + member
	if due {
		at = state + "!" + member
	}
	was, filed := work.members.Get("at")
	if was == at {
		return
	}
	if filed {
		from, member := sets(was)
		for _, set := range from {
			f.remove(set, member)
		}
	}
	to, member := sets(at)
	for _, set := range to {
		f.value(set, "zset").members.Set(member, "0")
	}
	work.members.Set("at", at)
}

func workKey(stream string) string { return stream + ":work" }

// caseOfWork is the id of the case with this key of work.
func caseOfWork(key string) string {
	return strings.TrimSuffix(strings.TrimPrefix(key, "case-"), ":work")
}

// Things that are due in a case, beside [procedure.Duties].
const (
	DueDecision      = "decision"       // on the application (C9)
	DueCorrection    = "correction"     // of an incomplete application, by the applicant (C3)
	DueConfirmations = "owners_answers" // of the other owners (R6)
)

const duePrefix = "due:"

// dueIn is what an event makes due in a case, and what is not due any more.
func dueIn(event domain.Event, w string) (ops []op) {
	is := func(what string, at time.Time) { ops = append(ops, set(w, duePrefix+what, moment(at))) }
	not := func(what ...string) {
		for i := range what {
			what[i] = duePrefix + what[i]
		}
		ops = append(ops, unset(w, what...))
	}
	owed, done := procedure.DutiesOf(event)
	for _, d := range done {
		not(string(d))
	}
	for _, o := range owed {
		is(string(o.Duty), o.By.End())
	}
	switch e := event.(type) {
	case procedure.Begins:
		if deadline := e.Begun().Deadline; !deadline.IsZero() {
			is(DueDecision, deadline)
		}
		if e, ok := event.(residence.DeregistrationApplied); ok && len(e.CoOwners) > 0 {
			is(DueConfirmations, e.ConfirmBy)
		}
	case residence.CoOwnerConfirmed:
		if !e.Deadline.IsZero() { // the last one
			not(DueConfirmations)
			is(DueDecision, e.Deadline)
		}
	case residence.SilenceAnnulled:
		is(DueConfirmations, e.ConfirmBy)
	case procedure.Moves:
		if !e.MovesTo().Open() {
			not(DueDecision, DueCorrection, DueConfirmations)
		}
	case procedure.CorrectionRequested: // the term does not run meanwhile
		not(DueDecision)
		is(DueCorrection, e.Until.End())
	case procedure.CorrectionReceived:
		not(DueCorrection)
		is(DueDecision, e.Deadline)
	case procedure.TermExtended:
		is(DueDecision, e.Deadline)
	case procedure.CaseReturned, procedure.CaseForwarded, procedure.CaseWithdrawn, procedure.CaseTerminated:
		not(DueDecision, DueCorrection, DueConfirmations)
	case procedure.ComplaintDecided:
		if !e.Deadline.IsZero() { // the decision fell
			is(DueDecision, e.Deadline)
		}
	case procedure.CourtActRecorded:
		if !e.Deadline.IsZero() {
			is(DueDecision, e.Deadline)
		}
	case procedure.StepAnnulled:
		if e.Step == (procedure.CaseReturned{}).EventType() {
			is(DueCorrection, e.Until.End())
		}
	}
	return ops
}

// momentLen is how long the text of an instant is that sorts.
const momentLen = 15

// moment is the text of an instant, in milliseconds, that sorts as the instants do.
func moment(t time.Time) string { return fmt.Sprintf("%0*d", momentLen, t.UnixMilli()) }

func parseMoment(s string) (time.Time, error) {
	var ms int64
	if _, err := fmt.Sscanf(s, "%d", &ms); err != nil {
		return time.Time{}, corrupt("instant", err)
	}
	return time.UnixMilli(ms).In(domain.Zone), nil
}

// workSet is the key of a sorted set of what is due: of a service, or of a list.
func workSet(scope string) string { return "work:" + scope }

// listScope is what a list is called in the keys of work.
func listScope(id domain.ListID) string { return "list:" + id.String() }

// statesSet is the key of the sorted set of the cases of a scope in a state: those in which
// something is due by that, the others by when they were received. S000 has them for each
// list only.
func statesSet(scope string, s CaseState) string { return workSet(scope) + ":" + string(s) }

// WorkFilter says which cases are looked for.
type WorkFilter struct {
	Lists    []domain.ListID  // applications for these lists, and contested acts on them
	Services []domain.Service // cases of these services
	State    CaseState        // "" for each in which something is due
	DueBy    time.Time        // only what was due before; zero for all
}

// WorkItem is a case on a work list.
type WorkItem struct {
	Case
	Due    []Due  // what is due, the first first
	Cursor string // of the page that begins behind it
}

// Due is something that somebody owes in a case.
type Due struct {
	What string // [DueDecision], [DueCorrection], [DueConfirmations], or a [procedure.Duty]
	By   time.Time
}

// WorkPage is a part of a work list.
type WorkPage struct {
	Items []WorkItem
	Next  string // the cursor of the next page; "" where there is none
	AsOf  domain.Position
}

var workQuery = query(`
local from, to, limit = '-', '+', tonumber(ARGV[7])
if ARGV[5] ~= '' then from = '(' .. ARGV[5] end
if ARGV[6] ~= '' then to = '(' .. ARGV[6] end
local members, known = {}, {}
for i = 8, #ARGV do
  for _, member in ipairs(redis.call('ZRANGEBYLEX', g .. ARGV[i], from, to, 'LIMIT', 0, limit)) do
    if not known[member] then
      known[member] = true
      members[#members + 1] = member
    end
  end
end
table.sort(members, less)
local found = {}
for i = 1, math.min(limit, #members) do
  local key = 'case-' .. string.sub(members[i], ` + fmt.Sprint(momentLen+1) + `)
  if redis.call('HEXISTS', g .. key, 'application') == 0 then damage = key end
  found[i] = {members[i], redis.call('HGETALL', g .. key), redis.call('HGETALL', g .. key .. ':work')}
end
return found`)

// Work returns up to limit cases of the filter after the cursor, those with the earliest due
// first. The cost grows with the limit and with the lists of the filter, and not with the cases.
//
// Error: [domain.CodeMalformed] for a cursor that was not given out.
func (r *Reader) Work(ctx context.Context, f WorkFilter, cursor string, limit int) (WorkPage, error) {
	if cursor != "" && !workCursor(cursor) {
		return WorkPage{}, UnknownCursor()
	}
	limit = pageSize(limit)
	to := ""
	if !f.DueBy.IsZero() {
		to = moment(f.DueBy)
	}
	args := []any{cursor, to, limit + 1}
	for _, scope := range f.scopes() {
		if f.State == "" {
			args = append(args, workSet(scope))
		} else {
			args = append(args, statesSet(scope, f.State))
		}
	}
	data, at, err := r.read(ctx, workQuery, "", args...)
	if err != nil {
		return WorkPage{}, err
	}
	page := WorkPage{AsOf: at}
	for i, line := range data {
		if i == limit {
			page.Next = text(data[i-1].([]any)[0])
			break
		}
		item, err := workItem(line.([]any))
		if err != nil {
			return WorkPage{}, err
		}
		item.AsOf = at
		page.Items = append(page.Items, item)
	}
	return page, nil
}

var ownWorkQuery = query(`
local found = {}
for _, id in ipairs(redis.call('SMEMBERS', g .. ARGV[5])) do
  local key = 'case-' .. id
  local at = redis.call('HGET', g .. key .. ':work', 'at')
  if at then
    local member = string.match(at, '[!-](.+)$')
    found[#found + 1] = {member, redis.call('HGETALL', g .. key), redis.call('HGETALL', g .. key .. ':work')}
  end
end
return found`)

// WorkOf returns the applications of a person, those with the earliest due first.
func (r *Reader) WorkOf(ctx context.Context, id domain.PersonID) (WorkPage, error) {
	data, at, err := r.read(ctx, ownWorkQuery, "", ownCasesKey(id))
	if err != nil {
		return WorkPage{}, err
	}
	page := WorkPage{AsOf: at}
	for _, line := range data {
		item, err := workItem(line.([]any))
		if err != nil {
			return WorkPage{}, err
		}
		item.AsOf = at
		page.Items = append(page.Items, item)
	}
	slices.SortFunc(page.Items, func(a, b WorkItem) int { return strings.Compare(a.Cursor, b.Cursor) })
	return page, nil
}

var workItemQuery = query(`
return {redis.call('HGETALL', g .. ARGV[5]), redis.call('HGETALL', g .. ARGV[5] .. ':work')}`)

// WorkItem returns an application with what is due in it. Error: [domain.CodeCaseUnknown].
func (r *Reader) WorkItem(ctx context.Context, id domain.CaseID) (WorkItem, error) {
	data, at, err := r.read(ctx, workItemQuery, id.Stream(), id.Stream())
	if err != nil {
		return WorkItem{}, err
	}
	var item WorkItem
	if item.Case, err = caseOf(id, asRecord(data[0]), nil, nil); err != nil {
		return WorkItem{}, err
	}
	item.AsOf = at
	item.Due, err = dues(asRecord(data[1]))
	return item, err
}

func (f WorkFilter) scopes() (scopes []string) {
	for _, s := range f.Services {
		scopes = append(scopes, string(s))
	}
	for _, l := range f.Lists {
		scopes = append(scopes, listScope(l))
	}
	return scopes
}

func workCursor(cursor string) bool {
	if len(cursor) != momentLen+36 || strings.Trim(cursor[:momentLen], "0123456789") != "" {
		return false
	}
	return uuid.Validate(cursor[momentLen:]) == nil
}

// workItem reads a member, the record of its case, and what is due in it.
func workItem(line []any) (item WorkItem, err error) {
	var id domain.CaseID
	if id.UUID, err = uuid.Parse(text(line[0])[momentLen:]); err != nil {
		return item, corrupt("case id", err)
	}
	if item.Case, err = caseOf(id, asRecord(line[1]), nil, nil); err != nil {
		return item, err
	}
	item.Cursor = text(line[0])
	item.Due, err = dues(asRecord(line[2]))
	return item, err
}

// dues reads what is due, the first first.
func dues(rec record) (list []Due, err error) {
	for field, at := range rec {
		what, ok := strings.CutPrefix(field, duePrefix)
		if !ok {
			continue
		}
		by, err := parseMoment(at)
		if err != nil {
			return nil, err
		}
		list = append(list, Due{what, by})
	}
	slices.SortFunc(list, func(a, b Due) int { return cmp.Or(a.By.Compare(b.By), strings.Compare(a.What, b.What)) })
	return list, nil
}

var stateCounts = query(`
local counts = {}
for i = 5, #ARGV do
  counts[i - 4] = redis.call('ZCARD', g .. ARGV[i])
end
return counts`)

// CountStates returns how many cases of the lists, and of the service S001 where it is asked
// for, are in each state. The cost grows with the lists, and not with the cases.
func (r *Reader) CountStates(ctx context.Context, f WorkFilter) (map[CaseState]int, error) {
	var keys []any
	var states []CaseState
	for _, scope := range f.scopes() {
		for _, s := range procedure.States {
			keys, states = append(keys, statesSet(scope, s)), append(states, s)
		}
	}
	counts := map[CaseState]int{}
	for len(keys) > 0 {
		n := min(len(keys), maxPage)
		data, _, err := r.read(ctx, stateCounts, "", keys[:n]...)
		if err != nil {
			return nil, err
		}
		for i, count := range data {
			if asInt(count) > 0 {
				counts[states[i]] += asInt(count)
			}
		}
		keys, states = keys[n:], states[n:]
	}
	return counts, nil
}

var overdueCount = query(`
local n = 0
for i = 6, #ARGV do n = n + redis.call('ZLEXCOUNT', g .. ARGV[i], '-', '(' .. ARGV[5]) end
return {n}`)

// CountOverdue returns in how many applications something was due before the instant.
func (r *Reader) CountOverdue(ctx context.Context, at time.Time) (int, error) {
	data, _, err := r.read(ctx, overdueCount, "", moment(at),
		workSet(string(domain.S000)), workSet(string(domain.S001)), workSet(string(domain.Complaint)))
	if err != nil {
		return 0, err
	}
	return asInt(data[0]), nil
}
