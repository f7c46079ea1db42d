package housing

import (
	"log/slog"
	"time"

	"tizilim/domain"
)

// EntryLeft says that the holder has left the list by their own wish (Q26). It is final: the
// way back is a new application.
type EntryLeft struct {
	ListID    domain.ListID   `json:"list_id"`
	EntryID   domain.EntryID  `json:"entry_id"`
	PersonID  domain.PersonID `json:"person_id"`
	Seniority Seniority       `json:"seniority"`
	Number    int             `json:"number"`         // that the entry had
	Basis     domain.Basis    `json:"basis,omitzero"` // of an official who states it
	LeftAt    time.Time       `json:"left_at"`
}

func (EntryLeft) EventType() string          { return "EntryLeft" }
func (e EntryLeft) EffectiveAt() time.Time   { return e.LeftAt }
func (e EntryLeft) Concerns() domain.Concern { return domain.ConcernsPersons(e.PersonID) }
func (e EntryLeft) LogValue() slog.Value     { return domain.Masked(e) }

// Leave is the command by which a holder leaves the list.
type Leave struct {
	EntryID domain.EntryID
	Holder  domain.PersonID // who asks, where it is the citizen; zero for staff
	Basis   domain.Basis    // of an official, who always needs one
}

// Leave decides [Leave]. A protection does not hold a holder back: it is for them. A review
// does, because its end says why an entry goes.
func (l *List) Leave(cmd domain.Command, c Leave) ([]domain.Event, error) {
	e, err := l.onListOf(c.EntryID, c.Holder)
	if err != nil {
		return nil, err
	}
	if e.Review != "" {
		return nil, domain.Refuse(domain.Conflict, domain.CodeEntryUnderReview,
			"this entry is under review (%s): the commission decides about it; leave when the review has ended", e.Review)
	}
	if err := c.Basis.Demand(true, cmd.Role, cmd.Today(), "basis"); err != nil {
		return nil, err
	}
	return []domain.Event{EntryLeft{
		ListID: l.Opened.ListID, EntryID: e.ID, PersonID: e.PersonID, Seniority: e.Seniority,
		Number: l.before(e.Seniority) + 1, Basis: c.Basis, LeftAt: cmd.Now,
	}}, nil
}
