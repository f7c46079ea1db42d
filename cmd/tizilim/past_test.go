package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/httpapi/token"
)

// nodeThatIsSetBack is an event store in a process of its own, which can be restored from
// before.
type nodeThatIsSetBack struct {
	t             *testing.T
	store, listen string
	*process
}

func startNode(t *testing.T) *nodeThatIsSetBack {
	t.Helper()
	n := &nodeThatIsSetBack{t: t, store: filepath.Join(dataDir(t), "eventstore"), listen: freePort(t)}
	if err := os.MkdirAll(filepath.Dir(n.store), 0o700); err != nil {
		t.Fatal(err)
	}
	n.start()
	return n
}

func (n *nodeThatIsSetBack) start() {
	n.t.Helper()
	n.process = launch(n.t, "eventstore", "serve", "--data", n.store, "--listen", n.listen)
	await(n.t, "the node does not listen", func() error {
		if n.stdout.String() == "" {
			return errors.New(n.stderr.String())
		}
		return nil
	})
}

func (n *nodeThatIsSetBack) stop() {
	n.t.Helper()
	n.signal(syscall.SIGTERM)
	n.exits(0)
}

func (n *nodeThatIsSetBack) address() string { return "esdb://" + n.listen + "?tls=false" }

// backup returns where the log is kept as it is now.
func (n *nodeThatIsSetBack) backup() string {
	n.t.Helper()
	to := filepath.Join(filepath.Dir(n.store), uuid.NewString())
	use(n.t, "eventstore", "backup", "--data", n.store, to)
	return to
}

// setBack has the node serve the log of the backup; "" is an empty one.
func (n *nodeThatIsSetBack) setBack(backup string) {
	n.t.Helper()
	n.stop()
	if err := os.RemoveAll(n.store); err != nil {
		n.t.Fatal(err)
	}
	if backup != "" {
		use(n.t, "eventstore", "restore", "--data", n.store, backup)
	}
	n.start()
}

// answer is an answer of the API, whatever its status.
type answer struct {
	status int
	Code   string `json:"code"`
	number
}

// look asks once.
func look(t *testing.T, api *client, p token.Principal, path string) answer {
	t.Helper()
	return request(t, api, p, http.MethodGet, path, "", "")
}

func request(t *testing.T, api *client, p token.Principal, method, path, key, body string) (a answer) {
	t.Helper()
	bearer, err := api.token(p)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, api.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+bearer)
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
		r.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil {
		err = json.Unmarshal(text, &a)
	}
	if err != nil {
		t.Fatalf("%d %s: %v", response.StatusCode, text, err)
	}
	a.status = response.StatusCode
	return a
}

