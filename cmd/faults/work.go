package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/housing"
)

// Sizes of a round: few enough records that the clients meet on them.
const (
	listsOfRound   = 3
	personsOfRound = 4
	// entriesOfList bounds a list. Its history must stay short enough to be judged.
	entriesOfList = 24
)

// population is what the clients of a world know to exist. It is safe for concurrent use.
type population struct {
	today  domain.Date
	homes  []home
	ghosts []*entry // that a log which was set back has lost

	mu      sync.Mutex // guards the rest
	lists   []*list
	persons []domain.PersonID // whose residence is changed and read
	older   []*entry          // of earlier rounds
}

// home is a dwelling and its only owner, a refugee.
type home struct {
	id    domain.DwellingID
	owner domain.PersonID
}

// list is a list of this round.
type list struct {
	id      domain.ListID
	entries []*entry // guarded by the population
	begun   int      // placements, guarded by the population
}

// entry is a placed entry. Whoever changes it holds working, so that every refusal of a change
// is a fault of the registry.
type entry struct {
	list     domain.ListID
	id       domain.EntryID
	person   domain.PersonID
	working  sync.Mutex
	standing bool // guarded by working
}

func (e *entry) path() string { return "/v1/queues/" + e.list.String() + "/entries/" + e.id.String() }

// ask is the question of the holder for the number, which waits for the position.
func (e *entry) ask(position domain.Position) request {
	return request{by: citizen(e.person), method: http.MethodGet, path: e.path(), position: position}
}

// known are the entries of this round and of those before.
func (p *population) known() []*entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := slices.Clone(p.older)
	for _, l := range p.lists {
		all = append(all, l.entries...)
	}
	return all
}

// newest are at most so many of them, the last ones.
func (p *population) newest(n int) []*entry {
	all := p.known()
	return all[max(0, len(all)-n):]
}

// paper is what a desk has in hand when it states what somebody wants.
func paper(kind string, issued domain.Date) map[string]any {
	return map[string]any{
		"type": kind, "number": "1", "issued_on": issued, "issuer": "өтініш иесі",
		"sha256": domain.TextDigest([]byte("the scanned paper")),
	}
}

// settle makes what all rounds of a world use.
func (c *client) settle(ctx context.Context, p *population) error {
	p.today = domain.DateOf(time.Now())
	for i := range 2 {
		owner, err := c.person(ctx)
		if err != nil {
			return err
		}
		var made struct {
			DwellingID domain.DwellingID `json:"dwelling_id"`
		}
		if _, err := c.command(ctx, staff(domain.RoleOperator), "/v1/dwellings", map[string]any{
			"rka": fmt.Sprintf("02013%011d", rand.Int64N(1e11)), "kato": "711310000",
			"address": fmt.Sprint("Астана, ", i+1), "owners": []any{map[string]any{"person_id": owner, "share": "1/1"}},
		}, &made); err != nil {
			return err
		}
		p.homes = append(p.homes, home{made.DwellingID, owner})
	}
	return nil
}

// renew opens the lists and records the persons of a round.
func (c *client) renew(ctx context.Context, p *population) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.lists {
		p.older = append(p.older, l.entries...)
	}
	p.lists, p.persons = nil, nil
	for range listsOfRound {
		l, err := c.list(ctx)
		if err != nil {
			return err
		}
		p.lists = append(p.lists, l)
	}
	for range personsOfRound {
		person, err := c.person(ctx)
		if err != nil {
			return err
		}
		p.persons = append(p.persons, person)
	}
	return nil
}

// list opens a list. All are of one body.
func (c *client) list(ctx context.Context) (*list, error) {
	var opened struct {
		ListID domain.ListID `json:"list_id"`
	}
	_, err := c.command(ctx, staff(domain.RoleCommission), "/v1/queues", map[string]any{
		"body": "ҚР Қорғаныс министрлігі", "settlement": "Астана", "title": "Тізім " + uuid.NewString(),
	}, &opened)
	return &list{id: opened.ListID}, err
}

// person records a person, who needs no IIN.
func (c *client) person(ctx context.Context) (domain.PersonID, error) {
	var recorded struct {
		PersonID domain.PersonID `json:"person_id"`
	}
	_, err := c.command(ctx, staff(domain.RoleOperator), "/v1/persons",
		map[string]any{
			"name": "Тұрғын", "birth_date": "1990-01-01", "class": "refugee", "accept": []string{"same_name_and_birth_date"},
		}, &recorded)
	return recorded.PersonID, err
}

