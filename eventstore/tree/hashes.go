package tree

import (
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/tlog"
)

// hashes are the stored hashes of a tree, in the order of [tlog.StoredHashIndex]. They
// are in a file without a name, so that a process that ends leaves nothing behind.
type hashes struct {
	file *os.File
	n    int64 // hashes in the file
}

// openHashes makes an empty file in the directory; "" stands for that of temporary files.
func openHashes(dir string) (*hashes, error) {
	file, err := os.CreateTemp(dir, ".tree-*")
	if err != nil {
		return nil, fmt.Errorf("the hashes of the log need a file: %w", err)
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, fmt.Errorf("the file of the hashes of the log: %w", err)
	}
	return &hashes{file: file}, nil
}

func (h *hashes) close() error { return h.file.Close() }

// ReadHashes implements [tlog.HashReader].
func (h *hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	read := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if _, err := h.file.ReadAt(read[i][:], index*tlog.HashSize); err != nil {
			return nil, fmt.Errorf("read a hash of the log: %w", err)
		}
	}
	return read, nil
}

// add writes the hashes behind the others.
func (h *hashes) add(more []tlog.Hash) error {
	b := make([]byte, 0, len(more)*tlog.HashSize)
	for _, hash := range more {
		b = append(b, hash[:]...)
	}
	if _, err := h.file.WriteAt(b, h.n*tlog.HashSize); err != nil {
		return fmt.Errorf("write the hashes of the log: %w", err)
	}
	h.n += int64(len(more))
	return nil
}

// grown returns the hashes that leaves add to a tree of the size, and its new root.
func (h *hashes) grown(size int64, leaves []leaf) (more []tlog.Hash, root tlog.Hash, err error) {
	both := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		read := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			if index >= h.n {
				read[i] = more[index-h.n]
				continue
			}
			if _, err := h.file.ReadAt(read[i][:], index*tlog.HashSize); err != nil {
				return nil, fmt.Errorf("read a hash of the log: %w", err)
			}
		}
		return read, nil
	})
	for i, l := range leaves {
		stored, err := tlog.StoredHashesForRecordHash(size+int64(i), l.hash, both)
		if err != nil {
			return nil, root, err
		}
		more = append(more, stored...)
	}
	root, err = tlog.TreeHash(size+int64(len(leaves)), both)
	return more, root, err
}
