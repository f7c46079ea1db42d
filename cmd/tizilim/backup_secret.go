package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"filippo.io/age"
)

// minPassphrase is the shortest passphrase of a backup, in bytes. Whoever has the file can
// try passphrases without end.
const minPassphrase = 12

// backupRecipients are the flags that say who can open a backup.
type backupRecipients struct {
	Recipient      []string `help:"Public key of age that can open the backup (age1…), may be repeated." placeholder:"KEY" sep:"none"`
	PassphraseFile string   `help:"File with a passphrase that opens the backup, at least 12 characters." placeholder:"FILE" type:"path" env:"TIZILIM_BACKUP_PASSPHRASE_FILE"`
}

func (r backupRecipients) recipients() ([]age.Recipient, error) {
	switch {
	case len(r.Recipient) == 0 && r.PassphraseFile == "":
		return nil, errors.New("say who can open the backup: give --recipient or --passphrase-file")
	case len(r.Recipient) == 0:
		passphrase, err := readPassphrase(r.PassphraseFile)
		if err != nil {
			return nil, err
		}
		recipient, err := age.NewScryptRecipient(passphrase)
		return []age.Recipient{recipient}, err
	}
	recipients, err := age.ParseRecipients(strings.NewReader(strings.Join(r.Recipient, "\n")))
	if err != nil {
		return nil, errors.New("--recipient is not a public key of age: it begins with age1")
	}
	return recipients, nil
}

// backupIdentity are the flags with which a backup is opened.
type backupIdentity struct {
	IdentityFile   string `help:"File with the private key of age (AGE-SECRET-KEY-1…)." placeholder:"FILE" type:"path" env:"TIZILIM_BACKUP_IDENTITY_FILE"`
	PassphraseFile string `help:"File with the passphrase of the backup." placeholder:"FILE" type:"path" env:"TIZILIM_BACKUP_PASSPHRASE_FILE"`
}

func (i backupIdentity) identities() ([]age.Identity, error) {
	switch {
	case i.IdentityFile == "" && i.PassphraseFile == "":
		return nil, errors.New("say what opens the backup: give --identity-file or --passphrase-file")
	case i.IdentityFile == "":
		passphrase, err := readPassphrase(i.PassphraseFile)
		if err != nil {
			return nil, err
		}
		identity, err := age.NewScryptIdentity(passphrase)
		return []age.Identity{identity}, err
	}
	file, err := os.Open(i.IdentityFile)
	if err != nil {
		return nil, fmt.Errorf("the private key cannot be read: %w", err)
	}
	defer file.Close() // only read
	identities, err := age.ParseIdentities(file)
	if err != nil {
		return nil, fmt.Errorf("%s has no private key of age", i.IdentityFile) // the error might repeat the key
	}
	return identities, nil
}

func readPassphrase(file string) (string, error) {
	passphrase, err := readPassword(file)
	if err == nil && len(passphrase) < minPassphrase {
		err = fmt.Errorf("the passphrase in %s is too short: whoever has the backup can try passphrases without end, "+
			"so it has at least %d characters", file, minPassphrase)
	}
	return passphrase, err
}

// decrypt opens an encrypted backup.
func decrypt(from io.Reader, identities []age.Identity) (io.Reader, error) {
	opened, err := age.Decrypt(from, identities...)
	var noMatch *age.NoIdentityMatchError
	switch {
	case errors.As(err, &noMatch):
		return nil, errors.New("this passphrase or private key does not open the backup")
	case err != nil:
		return nil, fmt.Errorf("%w (%w)", errDamagedBackup, err)
	}
	return opened, nil
}
