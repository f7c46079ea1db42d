package httpapi

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/domain/residence"
	"tizilim/httpapi/operation"
	"tizilim/httpapi/table"
	"tizilim/projections"
)

func (s *Server) residenceOperations() []operation.Operation {
	return []operation.Operation{
		s.getPersonResidence(),
		s.getDwellingResidents(),
	}
}

// Bitemporal are the two questions about time: what was true on a day, and what the
// registry knew at an instant. Without them a read answers for now, from the read
// model; with one of them it answers from the log.
type Bitemporal struct {
	AsOf    string `query:"as_of" maxLength:"40" doc:"What was true on this day: YYYY-MM-DD, or an RFC 3339 instant for its day in UTC+5. Default: today" example:"2026-03-01"`
	KnownAt string `query:"known_at" maxLength:"40" doc:"What the registry knew at this time: an RFC 3339 instant, or YYYY-MM-DD for the end of that day in UTC+5. Default: now" example:"2026-03-01T12:00:00+05:00"`
}

type residenceInput struct {
	ID domain.PersonID `path:"id" format:"uuid"`
	Bitemporal
	operation.AtLeast
}

type registrationBody struct {
	RegistrationID domain.RegistrationID `json:"registration_id" format:"uuid"`
	DwellingID     domain.DwellingID     `json:"dwelling_id" format:"uuid"`
	Address        string                `json:"address" doc:"Of the dwelling, on the day that is asked for, as the registry knows it now"`
	Kind           residence.Kind        `json:"kind"`
	EffectiveFrom  domain.Date           `json:"effective_from" format:"date"`
	Until          domain.Date           `json:"until,omitzero" format:"date" doc:"Only for a temporary registration: the first day on which it no longer holds"`
}

type residenceBody struct {
	PersonID      domain.PersonID    `json:"person_id" format:"uuid"`
	AsOf          domain.Date        `json:"as_of" format:"date"`
	Foreseen      bool               `json:"foreseen,omitempty" doc:"as_of lies in the future: this is what holds then if nothing changes until then"`
	KnownAt       time.Time          `json:"known_at"`
	Registrations []registrationBody `json:"registrations" doc:"The registrations that hold on the day, the permanent one first"`
	AsOfPosition  domain.Position    `json:"as_of_position,omitempty" doc:"Position of the log up to which this holds; left out if the answer was read from the log"`
}

func (s *Server) getPersonResidence() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "get-person-residence", Method: http.MethodGet, Path: "/v1/persons/{id}/residence", Tag: residenceTag,
		Of:      operation.OfPerson,
		Summary: "Where a person is registered, now or on another day, as known now or at an earlier time",
		Doc: "A citizen sees only their own residence. Of a record that was merged into another one, as far as known_at " +
			"knew of it, the answer is that of the record which stands for it: person_id says which one.",
		Roles: []domain.Role{
			domain.RoleCitizen, domain.RoleOperator, domain.RoleProvider, domain.RoleCommission, domain.RoleAuditor,
		},
		Problems: []domain.Code{domain.CodePersonUnknown, domain.CodeNotFound},
		Rows:     table.Of[registrationBody]("registrations"),
		Shows:    operation.ShowsPersons(),
	}, func(ctx context.Context, in *residenceInput) (*operation.Found[residenceBody], error) {
		if p := operation.Citizen(ctx); !p.IsZero() && p != in.ID {
			return nil, operation.NotYours()
		}
		m, err := in.moment(s.now())
		if err != nil {
			return nil, err
		}
		body := residenceBody{PersonID: in.ID, AsOf: m.asOf, Foreseen: m.foreseen, KnownAt: m.knownAt, Registrations: []registrationBody{}}
		if !m.now {
			revision, err := s.residenceThen(ctx, in.ID, m, &body)
			if err != nil {
				return nil, err
			}
			return operation.Answer(body, revision, 0), nil
		}
		if err := in.Await(ctx, s.model); err != nil {
			return nil, err
		}
		r, err := s.model.Residence(ctx, in.ID, m.asOf)
		if err != nil {
			return nil, err
		}
		for _, reg := range r.Registrations {
			body.Registrations = append(body.Registrations, registrationBody{
				reg.RegistrationID, reg.DwellingID, reg.Address, reg.Kind, reg.From, reg.Until,
			})
		}
		body.PersonID, body.AsOfPosition = r.PersonID, r.AsOf
		return operation.Answer(body, r.Revision, r.AsOf), nil
	})
}

