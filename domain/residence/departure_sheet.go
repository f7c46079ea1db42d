package residence

import (
	"slices"
	"time"

	"tizilim/domain"
)

// DepartureSheetIssued issues the departure sheet of a registration that has
// ended (S001-11, R17). The S001 case that ended it issues the sheet with its
// decision, where the application asked for it. The person's own stream issues
// it where it was asked for later, or where no case ended the registration.
type DepartureSheetIssued struct {
	CaseID         domain.CaseID         `json:"case_id,omitzero"` // that issued it; zero in a person's own stream
	CertificateID  domain.CertificateID  `json:"certificate_id"`
	PersonID       domain.PersonID       `json:"person_id"`
	RegistrationID domain.RegistrationID `json:"registration_id"`
	DwellingID     domain.DwellingID     `json:"dwelling_id"`
	Kind           Kind                  `json:"kind"`
	Reason         Reason                `json:"reason"`
	On             domain.Date           `json:"ended_on"`
	Ending         domain.EventRef       `json:"ending"`             // the event that the sheet certifies
	Language       domain.Language       `json:"language,omitempty"` // asked for; of a case that of its application
	IssuedAt       time.Time             `json:"issued_at"`
}

func (DepartureSheetIssued) EventType() string        { return "DepartureSheetIssued" }
func (e DepartureSheetIssued) EffectiveAt() time.Time { return e.IssuedAt }

func (e DepartureSheetIssued) Concerns() domain.Concern {
	c := atDwelling(e.DwellingID, e.PersonID)
	c.Case = e.CaseID
	return c
}

// DepartureSheets are the sheets that follow the case's decision: one for each
// registration that it ended, where the application asked for them (R17). They
// are made from the endings, so there is no sheet of a registration that has
// not ended. They are appended with the decision, so that none is lost or
// issued twice.
func (d *Deregistration) DepartureSheets(cmd domain.Command, ended []domain.Recorded) []domain.Event {
	if !d.Applied.DepartureSheet {
		return nil
	}
	var sheets []domain.Event
	for _, rec := range ended {
		e, ok := rec.Event.(RegistrationEnded)
		if !ok {
			continue
		}
		sheets = append(sheets, DepartureSheetIssued{
			CaseID: d.Applied.CaseID, CertificateID: d.sheetOf(e.RegistrationID),
			PersonID: e.PersonID, RegistrationID: e.RegistrationID, DwellingID: e.DwellingID,
			Kind: e.Kind, Reason: e.Reason, On: e.On, Ending: domain.EventRef{Stream: rec.Stream, Revision: rec.Revision}, IssuedAt: cmd.Now,
		})
	}
	return sheets
}

// sheetOf is the id of the sheet that the case issues of a registration.
func (d *Deregistration) sheetOf(id domain.RegistrationID) domain.CertificateID {
	return domain.CertificateID{UUID: domain.DeriveID(d.Applied.CaseID.UUID, "departure sheet "+id.String())}
}

// issued returns the sheet that the decided case has issued of the
// registration; false where it issued none.
func (d *Deregistration) issued(id domain.RegistrationID) (domain.CertificateID, bool) {
	ended := func(r Result) bool { return slices.Contains(r.Ended, id) }
	if !d.Applied.DepartureSheet || !d.Decided || !slices.ContainsFunc(d.Results, ended) {
		return domain.CertificateID{}, false
	}
	return d.sheetOf(id), true
}

// endingChange is an event by which a registration ended, or by which its
// ending was corrected.
type endingChange struct {
	of       domain.RegistrationID
	revision uint64
	on       domain.Date // on which the log learned of it
}

// changesEnding returns the registration that the event ended, or whose ending
// it corrected. A correction of the beginning alone is neither.
func changesEnding(event domain.Event) (domain.RegistrationID, bool) {
	if e, ok := event.(RegistrationEnded); ok {
		return e.RegistrationID, true
	}
	return CorrectsEnding(event)
}

// CorrectsEnding returns the registration whose ending a correction changed: to
// another day, another reason, or to no ending. The departure sheet of the
// ending before is void from then on. Where a later correction brings that
// ending back, a new sheet is issued (R17).
func CorrectsEnding(event domain.Event) (domain.RegistrationID, bool) {
	c, ok := CorrectionIn(event)
	if !ok || c.Was.EndedOn == c.Now.EndedOn && c.Was.Reason == c.Now.Reason && c.Was.Void == c.Now.Void {
		return domain.RegistrationID{}, false
	}
	return c.RegistrationID, true
}

