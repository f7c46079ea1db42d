package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"tizilim/domain"
	"tizilim/eventstore"
	"tizilim/eventstore/eventstoretest/standin"
	"tizilim/httpapi/token"
	"tizilim/projections"
)

const (
	// startPatience is how long the first start of the registry may take on a busy machine.
	startPatience = time.Minute
	// diskSize is the disk of the event store: its files, and room for a run.
	diskSize = 256 << 20
)

// world is the processes of one part of a run.
type world struct {
	dir     string
	part    places
	node    *process         // nil in a cluster
	cluster *standin.Cluster // nil with one node
	store   string           // connection string of the event store itself
	disk    string           // mount that the event store writes to; empty where it is on no disk of its own
	redis   *process
	direct  projections.Client // of Redis, past the proxies
	apis    [2]*api
	tokens  *token.Issuer
	binary  string
	violate func(format string, args ...any)

	dumps   []string // older dumps of Redis, the newest last
	lost    []string // those of a log that was set back
	other   *other   // nil until it is needed
	closers []func()
}

// api is a process of the API with its connections.
type api struct {
	*process
	url          string
	ops          string // address for operators
	data         string
	clock        string // file with what is added to its clock, in nanoseconds
	stopWriter   string // file that stops its next write to the model
	store, redis *between
}

// openNode starts a registry on one event store.
func openNode(ctx context.Context, r *rig, dir string) (w *world, err error) {
	w = &world{dir: dir, part: withNode, binary: r.Binary, violate: r.violate}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	data := filepath.Join(dir, "node")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return w, err
	}
	if r.makes("disk-full") {
		if err := w.mount(data); err != nil {
			r.skip("disk-full: a small disk cannot be mounted here (" + err.Error() + ")")
		}
	}
	address, err := freeAddress()
	if err != nil {
		return w, err
	}
	w.node = newProcess(dir, "node", nil, r.Binary, "eventstore", "serve", "--log-level", "warn",
		"--data", filepath.Join(data, "store"), "--listen", address)
	if err := w.node.start(); err != nil {
		return w, err
	}
	w.atEnd(w.node.kill)
	w.store = "esdb://" + address + "?tls=false"
	return w, w.open(ctx)
}

// openCluster starts a registry on a stand-in cluster.
func openCluster(ctx context.Context, r *rig, dir string) (w *world, err error) {
	w = &world{dir: dir, part: withCluster, binary: r.Binary, violate: r.violate}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	t := &standIn{ctx: ctx}
	w.cluster = standin.Start(t, standin.WithSeed(r.Seed))
	w.atEnd(t.end)
	w.store = w.cluster.BackendConnectionString()
	return w, w.open(ctx)
}

// open starts Redis and the API, and waits until both processes are ready.
func (w *world) open(ctx context.Context) error {
	address, err := freeAddress()
	if err != nil {
		return err
	}
	host, port, _ := net.SplitHostPort(address)
	data := filepath.Join(w.dir, "redis")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	w.redis = newProcess(w.dir, "redis", nil, "redis-server", "--port", port, "--bind", host, "--save", "",
		"--appendonly", "no", "--dir", data, "--enable-debug-command", "local")
	w.atEnd(w.redis.kill)
	if w.direct, err = projections.Connect("redis://" + address + "/0"); err != nil {
		return err
	}
	w.atEnd(func() { _ = w.direct.Close() })
	if err := w.startRedis(ctx); err != nil {
		return err
	}
	for i := range w.apis {
		if w.apis[i], err = w.newAPI(i, address); err != nil {
			return err
		}
		if i > 0 { // all processes of a registry have the same keys, which the first has made
			keys := os.DirFS(filepath.Join(w.apis[0].data, "keys"))
			if err := os.CopyFS(filepath.Join(w.apis[i].data, "keys"), keys); err != nil {
				return err
			}
		}
		if err := w.apis[i].start(); err != nil {
			return err
		}
		w.atEnd(w.apis[i].kill)
		if err := await(ctx, startPatience, w.apis[i].ready); err != nil {
			return fmt.Errorf("%s is not ready: %w (it printed: %s)", w.apis[i].name, err, w.apis[i].lastLine())
		}
	}
	w.tokens, err = issuer(w.apis[0].data)
	return err
}

