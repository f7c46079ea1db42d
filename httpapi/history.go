package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"tizilim/domain"
	"tizilim/eventstore/command"
	"tizilim/projections"
)

const (
	// historyPage is how many pointers one step of a replay resolves.
	historyPage = 256
	// historyReads is how many events of a step are read at once.
	historyReads = 16
)

// EventLine is an event of the log as the API shows it, with both its times.
type EventLine struct {
	Stream      string          `json:"stream"`
	Revision    uint64          `json:"revision"`
	Position    domain.Position `json:"position"`
	EventID     uuid.UUID       `json:"event_id,omitzero" format:"uuid"`
	Type        string          `json:"type"`
	EffectiveAt time.Time       `json:"effective_at" doc:"When it is true in the world"`
	CreatedAt   time.Time       `json:"created_at,omitzero" doc:"When the log learned of it"`
	Correlation uuid.UUID       `json:"correlation" format:"uuid" doc:"The case, or the command where there is no case"`
	Causation   uuid.UUID       `json:"causation" format:"uuid" doc:"The command"`
	Actor       string          `json:"actor"`
	Role        domain.Role     `json:"role"`
	Channel     domain.Channel  `json:"channel,omitempty"`
	Data        domain.Event    `json:"data" doc:"The fact itself"`
}

func lineOf(rec domain.Recorded) EventLine {
	return EventLine{
		Stream: rec.Stream, Revision: rec.Revision, Position: rec.Position, EventID: rec.ID,
		Type: rec.Event.EventType(), EffectiveAt: rec.Event.EffectiveAt().In(domain.Zone), CreatedAt: rec.Created,
		Correlation: rec.Meta.Correlation, Causation: rec.Meta.Causation.UUID,
		Actor: rec.Meta.Actor, Role: rec.Meta.Role, Channel: rec.Meta.Channel, Data: rec.Event,
	}
}

func eventsOf(r command.Receipt) Events {
	lines := make([]EventLine, len(r.Events))
	for i, rec := range r.Events {
		lines[i] = lineOf(rec)
	}
	return Events{DryRun: r.Planned, Events: lines}
}

