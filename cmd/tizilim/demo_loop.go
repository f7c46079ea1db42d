package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
)

const (
	// outageTimeout is how long the loop waits for a server that does not answer.
	outageTimeout = 2 * time.Minute
	// longestWait is the longest time that the client which disconnects waits before.
	longestWait = 20 * time.Millisecond
)

// ledger is what the server has acknowledged to one client of the loop.
type ledger struct {
	events       map[uuid.UUID]string // type by id
	persons      []domain.PersonID
	lists        []domain.ListID
	placed       map[domain.CaseID]certificate
	refused      map[domain.CaseID]refusalCertificate
	rejected     []domain.CaseID // the list refused to place them
	deregistered map[domain.CaseID][]result
}

func newLedger() *ledger {
	return &ledger{
		events: map[uuid.UUID]string{}, placed: map[domain.CaseID]certificate{},
		refused: map[domain.CaseID]refusalCertificate{}, deregistered: map[domain.CaseID][]result{},
	}
}

func (l *ledger) acknowledge(events []event) {
	for _, e := range events {
		l.events[e.ID] = e.Type
	}
}

// results is the number of acknowledged outcomes, without their events.
func (l *ledger) results() int {
	n := len(l.placed) + len(l.refused) + len(l.rejected)
	for _, results := range l.deregistered {
		n += len(results)
	}
	return n
}

// loop lets several clients issue commands until its time or its rounds are over. Then
// it reads everything and compares it with what was acknowledged.
func (c *demoCommand) loop(ctx context.Context, out io.Writer) error {
	working, stop := ctx, context.CancelFunc(func() {})
	if c.For > 0 {
		working, stop = context.WithTimeout(ctx, c.For)
	}
	defer stop()
	var begun, rounds, events atomic.Int64
	var printing sync.Mutex
	clients, running := errgroup.WithContext(working)
	storytellers, ledgers := make([]*storyteller, c.Clients), make([]*ledger, c.Clients)
	for i := range c.Clients {
		api, err := newClient(ctx, c.URL, c.Data, outageTimeout)
		if err != nil {
			return err
		}
		t, seen := newStoryteller(api, io.Discard), newLedger()
		storytellers[i], ledgers[i] = t, seen
		clients.Go(func() error {
			for running.Err() == nil {
				n := begun.Add(1)
				if c.Rounds > 0 && n > int64(c.Rounds) {
					return nil
				}
				before := len(seen.events)
				err := t.round(running, seen)
				total := events.Add(int64(len(seen.events) - before))
				if err != nil {
					if running.Err() != nil { // the end of the loop cut the round short
						return nil
					}
					return fmt.Errorf("round %d: %w", n, err)
				}
				printing.Lock()
				fmt.Fprintf(out, "round %d: %d events acknowledged\n", rounds.Add(1), total)
				printing.Unlock()
			}
			return nil
		})
	}
	if err := clients.Wait(); err != nil {
		return err
	}
	checking, cancel := context.WithTimeout(context.WithoutCancel(ctx), outageTimeout)
	defer cancel()
	results, lists := 0, 0
	for i, t := range storytellers {
		if err := t.check(checking, ledgers[i]); err != nil {
			return err
		}
		results, lists = results+ledgers[i].results(), lists+len(ledgers[i].lists)
	}
	fmt.Fprintf(out, "%d rounds, %d events and %d results acknowledged: "+
		"each event is in the log once, each result is as acknowledged,\n"+
		"no case is unfinished, and the numbers of %d lists agree with the log\n",
		rounds.Load(), events.Load(), results, lists)
	return nil
}

