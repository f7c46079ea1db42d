package domain

// Concern says whom an event concerns. The histories of persons and dwellings,
// the parties of cases and the access log follow from it; no list of types
// of event repeats it.
type Concern struct {
	// Persons and Dwellings are the subjects of the event: their histories have
	// it.
	Persons   []PersonID
	Dwellings []DwellingID

	// Case is the case that the event is a step of, in the stream of that case or
	// of a list: the histories of all parties of the case have the event. An
	// effect of a case in another stream is no step of it: it concerns its
	// subjects alone, and Case is zero.
	Case CaseID

	// Begins says that the event begins Case: its subjects are the parties.
	Begins bool

	// Entries are entries that the event tells of without naming who holds them.
	// The history of the person who holds such an entry then has the event. They
	// do not become parties of Case.
	Entries []ListEntry

	// Nobody is the reason why the event is in no history, where all of the above
	// is empty.
	Nobody string
}

// ListEntry names an entry of a list.
type ListEntry struct {
	ListID  ListID
	EntryID EntryID
}

// ConcernsPersons is the concern of an event about these persons and no
// dwelling, which is no step of a case.
func ConcernsPersons(ids ...PersonID) Concern { return Concern{Persons: ids} }

// ConcernsCase is the concern of a step of a case that the parties share.
func ConcernsCase(id CaseID) Concern { return Concern{Case: id} }

// ConcernsNobody is the concern of an event that is in no history.
func ConcernsNobody(why string) Concern { return Concern{Nobody: why} }
