package httpapi_test

import (
	"bytes"
	"crypto/ed25519"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/httpapi"
	"tizilim/httpapi/operation"
	"tizilim/httpapi/token"
)

// route is an operation as it declares itself, and as the OpenAPI document describes
// it.
type route struct {
	operation.Operation
	doc map[string]any
}

// document returns what /openapi.json says.
func (s *subtest) document() map[string]any {
	s.t.Helper()
	return s.get("/openapi.json", "").is(http.StatusOK).body
}

// operations returns all of them, by id.
func (s *subtest) operations() []route {
	s.t.Helper()
	paths := s.document()["paths"].(map[string]any)
	var all []route
	for _, op := range httpapi.Operations(s.server) {
		doc, ok := paths[op.Path].(map[string]any)[strings.ToLower(op.Method)].(map[string]any)
		if !ok || doc["operationId"] != op.ID {
			s.t.Fatalf("the document does not describe %s", op.ID)
		}
		all = append(all, route{op, doc})
	}
	return all
}

// declared returns the operation with the id.
func (r *registry) declared(id string) operation.Operation {
	all := httpapi.Operations(r.server)
	return all[slices.IndexFunc(all, func(o operation.Operation) bool { return o.ID == id })]
}

// bodyRequires reports whether the body of the operation must have the member.
func (s *subtest) bodyRequires(op route, member string) bool {
	request, _ := op.doc["requestBody"].(map[string]any)
	if request == nil {
		return false
	}
	schema := request["content"].(map[string]any)["application/json"].(map[string]any)["schema"].(map[string]any)
	if ref, ok := schema["$ref"].(string); ok {
		components := s.document()["components"].(map[string]any)["schemas"].(map[string]any)
		schema = components[ref[strings.LastIndex(ref, "/")+1:]].(map[string]any)
	}
	required, _ := schema["required"].([]any)
	return slices.Contains(required, any(member))
}

var pathParameter = regexp.MustCompile(`\{[a-z_]+\}`)

// address fills the path with ids that name nothing.
func (o route) address() string {
	return pathParameter.ReplaceAllString(o.Path, "00000000-0000-4000-8000-000000000000")
}

// unauthorized is a request that is wrong in every other way too: who is
// refused must learn nothing of that.
func (s *subtest) unauthorized(o route, token string) *answer {
	s.t.Helper()
	var sent any
	if o.Method == "POST" {
		sent = `{"iin": "1"`
	}
	return s.send(
		o.Method,
		o.address()+"?nonsense=1;",
		token,
		sent,
		header{"Content-Type", "text/plain"},
		header{"If-Match", "x"},
	)
}

// testdata/operations.txt is for auditors: who may call which operation, by
// which limits it is bounded, and what a call leaves in the access log.
func TestEveryRoleReachesWhatTheOperationDeclaresAndNothingElse(t *testing.T) {
	r := start(t)
	s := r.at(t)
	before := s.head()
	var table strings.Builder
	for _, op := range s.operations() {
		t.Run(op.ID, func(t *testing.T) {
			s := r.at(t)
			fmt.Fprintf(&table, "%s  %s %s  %s, of %s\n", op.ID, op.Method, op.Path, op.Class, op.Of)
			if slices.Contains(op.Roles, operation.Anyone) {
				s.unauthorized(op, "").refused(http.StatusBadRequest, domain.CodeMalformed, "")
			}
			for _, role := range append(slices.Clone(domain.Roles), operation.Anyone) {
				if !slices.Contains(op.Roles, role) {
					continue
				}
				fmt.Fprintf(&table, "    %-10s  %s\n", role, op.Leaves(role))
			}
			if slices.Contains(op.Roles, operation.Anyone) {
				return
			}
			for _, role := range domain.Roles {
				a := s.unauthorized(op, s.token(role))
				switch {
				case role == domain.RoleCitizen && slices.Contains(op.Roles, role) && op.Of.Recorded():
					// There is no such record, and only its party learns that the request is wrong.
					a.refused(http.StatusNotFound, domain.CodeNotFound, "")
				case slices.Contains(op.Roles, role):
					// The request is wrong, and only callers who may send it learn that.
					a.refused(http.StatusBadRequest, domain.CodeMalformed, "")
				default:
					a.refused(http.StatusForbidden, domain.CodeRoleNotAllowed, "")
				}
			}
		})
	}
	if after := s.head(); after != before {
		t.Errorf("refused requests moved the log from %d to %d", before, after)
	}
	golden(t, "operations.txt", table.String())
}

