package residence

import (
	"slices"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// Conditions of registering at a dwelling (R19). They are checked when somebody
// registers. They are never a ground to end a registration.

// Kinship is the relation of a person who registers to one who is registered at
// the dwelling, as stated with the registration.
type Kinship struct {
	Kind     KinshipKind     `json:"kind"`
	PersonID domain.PersonID `json:"person_id"` // who is registered there
}

// KinshipKind is one that a local norm can exempt.
type KinshipKind string

const (
	SpouseOf        KinshipKind = "spouse"
	ChildOf         KinshipKind = "child"
	CloseRelativeOf KinshipKind = "close_relative"
)

// Kinships lists them all.
var Kinships = []KinshipKind{SpouseOf, ChildOf, CloseRelativeOf}

// checkConsents: every owner of the dwelling consents, or, where it is let, the
// tenant in their place. A person who registers consents by applying. The
// tenant of state housing can consent only for those whom the lease names.
// Where the dwelling was provided to the person, the provision is the owner's
// consent. Consents of others are recorded, too. Where nobody can consent, a
// document takes the place of the consents, or nobody registers (R42).
func (c Register) checkConsents(cmd domain.Command, person domain.PersonID) error {
	for i, consent := range c.Consents {
		if cmd.Today().Before(consent.GivenOn) {
			return domain.Refuse(
				domain.Invalid,
				domain.CodeDateInFuture,
				"a consent cannot be given in the future: give today or an earlier day",
			).At(domain.Path("consents", i, "given_on"))
		}
		if err := c.Dwelling.checkSpoke(consent, domain.Path("consents", i, "given_on")); err != nil {
			return err
		}
		if consent.PersonID == person { // by applying
			continue
		}
		field := domain.Path("consents", i, "basis")
		err := c.Rules.On(cmd.Today()).CheckBasis(rules.OwnersConsent, cmd.Role, consent.Basis, cmd.Today(), field)
		if err != nil {
			return err
		}
	}
	nobody, err := c.consented(cmd.Today(), person)
	switch {
	case err != nil:
		return err
	case nobody && c.ConsentGround.IsZero():
		return domain.Refuse(domain.Conflict, domain.CodeNobodyConsents,
			"nobody can consent for this dwelling: no owner and no tenant is recorded, or nobody speaks for an owner; "+
				"record the owners or who speaks for them, or give the document that allows the registration "+
				"in consent_ground").At("dwelling_id")
	case nobody:
		return c.ConsentGround.Check(cmd.Today(), "consent_ground")
	case !c.ConsentGround.IsZero():
		return domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
			"the consents of this registration can be asked for, and no document takes their place: leave it out").
			At("consent_ground")
	}
	return nil
}

// CheckGiver refuses a consent of before the birth of p, who gives it (R54). at is the path of its day.
func (c Consent) CheckGiver(p *Person, at string) error {
	if !c.GivenOn.IsZero() && c.GivenOn.Before(p.BirthDate) {
		return domain.Refuse(domain.Invalid, domain.CodeBeforeBirth,
			"nobody consents before their birth: correct the day of the consent").At(at)
	}
	return nil
}

// checkSpoke refuses a consent of before its giver spoke for an owner or had the lease (R54). at is
// the path of its day. Who spoke before the first owners that are recorded, nobody knows.
func (d *Dwelling) checkSpoke(c Consent, at string) error {
	if d == nil || c.GivenOn.IsZero() {
		return nil
	}
	from, speaks := domain.Date{}, false
	for i, t := range d.titlesInForce() {
		if !speaks && slices.ContainsFunc(t.Owners, func(o Owner) bool { return o.Speaker() == c.PersonID }) {
			speaks = true
			if i > 0 {
				from = t.On
			}
		}
	}
	if l := d.Lease; l != nil && l.PersonID == c.PersonID && (!speaks || l.On.Before(from)) {
		from = l.On
	}
	if !c.GivenOn.Before(from) {
		return nil
	}
	return domain.Refuse(domain.Invalid, domain.CodeConsentTooEarly,
		"this person owns or rents the dwelling, or speaks for an owner, since %s and could not consent before: "+
			"correct the day, or have them consent again", from).At(at)
}

