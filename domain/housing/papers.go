package housing

import (
	"slices"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// FamilyPaper is a document that shows why somebody joined a family, or left it (Q40).
type FamilyPaper struct {
	PersonID domain.PersonID `json:"person_id"`
	domain.Basis
}

// shown reports whether the family changes, and refuses changes that no paper shows, all at once, and a paper
// that shows no change. A paper is not demanded where the registry itself knows the reason (C14): the
// death of who left, or that the child who left is of age.
func (c ReportChange) shown(e Entry, by rules.Edition, today domain.Date) (changed bool, err error) {
	demanded := map[domain.PersonID][]domain.DocumentType{}
	optional := map[domain.PersonID]bool{}
	for _, m := range c.Family {
		switch was, counted := relationIn(e.Family, m.PersonID); {
		case counted && was == m.Relation:
		case counted:
			demanded[m.PersonID] = domain.DocumentTypes
		case m.Relation == Spouse:
			demanded[m.PersonID] = []domain.DocumentType{domain.DocumentMarriage}
		default:
			demanded[m.PersonID] = []domain.DocumentType{
				domain.DocumentBirthCertificate, domain.DocumentCourtDecision, domain.DocumentGuardianship,
			}
		}
	}
	for _, m := range e.Family {
		if _, stays := relationIn(c.Family, m.PersonID); stays {
			continue
		}
		demanded[m.PersonID] = []domain.DocumentType{domain.DocumentDeath, domain.DocumentCourtDecision}
		if m.Relation == Spouse {
			demanded[m.PersonID] = append(demanded[m.PersonID], domain.DocumentDivorce)
		}
		p := c.Facts.of(m.PersonID)
		optional[m.PersonID] = !p.DiedOn.IsZero() || m.ofAge(p.Born, by, today)
	}
	papered := map[domain.PersonID]bool{}
	for i, p := range c.Papers {
		field := domain.Path("papers", i)
		types, changes := demanded[p.PersonID]
		if !changes || papered[p.PersonID] {
			return false, domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
				"this person neither joins nor leaves the family, or has another paper here: leave this one out").At(field + ".person_id")
		}
		if err := p.Basis.Check(today, field); err != nil {
			return false, err
		}
		if !slices.Contains(types, p.Type) {
			return false, domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
				"this change is shown by one of %v", types).At(field + ".type")
		}
		papered[p.PersonID] = true
	}
	var missing []*domain.Error
	for _, m := range slices.Concat(c.Family, e.Family) {
		if types, changes := demanded[m.PersonID]; changes && !papered[m.PersonID] && !optional[m.PersonID] {
			papered[m.PersonID] = true // named once
			missing = append(missing, domain.Refuse(domain.Invalid, domain.CodePaperRequired,
				"the person %s joins or leaves the family, or has another relation: name the document that shows it, one of %v",
				m.PersonID, types).At("papers"))
		}
	}
	return len(demanded) > 0, domain.Together(missing...)
}

// relationIn is the relation of the person in a family; false where they are not counted.
func relationIn(family []FamilyMember, p domain.PersonID) (Relation, bool) {
	i := slices.IndexFunc(family, func(m FamilyMember) bool { return m.PersonID == p })
	if i < 0 {
		return "", false
	}
	return family[i].Relation, true
}
