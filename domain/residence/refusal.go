package residence

import (
	"fmt"
	"log/slog"
	"time"

	"tizilim/domain"
)

// RefusalCodes say why a person was not deregistered: all the codes of a result. A document
// has words for each.
var RefusalCodes = []domain.Code{
	domain.CodeNotRegisteredHere, domain.CodeEndsBeforeBegin, domain.CodeRecordMerged, domain.CodeCoOwnerDeclined,
	domain.CodeCoOwnersSilent, domain.CodeApplicantNotOwner, domain.CodeOwnersChanged,
}

// RefusalIssued issues the document of a refusal: whom the S001 case did not deregister, and
// why not (R46). It is appended with the decision.
type RefusalIssued struct {
	CaseID        domain.CaseID        `json:"case_id"`
	CertificateID domain.CertificateID `json:"certificate_id"`
	PersonID      domain.PersonID      `json:"person_id"` // who was not deregistered
	DwellingID    domain.DwellingID    `json:"dwelling_id"`
	Code          domain.Code          `json:"code"` // why not, as in the result
	IssuedAt      time.Time            `json:"issued_at"`
}

func (RefusalIssued) EventType() string        { return "DeregistrationRefusalIssued" }
func (e RefusalIssued) EffectiveAt() time.Time { return e.IssuedAt }

func (e RefusalIssued) Concerns() domain.Concern {
	c := atDwelling(e.DwellingID, e.PersonID)
	c.Case = e.CaseID
	return c
}

func (e RefusalIssued) LogValue() slog.Value { return domain.Masked(e) }

// refusals are the documents that follow the decision: one for each person whom it refused.
func (d *Deregistration) refusals(e DeregistrationDecided) []domain.Event {
	var issued []domain.Event
	for _, r := range e.Results {
		if r.Granted() {
			continue
		}
		issued = append(issued, RefusalIssued{
			CaseID: e.CaseID, PersonID: r.PersonID, DwellingID: d.Applied.DwellingID, Code: r.Code, IssuedAt: e.DecidedAt,
			CertificateID: domain.CertificateID{
				UUID: domain.DeriveID(e.CaseID.UUID, fmt.Sprintf("refusal %d of %s", d.Annulled, r.PersonID)),
			},
		})
	}
	return issued
}
