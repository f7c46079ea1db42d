package httpapi_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/projections"
)

// realRedis starts a redis-server of this test's own, which keeps nothing. kill
// ends it in the middle of whatever it does.
func realRedis(t testing.TB) (client projections.Client, kill func()) {
	t.Helper()
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatal("redis-server is not installed, and these tests run on a real one: apt-get install redis-server")
	}
	for attempt := 1; ; attempt++ { // the free port may be taken before the server has it
		l, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
		must(t, l.Close())
		server := exec.Command(
			binary,
			"--port",
			port,
			"--bind",
			"127.0.0.1",
			"--save",
			"",
			"--appendonly",
			"no",
			"--dir",
			t.TempDir(),
		)
		out, err := server.StdoutPipe()
		must(t, err)
		must(t, server.Start())
		ready := false
		lines := bufio.NewScanner(out)
		for !ready && lines.Scan() {
			ready = strings.Contains(lines.Text(), "Ready to accept connections")
		}
		if !ready {
			_ = server.Wait() // how it ended does not matter: it did not begin
			if attempt == 3 {
				t.Fatal("redis-server did not start")
			}
			continue
		}
		drained := make(chan struct{})
		go func() { _, _ = io.Copy(io.Discard, out); close(drained) }()
		kill = sync.OnceFunc(func() {
			_ = server.Process.Kill()
			<-drained
			_ = server.Wait() // killed
		})
		t.Cleanup(kill)
		client, err = projections.Connect("redis://127.0.0.1:" + port)
		must(t, err)
		t.Cleanup(func() { _ = client.Close() })
		return client, kill
	}
}

func on(client projections.Client) func(*settings) {
	return func(set *settings) { set.redis = func(testing.TB) projections.Client { return client } }
}

// story is a registry with something in every read.
type story struct {
	list, entry string
	person      string
	last        *answer
	reads       map[string]string // path → token
}

func tell(s *subtest) story {
	var st story
	auditor, commission := s.token(domain.RoleAuditor), s.token(domain.RoleCommission)
	owner := s.citizen()
	home := s.dwelling(owner)
	s.registered(owner, home, "2026-03-01", "")
	guest := s.citizen()
	s.registered(guest, home, "2026-03-01", "2026-06-01")
	out := s.command("/v1/deregistrations", s.as(owner), removal(owner, home, guest)).is(201)
	st.list = s.list()
	s.entry(st.list)
	st.person, st.entry, _ = s.entry(st.list)
	_, third, _ := s.entry(st.list)
	st.last = s.removed(st.list, third)
	st.reads = map[string]string{
		"/v1/persons/" + owner + "/residence": auditor, "/v1/dwellings/" + home + "/residents": auditor,
		"/v1/persons/" + owner + "/history": auditor, "/v1/dwellings/" + home + "/history": auditor,
		"/v1/cases/" + out.id("case_id"): auditor, "/v1/queues/" + st.list + "/entries": commission,
		entryPath(st.list, st.entry): s.as(st.person), entryPath(st.list, third): commission,
	}
	return st
}

func TestTheCoreOnARealRedis(t *testing.T) {
	client, _ := realRedis(t)
	r := start(t, on(client))
	s := r.at(t)
	st := tell(s)
	s.agree(st.list, 1, st.last)
	for path, token := range st.reads {
		s.seen(path, token, st.last)
	}
	for _, act := range acts(s) {
		t.Run(act.name, func(t *testing.T) {
			s := r.at(t)
			key := header{"Idempotency-Key", s.key()}
			first := s.command(act.path, act.token, act.body, key).is(act.status)
			same(t, first, s.command(act.path, act.token, act.body, key))
			s.command(act.path, act.token, body{}, key).problem()
		})
	}
}

func TestAnEmptiedRedisIsNeverTakenForAnEmptyRegistry(t *testing.T) {
	client, _ := realRedis(t)
	r := start(t, on(client))
	s := r.at(t)
	st := tell(s)
	before := map[string]string{}
	for path, token := range st.reads {
		before[path] = s.seen(path, token, st.last).timeless()
	}
	missing := 0
	must(t, client.FlushAll(context.Background()).Err())
	for path, token := range st.reads {
		for healed := false; !healed; {
			a := s.get(path, token)
			switch {
			case a.status == http.StatusServiceUnavailable:
				missing++
				a.refused(503, domain.CodeModelNotReady, "")
				// Nobody else may read it as an answer either.
				if s.get("/readyz", "").status == http.StatusOK && s.get(path, token).status != http.StatusOK {
					t.Errorf("%s: ready, and does not answer", path)
				}
			case a.status == http.StatusOK && a.timeless() == before[path]:
				healed = true
			default:
				t.Fatalf("%s answers %d %s, before the loss %s", path, a.status, a.text, before[path])
			}
		}
	}
	if missing == 0 {
		t.Error("nothing was ever missing: Redis was not emptied")
	}
	s.agree(st.list, 1, st.last)
}