func (b Bitemporal) moment(now time.Time) (moment, error) {
	m := moment{asOf: domain.DateOf(now), knownAt: now, now: b.AsOf == "" && b.KnownAt == "", known: b.KnownAt != ""}
	if b.AsOf != "" {
		day, _, err := parseMoment(b.AsOf)
		if err != nil {
			return m, err.At("query.as_of")
		}
		m.asOf, m.foreseen = day, domain.DateOf(now).Before(day)
	}
	if b.KnownAt != "" {
		_, until, err := parseMoment(b.KnownAt)
		if err != nil {
			return m, err.At("query.known_at")
		}
		m.knownAt = notBeyond(now, until)
	}
	return m, nil
}

// parseMoment reads an instant with its day, or a day, which stands for its end.
func parseMoment(s string) (day domain.Date, instant time.Time, refused *domain.Error) {
	instant, notInstant := time.Parse(time.RFC3339, s)
	if notInstant == nil {
		s = domain.DateOf(instant).String()
	}
	day, err := domain.ParseDate(s)
	if err != nil {
		return day, instant, domain.Refuse(domain.Invalid, domain.CodeDateFormat,
			"write the day as YYYY-MM-DD, for example 2026-03-01, or an RFC 3339 instant, "+
				"for example 2026-03-01T12:00:00%%2B05:00, percent-encoded")
	}
	if notInstant != nil {
		instant = day.Over().Add(-1)
	}
	return day, instant, nil
}

// notBeyond returns the instant, or now where it lies in the future: nobody knows yet what the
// log will hold then, and the answer says as of when it is.
func notBeyond(now, instant time.Time) time.Time {
	if instant.After(now) {
		return now
	}
	return instant
}

// residenceThen answers from the person's stream, folded up to what was known, and from those of
// the records that were merged into it by then.
func (s *Server) residenceThen(
	ctx context.Context, id domain.PersonID, m moment, body *residenceBody,
) (revision uint64, err error) {
	p, err := s.personThen(ctx, id, m)
	if err != nil {
		return 0, err
	}
	if merge, merged := p.Merged(); merged {
		id = merge.SurvivorID
		if p, err = s.personThen(ctx, id, m); err != nil {
			return 0, err
		}
	}
	if !p.Known() {
		return 0, domain.Refuse(domain.NotFound, domain.CodePersonUnknown,
			"the registry knew no such person then; ask for a later known_at")
	}
	body.PersonID = id
	active := p.ActiveOn(m.asOf)
	for _, other := range p.Absorbed() {
		q, err := s.personThen(ctx, other, m)
		if err != nil {
			return 0, err
		}
		if merge, merged := q.Merged(); merged && merge.SurvivorID == id {
			active = append(active, q.ActiveOn(m.asOf)...)
		}
	}
	slices.SortStableFunc(active, func(a, b residence.Registration) int { return cmp.Compare(a.Kind, b.Kind) })
	for _, r := range active {
		d, err := s.commands.KnownDwelling(ctx, r.DwellingID, true)
		if err != nil {
			return 0, err
		}
		body.Registrations = append(body.Registrations, registrationBody{
			r.ID, r.DwellingID, d.AddressOn(m.asOf), r.Kind, r.From, r.Until,
		})
	}
	return p.Revision(), nil
}

// personThen returns the person as the log knew them.
func (s *Server) personThen(ctx context.Context, id domain.PersonID, m moment) (residence.Person, error) {
	var p residence.Person
	for rec, err := range s.events.Read(ctx, id.Stream(), 0) {
		if err != nil {
			return p, err
		}
		if !m.knows(rec.Created) {
			break
		}
		p.Apply(rec)
	}
	return p, nil
}

// knows reports whether the log had learned at the asked instant what it learned at
// created. Without known_at it is always true, even if the clocks of this process
// and of the event store differ.
func (m moment) knows(created time.Time) bool { return !m.known || !created.After(m.knownAt) }

type residentsInput struct {
	ID domain.DwellingID `path:"id" format:"uuid"`
	Bitemporal
	operation.AtLeast
}

