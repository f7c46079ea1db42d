package httpapi

import (
	"bytes"
	"cmp"
	"context"
	"net/http"
	"slices"

	"golang.org/x/sync/errgroup"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/httpapi/operation"
)

type searchPersonBody struct {
	operation.Stated
	IIN        string      `json:"iin,omitempty" maxLength:"48" doc:"12 digits, also an IIN that another one has replaced. Give this, or the name with the birth date" example:"999999000012"`
	Name       string      `json:"name,omitempty" maxLength:"200" doc:"One word of the name or more, in any order, also of a former name. Alphabet and upper and lower case do not count" example:"Әбенова Айгүл"`
	BirthDate  domain.Date `json:"birth_date,omitzero" format:"date" doc:"With the name: the birth date, also a former one, with 01 for what you do not know of it" example:"1990-05-17"`
	BirthKnown birthKnown  `json:"birth_known,omitempty" doc:"How much of the birth date you know; left out if all. It then finds persons of whom the registry knows no more"`
}

// foundHow is what has found a person.
type foundHow string

const (
	foundByIIN  foundHow = "iin"
	foundByName foundHow = "name"
)

var foundHows = []foundHow{foundByIIN, foundByName}

type foundByBody struct {
	How        foundHow             `json:"how" values:"open"`
	Former     bool                 `json:"former,omitempty" doc:"The person has another IIN, name or birth date now"`
	Name       string               `json:"name,omitempty" doc:"Of a search by name: the recorded name that matches"`
	BirthDate  domain.Date          `json:"birth_date,omitzero" format:"date" doc:"Of a search by name: the recorded birth date that matches"`
	BirthKnown residence.BirthKnown `json:"birth_known,omitempty" values:"open"`
	RecordID   domain.PersonID      `json:"record_id,omitzero" format:"uuid" doc:"Of a search by name: the record that matches, if it was merged into that of the person"`
}

// foundPersonBody is a person whom a search has found.
type foundPersonBody struct {
	PersonLine
	BirthDate  domain.Date          `json:"birth_date" format:"date"`
	BirthKnown residence.BirthKnown `json:"birth_known,omitempty" values:"open" doc:"How much of the birth date is known; left out if all is"`
	Class      residence.Class      `json:"class" values:"open"`
	Address    string               `json:"address,omitempty" doc:"Of the permanent registration, if there is one and you may see it"`
	DiedOn     domain.Date          `json:"died_on,omitzero" format:"date"`
	FoundBy    foundByBody          `json:"found_by"`
}

type foundPersonsBody struct {
	Persons []foundPersonBody `json:"persons" doc:"At most 20, those first who are found by what holds now"`
	More    bool              `json:"more,omitempty" doc:"Other persons match too: give more words of the name"`

	PersonID   domain.PersonID      `json:"person_id,omitzero" format:"uuid" doc:"Of a search by IIN, as the other members: the same as in persons"`
	Name       string               `json:"name,omitempty"`
	BirthDate  domain.Date          `json:"birth_date,omitzero" format:"date"`
	BirthKnown residence.BirthKnown `json:"birth_known,omitempty" values:"open"`
	Class      residence.Class      `json:"class,omitempty" values:"open"`
}

type foundPersons struct {
	Body foundPersonsBody
}

// maxPersons is how many persons a search shows.
const maxPersons = 20

func (s *Server) searchPerson() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "search-person", Method: http.MethodPost, Path: "/v1/persons/search", Tag: residenceTag,
		Of:      operation.OfAll,
		Summary: "Find persons by IIN, or by name and birth date",
		Doc: "What is sought is sent in the body and never in a URL, so that no log of URLs holds it. Everybody who is " +
			"found sees the search and its purpose. A commission finds only persons in cases and entries of the lists that " +
			"it keeps. The address of somebody who lives beyond the territory of your body is shown if you give a reference.",
		Roles: []domain.Role{domain.RoleOperator, domain.RoleProvider, domain.RoleCommission, domain.RoleAuditor},
		Problems: []domain.Code{
			domain.CodeIINFormat, domain.CodeIINControlDigit, domain.CodeIINZero, domain.CodePersonUnknown,
			domain.CodeDateInFuture, domain.CodeBirthPartUnknown, domain.CodeNameTooWide,
		},
		Example: `{"purpose": "service", "name": "Әбенова Айгүл", "birth_date": "1990-05-17"}`,
		Shows:   operation.ShowsPersons(),
		FromLog: true, // an IIN; a search by name waits until the model has all that the log holds
	}, func(ctx context.Context, in *operation.Searched[searchPersonBody]) (*foundPersons, error) {
		if err := in.Await(ctx, s.model); err != nil {
			return nil, err
		}
		look, b := personLook{Server: s, beyond: in.Body.Beyond(), today: domain.DateOf(s.now())}, in.Body
		q := residence.Sought{
			Name: domain.Personal(b.Name), BirthDate: domain.PersonalDate{Date: b.BirthDate},
			BirthKnown: residence.BirthKnown(b.BirthKnown),
		}
		switch {
		case b.IIN == "" && q == residence.Sought{}:
			return nil, domain.Refuse(domain.Invalid, domain.CodeRequired,
				"give an IIN, or a name with a birth date").At("iin")
		case b.IIN == "":
			return look.byName(ctx, q)
		case b.Name != "":
			return nil, notWith("name", "an IIN finds one person: leave the name out")
		case !b.BirthDate.IsZero():
			return nil, notWith("birth_date", "an IIN finds one person: leave the birth date out")
		case b.BirthKnown != "":
			return nil, notWith("birth_known", "an IIN finds one person: leave the birth date out")
		}
		return look.byIIN(ctx, b.IIN)
	})
}

