package eds_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/digitorus/timestamp"
	"github.com/smallstep/pkcs7"

	"tizilim/domain"
	"tizilim/eventstore/command/adapters/eds"
)

// stamper is a timestamp authority.
type stamper struct {
	*httptest.Server
	by     *issuer
	above  *issuer                           // who certifies it
	change func(*timestamp.Timestamp)        // of each token; nil: none
	answer func(http.ResponseWriter, []byte) // writes each answer; nil: as it is
	hash   crypto.Hash                       // by which it signs
	asked  atomic.Int64
}

// forTimestamps is a change that makes a certificate one of a timestamp authority.
func forTimestamps(critical bool) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.ExtKeyUsage = nil
		value, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
		if err != nil {
			panic(err)
		}
		c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: critical, Value: value}}
	}
}

func startStamper(t testing.TB, by *issuer) *stamper {
	t.Helper()
	s := &stamper{by: by, hash: crypto.SHA256}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		s.asked.Add(1)
		body, err := io.ReadAll(request.Body)
		if err != nil || request.Header.Get("Content-Type") != "application/timestamp-query" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		question, err := timestamp.ParseRequest(body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		token := timestamp.Timestamp{
			HashAlgorithm: question.HashAlgorithm, HashedMessage: question.HashedMessage, Nonce: question.Nonce,
			Time: now.Add(time.Second), Policy: asn1.ObjectIdentifier{1, 2, 398, 3, 3, 2, 6, 1},
			AddTSACertificate: question.Certificates,
		}
		if s.change != nil {
			s.change(&token)
		}
		der, err := token.CreateResponseWithOpts(s.by.Certificate, s.by.key, s.hash)
		if err != nil {
			t.Error(err)
		}
		if s.answer != nil {
			s.answer(w, der)
			return
		}
		_, _ = w.Write(der)
	}))
	t.Cleanup(s.Close)
	return s
}

// stamped is an authority, one for timestamps below another root, a signer, and a
// verifier that asks for timestamps.
func stamped(t testing.TB) (s *stamper, good *issuer, v *eds.Verifier) {
	t.Helper()
	root, stamping := certify(t, nil, ecdsaKey(t), authority("root")), certify(t, nil, ecdsaKey(t), authority("stamping"))
	s = startStamper(t, certify(t, stamping, ecdsaKey(t), forTimestamps(true)))
	s.above = stamping
	return s, certify(t, root, ecdsaKey(t), nil), opened(t, eds.Config{
		Timestamps: s.URL, Stampers: []*x509.Certificate{stamping.Certificate}, Unrevoked: true,
	}, root)
}

func TestC18_ATimestampAuthoritySaysWhenASignatureExisted(t *testing.T) {
	s, good, v := stamped(t)
	cms := signed(t, good)
	e := verify(t, "C18 with a timestamp", v, cms, now, "")
	if !e.TimestampedAt.Equal(now.Add(time.Second)) {
		t.Errorf("the evidence says %s", e.TimestampedAt)
	}
	token, err := timestamp.Parse(e.Timestamp)
	must(t, err)
	p7, err := pkcs7.Parse(cms)
	must(t, err)
	digest := crypto.SHA256.New()
	digest.Write(p7.Signers[0].EncryptedDigest)
	if !bytes.Equal(token.HashedMessage, digest.Sum(nil)) {
		t.Error("the token is not over the value of the signature")
	}
	if s.asked.Load() != 1 {
		t.Errorf("asked %d times", s.asked.Load())
	}
	// What is refused anyhow needs no timestamp.
	verify(t, "C16 another text", v, sign(t, good, []byte("{}"), pkcs7.OIDDigestAlgorithmSHA256, false), now, domain.CodeSignatureMismatch)
	if s.asked.Load() != 1 {
		t.Error("a signature that is refused was sent to the timestamp authority")
	}
}

