package command_test

import (
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
	"tizilim/domain/rules"
	"tizilim/domain/rules/rulestest"
	"tizilim/eventstore/command"
)

// TestQ10_EveryActIsJudgedByTheRulesOfTheHandler: a ministry's own table and
// calendar reach every decider that asks for them.
func TestQ10_EveryActIsJudgedByTheRulesOfTheHandler(t *testing.T) {
	book := rulestest.Book(
		t,
		"2020-01-01",
		`"term_days": 30`,
		`"term_days": 7`,
		`"term_minutes": 30`,
		`"term_minutes": 45`,
		`["untrue_documents", "no_consent", "requirements_not_met"]`,
		`["requirements_not_met"]`,
		`"temporary_at_most_months": 12`,
		`"temporary_at_most_months": 3`,
		`"contact_valid_minutes": 30`,
		`"contact_valid_minutes": 7`,
		`"retention": {"years": 5}`,
		`"retention": {"years": 7}`,
		`"required_for": [`,
		`"required_for": ["representation",`,
	)
	own := func(t *testing.T) *command.Handler { return newHandler(world(t), withRules(book)) }

	t.Run("a stay", func(t *testing.T) {
		_, err := register(own(t), daur, house, residence.Temporary, command.Options{})(envelope("stay")) // six months
		domaintest.Refused(t, nil, err, domain.CodeTemporaryTooLong, "until")
	})
	t.Run("an application for service housing", func(t *testing.T) {
		r := must(t, "apply", apply(own(t), domaintest.ID[domain.CaseID]("another"), gulnar))
		if got := r.Events[0].Event.(housing.ApplicationReceived); !got.Deadline.Equal(
			domaintest.Day("2026-03-26").End(),
		) { // the 22nd, moved over Nauryz
			t.Errorf("deadline %s, received %s", got.Deadline, got.ReceivedAt)
		}
	})
	t.Run("a statement of contacts", func(t *testing.T) {
		e := stateContacts(t, own(t), "contacts", aigul, residence.StateContacts{Phone: "+77010000001", Language: domain.Kazakh})
		if e.Edition != rulestest.New || e.ConfirmBy.Sub(e.StatedAt) != 7*time.Minute {
			t.Errorf("%+v", e)
		}
	})
	t.Run("an erasure", func(t *testing.T) {
		p := newErasing(withSaule(t), withRules(book))
		if _, err := p.erase(6); domain.CodeOf(err) != domain.CodeErasureBarred || len(p.keys.destroyed) > 0 {
			t.Errorf("six years after the last event: %v", err)
		}
	})
	t.Run("a representation", func(t *testing.T) {
		l := family(t)
		h := newHandler(l, withRules(book))
		_, err := represents(h, daur)(envelope("record"))
		domaintest.Refused(t, nil, err, domain.CodeBasisRequired, "basis")
		_, err = h.EndRepresentation(ctx, envelope("end"), child,
			residence.EndRepresentation{RepresentativeID: gulnar, Reasons: "because"}, command.Options{})
		domaintest.Refused(t, nil, err, domain.CodeBasisRequired, "basis")
	})
	t.Run("a refusal", func(t *testing.T) {
		h := own(t)
		_, err := h.RefuseApplication(
			ctx,
			envelope("refuse"),
			caseOfAigul,
			housing.Refuse{Ground: housing.UntrueDocuments, Reasons: "because"},
			command.Options{},
		)
		domaintest.Refused(t, nil, err, domain.CodeGroundUnknown, "ground")
		r, err := h.RefuseApplication(ctx, envelope("refuse"), caseOfAigul, housing.Refuse{
			Ground: housing.RequirementsNotMet, Reasons: "because", Unmet: "b", Exemption: procedure.Dispense{Exemption: procedure.Urgency, Reasons: "because"},
		}, command.Options{})
		if err != nil {
			t.Fatal(err)
		}
		namesEditions(t, r, rulestest.New)
	})
	for _, dry := range []bool{false, true} {
		t.Run("a placement", func(t *testing.T) {
			r, err := own(
				t,
			).DecidePlacement(ctx, envelope("place"), caseOfAigul, housing.Approve{Examine: nothingFound}, command.Options{DryRun: dry})
			if err != nil {
				t.Fatal(err)
			}
			namesEditions(t, r, rulestest.New, rulestest.New) // approval and certificate
		})
		t.Run("a deregistration", func(t *testing.T) {
			r, err := deregister(own(t), envelope("deregister"), command.Options{DryRun: dry})
			if err != nil {
				t.Fatal(err)
			}
			if got := r.Events[0].Event.(residence.DeregistrationApplied); got.Deadline.Sub(
				got.ReceivedAt,
			) != 45*time.Minute {
				t.Errorf("deadline %s, received %s", got.Deadline, got.ReceivedAt)
			}
			namesEditions(t, r, rulestest.New)
		})
	}
}

// namesEditions fails the test unless the decisions among the events name these
// editions.
func namesEditions(t *testing.T, r command.Receipt, want ...rules.EditionID) {
	t.Helper()
	var got []rules.EditionID
	for _, rec := range r.Events {
		switch e := rec.Event.(type) {
		case residence.DeregistrationDecided:
			got = append(got, e.Edition)
		case housing.PlacementApproved:
			got = append(got, e.Edition)
		case housing.PlacementCertified:
			got = append(got, e.Edition)
		case housing.ApplicationRefused:
			got = append(got, e.Edition)
		}
	}
	if domaintest.Diff(want, got) != "" {
		t.Errorf("judged by %v, want %v", got, want)
	}
}
