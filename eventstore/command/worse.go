package command

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/notice"
	"tizilim/domain/rules"
)

// tellWorseWhenDue begins the circular to those whose number on a list got worse on a day, when the
// day is over (Q43). It is about the last event of the list on that day. Where the rules of the day
// tell nobody, and where the day was before notices began, the circular goes to nobody.
func (h *Handler) tellWorseWhenDue(ctx context.Context, d domain.Task) error {
	id, err := uuid.Parse(strings.TrimPrefix(d.Stream, listPrefix))
	if err != nil {
		return fmt.Errorf("command: numbers of the stream %s: %w", d.Stream, err)
	}
	var day domain.Date
	if err := day.UnmarshalText([]byte(d.Item)); err != nil {
		return fmt.Errorf("command: numbers of the list %s on %q: %w", d.Stream, d.Item, err)
	}
	if h.now().Before(housing.WorseToldFrom(day)) {
		return nil
	}
	list := domain.ListID{UUID: id}
	q, err := look[housing.List](ctx, h, d.Stream)
	if err != nil {
		return err
	}
	before, by := q.StepsOf(day)
	if before == by {
		return nil // nothing happened on the list that day
	}
	last, err := h.log.ReadPage(ctx, d.Stream, uint64(by-1), 1)
	if err != nil || len(last) == 0 {
		return err
	}
	owed, err := h.noticeOwed(ctx, last[0])
	if err != nil {
		return err
	}
	lists := []domain.ListID{}
	if owed && h.rules.On(day).WorseNumbers().TellWorse == rules.TellDaily {
		lists = append(lists, list)
	}
	return h.beginCircular(ctx, last[0], notice.CircularBegan{
		CircularID: notice.DayCircularID(list, notice.NumberWorse, day), Kind: notice.NumberWorse, Lists: lists, Day: day,
	})
}

// overtaken returns those of the entries whose number got worse on the day, by as many places as the
// rules of the day tell of.
func (h *Handler) overtaken(
	ctx context.Context, list domain.ListID, day domain.Date, entries []domain.EntryID,
) ([]domain.EntryID, error) {
	q, err := look[housing.List](ctx, h, list.Stream())
	if err != nil {
		return nil, err
	}
	before, by := q.StepsOf(day)
	from := h.rules.On(day).WorseNumbers().From
	return slices.DeleteFunc(entries, func(id domain.EntryID) bool {
		return q.Worse(id, before, by) < from
	}), nil
}
