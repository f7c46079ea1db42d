//go:build randomids

package command

import (
	"github.com/google/uuid"

	"tizilim/domain"
)

func eventID(domain.CommandID, int) uuid.UUID { return uuid.New() }
