package projections

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
)

// DutyKind is what somebody must do because of a death, a departure, or because nobody was named.
type DutyKind string

const (
	NewOwners         DutyKind = DutyKind(residence.NewOwners)
	NewAgent          DutyKind = DutyKind(residence.NewAgent)
	LeaseAfterDeath   DutyKind = DutyKind(residence.LeaseAfterDeath)
	NewRepresentative DutyKind = DutyKind(residence.NewRepresentative)
	FirstOwners       DutyKind = "first_owners" // of a dwelling without any
	ReviewOfEntry     DutyKind = "entry_review" // whose holder has died or left the country, or somebody who is counted
	AnswerToOffer     DutyKind = "offer_answer" // of the holder to whom a dwelling is offered; silence ends no offer (Q37)
)

// DutyKinds lists them all.
var DutyKinds = []DutyKind{NewOwners, NewAgent, LeaseAfterDeath, NewRepresentative, FirstOwners, ReviewOfEntry, AnswerToOffer}

// DutyReason is why.
type DutyReason string

const (
	OwnerDied           DutyReason = "owner_died"
	AgentDied           DutyReason = "agent_died"
	TenantDied          DutyReason = "tenant_died"
	RepresentativeDied  DutyReason = "representative_died"
	RepresentationEnded DutyReason = "representation_ended"
	NoOwner             DutyReason = "no_owner_recorded"
	OfferMade           DutyReason = "dwelling_offered"
)

// DutyReasons lists them all: of a review of an entry, the reason is that of the review.
var DutyReasons = func() []DutyReason {
	all := []DutyReason{OwnerDied, AgentDied, TenantDied, RepresentativeDied, RepresentationEnded, NoOwner, OfferMade}
	for _, r := range housing.ReviewReasons {
		all = append(all, DutyReason(r))
	}
	return all
}()

// reasonOf is why a duty at a dwelling is awaited.
var reasonOf = map[residence.Duty]DutyReason{
	residence.NewOwners: OwnerDied, residence.NewAgent: AgentDied, residence.LeaseAfterDeath: TenantDied,
}

// DutyOf says who does it.
type DutyOf string

const (
	OfDesk       DutyOf = "desk"
	OfCommission DutyOf = "commission"
	OfAll        DutyOf = "all" // who looks over the work of both
)

// of says who does duties of the kind.
func (k DutyKind) of() DutyOf {
	if k == LeaseAfterDeath || k == ReviewOfEntry || k == AnswerToOffer {
		return OfCommission
	}
	return OfDesk
}

// The duties of desks, of commissions and of both, by the instant at which their day ends, and what is told
// of each. A member is kind|stream|item.
func dutiesKey(of DutyOf) string { return "duties:" + string(of) } // zset

const dutyFactsKey = "duties:facts" // hash: member

// storedDuty is what is told of a duty.
type storedDuty struct {
	Person domain.PersonID `json:"person,omitzero"` // who has died, is represented no more, or holds the entry
	Reason DutyReason      `json:"reason"`
	Event  domain.EventRef `json:"event"`
	Since  time.Time       `json:"since"`
	By     domain.Date     `json:"by"`

	// of the entry to which a dwelling is offered
	List  domain.ListID  `json:"list,omitzero"`
	Entry domain.EntryID `json:"entry,omitzero"`
}

func dutyMember(k DutyKind, stream, item string) string { return string(k) + "|" + stream + "|" + item }

func dutyBegins(k DutyKind, stream, item string, d storedDuty) []op {
	member := dutyMember(k, stream, item)
	return []op{
		rankAt(dutiesKey(k.of()), d.By.End().UnixMilli(), member),
		rankAt(dutiesKey(OfAll), d.By.End().UnixMilli(), member), set(dutyFactsKey, member, stored(d)),
	}
}

func dutyEnds(k DutyKind, stream, item string) []op {
	member := dutyMember(k, stream, item)
	return []op{unrank(dutiesKey(k.of()), member), unrank(dutiesKey(OfAll), member), unset(dutyFactsKey, member)}
}

