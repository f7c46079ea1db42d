package domain

// FactKind is a kind of fact that another state body's system may be told of, in words of the
// field. Events are ours; facts are what others rest on, and their kinds never change their meaning.
type FactKind string

const (
	FactRegistered        FactKind = "registered"   // at a dwelling, from a day on
	FactDeregistered      FactKind = "deregistered" // from a dwelling, and not by a move
	FactMoved             FactKind = "moved"        // away from a dwelling; FactRegistered says where to
	FactPersonDataChanged FactKind = "person_data_changed"
	FactMerged            FactKind = "merged" // the record stands for a human who has another record
	FactDied              FactKind = "died"
	FactPlaced            FactKind = "placed"   // on a list, or took over a place on it
	FactRemoved           FactKind = "removed"  // from a list, or passed the place on
	FactProvided          FactKind = "provided" // with a service dwelling, which ends the place
)

// FactKinds lists the kinds that a consumer can be allowed.
var FactKinds = []FactKind{
	FactRegistered, FactDeregistered, FactMoved, FactPersonDataChanged, FactMerged, FactDied, FactPlaced, FactRemoved,
	FactProvided,
}

// The kinds of fact that tell what became of an earlier one. Nobody is allowed them: they go to
// whoever may have the earlier fact.
const (
	FactCorrected FactKind = "corrected" // the earlier fact is otherwise than it was told
	FactAnnulled  FactKind = "annulled"  // the earlier fact never was
	FactErased    FactKind = "erased"    // the personal values of the person are to be forgotten, of every earlier fact
)

// ToldFacts lists all kinds that a consumer can be told.
var ToldFacts = append(append([]FactKind{}, FactKinds...), FactCorrected, FactAnnulled, FactErased)

// SharedValue is a personal value that a consumer may be given with a fact.
type SharedValue string

const (
	ShareIIN       SharedValue = "iin"
	ShareName      SharedValue = "name"
	ShareBirthDate SharedValue = "birth_date"
	ShareAddress   SharedValue = "address" // of the dwelling of the fact, with its codes
)

// SharedValues lists them all.
var SharedValues = []SharedValue{ShareIIN, ShareName, ShareBirthDate, ShareAddress}