// work does one thing after the other until working ends, and finishes the last one before
// ctx ends.
func (c *client) work(ctx, working context.Context, p *population) {
	tasks := []struct {
		weight int
		do     func(context.Context, *population) error
	}{
		{3, c.place}, {1, c.placeTwice}, {1, c.placeAndLeave}, {2, c.remove}, {3, c.reinstate},
		{10, c.readNumber}, {3, c.register}, {1, c.deregister}, {6, c.readResidence}, {1, c.repeatOne}, {1, c.readOlder},
	}
	total := 0
	for _, t := range tasks {
		total += t.weight
	}
	for working.Err() == nil {
		n := c.random.IntN(total)
		for _, t := range tasks {
			if n -= t.weight; n >= 0 {
				continue
			}
			var refused *refusal
			if err := t.do(ctx, p); err != nil && !errors.As(err, &refused) {
				if errors.Is(context.Cause(ctx), errUnanswered) {
					c.violate("%v after everything was mended: %v", answerPatience, err)
				}
				return
			}
			break
		}
	}
}

// apply files the application of a new person for the list.
func (c *client) apply(ctx context.Context, l domain.ListID, person domain.PersonID) (domain.CaseID, error) {
	var filed struct {
		CaseID domain.CaseID `json:"case_id"`
	}
	_, err := c.command(ctx, staff(domain.RoleOperator), "/v1/housing-applications", map[string]any{
		"channel": "state_corporation", "list_id": l, "applicant_id": person, "consent": true,
		"signature": map[string]any{"method": "handwritten"}, "basis": paper("application", domain.DateOf(time.Now())),
	}, &filed)
	return filed.CaseID, c.unexpected("an application", err)
}

// unexpected tells a violation where nothing that the client does could have led to the
// refusal.
func (c *client) unexpected(what string, err error) error {
	var refused *refusal
	if errors.As(err, &refused) {
		c.violate("%s was refused: %s", what, refused)
	}
	return err
}

// someList returns a list with room for another entry.
func (c *client) someList(p *population) *list {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.lists[c.random.IntN(len(p.lists))]
	if l.begun == entriesOfList {
		return nil
	}
	l.begun++
	return l
}

// application is one that nobody has decided yet.
type application struct {
	list   *list
	person domain.PersonID
	id     domain.CaseID
}

// newcomer records a person and files an application for a list with room. ok is false where there is
// none, or something was refused.
func (c *client) newcomer(ctx context.Context, p *population) (a application, ok bool, err error) {
	if a.list = c.someList(p); a.list == nil {
		return a, false, nil
	}
	if a.person, err = c.person(ctx); err != nil {
		return a, false, c.unexpected("a person", err)
	}
	a.id, err = c.apply(ctx, a.list.id, a.person)
	return a, err == nil, err
}

func (c *client) place(ctx context.Context, p *population) error {
	a, ok, err := c.newcomer(ctx, p)
	if !ok {
		return err
	}
	e, err := c.decide(ctx, a)
	p.add(a.list, e)
	return c.unexpected("a placement", err)
}

// add lets the clients know the entry; nil is none.
func (p *population) add(l *list, e *entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e != nil {
		l.entries = append(l.entries, e)
	}
}

// placeAlone opens a list that the clients do not know, and places somebody on it.
func (c *client) placeAlone(ctx context.Context) (*entry, error) {
	l, err := c.list(ctx)
	if err != nil {
		return nil, err
	}
	alone := &population{lists: []*list{l}}
	if err := c.place(ctx, alone); err != nil {
		return nil, err
	}
	return l.entries[0], nil
}

func decision(id domain.CaseID) string { return "/v1/cases/" + id.String() + "/decision" }

// placement answers whatever the registry's own records say: some applicants own a dwelling.
var placement = map[string]any{
	"outcome": "place", "examination": map[string]any{"findings": []any{}},
	"accept": housing.Contradictions, "accept_reasons": "the commission has looked at it",
}

// decide places the applicant.
func (c *client) decide(ctx context.Context, a application) (*entry, error) {
	var placed struct {
		Placement struct {
			EntryID domain.EntryID `json:"entry_id"`
			Number  int            `json:"number"`
		} `json:"placement"`
	}
	o := step{act: placing, client: c.number, call: c.told.now()}
	_, err := c.command(ctx, staff(domain.RoleCommission), decision(a.id), placement, &placed)
	o.answered = c.told.now()
	if err != nil {
		return nil, err
	}
	o.entry, o.number = placed.Placement.EntryID, placed.Placement.Number
	c.told.onList(a.list.id, o)
	return &entry{list: a.list.id, id: o.entry, person: a.person, standing: true}, nil
}

