package projections

import (
	"context"
	"strconv"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
)

// acts keeps the cases whose act has begun in one stream and must be finished
// in others, by the time at which the log learned of it.
func acts(rec domain.Recorded) []op {
	switch e := rec.Event.(type) {
	case residence.DeregistrationApplied:
		if len(e.CoOwners) > 0 {
			return nil // nothing has begun that could be finished
		}
		return []op{rankAt(unfinishedKey, rec.Created.UnixMilli(), e.CaseID.String())}
	case residence.CoOwnerConfirmed:
		if e.Deadline.IsZero() {
			return nil
		}
		return []op{rankAt(unfinishedKey, rec.Created.UnixMilli(), e.CaseID.String())}
	case residence.StreetRenamed:
		return []op{rankAt(unfinishedKey, rec.Created.UnixMilli(), e.ActID.String())}
	case residence.StreetRenamingCompleted:
		return []op{unrank(unfinishedKey, e.ActID.String())}
	case residence.DeregistrationDecided:
		return []op{unrank(unfinishedKey, e.CaseID.String())}
	case housing.PlacementApproved:
		return []op{rankAt(unfinishedKey, rec.Created.UnixMilli(), e.CaseID.String())}
	case housing.ApprovalVoided:
		return []op{unrank(unfinishedKey, e.CaseID.String())}
	case housing.PlacementCertified:
		return []op{unrank(unfinishedKey, e.CaseID.String())}
	case housing.ProvisionDecided:
		return []op{rankAt(unfinishedKey, rec.Created.UnixMilli(), e.CaseID.String())}
	case housing.ProvisionCompleted:
		return []op{unrank(unfinishedKey, e.CaseID.String())}
	case housing.ProvisionVoided:
		return []op{unrank(unfinishedKey, e.CaseID.String())}
	}
	return nil
}

const unfinishedKey = "unfinished" // zset: case by when its act began

// UnfinishedCase is a case whose act was begun and must be finished.
type UnfinishedCase struct {
	CaseID domain.CaseID
	Since  time.Time
}

var unfinishedQuery = query(`
return redis.call('ZRANGEBYSCORE', g .. ARGV[5], '-inf', '(' .. ARGV[6], 'WITHSCORES', 'LIMIT', ARGV[7], ARGV[8])`)

// Unfinished returns cases whose act began before olderThan, in any process, and has not
// been finished, the oldest first: up to limit of those behind the first skip.
func (r *Reader) Unfinished(ctx context.Context, olderThan time.Time, skip, limit int) ([]UnfinishedCase, error) {
	data, _, err := r.read(ctx, unfinishedQuery, "", unfinishedKey, olderThan.UnixMilli(), skip, pageSize(limit))
	if err != nil {
		return nil, err
	}
	var cases []UnfinishedCase
	flat := asTexts(data)
	for i := 0; i+1 < len(flat); i += 2 {
		id, err := uuid.Parse(flat[i])
		if err != nil {
			return nil, corrupt("case id", err)
		}
		ms, err := strconv.ParseFloat(flat[i+1], 64)
		if err != nil {
			return nil, corrupt("time of an act", err)
		}
		cases = append(cases, UnfinishedCase{CaseID: domain.CaseID{UUID: id}, Since: time.UnixMilli(int64(ms)).UTC()})
	}
	return cases, nil
}
