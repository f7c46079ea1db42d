package residence

import (
	"slices"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// Actors are who acts for a person on a day: who applies, signs, consents, confirms,
// objects and complains (R32).
type Actors struct {
	Self bool // the person alone
	// Representatives act in the person's place where the person does not act alone: any one of
	// them. None: nobody who is recorded acts for the person.
	Representatives []domain.PersonID
}

// ActorsOn is who acts for p on the day. A person of full age acts alone. For a minor a
// legal representative acts (Civil Code, art. 22, 23), and for an adult whose guardian is
// recorded the guardian (art. 26). What a minor from 14 years on does with the consent of a
// representative, the representative does here: the act is the consent.
//
// A guardian who was recorded while the person was a minor is one for that time alone.
// Whoever is not recorded acts alone: nothing is known of them.
func (p *Person) ActorsOn(day domain.Date, ages rules.Ages) Actors {
	if !p.Known() {
		return Actors{Self: true}
	}
	minor := p.BirthDate.YearsOn(day) < ages.Capacity
	var acting []domain.PersonID
	for _, r := range p.Representatives {
		if minor || r.ofAdult(p, ages) {
			acting = append(acting, r.PersonID)
		}
	}
	return Actors{Self: !minor && len(acting) == 0, Representatives: acting}
}

// Represented is a person in whose place a legal representative acts.
type Represented struct {
	PersonID      domain.PersonID `json:"person_id"`
	RepresentedBy domain.PersonID `json:"represented_by"`
}

// confirmedFor are the representatives who confirmed in the place of co-owners at a desk. It
// refuses where one is missing, or does not act for the co-owner (R6, R32).
func (c ApplyForDeregistration) confirmedFor(
	cmd domain.Command, coOwners []domain.PersonID, f Facts,
) ([]Represented, error) {
	for i, r := range c.Represented {
		if !slices.Contains(coOwners, r.PersonID) {
			return nil, domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
				"this is no other owner whose confirmation is asked for: leave them out").At(domain.Path("co_owners", i, "person_id"))
		}
	}
	for _, owner := range f.Speakers {
		if !slices.Contains(coOwners, owner.ID) {
			continue
		}
		field, by := "co_owners", domain.PersonID{}
		for i, r := range c.Represented {
			if r.PersonID == owner.ID {
				field, by = domain.Path("co_owners", i, "represented_by"), r.RepresentedBy
			}
		}
		if err := owner.ActorsOn(cmd.Today(), f.edition(cmd).Ages).Admit(by, field); err != nil {
			return nil, err
		}
	}
	return c.Represented, nil
}

// ofAdult reports whether r represents p beyond the day on which p comes of age.
func (r Representative) ofAdult(p *Person, ages rules.Ages) bool {
	return r.Kind == Guardian && p.BirthDate.YearsOn(r.RecordedOn) >= ages.Capacity
}

// Admit refuses an act in the name of a person by somebody who does not act for them. by is
// the representative who acts in the person's place, zero where the person acts. field is the
// member that names by.
func (a Actors) Admit(by domain.PersonID, field string) error {
	switch {
	case a.Self && by.IsZero(), slices.Contains(a.Representatives, by):
		return nil
	case a.Self:
		return domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
			"the person is of full age and no guardian is recorded: they act for themselves, and nobody in their place").At(field)
	case len(a.Representatives) == 0:
		return domain.Refuse(domain.Conflict, domain.CodeRepresentative,
			"a legal representative acts for this person, and none is recorded: a desk records one first").At(field)
	case by.IsZero():
		return domain.Refuse(domain.Conflict, domain.CodeRepresentative,
			"this person does not act alone: a legal representative who is recorded acts in their place").At(field)
	}
	return domain.Refuse(domain.Conflict, domain.CodeRepresentative,
		"who is named does not act for this person: it must be a legal representative who is recorded").At(field)
}
