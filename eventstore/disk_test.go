package eventstore_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"tizilim/domain"
	"tizilim/eventstore"
	"tizilim/eventstore/embedded"
)

// TestAFullDiskIsToldUntilThereIsRoom: the first append is refused with a code of its own, and readiness says why
// for as long as the disk is full, although nobody appends: also a process that has never appended, as soon as it
// has read anything.
func TestAFullDiskIsToldUntilThereIsRoom(t *testing.T) {
	disk := vfs.NewMem()
	free := func(bytes uint64) { disk.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: bytes, TotalBytes: 1 << 40}) }
	free(1 << 40)
	node, err := embedded.Open("data", embedded.WithFileSystem(disk), embedded.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	if err := node.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	s := openStore(t, node.ConnectionString())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	list := newList()
	if err := appendUntilAcknowledged(ctx, s, list, 0); err != nil {
		t.Fatal(err)
	}

	free(1 << 20)
	began := time.Now()
	_, err = s.Append(ctx, list.Stream(), 0, []eventstore.NewEvent{opening(list, "1")})
	if domain.CodeOf(err) != domain.CodeDiskFull {
		t.Fatalf("%v, want the code %s", err, domain.CodeDiskFull)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("the refusal took %v", took)
	}
	for time.Since(began) < 5*time.Second {
		var why *eventstore.ConnectError
		if !errors.As(s.AppendFailure(), &why) || why.Reason != eventstore.DiskFull {
			t.Fatalf("after %v readiness says %v, want %s", time.Since(began), s.AppendFailure(), eventstore.DiskFull)
		}
		if _, err := s.Head(ctx); err != nil {
			t.Fatalf("the head is not read: %v", err)
		}
		time.Sleep(50 * time.Millisecond)
	}

	another := openStore(t, node.ConnectionString())
	if _, err := another.Head(ctx); err != nil {
		t.Fatal(err)
	}
	var why *eventstore.ConnectError
	if !errors.As(another.AppendFailure(), &why) || why.Reason != eventstore.DiskFull {
		t.Errorf("a process that has only read says %v, want %s", another.AppendFailure(), eventstore.DiskFull)
	}

	free(1 << 40)
	for s.AppendFailure() != nil || another.AppendFailure() != nil {
		if ctx.Err() != nil {
			t.Fatal("readiness does not see that there is room")
		}
		time.Sleep(10 * time.Millisecond)
	}
	if _, err := s.Append(ctx, list.Stream(), 0, []eventstore.NewEvent{opening(list, "1")}); err != nil {
		t.Errorf("an append with room: %v", err)
	}

	free(1 << 20) // while both are connected, and neither appends
	for s.AppendFailure() == nil || another.AppendFailure() == nil {
		if ctx.Err() != nil {
			t.Fatal("readiness does not see that the disk is full again")
		}
		time.Sleep(10 * time.Millisecond)
	}

	free(1 << 40)
	if _, err := s.Append(ctx, list.Stream(), 1, []eventstore.NewEvent{opening(list, "2")}); err != nil || s.AppendFailure() != nil {
		t.Errorf("an append with room: %v, and readiness says %v", err, s.AppendFailure())
	}
	free(1 << 20)
	if _, err := s.Append(ctx, list.Stream(), 2, []eventstore.NewEvent{opening(list, "3")}); domain.CodeOf(err) != domain.CodeDiskFull ||
		s.AppendFailure() == nil {
		t.Errorf("an append without room: %v, and readiness says %v", err, s.AppendFailure())
	}
	free(1 << 40)
	for began := time.Now(); s.AppendFailure() != nil; time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > 3*time.Second {
			t.Fatalf("readiness says %v although there is room", s.AppendFailure())
		}
	}
}