// placeTwice decides two applications of one person at once. The list takes one, and the
// approval of the other is voided.
func (c *client) placeTwice(ctx context.Context, p *population) error {
	one, ok, err := c.newcomer(ctx, p)
	if !ok {
		return err
	}
	other := one
	if other.id, err = c.apply(ctx, one.list.id, one.person); err != nil {
		return err
	}
	var entries [2]*entry
	var errs [2]error
	var both sync.WaitGroup
	for i, a := range []application{one, other} {
		both.Go(func() { entries[i], errs[i] = c.decide(ctx, a) })
	}
	both.Wait() // nobody knows either entry before: once one is removed, the other is rightly placed
	for _, e := range entries {
		p.add(one.list, e)
	}
	placed := 0
	for _, err := range errs {
		var refused *refusal
		switch {
		case err == nil:
			placed++
		case errors.As(err, &refused) && refused.Code == domain.CodeAlreadyOnList:
		default:
			return c.unexpected("one of two placements", err)
		}
	}
	if placed != 1 {
		c.violate("of two applications of one person for one list, %d were placed: cases %s and %s",
			placed, one.id, other.id)
	}
	return nil
}

// placeAndLeave sends a decision and does not wait for the answer.
func (c *client) placeAndLeave(ctx context.Context, p *population) error {
	a, ok, err := c.newcomer(ctx, p)
	if !ok {
		return err
	}
	o := step{act: placing, client: c.number, call: c.told.now(), caseID: a.id, unknown: true}
	err = c.abandon(ctx, staff(domain.RoleCommission), decision(a.id), placement)
	c.told.onList(a.list.id, o)
	return err
}

// someEntry returns an entry of this round that nobody changes now, locked; nil where there
// is none.
func (c *client) someEntry(p *population, standing bool) *entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	entries := p.lists[c.random.IntN(len(p.lists))].entries
	for _, i := range c.random.Perm(len(entries)) {
		e := entries[i]
		if !e.working.TryLock() {
			continue
		}
		if e.standing == standing {
			return e
		}
		e.working.Unlock()
	}
	return nil
}

// remove reviews an entry and removes it.
func (c *client) remove(ctx context.Context, p *population) error {
	e := c.someEntry(p, true)
	if e == nil {
		return nil
	}
	defer e.working.Unlock()
	if err := c.change(ctx, e, "review", map[string]any{"note": "n"}); err != nil {
		return err
	}
	o := step{act: removing, client: c.number, entry: e.id, call: c.told.now()}
	err := c.change(ctx, e, "removal", map[string]any{
		"reason": "grounds_fell_away", "exemption": map[string]any{"ground": "urgency", "reasons": "r"},
	})
	o.answered = c.told.now()
	if err == nil {
		e.standing = false
		c.told.onList(e.list, o)
	}
	return err
}

func (c *client) reinstate(ctx context.Context, p *population) error {
	e := c.someEntry(p, false)
	if e == nil {
		return nil
	}
	defer e.working.Unlock()
	o := step{act: reinstating, client: c.number, entry: e.id, call: c.told.now()}
	err := c.change(ctx, e, "reinstatement", map[string]any{"ground": "court_act", "court_act": map[string]any{
		"number": "1", "on": p.today, "in_force_on": p.today,
	}})
	o.answered = c.told.now()
	if err == nil {
		e.standing = true
		c.told.onList(e.list, o)
	}
	return err
}

func (c *client) change(ctx context.Context, e *entry, name string, body any) error {
	var none struct{}
	_, err := c.command(ctx, staff(domain.RoleCommission), e.path()+"/"+name, body, &none)
	return c.unexpected("the "+name+" of an entry", err)
}

// readNumber reads the number of an entry of this round, as its holder.
func (c *client) readNumber(ctx context.Context, p *population) error {
	p.mu.Lock()
	e := c.oneOf(p.lists[c.random.IntN(len(p.lists))].entries)
	p.mu.Unlock()
	if e == nil {
		return nil
	}
	return c.readEntry(ctx, e, c.random.IntN(4) > 0, true)
}

// readOlder reads the number of an entry of an earlier round. Its history is not judged, but
// its number is.
func (c *client) readOlder(ctx context.Context, p *population) error {
	p.mu.Lock()
	e := c.oneOf(p.older)
	p.mu.Unlock()
	if e == nil {
		return nil
	}
	return c.readEntry(ctx, e, c.random.IntN(2) > 0, false)
}

// oneOf returns one of the entries; nil where there is none.
func (c *client) oneOf(entries []*entry) *entry {
	if len(entries) == 0 {
		return nil
	}
	return entries[c.random.IntN(len(entries))]
}

// readEntry reads one number. history says whether it belongs to the history of the list.
func (c *client) readEntry(ctx context.Context, e *entry, fresh, history bool) error {
	var n struct {
		Number *int               `json:"number"`
		Of     int                `json:"of"`
		Status housing.EntryState `json:"status"`
		AsOf   domain.Position    `json:"as_of_position"`
	}
	o := step{act: asking, client: c.number, entry: e.id, call: c.told.now()}
	waited, err := c.get(ctx, citizen(e.person), e.path(), fresh, &n)
	o.answered = c.told.now()
	if err != nil {
		return err
	}
	c.see(n.AsOf)
	if n.Number != nil {
		o.number = *n.Number
	}
	o.of = n.Of
	c.told.read(reading{
		asOf: n.AsOf, asked: waited, path: e.path(), list: e.list, entry: e.id,
		number: o.number, of: o.of, status: string(n.Status),
	})
	if fresh && history {
		c.told.onList(e.list, o)
	}
	return nil
}