// dutyList keeps what desks and commissions must do because of a death, a departure, or because a
// dwelling has no owner or a minor no representative (R50). It ends with the act that does it.
func dutyList(rec domain.Recorded) []op {
	fact := func(why DutyReason, person domain.PersonID, since time.Time, by domain.Date) storedDuty {
		return storedDuty{Person: person, Reason: why, Event: refOf(rec), Since: since.UTC(), By: by}
	}
	switch e := rec.Event.(type) {
	case residence.SuccessionAwaited:
		return dutyBegins(DutyKind(e.Duty), rec.Stream, e.PersonID.String(), fact(reasonOf[e.Duty], e.PersonID, e.AwaitedAt, e.By))
	case residence.SuccessionVoided:
		return dutyEnds(DutyKind(e.Duty), rec.Stream, e.PersonID.String())
	case residence.DwellingRecorded:
		if !e.OwnersBy.IsZero() {
			return dutyBegins(FirstOwners, rec.Stream, "", fact(NoOwner, domain.PersonID{}, e.RecordedAt, e.OwnersBy))
		}
	case residence.OwnersChanged:
		return ownersDuties(rec.Stream, e.Former, e.Owners)
	case residence.OwnersCorrected:
		ops := ownersDuties(rec.Stream, e.Former, e.Owners)
		if !e.OwnersBy.IsZero() {
			ops = append(ops, dutyBegins(FirstOwners, rec.Stream, "", fact(NoOwner, domain.PersonID{}, e.CorrectedAt, e.OwnersBy))...)
		}
		return ops
	case residence.TakenIntoStock: // it has a keeper now
		return dutyEnds(FirstOwners, rec.Stream, "")
	case residence.Offered:
		d := fact(OfferMade, e.PersonID, e.OfferedAt, e.AnswerBy)
		d.List, d.Entry = e.ListID, e.EntryID
		return dutyBegins(AnswerToOffer, rec.Stream, "", d)
	case residence.OfferEnded:
		if !e.Over {
			return dutyEnds(AnswerToOffer, rec.Stream, "")
		}
	case residence.LeaseBegan:
		return dutyEnds(FirstOwners, rec.Stream, "")
	case residence.LeaseEnded:
		return dutyEnds(LeaseAfterDeath, rec.Stream, e.PersonID.String())
	case residence.LeaseVoided:
		return dutyEnds(LeaseAfterDeath, rec.Stream, e.PersonID.String())
	case residence.RepresentativeDied:
		if !e.By.IsZero() {
			return dutyBegins(NewRepresentative, rec.Stream, "", fact(RepresentativeDied, e.RepresentativeID, e.EndedAt, e.By))
		}
	case residence.RepresentationEnded:
		if !e.By.IsZero() {
			return dutyBegins(NewRepresentative, rec.Stream, "", fact(RepresentationEnded, e.RepresentativeID, e.EndedAt, e.By))
		}
	case residence.RepresentativeRecorded:
		return dutyEnds(NewRepresentative, rec.Stream, "")
	case residence.RepresentativeLives:
		return dutyEnds(NewRepresentative, rec.Stream, "")
	case residence.PersonDied: // nobody represents the dead
		return dutyEnds(NewRepresentative, rec.Stream, "")
	case housing.ReviewOpened:
		if !e.DecideBy.IsZero() {
			return dutyBegins(ReviewOfEntry, rec.Stream, e.EntryID.String(), fact(DutyReason(e.Reason), e.PersonID, e.OpenedAt, e.DecideBy))
		}
	case housing.ReviewClosed:
		return dutyEnds(ReviewOfEntry, rec.Stream, e.EntryID.String())
	case housing.EntryRemoved:
		return dutyEnds(ReviewOfEntry, rec.Stream, e.EntryID.String())
	case housing.EntryProvided:
		return dutyEnds(ReviewOfEntry, rec.Stream, e.EntryID.String())
	case housing.ServiceEndUndone:
		if !e.ReviewID.IsZero() {
			return dutyEnds(ReviewOfEntry, rec.Stream, e.EntryID.String())
		}
	case housing.EntryTransferred:
		if !e.ReviewID.IsZero() {
			return dutyEnds(ReviewOfEntry, rec.Stream, e.EntryID.String())
		}
	}
	return nil
}

// ownersDuties ends what the new owners make needless.
func ownersDuties(stream string, former, owners []residence.Owner) []op {
	var ops []op
	for _, gone := range noLongerNamed(former, owners) {
		ops = append(ops, dutyEnds(DutyKind(gone.duty), stream, gone.person.String())...)
	}
	if len(owners) > 0 {
		ops = append(ops, dutyEnds(FirstOwners, stream, "")...)
	}
	return ops
}

// Duty is something that a desk or a commission must do.
type Duty struct {
	Kind       DutyKind
	Reason     DutyReason
	DwellingID domain.DwellingID // that it is about
	KATO       domain.KATO       // of the dwelling, where it is known
	Ward       domain.PersonID   // who needs a representative
	Entry      domain.ListEntry  // under review, or to which the dwelling is offered
	PersonID   domain.PersonID   // who has died, is represented no more, or holds the entry
	Event      domain.EventRef
	Since      time.Time
	By         domain.Date
}

// cursor names the place of a duty in its order.
func (d Duty) cursor(member string) string {
	return strconv.FormatInt(d.By.End().UnixMilli(), 10) + "|" + member
}

