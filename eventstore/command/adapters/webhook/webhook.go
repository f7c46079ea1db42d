// Package webhook calls the systems of other state bodies by the Standard Webhooks scheme
// (https://www.standardwebhooks.com): a POST of JSON with the headers webhook-id, webhook-timestamp and
// webhook-signature. The id is that of the fact at every attempt.
//
// An address is set by an administrator and resolved by others. So it is called by https, a redirect is
// not followed, no proxy of the environment is asked, and the address that a name resolves to is checked
// when it is connected to: networks that are not public are called only where the operator names them.
package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"tizilim/eventstore/command"
)

const (
	// Timeout bounds one call, its answer included.
	Timeout = 10 * time.Second
	// maxAnswer is how much of an answer is read.
	maxAnswer = 4 << 10
)

// Options of a [Sender]. The zero value calls public addresses alone.
type Options struct {
	Loopback bool           // this machine may be called, also by http
	Networks []netip.Prefix // that may be called although they are not public
	TLS      *tls.Config    // nil but where the certificates are not those that the system knows
	Timeout  time.Duration  // of one call; 0: [Timeout]
}

// Sender calls consumers. It is safe for concurrent use.
type Sender struct {
	options Options
	client  *http.Client
}

// New returns a Sender.
func New(o Options) *Sender {
	if o.Timeout == 0 {
		o.Timeout = Timeout
	}
	s := &Sender{options: o}
	dialer := &net.Dialer{Timeout: o.Timeout, Control: func(_, address string, _ syscall.RawConn) error { return s.check(address) }}
	s.client = &http.Client{
		Timeout: o.Timeout,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSClientConfig: o.TLS, ForceAttemptHTTP2: true,
			MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return s
}

// check refuses to connect to an address that may not be called.
func (s *Sender) check(address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	ip := at.Addr().Unmap()
	switch {
	case slices.ContainsFunc(s.options.Networks, func(n netip.Prefix) bool { return n.Contains(ip) }):
		return nil
	case ip.IsLoopback() && s.options.Loopback:
		return nil
	case !ip.IsGlobalUnicast() || ip.IsPrivate() || shared.Contains(ip):
		return errors.New("webhook: the consumer is in a network that is not public, and that the operator does not name")
	}
	return nil
}

// shared is the address space of carriers (RFC 6598), which is not public.
var shared = netip.MustParsePrefix("100.64.0.0/10")

// Send calls the consumer once; trying again is the caller's. It returns nil for an answer 2xx.
func (s *Sender) Send(ctx context.Context, m command.WebhookMessage) error {
	if err := command.CheckWebhook(m.URL); err != nil || !s.options.Loopback && !strings.HasPrefix(m.URL, "https:") {
		return errors.New("webhook: a consumer is called by https")
	}
	signer, err := standardwebhooks.NewWebhookRaw(m.Secret)
	if err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	signature, err := signer.Sign(m.ID.String(), m.At, m.Body)
	if err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, m.URL, bytes.NewReader(m.Body))
	if err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "tizilim")
	request.Header.Set(standardwebhooks.HeaderWebhookID, m.ID.String())
	request.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(m.At.Unix(), 10))
	request.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	response, err := s.client.Do(request)
	if err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, maxAnswer)) // so that the connection can be used again
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return fmt.Errorf("webhook: the consumer answers with status %d", response.StatusCode)
	}
	return nil
}
