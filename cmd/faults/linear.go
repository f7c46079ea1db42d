package main

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
)

// judgePatience bounds the judgement of one history.
const judgePatience = 10 * time.Second

// checkHistories demands that the commands and the fresh reads of each list and of each person
// took effect one after the other, each between its call and its answer. A read is fresh if it
// waited for every position that any client was told of before.
func (s *session) checkHistories(l *logged, told *history) {
	for id, steps := range told.lists {
		model, steps := listModel(l, id, steps)
		s.judge("list "+id.String(), model, steps)
	}
	homes := homesIn(l)
	for id, steps := range told.persons {
		s.judge("person "+id.String(), personModel(homes), steps)
	}
}

// checkRefusals looks for refused commands on residences that were carried out. An earlier attempt
// that was still under way may have been, as soon as what the refusal rested on had changed: then
// its effect is added to the histories.
func (s *session) checkRefusals(l *logged, told *history) {
	carriedOut := l.residenceSteps()
	for _, d := range told.denials {
		for person, o := range carriedOut[d.command] {
			if d.refusal.attempts == 1 {
				s.violate("command %s was refused and carried out: %s", d.command, d.refusal)
			}
			o.client, o.call, o.answered = d.client, d.call, math.MaxInt64
			told.onPerson(person, o)
		}
	}
}

// residenceSteps returns what each command did to the residence of whom.
func (l *logged) residenceSteps() map[domain.CommandID]map[domain.PersonID]step {
	steps := map[domain.CommandID]map[domain.PersonID]step{}
	did := func(id domain.CommandID, person domain.PersonID, o step) {
		if steps[id] == nil {
			steps[id] = map[domain.PersonID]step{}
		}
		steps[id][person] = o
	}
	ended := map[domain.CommandID][]domain.RegistrationID{}
	applied := map[domain.CaseID]domain.CommandID{}
	for _, rec := range l.events {
		id := rec.Meta.Causation
		switch e := rec.Event.(type) {
		case residence.RegistrationEnded:
			ended[id] = append(ended[id], e.RegistrationID)
		case residence.RegistrationBegan: // after the end of the one before, in one append
			did(id, e.PersonID, step{
				act: registering, registration: e.RegistrationID, dwelling: e.DwellingID, ended: ended[id],
			})
		case residence.DeregistrationApplied:
			applied[e.CaseID] = id
		case residence.DeregistrationDecided:
			for _, r := range e.Results {
				if len(r.Ended) > 0 {
					did(applied[e.CaseID], r.PersonID, step{act: leaving, ended: r.Ended})
				}
			}
		}
	}
	return steps
}

// judge decides whether a history is linearizable.
func (s *session) judge(of string, model porcupine.Model, steps []step) {
	operations := make([]porcupine.Operation, len(steps))
	for i, o := range steps {
		operations[i] = porcupine.Operation{ClientId: o.client, Input: o, Output: o, Call: o.call, Return: o.answered}
	}
	model.DescribeOperation = func(input, _ any) string { return input.(step).String() }
	judgement, info := porcupine.CheckOperationsVerbose(model, operations, judgePatience)
	switch judgement {
	case porcupine.Illegal:
		s.violate("the history of %s is not linearizable (%d operations)%s", of, len(steps), s.draw(model, info))
	case porcupine.Unknown:
		s.skip("the judgement of the history of " + of + ", which took too long")
	}
}

// draw draws a history that was judged, and says where the picture is; only with --keep.
func (s *session) draw(model porcupine.Model, info porcupine.LinearizationInfo) string {
	if !s.Keep {
		return ""
	}
	name := filepath.Join(s.dir, fmt.Sprintf("history-%d.html", s.found()+1))
	if err := porcupine.VisualizePath(model, info, name); err != nil {
		return ": it cannot be drawn: " + err.Error()
	}
	return ": " + name
}

// listModel is a list as its clients see it: for each entry that was ever placed, in the order
// of seniority, whether it stands on the list. An unanswered placement that the log does not
// have is no operation; one that it has may have taken effect at any time since its call.
func listModel(l *logged, id domain.ListID, told []step) (porcupine.Model, []step) {
	entries := map[domain.CaseID]housing.EntryPlaced{}
	order := []housing.EntryPlaced{}
	for _, rec := range l.events {
		if e, ok := rec.Event.(housing.EntryPlaced); ok && e.ListID == id {
			entries[e.CaseID], order = e, append(order, e)
		}
	}
	slices.SortFunc(order, func(a, b housing.EntryPlaced) int { return a.Seniority.Compare(b.Seniority) })
	place := map[domain.EntryID]int{}
	for i, e := range order {
		place[e.EntryID] = i
	}
	var steps []step
	for _, o := range told {
		if o.unknown {
			e, ok := entries[o.caseID]
			if !ok {
				continue
			}
			o.entry, o.number, o.answered = e.EntryID, e.Number, math.MaxInt64
		}
		steps = append(steps, o)
	}
	return porcupine.Model{
		Init: func() any { return strings.Repeat("-", len(order)) },
		Step: func(state, input, _ any) (bool, any) {
			standing, o := state.(string), input.(step)
			at, known := place[o.entry]
			return stepOnList(standing, o, at, known)
		},
	}, steps
}

// stepOnList returns the list after the step, and whether the step can be answered as it was.
// at is the place of the entry among all.
func stepOnList(standing string, o step, at int, known bool) (bool, string) {
	if !known {
		return false, standing
	}
	number := strings.Count(standing[:at], "+") + 1
	stands := standing[at] == '+'
	with := func(mark string) string { return standing[:at] + mark + standing[at+1:] }
	switch o.act {
	case placing:
		return !stands && o.number == number, with("+")
	case removing:
		return stands, with("-")
	case reinstating:
		return !stands, with("+")
	default:
		if !stands {
			number = 0
		}
		return o.number == number && o.of == strings.Count(standing, "+"), standing
	}
}

// homesIn are the dwellings of all registrations in the log.
func homesIn(l *logged) map[domain.RegistrationID]domain.DwellingID {
	homes := map[domain.RegistrationID]domain.DwellingID{}
	for _, rec := range l.events {
		if e, ok := rec.Event.(residence.RegistrationBegan); ok {
			homes[e.RegistrationID] = e.DwellingID
		}
	}
	return homes
}

// personModel is the permanent registration of a person; the zero id while there is none.
func personModel(homes map[domain.RegistrationID]domain.DwellingID) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return domain.RegistrationID{} },
		Step: func(state, input, _ any) (bool, any) {
			return stepOfPerson(state.(domain.RegistrationID), input.(step), homes)
		},
	}
}

func stepOfPerson(
	now domain.RegistrationID, o step, homes map[domain.RegistrationID]domain.DwellingID,
) (bool, domain.RegistrationID) {
	ends := len(o.ended) == 1 && o.ended[0] == now && !now.IsZero()
	switch {
	case o.act == asking:
		return o.registration == now, now
	case o.act == leaving:
		return ends, domain.RegistrationID{}
	case o.refused != "": // the person is registered there already
		return homes[now] == o.dwelling, now
	case now.IsZero():
		return len(o.ended) == 0, o.registration
	}
	return ends, o.registration
}
