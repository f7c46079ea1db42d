package domain

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// Erased stands in an event for a personal value that nobody can read any more,
// because the key of its owner was destroyed.
const Erased = "[erased]"

// SealedPrefix begins the text that stands in a stored event for a personal
// value. The package eventstore/seal gives the whole form.
const SealedPrefix = "s1."

// PersonalDate is a day that tells who somebody is, such as a birth date. It
// prints and logs as a mask. In JSON it is the day; or, without a day, [Erased]
// or the text that it is sealed into.
type PersonalDate struct {
	Date
	instead string // of the day
}

func (PersonalDate) String() string             { return personalMask }
func (PersonalDate) LogValue() slog.Value       { return slog.StringValue(personalMask) }
func (PersonalDate) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, personalMask) }

// MarshalText writes the day as [Date.MarshalText], or what stands instead.
func (d PersonalDate) MarshalText() ([]byte, error) {
	if d.instead != "" {
		return []byte(d.instead), nil
	}
	return d.Date.MarshalText()
}

// UnmarshalText reads what MarshalText writes. Error: [CodeDateFormat].
func (d *PersonalDate) UnmarshalText(text []byte) error {
	if s := string(text); s == Erased || strings.HasPrefix(s, SealedPrefix) {
		*d = PersonalDate{instead: s}
		return nil
	}
	d.instead = ""
	return d.Date.UnmarshalText(text)
}
