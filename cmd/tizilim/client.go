package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/httpapi"
)

// client calls the API as a desk, a portal or a commission would: each command
// under its own Idempotency-Key, repeated with the same key until there is an
// answer.
type client struct {
	url    string
	keys   keys
	http   *http.Client
	retry  time.Duration // how long an unanswered request is repeated
	tokens map[httpapi.Principal]string
	// position is the newest Tizilim-Position seen; reads send it back.
	position string
}

func newClient(url, data string, retry time.Duration) (*client, error) {
	k, err := openKeys(filepath.Join(data, "keys"))
	if err != nil {
		return nil, err
	}
	return &client{
		url: strings.TrimSuffix(url, "/"), keys: k, retry: retry, tokens: map[httpapi.Principal]string{},
		http: &http.Client{Timeout: 15 * time.Second},
	}, nil
}

// event is a line of the history, or of the answer to a command.
type event struct {
	Stream      string          `json:"stream"`
	Revision    uint64          `json:"revision"`
	Position    domain.Position `json:"position"`
	ID          uuid.UUID       `json:"event_id"`
	Type        string          `json:"type"`
	EffectiveAt time.Time       `json:"effective_at"`
	CreatedAt   time.Time       `json:"created_at"`
	Actor       string          `json:"actor"`
	Role        string          `json:"role"`
	Data        json.RawMessage `json:"data"`
}

// refusedError is an answer other than success.
type refusedError struct {
	Status int
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Field  string `json:"field"`
}

func (e *refusedError) Error() string {
	return fmt.Sprintf("%d %s: %s", e.Status, e.Code, e.Detail)
}

// as returns the principal of a staff role.
func as(role domain.Role) httpapi.Principal {
	return httpapi.Principal{Role: role, Account: "demo-" + string(role)}
}

// citizen returns the principal of a citizen.
func citizen(id domain.PersonID) httpapi.Principal {
	return httpapi.Principal{Role: domain.RoleCitizen, PersonID: id}
}

func (c *client) token(p httpapi.Principal) (string, error) {
	if t, ok := c.tokens[p]; ok {
		return t, nil
	}
	t, err := c.keys.tokens.Issue(p, time.Now(), time.Hour)
	c.tokens[p] = t
	return t, err
}

// post sends a command under a fresh key and decodes the answer.
func (c *client) post(ctx context.Context, p httpapi.Principal, path string, body, answer any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	headers := http.Header{"Idempotency-Key": {uuid.NewString()}, "Content-Type": {"application/json"}}
	return c.send(ctx, p, http.MethodPost, path, headers, text, func(r io.Reader) error {
		return json.NewDecoder(r).Decode(answer)
	})
}

// get reads what includes every command answered before.
func (c *client) get(ctx context.Context, p httpapi.Principal, path string, answer any) error {
	headers := http.Header{"Tizilim-Position": {c.position}}
	return c.send(ctx, p, http.MethodGet, path, headers, nil, func(r io.Reader) error {
		return json.NewDecoder(r).Decode(answer)
	})
}

// history streams a whole history.
func (c *client) history(ctx context.Context, path string) ([]event, error) {
	var events []event
	headers := http.Header{"Tizilim-Position": {c.position}, "Accept": {"application/x-ndjson"}}
	err := c.send(ctx, as(domain.RoleAuditor), http.MethodGet, path, headers, nil, func(r io.Reader) error {
		events = nil
		lines := bufio.NewReader(r)
		for {
			line, err := lines.ReadBytes('\n')
			if errors.Is(err, io.EOF) && len(line) == 0 {
				return nil
			}
			if err != nil {
				return err
			}
			var e event
			if err := json.Unmarshal(line, &e); err != nil {
				return err
			}
			if e.Type == "" || e.Stream == "" {
				return fmt.Errorf("the history was cut: %s", bytes.TrimSpace(line))
			}
			events = append(events, e)
		}
	})
	return events, err
}

// send repeats the request, the key included, for as long as the server does
// not answer, says that it cannot now, or breaks off.
func (c *client) send(ctx context.Context, p httpapi.Principal, method, path string, headers http.Header, body []byte, decode func(io.Reader) error) error {
	token, err := c.token(p)
	if err != nil {
		return err
	}
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = 50*time.Millisecond, time.Second
	_, err = backoff.Retry(ctx, func() (struct{}, error) {
		request, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(body))
		if err != nil {
			return struct{}{}, backoff.Permanent(err)
		}
		request.Header = headers.Clone()
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := c.http.Do(request)
		if err != nil {
			return struct{}{}, err
		}
		defer response.Body.Close()
		if response.StatusCode >= http.StatusBadRequest {
			refused := &refusedError{Status: response.StatusCode}
			if err := json.NewDecoder(response.Body).Decode(refused); err != nil {
				return struct{}{}, err
			}
			if refused.Status == http.StatusServiceUnavailable {
				return struct{}{}, refused
			}
			return struct{}{}, backoff.Permanent(refused)
		}
		if err := decode(response.Body); err != nil {
			return struct{}{}, err
		}
		if seen := response.Header.Get("Tizilim-Position"); method == http.MethodPost && seen != "" {
			c.position = seen
		}
		return struct{}{}, nil
	}, backoff.WithBackOff(pause), backoff.WithMaxElapsedTime(c.retry))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}