type historyInput struct {
	ID     uuid.UUID `path:"id" format:"uuid"`
	Accept string    `header:"Accept" doc:"application/x-ndjson streams the whole history, one event a line"`
	Cursor string    `query:"cursor" maxLength:"20" pattern:"^[0-9]*$" patternDescription:"a cursor of this API" doc:"next of the page before"`
	Limit  int       `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	AtLeast
}

// HistoryPage is a page of a history.
type HistoryPage struct {
	Events       []EventLine     `json:"events" doc:"In the order of the log"`
	Next         string          `json:"next,omitempty" doc:"Cursor of the next page"`
	AsOfPosition domain.Position `json:"as_of_position" doc:"Position of the log up to which the history is complete"`
}

// pointers gives a page of a history's pointers after a position.
type pointers func(ctx context.Context, after domain.Position, limit int) (projections.HistoryPage, error)

// toldOf returns whom a part of a history tells of: whom its events name and,
// as a case names its parties only once, the parties of every case.
func (s *Server) toldOf(ctx context.Context, recs []domain.Recorded) ([]any, error) {
	var told []any
	var cases []domain.CaseID
	for _, rec := range recs {
		told = append(told, struct{ Facts domain.Event }{rec.Event})
		if id, ok := strings.CutPrefix(rec.Stream, "case-"); ok {
			parsed, err := uuid.Parse(id)
			if err != nil {
				return nil, err
			}
			if kase := (domain.CaseID{UUID: parsed}); !slices.Contains(cases, kase) {
				cases = append(cases, kase)
			}
		}
	}
	if len(cases) == 0 {
		return told, nil
	}
	parties, err := s.model.Parties(ctx, cases)
	return append(told, parties), err
}

func (s *Server) histories() {
	s.history(operation{
		id: "get-person-history", method: http.MethodGet, path: "/v1/persons/{id}/history", tag: "Audit",
		summary: "Every event of a person, in order, from the log itself",
	}, domain.CodePersonUnknown, func(id uuid.UUID) any { return domain.PersonID{UUID: id} }, func(id uuid.UUID) pointers {
		return func(ctx context.Context, after domain.Position, limit int) (projections.HistoryPage, error) {
			return s.model.PersonHistory(ctx, domain.PersonID{UUID: id}, after, limit)
		}
	})
	s.history(operation{
		id: "get-dwelling-history", method: http.MethodGet, path: "/v1/dwellings/{id}/history", tag: "Audit",
		summary: "Every event of a dwelling, in order, from the log itself",
	}, domain.CodeDwellingUnknown, func(id uuid.UUID) any { return domain.DwellingID{UUID: id} }, func(id uuid.UUID) pointers {
		return func(ctx context.Context, after domain.Position, limit int) (projections.HistoryPage, error) {
			return s.model.DwellingHistory(ctx, domain.DwellingID{UUID: id}, after, limit)
		}
	})
}

// history registers the history of what an id names.
func (s *Server) history(op operation, unknown domain.Code, subject func(uuid.UUID) any, of func(uuid.UUID) pointers) {
	described := s.describe(op)
	schema := huma.SchemaFromType(s.api.OpenAPI().Components.Schemas, typeOf[HistoryPage]())
	line := huma.SchemaFromType(s.api.OpenAPI().Components.Schemas, typeOf[EventLine]())
	described.Responses = map[string]*huma.Response{"200": {
		Description: "A page as JSON, or the whole history as NDJSON",
		Headers: map[string]*huma.Param{"Tizilim-Position": {
			Schema: &huma.Schema{Type: huma.TypeString}, Description: "How far in the log the answer knows at least",
		}},
		Content: map[string]*huma.MediaType{
			"application/json":     {Schema: schema},
			"application/x-ndjson": {Schema: line},
		},
	}}
	huma.Register(s.api, described, func(ctx context.Context, in *historyInput) (*huma.StreamResponse, error) {
		if err := s.await(ctx, in.AtLeast); err != nil {
			return nil, problemOf(err, s.log)
		}
		after, err := strconv.ParseUint("0"+in.Cursor, 10, 64)
		if err != nil {
			return nil, problemOf(domain.Refuse(domain.Invalid, domain.CodeMalformed,
				"the cursor is none that a page of this history gave; send it back unchanged, or leave it out to begin anew").At("query.cursor"), s.log)
		}
		list := of(in.ID)
		page, err := certain(ctx, s, func(ctx context.Context) (projections.HistoryPage, error) {
			page, err := list(ctx, domain.Position(after), in.Limit)
			if err == nil && len(page.Pointers) == 0 && after == 0 {
				err = domain.Refuse(domain.NotFound, unknown, "the log holds nothing under this id")
			}
			return page, err
		})
		if err != nil {
			return nil, problemOf(err, s.log)
		}
		reading := s.reading(op.id, disclosures[op.id])
		show := func(ctx context.Context, recs []domain.Recorded) error {
			told, err := s.toldOf(ctx, recs)
			if err != nil {
				return err
			}
			return reading.show(ctx, append(told, subject(in.ID))...)
		}
		if strings.Contains(in.Accept, "application/x-ndjson") {
			return &huma.StreamResponse{Body: func(out huma.Context) {
				out.SetHeader("Tizilim-Position", position(page.AsOf))
				s.streamHistory(out, list, domain.Position(after), show)
			}}, nil
		}
		recs, err := s.resolve(ctx, page.Pointers)
		if err == nil {
			err = show(ctx, recs)
		}
		if err != nil {
			return nil, problemOf(err, s.log)
		}
		body := HistoryPage{Events: make([]EventLine, len(recs)), AsOfPosition: page.AsOf}
		for i, rec := range recs {
			body.Events[i] = lineOf(rec)
		}
		if page.Next > 0 {
			body.Next = position(page.Next)
		}
		return &huma.StreamResponse{Body: func(out huma.Context) {
			out.SetHeader("Content-Type", "application/json")
			out.SetHeader("Tizilim-Position", position(page.AsOf))
			if err := json.NewEncoder(out.BodyWriter()).Encode(body); err != nil {
				s.log.Debug("the client went away", "error", err)
			}
		}}, nil
	})
}

// streamHistory writes the history line by line; show is asked before each part
// of it. What goes wrong on the way is the last line, a [Problem], so that a cut
// history is never taken for a whole one.
func (s *Server) streamHistory(out huma.Context, list pointers, after domain.Position, show func(context.Context, []domain.Recorded) error) {
	out.SetHeader("Content-Type", "application/x-ndjson")
	encoder := json.NewEncoder(out.BodyWriter())
	flusher, _ := out.BodyWriter().(http.Flusher)
	begun := false
	for recs, err := range s.parts(out.Context(), list, after) {
		if err == nil {
			err = show(out.Context(), recs)
		}
		if err != nil && !begun {
			s.refuse(s.api, out, problemOf(err, s.log))
			return
		}
		if err != nil {
			_ = encoder.Encode(problemOf(err, s.log)) // the client may be what failed
			return
		}
		for _, rec := range recs {
			if err := encoder.Encode(lineOf(rec)); err != nil {
				s.log.Debug("the client went away", "error", err)
				return
			}
		}
		begun = true
		if flusher != nil {
			flusher.Flush()
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

// parts are the events of a history, as many at a time as one step resolves. The
// sequence ends with the first error.
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
					return fmt.Errorf("history: the log holds another event than %s: the read model is of another log", p.EventRef)
				}
			}
			copy(into, got)
			return nil
		})
		first = end
	}
	return recs, group.Wait()
}

// missing is the answer where the log does not hold what the model names. An
// event store that has just come back may lack it for a moment. Where that goes
// on, the log has lost something.
func (s *Server) missing(stream string, what ...any) error {
	s.log.Error("the event store does not hold what the read model names", append([]any{"stream", stream}, what...)...)
	return domain.Refuse(domain.Unavailable, domain.CodeLogUnavailable,
		"the event store does not hold now what the read model names; ask again in a moment, "+
			"and tell the operators where that does not help")
}
