package projections

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"tizilim/domain"
)

// histories keeps, for every person and every dwelling, the pointers to the
// events that concern them ([domain.Concern]), in the order of the log. The
// events themselves are read from the log.
//
// The parties of a case are named once, by the event that begins it: a set of
// keys of histories, from all of which every step of the case is pointed to
// (opPoint). An event that names an entry alone is pointed to from the history
// of whoever holds the entry at that place of the log (opPointHolder). Neither needs a
// read, and a page of a history is one range of one sorted set.
func histories(rec domain.Recorded) (ops []op) {
	c := rec.Event.Concerns()
	pointer := hexPosition(rec.Position) + "|" + eventRef(rec.Stream, rec.Revision)
	subjects := subjectsOf(c)
	if c.Begins { // the subjects are parties from now on, and pointed to as such
		ops, subjects = append(ops, join(partiesKey(c.Case), subjects...)), nil
	}
	for _, history := range subjects {
		ops = append(ops, rank(history, pointer))
	}
	if !c.Case.IsZero() {
		ops = append(ops, point(partiesKey(c.Case), pointer))
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
for i = 4, #ARGV do
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
