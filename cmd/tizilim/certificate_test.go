package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// writeCertificate writes a new certificate for this machine with the serial number, and
// its key, into the directory.
func writeCertificate(t *testing.T, dir string, serial int64) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

// anyCertificate is a client that looks at the certificate itself, by a new connection
// each time.
var anyCertificate = &http.Client{Timeout: within, Transport: &http.Transport{
	DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
}}

// serialOf returns the serial number of the certificate that the server shows.
func serialOf(t *testing.T, url string) int64 {
	t.Helper()
	response, err := anyCertificate.Get(url + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		t.Fatal(err)
	}
	if response.Header.Get("Strict-Transport-Security") == "" {
		t.Error("an answer by TLS does not promise TLS")
	}
	return response.TLS.PeerCertificates[0].SerialNumber.Int64()
}

func TestARenewedCertificateIsServedWithoutARestart(t *testing.T) {
	dir := t.TempDir()
	cert, key := writeCertificate(t, dir, 1)
	data := dataDir(t)
	p := launch(t, "serve", "--listen", "127.0.0.1:0", "--data", data, "--quiet", "--tls-cert", cert, "--tls-key", key)
	var e endpoints
	await(t, "the server has not started", func() (err error) {
		e, err = readEndpoints(data)
		return err
	})
	if !strings.HasPrefix(e.HTTP, "https://127.0.0.1:") {
		t.Fatalf("the server announces %s", e.HTTP)
	}
	if n := serialOf(t, e.HTTP); n != 1 {
		t.Fatalf("the server shows certificate %d", n)
	}

	// A renewal writes two files, one after the other. Until both are there, the old
	// certificate is served.
	renewed := t.TempDir()
	newCert, newKey := writeCertificate(t, renewed, 2)
	if err := os.Rename(newCert, cert); err != nil {
		t.Fatal(err)
	}
	if n := serialOf(t, e.HTTP); n != 1 {
		t.Errorf("with half a renewal the server shows certificate %d", n)
	}
	if err := os.Rename(newKey, key); err != nil {
		t.Fatal(err)
	}
	if n := serialOf(t, e.HTTP); n != 2 {
		t.Errorf("after the renewal the server shows certificate %d", n)
	}
	if !strings.Contains(p.stderr.String(), "cannot be used, and the old one is served on") {
		t.Errorf("the log does not tell of the half renewal:\n%s", p.stderr.String())
	}

	old := &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}
	connection, err := tls.Dial("tcp", strings.TrimPrefix(e.HTTP, "https://"), old)
	if err == nil {
		err = errors.Join(errors.New("a client of TLS 1.1 was let in"), connection.Close())
		t.Error(err)
	}
}
