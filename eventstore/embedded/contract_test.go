package embedded_test

import (
	"fmt"
	"os"
	"testing"

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
	goleak.VerifyTestMain(m)
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
