package eventstore

import (
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/uuid"

	"tizilim/eventstore/embedded"
)

// TestCopyLogRefusesAStreamWithoutItsBeginning appends an event of a stream whose first
// events a scavenge has removed.
func TestCopyLogRefusesAStreamWithoutItsBeginning(t *testing.T) {
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	node, err := embedded.Open(t.TempDir(), embedded.WithLogger(quiet))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = node.Close() })
	if err := node.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	to, err := Open(node.ConnectionString(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = to.Close() })
	e := RawEvent{Stream: "a", Revision: 5, Position: 77, ID: uuid.New(), Type: "N", JSON: true, Data: []byte("1")}
	_, _, err = to.AppendRaw(t.Context(), e.Stream, Expected(e.Revision)-1, []RawEvent{e})
	err = (&copier{to: to}).explain(t.Context(), e, err)
	if err == nil || !strings.Contains(err.Error(), "holds a from revision 5 on but not revision 0") {
		t.Errorf("error %v", err)
	}
}
