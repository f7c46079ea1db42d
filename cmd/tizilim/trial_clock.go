package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"tizilim/domain"
	"tizilim/eventstore/clock"
	"tizilim/httpapi"
	"tizilim/httpapi/token"
)

// trialClockCommand moves the clock of a server that was started with --trial-clock.
type trialClockCommand struct {
	Data string      `help:"Data directory of the server." default:"./data" type:"path" env:"TIZILIM_DATA"`
	Days int         `help:"Go forward by so many days." placeholder:"N"`
	To   domain.Date `help:"Go forward to nine o'clock of this day, YYYY-MM-DD." placeholder:"DAY"`
}

func (c *trialClockCommand) Run(ctx context.Context) error {
	if c.Days < 0 || (c.Days > 0) == !c.To.IsZero() {
		return errors.New("say where to go: --days 30, or --to 2027-01-15")
	}
	e, err := readEndpoints(c.Data)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("no server runs on %s: start one with tizilim serve --trial-clock", c.Data)
	}
	if err != nil {
		return err
	}
	trial, err := readTrial(c.Data)
	if err != nil {
		return err
	}
	if trial == nil {
		return errors.New("the clock of this registry is not one for trying: only tizilim serve --trial-clock has such a clock")
	}
	by := time.Duration(c.Days) * 24 * time.Hour
	if !c.To.IsZero() {
		if by = c.To.Start().Add(9 * time.Hour).Sub(time.Now().Add(trial.ahead())); by <= 0 {
			return fmt.Errorf("the clock shows a later time than %s: it goes forward only", c.To)
		}
	}
	body, err := json.Marshal(map[string]float64{"forward_seconds": by.Seconds()})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.Ops+"/trial-clock", bytes.NewReader(body))
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("the server does not answer at %s: %w", e.Ops, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<12))
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the server refused: %s", bytes.TrimSpace(text))
	}
	var shown struct{ Now time.Time }
	if err := json.Unmarshal(text, &shown); err != nil {
		return err
	}
	fmt.Println("the clock of the registry shows", shown.Now.In(domain.Zone).Format("2006-01-02 15:04"))
	return nil
}

// trialFile says by how much the clock of a registry is ahead. It makes the data directory one for
// trying, for ever: its log has days that never were.
func trialFile(data string) string { return filepath.Join(data, "trial-clock.json") }

// trial is the text of the file.
type trial struct {
	Seconds float64 `json:"ahead_seconds"`
}

func (t trial) ahead() time.Duration { return time.Duration(t.Seconds * float64(time.Second)) }

// readTrial returns what the file of the data directory says; nil where there is none.
func readTrial(data string) (*trial, error) {
	text, err := os.ReadFile(trialFile(data))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) { // who makes the directory says what is wrong
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var t trial
	if err := json.Unmarshal(text, &t); err != nil || t.Seconds < 0 {
		return nil, fmt.Errorf("%s is damaged: restore it, or begin a trial in an empty directory", trialFile(data))
	}
	return &t, nil
}

// trialClock is a clock that is moved, and what keeps by how much.
type trialClock struct {
	mu    sync.Mutex
	data  string
	is    trial
	clock *clock.Clock
}

// openTrial moves the clock to where an earlier run has left it. It returns nil where the time is real.
// A registry with real days gets no trial clock, and one with a trial clock gets no real one.
func (a *app) openTrial(c config) (*trialClock, error) {
	was, err := readTrial(c.data)
	switch {
	case err != nil:
		return nil, err
	case was == nil && !c.clock.TrialClock:
		return nil, nil
	case !c.clock.TrialClock:
		return nil, fmt.Errorf("the registry in %s has lived by a trial clock: start it with --trial-clock, "+
			"or begin a real one in another directory", c.data)
	}
	if was == nil {
		if _, err := os.Stat(storeDirOf(c.data)); !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("the registry in %s has real days: begin a trial in an empty directory", c.data)
		}
		was = &trial{}
	}
	t := &trialClock{data: c.data, is: *was, clock: a.clock}
	a.clock.Forward(t.is.ahead())
	return t, t.keep(t.is)
}

// checkTrial refuses a trial clock that others could take for a real one.
func (c *serveCommand) checkTrial() error {
	switch {
	case !c.TrialClock:
		return nil
	case c.Eventstore != "":
		return errors.New("--trial-clock is not for a real event store: leave --eventstore out")
	case c.Gateway != "":
		return errors.New("--trial-clock sends nothing to people: leave --gateway out")
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if ip := net.ParseIP(host); err == nil && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return errors.New("--trial-clock is for one machine: listen on a loopback address")
	}
	return nil
}

func (t *trialClock) keep(is trial) error {
	text, err := json.Marshal(is)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(t.data, 0o700); err != nil {
		return err
	}
	return replaceFile(trialFile(t.data), append(text, '\n'))
}

// Forward moves the clock once the new time is kept: a clock that goes back at the next start
// would contradict the log.
func (t *trialClock) Forward(by time.Duration) (time.Time, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	next := trial{t.is.Seconds + by.Seconds()}
	if err := t.keep(next); err != nil {
		return time.Time{}, err
	}
	t.is = next
	t.clock.Forward(by)
	return t.clock.Now(), nil
}

// moved returns the clock as the API takes it: nil where the time is real.
func (t *trialClock) moved() httpapi.Trial {
	if t == nil {
		return nil
	}
	return t
}

// realTime checks tokens by the clock of the machine, by which they were issued: who moves the trial
// clock by a year keeps the session.
type realTime struct{ *token.Checker }

func (r realTime) Check(ctx context.Context, text string, _ time.Time) (token.Principal, error) {
	return r.Checker.Check(ctx, text, time.Now())
}

// nowIn is what the registry of the data directory takes for now.
func nowIn(data string) time.Time {
	if t, err := readTrial(data); err == nil && t != nil {
		return time.Now().Add(t.ahead())
	}
	return time.Now()
}
