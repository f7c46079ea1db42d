package operation

import (
	"reflect"

	"tizilim/domain"
)

// namedIn returns the persons whom an answer names. Each has the case that the
// answer, or its row, is about, and the zero CaseID where there are several.
//
// It looks at the values themselves, so that a new member of an answer cannot be
// forgotten. An answer that tells of somebody without naming them has a member for
// that person which is not sent (json:"-").
func namedIn(answer ...any) map[domain.PersonID]domain.CaseID {
	persons := map[domain.PersonID]domain.CaseID{}
	for _, part := range answer {
		walk(reflect.ValueOf(part), domain.CaseID{}, false, persons)
	}
	return persons
}

var (
	personType = reflect.TypeFor[domain.PersonID]()
	caseType   = reflect.TypeFor[domain.CaseID]()
)

// walk adds the persons in v, a value that belongs to the case. Within the facts of
// an event it does not look for a case: that may be another than the one that was
// asked about.
func walk(v reflect.Value, caseID domain.CaseID, facts bool, persons map[domain.PersonID]domain.CaseID) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			walk(v.Elem(), caseID, facts, persons)
		}
	case reflect.Interface: // only the facts of an event are behind one
		if !v.IsNil() {
			walk(v.Elem(), caseID, true, persons)
		}
	case reflect.Slice, reflect.Array:
		if !plain(v.Type().Elem().Kind()) {
			for i := range v.Len() {
				walk(v.Index(i), caseID, facts, persons)
			}
		}
	case reflect.Map:
		for entry := v.MapRange(); entry.Next(); {
			walk(entry.Key(), caseID, facts, persons)
			walk(entry.Value(), caseID, facts, persons)
		}
	case reflect.Struct:
		if v.Type() == personType {
			add(v.Interface().(domain.PersonID), caseID, persons)
			return
		}
		if f := v.FieldByName("CaseID"); !facts && f.IsValid() && f.Type() == caseType {
			caseID = f.Interface().(domain.CaseID)
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && !plain(v.Field(i).Kind()) {
				walk(v.Field(i), caseID, facts, persons)
			}
		}
	}
}

func add(person domain.PersonID, caseID domain.CaseID, persons map[domain.PersonID]domain.CaseID) {
	if person.IsZero() {
		return
	}
	if before, known := persons[person]; known && before != caseID {
		caseID = domain.CaseID{}
	}
	persons[person] = caseID
}

// plain reports whether values of the kind hold no others.
func plain(k reflect.Kind) bool { return k <= reflect.Complex128 || k == reflect.String }
