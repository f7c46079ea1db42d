package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"tizilim/domain"
	"tizilim/eventstore/command/adapters/eds"
	"tizilim/httpapi"
)

// authority is the demonstration authority of a data directory. It certifies anybody.
type authority struct{ *eds.Demonstration }

// openAuthority reads the authority from the file and creates a missing one. Everybody
// who can read the file can sign for everybody else, so it serves demonstrations only.
func openAuthority(path string) (authority, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		fresh, err := eds.NewDemonstration(time.Now())
		if err != nil {
			return authority{}, err
		}
		if err := makeOnce(path, fresh); err != nil {
			return authority{}, fmt.Errorf("create the demonstration authority: %w", err)
		}
		if text, err = os.ReadFile(path); err != nil {
			return authority{}, err
		}
	} else if err != nil {
		return authority{}, fmt.Errorf("read the demonstration authority: %w", err)
	}
	d, err := eds.ReadDemonstration(text)
	if err != nil {
		return authority{}, fmt.Errorf(
			"%s is not a demonstration authority (%w): delete the file, and the next start creates a new one",
			path,
			err,
		)
	}
	return authority{d}, nil
}

// signature returns the member "signature" of a request with that body, made at that time. name may be
// empty: then the certificate has none.
func (a authority) signature(iin domain.IIN, name, request, key string, body []byte, at time.Time) (map[string]any, error) {
	text, err := httpapi.SigningText(request, key, body)
	if err != nil {
		return nil, err
	}
	if name != "" {
		cms, err := a.SignNamed(iin, name, text, at)
		return map[string]any{"method": domain.SignatureEDS, "cms": cms}, err
	}
	cms, err := a.Sign(iin, text, at)
	return map[string]any{"method": domain.SignatureEDS, "cms": cms}, err
}

// signatureFlags say whose electronic signatures are taken, and who is asked about them.
type signatureFlags struct {
	Roots    string   `name:"signature-roots" help:"Certificates in PEM of trusted authorities, roots and intermediates. Default: a demonstration authority, which certifies anybody." placeholder:"FILE" type:"path" env:"TIZILIM_SIGNATURE_ROOTS"`
	CRLs     []string `name:"signature-crls" help:"Lists of revoked certificates: files, which are read again when they change, or addresses, which are fetched." placeholder:"FILE|URL" env:"TIZILIM_SIGNATURE_CRLS"`
	OCSP     string   `name:"signature-ocsp" help:"Responder of OCSP that is asked whether certificates were revoked; the word certificate for the one that each certificate names." placeholder:"URL|certificate" env:"TIZILIM_SIGNATURE_OCSP"`
	Nonce    bool     `name:"signature-ocsp-nonce" help:"Take an answer of OCSP only with the nonce of its question. Some responders sign their answers before they are asked, and cannot." env:"TIZILIM_SIGNATURE_OCSP_NONCE"`
	TSA      string   `name:"signature-tsa" help:"Timestamp authority (RFC 3161). Each signature then gets a timestamp." placeholder:"URL" env:"TIZILIM_SIGNATURE_TSA"`
	TSARoots string   `name:"signature-tsa-roots" help:"Certificates in PEM of the authorities that certify the timestamp authority. Default: those of --signature-roots." placeholder:"FILE" type:"path" env:"TIZILIM_SIGNATURE_TSA_ROOTS"`
	NCANode  string   `name:"signature-ncanode" help:"Service with the API of NCANode v3, which checks signatures by GOST 34.10." placeholder:"URL" env:"TIZILIM_SIGNATURE_NCANODE"`
}

// ofCertificate is the value of --signature-ocsp for the responder that each
// certificate names.
const ofCertificate = "certificate"

// config checks the flags and reads the certificates.
func (f signatureFlags) config() (c eds.Config, err error) {
	for _, service := range []struct{ flag, address string }{
		{"--signature-ocsp", f.OCSP}, {"--signature-tsa", f.TSA}, {"--signature-ncanode", f.NCANode},
	} {
		if service.address == "" || service.address == ofCertificate && service.flag == "--signature-ocsp" {
			continue
		}
		if _, err := parseHTTP(service.address); err != nil {
			return c, fmt.Errorf("%s is not the address of a service: write it as https://host/path", service.flag)
		}
	}
	if f.Roots == "" {
		if len(f.CRLs) > 0 || f.OCSP != "" || f.NCANode != "" {
			return c, errors.New("--signature-crls, --signature-ocsp and --signature-ncanode need --signature-roots: " +
				"without it the demonstration authority certifies anybody")
		}
		c.Unrevoked = true
	} else if c.Trusted, err = readCertificates("--signature-roots", f.Roots); err != nil {
		return c, err
	}
	if f.TSA != "" && f.Roots == "" && f.TSARoots == "" {
		return c, errors.New("--signature-tsa needs --signature-tsa-roots: " +
			"the certificates of the authorities that certify the timestamp authority")
	}
	if f.TSARoots != "" {
		if c.Stampers, err = readCertificates("--signature-tsa-roots", f.TSARoots); err != nil {
			return c, err
		}
	}
	c.Lists, c.Timestamps, c.NCANode = f.CRLs, f.TSA, f.NCANode
	if c.OCSPNonce = f.Nonce; f.Nonce && f.OCSP == "" {
		return c, errors.New("--signature-ocsp-nonce needs --signature-ocsp: nobody else is asked with a nonce")
	}
	if c.OCSP = f.OCSP != ""; c.OCSP && f.OCSP != ofCertificate {
		c.OCSPAddress = f.OCSP
	}
	if !c.Unrevoked && len(c.Lists) == 0 && !c.OCSP {
		return c, errors.New("--signature-roots needs to know which certificates were revoked: " +
			"name the lists of these authorities with --signature-crls, or ask OCSP with --signature-ocsp")
	}
	return c, nil
}

func readCertificates(flag, path string) ([]*x509.Certificate, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the certificates of %s cannot be read: %w", flag, err)
	}
	certificates, err := eds.Certificates(text)
	if err != nil {
		return nil, fmt.Errorf("the certificates of %s cannot be read: %w", flag, err)
	}
	return certificates, nil
}

// openSignatures returns the verifier of electronic signatures. Without authorities it
// trusts the demonstration authority.
func openSignatures(c config, k keys) (*eds.Verifier, error) {
	s := c.signatures
	s.Person, s.Logger = k.person.PersonID, c.logger
	if len(s.Trusted) == 0 {
		c.logger.Warn("signatures are checked against the demonstration authority, which certifies anybody: " +
			"before real applications, name the authorities with --signature-roots")
		s.Trusted, s.Unrevoked = []*x509.Certificate{k.authority.Certificate()}, true
	}
	v, err := eds.New(s)
	if err != nil {
		return nil, fmt.Errorf("--signature-roots and --signature-crls: %w", err)
	}
	return v, nil
}
