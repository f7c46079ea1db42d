package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tizilim/domain"
	"tizilim/projections"
)

const (
	// maxStreams bounds the streams of this process, and streamsEach those of one
	// person: a telephone, a browser, and what they left behind.
	maxStreams  = 1000
	streamsEach = 4
	// lookEvery is the least time between two looks for all streams together.
	lookEvery = 250 * time.Millisecond
	// heartbeat keeps a silent stream from being taken for a dead one, by either
	// side and what is between them.
	heartbeat = 15 * time.Second
	// streamFor is how long a stream lives: who goes on listening comes again,
	// with a token that still holds.
	streamFor = 30 * time.Minute
	// writePatience is how long a client may take to accept one message.
	writePatience = 10 * time.Second
)

const eventStream = "text/event-stream"

type myQueueInput struct {
	Accept string `header:"Accept" doc:"text/event-stream keeps telling when something changes, as events named queue with the same body"`
	AtLeast
}

type myQueueBody struct {
	Entries      []numberBody    `json:"entries" doc:"Your active entries, one of a list at most"`
	AsOfPosition domain.Position `json:"as_of_position"`
}

// myQueue registers the live number: as JSON once, or as a stream.
func (s *Server) myQueue() {
	op := operation{
		id: "get-my-queue", method: http.MethodGet, path: "/v1/me/queue", tag: "Personal account",
		summary: "Your current numbers, and what changed them last; once, or whenever they change",
		doc: "With Accept: text/event-stream the answer begins with the numbers as they are and goes on with every change, until you leave, " +
			"half an hour is over or the server stops; then come again.",
	}
	described := s.describe(op)
	described.Responses = map[string]*huma.Response{"200": {
		Description: "The numbers now as JSON, or a stream of them",
		Headers: map[string]*huma.Param{"Tizilim-Position": {
			Schema: &huma.Schema{Type: huma.TypeString}, Description: "How far in the log the answer knows; of a stream its first message",
		}},
		Content: map[string]*huma.MediaType{
			"application/json": {Schema: huma.SchemaFromType(s.api.OpenAPI().Components.Schemas, typeOf[myQueueBody]())},
			eventStream:        {Schema: &huma.Schema{Type: huma.TypeString}},
		},
	}}
	huma.Register(s.api, described, func(ctx context.Context, in *myQueueInput) (*huma.StreamResponse, error) {
		body, err := s.numbersNow(ctx, in)
		if err != nil {
			return nil, problemOf(err, s.log)
		}
		if !strings.Contains(in.Accept, eventStream) {
			return &huma.StreamResponse{Body: func(out huma.Context) {
				out.SetHeader("Content-Type", "application/json")
				out.SetHeader("Tizilim-Position", position(body.AsOfPosition))
				if err := json.NewEncoder(out.BodyWriter()).Encode(body); err != nil {
					s.log.Debug("the client went away", "error", err)
				}
			}}, nil
		}
		return &huma.StreamResponse{Body: func(out huma.Context) { s.push(out, principal(ctx).PersonID) }}, nil
	})
}

func (s *Server) numbersNow(ctx context.Context, in *myQueueInput) (myQueueBody, error) {
	if err := s.await(ctx, in.AtLeast); err != nil {
		return myQueueBody{}, err
	}
	entries, at, err := s.model.EntriesOf(ctx, principal(ctx).PersonID)
	if err != nil {
		return myQueueBody{}, err
	}
	body := myQueueBody{Entries: make([]numberBody, len(entries)), AsOfPosition: at}
	for i, n := range entries {
		body.Entries[i] = numberOf(n)
	}
	return body, s.disclose(ctx, "get-my-queue", body)
}

// push sends the numbers of the person as they are, and again whenever they have
// changed.
func (s *Server) push(out huma.Context, person domain.PersonID) {
	changed, leave, err := s.streams.enter(person)
	if err != nil {
		s.refuse(s.api, out, problemOf(err, s.log))
		return
	}
	defer leave()
	body, err := s.numbersNow(out.Context(), &myQueueInput{}) // after entering, so that no change is missed
	if err != nil {
		s.refuse(s.api, out, problemOf(err, s.log))
		return
	}
	w, ok := out.BodyWriter().(http.ResponseWriter)
	if !ok {
		s.refuse(s.api, out, internal())
		return
	}
	control := http.NewResponseController(w)
	// The time that a request may take to arrive is over long before the stream is.
	if err := control.SetReadDeadline(time.Time{}); err != nil {
		s.refuse(s.api, out, problemOf(fmt.Errorf("keep a stream open: %w", err), s.log))
		return
	}
	defer func() { _ = control.SetWriteDeadline(time.Time{}) }() // the connection may go on to other requests
	write := func(text string) bool {
		err := control.SetWriteDeadline(time.Now().Add(writePatience))
		if err == nil {
			_, err = w.Write([]byte(text))
		}
		if err == nil {
			err = control.Flush()
		}
		if err != nil {
			s.log.Debug("the client went away", "error", err)
		}
		return err == nil
	}
	message := func() bool {
		text, err := json.Marshal(body)
		if err != nil {
			s.log.Error("a stream broke off", "error", err)
			return false
		}
		return write(fmt.Sprintf("event: queue\nid: %d\ndata: %s\n\n", body.AsOfPosition, text))
	}
	out.SetHeader("Content-Type", eventStream)
	out.SetHeader("Tizilim-Position", position(body.AsOfPosition))
	out.SetHeader("X-Accel-Buffering", "no") // or a proxy keeps the messages to itself
	if !message() {
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
			if !write(": still here\n\n") {
				return
			}
			continue
		case <-changed:
		}
		now, err := s.numbersNow(out.Context(), &myQueueInput{})
		if err != nil { // the next mark, or the next stream, tells
			s.log.Debug("a stream could not look", "error", err)
			s.streams.again(person)
			continue
		}
		if now.same(body) {
			continue
		}
		if body = now; !message() {
			return
		}
	}
}

