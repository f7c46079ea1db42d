package projections

import (
	"testing"

	"github.com/redis/go-redis/v9"
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
	if c, ok := cluster.(*redis.ClusterClient); !ok || len(c.Options().Addrs) != 2 || c.Options().TLSConfig == nil || !c.Options().ContextTimeoutEnabled {
		t.Errorf("cluster: %T", cluster)
	}
	for _, address := range []string{"localhost:6379", "http://localhost", "redis://%zz", "redis://h?addr=x&oops=1"} {
		if client, err := Connect(address); err == nil {
			client.Close()
			t.Errorf("%q is taken for an address of Redis", address)
		}
	}
}
