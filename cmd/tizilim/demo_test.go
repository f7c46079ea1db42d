package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/httpapi/token"
)

var update = flag.Bool("update", false, "write what the program prints to testdata")

// varying is what differs from run to run, in the order of replacing.
var varying = []struct {
	pattern *regexp.Regexp
	by      string
}{
	{regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`), "<id>"},
	{regexp.MustCompile(`S00[01]-\d{4}(-[0-9A-Z]{4}){3}`), "<number>"},
	{regexp.MustCompile(`[0-9A-Z]{4}(-[0-9A-Z]{4}){6}`), "<code>"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d`), "<date>"},
	{regexp.MustCompile(`\d\d:\d\d(:\d\d\.\d{3})?`), "<time>"},
	{regexp.MustCompile(`│ +\d+ (│ [A-Z][a-z]+[A-Z])`), "│ <position> $1"},
	{regexp.MustCompile(`─+`), "─"}, // as wide as the values above
	{regexp.MustCompile(` +`), " "},
}

func normalised(s string) string {
	for _, v := range varying {
		s = v.pattern.ReplaceAllString(s, v.by)
	}
	return s
}

// TestDemoTellsItsStory runs the demonstration twice on the same data, on both kinds
// of Redis, and compares its output with the golden file.
func TestDemoTellsItsStory(t *testing.T) {
	const golden = "testdata/demo.golden"
	for name, flags := range map[string]func(t *testing.T) []string{
		"in-process Redis": func(*testing.T) []string { return []string{"--redis-engine", engineInProcess} },
		"real Redis":       func(t *testing.T) []string { return []string{"--redis", startRedis(t, freePort(t))} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, dataDir(t), "127.0.0.1:0", flags(t)...)
			for range 2 {
				got := normalised(use(t, "demo", "--url", s.url, "--data", s.data))
				if *update {
					if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), got); diff != "" {
					t.Errorf("the story is not as in %s (-want +got); go test -update rewrites it:\n%s", golden, diff)
				}
			}
			if got := use(t, "verify", "--data", s.data); !strings.Contains(got, ": 0 differences\n") {
				t.Error(got)
			}
			// Each run sends a code and notices by e-mail to the applicant of the whole
			// procedure, and to the applicant with a telephone two codes and the receipt
			// of the application.
			outboxHolds(t, s.data, map[string]int{"email": 2 * 10, "sms": 2 * 3})
		})
	}
}

// outboxHolds expects the number of messages in the outbox by way, and each message
// once.
func outboxHolds(t *testing.T, data string, want map[string]int) {
	t.Helper()
	text, err := os.ReadFile(outboxFile(data))
	if err != nil {
		t.Fatal(err)
	}
	seen, got := map[string]bool{}, map[string]int{}
	for line := range strings.Lines(string(text)) {
		var m struct{ ID, Way, To, Text string }
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		if seen[m.ID] || m.Text == "" {
			t.Errorf("the outbox holds %s", line)
		}
		seen[m.ID] = true
		got[m.Way]++
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the outbox (-want +got):\n%s", diff)
	}
}

// TestDemoLeavesOutWhatNeedsAnSMSItCannotRead expects every other step where a gateway
// sends the messages.
func TestDemoLeavesOutWhatNeedsAnSMSItCannotRead(t *testing.T) {
	t.Parallel()
	gateway := httptest.NewServer(
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }),
	)
	t.Cleanup(gateway.Close)
	s := serve(t, dataDir(t), "127.0.0.1:0", "--gateway", gateway.URL)
	tell := func(says string) {
		t.Helper()
		printed := use(t, "demo", "--url", s.url, "--data", s.data)
		if !strings.Contains(printed, says) || !strings.Contains(printed, "Every step answered as expected") ||
			strings.Contains(printed, "It signs the application") {
			t.Errorf("with a gateway:\n%s", printed[strings.Index(printed, "22. "):])
		}
	}
	tell("Left out: the server does not write its SMS to ")
	// An earlier server may have left an outbox file.
	if err := os.WriteFile(outboxFile(s.data), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tell("Left out: the server sends its SMS through a gateway")
}

