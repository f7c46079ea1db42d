// Package transittest is a Vault for tests: a server that speaks the part of the HTTP
// API of its Transit engine which the registry uses, with keys in memory. It encrypts
// with AES-256-GCM, keeps versions, and refuses as Vault does.
package transittest

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Token may use every key in every way.
const Token = "hvs.root"

// Server is the Vault.
type Server struct {
	*httptest.Server

	mu     sync.Mutex
	keys   map[string]*key     // by engine and name
	may    map[string][]string // by token: read, encrypt, decrypt
	answer http.HandlerFunc
	asked  map[string]int // by operation
	got    []byte         // the last associated data
}

type key struct {
	Type          string
	Derived       bool
	versions      []cipher.AEAD
	minDecryption int
	passesOver    bool // associated data, as Vault before 1.13
}

// Start starts a server with TLS and the keys, such as transit/tizilim. It ends with the
// test.
func Start(t testing.TB, keys ...string) *Server {
	s := New(keys...)
	s.Server = httptest.NewTLSServer(s)
	t.Cleanup(s.Close)
	return s
}

// New returns a server that does not listen.
func New(keys ...string) *Server {
	s := &Server{keys: map[string]*key{}, may: map[string][]string{}, asked: map[string]int{}}
	s.Allow(Token, "read", "encrypt", "decrypt")
	for _, name := range keys {
		s.Make(name)
	}
	return s
}

// Make makes a key of that name.
func (s *Server) Make(name string) {
	s.mu.Lock()
	s.keys[name] = &key{Type: "aes256-gcm96", minDecryption: 1}
	s.mu.Unlock()
	s.Rotate(name)
}

// Allow sets what a token may do: read, encrypt, decrypt.
func (s *Server) Allow(token string, may ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.may[token] = may
}

// Rotate makes a new version of the key.
func (s *Server) Rotate(name string) {
	material := make([]byte, 32)
	_, _ = rand.Read(material) // it never fails
	block, err := aes.NewCipher(material)
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys[name].versions = append(s.keys[name].versions, aead)
}

// Retire lets only this version of the key and later ones decrypt.
func (s *Server) Retire(name string, minDecryption int) {
	s.change(name, func(k *key) { k.minDecryption = minDecryption })
}

// Retype changes what the service says of the key.
func (s *Server) Retype(name, keyType string, derived bool) {
	s.change(name, func(k *key) { k.Type, k.Derived = keyType, derived })
}

// PassOver has the service pass over associated data, as versions before 1.13 do.
func (s *Server) PassOver(name string) { s.change(name, func(k *key) { k.passesOver = true }) }

func (s *Server) change(name string, change func(*key)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s.keys[name])
}

// Remove deletes the key.
func (s *Server) Remove(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.keys, name)
}

// Answer has every request answered by the function; nil: as usual.
func (s *Server) Answer(f http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = f
}

// Sealed is the answer of a sealed Vault.
func Sealed(w http.ResponseWriter, _ *http.Request) {
	refuse(w, http.StatusServiceUnavailable, "Vault is sealed")
}

// Asked returns how often the operation was asked for: read, encrypt or decrypt.
func (s *Server) Asked(operation string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[operation]
}

// Associated returns the associated data of the last question.
func (s *Server) Associated() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got
}

