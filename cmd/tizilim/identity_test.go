package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/oauth2-proxy/mockoidc"

	"tizilim/domain"
)

// TestTheExampleOfIdentityProvidersIsTheOneThatIsTested: package oidc reads that file.
func TestTheExampleOfIdentityProvidersIsTheOneThatIsTested(t *testing.T) {
	file, err := os.ReadFile(filepath.Join(root, "httpapi/token/oidc/testdata/issuers.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(readDocument(t, "cmd/tizilim/OPERATION.md"), "```json\n"+string(file)+"```\n") {
		t.Error("the example in OPERATION.md is another one")
	}
}

// signedIn is a user of an identity provider, with these claims in the ID token.
type signedIn map[string]any

func (signedIn) ID() string                        { return "desk-7" }
func (signedIn) Userinfo([]string) ([]byte, error) { return []byte("{}"), nil }
func (u signedIn) Claims(_ []string, base *mockoidc.IDTokenClaims) (jwt.Claims, error) {
	all := jwt.MapClaims{"iss": base.Issuer, "aud": base.Audience, "sub": base.Subject, "iat": base.IssuedAt, "exp": base.ExpiresAt}
	for name, v := range u {
		all[name] = v
	}
	return all, nil
}

// idToken signs a user in at the provider, by the code flow.
func idToken(t *testing.T, m *mockoidc.MockOIDC, u signedIn) string {
	t.Helper()
	u["azp"] = m.ClientID
	m.QueueUser(u)
	client := http.Client{
		Timeout:       within,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Get(m.AuthorizationEndpoint() + "?" + url.Values{
		"client_id": {m.ClientID}, "response_type": {"code"}, "scope": {"openid"}, "state": {"s"},
		"redirect_uri": {"https://portal.example/callback"},
	}.Encode())
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	back, err := response.Location()
	if err != nil {
		t.Fatal(err)
	}
	response, err = client.PostForm(m.TokenEndpoint(), url.Values{
		"grant_type": {"authorization_code"}, "code": {back.Query().Get("code")},
		"client_id": {m.ClientID}, "client_secret": {m.ClientSecret},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var tokens struct {
		ID string `json:"id_token"`
	}
	if err := json.NewDecoder(response.Body).Decode(&tokens); err != nil || tokens.ID == "" {
		t.Fatalf("the provider gives no ID token: %s, %v", response.Status, err)
	}
	return tokens.ID
}

// TestWhoSignsInAtAnIdentityProviderIsLetIn: two providers that a server is told of, and
// one that does not answer.
func TestWhoSignsInAtAnIdentityProviderIsLetIn(t *testing.T) {
	m, err := mockoidc.Run()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Shutdown(); err != nil {
			t.Error(err)
		}
	})
	config := filepath.Join(t.TempDir(), "issuers.json")
	text := fmt.Sprintf(`{"issuers": [
		{"name": "idp", "issuer": %q, "audiences": [%[2]q], "authorized_parties": [%[2]q], "roles": [
			{"role": "citizen", "when": {"kind": ["person"]}, "iin": "iin", "acr": ["eds"], "max_auth_age": "1h"},
			{"role": "operator", "when": {"kind": ["desk"]}}
		]},
		{"name": "away", "issuer": "http://127.0.0.1:1", "audiences": ["a"], "authorized_parties": ["b"],
			"roles": [{"role": "auditor"}]}
	]}`, m.Issuer(), m.ClientID)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serve(t, dataDir(t), "127.0.0.1:0", "--oidc-config", config, "--log-level", "debug")
	ask := func(token string) (status int, code, challenge string) {
		t.Helper()
		request, err := http.NewRequest(http.MethodGet, s.url+"/v1/me/notices", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		var problem struct {
			Code string `json:"code"`
		}
		if err := json.NewDecoder(response.Body).Decode(&problem); err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, problem.Code, response.Header.Get("WWW-Authenticate")
	}
	citizen := idToken(t, m, signedIn{"kind": "person", "iin": demoIIN, "acr": "eds", "auth_time": m.Now().Unix()})
	await(t, "the citizen is let in", func() error {
		if status, code, _ := ask(citizen); status != http.StatusOK {
			return fmt.Errorf("%d %s", status, code)
		}
		return nil
	})
	desk := idToken(t, m, signedIn{"kind": "desk"})
	for what, c := range map[string]struct {
		token           string
		status          int
		code, challenge string
	}{
		"a desk that no body has": {desk, 403, "account_without_body", ""},
		"a weak sign-in": {
			idToken(t, m, signedIn{"kind": "person", "iin": demoIIN}), 401, "stronger_sign_in_required",
			`Bearer realm="tizilim", error="insufficient_user_authentication", acr_values="eds", max_age="3600"`,
		},
		"nobody":          {"", 401, "unauthenticated", `Bearer realm="tizilim", error="invalid_token"`},
		"who has no role": {idToken(t, m, signedIn{}), 401, "unauthenticated", `Bearer realm="tizilim", error="invalid_token"`},
		"of a provider that does not answer": {
			"eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ.eyJpc3MiOiJodHRwOi8vMTI3LjAuMC4xOjEifQ.AAAA", 503,
			"identity_provider_unavailable", "",
		},
	} {
		t.Run(what, func(t *testing.T) {
			if status, code, challenge := ask(c.token); status != c.status || code != c.code || challenge != c.challenge {
				t.Errorf("got %d %s %q", status, code, challenge)
			}
		})
	}
	openDesk(t, s, "idp.desk-7")
	await(t, "the desk acts for the body that has its account", func() error {
		if status, code, _ := ask(desk); status != http.StatusForbidden || code != "role_not_allowed" {
			return fmt.Errorf("%d %s", status, code)
		}
		return nil
	})
	use(t, "token", "revoke", "--data", s.data, "--account", "idp.desk-7", "--reason", "left")
	await(t, "the desk is refused", func() error {
		if status, code, _ := ask(desk); status != http.StatusUnauthorized {
			return fmt.Errorf("%d %s", status, code)
		}
		return nil
	})
	if told := s.stderr.String(); strings.Contains(told, demoIIN) || strings.Contains(told, "eyJ") {
		t.Errorf("an IIN or a token is in the log:\n%s", told)
	}
}

// openDesk records a desk, its head and their account.
func openDesk(t *testing.T, s *server, account string) {
	t.Helper()
	told, official := storytellerFor(t, s), uuid.New()
	var answer struct {
		BodyID domain.BodyID `json:"body_id"`
	}
	post := func(path string, body map[string]any) {
		t.Helper()
		if err := told.post(t.Context(), as(domain.RoleAdministrator), path, body, &answer); err != nil {
			t.Fatal(err)
		}
	}
	post("/v1/bodies", map[string]any{"kind": "desk", "names": map[string]string{"kk": "Орын", "ru": "Пункт", "en": "Desk"}})
	path := "/v1/bodies/" + answer.BodyID.String()
	post(path+"/officials", map[string]any{"person_id": official, "office": "head", "basis": "order 1"})
	post(path+"/accounts", map[string]any{"person_id": official, "account": account})
}
