package embedded

import (
	"strings"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func TestABatchCallBoundsItsUnfinishedBytes(t *testing.T) {
	for name, unfinished := range map[string]batchAppend{
		"of large events": {size: 1 << 20},
		"of many events":  {events: make([]proposed, 10_000)},
		"of nothing yet":  {},
		"of long names":   {stream: strings.Repeat("n", maxStreamName)},
	} {
		t.Run(name, func(t *testing.T) {
			b := &batchCall{unfinished: make(map[uuid.UUID]*batchAppend)}
			defer b.stopTimers()
			begin := func() (uuid.UUID, error) {
				id, a := uuid.New(), unfinished
				a.deadline = time.Now().Add(time.Hour)
				return id, b.suspend(id, &a)
			}
			var last uuid.UUID
			for range maxUnfinishedBytes / unfinished.memory() {
				id, err := begin()
				if err != nil {
					t.Fatal(err)
				}
				last = id
			}
			if _, err := begin(); status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "64 MiB") {
				t.Fatalf("%v, want the bound named", err)
			}
			if b.resume(last) == nil {
				t.Fatal("an unfinished append is gone")
			}
			if _, err := begin(); err != nil {
				t.Errorf("%v, want room after one was finished", err)
			}
		})
	}
}

func TestTheDeadlineOfABatchedAppendIsBounded(t *testing.T) {
	options := &streams.BatchAppendReq_Options{
		StreamIdentifier:       identifier("s"),
		ExpectedStreamPosition: &streams.BatchAppendReq_Options_Any{Any: &emptypb.Empty{}},
	}
	timeout := func() time.Duration {
		_, _, timeout, err := batchOptions(options)
		if err != nil {
			t.Fatal(err)
		}
		return timeout
	}
	if got := timeout(); got != 2*time.Second {
		t.Errorf("%v without a deadline, want 2 s", got)
	}
	for asked, want := range map[time.Duration]time.Duration{
		time.Second: time.Second, time.Hour: 2 * time.Second, -time.Hour: -time.Hour,
	} {
		options.DeadlineOption = &streams.BatchAppendReq_Options_Deadline{Deadline: durationpb.New(asked)}
		if got := timeout(); got != want {
			t.Errorf("%v where %v is asked for, want %v", got, asked, want)
		}
		options.DeadlineOption = &streams.BatchAppendReq_Options_Deadline_21_10_0{
			Deadline_21_10_0: timestamppb.New(time.Now().Add(asked)),
		}
		if got := timeout(); got > want || got < want-10*time.Second {
			t.Errorf("%v where a time in %v is asked for, want %v", got, asked, want)
		}
	}
}
