package eds

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"slices"
	"strings"

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
	// maxElements bounds how many there are. A certificate has about 150.
	maxElements = 4000
	// maxCertificates bounds those in a CMS: the signer's, and those above it.
	maxCertificates = 8
	// minRSA and minECDSA are the shortest keys that are accepted, in bits, and
	// maxRSA is the longest: the work of a check grows with the square of its length.
	minRSA, minECDSA, maxRSA = 2048, 256, 8192
)

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
	left := maxElements
	if _, ok := elements(cms, maxNesting, &left); !ok {
		if left < 0 {
			return nil, nil, malformed("it has more elements than any signature with its certificates")
		}
		return nil, nil, malformed("it is no CMS")
	}
	if p7, err = pkcs7.Parse(cms); err != nil {
		return nil, nil, malformed("it is no CMS")
	}
	if len(p7.Signers) != 1 {
		return nil, nil, malformed("it has not exactly one signer")
	}
	if len(p7.Certificates) > maxCertificates {
		return nil, nil, malformed("it has more certificates than a chain needs")
	}
	if signer = p7.GetOnlySigner(); signer == nil {
		return nil, nil, malformed("the signer's certificate is not in it")
	}
	return p7, signer, nil
}

// elements passes over one BER element and returns what follows it; false where
// it is cut, nested deeper than depth or otherwise none. left is how many elements
// there may be; it is negative where there were more.
func elements(ber []byte, depth int, left *int) (rest []byte, ok bool) {
	if *left--; *left < 0 {
		return nil, false
	}
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
		if body, ok = elements(body, depth-1, left); !ok {
			return nil, false
		}
	}
}

// Algorithms that the module for CMS does not know.
var (
	oidRSAPSS  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
	oidMGF1    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}
	oidEd25519 = asn1.ObjectIdentifier{1, 3, 101, 112}
)

var (
	hashes = []struct {
		oid  asn1.ObjectIdentifier
		hash crypto.Hash
		pss  x509.SignatureAlgorithm
	}{
		{pkcs7.OIDDigestAlgorithmSHA256, crypto.SHA256, x509.SHA256WithRSAPSS},
		{pkcs7.OIDDigestAlgorithmSHA384, crypto.SHA384, x509.SHA384WithRSAPSS},
		{pkcs7.OIDDigestAlgorithmSHA512, crypto.SHA512, x509.SHA512WithRSAPSS},
	}
	weak = []asn1.ObjectIdentifier{
		pkcs7.OIDDigestAlgorithmSHA1, {1, 2, 840, 113549, 2, 5}, // MD5
		pkcs7.OIDEncryptionAlgorithmRSAMD5, pkcs7.OIDEncryptionAlgorithmRSASHA1, pkcs7.OIDDigestAlgorithmECDSASHA1,
	}
	signings = []asn1.ObjectIdentifier{
		pkcs7.OIDEncryptionAlgorithmRSA, pkcs7.OIDEncryptionAlgorithmRSASHA256,
		pkcs7.OIDEncryptionAlgorithmRSASHA384, pkcs7.OIDEncryptionAlgorithmRSASHA512,
		pkcs7.OIDDigestAlgorithmECDSASHA256, pkcs7.OIDDigestAlgorithmECDSASHA384, pkcs7.OIDDigestAlgorithmECDSASHA512,
		oidRSAPSS, oidEd25519,
	}
)

func in(list []asn1.ObjectIdentifier, oid asn1.ObjectIdentifier) bool {
	return slices.ContainsFunc(list, oid.Equal)
}

// gost reports whether the signature is by an algorithm of Kazakhstan's GOST family.
func gost(p7 *pkcs7.PKCS7) bool {
	s := p7.Signers[0]
	return slices.ContainsFunc(
		[]asn1.ObjectIdentifier{s.DigestAlgorithm.Algorithm, s.DigestEncryptionAlgorithm.Algorithm},
		func(oid asn1.ObjectIdentifier) bool { return strings.HasPrefix(oid.String()+".", "1.2.398.3.10.1.") })
}

// checkAlgorithms takes those that are known not to be broken.
func checkAlgorithms(p7 *pkcs7.PKCS7, signer *x509.Certificate) error {
	digest, signing := p7.Signers[0].DigestAlgorithm.Algorithm, p7.Signers[0].DigestEncryptionAlgorithm.Algorithm
	if in(weak, digest) || in(weak, signing) {
		return tooWeak()
	}
	if _, known := hashOf(digest); !known || !in(signings, signing) {
		return unsupported()
	}
	return checkStrength(signer)
}

