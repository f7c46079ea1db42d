package eventstore

import "time"

// CacheKeysFor has the store ask the log again whether its data keys have changed once the
// time is over. Nobody may use the store meanwhile.
func (s *Store) CacheKeysFor(d time.Duration) { s.keys.cachedFor = d }
