package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"

	"tizilim/domain"
	"tizilim/eventstore/embedded"
	"tizilim/eventstore/tree"
	"tizilim/projections"
)

type backupCommand struct {
	File string `arg:"" help:"File to write; it must not exist." type:"path"`
	Data string `help:"Data directory of the server." default:"./data" type:"path" env:"TIZILIM_DATA"`
	backupRecipients
	KeysOnly bool   `help:"Back up the keys without the event store, such as where the log is in an EventStoreDB."`
	Rules    string `help:"The server's table of rules." placeholder:"FILE" type:"existingfile" env:"TIZILIM_RULES"`
	Calendar string `help:"The server's calendar." placeholder:"FILE" type:"existingfile" env:"TIZILIM_CALENDAR"`
}

func (c *backupCommand) Run(ctx context.Context) (err error) {
	if _, err := os.Lstat(c.File); err == nil {
		return fmt.Errorf("%s exists: name a file that does not exist", c.File)
	}
	recipients, err := c.recipients()
	if err != nil {
		return err
	}
	store := storeDir{storeDirOf(c.Data)}
	if !c.KeysOnly && store.exists() != nil {
		return fmt.Errorf("there is no event store in %s: an EventStoreDB is backed up by its own tools, "+
			"and --keys-only backs up the keys", store.Data)
	}
	if err := c.proveKeys(ctx, store); err != nil {
		return err
	}
	m := manifest{Format: backupFormat, Version: version(), MadeAt: time.Now().UTC().Truncate(time.Second)}
	if !c.KeysOnly {
		// Beside the store, where a copy shares its files by hard links.
		copied, err := os.MkdirTemp(c.Data, ".backup-")
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(copied)) }()
		if err := c.addStore(ctx, store, filepath.Join(copied, "store"), &m); err != nil {
			return err
		}
	}
	if err := c.addFiles(&m); err != nil {
		return err
	}
	if !c.KeysOnly { // after the store: each file that its events name is there by now
		files, err := backedUpPapers(ctx, c.Data)
		if err != nil {
			return err
		}
		m.Files = append(m.Files, files...)
	}
	if err := c.write(ctx, recipients, m); err != nil {
		return fmt.Errorf("back up to %s: %w", c.File, err)
	}
	fmt.Printf("backed up %d events, up to position %d, and the keys to %s\n", m.Events, m.Head, c.File)
	return nil
}

// proveKeys refuses a backup whose keys do not belong to its log.
func (c *backupCommand) proveKeys(ctx context.Context, store storeDir) (err error) {
	have, err := fingerprints(keysDir(c.Data))
	if err != nil {
		return err
	}
	if len(have) == 0 {
		return fmt.Errorf("there are no keys in %s: give the data directory of the server with --data", c.Data)
	}
	if c.KeysOnly && store.exists() != nil {
		if e, err := readEndpoints(c.Data); err == nil && e.alive(ctx) {
			return compareWithLog(ctx, e, keysDir(c.Data), have)
		}
		return nil
	}
	log, end, err := store.reach(ctx, looking, credentials{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	ring, _, err := readRing(ctx, log)
	if err != nil {
		return err
	}
	_, err = ring.Compare(kindsOfKeys(), have, false)
	return keySentence(keysDir(c.Data), err)
}

// addStore copies the store, also while it is served, and adds the copy to the manifest.
func (c *backupCommand) addStore(ctx context.Context, store storeDir, to string, m *manifest) error {
	done, err := askAdmin(ctx, store.Data, "backup", to, nil)
	if err == nil && !done {
		err = store.lookOffline(func(node *embedded.Node) error { return node.Backup(to) })
	}
	if err != nil {
		return err
	}
	stats, err := embedded.ReadStats(to)
	if err != nil {
		return err
	}
	m.Head, m.Events = stats.LastPosition, stats.Events
	files, err := regularFiles(to, backupStore)
	m.Files = append(m.Files, files...)
	return err
}

// addFiles adds the keys and the other files.
func (c *backupCommand) addFiles(m *manifest) error {
	files, err := regularFiles(keysDir(c.Data), backupKeys)
	if err != nil {
		return err
	}
	m.Files = append(m.Files, files...)
	for _, file := range []backupFile{
		{Name: backupCitizens, from: mobileCitizensFile(c.Data)},
		{Name: backupRules, from: c.Rules}, {Name: backupCalendar, from: c.Calendar},
	} {
		if _, err := os.Stat(file.from); errors.Is(err, fs.ErrNotExist) { // an empty name as well
			continue
		}
		m.Files = append(m.Files, file)
	}
	return nil
}

// write writes the backup. It appears under its name when it is complete and on disk.
func (c *backupCommand) write(ctx context.Context, recipients []age.Recipient, m manifest) error {
	total := int64(0)
	for _, file := range m.Files {
		info, err := os.Stat(file.from)
		if err != nil {
			return err
		}
		total += info.Size()
	}
	out, err := os.CreateTemp(filepath.Dir(c.File), ".backup-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	bar := newBar("backing up")
	defer bar.finish()
	err = func() error {
		encrypted, err := age.Encrypt(out, recipients...)
		if err != nil {
			return err
		}
		show := func(done int64) {
			bar.show(projections.Progress{Position: domain.Position(done), Target: domain.Position(total)})
		}
		if err := writeArchive(ctx, encrypted, m, show); err != nil {
			return err
		}
		return encrypted.Close()
	}()
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return err
	}
	if err := os.Link(out.Name(), c.File); err != nil { // which never replaces a file
		return err
	}
	return syncDir(filepath.Dir(c.File))
}

// syncDir makes the names in the directory durable.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

type restoreCommand struct {
	File string `arg:"" help:"Backup." type:"existingfile"`
	Data string `help:"Data directory to restore to; it must be empty or not exist." default:"./data" type:"path" env:"TIZILIM_DATA"`
	backupIdentity
}

func (c *restoreCommand) Run(ctx context.Context) (err error) {
	if !empty(c.Data) {
		return fmt.Errorf("%s is not empty: give another directory with --data", c.Data)
	}
	identities, err := c.identities()
	if err != nil {
		return err
	}
	parent := filepath.Dir(filepath.Clean(c.Data))
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return err
	}
	restored, err := os.MkdirTemp(parent, ".restore-") // mode 0700
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(restored)) }() // which is renamed after a success
	m, err := c.extract(ctx, identities, restored)
	if err != nil {
		return fmt.Errorf("restore %s: %w", c.File, err)
	}
	found, err := proveRestored(ctx, restored, m)
	if err != nil {
		return fmt.Errorf("restore %s: %w", c.File, err)
	}
	if err := os.Remove(c.Data); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(restored, c.Data); err != nil {
		return err
	}
	if err := syncDir(parent); err != nil {
		return err
	}
	fmt.Printf("restored %d events, up to position %d, and the keys to %s; the backup was made at %s\n",
		m.Events, m.Head, c.Data, m.MadeAt.In(domain.Zone).Format(time.RFC3339))
	if v, err := readMasterVault(keysDir(c.Data)); err == nil {
		fmt.Printf("the master key is %s in the Vault at %s: without it no personal value can be read\n", v.name(), v.Address)
	}
	for name, flag := range map[string]string{backupRules: "--rules", backupCalendar: "--calendar"} {
		if _, err := os.Stat(filepath.Join(c.Data, name)); err == nil {
			fmt.Printf("start the server with %s %s\n", flag, quoted(filepath.Join(c.Data, name)))
		}
	}
	if err := tampered(found); err != nil {
		return fmt.Errorf("restored, but before the backup was made %w", err)
	}
	return nil
}

