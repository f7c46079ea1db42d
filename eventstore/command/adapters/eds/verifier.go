// Package eds checks electronic digital signatures (EDS): CMS over the
// certificates of individuals as the National Certification Authority issues
// them, with the standard library's X.509.
//
// [New] takes the roots that are trusted and the services at hand; [Verifier.Verify]
// says who signed a text. [Auditor] checks years later what an event keeps of a
// signature. [Demonstration] is an authority for trying the registry out: it
// certifies anybody.
//
// # What is checked
//
//   - one signer, whose certificate is in the CMS; the text inside it, or
//     detached from it, is the text of the request, byte by byte; size, depth and
//     number of elements and certificates are bounded;
//   - RSA (PKCS #1 or PSS) of 2048 to 8192 bits, ECDSA of at least 256, or Ed25519,
//     with SHA-256, SHA-384 or SHA-512, in the signature and in every certificate of
//     its chain, the root's included;
//   - a certificate for signing: extended key usage emailProtection. That of
//     authentication, clientAuth alone, signs nothing;
//   - validity of the certificate and its chain at the instant of receipt. The
//     signer's own clock proves nothing, so that instant decides;
//   - revocation of every certificate below the root. A revocation list and OCSP can
//     each say that it is revoked, and one of them must say that it is not;
//   - SERIALNUMBER of the subject: "IIN" and 12 digits.
//
// # Lists
//
// A list (CRL) is complete, signed by the authority that issued the certificates, and
// neither of the future nor older than the one in use. [Verifier.Run] reads changed
// lists in the background; a look-up reads one map, without a lock.
//
// # Other services
//
// OCSP, the timestamp authority and NCANode are asked with a time limit, and what
// they answer is bounded. If one of them does not answer as it must, the signature is
// neither taken nor blamed: the refusal is Unavailable, and says what is missing.
//
// GOST 34.10 has no implementation in the standard library. A service with the API
// of NCANode checks it; without one such a signature is refused as
// CodeSignatureAlgorithm.
package eds

import (
	"bytes"
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/smallstep/pkcs7"

	"tizilim/domain"
)

const (
	// verifyTimeout bounds the questions that one signature causes together.
	verifyTimeout = 8 * time.Second
	// refreshEvery is how often the lists are looked at.
	refreshEvery = 10 * time.Second
)

// Config says whom a [Verifier] trusts and whom it asks.
type Config struct {
	// Trusted are certificates of authorities: roots, which sign themselves, and those
	// below them.
	Trusted []*x509.Certificate
	Person  func(domain.IIN) domain.PersonID

	// Lists are files of revocation lists, or their addresses.
	Lists []string
	// OCSP is asked about each certificate: at OCSPAddress, or where that is empty at
	// the address that the certificate names.
	OCSP        bool
	OCSPAddress string
	// OCSPNonce demands that each answer has the nonce of its question. Otherwise one
	// without a nonce passes, and one with another nonce does not.
	OCSPNonce bool
	// Unrevoked says that nothing is revoked, as with the demonstration authority.
	// Without it there must be lists or OCSP.
	Unrevoked bool

	// Timestamps is the address of a timestamp authority, which Stampers certify, or
	// Trusted where there are none. Empty: signatures get no timestamp.
	Timestamps string
	Stampers   []*x509.Certificate

	// NCANode is the address of a service that checks GOST signatures; empty: none.
	NCANode string

	Client *http.Client     // asks the services; nil: one of its own
	Now    func() time.Time // nil: [time.Now]
	Logger *slog.Logger     // nil: [slog.Default]
}

// Verifier checks signatures against roots. It is safe for concurrent use.
type Verifier struct {
	trust      *trust
	revocation *revocation // nil where nothing is revoked
	timestamps *timestamps // nil where none is asked
	gost       *ncanode    // nil where none is asked
	person     func(domain.IIN) domain.PersonID
	logger     *slog.Logger
}

// New returns a Verifier. It reads the revocation lists that are in files, and asks
// nobody: [Verifier.Run] fetches the others.
func New(c Config) (*Verifier, error) {
	trusted, err := newTrust(c.Trusted)
	if err != nil {
		return nil, err
	}
	v := &Verifier{trust: trusted, person: c.Person, logger: cmp.Or(c.Logger, slog.Default())}
	client := c.Client
	if client == nil {
		client = newClient()
	}
	now := c.Now
	if now == nil {
		now = time.Now
	}
	if !c.Unrevoked {
		if v.revocation, err = c.revocation(trusted, client, now, v.logger); err != nil {
			return nil, err
		}
	}
	if c.Timestamps != "" {
		stampers := trusted
		if len(c.Stampers) > 0 {
			if stampers, err = newTrust(c.Stampers); err != nil {
				return nil, err
			}
		}
		v.timestamps = &timestamps{c.Timestamps, client, stampers}
	}
	if c.NCANode != "" {
		v.gost = &ncanode{c.NCANode, client}
	}
	return v, nil
}

// ErrNoRevocation says that nothing would tell of revoked certificates.
var ErrNoRevocation = errors.New("there is no source that tells which certificates were revoked: " +
	"neither revocation lists nor OCSP")