func TestV4_ALostRedisIsSaidAndStopsNoCommand(t *testing.T) {
	t.Parallel()
	client, kill := realRedis(t)
	r := start(t, on(client))
	s := r.at(t)
	st := tell(s)
	body := body{"name": "Айгүл", "birth_date": "1990-05-17", "class": "refugee"}
	before := s.head()
	kill()
	var all sync.WaitGroup
	refused := func(method, path, token string, body any, headers ...header) {
		all.Go(func() {
			a, err := s.try(method, path, token, body, headers...)
			if err != nil || a.status != 503 || a.body["code"] != string(domain.CodeModelNotReady) ||
				a.header.Get("Retry-After") == "" {
				t.Errorf("%s: %+v %v", path, a, err)
			}
		})
	}
	for path, token := range st.reads {
		refused("GET", path, token, nil)
	}
	refused("GET", entryPath(st.list, st.entry), s.as(st.person), nil, header{"Tizilim-Position", "1"})
	all.Wait()
	// A command that needs nothing of the read model goes on, once for its key.
	key := header{"Idempotency-Key", s.key()}
	done := s.command("/v1/persons", s.token(domain.RoleOperator), body, key).is(201)
	again := s.command("/v1/persons", s.token(domain.RoleOperator), body, key).is(201)
	if again.header.Get("Idempotent-Replayed") != "true" || again.id("person_id") != done.id("person_id") {
		t.Errorf("sent again: %v %s", again.header, again.text)
	}
	ready := s.notReady("redis_does_not_answer")
	if ready.at("ready") != false || ready.at("event_store") != "answers" ||
		ready.at("read_model", "answers") != false ||
		ready.header.Get("Retry-After") == "" {
		t.Errorf("readiness: %v %s", ready.header, ready.text)
	}
	s.get("/healthz", "").is(200)
	if s.head() == before {
		t.Error("the command is not in the log")
	}
}

// What citizens read of their own goes on; what staff read of others would leave
// no entry, and stops (C21).
func TestALostEventStoreIsSaidAndOwnReadsGoOn(t *testing.T) {
	t.Parallel()
	r := start(t)
	s := r.at(t)
	st := tell(s)
	own := s.as(st.person)
	st.reads["/v1/persons/"+st.person+"/residence"] = own
	st.reads[entryPath(st.list, st.entry)] = own
	before := map[string]string{}
	for path, token := range st.reads {
		before[path] = s.seen(path, token, st.last).timeless()
	}
	ready := s.get("/readyz", "").is(200)
	if ready.at("ready") != true || ready.at("event_store") != "answers" || ready.at("read_model", "answers") != true ||
		ready.at(
			"read_model",
			"projector",
		) != true || ready.at("read_model", "quarantined") != float64(0) || ready.at("read_model", "serving") == float64(0) {
		t.Errorf("readiness: %s", ready.text)
	}
	must(t, r.node.Close())
	var all sync.WaitGroup
	for _, act := range []struct {
		path, token string
		body        any
	}{
		{"/v1/persons", s.token(domain.RoleOperator), body{"name": "Айгүл", "birth_date": "1990-05-17", "class": "refugee"}},
		{"/v1/queues", s.token(domain.RoleCommission), body{"body": "b", "settlement": "s", "title": "t"}},
		{entryPath(st.list, st.entry) + "/removal", s.token(domain.RoleCommission), removing},
	} {
		all.Go(func() {
			began := time.Now()
			a, err := s.try("POST", act.path, act.token, act.body, header{"Idempotency-Key", s.key()})
			if err != nil {
				t.Error(err)
				return
			}
			if a.status != 503 || a.body["code"] != string(domain.CodeLogUnavailable) ||
				a.header.Get("Retry-After") == "" {
				t.Errorf("%s: %d %s", act.path, a.status, a.text)
			}
			if took := time.Since(began); took > 15*time.Second {
				t.Errorf("%s: answered after %v", act.path, took)
			}
		})
	}
	all.Go(func() {
		began := time.Now()
		a, err := s.try("GET", "/readyz", "", nil)
		if err != nil || a.status != 503 || a.body["event_store"] != "does not answer" ||
			a.header.Get("Retry-After") == "" {
			t.Errorf("readiness: %+v %v", a, err)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("readiness took %v", took)
		}
	})
	for path, token := range st.reads {
		all.Go(func() {
			a, err := s.try("GET", path, token, nil)
			switch {
			case err != nil:
				t.Error(err)
			case token == own && (a.status != 200 || a.timeless() != before[path]):
				t.Errorf("%s: %s, before %s", path, a.text, before[path])
			case token != own && (a.status != 503 || a.body["code"] != string(domain.CodeLogUnavailable)):
				t.Errorf("%s: %d %s", path, a.status, a.text)
			}
		})
	}
	all.Wait()
}

