package httpapi

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"strconv"
	"time"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/eventstore/command"
	pages "tizilim/httpapi/documents"
	"tizilim/httpapi/operation"
	"tizilim/httpapi/table"
	"tizilim/projections"
)

func (s *Server) listOperations() []operation.Operation {
	return []operation.Operation{
		s.takeInventory(),
		s.setPriorityRule(),
		s.listLists(),
		s.getList(),
		s.getPublicList(),
		s.openList(),
		s.listEntries(),
	}
}

type takeInventoryInput struct {
	ListID domain.ListID `path:"list_id" format:"uuid"`
	operation.Posted[struct{}]
}

type inventoryTaken struct {
	ListID   domain.ListID `json:"list_id" format:"uuid"`
	Asked    int           `json:"asked" doc:"Holders who were asked to confirm their need. One command handles 500 entries at most; if asked and reviewed have 500 together, repeat the command with a new key"`
	Reviewed int           `json:"reviewed" doc:"Entries that came under review"`
	operation.Events
}

func (s *Server) takeInventory() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "take-inventory", Path: "/v1/queues/{list_id}/inventory", Tag: housingTag,
		Of: operation.OfList,
		Summary: "Ask for every yearly confirmation that is due, and review the entries whose holders did not answer in " +
			"time",
		Doc: "The registry does this by itself on the day on which it is due; the command does it now. It removes " +
			"no entry and changes no number.",
		Roles:    []domain.Role{domain.RoleCommission},
		Problems: []domain.Code{domain.CodeNothingChanges, domain.CodeListUnknown},
		Example:  `{}`,
	}, func(ctx context.Context, call operation.Call, in *takeInventoryInput) (command.Receipt, inventoryTaken, error) {
		r, err := s.commands.TakeInventory(ctx, call.Command, in.ListID, call.Options)
		out := inventoryTaken{ListID: in.ListID}
		for _, rec := range r.Events {
			if _, asked := rec.Event.(housing.InventoryRequested); asked {
				out.Asked++
			} else {
				out.Reviewed++
			}
		}
		return r, out, err
	})
}

type priorityRuleBody struct {
	Categories []housing.PriorityCategory `json:"categories" maxItems:"50" doc:"Categories that the edition in force lists: war_veteran, orphan, awarded_mother, large_family; an empty list ends the rule"`
	Basis      string                     `json:"basis" minLength:"1" maxLength:"400" doc:"The act that allows the rule"`
	Minuted
}

type priorityRuleInput struct {
	ListID domain.ListID `path:"list_id" format:"uuid"`
	operation.Posted[priorityRuleBody]
}

type listChanged struct {
	ListID domain.ListID `json:"list_id" format:"uuid"`
	operation.Events
}

func (s *Server) setPriorityRule() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "set-priority-rule", Path: "/v1/queues/{list_id}/priority-rule", Tag: housingTag,
		Of:      operation.OfList,
		Summary: "Set or end the priority rule of a list",
		Doc: "A list has no rule until one is set. A new rule gives no entry priority by itself. Who had priority for a " +
			"category that the rule does not name any more falls back to the order of the applications, by an event and " +
			"with a notice of their own: the first 200 at once, the others within seconds.",
		Roles:    []domain.Role{domain.RoleCommission},
		Problems: minutesProblems.and(domain.CodeListUnknown),
		Example:  `{"categories": ["large_family"], "basis": "decision 5 of the commission"}`,
	}, func(ctx context.Context, call operation.Call, in *priorityRuleInput) (command.Receipt, listChanged, error) {
		call.Minutes = in.Body.stated()
		r, err := s.commands.SetPriorityRule(
			ctx, call.Command, in.ListID, housing.SetPriorityRule{Categories: in.Body.Categories, Basis: in.Body.Basis},
			call.Options,
		)
		return r, listChanged{ListID: in.ListID}, err
	})
}

type publicInput struct {
	ListID domain.ListID `path:"list_id" format:"uuid"`
	Cursor string        `query:"cursor" maxLength:"9" pattern:"^[0-9]*$" patternDescription:"a cursor of this API" doc:"The next of the previous page; leave it out for the first page"`
	Limit  int           `query:"limit" minimum:"1" maximum:"500" doc:"Default: 100, and 500 in PDF"`
	Accept string        `header:"Accept" doc:"application/pdf gives the list for print; text/csv and XLSX give it as a table"`
	Wording
}

type publicLineBody struct {
	Number   int         `json:"number"`
	Persons  int         `json:"persons" doc:"The number of persons in the family, with the applicant"`
	PlacedOn domain.Date `json:"placed_on" format:"date"`
}

