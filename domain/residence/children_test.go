package residence_test

import (
	"maps"
	"reflect"
	"slices"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
)

// warned are the warnings of the events of an act.
func warned(t *testing.T, events []domain.Event, err error) []residence.Warning {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var all []residence.Warning
	for _, e := range events {
		if w := reflect.ValueOf(e).FieldByName("Warnings"); w.IsValid() {
			all = append(all, w.Interface().([]residence.Warning)...)
		}
	}
	return all
}

// leaving are the acts that can leave a child worse off, by name: each on the person, who is
// registered at the flat by the event of revision 1.
func leaving() map[string]func(*residence.Person, residence.Household) ([]domain.Event, error) {
	acts := map[string]func(*residence.Person, residence.Household) ([]domain.Event, error){
		"a move": func(p *residence.Person, of residence.Household) ([]domain.Event, error) {
			return p.Register(domaintest.Command(), residence.Register{
				RegistrationID: again, DwellingID: house, Kind: residence.Permanent, From: today, Household: of,
			})
		},
		"a death": func(p *residence.Person, of residence.Household) ([]domain.Event, error) {
			return p.RecordDeath(domaintest.Command(), residence.RecordDeath{
				On: today, Basis: domaintest.Basis(), Household: of,
			})
		},
		"an annulment": func(p *residence.Person, of residence.Household) ([]domain.Event, error) {
			change := annul(1)
			change.Fact.Event.Stream = p.ID.Stream()
			act := accepting(correct(change), residence.AcceptableConsequences...)
			act.Household = of
			return p.Correct(domaintest.Command(), act)
		},
	}
	for _, g := range residence.Grounds {
		acts[string(g)] = func(p *residence.Person, of residence.Household) ([]domain.Event, error) {
			return p.EndFor(residence.EndFor{CaseID: caseID, DwellingID: flat, Ground: g, On: today, Household: of})
		}
	}
	return acts
}

func TestR20_EveryActThatLeavesAChildWorseOffWarns(t *testing.T) {
	here := func(h history) history { return h.permanent(first, flat, "2020-01-01") }
	mother, father := here(resident()).noted(daur), here(recorded(erlan, residence.Citizen, "1985-05-05")).noted(daur)
	of := func(codes ...domain.Code) (warnings []residence.Warning) {
		for _, code := range codes {
			warnings = append(warnings, residence.Warning{Code: code, PersonID: daur})
		}
		return warnings
	}
	const left, nowhere, alone = domain.CodeChildLeft, domain.CodeChildNowhere, domain.CodeChildAlone
	for _, name := range slices.Sorted(maps.Keys(leaving())) {
		act := leaving()[name]
		ofParent, ofChild := of(left), of(nowhere)
		switch name {
		case "a death":
			ofParent, ofChild = of(left, alone), nil
		case "a move":
			ofChild = of(domain.CodeChildApart)
		}
		one, both := here(child(thirteen)).representedBy(aigul), here(child(thirteen)).representedBy(aigul).representedBy(erlan)
		for _, c := range []struct {
			what      string
			of        history
			household residence.Household
			want      []residence.Warning
		}{
			{"of the only representative", mother, with(one, mother), ofParent},
			{"of one of two", mother, with(both, mother, father), nil},
			{"of one of two, and the other has died", mother, with(both, mother, father.dead("2026-01-01")), ofParent},
			{"of who represented", mother, with(one.released(aigul), mother), nil},
			{"of the parent of an adult", mother, with(here(child("2008-03-15")).representedBy(aigul), mother), nil},
			{"of the child", one, residence.Household{Representatives: []*residence.Person{mother.fold()}}, ofChild},
		} {
			t.Run("R20 "+name+" "+c.what, func(t *testing.T) {
				events, err := act(c.of.fold(), c.household)
				if got := warned(t, events, err); domaintest.Diff(c.want, got) != "" {
					t.Errorf("warns of %v, want %v", got, c.want)
				}
			})
		}
	}
}

