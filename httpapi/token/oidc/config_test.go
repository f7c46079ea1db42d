package oidc_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"tizilim/httpapi/token"
	"tizilim/httpapi/token/oidc"
)

// whole is a configuration with the least that it needs.
const whole = `{"issuers": [{
  "name": "staff", "issuer": "https://idp.example/realms/staff", "audiences": ["tizilim"],
  "authorized_parties": ["desk"], "roles": [{"role": "operator"}]
}]}`

// again is the issuer of whole once more.
var again = strings.TrimSuffix(strings.TrimPrefix(whole, `{"issuers": [`), `]}`)

func TestWhatAConfigurationLeavesOutHasADefault(t *testing.T) {
	c, err := oidc.ReadConfig(strings.NewReader(whole))
	must(t, err)
	i := c.Issuers[0]
	if len(i.Algorithms) != len(oidc.Algorithms) || time.Duration(i.Skew) != 30*time.Second ||
		time.Duration(i.MaxAge) != token.MaxLifetime || i.Roles[0].Account != "sub" {
		t.Errorf("%+v", i)
	}
}

func TestAConfigurationIsReadStrictly(t *testing.T) {
	const role = `{"role": "operator"}`
	for what, c := range map[string]struct{ old, new, says string }{
		"no JSON":                   {whole, `issuers:`, "not a JSON document"},
		"more after its end":        {whole, whole + `{}`, "more after the end"},
		"nothing":                   {whole, `{}`, "issuers is missing"},
		"an unknown member":         {`"audiences"`, `"audience"`, `"audience" is not known`},
		"an unknown member of role": {role, `{"role": "operator", "acrs": ["high"]}`, `"acrs" is not known`},
		"nested deeply":             {whole, strings.Repeat("[", 400_000), "not a JSON document"},
		"a member twice":            {`"name": "staff"`, `"name": "staff", "name": "other"`, "issuers[0].name comes twice"},
		"a demand twice":            {role, `{"role": "operator", "acr": ["high"], "acr": ["low"]}`, "roles[0].acr comes twice"},
		"no name":                   {`"staff"`, `""`, "issuers[0].name"},
		"a name with a dot":         {`"name": "staff"`, `"name": "staff.1"`, "issuers[0].name"},
		"no address":                {`https://idp.example/realms/staff`, ``, "issuer: this is not an address"},
		"an unsafe address":         {`https://`, `http://`, "must begin with https://"},
		"an address with a user":    {`https://idp`, `https://a:b@idp`, "not an address"},
		"an address with a query":   {`/staff`, `/staff?a=b`, "not an address"},
		"an address with a part":    {`/staff`, `/staff#a`, "not an address"},
		"another machine by number": {`https://idp.example`, `http://192.0.2.1`, "must begin with https://"},
		"another protocol":          {`https://idp.example`, `ftp://localhost`, "must begin with https://"},
		"no audience":               {`["tizilim"]`, `[]`, "audiences is missing"},
		"an empty audience":         {`["tizilim"]`, `[""]`, "audiences is missing"},
		"no client":                 {`["desk"]`, `[]`, "authorized_parties is missing"},
		"alg none":                  {`"name"`, `"algorithms": ["none"], "name"`, "algorithms[0] is none of RS256"},
		"a symmetric algorithm":     {`"name"`, `"algorithms": ["RS256", "HS256"], "name"`, "algorithms[1] is none of"},
		"a skew without a unit":     {`"name"`, `"skew": "30", "name"`, "write a duration"},
		"a negative skew":           {`"name"`, `"skew": "-30s", "name"`, "write a duration"},
		"a large skew":              {`"name"`, `"skew": "5m1s", "name"`, "skew is more than 5m"},
		"a large age":               {`"name"`, `"max_age": "25h", "name"`, "max_age is more than 24h"},
		"no roles":                  {`[` + role + `]`, `[]`, "roles is missing"},
		"an unknown role":           {`"operator"`, `"minister"`, "roles[0].role is none of"},
		"the role of the system":    {`"operator"`, `"system"`, "roles[0].role is none of"},
		"a citizen without an IIN":  {`"operator"`, `"citizen"`, "roles[0].iin is missing"},
		"a citizen with a body":     {role, `{"role": "citizen", "iin": "iin", "body": "b"}`, "neither account nor body"},
		"a citizen with an account": {role, `{"role": "citizen", "iin": "iin", "account": "sub"}`, "neither account nor body"},
		"a citizen with a derived account": {role, `{"role": "citizen", "iin": "iin", "derive_account": true}`,
			"neither account nor body"},
		"an empty list of amr":      {role, `{"role": "operator", "amr": []}`, "acr or amr is empty"},
		"a condition without name":  {role, `{"role": "operator", "when": {"": ["a"]}}`, "when has a claim"},
		"the zero body":             {role, `{"role": "operator", "body": "b", "bodies": {"a": "00000000-0000-0000-0000-000000000000"}}`, "bodies.a is the zero UUID"},
		"a demand without values":   {role, `{"role": "operator", "acr": []}`, "acr or amr is empty"},
		"a condition without value": {role, `{"role": "operator", "when": {"a": []}}`, "when has a claim"},
		"bodies without a claim":    {role, `{"role": "operator", "bodies": {"a": "6b4a1f5e-9c1d-4b56-8b0e-0d6a9d2f7a11"}}`, "bodies needs body"},
		"a body that is no id":      {role, `{"role": "operator", "body": "b", "bodies": {"a": "b"}}`, "invalid UUID"},
		"the same issuer twice":     {"}]\n}]}", "}]\n}, " + strings.Replace(again, "staff", "other", 1) + "]}", "of one before it"},
		"the same name twice":       {"}]\n}]}", "}]\n}, " + strings.Replace(again, "/staff", "/other", 1) + "]}", "of one before it"},
	} {
		t.Run(what, func(t *testing.T) {
			text := strings.Replace(whole, c.old, c.new, 1)
			if text == whole {
				t.Fatal("nothing is changed")
			}
			_, err := oidc.ReadConfig(strings.NewReader(text))
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want: %s", err, c.says)
			}
		})
	}
}

// TestTheExampleForOperatorsIsAccepted keeps testdata/issuers.json, which the operation
// document shows, true.
func TestAnIssuerOnThisMachineNeedsNoTLS(t *testing.T) {
	for _, address := range []string{"http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]:8080"} {
		if _, err := oidc.ReadConfig(strings.NewReader(strings.Replace(whole, "https://idp.example", address, 1))); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestTheExampleForOperatorsIsAccepted(t *testing.T) {
	file, err := os.Open("testdata/issuers.json")
	must(t, err)
	defer file.Close()
	c, err := oidc.ReadConfig(file)
	must(t, err)
	if len(c.Issuers) != 2 {
		t.Errorf("%d issuers", len(c.Issuers))
	}
}
