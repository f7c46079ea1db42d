package mobilecitizens_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tizilim/domain"
	"tizilim/eventstore/command/adapters/mobilecitizens"
)

const (
	aigul = domain.IIN("999999000012")
	bolat = domain.IIN("999999100019")
)

func TestC19_TheFileKnowsWhoseTelephoneItIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mobile-citizens.jsonl")
	f := mobilecitizens.NewFile(path, domain.PersonIDKey("a key of a test").PersonID)
	is := func(iin domain.IIN, want string) {
		t.Helper()
		if got, err := f.Phone(context.Background(), iin); err != nil || string(got) != want {
			t.Errorf("got %q, %v; want %q", string(got), err, want)
		}
	}
	bind := func(iin domain.IIN, phone domain.Personal) {
		t.Helper()
		if err := f.Bind(iin, phone); err != nil {
			t.Fatal(err)
		}
	}
	is(aigul, "") // no file yet
	bind(aigul, "+77010000000")
	bind(bolat, "+77020000000")
	is(aigul, "+77010000000")
	bind(aigul, "+77030000000")
	is(aigul, "+77030000000")
	is(bolat, "+77020000000")
	bind(bolat, "")
	is(bolat, "")
	text, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(text), string(aigul)) {
		t.Errorf("the file holds an IIN (%v)", err)
	}
	if err := os.WriteFile(path, []byte("no line\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Phone(context.Background(), aigul); err == nil {
		t.Error("a file that is not understood was taken for one that does not know the person")
	}
}

func TestC19_TheServiceIsAskedByIINInTheBody(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked map[string]string
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || r.Method != http.MethodPost || strings.Contains(r.URL.String(), string(aigul)) {
			t.Errorf("asked %s %s: %v", r.Method, r.URL, err)
		}
		switch domain.IIN(asked["iin"]) {
		case aigul:
			_, _ = w.Write([]byte(`{"phone":"+77010000000"}`))
		case bolat:
			w.WriteHeader(http.StatusNotFound)
		default:
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	s := mobilecitizens.NewService(server.URL)
	if got, err := s.Phone(context.Background(), aigul); err != nil || string(got) != "+77010000000" {
		t.Errorf("got %q, %v", string(got), err)
	}
	if got, err := s.Phone(context.Background(), bolat); err != nil || got != "" {
		t.Errorf("got %q, %v", string(got), err)
	}
	if _, err := s.Phone(context.Background(), "999999000022"); err == nil {
		t.Error("a failure was taken for not being registered")
	}
	server.Close()
	if _, err := s.Phone(context.Background(), aigul); err == nil || strings.Contains(err.Error(), string(aigul)) {
		t.Errorf("got %v", err)
	}
}
