package eds

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tizilim/domain"
)

const (
	// maxList bounds a revocation list, in bytes. The largest of the national
	// authority has some 10 MB.
	maxList = 64 << 20
	// maxSkew is how far the clock of another service may be ahead of this one.
	maxSkew = time.Minute
	// refetchAfter is how long a list that was fetched is not fetched again, and
	// retryAfter how long one that could not be had is not tried again.
	refetchAfter, retryAfter = 10 * time.Minute, time.Minute
	// fetchTimeout bounds the fetch of a list.
	fetchTimeout = time.Minute
)

// lists are the revocation lists in use. They are looked up without a lock, and
// replaced by [lists.refresh] alone.
type lists struct {
	trusted []*x509.Certificate
	client  *http.Client
	now     func() time.Time

	refreshing sync.Mutex // guards the sources
	sources    []*source

	current atomic.Pointer[map[authorityKey][]*list]
}

// source is where one list comes from: a file, or an address that is fetched.
type source struct {
	place    string
	modified time.Time // of the file that was read last
	size     int64
	next     time.Time // when the address is fetched again
	list     *list     // in use; nil before the first could be had
}

func (s *source) fetched() bool {
	return strings.HasPrefix(s.place, "http://") || strings.HasPrefix(s.place, "https://")
}

// authorityKey names an authority: a name with a key. An authority whose certificate
// was renewed keeps it; one that took another key does not.
type authorityKey [sha256.Size]byte

func keyOf(c *x509.Certificate) authorityKey {
	h := sha256.New()
	h.Write(c.RawSubjectPublicKeyInfo)
	h.Write(c.RawSubject)
	return authorityKey(h.Sum(nil))
}

// serialKey is a serial number; RFC 5280 allows 20 bytes.
type serialKey [20]byte

func serialOf(n *big.Int) (k serialKey, ok bool) {
	if n.Sign() < 0 || n.BitLen() > 8*len(k) {
		return k, false
	}
	n.FillBytes(k[:])
	return k, true
}

// list is one revocation list, in the form in which it is looked up.
type list struct {
	authority authorityKey
	reference domain.RevocationList
	number    *big.Int // nil where it has none
	scope     scope
	revoked   map[serialKey]int64 // since when, in seconds of Unix: no pointers, however long the list is
}

// openLists reads the lists in files, which must be there and of use. Those at an
// address come with the first refresh.
func openLists(places []string, t *trust, client *http.Client, now func() time.Time) (*lists, error) {
	l := &lists{trusted: t.given, client: client, now: now}
	for _, p := range places {
		l.sources = append(l.sources, &source{place: p})
	}
	for _, s := range l.sources {
		if s.fetched() {
			continue
		}
		if err := l.update(context.Background(), s); err != nil {
			return nil, sourceError(s, err)
		}
	}
	l.publish()
	return l, nil
}

func sourceError(s *source, err error) error {
	return fmt.Errorf("the list of revoked certificates %s cannot be used: %w", s.place, err)
}

// refresh takes the lists that have changed. The list before stays in use where the
// new one cannot be taken: it expires by itself.
func (l *lists) refresh(ctx context.Context) error {
	l.refreshing.Lock()
	defer l.refreshing.Unlock()
	var failed []error
	for _, s := range l.sources {
		if err := l.update(ctx, s); err != nil {
			failed = append(failed, sourceError(s, err))
		}
	}
	l.publish()
	return errors.Join(failed...)
}

// update takes the list of a source that has changed.
func (l *lists) update(ctx context.Context, s *source) error {
	text, err := l.read(ctx, s)
	if text == nil || err != nil {
		return err
	}
	return l.take(s, text)
}

// publish shows the lists to those who look up.
func (l *lists) publish() {
	m := map[authorityKey][]*list{}
	for _, s := range l.sources {
		if s.list != nil {
			m[s.list.authority] = append(m[s.list.authority], s.list)
		}
	}
	l.current.Store(&m)
}

