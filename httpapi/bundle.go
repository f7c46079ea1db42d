package httpapi

import (
	"context"
	"iter"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"tizilim/domain"
	"tizilim/domain/proof"
	"tizilim/httpapi/body"
	"tizilim/httpapi/operation"
)

// bundle writes a whole history with the proofs of its events. It calls show before
// each part. A bundle that was cut by an error has no end, and nobody can read it.
func (s *Server) bundle(out huma.Context, parts iter.Seq2[[]domain.Recorded, error],
	show func(context.Context, []domain.Recorded) error) {
	ctx := out.Context()
	var b *proof.Bundle
	for recs, err := range parts {
		if err == nil {
			err = show(ctx, recs)
		}
		if err == nil && b == nil {
			out.SetHeader("Content-Type", proof.BundleType)
			out.SetHeader("Content-Disposition", `attachment; filename="history.zip"`)
			b, err = proof.NewBundle(out.BodyWriter(), s.pages.SignBundle)
		}
		if err != nil && b == nil {
			s.api.Refuse(out, err)
			return
		}
		if err == nil {
			err = s.addEvidence(ctx, b, recs)
		}
		if err != nil {
			s.log.Warn("a bundle was cut", "error", err)
			panic(http.ErrAbortHandler)
		}
	}
	if b == nil {
		return // there is one part at least
	}
	if err := b.Close(); err != nil {
		s.log.Debug("the client went away", "error", err)
	}
}

// addEvidence writes the events as they are stored, with their proofs and their text.
func (s *Server) addEvidence(ctx context.Context, b *proof.Bundle, recs []domain.Recorded) error {
	for _, rec := range recs {
		e, err := s.proofs.Evidence(ctx, domain.EventRef{Stream: rec.Stream, Revision: rec.Revision})
		if err != nil {
			return err
		}
		if e.Shown, err = body.Marshal(operation.LineOf(rec)); err != nil {
			return err
		}
		if err := b.Add(e); err != nil {
			return err
		}
	}
	return nil
}