// TestDemoFailsWhereAStepAnswersOtherwise puts a proxy before the server that changes
// one kind of answer.
func TestDemoFailsWhereAStepAnswersOtherwise(t *testing.T) {
	t.Parallel()
	s := serve(t, dataDir(t), "127.0.0.1:0")
	for name, test := range map[string]struct {
		lie
		says string
	}{
		"a number is another": {
			lie{"GET", `/entries/[^/]+$`, replace(`"number":2,`, `"number":3,`)}, "has number 3, expected 2",
		},
		"an entry is still on the list": {
			lie{"GET", `/entries/[^/]+$`, replace(`"number":null`, `"number":2`)}, "has number 2, expected 0",
		},
		"a person stays registered": {
			lie{
				"POST", `/deregistrations$`, replace(`"outcome":"deregistered"`, `"outcome":"refused"`),
			}, "was not deregistered but refused",
		},
		"a resident is missing": {
			lie{"GET", `/residents$`, replace(`"residents":\[\{[^}]*\},`, `"residents":[`)}, "persons are registered at",
		},
		"a line of a history is missing": {
			lie{"GET", `/persons/[^/]+/history$`, replace(`(?s)^[^\n]*\n`, "")}, "the history at",
		},
		"a history is cut": {
			lie{"GET", `/dwellings/[^/]+/history$`, replace(`\n[^\n]*\n$`, "\n{\"status\":503}\n")}, "the history is incomplete",
		},
		"a remedy is still owed": {
			lie{"GET", `/cases/[^/]+$`, replace(
				`"remedy":\{"how":"corrected"`, `"remedy":{"how":"not_wanted"`,
			)}, "after the remedy the case is",
		},
		"nobody is owed a remedy": {
			lie{"GET", `/cases/[^/]+$`, replace(`"duty":"remedy"`, `"duty":"complaint_decision"`)}, "expected a remedy",
		},
		"a look-up is kept from who was looked up": {
			lie{"GET", `/accesses$`, replace(`"state-systems-lookup"`, `"get-case"`)}, "sees no look-up of real estate",
		},
		"a refusal has another ground": {
			lie{
				"POST", `/decision$`, replace(`"ground":"no_consent"`, `"ground":"untrue_documents"`),
			}, "has no refusal on the ground no_consent",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy, changed := liar(t, s, test.lie)
			p := launch(t, "demo", "--url", proxy, "--data", s.data)
			p.exits(1)
			if !changed.Load() {
				t.Error("no answer was changed")
			}
			if got := p.stderr.String(); !strings.Contains(got, test.says) {
				t.Errorf("the demo does not say %q: %s", test.says, got)
			}
			if strings.Contains(p.stdout.String(), "Every step answered as expected") {
				t.Error("the demo reports success")
			}
		})
	}
}

// lie is a change of the answers to some requests.
type lie struct {
	method, path string // of the requests
	change       func(body []byte) []byte
}

// liar is a proxy before the server that changes answers; changed says whether it has
// changed one.
func liar(t *testing.T, s *server, l lie) (address string, changed *atomic.Bool) {
	t.Helper()
	target, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	path := regexp.MustCompile(l.path)
	changed = &atomic.Bool{}
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Header.Set("Accept-Encoding", "identity")
		},
		ModifyResponse: func(r *http.Response) error {
			if r.Request.Method != l.method || !path.MatchString(r.Request.URL.Path) {
				return nil
			}
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return err
			}
			other := l.change(body)
			if !bytes.Equal(other, body) {
				changed.Store(true)
			}
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(other)), int64(len(other))
			r.Header.Set("Content-Length", fmt.Sprint(len(other)))
			return nil
		},
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo), // of clients that disconnect
	})
	t.Cleanup(proxy.Close)
	return proxy.URL, changed
}

// TestLoopFailsWhereAnAnswerIsFalse changes one kind of answer at a time. The loop must
// notice that what was acknowledged and what it reads afterwards differ.
func TestLoopFailsWhereAnAnswerIsFalse(t *testing.T) {
	t.Parallel()
	s := serve(t, dataDir(t), "127.0.0.1:0")
	for name, test := range map[string]struct {
		lie
		says string
	}{
		"an event that was never recorded": {
			lie{
				"POST", `/registrations$`, replace(`"event_id":"........`, `"event_id":"00000000`),
			}, "an acknowledged Registration",
		},
		"a certificate with another number": {
			lie{"POST", `/decision$`, replace(`("placement":\{[^}]*"number":)3`, "${1}4")}, "has number 4, the log has number 3",
		},
		"a refusal with another certificate": {
			lie{
				"POST", `/decision$`, replace(`("refusal":\{"certificate_id":")........`, "${1}00000000"),
			}, "the acknowledged refusal",
		},
		"a person's result": {
			lie{"POST", `/deregistrations$`, replace(`"ended":\["........`, `"ended":["00000000`)}, "the log has another",
		},
		"an event twice in a history": {
			lie{"GET", `/persons/[^/]+/history$`, replace(`^([^\n]*\n)`, "$1$1")}, "is in a history more than once",
		},
		"a history without an event": {
			lie{
				"GET", `/persons/[^/]+/history$`, replace(`[^\n]*"EntryRemoved"[^\n]*\n`, ""),
			}, "an acknowledged EntryRemoved is not in the log",
		},
		"a list in another order": {
			lie{"GET", `/entries$`, replace(`"number":2,`, `"number":1,`)}, "place 2",
		},
		"a list that is too short": {
			lie{"GET", `/entries$`, replace(`"of":\d`, `"of":1`)}, "the read model has 1 entries",
		},
		"a case in another state": {
			lie{
				"GET", `/cases/[^/]+$`, replace(`"state":"granted"`, `"state":"approved"`),
			}, "the read model has state approved, the log granted",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy, changed := liar(t, s, test.lie)
			p := launch(t, "demo", "--loop", "--rounds", "1", "--clients", "1", "--url", proxy, "--data", s.data)
			p.exits(1)
			if !changed.Load() {
				t.Error("no answer was changed")
			}
			if got := p.stderr.String(); !strings.Contains(got, test.says) {
				t.Errorf("the loop does not say %q: %s", test.says, got)
			}
		})
	}
}

