package procedure

import (
	"fmt"
	"log/slog"

	"tizilim/domain"
)

// Whatever here holds personal values masks them in every log.

func (e CorrectionReceived) LogValue() slog.Value { return domain.Masked(e) }
func (e HearingAnnounced) LogValue() slog.Value   { return domain.Masked(e) }
func (e ObjectionFiled) LogValue() slog.Value     { return domain.Masked(e) }
func (e HearingClosed) LogValue() slog.Value      { return domain.Masked(e) }
func (e HearingDispensed) LogValue() slog.Value   { return domain.Masked(e) }
func (e TermExtended) LogValue() slog.Value       { return domain.Masked(e) }
func (e CaseTerminated) LogValue() slog.Value     { return domain.Masked(e) }
func (e ComplaintFiled) LogValue() slog.Value     { return domain.Masked(e) }
func (e ComplaintDecided) LogValue() slog.Value   { return domain.Masked(e) }
func (e RemedyRecorded) LogValue() slog.Value     { return domain.Masked(e) }
func (t Termination) LogValue() slog.Value        { return domain.Masked(t) }
func (r Remedy) LogValue() slog.Value             { return domain.Masked(r) }
func (d Dispense) LogValue() slog.Value           { return domain.Masked(d) }
func (c Case) LogValue() slog.Value               { return domain.Masked(c) }

// Format prints as %+v does: under a verb that does not suit a pointer, fmt
// would print what it points to without asking it.
func (c Case) Format(s fmt.State, _ rune) {
	type plain Case
	fmt.Fprintf(s, "%+v", plain(c))
}
