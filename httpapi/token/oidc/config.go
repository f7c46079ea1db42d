package oidc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/httpapi/token"
)

// Config names the identity providers whose tokens are accepted.
type Config struct {
	Issuers []IssuerConfig `json:"issuers"`
}

// IssuerConfig is one identity provider, and what its tokens must be to be accepted.
type IssuerConfig struct {
	// Name is what logs call the issuer, and the beginning of the accounts of its staff.
	// 1 to 16 small letters, digits and hyphens.
	Name string `json:"name"`
	// Issuer is its address, exactly as its tokens write "iss". It has https, but for an
	// issuer on this machine.
	Issuer string `json:"issuer"`
	// Audiences: "aud" must have one of them.
	Audiences []string `json:"audiences"`
	// AuthorizedParties: "azp" must be one of them; where a token has none, "client_id".
	AuthorizedParties []string `json:"authorized_parties"`
	// Algorithms that are accepted. Default: all of [Algorithms].
	Algorithms []string `json:"algorithms"`
	// Skew is by how much the clock of the issuer may differ from ours, at most
	// [token.MaxSkew]. Default: 30s.
	Skew Duration `json:"skew"`
	// MaxAge is for how long after "iat" a token is accepted, at most
	// [token.MaxLifetime], which is the default.
	MaxAge Duration `json:"max_age"`
	// Roles say whom a token names. A token must fit exactly one of them.
	Roles []RoleConfig `json:"roles"`
}

// RoleConfig maps tokens to a role. A claim is named by its name, or by a JSON Pointer
// (RFC 6901) such as /realm_access/roles.
type RoleConfig struct {
	Role domain.Role `json:"role"`
	// When says which tokens fit: each claim must be, or must list, one of the values.
	When map[string][]string `json:"when"`
	// IIN is the claim with the IIN of the person: required for citizens. Of staff, it
	// names the person who uses the account.
	IIN string `json:"iin"`
	// Account is the claim that names the account of staff. Default: sub.
	Account string `json:"account"`
	// DeriveAccount: the account is derived from the claim with a key of ours, because the
	// claim tells who somebody is (an IIN, an e-mail), or is no name of an account.
	DeriveAccount bool `json:"derive_account"`
	// Body is the claim with the id of the body for which staff act: a UUID, or a key of
	// Bodies.
	Body   string                   `json:"body"`
	Bodies map[string]domain.BodyID `json:"bodies"`
	// ACR: "acr" must be one of them. AMR: "amr" must list all of them.
	ACR []string `json:"acr"`
	AMR []string `json:"amr"`
	// MaxAuthAge is how long ago the holder may have signed in ("auth_time").
	MaxAuthAge Duration `json:"max_auth_age"`
}

// Algorithms are those that can be accepted: all have a public and a private key.
var Algorithms = []string{
	"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
}

const (
	defaultSkew = 30 * time.Second
	// largestFile bounds a file of configuration.
	largestFile = 1 << 20
)

// Duration is written as 30s, 15m or 12h.
type Duration time.Duration

// UnmarshalText reads a duration that is not negative.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil || parsed < 0 {
		return errors.New("write a duration as 30s, 15m or 12h")
	}
	*d = Duration(parsed)
	return nil
}

// ReadConfig reads a configuration in JSON. It refuses a member that it does not know:
// a mistyped demand must not pass for none. Every error is a sentence for the operator.
func ReadConfig(r io.Reader) (Config, error) {
	text, err := io.ReadAll(io.LimitReader(r, largestFile+1))
	if err != nil {
		return Config{}, err
	}
	if len(text) > largestFile {
		return Config{}, fmt.Errorf("it is larger than %d bytes", largestFile)
	}
	var whole json.RawMessage // read first, because that bounds how deep the walk below goes
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&whole); err != nil {
		return Config{}, fmt.Errorf("it is not a JSON document: %w", err)
	}
	if err := noMemberTwice(json.NewDecoder(bytes.NewReader(text)), ""); err != nil {
		return Config{}, err
	}
	var c Config
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
			return Config{}, fmt.Errorf("the member %s is not known", name)
		}
		return Config{}, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Config{}, errors.New("there is more after the end of the document")
	}
	return c, c.complete()
}

