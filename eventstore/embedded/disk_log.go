package embedded

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"regexp"
	"strconv"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// The engine takes a chunk of its write-ahead log that is not whole for the end of the log, where a
// crash has cut it off, unless a later block of 32 KiB says that it was synced. So damage in the
// last block would take everything behind it away, without a word. checkLog looks into that block
// too.

// The form of the engine's write-ahead log: blocks of chunks, none of which crosses a block. A chunk
// has a checksum of what follows, its length, its type, the number of the log, and how far the log
// was synced when it was written.
const (
	logBlock     = 32 << 10
	chunkHeader  = 19
	firstSyncing = 9 // types of chunks that say how far the log was synced
	lastSyncing  = 12
)

// logName is the name of a write-ahead log, with its number.
var logName = regexp.MustCompile(`^(\d+)\.log$`)

// checkLog returns an error where the newest write-ahead log of the directory is damaged before
// something that was written later. Older ones may be those that the engine needs no more.
func checkLog(dir string, fs vfs.FS) error {
	names, err := fs.List(dir)
	if err != nil {
		return nil // whoever opens the directory says why
	}
	newest, number := "", uint64(0)
	for _, name := range names {
		found := logName.FindStringSubmatch(name)
		if found == nil {
			continue
		}
		if n, err := strconv.ParseUint(found[1], 10, 32); err == nil && n >= number {
			newest, number = name, n
		}
	}
	if newest == "" {
		return nil
	}
	text, err := readFile(fs, fs.PathJoin(dir, newest))
	if err != nil {
		return fmt.Errorf("read %s: %w", newest, err)
	}
	if at, damaged := damageOf(text, uint32(number)); damaged {
		return fmt.Errorf("%s is damaged at byte %d, before events that were recorded later: %w", newest, at, pebble.ErrCorruption)
	}
	return nil
}

func readFile(fs vfs.FS, name string) ([]byte, error) {
	f, err := fs.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// damageOf returns where the first chunk is that is not whole although the log was synced beyond it.
func damageOf(log []byte, number uint32) (at int, damaged bool) {
	for size := 0; ; at += size {
		if rest := logBlock - at%logBlock; rest < chunkHeader {
			at += rest // too little for a chunk
		}
		var whole bool
		if size, _, whole = chunkAt(log, at, number); !whole {
			break
		}
	}
	if closedBehind(log, at, number) {
		return at, true
	}
	// Whatever lies behind it, a chunk can begin at any byte.
	mark := binary.LittleEndian.AppendUint32(nil, number)
	for next := at + 1; next+chunkHeader <= len(log); next++ {
		found := bytes.Index(log[next+7:], mark)
		if found < 0 {
			break
		}
		next += found
		if _, synced, whole := chunkAt(log, next, number); whole && synced > uint64(at) {
			return at, true
		}
	}
	return 0, false
}

// closedBehind reports whether the log was closed after the chunk at that byte: then a chunk follows
// that has nothing but the number of the next log.
func closedBehind(log []byte, at int, number uint32) bool {
	if at+chunkHeader > len(log) {
		return false
	}
	end := append([]byte{0, 0, 0, 0, 0, 0, 5}, binary.LittleEndian.AppendUint32(nil, number+1)...)
	next := at + chunkHeader + int(binary.LittleEndian.Uint16(log[at+4:]))
	return next <= len(log) && bytes.HasPrefix(log[next:], end)
}

// chunkAt reads the chunk that begins there. whole is false where it is none of this log, or its
// checksum is wrong.
func chunkAt(log []byte, at int, number uint32) (size int, synced uint64, whole bool) {
	if at+chunkHeader > len(log) {
		return 0, 0, false
	}
	h := log[at:]
	size = chunkHeader + int(binary.LittleEndian.Uint16(h[4:]))
	switch {
	case h[6] < firstSyncing || h[6] > lastSyncing, binary.LittleEndian.Uint32(h[7:]) != number,
		size > len(h), at%logBlock+size > logBlock, binary.LittleEndian.Uint32(h) != checksum(h[6:size]):
		return 0, 0, false
	}
	return size, binary.LittleEndian.Uint64(h[11:]), true
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum is that of the engine's write-ahead log.
func checksum(b []byte) uint32 {
	c := crc32.Checksum(b, castagnoli)
	return (c>>15 | c<<17) + 0xa282ead8
}
