package housing

import (
	"log/slog"
	"strings"
	"time"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// NoticeGiven records that the person whose entry was removed was given a
// written notice, with the grounds and the way to appeal (Q15, art. 73(3)).
type NoticeGiven struct {
	ListID      domain.ListID   `json:"list_id"`
	EntryID     domain.EntryID  `json:"entry_id"`
	PersonID    domain.PersonID `json:"person_id"`
	Grounds     domain.Personal `json:"grounds"`
	AppealRoute string          `json:"appeal_route"`
	DueOn       domain.Date     `json:"due_on"`
	On          domain.Date     `json:"given_on"`
	Late        bool            `json:"late,omitempty"` // recorded, never hidden (C9)
	RecordedAt  time.Time       `json:"recorded_at"`
}

func (NoticeGiven) EventType() string        { return "RemovalNoticeGiven" }
func (e NoticeGiven) EffectiveAt() time.Time { return e.On.Start() }

func (e NoticeGiven) Concerns() domain.Concern { return domain.ConcernsPersons(e.PersonID) }

func (e NoticeGiven) LogValue() slog.Value { return domain.Masked(e) }

// GiveNotice is the command that records a written notice.
type GiveNotice struct {
	EntryID domain.EntryID
	Grounds domain.Personal
	On      domain.Date
}

// GiveNotice decides [GiveNotice]: once for every removal.
func (l *List) GiveNotice(cmd domain.Command, c GiveNotice, by rules.Book) ([]domain.Event, error) {
	e, err := l.entry(c.EntryID)
	if err != nil {
		return nil, err
	}
	if e.NoticeDueOn.IsZero() {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNoticeNotOwed,
			"the entry was not removed, or its removal has been notified")
	}
	if strings.TrimSpace(string(c.Grounds)) == "" {
		return nil, domain.Refuse(domain.Invalid, domain.CodeReasonsRequired,
			"a notice of removal states the grounds").At("grounds")
	}
	if c.On.IsZero() {
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired, "give the day of the notice").At("given_on")
	}
	if cmd.Today().Before(c.On) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeDateInFuture,
			"a notice cannot be in the future: give today or an earlier day").At("given_on")
	}
	if c.On.Before(e.RemovedOn) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeEffectiveTooEarly,
			"the entry was removed on %s: the notice cannot be earlier", e.RemovedOn).At("given_on")
	}
	return []domain.Event{NoticeGiven{
		ListID: l.Opened.ListID, EntryID: e.ID, PersonID: e.PersonID, Grounds: c.Grounds, AppealRoute: appealRoute(by.On(cmd.Today())),
		DueOn: e.NoticeDueOn, On: c.On, Late: e.NoticeDueOn.Before(c.On), RecordedAt: cmd.Now,
	}}, nil
}
