package domain

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Evidence is what an event keeps of a signature, so that anybody who reads the
// log can check later that what is recorded is what was signed (C16). A
// signature by hand leaves none: the paper is the evidence.
type Evidence struct {
	Signer      PersonID      `json:"signer"`
	Text        Personal      `json:"text"`   // what was signed: canonical JSON (RFC 8785) of the request
	SHA256      Personal      `json:"sha256"` // of Text, in hex
	CMS         PersonalBytes `json:"cms,omitempty"`
	Certificate Personal      `json:"certificate,omitempty"` // its serial number, in hex
	// when the signer's own clock says it was signed; it is not verified
	ClaimedAt time.Time   `json:"claimed_at,omitzero"`
	Challenge ChallengeID `json:"challenge,omitzero"` // whose one-time password it was
}

// IsZero reports whether there is no evidence.
func (e Evidence) IsZero() bool { return e.Signer.IsZero() && e.Text == "" && len(e.CMS) == 0 }

// EvidenceOf begins the evidence of a text that a person signed.
func EvidenceOf(signer PersonID, text []byte) Evidence {
	return Evidence{Signer: signer, Text: Personal(text), SHA256: Personal(TextDigest(text))}
}

// TextDigest is the SHA-256 of a text that is signed, in hex.
func TextDigest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// SignedBy refuses a request that the person did not sign, or whose evidence is
// not that of the method (C18, C19).
func (m SignatureMethod) SignedBy(by PersonID, e Evidence) error {
	switch {
	case m == SignatureHandwritten:
		return nil
	case e.IsZero():
		return Refuse(Invalid, CodeRequired, "the request is not signed; sign it with %s", m).At("signature")
	case e.Signer != by:
		return Refuse(Invalid, CodeSignatureNotApplicants,
			"the signature is that of another person: the applicant must sign").At("signature")
	case string(e.SHA256) != TextDigest([]byte(e.Text)):
		return SignatureMismatch()
	}
	return nil
}

// SignatureMismatch is the refusal of a signature that was made for something
// else (C16).
func SignatureMismatch() *Error {
	return Refuse(Invalid, CodeSignatureMismatch,
		"the signature does not fit this request: the request was changed after signing, or was signed for another "+
			"Idempotency-Key or path; ask for the text to sign, and sign that text").At("signature")
}
