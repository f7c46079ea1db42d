package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
	"tizilim/httpapi/token"
)

// requestTimeout bounds one request. A request that takes longer is repeated.
const requestTimeout = 10 * time.Second

// client calls the API as a desk, a portal or a commission would. Each command has an
// Idempotency-Key of its own and is repeated with it until there is an answer. A client
// is safe for concurrent use.
type client struct {
	url   string
	data  string // directory of the server
	keys  keys
	http  *http.Client
	retry time.Duration // how long an unanswered request is repeated
	iins  sync.Map      // domain.IIN by domain.PersonID, of the persons who can sign

	mu       sync.Mutex // guards the rest
	tokens   map[token.Principal]string
	position domain.Position // the newest Tizilim-Position seen; reads send it back
}

func newClient(ctx context.Context, url, data string, retry time.Duration) (*client, error) {
	if _, err := parseHTTP(url); err != nil {
		return nil, fmt.Errorf("--url %s is not the address of a server, such as http://127.0.0.1:8080", url)
	}
	k, err := existingKeys(ctx, data)
	if err != nil {
		return nil, err
	}
	return &client{
		url: strings.TrimSuffix(url, "/"), data: data, keys: k, retry: retry, tokens: map[token.Principal]string{},
		http: &http.Client{Timeout: requestTimeout},
	}, nil
}

// event is an event of a history, or of the answer to a command.
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

// compare orders events as the log does. Each event has its own position, also within
// one append.
func (e event) compare(other event) int { return cmp.Compare(e.Position, other.Position) }

// fact decodes the domain event; nil for a type that the loop does not check.
func (e event) fact() (fact domain.Event, err error) {
	decode, ok := facts[e.Type]
	if !ok {
		return nil, nil
	}
	if fact, err = decode(e.Data); err != nil {
		return nil, fmt.Errorf("%s@%d: %w", e.Stream, e.Revision, err)
	}
	return fact, nil
}

// facts has a decoder for each type of event that the loop checks.
var facts = map[string]func(json.RawMessage) (domain.Event, error){
	residence.RegistrationEnded{}.EventType():     decode[residence.RegistrationEnded],
	residence.DeregistrationApplied{}.EventType(): decode[residence.DeregistrationApplied],
	residence.DeregistrationDecided{}.EventType(): decode[residence.DeregistrationDecided],
	housing.PlacementApproved{}.EventType():       decode[housing.PlacementApproved],
	housing.ApprovalVoided{}.EventType():          decode[housing.ApprovalVoided],
	housing.PlacementCertified{}.EventType():      decode[housing.PlacementCertified],
	housing.ApplicationRefused{}.EventType():      decode[housing.ApplicationRefused],
	housing.EntryPlaced{}.EventType():             decode[housing.EntryPlaced],
	housing.EntryRemoved{}.EventType():            decode[housing.EntryRemoved],
	housing.EntryReinstated{}.EventType():         decode[housing.EntryReinstated],
	housing.ReviewOpened{}.EventType():            decode[housing.ReviewOpened],
	procedure.HearingDispensed{}.EventType():      decode[procedure.HearingDispensed],
}

func decode[E domain.Event](data json.RawMessage) (domain.Event, error) {
	var fact E
	err := json.Unmarshal(data, &fact)
	return fact, err
}

// refusedError is an answer with an error status.
type refusedError struct {
	Status int
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Field  string `json:"field"`
	Faults []struct {
		Code  string `json:"code"`
		Field string `json:"field"`
	} `json:"errors"`
}

func (e *refusedError) Error() string {
	text := fmt.Sprintf("%d %s: %s", e.Status, e.Code, e.Detail)
	for _, f := range e.Faults {
		text += fmt.Sprintf(" [%s %s]", f.Code, f.Field)
	}
	return text
}

// as returns the principal of a staff role.
func as(role domain.Role) token.Principal {
	return token.Principal{Role: role, Account: "demo-" + string(role)}
}

// citizen returns the principal of a citizen.
func citizen(id domain.PersonID) token.Principal {
	return token.Principal{Role: domain.RoleCitizen, PersonID: id}
}

func (c *client) token(p token.Principal) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t, ok := c.tokens[p]; ok {
		return t, nil
	}
	t, err := c.keys.tokens.Issue(p, time.Now(), time.Hour)
	c.tokens[p] = t
	return t, err
}

