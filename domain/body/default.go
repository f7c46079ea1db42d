package body

import (
	"github.com/google/uuid"

	"tizilim/domain"
)

// A token of the embedded issuer names a role and no body. It acts for the default body
// of that role, which every registry has, so that a registry works before its bodies are
// recorded. A default body acts in the whole country and takes any account that no other
// body has.

// Default returns the body that an account of the role acts for where no body is known;
// zero for citizens.
func Default(role domain.Role) domain.BodyID {
	if KindOf(role) == "" {
		return domain.BodyID{}
	}
	return domain.BodyID{UUID: domain.DeriveID(uuid.Nil, "default body of the role "+string(role))}
}

// IsDefault reports whether the body is the default body of a role.
func IsDefault(id domain.BodyID) bool {
	_, ok := DefaultState(id)
	return ok
}

// DefaultState returns a default body as it is recorded first; false for other bodies.
func DefaultState(id domain.BodyID) (Body, bool) {
	for _, k := range Kinds {
		if c := DefaultRecord(k); c.BodyID == id {
			return Body{ID: id, Kind: k, Description: c.Description}, true // its names hold from the beginning
		}
	}
	return Body{}, false
}

// DefaultRecord returns the command that records the default body of the kind.
func DefaultRecord(k Kind) Record {
	return Record{
		BodyID: Default(k.Role()), Kind: k, Description: Description{Names: defaultNames[k]},
	}
}

var defaultNames = map[Kind]Names{
	Commission: {
		Kazakh: "Көрсетілім тұрғын үй комиссиясы", Russian: "Демонстрационная жилищная комиссия",
		English: "Demonstration commission",
	},
	Desk: {
		Kazakh: "Көрсетілім қабылдау орны", Russian: "Демонстрационный пункт приёма", English: "Demonstration desk",
	},
	Provider: {
		Kazakh: "Көрсетілім қызмет беруші", Russian: "Демонстрационный услугодатель",
		English: "Demonstration provider",
	},
	Audit: {
		Kazakh: "Көрсетілім аудит органы", Russian: "Демонстрационный орган аудита",
		English: "Demonstration audit office",
	},
	Administration: {
		Kazakh: "Көрсетілім әкімшілігі", Russian: "Демонстрационная администрация",
		English: "Demonstration administration",
	},
	Consumer: {
		Kazakh: "Көрсетілім тұтынушы жүйесі", Russian: "Демонстрационная система-потребитель",
		English: "Demonstration consumer system",
	},
}
