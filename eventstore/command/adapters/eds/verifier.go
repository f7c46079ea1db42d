// Package eds checks electronic digital signatures (EDS): CMS over the
// certificates of individuals as the National Certification Authority issues
// them, with the standard library's X.509.
//
// [New] takes the roots that are trusted and the revocation lists at hand;
// [Verifier.Verify] says who signed a text. [Demonstration] is an authority for
// trying the registry out: it certifies anybody.
//
// # What is checked
//
//   - one signer, whose certificate is in the CMS; the text inside it, or
//     detached from it, is the text of the request, byte by byte;
//   - RSA of at least 2048 bits or ECDSA, with SHA-256, SHA-384 or SHA-512;
//   - a certificate for signing: extended key usage emailProtection. That of
//     authentication, clientAuth alone, signs nothing;
//   - validity of the certificate and its chain at the instant of receipt. A
//     trusted timestamp is not asked for, and the signer's own clock proves
//     nothing, so that instant decides;
//   - revocation, by the lists that are configured. Where there are some, a
//     certificate that no current list speaks of is refused. OCSP is not asked;
//   - SERIALNUMBER of the subject: "IIN" and 12 digits.
//
// # What is not
//
// GOST 34.10 has no implementation in the standard library. Such a signature is
// refused as CodeSignatureAlgorithm; a service that knows it can be plugged in
// as another command.SignatureVerifier.
package eds

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/smallstep/pkcs7"

	"tizilim/domain"
)

const (
	// maxCMS bounds a signature, in bytes. One with its chain and the text of an
	// application takes less than half.
	maxCMS = 32 << 10
	// maxNesting bounds how deep the elements of a CMS contain each other. About
	// 12 are needed for certificates.
	maxNesting = 32
	// minRSA is the shortest RSA key that is accepted, in bits.
	minRSA = 2048
)

// Verifier checks signatures against roots. It is safe for concurrent use.
type Verifier struct {
	roots         *x509.CertPool
	intermediates []*x509.Certificate // given with the roots
	revoked       *revocations        // nil where no list is configured
	person        func(domain.IIN) domain.PersonID
}

