package httpapi

import (
	"maps"
	"regexp"
	"time"

	"github.com/gin-gonic/gin"

	"tizilim/domain"
	"tizilim/domain/accesslog"
)

// Anyone is the role of operations that need no token.
const Anyone = anyone

// Access returns a copy of the access table.
func Access() map[string][]domain.Role { return maps.Clone(access) }

var ginParameter = regexp.MustCompile(`:([a-z_]+)`)

// Routes returns what the server routes, as "GET /v1/cases/{id}".
func Routes(s *Server) []string {
	var routes []string
	for _, r := range s.Handler.(*gin.Engine).Routes() {
		routes = append(routes, r.Method+" "+ginParameter.ReplaceAllString(r.Path, "{$1}"))
	}
	return routes
}

// Disclosures tells for every operation and role what a read leaves in the logs
// of accesses: the purpose where none is stated, "own" where a citizen is shown
// only themselves, or why it tells of nobody.
func Disclosures() map[string]map[domain.Role]string {
	all := map[string]map[domain.Role]string{}
	for id, d := range disclosures {
		all[id] = map[domain.Role]string{}
		for _, role := range access[id] {
			switch {
			case d.nobody != "":
				all[id][role] = "nobody: " + d.nobody
			case role != domain.RoleCitizen:
				all[id][role] = string(accesslog.DefaultOf(role))
			case d.citizen != "":
				all[id][role] = string(d.citizen)
			default:
				all[id][role] = "own"
			}
		}
	}
	return all
}

// Named returns whom an answer names, as the log of accesses sees it.
var Named = namedIn

// The bounds of streams.
const (
	StreamsEach = streamsEach
	MaxStreams  = maxStreams
)

// SetHeartbeat sets how often the server's streams show that they live, before
// the first one is opened.
func SetHeartbeat(s *Server, every time.Duration) { s.streams.heartbeat = every }

// OpenStreams returns how many streams are open, and whether they are looked
// after.
func OpenStreams(s *Server) (open int, watched bool) {
	s.streams.mu.Lock()
	defer s.streams.mu.Unlock()
	return s.streams.n, len(s.streams.open) > 0
}
