package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestOnlyPagesOfNamedOriginsCallTheAPI from a browser: a preflight names what they may send, an answer
// what they may read. Other origins, and a server without any, say nothing of it.
func TestOnlyPagesOfNamedOriginsCallTheAPI(t *testing.T) {
	api := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	ask := func(origins []string, method, origin string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "/v1/queues", nil)
		r.Header.Set("Origin", origin)
		if method == http.MethodOptions {
			r.Header.Set("Access-Control-Request-Method", http.MethodPost)
			r.Header.Set("Access-Control-Request-Headers", "authorization,idempotency-key,tizilim-purpose")
		}
		w := httptest.NewRecorder()
		frontFlags{Origins: origins}.crossOrigin(api).ServeHTTP(w, r)
		return w
	}
	named := []string{"https://portal.example"}
	may := ask(named, http.MethodOptions, named[0])
	if may.Code != http.StatusNoContent || may.Header().Get("Access-Control-Allow-Origin") != named[0] ||
		may.Header().Get("Access-Control-Allow-Headers") == "" || may.Header().Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("a preflight is answered %d %v", may.Code, may.Header())
	}
	got := ask(named, http.MethodGet, named[0])
	if got.Code != http.StatusTeapot || got.Header().Get("Access-Control-Allow-Origin") != named[0] ||
		got.Header().Get("Access-Control-Expose-Headers") == "" {
		t.Errorf("a call is answered %d %v", got.Code, got.Header())
	}
	for _, w := range []*httptest.ResponseRecorder{
		ask(named, http.MethodOptions, "https://other.example"), ask(named, http.MethodGet, "https://other.example"),
		ask(nil, http.MethodGet, named[0]), ask(nil, http.MethodOptions, named[0]),
	} {
		if w.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("an origin that is not named is let in: %v", w.Header())
		}
	}
	for origin, good := range map[string]bool{
		"https://portal.example": true, "http://localhost:3000": true, "*": false, "portal.example": false,
		"https://portal.example/": false, "https://*.example": false,
	} {
		f := frontFlags{Ops: "127.0.0.1:0", Connections: 1, ConnectionsEach: 1, Origins: []string{origin}}
		if err := f.check(); (err == nil) != good {
			t.Errorf("%s: %v", origin, err)
		}
	}
}
