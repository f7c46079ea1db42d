package projections

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/procedure"
)

const overdueKey = "overdue" // zset: stream of a case|what is late, by when it was due

// decisionOverdue is what is late in a case whose term ran out.
const decisionOverdue = "decision"

func overdueMember(stream, what string) string { return stream + "|" + what }

// overdue keeps what is late in cases: a decision whose term ran out, and other
// duties of the body. What is late in a review is told with the entry.
func overdue(rec domain.Recorded) (ops []op) {
	if strings.HasPrefix(rec.Stream, listPrefix) {
		return nil
	}
	if e, ok := rec.Event.(procedure.DeadlinePassed); ok {
		ops = append(ops, rankAt(overdueKey, e.Deadline.UnixMilli(), overdueMember(rec.Stream, decisionOverdue)))
	}
	if decidedOrExtended(rec.Event) {
		ops = append(ops, unrank(overdueKey, overdueMember(rec.Stream, decisionOverdue)))
	}
	owed, done := procedure.DutiesOf(rec.Event)
	for _, d := range done {
		ops = append(ops, unrank(overdueKey, overdueMember(rec.Stream, string(d))))
	}
	for _, o := range owed {
		ops = append(ops, unrank(overdueKey, overdueMember(rec.Stream, string(o.Duty))))
	}
	if e, ok := rec.Event.(procedure.DutyMissed); ok {
		ops = append(ops, rankAt(overdueKey, e.By.End().UnixMilli(), overdueMember(rec.Stream, string(e.Duty))))
	}
	if e, ok := rec.Event.(procedure.StepAnnulled); ok {
		ops = append(ops, unrankAnnulled(rec.Stream, e)...)
	}
	return ops
}

// unrankAnnulled takes what was marked late too early off the list.
func unrankAnnulled(stream string, e procedure.StepAnnulled) []op {
	switch e.Step {
	case procedure.DeadlinePassed{}.EventType():
		return []op{unrank(overdueKey, overdueMember(stream, decisionOverdue))}
	case procedure.DutyMissed{}.EventType():
		return []op{unrank(overdueKey, overdueMember(stream, string(e.Duty)))}
	}
	return nil
}

// decidedOrExtended reports whether no decision is late in the case after the
// event: the case has ended, or a new term runs.
func decidedOrExtended(event domain.Event) bool {
	switch e := event.(type) {
	case procedure.Moves:
		return !e.MovesTo().Open()
	case procedure.CorrectionReceived, procedure.TermExtended,
		procedure.CaseReturned, procedure.CaseForwarded, procedure.CaseWithdrawn, procedure.CaseTerminated:
		return true
	case procedure.ComplaintDecided:
		return !e.Deadline.IsZero()
	case procedure.CourtActRecorded:
		return !e.Deadline.IsZero()
	}
	return false
}

// OverdueCase is a case in which something is late: its decision, or another
// duty of the body.
type OverdueCase struct {
	CaseID   domain.CaseID
	What     string // "decision", or a [procedure.Duty]
	Deadline time.Time
}

var overdueQuery = query(`
return redis.call('ZRANGE', g .. ARGV[5], ARGV[6], ARGV[7], 'WITHSCORES')`)

var overdueCount = query(`return {redis.call('ZCARD', g .. ARGV[5])}`)

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
