package certificates

import (
	"fmt"
	"log/slog"

	"tizilim/domain"
)

// States and commands with personal values mask them in every log. Events do so
// beside their type.

func (c Correction) LogValue() slog.Value { return domain.Masked(c) }
func (c Correct) LogValue() slog.Value    { return domain.Masked(c) }
func (d Document) LogValue() slog.Value   { return domain.Masked(d) }
func (ds Documents) LogValue() slog.Value { return domain.Masked(ds) }

// Format prints as %+v does: under a verb that does not suit a pointer, fmt
// would print what it points to without asking it.
func (ds Documents) Format(s fmt.State, _ rune) {
	type plain Documents
	fmt.Fprintf(s, "%+v", plain(ds))
}
