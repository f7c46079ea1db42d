package command_test

import (
	"strings"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/housing/housingtest"
	"tizilim/eventstore/command"
)

// Of the body of the world's list, and of another.
var (
	sister  = domaintest.ID[domain.ListID]("a list of the same body elsewhere")
	foreign = domaintest.ID[domain.ListID]("a list of another body")
)

// bodies is a world in which two bodies keep three lists, and a handler that
// knows of all.
func bodies(t testing.TB) (*memoryLog, *command.Handler) {
	t.Helper()
	l := world(t)
	kept := map[string][]domain.ListID{"body": {list, sister}, "another body": {foreign}}
	h := newHandler(l, withModel(model{lists: kept}))
	for id, body := range map[domain.ListID]string{sister: "body", foreign: "another body"} {
		must(t, "open "+id.String(), func(cmd domain.Command) (command.Receipt, error) {
			return h.OpenList(
				ctx,
				cmd,
				housing.OpenList{ListID: id, Body: body, Settlement: "Астана", Title: "t"},
				command.Options{},
			)
		})
	}
	return l, h
}

// applyAt applies for a list and returns the case.
func applyAt(
	t testing.TB, h *command.Handler, id domain.ListID, p domain.PersonID, family ...housing.FamilyMember,
) domain.CaseID {
	t.Helper()
	caseID := domaintest.ID[domain.CaseID](p.String() + " at " + id.String())
	must(t, "apply "+caseID.String(), func(cmd domain.Command) (command.Receipt, error) {
		return h.ReceiveApplication(ctx, cmd, housing.ReceiveApplication{
			CaseID: caseID, ListID: id, ApplicantID: p, Family: family, Consent: true, Language: domain.Kazakh, Signature: domain.SignatureHandwritten,
			Service: housingtest.Service("body"),
		}, command.Options{})
	})
	for _, m := range family { // who consents for themselves
		_, err := h.AnswerAsMember(
			ctx, own("consent to "+caseID.String()), caseID, housing.AnswerAsMember{PersonID: m.PersonID, Given: true},
			command.Options{},
		)
		if err != nil {
			t.Fatal(err)
		}
	}
	return caseID
}

func TestQ5_OneEntryOnAllListsOfABody(t *testing.T) {
	daurCounts := func(relation housing.Relation) func(*testing.T, *memoryLog, *command.Handler) {
		return func(t *testing.T, _ *memoryLog, h *command.Handler) {
			must(t, "daur has a family", func(cmd domain.Command) (command.Receipt, error) {
				family := []housing.FamilyMember{{PersonID: erlan, Relation: relation}}
				c := housing.ReportChange{
					EntryID: entryOfDaur, Kind: housing.FamilyChanged, HappenedOn: domaintest.Today(),
					Family: family, Papers: housingtest.Papers(nil, family),
				}
				if relation == housing.Child { // who is of age
					c.Accept = seen
				}
				return h.ReportChange(ctx, cmd, list, c, command.Options{})
			})
		}
	}
	daurLeft := func(t *testing.T, l *memoryLog, _ *command.Handler) { removeReviewed(t, l, "daur", entryOfDaur) }
	for _, c := range []struct {
		name   string
		before func(*testing.T, *memoryLog, *command.Handler)
		at     domain.ListID
		who    domain.PersonID
		family []housing.FamilyMember
		code   domain.Code
	}{
		{name: "Q5 who stands on another list", at: sister, who: daur, code: domain.CodeAlreadyOnList},
		{name: "Q5 who stood there", before: daurLeft, at: sister, who: daur},
		{name: "Q5 whose spouse stands there", at: sister, who: gulnar, family: []housing.FamilyMember{{PersonID: daur, Relation: housing.Spouse}}, code: domain.CodeSpouseOnList},
		{name: "Q5 whose spouse stood there", before: daurLeft, at: sister, who: gulnar, family: []housing.FamilyMember{{PersonID: daur, Relation: housing.Spouse}}},
		{name: "Q5 who is counted as a spouse there", before: daurCounts(housing.Spouse), at: sister, who: erlan, code: domain.CodeSpouseOnList},
		{name: "Q5 who is counted as a child there", before: daurCounts(housing.Child), at: sister, who: erlan},
		{name: "Q5 who stands on the list of another body", at: foreign, who: daur},
		{name: "Q5 who stands nowhere", at: sister, who: gulnar},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, h := bodies(t)
			if c.before != nil {
				c.before(t, l, h)
			}
			caseID := applyAt(t, h, c.at, c.who, c.family...)
			n := l.len()
			for _, opt := range []command.Options{{DryRun: true}, {}} {
				_, err := h.DecidePlacement(ctx, envelope("place"), caseID, housing.Approve{Examine: nothingFound, Accept: seen}, opt)
				if domain.CodeOf(err) != c.code {
					t.Fatalf("dry run %t: %v, want %q", opt.DryRun, err, c.code)
				}
				if c.code != "" && (l.len() != n || !strings.Contains(err.Error(), list.String())) {
					t.Errorf("recorded %v, and said %v, which is to name the list", typesOf(l.since(n)), err)
				}
			}
		})
	}
}