type question struct {
	Plaintext  string `json:"plaintext"`
	Ciphertext string `json:"ciphertext"`
	Associated string `json:"associated_data"`
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	answer := s.answer
	s.mu.Unlock()
	if answer != nil {
		answer(w, r)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	rest, v1 := strings.CutPrefix(r.URL.Path, "/v1/")
	parts := strings.Split(rest, "/")
	if !v1 || len(parts) < 3 {
		refuse(w, http.StatusNotFound)
		return
	}
	end := len(parts) - 2
	engine, operation, name := strings.Join(parts[:end], "/"), parts[end], parts[end+1]
	want := map[string]string{"keys": http.MethodGet, "encrypt": http.MethodPost, "decrypt": http.MethodPost}
	if operation == "keys" {
		operation = "read"
	}
	s.asked[operation]++
	switch held := s.keys[engine+"/"+name]; {
	case want[parts[end]] != r.Method:
		refuse(w, http.StatusMethodNotAllowed, "unsupported operation")
	case !slices.Contains(s.may[r.Header.Get("X-Vault-Token")], operation):
		refuse(w, http.StatusForbidden, "1 error occurred:\n\t* permission denied\n\n")
	case held == nil && operation == "read":
		refuse(w, http.StatusNotFound)
	case held == nil:
		refuse(w, http.StatusBadRequest, "encryption key not found")
	case operation == "read":
		held.describe(w, name)
	default:
		s.transform(w, r, held, operation)
	}
}

func (k *key) describe(w http.ResponseWriter, name string) {
	made := map[string]int64{}
	for i := range k.versions {
		made[strconv.Itoa(i+1)] = time.Now().Unix()
	}
	succeed(w, map[string]any{
		"name": name, "type": k.Type, "derived": k.Derived, "keys": made, "latest_version": len(k.versions),
		"min_decryption_version": k.minDecryption, "min_encryption_version": 0, "min_available_version": 0,
		"exportable": false, "deletion_allowed": false, "supports_encryption": true, "supports_decryption": true,
	})
}

// transform encrypts or decrypts. Its caller holds the lock.
func (s *Server) transform(w http.ResponseWriter, r *http.Request, held *key, operation string) {
	var q question
	if json.NewDecoder(r.Body).Decode(&q) != nil {
		refuse(w, http.StatusBadRequest, "failed to parse JSON input")
		return
	}
	associated, err := base64.StdEncoding.DecodeString(q.Associated)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "unable to get associated_data")
		return
	}
	if s.got = associated; held.passesOver {
		associated = nil
	}
	if operation == "encrypt" {
		clear, err := base64.StdEncoding.DecodeString(q.Plaintext)
		if err != nil {
			refuse(w, http.StatusBadRequest, err.Error())
			return
		}
		latest := held.versions[len(held.versions)-1]
		nonce := make([]byte, latest.NonceSize())
		_, _ = rand.Read(nonce)
		text := base64.StdEncoding.EncodeToString(latest.Seal(nonce, nonce, clear, associated))
		succeed(w, map[string]any{
			"ciphertext":  fmt.Sprintf("vault:v%d:%s", len(held.versions), text),
			"key_version": len(held.versions),
		})
		return
	}
	clear, why := held.decrypt(q.Ciphertext, associated)
	if why != "" {
		refuse(w, http.StatusBadRequest, why)
		return
	}
	succeed(w, map[string]any{"plaintext": base64.StdEncoding.EncodeToString(clear)})
}

func (k *key) decrypt(ciphertext string, associated []byte) (clear []byte, why string) {
	rest, prefixed := strings.CutPrefix(ciphertext, "vault:v")
	number, text, found := strings.Cut(rest, ":")
	version, err := strconv.Atoi(number)
	if !prefixed || !found || err != nil {
		return nil, "invalid ciphertext: no prefix"
	}
	if version > len(k.versions) {
		return nil, "invalid ciphertext: version is too new"
	}
	if version < k.minDecryption {
		return nil, "ciphertext or signature version is disallowed by policy (too old)"
	}
	sealed, err := base64.StdEncoding.DecodeString(text)
	aead := k.versions[version-1]
	if err != nil || len(sealed) < aead.NonceSize() {
		return nil, "invalid ciphertext: could not decode base64"
	}
	clear, err = aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], associated)
	if err != nil {
		return nil, err.Error()
	}
	return clear, ""
}

func succeed(w http.ResponseWriter, data map[string]any) {
	write(w, http.StatusOK, map[string]any{
		"request_id": "8375227a-4a9f-a108-0b89-84c448419e80", "lease_id": "", "renewable": false, "lease_duration": 0,
		"data": data, "wrap_info": nil, "warnings": nil, "auth": nil,
	})
}

func refuse(w http.ResponseWriter, status int, errors ...string) {
	if errors == nil {
		errors = []string{}
	}
	write(w, status, map[string]any{"errors": errors})
}

func write(w http.ResponseWriter, status int, answer any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // the client may have gone
}