// saw notes the Tizilim-Position of an answer.
func (c *client) saw(header string) {
	at, err := strconv.ParseUint(header, 10, 64)
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.position = max(c.position, domain.Position(at))
}

// seen returns the headers of a read that must include every command answered before.
func (c *client) seen() http.Header {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.position == 0 {
		return http.Header{}
	}
	return http.Header{"Tizilim-Position": {strconv.FormatUint(uint64(c.position), 10)}}
}

// post sends a command under a fresh key and decodes the answer.
func (c *client) post(ctx context.Context, p token.Principal, path string, body, answer any) error {
	return c.postUnder(ctx, uuid.NewString(), p, path, body, answer)
}

// postUnder is post with a given key, for requests whose signature includes the key.
func (c *client) postUnder(ctx context.Context, key string, p token.Principal, path string, body, answer any) error {
	body, err := c.sign(p, "POST "+path, key, body)
	if err != nil {
		return err
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	headers := http.Header{"Idempotency-Key": {key}, "Content-Type": {"application/json"}}
	return c.send(ctx, p, http.MethodPost, path, headers, text, func(r io.Reader) error {
		return json.NewDecoder(r).Decode(answer)
	})
}

// sign adds the electronic signature to a citizen's request, as the portal does. It
// leaves other requests as they are.
func (c *client) sign(p token.Principal, request, key string, body any) (any, error) {
	members, ok := body.(map[string]any)
	if !ok || p.Role != domain.RoleCitizen {
		return body, nil
	}
	signature, _ := members["signature"].(map[string]any)
	iin, known := c.iins.Load(p.PersonID)
	if signature["method"] != "eds" || !known {
		return body, nil
	}
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	signed := maps.Clone(members)
	signed["signature"], err = c.keys.authority.signature(iin.(domain.IIN), "", request, key, text, time.Now())
	return signed, err
}

// get reads a resource, with the effects of every command answered before.
func (c *client) get(ctx context.Context, p token.Principal, path string, answer any) error {
	return c.send(ctx, p, http.MethodGet, path, c.seen(), nil, func(r io.Reader) error {
		return json.NewDecoder(r).Decode(answer)
	})
}

// history reads a whole history as NDJSON.
func (c *client) history(ctx context.Context, path string) ([]event, error) {
	var events []event
	headers := c.seen()
	headers.Set("Accept", "application/x-ndjson")
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
				return fmt.Errorf("the history is incomplete: %s", bytes.TrimSpace(line))
			}
			events = append(events, e)
		}
	})
	return events, err
}

// send sends the request and repeats it, with the same key, while the server does not
// answer, answers 503 or 429, or breaks off. It gives up after c.retry.
func (c *client) send(
	ctx context.Context, p token.Principal, method, path string, headers http.Header, body []byte,
	decode func(io.Reader) error,
) error {
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
			switch refused.Status {
			case http.StatusServiceUnavailable:
				return struct{}{}, refused
			case http.StatusTooManyRequests:
				if wait, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil {
					return struct{}{}, backoff.RetryAfter(wait)
				}
			}
			return struct{}{}, backoff.Permanent(refused)
		}
		if err := decode(response.Body); err != nil {
			return struct{}{}, err
		}
		if method == http.MethodPost {
			c.saw(response.Header.Get("Tizilim-Position"))
		}
		return struct{}{}, nil
	}, backoff.WithBackOff(pause), backoff.WithMaxElapsedTime(c.retry))
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Op == "dial" {
		return fmt.Errorf("no server answers at %s (%w): start one with tizilim serve", c.url, dial.Err)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}

// abandon sends a command and disconnects after the given time. It never repeats the
// command, so its outcome stays unknown.
func (c *client) abandon(ctx context.Context, p token.Principal, path string, body any, after time.Duration) error {
	token, err := c.token(p)
	if err != nil {
		return err
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, after)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	request.Header = http.Header{
		"Idempotency-Key": {
			uuid.NewString(),
		}, "Content-Type": {"application/json"}, "Authorization": {"Bearer " + token},
	}
	if response, err := c.http.Do(request); err == nil {
		return response.Body.Close()
	}
	return nil
}
