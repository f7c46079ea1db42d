package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"tizilim/eventstore/seal"
)

// masterKeysVariable is the environment variable with the master keys, in place of their
// file. There is no flag for them: everybody on the machine can see flags.
const masterKeysVariable = "TIZILIM_MASTER_KEYS"

func masterKeysFile(data string) string { return keyFile(keysDir(data), "master") }

// openMasterKeys returns the master keys of a directory of keys. It asks nobody.
func openMasterKeys(dir string) (seal.MasterKeys, error) {
	m := &masterKeys{dir: dir}
	return m, m.refresh()
}

// holdsMasterKeys reports whether there are master keys for a directory of keys.
func holdsMasterKeys(dir string) bool {
	return os.Getenv(masterKeysVariable) != "" || fileExists(keyFile(dir, "master")) || fileExists(masterVaultFile(dir))
}

// localMasterKeys names the place of the local master keys.
func localMasterKeys(dir string) string {
	if os.Getenv(masterKeysVariable) != "" {
		return masterKeysVariable
	}
	return keyFile(dir, "master")
}

// openLocalMasterKeys returns the master keys of the environment, or of their file.
func openLocalMasterKeys(dir string) (*seal.Local, error) {
	if text := os.Getenv(masterKeysVariable); text != "" {
		keys, err := seal.NewLocal(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", masterKeysVariable, err)
		}
		return keys, nil
	}
	local, err := seal.OpenLocal(keyFile(dir, "master"))
	if err != nil {
		return nil, err
	}
	return local, nil
}

// newestMasterKey reads the master key that wraps new data keys: the first line of the file,
// or of the environment; of one in a Vault, what it is called.
func newestMasterKey(path string) ([]byte, error) {
	switch v, err := readMasterVault(filepath.Dir(path)); {
	case err == nil:
		return v.identity(), nil
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	text := os.Getenv(masterKeysVariable)
	if text == "" {
		file, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read key: %w", err)
		}
		text = string(file)
	}
	all, err := keysIn(path, text)
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// keysIn returns the keys in a text, one a line or with commas between them, 32 bytes in hex, the newest first: at least
// one. path is for the error.
func keysIn(path, text string) (all [][]byte, err error) {
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
		key, err := hex.DecodeString(line)
		if err != nil || len(key) != keySize {
			return nil, fmt.Errorf("%s does not have keys of %d bytes in hex, one a line; restore it from a backup",
				path, keySize)
		}
		all = append(all, key)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s has no key: restore it from a backup", path)
	}
	return all, nil
}

// addMasterKey puts a new master key before those of the file and returns its id. The file
// is replaced at once.
func addMasterKey(path string) (string, error) {
	held, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("master keys: %w", err)
	}
	key := make([]byte, keySize)
	if _, err := rand.Read(key); err != nil {
		return "", err
	}
	return seal.MasterID(key), replaceFile(path, append([]byte(hex.EncodeToString(key)+"\n"), held...))
}
