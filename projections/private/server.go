// Package private runs a redis-server that belongs to one registry on one machine. It
// listens on a Unix socket alone, never on a port, reads no configuration of the machine,
// and keeps its dump in a directory of its own. It ends with the process that started it,
// on Linux also where that process is killed.
//
// The dump is a cache of the log. The checkpoint of the read model is a part of it, so a
// dump of any age is consistent, and the projector applies what came after it. What cannot
// be loaded is thrown away and filled from the log. So the server saves now and then (see
// saves) and syncs nothing: a kill loses some seconds of the model, and none of the log. An
// append-only file would lose less, but it is several times longer to load, and it has no
// checksum.
package private

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	// startPatience is how long a start waits for the first words of the server. It then
	// begins to load its dump.
	startPatience = 5 * time.Second
	// endPatience is how long the server may take to save itself at its end.
	endPatience = 30 * time.Second
	// orphanPatience is how long a server that was left behind may take to end.
	orphanPatience = 5 * time.Second
	// longestPause is between two starts of a server that ends again and again.
	longestPause = 5 * time.Second

	dumpFile = "dump.rdb"
)

// saves are seconds and changes: the server saves itself after that time if it had as many
// changes. An event makes about ten changes, so what a kill loses is filled again within
// some seconds.
var saves = [][2]string{{"300", "1"}, {"30", "50000"}}

// Config of a [Server].
type Config struct {
	Binary string       // see [Find]
	Dir    string       // absolute; holds the dump, and nothing else. It is made for its owner alone
	Socket string       // path; its directory exists, and only the owner can enter it
	Loaded func()       // called each time that the server has loaded its dump and answers; may be nil
	Logger *slog.Logger // for what an operator should know
}

// Server is a running redis-server, which is started again where it ends.
type Server struct {
	config Config
	stop   chan struct{}
	done   chan struct{} // closed once the server has ended for good

	mu      sync.Mutex
	current *child // guarded by mu
}

// Start starts the server. The caller holds a lock by which it knows that no other process
// does the same on this directory: a server that answers on the socket was left behind by
// a process that was killed, and is ended first. Start does not wait until the dump is
// loaded; Redis refuses commands until then.
func Start(c Config) (*Server, error) {
	s := &Server{config: c, stop: make(chan struct{}), done: make(chan struct{})}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("start a private redis-server: %w", err)
	}
	if err := endOrphan(c.Socket); err != nil {
		return nil, fmt.Errorf("start a private redis-server: %w", err)
	}
	first, err := s.launch()
	if err != nil {
		return nil, fmt.Errorf("start a private redis-server: %w", err)
	}
	timeout := time.NewTimer(startPatience)
	defer timeout.Stop()
	select {
	case <-first.begun:
	case <-timeout.C:
	case <-first.ended:
		if !first.hasBegun() {
			return nil, fmt.Errorf("start a private redis-server: it ended at once (%s)", first.reason())
		}
	}
	go s.supervise(first)
	return s, nil
}

// URL is the address of the server.
func (s *Server) URL() string { return (&url.URL{Scheme: "unix", Path: s.config.Socket}).String() }

// PID is the process of the server; of the last one where none runs at the moment.
func (s *Server) PID() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current.cmd.Process.Pid
}

// Close ends the server, which saves itself before. It may be called once.
func (s *Server) Close() error {
	close(s.stop)
	<-s.done
	return nil
}

