package httpapi

import (
	"regexp"
	"time"

	"github.com/gin-gonic/gin"

	"tizilim/httpapi/operation"
)

// Operations returns what the server's operations declare.
func Operations(s *Server) []operation.Operation { return s.api.Operations() }

var ginParameter = regexp.MustCompile(`:([a-z_]+)`)

// Routes returns what the server routes, as "GET /v1/cases/{id}".
func Routes(s *Server) []string {
	var routes []string
	for _, r := range s.Handler.(*gin.Engine).Routes() {
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

// OpenStreams returns how many streams are open, and whether they are looked
// after.
func OpenStreams(s *Server) (open int, watched bool) {
	s.streams.mu.Lock()
	defer s.streams.mu.Unlock()
	return s.streams.n, len(s.streams.open) > 0
}

// Enumerations returns the types whose values the API lists.
func Enumerations() []operation.Enumeration { return enumerations }
