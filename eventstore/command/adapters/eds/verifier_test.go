package eds_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"log/slog"
	"math/big"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"

	"tizilim/domain"
	"tizilim/eventstore/command/adapters/eds"
)

const (
	iin   = domain.IIN("999999000012")
	other = domain.IIN("999999100019")
)

var (
	text   = []byte(`{"application":{"consent":true},"idempotency_key":"k","request":"POST /v1/housing-applications"}`)
	now    = time.Now().UTC().Truncate(time.Second) // what the signer's clock says is now
	quiet  = slog.New(slog.DiscardHandler)
	person = domain.PersonIDKey("a key of a test").PersonID
)

// issuer is an authority of a test.
type issuer struct {
	*x509.Certificate
	key crypto.Signer
}

func ecdsaKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return key
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// open returns a verifier of authorities of which nothing is revoked.
func open(trusted []*x509.Certificate) (*eds.Verifier, error) {
	return eds.New(eds.Config{Trusted: trusted, Unrevoked: true, Person: person, Logger: quiet})
}

// opened returns a verifier that trusts the authorities.
func opened(t testing.TB, c eds.Config, trusted ...*issuer) *eds.Verifier {
	t.Helper()
	for _, by := range trusted {
		c.Trusted = append(c.Trusted, by.Certificate)
	}
	c.Person, c.Logger = person, quiet
	v, err := eds.New(c)
	must(t, err)
	return v
}

// verify checks a signature of the text at the instant, and compares the code of the
// refusal; "" means that it is taken.
func verify(t testing.TB, what string, v *eds.Verifier, cms []byte, at time.Time, want domain.Code) domain.Evidence {
	t.Helper()
	e, err := v.Verify(context.Background(), text, cms, at)
	if domain.CodeOf(err) != want || want == "" && err != nil {
		t.Errorf("%s: %v, want %q", what, err, want)
	}
	return e
}

// serials are the numbers given out, of certificates and of lists.
var serials atomic.Int64

// certify makes a certificate; by is nil for one that signs itself.
func certify(t testing.TB, by *issuer, key crypto.Signer, change func(*x509.Certificate)) *issuer {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(
			serials.Add(1),
		), Subject: pkix.Name{CommonName: "ТЕСТОВ ТЕСТ", SerialNumber: "IIN" + string(iin), Country: []string{"KZ"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
	}
	if change != nil {
		change(template)
	}
	parent, signer := template, key
	if by != nil {
		parent, signer = by.Certificate, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	must(t, err)
	c, err := x509.ParseCertificate(der)
	must(t, err)
	return &issuer{c, key}
}

// authority is a change that makes a certificate one of an authority.
func authority(name string) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.Subject, c.IsCA, c.BasicConstraintsValid = pkix.Name{CommonName: name}, true, true
		c.KeyUsage, c.ExtKeyUsage = x509.KeyUsageCertSign|x509.KeyUsageCRLSign, nil
		c.NotBefore, c.NotAfter = now.AddDate(-5, 0, 0), now.AddDate(5, 0, 0)
	}
}