type publicProvisionBody struct {
	Persons    int         `json:"persons"`
	PlacedOn   domain.Date `json:"placed_on" format:"date"`
	UsefulArea int         `json:"useful_area" doc:"Square metres"`
	ProvidedOn domain.Date `json:"provided_on" format:"date"`
}

type publicBody struct {
	Body       string                `json:"body"`
	Settlement string                `json:"settlement"`
	Title      string                `json:"title"`
	Ground     string                `json:"ground" doc:"The ground on which every entry was placed"`
	Of         int                   `json:"of"`
	Waiting    []publicLineBody      `json:"waiting"`
	Next       string                `json:"next,omitempty" doc:"The cursor of the next page; left out on the last page"`
	Provided   []publicProvisionBody `json:"provided" doc:"The last 100 provisions, the latest first"`

	print pages.PublicList
}

// Print implements [operation.Printed].
func (b publicBody) Print(w io.Writer) (domain.Language, error) {
	return b.print.Language, pages.PrintPublicList(w, b.print)
}

type publicOutput struct{ Body publicBody }

const (
	// publicPage and printedPage are how many lines an answer and a printed list have by default.
	publicPage, printedPage = 100, 500
	// publicProvisions bounds the provisions that a public list shows.
	publicProvisions = 100
)

func (s *Server) getPublicList() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "get-public-list", Method: http.MethodGet, Path: "/v1/queues/{list_id}/public", Tag: housingTag,
		Of: operation.OfPublic,
		Summary: "The public part of a list: the size of each family, the day of placing, and the dwellings that " +
			"were provided",
		Doc: "It shows exactly what art. 78 of the housing law lists, and names nobody: no id, no name, no IIN. " +
			"Everybody with a token may read it; the body that keeps the list decides whether and where to " +
			"publish it.",
		Roles: []domain.Role{
			domain.RoleCitizen, domain.RoleOperator, domain.RoleProvider, domain.RoleCommission, domain.RoleAuditor,
		},
		Problems: []domain.Code{domain.CodeListUnknown},
		Gives:    []string{operation.JSON, operation.PDF},
		Rows:     table.Of[publicLineBody]("waiting"),
		Shows:    operation.ShowsNobody("what art. 78 has published: numbers, sizes and days"),
		FromLog:  true,
	}, func(ctx context.Context, in *publicInput) (*publicOutput, error) {
		q, err := s.commands.List(ctx, in.ListID)
		if err != nil {
			return nil, err
		}
		if !q.Known() {
			return nil, housing.UnknownList()
		}
		body := publicBody{
			Body: q.Opened.Body, Settlement: q.Opened.Settlement, Title: q.Opened.Title, Of: q.Len(),
			Ground:  pages.PublicGround(in.language()),
			Waiting: []publicLineBody{}, Provided: []publicProvisionBody{},
		}
		after, _ := strconv.Atoi("0" + in.Cursor) // at most nine digits
		limit := cmp.Or(in.Limit, publicPage)
		if in.Accept == operation.PDF {
			limit = cmp.Or(in.Limit, printedPage)
		}
		waiting, provided := q.Public(after, limit), q.PublicProvisions(publicProvisions)
		for _, l := range waiting {
			body.Waiting = append(body.Waiting, publicLineBody(l))
		}
		if n := len(body.Waiting); n > 0 && body.Waiting[n-1].Number < q.Len() {
			body.Next = strconv.Itoa(body.Waiting[n-1].Number)
		}
		for _, p := range provided {
			body.Provided = append(body.Provided, publicProvisionBody{
				p.Persons, p.PlacedOn, p.Area, domain.DateOf(p.ProvidedAt),
			})
		}
		keeper, err := s.keeperName(ctx, in.ListID, in.language())
		if err != nil {
			return nil, err
		}
		body.print = pages.PublicList{
			Language: in.language(), Body: body.Body, Keeper: keeper, Settlement: body.Settlement, Title: body.Title,
			At: s.now(), Of: body.Of, Trial: s.trial != nil, Waiting: waiting, Provided: provided,
		}
		return &publicOutput{body}, nil
	})
}

// keeperName is what the commission is called that keeps the list.
func (s *Server) keeperName(ctx context.Context, list domain.ListID, l domain.Language) (string, error) {
	keeper, err := s.commands.KeeperOf(ctx, list)
	if err != nil {
		return "", err
	}
	b, err := s.directory.Body(ctx, keeper)
	if err != nil || b == nil {
		return "", err
	}
	return b.Names.In(l), nil
}