// personLook is one search for persons.
type personLook struct {
	*Server
	beyond bool // it has a reference
	today  domain.Date
}

// byIIN finds the person whom an IIN means.
func (l personLook) byIIN(ctx context.Context, text string) (*foundPersons, error) {
	nobody := domain.Refuse(domain.NotFound, domain.CodePersonUnknown,
		"you can see no person with this IIN: compare it with the document").At("iin")
	iin, err := parseIIN(text)
	if err != nil {
		return nil, err
	}
	id, err := l.personOf(ctx, iin)
	if err != nil {
		return nil, err
	}
	p, err := l.commands.Person(ctx, id)
	if err != nil {
		return nil, err
	}
	if !p.Known() {
		return nil, nobody
	}
	if err := l.watchLists(ctx); err != nil {
		return nil, err
	}
	out := &foundPersons{}
	if err := l.show(ctx, out, []hit{{&p, foundByBody{How: foundByIIN, Former: p.IIN != iin}}}); err != nil {
		return nil, err
	}
	if len(out.Body.Persons) == 0 {
		return nil, nobody
	}
	b := &out.Body
	b.PersonID, b.Name, b.BirthDate, b.BirthKnown, b.Class = p.ID, string(p.Name), p.BirthDate, p.BirthKnown, p.Class
	return out, nil
}

// watchLists waits, for a commission, until the model has all cases and entries that the log holds.
func (l personLook) watchLists(ctx context.Context) error {
	if operation.Caller(ctx).Role != domain.RoleCommission {
		return nil
	}
	return l.watch.CatchUp(ctx)
}

