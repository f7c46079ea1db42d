package projections

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/residence"
)

// stockKey: the dwellings that are, or were, in the stock of the body, in the order of their ids.
func stockKey(id domain.BodyID) string { return "stock:" + id.String() } // zset, all scores 0

// stockAtOnce bounds how many dwellings one script looks at.
const stockAtOnce = 500

// stock keeps the service dwellings of each body (Q36). Where a dwelling stands follows from
// fields of its record, in the order in which [Reader.Stock] looks at them:
//
//	gone, stock_left    withdrawn
//	stock_let           let, with the case of the lease
//	stock_offer         offered, with entry and last day
//	stock_used          free
//
// A dwelling that is in the stock of another body by now stays in the key of the body that had it;
// the record says whose it is.
func stock(rec domain.Recorded) []op {
	switch e := rec.Event.(type) {
	case residence.TakenIntoStock:
		return append(kept(e.BodyID, e.DwellingID), unset(e.DwellingID.Stream(), "stock_left"))
	case residence.WithdrawnFromStock:
		return []op{
			set(e.DwellingID.Stream(), "stock_left", string(e.Ground)), unset(e.DwellingID.Stream(), "stock_used"),
			leave(keptKey(e.BodyID), e.DwellingID.String()),
		}
	case residence.Offered:
		return []op{set(e.DwellingID.Stream(), "stock_used", "1", "stock_offer", stored(storedOffer{e.ListID, e.EntryID, e.AnswerBy}))}
	case residence.OfferEnded:
		if e.Over {
			return nil
		}
		return []op{unset(e.DwellingID.Stream(), "stock_offer")}
	case residence.LeaseBegan:
		let := set(e.DwellingID.Stream(), "stock_used", "1", "stock_let", e.CaseID.String())
		if e.BodyID.IsZero() { // the leases of earlier versions name none
			return []op{let}
		}
		return append(kept(e.BodyID, e.DwellingID), let)
	case residence.LeaseVoided:
		return []op{unset(e.DwellingID.Stream(), "stock_let")}
	case residence.LeaseEnded:
		return []op{unset(e.DwellingID.Stream(), "stock_let")}
	}
	return nil
}

// kept are the writes of a dwelling that is in the stock of the body from now on.
func kept(body domain.BodyID, id domain.DwellingID) []op {
	return []op{
		rank(stockKey(body), id.String()), join(keptKey(body), id.String()), set(id.Stream(), "stock", body.String()),
	}
}

// storedOffer is to which entry a dwelling is offered.
type storedOffer struct {
	ListID   domain.ListID  `json:"list_id"`
	EntryID  domain.EntryID `json:"entry_id"`
	AnswerBy domain.Date    `json:"answer_by"`
}

// StockDwelling is a dwelling in the stock of a body.
type StockDwelling struct {
	DwellingID domain.DwellingID
	State      residence.StockState
	Ground     residence.StockGround // why it was withdrawn; empty of one that is no more, or was not withdrawn
	Address    string
	residence.Description
	CaseID   domain.CaseID    // of the lease; zero where it is not let
	Offer    domain.ListEntry // to which it is offered; zero where it is not
	AnswerBy domain.Date      // of the offer
}

// StockPage is a part of a stock.
type StockPage struct {
	Dwellings []StockDwelling
	Next      string // from which to go on; empty where nothing is left
	AsOf      domain.Position
}

// stockFields are what the query returns of a record.
var stockFields = []string{
	"stock", "gone", "stock_left", "stock_let", "stock_offer", "stock_used", "address", "place", "area", "rooms",
}

// The query looks at a bounded number of dwellings behind a place, and returns the last one that it
// has looked at, "" where none is left, and of those that are in the stock of the body the id and
// the stockFields.
var stockQuery = query(`
local from, data = ARGV[6] == '' and '-' or '(' .. ARGV[6], {''}
local page = redis.call('ZRANGEBYLEX', g .. ARGV[5], from, '+', 'LIMIT', 0, ` + strconv.Itoa(stockAtOnce) + `)
for i, id in ipairs(page) do
  local d = redis.call('HMGET', g .. 'dwelling-' .. id, '` + strings.Join(stockFields, "', '") + `')
  if d[1] == ARGV[7] then
    for j = 1, ` + strconv.Itoa(len(stockFields)) + ` do d[j] = d[j] or '' end
    table.insert(d, 1, id)
    data[#data + 1] = d
  end
  data[1] = id
end
if #page < ` + strconv.Itoa(stockAtOnce) + ` then data[1] = '' end
return data`)

