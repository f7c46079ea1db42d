package oidc_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/oauth2-proxy/mockoidc"

	"tizilim/domain"
	"tizilim/httpapi/token"
	"tizilim/httpapi/token/oidc"
)

// official is a user of the provider, whose ID token has these claims beside its own.
type official struct {
	mockoidc.User
	more map[string]any
}

func (o official) Claims(_ []string, base *mockoidc.IDTokenClaims) (jwt.Claims, error) {
	text, err := json.Marshal(base)
	if err != nil {
		return nil, err
	}
	all := jwt.MapClaims{}
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, err
	}
	for name, v := range o.more {
		all[name] = v
	}
	return all, nil
}

// signIn signs the next user of the provider in, by the code flow, and returns the ID
// token.
func signIn(t *testing.T, m *mockoidc.MockOIDC, user mockoidc.User) string {
	t.Helper()
	m.QueueUser(user)
	client := http.Client{
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Get(m.AuthorizationEndpoint() + "?" + url.Values{
		"client_id": {m.ClientID}, "response_type": {"code"}, "scope": {"openid"}, "state": {"s"},
		"redirect_uri": {"https://portal.example/callback"},
	}.Encode())
	must(t, err)
	response.Body.Close()
	back, err := response.Location()
	must(t, err)
	response, err = client.PostForm(m.TokenEndpoint(), url.Values{
		"grant_type": {"authorization_code"}, "code": {back.Query().Get("code")},
		"client_id": {m.ClientID}, "client_secret": {m.ClientSecret},
	})
	must(t, err)
	defer response.Body.Close()
	var tokens struct {
		ID string `json:"id_token"`
	}
	must(t, json.NewDecoder(response.Body).Decode(&tokens))
	if tokens.ID == "" {
		t.Fatalf("the provider gave no ID token: %s", response.Status)
	}
	return tokens.ID
}

// TestWhoSignsInAtAProviderIsWhomItsTokenNames runs a provider, signs in as a browser
// does, and sends what the provider has signed.
func TestWhoSignsInAtAProviderIsWhomItsTokenNames(t *testing.T) {
	m, err := mockoidc.Run()
	must(t, err)
	t.Cleanup(func() { must(t, m.Shutdown()) })
	config, err := oidc.ReadConfig(strings.NewReader(`{"issuers": [{
		"name": "idp", "issuer": "` + m.Issuer() + `", "audiences": ["` + m.ClientID + `"],
		"authorized_parties": ["` + m.ClientID + `"], "max_age": "1h",
		"roles": [
			{"role": "citizen", "when": {"kind": ["person"]}, "iin": "iin", "acr": ["eds"]},
			{"role": "commission", "when": {"/realm_access/roles": ["commission"]}, "max_auth_age": "30m"}
		]
	}]}`))
	must(t, err)
	p := &provider{t: t}
	quick := timing
	quick.Pause = 0
	i, _ := p.run(config.Issuers[0], quick)
	until(t, "the keys are known", func() bool { return i.Epoch() > 0 })

	user := &mockoidc.MockUser{Subject: "astana-1"}
	signedIn := time.Now()
	citizen := signIn(t, m, official{user, map[string]any{
		"azp": m.ClientID, "kind": "person", "iin": iin, "acr": "eds",
	}})
	staff := signIn(t, m, official{user, map[string]any{
		"azp": m.ClientID, "realm_access": map[string]any{"roles": []string{"commission"}}, "auth_time": signedIn.Unix(),
	}})
	if v := accepted(t, i, citizen); v.PersonID != someone || v.Role != domain.RoleCitizen {
		t.Errorf("it names %+v", v)
	}
	if v := accepted(t, i, staff); v.Account != "idp.astana-1" || v.Role != domain.RoleCommission {
		t.Errorf("it names %+v", v)
	}
	t.Run("not for another client", func(t *testing.T) {
		refused(t, i, signIn(t, m, official{user, map[string]any{"azp": "game", "kind": "person"}}), token.OtherParty)
	})
	t.Run("not without the sign-in that the role demands", func(t *testing.T) {
		weak := signIn(t, m, official{user, map[string]any{"azp": m.ClientID, "kind": "person", "iin": iin}})
		if _, err := verify(i, weak); err == nil || !strings.Contains(err.Error(), "acr eds") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("not after it has expired", func(t *testing.T) {
		m.FastForward(-time.Hour)
		defer m.FastForward(time.Hour)
		refused(t, i, signIn(t, m, official{user, map[string]any{"azp": m.ClientID, "kind": "person", "iin": iin, "acr": "eds"}}),
			token.Expired)
	})
	t.Run("also after the provider changed its key", func(t *testing.T) {
		before := i.Epoch()
		m.Keypair, err = mockoidc.NewKeypair(rsaKeys()[1])
		must(t, err)
		accepted(t, i, signIn(t, m, official{user, map[string]any{
			"azp": m.ClientID, "kind": "person", "iin": iin, "acr": "eds",
		}}))
		refused(t, i, citizen, token.UnknownKey)
		if i.Epoch() == before {
			t.Error("remembered tokens of the former key would stay accepted")
		}
	})
}
