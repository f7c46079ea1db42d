package residence

import (
	"fmt"
	"log/slog"

	"tizilim/domain"
)

// Whatever here holds personal values masks them in every log.

func (e PersonRecorded) LogValue() slog.Value         { return domain.Masked(e) }
func (e DeregistrationApplied) LogValue() slog.Value  { return domain.Masked(e) }
func (p Person) LogValue() slog.Value                 { return domain.Masked(p) }
func (d Deregistration) LogValue() slog.Value         { return domain.Masked(d) }
func (e ContactsConfirmed) LogValue() slog.Value      { return domain.Masked(e) }
func (c ConfirmContacts) LogValue() slog.Value        { return domain.Masked(c) }
func (c RecordPerson) LogValue() slog.Value           { return domain.Masked(c) }
func (c ApplyForDeregistration) LogValue() slog.Value { return domain.Masked(c) }
func (c Correction) LogValue() slog.Value             { return domain.Masked(c) }
func (e RegistrationAnnulled) LogValue() slog.Value   { return domain.Masked(e) }
func (e RegistrationCorrected) LogValue() slog.Value  { return domain.Masked(e) }
func (e EndingAnnulled) LogValue() slog.Value         { return domain.Masked(e) }
func (e EndingCorrected) LogValue() slog.Value        { return domain.Masked(e) }
func (e CorrectionAnnulled) LogValue() slog.Value     { return domain.Masked(e) }
func (c Correct) LogValue() slog.Value                { return domain.Masked(c) }
func (f Facts) LogValue() slog.Value                  { return domain.Masked(f) }

// Format prints as %+v does: under a verb that does not suit a pointer, fmt
// would print what it points to without asking it.
func (f Facts) Format(s fmt.State, _ rune) {
	type plain Facts
	fmt.Fprintf(s, "%+v", plain(f))
}
