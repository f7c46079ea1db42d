package importer

import (
	"cmp"
	"context"
	"errors"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"tizilim/domain"
	"tizilim/domain/body"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
	"tizilim/domain/rules"
	"tizilim/eventstore/command"
)

// atOnce is how many records are looked at, or appended to, side by side.
const atOnce = 32

// Importer imports the lines of one source. All of it is required but Commission.
type Importer struct {
	Commands  *command.Handler
	CatchUp   func(context.Context) error // waits until the read model has all that the log holds
	PersonKey domain.PersonIDKey
	Rules     rules.Book
	Now       func() time.Time
	Source    string    // the register that the lines come from
	Batch     uuid.UUID // of the files
	By        string    // the account of the operator
}

// Progress is told of lines that are done, of all.
type Progress func(done, of int)

// Refusal is why a line is not imported. It names no personal value.
type Refusal struct {
	File    string      `json:"file"`
	Line    int         `json:"line"`
	Type    Type        `json:"type,omitempty"`
	Key     string      `json:"key,omitempty"`
	Code    domain.Code `json:"code"`
	Field   string      `json:"field,omitempty"`
	Message string      `json:"message"`
}

// Plan is what an import would do.
type Plan struct {
	Bad   []Refusal    // in the order of files and lines
	New   map[Type]int // lines that would be imported
	Known map[Type]int // lines whose facts the registry has

	importer      *Importer
	persons       []*person
	dwellings     []*dwelling
	registrations [][]*registration // of one person each, by their first day
	lists         []*list
	estates       []*death // of those whose estate owns a dwelling
	deaths        []*death
	parts         map[Type]int // lines that are parts of others
}

type person struct {
	row   Row
	c     residence.RecordPerson
	state *residence.Person // after all lines before; nil where the line is bad
	known bool              // the registry had the person before the import
}

type dwelling struct {
	row   Row
	c     residence.RecordDwelling
	state *residence.Dwelling
	known bool
	parts int
}

type registration struct {
	row    Row
	person *person
	c      residence.ImportRegistration
}

type list struct {
	row     Row
	c       housing.OpenList
	rule    housing.SetPriorityRule
	state   *housing.List
	known   bool
	ruled   bool // the list has the rule
	entries []*entry
}

type entry struct {
	row   Row
	c     housing.ImportEntry
	parts []Row
}

type death struct {
	row    Row
	person *person
	c      residence.RecordDeath
}

// checking is an examination of lines.
type checking struct {
	*Importer
	ctx      context.Context
	plan     *Plan
	rows     map[Type][]Row
	bad      map[Type]map[string]bool
	person   map[string]*person // by the key of the line
	dwelling map[string]*dwelling
	list     map[string]*list
	people   map[domain.PersonID]*person
	done, of int
	progress Progress
}

// Check examines all lines and changes nothing. An error is not one of a line: the registry does not
// answer.
func (im *Importer) Check(ctx context.Context, rows []Row, progress Progress) (*Plan, error) {
	c := &checking{
		Importer: im, ctx: ctx, rows: map[Type][]Row{}, bad: map[Type]map[string]bool{}, person: map[string]*person{},
		dwelling: map[string]*dwelling{}, list: map[string]*list{}, people: map[domain.PersonID]*person{},
		of: len(rows), progress: progress,
		plan: &Plan{importer: im, New: map[Type]int{}, Known: map[Type]int{}, parts: map[Type]int{}},
	}
	if err := im.CatchUp(ctx); err != nil {
		return nil, err
	}
	c.sort(rows)
	for _, step := range []func() error{
		c.checkPersons, c.checkDeathsOfEstates, c.checkDwellings, c.checkRegistrations, c.checkLists, c.checkEntries,
		c.checkDeaths,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	files := map[string]int{}
	for _, r := range rows {
		if _, seen := files[r.File]; !seen {
			files[r.File] = len(files)
		}
	}
	slices.SortFunc(c.plan.Bad, func(a, b Refusal) int {
		return cmp.Or(cmp.Compare(files[a.File], files[b.File]), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Code, b.Code))
	})
	return c.plan, nil
}

