package eds_test

import (
	"bytes"
	"crypto/x509"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"tizilim/domain"
	"tizilim/eventstore/command/adapters/eds"
)

// kept is the evidence of a signature with everything that proves it, and the archive
// that goes with it.
func kept(t testing.TB) (domain.Evidence, eds.Archive, *hierarchy) {
	t.Helper()
	h := newHierarchy(t)
	r := startResponder(t, h.between)
	s, _, _ := stamped(t)
	c := h.config()
	c.OCSP, c.OCSPAddress = true, r.URL
	c.Timestamps, c.Stampers = s.URL, []*x509.Certificate{s.above.Certificate}
	v, err := eds.New(c)
	must(t, err)
	e := verify(t, "a signature with all that proves it", v, signed(t, h.good), now, "")
	list, err := os.ReadFile(h.ofRoot)
	must(t, err)
	return e, eds.Archive{Trusted: c.Trusted, Stampers: c.Stampers, Lists: [][]byte{list}, Person: person}, h
}

// check returns the findings of each verdict.
func check(t *testing.T, a eds.Archive, e domain.Evidence, received time.Time) (holds, fails, open []string) {
	t.Helper()
	auditor, err := eds.NewAuditor(a)
	must(t, err)
	for _, f := range auditor.Check(t.Context(), e, received) {
		switch f.Verdict {
		case eds.Holds:
			holds = append(holds, f.What)
		case eds.Fails:
			fails = append(fails, f.What+": "+f.Why)
		case eds.Open:
			open = append(open, f.What+": "+f.Why)
		}
	}
	return holds, fails, open
}

// Nothing of this asks the clock, so it holds as well in thirty years, when every
// certificate has expired.
func TestC16_EvidenceIsCheckedFromTheEventAlone(t *testing.T) {
	e, archive, _ := kept(t)
	holds, fails, open := check(t, archive, e, now)
	if len(fails)+len(open) > 0 || len(holds) != 8 {
		t.Errorf("holds %q, fails %q, open %q", holds, fails, open)
	}
}

func TestC16_EvidenceThatWasChangedDoesNotHold(t *testing.T) {
	whole, archive, h := kept(t)
	another := certify(t, h.between, ecdsaKey(t), nil)
	later := now.Add(2 * time.Hour) // when the certificate has expired
	for _, c := range []struct {
		what, says string
		change     func(*domain.Evidence)
	}{
		{"the text", "the text or its digest was changed", func(e *domain.Evidence) { e.Text += " " }},
		{"the text and its digest", "signature_does_not_match", func(e *domain.Evidence) {
			e.Text += " "
			e.SHA256 = domain.Personal(domain.TextDigest([]byte(e.Text)))
		}},
		{"the signature", "signature_does_not_match", func(e *domain.Evidence) { e.CMS = changed(e.CMS) }},
		{"the signature, half of it", "signature_malformed", func(e *domain.Evidence) { e.CMS = e.CMS[:len(e.CMS)/2] }},
		{"another's signature of the same text", "its serial number is another", func(e *domain.Evidence) { e.CMS = signed(t, another) }},
		{"the number of the certificate", "its serial number is another", func(e *domain.Evidence) { e.Certificate = "2a" }},
		{"the signer", "it names another person", func(e *domain.Evidence) { e.Signer = person(other) }},
		{"the time of the timestamp", "another time than the token", func(e *domain.Evidence) { e.TimestampedAt = e.TimestampedAt.Add(time.Second) }},
		{"the token", "a timestamp authority saw", func(e *domain.Evidence) { e.Timestamp = changed(e.Timestamp) }},
		{"the token of another signature", "of another signature", func(e *domain.Evidence) { e.CMS = signed(t, h.good) }},
		{"the answer of OCSP", "the answer of OCSP", func(e *domain.Evidence) { e.Revocation[0].OCSP = changed(e.Revocation[0].OCSP) }},
	} {
		t.Run("C16 "+c.what, func(t *testing.T) {
			e := whole
			e.Revocation = slices.Clone(whole.Revocation)
			c.change(&e)
			if _, fails, _ := check(t, archive, e, now); len(fails) == 0 || !strings.Contains(strings.Join(fails, "; "), c.says) {
				t.Errorf("it fails by %q, want %q", fails, c.says)
			}
		})
	}
	if _, fails, _ := check(t, archive, whole, later); !strings.Contains(strings.Join(fails, "; "), "of another time than the receipt") {
		t.Errorf("a receipt two hours after the timestamp: %q", fails)
	}
	without := whole
	without.Timestamp = nil
	if _, fails, _ := check(t, archive, without, later); !strings.Contains(strings.Join(fails, "; "), "certificate_not_valid_now") {
		t.Errorf("without a timestamp, received when the certificate had expired: %q", fails)
	}
}