// checkStrength refuses a certificate whose key or signature is too weak, or of a
// kind that is not known.
func checkStrength(c *x509.Certificate) error {
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < minRSA {
			return tooWeak()
		}
		if key.N.BitLen() > maxRSA {
			return unsupported()
		}
	case *ecdsa.PublicKey:
		if key.Curve.Params().BitSize < minECDSA {
			return tooWeak()
		}
	case ed25519.PublicKey:
	default:
		return unsupported()
	}
	return checkHash(c.SignatureAlgorithm)
}

// checkHash refuses signatures over a hash that can be forged. [x509] still accepts
// SHA-1 where a list or an answer is checked, though not in a chain.
func checkHash(a x509.SignatureAlgorithm) error {
	switch a {
	case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.ECDSAWithSHA1, x509.DSAWithSHA1:
		return tooWeak()
	case x509.UnknownSignatureAlgorithm, x509.DSAWithSHA256:
		return unsupported()
	}
	return nil
}

func hashOf(oid asn1.ObjectIdentifier) (crypto.Hash, bool) {
	for _, h := range hashes {
		if h.oid.Equal(oid) {
			return h.hash, true
		}
	}
	return 0, false
}

// checkSignature checks that the signer signed the content.
func checkSignature(p7 *pkcs7.PKCS7, signer *x509.Certificate) error {
	var err error
	switch p7.Signers[0].DigestEncryptionAlgorithm.Algorithm.String() {
	case oidRSAPSS.String():
		var a x509.SignatureAlgorithm
		if a, err = pssOf(p7.Signers[0].DigestEncryptionAlgorithm, p7.Signers[0].DigestAlgorithm); err != nil {
			return unsupported()
		}
		err = checkBy(a, p7, signer)
	case oidEd25519.String():
		if !p7.Signers[0].DigestAlgorithm.Algorithm.Equal(pkcs7.OIDDigestAlgorithmSHA512) { // RFC 8419, 3.1
			return unsupported()
		}
		err = checkBy(x509.PureEd25519, p7, signer)
	default:
		err = p7.Verify()
	}
	var outside *pkcs7.SigningTimeNotValidError
	if errors.As(err, &outside) {
		return notValid()
	}
	if err != nil {
		return domain.SignatureMismatch()
	}
	return nil
}

// checkBy checks a signature by an algorithm that the module does not know.
func checkBy(a x509.SignatureAlgorithm, p7 *pkcs7.PKCS7, signer *x509.Certificate) error {
	s := p7.Signers[0]
	signed := p7.Content
	if len(s.AuthenticatedAttributes) > 0 {
		hash, _ := hashOf(s.DigestAlgorithm.Algorithm)
		var digest []byte
		if err := p7.UnmarshalSignedAttribute(pkcs7.OIDAttributeMessageDigest, &digest); err != nil {
			return err
		}
		h := hash.New()
		h.Write(p7.Content)
		if !bytes.Equal(digest, h.Sum(nil)) {
			return errors.New("the text is not the one that was signed")
		}
		var err error
		if signed, err = asn1.MarshalWithParams(s.AuthenticatedAttributes, "set"); err != nil {
			return err
		}
	}
	return signer.CheckSignature(a, signed, s.EncryptedDigest)
}

// pssParameters are the parameters of RSASSA-PSS (RFC 4055, 3.1).
type pssParameters struct {
	Hash    pkix.AlgorithmIdentifier `asn1:"explicit,tag:0"`
	MGF     pkix.AlgorithmIdentifier `asn1:"explicit,tag:1"`
	Salt    int                      `asn1:"explicit,tag:2"`
	Trailer int                      `asn1:"optional,explicit,tag:3,default:1"`
}

// pssOf returns the algorithm of RSA-PSS with one hash throughout and a salt of its
// length, which is what is checked here. The defaults of the parameters are SHA-1.
func pssOf(signing, digest pkix.AlgorithmIdentifier) (x509.SignatureAlgorithm, error) {
	var p pssParameters
	if rest, err := asn1.Unmarshal(signing.Parameters.FullBytes, &p); err != nil || len(rest) > 0 {
		return 0, errors.New("the parameters of RSA-PSS cannot be read")
	}
	var inner pkix.AlgorithmIdentifier
	if _, err := asn1.Unmarshal(p.MGF.Parameters.FullBytes, &inner); err != nil || !p.MGF.Algorithm.Equal(oidMGF1) {
		return 0, errors.New("the mask of RSA-PSS is not known")
	}
	for _, h := range hashes {
		if h.oid.Equal(p.Hash.Algorithm) && h.oid.Equal(digest.Algorithm) && h.oid.Equal(inner.Algorithm) &&
			p.Salt == h.hash.Size() && p.Trailer == 1 {
			return h.pss, nil
		}
	}
	return 0, errors.New("RSA-PSS with these parameters is not known")
}
