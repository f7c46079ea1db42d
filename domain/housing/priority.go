package housing

import (
	"slices"
	"strings"
	"time"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// PriorityCategory is a category that a list may put before all others (art.
// 74(3)): the edition in force lists them ([rules.Register]). The law does not
// settle whether the list of a body may, so a list has no such rule until one
// is set.
type PriorityCategory string

// The categories of the built-in edition.
const (
	PriorityWarVeteran    PriorityCategory = "war_veteran"
	PriorityOrphan        PriorityCategory = "orphan"
	PriorityAwardedMother PriorityCategory = "awarded_mother"
	PriorityLargeFamily   PriorityCategory = "large_family"
)

// PriorityRuleSet says which categories the list puts first from now on. Each entry is moved by
// an event of its own: [EntryPrioritised], and [PriorityEnded] where the rule does not name its
// category any more (Q35). Events of before Q35 left the entries their priority.
type PriorityRuleSet struct {
	ListID     domain.ListID      `json:"list_id"`
	Categories []PriorityCategory `json:"categories"` // none: the list has no rule
	Basis      string             `json:"basis"`      // the act that allows it
	// more entries have priority which the rule does not give than the append could end; the
	// registry ends it by itself until [PriorityRuleFollowed]
	More  bool      `json:"more,omitempty"`
	SetAt time.Time `json:"set_at"`
}

// PriorityRuleFollowed says that no entry has priority any more which the rule of the list does
// not give.
type PriorityRuleFollowed struct {
	ListID     domain.ListID `json:"list_id"`
	FollowedAt time.Time     `json:"followed_at"`
}

// EntryPrioritised puts an entry before all that have no priority.
type EntryPrioritised struct {
	ListID        domain.ListID    `json:"list_id"`
	EntryID       domain.EntryID   `json:"entry_id"`
	PersonID      domain.PersonID  `json:"person_id"`
	Category      PriorityCategory `json:"category"`
	From          Seniority        `json:"from"`
	Seniority     Seniority        `json:"seniority"`
	Overtakes     int              `json:"overtakes,omitempty"`
	PrioritisedAt time.Time        `json:"prioritised_at"`
}

// PriorityEnded puts the entry back to the place of its seniority.
type PriorityEnded struct {
	ListID    domain.ListID   `json:"list_id"`
	EntryID   domain.EntryID  `json:"entry_id"`
	PersonID  domain.PersonID `json:"person_id"`
	From      Seniority       `json:"from"`
	Seniority Seniority       `json:"seniority"`
	// for which it had priority, where the rule of the list does not name the category any more;
	// empty where the priority of this entry alone was ended
	ByRule  PriorityCategory `json:"by_rule,omitempty"`
	EndedAt time.Time        `json:"ended_at"`
}

func (PriorityRuleSet) EventType() string      { return "PriorityRuleSet" }
func (PriorityRuleFollowed) EventType() string { return "PriorityRuleFollowed" }
func (EntryPrioritised) EventType() string     { return "EntryPrioritised" }
func (PriorityEnded) EventType() string        { return "PriorityEnded" }

func (e PriorityRuleSet) EffectiveAt() time.Time      { return e.SetAt }
func (e PriorityRuleFollowed) EffectiveAt() time.Time { return e.FollowedAt }
func (e EntryPrioritised) EffectiveAt() time.Time     { return e.PrioritisedAt }
func (e PriorityEnded) EffectiveAt() time.Time        { return e.EndedAt }

func (PriorityRuleSet) Concerns() domain.Concern      { return domain.ConcernsNobody(aboutAList) }
func (PriorityRuleFollowed) Concerns() domain.Concern { return domain.ConcernsNobody(aboutAList) }
func (e EntryPrioritised) Concerns() domain.Concern   { return domain.ConcernsPersons(e.PersonID) }
func (e PriorityEnded) Concerns() domain.Concern      { return domain.ConcernsPersons(e.PersonID) }

// SetPriorityRule is the command that sets the rule of a list, or with no
// category ends it.
type SetPriorityRule struct {
	Categories []PriorityCategory
	Basis      string
}

// SetPriorityRule decides [SetPriorityRule]. Who had priority for a category that the rule does
// not name any more falls back to the order of Q6: at once, or where they are many, the first of
// them at once and the others by [List.FollowPriorityRule].
func (l *List) SetPriorityRule(cmd domain.Command, c SetPriorityRule, by rules.Book) ([]domain.Event, error) {
	if !l.Known() {
		return nil, UnknownList()
	}
	open := by.On(cmd.Today()).Register.PriorityCategories
	for i, category := range c.Categories {
		if !slices.Contains(open, string(category)) {
			return nil, domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
				"a priority rule names categories out of %v", open).At(domain.Path("categories", i))
		}
		if slices.Contains(c.Categories[:i], category) {
			return nil, domain.Refuse(domain.Invalid, domain.CodeNamedTwice,
				"name each category once").At(domain.Path("categories", i))
		}
	}
	if strings.TrimSpace(c.Basis) == "" {
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired,
			"name the act on which the rule rests").At("basis")
	}
	ended, more := l.unruled(cmd, c.Categories)
	return append([]domain.Event{PriorityRuleSet{
		ListID: l.Opened.ListID, Categories: c.Categories, Basis: c.Basis, More: more, SetAt: cmd.Now,
	}}, ended...), nil
}

