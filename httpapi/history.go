package httpapi

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"reflect"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"tizilim/domain"
	bodies "tizilim/domain/body"
	"tizilim/domain/housing"
	"tizilim/domain/proof"
	"tizilim/httpapi/body"
	"tizilim/httpapi/operation"
	"tizilim/httpapi/problem"
	"tizilim/httpapi/table"
	"tizilim/projections"
)

const (
	// historyPage is how many pointers one step of a replay resolves.
	historyPage = 256
	// historyReads is how many events of a step are read at once.
	historyReads = 16
)

func (s *Server) historyOperations() []operation.Operation {
	return []operation.Operation{
		s.getPersonHistory(),
		s.getDwellingHistory(),
		s.getCaseHistory(),
		s.getListHistory(),
		s.getBodyHistory(),
		s.listActs(),
		s.listAccesses(),
		s.getPersonAccesses(),
	}
}

// HistoryQuery says which events of a history are read, and in which order. It is embedded.
type HistoryQuery struct {
	Accept string   `header:"Accept" doc:"text/csv and XLSX give a page as a table; application/x-ndjson streams the whole history, one event a line; application/vnd.tizilim.bundle+zip gives it with the proofs of the events, to be checked offline"`
	From   string   `query:"recorded_from" maxLength:"40" doc:"Only events that the log has since this time: an RFC 3339 instant, or YYYY-MM-DD for the beginning of that day in UTC+5" example:"2026-03-01"`
	To     string   `query:"recorded_to" maxLength:"40" doc:"Only events that the log had by this time: an RFC 3339 instant, or YYYY-MM-DD for the end of that day in UTC+5" example:"2026-03-31"`
	Kinds  []string `query:"kind" maxItems:"50" doc:"Only events of these types, separated by commas" example:"EntryPlaced,EntryRemoved"`
	Actor  string   `query:"actor" maxLength:"64" doc:"Only acts of this account; of a citizen the person id"`
	Order  order    `query:"order" doc:"Default: oldest"`
	Cursor string   `query:"cursor" maxLength:"20" pattern:"^[0-9]*$" patternDescription:"a cursor of this API" doc:"The next of the previous page; leave it out for the first page"`
	Limit  int      `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	operation.AtLeast
}

// order says which end of a history comes first.
type order string

const (
	oldest order = "oldest"
	newest order = "newest"
)

var orders = []order{oldest, newest}

// HistoryPage is a page of a history.
type HistoryPage struct {
	Events       []operation.EventLine `json:"events" doc:"The events, in the order that is asked for"`
	Next         string                `json:"next,omitempty" doc:"The cursor of the next page; left out on the last page. A page of a part of the events can have fewer of them than the limit and a next one"`
	AsOfPosition domain.Position       `json:"as_of_position,omitempty" doc:"Position of the log up to which the history is complete; left out where the log has nothing of it"`
}

type recordHistoryInput struct {
	ID uuid.UUID `path:"id" format:"uuid"`
	HistoryQuery
}

type listHistoryInput struct {
	ListID domain.ListID `path:"list_id" format:"uuid"`
	HistoryQuery
}

type accountHistoryInput struct {
	Account string `query:"account" required:"true" maxLength:"64" pattern:"^[A-Za-z0-9._-]+$" patternDescription:"the name of an account" doc:"The name of the account" example:"astana-commission-1"`
	HistoryQuery
}

func (s *Server) getPersonHistory() operation.Operation {
	return history(s, operation.Declaration{
		ID: "get-person-history", Path: "/v1/persons/{id}/history",
		Of:      operation.OfPerson,
		Summary: "Every event that concerns a person, in the order of the log",
	}, subject[recordHistoryInput]{
		unknown: domain.CodePersonUnknown,
		of: func(_ context.Context, in *recordHistoryInput) (historyOf, error) {
			id := domain.PersonID{UUID: in.ID}
			return historyOf{&in.HistoryQuery, []any{id}, s.pointed(
				func(ctx context.Context, from projections.HistoryFrom) (projections.HistoryPage, error) {
					return s.model.PersonHistory(ctx, id, from)
				})}, nil
		},
	})
}

func (s *Server) getDwellingHistory() operation.Operation {
	return history(s, operation.Declaration{
		ID: "get-dwelling-history", Path: "/v1/dwellings/{id}/history",
		Of:      operation.OfDwelling,
		Summary: "Every event that concerns a dwelling, in the order of the log",
	}, subject[recordHistoryInput]{
		unknown: domain.CodeDwellingUnknown,
		of: func(_ context.Context, in *recordHistoryInput) (historyOf, error) {
			return historyOf{&in.HistoryQuery, nil, s.dwellingHistory(domain.DwellingID{UUID: in.ID})}, nil
		},
	})
}

func (s *Server) dwellingHistory(id domain.DwellingID) source {
	return s.pointed(func(ctx context.Context, from projections.HistoryFrom) (projections.HistoryPage, error) {
		return s.model.DwellingHistory(ctx, id, from)
	})
}

func (s *Server) getCaseHistory() operation.Operation {
	return history(s, operation.Declaration{
		ID: "get-case-history", Path: "/v1/cases/{id}/history",
		Of:      operation.OfCase,
		Summary: "Every step of a case, in the order of the log",
		Doc:     "A review of an entry is a case too: its steps are in the stream of the list.",
	}, subject[recordHistoryInput]{
		unknown: domain.CodeCaseUnknown,
		of: func(_ context.Context, in *recordHistoryInput) (historyOf, error) {
			return historyOf{&in.HistoryQuery, nil, s.pointed(
				func(ctx context.Context, from projections.HistoryFrom) (projections.HistoryPage, error) {
					return s.model.CaseHistory(ctx, domain.CaseID{UUID: in.ID}, from)
				})}, nil
		},
	})
}

func (s *Server) getListHistory() operation.Operation {
	return history(s, operation.Declaration{
		ID: "get-queue-history", Path: "/v1/queues/{list_id}/history",
		Of:      operation.OfList,
		Summary: "Every event of a list, in the order of the log",
	}, subject[listHistoryInput]{
		unknown: domain.CodeListUnknown,
		of: func(_ context.Context, in *listHistoryInput) (historyOf, error) {
			return historyOf{&in.HistoryQuery, nil, s.streamed(in.ListID.Stream(), housing.UnknownList())}, nil
		},
	})
}

func (s *Server) getBodyHistory() operation.Operation {
	return history(s, operation.Declaration{
		ID: "get-body-history", Path: bodyAddress + "/history",
		Of:       operation.OfBody,
		Summary:  "Every event of the record of a body: its names, officials and accounts, in the order of the log",
		Problems: []domain.Code{domain.CodeNotYourTerritory},
	}, subject[recordHistoryInput]{
		unknown: domain.CodeBodyUnknown,
		of: func(ctx context.Context, in *recordHistoryInput) (historyOf, error) {
			id := domain.BodyID{UUID: in.ID}
			return historyOf{&in.HistoryQuery, nil, s.streamed(id.Stream(), bodies.Unknown())}, s.bodyInReach(ctx, id)
		},
	})
}

func (s *Server) listActs() operation.Operation {
	return history(s, operation.Declaration{
		ID: "list-acts", Path: "/v1/acts",
		Of:       operation.OfAll,
		Summary:  "Every act by an account of staff, in the order of the log",
		Doc:      "An account that has never acted has an empty history. Citizens act in their own histories: actor finds the acts there.",
		Problems: []domain.Code{domain.CodeNotYourTerritory},
	}, s.ofAccount(s.model.ActsOf))
}

func (s *Server) listAccesses() operation.Operation {
	return history(s, operation.Declaration{
		ID: "list-accesses", Path: "/v1/accesses",
		Of:       operation.OfAll,
		Summary:  "Every read of personal data by an account of staff, in the order of the log",
		Problems: []domain.Code{domain.CodeNotYourTerritory},
		Doc: "PersonalDataRead is a look at one person, PageRead one at many. Each person whom a page of this answer names " +
			"sees that you saw it.",
	}, s.ofAccount(s.model.ReadsBy))
}

// ofAccount is the history that the model points to for an account.
func (s *Server) ofAccount(
	list func(context.Context, string, projections.HistoryFrom) (projections.HistoryPage, error),
) subject[accountHistoryInput] {
	return subject[accountHistoryInput]{of: func(ctx context.Context, in *accountHistoryInput) (historyOf, error) {
		id, _, err := s.directory.BodyOf(ctx, in.Account)
		if err != nil {
			return historyOf{}, err
		}
		return historyOf{&in.HistoryQuery, nil, s.pointed(
			func(ctx context.Context, from projections.HistoryFrom) (projections.HistoryPage, error) {
				return list(ctx, in.Account, from)
			})}, s.bodyInReach(ctx, id)
	}}
}

// bodyInReach refuses staff who read beyond the territory of their body, and do not say why, about a body
// that acts nowhere in it. The zero id is of no body.
func (s *Server) bodyInReach(ctx context.Context, id domain.BodyID) error {
	mine := operation.Body(ctx)
	if mine == nil || len(mine.Territory) == 0 || operation.Beyond(ctx) {
		return nil
	}
	b, err := s.directory.Body(ctx, id)
	if err != nil || b == nil || mine.Territory.Meets(b.Territory) {
		return err
	}
	return notReadHere("your body does not act where this body does")
}

// subject is the kind of thing that has a history.
type subject[I any] struct {
	unknown domain.Code // where the log holds nothing under the id; "" where that is an empty history
	of      func(context.Context, *I) (historyOf, error)
}

// historyOf is a history that is asked for.
type historyOf struct {
	query *HistoryQuery
	named []any // whom it shows beside those whom its events name, for the access log
	source
}

// source gives a history in parts.
type source struct {
	// read returns up to limit events behind the cursor; with 0 from the beginning, or newest first from the end.
	read func(ctx context.Context, cursor uint64, newest bool, limit int) (historyPart, error)
	// cursor is that of an event: what lies behind it comes next.
	cursor func(domain.Recorded) uint64
}

// historyPart is a part of a history.
type historyPart struct {
	events []domain.Recorded
	more   bool            // others follow
	asOf   domain.Position // up to which it is complete; 0 where that is nothing
}

// pointed is the history whose events a model points to.
func (s *Server) pointed(
	list func(context.Context, projections.HistoryFrom) (projections.HistoryPage, error),
) source {
	return source{
		read: func(ctx context.Context, cursor uint64, newest bool, limit int) (historyPart, error) {
			page, err := list(ctx, projections.HistoryFrom{Cursor: domain.Position(cursor), Newest: newest, Limit: limit})
			if err != nil {
				return historyPart{}, err
			}
			recs, err := s.resolve(ctx, page.Pointers)
			return historyPart{recs, page.Next > 0, page.AsOf}, err
		},
		cursor: func(rec domain.Recorded) uint64 { return uint64(rec.Position) },
	}
}

// streamed is the history that one stream is. A cursor is a revision and one more.
func (s *Server) streamed(stream string, unknown error) source {
	return source{
		read: func(ctx context.Context, cursor uint64, newest bool, limit int) (part historyPart, err error) {
			switch {
			case !newest:
				part.events, err = s.events.ReadPage(ctx, stream, cursor, limit+1)
			case cursor == 0:
				part.events, err = s.events.ReadBack(ctx, stream, nil, limit+1)
			default:
				before := cursor - 1
				part.events, err = s.events.ReadBack(ctx, stream, &before, limit+1)
			}
			if err == nil && cursor == 0 && len(part.events) == 0 {
				err = unknown
			}
			for _, rec := range part.events {
				part.asOf = max(part.asOf, rec.Position)
			}
			if part.more = len(part.events) > limit; part.more {
				part.events = part.events[:limit]
			}
			return part, err
		},
		cursor: func(rec domain.Recorded) uint64 { return rec.Revision + 1 },
	}
}

// history declares the history of a kind of subject.
func history[I any](s *Server, d operation.Declaration, of subject[I]) operation.Operation {
	d.Method, d.Tag = http.MethodGet, auditTag
	d.Roles, d.Shows = []domain.Role{domain.RoleAuditor}, operation.ShowsPersons()
	d.Problems = append(d.Problems, domain.CodeProofPending, domain.CodeEventUnknown)
	if of.unknown != "" {
		d.Problems = append(d.Problems, of.unknown)
	}
	d.Gives, d.Rows = []string{operation.JSON, ndjson, proof.BundleType}, table.Of[operation.EventLine]("events")
	d.Class = operation.ClassExpensive
	return operation.Stream(d, historyResponses, func(
		ctx context.Context, in *I, reading *operation.Reading,
	) (*huma.StreamResponse, error) {
		h, err := of.of(ctx, in)
		if err != nil {
			return nil, err
		}
		q := h.query
		if err := q.Await(ctx, s.model); err != nil {
			return nil, err
		}
		w, err := h.walk(ctx)
		if err != nil {
			return nil, err
		}
		first, err := operation.RetryNotFound(ctx, s.watch, w.begin)
		if err != nil {
			return nil, err
		}
		show := func(ctx context.Context, recs []domain.Recorded) error {
			named, err := s.namedInHistory(ctx, recs)
			if err != nil {
				return err
			}
			return reading.Show(ctx, append(named, h.named...)...)
		}
		position := func(out huma.Context) {
			if first.asOf > 0 {
				out.SetHeader("Tizilim-Position", operation.Position(first.asOf))
			}
		}
		if q.Accept == proof.BundleType {
			if _, _, err := s.logHead(); err != nil {
				return nil, err
			}
			return &huma.StreamResponse{Body: func(out huma.Context) {
				position(out)
				s.bundle(out, w.parts(out.Context(), first), show)
			}}, nil
		}
		if q.Accept == ndjson {
			return &huma.StreamResponse{Body: func(out huma.Context) {
				position(out)
				s.streamHistory(out, w.parts(out.Context(), first), show)
			}}, nil
		}
		if err := show(ctx, first.events); err != nil {
			return nil, err
		}
		page := HistoryPage{Events: make([]operation.EventLine, len(first.events)), AsOfPosition: first.asOf}
		for i, rec := range first.events {
			page.Events[i] = operation.LineOf(rec)
		}
		if first.more {
			page.Next = strconv.FormatUint(w.cursor, 10)
		}
		if slices.Contains(table.Forms, q.Accept) {
			return s.tableResponse(page, q.Accept, d.Rows), nil
		}
		return s.jsonResponse(page, first.asOf)
	})
}

const ndjson = "application/x-ndjson"

func historyResponses(schema func(reflect.Type) *huma.Schema) map[string]*huma.Response {
	return map[string]*huma.Response{"200": {
		Description: "A page as JSON, or the whole history as NDJSON, or with its proofs as a zip archive",
		Headers: map[string]*huma.Param{"Tizilim-Position": {
			Schema:      &huma.Schema{Type: huma.TypeString},
			Description: "The position of the log up to which the answer holds at least",
		}},
		Content: map[string]*huma.MediaType{
			operation.JSON:   {Schema: schema(reflect.TypeFor[HistoryPage]())},
			ndjson:           {Schema: schema(reflect.TypeFor[operation.EventLine]())},
			proof.BundleType: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
		},
	}}
}

// namedInHistory returns values that name everybody whom a part of a history tells
// about: the events, and the parties of their cases, since only one event of a case
// names its parties.
func (s *Server) namedInHistory(ctx context.Context, recs []domain.Recorded) ([]any, error) {
	var named []any
	var cases []domain.CaseID
	var ofCases domain.Position // of the last step of a case
	for _, rec := range recs {
		named = append(named, struct{ Facts domain.Event }{rec.Event})
		id := rec.Event.Concerns().Case
		if id.IsZero() {
			continue
		}
		if ofCases = max(ofCases, rec.Position); !slices.Contains(cases, id) {
			cases = append(cases, id)
		}
	}
	if len(cases) == 0 {
		return named, nil
	}
	// What was read from the log may be newer than the model.
	if err := s.model.Await(ctx, ofCases); err != nil {
		return nil, err
	}
	parties, err := s.model.Parties(ctx, cases)
	return append(named, parties), err
}

// jsonResponse writes a body as the answer of a stream, with the position that it holds up
// to; zero where it says so itself. It keeps the text and not the body
// while the client takes it, since the body is several times as large.
func (s *Server) jsonResponse(shown any, asOf domain.Position) (*huma.StreamResponse, error) {
	text, err := body.Marshal(shown)
	if err != nil {
		return nil, err
	}
	text = append(text, '\n')
	return &huma.StreamResponse{Body: func(out huma.Context) {
		out.SetHeader("Content-Type", operation.JSON)
		if asOf > 0 {
			out.SetHeader("Tizilim-Position", operation.Position(asOf))
		}
		if _, err := out.BodyWriter().Write(text); err != nil {
			s.log.Debug("the client went away", "error", err)
		}
	}}, nil
}

// tableResponse writes a page of a history as a table.
func (s *Server) tableResponse(page HistoryPage, form string, rows table.Rows) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(out huma.Context) {
		file, err := operation.Table(out, form, page, rows)
		if err != nil {
			s.api.Refuse(out, err)
			return
		}
		out.SetHeader("Tizilim-Position", operation.Position(page.AsOfPosition))
		if _, err := out.BodyWriter().Write(file); err != nil {
			s.log.Debug("the client went away", "error", err)
		}
	}}
}

// streamHistory writes the history line by line. It calls show before each part. An
// error on the way becomes the last line, a [problem.Problem], so that nobody takes
// a history that was cut for a whole one.
func (s *Server) streamHistory(out huma.Context, parts iter.Seq2[[]domain.Recorded, error],
	show func(context.Context, []domain.Recorded) error) {
	if !s.answers.streams.TryAcquire(1) {
		s.api.Refuse(out, domain.Refuse(domain.Unavailable, domain.CodeTooManyRequests,
			"too many histories are streamed now; ask for pages, or again in a moment"))
		return
	}
	defer s.answers.streams.Release(1)
	out.SetHeader("Content-Type", ndjson)
	w, err := s.openEventWriter(out)
	if err != nil {
		s.api.Refuse(out, err)
		return
	}
	defer w.close()
	begun := false
	for recs, err := range parts {
		if err == nil {
			err = show(out.Context(), recs)
		}
		if err != nil && !begun {
			s.api.Refuse(out, err)
			return
		}
		if err != nil {
			said, _ := problem.Of(err, s.log).In(out.Header("Accept-Language"))
			w.send(func() error { return body.Write(out.BodyWriter(), said) }) // the client may be what failed
			return
		}
		begun = true
		if !w.send(func() error {
			for _, rec := range recs {
				if err := body.Write(out.BodyWriter(), operation.LineOf(rec)); err != nil {
					return err
				}
			}
			return nil
		}) {
			return
		}
	}
}

// replay gives the events of a history from its beginning.
func (src source) replay(ctx context.Context) iter.Seq2[domain.Recorded, error] {
	return func(yield func(domain.Recorded, error) bool) {
		for cursor, more := uint64(0), true; more; {
			part, err := src.read(ctx, cursor, false, historyPage)
			if err != nil {
				yield(domain.Recorded{}, err)
				return
			}
			for _, rec := range part.events {
				if cursor = src.cursor(rec); !yield(rec, nil) {
					return
				}
			}
			more = part.more
		}
	}
}

// resolve reads the events that pointers name, neighbours of one stream in one
// call, several calls at a time.
func (s *Server) resolve(ctx context.Context, pointers []projections.Pointer) ([]domain.Recorded, error) {
	recs := make([]domain.Recorded, len(pointers))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(historyReads)
	for first := 0; first < len(pointers); {
		end := first + 1
		for end < len(pointers) && pointers[end].Stream == pointers[first].Stream &&
			pointers[end].Revision == pointers[end-1].Revision+1 {
			end++
		}
		run := pointers[first:end]
		into := recs[first:end]
		group.Go(func() error {
			got, err := s.events.ReadPage(ctx, run[0].Stream, run[0].Revision, len(run))
			if err != nil {
				return err
			}
			for i, p := range run {
				if i >= len(got) {
					return s.missing(p.Stream, "revision", p.Revision)
				}
				if got[i].Revision != p.Revision || got[i].Position != p.Position {
					return fmt.Errorf(
						"history: the log holds another event than %s: the read model is of another log",
						p.EventRef,
					)
				}
			}
			copy(into, got)
			return nil
		})
		first = end
	}
	return recs, group.Wait()
}

// missing is the answer where the log does not hold what the model names. An event
// store that has just come back may lack it for a moment. If it lasts, the log has
// lost something.
func (s *Server) missing(stream string, what ...any) error {
	s.log.Error("the event store does not hold what the read model names", append([]any{"stream", stream}, what...)...)
	return domain.Refuse(domain.Unavailable, domain.CodeLogUnavailable,
		"the event store does not hold now what the read model names; ask again in a moment, "+
			"and tell the operators if that does not help")
}