// sign makes a CMS, detached unless attached is asked for.
func sign(t testing.TB, by *issuer, what []byte, digest asn1.ObjectIdentifier, attached bool, with ...*issuer) []byte {
	t.Helper()
	cms, err := pkcs7.NewSignedData(what)
	must(t, err)
	cms.SetDigestAlgorithm(digest)
	must(t, cms.AddSigner(by.Certificate, by.key, pkcs7.SignerInfoConfig{}))
	for _, c := range with {
		cms.AddCertificate(c.Certificate)
	}
	if !attached {
		cms.Detach()
	}
	der, err := cms.Finish()
	must(t, err)
	return der
}

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func TestC18_WhoseSignatureIsAccepted(t *testing.T) {
	root := certify(t, nil, ecdsaKey(t), authority("root"))
	between := certify(t, root, ecdsaKey(t), authority("between"))
	signer := func(change func(*x509.Certificate)) *issuer { return certify(t, between, ecdsaKey(t), change) }
	good := signer(nil)
	ofRSA := certify(t, between, rsaKey(), nil)
	sha256 := pkcs7.OIDDigestAlgorithmSHA256

	ofEd25519 := certify(t, between, ed25519Key(t), nil)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	must(t, err)
	ofP384 := certify(t, between, p384, nil)
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	must(t, err)
	ofP224 := certify(t, between, p224, nil)
	ed := algorithm{oid: asn1.ObjectIdentifier{1, 3, 101, 112}, hash: crypto.SHA512, options: crypto.Hash(0)}
	t.Setenv("GODEBUG", "rsa1024min=0")
	shortKey, err := rsa.GenerateKey(rand.Reader, 1024)
	must(t, err)
	short := certify(t, root, shortKey, authority("short"))
	bySHA1 := certify(t, root, ecdsaKey(t), func(c *x509.Certificate) {
		authority("sha1")(c)
		c.SignatureAlgorithm = x509.ECDSAWithSHA1
	})

	elsewhere := certify(t, root, ecdsaKey(t), func(c *x509.Certificate) {
		authority("elsewhere")(c)
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	})
	brief := certify(t, root, ecdsaKey(t), func(c *x509.Certificate) {
		authority("brief")(c)
		c.NotAfter = now.Add(10 * time.Minute)
	})
	strangers := certify(t, nil, ecdsaKey(t), authority("root")) // the same name, another key
	two, err := pkcs7.NewSignedData(text)
	must(t, err)
	two.SetDigestAlgorithm(sha256)
	must(t, two.AddSigner(good.Certificate, good.key, pkcs7.SignerInfoConfig{}))
	must(t, two.AddSigner(ofRSA.Certificate, ofRSA.key, pkcs7.SignerInfoConfig{}))
	bySeveral, err := two.Finish()
	must(t, err)
	empty, err := pkcs7.DegenerateCertificate(good.Raw)
	must(t, err)
	detached := sign(t, good, text, sha256, false)

	for _, c := range []struct {
		name string
		cms  []byte
		at   time.Time
		code domain.Code
	}{
		{"C18 ECDSA, detached", detached, now, ""},
		{"C18 ECDSA, with the text inside", sign(t, good, text, sha256, true), now, ""},
		{"C18 RSA of 2048 bits and SHA-256, detached", sign(t, ofRSA, text, sha256, false), now, ""},
		{"C18 RSA of 2048 bits and SHA-512, with the text inside", sign(t, ofRSA, text, pkcs7.OIDDigestAlgorithmSHA512, true), now, ""},
		{"C18 the chain in the signature", sign(t, certify(t, certify(t, root, between.key, authority("between")), ecdsaKey(t), nil), text, sha256, false, between), now, ""},
		{"C18 in the last second of the certificate", detached, good.NotAfter, ""},

		{"C16 another text", sign(t, good, []byte(`{}`), sha256, false), now, domain.CodeSignatureMismatch},
		{"C16 another text inside", sign(t, good, []byte(`{}`), sha256, true), now, domain.CodeSignatureMismatch},
		{"C16 the right signature with another text inside", bytes.ReplaceAll(sign(t, good, text, sha256, true), text, bytes.Replace(text, []byte("true"), []byte("null"), 1)), now, domain.CodeSignatureMismatch},
		{"C16 a signature that was changed", changed(sign(t, good, text, sha256, false)), now, domain.CodeSignatureMismatch},

		{"C18 expired", detached, good.NotAfter.Add(time.Second), domain.CodeCertificateNotValid},
		{"C18 not valid yet", detached, good.NotBefore.Add(-time.Second), domain.CodeCertificateNotValid},
		{"C18 signed, as it says itself, when the certificate had expired", sign(t, signer(func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = now.AddDate(-2, 0, 0), now.AddDate(-1, 0, 0)
		}), text, sha256, false), now.AddDate(-1, -6, 0), domain.CodeCertificateNotValid},

		{"C18 a certificate for authentication", sign(t, signer(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), text, sha256, false), now, domain.CodeCertificatePurpose},
		{"C18 a certificate for no purpose", sign(t, signer(func(c *x509.Certificate) { c.ExtKeyUsage = nil }), text, sha256, false), now, domain.CodeCertificatePurpose},
		{"C18 a certificate whose key may only encipher", sign(t, signer(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }), text, sha256, false), now, domain.CodeCertificatePurpose},
		{"C18 an authority's own certificate", sign(t, between, text, sha256, false), now, domain.CodeCertificatePurpose},
		{"C18 an authority's own certificate, which is for signing too", sign(t, certify(t, root, ecdsaKey(t), func(c *x509.Certificate) {
			authority("signs too")(c)
			c.KeyUsage |= x509.KeyUsageDigitalSignature
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}
			c.Subject.SerialNumber = "IIN" + string(iin)
		}), text, sha256, false), now, domain.CodeCertificatePurpose},
		{"C18 a certificate for both", sign(t, signer(func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageEmailProtection}
		}), text, sha256, false), now, ""},

		{"C18 an authority that is not trusted", sign(t, certify(t, strangers, ecdsaKey(t), nil), text, sha256, false, strangers), now, domain.CodeCertificateUntrusted},
		{"C18 a certificate that signs itself", sign(t, certify(t, nil, ecdsaKey(t), nil), text, sha256, false), now, domain.CodeCertificateUntrusted},
		{"C18 an authority that has expired before its certificate", sign(t, certify(t, brief, ecdsaKey(t), nil), text, sha256, false, brief), now.Add(30 * time.Minute), domain.CodeCertificateUntrusted},
		{"C18 an authority that may certify for authentication only", sign(t, certify(t, elsewhere, ecdsaKey(t), nil), text, sha256, false, elsewhere), now, domain.CodeCertificateUntrusted},
		{"C18 a chain by somebody who is no authority", sign(t, certify(t, good, ecdsaKey(t), nil), text, sha256, false, good), now, domain.CodeCertificateUntrusted},

		{"C18 an organisation without an IIN", sign(t, signer(func(c *x509.Certificate) { c.Subject.SerialNumber = "" }), text, sha256, false), now, domain.CodeSignatureNotApplicants},
		{"C18 a BIN", sign(t, signer(func(c *x509.Certificate) { c.Subject.SerialNumber = "BIN" + string(iin) }), text, sha256, false), now, domain.CodeSignatureNotApplicants},
		{"C18 an IIN that cannot be", sign(t, signer(func(c *x509.Certificate) { c.Subject.SerialNumber = "IIN123456789011" }), text, sha256, false), now, domain.CodeSignatureNotApplicants},

		{"C18 SHA-1", sign(t, ofRSA, text, pkcs7.OIDDigestAlgorithmSHA1, false), now, domain.CodeSignatureWeak},
		{"C18 ECDSA of 224 bits", sign(t, ofP224, text, sha256, false), now, domain.CodeSignatureWeak},
		{"C18 GOST 34.10-2015", replaced(detached, sha256, asn1.ObjectIdentifier{1, 2, 398, 3, 10, 1, 3, 2}), now, domain.CodeSignatureAlgorithm},
		{"C18 an algorithm that nobody knows", replaced(detached, sha256, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 99}), now, domain.CodeSignatureAlgorithm},

		{"C18 RSA-PSS and SHA-256", modern(t, ofRSA, text, pss(crypto.SHA256), true), now, ""},
		{"C18 RSA-PSS and SHA-512, without attributes", modern(t, ofRSA, text, pss(crypto.SHA512), false), now, ""},
		{"C18 Ed25519", modern(t, ofEd25519, text, ed, true), now, ""},
		{"C18 Ed25519, without attributes", modern(t, ofEd25519, text, ed, false), now, ""},
		{"C18 ECDSA on P-384 and SHA-384", sign(t, ofP384, text, pkcs7.OIDDigestAlgorithmSHA384, false), now, ""},
		{"C18 Ed25519 over SHA-256", modern(t, ofEd25519, text, algorithm{oid: ed.oid, hash: crypto.SHA256, options: ed.options}, true), now, domain.CodeSignatureAlgorithm},
		{"C16 RSA-PSS of another text", modern(t, ofRSA, []byte("{}"), pss(crypto.SHA256), true), now, domain.CodeSignatureMismatch},
		{"C16 Ed25519 of another text", modern(t, ofEd25519, []byte("{}"), ed, true), now, domain.CodeSignatureMismatch},
		{"C16 Ed25519 of another text, without attributes", modern(t, ofEd25519, []byte("{}"), ed, false), now, domain.CodeSignatureMismatch},
		{"C16 RSA-PSS, a changed signature", changed(modern(t, ofRSA, text, pss(crypto.SHA256), true)), now, domain.CodeSignatureMismatch},
		{"C18 RSA-PSS over SHA-1, as its defaults are", modern(t, ofRSA, text, algorithm{oid: oidPSS, hash: crypto.SHA256, options: &rsa.PSSOptions{SaltLength: 20, Hash: crypto.SHA256}, parameters: []byte{0x30, 0}}, true), now, domain.CodeSignatureAlgorithm},
		{"C18 RSA-PSS without salt", modern(t, ofRSA, text, algorithm{oid: oidPSS, hash: crypto.SHA256, options: &rsa.PSSOptions{SaltLength: 0, Hash: crypto.SHA256}, parameters: pssParameters(crypto.SHA256, 0)}, true), now, domain.CodeSignatureAlgorithm},
		{"C18 an authority with an RSA key of 1024 bits", sign(t, certify(t, short, ecdsaKey(t), nil), text, sha256, false, short), now, domain.CodeSignatureWeak},
		{"C18 an authority certified by SHA-1", sign(t, certify(t, bySHA1, ecdsaKey(t), nil), text, sha256, false, bySHA1), now, domain.CodeSignatureWeak},
		{"C18 an RSA key that is too long to check", sign(t, certify(t, between, longRSA{rsaKey()}, nil), text, sha256, false), now, domain.CodeSignatureAlgorithm},

		{"C18 by several", bySeveral, now, domain.CodeSignatureMalformed},
		{"C18 by nobody", empty, now, domain.CodeSignatureMalformed},
		{"C18 nothing", nil, now, domain.CodeSignatureMalformed},
		{"C18 no CMS", []byte("-----BEGIN CMS-----"), now, domain.CodeSignatureMalformed},
		{"C18 cut off", detached[:len(detached)/2], now, domain.CodeSignatureMalformed},
		{"C18 too large", append(bytes.Clone(detached), make([]byte, 40<<10)...), now, domain.CodeSignatureMalformed},
		{"C18 nested without end", bytes.Repeat([]byte{0x30, 0x80}, 15<<10), now, domain.CodeSignatureMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := open([]*x509.Certificate{between.Certificate, root.Certificate})
			must(t, err)
			before := time.Now()
			e, err := v.Verify(context.Background(), text, c.cms, c.at)
			least := time.Since(before)
			for n := 0; least > time.Second && n < 5; n++ { // the machine did something else meanwhile
				before = time.Now()
				_, _ = v.Verify(context.Background(), text, c.cms, c.at)
				least = min(least, time.Since(before))
			}
			if least > time.Second {
				t.Errorf("took %s", least)
			}
			if domain.CodeOf(err) != c.code || c.code == "" && err != nil {
				t.Fatalf("got %v, want %q", err, c.code)
			}
			if err != nil {
				if strings.Contains(err.Error(), string(iin)) || strings.Contains(err.Error(), "ТЕСТОВ") {
					t.Errorf("the refusal tells who it was: %v", err)
				}
				return
			}
			if e.Signer != person(iin) || e.Signer == person(other) || string(e.Text) != string(text) || string(e.SHA256) != domain.TextDigest(text) ||
				!bytes.Equal(e.CMS, c.cms) ||
				e.Certificate == "" ||
				e.ClaimedAt.Before(now.Add(-time.Minute)) != strings.Contains(c.name, "without attributes") {
				t.Errorf("the evidence is not that of the signature: %#v", string(e.Text))
			}
		})
	}
}