// sort parts the lines by type, and refuses those that cannot be read and keys that are there twice.
func (c *checking) sort(rows []Row) {
	seen := map[Type]map[string]bool{}
	for _, r := range rows {
		if r.err != nil {
			c.refuse(r, r.err)
			continue
		}
		if seen[r.Type] == nil {
			seen[r.Type] = map[string]bool{}
		}
		if part := r.Type == Owner || r.Type == Member; seen[r.Type][r.Key] && !part {
			c.plan.Bad = append(c.plan.Bad, refusalOf(r, domain.Refuse(domain.Invalid, CodeKeyTwice,
				"another line of this type has the key: give each line its own").At("key")))
			continue
		}
		seen[r.Type][r.Key] = true
		c.rows[r.Type] = append(c.rows[r.Type], r)
	}
}

func refusalOf(r Row, e *domain.Error) Refusal {
	return Refusal{File: r.File, Line: r.Line, Type: r.Type, Key: r.Key, Code: e.Code, Field: e.Field, Message: e.Message}
}

// refuse notes why the line is bad. It returns an error that is no refusal.
func (c *checking) refuse(r Row, err error) error {
	var refused *domain.Error
	if !errors.As(err, &refused) || refused.Kind == domain.Unavailable {
		return err
	}
	if len(refused.Also) > 0 { // each of them says what it is about
		for _, also := range refused.Also {
			c.plan.Bad = append(c.plan.Bad, refusalOf(r, also))
		}
	} else {
		c.plan.Bad = append(c.plan.Bad, refusalOf(r, refused))
	}
	if c.bad[r.Type] == nil {
		c.bad[r.Type] = map[string]bool{}
	}
	c.bad[r.Type][r.Key] = true
	return nil
}

// missing is the refusal of a line that names another one which is bad, or is not there.
func (c *checking) missing(kind Type, key, column string) *domain.Error {
	switch {
	case key == "":
		return domain.Refuse(domain.Invalid, domain.CodeRequired, "give the key of the line of the %s", kind).At(column)
	case c.bad[kind][key]:
		return domain.Refuse(domain.Invalid, CodeLineDepends, "the line of the %s that it names is bad: mend that one", kind).
			At(column)
	}
	return domain.Refuse(domain.Invalid, CodeNoSuchLine,
		"no line of a %s has this key: import it together with the lines that name it", kind).At(column)
}

func (c *checking) checked(n int) {
	c.done += n
	if c.progress != nil {
		c.progress(c.done, c.of)
	}
}

// id is that of a thing which the line brings.
func (im *Importer) id(r Row) uuid.UUID {
	return domain.DeriveID(im.namespace(), string(r.Type)+" "+r.Key)
}

// namespace is that of the ids of the source.
func (im *Importer) namespace() uuid.UUID {
	return domain.DeriveID(uuid.NameSpaceOID, "tizilim import\n"+im.Source)
}

// command is the envelope of the command of the line.
func (im *Importer) command(r Row) domain.Command {
	return domain.Command{
		ID: domain.CommandID{UUID: domain.DeriveID(im.id(r), "import")}, Actor: im.By, Role: domain.RoleSystem,
		Now: im.Now().UTC().Truncate(time.Microsecond), Imported: im.from(r),
	}
}

func (im *Importer) from(r Row) *domain.Imported {
	return &domain.Imported{Source: im.Source, Line: r.Key, Batch: im.Batch, By: im.By}
}

// each calls do for every index, some side by side.
func each(ctx context.Context, n int, do func(context.Context, int) error) error {
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(atOnce)
	for i := range n {
		if ctx.Err() != nil {
			break
		}
		work.Go(func() error { return do(ctx, i) })
	}
	return work.Wait()
}

