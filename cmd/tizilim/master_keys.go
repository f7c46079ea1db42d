package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"tizilim/eventstore/seal"
)

// masterKeysVariable is the environment variable with the master keys, in place of their
// file. There is no flag for them: everybody on the machine can see flags.
const masterKeysVariable = "TIZILIM_MASTER_KEYS"

func masterKeysFile(data string) string { return filepath.Join(keysDir(data), "master.key") }

// openMasterKeys returns the master keys of the environment or of the data directory, where
// it makes the first one.
func openMasterKeys(data string) (*seal.Local, error) {
	if text := os.Getenv(masterKeysVariable); text != "" {
		keys, err := seal.NewLocal(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", masterKeysVariable, err)
		}
		return keys, nil
	}
	path := masterKeysFile(data)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := makeKey(path); err != nil {
			return nil, fmt.Errorf("make key: %w", err)
		}
	}
	return seal.OpenLocal(path)
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
	return seal.MasterID(key), replaceKeyFile(path, append([]byte(hex.EncodeToString(key)+"\n"), held...))
}

// replaceKeyFile replaces a file that only its owner can read, at once and on the disk.
func replaceKeyFile(path string, text []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), ".key-*") // with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(text)
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	if err := os.Rename(temporary.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