type openQueueBody struct {
	Body       string `json:"body,omitempty" maxLength:"200" doc:"The state body that gives the service dwellings; a person stands on one list of it at a time. Default: the name of your commission" example:"ҚР Қорғаныс министрлігі"`
	Settlement string `json:"settlement" minLength:"1" maxLength:"200" example:"Астана"`
	Title      string `json:"title" minLength:"1" maxLength:"200"`
}

type openQueueInput struct {
	operation.Posted[openQueueBody]
}

type openedQueue struct {
	ListID domain.ListID `json:"list_id" format:"uuid"`
	operation.Events
}

func (s *Server) openList() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "open-queue", Path: "/v1/queues", Tag: housingTag, Status: http.StatusCreated,
		Of:       operation.OfNew,
		Summary:  "Open a list of those in need of service housing",
		Doc:      "Your commission keeps the list, and no other commission acts on it. It keeps one list of a body, a settlement and a title; the refusal of a second one names it.",
		Roles:    []domain.Role{domain.RoleCommission},
		Problems: []domain.Code{domain.CodeListOpened},
		Example:  `{"body": "ҚР Қорғаныс министрлігі", "settlement": "Астана", "title": "Қызметтік тұрғын үй"}`,
	}, func(ctx context.Context, call operation.Call, in *openQueueInput) (command.Receipt, openedQueue, error) {
		if in.Body.Body == "" {
			in.Body.Body = operation.Body(ctx).Names.Kazakh
		}
		if err := notBlank("body", in.Body.Body, "settlement", in.Body.Settlement, "title", in.Body.Title); err != nil {
			return command.Receipt{}, openedQueue{}, err
		}
		list, err := housing.NewList(housing.OpenList{
			BodyID: call.BodyID, Body: in.Body.Body, Settlement: in.Body.Settlement, Title: in.Body.Title,
		})
		if err != nil {
			return command.Receipt{}, openedQueue{}, err
		}
		r, err := s.commands.OpenList(ctx, call.Command, list, call.Options)
		return r, openedQueue{ListID: list.ListID}, err
	})
}

// listBody is a list as everybody may see it.
type listBody struct {
	ListID     domain.ListID `json:"list_id" format:"uuid"`
	Body       string        `json:"body" doc:"The state body that gives the service dwellings" example:"ҚР Қорғаныс министрлігі"`
	Settlement string        `json:"settlement" example:"Астана"`
	Title      string        `json:"title"`
	KeptBy     domain.BodyID `json:"kept_by" format:"uuid" doc:"The commission that keeps it now: GET /v1/bodies/{id}"`
	Keeper     *bodyNames    `json:"keeper,omitempty" doc:"What that commission is called"`
	OpenedAt   time.Time     `json:"opened_at"`
	Of         int           `json:"of" doc:"How many stand on the list now"`
}

type listsInput struct {
	Of         string `query:"body" maxLength:"200" doc:"Only the lists of this state body, written as the list has it"`
	Settlement string `query:"settlement" maxLength:"200" doc:"Only the lists of this settlement, written as the list has it"`
	Cursor     string `query:"cursor" maxLength:"36" pattern:"^([0-9a-f-]{36})?$" patternDescription:"a cursor of this API" doc:"The next of the previous page; leave it out for the first page"`
	Limit      int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
	operation.AtLeast
}

type listsBody struct {
	Lists        []listBody      `json:"lists" doc:"By body, settlement and title"`
	Next         string          `json:"next,omitempty" doc:"The cursor of the next page; left out on the last page"`
	AsOfPosition domain.Position `json:"as_of_position"`
}

func (s *Server) listLists() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "list-queues", Method: http.MethodGet, Path: "/v1/queues", Tag: housingTag,
		Of:      operation.OfPublic,
		Summary: "The lists of those in need of service housing: whose they are, where, and how long",
		Doc: "Whoever wants to apply finds here the list_id. A page of one settlement can have fewer lists than the " +
			"limit; read on while there is a next page.",
		Roles: everybody,
		Rows:  table.Of[listBody]("lists"),
		Shows: operation.ShowsNobody("lists, and nobody on them"),
	}, func(ctx context.Context, in *listsInput) (*operation.Listed[listsBody], error) {
		if err := in.Await(ctx, s.model); err != nil {
			return nil, err
		}
		page, err := s.model.Lists(ctx, in.Of, in.Settlement, in.Cursor, in.Limit)
		if domain.CodeOf(err) == domain.CodeMalformed {
			err = atField(err, "query.cursor")
		}
		if err != nil {
			return nil, err
		}
		body := listsBody{Lists: make([]listBody, len(page.Lists)), Next: page.Next, AsOfPosition: page.AsOf}
		heirs, err := s.directory.Heirs(ctx)
		if err != nil {
			return nil, err
		}
		for i, l := range page.Lists {
			if body.Lists[i], err = s.listOf(ctx, l, heirs); err != nil {
				return nil, err
			}
		}
		return &operation.Listed[listsBody]{Position: operation.Position(page.AsOf), Body: body}, nil
	})
}