func TestC16_WhatIsNotAtHandIsOpen(t *testing.T) {
	whole, archive, h := kept(t)
	for _, c := range []struct {
		what, says string
		change     func(*domain.Evidence, *eds.Archive)
	}{
		{"the list that the event names", "number", func(_ *domain.Evidence, a *eds.Archive) { a.Lists = nil }},
		{"the key of ids", "the key of the ids", func(_ *domain.Evidence, a *eds.Archive) { a.Person = nil }},
		{"a proof", "keeps no proof", func(e *domain.Evidence, _ *eds.Archive) { e.Revocation = nil }},
		{"a proof with something in it", "keeps no proof", func(e *domain.Evidence, _ *eds.Archive) {
			e.Revocation = []domain.RevocationProof{{Certificate: e.Certificate}, e.Revocation[1]}
		}},
		{"a signature, with a one-time password", "one-time password", func(e *domain.Evidence, _ *eds.Archive) { e.CMS = nil }},
	} {
		e, a := whole, archive
		c.change(&e, &a)
		if _, fails, open := check(t, a, e, now); len(fails) > 0 || len(open) == 0 || !strings.Contains(strings.Join(open, "; "), c.says) {
			t.Errorf("C16 without %s: fails %q, open %q", c.what, fails, open)
		}
	}
	a := archive
	a.Lists = append(slices.Clone(a.Lists), listOf(t, h.between, func(l *x509.RevocationList) {
		l.ThisUpdate, l.NextUpdate = now.AddDate(1, 0, 0), now.AddDate(1, 0, 7)
	}, entry(h.good, now.Add(-time.Minute))))
	if _, fails, _ := check(t, a, whole, now); len(fails) != 1 || !strings.Contains(fails[0], "says that it was") {
		t.Errorf("C16 a later list that revokes it from before on: %q", fails)
	}
	a.Lists[1] = listOf(t, h.between, nil, entry(h.good, now.Add(time.Hour)))
	if _, fails, _ := check(t, a, whole, now); len(fails) > 0 {
		t.Errorf("C16 a later list that revokes it from later on: %q", fails)
	}
	a.Lists[1] = listOf(t, &issuer{h.between.Certificate, h.good.key}, nil)
	if _, err := eds.NewAuditor(a); err == nil {
		t.Error("C16 a list that nobody signed was taken")
	}
}

func TestC16_TheListThatTheEventNamesIsLookedUp(t *testing.T) {
	h := newHierarchy(t)
	e := verify(t, "C18 by lists alone", h.verifier(t), signed(t, h.good), now, "")
	var archive eds.Archive
	archive.Trusted, archive.Person = h.config().Trusted, person
	for _, path := range []string{h.ofRoot, h.ofBetween} {
		text, err := os.ReadFile(path)
		must(t, err)
		archive.Lists = append(archive.Lists, text)
	}
	if _, fails, open := check(t, archive, e, now); len(fails)+len(open) > 0 {
		t.Errorf("fails %q, open %q", fails, open)
	}
	e.Revocation[0].List, e.Revocation[1].List = e.Revocation[1].List, e.Revocation[0].List
	if _, fails, _ := check(t, archive, e, now); len(fails) != 2 {
		t.Errorf("lists of other authorities prove it: %q", fails)
	}
}

func TestC16_AnEventKeepsTheAnswerOfNCANode(t *testing.T) {
	_, good, v := withNode(t, nil)
	e := verify(t, "C18 by GOST", v, byGOST(t, good), now, "")
	root := certify(t, nil, ecdsaKey(t), authority("root"))
	archive := eds.Archive{Trusted: []*x509.Certificate{root.Certificate}, Person: person}
	if _, fails, open := check(t, archive, e, now); len(fails) > 0 || len(open) != 1 || !strings.Contains(open[0], "NCANode") {
		t.Errorf("fails %q, open %q", fails, open)
	}
	e.Answer = bytes.Replace(e.Answer, []byte(`"valid":true`), []byte(`"valid":false`), 1)
	if _, fails, _ := check(t, archive, e, now); len(fails) != 1 {
		t.Errorf("an answer that does not confirm it: %q", fails)
	}
	e.Verifier = ""
	if _, fails, _ := check(t, archive, e, now); len(fails) != 1 {
		t.Errorf("no answer: %q", fails)
	}
}

func TestC16_AnAnswerThatRevokesIsNoProof(t *testing.T) {
	h := newHierarchy(t)
	e := verify(t, "C18 by lists alone", h.verifier(t), signed(t, h.good), now, "")
	der, err := ocsp.CreateResponse(h.between.Certificate, h.between.Certificate, ocsp.Response{
		Status: ocsp.Revoked, SerialNumber: h.good.SerialNumber, RevokedAt: now.Add(-time.Minute),
		ThisUpdate: now.Add(-time.Minute), NextUpdate: now.Add(time.Hour),
	}, h.between.key)
	must(t, err)
	e.Revocation[0].OCSP = der
	archive := eds.Archive{Trusted: h.config().Trusted, Person: person}
	if _, fails, _ := check(t, archive, e, now); len(fails) != 1 || !strings.Contains(fails[0], "OCSP says that it was") {
		t.Errorf("fails %q", fails)
	}
}

// FuzzAudit checks evidence that somebody has rewritten: nothing in it makes the
// auditor panic or work for long, and no signature is its own timestamp.
func FuzzAudit(f *testing.F) {
	e, archive, _ := kept(f)
	auditor, err := eds.NewAuditor(archive)
	must(f, err)
	f.Add([]byte(e.CMS), []byte(e.Timestamp), []byte(e.Revocation[0].OCSP))
	f.Add([]byte(e.CMS), []byte(e.CMS), []byte(e.CMS))
	f.Add([]byte(e.Timestamp), []byte(e.Timestamp), []byte{0x30, 0x03, 0x0a, 0x01, 0x03})
	f.Fuzz(func(t *testing.T, cms, token, answer []byte) {
		e := e
		e.CMS, e.Timestamp = cms, token
		e.Revocation = []domain.RevocationProof{{Certificate: e.Certificate, OCSP: answer}}
		before := time.Now()
		for _, finding := range auditor.Check(t.Context(), e, now) {
			if finding.Verdict == eds.Holds && strings.HasPrefix(finding.What, "a timestamp authority") && bytes.Equal(cms, token) {
				t.Fatal("the signature was taken for its own timestamp")
			}
		}
		if took := time.Since(before); took > 2*time.Second {
			t.Fatalf("took %s", took)
		}
	})
}
