package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/json"

	"tizilim/domain/certificates"
	"tizilim/domain/proof"
	pages "tizilim/httpapi/documents"
)

// Pages signs printed documents and bundles with the key of the log.
type Pages interface {
	SignPage(p proof.Page) (string, error)
	SignBundle(events proof.Digest) (string, error)
}

// printed returns the document as a file: its page, and attached the proof of the event
// that issued it, once a signed head covers the event. The file stays the same from then
// on.
func (s *Server) printed(ctx context.Context, body certificateBody, page pages.Document) (drawnPage, error) {
	alone := func(drawn []byte) ([]byte, error) { return drawn, nil }
	if s.proofs == nil {
		return s.drawn.of(page, alone)
	}
	page.Proven = &certificates.Proven{}
	if body.Proof == nil {
		return s.drawn.of(page, alone)
	}
	first, err := s.proofs.First(ctx, body.Proof.Event)
	if err != nil {
		return drawnPage{}, err
	}
	public := s.proofs.Public()
	head, err := public.Open(first.Head)
	if err != nil {
		return drawnPage{}, err
	}
	page.Proven = &certificates.Proven{
		Log: public.Name(), Number: first.Index + 1, Size: head.Size, Root: head.Root.String(), SignedAt: head.At,
	}
	return s.drawn.of(page, func(drawn []byte) ([]byte, error) { return s.attached(drawn, first) })
}

// attached is the page with its proof.
func (s *Server) attached(drawn []byte, first proof.Inclusion) ([]byte, error) {
	statement, err := s.pages.SignPage(proof.Page{Event: first.Event, Leaf: first.Leaf, Digest: sha256.Sum256(drawn)})
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(proof.Printed{Statement: statement, Proof: first})
	if err != nil {
		return nil, err
	}
	return pages.Attach(drawn, text)
}