// testified folds what departure sheets rest on.
func (p *Person) testified(rec domain.Recorded) {
	if id, ok := changesEnding(rec.Event); ok {
		p.endings = append(slices.Clip(p.endings), endingChange{id, rec.Revision, domain.DateOf(rec.Created)})
	}
	if e, ok := rec.Event.(DepartureSheetIssued); ok {
		p.sheets = append(slices.Clip(p.sheets), e)
	}
}

// SheetVoidSince returns the day on which the ending that the sheet certifies
// was corrected; the sheet is void since then. It is zero while the sheet is
// valid (R17).
func (p *Person) SheetVoidSince(e DepartureSheetIssued) domain.Date {
	for _, c := range p.endings {
		if c.of == e.RegistrationID && c.revision > e.Ending.Revision {
			return c.on
		}
	}
	return domain.Date{}
}

// EndedBy returns the S001 case that ended the registration; zero where none
// did, or where it has not ended.
func (p *Person) EndedBy(id domain.RegistrationID) domain.CaseID {
	for _, r := range p.Registrations {
		if r.ID == id && r.Ended {
			return r.CaseID
		}
	}
	return domain.CaseID{}
}

// RequestDepartureSheet is the command that asks for the sheet of a registration
// that has ended, whatever ended it and however long ago.
type RequestDepartureSheet struct {
	RegistrationID domain.RegistrationID
	Language       domain.Language
	Case           *Deregistration // decided: [Person.EndedBy]; nil where no case ended it
}

// RequestDepartureSheet decides [RequestDepartureSheet]: request and issue are
// one act. One sheet is issued of each ending (R17), by the case or here; after
// a loss there are duplicates. A stay whose term has run out has ended; where
// that is not recorded, it is recorded first.
func (p *Person) RequestDepartureSheet(cmd domain.Command, c RequestDepartureSheet) ([]domain.Event, error) {
	if !p.Known() {
		return nil, domain.Refuse(domain.NotFound, domain.CodePersonUnknown, "no person with this id is recorded")
	}
	i := slices.IndexFunc(p.Registrations, func(r Registration) bool { return r.ID == c.RegistrationID })
	if i < 0 {
		return nil, domain.Refuse(domain.Invalid, domain.CodeFactUnknown,
			"the person has no registration with this id").At("registration_id")
	}
	r := p.Registrations[i]
	events, err := p.Expire(cmd, r.ID)
	by := domain.EventRef{Stream: p.ID.Stream(), Revision: p.next}
	if err == nil {
		e := events[0].(RegistrationEnded)
		r.Ended, r.EndedOn, r.Reason = true, e.On, e.Reason
	} else {
		for _, change := range p.endings {
			if change.of == r.ID {
				by.Revision = change.revision
			}
		}
	}
	switch {
	case r.Void || !r.Ended:
		return nil, domain.Refuse(domain.Conflict, domain.CodeNotEnded,
			"a departure sheet is issued of a registration that has ended; this one has not "+
				"ended, or was annulled").At("registration_id")
	case !r.CaseID.IsZero() && (c.Case == nil || c.Case.Applied.CaseID != r.CaseID || !c.Case.Decided):
		return nil, domain.Refuse(domain.Conflict, domain.CodeLostRace,
			"the case %s that ended this registration is being decided; send the request again", r.CaseID)
	}
	sheet := DepartureSheetIssued{
		PersonID: p.ID, RegistrationID: r.ID, DwellingID: r.DwellingID, Kind: r.Kind, Reason: r.Reason, On: r.EndedOn,
		Ending: by, Language: c.Language, IssuedAt: cmd.Now,
	}
	sheet.CertificateID = domain.CertificateID{UUID: domain.DeriveID(p.ID.UUID, "departure sheet "+by.String())}
	if id, issued := p.sheetFor(by, c.Case, r.ID); issued {
		return nil, domain.Refuse(domain.Conflict, domain.CodeSheetIssued,
			"the departure sheet %s of this ending has been issued; ask for a duplicate of it",
			id).At("registration_id")
	}
	return append(events, sheet), nil
}

// sheetFor returns the sheet that was issued of the ending. A case issues the
// sheet of the ending that it recorded, not of a correction of it.
func (p *Person) sheetFor(
	by domain.EventRef,
	of *Deregistration,
	id domain.RegistrationID,
) (domain.CertificateID, bool) {
	for _, s := range p.sheets {
		if s.Ending == by {
			return s.CertificateID, true
		}
	}
	if i := p.facts.index(by.Revision); of != nil && i >= 0 && p.facts[i].kind == ending {
		return of.issued(id)
	}
	return domain.CertificateID{}, false
}
