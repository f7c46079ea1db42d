package token

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"tizilim/domain"
	"tizilim/domain/revocation"
)

const (
	// readEvery is the pause between two looks for new revocations.
	readEvery = 500 * time.Millisecond
	// readTimeout bounds one look.
	readTimeout = 2 * time.Second
	// readPage is how many revocations one call reads.
	readPage = 500
	// staffPatience is for how long staff are let in without news of revocations.
	staffPatience = 10 * time.Second
	// explainEvery is the pause between two warnings of the same trouble.
	explainEvery = time.Minute
)

// RevocationLog is what [Revocations] need of the log.
type RevocationLog interface {
	// ReadPage returns at most limit events of the stream from the revision on.
	ReadPage(ctx context.Context, stream string, from uint64, limit int) ([]domain.Recorded, error)
}

// Revocations knows which tokens are revoked. It reads on in the stream of revocations
// twice a second, so that a request costs no round trip. It is safe for concurrent use.
//
// It fails closed. Until it has read the stream once, no token is accepted. Where it
// could not read on for 10 seconds, no token of staff is: they see data of others, and
// their acts need the log in any case. Citizens see their own data only, and go on.
type Revocations struct {
	log    RevocationLog
	logger *slog.Logger

	reading sync.Mutex // held while next is read on
	next    uint64     // revision that is read next

	mu     sync.RWMutex
	list   revocation.List
	readAt time.Time // when the end of the stream was last seen; zero: never
}

// NewRevocations returns Revocations that know nothing yet; call [Revocations.Run].
func NewRevocations(log RevocationLog, logger *slog.Logger) *Revocations {
	return &Revocations{log: log, logger: logger}
}

// Run reads on until ctx ends.
func (r *Revocations) Run(ctx context.Context) {
	tick := time.NewTicker(readEvery)
	defer tick.Stop()
	var explained time.Time
	for {
		if err := r.ReadOn(ctx); err != nil && ctx.Err() == nil && time.Since(explained) > explainEvery {
			explained = time.Now()
			r.logger.Warn("revoked tokens cannot be read from the log; tokens of staff are refused until they can",
				"error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// ReadOn reads the revocations that are new, to the end of the stream.
func (r *Revocations) ReadOn(ctx context.Context) error {
	r.reading.Lock()
	defer r.reading.Unlock()
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	for {
		began := time.Now()
		events, err := r.log.ReadPage(ctx, revocation.Stream, r.next, readPage)
		if err != nil {
			return err
		}
		r.mu.Lock()
		for _, e := range events {
			r.list.Apply(e)
			r.next = e.Revision + 1
		}
		if len(events) < readPage {
			r.list.Forget(began)
			r.readAt = began
		}
		r.mu.Unlock()
		if len(events) < readPage {
			return nil
		}
	}
}

// check returns an error where the token is revoked, or where that is not known.
func (r *Revocations) check(v Verified) error {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.readAt.IsZero() || time.Since(r.readAt) > staffPatience && !v.IsCitizen() {
		return domain.Refuse(domain.Unavailable, domain.CodeLogUnavailable,
			"whether this token was revoked cannot be checked now; send the same request again")
	}
	// The clock of the issuer may be ahead of the one that dated the revocation.
	if r.list.Refuses(v.ID, v.Account, v.IssuedAt.Add(-v.Skew)) {
		return refuse(Revoked)
	}
	return nil
}
