package housingtest

import (
	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
)

// Papers are documents that show each change from one family to another (Q40).
func Papers(was, now []housing.FamilyMember) []housing.FamilyPaper {
	var papers []housing.FamilyPaper
	in := func(m housing.FamilyMember, family []housing.FamilyMember) bool {
		for _, other := range family {
			if other.PersonID == m.PersonID {
				return true
			}
		}
		return false
	}
	add := func(m housing.FamilyMember, spouse, child domain.DocumentType) {
		p := housing.FamilyPaper{PersonID: m.PersonID, Basis: domaintest.Basis()}
		if p.Type = child; m.Relation == housing.Spouse {
			p.Type = spouse
		}
		papers = append(papers, p)
	}
	for _, m := range now {
		if !in(m, was) {
			add(m, domain.DocumentMarriage, domain.DocumentBirthCertificate)
		}
	}
	for _, m := range was {
		if !in(m, now) {
			add(m, domain.DocumentDivorce, domain.DocumentDeath)
		}
	}
	return papers
}
