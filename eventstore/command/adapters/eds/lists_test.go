package eds_test

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"

	"tizilim/domain"
	"tizilim/eventstore/command/adapters/eds"
)

// listOf makes a list of revoked certificates that is current now.
func listOf(t testing.TB, by *issuer, change func(*x509.RevocationList), revoked ...x509.RevocationListEntry) []byte {
	t.Helper()
	list := &x509.RevocationList{
		Number: big.NewInt(serials.Add(1)), ThisUpdate: now.Add(-time.Hour), NextUpdate: now.Add(30 * time.Minute),
		RevokedCertificateEntries: revoked,
	}
	if change != nil {
		change(list)
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, by.Certificate, by.key)
	must(t, err)
	return der
}

func entry(c *issuer, at time.Time) x509.RevocationListEntry {
	return x509.RevocationListEntry{SerialNumber: c.SerialNumber, RevocationTime: at}
}

// write writes a file whose time differs from that of every file before.
func write(t testing.TB, path string, text []byte) {
	t.Helper()
	must(t, os.WriteFile(path, text, 0o600))
	at := now.Add(time.Duration(serials.Add(1)) * time.Second)
	must(t, os.Chtimes(path, at, at))
}

func signed(t testing.TB, by *issuer) []byte {
	t.Helper()
	return sign(t, by, text, pkcs7.OIDDigestAlgorithmSHA256, false)
}

// hierarchy is a root and an authority below it, with a list of each in a file.
type hierarchy struct {
	root, between     *issuer
	ofRoot, ofBetween string // files
	good, bad         *issuer
}

func newHierarchy(t testing.TB) *hierarchy {
	t.Helper()
	h := &hierarchy{root: certify(t, nil, ecdsaKey(t), authority("root"))}
	h.between = certify(t, h.root, ecdsaKey(t), authority("between"))
	h.good, h.bad = certify(t, h.between, ecdsaKey(t), nil), certify(t, h.between, ecdsaKey(t), nil)
	dir := t.TempDir()
	h.ofRoot, h.ofBetween = filepath.Join(dir, "root.crl"), filepath.Join(dir, "between.crl")
	write(t, h.ofRoot, listOf(t, h.root, nil))
	write(t, h.ofBetween, listOf(t, h.between, nil, entry(h.bad, now.Add(-time.Minute))))
	return h
}

func (h *hierarchy) config() eds.Config {
	return eds.Config{
		Trusted: []*x509.Certificate{h.root.Certificate, h.between.Certificate}, Lists: []string{h.ofRoot, h.ofBetween},
		Person: person, Logger: quiet, Now: func() time.Time { return now },
	}
}

func (h *hierarchy) verifier(t testing.TB) *eds.Verifier {
	t.Helper()
	v, err := eds.New(h.config())
	must(t, err)
	return v
}

func TestC18_RevokedCertificatesSignNothing(t *testing.T) {
	h := newHierarchy(t)
	later := certify(t, h.between, ecdsaKey(t), nil)
	write(t, h.ofBetween, pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: listOf(t, h.between, nil,
		entry(h.bad, now.Add(-time.Minute)), entry(later, now.Add(10*time.Minute)))}))
	v := h.verifier(t)
	e := verify(t, "C18 not revoked", v, signed(t, h.good), now, "")
	verify(t, "C18 revoked", v, signed(t, h.bad), now, domain.CodeCertificateRevoked)
	verify(t, "C18 not revoked yet", v, signed(t, later), now.Add(9*time.Minute), "")
	verify(t, "C18 revoked from now on", v, signed(t, later), now.Add(10*time.Minute), domain.CodeCertificateRevoked)
	verify(t, "C18 the list has expired", v, signed(t, h.good), now.Add(31*time.Minute), domain.CodeRevocationUnknown)

	if len(e.Revocation) != 2 || e.Revocation[0].List.Issuer != "CN=between" || e.Revocation[1].List.Issuer != "CN=root" ||
		string(e.Revocation[0].Certificate) != h.good.SerialNumber.Text(16) || len(e.Revocation[0].List.SHA256) != 64 {
		t.Errorf("the evidence does not name the lists: %#v", e.Revocation)
	}
}

