package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/eventstore"
	"tizilim/eventstore/embedded"
)

// TestACopiedRegistryAnswersTheSame runs the demonstration and copies the log to another
// store. A registry with that store and an empty Redis must answer the same.
func TestACopiedRegistryAnswersTheSame(t *testing.T) {
	first := serve(t, dataDir(t), "127.0.0.1:0")
	use(t, "demo", "--url", first.url, "--data", first.data)
	first.signal(syscall.SIGTERM)
	first.exits(0)
	// A server that has just started knows every notice that is owed. Once they are
	// sent, it appends nothing by itself.
	first = serve(t, first.data, "127.0.0.1:0")
	await(t, "a notice is still owed", first.hasSentItsNotices)
	log := use(t, "eventstore", "read", "$all", "--data", filepath.Join(first.data, "eventstore"))
	var questions []string
	// An IIN has a stream too, which is nobody's before a person is recorded in it.
	for _, stream := range regexp.MustCompile(
		`"stream":"(queue|residence|dwelling)-([^"]+)","revision":0,[^{]*"type":"(?:ListOpened|PersonRecorded|DwellingRecorded)"`,
	).FindAllStringSubmatch(log, -1) {
		questions = append(questions, map[string]string{
			"queue": "/v1/queues/" + stream[2] + "/entries", "residence": "/v1/persons/" + stream[2] + "/history",
			"dwelling": "/v1/dwellings/" + stream[2] + "/history",
		}[stream[1]])
	}
	slices.Sort(questions)
	questions = slices.Compact(questions)
	before := answersOf(t, first, questions)
	if !strings.Contains(fmt.Sprint(before), "number:1") || !strings.Contains(fmt.Sprint(before), "created_at:") {
		t.Fatalf("the questions ask for too little: %v", before)
	}
	first.signal(syscall.SIGTERM)
	first.exits(0)

	data := dataDir(t)
	if err := os.CopyFS(keysDir(data), os.DirFS(keysDir(first.data))); err != nil {
		t.Fatal(err)
	}
	said := use(t, "eventstore", "copy", filepath.Join(first.data, "eventstore"), filepath.Join(data, "eventstore"))
	if !strings.Contains(said, ", 0 differences\n") {
		t.Error(said)
	}
	second := serve(t, data, "127.0.0.1:0")
	if diff := cmp.Diff(before, answersOf(t, second, questions)); diff != "" {
		t.Errorf("(-before +after)\n%s", diff)
	}
	second.verifies()
	if sent, err := os.ReadFile(outboxFile(data)); err != nil || len(sent) != 0 {
		t.Errorf("notices were sent again (%v):\n%s", err, sent)
	}
	second.signal(syscall.SIGTERM)
	second.exits(0)
}

// hasSentItsNotices fails while a notice is owed or queued.
func (s *server) hasSentItsNotices() error {
	response, err := http.Get(s.ops + "/metrics")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	for _, state := range []string{"owed", "queued"} {
		if line := fmt.Sprintf("tizilim_notices{state=%q} 0\n", state); !strings.Contains(string(text), line) {
			err = errors.Join(err, fmt.Errorf("/metrics has no %s", line))
		}
	}
	return err
}

// TestACopyThatWasKilledGoesOn kills a copy in the middle and starts it again.
func TestACopyThatWasKilledGoesOn(t *testing.T) {
	from, fromAddress := startLog(t)
	to, toAddress := startLog(t)
	const events = 2000 // each is one append, in the copy too
	for i := range events {
		e := eventstore.RawEvent{ID: uuid.New(), Type: "N", JSON: true, Data: fmt.Append(nil, i)}
		if _, _, err := from.AppendRaw(
			t.Context(), fmt.Sprint("log-", i%2), eventstore.Expected(i/2)-1, []eventstore.RawEvent{e},
		); err != nil {
			t.Fatal(err)
		}
	}
	began := func() error {
		if end, err := to.End(t.Context()); err != nil || end == 0 {
			return fmt.Errorf("the target holds nothing yet (%v)", err)
		}
		return nil
	}
	cut := launch(t, "eventstore", "copy", fromAddress, toAddress)
	await(t, "the copy does not begin", began)
	cut.kill()
	if cut.code == 0 {
		t.Fatal("the copy was done before it was killed")
	}
	said := use(t, "eventstore", "copy", fromAddress, toAddress)
	var compared, copied int
	if _, err := fmt.Sscanf(
		said, "%d events compared, %d of them copied now, 0 differences\n", &compared, &copied,
	); err != nil {
		t.Fatalf("%s: %v", said, err)
	}
	if compared != events || copied == 0 || copied >= events {
		t.Errorf("%s", said)
	}
	var order []string
	for e, err := range to.ReadRaw(t.Context(), eventstore.RawRead{Stream: eventstore.All}) {
		if err != nil {
			t.Fatal(err)
		}
		order = append(order, string(e.Data))
	}
	for i, data := range order {
		if data != fmt.Sprint(i) {
			t.Fatalf("event %d of the target is %s", i, data)
		}
	}
}

