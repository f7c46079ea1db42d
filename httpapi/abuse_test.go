package httpapi_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/httpapi/limits"
	"tizilim/httpapi/operation"
	"tizilim/httpapi/token"
)

// abuseTimes is how often each attempt is made at least.
var abuseTimes = flag.Int("abuse.times", 3, "how often each attempt of the abuse suite is made")

// costliest is what an attempt may take, from the request to its answer. The fastest of
// the repetitions counts: in the others a busy machine did something else meanwhile.
const costliest = slowness * 50 * time.Millisecond

// timesTheFloor is by how much more than the floor an attempt may take on a machine that is
// so busy that the floor takes long too.
const timesTheFloor = 30

// largest is as long as a body can be.
var largest = []byte("[" + strings.Repeat("1.5,", 16<<10) + "1]")

// floor is how long the standard library takes to read the longest body.
func floor(t *testing.T) time.Duration {
	began := time.Now()
	var list any
	must(t, json.Unmarshal(largest, &list))
	return time.Since(began)
}

// attempt is a request that must be refused. n numbers its repetitions.
type attempt struct {
	name   string
	status int
	code   domain.Code
	make   func(s *subtest, n int) *answer
}

// TestNoAttemptLeavesAnythingInTheLogOrCostsMuch sends what somebody sends who wants to
// do more than they may. Each attempt would succeed if the one control that stops it
// were gone.
func TestNoAttemptLeavesAnythingInTheLogOrCostsMuch(t *testing.T) {
	r := start(t)
	w := newMatters(r.at(t))
	var all []attempt
	all = append(all, actsForAnotherBody(w)...)
	all = append(all, recordsOfOthers(w)...)
	all = append(all, tokensOfNobody(w)...)
	all = append(all, wrongKeys(w)...)
	all = append(all, hostileRequests(w)...)
	for _, a := range all {
		t.Run(a.name, func(t *testing.T) {
			s := r.at(t)
			before := s.head()
			var least, least64KB time.Duration
			bound := func() time.Duration { return max(costliest, timesTheFloor*least64KB) }
			for n := 0; n < *abuseTimes || least > bound() && n < *abuseTimes+20; n++ {
				if took := floor(t); n == 0 || took < least64KB {
					least64KB = took
				}
				began := time.Now()
				got := a.make(s, n)
				took := time.Since(began)
				if got.status != a.status || got.body["code"] != string(a.code) {
					t.Fatalf("answered %d %v, want %d %s: %.500s", got.status, got.body["code"], a.status, a.code, got.text)
				}
				got.problem()
				if n == 0 || took < least {
					least = took
				}
			}
			if least > bound() {
				t.Errorf("takes at least %v, and to read 64 KB takes %v", least, least64KB)
			}
			if s.head() != before {
				t.Error("the log has moved")
			}
		})
	}
	w.get("/readyz", "").is(http.StatusOK)
	// What was attempted is still free for whoever may do it.
	w.command(w.entry()+"/review", w.of(domain.RoleCommission, own), body{"note": "n"}).is(http.StatusOK)
}

// of is the token of who has the role and the relation.
func (w matters) of(role domain.Role, r relation) string {
	w.t.Helper()
	for _, a := range w.actors {
		if a.role == role && a.relation == r {
			return a.token
		}
	}
	w.t.Fatalf("there is no %s, %s", role, r)
	return ""
}

func (w matters) entry() string {
	at := w.address[operation.OfEntry]
	return entryPath(at[0], at[1])
}

// waiting files an application that no commission has decided yet.
func (w matters) waiting() (caseID string) {
	w.t.Helper()
	return w.applied(w.citizen(), w.list)
}

// actsForAnotherBody are right in all but who sends them.
func actsForAnotherBody(w matters) []attempt {
	undecided := w.waiting()
	acts := []struct {
		name, path string
		body       body
	}{
		{"reviews an entry", w.entry() + "/review", body{"note": "n"}},
		{"decides a case", "/v1/cases/" + undecided + "/decision", placing},
		{"refuses a case", "/v1/cases/" + undecided + "/decision",
			body{"outcome": "refuse", "ground": "no_consent", "reasons": "r"}},
	}
	var all []attempt
	for _, act := range acts {
		for _, r := range []relation{otherBody, above} {
			bearer := w.of(domain.RoleCommission, r)
			all = append(all, attempt{fmt.Sprintf("a commission (%s) %s", r, act.name), 403, domain.CodeNotYourBody,
				func(s *subtest, n int) *answer { return s.command(act.path, bearer, act.body) }})
		}
	}
	relative := w.of(domain.RoleCommission, official)
	return append(all, attempt{"an official acts on their own entry", 403, domain.CodeOwnMatter,
		func(s *subtest, n int) *answer { return s.command(w.entry()+"/review", relative, body{"note": "n"}) }})
}

