package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
	"tizilim/eventstore"
	"tizilim/projections"
)

const (
	// recoverPatience is how long the registry may take to be ready once everything is mended.
	recoverPatience = time.Minute
	// finishPatience is how long acts may stay half done then.
	finishPatience = 30 * time.Second
	// pagePatience bounds the reading of all lists once everything is mended.
	pagePatience = 30 * time.Second
	// verifyPatience bounds the comparison of the read model with the log.
	verifyPatience = time.Minute
)

// check compares what the clients were told with the log and with the read model. It returns
// false where the registry has not recovered, and tells that as a violation.
func (s *session) check(ctx context.Context, told *history) (healthy bool, err error) {
	for _, a := range s.world.apis {
		if err := await(ctx, recoverPatience, a.ready); err != nil {
			s.violate("%s is not ready %v after everything was mended: %v", a.name, recoverPatience, err)
			if s.Keep {
				a.dump()
			}
			return false, ctx.Err()
		}
	}
	// Before the log, which then has all that a page shows. A command whose client went away may
	// still be carried out.
	pages := s.readPages(ctx, told)
	store, err := s.world.openLog()
	if err != nil {
		return false, err
	}
	defer store.Close()
	log, err := s.finished(ctx, store)
	if err != nil {
		return false, err
	}
	s.acks = append(s.acks, told.acks...)
	s.checkPoison(log)
	s.checkAcks(log, s.acks)
	s.checkAppends(log)
	s.checkActs(log)
	s.checkOrder(log)
	s.checkReads(log, told.reads)
	s.checkModel(ctx, store)
	s.checkPages(log, pages)
	s.checkRefusals(log, told)
	s.checkHistories(log, told)
	s.checkHeld(ctx)
	s.checkProcesses()
	return true, ctx.Err()
}

// logged is the log as the event store has it.
type logged struct {
	events []domain.Recorded
	byID   map[uuid.UUID]*domain.Recorded
	poison map[domain.Position]error // events that cannot be read, and why
}

// readPatience bounds one reading of the log.
const readPatience = 30 * time.Second

// readLog reads all that the log holds now.
func readLog(ctx context.Context, store *eventstore.Store) (*logged, error) {
	ctx, cancel := context.WithTimeout(ctx, readPatience)
	defer cancel()
	head, err := store.Head(ctx)
	if err != nil {
		return nil, err
	}
	l := &logged{byID: map[uuid.UUID]*domain.Recorded{}, poison: map[domain.Position]error{}}
	for d := range store.Follow(ctx, 0) {
		switch {
		case d.Poison != nil:
			l.poison[d.Position] = d.Poison
		case d.Recorded != nil:
			l.events = append(l.events, *d.Recorded)
		}
		if d.Position >= head {
			break
		}
	}
	for i := range l.events {
		l.byID[l.events[i].ID] = &l.events[i]
	}
	return l, ctx.Err()
}

// finished reads the log until no act is half done, or the patience is over.
func (s *session) finished(ctx context.Context, store *eventstore.Store) (l *logged, err error) {
	for deadline := time.Now().Add(finishPatience); ; sleep(ctx, 200*time.Millisecond) {
		if l, err = readLog(ctx, store); err != nil || len(l.unfinished()) == 0 || time.Now().After(deadline) {
			return l, err
		}
	}
}

// unfinished returns the cases whose act has begun and not ended.
func (l *logged) unfinished() map[domain.CaseID]string {
	begun := map[domain.CaseID]string{}
	for _, rec := range l.events {
		switch e := rec.Event.(type) {
		case residence.DeregistrationApplied:
			begun[e.CaseID] = "a deregistration"
		case residence.DeregistrationDecided:
			delete(begun, e.CaseID)
		case housing.PlacementApproved:
			begun[e.CaseID] = "a placement"
		case housing.ApprovalVoided:
			delete(begun, e.CaseID)
		case housing.PlacementCertified:
			delete(begun, e.CaseID)
		}
	}
	return begun
}

