package eventstore

import (
	"context"
	"io"
	"log/slog"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
)

func leadingMember(name string) *gossip.MemberInfo {
	return &gossip.MemberInfo{
		State: gossip.MemberInfo_Leader, IsAlive: true, HttpEndPoint: &gossip.EndPoint{Address: name, Port: 2113},
	}
}

// The addresses of nodes change. Old addresses would be asked for ever, and slow down
// discovery while no node leads.
func TestMembersThatLeftAreForgotten(t *testing.T) {
	s := openTo(t, "esdb://seed:2113,other:2113")
	for _, name := range []string{"a", "b", "c"} {
		if leader, ok := s.leaderAmong([]*gossip.MemberInfo{leadingMember(name)}, endpoint{}); !ok || leader.name != name {
			t.Fatalf("%v is named as the leader", leader)
		}
	}
	nodes, err := s.candidates(t.Context())
	if err != nil || len(nodes) != 3 {
		t.Errorf("candidates %v (%v), want both seeds and c", nodes, err)
	}
}

// The name of a leader from a retired session is old when it would be used.
func TestALeaderNamedByARetiredSessionIsIgnored(t *testing.T) {
	s := openTo(t, "esdb://seed:2113")
	on := &session{to: endpoint{name: "seed", port: 2113}}
	on.ctx, on.end = context.WithCancel(t.Context())
	named := endpoint{name: "late", port: 2113}
	s.leaderNamed(on, named)
	if to, _ := s.destination(t.Context()); to != named {
		t.Errorf("%v is tried, want the named one", to)
	}
	s.retire(on)
	s.leaderNamed(on, named)
	if to, _ := s.destination(t.Context()); to == named {
		t.Error("a leader named by a retired session is tried")
	}
}

func openTo(t *testing.T, address string) *Store {
	t.Helper()
	s, err := Open(address, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}
