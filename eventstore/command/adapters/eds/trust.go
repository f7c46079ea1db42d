package eds

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tizilim/domain"
)

// trust is the authorities that are trusted.
type trust struct {
	roots *x509.CertPool
	given []*x509.Certificate // all of them, roots and those below
}

// newTrust trusts what chains up to those among the certificates that are
// self-signed; the others help to build chains. A weak one is refused, so that no
// chain has one.
func newTrust(given []*x509.Certificate) (*trust, error) {
	t := &trust{roots: x509.NewCertPool(), given: given}
	rooted := false
	for _, c := range given {
		if err := checkStrength(c); err != nil {
			return nil, fmt.Errorf("the certificate of the authority %q has a key or a signature that is too weak, "+
				"or of an unknown kind: at least %d bits of RSA or %d of ECDSA, and SHA-256", c.Subject, minRSA, minECDSA)
		}
		if bytes.Equal(c.RawIssuer, c.RawSubject) {
			t.roots.AddCert(c)
			rooted = true
		}
	}
	if !rooted {
		return nil, errors.New("no certificate of a root authority is among those to be trusted: " +
			"one that is signed by itself")
	}
	return t, nil
}

// chain returns the certificate and those above it, the root last. None of them is
// weak, and all are valid at the instant.
func (t *trust) chain(
	c *x509.Certificate, sent []*x509.Certificate, purpose x509.ExtKeyUsage, at time.Time,
) ([]*x509.Certificate, error) {
	between, weak := x509.NewCertPool(), false
	for _, c := range t.given {
		between.AddCert(c)
	}
	for _, s := range sent {
		if !s.Equal(c) && checkStrength(s) != nil {
			weak = true
			continue
		}
		between.AddCert(s)
	}
	chains, err := c.Verify(x509.VerifyOptions{
		Roots: t.roots, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{purpose},
	})
	if err != nil && weak {
		return nil, tooWeak()
	}
	if err != nil {
		return nil, untrusted()
	}
	return chains[0], nil
}

// checkPurpose tells certificates for signing from those for authentication.
func checkPurpose(signer *x509.Certificate) error {
	if !slices.Contains(signer.ExtKeyUsage, x509.ExtKeyUsageEmailProtection) ||
		signer.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0 || signer.IsCA {
		return forOtherPurpose()
	}
	return nil
}

// checkValidity refuses a certificate that is not valid at the instant.
func checkValidity(c *x509.Certificate, at time.Time) error {
	if at.Before(c.NotBefore) || at.After(c.NotAfter) {
		return notValid()
	}
	return nil
}

// iinOf reads whose certificate it is. Only individuals have one with an IIN.
func iinOf(signer *x509.Certificate) (domain.IIN, error) {
	digits, named := strings.CutPrefix(signer.Subject.SerialNumber, "IIN")
	iin, err := domain.ParseIIN(digits)
	if !named || err != nil {
		return "", domain.Refuse(domain.Invalid, domain.CodeSignatureNotApplicants,
			"the certificate names no IIN: sign with the certificate of an individual").At("signature")
	}
	return iin, nil
}