// checkAcks demands that each answered command is in the log as it was answered.
func (s *session) checkAcks(l *logged, acks []ack) {
	for _, a := range acks {
		for _, e := range a.events {
			rec, ok := l.byID[e.ID]
			switch {
			case !ok:
				s.violate("lost: %s of %s@%d was acknowledged and is not in the log", e.Type, e.Stream, e.Revision)
			case rec.Stream != e.Stream || rec.Revision != e.Revision || rec.Position != e.Position ||
				rec.Event.EventType() != e.Type || rec.Meta.Causation.UUID != e.Causation ||
				!e.CreatedAt.IsZero() && !rec.Created.Equal(e.CreatedAt) || !rec.Event.EffectiveAt().Equal(e.EffectiveAt):
				s.violate("the log has another %s at %s@%d (position %d, created %v, effective %v) "+
					"than was acknowledged (%+v)", rec.Event.EventType(), rec.Stream, rec.Revision, rec.Position,
					rec.Created, rec.Event.EffectiveAt(), e)
			}
		}
		if len(a.events) == 0 {
			s.violate("a command was acknowledged without an event: %s: %s", a.request.path, a.answer)
		}
	}
}

// checkPoison demands that no event is unreadable but those that the rig has appended.
func (s *session) checkPoison(l *logged) {
	for at, why := range l.poison {
		if !slices.ContainsFunc(s.held, func(held poisoned) bool { return held.at == at }) {
			s.violate("the event at position %d cannot be read: %v", at, why)
		}
	}
	if len(l.poison) < len(s.held) {
		s.violate("the log has %d unreadable events, and %d were appended", len(l.poison), len(s.held))
	}
}

// decided are the streams to which commands append.
var decided = []string{"residence-", "dwelling-", "case-", "queue-"}

// checkAppends demands that the events of one command on one stream are one append, whose ids
// are derived from the command and follow each other. So nothing is there twice.
func (s *session) checkAppends(l *logged) {
	type source struct {
		stream  string
		command domain.CommandID
	}
	seen := map[source]struct {
		next     int
		revision uint64
	}{}
	revisions := map[string]uint64{}
	for _, rec := range l.events {
		if next := revisions[rec.Stream]; rec.Revision != next {
			s.violate("%s continues at revision %d, and not at %d", rec.Stream, rec.Revision, next)
		}
		revisions[rec.Stream] = rec.Revision + 1
		if !slices.ContainsFunc(decided, func(category string) bool { return strings.HasPrefix(rec.Stream, category) }) {
			continue
		}
		of := source{rec.Stream, rec.Meta.Causation}
		before := seen[of]
		if before.next > 0 && before.revision+1 != rec.Revision {
			s.violate("doubled: command %s has appended to %s twice, at revisions %d and %d",
				rec.Meta.Causation, rec.Stream, before.revision, rec.Revision)
		}
		if id := domain.DeriveID(rec.Meta.Causation.UUID, strconv.Itoa(before.next)); rec.ID != id {
			s.violate("the id of %s at %s@%d is not derived from its command, so that a repeated append may double it",
				rec.Event.EventType(), rec.Stream, rec.Revision)
		}
		before.next, before.revision = before.next+1, rec.Revision
		seen[of] = before
	}
}

