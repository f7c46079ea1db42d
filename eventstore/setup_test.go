package eventstore_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tizilim/eventstore"
)

// usersDouble is a node with users. One port answers gRPC by the embedded node, and the
// HTTP API of users as UsersController and UserManagementService of the server do.
type usersDouble struct {
	listener net.Listener
	node     string
	members  []map[string]any // in its gossip
	http     *http.Server
	conns    sync.WaitGroup

	mu       sync.Mutex
	open     []net.Conn
	users    map[string]*account
	requests []string
}

type account struct {
	fullName, password string
	groups             []string
	disabled           bool
}

func startUsers(t *testing.T) *usersDouble {
	t.Helper()
	return startUsersWith(t, nil)
}

// startUsersWith serves with TLS; nil: without.
func startUsersWith(t *testing.T, secure *tls.Config) *usersDouble {
	t.Helper()
	d := &usersDouble{node: startNode(t, t.TempDir(), "127.0.0.1:0").Addr().String()}
	d.users = map[string]*account{"admin": {
		fullName: "Event Store Administrator", password: "sesame", groups: []string{"$admins"},
	}}
	var err error
	if d.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	if secure != nil {
		secure.NextProtos = []string{"h2", "http/1.1"}
		d.listener = tls.NewListener(d.listener, secure)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /gossip", func(w http.ResponseWriter, r *http.Request) {
		d.mu.Lock()
		defer d.mu.Unlock()
		_ = json.NewEncoder(w).Encode(map[string]any{"members": d.members})
	})
	mux.HandleFunc("GET /users/{login}", d.get)
	mux.HandleFunc("POST /users/{$}", d.create)
	mux.HandleFunc("PUT /users/{login}", d.update)
	d.http = &http.Server{Handler: mux}
	queue := &connQueue{conns: make(chan net.Conn), done: make(chan struct{}), addr: d.listener.Addr()}
	go func() { _ = d.http.Serve(queue) }()
	d.conns.Go(func() { d.accept(queue) })
	t.Cleanup(func() {
		_ = d.listener.Close()
		_ = d.http.Close()
		d.mu.Lock()
		for _, conn := range d.open {
			_ = conn.Close()
		}
		d.mu.Unlock()
		d.conns.Wait()
	})
	return d
}

// accept separates gRPC, which is HTTP/2 with prior knowledge, from HTTP/1, as the server
// does.
func (d *usersDouble) accept(queue *connQueue) {
	for {
		conn, err := d.listener.Accept()
		if err != nil {
			return
		}
		d.mu.Lock()
		d.open = append(d.open, conn)
		d.mu.Unlock()
		d.conns.Go(func() {
			reader := bufio.NewReader(conn)
			if begin, err := reader.Peek(3); err != nil || string(begin) != "PRI" {
				select {
				case queue.conns <- peeked{conn, reader}:
				case <-queue.done:
					_ = conn.Close()
				}
				return
			}
			defer conn.Close()
			node, err := net.Dial("tcp", d.node)
			if err != nil {
				return
			}
			defer node.Close()
			go func() {
				_, _ = io.Copy(conn, node)
				_ = conn.Close()
			}()
			_, _ = io.Copy(node, reader)
		})
	}
}

type peeked struct {
	net.Conn
	reader *bufio.Reader
}

func (p peeked) Read(b []byte) (int, error) { return p.reader.Read(b) }

// connQueue is a listener that gets its connections from accept.
type connQueue struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
	addr  net.Addr
}

func (q *connQueue) Accept() (net.Conn, error) {
	select {
	case conn := <-q.conns:
		return conn, nil
	case <-q.done:
		return nil, net.ErrClosed
	}
}

func (q *connQueue) Close() error {
	q.once.Do(func() { close(q.done) })
	return nil
}

func (q *connQueue) Addr() net.Addr { return q.addr }

func (d *usersDouble) address() string { return "esdb://" + d.listener.Addr().String() + "?tls=false" }

