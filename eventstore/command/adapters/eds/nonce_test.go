package eds_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"

	"tizilim/domain"
	"tizilim/eventstore/command/adapters/eds"
)

var nonceID = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}

// nonceOf reads the nonce of a question, as a responder does (RFC 6960, 4.1.1).
func nonceOf(t testing.TB, question []byte) (nonce []byte) {
	t.Helper()
	var request struct {
		TBS struct {
			List       []asn1.RawValue
			Extensions []pkix.Extension `asn1:"explicit,tag:2"`
		}
	}
	rest, err := asn1.Unmarshal(question, &request)
	must(t, err)
	if len(rest) != 0 || len(request.TBS.List) != 1 || len(request.TBS.Extensions) != 1 {
		t.Fatalf("the question is %+v, and %d bytes follow", request, len(rest))
	}
	e := request.TBS.Extensions[0]
	if !e.Id.Equal(nonceID) || e.Critical {
		t.Errorf("the extension is %+v", e)
	}
	_, err = asn1.Unmarshal(e.Value, &nonce)
	must(t, err)
	return nonce
}

// answeredWith puts extensions with the values into an answer by ECDSA and SHA-256, and
// signs it again: package ocsp writes answers without extensions.
func answeredWith(t testing.TB, der []byte, values [][]byte, key crypto.Signer) []byte {
	t.Helper()
	type basic struct {
		TBS          asn1.RawValue
		Algorithm    pkix.AlgorithmIdentifier
		Signature    asn1.BitString
		Certificates []asn1.RawValue `asn1:"explicit,tag:0,optional"`
	}
	var outer struct {
		Status asn1.Enumerated
		Bytes  struct {
			Type asn1.ObjectIdentifier
			DER  []byte
		} `asn1:"explicit,tag:0,optional"`
	}
	_, err := asn1.Unmarshal(der, &outer)
	must(t, err)
	var said basic
	_, err = asn1.Unmarshal(outer.Bytes.DER, &said)
	must(t, err)
	var extensions []pkix.Extension
	for _, v := range values {
		extensions = append(extensions, pkix.Extension{Id: nonceID, Value: v})
	}
	list, err := asn1.MarshalWithParams(extensions, "explicit,tag:1")
	must(t, err)
	content := append(bytes.Clone(said.TBS.Bytes), list...)
	tbs, err := asn1.Marshal(asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: content})
	must(t, err)
	said.TBS = asn1.RawValue{FullBytes: tbs}
	digest := sha256.Sum256(tbs)
	signature, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
	must(t, err)
	said.Signature = asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}
	outer.Bytes.DER, err = asn1.Marshal(said)
	must(t, err)
	der, err = asn1.Marshal(outer)
	must(t, err)
	return der
}

// value is how a nonce stands in an extension.
func value(t testing.TB, nonce []byte) []byte {
	t.Helper()
	v, err := asn1.Marshal(nonce)
	must(t, err)
	return v
}

func TestC18_EachQuestionHasANonceOfItsOwn(t *testing.T) {
	r, _, v := answering(t)
	seen := map[string]bool{}
	r.nonce = func(asked []byte) [][]byte {
		if len(asked) != 32 || seen[string(asked)] {
			t.Errorf("the nonce %x has %d bytes, or was asked with before", asked, len(asked))
		}
		seen[string(asked)] = true
		return [][]byte{value(t, asked)}
	}
	for range 3 {
		verify(t, "C18 with its nonce", v, signed(t, certify(t, r.of, ecdsaKey(t), nil)), now, "")
	}
	if len(seen) != 3 {
		t.Errorf("%d questions", len(seen))
	}
}

func TestC18_WhichNonceAnAnswerMayHave(t *testing.T) {
	root := certify(t, nil, ecdsaKey(t), authority("root"))
	r := startResponder(t, root)
	either := opened(t, eds.Config{OCSP: true, OCSPAddress: r.URL}, root)
	strict := opened(t, eds.Config{OCSP: true, OCSPAddress: r.URL, OCSPNonce: true}, root)
	other := bytes.Repeat([]byte{7}, 32)
	for _, c := range []struct {
		what             string
		nonce            func([]byte) [][]byte
		byEither, strict domain.Code
	}{
		{"its own", func(asked []byte) [][]byte { return [][]byte{value(t, asked)} }, "", ""},
		{"none, without extensions", nil, "", domain.CodeRevocationUnknown},
		{"none", func([]byte) [][]byte { return nil }, "", domain.CodeRevocationUnknown},
		{"another", func([]byte) [][]byte { return [][]byte{value(t, other)} }, domain.CodeRevocationUnknown, domain.CodeRevocationUnknown},
		{"an empty one", func([]byte) [][]byte { return [][]byte{value(t, nil)} }, domain.CodeRevocationUnknown, domain.CodeRevocationUnknown},
		{"a part of it", func(asked []byte) [][]byte { return [][]byte{value(t, asked[:16])} }, domain.CodeRevocationUnknown, domain.CodeRevocationUnknown},
		{"its own in another form", func(asked []byte) [][]byte { return [][]byte{asked} }, domain.CodeRevocationUnknown, domain.CodeRevocationUnknown},
		{"its own, and more behind", func(asked []byte) [][]byte { return [][]byte{append(value(t, asked), 5, 0)} }, domain.CodeRevocationUnknown, domain.CodeRevocationUnknown},
		{"its own and another", func(asked []byte) [][]byte { return [][]byte{value(t, asked), value(t, other)} }, domain.CodeRevocationUnknown, domain.CodeRevocationUnknown},
		{"its own twice", func(asked []byte) [][]byte { return [][]byte{value(t, asked), value(t, asked)} }, domain.CodeRevocationUnknown, domain.CodeRevocationUnknown},
	} {
		t.Run("C18 "+c.what, func(t *testing.T) {
			r.nonce = c.nonce
			verify(t, c.what, either, signed(t, certify(t, root, ecdsaKey(t), nil)), now, c.byEither)
			verify(t, c.what+", where it is demanded", strict, signed(t, certify(t, root, ecdsaKey(t), nil)), now, c.strict)
		})
	}
}
