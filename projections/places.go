package projections

import (
	"context"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/residence"
)

// placesKey: all dwellings whose KATO code is known, in the order of the code.
const placesKey = "places" // zset, all scores 0: <kato>|<dwelling>

// placesAtOnce bounds how many dwellings one script looks at.
const placesAtOnce = 1000

func placeMember(kato string, id domain.DwellingID) string { return kato + "|" + id.String() }

// placed are the writes of a dwelling with the KATO code; none where it is not known.
func placed(id domain.DwellingID, kato string) []op {
	if kato == "" {
		return nil
	}
	return []op{rank(placesKey, placeMember(kato, id))}
}

var placesQuery = query(`
local page = redis.call('ZRANGEBYLEX', g .. ARGV[5], ARGV[6], ARGV[7], 'LIMIT', 0, ARGV[8])
local data = {page[#page] or '', tostring(#page)}
for _, member in ipairs(page) do
  local address = redis.call('HGET', g .. 'dwelling-' .. string.match(member, '|(.*)$'), 'address')
  if address and string.find(address, ARGV[9], 1, true) then
    data[#data + 1] = member
    data[#data + 1] = address
  end
end
return data`)

// Street returns the dwellings on the street of that name in the unit, in the order of their
// codes, behind a place, which is "" for the first. It looks at a bounded number of dwellings,
// so it may return few or none; next is the place from which to go on, "" where no dwelling of
// the unit is left.
func (r *Reader) Street(
	ctx context.Context, unit domain.KATO, street, after string,
) (dwellings []domain.DwellingID, next string, err error) {
	from := "[" + unit.Prefix()
	if after != "" {
		from = "(" + after
	}
	data, _, err := r.read(
		ctx, placesQuery, "", placesKey, from, "("+unit.Prefix()+"~", placesAtOnce, street,
	)
	if err != nil {
		return nil, "", err
	}
	flat := asTexts(data)
	if flat[1] == strconv.Itoa(placesAtOnce) {
		next = flat[0]
	}
	for i := 2; i+1 < len(flat); i += 2 {
		if !residence.OnStreet(flat[i+1], street) {
			continue
		}
		_, id, _ := strings.Cut(flat[i], "|")
		parsed, err := uuid.Parse(id)
		if err != nil {
			return nil, "", corrupt("place of a dwelling", err)
		}
		dwellings = append(dwellings, domain.DwellingID{UUID: parsed})
	}
	return dwellings, next, nil
}