func replace(pattern, by string) func([]byte) []byte {
	re := regexp.MustCompile(pattern)
	return func(body []byte) []byte { return re.ReplaceAll(body, []byte(by)) }
}

// TestAStoppingServerFinishesItsRequests sends half a command, asks the server to end,
// and sends the rest.
func TestAStoppingServerFinishesItsRequests(t *testing.T) {
	t.Parallel()
	s := serve(t, dataDir(t), "127.0.0.1:0")
	storyteller := storytellerFor(t, s)
	token, err := storyteller.token(as("commission"))
	if err != nil {
		t.Fatal(err)
	}
	address := strings.TrimPrefix(s.url, "http://")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body := `{"body":"a","settlement":"b","title":"c"}`
	fmt.Fprintf(conn, "POST /v1/queues HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nIdempotency-Key: half\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", token, len(body), body[:10])
	// The server accepts connections in their order. Once it answers this one, it has
	// accepted the one with half a request.
	behind, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer behind.Close()
	fmt.Fprint(behind, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	if answer, err := io.ReadAll(behind); err != nil || !bytes.HasPrefix(answer, []byte("HTTP/1.1 200 ")) {
		t.Fatalf("healthz was answered %q, %v", answer, err)
	}
	s.signal(syscall.SIGTERM)
	await(t, "the server still accepts connections", func() error {
		if c, err := net.Dial("tcp", address); err == nil {
			return fmt.Errorf("it accepted one: %w", c.Close())
		}
		return nil
	})
	if _, err := io.WriteString(conn, body[10:]); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil || !bytes.HasPrefix(answer, []byte("HTTP/1.1 201 ")) {
		t.Fatalf("the request in progress was answered %q, %v", answer, err)
	}
	s.exits(0)
	if _, err := os.Stat(endpointsFile(s.data)); !os.IsNotExist(err) {
		t.Errorf("the server has left its endpoints behind: %v", err)
	}

	again := serve(t, s.data, "127.0.0.1:0") // two events: what the request recorded, and the beginning of notices
	if got := use(t, "verify", "--data", again.data); !strings.HasPrefix(got, "2 events folded") {
		t.Errorf("after the start the log holds: %s", got)
	}
}

// TestAStoppingServerEndsItsStreams opens a stream, which has no end of its own. The
// server must end it at once and not wait for its shutdown timeout.
func TestAStoppingServerEndsItsStreams(t *testing.T) {
	t.Parallel()
	s := serve(t, dataDir(t), "127.0.0.1:0")
	person := domain.PersonID{UUID: uuid.New()}
	token, err := storytellerFor(t, s).token(token.Principal{Role: domain.RoleCitizen, PersonID: person})
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/v1/me/queue", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Accept", "text/event-stream")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	stream := bufio.NewReader(response.Body)
	if first, err := stream.ReadString('\n'); err != nil || first != "event: queue\n" {
		t.Fatalf("the stream begins with %q, %v", first, err)
	}
	s.signal(syscall.SIGTERM)
	if _, err := io.ReadAll(stream); err != nil {
		t.Errorf("the stream was cut: %v", err)
	}
	s.exits(0)
}

func TestWithoutSecrets(t *testing.T) {
	for address, want := range map[string]string{
		"redis://user:secret@host:6379/0":         "redis://host:6379/0",
		"redis://:se@cret@host:6379":              "redis://host:6379",
		"esdb://admin:secret@a:1,b:2?tls=false":   "esdb://a:1,b:2",
		"esdb+discover://cluster.example:2113":    "esdb+discover://cluster.example:2113",
		"redis://host:6379?password=secret&db=0":  "redis://host:6379",
		"nonsense":                                "nonsense",
		"redis://user:secret@host?addr=host2:123": "redis://host",
	} {
		if got := withoutSecrets(address); got != want {
			t.Errorf("withoutSecrets(%q) = %q, want %q", address, got, want)
		}
	}
}