// Stock returns the dwellings in the stock of the bodies that are in the state, in any where it is
// "", in the order of their ids behind a place, which is "" for the first. It looks at a bounded
// number of dwellings, so it may return few or none and yet a place from which to go on.
func (r *Reader) Stock(
	ctx context.Context, bodies []domain.BodyID, state residence.StockState, after string, limit int,
) (StockPage, error) {
	if after != "" && uuid.Validate(after) != nil {
		return StockPage{}, domain.Refuse(domain.Invalid, domain.CodeMalformed,
			"this cursor did not come from a page of a stock; "+
				"send the cursor of the previous page unchanged, or leave it out to begin anew").At("cursor")
	}
	limit = pageSize(limit)
	var page StockPage
	for _, body := range bodies {
		data, at, err := r.read(ctx, stockQuery, "", stockKey(body), after, body.String())
		if err != nil {
			return StockPage{}, err
		}
		if page.AsOf == 0 || at < page.AsOf {
			page.AsOf = at
		}
		if seen := text(data[0]); seen != "" && (page.Next == "" || seen < page.Next) {
			page.Next = seen
		}
		for _, row := range data[1:] {
			d, err := stockDwelling(asTexts(row.([]any)))
			if err != nil {
				return StockPage{}, err
			}
			if state == "" || d.State == state {
				page.Dwellings = append(page.Dwellings, d)
			}
		}
	}
	page.cut(limit)
	return page, nil
}

// cut orders the dwellings of several bodies, and leaves out those behind the place up to which the
// stock of each was looked at, and those above the limit.
func (p *StockPage) cut(limit int) {
	slices.SortFunc(p.Dwellings, func(a, b StockDwelling) int {
		return strings.Compare(a.DwellingID.String(), b.DwellingID.String())
	})
	if p.Next != "" {
		p.Dwellings = slices.DeleteFunc(p.Dwellings, func(d StockDwelling) bool { return d.DwellingID.String() > p.Next })
	}
	if len(p.Dwellings) > limit {
		p.Dwellings = p.Dwellings[:limit]
		p.Next = p.Dwellings[limit-1].DwellingID.String()
	}
}

// stockState is where the dwelling of the record stands in a stock; empty where it is in none.
func stockState(rec record) residence.StockState {
	switch {
	case !rec.has("stock"):
		return ""
	case rec.has("gone"), rec.has("stock_left"):
		return residence.StockWithdrawn
	case rec.has("stock_let"):
		return residence.StockLet
	case rec.has("stock_offer"):
		return residence.StockOffered
	case rec.has("stock_used"):
		return residence.StockFree
	}
	return residence.StockRecorded
}

// stockDwelling reads a dwelling of the query.
func stockDwelling(row []string) (StockDwelling, error) {
	rec := record{}
	for i, field := range stockFields {
		if row[i+1] != "" {
			rec[field] = row[i+1]
		}
	}
	d := StockDwelling{State: stockState(rec), Ground: residence.StockGround(rec["stock_left"]), Address: rec["address"]}
	var err error
	if d.DwellingID.UUID, err = uuid.Parse(row[0]); err != nil {
		return d, corrupt("dwelling of a stock", err)
	}
	if rec.has("stock_let") {
		if d.CaseID.UUID, err = uuid.Parse(rec["stock_let"]); err != nil {
			return d, corrupt("case of a lease", err)
		}
	}
	if rec.has("stock_offer") {
		var to storedOffer
		if err := json.Unmarshal([]byte(rec["stock_offer"]), &to); err != nil {
			return d, corrupt("offer of a dwelling", err)
		}
		d.Offer, d.AnswerBy = domain.ListEntry{ListID: to.ListID, EntryID: to.EntryID}, to.AnswerBy
	}
	d.Description, err = descriptionIn(rec)
	return d, err
}

// stockedIn reads in whose stock the dwelling of the record is.
func stockedIn(rec record) (s residence.Stocked, err error) {
	s.State = stockState(rec)
	if s.State == "" || s.State == residence.StockWithdrawn {
		return s, nil
	}
	if s.BodyID.UUID, err = uuid.Parse(rec["stock"]); err != nil {
		return s, corrupt("body that keeps a dwelling", err)
	}
	return s, nil
}
