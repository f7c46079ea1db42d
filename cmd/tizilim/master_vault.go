package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"tizilim/domain"
	"tizilim/eventstore/seal"
	"tizilim/eventstore/seal/transit"
)

// vaultTokenVariable is the environment variable with the token for the Vault. There is no
// flag for it: everybody on the machine can see flags.
const vaultTokenVariable = "TIZILIM_MASTER_VAULT_TOKEN"

// vaultFlags say which key of a Vault is the master key.
type vaultFlags struct {
	Vault          string `name:"master-vault" help:"HashiCorp Vault or OpenBao whose Transit engine has the master key; its token is in TIZILIM_MASTER_VAULT_TOKEN or in a file. Default: what the data directory says; at first local keys." placeholder:"URL" env:"TIZILIM_MASTER_VAULT"`
	VaultKey       string `name:"master-vault-key" help:"Name of the key in the Vault." placeholder:"NAME" env:"TIZILIM_MASTER_VAULT_KEY"`
	VaultMount     string `name:"master-vault-mount" help:"Path of the Transit engine. Default: transit." placeholder:"PATH" env:"TIZILIM_MASTER_VAULT_MOUNT"`
	VaultTokenFile string `name:"master-vault-token-file" help:"File with the token for the Vault. It is read for each question." placeholder:"FILE" type:"path" env:"TIZILIM_MASTER_VAULT_TOKEN_FILE"`
	VaultCA        string `name:"master-vault-ca" help:"Certificates in PEM of the authorities that certify the Vault. Default: those of the system." placeholder:"FILE" type:"path" env:"TIZILIM_MASTER_VAULT_CA"`
}

// masterVault says where the master key is. It stands in the directory of keys in place of
// a local master key, so that every command on the directory finds it, and has no secret.
type masterVault struct {
	Address   string `json:"address"`
	Mount     string `json:"mount"`
	Key       string `json:"key"`
	CAFile    string `json:"ca_file,omitempty"`
	TokenFile string `json:"token_file,omitempty"`
}

func masterVaultFile(dir string) string { return filepath.Join(dir, "master.vault") }

// readMasterVault reads where the master key is. Its error wraps [fs.ErrNotExist] where it
// is in no Vault.
func readMasterVault(dir string) (v masterVault, err error) {
	text, err := os.ReadFile(masterVaultFile(dir))
	if err != nil {
		return v, fmt.Errorf("master keys: %w", err)
	}
	if err := json.Unmarshal(text, &v); err != nil || v.Address == "" || v.name() == "/" {
		return v, fmt.Errorf("%s does not say where the master key is: restore it from a backup", masterVaultFile(dir))
	}
	return v, nil
}

// write replaces the file at once.
func (v masterVault) write(dir string) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return replaceFile(masterVaultFile(dir), append(text, '\n'))
}

func (v masterVault) name() string { return v.Mount + "/" + v.Key }

// identity is what the fingerprint of the master key is of. The key itself is not to be
// had; that it is the one of the log is shown by unwrapping (eventstore.Store.ProveKeys).
func (v masterVault) identity() []byte { return []byte("tizilim vault\x00" + v.name()) }

// over returns what the flags say, and held for those that are not given.
func (f vaultFlags) over(held masterVault) (masterVault, error) {
	v := held
	for _, one := range []struct {
		said string
		to   *string
	}{
		{f.Vault, &v.Address}, {f.VaultKey, &v.Key}, {f.VaultMount, &v.Mount}, {f.VaultCA, &v.CAFile},
		{f.VaultTokenFile, &v.TokenFile},
	} {
		if one.said != "" {
			*one.to = one.said
		}
	}
	switch {
	case v.Address == "" && v != (masterVault{}):
		return v, errors.New("--master-vault is missing: the other flags of --master-vault say nothing without it")
	case v.Address != "" && v.Key == "":
		return v, errors.New("--master-vault needs --master-vault-key: the name of the key in the Vault")
	case v.Address != "" && v.Mount == "":
		v.Mount = "transit"
	}
	return v, nil
}

// open returns the master keys. It asks nobody.
func (v masterVault) open() (*transit.Keys, error) {
	c := transit.Config{Address: v.Address, Mount: v.Mount, Key: v.Key, Token: v.token}
	if v.CAFile != "" {
		certificates, err := readCertificates("--master-vault-ca", v.CAFile)
		if err != nil {
			return nil, err
		}
		c.CA = x509.NewCertPool()
		for _, one := range certificates {
			c.CA.AddCert(one)
		}
	}
	k, err := transit.New(c)
	if err != nil {
		return nil, fmt.Errorf("--master-vault: %w", err)
	}
	return k, nil
}

// token reads the token. A file has precedence over the variable, as with passwords.
func (v masterVault) token() (string, error) {
	if v.TokenFile != "" {
		return readSecret("token", v.TokenFile)
	}
	token := strings.TrimSpace(os.Getenv(vaultTokenVariable))
	if token == "" {
		return "", errors.New("name a file with --master-vault-token-file, or set " + vaultTokenVariable)
	}
	return token, nil
}

