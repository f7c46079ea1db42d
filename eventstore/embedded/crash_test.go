package embedded_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"tizilim/eventstore/embedded"
	"tizilim/eventstore/eventstoretest"
)

// crashDirectory is the environment variable that makes TestMain run a node for the crash tests. They run the
// test binary again with it.
const crashDirectory = "TIZILIM_TEST_CRASH_DIRECTORY"

// serveUntilKilled runs that node. It prints its address, and ends when it is killed or its parent ends. For each
// line of input it scavenges, and prints a line for each removed batch and one at the end.
func serveUntilKilled(dir string) error {
	node, err := embedded.Open(dir)
	if err != nil {
		return err
	}
	if err := node.Start("127.0.0.1:0"); err != nil {
		return err
	}
	fmt.Println(node.ConnectionString())
	told := bufio.NewScanner(os.Stdin)
	for told.Scan() {
		if _, err := node.Scavenge(context.Background(), func(s embedded.Scavenged) { fmt.Println(s.Events) }); err != nil {
			return err
		}
		fmt.Println(scavengeDone)
	}
	return told.Err()
}

const scavengeDone = "done"

// process is a node in a process of its own.
type process struct {
	command          *exec.Cmd
	stdin            io.WriteCloser
	stdout           *bufio.Reader
	connectionString string
}

func startProcess(t *testing.T, dir string) *process {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), crashDirectory+"="+dir)
	command.Stderr = os.Stderr
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	line, err := lines.ReadString('\n')
	if err != nil {
		_ = command.Process.Kill()
		_ = command.Wait()
		t.Fatalf("the node did not come up: %v", err)
	}
	return &process{command, stdin, lines, strings.TrimSpace(line)}
}

// kill ends the process at once, without any clean-up.
func (p *process) kill() {
	_ = p.command.Process.Kill()
	_ = p.command.Wait()
	_ = p.stdin.Close()
}

// crashWriter appends to one stream, also after crashes, and remembers what was acknowledged.
type crashWriter struct {
	stream       string
	acknowledged []uuid.UUID
	// inFlight is the append without an answer. After a crash it may be stored or not, and
	// its retry must store it once.
	inFlight []esdb.EventData
}

