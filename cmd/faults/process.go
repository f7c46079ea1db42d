package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// process is a program that is killed, frozen and started again. It is safe for concurrent
// use.
type process struct {
	name   string
	args   []string // with the program
	env    []string
	output string // file of what it prints, over all its starts

	mu      sync.Mutex // guards the rest
	cmd     *exec.Cmd
	ended   chan struct{} // closed when cmd has ended
	leaving bool          // its end is meant
	deaths  int           // ends that were not meant, and not told yet
	scanned int64         // of output, for panics
}

func newProcess(dir, name string, env []string, args ...string) *process {
	return &process{name: name, args: args, env: append(os.Environ(), env...), output: filepath.Join(dir, name+".log")}
}

// start starts the program where it does not run.
func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running() {
		return nil
	}
	file, err := os.OpenFile(p.output, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	cmd := exec.Command(p.args[0], p.args[1:]...)
	cmd.Env, cmd.Stdout, cmd.Stderr = p.env, file, file
	// It must not outlive the rig, which may be killed.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	ended := make(chan struct{})
	p.cmd, p.ended, p.leaving = cmd, ended, false
	go func() {
		_ = cmd.Wait() // how it ended does not matter, only whether this was meant
		p.mu.Lock()
		defer p.mu.Unlock()
		if !p.leaving {
			p.deaths++
		}
		close(ended)
	}()
	return nil
}

// running reports whether the program runs; p.mu is held.
func (p *process) running() bool {
	if p.ended == nil {
		return false
	}
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// kill ends the program at once and waits for its end.
func (p *process) kill() { p.end(syscall.SIGKILL, 0) }

// stop asks the program to end. It reports whether it did within the time; otherwise it is
// killed.
func (p *process) stop(patience time.Duration) (obeyed bool) { return p.end(syscall.SIGTERM, patience) }

func (p *process) end(with syscall.Signal, patience time.Duration) (obeyed bool) {
	p.mu.Lock()
	if !p.running() {
		p.mu.Unlock()
		return true
	}
	p.leaving = true
	cmd, ended := p.cmd, p.ended
	p.mu.Unlock()
	_ = cmd.Process.Signal(with) // fails only where it has ended
	if with != syscall.SIGKILL {
		select {
		case <-ended:
			return true
		case <-time.After(patience):
			_ = cmd.Process.Kill()
		}
	}
	<-ended
	return with == syscall.SIGKILL
}

// freeze stops the program as a machine that hangs: its connections stay open.
func (p *process) freeze() { p.signal(syscall.SIGSTOP) }

func (p *process) thaw() { p.signal(syscall.SIGCONT) }

func (p *process) signal(s syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running() {
		_ = p.cmd.Process.Signal(s) // fails only where it has just ended
	}
}

// dump lets a Go program print its goroutines, which ends it.
func (p *process) dump() {
	p.mu.Lock()
	p.leaving = true
	ended := p.ended
	p.mu.Unlock()
	p.signal(syscall.SIGQUIT)
	<-ended
}

// diedAlone returns how often the program ended without being told to, since the last call.
func (p *process) diedAlone() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n, p.deaths = p.deaths, 0
	return n
}

// panics returns the first line of each panic that the program printed since the last call.
func (p *process) panics() (lines []string, err error) {
	text, err := os.ReadFile(p.output)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	fresh := text[min(p.scanned, int64(len(text))):]
	p.scanned = int64(len(text))
	p.mu.Unlock()
	for line := range bytes.Lines(fresh) {
		if bytes.HasPrefix(line, []byte("panic:")) || bytes.HasPrefix(line, []byte("fatal error:")) ||
			bytes.Contains(line, []byte("request panicked")) {
			lines = append(lines, string(bytes.TrimSpace(line)))
		}
	}
	return lines, nil
}

// addresses are those that this run has taken.
var addresses sync.Map

// freeAddress returns an address for a server that is started at it again and again. Its
// port is below those that the system gives to clients.
func freeAddress() (string, error) {
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000))
		if _, taken := addresses.LoadOrStore(address, true); taken {
			continue
		}
		listener, err := net.Listen("tcp", address)
		if err == nil {
			return address, listener.Close()
		}
	}
	return "", errors.New("no port is free")
}

// await calls try until it returns nil. Where the time is over before, it returns why the last
// try failed that was not cut short.
func await(ctx context.Context, patience time.Duration, try func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var last error
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil || last == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return last
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// lastLine is the last line that the program printed.
func (p *process) lastLine() string {
	text, err := os.ReadFile(p.output)
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	return string(lines[len(lines)-1])
}
