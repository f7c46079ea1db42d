package projections

import (
	"context"

	"tizilim/domain"
	"tizilim/domain/accesslog"
)

// accesses keeps, for every person, the pointers to the pages that showed them among many,
// in the order of the log. What showed them alone is in the access log of the person, which
// needs no pointer.
func accesses(rec domain.Recorded) []op {
	page, ok := rec.Event.(accesslog.PageRead)
	if !ok {
		return nil
	}
	ops, pointer := make([]op, len(page.Shown)), pointerTo(rec)
	for i, s := range page.Shown {
		ops[i] = rank(accessesKey(s.PersonID), pointer)
	}
	return ops
}

func accessesKey(id domain.PersonID) string { return id.Stream() + ":accesses" } // zset of pointers

// PagesShowing returns a page of the pointers to the pages that showed the person among many.
func (r *Reader) PagesShowing(ctx context.Context, id domain.PersonID, from HistoryFrom) (HistoryPage, error) {
	return r.pointers(ctx, accessesKey(id), from)
}