// write appends until the node has ended, and calls acknowledged after each success. It first retries the append
// without an answer.
func (w *crashWriter) write(client *esdb.Client, acknowledged func()) error {
	for {
		if w.inFlight == nil {
			for range 1 + len(w.acknowledged)%3 {
				w.inFlight = append(w.inFlight, esdb.EventData{
					EventID: uuid.New(), EventType: "Written", ContentType: esdb.ContentTypeBinary, Data: make([]byte, 100),
				})
			}
		}
		expected := esdb.ExpectedRevision(esdb.NoStream{})
		if n := len(w.acknowledged); n > 0 {
			expected = esdb.Revision(uint64(n - 1))
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		result, err := client.AppendToStream(
			ctx, w.stream, esdb.AppendToStreamOptions{ExpectedRevision: expected}, w.inFlight...,
		)
		cancel()
		if err != nil {
			if e, _ := esdb.FromError(err); e.Code() == esdb.ErrorCodeWrongExpectedVersion {
				return fmt.Errorf("an append to %s at %v was refused: %w", w.stream, expected, err)
			}
			return nil // cut off
		}
		for _, e := range w.inFlight {
			w.acknowledged = append(w.acknowledged, e.EventID)
		}
		w.inFlight = nil
		acknowledged()
		if want := uint64(len(w.acknowledged) - 1); result.NextExpectedVersion != want {
			return fmt.Errorf("an append to %s ends at revision %d, want %d", w.stream, result.NextExpectedVersion, want)
		}
	}
}

// verify compares the stream with what was acknowledged. Only the whole append without an answer may follow.
func (w *crashWriter) verify(client *esdb.Client) error {
	got, err := client.ReadStream(context.Background(), w.stream, esdb.ReadStreamOptions{}, ^uint64(0))
	if err != nil {
		return err
	}
	defer got.Close()
	want := append([]uuid.UUID(nil), w.acknowledged...)
	for _, e := range w.inFlight {
		want = append(want, e.EventID)
	}
	n := 0
	for ; ; n++ {
		e, err := got.Recv()
		if err != nil {
			if n == 0 && len(w.acknowledged) == 0 || err == io.EOF {
				break
			}
			return err
		}
		if n >= len(want) || e.Event.EventID != want[n] || e.Event.EventNumber != uint64(n) {
			return fmt.Errorf("%s has the event %v at %d, not what was written there", w.stream, e.Event.EventID, n)
		}
	}
	if n != len(w.acknowledged) && n != len(want) {
		return fmt.Errorf(
			"%s has %d events, of which %d were acknowledged and %d more sent", w.stream, n, len(w.acknowledged),
			len(w.inFlight),
		)
	}
	return nil
}

// TestNothingAcknowledgedIsLostToKills kills a node several times under concurrent writers, each time after a few
// more appends.
func TestNothingAcknowledgedIsLostToKills(t *testing.T) {
	const kills, writers = 100, 4
	dir := t.TempDir()
	var all []*crashWriter
	for i := range writers {
		all = append(all, &crashWriter{stream: fmt.Sprintf("crash-%d", i)})
	}
	for kill := range kills {
		node := startProcess(t, dir)
		client := eventstoretest.Connect(t, node.connectionString)
		for _, w := range all {
			if err := w.verify(client); err != nil {
				node.kill()
				t.Fatalf("after %d kills: %v", kill, err)
			}
		}
		// The node dies right after one of the first acknowledgements, with
		// the appends of the other writers under way.
		var acknowledged atomic.Int64
		errs := make(chan error, writers)
		for _, w := range all {
			// A client to itself: one whose connection is gone may never
			// return from the calls of a second goroutine.
			own := eventstoretest.Connect(t, node.connectionString+"&maxDiscoverAttempts=1")
			go func() {
				errs <- w.write(own, func() {
					if acknowledged.Add(1) == int64(kill%25)+1 {
						_ = node.command.Process.Kill()
					}
				})
				_ = own.Close()
			}()
		}
		for range all {
			if err := <-errs; err != nil {
				t.Errorf("after %d kills: %v", kill, err)
			}
		}
		node.kill()
		_ = client.Close()
		if t.Failed() {
			return
		}
	}
	total := 0
	for _, w := range all {
		total += len(w.acknowledged)
	}
	if total == 0 {
		t.Fatal("nothing was acknowledged between the kills")
	}
	report, err := embedded.Check(context.Background(), dir)
	if err != nil || !report.Sound() {
		t.Fatalf("the store is damaged: %v %v", report.Problems, err)
	}
	t.Logf("%d events acknowledged between %d kills, %d in the store", total, kills, report.Events)
}

// TestAKilledScavengeRemovesOnlyWhatItShould kills a node several times during a scavenge, each time after more
// batches, with a concurrent writer.
func TestAKilledScavengeRemovesOnlyWhatItShould(t *testing.T) {
	const streams, each, shown, kills = 6, 4000, 3, 8
	dir := t.TempDir()
	node := startProcess(t, dir)
	client := eventstoretest.Connect(t, node.connectionString)
	var metadata esdb.StreamMetadata
	metadata.SetMaxCount(shown)
	for i := range streams {
		stream := fmt.Sprint("s", i)
		for range each / 500 {
			var list []esdb.EventData
			for range 500 {
				list = append(list, newEvent(10))
			}
			appendTo(t, client, stream, list...)
		}
		options := esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}
		if _, err := client.SetStreamMetadata(context.Background(), stream, options, metadata); err != nil {
			t.Fatal(err)
		}
	}
	_ = client.Close()
	node.kill()
	want := shownOf(t, dir, streams)

	live := &crashWriter{stream: "live"}
	removed, done := uint64(0), false
	for kill := 0; kill < kills && !done; kill++ {
		node := startProcess(t, dir)
		written := make(chan error, 1)
		client := eventstoretest.Connect(t, node.connectionString+"&maxDiscoverAttempts=1")
		go func() { written <- live.write(client, func() {}) }()
		if _, err := io.WriteString(node.stdin, "scavenge\n"); err != nil {
			t.Fatal(err)
		}
		for batch := 0; batch < 1+kill%4 && !done; batch++ {
			line, err := node.stdout.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			done = strings.TrimSpace(line) == scavengeDone
		}
		node.kill()
		if err := <-written; err != nil {
			t.Error(err)
		}
		_ = client.Close()
		report, err := embedded.Check(context.Background(), dir)
		if err != nil || !report.Sound() {
			t.Fatalf("after %d kills the store is damaged: %v %v", kill+1, report.Problems, err)
		}
		if report.Removed <= removed && !done || kill == 0 && done {
			t.Errorf("after %d kills %d events are removed, %d before", kill+1, report.Removed, removed)
		}
		removed = report.Removed
		if diff := cmp.Diff(want, shownOf(t, dir, streams)); diff != "" {
			t.Fatalf("after %d kills: %s", kill+1, diff)
		}
	}

	rest := start(t, dir)
	if err := live.verify(eventstoretest.Connect(t, rest.ConnectionString())); err != nil {
		t.Error(err)
	}
	report, err := rest.Scavenge(context.Background(), nil)
	if err != nil || removed+report.Events != streams*(each-shown) {
		t.Errorf("%d events removed by scavenges that were killed and %d after, %v, want %d",
			removed, report.Events, err, streams*(each-shown))
	}
}