func TestC18_EveryCertificateOfTheChainIsLookedUp(t *testing.T) {
	h := newHierarchy(t)
	c := h.config()
	c.Lists = c.Lists[1:]
	v, err := eds.New(c)
	must(t, err)
	verify(t, "C18 nothing is known of the authority", v, signed(t, h.good), now, domain.CodeRevocationUnknown)
	v = h.verifier(t)
	verify(t, "C18 the authority was not revoked", v, signed(t, h.good), now, "")
	write(t, h.ofRoot, listOf(t, h.root, nil, entry(h.between, now.Add(-time.Minute))))
	must(t, v.Refresh(t.Context()))
	verify(t, "C18 the authority itself was revoked", v, signed(t, h.good), now, domain.CodeCertificateRevoked)
}

func TestC18_ANewListIsTakenAndNoOtherKindOfList(t *testing.T) {
	h := newHierarchy(t)
	extension := func(id asn1.ObjectIdentifier, critical bool, value []byte) func(*x509.RevocationList) {
		return func(l *x509.RevocationList) {
			l.ExtraExtensions = []pkix.Extension{{Id: id, Critical: critical, Value: value}}
		}
	}
	point := asn1.ObjectIdentifier{2, 5, 29, 28}
	indirect := entry(h.good, now.Add(-time.Minute))
	indirect.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 29}, Critical: true, Value: []byte{0x30, 0}}}
	strange := entry(h.good, now.Add(-time.Minute))
	strange.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 99}, Critical: true, Value: []byte{0x30, 0}}}
	revoking := entry(h.good, now.Add(-time.Minute))
	for _, c := range []struct {
		what, says string
		list       []byte
	}{
		{"half a list", "no list", []byte("half a li")},
		{"of the future", "of the future", listOf(t, h.between, func(l *x509.RevocationList) { l.ThisUpdate = now.Add(2 * time.Minute) }, revoking)},
		{"by an older number", "older", listOf(t, h.between, func(l *x509.RevocationList) { l.Number = big.NewInt(1) }, revoking)},
		{"by an older instant", "older", listOf(t, h.between, func(l *x509.RevocationList) {
			l.ThisUpdate, l.Number = now.Add(-2*time.Hour), big.NewInt(1<<40)
		}, revoking)},
		{"by another key under its name", "no trusted authority", listOf(t, &issuer{h.between.Certificate, h.good.key}, nil, revoking)},
		{"by an authority that is not trusted", "no trusted authority", listOf(t, certify(t, nil, ecdsaKey(t), authority("x")), nil, revoking)},
		{"by SHA-1", "too weak", listOf(t, h.between, func(l *x509.RevocationList) { l.SignatureAlgorithm = x509.ECDSAWithSHA1 }, revoking)},
		{"of changes", "delta list", listOf(t, h.between, extension(asn1.ObjectIdentifier{2, 5, 29, 27}, true, []byte{2, 1, 1}), revoking)},
		{"for other authorities", "indirect list", listOf(t, h.between, extension(point, true, []byte{0x30, 3, 0x84, 1, 0xff}), revoking)},
		{"with an entry of another authority", "indirect list", listOf(t, h.between, nil, indirect)},
		{"of some reasons", "only some reasons", listOf(t, h.between, extension(point, true, []byte{0x30, 4, 0x83, 2, 6, 0x40}), revoking)},
		{"with a critical extension", "not known", listOf(t, h.between, extension(asn1.ObjectIdentifier{2, 5, 29, 99}, true, []byte{5, 0}), revoking)},
		{"with an entry with a critical extension", "not known", listOf(t, h.between, nil, strange)},
	} {
		t.Run("C18 "+c.what, func(t *testing.T) {
			fresh := filepath.Join(t.TempDir(), "list.crl")
			write(t, fresh, listOf(t, h.between, func(l *x509.RevocationList) { l.ThisUpdate = now.Add(-90 * time.Minute) }))
			config := h.config()
			config.Lists = []string{h.ofRoot, fresh}
			v, err := eds.New(config)
			must(t, err)
			write(t, fresh, c.list)
			if err := v.Refresh(t.Context()); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("it was taken, or refused for another reason: %v", err)
			}
			verify(t, "the list before stays in use", v, signed(t, h.good), now, "")
			must(t, v.Refresh(t.Context())) // it is not read again until it changes
			write(t, fresh, listOf(t, h.between, nil, revoking))
			must(t, v.Refresh(t.Context()))
			verify(t, "a good list is taken after it", v, signed(t, h.good), now, domain.CodeCertificateRevoked)
			if strings.Contains(c.what, "older") {
				return // older than nothing, it would be taken
			}
			write(t, fresh, c.list)
			if _, err := eds.New(config); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("a start with it: %v", err)
			}
		})
	}
}