// round is one sequence of commands. Five persons are registered at one dwelling and
// one of them moves out. The owner deregisters three by one application; one of them is
// the one who has moved. The five apply for housing, the first twice: four are placed,
// one is refused, and the list refuses the second application of the first. One entry
// is reviewed, removed, reinstated, reviewed and removed. The client of a sixth person
// disconnects during the placement.
func (t *storyteller) round(ctx context.Context, seen *ledger) error {
	list, err := t.openList(ctx, "Тізім "+uuid.NewString())
	if err != nil {
		return err
	}
	seen.lists = append(seen.lists, list)
	var people []person
	for i := range 6 {
		p, err := t.record(ctx, fmt.Sprintf("Тұрғын %d", i+1), "1990-01-01", "citizen", true)
		if err != nil {
			return err
		}
		seen.persons = append(seen.persons, p.id)
		people = append(people, p)
	}
	five, sixth := people[:5], people[5]
	if err := t.roundOfResidence(ctx, seen, five); err != nil {
		return err
	}

	leaving, err := t.apply(ctx, list, sixth, true)
	if err != nil {
		return err
	}
	wait := rand.N(longestWait) // it may disconnect at any moment
	if err := t.abandon(ctx, as(domain.RoleCommission), decisionPath(leaving.caseID), placing(), wait); err != nil {
		return err
	}
	return t.roundOfHousing(ctx, seen, list, five)
}

func (t *storyteller) roundOfResidence(ctx context.Context, seen *ledger, people []person) error {
	owner, moving := people[0], people[3]
	home, err := t.dwelling(ctx, "Астана, 1-үй", owns(owner, "1/1"))
	if err != nil {
		return err
	}
	flat, err := t.dwelling(ctx, "Астана, 2-үй", owns(moving, "1/1"))
	if err != nil {
		return err
	}
	today := domain.DateOf(time.Now())
	for _, p := range people {
		r, err := t.register(ctx, p, home, today.AddDays(-1), domain.Date{})
		if err != nil {
			return err
		}
		seen.acknowledge(r.Events)
	}
	moved, err := t.register(ctx, moving, flat, today, domain.Date{})
	if err != nil {
		return err
	}
	seen.acknowledge(moved.Events)

	leaving := people[1:4]
	var answer deregistration
	if err := t.post(ctx, citizen(owner.id), "/v1/deregistrations", map[string]any{
		"channel": "portal", "ground": "owner_application", "dwelling_id": home, "applicant_id": owner.id,
		"signature": map[string]any{"method": "eds"},
		"persons":   []domain.PersonID{leaving[0].id, leaving[1].id, leaving[2].id},
	}, &answer); err != nil {
		return err
	}
	for i, want := range []string{"deregistered", "deregistered", "refused"} { // the third has moved
		if i >= len(answer.Results) || answer.Results[i].PersonID != leaving[i].id ||
			answer.Results[i].Outcome != want {
			return fmt.Errorf("case %s: person %d of the application was not %s", answer.CaseID, i+1, want)
		}
	}
	seen.acknowledge(answer.Events)
	seen.deregistered[answer.CaseID] = answer.Results
	return nil
}

func (t *storyteller) roundOfHousing(ctx context.Context, seen *ledger, list domain.ListID, people []person) error {
	var applicants []*applicant
	for _, p := range append([]person{people[0]}, people...) { // the first applies twice
		a, err := t.apply(ctx, list, p, true)
		if err != nil {
			return err
		}
		applicants = append(applicants, &a)
	}
	first, err := t.placeOneOfTwo(ctx, seen, applicants[0], applicants[1])
	if err != nil {
		return err
	}
	placed := []*applicant{first}
	for _, a := range applicants[2:5] {
		if err := t.placeAcknowledged(ctx, seen, a); err != nil {
			return err
		}
		placed = append(placed, a)
	}
	refused := applicants[5]
	d, err := t.refuse(ctx, *refused, "untrue_documents", "Ұсынылған мәліметтер расталмады.")
	if err != nil {
		return err
	}
	seen.acknowledge(d.Events)
	seen.refused[refused.caseID] = *d.Refusal

	today, urgent := domain.DateOf(time.Now()), map[string]any{"ground": "urgency", "reasons": "r"}
	for _, step := range []struct {
		name string
		body map[string]any
	}{
		{"review", map[string]any{"note": "n"}},
		{"removal", map[string]any{"reason": "grounds_fell_away", "exemption": urgent}},
		{"reinstatement", map[string]any{"ground": "court_act", "court_act": map[string]any{
			"number": "1", "on": today, "in_force_on": today,
		}}},
		{"review", map[string]any{"note": "n"}},
		{"removal", map[string]any{"reason": "dwelling_acquired", "exemption": urgent}},
	} {
		events, err := t.change(ctx, list, placed[1], step.name, step.body)
		if err != nil {
			return err
		}
		seen.acknowledge(events)
	}
	return nil
}

