package operation

import (
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/eventstore/command"
)

// EventLine is an event of the log as the API shows it, with both its times.
type EventLine struct {
	Stream      string          `json:"stream"`
	Revision    uint64          `json:"revision"`
	Position    domain.Position `json:"position"`
	EventID     uuid.UUID       `json:"event_id,omitzero" format:"uuid"`
	Type        string          `json:"type"`
	EffectiveAt time.Time       `json:"effective_at" doc:"From when it holds in the world"`
	CreatedAt   time.Time       `json:"created_at,omitzero" doc:"When the event was appended to the log"`
	Correlation uuid.UUID       `json:"correlation" format:"uuid" doc:"The id of the case; if there is no case, the id of the command"`
	Causation   uuid.UUID       `json:"causation" format:"uuid" doc:"The id of the command that caused the event"`
	Actor       string          `json:"actor"`
	Role        domain.Role     `json:"role"`
	Channel     domain.Channel  `json:"channel,omitempty" values:"open"`

	RepresentedBy domain.PersonID `json:"represented_by,omitzero" format:"uuid" doc:"The legal representative who acted in the place of the person whom the act is about"`

	Minutes *MinutesLine `json:"minutes,omitempty" doc:"The minutes of the meeting that took the decision"`

	Imported *ImportedLine `json:"imported,omitempty" doc:"From where the fact was taken over; left out for what the registry saw happen"`

	Data domain.Event `json:"data" doc:"What the event says"`
}

// LineOf shows a recorded event.
func LineOf(rec domain.Recorded) EventLine {
	return EventLine{
		Stream: rec.Stream, Revision: rec.Revision, Position: rec.Position, EventID: rec.ID,
		Type: rec.Event.EventType(), EffectiveAt: rec.Event.EffectiveAt().In(domain.Zone), CreatedAt: rec.Created.In(domain.Zone),
		Correlation: rec.Meta.Correlation, Causation: rec.Meta.Causation.UUID,
		Actor: rec.Meta.Actor, Role: rec.Meta.Role, Channel: rec.Meta.Channel, RepresentedBy: rec.Meta.RepresentedBy,
		Minutes: minutesOf(rec.Meta), Imported: (*ImportedLine)(rec.Meta.Imported), Data: rec.Event,
	}
}

// MinutesLine are the minutes of a decision as the API shows them.
type MinutesLine struct {
	Number  string              `json:"number"`
	Day     domain.Date         `json:"day" format:"date"`
	Present []domain.Attendance `json:"present,omitempty" doc:"Each member who was present: the office by the record of the body, and the vote"`
}

// ImportedLine is the origin of an imported fact as the API shows it.
type ImportedLine struct {
	Source string    `json:"source" doc:"The register that the fact comes from"`
	Line   string    `json:"line" doc:"The key of its line in the files of that register"`
	Batch  uuid.UUID `json:"batch" format:"uuid" doc:"The files that were imported together"`
	By     string    `json:"by" doc:"The account of the operator who imported it"`
}

func minutesOf(meta domain.Meta) *MinutesLine {
	if meta.Minutes == nil {
		return nil
	}
	return (*MinutesLine)(meta.Minutes)
}

// Events is embedded in the answer of a command. [Command] fills it.
type Events struct {
	DryRun bool        `json:"dry_run,omitempty" doc:"true if this was a dry run: nothing was appended"`
	Events []EventLine `json:"events" doc:"The events that were appended, in order; with dry_run the events that would be appended"`
}

func (e *Events) fill(r command.Receipt) {
	e.DryRun, e.Events = r.Planned, make([]EventLine, len(r.Events))
	for i, rec := range r.Events {
		e.Events[i] = LineOf(rec)
	}
}
