//go:build race

package command

import (
	"fmt"
	"testing"
)

// TestAWrongOrderOfLocksPanics: first the lock that a goroutine has, then the one
// that it takes.
func TestAWrongOrderOfLocksPanics(t *testing.T) {
	for _, c := range []struct {
		held   []string
		taken  string
		panics bool
	}{
		{nil, "queue-1", false},
		{[]string{"case-1"}, "otp-1", false},
		{[]string{"case-1"}, "queue-1", true},
		{[]string{"case-1"}, "case-1", true},
		{[]string{"otp-1"}, "case-1", true},
		{[]string{"otp-1"}, "otp-2", true},
		{[]string{"case-1", "otp-1"}, "otp-2", true},
	} {
		t.Run(fmt.Sprint(c.held, " then ", c.taken), func(t *testing.T) {
			var o lockOrder
			for _, stream := range c.held {
				o.taking(stream)
			}
			defer func() {
				if r := recover(); (r != nil) != c.panics {
					t.Errorf("panic: %v", r)
				}
			}()
			o.taking(c.taken)
			o.gave(c.taken)
			done := make(chan struct{})
			go func() { // another goroutine is not concerned
				defer close(done)
				o.taking("queue-1")
				o.gave("queue-1")
			}()
			<-done
		})
	}
}