// The log is restored from an older backup while Redis is ahead and the system is idle. No
// ghost keeps its number, the model is that of the log, and commands go on, all without a
// restart of the server.
func TestV3_ALogRestoredFromBeforeIsNoticedByARunningServer(t *testing.T) {
	t.Parallel()
	ctx, node := testContext(t), startNode(t)
	s := serve(t, dataDir(t), "127.0.0.1:0", "--default-bodies", "--eventstore", node.address(), "--redis", startRedis(t, freePort(t)))
	told := storytellerFor(t, s)
	list, err := told.openList(ctx, "Тізім")
	if err != nil {
		t.Fatal(err)
	}
	place := func(name string) *applicant {
		t.Helper()
		p, err := told.record(ctx, name, "1990-01-01", "citizen", true)
		if err != nil {
			t.Fatal(err)
		}
		a, err := told.apply(ctx, list, p, true)
		if err == nil {
			_, err = told.place(ctx, &a)
		}
		if err != nil {
			t.Fatal(err)
		}
		return &a
	}
	kept := place("Kept")
	backup, covered := node.backup(), headOf(t, s.data)
	lost := place("Lost")
	if err := told.numbers(ctx, list, []*applicant{kept, lost}, 1, 2); err != nil {
		t.Fatal(err)
	}
	await(t, "no head that the backup lacks was signed", func() error {
		if size := headOf(t, s.data); size < covered+eventsOfKept {
			return fmt.Errorf("it is of %d events, and was of %d", size, covered)
		}
		if _, err := told.record(ctx, "Another", "1990-01-01", "refugee", false); err != nil {
			t.Fatal(err)
		}
		return nil
	})

	node.setBack(backup)
	noticed := false
	await(t, "the numbers are not those of the log", func() error {
		time.Sleep(200 * time.Millisecond) // a citizen may ask only so often
		k, l := look(t, told.client, citizen(kept.id), entryPath(list, kept)), look(t, told.client, citizen(lost.id), entryPath(list, lost))
		for _, a := range []answer{k, l} {
			switch {
			case a.status == http.StatusServiceUnavailable, a.status == http.StatusNotFound && a == l:
				noticed = true
			case a.status == http.StatusOK && a.Of == 1 && a == k:
				noticed = true
			case a.status == http.StatusOK && a.Of == 2 && !noticed: // before the log was asked again
			default:
				t.Fatalf("after it was noticed (%t): kept %+v, lost %+v", noticed, k, l)
			}
		}
		if k.status != http.StatusOK || k.Of != 1 || l.status != http.StatusNotFound {
			return fmt.Errorf("kept %+v, lost %+v", k, l)
		}
		return nil
	})

	// A command on what was lost is told so, and commands on the list go on.
	again := request(t, told.client, as(domain.RoleCommission), http.MethodPost, decisionPath(lost.caseID),
		uuid.NewString(), `{"outcome":"place","examination":{"findings":[]}}`)
	if again.status != http.StatusNotFound || again.Code != string(domain.CodeCaseUnknown) {
		t.Errorf("a command on what was lost is answered %+v", again)
	}
	told.client.position = 0 // of the log that was
	next := place("Next")
	if err := told.numbers(ctx, list, []*applicant{kept, next}, 1, 2); err != nil {
		t.Error(err)
	}

	// What is lost is named until an operator records it.
	if a := readyz(t, s); !strings.Contains(a, `"log_tampered"`) || !strings.Contains(a, "tizilim log accept") {
		t.Errorf("readiness: %s", a)
	}
	accept := []string{"log", "accept", "--data", s.data, "--eventstore", node.address(), "--basis", "order 7"}
	if said := use(t, accept...); !strings.Contains(said, "recorded that the log lacks") {
		t.Errorf("it says %s", said)
	}
	recorded := use(t, "eventstore", "read", "$all", "--eventstore", node.address())
	if !strings.Contains(recorded, `"LossAccepted"`) || !strings.Contains(recorded, `"basis":"order 7"`) {
		t.Error("the log does not say that the loss is accepted")
	}
	if aside, err := filepath.Glob(filepath.Join(s.data, "log.head.*-events")); err != nil || len(aside) != 1 {
		t.Errorf("the head that is lost is put away to %v, %v", aside, err)
	}
	await(t, "it is not ready", func() error { return answers(s.url+"/readyz", http.StatusOK) })
	if said := use(t, accept...); !strings.Contains(said, "nothing to accept") {
		t.Errorf("again it says %s", said)
	}
	select {
	case <-s.ended:
		t.Error("the server has ended")
	default:
	}
}

// eventsOfKept is more events than the first applicant of the test above leaves without a head.
const eventsOfKept = 8

// The files of the event store are replaced by those of a backup while it is served. Nothing is
// recorded in files that are gone, and every process says why, until the files are back.
func TestV3_FilesOfTheStoreThatAreReplacedWhileItIsServedAreNoticed(t *testing.T) {
	t.Parallel()
	ctx, node := testContext(t), startNode(t)
	s := serve(t, dataDir(t), "127.0.0.1:0", "--default-bodies", "--eventstore", node.address(), "--redis", startRedis(t, freePort(t)))
	told := storytellerFor(t, s)
	if _, err := told.record(ctx, "Somebody", "1990-01-01", "citizen", true); err != nil {
		t.Fatal(err)
	}
	backup, aside := node.backup(), node.store+".aside"
	p, err := told.record(ctx, "Later", "1990-01-01", "citizen", true)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(node.store, aside); err != nil {
		t.Fatal(err)
	}
	use(t, "eventstore", "restore", "--data", node.store, backup)

	await(t, "readiness does not tell the replaced files", func() error {
		if err := answers(s.url+"/readyz", http.StatusServiceUnavailable); err != nil {
			return err
		}
		if text := readyz(t, s); !strings.Contains(text, `"files_replaced"`) {
			return errors.New(text)
		}
		return nil
	})
	if r := request(t, told.client, as(domain.RoleOperator), http.MethodPost, "/v1/persons", uuid.NewString(),
		`{"name": "Another", "birth_date": "1990-01-01", "class": "refugee"}`); r.status != http.StatusServiceUnavailable ||
		r.Code != string(domain.CodeLogUnavailable) {
		t.Errorf("a command: %+v", r)
	}

	if err := errors.Join(os.RemoveAll(node.store), os.Rename(aside, node.store)); err != nil {
		t.Fatal(err)
	}
	await(t, "the server is not ready again", func() error { return answers(s.url+"/readyz", http.StatusOK) })
	if _, err := told.record(ctx, "Another", "1990-01-01", "citizen", true); err != nil {
		t.Errorf("a command: %v", err)
	}
	if a := look(t, told.client, citizen(p.id), "/v1/persons/"+p.id.String()+"/residence"); a.status != http.StatusOK {
		t.Errorf("a read of what was acknowledged: %+v", a)
	}
}