// read returns the bytes of a source; nil where they have not changed.
func (l *lists) read(ctx context.Context, s *source) ([]byte, error) {
	if s.fetched() {
		if l.now().Before(s.next) {
			return nil, nil
		}
		s.next = l.now().Add(retryAfter)
		text, err := l.fetch(ctx, s.place)
		if err == nil {
			s.next = l.now().Add(refetchAfter)
		}
		return text, err
	}
	info, err := os.Stat(s.place)
	if err != nil || info.ModTime().Equal(s.modified) && info.Size() == s.size {
		return nil, err
	}
	if info.Size() > maxList {
		return nil, fmt.Errorf("it has more than %d bytes", maxList)
	}
	text, err := os.ReadFile(s.place)
	if err != nil {
		return nil, err
	}
	s.modified, s.size = info.ModTime(), info.Size() // one that is not taken is not read again and again
	return text, nil
}

func (l *lists) fetch(ctx context.Context, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	return answer(l.client, request, maxList)
}

// answer returns the body of a response of status 200.
func answer(client *http.Client, request *http.Request, limit int64) ([]byte, error) {
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	switch {
	case err != nil:
		return nil, err
	case response.StatusCode != http.StatusOK:
		return nil, &statusError{response.StatusCode}
	case int64(len(body)) > limit:
		return nil, fmt.Errorf("it answers with more than %d bytes", limit)
	}
	return body, nil
}

type statusError struct{ status int }

func (e *statusError) Error() string { return fmt.Sprintf("it answers with status %d", e.status) }

// take puts a list into use, unless it is older than the one before.
func (l *lists) take(s *source, text []byte) error {
	fresh, err := readList(text, l.trusted)
	if err != nil {
		return err
	}
	switch old := s.list; {
	case fresh.reference.ThisUpdate.After(l.now().Add(maxSkew)):
		return fmt.Errorf("it is of the future: of %s", fresh.reference.ThisUpdate.Format(time.RFC3339))
	case old != nil && fresh.olderThan(old):
		return fmt.Errorf("it is older than the list in use: number %s of %s, and that one is number %s of %s",
			fresh.reference.Number, fresh.reference.ThisUpdate.Format(time.RFC3339),
			old.reference.Number, old.reference.ThisUpdate.Format(time.RFC3339))
	}
	s.list = fresh
	return nil
}

func (n *list) olderThan(old *list) bool {
	return n.authority == old.authority && (n.reference.ThisUpdate.Before(old.reference.ThisUpdate) ||
		n.number != nil && old.number != nil && n.number.Cmp(old.number) < 0)
}

// Extensions of lists and of their entries (RFC 5280, 5.2 and 5.3).
var (
	oidDelta             = asn1.ObjectIdentifier{2, 5, 29, 27}
	oidDistributionPoint = asn1.ObjectIdentifier{2, 5, 29, 28}
	oidCertificateIssuer = asn1.ObjectIdentifier{2, 5, 29, 29}
)

// readList reads a list in DER or PEM. It must be complete, and signed by one of the
// trusted authorities for its own certificates.
func readList(text []byte, trusted []*x509.Certificate) (*list, error) {
	if block, _ := pem.Decode(text); block != nil {
		text = block.Bytes
	}
	crl, err := x509.ParseRevocationList(text)
	if err != nil {
		return nil, fmt.Errorf("it is no list of revoked certificates: %w", err)
	}
	if crl.NextUpdate.IsZero() {
		return nil, errors.New("it does not say when the next one comes, so nobody knows when it is too old")
	}
	if checkHash(crl.SignatureAlgorithm) != nil {
		return nil, errors.New("its signature is too weak, or of an unknown kind")
	}
	issuer := slices.IndexFunc(trusted, func(c *x509.Certificate) bool {
		return bytes.Equal(c.RawSubject, crl.RawIssuer) && crl.CheckSignatureFrom(c) == nil
	})
	if issuer < 0 {
		return nil, errors.New("no trusted authority signed it: the certificate of its issuer must be among the trusted")
	}
	digest := sha256.Sum256(crl.Raw)
	l := &list{
		authority: keyOf(trusted[issuer]), number: crl.Number,
		reference: domain.RevocationList{
			Issuer: trusted[issuer].Subject.String(), ThisUpdate: crl.ThisUpdate.UTC(), NextUpdate: crl.NextUpdate.UTC(),
			SHA256: hex.EncodeToString(digest[:]),
		},
		revoked: make(map[serialKey]int64, len(crl.RevokedCertificateEntries)),
	}
	if crl.Number != nil {
		l.reference.Number = crl.Number.String()
	}
	if l.scope, err = scopeOf(crl); err != nil {
		return nil, err
	}
	for _, e := range crl.RevokedCertificateEntries {
		for _, x := range e.Extensions {
			if x.Id.Equal(oidCertificateIssuer) {
				return nil, errIndirect
			}
			if x.Critical {
				return nil, fmt.Errorf("an entry of it has the critical extension %s, which is not known", x.Id)
			}
		}
		serial, ok := serialOf(e.SerialNumber)
		if !ok {
			return nil, errors.New("it revokes a serial number of more than 20 bytes")
		}
		if since, twice := l.revoked[serial]; !twice || e.RevocationTime.Unix() < since {
			l.revoked[serial] = e.RevocationTime.Unix()
		}
	}
	return l, nil
}

