package certificates_test

import (
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/certificates"
	"tizilim/domain/domaintest"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
)

// TestR46_ADocumentOfADecisionIsVoidOnceTheDecisionHasFallen: until then it stands, and what
// else the case has issued goes on to stand.
func TestR46_ADocumentOfADecisionIsVoidOnceTheDecisionHasFallen(t *testing.T) {
	complaint := func(o procedure.ComplaintOutcome) domain.Event {
		return procedure.ComplaintDecided{CaseID: caseID, Outcome: o}
	}
	stays := append(departure[:2:2], residence.RefusalIssued{
		CaseID: caseID, CertificateID: paper, PersonID: tenant, IssuedAt: domaintest.Noon(),
	})
	for name, given := range map[string][]domain.Event{
		"a placement": placed, "a refusal": refused, "a refused deregistration": stays,
	} {
		for act, c := range map[string]struct {
			event domain.Event
			falls bool
		}{
			"a complaint that is satisfied": {complaint(procedure.Satisfied), true},
			"a complaint that is dismissed": {complaint(procedure.Upheld), false},
			"the annulment of a silence":    {residence.SilenceAnnulled{CaseID: caseID}, true},
			"another event":                 {procedure.CaseWithdrawn{CaseID: caseID}, false},
		} {
			t.Run("R46 "+name+" after "+act, func(t *testing.T) {
				f := domaintest.Fold[certificates.Documents](given...)
				rec := domaintest.Recorded(len(given), c.event)
				f.Apply(rec)
				for _, d := range f.Documents {
					void := c.falls && d.Kind != certificates.Talon
					if got := d.Status() == certificates.Void; got != void {
						t.Errorf("the %s is %s", d.Kind, d.Status())
					}
					if void && d.VoidSince != domain.DateOf(rec.Created) {
						t.Errorf("void since %s", d.VoidSince)
					}
				}
				f.Apply(domaintest.Recorded(len(given)+1, residence.RefusalIssued{
					CaseID: caseID, CertificateID: other, PersonID: guest, IssuedAt: domaintest.Noon().Add(time.Hour),
				}))
				if d, _ := f.Find(other); d.Status() != certificates.Valid {
					t.Error("what is decided afterwards is void too")
				}
			})
		}
	}
}