func TestC18_AListSpeaksOnlyOfTheCertificatesThatItCovers(t *testing.T) {
	h := newHierarchy(t)
	const place = "http://lists.example/1.crl"
	named := certify(t, h.between, ecdsaKey(t), func(c *x509.Certificate) { c.CRLDistributionPoints = []string{place} })
	name := append([]byte{0x86, byte(len(place))}, place...)
	full := append([]byte{0xa0, byte(len(name))}, name...)
	of := append([]byte{0xa0, byte(len(full))}, full...)
	for _, c := range []struct {
		what   string
		point  []byte // issuing distribution point
		signer *issuer
		want   domain.Code
	}{
		{"of authorities only", []byte{0x30, 3, 0x82, 1, 0xff}, h.good, domain.CodeRevocationUnknown},
		{"of others only", []byte{0x30, 3, 0x81, 1, 0xff}, h.good, ""},
		{"of the place that the certificate names", append([]byte{0x30, byte(len(of))}, of...), named, ""},
		{"of a place that the certificate does not name", append([]byte{0x30, byte(len(of))}, of...), h.good, domain.CodeRevocationUnknown},
	} {
		write(t, h.ofBetween, listOf(t, h.between, func(l *x509.RevocationList) {
			l.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: true, Value: c.point}}
		}))
		verify(t, "C18 "+c.what, h.verifier(t), signed(t, c.signer), now, c.want)
	}
}

func TestC18_OfSeveralListsOfAnAuthorityTheNewestCounts(t *testing.T) {
	h := newHierarchy(t)
	dir := t.TempDir()
	older, newer := filepath.Join(dir, "older.crl"), filepath.Join(dir, "newer.crl")
	write(t, older, listOf(t, h.between, nil))
	write(t, newer, listOf(t, h.between, nil, entry(h.good, now.Add(-time.Minute))))
	for _, places := range [][]string{{h.ofRoot, older, newer}, {newer, older, h.ofRoot}} {
		c := h.config()
		c.Lists = places
		v, err := eds.New(c)
		must(t, err)
		verify(t, "C18 revoked since the older list", v, signed(t, h.good), now, domain.CodeCertificateRevoked)
	}
}

func TestC18_AListSaysNothingOfTheTimeBeforeIt(t *testing.T) {
	h := newHierarchy(t)
	write(t, h.ofBetween, listOf(t, h.between, func(l *x509.RevocationList) { l.ThisUpdate = now }))
	v := h.verifier(t)
	verify(t, "C18 by a clock that is behind", v, signed(t, h.good), now.Add(-time.Minute), "")
	verify(t, "C18 before the list", v, signed(t, h.good), now.Add(-2*time.Minute), domain.CodeRevocationUnknown)
}

func TestC18_ACertificateThatIsListedTwiceIsRevokedFromTheFirstInstantOn(t *testing.T) {
	h := newHierarchy(t)
	early, late := entry(h.good, now.Add(-time.Minute)), entry(h.good, now.Add(time.Minute))
	for _, entries := range [][]x509.RevocationListEntry{{early, late}, {late, early}} {
		write(t, h.ofBetween, listOf(t, h.between, nil, entries...))
		verify(t, "C18 listed twice", h.verifier(t), signed(t, h.good), now, domain.CodeCertificateRevoked)
	}
}

// An authority that took another key under its old name has two certificates, and the
// list of one key says nothing of what the other has signed.
func TestC18_AListSpeaksOfOneKeyOfItsAuthority(t *testing.T) {
	h := newHierarchy(t)
	next := certify(t, h.root, ecdsaKey(t), authority("between"))
	c := h.config()
	c.Trusted = append(c.Trusted, next.Certificate)
	v, err := eds.New(c)
	must(t, err)
	verify(t, "C18 the key with a list", v, signed(t, h.good), now, "")
	verify(t, "C18 the key without", v, signed(t, certify(t, next, ecdsaKey(t), nil)), now, domain.CodeRevocationUnknown)
}