func (c *checking) checkPersons() error {
	rows := c.rows[Person]
	read, errs := make([]*person, len(rows)), make([]error, len(rows))
	if err := each(c.ctx, len(rows), func(ctx context.Context, i int) error {
		read[i], errs[i] = c.readPerson(ctx, rows[i])
		return nil
	}); err != nil {
		return err
	}
	alike := map[residence.Likeness][]domain.PersonID{} // of the lines before
	for _, i := range withIINFirst(rows) {
		p, err := read[i], errs[i]
		if err == nil && !p.known {
			err = c.recordPerson(p, alike)
		}
		if err != nil {
			if err := c.refuse(rows[i], err); err != nil {
				return err
			}
			continue
		}
		if other := c.people[p.c.PersonID]; other != nil {
			_ = c.refuse(p.row, domain.Refuse(domain.Conflict, domain.CodeNamedTwice,
				"the line %d of %s has this person too: refer to one of the two", other.row.Line, other.row.File).At("iin"))
			continue
		}
		if p.known {
			c.plan.Known[Person]++
		} else {
			c.plan.New[Person]++
		}
		c.person[p.row.Key], c.people[p.c.PersonID] = p, p
		c.plan.persons = append(c.plan.persons, p)
	}
	c.checked(len(rows))
	return c.ctx.Err()
}

// readPerson returns the person of the line, as the registry has them or as it would record them.
func (c *checking) readPerson(ctx context.Context, r Row) (*person, error) {
	f := fields{row: r}
	p := &person{row: r, c: residence.RecordPerson{
		PersonID: domain.PersonID{UUID: c.id(r)}, Name: domain.Personal(f.text("name")), BirthDate: f.date("birth_date"),
		BirthKnown: residence.BirthKnown(f.text("birth_known")), Class: residence.Class(f.text("class")),
		Accept: words[domain.Code](&f, "accept"),
	}}
	if f.err != nil {
		return nil, f.err
	}
	if text := f.text("iin"); text != "" {
		iin, err := domain.ParseIIN(text)
		if err != nil {
			var refused *domain.Error
			errors.As(err, &refused)
			return nil, refused.At("iin")
		}
		p.c.IIN, p.c.PersonID = iin, c.PersonKey.PersonID(iin)
		if p.c.PersonID, err = c.Commands.WhoIs(ctx, p.c.PersonID); err != nil {
			return nil, err
		}
	}
	state, err := c.Commands.Person(ctx, p.c.PersonID)
	if err != nil {
		return nil, err
	}
	p.state = &state
	if state.Known() {
		if !state.Alike(p.c.Data()) {
			return nil, domain.Refuse(domain.Conflict, domain.CodePersonRecorded,
				"the registry has another name or birth date for this person: compare both with the documents, and correct the "+
					"line or the record").At(cmp.Or(map[bool]string{true: "iin"}[p.c.IIN != ""], "key"))
		}
		p.known = true
		return p, nil
	}
	p.c.Likeness, p.c.NameKeys = residence.LikenessOf(c.PersonKey, p.c.Data()), residence.NameKeysOf(c.PersonKey, p.c.Data())
	if p.c.Alike, err = c.Commands.Alike(ctx, p.c); err != nil {
		return nil, err
	}
	return p, nil
}

// withIINFirst returns the indexes of the lines in the order in which they are imported: a person without
// an IIN is compared with all who have one.
func withIINFirst(rows []Row) []int {
	var with, without []int
	for i, r := range rows {
		if r.get("iin") != "" {
			with = append(with, i)
		} else {
			without = append(without, i)
		}
	}
	return append(with, without...)
}

// recordPerson decides the line. alike are those of the lines before.
func (c *checking) recordPerson(p *person, alike map[residence.Likeness][]domain.PersonID) error {
	if p.c.IIN == "" {
		p.c.Alike = append(p.c.Alike, alike[p.c.Likeness]...)
	}
	cmd := c.command(p.row)
	events, err := p.state.Record(cmd, p.c)
	if err != nil {
		return err
	}
	alike[p.c.Likeness] = append(alike[p.c.Likeness], p.c.PersonID)
	fold(p.state, p.c.PersonID.Stream(), cmd, events)
	return nil
}

// fold applies events that are not appended yet.
func fold(s interface{ Apply(domain.Recorded) }, stream string, cmd domain.Command, events []domain.Event) {
	for _, e := range events {
		s.Apply(domain.Recorded{Stream: stream, Event: e, Position: pending, Created: cmd.Now})
	}
}

// pending stands for the position of an event that is not appended yet: behind all that are.
const pending domain.Position = 1 << 62

