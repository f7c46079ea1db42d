package main

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tizilim/eventstore/papers"
)

// A backup is one file: a tar archive, encrypted with age (age-encryption.org/v1). It has
// the files of the event store in eventstore/, the keys in keys/, the files of papers in papers/, the files below that
// exist, and at its end the manifest. age notices a changed bit and a missing end.

const (
	backupFormat   = 1
	backupManifest = "manifest.json"
	backupStore    = "eventstore"
	backupKeys     = "keys"
	backupPapers   = "papers"
	backupCitizens = "mobile-citizens.jsonl"
	backupRules    = "rules.json"
	backupCalendar = "calendar.json"
)

// manifest says what a backup holds.
type manifest struct {
	Format  int          `json:"format"`
	Version string       `json:"version"` // of the program
	MadeAt  time.Time    `json:"made_at"`
	Head    uint64       `json:"head"` // position of the last event in the store; 0: no store or no event
	Events  uint64       `json:"events"`
	Files   []backupFile `json:"files"` // by name, without the manifest
}

// backupFile is one file of a backup.
type backupFile struct {
	Name   string `json:"name"` // with slashes
	Size   int64  `json:"size"` // bytes
	SHA256 string `json:"sha256"`

	from string // path of the file that is backed up
}

// regularFiles returns the files of the directory, which has no directories, for the
// folder of a backup.
func regularFiles(dir, folder string) (files []backupFile, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if !entry.Type().IsRegular() || entry.Name() == "LOCK" || strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		files = append(files, backupFile{Name: folder + "/" + entry.Name(), from: filepath.Join(dir, entry.Name())})
	}
	return files, nil
}

// writeArchive writes the files and, last, their manifest. It calls show with the number of
// bytes that are written.
func writeArchive(ctx context.Context, to io.Writer, m manifest, show func(done int64)) error {
	archive := tar.NewWriter(to)
	done := int64(0)
	for i := range m.Files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := archiveFile(archive, &m.Files[i]); err != nil {
			return fmt.Errorf("%s: %w", m.Files[i].Name, err)
		}
		done += m.Files[i].Size
		show(done)
	}
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	err = archive.WriteHeader(&tar.Header{Name: backupManifest, Mode: 0o600, Size: int64(len(text)), ModTime: m.MadeAt})
	if err != nil {
		return err
	}
	if _, err := archive.Write(text); err != nil {
		return err
	}
	return archive.Close()
}

// archiveFile writes one file and sets its size and its hash.
func archiveFile(archive *tar.Writer, file *backupFile) error {
	in, err := os.Open(file.from)
	if err != nil {
		return err
	}
	defer in.Close() // only read
	info, err := in.Stat()
	if err != nil {
		return err
	}
	file.Size = info.Size()
	err = archive.WriteHeader(&tar.Header{Name: file.Name, Mode: 0o600, Size: file.Size, ModTime: info.ModTime()})
	if err != nil {
		return err
	}
	hash := sha256.New()
	if _, err := io.Copy(io.MultiWriter(archive, hash), in); err != nil {
		return err
	}
	file.SHA256 = hex.EncodeToString(hash.Sum(nil))
	return nil
}

// errDamagedBackup says that a backup is not what it was when it was made.
var errDamagedBackup = errors.New("the backup is damaged or incomplete: take another one")

// readArchive writes the files of an archive into the directory, which is empty, and
// compares them with the manifest.
func readArchive(ctx context.Context, from io.Reader, dir string) (m manifest, err error) {
	archive := tar.NewReader(from)
	found := map[string]backupFile{}
	for {
		if err := ctx.Err(); err != nil {
			return m, err
		}
		header, err := archive.Next()
		switch {
		case err == io.EOF: // without a manifest, since the manifest ends the loop
			return m, errDamagedBackup
		case err != nil:
			return m, fmt.Errorf("%w (%w)", errDamagedBackup, err)
		case header.Name == backupManifest:
			if m, err = readManifest(archive); err != nil {
				return m, err
			}
			return m, compareManifest(m, found, from)
		case !belongsToBackup(header):
			return m, fmt.Errorf("the backup has a file of another kind, %q: it was made by a later version", header.Name)
		}
		file, err := extract(archive, header, dir)
		if err != nil {
			return m, err
		}
		found[file.Name] = file
	}
}

// belongsToBackup reports whether a backup of this format has such a file.
func belongsToBackup(header *tar.Header) bool {
	if header.Typeflag != tar.TypeReg {
		return false
	}
	folder, name, nested := strings.Cut(header.Name, "/")
	if !nested {
		return slices.Contains([]string{backupCitizens, backupRules, backupCalendar}, header.Name)
	}
	if folder == backupPapers {
		return papers.IsPath(name)
	}
	return (folder == backupStore || folder == backupKeys) && filepath.IsLocal(name) && !strings.ContainsAny(name, `/\`)
}

func readManifest(from io.Reader) (m manifest, err error) {
	text, err := io.ReadAll(from)
	if err != nil {
		return m, fmt.Errorf("%w (%w)", errDamagedBackup, err)
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("%w (%w)", errDamagedBackup, err)
	}
	if m.Format != backupFormat {
		return m, fmt.Errorf("the backup has the format %d, and this version reads %d only", m.Format, backupFormat)
	}
	return m, nil
}

// compareManifest compares the manifest with what was found, and reads the archive to its
// end, by which age proves that nothing is cut off.
func compareManifest(m manifest, found map[string]backupFile, rest io.Reader) error {
	for _, file := range m.Files {
		if found[file.Name] != file {
			return fmt.Errorf("%w (%s)", errDamagedBackup, file.Name)
		}
		delete(found, file.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		return fmt.Errorf("%w (%s)", errDamagedBackup, name)
	}
	if _, err := io.Copy(io.Discard, rest); err != nil {
		return fmt.Errorf("%w (%w)", errDamagedBackup, err)
	}
	return nil
}

// extract writes one file below the directory, for its owner only.
func extract(archive io.Reader, header *tar.Header, dir string) (file backupFile, err error) {
	path := filepath.Join(dir, filepath.FromSlash(header.Name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return file, err
	}
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return file, fmt.Errorf("%w (%s)", errDamagedBackup, header.Name)
	}
	if err != nil {
		return file, err
	}
	hash := sha256.New()
	size, err := io.Copy(io.MultiWriter(out, hash), archive)
	if err != nil {
		return file, errors.Join(fmt.Errorf("%w (%w)", errDamagedBackup, err), out.Close())
	}
	file = backupFile{Name: header.Name, Size: size, SHA256: hex.EncodeToString(hash.Sum(nil))}
	return file, errors.Join(out.Sync(), out.Close())
}

// ageHeader begins each file that age has encrypted.
var ageHeader = []byte("age-encryption.org/")

// isBackup reports whether the text is the beginning of an encrypted file.
func isBackup(beginning []byte) bool { return bytes.HasPrefix(beginning, ageHeader) }
