package projections

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"tizilim/domain"
	"tizilim/domain/housing"
)

// queues keeps the order of every list. The active entries are members of one
// sorted set whose scores are all equal, so that they sort by their text: the
// seniority in hexadecimal of fixed width, then the entry's id. A number is the
// rank of a member plus one; no number is stored anywhere.
//
// What last changed the number of an entry is the latest change (placement,
// removal, reinstatement) of an entry with the same or an earlier seniority.
// The changes are kept as a staircase: a new change at a seniority removes the
// changes at the same and every later one, which it supersedes for all who
// could see them, and is then added. So a later seniority has a later change,
// and the answer for an entry is the greatest member not after its own. Each
// change is added once and removed at most once: O(log n) a change, amortised.
func queues(rec domain.Recorded) []op {
	switch e := rec.Event.(type) {
	case housing.ListOpened:
		return []op{set(e.ListID.Stream(), "body", e.Body, "settlement", e.Settlement, "title", e.Title,
			"opened_at", strconv.FormatInt(e.OpenedAt.UnixNano(), 10))}
	case housing.EntryPlaced:
		return append([]op{
			set(entryKey(e.ListID, e.EntryID), "person", e.PersonID.String(), "case", e.CaseID.String(),
				"seniority", seniorityKey(e.Seniority), "registered_on", e.RegisteredOn.String(), "certified", strconv.Itoa(e.Number)),
			rank(orderKey(e.ListID), orderMember(e.Seniority, e.EntryID)),
		}, entryChanged(rec, e.ListID, e.EntryID, e.Seniority, EntryActive, Placed)...)
	case housing.EntryRemoved:
		return append([]op{
			unrank(orderKey(e.ListID), orderMember(e.Seniority, e.EntryID)),
		}, entryChanged(rec, e.ListID, e.EntryID, e.Seniority, EntryRemoved, Removed)...)
	case housing.EntryReinstated:
		return append([]op{
			rank(orderKey(e.ListID), orderMember(e.Seniority, e.EntryID)),
		}, entryChanged(rec, e.ListID, e.EntryID, e.Seniority, EntryActive, Reinstated)...)
	}
	return nil
}

func orderMember(s housing.Seniority, id domain.EntryID) string { return seniorityKey(s) + id.String() }

func entryChanged(rec domain.Recorded, list domain.ListID, id domain.EntryID, s housing.Seniority, status EntryStatus, kind ChangeKind) []op {
	step := seniorityKey(s)
	change := formatChange(kind, rec)
	return []op{
		set(entryKey(list, id), "status", string(status), "change", change),
		cut(changesKey(list), step),
		rank(changesKey(list), step+"|"+change),
	}
}

// formatChange writes a change so that it names the event and nobody.
func formatChange(kind ChangeKind, rec domain.Recorded) string {
	return fmt.Sprintf("%s|%d|%d|%s", kind, rec.Event.EffectiveAt().UnixNano(), rec.Created.UnixNano(), eventRef(rec.Stream, rec.Revision))
}

func parseChange(text string) (Change, error) {
	parts := strings.Split(text, "|")
	if len(parts) != 4 {
		return Change{}, fmt.Errorf("change of %d parts", len(parts))
	}
	effective, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return Change{}, err
	}
	created, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil {
		return Change{}, err
	}
	stream, revision, err := parseEventRef(parts[3])
	if err != nil {
		return Change{}, err
	}
	return Change{
		Kind: ChangeKind(parts[0]), EffectiveAt: time.Unix(0, effective).UTC(), Created: time.Unix(0, created).UTC(),
		Event: EventRef{stream, revision},
	}, nil
}
