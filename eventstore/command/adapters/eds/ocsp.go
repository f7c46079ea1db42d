package eds

import (
	"bytes"
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/crypto/ocsp"
)

const (
	// askTimeout bounds one question to another service. A command has ten seconds.
	askTimeout = 3 * time.Second
	// maxOCSP bounds an answer, in bytes. One with the certificate of its responder
	// takes less than a tenth.
	maxOCSP = 32 << 10
	// maxAnswers bounds how many answers are kept.
	maxAnswers = 4096
	// maxAge is how old an answer may be that does not say until when it holds. Such
	// an answer is not kept.
	maxAge = 10 * time.Minute
)

// responders are the services that say over OCSP (RFC 6960) whether a certificate
// was revoked.
type responders struct {
	address string // of all certificates; empty: the one that each certificate names
	nonce   bool   // each answer must have one
	client  *http.Client
	answers *lru.Cache[certificateKey, *ocsp.Response]
}

// certificateKey names a certificate by its authority and serial number.
type certificateKey struct {
	authority authorityKey
	serial    string
}

func newResponders(address string, nonce bool, client *http.Client) *responders {
	answers, err := lru.New[certificateKey, *ocsp.Response](maxAnswers)
	if err != nil {
		panic(err) // the size is positive
	}
	return &responders{address: address, nonce: nonce, client: client, answers: answers}
}

// ask returns an answer about the certificate that is good or revoked, and current
// at the instant. An answer is kept until it expires.
func (r *responders) ask(ctx context.Context, c, issuer *x509.Certificate, at time.Time) (*ocsp.Response, error) {
	key := certificateKey{keyOf(issuer), c.SerialNumber.Text(62)}
	if kept, ok := r.answers.Get(key); ok && currentAnswer(kept, at) == nil {
		return kept, nil
	}
	address := r.address
	if address == "" {
		named := slices.IndexFunc(c.OCSPServer, func(a string) bool { return strings.HasPrefix(a, "http") })
		if named < 0 {
			return nil, errors.New("the certificate names no responder of OCSP")
		}
		address = c.OCSPServer[named] // its authority has signed the address
	}
	question, nonce, err := newQuestion(c, issuer)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(question))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/ocsp-request")
	request.Header.Set("Accept", "application/ocsp-response")
	raw, err := answer(r.client, request, maxOCSP)
	if err != nil {
		return nil, fmt.Errorf("the responder of OCSP does not answer: %w", err)
	}
	said, err := readAnswer(raw, c, issuer, at)
	if err == nil {
		err = checkNonce(said, nonce, r.nonce)
	}
	if err != nil {
		return nil, fmt.Errorf("the answer of OCSP cannot be used: %w", err)
	}
	if !said.NextUpdate.IsZero() {
		r.answers.Add(key, said)
	}
	return said, nil
}

// readAnswer reads an answer about the certificate, which is good or revoked. The
// issuer signed it, or a responder that the issuer has certified for this.
func readAnswer(raw []byte, c, issuer *x509.Certificate, at time.Time) (*ocsp.Response, error) {
	said, err := ocsp.ParseResponseForCert(raw, c, nil)
	if err != nil {
		return nil, err
	}
	if err := checkHash(said.SignatureAlgorithm); err != nil {
		return nil, errors.New("its signature is too weak")
	}
	switch by := said.Certificate; {
	case by == nil:
		err = said.CheckSignatureFrom(issuer)
	case !by.Equal(issuer): // the module has checked that by signed it
		err = checkResponder(by, issuer, at)
	}
	if err != nil {
		return nil, fmt.Errorf("nobody signed it who may: %w", err)
	}
	if err := checkSubject(said, c, issuer); err != nil {
		return nil, err
	}
	if said.Status == ocsp.Unknown {
		return nil, errors.New("the responder does not know the certificate")
	}
	return said, currentAnswer(said, at)
}

// checkResponder refuses who was not certified by the issuer for answers of OCSP.
func checkResponder(by, issuer *x509.Certificate, at time.Time) error {
	if checkStrength(by) != nil {
		return errors.New("the key of the responder is too weak")
	}
	if !slices.Contains(by.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning) {
		return errors.New("its certificate is not for answers of OCSP")
	}
	if checkValidity(by, at) != nil {
		return errors.New("its certificate is not valid")
	}
	if !bytes.Equal(by.RawIssuer, issuer.RawSubject) {
		return errors.New("another authority certified it")
	}
	return by.CheckSignatureFrom(issuer)
}

// currentAnswer refuses what is not current at the instant.
func currentAnswer(said *ocsp.Response, at time.Time) error {
	if at.Before(said.ThisUpdate.Add(-maxSkew)) {
		return errors.New("it is of the future")
	}
	until := said.NextUpdate
	if until.IsZero() {
		until = said.ThisUpdate.Add(maxAge)
	}
	if at.After(until) {
		return errors.New("it is too old")
	}
	return nil
}

// certID names a certificate in OCSP (RFC 6960, 4.1.1).
type certID struct {
	Hash    pkix.AlgorithmIdentifier
	Name    []byte
	Key     []byte
	Subject *big.Int
}

// checkSubject checks that the answer is about the certificate of this issuer: the
// module compares its serial number alone.
func checkSubject(said *ocsp.Response, c, issuer *x509.Certificate) error {
	data, err := readResponseData(said)
	if err != nil {
		return err
	}
	var key struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(issuer.RawSubjectPublicKeyInfo, &key); err != nil {
		return err
	}
	digest := func(text []byte) []byte {
		h := said.IssuerHash.New()
		h.Write(text)
		return h.Sum(nil)
	}
	for _, a := range data.Answers {
		if a.ID.Subject.Cmp(c.SerialNumber) != 0 {
			continue
		}
		if bytes.Equal(a.ID.Name, digest(issuer.RawSubject)) && bytes.Equal(a.ID.Key, digest(key.Key.RightAlign())) {
			return nil
		}
		break // the module takes the first of that number
	}
	return errors.New("it is about a certificate of another authority")
}
