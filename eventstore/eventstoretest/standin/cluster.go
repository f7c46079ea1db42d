package standin

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"tizilim/eventstore/embedded"
)

const (
	size   = 3 // nodes
	quorum = 2
	nobody = -1 // instead of the index of a leader
	// tickPeriod is the time between two updates of the cluster.
	tickPeriod = 5 * time.Millisecond
	// maxMessage is the largest message between client, node and log, in bytes.
	maxMessage = 17 << 20
)

// Times are the durations of the cluster.
type Times struct {
	Election  time.Duration // until a new leader, after the old one died or resigned
	StepDown  time.Duration // until a leader without a quorum steps down
	Takeover  time.Duration // until a new leader, where the old one is out of reach; more than StepDown
	Staleness time.Duration // until a node notices that another one is lost
	Settling  time.Duration // at most, until a new leader has its quorum
	Commit    time.Duration // for which a write waits for a quorum
	Restart   time.Duration // until a node that has exited starts again
}

// DefaultTimes are the times of a real cluster divided by about 16: there, a leader steps down after 5 s,
// and the next one leads after 7 to 8 s.
var DefaultTimes = Times{
	Election:  150 * time.Millisecond,
	StepDown:  300 * time.Millisecond,
	Takeover:  450 * time.Millisecond,
	Staleness: 80 * time.Millisecond,
	Settling:  100 * time.Millisecond,
	Commit:    50 * time.Millisecond,
	Restart:   100 * time.Millisecond,
}

// Option changes one default of a cluster.
type Option func(*Cluster)

// WithTimes replaces DefaultTimes.
func WithTimes(times Times) Option { return func(c *Cluster) { c.times = times } }

// WithSeed sets the seed that chooses the next leaders, and which writes of unknown outcome are committed.
// By default it is random. It is logged.
func WithSeed(seed uint64) Option { return func(c *Cluster) { c.seed = seed } }

// Cluster is three nodes and the log that they share.
type Cluster struct {
	t     testing.TB
	times Times
	seed  uint64

	node     *embedded.Node // holds the log
	conn     *grpc.ClientConn
	log      streams.StreamsClient
	features serverfeatures.ServerFeaturesClient
	nodes    [size]*Node

	ctx    context.Context // of the cluster itself
	cancel context.CancelFunc
	work   sync.WaitGroup // its goroutines

	mu              sync.Mutex // guards the rest, and fields of every node
	changed         chan struct{}
	random          *rand.Rand
	leader          int       // leader of the majority, or the last one
	leaderlessSince time.Time // since when the majority has no leader; zero: it has one
	undecided       []*write  // writes taken by former leaders, which may be committed
	commits         []commit  // events of the log that were seen
	ids             identities
}

// commit is an event of the log and the time when it was seen.
type commit struct {
	position uint64
	at       time.Time
}

// Start returns a running cluster with a leader. It ends with the test.
func Start(t testing.TB, options ...Option) *Cluster {
	t.Helper()
	c := &Cluster{
		t: t, times: DefaultTimes, seed: rand.Uint64(),
		leader: nobody, changed: make(chan struct{}), ids: newIdentities(),
	}
	for _, option := range options {
		option(c)
	}
	if c.times.Takeover <= c.times.StepDown {
		t.Fatalf("stand-in cluster: the takeover (%v) must come after the step-down (%v)",
			c.times.Takeover, c.times.StepDown)
	}
	t.Logf("stand-in cluster: seed %d", c.seed)
	c.random = rand.New(rand.NewPCG(c.seed, 0))
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.openLog()
	for i := range c.nodes {
		c.nodes[i] = &Node{
			cluster: c, index: i, role: gossip.MemberInfo_Unknown, leader: nobody,
			known: make(map[place]uuid.UUID), calls: make(map[string]Calls),
		}
		if err := c.nodes[i].start("127.0.0.1:0"); err != nil {
			t.Fatalf("stand-in cluster: %v", err)
		}
	}
	t.Cleanup(c.close)
	c.work.Go(c.watch)
	c.work.Go(c.run)
	c.AwaitLeader(t.Context())
	return c
}

func (c *Cluster) openLog() {
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	node, err := embedded.Open("", embedded.InMemory(), embedded.WithLogger(quiet))
	if err != nil {
		c.t.Fatalf("stand-in cluster: %v", err)
	}
	if err := node.Start("127.0.0.1:0"); err != nil {
		c.t.Fatalf("stand-in cluster: %v", err)
	}
	conn, err := grpc.NewClient(node.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)))
	if err != nil {
		c.t.Fatalf("stand-in cluster: %v", err)
	}
	c.node, c.conn = node, conn
	c.log, c.features = streams.NewStreamsClient(conn), serverfeatures.NewServerFeaturesClient(conn)
}

func (c *Cluster) close() {
	c.cancel()
	c.work.Wait()
	for _, n := range c.nodes {
		n.stop()
	}
	if err := c.conn.Close(); err != nil {
		c.t.Errorf("stand-in cluster: %v", err)
	}
	if err := c.node.Close(); err != nil {
		c.t.Errorf("stand-in cluster: %v", err)
	}
}