// admitted returns the login of the request. Where the request is not allowed, it answers
// the request itself.
func (d *usersDouble) admitted(w http.ResponseWriter, r *http.Request, admin bool) (login string, ok bool) {
	d.requests = append(d.requests, r.Method+" "+r.URL.Path)
	login, password, _ := r.BasicAuth()
	who := d.users[login]
	if who == nil || who.password != password || admin && !slices.Contains(who.groups, "$admins") {
		w.WriteHeader(http.StatusUnauthorized)
		return "", false
	}
	return login, true
}

func reply(w http.ResponseWriter, status int, result string, data any) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"data": data, "success": result == "Success", "error": result})
}

func (d *usersDouble) get(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	login := r.PathValue("login")
	who, ok := d.admitted(w, r, login != "$current")
	if !ok {
		return
	}
	if login == "$current" {
		login = who
	}
	u := d.users[login]
	if u == nil {
		reply(w, http.StatusNotFound, "NotFound", nil)
		return
	}
	reply(w, http.StatusOK, "Success", map[string]any{
		"loginName": login, "fullName": u.fullName, "groups": u.groups, "disabled": u.disabled,
		"dateLastUpdated": "2026-11-29T00:00:00Z", "links": []any{},
	})
}

func (d *usersDouble) create(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var u struct {
		LoginName, FullName, Password string
		Groups                        []string
	}
	if _, ok := d.admitted(w, r, true); !ok {
		return
	}
	if r.Header.Get("Content-Type") != "application/json" || json.NewDecoder(r.Body).Decode(&u) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if there := d.users[u.LoginName]; there != nil && there.password != u.Password {
		reply(w, http.StatusConflict, "Conflict", nil)
		return
	}
	d.users[u.LoginName] = &account{fullName: u.FullName, password: u.Password, groups: u.Groups}
	reply(w, http.StatusCreated, "Success", nil)
}

func (d *usersDouble) update(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var u struct {
		FullName string
		Groups   []string
	}
	if _, ok := d.admitted(w, r, true); !ok {
		return
	}
	there := d.users[r.PathValue("login")]
	if there == nil || json.NewDecoder(r.Body).Decode(&u) != nil {
		reply(w, http.StatusNotFound, "NotFound", nil)
		return
	}
	there.fullName, there.groups = u.FullName, u.Groups
	reply(w, http.StatusOK, "Success", nil)
}

// allows reports whether a user with these groups has the right on the stream, by the rules
// of the server's LegacyStreamPermissionAssertion.
func allows(t *testing.T, s *eventstore.Store, stream, right string, groups ...string) bool {
	t.Helper()
	if slices.Contains(groups, "$admins") {
		return true
	}
	type acl map[string]any
	document := func(name string) (members map[string]acl) {
		for e, err := range s.ReadRaw(t.Context(), eventstore.RawRead{Stream: name, Backwards: true, Limit: 1}) {
			if err != nil || json.Unmarshal(e.Data, &members) != nil {
				t.Fatalf("%s: %v, %s", name, err, e.Data)
			}
		}
		return members
	}
	kind, fallback := "$userStreamAcl", any("$all")
	if strings.HasPrefix(stream, "$") {
		kind, fallback = "$systemStreamAcl", "$admins"
	}
	system := document("$settings")[kind]
	own := document("$$" + stream)["$acl"]
	if own == nil {
		own = system
	}
	roles := own[right]
	if roles == nil {
		roles = system[right]
	}
	if roles == nil {
		roles = fallback
	}
	list, ok := roles.([]any)
	if !ok {
		list = []any{roles}
	}
	return slices.ContainsFunc(
		list, func(role any) bool { return role == "$all" || slices.Contains(groups, role.(string)) },
	)
}

func setup() eventstore.Setup {
	return eventstore.Setup{
		Login: "tizilim", Group: "registry", Generate: func() (string, error) { return "made up", nil },
	}
}

func setUp(t *testing.T, d *usersDouble, s eventstore.Setup) ([]eventstore.SetupStep, error) {
	t.Helper()
	return eventstore.SetUp(t.Context(), d.address(), "admin", "sesame", quiet, s)
}

