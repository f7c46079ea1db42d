package proof_test

import (
	"testing"

	"tizilim/domain"
	"tizilim/domain/otp"
	"tizilim/domain/proof"
	"tizilim/domain/release"
	"tizilim/domain/revocation"
)

// An event without a MAC can be written by anybody who reaches the event store, and cannot be released.
func TestEveryStreamOfTheRegistryIsCovered(t *testing.T) {
	for _, stream := range []string{
		domain.PersonID{}.Stream(), domain.DwellingID{}.Stream(), domain.CaseID{}.Stream(), domain.ListID{}.Stream(),
		domain.NoticeID{}.Stream(), domain.BodyID{}.Stream(), otp.ContactID{}.Stream(), release.Stream, revocation.Stream,
		"access-", "address-", "otp-",
	} {
		if !proof.Covers(stream) {
			t.Errorf("the events of %s have no MAC and are in no tree", stream)
		}
	}
	for _, stream := range []string{proof.HeadStream, "key-roots", "$all"} {
		if proof.Covers(stream) {
			t.Errorf("%s is covered", stream)
		}
	}
}
