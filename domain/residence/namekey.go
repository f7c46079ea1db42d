package residence

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"tizilim/domain"
	"tizilim/domain/search"
)

// NameKey is the same for all persons who have a word of the name and the birth date in common (R53).
// It is a keyed hash: without the key it tells nothing of either.
type NameKey string

// nameKeyLen is the length of a NameKey in bytes. Two that are the same by chance do no harm, since a
// search compares what it finds with the record.
const nameKeyLen = 8

// NameKeysOf returns the keys under which a record with the name and the birth date is found: one for
// each word of the name. The log keeps them, so the same name must have the same keys for ever.
func NameKeysOf(key domain.PersonIDKey, d PersonData) []NameKey {
	var keys []NameKey
	for _, word := range search.NameOf(string(d.Name)) {
		keys = append(keys, nameKey(key, word, bornAs(d.BirthDate.Date, d.BirthKnown)))
	}
	return keys
}

func nameKey(key domain.PersonIDKey, word, born string) NameKey {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("name\x00" + word + "\x00" + born))
	return NameKey(hex.EncodeToString(mac.Sum(nil)[:nameKeyLen]))
}

// bornAs is the birth date as far as it is known: 1990-05-17, 1990-05 or 1990.
func bornAs(date domain.Date, known BirthKnown) string {
	text := date.String()
	switch {
	case text == "":
		return ""
	case known == BirthMonth:
		return text[:len("2006-01")]
	case known == BirthYear:
		return text[:len("2006")]
	}
	return text
}

// Sought is what is known of a person who is searched for.
type Sought struct {
	Name       domain.Personal // one word of it or more, in any order
	BirthDate  domain.PersonalDate
	BirthKnown BirthKnown
}

// Check refuses what nobody can be found by. Who knows a part of the birth date alone finds those of
// whom the registry knows no more.
func (q Sought) Check(today domain.Date) error {
	if _, err := domain.Name(q.Name, "name"); err != nil {
		return err
	}
	if len(search.NameOf(string(q.Name))) == 0 {
		return domain.Refuse(domain.Invalid, domain.CodeRequired, "give one word of the name at least").At("name")
	}
	return checkBirth(today, q.BirthDate.Date, q.BirthKnown)
}

// Keys returns, for each word of the name, the keys of the records that fit.
func (q Sought) Keys(key domain.PersonIDKey) [][]NameKey {
	var all [][]NameKey
	for _, word := range search.NameOf(string(q.Name)) {
		var keys []NameKey
		for _, born := range q.born() {
			keys = append(keys, nameKey(key, word, born))
		}
		all = append(all, keys)
	}
	return all
}

// born are the birth dates that fit, as far as a record has them: the one that is sought, and those of
// which less is known.
func (q Sought) born() []string {
	born := []string{bornAs(q.BirthDate.Date, q.BirthKnown)}
	for cut := strings.LastIndexByte(born[0], '-'); cut > 0; cut = strings.LastIndexByte(born[0][:cut], '-') {
		born = append(born, born[0][:cut])
	}
	return born
}

// Match is the name and the birth date by which a search has found a record.
type Match struct {
	Name       domain.Personal
	BirthDate  domain.PersonalDate
	BirthKnown BirthKnown
	Former     bool // the record has another name or birth date now
}

// Match returns by what the record fits, the present name and birth date before former ones. Any name
// that was recorded goes with any birth date: each of them is a statement about the same person.
func (p *Person) Match(q Sought) (Match, bool) {
	if !p.Known() {
		return Match{}, false
	}
	words, born, now := search.NameOf(string(q.Name)), q.born(), p.Data()
	recorded := append([]PersonData{now}, p.former...)
	for _, named := range recorded {
		has := search.NameOf(string(named.Name))
		if slices.ContainsFunc(words, func(word string) bool { return !slices.Contains(has, word) }) {
			continue
		}
		for _, d := range recorded {
			if slices.Contains(born, bornAs(d.BirthDate.Date, d.BirthKnown)) {
				return Match{
					named.Name, d.BirthDate, d.BirthKnown,
					named.Name != now.Name || d.BirthDate != now.BirthDate || d.BirthKnown != now.BirthKnown,
				}, true
			}
		}
	}
	return Match{}, false
}

// Bears reports whether a name of at least two words is one that the person bears or bore (R55): each
// word is one of a recorded name, as [Person.Match] compares them. One word is enough where the
// recorded name has no other.
func (p *Person) Bears(name domain.Personal) bool {
	words := search.NameOf(string(name))
	if !p.Known() || len(words) == 0 {
		return false
	}
	for _, d := range append([]PersonData{p.Data()}, p.former...) {
		has := search.NameOf(string(d.Name))
		other := slices.ContainsFunc(words, func(word string) bool { return !slices.Contains(has, word) })
		if !other && len(words) >= min(2, len(has)) {
			return true
		}
	}
	return false
}

// keysAfter returns the keys that a change of the record adds: of the new name with each birth date
// that was recorded, and of the new birth date with each name.
func (p *Person) keysAfter(now PersonData, keys func(PersonData) []NameKey) []NameKey {
	was := p.Data()
	if keys == nil || now.Name == was.Name && now.BirthDate == was.BirthDate && now.BirthKnown == was.BirthKnown {
		return nil
	}
	var all []NameKey
	for _, d := range append([]PersonData{now, was}, p.former...) {
		renamed, reborn := d, d
		renamed.Name = now.Name
		reborn.BirthDate, reborn.BirthKnown = now.BirthDate, now.BirthKnown
		for _, key := range append(keys(renamed), keys(reborn)...) {
			if !slices.Contains(all, key) {
				all = append(all, key)
			}
		}
	}
	return all
}
