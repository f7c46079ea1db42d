// Package transit has the master keys of a log in a key management service: the
// Transit engine of HashiCorp Vault (1.13 or later) or OpenBao, over its HTTP API.
// The master keys never leave the service. It wraps and unwraps data keys with the
// binding as associated data.
//
// [New] asks nobody. [Keys.Check] shows that the key is there, that the token may use
// it, and that the service keeps bindings.
//
// The id of a master key names the engine, the key and its version, such as
//
//	vault:transit/tizilim:v3
//
// and not the address: a service may move. Whoever rotates the key in the service makes
// a new version. The endpoint rewrap is not used: it takes no associated data, so it
// cannot read what is bound.
//
// Nothing that the service says stands in an error or a log, because it might repeat
// what it was sent.
package transit

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"tizilim/domain"
	"tizilim/eventstore/seal"
)

const (
	// askTimeout bounds one question. A command has ten seconds, and asks once or twice.
	askTimeout = 4 * time.Second
	// maxAnswer bounds an answer, in bytes. A wrapped key has some 100 bytes.
	maxAnswer = 64 << 10
	// Prefix begins the ids of master keys in a service.
	Prefix = "vault:"
)

// Config says which key wraps.
type Config struct {
	Address string         // such as https://vault.example:8200; http only on this machine
	Mount   string         // path of the engine, such as transit, or team/transit with a namespace
	Key     string         // name of the key
	CA      *x509.CertPool // that certify the service; nil: those of the system
	// Token returns the token. It is called for each question, so that a token that
	// another program renews is found.
	Token func() (string, error)
}

// Keys are the master keys in a Transit engine. They are safe for concurrent use.
type Keys struct {
	address, mount, key string
	token               func() (string, error)
	client              *http.Client
}

// Error says why the service cannot be used. It is a sentence for the operator; to
// clients it is a refusal of kind Unavailable.
type Error struct{ sentence string }

func (e *Error) Error() string { return e.sentence }

func (e *Error) Unwrap() error { return errAway }

var errAway = domain.Refuse(domain.Unavailable, domain.CodeMasterKeysAway,
	"the service that has the master keys of the registry cannot be used now; "+
		"send the same request with the same Idempotency-Key again")

func failure(format string, args ...any) error { return &Error{fmt.Sprintf(format, args...)} }

