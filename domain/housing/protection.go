package housing

import (
	"log/slog"
	"slices"
	"strings"
	"time"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// ProtectedCategory is a category that is not removed before a dwelling is
// provided (Q15a, art. 73(1) last paragraph). The edition in force lists them
// ([rules.Register]).
type ProtectedCategory string

// The categories of the built-in edition.
const (
	ProtectedOrphan           ProtectedCategory = "orphan_or_without_parental_care"
	ProtectedIncompleteFamily ProtectedCategory = "incomplete_family"
	ProtectedAwardedMother    ProtectedCategory = "awarded_mother_of_many_children"
	ProtectedLargeFamily      ProtectedCategory = "large_family"
)

// protectedBy are the categories by which the edition keeps the entry on the
// list.
func (e Entry) protectedBy(edition rules.Edition) []ProtectedCategory {
	return slices.DeleteFunc(
		slices.Clone(e.Protected),
		func(c ProtectedCategory) bool { return !edition.Protected(string(c)) },
	)
}

// ProtectionRecorded says that the entry is of a protected category.
type ProtectionRecorded struct {
	ListID     domain.ListID     `json:"list_id"`
	EntryID    domain.EntryID    `json:"entry_id"`
	PersonID   domain.PersonID   `json:"person_id"`
	Category   ProtectedCategory `json:"category"`
	Document   domain.Personal   `json:"document"` // that proves it
	RecordedAt time.Time         `json:"recorded_at"`
}

// ProtectionLifted says that the entry is not of the category, or no longer.
type ProtectionLifted struct {
	ListID   domain.ListID     `json:"list_id"`
	EntryID  domain.EntryID    `json:"entry_id"`
	PersonID domain.PersonID   `json:"person_id"`
	Category ProtectedCategory `json:"category"`
	Reasons  domain.Personal   `json:"reasons"`
	LiftedAt time.Time         `json:"lifted_at"`
}

func (ProtectionRecorded) EventType() string { return "ProtectionRecorded" }
func (ProtectionLifted) EventType() string   { return "ProtectionLifted" }

func (e ProtectionRecorded) EffectiveAt() time.Time { return e.RecordedAt }
func (e ProtectionLifted) EffectiveAt() time.Time   { return e.LiftedAt }

func (e ProtectionRecorded) Concerns() domain.Concern { return domain.ConcernsPersons(e.PersonID) }
func (e ProtectionLifted) Concerns() domain.Concern   { return domain.ConcernsPersons(e.PersonID) }

func (e ProtectionRecorded) LogValue() slog.Value { return domain.Masked(e) }
func (e ProtectionLifted) LogValue() slog.Value   { return domain.Masked(e) }

// Protect is the command that records a protection, or with Lift ends it.
type Protect struct {
	EntryID  domain.EntryID
	Category ProtectedCategory
	Lift     bool
	Because  domain.Personal // the document that proves it; the reasons of lifting it
}

// Protect decides [Protect]: of a category that the edition in force protects.
// A protection under a category that it no longer knows can still be lifted.
func (l *List) Protect(cmd domain.Command, c Protect, by rules.Book) ([]domain.Event, error) {
	e, err := l.onList(c.EntryID)
	if err != nil {
		return nil, err
	}
	if edition := by.On(cmd.Today()); !edition.Protected(string(c.Category)) &&
		!slices.Contains(e.Protected, c.Category) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
			"the protected categories are %v", edition.Register.ProtectedCategories).At("category")
	}
	if strings.TrimSpace(string(c.Because)) == "" {
		return nil, domain.Refuse(domain.Invalid, domain.CodeReasonsRequired,
			"name the document that proves the category, or the reasons of lifting it").At("because")
	}
	if slices.Contains(e.Protected, c.Category) != c.Lift {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNothingChanges,
			"the entry has this protection already, or has no such protection that could be lifted").At("category")
	}
	if c.Lift {
		return []domain.Event{ProtectionLifted{
			ListID: l.Opened.ListID, EntryID: e.ID, PersonID: e.PersonID, Category: c.Category, Reasons: c.Because, LiftedAt: cmd.Now,
		}}, nil
	}
	return []domain.Event{ProtectionRecorded{
		ListID: l.Opened.ListID, EntryID: e.ID, PersonID: e.PersonID, Category: c.Category, Document: c.Because, RecordedAt: cmd.Now,
	}}, nil
}