// ConnectionString returns a connection string that names all three nodes.
func (c *Cluster) ConnectionString() string { return "esdb://" + c.addresses() + "?tls=false" }

// Discover returns a connection string that names all three nodes and asks for discovery.
func (c *Cluster) Discover() string { return "esdb+discover://" + c.addresses() + "?tls=false" }

// BackendConnectionString returns the connection string of the log itself. A test reads there what the
// cluster holds. An event that was appended again after a change of leader has another id there.
func (c *Cluster) BackendConnectionString() string { return c.node.ConnectionString() }

func (c *Cluster) addresses() string {
	var list []string
	for _, n := range c.nodes {
		list = append(list, n.address)
	}
	return strings.Join(list, ",")
}

// Node returns the node 0, 1 or 2.
func (c *Cluster) Node(i int) *Node { return c.nodes[i] }

// Leader returns the index of the leader of the majority; -1 if there is none.
func (c *Cluster) Leader() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.leading()
}

func (c *Cluster) leading() int {
	if c.leader == nobody || c.nodes[c.leader].role != gossip.MemberInfo_Leader || !c.nodes[c.leader].majority() {
		return nobody
	}
	return c.leader
}

// AwaitLeader waits for a leader that commits writes and returns its index. If the context ends first, the
// test fails and it returns -1.
func (c *Cluster) AwaitLeader(ctx context.Context) int {
	c.t.Helper()
	return c.AwaitOther(ctx, nobody)
}

// AwaitOther is AwaitLeader for a leader other than old.
func (c *Cluster) AwaitOther(ctx context.Context, old int) int {
	c.t.Helper()
	l := nobody
	err := c.await(ctx, func() bool {
		l = c.leading()
		return l != nobody && l != old && c.nodes[l].ready
	})
	if err != nil {
		c.t.Errorf("stand-in cluster: no new leader: %v", err)
		return nobody
	}
	return l
}

// AwaitWhole waits until all three nodes are up and two follow the third. If the context ends first, the
// test fails and it returns false.
func (c *Cluster) AwaitWhole(ctx context.Context) bool {
	c.t.Helper()
	err := c.await(ctx, func() bool {
		l := c.leading()
		if l == nobody || !c.nodes[l].ready {
			return false
		}
		for _, n := range c.nodes {
			if !n.on() || n.leader != l {
				return false
			}
		}
		return true
	})
	if err != nil {
		c.t.Errorf("stand-in cluster: it is not whole: %v", err)
	}
	return err == nil
}

// await returns when the condition is true. It calls the condition with the lock held.
func (c *Cluster) await(ctx context.Context, condition func() bool) error {
	for {
		c.mu.Lock()
		if condition() {
			c.mu.Unlock()
			return nil
		}
		changed := c.changed
		c.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// watch notes the events of the log, which the nodes copy from then on.
func (c *Cluster) watch() {
	call, err := c.log.Read(c.ctx, readAll(&streams.ReadReq_Options_Subscription{}))
	for err == nil {
		var m *streams.ReadResp
		if m, err = call.Recv(); err == nil && m.GetEvent() != nil {
			c.mu.Lock()
			c.commits = append(c.commits, commit{m.GetEvent().GetCommitPosition(), time.Now()})
			c.mu.Unlock()
		}
	}
	if c.ctx.Err() == nil {
		c.t.Errorf("stand-in cluster: its log ended: %v", err)
	}
}

// head returns the position of the last event of the log.
func (c *Cluster) head() uint64 {
	request := readAll(&streams.ReadReq_Options_Count{Count: 1})
	request.Options.ReadDirection = streams.ReadReq_Options_Backwards
	request.Options.GetAll().AllOption = &streams.ReadReq_Options_AllOptions_End{End: &shared.Empty{}}
	call, err := c.log.Read(c.ctx, request)
	if err == nil {
		var m *streams.ReadResp
		if m, err = call.Recv(); err == nil {
			return m.GetEvent().GetCommitPosition()
		}
	}
	if err != io.EOF {
		c.t.Errorf("stand-in cluster: head of the log: %v", err)
	}
	return 0
}

// readAll returns a request for $all from its start with the count option.
func readAll(count any) *streams.ReadReq {
	options := &streams.ReadReq_Options{
		StreamOption: &streams.ReadReq_Options_All{All: &streams.ReadReq_Options_AllOptions{
			AllOption: &streams.ReadReq_Options_AllOptions_Start{Start: &shared.Empty{}},
		}},
		FilterOption: &streams.ReadReq_Options_NoFilter{NoFilter: &shared.Empty{}},
		UuidOption: &streams.ReadReq_Options_UUIDOption{
			Content: &streams.ReadReq_Options_UUIDOption_Structured{Structured: &shared.Empty{}},
		},
	}
	switch count := count.(type) {
	case *streams.ReadReq_Options_Count:
		options.CountOption = count
	case *streams.ReadReq_Options_Subscription:
		count.Subscription = &streams.ReadReq_Options_SubscriptionOptions{}
		options.CountOption = count
	default:
		panic(fmt.Sprintf("%T is not a count option", count))
	}
	return &streams.ReadReq{Options: options}
}