// startLog serves an empty event store.
func startLog(t *testing.T) (*eventstore.Store, string) {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	node, err := embedded.Open(t.TempDir(), embedded.WithLogger(quiet))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = node.Close() })
	if err := node.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	store, err := eventstore.Open(node.ConnectionString(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store, node.ConnectionString()
}

// answersOf returns the answers without the positions, which differ between logs.
func answersOf(t *testing.T, s *server, questions []string) map[string]any {
	t.Helper()
	storyteller := storytellerFor(t, s)
	answers := map[string]any{}
	for _, question := range questions {
		var answer any
		who := as(domain.RoleAuditor)
		if strings.HasSuffix(question, "/entries") {
			who = as(domain.RoleCommission)
		}
		if err := storyteller.get(testContext(t), who, question, &answer); err != nil {
			t.Fatal(err)
		}
		answers[question] = withoutPositions(answer)
	}
	return answers
}

func withoutPositions(v any) any {
	switch v := v.(type) {
	case map[string]any:
		delete(v, "as_of_position")
		delete(v, "position")
		for _, member := range v {
			withoutPositions(member)
		}
	case []any:
		for _, element := range v {
			withoutPositions(element)
		}
	}
	return v
}

func TestANewPasswordIsWrittenForItsOwnerOnlyOnce(t *testing.T) {
	c := storeSetupCommand{LoginFile: filepath.Join(t.TempDir(), "password")}
	password, err := c.makePassword()
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(c.LoginFile)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if kept, err := readPassword(c.LoginFile); err != nil || kept != password || len(password) < 20 {
		t.Errorf("kept %q, %v", kept, err)
	}
	if _, err := c.makePassword(); err == nil {
		t.Error("the file was written over")
	}
}

func TestReadEventLinesReadsWhatIsPrinted(t *testing.T) {
	for _, text := range []string{
		`{"id":"11111111-1111-1111-1111-111111111111","type":"A","content_type":"application/json",` +
			`"data":{"a":[1.50]},"metadata":{"b":"<"}}`,
		`{"id":"11111111-1111-1111-1111-111111111111","type":"A","content_type":"application/octet-stream",` +
			`"data_base64":"AA==","metadata_base64":"AQ=="}`,
		`{"id":"11111111-1111-1111-1111-111111111111","type":"A","content_type":"application/json","data_base64":"AA=="}`,
		`{"id":"11111111-1111-1111-1111-111111111111","type":"A","content_type":"application/octet-stream",` +
			`"data_base64":"e30="}`,
	} {
		events, err := readEventLines(strings.NewReader(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		line := lineOf(events[0])
		line.Revision, line.Created = nil, nil
		var out strings.Builder
		encoder := json.NewEncoder(&out)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(line); err != nil || strings.TrimSpace(out.String()) != text {
			t.Errorf("%s became %s (%v)", text, out.String(), err)
		}
	}
	for text, want := range map[string]string{
		``:            "no event",
		`{"data":{}}`: "needs a type",
		`{"type":"A","data":{},"data_base64":"AA=="}`: "not both",
		`{"type":"A","content_type":"text/plain"}`:    "content type",
		`{"type":"A","id":"1"}`:                       "line 1 is not an event",
	} {
		if _, err := readEventLines(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v", text, err)
		}
	}
}
