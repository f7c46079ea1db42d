package residence

import (
	"fmt"
	"log/slog"

	"tizilim/domain"
)

// States and commands with personal values mask them in every log. Events do so
// beside their type.

func (p Person) LogValue() slog.Value                 { return domain.Masked(p) }
func (d Deregistration) LogValue() slog.Value         { return domain.Masked(d) }
func (c AnswerApplication) LogValue() slog.Value      { return domain.Masked(c) }
func (c StateContacts) LogValue() slog.Value          { return domain.Masked(c) }
func (c RecordPerson) LogValue() slog.Value           { return domain.Masked(c) }
func (d PersonData) LogValue() slog.Value             { return domain.Masked(d) }
func (c RecordDeath) LogValue() slog.Value            { return domain.Masked(c) }
func (c AnnulDeath) LogValue() slog.Value             { return domain.Masked(c) }
func (c GiveIIN) LogValue() slog.Value                { return domain.Masked(c) }
func (c ChangePersonData) LogValue() slog.Value       { return domain.Masked(c) }
func (c ApplyForDeregistration) LogValue() slog.Value { return domain.Masked(c) }
func (c Correction) LogValue() slog.Value             { return domain.Masked(c) }
func (c Correct) LogValue() slog.Value                { return domain.Masked(c) }
func (c EndRepresentation) LogValue() slog.Value      { return domain.Masked(c) }
func (c RecordRepresentative) LogValue() slog.Value   { return domain.Masked(c) }
func (d Dwelling) LogValue() slog.Value               { return domain.Masked(d) }
func (c RecordDwelling) LogValue() slog.Value         { return domain.Masked(c) }
func (c ChangeOwners) LogValue() slog.Value           { return domain.Masked(c) }
func (c DescribeDwelling) LogValue() slog.Value       { return domain.Masked(c) }
func (c RenameStreet) LogValue() slog.Value           { return domain.Masked(c) }
func (c EndDwelling) LogValue() slog.Value            { return domain.Masked(c) }
func (g Gone) LogValue() slog.Value                   { return domain.Masked(g) }
func (c Recode) LogValue() slog.Value                 { return domain.Masked(c) }
func (c AnswerProposal) LogValue() slog.Value         { return domain.Masked(c) }
func (c Register) LogValue() slog.Value               { return domain.Masked(c) }
func (c EndFor) LogValue() slog.Value                 { return domain.Masked(c) }
func (h Household) LogValue() slog.Value              { return domain.Masked(h) }
func (f Facts) LogValue() slog.Value                  { return domain.Masked(f) }

// Format tells how many the household is of, and nothing about them.
func (h Household) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "a household of %d minors and %d representatives", len(h.Wards), len(h.Representatives))
}

// Format prints as %+v does, as that of [Facts].
func (c Register) Format(s fmt.State, _ rune) {
	type plain Register
	fmt.Fprintf(s, "%+v", plain(c))
}

// Format prints as %+v does, as that of [Facts].
func (c EndDwelling) Format(s fmt.State, _ rune) {
	type plain EndDwelling
	fmt.Fprintf(s, "%+v", plain(c))
}

// Format prints as %+v does, as that of [Facts].
func (c RecordRepresentative) Format(s fmt.State, _ rune) {
	type plain RecordRepresentative
	fmt.Fprintf(s, "%+v", plain(c))
}

// Format prints as %+v does: under a verb that does not suit a pointer, fmt
// would print what it points to without asking it.
func (f Facts) Format(s fmt.State, _ rune) {
	type plain Facts
	fmt.Fprintf(s, "%+v", plain(f))
}
