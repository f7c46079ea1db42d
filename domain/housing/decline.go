package housing

import (
	"log/slog"
	"slices"
	"time"

	"tizilim/domain"
)

// DwellingDeclined says that the holder of an entry does not want a dwelling. The entry
// keeps its place, and is passed over where that dwelling is given to somebody behind it
// (Q25).
type DwellingDeclined struct {
	ListID     domain.ListID     `json:"list_id"`
	EntryID    domain.EntryID    `json:"entry_id"`
	PersonID   domain.PersonID   `json:"person_id"`
	DwellingID domain.DwellingID `json:"dwelling_id"`
	Basis      domain.Basis      `json:"basis,omitzero"`    // of an official who states it
	Offered    bool              `json:"offered,omitempty"` // it was offered to the entry (Q37): the offer ends
	DeclinedAt time.Time         `json:"declined_at"`
}

// DeclineTakenBack says that the holder wants the dwelling after all.
type DeclineTakenBack struct {
	ListID      domain.ListID     `json:"list_id"`
	EntryID     domain.EntryID    `json:"entry_id"`
	PersonID    domain.PersonID   `json:"person_id"`
	DwellingID  domain.DwellingID `json:"dwelling_id"`
	Basis       domain.Basis      `json:"basis,omitzero"` // of an official who states it
	TakenBackAt time.Time         `json:"taken_back_at"`
}

func (DwellingDeclined) EventType() string { return "DwellingDeclined" }
func (DeclineTakenBack) EventType() string { return "DeclineTakenBack" }

func (e DwellingDeclined) EffectiveAt() time.Time { return e.DeclinedAt }
func (e DeclineTakenBack) EffectiveAt() time.Time { return e.TakenBackAt }

func (e DwellingDeclined) Concerns() domain.Concern {
	return ofHolderAndDwelling(e.PersonID, e.DwellingID)
}
func (e DeclineTakenBack) Concerns() domain.Concern {
	return ofHolderAndDwelling(e.PersonID, e.DwellingID)
}

func (e DwellingDeclined) LogValue() slog.Value { return domain.Masked(e) }
func (e DeclineTakenBack) LogValue() slog.Value { return domain.Masked(e) }

func ofHolderAndDwelling(p domain.PersonID, d domain.DwellingID) domain.Concern {
	return domain.Concern{Persons: []domain.PersonID{p}, Dwellings: []domain.DwellingID{d}}
}

// maxDeclined bounds what an entry remembers.
const maxDeclined = 100

// StatedDecline is a decline that the commission states with its decision to provide the
// dwelling to somebody behind. The list records it as [DwellingDeclined] when it carries
// the decision out.
type StatedDecline struct {
	EntryID  domain.EntryID  `json:"entry_id"`
	PersonID domain.PersonID `json:"person_id"` // the holder at the time of the decision
	Basis    domain.Basis    `json:"basis"`
}

// DeclineDwelling is the command by which a holder declines a dwelling, or takes the
// decline back.
type DeclineDwelling struct {
	EntryID    domain.EntryID
	Holder     domain.PersonID // who asks, where it is the citizen; zero for staff
	DwellingID domain.DwellingID
	TakeBack   bool
	Offered    bool         // it is offered to the entry
	Basis      domain.Basis // of an official, who always needs one
}

// DeclineDwelling decides [DeclineDwelling]. Whether the dwelling could be given at all
// the list does not know.
func (l *List) DeclineDwelling(cmd domain.Command, c DeclineDwelling) ([]domain.Event, error) {
	e, err := l.onListOf(c.EntryID, c.Holder)
	if err != nil {
		return nil, err
	}
	if err := c.Basis.Demand(true, cmd.Role, cmd.Today(), "basis"); err != nil {
		return nil, err
	}
	if e.declined(c.DwellingID) != c.TakeBack {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNothingChanges,
			"the holder has declined this dwelling already, or has declined nothing that could be taken back").
			At("dwelling_id")
	}
	if c.TakeBack {
		return []domain.Event{DeclineTakenBack{
			ListID: l.Opened.ListID, EntryID: e.ID, PersonID: e.PersonID, DwellingID: c.DwellingID, Basis: c.Basis,
			TakenBackAt: cmd.Now,
		}}, nil
	}
	if len(e.Declined) == maxDeclined {
		return nil, domain.Refuse(domain.Conflict, domain.CodeTooManyDeclined,
			"the holder has declined %d dwellings; take back what no longer counts", maxDeclined)
	}
	declined := l.declineOf(cmd, *e, c.DwellingID, c.Basis)
	declined.Offered = c.Offered
	return []domain.Event{declined}, nil
}

