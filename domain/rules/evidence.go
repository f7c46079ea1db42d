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

// Act of an official that takes something from somebody, or states somebody's will, on
// the official's word. The table "What a desk states" of RULES.md names
// the operations of each.
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
	// LookupConsent: that an applicant or the holder of an entry consents to look-ups, or
	// takes the consent back.
	LookupConsent Act = "lookup_consent"
	// Representation: that somebody represents a minor, or no longer does.
	Representation Act = "representation"
	// Deregister: that somebody applies for a deregistration.
	Deregister Act = "deregistration"
	// WithdrawApplication: that an applicant takes an application back.
	WithdrawApplication Act = "withdrawal"
	// ReportChange: that a holder reports another family, or that the need is lost.
	ReportChange Act = "reported_change"
	// ChangeDwelling: that a recorded dwelling has another address, area, number of rooms or
	// kind. To record what was not known takes nothing from anybody.
	ChangeDwelling Act = "change_of_dwelling"
)

// Acts lists them all.
var Acts = []Act{
	SetContacts, ChangeOwners, OwnersConsent, MembersConsent, LookupConsent, Representation, Deregister,
	WithdrawApplication, ReportChange, ChangeDwelling,
}

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

// NeedsBasis reports whether an official names the document on which the act rests.
func (e Edition) NeedsBasis(a Act) bool { return slices.Contains(e.Evidence.RequiredFor, a) }

// CheckBasis refuses an act of the role whose document is missing where the edition
// requires one, and a document that is not named whole. A citizen who acts for
// themselves needs none. field is the member of the request that names the document.
func (e Edition) CheckBasis(a Act, role domain.Role, b domain.Basis, today domain.Date, field string) error {
	return b.Demand(e.NeedsBasis(a), role, today, field)
}
