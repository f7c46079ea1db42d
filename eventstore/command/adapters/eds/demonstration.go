package eds

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/smallstep/pkcs7"

	"tizilim/domain"
)

// Demonstration is an authority for trying the registry out. It certifies
// whoever is named, so nothing that it has signed proves anything.
type Demonstration struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

const (
	demonstrationName = "DEMONSTRATION ONLY - certifies anybody"
	authorityYears    = 30
	certificateYears  = 1
)

// NewDemonstration makes an authority and returns it as PEM, certificate and key.
func NewDemonstration(now time.Time) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: demonstrationName, Country: []string{"KZ"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(authorityYears, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})...), nil
}

// ReadDemonstration reads what [NewDemonstration] made.
func ReadDemonstration(text []byte) (*Demonstration, error) {
	certificates, err := Certificates(text)
	if err != nil {
		return nil, err
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "PRIVATE KEY" {
			continue
		}
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, err
		}
		if ec, ok := key.(*ecdsa.PrivateKey); ok {
			return &Demonstration{certificates[0], ec}, nil
		}
	}
	return nil, errors.New("the demonstration authority has no key")
}

// Certificates reads the certificates of a PEM file.
func Certificates(text []byte) ([]*x509.Certificate, error) {
	var list []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", len(list)+1, err)
		}
		list = append(list, c)
	}
	if len(list) == 0 {
		return nil, errors.New("it holds no certificate in PEM")
	}
	return list, nil
}

// Certificate is the authority's own.
func (d *Demonstration) Certificate() *x509.Certificate { return d.certificate }

// Sign certifies a new key for the IIN and signs the text with it, detached. It
// leaves out the signer's own time, which proves nothing. The certificate has no name.
func (d *Demonstration) Sign(iin domain.IIN, text []byte, now time.Time) ([]byte, error) {
	return d.sign(pkix.Name{
		CommonName: demonstrationName, SerialNumber: "IIN" + string(iin), Country: []string{"KZ"},
	}, text, now)
}

// SignNamed is Sign with a certificate that names the person, as the National Certification Authority
// writes it: surname, first name, and the patronymic where there is one.
func (d *Demonstration) SignNamed(iin domain.IIN, name string, text []byte, now time.Time) ([]byte, error) {
	words := strings.Fields(name)
	if len(words) < 2 {
		return nil, errors.New("a certificate names a person by surname and first name at least")
	}
	subject := pkix.Name{
		CommonName: strings.Join(words[:2], " "), SerialNumber: "IIN" + string(iin), Country: []string{"KZ"},
		Organization: []string{demonstrationName},
		ExtraNames:   []pkix.AttributeTypeAndValue{{Type: oidSurname, Value: words[0]}},
	}
	if len(words) > 2 {
		subject.ExtraNames = append(subject.ExtraNames,
			pkix.AttributeTypeAndValue{Type: oidGivenName, Value: strings.Join(words[2:], " ")})
	}
	return d.sign(subject, text, now)
}

func (d *Demonstration) sign(subject pkix.Name, text []byte, now time.Time) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial(),
		Subject:      subject,
		NotBefore:    now.Add(-time.Minute), NotAfter: now.AddDate(certificateYears, 0, 0),
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
	}, d.certificate, key.Public(), d.key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	cms, err := pkcs7.NewSignedData(text)
	if err != nil {
		return nil, err
	}
	cms.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	if err := cms.SignWithoutAttr(certificate, key, pkcs7.SignerInfoConfig{}); err != nil {
		return nil, err
	}
	cms.Detach()
	return cms.Finish()
}

// serial draws the serial number of a certificate.
func serial() *big.Int {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return new(big.Int).SetBytes(b[:])
}