// same reports whether b says the same as other, as of another position.
func (b myQueueBody) same(other myQueueBody) bool { return b.timeless() == other.timeless() }

func (b myQueueBody) timeless() string {
	entries := slices.Clone(b.Entries)
	for i := range entries {
		entries[i].AsOfPosition = 0
	}
	text, err := json.Marshal(entries)
	if err != nil { // plain members only
		panic(err)
	}
	return string(text)
}

// streams are the streams of this process. One goroutine, which lives as long as
// there is a stream, looks for all of them when the model has moved, with one
// question: whose numbers may be others. Only those streams then look for
// themselves. So what the streams cost grows with what changes, not with how
// many are open.
type streams struct {
	model     *projections.Reader
	log       *slog.Logger
	heartbeat time.Duration
	ended     chan struct{} // closed when the server ends
	end       func()

	mu   sync.Mutex // guards what follows
	open map[domain.PersonID]*watched
	n    int
	stop context.CancelFunc // of the goroutine; nil where there is no stream
}

// unknown is the mark of somebody for whom nobody has looked.
const unknown = "?"

// watched is a person who has streams.
type watched struct {
	mark    string // of the last look
	streams map[chan struct{}]bool
}

func newStreams(model *projections.Reader, log *slog.Logger) *streams {
	s := &streams{model: model, log: log, heartbeat: heartbeat, ended: make(chan struct{}), open: map[domain.PersonID]*watched{}}
	s.end = sync.OnceFunc(func() { close(s.ended) })
	return s
}

// EndStreams ends all streams and opens no more: a server that stops would wait
// for them.
func (s *Server) EndStreams() { s.streams.end() }

// enter opens a stream, which is told when its person's numbers may be others;
// leave must be called.
//
// Error: [domain.CodeTooManyStreams].
func (s *streams) enter(person domain.PersonID) (changed <-chan struct{}, leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.ended:
		return nil, nil, domain.Refuse(domain.Unavailable, domain.CodeTooManyStreams, "this server is about to stop; come again in a moment")
	default:
	}
	w := s.open[person]
	if w == nil {
		w = &watched{mark: unknown, streams: map[chan struct{}]bool{}}
	}
	if s.n >= maxStreams || len(w.streams) >= streamsEach {
		return nil, nil, domain.Refuse(domain.Unavailable, domain.CodeTooManyStreams,
			"too many streams are open; ask for the number without text/event-stream, or close another one")
	}
	told := make(chan struct{}, 1)
	s.open[person] = w
	w.streams[told] = true
	if s.n++; s.n == 1 {
		ctx, stop := context.WithCancel(context.Background())
		s.stop = stop
		go s.watch(ctx)
	}
	return told, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if delete(w.streams, told); len(w.streams) == 0 {
			delete(s.open, person)
		}
		if s.n--; s.n == 0 {
			s.stop()
		}
	}, nil
}

// again has the person told once more, with the next look.
func (s *streams) again(person domain.PersonID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w := s.open[person]; w != nil {
		w.mark = unknown
	}
}

// watch looks until ctx ends: after a move of the model, but never more often
// than lookEvery, and with every heartbeat in case a move went unheard.
func (s *streams) watch(ctx context.Context) {
	moves := s.model.Moves(ctx)
	beat := time.NewTicker(s.heartbeat)
	defer beat.Stop()
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
		select {
		case <-ctx.Done():
			return
		case <-moves:
		case <-beat.C:
		}
		s.look(ctx)
		pause.Reset(lookEvery)
	}
}

// look tells the streams of those whose mark has changed.
func (s *streams) look(ctx context.Context) {
	s.mu.Lock()
	persons := make([]domain.PersonID, 0, len(s.open))
	for person := range s.open {
		persons = append(persons, person)
	}
	s.mu.Unlock()
	if len(persons) == 0 {
		return
	}
	marks, err := s.model.QueueMarks(ctx, persons)
	if err != nil {
		s.log.Debug("streams could not look", "error", err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, person := range persons {
		w := s.open[person]
		if w == nil || w.mark == marks[i] {
			continue
		}
		w.mark = marks[i]
		for told := range w.streams {
			select {
			case told <- struct{}{}:
			default: // told already, and not looked yet
			}
		}
	}
}