// extract decrypts the backup into the directory.
func (c *restoreCommand) extract(ctx context.Context, identities []age.Identity, dir string) (m manifest, err error) {
	file, err := os.Open(c.File)
	if err != nil {
		return m, err
	}
	defer file.Close() // only read
	info, err := file.Stat()
	if err != nil {
		return m, err
	}
	beginning := make([]byte, len(ageHeader))
	if _, err := io.ReadFull(file, beginning); err != nil || !isBackup(beginning) {
		return m, errors.New("it is not a backup of tizilim backup")
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return m, err
	}
	bar := newBar("restoring")
	defer bar.finish()
	read := &countedReader{Reader: file, show: func(done int64) {
		bar.show(projections.Progress{Position: domain.Position(done), Target: domain.Position(info.Size())})
	}}
	opened, err := decrypt(read, identities)
	if err != nil {
		return m, err
	}
	return readArchive(ctx, opened, dir)
}

// countedReader tells how many bytes were read.
type countedReader struct {
	io.Reader
	done int64
	show func(done int64)
}

func (r *countedReader) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	r.done += int64(n)
	r.show(r.done)
	return n, err
}

// proveRestored proves that the restored store is sound and complete, and that the restored
// keys belong to its log. Then it compares the log with its signed heads: a log that was
// changed before the backup is no fault of the backup, so what is found is no error.
func proveRestored(ctx context.Context, data string, m manifest) (found *tree.Report, err error) {
	store := storeDirOf(data)
	if !holdsStore(store) {
		return nil, nil // a backup of the keys
	}
	report, err := embedded.Check(ctx, store)
	switch {
	case err != nil:
		return nil, err
	case !report.Sound():
		return nil, fmt.Errorf("%w (%s)", errDamagedBackup, report.Problems[0])
	case report.LastPosition != m.Head || report.Events != m.Events:
		return nil, fmt.Errorf("%w (the store ends at position %d, not %d)", errDamagedBackup, report.LastPosition, m.Head)
	}
	have, err := fingerprints(keysDir(data))
	if err != nil {
		return nil, err
	}
	log, end, err := openOffline(store, looking)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, end()) }()
	ring, _, err := readRing(ctx, log)
	if err != nil {
		return nil, err
	}
	if _, err = ring.Compare(kindsOfKeys(), have, false); err != nil {
		return nil, fmt.Errorf("the keys of the backup do not belong to its log: %w", err)
	}
	return compareWithHeads(ctx, data, log)
}