// supervise starts the server again where it ends, until the end of s.
func (s *Server) supervise(c *child) {
	defer close(s.done)
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = 10*time.Millisecond, longestPause
	for {
		select {
		case <-s.stop:
			s.end(c)
			return
		case <-c.ended:
		}
		if c.isReady() {
			pause.Reset()
			s.config.Logger.Error("the private redis-server ended and is started again; reads are 503 meanwhile",
				"why", c.reason())
		} else {
			s.config.Logger.Error("the private redis-server could not load its dump, which is thrown away; "+
				"the read model is filled from the log", "why", c.reason())
			if err := os.Remove(filepath.Join(s.config.Dir, dumpFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				s.config.Logger.Error("the dump of the private redis-server cannot be deleted", "error", err)
			}
		}
		next := s.again(pause)
		if next == nil {
			return
		}
		c = next
	}
}

// again starts the server after a pause; nil where s ends first.
func (s *Server) again(pause *backoff.ExponentialBackOff) *child {
	for {
		select {
		case <-s.stop:
			return nil
		case <-time.After(pause.NextBackOff()):
		}
		c, err := s.launch()
		if err == nil {
			return c
		}
		s.config.Logger.Error("the private redis-server cannot be started", "error", err)
	}
}

// end lets the server save itself and end.
func (s *Server) end(c *child) {
	_ = c.cmd.Process.Signal(syscall.SIGTERM) // fails only where it has ended
	select {
	case <-c.ended:
	case <-time.After(endPatience):
		s.config.Logger.Warn("the private redis-server did not end and is killed; what it has not saved is filled from " +
			"the log at the next start")
		_ = c.cmd.Process.Kill()
		<-c.ended
	}
}

// launch starts a process.
func (s *Server) launch() (*child, error) {
	if err := s.sweep(); err != nil {
		return nil, err
	}
	args, err := s.arguments()
	if err != nil {
		return nil, err
	}
	c := &child{
		cmd: exec.Command(s.config.Binary, args...), loaded: s.config.Loaded, logger: s.config.Logger,
		begun: make(chan struct{}), ready: make(chan struct{}), ended: make(chan struct{}),
	}
	c.cmd.Dir = s.config.Dir
	c.cmd.Env = []string{} // the environment of the registry has secrets
	c.cmd.Stdout, c.cmd.Stderr = c, c
	c.cmd.WaitDelay = time.Second // a process that writes a dump may have the pipe for longer
	c.cmd.SysProcAttr = attributes()
	started := make(chan error)
	go func() {
		// The child is killed where the thread ends that has started it. This goroutine keeps
		// the thread for as long as the child lives.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := c.cmd.Start()
		started <- err
		if err != nil {
			return
		}
		err = c.cmd.Wait()
		c.close(err)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.current = c
	s.mu.Unlock()
	return c, nil
}

// sweep deletes what a dump left behind that was not written to its end. A process that
// still writes it, because only its parent was killed, can no longer put it in place.
func (s *Server) sweep() error {
	halves, err := filepath.Glob(filepath.Join(s.config.Dir, "temp-*.rdb"))
	if err != nil { // the directory has a name that is a bad pattern: they only take room
		return nil
	}
	for _, half := range halves {
		if err := os.Remove(half); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// arguments are the whole configuration. The socket is named from the working directory:
// some versions do not accept a space in a value, and a path in the data directory may
// have one.
func (s *Server) arguments() ([]string, error) {
	socket, err := filepath.Rel(s.config.Dir, s.config.Socket)
	if err != nil {
		return nil, err
	}
	args := []string{
		"--port", "0", "--unixsocket", socket, "--unixsocketperm", "600",
		"--daemonize", "no", "--supervised", "no", "--databases", "1", "--loglevel", "notice",
		"--maxmemory", "0", "--maxmemory-policy", "noeviction",
		"--appendonly", "no", "--dbfilename", dumpFile, "--rdbcompression", "no", "--rdbchecksum", "yes",
		// A full disk only makes the dump older. The model goes on in memory.
		"--stop-writes-on-bgsave-error", "no",
		"--save", "",
	}
	for _, save := range saves {
		args = append(args, "--save", save[0], save[1])
	}
	return args, nil
}

// endOrphan ends the server that answers on the socket, if there is one.
func endOrphan(socket string) error {
	conn, err := net.DialTimeout("unix", socket, orphanPatience)
	if err != nil {
		return nil // nobody listens there
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(orphanPatience)); err != nil {
		return err
	}
	_, err = conn.Write([]byte("SHUTDOWN NOSAVE\r\n"))
	for answer := make([]byte, 128); err == nil; { // until it hangs up
		_, err = conn.Read(answer)
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Errorf("another redis-server listens on %s and does not end: end it", socket)
	}
	return nil
}

// child is one process of the server. Its writer takes what the process prints.
type child struct {
	cmd    *exec.Cmd
	loaded func()
	logger *slog.Logger

	begun chan struct{} // closed once it has read its configuration and has its socket
	ready chan struct{} // closed once it has loaded its dump
	ended chan struct{}

	line []byte // not yet whole; used by the one goroutine that writes

	mu   sync.Mutex
	last string // the last warning, or how it ended; guarded by mu
}

func (c *child) Write(p []byte) (int, error) {
	c.line = append(c.line, p...)
	for {
		line, rest, whole := strings.Cut(string(c.line), "\n")
		if !whole {
			return len(p), nil
		}
		c.line = []byte(rest)
		c.told(strings.TrimSpace(line))
	}
}

// told takes a line of the server: process and role, time, a sign for the level, text.
func (c *child) told(line string) {
	c.logger.Debug("private redis-server", "line", line)
	if _, text, ok := strings.Cut(line, " # "); ok {
		c.mu.Lock()
		c.last = text
		c.mu.Unlock()
	}
	switch {
	case strings.Contains(line, "Server initialized"):
		closeOnce(c.begun)
	case strings.Contains(line, "eady to accept connections") && !isClosed(c.ready):
		closeOnce(c.begun)
		if c.loaded != nil {
			c.loaded()
		}
		close(c.ready)
	}
}

// close tells that the process has ended.
func (c *child) close(err error) {
	c.mu.Lock()
	if err == nil {
		err = errors.New("it was told to end")
	}
	if c.last == "" || isClosed(c.ready) { // warnings of the start do not say why it ended
		c.last = err.Error()
	}
	c.mu.Unlock()
	close(c.ended)
}

func (c *child) hasBegun() bool { return isClosed(c.begun) }
func (c *child) isReady() bool  { return isClosed(c.ready) }

func (c *child) reason() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func closeOnce(c chan struct{}) {
	if !isClosed(c) {
		close(c)
	}
}