func TestSetUpCreatesAUserWithTheLeastRights(t *testing.T) {
	d := startUsers(t)
	s := openStore(t, d.address())
	dry := setup()
	dry.DryRun = true
	planned, err := setUp(t, d, dry)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(log(t, s)); n != 0 || d.users["tizilim"] != nil {
		t.Errorf("a dry run wrote %d events, made the user %v", n, d.users["tizilim"])
	}
	done, err := setUp(t, d, setup())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(planned, done); diff != "" {
		t.Errorf("planned and done differ:\n%s", diff)
	}
	want := &account{fullName: "Tizilim", password: "made up", groups: []string{"registry"}}
	if diff := cmp.Diff(want, d.users["tizilim"], cmp.AllowUnexported(account{})); diff != "" {
		t.Error(diff)
	}
	for _, c := range []struct {
		stream, right string
		group         string
		allowed       bool
	}{
		{"$all", "$r", "registry", true}, {"$all", "$r", "others", false}, {"$all", "$mw", "registry", false},
		{"case-1", "$r", "registry", true}, {"case-1", "$w", "registry", true}, {"case-1", "$mr", "registry", true},
		{"case-1", "$d", "registry", false}, {"case-1", "$mw", "registry", false},
		{"case-1", "$r", "others", false}, {"case-1", "$w", "others", false}, {"case-1", "$d", "others", false},
		{"$settings", "$r", "registry", false}, {"$settings", "$w", "registry", false},
	} {
		if got := allows(t, s, c.stream, c.right, c.group); got != c.allowed {
			t.Errorf("%s of %s by %s: %v", c.right, c.stream, c.group, got)
		}
	}
	before := len(log(t, s))
	d.requests = nil
	again, err := setUp(t, d, setup())
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range again {
		if step.Done != "" {
			t.Errorf("done once more: %+v", step)
		}
	}
	if n := len(log(t, s)); n != before {
		t.Errorf("%d events more", n-before)
	}
	if diff := cmp.Diff([]string{"GET /users/tizilim"}, d.requests); diff != "" {
		t.Error(diff)
	}
}