// recordsOfOthers are asked for by a citizen, with whatever might be looked at before
// the owner is.
func recordsOfOthers(w matters) []attempt {
	bearer := w.of(domain.RoleCitizen, stranger)
	owner := w.person
	var first string
	same := func(s *subtest, a *answer) *answer {
		if first == "" {
			first = a.text
		}
		if a.text != first {
			s.t.Errorf("answered otherwise than other attempts:\n%s\n%s", first, a.text)
		}
		return a
	}
	var all []attempt
	for _, path := range []string{
		"/v1/persons/" + owner + "/residence", "/v1/persons/" + owner + "/residence?as_of=2026-02-30",
		w.entry(), w.entry() + "?nonsense=1", "/v1/cases/" + w.address[operation.OfCase][0],
		"/v1/certificates/" + w.address[operation.OfCertificate][0], "/v1/persons/" + nobody + "/residence",
	} {
		for _, h := range []header{{"If-Match", `"0"`}, {"If-None-Match", `"1"`}, {"Tizilim-Purpose", "x"}} {
			name := strings.NewReplacer(owner, "owner", "/", " ").Replace(path)
			all = append(all, attempt{"a citizen reads" + name + " with " + h[0], 404, domain.CodeNotFound,
				func(s *subtest, n int) *answer { return same(s, s.get(path, bearer, h)) }})
		}
	}
	return all
}

// tokensOfNobody were signed by nobody whom the registry trusts, or no longer hold.
func tokensOfNobody(w matters) []attempt {
	now := w.clock.Now()
	right, err := w.tokens.Issue(token.Principal{Role: domain.RoleAuditor, Account: "auditor-1"}, now, time.Hour)
	must(w.t, err)
	ended, err := w.tokens.Issue(
		token.Principal{Role: domain.RoleAuditor, Account: "auditor-1"}, now.Add(-25*time.Hour), time.Hour)
	must(w.t, err)
	var claims jwt.MapClaims
	parsed, _, err := jwt.NewParser().ParseUnverified(right, &claims)
	must(w.t, err)
	public := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize)).Public().(ed25519.PublicKey)
	another := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, ed25519.SeedSize))
	signed := func(method jwt.SigningMethod, key any, change jwt.MapClaims) string {
		c := maps.Clone(claims)
		maps.Copy(c, change)
		made := jwt.NewWithClaims(method, c)
		made.Header["kid"] = parsed.Header["kid"]
		text, err := made.SignedString(key)
		must(w.t, err)
		return text
	}
	parts := strings.Split(right, ".")
	other := base64.RawURLEncoding.EncodeToString(
		[]byte(`{"iss":"tizilim","sub":"administrator-1","role":"administrator"}`))

	mine := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize)) // the registry's own
	claiming := func(claims jwt.MapClaims) string { return signed(jwt.SigningMethodEdDSA, mine, claims) }
	w.get("/v1/cases?overdue=true", claiming(nil)).is(http.StatusOK) // so a claim alone is wrong
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	elsewhere := jwt.MapClaims{"iss": "https://id.example"}
	w.get("/v1/cases?overdue=true", right).is(http.StatusOK) // so only what follows is wrong
	var all []attempt
	for name, bearer := range map[string]string{
		"none":                               "",
		"a guess":                            "guess",
		"one without a signature (none)":     signed(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil),
		"the public key as a secret (HS256)": signed(jwt.SigningMethodHS256, []byte(public), nil),
		"another key of the same name":       signed(jwt.SigningMethodEdDSA, another, nil),
		"another issuer":                     signed(jwt.SigningMethodEdDSA, another, elsewhere),
		"another content":                    parts[0] + "." + other + "." + parts[2],
		"its signature cut off":              parts[0] + "." + parts[1] + ".",
		"one that has expired":               ended,
		"its own key and another issuer":     claiming(elsewhere),
		"its own key and no issuer":          claiming(jwt.MapClaims{"iss": ""}),
		"not valid before the next second":   claiming(jwt.MapClaims{"nbf": at(time.Second)}),
		"issued in the future":               claiming(jwt.MapClaims{"iat": at(time.Second)}),
		"no end":                             claiming(jwt.MapClaims{"exp": nil}),
		"no instant of issue":                claiming(jwt.MapClaims{"iat": nil}),
		"no id by which it can be revoked":   claiming(jwt.MapClaims{"jti": nil}),
		"a role that nobody has":             claiming(jwt.MapClaims{"role": "minister"}),
		"the role of the registry itself":    claiming(jwt.MapClaims{"role": "system"}),
		"several roles":                      claiming(jwt.MapClaims{"role": []string{"auditor", "administrator"}}),
		"an account that is an IIN":          claiming(jwt.MapClaims{"sub": "999999000012"}),
		"a citizen who is nobody":            claiming(jwt.MapClaims{"role": "citizen"}),
		"a body that is not recorded":        claiming(jwt.MapClaims{"body": nobody}),
		"64 KB of text":                      strings.Repeat("a", 64<<10),
		"a thousand points":                  strings.Repeat(".", 1000),
	} {
		all = append(all, attempt{"a token: " + name, 401, domain.CodeUnauthenticated,
			func(s *subtest, n int) *answer { return s.get("/v1/cases?overdue=true", bearer) }})
	}
	return all
}

