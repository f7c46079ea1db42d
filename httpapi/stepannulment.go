package httpapi

import (
	"tizilim/domain"
	"tizilim/domain/procedure"
	"tizilim/httpapi/operation"
)

type stepAnnulmentBody struct {
	Event   domain.EventRef `json:"event" maxLength:"80" doc:"The event of the step, as stream@revision; the history has it"`
	Until   domain.Date     `json:"until,omitzero" format:"date" doc:"The last day to correct or to object, if the registry has ended that time too early. Default: the day that was set before"`
	Basis   basisBody       `json:"basis" doc:"The document that shows that the clock was wrong"`
	Reasons string          `json:"reasons" minLength:"1" maxLength:"4000"`
}

func (b stepAnnulmentBody) annul() domain.Annul {
	return domain.Annul{Event: b.Event, Until: b.Until, Basis: b.Basis.basis(), Reasons: domain.Personal(b.Reasons)}
}

const stepAnnulmentDoc = "The registry marks lateness, returns applications and ends hearings when an instant has come. " +
	"If its clock was wrong, such a step was taken too early. The annulment names it; its effect is undone, and the " +
	"registry takes it again when its instant has come. Nothing is deleted."

var stepAnnulmentProblems = codes{
	domain.CodeFactUnknown, domain.CodeEventRefFormat, domain.CodeReasonsRequired, domain.CodeTooEarly,
	domain.CodeMemberNotAllowed, domain.CodeDeciderRecused, domain.CodeDateInFuture, domain.CodeHashFormat,
	domain.CodeAnnulmentOvertaken,
}

const stepAnnulmentExample = `", "reasons": "the clock of a server was a day ahead for ten seconds", "basis": {
	"type": "other", "number": "17", "issued_on": "2026-03-10", "issuer": "operators of the registry",
	"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
}}`

func (s *Server) annulStep() operation.Operation {
	return step(s, operation.Declaration{
		ID: "step-annulment", Of: operation.OfCase, Doc: stepAnnulmentDoc,
		Summary:  "Annul a step that the registry took too early because its clock was wrong",
		Roles:    []domain.Role{domain.RoleProvider, domain.RoleCommission},
		Problems: stepAnnulmentProblems,
		Example:  `{"event": "case-ed90ba3a-a1e5-55cd-b69c-5fda8983422d@3` + stepAnnulmentExample,
	}, func(c *procedure.Case, cmd domain.Command, _ procedure.Terms, b stepAnnulmentBody) ([]domain.Event, error) {
		return c.AnnulStep(cmd, procedure.AnnulStep{
			Annul: b.annul(), Stream: c.CaseID.Stream(),
		})
	})
}
