package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// operators asks the operations listener.
func (s *subtest) operators(path string) *httptest.ResponseRecorder {
	s.t.Helper()
	answered := httptest.NewRecorder()
	s.server.Ops().ServeHTTP(answered, httptest.NewRequest(http.MethodGet, path, nil))
	return answered
}

// scrape returns the metrics, as a monitor reads them.
func (s *subtest) scrape() string {
	s.t.Helper()
	answered := s.operators("/metrics")
	if answered.Code != http.StatusOK {
		s.t.Fatalf("the metrics answer %d: %s", answered.Code, answered.Body)
	}
	return answered.Body.String()
}

func TestMetricsAndProfilesAreForOperatorsOnly(t *testing.T) {
	s := start(t).at(t)
	for path, says := range map[string]string{
		"/metrics": "tizilim_http_request_duration_seconds", "/debug/pprof/": "goroutine",
		"/debug/pprof/cmdline": "test", "/debug/pprof/heap?debug=1": "heap profile",
	} {
		s.get("/healthz", "").is(http.StatusOK) // so that the metrics have a request to count
		if a := s.operators(path); a.Code != http.StatusOK || !strings.Contains(a.Body.String(), says) {
			t.Errorf("%s answers operators %d and does not say %q", path, a.Code, says)
		}
		s.get(path, "").is(http.StatusNotFound)
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if a := s.operators(path); a.Code != http.StatusOK {
			t.Errorf("%s answers operators %d", path, a.Code)
		}
		s.get(path, "").is(http.StatusOK)
	}
}
