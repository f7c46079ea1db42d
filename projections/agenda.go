package projections

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
)

// agenda keeps what the registry has to do by itself, by the instant at which
// it falls due. A further kind of duty is a further case here.
func agenda(rec domain.Recorded) []op {
	if strings.HasPrefix(rec.Stream, listPrefix) {
		return slices.Concat(listDuties(rec), bodyDuties(rec), consentDuties(rec))
	}
	return slices.Concat(caseDuties(rec), bodyDuties(rec), residenceDuties(rec), consentDuties(rec))
}

// consentDuties are the last days of consents to look-ups: of an application,
// and of the entry that came of it, which has its consent from then on.
func consentDuties(rec domain.Recorded) []op {
	of := func(entry domain.EntryID, c housing.Consent) []op {
		d := domain.Due{Kind: domain.DueConsent, Stream: rec.Stream, At: c.EndsAt()}
		if !entry.IsZero() {
			d.Item = entry.String()
		}
		if c.State == housing.ConsentGiven && !d.At.IsZero() {
			return []op{fallsDue(d)}
		}
		return []op{settled(d)}
	}
	switch e := rec.Event.(type) {
	case housing.ApplicationReceived:
		return of(domain.EntryID{}, e.Answer())
	case housing.PlacementCertified:
		return of(domain.EntryID{}, housing.Consent{})
	case housing.EntryPlaced:
		return of(e.EntryID, e.Consent)
	case housing.EntryTransferred:
		return of(e.EntryID, housing.Consent{})
	case housing.LookupConsentWithdrawn:
		return of(e.EntryID, housing.Consent{})
	case housing.LookupConsentExpired:
		return of(e.EntryID, housing.Consent{})
	case housing.LookupConsentRenewed:
		return of(e.EntryID, housing.Consent{State: housing.ConsentGiven, ConsentTerms: e.ConsentTerms})
	}
	return nil
}

// bodyDuties are what the body owes in a case beside its decision. They come and
// go by the facts that the case itself folds.
//
// Those of a review are in the stream of a list, and told with the entry.
func bodyDuties(rec domain.Recorded) (ops []op) {
	if review := rec.Event.Concerns().Case; !review.IsZero() && strings.HasPrefix(rec.Stream, listPrefix) {
		return reviewDuties(rec, review)
	}
	due := func(d procedure.Duty, at time.Time) domain.Due {
		return domain.Due{Kind: domain.DueDuty, Stream: rec.Stream, Item: string(d), At: at}
	}
	owed, done := procedure.DutiesOf(rec.Event)
	for _, d := range done {
		ops = append(ops, settled(due(d, time.Time{})), unrank(overdueKey, overdueMember(rec.Stream, string(d))))
	}
	for _, o := range owed {
		ops = append(ops, unrank(overdueKey, overdueMember(rec.Stream, string(o.Duty))), fallsDue(due(o.Duty, dayAfter(o.By))))
	}
	if e, ok := rec.Event.(procedure.DutyMissed); ok {
		ops = append(ops, settled(due(e.Duty, time.Time{})), rankAt(overdueKey, e.By.End().UnixMilli(), overdueMember(rec.Stream, string(e.Duty))))
	}
	return ops
}

// reviewDuties are what the body owes after a complaint about a removal.
func reviewDuties(rec domain.Recorded, review domain.CaseID) (ops []op) {
	due := func(d procedure.Duty, at time.Time) domain.Due {
		return domain.Due{Kind: domain.DueDuty, Stream: rec.Stream, Item: review.String() + "/" + string(d), At: at}
	}
	owed, done := procedure.DutiesOf(rec.Event)
	switch e := rec.Event.(type) {
	case procedure.DutyMissed:
		done = append(done, e.Duty)
	case housing.EntryReinstated: // whatever was owed, the entry is back
		done = procedure.Duties
	}
	for _, d := range done {
		ops = append(ops, settled(due(d, time.Time{})))
	}
	for _, o := range owed {
		ops = append(ops, fallsDue(due(o.Duty, dayAfter(o.By))))
	}
	return ops
}

// decisionOverdue is what is late in a case whose term ran out.
const decisionOverdue = "decision"

func overdueMember(stream, what string) string { return stream + "|" + what }

// dayAfter is the instant at which a day has passed.
func dayAfter(d domain.Date) time.Time { return d.AddDays(1).Start() }

// listPrefix begins the name of a list's stream.
const listPrefix = "queue-"

