package projections

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tizilim/domain"
	"tizilim/domain/residence"
)

// TestR14_ModelsFollowCorrectionsAsAPlainFoldDoes orders registrations, endings
// and corrections of them at random and compares, after each, where the models
// say that the person is registered with what the facts say.
func TestR14_ModelsFollowCorrectionsAsAPlainFoldDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, model, p := newScript(), newFold(), residence.Person{}
		now := day
		appended := func(events ...domain.Event) {
			for _, e := range events {
				rec := s.add(personID(1).Stream(), e)
				p.Apply(rec)
				for range 2 {
					for _, o := range project(rec) {
						model.execute(o)
					}
				}
			}
		}
		appended(residence.PersonRecorded{PersonID: personID(1), Class: residence.Citizen, BirthDate: domain.PersonalDate{Date: day.AddDays(-10000)},
			RecordedAt: s.now})
		for n := range rapid.IntRange(1, 20).Draw(t, "orders") {
			now = now.AddDays(rapid.IntRange(0, 50).Draw(t, "days later"))
			cmd := domain.Command{Now: now.Start()}
			var events []domain.Event
			var err error
			switch rapid.IntRange(0, 4).Draw(t, "order") {
			case 0:
				events, err = p.Register(cmd, residence.Register{
					RegistrationID: registrationID(n), DwellingID: dwellingID(n % 3), Kind: residence.Permanent,
					From: now.AddDays(-rapid.IntRange(0, 30).Draw(t, "backdated")),
				})
			case 1:
				events, err = p.Register(cmd, residence.Register{
					RegistrationID: registrationID(n), DwellingID: dwellingID(n % 3), Kind: residence.Temporary, From: now,
					Until: now.AddMonths(2),
				})
			case 2:
				events, err = p.EndFor(residence.EndFor{CaseID: caseID(1), DwellingID: dwellingID(n % 3),
					Ground: residence.GroundOwnerApplication, On: now})
			default:
				action := rapid.SampledFrom([]residence.CorrectionAction{residence.Annul, residence.Amend,
					residence.Insert}).Draw(t, "action")
				d := now.AddDays(-rapid.IntRange(0, 90).Draw(t, "day"))
				fact := residence.FactName{Event: domain.EventRef{Stream: personID(1).Stream(),
					Revision: uint64(rapid.IntRange(1, 30).Draw(t, "revision"))}}
				change := residence.Change{Fact: fact, Action: action, From: d, EndedOn: d}
				if action == residence.Insert {
					change.RegistrationID, change.DwellingID, change.EndedOn = registrationID(100+n), dwellingID(n%3), domain.Date{}
					if rapid.Bool().Draw(t, "forgotten") {
						change.Fact, change.Kind = residence.FactName{}, residence.Permanent
					}
					if rapid.Bool().Draw(t, "ended") {
						change.EndedOn, change.Reason = now, residence.OwnerApplication
					}
				}
				events, err = p.Correct(cmd, residence.Correct{
					Ground: residence.CourtAct, Reasons: "SECRET",
					Accept: []domain.Code{
						domain.CodeLeavesHole, domain.CodeLeavesWithoutResidence, domain.CodeCutsOverlap, domain.CodeEndingWithoutMove,
						domain.CodeCaseContradicted,
					},
					Changes: []residence.Change{change},
				})
			}
			if err == nil {
				appended(events...)
			}
			want := map[domain.RegistrationID]storedRegistration{}
			for _, r := range p.Registrations {
				if !r.Void && !r.Ended {
					want[r.ID] = storedRegistration{Person: personID(1), Dwelling: r.DwellingID, Kind: r.Kind, From: r.From,
						Until: r.Until}
				}
			}
			same := func(what, key string, dwelling domain.DwellingID) {
				found := 0
				if v, ok := model.values[key]; ok {
					v.members.Scan(func(field, text string) bool {
						id, ok := strings.CutPrefix(field, registrationPrefix)
						if !ok {
							return true
						}
						var got storedRegistration
						if err := json.Unmarshal([]byte(text), &got); err != nil {
							t.Fatal(err)
						}
						var reg domain.RegistrationID
						if err := reg.UnmarshalText([]byte(id)); err != nil {
							t.Fatal(err)
						}
						w := want[reg]
						got.Person, got.Dwelling = w.Person, w.Dwelling // which of the two it holds depends on the key
						if got != w {
							t.Fatalf("%s hold %s as %+v, want %+v", what, id, got, w)
						}
						found++
						return true
					})
				}
				for _, w := range want {
					if dwelling.IsZero() || w.Dwelling == dwelling {
						found--
					}
				}
				if found != 0 {
					t.Fatalf("%s hold %d registrations more than the facts say", what, found)
				}
			}
			same("the person's registrations", personID(1).Stream(), domain.DwellingID{})
			for d := range 3 {
				same("the dwelling's residents", dwellingID(d).Stream(), dwellingID(d))
			}
		}
		for _, rec := range s.recorded() {
			_, correction := residence.CorrectionIn(rec.Event)
			_, began := rec.Event.(residence.RegistrationBegan)
			_, ended := rec.Event.(residence.RegistrationEnded)
			if histories := len(subjectsOf(rec.Event.Concerns())); correction || began || ended {
				if histories != 2 {
					t.Fatalf("%s is in %d histories, want that of the person and that of the dwelling", rec.Event.EventType(),
						histories)
				}
			}
		}
	})
}