var (
	errDelta = errors.New("it is a delta list, which says only what has changed: the complete list is needed")
	// An indirect list speaks of certificates of other authorities than its own.
	errIndirect = errors.New("it is an indirect list, which speaks for other authorities: " +
		"the list of the authority itself is needed")
)

// scope is which certificates of its issuer a list speaks of.
type scope struct {
	noAuthorities, noOthers bool
	points                  [][]byte // distribution points, as general names in DER; nil: whatever they are
}

// issuingDistributionPoint is the extension of that name (RFC 5280, 5.2.5).
type issuingDistributionPoint struct {
	Point           distributionPointName `asn1:"optional,tag:0"`
	UsersOnly       bool                  `asn1:"optional,tag:1"`
	AuthoritiesOnly bool                  `asn1:"optional,tag:2"`
	SomeReasons     asn1.BitString        `asn1:"optional,tag:3"`
	Indirect        bool                  `asn1:"optional,tag:4"`
	AttributesOnly  bool                  `asn1:"optional,tag:5"`
}

type distributionPointName struct {
	FullName []asn1.RawValue `asn1:"optional,tag:0"`
	Relative asn1.RawValue   `asn1:"optional,tag:1"`
}

// scopeOf reads what a list speaks of, and refuses one that does not speak for itself.
func scopeOf(crl *x509.RevocationList) (s scope, err error) {
	for _, x := range crl.Extensions {
		switch {
		case x.Id.Equal(oidDelta):
			return s, errDelta
		case x.Id.Equal(oidDistributionPoint):
			var p issuingDistributionPoint
			if rest, err := asn1.Unmarshal(x.Value, &p); err != nil || len(rest) > 0 {
				return s, errors.New("its distribution point cannot be read")
			}
			if p.Indirect {
				return s, errIndirect
			}
			if p.SomeReasons.BitLength > 0 || p.AttributesOnly || len(p.Point.Relative.FullBytes) > 0 {
				return s, errors.New("it covers only some reasons of revocation, or only certificates of attributes: " +
					"the complete list is needed")
			}
			s.noAuthorities, s.noOthers = p.UsersOnly, p.AuthoritiesOnly
			for _, name := range p.Point.FullName {
				s.points = append(s.points, name.Bytes)
			}
		case x.Critical:
			return s, fmt.Errorf("it has the critical extension %s, which is not known", x.Id)
		}
	}
	return s, nil
}

func (s scope) covers(c *x509.Certificate) bool {
	if c.IsCA && s.noAuthorities || !c.IsCA && s.noOthers {
		return false
	}
	return s.points == nil || slices.ContainsFunc(c.CRLDistributionPoints, func(url string) bool {
		return slices.ContainsFunc(s.points, func(p []byte) bool { return string(p) == url })
	})
}

// of returns the list that speaks of the certificate and is current at the instant;
// nil where none is. Of several the newest counts.
func (l *lists) of(c, issuer *x509.Certificate, at time.Time) (found *list) {
	if l == nil {
		return nil
	}
	for _, one := range (*l.current.Load())[keyOf(issuer)] {
		if one.currentAt(at) && one.scope.covers(c) && (found == nil || found.olderThan(one)) {
			found = one
		}
	}
	return found
}

func (n *list) currentAt(at time.Time) bool {
	return !at.Before(n.reference.ThisUpdate.Add(-maxSkew)) && !at.After(n.reference.NextUpdate)
}

// revokes reports whether the certificate is revoked at the instant. One whose serial
// number no list can hold counts as revoked.
func (n *list) revokes(c *x509.Certificate, at time.Time) bool {
	serial, ok := serialOf(c.SerialNumber)
	if !ok {
		return true
	}
	since, listed := n.revoked[serial]
	return listed && since <= at.Unix()
}
