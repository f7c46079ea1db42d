package eds

import (
	"context"
	"crypto/x509"
	"log/slog"
	"strings"
	"time"

	"golang.org/x/crypto/ocsp"

	"tizilim/domain"
)

// revocation says whether certificates were revoked, by lists, by OCSP, or by both.
type revocation struct {
	lists      *lists      // nil: none
	responders *responders // nil: not asked
	logger     *slog.Logger
}

// check refuses a chain with a certificate that is revoked at the instant, or of
// which nothing current is known. It returns one proof for each certificate but the
// root's.
func (r *revocation) check(
	ctx context.Context, chain []*x509.Certificate, at time.Time,
) ([]domain.RevocationProof, error) {
	var proofs []domain.RevocationProof
	for i, c := range chain[:len(chain)-1] {
		proof, err := r.of(ctx, c, chain[i+1], at)
		if err != nil {
			return nil, err
		}
		proofs = append(proofs, proof)
	}
	return proofs, nil
}

// of looks one certificate up. Either source can say that it is revoked; either
// suffices to show that it is not.
func (r *revocation) of(
	ctx context.Context, c, issuer *x509.Certificate, at time.Time,
) (domain.RevocationProof, error) {
	proof := domain.RevocationProof{Certificate: domain.Personal(c.SerialNumber.Text(16))}
	list := r.lists.of(c, issuer, at)
	if list != nil {
		if list.revokes(c, at) {
			return proof, revoked()
		}
		proof.List = list.reference
	}
	var missing []string
	if r.responders != nil {
		said, err := r.responders.ask(ctx, c, issuer, at)
		switch {
		case err == nil && said.Status == ocsp.Revoked && !said.RevokedAt.After(at):
			return proof, revoked()
		case err == nil:
			proof.OCSP = said.Raw
			return proof, nil
		}
		r.logger.Warn("OCSP did not say whether a certificate was revoked",
			"authority", issuer.Subject.CommonName, "error", err)
		missing = append(missing, "its responder of OCSP does not answer as it must")
	}
	if list != nil {
		return proof, nil
	}
	if r.lists != nil {
		missing = append(missing, "there is no current revocation list of its authority")
	}
	return proof, unknownRevocation(strings.Join(missing, ", and "))
}
