package httpapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"tizilim/domain/proof"
	pages "tizilim/httpapi/documents"
)

var asPDF = header{"Accept", "application/pdf"}

// proofIn checks the proof in a document as PDF with the public key alone.
func (s *subtest) proofIn(a *answer) (printed proof.Printed, head proof.Head) {
	s.t.Helper()
	page, text, err := pages.Detach([]byte(a.text))
	must(s.t, err)
	must(s.t, json.Unmarshal(text, &printed))
	head, err = printed.Check(s.tree.Public(), page)
	must(s.t, err)
	return printed, head
}

func TestEveryPrintedDocumentCarriesItsProof(t *testing.T) {
	p := issuePapers(t)
	p.proven()
	for kind := range p.ids {
		for _, language := range []string{"kk", "ru", "en"} {
			path := p.path(kind) + "?language=" + language
			printed, _ := p.proofIn(p.shown(path, asPDF).is(http.StatusOK))
			var shown struct{ Proof proof.Inclusion }
			must(t, json.Unmarshal([]byte(p.shown(path).is(http.StatusOK).text), &shown))
			if printed.Proof.Event != shown.Proof.Event || printed.Proof.Leaf != shown.Proof.Leaf {
				t.Errorf("%s: the file proves %s, the document %s", path, printed.Proof.Event, shown.Proof.Event)
			}
		}
	}
}

// Later heads change nothing of it: what somebody has kept is what the registry gives.
func TestAPrintedDocumentStaysTheSameOnceItIsProven(t *testing.T) {
	s := start(t).at(t)
	holder := s.citizen()
	decided := s.placed(s.applied(holder, s.list()))
	path := "/v1/certificates/" + s.issued(decided, "placement_certificate")
	fresh := s.get(path, s.as(holder), asPDF, header{"Tizilim-Position", decided.header.Get("Tizilim-Position")}).is(http.StatusOK)
	if _, _, err := pages.Detach([]byte(fresh.text)); err != pages.ErrNoAttachment {
		t.Fatalf("before a head: %v", err)
	}
	s.proven()
	first := s.get(path, s.as(holder), asPDF).is(http.StatusOK)
	if first.header.Get("ETag") == fresh.header.Get("ETag") {
		t.Error("with its proof the file has the tag of the one without")
	}
	_, head := s.proofIn(first)
	s.citizen()
	s.proven()
	later := s.get(path, s.as(holder), asPDF).is(http.StatusOK)
	if later.text != first.text || later.header.Get("ETag") != first.header.Get("ETag") {
		t.Error("a later head made it other bytes")
	}
	if newest, _ := s.tree.Head(); newest.Size <= head.Size {
		t.Errorf("the log has %d events in its newest head, and had %d", newest.Size, head.Size)
	}
	s.get(path, s.as(holder), asPDF, header{"If-None-Match", first.header.Get("ETag")}).is(http.StatusNotModified)
}

func TestThePageOfOneDocumentDoesNotPassWithTheProofOfAnother(t *testing.T) {
	p := issuePapers(t)
	p.proven()
	one := p.shown(p.path("placement_certificate"), asPDF).is(http.StatusOK)
	other := p.shown(p.path("refusal_certificate"), asPDF).is(http.StatusOK)
	page, _, err := pages.Detach([]byte(one.text))
	must(t, err)
	_, text, err := pages.Detach([]byte(other.text))
	must(t, err)
	joined, err := pages.Attach(page, text)
	must(t, err)
	_, text, err = pages.Detach(joined)
	must(t, err)
	var printed proof.Printed
	must(t, json.Unmarshal(text, &printed))
	if _, err := printed.Check(p.tree.Public(), page); err == nil || !strings.Contains(err.Error(), "was changed") {
		t.Errorf("%v", err)
	}
}
