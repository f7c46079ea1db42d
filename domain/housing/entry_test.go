package housing_test

import (
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/rules"
)

func TestEntriesStandInTheOrderOfTheirSeniority(t *testing.T) {
	type decide = func(*housing.List) ([]domain.Event, error)
	place := func(id domain.EntryID, p domain.PersonID, s housing.Seniority, approved domain.Position) decide {
		return func(q *housing.List) ([]domain.Event, error) {
			return q.Place(domaintest.Command(), housing.Place{
				EntryID: id, PersonID: p, CaseID: caseID, Seniority: s, Consent: consented, RegisteredOn: domaintest.Today(), Approved: approved,
			}, rules.Book{})
		}
	}
	remove := func(id domain.EntryID, why housing.RemovalReason) decide {
		return func(q *housing.List) ([]domain.Event, error) {
			return q.Remove(
				domaintest.Command(),
				housing.Remove{EntryID: id, Reason: why, Note: "a note"},
				rules.Book{},
			)
		}
	}
	reinstate := func(id domain.EntryID, why housing.ReinstatementGround) decide {
		return func(q *housing.List) ([]domain.Event, error) {
			return q.Reinstate(
				domaintest.Command(),
				housing.Reinstate{EntryID: id, Ground: why, Act: inForce, Note: "a note"},
				rules.Book{},
			)
		}
	}
	a, d, e := entry("aigul"), entry("daur"), entry("erlan")
	two := opened().placed(a, aigul, filed(1, 10), 1).placed(d, daur, filed(3, 30), 2)
	gone := two.heard(a, aigul).removed(a, aigul, filed(1, 10)) // recorded at position 106
	const later = domain.Position(200)                          // an approval after all that was recorded
	domaintest.Run(t, []domaintest.Spec[housing.List]{
		{
			Name: "a list is opened",
			When: func(q *housing.List) ([]domain.Event, error) {
				return q.Open(
					domaintest.Command(),
					housing.OpenList{ListID: list, Body: "body", Settlement: "Алматы", Title: "title"},
				)
			},
			Then: opened(),
		}, {
			Name: "a list is opened once", Given: opened(),
			When: func(q *housing.List) ([]domain.Event, error) {
				return q.Open(domaintest.Command(), housing.OpenList{ListID: list})
			},
			Refused: domain.CodeListOpened,
		},
		{
			Name:    "Q5 no entry on a list that was not opened",
			When:    place(a, aigul, filed(0, 1), later),
			Refused: domain.CodeListUnknown,
		},
		{Name: "Q7 no removal from it", When: remove(a, housing.DwellingAcquired), Refused: domain.CodeListUnknown},
		{Name: "Q7 no reinstatement", When: reinstate(a, housing.CourtAct), Refused: domain.CodeListUnknown},

		{
			Name:  "Q2 the first is number 1",
			Given: opened(),
			When:  place(a, aigul, filed(5, 50), later),
			Then:  opened().placed(a, aigul, filed(5, 50), 1).last(),
		},
		{
			Name:  "Q6 filed first, decided last: number 1",
			Given: two,
			When:  place(e, erlan, filed(0, 5), later),
			Then:  two.placed(e, erlan, filed(0, 5), 1).overtaking(2).last(),
		},
		{
			Name:  "Q6 filed between",
			Given: two,
			When:  place(e, erlan, filed(2, 20), later),
			Then:  two.placed(e, erlan, filed(2, 20), 2).overtaking(1).last(),
		},
		{
			Name:  "Q6 filed last",
			Given: two,
			When:  place(e, erlan, filed(4, 40), later),
			Then:  two.placed(e, erlan, filed(4, 40), 3).last(),
		},
		{
			Name:  "Q6 filed at the same instant, received before",
			Given: two,
			When:  place(e, erlan, filed(3, 29), later),
			Then:  two.placed(e, erlan, filed(3, 29), 2).overtaking(1).last(),
		},
		{
			Name:  "Q6 filed at the same instant, received after",
			Given: two,
			When:  place(e, erlan, filed(3, 31), later),
			Then:  two.placed(e, erlan, filed(3, 31), 3).last(),
		},
		{
			Name:  "Q6 the instant decides where it agrees with the log",
			Given: two,
			When:  place(e, erlan, filed(2, 20), later),
			Then:  two.placed(e, erlan, filed(2, 20), 2).overtaking(1).last(),
		},
		{
			Name:    "Q6 V7 an instant an hour before that of an application which the log had earlier is refused",
			Given:   two,
			When:    place(e, erlan, filed(2, 99), later),
			Refused: domain.CodeOrderContradicted,
			Field:   "order",
		},

		{
			Name:    "Q5 one active entry per person",
			Given:   two,
			When:    place(e, aigul, filed(4, 40), later),
			Refused: domain.CodeAlreadyOnList,
			Field:   "applicant_id",
		},
		{
			Name:  "Q5 another after a removal, approved after it",
			Given: gone,
			When:  place(e, aigul, filed(4, 40), later),
			Then:  gone.placed(e, aigul, filed(4, 40), 2).last(),
		},
		{
			// Somebody may have been told no already: the same approval has one
			// answer for ever.
			Name: "Q1 Q5 not by an approval from before the removal", Given: gone, When: place(e, aigul, filed(4, 40), 105),
			Refused: domain.CodeAlreadyOnList, Field: "applicant_id",
		},

		{Name: "Q8 removed", Given: two.heard(a, aigul), When: remove(a, housing.DwellingAcquired), Then: gone.last()},
		{
			Name:    "Q8 not twice",
			Given:   gone,
			When:    remove(a, housing.DwellingAcquired),
			Refused: domain.CodeEntryNotActive,
		},
		{
			Name:    "Q8 not what never stood there",
			Given:   two,
			When:    remove(e, housing.DwellingAcquired),
			Refused: domain.CodeEntryUnknown,
		},
		{
			Name:    "Q8 for a listed reason only",
			Given:   two,
			When:    remove(a, "tired_of_him"),
			Refused: domain.CodeValueUnknown,
			Field:   "reason",
		},
		{Name: "Q8 for a reason", Given: two, When: remove(a, ""), Refused: domain.CodeValueUnknown, Field: "reason"},

		{
			Name:  "Q6 reinstated with the original seniority",
			Given: gone,
			When:  reinstate(a, housing.CourtAct),
			Then:  gone.reinstated(a, aigul, filed(1, 10)).overtaking(1).last(),
		},
		{
			Name:    "Q8 not while it stands",
			Given:   two,
			When:    reinstate(a, housing.CourtAct),
			Refused: domain.CodeEntryNotRemoved,
		},
		{
			Name:    "Q8 not what never stood",
			Given:   two,
			When:    reinstate(e, housing.CourtAct),
			Refused: domain.CodeEntryUnknown,
		},
		{
			Name:    "Q8 only by a complaint or a court",
			Given:   gone,
			When:    reinstate(a, "we_were_asked_nicely"),
			Refused: domain.CodeGroundUnknown,
			Field:   "ground",
		},
		{
			Name:    "Q8 and never without a ground",
			Given:   gone,
			When:    reinstate(a, ""),
			Refused: domain.CodeGroundRequired,
			Field:   "ground",
		},
		{
			Name: "Q5 not beside another entry of the person", Given: gone.placed(e, aigul, filed(4, 40), 2),
			When: reinstate(a, housing.CourtAct), Refused: domain.CodeAlreadyOnList, Field: "applicant_id",
		},
	})
}

