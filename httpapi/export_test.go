package httpapi

import (
	"maps"

	"tizilim/domain"
)

// Access returns a copy of the access table.
func Access() map[string][]domain.Role { return maps.Clone(access) }
