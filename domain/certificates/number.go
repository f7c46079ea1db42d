package certificates

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strings"
	"time"
	"unicode"

	"tizilim/domain"
)

const (
	// locatorLen is the length of a locator: 60 bits, so that among ten million
	// documents of a service and year two have one number with probability
	// 0.00005. Nothing breaks then: they still have ids and codes of their own.
	locatorLen = 12
	// proofLen is the length of the proof in a check code: 80 bits.
	proofLen = 16
)

// crockford has no letters that are easily confused on paper.
var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// Locator is the part of a document's number and check code by which the
// document is found: a hash of its id.
func Locator(id domain.CertificateID) string {
	sum := sha256.Sum256(id.UUID[:])
	return crockford.EncodeToString(sum[:])[:locatorLen]
}

// Number is the number of the document on paper: service, year of issue and
// locator, S000-2026-1A2B-3C4D-5E6F. It is never reused and tells nothing of a
// person.
func (d Document) Number() string {
	return string(d.Service) + "-" + domain.DateOf(d.IssuedAt).String()[:4] + "-" + grouped(Locator(d.ID))
}

// NumberOf is the number of a case as its talon shows it (C4).
func NumberOf(s domain.Service, id domain.CaseID, received time.Time) string {
	return Document{ID: TalonOf(id), Service: s, IssuedAt: received}.Number()
}

// TypedNumber is the number of a document or of a case as a person types it from paper: its letters and
// digits alone, in capitals, with 0 for O and 1 for I and L. Two numbers that differ in these alone are
// one.
type TypedNumber string

// ParseNumber reads a number: service, year and locator, in either case, with or without hyphens and
// spaces. Error: [domain.CodeNumberFormat].
func ParseNumber(s string) (TypedNumber, error) {
	n := typed(s)
	rest, of := "", false
	for _, service := range append([]domain.Service{domain.Complaint}, domain.Services...) {
		if rest, of = strings.CutPrefix(string(n), string(typed(string(service)))); of {
			break
		}
	}
	if _, err := crockford.DecodeString(rest); !of || err != nil || len(rest) != len("2006")+locatorLen {
		return "", domain.Refuse(domain.Invalid, domain.CodeNumberFormat,
			"a number has the service, the year and three groups of four letters and digits, such as "+
				"S000-2026-1A2B-3C4D-5E6F: copy it from the document").At("number")
	}
	return n, nil
}

func typed(s string) TypedNumber {
	return TypedNumber(strings.Map(func(r rune) rune {
		switch {
		case r == 'O':
			return '0'
		case r == 'I' || r == 'L':
			return '1'
		case unicode.IsPunct(r) || unicode.IsSpace(r):
			return -1
		}
		return r
	}, strings.ToUpper(s)))
}

// Locator returns the locator in the number.
func (n TypedNumber) Locator() string { return string(n)[len(n)-locatorLen:] }

// Is reports whether the number of a document or of a case is meant.
func (n TypedNumber) Is(number string) bool { return n == typed(number) }

// grouped parts a text into fours.
func grouped(s string) string {
	var groups []string
	for ; len(s) > 4; s = s[4:] {
		groups = append(groups, s[:4])
	}
	return strings.Join(append(groups, s), "-")
}

// CheckKey is the secret behind check codes. Whoever holds it can make
// documents that pass the check; with a new key, the codes of all earlier
// prints fail.
type CheckKey []byte

// CheckCode proves that the registry issued a version of a document: the
// locator, and 80 bits that only the key can make. It is written without
// hyphens, in capitals.
type CheckCode string

// Code returns the code of a version of a document.
func (k CheckKey) Code(id domain.CertificateID, version int) CheckCode {
	mac := hmac.New(sha256.New, k)
	mac.Write(id.UUID[:])
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(version)))
	return CheckCode(Locator(id) + crockford.EncodeToString(mac.Sum(nil))[:proofLen])
}

// Proves reports, in constant time, whether the code is that of the version of
// the document.
func (k CheckKey) Proves(c CheckCode, id domain.CertificateID, version int) bool {
	return hmac.Equal([]byte(c), []byte(k.Code(id, version)))
}

// Locator returns the locator in the code.
func (c CheckCode) Locator() string { return string(c)[:locatorLen] }

// Grouped is the code as it is printed, in fours.
func (c CheckCode) Grouped() string { return grouped(string(c)) }

// ParseCheckCode reads a code as a person types it from paper: in either case,
// with or without hyphens and spaces, O for 0, I and L for 1.
// Error: [domain.CodeCheckCodeFormat].
func ParseCheckCode(s string) (CheckCode, error) {
	s = strings.NewReplacer("-", "", " ", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(s))
	if _, err := crockford.DecodeString(s); err != nil || len(s) != locatorLen+proofLen {
		return "", domain.Refuse(domain.Invalid, domain.CodeCheckCodeFormat,
			"a check code has %d letters and digits, in groups of four: copy it from the document",
			locatorLen+proofLen).At("path.code")
	}
	return CheckCode(s), nil
}