func TestSetUpKeepsExistingRights(t *testing.T) {
	d := startUsers(t)
	s := openStore(t, d.address())
	d.users["tizilim"] = &account{fullName: "Registry", password: "old", groups: []string{"staff"}}
	appendRaw(t, s, "$settings", -1, raw("$settings",
		`{"$userStreamAcl":{"$w":"billing","$d":["ops"]},"$systemStreamAcl":{"$r":["$admins","audit"]},"future":1.50}`, ``))
	appendRaw(t, s, "$$$all", -1, raw("$metadata", `{"$maxAge":7,"$acl":{"$mw":["ops"]}}`, ``))
	u := setup()
	u.Password = "old"
	if _, err := setUp(t, d, u); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(
		&account{fullName: "Registry", password: "old", groups: []string{"staff", "registry"}}, d.users["tizilim"],
		cmp.AllowUnexported(account{}),
	); diff != "" {
		t.Error(diff)
	}
	events := log(t, s)
	got := []string{string(events[2].Data), string(events[3].Data)}
	want := []string{
		`{"$acl":{"$mw":["ops"],"$r":["$admins","audit","registry"]},"$maxAge":7}`,
		`{"$systemStreamAcl":{"$r":["$admins","audit"]},"$userStreamAcl":{"$d":["ops"],` +
			`"$mr":["$admins","registry"],"$mw":["$admins"],` +
			`"$r":["$admins","registry"],"$w":["billing","registry"]},"future":1.50}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSetUpReportsRightsThatAdmitEverybody(t *testing.T) {
	d := startUsers(t)
	s := openStore(t, d.address())
	appendRaw(t, s, "$settings", -1, raw("$settings", `{"$userStreamAcl":{"$r":["$all"],"$w":["$all"]}}`, ``))
	if _, err := setUp(t, d, setup()); !errors.Is(err, eventstore.ErrOpen) {
		t.Errorf("error %v", err)
	}
	if !allows(t, s, "case-1", "$w", "others") || allows(
		t, s, "case-1", "$d", "others",
	) || !allows(t, s, "$all", "$r", "registry") {
		t.Error("what was open is to stay, and the rest to be done")
	}
	before := len(log(t, s))
	if _, err := setUp(t, d, setup()); !errors.Is(err, eventstore.ErrOpen) || len(log(t, s)) != before {
		t.Errorf("again: error %v, %d events more", err, len(log(t, s))-before)
	}
}

func TestSetUpRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(d *usersDouble, s *eventstore.Store, u *eventstore.Setup)
		want    string
	}{
		"a disabled user": {func(d *usersDouble, _ *eventstore.Store, _ *eventstore.Setup) {
			d.users["tizilim"] = &account{groups: []string{"registry"}, disabled: true}
		}, "is disabled"},
		"an administrator": {
			func(_ *usersDouble, _ *eventstore.Store, u *eventstore.Setup) { u.Login = "admin" }, "is an administrator",
		},
		"another password": {func(d *usersDouble, _ *eventstore.Store, u *eventstore.Setup) {
			d.users["tizilim"] = &account{password: "theirs", groups: []string{"registry"}}
			u.Password = "ours"
		}, "with another password"},
		"no administrator": {
			func(d *usersDouble, _ *eventstore.Store, _ *eventstore.Setup) { d.users["admin"].groups = nil },
			"must be an administrator",
		},
		"settings that are no JSON": {func(_ *usersDouble, s *eventstore.Store, _ *eventstore.Setup) {
			appendRaw(t, s, "$settings", -1, raw("$settings", `{`, ``))
		}, "not a JSON object"},
		"rights that are none": {func(_ *usersDouble, s *eventstore.Store, _ *eventstore.Setup) {
			appendRaw(t, s, "$$$all", -1, raw("$metadata", `{"$acl":{"$r":null}}`, ``))
		}, "not a list of rights"},
	} {
		t.Run(name, func(t *testing.T) {
			d := startUsers(t)
			s := openStore(t, d.address())
			u := setup()
			c.prepare(d, s, &u)
			before := len(log(t, s))
			if _, err := setUp(t, d, u); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if n := len(log(t, s)); n != before {
				t.Errorf("%d events were written", n-before)
			}
		})
	}
}

func TestSetUpUsesTheLeader(t *testing.T) {
	follower, leader := startUsers(t), startUsers(t)
	port := leader.listener.Addr().(*net.TCPAddr).Port
	follower.members = []map[string]any{
		{"state": "Follower", "isAlive": true, "httpEndPointIp": "127.0.0.1", "httpEndPointPort": 1},
		{"state": "Leader", "isAlive": false, "httpEndPointIp": "127.0.0.1", "httpEndPointPort": 2},
		{"state": "Leader", "isAlive": true, "httpEndPointIp": "127.0.0.1", "httpEndPointPort": port},
	}
	if _, err := setUp(t, follower, setup()); err != nil {
		t.Fatal(err)
	}
	if follower.users["tizilim"] != nil || leader.users["tizilim"] == nil {
		t.Error("the user was not made at the leader")
	}
}

func TestSetUpUsesTheTLSOfTheConnection(t *testing.T) {
	ca, strangers := newAuthority(t), newAuthority(t)
	ca.sign("user", &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, ca.cert, ca.key)
	d := startUsersWith(t, ca.serverConfig(tls.RequireAndVerifyClientCert))
	at := "esdb://" + d.listener.Addr().String() + "?maxDiscoverAttempts=1&defaultDeadline=2000&userCertFile=" + ca.path(
		"user.crt",
	) + "&userKeyFile=" + ca.path("user.key") + "&tlsCAFile="
	if _, err := eventstore.SetUp(t.Context(), at+ca.path("ca.crt"), "admin", "sesame", quiet, setup()); err != nil {
		t.Fatal(err)
	}
	if d.users["tizilim"] == nil {
		t.Error("the user was not made")
	}
	if _, err := eventstore.SetUp(
		t.Context(), at+strangers.path("ca.crt"), "admin", "sesame", quiet, setup(),
	); err == nil {
		t.Error("a node of strangers was trusted")
	}
}

func TestSetUpReportsANodeWithoutUsers(t *testing.T) {
	node := startNode(t, t.TempDir(), "127.0.0.1:0")
	_, err := eventstore.SetUp(t.Context(), node.ConnectionString(), "admin", "changeit", quiet, setup())
	if !errors.Is(err, eventstore.ErrNoUsers) {
		t.Errorf("error %v", err)
	}
	if n := len(log(t, openStore(t, node.ConnectionString()))); n != 0 {
		t.Errorf("%d events were written", n)
	}
}