var dutiesQuery = query(`
local page = redis.call('ZRANGEBYSCORE', g .. ARGV[5], ARGV[7], '+inf', 'LIMIT', ARGV[8], ARGV[9])
local data = {}
for i, member in ipairs(page) do
  local fact = redis.call('HGET', g .. ARGV[6], member)
  if not fact then damage = ARGV[6] end
  local dwelling = string.match(member, '|(dwelling%-[^|]*)|')
  local about = dwelling and redis.call('HMGET', g .. dwelling, 'kato', 'gone') or {false, false}
  data[4 * i - 3], data[4 * i - 2] = member, fact or ''
  data[4 * i - 1], data[4 * i] = about[1] or '', about[2] and '1' or ''
end
return data`)

// DutiesPage is a part of the duties, what is due first at its beginning.
type DutiesPage struct {
	Duties []Duty
	Next   string // cursor of the next page; empty where there is none
	AsOf   domain.Position
}

// Duties returns what desks, commissions or both must do, what is due first at the beginning, after the
// cursor of the page before ("" for the first). show says of each whether it is shown. It looks at
// maxPage of them at most, so a page may have fewer than limit; read on while there is a next page.
// What a dwelling that is no more would have needed is never shown.
//
// Error: [domain.CodeMalformed] for a cursor that was not given out.
func (r *Reader) Duties(
	ctx context.Context, of DutyOf, cursor string, limit int, show func(Duty) (bool, error),
) (DutiesPage, error) {
	score, after, err := dutyCursor(cursor)
	if err != nil {
		return DutiesPage{}, err
	}
	var page DutiesPage
	from := "-inf"
	if cursor != "" {
		from = strconv.FormatInt(score, 10)
	}
	limit = pageSize(limit)
	atOnce := limit + 1
	for offset := 0; offset < maxPage; offset += atOnce {
		data, at, err := r.read(ctx, dutiesQuery, "", dutiesKey(of), dutyFactsKey, from, offset, atOnce)
		if err != nil {
			return DutiesPage{}, err
		}
		if offset == 0 {
			page.AsOf = at
		}
		flat := asTexts(data)
		for i := 0; i+3 < len(flat); i += 4 {
			member := flat[i]
			d, err := dutyIn(member, flat[i+1], flat[i+2])
			if err != nil {
				return DutiesPage{}, err
			}
			if cursor != "" && d.By.End().UnixMilli() == score && member <= after {
				continue
			}
			if len(page.Duties) == limit {
				return page, nil
			}
			page.Next = d.cursor(member)
			if flat[i+3] != "" {
				continue
			}
			if shown, err := show(d); err != nil {
				return DutiesPage{}, err
			} else if shown {
				page.Duties = append(page.Duties, d)
			}
		}
		if len(flat) < 4*atOnce {
			page.Next = ""
			return page, nil
		}
	}
	return page, nil
}

// dutyCursor reads a cursor.
func dutyCursor(cursor string) (score int64, after string, err error) {
	if cursor == "" {
		return math.MinInt64, "", nil
	}
	at, after, ok := strings.Cut(cursor, "|")
	score, err = strconv.ParseInt(at, 10, 64)
	if err != nil || !ok {
		return 0, "", domain.Refuse(domain.Invalid, domain.CodeMalformed,
			"this cursor did not come from a page of duties; send the cursor of the previous page unchanged, or leave it "+
				"out to begin anew").At("query.cursor")
	}
	return score, after, nil
}

// dutyIn reads a duty.
func dutyIn(member, fact, kato string) (Duty, error) {
	parts := strings.Split(member, "|")
	var s storedDuty
	err := json.Unmarshal([]byte(fact), &s)
	if err == nil && len(parts) != 3 {
		err = fmt.Errorf("%d parts", len(parts))
	}
	if err != nil {
		return Duty{}, corrupt("duty", err)
	}
	d := Duty{
		Kind: DutyKind(parts[0]), Reason: s.Reason, PersonID: s.Person, Event: s.Event, Since: s.Since, By: s.By,
		KATO: domain.KATO(kato), Entry: domain.ListEntry{ListID: s.List, EntryID: s.Entry},
	}
	category, rest, _ := strings.Cut(parts[1], "-")
	id, err := uuid.Parse(rest)
	switch category {
	case "dwelling":
		d.DwellingID.UUID = id
	case "residence":
		d.Ward.UUID = id
	default:
		d.Entry.ListID.UUID = id
		entry, entryErr := uuid.Parse(parts[2])
		d.Entry.EntryID.UUID, err = entry, errors.Join(err, entryErr)
	}
	if err != nil {
		return Duty{}, corrupt("duty", err)
	}
	return d, nil
}