func TestC18_RealAuthoritiesNeedASourceOfRevocation(t *testing.T) {
	h := newHierarchy(t)
	if _, err := eds.New(eds.Config{Trusted: []*x509.Certificate{h.root.Certificate}, Person: person}); err != eds.ErrNoRevocation {
		t.Errorf("got %v", err)
	}
	c := h.config()
	c.Lists = []string{filepath.Join(t.TempDir(), "none")}
	if _, err := eds.New(c); err == nil {
		t.Error("a list that is not there was taken")
	}
}

func TestC18_AListIsFetchedFromItsAddress(t *testing.T) {
	h := newHierarchy(t)
	var list atomic.Pointer[[]byte]
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if l := list.Load(); l != nil {
			_, _ = w.Write(*l)
			return
		}
		w.WriteHeader(http.StatusNotFound)
	}))
	defer server.Close()
	clock := now
	c := h.config()
	c.Lists, c.Now = []string{h.ofRoot, server.URL}, func() time.Time { return clock }
	v, err := eds.New(c)
	must(t, err)
	verify(t, "C18 before it was fetched", v, signed(t, h.good), now, domain.CodeRevocationUnknown)
	if err := v.Refresh(t.Context()); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("an address without a list: %v", err)
	}
	first := listOf(t, h.between, nil)
	list.Store(&first)
	must(t, v.Refresh(t.Context())) // too early to ask again
	verify(t, "C18 it is not asked again at once", v, signed(t, h.good), now, domain.CodeRevocationUnknown)
	clock = clock.Add(2 * time.Minute)
	must(t, v.Refresh(t.Context()))
	verify(t, "C18 once it was fetched", v, signed(t, h.good), now, "")
	second := listOf(t, h.between, nil, entry(h.good, now.Add(-time.Minute)))
	list.Store(&second)
	clock = clock.Add(11 * time.Minute)
	must(t, v.Refresh(t.Context()))
	verify(t, "C18 the next one revokes", v, signed(t, h.good), now, domain.CodeCertificateRevoked)
}

// TestALongListIsLookedUpAsFastAsAShortOne compares the time of look-ups in a list of
// one and of 200,000.
func TestALongListIsLookedUpAsFastAsAShortOne(t *testing.T) {
	h := newHierarchy(t)
	var many []x509.RevocationListEntry
	for i := range 200_000 {
		many = append(many, x509.RevocationListEntry{
			SerialNumber: big.NewInt(int64(i) + 1<<40), RevocationTime: now.Add(-time.Minute),
		})
	}
	cms := signed(t, h.good)
	took := func(v *eds.Verifier) time.Duration {
		before := time.Now()
		if _, err := v.Verify(context.Background(), text, cms, now); err != nil {
			t.Fatal(err)
		}
		return time.Since(before)
	}
	short := h.verifier(t)
	write(t, h.ofBetween, listOf(t, h.between, nil, many...))
	long := h.verifier(t)
	// The fastest of each counts, taken in turns: in the others a busy machine did something
	// else meanwhile. A walk over the list would never be so fast.
	leastShort, leastLong := time.Hour, time.Hour
	for n := 0; n < 50 || leastLong > 2*leastShort && n < 5000; n++ {
		leastShort, leastLong = min(leastShort, took(short)), min(leastLong, took(long))
	}
	t.Logf("short %s, long %s", leastShort, leastLong)
	if leastLong > 2*leastShort {
		t.Errorf("a signature takes %s with a list of 200,000, and %s with a list of one", leastLong, leastShort)
	}
}

func TestRunTakesAListThatChanges(t *testing.T) {
	h := newHierarchy(t)
	address := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(listOf(t, h.between, nil))
	}))
	defer address.Close()
	c := h.config()
	c.Lists = []string{h.ofRoot, address.URL}
	v, err := eds.New(c)
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); v.Run(ctx) }()
	cms := signed(t, h.good)
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := v.Verify(t.Context(), text, cms, now); err == nil {
			break
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("the list was not fetched")
		}
	}
	cancel()
	<-done
}