// consented refuses a registration without the consents that it needs, and reports whether
// nobody can give one of them.
func (c Register) consented(today domain.Date, person domain.PersonID) (nobody bool, err error) {
	rule := c.Rules.On(today).Residence
	if !rule.OwnersConsent || c.Dwelling == nil || !c.Provision.IsZero() {
		return false, nil
	}
	silent := func(id domain.PersonID) bool {
		return id != person &&
			!slices.ContainsFunc(c.Consents, func(given Consent) bool { return given.PersonID == id })
	}
	owners := c.Dwelling.ownersFrom(c.From)
	missing, mute := 0, 0
	for _, o := range owners {
		switch p := o.Speaker(); {
		case p.IsZero() || slices.Contains(c.Dead, p):
			mute++
		case silent(p):
			missing++
		}
	}
	lease := c.Dwelling.Lease
	let := rule.TenantsConsent && lease != nil && !today.Before(lease.On) && !slices.Contains(c.Dead, lease.PersonID)
	switch {
	case missing+mute == 0 && len(owners) > 0:
		return false, nil
	case let && !silent(lease.PersonID):
		bound := !rule.NamedInLeaseOnlyFrom.IsZero() && !c.From.Before(rule.NamedInLeaseOnlyFrom)
		if !bound || person == lease.PersonID || slices.Contains(lease.Family, person) {
			return false, nil
		}
		return false, domain.Refuse(domain.Invalid, domain.CodeNotInLease,
			"the lease of this dwelling does not name the person, and the tenant can consent only for those whom "+
				"it names: have the lease changed, or add the consents of all owners").At("person_id")
	case let:
		return false, domain.Refuse(domain.Invalid, domain.CodeOwnersConsent,
			"the dwelling is let: add a consent with the person_id of its tenant, or of each of its %d owner(s)",
			len(owners)).At("consents")
	case missing == 0:
		return true, nil
	}
	return false, domain.Refuse(domain.Invalid, domain.CodeOwnersConsent,
		"the dwelling has %d owner(s) whose consent is missing: add a consent with the person_id of each owner, or of "+
			"the agent of an owner that is no person; for a day in the past the owners of that day consent too",
		missing).At("consents")
}

// nobodySpeaks is the refusal of an act that needs the word of an owner for whom nobody speaks.
func nobodySpeaks() *domain.Error {
	return domain.Refuse(domain.Conflict, domain.CodeNobodyConsents,
		"nobody speaks for one of the owners of this dwelling, and their consent is needed: record "+
			"first who does")
}

// checkPlace: the place is of a permitted kind, and the norm of its territory,
// where one is configured, is kept. Where the registry has not recorded the
// area, that is a warning and no refusal.
func (c Register) checkPlace(cmd domain.Command, person domain.PersonID) ([]Warning, error) {
	if c.Kinship != (Kinship{}) && !slices.Contains(Kinships, c.Kinship.Kind) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
			"a kinship is one of %v", Kinships).At("kinship.kind")
	}
	d := c.Dwelling
	if d == nil {
		return nil, nil
	}
	if err := d.CheckStands("dwelling_id"); err != nil {
		return nil, err
	}
	edition := c.Rules.On(cmd.Today())
	if err := d.CheckPermitted(edition, "dwelling_id"); err != nil {
		return nil, err
	}
	norm, ok := edition.OccupancyNorm(d.KATO, c.From)
	switch {
	case !ok:
		return nil, nil
	case d.Area == 0:
		return []Warning{{Code: domain.CodeAreaUnknown}}, nil
	case slices.Contains(c.Occupants, person): // the number of persons does not grow
		return nil, nil
	case slices.Contains(norm.ExemptKinships, string(c.Kinship.Kind)) && slices.Contains(c.Occupants, c.Kinship.PersonID):
		return nil, nil
	}
	persons := map[domain.PersonID]bool{person: true}
	for _, id := range c.Occupants { // a person can be named twice, as resident and on a temporary stay
		persons[id] = true
	}
	if d.Area.hundredths() < int64(len(persons))*Area(norm.AreaPerPerson).hundredths() {
		return nil, domain.Refuse(domain.Conflict, domain.CodeOccupancyNorm,
			"with %d persons on %v m² each would have less than %v m², the norm of this territory; "+
				"a spouse or relative of somebody registered there states it in kinship, where the norm exempts "+
				"them (%v); "+
				"if the area is wrong, correct the description of the dwelling",
			len(persons), d.Area, norm.AreaPerPerson, norm.ExemptKinships).At("dwelling_id")
	}
	return nil, nil
}

// CheckPermitted refuses a place that is recorded as one where nobody can live.
func (d *Dwelling) CheckPermitted(by rules.Edition, field string) error {
	if d.Place == "" || slices.Contains(by.Residence.PermittedPlaces, string(d.Place)) {
		return nil
	}
	return domain.Refuse(domain.Conflict, domain.CodePlaceNotPermitted,
		"this place is recorded as %s, where nobody can be registered; if that is wrong, correct the "+
			"description of the dwelling", d.Place).At(field)
}