// changed returns the signature with its last bit turned.
func changed(cms []byte) []byte {
	cms = bytes.Clone(cms)
	cms[len(cms)-1] ^= 1
	return cms
}

// replaced returns the signature with an algorithm replaced by one whose
// identifier is as long or shorter.
func replaced(cms []byte, from, to asn1.ObjectIdentifier) []byte {
	was, _ := asn1.Marshal(from)
	is, _ := asn1.Marshal(to)
	if extra := len(was) - len(is); extra > 0 { // the last number of an identifier may be long
		longer := append(bytes.Clone(is[2:]), bytes.Repeat([]byte{1}, extra)...)
		is = append([]byte{6, byte(len(longer))}, longer...)
	}
	return bytes.ReplaceAll(cms, was, is)
}

func TestC18_ShortRSAKeysAreWeak(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	must(t, err)
	root := certify(t, nil, ecdsaKey(t), authority("root"))
	v, err := open([]*x509.Certificate{root.Certificate})
	must(t, err)
	if _, err := v.Verify(context.Background(), text, sign(t, certify(t, root, key, nil), text, pkcs7.OIDDigestAlgorithmSHA256, false), now); domain.CodeOf(
		err,
	) != domain.CodeSignatureWeak {
		t.Errorf("got %v", err)
	}
}

