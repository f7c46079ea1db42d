package eds_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"tizilim/domain"
	"tizilim/eventstore/command/adapters/eds"
)

// responder answers questions of OCSP about the certificates of one authority.
type responder struct {
	*httptest.Server
	by     *issuer                           // signs the answers
	of     *issuer                           // whose certificates they are about
	change func(*ocsp.Response)              // of each answer; nil: none
	nonce  func(asked []byte) [][]byte       // values of the nonces of each answer; nil: it has none
	answer func(http.ResponseWriter, []byte) // writes each answer; nil: as it is
	asked  atomic.Int64
}

func startResponder(t testing.TB, of *issuer) *responder {
	t.Helper()
	r := &responder{by: of, of: of}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.asked.Add(1)
		body, err := io.ReadAll(request.Body)
		if err != nil || request.Header.Get("Content-Type") != "application/ocsp-request" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		question, err := ocsp.ParseRequest(body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		said := ocsp.Response{
			Status: ocsp.Good, SerialNumber: question.SerialNumber, IssuerHash: question.HashAlgorithm,
			ThisUpdate: now.Add(-time.Minute), NextUpdate: now.Add(time.Hour),
		}
		if r.by != r.of {
			said.Certificate = r.by.Certificate
		}
		if r.change != nil {
			r.change(&said)
		}
		der, err := ocsp.CreateResponse(r.of.Certificate, r.by.Certificate, said, r.by.key)
		if err != nil {
			t.Error(err)
		}
		if r.nonce != nil {
			der = answeredWith(t, der, r.nonce(nonceOf(t, body)), r.by.key)
		}
		w.Header().Set("Content-Type", "application/ocsp-response")
		if r.answer != nil {
			r.answer(w, der)
			return
		}
		_, _ = w.Write(der)
	}))
	t.Cleanup(r.Close)
	return r
}

// answering is an authority with a responder, and a verifier that asks it.
func answering(t testing.TB) (*responder, *issuer, *eds.Verifier) {
	t.Helper()
	root := certify(t, nil, ecdsaKey(t), authority("root"))
	r := startResponder(t, root)
	return r, certify(t, root, ecdsaKey(t), nil), opened(t, eds.Config{OCSP: true, OCSPAddress: r.URL}, root)
}

// forOCSP is a change that makes a certificate one of a responder.
func forOCSP(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning} }

func TestC18_AResponderSaysWhetherACertificateWasRevoked(t *testing.T) {
	r, good, v := answering(t)
	e := verify(t, "C18 good", v, signed(t, good), now, "")
	if len(e.Revocation) != 1 || string(e.Revocation[0].Certificate) != good.SerialNumber.Text(16) {
		t.Fatalf("the evidence is not about the certificate: %#v", e.Revocation)
	}
	if kept, err := ocsp.ParseResponse(e.Revocation[0].OCSP, r.of.Certificate); err != nil || kept.Status != ocsp.Good {
		t.Errorf("the evidence does not keep the answer: %v", err)
	}

	revokedAt := now.Add(-time.Minute)
	r.change = func(said *ocsp.Response) { said.Status, said.RevokedAt = ocsp.Revoked, revokedAt }
	verify(t, "C18 revoked", v, signed(t, certify(t, r.of, ecdsaKey(t), nil)), now, domain.CodeCertificateRevoked)
}

func TestC18_AnAnswerIsKeptUntilItExpires(t *testing.T) {
	r, good, v := answering(t)
	for range 3 {
		verify(t, "C18 good", v, signed(t, good), now, "")
	}
	if n := r.asked.Load(); n != 1 {
		t.Errorf("asked %d times, want once", n)
	}
	r.change = func(said *ocsp.Response) {
		said.ThisUpdate, said.NextUpdate = now.Add(59*time.Minute), time.Time{} // until the next question
	}
	later := now.Add(time.Hour)
	verify(t, "C18 in its last instant", v, signed(t, good), later, "")
	if n := r.asked.Load(); n != 1 {
		t.Errorf("asked %d times, want once", n)
	}
	later = later.Add(time.Second)
	verify(t, "C18 good still", v, signed(t, certify(t, r.of, ecdsaKey(t), until(later))), later, "")
	long := certify(t, r.of, ecdsaKey(t), until(later))
	for range 2 {
		verify(t, "C18 an answer without an end", v, signed(t, long), later, "")
	}
	if n := r.asked.Load(); n != 4 {
		t.Errorf("asked %d times, want 4: an answer without an end is not kept", n)
	}
}

