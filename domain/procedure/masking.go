package procedure

import (
	"fmt"
	"log/slog"

	"tizilim/domain"
)

// States and commands with personal values mask them in every log. Events do so
// beside their type.

func (m Missing) LogValue() slog.Value     { return domain.Masked(m) }
func (c Correction) LogValue() slog.Value  { return domain.Masked(c) }
func (t Termination) LogValue() slog.Value { return domain.Masked(t) }
func (r Remedy) LogValue() slog.Value      { return domain.Masked(r) }
func (d Dispense) LogValue() slog.Value    { return domain.Masked(d) }
func (c Case) LogValue() slog.Value        { return domain.Masked(c) }

// Format prints as %+v does: under a verb that does not suit a pointer, fmt
// would print what it points to without asking it.
func (c Case) Format(s fmt.State, _ rune) {
	type plain Case
	fmt.Fprintf(s, "%+v", plain(c))
}
