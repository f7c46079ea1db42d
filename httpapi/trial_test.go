package httpapi_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/certificates"
)

// tried is a clock that the operations listener moves.
type tried struct {
	by   time.Duration
	fail error
}

func (t *tried) Forward(by time.Duration) (time.Time, error) {
	if t.fail != nil {
		return time.Time{}, t.fail
	}
	t.by += by
	return time.Date(2026, 4, 2, 4, 0, 0, 0, time.UTC), nil
}

// TestATrialClockIsSaidInEveryAnswer, refusals and health too; a registry with a real clock says nothing.
func TestATrialClockIsSaidInEveryAnswer(t *testing.T) {
	s := start(t, func(s *settings) { s.trial = &tried{} }).at(t)
	now := s.clock.Now().In(domain.Zone).Format(time.RFC3339)
	for _, path := range []string{"/", "/healthz", "/readyz", "/openapi.json", "/v1/queues", "/nowhere"} {
		if got := s.get(path, "").header.Get("Tizilim-Trial-Clock"); got != now {
			t.Errorf("%s says %q, want %s", path, got, now)
		}
	}
	if got := start(t).at(t).get("/", "").header; got["Tizilim-Trial-Clock"] != nil {
		t.Errorf("a real clock is said to be one for trying: %v", got)
	}
}

// TestEveryPageOfATrialSaysSo, in the language of the page.
func TestEveryPageOfATrialSaysSo(t *testing.T) {
	trial, real := start(t, func(s *settings) { s.trial = &tried{} }).at(t), start(t).at(t)
	for _, path := range append(slices.Clone(htmlPages), "/problems/id_format", "/problems/no_such_code") {
		browser := []header{{"Accept", "text/html"}, {"Accept-Language", "en"}}
		if text := trial.get(path, "", browser...).text; !strings.Contains(text, "its clock is moved, and shows 20") {
			t.Errorf("%s of a trial: %s", path, text)
		}
		if text := real.get(path, "", browser...).text; strings.Contains(text, "its clock is moved") {
			t.Errorf("%s of a real registry: %s", path, text)
		}
	}
}

// TestATrialClockGoesForwardOnly: by the operations listener, and not at all where the time is real.
func TestATrialClockGoesForwardOnly(t *testing.T) {
	clock := &tried{}
	send := func(s *subtest, text string) (int, string) {
		w := httptest.NewRecorder()
		s.server.Ops().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/trial-clock", strings.NewReader(text)))
		said, _ := io.ReadAll(w.Body)
		return w.Code, string(said)
	}
	s := start(t, func(s *settings) { s.trial = clock }).at(t)
	for text, want := range map[string]int{
		`{"forward_seconds": -1}`: 422, `{"forward_seconds": 1e12}`: 422, `{"forward_seconds": "x"}`: 422, ``: 422,
		`{"forward_seconds": 90}`: 200,
	} {
		if code, said := send(s, text); code != want {
			t.Errorf("%s: %d %s, want %d", text, code, said, want)
		}
	}
	if clock.by != 90*time.Second {
		t.Errorf("the clock was moved by %s", clock.by)
	}
	if _, said := send(s, `{"forward_seconds": 0}`); !strings.Contains(said, `"2026-04-02T09:00:00+05:00"`) {
		t.Errorf("it shows %s", said)
	}
	clock.fail = errors.New("the disk is full")
	if code, said := send(s, `{"forward_seconds": 1}`); code != 500 || !strings.Contains(said, "disk is full") {
		t.Errorf("what could not be kept: %d %s", code, said)
	}
	if code, _ := send(start(t).at(t), `{"forward_seconds": 90}`); code != http.StatusNotFound {
		t.Errorf("a real clock: %d", code)
	}
}

// TestADocumentOfATrialSaysSo, on the page and as JSON.
func TestADocumentOfATrialSaysSo(t *testing.T) {
	s := start(t, func(s *settings) { s.trial = &tried{} }).at(t)
	person := s.citizen()
	talon := certificates.TalonOf(parse[domain.CaseID](s.applied(person, s.list()))).String()
	for language, want := range map[string]string{
		"kk": "СЫНАҚ: құжаттың күші жоқ", "ru": "ПРОБА: документ не имеет силы", "en": "TRIAL: this document has no force",
	} {
		marks, _ := s.get("/v1/certificates/"+talon+"?language="+language, s.as(person)).is(http.StatusOK).at("marks").([]any)
		if len(marks) != 1 || marks[0] != want {
			t.Errorf("%s: the marks are %v, want %s", language, marks, want)
		}
	}
}
