package main

import (
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"filippo.io/age"

	"tizilim/domain"
	"tizilim/eventstore/seal/transit/transittest"
)

const vaultKey = "transit/tizilim"

// vault is a Vault at an address that stays the same when it goes and comes back.
type vault struct {
	*transittest.Server
	t                     *testing.T
	address, token, certs string // files
	http                  *httptest.Server

	goesAway atomic.Bool // after the next check: it is sealed for whoever unwraps after that
}

// serve answers as the Vault. A check unwraps twice, the second time with another binding.
func (v *vault) serve(w http.ResponseWriter, r *http.Request) {
	checked := string(v.Associated()) == "tizilim probe 2"
	if v.goesAway.Load() && checked && strings.Contains(r.URL.Path, "/decrypt/") {
		transittest.Sealed(w, r)
		return
	}
	v.ServeHTTP(w, r)
}

func startVault(t *testing.T, keys ...string) *vault {
	t.Helper()
	dir := t.TempDir()
	v := &vault{
		Server: transittest.New(keys...), t: t,
		address: freePort(t), token: filepath.Join(dir, "token"), certs: filepath.Join(dir, "ca.pem"),
	}
	v.comeBack()
	t.Cleanup(v.goAway)
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: v.http.Certificate().Raw})
	for path, text := range map[string][]byte{v.token: []byte(transittest.Token + "\n"), v.certs: certificate} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return v
}

func (v *vault) url() string { return "https://" + v.address }

func (v *vault) comeBack() {
	v.t.Helper()
	v.http = httptest.NewUnstartedServer(http.HandlerFunc(v.serve))
	listener, err := net.Listen("tcp", v.address)
	if err != nil {
		v.t.Fatal(err)
	}
	_ = v.http.Listener.Close() // one of its own
	v.http.Listener = listener
	v.http.StartTLS()
}

func (v *vault) goAway() {
	v.http.CloseClientConnections()
	v.http.Close()
}

// flags are those of serve and of keys rotate-master, for a key.
func (v *vault) flags(key string) []string {
	return []string{
		"--master-vault", v.url(), "--master-vault-key", key, "--master-vault-token-file", v.token,
		"--master-vault-ca", v.certs,
	}
}

// recordedBy records a person and returns the id.
func recordedBy(t *testing.T, s *server) domain.PersonID {
	t.Helper()
	p, err := storytellerFor(t, s).record(testContext(t), "Айгүл Серікқызы", "1990-05-17", "citizen", true)
	if err != nil {
		t.Fatal(err)
	}
	return p.id
}

// reads expects the histories of the persons with their names.
func reads(t *testing.T, s *server, ids ...domain.PersonID) {
	t.Helper()
	for _, id := range ids {
		events, err := storytellerFor(t, s).history(testContext(t), "/v1/persons/"+id.String()+"/history")
		if err != nil {
			t.Fatal(err)
		}
		if len(events) != 1 || !strings.Contains(string(events[0].Data), "Айгүл") {
			t.Errorf("the history of %s is %+v", id, events)
		}
	}
}

