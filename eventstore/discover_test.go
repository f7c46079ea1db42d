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

// Nodes come and go under other addresses. Those that are gone would be asked for
// ever, and waited for while nobody leads.
func TestMembersThatLeftAreForgotten(t *testing.T) {
	s := openTo(t, "esdb://seed:2113,other:2113")
	for _, name := range []string{"a", "b", "c"} {
		if leader, ok := s.note([]*gossip.MemberInfo{leadingMember(name)}, endpoint{}); !ok || leader.name != name {
			t.Fatalf("%v is named as the leader", leader)
		}
	}
	nodes, err := s.candidates(t.Context())
	if err != nil || len(nodes) != 3 {
		t.Errorf("%v are asked (%v), want both seeds and c", nodes, err)
	}
}

// A node that is named late, by a session that has ended, need not lead any more
// when the session after the next one begins.
func TestALeaderThatIsNamedLateIsNotTried(t *testing.T) {
	s := openTo(t, "esdb://seed:2113")
	on := &session{to: endpoint{name: "seed", port: 2113}}
	on.ctx, on.end = context.WithCancel(t.Context())
	named := endpoint{name: "late", port: 2113}
	s.hint(on, named)
	if to, _ := s.destination(t.Context()); to != named {
		t.Errorf("%v is tried, want the one that was named", to)
	}
	s.retire(on)
	s.hint(on, named)
	if to, _ := s.destination(t.Context()); to == named {
		t.Error("what was named late is tried")
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
