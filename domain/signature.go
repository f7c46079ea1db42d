package domain

import (
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
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
	// the id that follows from the IIN in the certificate, where it is not that of the signer,
	// who was recorded with another IIN or with none (R28)
	CertifiedAs PersonID `json:"certified_as,omitzero"`
	// when the signer's own clock says it was signed; it is not verified
	ClaimedAt time.Time   `json:"claimed_at,omitzero"`
	Challenge ChallengeID `json:"challenge,omitzero"` // whose one-time password it was

	// What was known of the certificates when the signature was taken: one proof for
	// each certificate of the chain but the root's, the signer's first.
	Revocation []RevocationProof `json:"revocation,omitempty"`
	// When a timestamp authority saw the signature, and its token (RFC 3161).
	TimestampedAt time.Time     `json:"timestamped_at,omitzero"`
	Timestamp     PersonalBytes `json:"timestamp,omitempty"`
	// Which service checked the signature and what it answered; empty where the
	// registry checked it itself.
	Verifier string        `json:"verifier,omitempty"`
	Answer   PersonalBytes `json:"verifier_answer,omitempty"`
}

// Holder is whom a certificate names. Only a signature that was checked says that it is true.
type Holder struct {
	IIN  IIN
	Name Personal // as the certificate writes it: surname, first name, and the patronymic where it has one
}

func (h Holder) LogValue() slog.Value { return Masked(h) }

// RevocationProof says what showed that a certificate was not revoked: an answer of
// OCSP, a revocation list, or both.
type RevocationProof struct {
	Certificate Personal       `json:"certificate"`    // its serial number, in hex
	OCSP        PersonalBytes  `json:"ocsp,omitempty"` // the answer, signed (RFC 6960)
	List        RevocationList `json:"list,omitzero"`
}

// RevocationList names one issue of a list of revoked certificates. The list itself
// is too large for an event; whoever keeps it finds it by its digest.
type RevocationList struct {
	Issuer     string    `json:"issuer"`
	Number     string    `json:"number,omitempty"` // decimal
	ThisUpdate time.Time `json:"this_update"`
	NextUpdate time.Time `json:"next_update"`
	SHA256     string    `json:"sha256"` // of its DER, in hex
}

// IsZero reports whether it names no list.
func (l RevocationList) IsZero() bool { return l.SHA256 == "" }

// IsZero reports whether there is no evidence.
func (e Evidence) IsZero() bool { return e.Signer.IsZero() && e.Text == "" && len(e.CMS) == 0 }

// EvidenceOf begins the evidence of a text that a person signed.
func EvidenceOf(signer PersonID, text []byte) Evidence {
	return Evidence{Signer: signer, Text: Personal(text), SHA256: Personal(TextDigest(text))}
}

// Of returns the evidence as that of the person whom its signer is known to be.
func (e Evidence) Of(who PersonID) Evidence {
	if who != e.Signer {
		e.Signer, e.CertifiedAs = who, e.Signer
	}
	return e
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
			"the signature is that of another person: the applicant must sign, or the representative who acts in their place").At("signature")
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
