package webhook_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"tizilim/eventstore/command"
	"tizilim/eventstore/command/adapters/webhook"
)

func message(url string) command.WebhookMessage {
	return command.WebhookMessage{
		URL: url, Secret: []byte("a secret of thirty-two bytes, ok"), ID: uuid.NewSHA1(uuid.NameSpaceOID, []byte("fact")),
		At: time.Now(), Body: []byte(`{"type":"tizilim.fact.registered"}`),
	}
}

// consumer is a server by https with what trusts it.
func consumer(t *testing.T, handle http.HandlerFunc) (url string, config *tls.Config) {
	t.Helper()
	server := httptest.NewTLSServer(handle)
	t.Cleanup(server.Close)
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	return server.URL + "/tizilim", &tls.Config{RootCAs: pool}
}

func TestC31_ACallIsSignedByTheStandardWebhooksScheme(t *testing.T) {
	var verified error
	var id string
	url, config := consumer(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		id = r.Header.Get("webhook-id")
		hook, _ := standardwebhooks.NewWebhookRaw([]byte("a secret of thirty-two bytes, ok"))
		verified = hook.Verify(body, r.Header)
		w.WriteHeader(http.StatusNoContent)
	})
	m := message(url)
	s := webhook.New(webhook.Options{Loopback: true, TLS: config})
	if err := s.Send(t.Context(), m); err != nil || verified != nil || id != m.ID.String() {
		t.Errorf("%v; verified: %v; id %s", err, verified, id)
	}
	m.Secret = []byte("another one")
	if err := s.Send(t.Context(), m); err != nil || verified == nil {
		t.Errorf("by another secret: %v; verified: %v", err, verified)
	}
}

// TestC31_WhatIsNotTwoHundredIsNoAcknowledgement: a redirect is not followed, an answer that does not
// come is not awaited, and one that does not end is not read.
func TestC31_WhatIsNotTwoHundredIsNoAcknowledgement(t *testing.T) {
	elsewhere := false
	over := make(chan struct{})
	url, config := consumer(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/tizilim/elsewhere":
			elsewhere = true
		case "/tizilim/moved":
			http.Redirect(w, r, "/tizilim/elsewhere", http.StatusTemporaryRedirect)
		case "/tizilim/fails":
			w.WriteHeader(http.StatusInternalServerError)
		case "/tizilim/hangs":
			select {
			case <-over:
			case <-r.Context().Done():
			}
		case "/tizilim/endless":
			for {
				if _, err := io.WriteString(w, strings.Repeat("x", 4096)); err != nil {
					return
				}
			}
		}
	})
	defer close(over)
	s := webhook.New(webhook.Options{Loopback: true, TLS: config, Timeout: 500 * time.Millisecond})
	for path, want := range map[string]bool{"/moved": false, "/fails": false, "/hangs": false, "/endless": true} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		if err := s.Send(ctx, message(url+path)); (err == nil) != want || ctx.Err() != nil {
			t.Errorf("%s: %v", path, err)
		}
		cancel()
	}
	if elsewhere {
		t.Error("a redirect was followed")
	}
}

// TestC31_ANetworkThatIsNotPublicIsCalledOnlyWhereTheOperatorNamesIt: no call leaves this process.
func TestC31_ANetworkThatIsNotPublicIsCalledOnlyWhereTheOperatorNamesIt(t *testing.T) {
	url, config := consumer(t, func(http.ResponseWriter, *http.Request) {})
	refused := func(o webhook.Options, url string) bool {
		o.TLS, o.Timeout = config, 5*time.Second
		err := webhook.New(o).Send(t.Context(), message(url))
		return err != nil && (strings.Contains(err.Error(), "not public") || strings.Contains(err.Error(), "by https"))
	}
	for _, address := range []string{
		url, strings.Replace(url, "127.0.0.1", "localhost", 1),
		"https://10.1.2.3/a", "https://192.168.1.1/a", "https://172.16.0.1/a", "https://169.254.169.254/latest", "https://[::1]/a",
		"https://[fd00::1]/a", "https://[fe80::1]/a", "https://0.0.0.0/a", "https://100.64.1.1/a", "https://224.0.0.1/a",
		"https://[::ffff:10.1.2.3]/a", "http://127.0.0.1/a", "http://example.kz/a",
	} {
		if !refused(webhook.Options{}, address) {
			t.Errorf("%s may be called", address)
		}
	}
	if refused(webhook.Options{Loopback: true}, url) {
		t.Error("this machine may not be called although it may")
	}
	if refused(webhook.Options{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, url) {
		t.Error("a network that the operator names may not be called")
	}
	if !refused(webhook.Options{Loopback: true}, "http://example.kz/a") {
		t.Error("another machine is called by http")
	}
}
