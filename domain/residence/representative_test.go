package residence_test

import (
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
	"tizilim/domain/rules"
	"tizilim/domain/rules/rulestest"
)

// child is Daur, who is 13 until 15 March 2026 and has that birthday tomorrow
// unless another day is given.
func child(birth string) history { return recorded(daur, residence.Citizen, birth) }

const thirteen, fourteen = "2012-03-16", "2012-03-15"

func (h history) representedBy(id domain.PersonID) history {
	return h.represented(id, residence.Parent)
}
func (h history) guardedBy(id domain.PersonID) history { return h.represented(id, residence.Guardian) }

func (h history) represented(id domain.PersonID, as residence.Representation) history {
	return append(
		h[:len(h):len(h)],
		residence.RepresentativeRecorded{
			PersonID: h.person(), RepresentativeID: id, Kind: as, RecordedAt: domaintest.Noon(),
		},
	)
}

func (h history) released(id domain.PersonID) history {
	return append(
		h[:len(h):len(h)],
		residence.RepresentationEnded{
			PersonID:         h.person(),
			RepresentativeID: id,
			Reasons:          "released",
			By:               day("2026-04-14"), // R50
			EndedAt:          domaintest.Noon(),
		},
	)
}

func (h history) noted(ward domain.PersonID) history {
	return append(
		h[:len(h):len(h)],
		residence.WardNoted{PersonID: h.person(), WardID: ward, NotedAt: domaintest.Noon()},
	)
}

// with is the household of a person who represents the minor, together with the
// others.
func with(minor history, others ...history) residence.Household {
	w := residence.Ward{Minor: minor.fold()}
	for _, o := range others {
		w.Representatives = append(w.Representatives, o.fold())
	}
	return residence.Household{Wards: []residence.Ward{w}}
}