type residentBody struct {
	PersonLine
	RegistrationID domain.RegistrationID `json:"registration_id" format:"uuid"`
	Kind           residence.Kind        `json:"kind"`
	EffectiveFrom  domain.Date           `json:"effective_from" format:"date"`
	Until          domain.Date           `json:"until,omitzero" format:"date"`
}

type residentsBody struct {
	DwellingID domain.DwellingID `json:"dwelling_id" format:"uuid"`
	DwellingCodes
	Address      string          `json:"address" doc:"As it was on the day, as its codes and the description"`
	Place        residence.Place `json:"place,omitempty" doc:"The kind of place" values:"open"`
	UsefulArea   residence.Area  `json:"useful_area,omitempty" doc:"Square metres"`
	Rooms        int             `json:"rooms,omitempty"`
	Gone         *goneBody       `json:"gone,omitempty" doc:"The dwelling was no more on the day"`
	Stock        *stockedBody    `json:"stock,omitempty" doc:"Left out of a dwelling that never was in a stock of service housing"`
	AsOf         domain.Date     `json:"as_of" format:"date"`
	Foreseen     bool            `json:"foreseen,omitempty" doc:"as_of lies in the future: this is what holds then if nothing changes until then"`
	KnownAt      time.Time       `json:"known_at"`
	Owners       []ownerBody     `json:"owners"`
	Residents    []residentBody  `json:"residents"`
	Persons      []PersonLine    `json:"persons" doc:"Who the owners, their agents and the residents are; a citizen sees no IIN"`
	Awaited      []awaitedBody   `json:"awaited,omitempty" doc:"What is awaited now after a death, whatever the day that is asked for"`
	AsOfPosition domain.Position `json:"as_of_position" doc:"Position of the log up to which this holds"`
}

func (s *Server) getDwellingResidents() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "get-dwelling-residents", Method: http.MethodGet, Path: "/v1/dwellings/{id}/residents", Tag: residenceTag,
		Of:      operation.OfDwelling,
		Summary: "Who is registered at a dwelling, now or on another day, as known now or at an earlier time",
		Doc:     "A citizen sees only a dwelling that they own.",
		Roles: []domain.Role{
			domain.RoleCitizen, domain.RoleOperator, domain.RoleProvider, domain.RoleCommission, domain.RoleAuditor,
		},
		Problems: []domain.Code{domain.CodeDwellingUnknown, domain.CodeNotFound},
		Rows:     table.Of[residentBody]("residents"),
		Shows:    operation.ShowsOthers(accesslog.Owner),
	}, func(ctx context.Context, in *residentsInput) (*operation.Found[residentsBody], error) {
		m, err := in.moment(s.now())
		if err != nil {
			return nil, err
		}
		if err := in.Await(ctx, s.model); err != nil {
			return nil, err
		}
		d, err := s.model.Residents(ctx, in.ID, m.asOf)
		if err != nil {
			return nil, operation.Hide(ctx, err)
		}
		if p := operation.Citizen(ctx); !p.IsZero() &&
			!slices.ContainsFunc(d.Owners, func(o residence.Owner) bool { return o.PersonID == p }) {
			return nil, operation.NotYours()
		}
		body := residentsBody{
			DwellingID: in.ID, AsOf: m.asOf, Foreseen: m.foreseen, KnownAt: m.knownAt,
			Owners: []ownerBody{}, Residents: []residentBody{}, AsOfPosition: d.AsOf,
			Awaited: awaitedThere(d.Awaited, domain.DateOf(s.now())),
		}
		if m.now {
			body.fill(d)
		} else if err := s.residentsThen(ctx, in.ID, m, &body); err != nil {
			return nil, operation.Hide(ctx, err)
		}
		if err := s.nameResidents(ctx, &body); err != nil {
			return nil, err
		}
		return operation.Answer(body, d.Revision, d.AsOf), nil
	})
}