// checkActs demands that no act is half done.
func (s *session) checkActs(l *logged) {
	for id, what := range l.unfinished() {
		s.violate("half done: %s of case %s has begun and not ended", what, id)
	}
	certified := map[domain.CaseID]housing.PlacementCertified{}
	voided := map[domain.CaseID]bool{}
	placed := map[domain.CaseID]housing.EntryPlaced{}
	lists := map[domain.ListID]*housing.List{}
	ended := map[domain.RegistrationID]bool{}
	for _, rec := range l.events {
		switch e := rec.Event.(type) {
		case housing.PlacementCertified:
			certified[e.CaseID] = e
		case housing.ApprovalVoided:
			voided[e.CaseID] = true
		case residence.RegistrationEnded:
			ended[e.RegistrationID] = true
		case residence.DeregistrationDecided:
			for _, result := range e.Results {
				for _, id := range result.Ended {
					if !ended[id] {
						s.violate("case %s says that registration %s has ended, and it has not", e.CaseID, id)
					}
				}
			}
		}
		list := listOf(lists, rec)
		if list == nil {
			continue
		}
		list.Apply(rec)
		if e, ok := rec.Event.(housing.EntryPlaced); ok {
			placed[e.CaseID] = e
			if number, _ := list.Number(e.EntryID); number != e.Number {
				s.violate("wrong number: %s@%d certifies %d, and the fold gives %d",
					rec.Stream, rec.Revision, e.Number, number)
			}
		}
	}
	for id, e := range placed {
		switch c, ok := certified[id]; {
		case !ok:
			s.violate("half done: case %s is placed and has no certificate", id)
		case c.Number != e.Number || c.EntryID != e.EntryID:
			s.violate("case %s is placed with number %d and certified with number %d", id, e.Number, c.Number)
		}
		if voided[id] {
			s.violate("case %s is placed, and its approval is voided", id)
		}
	}
	for id := range certified {
		if _, ok := placed[id]; !ok {
			s.violate("case %s is certified and not placed", id)
		}
	}
}

// clockTolerance is by how much the instants of two applications may contradict their order in
// the log: a process takes the instant before it appends, and may be stopped in between.
const clockTolerance = time.Minute

// checkOrder demands that no application of a list has an instant before that of an application
// which the log had already. A clock that was wrong for a while must not decide who is first.
func (s *session) checkOrder(l *logged) {
	newest := map[domain.ListID]time.Time{}
	for _, rec := range l.events {
		e, ok := rec.Event.(housing.ApplicationReceived)
		if !ok {
			continue
		}
		if before := newest[e.ListID].Sub(e.ReceivedAt); before > clockTolerance {
			s.violate("order: the application at position %d is dated %v before an earlier one of its list",
				rec.Position, before)
		}
		if e.ReceivedAt.After(newest[e.ListID]) {
			newest[e.ListID] = e.ReceivedAt
		}
	}
}

// listOf returns the fold of the list that the event belongs to; nil for other streams.
func listOf(lists map[domain.ListID]*housing.List, rec domain.Recorded) *housing.List {
	id, ok := listID(rec.Stream)
	if !ok {
		return nil
	}
	if lists[id] == nil {
		lists[id] = &housing.List{}
	}
	return lists[id]
}

func listID(stream string) (domain.ListID, bool) {
	text, ok := strings.CutPrefix(stream, "queue-")
	if !ok {
		return domain.ListID{}, false
	}
	id, err := uuid.Parse(text)
	return domain.ListID{UUID: id}, err == nil
}

// checkReads compares each answer with the fold at the position that it names.
func (s *session) checkReads(l *logged, reads []reading) {
	slices.SortStableFunc(reads, func(a, b reading) int { return cmp.Compare(a.asOf, b.asOf) })
	lists, persons := map[domain.ListID]*housing.List{}, map[string]*residence.Person{}
	next := 0
	for _, r := range reads {
		for next < len(l.events) && l.events[next].Position <= r.asOf {
			rec := l.events[next]
			next++
			if list := listOf(lists, rec); list != nil {
				list.Apply(rec)
			}
			if strings.HasPrefix(rec.Stream, "residence-") {
				if persons[rec.Stream] == nil {
					persons[rec.Stream] = &residence.Person{}
				}
				persons[rec.Stream].Apply(rec)
			}
		}
		if r.asOf < r.asked {
			s.violate("%s waited for position %d and was answered as of %d", r.path, r.asked, r.asOf)
		}
		if !r.person.IsZero() {
			s.compareResidence(persons[r.person.Stream()], r)
		} else {
			s.compareNumber(lists[r.list], r)
		}
	}
}

func (s *session) compareNumber(list *housing.List, r reading) {
	if list == nil {
		s.violate("wrong: %s was answered as of %d, and the log had no such list then", r.path, r.asOf)
		return
	}
	e, ok := list.Entry(r.entry)
	number, of := 0, list.Len()
	if e.Active {
		number, _ = list.Number(r.entry)
	}
	if !ok || number != r.number || of != r.of || string(e.State()) != r.status {
		s.violate("wrong: %s is number %d of %d (%s) as of %d, and the fold gives %d of %d (%s)",
			r.path, r.number, r.of, r.status, r.asOf, number, of, e.State())
	}
}

