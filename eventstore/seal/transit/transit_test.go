package transit_test

import (
	"bytes"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/eventstore/seal"
	"tizilim/eventstore/seal/transit"
	"tizilim/eventstore/seal/transit/transittest"
)

const name = "transit/tizilim"

var (
	dataKey = bytes.Repeat([]byte{7}, seal.KeySize)
	binding = []byte("tizilim DataKeyRootsMade\x00key-roots")
)

// keys returns the master keys in the service, for a token. change may change the
// configuration.
func keys(t testing.TB, s *transittest.Server, token string, change ...func(*transit.Config)) *transit.Keys {
	t.Helper()
	c := transit.Config{
		Address: s.URL, Mount: "transit", Key: "tizilim", CA: x509.NewCertPool(),
		Token: func() (string, error) { return token, nil },
	}
	c.CA.AddCert(s.Certificate())
	for _, change := range change {
		change(&c)
	}
	k, err := transit.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func wrap(t testing.TB, k *transit.Keys) (master string, wrapped []byte) {
	t.Helper()
	master, wrapped, err := k.Wrap(t.Context(), dataKey, binding)
	if err != nil {
		t.Fatal(err)
	}
	return master, wrapped
}

func TestADataKeyIsUnwrappedWithItsBindingOnly(t *testing.T) {
	s := transittest.Start(t, name)
	k := keys(t, s, transittest.Token)
	if err := k.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	master, wrapped := wrap(t, k)
	if master != "vault:transit/tizilim:v1" || bytes.Contains(wrapped, dataKey) || !bytes.Equal(s.Associated(), binding) {
		t.Errorf("it was wrapped by %s with %q: %s", master, s.Associated(), wrapped)
	}
	back, err := k.Unwrap(t.Context(), master, wrapped, binding)
	if err != nil || !bytes.Equal(back, dataKey) {
		t.Errorf("unwrapped: %x, %v", back, err)
	}
	changed := bytes.Clone(wrapped)
	changed[len(changed)-5] ^= 1
	for what, c := range map[string]struct {
		master           string
		wrapped, binding []byte
	}{
		"another binding":               {master, wrapped, []byte("tizilim")},
		"no binding":                    {master, wrapped, nil},
		"what somebody changed":         {master, changed, binding},
		"nothing":                       {master, nil, binding},
		"the name of another version":   {"vault:transit/tizilim:v2", wrapped, binding},
		"what no master key has made":   {master, []byte("vault:v1:AAAA"), binding},
		"what is written in other form": {master, []byte("bao:v1:AAAA"), binding},
	} {
		if _, err := k.Unwrap(t.Context(), c.master, c.wrapped, c.binding); !errors.Is(err, seal.ErrForged) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestEachVersionOfTheKeyIsAMasterKey(t *testing.T) {
	s := transittest.Start(t, name)
	k := keys(t, s, transittest.Token)
	first, wrapped := wrap(t, k)
	s.Rotate(name)
	newest, err := k.Newest(t.Context())
	if err != nil || newest != "vault:transit/tizilim:v2" {
		t.Errorf("the newest is %s, %v", newest, err)
	}
	if second, _ := wrap(t, k); second != newest {
		t.Errorf("%s wraps", second)
	}
	if back, err := k.Unwrap(t.Context(), first, wrapped, binding); err != nil || !bytes.Equal(back, dataKey) {
		t.Errorf("by the first version: %x, %v", back, err)
	}
	s.Retire(name, 2)
	var unknown *seal.UnknownMasterError
	if _, err := k.Unwrap(t.Context(), first, wrapped, binding); !errors.As(err, &unknown) || unknown.Master != first {
		t.Errorf("by a version that may not decrypt any more: %v", err)
	}
	_, err = k.Unwrap(t.Context(), "vault:transit/tizilim:v9", []byte("vault:v9:AAAA"), binding)
	if !errors.As(err, &unknown) {
		t.Errorf("by a version that is not there: %v", err)
	}
}

// A registry that changes to another key reads what the former one wrapped.
func TestTheKeyThatWrappedIsFoundByItsName(t *testing.T) {
	s := transittest.Start(t, name, "team/transit/other")
	master, wrapped := wrap(t, keys(t, s, transittest.Token))
	other := keys(t, s, transittest.Token, func(c *transit.Config) { c.Mount, c.Key = "team/transit", "other" })
	if newest, err := other.Newest(t.Context()); newest != "vault:team/transit/other:v1" {
		t.Errorf("the newest is %s, %v", newest, err)
	}
	if back, err := other.Unwrap(t.Context(), master, wrapped, binding); err != nil || !bytes.Equal(back, dataKey) {
		t.Errorf("%x, %v", back, err)
	}
	var unknown *seal.UnknownMasterError
	for _, id := range []string{
		"0123456789abcdef", "vault:tizilim:v1", "vault:transit/tizilim", "vault:transit/tizilim:v0", "vault:a/../sys/b:v1",
		"vault:transit/tizilim?x:v1", "",
	} {
		if _, err := other.Unwrap(t.Context(), id, wrapped, binding); !errors.As(err, &unknown) {
			t.Errorf("master key %q: %v", id, err)
		}
	}
}

// secret stands in the answers of a service that repeats what it was sent.
const secret = "BwcHBwcHBwc"

func TestAServiceThatCannotBeUsedIsToldInOneSentence(t *testing.T) {
	t.Parallel()
	says := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://127.0.0.1:1/v1/")
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	for what, c := range map[string]struct {
		change func(*transittest.Server)
		want   string
	}{
		"sealed":           {func(s *transittest.Server) { s.Answer(transittest.Sealed) }, "is sealed or in maintenance"},
		"another token":    {func(s *transittest.Server) { s.Allow(transittest.Token) }, "does not let the token"},
		"no key":           {func(s *transittest.Server) { s.Remove(name) }, "there is no key transit/tizilim at https://"},
		"a standby node":   {func(s *transittest.Server) { s.Answer(says(307, secret)) }, "refers to another node"},
		"a fault":          {func(s *transittest.Server) { s.Answer(says(500, secret)) }, "it answers with status 500"},
		"too many":         {func(s *transittest.Server) { s.Answer(says(429, secret)) }, "it answers with status 429"},
		"no JSON":          {func(s *transittest.Server) { s.Answer(says(200, "<html>"+secret)) }, "its answer cannot be read"},
		"no data":          {func(s *transittest.Server) { s.Answer(says(200, `{"data":null}`)) }, "its answer cannot be read"},
		"data of a number": {func(s *transittest.Server) { s.Answer(says(200, `{"data":7}`)) }, "its answer cannot be read"},
		"wrong data": {func(s *transittest.Server) {
			s.Answer(says(200, `{"data":{"latest_version":1,"ciphertext":"`+secret+`","plaintext":"%%"}}`))
		}, ""},
		"more than an answer": {func(s *transittest.Server) {
			s.Answer(says(200, `{"data":{"latest_version":1},"x":"`+strings.Repeat("x", 70<<10)+`"}`))
		}, "its answer cannot be read"},
		"not HTTP": {func(s *transittest.Server) {
			s.Answer(func(w http.ResponseWriter, _ *http.Request) {
				c, _, err := w.(http.Hijacker).Hijack()
				if err == nil {
					_, _ = c.Write([]byte(secret + "\r\n"))
					_ = c.Close()
				}
			})
		}, "the connection ended without an answer"},
		"slow": {func(s *transittest.Server) {
			s.Answer(func(_ http.ResponseWriter, r *http.Request) { hang(r) })
		}, "it does not answer in time"},
		"gone": {func(s *transittest.Server) { s.CloseClientConnections(); _ = s.Listener.Close() }, "cannot be reached"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := transittest.Start(t, name)
			k := keys(t, s, transittest.Token)
			master, wrapped := wrap(t, k)
			c.change(s)
			var check, newest, wrapping, unwrapping error
			var all sync.WaitGroup
			all.Go(func() { check = k.Check(t.Context()) })
			all.Go(func() { _, newest = k.Newest(t.Context()) })
			all.Go(func() { _, _, wrapping = k.Wrap(t.Context(), dataKey, binding) })
			all.Go(func() { _, unwrapping = k.Unwrap(t.Context(), master, wrapped, binding) })
			all.Wait()
			for act, err := range map[string]error{
				"check": check, "newest": newest, "wrap": wrapping, "unwrap": unwrapping,
			} {
				if what == "wrong data" && act == "newest" { // which needs no more than the version
					continue
				}
				if err == nil || !domain.IsKind(err, domain.Unavailable) || domain.CodeOf(err) != domain.CodeMasterKeysAway {
					t.Errorf("%s: %v", act, err)
					continue
				}
				says := err.Error()
				if !strings.Contains(says, c.want) || strings.Contains(says, secret) || strings.Contains(says, "\n") {
					t.Errorf("%s: %s", act, says)
				}
			}
		})
	}
}

// hang waits until the client has gone. The server notices that only once it has read the body.
func hang(r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

func TestNoAnswerIsAwaitedForLong(t *testing.T) {
	t.Parallel()
	s := transittest.Start(t, name)
	k := keys(t, s, transittest.Token)
	s.Answer(func(w http.ResponseWriter, r *http.Request) { // headers, and then nothing
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		hang(r)
	})
	before := time.Now()
	_, err := k.Newest(t.Context())
	if took := time.Since(before); err == nil || took > 8*time.Second {
		t.Errorf("it took %s: %v", took, err)
	}
}

func TestTheCheckFindsWhatIsNotFit(t *testing.T) {
	for what, c := range map[string]struct {
		change func(*transittest.Server)
		want   string
	}{
		"a key for signing":        {func(s *transittest.Server) { s.Retype(name, "rsa-4096", false) }, "is of the type rsa-4096"},
		"a type with an odd name":  {func(s *transittest.Server) { s.Retype(name, "a\nb", false) }, "is of the type unknown"},
		"a derived key":            {func(s *transittest.Server) { s.Retype(name, "aes256-gcm96", true) }, "is derived"},
		"a Vault before 1.13":      {func(s *transittest.Server) { s.PassOver(name) }, "passes over associated data"},
		"a token that cannot read": {func(s *transittest.Server) { s.Allow(transittest.Token, "encrypt", "decrypt") }, "the token read the key"},
		"one that cannot encrypt":  {func(s *transittest.Server) { s.Allow(transittest.Token, "read", "decrypt") }, "the token encrypt with the key"},
		"one that cannot decrypt":  {func(s *transittest.Server) { s.Allow(transittest.Token, "read", "encrypt") }, "the token decrypt with the key"},
	} {
		s := transittest.Start(t, name)
		c.change(s)
		if err := keys(t, s, transittest.Token).Check(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestOnlyACertifiedServiceIsSentTheToken(t *testing.T) {
	s := transittest.Start(t, name)
	err := keys(t, s, transittest.Token, func(c *transit.Config) { c.CA = x509.NewCertPool() }).Check(t.Context())
	if err == nil || !strings.Contains(err.Error(), "name its authority") || s.Asked("read") != 0 {
		t.Errorf("an authority that nobody knows: %v", err)
	}
	elsewhere := transittest.Start(t, name)
	s.Answer(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusTemporaryRedirect)
	})
	if err := keys(t, s, transittest.Token).Check(t.Context()); err == nil || elsewhere.Asked("read") != 0 {
		t.Errorf("a reference to another node is followed: %v", err)
	}
	for address, want := range map[string]string{
		"http://vault.example:8200":     "without TLS",
		"http://127.0.0.1:8200":         "",
		"http://[::1]:8200":             "",
		"https://vault.example":         "",
		"https://user:secret@vault:1":   "is not that of a server",
		"https://vault.example/v1":      "is not that of a server",
		"vault.example:8200":            "is not that of a server",
		"https://vault.example?token=x": "is not that of a server",
	} {
		_, err := transit.New(transit.Config{Address: address, Mount: "transit", Key: "tizilim"})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, name := range []string{"", "a/b", "..", "a b", "a?b", "ключ"} {
		if _, err := transit.New(transit.Config{Address: "https://vault", Mount: "transit", Key: name}); err == nil {
			t.Errorf("the key %q is taken", name)
		}
	}
}

func TestATokenThatCannotBeReadIsTold(t *testing.T) {
	s := transittest.Start(t, name)
	k := keys(t, s, "", func(c *transit.Config) {
		c.Token = func() (string, error) { return "", errors.New("the file is empty") }
	})
	if err := k.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "the file is empty") {
		t.Error(err)
	}
}

// The service of the tests has the statuses and members that the documentation of Vault
// names; see package transittest.
func TestTheServiceOfTheTestsRefusesAsVaultDoes(t *testing.T) {
	s := transittest.New(name)
	for path, want := range map[string]int{
		"/v1/transit/keys/tizilim": http.StatusForbidden, "/v2/x": http.StatusNotFound,
		"/v1/transit/encrypt/tizilim": http.StatusMethodNotAllowed,
	} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != want || !strings.HasPrefix(w.Body.String(), `{"errors":[`) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
