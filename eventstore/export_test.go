package eventstore

import "time"

// CacheKeysFor has the store ask the log again whether its data keys have changed once the
// time is over. Nobody may use the store meanwhile.
func (s *Store) CacheKeysFor(d time.Duration) { s.keys.cachedFor = d }

// AnswerWithin has every call end after the time, as if the log did not answer. Nobody may use the
// store meanwhile.
func (s *Store) AnswerWithin(d time.Duration) { s.timeout = d }