func TestQ8_NumbersBeforeAndAfterARemovalAndAReinstatement(t *testing.T) {
	a, d, e := entry("aigul"), entry("daur"), entry("erlan")
	full := opened().placed(d, daur, filed(2, 20), 1).
		placed(a, aigul, filed(1, 10), 1).
		placed(e, erlan, filed(3, 30), 3)
	for _, c := range []struct {
		name string
		on   on
		want map[domain.EntryID]int
	}{
		{"before", full, map[domain.EntryID]int{a: 1, d: 2, e: 3}},
		{"the second removed", full.removed(d, daur, filed(2, 20)), map[domain.EntryID]int{a: 1, e: 2}},
		{"and back", full.removed(d, daur, filed(2, 20)).reinstated(d, daur, filed(2, 20)), map[domain.EntryID]int{a: 1, d: 2, e: 3}},
		{"the first removed", full.removed(a, aigul, filed(1, 10)), map[domain.EntryID]int{d: 1, e: 2}},
		{"the last removed", full.removed(e, erlan, filed(3, 30)), map[domain.EntryID]int{a: 1, d: 2}},
	} {
		q := c.on.fold()
		got := map[domain.EntryID]int{}
		q.Ordered(func(number int, e housing.Entry) bool {
			got[e.ID] = number
			return true
		})
		if diff := domaintest.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		for id, want := range c.want {
			if n, ok := q.Number(id); !ok || n != want {
				t.Errorf("%s: Number(%s) = %d, %t, want %d", c.name, id, n, ok, want)
			}
		}
		// Q9: what was certified on placing is never rewritten.
		for id, want := range map[domain.EntryID]int{d: 1, a: 1, e: 3} {
			if entry, ok := q.Entry(id); !ok || entry.Certified != want {
				t.Errorf("%s: certified number of %s is %d, %t, want %d", c.name, id, entry.Certified, ok, want)
			}
		}
	}
}

func TestAListThatWasNotOpenedHasNobody(t *testing.T) {
	var q housing.List
	q.Ordered(func(int, housing.Entry) bool { t.Error("somebody stands on it"); return true })
	if _, ok := q.Entry(entry("aigul")); ok || q.Known() || q.Len() != 0 {
		t.Error("it knows an entry")
	}
	if _, ok := q.Number(entry("aigul")); ok {
		t.Error("it has a number")
	}
}
