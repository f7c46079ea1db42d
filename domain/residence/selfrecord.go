package residence

import (
	"tizilim/domain"
	"tizilim/domain/rules"
)

// BornBy is the birth date that an IIN says; false where it says none, or where its seventh digit is
// that of no citizen.
func BornBy(iin domain.IIN) (domain.Date, bool) {
	if len(iin) < 7 || iin[6] < '1' || iin[6] > '6' {
		return domain.Date{}, false
	}
	born, ok := birthIn(string(iin), domain.Date{}.Start())
	return domain.DateOf(born), ok
}

// RecordSelf decides [RecordPerson] of who records themselves by an EDS (R56). The certificate names
// them, and the IIN says when they were born. No official has compared a document, so it is open to a
// citizen of full age alone, and nothing that contradicts itself can be accepted.
func (p *Person) RecordSelf(cmd domain.Command, c RecordPerson, book rules.Book) ([]domain.Event, error) {
	if p.Known() || !p.claim.PersonID.IsZero() {
		return nil, domain.Refuse(domain.Conflict, domain.CodePersonRecorded, "you are recorded already: go on with your request")
	}
	notOpen := func(why, at string) ([]domain.Event, error) {
		return nil, domain.Refuse(domain.Conflict, domain.CodeSelfRecord,
			"%s: go to a desk of the State Corporation with your identity document, which records you", why).At(at)
	}
	born, says := BornBy(c.IIN)
	switch {
	case c.Class != Citizen:
		return notOpen("only a citizen of Kazakhstan records themselves", "class")
	case !says:
		return notOpen("your IIN does not say the birth date of a citizen", "signature")
	case born.YearsOn(cmd.Today()) < book.On(cmd.Today()).Ages.Capacity:
		return notOpen("who is not of full age is recorded at a desk, with a legal representative", "signature")
	}
	if err := domain.SignatureEDS.SignedBy(c.PersonID, c.Evidence); err != nil {
		return nil, err
	}
	c.BirthDate, c.BirthKnown, c.Accept = born, BirthDay, nil
	return p.Record(cmd, c)
}
