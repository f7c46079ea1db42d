package residence

import (
	"slices"

	"tizilim/domain"
)

// This file says who may ask for what in an S001 application, and whom its papers have to
// name.

// checkNamed keeps that the application in free form names each person whom it removes
// (R43, S001-7.1): the desk states whom the paper names, and the registry compares. On the
// portal the signed request names them.
func checkNamed(cmd domain.Command, c ApplyForDeregistration, _ Facts) error {
	if c.Ground != GroundOwnerApplication || cmd.Channel == domain.ChannelPortal {
		return nil
	}
	named, applied := map[domain.PersonID]bool{}, false
	for _, d := range c.Documents {
		if d.Type == domain.DocumentApplication {
			applied = true
			named[d.PersonID] = true
			for _, p := range d.Persons {
				named[p] = true
			}
		}
	}
	if !applied { // then it is missing
		return nil
	}
	var faults []*domain.Error
	for i, p := range c.Persons {
		if !named[p] {
			faults = append(faults, domain.Refuse(domain.Invalid, domain.CodeNotNamed,
				"the application in free form has to name this person: if the paper does, add the id to persons of "+
					"the document of type application").At(domain.Path("persons", i)))
		}
	}
	return domain.Together(faults...)
}

// checkDeparture keeps that a departure abroad is asked for by who leaves (R44), or by a
// legal representative who is of full age (R9). Where none is recorded for a minor, the desk
// checks who the representative is.
func checkDeparture(cmd domain.Command, c ApplyForDeregistration, f Facts) error {
	if c.Ground != GroundDepartureAbroad {
		return nil
	}
	ages := f.edition(cmd).Ages
	minor := func(p *Person) bool { return p.BirthDate.YearsOn(cmd.Today()) < ages.Capacity }
	guarded := func(p *Person) bool {
		return slices.Contains(p.ActorsOn(cmd.Today(), ages).Representatives, c.ApplicantID)
	}
	for i, p := range f.Persons {
		switch {
		case !minor(p) && p.ID != c.ApplicantID && !guarded(p):
			return domain.Refuse(domain.Invalid, domain.CodeRepresentative,
				"%s is of full age and asks for the departure in person, or the guardian who is recorded does: file an "+
					"application of each adult", domain.Path("persons", i)).At("applicant_id")
		case !minor(p):
		case minor(f.Applicant):
			return domain.Refuse(domain.Invalid, domain.CodeRepresentative,
				"a legal representative must apply for the departure of a minor: the applicant must be of "+
					"full age").At("applicant_id")
		case len(p.Representatives) > 0 && !p.RepresentedBy(f.Applicant.ID):
			return domain.Refuse(domain.Invalid, domain.CodeRepresentative,
				"%s is a minor whose legal representatives are recorded: one of them must be the applicant",
				domain.Path("persons", i)).At("applicant_id")
		}
	}
	return nil
}

// checkCourt keeps that a court decision is handed in by who is entitled to (R45): who owns
// the dwelling or speaks for an owner, its tenant, who asked the court for the decision, and
// the person whom it deprives, or their representative.
func checkCourt(_ domain.Command, c ApplyForDeregistration, f Facts) error {
	if c.Ground != GroundCourtDecision {
		return nil
	}
	if f.Dwelling.SpokenForBy(c.ApplicantID) || f.Dwelling.Lease != nil && f.Dwelling.Lease.PersonID == c.ApplicantID {
		return nil
	}
	for i, p := range f.Persons {
		claimant := func(d domain.Document) bool {
			return d.Type == domain.DocumentCourtDecision && d.Names(p.ID) && d.ClaimantID == c.ApplicantID
		}
		if p.ID != c.ApplicantID && !p.RepresentedBy(c.ApplicantID) && !slices.ContainsFunc(c.Documents, claimant) {
			return domain.Refuse(domain.Invalid, domain.CodeNotEntitled,
				"an owner or the tenant of the dwelling, the claimant of the court decision, or %s hands it in: if the "+
					"applicant is the claimant, say so with claimant_id of the document",
				domain.Path("persons", i)).At("applicant_id")
		}
	}
	return nil
}
