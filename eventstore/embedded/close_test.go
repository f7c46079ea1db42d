package embedded_test

import (
	"testing"

	"tizilim/eventstore/embedded"
)

// TestCloseReturnsNoErrorAtAnyMoment closes nodes that have just begun to serve. Either of their two servers may
// close the listener first.
func TestCloseReturnsNoErrorAtAnyMoment(t *testing.T) {
	for range 200 {
		node, err := embedded.Open("", embedded.InMemory())
		if err != nil {
			t.Fatal(err)
		}
		if err := node.Start("127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		if err := node.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
