// Package search makes one word of the ways in which people write it, so that a name or an address is
// found whatever keyboard, alphabet and language it was typed in. It knows nothing of records.
package search

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Words returns the words of a text, folded, in their order. Two writings of a word fold to one word of
// Latin letters and digits:
//
//   - Upper and lower case, and marks on letters, do not count.
//   - Kazakh letters are one with the Russian letters that are written for them: Қ and К, Ә and А.
//   - A word in Latin letters is read by its sounds, as passports write names: Shanyraq is Шаңырақ.
//   - In a word with Cyrillic letters or digits, a Latin letter is the Cyrillic one that looks the same.
//   - A doubled letter is one letter, and so are И, Й, І and Ы. Signs Ъ and Ь, and apostrophes, are left out.
//
// All other signs separate words. Distinct words can fold to one: who searches decides between them.
func Words(text string) []string {
	var words []string
	for _, word := range strings.FieldsFunc(norm.NFC.String(text), separates) {
		if folded := fold(word); folded != "" {
			words = append(words, folded)
		}
	}
	return words
}

func separates(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && !silent(r)
}

// silent reports whether r is written inside a word and not read.
func silent(r rune) bool { return strings.ContainsRune("'`ʼʹ’‘", r) }

// look is the Cyrillic letter of the same picture as a Latin one. A small h is the Kazakh һ.
var look = map[rune]rune{
	'A': 'а', 'B': 'в', 'C': 'с', 'E': 'е', 'H': 'н', 'I': 'і', 'K': 'к', 'M': 'м', 'O': 'о', 'P': 'р', 'T': 'т', 'X': 'х', 'Y': 'у',
	'a': 'а', 'b': 'в', 'c': 'с', 'e': 'е', 'h': 'һ', 'i': 'і', 'k': 'к', 'm': 'м', 'o': 'о', 'p': 'р', 't': 'т', 'x': 'х', 'y': 'у',
}

// cyrillic are the sounds of Cyrillic letters.
var cyrillic = strings.NewReplacer(
	"йе", "e", "йо", "e",
	"а", "a", "ә", "a", "б", "b", "в", "v", "г", "g", "ғ", "g", "д", "d", "е", "e", "ё", "e", "ж", "zh", "з", "z",
	"и", "i", "й", "i", "і", "i", "ы", "i", "к", "k", "қ", "k", "л", "l", "м", "m", "н", "n", "ң", "n", "о", "o", "ө", "o",
	"п", "p", "р", "r", "с", "s", "т", "t", "у", "u", "ү", "u", "ұ", "u", "ф", "f", "х", "h", "һ", "h", "ц", "ts", "ч", "ch",
	"ш", "sh", "щ", "sh", "ъ", "", "ь", "", "э", "e", "ю", "iu", "я", "ia",
)

// latin are the sounds of Latin letters, in passports and in the Kazakh alphabet.
var latin = strings.NewReplacer(
	"shch", "sh", "sch", "sh", "sh", "sh", "ch", "ch", "kh", "h", "gh", "g", "zh", "zh", "ye", "e", "yo", "e",
	"ş", "sh", "ç", "ch", "ı", "i", "ŋ", "n", "c", "k", "j", "zh", "q", "k", "w", "v", "x", "ks", "y", "i",
)

func fold(word string) string {
	if strings.ContainsFunc(word, func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) || unicode.IsDigit(r) }) {
		word = strings.Map(func(r rune) rune {
			if same, ok := look[r]; ok {
				return same
			}
			return r
		}, word)
	}
	word = strings.Map(func(r rune) rune {
		if silent(r) {
			return -1
		}
		return r
	}, strings.ToLower(word))
	word = withoutMarks(latin.Replace(cyrillic.Replace(word)))
	return strings.Map(once(), word)
}

func withoutMarks(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsMark(r) {
			return -1
		}
		return r
	}, norm.NFD.String(s))
}

// once returns a mapping that drops a letter behind the same letter. Digits stay.
func once() func(rune) rune {
	var last rune
	return func(r rune) rune {
		if r == last && unicode.IsLetter(r) {
			return -1
		}
		last = r
		return r
	}
}

// NameOf returns the words of the name of a person, folded, each once, in their order. The ending of a
// patronymic that stands apart is one word with what it follows: Серік қызы is Серікқызы.
func NameOf(name string) []string {
	var words []string
	for _, word := range Words(name) {
		if last := len(words) - 1; last >= 0 && slices.Contains(patronymics, word) {
			words[last] = strings.Map(once(), words[last]+word)
			continue
		}
		words = append(words, word)
	}
	var each []string
	for _, word := range words {
		if !slices.Contains(each, word) {
			each = append(each, word)
		}
	}
	return each
}

// patronymics are the folded endings of patronymics that can stand apart: son, daughter.
var patronymics = Words("ұлы улы қызы кызы оглы uly kyzy ogly qyzy")

// Address is an address, folded for a search.
type Address struct {
	Words   []string // of letters, in their order
	Numbers []string // that begin with a digit, in their order: of the house, then of the flat
}

// AddressOf folds an address, or what is searched for. Words that only say of what kind a part is
// (street, house, flat, city) are left out in three languages, and so is a postal index.
func AddressOf(text string) Address {
	var a Address
	for _, word := range Words(text) {
		first, _ := utf8.DecodeRuneInString(word)
		switch {
		case !unicode.IsDigit(first):
			if !slices.Contains(kinds, word) {
				a.Words = append(a.Words, word)
			}
		case !postalIndex(word):
			a.Numbers = append(a.Numbers, word)
		}
	}
	return a
}

func postalIndex(number string) bool {
	return len(number) == 6 && strings.Trim(number, "0123456789") == ""
}

// kinds are the folded words for kinds of places.
var kinds = Words(`
	көшесі көше даңғылы даңғыл тұйығы бульвары үй үйі пәтер пәтері пәт қаласы қала ауданы шағын шағынауданы ықшамауданы
	улица ул проспект просп пр бульвар переулок пер дом д корпус корп квартира кв город г микрорайон мкр мкрн
	street str st avenue ave house building apartment apt flat city
	koshesi dangyly uy pater qalasy ulitsa prospekt dom kv`)
