package projections

import (
	"context"

	"tizilim/domain"
	"tizilim/domain/accesslog"
)

// actors keeps, for every account of staff, the pointers to its acts and to its reads, in the order of
// the log. The acts of citizens are in their own histories, and those of the registry itself follow from
// others. The name of an account tells nothing of a person: see [domain.CheckAccount].
func actors(rec domain.Recorded) []op {
	key, account, role := actsKey, rec.Meta.Actor, rec.Meta.Role
	switch e := rec.Event.(type) {
	case accesslog.PersonalDataRead:
		key, account, role = readsKey, e.Reader, e.Role
	case accesslog.PageRead:
		key, account, role = readsKey, e.Reader, e.Role
	}
	if !ofStaff(role) {
		return nil
	}
	return []op{rank(key(account), pointerTo(rec))}
}

// ofStaff reports whether accounts of the role are those of officials.
func ofStaff(role domain.Role) bool {
	switch role {
	case domain.RoleCitizen, domain.RoleSystem, "":
		return false
	}
	return true
}

func actsKey(account string) string  { return "account-" + account + ":acts" }  // zset of pointers
func readsKey(account string) string { return "account-" + account + ":reads" } // zset of pointers

var pointersQuery = query(`return ` + pointersFrom("5"))

// ActsOf returns a page of the pointers to what the account of staff did.
func (r *Reader) ActsOf(ctx context.Context, account string, from HistoryFrom) (HistoryPage, error) {
	return r.pointers(ctx, actsKey(account), from)
}

// ReadsBy returns a page of the pointers to what the account of staff was shown.
func (r *Reader) ReadsBy(ctx context.Context, account string, from HistoryFrom) (HistoryPage, error) {
	return r.pointers(ctx, readsKey(account), from)
}

// pointers reads a page of the pointers under a key; none where nothing has such a key.
func (r *Reader) pointers(ctx context.Context, key string, from HistoryFrom) (HistoryPage, error) {
	data, at, err := r.read(ctx, pointersQuery, "", from.args(key)...)
	if err != nil {
		return HistoryPage{}, err
	}
	return from.page(asTexts(data), at)
}
