package eds_test

import (
	"bytes"
	"encoding/asn1"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"

	"tizilim/domain"
	"tizilim/eventstore/command/adapters/eds"
)

type object = map[string]any

// nodeOfGOST speaks POST /cms/verify of NCANode v3.
type nodeOfGOST struct {
	*httptest.Server
	change func(answer, signer, certificate object) // of each answer; nil: none
	write  func(http.ResponseWriter)                // instead of an answer; nil: none
	asked  atomic.Int64
	got    struct {
		CMS             []byte   `json:"cms"`
		Data            []byte   `json:"data"`
		RevocationCheck []string `json:"revocationCheck"`
	}
}

// javaTime is how NCANode writes an instant.
func javaTime(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000+00:00") }

// startNode starts a service that confirms every signature with the certificate of by.
// Its answers have the members that the documentation shows.
func startNode(t testing.TB, by *issuer) *nodeOfGOST {
	t.Helper()
	n := &nodeOfGOST{}
	n.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		n.asked.Add(1)
		if request.Method != http.MethodPost || request.URL.Path != "/cms/verify" ||
			json.NewDecoder(request.Body).Decode(&n.got) != nil {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		if n.write != nil {
			n.write(w)
			return
		}
		revocations := []object{}
		for _, by := range n.got.RevocationCheck { // it asks nobody else
			revocations = append(revocations, object{"revoked": false, "by": by, "revocationTime": nil, "reason": nil})
		}
		certificate := object{
			"valid": true, "revocations": revocations,
			"notBefore": javaTime(by.NotBefore), "notAfter": javaTime(by.NotAfter), "keyUsage": "SIGN",
			"serialNumber": by.SerialNumber.Text(16), "signAlg": "ECGOST3410-2015-512", "keyUser": []string{"INDIVIDUAL"},
			"publicKey": "AQEGCiqDDgMKAQMBAQADQwAEQNCA6hr4brWULD+tUvKCEqttjkgn", "signature": "wRgLVl6m2wBifamg",
			"subject": object{
				"commonName": "ТЕСТОВ ТЕСТ", "surName": "ТЕСТОВ", "iin": string(iin), "country": "KZ",
				"dn": "CN=ТЕСТОВ ТЕСТ,SERIALNUMBER=IIN" + string(iin) + ",C=KZ",
			},
			"issuer": object{"commonName": "ҰЛТТЫҚ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ (GOST)", "country": "KZ"},
		}
		signer := object{"certificates": []object{certificate}, "tsp": nil}
		answer := object{"status": 200, "message": "OK", "valid": true, "signers": []object{signer}}
		if n.change != nil {
			n.change(answer, signer, certificate)
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(n.Close)
	return n
}

// byGOST makes a signature that says that it is by GOST 34.10-2015.
func byGOST(t testing.TB, by *issuer) []byte {
	t.Helper()
	return replaced(signed(t, by), pkcs7.OIDDigestAlgorithmSHA256, asn1.ObjectIdentifier{1, 2, 398, 3, 10, 1, 3, 2})
}

func withNode(t testing.TB, change func(*eds.Config)) (*nodeOfGOST, *issuer, *eds.Verifier) {
	t.Helper()
	root := certify(t, nil, ecdsaKey(t), authority("root"))
	// NCANode trusts authorities of its own; this registry does not know the one of GOST.
	good := certify(t, certify(t, nil, ecdsaKey(t), authority("gost")), ecdsaKey(t), nil)
	n := startNode(t, good)
	c := eds.Config{NCANode: n.URL, Unrevoked: true}
	if change != nil {
		change(&c)
	}
	return n, good, opened(t, c, root)
}

func TestC18_NCANodeChecksASignatureByGOST(t *testing.T) {
	_, stranger, without := withNode(t, func(c *eds.Config) { c.NCANode = "" })
	verify(t, "C18 without NCANode", without, byGOST(t, stranger), now, domain.CodeSignatureAlgorithm)
	n, good, v := withNode(t, nil)
	cms := byGOST(t, good)
	e := verify(t, "C18 with NCANode", v, cms, now, "")
	if !bytes.Equal(n.got.CMS, cms) || !bytes.Equal(n.got.Data, text) ||
		!slices.Equal(n.got.RevocationCheck, []string{"OCSP", "CRL"}) {
		t.Errorf("NCANode was asked something else: %+v", n.got)
	}
	if e.Signer != person(iin) || e.Verifier != eds.NCANodeName || !json.Valid(e.Answer) || !bytes.Equal(e.CMS, cms) ||
		string(e.Text) != string(text) || string(e.Certificate) != good.SerialNumber.Text(16) {
		t.Errorf("the evidence does not keep the answer: %s", e.Verifier)
	}
	// Other signatures are checked here.
	verify(t, "C18 ECDSA of an authority that only NCANode knows", v, signed(t, good), now, domain.CodeCertificateUntrusted)
	if n.asked.Load() != 1 {
		t.Errorf("asked %d times", n.asked.Load())
	}
}

func TestC18_WhatIsSeenWithoutGOSTIsNotAsked(t *testing.T) {
	n, good, v := withNode(t, nil)
	above := certify(t, nil, ecdsaKey(t), authority("gost"))
	other := replaced(sign(t, good, []byte("{}"), pkcs7.OIDDigestAlgorithmSHA256, true),
		pkcs7.OIDDigestAlgorithmSHA256, asn1.ObjectIdentifier{1, 2, 398, 3, 10, 1, 3, 2})
	verify(t, "C16 another text inside", v, other, now, domain.CodeSignatureMismatch)
	verify(t, "C18 expired", v, byGOST(t, good), now.Add(2*time.Hour), domain.CodeCertificateNotValid)
	verify(t, "C18 a certificate of an authority", v, byGOST(t, above), now, domain.CodeCertificatePurpose)
	if n.asked.Load() != 0 {
		t.Error("NCANode was asked")
	}
}

func TestC18_OnlyAPlainYesOfNCANodeIsAYes(t *testing.T) {
	n, good, v := withNode(t, nil)
	revocations := func(list ...object) func(answer, signer, certificate object) {
		return func(_, _, certificate object) { certificate["revocations"] = list }
	}
	clear := func(by string) object { return object{"revoked": false, "by": by} }
	for what, c := range map[string]struct {
		change func(answer, signer, certificate object)
		want   domain.Code
	}{
		"the name that the documentation gives to the certificates": {func(_, signer, certificate object) {
			delete(signer, "certificates")
			signer["signers"] = []object{certificate}
		}, ""},
		"a signature that is wrong": {func(answer, _, _ object) { answer["valid"] = false }, domain.CodeSignatureMismatch},
		"a certificate that is revoked": {func(answer, _, certificate object) {
			answer["valid"], certificate["valid"] = false, false
			certificate["revocations"] = []object{{"revoked": true, "by": "OCSP"}, clear("CRL")}
		}, domain.CodeCertificateRevoked},
		"a certificate that is revoked and all the same valid": {
			revocations(object{"revoked": true, "by": "CRL"}, clear("OCSP")), domain.CodeCertificateRevoked,
		},
		"a certificate that is not confirmed": {func(answer, _, certificate object) {
			answer["valid"], certificate["valid"] = false, false
		}, domain.CodeRevocationUnknown},
		"a certificate that is not confirmed, and valid": {func(_, _, certificate object) { certificate["valid"] = false }, domain.CodeRevocationUnknown},
		"a certificate for authentication":               {func(_, _, certificate object) { certificate["keyUsage"] = "AUTH" }, domain.CodeCertificatePurpose},

		"valid, without a word on revocation": {revocations(), domain.CodeVerifierAway},
		"valid, without a word of OCSP":       {revocations(clear("CRL")), domain.CodeVerifierAway},
		"valid, without a word of lists":      {revocations(clear("OCSP")), domain.CodeVerifierAway},
		"valid, without a signer":             {func(answer, _, _ object) { answer["signers"] = []object{} }, domain.CodeVerifierAway},
		"valid, with two signers":             {func(answer, signer, _ object) { answer["signers"] = []object{signer, signer} }, domain.CodeVerifierAway},
		"valid, without a certificate":        {func(_, signer, _ object) { signer["certificates"] = []object{} }, domain.CodeVerifierAway},
		"valid, with two certificates":        {func(_, signer, c object) { signer["certificates"] = []object{c, c} }, domain.CodeVerifierAway},
		"valid, with another serial number":   {func(_, _, c object) { c["serialNumber"] = "dead" }, domain.CodeVerifierAway},
		"valid, with another IIN":             {func(_, _, c object) { c["subject"].(object)["iin"] = string(other) }, domain.CodeVerifierAway},
		"valid, with another term":            {func(_, _, c object) { c["notAfter"] = javaTime(good.NotAfter.Add(time.Hour)) }, domain.CodeVerifierAway},
		"without a word on validity":          {func(answer, _, _ object) { delete(answer, "valid") }, domain.CodeVerifierAway},
		"without a word on the certificate":   {func(_, _, c object) { delete(c, "valid") }, domain.CodeVerifierAway},
		"validity that is a text":             {func(answer, _, _ object) { answer["valid"] = "true" }, domain.CodeVerifierAway},
		"nothing but that it is valid":        {func(answer, _, _ object) { maps.DeleteFunc(answer, func(k string, _ any) bool { return k != "valid" }) }, domain.CodeVerifierAway},
	} {
		n.change = c.change
		verify(t, "C18 "+what, v, byGOST(t, good), now, c.want)
	}
}

func TestC18_NCANodeThatDoesNotAnswerIsNamed(t *testing.T) {
	t.Parallel()
	n, good, v := withNode(t, nil)
	hangs := make(chan struct{})
	t.Cleanup(func() { close(hangs) })
	status := func(code int) func(http.ResponseWriter) { return func(w http.ResponseWriter) { w.WriteHeader(code) } }
	for what, c := range map[string]struct {
		write func(http.ResponseWriter)
		want  domain.Code
	}{
		"it cannot read the CMS": {status(http.StatusBadRequest), domain.CodeSignatureMalformed},
		"an error of the server": {status(http.StatusInternalServerError), domain.CodeVerifierAway},
		"no JSON":                {func(w http.ResponseWriter) { _, _ = w.Write([]byte("<html>")) }, domain.CodeVerifierAway},
		"more than an answer":    {func(w http.ResponseWriter) { _, _ = w.Write(bytes.Repeat([]byte(" "), 70<<10)) }, domain.CodeVerifierAway},
		"nothing at all":         {func(http.ResponseWriter) { <-hangs }, domain.CodeVerifierAway},
	} {
		n.write = c.write
		before := time.Now()
		verify(t, "C18 "+what, v, byGOST(t, good), now, c.want)
		if took := time.Since(before); took > 8*time.Second {
			t.Errorf("%s: took %s", what, took)
		}
	}
}