func (c *checking) checkDwellings() error {
	owners, since := map[string][]Row{}, map[residence.DwellingCode]*dwelling{}
	for _, r := range c.rows[Owner] {
		owners[r.get("dwelling")] = append(owners[r.get("dwelling")], r)
	}
	rows := c.rows[Dwelling]
	read, errs := make([]*dwelling, len(rows)), make([]error, len(rows))
	if err := each(c.ctx, len(rows), func(ctx context.Context, i int) error {
		read[i], errs[i] = c.readDwelling(ctx, rows[i])
		return nil
	}); err != nil {
		return err
	}
	for i, r := range rows {
		d, err := read[i], errs[i]
		of := owners[r.Key]
		delete(owners, r.Key)
		if err == nil {
			err = c.recordDwelling(d, of, since)
		}
		if err != nil {
			if err := c.refuseWhole(r, of, "dwelling", err); err != nil {
				return err
			}
			continue
		}
		if d.known {
			c.plan.Known[Dwelling]++
			c.plan.Known[Owner] += len(of)
		} else {
			c.plan.New[Dwelling]++
			c.plan.New[Owner] += len(of)
		}
		d.parts = len(of)
		c.dwelling[r.Key] = d
		c.plan.dwellings = append(c.plan.dwellings, d)
	}
	for _, r := range c.rows[Owner] {
		if _, left := owners[r.get("dwelling")]; left {
			_ = c.refuse(r, c.missing(Dwelling, r.get("dwelling"), "dwelling"))
		}
	}
	c.checked(len(rows) + len(c.rows[Owner]))
	return c.ctx.Err()
}

func (c *checking) readDwelling(ctx context.Context, r Row) (*dwelling, error) {
	f := fields{row: r}
	d := &dwelling{row: r, c: residence.RecordDwelling{
		DwellingID: domain.DwellingID{UUID: c.id(r)}, Address: f.text("address"), OwnersSince: f.date("owners_since"),
		Identity: residence.Identity{RKA: f.text("rka"), CadastralNumber: f.text("cadastral_number"), KATO: f.text("kato")},
		Description: residence.Description{
			Place: residence.Place(f.text("place")), Area: residence.Area(f.number("useful_area")), Rooms: f.whole("rooms"),
		},
		Rules: c.Rules,
	}}
	if f.err != nil {
		return nil, f.err
	}
	state, err := c.Commands.Dwelling(ctx, d.c.DwellingID)
	if err != nil {
		return nil, err
	}
	d.state, d.known = &state, state.Known()
	is, err := d.c.Written()
	if err != nil {
		return nil, err
	}
	if d.known {
		return d, nil
	}
	for _, code := range is.Codes() {
		other, err := c.Commands.FindDwelling(ctx, code, domain.DateOf(c.Now()))
		switch {
		case domain.CodeOf(err) == domain.CodeDwellingUnknown:
		case err != nil:
			return nil, err
		case other.Has(code):
			return nil, residence.CodeTaken(code, other.ID)
		}
	}
	return d, nil
}

// recordDwelling decides the line with those of its owners. taken are the codes of the lines before.
func (c *checking) recordDwelling(d *dwelling, owners []Row, taken map[residence.DwellingCode]*dwelling) error {
	if d.known {
		return nil
	}
	is, _ := d.c.Written() // it has been read
	for _, code := range is.Codes() {
		if other := taken[code]; other != nil {
			return domain.Refuse(domain.Conflict, domain.CodeDwellingRecorded,
				"the line %d of %s has this code: refer to one of the two, or correct the code", other.row.Line, other.row.File).
				At(string(code.Kind))
		}
	}
	cmd := c.command(d.row)
	on := d.c.OwnersSince
	if on.IsZero() {
		on = cmd.Today()
	}
	for i, r := range owners {
		o, err := c.readOwner(r, on, cmd.Today())
		if err != nil {
			return ofPart(i, err)
		}
		d.c.Owners = append(d.c.Owners, o)
	}
	events, err := d.state.Record(cmd, d.c)
	if err != nil {
		return err
	}
	fold(d.state, d.c.DwellingID.Stream(), cmd, events)
	for _, code := range is.Codes() {
		taken[code] = d
	}
	return nil
}