// TestARegistryWithItsMasterKeyInAVault lives through a crash, a rotation in the Vault, its
// absence, a backup and a restore.
func TestARegistryWithItsMasterKeyInAVault(t *testing.T) {
	v, data := startVault(t, vaultKey), dataDir(t)
	flags := append([]string{"--quiet", "--log-level", "debug"}, v.flags("tizilim")...)
	s := serve(t, data, "127.0.0.1:0", flags...)
	first := recordedBy(t, s)
	s.kill()
	if fileExists(masterKeysFile(data)) {
		t.Error("a local master key was made")
	}
	s = serve(t, data, "127.0.0.1:0", "--quiet", "--log-level", "debug") // the directory says where its master key is
	reads(t, s, first)

	v.Rotate(vaultKey)
	out := use(t, "keys", "rotate-master", "--data", data)
	if !strings.Contains(out, "master key vault:transit/tizilim:v2 wraps all data keys of the log now; 1 of 1 records") {
		t.Errorf("it says %s", out)
	}
	v.Retire(vaultKey, 2)
	if out = use(t, "keys", "check", "--data", data); strings.Count(out, "belongs to the log") != len(keyKinds) {
		t.Errorf("after the rotation:\n%s", out)
	}
	second := recordedBy(t, s)

	v.goAway()
	third := recordedBy(t, s) // with the data keys in memory
	reads(t, s, first, second, third)
	refuses(t, "cannot be reached", "keys", "rotate-master", "--data", data)
	v.comeBack()

	pair, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(data)
	backup, identity, restored := filepath.Join(dir, "backup"), filepath.Join(dir, "identity"), filepath.Join(dir, "again")
	if err := os.WriteFile(identity, []byte(pair.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	use(t, "backup", backup, "--data", data, "--recipient", pair.Recipient().String())
	s.signal(os.Interrupt)
	s.exits(0)
	for _, secret := range []string{transittest.Token, "plaintext", "vault:v"} {
		if strings.Contains(s.stderr.String()+s.stdout.String(), secret) {
			t.Errorf("the log of the server shows %q", secret)
		}
	}
	out = use(t, "restore", backup, "--data", restored, "--identity-file", identity)
	if !strings.Contains(out, "the master key is transit/tizilim in the Vault at "+v.url()) {
		t.Errorf("restore says %s", out)
	}
	reads(t, serve(t, restored, "127.0.0.1:0", "--quiet"), first, second, third)
}

// TestALocalMasterKeyMovesToAVault while the server runs; afterwards the local one is not
// needed. Then the registry changes to another key of the Vault.
func TestALocalMasterKeyMovesToAVault(t *testing.T) {
	v, data := startVault(t, vaultKey, "transit/second"), dataDir(t)
	s := serve(t, data, "127.0.0.1:0", "--quiet")
	first := recordedBy(t, s)
	refuses(t, "this registry has a local master key",
		append([]string{"serve", "--listen", "127.0.0.1:0", "--data", data}, v.flags("tizilim")...)...)
	use(t, append([]string{"keys", "rotate-master", "--data", data}, v.flags("tizilim")...)...)
	second := recordedBy(t, s)
	if err := os.Remove(masterKeysFile(data)); err != nil {
		t.Fatal(err)
	}
	refuses(t, "the master key of this registry is transit/tizilim, not transit/second",
		append([]string{"serve", "--listen", "127.0.0.1:0", "--data", data}, v.flags("second")...)...)
	out := use(t, append([]string{"keys", "rotate-master", "--data", data}, v.flags("second")...)...)
	if !strings.Contains(out, "master key vault:transit/second:v1 wraps all data keys") {
		t.Errorf("it says %s", out)
	}
	s.signal(os.Interrupt)
	s.exits(0)
	v.Remove(vaultKey)
	reads(t, serve(t, data, "127.0.0.1:0", "--quiet"), first, second)
}

// TestWhatNeedsAnAbsentVaultIsRefusedForNow: the Vault is sealed after the server has checked
// it, and before it has unwrapped the data keys of the log.
func TestWhatNeedsAnAbsentVaultIsRefusedForNow(t *testing.T) {
	v, data := startVault(t, vaultKey), dataDir(t)
	s := serve(t, data, "127.0.0.1:0", append([]string{"--quiet"}, v.flags("tizilim")...)...)
	id := recordedBy(t, s)
	token := strings.TrimSpace(use(t, "token", "--role", "auditor", "--data", data))
	s.kill()

	v.goesAway.Store(true)
	address := freePort(t)
	p := launch(t, "serve", "--quiet", "--listen", address, "--data", data)
	s = &server{process: p, url: "http://" + address, data: data}
	history := s.url + "/v1/persons/" + id.String() + "/history"
	await(t, "the server does not say what it waits for", func() error {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, history, nil)
		if err != nil {
			return err
		}
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err == nil && (response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "" ||
			!strings.Contains(string(text), string(domain.CodeMasterKeysAway)) || strings.Contains(string(text), v.address)) {
			err = fmt.Errorf("it answers %d %v %s", response.StatusCode, response.Header, text)
		}
		return err
	})
	await(t, "the log does not name the reason", func() error {
		if said := s.stderr.String(); !strings.Contains(said, "is sealed or in maintenance") {
			return errors.New(said)
		}
		return nil
	})
	v.goesAway.Store(false)
	await(t, "the server does not go on", func() error { return answers(s.url+"/readyz", http.StatusOK) })
	reads(t, s, id)
}

func TestAServerWithoutItsMasterKeyEndsWithOneSentence(t *testing.T) {
	v, data := startVault(t, vaultKey, "transit/other"), dataDir(t)
	command := append([]string{"serve", "--quiet", "--listen", "127.0.0.1:0", "--data", data}, v.flags("tizilim")...)
	sentence := func(want string, args ...string) {
		t.Helper()
		p := launch(t, args...)
		p.exits(1)
		if said := p.stderr.String(); !strings.Contains(said, want) || strings.Count(said, "\n") != 1 {
			t.Errorf("it says %q, want %q", said, want)
		}
	}
	v.Allow(transittest.Token)
	sentence("does not let the token read the key transit/tizilim", command...)
	v.Allow(transittest.Token, "read", "encrypt", "decrypt")
	v.Answer(transittest.Sealed)
	sentence("is sealed or in maintenance", command...)
	v.Answer(nil)
	v.goAway()
	sentence("cannot be reached", command...)
	v.comeBack()
	if fileExists(data) {
		t.Error("a server that did not start has made the data directory")
	}
	s := serve(t, data, "127.0.0.1:0", append([]string{"--quiet"}, v.flags("tizilim")...)...)
	s.signal(os.Interrupt)
	s.exits(0)
	v.Remove(vaultKey)
	sentence("there is no key transit/tizilim at "+v.url(), command...)
	v.Make(vaultKey) // of the same name, and another one
	sentence("the master key is not the one of this log", command...)
	if err := os.Remove(v.token); err != nil {
		t.Fatal(err)
	}
	sentence("the token cannot be read", command...)
	if err := os.WriteFile(v.token, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	sentence("is empty", command...)
}