// newAPI prepares a process of the API.
func (w *world) newAPI(i int, redisAddress string) (*api, error) {
	a := &api{data: filepath.Join(w.dir, fmt.Sprintf("api%d", i+1))}
	a.clock, a.stopWriter = filepath.Join(a.data, "clock"), filepath.Join(a.data, "stop-writer")
	limits := filepath.Join(w.dir, "limits.json")
	if err := errors.Join(os.MkdirAll(a.data, 0o700), os.WriteFile(limits, []byte(unbounded), 0o600)); err != nil {
		return nil, err
	}
	var err error
	if a.redis, err = putBetween(redisAddress); err != nil {
		return nil, err
	}
	w.atEnd(a.redis.proxy.Stop)
	store := ""
	if w.cluster != nil { // whose nodes name themselves, so that no proxy can be put before them
		store = w.cluster.ConnectionString()
	} else {
		at := strings.TrimSuffix(strings.TrimPrefix(w.store, "esdb://"), "?tls=false")
		if a.store, err = putBetween(at); err != nil {
			return nil, err
		}
		w.atEnd(a.store.proxy.Stop)
		store = "esdb://" + a.store.proxy.Listen + "?tls=false"
	}
	listen, err := freeAddress()
	if err != nil {
		return nil, err
	}
	ops, err := freeAddress()
	if err != nil {
		return nil, err
	}
	a.url, a.ops = "http://"+listen, "http://"+ops
	env := []string{
		"TIZILIM_FAULTS_CLOCK=" + a.clock, "TIZILIM_FAULTS_LEASE=" + leaseTTL.String(),
		"TIZILIM_FAULTS_WRITER=" + a.stopWriter,
		"TIZILIM_OPS=" + ops, "TIZILIM_QUIET=true", "TIZILIM_DEFAULT_BODIES=true",
	}
	a.process = newProcess(w.dir, fmt.Sprintf("api%d", i+1), env, w.binary, "serve", "--log-level", "info",
		"--listen", listen, "--data", a.data, "--eventstore", store, "--redis", "redis://"+a.redis.proxy.Listen+"/0",
		"--limits", limits)
	return a, nil
}

// unbounded takes away every limit of calls: the clients of a rig are not many people.
const unbounded = `{"read": null, "expensive_read": null, "search": null, "command": null, "check": null,
	"refused_token": null, "address": null}`

// readyPatience bounds one question for the readiness of a process.
const readyPatience = 5 * time.Second

// ready asks whether the process of the API is ready.
func (a *api) ready(ctx context.Context) error {
	status, text, err := a.readiness(ctx)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("/readyz answers %d: %s", status, text)
	}
	return err
}

// unready asks whether the process of the API says that it is not ready, and why.
func (a *api) unready(ctx context.Context, why domain.Code) error {
	status, text, err := a.readiness(ctx)
	if err == nil && (status != http.StatusServiceUnavailable || !bytes.Contains(text, []byte(`"code":"`+why+`"`))) {
		err = fmt.Errorf("/readyz answers %d without %s: %s", status, why, text)
	}
	return err
}

func (a *api) readiness(ctx context.Context) (status int, text []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, readyPatience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url+"/readyz", nil)
	if err != nil {
		return 0, nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	text, err = io.ReadAll(response.Body)
	return response.StatusCode, text, err
}

// issuer signs tokens with the key of the data directory.
func issuer(data string) (*token.Issuer, error) {
	seed, err := readKey(filepath.Join(data, "keys", "token.key"))
	if err != nil {
		return nil, err
	}
	key, err := token.NewKey(seed)
	if err != nil {
		return nil, err
	}
	return token.NewIssuer(token.MaxLifetime, key)
}

// readKey reads a key of the registry, which is in hex.
func readKey(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("the key %s: %w", path, err)
	}
	return key, nil
}

func (w *world) atEnd(f func()) { w.closers = append(w.closers, f) }

// close ends everything, the last first.
func (w *world) close() {
	for i := len(w.closers) - 1; i >= 0; i-- {
		w.closers[i]()
	}
	w.closers = nil
}

// stopPatience is how long a process may take to end. It is longer than requests in progress
// may take.
const stopPatience = 20 * time.Second

