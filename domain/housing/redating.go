package housing

import (
	"log/slog"
	"slices"
	"strings"
	"time"

	"tizilim/domain"
)

// EntryRedated moves an entry that was placed before its ground arose to the
// day on which the ground arose (Q17, art. 73(4)).
type EntryRedated struct {
	ListID      domain.ListID   `json:"list_id"`
	EntryID     domain.EntryID  `json:"entry_id"`
	PersonID    domain.PersonID `json:"person_id"`
	From        Seniority       `json:"from"`
	Seniority   Seniority       `json:"seniority"`
	Overtakes   int             `json:"overtakes,omitempty"`
	GroundArose domain.Date     `json:"ground_arose_on"`
	Reasons     domain.Personal `json:"reasons"`
	RedatedAt   time.Time       `json:"redated_at"`
}

func (EntryRedated) EventType() string        { return "EntryRedated" }
func (e EntryRedated) EffectiveAt() time.Time { return e.RedatedAt }

func (e EntryRedated) Concerns() domain.Concern { return domain.ConcernsPersons(e.PersonID) }

func (e EntryRedated) LogValue() slog.Value { return domain.Masked(e) }

// RedatingUndone says that a re-dating was a mistake. The entry stands again where it stood
// before it (Q34).
type RedatingUndone struct {
	ListID    domain.ListID   `json:"list_id"`
	EntryID   domain.EntryID  `json:"entry_id"`
	PersonID  domain.PersonID `json:"person_id"`
	Redating  domain.EventRef `json:"redating"` // the event that is undone
	From      Seniority       `json:"from"`
	Seniority Seniority       `json:"seniority"`
	Overtakes int             `json:"overtakes,omitempty"`
	Basis     domain.Basis    `json:"basis"`
	Reasons   domain.Personal `json:"reasons"`
	UndoneAt  time.Time       `json:"undone_at"`
}

func (RedatingUndone) EventType() string        { return "RedatingUndone" }
func (e RedatingUndone) EffectiveAt() time.Time { return e.UndoneAt }

func (e RedatingUndone) Concerns() domain.Concern { return domain.ConcernsPersons(e.PersonID) }

func (e RedatingUndone) LogValue() slog.Value { return domain.Masked(e) }

// redating is one of an entry that stands: its event, and where the entry stood before it.
type redating struct {
	revision uint64
	from     Seniority
}

// UndoRedating is the command that undoes a re-dating.
type UndoRedating struct {
	EntryID  domain.EntryID
	Redating domain.EventRef
	Basis    domain.Basis // that shows the mistake
	Reasons  domain.Personal
}

// UndoRedating decides [UndoRedating]: by reference to the last re-dating of the entry that
// stands, by a document and with reasons. Priority that the entry got or lost since stays as it
// is. The numbers are those of before, with the acts on other entries since (Q8).
func (l *List) UndoRedating(cmd domain.Command, c UndoRedating) ([]domain.Event, error) {
	e, err := l.onList(c.EntryID)
	if err != nil {
		return nil, err
	}
	isIt := func(r redating) bool {
		return c.Redating == domain.EventRef{Stream: l.Opened.ListID.Stream(), Revision: r.revision}
	}
	switch i := slices.IndexFunc(e.redatings, isIt); {
	case i < 0:
		return nil, domain.Refuse(domain.Invalid, domain.CodeFactUnknown,
			"this event is no re-dating of this entry that stands; look it up among the changes of its number").At("redating")
	case i < len(e.redatings)-1:
		return nil, domain.Refuse(domain.Conflict, domain.CodeAnnulmentOvertaken,
			"the entry was re-dated again since: undo that re-dating first").At("redating")
	}
	if err := c.Basis.Demand(true, cmd.Role, cmd.Today(), "basis"); err != nil {
		return nil, err
	}
	if strings.TrimSpace(string(c.Reasons)) == "" {
		return nil, domain.Refuse(domain.Invalid, domain.CodeReasonsRequired,
			"say why the re-dating was a mistake").At("reasons")
	}
	to := e.redatings[len(e.redatings)-1].from
	to.Priority = e.Seniority.Priority
	return []domain.Event{RedatingUndone{
		ListID: l.Opened.ListID, EntryID: e.ID, PersonID: e.PersonID, Redating: c.Redating, From: e.Seniority, Seniority: to,
		Overtakes: l.overtakes(e.Seniority, to), Basis: c.Basis, Reasons: c.Reasons, UndoneAt: cmd.Now,
	}}, nil
}

// Redate is the command that re-dates an entry.
type Redate struct {
	EntryID     domain.EntryID
	GroundArose domain.Date
	Reasons     domain.Personal
}

// Redate decides [Redate]. The entry counts as placed from the beginning of
// that day, which is after the day of its application: a wrong re-dating is
// undone ([UndoRedating]) or corrected by another one, and none makes an entry older than its application.
// The position of the application still breaks ties, so that the order stays
// strict (Q6). Only numbers between the two places change, by one (Q8).
func (l *List) Redate(cmd domain.Command, c Redate) ([]domain.Event, error) {
	e, err := l.standing(c.EntryID)
	if err != nil {
		return nil, err
	}
	if c.GroundArose.IsZero() {
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired,
			"give the day on which the ground arose").At("ground_arose_on")
	}
	if cmd.Today().Before(c.GroundArose) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeDateInFuture,
			"the ground has not arisen yet: the day is at the latest today").At("ground_arose_on")
	}
	if filed := domain.DateOf(e.FiledAt); !filed.Before(c.GroundArose) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeRedatingTooEarly,
			"the application was complete on %s; an entry is re-dated to a later day, on which its ground arose",
			filed).At("ground_arose_on")
	}
	if strings.TrimSpace(string(c.Reasons)) == "" {
		return nil, domain.Refuse(domain.Invalid, domain.CodeReasonsRequired,
			"a re-dating states its reasons").At("reasons")
	}
	to := Seniority{At: c.GroundArose.Start(), Position: e.Seniority.Position, Priority: e.Seniority.Priority}
	if to.Compare(e.Seniority) == 0 {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNothingChanges,
			"the entry counts from this day already").At("ground_arose_on")
	}
	return []domain.Event{EntryRedated{
		ListID: l.Opened.ListID, EntryID: e.ID, PersonID: e.PersonID, From: e.Seniority, Seniority: to,
		Overtakes: l.overtakes(e.Seniority, to), GroundArose: c.GroundArose, Reasons: c.Reasons, RedatedAt: cmd.Now,
	}}, nil
}
