package command

import (
	"sync"
	"time"
)

const (
	// firstPostponement follows the second failure in a row; each later one is twice as
	// long, up to longestPostponement. After the first failure a thing is tried at the next
	// look: most failures are over by then.
	firstPostponement   = 2 * time.Second
	longestPostponement = time.Minute
	// longestLook is how many things of a list one call returns at most.
	longestLook = 1000
)

// postponed takes turns through a list of things to do. What failed waits for a while and
// comes after what did not, so that things that can never be done keep no other one waiting,
// however many they are. The zero value has seen no failure. It is safe for concurrent use.
type postponed[K comparable] struct {
	mu     sync.Mutex
	failed map[K]failures
}

// failures are those of one thing, in a row.
type failures struct {
	count int
	until time.Time // it is not tried before
}

// turn returns the things whose turn it is at the instant: at most so many that have not
// failed, in the order of the list, and then a quarter as many that have. page returns at
// most limit things of the list behind the first skip ones.
func (p *postponed[K]) turn(now time.Time, most int, page func(skip, limit int) ([]K, error)) ([]K, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	limit := min(most+len(p.failed), longestLook)
	listed := make(map[K]failures)
	var first, again []K
	for skip := 0; len(first) < most; skip += limit {
		things, err := page(skip, limit)
		if err != nil {
			return nil, err
		}
		for _, thing := range things {
			switch f, failed := p.failed[thing]; {
			case failed:
				listed[thing] = f
				if !now.Before(f.until) && len(again) < most/4 {
					again = append(again, thing)
				}
			case len(first) < most:
				first = append(first, thing)
			}
		}
		if len(things) < limit {
			p.failed = listed // the others are done, or not to be done any more
			break
		}
	}
	return append(first, again...), nil
}

// tried says what came of a thing at the instant.
func (p *postponed[K]) tried(thing K, now time.Time, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		delete(p.failed, thing)
		return
	}
	if p.failed == nil {
		p.failed = make(map[K]failures)
	}
	f := p.failed[thing]
	f.count++
	if doublings := f.count - 2; doublings >= 0 {
		f.until = now.Add(min(firstPostponement<<min(doublings, 10), longestPostponement))
	}
	p.failed[thing] = f
}
