package gateway_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"tizilim/domain"
	"tizilim/eventstore/command"
	"tizilim/eventstore/command/adapters/gateway"
)

func TestHTTPGatewayHandsOverTheMessageAsItIs(t *testing.T) {
	var asked *http.Request
	var body []byte
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
	}))
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	g, err := gateway.NewHTTP(server.URL+"/messages", "a token", &tls.Config{RootCAs: roots})
	if err != nil {
		t.Fatal(err)
	}
	m := message(1)
	if err := g.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	var got struct{ ID, Way, To, Text string }
	if err := json.Unmarshal(body, &got); err != nil || got.ID != m.ID.String() || got.Way != "sms" ||
		got.To != string(m.To) ||
		got.Text != string(m.Text) {
		t.Errorf("it got %s, %v", body, err)
	}
	for header, want := range map[string]string{"Idempotency-Key": m.ID.String(), "Authorization": "Bearer a token", "Content-Type": "application/json"} {
		if asked.Header.Get(header) != want {
			t.Errorf("%s: %q", header, asked.Header.Get(header))
		}
	}
	if asked.Method != http.MethodPost || asked.URL.Path != "/messages" {
		t.Errorf("asked %s %s", asked.Method, asked.URL)
	}
	stranger, err := gateway.NewHTTP(server.URL, "a token", nil)
	if err != nil {
		t.Fatal(err)
	}
	asked = nil
	if err := stranger.Send(t.Context(), m); err == nil || asked != nil {
		t.Errorf("a certificate that nobody vouches for was taken: %v", err)
	}
}

func TestC11_WhatAnAnswerOfTheGatewayMeans(t *testing.T) {
	const taken, again, never = "taken", "again", "never"
	for status, want := range map[int]string{
		200: taken, 201: taken, 202: taken, 204: taken, 409: taken,
		301: again, 302: again, 307: again, 308: again,
		401: again, 403: again, 404: again, 408: again, 425: again, 429: again, 500: again, 502: again, 503: again, 504: again,
		400: never, 405: never, 410: never, 413: never, 415: never, 422: never, 451: never,
	} {
		t.Run(fmt.Sprint("C11 ", status), func(t *testing.T) {
			requests := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				requests++
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(status)
			}))
			defer server.Close()
			g, err := gateway.NewHTTP(server.URL, "", nil)
			if err != nil {
				t.Fatal(err)
			}
			err = g.Send(t.Context(), message(1))
			var rejected *command.Rejection
			got := again
			switch {
			case err == nil:
				got = taken
			case errors.As(err, &rejected):
				got = never
			}
			if got != want || requests != 1 {
				t.Errorf("%s after %d requests (%v), want %s after one", got, requests, err, want)
			}
			if err != nil && (strings.Contains(err.Error(), "7701") || strings.Contains(err.Error(), "two lines")) {
				t.Errorf("the error tells of the message: %v", err)
			}
		})
	}
}

func TestHTTPGatewayRefusesAnAddressThatIsNotSafe(t *testing.T) {
	for _, address := range []string{
		"", "sms", "http://sms.example.kz/", "ftp://localhost/", "https://user:secret@sms.example.kz/", "https://sms.example.kz/?key=secret", "https://sms.example.kz/#x", "http://10.0.0.1/",
	} {
		if _, err := gateway.NewHTTP(address, "", nil); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", address, err)
		}
	}
	for _, address := range []string{"https://sms.example.kz", "https://sms.example.kz/messages/", "http://127.0.0.1:8000/", "http://localhost/x", "http://[::1]:8000/"} {
		if _, err := gateway.NewHTTP(address, "", nil); err != nil {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// TestC11_AGatewayThatIsSlowOrCut: what is not answered in time was not taken,
// as far as anybody knows.
func TestC11_AGatewayThatIsSlowOrCut(t *testing.T) {
	served := httptest.NewServer(
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusAccepted) }),
	)
	defer served.Close()
	proxies := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	proxy := toxiproxy.NewProxy(proxies, "gateway", "127.0.0.1:0", served.Listener.Addr().String())
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	defer proxy.Stop()
	g, err := gateway.NewHTTP("http://"+proxy.Listen, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	send := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 300e6)
		defer cancel()
		return g.Send(ctx, message(1))
	}
	if err := send(); err != nil {
		t.Fatalf("undisturbed: %v", err)
	}
	for toxic, attributes := range map[string]string{"latency": `{"latency":5000}`, "timeout": `{"timeout":0}`, "reset_peer": `{"timeout":0}`} {
		body := fmt.Sprintf(`{"name":"toxic","type":"%s","stream":"downstream","attributes":%s}`, toxic, attributes)
		if _, err := proxy.Toxics.AddToxicJson(strings.NewReader(body)); err != nil {
			t.Fatal(err)
		}
		err := send()
		var rejected *command.Rejection
		if err == nil || errors.As(err, &rejected) {
			t.Errorf("%s: %v", toxic, err)
		}
		if err := proxy.Toxics.RemoveToxic(context.Background(), "toxic"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestC11_AGatewayReportsWhatBecameOfAMessage(t *testing.T) {
	answer, status := "", http.StatusOK
	var path string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path = r.Method + " " + r.URL.Path
		w.WriteHeader(status)
		fmt.Fprint(w, answer)
	}))
	defer server.Close()
	g, err := gateway.NewHTTP(server.URL+"/messages/", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		status int
		answer string
		want   command.Report
		fails  bool
	}{
		{200, `{"state":"delivered"}`, command.ReportArrived, false},
		{200, `{"state":"failed"}`, command.ReportLost, false},
		{200, `{"state":"on_its_way"}`, command.ReportOnItsWay, false},
		{200, `{"state":"eaten"}`, "", true},
		{200, `{}`, "", true},
		{200, `<html>`, "", true},
		{404, ``, "", true},
		{302, ``, "", true},
	} {
		status, answer = c.status, c.answer
		got, err := gateway.Reporting{HTTP: g}.Report(t.Context(), message(1).ID)
		if got != c.want || (err != nil) != c.fails {
			t.Errorf("%d %s: %q, %v", c.status, c.answer, got, err)
		}
	}
	if want := "GET /messages/" + message(1).ID.String(); path != want {
		t.Errorf("asked %s, want %s", path, want)
	}
}

func TestAMessageIsMaskedWhereverItIsPrinted(t *testing.T) {
	m := command.Message{To: "+77010000000", Subject: "subject", Text: "text of it"}
	for _, said := range []string{fmt.Sprint(m), fmt.Sprintf("%+v", m), m.LogValue().String()} {
		if strings.Contains(said, "7701") || strings.Contains(said, "text of it") ||
			!strings.Contains(said, domain.Personal("").String()) {
			t.Errorf("it says %s", said)
		}
	}
}