// New returns a Verifier that trusts what certificates chain up to those among
// the given ones that are self-signed; the others help to build chains. crls are
// the paths of revocation lists, read again when the files change.
func New(trusted []*x509.Certificate, crls []string, person func(domain.IIN) domain.PersonID) (*Verifier, error) {
	v := &Verifier{roots: x509.NewCertPool(), person: person}
	rooted := false
	for _, c := range trusted {
		if bytes.Equal(c.RawIssuer, c.RawSubject) {
			v.roots.AddCert(c)
			rooted = true
		} else {
			v.intermediates = append(v.intermediates, c)
		}
	}
	if !rooted {
		return nil, errors.New("no certificate of a root authority is among those to be trusted: " +
			"one that is signed by itself")
	}
	if len(crls) > 0 {
		var err error
		if v.revoked, err = openRevocations(crls); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// Verify returns the evidence of the signature cms over the text at the instant.
func (v *Verifier) Verify(text, cms []byte, at time.Time) (domain.Evidence, error) {
	p7, signer, err := parse(cms)
	if err != nil {
		return domain.Evidence{}, err
	}
	if len(p7.Content) > 0 && !bytes.Equal(p7.Content, text) {
		return domain.Evidence{}, domain.SignatureMismatch()
	}
	p7.Content = text // detached, or the same
	if err := checkAlgorithms(p7, signer); err != nil {
		return domain.Evidence{}, err
	}
	if at.Before(signer.NotBefore) || at.After(signer.NotAfter) {
		return domain.Evidence{}, notValid()
	}
	if err := p7.Verify(); err != nil {
		var outside *pkcs7.SigningTimeNotValidError
		if errors.As(err, &outside) {
			return domain.Evidence{}, notValid()
		}
		return domain.Evidence{}, domain.SignatureMismatch()
	}
	if err := checkPurpose(signer); err != nil {
		return domain.Evidence{}, err
	}
	chain, err := v.chain(signer, p7.Certificates, at)
	if err != nil {
		return domain.Evidence{}, err
	}
	if v.revoked != nil {
		if err := v.revoked.check(chain, at); err != nil {
			return domain.Evidence{}, err
		}
	}
	iin, err := iinOf(signer)
	if err != nil {
		return domain.Evidence{}, err
	}
	e := domain.EvidenceOf(v.person(iin), text)
	e.CMS, e.Certificate = bytes.Clone(cms), domain.Personal(signer.SerialNumber.Text(16))
	var claimed time.Time
	if p7.UnmarshalSignedAttribute(pkcs7.OIDAttributeSigningTime, &claimed) == nil {
		e.ClaimedAt = claimed.UTC()
	}
	return e, nil
}

// parse reads a CMS with exactly one signer.
func parse(cms []byte) (p7 *pkcs7.PKCS7, signer *x509.Certificate, err error) {
	defer func() {
		if recover() != nil { // the module reads what strangers send
			err = malformed("it cannot be read")
		}
	}()
	if len(cms) > maxCMS {
		return nil, nil, malformed("it is larger than any signature with its certificates")
	}
	if _, ok := elements(cms, maxNesting); !ok {
		return nil, nil, malformed("it is no CMS")
	}
	if p7, err = pkcs7.Parse(cms); err != nil {
		return nil, nil, malformed("it is no CMS")
	}
	if len(p7.Signers) != 1 {
		return nil, nil, malformed("it has not exactly one signer")
	}
	if gost(p7.Signers[0].DigestAlgorithm.Algorithm) || gost(p7.Signers[0].DigestEncryptionAlgorithm.Algorithm) {
		return nil, nil, unsupported()
	}
	if signer = p7.GetOnlySigner(); signer == nil {
		return nil, nil, malformed("the signer's certificate is not in it")
	}
	return p7, signer, nil
}

// elements passes over one BER element and returns what follows it; false where
// it is cut, nested deeper than depth or otherwise none.
func elements(ber []byte, depth int) (rest []byte, ok bool) {
	if depth == 0 || len(ber) < 2 || ber[0]&0x1f == 0x1f { // no tag of a CMS takes a second byte
		return nil, false
	}
	constructed, length, body := ber[0]&0x20 != 0, int(ber[1]), ber[2:]
	indefinite := length == 0x80
	switch {
	case indefinite && !constructed || length > 0x84:
		return nil, false
	case length > 0x80:
		n := length - 0x80
		if len(body) < n {
			return nil, false
		}
		length = 0
		for _, b := range body[:n] {
			length = length<<8 | int(b)
		}
		body = body[n:]
	}
	if !indefinite {
		if length > len(body) {
			return nil, false
		}
		body, rest = body[:length], body[length:]
	}
	if !constructed {
		return rest, true
	}
	for {
		if indefinite && len(body) >= 2 && body[0] == 0 && body[1] == 0 {
			return body[2:], true
		}
		if !indefinite && len(body) == 0 {
			return rest, true
		}
		if body, ok = elements(body, depth-1); !ok {
			return nil, false
		}
	}
}

var (
	digests = []asn1.ObjectIdentifier{
		pkcs7.OIDDigestAlgorithmSHA256, pkcs7.OIDDigestAlgorithmSHA384, pkcs7.OIDDigestAlgorithmSHA512,
	}
	weak = []asn1.ObjectIdentifier{
		pkcs7.OIDDigestAlgorithmSHA1, {1, 2, 840, 113549, 2, 5}, // MD5
		pkcs7.OIDEncryptionAlgorithmRSAMD5, pkcs7.OIDEncryptionAlgorithmRSASHA1, pkcs7.OIDDigestAlgorithmECDSASHA1,
	}
	signings = []asn1.ObjectIdentifier{
		pkcs7.OIDEncryptionAlgorithmRSA, pkcs7.OIDEncryptionAlgorithmRSASHA256,
		pkcs7.OIDEncryptionAlgorithmRSASHA384, pkcs7.OIDEncryptionAlgorithmRSASHA512,
		pkcs7.OIDDigestAlgorithmECDSASHA256, pkcs7.OIDDigestAlgorithmECDSASHA384, pkcs7.OIDDigestAlgorithmECDSASHA512,
	}
)

func in(list []asn1.ObjectIdentifier, oid asn1.ObjectIdentifier) bool {
	return slices.ContainsFunc(list, oid.Equal)
}

// gost reports whether the algorithm is one of Kazakhstan's GOST family.
func gost(oid asn1.ObjectIdentifier) bool {
	return strings.HasPrefix(oid.String()+".", "1.2.398.3.10.1.")
}

// checkAlgorithms takes those that are known not to be broken.
func checkAlgorithms(p7 *pkcs7.PKCS7, signer *x509.Certificate) error {
	digest, signing := p7.Signers[0].DigestAlgorithm.Algorithm, p7.Signers[0].DigestEncryptionAlgorithm.Algorithm
	if in(weak, digest) || in(weak, signing) {
		return tooWeak()
	}
	if !in(digests, digest) || !in(signings, signing) {
		return unsupported()
	}
	switch key := signer.PublicKey.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < minRSA {
			return tooWeak()
		}
	case *ecdsa.PublicKey:
		if key.Curve.Params().BitSize < 256 {
			return tooWeak()
		}
	default:
		return unsupported()
	}
	switch signer.SignatureAlgorithm {
	case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.ECDSAWithSHA1, x509.DSAWithSHA1:
		return tooWeak()
	case x509.UnknownSignatureAlgorithm:
		return unsupported()
	}
	return nil
}

// checkPurpose tells certificates for signing from those for authentication.
func checkPurpose(signer *x509.Certificate) error {
	if !slices.Contains(signer.ExtKeyUsage, x509.ExtKeyUsageEmailProtection) ||
		signer.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0 || signer.IsCA {
		return domain.Refuse(domain.Invalid, domain.CodeCertificatePurpose,
			"the certificate is not for signing: sign with your key for signatures instead of the key for "+
				"authentication",
		).At("signature.cms")
	}
	return nil
}

// chain returns the signer's certificate and those above it, the root last.
func (v *Verifier) chain(
	signer *x509.Certificate, sent []*x509.Certificate, at time.Time,
) ([]*x509.Certificate, error) {
	between := x509.NewCertPool()
	for _, c := range slices.Concat(v.intermediates, sent) {
		between.AddCert(c)
	}
	chains, err := signer.Verify(x509.VerifyOptions{
		Roots: v.roots, Intermediates: between, CurrentTime: at,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
	})
	if err != nil {
		return nil, domain.Refuse(domain.Invalid, domain.CodeCertificateUntrusted,
			"this registry does not trust the authority that issued the certificate: sign with a certificate "+
				"of the national certification authority, or ask the registry which one it trusts").At("signature.cms")
	}
	return chains[0], nil
}

// iinOf reads whose certificate it is. Only individuals have one with an IIN.
func iinOf(signer *x509.Certificate) (domain.IIN, error) {
	digits, named := strings.CutPrefix(signer.Subject.SerialNumber, "IIN")
	iin, err := domain.ParseIIN(digits)
	if !named || err != nil {
		return "", domain.Refuse(domain.Invalid, domain.CodeSignatureNotApplicants,
			"the certificate names no IIN: sign with the certificate of an individual").At("signature")
	}
	return iin, nil
}

func malformed(why string) *domain.Error {
	return domain.Refuse(domain.Invalid, domain.CodeSignatureMalformed,
		"the signature cannot be checked: %s; send a CMS (PKCS #7) signature with its certificate, in base64", why,
	).At("signature.cms")
}

func unsupported() *domain.Error {
	return domain.Refuse(domain.Invalid, domain.CodeSignatureAlgorithm,
		"signatures by this algorithm, such as GOST 34.10, are not checked here: sign with RSA or ECDSA and SHA-256",
	).At("signature.cms")
}

func tooWeak() *domain.Error {
	return domain.Refuse(domain.Invalid, domain.CodeSignatureWeak,
		"the signature uses an algorithm or a key that is too weak: sign with SHA-256 and a key of at least "+
			"%d bits (RSA) or 256 (ECDSA)", minRSA).At("signature.cms")
}

func notValid() *domain.Error {
	return domain.Refuse(domain.Invalid, domain.CodeCertificateNotValid,
		"the certificate is not valid now: it has expired, or is not valid yet; sign with another one",
	).At("signature.cms")
}