// endedAtOnce bounds how many entries one append moves.
const endedAtOnce = 200

// unruled ends the priority of the first entries that have it for a category which is not among
// those that are ruled; more says that there are others.
func (l *List) unruled(cmd domain.Command, ruled []PriorityCategory) (ended []domain.Event, more bool) {
	l.order.Scan(func(e *Entry) bool {
		if !e.Seniority.Priority { // those with priority stand first
			return false
		}
		if slices.Contains(ruled, e.Category) {
			return true
		}
		if more = len(ended) == endedAtOnce; more {
			return false
		}
		to := e.Seniority
		to.Priority = false
		ended = append(ended, PriorityEnded{
			ListID: l.Opened.ListID, EntryID: e.ID, PersonID: e.PersonID, From: e.Seniority, Seniority: to,
			ByRule: e.Category, EndedAt: cmd.Now,
		})
		return true
	})
	return ended, more
}

// FollowPriorityRule decides the next part of what a rule left to be ended
// ([List.SetPriorityRule]). Error: [domain.CodeNotDue] where nothing is left.
func (l *List) FollowPriorityRule(cmd domain.Command) ([]domain.Event, error) {
	if !l.ending {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNotDue, "the rule of the list leaves nothing to be ended")
	}
	ended, more := l.unruled(cmd, l.Priority)
	if !more {
		ended = append(ended, PriorityRuleFollowed{ListID: l.Opened.ListID, FollowedAt: cmd.Now})
	}
	return ended, nil
}

// Prioritise is the command that gives an entry priority, or with End takes it
// back.
type Prioritise struct {
	EntryID  domain.EntryID
	Category PriorityCategory
	End      bool
}

// Prioritise decides [Prioritise]: for a category that the list's rule names.
// Among those with priority the seniority decides.
func (l *List) Prioritise(cmd domain.Command, c Prioritise) ([]domain.Event, error) {
	e, err := l.standing(c.EntryID)
	if err != nil {
		return nil, err
	}
	if e.Seniority.Priority != c.End {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNothingChanges,
			"the entry has this priority already, or has no priority that could end")
	}
	to := e.Seniority
	to.Priority = !c.End
	if c.End {
		return []domain.Event{PriorityEnded{
			ListID: l.Opened.ListID, EntryID: e.ID, PersonID: e.PersonID, From: e.Seniority, Seniority: to, EndedAt: cmd.Now,
		}}, nil
	}
	if !slices.Contains(l.Priority, c.Category) {
		return nil, domain.Refuse(domain.Conflict, domain.CodePriorityNotRuled,
			"the rule of this list gives priority to %v; this category is not among them", l.Priority).At("category")
	}
	return []domain.Event{EntryPrioritised{
		ListID: l.Opened.ListID, EntryID: e.ID, PersonID: e.PersonID, Category: c.Category, From: e.Seniority, Seniority: to,
		Overtakes: l.overtakes(e.Seniority, to), PrioritisedAt: cmd.Now,
	}}, nil
}
