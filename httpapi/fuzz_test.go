package httpapi_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"tizilim/domain"
)

// serve calls the server without a socket.
func (s *subtest) serve(req *http.Request) *answer {
	rec := httptest.NewRecorder()
	s.server.ServeHTTP(rec, req)
	a := &answer{t: s.t, status: rec.Code, header: rec.Header(), text: rec.Body.String()}
	_ = json.Unmarshal(rec.Body.Bytes(), &a.body) // not all answers are objects
	return a
}

// sound fails the test unless the answer is a success or a whole problem, and in
// no case a defect of ours.
func (a *answer) sound() {
	a.t.Helper()
	switch {
	case a.status >= 500:
		a.t.Fatalf("a request led to %d: %s", a.status, a.text)
	case a.status >= 400:
		a.problem()
	case a.status >= 300 || a.status < 200:
		a.t.Fatalf("a request led to %d: %s", a.status, a.text)
	case a.body == nil:
		a.t.Fatalf("a success without a body: %q", a.text)
	}
	if !utf8.ValidString(a.text) {
		a.t.Errorf("the answer is not UTF-8: %q", a.text)
	}
}

func FuzzBodies(f *testing.F) {
	r := start(f)
	s := r.at(f)
	kinds := acts(s)
	for i, kind := range kinds {
		text, err := json.Marshal(kind.body)
		must(f, err)
		f.Add(uint8(i), text)
	}
	for _, text := range []string{
		"", "null", "{}", "[]", `""`, "{", `{"a":`, "\xff", "\xef\xbb\xbf{}", `{"iin":"\ud800"}`, `{"name":"\u0000"}`, `{"":{"":[{}]}}`,
		`{"birth_date":"9999-01-01","class":"refugee","name":"A"}`, `{"owners":[{"person_id":"x"}]}`, `{"persons":[null]}`, `{"owners":[{"share":"999999/1"}]}`,
	} {
		for i := range kinds {
			f.Add(uint8(i), []byte(text))
		}
	}
	f.Fuzz(func(t *testing.T, kind uint8, text []byte) {
		s := r.at(t)
		act := kinds[int(kind)%len(kinds)]
		request := func(query string) *answer {
			req := httptest.NewRequest("POST", act.path+query, bytes.NewReader(text))
			req.Header.Set("Authorization", "Bearer "+act.token)
			req.Header.Set("Idempotency-Key", s.key())
			return s.serve(req)
		}
		before := s.head()
		dry := request("?dry_run=true")
		dry.sound()
		if s.changed(before) {
			t.Fatalf("a dry run appended something: %s", dry.text)
		}
		a := request("")
		a.sound()
		if done := a.status < 300; done != (dry.status == http.StatusOK) {
			t.Errorf("the dry run is answered %d, the real one %d: %s %s", dry.status, a.status, dry.text, a.text)
		}
		if a.status >= 400 && s.changed(before) {
			t.Errorf("a refused command appended something: %s", a.text)
		}
	})
}

func FuzzToken(f *testing.F) {
	r := start(f)
	s := r.at(f)
	good := s.token(domain.RoleAuditor)
	parts := strings.Split(good, ".")
	for _, h := range []string{
		"", "Bearer", "Bearer ", "Bearer x", "Bearer a.b.c", "Bearer " + good[:len(good)-1], "Bearer ." + parts[1] + "." + parts[2],
		"Bearer " + parts[0] + "." + parts[1] + ".", "Basic " + good, "Bearer  " + good + " ", "Bearer eyJhbGciOiJub25lIn0." + parts[1] + ".",
		"Bearer " + good + "\x00", "Bearer \xff", "Bearer " + strings.Repeat("a.", 5000),
	} {
		f.Add(h)
	}
	f.Fuzz(func(t *testing.T, authorization string) {
		s := r.at(t)
		req := httptest.NewRequest("GET", "/v1/cases/"+nobody, nil)
		req.Header["Authorization"] = []string{authorization}
		a := s.serve(req)
		if scheme, token, _ := strings.Cut(authorization, " "); strings.EqualFold(scheme, "Bearer") && token == good {
			a.refused(http.StatusNotFound, domain.CodeCaseUnknown, "")
			return
		}
		a.refused(http.StatusUnauthorized, domain.CodeUnauthenticated, "")
		if len(authorization) > 12 && strings.Contains(a.text, authorization) {
			t.Errorf("the refusal repeats the token: %s", a.text)
		}
	})
}

func FuzzHeaders(f *testing.F) {
	r := start(f)
	s := r.at(f)
	person, dwelling := s.citizen(), s.dwelling()
	registered := s.registered(person, dwelling, "2026-03-01", "")
	tag := registered.header.Get("ETag")
	operator := s.token(domain.RoleOperator)
	s.seen(
		"/v1/persons/"+person+"/residence",
		operator,
		registered,
	) // reads below that wait for nothing find the person
	text, err := json.Marshal(registration(person, s.dwelling(), "2026-03-10", ""))
	must(f, err)
	for _, seed := range [][3]string{
		{tag, "0", "key"}, {"", "", ""}, {"*", "x", " "}, {`W/"1"`, "-1", "\x00"}, {`"1", "2"`, "18446744073709551616", strings.Repeat("k", 300)},
		{`"0"`, "00", "ключ"}, {`"18446744073709551615"`, "1e3", "\xff"}, {"1", " 1", "a\nb"}, {`"01"`, "٣", "a"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, ifMatch, position, key string) {
		s := r.at(t)
		req := httptest.NewRequest("POST", "/v1/registrations?dry_run=true", bytes.NewReader(text))
		req.Header = http.Header{
			"Authorization":   {"Bearer " + operator},
			"If-Match":        {ifMatch},
			"Idempotency-Key": {key},
		}
		a := s.serve(req)
		a.sound()
		if a.status == http.StatusOK && ifMatch != "" && ifMatch != tag {
			t.Errorf("If-Match %q passed for %s", ifMatch, tag)
		}
		if a.status == http.StatusOK && key == "" {
			t.Error("a command without a key was taken")
		}
		if len(position) > 15 && strings.Trim(position, "0123456789") == "" &&
			len(strings.TrimLeft(position, "0")) > 12 {
			return // a position of the far future: the answer would wait for it
		}
		req = httptest.NewRequest("GET", "/v1/persons/"+person+"/residence", nil)
		req.Header = http.Header{"Authorization": {"Bearer " + operator}, "Tizilim-Position": {position}}
		a = s.serve(req)
		if a.status == http.StatusServiceUnavailable {
			a.refused(http.StatusServiceUnavailable, domain.CodeModelBehind, "")
			return
		}
		a.sound()
		if digits := !slices.ContainsFunc([]byte(position), func(b byte) bool { return b < '0' || b > '9' }); digits != (a.status == http.StatusOK) &&
			len(position) <= 20 {
			t.Errorf("position %q is answered %d", position, a.status)
		}
	})
}