var update = flag.Bool("update", false, "write the golden files of testdata again")

// golden compares the text with the file in testdata; -update writes the file
// again.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		must(t, os.MkdirAll("testdata", 0o755))
		must(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if string(want) != got {
		t.Errorf("%s differs: run with -update and review the diff. It would be:\n%s", path, got)
	}
}

func TestATokenThatIsNotOursIsRefusedBeforeAnythingElse(t *testing.T) {
	r := start(t)
	s := r.at(t)
	now := r.clock.Now()
	operator := token.Principal{Role: domain.RoleOperator, Account: "operator-1"}
	issue := func(tokens *token.Issuer, at time.Time, valid time.Duration) string {
		token, err := tokens.Issue(operator, at, valid)
		must(t, err)
		return token
	}
	good := issue(r.tokens, now, time.Hour)
	parts := strings.Split(good, ".")
	key := ed25519.NewKeyFromSeed([]byte(strings.Repeat("\x01", 32)))
	known, err := token.NewKey(bytes.Repeat([]byte{1}, 32))
	must(t, err)
	kid := known.ID()
	forge := func(method jwt.SigningMethod, key any, claims jwt.MapClaims) string {
		all := jwt.MapClaims{
			"iss":  "tizilim",
			"sub":  "operator-1",
			"role": "operator",
			"jti":  "a token",
			"iat":  now.Unix(),
			"exp":  now.Add(time.Hour).Unix(),
		}
		for name, v := range claims {
			if v == nil {
				delete(all, name)
			} else {
				all[name] = v
			}
		}
		token := jwt.NewWithClaims(method, all)
		token.Header["kid"] = kid
		text, err := token.SignedString(key)
		must(t, err)
		return text
	}
	eddsa := jwt.SigningMethodEdDSA
	bad := map[string]string{
		"none at all":             "",
		"not a token":             "Bearer",
		"a damaged signature":     parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2])),
		"a damaged role":          parts[0] + "." + strings.ToUpper(parts[1]) + "." + parts[2],
		"cut":                     good[:len(good)-8],
		"without a signature":     parts[0] + "." + parts[1] + ".",
		"expired":                 issue(r.tokens, now.Add(-2*time.Hour), time.Hour),
		"expired just now":        issue(r.tokens, now.Add(-time.Hour), time.Hour),
		"of another registry":     issue(tokens(t, 2), now, time.Hour),
		"alg none":                forge(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil),
		"HS256 by the public key": forge(jwt.SigningMethodHS256, []byte(key.Public().(ed25519.PublicKey)), nil),
		"without an expiry":       forge(eddsa, key, jwt.MapClaims{"exp": nil}),
		"of another issuer":       forge(eddsa, key, jwt.MapClaims{"iss": "elsewhere"}),
		"without an id":           forge(eddsa, key, jwt.MapClaims{"jti": nil}),
		"without its instant":     forge(eddsa, key, jwt.MapClaims{"iat": nil}),
		"issued in the future":    forge(eddsa, key, jwt.MapClaims{"iat": now.Add(time.Minute).Unix()}),
		"longer than a token is":  forge(eddsa, key, jwt.MapClaims{"pad": strings.Repeat("x", 8<<10)}),
		"an account with an IIN":  forge(eddsa, key, jwt.MapClaims{"sub": "desk-999999000012"}),
		"without an account":      forge(eddsa, key, jwt.MapClaims{"sub": ""}),
		"of the system":           forge(eddsa, key, jwt.MapClaims{"role": "system"}),
		"of an unknown role":      forge(eddsa, key, jwt.MapClaims{"role": "minister"}),
		"a citizen without a person": forge(eddsa, key, jwt.MapClaims{
			"role": "citizen", "sub": "somebody"}),
		"a citizen who is the zero person": forge(eddsa, key, jwt.MapClaims{
			"role": "citizen", "sub": "00000000-0000-0000-0000-000000000000"}),
	}
	before := s.head()
	for _, op := range s.operations() {
		if slices.Contains(op.Roles, operation.Anyone) {
			continue
		}
		t.Run(op.ID, func(t *testing.T) {
			for what, token := range bad {
				t.Run(what, func(t *testing.T) {
					r.at(t).unauthorized(op, token).refused(http.StatusUnauthorized, domain.CodeUnauthenticated, "")
				})
			}
		})
	}
	t.Run("control: the same forger with the right claims gets in", func(t *testing.T) {
		r.at(t).
			get("/v1/cases/"+nobody, forge(eddsa, key, nil)).
			refused(http.StatusNotFound, domain.CodeCaseUnknown, "")
	})
	t.Run("the scheme's letters may be small", func(t *testing.T) {
		r.at(t).
			get("/v1/cases/"+nobody, "", header{"Authorization", "bearer " + good}).
			refused(http.StatusNotFound, domain.CodeCaseUnknown, "")
	})
	t.Run("another scheme is none", func(t *testing.T) {
		r.at(t).
			get("/v1/cases/"+nobody, "", header{"Authorization", "Basic " + good}).
			refused(http.StatusUnauthorized, domain.CodeUnauthenticated, "")
	})
	if after := s.head(); after != before {
		t.Errorf("refused requests moved the log from %d to %d", before, after)
	}
}