// byName finds the persons who have, or had, a name and a birth date. The read model says where to
// look, and the log who is there.
func (l personLook) byName(ctx context.Context, q residence.Sought) (*foundPersons, error) {
	if err := q.Check(l.today); err != nil {
		return nil, err
	}
	if err := l.watch.CatchUp(ctx); err != nil {
		return nil, err
	}
	records, err := l.model.Named(ctx, q.Keys(l.personKey))
	if domain.IsKind(err, domain.Invalid) {
		err = atField(err, "name")
	}
	if err != nil {
		return nil, l.watch.Confirm(ctx, err)
	}
	hits := make([]hit, len(records))
	group, each := errgroup.WithContext(ctx)
	group.SetLimit(personsAtOnce)
	for i, id := range records {
		group.Go(func() (err error) {
			hits[i], err = l.match(each, id, q)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	out := &foundPersons{}
	if err := l.show(ctx, out, eachOnce(hits)); err != nil {
		return nil, err
	}
	if len(out.Body.Persons) == 0 {
		return nil, domain.Refuse(domain.NotFound, domain.CodePersonUnknown,
			"you can see no person with this name and this birth date: compare both with the document").At("name")
	}
	return out, nil
}

// hit is a person whom a search has found. The person is nil where a record does not match.
type hit struct {
	person *residence.Person
	by     foundByBody
}

// match compares a record with what is sought. A record that was merged is that of its survivor.
func (l personLook) match(ctx context.Context, id domain.PersonID, q residence.Sought) (hit, error) {
	p, err := l.commands.KnownPerson(ctx, id, true)
	if err != nil {
		return hit{}, err
	}
	m, ok := p.Match(q)
	if !ok {
		return hit{}, nil
	}
	by := foundByBody{
		How: foundByName, Former: m.Former, Name: string(m.Name), BirthDate: m.BirthDate.Date, BirthKnown: m.BirthKnown,
	}
	if _, merged := p.Merged(); merged {
		who, err := l.commands.WhoIs(ctx, id)
		if err != nil {
			return hit{}, err
		}
		if p, err = l.commands.KnownPerson(ctx, who, true); err != nil || !p.Known() {
			return hit{}, err
		}
		now := p.Data()
		by.RecordID = id
		by.Former = m.Name != now.Name || m.BirthDate != now.BirthDate || m.BirthKnown != now.BirthKnown
	}
	return hit{p, by}, nil
}

// eachOnce returns each person once, by what holds now before what was, and in the order of the names.
func eachOnce(hits []hit) []hit {
	hits = slices.DeleteFunc(hits, func(h hit) bool { return h.person == nil })
	rank := func(h hit) int {
		switch {
		case !h.by.Former && h.by.RecordID.IsZero():
			return 0
		case h.by.RecordID.IsZero():
			return 1
		}
		return 2
	}
	slices.SortFunc(hits, func(a, b hit) int {
		return cmp.Or(
			cmp.Compare(rank(a), rank(b)), cmp.Compare(a.person.Name, b.person.Name),
			bytes.Compare(a.person.ID.UUID[:], b.person.ID.UUID[:]),
		)
	})
	var each []hit
	for _, h := range hits {
		if !slices.ContainsFunc(each, func(e hit) bool { return e.person.ID == h.person.ID }) {
			each = append(each, h)
		}
	}
	return each
}

// show adds to the answer those of the persons whom the caller may find.
func (l personLook) show(ctx context.Context, out *foundPersons, hits []hit) error {
	out.Body.Persons = []foundPersonBody{}
	for _, h := range hits {
		if may, err := l.sees(ctx, h.person.ID); err != nil {
			return err
		} else if !may {
			continue
		}
		if len(out.Body.Persons) == maxPersons {
			out.Body.More = true
			return nil
		}
		p := h.person
		shown := foundPersonBody{
			PersonLine: PersonLine{p.ID, string(p.Name), p.IIN.Tail()}, BirthDate: p.BirthDate, BirthKnown: p.BirthKnown,
			Class: p.Class, FoundBy: h.by,
		}
		if death, dead := p.Dead(); dead {
			shown.DiedOn = death.On
		}
		var err error
		if shown.Address, err = l.address(ctx, p); err != nil {
			return err
		}
		out.Body.Persons = append(out.Body.Persons, shown)
	}
	return nil
}

// address is where the person is registered permanently; "" where nowhere, and where the caller may
// not see it.
func (l personLook) address(ctx context.Context, p *residence.Person) (string, error) {
	err := rights{l.Server}.inReach(ctx, searching(ctx, l.beyond), p.ID, false)
	if domain.IsKind(err, domain.Forbidden) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	for _, r := range p.ActiveOn(l.today) {
		if r.Kind == residence.Permanent {
			d, err := l.commands.KnownDwelling(ctx, r.DwellingID, false)
			if err != nil {
				return "", err
			}
			return d.AddressOn(l.today), nil
		}
	}
	return "", nil
}

// searching is the read of a record that a search has found; beyond says that the search has a reference.
func searching(ctx context.Context, beyond bool) operation.Attempt {
	return operation.Attempt{Caller: operation.Caller(ctx), Body: operation.Body(ctx), Beyond: beyond}
}

// mattersLooked is how many cases of a person are looked at, the latest first.
const mattersLooked = 100

// sees reports whether the caller may find the person: a commission only where the person is in a
// case or an entry of a list that it sees.
func (l personLook) sees(ctx context.Context, id domain.PersonID) (bool, error) {
	if operation.Caller(ctx).Role != domain.RoleCommission {
		return true, nil
	}
	cases, err := l.model.CasesOf(ctx, id, 0, mattersLooked)
	if err != nil {
		return false, err
	}
	var lists []domain.ListID
	for _, c := range cases.Cases {
		lists = append(lists, c.ListID)
	}
	selves, err := l.model.Selves(ctx, id)
	if err != nil {
		return false, err
	}
	for _, self := range selves {
		naming, err := l.model.Naming(ctx, self)
		if err != nil {
			return false, err
		}
		for _, e := range naming.Entries {
			lists = append(lists, e.ListID)
		}
	}
	slices.SortFunc(lists, compareLists)
	for _, list := range slices.Compact(lists) {
		if list.IsZero() {
			continue
		}
		if may, err := mayFind(rights{l.Server}.kept(ctx, searching(ctx, false), list)); may || err != nil {
			return may, err
		}
	}
	return false, nil
}
