package embedded

// Stats says how much a store holds. Its cost does not depend on the size of the store.
type Stats struct {
	Events       uint64 `json:"events"`
	Streams      uint64 `json:"streams"`           // with at least one event; deleted ones too
	Removed      uint64 `json:"removed,omitempty"` // events, by scavenges
	LastPosition uint64 `json:"last_position"`     // 0 in an empty store
	DiskBytes    uint64 `json:"disk_bytes"`
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
	return Stats{
		Events: t.events, Streams: t.streams, Removed: t.removedEvents,
		LastPosition: v.last, DiskBytes: v.engine.db.Metrics().DiskSpaceUsage(),
	}, err
}
