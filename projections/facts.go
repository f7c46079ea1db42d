package projections

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/feed"
)

// toldFacts keeps of each person the last fact of each kind that consumers are told (C31), so that
// whether a person changed since a place is one look. What became of an earlier fact counts as one of
// its kinds.
func toldFacts(rec domain.Recorded) (ops []op) {
	for i, f := range feed.FactsOf(rec) {
		kinds := f.Of
		if len(kinds) == 0 {
			kinds = []domain.FactKind{f.Kind}
		}
		dwelling := ""
		if !f.DwellingID.IsZero() {
			dwelling = f.DwellingID.String()
		}
		last := feed.After(rec.Position, rec.ID, uint16(i+1)).String() + "|" + dwelling + "|" + f.On.String()
		for _, kind := range kinds {
			ops = append(ops, set(factsKey(f.PersonID), string(kind), last))
		}
	}
	return ops
}

func factsKey(id domain.PersonID) string { return id.Stream() + ":facts" } // hash: kind → position|dwelling|day

// LastFact is the last fact of a kind about a person.
type LastFact struct {
	Kind       domain.FactKind
	Position   feed.Position
	DwellingID domain.DwellingID // zero where the fact is of none
	On         domain.Date
}

var factsQuery = query(`
local facts = {}
for i = 5, #ARGV do
  if at[4] and redis.call('SISMEMBER', g .. 'held', ARGV[i]) == 1 then return {'held'} end
  facts[i - 4] = redis.call('HGETALL', g .. ARGV[i] .. ':facts')
end
return facts`)

// LastFacts returns the last facts of the persons, each in no order, and up to which position of the
// log they hold.
func (r *Reader) LastFacts(ctx context.Context, persons []domain.PersonID) ([][]LastFact, domain.Position, error) {
	if len(persons) == 0 {
		at, err := r.Position(ctx)
		return nil, at, err
	}
	streams := make([]any, len(persons))
	for i, id := range persons {
		streams[i] = id.Stream()
	}
	data, at, err := r.read(ctx, factsQuery, "", streams...)
	if err != nil {
		return nil, at, err
	}
	if len(data) == 1 && text(data[0]) == "held" {
		return nil, at, heldBack()
	}
	all := make([][]LastFact, len(persons))
	for i := range persons {
		for kind, value := range asRecord(data[i]) {
			fact, err := lastFact(domain.FactKind(kind), value)
			if err != nil {
				return nil, at, corrupt("last fact of a person", err)
			}
			all[i] = append(all[i], fact)
		}
	}
	return all, at, nil
}

func lastFact(kind domain.FactKind, value string) (f LastFact, err error) {
	position, rest, _ := strings.Cut(value, "|")
	dwelling, on, _ := strings.Cut(rest, "|")
	f.Kind = kind
	if f.Position, err = feed.ParsePosition(position); err != nil {
		return f, err
	}
	if dwelling != "" {
		var id uuid.UUID
		if id, err = uuid.Parse(dwelling); err != nil {
			return f, err
		}
		f.DwellingID = domain.DwellingID{UUID: id}
	}
	f.On, err = domain.ParseDate(on)
	return f, err
}
