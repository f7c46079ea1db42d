package httpapi_test

import (
	"net/http"
	"testing"

	"tizilim/domain"
)

func TestHeadAnswersAsGetWithoutTheBody(t *testing.T) {
	s := start(t).at(t)
	list := s.list()
	person, entry, _ := s.entry(list)
	for _, path := range []string{
		"/", "/healthz", "/openapi.json", "/v1/queues/" + list, "/v1/me/queue", "/v1/me", entryPath(list, entry),
	} {
		get, head := s.get(path, s.as(person)).is(http.StatusOK), s.send("HEAD", path, s.as(person), nil).is(http.StatusOK)
		if head.text != "" {
			t.Errorf("HEAD %s has a body: %s", path, head.text)
		}
		for _, name := range []string{"Content-Type", "ETag", "Cache-Control"} {
			if got, want := head.header.Get(name), get.header.Get(name); got != want {
				t.Errorf("HEAD %s: %s is %q, of GET %q", path, name, got, want)
			}
		}
	}
	s.send("HEAD", "/v1/queues/"+nobody, s.as(person), nil).is(http.StatusNotFound)
	s.send("HEAD", entryPath(list, entry), s.as(s.citizen()), nil).is(http.StatusNotFound)

	// A stream would never end.
	a := s.send("HEAD", "/v1/me/queue", s.as(person), nil, header{"Accept", "text/event-stream"}).is(http.StatusOK)
	if kind := a.header.Get("Content-Type"); kind != "text/event-stream" {
		t.Errorf("HEAD of a stream has the type %q", kind)
	}
}

func TestTheRootSaysWhatThisIs(t *testing.T) {
	s := start(t).at(t)
	if a := s.get("/", "").is(http.StatusOK); a.at("openapi") != "/openapi.json" || a.at("name") != "tizilim" {
		t.Error(a.text)
	}
	s.send("POST", "/", "", nil).refused(http.StatusMethodNotAllowed, domain.CodeMethod, "")
}
