// Package eventstoretest states what this project needs of an event store, as tests
// over the official EventStoreDB client. The project can use every server that passes
// them: the embedded node, an EventStoreDB node or a cluster, of version 23.10 or
// 24.10. Where these versions differ, the tests expect only what both do.
//
// Every test uses its own streams with random names, so the suite can run against a
// server that is in use, and more than once.
package eventstoretest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
	"google.golang.org/grpc/metadata"
)

// Environment is the environment variable with the connection string of the server
// under test; without it the suite runs against the embedded node.
const Environment = "TIZILIM_TEST_EVENTSTORE"

// timeout bounds every wait of a test. Only a failure reaches it.
const timeout = 30 * time.Second

// Connect returns a client of the server at the connection string. The end of the test
// closes it.
func Connect(t testing.TB, connectionString string) *esdb.Client {
	t.Helper()
	socket, onSocket := strings.CutPrefix(connectionString, "esdb+unix://")
	if onSocket { // which the client's parser does not know
		connectionString = "esdb://socket?tls=false"
	}
	config, err := esdb.ParseConnectionString(connectionString)
	if err != nil {
		t.Fatalf("connection string: %v", err)
	}
	if onSocket {
		config.Address = "unix://" + socket
	}
	if len(config.GossipSeeds) > 0 {
		config.DnsDiscover = false // with it the client of v4.2.0 sends no gossip request to several hosts
	}
	config.Logger = esdb.NoopLogging()
	client, err := esdb.NewClient(config)
	if err != nil {
		t.Fatalf("client: %v", err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// Server returns the connection string of the server under test: that of the
// environment, or else the result of start.
func Server(t testing.TB, start func(testing.TB) string) string {
	t.Helper()
	if server := os.Getenv(Environment); server != "" {
		return server
	}
	return start(t)
}

// RequireLeader returns a context whose calls only the leader of a cluster answers. The
// client of v4.2.0 has an option for that, but never sends it.
func RequireLeader(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "requires-leader", "true")
}

// Run runs the whole contract against the server at the connection string.
func Run(t *testing.T, connectionString string) {
	client := Connect(t, connectionString)
	for _, group := range []struct {
		name  string
		cases []contractCase
	}{
		{"append", appendCases}, {"read", readCases}, {"subscribe", subscribeCases}, {"delete", deleteCases},
	} {
		t.Run(group.name, func(t *testing.T) {
			for _, c := range group.cases {
				t.Run(c.name, func(t *testing.T) {
					ctx, cancel := context.WithTimeout(context.Background(), timeout)
					defer cancel()
					s := &suite{T: t, ctx: RequireLeader(ctx), client: client}
					s.findLeader()
					c.run(s)
				})
			}
		})
	}
}

// contractCase is one statement of the contract.
type contractCase struct {
	name string
	run  func(*suite)
}

// suite is one running case.
type suite struct {
	*testing.T
	ctx    context.Context
	client *esdb.Client
}

// findLeader makes the client connect to the leader. It does so after a refusal that names
// the leader, and the caller must then repeat the call.
func (s *suite) findLeader() {
	s.Helper()
	for range 2 {
		_, err := drain(s.client.ReadAll(s.ctx, esdb.ReadAllOptions{Direction: esdb.Backwards, From: esdb.End{}}, 1))
		var refused *esdb.Error
		if err == nil {
			return
		}
		if !errors.As(err, &refused) || refused.Code() != esdb.ErrorCodeNotLeader {
			s.Fatalf("the server does not answer: %v", err)
		}
	}
	s.Fatal("the node that was named as the leader does not lead")
}

// stream returns an unused stream name.
func (s *suite) stream() string { return "contract-" + uuid.NewString() }

// event returns a new event with unique data.
func event(kind string) esdb.EventData {
	id := uuid.New()
	return esdb.EventData{
		EventID: id, EventType: kind, ContentType: esdb.ContentTypeJson,
		Data: fmt.Appendf(nil, `{"n":%q}`, id), Metadata: []byte(`{"actor":"test"}`),
	}
}

func events(kind string, n int) []esdb.EventData {
	list := make([]esdb.EventData, n)
	for i := range list {
		list[i] = event(kind)
	}
	return list
}

// must append or the case is over.
func (s *suite) append(stream string, expected esdb.ExpectedRevision, list ...esdb.EventData) *esdb.WriteResult {
	s.Helper()
	result, err := s.client.AppendToStream(s.ctx, stream, esdb.AppendToStreamOptions{ExpectedRevision: expected}, list...)
	if err != nil {
		s.Fatalf("append to %s: %v", stream, err)
	}
	return result
}

// refused expects that an append is refused with the code.
func (s *suite) refused(
	code esdb.ErrorCode, stream string, expected esdb.ExpectedRevision, list ...esdb.EventData,
) error {
	s.Helper()
	_, err := s.client.AppendToStream(s.ctx, stream, esdb.AppendToStreamOptions{ExpectedRevision: expected}, list...)
	s.wantCode(err, code)
	return err
}

func (s *suite) wantCode(err error, code esdb.ErrorCode) {
	s.Helper()
	if err == nil {
		s.Fatalf("no error, want code %d", code)
	}
	var e *esdb.Error
	if !errors.As(err, &e) || e.Code() != code {
		s.Fatalf("error %v, want code %d", err, code)
	}
}

// drain reads all events.
func drain(r *esdb.ReadStream, err error) ([]*esdb.ResolvedEvent, error) {
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var list []*esdb.ResolvedEvent
	for {
		e, err := r.Recv()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return list, err
		}
		list = append(list, e)
	}
}

const everything = ^uint64(0)

func (s *suite) read(stream string, options esdb.ReadStreamOptions, count uint64) []*esdb.ResolvedEvent {
	s.Helper()
	list, err := drain(s.client.ReadStream(s.ctx, stream, options, count))
	if err != nil {
		s.Fatalf("read %s: %v", stream, err)
	}
	return list
}

func (s *suite) readAll(options esdb.ReadAllOptions, count uint64) []*esdb.ResolvedEvent {
	s.Helper()
	list, err := drain(s.client.ReadAll(s.ctx, options, count))
	if err != nil {
		s.Fatalf("read $all: %v", err)
	}
	return list
}

// wantIDs expects these events. It does not resolve links.
func (s *suite) wantIDs(got []*esdb.ResolvedEvent, want ...esdb.EventData) {
	s.Helper()
	if len(got) != len(want) {
		s.Fatalf("%d events, want %d", len(got), len(want))
	}
	for i, e := range got {
		if e.OriginalEvent().EventID != want[i].EventID {
			s.Fatalf("event %d is %s, want %s", i, e.OriginalEvent().EventID, want[i].EventID)
		}
	}
}

func (s *suite) wantRevisions(got []*esdb.ResolvedEvent, want ...uint64) {
	s.Helper()
	revisions := make([]uint64, len(got))
	for i, e := range got {
		revisions[i] = e.OriginalEvent().EventNumber
	}
	if fmt.Sprint(revisions) != fmt.Sprint(want) {
		s.Fatalf("revisions %v, want %v", revisions, want)
	}
}

func reversed(list []esdb.EventData) []esdb.EventData {
	r := make([]esdb.EventData, len(list))
	for i, e := range list {
		r[len(list)-1-i] = e
	}
	return r
}
