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
	}
}

type historyInput struct {
	ID     uuid.UUID `path:"id" format:"uuid"`
	Accept string    `header:"Accept" doc:"text/csv and XLSX give a page as a table; application/x-ndjson streams the whole history, one event a line; application/vnd.tizilim.bundle+zip gives it with the proofs of the events, to be checked offline"`
	Cursor string    `query:"cursor" maxLength:"20" pattern:"^[0-9]*$" patternDescription:"a cursor of this API" doc:"The next of the previous page; leave it out for the first page"`
	Limit  int       `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	operation.AtLeast
}

// HistoryPage is a page of a history.
type HistoryPage struct {
	Events       []operation.EventLine `json:"events" doc:"The events, in the order of the log"`
	Next         string                `json:"next,omitempty" doc:"The cursor of the next page; left out on the last page"`
	AsOfPosition domain.Position       `json:"as_of_position" doc:"Position of the log up to which the history is complete"`
}

func (s *Server) getPersonHistory() operation.Operation {
	return s.history(operation.Declaration{
		ID: "get-person-history", Path: "/v1/persons/{id}/history",
		Of:      operation.OfPerson,
		Summary: "Every event that concerns a person, in the order of the log",
	}, subject{
		unknown: domain.CodePersonUnknown,
		id:      func(id uuid.UUID) any { return domain.PersonID{UUID: id} },
		pointers: func(ctx context.Context, id uuid.UUID, after domain.Position, limit int) (projections.HistoryPage, error) {
			return s.model.PersonHistory(ctx, domain.PersonID{UUID: id}, after, limit)
		},
	})
}

func (s *Server) getDwellingHistory() operation.Operation {
	return s.history(operation.Declaration{
		ID: "get-dwelling-history", Path: "/v1/dwellings/{id}/history",
		Of:      operation.OfDwelling,
		Summary: "Every event that concerns a dwelling, in the order of the log",
	}, subject{
		unknown: domain.CodeDwellingUnknown,
		id:      func(id uuid.UUID) any { return domain.DwellingID{UUID: id} },
		pointers: func(ctx context.Context, id uuid.UUID, after domain.Position, limit int) (projections.HistoryPage, error) {
			return s.model.DwellingHistory(ctx, domain.DwellingID{UUID: id}, after, limit)
		},
	})
}

// subject is the kind of thing that has a history.
type subject struct {
	unknown domain.Code            // where the log holds nothing under the id
	id      func(id uuid.UUID) any // the id with its type, for the access log

	pointers func(ctx context.Context, id uuid.UUID, after domain.Position, limit int) (projections.HistoryPage, error)
}

// pointers gives a page of the pointers of one history, after a position.
type pointers func(ctx context.Context, after domain.Position, limit int) (projections.HistoryPage, error)

// history declares the history of a kind of subject.
func (s *Server) history(d operation.Declaration, of subject) operation.Operation {
	d.Method, d.Tag = http.MethodGet, auditTag
	d.Roles, d.Shows = []domain.Role{domain.RoleAuditor}, operation.ShowsPersons()
	d.Problems = []domain.Code{of.unknown, domain.CodeProofPending, domain.CodeEventUnknown}
	d.Gives, d.Rows = []string{operation.JSON, ndjson, proof.BundleType}, table.Of[operation.EventLine]("events")
	d.Class = operation.ClassExpensive
	return operation.Stream(d, historyResponses, func(
		ctx context.Context, in *historyInput, reading *operation.Reading,
	) (*huma.StreamResponse, error) {
		if err := in.Await(ctx, s.model); err != nil {
			return nil, err
		}
		cursor, err := strconv.ParseUint("0"+in.Cursor, 10, 64)
		if err != nil {
			return nil, domain.Refuse(domain.Invalid, domain.CodeMalformed, "no page of this history gave this cursor; "+
				"send the cursor back unchanged, or leave it out to begin anew").
				At("query.cursor")
		}
		after := domain.Position(cursor)
		list := func(ctx context.Context, after domain.Position, limit int) (projections.HistoryPage, error) {
			return of.pointers(ctx, in.ID, after, limit)
		}
		page, err := operation.RetryNotFound(ctx, s.watch, func(ctx context.Context) (projections.HistoryPage, error) {
			page, err := list(ctx, after, in.Limit)
			if err == nil && len(page.Pointers) == 0 && after == 0 {
				err = domain.Refuse(domain.NotFound, of.unknown, "the log holds nothing under this id")
			}
			return page, err
		})
		if err != nil {
			return nil, err
		}
		show := func(ctx context.Context, recs []domain.Recorded) error {
			named, err := s.namedInHistory(ctx, recs)
			if err != nil {
				return err
			}
			return reading.Show(ctx, append(named, of.id(in.ID))...)
		}
		if in.Accept == proof.BundleType {
			if _, _, err := s.logHead(); err != nil {
				return nil, err
			}
			return &huma.StreamResponse{Body: func(out huma.Context) {
				out.SetHeader("Tizilim-Position", operation.Position(page.AsOf))
				s.bundle(out, list, after, show)
			}}, nil
		}
		if in.Accept == ndjson {
			return &huma.StreamResponse{Body: func(out huma.Context) {
				out.SetHeader("Tizilim-Position", operation.Position(page.AsOf))
				s.streamHistory(out, list, after, show)
			}}, nil
		}
		body, err := s.historyBody(ctx, page, show)
		if err != nil {
			return nil, err
		}
		if slices.Contains(table.Forms, in.Accept) {
			return s.tableResponse(body, in.Accept, d.Rows), nil
		}
		return s.jsonResponse(body, page.AsOf)
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
	for _, rec := range recs {
		named = append(named, struct{ Facts domain.Event }{rec.Event})
		if id := rec.Event.Concerns().Case; !id.IsZero() && !slices.Contains(cases, id) {
			cases = append(cases, id)
		}
	}
	if len(cases) == 0 {
		return named, nil
	}
	parties, err := s.model.Parties(ctx, cases)
	return append(named, parties), err
}

func (s *Server) historyBody(ctx context.Context, page projections.HistoryPage,
	show func(context.Context, []domain.Recorded) error) (HistoryPage, error) {
	recs, err := s.resolve(ctx, page.Pointers)
	if err != nil {
		return HistoryPage{}, err
	}
	if err := show(ctx, recs); err != nil {
		return HistoryPage{}, err
	}
	body := HistoryPage{Events: make([]operation.EventLine, len(recs)), AsOfPosition: page.AsOf}
	for i, rec := range recs {
		body.Events[i] = operation.LineOf(rec)
	}
	if page.Next > 0 {
		body.Next = operation.Position(page.Next)
	}
	return body, nil
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
func (s *Server) streamHistory(out huma.Context, list pointers, after domain.Position,
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
	for recs, err := range s.parts(out.Context(), list, after) {
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

// replay reads the events of a history from the log, in its order.
func (s *Server) replay(ctx context.Context, list pointers, after domain.Position) iter.Seq2[domain.Recorded, error] {
	return func(yield func(domain.Recorded, error) bool) {
		for recs, err := range s.parts(ctx, list, after) {
			if err != nil {
				yield(domain.Recorded{}, err)
				return
			}
			for _, rec := range recs {
				if !yield(rec, nil) {
					return
				}
			}
		}
	}
}

// parts gives the events of a history, at most historyPage at a time. The sequence
// ends with the first error.
func (s *Server) parts(ctx context.Context, list pointers, after domain.Position) iter.Seq2[[]domain.Recorded, error] {
	return func(yield func([]domain.Recorded, error) bool) {
		for {
			page, err := list(ctx, after, historyPage)
			if err != nil {
				yield(nil, err)
				return
			}
			recs, err := s.resolve(ctx, page.Pointers)
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(recs, nil) || page.Next == 0 {
				return
			}
			after = page.Next
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
