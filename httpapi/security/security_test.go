package security

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"tizilim/domain"
	"tizilim/httpapi/operation"
	"tizilim/httpapi/token"
)

func log() (*Log, *bytes.Buffer, *time.Time) {
	var text bytes.Buffer
	now := time.Date(2026, 3, 16, 12, 10, 0, 0, time.UTC)
	return New(&text, prometheus.NewRegistry(), func() time.Time { return now }), &text, &now
}

var desk = token.Principal{Role: domain.RoleOperator, Account: "desk-1"}

func TestALineSaysWhoWhatFromWhereAndHowItEnded(t *testing.T) {
	l, text, _ := log()
	l.Request(operation.Seen{
		Operation: "search-person", Method: "POST", Path: "/v1/persons/search", Class: operation.ClassSearch,
		Caller: desk, Address: "10.0.0.1", Status: http.StatusNotFound, Code: domain.CodePersonUnknown,
	})
	var line map[string]any
	if err := json.Unmarshal(text.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	for member, want := range map[string]any{
		"event.action": "search_failed", "event.outcome": "failure", "user.id": "desk-1", "user.roles": "operator",
		"source.ip": "10.0.0.1", "http.route": "/v1/persons/search", "http.response.status_code": 404.0,
		"error.code": "person_unknown", "service.name": "tizilim", "log.level": "WARN", "event.kind": "event",
		"tizilim.operation": "search-person", "http.request.method": "POST",
	} {
		if line[member] != want {
			t.Errorf("%s is %v, want %v", member, line[member], want)
		}
	}
	if _, err := time.Parse(time.RFC3339, line["@timestamp"].(string)); err != nil {
		t.Error(err)
	}
}

func TestWhatAMonitorWantsToSeeHasAnEventAndTheRestHasNone(t *testing.T) {
	for _, test := range []struct {
		seen operation.Seen
		want string
	}{
		{operation.Seen{Status: 200, Class: operation.ClassRead}, ""},
		{operation.Seen{Status: 201, Class: operation.ClassCommand, Changes: true}, ""},
		{operation.Seen{Status: 422, Class: operation.ClassCommand, Changes: true}, ""},
		{operation.Seen{Status: 401}, TokenRefused},
		{operation.Seen{Status: 403}, RoleRefused},
		{operation.Seen{Status: 404, Class: operation.ClassRead}, RecordRefused},
		{operation.Seen{Status: 404, Class: operation.ClassCheck}, CheckFailed},
		{operation.Seen{Status: 429}, RequestsLimited},
		{operation.Seen{Status: 201, Class: operation.ClassPassword, Changes: true}, PasswordSent},
		{operation.Seen{Status: 409, Code: domain.CodePasswordWrong, Class: operation.ClassCommand}, PasswordRefused},
		{operation.Seen{Status: 200, Class: operation.ClassContact, Changes: true}, ContactChanged},
		{operation.Seen{Status: 200, Class: operation.ClassSearch}, ""},
		{operation.Seen{Status: 200, Class: operation.ClassCheck}, ""},
		{operation.Seen{Status: 409, Class: operation.ClassPassword, Changes: true}, ""},
		{operation.Seen{Status: 409, Class: operation.ClassContact, Changes: true}, ""},
		{operation.Seen{Status: 200, Class: operation.ClassContact}, ""},
	} {
		if got := actionOf(test.seen); got != test.want {
			t.Errorf("%+v is %q, want %q", test.seen, got, test.want)
		}
	}
}

func TestAnAttackDoesNotFillTheDisk(t *testing.T) {
	l, text, _ := log()
	const attempts = 5000
	for range attempts {
		l.Request(operation.Seen{Status: 401})
	}
	if lines := strings.Count(text.String(), "\n"); lines != linesAtOnce {
		t.Errorf("%d lines, want %d", lines, linesAtOnce)
	}
	if n := testutil.ToFloat64(l.events.WithLabelValues(TokenRefused, "failure")); n != attempts {
		t.Errorf("%v events are counted, want %d", n, attempts)
	}
}

func TestAnAccountThatIsShownManyPersonsIsToldOnceAnHour(t *testing.T) {
	l, text, now := log()
	show := func(n int) {
		for range n {
			l.Shown(desk, []domain.PersonID{{UUID: uuid.New()}})
		}
	}
	again := domain.PersonID{UUID: uuid.New()}
	for range 2 * ManyPersons {
		l.Shown(desk, []domain.PersonID{again}) // one person, however often
	}
	show(ManyPersons - 1)
	if text.Len() > 0 {
		t.Fatalf("%d persons are told: %s", ManyPersons, text)
	}
	show(100)
	if n := strings.Count(text.String(), ManyLookups); n != 1 || !strings.Contains(text.String(), `"user.id":"desk-1"`) {
		t.Errorf("told %d times: %s", n, text)
	}
	if len(l.over) != 1 || l.accounts.Len() != 0 {
		t.Errorf("%d accounts are over, %d are counted", len(l.over), l.accounts.Len())
	}
	*now = now.Add(time.Hour)
	show(1)
	if len(l.over) != 0 {
		t.Error("the next hour begins with the last one's account")
	}
}

// TestThePersonsWhoAreShownAreCountedByRole, also those of answers without a line.
func TestThePersonsWhoAreShownAreCountedByRole(t *testing.T) {
	metrics := prometheus.NewPedanticRegistry()
	l := New(&bytes.Buffer{}, metrics, time.Now)
	l.Shown(desk, []domain.PersonID{{UUID: uuid.New()}, {UUID: uuid.New()}})
	l.Shown(desk, []domain.PersonID{{UUID: uuid.New()}})
	want := `# HELP tizilim_persons_shown_total Persons whom answers showed to staff, by role.
# TYPE tizilim_persons_shown_total counter
tizilim_persons_shown_total{role="operator"} 3
`
	if err := testutil.GatherAndCompare(metrics, strings.NewReader(want), "tizilim_persons_shown_total"); err != nil {
		t.Error(err)
	}
}