// checkPatience bounds the questions to a Vault at the start.
const checkPatience = 10 * time.Second

// check opens the master keys and shows that they can be used. Its error is one sentence.
func (v masterVault) check(ctx context.Context) error {
	k, err := v.open()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, checkPatience)
	defer cancel()
	return k.Check(ctx)
}

// settle makes sure, before a server begins, that its master key can be used if it is in a
// Vault, and has the directory of keys say so. It never moves a registry from one master key
// to another: that is a rotation.
func (f vaultFlags) settle(ctx context.Context, dir string) error {
	held, err := readMasterVault(dir)
	// That the data directory cannot be made is told by whoever makes it.
	absent := errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
	if err != nil && !absent {
		return err
	}
	v, err := f.over(held)
	if err != nil || v.Address == "" {
		return err
	}
	switch {
	case absent && holdsMasterKeys(dir):
		return fmt.Errorf("this registry has a local master key (%s): "+
			"move to the Vault with tizilim keys rotate-master and the same flags", localMasterKeys(dir))
	case !absent && v.name() != held.name():
		return fmt.Errorf("the master key of this registry is %s, not %s: "+
			"change it with tizilim keys rotate-master and the same flags", held.name(), v.name())
	}
	if err := v.check(ctx); err != nil {
		return err
	}
	if v == held {
		return nil
	}
	return v.write(dir)
}

// masterKeys are those of a directory of keys. Where the directory says that the master key
// is in a Vault, that one wraps, and local ones only unwrap. Changed files are read again, so
// that a rotation needs no restart. They are safe for concurrent use.
type masterKeys struct {
	dir string

	mu       sync.Mutex
	local    *seal.Local   // nil: none
	vault    *transit.Keys // nil: none
	modified time.Time     // the file about the Vault, when it was read; zero: it was not there
	away     bool          // that the Vault is away was logged
}

// refresh reads the files that have changed. Its caller holds the lock, or is alone.
func (m *masterKeys) refresh() error {
	info, err := os.Stat(masterVaultFile(m.dir))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		m.vault, m.modified = nil, time.Time{}
	case err != nil:
		return err
	case !info.ModTime().Equal(m.modified):
		v, err := readMasterVault(m.dir)
		if err != nil {
			return err
		}
		if m.vault, err = v.open(); err != nil {
			return err
		}
		m.modified = info.ModTime()
	}
	if m.local != nil {
		return nil
	}
	m.local, err = openLocalMasterKeys(m.dir)
	if errors.Is(err, fs.ErrNotExist) && m.vault != nil {
		return nil
	}
	return err
}

// held returns the keys as the files say now; nil for those that are not there.
func (m *masterKeys) held() (local *seal.Local, vault *transit.Keys, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	err = m.refresh()
	return m.local, m.vault, err
}

// wrapping returns the keys that wrap.
func (m *masterKeys) wrapping() (seal.MasterKeys, error) {
	local, vault, err := m.held()
	if err != nil {
		return nil, err
	}
	if vault != nil {
		return vault, nil
	}
	return local, nil
}

// Newest implements [seal.MasterKeys].
func (m *masterKeys) Newest(ctx context.Context) (string, error) {
	k, err := m.wrapping()
	if err != nil {
		return "", err
	}
	master, err := k.Newest(ctx)
	return master, m.told(err)
}

// Wrap implements [seal.MasterKeys].
func (m *masterKeys) Wrap(ctx context.Context, key, binding []byte) (string, []byte, error) {
	k, err := m.wrapping()
	if err != nil {
		return "", nil, err
	}
	master, wrapped, err := k.Wrap(ctx, key, binding)
	return master, wrapped, m.told(err)
}

// Unwrap implements [seal.MasterKeys].
func (m *masterKeys) Unwrap(ctx context.Context, master string, wrapped, binding []byte) ([]byte, error) {
	local, vault, err := m.held()
	inVault := strings.HasPrefix(master, transit.Prefix)
	switch {
	case err != nil:
		return nil, err
	case inVault && vault != nil:
		key, err := vault.Unwrap(ctx, master, wrapped, binding)
		return key, m.told(err)
	case !inVault && local != nil:
		return local.Unwrap(ctx, master, wrapped, binding)
	}
	return nil, &seal.UnknownMasterError{Master: master}
}

// told logs once that the Vault is away, and once that it is back.
func (m *masterKeys) told(err error) error {
	away := domain.CodeOf(err) == domain.CodeMasterKeysAway
	if err != nil && !away {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.away == away:
	case away:
		slog.Warn("data keys in memory stay in use; what needs others is answered 503", "error", err)
	default:
		slog.Info("the Vault with the master keys can be used again")
	}
	m.away = away
	return err
}
