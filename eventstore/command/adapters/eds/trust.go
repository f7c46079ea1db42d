package eds

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
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

// oidSurname and oidGivenName are members of a name in a certificate (X.520). The National
// Certification Authority writes the surname and the first name in the common name, and the patronymic
// as the given name.
var oidSurname, oidGivenName = asn1.ObjectIdentifier{2, 5, 4, 4}, asn1.ObjectIdentifier{2, 5, 4, 42}

// nameOf reads the name of whose certificate it is: the common name, and the patronymic.
func nameOf(signer *x509.Certificate) (domain.Personal, error) {
	member := func(oid asn1.ObjectIdentifier) string {
		for _, n := range signer.Subject.Names {
			if text, ok := n.Value.(string); ok && n.Type.Equal(oid) {
				return strings.TrimSpace(text)
			}
		}
		return ""
	}
	common, surname := strings.Fields(signer.Subject.CommonName), member(oidSurname)
	if len(common) < 2 || surname == "" || !slices.Contains(common, surname) {
		return "", domain.Refuse(domain.Conflict, domain.CodeSelfRecord,
			"the certificate does not name you by surname and first name: go to a desk of the State Corporation with your "+
				"identity document, which records you").
			At("signature")
	}
	if patronymic := member(oidGivenName); patronymic != "" && !slices.Contains(common, patronymic) {
		common = append(common, patronymic)
	}
	return domain.Personal(strings.Join(common, " ")), nil
}

// Holder returns whom the certificate of the signature names. It checks nothing.
func (v *Verifier) Holder(cms []byte) (h domain.Holder, err error) {
	_, signer, err := parse(cms)
	if err != nil {
		return h, err
	}
	if h.IIN, err = iinOf(signer); err != nil {
		return h, err
	}
	h.Name, err = nameOf(signer)
	return h, err
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
