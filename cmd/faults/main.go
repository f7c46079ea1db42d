// Command faults runs a registry of real processes while everything around it fails, and
// checks that the registry was never wrong and lost nothing.
//
// # What runs
//
// One event store (tizilim eventstore serve), one redis-server, two processes of tizilim
// serve, and a proxy on each of the four connections between them. In its second part a
// stand-in cluster of three nodes takes the place of the event store. Clients send
// commands and reads through both processes, and repeat each command under its
// Idempotency-Key until it is answered.
//
// Meanwhile a controller makes faults, one after the other in each of three hands: one for
// processes and stores, one for connections, and one for what is made between two rounds. The seed decides which, on what, and for how
// long (schedule.go, kinds.go); the same seed and kinds repeat the schedule. The clients'
// own order is not repeated: it depends on the machine.
//
// # What is checked
//
// A run is a row of rounds. At the end of each round everything is mended, the clients
// finish, and the log is compared with what they were told (check.go, linear.go):
//
//   - every acknowledged command is in the log once, with the events, ids, revisions and
//     times that were answered; a repetition is answered as the first time
//   - no act over several streams is half done
//   - the events of a command are one append, and their ids are derived from its id
//   - the read model equals the fold of the log, key by key
//   - numbers are dense, and every number that was read or certified is that of the fold at
//     the position that the answer names
//   - commands and reads are linearizable, for each list and for each person
//   - nothing that was acknowledged was said not to exist; every refusal had a code; no
//     answer was a 500; no process panicked or ended by itself
//
// Between two rounds the log may be set back to an earlier backup. What was acknowledged
// since is then lost for good, and must be unknown from then on. Or another log takes its place
// for a while: nothing may be answered, and /readyz must say why. Or a list gets an event that
// cannot be read: commands on it must say so, and everything else must go on.
//
// # Proof that it can fail
//
// The tags unfenced, twosteps, randomids and noreadback take one guard each out of the
// registry. With --tags the rig builds a registry without it, and must find violations:
// make faults-proof.
//
// The last line is faults=N operations=N violations=N seed=S. The exit code is 1 where there
// are violations.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

// options of a run.
type options struct {
	For     time.Duration `help:"How long faults are made, without the starts and the checks." default:"60s"`
	Seed    uint64        `help:"Seed of the schedule; 0 draws one."`
	Clients int           `help:"Clients that send commands and reads at once." default:"6"`
	Round   time.Duration `help:"How long faults are made between two checks." default:"15s"`
	Only    []string      `help:"Kinds of faults to make, by name. Default: all." placeholder:"KIND"`
	Without []string      `help:"Kinds of faults not to make." placeholder:"KIND"`
	Binary  string        `help:"The tizilim to run, built with the tag faults. Default: built here." type:"existingfile"`
	Tags    []string      `help:"More build tags of that tizilim, such as unfenced." placeholder:"TAG"`
	Proof   bool          `help:"Expect violations: exit with 0 where there are some."`
	Keep    bool          `help:"Keep the directory with the data and the output of the processes."`
	Verbose bool          `help:"Print each fault."`
	List    bool          `help:"Print the kinds of faults and exit."`
}

func main() {
	var o options
	kong.Parse(&o, kong.Name("faults"), kong.Description("Run a registry of real processes under faults, and check it."))
	if o.List {
		for _, k := range kinds {
			fmt.Printf("%-14s %s\n", k.name, k.what)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	found, err := run(ctx, o, os.Stdout)
	stop()
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "faults:", err)
		os.Exit(2)
	case o.Proof && found == 0:
		fmt.Fprintln(os.Stderr, "faults: no violation was found, and this registry lacks a guard")
		os.Exit(1)
	case !o.Proof && found > 0:
		os.Exit(1)
	}
}

// run makes the run, prints its last line and returns the number of violations.
func run(ctx context.Context, o options, out io.Writer) (found int, err error) {
	if o.Seed == 0 {
		o.Seed = uint64(time.Now().UnixNano()) % 1e9
	}
	for _, name := range slices.Concat(o.Only, o.Without) {
		if !slices.ContainsFunc(kinds, func(k kind) bool { return k.name == name }) {
			return 0, fmt.Errorf("there is no fault %s; --list names all", name)
		}
	}
	dir, err := os.MkdirTemp("", "faults-")
	if err != nil {
		return 0, err
	}
	if o.Keep {
		fmt.Fprintln(out, "data and output are in", dir)
	} else {
		defer os.RemoveAll(dir)
	}
	if o.Binary == "" {
		if o.Binary, err = build(ctx, dir, o.Tags); err != nil {
			return 0, err
		}
	}
	r := &rig{options: o, dir: dir, out: out}
	for _, part := range []struct {
		name  string
		share time.Duration // of the whole, in quarters
		open  func(context.Context, *rig, string) (*world, error)
	}{
		{"one event store", 3, openNode},
		{"a cluster of three", 1, openCluster},
	} {
		if err := r.part(ctx, part.name, o.For*part.share/4, part.open); err != nil {
			return r.found(), fmt.Errorf("%s: %w", part.name, err)
		}
		if o.Proof && r.found() > 0 {
			break
		}
	}
	for _, line := range r.skipped {
		fmt.Fprintln(out, "not run:", line)
	}
	fmt.Fprintf(out, "faults=%d operations=%d violations=%d seed=%d\n",
		r.faults.Load(), r.operations.Load(), r.found(), o.Seed)
	return r.found(), nil
}

// build builds the registry that is tested.
func build(ctx context.Context, dir string, tags []string) (string, error) {
	binary := filepath.Join(dir, "tizilim")
	cmd := exec.CommandContext(ctx, "go", "build", "-tags", strings.Join(append([]string{"faults"}, tags...), ","),
		"-o", binary, "tizilim/cmd/tizilim")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build tizilim: %w\n%s", err, out)
	}
	return binary, nil
}
