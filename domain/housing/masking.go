package housing

import (
	"fmt"
	"log/slog"

	"tizilim/domain"
)

// Whatever here holds personal values masks them in every log.

func (e ApplicationReceived) LogValue() slog.Value { return domain.Masked(e) }
func (e ApplicationRefused) LogValue() slog.Value  { return domain.Masked(e) }
func (e EntryRemoved) LogValue() slog.Value        { return domain.Masked(e) }
func (e EntryReinstated) LogValue() slog.Value     { return domain.Masked(e) }
func (a Application) LogValue() slog.Value         { return domain.Masked(a) }
func (c ReceiveApplication) LogValue() slog.Value  { return domain.Masked(c) }
func (c Refuse) LogValue() slog.Value              { return domain.Masked(c) }
func (c Remove) LogValue() slog.Value              { return domain.Masked(c) }
func (c Reinstate) LogValue() slog.Value           { return domain.Masked(c) }

// Format prints as %+v does: under a verb that does not suit a pointer, fmt
// would print what it points to without asking it.
func (a Application) Format(s fmt.State, _ rune) {
	type plain Application
	fmt.Fprintf(s, "%+v", plain(a))
}
