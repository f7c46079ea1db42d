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

var pagesQuery = query(`return redis.call('ZREVRANGEBYLEX', g .. ARGV[5], ARGV[6], '-', 'LIMIT', 0, ARGV[7])`)

// PagesShowing returns up to limit pointers to the pages that showed the person among many,
// the latest first: those before the position, or with 0 the last ones.
func (r *Reader) PagesShowing(
	ctx context.Context, id domain.PersonID, before domain.Position, limit int,
) ([]Pointer, error) {
	from := "+"
	if before > 0 {
		from = "(" + hexPosition(before)
	}
	data, _, err := r.read(ctx, pagesQuery, "", accessesKey(id), from, pageSize(limit))
	if err != nil {
		return nil, err
	}
	pointers := make([]Pointer, len(data))
	for i, member := range asTexts(data) {
		if pointers[i], err = parsePointer(member); err != nil {
			return nil, err
		}
	}
	return pointers, nil
}