// listDuties are the yearly inventory of every entry and the objection in a
// review. While an entry is under review, and when it has left, no inventory is
// due.
func listDuties(rec domain.Recorded) []op {
	inventory := func(id domain.EntryID, after domain.Date) op {
		d := domain.Due{Kind: domain.DueInventory, Stream: rec.Stream, Item: id.String(), At: dayAfter(after)}
		if after.IsZero() {
			return settled(d)
		}
		return fallsDue(d)
	}
	objection := func(review domain.CaseID, after domain.Date) op {
		d := domain.Due{Kind: domain.DueObjection, Stream: rec.Stream, Item: review.String(), At: dayAfter(after)}
		if after.IsZero() {
			return settled(d)
		}
		return fallsDue(d)
	}
	never := domain.Date{}
	switch e := rec.Event.(type) {
	case housing.EntryPlaced:
		return []op{inventory(e.EntryID, e.InventoryDueOn)}
	case housing.EntryReinstated:
		return []op{inventory(e.EntryID, e.InventoryDueOn)}
	case housing.InventoryRequested:
		return []op{inventory(e.EntryID, e.AnswerBy)}
	case housing.InventoryConfirmed:
		if e.Review == "" {
			return []op{inventory(e.EntryID, e.NextDueOn)}
		}
	case housing.ReviewOpened:
		return []op{inventory(e.EntryID, never)}
	case housing.ReviewClosed:
		return []op{inventory(e.EntryID, e.NextDueOn), objection(e.CaseID, never)}
	case housing.EntryRemoved:
		return []op{inventory(e.EntryID, never)}
	case housing.EntryProvided:
		return []op{inventory(e.EntryID, never)}
	case procedure.HearingAnnounced:
		return []op{objection(e.CaseID, e.ObjectUntil)}
	case procedure.ObjectionFiled:
		return []op{objection(e.CaseID, never)}
	case procedure.HearingClosed:
		return []op{objection(e.CaseID, never)}
	}
	return nil
}

// caseDuties are the terms of a case: of its decision, of a correction, of an
// objection. A term is changed by being set again, and gone with its case.
func caseDuties(rec domain.Recorded) []op {
	on := func(kind domain.DueKind, at time.Time) domain.Due {
		return domain.Due{Kind: kind, Stream: rec.Stream, At: at}
	}
	decision := settled(on(domain.DueDecision, time.Time{}))
	late := unrank(overdueKey, overdueMember(rec.Stream, decisionOverdue))
	ended := []op{decision, late, settled(on(domain.DueCorrection, time.Time{})), settled(on(domain.DueObjection, time.Time{}))}
	switch e := rec.Event.(type) {
	case procedure.Begins:
		if deadline := e.Begun().Deadline; !deadline.IsZero() {
			return []op{fallsDue(on(domain.DueDecision, deadline))}
		}
	case procedure.Moves:
		if from, ok := e.(procedure.Runs); ok && !from.Term().IsZero() {
			return []op{fallsDue(on(domain.DueDecision, from.Term()))}
		}
		if !e.MovesTo().Open() {
			return ended
		}
	case procedure.CorrectionRequested: // the term does not run meanwhile
		return []op{decision, fallsDue(on(domain.DueCorrection, dayAfter(e.Until)))}
	case procedure.CorrectionReceived:
		return []op{settled(on(domain.DueCorrection, time.Time{})), late, fallsDue(on(domain.DueDecision, e.Deadline))}
	case procedure.HearingAnnounced:
		return []op{fallsDue(on(domain.DueObjection, dayAfter(e.ObjectUntil)))}
	case procedure.ObjectionFiled, procedure.HearingClosed:
		return []op{settled(on(domain.DueObjection, time.Time{}))}
	case procedure.TermExtended:
		return []op{late, fallsDue(on(domain.DueDecision, e.Deadline))}
	case procedure.DeadlinePassed:
		return []op{decision, rankAt(overdueKey, e.Deadline.UnixMilli(), overdueMember(rec.Stream, decisionOverdue))}
	case procedure.CaseReturned, procedure.CaseForwarded, procedure.CaseWithdrawn, procedure.CaseTerminated:
		return ended
	case procedure.ComplaintDecided:
		if !e.Deadline.IsZero() {
			return []op{late, fallsDue(on(domain.DueDecision, e.Deadline))}
		}
	}
	return nil
}

// residenceDuties are terms of temporary registrations and the time of
// co-owners.
func residenceDuties(rec domain.Recorded) []op {
	switch e := rec.Event.(type) {
	case residence.RegistrationBegan:
		if e.Kind == residence.Temporary {
			return []op{fallsDue(term(e.PersonID, e.RegistrationID, e.Until))}
		}
	case residence.RegistrationEnded:
		if e.Kind == residence.Temporary {
			return []op{settled(term(e.PersonID, e.RegistrationID, e.On))}
		}
	case residence.RepresentativeRecorded:
		return []op{fallsDue(ward(e.RepresentativeID, e.PersonID, e.RecordedAt))}
	case residence.RepresentationEnded:
		return []op{settled(ward(e.RepresentativeID, e.PersonID, e.EndedAt))}
	case residence.WardNoted:
		return []op{settled(ward(e.PersonID, e.WardID, e.NotedAt))}
	case residence.DeregistrationApplied:
		if len(e.CoOwners) > 0 {
			return []op{fallsDue(confirmations(e.CaseID, e.ConfirmBy))}
		}
	case residence.CoOwnerConfirmed:
		if !e.Deadline.IsZero() {
			return []op{settled(confirmations(e.CaseID, e.ConfirmedAt))}
		}
	case residence.DeregistrationDecided:
		return []op{settled(confirmations(e.CaseID, e.DecidedAt))}
	case procedure.CaseWithdrawn:
		return []op{settled(confirmations(e.CaseID, e.WithdrawnAt))}
	case procedure.CaseTerminated:
		return []op{settled(confirmations(e.CaseID, e.TerminatedAt))}
	}
	if c, ok := residence.CorrectionIn(rec.Event); ok && c.Kind == residence.Temporary {
		d := term(c.PersonID, c.RegistrationID, c.Now.Until)
		if c.Now.Open() {
			return []op{fallsDue(d)}
		}
		return []op{settled(d)}
	}
	return nil
}

