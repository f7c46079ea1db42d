package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/httpapi/operation"
	"tizilim/httpapi/table"
	"tizilim/projections"
)

func (s *Server) diffOperations() []operation.Operation {
	return []operation.Operation{s.getListDiff()}
}

// Between are the two times that are compared. It is embedded.
type Between struct {
	From    string `query:"from" maxLength:"40" doc:"The earlier time. Default: before the list was opened" example:"2026-03-01"`
	To      string `query:"to" maxLength:"40" doc:"The later time. Default: now" example:"2026-03-31"`
	KnownAt string `query:"known_at" maxLength:"40" doc:"Both as the registry knew them at this time: an RFC 3339 instant, or YYYY-MM-DD for the end of that day in UTC+5. Default: now"`
}

// notAfter refuses an earlier time that is the later one.
func notAfter() *domain.Error {
	return domain.Refuse(domain.Invalid, domain.CodeMalformed, "from lies after to: give the earlier time in from").
		At("query.from")
}

type listDiffInput struct {
	ListID domain.ListID `path:"list_id" format:"uuid"`
	Between
	Cursor string `query:"cursor" maxLength:"40"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

// listChange is what happened to an entry between two times.
type listChange string

const (
	entryCame    listChange = "came"
	entryGone    listChange = "left"
	entryMoved   listChange = "number_changed"
	entryRenewed listChange = "holder_changed" // and not the number
)

var listChanges = []listChange{entryCame, entryGone, entryMoved, entryRenewed}

type diffCause struct {
	Event     string                 `json:"event" doc:"stream@revision of the event"`
	Kind      projections.ChangeKind `json:"kind,omitempty" doc:"What it did to the number; left out if it changed the holder alone"`
	Own       bool                   `json:"own" doc:"The act was on this entry, and not on another one"`
	At        time.Time              `json:"at" doc:"When it took effect"`
	CreatedAt time.Time              `json:"created_at" doc:"When it was appended to the log"`
}

type listDiffLine struct {
	Change  listChange     `json:"change"`
	EntryID domain.EntryID `json:"entry_id" format:"uuid"`
	PersonLine
	CaseID       domain.CaseID   `json:"case_id" format:"uuid"`
	Before       *int            `json:"number_before" doc:"null if the entry did not stand on the list"`
	After        *int            `json:"number_after" doc:"null if the entry does not stand on the list any more"`
	FormerHolder domain.PersonID `json:"former_holder_id,omitzero" format:"uuid" doc:"Who held the entry before; left out if that is the same person"`
	Causes       []diffCause     `json:"causes" doc:"The events that did it, the oldest first; at most the last 20"`
	Omitted      int             `json:"causes_omitted,omitempty" doc:"How many earlier events are left out"`
}

type listDiffBody struct {
	ListID   domain.ListID  `json:"list_id" format:"uuid"`
	From     time.Time      `json:"from"`
	To       time.Time      `json:"to"`
	KnownAt  time.Time      `json:"known_at"`
	OfBefore int            `json:"of_before" doc:"How many stood on the list at the earlier time"`
	OfAfter  int            `json:"of_after" doc:"How many stood on the list at the later time"`
	Changes  []listDiffLine `json:"changes" doc:"Who left, by the number of before, and then the others, by the number of after"`
	Next     string         `json:"next,omitempty" doc:"The cursor of the next page; left out on the last page"`
}

// causesShown bounds the causes of one line: a number changes with each departure before it.
const causesShown = 20

func (s *Server) getListDiff() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "get-queue-diff", Method: http.MethodGet, Path: "/v1/queues/{list_id}/diff", Tag: auditTag,
		Of:      operation.OfList,
		Summary: "Who came to a list, who left it and whose number changed between two times, and by which events",
		Doc: "from and to are RFC 3339 instants, or YYYY-MM-DD for the end of that day in UTC+5. All pages of one walk are " +
			"of the same two states of the list.",
		Roles:    []domain.Role{domain.RoleCommission, domain.RoleAuditor},
		Problems: []domain.Code{domain.CodeListUnknown},
		Rows:     table.Of[listDiffLine]("changes"),
		Shows:    operation.ShowsPersons(),
		FromLog:  true,
	}, func(ctx context.Context, in *listDiffInput) (*operation.Found[listDiffBody], error) {
		now, err := s.commands.List(ctx, in.ListID)
		if err != nil {
			return nil, err
		}
		if !now.Known() {
			return nil, housing.UnknownList()
		}
		d := listDiff{now: now}
		body := listDiffBody{ListID: in.ListID, Changes: []listDiffLine{}}
		after, err := d.asked(in, s.now(), &body)
		if err != nil {
			return nil, err
		}
		if d.before, err = s.listAfter(ctx, now, d.first); err != nil {
			return nil, err
		}
		if d.after, err = s.listAfter(ctx, now, d.last); err != nil {
			return nil, err
		}
		body.OfBefore, body.OfAfter = d.before.Len(), d.after.Len()
		var next int
		if body.Changes, next = d.lines(after, in.Limit); next > 0 {
			body.Next = fmt.Sprintf("%d-%d-%d", d.first, d.last, next)
		}
		holders := make([]domain.PersonID, len(body.Changes))
		for i, c := range body.Changes {
			holders[i] = c.PersonID
		}
		lines, err := s.personLines(ctx, holders)
		if err != nil {
			return nil, err
		}
		for i := range body.Changes {
			body.Changes[i].PersonLine = lines[i]
		}
		step := now.Step(d.last - 1)
		return operation.Answer(body, step.Revision, step.Position), nil
	})
}

// listDiff compares two states of a list.
type listDiff struct {
	now           *housing.List // which remembers all events
	first, last   int           // how many of them the two states have
	before, after *housing.List
}

// asked reads the two times, and the place of the page in the walk.
func (d *listDiff) asked(in *listDiffInput, now time.Time, body *listDiffBody) (after int, err error) {
	from, to := listMoment{asOf: now, knownAt: now}, listMoment{asOf: now, knownAt: now}
	if to.known, err = pastInstant(in.KnownAt, "query.known_at", &to.knownAt); err != nil {
		return 0, err
	}
	from.known, from.knownAt = to.known, to.knownAt
	if from.before, err = pastInstant(in.From, "query.from", &from.asOf); err != nil {
		return 0, err
	}
	if in.From == "" {
		from.asOf, from.before = d.now.Opened.OpenedAt.Add(-1), true
	}
	if to.before, err = pastInstant(in.To, "query.to", &to.asOf); err != nil {
		return 0, err
	}
	if from.asOf.After(to.asOf) {
		return 0, notAfter()
	}
	body.From, body.To, body.KnownAt = from.asOf, to.asOf, to.knownAt
	d.first, d.last = from.events(d.now), to.events(d.now)
	if in.Cursor != "" {
		var first, last int
		_, err := fmt.Sscanf(in.Cursor, "%d-%d-%d", &first, &last, &after)
		if err != nil || in.Cursor != fmt.Sprintf("%d-%d-%d", first, last, after) || first < 0 || after < 1 ||
			first > last || last > d.last {
			return 0, atField(projections.UnknownCursor(), "query.cursor")
		}
		d.first, d.last = first, last
	}
	if d.last == 0 {
		return 0, notOpenedThen()
	}
	return after, nil
}

// lines returns up to limit changes behind the place in the walk, and the place of the next page; 0 where there
// is none. A walk goes through all that stood before, then through all that stand after.
func (d *listDiff) lines(place, limit int) (lines []listDiffLine, next int) {
	lines = []listDiffLine{}
	take := func(at int, line listDiffLine, changed bool) bool {
		if !changed {
			return true
		}
		if len(lines) == limit {
			next = at
			return false
		}
		line.Causes, line.Omitted = d.causes(line.EntryID)
		lines = append(lines, line)
		return true
	}
	stood := d.before.Len()
	if place < stood {
		d.before.From(place+1, func(number int, e housing.Entry) bool {
			_, stands := d.after.Number(e.ID)
			return take(number-1, lineOfEntry(entryGone, e, number, 0), !stands)
		})
		place = stood
	}
	if next > 0 {
		return lines, next
	}
	d.after.From(place-stood+1, func(number int, e housing.Entry) bool {
		line := lineOfEntry(entryCame, e, 0, number)
		before, stood := d.before.Number(e.ID)
		if stood {
			was, _ := d.before.Entry(e.ID)
			if line = lineOfEntry(entryMoved, e, before, number); before == number {
				line.Change = entryRenewed
			}
			if was.PersonID != e.PersonID {
				line.FormerHolder = was.PersonID
			}
		}
		return take(d.before.Len()+number-1, line, before != number || !line.FormerHolder.IsZero())
	})
	return lines, next
}

func lineOfEntry(change listChange, e housing.Entry, before, after int) listDiffLine {
	line := listDiffLine{
		Change: change, EntryID: e.ID, PersonLine: PersonLine{PersonID: e.PersonID}, CaseID: e.CaseID,
	}
	if before > 0 {
		line.Before = &before
	}
	if after > 0 {
		line.After = &after
	}
	return line
}

// causes returns the last events between the two states that changed the number of the entry or its holder, and
// how many earlier ones there are.
func (d *listDiff) causes(id domain.EntryID) (causes []diffCause, omitted int) {
	numbers := d.now.Numbers(id, d.last, causesShown)
	earlier := d.now.Numbers(id, d.first, 1)
	all := numbers.Omitted + len(numbers.Changes) - earlier.Omitted - len(earlier.Changes)
	stream := d.now.Opened.ListID.Stream()
	var steps []housing.Step
	for _, c := range numbers.Changes {
		if c.Cause.Revision >= uint64(d.first) {
			steps = append(steps, c.Cause)
			causes = append(causes, diffCause{Kind: changesOf[c.Cause.Event], Own: c.Own})
		}
	}
	omitted = all - len(steps)
	after, _ := d.after.Entry(id)
	for _, revision := range after.Passings(uint64(d.first)) {
		steps = append(steps, d.now.Step(int(revision)))
		causes = append(causes, diffCause{Own: true})
	}
	for i, step := range steps {
		causes[i].Event = domain.EventRef{Stream: stream, Revision: step.Revision}.String()
		causes[i].At, causes[i].CreatedAt = step.At.In(domain.Zone), step.Created.In(domain.Zone)
	}
	slices.SortStableFunc(causes, func(a, b diffCause) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return causes, omitted
}