// end asks a process to end. One that does not is killed, and that is a violation.
func (w *world) end(p *process) {
	if !p.stop(stopPatience) {
		w.violate("%s did not end within %v when it was asked to: %s", p.name, stopPatience, p.lastLine())
	}
}

// all are the processes that the rig has started.
func (w *world) all() []*process {
	list := []*process{w.apis[0].process, w.apis[1].process, w.redis}
	if w.node != nil {
		list = append(list, w.node)
	}
	return list
}

// openLog opens the event store itself. It has no keys, so personal values stay sealed.
func (w *world) openLog() (*eventstore.Store, error) {
	return eventstore.Open(w.store, slog.New(slog.DiscardHandler))
}

// projector returns which process keeps the model; the first where this is not known.
func (w *world) projector(ctx context.Context) int {
	for i, a := range w.apis {
		if a.leads(ctx) {
			return i
		}
	}
	return 0
}

// leads reports whether the projector of this process is the active one.
func (a *api) leads(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.ops+"/metrics", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	metrics, err := io.ReadAll(response.Body)
	return err == nil && strings.Contains(string(metrics), "tizilim_projection_active 1")
}

// dump is the file that Redis starts from.
func (w *world) dump() string { return filepath.Join(w.dir, "redis", "dump.rdb") }

// startRedis starts Redis and waits until it has loaded what it starts from.
func (w *world) startRedis(ctx context.Context) error {
	if err := w.redis.start(); err != nil {
		return err
	}
	return await(context.WithoutCancel(ctx), 10*time.Second, func(ctx context.Context) error {
		return w.direct.Ping(ctx).Err()
	})
}

// startRedisFrom kills Redis and starts it from the dump after a while.
func (w *world) startRedisFrom(ctx context.Context, dump string, after time.Duration) error {
	w.redis.kill()
	if err := copyFile(dump, w.dump()); err != nil {
		return err
	}
	sleep(ctx, after)
	return w.startRedis(ctx)
}

// dumpsKept bounds the older dumps.
const dumpsKept = 8

// olderDump keeps a dump of now and returns one of those kept before; empty where there is
// none. Only the hand of processes calls it.
func (w *world) olderDump(ctx context.Context, draw uint64) (string, error) {
	if err := w.direct.Do(ctx, "SAVE").Err(); err != nil {
		return "", err
	}
	name := filepath.Join(w.dir, fmt.Sprintf("dump-%d.rdb", time.Now().UnixNano()))
	if err := copyFile(w.dump(), name); err != nil {
		return "", err
	}
	before := w.dumps
	w.dumps = append(w.dumps, name)
	w.dumps = w.dumps[max(0, len(w.dumps)-dumpsKept):]
	if len(before) == 0 {
		return "", nil
	}
	return before[draw%uint64(len(before))], nil
}

func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o600)
}

// withoutMemory takes the memory of Redis away for a while, under a policy.
func (w *world) withoutMemory(ctx context.Context, policy string, lasts time.Duration) error {
	set := func(ctx context.Context, memory, policy string) error {
		return errors.Join(
			w.direct.ConfigSet(ctx, "maxmemory-policy", policy).Err(), w.direct.ConfigSet(ctx, "maxmemory", memory).Err(),
		)
	}
	info, err := w.direct.Info(ctx, "memory").Result()
	if err != nil {
		return err
	}
	var used int
	for line := range strings.Lines(info) {
		_, _ = fmt.Sscanf(line, "used_memory:%d", &used) // other lines do not match
	}
	// A twentieth less than it uses: under allkeys-lru some keys go, not all.
	err = set(ctx, fmt.Sprint(used*19/20), policy)
	sleep(ctx, lasts)
	return errors.Join(err, set(context.WithoutCancel(ctx), "0", "noeviction"))
}

// mount puts a small disk at the directory. It needs the rights of root.
func (w *world) mount(dir string) error {
	if err := syscall.Mount("tizilim-faults", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0700", diskSize)); err != nil {
		return err
	}
	w.disk = dir
	w.atEnd(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return nil
}

// fill writes a file until the disk is full.
func fill(name string) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer file.Close()
	for size := 1 << 20; size > 0; {
		if _, err = file.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
	if !errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("fill the disk: %w", err)
	}
	return nil
}