// until is a change that makes a certificate valid until after the instant.
func until(at time.Time) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.NotAfter = at.Add(time.Hour) }
}

func TestC18_WhoseAnswerCounts(t *testing.T) {
	r, good, v := answering(t)
	root := r.of
	stranger := certify(t, nil, ecdsaKey(t), authority("root"))
	certified := certify(t, root, ecdsaKey(t), forOCSP)
	between := certify(t, root, ecdsaKey(t), authority("between"))
	twin := certify(t, nil, root.key, authority("twin")) // of the same key
	short := func() *issuer {
		t.Setenv("GODEBUG", "rsa1024min=0")
		key, err := rsa.GenerateKey(rand.Reader, 1024)
		must(t, err)
		return certify(t, root, key, forOCSP)
	}()
	for _, c := range []struct {
		what   string
		by     *issuer
		change func(*ocsp.Response)
		want   domain.Code
	}{
		{"of a responder that the authority has certified", certified, nil, ""},
		{"of a certificate that is not for it", certify(t, root, ecdsaKey(t), nil), nil, domain.CodeRevocationUnknown},
		{"of a responder whose certificate has expired", certify(t, root, ecdsaKey(t), func(c *x509.Certificate) {
			forOCSP(c)
			c.NotBefore, c.NotAfter = now.Add(-2*time.Hour), now.Add(-time.Hour)
		}), nil, domain.CodeRevocationUnknown},
		{"of a responder with a short key", short, nil, domain.CodeRevocationUnknown},
		{"of a responder of another authority", certify(t, stranger, ecdsaKey(t), forOCSP), nil, domain.CodeRevocationUnknown},
		{"of a responder that a lower authority has certified", certify(t, between, ecdsaKey(t), forOCSP), nil, domain.CodeRevocationUnknown},
		{"of a responder of another authority with the same key", certify(t, twin, ecdsaKey(t), forOCSP), nil, domain.CodeRevocationUnknown},
		{"of the holder of the certificate", good, nil, domain.CodeRevocationUnknown},
		{"by SHA-1", root, func(said *ocsp.Response) { said.SignatureAlgorithm = x509.ECDSAWithSHA1 }, domain.CodeRevocationUnknown},
		{"about another certificate", root, func(said *ocsp.Response) { said.SerialNumber = big.NewInt(7) }, domain.CodeRevocationUnknown},
		{"that does not know the certificate", root, func(said *ocsp.Response) { said.Status = ocsp.Unknown }, domain.CodeRevocationUnknown},
		{"of the future", root, func(said *ocsp.Response) { said.ThisUpdate = now.Add(2 * time.Minute) }, domain.CodeRevocationUnknown},
		{"that has expired", root, func(said *ocsp.Response) {
			said.ThisUpdate, said.NextUpdate = now.Add(-2*time.Hour), now.Add(-time.Second)
		}, domain.CodeRevocationUnknown},
		{"without an end, eleven minutes old", root, func(said *ocsp.Response) {
			said.ThisUpdate, said.NextUpdate = now.Add(-11*time.Minute), time.Time{}
		}, domain.CodeRevocationUnknown},
		{"by another hash", root, func(said *ocsp.Response) { said.IssuerHash = crypto.SHA256 }, ""},
	} {
		t.Run("C18 an answer "+c.what, func(t *testing.T) {
			r.by, r.change = c.by, c.change
			verify(t, c.what, v, signed(t, certify(t, root, ecdsaKey(t), nil)), now, c.want)
		})
	}
}

// Two authorities can share one key, and then each signs what counts as an answer of
// the other. The answer says by a hash of which authority it speaks.
func TestC18_AnAnswerIsAboutACertificateOfThisAuthority(t *testing.T) {
	r, _, v := answering(t)
	twin := certify(t, nil, r.of.key, authority("twin"))
	r.of = twin
	verify(t, "C18 of another authority with the same key", v,
		signed(t, certify(t, r.by, ecdsaKey(t), nil)), now, domain.CodeRevocationUnknown)
}

