package projections

import (
	"context"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/notice"
	"tizilim/domain/procedure"
)

// circulars keeps the circulars that are not complete, and the applications to a list that have not
// led to a place. Whether one of them is open, its case says.
func circulars(rec domain.Recorded) []op {
	switch e := rec.Event.(type) {
	case notice.CircularBegan:
		return []op{rankAt(circularsKey, rec.Created.UnixMilli(), e.CircularID.String())}
	case notice.CircularCompleted:
		return []op{unrank(circularsKey, e.CircularID.String())}
	case housing.ListOpened:
		return []op{rank(applicationsKey(e.ListID), end)}
	case housing.ApplicationReceived:
		return []op{rank(applicationsKey(e.ListID), e.CaseID.String())}
	case housing.PlacementCertified:
		return []op{unrank(applicationsKey(e.ListID), e.CaseID.String())}
	}
	return nil
}

const circularsKey = "circulars" // zset: circular by when it began

func applicationsKey(id domain.ListID) string { return id.Stream() + ":applications" } // zset of cases, and end

var circularsQuery = query(`return redis.call('ZRANGE', g .. ARGV[5], ARGV[6], ARGV[7])`)

// Circulars returns circulars that have begun and not ended, the oldest first: up to limit of
// those behind the first skip.
func (r *Reader) Circulars(ctx context.Context, skip, limit int) ([]domain.NoticeID, error) {
	data, _, err := r.read(ctx, circularsQuery, "", circularsKey, skip, skip+pageSize(limit)-1)
	if err != nil {
		return nil, err
	}
	found := make([]domain.NoticeID, len(data))
	for i, id := range asTexts(data) {
		if found[i].UUID, err = uuid.Parse(id); err != nil {
			return nil, corrupt("circular", err)
		}
	}
	return found, nil
}

var holdersQuery = query(`
local holders = {}
for i = 6, #ARGV do
  local entry = redis.call('HMGET', g .. ARGV[5] .. ARGV[i], 'status', 'person')
  if not entry[2] then damage = ARGV[5] .. ARGV[i]
  elseif entry[1] == '` + string(housing.Active) + `' or entry[1] == '` + string(housing.UnderReview) + `' then
    holders[#holders + 1] = entry[2]
  end
end
return holders`)

// Holders returns who holds those of the entries that stand on the list.
func (r *Reader) Holders(
	ctx context.Context, list domain.ListID, entries []domain.EntryID,
) ([]domain.PersonID, error) {
	args := []any{list.Stream() + ":entry:"}
	for _, id := range entries {
		args = append(args, id.String())
	}
	data, _, err := r.read(ctx, holdersQuery, list.Stream(), args...)
	if err != nil {
		return nil, err
	}
	return personsOf(data)
}

func personsOf(data []any) ([]domain.PersonID, error) {
	persons := make([]domain.PersonID, len(data))
	for i, id := range asTexts(data) {
		var err error
		if persons[i].UUID, err = uuid.Parse(id); err != nil {
			return nil, corrupt("person id", err)
		}
	}
	return persons, nil
}

var applicationsQuery = query(`
local members = redis.call('ZRANGEBYLEX', g .. ARGV[5], '(' .. ARGV[6], '(` + end + `', 'LIMIT', 0, ARGV[7])
if not redis.call('ZSCORE', g .. ARGV[5], '` + end + `') then damage = ARGV[5] end
local found = {members[#members] or '', #members}
for _, member in ipairs(members) do
  local case = redis.call('HMGET', g .. 'case-' .. member, 'state', 'application')
  if not case[2] then damage = 'case-' .. member end
  found[#found + 1] = case[1] or ''
  found[#found + 1] = case[2] or ''
end
return found`)

// OpenApplicants looks at no more than limit applications to the list, behind a place. It returns
// the applicants of those that are open and were received by an instant, and the place from
// which to go on, "" where none is left.
func (r *Reader) OpenApplicants(
	ctx context.Context, list domain.ListID, after string, by time.Time, limit int,
) (applicants []domain.PersonID, next string, err error) {
	limit = pageSize(limit)
	data, _, err := r.read(ctx, applicationsQuery, "", applicationsKey(list), after, limit)
	if err != nil {
		return nil, "", err
	}
	if asInt(data[1]) == limit {
		next = text(data[0])
	}
	for flat := asTexts(data[2:]); len(flat) > 1; flat = flat[2:] {
		if !procedure.State(flat[0]).Open() {
			continue
		}
		var a storedApplication
		if err := (record{"application": flat[1]}).decode(map[string]any{"application": &a}); err != nil {
			return nil, "", err
		}
		if !a.ReceivedAt.After(by) {
			applicants = append(applicants, a.Applicant)
		}
	}
	return applicants, next, nil
}
