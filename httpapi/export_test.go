package httpapi

import (
	"maps"
	"regexp"

	"github.com/gin-gonic/gin"

	"tizilim/domain"
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