// wrongKeys are the byte strings that once signed as one and the same key.
func wrongKeys(w matters) []attempt {
	person := w.citizen()
	bearer := w.as(person)
	form := application(person, w.list).with(body{"channel": "portal", "signature": body{"method": "eds"}})
	var all []attempt
	for _, key := range []string{"key \xff", "key \xfe", "key \xc3", "key \ufffd"} {
		all = append(all, attempt{fmt.Sprintf("the key %q", key), 422, domain.CodeMalformed,
			func(s *subtest, n int) *answer {
				return s.command(applyPath, bearer, form, header{"Idempotency-Key", key})
			}})
	}
	return all
}

// hostileRequests want to cost the server more than they cost their sender.
func hostileRequests(w matters) []attempt {
	var all []attempt
	for _, h := range hostiles {
		if h.path == "/v1/signatures/preview" {
			continue // shows the sender what they would sign, and is no command
		}
		text, bearer := h.make(largestBody), w.token(h.role)
		a := w.command(h.path, bearer, text)
		all = append(all, attempt{"64 KB: " + h.name, a.status, domain.Code(fmt.Sprint(a.body["code"])),
			func(s *subtest, n int) *answer { return s.command(h.path, bearer, text) }})
		if a.status < 400 || a.status >= 500 {
			w.t.Fatalf("%s is answered %d", h.name, a.status)
		}
	}
	operator, large := w.token(domain.RoleOperator), members("", 1<<17)
	return append(all, attempt{"a body beyond the limit", 413, domain.CodeBodyTooLarge,
		func(s *subtest, n int) *answer { return s.command("/v1/persons", operator, large) }})
}

// TestAFloodEndsAtTheLimitsAsTheyAreShipped, whatever an operator has not configured.
func TestAFloodEndsAtTheLimitsAsTheyAreShipped(t *testing.T) {
	r := start(t, func(s *settings) { s.limits = limits.Default() })
	s := r.at(t)
	person := s.citizen()
	citizen, desk := s.as(person), s.token(domain.RoleOperator)
	other, third := s.as(s.citizen()), s.citizen()
	before := s.head()
	for _, flood := range []struct {
		name  string
		burst int // so many are let through
		send  func(s *subtest, n int) *answer
	}{
		{"guesses of codes of documents", 60, func(s *subtest, n int) *answer {
			return s.get(fmt.Sprintf("/v1/certificates/check/%028d", n), "")
		}},
		{"guesses of tokens", 60, func(s *subtest, n int) *answer { return s.get("/v1/me", fmt.Sprint("guess-", n)) }},
		{"searches of a desk", 500, func(s *subtest, n int) *answer {
			return s.send("POST", "/v1/persons/search", desk, body{"purpose": "service", "iin": s.iin()})
		}},
		{"searches of a citizen", 30, func(s *subtest, n int) *answer {
			return s.send("POST", "/v1/persons/search", other, body{"purpose": "service", "iin": s.iin()})
		}},
		{"histories that a citizen asks for", 30, func(s *subtest, n int) *answer {
			return s.get("/v1/persons/"+nobody+"/history", other)
		}},
		{"records that a citizen guesses", 100, func(s *subtest, n int) *answer {
			return s.get("/v1/persons/"+domaintest.ID[domain.PersonID](fmt.Sprint(n)).String()+"/residence", other)
		}},
		{"commands of a citizen, by ever new tokens", 60, func(s *subtest, n int) *answer {
			return s.command("/v1/registrations", s.as(third), body{"nonsense": n})
		}},
		{"one-time passwords of a citizen", 10, func(s *subtest, n int) *answer {
			return s.command("/v1/otp", citizen, body{"digest": strings.Repeat("0", 64)})
		}},
		{"wrong codes for a contact", 60, func(s *subtest, n int) *answer {
			return s.command("/v1/me/contacts/confirmation", citizen, body{"contact": "phone", "code": fmt.Sprintf("%06d", n)})
		}},
	} {
		t.Run(flood.name, func(t *testing.T) {
			r.clock.pass(2 * time.Second) // so that the address may send as many as at first
			s := r.at(t)
			for n := range flood.burst {
				if a := flood.send(s, n); a.status < 400 || a.status >= 500 || a.status == http.StatusTooManyRequests {
					t.Fatalf("number %d is answered %d: %s", n, a.status, a.text)
				}
			}
			for n := range 10 * *abuseTimes {
				flood.send(s, flood.burst+n).refused(http.StatusTooManyRequests, domain.CodeTooManyRequests, "")
			}
		})
	}
	if s.head() != before {
		t.Error("the log has moved")
	}
}

// TestATelephoneGetsFewCodesHoweverManyAskForThem, each with an account of their own.
func TestATelephoneGetsFewCodesHoweverManyAskForThem(t *testing.T) {
	s := start(t).at(t)
	const phone, most = "+77020001122", 10 // most is of the first edition of the rules
	for n := range 2 * most {
		a := s.command("/v1/me/contacts", s.as(s.citizen()), body{"phone": phone, "language": "en"})
		if n < most {
			a.is(http.StatusOK)
			continue
		}
		a.refused(http.StatusConflict, domain.CodeTooManyCodes, "")
	}
	if n := len(s.mobile.messages()); n != most {
		t.Errorf("%d messages were sent to one telephone", n)
	}
}