func TestABodyThatDribblesIsCutOff(t *testing.T) {
	t.Parallel()
	s := start(t).at(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.http.URL, "http://"))
	must(t, err)
	defer conn.Close()
	must(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = fmt.Fprintf(
		conn,
		"POST /v1/persons HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nIdempotency-Key: slow\r\nContent-Length: 100\r\n\r\n{",
		s.token(domain.RoleOperator),
	)
	must(t, err)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	must(t, err)
	text, err := io.ReadAll(res.Body)
	must(t, err)
	if res.StatusCode != http.StatusRequestTimeout || res.Header.Get("Content-Type") != "application/problem+json" ||
		!strings.Contains(string(text), `"code":"malformed"`) {
		t.Errorf("%d %v %s", res.StatusCode, res.Header, text)
	}
}

// A Redis that is full refuses writes: commands go on, what is there is read, and readiness
// names it.
func TestV4_AFullRedisIsNamedAndStopsNoCommand(t *testing.T) {
	t.Parallel()
	client, _ := realRedis(t)
	r := start(t, on(client))
	s := r.at(t)
	st := tell(s)
	s.seen(entryPath(st.list, st.entry), s.as(st.person), st.last)
	must(t, client.ConfigSet(context.Background(), "maxmemory", "1").Err())
	s.get(entryPath(st.list, st.entry), s.as(st.person)).is(200)
	person := body{"name": "Айгүл", "birth_date": "1990-05-17", "class": "refugee"}
	done := s.command("/v1/persons", s.token(domain.RoleOperator), person).is(201)
	s.get("/v1/persons/"+done.id("person_id")+"/residence", s.token(domain.RoleAuditor),
		header{"Tizilim-Position", done.header.Get("Tizilim-Position")}).refused(503, domain.CodeModelBehind, "")
	a := s.get("/readyz", "").is(503)
	if !slices.Contains(a.reasons(), "redis_refuses_writes") || !strings.Contains(a.text, "OOM") {
		t.Errorf("readiness: %s", a.text)
	}
	must(t, client.ConfigSet(context.Background(), "maxmemory", "0").Err())
	s.seen("/v1/persons/"+done.id("person_id")+"/residence", s.token(domain.RoleAuditor), done)
}

// Whatever record Redis has lost, no reader is told that it does not exist.
func TestV5_ALostRecordIsNeverSaidNotToExist(t *testing.T) {
	client, _ := realRedis(t)
	r := start(t, on(client))
	s := r.at(t)
	st := tell(s)
	before := map[string]string{}
	for path, token := range st.reads {
		before[path] = s.seen(path, token, st.last).timeless()
	}
	ctx := context.Background()
	for path, token := range st.reads {
		for _, key := range client.Keys(ctx, "{tizilim}:g*:*").Val() { // the records that the read rests on
			_, name, _ := strings.Cut(strings.TrimPrefix(key, "{tizilim}:g"), ":")
			for _, id := range strings.Split(path, "/") {
				if len(id) == 36 && (name == "residence-"+id || name == "dwelling-"+id || name == "case-"+id ||
					name == "queue-"+id || strings.HasSuffix(name, ":entry:"+id)) {
					must(t, client.Del(ctx, key).Err())
				}
			}
		}
		for healed := false; !healed; {
			switch a := s.get(path, token); {
			case a.status == 503:
			case a.status == 200 && a.timeless() == before[path]:
				healed = true
			default:
				t.Fatalf("%s answers %d %s, before the loss %s", path, a.status, a.text, before[path])
			}
		}
	}
}