func (s *Server) listOf(ctx context.Context, l projections.List, heirs domain.Heirs) (listBody, error) {
	shown := listBody{
		ListID: l.ID, Body: l.Body, Settlement: l.Settlement, Title: l.Title, KeptBy: heirs.Of(l.Keeper),
		OpenedAt: l.OpenedAt.In(domain.Zone), Of: l.Active,
	}
	keeper, err := s.directory.Body(ctx, shown.KeptBy)
	if err == nil && keeper != nil {
		names := bodyNames(keeper.Names)
		shown.Keeper = &names
	}
	return shown, err
}

type listInput struct {
	ListID domain.ListID `path:"list_id" format:"uuid"`
	operation.AtLeast
}

func (s *Server) getList() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "get-queue", Method: http.MethodGet, Path: "/v1/queues/{list_id}", Tag: housingTag,
		Of:       operation.OfPublic,
		Summary:  "A list: whose it is, where, and how long",
		Roles:    everybody,
		Problems: []domain.Code{domain.CodeListUnknown},
		Shows:    operation.ShowsNobody("a list, and nobody on it"),
	}, func(ctx context.Context, in *listInput) (*operation.Found[listBody], error) {
		if err := in.Await(ctx, s.model); err != nil {
			return nil, err
		}
		l, err := s.model.List(ctx, in.ListID)
		if err != nil {
			return nil, err
		}
		heirs, err := s.directory.Heirs(ctx)
		if err != nil {
			return nil, err
		}
		body, err := s.listOf(ctx, l, heirs)
		if err != nil {
			return nil, err
		}
		return operation.Answer(body, l.Revision, l.AsOf), nil
	})
}

type entriesInput struct {
	ListID   domain.ListID   `path:"list_id" format:"uuid"`
	Status   standingState   `query:"status" doc:"Only entries in this state"`
	DueBy    domain.Date     `query:"inventory_due_by" format:"date" doc:"Only entries that must be confirmed on this day or earlier"`
	PersonID domain.PersonID `query:"person_id" format:"uuid" doc:"Only the entry of this person: POST /v1/persons/search finds the person by name"`
	Cursor   string          `query:"cursor" maxLength:"200"`
	Limit    int             `query:"limit" minimum:"1" maximum:"500" default:"100"`
	ListThen
	operation.AtLeast
}

// wants reports whether the entry is asked for.
func (in *entriesInput) wants(e projections.QueueEntry) bool {
	return (in.Status == "" || standingState(e.Status) == in.Status) &&
		(in.DueBy.IsZero() || !in.DueBy.Before(e.InventoryDueOn)) && (in.PersonID.IsZero() || e.PersonID == in.PersonID)
}

// standingState is the state of an entry that stands on its list.
type standingState string

var standingStates = as[standingState]([]housing.EntryState{
	housing.Active, housing.UnderReview, housing.HearingPending,
})

type entryBody struct {
	Number  int            `json:"number"`
	EntryID domain.EntryID `json:"entry_id" format:"uuid"`
	PersonLine
	CaseID          domain.CaseID `json:"case_id" format:"uuid" doc:"The case that placed the person; that of an imported entry is in another register, and not here"`
	SeniorityAt     time.Time     `json:"seniority_at"`
	RegisteredOn    domain.Date   `json:"registered_on" format:"date"`
	CertifiedNumber int           `json:"certified_number"`

	Status         standingState `json:"status"`
	InventoryDueOn domain.Date   `json:"inventory_due_on" format:"date"`
}

type entriesBody struct {
	ListID       domain.ListID   `json:"list_id" format:"uuid"`
	Of           int             `json:"of"`
	Entries      []entryBody     `json:"entries"`
	Next         string          `json:"next,omitempty" doc:"The cursor of the next page; left out on the last page"`
	AsOf         time.Time       `json:"as_of,omitzero" doc:"How the list stood then; left out of a page of now, as known_at"`
	KnownAt      time.Time       `json:"known_at,omitzero" doc:"As far as the registry knew at that time"`
	AsOfPosition domain.Position `json:"as_of_position"`
}