func TestC18_AResponderThatDoesNotAnswerIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	r, good, v := answering(t)
	hangs := make(chan struct{})
	t.Cleanup(func() { close(hangs) })
	for what, answer := range map[string]func(http.ResponseWriter, []byte){
		"an error of the server": func(w http.ResponseWriter, _ []byte) { w.WriteHeader(http.StatusInternalServerError) },
		"a redirection": func(w http.ResponseWriter, _ []byte) {
			w.Header().Set("Location", r.URL)
			w.WriteHeader(http.StatusFound)
		},
		"more than an answer":          func(w http.ResponseWriter, _ []byte) { _, _ = w.Write(make([]byte, 40<<10)) },
		"an answer with more behind":   func(w http.ResponseWriter, der []byte) { _, _ = w.Write(append(der, 0)) },
		"half an answer":               func(w http.ResponseWriter, der []byte) { _, _ = w.Write(der[:len(der)/2]) },
		"an error of OCSP":             func(w http.ResponseWriter, _ []byte) { _, _ = w.Write(ocsp.TryLaterErrorResponse) },
		"a connection that stays mute": func(http.ResponseWriter, []byte) { <-hangs },
	} {
		r.answer = answer
		before := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		_, err := v.Verify(ctx, text, signed(t, good), now)
		cancel()
		if domain.CodeOf(err) != domain.CodeRevocationUnknown || time.Since(before) > 4*time.Second {
			t.Errorf("C18 %s: %v after %s", what, err, time.Since(before))
		}
	}
}

func TestC18_AListAnswersWhereTheResponderDoesNot(t *testing.T) {
	h := newHierarchy(t)
	r := startResponder(t, h.between)
	c := h.config()
	c.OCSP, c.OCSPAddress = true, r.URL
	v, err := eds.New(c)
	must(t, err)
	e := verify(t, "C18 both say good", v, signed(t, h.good), now, "")
	if len(e.Revocation) != 2 || e.Revocation[0].OCSP == nil || e.Revocation[0].List.IsZero() {
		t.Errorf("the evidence does not keep both: %#v", e.Revocation)
	}
	if e.Revocation[1].OCSP != nil || e.Revocation[1].List.IsZero() { // its responder does not know the root's
		t.Errorf("the authority's proof is not its list: %#v", e.Revocation[1])
	}
	verify(t, "C18 the list says revoked and the responder good", v, signed(t, h.bad), now, domain.CodeCertificateRevoked)
	r.change = func(said *ocsp.Response) { said.Status, said.RevokedAt = ocsp.Revoked, now.Add(-time.Minute) }
	fresh := certify(t, h.between, ecdsaKey(t), nil)
	verify(t, "C18 the responder says revoked and the list good", v, signed(t, fresh), now, domain.CodeCertificateRevoked)
	r.Close()
	another := certify(t, h.between, ecdsaKey(t), nil)
	e = verify(t, "C18 the list alone", v, signed(t, another), now, "")
	if len(e.Revocation) != 2 || e.Revocation[0].OCSP != nil || e.Revocation[0].List.IsZero() {
		t.Errorf("the evidence is not the list: %#v", e.Revocation)
	}
	verify(t, "C18 neither", v, signed(t, another), now.Add(31*time.Minute), domain.CodeRevocationUnknown)
}

func TestC18_TheCertificateNamesItsResponder(t *testing.T) {
	root := certify(t, nil, ecdsaKey(t), authority("root"))
	r := startResponder(t, root)
	v := opened(t, eds.Config{OCSP: true}, root)
	named := certify(t, root, ecdsaKey(t), func(c *x509.Certificate) { c.OCSPServer = []string{"ldap://x", r.URL} })
	verify(t, "C18 it names one", v, signed(t, named), now, "")
	verify(t, "C18 it names none", v, signed(t, certify(t, root, ecdsaKey(t), nil)), now, domain.CodeRevocationUnknown)
	if r.asked.Load() != 1 {
		t.Errorf("asked %d times", r.asked.Load())
	}
}
