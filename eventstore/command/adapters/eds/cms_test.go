package eds_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"strings"
	"testing"

	"github.com/smallstep/pkcs7"

	"tizilim/domain"
)

// algorithm is one that the module for CMS cannot sign by.
type algorithm struct {
	oid        asn1.ObjectIdentifier
	hash       crypto.Hash
	options    crypto.SignerOpts
	parameters []byte
}

var (
	oidPSS = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
	oidOf  = map[crypto.Hash]asn1.ObjectIdentifier{
		crypto.SHA256: pkcs7.OIDDigestAlgorithmSHA256, crypto.SHA512: pkcs7.OIDDigestAlgorithmSHA512,
	}
)

func pss(hash crypto.Hash) algorithm {
	return algorithm{
		oid: oidPSS, hash: hash, options: &rsa.PSSOptions{SaltLength: hash.Size(), Hash: hash},
		parameters: pssParameters(hash, hash.Size()),
	}
}

func pssParameters(hash crypto.Hash, salt int) []byte {
	inner := pkix.AlgorithmIdentifier{Algorithm: oidOf[hash], Parameters: asn1.NullRawValue}
	der, err := asn1.Marshal(inner)
	if err != nil {
		panic(err)
	}
	parameters, err := asn1.Marshal(struct {
		Hash pkix.AlgorithmIdentifier `asn1:"explicit,tag:0"`
		MGF  pkix.AlgorithmIdentifier `asn1:"explicit,tag:1"`
		Salt int                      `asn1:"explicit,tag:2"`
	}{inner, pkix.AlgorithmIdentifier{
		Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}, Parameters: asn1.RawValue{FullBytes: der},
	}, salt})
	if err != nil {
		panic(err)
	}
	return parameters
}

type attribute struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue `asn1:"set"`
}

// modern makes a detached CMS by the algorithm, with signed attributes or without.
func modern(t testing.TB, by *issuer, what []byte, a algorithm, attributes bool) []byte {
	t.Helper()
	h := a.hash.New()
	h.Write(what)
	signed, shown := what, asn1.RawValue{}
	if attributes {
		var list []attribute
		for _, one := range []struct {
			oid   asn1.ObjectIdentifier
			value any
		}{{pkcs7.OIDAttributeContentType, pkcs7.OIDData}, {pkcs7.OIDAttributeMessageDigest, h.Sum(nil)},
			{pkcs7.OIDAttributeSigningTime, now}} {
			der, err := asn1.Marshal(one.value)
			must(t, err)
			list = append(list, attribute{one.oid, asn1.RawValue{Tag: asn1.TagSet, IsCompound: true, Bytes: der}})
		}
		var err error
		signed, err = asn1.MarshalWithParams(list, "set")
		must(t, err)
		shown = asn1.RawValue{FullBytes: append([]byte{0xa0}, signed[1:]...)}
	}
	digest := signed
	if a.options.HashFunc() != 0 {
		h := a.hash.New()
		h.Write(signed)
		digest = h.Sum(nil)
	}
	signature, err := by.key.Sign(rand.Reader, digest, a.options)
	must(t, err)
	hash := pkix.AlgorithmIdentifier{Algorithm: oidOf[a.hash]}
	der, err := asn1.Marshal(struct {
		Type    asn1.ObjectIdentifier
		Content any `asn1:"explicit,tag:0"`
	}{pkcs7.OIDSignedData, struct {
		Version      int
		Digests      []pkix.AlgorithmIdentifier `asn1:"set"`
		Content      struct{ Type asn1.ObjectIdentifier }
		Certificates asn1.RawValue
		Signers      []signerInfo `asn1:"set"`
	}{
		1, []pkix.AlgorithmIdentifier{hash}, struct{ Type asn1.ObjectIdentifier }{pkcs7.OIDData},
		asn1.RawValue{Class: asn1.ClassContextSpecific, IsCompound: true, Bytes: by.Raw},
		[]signerInfo{{
			1, signerID{asn1.RawValue{FullBytes: by.RawIssuer}, by.SerialNumber}, hash, shown,
			pkix.AlgorithmIdentifier{Algorithm: a.oid, Parameters: asn1.RawValue{FullBytes: a.parameters}}, signature,
		}},
	}})
	must(t, err)
	return der
}

type signerID struct {
	Issuer asn1.RawValue
	Serial *big.Int
}

type signerInfo struct {
	Version   int
	ID        signerID
	Digest    pkix.AlgorithmIdentifier
	Signed    asn1.RawValue `asn1:"optional"`
	Signing   pkix.AlgorithmIdentifier
	Signature []byte
}

func ed25519Key(t testing.TB) crypto.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	return key
}

// longRSA is a key that says it is longer than it is.
type longRSA struct{ *rsa.PrivateKey }

func (k longRSA) Public() crypto.PublicKey {
	return &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 8200, 1), E: 65537}
}

// set is one element that contains as many empty ones as fit.
func set(size int) []byte {
	return append([]byte{0x31, 0x82, byte(size >> 8), byte(size)}, bytes.Repeat([]byte{5, 0}, size/2)...)
}

func TestC18_ACMSThatCostsMoreThanASignatureIsRefusedForThat(t *testing.T) {
	root := certify(t, nil, ecdsaKey(t), authority("root"))
	good := certify(t, root, ecdsaKey(t), nil)
	var more []*issuer
	for range 8 {
		more = append(more, certify(t, root, ecdsaKey(t), nil))
	}
	v, err := open([]*x509.Certificate{root.Certificate})
	must(t, err)
	sha256 := pkcs7.OIDDigestAlgorithmSHA256
	for _, c := range []struct {
		what, says string
		cms        []byte
	}{
		{"C18 more certificates than a chain needs", "more certificates", sign(t, good, text, sha256, false, more...)},
		{"C18 a set of as many elements as fit", "more elements", set(30 << 10)},
		{"C18 larger than the largest", "larger than any", set(33 << 10)},
		{"C18 nested without end", "no CMS", bytes.Repeat([]byte{0x30, 0x80}, 1<<10)},
		{"C18 as deep as the largest, and no deeper", "no CMS", bytes.Repeat([]byte{0x30, 0x80}, 40)},
	} {
		_, err := v.Verify(context.Background(), text, c.cms, now)
		if domain.CodeOf(err) != domain.CodeSignatureMalformed || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.what, err)
		}
	}
	verify(t, "C18 as many certificates as a chain may have", v, sign(t, good, text, sha256, false, more[:7]...), now, "")
}
