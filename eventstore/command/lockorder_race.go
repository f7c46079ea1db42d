//go:build race

package command

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// lockOrder checks the order of locks: the lock of a stream of one-time passwords
// may be taken under the lock of another stream, and no other lock of a stream
// under one. The zero value is ready.
type lockOrder struct {
	mu   sync.Mutex
	held map[string][]string // streams, by the goroutine that has their locks
}

// taking is called before a goroutine waits for the lock of a stream. It panics
// where the goroutine has a lock that must not be held then.
func (o *lockOrder) taking(stream string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	me := goroutine()
	held := o.held[me]
	if len(held) > 1 || len(held) == 1 && (!strings.HasPrefix(stream, "otp-") || strings.HasPrefix(held[0], "otp-")) {
		panic(fmt.Sprintf("command: the lock of %s is taken while %v is locked", stream, held))
	}
	if o.held == nil {
		o.held = map[string][]string{}
	}
	o.held[me] = append(held, stream)
}

// gave is called when the goroutine has given the lock back, or has not got it.
func (o *lockOrder) gave(stream string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	me := goroutine()
	held := o.held[me]
	i := slices.Index(held, stream)
	if i < 0 {
		panic("command: the lock of " + stream + " was taken by another goroutine")
	}
	if o.held[me] = slices.Delete(held, i, i+1); len(o.held[me]) == 0 {
		delete(o.held, me)
	}
}

// goroutine is the number of the goroutine that runs, as its stack trace tells it.
func goroutine() string {
	trace := make([]byte, 64)
	trace = trace[:runtime.Stack(trace, false)]
	number, _, _ := bytes.Cut(bytes.TrimPrefix(trace, []byte("goroutine ")), []byte(" "))
	return string(number)
}