func TestC18_WhatIsNoTimestampOfThisSignature(t *testing.T) {
	s, good, v := stamped(t)
	stamping := certify(t, nil, ecdsaKey(t), authority("stamping")) // the same name, another key
	was := s.by
	for _, c := range []struct {
		what   string
		by     *issuer
		change func(*timestamp.Timestamp)
		hash   crypto.Hash
		want   domain.Code
	}{
		{"as it must be", was, nil, crypto.SHA256, ""},
		{"signed over SHA-384", was, nil, crypto.SHA384, ""},
		{"of another signature", was, func(t *timestamp.Timestamp) { t.HashedMessage = make([]byte, 32) }, crypto.SHA256, domain.CodeTimestampAway},
		{"of another question", was, func(t *timestamp.Timestamp) { t.Nonce = big.NewInt(1) }, crypto.SHA256, domain.CodeTimestampAway},
		{"without the number of the question", was, func(t *timestamp.Timestamp) { t.Nonce = nil }, crypto.SHA256, domain.CodeTimestampAway},
		{"an hour late", was, func(t *timestamp.Timestamp) { t.Time = now.Add(50 * time.Minute) }, crypto.SHA256, domain.CodeTimestampAway},
		{"an hour early", was, func(t *timestamp.Timestamp) { t.Time = now.Add(-50 * time.Minute) }, crypto.SHA256, domain.CodeTimestampAway},
		{"without the certificate", was, func(t *timestamp.Timestamp) { t.AddTSACertificate = false }, crypto.SHA256, domain.CodeTimestampAway},
		{"signed over SHA-1", was, nil, crypto.SHA1, domain.CodeTimestampAway},
		{"of an authority that is not trusted", certify(t, stamping, ecdsaKey(t), forTimestamps(true)), nil, crypto.SHA256, domain.CodeTimestampAway},
		{"of a certificate that is not critically for it", s.certified(t, forTimestamps(false)), nil, crypto.SHA256, domain.CodeTimestampAway},
		{"of a certificate for signing", s.certified(t, nil), nil, crypto.SHA256, domain.CodeTimestampAway},
		{"of a certificate for both", s.certified(t, func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping, x509.ExtKeyUsageEmailProtection}
		}), nil, crypto.SHA256, domain.CodeTimestampAway},
		{"of a certificate that had expired", s.certified(t, func(c *x509.Certificate) {
			forTimestamps(true)(c)
			c.NotBefore, c.NotAfter = now.Add(-2*time.Hour), now.Add(-time.Hour)
		}), nil, crypto.SHA256, domain.CodeTimestampAway},
	} {
		t.Run("C18 a timestamp "+c.what, func(t *testing.T) {
			s.by, s.change, s.hash = c.by, c.change, c.hash
			verify(t, c.what, v, signed(t, good), now, c.want)
		})
	}
}

// certified is another certificate of the authority that certifies the stamper.
func (s *stamper) certified(t testing.TB, change func(*x509.Certificate)) *issuer {
	t.Helper()
	return certify(t, s.above, ecdsaKey(t), change)
}

// A token of one answer does not fit the next signature, and nothing but a token is one.
func TestC18_ATimestampAuthorityThatDoesNotAnswerIsNamed(t *testing.T) {
	t.Parallel()
	s, good, v := stamped(t)
	var first []byte
	hangs := make(chan struct{})
	t.Cleanup(func() { close(hangs) })
	for what, answer := range map[string]func(http.ResponseWriter, []byte){
		"an error of the server":           func(w http.ResponseWriter, _ []byte) { w.WriteHeader(http.StatusBadGateway) },
		"a rejection":                      func(w http.ResponseWriter, _ []byte) { _, _ = w.Write(rejection(t)) },
		"half a token":                     func(w http.ResponseWriter, der []byte) { _, _ = w.Write(der[:len(der)/2]) },
		"a token with its last bit turned": func(w http.ResponseWriter, der []byte) { _, _ = w.Write(changed(der)) },
		"more than a token":                func(w http.ResponseWriter, _ []byte) { _, _ = w.Write(make([]byte, 20<<10)) },
		"nothing at all":                   func(http.ResponseWriter, []byte) { <-hangs },
	} {
		s.answer = answer
		before := time.Now()
		verify(t, "C18 "+what, v, signed(t, good), now, domain.CodeTimestampAway)
		if took := time.Since(before); took > 4*time.Second {
			t.Errorf("%s: took %s", what, took)
		}
	}
	s.answer = func(w http.ResponseWriter, der []byte) {
		if first == nil {
			first = der
		}
		_, _ = w.Write(first)
	}
	verify(t, "C18 a token", v, signed(t, good), now, "")
	verify(t, "C18 the same token again", v, signed(t, good), now, domain.CodeTimestampAway)
}

func rejection(t testing.TB) []byte {
	t.Helper()
	der, err := timestamp.CreateErrorResponse(timestamp.Rejection, timestamp.SystemFailure)
	must(t, err)
	return der
}
