package eventstore_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/eventstore"
	"tizilim/eventstore/embedded"
)

// socketDir is a directory whose path is short enough for a socket in it. Its name needs
// URL encoding.
func socketDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "a %20b#?-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// startOnSocket serves the store of the directory on the socket.
func startOnSocket(t *testing.T, dir, socket string) *embedded.Node {
	t.Helper()
	node, err := embedded.Open(dir, embedded.WithLogger(quiet))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = node.Close() })
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	if err := node.StartOn(listener); err != nil {
		t.Fatal(err)
	}
	return node
}

func TestAStoreOnASocketAppendsReadsAndFollowsAcrossARestart(t *testing.T) {
	dir, socket := t.TempDir(), filepath.Join(socketDir(t), "eventstore.sock")
	node := startOnSocket(t, dir, socket)
	s := openStore(t, node.ConnectionString())
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	list := newList()
	first, err := s.Append(ctx, list.Stream(), eventstore.NoStream, []eventstore.NewEvent{opening(list, "first")})
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Close(); err != nil {
		t.Fatal(err)
	}
	impatient, done := context.WithTimeout(ctx, 200*time.Millisecond)
	defer done()
	if _, err := s.Head(impatient); !isConnectError(err, eventstore.Refused) {
		t.Errorf("without a server: %v", err)
	}
	startOnSocket(t, dir, socket)
	second, err := s.Append(ctx, list.Stream(), 0, []eventstore.NewEvent{opening(list, "second")})
	if err != nil {
		t.Fatal(err)
	}
	var positions []domain.Position
	for d := range s.Follow(ctx, 0) {
		if d.Recorded != nil {
			positions = append(positions, d.Recorded.Position)
		}
		if len(positions) == 2 {
			cancel() // ends the deliveries
		}
	}
	if len(positions) != 2 || positions[0] != first || positions[1] != second {
		t.Errorf("followed %v, appended %d and %d", positions, first, second)
	}
}

func isConnectError(err error, reason eventstore.Reason) bool {
	var why *eventstore.ConnectError
	return errors.As(err, &why) && why.Reason == reason
}

func TestAnAddressOfASocketIsItsAbsolutePathAlone(t *testing.T) {
	for _, address := range []string{
		"esdb+unix://", "esdb+unix:///", "esdb+unix://relative/path", "esdb+unix://user:pw@/path",
		"esdb+unix:///path?tls=true", "esdb+unix:///path#part", "esdb+unix:///%zz",
	} {
		s, err := eventstore.Open(address, quiet)
		if err == nil {
			t.Errorf("%s is taken for the address of a socket", address)
			_ = s.Close()
		}
	}
}
