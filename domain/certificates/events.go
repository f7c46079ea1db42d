package certificates

import "tizilim/domain"

// Events are the types of event that this package declares.
var Events = []domain.EventType{
	domain.EventOf[Duplicated](),
	domain.EventOf[Corrected](),
}

// ofDocument is the concern of an event about a document that a case issued, or
// the stream of a person. The id of the other is zero.
func ofDocument(id domain.CaseID, person domain.PersonID) domain.Concern {
	c := domain.Concern{Case: id}
	if !person.IsZero() {
		c.Persons = []domain.PersonID{person}
	}
	return c
}
