package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tizilim/domain"
	"tizilim/httpapi/body"
	"tizilim/httpapi/operation"
	"tizilim/httpapi/problem"
)

const (
	// streamFor is how long a stream lives. Then the client opens another one, with a
	// token that is still valid.
	streamFor = 30 * time.Minute
	// writePatience is how long a client may take to accept one message.
	writePatience = 10 * time.Second
)

const eventStream = "text/event-stream"

type myQueueInput struct {
	Wording
	Accept string `header:"Accept" doc:"text/event-stream sends the same body again whenever something changes, as events named queue"`
	operation.AtLeast
}

type myQueueBody struct {
	Entries      []numberBody    `json:"entries" doc:"Your active entries, at most one of each list"`
	AsOfPosition domain.Position `json:"as_of_position"`
}

// getOwnNumbers is the live number: once as JSON, or as a stream.
func (s *Server) getOwnNumbers() operation.Operation {
	return operation.Stream(operation.Declaration{
		ID: "get-my-queue", Method: http.MethodGet, Path: "/v1/me/queue", Tag: accountTag,
		Of: operation.OfCaller,
		Summary: "Your current numbers and what changed them last; as one answer, or as a stream that follows " +
			"every change",
		Doc: "With Accept: text/event-stream the answer begins with the present numbers, and every change " +
			"follows. The stream ends when the client closes it, after half an hour, or when the server stops. " +
			"Then ask again.",
		Roles:    []domain.Role{domain.RoleCitizen},
		Problems: []domain.Code{domain.CodeTooManyStreams, domain.CodeNotFound},
		Gives:    []string{operation.JSON, eventStream},
		Shows:    operation.ShowsPersons(),
		Class:    operation.ClassRead,
	}, numbersResponses, func(
		ctx context.Context, in *myQueueInput, reading *operation.Reading,
	) (*huma.StreamResponse, error) {
		if err := in.Await(ctx, s.model); err != nil {
			return nil, err
		}
		body, err := s.numbersNow(ctx, in.language(), reading)
		if err != nil {
			return nil, err
		}
		if in.Accept != eventStream {
			return s.jsonResponse(body, body.AsOfPosition)
		}
		person := operation.Citizen(ctx)
		return &huma.StreamResponse{Body: func(out huma.Context) { s.streamNumbers(out, person, in.language(), reading) }}, nil
	})
}

func numbersResponses(schema func(reflect.Type) *huma.Schema) map[string]*huma.Response {
	return map[string]*huma.Response{"200": {
		Description: "The present numbers as JSON, or a stream of the numbers",
		Headers: map[string]*huma.Param{"Tizilim-Position": {
			Schema: &huma.Schema{Type: huma.TypeString},
			Description: "The position of the log up to which the answer holds; for a stream, that of its first " +
				"message",
		}},
		Content: map[string]*huma.MediaType{
			operation.JSON: {Schema: schema(reflect.TypeFor[myQueueBody]())},
			eventStream:    {Schema: &huma.Schema{Type: huma.TypeString}},
		},
	}}
}

// numbersNow reads the numbers of the citizen who asks.
func (s *Server) numbersNow(ctx context.Context, l domain.Language, reading *operation.Reading) (myQueueBody, error) {
	entries, at, err := s.model.EntriesOf(ctx, operation.Citizen(ctx))
	if err != nil {
		return myQueueBody{}, err
	}
	body := myQueueBody{Entries: make([]numberBody, len(entries)), AsOfPosition: at}
	for i, n := range entries {
		body.Entries[i] = numberOf(n, l)
	}
	return body, reading.Show(ctx, body)
}

// streamNumbers sends the numbers of the person, and again whenever they have
// changed.
func (s *Server) streamNumbers(out huma.Context, person domain.PersonID, l domain.Language, reading *operation.Reading) {
	changed, leave, err := s.streams.enter(person, clientAddress(out))
	if err != nil {
		s.api.Refuse(out, err)
		return
	}
	defer leave()
	body, err := s.numbersNow(out.Context(), l, reading) // after entering, so that no change is missed
	if err != nil {
		s.api.Refuse(out, err)
		return
	}
	w, err := s.openEventWriter(out)
	if err != nil {
		s.api.Refuse(out, err)
		return
	}
	defer w.close()
	out.SetHeader("Content-Type", eventStream)
	out.SetHeader("Tizilim-Position", operation.Position(body.AsOfPosition))
	out.SetHeader("X-Accel-Buffering", "no") // or a proxy holds the messages back
	if !w.message(body) {
		return
	}
	beat := time.NewTicker(s.streams.heartbeat)
	defer beat.Stop()
	over := time.NewTimer(streamFor)
	defer over.Stop()
	for {
		select {
		case <-out.Context().Done():
			return
		case <-s.streams.ended:
			return
		case <-over.C:
			return
		case <-beat.C:
			if !w.write(": still here\n\n") {
				return
			}
			continue
		case <-changed:
		}
		if s.living.check(out.Context(), person, false) != nil {
			return
		}
		now, err := s.numbersNow(out.Context(), l, reading)
		if err != nil { // the next signal, or the next stream, sends the change
			s.log.Debug("a stream could not read the numbers", "error", err)
			s.streams.lookAgain(person)
			continue
		}
		if now.same(body) {
			continue
		}
		if body = now; !w.message(body) {
			return
		}
	}
}

// eventWriter writes the messages of one stream.
type eventWriter struct {
	s       *Server
	w       http.ResponseWriter
	control *http.ResponseController
}

// openEventWriter lifts the deadline that bounds how long a request may take to
// arrive, since a stream lives longer.
func (s *Server) openEventWriter(out huma.Context) (*eventWriter, error) {
	w, ok := out.BodyWriter().(http.ResponseWriter)
	if !ok {
		return nil, problem.Internal()
	}
	control := http.NewResponseController(w)
	if err := control.SetReadDeadline(time.Time{}); err != nil {
		return nil, fmt.Errorf("keep a stream open: %w", err)
	}
	return &eventWriter{s, w, control}, nil
}

// close lifts the deadline of the last message: the connection may serve other
// requests.
func (e *eventWriter) close() { _ = e.control.SetWriteDeadline(time.Time{}) }

// write sends text at once. It returns false when the client has gone away.
func (e *eventWriter) write(text string) bool {
	return e.send(func() error {
		_, err := e.w.Write([]byte(text))
		return err
	})
}

// send sends at once what write writes, if the client accepts it in time. It returns false
// when the client has gone away.
func (e *eventWriter) send(write func() error) bool {
	err := e.control.SetWriteDeadline(time.Now().Add(writePatience))
	if err == nil {
		err = write()
	}
	if err == nil {
		err = e.control.Flush()
	}
	if err != nil {
		e.s.log.Debug("the client went away", "error", err)
	}
	return err == nil
}

func (e *eventWriter) message(shown myQueueBody) bool {
	text, err := body.Marshal(shown)
	if err != nil {
		e.s.log.Error("a stream broke off", "error", err)
		return false
	}
	return e.write(fmt.Sprintf("event: queue\nid: %d\ndata: %s\n\n", shown.AsOfPosition, text))
}

// same reports whether b and other say the same, whatever their positions.
func (b myQueueBody) same(other myQueueBody) bool {
	return b.withoutPositions() == other.withoutPositions()
}

func (b myQueueBody) withoutPositions() string {
	entries := slices.Clone(b.Entries)
	for i := range entries {
		entries[i].AsOfPosition = 0
	}
	text, err := json.Marshal(entries)
	if err != nil { // a numberBody has plain members only
		panic(err)
	}
	return string(text)
}