// ofPart says at which owner or member of a line the refusal is.
func ofPart(i int, err error) error {
	var refused *domain.Error
	if !errors.As(err, &refused) {
		return err
	}
	return refused.At(domain.Path("parts", i, refused.Field))
}

// atPart finds the part of a line, and its field, at which a command refuses it.
var atPart = regexp.MustCompile(`^(?:parts|owners|family)\[(\d+)\]\.?(.*)$`)

// columnOf are the columns of the members of commands that have other names.
var columnOf = map[string]string{"person_id": "person", "agent_id": "agent", "deceased_id": "deceased", "applicant_id": "person"}

// refuseWhole refuses a line with its parts, at the part that is bad where one is. column names the line
// in its parts.
func (c *checking) refuseWhole(r Row, parts []Row, column string, err error) error {
	var refused *domain.Error
	bad := -1
	if errors.As(err, &refused) {
		if m := atPart.FindStringSubmatch(refused.Field); m != nil {
			bad, _ = strconv.Atoi(m[1])
			err = refused.At(cmp.Or(columnOf[m[2]], m[2]))
		}
	}
	if bad >= 0 && bad < len(parts) {
		if err := c.refuse(parts[bad], err); err != nil {
			return err
		}
		err = domain.Refuse(domain.Invalid, CodeLineDepends, "the line %d of %s, a part of it, is bad: mend that one",
			parts[bad].Line, parts[bad].File)
	}
	if err := c.refuse(r, err); err != nil {
		return err
	}
	for i, part := range parts {
		if i != bad {
			_ = c.refuse(part, c.missing(r.Type, r.Key, column))
		}
	}
	return nil
}

func (c *checking) readOwner(r Row, on, today domain.Date) (o residence.Owner, err error) {
	f := fields{row: r}
	o = residence.Owner{
		Share: residence.Share(f.text("share")), Kind: residence.OwnerKind(f.text("kind")), BIN: domain.BIN(f.text("bin")),
		Name: f.text("name"), Authority: f.basis("authority"),
	}
	if f.err != nil {
		return o, f.err
	}
	states := map[domain.PersonID]*residence.Person{}
	for _, named := range []struct {
		column string
		id     *domain.PersonID
	}{{"person", &o.PersonID}, {"agent", &o.AgentID}, {"deceased", &o.DeceasedID}} {
		key := f.text(named.column)
		if key == "" {
			continue
		}
		p := c.person[key]
		if p == nil {
			return o, c.missing(Person, key, named.column)
		}
		*named.id, states[p.c.PersonID] = p.c.PersonID, p.state
	}
	for _, named := range o.Named() {
		if err := cmp.Or(
			states[named.ID].CheckUnmerged(domain.RoleSystem, named.Member),
			named.Check(states[named.ID], on, today, c.Rules.On(today).Ages, named.Member),
		); err != nil {
			return o, err
		}
	}
	return o, nil
}

func (c *checking) checkRegistrations() error {
	of, order := map[*person][]*registration{}, []*person{}
	for _, r := range c.rows[Registration] {
		f := fields{row: r}
		g := &registration{row: r, c: residence.ImportRegistration{
			RegistrationID: domain.RegistrationID{UUID: c.id(r)}, Kind: residence.Kind(f.text("kind")), From: f.date("from"),
			Until: f.date("until"), EndedOn: f.date("ended_on"), Reason: residence.Reason(f.text("reason")), Rules: c.Rules,
		}}
		d := c.dwelling[f.text("dwelling")]
		g.person = c.person[f.text("person")]
		err := f.err
		switch {
		case err != nil:
		case g.person == nil:
			err = c.missing(Person, f.text("person"), "person")
		case d == nil:
			err = c.missing(Dwelling, f.text("dwelling"), "dwelling")
		}
		if err != nil {
			_ = c.refuse(r, err)
			continue
		}
		g.c.DwellingID, g.c.Dwelling = d.c.DwellingID, d.state
		if len(of[g.person]) == 0 {
			order = append(order, g.person)
		}
		of[g.person] = append(of[g.person], g)
	}
	for _, p := range order {
		all := of[p]
		slices.SortStableFunc(all, func(a, b *registration) int { return a.c.From.Compare(b.c.From) })
		var good []*registration
		for _, g := range all {
			if has(p.state, g.c.RegistrationID) {
				c.plan.Known[Registration]++
				continue
			}
			cmd := c.command(g.row)
			events, err := p.state.Import(cmd, g.c)
			if err != nil {
				if err := c.refuse(g.row, err); err != nil {
					return err
				}
				continue
			}
			fold(p.state, p.c.PersonID.Stream(), cmd, events)
			c.plan.New[Registration]++
			good = append(good, g)
		}
		if len(good) > 0 {
			c.plan.registrations = append(c.plan.registrations, good)
		}
	}
	c.checked(len(c.rows[Registration]))
	return c.ctx.Err()
}

