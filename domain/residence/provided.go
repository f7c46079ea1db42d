package residence

import (
	"errors"
	"time"

	"tizilim/domain"
)

// RegistrationDeclined is the answer of a person's stream to a provision that
// asked for a registration which cannot be made. It is recorded, so that whoever
// repeats the step gets the same answer.
type RegistrationDeclined struct {
	PersonID   domain.PersonID   `json:"person_id"`
	DwellingID domain.DwellingID `json:"dwelling_id"`
	CaseID     domain.CaseID     `json:"case_id"` // of the provision
	Code       domain.Code       `json:"code"`
	Reason     string            `json:"reason"`
	DeclinedAt time.Time         `json:"declined_at"`
}

func (RegistrationDeclined) EventType() string        { return "RegistrationDeclined" }
func (e RegistrationDeclined) EffectiveAt() time.Time { return e.DeclinedAt }

func (e RegistrationDeclined) Concerns() domain.Concern { return atDwelling(e.PersonID, e.DwellingID) }

// RegisterProvided decides [Register] for a provision, or says, recorded, why
// there is no registration. It refuses nothing: what could not be registered
// when the step was taken first may be possible when it is repeated.
func (p *Person) RegisterProvided(cmd domain.Command, c Register) ([]domain.Event, error) {
	events, err := p.Register(cmd, c)
	var refused *domain.Error
	if errors.As(err, &refused) && (refused.Kind == domain.Invalid || refused.Kind == domain.Conflict) {
		return []domain.Event{RegistrationDeclined{
			PersonID: p.ID, DwellingID: c.DwellingID, CaseID: c.Provision, Code: refused.Code, Reason: refused.Message, DeclinedAt: cmd.Now,
		}}, nil
	}
	return events, err
}