func TestC18_TrustNeedsARoot(t *testing.T) {
	root := certify(t, nil, ecdsaKey(t), authority("root"))
	if _, err := open([]*x509.Certificate{certify(t, root, ecdsaKey(t), authority("between")).Certificate}); err == nil {
		t.Error("an authority between was taken for a root")
	}
	if _, err := eds.Certificates([]byte("no PEM")); err == nil {
		t.Error("a file without certificates was taken")
	}
}

func TestTheDemonstrationAuthorityCertifiesAnybody(t *testing.T) {
	pemText, err := eds.NewDemonstration(now)
	must(t, err)
	d, err := eds.ReadDemonstration(pemText)
	must(t, err)
	v, err := open([]*x509.Certificate{d.Certificate()})
	must(t, err)
	cms, err := d.Sign(other, text, now)
	must(t, err)
	e, err := v.Verify(context.Background(), text, cms, now)
	if err != nil || e.Signer != person(other) {
		t.Errorf("signed by %v: %v", e.Signer, err)
	}
	if !strings.Contains(d.Certificate().Subject.CommonName, "DEMONSTRATION") {
		t.Error("its certificates do not say what they are")
	}
}

// FuzzVerify sends what strangers may send: no signature but the right one is
// taken, and nothing makes the registry panic or wait.
func FuzzVerify(f *testing.F) {
	pemText, err := eds.NewDemonstration(now)
	must(f, err)
	d, err := eds.ReadDemonstration(pemText)
	must(f, err)
	v, err := open([]*x509.Certificate{d.Certificate()})
	must(f, err)
	right, err := d.Sign(iin, text, now)
	must(f, err)
	f.Add(right)
	f.Add(modern(f, certify(f, nil, rsaKey(), nil), text, pss(crypto.SHA256), true))
	f.Add(bytes.Repeat([]byte{0x30, 0x80}, 100))
	f.Add(set(200))
	f.Add([]byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{0x3f, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, cms []byte) {
		before := time.Now()
		e, err := v.Verify(context.Background(), text, cms, now)
		if err == nil && e.Signer != person(iin) {
			t.Fatal("somebody else was taken for the signer")
		}
		if err != nil && domain.CodeOf(err) == "" {
			t.Fatalf("no refusal: %v", err)
		}
		if took := time.Since(before); took > 2*time.Second {
			t.Fatalf("took %s", took)
		}
	})
}

