package housing

import (
	"log/slog"
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
	GroundArose domain.Date     `json:"ground_arose_on"`
	Reasons     domain.Personal `json:"reasons"`
	RedatedAt   time.Time       `json:"redated_at"`
}

func (EntryRedated) EventType() string        { return "EntryRedated" }
func (e EntryRedated) EffectiveAt() time.Time { return e.RedatedAt }

func (e EntryRedated) Concerns() domain.Concern { return domain.ConcernsPersons(e.PersonID) }

func (e EntryRedated) LogValue() slog.Value { return domain.Masked(e) }

// Redate is the command that re-dates an entry.
type Redate struct {
	EntryID     domain.EntryID
	GroundArose domain.Date
	Reasons     domain.Personal
}

// Redate decides [Redate]. The entry counts as placed from the beginning of
// that day, which is after the day of its application: a wrong re-dating is
// corrected by another one, and none makes an entry older than its application.
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
		GroundArose: c.GroundArose, Reasons: c.Reasons, RedatedAt: cmd.Now,
	}}, nil
}