func TestR9_R20_WhoRepresentsAMinorIsRecordedAndEnded(t *testing.T) {
	record := func(who history, kind residence.Representation, by rules.Book) func(*residence.Person) ([]domain.Event, error) {
		return func(p *residence.Person) ([]domain.Event, error) {
			return p.RecordRepresentative(
				domaintest.Command(),
				residence.RecordRepresentative{Representative: who.fold(), Kind: kind, Rules: by},
			)
		}
	}
	end := func(who domain.PersonID, reasons domain.Personal) func(*residence.Person) ([]domain.Event, error) {
		return func(p *residence.Person) ([]domain.Event, error) {
			return p.EndRepresentation(
				domaintest.Command(),
				residence.EndRepresentation{RepresentativeID: who, Reasons: reasons},
			)
		}
	}
	byAigul := residence.RepresentativeRecorded{
		PersonID:         daur,
		RepresentativeID: aigul,
		Kind:             residence.Parent,
		RecordedAt:       domaintest.Noon(),
	}
	none := rules.Book{}
	older := rulestest.Book(t, "2026-01-01", `"capacity":18`, `"capacity":21`)
	domaintest.Run(t, []domaintest.Spec[residence.Person]{
		{
			Name:  "R20 a parent",
			Given: child(thirteen),
			When:  record(resident(), residence.Parent, none),
			Then:  []domain.Event{byAigul},
		},
		{
			Name:  "R20 a second one",
			Given: child(thirteen).representedBy(erlan),
			When:  record(resident(), residence.Parent, none),
			Then:  []domain.Event{byAigul},
		},
		{
			Name:    "Q24 a third parent",
			Given:   child(thirteen).representedBy(erlan).representedBy(domaintest.ID[domain.PersonID]("second parent")),
			When:    record(resident(), residence.Parent, none),
			Refused: domain.CodeKinshipImpossible,
			Field:   "kind",
		},
		{
			Name:    "Q24 a parent born after the child",
			Given:   child(thirteen),
			When:    record(recorded(aigul, residence.Citizen, "2012-03-17"), residence.Parent, none),
			Refused: domain.CodeKinshipImpossible,
			Field:   "representative_id",
		},
		{
			Name:  "R20 again after the end",
			Given: child(thirteen).representedBy(aigul).released(aigul),
			When:  record(resident(), residence.Parent, none),
			Then:  []domain.Event{byAigul},
		},
		{
			Name:    "R20 not twice",
			Given:   child(thirteen).representedBy(aigul),
			When:    record(resident(), residence.Guardian, none),
			Refused: domain.CodeRepresentativeRecorded,
			Field:   "representative_id",
		},
		{
			Name:    "R20 not themselves",
			Given:   child(thirteen),
			When:    record(child(thirteen), residence.Parent, none),
			Refused: domain.CodeNotAMinor,
			Field:   "representative_id",
		},
		{
			Name:    "R20 not an uncle",
			Given:   child(thirteen),
			When:    record(resident(), "uncle", none),
			Refused: domain.CodeValueUnknown,
			Field:   "kind",
		},
		{
			Name:    "R20 not somebody unknown",
			Given:   child(thirteen),
			When:    record(nil, residence.Parent, none),
			Refused: domain.CodePersonUnknown,
			Field:   "representative_id",
		},
		{
			Name:    "R20 not of somebody unknown",
			When:    record(resident(), residence.Parent, none),
			Refused: domain.CodePersonUnknown,
		},
		{
			Name:  "R9 of one who is 18 tomorrow",
			Given: child("2008-03-16"),
			When:  record(resident(), residence.Parent, none),
			Then:  []domain.Event{byAigul},
		},
		{
			Name:    "R9 not of one who is 18 today",
			Given:   child("2008-03-15"),
			When:    record(resident(), residence.Parent, none),
			Refused: domain.CodeNotAMinor,
		},
		{
			Name:  "R9 the age is that of the edition in force",
			Given: child("2008-03-15"),
			When:  record(resident(), residence.Parent, older),
			Then:  []domain.Event{byAigul},
		},
		{
			Name:  "R20 ended",
			Given: child(thirteen).representedBy(aigul),
			When:  end(aigul, "released"),
			Then:  []domain.Event{child(thirteen).released(aigul)[1]},
		},
		{
			Name:    "R20 not ended without reasons",
			Given:   child(thirteen).representedBy(aigul),
			When:    end(aigul, ""),
			Refused: domain.CodeReasonsRequired,
			Field:   "reasons",
		},
		{
			Name:    "R20 not ended of another",
			Given:   child(thirteen).representedBy(aigul),
			When:    end(erlan, "released"),
			Refused: domain.CodeNotRepresentative,
			Field:   "representative_id",
		},
		{
			Name:    "R20 not ended twice",
			Given:   child(thirteen).representedBy(aigul).released(aigul),
			When:    end(aigul, "released"),
			Refused: domain.CodeNotRepresentative,
			Field:   "representative_id",
		},
		{Name: "R20 nor of somebody unknown", When: end(aigul, "released"), Refused: domain.CodePersonUnknown},
	})
}

