package eventstore

import (
	"context"
	"io"
	"log/slog"
	"testing"
)

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
