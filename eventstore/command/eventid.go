//go:build !randomids

package command

import (
	"strconv"

	"github.com/google/uuid"

	"tizilim/domain"
)

// eventID is the id of the i-th event of a command. It is the same at every attempt, in every
// process, so that the event store takes a repeated append for the first one. The tag randomids
// draws it anew, to prove that the rig in cmd/faults notices.
func eventID(id domain.CommandID, i int) uuid.UUID { return domain.DeriveID(id.UUID, strconv.Itoa(i)) }
