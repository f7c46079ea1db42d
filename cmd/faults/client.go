package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/httpapi/operation"
	"tizilim/httpapi/token"
)

const (
	// requestPatience is how long a client waits for an answer before it asks the other
	// process. It is shorter than what the API takes at most, so that both processes often
	// carry out one command at the same time.
	requestPatience = 3 * time.Second
	// answerPatience is how long a command may stay without an answer once everything is
	// mended.
	answerPatience = time.Minute
)

// service is the API as its clients see it: two processes, either of which may answer.
type service struct {
	urls    [2]string
	http    *http.Client
	issuer  *token.Issuer
	violate func(format string, args ...any)

	operations *atomic.Int64
	seen       atomic.Uint64 // the newest position of which any client was told

	mu     sync.Mutex // guards tokens
	tokens map[token.Principal]string
}

func newService(r *rig, w *world) *service {
	return &service{
		urls: [2]string{w.apis[0].url, w.apis[1].url}, issuer: w.tokens, violate: r.violate, operations: &r.operations,
		http:   &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
		tokens: map[token.Principal]string{},
	}
}

// staff is an account of a role.
func staff(role domain.Role) token.Principal {
	return token.Principal{Role: role, Account: "faults-" + string(role)}
}

func citizen(id domain.PersonID) token.Principal {
	return token.Principal{Role: domain.RoleCitizen, PersonID: id}
}

func (s *service) token(p token.Principal) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t, ok := s.tokens[p]; ok {
		return t, nil
	}
	// From an hour ago, for a process whose clock is put back.
	t, err := s.issuer.Issue(p, time.Now().Add(-90*time.Minute), token.MaxLifetime)
	s.tokens[p] = t
	return t, err
}

// see notes a position that somebody was told of.
func (s *service) see(p domain.Position) {
	for {
		known := s.seen.Load()
		if uint64(p) <= known || s.seen.CompareAndSwap(known, uint64(p)) {
			return
		}
	}
}

// request is what a client asks.
type request struct {
	by       token.Principal
	method   string
	path     string
	key      string // Idempotency-Key of a command
	body     []byte
	position domain.Position // Tizilim-Position of a read; 0: none
}

// refusal is a problem that the API has answered with.
type refusal struct {
	Status int         `json:"status"`
	Code   domain.Code `json:"code"`
	Detail string      `json:"detail"`

	attempts int // of the request; what became of all but the last is not known
}

func (r *refusal) Error() string { return fmt.Sprintf("%d %s: %s", r.Status, r.Code, r.Detail) }

// answer is one that ends a request.
type answer struct {
	status   int
	body     []byte
	position domain.Position // Tizilim-Position
}

// passing are refusals after which a client sends the same request again: nobody is at fault,
// or the other client of the record was faster.
func passing(r *refusal) bool {
	switch {
	case r.Status == http.StatusServiceUnavailable, r.Status == http.StatusTooManyRequests:
		return true
	case r.Code == domain.CodeLostRace:
		return true
	case r.Status == http.StatusUnauthorized: // the clock of the process was put beyond the life of a token
		return true
	}
	return false
}

// ask sends the request to one process and then the other, until it is answered, refused for
// good, or ctx ends. The error is a *refusal, or tells why there was no answer.
func (s *service) ask(ctx context.Context, q request) (answer, error) {
	s.operations.Add(1)
	at := rand.IntN(2)
	attempts := 1
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 300*time.Millisecond) {
		a, err := s.send(ctx, s.urls[at], q)
		var refused *refusal
		if errors.As(err, &refused) {
			refused.attempts = attempts
		}
		if err == nil || refused != nil && !passing(refused) {
			return a, err
		}
		attempts++
		at = 1 - at
		select {
		case <-ctx.Done():
			return a, fmt.Errorf("%s %s was not answered: %w", q.method, q.path, err)
		case <-time.After(pause + rand.N(pause)):
		}
	}
}

