package residence

import (
	"slices"

	"tizilim/domain"
)

// Residents is the fold of a dwelling's history: the events of its own stream
// and those of the persons registered there, in the order of the log. It
// answers for any day; what was known at an instant is the fold of the events
// that the log held then.
type Residents struct {
	DwellingID    domain.DwellingID
	Dwelling      Dwelling // what its own stream says
	registrations []Resident
}

// Resident is a registration at the dwelling with the person it is of.
type Resident struct {
	PersonID domain.PersonID
	Registration
}

// Apply folds the next event; events of other dwellings are ignored.
func (r *Residents) Apply(rec domain.Recorded) {
	if rec.Stream == r.DwellingID.Stream() {
		r.Dwelling.Apply(rec)
	}
	switch e := rec.Event.(type) {
	case RegistrationBegan:
		if e.DwellingID == r.DwellingID {
			r.registrations = append(r.registrations, Resident{e.PersonID, Registration{
				ID: e.RegistrationID, DwellingID: e.DwellingID, Kind: e.Kind, From: e.From, Until: e.Until,
			}})
		}
	case RegistrationInserted:
		if e.DwellingID == r.DwellingID {
			r.registrations = append(r.registrations, Resident{e.PersonID, e.registration(rec.Position)})
		}
	case RegistrationEnded:
		i := slices.IndexFunc(r.registrations, func(x Resident) bool { return x.ID == e.RegistrationID })
		if i >= 0 {
			x := &r.registrations[i]
			x.Ended, x.EndedOn, x.Reason, x.CaseID = true, e.On, e.Reason, e.CaseID
		}
	default:
		c, ok := CorrectionIn(e)
		if !ok {
			return
		}
		if i := slices.IndexFunc(r.registrations, func(x Resident) bool { return x.ID == c.RegistrationID }); i >= 0 {
			r.registrations[i].stand(c.Now)
		}
	}
}

// ActiveOn returns who is registered on the day, in the order of the records.
func (r *Residents) ActiveOn(day domain.Date) []Resident {
	var active []Resident
	for _, x := range r.registrations {
		if x.ActiveOn(day) {
			active = append(active, x)
		}
	}
	return active
}

// OwnersOn returns who holds title on the day.
func (r *Residents) OwnersOn(day domain.Date) []Owner { return r.Dwelling.OwnersOn(day) }
