package projections

import (
	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
)

// acts keeps the cases whose act has begun in one stream and must be finished
// in others, by the time at which the log learned of it.
func acts(rec domain.Recorded) []op {
	switch e := rec.Event.(type) {
	case residence.DeregistrationApplied:
		return []op{rankAt(unfinishedKey, rec.Created.UnixMilli(), e.CaseID.String())}
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
