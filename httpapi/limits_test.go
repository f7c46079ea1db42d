package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/httpapi"
	"tizilim/httpapi/limits"
	"tizilim/httpapi/operation"
	"tizilim/httpapi/token"
)

// bounded is a registry with the limits of the text. Classes that it does not name are not
// bounded.
func bounded(t *testing.T, text string, with ...func(*settings)) *registry {
	t.Helper()
	rows := map[operation.Class]json.RawMessage{}
	for class := range limits.Default() {
		rows[class] = json.RawMessage("null")
	}
	must(t, json.Unmarshal([]byte(text), &rows))
	whole, err := json.Marshal(rows)
	must(t, err)
	table, err := limits.Read(whole)
	must(t, err)
	return start(t, append(with, func(s *settings) { s.limits = table })...)
}

func TestACallerWhoAsksTooOftenIsToldWhenToComeAgain(t *testing.T) {
	r := bounded(t, `{"search": {"staff": {"calls": 1, "seconds": 10, "burst": 2}}}`)
	s := r.at(t)
	desk, other := s.staff(domain.RoleOperator, "desk-1"), s.staff(domain.RoleOperator, "desk-2")
	look := func(token string) *answer {
		return s.send(http.MethodPost, "/v1/persons/search", token, body{"purpose": "service", "iin": s.iin()})
	}
	first := look(desk).is(http.StatusNotFound)
	if policy, left := first.header.Get("RateLimit-Policy"), first.header.Get("RateLimit"); policy != `"search";q=2;w=20` ||
		left != `"search";r=1;t=10` {
		t.Errorf("the first answer says %s and %s", policy, left)
	}
	look(desk).is(http.StatusNotFound)
	before := s.head()
	refused := look(desk).refused(http.StatusTooManyRequests, domain.CodeTooManyRequests, "")
	if wait := refused.header.Get("Retry-After"); wait != "10" {
		t.Errorf("Retry-After is %s", wait)
	}
	if s.head() != before {
		t.Error("a request that was refused moved the log")
	}
	look(other).is(http.StatusNotFound)
	s.get("/v1/cases?overdue=true", s.staff(domain.RoleCommission, "desk-1")).is(http.StatusOK) // other work of the same account
	r.clock.pass(10 * time.Second)
	look(desk).is(http.StatusNotFound)
}

func TestACitizenIsCountedByPerson(t *testing.T) {
	s := bounded(t, `{"read": {"citizen": {"calls": 1, "seconds": 60, "burst": 3}}}`).at(t)
	one, other := s.citizen(), s.citizen()
	for range 3 {
		s.get("/v1/me/queue", s.as(one)).is(http.StatusOK)
	}
	// Another token of the same person does not help.
	again := s.tokenOf(token.Principal{Role: domain.RoleCitizen, PersonID: parse[domain.PersonID](one)})
	s.get("/v1/me/queue", again).refused(http.StatusTooManyRequests, domain.CodeTooManyRequests, "")
	s.get("/v1/me/queue", s.as(other)).is(http.StatusOK)
	s.get("/v1/cases?overdue=true", s.token(domain.RoleAuditor)).is(http.StatusOK)
}

func TestTheCheckByCodeIsCountedByAddress(t *testing.T) {
	check := "/v1/certificates/check/0000000000000000000000000000"
	table := `{"check": {"address": {"calls": 1, "seconds": 60, "burst": 2}}}`
	ask := func(s *subtest, for_ string) int {
		return s.get(check, "", header{"X-Forwarded-For", for_}).status
	}

	direct := bounded(t, table).at(t)
	for i, want := range []int{404, 404, 429} { // whatever the client says of its address
		if got := ask(direct, fmt.Sprint("10.0.0.", i)); got != want && (want == 429 || got == 429) {
			t.Errorf("without a proxy, request %d is answered %d, want %d", i, got, want)
		}
	}

	behind := bounded(t, table, func(s *settings) { s.proxies = []string{"127.0.0.1"} }).at(t)
	for i, want := range []bool{false, false, true} {
		if got := ask(behind, "10.0.0.1") == http.StatusTooManyRequests; got != want {
			t.Errorf("behind a proxy, request %d of one address is refused: %v", i, got)
		}
	}
	if ask(behind, "10.0.0.2") == http.StatusTooManyRequests {
		t.Error("behind a proxy, another address is refused")
	}
	if ask(behind, "10.0.0.3, 10.0.0.1") != http.StatusTooManyRequests {
		t.Error("a client that names another address before its own is not counted")
	}
}

func TestTokensCannotBeTriedWithoutEnd(t *testing.T) {
	s := bounded(t, `{"refused_token": {"address": {"calls": 1, "seconds": 60, "burst": 5}}}`).at(t)
	for i := range 5 {
		s.get("/v1/me", fmt.Sprint("guess-", i)).refused(http.StatusUnauthorized, domain.CodeUnauthenticated, "")
	}
	s.get("/v1/me", "guess").refused(http.StatusTooManyRequests, domain.CodeTooManyRequests, "")
	s.get("/v1/me", "").refused(http.StatusTooManyRequests, domain.CodeTooManyRequests, "")
	s.get("/v1/cases?overdue=true", s.token(domain.RoleAuditor)).is(http.StatusOK) // who has a token is let in
}

func TestAnAddressIsCountedWhoeverSends(t *testing.T) {
	s := bounded(t, `{"address": {"address": {"calls": 1, "seconds": 60, "burst": 3}}}`).at(t)
	s.get("/v1/cases?overdue=true", s.token(domain.RoleAuditor)).is(http.StatusOK)
	s.get("/v1/me/queue", s.as(nobody)).is(http.StatusOK)
	s.get("/v1/me", "guess").is(http.StatusUnauthorized)
	s.get("/v1/cases?overdue=true", s.token(domain.RoleAuditor)).refused(http.StatusTooManyRequests, domain.CodeTooManyRequests, "")
	s.get("/readyz", "").is(http.StatusOK) // a monitor asks on
}

// TestAReplayIsCountedAsOne: a page of now and one of the past are of one operation, and of two classes.
func TestAReplayIsCountedAsOne(t *testing.T) {
	s := bounded(t, `{"expensive_read": {"staff": {"calls": 1, "seconds": 60, "burst": 1}}}`).at(t)
	entries, auditor := "/v1/queues/"+s.list()+"/entries", s.token(domain.RoleAuditor)
	for _, parameter := range []string{"?as_of=2026-03-15", "?known_at=2026-03-15"} {
		s.get(entries, auditor).is(http.StatusOK)
		a := s.get(entries+parameter, auditor)
		if policy := a.header.Get("RateLimit-Policy"); !strings.Contains(policy, "expensive_read") {
			t.Errorf("%s is counted as %q", parameter, policy)
		}
	}
	s.get(entries+"?as_of=2026-03-15", auditor).refused(http.StatusTooManyRequests, domain.CodeTooManyRequests, "")
}

func TestEveryOperationHasAClass(t *testing.T) {
	s := start(t).at(t)
	classes := map[string]string{}
	for _, op := range httpapi.Operations(s.server) {
		classes[op.ID] = string(op.Class)
	}
	for id, want := range map[string]string{
		"get-entry": "read", "get-my-queue": "read", "get-entry-numbers": "expensive_read",
		"get-person-history": "expensive_read", "search-person": "search", "register-residence": "command",
		"check-certificate": "check", "send-password": "one_time_password", "confirm-own-contacts": "contact",
		"get-certificate": "expensive_read",
	} {
		if classes[id] != want {
			t.Errorf("%s is of class %q, want %q", id, classes[id], want)
		}
	}
}
