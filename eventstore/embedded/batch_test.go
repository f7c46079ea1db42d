package embedded

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestABatchCallBoundsTheBytesItLeavesUnfinished(t *testing.T) {
	for name, unfinished := range map[string]batchAppend{
		"of large events": {size: 1 << 20},
		"of many events":  {events: make([]proposed, 10_000)},
		"of nothing yet":  {},
		"of long names":   {stream: strings.Repeat("n", maxStreamName)},
	} {
		t.Run(name, func(t *testing.T) {
			b := &batchCall{unfinished: make(map[uuid.UUID]*batchAppend)}
			defer b.forget()
			begin := func() (uuid.UUID, error) {
				id, a := uuid.New(), unfinished
				a.deadline = time.Now().Add(time.Hour)
				return id, b.suspend(id, &a)
			}
			var last uuid.UUID
			for range maxUnfinishedBytes / unfinished.held() {
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
