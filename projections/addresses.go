package projections

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/domain/search"
)

// addressesKey: a line for each word of letters of every address that a dwelling ever had, folded as
// package search does, in the order of the word and then of the numbers:
//
//	<word> <number> <number> |<all words, each between spaces>|<dwelling>
//
// So a line of the rarest word decides by itself whether the address matches. Lines are never removed:
// a former address goes on to find the dwelling (R51).
const addressesKey = "addresses" // zset, all scores 0

// Of a search: how many lines it looks at, of how many words it reads the lines where only the
// beginning of one is given, and how many dwellings it finds.
const (
	addressesAtOnce = 1000
	wordsAtOnce     = 100
	maxAddresses    = 20
)

// addresses keeps by which words each dwelling is found.
func addresses(rec domain.Recorded) []op {
	switch e := rec.Event.(type) {
	case residence.DwellingRecorded:
		return addressLines(e.DwellingID, e.Address)
	case residence.DwellingDescribed: // an empty address stays as it was
		return addressLines(e.DwellingID, e.Address)
	case residence.DwellingReaddressed:
		return addressLines(e.DwellingID, e.Address)
	}
	return nil
}

func addressLines(id domain.DwellingID, address string) []op {
	a := search.AddressOf(address)
	words := " " + strings.Join(a.Words, " ") + " "
	var ops []op
	for i, word := range a.Words {
		if !slices.Contains(a.Words[:i], word) {
			ops = append(ops, rank(addressesKey, word+" "+spaced(a.Numbers)+"|"+words+"|"+id.String()))
		}
	}
	return ops
}

// spaced is the numbers, each with a space behind it: so 1 is no beginning of 12.
func spaced(numbers []string) string {
	text := ""
	for _, n := range numbers {
		text += n + " "
	}
	return text
}

// AddressQuery is what is known of an address.
type AddressQuery struct {
	Text string      // words and numbers of the address
	KATO domain.KATO // the dwelling is in this unit; "" for any
}

// minBeginning is of how many letters the beginning of a word finds the word.
const minBeginning = 3

// The query reads the lines of one word, with the numbers: of the word that has the fewest. The lines of
// a beginning are those of each word that begins so. It returns how many lines it has looked at, or -1
// where they are too many, and of the dwellings of matching lines the id and the addressFields.
var addressesQuery = query(`
local lines, numbers, unit, beginning = g .. ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local function range(word) return '[' .. word .. ' ' .. numbers, '(' .. word .. ' ' .. numbers .. '\255' end
local wanted, fewest, of = {}, ` + strconv.Itoa(addressesAtOnce) + ` + 1, {}
local function consider(words)
  local count = 0
  for _, word in ipairs(words) do count = count + redis.call('ZLEXCOUNT', lines, range(word)) end
  if count < fewest then fewest, of = count, words end
end
for i = 9, #ARGV do
  wanted[#wanted + 1] = ' ' .. ARGV[i] .. ' '
  consider({ARGV[i]})
end
if beginning ~= '' then
  wanted[#wanted + 1] = ' ' .. beginning
  local words, from = {}, '[' .. beginning
  while #words <= ` + strconv.Itoa(wordsAtOnce) + ` do
    local line = redis.call('ZRANGEBYLEX', lines, from, '(' .. beginning .. '\255', 'LIMIT', 0, 1)[1]
    if not line then break end
    words[#words + 1] = string.match(line, '^[^ ]+')
    from = '(' .. words[#words] .. ' \255'
  end
  if #words <= ` + strconv.Itoa(wordsAtOnce) + ` then consider(words) end
end
if fewest > ` + strconv.Itoa(addressesAtOnce) + ` then return {-1} end
local data, seen = {fewest}, {}
local function look(line)
  local words, id = string.match(line, '|([^|]*)|(.*)$')
  if seen[id] then return end
  for _, text in ipairs(wanted) do
    if not string.find(words, text, 1, true) then return end
  end
  seen[id] = true
  local d = redis.call('HMGET', g .. 'dwelling-' .. id, '` + strings.Join(addressFields, "', '") + `')
  if not d[1] then damage = 'dwelling-' .. id end
  for j = 1, ` + strconv.Itoa(len(addressFields)) + ` do d[j] = d[j] or '' end
  if string.sub(d[2], 1, #unit) == unit then
    table.insert(d, 1, id)
    data[#data + 1] = d
  end
end
for _, word in ipairs(of) do
  for _, line in ipairs(redis.call('ZRANGEBYLEX', lines, range(word))) do
    if #data <= ` + strconv.Itoa(maxAddresses) + ` + 1 then look(line) end
  end
end
return data`)

// addressFields are what the query returns of a record, the address and the KATO code first.
var addressFields = []string{"address", "kato", "rka", "cadastral_number", "gone"}

// FoundAddress is a dwelling that has, or had, an address.
type FoundAddress struct {
	DwellingID domain.DwellingID
	residence.Identity
	Address string            // the present one
	How     residence.GoneHow // empty where the dwelling stands
	GoneOn  domain.Date
	Into    []domain.DwellingID
}

// FoundAddresses are the dwellings that a search has found.
type FoundAddresses struct {
	Dwellings []FoundAddress
	More      bool // others match too
	AsOf      domain.Position
}

// FindAddress returns the dwellings that have, or had, an address with all words of the query: each
// word whole, the last word of letters also by its beginning, and the numbers as the first ones of the
// address, in their order. It looks at a bounded number of addresses. Errors: [domain.CodeRequired] for a
// query without a word of letters, [domain.CodeAddressTooWide] where it would look at more.
func (r *Reader) FindAddress(ctx context.Context, q AddressQuery) (FoundAddresses, error) {
	a, beginning := search.AddressOf(q.Text), ""
	if len(a.Words) == 0 {
		return FoundAddresses{}, domain.Refuse(domain.Invalid, domain.CodeRequired,
			"give the name of the street or the settlement: numbers, and words such as street or house, are not enough")
	}
	if last := len(a.Words) - 1; utf8.RuneCountInString(a.Words[last]) >= minBeginning {
		a.Words, beginning = a.Words[:last], a.Words[last]
	}
	args := []any{addressesKey, spaced(a.Numbers), q.KATO.Prefix(), beginning}
	for _, word := range a.Words {
		args = append(args, word)
	}
	data, at, err := r.read(ctx, addressesQuery, "", args...)
	if err != nil {
		return FoundAddresses{}, err
	}
	if asInt(data[0]) < 0 {
		return FoundAddresses{}, domain.Refuse(domain.Invalid, domain.CodeAddressTooWide,
			"too many addresses have these words: give more of them, and the numbers of house and flat")
	}
	found := FoundAddresses{AsOf: at, More: len(data) > maxAddresses+1}
	for _, row := range data[1:min(len(data), maxAddresses+1)] {
		d, err := foundAddress(asTexts(row))
		if err != nil {
			return FoundAddresses{}, err
		}
		found.Dwellings = append(found.Dwellings, d)
	}
	return found, nil
}

func foundAddress(row []string) (FoundAddress, error) {
	d := FoundAddress{
		Address: row[1], Identity: residence.Identity{KATO: row[2], RKA: row[3], CadastralNumber: row[4]},
	}
	var err error
	if d.DwellingID.UUID, err = uuid.Parse(row[0]); err != nil {
		return d, corrupt("dwelling of an address", err)
	}
	if row[5] != "" {
		var end storedEnd
		if err := json.Unmarshal([]byte(row[5]), &end); err != nil {
			return d, corrupt("end of a dwelling", err)
		}
		d.How, d.GoneOn, d.Into = end.How, end.On, end.Into
	}
	return d, nil
}