func (l *List) declineOf(cmd domain.Command, e Entry, d domain.DwellingID, b domain.Basis) DwellingDeclined {
	return DwellingDeclined{
		ListID: l.Opened.ListID, EntryID: e.ID, PersonID: e.PersonID, DwellingID: d, Basis: b, DeclinedAt: cmd.Now,
	}
}

// declined reports whether the present holder has declined the dwelling.
func (e Entry) declined(d domain.DwellingID) bool { return slices.Contains(e.Declined, d) }

// stated checks what a decision says of those who declined the dwelling, and returns the
// declines that it states with a document. An entry that is named in named must have
// declined, or be among documents.
func (l *List) stated(
	cmd domain.Command, d domain.DwellingID, named []domain.EntryID, documents []StatedDecline,
) ([]StatedDecline, error) {
	var stated []StatedDecline
	for i, s := range documents {
		field := domain.Path("decline_documents", i)
		e, err := l.named(s.EntryID, field+".entry_id")
		switch {
		case err != nil:
			return nil, err
		case !e.Active:
			return nil, notActive().At(field + ".entry_id")
		case slices.ContainsFunc(stated, func(o StatedDecline) bool { return o.EntryID == s.EntryID }):
			return nil, domain.Refuse(domain.Invalid, domain.CodeNamedTwice,
				"this entry is named twice").At(field + ".entry_id")
		case e.declined(d):
			return nil, domain.Refuse(domain.Conflict, domain.CodeNothingChanges,
				"this decline is recorded already: leave its document out").At(field)
		case len(e.Declined) == maxDeclined:
			return nil, domain.Refuse(domain.Conflict, domain.CodeTooManyDeclined,
				"the holder has declined %d dwellings; take back what no longer counts", maxDeclined).At(field)
		}
		if err := s.Basis.Demand(true, cmd.Role, cmd.Today(), field+".basis"); err != nil {
			return nil, err
		}
		s.PersonID = e.PersonID
		stated = append(stated, s)
	}
	for i, id := range named {
		field := domain.Path("declined", i)
		e, err := l.named(id, field)
		if err != nil {
			return nil, err
		}
		if !e.declined(d) && !slices.ContainsFunc(stated, func(s StatedDecline) bool { return s.EntryID == id }) {
			return nil, domain.Refuse(domain.Conflict, domain.CodeDeclineNotRecorded,
				"no decline of this dwelling by the holder of the entry is recorded: record it, or name its document in "+
					"decline_documents").At(field)
		}
	}
	return stated, nil
}

// named returns an entry that a request names beside the one it is about.
func (l *List) named(id domain.EntryID, field string) (*Entry, *domain.Error) {
	e, ok := l.entries.Get(id.UUID)
	if !ok {
		return nil, domain.Refuse(domain.Invalid, domain.CodeEntryUnknown, "the list has no such entry").At(field)
	}
	return e, nil
}

// recordStated returns the declines that the decision states, of those who still hold
// their entry.
func (l *List) recordStated(cmd domain.Command, d ProvisionDecided) []domain.Event {
	var events []domain.Event
	for _, s := range d.StatedDeclines {
		if e, ok := l.Entry(s.EntryID); ok && e.Active && e.PersonID == s.PersonID && !e.declined(d.Dwelling.ID) {
			events = append(events, l.declineOf(cmd, e, d.Dwelling.ID, s.Basis))
		}
	}
	return events
}

// declinedBy reports whether the holder of the entry has declined the dwelling of the
// decision: by a recorded act, or by one that the decision states.
func (d ProvisionDecided) declinedBy(e Entry) bool {
	return e.declined(d.Dwelling.ID) || slices.ContainsFunc(d.StatedDeclines, func(s StatedDecline) bool {
		return s.EntryID == e.ID && s.PersonID == e.PersonID
	})
}