func (c *client) somePerson(p *population) domain.PersonID {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.persons[c.random.IntN(len(p.persons))]
}

// register moves a person to one of the two homes. Where others have moved them there, the
// registry refuses.
func (c *client) register(ctx context.Context, p *population) error {
	person, h := c.somePerson(p), p.homes[c.random.IntN(len(p.homes))]
	var done struct {
		RegistrationID domain.RegistrationID   `json:"registration_id"`
		Ended          []domain.RegistrationID `json:"ended"`
	}
	o := step{act: registering, client: c.number, dwelling: h.id, call: c.told.now()}
	_, err := c.command(ctx, staff(domain.RoleOperator), "/v1/registrations", map[string]any{
		"person_id": person, "dwelling_id": h.id, "kind": "permanent", "effective_from": p.today,
		"consents": []any{
			map[string]any{"person_id": h.owner, "given_on": p.today, "basis": paper("written_consent", p.today)},
		},
	}, &done)
	o.answered = c.told.now()
	var refused *refusal
	switch {
	case errors.As(err, &refused) && refused.Code == domain.CodeRegisteredHere:
		o.refused = refused.Code
	case errors.As(err, &refused) && refused.Code == domain.CodePeriodOverlaps:
		return err // the clock of the process that ended the registration before was ahead
	case err != nil:
		return c.unexpected("a registration", err)
	}
	o.registration, o.ended = done.RegistrationID, done.Ended
	c.told.onPerson(person, o)
	return err
}

// deregister lets the owner of a home deregister two persons by one application.
func (c *client) deregister(ctx context.Context, p *population) error {
	h := p.homes[c.random.IntN(len(p.homes))]
	one, other := c.somePerson(p), c.somePerson(p)
	if one == other {
		return nil
	}
	var done struct {
		Results []struct {
			PersonID domain.PersonID         `json:"person_id"`
			Ended    []domain.RegistrationID `json:"ended"`
		} `json:"results"`
	}
	call := c.told.now()
	_, err := c.command(ctx, staff(domain.RoleProvider), "/v1/deregistrations", map[string]any{
		"channel": "provider", "ground": "owner_application", "dwelling_id": h.id, "applicant_id": h.owner,
		"documents": []any{
			map[string]any{"type": "refugee_certificate", "number": "БК 000001", "person_id": h.owner},
			map[string]any{"type": "application", "persons": []domain.PersonID{one, other}},
		},
		"signature": map[string]any{"method": "handwritten"}, "basis": paper("application", p.today),
		"persons": []domain.PersonID{one, other},
	}, &done)
	if err != nil {
		return c.unexpected("a deregistration", err)
	}
	for _, r := range done.Results {
		if len(r.Ended) > 0 {
			c.told.onPerson(r.PersonID, step{
				act: leaving, client: c.number, ended: r.Ended, call: call, answered: c.told.now(),
			})
		}
	}
	return nil
}

func (c *client) readResidence(ctx context.Context, p *population) error {
	person := c.somePerson(p)
	var found struct {
		Registrations []struct {
			RegistrationID domain.RegistrationID `json:"registration_id"`
		} `json:"registrations"`
		Day  domain.Date     `json:"as_of"`
		AsOf domain.Position `json:"as_of_position"`
	}
	fresh := c.random.IntN(4) > 0
	path := "/v1/persons/" + person.String() + "/residence"
	o := step{act: asking, client: c.number, call: c.told.now()}
	waited, err := c.get(ctx, citizen(person), path, fresh, &found)
	o.answered = c.told.now()
	if err != nil {
		return err
	}
	c.see(found.AsOf)
	at := []domain.RegistrationID{}
	for _, r := range found.Registrations {
		at = append(at, r.RegistrationID)
	}
	c.told.read(reading{asOf: found.AsOf, asked: waited, path: path, person: person, day: found.Day, at: at})
	if len(at) > 0 {
		o.registration = at[0]
	}
	if fresh {
		c.told.onPerson(person, o)
	}
	return nil
}

// repeatOne sends a command again that was answered in this round.
func (c *client) repeatOne(ctx context.Context, _ *population) error {
	c.told.mu.Lock()
	acks := slices.Clone(c.told.acks)
	c.told.mu.Unlock()
	if len(acks) == 0 {
		return nil
	}
	return c.repeat(ctx, acks[c.random.IntN(len(acks))])
}