func (c Config) revocation(
	t *trust, client *http.Client, now func() time.Time, logger *slog.Logger,
) (r *revocation, err error) {
	if len(c.Lists) == 0 && !c.OCSP {
		return nil, ErrNoRevocation
	}
	r = &revocation{logger: logger}
	if len(c.Lists) > 0 {
		if r.lists, err = openLists(c.Lists, t, client, now); err != nil {
			return nil, err
		}
	}
	if c.OCSP {
		r.responders = newResponders(c.OCSPAddress, c.OCSPNonce, client)
	}
	return r, nil
}

// newClient follows no redirects: an address is what the operator, or an authority,
// has named.
func newClient() *http.Client {
	return &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// Run takes changed revocation lists until the context ends, at first those that have
// to be fetched.
func (v *Verifier) Run(ctx context.Context) {
	if v.revocation == nil || v.revocation.lists == nil {
		return
	}
	tick := time.NewTicker(refreshEvery)
	defer tick.Stop()
	for {
		if err := v.Refresh(ctx); err != nil && ctx.Err() == nil {
			v.logger.Warn("the lists before stay in use until they expire", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Refresh takes the revocation lists that have changed. Its error says which could not
// be taken; those stay as they were.
func (v *Verifier) Refresh(ctx context.Context) error {
	if v.revocation == nil || v.revocation.lists == nil {
		return nil
	}
	return v.revocation.lists.refresh(ctx)
}

// Verify returns the evidence of the signature cms over the text at the instant.
func (v *Verifier) Verify(ctx context.Context, text, cms []byte, at time.Time) (domain.Evidence, error) {
	p7, signer, err := parse(cms)
	if err != nil {
		return domain.Evidence{}, err
	}
	if len(p7.Content) > 0 && !bytes.Equal(p7.Content, text) {
		return domain.Evidence{}, domain.SignatureMismatch()
	}
	p7.Content = text // detached, or the same
	ctx, cancel := context.WithTimeout(ctx, verifyTimeout)
	defer cancel()
	if gost(p7) {
		return v.verifyElsewhere(ctx, p7, signer, cms, at)
	}
	if err := checkAlgorithms(p7, signer); err != nil {
		return domain.Evidence{}, err
	}
	if err := checkValidity(signer, at); err != nil {
		return domain.Evidence{}, err
	}
	if err := checkSignature(p7, signer); err != nil {
		return domain.Evidence{}, err
	}
	if err := checkPurpose(signer); err != nil {
		return domain.Evidence{}, err
	}
	chain, err := v.trust.chain(signer, p7.Certificates, x509.ExtKeyUsageEmailProtection, at)
	if err != nil {
		return domain.Evidence{}, err
	}
	iin, err := iinOf(signer)
	if err != nil {
		return domain.Evidence{}, err
	}
	e := v.evidence(iin, text, cms, signer)
	if v.revocation != nil {
		if e.Revocation, err = v.revocation.check(ctx, chain, at); err != nil {
			return domain.Evidence{}, err
		}
	}
	var claimed time.Time
	if p7.UnmarshalSignedAttribute(pkcs7.OIDAttributeSigningTime, &claimed) == nil {
		e.ClaimedAt = claimed.UTC()
	}
	return e, v.stamp(ctx, &e, p7.Signers[0].EncryptedDigest, at)
}

func (v *Verifier) evidence(iin domain.IIN, text, cms []byte, signer *x509.Certificate) domain.Evidence {
	e := domain.EvidenceOf(v.person(iin), text)
	e.CMS, e.Certificate = bytes.Clone(cms), domain.Personal(signer.SerialNumber.Text(16))
	return e
}

// stamp adds the token of the timestamp authority to the evidence, if there is one.
func (v *Verifier) stamp(ctx context.Context, e *domain.Evidence, signature []byte, at time.Time) error {
	if v.timestamps == nil {
		return nil
	}
	token, when, err := v.timestamps.of(ctx, signature, at)
	if err != nil {
		v.logger.Warn("the timestamp authority did not answer as it must", "error", err)
		return domain.Refuse(domain.Unavailable, domain.CodeTimestampAway,
			"the timestamp authority does not answer as it must, so the time of the signature cannot be proven: "+
				"send the same request again later")
	}
	e.Timestamp, e.TimestampedAt = token, when
	return nil
}

// verifyElsewhere has a signature by GOST 34.10 checked by NCANode. What can be seen
// without the algorithm is checked here too.
func (v *Verifier) verifyElsewhere(
	ctx context.Context, p7 *pkcs7.PKCS7, signer *x509.Certificate, cms []byte, at time.Time,
) (domain.Evidence, error) {
	if v.gost == nil {
		return domain.Evidence{}, unsupported()
	}
	if err := checkValidity(signer, at); err != nil {
		return domain.Evidence{}, err
	}
	if err := checkPurpose(signer); err != nil {
		return domain.Evidence{}, err
	}
	iin, err := iinOf(signer)
	if err != nil {
		return domain.Evidence{}, err
	}
	said, err := v.gost.verify(ctx, p7.Content, cms, signer)
	var refused *domain.Error
	if errors.As(err, &refused) {
		return domain.Evidence{}, err
	}
	if err != nil {
		v.logger.Warn("NCANode did not answer as it must", "error", err)
		return domain.Evidence{}, domain.Refuse(domain.Unavailable, domain.CodeVerifierAway,
			"the service that checks GOST signatures does not answer as it must: send the same request again later")
	}
	e := v.evidence(iin, p7.Content, cms, signer)
	e.Verifier, e.Answer = NCANodeName, said
	return e, v.stamp(ctx, &e, p7.Signers[0].EncryptedDigest, at)
}