// has reports whether the person has the registration.
func has(p *residence.Person, id domain.RegistrationID) bool {
	return slices.ContainsFunc(p.Registrations, func(r residence.Registration) bool { return r.ID == id })
}

func (c *checking) checkLists() error {
	for _, r := range c.rows[List] {
		l, err := c.readList(r)
		if err != nil {
			if err := c.refuse(r, err); err != nil {
				return err
			}
			continue
		}
		c.list[r.Key] = l
		c.plan.lists = append(c.plan.lists, l)
		if l.known {
			c.plan.Known[List]++
		} else {
			c.plan.New[List]++
		}
	}
	c.checked(len(c.rows[List]))
	return c.ctx.Err()
}

func (c *checking) readList(r Row) (*list, error) {
	f := fields{row: r}
	l := &list{row: r, rule: housing.SetPriorityRule{
		Categories: words[housing.PriorityCategory](&f, "priority"), Basis: f.text("priority_basis"),
	}}
	keeper := body.Default(domain.RoleCommission)
	if text := f.text("commission"); text != "" {
		id, err := uuid.Parse(text)
		if err != nil {
			return nil, domain.Refuse(domain.Invalid, domain.CodeIDFormat, "give the id of the commission as the registry has it").
				At("commission")
		}
		keeper.UUID = id
		b, err := c.Commands.Body(c.ctx, keeper)
		if err != nil {
			return nil, err
		}
		if !b.Known() {
			return nil, domain.Refuse(domain.Invalid, domain.CodeBodyUnknown,
				"no body with this id is recorded here: record the commission first, and give the id that it has here").At("commission")
		}
	}
	var err error
	if l.c, err = housing.NewList(housing.OpenList{
		BodyID: keeper, Body: f.text("body"), Settlement: f.text("settlement"), Title: f.text("title"),
	}); err != nil {
		return nil, err
	}
	for _, other := range c.plan.lists {
		if other.c.ListID == l.c.ListID {
			return nil, domain.Refuse(domain.Conflict, domain.CodeListOpened,
				"the line %d of %s opens this list: refer to that one", other.row.Line, other.row.File).At("title")
		}
	}
	state, err := c.Commands.List(c.ctx, l.c.ListID)
	if err != nil {
		return nil, err
	}
	next := state.Clone()
	l.state, l.known = &next, next.Known()
	cmd := c.command(r)
	if !l.known {
		events, err := l.state.Open(cmd, l.c)
		if err != nil {
			return nil, err
		}
		fold(l.state, l.c.ListID.Stream(), cmd, events)
	}
	if l.ruled = len(l.rule.Categories) == 0 || slices.Equal(l.state.Priority, l.rule.Categories); l.ruled {
		return l, nil
	}
	events, err := l.state.SetPriorityRule(cmd, l.rule, c.Rules)
	if err != nil {
		var refused *domain.Error
		errors.As(err, &refused)
		return nil, refused.At(map[string]string{"basis": "priority_basis"}[refused.Field])
	}
	fold(l.state, l.c.ListID.Stream(), cmd, events)
	return l, nil
}