// nobody is an id that names nothing.
const nobody = "00000000-0000-4000-8000-000000000000"

func TestATokenIsIssuedOnlyForWhomItCanSpeak(t *testing.T) {
	issuer := tokens(t, 1)
	person, body := domaintest.ID[domain.PersonID]("somebody"), domaintest.ID[domain.BodyID]("a body")
	for what, p := range map[string]token.Principal{
		"an unknown role":                {Role: "minister", Account: "a"},
		"the system":                     {Role: domain.RoleSystem, Account: "a"},
		"a citizen without a person":     {Role: domain.RoleCitizen, Account: "a"},
		"a citizen with a body":          {Role: domain.RoleCitizen, PersonID: person, BodyID: body},
		"an account with an IIN":         {Role: domain.RoleOperator, Account: "desk-999999000012"},
		"an account with a space":        {Role: domain.RoleOperator, Account: "desk 7"},
		"an operator without an account": {Role: domain.RoleOperator},
	} {
		if token, err := issuer.Issue(p, domaintest.Noon(), time.Hour); err == nil {
			t.Errorf("%s got the token %s", what, token)
		}
	}
	if _, err := token.NewKey(make([]byte, 31)); err == nil {
		t.Error("a short key was taken")
	}
	if _, err := token.NewIssuer(time.Hour); err == nil {
		t.Error("an issuer without a key was made")
	}
}