func (t *storyteller) placeAcknowledged(ctx context.Context, seen *ledger, a *applicant) error {
	d, err := t.place(ctx, a)
	if err != nil {
		return err
	}
	seen.acknowledge(d.Events)
	seen.placed[a.caseID] = *d.Placement
	return nil
}

// placeOneOfTwo decides two applications of one person at the same time. It expects
// that one is placed and that the list refuses the other.
func (t *storyteller) placeOneOfTwo(
	ctx context.Context, seen *ledger, two ...*applicant,
) (placed *applicant, err error) {
	var answers [2]decision
	var errs [2]error
	var both sync.WaitGroup
	for i, a := range two {
		both.Go(func() { answers[i], errs[i] = t.place(ctx, a) })
	}
	both.Wait()
	for i, a := range two {
		var refused *refusedError
		switch {
		case errs[i] == nil && placed == nil:
			placed = a
			seen.acknowledge(answers[i].Events)
			seen.placed[a.caseID] = *answers[i].Placement
		case errs[i] == nil:
			return nil, fmt.Errorf("cases %s and %s of one person are both placed", two[0].caseID, two[1].caseID)
		case errors.As(errs[i], &refused) && refused.Code == string(domain.CodeAlreadyOnList):
			seen.rejected = append(seen.rejected, a.caseID)
		default:
			return nil, errs[i]
		}
	}
	if placed == nil {
		return nil, fmt.Errorf("cases %s and %s of one person are both refused", two[0].caseID, two[1].caseID)
	}
	return placed, nil
}

// unfinishedError names a case whose act has begun and not ended.
type unfinishedError struct{ caseID domain.CaseID }

func (e *unfinishedError) Error() string {
	return fmt.Sprintf("case %s: an act has begun and is not finished", e.caseID)
}

// checkPause is how long the check waits before it reads the log again.
const checkPause = 200 * time.Millisecond

// check compares the histories with the ledger and with the read models. It repeats
// this while the registry finishes acts that a client or a crash left unfinished.
func (t *storyteller) check(ctx context.Context, seen *ledger) error {
	for {
		log, err := t.readLog(ctx, seen)
		if err != nil {
			return err
		}
		differs := log.compare(seen)
		if differs == nil {
			differs = t.compareModels(ctx, seen, log)
		}
		if differs == nil {
			return nil
		}
		var unfinished *unfinishedError
		if !errors.As(differs, &unfinished) {
			again, err := t.readLog(ctx, seen)
			if err != nil {
				return err
			}
			if len(again.events) == len(log.events) {
				return differs // and the log did not change meanwhile
			}
		}
		select {
		case <-ctx.Done():
			return differs
		case <-time.After(checkPause):
		}
	}
}

// loggedFacts are the facts in the histories of the ledger's persons.
type loggedFacts struct {
	events       map[uuid.UUID]event
	begun        map[domain.CaseID]bool // acts that are not finished
	reviewed     map[domain.CaseID]bool // cases with an approved placement
	placed       map[domain.CaseID]housing.PlacementCertified
	refused      map[domain.CaseID]housing.ApplicationRefused
	deregistered map[domain.CaseID]residence.DeregistrationDecided
	ended        map[domain.RegistrationID]bool
	queues       map[string]*housing.List // by stream
	next         map[string]uint64        // revision that follows in the stream of a list
	fault        error                    // of folding a list; may occur where the log grows while histories are read
}

