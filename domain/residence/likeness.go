package residence

import (
	"crypto/hmac"
	"crypto/sha256"
	"strings"

	"github.com/google/uuid"

	"tizilim/domain"
)

// Likeness is the same for two persons with the same name and birth date (R29). It is a keyed
// hash: without the key it tells nothing of either.
type Likeness struct{ uuid.UUID }

// IsZero reports whether none is recorded, as in events of earlier builds.
func (l Likeness) IsZero() bool { return l.UUID == uuid.Nil }

// LikenessOf returns the likeness of a person under the key. Upper and lower case are the same.
func LikenessOf(key domain.PersonIDKey, d PersonData) Likeness {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("likeness\x00" + strings.ToLower(string(d.Name)) + "\x00" + d.BirthDate.Date.String()))
	var l Likeness
	copy(l.UUID[:], mac.Sum(nil))
	l.UUID[6], l.UUID[8] = l.UUID[6]&0x0f|0x80, l.UUID[8]&0x3f|0x80 // version 8: custom derivation (RFC 9562)
	return l
}

// Data is who the person is, with the name in its written form where it has one.
func (c RecordPerson) Data() PersonData {
	name, err := domain.Name(c.Name, "name")
	if err != nil { // the command is refused for it
		name = c.Name
	}
	return PersonData{name, domain.PersonalDate{Date: c.BirthDate}, c.BirthKnown, c.Class}
}

// Alike reports whether the person is recorded with the name and the birth date.
func (p *Person) Alike(d PersonData) bool {
	return p.Known() && p.BirthDate == d.BirthDate.Date && strings.EqualFold(string(p.Name), string(d.Name))
}

// alikeAnswered refuses to record a person without an IIN who may be recorded already, until
// the official has looked at each of those records.
func (c RecordPerson) alikeAnswered() error {
	if c.IIN != "" {
		return nil
	}
	var warnings []*domain.Error
	for _, id := range c.Alike {
		warnings = append(warnings, domain.Refuse(domain.Conflict, domain.CodePersonAlike,
			"the person %s is recorded with this name and birth date: compare the documents", id))
	}
	return domain.CheckAnswered(domain.CodeWarningsOpen, warnings, c.Accept,
		"this person may be recorded already: use that record, or accept the code if it is somebody else")
}
