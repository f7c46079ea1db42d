package eds

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"time"

	"github.com/digitorus/timestamp"
	"github.com/smallstep/pkcs7"
)

const (
	// maxToken bounds a timestamp token with its certificates, in bytes.
	maxToken = 16 << 10
	// maxDrift is how far the clock of the timestamp authority may be from this one.
	maxDrift = 5 * time.Minute
)

// timestamps is a timestamp authority (RFC 3161).
type timestamps struct {
	address string
	client  *http.Client
	trust   *trust
}

// of returns the authority's token over the value of a signature, and its time.
func (t *timestamps) of(ctx context.Context, signature []byte, at time.Time) ([]byte, time.Time, error) {
	nonce, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 64))
	if err != nil {
		return nil, time.Time{}, err
	}
	question, err := timestamp.CreateRequest(bytes.NewReader(signature), &timestamp.RequestOptions{
		Hash: crypto.SHA256, Certificates: true, Nonce: nonce,
	})
	if err != nil {
		return nil, time.Time{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.address, bytes.NewReader(question))
	if err != nil {
		return nil, time.Time{}, err
	}
	request.Header.Set("Content-Type", "application/timestamp-query")
	request.Header.Set("Accept", "application/timestamp-reply")
	raw, err := answer(t.client, request, maxToken)
	if err != nil {
		return nil, time.Time{}, err
	}
	token, err := tokenIn(raw)
	if err != nil {
		return nil, time.Time{}, err
	}
	said, err := readToken(token, signature, t.trust)
	if err != nil {
		return nil, time.Time{}, err
	}
	if said.Nonce == nil || said.Nonce.Cmp(nonce) != 0 {
		return nil, time.Time{}, errors.New("the token answers another question")
	}
	if drift := said.Time.Sub(at).Abs(); drift > maxDrift {
		return nil, time.Time{}, fmt.Errorf("its clock differs from the one here by %s", drift.Round(time.Second))
	}
	return token, said.Time.UTC(), nil
}

// tokenIn returns the token of an answer that grants one.
func tokenIn(raw []byte) (token []byte, err error) {
	defer func() {
		if recover() != nil { // the module reads what a stranger sends
			err = errors.New("the answer cannot be read")
		}
	}()
	said, err := timestamp.ParseResponse(raw)
	if err != nil {
		return nil, err
	}
	return said.RawToken, nil
}

var oidTimestampInfo = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}

// readToken checks a token over the value of a signature: whose it is, and that it
// was made by a timestamp authority that is trusted.
func readToken(token, signature []byte, trusted *trust) (said *timestamp.Timestamp, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("the token cannot be read")
		}
	}()
	p7, signer, err := parse(token)
	if err != nil {
		return nil, errors.New("the token is no CMS of one signer with its certificate")
	}
	if checkAlgorithms(p7, signer) != nil {
		return nil, errors.New("the token is signed by an algorithm that is too weak, or of an unknown kind")
	}
	var content asn1.ObjectIdentifier
	if p7.UnmarshalSignedAttribute(pkcs7.OIDAttributeContentType, &content) != nil || !content.Equal(oidTimestampInfo) {
		return nil, errors.New("what is signed is no timestamp")
	}
	if checkSignature(p7, signer) != nil {
		return nil, errors.New("the signature of the token is wrong")
	}
	if said, err = timestamp.Parse(token); err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(signature); said.HashAlgorithm != crypto.SHA256 || !bytes.Equal(said.HashedMessage, sum[:]) {
		return nil, errors.New("the timestamp is of another signature")
	}
	if err := checkNamed(p7, signer); err != nil {
		return nil, err
	}
	if err := checkStamper(signer); err != nil {
		return nil, err
	}
	if _, err := trusted.chain(signer, p7.Certificates, x509.ExtKeyUsageTimeStamping, said.Time); err != nil {
		return nil, errors.New("no trusted authority certified the timestamp authority for the time of the token")
	}
	return said, nil
}

var oidExtKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 37}

// checkStamper demands a certificate for timestamps and for nothing else (RFC 3161,
// 2.3).
func checkStamper(c *x509.Certificate) error {
	if len(c.ExtKeyUsage) != 1 || c.ExtKeyUsage[0] != x509.ExtKeyUsageTimeStamping || len(c.UnknownExtKeyUsage) > 0 {
		return errors.New("the certificate of the timestamp authority is not for timestamps alone")
	}
	for _, x := range c.Extensions {
		if x.Id.Equal(oidExtKeyUsage) && x.Critical {
			return nil
		}
	}
	return errors.New("the certificate of the timestamp authority does not say critically that it is for timestamps")
}

// Attributes by which a token names the certificate of its signer (RFC 5035).
var (
	oidSigningCertificate   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 12}
	oidSigningCertificateV2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
)

// checkNamed checks that the token names the certificate that it is checked by. Many
// authorities name it by SHA-1: that harms nobody, because the token is signed by
// another hash, and the certificate is checked by itself.
func checkNamed(p7 *pkcs7.PKCS7, signer *x509.Certificate) error {
	var v2 struct {
		Certificates []struct {
			Hash   pkix.AlgorithmIdentifier `asn1:"optional"` // SHA-256 where it is left out
			Digest []byte
		}
	}
	var v1 struct{ Certificates []struct{ Digest []byte } }
	switch {
	case p7.UnmarshalSignedAttribute(oidSigningCertificateV2, &v2) == nil && len(v2.Certificates) > 0:
		named := v2.Certificates[0]
		hash := crypto.SHA256
		if len(named.Hash.Algorithm) > 0 {
			var known bool
			if hash, known = hashOf(named.Hash.Algorithm); !known {
				return errors.New("the token names its certificate by an unknown hash")
			}
		}
		h := hash.New()
		h.Write(signer.Raw)
		if bytes.Equal(named.Digest, h.Sum(nil)) {
			return nil
		}
	case p7.UnmarshalSignedAttribute(oidSigningCertificate, &v1) == nil && len(v1.Certificates) > 0:
		if sum := sha1.Sum(signer.Raw); bytes.Equal(v1.Certificates[0].Digest, sum[:]) {
			return nil
		}
	}
	return errors.New("the token does not name the certificate of its signer")
}
