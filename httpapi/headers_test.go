package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"tizilim/domain"
)

func TestEveryAnswerBoundsWhatABrowserDoesWithIt(t *testing.T) {
	s := start(t).at(t)
	auditor := s.token(domain.RoleAuditor)
	for what, a := range map[string]*answer{
		"health": s.get("/healthz", ""), "no such address": s.get("/nowhere", ""),
		"no such method": s.send(http.MethodDelete, "/healthz", "", nil), "no token": s.get("/v1/me", ""),
		"the document": s.get("/openapi.json", ""), "no such person": s.get("/v1/persons/"+nobody+"/history", auditor),
		"a page of nothing": s.get("/v1/queues", auditor),
	} {
		for name, want := range map[string]string{
			"X-Content-Type-Options":    "nosniff",
			"Content-Security-Policy":   "default-src 'none'; frame-ancestors 'none'",
			"Referrer-Policy":           "no-referrer",
			"Strict-Transport-Security": "", // it came in clear
		} {
			if got := a.header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", what, name, got, want)
			}
		}
	}

	secure := httptest.NewTLSServer(s.server)
	defer secure.Close()
	got, err := secure.Client().Get(secure.URL + "/v1/me")
	must(t, err)
	must(t, got.Body.Close())
	if promise := got.Header.Get("Strict-Transport-Security"); promise != "max-age=63072000" {
		t.Errorf("an answer by TLS promises %q", promise)
	}
}
