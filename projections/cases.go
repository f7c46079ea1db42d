package projections

import (
	"slices"
	"time"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
)

// storedApplication is what a case begins with.
type storedApplication struct {
	Applicant      domain.PersonID   `json:"applicant"`
	Channel        domain.Channel    `json:"channel"`
	Language       domain.Language   `json:"language"`
	List           domain.ListID     `json:"list,omitzero"`
	Dwelling       domain.DwellingID `json:"dwelling,omitzero"`
	Ground         residence.Ground  `json:"ground,omitempty"`
	Persons        []domain.PersonID `json:"persons,omitempty"`
	DepartureSheet bool              `json:"departure_sheet,omitempty"`
	ReceivedAt     time.Time         `json:"received_at"`
	Deadline       time.Time         `json:"deadline"`
}

// cases keeps the present state of every application.
func cases(rec domain.Recorded) []op {
	switch e := rec.Event.(type) {
	case residence.DeregistrationApplied:
		return []op{set(e.CaseID.Stream(), "service", string(S001), "state", string(InReview),
			"application", stored(storedApplication{
				Applicant: e.ApplicantID, Channel: e.Channel, Language: e.Language, Dwelling: e.DwellingID,
				Ground: e.Ground, Persons: e.Persons, DepartureSheet: e.DepartureSheet,
				ReceivedAt: e.ReceivedAt, Deadline: e.Deadline,
			}))}
	case residence.DeregistrationDecided:
		state := Refused
		if slices.ContainsFunc(e.Results, residence.Result.Granted) {
			state = Granted
		}
		return []op{set(e.CaseID.Stream(), "state", string(state), "results", stored(e.Results), "edition", string(e.Edition))}
	case housing.ApplicationReceived:
		family := make([]domain.PersonID, len(e.Family))
		for i, m := range e.Family {
			family[i] = m.PersonID
		}
		return []op{set(e.CaseID.Stream(), "service", string(S000), "state", string(InReview),
			"application", stored(storedApplication{
				Applicant: e.ApplicantID, Channel: e.Channel, Language: e.Language, List: e.ListID,
				Persons: family, ReceivedAt: e.ReceivedAt, Deadline: e.Deadline,
			}))}
	case housing.PlacementApproved:
		return []op{set(e.CaseID.Stream(), "state", string(Approved))}
	case housing.ApprovalVoided:
		return []op{set(e.CaseID.Stream(), "state", string(InReview))}
	case housing.PlacementCertified:
		return []op{set(e.CaseID.Stream(), "state", string(Granted), "certificate", stored(PlacementCertificate{
			ID: e.CertificateID, EntryID: e.EntryID, Number: e.Number, RegisteredOn: e.RegisteredOn, CertifiedAt: e.CertifiedAt,
		}), "edition", string(e.Edition))}
	case housing.ApplicationRefused:
		return []op{set(e.CaseID.Stream(), "state", string(Refused), "refusal", stored(RefusalCertificate{
			ID: e.CertificateID, Ground: e.Ground, Reasons: e.Reasons, AppealRoute: e.AppealRoute, RefusedAt: e.RefusedAt,
		}), "edition", string(e.Edition))}
	}
	return nil
}
