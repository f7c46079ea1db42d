package embedded

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
)

// callStub is a Read call that keeps what it is sent, and fails from so many
// messages on.
type callStub struct {
	streams.Streams_ReadServer
	sent      []string
	failsFrom int
}

var errSend = errors.New("the client has gone")

func (c *callStub) Context() context.Context { return context.Background() }

func (c *callStub) SendMsg(m any) error {
	if len(c.sent) == c.failsFrom {
		return errSend
	}
	c.sent = append(c.sent, string(m.(encoded)))
	return nil
}

// delivered delivers pages of two messages each, as many as asked for, then
// ends as told. It reports how many pages were read.
func delivered(call *callStub, pages int, end func() error) (read int, err error) {
	r := &reader{call: call}
	err = r.deliver(func(p *page) (more bool, err error) {
		read++
		for part := range 2 {
			p.answers = fmt.Appendf(p.answers, "%d.%d", read, part)
			p.ends = append(p.ends, len(p.answers))
		}
		if read < pages {
			return true, nil
		}
		return false, end()
	})
	return read, err
}

func TestPagesAreSentInOrder(t *testing.T) {
	fine := func() error { return nil }
	for pages, want := range map[int]string{1: "1.0 1.1", 2: "1.0 1.1 2.0 2.1", 4: "1.0 1.1 2.0 2.1 3.0 3.1 4.0 4.1"} {
		call := &callStub{failsFrom: -1}
		if _, err := delivered(call, pages, fine); err != nil || strings.Join(call.sent, " ") != want {
			t.Errorf("%d pages: %v, %v, want %s", pages, call.sent, err, want)
		}
	}
}

func TestWhatWasReadBeforeAFailureIsSent(t *testing.T) {
	failed := errors.New("the disk")
	call := &callStub{failsFrom: -1}
	_, err := delivered(call, 3, func() error { return failed })
	if !errors.Is(err, failed) || strings.Join(call.sent, " ") != "1.0 1.1 2.0 2.1" {
		t.Errorf("%v, %v, want two pages and the failure", call.sent, err)
	}
}

// TestNoMoreIsReadThanOnePageAhead also fails if the reading goes on after the
// call: the number of pages would change.
func TestNoMoreIsReadThanOnePageAhead(t *testing.T) {
	for _, failsFrom := range []int{0, 1, 3} {
		call := &callStub{failsFrom: failsFrom}
		read, err := delivered(call, 1000, func() error { return nil })
		sending := failsFrom/2 + 1
		if !errors.Is(err, errSend) || read > sending+1 {
			t.Errorf("%d pages were read while page %d was sent, %v", read, sending, err)
		}
	}
}

// TestTheReadingEndsBeforeTheCall lets a page be read still when the client has
// gone: the node waits for its calls before it closes what they read from.
func TestTheReadingEndsBeforeTheCall(t *testing.T) {
	gone, read, ended := make(chan struct{}), 0, false
	r := &reader{call: &leavingCall{gone: gone}}
	err := r.deliver(func(p *page) (more bool, err error) {
		if read++; read > 1 {
			<-gone
			for range 1000 {
				runtime.Gosched()
			}
			ended = true
		}
		p.ends = append(p.ends, 0)
		return true, nil
	})
	if !errors.Is(err, errSend) || !ended {
		t.Errorf("%v, reading ended: %t, want the failed send, after the reading", err, ended)
	}
}

// leavingCall fails at its first message and says so.
type leavingCall struct {
	callStub
	gone chan struct{}
}

func (c *leavingCall) SendMsg(any) error {
	close(c.gone)
	return errSend
}

func TestAPanicOfTheReadingIsTheCalls(t *testing.T) {
	defer func() {
		if p := fmt.Sprint(recover()); !strings.Contains(p, "a bug") || !strings.Contains(p, "read_test.go") {
			t.Errorf("the call panics with %s, want the bug and where it is", p)
		}
	}()
	_, err := delivered(&callStub{failsFrom: -1}, 3, func() error { panic("a bug") })
	t.Errorf("no panic, %v", err)
}
