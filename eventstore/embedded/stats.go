package embedded

import (
	"errors"
	"io/fs"
)

// Stats says how much a store holds. Its cost does not depend on the number of events.
type Stats struct {
	Events       uint64 `json:"events"`
	Streams      uint64 `json:"streams"`           // with at least one event; deleted ones too
	Removed      uint64 `json:"removed,omitempty"` // events, by scavenges
	LastPosition uint64 `json:"last_position"`     // 0 in an empty store
	DiskBytes    uint64 `json:"disk_bytes"`        // of all files
}

// Stats returns the statistics of the store.
func (n *Node) Stats() (Stats, error) {
	var stats Stats
	err := n.whileOpen(func() (err error) {
		v := n.store.view()
		defer v.release()
		stats, err = v.stats()
		return err
	})
	return stats, err
}

// ReadStats returns the statistics of the store in a directory that no node has open.
func ReadStats(dir string) (Stats, error) {
	var stats Stats
	err := inspect(dir, func(v *view) (err error) {
		stats, err = v.stats()
		return err
	})
	return stats, err
}

func (v *view) stats() (Stats, error) {
	t, _, err := lookup(v.snapshot, []byte{keyTotals}, decodeTotals)
	used, failed := v.engine.disk.used()
	return Stats{
		Events: t.events, Streams: t.streams, Removed: t.removedEvents, LastPosition: v.last, DiskBytes: used,
	}, errors.Join(err, failed)
}

// used returns the size of all files of the store, in bytes. It looks at the files, since the engine
// tells its size only once it has written its manifest, which on a bad disk may be never.
func (d *disk) used() (bytes uint64, err error) {
	names, err := d.List(d.dir)
	for _, name := range names {
		info, err := d.Stat(d.PathJoin(d.dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed meanwhile
		}
		if err != nil {
			return 0, err
		}
		if !info.IsDir() {
			bytes += uint64(info.Size())
		}
	}
	return bytes, err
}
