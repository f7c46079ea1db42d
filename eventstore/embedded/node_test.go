package embedded_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"

	"tizilim/eventstore/embedded"
	"tizilim/eventstore/eventstoretest"
)

func newEvent(size int) esdb.EventData {
	return esdb.EventData{
		EventID: uuid.New(), EventType: "Written", ContentType: esdb.ContentTypeBinary, Data: make([]byte, size),
	}
}

func appendTo(t *testing.T, client *esdb.Client, stream string, events ...esdb.EventData) *esdb.WriteResult {
	t.Helper()
	result, err := client.AppendToStream(
		context.Background(), stream, esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, events...,
	)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestADirectoryHasOneNode(t *testing.T) {
	dir := t.TempDir()
	start(t, dir)
	_, err := embedded.Open(dir)
	if !errors.Is(err, embedded.ErrInUse) || !strings.Contains(err.Error(), dir) {
		t.Errorf("in the same process: %v, want ErrInUse with the directory", err)
	}
	other := t.TempDir()
	startedElsewhere := startProcess(t, other)
	defer startedElsewhere.kill()
	if _, err := embedded.Open(other); !errors.Is(err, embedded.ErrInUse) {
		t.Errorf("in another process: %v, want ErrInUse", err)
	}
}

func TestPositionsContinueAfterARestart(t *testing.T) {
	dir := t.TempDir()
	node, err := embedded.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	e := newEvent(10)
	before := appendTo(t, eventstoretest.Connect(t, node.ConnectionString()), "s", e)
	if err := node.Close(); err != nil {
		t.Fatal(err)
	}
	client := eventstoretest.Connect(t, start(t, dir).ConnectionString())
	if again := appendTo(t, client, "s", e); *again != *before {
		t.Errorf("a repetition after the restart: %+v, want %+v", again, before)
	}
	if after := appendTo(t, client, "s", newEvent(10)); after.CommitPosition <= before.CommitPosition {
		t.Errorf("position %d after %d", after.CommitPosition, before.CommitPosition)
	}
}

func TestCloseEndsSubscriptionsAndMayBeRepeated(t *testing.T) {
	node := start(t, t.TempDir())
	client := eventstoretest.Connect(t, node.ConnectionString())
	sub, err := client.SubscribeToAll(context.Background(), esdb.SubscribeToAllOptions{From: esdb.Start{}})
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	for range 2 {
		if err := node.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for e := sub.Recv(); e.SubscriptionDropped == nil; e = sub.Recv() {
	}
	for name, call := range map[string]func() error{
		"Start":  func() error { return node.Start("127.0.0.1:0") },
		"Backup": func() error { return node.Backup(filepath.Join(t.TempDir(), "backup")) },
		"Stats":  func() error { _, err := node.Stats(); return err },
		"Check":  func() error { _, err := node.Check(context.Background()); return err },
	} {
		if err := call(); !errors.Is(err, embedded.ErrClosed) {
			t.Errorf("%s: %v, want ErrClosed", name, err)
		}
	}
}

func TestCloseDoesNotWaitForAClientThatDoesNotRead(t *testing.T) {
	node := start(t, t.TempDir())
	client := eventstoretest.Connect(t, node.ConnectionString())
	for range 20 {
		appendTo(t, client, "s", newEvent(500_000))
	}
	read, err := client.ReadStream(context.Background(), "s", esdb.ReadStreamOptions{}, ^uint64(0))
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	if _, err := read.Recv(); err != nil {
		t.Fatal(err)
	}
	closed := make(chan error, 1)
	go func() { closed <- node.Close() }()
	select {
	case err := <-closed:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("Close is still waiting")
	}
}

func TestAReadOfAllEndsAtTheEndOfTheLogAtItsBeginning(t *testing.T) {
	const events, size = 3000, 5000 // far more than the connection buffers
	client := eventstoretest.Connect(t, start(t, "", embedded.InMemory()).ConnectionString())
	for range events / 100 {
		var list []esdb.EventData
		for range 100 {
			list = append(list, newEvent(size))
		}
		appendTo(t, client, "s", list...)
	}
	read, err := client.ReadAll(context.Background(), esdb.ReadAllOptions{}, ^uint64(0))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := read.Recv(); err != nil {
		t.Fatal(err)
	}
	appendTo(t, client, "s", newEvent(1))
	if rest, err := collect(read, nil); err != nil || len(rest) != events-1 {
		t.Fatalf("%d more events, %v, want %d", len(rest), err, events-1)
	}
}

func TestAClientThatIsStillSendingGetsTheRefusal(t *testing.T) {
	client := eventstoretest.Connect(t, start(t, "", embedded.InMemory()).ConnectionString())
	var list []esdb.EventData
	for range 40 {
		list = append(list, newEvent(600_000))
	}
	_, err := client.AppendToStream(
		context.Background(), "s", esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, list...,
	)
	if err == nil || !strings.Contains(err.Error(), "Maximum Append Size") {
		t.Fatalf("%v, want the limit named", err)
	}
}

// clock is a time that changes only when it is set.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time          { return time.Unix(0, c.at.Load()) }
func (c *clock) advance(d time.Duration) { c.at.Add(int64(d)) }

func TestMaxAgeHidesOldEvents(t *testing.T) {
	c := &clock{}
	c.advance(time.Duration(time.Date(2026, 1, 2, 3, 4, 5, 600, time.UTC).UnixNano()))
	client := eventstoretest.Connect(t, start(t, "", embedded.InMemory(), embedded.WithClock(c.now)).ConnectionString())
	for range 5 {
		appendTo(t, client, "s", newEvent(1), newEvent(1))
		c.advance(10 * time.Second)
	}
	var metadata esdb.StreamMetadata
	metadata.SetMaxAge(25 * time.Second)
	if _, err := client.SetStreamMetadata(
		context.Background(), "s", esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, metadata,
	); err != nil {
		t.Fatal(err)
	}
	for _, options := range []esdb.ReadStreamOptions{{From: esdb.Start{}}, {Direction: esdb.Backwards, From: esdb.End{}}} {
		got, err := collect(client.ReadStream(context.Background(), "s", options, 100))
		if err != nil || len(got) != 4 {
			t.Fatalf("%d events, %v, want the 4 that are younger", len(got), err)
		}
		if created := got[0].Event.CreatedDate; created.Location() != time.UTC || created.Year() != 2026 {
			t.Errorf("created %v", created)
		}
	}
	c.advance(time.Hour)
	if got, err := collect(
		client.ReadStream(context.Background(), "s", esdb.ReadStreamOptions{}, 100),
	); err != nil || len(got) != 0 {
		t.Fatalf("%d events, %v, want none", len(got), err)
	}
	if got := appendTo(t, client, "s", newEvent(1)); got.NextExpectedVersion != 10 {
		t.Fatalf("revision %d, want 10: hidden events count", got.NextExpectedVersion)
	}
}

func TestATruncationBeyondTheEndDoesNotHideNewEventsFromSubscribers(t *testing.T) {
	client := eventstoretest.Connect(t, start(t, "", embedded.InMemory()).ConnectionString())
	appendTo(t, client, "s", newEvent(1))
	var metadata esdb.StreamMetadata
	metadata.SetTruncateBefore(10)
	if _, err := client.SetStreamMetadata(
		context.Background(), "s", esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, metadata,
	); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	sub, err := client.SubscribeToStream(ctx, "s", esdb.SubscribeToStreamOptions{From: esdb.Start{}})
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	for e := sub.Recv(); e.CaughtUp == nil; e = sub.Recv() {
		if e.SubscriptionDropped != nil {
			t.Fatal(e.SubscriptionDropped.Error)
		}
	}
	appendTo(t, client, "s", newEvent(1))
	if e := sub.Recv(); e.EventAppeared == nil || e.EventAppeared.Event.EventNumber != 1 {
		t.Fatalf("%+v, want revision 1", e)
	}
}

func TestCheckReportsDamagedFiles(t *testing.T) {
	dir := t.TempDir()
	node := start(t, dir)
	appendTo(t, eventstoretest.Connect(t, node.ConnectionString()), "s", newEvent(1000))
	if err := node.Close(); err != nil {
		t.Fatal(err)
	}
	if err := start(t, dir).Close(); err != nil { // which takes the log into a table
		t.Fatal(err)
	}
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil || len(tables) == 0 {
		t.Fatalf("no table: %v", err)
	}
	for _, table := range tables {
		text, err := os.ReadFile(table)
		if err != nil {
			t.Fatal(err)
		}
		text[20] ^= 1
		if err := os.WriteFile(table, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, err = embedded.Check(t.Context(), dir)
	if err == nil || !strings.Contains(err.Error(), "are damaged, restore a backup") ||
		strings.Contains(err.Error(), "\n") {
		t.Errorf("%v, want the damage told in a line", err)
	}
}

func TestABackupEqualsTheStore(t *testing.T) {
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "store")
	node := start(t, dir)
	client := eventstoretest.Connect(t, node.ConnectionString())
	var ids []uuid.UUID
	for range 20 {
		e := newEvent(1000)
		ids = append(ids, e.EventID)
		appendTo(t, client, "s", e)
	}
	backup := filepath.Join(t.TempDir(), "backup")
	if err := node.Backup(backup); err != nil {
		t.Fatal(err)
	}
	appendTo(t, client, "s", newEvent(1))
	if err := node.Backup(backup); err == nil {
		t.Error("a second backup went over the first")
	}
	for _, dir := range []string{dir, backup} { // their files tell of persons
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v, want a directory for its owner alone", dir, info.Mode(), err)
		}
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(backup), ".backup-*")); err != nil || len(left) > 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
	want, err := embedded.ReadStats(backup)
	if err != nil || want.Events != 20 || want.Streams != 1 || want.DiskBytes == 0 {
		t.Fatalf("%+v, %v, want 20 events of 1 stream", want, err)
	}

	restored := filepath.Join(t.TempDir(), "restored")
	if err := embedded.Restore(ctx, backup, restored); err != nil {
		t.Fatal(err)
	}
	if err := embedded.Restore(ctx, backup, restored); err == nil {
		t.Error("a second restore went over the first")
	}
	second := start(t, restored)
	got, err := collect(
		eventstoretest.Connect(t, second.ConnectionString()).ReadStream(ctx, "s", esdb.ReadStreamOptions{}, 100),
	)
	if err != nil || len(got) != len(ids) {
		t.Fatalf("%d events, %v, want %d", len(got), err, len(ids))
	}
	for i, e := range got {
		if e.Event.EventID != ids[i] {
			t.Fatalf("event %d is another", i)
		}
	}
	if stats, err := second.Stats(); err != nil || stats.LastPosition != want.LastPosition {
		t.Fatalf("%+v, %v, want the last position %d", stats, err, want.LastPosition)
	}
}

func TestCheckAndRestoreRefuseADirectoryWithoutAStore(t *testing.T) {
	empty := t.TempDir()
	if _, err := embedded.Check(context.Background(), empty); err == nil {
		t.Error("an empty directory was checked")
	}
	if err := embedded.Restore(context.Background(), empty, filepath.Join(t.TempDir(), "x")); err == nil {
		t.Error("an empty directory was restored")
	}
	if _, err := embedded.ReadStats(filepath.Join(empty, "absent")); err == nil {
		t.Error("an absent directory has stats")
	}
}

func TestOptionsAreValidated(t *testing.T) {
	for name, option := range map[string]embedded.Option{
		"credentials in the open": embedded.WithCredentials("admin", "changeit"),
	} {
		if node, err := embedded.Open("", embedded.InMemory(), option); err == nil {
			_ = node.Close()
			t.Errorf("%s: no error", name)
		}
	}
}

// certificate is a self-signed certificate for 127.0.0.1, and its file.
func certificate(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "node"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

func TestOnlyClientsWithTheCredentialsAreAdmitted(t *testing.T) {
	cert, ca := certificate(t)
	node := start(t, "", embedded.InMemory(),
		embedded.WithTLS(&tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}),
		embedded.WithCredentials("admin", "changeit"))
	for _, c := range []struct {
		name string
		user *url.Userinfo
		want esdb.ErrorCode
	}{
		{"right", url.UserPassword("admin", "changeit"), -1},
		{"wrong password", url.UserPassword("admin", "guess"), esdb.ErrorCodeUnauthenticated},
		{"none", nil, esdb.ErrorCodeAccessDenied},
	} {
		u, err := url.Parse(node.ConnectionString())
		if err != nil {
			t.Fatal(err)
		}
		u.User = c.user
		u.RawQuery = "tls=true&tlsCAFile=" + ca
		client := eventstoretest.Connect(t, u.String())
		_, err = client.AppendToStream(
			context.Background(), "s", esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, newEvent(1),
		)
		var e *esdb.Error
		switch {
		case c.want == -1 && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != -1 && (!errors.As(err, &e) || e.Code() != c.want):
			t.Errorf("%s: %v, want code %d", c.name, err, c.want)
		}
	}
}

func TestACancelledAppendWritesNothing(t *testing.T) {
	w := dial(t, start(t, "", embedded.InMemory()))
	ctx, cancel := context.WithCancel(w.ctx)
	call, err := w.streams.Append(ctx)
	if err != nil {
		t.Fatal(err)
	}
	_ = call.Send(&streams.AppendReq{Content: &streams.AppendReq_Options_{Options: toStream("s")}})
	_ = call.Send(&streams.AppendReq{Content: &streams.AppendReq_ProposedMessage_{ProposedMessage: message("{}")}})
	cancel()
	_ = call.RecvMsg(&streams.AppendResp{}) // CloseAndRecv could finish the append before the cancellation arrives
	answers, _, err := w.read(readRequest("s"))
	if err != nil || len(answers) != 1 || answers[0].GetStreamNotFound() == nil {
		t.Fatalf("%v, %v, want no such stream", answers, err)
	}
}

func TestASubscriptionToMetadataEndsWithTheTombstoneOfItsStream(t *testing.T) {
	client := eventstoretest.Connect(t, start(t, "", embedded.InMemory()).ConnectionString())
	appendTo(t, client, "s", newEvent(1))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	sub, err := client.SubscribeToStream(ctx, "$$s", esdb.SubscribeToStreamOptions{From: esdb.Start{}})
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	if e := sub.Recv(); e.CaughtUp == nil {
		t.Fatalf("%+v, want it caught up", e)
	}
	if _, err := client.TombstoneStream(ctx, "s", esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Any{}}); err != nil {
		t.Fatal(err)
	}
	if e := sub.Recv(); e.SubscriptionDropped == nil || ctx.Err() != nil {
		t.Fatalf("%+v, %v, want it dropped at once", e, ctx.Err())
	}
}
