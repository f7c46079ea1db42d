package eds_test

import (
	"bytes"
	"crypto/x509"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/eventstore/command/adapters/eds"
)

// keptByGOST is the evidence of a signature by GOST 34.10, the service that confirmed it, and
// an archive that names it.
func keptByGOST(t testing.TB) (domain.Evidence, *nodeOfGOST, eds.Archive) {
	t.Helper()
	n, good, v := withNode(t, nil)
	e := verify(t, "C18 by GOST", v, byGOST(t, good), now, "")
	root := certify(t, nil, ecdsaKey(t), authority("root"))
	return e, n, eds.Archive{Trusted: []*x509.Certificate{root.Certificate}, Person: person, NCANode: n.URL}
}

func TestC18_NCANodeIsAskedAgainAboutExactlyWhatTheEventKeeps(t *testing.T) {
	e, n, archive := keptByGOST(t)
	var questions [][]string
	before := n.asked.Load()
	n.change = func(_, _, _ object) {
		questions = append(questions, slices.Clone(n.got.RevocationCheck))
		if !bytes.Equal(n.got.CMS, e.CMS) || string(n.got.Data) != string(e.Text) {
			t.Errorf("it is asked about %x and %q", n.got.CMS, n.got.Data)
		}
	}
	holds, fails, open := check(t, archive, e, now)
	if len(fails)+len(open) > 0 || len(holds) != 6 {
		t.Errorf("holds %q, fails %q, open %q", holds, fails, open)
	}
	// An authority that was asked about an expired certificate would hide the signature.
	if asked := n.asked.Load() - before; asked != 2 || len(questions[0]) != 0 || questions[0] == nil ||
		!slices.Equal(questions[1], []string{"OCSP", "CRL"}) {
		t.Errorf("asked %d times: %q", asked, questions)
	}
	archive.NCANode = ""
	if holds, fails, open := check(t, archive, e, now); len(fails) > 0 || len(open) != 1 || len(holds) != 4 {
		t.Errorf("without NCANode: holds %q, fails %q, open %q", holds, fails, open)
	}
}

func TestC18_WhatNCANodeSaysAgainDecides(t *testing.T) {
	e, n, archive := keptByGOST(t)
	all := func(change func(answer, certificate object)) func(answer, signer, certificate object) {
		return func(answer, _, certificate object) { change(answer, certificate) }
	}
	// Only a question that names who is to be asked gets such an answer.
	revoked := func(list ...object) func(answer, signer, certificate object) {
		return func(answer, _, certificate object) {
			if len(n.got.RevocationCheck) > 0 {
				answer["valid"], certificate["valid"], certificate["revocations"] = false, false, list
			}
		}
	}
	status := func(code int) func(http.ResponseWriter) { return func(w http.ResponseWriter) { w.WriteHeader(code) } }
	for _, c := range []struct {
		what          string
		change        func(answer, signer, certificate object)
		write         func(http.ResponseWriter)
		failed, opens string // a part of the one finding that fails, and of each that is open
	}{
		{what: "C18 a signature that does not hold", failed: "signature_does_not_match", change: all(func(answer, _ object) {
			answer["valid"] = false
		})},
		{what: "C18 a certificate that has expired since", opens: "takes the certificate for expired", change: all(func(answer, c object) {
			answer["valid"], c["valid"] = false, false
		})},
		{what: "C18 revoked before it was signed", failed: "OCSP says that it was", change: revoked(
			object{"revoked": true, "by": "OCSP", "revocationTime": javaTime(now.Add(-time.Hour))}, object{"revoked": true, "by": "CRL"},
		)},
		{what: "C18 revoked, nobody says when", failed: "CRL says that it was", change: revoked(
			object{"revoked": true, "by": "CRL", "revocationTime": nil}, object{"revoked": false, "by": "OCSP"},
		)},
		{what: "C18 revoked long after it was signed", change: revoked(
			object{"revoked": true, "by": "OCSP", "revocationTime": javaTime(now.Add(time.Hour))}, object{"revoked": false, "by": "CRL"},
		)},
		{what: "C18 one authority alone is heard", opens: "does not say what CRL says", change: revoked(
			object{"revoked": false, "by": "OCSP"},
		)},
		{what: "C18 about another certificate", opens: "about another certificate", change: all(func(_, c object) {
			c["serialNumber"] = "dead"
		})},
		{what: "C18 about nobody", opens: "exactly one signer", change: all(func(answer, _ object) { answer["signers"] = []object{} })},
		{what: "C18 an error of the server", opens: "status 500", write: status(http.StatusInternalServerError)},
		{what: "C18 no JSON", opens: "cannot be read", write: func(w http.ResponseWriter) { _, _ = w.Write([]byte("<html>")) }},
	} {
		n.change, n.write = c.change, c.write
		_, fails, open := check(t, archive, e, now)
		switch {
		case (c.failed != "") != (len(fails) == 1) || len(fails) > 1 || c.failed != "" && !strings.Contains(fails[0], c.failed),
			(c.opens != "") != (len(open) > 0):
			t.Errorf("%s: fails %q, open %q", c.what, fails, open)
		}
		for _, why := range open {
			if !strings.Contains(why, c.opens) {
				t.Errorf("%s: open %q", c.what, why)
			}
		}
	}
	n.change, n.write = nil, status(http.StatusBadRequest)
	if _, fails, _ := check(t, archive, e, now); len(fails) != 2 || !strings.Contains(fails[0], "signature_malformed") {
		t.Errorf("C18 what NCANode cannot read: %q", fails)
	}
}

// NCANode is asked about evidence that it had confirmed, and about no other.
func TestC18_WhatNCANodeNeverConfirmedItIsNotAskedAbout(t *testing.T) {
	whole, n, archive := keptByGOST(t)
	before := n.asked.Load()
	for what, change := range map[string]func(*domain.Evidence){
		"no verifier": func(e *domain.Evidence) { e.Verifier = "" },
		"an answer that does not confirm it": func(e *domain.Evidence) {
			e.Answer = bytes.Replace(e.Answer, []byte(`"valid":true`), []byte(`"valid":false`), 1)
		},
	} {
		e := whole
		change(&e)
		_, fails, _ := check(t, archive, e, now)
		if len(fails) == 0 {
			t.Errorf("C18 %s: it does not fail", what)
		}
	}
	if asked := n.asked.Load() - before; asked > 1 { // about the revocation, of the second
		t.Errorf("asked %d times", asked)
	}
	if _, fails, _ := check(t, archive, whole, now.Add(2*time.Hour)); len(fails) == 0 {
		t.Error("C18 received when the certificate had expired: it holds")
	}
}
