package housing

import (
	"slices"

	"tizilim/domain"
	"tizilim/domain/accesslog"
)

// Accesses returns the look-ups in state information systems on which an event
// rests (C20, C21): one entry for each person who was looked up, without the
// reader and the time. They are recorded in the access logs of these persons
// before the event is.
func Accesses(event domain.Event) []accesslog.PersonalDataRead {
	switch e := event.(type) {
	case NeedExamined:
		return accesses(e.Lookups, accesslog.NeedExamined, e.CaseID)
	case ProvisionDecided:
		return accesses(e.Need.lookups(e.PersonID, e.Family), accesslog.NeedChecked, e.CaseID)
	case EntryTransferred:
		return accesses(e.Need.lookups(e.PersonID, e.Family), accesslog.NeedChecked, domain.CaseID{})
	}
	return nil
}

// lookups are those that a check of the need of the holder and the family made.
func (n NeedCheck) lookups(holder domain.PersonID, family []FamilyMember) []Lookup {
	var looked []Lookup
	for _, s := range n.Scope {
		looked = append(looked, Lookup{holder, s})
		for _, m := range family {
			looked = append(looked, Lookup{m.PersonID, s})
		}
	}
	return looked
}

// accesses gathers the look-ups of each person.
func accesses(looked []Lookup, why accesslog.Purpose, caseID domain.CaseID) []accesslog.PersonalDataRead {
	var entries []accesslog.PersonalDataRead
	for _, l := range looked {
		i := slices.IndexFunc(entries, func(e accesslog.PersonalDataRead) bool { return e.PersonID == l.PersonID })
		if i < 0 {
			i = len(entries)
			entries = append(
				entries,
				accesslog.PersonalDataRead{
					PersonID:  l.PersonID,
					Operation: accesslog.LookUp,
					Purpose:   why,
					CaseID:    caseID,
				},
			)
		}
		entries[i].Scope = append(entries[i].Scope, string(l.Scope))
	}
	return entries
}
