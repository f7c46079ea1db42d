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

// signature returns the member "signature" of a request with that body.
func (a authority) signature(iin domain.IIN, request, key string, body []byte) (map[string]any, error) {
	text, err := httpapi.SigningText(request, key, body)
	if err != nil {
		return nil, err
	}
	cms, err := a.Sign(iin, text, time.Now())
	return map[string]any{"method": domain.SignatureEDS, "cms": cms}, err
}

// openSignatures returns the verifier of electronic signatures. It trusts the
// authorities of --signature-roots or, without that flag, the demonstration authority.
func openSignatures(c config, k keys) (*eds.Verifier, error) {
	if c.roots == "" {
		c.logger.Warn("signatures are checked against the demonstration authority, which certifies anybody: " +
			"before real applications, name the authorities with --signature-roots")
		return eds.New([]*x509.Certificate{k.authority.Certificate()}, c.crls, k.person.PersonID)
	}
	text, err := os.ReadFile(c.roots)
	if err != nil {
		return nil, fmt.Errorf("the certificates of --signature-roots cannot be read: %w", err)
	}
	trusted, err := eds.Certificates(text)
	if err != nil {
		return nil, fmt.Errorf("the certificates of --signature-roots cannot be read: %w", err)
	}
	v, err := eds.New(trusted, c.crls, k.person.PersonID)
	if err != nil {
		return nil, fmt.Errorf("--signature-roots and --signature-crls: %w", err)
	}
	return v, nil
}