func TestR56_ACertificateNamesItsHolderAsTheAuthorityWritesIt(t *testing.T) {
	root := certify(t, nil, ecdsaKey(t), authority("root"))
	v, err := eds.New(eds.Config{Trusted: []*x509.Certificate{root.Certificate}, Unrevoked: true, Person: person})
	if err != nil {
		t.Fatal(err)
	}
	surname, given := asn1.ObjectIdentifier{2, 5, 4, 4}, asn1.ObjectIdentifier{2, 5, 4, 42}
	for _, c := range []struct{ common, surname, given, want string }{
		{"СЕРІКОВА АЙГҮЛ", "СЕРІКОВА", "БОЛАТҚЫЗЫ", "СЕРІКОВА АЙГҮЛ БОЛАТҚЫЗЫ"},
		{"СЕРІКОВА АЙГҮЛ", "СЕРІКОВА", "", "СЕРІКОВА АЙГҮЛ"},
		{"AIGUL SERIKOVA", "SERIKOVA", "AIGUL", "AIGUL SERIKOVA"}, // another authority
		{"DEMONSTRATION ONLY", "", "", ""},
		{"СЕРІКОВА", "СЕРІКОВА", "АЙГҮЛ", ""},
		{"СЕРІКОВА АЙГҮЛ", "ИМАНОВА", "", ""},
	} {
		named := certify(t, root, ecdsaKey(t), func(cert *x509.Certificate) {
			cert.Subject.CommonName = c.common
			for _, a := range []pkix.AttributeTypeAndValue{{Type: surname, Value: c.surname}, {Type: given, Value: c.given}} {
				if a.Value != "" {
					cert.Subject.ExtraNames = append(cert.Subject.ExtraNames, a)
				}
			}
		})
		h, err := v.Holder(sign(t, named, text, pkcs7.OIDDigestAlgorithmSHA256, false))
		if string(h.Name) != c.want || (err == nil) != (c.want != "") || err == nil && h.IIN != iin {
			t.Errorf("R56 %s: %q, %v; want %q", c.common, string(h.Name), err, c.want)
		}
	}
}
