package operation

import (
	"maps"
	"testing"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/housing"
)

// A person's id is found however deep it lies.
func TestC21_WhomAnAnswerNames(t *testing.T) {
	id := func(n byte) domain.PersonID { return domain.PersonID{UUID: uuid.UUID{15: n}} }
	caseID := func(n byte) domain.CaseID { return domain.CaseID{UUID: uuid.UUID{14: n}} }
	type row struct {
		CaseID domain.CaseID
		Person domain.PersonID
	}
	type answer struct {
		Some  *row
		None  *row
		Rows  []row
		By    map[domain.PersonID]domain.PersonID
		Facts domain.Event
	}
	got := namedIn(answer{
		Some: &row{caseID(1), id(1)}, Rows: []row{{caseID(1), id(2)}, {caseID(2), id(3)}, {caseID(3), id(3)}, {caseID(3), domain.PersonID{}}},
		By:    map[domain.PersonID]domain.PersonID{id(4): id(5)},
		Facts: housing.ApplicationReceived{CaseID: caseID(4), ApplicantID: id(6), Family: []housing.FamilyMember{{PersonID: id(7)}}},
	}, id(8), []domain.PersonID{id(9)}, nil)
	want := map[domain.PersonID]domain.CaseID{
		id(1): caseID(1), id(2): caseID(1), id(3): {}, id(4): {}, id(5): {}, id(6): {}, id(7): {}, id(8): {}, id(9): {},
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
