package httpapi

import (
	"tizilim/domain"
	"tizilim/eventstore/clock"
)

// Clock knows whether the clock of this process can be relied on; [*clock.Clock] does.
type Clock interface {
	// Disagreement returns why it cannot; nil where it can.
	Disagreement() *clock.Disagreement
}

// clockReasons says that commands are refused because of the clock.
func (s *Server) clockReasons() []reason {
	if s.clock == nil {
		return nil
	}
	if why := s.clock.Disagreement(); why != nil {
		return []reason{{string(domain.CodeClockDisagrees), why.Error()}}
	}
	return nil
}