// headOf returns how many events the head covers that the data directory keeps.
func headOf(t *testing.T, data string) int64 {
	t.Helper()
	known, err := knowLog(data)
	if err != nil {
		t.Fatal(err)
	}
	head, err := known.witness.Head(*known.public)
	if err != nil {
		t.Fatal(err)
	}
	return head.Size
}

func readyz(t *testing.T, s *server) string {
	t.Helper()
	response, err := http.Get(s.url + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// An empty event store is not taken for that of a new registry, neither by a running server
// nor by one that is started; with the right log it goes on by itself.
func TestV3_AnEmptyLogIsNotTakenForThatOfANewRegistry(t *testing.T) {
	t.Parallel()
	ctx, node := testContext(t), startNode(t)
	redis := startRedis(t, freePort(t))
	s := serve(t, dataDir(t), "127.0.0.1:0", "--default-bodies", "--eventstore", node.address(), "--redis", redis)
	told := storytellerFor(t, s)
	p, err := told.record(ctx, "Somebody", "1990-01-01", "citizen", true)
	if err != nil {
		t.Fatal(err)
	}
	path := "/v1/persons/" + p.id.String() + "/residence"
	await(t, "the person is not there", func() error {
		if a := look(t, told.client, citizen(p.id), path); a.status != http.StatusOK {
			return fmt.Errorf("%+v", a)
		}
		if _, err := os.Stat(filepath.Join(s.data, "log.head")); err != nil {
			return err
		}
		if headOf(t, s.data) == 0 { // the first head is of no events
			return errors.New("the witness has seen no event of the log")
		}
		return nil
	})
	backup := node.backup()
	node.setBack("")
	await(t, "it is not noticed", func() error {
		time.Sleep(200 * time.Millisecond)
		if a := look(t, told.client, citizen(p.id), path); a.status != 503 || a.Code != string(domain.CodeLogReplaced) {
			return fmt.Errorf("%+v", a)
		}
		return answers(s.url+"/readyz", http.StatusServiceUnavailable)
	})
	empty, err := credentials{}.connect(node.address())
	if err != nil {
		t.Fatal(err)
	}
	defer empty.Close()
	if err := provePast(ctx, s.data, empty); domain.CodeOf(err) != domain.CodeLogReplaced {
		t.Errorf("the empty log is judged %v", err)
	}
	if err := provePast(ctx, dataDir(t), empty); err != nil {
		t.Errorf("a new registry is refused an empty log: %v", err)
	}
	begun := dataDir(t) // of a registry that has kept no head yet
	if err := os.MkdirAll(begun, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := rememberBegun(begun); err != nil {
		t.Fatal(err)
	}
	if err := provePast(ctx, begun, empty); domain.CodeOf(err) != domain.CodeLogReplaced {
		t.Errorf("before the first head the empty log is judged %v", err)
	}
	if _, err := os.Stat(filepath.Join(s.data, begunFile)); err != nil {
		t.Errorf("the registry does not remember that its log was begun: %v", err)
	}
	if stats := use(t, "eventstore", "read", "$all", "--eventstore", node.address()); strings.Contains(stats, "KeysBegan") {
		t.Errorf("the keys were recorded in the empty log: %s", stats)
	}
	node.setBack(backup)
	await(t, "it does not go on with the right log", func() error {
		time.Sleep(200 * time.Millisecond)
		if a := look(t, told.client, citizen(p.id), path); a.status != http.StatusOK {
			return fmt.Errorf("%+v", a)
		}
		return nil
	})
}