func term(p domain.PersonID, r domain.RegistrationID, until domain.Date) domain.Due {
	return domain.Due{Kind: domain.DueTerm, Stream: p.Stream(), Item: r.String(), At: until.Start()}
}

func ward(representative, minor domain.PersonID, at time.Time) domain.Due {
	return domain.Due{Kind: domain.DueWard, Stream: representative.Stream(), Item: minor.String(), At: at}
}

func confirmations(id domain.CaseID, by time.Time) domain.Due {
	return domain.Due{Kind: domain.DueConfirmations, Stream: id.Stream(), At: by}
}

func fallsDue(d domain.Due) op { return rankAt(dueKey, d.At.UnixMilli(), dueMember(d)) }
func settled(d domain.Due) op  { return unrank(dueKey, dueMember(d)) }

func dueMember(d domain.Due) string {
	return string(d.Kind) + "|" + d.Stream + "|" + d.Item
}

const (
	dueKey     = "due"     // zset: duty by when it falls due
	overdueKey = "overdue" // zset: stream of a case|what is late by when it was due
)

var dueQuery = query(`
return redis.call('ZRANGEBYSCORE', g .. ARGV[4], '-inf', ARGV[5], 'WITHSCORES', 'LIMIT', 0, ARGV[6])`)

// Due returns up to limit duties whose time has come at by, the oldest first.
func (r *Reader) Due(ctx context.Context, by time.Time, limit int) ([]domain.Due, error) {
	data, _, err := r.read(ctx, dueQuery, "", dueKey, by.UnixMilli(), pageSize(limit))
	if err != nil {
		return nil, err
	}
	var duties []domain.Due
	flat := asTexts(data)
	for i := 0; i+1 < len(flat); i += 2 {
		parts := strings.Split(flat[i], "|")
		ms, err := strconv.ParseFloat(flat[i+1], 64)
		if err == nil && len(parts) != 3 {
			err = fmt.Errorf("duty of %d parts", len(parts))
		}
		if err != nil {
			return nil, corrupt("duty", err)
		}
		duties = append(duties, domain.Due{Kind: domain.DueKind(parts[0]), Stream: parts[1], Item: parts[2], At: time.UnixMilli(int64(ms)).UTC()})
	}
	return duties, nil
}

// OverdueCase is a case in which something is late: its decision, or another
// duty of the body.
type OverdueCase struct {
	CaseID   domain.CaseID
	What     string // "decision", or a [procedure.Duty]
	Deadline time.Time
}

var overdueQuery = query(`
return redis.call('ZRANGE', g .. ARGV[4], ARGV[5], ARGV[6], 'WITHSCORES')`)

var overdueCount = query(`return {redis.call('ZCARD', g .. ARGV[4])}`)

// CountOverdue returns how much is overdue: the length of [Reader.Overdue].
func (r *Reader) CountOverdue(ctx context.Context) (int, error) {
	data, _, err := r.read(ctx, overdueCount, "", overdueKey)
	if err != nil {
		return 0, err
	}
	return asInt(data[0]), nil
}

// Overdue returns up to limit of what is overdue from the offset on, the longest
// overdue first, and how far in the log that is true. What is done leaves the
// list, and what comes after it moves up.
func (r *Reader) Overdue(ctx context.Context, offset, limit int) ([]OverdueCase, domain.Position, error) {
	data, at, err := r.read(ctx, overdueQuery, "", overdueKey, offset, offset+pageSize(limit)-1)
	if err != nil {
		return nil, 0, err
	}
	var cases []OverdueCase
	flat := asTexts(data)
	for i := 0; i+1 < len(flat); i += 2 {
		stream, what, _ := strings.Cut(flat[i], "|")
		id, err := uuid.Parse(strings.TrimPrefix(stream, "case-"))
		ms, msErr := strconv.ParseFloat(flat[i+1], 64)
		if err := errors.Join(err, msErr); err != nil {
			return nil, 0, corrupt("overdue case", err)
		}
		cases = append(cases, OverdueCase{domain.CaseID{UUID: id}, what, time.UnixMilli(int64(ms)).In(domain.Zone)})
	}
	return cases, at, nil
}