// send sends the request once. It tells a violation where the answer is none that the API may
// give, whatever has failed.
func (s *service) send(ctx context.Context, url string, q request) (a answer, err error) {
	token, err := s.token(q.by)
	if err != nil {
		return a, err
	}
	ctx, cancel := context.WithTimeout(ctx, requestPatience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, q.method, url+q.path, bytes.NewReader(q.body))
	if err != nil {
		return a, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if q.key != "" {
		r.Header.Set("Idempotency-Key", q.key)
		r.Header.Set("Content-Type", "application/json")
	}
	if q.position > 0 {
		r.Header.Set("Tizilim-Position", strconv.FormatUint(uint64(q.position), 10))
	}
	response, err := s.http.Do(r)
	if err != nil {
		return a, err
	}
	defer response.Body.Close()
	if a.body, err = io.ReadAll(response.Body); err != nil {
		return a, err
	}
	a.status = response.StatusCode
	if at, err := strconv.ParseUint(response.Header.Get("Tizilim-Position"), 10, 64); err == nil {
		a.position = domain.Position(at)
	}
	if a.status < http.StatusBadRequest {
		return a, nil
	}
	refused := &refusal{}
	if !strings.HasPrefix(response.Header.Get("Content-Type"), "application/problem+json") ||
		json.Unmarshal(a.body, refused) != nil || refused.Code == "" || refused.Status != a.status {
		s.violate("an answer %d without a code: %s %s: %.200s", a.status, q.method, q.path, a.body)
		refused.Status = http.StatusServiceUnavailable // the client goes on as after an outage
		return a, refused
	}
	switch {
	case a.status >= 500 && a.status != http.StatusServiceUnavailable:
		s.violate("an answer %d: %s %s: %s", a.status, q.method, q.path, refused)
		refused.Status = http.StatusServiceUnavailable
	case a.status == http.StatusServiceUnavailable && response.Header.Get("Retry-After") == "":
		s.violate("a 503 without Retry-After: %s %s: %s", q.method, q.path, refused)
	}
	return a, refused
}

// client is one of the clients that work at the same time.
type client struct {
	*service
	number int
	random *rand.Rand
	told   *history
}

// command sends a command until it is answered, and notes the answer. A refusal for good is
// returned and changes nothing.
func (c *client) command(ctx context.Context, by token.Principal, path string, body, result any) (ack, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return ack{}, err
	}
	q := request{by: by, method: http.MethodPost, path: path, key: uuid.NewString(), body: text}
	return c.carryOut(ctx, q, result)
}

func (c *client) carryOut(ctx context.Context, q request, result any) (ack, error) {
	id, call := operation.CommandID(q.by.Account, q.key), c.told.now()
	a, err := c.ask(ctx, q)
	var refused *refusal
	if errors.As(err, &refused) {
		c.told.refuse(denial{command: id, refusal: refused, client: c.number, call: call})
	}
	if err != nil {
		return ack{}, err
	}
	done := ack{command: id, request: q, answer: a.body, position: a.position}
	var shown struct {
		Events []line `json:"events"`
	}
	if err := json.Unmarshal(a.body, &shown); err != nil {
		c.violate("an answer that cannot be read: %s %s: %s", q.method, q.path, a.body)
		return done, err
	}
	done.events = shown.Events
	c.told.acknowledge(done)
	c.see(a.position)
	return done, json.Unmarshal(a.body, result)
}

// repeat sends an answered command again. The answer must be the same.
func (c *client) repeat(ctx context.Context, before ack) error {
	a, err := c.ask(ctx, before.request)
	var refused *refusal
	switch {
	case errors.As(err, &refused):
		c.violate("a repeated command was refused: %s: %s", before.request.path, refused)
	case err == nil && !bytes.Equal(a.body, before.answer):
		c.violate("a repeated command got another answer: %s: first %s, then %s",
			before.request.path, before.answer, a.body)
	}
	return err
}

// abandon sends a command once and goes away after a moment. Nobody knows whether it was
// carried out.
func (c *client) abandon(ctx context.Context, by token.Principal, path string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	c.operations.Add(1)
	ctx, cancel := context.WithTimeout(ctx, time.Duration(c.random.IntN(40))*time.Millisecond)
	defer cancel()
	q := request{by: by, method: http.MethodPost, path: path, key: uuid.NewString(), body: text}
	_, _ = c.send(ctx, c.urls[c.random.IntN(2)], q) // whatever is answered, the client is not there to hear it
	return nil
}

// get reads a record that exists. fresh says whether the read waits for all that any client
// was told of; otherwise the answer may be late.
func (c *client) get(
	ctx context.Context, by token.Principal, path string, fresh bool, result any,
) (waited domain.Position, err error) {
	q := request{by: by, method: http.MethodGet, path: path}
	if fresh {
		q.position = domain.Position(c.seen.Load())
	}
	a, err := c.ask(ctx, q)
	var refused *refusal
	if errors.As(err, &refused) {
		c.violate("a record that exists was refused: GET %s by %s: %s", path, by.Role, refused)
	}
	if err != nil {
		return q.position, err
	}
	return q.position, json.Unmarshal(a.body, result)
}

// only is the service of one of the two processes.
func (s *service) only(process int) *service {
	one := &service{
		urls: [2]string{s.urls[process], s.urls[process]}, http: s.http, issuer: s.issuer, violate: s.violate,
		operations: s.operations, tokens: map[token.Principal]string{},
	}
	one.seen.Store(s.seen.Load())
	return one
}
