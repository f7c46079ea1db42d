package projections

import (
	"bytes"
	"context"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/residence"
)

// Of a search by a name: how many persons it looks at, and how many it returns.
const (
	namesAtOnce = 1000
	maxNamed    = 100
)

// names keeps who is, or was, recorded with a word of a name and a birth date, by the keyed hash that
// the event has of both: neither is in Redis. Nobody is taken out: who reads a set looks at each in the
// log, which also says who was erased.
func names(rec domain.Recorded) []op {
	switch e := rec.Event.(type) {
	case residence.PersonRecorded:
		return nameOps(e.PersonID, e.NameKeys)
	case residence.PersonDataChanged:
		return nameOps(e.PersonID, e.NameKeys)
	}
	return nil
}

func nameOps(id domain.PersonID, keys []residence.NameKey) []op {
	var ops []op
	for _, key := range keys {
		ops = append(ops, join(namePrefix+string(key), id.String()))
	}
	return ops
}

const namePrefix = "name:" // set: person

// namedQuery takes the keys of each word, with "" behind them. It looks at the persons of the word that
// has the fewest.
var namedQuery = query(`
local words, word = {}, {}
for i = 6, #ARGV do
  if ARGV[i] == '' then
    words[#words + 1] = word
    word = {}
  else
    word[#word + 1] = g .. ARGV[5] .. ARGV[i]
  end
end
local fewest, rarest = ` + strconv.Itoa(namesAtOnce) + ` + 1, 0
for i, sets in ipairs(words) do
  local count = 0
  for _, set in ipairs(sets) do count = count + redis.call('SCARD', set) end
  if count < fewest then fewest, rarest = count, i end
end
if rarest == 0 then return {'wide'} end
local function has(sets, id)
  for _, set in ipairs(sets) do
    if redis.call('SISMEMBER', set, id) == 1 then return true end
  end
  return false
end
local found, known = {''}, {}
local function look(id)
  for _, sets in ipairs(words) do
    if not has(sets, id) then return end
  end
  found[#found + 1] = id
end
for _, set in ipairs(words[rarest]) do
  for _, id in ipairs(redis.call('SMEMBERS', set)) do
    if not known[id] then
      known[id] = true
      look(id)
    end
  end
end
return found`)

// Named returns who is, or was, recorded with one of the keys of each word, in the order of the ids.
// A key that two words have by chance may add others, so who asks compares them with the log. It looks
// at a bounded number of persons. Error: [domain.CodeNameTooWide] where there are more.
func (r *Reader) Named(ctx context.Context, words [][]residence.NameKey) ([]domain.PersonID, error) {
	args := []any{namePrefix}
	for _, keys := range words {
		for _, key := range keys {
			args = append(args, string(key))
		}
		args = append(args, "")
	}
	data, _, err := r.read(ctx, namedQuery, "", args...)
	if err != nil {
		return nil, err
	}
	if text(data[0]) != "" || len(data) > maxNamed+1 {
		return nil, domain.Refuse(domain.Invalid, domain.CodeNameTooWide,
			"too many persons have these names and this birth date: give more of the names")
	}
	persons := make([]domain.PersonID, len(data)-1)
	for i, id := range asTexts(data[1:]) {
		if persons[i].UUID, err = uuid.Parse(id); err != nil {
			return nil, corrupt("person with a name", err)
		}
	}
	slices.SortFunc(persons, func(a, b domain.PersonID) int { return bytes.Compare(a.UUID[:], b.UUID[:]) })
	return persons, nil
}