func (c *checking) checkEntries() error {
	members := map[string][]Row{}
	for _, r := range c.rows[Member] {
		members[r.get("entry")] = append(members[r.get("entry")], r)
	}
	for _, r := range c.rows[Entry] {
		l := c.list[r.get("list")]
		of := members[r.Key]
		delete(members, r.Key)
		var e *entry
		err := error(nil)
		if l == nil {
			err = c.missing(List, r.get("list"), "list")
		} else {
			e, err = c.readEntry(r, of)
		}
		if err != nil {
			if err := c.refuseWhole(r, of, "entry", err); err != nil {
				return err
			}
			continue
		}
		l.entries = append(l.entries, e)
	}
	for _, r := range c.rows[Member] {
		if _, left := members[r.get("entry")]; left {
			_ = c.refuse(r, c.missing(Entry, r.get("entry"), "entry"))
		}
	}
	for i, l := range c.plan.lists {
		if err := c.placeEntries(l, c.plan.lists[:i]); err != nil {
			return err
		}
	}
	c.checked(len(c.rows[Entry]) + len(c.rows[Member]))
	return c.ctx.Err()
}

func (c *checking) readEntry(r Row, members []Row) (*entry, error) {
	f := fields{row: r}
	e := &entry{row: r, parts: members, c: housing.ImportEntry{
		EntryID: domain.EntryID{UUID: c.id(r)}, SeniorityAt: f.instant("seniority_at"), Place: f.whole("number"),
		RegisteredOn: f.date("registered_on"), Certified: f.whole("certificate_number"), InventoryDueOn: f.date("inventory_due_on"),
		Category: housing.PriorityCategory(f.text("priority")),
		Consent: housing.Consent{State: housing.ConsentState(f.text("consent")), ConsentTerms: housing.ConsentTerms{
			Purpose: housing.ConsentPurpose(f.text("consent_purpose")), Scope: words[housing.ConsentScope](&f, "consent_scope"),
			Until: f.date("consent_until"),
		}},
	}}
	if f.err != nil {
		return nil, f.err
	}
	born := map[domain.PersonID]domain.Date{}
	find := func(r Row) (domain.PersonID, error) {
		p := c.person[r.get("person")]
		if p == nil {
			return domain.PersonID{}, c.missing(Person, r.get("person"), "person")
		}
		born[p.c.PersonID] = p.state.BirthDate
		return p.c.PersonID, cmp.Or(p.state.CheckAlive("person"), p.state.CheckUnmerged(domain.RoleSystem, "person"))
	}
	var err error
	if e.c.PersonID, err = find(r); err != nil {
		return nil, err
	}
	for i, m := range members {
		id, err := find(m)
		if err != nil {
			return nil, ofPart(i, err)
		}
		relation := housing.Relation(m.get("relation"))
		if !slices.Contains(housing.Relations, relation) {
			return nil, ofPart(i, domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
				"a relation is one of %v", housing.Relations).At("relation"))
		}
		if id == e.c.PersonID || slices.ContainsFunc(e.c.Family, func(m housing.FamilyMember) bool { return m.PersonID == id }) {
			return nil, ofPart(i, domain.Refuse(domain.Invalid, domain.CodeNamedTwice, "this person is named twice").At("person"))
		}
		e.c.Family = append(e.c.Family, housing.FamilyMember{PersonID: id, Relation: relation})
	}
	e.c.Born = func(id domain.PersonID) domain.Date { return born[id] }
	return e, nil
}

// placeEntries imports the entries into the state of the list in their order. before are the lists of
// the lines before.
func (c *checking) placeEntries(l *list, before []*list) error {
	slices.SortStableFunc(l.entries, func(a, b *entry) int { return cmp.Compare(a.c.Place, b.c.Place) })
	astray := outOfOrder(l.entries)
	good := l.entries[:0]
	for i, e := range l.entries {
		err := error(nil)
		if _, known := l.state.Entry(e.c.EntryID); astray[i] && !known {
			err = domain.Refuse(domain.Conflict, domain.CodeOrderContradicted,
				"the place on the old list contradicts the order of the days of most others: correct the number, or give in "+
					"seniority_at the day by which the entry stands there").At("seniority_at")
		}
		if err == nil {
			if e.c.Elsewhere, err = c.elsewhere(l, before, e); err != nil {
				return err
			}
			cmd := c.command(e.row)
			events, refused := l.state.Import(cmd, []housing.ImportEntry{e.c}, c.Rules)
			fold(l.state, l.c.ListID.Stream(), cmd, events)
			if err = refused[0]; err == nil && len(events) == 0 {
				c.plan.Known[Entry]++
				c.plan.Known[Member] += len(e.parts)
				continue
			}
		}
		if err != nil {
			if err := c.refuseWhole(e.row, e.parts, "entry", err); err != nil {
				return err
			}
			continue
		}
		c.plan.New[Entry]++
		c.plan.New[Member] += len(e.parts)
		good = append(good, e)
	}
	l.entries = good
	return nil
}

