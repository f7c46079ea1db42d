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

// callStub is a Read call that keeps the messages that it gets. It fails after a number of them.
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

// delivered sends a number of pages with two messages each, then ends with the error. It returns how many pages
// were read.
func delivered(call *callStub, pages int, end func() error) (read int, err error) {
	r := &reader{call: call}
	err = r.sendPages(func(p *page) (more bool, err error) {
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

func TestPagesReadBeforeAFailureAreSent(t *testing.T) {
	failed := errors.New("the disk")
	call := &callStub{failsFrom: -1}
	_, err := delivered(call, 3, func() error { return failed })
	if !errors.Is(err, failed) || strings.Join(call.sent, " ") != "1.0 1.1 2.0 2.1" {
		t.Errorf("%v, %v, want two pages and the failure", call.sent, err)
	}
}

// TestOnlyOnePageIsReadAhead also fails if reading goes on after the call, since the number of pages would change.
func TestOnlyOnePageIsReadAhead(t *testing.T) {
	for _, failsFrom := range []int{0, 1, 3} {
		call := &callStub{failsFrom: failsFrom}
		read, err := delivered(call, 1000, func() error { return nil })
		sending := failsFrom/2 + 1
		if !errors.Is(err, errSend) || read > sending+1 {
			t.Errorf("%d pages were read while page %d was sent, %v", read, sending, err)
		}
	}
}

// TestTheReadingEndsBeforeTheCall reads a page while the client disconnects. The node waits for its calls before it
// closes the store that they read.
func TestTheReadingEndsBeforeTheCall(t *testing.T) {
	gone, read, ended := make(chan struct{}), 0, false
	r := &reader{call: &leavingCall{gone: gone}}
	err := r.sendPages(func(p *page) (more bool, err error) {
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

func TestAPanicDuringReadingIsThatOfTheCall(t *testing.T) {
	defer func() {
		if p := fmt.Sprint(recover()); !strings.Contains(p, "a bug") || !strings.Contains(p, "read_test.go") {
			t.Errorf("the call panics with %s, want the bug and where it is", p)
		}
	}()
	_, err := delivered(&callStub{failsFrom: -1}, 3, func() error { panic("a bug") })
	t.Errorf("no panic, %v", err)
}
