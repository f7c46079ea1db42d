package housing

import (
	"fmt"
	"log/slog"

	"tizilim/domain"
)

// States and commands with personal values mask them in every log. Events do so
// beside their type.

func (c Examine) LogValue() slog.Value            { return domain.Masked(c) }
func (c Redate) LogValue() slog.Value             { return domain.Masked(c) }
func (c Protect) LogValue() slog.Value            { return domain.Masked(c) }
func (c GiveNotice) LogValue() slog.Value         { return domain.Masked(c) }
func (c Review) LogValue() slog.Value             { return domain.Masked(c) }
func (c ReportChange) LogValue() slog.Value       { return domain.Masked(c) }
func (a Application) LogValue() slog.Value        { return domain.Masked(a) }
func (c AnswerAsMember) LogValue() slog.Value     { return domain.Masked(c) }
func (c ChangeConsent) LogValue() slog.Value      { return domain.Masked(c) }
func (c ReceiveApplication) LogValue() slog.Value { return domain.Masked(c) }
func (c Refuse) LogValue() slog.Value             { return domain.Masked(c) }
func (c Approve) LogValue() slog.Value            { return domain.Masked(c) }
func (c Provide) LogValue() slog.Value            { return domain.Masked(c) }
func (c Transfer) LogValue() slog.Value           { return domain.Masked(c) }
func (a Accept) LogValue() slog.Value             { return domain.Masked(a) }
func (a Act) LogValue() slog.Value                { return domain.Masked(a) }
func (c Remove) LogValue() slog.Value             { return domain.Masked(c) }
func (c Reinstate) LogValue() slog.Value          { return domain.Masked(c) }

// Format prints as %+v does, for the same reason as that of [Application].
func (c Examine) Format(s fmt.State, _ rune) {
	type plain Examine
	fmt.Fprintf(s, "%+v", plain(c))
}

// Format prints as %+v does: under a verb that does not suit a pointer, fmt
// would print what it points to without asking it.
func (a Application) Format(s fmt.State, _ rune) {
	type plain Application
	fmt.Fprintf(s, "%+v", plain(a))
}
