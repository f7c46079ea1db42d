package embedded_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
	"go.uber.org/goleak"

	"tizilim/eventstore/embedded"
	"tizilim/eventstore/eventstoretest"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDirectory); dir != "" {
		if err := serveUntilKilled(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	var left []goleak.Option
	for _, function := range embedded.AbandonedEngines {
		left = append(left, goleak.IgnoreAnyFunction(function))
	}
	goleak.VerifyTestMain(m, left...)
}

// start serves a node for the test.
func start(t testing.TB, dir string, options ...embedded.Option) *embedded.Node {
	t.Helper()
	node, err := embedded.Open(dir, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := node.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if err := node.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	return node
}

func TestContract(t *testing.T) {
	eventstoretest.Run(t, eventstoretest.Server(t, func(t testing.TB) string {
		return start(t, t.TempDir()).ConnectionString()
	}))
}

func TestContractInMemory(t *testing.T) {
	eventstoretest.Run(t, start(t, "", embedded.InMemory()).ConnectionString())
}

func TestContractOnASocket(t *testing.T) {
	dir, err := os.MkdirTemp("", "node-") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	node, err := embedded.Open("", embedded.InMemory())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = node.Close() })
	listener, err := net.Listen("unix", filepath.Join(dir, "node.sock"))
	if err != nil {
		t.Fatal(err)
	}
	if err := node.StartOn(listener); err != nil {
		t.Fatal(err)
	}
	eventstoretest.Run(t, node.ConnectionString())
}

// TestTheLimitOfAnAppendIsThatOf2410 checks the limit to the byte. The contract cannot check it, since 23.10
// counts only the data.
func TestTheLimitOfAnAppendIsThatOf2410(t *testing.T) {
	client := eventstoretest.Connect(t, start(t, "", embedded.InMemory()).ConnectionString())
	const kind, metadata = "Large", `{"by":"test"}`
	appendOf := func(size int) error {
		anyRevision := esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}
		_, err := client.AppendToStream(t.Context(), "s", anyRevision, esdb.EventData{
			EventID: uuid.New(), EventType: kind, ContentType: esdb.ContentTypeBinary, Metadata: []byte(metadata),
			Data: bytes.Repeat([]byte{7}, size-2*len(kind)-len(metadata)),
		})
		return err
	}
	if err := appendOf(1 << 20); err != nil {
		t.Errorf("1 MiB: %v", err)
	}
	if err := appendOf(1<<20 + 1); err == nil || !strings.Contains(err.Error(), "Maximum Append Size") {
		t.Errorf("a byte more: %v", err)
	}
}
