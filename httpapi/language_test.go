package httpapi_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tizilim/domain"
	"tizilim/httpapi"
	"tizilim/httpapi/token"
)

// sentences are the texts of the codes in a language, as the file of the language has them.
type sentences map[string]struct{ Title, Mend string }

func sentencesIn(t tester, language string) sentences {
	data, err := os.ReadFile("problem/texts/" + language + ".json")
	must(t, err)
	var of sentences
	must(t, json.Unmarshal(data, &of))
	return of
}

// english are the titles in English; their sentences stand with the refusals.
func english(t tester) sentences { return sentencesIn(t, "en") }

func (of sentences) detail(code string) string { return of[code].Title + ". " + of[code].Mend }

// panicking are tokens at which the registry has a defect.
type panicking struct{}

func (panicking) Check(context.Context, string, time.Time) (token.Principal, error) {
	panic("a defect")
}

// TestEveryRefusalSpeaksTheLanguageOfItsReader walks over every way in which a problem is written.
func TestEveryRefusalSpeaksTheLanguageOfItsReader(t *testing.T) {
	s := start(t).at(t)
	desk, auditor := s.token(domain.RoleOperator), s.token(domain.RoleAuditor)
	config := httpapi.Config{
		Metrics: prometheus.NewRegistry(), Logger: slog.New(slog.DiscardHandler), Now: time.Now, Tokens: panicking{},
	}
	defect := httptest.NewServer(httpapi.New(config))
	defer defect.Close()
	waiting := httptest.NewServer(httpapi.NewWaiting(config, func() *domain.Error {
		return domain.Refuse(domain.Unavailable, domain.CodeLogReplaced, "the log was replaced: ask again in a moment")
	}))
	defer waiting.Close()
	elsewhere := func(url string) func(h header) *answer {
		return func(h header) *answer {
			req, err := http.NewRequest(http.MethodGet, url+"/v1/me", nil)
			must(t, err)
			req.Header.Set("Authorization", "Bearer x")
			req.Header.Set(h[0], h[1])
			res, err := client.Do(req)
			must(t, err)
			text, err := io.ReadAll(res.Body)
			must(t, err)
			must(t, res.Body.Close())
			a := &answer{t: t, status: res.StatusCode, header: res.Header, text: string(text)}
			must(t, json.Unmarshal(text, &a.body))
			return a
		}
	}
	limited := bounded(t, `{"read": {"staff": {"calls": 1, "seconds": 3600, "burst": 1}}}`).at(t)
	often := limited.token(domain.RoleAuditor)
	limited.get("/v1/queues", often)
	person := func(b body) func(h header) *answer {
		return func(h header) *answer { return s.command("/v1/persons", desk, b, h) }
	}
	kinds := map[string]struct {
		ask    func(h header) *answer
		status int
		code   domain.Code
	}{
		"no such address": {func(h header) *answer { return s.get("/nowhere", "", h) }, 404, domain.CodeNotFound},
		"no such method":  {func(h header) *answer { return s.send("DELETE", "/healthz", "", nil, h) }, 405, domain.CodeMethod},
		"no token":        {func(h header) *answer { return s.get("/v1/me", "", h) }, 401, domain.CodeUnauthenticated},
		"another role":    {func(h header) *answer { return s.get("/v1/me", auditor, h) }, 403, domain.CodeRoleNotAllowed},
		"no such person": {func(h header) *answer {
			return s.get("/v1/persons/"+nobody+"/residence", auditor, h)
		}, 404, domain.CodePersonUnknown},
		"an id of another form": {func(h header) *answer {
			return s.get("/v1/persons/x/residence", auditor, h)
		}, 422, domain.CodeIDFormat},
		"no JSON": {func(h header) *answer {
			return s.command("/v1/persons", desk, "{", h)
		}, 400, domain.CodeMalformed},
		"no key": {func(h header) *answer {
			return s.send("POST", "/v1/persons", desk, body{}, h)
		}, 400, domain.CodeKeyRequired},
		"several faults": {person(body{"nothing": 1}), 422, domain.CodeRequired},
		"a refusal":      {person(body{"iin": "x"}), 422, domain.CodeRequired},
		"too often": {func(h header) *answer {
			return limited.get("/v1/queues", often, h)
		}, 429, domain.CodeTooManyRequests},
		"a defect":         {elsewhere(defect.URL), 500, domain.CodeInternal},
		"a server waiting": {elsewhere(waiting.URL), 503, domain.CodeLogReplaced},
	}
	for what, kind := range kinds {
		english := kind.ask(header{"Accept-Language", "de, en;q=0.5"})
		if code := english.body["code"]; english.status != kind.status || code != string(kind.code) {
			t.Errorf("%s: %d %v", what, english.status, english.text)
			continue
		}
		english.problem()
		if got := english.header.Get("Content-Language"); got != "en" {
			t.Errorf("%s: without a language of ours it is in %q", what, got)
		}
		for language, accept := range map[string]string{"kk": "ru;q=0.3, kk-KZ", "ru": "uk, ru;q=0.9, en;q=0.8"} {
			of := sentencesIn(t, language)
			a := kind.ask(header{"Accept-Language", accept})
			if a.header.Get("Content-Language") != language || !slices.Contains(a.header.Values("Vary"), "Accept-Language") ||
				a.header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s in %s has the headers %v", what, language, a.header)
			}
			for _, member := range []string{"type", "code", "field", "status"} {
				if a.body[member] != english.body[member] {
					t.Errorf("%s in %s: %s is %v", what, language, member, a.body[member])
				}
			}
			code := string(kind.code)
			if a.status != kind.status || a.body["title"] != of[code].Title || a.body["detail"] != of.detail(code) {
				t.Errorf("%s in %s: %s", what, language, a.text)
			}
			faults, _ := a.body["errors"].([]any)
			if all, _ := english.body["errors"].([]any); len(faults) != len(all) || what == "several faults" && len(all) < 2 {
				t.Errorf("%s in %s has %d faults, in English %d", what, language, len(faults), len(all))
			}
			for _, fault := range faults {
				fault := fault.(map[string]any)
				if fault["detail"] != of.detail(fault["code"].(string)) {
					t.Errorf("%s in %s: %v", what, language, fault)
				}
			}
		}
	}
}