// TestR20_LeavingAChildBehindIsAWarningNotARefusal: Aigul resides in the flat
// and moves, is deregistered, leaves the country, or never was there.
func TestR20_LeavingAChildBehindIsAWarningNotARefusal(t *testing.T) {
	here := func(h history) history { return h.permanent(first, flat, "2020-01-01") }
	mother := here(resident()).noted(daur)
	father := recorded(erlan, residence.Citizen, "1985-05-05")
	represented := child(thirteen).representedBy(aigul).representedBy(erlan)
	left := []residence.Warning{{Code: domain.CodeChildLeft, PersonID: daur}}
	fifteen := rulestest.Book(t, "2026-01-01", `"own_registration":14`, `"own_registration":15`)
	for _, c := range []struct {
		name  string
		of    residence.Household
		named []domain.PersonID // in the same application
		rules rules.Book
		want  []residence.Warning
	}{
		{"R20 the child stays alone", with(here(represented), mother, father), nil, rules.Book{}, left},
		{"R20 the child stays with a father who only stays there", with(here(represented), mother, father.temporary(again, flat, "2026-01-01", "2026-09-01")), nil, rules.Book{}, left},
		{"R20 the child stays with the father", with(here(represented), mother, here(father)), nil, rules.Book{}, nil},
		{"R20 the child stays with a father who represents no more", with(here(represented).released(erlan), mother), nil, rules.Book{}, left},
		{"R20 the child goes too", with(here(represented), mother, father), []domain.PersonID{aigul, daur}, rules.Book{}, nil},
		{"R20 the father goes too", with(here(represented), mother, here(father)), []domain.PersonID{aigul, erlan}, rules.Book{}, left},
		{"R20 the child resides elsewhere", with(represented.permanent(first, house, "2020-01-01"), mother, father), nil, rules.Book{}, nil},
		{"R20 the child resides nowhere", with(represented, mother, father), nil, rules.Book{}, nil},
		{"R20 the child only stays there", with(represented.temporary(first, flat, "2026-01-01", "2026-09-01"), mother, father), nil, rules.Book{}, nil},
		{"R20 she represents the child no more", with(here(represented).released(aigul), father), nil, rules.Book{}, nil},
		{"R20 the child is 14", with(here(child(fourteen).representedBy(aigul)), mother), nil, rules.Book{}, nil},
		{"R20 the age is that of the edition in force", with(here(child(fourteen).representedBy(aigul)), mother), nil, fifteen, left},
		{"R20 there is no child", residence.Household{}, nil, rules.Book{}, nil},
	} {
		ending := func(why residence.Reason, id domain.CaseID) residence.RegistrationEnded {
			return residence.RegistrationEnded{
				PersonID:       aigul,
				RegistrationID: first,
				DwellingID:     flat,
				Kind:           residence.Permanent,
				Reason:         why,
				On:             today,
				CaseID:         id,
				Warnings:       c.want,
			}
		}
		for _, g := range residence.Grounds {
			t.Run(c.name+", "+string(g), func(t *testing.T) {
				events, err := mother.fold().
					EndFor(residence.EndFor{CaseID: caseID, DwellingID: flat, Ground: g, On: today, Named: c.named, Household: c.of, Rules: c.rules})
				domaintest.Happened(t, events, err, ending(residence.Reason(g), caseID))
			})
		}
		if c.named != nil {
			continue
		}
		t.Run(c.name+", a move", func(t *testing.T) {
			events, err := mother.fold().Register(domaintest.Command(), residence.Register{
				RegistrationID: again, DwellingID: house, Kind: residence.Permanent, From: today, Household: c.of, Rules: c.rules,
			})
			domaintest.Happened(
				t,
				events,
				err,
				ending(residence.MovedToNewAddress, domain.CaseID{}),
				residence.RegistrationBegan{
					PersonID:       aigul,
					RegistrationID: again,
					DwellingID:     house,
					Kind:           residence.Permanent,
					From:           today,
				},
			)
		})
		t.Run(c.name+", a correction", func(t *testing.T) {
			act := accepting(correct(annul(1)), domain.CodeLeavesWithoutResidence)
			act.Household, act.Rules = c.of, c.rules
			plan, err := mother.fold().PlanCorrection(domaintest.Command(), act)
			if err != nil || domaintest.Diff(c.want, plan.Warnings) != "" {
				t.Fatalf("warns of %v, want %v: %v", plan.Warnings, c.want, err)
			}
			events, err := mother.fold().Correct(domaintest.Command(), act)
			if err != nil || domaintest.Diff(c.want, events[0].(residence.RegistrationAnnulled).Warnings) != "" {
				t.Errorf("recorded %+v, %v", events, err)
			}
		})
	}
	t.Run("R20 the end of a stay leaves nobody behind", func(t *testing.T) {
		guest := resident().temporary(first, flat, "2026-01-01", "2026-09-01").noted(daur)
		events, err := guest.fold().
			EndFor(residence.EndFor{CaseID: caseID, DwellingID: flat, Ground: residence.GroundOwnerApplication, On: today, Household: with(here(represented), guest)})
		if err != nil || events[0].(residence.RegistrationEnded).Warnings != nil {
			t.Errorf("%+v, %v", events, err)
		}
	})
}