// elsewhere is why another list of the body keeps the entry off; nil where none does.
func (c *checking) elsewhere(l *list, before []*list, e *entry) (keeps, err error) {
	for _, other := range before {
		if other.c.Body == l.c.Body {
			if err := other.state.KeepsOff(e.c.PersonID, e.c.Family); err != nil {
				return err, nil
			}
		}
	}
	err = c.Commands.KeptOff(c.ctx, l.c.ListID, l.c.Body, e.c.PersonID, e.c.Family)
	if domain.CodeOf(err) != "" && !domain.IsKind(err, domain.Unavailable) {
		return err, nil
	}
	return nil, err
}

// outOfOrder says of each entry, which come by their places, whether its day contradicts the order of
// most others: it is not in the longest run in which the days never fall. Those with priority have an
// order of their own.
func outOfOrder(entries []*entry) []bool {
	astray := make([]bool, len(entries))
	for _, first := range []bool{true, false} {
		var class []int
		for i, e := range entries {
			if (e.c.Category != "") == first {
				class = append(class, i)
			}
		}
		at := func(i int) time.Time { return entries[i].c.SeniorityAt }
		var ends []int // of the best run of each length, the entry with the earliest day
		before := make([]int, len(entries))
		for _, i := range class {
			n := sort.Search(len(ends), func(n int) bool { return at(ends[n]).After(at(i)) })
			before[i] = -1
			if n > 0 {
				before[i] = ends[n-1]
			}
			ends = append(ends[:n], append([]int{i}, ends[min(n+1, len(ends)):]...)...)
			astray[i] = true
		}
		if len(ends) == 0 {
			continue
		}
		for i := ends[len(ends)-1]; i >= 0; i = before[i] {
			astray[i] = false
		}
	}
	return astray
}

// checkDeathsOfEstates examines the deaths of those whose estate owns a dwelling: they come before it.
func (c *checking) checkDeathsOfEstates() error {
	deceased := map[string]bool{}
	for _, r := range c.rows[Owner] {
		deceased[r.get("deceased")] = true
	}
	var first, others []Row
	for _, r := range c.rows[Death] {
		if deceased[r.get("person")] {
			first = append(first, r)
		} else {
			others = append(others, r)
		}
	}
	c.rows[Death] = others
	var err error
	c.plan.estates, err = c.readDeaths(first)
	return err
}

// checkDeaths examines the other deaths: each ends what the person has by then.
func (c *checking) checkDeaths() (err error) {
	c.plan.deaths, err = c.readDeaths(c.rows[Death])
	return err
}

func (c *checking) readDeaths(rows []Row) (good []*death, err error) {
	for _, r := range rows {
		f := fields{row: r}
		d := &death{row: r, person: c.person[f.text("person")], c: residence.RecordDeath{
			On: f.date("died_on"), Basis: f.basis("basis"), Rules: c.Rules,
		}}
		err := f.err
		if err == nil && d.person == nil {
			err = c.missing(Person, f.text("person"), "person")
		}
		if err == nil {
			if dead, is := d.person.state.Dead(); is && dead.On == d.c.On {
				c.plan.Known[Death]++
				continue
			}
			cmd := c.command(r)
			var events []domain.Event
			events, err = d.person.state.RecordDeath(cmd, d.c)
			fold(d.person.state, d.person.c.PersonID.Stream(), cmd, events)
		}
		if err != nil {
			if err := c.refuse(r, err); err != nil {
				return nil, err
			}
			continue
		}
		c.plan.New[Death]++
		good = append(good, d)
	}
	c.checked(len(rows))
	return good, c.ctx.Err()
}
