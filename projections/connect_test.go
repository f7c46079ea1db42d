package projections

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
)

func TestConnectTakesOneNodeOrACluster(t *testing.T) {
	one, err := Connect("redis://127.0.0.1:6379/2")
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	if c, ok := one.(*redis.Client); !ok || c.Options().DB != 2 || !c.Options().ContextTimeoutEnabled {
		t.Errorf("one node: %T", one)
	}
	cluster, err := Connect("rediss://127.0.0.1:7000?addr=127.0.0.1:7001")
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	if c, ok := cluster.(*redis.ClusterClient); !ok || len(c.Options().Addrs) != 2 || c.Options().TLSConfig == nil ||
		!c.Options().ContextTimeoutEnabled {
		t.Errorf("cluster: %T", cluster)
	}
	for _, address := range []string{"localhost:6379", "http://localhost", "redis://%zz", "redis://h?addr=x&oops=1"} {
		if client, err := Connect(address); err == nil {
			client.Close()
			t.Errorf("%q is taken for an address of Redis", address)
		}
	}
}

func TestTheRedisInTheProcessIsOnASocketWhereItIsGivenOne(t *testing.T) {
	dir, err := os.MkdirTemp("", "a %20b#?-") // short enough for a socket, and to be encoded in a URL
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "redis.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	e, err := StartEmbeddedOn(listener)
	if err != nil {
		t.Fatal(err)
	}
	r := projected(t, e.Client(), story())
	other, err := Connect(e.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if keys := contents(t, other, quick(), 1); len(keys) == 0 {
		t.Error("another client of the socket sees no model")
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	_, err = r.Position(context.Background())
	refuses(t, err, domain.Unavailable, domain.CodeModelNotReady)
	if _, err := os.Lstat(socket); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket is left behind: %v", err)
	}
}

func TestClusterTakesARegistryInOneSlot(t *testing.T) {
	ctx, client, s := context.Background(), startCluster(t), story()
	r := projected(t, client, s)
	for name, err := range everyRead(r) {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	p, err := NewProjector(client, s, quick())
	if err != nil {
		t.Fatal(err)
	}
	for range 3 { // the third frees the first
		if err := p.Rebuild(ctx, nil); err != nil {
			t.Fatal(err)
		}
	}
	if left := contents(t, client, quick(), 1); len(left) != 0 {
		t.Errorf("%d keys of the first generation are left", len(left))
	}
	report, err := Verify(ctx, client, s, quick(), nil)
	if err != nil || !report.Proven() || report.Keys < 20 {
		t.Errorf("verify: %+v, %v", report, err)
	}
	c := NewClaims(client, quick())
	if err := c.Claim(ctx, domain.CommandID{UUID: id(1)}, "a"); err != nil {
		t.Error(err)
	}
	rec := s.person(90)
	if err := r.Await(ctx, rec.Position); err != nil {
		t.Error(err)
	}
}
