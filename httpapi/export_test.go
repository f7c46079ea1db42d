package httpapi

import (
	"bytes"
	"regexp"
	"runtime"
	"time"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/httpapi/operation"
	"tizilim/projections"
)

// Problems are the codes of all problems.
func Problems(s *Server) []domain.Code { return s.api.Problems() }

// Operations returns what the server's operations declare.
func Operations(s *Server) []operation.Operation { return s.api.Operations() }

var ginParameter = regexp.MustCompile(`:([a-z_]+)`)

// Routes returns what the server routes, as "GET /v1/cases/{id}".
func Routes(s *Server) []string {
	var routes []string
	for _, r := range s.Handler.(headsToo).Routes() {
		routes = append(routes, r.Method+" "+ginParameter.ReplaceAllString(r.Path, "{$1}"))
	}
	return routes
}

// The bounds of streams.
const (
	StreamsEach = streamsEach
	MaxStreams  = maxStreams
)

// SetHeartbeat sets how often the server's streams show that they live, before
// the first one is opened.
func SetHeartbeat(s *Server, every time.Duration) { s.streams.heartbeat = every }

// SetStreamsFrom sets how many streams one address may have.
func SetStreamsFrom(s *Server, n int) { s.streams.from = n }

// OpenStreams returns how many streams are open, and whether anything is kept for streams:
// a person, an address, or a goroutine that looks after those of this or another server.
func OpenStreams(s *Server) (open int, watched bool) {
	s.streams.mu.Lock()
	defer s.streams.mu.Unlock()
	stacks := make([]byte, 1<<22)
	stacks = stacks[:runtime.Stack(stacks, true)]
	looking := bytes.Contains(stacks, []byte("httpapi.(*streams).watch("))
	return s.streams.n, len(s.streams.open)+len(s.streams.at) > 0 || looking
}

// EnterStream opens a stream of the person from the address, until leave is called.
func EnterStream(s *Server, person domain.PersonID, address string) (leave func(), err error) {
	_, leave, err = s.streams.enter(person, address)
	return leave, err
}

// Enumerations returns the types whose values the API lists.
func Enumerations() []operation.Enumeration { return enumerations }

// CauseText is what a holder reads of a change of their number.
func CauseText(kind projections.ChangeKind, own bool, l domain.Language) string {
	return causeText(kind, own, l)
}

// RemovalText is what a holder reads of the reason of a removal; "" where there is no text.
func RemovalText(reason string, l domain.Language) string {
	return removalTexts[housing.RemovalReason(reason)][l]
}