// What the access table does not decide: a citizen sees and does their own only.
func TestACitizenLearnsNothingOfOthers(t *testing.T) {
	r := start(t)
	s := r.at(t)
	owner, other := s.citizen(), s.citizen()
	dwelling := s.dwelling(owner)
	s.registered(owner, dwelling, "2026-03-01", "")
	list := s.list()
	applicant, entry, last := s.entry(list)
	caseID := s.applied(owner, list)
	end := s.command("/v1/queues", s.token(domain.RoleCommission), body{"body": "b", "settlement": "s", "title": "t"}).
		is(201)

	asOf := "?as_of=2026-03-10"
	for what, addresses := range map[string]struct{ theirs, nothing string }{
		"residence":           {"/v1/persons/" + owner + "/residence", "/v1/persons/" + nobody + "/residence"},
		"residence in time":   {"/v1/persons/" + owner + "/residence" + asOf, "/v1/persons/" + nobody + "/residence" + asOf},
		"residents":           {"/v1/dwellings/" + dwelling + "/residents", "/v1/dwellings/" + nobody + "/residents"},
		"residents in time":   {"/v1/dwellings/" + dwelling + "/residents" + asOf, "/v1/dwellings/" + nobody + "/residents" + asOf},
		"case":                {"/v1/cases/" + caseID, "/v1/cases/" + nobody},
		"number":              {entryPath(list, entry), entryPath(list, nobody)},
		"number of the list":  {entryPath(list, entry), entryPath(nobody, entry)},
		"number, list of two": {entryPath(list, nobody), entryPath(nobody, nobody)},
	} {
		t.Run(what, func(t *testing.T) {
			s := r.at(t)
			position := header{"Tizilim-Position", end.header.Get("Tizilim-Position")}
			theirs := s.get(addresses.theirs, s.as(other), position).
				refused(http.StatusNotFound, domain.CodeNotFound, "")
			nothing := s.get(addresses.nothing, s.as(other), position).
				refused(http.StatusNotFound, domain.CodeNotFound, "")
			if theirs.text != nothing.text {
				t.Errorf("what is another's can be told from what does not exist:\n%s\n%s", theirs.text, nothing.text)
			}
			theirs.header.Del("Date")
			nothing.header.Del("Date")
			if got, want := fmt.Sprint(theirs.header), fmt.Sprint(nothing.header); got != want {
				t.Errorf("the headers tell them apart: %s, %s", got, want)
			}
		})
	}
	s.seen("/v1/persons/"+owner+"/residence", s.as(owner), end)
	s.seen("/v1/dwellings/"+dwelling+"/residents", s.as(owner), end)
	s.seen("/v1/cases/"+caseID, s.as(owner), end)
	s.seen(entryPath(list, entry), s.as(applicant), last)

	before := s.head()
	s.command("/v1/deregistrations", s.as(other), removal(owner, dwelling, owner)).
		refused(http.StatusForbidden, domain.CodeApplicantNotYou, "applicant_id")
	s.command("/v1/housing-applications", s.as(other), application(owner, list).with(body{"channel": "portal", "signature": body{"method": "eds"}})).
		refused(http.StatusForbidden, domain.CodeApplicantNotYou, "applicant_id")
	for role, channels := range map[domain.Role][]string{
		domain.RoleCitizen:  {"state_corporation", "provider", "provider_at_state_corporation"},
		domain.RoleOperator: {"portal", "provider", "provider_at_state_corporation"},
		domain.RoleProvider: {"portal", "state_corporation"},
	} {
		token := s.token(role)
		if role == domain.RoleCitizen {
			token = s.as(owner)
		}
		for _, channel := range channels {
			s.command("/v1/deregistrations", token, removal(owner, dwelling, owner).with(body{"channel": channel})).
				refused(http.StatusForbidden, domain.CodeChannelNotOfRole, "channel")
		}
	}
	if after := s.head(); after != before {
		t.Errorf("refused applications moved the log from %d to %d", before, after)
	}
}

func TestAddressesThatDoNotExist(t *testing.T) {
	s := start(t).at(t)
	for _, request := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/v1", 404, ""},
		{"GET", "/v2/persons", 404, ""},
		{"POST", "/v1/persons/", 404, ""},
		{"GET", "/v1/queues/" + nobody + "/entries/", 404, ""},
		{"POST", "//v1/persons", 404, ""},
		{"POST", "/v1/Persons", 404, ""},
		{"GET", "/documentation", 404, ""},
		{"GET", "/healthz/", 404, ""},
		{"GET", "/v1/persons", 405, "POST"},
		{"PUT", "/v1/persons", 405, "POST"},
		{"DELETE", "/v1/persons/" + nobody + "/history", 405, "GET, HEAD"},
		{"HEAD", "/v1/persons", 405, "POST"},
		{"OPTIONS", "/v1/persons", 405, "POST"},
		{"BREW", "/v1/persons", 405, "POST"},
		{"POST", "/healthz", 405, "GET, HEAD"},
	} {
		a := s.send(request.method, request.path, s.token(domain.RoleOperator), nil).is(request.status)
		if request.method != "HEAD" {
			a.problem()
		}
		if got := a.header.Get("Allow"); got != request.allow {
			t.Errorf("%s %s: Allow %q, want %q", request.method, request.path, got, request.allow)
		}
	}
	s.get("/healthz", "").is(http.StatusOK)
}
