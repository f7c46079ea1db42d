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
// seniority in fixed width, then the entry's id. A number is the rank of a
// member plus one; no number is stored anywhere.
//
// What last changed the number of an entry is the latest change whose places
// reach it. A placement, removal, provision or reinstatement reaches its own
// place and all later ones. A re-dating, and a priority that is given or ends,
// moves one entry: it reaches the places from the one to the other, both
// included, and none behind, whose numbers it does not change.
//
// The changes are kept as a staircase: a step is a place and the change that
// holds from there up to the next step. A change that reaches all later places
// removes the steps at its own and every later one and is then added (opCut). A
// change of a range removes the steps in it, is added at its beginning, and
// behind its end the change is added that held there before (opStair). The
// answer for an entry is the greatest step not after its own place. Each change
// adds two steps at most and each step is removed once: O(log n) a change,
// amortised.
func queues(rec domain.Recorded) []op {
	switch e := rec.Event.(type) {
	case housing.ListOpened:
		return []op{set(e.ListID.Stream(), "body", e.Body, "settlement", e.Settlement, "title", e.Title,
			"opened_at", strconv.FormatInt(e.OpenedAt.UnixNano(), 10)), rank(listsKey(e.Body), e.ListID.String())}
	case housing.EntryPlaced:
		return append([]op{
			set(entryKey(e.ListID, e.EntryID), "person", e.PersonID.String(), "case", e.CaseID.String(),
				"seniority", seniorityKey(e.Seniority), "registered_on", e.RegisteredOn.String(), "certified", strconv.Itoa(e.Number),
				"inventory_due_on", e.InventoryDueOn.String()),
			rank(orderKey(e.ListID), orderMember(e.Seniority, e.EntryID)),
		}, entryChanged(rec, e.ListID, e.EntryID, e.Seniority, EntryActive, Placed)...)
	case housing.EntryRemoved:
		return append([]op{
			unrank(orderKey(e.ListID), orderMember(e.Seniority, e.EntryID)),
			set(entryKey(e.ListID, e.EntryID), "removal_reason", string(e.Reason), "notice_due_on", e.NoticeDueOn.String()),
			unset(entryKey(e.ListID, e.EntryID), "review_reason"),
		}, entryChanged(rec, e.ListID, e.EntryID, e.Seniority, EntryRemoved, Removed)...)
	case housing.NoticeGiven:
		return []op{unset(entryKey(e.ListID, e.EntryID), "notice_due_on")}
	case housing.EntryProvided:
		return append([]op{
			unrank(orderKey(e.ListID), orderMember(e.Seniority, e.EntryID)),
		}, entryChanged(rec, e.ListID, e.EntryID, e.Seniority, EntryProvided, Provided)...)
	case housing.EntryReinstated:
		return append([]op{
			rank(orderKey(e.ListID), orderMember(e.Seniority, e.EntryID)),
			set(entryKey(e.ListID, e.EntryID), "inventory_due_on", e.InventoryDueOn.String()),
			unset(entryKey(e.ListID, e.EntryID), "removal_reason", "notice_due_on", "review", "answer_by"),
		}, entryChanged(rec, e.ListID, e.EntryID, e.Seniority, EntryActive, Reinstated)...)
	case housing.EntryRedated:
		return entryMoved(rec, e.ListID, e.EntryID, e.From, e.Seniority, Redated)
	case housing.EntryPrioritised:
		return entryMoved(rec, e.ListID, e.EntryID, e.From, e.Seniority, Prioritised)
	case housing.PriorityEnded:
		return entryMoved(rec, e.ListID, e.EntryID, e.From, e.Seniority, PriorityEnded)
	case housing.EntryTransferred:
		return []op{set(entryKey(e.ListID, e.EntryID), "person", e.PersonID.String())}
	case housing.InventoryConfirmed:
		return []op{
			set(entryKey(e.ListID, e.EntryID), "inventory_due_on", e.NextDueOn.String()),
			unset(entryKey(e.ListID, e.EntryID), "answer_by"),
		}
	case housing.InventoryRequested:
		return []op{set(entryKey(e.ListID, e.EntryID), "answer_by", e.AnswerBy.String())}
	case housing.ReviewOpened:
		return []op{set(entryKey(e.ListID, e.EntryID), "status", string(EntryUnderReview), "review", e.CaseID.Stream(), "review_reason", string(e.Reason))}
	case housing.ReviewClosed:
		return []op{
			set(entryKey(e.ListID, e.EntryID), "status", string(EntryActive), "inventory_due_on", e.NextDueOn.String()),
			unset(entryKey(e.ListID, e.EntryID), "review", "review_reason", "answer_by"),
		}
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

// entryMoved moves an entry within the order: the numbers between its two places
// change, and no others.
func entryMoved(rec domain.Recorded, list domain.ListID, id domain.EntryID, from, to housing.Seniority, kind ChangeKind) []op {
	first, last := from, to
	if last.Compare(first) < 0 {
		first, last = last, first
	}
	change := formatChange(kind, rec)
	return []op{
		set(entryKey(list, id), "seniority", seniorityKey(to), "change", change),
		unrank(orderKey(list), orderMember(from, id)),
		rank(orderKey(list), orderMember(to, id)),
		stair(changesKey(list), seniorityKey(first), seniorityKey(last)+behind, change),
	}
}

// behind after a seniority is the place behind it and before every later one:
// it sorts after the bar that follows a step's place.
const behind = "~"

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