// readLog reads every history. It expects each event at most once in the history of
// one person; the same event may be in the histories of several.
func (t *storyteller) readLog(ctx context.Context, seen *ledger) (*loggedFacts, error) {
	l := &loggedFacts{
		events: map[uuid.UUID]event{}, begun: map[domain.CaseID]bool{}, reviewed: map[domain.CaseID]bool{},
		placed:       map[domain.CaseID]housing.PlacementCertified{},
		refused:      map[domain.CaseID]housing.ApplicationRefused{},
		deregistered: map[domain.CaseID]residence.DeregistrationDecided{},
		ended:        map[domain.RegistrationID]bool{}, queues: map[string]*housing.List{}, next: map[string]uint64{},
	}
	for _, id := range seen.persons {
		events, err := t.history(ctx, "/v1/persons/"+id.String()+"/history")
		if err != nil {
			return nil, err
		}
		here := map[uuid.UUID]bool{}
		for _, e := range events {
			other, known := l.events[e.ID]
			if here[e.ID] || known && (other.Stream != e.Stream || other.Revision != e.Revision) {
				return nil, fmt.Errorf("%s of %s is in a history more than once", e.Type, e.Stream)
			}
			here[e.ID], l.events[e.ID] = true, e
		}
	}
	for _, list := range seen.lists {
		q := &housing.List{}
		q.Apply(domain.Recorded{Event: housing.ListOpened{ListID: list}})
		l.queues[list.Stream()], l.next[list.Stream()] = q, 1
	}
	ordered := make([]event, 0, len(l.events))
	for _, e := range l.events {
		ordered = append(ordered, e)
	}
	slices.SortFunc(ordered, event.compare)
	for _, e := range ordered {
		if err := l.apply(e); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func (l *loggedFacts) apply(line event) error {
	fact, err := line.fact()
	if err != nil {
		return err
	}
	switch e := fact.(type) {
	case residence.RegistrationEnded:
		l.ended[e.RegistrationID] = true
	case residence.DeregistrationApplied:
		l.begun[e.CaseID] = true
	case residence.DeregistrationDecided:
		delete(l.begun, e.CaseID)
		l.deregistered[e.CaseID] = e
	case housing.PlacementApproved:
		l.begun[e.CaseID], l.reviewed[e.CaseID] = true, true
	case housing.ApprovalVoided:
		delete(l.begun, e.CaseID)
	case housing.PlacementCertified:
		delete(l.begun, e.CaseID)
		l.placed[e.CaseID] = e
	case housing.ApplicationRefused:
		l.refused[e.CaseID] = e
	case housing.EntryPlaced, housing.ReviewOpened, procedure.HearingDispensed,
		housing.EntryRemoved, housing.EntryReinstated:
		q, ok := l.queues[line.Stream]
		if !ok {
			return nil // the opening of this list was not acknowledged
		}
		if line.Revision != l.next[line.Stream] && l.fault == nil {
			l.fault = fmt.Errorf("%s@%d is in no history", line.Stream, l.next[line.Stream])
		}
		l.next[line.Stream] = line.Revision + 1
		q.Apply(domain.Recorded{Stream: line.Stream, Revision: line.Revision, Position: line.Position, Event: fact})
		if placed, ok := e.(housing.EntryPlaced); ok {
			if number, _ := q.Number(placed.EntryID); number != placed.Number && l.fault == nil {
				l.fault = fmt.Errorf("%s@%d certifies number %d, but folding the list gives %d",
					line.Stream, line.Revision, placed.Number, number)
			}
		}
	}
	return nil
}

// compare returns an error where the log differs from what was acknowledged.
func (l *loggedFacts) compare(seen *ledger) error {
	for id, kind := range seen.events {
		if l.events[id].Type != kind {
			return fmt.Errorf("an acknowledged %s is not in the log", kind)
		}
	}
	for id := range l.begun {
		return &unfinishedError{id}
	}
	if l.fault != nil {
		return l.fault
	}
	for id, acknowledged := range seen.placed {
		got := l.placed[id]
		if acknowledged != (certificate{got.CertificateID, got.EntryID, got.Number, got.RegisteredOn}) {
			return fmt.Errorf("case %s: the acknowledged certificate has number %d, the log has number %d",
				id, acknowledged.Number, got.Number)
		}
	}
	for id, acknowledged := range seen.refused {
		if got := l.refused[id]; acknowledged != (refusalCertificate{got.CertificateID, string(got.Ground)}) {
			return fmt.Errorf("case %s: the acknowledged refusal has the ground %s, the log has %q",
				id, acknowledged.Ground, got.Ground)
		}
	}
	for _, id := range seen.rejected {
		if _, placed := l.placed[id]; placed {
			return fmt.Errorf("case %s: the list refused the placement, but the log has a certificate", id)
		}
	}
	for id, acknowledged := range seen.deregistered {
		got := l.deregistered[id].Results
		if len(got) != len(acknowledged) {
			return fmt.Errorf("case %s: %d results are acknowledged, the log has %d", id, len(acknowledged), len(got))
		}
		for i, r := range acknowledged {
			if r.PersonID != got[i].PersonID || r.Code != got[i].Code || !slices.Equal(r.Ended, got[i].Ended) {
				return fmt.Errorf("case %s: the acknowledged result of person %d is %s, the log has another",
					id, i+1, r.Outcome)
			}
			for _, registration := range r.Ended {
				if !l.ended[registration] {
					return fmt.Errorf(
						"case %s: registration %s has not ended, although this was acknowledged",
						id,
						registration,
					)
				}
			}
		}
	}
	return nil
}

// compareModels returns an error where the API differs from the log.
func (t *storyteller) compareModels(ctx context.Context, seen *ledger, l *loggedFacts) error {
	for _, list := range seen.lists {
		if err := t.compareList(ctx, list, l.queues[list.Stream()]); err != nil {
			return fmt.Errorf("list %s: %w", list, err)
		}
	}
	for id, want := range l.states(seen) {
		var got struct {
			State string `json:"state"`
		}
		if err := t.get(ctx, as(domain.RoleAuditor), "/v1/cases/"+id.String(), &got); err != nil {
			return err
		}
		if got.State != want {
			return fmt.Errorf("case %s: the read model has state %s, the log %s", id, got.State, want)
		}
	}
	return nil
}

// states returns the expected state of each acknowledged case.
func (l *loggedFacts) states(seen *ledger) map[domain.CaseID]string {
	states := map[domain.CaseID]string{}
	for id := range seen.placed {
		states[id] = "granted"
	}
	for id := range seen.deregistered {
		states[id] = "granted" // two of three persons were deregistered
	}
	for id := range seen.refused {
		states[id] = "refused"
	}
	for _, id := range seen.rejected {
		states[id] = "registered" // the registry refused before it appended anything
		if l.reviewed[id] {
			states[id] = "in_review" // the approval was appended and then voided
		}
	}
	return states
}

func (t *storyteller) compareList(ctx context.Context, list domain.ListID, q *housing.List) error {
	var page struct {
		Of      int `json:"of"`
		Entries []struct {
			Number  int            `json:"number"`
			EntryID domain.EntryID `json:"entry_id"`
		} `json:"entries"`
	}
	if err := t.get(ctx, as(domain.RoleCommission), "/v1/queues/"+list.String()+"/entries?limit=500", &page); err != nil {
		return err
	}
	if page.Of != q.Len() || len(page.Entries) != q.Len() {
		return fmt.Errorf("the read model has %d entries, the log %d", page.Of, q.Len())
	}
	for n, e := range q.Ordered {
		if got := page.Entries[n-1]; got.Number != n || got.EntryID != e.ID {
			return fmt.Errorf("place %d: the read model has entry %s, the log %s", n, got.EntryID, e.ID)
		}
	}
	return nil
}