func (s *Server) listEntries() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "list-entries", Method: http.MethodGet, Path: "/v1/queues/{list_id}/entries", Tag: housingTag,
		Of:      operation.OfList,
		Summary: "The entries of a list, in order, with their holders, now or at another time",
		Doc: "A page of a part of the entries can have fewer of them than the limit; read on while there is a next page. " +
			"With as_of or known_at the entries stand as they stood then, with their holders of then, under the names of now; " +
			"all pages of one walk are of one state of the list.",
		Replays:  listThenParameters,
		Roles:    []domain.Role{domain.RoleCommission, domain.RoleAuditor},
		Problems: []domain.Code{domain.CodeListUnknown},
		Rows:     table.Of[entryBody]("entries"),
		Shows:    operation.ShowsPersons(),
	}, func(ctx context.Context, in *entriesInput) (*operation.Found[entriesBody], error) {
		if err := in.Await(ctx, s.model); err != nil {
			return nil, err
		}
		var page projections.EntriesPage
		var then listMoment
		var err error
		if in.asked() {
			page, then, err = s.pastEntries(ctx, in)
		} else {
			page, err = s.entriesFound(ctx, in)
		}
		if domain.CodeOf(err) == domain.CodeMalformed {
			err = atField(err, "query.cursor")
		}
		if err != nil {
			return nil, err
		}
		body := entriesBody{
			ListID: in.ListID, Of: page.Of, Next: page.Next, AsOf: then.asOf, KnownAt: then.knownAt, AsOfPosition: page.AsOf,
			Entries: make([]entryBody, len(page.Entries)),
		}
		holders := make([]domain.PersonID, len(page.Entries))
		for i, e := range page.Entries {
			holders[i] = e.PersonID
			body.Entries[i] = entryBody{
				Number: e.Number, EntryID: e.EntryID, CaseID: e.CaseID, SeniorityAt: e.Seniority.At,
				RegisteredOn: e.RegisteredOn, CertifiedNumber: e.Certified,
				Status: standingState(e.Status), InventoryDueOn: e.InventoryDueOn,
			}
		}
		lines, err := s.personLines(ctx, holders)
		if err != nil {
			return nil, err
		}
		for i := range body.Entries {
			body.Entries[i].PersonLine = lines[i]
		}
		return operation.Answer(body, page.Revision, page.AsOf), nil
	})
}

// entriesScan bounds the entries that one page looks at.
const entriesScan = 5000

// entriesFound returns up to the limit of the entries that are asked for, behind the cursor.
func (s *Server) entriesFound(ctx context.Context, in *entriesInput) (projections.EntriesPage, error) {
	if !in.PersonID.IsZero() {
		return s.entryOf(ctx, in)
	}
	page, err := s.model.Entries(ctx, in.ListID, in.Cursor, in.Limit)
	if err != nil || in.Status == "" && in.DueBy.IsZero() {
		return page, err
	}
	found := page
	found.Entries = nil
	for scanned := 0; ; {
		for i, e := range page.Entries {
			if scanned++; !in.wants(e) {
				continue
			}
			found.Entries = append(found.Entries, e)
			if len(found.Entries) == in.Limit {
				if found.Next = ""; page.Next != "" || i+1 < len(page.Entries) {
					found.Next = projections.EntriesAfter(e)
				}
				return found, nil
			}
		}
		if found.Next = page.Next; page.Next == "" || scanned >= entriesScan {
			return found, nil
		}
		if page, err = s.model.Entries(ctx, in.ListID, page.Next, pageOfScan); err != nil {
			return found, err
		}
	}
}

// pageOfScan is how many entries a scan reads at once.
const pageOfScan = 500

// entryOf returns the entry of the one person, if it is wanted.
func (s *Server) entryOf(ctx context.Context, in *entriesInput) (projections.EntriesPage, error) {
	page, err := s.model.Entries(ctx, in.ListID, "", 1)
	if err != nil {
		return page, err
	}
	page.Entries, page.Next = nil, ""
	all, at, err := s.model.EntriesOf(ctx, in.PersonID)
	page.AsOf = min(page.AsOf, at)
	for _, n := range all {
		if e := n.Line(); n.ListID == in.ListID && in.wants(e) {
			page.Entries = append(page.Entries, e)
		}
	}
	return page, err
}