func TestR20_TheEndOfARepresentationWarns(t *testing.T) {
	here := func(h history) history { return h.permanent(first, flat, "2020-01-01") }
	mother, father := here(resident()), recorded(erlan, residence.Citizen, "1985-05-05")
	minor, adult := here(child(thirteen)).representedBy(aigul), here(child("2008-03-15"))
	left := residence.Warning{Code: domain.CodeChildLeft, PersonID: daur}
	alone := residence.Warning{Code: domain.CodeChildAlone, PersonID: daur}
	for _, c := range []struct {
		name  string
		child history
		who   []history
		want  []residence.Warning
	}{
		{"R20 of the only one", minor, []history{mother}, []residence.Warning{alone}},
		{"R20 the other is registered elsewhere", minor.representedBy(erlan), []history{mother, father}, []residence.Warning{left}},
		{"R20 the other is registered there", minor.representedBy(erlan), []history{mother, here(father)}, nil},
		{"R20 the other has died", minor.representedBy(erlan), []history{mother, father.dead("2026-01-01")}, []residence.Warning{left, alone}},
		{"R20 of the guardian of an adult", adult.guardedOn(aigul, "2026-03-15"), []history{mother}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var household residence.Household
			for _, h := range c.who {
				household.Representatives = append(household.Representatives, h.fold())
			}
			events, err := c.child.fold().EndRepresentation(domaintest.Command(), residence.EndRepresentation{
				RepresentativeID: aigul, Reasons: "released", Household: household,
			})
			if got := warned(t, events, err); domaintest.Diff(c.want, got) != "" {
				t.Errorf("warns of %v, want %v", got, c.want)
			}
		})
	}
}

func TestR20_AnErasureAndADeathOfWhoResidesElsewhereWarn(t *testing.T) {
	mother := resident().noted(daur)
	minor := child(thirteen).permanent(first, flat, "2020-01-01").representedBy(aigul)
	alone := []residence.Warning{{Code: domain.CodeChildAlone, PersonID: daur}}
	events, err := mother.fold().Erase(domaintest.Command(), residence.Erase{
		Basis: residence.RetentionOver, Reference: "order 15", Household: with(minor, mother),
		Matters: residence.Matters{LastEvent: day("2000-01-01")},
	})
	if got := warned(t, events, err); domaintest.Diff(alone, got) != "" {
		t.Errorf("R20 an erasure warns of %v", got)
	}
	events, err = mother.fold().RecordDeath(domaintest.Command(), residence.RecordDeath{
		On: today, Basis: domaintest.Basis(), Household: with(minor, mother),
	})
	if got := warned(t, events, err); domaintest.Diff(alone, got) != "" {
		t.Errorf("R20 a death warns of %v", got)
	}
}

func TestQ24_WhatIsUnlikelyOfAParentIsAnswered(t *testing.T) {
	record := func(born string, kind residence.Representation, accept ...domain.Code) func(*residence.Person) ([]domain.Event, error) {
		return func(p *residence.Person) ([]domain.Event, error) {
			return p.RecordRepresentative(domaintest.Command(), residence.RecordRepresentative{
				Representative: recorded(aigul, residence.Citizen, born).fold(), Kind: kind, Accept: accept,
			})
		}
	}
	recordedAs := func(kind residence.Representation, accepted ...domain.Code) []domain.Event {
		return []domain.Event{residence.RepresentativeRecorded{
			PersonID: daur, RepresentativeID: aigul, Kind: kind, Accepted: accepted, RecordedAt: domaintest.Noon(),
		}}
	}
	const age, minor = domain.CodeParentAge, domain.CodeParentMinor
	refused := func(name, born string, accept ...domain.Code) domaintest.Spec[residence.Person] {
		return domaintest.Spec[residence.Person]{
			Name: name, Given: child(thirteen), When: record(born, residence.Parent, accept...),
			Refused: domain.CodeWarningsOpen, Field: "accept",
		}
	}
	domaintest.Run(t, []domaintest.Spec[residence.Person]{
		{Name: "Q24 a parent of 16", Given: child(thirteen), When: record("1996-03-16", residence.Parent), Then: recordedAs(residence.Parent)},
		refused("Q24 a parent of 15", "1996-03-17"),
		{
			Name: "Q24 a parent of 15, which the document says", Given: child(thirteen),
			When: record("1996-03-17", residence.Parent, age, minor), Then: recordedAs(residence.Parent, age),
		},
		{Name: "Q24 a parent of 60", Given: child(thirteen), When: record("1951-03-17", residence.Parent), Then: recordedAs(residence.Parent)},
		refused("Q24 a parent of 61", "1951-03-16"),
		refused("Q24 a parent who is a minor", "2008-03-16", age),
		{
			Name: "Q24 a guardian of any age", Given: child(thirteen),
			When: record("1940-01-01", residence.Guardian, age), Then: recordedAs(residence.Guardian),
		},
		{
			Name: "Q24 a parent born on the day of the child", Given: child(thirteen), When: record(thirteen, residence.Parent, age, minor),
			Refused: domain.CodeKinshipImpossible, Field: "representative_id",
		},
		{
			Name: "Q24 nobody who has died", Given: child(thirteen),
			When: func(p *residence.Person) ([]domain.Event, error) {
				return p.RecordRepresentative(domaintest.Command(), residence.RecordRepresentative{
					Representative: resident().dead("2026-03-01").fold(), Kind: residence.Parent,
				})
			},
			Refused: domain.CodePersonDead, Field: "representative_id",
		},
	})
}