// backUp backs the log up into a new directory, while the event store serves.
func (w *world) backUp(ctx context.Context) (string, error) {
	to := filepath.Join(w.dir, fmt.Sprintf("backup-%d", time.Now().UnixNano()))
	return to, w.tool(ctx, "eventstore", "backup", "--data", w.storeDir(), to)
}

// setLogBack kills the event store and starts it on the backup. As the operators do who know
// what is lost, it moves the heads away that the processes have seen of the log before.
func (w *world) setLogBack(ctx context.Context, backup string) error {
	w.lost, w.dumps = append(w.lost, w.dumps...), nil
	w.node.kill()
	if err := os.RemoveAll(w.storeDir()); err != nil {
		return err
	}
	if err := w.tool(ctx, "eventstore", "restore", "--data", w.storeDir(), backup); err != nil {
		return err
	}
	for _, a := range w.apis {
		if err := os.Remove(filepath.Join(a.data, "log.head")); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return w.node.start()
}

func (w *world) storeDir() string { return filepath.Join(w.dir, "node", "store") }

// tool runs a subcommand to its end.
func (w *world) tool(ctx context.Context, args ...string) error {
	out, err := exec.CommandContext(ctx, w.binary, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("tizilim %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}

// between is a proxy on one connection.
type between struct {
	proxy *toxiproxy.Proxy
}

// proxies counts the proxies, whose names differ.
var proxies atomic.Int64

func putBetween(upstream string) (*between, error) {
	listen, err := freeAddress()
	if err != nil {
		return nil, err
	}
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	p := toxiproxy.NewProxy(server, fmt.Sprint("between-", proxies.Add(1)), listen, upstream)
	return &between{p}, p.Start()
}

func storeOf(a *api) *between { return a.store }
func redisOf(a *api) *between { return a.redis }

// cut closes every connection and takes no new one.
func cut(of func(*api) *between) maker {
	return func(ctx context.Context, w *world, f fault) error {
		p := of(w.apis[f.target]).proxy
		p.Stop()
		sleep(ctx, f.lasts)
		return p.Start()
	}
}

// delay delays both directions, each by up to 150 ms.
func delay(of func(*api) *between) maker {
	return func(ctx context.Context, w *world, f fault) error {
		attributes := fmt.Sprintf(`{"latency":%d,"jitter":20}`, 20+f.draw%130)
		return of(w.apis[f.target]).during(ctx, "latency", attributes, f.lasts)
	}
}

// hold lets nothing through, and leaves the connections open.
func hold(of func(*api) *between) maker {
	return func(ctx context.Context, w *world, f fault) error {
		return of(w.apis[f.target]).during(ctx, "timeout", `{"timeout":0}`, f.lasts)
	}
}

// during puts a toxic into one or both directions for a while.
func (b *between) during(ctx context.Context, toxic, attributes string, lasts time.Duration) error {
	for _, direction := range []string{"upstream", "downstream"} {
		body := fmt.Sprintf(`{"name":%q,"type":%q,"stream":%q,"attributes":%s}`, direction, toxic, direction, attributes)
		if _, err := b.proxy.Toxics.AddToxicJson(strings.NewReader(body)); err != nil {
			return err
		}
	}
	sleep(ctx, lasts)
	var errs error
	for _, direction := range []string{"upstream", "downstream"} {
		errs = errors.Join(errs, b.proxy.Toxics.RemoveToxic(context.Background(), direction))
	}
	return errs
}

// standIn lets the stand-in cluster, which is made for tests, run in the rig.
type standIn struct {
	testing.TB
	ctx     context.Context
	cleanup []func()
}

func (t *standIn) Helper()                           {}
func (t *standIn) Logf(string, ...any)               {}
func (t *standIn) Context() context.Context          { return t.ctx }
func (t *standIn) Cleanup(f func())                  { t.cleanup = append(t.cleanup, f) }
func (t *standIn) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// Errorf tells what the cluster could not do. The end of a round cuts a change of leader short.
func (t *standIn) Errorf(string, ...any) {}

func (t *standIn) end() {
	for i := len(t.cleanup) - 1; i >= 0; i-- {
		t.cleanup[i]()
	}
}
