package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"tizilim/domain"
	"tizilim/domain/certificates"
	"tizilim/eventstore/command"
)

// keySize is the size of each key, in bytes.
const keySize = 32

// keys are the secrets of a registry. Every process of one registry needs the same
// ones. They are not in the log and must be backed up with it; the log has their
// fingerprints (see keyKinds).
type keys struct {
	person domain.PersonIDKey
	check  certificates.CheckKey
	tokens tokenKeys
	log    logKey

	password  command.PasswordKey
	authority authority // not used where --signature-roots names other authorities
}

// openKeys reads the keys from dir and creates those that are missing. Whoever calls it
// has made sure that the keys belong to the log ([proveKeys], [keysOfTool]).
func openKeys(dir string) (keys, error) {
	person, err := openKey(keyFile(dir, "person-id"))
	if err != nil {
		return keys{}, err
	}
	tokens, err := openTokenKeys(keyFile(dir, "token"))
	if err != nil {
		return keys{}, err
	}
	check, err := openKey(keyFile(dir, "document-check"))
	if err != nil {
		return keys{}, err
	}
	password, err := openKey(keyFile(dir, "one-time-password"))
	if err != nil {
		return keys{}, err
	}
	logSecret, err := openKey(keyFile(dir, "log"))
	if err != nil {
		return keys{}, err
	}
	demonstration, err := openAuthority(filepath.Join(dir, "demonstration-authority.pem"))
	if err != nil {
		return keys{}, err
	}
	return keys{
		person: person, check: check, tokens: tokens, log: logSecret, password: password, authority: demonstration,
	}, nil
}

// existingKeys reads the keys of a data directory, which must have keys already.
func existingKeys(ctx context.Context, data string) (keys, error) {
	if _, err := os.Stat(keysDir(data)); errors.Is(err, fs.ErrNotExist) {
		return keys{}, fmt.Errorf(
			"%s is not the data directory of a registry: give that of the server with --data",
			data,
		)
	}
	return keysOfTool(ctx, data)
}

// openKey reads a key and creates a missing one. Where two processes create it at once,
// both get the key of the first.
func openKey(path string) ([]byte, error) {
	key, err := readKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeKey(path); err != nil {
			return nil, fmt.Errorf("make key: %w", err)
		}
		return readKey(path)
	}
	return key, err
}

// readKey reads a key of 32 bytes in hex. Its error wraps [fs.ErrNotExist] where there is
// none.
func readKey(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != keySize {
		return nil, fmt.Errorf("%s is not a key of %d bytes in hex; "+
			"restore it from a backup (with a new key the recorded persons would not be found)", path, keySize)
	}
	return key, nil
}

// makeKey writes a random key to the path, unless there is one.
func makeKey(path string) error {
	key := make([]byte, keySize)
	if _, err := rand.Read(key); err != nil {
		return err
	}
	return makeOnce(path, []byte(hex.EncodeToString(key)+"\n"))
}

// makeOnce creates a file that only its owner can read, at once with its whole content.
// It keeps a file that exists, also on a disk that is full.
func makeOnce(path string, text []byte) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), ".key-*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(text)
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	if err := os.Link(temporary.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
