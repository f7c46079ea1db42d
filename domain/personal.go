package domain

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/google/uuid"
)

// Personal is a text that tells who somebody is: a name, a telephone, a
// document's number, free text of an application. It prints and logs as a mask,
// with every verb: it formats itself, because fmt prints the value where a verb
// does not suit the type. Only JSON (events, and answers to those who may see
// them) and an explicit conversion to string show it.
type Personal string

func (Personal) String() string             { return personalMask }
func (Personal) LogValue() slog.Value       { return slog.StringValue(personalMask) }
func (Personal) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, personalMask) }

// PersonalBytes is [Personal] that is no text, such as a signature with the
// certificate of its signer. In JSON it is base64.
type PersonalBytes []byte

func (PersonalBytes) String() string             { return personalMask }
func (PersonalBytes) LogValue() slog.Value       { return slog.StringValue(personalMask) }
func (PersonalBytes) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, personalMask) }

// IIN is an individual identification number (ЖСН/ИИН): 12 ASCII digits with a
// valid control digit. It prints and logs as a mask. The zero IIN is "none": a
// refugee may have no IIN (R21).
type IIN string

func (IIN) String() string             { return iinMask }
func (IIN) LogValue() slog.Value       { return slog.StringValue(iinMask) }
func (IIN) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, iinMask) }

// iinTail is how many digits of an IIN a mask for people shows.
const iinTail = 4

// Tail is the IIN for those who must tell two persons apart and not learn it: its last digits
// behind stars. It is "" for none.
func (i IIN) Tail() string {
	if len(i) <= iinTail {
		return ""
	}
	return strings.Repeat("*", len(i)-iinTail) + string(i[len(i)-iinTail:])
}

const (
	personalMask = "[personal]"
	iinMask      = "[iin]"
)

// Masked returns v for a log with its personal values masked. A type with
// personal values in exported fields has a LogValue that calls it, because
// slog's JSON handler writes a struct as [encoding/json] does, without masks.
func Masked(v any) slog.Value { return slog.StringValue(fmt.Sprintf("%+v", v)) }

func (d Document) LogValue() slog.Value { return Masked(d) }
func (e Evidence) LogValue() slog.Value { return Masked(e) }
func (r Recorded) LogValue() slog.Value { return Masked(r) }
func (d Delivery) LogValue() slog.Value { return Masked(d) }

// Format prints as %+v does: under a verb that does not suit a pointer, fmt
// would print what it points to without asking it.
func (d Delivery) Format(s fmt.State, _ rune) {
	type plain Delivery
	fmt.Fprintf(s, "%+v", plain(d))
}

// ParseIIN checks the form and the control digit, and that the number is no BIN. Digits that
// disagree with the birth date or the sex of the person are not an error since
// Government resolution 853 of 26.08.2013 (R21).
//
// Errors: [CodeIINFormat], [CodeIINZero], [CodeIINControlDigit].
func ParseIIN(s string) (IIN, error) {
	if len(s) != 12 {
		return "", Refuse(Invalid, CodeIINFormat, "an IIN has exactly 12 digits 0-9")
	}
	var digits [12]int
	zero := true
	for i := range 12 {
		if s[i] < '0' || s[i] > '9' {
			return "", Refuse(
				Invalid,
				CodeIINFormat,
				"an IIN has exactly 12 digits 0-9, without spaces or digits of other scripts",
			)
		}
		digits[i] = int(s[i] - '0')
		zero = zero && digits[i] == 0
	}
	if zero {
		return "", Refuse(
			Invalid,
			CodeIINZero,
			"000000000000 is not issued as an IIN; leave iin out for a person who has none",
		)
	}
	if control, ok := controlDigit(digits[:11]); !ok || control != digits[11] {
		return "", Refuse(
			Invalid,
			CodeIINControlDigit,
			"the control digit of the IIN is wrong: compare the number with the document",
		)
	}
	if ofEntity(digits[4]) {
		return "", Refuse(Invalid, CodeIINFormat,
			"this is a BIN, the number of a company or body: give the IIN of the person")
	}
	return IIN(s), nil
}

// controlDigit computes the twelfth digit from the first eleven: weights 1..11
// modulo 11 and, where that gives 10, weights 3..11,1,2. ok is false where both
// give 10: such a number is never issued.
func controlDigit(d []int) (digit int, ok bool) {
	for _, shift := range []int{0, 2} {
		sum := 0
		for i, v := range d {
			sum += v * ((i+shift)%11 + 1)
		}
		if sum %= 11; sum < 10 {
			return sum, true
		}
	}
	return 0, false
}

// PersonIDKey is the secret that turns an IIN into a [PersonID]. Whoever holds
// it can test whether a stream belongs to an IIN; whoever loses it can no
// longer find persons by IIN.
type PersonIDKey []byte

// PersonID returns the id of the person with that IIN: always the same, so that
// one IIN is one person without a look-up. Without the key it tells nothing.
func (k PersonIDKey) PersonID(iin IIN) PersonID {
	mac := hmac.New(sha256.New, k)
	mac.Write([]byte(iin))
	var id uuid.UUID
	copy(id[:], mac.Sum(nil))
	id[6] = id[6]&0x0f | 0x80 // version 8: custom derivation (RFC 9562)
	id[8] = id[8]&0x3f | 0x80 // variant 10
	return PersonID{id}
}