// nameResidents says who the persons of the answer are.
func (s *Server) nameResidents(ctx context.Context, b *residentsBody) error {
	ids := named(b.Owners)
	for _, r := range b.Residents {
		ids = append(ids, r.PersonID)
	}
	slices.SortFunc(ids, comparePersons)
	lines, err := s.personLines(ctx, slices.Compact(ids))
	if err != nil {
		return err
	}
	if !operation.Citizen(ctx).IsZero() {
		for i := range lines {
			lines[i].IIN = ""
		}
	}
	b.Persons = lines
	for i, r := range b.Residents {
		at, _ := slices.BinarySearchFunc(lines, r.PersonID, func(l PersonLine, id domain.PersonID) int {
			return comparePersons(l.PersonID, id)
		})
		b.Residents[i].PersonLine = lines[at]
	}
	return nil
}

func comparePersons(a, b domain.PersonID) int { return slices.Compare(a.UUID[:], b.UUID[:]) }

// awaitedBody is what is awaited after a death.
type awaitedBody struct {
	Duty     residence.Duty  `json:"duty" values:"open" doc:"new_owners and new_agent: a desk of the place records them. lease_after_death: the body that keeps the dwelling ends the lease, or lets it to the family"`
	PersonID domain.PersonID `json:"person_id" format:"uuid" doc:"Who has died"`
	By       domain.Date     `json:"by" format:"date" doc:"The last day"`
	Overdue  bool            `json:"overdue,omitempty" doc:"The day has passed"`
}

func awaitedThere(all []projections.Awaited, today domain.Date) []awaitedBody {
	var shown []awaitedBody
	for _, a := range all {
		shown = append(shown, awaitedBody{a.Duty, a.PersonID, a.By, a.By.Before(today)})
	}
	return shown
}

// is fills in what the dwelling itself is.
func (b *residentsBody) is(codes residence.Identity, address string, d residence.Description) {
	b.DwellingCodes, b.Address = DwellingCodes(codes), address
	b.Place, b.UsefulArea, b.Rooms = d.Place, d.Area, d.Rooms
}

func (b *residentsBody) fill(d projections.DwellingResidents) {
	b.is(d.Identity, d.Address, d.Description)
	b.Gone = goneOn(d.How, d.GoneOn, d.Into, b.AsOf)
	b.Stock = stockedAs(d.Stocked)
	b.Owners = shownOwners(d.Owners)
	for _, r := range d.Residents {
		b.Residents = append(b.Residents, residentBody{PersonLine{PersonID: r.PersonID}, r.RegistrationID, r.Kind, r.From, r.Until})
	}
}

// residentsThen answers from the events of the dwelling's history.
func (s *Server) residentsThen(ctx context.Context, id domain.DwellingID, m moment, body *residentsBody) error {
	then := residence.Residents{DwellingID: id}
	known := false
	for rec, err := range s.dwellingHistory(id).replay(ctx) {
		if err != nil {
			return err
		}
		if !m.knows(rec.Created) {
			break
		}
		known = true // the first event of a dwelling's history is its record
		then.Apply(rec)
	}
	if !known {
		return domain.Refuse(domain.NotFound, domain.CodeDwellingUnknown,
			"the registry knew no such dwelling then; ask for a later known_at")
	}
	d := &then.Dwelling
	gone, _ := d.Gone()
	body.Gone = goneOn(gone.How, gone.On, gone.Into, m.asOf)
	body.is(d.IdentityOn(m.asOf), d.AddressOn(m.asOf), d.DescriptionOn(m.asOf))
	body.Stock = stockedAs(d.StockOn(m.asOf))
	body.Owners = shownOwners(then.OwnersOn(m.asOf))
	for _, r := range then.ActiveOn(m.asOf) {
		body.Residents = append(body.Residents, residentBody{PersonLine{PersonID: r.PersonID}, r.Registration.ID, r.Kind, r.From, r.Until})
	}
	slices.SortStableFunc(body.Residents, func(a, b residentBody) int { // as the projection gives them
		return cmp.Or(
			cmp.Compare(a.Kind, b.Kind), a.EffectiveFrom.Compare(b.EffectiveFrom),
			cmp.Compare(a.RegistrationID.String(), b.RegistrationID.String()),
		)
	})
	return nil
}

// moment is a Bitemporal question with its defaults filled in.
type moment struct {
	asOf     domain.Date
	knownAt  time.Time
	foreseen bool // asOf lies in the future
	now      bool // neither was asked for
	known    bool // knownAt was asked for
}