func TestR20_TheResidenceOfAChildIsThatOfARepresentative(t *testing.T) {
	mother := resident().permanent(first, flat, "2020-01-01").fold()
	father := recorded(erlan, residence.Citizen, "1985-05-05").fold()
	apart := []residence.Warning{{Code: domain.CodeChildApart, PersonID: daur}}
	fifteen := rulestest.Book(t, "2026-01-01", `"own_registration":14`, `"own_registration":15`)
	for _, c := range []struct {
		name  string
		child history
		who   []*residence.Person
		at    domain.DwellingID
		rules rules.Book
		want  []residence.Warning
	}{
		{"R20 with the mother", child(thirteen).representedBy(aigul).representedBy(erlan), []*residence.Person{father, mother}, flat, rules.Book{}, nil},
		{"R20 with nobody who represents", child(thirteen).representedBy(aigul).representedBy(erlan), []*residence.Person{father, mother}, house, rules.Book{}, apart},
		{"R20 with one who represents no more", child(thirteen).representedBy(aigul).representedBy(erlan).released(aigul), []*residence.Person{father, mother}, flat, rules.Book{}, apart},
		{"R20 nothing is said where none is recorded", child(thirteen), nil, house, rules.Book{}, nil},
		{"R20 one of 14 registers in their own right", child(fourteen).representedBy(aigul), []*residence.Person{mother}, house, rules.Book{}, nil},
		{"R20 the age is that of the edition in force", child(fourteen).representedBy(aigul), []*residence.Person{mother}, house, fifteen, apart},
	} {
		register := residence.Register{
			RegistrationID: again,
			DwellingID:     c.at,
			Kind:           residence.Permanent,
			From:           today,
			Household:      residence.Household{Representatives: c.who},
			Rules:          c.rules,
		}
		t.Run(c.name, func(t *testing.T) {
			events, err := c.child.fold().Register(domaintest.Command(), register)
			domaintest.Happened(t, events, err, residence.RegistrationBegan{
				PersonID: daur, RegistrationID: again, DwellingID: c.at, Kind: residence.Permanent, From: today, Warnings: c.want,
			})
		})
		t.Run(c.name+", for a while", func(t *testing.T) {
			register.Kind, register.Until = residence.Temporary, today.AddMonths(3)
			events, err := c.child.fold().Register(domaintest.Command(), register)
			if err != nil || events[0].(residence.RegistrationBegan).Warnings != nil {
				t.Errorf("a stay is no residence: %+v, %v", events, err)
			}
		})
	}
}

func TestR20_AHouseholdThatWasReadBeforeItGrewDoesNotCover(t *testing.T) {
	none := residence.Household{}
	for _, c := range []struct {
		name string
		of   history
		read residence.Household
		want bool
	}{
		{"R20 nobody", resident(), none, true},
		{"R20 a minor who was read", resident().noted(daur), with(child(thirteen)), true},
		{"R20 a minor noted since", resident().noted(daur), none, false},
		{"R20 another minor", resident().noted(erlan), with(child(thirteen)), false},
		{"R20 a representative who was read", child(thirteen).representedBy(aigul), residence.Household{Representatives: []*residence.Person{resident().fold()}}, true},
		{"R20 a representative recorded since", child(thirteen).representedBy(aigul), none, false},
	} {
		if got := c.read.Covers(c.of.fold()); got != c.want {
			t.Errorf("%s: covers %t", c.name, got)
		}
	}
}
