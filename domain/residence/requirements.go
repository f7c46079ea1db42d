package residence

import (
	"errors"
	"fmt"
	"slices"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// Requirements returns the papers of an S001 application by an applicant of the class (R4, R8,
// R10), by the edition. It refuses a combination that is not open (R1-R3). Through the portal the
// signed electronic request stands for the papers of the owner's application (S001-8).
func Requirements(class Class, ground Ground, channel domain.Channel, by rules.Edition) ([]domain.Requirement, error) {
	if err := admits(class, ground, channel); err != nil {
		return nil, err
	}
	if channel == domain.ChannelPortal {
		return nil, nil
	}
	list := papersOf(ground, class, by)
	if by.NeedsBasis(rules.Deregister) {
		list = append(list, domain.Requirement{
			Paper: domain.PaperSignedApplication, Field: "basis", Types: domain.DocumentTypes,
			For: domain.ForApplication, Code: domain.CodeBasisRequired,
		})
	}
	return list, nil
}

// papersOf returns the documents of an application on paper. The class is that of whom they name:
// a citizen gives up the identity card on leaving for good (S001-7.2); for other classes the acts
// say nothing, so any identity document serves.
func papersOf(ground Ground, class Class, by rules.Edition) []domain.Requirement {
	document := func(
		p domain.Paper, code domain.Code, whom domain.PaperFor, types ...domain.DocumentType,
	) domain.Requirement {
		return domain.Requirement{Paper: p, Field: "documents", Types: types, For: whom, Code: code}
	}
	switch ground {
	case GroundOwnerApplication:
		return []domain.Requirement{
			document(domain.PaperIdentity, domain.CodeIdentityDocument, domain.ForApplicant, identifying...),
			document(domain.PaperFreeForm, domain.CodeApplicationDocument, domain.ForApplication, domain.DocumentApplication),
		}
	case GroundDepartureAbroad:
		passport := document(domain.PaperPassportOfChild, domain.CodePassportOfChild, domain.ForEach, domain.DocumentPassport)
		passport.ToAge = by.Ages.IdentityCard
		card := document(
			domain.PaperCardToSurrender, domain.CodeIdentityCardSurrender, domain.ForEach, domain.DocumentIdentityCard,
		)
		if class != Citizen {
			card.Paper, card.Types = domain.PaperToSurrender, identifying
		}
		card.FromAge = by.Ages.IdentityCard
		return []domain.Requirement{
			document(domain.PaperExitPermission, domain.CodeExitPermission, domain.ForEach, domain.DocumentExitPermission),
			passport, card,
		}
	default:
		return []domain.Requirement{
			document(domain.PaperCourtDecision, domain.CodeCourtDecision, domain.ForEach, domain.DocumentCourtDecision),
		}
	}
}

var identifying = slices.DeleteFunc(
	slices.Clone(domain.DocumentTypes), func(t domain.DocumentType) bool { return !t.Identifies() },
)

// checkPapers keeps R4, R8, R10 and R43, and that a desk acts on a paper. The refusal names every
// paper that is missing.
func checkPapers(cmd domain.Command, c ApplyForDeregistration, f Facts) error {
	var faults []*domain.Error
	lacking := func(of *Person, at string, whom ...domain.PaperFor) {
		for _, r := range papersOf(c.Ground, of.Class, f.edition(cmd)) {
			if slices.Contains(whom, r.For) && r.OfAge(of.BirthDate.YearsOn(cmd.Today())) {
				if fault := c.lacks(cmd, r, of.ID, at); fault != nil {
					faults = append(faults, fault)
				}
			}
		}
	}
	if cmd.Channel != domain.ChannelPortal {
		lacking(f.Applicant, "", domain.ForApplicant, domain.ForApplication)
		for i, p := range f.Persons {
			lacking(p, domain.Path("persons", i), domain.ForEach)
		}
	}
	for _, err := range []error{checkNamed(cmd, c, f), checkBasis(cmd, c, f)} {
		if fault := (*domain.Error)(nil); errors.As(err, &fault) {
			faults = append(faults, fault)
		}
	}
	return domain.Together(faults...)
}

// lacks says that the application has no paper that meets the requirement for the person, who is
// named at the path; nil where it has one.
func (c ApplyForDeregistration) lacks(
	cmd domain.Command, r domain.Requirement, p domain.PersonID, at string,
) *domain.Error {
	names := func(d domain.Document) bool {
		switch r.Paper {
		case domain.PaperFreeForm: // whom it names, checkNamed says
			return true
		case domain.PaperCardToSurrender, domain.PaperToSurrender:
			return d.PersonID == p && d.Surrendered
		case domain.PaperCourtDecision:
			return d.Names(p) && d.DwellingID == c.DwellingID
		case domain.PaperExitPermission:
			return d.Names(p)
		default:
			return d.PersonID == p
		}
	}
	inForce := func(d domain.Document) bool {
		return r.Paper != domain.PaperCourtDecision || !d.InForceOn.IsZero() && !cmd.Today().Before(d.InForceOn)
	}
	found := -1
	for i, d := range c.Documents {
		if !slices.Contains(r.Types, d.Type) || !names(d) {
			continue
		}
		if inForce(d) {
			return nil
		}
		if found < 0 {
			found = i
		}
	}
	if found >= 0 {
		return domain.Refuse(domain.Invalid, domain.CodeCourtDecisionNotYet,
			"the court decision must be in legal force: give in_force_on, a day not after "+
				"today").At(domain.Path("documents", found, "in_force_on"))
	}
	return domain.Refuse(domain.Invalid, r.Code, "%s", lacking(r, at)).At(r.Field)
}

// lacking says which paper is missing for whom, and how to add it.
func lacking(r domain.Requirement, at string) string {
	switch r.Paper {
	case domain.PaperIdentity:
		return "add the owner's identity document: a document of type identity_card, passport or the like with " +
			"person_id of the applicant"
	case domain.PaperFreeForm:
		return "add the owner's application in free form: a document of type application"
	case domain.PaperExitPermission:
		return fmt.Sprintf("add the territorial police's exit permission that names %s: a document of type "+
			"exit_permission with this person_id", at)
	case domain.PaperPassportOfChild:
		return fmt.Sprintf("%s is under %d: add the passport with this person_id", at, r.ToAge)
	case domain.PaperCardToSurrender, domain.PaperToSurrender:
		return fmt.Sprintf("%s is %d or older: add the identity card with this person_id and surrendered: true", at, r.FromAge)
	default:
		return fmt.Sprintf("add the court decision that deprives %s of the right to use this dwelling: a document of "+
			"type court_decision with this person_id and dwelling_id", at)
	}
}
