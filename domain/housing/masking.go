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
func (e EntryRedated) LogValue() slog.Value        { return domain.Masked(e) }
func (e ProtectionRecorded) LogValue() slog.Value  { return domain.Masked(e) }
func (e ProtectionLifted) LogValue() slog.Value    { return domain.Masked(e) }
func (e NoticeGiven) LogValue() slog.Value         { return domain.Masked(e) }
func (e ReviewOpened) LogValue() slog.Value        { return domain.Masked(e) }
func (e ReviewClosed) LogValue() slog.Value        { return domain.Masked(e) }
func (e ChangeReported) LogValue() slog.Value      { return domain.Masked(e) }
func (c Redate) LogValue() slog.Value              { return domain.Masked(c) }
func (c Protect) LogValue() slog.Value             { return domain.Masked(c) }
func (c GiveNotice) LogValue() slog.Value          { return domain.Masked(c) }
func (c Review) LogValue() slog.Value              { return domain.Masked(c) }
func (c ReportChange) LogValue() slog.Value        { return domain.Masked(c) }
func (a Application) LogValue() slog.Value         { return domain.Masked(a) }
func (c ReceiveApplication) LogValue() slog.Value  { return domain.Masked(c) }
func (c Refuse) LogValue() slog.Value              { return domain.Masked(c) }
func (a Act) LogValue() slog.Value                 { return domain.Masked(a) }
func (c Remove) LogValue() slog.Value              { return domain.Masked(c) }
func (c Reinstate) LogValue() slog.Value           { return domain.Masked(c) }

// Format prints as %+v does: under a verb that does not suit a pointer, fmt
// would print what it points to without asking it.
func (a Application) Format(s fmt.State, _ rune) {
	type plain Application
	fmt.Fprintf(s, "%+v", plain(a))
}
