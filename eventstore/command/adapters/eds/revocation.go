package eds

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"sync"
	"time"

	"tizilim/domain"
)

// revocations are the lists of some files, as whoever fetches them writes them.
type revocations struct {
	mu    sync.Mutex // guards the lists
	files []revocationFile
}

type revocationFile struct {
	path     string
	modified time.Time
	list     *x509.RevocationList
}

func openRevocations(paths []string) (*revocations, error) {
	r := &revocations{}
	for _, p := range paths {
		r.files = append(r.files, revocationFile{path: p})
	}
	return r, r.refresh()
}

// refresh reads the files that have changed. The list before stays where the new
// file cannot be read: it expires by itself.
func (r *revocations) refresh() error {
	var failed error
	for i := range r.files {
		f := &r.files[i]
		info, err := os.Stat(f.path)
		if err == nil && info.ModTime().Equal(f.modified) {
			continue
		}
		if err == nil {
			err = f.read()
		}
		if err != nil {
			failed = fmt.Errorf("the list of revoked certificates %s cannot be read: %w", f.path, err)
			continue
		}
		f.modified = info.ModTime()
	}
	return failed
}

func (f *revocationFile) read() error {
	text, err := os.ReadFile(f.path)
	if err != nil {
		return err
	}
	if block, _ := pem.Decode(text); block != nil {
		text = block.Bytes
	}
	list, err := x509.ParseRevocationList(text)
	if err != nil {
		return err
	}
	f.list = list
	return nil
}

// check refuses a chain with a certificate that is revoked at the instant, and
// one whose first certificate no current list of its issuer speaks of.
func (r *revocations) check(chain []*x509.Certificate, at time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = r.refresh() // what cannot be read is as old as it is
	for i, c := range chain[:len(chain)-1] {
		list := r.of(chain[i+1], at)
		if list == nil && i == 0 {
			return domain.Refuse(domain.Unavailable, domain.CodeRevocationUnknown,
				"the registry has no current revocation list of the authority, so it cannot check the "+
					"certificate: send the same request again later")
		}
		if list == nil {
			continue
		}
		for _, e := range list.RevokedCertificateEntries {
			if e.SerialNumber.Cmp(c.SerialNumber) == 0 && !e.RevocationTime.After(at) {
				return domain.Refuse(domain.Invalid, domain.CodeCertificateRevoked,
					"the certificate has been revoked; sign with another one").At("signature.cms")
			}
		}
	}
	return nil
}

// of returns a list of the issuer that is current at the instant; nil where none
// is.
func (r *revocations) of(issuer *x509.Certificate, at time.Time) *x509.RevocationList {
	for _, f := range r.files {
		if f.list == nil || !bytes.Equal(f.list.RawIssuer, issuer.RawSubject) || at.After(f.list.NextUpdate) {
			continue
		}
		if f.list.CheckSignatureFrom(issuer) == nil {
			return f.list
		}
	}
	return nil
}
