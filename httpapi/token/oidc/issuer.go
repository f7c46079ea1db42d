package oidc

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/golang-jwt/jwt/v5"

	"tizilim/domain"
	"tizilim/httpapi/token"
)

// Timing says when an issuer is asked for its keys. The zero Timing is [DefaultTiming].
type Timing struct {
	// Refresh is how often the keys are fetched again. A key that the issuer has
	// withdrawn is accepted no longer than this.
	Refresh time.Duration
	// Pause is the least time between two fetches because of an unknown key.
	Pause time.Duration
	// Patience is how long a token with an unknown key waits for a fetch.
	Patience time.Duration
	// Retry is the longest pause between two attempts while the issuer does not answer.
	Retry time.Duration
	// Keep is for how long keys are used without an answer of the issuer.
	Keep time.Duration
}

// DefaultTiming suits issuers that publish a new key minutes before they sign with it.
var DefaultTiming = Timing{
	Refresh: 10 * time.Minute, Pause: 10 * time.Second, Patience: 2 * time.Second,
	Retry: 15 * time.Second, Keep: 24 * time.Hour,
}

// maxWaiting bounds how many requests wait for the keys of an issuer. Others with an
// unknown key are refused at once.
const maxWaiting = 32

// Issuer verifies the tokens of one identity provider. It is safe for concurrent use.
type Issuer struct {
	config IssuerConfig
	person domain.PersonIDKey
	client *http.Client
	logger *slog.Logger
	timing Timing

	keys  atomic.Pointer[keySet] // nil: none are known
	epoch atomic.Uint64

	mu      sync.Mutex
	wake    chan struct{} // asks Run to fetch now; written while mu is held
	tried   time.Time     // when the last fetch began
	fetched chan struct{} // closed at the end of the next fetch
	waiting int
}

// NewIssuer returns an Issuer that knows no keys yet; call [Issuer.Run]. Until it has
// fetched the keys once, its tokens cannot be checked.
func NewIssuer(config IssuerConfig, person domain.PersonIDKey, logger *slog.Logger, timing Timing) *Issuer {
	if timing == (Timing{}) {
		timing = DefaultTiming
	}
	return &Issuer{
		config: config, person: person, client: newClient(), logger: logger, timing: timing,
		wake: make(chan struct{}, 1), fetched: make(chan struct{}),
	}
}

// Run fetches the keys, now, at intervals and when a token has an unknown key, until ctx
// ends. While the issuer does not answer, it tries again and again.
func (i *Issuer) Run(ctx context.Context) {
	defer i.client.CloseIdleConnections()
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval = min(time.Second, i.timing.Retry)
	pause.MaxInterval = i.timing.Retry
	var answered, explained time.Time
	for {
		err := i.fetch(ctx)
		if ctx.Err() != nil {
			return
		}
		wait := i.timing.Refresh
		if err == nil {
			if answered.IsZero() || !explained.IsZero() {
				i.logger.Info("the keys of the identity provider are known", "issuer", i.config.Name)
			}
			answered, explained = time.Now(), time.Time{}
			pause.Reset()
		} else {
			wait = pause.NextBackOff()
			if time.Since(explained) > time.Minute {
				explained = time.Now()
				i.logger.Warn("the identity provider does not give its keys; tokens with keys that are not known are refused",
					"issuer", i.config.Name, "error", err)
			}
			if time.Since(answered) > i.timing.Keep {
				i.use(nil)
			}
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-i.wake:
		}
		timer.Stop()
	}
}

// fetch fetches the keys once, and lets go on who waits for them.
func (i *Issuer) fetch(ctx context.Context) error {
	i.mu.Lock()
	i.tried = time.Now()
	select {
	case <-i.wake: // who has asked until now waits for this fetch
	default:
	}
	i.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, 2*fetchTimeout)
	defer cancel()
	keys, err := fetchKeys(ctx, i.client, i.config.Issuer)
	if err == nil {
		i.use(keys)
	}
	i.mu.Lock()
	close(i.fetched)
	i.fetched = make(chan struct{})
	i.mu.Unlock()
	return err
}

// use replaces the keys. Where none of them changes, tokens stay verified.
func (i *Issuer) use(keys keySet) {
	if known := i.keys.Load(); known != nil && known.same(keys) {
		return
	}
	if keys == nil {
		i.keys.Store(nil)
	} else {
		i.keys.Store(&keys)
	}
	i.epoch.Add(1)
}

// Epoch implements [token.Source].
func (i *Issuer) Epoch() uint64 { return i.epoch.Load() }

// Verify implements [token.Source].
func (i *Issuer) Verify(ctx context.Context, text string, now time.Time) (token.Verified, error) {
	claims, err := i.parse(text, now)
	var refused *token.Refused
	if errors.As(err, &refused) && refused.Reason == token.UnknownKey && i.refetched(ctx) {
		claims, err = i.parse(text, now)
	}
	if err != nil {
		return token.Verified{}, err
	}
	return i.verified(claims, now)
}

// parse checks the signature, the issuer, the audience and the times of a token.
func (i *Issuer) parse(text string, now time.Time) (jwt.MapClaims, error) {
	keys := i.keys.Load()
	if keys == nil {
		return nil, domain.Refuse(domain.Unavailable, domain.CodeIssuerAway,
			"the identity provider that issued this token cannot be reached now; send the same request again later")
	}
	claims := jwt.MapClaims{}
	_, err := jwt.NewParser(
		jwt.WithValidMethods(i.config.Algorithms), jwt.WithIssuer(i.config.Issuer),
		jwt.WithAudience(i.config.Audiences...), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
		jwt.WithLeeway(time.Duration(i.config.Skew)), jwt.WithTimeFunc(func() time.Time { return now }),
	).ParseWithClaims(text, claims, func(t *jwt.Token) (any, error) {
		if err := token.CheckHeader(t); err != nil {
			return nil, err
		}
		id, _ := t.Header["kid"].(string)
		k, known := (*keys)[id]
		if !known {
			return nil, &token.Refused{Reason: token.UnknownKey}
		}
		if !slices.Contains(k.algorithms, t.Method.Alg()) {
			return nil, &token.Refused{Reason: token.WrongAlgorithm}
		}
		return k.public, nil
	})
	if err != nil {
		return nil, token.RefusalOf(err)
	}
	return claims, nil
}

// refetched has the keys fetched because of an unknown one, and waits for it. It returns
// false at once where that happened a short time ago, or where enough requests wait: a
// flood of unknown keys costs the issuer nothing, and us no more than other bad tokens.
func (i *Issuer) refetched(ctx context.Context) bool {
	i.mu.Lock()
	if time.Since(i.tried) < i.timing.Pause || i.waiting >= maxWaiting {
		i.mu.Unlock()
		return false
	}
	i.waiting++
	fetched := i.fetched
	select {
	case i.wake <- struct{}{}:
	default: // somebody has asked already
	}
	i.mu.Unlock()
	defer func() {
		i.mu.Lock()
		i.waiting--
		i.mu.Unlock()
	}()
	timer := time.NewTimer(i.timing.Patience)
	defer timer.Stop()
	select {
	case <-fetched:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}
