package httpapi

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"tizilim/domain"
	"tizilim/projections"
)

const (
	// maxStreams bounds the streams of this process.
	maxStreams = 1000
	// streamsEach bounds the streams of one person, who may have a telephone, a
	// browser, and connections that they left behind.
	streamsEach = 4
	// streamsFrom bounds the streams of one address, which may be that of a family or of an
	// office.
	streamsFrom = 200
	// lookEvery is the least time between two looks for all streams together.
	lookEvery = 250 * time.Millisecond
	// heartbeat is how often a silent stream sends a comment, so that neither side nor
	// a proxy takes it for dead.
	heartbeat = 15 * time.Second
)

// streams are the open streams of this process. While there is one, one goroutine
// watches the model. When the model has moved, it asks once whose numbers may have
// changed, and only the streams of those persons read their numbers again. So the
// cost grows with the changes and not with the number of streams.
type streams struct {
	model     *projections.Reader
	log       *slog.Logger
	heartbeat time.Duration
	from      int           // streamsFrom
	ended     chan struct{} // closed when the server ends
	end       func()

	mu   sync.Mutex // guards the fields below
	open map[domain.PersonID]*watched
	at   map[string]int     // streams by address
	n    int                // streams
	stop context.CancelFunc // of the goroutine, while there is a stream
}

// unknown is the mark of a person before the first look.
const unknown = "?"

// watched is a person who has streams.
type watched struct {
	mark    string // of the person's numbers, at the last look
	streams map[chan struct{}]bool
}

func newStreams(model *projections.Reader, log *slog.Logger) *streams {
	s := &streams{
		model: model, log: log, heartbeat: heartbeat, ended: make(chan struct{}), open: map[domain.PersonID]*watched{},
		from: streamsFrom, at: map[string]int{},
	}
	s.end = sync.OnceFunc(func() { close(s.ended) })
	return s
}

// EndStreams ends all streams and refuses new ones. Call it before the server stops,
// which would wait for them otherwise.
func (s *Server) EndStreams() { s.streams.end() }

// enter opens a stream of the person from the address. changed receives when the numbers of the
// person may have changed. The caller must call leave.
//
// Error: [domain.CodeTooManyStreams].
func (s *streams) enter(person domain.PersonID, address string) (changed <-chan struct{}, leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.ended:
		return nil, nil, domain.Refuse(domain.Unavailable, domain.CodeTooManyStreams,
			"this server is about to stop; ask again in a moment")
	default:
	}
	w := s.open[person]
	if w == nil {
		w = &watched{mark: unknown, streams: map[chan struct{}]bool{}}
	}
	if s.n >= maxStreams || len(w.streams) >= streamsEach || s.at[address] >= s.from {
		return nil, nil, domain.Refuse(domain.Unavailable, domain.CodeTooManyStreams,
			"too many streams are open; ask for the number without text/event-stream, or close another one")
	}
	signal := make(chan struct{}, 1)
	s.open[person] = w
	w.streams[signal] = true
	s.at[address]++
	if s.n++; s.n == 1 {
		ctx, stop := context.WithCancel(context.Background())
		s.stop = stop
		go s.watch(ctx)
	}
	return signal, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if delete(w.streams, signal); len(w.streams) == 0 {
			delete(s.open, person)
		}
		if s.at[address]--; s.at[address] == 0 {
			delete(s.at, address)
		}
		if s.n--; s.n == 0 {
			s.stop()
		}
	}, nil
}

// lookAgain has the streams of the person signalled by the next look.
func (s *streams) lookAgain(person domain.PersonID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w := s.open[person]; w != nil {
		w.mark = unknown
	}
}

// watch looks whenever the model has moved, but not more often than lookEvery, and
// with every heartbeat in case it has missed a move. It ends with ctx.
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

// look signals the streams of all persons whose mark has changed.
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
		s.log.Debug("the streams could not look for changes", "error", err)
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
		for signal := range w.streams {
			select {
			case signal <- struct{}{}:
			default: // it has a signal that it has not read yet
			}
		}
	}
}
