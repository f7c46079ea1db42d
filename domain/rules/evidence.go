package rules

import (
	"fmt"
	"slices"

	"tizilim/domain"
)

// Evidence is what an official must show for an act that takes something from
// somebody. All of it is policy.
type Evidence struct {
	// RequiredFor are the acts for which an official names the document that they
	// rest on, with the hash of its file ([domain.Basis]).
	RequiredFor []Act `json:"required_for"`
	// SecondOfficialFor are the acts that take effect when a second official confirms
	// them: a change of owners.
	SecondOfficialFor []Act `json:"second_official_for"`
	// SecondOfficialDays are days of 24 hours for the second official; then the
	// proposal has lapsed: 5.
	SecondOfficialDays int `json:"second_official_days"`
}

// Act of an official that takes something from somebody on the official's word.
type Act string

const (
	// SetContacts: how a person can be reached, stated for that person.
	SetContacts Act = "contacts"
	// ChangeOwners of a dwelling that has owners. To record the first ones takes
	// nothing from anybody.
	ChangeOwners Act = "change_of_owners"
	// OwnersConsent: that an owner or tenant consents to a registration.
	OwnersConsent Act = "owners_consent"
	// MembersConsent: that a member of an applicant's family consents, or does not.
	MembersConsent Act = "members_consent"
)

// Acts lists them all.
var Acts = []Act{SetContacts, ChangeOwners, OwnersConsent, MembersConsent}

// pendingActs are those for which a second official can be asked.
var pendingActs = []Act{ChangeOwners}

// check refuses acts that do not exist, and two of the same.
func (e Evidence) check() error {
	if err := checkActs("evidence.required_for", e.RequiredFor, Acts); err != nil {
		return err
	}
	return checkActs("evidence.second_official_for", e.SecondOfficialFor, pendingActs)
}

func checkActs(at string, acts, known []Act) error {
	for i, a := range acts {
		if !slices.Contains(known, a) || slices.Contains(acts[:i], a) {
			return fmt.Errorf("%s names %q, which is no act of these or is named twice: the acts are %v", at, a, known)
		}
	}
	return nil
}

// NeedsSecondOfficial reports whether the act takes effect only when a second official
// confirms it.
func (e Edition) NeedsSecondOfficial(a Act) bool {
	return slices.Contains(e.Evidence.SecondOfficialFor, a)
}

// CheckBasis refuses an act of the role whose document is missing where the edition
// requires one, and a document that is not named whole. A citizen who acts for
// themselves needs none. field is the member of the request that names the document.
func (e Edition) CheckBasis(a Act, role domain.Role, b domain.Basis, today domain.Date, field string) error {
	if !b.IsZero() {
		return b.Check(today, field)
	}
	if role == domain.RoleCitizen || role == domain.RoleSystem || !slices.Contains(e.Evidence.RequiredFor, a) {
		return nil
	}
	return domain.Refuse(domain.Invalid, domain.CodeBasisRequired,
		"this rests on a document: give its type, number, day and issuer, and the SHA-256 of its file").At(field)
}
