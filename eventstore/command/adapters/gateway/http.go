package gateway

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"

	"tizilim/eventstore/command"
)

const (
	// httpTimeout bounds one request, its answer included.
	httpTimeout = 10 * time.Second
	// maxAnswer is how much of an answer is read.
	maxAnswer = 64 << 10
)

// HTTP is a gateway behind an address of the operator.
//
// A message is a POST of its JSON to the address, with Idempotency-Key: the
// message's id, by which the gateway keeps from sending it twice. It answers
//
//	2xx, 409              taken, now or before
//	401, 403, 404, 408,   this says nothing about the message: it is handed over
//	425, 429, 5xx, 3xx    again later. A redirect is not followed.
//	other 4xx             it will never take this message
type HTTP struct {
	address string
	token   string
	client  *http.Client
}

// NewHTTP returns a gateway at the address: https, whose certificate is checked,
// or http on this machine. The token goes with every request as a bearer; empty
// for none. config is nil but where the certificate is not one that the system
// knows.
func NewHTTP(address, token string, config *tls.Config) (*HTTP, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("the gateway is an address such as https://host/path, without user, query and fragment")
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return nil, errors.New("the gateway is reached by https, because messages hold telephones and " +
			"one-time passwords; http is for this machine only")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = config
	// A redirect would send the message to an address that nobody has configured.
	client := &http.Client{
		Timeout: httpTimeout, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &HTTP{address: u.String(), token: token, client: client}, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Send hands the message over, once; trying again is the caller's.
func (g *HTTP) Send(ctx context.Context, m command.Message) error {
	body, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("gateway: %w", err)
	}
	status, _, err := g.do(ctx, http.MethodPost, g.address, m.ID, body)
	if err != nil {
		return err
	}
	switch {
	case status >= 200 && status < 300, status == http.StatusConflict:
		return nil
	case status >= 400 && status < 500 && !transient(status):
		return &command.Rejection{Status: status}
	}
	return fmt.Errorf("gateway: it answers with status %d", status)
}

// transient reports whether a 4xx is a transient failure: it says nothing about the
// message, but about the token, the address or the load.
func transient(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound,
		http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return false
}

func (g *HTTP) do(
	ctx context.Context, method, address string, id uuid.UUID, body []byte,
) (status int, answer []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return 0, nil, fmt.Errorf("gateway: %w", err)
	}
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Idempotency-Key", id.String())
	}
	if g.token != "" {
		request.Header.Set("Authorization", "Bearer "+g.token)
	}
	response, err := g.client.Do(request)
	if err != nil {
		return 0, nil, fmt.Errorf("gateway: %w", err)
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil && method == http.MethodGet { // of a POST the status tells all
		return 0, nil, fmt.Errorf("gateway: %w", err)
	}
	return response.StatusCode, answer, nil
}

// Reporting is an HTTP gateway that tells what became of a message: GET of the
// address and the message's id answers with {"state": "delivered"}, "failed" or
// "on_its_way".
type Reporting struct{ *HTTP }

// Report asks for a message that the gateway has taken.
func (g Reporting) Report(ctx context.Context, id uuid.UUID) (command.Report, error) {
	address, err := url.JoinPath(g.address, id.String())
	if err != nil {
		return "", fmt.Errorf("gateway: %w", err)
	}
	status, text, err := g.do(ctx, http.MethodGet, address, id, nil)
	if err != nil {
		return "", err
	}
	var said struct {
		State command.Report `json:"state"`
	}
	if status != http.StatusOK {
		return "", fmt.Errorf("gateway: it answers with status %d where it is asked for a message", status)
	}
	if err := json.Unmarshal(text, &said); err != nil {
		return "", fmt.Errorf("gateway: its report: %w", err)
	}
	switch said.State {
	case command.ReportArrived, command.ReportLost, command.ReportOnItsWay:
		return said.State, nil
	}
	return "", errors.New("gateway: it reports a state that is none of delivered, failed and on_its_way")
}