func TestQ5_NobodyComesBackOrFollowsBesideAnotherListOfTheBody(t *testing.T) {
	t.Run("Q5 Q16 a transfer", func(t *testing.T) {
		l, h := bodies(t)
		must(t, "daur has a family", func(cmd domain.Command) (command.Receipt, error) {
			return reportFamily(h, cmd, command.Options{})
		})
		transfer := func(cmd domain.Command) (command.Receipt, error) {
			return h.TransferEntry(ctx, cmd, list, housing.Transfer{
				EntryID: entryOfDaur, PersonID: erlan, Cause: housing.HolderDied, On: domaintest.Today(), Need: checked,
				Accept: seen,
			}, command.Options{})
		}
		must(t, "erlan is placed on the other list", approve(h, applyAt(t, h, sister, erlan)))
		n := l.len()
		if _, err := transfer(envelope("transfer")); domain.CodeOf(err) != domain.CodeAlreadyOnList || l.len() != n {
			t.Errorf("%v, and recorded %v", err, typesOf(l.since(n)))
		}
	})
	t.Run("Q5 Q16 a transfer to the spouse, whom the entry itself counts", func(t *testing.T) {
		_, h := bodies(t)
		must(t, "daur is married", func(cmd domain.Command) (command.Receipt, error) {
			return h.ReportChange(ctx, cmd, list, housing.ReportChange{
				EntryID: entryOfDaur, Kind: housing.FamilyChanged, HappenedOn: domaintest.Today(),
				Family: []housing.FamilyMember{{PersonID: gulnar, Relation: housing.Spouse}},
				Papers: housingtest.Papers(nil, []housing.FamilyMember{{PersonID: gulnar, Relation: housing.Spouse}}),
			}, command.Options{})
		})
		must(t, "transfer", func(cmd domain.Command) (command.Receipt, error) {
			return h.TransferEntry(ctx, cmd, list, housing.Transfer{
				EntryID: entryOfDaur, PersonID: gulnar, Cause: housing.HolderDied, On: domaintest.Today(), Need: checked,
				Accept: seen,
			}, command.Options{})
		})
	})
	t.Run("Q5 Q15 a reinstatement", func(t *testing.T) {
		l, h := bodies(t)
		removeReviewed(t, l, "daur", entryOfDaur)
		must(t, "daur is placed on the other list", approve(h, applyAt(t, h, sister, daur)))
		n := l.len()
		if _, err := h.ReinstateEntry(ctx, envelope("reinstate"), list, housing.Reinstate{
			EntryID: entryOfDaur, Ground: housing.CourtAct, Act: courtAct,
		}, command.Options{}); domain.CodeOf(err) != domain.CodeAlreadyOnList || l.len() != n {
			t.Errorf("%v, and recorded %v", err, typesOf(l.since(n)))
		}
	})
}

// TestQ5_AModelThatCannotTellStopsThePlacementOnly: nothing is recorded, and
// what was done before is answered all the same.
func TestQ5_AModelThatCannotTellStopsThePlacementOnly(t *testing.T) {
	l, h := bodies(t)
	caseID := applyAt(t, h, sister, gulnar)
	behind := newHandler(
		l,
		withModel(model{behind: domain.Refuse(domain.Unavailable, domain.CodeModelBehind, "behind")}),
	)
	n := l.len()
	if _, err := approve(behind, caseID)(envelope("place")); domain.CodeOf(err) != domain.CodeModelBehind ||
		l.len() != n {
		t.Fatalf("%v, and recorded %v", err, typesOf(l.since(n)))
	}
	must(t, "place", approve(h, caseID))
	if r := must(t, "place", approve(behind, caseID)); !r.Repeated {
		t.Error("the repetition was carried out anew")
	}
}
