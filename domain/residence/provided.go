package residence

import (
	"errors"
	"time"

	"tizilim/domain"
)

// RegistrationDeclined says in the person's stream that the registration for
// which a provision asked cannot be made. It is recorded, so that a repetition
// of the step has the same outcome.
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

func (e RegistrationDeclined) Concerns() domain.Concern { return atDwelling(e.DwellingID, e.PersonID) }

// RegisterProvided decides [Register] for a provision, or records why there is
// no registration. It returns no error: otherwise a repetition of the step
// could register what the first attempt could not.
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