// shownOf is what readers are shown of the streams of a store: where, and what.
func shownOf(t *testing.T, dir string, streams int) map[string]uuid.UUID {
	t.Helper()
	node, err := embedded.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	if err := node.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	client := eventstoretest.Connect(t, node.ConnectionString())
	defer client.Close()
	shown := make(map[string]uuid.UUID)
	for i := range streams {
		stream := fmt.Sprint("s", i)
		list, err := collect(client.ReadStream(context.Background(), stream, esdb.ReadStreamOptions{}, ^uint64(0)))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			shown[fmt.Sprintf("%d@%s at %d", e.Event.EventNumber, stream, e.Event.Position.Commit)] = e.Event.EventID
		}
	}
	return shown
}

// TestATornLogLosesOnlyItsTail cuts and corrupts the end of the write-ahead log, as a power failure does with
// what was not synced. The store must be sound, with everything before that end.
func TestATornLogLosesOnlyItsTail(t *testing.T) {
	for name, damage := range map[string]func([]byte) []byte{
		"cut in the last record":  func(b []byte) []byte { return b[:len(b)-7] },
		"cut further back":        func(b []byte) []byte { return b[:len(b)-len(b)/4] },
		"a wrong byte at the end": func(b []byte) []byte { return flip(b, len(b)-3) },
		"rubbish after the end":   func(b []byte) []byte { return append(b, 1, 2, 3, 4, 5, 6, 7, 8, 9) },
	} {
		t.Run(name, func(t *testing.T) {
			const appends = 40
			dir := killedAfter(t, appends)
			damageLog(t, dir, damage)

			reopened := start(t, dir)
			report, err := reopened.Check(context.Background())
			if err != nil || !report.Sound() {
				t.Fatalf("the store is damaged: %v %v", report.Problems, err)
			}
			if report.Events > appends || report.Events < appends/2 {
				t.Fatalf("%d of %d events are left", report.Events, appends)
			}
			// It goes on after what is left.
			result, err := eventstoretest.Connect(t, reopened.ConnectionString()).AppendToStream(context.Background(), "torn",
				esdb.AppendToStreamOptions{
					ExpectedRevision: esdb.Revision(report.Events - 1),
				}, esdb.EventData{EventID: uuid.New(), EventType: "Written"})
			if err != nil || result.CommitPosition <= report.LastPosition {
				t.Fatalf("the next append: %+v, %v", result, err)
			}
		})
	}
}

// TestADamagedLogIsNotTakenForATornOne corrupts the log before later blocks of 32 KiB, which prove that it was
// synced. Opening must fail, and not drop acknowledged events.
func TestADamagedLogIsNotTakenForATornOne(t *testing.T) {
	dir := killedAfter(t, 600)
	damageLog(t, dir, func(b []byte) []byte { return flip(b, len(b)/4) })
	if node, err := embedded.Open(dir); err == nil {
		_ = node.Close()
		t.Fatal("the store opened")
	}
}

func flip(b []byte, at int) []byte {
	b[at] ^= 0xff
	return b
}

// killedAfter returns the directory of a node that was killed after n appends, so that its log is not flushed.
func killedAfter(t *testing.T, appends int) string {
	t.Helper()
	dir := t.TempDir()
	node := startProcess(t, dir)
	defer node.kill()
	client := eventstoretest.Connect(t, node.connectionString)
	for range appends {
		anyRevision := esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}
		_, err := client.AppendToStream(context.Background(), "torn", anyRevision, esdb.EventData{
			EventID: uuid.New(), EventType: "Written", Data: make([]byte, 200),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func damageLog(t *testing.T, dir string, damage func([]byte) []byte) {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil || len(logs) == 0 {
		t.Fatalf("no write-ahead log in %s: %v", dir, err)
	}
	last := logs[len(logs)-1]
	b, err := os.ReadFile(last)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(last, damage(b), 0o600); err != nil {
		t.Fatal(err)
	}
}
