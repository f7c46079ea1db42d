package residence_test

import (
	"testing"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/domain/rules"
	"tizilim/domain/rules/rulestest"
)

// recordedFor has the one person of the application represented by these.
func recordedFor(a *application, ids ...domain.PersonID) *application {
	for _, id := range ids {
		a.persons[0] = a.persons[0].representedBy(id)
	}
	return a
}

// alone lets the person apply themselves.
func alone(a *application) *application {
	a.owner = a.persons[0]
	a.c.ApplicantID = a.owner.person()
	return a
}

func TestR9_AMinorLeavesOnTheApplicationOfAnAdult(t *testing.T) {
	// today is 15 March 2026
	leaves := func(applicant, person string, court bool) *application {
		return applied(func(a *application) { a.owner = recorded(aigul, residence.Citizen, applicant) },
			living(recorded(daur, residence.Citizen, person).permanent(first, flat, "2020-01-01")),
			papers, func(a *application) {
				a.c.Ground = residence.GroundDepartureAbroad
				if court {
					a.c.Ground = residence.GroundCourtDecision
				}
			})
	}
	older := rulestest.Book(t, "2026-01-01", `"capacity":18`, `"capacity":21`)
	for _, c := range []struct {
		name  string
		a     *application
		rules rules.Book
		code  domain.Code
	}{
		{"R9 a minor by an adult", leaves("2008-03-15", "2008-03-16", false), rules.Book{}, ""},
		{"R9 a minor by one who is 18 tomorrow", leaves("2008-03-16", "2008-03-16", false), rules.Book{}, domain.CodeRepresentative},
		{"R44 an adult by nobody else", leaves("1990-01-01", "2008-03-15", false), rules.Book{}, domain.CodeRepresentative},
		{"R9 the age is that of the edition in force", leaves("2008-03-15", "2008-03-16", false), older, domain.CodeRepresentative},
		{"R9 by a representative who is recorded", recordedFor(leaves("1990-01-01", "2008-03-16", false), aigul, erlan), rules.Book{}, ""},
		{"R9 by somebody else where one is recorded", recordedFor(leaves("1990-01-01", "2008-03-16", false), erlan), rules.Book{}, domain.CodeRepresentative},
		{"R9 nor by one who is a minor too", recordedFor(leaves("2008-03-16", "2008-03-16", false), aigul), rules.Book{}, domain.CodeRepresentative},
		{"R44 an adult in person, whoever was recorded", alone(recordedFor(leaves("2008-03-15", "2008-03-15", false), erlan)), rules.Book{}, ""},
		{"R44 an adult by no parent", recordedFor(leaves("1980-01-01", "2008-03-15", false), aigul), rules.Book{}, domain.CodeRepresentative},
		{"R9 of a departure only, whoever is recorded", recordedFor(leaves("1990-01-01", "2008-03-16", true), erlan), rules.Book{}, ""},
		{"R9 of a departure only", leaves("2008-03-16", "2008-03-16", true), rules.Book{}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			events, err := c.a.receiveUnder(c.rules)
			if got := domain.CodeOf(err); got != c.code || err == nil && len(events) != 1 {
				t.Errorf("refused with %q, want %q: %v", got, c.code, err)
			}
		})
	}
}