func (s *session) compareResidence(p *residence.Person, r reading) {
	if p == nil {
		s.violate("wrong: %s was answered as of %d, and the log had no such person then", r.path, r.asOf)
		return
	}
	want := []domain.RegistrationID{}
	for _, reg := range p.ActiveOn(r.day) {
		want = append(want, reg.ID)
	}
	if !slices.Equal(want, r.at) {
		s.violate("wrong: %s has the registrations %v on %s as of %d, and the fold gives %v",
			r.path, r.at, r.day, r.asOf, want)
	}
}

// checkModel compares Redis with the log, key by key.
func (s *session) checkModel(ctx context.Context, store *eventstore.Store) {
	ctx, cancel := context.WithTimeout(ctx, verifyPatience)
	defer cancel()
	options := projections.Options{Logger: slog.New(slog.DiscardHandler)}
	var report projections.Report
	if err := await(ctx, verifyPatience, func(ctx context.Context) (err error) {
		report, err = projections.Verify(ctx, s.world.direct, store, options, nil)
		return err
	}); err != nil {
		s.violate("the read model could not be compared with the log: %v", err)
		return
	}
	for _, d := range report.Differences[:min(5, len(report.Differences))] {
		s.violate("the read model differs from the log (%d differences): %s", report.Different, d)
	}
	if report.Quarantined != len(s.held) {
		s.violate("%d events are in quarantine, and %d cannot be read", report.Quarantined, len(s.held))
	}
}

// page is a list as one process shows it.
type page struct {
	list    domain.ListID
	process int
	AsOf    domain.Position `json:"as_of_position"`
	Of      int             `json:"of"`
	Entries []struct {
		Number  int            `json:"number"`
		EntryID domain.EntryID `json:"entry_id"`
	} `json:"entries"`
}

// readPages reads each list of the round from both processes.
func (s *session) readPages(ctx context.Context, told *history) (pages []page) {
	ctx, cancel := context.WithTimeout(ctx, pagePatience)
	defer cancel()
	for id := range told.lists {
		for i := range s.service.urls {
			reader := s.client(0, told)
			reader.service = s.service.only(i)
			p := page{list: id, process: i}
			path := "/v1/queues/" + id.String() + "/entries?limit=500"
			if _, err := reader.get(ctx, staff(domain.RoleCommission), path, true, &p); err != nil {
				s.violate("list %s cannot be read after everything was mended: %v", id, err)
				return pages // each further one would take as long
			}
			pages = append(pages, p)
		}
	}
	return pages
}

// checkPages demands that each page shows the list as it was at the position that it names.
func (s *session) checkPages(l *logged, pages []page) {
	for _, p := range pages {
		list := &housing.List{}
		for _, rec := range l.events {
			if rec.Stream == p.list.Stream() && rec.Position <= p.AsOf {
				list.Apply(rec)
			}
		}
		var want, got []domain.EntryID
		list.Ordered(func(_ int, e housing.Entry) bool {
			want = append(want, e.ID)
			return true
		})
		for i, e := range p.Entries {
			if e.Number != i+1 {
				s.violate("list %s is not dense: number %d stands at place %d", p.list, e.Number, i+1)
			}
			got = append(got, e.EntryID)
		}
		if p.Of != len(want) || !slices.Equal(got, want) {
			s.violate("wrong: process %d shows list %s with %d entries %v as of %d, and the fold has %v",
				p.process+1, p.list, p.Of, got, p.AsOf, want)
		}
	}
}

// checkProcesses looks for panics in what the processes printed.
func (s *session) checkProcesses() {
	for _, p := range s.world.all() {
		lines, err := p.panics()
		if err != nil && !errors.Is(err, context.Canceled) {
			s.violate("the output of %s cannot be read: %v", p.name, err)
		}
		for _, line := range lines {
			s.violate("%s: %s", p.name, line)
		}
	}
}