// path is what the names of an engine and of a key may be: segments that need no
// escaping in a URL. Vault allows more.
var path = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$`)

// New returns the master keys of the configuration. It asks nobody.
func New(c Config) (*Keys, error) {
	u, err := url.Parse(c.Address)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.RawQuery != "" ||
		strings.Trim(u.Path, "/") != "":
		return nil, errors.New("the address of the Vault is not that of a server: write it as https://host:8200")
	case u.Scheme == "http" && !onThisMachine(u.Hostname()):
		return nil, errors.New("the Vault would be reached without TLS, and everybody on the way could read the data keys: " +
			"write its address as https://host:8200")
	case !path.MatchString(c.Mount):
		return nil, fmt.Errorf("%q is not the path of a Transit engine, such as transit", c.Mount)
	case !path.MatchString(c.Key) || strings.Contains(c.Key, "/"):
		return nil, fmt.Errorf("%q is not the name of a key: letters, digits, dots, hyphens and underscores", c.Key)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: c.CA, MinVersion: tls.VersionTLS12}
	return &Keys{
		address: u.Scheme + "://" + u.Host, mount: c.Mount, key: c.Key, token: c.Token,
		// The header with the token would go along to wherever the service refers to.
		client: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}},
	}, nil
}

func onThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// described is the answer about a key, as far as it is read.
type described struct {
	Type          string `json:"type"`
	Derived       bool   `json:"derived"`
	Latest        int    `json:"latest_version"`
	MinDecryption int    `json:"min_decryption_version"`
}

// types are those of keys of 256 bits that take associated data.
var types = []string{"aes256-gcm96", "chacha20-poly1305", "xchacha20-poly1305"}

// Check shows that the master keys can be used: the key is there and of a fit type, the
// token may read, encrypt and decrypt, and what was wrapped with one binding is not
// unwrapped with another. Its error is a sentence for the operator.
func (k *Keys) Check(ctx context.Context) error {
	said, err := k.describe(ctx, k.mount, k.key)
	switch {
	case err != nil:
		return err
	case !slices.Contains(types, said.Type):
		return failure("the key %s at %s is of the type %s: make one of the type aes256-gcm96", k.name(), k.address,
			printable(said.Type))
	case said.Derived:
		return failure("the key %s at %s is derived: make one without key derivation", k.name(), k.address)
	}
	probe := make([]byte, seal.KeySize)
	_, _ = rand.Read(probe) // it never fails
	master, wrapped, err := k.Wrap(ctx, probe, []byte("tizilim probe 1"))
	if err != nil {
		return err
	}
	back, err := k.Unwrap(ctx, master, wrapped, []byte("tizilim probe 1"))
	if err != nil && !errors.Is(err, seal.ErrForged) {
		return err
	}
	if !bytes.Equal(back, probe) {
		return failure("the Vault at %s does not give back what it has encrypted", k.address)
	}
	_, err = k.Unwrap(ctx, master, wrapped, []byte("tizilim probe 2"))
	switch {
	case errors.Is(err, seal.ErrForged):
		return nil
	case err == nil:
		return failure("the Vault at %s passes over associated data: Vault 1.13 or later, or OpenBao, is needed", k.address)
	}
	return err
}

func printable(s string) string {
	if !path.MatchString(s) || len(s) > 40 {
		return "unknown"
	}
	return s
}

// name is the engine and the key.
func (k *Keys) name() string { return k.mount + "/" + k.key }

func masterID(name string, version int) string { return fmt.Sprintf("%s%s:v%d", Prefix, name, version) }

// parseMasterID returns what a master key is called.
func parseMasterID(master string) (mount, key string, version int, ok bool) {
	rest, ok := strings.CutPrefix(master, Prefix)
	name, number, found := strings.Cut(rest, ":v")
	slash := strings.LastIndex(name, "/")
	version, err := strconv.Atoi(number)
	if !ok || !found || slash < 0 || err != nil || version < 1 || !path.MatchString(name) {
		return "", "", 0, false
	}
	return name[:slash], name[slash+1:], version, true
}

// versionOf returns by which version of the key a ciphertext was made: it begins with
// vault:v and the number.
func versionOf(ciphertext string) (version int, ok bool) {
	rest, prefixed := strings.CutPrefix(ciphertext, "vault:v")
	number, _, found := strings.Cut(rest, ":")
	version, err := strconv.Atoi(number)
	return version, prefixed && found && err == nil && version > 0
}

// Newest implements [seal.MasterKeys].
func (k *Keys) Newest(ctx context.Context) (string, error) {
	said, err := k.describe(ctx, k.mount, k.key)
	if err != nil {
		return "", err
	}
	return masterID(k.name(), said.Latest), nil
}

// Wrap implements [seal.MasterKeys].
func (k *Keys) Wrap(ctx context.Context, key, binding []byte) (string, []byte, error) {
	var said struct {
		Ciphertext string `json:"ciphertext"`
	}
	err := k.ask(ctx, http.MethodPost, k.mount+"/encrypt/"+k.key, struct {
		Plaintext  []byte `json:"plaintext"`
		Associated []byte `json:"associated_data"`
	}{key, binding}, &said)
	var status *statusError
	if errors.As(err, &status) && status.status == http.StatusBadRequest { // as for a key that is not there
		if _, why := k.describe(ctx, k.mount, k.key); why != nil {
			err = why
		}
	}
	if err != nil {
		return "", nil, k.explain(err, k.name(), "encrypt with")
	}
	version, ok := versionOf(said.Ciphertext)
	if !ok {
		return "", nil, k.unreadable()
	}
	return masterID(k.name(), version), []byte(said.Ciphertext), nil
}

// Unwrap implements [seal.MasterKeys]. It asks for the engine and the key that wrapped,
// which need not be those that wrap now.
func (k *Keys) Unwrap(ctx context.Context, master string, wrapped, binding []byte) ([]byte, error) {
	mount, key, version, ok := parseMasterID(master)
	if !ok {
		return nil, &seal.UnknownMasterError{Master: master}
	}
	if made, ok := versionOf(string(wrapped)); !ok || made != version {
		return nil, seal.ErrForged
	}
	var said struct {
		Plaintext []byte `json:"plaintext"`
	}
	err := k.ask(ctx, http.MethodPost, mount+"/decrypt/"+key, struct {
		Ciphertext string `json:"ciphertext"`
		Associated []byte `json:"associated_data"`
	}{string(wrapped), binding}, &said)
	var status *statusError
	if errors.As(err, &status) && status.status == http.StatusBadRequest {
		return nil, k.whyNot(ctx, master, mount, key, version)
	}
	if err != nil {
		return nil, k.explain(err, mount+"/"+key, "decrypt with")
	}
	if len(said.Plaintext) == 0 {
		return nil, k.unreadable()
	}
	return said.Plaintext, nil
}

// whyNot tells why the service did not decrypt, which it says only in words: it has not
// that version of the key, or has not made this.
func (k *Keys) whyNot(ctx context.Context, master, mount, key string, version int) error {
	said, err := k.describe(ctx, mount, key)
	if err != nil {
		return err
	}
	if version < said.MinDecryption || version > said.Latest {
		return &seal.UnknownMasterError{Master: master}
	}
	return seal.ErrForged
}

func (k *Keys) describe(ctx context.Context, mount, key string) (said described, err error) {
	if err = k.ask(ctx, http.MethodGet, mount+"/keys/"+key, nil, &said); err != nil {
		return said, k.explain(err, mount+"/"+key, "read")
	}
	if said.Latest < 1 {
		return said, k.unreadable()
	}
	return said, nil
}

// statusError is an answer with a status that is no success.
type statusError struct{ status int }

func (e *statusError) Error() string { return "status " + strconv.Itoa(e.status) }

// ask sends one question and reads the member data of the answer. Errors: [*statusError],
// [*Error].
func (k *Keys) ask(ctx context.Context, method, path string, question, said any) error {
	token, err := k.token()
	if err != nil {
		return failure("the token for the Vault at %s cannot be had: %s", k.address, err)
	}
	var body io.Reader
	if question != nil {
		text, err := json.Marshal(question)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, k.address+"/v1/"+path, body)
	if err != nil {
		return err
	}
	request.Header.Set("X-Vault-Token", token)
	request.Header.Set("X-Vault-Request", "true") // an agent may demand it
	request.Header.Set("Content-Type", "application/json")
	response, err := k.client.Do(request)
	if err != nil {
		return k.unreached(ctx, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return &statusError{response.StatusCode}
	}
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return k.unreached(ctx, err)
	}
	whole := struct {
		Data any `json:"data"`
	}{said}
	if json.Unmarshal(answer, &whole) != nil { // also where it was cut
		return k.unreadable()
	}
	return nil
}

func (k *Keys) unreadable() error {
	return failure("what answers at %s is not a Vault with a Transit engine: its answer cannot be read", k.address)
}

// unreached says why there is no answer, in words that come from this machine.
func (k *Keys) unreached(ctx context.Context, err error) error {
	var certificate *tls.CertificateVerificationError
	var dial *net.OpError
	why := "the connection ended without an answer in HTTP"
	switch {
	case ctx.Err() != nil:
		why = "it does not answer in time"
	case errors.As(err, &certificate):
		why = certificate.Err.Error() + ": name its authority with --master-vault-ca"
	case errors.As(err, &dial) && dial.Op == "dial":
		why = dial.Err.Error()
	}
	return failure("the Vault at %s cannot be reached: %s", k.address, why)
}

// explain turns a status into a sentence about a key.
func (k *Keys) explain(err error, name, act string) error {
	var status *statusError
	if !errors.As(err, &status) {
		return err
	}
	switch s := status.status; {
	case s == http.StatusForbidden:
		return failure("the Vault at %s does not let the token %s the key %s: it has expired, or its policy lacks this",
			k.address, act, name)
	case s == http.StatusNotFound:
		return failure("there is no key %s at %s: make it there with vault write -f %s", name, k.address,
			keyPath(name))
	case s == http.StatusServiceUnavailable:
		return failure("the Vault at %s is sealed or in maintenance", k.address)
	case s >= 300 && s < 400:
		return failure("the Vault at %s refers to another node: name that one, or let its nodes forward requests", k.address)
	}
	return failure("the Vault at %s does not %s the key %s: it answers with %s", k.address, act, name, status)
}

// keyPath is the path of a key in the API.
func keyPath(name string) string {
	slash := strings.LastIndex(name, "/")
	return name[:slash] + "/keys/" + name[slash+1:]
}
