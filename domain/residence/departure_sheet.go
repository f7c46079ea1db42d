package residence

import (
	"time"

	"tizilim/domain"
)

// DepartureSheetIssued issues the departure sheet from the address of a
// registration that the case has ended (S001-11, R17).
type DepartureSheetIssued struct {
	CaseID         domain.CaseID         `json:"case_id"`
	CertificateID  domain.CertificateID  `json:"certificate_id"`
	PersonID       domain.PersonID       `json:"person_id"`
	RegistrationID domain.RegistrationID `json:"registration_id"`
	DwellingID     domain.DwellingID     `json:"dwelling_id"`
	Kind           Kind                  `json:"kind"`
	Reason         Reason                `json:"reason"`
	On             domain.Date           `json:"ended_on"`
	IssuedAt       time.Time             `json:"issued_at"`
}

func (DepartureSheetIssued) EventType() string        { return "DepartureSheetIssued" }
func (e DepartureSheetIssued) EffectiveAt() time.Time { return e.IssuedAt }

// DepartureSheets are the sheets that follow the case's decision: one for each
// registration that it ended, where the application asked for them (R17). They
// take the endings themselves, so there is no sheet for what has not ended; and
// they are appended with the decision, so that none is lost or issued twice.
func (d *Deregistration) DepartureSheets(cmd domain.Command, ended []RegistrationEnded) []domain.Event {
	if !d.Applied.DepartureSheet {
		return nil
	}
	var sheets []domain.Event
	for _, e := range ended {
		sheets = append(sheets, DepartureSheetIssued{
			CaseID:        d.Applied.CaseID,
			CertificateID: domain.CertificateID{UUID: domain.DeriveID(d.Applied.CaseID.UUID, "departure sheet "+e.RegistrationID.String())},
			PersonID:      e.PersonID, RegistrationID: e.RegistrationID, DwellingID: e.DwellingID,
			Kind: e.Kind, Reason: e.Reason, On: e.On, IssuedAt: cmd.Now,
		})
	}
	return sheets
}