// noMemberTwice walks one value. Of a member that comes twice, [encoding/json] takes the
// last one without a word.
func noMemberTwice(d *json.Decoder, path string) error {
	t, err := d.Token()
	if err != nil {
		return fmt.Errorf("it is not a JSON document: %w", err)
	}
	if t != json.Delim('{') && t != json.Delim('[') {
		return nil
	}
	seen := map[string]bool{}
	for i := 0; d.More(); i++ {
		at := fmt.Sprintf("%s[%d]", path, i)
		if t == json.Delim('{') {
			name, err := d.Token()
			if err != nil {
				return fmt.Errorf("it is not a JSON document: %w", err)
			}
			at = strings.TrimPrefix(path+"."+name.(string), ".") // a key, or Token had failed
			if seen[at] {
				return fmt.Errorf("the member %s comes twice", at)
			}
			seen[at] = true
		}
		if err := noMemberTwice(d, at); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil { // the closing bracket
		return fmt.Errorf("it is not a JSON document: %w", err)
	}
	return nil
}

// complete sets the defaults and refuses what is missing or contradicts itself.
func (c *Config) complete() error {
	if len(c.Issuers) == 0 {
		return errors.New("the member issuers is missing or empty: name an identity provider")
	}
	names, addresses := map[string]bool{}, map[string]bool{}
	for i := range c.Issuers {
		issuer := &c.Issuers[i]
		if err := issuer.complete(); err != nil {
			return fmt.Errorf("issuers[%d].%w", i, err)
		}
		if names[issuer.Name] || addresses[issuer.Issuer] {
			return fmt.Errorf("issuers[%d] has the name or the address of one before it", i)
		}
		names[issuer.Name], addresses[issuer.Issuer] = true, true
	}
	return nil
}

var nameForm = regexp.MustCompile(`^[a-z0-9-]{1,16}$`)

func (c *IssuerConfig) complete() error {
	if len(c.Algorithms) == 0 {
		c.Algorithms = slices.Clone(Algorithms)
	}
	if c.Skew == 0 {
		c.Skew = Duration(defaultSkew)
	}
	if c.MaxAge == 0 {
		c.MaxAge = Duration(token.MaxLifetime)
	}
	unknown := slices.IndexFunc(c.Algorithms, func(a string) bool { return !slices.Contains(Algorithms, a) })
	switch {
	case !nameForm.MatchString(c.Name):
		return errors.New("name is not 1 to 16 small letters, digits and hyphens")
	case safeAddress(c.Issuer) != nil:
		return fmt.Errorf("issuer: %w", safeAddress(c.Issuer))
	case !filled(c.Audiences):
		return errors.New("audiences is missing or has an empty text: say for whom its tokens are")
	case !filled(c.AuthorizedParties):
		return errors.New("authorized_parties is missing or has an empty text: name the clients that may get its tokens")
	case unknown >= 0:
		return fmt.Errorf("algorithms[%d] is none of %s", unknown, strings.Join(Algorithms, ", "))
	case time.Duration(c.Skew) > token.MaxSkew:
		return fmt.Errorf("skew is more than %s: set the clocks by NTP", token.MaxSkew)
	case time.Duration(c.MaxAge) > token.MaxLifetime:
		return fmt.Errorf("max_age is more than %s", token.MaxLifetime)
	case len(c.Roles) == 0:
		return errors.New("roles is missing or empty: say whom its tokens name")
	}
	for i := range c.Roles {
		if err := c.Roles[i].complete(); err != nil {
			return fmt.Errorf("roles[%d].%w", i, err)
		}
	}
	return nil
}

func (c *RoleConfig) complete() error {
	citizen := c.Role == domain.RoleCitizen
	if c.Account == "" && !citizen {
		c.Account = "sub"
	}
	for _, claim := range slices.Sorted(maps.Keys(c.When)) {
		if claim == "" || !filled(c.When[claim]) {
			return errors.New("when has a claim without a name or without values")
		}
	}
	for _, value := range slices.Sorted(maps.Keys(c.Bodies)) {
		if c.Bodies[value].UUID == uuid.Nil {
			return fmt.Errorf("bodies.%s is the zero UUID", value)
		}
	}
	switch {
	case !slices.Contains(domain.Roles, c.Role):
		return fmt.Errorf("role is none of %v", domain.Roles)
	case citizen && c.IIN == "":
		return errors.New("iin is missing: a citizen is a person")
	case citizen && (c.Account != "" || c.DeriveAccount || c.Body != ""):
		return errors.New("role is citizen, who has neither account nor body: leave these members out")
	case len(c.Bodies) > 0 && c.Body == "":
		return errors.New("bodies needs body, the claim whose values it lists")
	case !filled(c.ACR) && c.ACR != nil, !filled(c.AMR) && c.AMR != nil:
		return errors.New("acr or amr is empty, or has an empty text: leave out what is not demanded")
	}
	return nil
}

// filled reports whether the list has texts, and no empty one.
func filled(list []string) bool { return len(list) > 0 && !slices.Contains(list, "") }

// safeAddress refuses an address that could be answered by somebody else on the way.
func safeAddress(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("this is not an address such as https://idp.example/realms/staff")
	}
	if u.Scheme == "https" || u.Scheme == "http" && onThisMachine(u.Hostname()) {
		return nil
	}
	return errors.New("the address must begin with https://, so that nobody on the way can replace the keys")
}

func onThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
